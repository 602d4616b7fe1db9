"""Results on disk: one folder each, netCDF and Parquet with a manifest in JSON; nothing is pickled."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes import models
from clvbayes.data import Customers
from clvbayes.errors import ArgumentError, DataError
from clvbayes.inference import Certificate, CheckResult, Compression, Fit
from clvbayes.models import Priors
from clvbayes.models.protocol import Model
from clvbayes.valuation import Acquisition, Economics, Period, Valuation

__all__ = ["file_hashes", "fit_key", "load", "require_replaceable", "save", "staged", "write_json"]

SCHEMA = 4
FIT_VERSIONS = ("arviz-stats", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")


def save(obj: Fit | Valuation, folder: str | Path) -> Path:
    """Write a fit or a valuation into a folder of its own, whole or not at all.

    Parameters
    ----------
    obj : Fit or Valuation
    folder : path
        Made where it is missing; files of the same names are replaced.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ArgumentError
        If `obj` is something else, or `folder` is a file.

    Examples
    --------
    >>> save("not a result", "folder")
    Traceback (most recent call last):
    clvbayes.errors.ArgumentError: only a Fit or a Valuation can be saved, not str
    """
    if not isinstance(obj, Fit | Valuation):
        raise ArgumentError(f"only a Fit or a Valuation can be saved, not {type(obj).__name__}")
    with staged(Path(folder)) as stage:
        manifest = _save_fit(obj, stage) if isinstance(obj, Fit) else _save_valuation(obj, stage)
        write_json(stage / "manifest.json", {"schema": SCHEMA, "clvbayes": version("clvbayes"), **manifest})
    return Path(folder)


def load(folder: str | Path) -> Fit | Valuation:
    """Read what `save` wrote.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Fit or Valuation

    Raises
    ------
    DataError
        If the folder holds neither, was written in another schema, or lacks a file.

    Examples
    --------
    >>> load("missing")
    Traceback (most recent call last):
    clvbayes.errors.DataError: missing holds no manifest.json: it is not a saved result, or not a whole one
    """
    _require_files(Path(folder), "manifest.json")
    try:
        manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    except ValueError as problem:
        raise DataError(f"the manifest.json in {folder} is no JSON: {problem}") from None
    kind, schema = (manifest.get("kind"), manifest.get("schema")) if isinstance(manifest, dict) else (None, None)
    if kind not in ("Fit", "Valuation") or schema != SCHEMA:
        inside = Path(folder) / "valuation"
        hint = f"; a run's valuation lies in {inside}" if (inside / "manifest.json").is_file() else ""
        raise DataError(f"{folder} is no fit or valuation of schema {SCHEMA}{hint}")
    return _load_fit(Path(folder), manifest) if kind == "Fit" else _load_valuation(Path(folder), manifest)


def _require_files(folder: Path, *names: str) -> None:
    for name in names:
        if not (folder / name).is_file():
            raise DataError(f"{folder} holds no {name}: it is not a saved result, or not a whole one")


def require_replaceable(folder: Path, *, files: Iterable[str], folders: Iterable[str]) -> None:
    """Refuse to write where something would be lost that is no earlier result.

    Raises
    ------
    ArgumentError
        If `folder` or one above it is a file, a file's name belongs to a folder or the other way round, or a folder to be replaced holds
        something but no manifest.
    """
    nearest = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise ArgumentError(f"{nearest} is a file; results go into a folder")
    for name in files:
        if (folder / name).is_dir():
            raise ArgumentError(f"{folder / name} is a folder where a file is to be written; move it, or give another folder")
    for name in folders:
        target = folder / name
        if target.is_file() or (target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").is_file()):
            raise ArgumentError(f"{target} exists and is no earlier result; move it, or give another folder")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`. On success its entries replace those of the same names; otherwise nothing has changed."""
    folder = folder.absolute()
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    stage, aside = (folder.parent / f".{folder.name}.{uuid4().hex}.{part}" for part in ("new", "old"))
    try:
        stage.mkdir(parents=True)
        yield stage
        entries = sorted(stage.iterdir())
        require_replaceable(
            folder,
            files=[entry.name for entry in entries if entry.is_file()],
            folders=[entry.name for entry in entries if entry.is_dir()],
        )
        folder.mkdir(exist_ok=True)
        aside.mkdir()
        _replace(entries, folder, aside)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        for parent in missing:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    stage.rmdir()


def _replace(entries: list[Path], folder: Path, aside: Path) -> None:
    """Move entries into `folder` and what they replace into `aside`, or all of it back."""
    moves: list[tuple[Path, Path]] = []
    try:
        for entry in entries:
            target = folder / entry.name
            for source, destination in ((target, aside / entry.name), (entry, target)):
                if source.exists():
                    os.replace(source, destination)
                    moves.append((source, destination))
    except BaseException:
        for source, destination in reversed(moves):
            os.replace(destination, source)
        raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON that a person can read, the same bytes for the same content."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def fit_key(model: Model, statistics: Customers, settings: Mapping[str, Any]) -> str:
    """A name for a fit that says all that it depends on: model and priors, statistics, sampler settings and versions.

    Versions are those of the libraries and the code of models and inference itself, which changes without its number while it is written.
    """
    told = {
        "model": repr(model),
        "priors": asdict(model.priors(statistics)),
        "settings": dict(settings),
        "unit": statistics.unit,
        "spend_level": statistics.spend_level,
        "versions": {name: version(name) for name in FIT_VERSIONS},
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode())
    for frame in (statistics.statistics, statistics.segments, statistics.returns):
        if frame is None:
            continue
        digest.update(json.dumps(list(frame.columns)).encode())
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    for room in ("models", "inference"):
        for source in sorted((Path(__file__).parent / room).glob("*.py")):
            digest.update(source.read_bytes())
    return f"{model.name}-{digest.hexdigest()[:16]}"


def _save_fit(fit: Fit, stage: Path) -> dict[str, Any]:
    fit.posterior.to_netcdf(stage / "posterior.nc", engine="h5netcdf")
    return {
        "kind": "Fit",
        "model": fit.model.name,
        "options": fit.model.options,
        "priors": asdict(fit.priors),
        "pool": fit.pool,
        "certificate": asdict(fit.certificate),
        "seed": fit.seed,
    }


def _load_fit(folder: Path, manifest: dict[str, Any]) -> Fit:
    _require_files(folder, "posterior.nc")
    if manifest["model"] not in set(models.__all__) - {"Priors"}:
        raise DataError(f"{folder} holds a fit of {manifest['model']!r}, which this version does not know")
    with xr.open_datatree(folder / "posterior.nc", engine="h5netcdf") as opened:
        posterior = opened.load()
    return Fit(
        model=getattr(models, manifest["model"])(**manifest["options"]),
        priors=Priors(**{name: tuple(numbers) for name, numbers in manifest["priors"].items()}),
        pool=tuple(entry if isinstance(entry, str) else tuple(entry) for entry in manifest["pool"]),
        posterior=posterior,
        certificate=Certificate(
            manifest["certificate"]["model"],
            Compression(**manifest["certificate"]["compression"]),
            tuple(CheckResult(**result) for result in manifest["certificate"]["results"]),
        ),
        seed=manifest["seed"],
    )


def _save_valuation(valuation: Valuation, stage: Path) -> dict[str, Any]:
    # columns are numbered, since a column's name need not be one that netCDF allows
    groups = {"total": valuation.total.to_dataset(name="cash")}
    groups |= {f"column_{k}": cash.to_dataset(name="cash") for k, cash in enumerate(valuation.cash.values())}
    compressed = {f"/{group}": {"cash": {"zlib": True, "complevel": 1}} for group in groups}
    further = {"levers": valuation.levers, "newcomers": valuation.acquisition.newcomers, "payback": valuation.acquisition.payback}
    groups |= {f"{kind}_{k}": array.to_dataset(name=kind) for kind, arrays in further.items() for k, array in enumerate(arrays.values())}
    xr.DataTree.from_dict(groups).to_netcdf(stage / "cash.nc", engine="h5netcdf", encoding=compressed)
    valuation.customers.to_parquet(stage / "customers.parquet", compression="zstd", index=False)
    return {
        "kind": "Valuation",
        "columns": list(valuation.cash),
        "levers": list(valuation.levers),
        "economics": asdict(valuation.economics),
        "periods": [asdict(period) for period in valuation.periods],
        "checks": [asdict(check) for check in valuation.checks],
        "spread": valuation.spread.to_dict("records"),
        "beyond_horizon": None if np.isnan(valuation.beyond_horizon) else valuation.beyond_horizon,
        "newcomers": list(valuation.acquisition.newcomers),
        "payback": list(valuation.acquisition.payback),
        "seed": int(valuation.total.attrs["seed"]),
        "draws": valuation.total.sizes["draw"],
    }


def _load_valuation(folder: Path, manifest: dict[str, Any]) -> Valuation:
    _require_files(folder, "cash.nc", "customers.parquet")
    with xr.open_datatree(folder / "cash.nc", engine="h5netcdf") as opened:
        groups = opened.load()
    return Valuation(
        cash={column: groups[f"column_{k}"]["cash"].rename(column) for k, column in enumerate(manifest["columns"])},
        total=groups["total"]["cash"].rename("total"),
        customers=pd.read_parquet(folder / "customers.parquet"),
        economics=Economics(**manifest["economics"]),
        periods=tuple(Period(**{**period, **_dates(period)}) for period in manifest["periods"]),
        checks=tuple(CheckResult(**check) for check in manifest["checks"]),
        spread=pd.DataFrame(manifest["spread"]),
        beyond_horizon=np.nan if manifest["beyond_horizon"] is None else manifest["beyond_horizon"],
        acquisition=Acquisition(*(_arrays(groups, kind, manifest[kind]) for kind in ("newcomers", "payback"))),
        levers=_arrays(groups, "levers", manifest["levers"]),
    )


def _arrays(groups: xr.DataTree, kind: str, columns: list[str]) -> dict[str, xr.DataArray]:
    return {column: groups[f"{kind}_{k}"][kind].rename(column) for k, column in enumerate(columns)}


def _dates(period: dict[str, Any]) -> dict[str, date | None]:
    return {name: period[name] and date.fromisoformat(period[name]) for name in ("first_day", "last_day")}
