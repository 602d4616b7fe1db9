"""Customers and fits made of plain arrays: what `fit` would leave, without sampling."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import Customers
from clvbayes.inference import Certificate, CheckResult, Compression, Fit
from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.models.clock import LEVEL, STEADY
from clvbayes.models.hierarchy import Pool, assign_cells

UNTIL = date(2026, 11, 15)
# rate, shape, dropout and concentration of CDNOW; a mean purchase of 80
PURCHASES = np.array([-2.4660, -0.6444, -0.5941, 0.9183])
SPEND = np.array([4.3820, -0.6419, -0.9000])
# a tenth comes back, of some nearly everything
RETURNS = np.array([-1.3863, 0.5, 0.0, 0.0, 0.0])


def made_up_customers(
    count: int = 120, *, seed: int = 3, segments: Mapping[str, Sequence[str]] | None = None, until: date | None = UNTIL, **options
) -> Customers:
    """Customers of all kinds: new today, once and never again, usual, and two accounts with hundreds of orders."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(1, 150, count)
    x = rng.poisson(rng.gamma(0.6, 0.2, count) * T)
    T[:5], x[:5] = 0.0, 0
    T[5:7], x[5:7] = 150.0, 500
    recency = np.where(x == 0, 0.0, T * rng.uniform(0.3, 1, count))
    spent = [rng.gamma(3.0, 25.0 * rng.gamma(5, 0.2), size) for size in x]
    statistics = pd.DataFrame(
        {
            "customer_id": [f"C{k:04d}" for k in range(count)],
            "t0": pd.Series(pd.NaT, range(count), dtype="datetime64[s]"),
            "frequency": x.astype(np.int64),
            "recency": recency,
            "T": T,
            "first_amount": rng.gamma(3.0, 25.0, count),
            "spend_count": x.astype(np.int64),
            "spend_sum": [row.sum() for row in spent],
            "spend_sum_log": [np.log(row).sum() for row in spent],
            "spend_sum_log_squared": [np.square(np.log(row)).sum() for row in spent],
        }
    )
    levels = {"industry": ["Retail", "Health", "Mills"], "channel": ["Search", "Fair"]} if segments is None else segments
    columns = {name: [labels[k] for k in rng.integers(0, len(labels), count)] for name, labels in levels.items()}
    return Customers(statistics, pd.DataFrame(columns, index=range(count), dtype=str), unit="week", until=until, **options)


def made_up_fit(model, customers: Customers, *, pool: Pool = ("industry",), centre=None, sd=0.1, chains=2, draws=250, seed=5) -> Fit:
    """A fit whose posterior is normal noise around a centre, with the variables and attributes of a real one."""
    kinds = {"purchases": PURCHASES, "spend": SPEND, "returns": RETURNS}
    rng = np.random.default_rng([seed, list(kinds).index(model.kind)])
    centre = np.asarray(kinds[model.kind] if centre is None else centre)
    names, shape = ("chain", "draw", "coordinate"), (chains, draws, len(centre))
    population = rng.normal(centre, sd, shape)
    variables = {"population": (names, population)}
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "coordinate": list(model.coordinates)}
    for k, factor in enumerate(assign_cells(customers, pool).factors):
        scale = np.abs(rng.normal(0.3, 0.03, shape))
        deviation = scale[..., None] * rng.normal(0, 1, (len(centre), len(factor.levels))) + rng.normal(0, sd, (*shape, len(factor.levels)))
        level = deviation - deviation.mean(axis=-1, keepdims=True) if k else population[..., None] + deviation
        variables[f"{factor.dim}_scale"] = (names, scale)
        variables[f"{factor.dim}_{'effect' if k else 'level'}"] = ((*names, factor.dim), level)
        coords[factor.dim] = list(factor.levels)
    variables |= _clock_variables(model, rng, chains, draws)
    statistics = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((chains, draws), dtype=bool))})
    priors = model.priors(customers)
    posterior = xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords=coords), "sample_stats": statistics})
    compression = Compression(len(customers), len(customers), len(customers), exact_passes=60)
    posterior["posterior"].attrs["sample_dims"] = ["chain", "draw"]
    posterior.attrs = {
        "model": model.name,
        "priors": json.dumps(asdict(priors)),
        "pool": json.dumps(pool),
        "seed": seed,
        "settings": json.dumps({"draws": draws, "chains": chains}),
        "versions": json.dumps({"clvbayes": "0.1.0"}),
        "unit": customers.unit,
        "until": "" if customers.until is None else customers.until.isoformat(),
        "compression": json.dumps(asdict(compression)),
        "spend_level": customers.spend_level,
    }
    results = (CheckResult("R-hat", "ok", "largest 1.003"), CheckResult("Contraction", "note", "log_shape is prior-driven", "Say so."))
    frozen = tuple(entry if isinstance(entry, str) else tuple(entry) for entry in pool)
    return Fit(model, priors, frozen, posterior, Certificate(model.name, compression, results), seed)


def _clock_variables(model, rng: np.random.Generator, chains: int, draws: int) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Months' effects: of a season a wave, and of a level two years that moved by little."""
    clock = getattr(model, "clock", STEADY)
    if clock is STEADY:
        return {}
    season = 0.4 * np.sin(np.arange(12) / 6 * np.pi) + rng.normal(0, 0.03, (chains, draws, 12))
    found = {"season": (("chain", "draw", "month"), season)}
    if clock is LEVEL:
        level, one = rng.normal(0, 0.1, (chains, draws, 24)), ("chain", "draw")
        found |= {"level": ((*one, "bin"), level), "pace": ((*one, "bin"), season[..., np.arange(24) % 12] + level)}
        found |= {"walk_scale": (one, np.full((chains, draws), 0.05)), "noise_scale": (one, np.full((chains, draws), 0.1))}
    return found


def made_up_fits(customers: Customers, **options) -> tuple[Fit, Fit]:
    """A purchase fit and a spend fit."""
    return made_up_fit(mbg_nbd(), customers, **options), made_up_fit(gamma_gamma(), customers, **options)


def shifted(fit: Fit, coordinate: str, by: float, unit: str | None = None) -> Fit:
    """The same posterior in another unit: one coordinate of all cells moved."""
    posterior = fit.posterior.copy(deep=True)
    group = posterior["posterior"].to_dataset()
    move = xr.where(group["coordinate"] == coordinate, by, 0.0)
    for name in group.data_vars:
        if name == "population" or str(name).endswith("_level"):
            group[name] = (group[name] + move).transpose(*group[name].dims)
    posterior["posterior"] = xr.DataTree(group)
    posterior.attrs["unit"] = unit or posterior.attrs["unit"]
    return replace(fit, posterior=posterior)
