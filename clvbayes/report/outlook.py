"""Observed revenue by fiscal period beside the forecast's periods, on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from clvbayes.data import Customers
from clvbayes.report.evidence import Evidence, Floats, draws_of
from clvbayes.report.figures import Line, Timeline
from clvbayes.report.language import words
from clvbayes.valuation.economics import Economics, Period, period_label

__all__ = ["Outlook", "outlook"]

MONTHS = {"quarter": 3, "month": 1}
SETTLED_MONTHS = 12
QUIET_DAYS = 7
TICK_STEPS = {"quarter": (1, 2, 4, 8, 12, 20), "month": (1, 2, 3, 6, 12, 24, 60)}


@dataclass(frozen=True)
class Outlook:
    """What a fan chart shows.

    Attributes
    ----------
    history : tuple of Line
        Revenue of complete fiscal periods: of all customers, and of those acquired at least twelve months before. Empty if not known.
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
    periods, economics, until = evidence.valuation.periods, evidence.valuation.economics, evidence.customers.until
    chosen = [place for place, period in enumerate(periods) if period.complete]
    complete = tuple(periods[place] for place in chosen)
    if until is None or any(period.first_day is None for period in periods):
        positions = tuple(float(place + 1) for place in chosen)
        labels = {place + 1: period.label for place, period in zip(chosen, complete, strict=True)}
        timeline = Timeline(_ticks(labels, economics.period), words.AXIS_PERIODS_AHEAD, 0.5)
        history: tuple[Line, ...] = ()
    else:
        history = _history(evidence.customers, economics, until)
        indices = [_index(period.first_day, economics) for period in complete if period.first_day is not None]
        positions = tuple(float(index) for index in indices)
        seen = [int(position) for line in history for position in line.positions]
        labels = {index: _label(index, economics) for index in sorted({*seen, *indices})}
        title = words.AXIS_FISCAL_QUARTER if economics.period == "quarter" else words.AXIS_FISCAL_MONTH
        timeline = Timeline(_ticks(labels, economics.period), title, _today(until, economics))
    draws = draws_of(evidence, "revenue")[:, chosen]
    return Outlook(history, positions, complete, draws, timeline, tuple(period.label for period in periods if not period.complete))


def _index(day: date, economics: Economics) -> int:
    """Number of the fiscal period that `day` lies in, counted from the year 0."""
    return (12 * day.year + day.month - economics.fiscal_year_start) // MONTHS[economics.period]


def _first_month(index: int, economics: Economics) -> int:
    return index * MONTHS[economics.period] + economics.fiscal_year_start - 1


def _day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _today(until: date, economics: Economics) -> float:
    index = _index(until, economics)
    first, following = (_day(_first_month(place, economics)) for place in (index, index + 1))
    return index - 0.5 + ((until - first).days + 1) / (following - first).days


def _history(customers: Customers, economics: Economics, until: date) -> tuple[Line, ...]:
    history = customers.history
    if history.empty:
        return ()
    months = 12 * history["month"].dt.year + history["month"].dt.month - 1
    cohorts = 12 * history["cohort"].dt.year + history["cohort"].dt.month - 1
    index = (months - (economics.fiscal_year_start - 1)) // MONTHS[economics.period]
    revenue = history["revenue"].astype(float)
    # an extract that begins within a month tells nothing of that month; a few days without orders are no extract's beginning
    first_order = customers.statistics["t0"].min()
    begin = int(months.min())
    begin += 12 * first_order.year + first_order.month - 1 == begin and first_order.day > QUIET_DAYS
    last = _index(until + timedelta(days=1), economics) - 1
    first = next(place for place in range(int(index.min()), int(index.max()) + 2) if _first_month(place, economics) >= begin)
    complete = np.arange(first, last + 1)
    if not complete.size:
        return ()
    starts = index * MONTHS[economics.period] + economics.fiscal_year_start - 1
    everyone = revenue.groupby(index).sum().reindex(complete, fill_value=0.0)
    settled = revenue[cohorts + SETTLED_MONTHS <= starts].groupby(index).sum().reindex(complete, fill_value=0.0)
    # Before the data are twelve months old nobody can have been a customer for twelve months.
    old_enough = np.array([_first_month(int(place), economics) >= begin + SETTLED_MONTHS for place in complete])
    lines = [Line(words.HISTORY_ALL, _floats(complete), _floats(everyone))]
    if old_enough.any():
        lines.append(Line(words.HISTORY_SETTLED, _floats(complete[old_enough]), _floats(settled[old_enough]), quiet=True))
    return tuple(lines)


def _floats(values: Sequence[float] | pd.Series | np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _label(index: int, economics: Economics) -> str:
    return period_label(_day(_first_month(index, economics)), economics)


def _ticks(labels: dict[int, str], period: str) -> tuple[tuple[float, str], ...]:
    """As many labels as have room, at even steps, at the beginning of fiscal years where that is possible."""
    if not labels:
        return ()
    # "2026 Q3" fits seven times below a chart of half the page's width, "2026/27 Q3" five times.
    room = 7 if max(map(len, labels.values())) <= 7 else 5
    indices = range(min(labels), max(labels) + 1)
    step = next((step for step in TICK_STEPS[period] if len(indices) <= room * step), TICK_STEPS[period][-1])
    return tuple((float(index), labels[index]) for index in indices if index % step == 0 and index in labels)
