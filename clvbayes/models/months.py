"""Time and orders by month of the year, or by month of the history."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from clvbayes.data import DAYS_PER_UNIT, Customers, TimeUnit

__all__ = ["MONTHS", "month_ends", "month_shares", "months_seen", "time_by_month"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def time_by_month(until: date, unit: TimeUnit, start: np.ndarray, stop: np.ndarray, history: int | None = None) -> np.ndarray:
    """How much of a span of the past lies in each month, dims ``(span, month)``.

    Parameters
    ----------
    until : datetime.date
        The valuation date: the end of this day is where time is counted from.
    unit : {"day", "week", "month", "quarter", "year"}
    start, stop : numpy.ndarray
        How long before its end each span begins and ends, in `unit`; `start` is the larger one.
    history : int, optional
        Number of months, the last one that of `until`; without it, months of the year.

    Returns
    -------
    numpy.ndarray
        In `unit`; each row adds up to `start - stop`.

    Examples
    --------
    >>> found = time_by_month(date(2026, 2, 10), "day", np.array([30.0]), np.array([0.0]))
    >>> found[0, :3].tolist()
    [20.0, 10.0, 0.0]
    >>> time_by_month(date(2026, 2, 10), "day", np.array([30.0]), np.array([0.0]), history=2).tolist()
    [[20.0, 10.0]]
    """
    days = DAYS_PER_UNIT[unit]
    longest = int(np.ceil(start.max() * days)) if len(start) else 0
    # day k before the end is the one that ends k days before it
    place = _place(pd.DatetimeIndex([until - timedelta(days=k) for k in range(longest + 1)]), until, history)
    passed = np.zeros((longest + 2, len(MONTHS) if history is None else history))
    np.cumsum(np.eye(passed.shape[1])[place], axis=0, out=passed[1:])
    edges = np.arange(longest + 2)
    spans = [np.interp(start * days, edges, of_month) - np.interp(stop * days, edges, of_month) for of_month in passed.T]
    return np.stack(spans, axis=1) / days


def month_shares(customers: Customers, history: int | None = None) -> np.ndarray:
    """Share of the base's repeat orders that fell into each month, as in `time_by_month`."""
    orders, t0 = customers.history, customers.statistics["t0"]
    assert customers.until is not None
    size = len(MONTHS) if history is None else history
    placed = _place(pd.DatetimeIndex(orders["month"]), customers.until, history)
    repeats = np.bincount(placed, orders["orders"].to_numpy(dtype=float), minlength=size)
    repeats -= np.bincount(_place(pd.DatetimeIndex(t0), customers.until, history), minlength=size)
    return np.asarray(repeats / max(repeats.sum(), 1.0))


def months_seen(customers: Customers) -> int:
    """Number of months from the first order's to the valuation date's."""
    until, first = customers.until, customers.statistics["t0"].min()
    assert until is not None
    return int(12 * (until.year - first.year) + until.month - first.month + 1)


def month_ends(until: date, days: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the months after the valuation date, in days after it, the first of them zero, until `days` have passed; and which months of
    the year they are, from zero."""
    ends: list[float] = [0.0]
    months: list[int] = []
    first = until + timedelta(days=1)
    while ends[-1] < days or not months:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        ends.append(float((following - until - timedelta(days=1)).days))
        months.append(first.month - 1)
        first = following
    return np.array(ends), np.array(months)


def _place(dates: pd.DatetimeIndex, until: date, history: int | None) -> np.ndarray:
    """Index of each date's month; what is older than the history counts as its first month."""
    months: np.ndarray = np.asarray(12 * dates.year + dates.month)
    if history is None:
        return (months - 1) % 12
    return np.asarray(np.maximum(months - (12 * until.year + until.month) + history - 1, 0))
