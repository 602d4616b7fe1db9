"""What one more customer would bring: the value of those yet to be won, by level, and how long it takes to earn what they cost.

A newcomer of a level orders once at acquisition and then behaves like the customers of that level who were won in the year before the
valuation date: with their mix of cells, margins and costs. Means are closed forms but for costs of service; these, the spread and the
payback are simulated, from acquisition on.
"""

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numba import njit

from clvbayes.data import Customers
from clvbayes.models.streams import customer_keys
from clvbayes.valuation.checks import each_order, expected_discounted_orders, returned_share
from clvbayes.valuation.economics import MONTHS_PER_PERIOD, Economics
from clvbayes.valuation.events import CELLS_AT_ONCE, Part, Plan, simulate_events
from clvbayes.valuation.first_orders import FirstOrders, bootstrap
from clvbayes.valuation.levels import Levels
from clvbayes.valuation.valuation import MOMENTS, NEVER, Acquisition

__all__ = ["value_newcomers"]

MOST_SIMULATED, MOST_OF_A_LEVEL, FEWEST_OF_A_LEVEL = 20_000, 200, 20  # newcomers in each draw
FIRST_ORDERS, NEWCOMERS = 5, 6  # uses of a seed beside the customers' streams
LEARNED = (
    "frequency",
    "recency",
    "T",
    "spend_count",
    "spend_sum",
    "spend_sum_log",
    "return_trials",
    "return_touched",
    "return_parts",
    "return_part",
)


@dataclass(frozen=True)
class _Simulated:
    """Of one level's newcomers, by draw: variance of their value, mean cost of service, share that pays back in each period or never."""

    variance: np.ndarray
    service: np.ndarray
    pays_back: np.ndarray


def value_newcomers(plan: Plan, customers: Customers, everyone: Part, levels: Levels) -> Acquisition:
    """Value of one newcomer of each level and draw, in periods counted from acquisition."""
    plan = replace(plan, period_ends=_ends(plan.economics))
    won = plan.units_per_year >= everyone.batch.T
    members = levels.members()
    like = [found[won[found]] if won[found].any() else found for found in members]
    newcomers = _just_won(everyone)
    amounts = _first_amounts(plan, customers, newcomers)
    first = bootstrap([amounts[found] for found in members], list(levels.of_columns().values()), plan.draws, [plan.seed, FIRST_ORDERS])
    margins = [float(np.average(newcomers.margin[found], weights=amounts[found] + 1e-300)) for found in members]
    first_value, residual = _expected(plan, newcomers, like, members, amounts, first)
    names = [f"{column}\n{name}" for column, found in levels.names.items() for name in found]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        simulated = list(
            pool.map(lambda row: _simulate(plan, newcomers.rows(like[row]), first, margins[row], row, names), range(len(names)))
        )
    residual = residual - np.stack([found.service for found in simulated], axis=1)
    variance = np.stack([found.variance for found in simulated], axis=1)
    moments = np.stack([first_value + residual, variance, first_value, residual], axis=-1)

    of_level = {"won_last_year": np.array([won[found].sum() for found in members])}
    if plan.economics.acquisition_cost is not None:
        of_level["acquisition_cost"] = np.array([everyone.acquisition_cost[found].mean() for found in like])
    if plan.economics.conversion is not None:
        conversion = plan.economics.of_customers("conversion", customers.segments)
        # of contacts, not of customers: of two channels alike in customers won, the worse one takes most of the contacts
        of_level["conversion"] = np.array([1 / np.mean(1 / conversion[found]) for found in like])

    def arrays(values: np.ndarray, dim: str, labels: Sequence[str]) -> dict[str, xr.DataArray]:
        found = {}
        for column, rows in levels.of_columns().items():
            coords: dict[str, Any] = {"draw": np.arange(plan.draws), "level": levels.names[column], dim: list(labels)}
            coords |= {name: ("level", numbers[rows]) for name, numbers in of_level.items()}
            attrs = {"kind": "predictive"}
            found[column] = xr.DataArray(values[:, rows], dims=("draw", "level", dim), coords=coords, name=column, attrs=attrs)
        return found

    if plan.economics.acquisition_cost is None:
        return Acquisition(arrays(moments, "moment", MOMENTS))
    pays_back = np.stack([found.pays_back for found in simulated], axis=1)
    periods = [f"{k + 1}" for k in range(len(plan.period_ends))]
    return Acquisition(arrays(moments, "moment", MOMENTS), arrays(pays_back, "period", [*periods, NEVER]))


def _ends(economics: Economics) -> np.ndarray:
    """Ends of the periods after acquisition, in years; the last may be a part."""
    years = MONTHS_PER_PERIOD[economics.period] / 12
    whole = np.arange(1, math.ceil(economics.horizon / years - 1e-9) + 1) * years
    return np.asarray(np.minimum(whole, economics.horizon))


def _just_won(everyone: Part) -> Part:
    """The same customers on the day of their first order, of whom nothing is known yet."""
    nothing = np.zeros(len(everyone))
    by_month = {name: np.zeros_like(getattr(everyone.batch, name)) for name in ("T_by_month", "t_x_by_month")}
    batch = replace(everyone.batch, **dict.fromkeys(LEARNED, nothing), **by_month)
    return replace(everyone, batch=batch, pending_orders=nothing, pending_amount=nothing)


def _first_amounts(plan: Plan, customers: Customers, newcomers: Part) -> np.ndarray:
    """First orders by customer; where they are not known, as in an RFM frame, what the spend model expects of its cell's."""
    amounts = customers.statistics["first_amount"].to_numpy(dtype=float)
    unknown = ~np.isfinite(amounts)
    if unknown.any():
        cells, cell_of = np.unique(newcomers.batch.spend_cell, return_inverse=True)
        expected, _, _ = plan.spend.amount_moments(plan.spend_coordinates[:, :, cells].transpose(1, 0, 2), 0.0, 0.0, 0.0)
        amounts = np.where(unknown, expected.mean(axis=0)[cell_of], amounts)
    return amounts


def _expected(
    plan: Plan, newcomers: Part, like: list[np.ndarray], members: list[np.ndarray], amounts: np.ndarray, first: FirstOrders
) -> tuple[np.ndarray, np.ndarray]:
    """Closed forms of the first order's contribution, and of what follows before costs of service, dims ``(draw, row)``.

    Customers of the same cells, group, margin and costs are one kind; a row's newcomers have its mix of kinds. What first orders earn and
    what of it comes back is weighed by the kinds' amounts, since large ones may earn less; its handling by how many of them were not free.
    """
    batch, costs = newcomers.batch, (newcomers.margin, newcomers.order_cost, newcomers.service_cost, newcomers.return_cost)
    columns = np.stack([batch.purchase_cell, batch.spend_cell, batch.returns_cell, batch.group, *costs], axis=1)
    _, one_of, kind_of = np.unique(columns, axis=0, return_index=True, return_inverse=True)
    kinds = newcomers.rows(one_of)
    share = np.stack([np.bincount(kind_of[found], minlength=len(kinds)) / len(found) for found in like])

    (cells, groups), of = np.unique(np.stack([kinds.batch.purchase_cell, kinds.batch.group]), axis=1, return_inverse=True)
    coordinates, nothing = plan.purchase_coordinates[:, :, cells].transpose(1, 2, 0), (np.zeros((1, 1)),) * 3
    orders = expected_discounted_orders(plan, coordinates, nothing, groups, plan.horizon, growing=False)[of]
    growing = (
        expected_discounted_orders(plan, coordinates, nothing, groups, plan.horizon, growing=True)[of]
        if plan.economics.spend_growth
        else orders
    )
    each, (back, _) = each_order(plan, kinds), returned_share(plan, kinds)
    residual = share @ (growing * each.earned - orders * each.costs)
    weight = np.stack(
        [_shares(np.bincount(kind_of[found], amounts[found], minlength=len(kinds)), share[row]) for row, found in enumerate(members)]
    )
    paid = np.stack([np.bincount(kind_of[found], amounts[found] > 0, minlength=len(kinds)) / len(found) for found in members])
    earned = first.mean.T * (weight @ (kinds.margin[:, None] * (1 - back) * plan.amount_factors(kinds)))
    costs = share @ (kinds.order_cost + kinds.service_cost)
    return (earned - costs[:, None] - paid @ (kinds.return_cost[:, None] * back)).T, residual.T


def _shares(sums: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.asarray(sums / sums.sum() if sums.sum() > 0 else otherwise)


def _simulate(plan: Plan, like: Part, first: FirstOrders, margin: float, row: int, names: list[str]) -> _Simulated:
    """Newcomers of one row, some for each draw, each like one of the customers given; `margin` is that on their first orders."""
    count = int(np.clip(min(MOST_SIMULATED // len(names), CELLS_AT_ONCE // plan.draws), FEWEST_OF_A_LEVEL, MOST_OF_A_LEVEL))
    by_hash = np.argsort(like.batch.key, kind="stable")
    some = like.rows(by_hash[np.arange(count) % len(by_hash)])
    some = replace(some, batch=replace(some.batch, key=customer_keys(f"{names[row]}\n{k}" for k in range(count))))
    random = np.random.default_rng([plan.seed, NEWCOMERS, int(customer_keys([names[row]])[0])])
    first_earned = margin * first.simulate(row, (count, plan.draws), random) * plan.amount_factors(some)
    nothing = np.zeros(first_earned.shape)
    comes_back = nothing if plan.returns is None else plan.returns.simulate_pending(plan.returns_coordinates, some.batch, seed=plan.seed)
    order_cost, service, handling = (costs[:, None] for costs in (some.order_cost, some.service_cost, some.return_cost))
    earned = (1 - comes_back) * first_earned - comes_back * handling * (first_earned > 0) - order_cost - service
    before_service = replace(some, service_cost=np.zeros(count))
    orders = simulate_events(plan, before_service).events[0]
    values, later_service, period = _follow(
        earned,
        orders.customer,
        orders.draw,
        orders.period,
        orders.value,
        orders.factor,
        some.service_cost,
        some.acquisition_cost,
        len(plan.period_ends),
    )
    pays_back = np.stack([(period == k).mean(axis=0) for k in range(len(plan.period_ends) + 1)], axis=1)
    return _Simulated(values.var(axis=0, ddof=1), later_service.mean(axis=0), pays_back)


@njit(nogil=True, cache=True)
def _follow(
    earned: np.ndarray,
    customer: np.ndarray,
    draw: np.ndarray,
    period: np.ndarray,
    value: np.ndarray,
    factor: np.ndarray,
    service_cost: np.ndarray,
    acquisition_cost: np.ndarray,
    never: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add later orders to what the first ones `earned`: value, cost of service of later periods, and in which period the acquisition cost
    is first earned back, dims ``(customer, draw)``."""
    values, service = earned.copy(), np.zeros_like(earned)
    paid_back = np.full(earned.shape, never, np.int64)
    for i in range(earned.shape[0]):
        for s in range(earned.shape[1]):
            if values[i, s] >= acquisition_cost[i]:
                paid_back[i, s] = 0
    served = 0
    for k in range(len(customer)):
        i, s = customer[k], draw[k]
        if k == 0 or i != customer[k - 1] or s != draw[k - 1]:
            served = 0  # the first order has opened its period
        if period[k] != served:
            service[i, s] += service_cost[i] * factor[k]
            values[i, s] -= service_cost[i] * factor[k]
            served = period[k]
        values[i, s] += value[k]
        if paid_back[i, s] == never and values[i, s] >= acquisition_cost[i]:
            paid_back[i, s] = period[k]
    return values, service, paid_back
