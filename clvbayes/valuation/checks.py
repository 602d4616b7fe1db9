"""Whether a simulation agrees with closed forms: every valuation checks itself, on some customers and draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.inference import CheckResult
from clvbayes.models.pace import STEADY_PACE
from clvbayes.valuation.economics import LONGEST_YEARS
from clvbayes.valuation.events import Part, Plan, simulate_events, values_of

__all__ = [
    "CHECKED_CUSTOMERS",
    "CHECKED_DRAWS",
    "CHECK_LIMIT",
    "ClosedForms",
    "EachOrder",
    "agreement",
    "beyond_horizon",
    "check_simulation",
    "check_sums",
    "each_order",
    "expected_discounted_orders",
    "returned_share",
]

CHECKED_CUSTOMERS, CHECKED_DRAWS = 1_000, 40  # more draws of fewer: with 40 draws of 120 customers one standard error was 9 % of the value
CHECK_LIMIT = 4.0  # standard errors; a right simulation fails once in 16,000 runs
SPREAD_LIMIT = 6.0  # the same of squares, whose few largest ones make normal bounds too narrow
SQUARES_NEED = 5.0  # moments of an amount: the standard error of a square is that of the fourth, and a sample shows it where more exist
SUMS_LIMIT = 1e-9  # relative; sums in another order differ in their last digits
LATENTS = 20  # of each checked customer and draw, to average closed second moments over


@dataclass(frozen=True)
class ClosedForms:
    """What closed forms say of the orders, or of the contracts, of a valuation.

    Attributes
    ----------
    checks : tuple of CheckResult
        Whether the simulation agrees, in the mean and in the spread.
    process_share : float
        Of the variance of single customers' values, the share that would stay if the parameters were known.
    within, longest : float
        Expected value within the horizon, and until fifty years ahead, before costs of service; of some, brought to all.
    """

    checks: tuple[CheckResult, ...]
    process_share: float
    within: float
    longest: float


@dataclass(frozen=True)
class EachOrder:
    """Closed-form moments of one order's contribution, dims ``(customer, draw)``: `earned` grows with amounts, `costs` do not."""

    earned: np.ndarray
    costs: np.ndarray
    square: np.ndarray
    product: np.ndarray


def check_simulation(plan: Plan, everyone: Part) -> ClosedForms:
    """Simulate some customers, chosen by the hash of their id, and compare with closed forms.

    Costs of service have no closed form, and refunds of past orders are no futures: both are left out on both sides.
    """
    draws = min(plan.draws, CHECKED_DRAWS * max(1, CHECKED_CUSTOMERS // len(everyone)))
    plan = plan.with_draws(slice(draws))
    some = everyone.rows(np.argsort(everyone.batch.key, kind="stable")[:CHECKED_CUSTOMERS])
    nothing = np.zeros(len(some))
    some = replace(some, service_cost=nothing, pending_amount=nothing)
    values = values_of(plan, some, simulate_events(plan, some).events)
    each = each_order(plan, some)
    expected = _expected_values(plan, some, each, plan.horizon)
    moments = _discounted_moments(plan, some)
    square = moments[1] * each.square + moments[2] * each.product
    # the closed mean, not that of the few latent states, whose noise would count as the parameters'
    one_rate = len(set(plan.economics.rates)) == 1 and plan.economics.spend_growth == 0 and plan.clock is STEADY_PACE
    mean = expected if one_rate else expected * _ratio(float((moments[0] * (each.earned - each.costs)).sum()), float(expected.sum()))
    process, parameters = float(np.mean(square - mean**2)), float(np.mean(mean.var(axis=1)))
    checks = [agreement("Simulation", "value", values, expected, CHECK_LIMIT)]
    light = _light_tailed(plan, some)
    if one_rate and light.any():
        checks.append(agreement("Spread", "squared value", values[light] ** 2, square[light], SPREAD_LIMIT))
    return ClosedForms(
        tuple(checks),
        process_share=process / (process + parameters) if process > 0 else 0.0,
        **_reach(plan, some, len(everyone) / len(some)),
    )


def _light_tailed(plan: Plan, part: Part) -> np.ndarray:
    """Where the tail of amounts is light enough that a sample shows the spread of values; dims ``(customer, draw)``."""
    spend = plan.spend_coordinates[:, :, part.batch.spend_cell].transpose(1, 2, 0)
    return np.asarray(plan.spend.finite_moments(spend, part.batch.spend_count[:, None]) > SQUARES_NEED)


def beyond_horizon(parts: Sequence[ClosedForms]) -> float:
    """Share of the expected value until fifty years ahead that lies beyond the horizon; missing where money is lost."""
    within, longest = sum(part.within for part in parts), sum(part.longest for part in parts)
    return 1 - within / longest if 0 <= within <= longest and longest > 0 else np.nan


def _ratio(at_mean_rate: float, expected: float) -> float:
    """Of a curve of rates, or growing amounts: second moments are taken at one rate, and means are brought to the same."""
    return at_mean_rate / expected if expected else 1.0


def _reach(plan: Plan, part: Part, scale: float) -> dict[str, float]:
    """From every fourth draw alone: a share needs no more."""
    few = plan.with_draws(slice(None, None, 4))
    each = each_order(few, part)
    ends = {"within": plan.horizon, "longest": max(LONGEST_YEARS * plan.units_per_year, plan.horizon)}
    return {name: scale * float(_expected_values(few, part, each, end).mean(axis=1).sum()) for name, end in ends.items()}


def check_sums(customers: pd.DataFrame, total: xr.DataArray, cash: Mapping[str, xr.DataArray]) -> CheckResult:
    """Whether the sum over customers, and over the levels of each column, is the total."""
    value = total.sel(component="value").sum("period")
    scale = max(float(abs(value).max()), 1e-300)
    off = abs(float(customers["value_mean"].sum()) - float(value.mean())) / scale
    for levels in cash.values():
        off = max(off, float(abs(levels.sum("level") - total).max()) / scale)
    message = f"Customers and levels add up to the total, to {off:.0e} of it (limit {SUMS_LIMIT:.0e})."
    if off < SUMS_LIMIT:
        return CheckResult("Sums", "ok", message)
    return CheckResult("Sums", "failed", message.replace("add up", "do not add up"), "Report this as a defect of clvbayes.")


def expected_discounted_orders(
    plan: Plan, coordinates: np.ndarray, known: tuple[np.ndarray, ...], group: np.ndarray, horizon: float, *, growing: bool
) -> np.ndarray:
    """Closed form, a year of the discount curve after the other; where `growing`, of amounts that rise with `spend_growth`.

    `coordinates` has dims ``(coordinate, ...)``, broadcast against `known`: frequency, recency and T; `group` is that of
    each customer, whose dim is the first.
    """
    growth = np.log1p(plan.economics.spend_growth) if growing else 0.0
    log_rates = np.log1p(plan.economics.rates)
    total: np.ndarray | float = 0.0
    for year, log_rate in enumerate(log_rates):
        begins = year * plan.units_per_year
        end = horizon if year == len(log_rates) - 1 else min((year + 1) * plan.units_per_year, horizon)
        if begins >= end:
            break
        discount = float(log_rate - growth) / plan.units_per_year

        def until(time: float, discount: float = discount) -> np.ndarray:
            if plan.clock is STEADY_PACE:
                return plan.purchases.expected_discounted_orders(coordinates, *known, horizon=time, discount=discount)
            ahead = plan.clock.ahead(np.zeros(len(group)), time, plan.draws, group)
            return plan.purchases.expected_discounted_orders(
                coordinates, *known, horizon=ahead, discount=discount, calendar=partial(_calendar, plan, group)
            )

        within = until(end) - (until(begins) if year else 0.0)
        total = total + within * plan.economics.discount_factor(float(year)) * np.exp(log_rate * year)
    return np.asarray(total)


def _calendar(plan: Plan, group: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """When so much operational time has passed, dims (customer, draw, node)."""
    draw, of = np.arange(plan.draws)[:, None], group[:, None, None]
    draws, groups = (np.ascontiguousarray(np.broadcast_to(values, passed.shape)).ravel() for values in (draw, of))
    return plan.clock.calendar(np.ascontiguousarray(passed).ravel(), draws, np.zeros(passed.size), groups).reshape(passed.shape)


def each_order(plan: Plan, part: Part) -> EachOrder:
    batch, paid = part.batch, plan.paid_share
    spend = plan.spend_coordinates[:, :, batch.spend_cell].transpose(1, 2, 0)
    mean, square, product = plan.spend.amount_moments(spend, *(column[:, None] for column in _spend_known(batch)))
    factor = plan.amount_factors(part)
    mean, square, product = mean * factor, square * factor**2, product * factor**2
    back, back_twice = returned_share(plan, part)
    margin, cost, handling = (column[:, None] for column in (part.margin, part.order_cost, part.return_cost))
    kept_twice = 1 - 2 * back + back_twice
    paid_mean = margin * mean * (1 - back) - handling * back
    paid_square = (1 - back) * (margin**2 * square - 2 * margin * mean * cost + cost**2) + back * (cost + handling) ** 2
    paid_product = margin**2 * product * kept_twice - 2 * margin * mean * handling * (back - back_twice) + handling**2 * back_twice
    return EachOrder(
        earned=paid * margin * mean * (1 - back),
        costs=cost + paid * handling * back,
        square=(1 - paid) * cost**2 + paid * paid_square,
        product=paid**2 * paid_product - 2 * cost * paid * paid_mean + cost**2,
    )


def returned_share(plan: Plan, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Expectations of each customer's share that comes back and of its square, dims ``(customer, draw)``."""
    if plan.returns is None:
        return np.zeros((len(part), 1)), np.zeros((len(part), 1))
    batch = part.batch
    coordinates = plan.returns_coordinates[:, :, batch.returns_cell].transpose(1, 2, 0)
    known = (batch.return_trials, batch.return_touched, batch.return_parts, batch.return_part)
    return plan.returns.share_moments(coordinates, *(column[:, None] for column in known))


def _expected_values(plan: Plan, part: Part, each: EachOrder, horizon: float) -> np.ndarray:
    coordinates, known = plan.purchase_coordinates[:, :, part.batch.purchase_cell].transpose(1, 2, 0), plan.known(part)
    group = part.batch.group
    orders = expected_discounted_orders(plan, coordinates, known, group, horizon, growing=False)
    growing = expected_discounted_orders(plan, coordinates, known, group, horizon, growing=True) if plan.economics.spend_growth else orders
    return np.asarray(growing * each.earned - orders * each.costs)


def _discounted_moments(plan: Plan, part: Part) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At the mean discount rate of a curve, dims ``(customer, draw)``."""
    batch = part.batch
    log_rates = np.log1p(plan.economics.rates) - np.log1p(plan.economics.spend_growth)
    return plan.purchases.discounted_moments(
        plan.purchase_coordinates[:, :, batch.purchase_cell].transpose(1, 2, 0),
        *plan.known(part),
        horizon=plan.clock.ahead(np.zeros(len(part)), plan.horizon, plan.draws, batch.group),
        discount=float(log_rates.mean()) / plan.units_per_year,
        latents=LATENTS,
        random=np.random.default_rng([plan.seed, len(part)]),
    )


def _spend_known(batch: object) -> tuple[np.ndarray, ...]:
    return tuple(getattr(batch, name) for name in ("spend_count", "spend_sum", "spend_sum_log"))


def agreement(check: str, what: str, simulated: np.ndarray, expected: np.ndarray, limit: float) -> CheckResult:
    """Simulated less expected is independent over customers and draws, and of mean zero if the simulation is right."""
    error = np.sqrt(np.square(simulated - expected).sum())
    off = simulated.sum() - expected.sum()
    z = off / error if error > 0 else 0.0
    difference = off / abs(expected.sum()) if expected.any() else 0.0
    message = f"Simulated and closed-form {what} differ by {difference:+.1%}, {z:+.1f} standard errors (limit {limit:.0f})."
    if abs(z) < limit:
        return CheckResult(check, "ok", message)
    return CheckResult(check, "failed", message, "Report this as a defect of clvbayes.")
