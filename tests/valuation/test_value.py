"""Values of made-up fits: sums, identities, invariances, closed forms, refusals."""

import importlib
import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from valuation.made_up_fits import PURCHASES, SPEND, UNTIL, made_up_customers, made_up_fit, made_up_fits, shifted

from clvbayes.errors import ArgumentError
from clvbayes.inference import CheckResult
from clvbayes.models import lognormal
from clvbayes.models.gamma_gamma import GammaGamma
from clvbayes.models.mbg_nbd import MbgNbd
from clvbayes.models.purchasing import future_moments
from clvbayes.valuation import COMPONENTS, Economics, Valuation, value

MODULE = importlib.import_module("clvbayes.valuation.value")
EVENTS = importlib.import_module("clvbayes.valuation.events")
ECONOMICS = Economics(margin=0.35, discount_rate=0.09, horizon=2)
WEEKS = 365.25 / 7


@pytest.fixture(scope="module")
def customers():
    return made_up_customers(currency="EUR")


@pytest.fixture(scope="module")
def fits(customers):
    return made_up_fits(customers)


def valued(fits, customers, economics=ECONOMICS, *, draws=300, seed=1, **options) -> Valuation:
    return value(*fits, customers, economics, draws=draws, seed=seed, progress=False, **options)


@pytest.fixture(scope="module")
def valuation(fits, customers):
    return valued(fits, customers)


def worth(cash: xr.DataArray) -> np.ndarray:
    return cash.sel(component="value").sum("period").to_numpy()


def assert_same(one: Valuation, other: Valuation) -> None:
    """To the byte."""
    xr.testing.assert_identical(one.total, other.total)
    assert one.cash.keys() == other.cash.keys()
    for column, cash in one.cash.items():
        xr.testing.assert_identical(cash, other.cash[column])
    pd.testing.assert_frame_equal(one.customers, other.customers, check_exact=True)


# sums and identities --------------------------------------------------------------------------------------------------------------------


def test_the_levels_of_every_column_add_up_to_the_total_draw_by_draw(valuation) -> None:
    assert set(valuation.cash) == {"industry", "channel"}
    for cash in valuation.cash.values():
        assert cash.dims == ("draw", "level", "period", "component")
        np.testing.assert_allclose(cash.sum("level"), valuation.total, rtol=1e-9)
    assert list(valuation.cash["industry"]["level"].to_numpy()) == ["Health", "Mills", "Retail"]


def test_a_fit_that_failed_its_certificate_is_named(fits, customers, valuation) -> None:
    purchases, spend = fits
    failed = replace(spend.certificate, results=(CheckResult("R-hat", "failed", "R-hat is 1.3"),))
    found = value(purchases, replace(spend, certificate=failed), customers, ECONOMICS, draws=100, newcomers=False, seed=1, progress=False)
    assert found.uncertified == ("Gamma-Gamma",)
    assert valuation.uncertified == ()


def test_draws_say_what_they_are(valuation) -> None:
    assert valuation.total.dims == ("draw", "period", "component")
    assert tuple(valuation.total["component"].to_numpy()) == COMPONENTS
    assert [str(label) for label in valuation.total["period"].to_numpy()] == [period.label for period in valuation.periods]
    for cash in (valuation.total, *valuation.cash.values()):
        assert cash.attrs["kind"] == "predictive"
        assert (cash.attrs["currency"], cash.attrs["seed"]) == ("EUR", 1)
    assert valuation.economics == replace(ECONOMICS, currency="EUR")


def test_components_follow_from_one_another(valuation, fits, customers) -> None:
    orders, revenue, returned, cost, contribution, discounted = (valuation.total.sel(component=name).to_numpy() for name in COMPONENTS)
    assert (orders == np.floor(orders)).all() and orders.sum() > 1000
    np.testing.assert_allclose(contribution, 0.35 * revenue, rtol=1e-12)
    assert not cost.any() and not returned.any()
    assert (discounted <= contribution).all() and (discounted > 0).any()
    for k, period in enumerate(valuation.periods):
        # discounted by the day of each order, which lies within its period
        some = contribution[:, k] > 0
        factor = discounted[some, k] / contribution[some, k]
        assert (
            ECONOMICS.discount_factor(period.end) - 1e-12 <= factor.min() <= factor.max() <= ECONOMICS.discount_factor(period.start) + 1e-12
        )
    free = valued(fits, customers, replace(ECONOMICS, discount_rate=0.0))
    np.testing.assert_allclose(free.total.sel(component="value"), free.total.sel(component="contribution"), rtol=1e-12)
    np.testing.assert_allclose(free.total.sel(component="revenue"), valuation.total.sel(component="revenue"), rtol=1e-12)


def test_customers_and_levels_tell_one_story(valuation, customers) -> None:
    table = valuation.customers
    own = ["customer_id", "p_alive", "p_no_order", "expected_orders", "value_mean", "value_sd", "value_5", "value_50", "value_95"]
    own.append("p_top_tenth")
    assert list(table.columns) == [*own, "industry", "channel"]
    assert table["customer_id"].tolist() == customers.statistics["customer_id"].tolist()
    assert table["value_mean"].sum() == pytest.approx(worth(valuation.total).mean(), rel=1e-9)
    by_level = table.groupby("industry")["value_mean"].sum()
    np.testing.assert_allclose(by_level, worth(valuation.cash["industry"]).mean(axis=0), rtol=1e-9)
    assert table["p_alive"].between(0, 1).all() and table["p_alive"].nunique() > 50
    assert (
        (table["value_5"] >= 0).all() and (table["value_5"] <= table["value_50"]).all() and (table["value_50"] <= table["value_95"]).all()
    )
    assert (table["value_sd"] >= 0).all() and (table["expected_orders"] >= 0).all()


def test_the_table_holds_the_closed_forms_of_all_draws(valuation, fits, customers) -> None:
    table, statistics = valued(fits, customers, draws=500).customers, customers.statistics
    levels = (
        fits[0]
        .posterior["posterior"]["industry_level"]
        .stack(sample=("chain", "draw"))
        .sel(industry=customers.segments["industry"].to_numpy())
    )
    coordinates = levels.transpose("coordinate", "industry", "sample").to_numpy()
    known = [statistics[name].to_numpy()[:, None] for name in ("frequency", "recency", "T")]
    np.testing.assert_allclose(table["p_alive"], MbgNbd().p_alive(coordinates, *known).mean(axis=1), rtol=1e-9)
    expected = fits[0].model.expected_discounted_orders(coordinates, *known, horizon=WEEKS, discount=0.0).mean(axis=1)
    assert table["expected_orders"].sum() == pytest.approx(expected.sum(), rel=0.02)


def test_customers_of_all_kinds_have_plausible_values(valuation, customers) -> None:
    table, T = valuation.customers, customers.statistics["T"]
    assert np.isfinite(table.select_dtypes("number")).all(axis=None)
    new, heavy = table[T == 0], table[customers.statistics["frequency"] == 500]
    assert len(new) == 5 and len(heavy) == 2
    # 500 orders in 150 weeks, and some time since the last one
    assert (heavy["expected_orders"] < 500 / 150 * WEEKS).all()
    # a new customer has bought once, and may have left at once; the same for all five but for their industry
    dropout = 1 / (1 + math.exp(-PURCHASES[2]))
    assert new["p_alive"].to_numpy() == pytest.approx(np.full(5, 1 - dropout), abs=0.15)
    # whoever may still buy has a value of their own
    assert not table.loc[table["value_mean"] > 0, "value_mean"].duplicated().any()
    assert table.loc[table["p_alive"] > 0.1, "value_sd"].min() > 0


def test_orders_fall_into_the_right_periods(customers) -> None:
    """Against the closed form of each period, which knows nothing of the simulation."""
    fits = made_up_fits(customers, pool=(), sd=1e-9)
    made = valued(fits, customers, replace(ECONOMICS, period="month"), draws=600)
    statistics = customers.statistics

    def expected_by(years):
        known = [statistics[name].to_numpy() for name in ("frequency", "recency", "T")]
        return fits[0].model.expected_discounted_orders(PURCHASES[:, None], *known, horizon=years * WEEKS, discount=0.0).sum()

    for k, period in enumerate(made.periods):
        orders = made.total.sel(component="orders").to_numpy()[:, k]
        expected = expected_by(period.end) - (expected_by(period.start) if period.start else 0.0)
        assert abs(orders.mean() - expected) < 4 * orders.std() / math.sqrt(len(orders))


# moments --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frequency", [2, 12])
def test_predictive_variance_is_that_of_expectations_and_of_the_process(frequency) -> None:
    """A base of equal customers: the variance of what is expected of it, and the closed-form variance of what then happens."""
    count, draws = 40, 4000
    base = made_up_customers(count)
    recency, T, total = 30.0, 36.0, 75.0 * frequency
    same = {"frequency": frequency, "recency": recency, "T": T, "spend_count": frequency, "spend_sum": total}
    base = replace(base, statistics=base.statistics.assign(**same))
    fits = made_up_fits(base, pool=(), sd=0.12, draws=draws // 2)
    made = worth(valued(fits, base, draws=draws).total)

    purchase, spend = (fit.posterior["posterior"]["population"].to_numpy().reshape(draws, -1).T for fit in fits)
    end = valued(fits, base, draws=100).periods[-1].end
    horizon, discount = end * WEEKS, math.log(1.09) / WEEKS
    orders = fits[0].model.expected_discounted_orders(purchase, frequency, recency, T, horizon=horizon, discount=discount)
    amount = fits[1].model.amount_moments(spend, frequency, total)[0]
    mean = orders.mean() * amount.mean() * 0.35 * count
    of_expectations = (np.square(orders).mean() * np.square(amount).mean() - orders.mean() ** 2 * amount.mean() ** 2) * (0.35 * count) ** 2

    # latent states by NumPy, moments given them in closed form (method book 1.2 and 1.8)
    rng = np.random.default_rng(6)
    log_rate, log_shape, logit, log_concentration = (row[:, None] for row in purchase)
    r, alpha, concentration = np.exp(log_shape), np.exp(log_shape - log_rate), np.exp(log_concentration)
    a = concentration / (1 + np.exp(-logit))
    rate = rng.gamma(r + frequency, 1 / (alpha + T), (draws, 400))
    leave = rng.beta(a, concentration - a + frequency + 1, (draws, 400))
    _, squares, pairs = future_moments(rate, rate * leave, 1 - leave, horizon=horizon, discount=discount)
    alive = MbgNbd().p_alive(purchase, frequency, recency, T)
    squares, pairs = (float((alive * part.mean(axis=1)).mean()) for part in (squares, pairs))
    p, q = np.exp(-2 * spend[1]), 2 + np.exp(-2 * spend[2])
    gamma = np.exp(spend[0]) * (q - 1) / p
    shape = p * frequency + q
    inverse_squared = (gamma + total) ** 2 / ((shape - 1) * (shape - 2))
    second = np.mean(p * (p + 1) * inverse_squared) * squares + np.mean(p**2 * inverse_squared) * pairs
    of_process = count * 0.35**2 * (second - np.square(orders).mean() * np.square(amount).mean())

    off = np.square(made - made.mean())
    error = off.std() / math.sqrt(draws)
    assert abs(off.mean() - of_expectations - of_process) < 4 * error
    assert min(of_expectations, of_process) > 4 * error
    assert abs(made.mean() - mean) < 4 * made.std() / math.sqrt(draws)


# invariances ----------------------------------------------------------------------------------------------------------------------------


def test_the_unit_of_time_changes_nothing(fits, customers, valuation) -> None:
    statistics = customers.statistics
    days = replace(customers, statistics=statistics.assign(recency=7 * statistics["recency"], T=7 * statistics["T"]), unit="day")
    made = valued((shifted(fits[0], "log_rate", -math.log(7), "day"), fits[1]), days)
    np.testing.assert_allclose(made.total, valuation.total, rtol=1e-9)
    np.testing.assert_allclose(made.cash["channel"], valuation.cash["channel"], rtol=1e-9)
    pd.testing.assert_frame_equal(made.customers, valuation.customers, rtol=1e-9)


def test_the_currency_multiplies_money_and_leaves_orders(fits, customers, valuation) -> None:
    cents = replace(customers, statistics=customers.statistics.assign(spend_sum=100 * customers.statistics["spend_sum"]))
    made = valued((fits[0], shifted(fits[1], "log_mean", math.log(100))), cents)
    factor = xr.DataArray([1.0, *[100.0] * 5], coords={"component": list(COMPONENTS)})
    np.testing.assert_allclose(made.total, (valuation.total * factor).transpose(*made.total.dims), rtol=1e-9)
    np.testing.assert_allclose(made.customers["value_95"], 100 * valuation.customers["value_95"], rtol=1e-9)
    np.testing.assert_allclose(made.customers["expected_orders"], valuation.customers["expected_orders"], rtol=1e-12)


def test_new_customer_ids_change_values_by_chance_alone(fits, customers, valuation) -> None:
    renamed = replace(customers, statistics=customers.statistics.assign(customer_id=[f"kunde {k}" for k in range(len(customers))]))
    made = valued(fits, renamed)
    one, other = worth(made.total), worth(valuation.total)
    assert not np.isin(one[one > 0], other).any()
    assert abs(one.mean() - other.mean()) < 4 * math.sqrt((one.var() + other.var()) / len(one))
    assert 0.75 < one.std() / other.std() < 1.33
    np.testing.assert_allclose(made.customers["p_alive"], valuation.customers["p_alive"], rtol=1e-12)


def test_the_order_of_rows_changes_nobodys_value(fits, customers, valuation) -> None:
    order = np.random.default_rng(0).permutation(len(customers))
    shuffled = replace(
        customers,
        statistics=customers.statistics.iloc[order].reset_index(drop=True),
        segments=customers.segments.iloc[order].reset_index(drop=True),
    )
    made = valued(fits, shuffled)
    np.testing.assert_allclose(made.total, valuation.total, rtol=1e-9)
    back = made.customers.sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(back, valuation.customers, check_exact=True)


def test_other_customers_change_nobodys_value(fits, customers, valuation) -> None:
    some = replace(
        customers,
        statistics=customers.statistics.iloc[20:70].reset_index(drop=True),
        segments=customers.segments.iloc[20:70].reset_index(drop=True),
    )
    made = valued(fits, some)
    # who is in the best tenth depends on the others
    own, before = (table.drop(columns="p_top_tenth") for table in (made.customers, valuation.customers))
    pd.testing.assert_frame_equal(own, before.iloc[20:70].reset_index(drop=True), check_exact=True)


def test_renamed_levels_change_no_number(customers, valuation) -> None:
    names = {"Retail": "<script>alert(1)</script>", "Health": "=1+1", "Mills": 'x"; drop table t'}
    renamed = replace(customers, segments=customers.segments.assign(industry=customers.segments["industry"].map(names)))
    # the posterior's levels stand in the order of the old names
    fits = [made_up_fit(model, customers) for model in (MbgNbd(), GammaGamma())]
    for fit in fits:
        group = fit.posterior["posterior"].to_dataset()
        fit.posterior["posterior"] = xr.DataTree(
            group.assign_coords(industry=[names[str(level)] for level in group["industry"].to_numpy()])
        )
    made = valued(fits, renamed)
    xr.testing.assert_identical(made.total, valuation.total)
    for old, new in names.items():
        assert np.array_equal(made.cash["industry"].sel(level=new), valuation.cash["industry"].sel(level=old))


@pytest.mark.parametrize(("cells", "processors"), [(300, 1), (2100, 5), (10**9, 2)], ids=["one by one", "seven a batch", "all at once"])
def test_batches_and_threads_change_no_byte(cells, processors, fits, customers, valuation, monkeypatch) -> None:
    monkeypatch.setattr(EVENTS, "CELLS_AT_ONCE", cells)
    monkeypatch.setattr(EVENTS.os, "cpu_count", lambda: processors)
    made = valued(fits, customers)
    assert_same(made, valuation)
    assert made.checks == valuation.checks


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(fits, customers, valuation) -> None:
    assert_same(valued(fits, customers, seed=np.int64(1)), valuation)
    other = worth(valued(fits, customers, seed=2).total)
    assert len(np.intersect1d(other, worth(valuation.total))) == 0


def test_reporting_columns_are_chosen_and_change_no_number(fits, customers, valuation) -> None:
    made = valued(fits, customers, by=("channel",))
    assert list(made.cash) == ["channel"]
    xr.testing.assert_identical(made.total, valuation.total)
    xr.testing.assert_identical(made.cash["channel"], valuation.cash["channel"])
    assert valued(fits, customers, by=()).cash == {}


def test_more_draws_than_the_posterior_has_use_each_equally(fits, customers) -> None:
    made = valued(fits, customers, draws=1000)
    once = valued(fits, customers, draws=500)
    np.testing.assert_allclose(made.customers["p_alive"], once.customers["p_alive"], rtol=1e-9)
    assert np.unique(worth(made.total)).size == 1000


def test_a_level_unseen_by_the_fit_is_valued_with_a_wider_band(fits, customers) -> None:
    # customers of whom nothing is known but their level
    nothing = {"frequency": 0, "recency": 0.0, "T": 0.0, "spend_count": 0, "spend_sum": 0.0}
    fresh = replace(customers, statistics=customers.statistics.assign(**nothing))
    known, new = (valued(fits, replace(fresh, segments=fresh.segments.assign(industry=name)), draws=500) for name in ("Retail", "Ships"))
    assert list(new.cash["industry"]["level"].to_numpy()) == ["Ships"]
    assert np.std(np.log(worth(new.total))) > 1.3 * np.std(np.log(worth(known.total)))
    assert new.checks[0].status == "ok"


# the check ------------------------------------------------------------------------------------------------------------------------------


def test_a_right_simulation_passes_its_check(valuation) -> None:
    assert valuation.checks[0].status == "ok"
    assert "standard errors" in valuation.checks[0].message and valuation.checks[0].advice == ""


@dataclass(frozen=True)
class Forgetful(MbgNbd):
    """Takes a customer who has left for one who has not."""

    def simulate(self, coordinates, batch, **options):
        return super().simulate(coordinates, replace(batch, recency=np.where(batch.frequency > 0, batch.T, 0.0)), **options)


@dataclass(frozen=True)
class Late(MbgNbd):
    """Counts years of purchases that lie behind the horizon."""

    def simulate(self, coordinates, batch, *, horizon, **options):
        futures = super().simulate(coordinates, batch, horizon=1.2 * horizon, **options)
        return replace(futures, time=futures.time / 1.2)


@dataclass(frozen=True)
class Generous(GammaGamma):
    """Leaves out the customer's own amounts."""

    def simulate(self, coordinates, batch, futures, *, seed):
        return 1.3 * super().simulate(coordinates, batch, futures, seed=seed)


@pytest.mark.parametrize("broken", [Forgetful(), Late(), Generous()], ids=["purchases", "times", "amounts"])
def test_a_broken_simulation_fails_its_check(broken, fits, customers) -> None:
    wrong = [replace(fit, model=broken) if fit.model.kind == broken.kind else fit for fit in fits]
    check = valued(wrong, customers, draws=100).checks[0]
    assert check.status == "failed"
    assert "limit 4" in check.message and check.advice


def test_the_check_is_calibrated(fits, customers) -> None:
    """Over seeds, its standard errors are standard normal: neither blind nor nervous."""
    messages = [valued(fits, customers, draws=100, seed=seed).checks[0].message for seed in range(30)]
    z = np.array([float(message.split("%, ")[1].split()[0]) for message in messages])
    assert abs(z.mean()) < 4 / math.sqrt(30)
    assert 0.6 < z.std() < 1.4


@pytest.mark.parametrize("costs", [{"order_cost": 9.0, "service_cost": 30.0}, {"discount_rate": {1: 0.4, 2: 0.0}}], ids=["costs", "curve"])
def test_the_check_knows_costs_and_curves(costs, fits, customers) -> None:
    """The closed form moves with them: by many standard errors of the difference."""
    made = valued(fits, customers, replace(ECONOMICS, **costs), draws=100)
    assert made.checks[0].status == "ok"
    plain = valued(fits, customers, draws=100)
    assert abs(worth(made.total).mean() / worth(plain.total).mean() - 1) > 0.05


# economics ------------------------------------------------------------------------------------------------------------------------------


def component(valuation: Valuation, name: str, column: str | None = None) -> xr.DataArray:
    return (valuation.total if column is None else valuation.cash[column]).sel(component=name)


def test_margins_by_level_are_those_of_the_levels(fits, customers, valuation) -> None:
    margins = {"Retail": 0.1, "Health": 0.5, "Mills": 0.35}
    made = valued(fits, customers, replace(ECONOMICS, margin={"industry": margins}))
    for level, margin in margins.items():
        one, plain = (component(which, "value", "industry").sel(level=level) for which in (made, valuation))
        np.testing.assert_allclose(one, plain * margin / 0.35, rtol=1e-9)
    xr.testing.assert_allclose(component(made, "revenue"), component(valuation, "revenue"), rtol=1e-12)
    np.testing.assert_allclose(component(made, "value", "channel").sum("level"), component(made, "value"), rtol=1e-9)


def test_each_order_and_each_active_period_costs(fits, customers, valuation) -> None:
    made = valued(fits, customers, replace(ECONOMICS, order_cost={"channel": {"Fair": 2.0, "Search": 5.0}}))
    orders = component(valuation, "orders", "channel")
    np.testing.assert_allclose(component(made, "cost", "channel"), orders * xr.DataArray([2.0, 5.0], coords={"level": ["Fair", "Search"]}))
    served = valued(fits, customers, replace(ECONOMICS, service_cost=7.0))
    active = component(served, "cost") / 7.0
    np.testing.assert_allclose(active, np.round(active), atol=1e-9)
    # a customer is active at most once a period, and wherever there is an order
    assert (active <= component(valuation, "orders")).all() and (active.sum() < 0.9 * component(valuation, "orders").sum())
    assert ((active > 0) == (component(valuation, "orders") > 0)).all() and (active <= len(customers)).all()
    for which in (made, served):
        margin_less_cost = 0.35 * component(which, "revenue") - component(which, "cost")
        np.testing.assert_allclose(component(which, "contribution"), margin_less_cost, rtol=1e-9, atol=1e-6)


def test_an_order_may_cost_more_than_it_brings(fits, customers) -> None:
    made = valued(fits, customers, replace(ECONOMICS, order_cost=1000.0))
    assert worth(made.total).mean() < 0 and (made.customers["value_5"] <= 0).all()
    assert made.checks[0].status == "ok"


def test_a_curve_discounts_year_by_year(fits, customers) -> None:
    flat = valued(fits, customers, replace(ECONOMICS, discount_rate={1: 0.09, 2: 0.09}))
    same = valued(fits, customers)
    np.testing.assert_allclose(flat.total, same.total, rtol=1e-12)
    late = valued(fits, customers, replace(ECONOMICS, discount_rate={1: 0.09, 2: 0.5}))
    first_year = [k for k, period in enumerate(late.periods) if period.end <= 1]
    np.testing.assert_allclose(component(late, "value")[:, first_year], component(same, "value")[:, first_year], rtol=1e-12)
    assert (component(late, "value")[:, -1] < component(same, "value")[:, -1]).any()


# levers ---------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moved(fits, customers):
    return valued(fits, customers, levers=("churn", "rate", "spend"))


def test_without_a_move_a_lever_is_the_valuation(moved, valuation) -> None:
    assert_same(moved, valuation)
    assert set(moved.levers) == {"", "industry", "channel"} and valuation.levers == {}
    for lever in ("churn", "rate", "spend"):
        everyone = moved.levers[""].sel(lever=lever)
        np.testing.assert_allclose(everyone.sel(size=1.0)[:, 0], worth(valuation.total), rtol=1e-12)
        for column in ("industry", "channel"):
            np.testing.assert_allclose(moved.levers[column].sel(lever=lever).sum("level"), everyone[:, 0], rtol=1e-9)
    np.testing.assert_allclose(moved.levers["channel"].sel(lever="rate", size=1.0), worth(valuation.cash["channel"]), rtol=1e-12)


def test_levers_move_value_the_right_way_in_every_draw(moved) -> None:
    """The random numbers are the same, so that no draw gets worse by better customers."""
    for lever, direction in (("churn", -1), ("rate", 1), ("spend", 1)):
        steps = moved.levers[""].sel(lever=lever).diff("size") * direction
        assert (steps >= -1e-9).mean() > (0.999 if lever != "rate" else 0.9)
        assert (steps.mean("draw") > 0).all()
    doubled = moved.levers[""].sel(lever="spend")
    np.testing.assert_allclose(doubled.sel(size=1.5), 3 * doubled.sel(size=0.5), rtol=1e-9)


@pytest.mark.parametrize(("lever", "size"), [("rate", 1.5), ("churn", 0.5)])
def test_a_moved_lever_has_the_value_of_customers_who_are_so(lever, size, moved, fits, customers) -> None:
    """Expected value of living customers given their rate and odds of leaving, by the closed form, averaged over their posterior."""
    rng = np.random.default_rng(8)
    posterior = (
        fits[0].posterior["posterior"]["industry_level"].stack(sample=("chain", "draw")).transpose("coordinate", "industry", "sample")
    )
    simulated = moved.levers[""].sel(lever=lever)
    ratio = float(simulated.sel(size=size).mean() / simulated.sel(size=1.0).mean())
    statistics = customers.statistics
    coordinates = posterior.sel(industry=customers.segments["industry"].to_numpy()).to_numpy()[:, :, ::5]
    r, alpha = np.exp(coordinates[1]), np.exp(coordinates[1] - coordinates[0])
    share, concentration = 1 / (1 + np.exp(-coordinates[2])), np.exp(coordinates[3])
    x, T = (statistics[name].to_numpy(dtype=float)[:, None] for name in ("frequency", "T"))
    known = [statistics[name].to_numpy()[:, None] for name in ("frequency", "recency", "T")]
    alive = MbgNbd().p_alive(coordinates, *known)
    rate = rng.gamma(r + x) / (alpha + T)
    leave = rng.beta(share * concentration, (1 - share) * concentration + x + 1)
    mean = fits[1].model.amount_moments(
        SPEND[:, None, None], statistics["spend_count"].to_numpy()[:, None], statistics["spend_sum"].to_numpy()[:, None]
    )[0]

    def expected(rate_factor: float, odds_factor: float) -> float:
        odds = odds_factor * leave / (1 - leave)
        orders, _, _ = future_moments(
            rate_factor * rate, rate_factor * rate * odds / (1 + odds), 1 / (1 + odds), horizon=2 * WEEKS, discount=np.log(1.09) / WEEKS
        )
        return float((alive * orders * mean).sum())

    factors = (size, 1.0) if lever == "rate" else (1.0, size)
    assert ratio == pytest.approx(expected(*factors) / expected(1.0, 1.0), rel=0.02)


# probabilities --------------------------------------------------------------------------------------------------------------------------


def test_who_is_dead_does_not_order_and_who_is_alive_may_not(fits, customers, valuation) -> None:
    table = valuation.customers
    assert (table["p_no_order"] >= 1 - table["p_alive"] - 0.1).all()
    assert ((table["value_mean"] == 0) == (table["p_no_order"] == 1)).all()
    likely = table["p_no_order"] < 0.5
    assert 0 < likely.sum() < len(table)
    assert ((table["value_50"] > 0) == likely).all()


def test_a_tenth_of_the_customers_is_in_the_best_tenth(fits, customers, valuation) -> None:
    assert valuation.customers["p_top_tenth"].sum() == pytest.approx(0.1 * len(customers), abs=0.5)
    assert valuation.customers[["p_top_tenth", "value_mean"]].corr("spearman").iloc[0, 1] > 0.9


def test_the_best_tenth_is_told_from_some_of_many(fits, customers, valuation, monkeypatch) -> None:
    """With the threshold from half of the customers probabilities stay about the same, and rows may come in any order."""
    monkeypatch.setattr(MODULE, "RANKED_CUSTOMERS", 60)
    made = valued(fits, customers)
    assert np.abs(made.customers["p_top_tenth"] - valuation.customers["p_top_tenth"]).max() < 0.25
    order = np.random.default_rng(4).permutation(len(customers))
    shuffled = replace(
        customers,
        statistics=customers.statistics.iloc[order].reset_index(drop=True),
        segments=customers.segments.iloc[order].reset_index(drop=True),
    )
    back = valued(fits, shuffled).customers.sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(back, made.customers, check_exact=True)


def test_values_are_held_against_the_cost_of_acquisition(fits, customers, valuation) -> None:
    costs = {"Fair": 0.01, "Search": 1e9}
    table = valued(fits, customers, replace(ECONOMICS, acquisition_cost={"channel": costs})).customers
    fair = table["channel"] == "Fair"
    np.testing.assert_allclose(table.loc[fair, "p_below_acquisition_cost"], table.loc[fair, "p_no_order"], atol=0.02)
    assert (table.loc[~fair, "p_below_acquisition_cost"] == 1).all()
    pd.testing.assert_frame_equal(table.drop(columns="p_below_acquisition_cost"), valuation.customers, check_exact=True)


# periods and refusals -------------------------------------------------------------------------------------------------------------------


def test_a_horizon_of_one_day_is_a_horizon(fits, customers) -> None:
    made = valued(fits, customers, replace(ECONOMICS, horizon=0.001))
    assert len(made.periods) == 1 and made.periods[0].first_day == made.periods[0].last_day
    assert worth(made.total).mean() < 20 * SPEND[0]


def test_without_a_valuation_date_periods_are_numbered_and_values_the_same(fits, customers, valuation) -> None:
    made = valued(fits, replace(customers, until=None))
    assert [str(label) for label in made.total["period"].to_numpy()][:2] == ["+1", "+2"]
    assert worth(made.total).mean() == pytest.approx(worth(valuation.total).mean(), rel=0.01)
    assert UNTIL.month == 11  # the dated one begins with a stub
    assert valuation.periods[0].label == "2026 Q4 (part)"


def test_what_cannot_be_valued_is_refused(fits, customers) -> None:
    purchases, spend = fits
    day = replace(customers, unit="day")
    for arguments, options, message in [
        ((spend, purchases, customers), {}, "value needs a purchase fit, then a spend fit, not gamma_gamma and mbg_nbd"),
        ((purchases, purchases, customers), {}, "not mbg_nbd and mbg_nbd"),
        ((purchases, spend, day), {}, "the purchase fit counts time in weeks, these customers in days"),
        ((customers, purchases, spend), {}, r"value takes a purchase fit .* in this order, not Customers, Fit, Fit, Economics"),
        ((purchases, spend, customers.to_frame()), {}, r"returns, and clv.Economics, in this order, not Fit, Fit, DataFrame, Economics"),
        (([purchases, "x"], spend, customers), {}, r"in this order, not Fit, str, Fit, Customers, Economics"),
        ((purchases, spend, customers), {"economics": 0.35}, r"in this order, not Fit, Fit, Customers, float"),
        ((purchases, spend, customers), {"by": "industry"}, r"by must be a list of columns; write \('industry',\)"),
        (
            (purchases, spend, customers),
            {"by": ("industri",)},
            "by names 'industri', which is no segment .* they have 'industry', 'channel'",
        ),
        ((purchases, spend, customers), {"draws": 99}, "draws must be a whole number of at least 100, not 99"),
        ((purchases, spend, customers), {"draws": 150.5}, "draws must be a whole number"),
        ((purchases, spend, customers), {"seed": -1}, "seed must be a whole number of at least 0"),
        ((purchases, spend, customers), {"seed": 2**63}, "seed must be"),
        ((purchases, spend, customers), {"seed": 1.0}, "seed must be a whole number"),
        ((purchases, spend, customers), {"seed": True}, "seed must be a whole number"),
        (
            (purchases, spend, customers),
            {"economics": replace(ECONOMICS, currency="USD")},
            "the economics are in USD, the customers' amounts in EUR",
        ),
        ((purchases, spend, replace(customers, segments=customers.segments[["channel"]])), {"by": ()}, "pool names 'industry'"),
    ]:
        given = {"economics": ECONOMICS, "draws": 100, "seed": 1, "progress": False} | options
        with pytest.raises(ArgumentError, match=message):
            value(*arguments, given.pop("economics"), **given)


@pytest.mark.parametrize("levers", ["churn", ("retention",), ("churn", "price"), ("churn", "churn")])
def test_levers_that_there_are_not_are_refused(levers, fits, customers) -> None:
    with pytest.raises(ArgumentError, match="levers must be some of churn, rate, spend, in a list, each once"):
        valued(fits, customers, levers=levers)


def test_a_column_twice_nobody_and_means_for_a_model_of_amounts_are_refused(fits, customers) -> None:
    with pytest.raises(ArgumentError, match="by names a column twice"):
        valued(fits, customers, by=["industry", "industry"])
    nobody = replace(customers, statistics=customers.statistics.head(0), segments=customers.segments.head(0))
    with pytest.raises(ArgumentError, match="no customers"):
        valued(fits, nobody)
    logs = (fits[0], made_up_fit(lognormal(), customers, centre=[4.0, -1.15, -1.15]))
    assert np.isfinite(worth(valued(logs, customers, draws=100).total)).all()
    with pytest.raises(ArgumentError, match="lognormal needs single amounts"):
        valued(logs, replace(customers, spend_level="mean"))


def test_the_largest_seed_is_a_seed(fits, customers) -> None:
    assert valued(fits, customers, draws=100, seed=2**63 - 1).total.attrs["seed"] == 2**63 - 1
