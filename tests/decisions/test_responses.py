"""Curves of what money does: through the words they were told in, concave, and nothing where nothing is spent."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from clvbayes.decisions.responses import FAMILIES, drawn, elicited, response_of
from clvbayes.errors import ArgumentError

SPEND = np.concatenate([[0.0], np.geomspace(10, 1e8, 300)])


def effects(family="saturating", *, draws=4000, seed=1, today=(40_000, 90, 130), ceiling=400, spend=SPEND):
    return (
        elicited(today=today, ceiling=ceiling, family=family)
        .curves(draws, np.random.default_rng(seed))
        .effect(np.asarray(spend, dtype=float))
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_todays_effect_has_the_quantiles_that_were_told(family) -> None:
    found = effects(family, spend=[40_000.0])[:, 0]
    assert np.quantile(found, [0.1, 0.9]) == pytest.approx([90, 130], rel=0.01)
    assert stats.kstest(np.log(found), stats.norm(np.log(90 * 130) / 2, np.log(130 / 90) / 2 / 1.2815516).cdf).statistic < 0.01


@pytest.mark.parametrize("ceiling", [137, 145, 200])
def test_a_near_ceiling_leaves_todays_quantiles_as_told(ceiling) -> None:
    found = effects(ceiling=ceiling, spend=[40_000.0])[:, 0]
    assert np.quantile(found, [0.1, 0.9]) == pytest.approx([90, 130], rel=0.01)
    assert effects(ceiling=ceiling).max() <= ceiling + 1e-9


@pytest.mark.parametrize("family", FAMILIES)
def test_every_curve_begins_at_nothing_rises_and_bends_down(family) -> None:
    found = effects(family)
    slopes = np.diff(found, axis=1) / np.diff(SPEND)
    assert not found[:, 0].any()
    assert (slopes >= 0).all() and (np.diff(slopes, axis=1) <= 1e-9 * slopes[:, :1]).all()


@pytest.mark.parametrize("family", ["saturating", "hyperbolic"])
def test_tops_lie_anywhere_between_todays_best_and_the_ceiling(family) -> None:
    today, top = effects(family, spend=[40_000, 1e12]).T
    lowest = np.maximum(130, today / 0.95)  # below which no curve goes through today's effect
    assert stats.kstest((top - lowest) / (400 - lowest), stats.uniform.cdf).statistic < 0.01
    assert effects(family).max() <= 400


def test_a_logarithmic_curve_reaches_its_ceiling_with_ten_times_the_spend() -> None:
    far = effects("logarithmic", spend=[400_000.0])[:, 0]
    assert far.min() >= 130 and far.max() <= 400
    assert np.mean(far) == pytest.approx(265, rel=0.01)


def test_the_currency_changes_nothing() -> None:
    in_cents = effects(today=(4_000_000, 90, 130), spend=100 * SPEND)
    np.testing.assert_allclose(in_cents, effects(), rtol=1e-9)


@pytest.mark.parametrize(
    ("today", "ceiling", "said"),
    [
        ((0, 90, 130), 400, "a spend above 0 and two effects"),
        ((40_000, 130, 90), 400, "0 < low < high"),
        ((40_000, 0, 90), 400, "0 < low < high"),
        ((40_000, 90), 400, "such as .40000, 90, 130."),
        ((40_000, 90, float("nan")), 400, "such as .40000, 90, 130."),
        ("40000", 400, "such as .40000, 90, 130."),
        ((40_000, 90, 130), 130, "a number above the 130 that today's spend may bring"),
        ((40_000, 90, 130), None, "a number above the 130"),
        ((40_000, 90, 130), 131, "a ceiling of 131 leaves no curve that brings 130 with today's spend: it must be at least 136"),
    ],
)
def test_impossible_points_are_refused(today, ceiling, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        elicited(today=today, ceiling=ceiling)


def test_a_concave_curve_cannot_bring_more_than_in_proportion() -> None:
    with pytest.raises(ArgumentError, match="a concave curve cannot bring 900 with 10 times a spend that brings 90"):
        elicited(today=(40_000, 90, 130), ceiling=900, family="logarithmic")
    with pytest.raises(ArgumentError, match="family must be one of saturating, hyperbolic, logarithmic, not 'linear'"):
        elicited(today=(40_000, 90, 130), ceiling=400, family="linear")


def test_words_are_a_mapping_of_the_same_arguments() -> None:
    assert response_of({"today": [40_000, 90, 130], "ceiling": 400}) == elicited(today=(40_000, 90, 130), ceiling=400)
    with pytest.raises(ArgumentError, match="family must be"):
        response_of({"today": [40_000, 90, 130], "ceiling": 400, "family": ["x"]})
    for given in ({"today": [1, 2, 3]}, {"today": [1, 2, 3], "ceiling": 5, "cieling": 4}, {}):
        with pytest.raises(ArgumentError, match="a response in words has today, ceiling"):
            response_of(given)
    with pytest.raises(ArgumentError, match="a response is made by clv"):
        response_of(5)


GRID = np.array([0.0, 1000.0, 3000.0])


def test_draws_are_taken_each_once_before_any_is_taken_again() -> None:
    scale = np.arange(1.0, 151.0)
    curves = drawn(GRID, scale[:, None] * [0, 5, 9]).curves(400, np.random.default_rng(1))
    taken = curves.effect(np.array([1000.0]))[:, 0] / 5
    assert np.bincount(taken.round().astype(int))[1:].tolist() == np.bincount(taken[:400].round().astype(int))[1:].tolist()
    assert {int(count) for count in np.bincount(taken.round().astype(int))[1:]} == {2, 3}
    assert curves.effect(np.array([500.0, 2000.0, 9000.0]))[0] / curves.effect(np.array([3000.0]))[0] == pytest.approx([2.5 / 9, 7 / 9, 1])


@pytest.mark.parametrize(
    ("spend", "values", "said"),
    [
        ([100.0, 1000.0], np.ones((100, 2)), "the first one 0"),
        ([0.0, 0.0], np.ones((100, 2)), "rising amounts"),
        ([0.0, 1.0], np.zeros((99, 2)), "at least 100 draws"),
        ([0.0, 1.0], np.full((100, 2), np.nan), "finite effects"),
        ([0.0, 1.0], np.ones((100, 2)), "nothing at no spend"),
        ([0.0, 1.0, 2.0], np.tile([0.0, 2.0, 1.0], (100, 1)), "never fall"),
        ([0.0, 1.0, 2.0], np.tile([0.0, 1.0, 3.0], (100, 1)), "rise by less"),
        (["a", "b"], np.ones((100, 2)), "spend and effects must be numbers"),
        ([0.0, 1.0], xr.DataArray(np.zeros((100, 2)), attrs={"kind": "expected"}), "effects must be draws, not 'expected' values"),
    ],
)
def test_draws_that_are_no_concave_curves_are_refused(spend, values, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        drawn(spend, values)
