"""Contracts as a checked table, one row a term: every row is typed, and has one fate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

from clvbayes.data.cells import (
    LARGEST_AMOUNT,
    MONEY,
    currency_of,
    day_of,
    number_of,
    refuse,
    refuse_control,
    refuse_early,
    repeats,
    require_in_source,
    text_of,
)
from clvbayes.data.checks import require_columns
from clvbayes.data.sources import ROW, Source, ask, literal, of_some_customers, open_source
from clvbayes.data.transactions import DUPLICATE, NO_CUSTOMER
from clvbayes.errors import ArgumentError, DataError

__all__ = ["TERM", "TOLERANCE", "Contracts", "read_contracts", "tolerance"]

TERM = "term_months"  # the column of term lengths, also among the segments that contracts can be pooled over
NO_CONTRACT = "no contract id"
# Days by which a term may miss the length that was agreed, and by which a renewal may be late or early: contracts are aligned to months'
# ends, and papers take weeks. Of a monthly contract half a month, since a whole one would be a term.
MOST_DAYS, DAYS_OF_A_MONTH = 31, 15
TOLERANCE = f"least({MOST_DAYS}, {DAYS_OF_A_MONTH} * {TERM})"
LONGEST_TERM = 600  # months
FURTHEST = "2200-01-01"


@dataclass(frozen=True)
class Contracts:
    """Checked terms of contracts.

    Attributes
    ----------
    lines : duckdb.DuckDBPyRelation
        One row a row of the source: `row` (its number), `contract_id` and `customer_id` (text), `start` and `last_day` (days),
        `term_months` and `billing_months` (whole numbers), `monthly_amount` (exact decimal, in `currency`), `amount` (that of the whole
        term), `cancelled_on` and `began` (days, missing where no column was named), `segment_0`, `segment_1`, ... (text, in the order of
        `segments`), and `left_out`: why the row is no term of a known contract, or missing if it is one.
    segments : tuple of str
        Names of the segment columns in the source.
    in_advance : bool
        Whether each invoice is paid before the months that it covers, or after them.
    currency : str or None
        The one currency of all amounts.
    source : str
        What was read: a file's name, "DataFrame" or "query".
    sha256 : str
        Hash of the source's contents.
    """

    lines: duckdb.DuckDBPyRelation
    segments: tuple[str, ...]
    in_advance: bool
    currency: str | None
    source: str
    sha256: str

    def to_frame(self) -> pd.DataFrame:
        """All lines as a frame, segments under their own names, amounts as floats; a segment named like a line's own column gets the
        suffix ``_segment``."""
        frame: pd.DataFrame = self.lines.order("row").df().astype({"amount": float, "monthly_amount": float})
        names = {name: f"{name}_segment" if name in frame.columns else name for name in self.segments}
        return frame.rename(columns={f"segment_{k}": names[name] for k, name in enumerate(self.segments)})

    def of_some_customers(self, count: int) -> "Contracts":
        """As `clvbayes.data.sources.of_some_customers`."""
        return replace(self, lines=of_some_customers(self.lines, count))

    def known_on(self, day: Date) -> "Contracts":
        """What was known at the end of a day: terms that had begun, and notices given by then.

        A term that ended early after it was to last as agreed, unless notice had been given.
        """
        agreed, given = f"cast(start + to_months({TERM}) as date) - 1", f"coalesce(cancelled_on <= date '{day}', false)"
        cut_short = f"last_day > date '{day}' and agreed - last_day > {TOLERANCE} and not given"
        known = f"""
            select * exclude (agreed, given) replace (
                case when {cut_short} then agreed else last_day end as last_day,
                case when given then cancelled_on end as cancelled_on
            )
            from (select *, {agreed} as agreed, {given} as given from lines where start <= date '{day}')
        """
        return replace(self, lines=ask(self.lines, "lines", known))


def read_contracts(
    source: object,
    *,
    contract_id: str = "contract_id",
    customer_id: str = "customer_id",
    start: str = "start",
    end: str = "end",
    term_months: str = TERM,
    monthly_amount: str = "monthly_amount",
    cancelled_on: str | None = None,
    billing_months: str | int | None = None,
    in_advance: bool = True,
    began: str | None = None,
    segments: Sequence[str] = (),
    currency: str | None = None,
    date_format: str | None = None,
    decimal: Literal[".", ","] | None = None,
    sheet: str | None = None,
) -> Contracts:
    """Read contracts, one row a term, and check every row. The same contract id again, without a gap, is a renewal.

    Parameters
    ----------
    source : path, DataFrame (pandas, polars, Arrow) or Query
        As of `read_transactions`.
    contract_id, customer_id : str
        Names of the columns. Rows without either are counted and left out, as are rows that equal another one in every column.
    start, end : str
        First and last day of the term, both always there. An end that is the first day of the next term is read as the day before. A term
        that ends earlier than was agreed, by more than half a month (a month, if it lasts three or more), has been terminated, unless the
        next one follows at once.
    term_months : str
        Months that were agreed, such as 1, 12 or 24.
    monthly_amount : str
        What a month costs, of this term; an upgrade within a term is a contract of its own. Zero is a free term.
    cancelled_on : str, optional
        Day on which the customer gave notice; the contract runs on to its end. Empty where there is none.
    billing_months : str or int, optional
        Months that one invoice covers: a column, or a number for all contracts; 1 unless given.
    in_advance : bool
        Whether an invoice is paid on the first of the days that it covers, or on the last.
    began : str, optional
        Day on which the contract was first signed, where the table does not reach back to it: the renewals before the first row then count
        as survived, and as not observed.
    segments : sequence of str
        Names of columns that are known when a customer is won, such as industry or channel.
    currency, date_format, decimal, sheet
        As of `read_transactions`.

    Returns
    -------
    Contracts

    Raises
    ------
    DataError
        If the source cannot be read, a column is missing, a cell cannot be understood, an end lies before its start or later than the term
        allows, a term is no whole number of months, an amount is negative, two terms of a contract overlap, a contract is of two
        customers, or there is more than one currency. The message names file, column and row.
    ArgumentError
        If an argument is not one of those described.

    Examples
    --------
    >>> terms = pd.DataFrame(
    ...     {
    ...         "contract_id": ["K1", "K1", "K2"],
    ...         "customer_id": ["a", "a", "b"],
    ...         "start": ["2023-01-01", "2024-01-01", "2024-03-15"],
    ...         "end": ["2023-12-31", "2024-12-31", "2024-04-15"],
    ...         "term_months": [12, 12, 1],
    ...         "monthly_amount": [100.0, 110.0, 20.0],
    ...     }
    ... )
    >>> read_contracts(terms).to_frame()[["contract_id", "last_day", "amount"]]
      contract_id   last_day  amount
    0          K1 2023-12-31  1200.0
    1          K1 2024-12-31  1320.0
    2          K2 2024-04-14    20.0
    """
    ids = {"contract_id": contract_id, "customer_id": customer_id}
    days = {"start": start, "end": end, "cancelled_on": cancelled_on, "began": began}
    numbers = {TERM: term_months, "monthly_amount": monthly_amount}
    billing_column = billing_months if isinstance(billing_months, str) else None
    _require_arguments({**ids, **days, **numbers, "billing_months": billing_column}, segments, decimal, in_advance, billing_months)
    for role, given in {"currency": currency, "date_format": date_format, "sheet": sheet}.items():
        if given is not None and not isinstance(given, str):
            raise ArgumentError(f"{role} must be text, not {given!r}")

    opened = open_source(source, sheet=sheet, decimal=decimal)
    require_in_source(opened, *ids.values(), *days.values(), *numbers.values(), billing_column, *segments)
    code = currency_of(opened, currency)
    day = {role: "cast(null as date)" if column is None else day_of(opened, column, date_format) for role, column in days.items()}
    _require_days(opened, days, day)
    months = _months(opened, term_months, decimal)
    billed = str(billing_months or 1) if billing_column is None else _months(opened, billing_column, decimal)
    money = number_of(opened, monthly_amount, decimal)
    refuse(opened, monthly_amount, f"{money} < 0", "{value} is negative; a contract costs something or nothing, so take credits out")
    too_large = f"cast({money} as double) * {months} >= {LARGEST_AMOUNT}"
    refuse(opened, monthly_amount, too_large, "{value} times the months of its term is too large (the limit is 1e11)")
    refuse_control(opened, *ids.values(), *segments)
    agreed = f"cast({day['start']} + to_months({months}) as date)"
    refuse(opened, end, f"{day['end']} < {day['start']}", "{value} lies before the start of the term; correct one of the two")
    late = f"{day['end']} - {agreed} >= {TOLERANCE.replace(TERM, months)}"
    refuse(opened, end, late, "{value} lies later than the term allows; write one row a term, each with its own start and end")

    opened.keep("repeats", repeats(opened))
    columns = {
        "row": ROW,
        "contract_id": text_of(opened, contract_id),
        "customer_id": text_of(opened, customer_id),
        "start": day["start"],
        "last_day": f"case when {day['end']} = {agreed} then {day['end']} - 1 else {day['end']} end",
        TERM: months,
        "monthly_amount": f"cast({money} as {MONEY})",
        "amount": f"cast(cast({money} as {MONEY}) * {months} as {MONEY})",
        "billing_months": billed,
        "cancelled_on": day["cancelled_on"],
        "began": day["began"],
        **{f"segment_{k}": text_of(opened, name) for k, name in enumerate(segments)},
        "is_duplicate": "repeat is not null",
    }
    selected = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
    fate = f"""case
        when contract_id is null then {literal(NO_CONTRACT)}
        when customer_id is null then {literal(NO_CUSTOMER)}
        when is_duplicate then {literal(DUPLICATE)} end"""
    typed = f"select {selected} from source left join repeats on repeat = {ROW}"
    lines = opened.keep("lines", f"select * exclude (is_duplicate), {fate} as left_out from ({typed})")
    _require_one_customer(lines, opened.name)
    _require_one_term_at_a_time(lines, opened.name)
    return Contracts(lines, tuple(segments), in_advance, code, opened.name, opened.sha256)


def tolerance(months: np.ndarray) -> np.ndarray:
    """Days by which a term of so many months may miss its length: `TOLERANCE`, of an array."""
    return np.asarray(np.minimum(MOST_DAYS, DAYS_OF_A_MONTH * months))


def _require_arguments(
    columns: dict[str, str | None], segments: Sequence[str], decimal: object, in_advance: object, billing_months: object
) -> None:
    if decimal not in (None, ".", ","):
        raise ArgumentError(f'decimal must be "." or ",", not {decimal!r}')
    if not isinstance(in_advance, bool):
        raise ArgumentError(f"in_advance must be True or False, not {in_advance!r}")
    whole = isinstance(billing_months, int | np.integer) and not isinstance(billing_months, bool) and 1 <= billing_months <= LONGEST_TERM
    if billing_months is not None and not isinstance(billing_months, str) and not whole:
        raise ArgumentError(f"billing_months must be the name of a column or a whole number of months, not {billing_months!r}")
    require_columns(segments)
    for role, column in columns.items():
        if column is not None and not isinstance(column, str):
            raise ArgumentError(f"{role} must be text, not {column!r}")
        if column is not None and [*columns.values(), *segments].count(column) > 1:
            raise ArgumentError(f"column {column!r} is named as {role} and as something else; it can be only one of them")
    if len(set(segments)) < len(segments):
        raise ArgumentError(f"segments names a column twice: {list(segments)}")
    if TERM in segments:
        raise ArgumentError(f"segments names {TERM!r}, which contracts can be pooled over anyway; rename the column if it is another one")


def _require_days(source: Source, columns: dict[str, str | None], day: dict[str, str]) -> None:
    today = Date.today().isoformat()
    for role, column in columns.items():
        if column is None:
            continue
        if role in ("start", "end"):
            refuse(source, column, f"{day[role]} is null", f"the {role} of the term is missing; write the day that was agreed")
        refuse_early(source, column, day[role])
        refuse(source, column, f"{day[role]} >= date '{FURTHEST}'", f"{{value}} lies after {FURTHEST}; write the end of the running term")
        if role in ("cancelled_on", "began"):
            refuse(source, column, f"{day[role]} > date '{today}'", f"{{value}} lies in the future (today is {today}); correct it")
    if columns["began"]:
        later = f"{day['began']} > {day['start']}"
        refuse(source, columns["began"], later, "{value} lies after the start of the term; a contract begins with its first one")


def _months(source: Source, column: str, decimal: str | None) -> str:
    """Expression for a whole number of months."""
    given = f"cast({number_of(source, column, decimal)} as double)"
    no_term = f"{given} <> floor({given}) or {given} < 1 or {given} > {LONGEST_TERM}"
    refuse(source, column, no_term, f"{{value}} is no whole number of months from 1 to {LONGEST_TERM}")
    return f"cast({given} as integer)"


def _require_one_customer(lines: duckdb.DuckDBPyRelation, name: str) -> None:
    found = ask(
        lines,
        "lines",
        "select contract_id, arg_min(customer_id, row), arg_max(customer_id, row), max(row) from lines where left_out is null "
        "group by contract_id having count(distinct customer_id) > 1 order by min(row) limit 1",
    ).fetchall()
    if found:
        contract, first, last, row = found[0]
        raise DataError(
            f"{name}, row {row}: contract {contract!r} is of customer {last!r} here and of {first!r} elsewhere; "
            "a contract that passes on to another customer is a new one, so give it another id"
        )


def _require_one_term_at_a_time(lines: duckdb.DuckDBPyRelation, name: str) -> None:
    earlier = "(partition by contract_id order by start, last_day, row rows between unbounded preceding and 1 preceding)"
    found = ask(
        lines,
        "lines",
        f"select contract_id, row, start, before, before_row from (select *, max(last_day) over {earlier} as before, "
        f"arg_max(row, last_day) over {earlier} as before_row from lines where left_out is null) "
        f"where before - start >= {TOLERANCE} order by row limit 1",
    ).fetchall()
    if found:
        contract, row, start, before, before_row = found[0]
        raise DataError(
            f"{name}, row {row}: this term of contract {contract!r} begins on {start}, while that of row {before_row} runs until {before}; "
            "a contract has one term at a time, so add the amounts up, or give what was bought beside it an id of its own"
        )
