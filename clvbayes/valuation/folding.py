"""A simulated batch of customers, summed by customer and draw, and added up in their order."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit

from clvbayes.valuation.base import Base, Future, simulate
from clvbayes.valuation.book import BookSums, add_to_book
from clvbayes.valuation.checks import returned_share
from clvbayes.valuation.events import Events, Part, Plan, Simulated
from clvbayes.valuation.ordering import OrderingSums, add_ordering

__all__ = ["Folded", "Sums", "add_up", "fold"]


@dataclass(frozen=True)
class Folded:
    """A simulated batch: its future, ready to be added up, its customers' summaries, and what of their values' variance is chance."""

    future: Future
    table: pd.DataFrame
    chance: np.ndarray


@dataclass(frozen=True)
class Sums:
    """What is added up, dims ``(draw, row, period, component)``: orders, refunds of past orders (in the first period), contracts.

    They are apart, so that the order of additions is the same in batches of any size; `refunds` has one period. `contracts` and `book` are
    None where there are none, as are the customers with orders (`ordering`).
    """

    orders: np.ndarray
    refunds: np.ndarray
    contracts: np.ndarray | None
    book: BookSums | None
    ordering: OrderingSums | None

    @property
    def cash(self) -> np.ndarray:
        """All of it."""
        self.orders[:, :, :1] += self.refunds
        return self.orders if self.contracts is None else self.orders + self.contracts


def fold(part: Base, top: np.ndarray, acquisition_cost: np.ndarray | None, shares: tuple[float, float]) -> Folded:
    """Simulate a batch. `shares` are those of chance in the variance of the value of orders, and of contracts."""
    future = simulate(part)
    values = future.values
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    known = {"p_alive": np.ones(len(part)), "p_no_order": np.ones(len(part)), "expected_orders": np.zeros(len(part))}
    if part.plan is not None and part.orders is not None and future.orders is not None:
        for name, column in _of_orders(part.plan, part.orders, future.orders).items():
            known.setdefault(name, np.zeros(len(part)))[: len(part.orders)] = column
    returned = known.pop("share_returned", None)
    table = pd.DataFrame(
        known
        | {
            "value_mean": values.mean(axis=1),
            "value_sd": values.std(axis=1),
            "value_5": low,
            "value_50": middle,
            "value_95": high,
            "p_top_tenth": (values > top).mean(axis=1),
        }
    )
    if part.contracts is not None:
        contracts, recurring = part.contracts, 12 * part.contracts.monthly
        table["contracts"] = np.bincount(contracts.customer, minlength=len(part))
        table["recurring"] = np.bincount(contracts.customer, recurring, minlength=len(part))
    if acquisition_cost is not None:
        table["p_below_acquisition_cost"] = (values < acquisition_cost[:, None]).mean(axis=1)
    if returned is not None:
        table["share_returned"] = returned
    chance = np.zeros(len(part))
    for share, found in zip(shares, (future.order_values, future.contract_values), strict=True):
        if found is not None:
            chance[: len(found)] += share * found.var(axis=1)
    return Folded(future, table, chance)


def add_up(sums: Sums, base: Base, folded: Folded, row_of: np.ndarray, rows: slice) -> None:
    """Add a batch, `rows` of the base; `row_of` tells where its customers belong, dims ``(column, customer)``."""
    future = folded.future
    if future.orders is not None:
        for place, events in zip((sums.orders, sums.refunds), future.orders.events, strict=False):
            _add_events(place, row_of, events)
        if sums.ordering is not None:
            add_ordering(sums.ordering, future.orders, rows)
    if future.contracts is None or sums.contracts is None or sums.book is None:
        return
    assert base.contracts is not None and base.contract_plan is not None
    plan, chosen = base.contract_plan, base.contract_rows(rows)
    contracts = base.contracts.rows(chosen)
    margin = np.zeros(rows.stop - rows.start)
    margin[contracts.customer - rows.start] = contracts.margin
    begins = plan.economics.discount_factor(np.concatenate([[0.0], plan.period_ends[:-1]]))
    service = np.zeros((0, 0, 0)) if future.service is None else future.service
    _add_payments(sums.contracts, row_of, future.contracts.revenue, future.contracts.discounted, margin, service, begins)
    add_to_book(sums.book, plan, contracts, chosen, future.contracts)


def _of_orders(plan: Plan, part: Part, simulated: Simulated) -> dict[str, np.ndarray]:
    orders = simulated.events[0]
    told = {
        "p_alive": simulated.p_alive,
        "p_no_order": 1 - _draws_with_orders(len(part), orders.customer, orders.draw) / plan.draws,
        "expected_orders": simulated.expected_first_year,
    }
    return told if plan.returns is None else told | {"share_returned": returned_share(plan, part)[0].mean(axis=1)}


def _add_events(cash: np.ndarray, row_of: np.ndarray, events: Events) -> None:
    money = (events.amount, events.returned, events.cost, events.contribution, events.value)
    _add(cash, row_of, events.customer, events.draw, events.period, events.orders, *money)


@njit(nogil=True, cache=True)
def _draws_with_orders(customers: int, customer: np.ndarray, draw: np.ndarray) -> np.ndarray:
    counts = np.zeros(customers)
    for k in range(len(customer)):
        if k == 0 or customer[k] != customer[k - 1] or draw[k] != draw[k - 1]:
            counts[customer[k]] += 1.0
    return counts


@njit(nogil=True, cache=True)
def _add(
    cash: np.ndarray,
    row_of: np.ndarray,
    customer: np.ndarray,
    draw: np.ndarray,
    period: np.ndarray,
    orders: float,
    amount: np.ndarray,
    returned: np.ndarray,
    cost: np.ndarray,
    contribution: np.ndarray,
    value: np.ndarray,
) -> None:
    """Add events to `cash`, dims (draw, row, period, component), in the order of COMPONENTS."""
    for k in range(len(customer)):
        for column in range(len(row_of)):
            cell = cash[draw[k], row_of[column, customer[k]], period[k]]
            cell[0] += orders
            cell[1] += amount[k]
            cell[2] += returned[k]
            cell[3] += cost[k]
            cell[4] += contribution[k]
            cell[5] += value[k]


@njit(nogil=True, cache=True)
def _add_payments(
    cash: np.ndarray,
    row_of: np.ndarray,
    revenue: np.ndarray,
    discounted: np.ndarray,
    margin: np.ndarray,
    service: np.ndarray,
    begins: np.ndarray,
) -> None:
    """Add payments of contracts, and what service costs while they run, in the order of COMPONENTS."""
    customers, draws, periods = revenue.shape
    for i in range(customers):
        for s in range(draws):
            for k in range(periods):
                cost = service[i, s, k] if len(service) else 0.0
                contribution = margin[i] * revenue[i, s, k] - cost
                value = margin[i] * discounted[i, s, k] - cost * begins[k]
                for column in range(len(row_of)):
                    cell = cash[s, row_of[column, i], k]
                    cell[1] += revenue[i, s, k]
                    cell[3] += cost
                    cell[4] += contribution
                    cell[5] += value
