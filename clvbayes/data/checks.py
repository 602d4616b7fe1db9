"""What several functions ask of the same arguments and texts."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from clvbayes.errors import ArgumentError, DataError

__all__ = [
    "CONTROL",
    "CURRENCY",
    "DAYS_PER_UNIT",
    "NO_SEGMENT",
    "TimeUnit",
    "no_column",
    "pandas_frame",
    "require_columns",
    "require_day",
    "require_past",
    "require_seed",
    "require_unit",
]

TimeUnit = Literal["day", "week", "month", "quarter", "year"]
DAYS_PER_UNIT: dict[str, float] = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}

CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"  # neither HDF5 nor XLSX can hold these; tab and line breaks are text
NO_SEGMENT = "(none)"
CURRENCY = "^[A-Z]{3}$"


def require_unit(unit: object, name: str = "unit") -> None:
    """Refuse what is no unit of time."""
    if unit not in get_args(TimeUnit):
        raise ArgumentError(f"{name} must be one of {', '.join(get_args(TimeUnit))}, not {unit!r}")


def require_day(name: str, day: Any) -> None:
    """Refuse what is neither a day nor missing; a time of day would be cut off in silence."""
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
        raise ArgumentError(f"{name} must be a datetime.date, such as date(2025, 12, 31), not {day!r}")


def require_past(until: date) -> None:
    """Refuse a last day of observation that is still to come."""
    if until > date.today():
        raise ArgumentError(f"until ({until}) lies in the future (today is {date.today()}); what has not been observed cannot be counted")


def require_seed(seed: object) -> None:
    """Refuse what no random numbers can start from."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise ArgumentError(f"seed must be a whole number of at least 0 and below 2**63, not {seed!r}")


def require_columns(segments: Any, argument: str = "segments") -> None:
    """Refuse segments that are no list of names."""
    if isinstance(segments, str):
        raise ArgumentError(f"{argument} must be a list of column names; write [{segments!r}]")
    if not isinstance(segments, list | tuple) or not all(isinstance(name, str) for name in segments):
        raise ArgumentError(f"{argument} must be a list of column names, not {segments!r}")
    if "" in segments:
        raise ArgumentError(f"{argument} names a column without a name; give the column one")


def no_column(where: str, missing: Sequence[str], known: Iterable[object]) -> str:
    """What is said of columns that are not there: which there are, and which of them may have been meant."""
    names = list(map(str, known))
    of_folded = {name.casefold(): name for name in reversed(names)}
    near = [match for name in missing for match in get_close_matches(name.casefold(), of_folded, n=1, cutoff=0.7)]
    meant = f"; did you mean {', '.join(repr(of_folded[name]) for name in dict.fromkeys(near))}?" if near else ""
    return f"{where} has no column {', '.join(map(repr, missing))}; it has {', '.join(map(repr, names))}{meant}"


def pandas_frame(what: str, frame: Any) -> pd.DataFrame:
    """A frame of any kind as a new one of pandas."""
    if isinstance(frame, pd.DataFrame):
        return frame.copy()
    import narwhals as nw

    try:
        converted: pd.DataFrame = nw.from_native(frame, eager_only=True).to_pandas()
        return converted
    except TypeError:
        raise DataError(f"{what} is a DataFrame (pandas, polars, Arrow), not {type(frame).__name__}") from None
