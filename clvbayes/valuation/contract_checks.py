"""Closed forms of what contracts pay: the mean value by survival and expected changes, against which every valuation checks itself."""

from dataclasses import replace

import numpy as np

from clvbayes.valuation.checks import CHECK_LIMIT, CHECKED_CUSTOMERS, CHECKED_DRAWS, ClosedForms, agreement
from clvbayes.valuation.contract_events import DAY, Calendar, ContractPart, ContractPlan, calendar_of, day_before, simulate_contracts
from clvbayes.valuation.economics import LONGEST_YEARS

__all__ = ["check_contracts", "expected_contracts"]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(6)
REACHED = 200  # contracts of which fifty years are looked at: of monthly ones, six hundred renewals each


def check_contracts(plan: ContractPlan, everyone: ContractPart) -> ClosedForms:
    """Simulate some contracts, chosen by the hash of their id, and compare with closed forms, before costs of service."""
    draws = min(plan.draws, CHECKED_DRAWS * max(1, CHECKED_CUSTOMERS // len(everyone)))
    plan = plan.with_draws(slice(draws))
    some = everyone.rows(np.argsort(everyone.batch.key, kind="stable")[:CHECKED_CUSTOMERS])
    some = replace(some, customer=np.arange(len(some)))
    values = some.margin[:, None] * simulate_contracts(plan, some, len(some)).discounted.sum(axis=2)
    expected = expected_contracts(plan, some)
    parameters, both = float(np.mean(expected.var(axis=1))), float(np.mean(values.var(axis=1)))
    few, looked_at = plan.with_draws(slice(None, None, 4)), some.rows(slice(REACHED))
    ends = {"within": plan.period_ends, "longest": np.array([max(LONGEST_YEARS, plan.horizon)])}
    scale = len(everyone) / len(looked_at)
    sums = {name: float(expected_contracts(replace(few, period_ends=end), looked_at).mean(axis=1).sum()) for name, end in ends.items()}
    return ClosedForms(
        (agreement("Contracts", "value of contracts", values, expected, CHECK_LIMIT),),
        process_share=max(0.0, 1 - parameters / both) if both > 0 else 0.0,
        within=scale * sums["within"],
        longest=scale * sums["longest"],
    )


def expected_contracts(plan: ContractPlan, part: ContractPart) -> np.ndarray:
    """Expected discounted payments within the horizon less what they cost, dims ``(contract, draw)``.

    Each payment is weighed by the probability that its contract has been renewed, given that no notice has been given so far, and not ended
    within a term until then; its amount is
    that of today by the expected changes of the renewals between, on which nothing else depends.
    """
    expected = np.zeros((len(part), plan.draws))
    schedules, of = np.unique(np.stack([part.months, part.billing]), axis=1, return_inverse=True)
    for k in range(schedules.shape[1]):
        rows = np.flatnonzero(of == k)
        expected[rows] = _of_schedule(plan, part.rows(rows))
    return np.asarray(expected * part.margin[:, None])


def _of_schedule(plan: ContractPlan, part: ContractPart) -> np.ndarray:
    """Contracts of one term and one billing period."""
    months, billing, calendar = int(part.months[0]), int(part.billing[0]), calendar_of(plan, part)
    within = calendar.times[:, calendar.next_one :: months] <= plan.horizon
    renewals = int(within.sum(axis=1).max(initial=0))
    factors = np.ones((len(part), 1, max(renewals, 1)))
    if plan.changes is not None and renewals:
        factors = plan.changes.expected_factors(plan.change_coordinates, part.batch, renewals=renewals, valued_on=plan.valued_on)
    coordinates = plan.renewal_coordinates[:, :, part.batch.renewal_cell].transpose(1, 2, 0)
    open_end = ~part.batch.notice[:, None]
    hazard = 12 * plan.hazard * open_end
    survived, announced = part.batch.survived[:, None], part.batch.announced[:, None]
    without_notice = 1 - announced * (1 - plan.renewals.survival(coordinates, survived, 1))
    expected = np.zeros((len(part), plan.draws))
    for renewal in range(renewals + 1):
        base = calendar.next_one + (renewal - 1) * months if renewal else 0
        paid = sum(
            _invoice(plan, calendar, base + covered, base + min(covered + billing, months), hazard) for covered in range(0, months, billing)
        )
        if renewal:
            renewed = plan.renewals.survival(coordinates, survived, renewal) / without_notice
            paid = paid * open_end * renewed * factors[..., renewal - 1]
        expected += part.monthly[:, None] * paid
    return expected


def _invoice(plan: ContractPlan, calendar: Calendar, first: int, last: int, hazard: np.ndarray) -> np.ndarray:
    """Expected discounted months that one invoice is paid for, given all renewals, dims ``(contract, draw)``."""
    opens, closes = calendar.times[:, [first]], calendar.times[:, [last]]
    months = calendar.paid_months[:, [last]] - calendar.paid_months[:, [first]]
    due = opens if plan.in_advance else day_before(closes)
    counts = (due > 0) & (due <= plan.horizon)
    discount = plan.economics.discount_factor
    until_paid = opens if plan.in_advance else closes
    whole = months * counts * discount(due) * np.exp(-hazard * np.maximum(until_paid, 0.0))
    if plan.in_advance:
        return np.asarray(whole)
    lower, upper = np.clip(opens, 0.0, None), np.minimum(closes, plan.horizon)
    half = np.maximum(upper - lower, 0.0) / 2
    ended = np.zeros_like(whole)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        when = lower + half * (1 + node)
        share = (when - opens) / np.maximum(closes - opens, DAY)
        ended += weight * half * hazard * np.exp(-hazard * when) * share * discount(when)
    return np.asarray(whole + months * ended)
