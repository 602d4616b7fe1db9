"""Operational time: there and back, past and future, steady and by season."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.errors import DataError
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models import mbg_nbd
from clvbayes.models.clock import MONTH_BASIS, SEASONAL, STEADY, pace_of
from clvbayes.models.hierarchy import assign_cells

UNTIL = date(2025, 3, 17)
EFFECTS = np.array([0.4, 0.1, -0.3, -0.2, 0.0, 0.3, -0.5, -0.4, 0.1, 0.2, 0.5, -0.2])
COORDINATES = np.array([-2.5, -0.3, -0.6, 0.9])


def orders(seed: int = 5, customers: int = 150) -> pd.DataFrame:
    """Four years of orders at random, most of them in November."""
    rng = np.random.default_rng(seed)
    days = [UNTIL - timedelta(days=k) for k in range(1460)]
    weight = np.exp(EFFECTS)[[day.month - 1 for day in days]]
    who = rng.integers(customers, size=900)
    when = rng.choice(len(days), size=900, p=weight / weight.sum())
    return pd.DataFrame({"customer_id": [f"C{k}" for k in who], "date": [days[k].isoformat() for k in when], "amount": 10.0})


@pytest.fixture(scope="module")
def customers() -> Customers:
    return summarize(read_transactions(orders()), until=UNTIL)


def likelihoods(customers: Customers) -> tuple[Likelihood, Likelihood]:
    """Of the plain model, and of the seasonal one."""
    cells = assign_cells(customers, ())
    found = []
    for model in (mbg_nbd(), mbg_nbd(season=True)):
        rows = model.rows(customers, cells)
        found.append(Likelihood(model, rows | model.clock.columns(rows, customers), 1, model.clock))
    return found[0], found[1]


def with_effects(effects: np.ndarray, **moved: float) -> np.ndarray:
    names = mbg_nbd().coordinates
    own = COORDINATES + [moved.get(name, 0.0) for name in names]
    return np.concatenate([own, effects])[:, None]


def test_a_steady_clock_changes_nothing() -> None:
    T, starts = np.array([50.0, 4.0]), np.array([0.0, 3.0])
    assert STEADY.history(T, np.zeros((2, 0)), 3).tolist() == [[50.0] * 3, [4.0] * 3]
    assert STEADY.ahead(starts, 10.0, 2).tolist() == [[10.0] * 2, [7.0] * 2]
    assert STEADY.calendar(np.array([1.5, 2.0]), np.array([0, 1]), starts).tolist() == [1.5, 5.0]


def test_months_without_effects_are_a_steady_clock() -> None:
    pace, starts, draw = pace_of(np.zeros((3, 12)), UNTIL, "week", 150.0), np.array([0.0, 7.3, 60.0]), np.array([0, 1, 2])
    elapsed = np.array([3.0, 77.7, 0.0])
    np.testing.assert_allclose(pace.ahead(starts, 150.0, 3), STEADY.ahead(starts, 150.0, 3), rtol=1e-12)
    np.testing.assert_allclose(pace.calendar(elapsed, draw, starts), STEADY.calendar(elapsed, draw, starts), rtol=1e-12)
    by_month = np.random.default_rng(1).uniform(0, 5, (4, 12))
    np.testing.assert_allclose(pace.history(by_month.sum(axis=1), by_month, 3), STEADY.history(by_month.sum(axis=1), by_month, 3))


def test_time_there_and_back_is_where_it_began() -> None:
    rng = np.random.default_rng(2)
    pace = pace_of(rng.normal(0, 0.5, (5, 12)), UNTIL, "day", 900.0)
    starts, draw, elapsed = rng.uniform(0, 300, 400), rng.integers(5, size=400), rng.exponential(80, 400)
    time = pace.calendar(elapsed, draw, starts)
    assert np.all(time >= starts)
    passed = [pace.ahead(np.array([begins]), float(ends), 5)[0, s] for begins, ends, s in zip(starts, time, draw, strict=True)]
    np.testing.assert_allclose(passed, elapsed, atol=1e-9)


def test_a_month_ahead_has_its_own_pace() -> None:
    """From 17 March: the rest of March, all of April, a third of May."""
    pace = pace_of(EFFECTS[None], UNTIL, "day", 400.0)
    expected = 14 * np.exp(EFFECTS[2]) + 30 * np.exp(EFFECTS[3]) + 10 * np.exp(EFFECTS[4])
    assert pace.ahead(np.zeros(1), 54.0, 1)[0, 0] == pytest.approx(expected)


def test_some_draws_of_a_clock_are_those() -> None:
    effects = np.random.default_rng(3).normal(size=(6, 12))
    whole, some = pace_of(effects, UNTIL, "week", 80.0), pace_of(effects, UNTIL, "week", 80.0).some(slice(2, 5))
    assert np.array_equal(some.ahead(np.zeros(1), 33.0, 3), whole.ahead(np.zeros(1), 33.0, 6)[:, 2:5])


def test_effects_that_are_none_give_the_plain_likelihood(customers: Customers) -> None:
    plain, seasonal = likelihoods(customers)
    assert seasonal.value(with_effects(np.zeros(12))) == pytest.approx(plain.value(COORDINATES[:, None]), abs=1e-8)


def test_a_quicker_clock_and_a_slower_rate_are_the_same(customers: Customers) -> None:
    _, seasonal = likelihoods(customers)
    at = seasonal.value(with_effects(EFFECTS))
    assert seasonal.value(with_effects(EFFECTS + 0.7, log_rate=-0.7)) == pytest.approx(at, abs=1e-8)


def test_the_slope_is_that_of_differences(customers: Customers) -> None:
    _, seasonal = likelihoods(customers)
    at = with_effects(EFFECTS)
    _, slope = seasonal.gradient(at)
    for k in range(len(at)):
        step = np.zeros_like(at)
        step[k] = 1e-5
        difference = (seasonal.value(at + step) - seasonal.value(at - step)) / 2e-5
        assert slope[k, 0] == pytest.approx(difference, rel=1e-6, abs=1e-5)


def test_one_customer_by_hand() -> None:
    """Orders of 3 January and 20 February 2023 and 5 March 2024, seen until 17 March 2025."""
    rows = pd.DataFrame({"customer_id": ["a"] * 3 + ["b"], "date": ["2023-01-03", "2023-02-20", "2024-03-05", "2023-01-03"], "amount": 1.0})
    both = summarize(read_transactions(rows), until=UNTIL)
    _, seasonal = likelihoods(both)
    pace = np.exp(EFFECTS)
    days = [date(2023, 1, 4) + timedelta(days=k) for k in range((UNTIL - date(2023, 1, 3)).days)]
    T = sum(pace[day.month - 1] for day in days) / 7
    t_x = sum(pace[day.month - 1] for day in days if day <= date(2024, 3, 5)) / 7
    fictive = replace(both, statistics=both.statistics.assign(recency=[t_x, 0.0], T=T))
    cells = assign_cells(both, ())
    plain = Likelihood(mbg_nbd(), mbg_nbd().rows(fictive, cells), 1, STEADY)
    bought = EFFECTS[1] + EFFECTS[2]
    assert seasonal.value(with_effects(EFFECTS)) == pytest.approx(plain.value(COORDINATES[:, None]) + bought, abs=1e-9)


def test_effects_add_up_to_zero_in_their_basis() -> None:
    np.testing.assert_allclose(MONTH_BASIS.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(MONTH_BASIS.T @ MONTH_BASIS, np.eye(11), atol=1e-12)


def test_a_season_needs_dates_and_two_years(customers: Customers) -> None:
    rfm = pd.DataFrame({"frequency": [2, 0], "recency": [30.4, 0.0], "T": [138.9, 138.9]})
    without_dates = Customers.from_frame(rfm, unit="week")
    cells = assign_cells(without_dates, ())
    with pytest.raises(DataError, match="needs the dates of orders"):
        SEASONAL.columns(mbg_nbd().rows(without_dates, cells), without_dates)
    frame = orders()
    young = summarize(read_transactions(frame[frame["date"] > "2023-06-01"]), until=UNTIL)
    with pytest.raises(DataError, match="fewer than 24 months, and there are 21"):
        SEASONAL.columns(mbg_nbd().rows(young, assign_cells(young, ())), young)
