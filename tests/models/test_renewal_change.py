"""Changes at renewal: their sums, the index taken out, the simulator against closed forms, fading, and what is refused."""

import itertools
import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit

from clvbayes.data import Renewals
from clvbayes.errors import ArgumentError, DataError
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models import renewal_change
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import ContractBatch
from clvbayes.models.renewal_change import RenewalChange
from clvbayes.models.streams import customer_keys

PLACE = np.array([logit(0.4), logit(0.7), math.log(0.2), logit(0.5 / 2.5), math.log(0.3), logit(0.6 / 2.5)])
TODAY = date(2025, 12, 31)


def renewals(changes: list[tuple[int, str, int, float, float]], contracts: int = 3, segments: list[str] | None = None) -> Renewals:
    """Contracts with these changes: (contract, day, months, before, after)."""
    frame = pd.DataFrame(changes, columns=["stretch", "day", "months", "before", "after"])
    counted = pd.DataFrame({"survived": [1] * contracts, "churned": 0, "segment": segments or ["a"] * contracts})
    known = Renewals.from_frame(counted, segments=["segment"])
    return Renewals(known.statistics, known.segments, changes=frame.assign(day=pd.to_datetime(frame["day"])))


CHANGES = [
    (0, "2023-01-01", 12, 100.0, 120.0),
    (0, "2024-01-01", 12, 120.0, 120.0),
    (1, "2024-06-01", 12, 50.0, 40.0),
    (2, "2024-02-01", 1, 10.0, 10.0),
    (2, "2024-03-01", 1, 10.0, 30.0),
]


def value(known: Renewals, place: np.ndarray = PLACE, model: RenewalChange | None = None) -> float:
    model = model or renewal_change()
    return Likelihood(model, model.rows(known, assign_cells(known, ())), 1, STEADY).value(place[:, None])


def test_the_likelihood_is_that_of_the_story() -> None:
    """Two changes upwards, of .2 and 2, one downwards, of .25, and two renewals without."""
    known = renewals(CHANGES)
    up, down = stats.norm(math.log(0.2), 0.5), stats.norm(math.log(0.3), 0.6)
    of_log_sizes = up.logpdf(np.log([0.2, 2.0])).sum() + down.logpdf(math.log(0.25))
    chances = 3 * math.log(0.4) + 2 * math.log(0.6) + 2 * math.log(0.7) + math.log(0.3)
    measure = renewal_change().log_measure(known).sum()
    of_sizes = of_log_sizes - np.log([0.2, 2.0, 0.25]).sum()
    assert value(known) + measure == pytest.approx(of_sizes + chances, rel=1e-12)


def test_the_slope_is_that_of_differences() -> None:
    known, model, step = renewals(CHANGES), renewal_change(), 1e-5
    slope = Likelihood(model, model.rows(known, assign_cells(known, ())), 1, STEADY).gradient(PLACE[:, None])[1][:, 0]
    differences = [(value(known, PLACE + step * unit) - value(known, PLACE - step * unit)) / (2 * step) for unit in np.eye(6)]
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-8)


def test_rows_are_few_and_lose_nothing() -> None:
    many = renewals([change for k in range(200) for change in [(k, "2024-01-01", 12, 100.0, 100.0 + k % 7)]], contracts=200)
    rows = renewal_change().rows(many, assign_cells(many, ()))
    assert len(rows["weight"]) == 1 and rows["weight"][0] == 200
    one_by_one = sum(value(renewals([(0, "2024-01-01", 12, 100.0, 100.0 + k % 7)], contracts=1)) for k in range(200))
    assert value(many) == pytest.approx(one_by_one, rel=1e-10)


def test_neither_order_nor_currency_nor_halves_move_it() -> None:
    known = value(renewals(CHANGES))
    assert value(renewals(CHANGES[::-1])) == pytest.approx(known, rel=1e-14)
    assert value(renewals([(*change[:3], 100 * change[3], 100 * change[4]) for change in CHANGES])) == pytest.approx(known, rel=1e-14)
    halves = renewals([*CHANGES, *((change[0] + 3, *change[1:]) for change in CHANGES)], contracts=6, segments=["a"] * 3 + ["b"] * 3)
    model, cells = renewal_change(), assign_cells(halves, ("segment",))
    by_cell, _ = Likelihood(model, model.rows(halves, cells), 2, STEADY).gradient(np.repeat(PLACE[:, None], 2, axis=1))
    np.testing.assert_allclose(by_cell, known, rtol=1e-12)


def test_what_was_agreed_is_no_change() -> None:
    """Two per cent a year, for one year and for two: prices that rise so have not changed; those that did not have gone down."""
    indexed = [(0, "2024-01-01", 12, 100.0, 102.0), (1, "2024-01-01", 24, 100.0, 104.04), (2, "2024-01-01", 12, 100.0, 100.0)]
    sums = renewal_change(indexation=0.02)._sums(renewals(indexed))
    assert (sums["up"].tolist(), sums["down"].tolist()) == ([0, 0, 0], [0, 0, 1])
    assert math.exp(sums["log_down"][2]) == pytest.approx(0.02)
    by_year = renewal_change(indexation={2024: 0.02})._sums(renewals([(0, "2023-05-01", 12, 100, 102), (1, "2026-05-01", 12, 100, 102)]))
    assert (by_year["up"].tolist(), by_year["renewals"].tolist()) == ([1, 0, 0], [1, 1, 0])


def test_a_monthly_price_that_is_indexed_once_a_year_has_not_changed() -> None:
    """Nor has one that is indexed each month; one that stands still for two years has gone down twice, as a yearly one has."""
    days, month = pd.date_range("2022-02-01", periods=24, freq="MS"), np.arange(25)

    def monthly(prices: np.ndarray) -> list[float]:
        changes = [(0, str(day.date()), 1, *pair) for day, pair in zip(days, itertools.pairwise(prices), strict=True)]
        sums = renewal_change(indexation=0.02)._sums(renewals(changes[::-1], contracts=1))
        return [float(sums[name][0]) for name in ("renewals", "up", "down", "log_down")]

    assert monthly(np.round(100 * 1.02 ** (month // 12), 2)) == [24, 0, 0, 0]
    assert monthly(np.round(100 * 1.02 ** (month / 12), 2)) == [24, 0, 0, 0]
    assert monthly(np.full(25, 100.0)) == pytest.approx([24, 0, 2, 2 * math.log(0.02)])
    assert monthly(np.where(month < 18, 100.0, 110.0))[1:3] == [1, 1]


def test_rounded_prices_and_free_terms_are_no_changes() -> None:
    sums = renewal_change()._sums(
        renewals([(0, "2024-01-01", 12, 100.0, 100.49), (0, "2025-01-01", 12, 0.0, 9.0), (1, "2024-01-01", 12, 9.0, 0.0)])
    )
    assert (sums["renewals"].tolist(), sums["up"].sum(), sums["down"].sum()) == ([1, 0, 0], 0, 0)


def batch(ids: list[str], first: float = 0.5, term: float = 1.0) -> ContractBatch:
    zeros = np.zeros(len(ids), dtype=np.int64)
    return ContractBatch(customer_keys(ids), zeros, zeros, zeros, zeros > 0, np.full(len(ids), first), np.full(len(ids), term), 0.0 * zeros)


def factors(model: RenewalChange, of: ContractBatch, draws: int, renewals: int) -> np.ndarray:
    return model.simulate(np.repeat(PLACE[None, :, None], draws, axis=0), of, renewals=renewals, valued_on=TODAY, seed=4)


def test_simulated_changes_follow_the_story_and_its_closed_form() -> None:
    model = renewal_change(fade=5)
    found = factors(model, batch(["a"]), 200_000, 7)[0]
    steps = found / np.concatenate([np.ones((len(found), 1)), found[:, :-1]], axis=1)
    for k in range(7):
        fading = max(0.0, 1 - (0.5 + k) / 5)
        assert (steps[:, k] != 1).mean() == pytest.approx(0.4 * fading, abs=4.5 * 0.5 / math.sqrt(200_000))
        expected = float(model.expected_factor(PLACE, 0.5 + k))
        assert steps[:, k].mean() == pytest.approx(expected, abs=4.5 * steps[:, k].std() / math.sqrt(200_000) + 1e-12)
    first = steps[:, 0]
    assert stats.kstest(np.log(first[first > 1] - 1), stats.norm(math.log(0.2), 0.5).cdf).pvalue > 0.001
    assert stats.kstest(np.log(1 / first[first < 1] - 1), stats.norm(math.log(0.3), 0.6).cdf).pvalue > 0.001
    assert (first[first != 1] > 1).mean() == pytest.approx(0.7, abs=0.01)
    assert (steps[:, 5:] == 1).all()


def test_indexed_prices_rise_for_ever_by_calendar_years() -> None:
    """A first renewal in the middle of 2026 and one a year after it; the last rate goes on, and growth has faded at once."""
    model = renewal_change(indexation={2026: 0.10, 2027: 0.02}, fade=0.1)
    np.testing.assert_allclose(factors(model, batch(["a"]), 3, 4), np.cumprod([1.10, 1.02, 1.02, 1.02])[None, None].repeat(3, axis=1))
    two_years = factors(model, batch(["a"], first=1.5, term=2.0), 1, 2)[0, 0]
    np.testing.assert_allclose(two_years, np.cumprod([1.02**2, 1.02**2]))


@pytest.mark.parametrize(("first", "months"), [(date(2024, 1, 1), 12), (date(2024, 10, 1), 1), (date(2023, 1, 1), 24)])
def test_what_begins_on_new_years_day_has_the_rate_of_the_year_that_begins(first, months) -> None:
    """Also after a leap year, which has a day more than a quarter."""
    today, model = date(2022, 12, 31), renewal_change(indexation={2024: 0.06, 2025: 0.02})
    days = pd.date_range(first, periods=4, freq=pd.DateOffset(months=months))
    assert pd.Timestamp(2025, 1, 1) in days
    known = batch(["a"], first=(first - today).days / 365.25, term=months / 12)
    still = np.append(-40.0, PLACE[1:])[None, :, None]
    made = model.simulate(still, known, renewals=4, valued_on=today, seed=4)[0, 0]
    np.testing.assert_allclose(made, np.cumprod(model.index(days.year, np.full(4, months / 12))))


def test_a_contracts_changes_are_its_own() -> None:
    together, alone = factors(renewal_change(), batch(["x", "y"]), 300, 3), factors(renewal_change(), batch(["y"]), 300, 5)
    np.testing.assert_array_equal(together[1], alone[0, :, :3])
    assert not np.array_equal(together[0], together[1])


def test_every_moment_of_a_change_exists() -> None:
    """At the prior's far end a change upwards still has a mean: its log-ratio is no lognormal."""
    far = np.array([20.0, 20.0, math.log(0.15) + 5, 20.0, 0.0, 20.0])
    assert np.isfinite(renewal_change().expected_factor(far, 0.0))
    assert expit(20.0) * 2.5 <= 2.5


def test_without_a_renewal_at_a_price_there_is_nothing_to_learn() -> None:
    known = renewals([(0, "2024-01-01", 12, 0.0, 0.0)])
    with pytest.raises(DataError, match="no contract has been renewed at a price"):
        renewal_change().rows(known, assign_cells(known, ()))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"indexation": 2}, "indexation must be a rate a year"),
        ({"indexation": {}}, "indexation must be a rate a year"),
        ({"indexation": {"next": 0.02}}, "indexation must be a rate a year"),
        ({"indexation": "2 %"}, "indexation must be a rate a year"),
        ({"indexation": float("nan")}, "indexation must be a rate a year"),
        ({"fade": 0}, "fade must be a positive number of years"),
        ({"fade": True}, "fade must be a positive number of years"),
    ],
)
def test_options_that_cannot_be_are_refused(options, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        renewal_change(**options)
