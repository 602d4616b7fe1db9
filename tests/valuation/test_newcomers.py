"""Customers yet to be won: against newcomers simulated one by one by NumPy, and what must hold whatever they bring."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm
from valuation.made_up_fits import SPEND, made_up_customers, made_up_fit, made_up_fits, shifted

from clvbayes.errors import ArgumentError
from clvbayes.models import beta_binomial_returns, gamma_gamma, mbg_nbd
from clvbayes.valuation import MOMENTS, NEVER, Acquisition, Economics, Valuation, value
from clvbayes.valuation.first_orders import bootstrap

WEEKS = 365.25 / 7
QUARTER = 0.25
PLAIN = Economics(margin=0.35, discount_rate=0.09, horizon=2)
RICH = Economics(
    margin=0.35,
    discount_rate={1: 0.3, 2: 0.05},
    horizon=2,
    order_cost=4.0,
    return_cost=6.0,
    service_cost=5.0,
    acquisition_cost=60.0,
    spend_growth=0.2,
)
COSTS = replace(RICH, discount_rate=0.09, spend_growth=0.0)
INDUSTRIES = ["Health", "Mills", "Retail"]


@pytest.fixture(scope="module", autouse=True)
def _few_draws_checked():
    """Checks have tests of their own, and would take most of the time here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clvbayes.valuation.checks.CHECKED_DRAWS", 2)
        yield


@pytest.fixture(scope="module")
def customers():
    made = made_up_customers()
    trials = made.statistics["frequency"] + 1.0
    known = {"trials": trials, "touched": 0.2 * trials, "parts": 1.0, "part_mean": 0.5, "part_deviations": 0.0}
    return replace(made, returns=pd.DataFrame(known).assign(pending_orders=0.0, pending_amount=0.0, cancelled=0))


@pytest.fixture(scope="module")
def fits(customers):
    return made_up_fits(customers)


@pytest.fixture(scope="module")
def returns(customers):
    """A third comes back, of some customers nearly everything."""
    return made_up_fit(beta_binomial_returns(), customers, centre=[0.0, 0.5, 0.7, 0.0, 0.0])


def valued(fits, customers, economics=PLAIN, *, draws=500, seed=1, **options) -> Valuation:
    """Five hundred draws use each one of the posterior's just once."""
    return value(*fits, customers, economics, draws=draws, seed=seed, progress=False, **options)


@pytest.fixture(scope="module")
def plain(fits, customers):
    return valued(fits, customers)


@pytest.fixture(scope="module")
def rich(fits, customers, returns):
    return valued(fits, customers, RICH, returns=returns)


def moment(valuation: Valuation, name: str, column: str = "", level: int = 0) -> np.ndarray:
    return valuation.newcomers[column].sel(moment=name)[:, level].to_numpy()


def assert_mean(draws: np.ndarray, expected: float, error: float, rel: float = 0.0) -> None:
    """Within four standard errors of both, and a relative difference that is allowed for."""
    assert abs(draws.mean() - expected) < 4 * math.hypot(error, draws.std() / math.sqrt(len(draws))) + rel * abs(expected)


def standard_error(values: np.ndarray) -> float:
    return float(values.std() / math.sqrt(len(values)))


# the brute force ------------------------------------------------------------------------------------------------------------------------


def discounted(years: np.ndarray, economics: Economics) -> np.ndarray:
    """One rate, or one for the first year and one for what follows."""
    if not isinstance(economics.discount_rate, dict):
        return (1 + economics.discount_rate) ** -years
    first, second = economics.discount_rate[1], economics.discount_rate[2]
    return np.where(years < 1, (1 + first) ** -years, (1 + second) ** -(years - 1) / (1 + first))


def coordinates_of(fit, industry: np.ndarray, draw: np.ndarray) -> np.ndarray:
    levels = fit.posterior["posterior"]["industry_level"].stack(sample=("chain", "draw")).transpose("coordinate", "industry", "sample")
    return levels.sel(industry=INDUSTRIES).to_numpy()[:, industry, draw]


def beta_around(rng: np.random.Generator, logit: np.ndarray, log_concentration: np.ndarray) -> np.ndarray:
    share, concentration = 1 / (1 + np.exp(-logit)), np.exp(log_concentration)
    return rng.beta(share * concentration, (1 - share) * concentration)


def newcomers_by_numpy(fits, customers, economics, *, returns=None, industry=None, count=150_000, seed=0) -> dict[str, np.ndarray]:
    """Newcomers like the customers of the last year, each with a draw of its own: what the first order and all later ones bring.

    `later` and `service` of later periods are apart; `paid` is the period that pays the cost of acquisition back.
    """
    rng = np.random.default_rng(seed)
    like = (customers.statistics["T"] <= WEEKS).to_numpy()
    own = np.ones(len(customers), dtype=bool) if industry is None else (customers.segments["industry"] == industry).to_numpy()
    codes = customers.segments["industry"].map(INDUSTRIES.index).to_numpy()[rng.choice(np.flatnonzero(like & own), count)]
    log_rate, log_shape, logit, log_concentration = coordinates_of(fits[0], codes, rng.integers(0, 500, count))
    rate = rng.gamma(np.exp(log_shape)) / np.exp(log_shape - log_rate)
    leave = beta_around(rng, logit, log_concentration)
    log_mean, log_within, log_between = coordinates_of(fits[1], codes, rng.integers(0, 500, count))
    p, q = np.exp(-2 * log_within), 2 + np.exp(-2 * log_between)
    mean_amount = np.exp(log_mean) * (q - 1) / rng.gamma(q)  # p / nu
    back = np.zeros(count)
    if returns is not None:
        logit, log_concentration, logit_part, _, logit_sd = coordinates_of(returns, codes, rng.integers(0, 500, count))
        part, sd = 1 / (1 + np.exp(-logit_part)), 0.02 + 0.48 / (1 + np.exp(-logit_sd))
        # of a beta distribution: its mean, and a standard deviation that is m (1 - m) / (a + b + 1) under the root
        back = beta_around(rng, logit, log_concentration) * beta_around(rng, logit_part, np.log(part * (1 - part) / sd**2 - 1))
    margin = economics.of_customers("margin", pd.DataFrame({"industry": np.array(INDUSTRIES)[codes]}))
    acquisition_cost = 0.0 if economics.acquisition_cost is None else economics.acquisition_cost

    def contribution(who: np.ndarray, amount: np.ndarray) -> np.ndarray:
        returned = rng.random(len(who)) < back[who]
        return np.where(returned, -economics.return_cost, margin[who] * amount) - economics.order_cost

    everyone = np.arange(count)
    first_amounts = customers.statistics["first_amount"].to_numpy()[own]
    first = contribution(everyone, rng.choice(first_amounts, count)) - economics.service_cost
    worth, later, service = first.copy(), np.zeros(count), np.zeros(count)
    last_period, never = np.zeros(count, dtype=int), math.ceil(economics.horizon / QUARTER)
    paid = np.where(worth >= acquisition_cost, 0, never)
    years, here = np.zeros(count), everyone[rng.random(count) >= leave]
    while len(here):
        years[here] += rng.exponential(1 / rate[here]) / WEEKS
        here = here[years[here] <= economics.horizon]
        factor, period = discounted(years[here], economics), (years[here] / QUARTER).astype(int)
        amount = rng.gamma(p[here]) / p[here] * mean_amount[here] * (1 + economics.spend_growth) ** years[here]
        gain, served = contribution(here, amount) * factor, economics.service_cost * factor * (period != last_period[here])
        last_period[here] = period
        later[here] += gain
        service[here] += served
        worth[here] += gain - served
        paid[here] = np.where((paid[here] == never) & (worth[here] >= acquisition_cost), period, paid[here])
        here = here[rng.random(len(here)) >= leave[here]]
    return {"first": first, "later": later, "service": service, "worth": worth, "paid": paid}


@pytest.fixture(scope="module")
def brute_plain(fits, customers):
    return newcomers_by_numpy(fits, customers, PLAIN)


@pytest.fixture(scope="module")
def few(fits, customers, returns):
    """Two hundred draws, for questions of identity."""
    return valued(fits, customers, COSTS, returns=returns, draws=200)


@pytest.fixture(scope="module")
def brute_rich(fits, customers, returns):
    return newcomers_by_numpy(fits, customers, RICH, returns=returns)


# means ----------------------------------------------------------------------------------------------------------------------------------


def test_what_follows_the_first_order_is_what_simulated_newcomers_bring(plain, brute_plain) -> None:
    residual, later = moment(plain, "residual"), brute_plain["later"]
    # each draw has its own expectation, and all draws of the posterior are there: no error of theirs but that of their pairing
    assert residual.mean() == pytest.approx(later.mean(), abs=4 * standard_error(later) + 0.01 * later.mean())
    assert standard_error(later) < 0.01 * later.mean()
    assert residual.std() > 0.03 * residual.mean()


def test_returns_costs_growth_and_a_curve_are_in_what_follows(rich, brute_rich) -> None:
    later = brute_rich["later"] - brute_rich["service"]
    assert moment(rich, "residual").mean() == pytest.approx(later.mean(), abs=4 * standard_error(later) + 0.01 * brute_rich["later"].mean())


@pytest.mark.parametrize(
    "economics",
    [replace(PLAIN, spend_growth=0.3), replace(PLAIN, discount_rate={1: 0.6, 2: 0.0}), replace(PLAIN, horizon=0.9)],
    ids=["growth", "curve", "less than a year"],
)
def test_what_moves_the_value_of_later_orders_does_so_by_as_much(economics, plain, brute_plain, fits, customers) -> None:
    """The same random numbers on both sides of each ratio."""
    brute = newcomers_by_numpy(fits, customers, economics)
    made = valued(fits, customers, economics, draws=100)
    ratio = brute["later"].mean() / brute_plain["later"].mean()
    base = valued(fits, customers, draws=100)
    assert abs(ratio - 1) > 0.05
    assert moment(made, "residual").mean() / moment(base, "residual").mean() == pytest.approx(ratio, rel=0.02)
    np.testing.assert_allclose(moment(made, "first_order"), moment(base, "first_order"), rtol=1e-12)


def test_the_first_order_brings_the_margin_on_what_first_orders_were(plain, customers) -> None:
    amounts = customers.statistics["first_amount"]
    first = moment(plain, "first_order")
    # a Bayesian bootstrap: around the sample's mean, as wide as its standard error
    assert_mean(first, 0.35 * amounts.mean(), 0.0)
    assert first.std() == pytest.approx(0.35 * amounts.std(ddof=0) / math.sqrt(len(amounts) + 1), rel=0.15)


def test_the_first_order_is_sent_back_like_any_other_and_costs_as_much(rich, brute_rich) -> None:
    assert_mean(moment(rich, "first_order"), brute_rich["first"].mean(), standard_error(brute_rich["first"]))


def test_the_mean_is_the_first_order_and_what_follows(plain, rich) -> None:
    for valuation in (plain, rich):
        assert set(valuation.newcomers) == {"", "industry", "channel"}
        for values in valuation.newcomers.values():
            assert values.dims == ("draw", "level", "moment") and tuple(values["moment"].to_numpy()) == MOMENTS
            parts = values.sel(moment="first_order") + values.sel(moment="residual")
            np.testing.assert_allclose(values.sel(moment="mean"), parts, rtol=1e-12)


def test_newcomers_of_a_level_have_the_margin_of_the_level(fits, customers, plain) -> None:
    margins = {"Health": 0.6, "Mills": 0.35, "Retail": 0.1}
    economics = replace(PLAIN, margin={"industry": margins})
    made = valued(fits, customers, economics)
    for k, industry in enumerate(INDUSTRIES):
        for name in ("first_order", "residual", "mean"):
            same = moment(plain, name, "industry", k) * margins[industry] / 0.35
            np.testing.assert_allclose(moment(made, name, "industry", k), same, rtol=1e-9)
    # of all customers: by the mix of those who were won in the last year, and not of all
    brute = newcomers_by_numpy(fits, customers, economics)
    assert moment(made, "residual").mean() == pytest.approx(
        brute["later"].mean(), abs=4 * standard_error(brute["later"]) + 0.01 * brute["later"].mean()
    )
    # of a level that the margins do not part: between the least and the largest of them
    ratio = moment(made, "residual", "channel", 0) / moment(plain, "residual", "channel", 0)
    assert (ratio > 0.1 / 0.35).all() and (ratio < 0.6 / 0.35).all() and ratio.std() > 0


def test_first_orders_of_all_bring_what_those_of_the_levels_do_together(fits, customers) -> None:
    """Where those who order much at first are those who leave little: of Retail 1,000 at 10 %, of the others 50 at 60 %."""
    retail = (customers.segments["industry"] == "Retail").to_numpy()
    base = replace(customers, statistics=customers.statistics.assign(first_amount=np.where(retail, 1000.0, 50.0)), returns=None)
    economics = replace(PLAIN, margin={"industry": {"Health": 0.6, "Mills": 0.6, "Retail": 0.1}})
    made = valued(fits, base, economics)
    won = (base.statistics["T"] <= WEEKS).to_numpy()
    expected = np.where(retail[won], 0.1 * 1000, 0.6 * 50).mean()
    assert moment(made, "first_order").mean() == pytest.approx(expected, rel=0.2)
    levels = [moment(made, "first_order", "industry", k).mean() for k in range(3)]
    np.testing.assert_allclose(levels, [30, 30, 100], rtol=0.35)  # each drawn to the base by two orders at least


def test_newcomers_of_a_level_order_like_its_customers(plain, fits, customers) -> None:
    for k, industry in enumerate(INDUSTRIES):
        later = newcomers_by_numpy(fits, customers, PLAIN, industry=industry, count=40_000)["later"]
        assert moment(plain, "residual", "industry", k).mean() == pytest.approx(
            later.mean(), abs=4 * standard_error(later) + 0.01 * later.mean()
        )
    means = [moment(plain, "residual", "industry", k).mean() for k in range(3)]
    assert max(means) > 1.1 * min(means)


# service --------------------------------------------------------------------------------------------------------------------------------


def test_service_is_paid_with_the_first_order_and_once_in_each_later_period_with_an_order(fits, customers, plain) -> None:
    economics = replace(PLAIN, service_cost=7.0)
    none, made = (valued(fits, customers, replace(economics, service_cost=cost)) for cost in (0.0, 7.0))
    for column, values in none.newcomers.items():
        xr.testing.assert_identical(values, plain.newcomers[column])
    np.testing.assert_allclose(moment(none, "first_order") - moment(made, "first_order"), 7.0, rtol=1e-9)
    paid = moment(none, "residual") - moment(made, "residual")
    assert (paid > 0).all()
    brute = newcomers_by_numpy(fits, customers, economics)["service"]
    assert_mean(paid, brute.mean(), standard_error(brute), rel=0.02)
    assert standard_error(brute) < 0.01 * brute.mean()


def test_service_of_orders_in_the_period_of_the_first_one_is_paid_already(fits, customers) -> None:
    """With a horizon of one period nothing is left to be paid."""
    none, made = (valued(fits, customers, replace(PLAIN, horizon=0.25, service_cost=cost), draws=100) for cost in (0.0, 7.0))
    np.testing.assert_array_equal(moment(none, "residual"), moment(made, "residual"))
    assert (moment(none, "residual") > 0).all()
    np.testing.assert_allclose(moment(none, "mean") - moment(made, "mean"), 7.0, rtol=1e-9)


# spread ---------------------------------------------------------------------------------------------------------------------------------


def variance_within_draws(brute: np.ndarray, mean_of_draws: np.ndarray) -> float:
    """Brute-force newcomers each have a draw of their own; the draws' means are known in closed form."""
    return float(brute.var() - mean_of_draws.var())


def test_the_variance_is_that_of_simulated_newcomers(plain, brute_plain) -> None:
    expected = variance_within_draws(brute_plain["worth"], moment(plain, "mean"))
    assert moment(plain, "variance").mean() == pytest.approx(expected, rel=0.12)


def test_the_variance_knows_returns_costs_growth_and_a_curve(rich, brute_rich) -> None:
    expected = variance_within_draws(brute_rich["worth"], moment(rich, "mean"))
    assert moment(rich, "variance").mean() == pytest.approx(expected, rel=0.12)


def test_whoever_sends_back_the_first_order_sends_back_later_ones_too(customers) -> None:
    """A share of each customer's own, here nearly none or nearly all: then what a newcomer brings varies as a whole.

    Each order brings X = 40, or -10 of one half of the customers; next to nobody leaves, and N further orders are Poisson with mean 2. With
    a share that is the same for all orders, 0 or 1, E[V^2] = E[X^2] E[(1+N)^2] = 850 * 11 and E[V] = 15 * 3; were the first order sent
    back without regard to the others, the variance would be 625 + 850 * 6 - 30^2.
    """
    base = replace(customers, statistics=customers.statistics.assign(first_amount=80.0))
    sd = 1e-9
    fits = (
        made_up_fit(mbg_nbd(), base, pool=(), centre=[math.log(2 / WEEKS), 5.0, -8.0, 4.5], sd=sd),
        made_up_fit(gamma_gamma(), base, pool=(), centre=[math.log(80), -5.0, -5.0], sd=sd),
    )
    back = made_up_fit(beta_binomial_returns(), base, pool=(), centre=[0.0, -6.0, 20.0, 0.0, 0.0], sd=sd)
    made = valued(fits, base, Economics(0.5, 0.0, 1, return_cost=10.0), returns=back, by=(), draws=200)
    assert moment(made, "mean").mean() == pytest.approx(45, rel=0.02)
    assert moment(made, "variance").mean() == pytest.approx(850 * 11 - 45**2, rel=0.1)


# payback --------------------------------------------------------------------------------------------------------------------------------


def test_everybody_pays_back_in_some_period_or_never(rich) -> None:
    for column, payback in rich.acquisition.payback.items():
        assert payback.dims == ("draw", "level", "period")
        assert [*payback["period"].to_numpy()] == ["1", "2", "3", "4", "5", "6", "7", "8", NEVER]
        np.testing.assert_allclose(payback.sum("period"), 1.0, rtol=1e-12)
        assert (payback >= 0).all() and payback.sizes["level"] == rich.newcomers[column].sizes["level"]
    assert (rich.acquisition.payback[""].mean("draw") > 0).all()


def test_a_part_of_a_period_at_the_end_counts(fits, customers) -> None:
    made = valued(fits, customers, replace(PLAIN, horizon=0.6, acquisition_cost=50.0), draws=100)
    assert [*made.acquisition.payback[""]["period"].to_numpy()] == ["1", "2", "3", NEVER]
    monthly = valued(fits, customers, replace(PLAIN, horizon=0.6, acquisition_cost=50.0, period="month"), draws=100)
    assert monthly.acquisition.payback[""].sizes["period"] == 9
    never = [valuation.acquisition.payback[""].sel(period=NEVER).to_numpy() for valuation in (made, monthly)]
    np.testing.assert_allclose(never[0], never[1], rtol=1e-12)


def test_payback_is_that_of_simulated_newcomers(fits, customers) -> None:
    economics = COSTS
    found = valued(fits, customers, economics).acquisition.payback[""][:, 0].to_numpy()
    paid = newcomers_by_numpy(fits, customers, economics)["paid"]
    for k in range(found.shape[1]):
        assert_mean(found[:, k], (paid == k).mean(), standard_error(paid == k), rel=0.01)
    assert 0.05 < (paid == 0).mean() < 0.95


def test_payback_is_that_of_simulated_newcomers_who_send_back_some_orders(rich, brute_rich) -> None:
    """Whoever keeps the first order is likelier to keep the next one too, and so to pay back soon."""
    found = rich.acquisition.payback[""][:, 0].to_numpy()
    for k in range(found.shape[1]):
        brute = brute_rich["paid"] == k
        assert_mean(found[:, k], brute.mean(), standard_error(brute), rel=0.01)


def test_payback_of_a_level_is_that_of_its_newcomers(fits, customers, plain) -> None:
    """First orders of a level are partly like those of all: the period after the first does not depend on which is which much."""
    cost = 40.0
    made = valued(fits, customers, replace(PLAIN, acquisition_cost=cost))
    for k, industry in enumerate(INDUSTRIES):
        paid = newcomers_by_numpy(fits, customers, replace(PLAIN, acquisition_cost=cost), industry=industry, count=40_000)["paid"]
        never = made.acquisition.payback["industry"][:, k].sel(period=NEVER).to_numpy()
        assert never.mean() == pytest.approx((paid == 8).mean(), abs=0.04)


def test_the_first_period_holds_those_whose_first_order_alone_pays(fits, customers) -> None:
    cost = 20.0
    made = valued(fits, customers, replace(PLAIN, acquisition_cost=cost))
    alone = (0.35 * customers.statistics["first_amount"] >= cost).mean()
    first = made.acquisition.payback[""].sel(period="1")[:, 0].to_numpy()
    assert 0.3 < alone < 0.95
    error = first.std() / math.sqrt(len(first))
    assert first.mean() > alone - 4 * error
    brute = newcomers_by_numpy(fits, customers, replace(PLAIN, acquisition_cost=cost))["paid"] == 0
    assert brute.mean() > alone + 0.01
    assert_mean(first, brute.mean(), standard_error(brute), rel=0.005)


def test_what_costs_nothing_is_paid_back_at_once_and_a_fortune_never(fits, customers) -> None:
    free, dear = (valued(fits, customers, replace(PLAIN, acquisition_cost=cost), draws=100).acquisition for cost in (0.0, 1e9))
    for column in ("", "industry", "channel"):
        assert (free.payback[column].sel(period="1") == 1).all()
        assert (dear.payback[column].sel(period=NEVER) == 1).all()
    assert (free.to_frame()["p_never"] == 0).all() and (dear.to_frame()["p_never"] == 1).all()
    assert (dear.to_frame()["p_loss"] == 1).all()


def test_a_cost_by_level_is_paid_back_by_the_levels_own_newcomers(fits, customers) -> None:
    economics = replace(PLAIN, acquisition_cost={"channel": {"Fair": 0.0, "Search": 1e9}})
    made = valued(fits, customers, economics, draws=100).acquisition
    assert (made.payback["channel"].sel(level="Fair", period="1") == 1).all()
    assert (made.payback["channel"].sel(level="Search", period=NEVER) == 1).all()
    won = customers.statistics["T"] <= WEEKS
    fair = (customers.segments.loc[won, "channel"] == "Fair").mean()
    assert made.payback[""].sel(period="1").to_numpy() == pytest.approx(fair, abs=0.05)
    assert made.newcomers[""]["acquisition_cost"].item() == pytest.approx((1 - fair) * 1e9)


# first orders ---------------------------------------------------------------------------------------------------------------------------

ONE_LEVEL = [slice(0, 1)]


def two_levels(one: np.ndarray, other: np.ndarray, draws: int = 4000):
    return bootstrap([np.concatenate([one, other]), one, other], [slice(0, 1), slice(1, 3)], draws, [3])


def test_first_orders_have_the_moments_of_a_bayesian_bootstrap() -> None:
    """Dirichlet weights of one each: the mean of the sample, and its variance over n + 1 (Rubin 1981)."""
    amounts = np.random.default_rng(1).lognormal(4, 1, 60)
    made = bootstrap([amounts], ONE_LEVEL, 20_000, [1]).mean[:, 0]
    assert abs(made.mean() - amounts.mean()) < 4 * standard_error(made)
    assert made.var() == pytest.approx(amounts.var() / 61, rel=0.06)
    assert amounts.min() < made.min() and made.max() < amounts.max()


def test_many_uneven_first_orders_have_the_same_moments() -> None:
    """The few largest orders are most of the variance, also where there are thousands."""
    ratios = []
    for seed in range(8):
        amounts = np.random.default_rng(seed).lognormal(4, 1.5, 5000)
        made = bootstrap([amounts], ONE_LEVEL, 2000, [seed]).mean[:, 0]
        assert abs(made.mean() - amounts.mean()) < 4.5 * standard_error(made)
        ratios.append(made.var() / (amounts.var() / 5001))
    assert np.mean(ratios) == pytest.approx(1, abs=0.1)


def test_a_level_of_few_first_orders_is_drawn_to_the_base_and_one_of_many_is_not() -> None:
    rng = np.random.default_rng(2)
    many, few = rng.gamma(4, 25, 10_000), np.array([190.0, 210.0])
    made = two_levels(many, few)
    base, of_many, of_few = made.mean.mean(axis=0)
    assert base == pytest.approx(100, rel=0.03)
    assert of_many == pytest.approx(many.mean(), rel=0.002)
    # at least two orders' weight on the base
    assert base + 5 < of_few <= 0.5 * (200 + base) * 1.02
    assert made.own_share[0] == 1 and made.own_share[1] > 0.9 and made.own_share[2] <= 0.5


def test_levels_that_are_alike_are_drawn_together_and_unlike_ones_are_not() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 20, 50)
    noise -= noise.mean()
    alike = two_levels(100 + noise, 100 - noise)
    assert (alike.own_share[1:] < 0.1).all()
    np.testing.assert_allclose(alike.mean.mean(axis=0), 100, rtol=0.01)
    unlike = two_levels(100 + noise, 300 + noise)
    assert (unlike.own_share[1:] > 0.9).all()
    np.testing.assert_allclose(unlike.mean.mean(axis=0)[1:], [100, 300], rtol=0.06)


def test_simulated_first_orders_have_the_mean_that_is_drawn() -> None:
    rng = np.random.default_rng(6)
    made = two_levels(rng.gamma(4, 25, 400), rng.gamma(4, 60, 12))
    for row in range(3):
        amounts = made.simulate(row, (200, 500), np.random.default_rng(row))
        assert amounts.mean() == pytest.approx(made.mean[:, row].mean(), rel=0.02)


def test_bands_of_levels_with_few_first_orders_hold() -> None:
    """Levels that differ by 30 % and orders by 50 %: nine tenths of the levels' true means lie in their bands of nine tenths, about."""
    rng, covered = np.random.default_rng(9), []
    for repeat in range(15):
        truth = 100 * rng.lognormal(-0.045, 0.3, 40)
        own = [mean * rng.gamma(4, 0.25, 3) for mean in truth]
        made = bootstrap([np.concatenate(own), *own], [slice(0, 1), slice(1, 41)], 400, [repeat])
        low, high = np.quantile(made.mean[:, 1:], [0.05, 0.95], axis=0)
        covered.append(((low < truth) & (truth < high)).mean())
    assert np.mean(covered) > 0.8


def test_customers_of_whom_only_means_are_known_have_newcomers(customers, fits, plain) -> None:
    """Their first orders are those that the spend model expects: of mean exp(log_mean) in each industry."""
    logs = {"first_amount": np.nan, "spend_sum_log": np.nan, "spend_sum_log_squared": np.nan}
    means = replace(customers, statistics=customers.statistics.assign(**logs), spend_level="mean", returns=None)
    made = valued(fits, means)
    levels = fits[1].posterior["posterior"]["industry_level"].sel(coordinate="log_mean")
    amount = np.exp(levels).mean(("chain", "draw")).sel(industry=customers.segments["industry"].to_numpy()).to_numpy()
    assert_mean(moment(made, "first_order"), 0.35 * amount.mean(), 0.0, rel=1e-9)
    assert all(np.isfinite(values).all() for values in made.newcomers.values())
    np.testing.assert_allclose(moment(made, "residual"), moment(plain, "residual"), rtol=1e-12)
    with pytest.raises(ArgumentError, match="returns are not known"):
        valued(fits, means, returns=made_up_fit(beta_binomial_returns(), customers))


# the table ------------------------------------------------------------------------------------------------------------------------------


def test_the_table_says_what_a_newcomer_brings_and_may_cost(fits, customers, returns) -> None:
    economics = replace(COSTS, conversion={"channel": {"Fair": 0.5, "Search": 0.1}})
    acquisition = valued(fits, customers, economics, returns=returns).acquisition
    frame = acquisition.to_frame()
    assert list(frame.columns) == [
        *("column", "level", "won_last_year", "first_order", "just_acquired", "not_yet_acquired", "not_yet_acquired_5"),
        *("not_yet_acquired_95", "newcomer_sd", "ceiling", "cautious_ceiling", "acquisition_cost", "net", "p_loss", "p_never"),
    ]
    assert frame["column"].tolist() == ["", *["industry"] * 3, *["channel"] * 2]
    assert frame["level"].tolist() == ["all customers", *INDUSTRIES, "Fair", "Search"]
    won = customers.statistics["T"] <= WEEKS
    assert frame.groupby("column")["won_last_year"].sum().tolist() == [won.sum()] * 3
    assert frame["won_last_year"].tolist()[4] == (won & (customers.segments["channel"] == "Fair")).sum()

    shares = customers.segments.loc[won, "channel"].map({"Fair": 0.5, "Search": 0.1})
    assert frame["ceiling"][4] == pytest.approx(0.5 * frame["not_yet_acquired"][4])
    assert frame["ceiling"][5] == pytest.approx(0.1 * frame["not_yet_acquired"][5])
    assert frame["ceiling"][0] == pytest.approx(len(shares) / (1 / shares).sum() * frame["not_yet_acquired"][0])  # customers over contacts
    assert (frame["cautious_ceiling"] < frame["ceiling"]).all() and (frame["ceiling"] > 0).all()
    np.testing.assert_allclose(frame["net"], frame["not_yet_acquired"] - 60.0, rtol=1e-9)
    np.testing.assert_allclose(frame["not_yet_acquired"], frame["first_order"] + frame["just_acquired"], rtol=1e-9)
    for k in range(len(frame)):
        column, level = frame["column"][k], k - (0, 1, 1, 1, 4, 4)[k]
        mean, variance = (acquisition.newcomers[column].sel(moment=name)[:, level].to_numpy() for name in ("mean", "variance"))
        assert frame["not_yet_acquired"][k] == pytest.approx(mean.mean())
        assert frame["newcomer_sd"][k] == pytest.approx(math.sqrt(variance.mean() + mean.var()))
        # as many newcomers as last year vary by a standard error around the mean, whatever the draw
        noise = np.sqrt(variance / frame["won_last_year"][k])
        assert frame["p_loss"][k] == pytest.approx(norm.cdf((60.0 - mean) / noise).mean(), abs=0.05)
        below = norm.cdf((frame["not_yet_acquired_5"][k] - mean) / noise).mean()
        above = norm.sf((frame["not_yet_acquired_95"][k] - mean) / noise).mean()
        assert (below, above) == pytest.approx((0.05, 0.05), abs=0.025)
        assert frame["p_never"][k] == pytest.approx(acquisition.payback[column][:, level].sel(period=NEVER).mean())


def test_without_costs_the_table_says_what_a_customer_may_cost(plain) -> None:
    frame = plain.acquisition.to_frame()
    assert not {"acquisition_cost", "net", "p_loss", "p_never"} & set(frame.columns)
    np.testing.assert_allclose(frame["ceiling"], frame["not_yet_acquired"])
    assert plain.acquisition.payback == {}


def test_who_brings_less_than_nothing_may_cost_nothing(fits, customers) -> None:
    frame = valued(fits, customers, replace(PLAIN, order_cost=500.0), draws=100).acquisition.to_frame()
    assert (frame["not_yet_acquired"] < 0).all()
    assert (frame["ceiling"] == 0).all() and (frame["cautious_ceiling"] == 0).all()


# invariances ----------------------------------------------------------------------------------------------------------------------------


def test_newcomers_are_not_valued_unless_asked_for(fits, customers, plain) -> None:
    made = valued(fits, customers, newcomers=False)
    assert made.acquisition == Acquisition() and made.newcomers == {} and made.acquisition.to_frame().empty
    xr.testing.assert_identical(made.total, plain.total)


def test_the_same_seed_gives_the_same_newcomers(fits, customers, returns, few) -> None:
    same, other = (valued(fits, customers, COSTS, returns=returns, seed=seed, draws=200) for seed in (1, 2))
    for column, values in few.newcomers.items():
        xr.testing.assert_identical(values, same.newcomers[column])
        xr.testing.assert_identical(few.acquisition.payback[column], same.acquisition.payback[column])
        assert not np.isin(other.newcomers[column].sel(moment="variance"), values.sel(moment="variance")).any()


def test_the_order_of_rows_changes_no_newcomer(fits, customers, returns, few) -> None:
    order = np.random.default_rng(0).permutation(len(customers))
    frames = {name: getattr(customers, name).iloc[order].reset_index(drop=True) for name in ("statistics", "segments", "returns")}
    made = valued(fits, replace(customers, **frames), COSTS, returns=returns, draws=200)
    for name in ("first_order", "residual", "mean", "variance"):
        for column, values in few.newcomers.items():
            np.testing.assert_allclose(made.newcomers[column].sel(moment=name), values.sel(moment=name), rtol=1e-9, err_msg=name)


def test_reporting_columns_change_newcomers_by_chance_alone(fits, customers, returns, few) -> None:
    alone = valued(fits, customers, COSTS, returns=returns, by=(), draws=200)
    assert list(alone.newcomers) == [""]
    np.testing.assert_allclose(moment(alone, "first_order"), moment(few, "first_order"), rtol=1e-12)
    np.testing.assert_allclose(moment(alone, "residual"), moment(few, "residual"), rtol=1e-12, err_msg="same names, same newcomers")


def test_the_currency_multiplies_newcomers_money(fits, customers, returns, few) -> None:
    money = ["first_amount", "spend_sum"]
    cents = replace(customers, statistics=customers.statistics.assign(**{name: 100 * customers.statistics[name] for name in money}))
    costs = {name: 100 * getattr(COSTS, name) for name in ("order_cost", "service_cost", "return_cost", "acquisition_cost")}
    made = valued((fits[0], shifted(fits[1], "log_mean", math.log(100))), cents, replace(COSTS, **costs), returns=returns, draws=200)
    factor = xr.DataArray([100.0, 10_000.0, 100.0, 100.0], coords={"moment": list(MOMENTS)})
    for column, values in few.newcomers.items():
        np.testing.assert_allclose(made.newcomers[column], values * factor, rtol=1e-8)
        np.testing.assert_allclose(made.acquisition.payback[column], few.acquisition.payback[column], atol=1e-12)


def test_the_unit_of_time_changes_no_newcomer(fits, customers, returns, few) -> None:
    statistics = customers.statistics
    days = replace(customers, statistics=statistics.assign(recency=7 * statistics["recency"], T=7 * statistics["T"]), unit="day")
    in_days = shifted(fits[0], "log_rate", -math.log(7), "day")
    made = valued((in_days, fits[1]), days, COSTS, returns=shifted(returns, "logit_part", 0.0, "day"), draws=200)
    for column, values in few.newcomers.items():
        np.testing.assert_allclose(made.newcomers[column], values, rtol=1e-8)
        np.testing.assert_allclose(made.acquisition.payback[column], few.acquisition.payback[column], atol=1e-12)


def test_newcomers_are_like_those_of_the_last_year_and_where_there_were_none_like_all(fits, customers) -> None:
    """Here only customers of Retail were won in the last year."""
    statistics, retail = customers.statistics, customers.segments["industry"] == "Retail"
    T = np.where(retail, np.minimum(statistics["T"], 50.0), np.maximum(statistics["T"], 60.0))
    base = replace(customers, statistics=statistics.assign(T=T, recency=np.minimum(statistics["recency"], T)), returns=None)
    made = valued(fits, base, draws=200)
    np.testing.assert_allclose(moment(made, "residual"), moment(made, "residual", "industry", 2), rtol=1e-9)
    assert made.newcomers["industry"]["won_last_year"].to_numpy().tolist() == [0, 0, retail.sum()]
    assert (moment(made, "residual", "industry", 0) > 0).all()
    # whose orders of later years say nothing of a newcomer: only the level does
    assert not np.allclose(moment(made, "residual"), moment(made, "residual", "industry", 0), rtol=0.01)


def test_a_dear_spend_model_makes_dear_newcomers(customers, fits) -> None:
    """What follows is proportional to the mean amount, and the first order is not."""
    dear = valued((fits[0], shifted(fits[1], "log_mean", math.log(3))), customers, draws=100)
    base = valued(fits, customers, draws=100)
    np.testing.assert_allclose(moment(dear, "residual"), 3 * moment(base, "residual"), rtol=1e-9)
    np.testing.assert_allclose(moment(dear, "first_order"), moment(base, "first_order"), rtol=1e-12)
    assert math.exp(SPEND[0]) == pytest.approx(80, rel=0.01)


def test_the_conversion_of_several_levels_is_that_of_their_contacts() -> None:
    """Of two channels with as many customers won, 1 % and 50 % of the contacts, 102 contacts were paid for two customers."""
    base = made_up_customers(120, segments={"channel": ["Fair", "Search"]})
    rows = np.arange(120) % 2
    base = replace(base, segments=pd.DataFrame({"channel": np.array(["Fair", "Search"])[rows]}))
    base = replace(base, statistics=base.statistics.assign(T=np.where(base.statistics["frequency"] > 0, base.statistics["T"], 1.0)))
    economics = replace(PLAIN, conversion={"channel": {"Fair": 0.01, "Search": 0.5}})
    made = value(*made_up_fits(base, pool=()), base, economics, by=(), draws=100, seed=1, progress=False)
    won = base.segments["channel"][base.statistics["T"] <= WEEKS]
    contacts = (won == "Fair").sum() / 0.01 + (won == "Search").sum() / 0.5
    assert float(made.newcomers[""]["conversion"][0]) == pytest.approx(len(won) / contacts)
