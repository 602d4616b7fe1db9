"""Results in folders of their own: netCDF and Parquet with a manifest in JSON."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.errors import ArgumentError, DataError
from clvbayes.files import damage_is_an_error, read_manifest, require_files, staged, write_manifest
from clvbayes.grading import Backtest, Choice, Verdict
from clvbayes.grading.tables import TABLES
from clvbayes.inference import CheckResult, Fit
from clvbayes.inference.kept import load_fit, write_fit
from clvbayes.valuation import Acquisition, ContractBook, Economics, Period, Valuation

__all__ = ["load", "save"]

BOOK_ARRAYS = ("bridge", "logo_churn", "remaining_life", "due_draws", "survival", "cohorts")
BOOK_FRAMES = {"due": "contracts.parquet", "observed": "renewals.parquet", "cohorts_observed": "cohorts.parquet"}
BACKTEST_FRAMES = (*TABLES, "by_itself", "differences", "certificates")
BACKTEST_SETTINGS = (
    *(
        "models",
        "pool",
        "by",
        "since",
        "until",
        "opportunity",
        "origins",
        "horizons",
        "spend_growth",
        "widened",
        "code",
        "asked",
        "customers",
        "seed",
        "draws",
        "predictive_draws",
    ),
    *("fits", "source", "sha256", "currency"),
)


def save(obj: Fit | Valuation | Backtest, folder: str | Path) -> Path:
    """Write a fit, a valuation or a back-test into a folder of its own, whole or not at all.

    Parameters
    ----------
    obj : Fit, Valuation or Backtest
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
    clvbayes.errors.ArgumentError: only a Fit, a Valuation or a Backtest can be saved, not str
    """
    if not isinstance(obj, Fit | Valuation | Backtest):
        raise ArgumentError(f"only a Fit, a Valuation or a Backtest can be saved, not {type(obj).__name__}")
    with staged(Path(folder)) as stage:
        match obj:
            case Fit():
                manifest = write_fit(obj, stage)
            case Valuation():
                manifest = _write_valuation(obj, stage)
            case Backtest():
                manifest = _write_backtest(obj, stage)
        write_manifest(stage, manifest)
    return Path(folder)


def load(folder: str | Path) -> Fit | Valuation | Backtest:
    """Read what `save` wrote.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Fit, Valuation or Backtest

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
    manifest = read_manifest(Path(folder))
    kind = manifest["kind"]
    readers: dict[str, Callable[[Path, dict[str, Any]], Fit | Valuation | Backtest]] = {
        "Fit": load_fit,
        "Valuation": _load_valuation,
        "Backtest": _load_backtest,
    }
    if kind not in readers:
        raise DataError(f"{folder} holds a {kind}, which this version does not know")
    with damage_is_an_error(Path(folder)):
        return readers[kind](Path(folder), manifest)


def _write_valuation(valuation: Valuation, stage: Path) -> dict[str, Any]:
    # columns are numbered, since a column's name need not be one that netCDF allows
    groups = {"total": valuation.total.to_dataset(name="cash")}
    groups |= {f"column_{k}": cash.to_dataset(name="cash") for k, cash in enumerate(valuation.cash.values())}
    compressed = {f"/{group}": {"cash": {"zlib": True, "complevel": 1}} for group in groups}
    further = {"levers": valuation.levers, "newcomers": valuation.acquisition.newcomers, "payback": valuation.acquisition.payback}
    groups |= {f"{kind}_{k}": array.to_dataset(name=kind) for kind, arrays in further.items() for k, array in enumerate(arrays.values())}
    book = valuation.contracts
    if book is not None:
        groups |= {name: getattr(book, name).to_dataset(name=name) for name in BOOK_ARRAYS}
        for name, file in BOOK_FRAMES.items():
            getattr(book, name).to_parquet(stage / file, compression="zstd", index=False)
    if valuation.ordering is not None:
        groups["ordering"] = valuation.ordering.to_dataset(name="ordering")
        compressed["/ordering"] = {"ordering": {"zlib": True, "complevel": 1}}
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
        "discrepancy": valuation.discrepancy.to_dict("records"),
        "uncertified": list(valuation.uncertified),
        "beyond_horizon": None if np.isnan(valuation.beyond_horizon) else valuation.beyond_horizon,
        "newcomers": list(valuation.acquisition.newcomers),
        "payback": list(valuation.acquisition.payback),
        "contracts": None if book is None else book.customers,
        "seed": int(valuation.total.attrs["seed"]),
        "draws": valuation.total.sizes["draw"],
    }


def _load_valuation(folder: Path, manifest: dict[str, Any]) -> Valuation:
    require_files(folder, "cash.nc", "customers.parquet")
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
        discrepancy=pd.DataFrame(manifest["discrepancy"]),
        uncertified=tuple(manifest["uncertified"]),
        contracts=_load_book(folder, groups, manifest["contracts"]),
        ordering=groups["ordering"].to_dataset()["ordering"] if "ordering" in groups else None,
    )


def _load_book(folder: Path, groups: xr.DataTree, customers: int | None) -> ContractBook | None:
    if customers is None:
        return None
    require_files(folder, *BOOK_FRAMES.values())
    arrays: dict[str, Any] = {name: groups[name].to_dataset()[name] for name in BOOK_ARRAYS}
    frames: dict[str, Any] = {name: pd.read_parquet(folder / file) for name, file in BOOK_FRAMES.items()}
    return ContractBook(**arrays, **frames, customers=customers)


def _arrays(groups: xr.DataTree, kind: str, columns: list[str]) -> dict[str, xr.DataArray]:
    return {column: groups[f"{kind}_{k}"][kind].rename(column) for k, column in enumerate(columns)}


def _dates(period: dict[str, Any]) -> dict[str, date | None]:
    return {name: period[name] and date.fromisoformat(period[name]) for name in ("first_day", "last_day")}


def _write_backtest(backtest: Backtest, stage: Path) -> dict[str, Any]:
    for name in BACKTEST_FRAMES:
        getattr(backtest, name).to_parquet(stage / f"{name}.parquet", compression="zstd", index=False)
    return {
        "kind": "Backtest",
        "verdicts": [asdict(verdict) for verdict in backtest.verdicts],
        "choice": asdict(backtest.choice),
        "notes": backtest.notes,
        "settings": backtest.settings,
    }


def _load_backtest(folder: Path, manifest: dict[str, Any]) -> Backtest:
    require_files(folder, *(f"{name}.parquet" for name in BACKTEST_FRAMES))
    missing = [name for name in BACKTEST_SETTINGS if name not in manifest["settings"]]
    if missing:
        raise DataError(f"{folder} is damaged: its settings lack {', '.join(missing)}")
    return Backtest(
        **{name: pd.read_parquet(folder / f"{name}.parquet") for name in BACKTEST_FRAMES},
        verdicts=tuple(Verdict(**verdict) for verdict in manifest["verdicts"]),
        choice=Choice(**manifest["choice"]),
        notes=tuple(manifest["notes"]),
        settings=manifest["settings"],
    )
