"""Orders at opportunities: windows of the calendar by hand and by plain date arithmetic; what is not counted twice."""

from datetime import date, timedelta
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import TimeUnit, order_days, read_transactions, summarize
from clvbayes.errors import ArgumentError

FAIRS = pd.DataFrame(
    [
        ("a", "2019-03-02", 10.0, "old"),
        ("a", "2019-11-30", 5.0, "new"),  # the same year: one purchase of 15
        ("a", "2021-01-01", 20.0, "new"),
        ("a", "2021-12-31", 1.0, "new"),
        ("a", "2023-12-31", 4.0, "new"),
        ("b", "2022-12-31", 7.0, "old"),
        ("b", "2023-01-01", 8.0, "old"),  # a day later, and the next fair
        ("c", "2023-05-05", 9.0, "old"),
    ],
    columns=["customer_id", "date", "amount", "kind"],
)
UNTIL = date(2023, 12, 31)
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def counted(orders: pd.DataFrame = FAIRS, **options: Any) -> Any:
    return summarize(read_transactions(orders, segments=["kind"]), **{"until": UNTIL, "opportunity": "year"} | options)


def test_years_by_hand() -> None:
    found = counted()
    names = ["customer_id", "frequency", "recency", "T", "first_amount", "spend_count", "spend_sum"]
    assert found.statistics[names].to_numpy().tolist() == [
        ["a", 2, 4.0, 4.0, 15.0, 2, 25.0],
        ["b", 1, 1.0, 1.0, 7.0, 1, 8.0],
        ["c", 0, 0.0, 0.0, 9.0, 0, 0.0],
    ]
    assert found.unit == "year"
    assert found.statistics["t0"].dt.date.tolist() == [date(2019, 3, 2), date(2022, 12, 31), date(2023, 5, 5)]
    assert found.ledger.notes[0] == "8 kept lines are 6 purchases: all orders of a customer in one year count as one"
    assert found.history["orders"].sum() == 6 and found.history["revenue"].sum() == 64.0


def test_what_lies_between_days_of_order_is_not_known_of_windows() -> None:
    assert counted().statistics["log_gaps"].isna().tolist() == [True, True, False]


def made_up(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    day = pd.Timestamp(2019, 1, 1) + pd.to_timedelta(rng.integers(0, 5 * 365 + 1, 2000), unit="D")
    return pd.DataFrame({"customer_id": rng.integers(0, 150, 2000).astype(str), "date": day, "amount": 1.0, "kind": "k"})


def begins(end: pd.Timestamp, windows: int, unit: str) -> pd.Timestamp:
    """First moment of a window, `windows` before the one that ends before `end`."""
    if unit in MONTHS:
        return end - pd.DateOffset(months=MONTHS[unit] * (windows + 1))
    return end - timedelta(days={"day": 1, "week": 7}[unit] * (windows + 1))


def window_of(days: pd.Series, until: date, unit: str) -> pd.Series:
    """By walking back and ahead from the end, a window at a time."""
    end = pd.Timestamp(until) + timedelta(days=1)
    lowest = -1
    while begins(end, lowest, unit) <= days.max():
        lowest -= 1
    found, window = pd.Series(-(10**6), days.index), lowest
    while (found == -(10**6)).any():
        inside = (days >= begins(end, window, unit)) & (days < begins(end, window - 1, unit))
        found, window = found.mask(inside, window), window + 1
    return found


@pytest.mark.parametrize("until", [UNTIL, date(2023, 9, 30), date(2024, 2, 29), date(2023, 6, 14)])
@pytest.mark.parametrize("unit", get_args(TimeUnit))
def test_statistics_are_those_of_a_walk_through_the_calendar(unit: Any, until: date) -> None:
    orders = made_up(3).query("date <= @until")
    found = counted(orders, until=until, opportunity=unit).statistics.set_index("customer_id")
    window = window_of(orders["date"], until, unit)
    by = orders.assign(window=window).groupby("customer_id")["window"].agg(["min", "max", "nunique"])
    assert found["frequency"].tolist() == (by["nunique"] - 1).tolist()
    assert found["T"].tolist() == by["max"].tolist()
    assert found["recency"].tolist() == (by["max"] - by["min"]).tolist()
    assert found["spend_sum"].sum() + found["first_amount"].sum() == len(orders)


@pytest.mark.parametrize("unit", get_args(TimeUnit))
def test_what_happened_since_is_counted_from_the_origin_on(unit: Any) -> None:
    orders, origin = made_up(4), date(2022, 6, 30)
    found = order_days(read_transactions(orders, segments=["kind"]), until=UNTIL, opportunity=unit, origin=origin)
    windows = orders.assign(window=window_of(orders["date"], origin, unit)).groupby(["customer_id", "window"])["date"].agg(["min", "size"])
    expected = windows.reset_index().sort_values(["customer_id", "min"])
    assert found["customer_id"].tolist() == expected["customer_id"].tolist()
    assert found["day"].tolist() == expected["min"].tolist() and found["amount"].tolist() == expected["size"].tolist()


def test_opportunities_by_the_day_are_all_orders() -> None:
    orders = made_up(5)
    names = ["frequency", "recency", "T", "spend_sum", "first_amount", "spend_count"]
    pd.testing.assert_frame_equal(
        counted(orders, opportunity="day").statistics[names], counted(orders, opportunity=None, unit="day").statistics[names]
    )


def test_the_order_of_rows_changes_nothing() -> None:
    orders = made_up(6)
    shuffled = orders.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(counted(orders).statistics, counted(shuffled).statistics)


def test_a_purchase_of_which_a_part_came_back_whole_is_still_spend() -> None:
    orders = FAIRS.assign(order_id=[f"o{k}" for k in range(len(FAIRS))], returned="")
    back = pd.DataFrame([("a", "2022-01-05", -20.0, "new", "c1", "o2")], columns=orders.columns)
    table = read_transactions(pd.concat([orders, back]), segments=["kind"], order_id="order_id", returned_order="returned")
    found = summarize(table, until=UNTIL, opportunity="year").statistics.set_index("customer_id")
    # of the purchase of 2021, the order of January came back and that of December did not
    assert (found.loc["a", "frequency"], found.loc["a", "spend_count"]) == (2, 2)


def test_an_unknown_window_is_refused() -> None:
    with pytest.raises(ArgumentError, match="opportunity must be one of day, week, month, quarter, year, not 'fair'"):
        counted(opportunity="fair")
