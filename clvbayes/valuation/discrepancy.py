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
from clvbayes.models.streams import customer_keys
from clvbayes.valuation.events import Part, Plan

__all__ = ["FIRST_WEEKS", "HELD_FROM", "Discrepancy", "moved", "permuted"]

FIRST_WEEKS = 13.0  # the scale of the errors' growth
HELD_FROM = 52.0  # weeks: no forecast of more than a year is graded often enough to learn how errors grow there
CURVE_CUSTOMERS, CURVE_DRAWS, CURVE_LATENTS, CURVE_POINTS = 500, 10, 4, 48
SHARE_CUSTOMERS, SHARE_DRAWS = 200_000, 2
MOST_GROUPS = 2_000  # of customers with a pace of their own: 2,000 draws of them take 100 MB
SLOWEST, FASTEST = 0.05, 20.0  # of the pace that the model by itself foresees
CHOSEN, UNSEEN, LATENTS = 31, 32, 33  # uses of a seed beside the customers' streams
OWN = ("orders", "amount")


@dataclass(frozen=True)
class Discrepancy:
    """Draws of what a model misses, on the log scale.

    Attributes
    ----------
    shared : xarray.Dataset
        Dims ``(draw,)``. After h weeks the number of orders of all customers is multiplied by ``exp(size * (h / 13) ** growth)``, with h
        held at 13 weeks, or the shortest horizon graded if that is shorter, and at a year; the amount of each order by
        ``exp(amount)``, and by the power `slope` of what a year's orders are multiplied by.
    own : mapping of str to xarray.Dataset
        By reporting column: what a level's customers are off besides, `orders` and `amount`, dims ``(draw, level)``; `orders_sd` and
        `amount_sd`, dims ``(draw,)``, are what a level has of which nothing is known. Columns that make more than 2,000 combinations of
        levels with those before them are left out.
    weeks : tuple of float
        Shortest and longest horizon that it was learned from.
    evidence : pandas.DataFrame
        What it was learned from and what was found: one row each of `what` ("orders", "amount", and these by column): `origins`, `errors`,
        `independent` (origins, as many as would not overlap), `mean`, `sd` (from origin to origin), `growth`, `between_sd` (of levels'
        means), and `prior_sd`, the scale of the prior of `sd`.
    """

    shared: xr.Dataset
    own: Mapping[str, xr.Dataset] = field(default_factory=dict)
    weeks: tuple[float, float] = (FIRST_WEEKS, FIRST_WEEKS)
    evidence: pd.DataFrame = field(default_factory=pd.DataFrame)


def moved(plan: Plan, everyone: Part, customers: Customers, discrepancy: Discrepancy, by_itself: np.ndarray) -> tuple[Plan, Part]:
    """The plan, moved by a discrepancy; the pace ahead only of the draws that go `by_itself`, without a level that moves already."""
    assert isinstance(plan.clock, Pace)
    chosen = permuted(discrepancy.shared.sizes["draw"], plan.draws, np.random.default_rng([plan.seed, CHOSEN]))
    size, growth, amount, slope = (discrepancy.shared[name].to_numpy()[chosen] for name in ("size", "growth", "amount", "slope"))
    group, own = _own(discrepancy, customers, chosen, plan.seed)
    own = _about_the_total(own, *_shares(plan, everyone, group, own["orders"].shape[1]))
    curve = _Curve.of(plan, everyone)

    weeks = plan.clock.edges * DAYS_PER_UNIT[customers.unit] / 7
    held = np.clip(weeks, min(discrepancy.weeks[0], FIRST_WEEKS), HELD_FROM)
    log_factor = np.where(by_itself, size, 0.0)[:, None] * (held / FIRST_WEEKS) ** growth[:, None]
    amount = amount + slope * np.where(by_itself, size, 0.0) * (HELD_FROM / FIRST_WEEKS) ** growth
    by_month = curve.pace(plan.clock, log_factor, int(np.searchsorted(weeks, HELD_FROM)))
    a_year = plan.clock.passed(np.array([plan.units_per_year]))[0]
    by_group = np.clip(curve.at(curve.orders(a_year)[:, None] * np.exp(own["orders"])) / a_year[:, None], SLOWEST, FASTEST)
    batch = replace(everyone.batch, group=group)
    clock = plan.clock.moved(by_month, by_group)
    moved_plan = replace(plan, clock=clock, unmoved=plan.clock, amount_factor=np.exp(amount[:, None] + own["amount"]))
    return moved_plan, replace(everyone, batch=batch)


def permuted(available: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Places of so many draws of those available, none again before all have been chosen."""
    return np.concatenate([random.permutation(available) for _ in range(-(-draws // available))])[:draws]


def _own(discrepancy: Discrepancy, customers: Customers, chosen: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Each customer's combination of levels, and what these are off, dims ``(draw, combination)``."""
    columns, group = _grouped([column for column in discrepancy.own if column in customers.segments], customers)
    if not columns:
        return group, {name: np.zeros((len(chosen), 1)) for name in OWN}
    labels = customers.segments[columns].astype(str)
    combinations = labels.iloc[np.unique(group, return_index=True)[1]]
    found = {name: np.zeros((len(chosen), len(combinations))) for name in OWN}
    for k, column in enumerate(columns):
        known = discrepancy.own[column]
        names, of = np.unique(combinations[column].to_numpy(dtype=str), return_inverse=True)
        at = pd.Index(known["level"].to_numpy().astype(str)).get_indexer(names)
        unseen = [np.random.default_rng([seed, UNSEEN, k, int(key)]) for key in customer_keys(names)]
        for name in OWN:
            luck = np.stack([random.standard_normal(len(chosen)) for random in unseen], axis=1)
            spread = known[f"{name}_sd"].to_numpy()[chosen][:, None] * luck
            drawn = known[name].transpose("draw", "level").to_numpy()[chosen]
            by_level = np.where(at >= 0, drawn[:, at], spread) if drawn.shape[1] else spread
            found[name] += by_level[:, of]
    return group, found


def _grouped(columns: list[str], customers: Customers) -> tuple[list[str], np.ndarray]:
    """As many of the columns, in their order, as have few enough combinations of levels, and each customer's combination."""
    chosen: list[str] = []
    group: np.ndarray = np.zeros(len(customers), np.int64)
    for column in columns:
        finer = customers.segments[[*chosen, column]].astype(str).groupby([*chosen, column], sort=True).ngroup().to_numpy(dtype=np.int64)
        if len(finer) and finer.max() < MOST_GROUPS:
            chosen, group = [*chosen, column], finer
    return chosen, group


def _expected_orders(plan: Plan, part: Part, time: float) -> np.ndarray:
    """Of each customer until so much operational time has passed, from some draws and latent states, the same at all times."""
    coordinates, known = plan.purchase_coordinates[:, :, part.batch.purchase_cell].transpose(1, 2, 0), plan.known(part)
    random = np.random.default_rng([plan.seed, LATENTS])
    first, _, _ = plan.purchases.discounted_moments(coordinates, *known, horizon=time, discount=0.0, latents=CURVE_LATENTS, random=random)
    return np.asarray(first.mean(axis=1))


def _shares(plan: Plan, everyone: Part, group: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """What each group is expected to have of a year's orders and of their money."""
    few = plan.with_draws(np.unique(np.linspace(0, plan.draws - 1, SHARE_DRAWS).astype(int)))
    rows = np.argsort(everyone.batch.key, kind="stable")[:SHARE_CUSTOMERS]
    some = everyone.rows(rows)
    orders = _expected_orders(few, some, plan.units_per_year)
    spend = few.spend_coordinates[:, :, some.batch.spend_cell].transpose(1, 2, 0)
    known = (column[:, None] for column in (some.batch.spend_count, some.batch.spend_sum, some.batch.spend_sum_log))
    amount = few.spend.amount_moments(spend, *known)[0].mean(axis=1)
    sums = [np.bincount(group[rows], value, minlength=groups) + 1e-300 for value in (orders, orders * amount)]
    return sums[0] / sums[0].sum(), sums[1] / sums[1].sum()


def _about_the_total(own: dict[str, np.ndarray], of_orders: np.ndarray, of_money: np.ndarray) -> dict[str, np.ndarray]:
    """What groups are off, less what the total would be off by it in each draw: that is learned by itself."""
    orders = own["orders"] - np.log(np.exp(own["orders"]) @ of_orders)[:, None]
    amount = own["amount"] - np.log(np.exp(orders + own["amount"]) @ of_money)[:, None]
    return {"orders": orders, "amount": amount}


@dataclass(frozen=True)
class _Curve:
    """How many orders a base is expected to bring until so much operational time has passed."""

    log_time: np.ndarray
    log_orders: np.ndarray

    @classmethod
    def of(cls, plan: Plan, everyone: Part) -> "_Curve":
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
        total = np.array([(_expected_orders(few, some, time) / weight[rows]).sum() for time in times])
        rising = np.maximum.accumulate(total) * (1 + 1e-9 * np.arange(CURVE_POINTS))
        return cls(np.log(times), np.log(np.maximum(rising, 1e-300)))

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
        slowest = SLOWEST * np.diff(time, axis=1)
        for month in range(min(held + 1, slowest.shape[1])):  # what a month had to have at least, later ones make up for
            wanted[:, month + 1] = np.maximum(wanted[:, month + 1], wanted[:, month] + slowest[:, month])
        factor = np.clip(np.diff(wanted, axis=1) / np.diff(time, axis=1), SLOWEST, FASTEST)
        factor[:, held:] = np.clip(wanted[:, held] / time[:, held], SLOWEST, FASTEST)[:, None]
        return np.asarray(factor)
