"""Orders, order lines and returns as a checked table: every row is typed, and has one fate."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

from clvbayes.data.checks import CONTROL, CURRENCY, require_columns
from clvbayes.data.sources import ROW, Source, ask, literal, open_source
from clvbayes.errors import ArgumentError, DataError

__all__ = ["NO_CUSTOMER", "Transactions", "read_transactions"]

NO_CUSTOMER = "no customer id"
NO_DATE = "no date"
RETURN = "return or credit note"
NOT_POSITIVE = "zero or negative amount"
DUPLICATE = "exact duplicate of another line"

MONEY = "decimal(18, 6)"  # sums of decimals are exact, so no result depends on the order of rows
FACTOR = "decimal(19, 6)"  # DuckDB multiplies decimals of at most 18 digits in 64 bits: 100,000 times 1,000 overflows there
EARLIEST = "1970-01-01"  # where missing dates of many systems land; no order of a living customer base is older
LARGEST_AMOUNT = 1e11  # what decimal(18, 6) holds, less a digit
INTEGER_TYPES = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")}
FRACTION_TYPES = r"DOUBLE|FLOAT|DECIMAL\(\d+,\d+\)"  # to the end of the name: a list of them is DOUBLE[]
DAY_TYPES = "DATE|TIMESTAMP[A-Z_ ]*"
NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
GROUPED = r"^\s*[+-]?[0-9]{{1,3}}([{0}][0-9]{{3}})+([{1}][0-9]*)?\s*$"
THOUSANDS = r"^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+$"
ISO_DATE = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?$"


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
        """The lines of at most so many customers, chosen by the hash of their id.

        Raises
        ------
        ArgumentError
            If `count` is no positive whole number.
        """
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise ArgumentError(f"customers must be a whole number of at least 1, not {count!r}")
        chosen = f"""
            select customer_id from (select distinct customer_id from orders where customer_id is not null)
            order by md5(customer_id), customer_id limit {count}
        """
        return replace(self, lines=ask(self.lines, "orders", f"select * from orders where customer_id in ({chosen})"))

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
    opened = open_source(source, sheet=sheet, decimal=decimal)
    currency_column = currency if currency in opened.columns else None
    return_column = is_return if isinstance(is_return, str) or is_return is None else next(iter(is_return), None)
    _require_columns(opened, customer_id, date, amount, quantity, order_id, returned_order, product, return_column, *segments)
    if currency is not None and currency_column is None and not re.fullmatch(CURRENCY, currency):
        raise DataError(f'{opened.name}: currency must be a code such as "EUR" or the name of a column, not {currency!r}')

    days = _day(opened, date, date_format)
    money = _number(opened, amount, decimal)
    if quantity is not None:
        times = _number(opened, quantity, decimal)
        too_large = f"abs(cast({money} as double) * cast({times} as double)) >= {LARGEST_AMOUNT}"
        _refuse(opened, amount, too_large, "{value} times its quantity is too large (the limit is 1e11)")
        money = f"cast({money} as {FACTOR}) * cast({times} as {FACTOR})"
    currency_code = _one_currency(opened, currency_column) if currency_column else currency
    _require_plausible_dates(opened, date, days)
    for label in (customer_id, *segments):
        control = f"regexp_matches(cast({opened.sql(label)} as varchar), {literal(CONTROL)})"
        _refuse(opened, label, control, "{value} holds a control character; take it out")

    opened.keep("repeats", _repeats(opened))
    columns = {
        "row": ROW,
        "customer_id": _text(opened, customer_id),
        "day": days,
        "amount": f"cast({money} as {MONEY})",
        "order_id": _text(opened, order_id),
        "returned_order": _text(opened, returned_order),
        "product": _text(opened, product),
        **{f"segment_{k}": _text(opened, name) for k, name in enumerate(segments)},
        "is_return": _is_return(opened, is_return),
        "is_duplicate": "repeat is not null",
    }
    selected = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
    typed = f"select {selected} from source left join repeats on repeat = {ROW}"
    drop_duplicates = f"when is_duplicate then {literal(DUPLICATE)}" if duplicates == "drop" else ""
    fate = f"""case
        when customer_id is null then {literal(NO_CUSTOMER)}
        when day is null then {literal(NO_DATE)}
        {drop_duplicates}
        when is_return or returned_order is not null then {literal(RETURN)}
        when amount <= 0 then {literal(NOT_POSITIVE)} end"""
    lines = opened.keep("lines", f"select * exclude (is_return), {fate} as left_out from ({typed})")
    return Transactions(lines, tuple(segments), currency_code, opened.name, opened.sha256, returned_order is not None)


def _repeats(source: Source) -> str:
    """Query of the rows that equal an earlier one in every column. Few rows share a hash, and only those are compared; ranking all of 1e7
    rows took ten times as long."""
    columns = ", ".join(map(source.sql, source.columns))
    shared = f"select hash({columns}) from source group by 1 having count(*) > 1"
    nth = f"row_number() over (partition by {columns} order by {ROW})"
    ranked = f"select {ROW}, {nth} as nth from source where hash({columns}) in ({shared})"
    return f"select {ROW} as repeat from ({ranked}) where nth > 1"


def _require_columns(source: Source, *names: str | None) -> None:
    missing = [name for name in names if name is not None and name not in source.columns]
    if missing:
        raise DataError(f"{source.name} has no column {', '.join(map(repr, missing))}; it has {', '.join(map(repr, source.columns))}")


def _is_text(source: Source, column: str) -> bool:
    return source.type_of(column) == "VARCHAR"


def _text(source: Source, column: str | None) -> str:
    """An identifier or label as trimmed text, missing if empty. Ids that pandas made floats (17850.0) are whole numbers again, in a CSV
    too, if all of the column are so."""
    if column is None:
        return "cast(null as varchar)"
    name = source.sql(column)
    if re.fullmatch(FRACTION_TYPES, source.type_of(column)):
        whole = f"{name} = floor({name}) and abs({name}) < 9e15"
        return (
            f"case when {name} is null or isnan(cast({name} as double)) then null "
            f"when {whole} then cast(cast({name} as bigint) as varchar) else cast({name} as varchar) end"
        )
    text = f"nullif(trim(cast({name} as varchar)), '')"
    if _is_text(source, column) and not _any(source, f"not regexp_matches({text}, '^[0-9]+[.]0$')"):
        return f"regexp_replace({text}, '[.]0$', '')"
    return text


def _any(source: Source, condition: str) -> bool:
    """Whether a row meets `condition`; the first one found is enough."""
    return bool(ask(source.relation, "source", f"select true from source where {condition} limit 1").fetchall())


def _problem(source: Source, column: str, condition: str) -> tuple[int, int, str | None] | None:
    """Row, count and text of the first cell that meets `condition`, if any does."""
    found = ask(
        source.relation,
        "source",
        f"select min({ROW}), count(*), arg_min(cast({source.sql(column)} as varchar), {ROW}) from source where {condition}",
    ).fetchall()[0]
    return None if found[1] == 0 else found


def _refuse(source: Source, column: str, condition: str, complaint: str) -> None:
    """Raise if a cell meets `condition`; `complaint` may name its {value}."""
    found = _problem(source, column, condition)
    if found:
        row, count, value = found
        rows = f" ({count} rows like this)" if count > 1 else ""
        raise DataError(f"{source.name}, row {row}, column {column!r}: {complaint.format(value=repr(value))}{rows}")


def _number(source: Source, column: str, decimal: str | None) -> str:
    """Expression for a finite number; refuses cells that hold none."""
    name = source.sql(column)
    missing = f"{name} is null" + (f" or trim({name}) = ''" if _is_text(source, column) else "")
    _refuse(source, column, missing, "a number is missing; fill it in, or take the row out")
    if _is_text(source, column):
        _refuse(source, column, f"regexp_matches(trim({name}), '^[+-]?(nan|inf|infinity)$', 'i')", "{value} is not a finite number")
        plain, misgrouped, hint = name, "false", '; if the comma is its decimal mark, set decimal=","'
        if decimal is not None:
            grouping = "." if decimal == "," else ","
            plain = f"replace(replace({name}, '{grouping}', ''), '{decimal}', '.')"
            misgrouped = f"contains({name}, '{grouping}') and not regexp_matches({name}, {literal(GROUPED.format(grouping, decimal))})"
            hint = f' with the decimal mark "{decimal}"'
        else:
            _refuse_thousands(source, column)
        _refuse(source, column, f"{misgrouped} or not regexp_matches({plain}, {literal(NUMBER)})", "{value} is not a number" + hint)
        number = f"cast(trim({plain}) as double)"
    elif source.type_of(column) in INTEGER_TYPES:
        number = f"cast({name} as double)"
    elif re.fullmatch(FRACTION_TYPES, source.type_of(column)):
        number = name
    else:
        raise DataError(f"{source.name}, column {column!r}: holds {source.type_of(column).lower()}, not numbers")
    _refuse(source, column, f"not isfinite(cast({number} as double))", "{value} is not a finite number")
    _refuse(
        source,
        column,
        f"abs(cast({number} as double)) >= {LARGEST_AMOUNT}",
        "{value} is too large (the limit is 1e11); give amounts in thousands or millions",
    )
    return number


def _refuse_thousands(source: Source, column: str) -> None:
    """Where every number with a point could be one of grouped thousands (1.250), only a person knows what it means."""
    name = source.sql(column)
    pointed = f"contains({name}, '.')"
    fraction = f"{pointed} and not regexp_matches(trim({name}), {literal(THOUSANDS)})"
    if not _any(source, fraction):
        _refuse(source, column, pointed, '{value} may mean thousands or a fraction; set decimal="," or decimal="."')


def _day(source: Source, column: str, date_format: str | None) -> str:
    """Expression for the day of a row, missing where the cell is empty; refuses text that is no date or may be two."""
    name = source.sql(column)
    kind = source.type_of(column)
    if re.fullmatch(DAY_TYPES, kind):
        return f"cast({name} as date)"
    if not _is_text(source, column) and date_format is None:
        raise DataError(
            f"{source.name}, column {column!r}: holds {kind.lower()}, not dates; "
            'give date_format if they are numbers such as 20260331 ("%Y%m%d")'
        )
    text = f"nullif(trim(cast({name} as varchar)), '')"
    if date_format is not None:
        if re.search("%[zZ]", date_format):
            raise ArgumentError(
                f"date_format {date_format!r} reads a time zone, which would move days; write dates in local time without one"
            )
        day = f"try_strptime({text}, {literal(date_format)})"
        try:
            _refuse(
                source,
                column,
                f"{text} is not null and {day} is null",
                "{value} is not a date of the format " + repr(date_format).replace("{", "{{").replace("}", "}}"),
            )
        except duckdb.Error as error:
            raise ArgumentError(f"date_format {date_format!r} cannot be used: {str(error).splitlines()[0]}") from None
        return f"cast({day} as date)"
    two_ways = f"regexp_matches({text}, '^[0-9]{{1,2}}[./-][0-9]{{1,2}}[./-][0-9]{{2,4}}')"
    _refuse(source, column, two_ways, '{value} may be read day first or month first; give date_format, such as "%d.%m.%Y" or "%m/%d/%Y"')
    day = f"try_cast({text} as timestamp)"
    no_date = f"{text} is not null and ({day} is null or not regexp_matches({text}, {literal(ISO_DATE)}))"
    _refuse(source, column, no_date, "{value} is not a date; write it as 2026-03-31, or give date_format")
    return f"cast({day} as date)"


def _require_plausible_dates(source: Source, column: str, day: str) -> None:
    early = f"{{value}} lies before {EARLIEST}; correct it, or give date_format (a year of two digits is %y)"
    _refuse(source, column, f"{day} < date '{EARLIEST}'", early)
    today = Date.today().isoformat()
    complaint = f"{{value}} lies in the future (today is {today}); correct it, or take planned orders out"
    _refuse(source, column, f"{day} > date '{today}'", complaint)


def _one_currency(source: Source, column: str) -> str:
    name = f"trim(cast({source.sql(column)} as varchar))"
    _refuse(source, column, f"coalesce({name}, '') = ''", "the currency is missing")
    codes = ask(source.relation, "source", f"select {name}, min({ROW}) from source group by 1 order by 2").fetchall()
    if len(codes) > 1:
        found = ", ".join(f"{code!r} (first in row {row})" for code, row in codes[:5])
        raise DataError(f"{source.name}, row {codes[1][1]}, column {column!r}: more than one currency: {found}; convert the amounts to one")
    _refuse(source, column, f"not regexp_matches({name}, {literal(CURRENCY)})", '{value} is not a currency\'s code, such as "EUR"')
    return str(codes[0][0])


def _is_return(source: Source, is_return: str | Mapping[str, str] | None) -> str:
    if is_return is None:
        return "false"
    if isinstance(is_return, Mapping):
        if len(is_return) != 1:
            raise ArgumentError(f'is_return must name one column and its prefix, such as {{"invoice": "C"}}, not {dict(is_return)!r}')
        [(column, prefix)] = is_return.items()
        if not prefix:
            raise ArgumentError(f"is_return: the prefix of {column!r} is empty, so every row would be a return")
        return f"coalesce(starts_with({_text(source, column)}, {literal(str(prefix))}), false)"
    flag = f"lower(trim(cast({source.sql(is_return)} as varchar)))"
    known = "('true', 'false', '1', '0', 'yes', 'no', 'ja', 'nein', '1.0', '0.0', '')"
    _refuse(source, is_return, f"{flag} not in {known}", "{value} is neither true nor false; write true or false, yes or no, ja or nein")
    return f"coalesce({flag} in ('true', '1', 'yes', 'ja', '1.0'), false)"
