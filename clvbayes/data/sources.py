"""Every kind of source as one DuckDB relation: a file, a DataFrame, or a query on a database."""

import csv
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from clvbayes.errors import DataError

__all__ = ["ROW", "Query", "Source", "ask", "literal", "open_source", "quoted"]

HEADER_ROWS = {".csv": 1, ".xlsx": 1, ".parquet": 0}
ROW = "clvbayes row"


@dataclass(frozen=True)
class Query:
    """A query on a database, as a source of orders.

    Parameters
    ----------
    connection : Any
        An open DB-API 2.0 or ADBC connection. It is used as it is and left open.
    sql : str
        The query; its result's columns are the columns of the source.
    """

    connection: Any
    sql: str


@dataclass(frozen=True)
class Source:
    """A source as it came, before anything is checked.

    Attributes
    ----------
    relation : duckdb.DuckDBPyRelation
        The source's columns, and before them `ROW`: the row's number as a person would find it (a spreadsheet's row, or counted from 1).
    name : str
        What to call it in messages: a file's name, "DataFrame" or "query".
    sha256 : str
        Hash of the file's bytes, or of the frame's contents.
    """

    relation: duckdb.DuckDBPyRelation
    name: str
    sha256: str

    @property
    def columns(self) -> list[str]:
        """Names of the source's own columns."""
        return self.relation.columns[1:]

    def type_of(self, column: str) -> str:
        """DuckDB's name for the type of a column."""
        return str(self.relation.types[self.relation.columns.index(column)])


def ask(relation: duckdb.DuckDBPyRelation, name: str, sql: str) -> duckdb.DuckDBPyRelation:
    """The result of a query in which the relation goes by `name`."""
    answer = relation.query(name, sql)
    assert answer is not None, "only statements without a result have none"
    return answer


def quoted(identifier: str) -> str:
    """`identifier` as a quoted SQL name."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def open_source(source: object, *, sheet: str | None = None) -> Source:
    """Open a path, DataFrame (pandas, polars, Arrow) or `Query`; nothing is fetched from the network.

    Raises
    ------
    DataError
        If the source is remote, does not exist, is of an unknown kind, cannot be read, or has no rows.
    """
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.execute("set timezone = 'UTC'")
    if isinstance(source, str | Path):
        opened = _open_file(connection, source, sheet)
    else:
        table = _query_table(source) if isinstance(source, Query) else _frame_table(source)
        name = "query" if isinstance(source, Query) else "DataFrame"
        opened = Source(_numbered(connection, connection.from_arrow(table), first_row=1), name, _table_hash(table))
    if ask(opened.relation, "source", "select count(*) from source").fetchall() == [(0,)]:
        raise DataError(f"{opened.name} holds no rows")
    return opened


def _open_file(connection: duckdb.DuckDBPyConnection, source: str | Path, sheet: str | None) -> Source:
    if "://" in str(source):
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
    try:
        match kind:
            case ".csv":
                relation = connection.sql(_csv_query(path))
            case ".parquet":
                relation = connection.from_parquet(str(path))
            case _:
                relation = connection.from_arrow(_sheet_table(path, sheet))
        numbered = _numbered(connection, relation, first_row=1 + HEADER_ROWS[kind])
    except duckdb.Error as error:
        said = str(error)
        if "UTF-8" in said or "unicode" in said:
            raise DataError(f'{path.name} is not UTF-8 text; save it as "CSV UTF-8"') from None
        line = re.search(r"CSV Error on Line: (\d+)", said)
        where = f", row {line.group(1)}" if line else ""
        raise DataError(f"{path.name}{where} cannot be read: {' '.join(said.split('Possible fixes')[0].split())}") from None
    with path.open("rb") as file:
        return Source(numbered, path.name, hashlib.file_digest(file, "sha256").hexdigest())


def _csv_query(path: Path) -> str:
    """The query that reads a CSV as text. Its dialect is read off the header: guessing it from the rows hides ragged ones."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
    except UnicodeDecodeError:
        raise DataError(f'{path.name} is not UTF-8 text; save it as "CSV UTF-8"') from None
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    delimiter = max(",;\t|", key=outside_quotes.count)
    names = next(csv.reader([header], delimiter=delimiter))
    _require_distinct(path.name, names)
    # the name is escaped because DuckDB takes *, ? and [ in it for a pattern
    pattern = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in names)
    return (
        f"select * from read_csv({literal(pattern)}, header=true, auto_detect=false, delim={literal(delimiter)}, quote='\"', escape='\"', "
        f"columns={{{columns}}}, nullstr='', strict_mode=true)"
    )


def _require_distinct(name: str, columns: Sequence[str]) -> None:
    twice = sorted({column for column in columns if list(columns).count(column) > 1})
    if twice:
        raise DataError(f"{name} has more than one column named {', '.join(map(repr, twice))}")


def _numbered(connection: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, first_row: int) -> duckdb.DuckDBPyRelation:
    connection.execute("drop table if exists source")
    relation.query(
        "source_rows", f"create table source as select row_number() over () + {first_row - 1} as {quoted(ROW)}, * from source_rows"
    )
    return connection.table("source")


def _sheet_table(path: Path, sheet: str | None) -> pa.Table:
    """An XLSX sheet with every cell as text: ISO dates, plain numbers, None where the cell is empty."""
    from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        worksheet = workbook.get_sheet_by_name(sheet) if sheet is not None else workbook.get_sheet_by_index(0)
    except WorksheetNotFound:
        raise DataError(f"{path.name} has no sheet {sheet!r}; it has {', '.join(map(repr, workbook.sheet_names))}") from None
    except CalamineError as error:
        raise DataError(f"{path.name} cannot be read as XLSX: {error}") from None
    rows = worksheet.to_python(skip_empty_area=False)
    if not rows:
        raise DataError(f"{path.name} is empty")
    names = [str(name) for name in rows[0]]
    _require_distinct(path.name, names)
    return pa.table({name: pa.array([_cell_text(row[k]) for row in rows[1:]], pa.string()) for k, name in enumerate(names)})


def _cell_text(cell: object) -> str | None:
    if cell == "" or cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def _query_table(query: Query) -> pa.Table:
    cursor = query.connection.cursor()
    try:
        cursor.execute(query.sql)
        if hasattr(cursor, "fetch_arrow_table"):  # ADBC
            return _wall_clock(cursor.fetch_arrow_table())
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
        return pa.table({name: pa.array([row[k] for row in rows]) for k, name in enumerate(names)})
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"the query's result holds a column of mixed types: {error}") from None
    finally:
        cursor.close()


def _frame_table(frame: Any) -> pa.Table:
    import narwhals as nw

    try:
        native = nw.from_native(frame, eager_only=True)
    except nw.exceptions.DuplicateError:
        raise DataError("the DataFrame has more than one column of the same name") from None
    except TypeError:
        raise DataError(f"a source is a path, a DataFrame (pandas, polars, Arrow) or a Query, not {type(frame).__name__}") from None
    try:
        return _wall_clock(native.to_arrow())
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"the DataFrame holds a column of mixed types: {error}") from None


def _wall_clock(table: pa.Table) -> pa.Table:
    """Timestamps with a time zone as the local time that a person there reads: an order's day is the customer's, not Greenwich's."""
    for k, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            table = table.set_column(k, field.name, pc.local_timestamp(table.column(k)))
    return table


def _table_hash(table: pa.Table) -> str:
    contents = pa.BufferOutputStream()
    with pa.ipc.new_stream(contents, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(contents.getvalue()).hexdigest()
