"""Which forecasts the data can grade: origins, the horizons that were observed to their end, and what happened in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from clvbayes.data import DAYS_PER_UNIT, Customers, TimeUnit
from clvbayes.errors import ArgumentError, DataError

__all__ = [
    "FEWEST_ORIGINS",
    "MEASURES",
    "Happened",
    "Newcomers",
    "Origin",
    "apart",
    "happened_after",
    "newcomers_after",
    "not_gradable",
    "plan_origins",
    "whole_windows",
]

MEASURES = ("orders", "revenue")
NEARLY_WHOLE = 0.02  # of a window: 52 weeks are .997 of a year, 13 weeks 2.99 months
FEWEST_ORIGINS = 3  # that do not overlap: from fewer there is no verdict, and no error between origins


@dataclass(frozen=True)
class Origin:
    """A day on which a forecast is made, from all that was known at its end, and the horizons in weeks that can be graded."""

    day: date
    weeks: tuple[int, ...]


@dataclass(frozen=True)
class Happened:
    """What the customers known at an origin did afterwards.

    Attributes
    ----------
    by_customer : numpy.ndarray
        Dims ``(measure, horizon, customer)``: orders, and their gross revenue.
    by_week : numpy.ndarray
        Of all of them, dims ``(measure, week)``.
    next_amount : numpy.ndarray
        By customer, the amount of the next order that was not free; missing where there was none within the longest horizon.
    """

    by_customer: np.ndarray
    by_week: np.ndarray
    next_amount: np.ndarray


@dataclass(frozen=True)
class Newcomers:
    """Customers first seen within the longest horizon after an origin.

    Attributes
    ----------
    customers : Customers
        As on the day of their first order: nothing of them is known but their segments.
    arrived : numpy.ndarray
        Days after the origin, by customer.
    by_horizon : numpy.ndarray
        Dims ``(measure, horizon)``: their repeat orders, and their revenue with first orders.
    """

    customers: Customers
    arrived: np.ndarray
    by_horizon: np.ndarray


def plan_origins(
    asked: int | date | Sequence[date], horizons: Sequence[int], first: date, until: date, *, of: str = "orders"
) -> tuple[Origin, ...]:
    """Origins in the order of time, each with the horizons that end by `until`.

    A number of origins means so many, each the shortest horizon before the next, and the last one as late as that horizon allows. None lies
    within the shortest horizon after the first order or contract: that much must have been seen to forecast as much.

    Raises
    ------
    ArgumentError
        If there are no origins or horizons, one is no date or no whole number of weeks, or one is given twice.
    DataError
        If no origin can be graded.
    """
    weeks = _checked_weeks(horizons)
    shortest = timedelta(weeks=weeks[0])
    if isinstance(asked, int | np.integer) and not isinstance(asked, bool):
        if asked < 1:
            raise ArgumentError(f"origins must be at least 1, not {asked}")
        days = [until - k * shortest for k in range(min(int(asked), (until - first) // shortest), 0, -1)]
    else:
        days = _given_days(asked)
    old_enough = [day for day in days if first <= day <= until and day - first >= shortest]
    found = [Origin(day, tuple(h for h in weeks if until - day >= timedelta(weeks=h))) for day in old_enough]
    gradable = tuple(origin for origin in found if origin.weeks)
    if not gradable:
        raise DataError(
            f"no forecast of {weeks[0]} weeks can be graded: the {of} reach from {first} to {until}, and an origin needs {weeks[0]} "
            "weeks before it and after it"
        )
    return gradable


def not_gradable(
    asked: int | date | Sequence[date], horizons: Sequence[int], planned: tuple[Origin, ...], until: date, *, of: str = "orders"
) -> list[str]:
    """What was asked for and cannot be graded, of orders or contracts."""
    notes = []
    count = int(asked) if isinstance(asked, int | np.integer) else 1 if isinstance(asked, date) else len(list(asked))
    if len(planned) < count:
        least = min(horizons)
        notes.append(f"{count - len(planned)} of {count} origins have fewer than {least} weeks of {of} before them, or after them.")
    for weeks in sorted(horizons):
        gradable = sum(weeks in origin.weeks for origin in planned)
        if not gradable:
            notes.append(f"{weeks} weeks cannot be graded: no origin lies so long before {until}, where the data end.")
    return notes


def whole_windows(horizons: Sequence[int], opportunity: TimeUnit | None) -> tuple[list[int], list[int]]:
    """Horizons that can be graded where customers order at opportunities, and those that cannot: not about a whole number of windows.

    An order stands on the day of the first one in its window, with the money of all of them: within a part of a window that would be more
    than has happened.
    """
    weeks = _checked_weeks(horizons)
    if opportunity is None:
        return weeks, []
    windows = [7 * each / DAYS_PER_UNIT[opportunity] for each in weeks]
    whole = [round(number) >= 1 and abs(number / max(round(number), 1) - 1) < NEARLY_WHOLE for number in windows]
    return [each for each, fits in zip(weeks, whole, strict=True) if fits], [
        each for each, fits in zip(weeks, whole, strict=True) if not fits
    ]


def _checked_weeks(horizons: object) -> list[int]:
    given: list[Any] = list(horizons) if isinstance(horizons, Iterable) and not isinstance(horizons, str) else []
    if not given or any(isinstance(h, bool) or not isinstance(h, int | np.integer) or not 1 <= h <= 520 for h in given):
        raise ArgumentError(f"horizons must be whole numbers of weeks from 1 to 520, in a list, not {horizons!r}")
    if len(set(given)) < len(given):
        raise ArgumentError(f"horizons names one twice: {given}")
    return sorted(map(int, given))


def _given_days(asked: object) -> list[date]:
    days: list[Any] = list(asked) if isinstance(asked, Iterable) and not isinstance(asked, str) else [asked]
    if not days or any(type(day) is not date for day in days):
        raise ArgumentError(f"origins must be a number of them or days such as datetime.date(2025, 6, 30), not {asked!r}")
    if len(set(days)) < len(days):
        raise ArgumentError(f"origins names a day twice: {', '.join(map(str, days))}")
    return sorted(days)


def apart(origins: Sequence[date], weeks: int) -> list[date]:
    """The most origins, counted from the last one back, whose horizons of so many weeks do not overlap."""
    chosen: list[date] = []
    for day in sorted(origins, reverse=True):
        if not chosen or chosen[-1] - day >= timedelta(weeks=weeks):
            chosen.append(day)
    return chosen[::-1]


def happened_after(origin: Origin, customers: Customers, days: pd.DataFrame) -> Happened:
    """What customers did after an origin; `days` are all order days, as `clvbayes.data.order_days` gives them."""
    later, week, of = _later(origin, customers.statistics["customer_id"], days)
    amount = later["amount"].to_numpy()
    by_customer = np.stack([_sums(of[week < weeks], amount[week < weeks], len(customers)) for weeks in origin.weeks], axis=1)
    paid = np.flatnonzero(amount > 0)[::-1]  # the first one of a customer is written last
    next_amount = np.full(len(customers), np.nan)
    next_amount[of[paid]] = amount[paid]
    return Happened(by_customer, _sums(week, amount, origin.weeks[-1]), next_amount)


def newcomers_after(origin: Origin, everyone: Customers, days: pd.DataFrame) -> Newcomers:
    """Customers won after an origin; `everyone` are all customers ever seen."""
    t0 = everyone.statistics["t0"]
    since = (t0 - pd.Timestamp(origin.day)).dt.days.to_numpy()
    rows = np.flatnonzero((since > 0) & (since <= 7 * origin.weeks[-1]))
    known = everyone.statistics.iloc[rows].reset_index(drop=True)
    nothing = [name for name in known.columns if name not in ("customer_id", "t0")]
    customers = replace(
        everyone,
        statistics=known.assign(**dict.fromkeys(nothing, 0.0)),
        segments=everyone.segments.iloc[rows].reset_index(drop=True),
        until=origin.day,
        returns=None,
    )
    later, week, _ = _later(origin, known["customer_id"], days)
    arrived, amount = since[rows], later["amount"].to_numpy()
    repeats = [float((week < weeks).sum() - (arrived <= 7 * weeks).sum()) for weeks in origin.weeks]
    revenue = [float(amount[week < weeks].sum()) for weeks in origin.weeks]
    return Newcomers(customers, arrived, np.array([repeats, revenue]))


def _later(origin: Origin, ids: pd.Series, days: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Order days of some customers within the longest horizon, the week of each after the origin, and its customer's row."""
    after = (days["day"] - pd.Timestamp(origin.day)).dt.days.to_numpy()
    within = days[(after > 0) & (after <= 7 * origin.weeks[-1])]
    of = pd.Index(ids).get_indexer(within["customer_id"])
    within, of = within[of >= 0], of[of >= 0]
    return within, ((within["day"] - pd.Timestamp(origin.day)).dt.days.to_numpy() - 1) // 7, of


def _sums(place: np.ndarray, amount: np.ndarray, size: int) -> np.ndarray:
    """Number and sum of amounts by place, dims ``(measure, place)``."""
    return np.stack([np.bincount(place, minlength=size), np.bincount(place, amount, minlength=size)]).astype(float)
