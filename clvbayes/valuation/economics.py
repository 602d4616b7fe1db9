"""What an order is worth to the company, and when: margin, discounting, horizon, fiscal periods."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import pandas as pd

from clvbayes.errors import ArgumentError

__all__ = [
    "MONTHS_PER_PERIOD",
    "ByLevel",
    "Economics",
    "Period",
    "fiscal_periods",
    "fiscal_year_label",
    "period_containing",
    "period_label",
]

ByLevel = float | Mapping[str, Mapping[str, float]]

BY_LEVEL = ("margin", "order_cost", "service_cost", "return_cost", "acquisition_cost", "conversion")
MONTHS_PER_PERIOD = {"quarter": 3, "month": 1}
DAYS_PER_YEAR = 365.25
LONGEST_YEARS = 50.0  # no horizon is longer, and nothing is ever summed to infinity


@dataclass(frozen=True)
class Economics:
    """Assumptions that turn orders into value.

    Parameters
    ----------
    margin : float or mapping
        Contribution per unit of revenue, above 0 and at most 1: one number, or ``{column: {level: number}}`` for the levels of one segment
        column.
    discount_rate : float or mapping
        Effective rate per year, at least 0 and below 1: one number, or ``{1: rate, 2: rate, ...}`` by year after the valuation date; the
        last one goes on.
    horizon : float
        Years after the valuation date that count, above 0 and at most 50.
    period : {"quarter", "month"}
        Length of the fiscal periods reported.
    fiscal_year_start : int
        Month in which the fiscal year begins, 1 to 12.
    order_cost : float or mapping
        Cost of each order, free ones too, in units of the currency, at least 0; one number or by level.
    service_cost : float or mapping
        Cost of each fiscal period in which a customer orders, due with its first order; at least 0; one number or by level.
    return_cost : float or mapping
        Cost of handling each order that comes back, at least 0; of one that comes back in part, that part of it. One number or by level.
    acquisition_cost : float or mapping, optional
        Cost of winning one customer, at least 0; one number or by level. It lowers nobody's residual value: it has been paid.
    conversion : float or mapping, optional
        Share of the contacts paid for that become customers, above 0 and at most 1; one number or by level. It turns what a customer may
        cost into what a contact may cost.
    spend_growth : float
        By what share amounts rise a year from the valuation date on, above -0.5 and below 0.5; 0 leaves them as the spend model has them.
    currency : str, optional
        Code of the currency; taken from the data where it is not given.

    Raises
    ------
    ArgumentError
        If a number lies outside its range, or a mapping is neither by level of one column nor by year.

    Examples
    --------
    >>> round(Economics(margin=0.35, discount_rate=0.09, horizon=3).discount_factor(1.0), 4)
    np.float64(0.9174)
    >>> curve = Economics(margin={"industry": {"Retail": 0.2, "Health": 0.4}}, discount_rate={1: 0.03, 2: 0.05}, horizon=3)
    >>> round(curve.discount_factor(3.0), 4)
    np.float64(0.8806)
    """

    margin: ByLevel
    discount_rate: float | Mapping[int, float]
    horizon: float
    period: Literal["quarter", "month"] = "quarter"
    fiscal_year_start: int = 1
    order_cost: ByLevel = 0.0
    service_cost: ByLevel = 0.0
    return_cost: ByLevel = 0.0
    acquisition_cost: ByLevel | None = None
    conversion: ByLevel | None = None
    spend_growth: float = 0.0
    currency: str | None = None

    def __post_init__(self) -> None:
        # copies in plain numbers: nobody changes them behind this object's back, and they can be saved
        checked = {
            "margin": _checked("margin", self.margin, lambda number: 0 < number <= 1, "a share above 0 and at most 1", "(35 % is 0.35)")
        }
        for name in ("order_cost", "service_cost", "return_cost", "acquisition_cost"):
            if name != "acquisition_cost" or self.acquisition_cost is not None:
                checked[name] = _checked(name, getattr(self, name), lambda number: 0 <= number < math.inf, "an amount of at least 0", "")
        if self.conversion is not None:
            checked["conversion"] = _checked(
                "conversion", self.conversion, lambda share: 0 < share <= 1, "a share above 0 and at most 1", "(2 % is 0.02)"
            )
        if not (_is_number(self.spend_growth) and -0.5 < self.spend_growth < 0.5):
            raise ArgumentError(f"spend_growth must be a yearly rate above -0.5 and below 0.5, not {self.spend_growth!r} (2 % is 0.02)")
        for name, number in {**checked, "discount_rate": _checked_rate(self.discount_rate)}.items():
            object.__setattr__(self, name, number)
        if not (_is_number(self.horizon) and 0 < self.horizon <= 50):
            raise ArgumentError(f"horizon must be a number of years above 0 and at most 50, not {self.horizon!r}")
        if self.period not in tuple(MONTHS_PER_PERIOD):
            raise ArgumentError(f'period must be "quarter" or "month", not {self.period!r}')
        if not (isinstance(self.fiscal_year_start, Integral) and _is_number(self.fiscal_year_start) and 1 <= self.fiscal_year_start <= 12):
            raise ArgumentError(f"fiscal_year_start must be a month from 1 to 12, not {self.fiscal_year_start!r}")

    @property
    def rates(self) -> tuple[float, ...]:
        """Effective discount rates of the years after the valuation date, at least one; the last one goes on."""
        curve = self.discount_rate
        return tuple(curve[year] for year in range(1, len(curve) + 1)) if isinstance(curve, Mapping) else (curve,)

    def discount_factor(self, years: Any) -> Any:
        """Value today of one unit of money in `years` years, a number or an array of them."""
        log_rates = np.log1p(self.rates)
        if len(log_rates) == 1:
            return np.exp(-log_rates[0] * years)
        year = np.minimum(np.asarray(years, dtype=np.int64), len(log_rates) - 1)
        until_year = np.concatenate([[0.0], np.cumsum(log_rates)[:-1]])
        return np.exp(-(until_year[year] + (years - year) * log_rates[year]))

    def spend_factor(self, years: Any) -> Any:
        """How much larger amounts are in `years` years than at the valuation date, a number or an array of them."""
        return np.exp(np.log1p(self.spend_growth) * years) if self.spend_growth else 1.0

    def require_levels(self, segments: pd.DataFrame) -> None:
        """Refuse assumptions by level that do not fit these segments; see `of_customers`."""
        for name in BY_LEVEL:
            if getattr(self, name) is not None:
                self.of_customers(name, segments)

    def of_customers(self, name: str, segments: pd.DataFrame) -> np.ndarray:
        """An assumption, one of those that may be given by level, for each row of `segments`.

        Raises
        ------
        ArgumentError
            If it is given by a column that there is not, or not for a level that occurs.
        """
        given: ByLevel = getattr(self, name)
        if not isinstance(given, Mapping):
            return np.full(len(segments), float(given))
        [(column, by_level)] = given.items()
        if column not in segments.columns:
            known = ", ".join(map(repr, segments.columns)) or "none"
            raise ArgumentError(f"{name} is given by {column!r}, which is no segment of these customers; they have {known}")
        if missing := sorted(set(segments[column]) - set(by_level), key=str):
            raise ArgumentError(f"{name} is given by {column!r}, but not for {', '.join(map(repr, missing))}")
        return segments[column].map(by_level).to_numpy(dtype=float)


def _checked(name: str, given: object, fits: Callable[[Any], bool], what: str, hint: str) -> float | dict[str, dict[str, float]]:
    """A number, or numbers by the levels of one column, within their range."""
    if isinstance(given, Mapping):
        if len(given) != 1 or not all(isinstance(by_level, Mapping) and by_level for by_level in given.values()):
            raise ArgumentError(
                f"{name} must be one number, or numbers by the levels of one column, {{column: {{level: number}}}}, not {given!r}"
            )
        [(column, by_level)] = given.items()
        return {str(column): {str(level): _number(f"{name} of {level!r}", number, fits, what, hint) for level, number in by_level.items()}}
    return _number(name, given, fits, what, hint)


def _number(label: str, number: Any, fits: Callable[[Any], bool], what: str, hint: str) -> float:
    if not (_is_number(number) and fits(number)):
        raise ArgumentError(f"{label} must be {what}, not {number!r} {hint}".rstrip())
    return float(number)


def _checked_rate(given: object) -> float | dict[int, float]:
    """The discount rate, years of a curve as whole numbers (files spell them as text)."""
    curve = dict(given) if isinstance(given, Mapping) else {1: given}
    years = {int(year) if isinstance(year, str | np.integer) and str(year).isdecimal() else year: rate for year, rate in curve.items()}
    if set(map(repr, years)) != set(map(repr, range(1, len(curve) + 1))) or not curve:
        raise ArgumentError(f"discount_rate by year needs the years 1, 2, ... after the valuation date, none left out, not {list(curve)}")
    for rate in years.values():
        _number("discount_rate", rate, lambda rate: 0 <= rate < 1, "a yearly rate of at least 0 and below 1", "(9 % is 0.09)")
    rates = {int(year): float(rate) for year, rate in years.items()}  # type: ignore[arg-type]
    return rates if isinstance(given, Mapping) else rates[1]


@dataclass(frozen=True)
class Period:
    """One fiscal period, or the part of it that lies within the horizon.

    Attributes
    ----------
    label : str
        Such as ``2026 Q3``; a period cut by the valuation date or the horizon ends in ``(part)``. Without a valuation date: ``+1``,
        ``+2``, ...
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


def fiscal_periods(economics: Economics, until: date | None) -> tuple[Period, ...]:
    """Fiscal periods from the day after `until` to the horizon; the first and the last may be parts.

    Parameters
    ----------
    economics : Economics
    until : datetime.date or None
        The valuation date. Without it, periods of equal length are numbered from it.

    Returns
    -------
    tuple of Period

    Examples
    --------
    >>> economics = Economics(margin=0.35, discount_rate=0.09, horizon=0.5, fiscal_year_start=4)
    >>> [period.label for period in fiscal_periods(economics, date(2025, 11, 15))]
    ['2025/26 Q3 (part)', '2025/26 Q4', '2026/27 Q1 (part)']
    """
    months = MONTHS_PER_PERIOD[economics.period]
    if until is None:
        count = int(np.ceil(economics.horizon * 12 / months - 1e-9))
        edges = np.minimum(np.arange(count + 1) * months / 12, economics.horizon)
        return tuple(
            Period(f"+{k + 1}", float(edges[k]), float(edges[k + 1]), None, None, bool(np.isclose(edges[k + 1], (k + 1) * months / 12)))
            for k in range(count)
        )
    end = _horizon_end(economics.horizon, until)
    periods, first_day = [], until + timedelta(days=1)
    while first_day <= end:
        start, next_start = period_containing(first_day, economics)
        last_day = min(next_start - timedelta(days=1), end)
        complete = first_day == start and last_day == next_start - timedelta(days=1)
        periods.append(
            Period(
                period_label(start, economics) + ("" if complete else " (part)"),
                ((first_day - until).days - 1) / DAYS_PER_YEAR,
                (last_day - until).days / DAYS_PER_YEAR,
                first_day,
                last_day,
                complete,
            )
        )
        first_day = last_day + timedelta(days=1)
    return tuple(periods)


def _horizon_end(horizon: float, until: date) -> date:
    """Whole months are counted by the calendar, so that three years from the end of a quarter end with a quarter; the rest are days, one
    at least."""
    months = int(horizon * 12 + 1e-9)
    days = round((horizon - months / 12) * DAYS_PER_YEAR)
    first_day = until + timedelta(days=1)
    same_month = _first_of_month(first_day.year * 12 + first_day.month - 1 + months)
    next_month = _first_of_month(first_day.year * 12 + first_day.month + months)
    end = min(same_month + timedelta(days=first_day.day - 1), next_month) + timedelta(days=days - 1)
    return max(end, first_day)


def period_containing(day: date, economics: Economics) -> tuple[date, date]:
    """First day of the fiscal period that holds `day`, and of the next one."""
    months = MONTHS_PER_PERIOD[economics.period]
    since_start = (day.month - economics.fiscal_year_start) % 12 % months
    start = _first_of_month(day.year * 12 + day.month - 1 - since_start)
    return start, _first_of_month(start.year * 12 + start.month - 1 + months)


def period_label(start: date, economics: Economics) -> str:
    """Such as ``2026 Q3``, ``2026-07`` or, where the fiscal year is not the calendar year, ``2026/27 Q1``."""
    if economics.period == "month":
        return f"{start:%Y-%m}"
    months_in = (start.month - economics.fiscal_year_start) % 12
    year = start.year - (start.month < economics.fiscal_year_start)
    return f"{fiscal_year_label(year, economics.fiscal_year_start)} Q{months_in // 3 + 1}"


def fiscal_year(days: "pd.Series[pd.Timestamp]", fiscal_year_start: int) -> "pd.Series[int]":
    """The calendar year in which the fiscal year of each day begins."""
    return days.dt.year - (days.dt.month < fiscal_year_start)


def fiscal_year_label(year: int, fiscal_year_start: int) -> str:
    """Of the fiscal year that begins in `year`: such as ``2026`` or, where it is not the calendar year, ``2026/27``."""
    return f"{year}" if fiscal_year_start == 1 else f"{year}/{(year + 1) % 100:02d}"


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _first_of_month(month_number: int) -> date:
    return date(month_number // 12, month_number % 12 + 1, 1)
