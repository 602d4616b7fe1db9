"""What a model misses of totals, as draws, and how a simulation is moved by it: coherently, so that everything still adds up.

A model that knows its parameters and its customers' chances does not know what moves all of them at once. How far its past forecasts were
off says how far the next ones may be (`clvbayes.grading.learn_discrepancy`). One draw moves the pace of the future clock of all customers,
and the amounts of all their orders, and so everything that is simulated: customers, levels, periods and totals add up, draw by draw, and
cumulative orders never fall.

The learned error is one of totals. Who buys more also leaves sooner, so that a clock that runs a tenth faster does not bring a tenth more
orders: the pace is the one at which the base is expected to bring as many as the error says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import DAYS_PER_UNIT, Customers
from clvbayes.models.pace import Pace
from clvbayes.valuation.events import Part, Plan

__all__ = ["Discrepancy", "moved"]

FIRST_WEEKS = 13.0  # the scale of the errors' growth
HELD_FROM = 52.0  # weeks: no forecast of more than a year is graded often enough to learn how errors grow there
CURVE_CUSTOMERS, CURVE_DRAWS, CURVE_LATENTS, CURVE_POINTS = 500, 10, 4, 48
SLOWEST, FASTEST = 0.05, 20.0  # of the pace that the model by itself foresees
CHOSEN, UNSEEN, LATENTS = 31, 32, 33  # uses of a seed beside the customers' streams
OWN = ("orders", "amount")


@dataclass(frozen=True)
class Discrepancy:
    """Draws of what a model misses, on the log scale.

    Attributes
    ----------
    shared : xarray.Dataset
        Dims ``(draw,)``. After h weeks the number of orders of all customers is multiplied by ``exp(size * (h / 13) ** growth)``, within
        the weeks graded and up to a year; the amount of each order by ``exp(amount)``.
    own : mapping of str to xarray.Dataset
        By reporting column: what a level's customers are off besides, `orders` and `amount`, dims ``(draw, level)``; `orders_sd` and
        `amount_sd`, dims ``(draw,)``, are what a level has of which nothing is known.
    weeks : tuple of float
        Shortest and longest horizon that it was learned from.
    evidence : pandas.DataFrame
        What it was learned from and what was found: one row each of `what` ("orders", "amount", and these by column): `origins`, `errors`,
        `mean`, `sd`, `growth`, and of the first two what the prior alone says, `prior_sd`.
    """

    shared: xr.Dataset
    own: Mapping[str, xr.Dataset] = field(default_factory=dict)
    weeks: tuple[float, float] = (FIRST_WEEKS, FIRST_WEEKS)
    evidence: pd.DataFrame = field(default_factory=pd.DataFrame)


def moved(plan: Plan, everyone: Part, customers: Customers, discrepancy: Discrepancy, by_itself: np.ndarray) -> tuple[Plan, Part]:
    """The plan, moved by a discrepancy; the pace ahead only of the draws that go `by_itself`, without a level that moves already."""
    assert isinstance(plan.clock, Pace)
    available = discrepancy.shared.sizes["draw"]
    random = np.random.default_rng([plan.seed, CHOSEN])
    chosen = np.concatenate([random.permutation(available) for _ in range(-(-plan.draws // available))])[: plan.draws]
    size, growth, amount = (discrepancy.shared[name].to_numpy()[chosen] for name in ("size", "growth", "amount"))
    group, own = _own(discrepancy, customers, chosen, plan.seed)
    curve = _Curve.of(plan, everyone, group, own["orders"].shape[1])
    own = {name: effect - (effect @ curve.of_group)[:, None] for name, effect in own.items()}

    weeks = plan.clock.edges * DAYS_PER_UNIT[customers.unit] / 7
    held = np.clip(weeks, min(discrepancy.weeks[0], FIRST_WEEKS), HELD_FROM)
    log_factor = np.where(by_itself, size, 0.0)[:, None] * (held / FIRST_WEEKS) ** growth[:, None]
    by_month = curve.pace(plan.clock, log_factor, int(np.searchsorted(weeks, HELD_FROM)))
    a_year = plan.clock.passed(np.array([plan.units_per_year]))[0]
    by_group = np.clip(curve.at(curve.orders(a_year)[:, None] * np.exp(own["orders"])) / a_year[:, None], SLOWEST, FASTEST)
    batch = replace(everyone.batch, group=group)
    clock = plan.clock.moved(by_month, by_group)
    return replace(plan, clock=clock, amount_factor=np.exp(amount[:, None] + own["amount"])), replace(everyone, batch=batch)


def _own(discrepancy: Discrepancy, customers: Customers, chosen: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Each customer's combination of levels, and what these are off, dims ``(draw, combination)``."""
    columns = [column for column in discrepancy.own if column in customers.segments]
    if not columns:
        return np.zeros(len(customers), np.int64), {name: np.zeros((len(chosen), 1)) for name in OWN}
    labels = customers.segments[columns].astype(str)
    group = labels.groupby(columns, sort=True).ngroup().to_numpy(dtype=np.int64)
    combinations = labels.iloc[np.unique(group, return_index=True)[1]]
    found = {name: np.zeros((len(chosen), len(combinations))) for name in OWN}
    for k, column in enumerate(columns):
        known = discrepancy.own[column]
        names, of = np.unique(combinations[column].to_numpy(dtype=str), return_inverse=True)
        at = pd.Index(known["level"].to_numpy().astype(str)).get_indexer(names)
        random = np.random.default_rng([seed, UNSEEN, k])
        for name in OWN:
            spread = known[f"{name}_sd"].to_numpy()[chosen][:, None] * random.standard_normal((len(chosen), len(names)))
            drawn = known[name].transpose("draw", "level").to_numpy()[chosen]
            by_level = np.where(at >= 0, drawn[:, at], spread) if drawn.shape[1] else spread
            found[name] += by_level[:, of]
    return group, found


@dataclass(frozen=True)
class _Curve:
    """How many orders a base is expected to bring until so much operational time has passed, and what each group has of them."""

    log_time: np.ndarray
    log_orders: np.ndarray
    of_group: np.ndarray

    @classmethod
    def of(cls, plan: Plan, everyone: Part, group: np.ndarray, groups: int) -> "_Curve":
        """From some customers, those who have bought often more likely than others, and some draws."""
        few = plan.with_draws(np.unique(np.linspace(0, plan.draws - 1, CURVE_DRAWS).astype(int)))
        weight = everyone.batch.frequency + max(float(everyone.batch.frequency.mean()), 0.1)
        order = np.argsort(everyone.batch.key, kind="stable")
        reach = np.cumsum(weight[order])
        points = (np.arange(CURVE_CUSTOMERS) + 0.5) / CURVE_CUSTOMERS * reach[-1]
        rows = order[np.searchsorted(reach, points)]
        some = everyone.rows(rows)
        assert isinstance(plan.clock, Pace)
        longest = plan.clock.passed(plan.clock.edges[-1:]).max()
        shortest = few.clock.ahead(np.zeros(1), plan.units_per_year / 366, few.draws, np.zeros(1, np.int64)).min()
        times = np.geomspace(shortest / FASTEST, longest * FASTEST, CURVE_POINTS)
        coordinates, known = few.purchase_coordinates[:, :, some.batch.purchase_cell].transpose(1, 2, 0), few.known(some)
        by_customer = np.empty((len(rows), CURVE_POINTS))
        for k, time in enumerate(times):
            random = np.random.default_rng([plan.seed, LATENTS])  # the same customers at all times: more time, more orders
            first, _, _ = few.purchases.discounted_moments(
                coordinates, *known, horizon=time, discount=0.0, latents=CURVE_LATENTS, random=random
            )
            by_customer[:, k] = first.mean(axis=1) / weight[rows]
        a_year = int(np.searchsorted(times, plan.units_per_year))
        share = np.bincount(group[rows], by_customer[:, a_year], minlength=groups)
        total = np.maximum.accumulate(by_customer.sum(axis=0)) * (1 + 1e-9 * np.arange(CURVE_POINTS))
        return cls(np.log(times), np.log(np.maximum(total, 1e-300)), share / max(share.sum(), 1e-300))

    def orders(self, time: np.ndarray) -> np.ndarray:
        """Expected until some operational time, up to a factor."""
        return np.asarray(np.exp(np.interp(np.log(np.maximum(time, 1e-300)), self.log_time, self.log_orders)))

    def at(self, orders: np.ndarray) -> np.ndarray:
        """Operational time until which so many are expected."""
        return np.asarray(np.exp(np.interp(np.log(np.maximum(orders, 1e-300)), self.log_orders, self.log_time)))

    def pace(self, clock: Pace, log_factor: np.ndarray, held: int) -> np.ndarray:
        """What multiplies the pace of each month ahead, so that orders until its end are multiplied by `exp(log_factor)`, dims
        ``(draw, edge)``; from month `held` on, by as much as time has gone faster on the whole until then."""
        time = clock.passed(clock.edges).T
        wanted = np.where(log_factor == 0, time, self.at(self.orders(time) * np.exp(log_factor)))
        wanted[:, 0] = 0.0
        factor = np.clip(np.diff(wanted, axis=1) / np.diff(time, axis=1), SLOWEST, FASTEST)
        factor[:, held:] = np.clip(wanted[:, held] / time[:, held], SLOWEST, FASTEST)[:, None]
        return np.asarray(factor)
