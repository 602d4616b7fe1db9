"""Sufficient statistics of a customer base: all that the models ever see of the orders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from clvbayes.data.ledger import Ledger
from clvbayes.errors import ArgumentError, DataError

__all__ = ["DAYS_PER_UNIT", "STATISTICS", "Customers", "TimeUnit"]

TimeUnit = Literal["day", "week", "month", "quarter", "year"]
DAYS_PER_UNIT: dict[str, float] = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}

STATISTICS = (
    "customer_id",
    "t0",
    "frequency",
    "recency",
    "T",
    "first_amount",
    "spend_count",
    "spend_sum",
    "spend_sum_log",
    "spend_sum_log_squared",
)


@dataclass(frozen=True)
class Customers:
    """Sufficient statistics of customers, one row each, with their segments as known at acquisition.

    Attributes
    ----------
    statistics : pandas.DataFrame
        One row a customer, ordered by `customer_id` (text, unique). `t0` is the day of the first order (missing in an RFM frame);
        `frequency` counts later days with an order; `recency` is the time from first to last order and `T` from first order to
        the end of observation, both in `unit`. Of the kept repeat transactions: `spend_count`, `spend_sum`, `spend_sum_log`,
        `spend_sum_log_squared` (the logs are missing where only means are known). `first_amount` is the first day's amount.
    segments : pandas.DataFrame
        One text column a segment, in the row order of `statistics`.
    unit : {"day", "week", "month", "quarter", "year"}
        Unit of `recency` and `T`.
    until : datetime.date or None
        Last day of observation: the valuation date. Unknown in an RFM frame unless given.
    spend_level : {"transaction", "mean"}
        Whether spend is known by transaction or only as each customer's mean.
    history : pandas.DataFrame
        `cohort` (month of the first order), `month`, `orders`, `revenue`; months as the timestamp of their first day. Empty where the
        orders are not known.
    ledger : Ledger or None
        The account of every row read.
    currency : str or None
        Code of the currency of all amounts.
    """

    statistics: pd.DataFrame
    segments: pd.DataFrame
    unit: TimeUnit
    until: date | None = None
    spend_level: Literal["transaction", "mean"] = "transaction"
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["cohort", "month", "orders", "revenue"]))
    ledger: Ledger | None = None
    currency: str | None = None

    def __len__(self) -> int:
        return len(self.statistics)
