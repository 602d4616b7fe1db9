"""Tails of value by brute force, their Monte Carlo errors by repetition, and parts that add up."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from clvbayes.decisions import risk
from clvbayes.errors import ArgumentError

LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("count", [20, 1000, 1999])
def test_cvar_is_the_mean_of_the_lowest_draws(level, count) -> None:
    draws = np.random.default_rng(count).lognormal(3, 1, count)
    size = (1 - level) * count
    lowest = np.sort(draws)
    whole = int(size)
    by_hand = (lowest[:whole].sum() + (size - whole) * lowest[whole]) / size
    assert risk.cvar(draws, level).value == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_cvar_is_what_rockafellar_and_uryasev_maximise(level) -> None:
    draws = np.random.default_rng(3).normal(10, 4, 777)
    thresholds = np.sort(draws)
    objective = thresholds - np.maximum(thresholds[:, None] - draws, 0).mean(axis=1) / (1 - level)
    assert risk.cvar(draws, level).value == pytest.approx(objective.max(), rel=1e-12)


def test_of_a_normal_they_are_what_a_table_says() -> None:
    draws = stats.norm(100, 20).ppf((np.arange(200_000) + 0.5) / 200_000)
    assert risk.value_at_risk(draws, 0.95).value == pytest.approx(100 - 20 * 1.6448536, abs=1e-3)
    assert risk.cvar(draws, 0.95).value == pytest.approx(100 - 20 * 2.0627128, abs=1e-3)
    # of a normal, the mean less half the variance over the tolerance
    assert risk.certainty_equivalent(draws, risk_tolerance=50.0).value == pytest.approx(100 - 400 / 100, abs=1e-2)
    assert risk.prob_below(draws, 80.0).value == pytest.approx(0.1586553, abs=1e-5)


@pytest.mark.parametrize(
    "of",
    [
        lambda draws: risk.value_at_risk(draws, 0.9),
        lambda draws: risk.cvar(draws, 0.9),
        lambda draws: risk.prob_below(draws, 15.0),
        lambda draws: risk.certainty_equivalent(draws, risk_tolerance=20.0),
    ],
    ids=["value at risk", "cvar", "prob below", "certainty equivalent"],
)
def test_errors_are_the_spread_over_repetitions(of) -> None:
    random = np.random.default_rng(5)
    found = [of(random.lognormal(3, 0.6, 1000)) for _ in range(400)]
    spread, told = np.std([one.value for one in found]), np.mean([one.error for one in found])
    assert told == pytest.approx(spread, rel=0.15)  # 400 repetitions know it to 3.5 %


def test_contributions_add_up_and_a_hedge_takes_from_the_tail() -> None:
    random = np.random.default_rng(1)
    common = random.standard_normal(4000)
    draws = np.stack([100 + 30 * common, 50 - 20 * common, 70 + 10 * random.standard_normal(4000)], axis=1)
    parts = xr.DataArray(draws, dims=("draw", "level"), coords={"level": ["a", "hedge", "own"]})
    found = risk.contributions(parts, 0.9)
    assert found["contribution"].sum() == pytest.approx(risk.cvar(draws.sum(axis=1), 0.9).value, rel=1e-12)
    assert found["mean"].to_numpy() == pytest.approx(draws.mean(axis=0))
    assert found.loc["hedge", "contribution"] > found.loc["hedge", "mean"]
    assert (found["diversified"] > 0).all()
    # together they fall less below their mean than the sum of each by itself
    alone = (found["mean"] - found["cvar"]).sum()
    assert draws.sum(axis=1).mean() - found["contribution"].sum() < 0.6 * alone


def test_parts_that_fall_together_are_not_counted_as_diversified() -> None:
    common = np.random.default_rng(1).standard_normal(4000)
    parts = xr.DataArray(np.stack([100 + 30 * common, 50 + 20 * common], axis=1), dims=("draw", "level"), coords={"level": ["a", "b"]})
    assert risk.contributions(parts, 0.9)["diversified"].to_numpy() == pytest.approx([0, 0], abs=1e-9)


def test_the_order_and_the_unit_of_draws_change_nothing() -> None:
    draws = np.random.default_rng(2).normal(3, 5, 500)
    shuffled = np.random.default_rng(3).permutation(draws)
    for of in (risk.value_at_risk, risk.cvar):
        assert of(shuffled).value == pytest.approx(of(draws).value, rel=1e-12)
        assert of(1000 * draws).value == pytest.approx(1000 * of(draws).value, rel=1e-12)
        assert of(draws + 7).value == pytest.approx(of(draws).value + 7, rel=1e-12)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, np.nan, True, "0.95"])
def test_a_level_is_a_fraction(level) -> None:
    with pytest.raises(ArgumentError, match="level must be a fraction between 0 and 1"):
        risk.cvar([1.0, 2.0], level)


def test_expected_values_are_refused() -> None:
    expected = xr.DataArray([1.0, 2.0], dims="draw", attrs={"kind": "expected"})
    for of in (risk.value_at_risk, risk.cvar, lambda value: risk.prob_below(value, 0.0)):
        with pytest.raises(ArgumentError, match="these are expected values, which leave out what chance adds"):
            of(expected)


@pytest.mark.parametrize("draws", [[1.0], [1.0, np.nan], [[1.0, 2.0]], 3.0])
def test_draws_are_many_and_finite(draws) -> None:
    with pytest.raises(ArgumentError, match="at least two finite draws, in one dimension"):
        risk.cvar(draws)


def test_other_dims_are_refused() -> None:
    with pytest.raises(ArgumentError, match="value must have the one dim draw"):
        risk.cvar(xr.DataArray(np.ones((2, 2)), dims=("draw", "level")))
    with pytest.raises(ArgumentError, match="contributions needs"):
        risk.contributions(np.ones((2, 2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, True, "10"])
def test_thresholds_and_tolerances_are_amounts(bad) -> None:
    with pytest.raises(ArgumentError, match="threshold must be a finite number"):
        risk.prob_below([1.0, 2.0], bad)
    with pytest.raises(ArgumentError, match="risk_tolerance must be a positive amount"):
        risk.certainty_equivalent([1.0, 2.0], risk_tolerance=bad)
