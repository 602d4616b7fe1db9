"""A made-up valuation to decide on: newcomers by channel, existing customers by industry, with levers, all of plain arrays."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.inference.certificate import CheckResult
from clvbayes.valuation.economics import Economics, fiscal_periods
from clvbayes.valuation.valuation import ALL_CUSTOMERS, COMPONENTS, MOMENTS, Acquisition, Valuation

DRAWS = 2000
SIZES = np.array([0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5])
ECONOMICS = Economics(margin=0.4, discount_rate=0.09, horizon=3, currency="EUR")


def made_up(
    newcomers: Mapping[str, tuple[Any, float]] | None = None,
    industries: Mapping[str, float] | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 1,
    uncertain: float = 0.1,
    failed: bool = False,
    economics: Economics = ECONOMICS,
) -> Valuation:
    """Newcomers by channel: mean value (a number, or draws of it) and standard deviation of one; industries: value over the horizon.

    An industry's value falls by .6 of the logarithm of churn odds, and rises in proportion to rate and spend.
    """
    random = np.random.default_rng(seed)
    newcomers = {"fair": (900.0, 2000.0), "search": (300.0, 800.0)} if newcomers is None else newcomers
    industries = {"retail": 2e6, "mills": 1e6} if industries is None else industries
    periods = fiscal_periods(economics, date(2025, 12, 31))
    share = np.array([period.end - period.start for period in periods])
    by_level = {name: value * (1 + uncertain * random.standard_normal(draws)) for name, value in industries.items()}
    cash = xr.DataArray(
        np.zeros((draws, len(by_level), len(periods), len(COMPONENTS))),
        dims=("draw", "level", "period", "component"),
        coords={"draw": np.arange(draws), "level": list(by_level), "component": list(COMPONENTS), "period": [p.label for p in periods]},
        attrs={"kind": "predictive"},
    )
    for name, values in by_level.items():
        cash.loc[{"level": name, "component": "value"}] = values[:, None] * share / share.sum()
    levers = {}
    for column, levels in (("industry", by_level), ("", {ALL_CUSTOMERS: sum(by_level.values())})):
        moved = np.stack(
            [[value[:, None] * (1 - 0.6 * np.log(SIZES)), value[:, None] * SIZES, value[:, None] * SIZES] for value in levels.values()]
        )
        levers[column] = xr.DataArray(
            moved.transpose(2, 0, 1, 3),
            dims=("draw", "level", "lever", "size"),
            coords={"draw": np.arange(draws), "level": list(levels), "lever": ["churn", "rate", "spend"], "size": SIZES},
            attrs={"kind": "predictive"},
        )
    moments = np.zeros((draws, len(newcomers), len(MOMENTS)))
    for k, (mean, sd) in enumerate(newcomers.values()):
        moments[:, k, 0], moments[:, k, 1] = mean, sd**2
    won = xr.DataArray(
        moments, dims=("draw", "level", "moment"), coords={"draw": np.arange(draws), "level": list(newcomers), "moment": list(MOMENTS)}
    )
    return Valuation(
        cash={"industry": cash},
        total=cash.sum("level").assign_attrs(kind="predictive"),
        customers=pd.DataFrame({"customer_id": ["a"]}),
        economics=economics,
        periods=tuple(periods),
        checks=(
            CheckResult("Simulation", "failed" if failed else "ok", "Simulation and closed form differ." if failed else "They agree."),
        ),
        spread=pd.DataFrame(),
        beyond_horizon=0.1,
        acquisition=Acquisition({"channel": won}),
        levers=levers,
    )


def certain(function, spends=None) -> Any:
    """A response that is the same in all draws, through many points."""
    from clvbayes.decisions.responses import drawn

    spends = np.concatenate([[0.0], np.geomspace(10, 1e6, 400)]) if spends is None else spends
    return drawn(spends, np.repeat(function(spends)[None], 100, axis=0))
