"""Each argument of `read_transactions` does what it says; each bad input is refused with file, column and row."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from clvbayes.data import Query, Transactions, read_transactions, summarize
from clvbayes.errors import ArgumentError, ClvError, DataError

TOMORROW = date.today() + timedelta(days=1)


def orders(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ["a", "b"], "date": ["2025-01-31", "2025-02-01"], "amount": [1.0, 2.5]} | columns)


def from_csv(folder: Path, text: str, **arguments: Any) -> Transactions:
    (folder / "orders.csv").write_text(text, encoding="utf-8")
    return read_transactions(folder / "orders.csv", **arguments)


def exact_amounts(table: Transactions) -> list[Decimal]:
    return [amount for (amount,) in table.lines.query("lines", "select amount from lines order by row").fetchall()]


def fates(table: Transactions) -> list[str | None]:
    return [fate for (fate,) in table.lines.query("lines", "select left_out from lines order by row").fetchall()]


def test_every_argument_finds_its_column() -> None:
    given = pd.DataFrame(
        {
            "Kunde": ["a", "b"],
            "Datum": ["31.01.2025", "01.02.2025"],
            "Preis": ["1.234,50", "0,25"],
            "Menge": ["2", "-4"],
            "Auftrag": ["A1", "C2"],
            "Zu": [None, "A1"],
            "Artikel": [7, 8],
            "Branche": ["Handel", "Chemie"],
            "Land": ["DE", None],
            "Währung": ["CHF", "CHF "],
        }
    )
    table = read_transactions(
        given,
        customer_id="Kunde",
        date="Datum",
        amount="Preis",
        quantity="Menge",
        order_id="Auftrag",
        returned_order="Zu",
        product="Artikel",
        segments=["Branche", "Land"],
        is_return={"Auftrag": "C"},
        currency="Währung",
        date_format="%d.%m.%Y",
        decimal=",",
    )
    frame = table.to_frame().astype(object)
    expected = {
        "returned_order": [None, "A1"],
        "row": [1, 2],
        "customer_id": ["a", "b"],
        "day": [pd.Timestamp(2025, 1, 31), pd.Timestamp(2025, 2, 1)],
        "amount": [2469.0, -1.0],
        "order_id": ["A1", "C2"],
        "product": ["7", "8"],
        "Branche": ["Handel", "Chemie"],
        "Land": ["DE", None],
        "is_duplicate": [False, False],
        "left_out": [None, "return or credit note"],
    }
    assert frame.where(frame.notna(), None).to_dict("list") == expected
    assert (table.segments, table.currency, table.source) == (("Branche", "Land"), "CHF", "DataFrame")


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234,56", ",", "1234.56"),
        ("1.234.567,8", ",", "1234567.8"),
        ("-12,5", ",", "-12.5"),
        (",5", ",", "0.5"),
        ("1.234", ",", "1234"),
        ("1234", ",", "1234"),
        ("1,234.56", ".", "1234.56"),
        ("+1,234", ".", "1234"),
        ("1.234", ".", "1.234"),
        ("1.2345", None, "1.2345"),
        (" 12. ", None, "12"),
        ("1.5e3", None, "1500"),
        (".125", None, "0.125"),
        ("99999999999.99", None, "99999999999.99"),
        ("0.0000004", None, "0"),
    ],
)
def test_a_number_is_read_exactly(text: str, decimal: Any, value: str, tmp_path: Path) -> None:
    table = from_csv(tmp_path, f'customer_id;date;amount\na;2025-01-31;"{text}"\n', decimal=decimal)
    assert exact_amounts(table) == [Decimal(value)]


@pytest.mark.parametrize(
    "amounts",
    [
        np.array([1, 2], dtype="int8"),
        np.array([1, 2], dtype="uint64"),
        np.array([1.0, 2.0], dtype="float32"),
        pd.array([1, 2], dtype="Int32"),
        [Decimal("1.00"), Decimal("2.0000")],
        pd.Categorical([1, 2]),
    ],
    ids=str,
)
def test_an_amount_may_be_of_any_type_of_number(amounts: Any) -> None:
    assert exact_amounts(read_transactions(orders(amount=amounts))) == [Decimal(1), Decimal(2)]


@pytest.mark.parametrize(
    ("price", "quantity", "value"), [(1e5, 1000, "1e8"), (0.1, 3, "0.3"), (-2.5, 4, "-10"), (9e10, 1, "9e10"), (1.005, 0, "0")]
)
def test_price_times_quantity_is_exact(price: float, quantity: int, value: str) -> None:
    table = read_transactions(orders(amount=[price, 1.0], q=[quantity, 1]), quantity="q")
    assert exact_amounts(table)[0] == Decimal(value)


@pytest.mark.parametrize(
    ("text", "date_format", "day"),
    [
        ("2025-03-04", None, date(2025, 3, 4)),
        ("2025-03-04 23:59:59", None, date(2025, 3, 4)),
        ("2025-03-04T23:30:00-05:00", None, date(2025, 3, 4)),
        ("2025-03-04T00:30:00+02:00", None, date(2025, 3, 4)),
        ("2025-03-04T23:30:00Z", None, date(2025, 3, 4)),
        (" 2025-03-04 ", None, date(2025, 3, 4)),
        ("03.04.2025", "%d.%m.%Y", date(2025, 4, 3)),
        ("3.4.2025", "%d.%m.%Y", date(2025, 4, 3)),
        ("03/04/25", "%m/%d/%y", date(2025, 3, 4)),
        ("20250304", "%Y%m%d", date(2025, 3, 4)),
        ("03.04.2025 23:59", "%d.%m.%Y %H:%M", date(2025, 4, 3)),
    ],
)
def test_a_date_is_read_as_the_day_it_names(text: str, date_format: str | None, day: date, tmp_path: Path) -> None:
    table = from_csv(tmp_path, f"customer_id,date,amount\na,{text},1\n", date_format=date_format)
    assert [found.date() for found in table.to_frame()["day"]] == [day]


def test_today_is_not_the_future() -> None:
    assert len(read_transactions(orders(date=[date.today().isoformat(), "2025-01-31"])).to_frame()) == 2


def test_each_row_has_the_first_fate_that_applies() -> None:
    given = pd.DataFrame(
        [
            ("a", "2025-01-31", 1.0, "no"),
            (None, None, -1.0, "yes"),
            ("  ", "2025-01-31", 1.0, "no"),
            ("a", None, 0.0, "yes"),
            ("a", "2025-01-31", -1.0, "yes"),
            ("a", "2025-01-31", 5.0, " TRUE "),
            ("a", "2025-01-31", -1.0, None),
            ("a", "2025-01-31", 0.0, ""),
            ("a", "2025-01-31", 1.0, "no"),
        ],
        columns=["customer_id", "date", "amount", "back"],
    )
    nobody, no_date, back, nothing = "no customer id", "no date", "return or credit note", "zero or negative amount"
    expected = [None, nobody, nobody, no_date, back, back, nothing, nothing, None]
    assert fates(read_transactions(given, is_return="back")) == expected
    assert fates(read_transactions(given, is_return="back", duplicates="drop")) == [*expected[:-1], "exact duplicate of another line"]


def test_duplicates_equal_another_line_in_every_column_and_the_first_stays() -> None:
    given = orders(customer_id=["a", "a"], date=["2025-01-31"] * 2, amount=[1.0, 1.0])
    assert read_transactions(given).to_frame()["is_duplicate"].tolist() == [False, True]
    assert fates(read_transactions(given, duplicates="drop")) == [None, "exact duplicate of another line"]
    assert fates(read_transactions(given.assign(unread=[1, 2]), duplicates="drop")) == [None, None]
    missing = orders(customer_id=[None, None], date=["2025-01-31"] * 2, amount=[1.0, 1.0])
    assert read_transactions(missing).to_frame()["is_duplicate"].tolist() == [False, True]


@pytest.mark.parametrize("flags", [[True, False], [1, 0], [1.0, 0.0], ["yes", "No"], ["Ja", "nein"], ["TRUE", None], ["1", ""]], ids=str)
def test_returns_may_be_flagged_in_several_ways(flags: list[Any]) -> None:
    assert fates(read_transactions(orders(back=flags), is_return="back")) == ["return or credit note", None]


def test_a_prefix_of_returns_is_taken_literally() -> None:
    assert fates(read_transactions(orders(no=["%1", "4%"]), is_return={"no": "%"})) == ["return or credit note", None]
    assert fates(read_transactions(orders(no=["'x", "41"]), is_return={"no": "'"})) == ["return or credit note", None]
    assert fates(read_transactions(orders(no=[901, 41]), is_return={"no": "9"})) == ["return or credit note", None]


@pytest.mark.parametrize(
    ("ids", "texts"),
    [
        ([17850, 7], ["17850", "7"]),
        ([17850.0, None], ["17850", None]),
        (["17850.0", "7.0"], ["17850", "7"]),
        (["17850.0", "7"], ["17850.0", "7"]),  # one of them may be a version or a price list: texts are left alone
        (["007", " 7 "], ["007", "7"]),
        ([2.5, 7.0], ["2.5", "7"]),
        (["", "NULL"], [None, "NULL"]),
        ([Decimal("17850.00"), Decimal("7.00")], ["17850", "7"]),
    ],
    ids=str,
)
def test_one_customer_has_one_id_whatever_its_type(ids: list[Any], texts: list[str | None]) -> None:
    found = read_transactions(orders(customer_id=ids)).lines.query("lines", "select customer_id from lines order by row").fetchall()
    assert [text for (text,) in found] == texts


def test_hostile_names_and_values_pass_through_unharmed(tmp_path: Path) -> None:
    column, values = 'x"; drop table t', ["<script>alert(1)</script>", "=1+1", "'; drop table lines; --", "{value}", "{0}"]
    given = pd.DataFrame({"customer_id": values, "date": "2025-01-31", "amount": 1.0, column: values[::-1], "'": values})
    given.to_csv(tmp_path / "orders.csv", index=False)
    for source in (given, tmp_path / "orders.csv"):
        table = read_transactions(source, segments=[column], order_id="'", is_return={column: "';"})
        frame = table.to_frame()
        assert frame["customer_id"].tolist() == values
        assert frame[column].tolist() == values[::-1]
        assert frame["order_id"].tolist() == values
        assert fates(table) == [None, None, "return or credit note", None, None]


@pytest.mark.parametrize("kind", ["csv", "frame", "query"])
def test_names_that_differ_in_capitals_are_different_columns(kind: str, tmp_path: Path) -> None:
    given = orders(Amount=[10.0, 20.0], AMOUNT=[100.0, 200.0])
    given.to_csv(tmp_path / "orders.csv", index=False)
    rows = "select 'a' as customer_id, date '2025-01-31' as date, 2.5 as amount"
    source = {"csv": tmp_path / "orders.csv", "frame": given, "query": Query(duckdb.connect(), rows)}[kind]
    if kind != "query":  # DuckDB itself cannot hold both
        for name, amounts in {"amount": [1.0, 2.5], "Amount": [10.0, 20.0], "AMOUNT": [100.0, 200.0]}.items():
            assert read_transactions(source, amount=name).to_frame()["amount"].tolist() == amounts
    with pytest.raises(DataError, match="has no column 'aMOUNT'; it has 'customer_id', 'date', 'amount'"):
        read_transactions(source, amount="aMOUNT")


@pytest.mark.parametrize("name", ["row", "day", "left_out", "order_id", "is_duplicate"])
def test_a_segment_may_be_named_like_a_column_of_the_lines(name: str) -> None:
    frame = read_transactions(orders(**{name: ["x", "y"]}), segments=[name]).to_frame()
    assert frame[f"{name}_segment"].tolist() == ["x", "y"]
    assert frame.columns.is_unique


def test_a_product_may_be_a_segment_too() -> None:
    frame = read_transactions(orders(p=["x", "y"]), product="p", segments=["p"]).to_frame()
    assert frame[["product", "p"]].to_numpy().tolist() == [["x", "x"], ["y", "y"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"segments": "industry"}, r"segments must be a list of column names; write \['industry'\]"),
        ({"segments": ["s", "s"]}, "segments names a column twice"),
        ({"segments": ["customer_id"]}, "column 'customer_id' is named as customer_id and as something else"),
        ({"amount": "date"}, "column 'date' is named as date and as something else"),
        ({"quantity": "amount"}, "column 'amount' is named as amount and as something else"),
        ({"order_id": "customer_id"}, "column 'customer_id' is named as customer_id"),
        ({"segments": None}, "segments must be a list of column names, not None"),
        ({"segments": [1]}, r"segments must be a list of column names, not \[1\]"),
        ({"customer_id": None}, "customer_id must be text, not None"),
        ({"quantity": 1}, "quantity must be text, not 1"),
        ({"currency": 5}, "currency must be text, not 5"),
        ({"date_format": 5}, "date_format must be text, not 5"),
        ({"is_return": ["C"]}, r"is_return must be the name of a column or \{column: prefix\}, not \['C'\]"),
        ({"decimal": ";"}, "decimal must be"),
        ({"duplicates": "maybe"}, 'duplicates must be "keep" or "drop", not \'maybe\''),
        ({"is_return": {}}, "is_return must name one column and its prefix"),
        ({"is_return": {"customer_id": "C", "date": "D"}}, "is_return must name one column and its prefix"),
        ({"is_return": {"customer_id": ""}}, "the prefix of 'customer_id' is empty"),
        ({"date_format": "%Q"}, "date_format '%Q' cannot be used"),
        ({"date_format": "%Y-%m-%d %z"}, "reads a time zone"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        read_transactions(orders(), **arguments)


def line(customer: str = "b", day: str = "2025-02-01", amount: str = "2.5", more: str = "x") -> str:
    return f'{customer};{day};"{amount}";"{more}"'


# the third row of a spreadsheet (the second order) is wrong, or the columns are
BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "missing column": (line(), {"amount": "netto"}, "orders.csv has no column 'netto'; it has 'customer_id', 'date', 'amount', 'more'"),
    "missing columns": (line(), {"segments": ["s"], "product": "p"}, "orders.csv has no column 'p', 's'; it has"),
    "unknown column of returns": (line(), {"is_return": {"s": "C"}}, "orders.csv has no column 's'; it has"),
    "text": (line(amount="zehn"), {}, "orders.csv, row 3, column 'amount': 'zehn' is not a number; if the comma is its decimal mark"),
    "currency sign": (line(amount="5 €"), {}, "orders.csv, row 3, column 'amount': '5 €' is not a number"),
    "German number": (
        line(amount="2,5"),
        {},
        "row 3, column 'amount': '2,5' is not a number; if the comma is its decimal mark, set decimal",
    ),
    "two signs": (line(amount="--2"), {}, "row 3, column 'amount': '--2' is not a number"),
    "hexadecimal": (line(amount="0x10"), {}, "row 3, column 'amount': '0x10' is not a number"),
    "point as decimal mark": (
        line(amount="1234.56"),
        {"decimal": ","},
        "row 3, column 'amount': '1234.56' is not a number with the decimal mark \",\"",
    ),
    "comma as decimal mark": (
        line(amount="1.234,56"),
        {"decimal": "."},
        "row 3, column 'amount': '1.234,56' is not a number with the decimal mark \".\"",
    ),
    "groups of two": (line(amount="1.23.456,0"), {"decimal": ","}, "row 3, column 'amount': '1.23.456,0' is not a number"),
    "two decimal marks": (line(amount="1,2,3"), {"decimal": ","}, "row 3, column 'amount': '1,2,3' is not a number"),
    "NaN": (line(amount="NaN"), {}, "orders.csv, row 3, column 'amount': 'NaN' is not a finite number"),
    "infinity": (line(amount="-inf"), {}, "orders.csv, row 3, column 'amount': '-inf' is not a finite number"),
    "overflow": (line(amount="1e400"), {}, "orders.csv, row 3, column 'amount': '1e400' is not a finite number"),
    "no amount": (line(amount=""), {}, "orders.csv, row 3, column 'amount': a number is missing; fill it in, or take the row out"),
    "blank amount": (line(amount="  "), {}, "orders.csv, row 3, column 'amount': a number is missing"),
    "too large": (line(amount="1e11"), {}, "orders.csv, row 3, column 'amount': '1e11' is too large (the limit is 1e11)"),
    "product too large": (
        line(amount="1e9", more="1000"),
        {"quantity": "more"},
        "row 3, column 'amount': '1e9' times its quantity is too large",
    ),
    "text as quantity": (line(), {"quantity": "more"}, "orders.csv, row 3, column 'more': 'x' is not a number"),
    "no date": (
        line(day="soon"),
        {},
        "orders.csv, row 3, column 'date': 'soon' is not a date; write it as 2026-03-31, or give date_format",
    ),
    "day that is none": (line(day="2025-02-30"), {}, "row 3, column 'date': '2025-02-30' is not a date"),
    "compact date": (line(day="20250201"), {}, "row 3, column 'date': '20250201' is not a date"),
    "ambiguous": (
        line(day="03/04/2025"),
        {},
        "orders.csv, row 3, column 'date': '03/04/2025' may be read day first or month first; give date_format",
    ),
    "ambiguous, points": (line(day="3.4.25"), {}, "row 3, column 'date': '3.4.25' may be read day first or month first"),
    "future": (
        line(day=TOMORROW.isoformat()),
        {},
        f"orders.csv, row 3, column 'date': '{TOMORROW}' lies in the future (today is {date.today()})",
    ),
    "currencies": (
        line(more="USD"),
        {"currency": "more"},
        "row 3, column 'more': more than one currency: 'x1' (first in row 2), 'USD' (first in row 3)",
    ),
    "no currency": (line(more=""), {"currency": "more"}, "orders.csv, row 3, column 'more': the currency is missing"),
    "currency in small letters": (
        line(),
        {"currency": "eur"},
        "orders.csv: currency must be a code such as \"EUR\" or the name of a column, not 'eur'",
    ),
    "currency with umlauts": (line(), {"currency": "ÄÖÜ"}, "not 'ÄÖÜ'"),
    "currency that is no code": (
        line(more="x1"),
        {"currency": "more"},
        "orders.csv, row 2, column 'more': 'x1' is not a currency's code, such as \"EUR\" (2 rows like this)",
    ),
    "NUL in an id": (line("b\0"), {}, "orders.csv, row 3, column 'customer_id': 'b\\x00' holds a control character; take it out"),
    "control character in a segment": (
        line(more="\x1f"),
        {"segments": ["more"]},
        "orders.csv, row 3, column 'more': '\\x1f' holds a control character; take it out",
    ),
    "currency sign as code": (line(), {"currency": "€"}, "not '€'"),
    "returns": (
        line(more="perhaps"),
        {"is_return": "more"},
        "orders.csv, row 2, column 'more': 'x1' is neither true nor false; write true or false, yes or no, ja or nein (2 rows like this)",
    ),
}
BAD["another format"] = (
    line(day="2025/02/01"),
    {"date_format": "%Y-%m-%d"},
    "orders.csv, row 3, column 'date': '2025/02/01' is not a date of the format '%Y-%m-%d'",
)


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_refused_with_file_column_and_row(kind: str, tmp_path: Path) -> None:
    second, arguments, said = BAD[kind]
    text = "customer_id;date;amount;more\n" + line("a", "2025-01-31", "1", "x1") + "\n" + second + "\n"
    if "quantity" in arguments:
        text = text.replace("x1", "1")
    with pytest.raises(DataError, match=re.escape(said)) as refused:
        from_csv(tmp_path, text, **arguments)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"amount": [1.0, np.nan]}, "DataFrame, row 2, column 'amount': a number is missing|'nan' is not a finite number"),
        ({"amount": [1.0, np.inf]}, "DataFrame, row 2, column 'amount': 'inf' is not a finite number"),
        ({"amount": [True, False]}, "DataFrame, column 'amount': holds boolean, not numbers"),
        ({"amount": pd.to_timedelta([1, 2], unit="D")}, "DataFrame, column 'amount': holds .*, not numbers"),
        ({"amount": pd.to_datetime(["2025-01-31", "2025-01-31"])}, "DataFrame, column 'amount': holds timestamp.*, not numbers"),
        ({"amount": [None, None]}, r"DataFrame, row 1, column 'amount': a number is missing.* \(2 rows like this\)"),
        ({"amount": [1.5, True]}, "DataFrame, row 2, column 'amount': 'True' is not a number"),
        ({"amount": [Decimal(10) ** 30, Decimal(1)]}, "DataFrame, row 1, column 'amount': .* is too large"),
        ({"amount": [1j, 1.0]}, "DataFrame, row 1, column 'amount': .* is not a number"),
        ({"amount": [[1.0], [2.0]]}, r"DataFrame, column 'amount': holds double\[\], not numbers"),
        ({"date": [[datetime(2025, 1, 31)], None]}, r"DataFrame, column 'date': holds timestamp\[\], not dates"),
        ({"date": [date(2025, 1, 31), 20000]}, "DataFrame, row 2, column 'date': '20000' is not a date"),
        ({"date": [20250131, 20250201]}, r"DataFrame, column 'date': holds bigint, not dates; give date_format .*\"%Y%m%d\""),
        ({"date": [TOMORROW, TOMORROW]}, r"DataFrame, row 1, column 'date': '.*' lies in the future .* \(2 rows like this\)"),
    ],
    ids=str,
)
def test_bad_cells_of_a_frame_are_refused(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_transactions(orders(**columns))


@pytest.mark.parametrize("value", ["{value}", "{0}", "{", "%s", "it's", 'say "x"'])
def test_a_message_shows_the_cell_as_it_is(value: str) -> None:
    with pytest.raises(ClvError, match=re.escape(f"{value!r} is not a number")):
        read_transactions(orders(amount=["1", value]))
    with pytest.raises(ClvError, match=re.escape(f"is not a date of the format {'{%Y}'!r}")):
        read_transactions(orders(date=[value, "x"]), date_format="{%Y}")


@pytest.mark.parametrize(("amounts", "refused"), [(["1.250", "515"], True), (["1.250", "3.5"], False), (["0.125", "1.250"], False)])
def test_points_that_may_group_thousands_are_asked_about(amounts: list[str], refused: bool) -> None:
    orders = pd.DataFrame({"customer_id": ["a", "b"], "date": ["2025-01-02", "2025-01-03"], "amount": amounts})
    if refused:
        with pytest.raises(DataError, match=r"row 1, column 'amount': '1.250' may mean thousands or a fraction; set decimal"):
            read_transactions(orders)
        assert read_transactions(orders, decimal=",").to_frame()["amount"].tolist() == [1250.0, 515.0]
    else:
        assert read_transactions(orders).to_frame()["amount"].tolist() == [float(amount) for amount in amounts]


def test_a_year_of_two_digits_read_as_four_is_refused() -> None:
    orders = pd.DataFrame({"customer_id": ["a", "a"], "date": ["02.01.23", "03.01.2024"], "amount": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"row 1, column 'date': '02.01.23' lies before 1970-01-01"):
        read_transactions(orders, date_format="%d.%m.%Y")


# some customers -------------------------------------------------------------------------------------------------------------------------


def some_lines() -> pd.DataFrame:
    """Forty customers of up to six lines, and lines of nobody."""
    rows = [(f"c{k:02d}", f"2025-01-{1 + j:02d}", 10.0 + k) for k in range(40) for j in range(1 + k % 6)]
    return pd.DataFrame([*rows, (None, "2025-01-05", 7.0)], columns=["customer_id", "date", "amount"])


def test_some_customers_keep_all_their_lines_and_are_the_same_ones_each_time() -> None:
    lines = some_lines()
    table = read_transactions(lines)
    found = table.of_some_customers(12).to_frame()
    kept = sorted(found["customer_id"].unique())
    assert len(kept) == 12 and kept != sorted(lines["customer_id"].dropna().unique())[:12]
    assert len(found) == lines["customer_id"].isin(kept).sum()
    shuffled = read_transactions(lines.sample(frac=1.0, random_state=1)).of_some_customers(12).to_frame()
    assert sorted(shuffled["customer_id"].unique()) == kept


def test_fewer_customers_are_some_of_more() -> None:
    table = read_transactions(some_lines())
    few, more = (set(table.of_some_customers(count).to_frame()["customer_id"]) for count in (5, 20))
    assert len(few) == 5 and few < more
    others = read_transactions(some_lines().query("customer_id not in @few")).of_some_customers(15).to_frame()
    assert set(others["customer_id"]) == more - few  # chosen each by itself
    assert table.of_some_customers(1000).to_frame()["customer_id"].nunique() == 40


def test_some_customers_of_a_table_are_of_the_same_source() -> None:
    table = read_transactions(some_lines(), currency="EUR")
    some = table.of_some_customers(3)
    assert (some.source, some.sha256, some.currency) == (table.source, table.sha256, table.currency)
    assert len(table.to_frame()) == len(some_lines())  # which stays as it was


@pytest.mark.parametrize("count", [0, -1, True, 2.0, "2"])
def test_no_whole_number_of_customers_is_refused(count: Any) -> None:
    with pytest.raises(ArgumentError, match=f"customers must be a whole number of at least 1, not {count!r}"):
        read_transactions(orders()).of_some_customers(count)


def test_invoices_of_contracts_are_no_orders() -> None:
    """They have a reason of their own in the ledger, whatever else they are, and lines without a contract stay orders."""
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", None, "a"],
            "date": ["2025-01-02", "2025-03-04", "2025-01-09", "2025-04-01", "2025-02-02", "2025-02-03"],
            "amount": [10.0, 12.5, 3.0, -4.0, 5.0, 7.0],
            "contract": [None, "V1", "", "V2", "V3", None],
        }
    )
    table = read_transactions(orders, contract_id="contract")
    assert table.to_frame()["left_out"].tolist()[1] == table.to_frame()["left_out"].tolist()[3] == "invoice of a contract"
    ledger = summarize(table).ledger
    assert ledger is not None
    assert {line.reason: (line.rows, float(line.amount)) for line in ledger.left_out} == {
        "invoice of a contract": (2, 8.5),
        "no customer id": (1, 5.0),
    }
    with pytest.raises(ArgumentError, match="column 'amount' is named as contract_id and as something else"):
        read_transactions(orders, contract_id="amount")
