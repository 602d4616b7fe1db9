"""Beta-binomial returns: the likelihood against 30 digits, the simulator against closed forms and the law, a fit of known parameters."""

import math
from dataclasses import replace
from datetime import date

import mpmath
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from models.made_up_futures import futures_of
from scipy import integrate, stats

from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.errors import DataError
from clvbayes.inference import Fit, fit
from clvbayes.models import beta_binomial_returns
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

MODEL = beta_binomial_returns()
FAR = [(far, other) for far in (-20.0, 20.0) for other in (-20.0, 0.0, 20.0)] + [(0.0, -20.0), (0.0, 20.0)]
# returned and trials, whole and not
COUNTS = [(0, 0.001), (0, 1), (0, 37.25), (0.25, 1), (0.4, 0.4), (1, 1), (1.3, 7.9), (2, 3), (5, 5), (17, 400), (250.5, 400), (2000, 2000)]


def from_natural(a: float, b: float) -> np.ndarray:
    return np.array([math.log(a / b), math.log(a + b)])


def to_natural(coordinates):
    logit_share, log_concentration = (mpmath.mpf(float(value)) for value in coordinates)
    concentration = mpmath.exp(log_concentration)
    return concentration / (1 + mpmath.exp(-logit_share)), concentration / (1 + mpmath.exp(logit_share))


def exact_log_likelihood(coordinates, k: float, n: float) -> float:
    """The difference of two log-betas; 70 digits leave more than 30 after what cancels."""
    with mpmath.workdps(70):
        a, b = to_natural(coordinates)
        k, n = mpmath.mpf(float(k)), mpmath.mpf(float(n))
        logs = mpmath.loggamma
        return float(logs(a + k) + logs(b + n - k) - logs(a + b + n) - logs(a) - logs(b) + logs(a + b))


def exact_slope(coordinates, k: float, n: float) -> list[float]:
    with mpmath.workdps(70):
        a, b = to_natural(coordinates)
        k, n = mpmath.mpf(float(k)), mpmath.mpf(float(n))
        of_both = mpmath.digamma(a + b + n) - mpmath.digamma(a + b)
        of_a, of_b = mpmath.digamma(a + k) - mpmath.digamma(a) - of_both, mpmath.digamma(b + n - k) - mpmath.digamma(b) - of_both
        return [float(a * b / (a + b) * (of_a - of_b)), float(a * of_a + b * of_b)]


@pytest.fixture(scope="module")
def senders(make_customers):
    """Customers of whom only the returns matter."""

    def make(returned, trials, **options) -> Customers:
        size, nothing = len(returned), np.zeros(len(returned))
        table = {"trials": np.asarray(trials, float), "returned": np.asarray(returned, float)}
        open_ones = {"pending_orders": nothing, "pending_amount": nothing, "cancelled": nothing.astype(np.int64)}
        customers = make_customers(np.ones(size), np.ones(size), np.full(size, 9.0), **options)
        return replace(customers, returns=pd.DataFrame(table | open_ones))

    return make


# it runs --------------------------------------------------------------------------------------------------------------------------------

TRUTH = {"counter": (-2.2, math.log(5.0)), "phone": (-1.2, math.log(3.0)), "web": (-0.4, math.log(4.0))}


@pytest.fixture(scope="module")
def channels(senders) -> Customers:
    rng = np.random.default_rng(11)
    channel = np.repeat(list(TRUTH), 700)
    logit_share, log_concentration = np.array([TRUTH[name] for name in channel]).T
    share, concentration = 1 / (1 + np.exp(-logit_share)), np.exp(log_concentration)
    trials = 1 + rng.poisson(6.0, len(channel))
    returned = rng.binomial(trials, rng.beta(share * concentration, (1 - share) * concentration))
    return senders(returned, trials, segments={"channel": list(channel)})


@pytest.fixture(scope="module")
def fitted(channels) -> Fit:
    return fit(MODEL, channels, pool=("channel",), draws=200, chains=2, seed=7, progress=False)


def test_build_gives_a_pymc_model_with_a_finite_density(channels) -> None:
    built = MODEL.build(channels, pool=("channel",))
    assert isinstance(built, pm.Model)
    assert list(built.coords["coordinate"]) == ["logit_share", "log_concentration"]
    assert list(built.coords["channel"]) == sorted(TRUTH)
    assert np.isfinite(built.compile_logp()(built.initial_point()))


def test_a_fit_recovers_the_parameters_of_each_segment(fitted) -> None:
    levels = fitted.posterior["posterior"]["channel_level"]
    assert fitted.customers == 2100
    assert not np.isnan(levels).any()
    for name, truth in TRUTH.items():
        draws = levels.sel(channel=name).transpose("coordinate", "chain", "draw").to_numpy().reshape(2, -1)
        mean, sd = draws.mean(axis=1), draws.std(axis=1)
        assert (np.abs(mean - truth) < 4 * sd).all(), (name, mean, sd)
        assert (sd < (0.15, 0.35)).all()  # else recovery would say nothing


# it refuses bad input -------------------------------------------------------------------------------------------------------------------


def test_customers_of_unknown_returns_are_refused(make_customers) -> None:
    customers = make_customers([1, 2], [1.0, 2.0], [3.0, 4.0])
    for refused in (MODEL.priors, lambda given: MODEL.rows(given, assign_cells(given, ())), MODEL.build):
        with pytest.raises(DataError, match=r"returns are not known .* RFM frame"):
            refused(customers)


def test_a_base_of_which_nothing_came_back_is_refused(senders) -> None:
    customers = senders([0, 0, 0], [3, 1, 0.5])
    for refused in (MODEL.priors, MODEL.build, lambda given: fit(MODEL, given, seed=1, progress=False)):
        with pytest.raises(DataError, match="nothing that was ordered has come back"):
            refused(customers)


# it is correct --------------------------------------------------------------------------------------------------------------------------


def assert_rows_are_exact(customers, log_likelihood, at) -> None:
    by_row, weight, slope = log_likelihood(MODEL, customers, at)
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    pairs = list(zip(rows["x"], rows["trials"], strict=True))
    assert sorted(pairs) == sorted(COUNTS)
    np.testing.assert_allclose(by_row, [exact_log_likelihood(at, k, n) for k, n in pairs], rtol=1e-10, atol=1e-10)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(slope[:, 0], weight @ np.array([exact_slope(at, k, n) for k, n in pairs]), rtol=1e-8, atol=1e-8)


def test_log_likelihood_is_the_formula_at_random_points(senders, log_likelihood) -> None:
    rng = np.random.default_rng(2)
    returned, trials = zip(*COUNTS, strict=True)
    for _ in range(6):
        assert_rows_are_exact(senders(returned, trials), log_likelihood, rng.normal([-1.5, 1.0], [2.0, 2.0]))


@pytest.mark.parametrize("at", FAR, ids=str)
def test_far_out_likelihood_and_gradient_are_finite_and_right(at, senders, log_likelihood) -> None:
    returned, trials = zip(*COUNTS, strict=True)
    assert_rows_are_exact(senders(returned, trials), log_likelihood, at)


def test_log_likelihood_is_the_story_integrated_over_the_customers_share(senders, log_likelihood) -> None:
    a, b = 1.6, 4.2
    for k, n in ((0, 4), (3, 7), (1.5, 2.75)):
        story, _ = integrate.quad(lambda share, k=k, n=n: share**k * (1 - share) ** (n - k) * stats.beta(a, b).pdf(share), 0, 1)
        by_row, _, _ = log_likelihood(MODEL, senders([k], [n]), from_natural(a, b))
        assert by_row == pytest.approx([math.log(story)], rel=1e-7)


def test_equal_customers_are_one_row_and_those_without_orders_none(senders, log_likelihood) -> None:
    by_row, weight, _ = log_likelihood(MODEL, senders([2, 0, 1.5, 2, 2], [3, 0, 3, 3, 4]), from_natural(1.0, 3.0))
    assert len(by_row) == 3 and weight.sum() == 4
    exact = 2 * exact_log_likelihood(from_natural(1.0, 3.0), 2, 3)
    exact += sum(exact_log_likelihood(from_natural(1.0, 3.0), k, n) for k, n in ((1.5, 3), (2, 4)))
    assert by_row @ weight == pytest.approx(exact, rel=1e-12)


def batch_of(ids, returned, trials, cell=None) -> Batch:
    zeros = np.zeros(len(ids))
    cell = np.zeros(len(ids), dtype=np.int64) if cell is None else np.asarray(cell)
    returned, trials = (np.broadcast_to(np.asarray(column, dtype=float), len(ids)).copy() for column in (returned, trials))
    return Batch(
        customer_keys(ids), cell, cell, cell, zeros, zeros, zeros, zeros, zeros, zeros, return_trials=trials, return_count=returned
    )


COPIES, DRAWS, ORDERS = 300, 300, 3
CASES = pytest.mark.parametrize(
    ("a", "b", "k", "n"),
    [(0.8, 2.5, 0, 0), (0.8, 2.5, 2.5, 4.2), (0.8, 2.5, 30, 400), (0.8, 2.5, 3, 3), (0.004, 0.006, 0, 0), (40.0, 10.0, 0, 2)],
    ids=["no order yet", "parts", "four hundred", "all came back", "all or nothing", "most comes back"],
)


def made_of(a, b, k, n) -> tuple[np.ndarray, np.ndarray]:
    """Simulated orders, dims (customer and draw, order), and what is open of past ones."""
    batch = batch_of([f"K{i}" for i in range(COPIES)], k, n)
    coordinates = np.repeat(from_natural(a, b)[None, :, None], DRAWS, axis=0)
    orders = MODEL.simulate(coordinates, batch, futures_of(COPIES, DRAWS, ORDERS), seed=4)
    pending = MODEL.simulate_pending(coordinates, batch, seed=4)
    assert pending.shape == (COPIES, DRAWS)
    return orders.reshape(COPIES * DRAWS, ORDERS), pending.ravel()


def assert_mean_is(values: np.ndarray, moment: float) -> None:
    assert abs(values.mean() - moment) < 4 * values.std() / math.sqrt(len(values))


@CASES
def test_simulated_shares_have_the_closed_moments(a, b, k, n) -> None:
    """Given rho ~ Beta(a+k, b+n-k) orders come back independently with probability rho: E y = E rho, E y y' = E rho^2."""
    orders, pending = made_of(a, b, k, n)
    assert np.isin(orders, (0.0, 1.0)).all() and np.isin(pending, (0.0, 1.0)).all()
    law = stats.beta(a + k, b + n - k)
    mean, square = (float(moment) for moment in MODEL.share_moments(from_natural(a, b), n, k))
    assert mean == pytest.approx(law.mean(), rel=1e-12)
    assert square == pytest.approx(law.var() + law.mean() ** 2, rel=1e-12)
    assert_mean_is(orders.mean(axis=1), mean)
    assert_mean_is((orders[:, 0] * orders[:, 1] + orders[:, 0] * orders[:, 2] + orders[:, 1] * orders[:, 2]) / 3, square)
    assert_mean_is(pending, mean)


@CASES
def test_what_is_open_comes_back_with_the_probability_of_future_orders(a, b, k, n) -> None:
    orders, pending = made_of(a, b, k, n)
    square = float(MODEL.share_moments(from_natural(a, b), n, k)[1])
    for order in range(ORDERS):
        assert_mean_is(pending * orders[:, order], square)


@CASES
def test_the_number_of_orders_that_come_back_follows_its_law(a, b, k, n) -> None:
    """Of three future orders and what is open, the number is beta-binomial."""
    orders, pending = made_of(a, b, k, n)
    seen = np.bincount((orders.sum(axis=1) + pending).astype(int), minlength=ORDERS + 2)
    expected = stats.betabinom(ORDERS + 1, a + k, b + n - k).pmf(np.arange(ORDERS + 2)) * len(pending)
    assert stats.chisquare(seen, expected * len(pending) / expected.sum()).pvalue > 0.001


def test_share_moments_take_each_customers_own_coordinates() -> None:
    a, b, k, n = np.array([0.5, 2.0, 7.0]), np.array([3.0, 1.0, 0.2]), np.array([0.0, 1.5, 4.0]), np.array([2.0, 1.5, 4.5])
    mean, square = MODEL.share_moments(np.stack([np.log(a / b), np.log(a + b)]), n, k)
    law = stats.beta(a + k, b + n - k)
    np.testing.assert_allclose(mean, law.mean(), rtol=1e-12)
    np.testing.assert_allclose(square, law.var() + law.mean() ** 2, rtol=1e-12)


@pytest.mark.parametrize("at", FAR, ids=str)
@pytest.mark.parametrize(("k", "n"), [(0, 0), (0, 3), (3, 3), (0.4, 0.4)])
def test_far_out_the_simulators_keep_to_the_closed_mean(at, k, n) -> None:
    batch = batch_of([f"K{i}" for i in range(60)], k, n)
    coordinates = np.repeat(np.array(at)[None, :, None], 100, axis=0)
    orders = MODEL.simulate(coordinates, batch, futures_of(60, 100, 1), seed=4)
    pending = MODEL.simulate_pending(coordinates, batch, seed=4)
    with mpmath.workdps(30):
        a, b = to_natural(at)
        mean = float((a + k) / (a + b + n))
    assert float(MODEL.share_moments(np.array(at), n, k)[0]) == pytest.approx(mean, rel=1e-12)
    error = math.sqrt(mean * (1 - mean) / 6000)
    for shares in (orders, pending):
        assert abs(shares.mean() - mean) <= 4.5 * error + 1e-6


# it is consistent -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thirty():
    """Coordinates by draw of two cells, and a batch of thirty customers in them."""
    rng = np.random.default_rng(3)
    coordinates = rng.normal(from_natural(0.8, 1.5)[None, :, None], 0.2, (200, 2, 2))
    trials = rng.integers(0, 5, 30) + rng.choice([0.0, 0.35], 30)
    return coordinates, batch_of([f"C{k}" for k in range(30)], trials * rng.uniform(0, 1, 30), trials, rng.integers(0, 2, 30))


def shares_of(coordinates, batch, orders=2, seed=4) -> tuple[np.ndarray, np.ndarray]:
    made = MODEL.simulate(coordinates, batch, futures_of(len(batch), len(coordinates), orders), seed=seed)
    return made.reshape(len(batch), len(coordinates), orders), MODEL.simulate_pending(coordinates, batch, seed=seed)


def some_of(batch: Batch, which) -> Batch:
    return Batch(**{name: column[which] for name, column in vars(batch).items()})


def test_returns_belong_to_customer_and_draw(thirty) -> None:
    coordinates, batch = thirty
    orders, pending = shares_of(coordinates, batch)
    order = np.random.default_rng(5).permutation(30)
    for which in (order, np.arange(11), np.arange(11, 30), np.array([17])):
        again, still_open = shares_of(coordinates, some_of(batch, which))
        assert again.tobytes() == orders[which].tobytes()
        assert still_open.tobytes() == pending[which].tobytes()


def test_fewer_purchases_leave_the_first_ones_as_they_are(thirty) -> None:
    orders, pending = shares_of(*thirty)
    fewer, same = shares_of(*thirty, orders=1)
    assert np.array_equal(fewer[:, :, 0], orders[:, :, 0]) and np.array_equal(same, pending)


def test_another_seed_gives_other_returns_and_the_same_seed_the_same(thirty) -> None:
    orders, pending = shares_of(*thirty)
    for one, other in zip(shares_of(*thirty), (orders, pending), strict=True):
        assert one.tobytes() == other.tobytes()
    others, others_pending = shares_of(*thirty, seed=5)
    assert np.mean(others != orders) > 0.2 and np.mean(others_pending != pending) > 0.2


def test_every_draw_has_its_own_parameters(thirty) -> None:
    """In one draw everything comes back, in the next nothing."""
    _, batch = thirty
    coordinates = np.tile(np.array([[9.0, 9.0], [-9.0, 9.0]])[:, :, None], (1, 1, 2))
    orders, pending = shares_of(coordinates, batch)
    assert orders[:, 0].mean() > 0.9 > 0.1 > orders[:, 1].mean()
    assert pending[:, 0].mean() > 0.9 > 0.1 > pending[:, 1].mean()


def test_the_order_of_rows_changes_nothing(channels, log_likelihood) -> None:
    order = np.random.default_rng(0).permutation(len(channels))
    parts = {name: getattr(channels, name).iloc[order].reset_index(drop=True) for name in ("statistics", "segments", "returns")}
    at = np.stack([from_natural(1.0, 4.0), from_natural(2.0, 3.0), from_natural(0.3, 0.9)], axis=1)
    for one, other in zip(
        log_likelihood(MODEL, channels, at, ("channel",)), log_likelihood(MODEL, replace(channels, **parts), at, ("channel",)), strict=True
    ):
        assert np.array_equal(one, other)
    assert MODEL.priors(replace(channels, **parts)) == MODEL.priors(channels)


def test_a_segment_split_in_two_changes_no_likelihood(channels, log_likelihood) -> None:
    at = from_natural(1.3, 4.0)
    by_row, weight, slope = log_likelihood(MODEL, channels, at)
    halves = replace(channels, segments=pd.DataFrame({"half": np.where(np.arange(len(channels)) % 2, "odd", "even")}))
    split = log_likelihood(MODEL, halves, np.stack([at, at], axis=1), ("half",))
    assert len(split[1]) > len(weight) and split[1].sum() == weight.sum()
    assert split[0] @ split[1] == pytest.approx(by_row @ weight, rel=1e-12)
    np.testing.assert_allclose(split[2].sum(axis=1), slope[:, 0], rtol=1e-9)


def some_orders() -> pd.DataFrame:
    """Orders and credit notes of 80 customers over a quarter, some of them young at its end."""
    rng = np.random.default_rng(8)
    count = 80 * 5
    orders = pd.DataFrame(
        {
            "customer_id": np.repeat([f"C{k}" for k in range(80)], 5),
            "date": pd.Timestamp(2025, 1, 1) + pd.to_timedelta(rng.integers(0, 90, count), unit="D"),
            "amount": rng.integers(100, 30_000, count) / 100,
        }
    )
    back = orders[rng.uniform(size=count) < 0.3]
    lag = pd.to_timedelta(rng.geometric(0.1, len(back)), unit="D")
    notes = back.assign(date=back["date"] + lag, amount=-(back["amount"] * rng.choice([0.5, 1.0], len(back))).round(2))
    return pd.concat([orders, notes], ignore_index=True)


def test_money_in_cents_changes_neither_trials_nor_what_came_back() -> None:
    lines, until = some_orders(), date(2025, 3, 31)
    euros, cents = (
        summarize(read_transactions(given), until=until) for given in (lines, lines.assign(amount=(100 * lines["amount"]).round()))
    )
    assert euros.returns is not None and cents.returns is not None
    assert euros.returns["returned"].sum() > 0 and euros.returns["pending_orders"].sum() > 0
    for name in ("trials", "returned", "pending_orders"):
        np.testing.assert_allclose(cents.returns[name], euros.returns[name], rtol=0, atol=2e-9)
    np.testing.assert_allclose(cents.returns["pending_amount"], 100 * euros.returns["pending_amount"], rtol=1e-9, atol=1e-9)
    assert MODEL.priors(cents).mean == pytest.approx(MODEL.priors(euros).mean, abs=1e-8)
