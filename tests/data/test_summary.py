"""Statistics by hand, against a plain reference and on CDNOW; a ledger that adds up; what neither row order, unit nor currency moves."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from importlib.util import find_spec
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from clvbayes.data import DAYS_PER_UNIT, Customers, Ledger, order_days, read_transactions, summarize
from clvbayes.data.summary import CUSTOMER_SQL, HISTORY_SQL, ORDER_DAYS_SQL
from clvbayes.errors import ArgumentError, DataError

UNTIL = date(2025, 3, 31)
ORDERS = pd.DataFrame(
    [
        ("b", "2025-03-01", 10.0, "chem"),
        ("a", "2025-01-01", 20.0, "food"),
        ("a", "2025-01-01", 5.5, "food"),  # the same day: one purchase of 25.50
        ("a", "2025-01-15", 30.0, "food"),
        ("a", "2025-01-15", -4.0, "food"),  # no order: it reduces nothing
        ("a", "2025-01-15", 12.0, "food"),  # one purchase of 42.00
        ("a", "2025-02-12", 0.0, "toys"),  # free: an order, not spend
        ("a", "2025-03-05", 8.0, None),
        ("c", "2025-02-03", 0.0, None),
        ("c", "2025-02-10", 7.0, "toys"),
        (None, "2025-02-10", 99.99, "toys"),
        ("d", None, 1.01, "food"),
    ],
    columns=["customer_id", "date", "amount", "industry"],
)


def summary(
    orders: pd.DataFrame = ORDERS, *, segments: Any = ("industry",), is_return: Any = None, duplicates: Any = "keep", **window: Any
) -> Customers:
    table = read_transactions(orders, segments=list(segments), is_return=is_return, duplicates=duplicates)
    return summarize(table, **window)


def of_customer(customers: Customers, customer_id: str) -> dict[str, Any]:
    return customers.statistics.set_index("customer_id").loc[customer_id].to_dict()


def ledger_of(customers: Customers) -> Ledger:
    assert customers.ledger is not None
    return customers.ledger


def lines_of(ledger: Ledger) -> dict[str, tuple[int, Decimal]]:
    return {line.reason: (line.rows, line.amount) for line in (ledger.read, *ledger.left_out, ledger.kept)}


def test_statistics_by_hand() -> None:
    found = of_customer(summary(until=UNTIL, unit="week"), "a")
    assert found.pop("t0") == pd.Timestamp(2025, 1, 1)
    assert found == pytest.approx(
        {
            "frequency": 3,  # 15 January, 12 February (free), 5 March
            "recency": 63 / 7,
            "T": 89 / 7,
            "log_gaps": log(14 / 7) + log(28 / 7) + log(21 / 7),
            "first_amount": 25.5,
            "spend_count": 2,
            "spend_sum": 50.0,
            "spend_sum_log": log(42) + log(8),
            "spend_sum_log_squared": log(42) ** 2 + log(8) ** 2,
        },
        rel=1e-11,
    )


def test_a_customer_of_one_order_has_neither_recency_nor_spend() -> None:
    found = of_customer(summary(until=UNTIL), "b")
    assert (found["frequency"], found["recency"], found["T"]) == (0, 0.0, 30 / 7)
    assert (found["spend_count"], found["spend_sum"], found["spend_sum_log"], found["spend_sum_log_squared"]) == (0, 0.0, 0.0, 0.0)


def test_a_free_first_order_is_the_acquisition() -> None:
    found = of_customer(summary(until=UNTIL), "c")
    assert (found["t0"], found["first_amount"], found["frequency"], found["spend_sum"]) == (pd.Timestamp(2025, 2, 3), 0.0, 1, 7.0)


def test_customers_come_in_the_order_of_their_ids() -> None:
    assert summary(until=UNTIL).statistics["customer_id"].tolist() == ["a", "b", "c"]


def test_a_negative_line_alone_is_no_order() -> None:
    more = pd.concat([ORDERS, pd.DataFrame([("b", "2025-03-20", -3.0, "chem")], columns=ORDERS.columns)])
    pd.testing.assert_frame_equal(summary(more, until=UNTIL).statistics, summary(until=UNTIL).statistics)


def test_the_valuation_date_is_the_last_day_with_an_order_unless_given() -> None:
    assert summary().until == date(2025, 3, 5)
    assert summary(ORDERS.query("date != '2025-03-05' and customer_id != 'b'")).until == date(2025, 2, 12)  # a free order's


def test_until_is_inclusive_and_later_rows_are_counted() -> None:
    kept, lost = summary(until=date(2025, 3, 5)), summary(until=date(2025, 3, 4))
    assert (of_customer(kept, "a")["frequency"], of_customer(lost, "a")["frequency"]) == (3, 2)
    assert "after 2025-03-05" not in lines_of(ledger_of(kept))
    assert lines_of(ledger_of(lost))["after 2025-03-04"] == (1, Decimal(8))


def test_since_is_inclusive_and_earlier_rows_are_counted() -> None:
    kept, lost = summary(since=date(2025, 1, 1), until=UNTIL), summary(since=date(2025, 1, 2), until=UNTIL)
    pd.testing.assert_frame_equal(kept.statistics, summary(until=UNTIL).statistics)
    assert lines_of(ledger_of(lost))["before 2025-01-02"] == (2, Decimal("25.5"))
    assert of_customer(lost, "a")["t0"] == pd.Timestamp(2025, 1, 15)


def test_today_may_be_the_valuation_date() -> None:
    assert summary(until=date.today()).until == date.today()


def test_the_ledger_by_hand() -> None:
    ledger = ledger_of(summary(until=date(2025, 3, 4), since=date(2025, 1, 2)))
    assert lines_of(ledger) == {
        "read": (12, Decimal("189.5")),
        "no customer id": (1, Decimal("99.99")),
        "no date": (1, Decimal("1.01")),
        "zero or negative amount": (3, Decimal("-4")),
        "after 2025-03-04": (1, Decimal("8")),
        "before 2025-01-02": (2, Decimal("25.5")),
        "kept": (4, Decimal("59")),
    }
    assert (ledger.without_customer.rows, ledger.without_customer.amount) == (1, Decimal("99.99"))
    assert ledger.share_not_valued == pytest.approx(99.99 / (99.99 + 59))
    assert ledger.to_frame()["reason"].tolist()[0] == "read" and ledger.to_frame()["reason"].tolist()[-1] == "kept"


def test_a_base_without_anonymous_money_is_valued_wholly() -> None:
    ledger = ledger_of(summary(ORDERS.dropna(subset="customer_id"), until=UNTIL))
    assert (ledger.share_not_valued, ledger.without_customer.rows) == (0.0, 0)


def test_more_returns_than_orders_without_a_customer_are_no_negative_share() -> None:
    assert ledger_of(summary(ORDERS.replace({"amount": {99.99: -99.99}}), until=UNTIL)).share_not_valued == 0.0


def test_the_notes_say_what_was_decided_about_kept_rows() -> None:
    assert ledger_of(summary(until=UNTIL)).notes == (
        "7 kept lines and 2 of amount zero are 7 purchases: all orders of a customer on one day count as one",
        "2 lines of amount zero count as orders, but not as spend",
        "1 customers have no value of 'industry' on their first day and stand under '(none)'",
        "1 customers have more than one value of 'industry'; that of the first day counts",
        "credit notes, 1 in all: 1 count for the customer's latest order before them",
    )


def test_duplicates_are_counted_and_dropped_only_where_asked() -> None:
    twice = pd.concat([ORDERS, ORDERS.iloc[[3, 3]]])
    kept, dropped = summary(twice, until=UNTIL), summary(twice, until=UNTIL, duplicates="drop")
    note = "2 lines, 60.00 in all, equal another line in every column"
    assert note in ledger_of(kept).notes and note in ledger_of(dropped).notes
    assert of_customer(kept, "a")["spend_sum"] == 110.0
    assert lines_of(ledger_of(dropped))["exact duplicate of another line"] == (2, Decimal(60))
    pd.testing.assert_frame_equal(dropped.statistics, summary(until=UNTIL).statistics)


def test_a_segment_is_that_of_the_first_day() -> None:
    customers = summary(until=UNTIL)
    assert dict(zip(customers.statistics["customer_id"], customers.segments["industry"], strict=True)) == {
        "a": "food",
        "b": "chem",
        "c": "(none)",
    }


def test_of_several_segments_on_the_first_day_the_rows_places_do_not_choose() -> None:
    first_day = pd.DataFrame(
        [("a", "2025-01-01", 1.0, "y"), ("a", "2025-01-01", 1.0, "x"), ("a", "2025-01-02", 1.0, "y"), ("b", "2025-01-02", 1.0, "y")],
        columns=ORDERS.columns,
    )
    for orders in (first_day, first_day[::-1]):
        customers = summary(orders)
        assert customers.segments["industry"].tolist() == ["x", "y"]
        assert "1 customers have more than one value of 'industry'; that of the first day counts" in ledger_of(customers).notes


def test_the_history_is_by_cohort_and_sums_to_the_kept_money() -> None:
    customers = summary(until=UNTIL)
    months = [pd.Timestamp(2025, month, 1) for month in (1, 2, 3)]
    january, february, march = months
    assert customers.history.to_numpy().tolist() == [
        [january, january, 2, 67.5, 1, 1, 1],
        [january, february, 1, 0.0, 1, 0, 0],
        [january, march, 1, 8.0, 1, 0, 0],
        [february, february, 2, 7.0, 1, 1, 1],
        [march, march, 1, 10.0, 1, 1, 1],
    ]
    assert customers.history["revenue"].sum() == float(ledger_of(customers).kept.amount)


@pytest.mark.parametrize("first", [1, 2, 3])
def test_customers_of_any_three_months_are_told_apart(first: int) -> None:
    orders = many_orders(5, rows=150)
    history = summary(orders).history
    by_month = history.groupby("month")[["customers", "customers_of_two", "customers_of_three"]].sum()
    for begin in range(first, 11, 3):
        months = [pd.Timestamp(2024, begin + k, 1) for k in range(3)]
        counted = sum(by_month.loc[month, name] for month, name in zip(months, by_month.columns, strict=True))
        within = orders["date"].between(months[0], months[-1] + pd.offsets.MonthEnd())
        assert counted == orders.loc[within, "customer_id"].nunique() < within.sum()


def many_orders(seed: int, rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, 60, rows).astype(str),
            "date": pd.Timestamp(2024, 1, 1) + pd.to_timedelta(rng.integers(0, 365, rows), unit="D"),
            "amount": np.round(rng.lognormal(3, 2, rows), 2),
            "industry": rng.choice(["x", "y", "z"], rows),
        }
    )


def test_no_rows_place_changes_a_digit() -> None:
    orders = many_orders(1)
    first = summary(orders)
    for seed in range(3):
        again = summary(orders.sample(frac=1.0, random_state=seed))
        pd.testing.assert_frame_equal(again.statistics, first.statistics, check_exact=True)
        pd.testing.assert_frame_equal(again.segments, first.segments)
        pd.testing.assert_frame_equal(again.history, first.history, check_exact=True)
        assert again.ledger == first.ledger


@pytest.mark.parametrize("unit", DAYS_PER_UNIT)
def test_a_unit_of_time_only_scales_time(unit: Any) -> None:
    days, other = summary(many_orders(2), unit="day").statistics, summary(many_orders(2), unit=unit).statistics
    for name in ("recency", "T"):
        np.testing.assert_array_equal(other[name], days[name] / DAYS_PER_UNIT[unit])
    np.testing.assert_allclose(other["log_gaps"], days["log_gaps"] - days["frequency"] * log(DAYS_PER_UNIT[unit]), atol=1e-9)
    timed = ["recency", "T", "log_gaps"]
    pd.testing.assert_frame_equal(other.drop(columns=timed), days.drop(columns=timed))


def test_a_currency_only_scales_money() -> None:
    orders = many_orders(3)
    euros, cents = summary(orders).statistics, summary(orders.assign(amount=(orders["amount"] * 100).round())).statistics
    counts = ["customer_id", "t0", "frequency", "recency", "T", "spend_count"]
    pd.testing.assert_frame_equal(cents[counts], euros[counts])
    np.testing.assert_allclose(cents["spend_sum"], 100 * euros["spend_sum"], rtol=1e-14)
    np.testing.assert_allclose(cents["spend_sum_log"], euros["spend_sum_log"] + euros["spend_count"] * log(100), atol=1e-9)


def test_later_rows_change_nothing_before_them() -> None:
    orders, until = many_orders(4), date(2024, 6, 30)
    early = orders[orders["date"] <= pd.Timestamp(until)]
    pd.testing.assert_frame_equal(summary(orders, until=until).statistics, summary(early, until=until).statistics)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"until": date.today() + timedelta(days=1)}, r"until \(.*\) lies in the future"),
        ({"until": UNTIL, "since": date(2025, 4, 1)}, r"since \(2025-04-01\) lies after until \(2025-03-31\)"),
        ({"until": "2025-03-31"}, "until must be a datetime.date, .* not '2025-03-31'"),
        ({"until": pd.Timestamp(2025, 3, 31)}, "until must be a datetime.date"),
        ({"since": 2025}, "since must be a datetime.date"),
        ({"unit": "fortnight"}, "unit must be one of day, week, month, quarter, year, not 'fortnight'"),
    ],
)
def test_a_window_or_unit_that_cannot_be_used_is_refused(window: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        summary(**window)


@pytest.mark.parametrize(
    ("rows", "until", "said"),
    [
        pytest.param("customer_id == 'a'", UNTIL, "1 customer with 3 repeat orders until 2025-03-31 are too few", id="one customer"),
        pytest.param("date in ('2025-03-01', '2025-02-03')", UNTIL, "2 customers with 0 repeat orders", id="one order each"),
        pytest.param("index >= 0", date(2024, 12, 31), "0 customers with 0 repeat orders until 2024-12-31", id="nothing before"),
        pytest.param("customer_id.isna() or date.isna()", None, "no row is an order of a known customer", id="nobody"),
        pytest.param("date != '2025-01-15' and date != '2025-03-05' and amount != 7", UNTIL, "all repeat orders until", id="free ones"),
        pytest.param("amount < 0", None, "no row is an order of a known customer", id="credit notes only"),
    ],
)
def test_a_base_from_which_nothing_can_be_learnt_is_refused(rows: str, until: date | None, said: str) -> None:
    with pytest.raises(DataError, match=f"DataFrame: {said}"):
        summary(ORDERS.query(rows, engine="python"), until=until)


Row = tuple[str | None, int | None, int, bool, str | None]


def reference(rows: list[Row], since: int, until: int, drop: bool) -> tuple[dict[str, Any], Counter[str], Counter[str]]:
    """Statistics of each customer, and rows and cents by fate, in the plainest Python."""
    counts: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    seen: set[Row] = set()
    days: dict[str, dict[int, list[tuple[int, str | None]]]] = {}
    for row in rows:
        who, day, amount, back, segment = row
        if day is not None and day > until:
            fate = "after"
        elif day is not None and day < since:
            fate = "before"
        elif who is None:
            fate = "no customer id"
        elif day is None:
            fate = "no date"
        elif back:
            fate = "return or credit note"
        elif amount < 0:
            fate = "zero or negative amount"
        elif amount > 0 and drop and row in seen:
            fate = "exact duplicate of another line"
        else:
            fate = "kept" if amount else "zero or negative amount"
            days.setdefault(who, {}).setdefault(day, []).append((amount, segment))
        seen.add(row)
        counts[fate] += 1
        cents[fate] += amount
    found = {}
    for who, by_day in days.items():
        first, last = min(by_day), max(by_day)
        spent = [total / 100 for day, lines in by_day.items() if day > first and (total := sum(amount for amount, _ in lines))]
        found[who] = {
            "frequency": len(by_day) - 1,
            "recency": last - first,
            "T": until - first,
            "log_gaps": sum(log(later - earlier) for earlier, later in pairwise(sorted(by_day))),
            "first_amount": sum(amount for amount, _ in by_day[first]) / 100,
            "spend_count": len(spent),
            "spend_sum": sum(spent),
            "spend_sum_log": sum(map(log, spent)),
            "spend_sum_log_squared": sum(log(amount) ** 2 for amount in spent),
            "segment": min((segment for _, segment in by_day[first] if segment is not None), default="(none)"),
        }
    return found, counts, cents


ROW = st.tuples(
    st.sampled_from(["a", "b", "c", "d", None]),
    st.one_of(st.integers(0, 12), st.none()),
    st.sampled_from([0, 1, 10, 10, 33, 99_999, -10, -250]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(["x", "y", None]),
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=st.lists(ROW, min_size=3, max_size=30), since=st.integers(0, 3), length=st.integers(0, 10), drop=st.booleans())
def test_statistics_and_ledger_agree_with_a_plain_reference(rows: list[Row], since: int, length: int, drop: bool) -> None:
    origin, until = date(2025, 1, 1), since + length
    first_day, last_day = origin + timedelta(days=since), origin + timedelta(days=until)
    orders = pd.DataFrame(
        {
            "customer_id": pd.array([row[0] for row in rows], dtype="str"),
            "date": pd.Series([None if row[1] is None else origin + timedelta(days=row[1]) for row in rows], dtype="datetime64[s]"),
            "amount": [row[2] / 100 for row in rows],
            "back": [row[3] for row in rows],
            "industry": pd.array([row[4] for row in rows], dtype="str"),
        }
    )
    expected, counts, cents = reference(rows, since, until, drop)
    window: dict[str, Any] = {"since": first_day, "until": last_day, "unit": "day"}
    duplicates = "drop" if drop else "keep"
    if len(expected) < 2 or not sum(customer["spend_count"] for customer in expected.values()):
        with pytest.raises(DataError, match=r"too few|all repeat orders until .* are of amount zero"):
            summary(orders, is_return="back", duplicates=duplicates, **window)
        return
    customers = summary(orders, is_return="back", duplicates=duplicates, **window)
    found = customers.statistics.set_index("customer_id").drop(columns="t0").assign(segment=customers.segments["industry"].to_numpy())
    assert sorted(expected) == list(found.index)
    for who, statistics in expected.items():
        assert found.loc[who].to_dict() == pytest.approx(statistics, abs=1e-9)
    names = {"after": f"after {last_day}", "before": f"before {first_day}"}
    account = {names.get(fate, fate): (rows, Decimal(cents[fate]) / 100) for fate, rows in counts.items()}
    account |= {"read": (len(rows), Decimal(sum(row[2] for row in rows)) / 100)}
    assert lines_of(ledger_of(customers)) == {"kept": (0, Decimal(0))} | account
    assert customers.history["revenue"].sum() == pytest.approx(cents["kept"] / 100)
    assert customers.history["orders"].sum() == found["frequency"].sum() + len(found)


def cdnow(name: str) -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


def test_cdnow_agrees_with_the_published_summary() -> None:
    orders = pd.read_csv(cdnow("CDNOW_sample.txt"), sep=r"\s+", names=["old_id", "id", "day", "quantity", "amount"])
    published = pd.read_csv(cdnow("cdnow_customers_summary.csv")).set_index("ID")
    table = read_transactions(orders, customer_id="id", date="day", date_format="%Y%m%d")
    customers = summarize(table, until=date(1997, 9, 30), unit="week")
    statistics = customers.statistics.astype({"customer_id": int}).set_index("customer_id").loc[published.index]
    assert len(customers) == len(published) == 2357
    np.testing.assert_array_equal(statistics["frequency"], published["frequency"])
    np.testing.assert_allclose(statistics["recency"], published["recency"], atol=0.0051)
    np.testing.assert_allclose(statistics["T"], published["T"], atol=0.0051)
    ledger = ledger_of(customers)
    assert ledger.read.rows == len(orders) == 6919
    assert ledger.read.amount == sum((Decimal(str(amount)) for amount in orders["amount"]), Decimal(0))
    assert customers.history["revenue"].sum() == pytest.approx(float(ledger.kept.amount), abs=0.005)


@pytest.mark.parametrize("text", [CUSTOMER_SQL, HISTORY_SQL, ORDER_DAYS_SQL])
@pytest.mark.parametrize(
    "dialect",
    [
        "::",
        "exclude",
        "qualify",
        "filter (",
        "filter(",
        "arg_min",
        "arg_max",
        "any_value",
        "median(",
        "date_trunc",
        "datediff",
        "strftime",
        "list(",
        "group by all",
        "ifnull",
        '"',
    ],
)
def test_the_text_is_of_no_dialect(text: str, dialect: str) -> None:
    assert dialect not in text.lower()


def test_the_text_means_the_same_on_another_engine() -> None:
    orders = many_orders(5)
    expected = summary(orders, unit="day").statistics
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("ln", 1, log)
        connection.execute(
            "create table kept_lines (customer_id text, day text, day_number integer, amount decimal(18, 6), cancelled integer)"
        )
        numbers = (orders["date"] - pd.Timestamp(1970, 1, 1)).dt.days
        lines = zip(orders["customer_id"], orders["date"].dt.strftime("%Y-%m-%d"), numbers, orders["amount"], strict=True)
        connection.executemany("insert into kept_lines values (?, ?, ?, ?, 0)", lines)
        found = pd.read_sql(
            CUSTOMER_SQL.format(segments_of_day="", segments_of_customer=""), connection, parse_dates=["first_day", "last_day"]
        )
    assert found["customer_id"].tolist() == expected["customer_id"].tolist()
    assert found["frequency"].tolist() == expected["frequency"].tolist()
    assert found["spend_count"].tolist() == expected["spend_count"].tolist()
    assert (found["last_day"] - found["first_day"]).dt.days.tolist() == expected["recency"].tolist()
    for name in ("first_amount", "log_gaps", "spend_sum", "spend_sum_log", "spend_sum_log_squared"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)


def test_gaps_are_the_times_between_days_with_an_order() -> None:
    days = ["2025-01-01", "2025-01-15", "2025-01-15", "2025-02-26", "2025-01-03"]
    orders = pd.DataFrame({"customer_id": ["a", "a", "a", "a", "b"], "date": days, "amount": [1.0, 2.0, 3.0, 4.0, 5.0]})
    found = summary(orders, segments=(), until=UNTIL, unit="week").statistics
    assert found["log_gaps"].tolist() == pytest.approx([log(2) + log(6), 0.0], abs=1e-11)


def test_sales_without_a_customer_are_compared_gross_and_within_the_window() -> None:
    anonymous = pd.DataFrame(
        {"customer_id": None, "date": ["2025-01-05", "2025-01-06", "2026-02-01"], "amount": [100.0, -40.0, 900.0]},
    )
    orders = pd.concat([ORDERS.dropna(subset="customer_id"), anonymous], ignore_index=True)
    ledger = ledger_of(summary(orders, until=UNTIL))
    assert (ledger.without_customer.rows, ledger.without_customer.amount) == (1, Decimal("100"))
    assert ledger.share_not_valued == pytest.approx(100 / (100 + float(ledger.kept.amount)))
    assert lines_of(ledger)["no customer id"] == (2, Decimal("60"))
    assert lines_of(ledger)["after 2025-03-31"] == (1, Decimal("900"))


def test_what_lies_outside_the_window_is_left_out_for_that_whatever_else_it_is() -> None:
    late = pd.DataFrame(
        [
            ("a", "2025-04-01", 50.0, "yes"),
            ("a", "2025-04-02", -3.0, "no"),
            (None, "2025-04-03", 7.0, "no"),
            ("a", "2024-12-31", 2.0, "yes"),
        ],
        columns=["customer_id", "date", "amount", "back"],
    )
    orders = pd.concat([ORDERS, late], ignore_index=True)
    ledger = ledger_of(summary(orders, is_return="back", since=date(2025, 1, 1), until=UNTIL))
    assert lines_of(ledger) == lines_of(ledger_of(summary(until=UNTIL))) | {
        "read": (16, Decimal("245.5")),
        "after 2025-03-31": (3, Decimal(54)),
        "before 2025-01-01": (1, Decimal(2)),
    }
    assert ledger.without_customer.amount == Decimal("99.99")


def test_the_last_order_is_known_whatever_the_unit() -> None:
    for unit in ("day", "week", "month"):
        assert summary(until=UNTIL, unit=unit).last_order == summary(unit=unit).until


def days_of(orders: pd.DataFrame = ORDERS, *, until: date = UNTIL, since: date | None = None, **columns: Any) -> pd.DataFrame:
    return order_days(read_transactions(orders, **columns), until=until, since=since)


def test_order_days_by_hand() -> None:
    assert days_of().to_numpy().tolist() == [
        ["a", pd.Timestamp(2025, 1, 1), 25.5],
        ["a", pd.Timestamp(2025, 1, 15), 42.0],
        ["a", pd.Timestamp(2025, 2, 12), 0.0],
        ["a", pd.Timestamp(2025, 3, 5), 8.0],
        ["b", pd.Timestamp(2025, 3, 1), 10.0],
        ["c", pd.Timestamp(2025, 2, 3), 0.0],
        ["c", pd.Timestamp(2025, 2, 10), 7.0],
    ]


def test_a_window_of_order_days_includes_its_ends() -> None:
    found = days_of(since=date(2025, 1, 15), until=date(2025, 3, 1))
    assert found["day"].min() == pd.Timestamp(2025, 1, 15) and found["day"].max() == pd.Timestamp(2025, 3, 1)
    assert len(found) == 5
    assert len(days_of(since=date(2025, 1, 16), until=date(2025, 2, 28))) == 3


def test_a_window_without_orders_has_no_order_days() -> None:
    found = days_of(until=date(2024, 12, 31))
    assert found.columns.tolist() == ["customer_id", "day", "amount"] and len(found) == 0
    assert (found["day"].dtype, found["amount"].dtype) == (days_of()["day"].dtype, days_of()["amount"].dtype)


def test_an_order_that_came_back_stays_an_order_day() -> None:
    orders = pd.DataFrame(
        [
            ("a", "2025-01-01", 20.0, "o1", None, False),
            ("a", "2025-01-15", 30.0, "o2", None, False),
            ("a", "2025-01-20", -30.0, "r2", "o2", True),
            ("a", "2025-02-20", 5.0, "o3", None, False),
            ("b", "2025-02-20", 5.0, "o4", None, False),
        ],
        columns=["customer_id", "date", "amount", "order_id", "returned_order", "back"],
    )
    columns = {"order_id": "order_id", "returned_order": "returned_order", "is_return": "back"}
    found = days_of(orders, **columns)
    assert found["amount"].tolist() == [20.0, 30.0, 5.0, 5.0]
    customers = summarize(read_transactions(orders, **columns), until=UNTIL)
    assert customers.returns is not None and customers.returns["cancelled"].tolist() == [1, 0]  # and it counts as come back whole
    assert of_customer(customers, "a")["frequency"] == 2


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rows=st.lists(ROW, min_size=3, max_size=30), since=st.integers(0, 3), length=st.integers(0, 10), drop=st.booleans())
def test_order_days_are_those_that_statistics_count(rows: list[Row], since: int, length: int, drop: bool) -> None:
    first_day = date(2025, 1, 1) + timedelta(days=since)
    window: dict[str, Any] = {"since": first_day, "until": first_day + timedelta(days=length)}
    orders = pd.DataFrame(
        {
            "customer_id": pd.array([row[0] for row in rows], dtype="str"),
            "date": pd.Series(
                [None if row[1] is None else date(2025, 1, 1) + timedelta(days=row[1]) for row in rows], dtype="datetime64[s]"
            ),
            "amount": [row[2] / 100 for row in rows],
            "back": [row[3] for row in rows],
            "industry": pd.array([row[4] for row in rows], dtype="str"),
        }
    )
    found = days_of(orders, is_return="back", segments=["industry"], duplicates="drop" if drop else "keep", **window)
    expected, _, _ = reference(rows, since, since + length, drop)
    by_customer = found.groupby("customer_id")
    assert sorted(expected) == list(by_customer.groups)
    for who, days in by_customer:
        known = expected[str(who)]
        assert (len(days), days["day"].is_monotonic_increasing, days["day"].is_unique) == (known["frequency"] + 1, True, True)
        assert (days["day"].iloc[-1] - days["day"].iloc[0]).days == known["recency"]
        assert days["amount"].iloc[0] == pytest.approx(known["first_amount"])
        assert days["amount"].iloc[1:].sum() == pytest.approx(known["spend_sum"])


def test_no_rows_place_changes_an_order_day() -> None:
    orders = many_orders(6)
    first = days_of(orders)
    for seed in range(3):
        pd.testing.assert_frame_equal(days_of(orders.sample(frac=1.0, random_state=seed)), first, check_exact=True)
