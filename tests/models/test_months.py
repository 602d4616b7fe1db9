"""Time and orders by month of the year, and of the history."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import read_transactions, summarize
from clvbayes.models.months import month_ends, month_shares, months_seen, time_by_month

UNTIL = date(2025, 3, 17)


def made_up_orders() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "b", "c"],
            "date": ["2024-01-05", "2024-01-20", "2024-03-02", "2024-03-03", "2025-01-09", "2024-01-07"],
            "amount": 10.0,
        }
    )


def by_hand(start: int, stop: int) -> list[float]:
    days = [UNTIL - timedelta(days=k) for k in range(stop, start)]
    return [float(sum(day.month == month for day in days)) for month in range(1, 13)]


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (1, 0), (16, 0), (17, 0), (400, 12), (1200, 1190), (31, 30)])
def test_days_are_counted_in_their_month(start: int, stop: int) -> None:
    found = time_by_month(UNTIL, "day", np.array([float(start)]), np.array([float(stop)]))
    np.testing.assert_allclose(found[0], by_hand(start, stop), atol=1e-9)


def test_parts_add_up_to_the_span_in_every_unit() -> None:
    rng = np.random.default_rng(1)
    start = rng.uniform(0, 150, 200)
    stop = start * rng.uniform(0, 1, 200)
    for unit in ("day", "week", "month", "quarter", "year"):
        np.testing.assert_allclose(time_by_month(UNTIL, unit, start, stop).sum(axis=1), start - stop, atol=1e-9)


def test_another_unit_is_another_number_of_the_same_days() -> None:
    weeks = time_by_month(UNTIL, "week", np.array([100.0]), np.array([3.0]))
    days = time_by_month(UNTIL, "day", np.array([700.0]), np.array([21.0]))
    np.testing.assert_allclose(7 * weeks, days, atol=1e-9)


def test_no_spans_have_no_parts() -> None:
    assert time_by_month(UNTIL, "day", np.zeros(0), np.zeros(0)).shape == (0, 12)


def test_shares_count_repeat_orders_and_no_first_ones() -> None:
    shares = month_shares(summarize(read_transactions(made_up_orders()), until=UNTIL))
    np.testing.assert_allclose(shares, [2 / 3, 0, 1 / 3, *[0] * 9])


def test_months_of_the_history_fold_into_months_of_the_year() -> None:
    rng = np.random.default_rng(2)
    start = rng.uniform(0, 3 * 365, 100)
    stop = start * rng.uniform(0, 1, 100)
    found, of_year = time_by_month(UNTIL, "day", start, stop, history=48), time_by_month(UNTIL, "day", start, stop)
    np.testing.assert_allclose(found.sum(axis=1), start - stop, atol=1e-9)
    # the last of the 48 is March
    folded = np.stack([found[:, (np.arange(48) - 47 + 2) % 12 == month].sum(axis=1) for month in range(12)], axis=1)
    np.testing.assert_allclose(folded, of_year, atol=1e-9)


def test_what_is_older_than_the_history_counts_as_its_first_month() -> None:
    """From 17 March: 17 days of March, 28 of February, 31 of January, and the rest before."""
    found = time_by_month(UNTIL, "day", np.array([200.0]), np.array([0.0]), history=3)
    np.testing.assert_allclose(found, [[155.0, 28.0, 17.0]], atol=1e-9)


def test_shares_by_month_of_the_history() -> None:
    """January and March 2024, and January 2025, of 15 months until March 2025."""
    customers = summarize(read_transactions(made_up_orders()), until=UNTIL)
    expected = np.zeros(15)
    expected[[0, 2, 12]] = 1 / 3
    np.testing.assert_allclose(month_shares(customers, 15), expected)
    np.testing.assert_allclose(month_shares(customers, 24), [*[0] * 9, *expected])


@pytest.mark.parametrize(
    ("until", "months"), [(UNTIL, 15), (date(2025, 1, 9), 13), (date(2025, 1, 31), 13), (date(2025, 12, 31), 24), (date(2026, 1, 1), 25)]
)
def test_months_seen_count_the_first_and_the_last_one(until: date, months: int) -> None:
    assert months_seen(summarize(read_transactions(made_up_orders()), until=until)) == months


@pytest.mark.parametrize("until", [UNTIL, date(2024, 1, 31), date(2023, 12, 31), date(2024, 2, 1), date(2024, 2, 28)])
@pytest.mark.parametrize("days", [1.0, 31.0, 900.5])
def test_months_ahead_end_as_in_the_calendar(until: date, days: float) -> None:
    ends, months = month_ends(until, days)
    assert ends[0] == 0 and ends[-2] < days <= ends[-1]
    of_days = [(until + timedelta(days=1 + k)).month - 1 for k in range(int(ends[-1]))]
    assert of_days == np.repeat(months, np.diff(ends).astype(int)).tolist()
    assert (until + timedelta(days=int(ends[-1]) + 1)).day == 1
    assert np.all(np.diff(months) % 12 == 1)


def test_there_is_always_a_month_ahead() -> None:
    ends, months = month_ends(UNTIL, 0.0)
    assert ends.tolist() == [0.0, 14.0] and months.tolist() == [2]
