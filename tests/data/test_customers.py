"""RFM frames of lifetimes and pymc-marketing are taken as they are; rows that contradict themselves are refused by number."""

import re
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError, DataError


def lifetimes_frame() -> pd.DataFrame:
    """As ``summary_data_from_transaction_data(..., monetary_value_col=...)`` returns it."""
    return pd.DataFrame(
        {"frequency": [2.0, 0.0, 3.0], "recency": [30.0, 0.0, 12.0], "T": [38.0, 38.0, 20.0], "monetary_value": [22.5, 0.0, 10.0]},
        index=pd.Index([3, 1, 2], name="customer_id"),
    )


def marketing_frame() -> pd.DataFrame:
    """As pymc-marketing's ``rfm_summary`` returns it."""
    return lifetimes_frame().reset_index()


FRAMES = {
    "lifetimes": lifetimes_frame(),
    "pymc-marketing": marketing_frame(),
    "an index of another name": lifetimes_frame().rename_axis("id"),
    "ids as floats": marketing_frame().astype({"customer_id": float}),
    "ids as text": marketing_frame().assign(customer_id=["3 ", " 1", "2"]),
    "whole numbers": marketing_frame().astype({"frequency": int, "recency": int, "T": int}),
    "polars": pl.from_pandas(marketing_frame()),
    "Arrow": pa.Table.from_pandas(marketing_frame(), preserve_index=False),
    "other order": marketing_frame().sample(frac=1.0, random_state=1),
    "more columns": marketing_frame().assign(first=1.0),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_an_rfm_frame_is_taken_unchanged(kind: str) -> None:
    customers = Customers.from_frame(FRAMES[kind], unit="week")
    nothing = [np.nan] * 3
    expected = pd.DataFrame(
        {
            "customer_id": ["1", "2", "3"],
            "t0": pd.Series([pd.NaT] * 3, dtype="datetime64[s]"),
            "frequency": [0, 3, 2],
            "recency": [0.0, 12.0, 30.0],
            "T": [38.0, 20.0, 38.0],
            "log_gaps": [0.0, np.nan, np.nan],
            "first_amount": nothing,
            "spend_count": [0, 3, 2],
            "spend_sum": [0.0, 30.0, 45.0],
            "spend_sum_log": nothing,
            "spend_sum_log_squared": nothing,
        }
    )
    pd.testing.assert_frame_equal(customers.statistics, expected)
    assert (customers.unit, customers.spend_level, customers.until, customers.currency) == ("week", "mean", None, None)
    assert len(customers.history) == 0


def test_a_frame_is_left_as_it_was() -> None:
    given = marketing_frame()
    Customers.from_frame(given, unit="day")
    pd.testing.assert_frame_equal(given, marketing_frame())


def test_customers_go_by_row_number_where_nothing_names_them() -> None:
    customers = Customers.from_frame(lifetimes_frame().reset_index(drop=True), unit="day")
    assert customers.statistics["customer_id"].tolist() == ["0", "1", "2"]
    assert customers.statistics["frequency"].tolist() == [2, 0, 3]


def test_without_a_mean_there_is_no_spend() -> None:
    customers = Customers.from_frame(lifetimes_frame().drop(columns="monetary_value"), unit="day")
    assert customers.statistics["spend_count"].tolist() == [0, 0, 0]
    assert customers.ledger is not None and customers.ledger.notes == ()


def test_repeat_buyers_without_spend_are_counted() -> None:
    customers = Customers.from_frame(lifetimes_frame().assign(monetary_value=[-5.0, 0.0, 10.0]), unit="day")
    assert customers.statistics[["spend_count", "spend_sum"]].to_numpy().tolist() == [[0, 0.0], [3, 30.0], [0, 0.0]]
    assert customers.ledger is not None
    assert customers.ledger.notes == ("1 repeat buyers have a mean spend of zero or less and do not inform the spend model",)
    assert (customers.ledger.read.rows, customers.ledger.kept.rows) == (3, 3)


def test_segments_stay_with_their_customers() -> None:
    frame = marketing_frame().assign(industry=["c", None, "b"], region=[1, 2, 3])
    for given in (frame, frame[::-1]):
        customers = Customers.from_frame(given, unit="day", segments=["industry", "region"], until=date(2025, 1, 1), currency="EUR")
        assert customers.segments.to_numpy().tolist() == [["(none)", "2"], ["b", "3"], ["c", "1"]]
        assert (customers.until, customers.currency) == (date(2025, 1, 1), "EUR")


def test_a_segment_named_like_a_statistic_stands_beside_it() -> None:
    frame = Customers.from_frame(marketing_frame(), unit="day", segments=["T"]).to_frame()
    assert frame["T"].tolist() == [38.0, 20.0, 38.0]
    assert frame["T_segment"].tolist() == ["38.0", "20.0", "38.0"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"customer_id": [1, 1, 2]}, "row 2 of the frame: customer '1' occurs more than once"),
        ({"customer_id": [1.0, 1.0, 1.0]}, "row 2 of the frame: customer '1' occurs more than once (2 rows like this)"),
        ({"customer_id": [1, None, 2]}, "row 2 of the frame: customer"),
        ({"customer_id": ["1", " ", "2"]}, "row 2 of the frame: customer '' has no id"),
        ({"frequency": [2, 0, 1.5]}, "row 3 of the frame: customer '2' has a frequency that is not a whole number of at least 0"),
        ({"customer_id": ["1", "2\0", "3"]}, "row 2 of the frame: customer '2\\x00' has a control character in its id; take it out"),
        ({"frequency": [2, 0, 1e300]}, "row 3 of the frame: customer '2' has a frequency above 1e+09; it cannot be a count of purchases"),
        ({"frequency": [-1, 0, 1]}, "row 1 of the frame: customer '3' has a frequency that is not a whole number"),
        ({"frequency": [2, 0, np.inf]}, "row 3 of the frame: customer '2' has a frequency that is not a finite number"),
        ({"frequency": ["two", 0, 1]}, "row 1 of the frame: customer '3' has a frequency that is not a finite number"),
        ({"recency": [30, 0, np.nan]}, "row 3 of the frame: customer '2' has a recency that is not a finite number"),
        ({"recency": [38.5, 0, 12]}, "row 1 of the frame: customer '3' has a recency that is negative or greater than T"),
        ({"recency": [30, 0, -1]}, "row 3 of the frame: customer '2' has a recency that is negative or greater than T"),
        ({"recency": [30, 5, 12]}, "row 2 of the frame: customer '1' has a recency although frequency is 0, or the other way round"),
        ({"recency": [30, 0, 0]}, "row 3 of the frame: customer '2' has a recency although frequency is 0, or the other way round"),
        ({"T": [38, None, 20]}, "row 2 of the frame: customer '1' has a T that is not a finite number"),
        ({"monetary_value": [1, np.inf, 2]}, "row 2 of the frame: customer '1' has a monetary_value that is not a finite number"),
    ],
    ids=str,
)
def test_a_row_that_contradicts_itself_is_refused_by_number(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        Customers.from_frame(marketing_frame().assign(**columns), unit="week")


@pytest.mark.parametrize("name", ["CustomerID", "Customer Id", "cust_id", "id"])
def test_ids_in_a_column_of_another_name_are_not_dropped_for_row_numbers(name: str) -> None:
    frame = marketing_frame().rename(columns={"customer_id": name})
    with pytest.raises(DataError, match=f"the frame's ids seem to stand in '{name}': rename it to 'customer_id', or make it the index"):
        Customers.from_frame(frame, unit="week")
    assert Customers.from_frame(frame.set_index(name), unit="week").statistics["customer_id"].tolist() == ["1", "2", "3"]
    assert Customers.from_frame(frame.rename_axis(index="row"), unit="week").statistics["customer_id"].tolist() == ["0", "1", "2"]


def test_a_plain_session_shows_how_many_and_what_was_decided() -> None:
    frame = marketing_frame().assign(s="x")
    assert repr(Customers.from_frame(frame, unit="week")).startswith("Customers: 3, times in weeks")
    shown = repr(Customers.from_frame(frame.assign(monetary_value=[0.0, 0.0, 1.0]), unit="day", segments=["s"], until=date(2025, 1, 31)))
    assert shown == (
        "Customers: 3 until 2025-01-31, times in days; segments s\n"
        "  1 repeat buyers have a mean spend of zero or less and do not inform the spend model"
    )


def test_orders_given_for_a_frame_are_shown_their_way() -> None:
    orders = pd.DataFrame({"id": [1], "date": ["2025-01-31"], "amount": [1.0]})
    with pytest.raises(DataError, match=r"it has 'id', 'date', 'amount'\. Orders, one row each, go through clv\.summarize\("):
        Customers.from_frame(orders, unit="week")


def test_a_mean_is_missing_where_nothing_was_bought_again() -> None:
    zero = marketing_frame().assign(monetary_value=[22.4, 0.0, 10.0])
    assert zero["frequency"].tolist()[1] == 0
    pd.testing.assert_frame_equal(
        Customers.from_frame(zero.assign(monetary_value=[22.4, None, 10.0]), unit="week").statistics,
        Customers.from_frame(zero, unit="week").statistics,
    )
    with pytest.raises(DataError, match="row 3 of the frame: customer '2' has a monetary_value that is not a finite number"):
        Customers.from_frame(zero.assign(monetary_value=[22.4, 0.0, None]), unit="week")


@pytest.mark.parametrize(("frequency", "unit", "told"), [(8, "day", False), (9, "day", True), (50, "week", False), (51, "week", True)])
def test_more_purchases_than_days_are_told(frequency: int, unit: Any, told: bool) -> None:
    frame = pd.DataFrame({"frequency": [frequency, 0], "recency": [7.0, 0.0], "T": [9.0, 9.0]})
    ledger = Customers.from_frame(frame, unit=unit).ledger
    assert ledger is not None
    assert [note.startswith("1 customers have more repeat purchases than days") for note in ledger.notes] == [True] * told


@pytest.mark.parametrize(
    ("frame", "arguments", "said"),
    [
        (marketing_frame().drop(columns=["T", "recency"]), {}, "the frame has no column 'recency', 'T'; it has 'customer_id', 'frequency'"),
        (marketing_frame(), {"segments": ["industry"]}, "the frame has no column 'industry'; it has"),
        (marketing_frame(), {"segments": ["T", "T"]}, "a column occurs twice: segments=['T', 'T']"),
        (marketing_frame().set_axis(["customer_id", "frequency", "recency", "T", "T"], axis=1), {}, "a column occurs twice: 'T'"),
        (marketing_frame().iloc[:0], {}, "the frame holds no rows"),
        ([1, 2], {}, "an RFM frame is a DataFrame (pandas, polars, Arrow), not list"),
        (marketing_frame(), {"unit": "fortnight"}, "unit must be one of day, week, month, quarter, year, not 'fortnight'"),
        (marketing_frame(), {"segments": None}, "segments must be a list of column names, not None"),
        (
            marketing_frame().assign(s=["x", "y\x1f", "z"]),
            {"segments": ["s"]},
            "customer '1' has a control character in its s; take it out",
        ),
        (marketing_frame().assign(id=["x", "y\0", "z"]), {"segments": ["id"]}, "customer '1' has a control character in its id"),
        (marketing_frame(), {"until": "2024-01-01"}, "until must be a datetime.date, such as date(2025, 12, 31), not '2024-01-01'"),
        (marketing_frame(), {"until": pd.Timestamp(2024, 1, 1)}, "until must be a datetime.date"),
        (marketing_frame(), {"until": date.today() + timedelta(days=1)}, "lies in the future"),
        (marketing_frame(), {"currency": "euro"}, "currency must be a code such as \"EUR\", not 'euro'"),
        (marketing_frame(), {"currency": 5}, 'currency must be a code such as "EUR", not 5'),
        (marketing_frame(), {"segments": "industry"}, "segments must be a list of column names; write ['industry']"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_frame_or_argument_that_cannot_be_used_is_refused(frame: Any, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises((DataError, ArgumentError), match=re.escape(said)):
        Customers.from_frame(frame, **({"unit": "week"} | arguments))
