"""The account of every row of a source: kept, or left out for a named reason, in rows and in money."""

from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

__all__ = ["Ledger", "LedgerLine"]


@dataclass(frozen=True)
class LedgerLine:
    """Rows of a source that share one fate.

    Attributes
    ----------
    reason : str
        Why the rows are where they are, in words.
    rows : int
        Number of rows.
    amount : decimal.Decimal
        Their sum of money, exact to a millionth of the currency's unit.
    """

    reason: str
    rows: int
    amount: Decimal


@dataclass(frozen=True)
class Ledger:
    """What became of every row: ``read = kept + left_out``, in rows and in money.

    Attributes
    ----------
    read, kept : LedgerLine
        All rows of the source, and those that are valued.
    left_out : tuple of LedgerLine
        One line a reason that occurred. Each row has exactly one reason, the first that applies: to lie outside the window goes before all
        others but to invoice a contract.
    without_customer : LedgerLine
        Of the rows left out, the sales of the window that have no customer id: money that no customer's value can hold. Like the kept money
        they are gross, so that the two compare; `left_out` has all the window's rows without an id, less what came back of them.
    notes : tuple of str
        What was decided about rows that were kept, each with its count.
    """

    read: LedgerLine
    kept: LedgerLine
    left_out: tuple[LedgerLine, ...]
    without_customer: LedgerLine
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = self.kept.rows + sum(line.rows for line in self.left_out)
        amount = self.kept.amount + sum((line.amount for line in self.left_out), Decimal(0))
        if rows != self.read.rows or amount != self.read.amount:
            raise AssertionError(f"the ledger does not add up: read {self.read}, accounted for {rows} rows and {amount}")

    @property
    def share_not_valued(self) -> float:
        """Share of gross sales that carries no customer id, between 0 and 1."""
        unvalued = self.without_customer.amount
        return float(unvalued / (self.kept.amount + unvalued)) if unvalued else 0.0

    def to_frame(self) -> pd.DataFrame:
        """Lines as a tidy frame with the columns ``reason``, ``rows`` and ``amount`` (float); first read, last kept."""
        lines = (self.read, *self.left_out, self.kept)
        return pd.DataFrame(
            {
                "reason": [line.reason for line in lines],
                "rows": [line.rows for line in lines],
                "amount": [float(line.amount) for line in lines],
            }
        )
