"""Cells of a source as typed SQL expressions, each checked; what cannot be understood is refused with file, column and row."""

import re
from collections.abc import Sequence

import duckdb

from clvbayes.data.checks import CONTROL, CURRENCY, no_column
from clvbayes.data.sources import ROW, Source, ask, literal
from clvbayes.errors import ArgumentError, DataError

__all__ = [
    "LARGEST_AMOUNT",
    "MONEY",
    "currency_of",
    "day_of",
    "number_of",
    "refuse",
    "refuse_control",
    "refuse_early",
    "repeats",
    "require_in_source",
    "text_of",
]

MONEY = "decimal(18, 6)"  # sums of decimals are exact, so no result depends on the order of rows

EARLIEST = "1970-01-01"  # where missing dates of many systems land; no order of a living customer base is older
LARGEST_AMOUNT = 1e11  # what decimal(18, 6) holds, less a digit
INTEGER_TYPES = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")}
FRACTION_TYPES = r"DOUBLE|FLOAT|DECIMAL\(\d+,\d+\)"  # to the end of the name: a list of them is DOUBLE[]
DAY_TYPES = "DATE|TIMESTAMP[A-Z_ ]*"
NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
GROUPED = r"^\s*[+-]?[0-9]{{1,3}}([{0}][0-9]{{3}})+([{1}][0-9]*)?\s*$"
THOUSANDS = r"^[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+$"
HEADING_ROWS = 20  # so far down the columns' names are looked for
ISO_DATE = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?$"


def repeats(source: Source) -> str:
    """Query of the rows that equal an earlier one in every column. Few rows share a hash, and only those are compared; ranking all of 1e7
    rows took ten times as long."""
    columns = ", ".join(map(source.sql, source.columns))
    shared = f"select hash({columns}) from source group by 1 having count(*) > 1"
    nth = f"row_number() over (partition by {columns} order by {ROW})"
    ranked = f"select {ROW}, {nth} as nth from source where hash({columns}) in ({shared})"
    return f"select {ROW} as repeat from ({ranked}) where nth > 1"


def require_in_source(source: Source, *names: str | None) -> None:
    """Raise if the source lacks a column."""
    missing = [name for name in names if name is not None and name not in source.columns]
    if missing:
        said = no_column(source.name, missing, source.columns)
        raise DataError(said if said.endswith("?") else said + _where_else(source, missing))


def _where_else(source: Source, names: Sequence[str]) -> str:
    """What to do where a title stands above the columns' names, or there are other sheets."""
    cells = ", ".join(f"trim(cast({source.sql(column)} as varchar))" for column in source.columns)
    for row, *texts in ask(source.relation, "source", f"select {ROW}, {cells} from source order by {ROW} limit {HEADING_ROWS}").fetchall():
        undivided = re.split("[;,\t|]", texts[0] or "")  # a title in row 1 of a CSV says nothing of what divides the rows below it
        if set(names) <= {*texts, *(part.strip(' "') for part in undivided)}:
            return f". Row {row} holds what was asked for: take out the rows above it, so that the columns' names come first"
    return f". Other sheets, to be named by sheet: {', '.join(map(repr, source.other_sheets))}" if source.other_sheets else ""


def _is_text(source: Source, column: str) -> bool:
    return source.type_of(column) == "VARCHAR"


def text_of(source: Source, column: str | None) -> str:
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


def refuse(source: Source, column: str, condition: str, complaint: str) -> None:
    """Raise if a cell meets `condition`; `complaint` may name its {value}."""
    found = _problem(source, column, condition)
    if found:
        row, count, value = found
        rows = f" ({count} rows like this)" if count > 1 else ""
        raise DataError(f"{source.name}, row {row}, column {column!r}: {complaint.format(value=repr(value))}{rows}")


def number_of(source: Source, column: str, decimal: str | None) -> str:
    """Expression for a finite number; refuses cells that hold none."""
    name = source.sql(column)
    missing = f"{name} is null" + (f" or trim({name}) = ''" if _is_text(source, column) else "")
    refuse(source, column, missing, "a number is missing; fill it in, or take the row out")
    if _is_text(source, column):
        refuse(source, column, f"regexp_matches(trim({name}), '^[+-]?(nan|inf|infinity)$', 'i')", "{value} is not a finite number")
        plain, misgrouped, hint = name, "false", '; if the comma is its decimal mark, set decimal=","; take units and currencies out'
        if decimal is not None:
            grouping = "." if decimal == "," else ","
            plain = f"replace(replace({name}, '{grouping}', ''), '{decimal}', '.')"
            misgrouped = f"contains({name}, '{grouping}') and not regexp_matches({name}, {literal(GROUPED.format(grouping, decimal))})"
            hint = f' with the decimal mark "{decimal}"; take units and currencies out'
        else:
            _refuse_thousands(source, column)
        refuse(source, column, f"{misgrouped} or not regexp_matches({plain}, {literal(NUMBER)})", "{value} is not a number" + hint)
        number = f"cast(trim({plain}) as double)"
    elif source.type_of(column) in INTEGER_TYPES:
        number = f"cast({name} as double)"
    elif re.fullmatch(FRACTION_TYPES, source.type_of(column)):
        number = name
    else:
        raise DataError(f"{source.name}, column {column!r}: holds {source.type_of(column).lower()}, not numbers")
    refuse(source, column, f"not isfinite(cast({number} as double))", "{value} is not a finite number")
    refuse(
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
        refuse(source, column, pointed, '{value} may mean thousands or a fraction; set decimal="," or decimal="."')


def day_of(source: Source, column: str, date_format: str | None) -> str:
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
        if not re.match(r"\s*%Y", date_format):  # of a column of Excel's, some cells may be dates and others text
            day = f"coalesce({day}, {_iso(text)})"
        try:
            refuse(
                source,
                column,
                f"{text} is not null and {day} is null",
                "{value} is not a date of the format " + repr(date_format).replace("{", "{{").replace("}", "}}"),
            )
        except duckdb.Error as error:
            raise ArgumentError(f"date_format {date_format!r} cannot be used: {str(error).splitlines()[0]}") from None
        return f"cast({day} as date)"
    two_ways = f"regexp_matches({text}, '^[0-9]{{1,2}}[./-][0-9]{{1,2}}[./-][0-9]{{2,4}}')"
    refuse(source, column, two_ways, '{value} may be read day first or month first; give date_format, such as "%d.%m.%Y" or "%m/%d/%Y"')
    day = _iso(text)
    refuse(source, column, f"{text} is not null and {day} is null", "{value} is not a date; write it as 2026-03-31, or give date_format")
    return f"cast({day} as date)"


def _iso(text: str) -> str:
    return f"case when regexp_matches({text}, {literal(ISO_DATE)}) then try_cast({text} as timestamp) end"


def refuse_early(source: Source, column: str, day: str) -> None:
    """Raise if a day lies before any that can be meant."""
    early = f"{{value}} lies before {EARLIEST}; correct it, or give date_format (a year of two digits is %y)"
    refuse(source, column, f"{day} < date '{EARLIEST}'", early)


def refuse_control(source: Source, *columns: str) -> None:
    """Raise if a label holds a control character."""
    for column in columns:
        control = f"regexp_matches(cast({source.sql(column)} as varchar), {literal(CONTROL)})"
        refuse(source, column, control, "{value} holds a control character; take it out")


def currency_of(source: Source, currency: str | None) -> str | None:
    """The code of the one currency, given itself or as the name of a column."""
    if currency in source.columns:
        return _one_currency(source, currency)
    if currency is not None and not re.fullmatch(CURRENCY, currency):
        raise DataError(f'{source.name}: currency must be a code such as "EUR" or the name of a column, not {currency!r}')
    return currency


def _one_currency(source: Source, column: str) -> str:
    name = f"trim(cast({source.sql(column)} as varchar))"
    refuse(source, column, f"coalesce({name}, '') = ''", "the currency is missing")
    codes = ask(source.relation, "source", f"select {name}, min({ROW}) from source group by 1 order by 2").fetchall()
    if len(codes) > 1:
        found = ", ".join(f"{code!r} (first in row {row})" for code, row in codes[:5])
        raise DataError(f"{source.name}, row {codes[1][1]}, column {column!r}: more than one currency: {found}; convert the amounts to one")
    refuse(source, column, f"not regexp_matches({name}, {literal(CURRENCY)})", '{value} is not a currency\'s code, such as "EUR"')
    return str(codes[0][0])
