"""Fiscal years in which customers were won, or contracts signed: those of few stand together, so that nobody can be told apart."""

from dataclasses import dataclass

import pandas as pd

from clvbayes.report.cohort_figures import MOST_COHORTS
from clvbayes.report.language import words
from clvbayes.report.levels import SMALLEST_LEVEL
from clvbayes.valuation import fiscal_year_label

__all__ = ["Cohort", "cohorts_of", "drawn_cohorts"]


@dataclass(frozen=True)
class Cohort:
    """One fiscal year, or several that together hold five or more; years are the calendar years in which they begin."""

    years: tuple[int, ...]
    label: str


def cohorts_of(held: "pd.Series[int]", fiscal_year_start: int) -> tuple[Cohort, ...]:
    """From the oldest on; a year with fewer than five goes together with the next, the last with the one before.

    `held` says how many are of each year, by the years in their order.
    """
    of_year = dict(zip(held.index.tolist(), held.tolist(), strict=True))
    groups: list[list[int]] = [[]]
    for year in of_year:
        if sum(of_year[member] for member in groups[-1]) >= SMALLEST_LEVEL:
            groups.append([])
        groups[-1].append(year)
    if len(groups) > 1 and sum(of_year[member] for member in groups[-1]) < SMALLEST_LEVEL:
        groups[-2:] = [groups[-2] + groups[-1]]
    return tuple(Cohort(tuple(group), _label(group, fiscal_year_start)) for group in groups)


def drawn_cohorts(cohorts: tuple[Cohort, ...], fiscal_year_start: int) -> tuple[Cohort, ...]:
    """As many as can be told apart in a picture, the oldest together."""
    if len(cohorts) <= MOST_COHORTS:
        return cohorts
    old = cohorts[: len(cohorts) - MOST_COHORTS + 1]
    years = tuple(year for cohort in old for year in cohort.years)
    return Cohort(years, words.COHORT_OLDER.format(last=fiscal_year_label(years[-1], fiscal_year_start))), *cohorts[len(old) :]


def _label(years: list[int], fiscal_year_start: int) -> str:
    first, last = (fiscal_year_label(year, fiscal_year_start) for year in (years[0], years[-1]))
    return first if first == last else words.COHORT_YEARS.format(first=first, last=last)
