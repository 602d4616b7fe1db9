"""What holds a simulation against closed forms, and the closed forms against brute force and numerical integration."""

import importlib
import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from models.made_up_futures import futures_of
from scipy.special import betaln
from scipy.stats import beta, gamma
from valuation.made_up_fits import PURCHASES, SPEND, made_up_customers, made_up_fit, made_up_fits

from clvbayes.models import beta_binomial_returns, gamma_gamma, lognormal, mbg_nbd
from clvbayes.models.gamma_gamma import GammaGamma
from clvbayes.models.protocol import Batch
from clvbayes.models.purchasing import future_moments
from clvbayes.models.streams import customer_keys
from clvbayes.valuation import COMPONENTS, Economics, Valuation, value
from clvbayes.valuation.checks import check_sums

MODULE = importlib.import_module("clvbayes.valuation.value")
ECONOMICS = Economics(margin=0.35, discount_rate=0.09, horizon=2)
COSTS = replace(ECONOMICS, order_cost=3.0, service_cost=4.0, return_cost=5.0)
LOGNORMAL = [4.0, -1.15, -1.15]
WEEKS = 365.25 / 7


@pytest.fixture(scope="module")
def customers():
    rng, made = np.random.default_rng(2), made_up_customers()
    trials = made.statistics["frequency"] + 1.0
    touched = np.round(trials * rng.beta(0.3, 1, len(made)))
    known = {"trials": trials, "touched": touched, "parts": touched, "part_mean": np.where(touched > 0, 0.5, 0.0), "part_deviations": 0.0}
    return replace(made, returns=pd.DataFrame(known).assign(pending_orders=0.2, pending_amount=20.0, cancelled=0))


def valued(fits, customers, economics=ECONOMICS, *, draws=100, seed=1, **options) -> Valuation:
    return value(*fits, customers, economics, draws=draws, seed=seed, newcomers=False, progress=False, **options)


def equal_customers(count: int, *, frequency: int, recency: float, T: float, **options):
    """Customers who differ in nothing but their random numbers; each of their orders was of 80."""
    base = made_up_customers(count, **options)
    same = {"frequency": frequency, "recency": recency, "T": T, "spend_count": frequency, "spend_sum": 80.0 * frequency}
    return replace(base, statistics=base.statistics.assign(**same, spend_sum_log=frequency * math.log(75.0)))


def status(valuation: Valuation) -> dict[str, str]:
    return {check.check: check.status for check in valuation.checks}


# what passes and what fails -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("economics", [ECONOMICS, COSTS], ids=["margin alone", "costs"])
@pytest.mark.parametrize("with_returns", [False, True], ids=["all kept", "returns"])
@pytest.mark.parametrize(("model", "centre"), [(gamma_gamma(), None), (lognormal(), LOGNORMAL)], ids=["gamma-gamma", "lognormal"])
def test_a_right_simulation_passes_all_three_checks(model, centre, with_returns, economics, customers) -> None:
    fits = made_up_fit(mbg_nbd(), customers), made_up_fit(model, customers, centre=centre)
    back = made_up_fit(beta_binomial_returns(), customers) if with_returns else None
    made = valued(fits, customers, economics, returns=back)
    assert status(made) == {"Simulation": "ok", "Spread": "ok", "Sums": "ok"} and made.passed


def test_no_spread_is_checked_where_it_has_no_closed_form(customers) -> None:
    fits = made_up_fits(customers)
    for economics in (replace(ECONOMICS, discount_rate={1: 0.03, 2: 0.2}), replace(ECONOMICS, spend_growth=0.1)):
        assert status(valued(fits, customers, economics, draws=100)) == {"Simulation": "ok", "Sums": "ok"}
    # a curve of equal rates is one rate
    assert "Spread" in status(valued(fits, customers, replace(ECONOMICS, discount_rate={1: 0.09, 2: 0.09}), draws=100))


def test_no_spread_is_checked_where_amounts_tail_too_heavily_for_a_sample_to_show_it() -> None:
    """p is 1 and q 2.03: of who has ordered again once the next amount has a variance, but its square has none."""
    heavy = [SPEND[0], 0.0, -0.5 * math.log(0.03)]
    of_new = equal_customers(200, frequency=1, recency=100.0, T=150.0, segments={"one": ["all"]})
    of_old = equal_customers(200, frequency=30, recency=148.0, T=150.0, segments={"one": ["all"]})
    for base, told in ((of_new, set()), (of_old, {"Spread"})):
        fits = made_up_fit(mbg_nbd(), base, pool=(), sd=0.05), made_up_fit(gamma_gamma(), base, pool=(), centre=heavy, sd=1e-9)
        found = status(valued(fits, base, draws=100))
        assert set(found) == {"Simulation", "Sums"} | told and set(found.values()) == {"ok"}


@dataclass(frozen=True)
class Uneven(GammaGamma):
    """Every amount times a factor around one that doubles the variance of a next amount: right in the mean."""

    def simulate(self, coordinates, batch, futures, *, seed):
        amounts = super().simulate(coordinates, batch, futures, seed=seed)
        mean, square, _ = self.amount_moments(coordinates[0, :, batch.spend_cell].T, batch.spend_count, batch.spend_sum)
        # (1 + d^2) E z^2 - m^2 = 2 (E z^2 - m^2)
        step = np.sqrt(1 - mean**2 / square)[futures.customer]
        return amounts * (1 + step * np.random.default_rng(seed).choice([-1.0, 1.0], len(amounts)))


@pytest.mark.parametrize("order_cost", [0.0, 8.0])
def test_amounts_of_twice_the_variance_and_the_right_mean_fail_the_check_of_the_spread_alone(order_cost) -> None:
    """Customers known well, who order about once within the horizon, so that single amounts make the spread."""
    base = equal_customers(200, frequency=30, recency=148.0, T=150.0, segments={"one": ["all"]})
    purchases = made_up_fit(mbg_nbd(), base, pool=(), sd=0.05)
    spend = made_up_fit(gamma_gamma(), base, pool=(), sd=1e-9)
    economics = replace(ECONOMICS, horizon=0.1, order_cost=order_cost)
    assert status(valued((purchases, spend), base, economics)) == {"Simulation": "ok", "Spread": "ok", "Sums": "ok"}
    made = valued((purchases, replace(spend, model=Uneven())), base, economics, draws=200)
    assert status(made) == {"Simulation": "ok", "Spread": "failed", "Sums": "ok"} and not made.passed
    failed = made.checks[1]
    assert "limit 6" in failed.message and failed.advice and failed.message.startswith("Simulated and closed-form squared value")


def test_the_check_of_the_spread_is_calibrated(customers) -> None:
    """Over seeds its standard errors are about standard: neither blind nor nervous."""
    base = equal_customers(60, frequency=10, recency=80.0, T=85.0, segments={"one": ["all"]})
    fits = made_up_fits(base, pool=())
    z = []
    for seed in range(20):
        message = valued(fits, base, replace(ECONOMICS, horizon=0.5), draws=100, seed=seed).checks[1].message
        z.append(float(message.split("%, ")[1].split()[0]))
    assert abs(np.mean(z)) < 4 / math.sqrt(20) and 0.5 < np.std(z) < 1.5


# sums -----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def summed(customers):
    return valued(made_up_fits(customers), customers, COSTS, returns=made_up_fit(beta_binomial_returns(), customers))


def test_sums_of_a_valuation_agree(summed) -> None:
    assert check_sums(summed.customers, summed.total, summed.cash).status == "ok"
    assert check_sums(summed.customers, summed.total, {}).status == "ok"


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("column", ["industry", "channel"])
def test_altered_levels_do_not_add_up(column, component, summed) -> None:
    altered = summed.cash[column].copy(deep=True)
    altered.loc[{"draw": 7, "level": altered["level"][1], "period": altered["period"][2], "component": component}] += 1.0
    found = check_sums(summed.customers, summed.total, {**summed.cash, column: altered})
    assert (found.check, found.status) == ("Sums", "failed") and found.advice
    assert "do not add up" in found.message


def test_a_customer_left_out_or_a_level_lost_does_not_add_up(summed) -> None:
    best = summed.customers["value_mean"].idxmax()
    assert check_sums(summed.customers.drop(best), summed.total, summed.cash).status == "failed"
    lost = {column: levels.isel(level=slice(1)) for column, levels in summed.cash.items()}
    assert check_sums(summed.customers, summed.total, lost).status == "failed"
    # what is altered in the last digits is not
    rounded = {column: levels * (1 + 1e-14) for column, levels in summed.cash.items()}
    assert check_sums(summed.customers, summed.total, rounded).status == "ok"


# moments of purchases -------------------------------------------------------------------------------------------------------------------


def discounted_purchases(rng, rate, leave, alive, *, horizon: float, discount: float) -> tuple[np.ndarray, np.ndarray]:
    """Sums of discount factors and of their squares, purchase by purchase."""
    first, squares, time = np.zeros(len(rate)), np.zeros(len(rate)), np.zeros(len(rate))
    here = np.flatnonzero(alive)
    while len(here):
        time[here] += rng.exponential(1 / rate[here])
        here = here[time[here] <= horizon]
        factor = np.exp(-discount * time[here])
        first[here] += factor
        squares[here] += factor**2
        here = here[rng.random(len(here)) >= leave[here]]
    return first, squares


def assert_moments(found, first: np.ndarray, squares: np.ndarray, *, rel: float = 0.0) -> None:
    """The product over ordered pairs is the square of the sum, less the pairs of a purchase with itself."""
    for moment, values in zip(found, (first, squares, first**2 - squares), strict=True):
        assert abs(float(moment) - values.mean()) < 4 * values.std() / math.sqrt(len(values)) + rel * abs(values.mean())


@pytest.mark.parametrize(
    ("rate", "leave", "horizon", "discount"),
    [(0.1, 0.2, 50.0, 0.02), (0.5, 0.05, 20.0, 0.0), (0.3, 0.9, 30.0, 0.1), (0.2, 1e-7, 25.0, 0.05)],
    ids=["usual", "no discount", "leaves at once", "never leaves"],
)
def test_moments_of_future_purchases_are_those_of_simulated_ones(rate, leave, horizon, discount) -> None:
    rng, count = np.random.default_rng(4), 80_000
    simulated = discounted_purchases(
        rng, np.full(count, rate), np.full(count, leave), np.ones(count, dtype=bool), horizon=horizon, discount=discount
    )
    assert_moments(future_moments(rate, rate * leave, 1 - leave, horizon=horizon, discount=discount), *simulated)


def test_who_never_leaves_has_the_moments_of_a_poisson_process() -> None:
    rates = np.array([0.01, 0.7, 3.0])
    for leave in (0.0, 1e-12):
        first, squares, pairs = future_moments(rates, rates * leave, 1 - leave, horizon=40.0, discount=0.0)
        np.testing.assert_allclose(first, 40 * rates, rtol=1e-9)
        np.testing.assert_allclose(squares, 40 * rates, rtol=1e-9)
        np.testing.assert_allclose(pairs, (40 * rates) ** 2, rtol=1e-5)
        # discounted: the mean squared, as numbers in disjoint intervals are independent
        first, squares, pairs = future_moments(rates, rates * leave, 1 - leave, horizon=40.0, discount=0.03)
        np.testing.assert_allclose(pairs, first**2, rtol=1e-6)
        np.testing.assert_allclose(squares, rates * -math.expm1(-2 * 0.03 * 40) / (2 * 0.03), rtol=1e-9)


@pytest.mark.parametrize("leave", [1e-300, 1e-310, 1e-315, 5e-324])
def test_who_leaves_with_the_smallest_probability_has_the_same_moments_without_a_warning(leave) -> None:
    """Such probabilities are drawn where a = concentration times dropout is some hundredths; the rate of discounting may be zero."""
    rates = np.array([0.037, 0.2])
    first, squares, pairs = future_moments(rates, rates * leave, 1 - leave, horizon=WEEKS, discount=0.0)
    np.testing.assert_allclose([first, squares, pairs], [rates * WEEKS, rates * WEEKS, (rates * WEEKS) ** 2], rtol=1e-6)


def test_moments_without_discount_are_those_of_the_number_of_purchases() -> None:
    """E[N (N-1)] of a number known in each draw: pairs, and E N: both others."""
    rng, count = np.random.default_rng(9), 80_000
    number, _ = discounted_purchases(rng, np.full(count, 0.4), np.full(count, 0.3), np.ones(count, dtype=bool), horizon=12.0, discount=0.0)
    first, squares, pairs = future_moments(0.4, 0.4 * 0.3, 0.7, horizon=12.0, discount=0.0)
    assert float(first) == pytest.approx(float(squares), rel=1e-12)
    # left after each purchase with .3: never more than -log(1 - ...) / ...; in the mean (1 - exp(-.4 * .3 * 12)) / .3
    assert float(first) == pytest.approx((1 - math.exp(-0.4 * 0.3 * 12)) / 0.3, rel=1e-12)
    falling = number * (number - 1)
    assert abs(float(pairs) - falling.mean()) < 4 * falling.std() / math.sqrt(count)


@pytest.mark.parametrize(
    ("x", "t_x", "T"), [(0, 0.0, 0.0), (0, 0.0, 30.0), (4, 20.0, 26.0), (40, 100.0, 130.0)], ids=["new", "silent", "usual", "gone"]
)
@pytest.mark.parametrize("discount", [0.0, 0.004], ids=["no discount", "discount"])
def test_moments_of_a_customer_are_those_of_its_simulated_futures(x, t_x, T, discount) -> None:
    """Alive or not by the likelihoods of both stories, and a rate and a dropout from what each customer's past leaves of them."""
    rng, count, horizon = np.random.default_rng(7), 80_000, 80.0
    r, alpha = math.exp(PURCHASES[1]), math.exp(PURCHASES[1] - PURCHASES[0])
    concentration = math.exp(PURCHASES[3])
    a = concentration / (1 + math.exp(-PURCHASES[2]))
    b = concentration - a
    log_alive = betaln(a, b + x + 1) - (r + x) * math.log(alpha + T)
    log_left = betaln(a + 1, b + x) - (r + x) * math.log(alpha + t_x)
    here = rng.random(count) < 1 / (1 + math.exp(log_left - log_alive))
    rate, leave = rng.gamma(r + x, 1 / (alpha + T), count), rng.beta(a, b + x + 1, count)
    simulated = discounted_purchases(rng, rate, leave, here, horizon=horizon, discount=discount)
    model, known = mbg_nbd(), (np.array([float(x)]), np.array([t_x]), np.array([T]))
    at, options = PURCHASES[:, None], {"horizon": horizon, "discount": discount}
    of_copies = model.discounted_moments(np.repeat(at, 500, axis=1), *known, **options, latents=80, random=np.random.default_rng(1))
    found = [float(moment.mean()) for moment in of_copies]
    assert_moments(found, *simulated, rel=0.02)
    # the first of them has a closed form
    expected = float(model.expected_discounted_orders(at, *known, **options)[0])
    assert found[0] == pytest.approx(expected, rel=0.02)
    assert abs(expected - simulated[0].mean()) < 4 * simulated[0].std() / math.sqrt(count)


# moments of amounts ---------------------------------------------------------------------------------------------------------------------


def moments_by_integration(level: np.ndarray, log_density: np.ndarray, mean, square, product) -> np.ndarray:
    """Moments of amounts given a customer's level, averaged over it on a fine grid."""
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    return np.array([(weight * part(level)).sum() for part in (mean, square, product)])


GAMMA_HISTORIES = [(0, 0.0), (1, 20.0), (6, 900.0)]


@pytest.mark.parametrize(("count", "total"), GAMMA_HISTORIES)
def test_gamma_amounts_have_the_moments_of_what_a_customers_amounts_leave(count, total) -> None:
    """The prior of the rate nu times the likelihood of the amounts, which are Gamma(p, nu), on a grid of log nu."""
    p, q = math.exp(-2 * SPEND[1]), 2 + math.exp(-2 * SPEND[2])
    rate = math.exp(SPEND[0]) * (q - 1) / p
    log_nu = np.linspace(-25, 10, 400_001)
    log_density = q * log_nu - rate * np.exp(log_nu) + p * count * log_nu - total * np.exp(log_nu)
    expected = moments_by_integration(
        log_nu, log_density, lambda z: p * np.exp(-z), lambda z: p * (p + 1) * np.exp(-2 * z), lambda z: p**2 * np.exp(-2 * z)
    )
    found = gamma_gamma().amount_moments(SPEND, count, total)
    np.testing.assert_allclose([float(moment) for moment in found], expected, rtol=1e-6)


@pytest.mark.parametrize("link", [None, 0.3])
@pytest.mark.parametrize("logs", [[], [3.0], [5.5, 6.0, 5.0, 4.5]], ids=["nothing known", "one", "four"])
def test_lognormal_amounts_have_the_moments_of_what_a_customers_amounts_leave(logs, link) -> None:
    """The prior of the level times the likelihood of the logarithms, on a grid."""
    median, within, between = LOGNORMAL[0], *(2.5 / (1 + math.exp(-number)) for number in LOGNORMAL[1:])
    centre = median + (link or 0.0) * math.log((len(logs) + 1) / 3)
    level = np.linspace(centre - 15, centre + 15, 200_001)
    log_density = -0.5 * ((level - centre) / between) ** 2
    for seen in logs:
        log_density = log_density - 0.5 * ((seen - level) / within) ** 2
    expected = moments_by_integration(
        level,
        log_density,
        lambda z: np.exp(z + within**2 / 2),
        lambda z: np.exp(2 * z + 2 * within**2),
        lambda z: np.exp(2 * z + within**2),
    )
    model, at = lognormal(frequency_link=link is not None), np.array(LOGNORMAL + ([] if link is None else [link]))
    found = model.amount_moments(at, len(logs), float(np.exp(logs).sum()), float(sum(logs)))
    np.testing.assert_allclose([float(moment) for moment in found], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("model", "at"),
    [
        (gamma_gamma(), np.array([4.4, -0.7, -1.3])),
        (lognormal(), np.array([4.0, -1.6, -1.6])),
        (lognormal(frequency_link=True), np.array([4.0, -1.6, -1.6, -0.3])),
    ],
    ids=["gamma-gamma", "lognormal", "linked"],
)
@pytest.mark.parametrize("count", [0, 5])
def test_simulated_amounts_have_the_closed_moments(model, at, count) -> None:
    """Of many draws of many customers with the same past: mean, square, and product of two orders of one customer."""
    copies, draws = 400, 300
    total, logs = 100.0 * count, 4.5 * count
    zeros, cell = np.zeros(copies), np.zeros(copies, dtype=np.int64)
    known = dict.fromkeys(Batch.__dataclass_fields__, zeros)
    batch = Batch(
        **known
        | {name: cell for name in known if name.endswith("_cell")}
        | {"key": customer_keys(f"K{k}" for k in range(copies))}
        | {"spend_count": zeros + count, "spend_sum": zeros + total, "spend_sum_log": zeros + logs}
    )
    made = model.simulate(np.repeat(at[None, :, None], draws, axis=0), batch, futures_of(copies, draws, 2), seed=3).reshape(-1, 2)
    for values, moment in zip(
        (made.mean(axis=1), (made**2).mean(axis=1), made.prod(axis=1)), model.amount_moments(at, count, total, logs), strict=True
    ):
        error = values.std() / math.sqrt(len(values))
        assert abs(values.mean() - float(moment)) < 4 * error and error < 0.03 * float(moment)


# spread ---------------------------------------------------------------------------------------------------------------------------------


def test_the_squares_of_both_parts_add_up_to_that_of_the_spread(summed) -> None:
    spread = summed.spread
    np.testing.assert_allclose(spread["sd"] ** 2, spread["process_sd"] ** 2 + spread["parameter_sd"] ** 2, rtol=1e-9)
    assert (spread["systematic_sd"] == 0).all()  # nothing moves them all at once
    assert spread["column"].tolist() == ["", *["industry"] * 3, *["channel"] * 2]
    assert (spread[["process_sd", "parameter_sd"]] >= 0).all(axis=None)
    for k, levels in ((0, summed.total.expand_dims(level=["all"])), (1, summed.cash["industry"]), (4, summed.cash["channel"])):
        worth = levels.sel(component="value").sum("period").transpose("draw", "level").to_numpy()
        np.testing.assert_allclose(spread["sd"][k : k + worth.shape[1]], worth.std(axis=0), rtol=1e-9)


@pytest.fixture
def closed_forms(monkeypatch):
    """What `check_simulation` finds, of each valuation."""
    found, right = [], MODULE.check_simulation
    monkeypatch.setattr(MODULE, "check_simulation", lambda plan, everyone: found.append(right(plan, everyone)) or found[-1])
    return found


@pytest.mark.parametrize(("frequency", "T"), [(1, 5.0), (30, 100.0)], ids=["new", "old"])
def test_at_a_point_of_the_posterior_all_is_chance(frequency, T, closed_forms) -> None:
    base = equal_customers(100, frequency=frequency, recency=0.9 * T, T=T)
    made = valued(made_up_fits(base, pool=(), sd=1e-9), base, draws=800)
    assert closed_forms[0].process_share == pytest.approx(1, abs=0.025)
    # a standard error of a variance from 800 draws is a twentieth
    assert (made.spread["process_sd"] ** 2 > 0.8 * made.spread["sd"] ** 2).all()


def test_of_a_large_base_with_a_wide_posterior_nearly_all_is_the_parameters() -> None:
    base = equal_customers(1500, frequency=3, recency=30.0, T=36.0, segments={"one": ["all"]})
    made = valued(made_up_fits(base, pool=(), sd=0.4), base, draws=200)
    total = made.spread.iloc[0]
    assert total["parameter_sd"] > 0.95 * total["sd"] and total["process_sd"] > 0
    # and of a single one of them nearly all is chance
    alone = replace(base, statistics=base.statistics.iloc[:1], segments=base.segments.iloc[:1])
    single = valued(made_up_fits(base, pool=(), sd=0.4), alone, draws=1000).spread.iloc[0]
    assert single["process_sd"] > 0.8 * single["sd"]


def variance_of_expectations(fits, x: int, t_x: float, T: float, end: float) -> float:
    """Over the draws of the posterior, of what is expected of a customer: in closed form, orders and amounts paired at random."""
    purchase, spend = (fit.posterior["posterior"]["population"].to_numpy().reshape(-1, len(fit.model.coordinates)).T for fit in fits)
    orders = mbg_nbd().expected_discounted_orders(purchase, x, t_x, T, horizon=end * WEEKS, discount=math.log(1.09) / WEEKS)
    amount = gamma_gamma().amount_moments(spend, x, 80.0 * x)[0]
    return 0.35**2 * float(np.square(orders).mean() * np.square(amount).mean() - (orders.mean() * amount.mean()) ** 2)


@pytest.fixture(scope="module")
def usual():
    """Customers all alike, a posterior of some width, and their fits."""
    base = equal_customers(300, frequency=6, recency=50.0, T=56.0, segments={"one": ["all"]})
    return base, made_up_fits(base, pool=(), sd=0.2, draws=500)


def test_the_part_of_the_parameters_is_the_spread_of_what_is_expected(usual) -> None:
    base, fits = usual
    made = valued(fits, base, draws=1000)
    of_one = variance_of_expectations(fits, 6, 50.0, 56.0, made.periods[-1].end)
    assert made.spread["parameter_sd"][0] == pytest.approx(300 * math.sqrt(of_one), rel=0.12)


def test_what_is_expected_is_not_taken_to_vary_by_the_few_states_that_it_is_averaged_over(usual, closed_forms) -> None:
    """The share of a single customer's variance that the parameters make, against the variance of closed-form expectations."""
    base, fits = usual
    made = valued(fits, base, draws=1000)
    parameters = (1 - closed_forms[0].process_share) * (made.customers["value_sd"] ** 2).mean()
    assert parameters == pytest.approx(variance_of_expectations(fits, 6, 50.0, 56.0, made.periods[-1].end), rel=0.4)


def test_each_level_has_its_own_parts() -> None:
    """Where newcomers and well-known customers stand side by side, more of the newcomers' spread is the parameters'."""
    base = made_up_customers(400, segments={"kind": ["known", "new"]})
    known = (base.segments["kind"] == "known").to_numpy()
    statistics = base.statistics.assign(frequency=np.where(known, 60, 1), T=np.where(known, 120.0, 3.0))
    statistics = statistics.assign(recency=0.99 * statistics["T"], spend_count=statistics["frequency"])
    base = replace(base, statistics=statistics.assign(spend_sum=80.0 * statistics["frequency"]))
    fits = made_up_fits(base, pool=(), sd=0.3, draws=400)
    made = valued(fits, base, draws=800)
    spread = made.spread.set_index("level")
    for kind, x, T in (("known", 60, 120.0), ("new", 1, 3.0)):
        count = int((base.segments["kind"] == kind).sum())
        expected = count**2 * variance_of_expectations(fits, x, 0.99 * T, T, made.periods[-1].end)
        # a standard error of a variance from 800 draws is a twentieth of it
        assert abs(spread["parameter_sd"][kind] ** 2 - expected) < 0.2 * spread["sd"][kind] ** 2


# beyond the horizon ---------------------------------------------------------------------------------------------------------------------


def expected_orders(x: int, t_x: float, T: float, horizon: float, discount: float) -> float:
    """Of a living customer, averaged over even quantiles of rate and dropout, where the integral over time is elementary."""
    r, alpha, concentration = math.exp(PURCHASES[1]), math.exp(PURCHASES[1] - PURCHASES[0]), math.exp(PURCHASES[3])
    a = concentration / (1 + math.exp(-PURCHASES[2]))
    even = (np.arange(2000) + 0.5) / 2000
    rate = gamma(r + x, scale=1 / (alpha + T)).ppf(even)[:, None]
    falling = rate * beta(a, concentration - a + x + 1).ppf(even) + discount
    return float((rate * -np.expm1(-falling * horizon) / falling).mean())


@pytest.mark.parametrize("order_cost", [0.0, 5.0])
@pytest.mark.parametrize("horizon", [1, 3])
def test_at_a_point_of_the_posterior_the_share_beyond_the_horizon_is_the_closed_form(horizon, order_cost) -> None:
    base = equal_customers(30, frequency=8, recency=70.0, T=74.0, segments={"one": ["all"]})
    economics = replace(ECONOMICS, horizon=horizon, order_cost=order_cost)
    made = valued(made_up_fits(base, pool=(), sd=1e-9), base, economics, draws=100)
    within, all_of_it = (expected_orders(8, 70.0, 74.0, years * WEEKS, math.log(1.09) / WEEKS) for years in (made.periods[-1].end, 50.0))
    assert made.beyond_horizon == pytest.approx(1 - within / all_of_it, rel=2e-3)


def test_less_lies_beyond_a_longer_horizon(customers) -> None:
    fits = made_up_fits(customers)
    shares = [valued(fits, customers, replace(ECONOMICS, horizon=years), draws=100).beyond_horizon for years in (0.5, 2, 5, 20, 50)]
    assert all(0 < share < 1 for share in shares[:4]) and shares == sorted(shares, reverse=True)
    assert shares[3] < 0.5 * shares[0] and shares[4] == pytest.approx(0, abs=0.001)
    # and less of a future that is discounted by more
    dear = valued(fits, customers, replace(ECONOMICS, horizon=2, discount_rate=0.5), draws=100).beyond_horizon
    assert 0 < dear < shares[1]


def test_where_nothing_is_worth_anything_no_share_lies_beyond(customers) -> None:
    fits = made_up_fits(customers)
    assert math.isnan(valued(fits, customers, replace(ECONOMICS, order_cost=1e4), draws=100).beyond_horizon)


def test_amounts_that_grow_lie_farther_off(customers) -> None:
    fits = made_up_fits(customers)
    shares = [
        valued(fits, customers, replace(ECONOMICS, spend_growth=growth), draws=100).beyond_horizon for growth in (-0.2, 0.0, 0.09, 0.2)
    ]
    assert shares == sorted(shares) and shares[-1] < 1
    # growth at the rate of discounting is no discounting
    undiscounted = valued(fits, customers, replace(ECONOMICS, discount_rate=0.0), draws=100).beyond_horizon
    assert shares[2] == pytest.approx(undiscounted, rel=1e-6)


def test_all_sums_are_of_one_total(summed) -> None:
    xr.testing.assert_allclose(summed.cash["industry"].sum("level"), summed.cash["channel"].sum("level"), rtol=1e-9, atol=1e-6)
