"""Simulated orders of some customers, with their money: what a valuation adds up."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numba import njit

from clvbayes.data import Customers
from clvbayes.models.clock import Clock
from clvbayes.models.pace import STEADY_PACE, Ticking
from clvbayes.models.protocol import Batch, PurchaseModel, ReturnsModel, SpendModel
from clvbayes.models.streams import customer_keys, open_stream, uniform
from clvbayes.valuation.economics import Economics

__all__ = ["CellsOf", "Events", "Part", "Plan", "Simulated", "everyone_of", "in_order", "simulate_events", "values_of"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

CELLS_AT_ONCE = 500_000  # customer-draws in memory a batch: some 100 MB
ORDERS_OF_A_CELL = 2  # that the memory of a customer-draw holds
MOST_WORKERS = 8
STEPS = 4_096  # of time, up to the horizon
FREE_ORDERS = 2  # purpose of the random streams, beside the models' own
ORDERS_KNOWN = ("frequency", "recency", "T", "spend_count", "spend_sum", "spend_sum_log")
RETURNS_KNOWN = ("trials", "touched", "parts", "part_mean", "pending_orders", "pending_amount")


@dataclass(frozen=True)
class Plan:
    """All that stays the same from batch to batch.

    Coordinates have dims ``(draw, coordinate, cell)``; `amount_factor`, which multiplies all future amounts, ``(draw, group)``; `unmoved`
    is the clock before a discrepancy moved it.
    """

    purchases: PurchaseModel
    purchase_coordinates: np.ndarray
    spend: SpendModel
    spend_coordinates: np.ndarray
    returns: ReturnsModel | None
    returns_coordinates: np.ndarray
    paid_share: np.ndarray
    economics: Economics
    period_ends: np.ndarray
    units_per_year: float
    seed: int
    clock: Ticking = STEADY_PACE
    unmoved: Ticking | None = None
    amount_factor: np.ndarray | None = None
    lever: str = ""
    size: float = 1.0

    def moved(self, lever: str) -> float:
        """What multiplies churn odds, rate or spend."""
        return self.size if lever == self.lever else 1.0

    @property
    def draws(self) -> int:
        """Predictive draws."""
        return len(self.paid_share)

    @property
    def horizon(self) -> float:
        """Length of the future, in the customers' unit of time."""
        return float(self.period_ends[-1]) * self.units_per_year

    def memory(self, part: "Part") -> np.ndarray:
        """How many times the memory of one who orders seldom each customer takes, if each goes on as until now."""
        ahead = part.batch.frequency * self.horizon / np.maximum(part.batch.T, 1e-9)
        return np.asarray(1 + ahead / ORDERS_OF_A_CELL)

    def known(self, part: "Part") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frequency, recency and T of some customers, the latter two operational, dims ``(customer, draw)`` or one column for all draws."""
        batch = part.batch
        if self.clock is STEADY_PACE:
            return batch.frequency[:, None], batch.recency[:, None], batch.T[:, None]
        times = ((batch.recency, batch.t_x_by_month), (batch.T, batch.T_by_month))
        recency, T = (self.clock.history(span, by_month, self.draws) for span, by_month in times)
        return batch.frequency[:, None], recency, T

    def amount_factors(self, part: "Part") -> np.ndarray:
        """What multiplies the amounts of some customers, dims ``(customer, draw)``, or one for all of them."""
        return np.ones((1, 1)) if self.amount_factor is None else self.amount_factor.T[part.batch.group]

    def with_draws(self, draws: Any) -> "Plan":
        """The same plan with some of its draws."""
        by_draw = ["purchase_coordinates", "spend_coordinates", "returns_coordinates", "paid_share"]
        by_draw += ["amount_factor"] if self.amount_factor is not None else []
        unmoved = None if self.unmoved is None else self.unmoved.some(draws)
        return replace(self, clock=self.clock.some(draws), unmoved=unmoved, **{name: getattr(self, name)[draws] for name in by_draw})


@dataclass(frozen=True)
class CellsOf:
    """Index of each customer's cell in the draws of each model."""

    purchases: np.ndarray
    spend: np.ndarray
    returns: np.ndarray


@dataclass(frozen=True)
class Part:
    """Some customers, with what the economics say of each of them, and their past orders of which more may still come back."""

    batch: Batch
    margin: np.ndarray
    order_cost: np.ndarray
    service_cost: np.ndarray
    return_cost: np.ndarray
    acquisition_cost: np.ndarray
    pending_orders: np.ndarray
    pending_amount: np.ndarray

    def __len__(self) -> int:
        return len(self.batch)

    def rows(self, rows: Any) -> "Part":
        """Some of them."""
        batch = Batch(**{name: column[rows] for name, column in vars(self.batch).items()})
        return Part(batch, **{name: column[rows] for name, column in vars(self).items() if name != "batch"})


@dataclass(frozen=True)
class Events:
    """Simulated orders with their money, ordered by customer, draw and time; or refunds of orders before the valuation date.

    Attributes
    ----------
    customer, draw : numpy.ndarray of int32
        Index into the part, and of the draw; one entry an event.
    period : numpy.ndarray of int32
        Index of the fiscal period.
    amount, returned, cost, contribution, value : numpy.ndarray
        In units of the currency; `value` is the discounted contribution.
    factor : numpy.ndarray
        Discount factor.
    orders : float
        How many orders each event is: one, or none.
    """

    customer: np.ndarray
    draw: np.ndarray
    period: np.ndarray
    amount: np.ndarray
    returned: np.ndarray
    cost: np.ndarray
    contribution: np.ndarray
    value: np.ndarray
    factor: np.ndarray
    orders: float


@dataclass(frozen=True)
class Simulated:
    """Events of some customers, orders first; P(alive) and expected orders in the first year, both averaged over the draws."""

    events: tuple[Events, ...]
    p_alive: np.ndarray
    expected_first_year: np.ndarray


def everyone_of(customers: Customers, cells: CellsOf, economics: Economics, clock: Clock) -> Part:
    statistics, segments, returns = customers.statistics, customers.segments, customers.returns
    nothing = np.zeros(len(customers))
    of_returns = {name: nothing if returns is None else returns[name].to_numpy(dtype=float) for name in RETURNS_KNOWN}
    batch = Batch(
        key=customer_keys(statistics["customer_id"]),
        purchase_cell=cells.purchases,
        spend_cell=cells.spend,
        returns_cell=cells.returns,
        **{name: statistics[name].to_numpy(dtype=float) for name in ORDERS_KNOWN},
        return_trials=of_returns["trials"],
        return_touched=of_returns["touched"],
        return_parts=of_returns["parts"],
        return_part=of_returns["part_mean"],
        **_times(customers, clock),
    )
    assumed = {
        name: economics.of_customers(name, segments)
        for name in ("margin", "order_cost", "service_cost", "return_cost", "acquisition_cost")
        if getattr(economics, name) is not None
    }
    unknown = {"acquisition_cost": np.full(len(batch), np.nan)}
    return Part(batch, **(unknown | assumed), pending_orders=of_returns["pending_orders"], pending_amount=of_returns["pending_amount"])


def _times(customers: Customers, clock: Clock) -> dict[str, np.ndarray]:
    """Times by month, as far as the clock needs them."""
    T, recency = (customers.statistics[name].to_numpy(dtype=float) for name in ("T", "recency"))
    return {"T_by_month": clock.spans(customers, T, np.zeros_like(T)), "t_x_by_month": clock.spans(customers, T, T - recency)}


class Rows(Protocol):
    """Customers of whom some can be taken."""

    def __len__(self) -> int: ...
    def rows(self, rows: Any, /) -> Any:
        """Some of them."""
        ...


def in_order[Some: Rows, Result](
    work: Callable[[slice, Some], Result], draws: int, everyone: Some, memory: np.ndarray
) -> Iterator[tuple[slice, Result]]:
    """Work on batches, in their order, by as many threads as there are processors and a few ahead of their use.

    The work gets the rows of its batch among everyone, and the batch; yields the rows with what the work gave. `memory` is how many times
    that of a customer who orders seldom each of them takes: batches are of as much, not of as many.
    """
    ends = np.cumsum(memory) * draws
    batches, first = [], 0
    while first < len(everyone):
        before = ends[first - 1] if first else 0.0
        stop = max(first + 1, int(np.searchsorted(ends, before + CELLS_AT_ONCE, side="right")))
        batches.append(slice(first, stop))
        first = stop
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    with ThreadPoolExecutor(workers) as pool:
        ahead = 2 * workers
        running = [pool.submit(work, rows, everyone.rows(rows)) for rows in batches[:ahead]]
        for k, rows in enumerate(batches):
            done = running.pop(0).result()
            if k + ahead < len(batches):
                running.append(pool.submit(work, batches[k + ahead], everyone.rows(batches[k + ahead])))
            yield rows, done


def simulate_events(plan: Plan, part: Part, covered: np.ndarray | None = None) -> Simulated:
    """Simulate the orders of some customers and their money, and what still comes back of their past orders.

    `covered`, dims ``(customer, draw)``, says until when, in years, their service is paid for otherwise: by a contract.
    """
    futures = plan.purchases.simulate(
        plan.purchase_coordinates,
        part.batch,
        horizon=plan.horizon,
        year=plan.units_per_year,
        seed=plan.seed,
        clock=plan.clock,
        rate=plan.moved("rate"),
        churn_odds=plan.moved("churn"),
    )
    years = futures.time / plan.units_per_year
    amount = plan.spend.simulate(plan.spend_coordinates, part.batch, futures, seed=plan.seed)
    amount *= plan.moved("spend") * plan.economics.spend_factor(years)
    if plan.amount_factor is not None:
        amount *= plan.amount_factor[futures.draw, part.batch.group[futures.customer]]
    if np.any(plan.paid_share < 1):
        _make_free(amount, futures.customer, futures.draw, plan.paid_share, part.batch.key, plan.seed)
    comes_back = (
        np.zeros(0) if plan.returns is None else plan.returns.simulate(plan.returns_coordinates, part.batch, futures, seed=plan.seed)
    )
    factor = plan.economics.discount_factor(years)
    costs = (part.margin, part.order_cost, part.service_cost, part.return_cost)
    period, money = np.empty(len(years), np.int32), np.empty((4, len(years)))
    covered = np.zeros((0, 0)) if covered is None else covered
    _settle(futures.customer, futures.draw, years, factor, amount, comes_back, plan.period_ends, covered, *costs, period, money)
    orders = Events(futures.customer, futures.draw, period, amount, money[0], money[1], money[2], money[3], factor, orders=1.0)
    events = (orders, _refunds(plan, part)) if plan.returns is not None and part.pending_amount.any() else (orders,)
    return Simulated(events, futures.p_alive.mean(axis=1), futures.expected_first_year.mean(axis=1))


def values_of(plan: Plan, part: Part, events: tuple[Events, ...]) -> np.ndarray:
    """Value by customer and draw."""
    values = np.zeros((len(part), plan.draws))
    for found in events:
        _add_by_customer(values, found.customer, found.draw, found.value)
    return values


def _refunds(plan: Plan, part: Part) -> Events:
    """What comes back of orders before the valuation date: all that is still open of a customer's, or nothing, at that date."""
    open_ones = np.flatnonzero(part.pending_amount > 0)
    still = part.rows(open_ones)
    assert plan.returns is not None
    comes_back = plan.returns.simulate_pending(plan.returns_coordinates, still.batch, seed=plan.seed)
    row, draw = np.nonzero(comes_back)
    returned, cost = still.pending_amount[row], still.return_cost[row] * still.pending_orders[row]
    contribution = -still.margin[row] * returned - cost
    now, nothing = np.zeros(len(row), np.int32), np.zeros(len(row))
    who = (open_ones[row].astype(np.int32), draw.astype(np.int32))
    return Events(*who, now, nothing, returned, cost, contribution, contribution, np.ones(len(row)), orders=0.0)


@njit(nogil=True, cache=True)
def _make_free(amount: np.ndarray, customer: np.ndarray, draw: np.ndarray, paid_share: np.ndarray, key: np.ndarray, seed: int) -> None:
    """Set the amounts of free purchases to zero; `customer`, then `draw`, are in order."""
    state = np.empty(1, np.uint64)
    for k in range(len(amount)):
        if k == 0 or customer[k] != customer[k - 1] or draw[k] != draw[k - 1]:
            open_stream(state, seed, key[customer[k]], draw[k], FREE_ORDERS)
        if uniform(state) >= paid_share[draw[k]]:
            amount[k] = 0.0


@njit(nogil=True, cache=True)
def _settle(
    customer: np.ndarray,
    draw: np.ndarray,
    years: np.ndarray,
    factor: np.ndarray,
    amount: np.ndarray,
    comes_back: np.ndarray,
    period_ends: np.ndarray,
    covered: np.ndarray,
    margin: np.ndarray,
    order_cost: np.ndarray,
    service_cost: np.ndarray,
    return_cost: np.ndarray,
    period: np.ndarray,
    money: np.ndarray,
) -> None:
    """Fill `period`, and `money` with amount returned, cost, contribution and value of each order; the first in a period pays for
    service."""
    returned, cost, contribution, value = money[0], money[1], money[2], money[3]
    last = len(period_ends) - 1
    # the period of the start of each step of time, so that there is next to nothing left to search: wrong guesses of branches cost most
    steps = STEPS / period_ends[last]
    first_of = np.searchsorted(period_ends, np.arange(STEPS + 1) / steps)
    before, customer_before, draw_before = -1, -1, -1
    for k in range(len(customer)):
        i, s = customer[k], draw[k]
        at = min(first_of[min(int(years[k] * steps), STEPS)], last)
        while at < last and years[k] > period_ends[at]:
            at += 1
        opens = (at != before) | (i != customer_before) | (s != draw_before)
        before, customer_before, draw_before = at, i, s
        if len(covered) and covered[i, s] > (period_ends[at - 1] if at else 0.0):
            opens = False
        due = order_cost[i] + service_cost[i] * opens
        kept = amount[k]
        returned[k] = 0.0
        if len(comes_back) and kept > 0.0:
            returned[k] = kept * comes_back[k]
            kept -= returned[k]
            due += return_cost[i] * comes_back[k]
        period[k], cost[k] = at, due
        contribution[k] = margin[i] * kept - due
        value[k] = contribution[k] * factor[k]


@njit(nogil=True, cache=True)
def _add_by_customer(values: np.ndarray, customer: np.ndarray, draw: np.ndarray, discounted: np.ndarray) -> None:
    for k in range(len(customer)):
        values[customer[k], draw[k]] += discounted[k]
