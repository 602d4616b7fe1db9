"""Sufficient statistics of contracts: which renewals were decided, how, and since when that has been observed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from clvbayes.data.checks import CONTROL, NO_SEGMENT, no_column, pandas_frame, require_columns, require_day
from clvbayes.data.contracts import TERM
from clvbayes.data.customers import join_segments
from clvbayes.data.ledger import Ledger
from clvbayes.errors import ArgumentError, DataError
from clvbayes.notebook import fragment

__all__ = ["PAYMENTS", "RENEWAL_STATISTICS", "Renewals"]

RENEWAL_STATISTICS = (
    "contract_id",
    "customer_id",
    "signed",
    "start",
    TERM,
    "entry",
    "survived",
    "churned",
    "terminated",
    "exposure",
    "status",
    "won_back",
    "term_start",
    "last_day",
    "next_decision",
    "monthly_amount",
    "billing_months",
    "announced",
)
PAYMENTS = ("month", "revenue")
MOST = 100_000_000  # contracts, or renewals of one
COUNTED = {"entry": 0, "survived": 0, "churned": 0, "contracts": 1, TERM: 1}  # columns of a frame of counts, and what they are if missing


@dataclass(frozen=True)
class Renewals:
    """What is known of the renewals of contracts, one row a stretch: terms of one length, without a gap, of one contract.

    Renewal decisions are counted by the contract's age: the decision at the end of its n-th term is the n-th. A contract that changes its
    term goes on as a stretch of the new length, from as many decisions on as its age holds of the new terms. One that begins again after a
    gap is won back: a new stretch, with a clock of its own.

    Attributes
    ----------
    statistics : pandas.DataFrame
        One row a stretch, ordered by contract and time. `contract_id`, `customer_id` (text); `signed`, the day from which its
        age counts, and the stretch's `start`; `term_months`; `entry`, the decisions
        survived before observation began (left truncation); `survived`, those survived until now, `entry` included; `churned`, 1 if
        the next one was not; `terminated`, 1 if it ended within a term, and `exposure`, the months observed. `status` is one of "open",
        "notice" (its end is known, and it still runs), "churned", "terminated" and "switched" (it goes on with another term). `won_back`
        says whether the customer had left before. Of the last term: `term_start`, `last_day`, `monthly_amount`, `billing_months`; and
        `next_decision`, the day on which the next term would begin, missing unless the contract runs. `announced` is, of those who leave at
        the end of such a term, the share that had given notice as long before it: who has given none yet is the likelier to stay.
    segments : pandas.DataFrame
        One text column a segment, those of the customer's first contract, in the row order of `statistics`; and `term_months` as text, so
        that contracts can be pooled over it.
    until, since : datetime.date or None
        Last day of observation, the valuation date; and the first one, where the table does not hold what ended before.
    changes : pandas.DataFrame
        One row an observed renewal: `stretch` (the row in `statistics` that it ended a term of), `day`, `months` of the term that ended,
        and the monthly amounts `before` and `after`.
    in_advance : bool
        Whether invoices are paid before the months that they cover.
    payments : pandas.DataFrame
        `revenue` that all contracts brought in each `month` (its first day), from the first that the table must hold whole: so long after
        its first term as its longest one lasts, since what had ended before may be missing. Empty where there is no such month.
    ledger : Ledger or None
        The account of every row read.
    currency : str or None
        Code of the currency of all amounts.
    """

    counted: ClassVar[str] = "contracts"
    unit: ClassVar[str] = "renewal"

    statistics: pd.DataFrame
    segments: pd.DataFrame
    until: date | None = None
    since: date | None = None
    changes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["stretch", "day", "months", "before", "after"]))
    in_advance: bool = True
    payments: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(PAYMENTS)))
    ledger: Ledger | None = None
    currency: str | None = None

    def __len__(self) -> int:
        return len(self.statistics)

    @property
    def running(self) -> np.ndarray:
        """Whether each contract runs at the valuation date."""
        return self.statistics["status"].isin(["open", "notice"]).to_numpy()

    @property
    def facts(self) -> dict[str, Any]:
        """What a fit writes down of its statistics."""
        told = {"unit": self.unit, "until": "" if self.until is None else self.until.isoformat()}
        return told | {name: float(self.statistics[name].sum()) for name in ("terminated", "exposure")}

    @property
    def frames(self) -> tuple[pd.DataFrame, ...]:
        """All that models see."""
        return self.statistics, self.segments, self.changes

    def life_table(self, by: Sequence[str] = ()) -> pd.DataFrame:
        """Renewal decisions by their number: Kaplan and Meier's estimate, with late entry.

        Parameters
        ----------
        by : sequence of str
            Columns of `segments`, of whose combinations each has its own table.

        Returns
        -------
        pandas.DataFrame
            The columns `by`, `decision` (from 1), `faced` (contracts observed at it), `churned`, `retention` (share that did not), and
            `survival`, the product of these up to there.

        Raises
        ------
        ArgumentError
            If `by` names what is no segment.
        """
        require_columns(by, "by")
        if unknown := [name for name in by if name not in self.segments.columns]:
            raise ArgumentError(no_column("segments", unknown, self.segments.columns))
        entry, survived, churned = (self.statistics[name].to_numpy(dtype=np.int64) for name in ("entry", "survived", "churned"))
        faced = survived + churned - entry
        row = np.repeat(np.arange(len(self)), faced)
        decision = entry[row] + 1 + np.arange(len(row)) - np.repeat(np.cumsum(faced) - faced, faced)
        frame = self.segments[list(by)].iloc[row].reset_index(drop=True)
        frame = frame.assign(decision=decision, faced=1, churned=(churned[row] == 1) & (decision == survived[row] + 1))
        table = frame.groupby([*by, "decision"], as_index=False)[["faced", "churned"]].sum()
        table["retention"] = 1 - table["churned"] / table["faced"]
        steps = table.groupby(list(by))["retention"] if by else table["retention"]
        return table.assign(survival=steps.cumprod())

    def _repr_html_(self) -> str:
        """What became of every row, as the report shows it."""
        return fragment(self)

    def to_frame(self) -> pd.DataFrame:
        """Statistics and segments side by side, one row a stretch."""
        return join_segments(self.statistics, self.segments.drop(columns=TERM, errors="ignore"))

    @classmethod
    def from_frame(cls, frame: Any, *, segments: Sequence[str] = (), until: date | None = None) -> "Renewals":
        """Take contracts that are already counted: cohort tables, or a snapshot of who left last month.

        Parameters
        ----------
        frame : DataFrame (pandas, polars, Arrow)
            Columns `survived` (renewals survived) and `churned` (1 if the next one was not), and optionally `entry` (renewals survived
            before observation began; 0), `contracts` (how many are alike; 1) and `term_months` (1). Where all that is known is whether a
            customer of age t left in the last period, as in many teaching files, it was observed at one decision: ``entry = t - 1``, and
            `survived` is t for those who stayed and t - 1 for those who left.
        segments : sequence of str
            Names of columns known when a contract was signed.
        until : datetime.date, optional
            The valuation date.

        Returns
        -------
        Renewals
            Without amounts and days: they can be fitted, not valued.

        Raises
        ------
        DataError
            If a column is missing, or a row contradicts itself.

        Examples
        --------
        >>> cohort = pd.DataFrame({"survived": [0, 1, 2], "churned": [1, 1, 0], "contracts": [131, 126, 743]})
        >>> len(Renewals.from_frame(cohort))
        1000
        """
        require_columns(segments)
        require_day("until", until)
        frame = pandas_frame("a table of counts", frame)
        missing = [name for name in ("survived", "churned", *segments) if name not in frame.columns]
        if missing:
            raise DataError(no_column("the frame", missing, frame.columns))
        if not len(frame):
            raise DataError("the frame holds no rows")
        numbers = {name: frame[name] if name in frame.columns else otherwise for name, otherwise in COUNTED.items()}
        given = pd.DataFrame(numbers, index=frame.index).apply(pd.to_numeric, errors="coerce").astype(float)
        for name, column in given.items():
            whole, least = (column == np.floor(column)) & (column <= MOST), 1 if name == TERM else 0
            _require(whole & (column >= least), f"{name} is no whole number from {least} to {MOST:,}")
        _require(given["churned"] <= 1, "churned is neither 0 nor 1")
        _require(given["entry"] <= given["survived"], "entry is more than survived: who was not yet observed cannot have left")
        labels = frame[list(segments)].astype(object).where(frame[list(segments)].notna(), NO_SEGMENT).astype(str)
        for name, texts in labels.items():
            _require(~texts.str.contains(CONTROL), f"{name} holds a control character; take it out")
        row = np.repeat(np.arange(len(frame)), given["contracts"].astype(np.int64))
        known = given.drop(columns="contracts").astype(np.int64).iloc[row].reset_index(drop=True)
        ids = [f"contract {number}" for number in range(1, len(row) + 1)]
        status = np.where(known["churned"] == 1, "churned", "open")
        statistics = known.assign(contract_id=ids, customer_id=ids, status=status, terminated=0, exposure=0.0, won_back=False)
        return cls(
            statistics=statistics.reindex(columns=list(RENEWAL_STATISTICS)),
            segments=labels.iloc[row].reset_index(drop=True).assign(**{TERM: known[TERM].astype(str)}),
            until=until,
        )


def _require(holds: Any, complaint: str) -> None:
    wrong = np.flatnonzero(~np.asarray(holds))
    if len(wrong):
        more = f" ({len(wrong)} rows like this)" if len(wrong) > 1 else ""
        raise DataError(f"row {wrong[0] + 1} of the frame: {complaint}{more}")
