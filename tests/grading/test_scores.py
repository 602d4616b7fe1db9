"""Scores: closed forms, propriety on simulated data, and what must not move them."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from scipy import stats

from clvbayes.grading.baselines import Steady
from clvbayes.grading.scores import LEVELS, QUANTILES, Scores, score_draws

FORECASTS, DRAWS = 4000, 300


def scored(draws, actual, seed=1) -> Scores:
    return score_draws(np.atleast_2d(np.asarray(draws, dtype=float)), np.atleast_1d(np.asarray(actual, dtype=float)), rng(seed))


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# closed forms ---------------------------------------------------------------------------------------------------------------------------


def assert_crps(draw, actual, expected) -> None:
    """Fifty forecasts of the same: their CRPS vary by no more than Monte Carlo error around the closed form."""
    found = score_draws(draw((50, 4000)), np.full(50, float(actual)), rng(2)).crps
    error = found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean() - expected) < 4 * error
    assert error < 0.01 * expected


@pytest.mark.parametrize(("mean", "sd", "actual"), [(0.0, 1.0, 0.0), (0.0, 1.0, 1.7), (50.0, 12.0, 20.0), (-3.0, 0.2, -2.9)])
def test_crps_of_normal_draws_is_the_closed_form(mean, sd, actual) -> None:
    """Gneiting & Raftery 2007, eq. 21."""
    z = (actual - mean) / sd
    expected = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
    assert_crps(lambda shape: rng(5).normal(mean, sd, shape), actual, expected)


@pytest.mark.parametrize("actual", [0.0, 0.4, 3.0])
def test_crps_of_exponential_draws_is_the_closed_form(actual) -> None:
    """Jordan, Krueger & Lerch 2019: y - 2F(y)/rate + 1/(2 rate)."""
    rate = 0.25
    expected = actual + 2 * math.expm1(-rate * actual) / rate + 1 / (2 * rate)
    assert_crps(lambda shape: rng(6).exponential(1 / rate, shape), actual, expected)


@pytest.mark.parametrize("actual", [0, 2, 15])
def test_crps_of_counts_is_the_sum_over_their_distribution(actual) -> None:
    law, k = stats.nbinom(0.6, 0.2), np.arange(400)
    expected = ((law.cdf(k) - (k >= actual)) ** 2).sum()
    assert_crps(lambda shape: law.rvs(shape, random_state=7), actual, expected)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(draws=st.lists(st.integers(0, 12), min_size=2, max_size=25), actual=st.integers(0, 15))
def test_integer_crps_is_the_sum_over_counts_less_the_bias_of_few_draws(draws, actual) -> None:
    """To the last digits: the sum of (F(k) - 1[k >= y])^2 of the draws' own F, less F(1-F)/(size-1), which its noise adds on average."""
    k = np.arange(20)
    F = (np.asarray(draws)[:, None] <= k).mean(axis=0)
    expected = ((F - (k >= actual)) ** 2).sum() - (F * (1 - F)).sum() / (len(draws) - 1)
    assert scored(draws, actual).crps[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [2, 3, 10])
def test_few_draws_do_not_bias_the_crps(size) -> None:
    """Right standard normal forecasts have CRPS 1/sqrt(pi) on average, whatever the number of draws."""
    forecasts = 60_000
    found = score_draws(rng(3).normal(size=(forecasts, size)), rng(4).normal(size=forecasts), rng(1)).crps
    error = found.std() / math.sqrt(forecasts)
    assert abs(found.mean() - 1 / math.sqrt(math.pi)) < 4 * error
    assert error < 0.005


def test_interval_scores_by_hand() -> None:
    """101 draws 0 ... 100: the 50 % band is 25 to 75, the 90 % band 5 to 95."""
    draws = np.tile(np.arange(101.0), (4, 1))
    found = score_draws(draws, np.array([50.0, 75.0, 80.0, 3.0]), rng(1))
    half, nine_tenths = LEVELS.index(0.5), LEVELS.index(0.9)
    assert found.interval[:, half] == pytest.approx([50, 50, 50 + 4 * 5, 50 + 4 * 22])
    assert found.interval[:, nine_tenths] == pytest.approx([90, 90, 90, 90 + 20 * 2])
    assert found.held[:, half].tolist() == [True, True, False, False]
    assert found.held[:, nine_tenths].tolist() == [True, True, True, False]


def test_quantiles_mean_and_sd_are_those_of_numpy() -> None:
    draws = rng(8).lognormal(2, 1.5, (20, 137))
    found = score_draws(draws, np.zeros(20), rng(1))
    np.testing.assert_allclose(found.quantiles, np.quantile(draws, QUANTILES, axis=1).T, rtol=1e-12)
    np.testing.assert_allclose(found.mean, draws.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.sd, draws.std(axis=1, ddof=1), rtol=1e-12)


def test_two_draws_are_enough() -> None:
    found = scored([1.0, 3.0], 2.0)
    assert (found.crps[0], found.mean[0], found.pit[0]) == (1 - 1.0, 2.0, 0.5)
    assert found.quantiles[0] == pytest.approx(1 + 2 * np.array(QUANTILES))


def test_a_sure_forecast_that_comes_true_is_perfect() -> None:
    found = scored([0.0] * 50, 0.0)
    assert found.crps[0] == 0 and found.held.all() and not found.interval.any()
    assert 0 < found.pit[0] < 1


def test_a_sure_forecast_that_fails_costs_its_distance() -> None:
    found = scored([4.0] * 50, 7.0)
    assert found.crps[0] == 3.0 and found.pit[0] == 1.0 and not found.held.any()
    assert found.interval[0] == pytest.approx(2 / (1 - np.array(LEVELS)) * 3)


def test_no_forecasts_have_no_scores() -> None:
    found = score_draws(np.empty((0, 100)), np.empty(0), rng(1))
    assert found.mean.shape == found.crps.shape == found.pit.shape == (0,)
    assert found.quantiles.shape == (0, len(QUANTILES)) and found.held.shape == found.interval.shape == (0, len(LEVELS))


# what must not move a score -------------------------------------------------------------------------------------------------------------

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(draws=arrays(float, st.integers(2, 30), elements=NUMBERS), actual=NUMBERS, seed=st.integers(0, 99))
def test_the_order_of_draws_changes_nothing(draws, actual, seed) -> None:
    one, other = scored(draws, actual), scored(rng(seed).permutation(draws), actual)
    for name in ("quantiles", "crps", "pit", "held", "interval"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert other.mean == pytest.approx(one.mean, rel=1e-12, abs=1e-6) and other.sd == pytest.approx(one.sd, rel=1e-9, abs=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(draws=arrays(float, st.integers(2, 30), elements=NUMBERS), actual=NUMBERS)
def test_a_score_keeps_to_the_shares_of_draws_below_and_at_what_happened(draws, actual) -> None:
    found = scored(draws, actual)
    assert (draws < actual).mean() <= found.pit[0] <= (draws <= actual).mean()
    assert ((found.interval[0] >= 0) & (np.diff(found.quantiles[0]).min() >= 0)).all()
    assert (np.diff(found.held[0].astype(int)) >= 0).all()  # a wider band holds what a narrower one does


def test_a_currency_scales_scores_and_nothing_else() -> None:
    draws, actual = rng(9).gamma(2, 30, (200, 100)), rng(10).gamma(2, 30, 200)
    euros, cents = score_draws(draws, actual, rng(1)), score_draws(100 * draws, 100 * actual, rng(1))
    for name in ("mean", "sd", "quantiles", "crps", "interval"):
        np.testing.assert_allclose(getattr(cents, name), 100 * getattr(euros, name), rtol=1e-9, atol=1e-9)
    assert np.array_equal(euros.pit, cents.pit) and np.array_equal(euros.held, cents.held)


def test_other_forecasts_do_not_change_a_score() -> None:
    draws, actual = rng(9).gamma(2, 30, (50, 100)), rng(10).gamma(2, 30, 50)
    everyone, some = score_draws(draws, actual, rng(1)), score_draws(draws[20:], actual[20:], rng(1))
    for name in ("mean", "sd", "quantiles", "crps", "held", "interval", "pit"):  # without ties nothing is parted at random
        assert np.array_equal(getattr(everyone, name)[20:], getattr(some, name))


# propriety and calibration --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def amounts() -> dict[str, Scores]:
    """The same truths, gamma distributed around means of their own, forecast rightly and wrongly."""
    random = rng(20)
    mean = random.lognormal(4, 0.5, FORECASTS)[:, None]
    actual = (mean * random.gamma(4, 0.25, (FORECASTS, 1)))[:, 0]
    right = random.gamma(4, 0.25, (FORECASTS, DRAWS))
    wrong_shape = random.exponential(0.5, (FORECASTS, DRAWS)) + 0.5  # of the same mean and standard deviation
    draws = {
        "right": right,
        "too wide": 1 + 1.7 * (right - 1),
        "too narrow": 1 + (right - 1) / 1.7,
        "too high": right * 1.3,
        "too low": right / 1.3,
        "wrong shape": wrong_shape,
    }
    return {name: score_draws(mean * found, actual, rng(21)) for name, found in draws.items()}


WRONG = ["too wide", "too narrow", "too high", "too low", "wrong shape"]


def assert_lower(right: np.ndarray, wrong: np.ndarray) -> None:
    """On average, by more than noise of the same forecasts allows."""
    apart = wrong - right
    assert apart.mean() > 3 * apart.std(ddof=1) / math.sqrt(len(apart))


@pytest.mark.parametrize("distortion", WRONG)
def test_the_true_process_has_the_lowest_crps(distortion, amounts) -> None:
    assert_lower(amounts["right"].crps, amounts[distortion].crps)


@pytest.mark.parametrize("distortion", WRONG)
def test_the_true_process_has_the_lowest_interval_scores(distortion, amounts) -> None:
    assert_lower(amounts["right"].interval.mean(axis=1), amounts[distortion].interval.mean(axis=1))


@pytest.mark.parametrize("level", LEVELS)
def test_bands_of_the_true_process_hold_as_often_as_they_say(level, amounts) -> None:
    k = LEVELS.index(level)
    error = math.sqrt(level * (1 - level) / FORECASTS)
    nominal = level * (DRAWS - 1) / (DRAWS + 1)  # of bands between quantiles of finitely many draws
    assert abs(amounts["right"].held[:, k].mean() - nominal) < 3.5 * error
    assert amounts["too narrow"].held[:, k].mean() < level - 5 * error
    assert amounts["too wide"].held[:, k].mean() > level + 5 * error


def test_the_pit_of_the_true_process_is_uniform_and_that_of_a_wrong_one_is_not(amounts) -> None:
    assert stats.kstest(amounts["right"].pit, "uniform").pvalue > 0.01
    for distortion in WRONG:
        assert stats.kstest(amounts[distortion].pit, "uniform").pvalue < 1e-4


COUNT_WORLDS = {
    "right": (0.0, 0.0),
    "too often": (0.3, 0.0),
    "too seldom": (-0.3, 0.0),
    "too alike": (0.0, 1.0),
    "too unlike": (0.0, -1.0),
}
RATE, SHAPE, HORIZON = math.log(0.08), math.log(0.7), 26.0


@pytest.fixture(scope="module")
def counts():
    """Customers of whom nothing has been seen, most of whom buy nothing: log probability and scores of each world's forecasts."""
    law = law_of("right")
    actual = law.rvs(FORECASTS, random_state=30)
    found = {}
    for name, (rate, shape) in COUNT_WORLDS.items():
        at = np.array([RATE + rate, SHAPE + shape])
        log = np.log(Steady("").count_probability(at, 0, 0, 0.0, horizon=HORIZON, count=actual))
        found[name] = (log, score_draws(law_of(name).rvs((FORECASTS, DRAWS), random_state=31), actual, rng(32)))
    return found


def law_of(world: str):
    rate, shape = COUNT_WORLDS[world]
    r = math.exp(SHAPE + shape)
    return stats.nbinom(r, 1 / (1 + HORIZON * math.exp(RATE + rate) / r))


@pytest.mark.parametrize("world", list(COUNT_WORLDS)[1:])
def test_true_counts_have_the_highest_log_score_and_the_lowest_crps(world, counts) -> None:
    (right_log, right), (wrong_log, wrong) = counts["right"], counts[world]
    assert_lower(-right_log, -wrong_log)
    assert_lower(right.crps, wrong.crps)


def test_the_randomised_pit_of_true_counts_is_uniform(counts) -> None:
    assert stats.kstest(counts["right"][1].pit, "uniform").pvalue > 0.01
    for world in list(COUNT_WORLDS)[1:]:
        assert stats.kstest(counts[world][1].pit, "uniform").pvalue < 1e-4


def test_bands_of_true_counts_hold_at_least_as_often_as_they_say(counts) -> None:
    held = counts["right"][1].held.mean(axis=0)
    assert (held > np.array(LEVELS) - 3 * np.sqrt(0.25 / FORECASTS)).all()
