"""Rows that outgrow memory: the same results under a tiny limit, on any number of threads and in pieces; nothing stays on disk."""

import gc
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clvbayes.data import Customers, Transactions, read_transactions, sources, summarize
from clvbayes.data.cells import repeats
from clvbayes.data.sources import ask, open_source
from clvbayes.errors import DataError

DATABASE = sources._database
LIMIT = "32MB"  # a fifth less runs out of memory, a half more needs no disk


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that takes the place of the system's temporary one."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    rng, rows = np.random.default_rng(1), 200_000
    return pd.DataFrame(
        {
            "customer_id": [f"customer {k}" if k else None for k in rng.integers(0, 40_000, rows)],
            "date": pd.Timestamp(2024, 1, 1) + pd.to_timedelta(rng.integers(0, 365, rows), unit="D"),
            "amount": rng.integers(-100, 9999, rows) / 100,
            "industry": rng.choice(["x", "y", None], rows),
            "note": [f"a text that is not used {k}" for k in rng.integers(0, 10**15, rows)],
        }
    ).pipe(lambda frame: pd.concat([frame, frame[::1000]], ignore_index=True))


def with_threads(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Let DuckDB use that many from now on."""

    def connection() -> duckdb.DuckDBPyConnection:
        opened = DATABASE()
        opened.execute(f"set threads = {threads}")
        return opened

    monkeypatch.setattr(sources, "_database", connection)


def read(path: Path) -> Transactions:
    return read_transactions(path, segments=["industry"], product="note", duplicates="drop")


def require_same(table: Transactions, other: Transactions) -> None:
    """Line by line and customer by customer, to the last digit."""
    pd.testing.assert_frame_equal(table.to_frame(), other.to_frame(), check_exact=True)
    summary, again = summarize(table, since=date(2024, 1, 8)), summarize(other, since=date(2024, 1, 8))
    require_same_statistics(summary, again)


def require_same_statistics(summary: Customers, again: Customers) -> None:
    for name in ("statistics", "segments", "history"):
        pd.testing.assert_frame_equal(getattr(summary, name), getattr(again, name), check_exact=True)
    assert repr(summary.ledger) == repr(again.ledger)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_rows_beyond_the_memory_limit_go_to_disk_and_change_nothing(
    kind: str, orders: pd.DataFrame, tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"orders.{kind}"
    orders.to_parquet(path) if kind == "parquet" else orders.to_csv(path, index=False)
    plenty = read(path)
    assert not list(scratch.glob("*/spilled"))
    monkeypatch.setattr(sources, "MEMORY_LIMIT", LIMIT)
    with_threads(monkeypatch, 1)  # each needs memory of its own
    tight = read(path)
    require_same(tight, plenty)
    assert list(scratch.glob("*/spilled"))


def test_neither_threads_nor_the_order_of_rows_change_a_digit(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.to_parquet(tmp_path / "orders.parquet")
    orders.sample(frac=1.0, random_state=1, ignore_index=True).to_parquet(tmp_path / "shuffled.parquet")
    with_threads(monkeypatch, 8)
    by_eight = read(tmp_path / "orders.parquet")
    with_threads(monkeypatch, 1)
    require_same(read(tmp_path / "orders.parquet"), by_eight)
    require_same_statistics(summarize(read(tmp_path / "shuffled.parquet")), summarize(by_eight))


def test_rows_keep_their_numbers_and_their_places(orders: pd.DataFrame, tmp_path: Path) -> None:
    for path, first in ((tmp_path / "orders.parquet", 1), (tmp_path / "orders.csv", 2)):
        orders.to_parquet(path) if path.suffix == ".parquet" else orders.to_csv(path, index=False)
        frame = read(path).to_frame()
        assert frame["row"].tolist() == list(range(first, first + len(orders)))
        assert frame["product"].tolist() == orders["note"].tolist()


def test_nothing_stays_on_disk(orders: pd.DataFrame, tmp_path: Path, scratch: Path) -> None:
    orders.to_parquet(tmp_path / "orders.parquet")
    table = read(tmp_path / "orders.parquet")
    summarize(table)
    assert len(list(scratch.iterdir())) == 1
    lines = table.lines.filter("amount > 0")
    del table
    gc.collect()
    assert lines.count("*").fetchall() == [((orders["amount"] > 0).sum(),)]  # what is still used stays
    del lines
    gc.collect()
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,2025-01-31,1\nb,2025-01-31\n", "row 3 cannot be read"),
        ("a,2025-01-31,1\nb,2025-01-31,x\n", "row 3, column 'amount'"),
        ("", "holds no rows"),
    ],
)
def test_nothing_stays_on_disk_after_an_error(text: str, said: str, tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "orders.csv").write_text("customer_id,date,amount\n" + text)
    with pytest.raises(DataError, match=said) as caught:
        read_transactions(tmp_path / "orders.csv")
    del caught  # its traceback holds what the frames held
    gc.collect()
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("end", ["", "; raise SystemExit(3)", "; 1 / 0"])
def test_nothing_stays_on_disk_after_the_process(end: str, tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "orders.csv").write_text("customer_id,date,amount\na,2025-01-31,1\n")
    code = f"import os, tempfile; tempfile.tempdir = {str(scratch)!r}; from clvbayes.data import read_transactions; "
    code += f"table = read_transactions({str(tmp_path / 'orders.csv')!r}); print(len(os.listdir(tempfile.tempdir)))"
    done = subprocess.run([sys.executable, "-c", code + end], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("1\n", {"": 0, "; raise SystemExit(3)": 3}.get(end, 1))
    assert not list(scratch.iterdir())


PIECES: dict[str, pa.Array] = {
    "categories": pa.array(["x", None, "y", "x", "z"]).dictionary_encode(),
    "moments of Tokyo": pa.array([0, 10**9, None, 0, 5 * 10**9], pa.timestamp("s", tz="Asia/Tokyo")),
    "nothing": pa.nulls(5),
    "missing at first": pa.array([None, None, None, "x", "y"]),
    "long text": pa.array(["x", "y", "x", "y", None], pa.large_string()),
    "lists": pa.array([[1], None, [], [1, 2], [1]]),
    "text only if seen whole": pa.array([Decimal("1.5"), Decimal("1" * 45), None, Decimal(2), Decimal("1.5")], pa.decimal256(50, 2)),
    "halves of floats": pa.array([1.5, None, 2.0, 1.5, 0.0], pa.float16()),
}


@pytest.mark.parametrize("kind", PIECES)
def test_a_parquet_file_in_pieces_is_what_it_is_whole(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"customer_id": ["a"] * 5, "date": [date(2025, 1, 31)] * 5, "amount": [1.0] * 5, "odd": PIECES[kind]})
    pq.write_table(table, tmp_path / "orders.parquet")

    def as_read() -> tuple[Any, ...]:
        opened = open_source(tmp_path / "orders.parquet")
        return (
            opened.type_of("odd"),
            opened.relation.fetchall(),
            read_transactions(tmp_path / "orders.parquet", segments=["odd"]).to_frame(),
        )

    (type_whole, rows_whole, frame_whole) = as_read()
    monkeypatch.setattr(sources, "BATCH", 2)
    (type_pieces, rows_pieces, frame_pieces) = as_read()
    assert (type_pieces, rows_pieces) == (type_whole, rows_whole)
    pd.testing.assert_frame_equal(frame_pieces, frame_whole)


def test_a_day_in_a_later_piece_is_that_of_the_columns_time_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BATCH", 1)
    evening = pd.Timestamp(2025, 1, 31, 23).tz_localize("America/New_York")
    pd.DataFrame({"customer_id": "a", "date": [evening] * 3, "amount": 1.0}).to_parquet(tmp_path / "orders.parquet")
    assert read_transactions(tmp_path / "orders.parquet").to_frame()["day"].tolist() == [pd.Timestamp(2025, 1, 31)] * 3


def test_a_parquet_file_that_breaks_off_says_so(orders: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    orders.to_parquet(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^orders\.parquet cannot be read as Parquet: .*[Cc]orrupt") as caught:
        read_transactions(path)
    assert "Traceback" not in str(caught.value)


def few_values(seed: int, rows: int = 2_000) -> pd.DataFrame:
    """So few that most rows are there more than once."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": rng.choice(["a", "b", None], rows),
            "date": rng.choice(pd.date_range("2025-01-01", periods=9), rows),
            "amount": rng.choice([0.0, -0.0, 1.0, 2.5], rows),
            "size": rng.choice([0.0, -0.0, np.inf, np.nan], rows),
            "kind": rng.choice(["", " ", "x", None], rows),
            "number": rng.integers(0, 5, rows),
        }
    )


@pytest.mark.parametrize("blind", [False, True])
def test_duplicates_are_exact_whatever_their_hashes(blind: bool) -> None:
    orders = few_values(2)
    opened = open_source(orders)
    # where all rows share a hash, only the comparison tells them apart
    sql = re.sub(r"hash\([^)]*\)", "0", repeats(opened)) if blind else repeats(opened)
    found = sorted(row - 1 for (row,) in ask(opened.relation, "source", sql).fetchall())
    assert found == np.flatnonzero(orders.duplicated()).tolist()
    assert 0 < len(found) < len(orders)


TWICE: dict[str, Callable[[], Any]] = {
    "lists": lambda: pa.array([[1.0, None], [1.0, None]]),
    "structs": lambda: pa.array([{"a": None}, {"a": None}]),
    "not a number": lambda: pa.array([float("nan"), -float("nan")]),
    "zeros": lambda: pa.array([0.0, -0.0]),
    "durations": lambda: pa.array([86_400, 86_400], pa.duration("s")),
    "bytes": lambda: pa.array([b"\xff", b"\xff"]),
    "decimals": lambda: pa.array([Decimal("1.50"), Decimal("1.5")], pa.decimal128(38, 10)),
}


@pytest.mark.parametrize("kind", TWICE)
def test_equal_values_of_every_type_are_duplicates(kind: str) -> None:
    orders = pa.table({"customer_id": ["a"] * 2, "date": [date(2025, 1, 31)] * 2, "amount": [1.0] * 2, "odd": TWICE[kind]()})
    assert read_transactions(orders).to_frame()["is_duplicate"].tolist() == [False, True]
