"""Books of contracts and fits made of plain arrays, as `made_up_fits` has them of orders."""

import json
from dataclasses import asdict
from datetime import date

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import Renewals, read_contracts, summarize
from clvbayes.inference import Certificate, CheckResult, Compression, Fit
from clvbayes.models.hierarchy import Pool, assign_cells

UNTIL = date(2025, 12, 31)
CENTRES = {"contracts": np.array([-1.4, 1.2, 0.1]), "changes": np.array([-0.5, 0.6, -1.9, -1.15, -2.1, -1.15])}
TERMS = {1: 1, 12: 12, 24: 3}  # and what they are billed by, months
SEGMENTS = {"industry": ("Retail", "Health"), "channel": ("Search", "Fair")}


def made_up_terms(contracts: int = 60, *, seed: int = 2, customers: int = 45, until: date = UNTIL) -> pd.DataFrame:
    """One row a term: contracts begun within four years, some ended, some with notice, of customers who may have several."""
    rng, rows = np.random.default_rng(seed), []
    last = pd.Timestamp(until)
    for k in range(contracts):
        term = (1, 12, 24)[k % 3]
        start = last - pd.Timedelta(days=int(rng.integers(1, 1460)))
        customer, price = k % customers, round(float(rng.gamma(4.0, 50.0)) + 1, 2)
        while start <= last:
            following = start + pd.DateOffset(months=term)
            leaves = rng.random() < (0.03 if term == 1 else 0.2)
            runs = following > last
            notice = last - pd.Timedelta(days=3) if leaves and runs and start < last - pd.Timedelta(days=3) else pd.NaT
            rows.append(
                (f"V{k:03d}", f"C{customer:04d}", start, following - pd.Timedelta(days=1), term, price, TERMS[term], notice, customer)
            )
            if leaves:
                break
            start, price = following, round(price * (1.1 if rng.random() < 0.4 else 1.0), 2)
    columns = ["contract_id", "customer_id", "start", "end", "term_months", "monthly_amount", "billing_months", "cancelled_on", "number"]
    frame = pd.DataFrame(rows, columns=columns)
    number = frame.pop("number")
    return frame.assign(**{name: [levels[k % len(levels)] for k in number] for name, levels in SEGMENTS.items()})


def made_up_renewals(terms: pd.DataFrame | None = None, *, until: date = UNTIL, **options) -> Renewals:
    terms = made_up_terms(until=until) if terms is None else terms
    columns = {"cancelled_on": "cancelled_on", "billing_months": "billing_months", "segments": list(SEGMENTS), "currency": "EUR"}
    return summarize(read_contracts(terms, **(columns | options)), until=until)


def made_up_contract_fit(
    model, renewals: Renewals, *, pool: Pool = ("term_months",), centre=None, sd=0.1, chains=2, draws=250, seed=5
) -> Fit:
    """A fit whose posterior is normal noise around a centre, with the variables and attributes of a real one."""
    rng = np.random.default_rng([seed, len(model.coordinates)])
    centre = np.asarray(CENTRES[model.kind] if centre is None else centre)[: len(model.coordinates)]
    names, shape = ("chain", "draw", "coordinate"), (chains, draws, len(centre))
    population = rng.normal(centre, sd, shape)
    variables = {"population": (names, population)}
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), "coordinate": list(model.coordinates)}
    for k, factor in enumerate(assign_cells(renewals, pool).factors):
        deviation = 0.3 * rng.normal(0, 1, (len(centre), len(factor.levels))) + rng.normal(0, sd, (*shape, len(factor.levels)))
        level = deviation - deviation.mean(axis=-1, keepdims=True) if k else population[..., None] + deviation
        variables[f"{factor.dim}_scale"] = (names, np.full(shape, 0.3))
        variables[f"{factor.dim}_{'effect' if k else 'level'}"] = ((*names, factor.dim), level)
        coords[factor.dim] = list(factor.levels)
    priors = model.priors(renewals)
    posterior = xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords=coords)})
    compression = Compression(len(renewals), len(renewals), len(renewals), exact_passes=60)
    posterior["posterior"].attrs["sample_dims"] = ["chain", "draw"]
    posterior.attrs = {
        "model": model.name,
        "priors": json.dumps(asdict(priors)),
        "pool": json.dumps(pool),
        "seed": seed,
        "settings": json.dumps({"draws": draws, "chains": chains}),
        "versions": json.dumps({"clvbayes": "0.1.0"}),
        **renewals.facts,
        "compression": json.dumps(asdict(compression)),
    }
    results = (CheckResult("R-hat", "ok", "largest 1.003"),)
    frozen = tuple(entry if isinstance(entry, str) else tuple(entry) for entry in pool)
    return Fit(model, priors, frozen, posterior, Certificate(model.name, compression, results), seed)
