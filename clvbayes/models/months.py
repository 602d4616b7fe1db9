"""Time and orders by month of the year."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from clvbayes.data import DAYS_PER_UNIT, Customers, TimeUnit

__all__ = ["month_shares", "time_by_month"]

MONTHS = 12


def time_by_month(until: date, unit: TimeUnit, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """How much of a span of the past lies in each month of the year, dims ``(span, month)``.

    Parameters
    ----------
    until : datetime.date
        The valuation date: the end of this day is where time is counted from.
    unit : {"day", "week", "month", "quarter", "year"}
    start, stop : numpy.ndarray
        How long before its end each span begins and ends, in `unit`; `start` is the larger one.

    Returns
    -------
    numpy.ndarray
        In `unit`; each row adds up to `start - stop`.

    Examples
    --------
    >>> found = time_by_month(date(2026, 2, 10), "day", np.array([30.0]), np.array([0.0]))
    >>> found[0, :3].tolist()
    [20.0, 10.0, 0.0]
    """
    days = DAYS_PER_UNIT[unit]
    longest = int(np.ceil(start.max() * days)) if len(start) else 0
    # day k before the end is the one that ends k days before it
    month = pd.DatetimeIndex([until - timedelta(days=k) for k in range(longest + 1)]).month.to_numpy() - 1
    passed = np.zeros((longest + 2, MONTHS))
    np.cumsum(np.eye(MONTHS)[month], axis=0, out=passed[1:])
    edges = np.arange(longest + 2)
    spans = [np.interp(start * days, edges, of_month) - np.interp(stop * days, edges, of_month) for of_month in passed.T]
    return np.stack(spans, axis=1) / days


def month_shares(customers: Customers) -> np.ndarray:
    """Share of the base's repeat orders that fell into each month of the year."""
    history = customers.history
    repeats = history.groupby(history["month"].dt.month)["orders"].sum().reindex(range(1, MONTHS + 1), fill_value=0).to_numpy(dtype=float)
    repeats -= np.bincount(customers.statistics["t0"].dt.month - 1, minlength=MONTHS)
    return np.asarray(repeats / repeats.sum())
