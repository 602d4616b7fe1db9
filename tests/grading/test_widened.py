"""Forecasts that are moved by what earlier ones missed: by which, since when, and what stays as it was. Fits are made up."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from valuation.made_up_fits import made_up_customers, made_up_fit, made_up_fits
from valuation.test_moved import shared

from clvbayes import synthetic
from clvbayes.data import order_days, read_transactions, summarize
from clvbayes.errors import ArgumentError
from clvbayes.grading import Backtest, backtest, rolling_origins
from clvbayes.grading.discrepancy import FEWEST_COMPLETED
from clvbayes.grading.forecasts import _next_amounts, forecast_newcomers, plan_weeks
from clvbayes.grading.windows import Newcomers, Origin, newcomers_after
from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.models.months import month_ends
from clvbayes.models.pace import Pace

UNTIL = date(2025, 12, 31)
ORIGINS = [UNTIL - timedelta(weeks=4 * k) for k in range(6, 0, -1)]
LABEL, SEASONAL = "MBG/NBD + Gamma-Gamma", "MBG/NBD with season + Gamma-Gamma"
SHORT: dict[str, Any] = {
    "origins": ORIGINS,
    "horizons": [4, 8],
    "until": UNTIL,
    "draws": 100,
    "predictive_draws": 100,
    "seed": 3,
    "progress": False,
}
FORESEEN = ["mean", "sd", "q05", "q25", "q50", "q75", "q95"]
BASELINES = ("No churn", "Last year's rate")


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return synthetic.company(customers=110, seed=2, years=1.5, until=UNTIL, return_share=0, anonymous_share=0, duplicate_share=0).orders


@pytest.fixture(scope="module", autouse=True)
def _made_up():
    """In the place of fits: nothing is sampled, and parameters do not depend on the data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling_origins, "fit", lambda model, customers, *, pool, **_: made_up_fit(model, customers, pool=pool))
        yield


def run(lines: pd.DataFrame, model=None, **options) -> Backtest:
    table = read_transactions(lines, order_id="order_id", segments=["industry"], currency="EUR")
    return backtest(table, models=[mbg_nbd() if model is None else model], **{**SHORT, **options})


@pytest.fixture(scope="module")
def widened(lines) -> Backtest:
    return run(lines)


@pytest.fixture(scope="module")
def alone(lines) -> Backtest:
    return run(lines, widened=False)


def totals(found: Backtest, origin: date, *models: str) -> pd.DataFrame:
    """What models foresaw of the customers known at an origin."""
    rows = found.forecasts.query("origin == @origin and who == 'existing' and column == '' and model in @models")
    return rows[["model", "measure", "weeks", *FORESEEN]].reset_index(drop=True)


# what a model foresees by itself --------------------------------------------------------------------------------------------------------


def test_forecasts_by_itself_are_those_of_a_model_that_learns_nothing(widened, alone) -> None:
    pd.testing.assert_frame_equal(widened.by_itself, alone.by_itself, check_exact=True, check_like=True)
    own = alone.forecasts.query("who == 'existing' and model == @LABEL").reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.by_itself, own, check_exact=True)
    assert (widened.settings["widened"], alone.settings["widened"]) == (True, False)


def test_what_was_learned_widens_forecasts_of_models_and_not_of_baselines(widened, alone) -> None:
    for origin in ORIGINS:
        moved, before = (totals(found, origin, LABEL) for found in (widened, alone))
        moved_width, width = (np.log(frame["q95"] / frame["q05"]) for frame in (moved, before))
        assert (moved_width > width).all()  # by the prior alone, until forecasts have ended
        moved, before = (totals(found, origin, *BASELINES) for found in (widened, alone))
        pd.testing.assert_frame_equal(moved, before, check_exact=True)


def test_the_seasonal_model_by_itself_is_not_the_pool(lines) -> None:
    found, before = (run(lines, mbg_nbd(season=True), origins=ORIGINS[:2], widened=widened) for widened in (True, False))
    pd.testing.assert_frame_equal(found.by_itself, before.by_itself, check_exact=True, check_like=True)


# which errors it has learned from -------------------------------------------------------------------------------------------------------


@pytest.fixture
def learned(monkeypatch) -> list[pd.DataFrame]:
    """What was learned from, origin by origin."""
    found, right = [], rolling_origins.learn_from
    monkeypatch.setattr(rolling_origins, "learn_from", lambda ended, **options: found.append(ended) or right(ended, **options))
    return found


def test_only_forecasts_that_had_ended_by_the_origin_are_learned_from(lines, learned) -> None:
    run(lines)
    assert len(learned) == len(ORIGINS) and learned[0].empty
    for origin, ended in list(zip(ORIGINS, learned, strict=True))[1:]:
        ends = [day + timedelta(weeks=int(weeks)) for day, weeks in zip(ended["origin"], ended["weeks"], strict=True)]
        assert max(ends) == origin and set(ended["model"]) == {LABEL} and set(ended["who"]) == {"existing"}
        expected = {(day, weeks) for day in ORIGINS for weeks in (4, 8) if day + timedelta(weeks=weeks) <= origin}
        assert set(zip(ended["origin"], ended["weeks"], strict=True)) == expected


def shifted_after(lines: pd.DataFrame, day: date) -> pd.DataFrame:
    """The same until a day; then only every third line, each of twenty times the amount."""
    after = lines["date"] > pd.Timestamp(day)
    return lines.assign(amount=lines["amount"].where(~after, 100 * lines["amount"]))[~after | (np.arange(len(lines)) % 3 == 0)]


@pytest.mark.parametrize("place", [1, 3])
def test_what_comes_after_an_origin_changes_no_forecast_from_it_though_it_has_learned(place, lines, widened) -> None:
    """To the byte, of the origin and all before it; those after it have learned another thing."""
    found = run(shifted_after(lines, ORIGINS[place]))
    for k, origin in enumerate(ORIGINS[: place + 2]):
        was, now = (totals(result, origin, LABEL, *BASELINES) for result in (widened, found))
        if k <= place:
            pd.testing.assert_frame_equal(now, was, check_exact=True)
        else:
            assert (now["mean"].to_numpy() != was["mean"].to_numpy()).all()


def test_what_came_in_above_the_forecasts_raises_those_that_follow(lines) -> None:
    """Revenue is a hundred times as much from a day on: forecasts that end later have missed it, and those made then are moved up by it."""
    factors = []
    for given in (shifted_after(lines, ORIGINS[1]), lines):
        found = run(given, origins=ORIGINS[:3], horizons=[4])
        by_itself = found.by_itself.query("origin == @ORIGINS[2] and measure == 'revenue' and column == ''")["mean"].item()
        factors.append(totals(found, ORIGINS[2], LABEL).query("measure == 'revenue'")["mean"].item() / by_itself)
    assert factors[0] > 1.05 * factors[1]


# the pool with a level ------------------------------------------------------------------------------------------------------------------


def test_a_season_is_pooled_with_a_level_while_few_forecasts_have_ended(lines) -> None:
    found = run(lines, mbg_nbd(season=True), horizons=[4])
    titles = found.certificates.groupby("origin")["model"].agg(set)
    for k, origin in enumerate(ORIGINS):
        assert ("MBG/NBD with season and level" in titles[origin]) == (k < FEWEST_COMPLETED)
    assert found.models == (SEASONAL,)
    by_itself = run(lines, mbg_nbd(season=True), horizons=[4], widened=False, origins=ORIGINS[:1])
    assert "MBG/NBD with season and level" not in set(by_itself.certificates["model"])


# some customers -------------------------------------------------------------------------------------------------------------------------


def test_a_backtest_of_some_customers_is_that_of_their_lines(lines) -> None:
    options = {"origins": ORIGINS[-2:], "horizons": [4]}
    found = run(lines, customers=60, **options)
    table = read_transactions(lines, order_id="order_id", segments=["industry"], currency="EUR").of_some_customers(60)
    expected = backtest(table, models=[mbg_nbd()], **{**SHORT, **options})
    pd.testing.assert_frame_equal(found.forecasts, expected.forecasts, check_exact=True)
    assert (found.settings["customers"], expected.settings["customers"]) == (60, None)
    total = found.forecasts.query("column == '' and measure == 'orders' and weeks == 4 and model == @LABEL")
    assert 30 < total.groupby("origin")["customers"].sum().max() <= 60
    with pytest.raises(ArgumentError, match="customers must be"):
        run(lines, customers=0)


# newcomers ------------------------------------------------------------------------------------------------------------------------------


def test_newcomers_live_in_the_months_after_their_origin() -> None:
    """Not in those after the last day of the data, by which all customers ever seen are known."""
    origin = Origin(date(2025, 3, 10), (4, 26))
    rows = [("known", date(2025, 1, 2 + k)) for k in range(2)] + [(f"n{k}", origin.day + timedelta(days=3 * k + 1)) for k in range(40)]
    table = read_transactions(pd.DataFrame(rows, columns=["customer_id", "date"]).assign(amount=10.0))
    known = summarize(table, until=UNTIL)
    newcomers = newcomers_after(origin, known, order_days(table, until=UNTIL))
    assert newcomers.customers.until == origin.day
    purchases, spend = (made_up_fit(model, known, pool=()) for model in (mbg_nbd(season=True), gamma_gamma()))
    options: dict[str, Any] = {"spend_growth": 0.0, "draws": 100, "seed": 1, "per_week": 7}
    plan, _ = plan_weeks((purchases,), spend, newcomers.customers, origin, **options)
    assert isinstance(plan.clock, Pace)
    ends, months = month_ends(origin.day, 100)
    np.testing.assert_allclose(plan.clock.edges[: len(ends)], ends / 7)
    season = np.exp(purchases.posterior["posterior"]["season"].to_numpy()).mean(axis=(0, 1))
    np.testing.assert_allclose(plan.clock.ahead_by_month[:, : len(months)].mean(axis=0), season[months], rtol=0.05)


# all that is forecast -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def some():
    made = made_up_customers(150)
    return made, made_up_fits(made)


def test_newcomers_orders_are_moved(some) -> None:
    customers, fits = some
    before, after = (newcomers_draws(customers, fits, found) for found in (None, shared(0.4, draws=300)))
    assert np.log(after[0].mean() / before[0].mean()) == pytest.approx(0.4, abs=0.08)


def test_newcomers_first_orders_are_moved_as_all_amounts_are(some) -> None:
    customers, fits = some
    before, after = (newcomers_draws(customers, fits, found) for found in (None, shared(amount=0.4, draws=300)))
    np.testing.assert_array_equal(after[0], before[0])
    assert np.log(after[1].mean() / before[1].mean()) == pytest.approx(0.4, abs=0.02)


def newcomers_draws(customers, fits, discrepancy) -> np.ndarray:
    """Orders and revenue of newcomers who all came on the first day."""
    origin = Origin(customers.until, (13,))
    nothing = [name for name in customers.statistics.columns if name not in ("customer_id", "t0")]
    newcomers = replace(customers, statistics=customers.statistics.assign(**dict.fromkeys(nothing, 0.0)))
    known = Newcomers(newcomers, np.ones(len(newcomers), int), np.zeros((2, 1)))
    options: dict[str, Any] = {"spend_growth": 0.0, "draws": 300, "seed": 1, "per_week": 7, "discrepancy": discrepancy}
    plan, part = plan_weeks(fits[:1], fits[1], newcomers, origin, **options)
    return forecast_newcomers(plan, part, customers.statistics["first_amount"].to_numpy(dtype=float), known, origin)[:, 0]


def test_next_amounts_are_moved_as_all_amounts_are(some) -> None:
    customers, fits = some
    origin = Origin(customers.until, (13,))
    before, after = (
        _next_amounts(*plan_weeks(fits[:1], fits[1], customers, origin, spend_growth=0.0, draws=300, seed=1, discrepancy=found))
        for found in (None, shared(amount=0.3, draws=300))
    )
    np.testing.assert_allclose(after, np.exp(0.3) * before, rtol=1e-9)
