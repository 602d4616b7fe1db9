"""Simulated futures of running contracts, with their payments: what a valuation adds up beside orders.

Every contract that runs at the valuation date goes on until it is not renewed, ends within a term, or ends as its notice says. Payments
are due by calendar: each invoice covers the months of one billing period, or what is left of the term, and is paid on the first of the days
that it covers, or on the last one. What was paid before the valuation date is past. A contract that ends within a term pays in arrears for
the days until its end, and gets nothing back that it paid in advance. Amounts change at renewals alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd
from numba import njit

from clvbayes.data import TERM, Renewals, tolerance
from clvbayes.inference import Fit
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import ChangeModel, ContractBatch, ContractModel
from clvbayes.models.streams import customer_keys
from clvbayes.valuation.economics import DAYS_PER_YEAR, Economics
from clvbayes.valuation.plans import HAZARDS, UNSEEN_CHANGES, UNSEEN_RENEWALS, chosen_coordinates

__all__ = ["DAY", "YEAR", "ContractPart", "ContractPlan", "Contracted", "calendar_of", "day_before", "plan_contracts", "simulate_contracts"]

YEAR = 1.0  # after which recurring revenue is told again, unless it is asked for at another time
DAY = 1 / DAYS_PER_YEAR


@dataclass(frozen=True)
class ContractPlan:
    """All of contracts that stays the same from batch to batch.

    Coordinates have dims ``(draw, coordinate, cell)``; `hazard`, to end within a term, a month, ``(draw,)``. `ahead`, in years, is when
    recurring revenue is told again. A discrepancy multiplies the churn odds of all contracts, and the amounts of all that have been
    renewed for a year, by draw, dims ``(draw,)``.
    """

    renewals: ContractModel
    renewal_coordinates: np.ndarray
    hazard: np.ndarray
    changes: ChangeModel | None
    change_coordinates: np.ndarray
    economics: Economics
    period_ends: np.ndarray
    valued_on: date
    in_advance: bool
    seed: int
    lever: str = ""
    size: float = 1.0
    ahead: float = YEAR
    churn_odds: np.ndarray | None = None
    renewed_amounts: np.ndarray | None = None

    def moved(self, lever: str) -> float:
        """What multiplies churn odds, or amounts, because a lever is moved."""
        return self.size if lever == self.lever else 1.0

    @property
    def draws(self) -> int:
        """Predictive draws."""
        return len(self.hazard)

    @property
    def horizon(self) -> float:
        """Years that count."""
        return float(self.period_ends[-1])

    @property
    def seen(self) -> float:
        """Years that are simulated: the horizon, and as long as it takes to tell what recurs."""
        return max(self.horizon, self.ahead)

    def most_renewals(self, part: "ContractPart") -> int:
        """Decisions that the contract of the shortest term can come to: so wide are the arrays of all."""
        return int(np.ceil(12 * self.seen / max(int(part.months.min(initial=600)), 1)))

    def with_draws(self, draws: Any) -> "ContractPlan":
        """The same plan with some of its draws."""
        names = ("renewal_coordinates", "hazard", "change_coordinates", "churn_odds", "renewed_amounts")
        return replace(self, **{name: of_all[draws] for name in names if (of_all := getattr(self, name)) is not None})


@dataclass(frozen=True)
class ContractPart:
    """Some running contracts, by customer.

    Attributes
    ----------
    batch : ContractBatch
    row : numpy.ndarray of int
        Place of each contract's running stretch among all.
    customer : numpy.ndarray of int
        Index of each contract's customer, never falling.
    margin : numpy.ndarray
        Of its customer.
    monthly, months, billing : numpy.ndarray
        Amount of a month; months of a term, and of an invoice.
    started, next_day : numpy.ndarray of datetime64[D]
        First day of the running term, and of the next one.
    contract_id, customer_id : numpy.ndarray of str
    """

    batch: ContractBatch
    row: np.ndarray
    customer: np.ndarray
    margin: np.ndarray
    monthly: np.ndarray
    months: np.ndarray
    billing: np.ndarray
    started: np.ndarray
    next_day: np.ndarray
    contract_id: np.ndarray
    customer_id: np.ndarray

    def __len__(self) -> int:
        return len(self.batch)

    def rows(self, rows: Any) -> "ContractPart":
        """Some of them."""
        batch = ContractBatch(**{name: column[rows] for name, column in vars(self.batch).items()})
        return ContractPart(batch, **{name: column[rows] for name, column in vars(self).items() if name != "batch"})


@dataclass(frozen=True)
class Contracted:
    """Futures of some contracts.

    Attributes
    ----------
    revenue, discounted : numpy.ndarray
        Payments of each customer, as they are and discounted, dims ``(customer, draw, period)``.
    under_contract : numpy.ndarray
        Years until a customer's last contract ends, dims ``(customer, draw)``.
    ends : numpy.ndarray
        Years until each contract ends, infinite if it is not seen to; dims ``(contract, draw)``, as the following.
    after_decision : numpy.ndarray
        Payments after the next renewal decision, discounted.
    year_ahead : numpy.ndarray
        Amount of a month in a year, or so many years as the plan says, over that of today; zero if the contract has ended.
    moved_ahead : numpy.ndarray
        What a discrepancy has multiplied amounts by until then, if the contract goes on.
    """

    revenue: np.ndarray
    discounted: np.ndarray
    under_contract: np.ndarray
    ends: np.ndarray
    after_decision: np.ndarray
    year_ahead: np.ndarray
    moved_ahead: np.ndarray


def plan_contracts(
    renewal_fit: Fit,
    change_fit: Fit | None,
    renewals: Renewals,
    economics: Economics,
    *,
    period_ends: np.ndarray,
    index_of: "pd.Series[int]",
    margin: np.ndarray,
    draws: int,
    seed: int,
) -> tuple[ContractPlan, ContractPart]:
    """Pair the draws of both fits, once, and lay out the running contracts.

    `index_of` tells the place of each customer id among those valued, `margin` what each of them leaves of revenue.
    """
    renewal_cells = assign_cells(renewals, renewal_fit.pool)
    change_cells = assign_cells(renewals, () if change_fit is None else change_fit.pool)
    model = cast("ContractModel", renewal_fit.model)
    terminations = model.terminations(cast("Mapping[str, Any]", renewal_fit.posterior.attrs))
    assert renewals.until is not None
    plan = ContractPlan(
        renewals=model,
        renewal_coordinates=chosen_coordinates(renewal_fit, renewal_cells, draws, seed, UNSEEN_RENEWALS),
        hazard=np.random.default_rng([seed, HAZARDS]).gamma(terminations[0], 1 / terminations[1], draws),
        changes=None if change_fit is None else cast("ChangeModel", change_fit.model),
        change_coordinates=np.zeros((draws, 0, 1))
        if change_fit is None
        else chosen_coordinates(change_fit, change_cells, draws, seed, UNSEEN_CHANGES),
        economics=economics,
        period_ends=period_ends,
        valued_on=renewals.until,
        in_advance=renewals.in_advance,
        seed=int(seed),
    )
    running = np.flatnonzero(renewals.running)
    customer = index_of.loc[renewals.statistics["customer_id"].iloc[running]].to_numpy(dtype=np.int64)
    order = np.lexsort((renewals.statistics["contract_id"].iloc[running].to_numpy(dtype=str), customer))
    running, customer = running[order], customer[order]
    known = renewals.statistics.iloc[running]
    next_day = known["next_decision"].to_numpy().astype("datetime64[D]")
    batch = ContractBatch(
        key=customer_keys(known["contract_id"]),
        renewal_cell=renewal_cells.of_customer[running],
        change_cell=change_cells.of_customer[running],
        survived=known["survived"].to_numpy(dtype=np.int64),
        notice=(known["status"] == "notice").to_numpy(),
        next_decision=_years(next_day, plan.valued_on),
        term=known[TERM].to_numpy(dtype=float) / 12,
        announced=known["announced"].to_numpy(dtype=float),
    )
    part = ContractPart(
        batch,
        row=running,
        customer=customer,
        margin=margin[customer],
        monthly=known["monthly_amount"].to_numpy(dtype=float),
        months=known[TERM].to_numpy(dtype=np.int64),
        billing=known["billing_months"].to_numpy(dtype=np.int64),
        started=known["term_start"].to_numpy().astype("datetime64[D]"),
        next_day=next_day,
        contract_id=known["contract_id"].to_numpy(dtype=object),
        customer_id=known["customer_id"].to_numpy(dtype=object),
    )
    return plan, part


@dataclass(frozen=True)
class Calendar:
    """When months begin: of the running term, counted from its first day, and after it, counted from the next decision.

    Attributes
    ----------
    times : numpy.ndarray
        Years after the valuation date, dims ``(contract, month)``: first those of the running term, up to its end, then those after it.
    paid_months : numpy.ndarray
        Months that are paid for until then, counted likewise: of a term that ends earlier than agreed, those until its end.
    next_one : int
        Which column is the next decision, of the months after the running term.
    renewals, until_ahead : numpy.ndarray of int
        How many renewal decisions each contract comes to, at most, until nothing more is simulated, and until what recurs is told again.
    """

    times: np.ndarray
    paid_months: np.ndarray
    next_one: int
    renewals: np.ndarray
    until_ahead: np.ndarray


def calendar_of(plan: ContractPlan, part: ContractPart) -> Calendar:
    """The months of some contracts, as far as they can pay within what is simulated."""
    longest = int(part.months.max(initial=1))
    of_term, after = np.arange(longest + 1), np.arange(int(np.ceil(12 * plan.seen)) + 2 + longest)
    agreed = _months_later(part.started, of_term)
    within = np.minimum(agreed, part.next_day[:, None])
    within = np.where(of_term >= part.months[:, None], part.next_day[:, None], within)
    times = _years(np.concatenate([within, _months_later(part.next_day, after)], axis=1), plan.valued_on)
    short_of = np.take_along_axis(agreed, part.months[:, None], axis=1)[:, 0] - part.next_day
    ends_early = short_of.astype(int) > tolerance(part.months)
    share = np.clip((part.next_day[:, None] - agreed[:, :-1]) / np.diff(agreed, axis=1), 0, 1)
    of_running = np.cumsum(np.where(ends_early[:, None], share, 1.0), axis=1)
    later = np.broadcast_to(after.astype(float), (len(part), len(after)))
    paid_months = np.concatenate([np.zeros((len(part), 1)), of_running, later], axis=1)
    decisions = longest + 1 + np.minimum(np.arange(len(after)) * part.months[:, None], len(after) - 1)
    decided = np.take_along_axis(times, decisions, axis=1)
    reached, until_ahead = ((decided <= until).sum(axis=1) for until in (plan.seen, plan.ahead))
    return Calendar(times, paid_months, longest + 1, reached, until_ahead)


def simulate_contracts(plan: ContractPlan, part: ContractPart, customers: int) -> Contracted:
    """Simulate some contracts of so many customers, whom `part` counts from zero."""
    churn_odds = plan.moved("churn") * (1.0 if plan.churn_odds is None else plan.churn_odds)
    lives = plan.renewals.simulate(plan.renewal_coordinates, part.batch, hazard=plan.hazard, seed=plan.seed, churn_odds=churn_odds)
    calendar = calendar_of(plan, part)
    most = int(calendar.renewals.max(initial=1))
    survived = np.minimum(lives.decision - 1, calendar.renewals[:, None])
    factor = np.ones((len(part), plan.draws, 1))
    if plan.changes is not None:
        factor = plan.changes.simulate(
            plan.change_coordinates, part.batch, renewals=most, valued_on=plan.valued_on, seed=plan.seed, last=survived
        )
    moved_ahead = np.ones((len(part), plan.draws))
    if plan.renewed_amounts is not None:
        factor = factor * plan.renewed_amounts[:, None] ** _year_renewed(part, np.arange(1, most + 1))[:, None]
        moved_ahead = plan.renewed_amounts ** _year_renewed(part, calendar.until_ahead[:, None])
    paid_at = calendar.times if plan.in_advance else day_before(calendar.times)
    found = _pay(
        lives.decision,
        lives.months / 12,
        factor,
        part.customer,
        part.monthly * plan.moved("spend"),
        part.months,
        part.billing,
        calendar.times,
        calendar.paid_months,
        plan.economics.discount_factor(calendar.times),
        paid_at,
        plan.economics.discount_factor(paid_at),
        np.minimum(np.searchsorted(plan.period_ends, paid_at), len(plan.period_ends)),
        calendar.next_one,
        calendar.until_ahead,
        plan.ahead,
        plan.period_ends,
        plan.in_advance,
        customers,
    )
    return Contracted(*found, moved_ahead)


def _year_renewed(part: ContractPart, renewals: np.ndarray) -> np.ndarray:
    """How much of a year so many renewals are for, at most one."""
    return np.asarray(np.minimum(renewals * part.months[:, None] / 12, 1.0))


def day_before(times: np.ndarray) -> np.ndarray:
    """One day earlier, by whole days: a payment on a period's last day must not miss it by rounding."""
    return np.asarray((np.rint(times * DAYS_PER_YEAR) - 1) / DAYS_PER_YEAR)


def _years(days: np.ndarray, since: date) -> np.ndarray:
    return np.asarray((days - np.datetime64(since)).astype(float) / DAYS_PER_YEAR)


def _months_later(days: np.ndarray, months: np.ndarray) -> np.ndarray:
    """The same day of each month, or its last one where it is shorter; dims ``(day, month)``."""
    month = days.astype("datetime64[M]")
    place = days - month.astype("datetime64[D]")
    later = month[:, None] + months.astype("timedelta64[M]")
    last = (later + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    return np.asarray(np.minimum(later.astype("datetime64[D]") + place[:, None], last))


@njit(nogil=True, cache=True)
def _pay(
    decision: np.ndarray,
    ends_within: np.ndarray,
    factor: np.ndarray,
    customer: np.ndarray,
    monthly: np.ndarray,
    months: np.ndarray,
    billing: np.ndarray,
    times: np.ndarray,
    paid_months: np.ndarray,
    factor_at: np.ndarray,
    paid_at: np.ndarray,
    discount: np.ndarray,
    period_of: np.ndarray,
    next_one: int,
    until_ahead: np.ndarray,
    ahead: float,
    period_ends: np.ndarray,
    in_advance: bool,
    customers: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The fields of `Contracted`. Months of the running term are columns from 0 on, later ones from `next_one` on."""
    draws, periods, last_factor = decision.shape[1], len(period_ends), factor.shape[2] - 1
    horizon, columns = period_ends[periods - 1], times.shape[1]
    revenue, discounted = np.zeros((customers, draws, periods)), np.zeros((customers, draws, periods))
    under_contract = np.zeros((customers, draws))
    ends, after_decision, year_ahead = np.zeros(decision.shape), np.zeros(decision.shape), np.zeros(decision.shape)
    for i in range(len(decision)):
        c, term = customer[i], months[i]
        renewed_until_then = until_ahead[i]
        for s in range(draws):
            stops = next_one + (decision[i, s] - 1) * term
            end = min(times[i, stops] if stops < columns else np.inf, ends_within[i, s])
            ends[i, s] = end
            under_contract[c, s] = max(under_contract[c, s], end)
            if end > ahead:
                year_ahead[i, s] = factor[i, s, min(renewed_until_then - 1, last_factor)] if renewed_until_then > 0 else 1.0
            for renewal in range(decision[i, s]):
                amount = monthly[i] * (factor[i, s, min(renewal - 1, last_factor)] if renewal > 0 else 1.0)
                base = next_one + (renewal - 1) * term if renewal > 0 else 0
                if base >= columns or times[i, base] > horizon or (renewal > 0 and times[i, base] >= end):
                    break
                covered = 0
                while covered < term:
                    first = base + covered
                    last = base + min(covered + billing[i], term)
                    if last >= columns or times[i, first] > horizon or times[i, first] >= end:
                        break
                    lasts = paid_months[i, last] - paid_months[i, first]
                    covered += billing[i]
                    at = first if in_advance else last
                    when, worth, period = paid_at[i, at], discount[i, at], period_of[i, at]
                    if not in_advance and end < times[i, last]:
                        share = (end - times[i, first]) / (times[i, last] - times[i, first])
                        lasts *= share
                        when = end
                        worth = factor_at[i, first] * (factor_at[i, last] / factor_at[i, first]) ** share
                        period = 0
                        while period < periods and period_ends[period] < when:
                            period += 1
                    if when <= 0.0 or period >= periods:
                        continue
                    revenue[c, s, period] += amount * lasts
                    discounted[c, s, period] += amount * lasts * worth
                    if renewal > 0:
                        after_decision[i, s] += amount * lasts * worth
    return revenue, discounted, under_contract, ends, after_decision, year_ahead
