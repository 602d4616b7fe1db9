"""Time and orders by month of the year."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import read_transactions, summarize
from clvbayes.models.months import month_shares, time_by_month

UNTIL = date(2025, 3, 17)


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
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "b", "c"],
            "date": ["2024-01-05", "2024-01-20", "2024-03-02", "2024-03-03", "2025-01-09", "2024-01-07"],
            "amount": 10.0,
        }
    )
    shares = month_shares(summarize(read_transactions(orders), until=UNTIL))
    np.testing.assert_allclose(shares, [2 / 3, 0, 1 / 3, *[0] * 9])
