"""Every kind of source as one DuckDB relation: a file, a DataFrame, or a query on a database."""

import csv
import hashlib
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from numbers import Number
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clvbayes.errors import ArgumentError, DataError

__all__ = ["ROW", "Query", "Source", "ask", "literal", "open_source"]

HEADER_ROWS = {".csv": 1, ".xlsx": 1, ".parquet": 0}
ROW = "source_row"
MEMORY_LIMIT = "3GB"  # of DuckDB; the process, with 5 million customers of 1e8 lines, takes 4.4 GB at most
BATCH = 131_072  # rows of a Parquet file in memory at a time
NO_TABLE = "the query returns no table; give a select statement"
REMOTE = r"[A-Za-z][A-Za-z0-9+.-]+:/"  # https://, s3://, and what pathlib makes of them; not C:/


@dataclass(frozen=True)
class Query:
    """A query on a database, as a source of orders.

    Parameters
    ----------
    connection : Any
        An open DB-API 2.0 or ADBC connection. It is used as it is and left open.
    sql : str
        The query; its result's columns are the columns of the source.

    Examples
    --------
    >>> import sqlite3
    >>> database = sqlite3.connect(":memory:")
    >>> open_source(Query(database, "select 'a' as customer_id, '2025-01-02' as date, 10.0 as amount")).columns
    ('customer_id', 'date', 'amount')
    >>> database.close()
    """

    connection: Any
    sql: str

    def __post_init__(self) -> None:
        if not hasattr(self.connection, "cursor") or not isinstance(self.sql, str):
            raise ArgumentError(
                f"a Query takes an open connection (DB-API 2.0 or ADBC) and text, not {self.connection!r} and {type(self.sql).__name__}"
            )


@dataclass(frozen=True)
class Source:
    """A source as it came, before anything is checked.

    Attributes
    ----------
    database : duckdb.DuckDBPyConnection
        Holds the source's rows, and what is made of them.
    relation : duckdb.DuckDBPyRelation
        The source's columns as ``column_0``, ``column_1``, ..., and before them `ROW`: the row's number as a person would find it (a
        spreadsheet's row, or counted from 1; blank lines of a CSV are not counted).
    columns : tuple of str
        The columns' own names. They never stand in SQL: to DuckDB "Amount" and "amount" are the same, and a name may be empty there or not.
    name : str
        What to call it in messages: a file's name, "DataFrame" or "query".
    sha256 : str
        Hash of the file's bytes, or of the frame's contents.
    other_sheets : tuple of str
        Of an XLSX file, the sheets that were not read.
    """

    database: duckdb.DuckDBPyConnection
    relation: duckdb.DuckDBPyRelation
    columns: tuple[str, ...]
    name: str
    sha256: str
    other_sheets: tuple[str, ...] = ()

    def sql(self, column: str) -> str:
        """What `relation` calls a column."""
        return f"column_{self.columns.index(column)}"

    def type_of(self, column: str) -> str:
        """DuckDB's name for the type of a column, in capitals."""
        return str(self.relation.types[1 + self.columns.index(column)]).upper()

    def keep(self, table: str, sql: str) -> duckdb.DuckDBPyRelation:
        """The result of a query on `source`, run once and kept in the database; a relation by itself runs anew at each use."""
        ask(self.relation, "source", sql).create(table)
        return self.database.table(table)


def ask(relation: duckdb.DuckDBPyRelation, name: str, sql: str) -> duckdb.DuckDBPyRelation:
    """The result of a query in which the relation goes by `name`."""
    answer = relation.query(name, sql)
    assert answer is not None, "only statements without a result have none"
    return answer


def of_some_customers(lines: duckdb.DuckDBPyRelation, count: int) -> duckdb.DuckDBPyRelation:
    """The lines of at most so many customers, chosen by the hash of their id.

    Raises
    ------
    ArgumentError
        If `count` is no positive whole number.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ArgumentError(f"customers must be a whole number of at least 1, not {count!r}")
    chosen = f"""
        select customer_id from (select distinct customer_id from lines where customer_id is not null)
        order by md5(customer_id), customer_id limit {count}
    """
    return ask(lines, "lines", f"select * from lines where customer_id in ({chosen})")


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def open_source(source: object, *, sheet: str | None = None, decimal: str | None = None) -> Source:
    """Open a path, DataFrame (pandas, polars, Arrow) or `Query`; nothing is fetched from the network.

    A column whose cells are of several kinds, such as numbers and days, becomes text, with `decimal` as the mark of its numbers.

    Raises
    ------
    DataError
        If the source is remote, does not exist, is of an unknown kind, cannot be read, or has no rows.
    """
    connection = _database()
    name = Path(source).name if isinstance(source, str | Path) else "query" if isinstance(source, Query) else "DataFrame"
    try:
        if isinstance(source, str | Path):
            opened = _open_file(connection, source, sheet, decimal)
        else:
            table = _query_table(source, decimal) if isinstance(source, Query) else _frame_table(source, decimal)
            relation = _table_relation(connection, table, name, first_row=1)
            opened = Source(connection, relation, tuple(table.column_names), name, _table_hash(table))
    except (duckdb.Error, pa.ArrowException, UnicodeError) as error:
        raise DataError(f"{name} cannot be read: {' '.join(str(error).split())}") from None
    if ask(opened.relation, "source", "select count(*) from source").fetchall() == [(0,)]:
        raise DataError(f"{opened.name} holds no rows")
    return opened


def _database() -> duckdb.DuckDBPyConnection:
    """A database on disk, for rows that outgrow memory. Its folder goes with the last relation on it, at the latest with the process."""
    folder = tempfile.mkdtemp(prefix="clvbayes-")
    connection = duckdb.connect(
        f"{folder}/rows.duckdb",
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": f"{folder}/spilled",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    weakref.finalize(connection, shutil.rmtree, folder, ignore_errors=True)
    connection.execute("set timezone = 'UTC'")
    return connection


def _open_file(connection: duckdb.DuckDBPyConnection, source: str | Path, sheet: str | None, decimal: str | None) -> Source:
    if re.match(REMOTE, str(source)):
        raise DataError(f"{source} is a remote address; download the file and give its path (nothing is fetched from the network)")
    path = Path(source)
    kind = path.suffix.lower()
    if kind not in HEADER_ROWS:
        raise DataError(f"{path.name}: files ending in {kind or 'nothing'} cannot be read; give one of {', '.join(HEADER_ROWS)}")
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty")
    if sheet is not None and kind != ".xlsx":
        raise DataError(f"{path.name}: a sheet is named ({sheet!r}), but only XLSX files have sheets")
    first_row = 1 + HEADER_ROWS[kind]
    other_sheets: tuple[str, ...] = ()
    if kind == ".csv":
        relation, names = _csv_relation(connection, path, first_row)
    elif kind == ".parquet":
        relation, names = _parquet_relation(connection, path, decimal, first_row)
    else:
        table, other_sheets = _sheet_table(path, sheet, decimal)
        relation, names = _table_relation(connection, table, path.name, first_row), table.column_names
    with path.open("rb") as file:
        return Source(connection, relation, tuple(names), path.name, hashlib.file_digest(file, "sha256").hexdigest(), other_sheets)


def _csv_relation(connection: duckdb.DuckDBPyConnection, path: Path, first_row: int) -> tuple[duckdb.DuckDBPyRelation, list[str]]:
    """A CSV as text. Its dialect is read off the header: guessing it from the rows hides ragged ones."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            while header.count('"') % 2 and (more := file.readline()):
                header += more
    except UnicodeDecodeError:
        raise DataError(f'{path.name} is not UTF-8 text; save it as "CSV UTF-8"') from None
    if not header.strip():
        raise DataError(f"{path.name}, row 1 is blank; it must hold the names of the columns")
    delimiter = max(",;\t|", key=re.sub(r'"[^"]*"', "", header).count)
    names = _named(next(csv.reader(header.splitlines(keepends=True), delimiter=delimiter)))
    _require_distinct(path.name, names)
    # the name is escaped because DuckDB takes *, ? and [ in it for a pattern
    pattern = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
    columns = ", ".join(f"column_{k}: 'varchar'" for k in range(len(names)))
    try:
        relation = connection.sql(
            f"select * from read_csv({literal(pattern)}, header=true, auto_detect=false, delim={literal(delimiter)}, quote='\"', "
            f"escape='\"', columns={{{columns}}}, nullstr='', strict_mode=true)"
        )
        return _numbered(connection, relation, first_row), names
    except duckdb.Error as error:
        said = str(error)
        if "UTF-8" in said or "unicode" in said:
            raise DataError(f'{path.name} is not UTF-8 text; save it as "CSV UTF-8"') from None
        line = re.search(r"CSV Error on Line: (\d+)", said)
        where = f", row {line.group(1)}" if line else ""
        remedy = f"; row 1 must hold the names of the columns, and holds {names[0]!r} alone" if len(names) == 1 else ""
        raise DataError(f"{path.name}{where} cannot be read: {' '.join(said.split('Possible fixes')[0].split())}{remedy}") from None


def _named(names: Sequence[object]) -> list[str]:
    """Names of a header; a column without one, such as the index that pandas writes, goes by its place."""
    return [str(name) if name not in (None, "") else f"column {k}" for k, name in enumerate(names, start=1)]


def _require_distinct(name: str, columns: Sequence[str]) -> None:
    twice = sorted({column for column in columns if list(columns).count(column) > 1})
    if twice:
        raise DataError(f"{name} has more than one column named {', '.join(map(repr, twice))}")


def _table_relation(
    connection: duckdb.DuckDBPyConnection, table: pa.Table | pa.RecordBatchReader, name: str, first_row: int
) -> duckdb.DuckDBPyRelation:
    names = table.schema.names
    _require_distinct(name, names)
    if not names:
        raise DataError(f"{name} has no columns")
    columns = ", ".join(f"column_{k}" for k in range(len(names)))
    renamed = ask(connection.from_arrow(table), "given", f"select * from given as given ({columns})")
    return _numbered(connection, renamed, first_row)


def _numbered(connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, first_row: int) -> duckdb.DuckDBPyRelation:
    relation.create("source_rows")  # DuckDB inserts rows in their order and counts them
    return connection.sql(f"select rowid + {first_row} as {ROW}, * from source_rows")


def _parquet_relation(
    connection: duckdb.DuckDBPyConnection, path: Path, decimal: str | None, first_row: int
) -> tuple[duckdb.DuckDBPyRelation, list[str]]:
    # not through DuckDB, which forgets the time zone that a column's days are to be counted in
    try:
        with pq.ParquetFile(path) as file:
            # what DuckDB does not know becomes what its cells are, and they must be seen whole
            rows = _batches(file, decimal) if all(map(_known, file.schema_arrow.types)) else _plain(file.read(), decimal)
            return _table_relation(connection, rows, path.name, first_row), rows.schema.names
    except (pa.ArrowInvalid, OSError, duckdb.Error) as error:
        said = str(error).split(". Detail: Python exception")[0]  # what follows is the traceback of _batches
        raise DataError(f"{path.name} cannot be read as Parquet: {said}") from None


def _batches(file: pq.ParquetFile, decimal: str | None) -> pa.RecordBatchReader:
    """The rows of a file, a piece at a time. What each column becomes follows from the file's schema alone."""
    plain = (_plain(pa.Table.from_batches([batch]), decimal) for batch in file.iter_batches(BATCH))
    schema = _plain(file.schema_arrow.empty_table(), decimal).schema
    return pa.RecordBatchReader.from_batches(schema, (batch for table in plain for batch in table.to_batches()))


def _sheet_table(path: Path, sheet: str | None, decimal: str | None) -> tuple[pa.Table, tuple[str, ...]]:
    """An XLSX sheet, and the names of the others: columns of numbers and of dates as they are, others as text; empty cells missing."""
    from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        worksheet = workbook.get_sheet_by_name(sheet) if sheet is not None else workbook.get_sheet_by_index(0)
    except WorksheetNotFound:
        raise DataError(f"{path.name} has no sheet {sheet!r}; it has {', '.join(map(repr, workbook.sheet_names))}") from None
    except CalamineError as error:
        raise DataError(f"{path.name} cannot be read as XLSX: {error}; save it from the spreadsheet as .xlsx") from None
    rows = worksheet.to_python(skip_empty_area=False)
    while rows and all(cell == "" for cell in rows[-1]):  # formatted, never filled
        rows.pop()
    others = tuple(name for name in workbook.sheet_names if name != worksheet.name)
    if len(rows) < 2:
        remedy = f"; if the rows are on another one, name it by sheet: {', '.join(map(repr, others))}" if others else ""
        raise DataError(f"{path.name}: the sheet {worksheet.name!r} holds {'no rows below its first' if rows else 'nothing'}{remedy}")
    names = _named(rows[0])
    return _table(names, [[None if row[k] == "" else row[k] for row in rows[1:]] for k in range(len(names))], decimal), others


def _table(names: Sequence[str], columns: Sequence[Sequence[object]], decimal: str | None) -> pa.Table:
    return _plain(pa.Table.from_arrays([_array(cells, decimal) for cells in columns], names=list(names)), decimal)


def _array(cells: Iterable[object], decimal: str | None) -> pa.Array:
    """Cells as what they are where all are of one kind, otherwise as text; a time with an offset as the clock on its wall showed it."""
    found = pd.Series(list(cells), dtype=object)
    given = [cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in found.where(found.notna(), None)]
    kinds = {_kind(type(cell)) for cell in given if cell is not None}
    if kinds == {date} and any(isinstance(cell, datetime) for cell in given):
        given = [datetime.combine(cell, time()) if type(cell) is date else cell for cell in given]
    if len(kinds) < 2:
        with suppress(pa.ArrowException, OverflowError):
            array = pa.array(given)
            if _known(array.type):
                return array
    return pa.array([_cell_text(cell, decimal) for cell in given], pa.string())


def _kind(of: type) -> type:
    """What counts as one kind in a column: whole and other numbers, and days with and without a time, but not true and 1."""
    return next((kind for kind in (bool, Number, date) if issubclass(of, kind)), of)


def _cell_text(cell: object, decimal: str | None) -> str | None:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, float | Decimal):
        return str(cell).replace(".", decimal or ".")
    return None if cell is None else str(cell)


def _query_table(query: Query, decimal: str | None) -> pa.Table:
    if isinstance(query.connection, duckdb.DuckDBPyConnection):
        relation = query.connection.sql(query.sql)
        if relation is None:
            raise DataError(NO_TABLE)
        return _plain(relation.to_arrow_table(), decimal)
    cursor = query.connection.cursor()
    try:
        cursor.execute(query.sql)
        if cursor.description is None:
            raise DataError(NO_TABLE)
        if hasattr(cursor, "fetch_arrow_table"):  # ADBC
            return _plain(cursor.fetch_arrow_table(), decimal)
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description]
        return _table(names, [[row[k] for row in rows] for k in range(len(names))], decimal)
    finally:
        cursor.close()


def _frame_table(frame: Any, decimal: str | None) -> pa.Table:
    import narwhals as nw

    if isinstance(frame, pd.DataFrame):
        frame = frame.rename(columns=str)
    try:
        native = nw.from_native(frame, eager_only=True)
    except nw.exceptions.DuplicateError:
        raise DataError("the DataFrame has more than one column of the same name") from None
    except TypeError:
        raise DataError(f"a source is a path, a DataFrame (pandas, polars, Arrow) or a Query, not {type(frame).__name__}") from None
    return _plain(pa.Table.from_arrays([_column_array(column, decimal) for column in native.iter_columns()], names=native.columns), decimal)


def _column_array(column: Any, decimal: str | None) -> pa.Array:
    """A column of a frame; Arrow would take objects of several kinds for ones of the first kind, so they are looked at one by one."""
    import narwhals as nw

    if column.dtype != nw.Object:
        with suppress(pa.ArrowException):
            return column.to_arrow()
    return _array(column.to_list(), decimal)


def _plain(table: pa.Table, decimal: str | None) -> pa.Table:
    """Timestamps with a time zone as the local time that a person there reads: an order's day is the customer's, not Greenwich's.
    Categories as their values, a column without any value as text, and what DuckDB does not know as a person would write it."""
    for k, field in enumerate(table.schema):
        column = table.column(k)
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            table = table.set_column(k, field.name, pc.local_timestamp(column))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(k, field.name, column.cast(field.type.value_type))
        elif pa.types.is_null(field.type):
            table = table.set_column(k, field.name, column.cast(pa.string()))
        elif not _known(field.type):
            table = table.set_column(k, field.name, _array(column.to_pylist(), decimal))
    return table


@cache
def _known(kind: pa.DataType) -> bool:
    """Whether DuckDB has a type for this one of Arrow's; it has none for decimals of more than 38 digits, or halves of floats."""
    with duckdb.connect() as connection:
        try:
            connection.from_arrow(pa.schema([("column", kind)]).empty_table()).fetchall()
        except (duckdb.Error, pa.ArrowException):
            return False
        return True


def _table_hash(table: pa.Table) -> str:
    contents = pa.BufferOutputStream()
    with pa.ipc.new_stream(contents, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(contents.getvalue()).hexdigest()
