"""How far the next forecast of orders may be off: learned from how far the past ones were (aggregate study 5, layer 3).

The total's number of orders: the model of `clvbayes.grading.past_errors`. The amount of an order: what revenue was off beyond orders,
a + b e + error, without growth, where e is what orders were off: those that come unforeseen may be smaller ones; what amounts follow of a
draw's orders is that of a year. Levels of a reporting column: what a level was off beyond the total, in the mean and from origin to origin,
without growth; the spread of these means over the levels is learned too, so that a level of which little is known differs little.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import Customers, require_seed
from clvbayes.errors import ArgumentError, DataError
from clvbayes.grading.contract_discrepancy import learn_from_contracts
from clvbayes.grading.contract_forecasts import CONTRACT_MEASURES
from clvbayes.grading.past_errors import (
    GROWTHS,
    KEYS,
    MEAN_SD,
    SIGMAS,
    SLOPE_SD,
    SPREAD_SCALE,
    Errors,
    completed,
    evidence_row,
    independent_origins,
    log_density,
    log_half_normal,
    normalized,
    shared_draws,
)
from clvbayes.models.protocol import PurchaseModel
from clvbayes.valuation.contract_discrepancy import ContractDiscrepancy
from clvbayes.valuation.discrepancy import FIRST_WEEKS, Discrepancy

if TYPE_CHECKING:
    from clvbayes.grading.graded import Backtest

__all__ = ["FEWEST_COMPLETED", "learn_discrepancy", "learn_from", "pooled_models"]

LEVEL_SCALE = 0.10  # of the half-normal prior of how far levels' means lie apart
LEVEL_SPREADS = np.geomspace(0.005, 0.5, 8)
FEWEST_ORDERS = 10.0  # foreseen of a level: with fewer, the log of what happened says little but that it was few
FEWEST_COMPLETED = 4  # origins: with fewer the prior speaks, and forecasts of short histories are pooled with those of a level that moves


def learn_discrepancy(backtest: "Backtest", *, model: str | None = None, draws: int = 2000, seed: int) -> Discrepancy | ContractDiscrepancy:
    """What a model's forecasts of totals missed, from all that a back-test has seen of it.

    Parameters
    ----------
    backtest : Backtest
    model : str, optional
        Label of one of its models, such as "MBG/NBD with season + Gamma-Gamma"; its first one by default.
    draws : int
        Number of draws, at least 100.
    seed : int
        The same seed gives the same draws.

    Returns
    -------
    Discrepancy or ContractDiscrepancy
        To be given to `clvbayes.value`: as `discrepancy`, or of a back-test of contracts as `contract_discrepancy`.

    Raises
    ------
    ArgumentError
        If the back-test has no such model, or a number is out of range.

    Examples
    --------
    >>> from clvbayes import backtest, models, read_transactions, synthetic
    >>> orders = read_transactions(synthetic.company(customers=80, seed=1).orders, is_return="is_return", currency="EUR")
    >>> options = {"draws": 100, "predictive_draws": 100, "seed": 1, "progress": False}  # too few for a verdict
    >>> found = backtest(orders, origins=2, horizons=[13], models=[models.mbg_nbd()], **options)
    >>> learn_discrepancy(found, seed=1).evidence["what"].tolist()[:2]
    ['orders', 'amount']
    """
    chosen = backtest.models[0] if model is None else model
    if chosen not in backtest.models:
        raise ArgumentError(f"the back-test has no model {chosen!r}; it has {', '.join(map(repr, backtest.models))}")
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 100:
        raise ArgumentError(f"draws must be a whole number of at least 100, not {draws!r}")
    require_seed(seed)
    ended = completed(backtest.by_itself, chosen, None)
    if set(backtest.forecasts["measure"]) <= set(CONTRACT_MEASURES):
        return learn_from_contracts(ended, draws=int(draws), seed=int(seed))
    return learn_from(ended, columns=backtest.settings["by"], draws=int(draws), seed=int(seed))


def pooled_models(purchases: PurchaseModel, ended: pd.DataFrame, customers: Customers) -> list[PurchaseModel]:
    """The model, and while few of its forecasts have ended, the same with a level that moves: their forecasts are pooled.

    A model without a season stays alone, and so does one whose history is too long for a level.
    """
    with_level = purchases.with_level
    if with_level is None or independent_origins(ended) >= FEWEST_COMPLETED:
        return [purchases]
    with suppress(DataError):
        with_level.clock.over(customers)
        return [purchases, with_level]
    return [purchases]


def learn_from(ended: pd.DataFrame, *, columns: Sequence[str] | None = None, draws: int, seed: int) -> Discrepancy:
    """The same from forecasts that have ended, rows as in `Backtest.forecasts`, of the total and of the levels of reporting columns (those
    that are in the rows, unless given); from none of them, what the prior says."""
    random = np.random.default_rng([seed, 41])
    orders, amount = _log_errors(ended)
    total = {name: errors[errors["column"] == ""] for name, errors in (("orders", orders), ("amount", amount))}
    of_orders, of_amount = Errors(total["orders"]), Errors(total["amount"])
    size, sigma, growth, mean = shared_draws(of_orders, np.ones((len(of_orders.error), 1)), GROWTHS, [MEAN_SD], random, draws)
    design = np.column_stack([np.ones(len(of_amount.error)), total["amount"]["of_orders"].to_numpy(dtype=float)])
    _, amount_sigma, _, slopes = shared_draws(of_amount, design, np.zeros(1), [MEAN_SD, SLOPE_SD], random, draws)
    drawn_amount = slopes[:, 0] + amount_sigma * random.standard_normal(draws)
    rows = [
        evidence_row("orders", total["orders"], mean[:, 0], sigma, growth),
        evidence_row("amount", total["amount"], slopes[:, 0], amount_sigma, np.zeros(draws)),
    ]
    own = {}
    for column in sorted(set(orders["column"]) - {""}) if columns is None else columns:
        own[column], found = _own(column, orders, amount, draws, random)
        rows += found
    weeks, shared = of_orders.weeks, {"size": size, "growth": growth, "amount": drawn_amount, "slope": slopes[:, 1]}
    return Discrepancy(
        shared=xr.Dataset({name: ("draw", values) for name, values in shared.items()}),
        own=own,
        weeks=(float(weeks.min()), float(weeks.max())) if len(weeks) else (FIRST_WEEKS, FIRST_WEEKS),
        evidence=pd.DataFrame(rows),
    )


def _log_errors(ended: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of orders, and of the mean amount of an order, by origin, horizon and level; levels of few orders are left out."""
    names = [*KEYS, "column", "level", "error", "variance", "of_orders"]
    if ended.empty:
        return pd.DataFrame(columns=names), pd.DataFrame(columns=names)
    index = [*KEYS, "column", "level"]
    wide = {measure: ended[ended["measure"] == measure].set_index(index) for measure in ("orders", "revenue")}
    orders, revenue = wide["orders"], wide["revenue"].reindex(wide["orders"].index)
    per_order = revenue["mean"] / orders["mean"]
    half: dict[str, Any] = {"orders": 0.5, "revenue": 0.5 * per_order}  # an order, so that none at all has a logarithm
    found = {
        name: pd.DataFrame(
            {
                "error": np.log((frame["actual"] + half[name]) / (frame["q50"] + half[name])),
                "variance": np.log1p((frame["sd"] / frame["mean"]) ** 2),
            }
        )
        for name, frame in (("orders", orders), ("revenue", revenue))
    }
    told = (orders["mean"] >= FEWEST_ORDERS) & (revenue["mean"] > 0)
    amounts = pd.DataFrame(
        {
            "error": found["revenue"]["error"] - found["orders"]["error"],
            "variance": np.maximum(found["revenue"]["variance"] - found["orders"]["variance"], 1e-6),
            "of_orders": found["orders"]["error"],
        }
    )
    counts = found["orders"].assign(of_orders=0.0)
    return counts[told].reset_index(), amounts[told & (orders["actual"] > 0)].reset_index()


def _own(
    column: str, orders: pd.DataFrame, amount: pd.DataFrame, draws: int, random: np.random.Generator
) -> tuple[xr.Dataset, list[dict[str, object]]]:
    """What the levels of a column are off beyond the total."""
    levels = sorted(set(orders.loc[orders["column"] == column, "level"]))
    data: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    rows = []
    for name, errors in (("orders", orders), ("amount", amount)):
        of_level = errors[errors["column"] == column].merge(
            errors.loc[errors["column"] == "", [*KEYS, "error"]], on=KEYS, suffixes=("", "_of_total")
        )
        of_level = of_level.assign(error=of_level["error"] - of_level["error_of_total"])
        drawn, spread, mean_sd, sigma = _level_draws(
            Errors(of_level), pd.Index(levels).get_indexer(of_level["level"]), levels, random, draws
        )
        data |= {name: (("draw", "level"), drawn), f"{name}_sd": (("draw",), spread)}
        rows.append({**evidence_row(f"{name} by {column}", of_level, np.zeros(1), sigma, np.zeros(1)), "between_sd": float(mean_sd.mean())})
    return xr.Dataset(data, coords={"level": levels}), rows


def _level_draws(
    errors: Errors, of: np.ndarray, levels: list[str], random: np.random.Generator, draws: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draws of each level's next error, dims ``(draw, level)``; the spread of that of another level, of levels' means, and from origin to
    origin, dims ``(draw,)``."""
    grid = [(sigma, between) for sigma in SIGMAS for between in LEVEL_SPREADS]
    log_weight, means, sds = np.empty(len(grid)), np.empty((len(grid), len(levels))), np.empty((len(grid), len(levels)))
    for k, (sigma, between) in enumerate(grid):
        variance = errors.variance + sigma**2
        weight = errors.weight / variance
        precision = between**-2.0 + np.bincount(of, weight, minlength=len(levels))
        linear = np.bincount(of, weight * errors.error, minlength=len(levels))
        means[k], sds[k] = linear / precision, precision**-0.5
        log_weight[k] = log_half_normal(sigma, SPREAD_SCALE) + log_half_normal(between, LEVEL_SCALE)
        log_weight[k] += float((0.5 * linear**2 / precision - 0.5 * np.log(precision * between**2)).sum())
        log_weight[k] += log_density(errors, variance)
    chosen = random.choice(len(grid), draws, p=normalized(log_weight))
    sigma, between = np.array(grid)[chosen].T
    drawn = means[chosen] + sds[chosen] * random.standard_normal((draws, len(levels)))
    drawn += sigma[:, None] * random.standard_normal(drawn.shape)
    return drawn, np.hypot(sigma, between), between, sigma
