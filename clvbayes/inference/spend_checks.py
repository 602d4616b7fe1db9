"""What the data say against the spend models' assumptions: that amounts do not drift, and do not depend on how often a customer buys."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError
from clvbayes.models.hierarchy import Pool, assign_cells

__all__ = ["SpendCheck", "spend_checks"]

FEWEST_MONTHS = 6  # of which a drift can be told
FEWEST_SPENDERS = 20  # customers with repeat amounts, in each half, of whom a difference can be told
CONFIDENCE = 0.95
IDENTIFIED = 1e-9  # of the weight: less is what rounding leaves of nothing


@dataclass(frozen=True)
class SpendCheck:
    """An estimate with its 95 % interval.

    Attributes
    ----------
    check : {"Spend drift", "Spend and frequency"}
    estimate, low, high : float
        Change of amounts, as a share: a year, within cohorts of acquisition; or of the frequent half of repeat buyers against the rarer
        one, within cells.
    slope : float
        Change of log amounts by year, or by log(x + 1) of a customer with x repeat amounts.
    message : str
    """

    check: str
    estimate: float
    low: float
    high: float
    slope: float
    message: str

    @property
    def matters(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def spend_checks(customers: Customers, *, pool: Pool = ()) -> tuple[SpendCheck, ...]:
    """Estimate a drift of amounts over the years, and split repeat buyers by frequency.

    The drift is that of the mean repeat order of a cohort and month, months weighed by orders, with errors that share what each month has
    in common. It is part of no spend model: `Economics.spend_growth` states what the forecast assumes. The split compares mean log amounts
    of customers of the same cell with more and with fewer repeat orders than the median buyer; where they differ,
    ``lognormal(frequency_link=True)`` follows (the independence that Fader, Hardie & Lee 2005, section 3, assume and test).

    Parameters
    ----------
    customers : Customers
    pool : sequence of str or of tuples of str
        Cells within which customers are compared.

    Returns
    -------
    tuple of SpendCheck
        Those of the two that the data can tell; none for an RFM frame, which knows neither months nor single amounts.

    Raises
    ------
    ArgumentError
        If `customers` are none, or `pool` names an unknown column.

    Examples
    --------
    >>> from clvbayes import read_transactions, summarize, synthetic
    >>> customers = summarize(read_transactions(synthetic.company(customers=400, seed=1).orders, is_return="is_return"))
    >>> [found.check for found in spend_checks(customers)]
    ['Spend drift', 'Spend and frequency']
    """
    if not isinstance(customers, Customers):
        raise ArgumentError(f"spend_checks takes what clv.summarize(clv.read_transactions(...)) returns, not {type(customers).__name__}")
    cell = assign_cells(customers, pool).of_customer
    found = (_drift(customers.history), _split(customers, cell))
    return tuple(check for check in found if check is not None)


def _drift(history: pd.DataFrame) -> SpendCheck | None:
    later = history[(history["month"] > history["cohort"]) & (history["revenue"].astype(float) > 0)]
    if later["month"].nunique() < FEWEST_MONTHS:
        return None
    weight, cohort = later["orders"].to_numpy(dtype=float), later["cohort"]
    years = (12 * later["month"].dt.year + later["month"].dt.month).to_numpy(dtype=float) / 12
    years = _within(years, weight, cohort)
    amount = _within(np.log(later["revenue"].to_numpy(dtype=float) / weight), weight, cohort)
    information = float(weight @ years**2)
    if information <= IDENTIFIED * weight.sum():
        return None
    slope = float(weight @ (years * amount)) / information
    scores = pd.Series(weight * years * (amount - slope * years)).groupby(later["month"].to_numpy()).sum()
    months = len(scores)
    error = float(np.sqrt((scores**2).sum() * months / (months - 1))) / information
    return _check(
        "Spend drift",
        slope,
        slope,
        error,
        months - 2,
        "The mean repeat order of customers won in the same month has changed by {estimate:+.1%} a year ({low:+.1%} to {high:+.1%}).",
    )


def _split(customers: Customers, cell: np.ndarray) -> SpendCheck | None:
    statistics = customers.statistics
    count, logs = statistics["spend_count"].to_numpy(dtype=float), statistics["spend_sum_log"].to_numpy(dtype=float)
    spends = count > 0
    if customers.spend_level != "transaction" or spends.sum() < 2 * FEWEST_SPENDERS:
        return None
    count, level, cell = count[spends], logs[spends] / count[spends], cell[spends]
    squares = statistics["spend_sum_log_squared"].to_numpy(dtype=float)[spends]
    frequent = (count > np.median(count)).astype(float)
    if min(frequent.sum(), len(frequent) - frequent.sum()) < FEWEST_SPENDERS:
        return None
    # customers weigh by what their means are worth: variance within over orders, and between
    freedom = max(float((count - 1).sum()), 1.0)
    within = max(float((squares - count * level**2).sum()), 0.0) / freedom
    centred = _within(level, count, cell)
    between = max(float(centred.var()) - within * float((1 / count).mean()), 1e-12)
    weight = 1 / (between + within / count)
    level, half, frequency = (_within(column, weight, cell) for column in (level, frequent, np.log(count + 1)))
    information = float(weight @ half**2)
    if information <= IDENTIFIED * weight.sum():
        return None
    difference = float(weight @ (half * level)) / information
    error = float(np.sqrt(((weight * half * (level - difference * half)) ** 2).sum())) / information
    slope = float(weight @ (frequency * level)) / float(weight @ frequency**2)
    return _check(
        "Spend and frequency",
        difference,
        slope,
        error,
        len(level) - 2,
        "The half of the repeat buyers who order more often spend {estimate:+.1%} on an order, compared with the others"
        " ({low:+.1%} to {high:+.1%}).",
    )


def _within(values: np.ndarray, weight: np.ndarray, group: object) -> np.ndarray:
    """Values less the weighted mean of their group."""
    frame = pd.DataFrame({"group": np.asarray(group), "sum": weight * values, "weight": weight})
    sums = frame.groupby("group")[["sum", "weight"]].transform("sum")
    return np.asarray(values - (sums["sum"] / sums["weight"]).to_numpy())


def _check(check: str, effect: float, slope: float, error: float, freedom: int, message: str) -> SpendCheck:
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, max(freedom, 1))) * error
    estimate, low, high = (float(np.expm1(end)) for end in (effect, effect - reach, effect + reach))
    return SpendCheck(check, estimate, low, high, slope, message.format(estimate=estimate, low=low, high=high))
