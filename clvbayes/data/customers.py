"""Sufficient statistics of a customer base: all that the models ever see of the orders."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from clvbayes.data.checks import (
    CONTROL,
    CURRENCY,
    DAYS_PER_UNIT,
    NO_SEGMENT,
    TimeUnit,
    no_column,
    pandas_frame,
    require_columns,
    require_day,
    require_past,
    require_unit,
)
from clvbayes.data.ledger import Ledger, LedgerLine
from clvbayes.errors import ArgumentError, DataError
from clvbayes.notebook import fragment

__all__ = ["HISTORY", "STATISTICS", "Customers", "join_segments"]

ID_NAMES = {"id", "customer", "customerid", "cust", "custid", "client", "clientid", "user", "userid", "kunde", "kundennummer"}
LARGEST_FREQUENCY = 1e9  # more than any customer bought; sums of counts stay exact

STATISTICS = (
    "customer_id",
    "t0",
    "frequency",
    "recency",
    "T",
    "log_gaps",
    "first_amount",
    "spend_count",
    "spend_sum",
    "spend_sum_log",
    "spend_sum_log_squared",
)
HISTORY = ("cohort", "month", "orders", "revenue", "customers", "customers_of_two", "customers_of_three")


@dataclass(frozen=True)
class Customers:
    """Sufficient statistics of customers, one row each, with their segments as known at acquisition.

    Attributes
    ----------
    statistics : pandas.DataFrame
        One row a customer, ordered by `customer_id` (text, unique). `t0` is the day of the first order (missing in an RFM frame);
        `frequency` counts later days with an order; `recency` is the time from first to last order and `T` from first order to
        the end of observation, both in `unit`; `log_gaps` is the sum of the logs of the times between a customer's days with an order
        (missing in an RFM frame, but for customers without repeats). Of the kept repeat transactions: `spend_count`, `spend_sum`,
        `spend_sum_log`, `spend_sum_log_squared` (the logs are missing where only means are known). `first_amount` is the first day's
        amount.
    segments : pandas.DataFrame
        One text column a segment, in the row order of `statistics`.
    unit : {"day", "week", "month", "quarter", "year"}
        Unit of `recency` and `T`.
    until : datetime.date or None
        Last day of observation: the valuation date. Unknown in an RFM frame unless given.
    spend_level : {"transaction", "mean"}
        Whether spend is known by transaction or only as each customer's mean.
    history : pandas.DataFrame
        `cohort` (month of the first order), `month`, `orders`, `revenue`; months as the timestamp of their first day. Of those who ordered
        in the month: `customers`, those of them who had not in the month before (`customers_of_two`), nor in the two months before
        (`customers_of_three`), so that the customers of a quarter are those of its first month, of two of its second and of three of its
        third. Empty where the orders are not known.
    ledger : Ledger or None
        The account of every row read.
    currency : str or None
        Code of the currency of all amounts.
    returns : pandas.DataFrame or None
        One row a customer, in the row order of `statistics`; unknown in an RFM frame. `trials` counts the orders of which all that comes
        back has come, younger ones for less; `touched`, those of which something came back, as their share of the money ordered, times the
        orders; `parts` counts them by days, `part_mean` is the share of their money that came back, `part_deviations` the sum of squared
        deviations of each one's share from their mean; `pending_orders` and
        `pending_amount` are what of the orders and of their money is still open; `cancelled` counts the repeat purchases that came back
        whole, as their credit notes say.
    """

    counted: ClassVar[str] = "customers"

    statistics: pd.DataFrame
    segments: pd.DataFrame
    unit: TimeUnit
    until: date | None = None
    spend_level: Literal["transaction", "mean"] = "transaction"
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(HISTORY)))
    ledger: Ledger | None = None
    currency: str | None = None
    returns: pd.DataFrame | None = None

    def __repr__(self) -> str:
        until = f" until {self.until}" if self.until else ""
        by = f"; segments {', '.join(self.segments.columns)}" if len(self.segments.columns) else ""
        notes = "".join(f"\n  {note}" for note in self.ledger.notes) if self.ledger else ""
        return f"Customers: {len(self):,}{until}, times in {self.unit}s{by}{notes}"

    def __len__(self) -> int:
        return len(self.statistics)

    @property
    def last_order(self) -> date | None:
        """Day of the last order of all; unknown in an RFM frame."""
        if self.until is None or self.statistics["t0"].isna().any():
            return None
        silence = float((self.statistics["T"] - self.statistics["recency"]).min()) * DAYS_PER_UNIT[self.unit]
        return self.until - timedelta(days=round(silence))

    @property
    def facts(self) -> dict[str, Any]:
        """What a fit writes down of its statistics."""
        return {"unit": self.unit, "until": "" if self.until is None else self.until.isoformat(), "spend_level": self.spend_level}

    @property
    def frames(self) -> tuple[pd.DataFrame | None, ...]:
        """All that models see, but for the `history` that clocks do."""
        return self.statistics, self.segments, self.returns

    def _repr_html_(self) -> str:
        """What became of every row, as the report shows it."""
        return fragment(self)

    def to_frame(self) -> pd.DataFrame:
        """Statistics and segments side by side, one row a customer; a segment named like a statistic gets the suffix ``_segment``."""
        return join_segments(self.statistics, self.segments)

    @classmethod
    def from_frame(
        cls, frame: Any, *, unit: TimeUnit, segments: Sequence[str] = (), until: date | None = None, currency: str | None = None
    ) -> "Customers":
        """Take an RFM frame as lifetimes' ``summary_data_from_transaction_data`` or pymc-marketing's ``rfm_summary`` makes it.

        Parameters
        ----------
        frame : DataFrame (pandas, polars, Arrow)
            Columns `frequency` (repeat purchases), `recency`, `T` and, if there is to be a spend model, `monetary_value` (mean of the
            repeat purchases, 0 or missing where there is none); customers by a column `customer_id`, by a named pandas index, or by row
            number if no column looks like their ids.
        unit : {"day", "week", "month", "quarter", "year"}
            Unit of `recency` and `T`.
        segments : sequence of str
            Names of columns known at acquisition.
        until : datetime.date, optional
            The valuation date; without it, periods of a valuation are numbered, not dated.
        currency : str, optional
            Code of the currency.

        Returns
        -------
        Customers
            With ``spend_level="mean"``: single transactions are not known, so the spend model sees means only.

        Raises
        ------
        DataError
            If a column is missing, an id occurs twice, or a row contradicts itself; the message names the row.
        ArgumentError
            If `unit` is unknown, `segments` is no list of names, `until` is no date or lies in the future, or `currency` is no code.

        Examples
        --------
        >>> rfm = pd.DataFrame({"frequency": [2, 0], "recency": [30.4, 0.0], "T": [38.9, 38.9], "monetary_value": [22.4, 0.0]})
        >>> customers = Customers.from_frame(rfm, unit="week")
        >>> len(customers), customers.spend_level
        (2, 'mean')
        """
        require_unit(unit)
        require_columns(segments)
        require_day("until", until)
        if until is not None:
            require_past(until)
        if currency is not None and not (isinstance(currency, str) and re.fullmatch(CURRENCY, currency)):
            raise ArgumentError(f'currency must be a code such as "EUR", not {currency!r}')
        given = pandas_frame("an RFM frame", frame)
        if not len(given):
            raise DataError("the frame holds no rows")
        twice = given.columns[given.columns.duplicated()].astype(str).unique()
        if len(twice) or len(set(segments)) < len(segments):
            raise DataError(f"a column occurs twice: {', '.join(map(repr, twice)) or f'segments={list(segments)}'}")
        missing = [name for name in ("frequency", "recency", "T", *segments) if name not in given.columns]
        if missing:
            as_orders = ". Orders, one row each, go through clv.summarize(clv.read_transactions(frame))"
            remedy = as_orders if {"frequency", "recency", "T"} <= set(missing) else ""
            raise DataError(no_column("the frame", missing, given.columns) + remedy)
        if "customer_id" not in given.columns:
            _require_ids_in_place(given, segments)
            given = given.rename_axis(index="customer_id").reset_index()
        ids = _id_text(given["customer_id"])
        numbers = {name: pd.to_numeric(given[name], errors="coerce").astype(float) for name in ("frequency", "recency", "T")}
        mean = pd.to_numeric(given.get("monetary_value", pd.Series(0.0, given.index)), errors="coerce").astype(float)
        frequency, recency, T = numbers["frequency"], numbers["recency"], numbers["T"]
        if "monetary_value" in given.columns:  # the mean of no repeat purchase is nothing, or as lifetimes has it, 0
            mean = mean.mask((frequency == 0) & given["monetary_value"].isna(), 0.0)
        _require(ids, given["customer_id"].notna() & (ids != ""), "has no id")
        _require(ids, ~ids.duplicated(), "occurs more than once")
        labels = given[list(segments)].astype(object).where(given[list(segments)].notna(), NO_SEGMENT).astype(str)
        for name, texts in [("id", ids), *labels.items()]:
            _require(ids, ~texts.str.contains(CONTROL), f"has a control character in its {name}; take it out")
        for name, values in {**numbers, "monetary_value": mean}.items():
            _require(ids, np.isfinite(values), f"has a {name} that is not a finite number")
        _require(ids, (frequency >= 0) & (frequency == np.floor(frequency)), "has a frequency that is not a whole number of at least 0")
        _require(ids, frequency <= LARGEST_FREQUENCY, f"has a frequency above {LARGEST_FREQUENCY:.0e}; it cannot be a count of purchases")
        _require(ids, (recency >= 0) & (recency <= T), "has a recency that is negative or greater than T")
        _require(
            ids,
            (frequency == 0) == (recency == 0),
            "has a recency although frequency is 0, or the other way round: frequency counts purchases after the first",
        )
        spends = (frequency > 0) & (mean > 0)
        without_spend = int(((frequency > 0) & ~spends).sum()) if "monetary_value" in given.columns else 0
        notes = (
            [f"{without_spend:,} repeat buyers have a mean spend of zero or less and do not inform the spend model"]
            if without_spend
            else []
        )
        days = recency * DAYS_PER_UNIT[unit] + 1  # the first purchase's day may hold a part of another one
        crowded = int((frequency > np.ceil(days)).sum())
        if crowded:
            notes.append(
                f"{crowded:,} customers have more repeat purchases than days from first to last: is the unit of recency and T {unit!r}?"
            )
        missing_logs = pd.Series(np.nan, given.index)
        rows = LedgerLine("customers", len(given), Decimal(0))
        order = ids.argsort(kind="stable")
        statistics = pd.DataFrame(
            {
                "customer_id": ids,
                "t0": pd.Series(pd.NaT, given.index, dtype="datetime64[s]"),
                "frequency": frequency.astype(np.int64),
                "recency": recency,
                "T": T,
                "log_gaps": missing_logs.where(frequency > 0, 0.0),
                "first_amount": missing_logs,
                "spend_count": frequency.where(spends, 0).astype(np.int64),
                "spend_sum": (frequency * mean).where(spends, 0.0),
                "spend_sum_log": missing_logs,
                "spend_sum_log_squared": missing_logs,
            }
        )
        return cls(
            statistics=statistics.iloc[order].reset_index(drop=True),
            segments=labels.iloc[order].reset_index(drop=True),
            unit=unit,
            until=until,
            spend_level="mean",
            ledger=Ledger(rows, rows, (), LedgerLine("no customer id", 0, Decimal(0)), tuple(notes)),
            currency=currency,
        )


def join_segments(frame: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the segments beside it; a segment named like one of its columns gets the suffix ``_segment``."""
    joined = frame.copy()
    for column in segments.columns:
        name = column
        while name in joined.columns:
            name += "_segment"
        joined[name] = segments[column]
    return joined


def _require_ids_in_place(frame: pd.DataFrame, segments: Sequence[str]) -> None:
    """Raise if customers would go by row number although a column looks like their ids."""
    if frame.index.name is not None or frame.index.nlevels > 1:
        return
    for name in frame.columns.difference([*segments], sort=False):
        if re.sub("[^a-z]", "", str(name).lower()) in ID_NAMES:
            raise DataError(f"the frame's ids seem to stand in {name!r}: rename it to 'customer_id', or make it the index (set_index)")


def _id_text(ids: pd.Series) -> pd.Series:
    """Ids as `read_transactions` writes them: trimmed, and whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(ids) and (ids.dropna() % 1 == 0).all():
        ids = ids.astype("Int64")
    return ids.astype(str).str.strip()


def _require(ids: pd.Series, holds: Any, complaint: str) -> None:
    wrong = np.flatnonzero(~np.asarray(holds))
    if len(wrong):
        more = f" ({len(wrong)} rows like this)" if len(wrong) > 1 else ""
        raise DataError(f"row {wrong[0] + 1} of the frame: customer {ids.iloc[wrong[0]]!r} {complaint}{more}")
