"""Simulated orders of some customers, with their money: what a valuation adds up."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from clvbayes.data import Customers
from clvbayes.models.clock import STEADY
from clvbayes.models.protocol import Batch, Futures, PurchaseModel, SpendModel
from clvbayes.models.streams import customer_keys, open_stream, uniform
from clvbayes.valuation.economics import Economics

__all__ = ["Events", "Part", "Plan", "add_by_customer", "everyone_of", "in_order", "simulate_events", "values_before_service", "values_of"]

STREAMS = "e2194926"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

CELLS_AT_ONCE = 500_000  # customer-draws in memory a batch: some 100 MB
MOST_WORKERS = 8
FREE_ORDERS = 2  # purpose of the random streams, beside the models' own


@dataclass(frozen=True)
class Plan:
    """All that stays the same from batch to batch."""

    purchases: PurchaseModel
    spend: SpendModel
    purchase_coordinates: np.ndarray
    spend_coordinates: np.ndarray
    paid_share: np.ndarray
    economics: Economics
    period_ends: np.ndarray
    units_per_year: float
    checked_draws: int
    seed: int
    lever: str = ""
    size: float = 1.0

    def moved(self, lever: str) -> float:
        """What multiplies churn odds, rate or spend."""
        return self.size if lever == self.lever else 1.0

    @property
    def horizon(self) -> float:
        """Length of the future, in the customers' unit of time."""
        return float(self.period_ends[-1]) * self.units_per_year


@dataclass(frozen=True)
class Part:
    """Some customers, with what the economics say of each of them."""

    batch: Batch
    margin: np.ndarray
    order_cost: np.ndarray
    service_cost: np.ndarray
    acquisition_cost: np.ndarray

    def __len__(self) -> int:
        return len(self.batch)

    def rows(self, rows: Any) -> "Part":
        """Some of them."""
        batch = Batch(**{name: column[rows] for name, column in vars(self.batch).items()})
        return Part(batch, self.margin[rows], self.order_cost[rows], self.service_cost[rows], self.acquisition_cost[rows])


@dataclass(frozen=True)
class Events:
    """Simulated orders with their money, ordered by customer, draw and time."""

    futures: Futures
    period: np.ndarray
    amount: np.ndarray
    cost: np.ndarray
    contribution: np.ndarray
    value: np.ndarray


def everyone_of(customers: Customers, purchase_cell: np.ndarray, spend_cell: np.ndarray, economics: Economics) -> Part:
    statistics, segments = customers.statistics, customers.segments
    names = ("frequency", "recency", "T", "spend_count", "spend_sum", "spend_sum_log")
    batch = Batch(
        key=customer_keys(statistics["customer_id"]),
        purchase_cell=purchase_cell,
        spend_cell=spend_cell,
        **{name: statistics[name].to_numpy(dtype=float) for name in names},
    )
    known = economics.acquisition_cost is not None
    return Part(
        batch,
        margin=economics.of_customers("margin", segments),
        order_cost=economics.of_customers("order_cost", segments),
        service_cost=economics.of_customers("service_cost", segments),
        acquisition_cost=economics.of_customers("acquisition_cost", segments) if known else np.full(len(batch), np.nan),
    )


def in_order[Result](work: Callable[[Part], Result], plan: Plan, everyone: Part) -> Iterator[tuple[slice, Result]]:
    """Work on batches, in their order, by as many threads as there are processors and a few ahead of their use.

    Yields the rows of each batch with what the work gave.
    """
    size = max(1, CELLS_AT_ONCE // len(plan.purchase_coordinates))
    firsts = range(0, len(everyone), size)
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    with ThreadPoolExecutor(workers) as pool:
        ahead = 2 * workers
        running = [pool.submit(work, everyone.rows(slice(first, first + size))) for first in firsts[:ahead]]
        for k, first in enumerate(firsts):
            done = running.pop(0).result()
            if k + ahead < len(firsts):
                start = firsts[k + ahead]
                running.append(pool.submit(work, everyone.rows(slice(start, start + size))))
            yield slice(first, min(first + size, len(everyone))), done


def simulate_events(plan: Plan, part: Part) -> Events:
    """Simulate the orders of some customers, and their money."""
    futures = plan.purchases.simulate(
        plan.purchase_coordinates,
        part.batch,
        horizon=plan.horizon,
        year=plan.units_per_year,
        seed=plan.seed,
        clock=STEADY,
        rate=plan.moved("rate"),
        churn_odds=plan.moved("churn"),
    )
    amount = plan.moved("spend") * plan.spend.simulate(plan.spend_coordinates, part.batch, futures, seed=plan.seed)
    if np.any(plan.paid_share < 1):
        _make_free(amount, futures.customer, futures.draw, plan.paid_share, part.batch.key, plan.seed)
    years = futures.time / plan.units_per_year
    period = np.minimum(np.searchsorted(plan.period_ends, years), len(plan.period_ends) - 1)
    cost = part.order_cost[futures.customer]
    if part.service_cost.any():
        cost = cost + np.where(_opens_period(futures.customer, futures.draw, period), part.service_cost[futures.customer], 0.0)
    contribution = part.margin[futures.customer] * amount - cost
    return Events(futures, period, amount, cost, contribution, contribution * plan.economics.discount_factor(years))


def values_of(plan: Plan, part: Part, events: Events) -> np.ndarray:
    """Value by customer and draw."""
    values = np.zeros((len(part), len(plan.purchase_coordinates)))
    add_by_customer(values, events.futures.customer, events.futures.draw, events.value)
    return values


def values_before_service(plan: Plan, part: Part, events: Events, values: np.ndarray) -> np.ndarray:
    """Values of the first draws without service costs, of whose expectation there is no closed form."""
    if not part.service_cost.any():
        return values
    customer, draw = events.futures.customer, events.futures.draw
    early = draw < values.shape[1]
    service = (events.cost - part.order_cost[customer]) * plan.economics.discount_factor(events.futures.time / plan.units_per_year)
    values = values.copy()
    add_by_customer(values, customer[early], draw[early], service[early])
    return values


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
def _opens_period(customer: np.ndarray, draw: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Whether an order is the first of its customer, draw and period."""
    opens = np.ones(len(customer), np.bool_)
    for k in range(1, len(customer)):
        opens[k] = customer[k] != customer[k - 1] or draw[k] != draw[k - 1] or period[k] != period[k - 1]
    return opens


@njit(nogil=True, cache=True)
def add_by_customer(values: np.ndarray, customer: np.ndarray, draw: np.ndarray, discounted: np.ndarray) -> None:
    for k in range(len(customer)):
        values[customer[k], draw[k]] += discounted[k]
