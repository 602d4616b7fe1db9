"""Customers who order in a fiscal quarter: how many did, and how many of today's will."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clvbayes.report.evidence import Evidence, Floats
from clvbayes.report.fiscal import complete_periods, index_of_month, month_number, period_index
from clvbayes.valuation import Economics

__all__ = ["YEAR", "Ahead", "customers_ahead", "customers_seen", "quarterly"]

YEAR = 4  # quarters
BY_PLACE = ("customers", "customers_of_two", "customers_of_three")  # of a month in its quarter


@dataclass(frozen=True)
class Ahead:
    """Foretold customers with orders, of all or of some cohorts.

    Attributes
    ----------
    quarters : tuple of int
        Numbers of the whole fiscal quarters ahead, at least one.
    cohorts : ndarray of int
        Calendar years in which the fiscal years begin in which customers were won.
    customers : ndarray of int
        How many there are, by cohort.
    draws : ndarray of shape (draws, cohorts, quarters)
    """

    quarters: tuple[int, ...]
    cohorts: np.ndarray
    customers: np.ndarray
    draws: np.ndarray

    def of(self, years: Sequence[int] | np.ndarray) -> tuple[int, Floats]:
        """Customers of some cohorts, and how many of them order, dims ``(draw, quarter)``."""
        chosen = np.isin(self.cohorts, list(years))
        return int(self.customers[chosen].sum()), self.draws[:, chosen].sum(axis=1).astype(float)

    def beside(self, quarter: int) -> int:
        """Place of the last quarter that is of the same season as a past one; of the last where none is."""
        alike = [place for place, ahead in enumerate(self.quarters) if (ahead - quarter) % YEAR == 0]
        return alike[-1] if alike else len(self.quarters) - 1


def quarterly(evidence: Evidence) -> tuple[Economics, range]:
    """The economics by quarter, and the numbers of the fiscal quarters that the history holds whole."""
    economics = replace(evidence.valuation.economics, period="quarter")
    return economics, complete_periods(evidence.orders, economics)


def customers_seen(history: pd.DataFrame, quarters: Sequence[int], economics: Economics) -> list[int]:
    """How many of the customers of a history ordered in each quarter, each counted once."""
    if history.empty:
        return [0] * len(quarters)
    months = month_number(history["month"])
    place = (months - (economics.fiscal_year_start - 1)) % len(BY_PLACE)
    counted = history[list(BY_PLACE)].to_numpy(dtype=np.int64)[np.arange(len(history)), place]
    by_quarter = pd.Series(counted).groupby(index_of_month(months, economics).to_numpy()).sum()
    return [int(count) for count in by_quarter.reindex(list(quarters), fill_value=0)]


def customers_ahead(evidence: Evidence, economics: Economics) -> Ahead | None:
    """What the draws say; None where they do not, since no days are known or no quarter lies within the horizon."""
    ordering = evidence.valuation.ordering
    if ordering is None:
        return None
    days = pd.DatetimeIndex(ordering["quarter"].to_numpy())
    return Ahead(
        quarters=tuple(period_index(day.date(), economics) for day in days),
        cohorts=ordering["cohort"].to_numpy(),
        customers=ordering["customers"].to_numpy(),
        draws=ordering.transpose("draw", "cohort", "quarter").to_numpy(),
    )
