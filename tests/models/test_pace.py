"""Operational time in draws: there and back, past and future, by month and by group of customers."""

from datetime import date

import numpy as np
import pytest

from clvbayes.data import DAYS_PER_UNIT, TimeUnit
from clvbayes.models.months import month_ends
from clvbayes.models.pace import STEADY_PACE, Pace, in_turns

UNTIL = date(2025, 3, 17)
EFFECTS = np.array([0.4, 0.1, -0.3, -0.2, 0.0, 0.3, -0.5, -0.4, 0.1, 0.2, 0.5, -0.2])


def pace_of(effects: np.ndarray, unit: TimeUnit, horizon: float, of_group: np.ndarray | None = None) -> Pace:
    """The same months in every year, past and ahead; `effects` have dims (draw, month), `of_group` (draw, group)."""
    ends, months = month_ends(UNTIL, horizon * DAYS_PER_UNIT[unit])
    of_group = np.ones((len(effects), 1)) if of_group is None else of_group
    return Pace(np.exp(effects), ends / DAYS_PER_UNIT[unit], np.exp(effects)[:, months], of_group)


def any_pace(seed: int, draws: int = 5, groups: int = 3) -> Pace:
    rng = np.random.default_rng(seed)
    return pace_of(rng.normal(0, 0.5, (draws, 12)), "day", 900.0, rng.uniform(0.3, 3.0, (draws, groups)))


def one_group(customers: int) -> np.ndarray:
    return np.zeros(customers, np.int64)


def test_a_steady_clock_changes_nothing() -> None:
    T, starts, group = np.array([50.0, 4.0]), np.array([0.0, 3.0]), one_group(2)
    assert STEADY_PACE.history(T, np.zeros((2, 0)), 3).tolist() == [[50.0] * 3, [4.0] * 3]
    assert STEADY_PACE.ahead(starts, 10.0, 2, group).tolist() == [[10.0] * 2, [7.0] * 2]
    assert STEADY_PACE.calendar(np.array([1.5, 2.0]), np.array([0, 1]), starts, group).tolist() == [1.5, 5.0]


def test_months_without_effects_are_a_steady_clock() -> None:
    pace, starts, draw, group = pace_of(np.zeros((3, 12)), "week", 150.0), np.array([0.0, 7.3, 60.0]), np.array([0, 1, 2]), one_group(3)
    elapsed = np.array([3.0, 77.7, 0.0])
    np.testing.assert_allclose(pace.ahead(starts, 150.0, 3, group), STEADY_PACE.ahead(starts, 150.0, 3, group), rtol=1e-12)
    found = pace.calendar(elapsed, draw, starts, group)
    np.testing.assert_allclose(found, STEADY_PACE.calendar(elapsed, draw, starts, group), rtol=1e-12)
    by_month = np.random.default_rng(1).uniform(0, 5, (4, 12))
    T = by_month.sum(axis=1)
    np.testing.assert_allclose(pace.history(T, by_month, 3), STEADY_PACE.history(T, by_month, 3))


def test_a_pace_that_knows_no_past_leaves_it_as_it_was() -> None:
    pace = Pace(None, np.array([0.0, 30.0]), np.array([[2.0], [3.0]]), np.ones((2, 1)))
    assert pace.history(np.array([50.0, 4.0]), np.zeros((2, 0)), 2).tolist() == [[50.0] * 2, [4.0] * 2]
    assert pace.some([1]).history(np.array([50.0]), np.zeros((1, 0)), 1).tolist() == [[50.0]]


def test_time_there_and_back_is_where_it_began() -> None:
    """For customers of any group, with any start, in any draw, and beyond the last month that is known."""
    rng = np.random.default_rng(2)
    pace = any_pace(2)
    starts, draw, elapsed, group = rng.uniform(0, 300, 400), rng.integers(5, size=400), rng.exponential(200, 400), rng.integers(3, size=400)
    starts[::7] = 0.0
    time = pace.calendar(elapsed, draw, starts, group)
    assert np.all(time >= starts) and time.max() > pace.edges[-1]
    passed = [
        pace.ahead(np.array([begins]), float(ends), 5, np.array([of]))[0, s]
        for begins, ends, s, of in zip(starts, time, draw, group, strict=True)
    ]
    np.testing.assert_allclose(passed, elapsed, atol=1e-9)


def test_a_month_ahead_has_its_own_pace() -> None:
    """From 17 March: the rest of March, all of April, a third of May."""
    pace = pace_of(EFFECTS[None], "day", 400.0)
    expected = 14 * np.exp(EFFECTS[2]) + 30 * np.exp(EFFECTS[3]) + 10 * np.exp(EFFECTS[4])
    assert pace.ahead(np.zeros(1), 54.0, 1, one_group(1))[0, 0] == pytest.approx(expected)


def test_the_last_month_goes_on() -> None:
    pace = Pace(None, np.array([0.0, 30.0, 60.0]), np.array([[2.0, 0.5]]), np.ones((1, 1)))
    assert pace.ahead(np.array([0.0, 60.0]), 100.0, 1, one_group(2)).tolist() == [[95.0], [20.0]]
    assert pace.calendar(np.array([95.0]), np.array([0]), np.zeros(1), one_group(1)).tolist() == [100.0]


def test_a_group_has_its_own_multiple_of_the_pace() -> None:
    pace, starts, group = any_pace(4), np.array([0.0, 12.5, 40.0, 12.5]), np.array([2, 0, 1, 2])
    plain = Pace(pace.past, pace.edges, pace.ahead_by_month, np.ones((5, 3)))
    found = pace.ahead(starts, 333.0, 5, group)
    np.testing.assert_allclose(found, plain.ahead(starts, 333.0, 5, group) * pace.of_group.T[group], rtol=1e-12)
    by_month = np.random.default_rng(4).uniform(0, 30, (4, 12))
    assert np.array_equal(pace.history(np.ones(4), by_month, 5), plain.history(np.ones(4), by_month, 5))


def test_time_passed_adds_up_over_spans() -> None:
    pace, group = any_pace(5), np.array([1, 2])
    first = pace.ahead(np.zeros(2), 100.0, 5, group)
    rest = pace.ahead(np.full(2, 100.0), 700.0, 5, group)
    np.testing.assert_allclose(first + rest, pace.ahead(np.zeros(2), 700.0, 5, group), rtol=1e-12)


def test_some_draws_of_a_clock_are_those() -> None:
    pace, group, starts, by_month = any_pace(3, draws=6), np.array([0, 2]), np.array([0.0, 5.0]), np.ones((2, 12))
    for which in (slice(2, 5), np.array([4, 0, 4])):
        some, draws = pace.some(which), np.arange(6)[which]
        assert np.array_equal(some.ahead(starts, 33.0, 3, group), pace.ahead(starts, 33.0, 6, group)[:, draws])
        assert np.array_equal(some.history(np.ones(2), by_month, 3), pace.history(np.ones(2), by_month, 6)[:, draws])
        elapsed, draw = np.array([9.0, 70.0]), np.array([2, 0])
        assert np.array_equal(some.calendar(elapsed, draw, starts, group), pace.calendar(elapsed, draws[draw], starts, group))


def test_what_moves_the_future_leaves_the_past() -> None:
    pace, rng = any_pace(6), np.random.default_rng(6)
    by_month, by_group = rng.uniform(0.5, 2.0, pace.ahead_by_month.shape), rng.uniform(0.5, 2.0, (5, 2))
    moved = pace.moved(by_month, by_group)
    starts, group, spans = np.zeros(2), np.array([0, 1]), rng.uniform(0, 30, (2, 12))
    assert np.array_equal(moved.history(np.ones(2), spans, 5), pace.history(np.ones(2), spans, 5))
    days, horizon = np.diff(pace.edges)[:4], float(pace.edges[4])
    expected = (pace.ahead_by_month * by_month)[:, :4] @ days
    np.testing.assert_allclose(moved.ahead(starts, horizon, 5, group), (expected[:, None] * by_group).T, rtol=1e-12)
    elapsed = moved.ahead(starts, 500.0, 5, group)[:, 3]
    np.testing.assert_allclose(moved.calendar(elapsed, np.array([3, 3]), starts, group), 500.0, rtol=1e-12)


def test_paces_take_turns_draw_by_draw() -> None:
    one, other, third = any_pace(7), any_pace(8), any_pace(9)
    joined, starts, group, by_month = in_turns((one, other, third)), np.array([3.0]), np.array([2]), np.ones((1, 12))
    ahead, past = joined.ahead(starts, 400.0, 15, group), joined.history(np.ones(1), by_month, 15)
    for k, pace in enumerate((one, other, third)):
        assert np.array_equal(ahead[:, k::3], pace.ahead(starts, 400.0, 5, group))
        assert np.array_equal(past[:, k::3], pace.history(np.ones(1), by_month, 5))


def test_one_pace_in_turns_is_itself() -> None:
    pace = Pace(None, np.array([0.0, 30.0]), np.array([[2.0], [3.0]]), np.array([[1.0, 0.5], [1.0, 2.0]]))
    joined = in_turns((pace,))
    assert joined.past is None
    assert np.array_equal(joined.ahead_by_month, pace.ahead_by_month) and np.array_equal(joined.of_group, pace.of_group)
