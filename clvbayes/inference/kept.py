"""Finished fits on disk, each under a name that says all that it depends on."""

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from clvbayes import models
from clvbayes.data import Customers, Statistics
from clvbayes.errors import DataError
from clvbayes.files import damage_is_an_error, read_manifest, require_files, staged, write_manifest
from clvbayes.inference.certificate import Certificate, CheckResult, Compression
from clvbayes.inference.fit import Fit, fit
from clvbayes.models import Priors
from clvbayes.models.protocol import Model

__all__ = ["code_digest", "drop_other_fits", "fit_key", "fit_or_kept", "load_fit", "write_fit"]

FIT_VERSIONS = ("arviz-stats", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")


def fit_or_kept(folder: Path, model: Model, statistics: Statistics, sampler: dict[str, Any], progress: bool) -> tuple[Fit, str]:
    """A fit that lies in `folder` under its key, or a new one, which is put there at once; and the key."""
    key = fit_key(model, statistics, sampler)
    with suppress(DataError, OSError):  # one that is not there, or is damaged, is fitted anew
        with damage_is_an_error(folder / key):
            found = load_fit(folder / key, read_manifest(folder / key))
        if progress:
            print(f"{model.title}: as fitted before", file=sys.stderr)
        return found, key
    fitted = fit(model, statistics, **sampler, progress=progress)
    with staged(folder / key) as stage:
        write_manifest(stage, write_fit(fitted, stage))
    return fitted, key


def drop_other_fits(folder: Path, keys: Iterable[str]) -> None:
    """Of the fits in `folder` only these stay."""
    for kept in folder.iterdir():
        if kept.name not in set(keys) and re.fullmatch(r".*-[0-9a-f]{16}", kept.name) and (kept / "manifest.json").is_file():
            shutil.rmtree(kept)


def fit_key(model: Model, statistics: Statistics, settings: Mapping[str, Any]) -> str:
    """A name for a fit that says all that it depends on: model and priors, statistics, sampler settings, and code."""
    told = {
        "model": repr(model),
        "priors": asdict(model.priors(statistics)),
        "settings": dict(settings),
        **{name: fact for name, fact in statistics.facts.items() if name != "until"},
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode())
    by_month = statistics.history if model.clock.spreads and isinstance(statistics, Customers) else None
    for frame in (*statistics.frames, by_month):
        if frame is None:
            continue
        digest.update(json.dumps(list(frame.columns)).encode())
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    digest.update(code_digest("models", "inference").encode())
    return f"{model.name}-{digest.hexdigest()[:16]}"


def code_digest(*rooms: str) -> str:
    """What the code of some rooms is, and which versions of the libraries under it: it changes without its number while it is written."""
    digest = hashlib.sha256(json.dumps({name: version(name) for name in FIT_VERSIONS}).encode())
    for room in rooms:
        for source in sorted((Path(__file__).parents[1] / room).glob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()


def write_fit(fit: Fit, stage: Path) -> dict[str, Any]:
    """Write a fit into a folder, all but its manifest, which is returned."""
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


def load_fit(folder: Path, manifest: dict[str, Any]) -> Fit:
    """What `write_fit` wrote."""
    if manifest["kind"] != "Fit":
        raise DataError(f"{folder} is no saved fit")
    require_files(folder, "posterior.nc")
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
