"""What moves all customers at once, in a valuation: by as much as it says, everywhere, and so that all still adds up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from valuation.made_up_fits import UNTIL, made_up_customers, made_up_fit, made_up_fits, shifted

from clvbayes.errors import ArgumentError
from clvbayes.grading.forecasts import forecast_totals, plan_weeks
from clvbayes.grading.windows import Origin
from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.storage import load, save
from clvbayes.valuation import Economics, Valuation, value
from clvbayes.valuation.discrepancy import Discrepancy
from clvbayes.valuation.levels import levels_of

ECONOMICS = Economics(margin=0.35, discount_rate=0.09, horizon=1)
HORIZONS = (13, 26, 52)
INDUSTRIES = ["Health", "Mills", "Retail"]
DRAWS = 400


def shared(size=0.0, growth=0.0, amount=0.0, *, draws: int = DRAWS, **options) -> Discrepancy:
    """Numbers are those of all draws."""
    given = {"size": size, "growth": growth, "amount": amount, "slope": 0.0}
    drawn = {name: ("draw", np.broadcast_to(values, draws).astype(float)) for name, values in given.items()}
    return Discrepancy(xr.Dataset(drawn), **{"weeks": (13.0, 52.0), **options})


def own(orders: Mapping[str, float], amount: Mapping[str, float] | None = None, *, sd: float = 0.0) -> dict[str, xr.Dataset]:
    """Of industries; `sd` is the spread of one that is not named."""
    values = {"orders": orders, "amount": dict.fromkeys(orders, 0.0) if amount is None else amount}
    data = {name: (("draw", "level"), np.tile(list(found.values()), (DRAWS, 1))) for name, found in values.items()}
    spreads = {f"{name}_sd": ("draw", np.full(DRAWS, sd)) for name in values}
    return {"industry": xr.Dataset({**data, **spreads}, coords={"level": list(orders)})}


def normals(sd: float, seed: int = 1, draws: int = DRAWS) -> np.ndarray:
    return sd * np.random.default_rng(seed).standard_normal(draws)


@pytest.fixture(scope="module")
def customers():
    return made_up_customers(500, currency="EUR")


@pytest.fixture(scope="module")
def fits(customers):
    return made_up_fits(customers, sd=0.05)


def valued(fits, customers, economics=ECONOMICS, *, draws: int = DRAWS, seed: int = 1, **options) -> Valuation:
    return value(*fits, customers, economics, draws=draws, seed=seed, progress=False, **options)


def foreseen(fits, customers, discrepancy=None, *, horizons: Sequence[int] = HORIZONS, draws: int = DRAWS) -> np.ndarray:
    """Draws of orders and revenue, dims ``(measure, horizon, level, draw)``; levels are the total and those of industries."""
    purchases = (fits[0],) if not isinstance(fits[0], tuple) else fits[0]
    origin = Origin(customers.until, tuple(horizons))
    plan, part = plan_weeks(purchases, fits[1], customers, origin, spend_growth=0.0, draws=draws, seed=1, discrepancy=discrepancy)
    return forecast_totals(plan, part, origin, levels_of(customers.segments, ("industry",)))


@pytest.fixture(scope="module")
def base(fits, customers):
    return foreseen(fits, customers)


@pytest.fixture(scope="module")
def plain(fits, customers):
    return valued(fits, customers, levers=["churn", "rate", "spend"])


WIDE = 0.4


@pytest.fixture(scope="module")
def wide(fits, customers):
    """Of large spread, in orders and in amounts."""
    discrepancy = shared(normals(WIDE), 0.0, normals(WIDE, seed=2), evidence=pd.DataFrame([{"what": "orders", "sd": WIDE}]))
    return valued(fits, customers, discrepancy=discrepancy, levers=["churn", "rate", "spend"])


def worth(cash: xr.DataArray, component: str = "value") -> np.ndarray:
    return cash.sel(component=component).sum("period").to_numpy()


def relative_sd(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.std(axis=0) / values.mean(axis=0))


# by as much as it says ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "growth"), [(0.3, 0.0), (-0.3, 0.0), (0.2, 0.6), (-0.2, 0.6), (0.4, -0.4), (-0.6, -0.6)])
def test_orders_are_multiplied_by_what_the_discrepancy_says(size, growth, fits, customers, base) -> None:
    made = foreseen(fits, customers, shared(size, growth))
    for h, weeks in enumerate(HORIZONS):
        ratio = made[0, h, 0].mean() / base[0, h, 0].mean()
        # the clock changes its pace with the months, and 13 weeks end amid one
        assert math.log(ratio) == pytest.approx(size * (weeks / 13) ** growth, abs=0.01 + 0.07 * abs(size)), weeks


def test_within_the_shortest_horizon_learned_from_the_error_is_that_of_it(fits, customers) -> None:
    """Growth says nothing of what has not been graded."""
    weeks, before = (4, 13), foreseen(fits, customers, horizons=(4, 13))
    made = foreseen(fits, customers, shared(0.3, 0.9), horizons=weeks)
    np.testing.assert_allclose(np.log(made[0, :, 0].mean(axis=1) / before[0, :, 0].mean(axis=1)), 0.3, atol=0.03)
    graded = foreseen(fits, customers, shared(0.3, 0.9, weeks=(4.0, 52.0)), horizons=weeks)
    assert np.log(graded[0, 0, 0].mean() / before[0, 0, 0].mean()) < 0.2


def test_after_a_year_the_error_is_that_of_a_year(fits, customers) -> None:
    weeks = (52, 104)
    before, made = (foreseen(fits, customers, found, horizons=weeks) for found in (None, shared(0.2, 0.5)))
    np.testing.assert_allclose(np.log(made[0, :, 0].mean(axis=1) / before[0, :, 0].mean(axis=1)), 0.4, atol=0.05)


@pytest.mark.parametrize(("size", "growth"), [(-2.0, -0.9), (-2.0, 0.9), (1.5, -0.9), (-4.0, 0.0)])
def test_cumulative_orders_never_fall(size, growth, fits, customers) -> None:
    made = foreseen(fits, customers, shared(size, growth), horizons=range(1, 60), draws=100)
    assert (np.diff(made[0], axis=0) >= 0).all() and np.isfinite(made).all()
    assert made[0, -1, 0].mean() > made[0, 0, 0].mean()


def test_amounts_are_multiplied_and_orders_are_not(fits, customers, plain) -> None:
    made = valued(fits, customers, discrepancy=shared(amount=0.25))
    np.testing.assert_array_equal(worth(made.total, "orders"), worth(plain.total, "orders"))
    np.testing.assert_allclose(worth(made.total, "revenue"), math.exp(0.25) * worth(plain.total, "revenue"), rtol=1e-9)
    np.testing.assert_allclose(made.customers["value_mean"], math.exp(0.25) * plain.customers["value_mean"], rtol=1e-9)


def test_each_customers_expected_orders_are_moved(fits, customers, plain) -> None:
    made = valued(fits, customers, discrepancy=shared(0.3))
    assert made.customers["expected_orders"].sum() / plain.customers["expected_orders"].sum() == pytest.approx(math.exp(0.3), rel=0.03)
    alive = plain.customers["expected_orders"] > 0.01
    assert (made.customers["expected_orders"] > plain.customers["expected_orders"])[alive].all()
    np.testing.assert_allclose(made.customers["p_alive"], plain.customers["p_alive"], rtol=1e-12)


def test_no_discrepancy_at_all_is_a_discrepancy_of_nothing(fits, customers, plain) -> None:
    made = valued(fits, customers, discrepancy=shared(), levers=["churn", "rate", "spend"])
    np.testing.assert_allclose(made.total, plain.total, rtol=1e-9, atol=1e-6)
    for column in plain.cash:
        np.testing.assert_allclose(made.cash[column], plain.cash[column], rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(made.newcomers[column].sel(moment="mean"), plain.newcomers[column].sel(moment="mean"), rtol=1e-4)
        np.testing.assert_allclose(made.levers[column], plain.levers[column], rtol=1e-9, atol=1e-6)
    pd.testing.assert_frame_equal(made.customers, plain.customers, rtol=1e-6)
    np.testing.assert_allclose(made.spread["systematic_sd"] / made.spread["sd"], 0, atol=1e-6)


# levels' own ----------------------------------------------------------------------------------------------------------------------------


def test_a_levels_own_error_moves_it_and_leaves_the_total(fits, customers, base) -> None:
    made = foreseen(fits, customers, shared(own=own({"Health": 0.4, "Mills": 0.0, "Retail": 0.0})))
    moved = np.log(made[0, 2].mean(axis=1) / base[0, 2].mean(axis=1))
    assert moved[0] == pytest.approx(0.0, abs=0.06)
    assert moved[1] - moved[2] == pytest.approx(0.4, abs=0.06) and moved[2] == pytest.approx(moved[3], abs=0.03)
    assert moved[1] > 0 > moved[2]


def test_what_all_levels_have_alike_is_none_of_their_own(fits, customers, base) -> None:
    alike = shared(own=own(dict.fromkeys(INDUSTRIES, 0.5), dict.fromkeys(INDUSTRIES, 0.5)))
    np.testing.assert_allclose(foreseen(fits, customers, alike), base, rtol=1e-9)


def test_a_levels_own_amount_is_its_own(fits, customers, base) -> None:
    made = foreseen(fits, customers, shared(own=own(dict.fromkeys(INDUSTRIES, 0.0), {"Health": 0.4, "Mills": 0.0, "Retail": 0.0})))
    np.testing.assert_array_equal(made[0], base[0])
    moved = np.log(made[1, 2].mean(axis=1) / base[1, 2].mean(axis=1))
    assert moved[1] - moved[2] == pytest.approx(0.4, abs=1e-6) and moved[2] == pytest.approx(moved[3], abs=1e-6)
    assert moved[1] > 0 > moved[2]


def test_a_level_that_was_never_graded_is_drawn_with_the_spread_of_levels(fits, customers, base) -> None:
    found = own({"Mills": 0.0, "Retail": 0.0}, sd=0.5)
    made = foreseen(fits, customers, shared(own=found))[0, 2]
    assert np.log(made[1] / base[0, 2, 1]).std() > 1.3 * np.log(made[2] / base[0, 2, 2]).std()
    # it is what it differs from the others by, since the total stays
    assert np.log(made[1] / made[2]).var() - np.log(base[0, 2, 1] / base[0, 2, 2]).var() == pytest.approx(0.25, rel=0.2)


def test_a_column_that_customers_do_not_have_is_left_out(fits, customers, base) -> None:
    unknown = {"region": own(dict.fromkeys(INDUSTRIES, 0.5))["industry"]}
    np.testing.assert_allclose(foreseen(fits, customers, shared(own=unknown)), base, rtol=1e-9)


# adding up ------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moved(fits, customers):
    """All that a discrepancy can be."""
    random = np.random.default_rng(4)
    found = own({"Health": 0.2, "Mills": -0.1}, {"Health": -0.1, "Mills": 0.2}, sd=0.2)
    growth = random.uniform(-0.9, 0.9, DRAWS)
    evidence = pd.DataFrame({"what": ["orders", "orders by industry"], "origins": 4, "sd": 0.3, "between_sd": [0.0, 0.1]})
    return shared(normals(0.3), growth, normals(0.1, seed=2), own=found, evidence=evidence)


@pytest.fixture(scope="module")
def of_moved(fits, customers, moved):
    return valued(fits, customers, discrepancy=moved)


def test_customers_levels_and_periods_add_up(of_moved) -> None:
    for cash in of_moved.cash.values():
        np.testing.assert_allclose(cash.sum("level"), of_moved.total, rtol=1e-9, atol=1e-9)
    assert of_moved.customers["value_mean"].sum() == pytest.approx(worth(of_moved.total).mean(), rel=1e-9)
    assert of_moved.passed


def test_a_saved_valuation_comes_back_with_what_moved_it(of_moved, moved, tmp_path) -> None:
    again = load(save(of_moved, tmp_path / "valuation"))
    assert isinstance(again, Valuation)
    xr.testing.assert_identical(again.total, of_moved.total)
    pd.testing.assert_frame_equal(again.spread, of_moved.spread, check_exact=True)
    pd.testing.assert_frame_equal(again.discrepancy, moved.evidence)


def test_the_order_of_customers_changes_nothing(fits, customers, moved, of_moved) -> None:
    order = np.random.default_rng(0).permutation(len(customers))
    statistics, segments = (frame.iloc[order].reset_index(drop=True) for frame in (customers.statistics, customers.segments))
    made = valued(fits, replace(customers, statistics=statistics, segments=segments), discrepancy=moved)
    np.testing.assert_allclose(made.total, of_moved.total, rtol=1e-9)
    pd.testing.assert_frame_equal(made.customers.sort_values("customer_id", ignore_index=True), of_moved.customers, rtol=1e-9)


def test_the_unit_of_time_changes_nothing(fits, customers, moved, of_moved) -> None:
    statistics = customers.statistics
    days = replace(customers, statistics=statistics.assign(recency=7 * statistics["recency"], T=7 * statistics["T"]), unit="day")
    made = valued((shifted(fits[0], "log_rate", -math.log(7), "day"), fits[1]), days, discrepancy=moved)
    np.testing.assert_allclose(made.total, of_moved.total, rtol=1e-6)
    np.testing.assert_allclose(made.newcomers[""], of_moved.newcomers[""], rtol=1e-6)


def test_a_shorter_horizon_is_the_beginning_of_a_longer_one(fits, customers, moved) -> None:
    short, long = (foreseen(fits, customers, moved, horizons=weeks) for weeks in ((13,), HORIZONS))
    np.testing.assert_allclose(short[:, 0], long[:, 0], rtol=1e-9)


# no second, narrower truth --------------------------------------------------------------------------------------------------------------


def test_the_total_and_every_level_and_period_are_wider(plain, wide) -> None:
    """By about what both errors make together; not of a tenth of that, as if one part did not know of it."""
    both = math.hypot(WIDE, WIDE)
    for before, after in [(plain.total, wide.total), *((plain.cash[column], wide.cash[column]) for column in plain.cash)]:
        was, now = (np.log(worth(cash)).std(axis=0) for cash in (before, after))
        np.testing.assert_allclose(np.sqrt(now**2 - was**2), both, rtol=0.2)
    for component, added in (("orders", WIDE), ("revenue", both), ("contribution", both), ("value", both)):
        was, now = (np.log(cash.sel(component=component).to_numpy()).std(axis=0) for cash in (plain.total, wide.total))
        whole = np.array([period.end - period.start > 0.2 for period in plain.periods])
        np.testing.assert_allclose(np.sqrt(now**2 - was**2)[whole], added, rtol=0.25, err_msg=component)


def test_every_customer_is_wider(plain, wide) -> None:
    worthy = plain.customers["value_mean"] > plain.customers["value_mean"].median()
    was, now = (made.customers["value_sd"][worthy] / made.customers["value_mean"][worthy] for made in (plain, wide))
    assert (now > was).mean() > 0.95 and (now / was).median() > 1.02
    # two accounts of hundreds of orders, of which nearly all is known
    best = plain.customers["value_mean"].nlargest(2).index
    assert (now[best] ** 2 - was[best] ** 2).pow(0.5).min() > 0.4


def test_newcomers_are_wider(plain, wide) -> None:
    """What follows the first order, on average, in every draw; and the noise of one of them goes with it."""
    for column in plain.newcomers:
        was, now = (relative_sd(made.newcomers[column].sel(moment="residual").to_numpy()) for made in (plain, wide))
        np.testing.assert_allclose(np.sqrt(now**2 - was**2), math.hypot(WIDE, WIDE), rtol=0.35)
        of_one = wide.newcomers[column].sel(moment="variance").to_numpy()
        assert (relative_sd(of_one) > 2 * relative_sd(plain.newcomers[column].sel(moment="variance").to_numpy())).all()


def test_a_newcomers_first_order_is_an_order_too(plain, wide) -> None:
    was, now = (relative_sd(made.newcomers[""].sel(moment="first_order").to_numpy()) for made in (plain, wide))
    np.testing.assert_allclose(np.sqrt(now**2 - was**2), WIDE, rtol=0.3)


def test_levers_are_wider_at_every_size_and_so_is_what_they_bring(plain, wide) -> None:
    for column in plain.levers:
        was, now = (made.levers[column].transpose("draw", ...).to_numpy() for made in (plain, wide))
        assert (relative_sd(now) > 1.2 * relative_sd(was)).all()
    was, now = (made.levers[""].isel(level=0) for made in (plain, wide))
    for lever in ("churn", "rate", "spend"):
        gain_was, gain_now = ((found.sel(lever=lever, size=1.5) - found.sel(lever=lever, size=1.0)).to_numpy() for found in (was, now))
        assert gain_now.std() > 1.5 * gain_was.std()
    np.testing.assert_array_equal(now.sel(lever="rate", size=1.0), worth(wide.total))


def test_checks_hold_of_a_valuation_that_is_moved(wide) -> None:
    assert {check.check for check in wide.checks} >= {"Simulation", "Sums"}
    assert wide.passed and wide.discrepancy["sd"].tolist() == [WIDE]


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_checks_hold_of_all_that_a_discrepancy_can_be(seed, fits, customers, moved) -> None:
    made = valued(fits, customers, replace(ECONOMICS, spend_growth=0.1, discount_rate={1: 0.3, 2: 0.05}), discrepancy=moved, seed=seed)
    assert made.passed, [check.message for check in made.checks]


# the spread and its parts ---------------------------------------------------------------------------------------------------------------


def test_squares_of_the_parts_add_up_and_the_systematic_one_is_most_of_it(plain, wide, of_moved) -> None:
    for made in (plain, wide, of_moved):
        parts = sum(made.spread[f"{name}_sd"] ** 2 for name in ("process", "parameter", "systematic"))
        np.testing.assert_allclose(parts, made.spread["sd"] ** 2, rtol=1e-9)
    assert (plain.spread["systematic_sd"] == 0).all()
    assert (wide.spread["systematic_sd"] > 0.85 * wide.spread["sd"]).all()


@pytest.mark.parametrize(("orders", "amounts"), [(0.15, 0.1), (0.25, 0.15)])
def test_the_other_parts_stay_about_what_they_were(orders, amounts) -> None:
    """What chance and parameters make does not grow by what moves all at once: of many customers, whose total chance hardly moves."""
    base = made_up_customers(6000, segments={"one": ["all"]})
    fits = made_up_fits(base, sd=0.05, pool=())
    found = shared(normals(orders), 0.0, normals(amounts, seed=2))
    was, now = (valued(fits, base, discrepancy=given, newcomers=False).spread.iloc[0] for given in (None, found))
    for part in ("process_sd", "parameter_sd"):
        assert now[part] == pytest.approx(was[part], rel=0.25)


def test_a_levels_own_error_is_systematic(fits, customers) -> None:
    found = own({"Mills": 0.0, "Retail": 0.0}, sd=0.6)
    spread = valued(fits, customers, discrepancy=shared(own=found)).spread.set_index("level")
    assert spread.loc["Health", "systematic_sd"] > 0.6 * spread.loc["Health", "sd"]
    assert spread.loc["all customers", "systematic_sd"] < 0.5 * spread.loc["all customers", "sd"]


# seasons --------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def young():
    """Under two years, in weeks."""
    made = made_up_customers(200)
    statistics = made.statistics
    return replace(made, statistics=statistics.assign(T=0.6 * statistics["T"], recency=0.6 * statistics["recency"]))


@pytest.fixture(scope="module")
def seasonal(young):
    return made_up_fit(mbg_nbd(season=True), young)


@pytest.fixture(scope="module")
def spend(young):
    return made_up_fit(gamma_gamma(), young)


def test_a_season_of_less_than_two_years_is_refused_alone(young, seasonal, spend) -> None:
    with pytest.raises(ArgumentError, match="fewer than 24 months, and there are 20"):
        valued((seasonal, spend), young, draws=100)
    with pytest.raises(ArgumentError, match="fewer than 24 months"):
        valued(((seasonal,), spend), young, draws=100)
    assert valued((seasonal, spend), young, draws=100, discrepancy=shared()).passed
    assert valued((made_up_fit(mbg_nbd(), young), spend), young, draws=100).passed


def test_a_season_of_two_years_needs_no_help(young, spend) -> None:
    statistics = young.statistics
    old = replace(young, statistics=statistics.assign(T=1.2 * statistics["T"], recency=1.2 * statistics["recency"]))
    assert old.statistics["T"].max() > 104.5
    assert valued((made_up_fit(mbg_nbd(season=True), old), spend), old, draws=100).passed


def test_a_season_is_refused_pooled_with_itself(young, seasonal, spend) -> None:
    """Only a level knows what a season does not."""
    with pytest.raises(ArgumentError, match="fewer than 24 months"):
        valued(((seasonal, seasonal), spend), young, draws=100)


def test_a_season_pooled_with_a_level_is_half_each(young, seasonal, spend) -> None:
    level = made_up_fit(mbg_nbd(level=True), young)
    made = valued(((seasonal, level), spend), young, draws=200)
    assert made.passed and made.spread["systematic_sd"][0] > 0
    both = foreseen(((seasonal, level), spend), young)[0, 2, 0]
    for k, fit in enumerate((seasonal, level)):
        alone = foreseen(((fit,), spend), young)[0, 2, 0]
        error = math.hypot(both[k::2].std() / math.sqrt(DRAWS / 2), alone.std() / math.sqrt(DRAWS))
        assert abs(both[k::2].mean() - alone.mean()) < 4 * error


def test_a_level_of_one_year_is_pooled_month_by_month(young, seasonal, spend) -> None:
    """It has as many effects as there are months of the year, and they are others."""
    level = made_up_fit(mbg_nbd(level=True), young)
    tree = xr.DataTree.from_dict({"posterior": level.posterior["posterior"].to_dataset().isel(bin=slice(12, None))})
    tree.attrs = level.posterior.attrs
    year = replace(level, posterior=tree)
    both, alone = (foreseen((fits, spend), young)[0, 2, 0] for fits in ((seasonal, year), (year,)))
    error = math.hypot(both[1::2].std() / math.sqrt(DRAWS / 2), alone.std() / math.sqrt(DRAWS))
    assert abs(both[1::2].mean() - alone.mean()) < 4 * error


def test_a_discrepancy_moves_only_the_half_without_a_level(young, seasonal, spend) -> None:
    """A level has its own spread; amounts, of which it knows nothing, move in both."""
    level = made_up_fit(mbg_nbd(level=True), young)
    before, after = (foreseen(((seasonal, level), spend), young, found) for found in (None, shared(0.5, amount=0.2)))
    np.testing.assert_array_equal(after[0, :, 0, 1::2], before[0, :, 0, 1::2])
    np.testing.assert_allclose(np.log(after[0, :, 0, ::2].mean(axis=1) / before[0, :, 0, ::2].mean(axis=1)), 0.5, atol=0.05)
    np.testing.assert_allclose(after[1, :, 0, 1::2], math.exp(0.2) * before[1, :, 0, 1::2], rtol=1e-9)


def test_a_season_moves_by_as_much(young, seasonal, spend) -> None:
    before, after = (foreseen(((seasonal,), spend), young, found) for found in (None, shared(0.3, 0.4)))
    for h, weeks in enumerate(HORIZONS):
        ratio = after[0, h, 0].mean() / before[0, h, 0].mean()
        assert math.log(ratio) == pytest.approx(0.3 * (weeks / 13) ** 0.4, abs=0.04)


def test_customers_without_dates_cannot_be_moved(fits, customers) -> None:
    with pytest.raises(ArgumentError, match="without a valuation date"):
        valued(fits, replace(customers, until=None), discrepancy=shared())
    assert customers.until == UNTIL
