"""The same orders are the same transactions, whatever they come in; a source that cannot be read says where and why."""

import re
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clvbayes.data import Query, read_transactions
from clvbayes.errors import ArgumentError, DataError

COLUMNS = ["customer_id", "date", "amount", "industry", "order_id"]
ROWS: list[tuple[Any, ...]] = [
    (17850, date(2025, 1, 31), 1234.5, "Käse; \"alt\", 'fein'", "A1"),
    (13047, date(2025, 2, 1), 0.1, "Zeile 1\nZeile 2", "2"),
    (17850, date(2025, 2, 28), 12.0, None, "A3"),
    (None, date(2024, 2, 29), 7.25, "<b>&amp;", "A4"),
]
EXPECTED = [("17850" if row[0] == 17850 else row[0] and str(row[0]), *row[1:]) for row in ROWS]


def frame() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=COLUMNS).astype({"customer_id": "Int64", "date": "datetime64[s]"})


def arrow(**kinds: pa.DataType) -> pa.Table:
    kinds = {
        "customer_id": pa.int64(),
        "date": pa.date32(),
        "amount": pa.float64(),
        "industry": pa.string(),
        "order_id": pa.string(),
    } | kinds
    return pa.table({name: pa.array([row[k] for row in ROWS], kinds[name]) for k, name in enumerate(COLUMNS)})


def csv(folder: Path, *, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n", mark: str = ".", ids: str = "Int64") -> Path:
    path = folder / "orders.csv"
    frame().astype({"customer_id": ids}).to_csv(path, sep=delimiter, index=False, encoding=encoding, lineterminator=end, decimal=mark)
    return path


def parquet(folder: Path, table: pa.Table) -> Path:
    pq.write_table(table, folder / "orders.parquet")
    return folder / "orders.parquet"


def xlsx(folder: Path, table: pd.DataFrame) -> Path:
    table.to_excel(folder / "orders.xlsx", index=False)
    return folder / "orders.xlsx"


def in_new_york(day: date) -> datetime:
    """Late in the evening there: the next day in Greenwich."""
    return pd.Timestamp(day).replace(hour=23).tz_localize("America/New_York").to_pydatetime()


def new_york_arrow() -> pa.Table:
    table, kind = arrow(), pa.timestamp("us", tz="America/New_York")
    return table.set_column(1, "date", pa.array([in_new_york(row[1]) for row in ROWS], kind))


def in_database(connection: Any, day: Callable[[date], object]) -> Query:
    connection.execute("create table orders (customer_id bigint, date date, amount double precision, industry text, order_id text)")
    connection.executemany("insert into orders values (?, ?, ?, ?, ?)", [(row[0], day(row[1]), *row[2:]) for row in ROWS])
    return Query(connection, "select * from orders order by order_id <> 'A1', order_id")


class ArrowCursor:
    """What an ADBC driver's cursor can do."""

    description = tuple((name,) for name in COLUMNS)
    closed = False

    def execute(self, sql: str) -> None:
        assert sql == "select"

    def fetch_arrow_table(self) -> pa.Table:
        return new_york_arrow()

    def close(self) -> None:
        self.closed = True


class ArrowConnection:
    def __init__(self) -> None:
        self.opened = ArrowCursor()

    def cursor(self) -> ArrowCursor:
        return self.opened


SOURCES: dict[str, Callable[[Path], tuple[object, dict[str, Any]]]] = {
    "CSV, comma": lambda folder: (csv(folder), {}),
    "CSV, semicolon": lambda folder: (csv(folder, delimiter=";"), {}),
    "CSV, tab": lambda folder: (csv(folder, delimiter="\t"), {}),
    "CSV, German": lambda folder: (csv(folder, delimiter=";", mark=","), {"decimal": ","}),
    "CSV, byte order mark": lambda folder: (csv(folder, encoding="utf-8-sig"), {}),
    "CSV, Windows line ends": lambda folder: (csv(folder, end="\r\n"), {}),
    "CSV, ids that pandas made floats": lambda folder: (csv(folder, ids="float64"), {}),
    "Parquet": lambda folder: (parquet(folder, arrow()), {}),
    "Parquet, timestamps": lambda folder: (parquet(folder, arrow().set_column(1, "date", arrow()["date"].cast(pa.timestamp("ns")))), {}),
    "Parquet, New York's timestamps": lambda folder: (parquet(folder, new_york_arrow()), {}),
    "Parquet, categories and long text": lambda folder: (
        parquet(folder, arrow(industry=pa.dictionary(pa.int8(), pa.string()), order_id=pa.large_string())),
        {},
    ),
    "Parquet, decimals": lambda folder: (
        parquet(folder, arrow().set_column(2, "amount", pa.array([Decimal(str(row[2])) for row in ROWS], pa.decimal128(12, 4)))),
        {},
    ),
    "Parquet, ids as decimals": lambda folder: (
        parquet(folder, arrow().set_column(0, "customer_id", pa.array([row[0] and Decimal(row[0]) for row in ROWS], pa.decimal128(12, 2)))),
        {},
    ),
    "XLSX": lambda folder: (xlsx(folder, frame()), {}),
    "XLSX, numbers and dates stay what they are": lambda folder: (xlsx(folder, frame()), {"decimal": ",", "date_format": "%d.%m.%Y"}),
    "XLSX, dates as text": lambda folder: (
        xlsx(folder, frame().assign(date=[f"{row[1]:%d.%m.%Y}" for row in ROWS])),
        {"date_format": "%d.%m.%Y"},
    ),
    "pandas": lambda _: (frame(), {}),
    "pandas, ids as floats": lambda _: (frame().astype({"customer_id": float}), {}),
    "pandas, ids as text": lambda _: (frame().assign(customer_id=["17850", " 13047", "17850 ", ""]), {}),
    "pandas, categories": lambda _: (
        frame().astype({"customer_id": "category", "industry": "category", "amount": "str"}).astype({"amount": "category"}),
        {},
    ),
    "pandas, days as text": lambda _: (frame().assign(date=[row[1].isoformat() for row in ROWS]), {}),
    "pandas, days with offsets as text": lambda _: (frame().assign(date=[in_new_york(row[1]).isoformat() for row in ROWS]), {}),
    "pandas, days as numbers": lambda _: (frame().assign(date=[int(f"{row[1]:%Y%m%d}") for row in ROWS]), {"date_format": "%Y%m%d"}),
    "pandas, New York's timestamps": lambda _: (frame().assign(date=[pd.Timestamp(in_new_york(row[1])) for row in ROWS]), {}),
    "pandas, order ids of two kinds": lambda _: (frame().assign(order_id=["A1", 2, "A3", "A4"]), {}),
    "pandas, numbers and text together": lambda _: (
        frame().assign(amount=pd.Series([1234.5, 0.1, "12,0", 7.25], dtype=object)),
        {"decimal": ","},
    ),
    "pandas, another index": lambda _: (frame().set_index(pd.Index([5, 5, 1, 0])), {}),
    "polars": lambda _: (pl.DataFrame(ROWS, schema=COLUMNS, orient="row"), {}),
    "polars, New York's timestamps": lambda _: (pl.from_arrow(new_york_arrow()), {}),
    "Arrow": lambda _: (arrow(), {}),
    "a query on DuckDB": lambda _: (in_database(duckdb.connect(), lambda day: day), {}),
    "a query through ADBC": lambda _: (Query(ArrowConnection(), "select"), {}),
}


def content(source: object, **arguments: Any) -> list[tuple[Any, ...]]:
    table = read_transactions(source, segments=["industry"], order_id="order_id", **arguments).to_frame()
    table = table.astype(object).where(table.notna(), None)
    return [(row.customer_id, row.day.date(), row.amount, row.industry, row.order_id) for row in table.itertuples()]


@pytest.mark.parametrize("kind", SOURCES)
def test_equal_orders_are_equal_transactions(kind: str, tmp_path: Path) -> None:
    source, arguments = SOURCES[kind](tmp_path)
    assert content(source, **arguments) == EXPECTED


def test_a_query_on_sqlite_gives_the_same_and_leaves_the_connection_open() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        assert content(in_database(connection, lambda day: day.isoformat())) == EXPECTED
        assert connection.execute("select count(*) from orders").fetchall() == [(4,)]


def test_a_query_closes_its_cursor() -> None:
    connection = ArrowConnection()
    content(Query(connection, "select"))
    assert connection.opened.closed


def test_a_column_of_a_database_may_hold_numbers_and_text() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        sql = "select 17850 as customer_id, '2025-01-31' as date, 5 as amount union all select 'C7', '2025-01-31', 2.5"
        table = read_transactions(Query(connection, sql)).to_frame()
    assert sorted(zip(table["customer_id"], table["amount"], strict=True)) == [("17850", 5.0), ("C7", 2.5)]


def test_rows_are_numbered_as_a_person_finds_them(tmp_path: Path) -> None:
    first = {
        kind: read_transactions(SOURCES[kind](tmp_path)[0]).to_frame()["row"].tolist()
        for kind in ("CSV, comma", "XLSX", "Parquet", "pandas")
    }
    assert first == {"CSV, comma": [2, 3, 4, 5], "XLSX": [2, 3, 4, 5], "Parquet": [1, 2, 3, 4], "pandas": [1, 2, 3, 4]}


def test_the_hash_is_of_the_files_bytes_and_follows_a_frames_contents(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"customer_id,date,amount\na,2025-01-31,1\n")
    # sha256sum of these bytes
    assert read_transactions(path).sha256 == "f52b97eab652c405368530b260c57aa3f8685f4e21e8672ba041250f3144671a"
    assert read_transactions(frame()).sha256 == read_transactions(frame()).sha256
    assert read_transactions(frame()).sha256 != read_transactions(frame().assign(amount=1.0)).sha256


def test_a_read_frame_is_left_as_it_was() -> None:
    given = frame()
    read_transactions(given)
    pd.testing.assert_frame_equal(given, frame())


@pytest.mark.parametrize(
    "name", ["o'brien.csv", "a*b.csv", "a[1].csv", "what?.csv", 'a "b".csv', "ä ö.CSV", "a*[b]'?.parquet", "x[y]'*.xlsx"]
)
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    decoy, path = tmp_path / f"aXb{Path(name).suffix}", tmp_path / name
    written = (
        csv(tmp_path)
        if name.lower().endswith("csv")
        else parquet(tmp_path, arrow())
        if name.endswith("parquet")
        else xlsx(tmp_path, frame())
    )
    decoy.write_bytes(written.read_bytes())
    written.rename(path)
    read = read_transactions(path)
    assert read.source == name
    assert len(read.to_frame()) == len(ROWS)
    assert len(read_transactions(str(path)).to_frame()) == len(ROWS)


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        (",customer_id,date,amount\n0,a,2025-01-31,1\n", "column 1", "0"),
        ("customer_id,date,amount,\na,2025-01-31,1,z\n", "column 4", "z"),
        ("customer_id;date;amount;'\na;2025-01-31;1;z\n", "'", "z"),
        ('customer_id;date;amount;"a\nb; c"\na;2025-01-31;1;z\n', "a\nb; c", "z"),
        ("customer_id,date,amount,source_row\na,2025-01-31,1,z\n", "source_row", "z"),
        ("customer_id,date,amount,source\na,2025-01-31,1,z\n", "source", "z"),
        ('customer_id,date,amount,"x""; drop table t"\na,2025-01-31,1,z\n', 'x"; drop table t', "z"),
        ("customer_id,date,amount,Amount\na,2025-01-31,1,z\n", "Amount", "z"),
    ],
)
def test_a_column_may_have_any_name(text: str, column: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    assert read_transactions(tmp_path / "orders.csv", segments=[column]).to_frame()[column].tolist() == [value]


def test_the_delimiter_may_stand_in_quotes_in_the_header(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text('"customer_id";"date";"amount";"a,b,c,d,e"\na;2025-01-31;1;z\n', encoding="utf-8")
    assert read_transactions(tmp_path / "orders.csv", segments=["a,b,c,d,e"]).to_frame()["amount"].tolist() == [1.0]


HEADER = "customer_id,date,amount\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "orders.csv is empty", id="nothing"),
        pytest.param(HEADER.encode(), "orders.csv holds no rows", id="header only"),
        pytest.param(b"\n\n", "orders.csv, row 1 is blank", id="blank"),
        pytest.param(
            (HEADER + "a,2025-01-31,1\nb,2025-01-31\n").encode(), "orders.csv, row 3 cannot be read: .* Expected .* 3 Found: 2", id="short"
        ),
        pytest.param((HEADER + "a,2025-01-31,1\nb,2025-01-31,1,2\n").encode(), "orders.csv, row 3 .*: 3 Found: 4", id="long"),
        pytest.param((HEADER + 'a,2025-01-31,1\n"b,2025-01-31,1\n').encode(), "orders.csv, row 3 .* unterminated quote", id="quote"),
        pytest.param((HEADER + "Müller,2025-01-31,1\n").encode("latin-1"), "orders.csv is not UTF-8 text; save it as", id="latin-1"),
        pytest.param(
            (HEADER + "a,2025-01-31,1\n" * 30_000 + "Müller,2025-01-31,1\n").encode("latin-1"),
            "orders.csv is not UTF-8 text",
            id="latin-1, late",
        ),
        pytest.param((HEADER + "a,2025-01-31,1\n").encode("utf-16"), "orders.csv is not UTF-8 text; save it as", id="utf-16"),
        pytest.param(b"date,amount,date,amount\n", "orders.csv has more than one column named 'amount', 'date'", id="names twice"),
    ],
)
def test_a_csv_that_cannot_be_read_says_why(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_transactions(path)


@pytest.mark.parametrize(("name", "kind"), [("orders.parquet", "Parquet"), ("orders.xlsx", "XLSX")])
def test_a_file_that_is_not_what_its_name_says_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(HEADER.encode())
    with pytest.raises(DataError, match=f"{name} cannot be read as {kind}: "):
        read_transactions(tmp_path / name)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing.csv", "missing.csv does not exist"),
        ("orders.txt", "orders.txt: files ending in .txt cannot be read; give one of .csv, .xlsx, .parquet"),
        ("orders", "orders: files ending in nothing cannot be read"),
        (5, "a source is a path, a DataFrame .* not int"),
        (pl.LazyFrame({"amount": [1]}), "not LazyFrame"),
        (pd.Series([1]), "not Series"),
        (pd.DataFrame(), "DataFrame has no columns"),
        (frame().iloc[:0], "DataFrame holds no rows"),
        (frame().set_axis(["amount", "date", "amount", "x", "y"], axis=1), "more than one column"),
    ],
)
def test_a_source_that_is_none_is_refused(source: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_transactions(source)


def test_a_query_must_return_one_table_with_distinct_columns() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        with pytest.raises(DataError, match="query has more than one column named 'amount'"):
            read_transactions(Query(connection, "select 1 as amount, 2 as amount"))
        with pytest.raises(DataError, match="the query returns no table; give a select statement"):
            read_transactions(Query(connection, "create table t (a int)"))
        with pytest.raises(DataError, match="query holds no rows"):
            read_transactions(Query(connection, "select a from t"))
        with pytest.raises(DataError, match="query has no column 'customer_id', 'date'; it has 'amount', 'Amount'"):
            read_transactions(Query(connection, "select 1 as amount, 2 as Amount"))


@pytest.mark.parametrize(
    "address", ["https://example.org/orders.csv", "s3://bucket/orders.parquet", "HTTPS://example.org/o.xlsx", "gs://b/o.csv"]
)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_remote_address_is_refused(address: str, kind: Callable[[str], object]) -> None:
    with pytest.raises(DataError, match="is a remote address; download the file and give its path"):
        read_transactions(kind(address))


def test_nothing_is_fetched() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        with pytest.raises(DataError, match="remote address"):
            read_transactions(f"http://127.0.0.1:{server.getsockname()[1]}/orders.csv")
        with pytest.raises(BlockingIOError):
            server.accept()


def two_sheets(folder: Path) -> Path:
    path = folder / "orders.xlsx"
    with pd.ExcelWriter(path) as writer:
        frame().head(1).to_excel(writer, sheet_name="2024", index=False)
        frame().to_excel(writer, sheet_name="Aufträge", index=False)
    return path


@pytest.mark.parametrize(("sheet", "rows"), [(None, 1), ("2024", 1), ("Aufträge", 4)])
def test_a_sheet_is_chosen_by_name_and_the_first_by_default(sheet: str | None, rows: int, tmp_path: Path) -> None:
    assert len(read_transactions(two_sheets(tmp_path), sheet=sheet).to_frame()) == rows


def test_an_unknown_sheet_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"orders\.xlsx has no sheet 'x'; it has '2024', 'Aufträge'"):
        read_transactions(two_sheets(tmp_path), sheet="x")


def test_a_sheet_is_of_xlsx_files_only(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"orders\.csv: a sheet is named"):
        read_transactions(csv(tmp_path), sheet="2024")


def test_blank_rows_at_the_end_of_a_sheet_and_columns_without_a_name_do_no_harm(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["customer_id", "date", "amount", None], ["a", date(2025, 1, 31), 2.5, None]):
        book.active.append(row)
    book.active.cell(row=9, column=6).value = ""
    book.active.cell(row=9, column=6).number_format = "0.00"
    book.save(tmp_path / "orders.xlsx")
    table = read_transactions(tmp_path / "orders.xlsx").to_frame()
    assert table[["row", "customer_id", "amount"]].to_numpy().tolist() == [[2, "a", 2.5]]


def sheet_of(folder: Path, *rows: list[Any]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["customer_id", "date", "amount"], *rows):
        book.active.append(row)
    book.save(folder / "orders.xlsx")
    return folder / "orders.xlsx"


@pytest.mark.parametrize(
    ("day", "amount", "said"),
    [
        (20000, 1, "row 3, column 'date': '20000' is not a date"),
        (True, 1, "row 3, column 'date': 'True' is not a date"),
        (date(2025, 1, 31), True, "row 3, column 'amount': 'True' is not a number"),
        (date(2025, 1, 31), date(2025, 1, 31), "row 3, column 'amount': '2025-01-31.*' is not a number"),
    ],
)
def test_a_cell_of_another_kind_than_its_column_is_refused(day: Any, amount: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"orders\.xlsx, {said}"):
        read_transactions(sheet_of(tmp_path, ["a", date(2025, 1, 31), 1.5], ["b", day, amount]))


def test_whole_and_other_numbers_are_of_one_kind_and_so_are_days_with_and_without_a_time(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, ["a", date(2025, 1, 31), 1.5], [None, None, 2], ["b", datetime(2025, 2, 1, 23, 59), 3])
    table = read_transactions(path, decimal=",", date_format="%d.%m.%Y").to_frame()
    assert table["amount"].tolist() == [1.5, 2.0, 3.0]
    assert table["day"].dropna().tolist() == [pd.Timestamp(2025, 1, 31), pd.Timestamp(2025, 2, 1)]


def test_each_time_with_an_offset_is_of_the_day_on_its_own_wall() -> None:
    times = [datetime.fromisoformat(text) for text in ("2025-01-01T00:30+01:00", "2025-07-01T00:30+02:00", "2025-07-01T23:30-05:00")]
    for cells in (times, [pd.Timestamp(time) for time in times], [*times[:2], date(2025, 7, 1)]):
        orders = pd.DataFrame({"customer_id": "a", "date": pd.Series(cells, dtype=object), "amount": 1.0})
        assert read_transactions(orders).to_frame()["day"].dt.date.tolist() == [date(2025, 1, 1), date(2025, 7, 1), date(2025, 7, 1)]


ODD = {
    "decimals of 256 bits": pa.array([Decimal("1.5"), Decimal("2.5")], pa.decimal256(50, 2)),
    "more digits than DuckDB has": pa.array([Decimal("1" * 45)] * 2, pa.decimal256(50, 2)),
    "halves of floats": pa.array([1.5, 2.5], pa.float16()),
    "lists of them": pa.array([[1.5], None], pa.list_(pa.float16())),
    "structs": pa.array([{"a": 1}, None]),
    "bytes": pa.array([b"\xff", None]),
    "durations": pa.array([1, 2], pa.duration("s")),
    "a union": pa.UnionArray.from_dense(pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["x"])]),
    "complex numbers": pd.Series([1j, 2j]),
    "intervals": pd.interval_range(0, 2),
    "objects": pd.Series([object(), [1]]),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_column_that_is_not_used_may_be_of_any_type(kind: str, tmp_path: Path) -> None:
    orders = {"customer_id": ["a", "a"], "date": [date(2025, 1, 31)] * 2, "amount": [1.0, 1.0], "odd": ODD[kind]}
    sources: list[object] = [pa.table(orders) if isinstance(ODD[kind], pa.Array) else pd.DataFrame(orders)]
    if isinstance(ODD[kind], pa.Array) and kind != "a union":  # Parquet has none
        sources.append(parquet(tmp_path, pa.table(orders)))
    for source in sources:
        assert read_transactions(source).to_frame()["is_duplicate"].tolist() == [False, kind == "more digits than DuckDB has"]


@pytest.mark.parametrize("kind", [pa.decimal256(50, 2), pa.decimal128(38, 37), pa.float16()], ids=str)
def test_an_amount_may_be_of_a_type_that_duckdb_hardly_knows(kind: pa.DataType) -> None:
    amounts = [1.5, 2.5] if kind == pa.float16() else [Decimal("1.5"), Decimal("2.5")]
    orders = pa.table({"customer_id": ["a", "b"], "date": [date(2025, 1, 31)] * 2, "amount": pa.array(amounts, kind)})
    assert read_transactions(orders, decimal=",").to_frame()["amount"].tolist() == [1.5, 2.5]


def test_what_cannot_be_text_is_refused_with_the_sources_name() -> None:
    with pytest.raises(DataError, match=r"DataFrame cannot be read: .*surrogates not allowed"):
        read_transactions(pd.DataFrame({"customer_id": pd.Series(["\ud800"], dtype=object), "date": "2025-01-31", "amount": 1.0}))
    with pytest.raises(DataError, match="the query returns no table"):
        read_transactions(Query(duckdb.connect(), ""))
    with pytest.raises(DataError, match=r"query cannot be read: .*syntax error"):
        read_transactions(Query(duckdb.connect(), "selec 1"))


@pytest.mark.parametrize(("connection", "sql"), [("sqlite://", "select 1"), (duckdb.connect(), 5)])
def test_a_query_takes_an_open_connection_and_text(connection: Any, sql: Any) -> None:
    with pytest.raises(ArgumentError, match="a Query takes an open connection"):
        Query(connection, sql)


def sheets(folder: Path, **rows: list[list[Any]]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in rows.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    book.save(folder / "orders.xlsx")
    return folder / "orders.xlsx"


NAMES = ["customer_id", "date", "amount"]


@pytest.mark.parametrize(
    ("cover", "said"),
    [
        (
            [["Sales"]],
            "orders.xlsx: the sheet 'Cover' holds no rows below its first; if the rows are on another one, name it by sheet: 'Orders'",
        ),
        ([], "orders.xlsx: the sheet 'Cover' holds nothing; if the rows are on another one, name it by sheet: 'Orders'"),
        (
            [["Sales"], ["as of today"]],
            "orders.xlsx has no column 'customer_id', 'date', 'amount'; it has 'Sales'. Other sheets, to be named by sheet: 'Orders'",
        ),
    ],
)
def test_where_the_first_sheet_holds_no_orders_the_others_are_named(cover: list[list[Any]], said: str, tmp_path: Path) -> None:
    path = sheets(tmp_path, Cover=cover, Orders=[NAMES, ["a", date(2025, 1, 31), 2.5]])
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        read_transactions(path)
    assert len(read_transactions(path, sheet="Orders").to_frame()) == 1


def test_the_row_that_holds_the_names_is_found_below_a_title(tmp_path: Path) -> None:
    titled = [["Sales", None, None], ["as of 2025-12-31", None, "in EUR"], NAMES, ["a", date(2025, 1, 31), 2.5]]
    with pytest.raises(DataError, match=r"has no column 'customer_id', .*\. Row 3 holds what was asked for: take out the rows above it"):
        read_transactions(sheets(tmp_path, Orders=titled))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("customer_id;date;amount\na;2025-01-31;1\n", "it has 'Sales'. Row 2 holds what was asked for: take out the rows above it"),
        ("customer_id;date;amount\na;31.01.2025;1,5\n", "row 3 cannot be read: "),
        ("customer_id;date;amount\na;31.01.2025;1,5\n", "; row 1 must hold the names of the columns, and holds 'Sales' alone"),
    ],
)
def test_a_title_above_the_names_of_a_csv_is_told(rows: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("Sales\n" + rows, encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(said)):
        read_transactions(path)


def test_dates_and_text_may_be_mixed_in_a_column_of_a_sheet(tmp_path: Path) -> None:
    mixed = [NAMES, ["a", datetime(2025, 1, 2), 2.5], ["a", "03.04.2025", "1.234,50"], ["b", date(2025, 12, 24), 3]]
    table = read_transactions(sheets(tmp_path, Orders=mixed), date_format="%d.%m.%Y", decimal=",").to_frame()
    assert [day.date() for day in table["day"]] == [date(2025, 1, 2), date(2025, 4, 3), date(2025, 12, 24)]
    assert table["amount"].tolist() == [2.5, 1234.5, 3.0]


def test_a_format_that_begins_with_the_year_is_taken_at_its_word(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,date,amount\na,2025-31-01,1\nb,2025-01-31,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 3, column 'date': '2025-01-31' is not a date of the format '%Y-%d-%m'"):
        read_transactions(path, date_format="%Y-%d-%m")
