"""Orders, order lines and returns as a checked table: every row is typed, and has one fate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Literal

import duckdb
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
from clvbayes.data.sources import ROW, Source, literal, of_some_customers, open_source
from clvbayes.errors import ArgumentError

__all__ = ["NO_CUSTOMER", "OF_CONTRACT", "Transactions", "read_transactions"]

NO_CUSTOMER = "no customer id"
NO_DATE = "no date"
RETURN = "return or credit note"
NOT_POSITIVE = "zero or negative amount"
DUPLICATE = "exact duplicate of another line"
OF_CONTRACT = "invoice of a contract"

FACTOR = "decimal(19, 6)"  # DuckDB multiplies decimals of at most 18 digits in 64 bits: 100,000 times 1,000 overflows there


@dataclass(frozen=True)
class Transactions:
    """Checked order lines.

    Attributes
    ----------
    lines : duckdb.DuckDBPyRelation
        One row a row of the source: `row` (its number), `customer_id` (text), `day`, `amount` (exact decimal, in `currency`), `order_id`,
        `returned_order` and `product` (text, missing where no column was named), `segment_0`, `segment_1`, ... (text, in the order of
        `segments`), `is_duplicate`, and `left_out`: why the row is not an order of a known customer, or missing if it is one.
    segments : tuple of str
        Names of the segment columns in the source.
    currency : str or None
        The one currency of all amounts.
    source : str
        What was read: a file's name, "DataFrame" or "query".
    sha256 : str
        Hash of the source's contents.
    names_returned_orders : bool
        Whether credit notes name the orders that they belong to.
    """

    lines: duckdb.DuckDBPyRelation
    segments: tuple[str, ...]
    currency: str | None
    source: str
    sha256: str
    names_returned_orders: bool = False

    def of_some_customers(self, count: int) -> "Transactions":
        """As `clvbayes.data.sources.of_some_customers`."""
        return replace(self, lines=of_some_customers(self.lines, count))

    def to_frame(self) -> pd.DataFrame:
        """All lines as a frame, segments under their own names, amounts as floats; a segment named like a line's own column gets the
        suffix ``_segment``."""
        frame: pd.DataFrame = self.lines.order("row").df().astype({"amount": float})
        names = {name: f"{name}_segment" if name in frame.columns else name for name in self.segments}
        return frame.rename(columns={f"segment_{k}": names[name] for k, name in enumerate(self.segments)})


def read_transactions(
    source: object,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    quantity: str | None = None,
    order_id: str | None = None,
    returned_order: str | None = None,
    product: str | None = None,
    contract_id: str | None = None,
    segments: Sequence[str] = (),
    is_return: str | Mapping[str, str] | None = None,
    currency: str | None = None,
    date_format: str | None = None,
    decimal: Literal[".", ","] | None = None,
    sheet: str | None = None,
    duplicates: Literal["keep", "drop"] = "keep",
) -> Transactions:
    """Read orders or order lines, and check every row.

    Parameters
    ----------
    source : path, DataFrame (pandas, polars, Arrow) or Query
        A CSV (UTF-8), Parquet or XLSX file, a frame, or a query. Nothing is fetched from the network. The rows of a CSV or Parquet file
        may outgrow memory: all rows read lie in a folder of the system's temporary directory (`TMPDIR`), which goes with the result.
    customer_id, date, amount : str
        Names of the columns, in the source's own capitals. Rows without a customer or a date are counted and left out; an amount must
        be there.
    quantity : str, optional
        Name of a column that `amount`, then a price, is multiplied by.
    order_id, product : str, optional
        Names of the columns that hold them.
    contract_id : str, optional
        Name of a column that holds, for lines that invoice a contract, its id: they are no orders, since what contracts pay is valued by
        the contracts; they are counted and left out.
    returned_order : str, optional
        Name of a column that holds, for returns and credit notes, the id of the order that they belong to; a row with one is a return.
        Needs `order_id`. Without it, a credit note belongs to the customer's latest order before it.
    segments : sequence of str
        Names of columns that are known when a customer is won, such as industry or channel.
    is_return : str or mapping, optional
        Name of a true/false (also yes/no or 1/0) column that marks returns and credit notes; or ``{column: prefix}``, for rows whose
        text in the column starts so.
    currency : str, optional
        Code such as "EUR", or the name of a column that holds one.
    date_format : str, optional
        Format of dates given as text, such as "%d.%m.%Y". Without it they must be ISO dates (2026-03-31).
    decimal : {".", ","}, optional
        Decimal mark of amounts given as text; the other one may then group thousands, and nothing but thousands.
    sheet : str, optional
        Sheet of an XLSX file; the first one by default.
    duplicates : {"keep", "drop"}
        What to do with lines that equal another line in every column. They are counted in the ledger either way.

    Returns
    -------
    Transactions

    Raises
    ------
    DataError
        If the source cannot be read, a column is missing, an amount or a date cannot be understood, a date lies in the future, or there is
        more than one currency. The message names file, column and row.
    ArgumentError
        If an argument is not one of those described.

    Examples
    --------
    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "a", None], "date": ["2025-01-02", "2025-03-04", "2025-01-09"], "amount": [10.0, 12.5, 3.0]}
    ... )
    >>> read_transactions(orders).to_frame()[["customer_id", "amount", "left_out"]]
      customer_id  amount        left_out
    0           a    10.0             NaN
    1           a    12.5             NaN
    2         NaN     3.0  no customer id
    """
    if decimal not in (None, ".", ","):
        raise ArgumentError(f'decimal must be "." or ",", not {decimal!r}')
    if duplicates not in ("keep", "drop"):
        raise ArgumentError(f'duplicates must be "keep" or "drop", not {duplicates!r}')
    require_columns(segments)
    required = {"customer_id": customer_id, "date": date, "amount": amount}
    optional = {
        "quantity": quantity,
        "order_id": order_id,
        "returned_order": returned_order,
        "product": product,
        "contract_id": contract_id,
        "currency": currency,
        "date_format": date_format,
        "sheet": sheet,
    }
    for role, given in (required | {role: given for role, given in optional.items() if given is not None}).items():
        if not isinstance(given, str):
            raise ArgumentError(f"{role} must be text, not {given!r}")
    if not isinstance(is_return, str | Mapping | None):
        raise ArgumentError(f"is_return must be the name of a column or {{column: prefix}}, not {is_return!r}")
    if len(set(segments)) < len(segments):
        raise ArgumentError(f"segments names a column twice: {list(segments)}")
    if returned_order is not None and order_id is None:
        raise ArgumentError("returned_order names the column of the orders that came back, so order_id must name that of the orders")
    if returned_order is not None and returned_order in (order_id, product, *segments):
        raise ArgumentError(f"column {returned_order!r} is named as returned_order and as something else; it can be only one of them")
    for role, column in {"customer_id": customer_id, "date": date, "amount": amount, "quantity": quantity}.items():
        if column is not None and [customer_id, date, amount, quantity, order_id, returned_order, product, *segments].count(column) > 1:
            raise ArgumentError(f"column {column!r} is named as {role} and as something else; it can be only one of them")
    if contract_id is not None and contract_id in (customer_id, date, amount, quantity, order_id, returned_order, product, *segments):
        raise ArgumentError(f"column {contract_id!r} is named as contract_id and as something else; it can be only one of them")
    opened = open_source(source, sheet=sheet, decimal=decimal)
    return_column = is_return if isinstance(is_return, str) or is_return is None else next(iter(is_return), None)
    require_in_source(opened, customer_id, date, amount, quantity, order_id, returned_order, product, contract_id, return_column, *segments)
    currency_code = currency_of(opened, currency)
    days = day_of(opened, date, date_format)
    money = number_of(opened, amount, decimal)
    if quantity is not None:
        times = number_of(opened, quantity, decimal)
        too_large = f"abs(cast({money} as double) * cast({times} as double)) >= {LARGEST_AMOUNT}"
        refuse(opened, amount, too_large, "{value} times its quantity is too large (the limit is 1e11)")
        money = f"cast({money} as {FACTOR}) * cast({times} as {FACTOR})"
    _require_plausible_dates(opened, date, days)
    refuse_control(opened, customer_id, *segments)

    opened.keep("repeats", repeats(opened))
    columns = {
        "row": ROW,
        "customer_id": text_of(opened, customer_id),
        "day": days,
        "amount": f"cast({money} as {MONEY})",
        "order_id": text_of(opened, order_id),
        "returned_order": text_of(opened, returned_order),
        "product": text_of(opened, product),
        **{f"segment_{k}": text_of(opened, name) for k, name in enumerate(segments)},
        "is_return": _is_return(opened, is_return),
        "is_duplicate": "repeat is not null",
        "of_contract": f"{text_of(opened, contract_id)} is not null",
    }
    selected = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
    typed = f"select {selected} from source left join repeats on repeat = {ROW}"
    drop_duplicates = f"when is_duplicate then {literal(DUPLICATE)}" if duplicates == "drop" else ""
    fate = f"""case
        when customer_id is null then {literal(NO_CUSTOMER)}
        when day is null then {literal(NO_DATE)}
        {drop_duplicates}
        when of_contract then {literal(OF_CONTRACT)}
        when is_return or returned_order is not null then {literal(RETURN)}
        when amount <= 0 then {literal(NOT_POSITIVE)} end"""
    lines = opened.keep("lines", f"select * exclude (is_return, of_contract), {fate} as left_out from ({typed})")
    return Transactions(lines, tuple(segments), currency_code, opened.name, opened.sha256, returned_order is not None)


def _require_plausible_dates(source: Source, column: str, day: str) -> None:
    refuse_early(source, column, day)
    today = Date.today().isoformat()
    complaint = f"{{value}} lies in the future (today is {today}); correct it, or take planned orders out"
    refuse(source, column, f"{day} > date '{today}'", complaint)


def _is_return(source: Source, is_return: str | Mapping[str, str] | None) -> str:
    if is_return is None:
        return "false"
    if isinstance(is_return, Mapping):
        if len(is_return) != 1:
            raise ArgumentError(f'is_return must name one column and its prefix, such as {{"invoice": "C"}}, not {dict(is_return)!r}')
        [(column, prefix)] = is_return.items()
        if not prefix:
            raise ArgumentError(f"is_return: the prefix of {column!r} is empty, so every row would be a return")
        return f"coalesce(starts_with({text_of(source, column)}, {literal(str(prefix))}), false)"
    flag = f"lower(trim(cast({source.sql(is_return)} as varchar)))"
    known = "('true', 'false', '1', '0', 'yes', 'no', 'ja', 'nein', '1.0', '0.0', '')"
    refuse(source, is_return, f"{flag} not in {known}", "{value} is neither true nor false; write true or false, yes or no, ja or nein")
    return f"coalesce({flag} in ('true', '1', 'yes', 'ja', '1.0'), false)"
