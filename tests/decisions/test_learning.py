"""Learned responses: known curves are found again, little history leans on the others, and what no history can be is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from decisions.made_up_worth import DRAWS, made_up

from clvbayes.decisions import Measure, allocate, learn_responses
from clvbayes.decisions.learning import checked
from clvbayes.decisions.measures import RESPONSES, gain_of
from clvbayes.errors import ArgumentError, DataError

CURVES = {"fair": (30.0, 20e3, 2.0), "partner": (12.0, 10e3, 1.0), "referral": (20.0, 3e3, 3.0), "search": (60.0, 8e3, 5.0)}


def history(seed=3, periods=36) -> pd.DataFrame:
    random, rows = np.random.default_rng(seed), []
    for channel, (top, scale, base) in CURVES.items():
        spend = scale * random.gamma(2, 0.5, periods)
        mean = base - top * np.expm1(-spend / scale)
        rows += [(channel, s, n) for s, n in zip(spend, random.negative_binomial(20, 20 / (20 + mean)), strict=True)]
    return pd.DataFrame(rows, columns=["channel", "spend", "won"])


@pytest.fixture(scope="module")
def found():
    return learn_responses(history(), period="month", bias=0.0, draws=1000, seed=1)


def effects(response, channel, times, draws=2000):
    _, scale, _ = CURVES[channel]
    return response.curves(draws, np.random.default_rng(1)).effect(scale * np.array(times))


def test_known_curves_lie_in_their_bands(found) -> None:
    """Of twelve 90 % bands at least nine: so few hold with a probability of 3 in 1,000 if they are right."""
    held = 0
    for channel, (top, _, _) in CURVES.items():
        low, middle, high = np.quantile(effects(found[channel], channel, [0.5, 1, 2]), [0.05, 0.5, 0.95], axis=0)
        true = -top * np.expm1(-np.array([0.5, 1, 2]))
        held += int(((low <= true) & (true <= high)).sum())
        assert (np.abs(middle / true - 1) < 0.3).all()
    assert held >= 9


def test_a_bias_widens_every_curve_and_moves_none(found) -> None:
    widened = learn_responses(history(), period="month", bias=0.4, draws=1000, seed=1)
    for channel in CURVES:
        one, other = (np.log(effects(of[channel], channel, [1.0])[:, 0]) for of in (found, widened))
        assert other.std() == pytest.approx(np.hypot(one.std(), 0.4), rel=0.1)
        assert other.mean() == pytest.approx(one.mean(), abs=0.05)


def test_neither_another_run_nor_another_order_of_rows_gives_other_curves(found) -> None:
    again = learn_responses(history().sample(frac=1, random_state=1), period="month", bias=0.0, draws=1000, seed=1)
    assert all(np.array_equal(again[name].top, found[name].top) for name in CURVES)


def test_a_campaign_of_a_quarter_is_three_months_of_the_table(found) -> None:
    valuation = made_up({"fair": (900.0, 0.0)})  # by quarters
    measure = Measure("fair", lever="acquisition", where={"channel": "fair"}, response=found["fair"], lasts="campaign")
    curve = gain_of(measure, valuation, 1).curves
    monthly = found["fair"].curves(DRAWS, np.random.default_rng([1, RESPONSES, 0]))
    assert curve.effect(np.array([60e3])) == pytest.approx(3 * monthly.effect(np.array([20e3])))


def test_a_fit_brings_its_checks_and_a_failed_one_stops_the_plan(found) -> None:
    assert [check.status for check in found["fair"].checks] == ["ok", "ok", "ok"]
    random = np.random.default_rng(1)
    apart = {name: random.standard_normal((4, 200, 2)) + np.arange(4)[:, None, None] for name in ("height", "scale")}
    checks = checked(apart, 0.01)
    assert [check.status for check in checks] == ["failed", "failed", "failed"]
    response = replace(found["fair"], checks=checks)
    measures = [Measure("fair", lever="acquisition", where={"channel": "fair"}, response=response, lasts="campaign")]
    with pytest.raises(ArgumentError, match=r"a check failed of .R-hat of learned responses"):
        allocate(made_up(), measures, budget=40e3, seed=1)
    assert allocate(made_up(), measures, budget=40e3, allow_failed_checks=True, seed=1).budget == 40e3


def test_a_learned_curve_is_a_measures_response(found) -> None:
    measures = [
        Measure(name, lever="acquisition", where={"channel": name}, response=found[name], lasts="campaign") for name in ("fair", "search")
    ]
    plan = allocate(made_up(), measures, budget=40e3, risk_aversion=0.1, seed=1)
    assert plan.measures["plan"].sum() <= 40e3 + 1e-6 and plan.comparison.loc["plan", "mean"] > 0


@pytest.mark.parametrize(
    ("change", "problem", "said"),
    [
        (lambda table: table.drop(columns="won"), ArgumentError, "the table has no column 'won'"),
        (lambda table: table.assign(spend=-1.0), DataError, "row 1 of the table: spend must be a number of at least 0, not -1.0"),
        (lambda table: table.assign(spend="much"), DataError, "spend must be a number of at least 0, not 'much'"),
        (lambda table: table.assign(won=1.5), DataError, "row 1 of the table: won counts customers, not 1.5"),
        (lambda table: table.assign(won=np.nan), DataError, "won must be a number of at least 0"),
        (lambda table: table.assign(channel=None), DataError, "row 1 of the table has no channel"),
        (lambda table: table.assign(spend=0.0), DataError, "nothing was ever spent on channel 'fair'"),
        (lambda table: table.head(5), DataError, "channel 'fair' has 5 periods; a curve needs at least 6"),
        (lambda table: table.to_dict(), ArgumentError, "the table must be a pandas.DataFrame, not dict"),
    ],
)
def test_what_no_history_can_be_is_refused(change, problem, said) -> None:
    with pytest.raises(problem, match=said):
        learn_responses(change(history()), period="month", seed=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"family": "linear"}, "family must be"),
        ({"family": ["linear"]}, "family must be"),
        ({"period": "fortnight"}, "period must be one of month, quarter, year"),
        ({"bias": -1}, "bias must be"),
        ({"draws": 10}, "draws must be"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_options_out_of_range_are_refused(options, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        learn_responses(history(), **{"seed": 1, "period": "month"} | options)
