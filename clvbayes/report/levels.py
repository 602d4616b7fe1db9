"""The levels of a reporting column as a report may show them: none with fewer than five customers, largest value first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvbayes.report.evidence import Evidence, Floats, currency_of, draws_of
from clvbayes.report.language import speaking, words
from clvbayes.valuation.valuation import ALL_CUSTOMERS

__all__ = ["SMALLEST_LEVEL", "Level", "reported_levels", "values_by_level"]

# Below five, a level's value is nearly that of a known person or firm.
SMALLEST_LEVEL = 5
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Level:
    """One row of a segment table.

    Attributes
    ----------
    name : str
    customers : int
    value : ndarray of shape (draws,)
        Draws of the level's value over the horizon.
    folded : int
        How many levels this row holds; 0 for a level shown as itself.
    """

    name: str
    customers: int
    value: Floats
    folded: int = 0


def reported_levels(evidence: Evidence, column: str) -> tuple[Level, ...]:
    """Levels of `column` by falling mean value, small ones folded into one row at the end.

    If the fold itself holds fewer than five customers, the next smallest level joins it: otherwise the total would give it away.
    """
    cash = evidence.valuation.cash[column].sel(component="value").sum("period", skipna=False).transpose("level", "draw")
    counts = evidence.customers.segments[column].astype(str).value_counts()
    names = [str(name) for name in cash.coords["level"].values]
    unknown = sorted(set(counts.index) - set(names))
    if unknown:
        raise ValueError(f"levels of {column!r} have customers but no value: {unknown}")
    levels = [Level(name, int(counts.get(name, 0)), np.asarray(value, dtype=float)) for name, value in zip(names, cash.values, strict=True)]
    levels = sorted((level for level in levels if level.customers), key=lambda level: (level.customers, level.name))
    small = sum(level.customers < SMALLEST_LEVEL for level in levels)
    inside = small
    while 0 < sum(level.customers for level in levels[:inside]) < SMALLEST_LEVEL and inside < len(levels):
        inside += 1
    shown = sorted(levels[inside:], key=lambda level: (-float(level.value.mean()), level.name))
    return (*shown, _fold(levels[:inside], small)) if inside else tuple(shown)


def _fold(levels: list[Level], small: int) -> Level:
    template = words.FOLDED if len(levels) == small else words.FOLDED_WITH_NEXT
    return Level(
        name=words.FOLDED_ONE if len(levels) == 1 else template.format(levels=len(levels)),
        customers=sum(level.customers for level in levels),
        value=np.sum([level.value for level in levels], axis=0),
        folded=len(levels),
    )


def values_by_level(evidence: Evidence) -> pd.DataFrame:
    """The valuation as a report may show it, for other programs: a row for all customers, and one a reporting column and level.

    Columns are `column` ("" for all customers), `level`, `customers`, `folded` (how many small levels the row holds; 0 for a level shown as
    itself), `currency` and, of the value over the horizon in units of the currency, `value_mean`, `value_sd`, and the quantiles `value_5`,
    `value_25`, `value_50`, `value_75`, `value_95`. The means of a column's levels add up to that of all customers.
    """
    everyone = Level(ALL_CUSTOMERS, len(evidence.customers), draws_of(evidence, "value").sum(axis=1))
    with speaking(evidence.language):
        levels = [("", everyone), *((column, level) for column in evidence.by for level in reported_levels(evidence, column))]
    return pd.DataFrame([{"column": column, **_described(level, currency_of(evidence))} for column, level in levels])


def _described(level: Level, currency: str) -> dict[str, object]:
    quantiles = np.quantile(level.value, QUANTILES)
    return {
        "level": level.name,
        "customers": level.customers,
        "folded": level.folded,
        "currency": currency,
        "value_mean": level.value.mean(),
        "value_sd": level.value.std(),
        **{f"value_{100 * q:.0f}": quantile for q, quantile in zip(QUANTILES, quantiles, strict=True)},
    }
