"""Observed revenue by fiscal period beside the forecast's periods, on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from clvbayes.data import Customers, Renewals
from clvbayes.report.evidence import Evidence, Floats, draws_of
from clvbayes.report.figures import Line, Timeline
from clvbayes.report.fiscal import (
    begin_of_history,
    complete_periods,
    first_month,
    index_of_month,
    label_of_period,
    month_number,
    period_index,
    start_of_month,
)
from clvbayes.report.language import translated, words
from clvbayes.valuation.economics import MONTHS_PER_PERIOD, Economics, Period

__all__ = ["Outlook", "named_places", "of_settled", "outlook", "ticks", "today_at", "two_lines"]

SETTLED_MONTHS = 12
TICK_STEPS = {"quarter": (1, 2, 4, 8, 12, 20), "month": (1, 2, 3, 6, 12, 24, 60)}


@dataclass(frozen=True)
class Outlook:
    """What a fan chart shows.

    Attributes
    ----------
    history : tuple of Line
        Revenue of complete fiscal periods: of all customers, and of those acquired at least twelve months before; where there are
        contracts, of orders and contracts, and of contracts alone. Empty if not known.
    positions : tuple of float
        Where the complete periods of the forecast lie.
    periods : tuple of Period
        Those periods.
    draws : ndarray of shape (draws, periods)
        Their revenue.
    timeline : Timeline
    left_out : tuple of str
        Labels of the forecast's partial periods, which are not drawn.
    """

    history: tuple[Line, ...]
    positions: tuple[float, ...]
    periods: tuple[Period, ...]
    draws: Floats
    timeline: Timeline
    left_out: tuple[str, ...]


def outlook(evidence: Evidence) -> Outlook:
    """History and forecast by fiscal period."""
    periods, economics, until = evidence.valuation.periods, evidence.valuation.economics, evidence.until
    chosen = [place for place, period in enumerate(periods) if period.complete]
    complete = tuple(periods[place] for place in chosen)
    if until is None or any(period.first_day is None for period in periods):
        positions = tuple(float(place + 1) for place in chosen)
        labels = {place + 1: period.label for place, period in zip(chosen, complete, strict=True)}
        timeline = Timeline(ticks(labels, economics.period), words.AXIS_PERIODS_AHEAD, 0.5, named_places(labels))
        history: tuple[Line, ...] = ()
    else:
        history = (
            _history_with_contracts(evidence, evidence.renewals, economics) if evidence.renewals else _history(evidence.orders, economics)
        )
        indices = [period_index(period.first_day, economics) for period in complete if period.first_day is not None]
        positions = tuple(float(index) for index in indices)
        seen = [int(position) for line in history for position in line.positions]
        labels = {index: label_of_period(index, economics) for index in sorted({*seen, *indices})}
        title = words.AXIS_FISCAL_QUARTER if economics.period == "quarter" else words.AXIS_FISCAL_MONTH
        timeline = Timeline(ticks(labels, economics.period), title, today_at(until, economics), named_places(labels))
    draws = draws_of(evidence, "revenue")[:, chosen]
    return Outlook(
        history, positions, complete, draws, timeline, tuple(translated(period.label) for period in periods if not period.complete)
    )


def today_at(until: date, economics: Economics) -> float:
    """Where the valuation date lies on an axis of fiscal periods."""
    index = period_index(until, economics)
    first, following = (start_of_month(first_month(place, economics)) for place in (index, index + 1))
    return index - 0.5 + ((until - first).days + 1) / (following - first).days


def _history_with_contracts(evidence: Evidence, renewals: Renewals, economics: Economics) -> tuple[Line, ...]:
    """Revenue of orders and contracts, and of contracts by themselves; of periods of which both are known whole."""
    payments = renewals.payments
    if payments.empty or renewals.until is None:
        return ()
    index = index_of_month(month_number(payments["month"]), economics)
    begin = int(month_number(payments["month"]).min())
    last = period_index(renewals.until + timedelta(days=1), economics) - 1
    complete = [place for place in range(int(index.min()), last + 1) if first_month(place, economics) >= begin]
    contracts = payments["revenue"].astype(float).groupby(index).sum()
    if evidence.customers is None:
        return (Line(words.HISTORY_ALL, _floats(complete), _floats(contracts.reindex(complete))),) if complete else ()
    [of_orders, *_] = _history(evidence.customers, economics) or (Line("", (), ()),)
    orders = dict(zip(of_orders.positions, of_orders.amounts, strict=True))
    both = [place for place in complete if place in orders]
    if not both:
        return ()
    of_contracts = _floats(contracts.reindex(both))
    everything = tuple(orders[place] + amount for place, amount in zip(both, of_contracts, strict=True))
    return Line(words.HISTORY_ALL, _floats(both), everything), Line(words.HISTORY_CONTRACTS, _floats(both), of_contracts, quiet=True)


def _history(customers: Customers, economics: Economics) -> tuple[Line, ...]:
    complete = np.array(complete_periods(customers, economics))
    if not complete.size:
        return ()
    history = customers.history
    index = index_of_month(month_number(history["month"]), economics)
    revenue = history["revenue"].astype(float)
    everyone = revenue.groupby(index).sum().reindex(complete, fill_value=0.0)
    settled = revenue[of_settled(history, economics)].groupby(index).sum().reindex(complete, fill_value=0.0)
    return two_lines(customers, complete, everyone, settled, economics)


def of_settled(history: pd.DataFrame, economics: Economics) -> "pd.Series[bool]":
    """Which rows of a history are of customers won at least twelve months before the fiscal period."""
    index = index_of_month(month_number(history["month"]), economics)
    starts = index * MONTHS_PER_PERIOD[economics.period] + economics.fiscal_year_start - 1
    return month_number(history["cohort"]) + SETTLED_MONTHS <= starts


def two_lines(
    customers: Customers,
    complete: np.ndarray,
    everyone: Sequence[float] | pd.Series,
    settled: Sequence[float] | pd.Series,
    economics: Economics,
) -> tuple[Line, ...]:
    """What is known of all customers in complete periods, and of settled ones from where there can be any."""
    # Before the data are twelve months old nobody can have been a customer for twelve months.
    settled_from = begin_of_history(customers) + SETTLED_MONTHS
    old_enough = np.array([first_month(int(place), economics) >= settled_from for place in complete], dtype=bool)
    lines = [Line(words.HISTORY_ALL, _floats(complete), _floats(everyone))]
    if old_enough.any():
        lines.append(Line(words.HISTORY_SETTLED, _floats(complete[old_enough]), _floats(np.asarray(settled)[old_enough]), quiet=True))
    return tuple(lines)


def named_places(labels: dict[int, str]) -> tuple[tuple[float, str], ...]:
    """Labels by their places on an axis."""
    return tuple((float(place), label) for place, label in labels.items())


def _floats(values: Sequence[float] | pd.Series | np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def ticks(labels: dict[int, str], period: str, *, wide: bool = False) -> tuple[tuple[float, str], ...]:
    """As many labels as have room, at even steps, at the beginning of fiscal years where that is possible."""
    if not labels:
        return ()
    # "2026 Q3" fits seven times below a chart of half the page's width, "2026/27 Q3" five times.
    room = (7 if max(map(len, labels.values())) <= 7 else 5) * (1 + wide)
    indices = range(min(labels), max(labels) + 1)
    step = next((step for step in TICK_STEPS[period] if len(indices) <= room * step), TICK_STEPS[period][-1])
    return tuple((float(index), labels[index]) for index in indices if index % step == 0 and index in labels)
