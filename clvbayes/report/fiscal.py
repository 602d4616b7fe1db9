"""Fiscal periods of the past, counted from the year 0: which of them the order history covers whole."""

from datetime import date, timedelta

import pandas as pd

from clvbayes.data import Customers
from clvbayes.valuation.economics import MONTHS_PER_PERIOD, Economics, period_label

__all__ = [
    "begin_of_history",
    "complete_periods",
    "first_month",
    "index_of_month",
    "label_of_period",
    "month_number",
    "period_index",
    "start_of_month",
]

QUIET_DAYS = 7


def period_index(day: date, economics: Economics) -> int:
    """Number of the fiscal period that `day` lies in."""
    return (12 * day.year + day.month - economics.fiscal_year_start) // MONTHS_PER_PERIOD[economics.period]


def month_number(days: pd.Series) -> pd.Series:
    """Months from the year 0, of timestamps."""
    months: pd.Series = 12 * days.dt.year + days.dt.month - 1
    return months


def index_of_month(months: pd.Series, economics: Economics) -> pd.Series:
    """Numbers of the fiscal periods that hold these months."""
    index: pd.Series = (months - (economics.fiscal_year_start - 1)) // MONTHS_PER_PERIOD[economics.period]
    return index


def first_month(index: int, economics: Economics) -> int:
    """Month, from the year 0, in which a fiscal period begins."""
    return index * MONTHS_PER_PERIOD[economics.period] + economics.fiscal_year_start - 1


def start_of_month(month: int) -> date:
    """First day of a month that is counted from the year 0."""
    return date(month // 12, month % 12 + 1, 1)


def label_of_period(index: int, economics: Economics) -> str:
    """Such as ``2026 Q3``."""
    return period_label(start_of_month(first_month(index, economics)), economics)


def begin_of_history(customers: Customers) -> int:
    """First month, from the year 0, that the history holds whole."""
    # an extract that begins within a month tells nothing of that month; a few days without orders are no extract's beginning
    first_order = customers.statistics["t0"].min()
    begin = int(month_number(customers.history["month"]).min())
    return begin + int(12 * first_order.year + first_order.month - 1 == begin and first_order.day > QUIET_DAYS)


def complete_periods(customers: Customers, economics: Economics) -> range:
    """Numbers of the fiscal periods from the first one that the history holds whole to the last one before the valuation date."""
    if customers.history.empty or customers.until is None:
        return range(0)
    begin = begin_of_history(customers)
    last = period_index(customers.until + timedelta(days=1), economics) - 1
    first = period_index(start_of_month(begin), economics)
    return range(first + int(first_month(first, economics) < begin), last + 1)
