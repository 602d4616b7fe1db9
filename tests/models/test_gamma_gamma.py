"""Gamma-Gamma: the likelihood against published numbers, other arithmetic and integration; the simulator against closed forms."""

import math
from dataclasses import replace

import mpmath
import numpy as np
import pandas as pd
import pytest
from models.made_up_futures import futures_of
from scipy import stats

from clvbayes.data import Customers
from clvbayes.errors import DataError
from clvbayes.models import gamma_gamma
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

MODEL = gamma_gamma()


def from_natural(p: float, q: float, gamma: float) -> np.ndarray:
    return np.array([math.log(p * gamma / (q - 1)), -0.5 * math.log(p), -0.5 * math.log(q - 2)])


def to_natural(coordinates):
    log_mean, log_cv_within, log_cv_between = (mpmath.mpf(float(value)) for value in coordinates)
    p, q = mpmath.exp(-2 * log_cv_within), 2 + mpmath.exp(-2 * log_cv_between)
    return p, q, mpmath.exp(log_mean) * (q - 1) / p


def exact_log_likelihood(coordinates, amounts, *, by_mean=False) -> float:
    """The density of the amounts, or of their mean, in 50 digits."""
    with mpmath.workdps(50):
        p, q, gamma = to_natural(coordinates)
        z = [mpmath.mpf(float(amount)) for amount in amounts]
        x, total = len(z), mpmath.fsum(z)
        joint = mpmath.loggamma(p * x + q) - mpmath.loggamma(q) + q * mpmath.log(gamma) - (p * x + q) * mpmath.log(gamma + total)
        if by_mean:
            return float(joint - mpmath.loggamma(p * x) + (p * x - 1) * mpmath.log(total / x) + p * x * mpmath.log(x))
        return float(joint - x * mpmath.loggamma(p) + (p - 1) * mpmath.fsum(mpmath.log(value) for value in z))


PUBLISHED = from_natural(6.2496, 3.7442, 15.4435)


@pytest.fixture(scope="module")
def cdnow_means(cdnow_rfm) -> Customers:
    return Customers.from_frame(cdnow_rfm, unit="week")


def test_cdnow_mean_level_log_likelihood_is_the_published_one(cdnow_means, total_log_likelihood) -> None:
    assert (cdnow_means.statistics["spend_count"] > 0).sum() == 946
    assert total_log_likelihood(MODEL, cdnow_means, PUBLISHED) == pytest.approx(-4055.918, abs=0.001)


def test_the_published_parameters_are_the_maximum(cdnow_means, log_likelihood) -> None:
    _, _, slope = log_likelihood(MODEL, cdnow_means, PUBLISHED)
    curvature = 946  # of each coordinate, in order of magnitude: a gradient of a few units is a step of a few thousandths
    assert np.abs(slope).max() / curvature < 1e-3


def test_cdnow_transactions_tell_another_spread_within_customers(cdnow, total_log_likelihood) -> None:
    # method.md D5: p = 3.61 by transaction (CV .53), p = 6.25 by means (CV .40)
    within = [total_log_likelihood(MODEL, cdnow, [PUBLISHED[0], -0.5 * math.log(p), PUBLISHED[2]]) for p in (3.2, 3.61, 4.1, 6.25)]
    assert np.argmax(within) == 1
    assert within[1] - within[3] > 50


def test_expected_amounts_are_those_of_the_published_spreadsheet(cdnow_rfm) -> None:
    """Hardie's spreadsheet, by way of the tests of lifetimes (peers.md 4.1), to its digits."""
    first_ten = cdnow_rfm.head(10)
    found = MODEL.amount_moments(PUBLISHED, first_ten["frequency"], first_ten["frequency"] * first_ten["monetary_value"])[0]
    assert [f"{amount:.2f}" for amount in found] == [
        "24.65",
        "18.91",
        "35.17",
        "35.17",
        "35.17",
        "71.46",
        "18.91",
        "35.17",
        "27.28",
        "35.17",
    ]


def random_amounts(rng, customers=12):
    return [rng.gamma(2.0, 50.0, size) for size in rng.choice([1, 2, 5, 40, 500], customers)]


@pytest.fixture(scope="module")
def spenders(make_customers):
    def make(amounts, **options) -> Customers:
        sizes = [len(row) for row in amounts]
        return make_customers(sizes, np.full(len(sizes), 5.0), np.full(len(sizes), 9.0), amounts=amounts, **options)

    return make


def by_customer(customers, by_row):
    """The likelihood of each customer's row, in the order of customers: found again by its number and sum."""
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    place = {key: k for k, key in enumerate(zip(rows["x"], rows["sum"], strict=True))}
    return by_row[[place[key] for key in zip(customers.statistics["spend_count"], customers.statistics["spend_sum"], strict=True)]]


@pytest.mark.parametrize("level", ["transaction", "mean"])
def test_log_likelihood_is_the_formula_at_random_points(level, spenders, log_likelihood) -> None:
    rng = np.random.default_rng(2)
    for _ in range(10):
        amounts = random_amounts(rng)
        customers = spenders(amounts, spend_level=level)
        coordinates = rng.normal([4.5, -0.5, -0.5], [1.5, 0.8, 0.8])
        by_row, _, slope = log_likelihood(MODEL, customers, coordinates)
        exact = [exact_log_likelihood(coordinates, row, by_mean=level == "mean") for row in amounts]
        np.testing.assert_allclose(by_customer(customers, by_row), exact, rtol=1e-10, atol=1e-10)
        assert np.isfinite(slope).all()


@pytest.mark.parametrize("log_cv_within", [-4.0, 0.0, 4.0])
@pytest.mark.parametrize("log_cv_between", [-9.0, 0.0, 9.0])
@pytest.mark.parametrize("level", ["transaction", "mean"])
def test_far_out_it_is_finite_right_and_smooth(level, log_cv_within, log_cv_between, spenders, log_likelihood) -> None:
    amounts = [np.array([80.0]), np.array([3.0, 700.0]), np.linspace(1.0, 200.0, 300)]
    customers = spenders(amounts, spend_level=level)
    at = np.array([4.0, log_cv_within, log_cv_between])
    by_row, _, slope = log_likelihood(MODEL, customers, at)

    def exact(point):
        return np.array([exact_log_likelihood(point, row, by_mean=level == "mean") for row in amounts])

    np.testing.assert_allclose(by_customer(customers, by_row), exact(at), rtol=1e-9, atol=1e-7)
    step = 1e-4
    for k in range(3):
        shift = np.eye(3)[k] * step
        assert slope[k, 0] == pytest.approx((exact(at + shift) - exact(at - shift)).sum() / (2 * step), rel=1e-5, abs=1e-4)


def test_log_likelihood_is_the_story_integrated_over_the_customers_rate(spenders, log_likelihood) -> None:
    p, q, gamma = 3.2, 4.1, 40.0
    log_rate = np.linspace(-25.0, 5.0, 3000)
    rate = np.exp(log_rate)
    density = stats.gamma(q, scale=1 / gamma).pdf(rate) * rate
    for amounts in ([25.0], [10.0, 60.0, 44.0], [5.0] * 8):
        story = np.prod([stats.gamma(p, scale=1 / rate).pdf(amount) for amount in amounts], axis=0)
        by_row, _, _ = log_likelihood(MODEL, spenders([np.array(amounts)]), from_natural(p, q, gamma))
        assert by_row == pytest.approx([math.log(np.trapezoid(story * density, log_rate))], rel=1e-10)


def test_mean_level_is_the_density_of_the_mean(spenders, log_likelihood) -> None:
    """It integrates to one over the mean, and for one purchase is the density of that purchase."""
    at = from_natural(3.2, 4.1, 40.0)
    means = np.exp(np.linspace(-4, 12, 1500))
    by_row, _, _ = log_likelihood(MODEL, spenders([np.full(3, mean) for mean in means], spend_level="mean"), at)
    assert np.trapezoid(np.exp(by_row) * means, np.log(means)) == pytest.approx(1, abs=1e-6)
    single = [np.array([31.0])]
    one, other = (log_likelihood(MODEL, spenders(single, spend_level=level), at)[0] for level in ("mean", "transaction"))
    assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("level", ["transaction", "mean"])
def test_another_currency_changes_only_the_density_of_the_amounts(level, cdnow, cdnow_means, total_log_likelihood) -> None:
    # a density per dollar is a hundred times one per cent, an amount
    customers = cdnow if level == "transaction" else cdnow_means
    statistics, count = customers.statistics, customers.statistics["spend_count"]
    cents = replace(
        customers,
        statistics=statistics.assign(
            spend_sum=100 * statistics["spend_sum"], spend_sum_log=statistics["spend_sum_log"] + count * math.log(100)
        ),
    )
    amounts = count.sum() if level == "transaction" else (count > 0).sum()
    in_cents = total_log_likelihood(MODEL, cents, PUBLISHED + np.array([math.log(100), 0, 0]))
    assert in_cents == pytest.approx(total_log_likelihood(MODEL, customers, PUBLISHED) - amounts * math.log(100), rel=1e-11)


def test_compressed_rows_say_what_all_customers_say(spenders, log_likelihood) -> None:
    """Customers of equal number and sum share a row though their single amounts differ: the sum of logs enters linearly."""
    rng = np.random.default_rng(5)
    amounts = []
    for _ in range(60):
        whole = rng.integers(20, 26) * 10.0
        first = rng.uniform(1, 100, 2)
        amounts.append(np.array([*first, whole - first.sum()]))
    customers = spenders(amounts)
    customers = replace(customers, statistics=customers.statistics.assign(spend_sum=[round(row.sum()) for row in amounts]))
    at = from_natural(3.2, 4.1, 40.0)
    by_row, weight, _ = log_likelihood(MODEL, customers, at)
    assert len(weight) == 6 and weight.sum() == 60
    assert by_row @ weight == pytest.approx(sum(exact_log_likelihood(at, row) for row in amounts), rel=1e-9)


def test_customers_without_spend_do_not_count(spenders, log_likelihood, make_customers) -> None:
    amounts = [np.array([20.0, 30.0]), np.array([])]
    _, weight, _ = log_likelihood(MODEL, spenders(amounts), PUBLISHED)
    assert weight.tolist() == [1.0]
    with pytest.raises(DataError, match="nothing to learn spend from"):
        MODEL.priors(make_customers([0], [0.0], [3.0]))


def test_the_order_of_rows_and_a_split_cell_change_nothing(cdnow, log_likelihood) -> None:
    order = np.random.default_rng(0).permutation(len(cdnow))
    by_row, weight, slope = log_likelihood(MODEL, cdnow, PUBLISHED)
    shuffled = log_likelihood(MODEL, replace(cdnow, statistics=cdnow.statistics.iloc[order].reset_index(drop=True)), PUBLISHED)
    np.testing.assert_allclose(shuffled[0], by_row, rtol=1e-12)
    halves = replace(cdnow, segments=pd.DataFrame({"half": np.where(np.arange(len(cdnow)) % 2, "odd", "even")}))
    split = log_likelihood(MODEL, halves, np.stack([PUBLISHED, PUBLISHED], axis=1), ("half",))
    assert len(split[1]) >= len(weight)
    assert split[0] @ split[1] == pytest.approx(by_row @ weight, rel=1e-12)
    np.testing.assert_allclose(split[2].sum(axis=1), slope[:, 0], rtol=1e-8)


def test_priors_follow_the_currency_and_nothing_else(cdnow) -> None:
    cents = replace(cdnow, statistics=cdnow.statistics.assign(spend_sum=100 * cdnow.statistics["spend_sum"]))
    dollars, cents = MODEL.priors(cdnow), MODEL.priors(cents)
    assert cents.mean[0] == pytest.approx(dollars.mean[0] + math.log(100))
    assert (cents.mean[1:], cents.sd, cents.scale) == (dollars.mean[1:], dollars.sd, dollars.scale)


# simulation -----------------------------------------------------------------------------------------------------------------------------

COPIES, DRAWS, ORDERS = 300, 300, 3


def batch_of(ids, count, total, cell=None) -> Batch:
    zeros = np.zeros(len(ids))
    cell = np.zeros(len(ids), dtype=np.int64) if cell is None else np.asarray(cell)
    count, total = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    return Batch(customer_keys(ids), cell, cell, cell, zeros, zeros, zeros, count, total, zeros, zeros, zeros, zeros, zeros)


@pytest.mark.parametrize(("count", "total"), [(0, 0.0), (3, 60.0), (500, 40_000.0)], ids=["no spend yet", "three", "five hundred"])
def test_simulated_amounts_have_the_closed_moments(count, total) -> None:
    """Given nu ~ Gamma(px+q, gamma+S) amounts are Gamma(p, nu): E z = p E 1/nu, E z^2 = p (p+1) E 1/nu^2, E z z' = p^2 E 1/nu^2."""
    p, q, gamma = 3.61, 9.0, 150.0  # q - 4 moments and more, so that a Monte Carlo error of a variance exists
    at = from_natural(p, q, gamma)
    batch = batch_of([f"K{k}" for k in range(COPIES)], np.full(COPIES, count), np.full(COPIES, total))
    made = MODEL.simulate(np.repeat(at[None, :, None], DRAWS, axis=0), batch, futures_of(COPIES, DRAWS, ORDERS), seed=4)
    made = made.reshape(COPIES * DRAWS, ORDERS)

    shape, rate = p * count + q, gamma + total
    inverse, inverse_squared = rate / (shape - 1), rate**2 / ((shape - 1) * (shape - 2))
    expected = float(MODEL.amount_moments(at, count, total)[0])
    assert expected == pytest.approx(p * inverse, rel=1e-12)
    error = made.std() / math.sqrt(made[:, 0].size)
    assert abs(made.mean() - expected) < 4 * error
    for values, moment in ((made**2, p * (p + 1) * inverse_squared), (made[:, [0]] * made[:, [1]], p**2 * inverse_squared)):
        means = values.mean(axis=1)
        error = means.std() / math.sqrt(len(means))
        assert abs(means.mean() - moment) < 4 * error
        assert error < 0.02 * moment


def test_simulated_amounts_follow_their_law() -> None:
    """A first purchase is p gamma / q times a number of the F distribution with 2p and 2q degrees of freedom."""
    p, q, gamma = 3.61, 4.2, 60.0
    batch = batch_of([f"K{k}" for k in range(200)], np.zeros(200), np.zeros(200))
    made = MODEL.simulate(np.repeat(from_natural(p, q, gamma)[None, :, None], 100, axis=0), batch, futures_of(200, 100, 1), seed=6)
    assert stats.kstest(made * q / (p * gamma), stats.f(2 * p, 2 * q).cdf).pvalue > 0.01


def test_amounts_belong_to_customer_and_draw() -> None:
    rng = np.random.default_rng(3)
    coordinates = rng.normal(PUBLISHED[None, :, None], 0.2, (20, 3, 2))
    ids, cell = [f"C{k}" for k in range(30)], rng.integers(0, 2, 30)
    count = rng.integers(0, 5, 30)
    batch = batch_of(ids, count, 30.0 * count, cell)
    whole = MODEL.simulate(coordinates, batch, futures_of(30, 20, 2), seed=4).reshape(30, 20, 2)
    order = rng.permutation(30)
    shuffled = Batch(**{name: column[order] for name, column in vars(batch).items()})
    assert np.array_equal(MODEL.simulate(coordinates, shuffled, futures_of(30, 20, 2), seed=4).reshape(30, 20, 2), whole[order])
    # fewer purchases leave the first ones as they are, whoever bought before in the table
    assert np.array_equal(MODEL.simulate(coordinates, batch, futures_of(30, 20, 1), seed=4).reshape(30, 20), whole[:, :, 0])
    assert len(np.intersect1d(MODEL.simulate(coordinates, batch, futures_of(30, 20, 2), seed=5), whole)) == 0
    assert len(np.unique(whole)) == whole.size


def test_another_currency_multiplies_the_same_amounts() -> None:
    batch = batch_of(["a", "b"], [0, 4], [0.0, 120.0])
    coordinates = np.repeat(PUBLISHED[None, :, None], 50, axis=0)
    dollars = MODEL.simulate(coordinates, batch, futures_of(2, 50, 3), seed=4)
    shift = np.array([math.log(100), 0, 0])[:, None]
    cents = MODEL.simulate(coordinates + shift, replace(batch, spend_sum=100 * batch.spend_sum), futures_of(2, 50, 3), seed=4)
    np.testing.assert_allclose(cents, 100 * dollars, rtol=1e-11)
