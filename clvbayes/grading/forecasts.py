"""A forecast from one origin by one model, folded and scored: of single customers, of levels, of weeks, and of customers not yet won."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from clvbayes.data import Customers
from clvbayes.grading.scores import Scores, score_draws
from clvbayes.grading.windows import MEASURES, Happened, Newcomers, Origin
from clvbayes.inference import Fit
from clvbayes.models.protocol import Futures
from clvbayes.valuation.discrepancy import Discrepancy
from clvbayes.valuation.economics import DAYS_PER_YEAR, Economics
from clvbayes.valuation.events import Events, Part, Plan, in_order, simulate_events
from clvbayes.valuation.first_orders import bootstrap
from clvbayes.valuation.levels import Levels
from clvbayes.valuation.plans import plan_valuation

__all__ = ["NEXT_AMOUNT", "Forecast", "forecast_existing", "forecast_newcomers", "forecast_totals", "joined", "plan_weeks"]

NEXT_AMOUNT = "next amount"
COUNTED_DRAWS = 200  # of which the probabilities of counts are averaged: of 2,357 customers the mean log score has an error of .0003
TIES, FIRST_ORDERS = 11, 12  # uses of a seed beside the customers' streams


@dataclass(frozen=True)
class Forecast:
    """What a model foresaw of the customers known at an origin, and how it did.

    Attributes
    ----------
    by_level : numpy.ndarray
        Draws, dims ``(measure, horizon, level, draw)``; the first level is the total.
    by_week : numpy.ndarray
        Draws of the total, dims ``(measure, week, draw)``.
    customers : dict
        Scores of single customers by (measure, horizon), and of their next amounts by (NEXT_AMOUNT, longest horizon): of those who had one.
    log_score : numpy.ndarray
        Log probability of the number of orders of each customer, dims ``(horizon, customer)``; the higher the better.
    """

    by_level: np.ndarray
    by_week: np.ndarray
    customers: dict[tuple[str, int], Scores]
    log_score: np.ndarray


@dataclass(frozen=True)
class _Folded:
    """Of a batch: its orders, to be added up, and scores."""

    orders: Events
    scores: dict[tuple[str, int], Scores]
    log_score: np.ndarray


def plan_weeks(
    purchases: Sequence[Fit],
    spend: Fit,
    customers: Customers,
    origin: Origin,
    *,
    spend_growth: float,
    draws: int,
    seed: int,
    discrepancy: Discrepancy | None = None,
    per_week: int = 1,
) -> tuple[Plan, Part]:
    """A plan whose periods are the weeks after an origin, or so many parts of each, up to its longest horizon; money is gross revenue."""
    ends = np.arange(1, origin.weeks[-1] * per_week + 1) * 7 / per_week / DAYS_PER_YEAR
    economics = Economics(1.0, 0.0, float(ends[-1]), spend_growth=spend_growth)
    return plan_valuation(purchases, spend, None, customers, economics, period_ends=ends, draws=draws, seed=seed, discrepancy=discrepancy)


def forecast_totals(plan: Plan, part: Part, origin: Origin, levels: Levels) -> np.ndarray:
    """Draws of what the customers known at an origin will do, dims ``(measure, horizon, level, draw)``; `plan` has weeks for periods."""
    by_level, by_week = _nothing(plan, origin, levels)
    for rows, simulated in in_order(lambda _, some: simulate_events(plan, some), plan.draws, part, plan.memory(part)):
        _add_orders(by_level, by_week, levels, rows, simulated.events[0], origin)
    return by_level


def forecast_existing(plan: Plan, part: Part, origin: Origin, levels: Levels, happened: Happened) -> Forecast:
    """Simulate the customers known at an origin, in batches, and score what was foreseen.

    `plan` has weeks for periods.
    """
    by_level, by_week = _nothing(plan, origin, levels)
    scores: list[dict[tuple[str, int], Scores]] = []
    log_scores = []
    for rows, batch in in_order(lambda rows, some: _fold(plan, some, rows, origin, happened), plan.draws, part, plan.memory(part)):
        _add_orders(by_level, by_week, levels, rows, batch.orders, origin)
        scores.append(batch.scores)
        log_scores.append(batch.log_score)
    of_all = {key: joined([found[key] for found in scores]) for key in scores[0]}
    return Forecast(by_level, by_week, of_all, np.concatenate(log_scores, axis=1))


def _nothing(plan: Plan, origin: Origin, levels: Levels) -> tuple[np.ndarray, np.ndarray]:
    """Sums by level and by week, before anything is added."""
    shapes = ((len(origin.weeks), levels.rows, plan.draws), (origin.weeks[-1], plan.draws))
    by_level, by_week = (np.zeros((len(MEASURES), *shape)) for shape in shapes)
    return by_level, by_week


def _add_orders(by_level: np.ndarray, by_week: np.ndarray, levels: Levels, rows: slice, orders: Events, origin: Origin) -> None:
    of_level = levels.row_of[:, rows]
    _add_up(by_level, by_week, of_level, orders.customer, orders.draw, orders.period, orders.amount, np.array(origin.weeks))


def _fold(plan: Plan, part: Part, rows: slice, origin: Origin, happened: Happened) -> _Folded:
    orders = simulate_events(plan, part).events[0]
    by_customer = np.zeros((len(MEASURES), len(origin.weeks), len(part), plan.draws))
    _add_by_customer(by_customer, orders.customer, orders.draw, orders.period, orders.amount, np.array(origin.weeks))
    random = np.random.default_rng([plan.seed, TIES, rows.start])
    scores = {
        (measure, weeks): score_draws(by_customer[m, h], happened.by_customer[m, h, rows], random)
        for m, measure in enumerate(MEASURES)
        for h, weeks in enumerate(origin.weeks)
    }
    ordered = np.flatnonzero(np.isfinite(happened.next_amount[rows]))
    scores[NEXT_AMOUNT, origin.weeks[-1]] = score_draws(
        _next_amounts(plan, part.rows(ordered)), happened.next_amount[rows][ordered], random
    )
    counts = happened.by_customer[0, :, rows]
    return _Folded(orders, scores, np.stack([_log_score(plan, part, h, n) for h, n in zip(origin.weeks, counts, strict=True)]))


def _next_amounts(plan: Plan, part: Part) -> np.ndarray:
    """Draws of the amount of each customer's next order, dims ``(customer, draw)``; growth of amounts is left out, since it is soon."""
    customer = np.repeat(np.arange(len(part), dtype=np.int32), plan.draws)
    draw = np.tile(np.arange(plan.draws, dtype=np.int32), len(part))
    unused = np.zeros((len(part), plan.draws))
    futures = Futures(customer, draw, np.zeros(len(draw)), unused, unused)
    amounts = plan.spend.simulate(plan.spend_coordinates, part.batch, futures, seed=plan.seed).reshape(len(part), plan.draws)
    return np.asarray(amounts * plan.amount_factors(part))


def _log_score(plan: Plan, part: Part, weeks: int, counts: np.ndarray) -> np.ndarray:
    """Log of the closed-form probability of what happened, averaged over some draws: far from a histogram's zero for rare counts."""
    some = np.linspace(0, plan.draws - 1, min(COUNTED_DRAWS, plan.draws)).astype(int)
    plan = plan.with_draws(some)
    coordinates, known = plan.purchase_coordinates[:, :, part.batch.purchase_cell].transpose(1, 2, 0), plan.known(part)
    horizon = plan.clock.ahead(np.zeros(len(part)), weeks * 7 / DAYS_PER_YEAR * plan.units_per_year, plan.draws, part.batch.group)
    probability = np.empty(len(part))
    for found in (counts == 0, counts > 0):  # none needs no special functions, and most have none
        own = (column[found] for column in known)
        chance = plan.purchases.count_probability(coordinates[:, found], *own, horizon=horizon[found], count=counts[found][:, None])
        probability[found] = chance.mean(axis=1)
    return np.asarray(np.log(np.maximum(probability, 1e-300)))


def joined(parts: list[Scores]) -> Scores:
    """Scores of batches, one after the other."""
    return Scores(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Scores.__dataclass_fields__})


def forecast_newcomers(plan: Plan, part: Part, first_amounts: np.ndarray, newcomers: Newcomers, origin: Origin) -> np.ndarray:
    """Draws of the repeat orders and the revenue of customers won after an origin, given who came and when.

    Parameters
    ----------
    plan, part
        Of the newcomers, who start on the days of their first orders, with days for periods.
    first_amounts : numpy.ndarray
        First orders of the customers known at the origin: they stand for those to come.
    newcomers : Newcomers
    origin : Origin

    Returns
    -------
    numpy.ndarray
        Dims ``(measure, horizon, draw)``.
    """
    draws, seed = plan.draws, plan.seed
    found = np.zeros((len(MEASURES), len(origin.weeks), draws))
    first = bootstrap([first_amounts], [slice(0, 1)], draws, [seed, FIRST_ORDERS])
    relative = first.mean[:, 0] / first_amounts.mean() if first_amounts.any() else np.ones(draws)

    def fold(rows: slice, some: Part) -> np.ndarray:
        orders = simulate_events(plan, some).events[0]
        day = orders.period
        random = np.random.default_rng([seed, FIRST_ORDERS, rows.start])
        opening = first.simulate(0, (len(some), draws), random) * relative * plan.amount_factors(some)
        folded = np.zeros_like(found)
        for h, weeks in enumerate(origin.weeks):
            within = day < 7 * weeks
            folded[0, h] = np.bincount(orders.draw[within], minlength=draws)
            folded[1, h] = np.bincount(orders.draw[within], orders.amount[within], minlength=draws)
            folded[1, h] += opening[newcomers.arrived[rows] <= 7 * weeks].sum(axis=0)
        return folded

    for _, folded in in_order(fold, plan.draws, part, plan.memory(part)):
        found += folded
    return found


@njit(nogil=True, cache=True)
def _add_by_customer(
    by_customer: np.ndarray, customer: np.ndarray, draw: np.ndarray, week: np.ndarray, amount: np.ndarray, weeks: np.ndarray
) -> None:
    for k in range(len(customer)):
        for h in range(len(weeks)):
            if week[k] < weeks[h]:
                by_customer[0, h, customer[k], draw[k]] += 1.0
                by_customer[1, h, customer[k], draw[k]] += amount[k]


@njit(nogil=True, cache=True)
def _add_up(
    by_level: np.ndarray,
    by_week: np.ndarray,
    row_of: np.ndarray,
    customer: np.ndarray,
    draw: np.ndarray,
    week: np.ndarray,
    amount: np.ndarray,
    weeks: np.ndarray,
) -> None:
    """Add orders to the sums by level and by week, in their order, so that batches of any size give the same digits."""
    for k in range(len(customer)):
        s, at = draw[k], week[k]
        by_week[0, at, s] += 1.0
        by_week[1, at, s] += amount[k]
        for h in range(len(weeks)):
            if at < weeks[h]:
                for column in range(len(row_of)):
                    row = row_of[column, customer[k]]
                    by_level[0, h, row, s] += 1.0
                    by_level[1, h, row, s] += amount[k]
