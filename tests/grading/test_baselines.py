"""Customers who never leave: closed form, simulation, and the mode that needs no sampling."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import OptimizeResult
from scipy.special import gammaln

from clvbayes.errors import DataError
from clvbayes.grading import baselines
from clvbayes.grading.baselines import PRIOR_SD, Steady, steady_draws
from clvbayes.models.pace import STEADY_PACE
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

MODEL = Steady("No churn")
RATE, SHAPE = math.log(0.05), math.log(0.6)


def batch_of(ids, x, T) -> Batch:
    x, T = np.asarray(x, dtype=float), np.asarray(T, dtype=float)
    cell = np.zeros(len(x), np.int64)
    return Batch(customer_keys(ids), cell, cell, cell, x, 0 * T, T, *[np.zeros(len(x))] * 7)


def simulate(coordinates, batch, *, horizon=26.0, seed=3):
    return MODEL.simulate(np.asarray(coordinates), batch, horizon=horizon, year=52.0, seed=seed, clock=STEADY_PACE)


def log_likelihood(x, T, log_rate, log_shape) -> float:
    """Of the NBD with gamma rates, by its own formula (Fader, Hardie & Lee 2005, the NBD row)."""
    r, alpha = math.exp(log_shape), math.exp(log_shape - log_rate)
    return float((gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T)).sum())


# probability of counts ------------------------------------------------------------------------------------------------------------------

KINDS = [(0, 0.0), (0, 38.9), (3, 38.9), (120, 150.0)]


@pytest.mark.parametrize(("x", "T"), KINDS)
def test_counts_are_negative_binomial_given_the_past(x, T) -> None:
    n, horizon = np.arange(40), 26.0
    r, alpha = math.exp(SHAPE), math.exp(SHAPE - RATE)
    law = stats.nbinom(r + x, (alpha + T) / (alpha + T + horizon))
    found = MODEL.count_probability(np.array([RATE, SHAPE]), x, 0.0, T, horizon=horizon, count=n)
    np.testing.assert_allclose(found, law.pmf(n), rtol=1e-9)


@pytest.mark.parametrize(("x", "T"), KINDS)
def test_probabilities_of_counts_add_up_to_one_and_their_mean_is_the_rate(x, T) -> None:
    n, horizon = np.arange(3000), 26.0
    found = MODEL.count_probability(np.array([RATE, SHAPE]), x, 0.0, T, horizon=horizon, count=n)
    r, alpha = math.exp(SHAPE), math.exp(SHAPE - RATE)
    assert found.sum() == pytest.approx(1, abs=1e-9)
    assert found @ n == pytest.approx((r + x) / (alpha + T) * horizon, rel=1e-8)


def test_count_probabilities_of_many_customers_and_draws_are_those_of_each() -> None:
    at = np.random.default_rng(1).normal([[[RATE]], [[SHAPE]]], 0.3, (2, 5, 7))
    x, T, n = np.array([0, 1, 2, 8, 30.0]), np.array([0, 10.0, 40, 90, 100]), np.array([0, 0, 3, 2, 9])
    together = MODEL.count_probability(at, x[:, None], 0.0, T[:, None], horizon=13.0, count=n[:, None])
    for k in range(5):
        for s in range(7):
            one = MODEL.count_probability(at[:, k, s], x[k], 0.0, T[k], horizon=13.0, count=n[k])
            assert together[k, s] == pytest.approx(float(one), rel=1e-12)


@pytest.mark.parametrize("log_shape", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("log_rate", [-20.0, 0.0, 10.0])
def test_extreme_parameters_and_large_counts_stay_probabilities(log_rate, log_shape) -> None:
    n = np.array([0, 1, 5, 500, 100_000])
    for x, T in [*KINDS, (2000, 150.0)]:
        found = MODEL.count_probability(np.array([log_rate, log_shape]), x, 0.0, T, horizon=520.0, count=n)
        assert (found >= 0).all() and (found <= 1 + 1e-9).all()


# simulation -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "T"), KINDS)
def test_simulated_counts_have_their_probabilities(x, T) -> None:
    copies, draws, horizon = 200, 200, 26.0
    at = np.tile(np.array([RATE, SHAPE])[:, None], (draws, 1, 1))
    futures = simulate(at, batch_of([f"K{k}" for k in range(copies)], np.full(copies, x), np.full(copies, T)), horizon=horizon)
    orders = np.bincount(futures.customer * draws + futures.draw, minlength=copies * draws)
    n = np.arange(12)
    expected = MODEL.count_probability(np.array([RATE, SHAPE]), x, 0.0, T, horizon=horizon, count=n)
    error = np.sqrt(np.maximum(expected * (1 - expected), 1e-5) / len(orders))
    found = np.array([(orders == k).mean() for k in n])
    assert (np.abs(found - expected) < 4 * error).all()


def test_simulated_purchases_are_in_order_within_the_horizon_and_everyone_stays() -> None:
    at = np.tile(np.array([RATE + 1, SHAPE])[:, None], (50, 1, 1))
    futures = simulate(at, batch_of("abcde", [0, 1, 2, 40, 300], [0.0, 20, 40, 90, 150]))
    place = futures.customer.astype(int) * 50 + futures.draw
    assert futures.time.min() > 0 and futures.time.max() <= 26 and (np.diff(place) >= 0).all()
    assert (np.diff(futures.time)[np.diff(place) == 0] > 0).all()
    assert (futures.p_alive == 1).all() and futures.p_alive.shape == (5, 50)


def test_neither_other_customers_nor_a_longer_horizon_change_a_future() -> None:
    at = np.random.default_rng(2).normal([[RATE], [SHAPE]], 0.3, (40, 2, 1))
    everyone = batch_of("abcde", [0, 1, 2, 40, 300], [0.0, 20, 40, 90, 150])
    alone = batch_of("d", [40], [90.0])
    together, longer, single = simulate(at, everyone), simulate(at, everyone, horizon=52.0), simulate(at, alone)
    assert np.array_equal(together.time[together.customer == 3], single.time)
    assert np.array_equal(together.time, longer.time[longer.time <= 26])
    assert len(np.intersect1d(together.time, simulate(at, everyone, seed=4).time)) == 0


# parameters -----------------------------------------------------------------------------------------------------------------------------


def test_the_likelihood_of_cdnow_is_the_published_one_at_its_maximum(cdnow) -> None:
    """Fader, Hardie & Lee 2005, table 2: NBD with r .385 and alpha 12.072, log-likelihood -9,763.7."""
    x, T = (cdnow.statistics[name].to_numpy(dtype=float) for name in ("frequency", "T"))
    draws = steady_draws(x, T, 40_000, np.random.default_rng(1))[:, :, 0]
    mode = draws.mean(axis=0)
    assert math.exp(mode[1]) == pytest.approx(0.385, abs=0.002)
    assert math.exp(mode[1] - mode[0]) == pytest.approx(12.072, abs=0.1)
    assert log_likelihood(x, T, *mode) == pytest.approx(-9763.66, abs=0.01)


def test_draws_spread_as_the_likelihood_bends(cdnow) -> None:
    """Normal around the mode: on average the log posterior lies half a unit a coordinate below its maximum."""
    x, T = (cdnow.statistics[name].to_numpy(dtype=float) for name in ("frequency", "T"))
    draws = steady_draws(x, T, 2000, np.random.default_rng(1))[:, :, 0]
    centre = np.array([math.log((x.sum() + 0.5) / T.sum()), 0.0])

    def log_posterior(at):
        return log_likelihood(x, T, *at) - 0.5 * (((at - centre) / PRIOR_SD) ** 2).sum()

    below = log_posterior(draws.mean(axis=0)) - np.array([log_posterior(at) for at in draws])
    assert below.mean() == pytest.approx(1.0, abs=4 / math.sqrt(2000) * 1.1)


def simulated_base(seed: int, count: int = 4000):
    random = np.random.default_rng(seed)
    T = random.uniform(5, 150, count)
    return random.poisson(random.gamma(math.exp(SHAPE), math.exp(RATE - SHAPE), count) * T).astype(float), T


def test_known_parameters_are_found_again() -> None:
    """Of twenty bases, each standardised by its own spread: neither bias nor bands that are too narrow."""
    away = []
    for seed in range(20):
        draws = steady_draws(*simulated_base(seed), 500, np.random.default_rng(seed))[:, :, 0]
        away.append((draws.mean(axis=0) - [RATE, SHAPE]) / draws.std(axis=0))
        assert (draws.std(axis=0) < 0.08).all()
    off = np.array(away)
    assert (np.abs(off.mean(axis=0)) < 3.5 / math.sqrt(20)).all()
    assert ((off**2).mean(axis=0) < 2.3).all() and ((off**2).mean(axis=0) > 0.3).all()


def test_the_order_of_customers_does_not_move_the_parameters() -> None:
    x, T = simulated_base(1)
    order = np.random.default_rng(5).permutation(len(x))
    one, other = steady_draws(x, T, 100, np.random.default_rng(2)), steady_draws(x[order], T[order], 100, np.random.default_rng(2))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_another_unit_of_time_moves_the_rate_and_nothing_else() -> None:
    x, T = simulated_base(2)
    weeks, days = steady_draws(x, T, 100, np.random.default_rng(2)), steady_draws(x, 7 * T, 100, np.random.default_rng(2))
    np.testing.assert_allclose(days[:, 0], weeks[:, 0] - math.log(7), atol=1e-4)
    np.testing.assert_allclose(days[:, 1], weeks[:, 1], atol=1e-4)


@pytest.mark.parametrize(
    ("x", "T"),
    [
        pytest.param(np.zeros(200), np.full(200, 52.0), id="nobody ordered again"),
        pytest.param(np.array([0.0, 1.0]), np.array([0.0, 30.0]), id="two customers"),
        pytest.param(np.zeros(3), np.zeros(3), id="all came today"),
        pytest.param(np.array([5000.0, 0, 0, 0]), np.full(4, 52.0), id="one orders all day long"),
        pytest.param(np.full(500, 4.0), np.full(500, 52.0), id="all alike"),
    ],
)
def test_sparse_bases_have_draws_too(x, T) -> None:
    draws = steady_draws(x, T, 500, np.random.default_rng(1))
    assert draws.shape == (500, 2, 1) and np.isfinite(draws).all() and (draws.std(axis=0) > 0).all()


def test_who_never_orders_again_is_foreseen_to_order_little() -> None:
    draws = steady_draws(np.zeros(300), np.full(300, 52.0), 300, np.random.default_rng(1))
    expected = np.exp(draws[:, 0, 0]).mean() * 52 * 300  # orders of all of them in a year
    assert expected < 5


def test_a_mode_that_is_not_found_is_said(monkeypatch) -> None:
    """As an error that a back-test notes, and no defect."""
    found = OptimizeResult(success=False, message="too many steps", x=np.zeros(2))
    monkeypatch.setattr(baselines, "minimize", lambda *_, **__: found)
    with pytest.raises(DataError, match="the mode of a baseline was not found: too many steps"):
        steady_draws(*simulated_base(1), 100, np.random.default_rng(1))
