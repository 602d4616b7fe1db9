"""Beta-discrete-Weibull: published numbers, thirty digits, the simulator against closed forms, late entry, and what is refused."""

import math
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from made_up_contracts import COHORTS, PERILS, cohort, published
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

from clvbayes.data import Renewals
from clvbayes.errors import ArgumentError
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models import beta_discrete_weibull
from clvbayes.models.beta_discrete_weibull import BetaDiscreteWeibull
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import ContractBatch
from clvbayes.models.streams import customer_keys


def renewals(frame: pd.DataFrame, **columns: Any) -> Renewals:
    return Renewals.from_frame(frame.assign(**columns))


def likelihood(model: BetaDiscreteWeibull, known: Renewals) -> Likelihood:
    return Likelihood(model, model.rows(known, assign_cells(known, ())), 1, STEADY)


def maximum(model: BetaDiscreteWeibull, known: Renewals) -> tuple[np.ndarray, float]:
    """Coordinates of the greatest likelihood, and its logarithm."""
    of_data = likelihood(model, known)

    def downhill(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = of_data.gradient(at[:, None])
        return -float(value.sum()), -slope[:, 0]

    found = minimize(downhill, np.zeros(len(model.coordinates)), jac=True, method="BFGS", options={"gtol": 1e-6})
    return found.x, -found.fun


def at(a: float, b: float, c: float | None = None) -> np.ndarray:
    return np.array([math.log(a / b), math.log(a + b), *([] if c is None else [math.log(c)])])


def natural(model: BetaDiscreteWeibull, coordinates: np.ndarray) -> np.ndarray:
    return np.array(model.natural(coordinates, np.exp, expit))


@pytest.mark.parametrize(
    ("name", "seen", "c", "log_likelihood", "parameters", "survivors"),
    [
        ("Regular", 4, 1.0, -1401.559, (0.764, 1.296, 1), 159.5),
        ("Regular", 4, None, -1401.383, (0.523, 0.894, 1.196), 171.4),
        ("Regular", 7, 1.0, -1680.265, (0.704, 1.182, 1), 170.0),
        ("Regular", 7, None, -1679.603, None, 177.3),
        ("High-end", 4, 1.0, -1225.135, (1.281, 7.790, 1), 307.0),
        ("High-end", 4, None, -1222.749, (0.259, 1.723, 1.584), 388.9),
        ("High-end", 7, 1.0, -1611.158, (0.668, 3.806, 1), 378.0),
        ("High-end", 7, None, -1605.314, None, 403.9),
    ],
)
def test_published_cohorts_give_the_published_fits(name, seen, c, log_likelihood, parameters, survivors) -> None:
    """Fader & Hardie (2007) and Fader, Hardie et al. (2018)."""
    model = beta_discrete_weibull(c=c)
    found, value = maximum(model, renewals(published(name, seen)))
    assert value == pytest.approx(log_likelihood, abs=6e-4)
    if parameters is not None:
        np.testing.assert_allclose(natural(model, found), parameters, atol=6e-4)
    assert 1000 * model.survival(found, 0, 12) == pytest.approx(survivors, abs=0.06)


def test_four_renewals_of_the_high_end_foresee_the_twelfth_year_with_age_and_not_without() -> None:
    known, truth = renewals(published("High-end", 4)), COHORTS["High-end"][12]
    foreseen = {
        c: 1000 * float(beta_discrete_weibull(c=c).survival(maximum(beta_discrete_weibull(c=c), known)[0], 0, 12)) for c in (None, 1.0)
    }
    assert abs(foreseen[None] / truth - 1) < 0.02
    assert foreseen[1.0] / truth - 1 == pytest.approx(-0.22, abs=0.005)


def test_survival_to_year_twelve_as_published() -> None:
    model = beta_discrete_weibull(c=1.0)
    published_fits = {"Regular": (0.704, 1.182), "High-end": (0.668, 3.806)}
    later_years = {"Regular": (22.0, 20.4, 19.1, 18.0, 17.0), "High-end": (46.0, 43.6, 41.4, 39.5, 37.8)}
    for name, parameters in published_fits.items():
        curve = 100 * model.survival(at(*parameters), 0, np.arange(1, 13))
        np.testing.assert_allclose(curve[:7], np.array(COHORTS[name][1:8]) / 10, rtol=0.05)
        np.testing.assert_allclose(curve[7:], later_years[name], atol=0.06)


def test_several_cohorts_give_the_published_fit() -> None:
    """Fader & Hardie (2010): alpha 3.80, beta 15.19."""
    known = renewals(pd.concat([cohort(PERILS[: seen + 1]) for seen in range(1, len(PERILS))]))
    model = beta_discrete_weibull(c=1.0)
    np.testing.assert_allclose(natural(model, maximum(model, known)[0])[:2], (3.80, 15.19), atol=0.006)


@pytest.mark.parametrize(
    ("parameters", "lifetimes"),
    [((3.80, 15.20), (3.31, 3.45, 3.59, 3.72, 3.84)), ((0.067, 0.267), (7.67, 9.46, 9.85, 10.06, 10.19))],
)
def test_discounted_remaining_lifetimes_as_published(parameters, lifetimes) -> None:
    """Fader & Hardie (2010), table 3, at a discount rate of .1 after 0 to 4 renewals."""
    np.testing.assert_allclose(beta_discrete_weibull(c=1.0).expected_lifetime(at(*parameters), np.arange(5), 0.1), lifetimes, rtol=1e-2)


def test_the_value_of_a_customer_as_published() -> None:
    """100 a year at .1: 288, 394 and 568 for customers in their first, second and fifth year; 343 whatever their age at a constant rate."""
    model = beta_discrete_weibull(c=1.0)
    age = np.array([0, 1, 4])
    np.testing.assert_allclose(100 * model.expected_lifetime(at(0.764, 1.296), age, 0.1), (288.22, 393.94, 568.25), atol=0.005)
    np.testing.assert_allclose(100 * model.expected_lifetime(at(1.67e6, 8.33e6), age, 0.1), 343.2, atol=0.1)


CASES = [(0, 0, 1), (0, 1, 0), (0, 5, 1), (3, 3, 1), (3, 9, 0), (40, 120, 1), (0, 2, 0)]


@pytest.mark.parametrize("place", [(-1.0, 1.0, 0.3), (-20.0, 3.0, 0.0), (4.0, -20.0, 0.5), (-1.0, 20.0, -0.7), (0.0, 6.0, 1.2)], ids=str)
def test_the_likelihood_agrees_with_sixty_digits(place) -> None:
    model = beta_discrete_weibull()
    frame = pd.DataFrame(CASES, columns=["entry", "survived", "churned"])
    known = renewals(frame[frame["survived"] + frame["churned"] > frame["entry"]])
    of_data = likelihood(model, known)
    with mpmath.workdps(60):
        logit, log_concentration, log_c = map(mpmath.mpf, place)
        a, b = (mpmath.exp(log_concentration) / (1 + mpmath.exp(sign * logit)) for sign in (-1, 1))

        def survival(t: int) -> Any:
            return mpmath.beta(a, b + mpmath.mpf(t) ** mpmath.exp(log_c)) / mpmath.beta(a, b)

        rows = zip(*(of_data.rows[name].astype(int).tolist() for name in ("entry", "x", "churned")), strict=True)
        ends = [(e, survival(t) - survival(t + 1) if left else survival(t)) for e, t, left in rows]
        exact = np.array([float(mpmath.log(end) - mpmath.log(survival(e))) for e, end in ends])
    np.testing.assert_allclose(of_data.of_rows(np.array(place)[:, None]), exact, rtol=1e-6, atol=1e-10)


def test_far_out_the_likelihood_and_its_slope_are_numbers() -> None:
    known = renewals(pd.DataFrame(CASES, columns=["entry", "survived", "churned"]))
    of_data = likelihood(beta_discrete_weibull(), known)
    for place in np.array(np.meshgrid([-20, 0, 20], [-20, 0, 20], [-20, 0, 3])).reshape(3, -1).T:
        value, slope = of_data.gradient(place[:, None].astype(float))
        assert np.isfinite(value).all() and np.isfinite(slope).all(), place


def test_the_slope_is_that_of_differences() -> None:
    of_data = likelihood(beta_discrete_weibull(), renewals(pd.DataFrame(CASES, columns=["entry", "survived", "churned"])))
    place, step = np.array([-0.7, 1.3, 0.2]), 1e-5
    differences = [
        (of_data.value((place + step * unit)[:, None]) - of_data.value((place - step * unit)[:, None])) / (2 * step) for unit in np.eye(3)
    ]
    np.testing.assert_allclose(of_data.gradient(place[:, None])[1][:, 0], differences, rtol=1e-6)


def test_all_that_can_happen_adds_up_to_one() -> None:
    """From an entry of 2 on: left at one of the next six decisions, or still there."""
    ends = [(2, 2 + k, 1) for k in range(6)] + [(2, 8, 0)]
    of_data = likelihood(beta_discrete_weibull(), renewals(pd.DataFrame(ends, columns=["entry", "survived", "churned"])))
    assert np.exp(of_data.of_rows(np.array([-0.7, 1.3, 0.4])[:, None])).sum() == pytest.approx(1, abs=1e-12)


def test_a_contract_is_what_it_is_in_pieces() -> None:
    """Observed from 0 to 3 and from 3 to 7, or from 0 to 7 at once; and in rows of any order and weight."""
    model, place = beta_discrete_weibull(), np.array([-0.7, 1.3, 0.4])[:, None]
    pieces = pd.DataFrame([(0, 3, 0), (3, 7, 1)], columns=["entry", "survived", "churned"])
    whole = pd.DataFrame([(0, 7, 1)], columns=["entry", "survived", "churned"])
    assert likelihood(model, renewals(pieces)).value(place) == pytest.approx(likelihood(model, renewals(whole)).value(place), rel=1e-12)
    shuffled, heavier = renewals(pieces.iloc[::-1]), renewals(pieces, contracts=3)
    assert likelihood(model, shuffled).value(place) == likelihood(model, renewals(pieces)).value(place)
    assert likelihood(model, heavier).value(place) == pytest.approx(3 * likelihood(model, shuffled).value(place), rel=1e-12)


def test_a_segment_in_two_equal_halves_is_the_segment() -> None:
    model, frame = beta_discrete_weibull(), published("Regular", 5)
    halves = pd.concat([frame.assign(segment=name) for name in "ab"])
    known = Renewals.from_frame(halves, segments=["segment"])
    split = Likelihood(model, model.rows(known, assign_cells(known, ("segment",))), 2, STEADY)
    place = np.array([-0.7, 1.3, 0.4])[:, None]
    by_cell, _ = split.gradient(np.repeat(place, 2, axis=1))
    assert by_cell[0] == by_cell[1]
    assert by_cell.sum() == pytest.approx(2 * likelihood(model, renewals(frame)).value(place), rel=1e-12)


def batch_of(survived: list[int], notice: list[bool] | None = None, ids: list[str] | None = None) -> ContractBatch:
    count = len(survived)
    ids = ids or [f"K{number}" for number in range(count)]
    zeros = np.zeros(count, dtype=np.int64)
    told = np.array(notice or [False] * count)
    return ContractBatch(customer_keys(ids), zeros, zeros, np.array(survived), told, np.full(count, 0.5), np.ones(count), np.zeros(count))


def futures(model: BetaDiscreteWeibull, place: np.ndarray, batch: ContractBatch, draws: int, **options: Any):
    coordinates = np.repeat(place[None, :, None], draws, axis=0)
    return model.simulate(coordinates, batch, hazard=options.pop("hazard", np.zeros(draws)), seed=3, **options)


@pytest.mark.parametrize("c", [1.0, 1.584])
def test_simulated_lives_follow_the_closed_form(c) -> None:
    model, place = beta_discrete_weibull(), at(0.764, 1.296, c)
    lives = futures(model, place, batch_of([0, 2, 7]), 100_000).decision
    for i, survived in enumerate((0, 2, 7)):
        for ahead in (1, 2, 5, 12):
            expected = float(model.survival(place, survived, ahead))
            error = math.sqrt(expected * (1 - expected) / 100_000)
            assert abs((lives[i] > ahead).mean() - expected) < 4.5 * error, (survived, ahead)


def test_a_life_beyond_five_decisions_is_that_of_the_story() -> None:
    """With theta from its conditional posterior, Beta(a, b + t^c), in plain NumPy: the probability is .735 (method book 1.7)."""
    a, b, c, t = 0.259, 1.723, 1.4, 3
    rng = np.random.default_rng(1)
    theta = rng.beta(a, b + t**c, 400_000)
    plain = np.mean((1 - theta) ** ((t + 5) ** c - t**c))
    model = beta_discrete_weibull()
    assert plain == pytest.approx(0.735, abs=0.003)
    assert float(model.survival(at(a, b, c), t, 5)) == pytest.approx(plain, abs=4.5 * 0.4 / math.sqrt(400_000))
    lives = futures(model, at(a, b, c), batch_of([t]), 100_000).decision
    assert (lives > 5).mean() == pytest.approx(plain, abs=4.5 * 0.5 / math.sqrt(100_000))


def test_expected_renewals_and_lifetime_are_sums_of_survival() -> None:
    model, place = beta_discrete_weibull(), at(0.5, 1.5, 1.3)
    lives = futures(model, place, batch_of([3]), 200_000).decision[0]
    survived = np.minimum(lives - 1, 8)
    assert survived.mean() == pytest.approx(float(model.expected_renewals(place, 3, 8)), abs=4.5 * survived.std() / math.sqrt(200_000))
    assert float(model.retention(place, 4)) == pytest.approx((lives > 1).mean(), abs=0.005)
    paid = 1.1 ** -np.arange(400)
    value = np.append(0, np.cumsum(paid))[np.minimum(lives - 1, 400)]
    assert value.mean() == pytest.approx(float(model.expected_lifetime(place, 3, 0.1)), abs=4.5 * value.std() / math.sqrt(200_000))


def test_who_gave_notice_leaves_at_the_next_decision_and_not_before() -> None:
    lives = futures(beta_discrete_weibull(), at(0.5, 5, 1.0), batch_of([2, 2], [True, False]), 2000, hazard=np.full(2000, 0.5))
    assert (lives.decision[0] == 1).all() and np.isinf(lives.months[0]).all()
    assert stats.kstest(lives.months[1], stats.expon(scale=2).cdf).pvalue > 0.001


@pytest.mark.parametrize("announced", [0.5, 0.99])
def test_who_would_have_given_notice_by_now_and_did_not_is_the_likelier_to_stay(announced) -> None:
    """By Bayes: of lives in plain NumPy, those who leave next are taken out with the chance that they would have said so."""
    rng, (a, b, c, t) = np.random.default_rng(8), (0.8, 2.2, 1.3, 2)
    theta = rng.beta(a, b + t**c, 400_000)
    plain = np.ceil((t**c + rng.exponential(size=len(theta)) / -np.log1p(-theta)) ** (1 / c)) - t
    plain = plain[(plain > 1) | (rng.random(len(plain)) >= announced)]
    silent = replace(batch_of([t]), announced=np.array([announced]))
    model, place = beta_discrete_weibull(), at(a, b, c)
    lives, fewer, more = (futures(model, place, silent, 100_000, churn_odds=odds).decision[0] for odds in (1.0, 0.5, 2.0))
    for ahead in (1, 2, 5):
        assert (lives > ahead).mean() == pytest.approx((plain > ahead).mean(), abs=4.5 * 0.5 / math.sqrt(80_000))
    left = 1 - float(model.retention(place, t + 1))
    assert (lives == 1).mean() == pytest.approx(left * (1 - announced) / (1 - left * announced), abs=4.5 * 0.5 / math.sqrt(100_000))
    assert (fewer >= lives).all() and (more <= lives).all() and (more == 1).mean() <= 2 * (lives == 1).mean()


def test_odds_of_churn_move_each_theta() -> None:
    model, place = beta_discrete_weibull(), at(0.8, 3.2, 1.0)
    plain, doubled, none = (futures(model, place, batch_of([1]), 50_000, churn_odds=odds).decision[0] for odds in (1.0, 2.0, 1e-12))
    assert (doubled <= plain).all()
    theta = np.random.default_rng(2).beta(0.8, 4.2, 400_000)
    assert (doubled == 1).mean() == pytest.approx((2 * theta / (1 + theta)).mean(), abs=4.5 * 0.5 / math.sqrt(50_000))
    assert none.min() > 1000


def test_a_contracts_future_is_its_own() -> None:
    """Neither its place in a batch, nor who is beside it, nor its cell's place, moves it."""
    model, place = beta_discrete_weibull(), at(0.764, 1.296, 1.2)
    together = futures(model, place, batch_of([0, 3], ids=["x", "y"]), 500)
    alone = futures(model, place, batch_of([3], ids=["y"]), 500)
    np.testing.assert_array_equal(together.decision[1], alone.decision[0])
    np.testing.assert_array_equal(together.months[1], alone.months[0])
    assert not np.array_equal(alone.decision, futures(model, place, batch_of([3], ids=["z"]), 500).decision)


def test_far_out_a_life_is_a_whole_number() -> None:
    model = beta_discrete_weibull()
    for place in np.array(np.meshgrid([-20, 0, 20], [-20, 0, 20], [-1.5, 0, 1.5])).reshape(3, -1).T:
        lives = futures(model, place.astype(float), batch_of([0, 60]), 50).decision
        assert (lives >= 1).all()


def test_terminations_within_a_term_have_an_exact_posterior() -> None:
    known = Renewals.from_frame(pd.DataFrame({"survived": [0, 1], "churned": [1, 0]}))
    known.statistics["terminated"], known.statistics["exposure"] = [1, 0], [7.0, 43.0]
    assert beta_discrete_weibull().terminations(known.facts) == (1.5, 300.0)


@pytest.mark.parametrize("c", [0, -1, float("nan"), 11, "1", True])
def test_a_c_that_is_none_is_refused(c) -> None:
    with pytest.raises(ArgumentError, match=r"c must be a number from 0\.1 to 10"):
        beta_discrete_weibull(c=c)
