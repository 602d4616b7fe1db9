"""How many customers order in each fiscal quarter ahead, by the fiscal year in which they were won."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numba import njit

from clvbayes.data import Customers
from clvbayes.valuation.economics import Economics, Period, fiscal_periods, fiscal_year
from clvbayes.valuation.events import Simulated

__all__ = ["OrderingSums", "add_ordering", "no_ordering", "ordering_of"]

NOT_COUNTED = -1


@dataclass(frozen=True)
class OrderingSums:
    """Customers with an order while they are added up.

    Attributes
    ----------
    counts : numpy.ndarray of int32
        Dims ``(draw, cohort, quarter)``.
    cohorts : numpy.ndarray of int
        Calendar years in which the fiscal years begin.
    cohort_of : numpy.ndarray of int
        Place of each customer's cohort.
    quarters : tuple of Period
        The whole ones of the horizon.
    quarter_of : numpy.ndarray of int
        Place of each period's quarter; -1 of what belongs to none.
    """

    counts: np.ndarray
    cohorts: np.ndarray
    cohort_of: np.ndarray
    quarters: tuple[Period, ...]
    quarter_of: np.ndarray


def no_ordering(customers: Customers | None, economics: Economics, periods: tuple[Period, ...], draws: int) -> OrderingSums | None:
    """Nothing added up yet; None where no day of an order is known, or the horizon holds no whole fiscal quarter."""
    if customers is None or customers.until is None or customers.statistics["t0"].isna().any():
        return None
    quarters = tuple(period for period in fiscal_periods(replace(economics, period="quarter"), customers.until) if period.complete)
    if not quarters:
        return None
    won = fiscal_year(customers.statistics["t0"], economics.fiscal_year_start)
    cohorts, cohort_of = np.unique(won.to_numpy(dtype=np.int64), return_inverse=True)
    inside = [[quarter.start <= period.start and period.end <= quarter.end for quarter in quarters] for period in periods]
    quarter_of = np.array([places.index(True) if any(places) else NOT_COUNTED for places in inside])
    return OrderingSums(np.zeros((draws, len(cohorts), len(quarters)), np.int32), cohorts, cohort_of, quarters, quarter_of)


def add_ordering(sums: OrderingSums, found: Simulated, rows: slice) -> None:
    """Add the customers of a batch, `rows` of all of them."""
    orders = found.events[0]
    _count(sums.counts, sums.cohort_of[rows], sums.quarter_of, orders.customer, orders.draw, orders.period)


def ordering_of(sums: OrderingSums) -> xr.DataArray:
    """The counts with their names."""
    coords = {
        "draw": np.arange(len(sums.counts)),
        "cohort": sums.cohorts,
        "quarter": np.array([quarter.first_day for quarter in sums.quarters], dtype="datetime64[s]"),
        "customers": ("cohort", np.bincount(sums.cohort_of)),
    }
    return xr.DataArray(sums.counts, dims=("draw", "cohort", "quarter"), coords=coords, name="ordering", attrs={"kind": "predictive"})


@njit(nogil=True, cache=True)
def _count(
    counts: np.ndarray, cohort_of: np.ndarray, quarter_of: np.ndarray, customer: np.ndarray, draw: np.ndarray, period: np.ndarray
) -> None:
    """Count each customer once a draw and quarter; orders are in the order of customer, draw and time."""
    customer_before, draw_before, quarter_before = -1, -1, -1
    for k in range(len(customer)):
        i, s, quarter = customer[k], draw[k], quarter_of[period[k]]
        if quarter >= 0 and (quarter != quarter_before or i != customer_before or s != draw_before):
            counts[s, cohort_of[i], quarter] += 1
        customer_before, draw_before, quarter_before = i, s, quarter
