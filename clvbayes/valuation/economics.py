"""What an order is worth to the company, and when: margin, discounting, horizon, fiscal periods."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from clvbayes.errors import ArgumentError

__all__ = ["Economics", "Period", "fiscal_periods"]

MONTHS_PER_PERIOD = {"quarter": 3, "month": 1}


@dataclass(frozen=True)
class Economics:
    """Assumptions that turn orders into value.

    Parameters
    ----------
    margin : float
        Contribution per unit of revenue, above 0 and at most 1.
    discount_rate : float
        Effective rate per year, at least 0 and below 1.
    horizon : float
        Years after the valuation date that count, above 0 and at most 50.
    period : {"quarter", "month"}
        Length of the fiscal periods reported.
    fiscal_year_start : int
        Month in which the fiscal year begins, 1 to 12.
    currency : str, optional
        Code of the currency; taken from the data where it is not given.

    Raises
    ------
    ArgumentError
        If a number lies outside its range.

    Examples
    --------
    >>> Economics(margin=0.35, discount_rate=0.09, horizon=3).discount_factor(1.0)
    0.9174...
    """

    margin: float
    discount_rate: float
    horizon: float
    period: Literal["quarter", "month"] = "quarter"
    fiscal_year_start: int = 1
    currency: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 1:
            raise ArgumentError(f"margin must be a share above 0 and at most 1, not {self.margin!r} (35 % is 0.35)")
        if not 0 <= self.discount_rate < 1:
            raise ArgumentError(f"discount_rate must be a yearly rate of at least 0 and below 1, not {self.discount_rate!r} (9 % is 0.09)")
        if not 0 < self.horizon <= 50:
            raise ArgumentError(f"horizon must be a number of years above 0 and at most 50, not {self.horizon!r}")
        if self.period not in MONTHS_PER_PERIOD:
            raise ArgumentError(f'period must be "quarter" or "month", not {self.period!r}')
        if self.fiscal_year_start not in range(1, 13):
            raise ArgumentError(f"fiscal_year_start must be a month from 1 to 12, not {self.fiscal_year_start!r}")

    def discount_factor(self, years: float) -> float:
        """Value today of one unit of money in `years` years."""
        return float((1 + self.discount_rate) ** -years)


@dataclass(frozen=True)
class Period:
    """One fiscal period, or the part of it that lies within the horizon.

    Attributes
    ----------
    label : str
        Such as ``2026 Q3``; a period cut by the valuation date or the horizon ends in ``(part)``. Without a valuation date: ``+1``, ``+2``, ...
    start, end : float
        Years after the valuation date.
    first_day, last_day : datetime.date or None
        Both inclusive; unknown without a valuation date.
    complete : bool
        Whether the fiscal period lies wholly within the horizon.
    """

    label: str
    start: float
    end: float
    first_day: date | None
    last_day: date | None
    complete: bool
