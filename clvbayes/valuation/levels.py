"""Where a customer's money is added up: the total, and one level of each reporting column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvbayes.errors import ArgumentError
from clvbayes.valuation.valuation import ALL_CUSTOMERS

__all__ = ["Levels", "levels_of"]

MOST_LEVELS = 2_000  # of a reporting column: 2,000 draws of twelve quarters then take 1.4 GB


@dataclass(frozen=True)
class Levels:
    """Rows to add up into: the first is the total, named by "", then each column's levels.

    Attributes
    ----------
    names : dict of str to list of str
        Levels of each column, sorted.
    row_of : numpy.ndarray of int
        Dims ``(column, customer)``.
    """

    names: dict[str, list[str]]
    row_of: np.ndarray

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(map(len, self.names.values()))

    @property
    def counts(self) -> np.ndarray:
        """Customers of each row."""
        return np.bincount(self.row_of.ravel(), minlength=self.rows)

    def members(self) -> list[np.ndarray]:
        """Indices of the customers of each row."""
        found: list[np.ndarray] = []
        for row_of, rows in zip(self.row_of, self.of_columns().values(), strict=True):
            by_row = np.argsort(row_of, kind="stable")
            found += np.split(by_row, np.searchsorted(row_of[by_row], np.arange(rows.start + 1, rows.stop)))
        return found

    def of_columns(self) -> dict[str, slice]:
        """The rows of each column."""
        ends = np.cumsum([len(names) for names in self.names.values()])
        return {column: slice(int(end) - len(names), int(end)) for end, (column, names) in zip(ends, self.names.items(), strict=True)}


def levels_of(segments: pd.DataFrame, columns: Sequence[str]) -> Levels:
    """Rows for the total and some columns.

    Raises
    ------
    ArgumentError
        If a column has too many levels.
    """
    names, row_of, start = {"": [ALL_CUSTOMERS]}, [np.zeros(len(segments), np.int64)], 1
    for column in columns:
        codes, found = pd.factorize(segments[column], sort=True)
        if len(found) > MOST_LEVELS:
            raise ArgumentError(f"by names {column!r}, which has {len(found):,} levels; report by columns of at most {MOST_LEVELS:,}")
        names[column] = [str(name) for name in found]
        row_of.append(codes + start)
        start += len(found)
    return Levels(names, np.stack(row_of))
