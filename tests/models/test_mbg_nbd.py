"""MBG/NBD: the likelihood against published numbers, other arithmetic and other roads; the simulator against closed forms."""

import math
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from clvbayes.errors import DataError
from clvbayes.models import mbg_nbd
from clvbayes.models.clock import LEVEL, SEASONAL, STEADY
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.pace import STEADY_PACE, Pace
from clvbayes.models.protocol import Batch
from clvbayes.models.purchasing import future_moments
from clvbayes.models.streams import customer_keys

MODEL = mbg_nbd()
YEAR = 52.0
DISCOUNT = math.log(1.15) / 52


def from_natural(r: float, alpha: float, a: float, b: float) -> np.ndarray:
    return np.array([math.log(r / alpha), math.log(r), math.log(a / b), math.log(a + b)])


def to_natural(coordinates):
    """r, alpha, a, b in as many digits as mpmath works with."""
    log_rate, log_shape, logit_dropout, log_concentration = (mpmath.mpf(float(value)) for value in coordinates)
    concentration = mpmath.exp(log_concentration)
    a, b = (concentration / (1 + mpmath.exp(sign * logit_dropout)) for sign in (-1, 1))
    return mpmath.exp(log_shape), mpmath.exp(log_shape - log_rate), a, b


def exact_log_likelihood(coordinates, x, t_x, T) -> float:
    """The formula of the paper, plainly, in 60 digits."""
    with mpmath.workdps(60):
        r, alpha, a, b = to_natural(coordinates)

        def log_beta(one, other):
            return mpmath.loggamma(one) + mpmath.loggamma(other) - mpmath.loggamma(one + other)

        common = mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha) - log_beta(a, b)
        alive = log_beta(a, b + x + 1) - (r + x) * mpmath.log(alpha + mpmath.mpf(T))
        dead = log_beta(a + 1, b + x) - (r + x) * mpmath.log(alpha + mpmath.mpf(t_x))
        return float(common + mpmath.log(mpmath.exp(alive) + mpmath.exp(dead)))


PUBLISHED = from_natural(0.525, 6.183, 0.891, 1.614)

# method.md 1.11: x, t_x, T, log L, P(alive), expected purchases in 39 weeks, discounted expected purchases for ever
ORACLES = [
    (2, 30.43, 38.86, -9.485551315, 0.70620227, 1.2629606, 4.924676),
    (7, 29.43, 38.86, -21.77652225, 0.62272381, 3.1675724, 11.17722),
    (0, 0.0, 38.86, -0.5398374635, 0.38973508, 0.15401275, 0.7248232),
    (29, 37.71, 38.0, -44.40773603, 0.96585636, 18.952405, 63.09594),
    (300, 100.0, 150.0, 0.1141396414, 1.472191e-48, None, None),
]


@pytest.mark.parametrize(("x", "t_x", "T", "log_l", "alive", "orders", "dert"), ORACLES, ids=[f"x={row[0]}" for row in ORACLES])
def test_oracles(x, t_x, T, log_l, alive, orders, dert, log_likelihood, make_customers) -> None:
    by_row, _, _ = log_likelihood(MODEL, make_customers([x], [t_x], [T]), PUBLISHED)
    assert by_row == pytest.approx([log_l], rel=1e-6)
    assert MODEL.p_alive(PUBLISHED, x, t_x, T) == pytest.approx(alive, rel=1e-6)
    if orders is not None:
        expected = MODEL.expected_discounted_orders
        assert expected(PUBLISHED, x, t_x, T, horizon=39.0, discount=0.0) == pytest.approx(orders, rel=1e-6)
        assert expected(PUBLISHED, x, t_x, T, horizon=np.inf, discount=DISCOUNT) == pytest.approx(dert, rel=1e-6)


def test_cdnow_log_likelihood_is_the_published_one(cdnow, total_log_likelihood) -> None:
    assert len(cdnow) == 2357
    assert total_log_likelihood(MODEL, cdnow, PUBLISHED) == pytest.approx(-9582.14, abs=0.01)


def random_rows(rng, count):
    x = rng.choice([0, 0, 1, 2, 5, 40, 300, 1500], count)
    T = np.exp(rng.uniform(-2, 7, count))
    t_x = np.where(x == 0, 0.0, T * rng.uniform(0.001, 1, count))
    t_x[-1], x[-1] = T[-1], max(x[-1], 1)  # bought on the last day
    return x, t_x, T


def test_log_likelihood_is_the_formula_at_random_points(log_likelihood, make_customers) -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        x, t_x, T = random_rows(rng, 12)
        coordinates = rng.normal([-2, 0, -0.5, 1], [2, 2, 3, 2])
        customers = make_customers(x, t_x, T)
        by_row, _, _ = log_likelihood(MODEL, customers, coordinates)
        rows = MODEL.rows(customers, assign_cells(customers, ()))
        exact = [exact_log_likelihood(coordinates, *row) for row in zip(rows["x"], rows["t_x"], rows["T"], strict=True)]
        np.testing.assert_allclose(by_row, exact, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("log_shape", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("log_concentration", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("logit_dropout", [-12.0, 0.0, 12.0])
def test_far_out_it_is_finite_right_and_smooth(log_shape, log_concentration, logit_dropout, log_likelihood, make_customers) -> None:
    x, t_x, T = [0, 0, 1, 40, 1500], [0.0, 0.0, 3.0, 40.0, 150.0], [0.0, 38.0, 38.0, 40.0, 150.0]
    customers = make_customers(x, t_x, T)
    at = np.array([-2.0, log_shape, logit_dropout, log_concentration])
    by_row, _, slope = log_likelihood(MODEL, customers, at)
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    exact = [exact_log_likelihood(at, *row) for row in zip(rows["x"], rows["t_x"], rows["T"], strict=True)]
    np.testing.assert_allclose(by_row, exact, rtol=1e-9, atol=1e-9)
    assert np.isfinite(slope).all()
    step = 1e-4
    for k in range(4):
        shift = np.eye(4)[k] * step
        exact_slope = sum(
            exact_log_likelihood(at + shift, *row) - exact_log_likelihood(at - shift, *row)
            for row in zip(rows["x"], rows["t_x"], rows["T"], strict=True)
        ) / (2 * step)
        assert slope[k, 0] == pytest.approx(exact_slope, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("x", "t_x", "T"), [(0, 0.0, 30.0), (3, 12.0, 30.0), (9, 28.0, 30.0)])
def test_log_likelihood_is_the_story_integrated_over_rate_and_dropout(x, t_x, T, log_likelihood, make_customers) -> None:
    r, alpha, a, b = 1.4, 9.0, 1.3, 2.2
    nodes, weights = np.polynomial.legendre.leggauss(400)
    share, weights = (nodes + 1) / 2, weights / 2
    rate, dropout = stats.gamma(r, scale=1 / alpha).ppf(share)[:, None], stats.beta(a, b).ppf(share)
    alive = rate**x * (1 - dropout) ** (x + 1) * np.exp(-rate * T)
    dead = rate**x * (1 - dropout) ** x * dropout * np.exp(-rate * t_x)
    by_row, _, _ = log_likelihood(MODEL, make_customers([x], [t_x], [T]), from_natural(r, alpha, a, b))
    assert by_row == pytest.approx([np.log(weights @ (alive + dead) @ weights)], rel=2e-5)
    assert MODEL.p_alive(from_natural(r, alpha, a, b), x, t_x, T) == pytest.approx(
        (weights @ alive @ weights) / (weights @ (alive + dead) @ weights), rel=2e-5
    )


def test_compressed_rows_say_what_all_customers_say(cdnow, log_likelihood) -> None:
    by_row, weight, slope = log_likelihood(MODEL, cdnow, PUBLISHED)
    assert len(weight) < 0.5 * len(cdnow) and weight.sum() == len(cdnow)
    statistics = cdnow.statistics
    each = exact_by_numpy(PUBLISHED, statistics["frequency"], statistics["recency"], statistics["T"])
    assert by_row @ weight == pytest.approx(each.sum(), rel=1e-9)
    assert np.isfinite(slope).all()


def exact_by_numpy(coordinates, x, t_x, T):
    """Customer by customer, nothing compressed, by SciPy's log-beta."""
    from scipy.special import betaln, gammaln

    log_rate, log_shape, logit_dropout, log_concentration = coordinates
    r, alpha = np.exp(log_shape), np.exp(log_shape - log_rate)
    a, b = expit(logit_dropout) * np.exp(log_concentration), expit(-logit_dropout) * np.exp(log_concentration)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return common + np.logaddexp(betaln(a, b + x + 1) - (r + x) * np.log(alpha + T), betaln(a + 1, b + x) - (r + x) * np.log(alpha + t_x))


def test_another_unit_of_time_changes_only_the_density_of_the_purchase_times(cdnow, total_log_likelihood) -> None:
    # a density per week is a seventh, a purchase, in days
    statistics = cdnow.statistics
    days = replace(cdnow, statistics=statistics.assign(recency=7 * statistics["recency"], T=7 * statistics["T"]), unit="day")
    in_days = total_log_likelihood(MODEL, days, PUBLISHED - np.array([math.log(7), 0, 0, 0]))
    in_weeks = total_log_likelihood(MODEL, cdnow, PUBLISHED)
    assert in_days == pytest.approx(in_weeks - statistics["frequency"].sum() * math.log(7), rel=1e-11)


def test_the_order_of_rows_changes_nothing(cdnow, log_likelihood) -> None:
    order = np.random.default_rng(0).permutation(len(cdnow))
    shuffled = replace(cdnow, statistics=cdnow.statistics.iloc[order].reset_index(drop=True))
    for one, other in zip(log_likelihood(MODEL, cdnow, PUBLISHED), log_likelihood(MODEL, shuffled, PUBLISHED), strict=True):
        assert np.array_equal(one, other)


def test_a_cell_split_in_two_of_the_same_coordinates_changes_nothing(cdnow, log_likelihood) -> None:
    halves = pd.DataFrame({"half": np.where(np.arange(len(cdnow)) % 2, "odd", "even")})
    split = replace(cdnow, segments=halves)
    by_row, weight, slope = log_likelihood(MODEL, cdnow, PUBLISHED)
    split_rows, split_weight, split_slope = log_likelihood(MODEL, split, np.stack([PUBLISHED, PUBLISHED], axis=1), ("half",))
    assert len(split_weight) > len(weight)
    assert split_rows @ split_weight == pytest.approx(by_row @ weight, rel=1e-12)
    np.testing.assert_allclose(split_slope.sum(axis=1), slope[:, 0], rtol=1e-9)


def test_each_cell_answers_to_its_own_coordinates(make_customers, log_likelihood) -> None:
    customers = make_customers([2, 5], [10.0, 20.0], [30.0, 30.0], segments={"s": ["b", "a"]})
    at = np.stack([PUBLISHED, PUBLISHED + np.array([0.5, -0.3, 0.2, 0.4])], axis=1)
    by_row, _, _ = log_likelihood(MODEL, customers, at, ("s",))
    # cells are in the order of the levels: a, b
    expected = [exact_log_likelihood(at[:, 0], 5, 20.0, 30.0), exact_log_likelihood(at[:, 1], 2, 10.0, 30.0)]
    np.testing.assert_allclose(by_row, expected, rtol=1e-11)


def test_priors_follow_the_unit_and_nothing_else(cdnow) -> None:
    statistics = cdnow.statistics
    days = replace(cdnow, statistics=statistics.assign(recency=7 * statistics["recency"], T=7 * statistics["T"]), unit="day")
    weekly, daily = MODEL.priors(cdnow), MODEL.priors(days)
    assert daily.mean[0] == pytest.approx(weekly.mean[0] - math.log(7))
    assert (daily.mean[1:], daily.sd, daily.scale) == (weekly.mean[1:], weekly.sd, weekly.scale)
    # repeats a week of observation
    assert math.exp(weekly.mean[0]) == pytest.approx((statistics["frequency"].sum() + 0.5) / statistics["T"].sum())


def test_nobody_observed_for_any_time_is_nothing_to_learn_from(make_customers) -> None:
    with pytest.raises(DataError, match="nothing to learn"):
        MODEL.priors(make_customers([0, 0], [0.0, 0.0], [0.0, 0.0]))


# closed forms ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log_concentration", [-1.0, 1.0, 4.0])
@pytest.mark.parametrize("logit_dropout", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("log_shape", [-2.0, 0.5, 3.0])
def test_expected_orders_are_the_integral_of_the_story(log_shape, logit_dropout, log_concentration) -> None:
    """The same expectation by another road: the mean over rate and dropout of the closed form given both."""
    at = np.array([-2.0, log_shape, logit_dropout, log_concentration])
    x, t_x, T = 40, 33.0, 39.0
    with mpmath.workdps(30):
        r, alpha, a, b = to_natural(at)
        shape, age = r + x, alpha + mpmath.mpf(T)

        def expected_rate(s):
            return shape / age * mpmath.hyp2f1(shape + 1, a, a + b + x + 1, -s / age)

        exact = mpmath.quad(lambda s: mpmath.exp(-DISCOUNT * s) * expected_rate(s), [0, 5, 30, 156])
    alive = MODEL.p_alive(at, x, t_x, T)
    found = MODEL.expected_discounted_orders(at, x, t_x, T, horizon=156.0, discount=DISCOUNT)
    assert found == pytest.approx(float(exact) * alive, rel=1e-8)


def test_expected_orders_begin_at_the_present_rate_and_never_fall() -> None:
    expected, known = MODEL.expected_discounted_orders, (2, 30.43, 38.86)
    at_once = MODEL.p_alive(PUBLISHED, *known) * 2.525 / (6.183 + 38.86)
    assert expected(PUBLISHED, *known, horizon=1e-6, discount=0.0) / 1e-6 == pytest.approx(at_once, rel=1e-6)
    yearly = np.array([expected(PUBLISHED, *known, horizon=52.0 * year, discount=0.0) for year in range(6)])
    assert yearly[0] == 0 and (np.diff(yearly) > 0).all() and (np.diff(yearly, 2) < 0).all()


def test_moments_of_the_future_are_those_of_the_method_book() -> None:
    first, squares, pairs = future_moments(0.12, 0.12 * 0.15, 0.85, horizon=104.0, discount=0.0027)
    mean, variance = 35.0, 900.0
    second = (variance + mean**2) * squares + mean**2 * pairs
    assert f"{mean * first:.2f}" == "179.33"
    assert f"{math.sqrt(second - (mean * first) ** 2):.2f}" == "137.85"


def test_moments_without_discounting_are_those_of_the_number_of_orders() -> None:
    """Thinned geometric: N is the lesser of a Poisson and a geometric number."""
    rate, dropout, horizon = 0.12, 0.15, 52.0
    potential = np.arange(0, 200)
    chance = stats.poisson(rate * horizon).pmf(potential)
    stays = (1 - dropout) ** potential  # more than n purchases would be allowed
    kept = (1 - stays) / dropout
    first, squares, pairs = future_moments(rate, rate * dropout, 1 - dropout, horizon=horizon, discount=0.0)
    assert first == pytest.approx(chance @ kept, rel=1e-10)
    assert squares == pytest.approx(first, rel=1e-12)
    factorial = np.array([sum(2 * k * (1 - dropout) ** k for k in range(n)) for n in potential])
    assert pairs == pytest.approx(chance @ factorial, rel=1e-10)
    near = future_moments(rate, rate * dropout, 1 - dropout, horizon=horizon, discount=1e-7)
    np.testing.assert_allclose(near, (first, squares, pairs), rtol=1e-4)


# simulation -----------------------------------------------------------------------------------------------------------------------------


def batch_of(ids, x, t_x, T, cell=None) -> Batch:
    x, t_x, T = (np.asarray(column, dtype=float) for column in (x, t_x, T))
    cell = np.zeros(len(x), dtype=np.int64) if cell is None else np.asarray(cell)
    return Batch(customer_keys(ids), cell, cell, cell, x, t_x, T, *[np.zeros(len(x))] * 7)


def part_of(batch: Batch, rows) -> Batch:
    return Batch(**{name: column[rows] for name, column in vars(batch).items()})


def simulate(coordinates, batch, *, horizon=156.0, seed=3, draws=None):
    at = np.asarray(coordinates)
    at = np.repeat(at[None, :, None], draws, axis=0) if at.ndim == 1 else at
    return MODEL.simulate(at, batch, horizon=horizon, year=YEAR, seed=seed, clock=STEADY_PACE)


@dataclass(frozen=True)
class Simulated:
    """Many futures of one kind of customer, with sums by (customer, draw)."""

    x: int
    t_x: float
    T: float
    horizon: float
    futures: object
    orders: np.ndarray
    discounted: np.ndarray
    first_year: np.ndarray


KINDS = {
    "once": (0, 0.0, 38.86),
    "now and then": (2, 30.43, 38.86),
    "often": (29, 37.71, 38.0),
    "today": (0, 0.0, 0.0),
    "heavy": (500, 150.0, 150.5),
}
COPIES, DRAWS, HORIZON = 250, 400, 104.0


@pytest.fixture(scope="module")
def simulated():
    def run(x, t_x, T):
        batch = batch_of([f"K{k}" for k in range(COPIES)], *(np.full(COPIES, value) for value in (x, t_x, T)))
        futures = simulate(PUBLISHED, batch, horizon=HORIZON, draws=DRAWS)
        at = futures.customer * DRAWS + futures.draw
        size = COPIES * DRAWS

        def sums(weights):
            return np.bincount(at, weights=weights, minlength=size)

        return Simulated(
            x, t_x, T, HORIZON, futures, sums(None), sums(np.exp(-DISCOUNT * futures.time)), sums((futures.time <= YEAR).astype(float))
        )

    return {name: run(*row) for name, row in KINDS.items()}


def assert_mean(values, expected):
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - expected) < 4 * error
    assert error < 0.05 * abs(expected)


def assert_variance(values, expected):
    off = (values - values.mean()) ** 2
    error = off.std() / math.sqrt(len(values))
    assert abs(off.mean() - expected) < 4 * error
    assert error < 0.1 * expected


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_orders_have_the_expected_mean(kind, simulated) -> None:
    made = simulated[kind]
    known = (made.x, made.t_x, made.T)
    expected = MODEL.expected_discounted_orders
    assert_mean(made.orders, expected(PUBLISHED, *known, horizon=HORIZON, discount=0.0))
    assert_mean(made.discounted, expected(PUBLISHED, *known, horizon=HORIZON, discount=DISCOUNT))
    a_year = expected(PUBLISHED, *known, horizon=YEAR, discount=0.0)
    assert_mean(made.first_year, a_year)
    assert_mean(made.futures.expected_first_year.ravel(), a_year)
    # given the latent state it is an expectation, and so varies less than the count
    assert made.futures.expected_first_year.var() < made.first_year.var()
    np.testing.assert_allclose(made.futures.p_alive, MODEL.p_alive(PUBLISHED, *known), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_discounted_amounts_have_the_expected_variance(kind, simulated) -> None:
    """The law of total variance over latent states that NumPy draws, given which the moments are closed."""
    made = simulated[kind]
    rng = np.random.default_rng(8)
    mean, sd = 35.0, 30.0
    amounts = rng.gamma((mean / sd) ** 2, sd**2 / mean, len(made.futures.time))
    at = made.futures.customer * DRAWS + made.futures.draw
    worth = np.bincount(at, weights=amounts * np.exp(-DISCOUNT * made.futures.time), minlength=COPIES * DRAWS)

    r, alpha, a, b = (float(value) for value in to_natural(PUBLISHED))
    size = 2_000_000
    alive = rng.random(size) < MODEL.p_alive(PUBLISHED, made.x, made.t_x, made.T)
    rate, dropout = rng.gamma(r + made.x, 1 / (alpha + made.T), size), rng.beta(a, b + made.x + 1, size)
    first, squares, pairs = (alive * part for part in future_moments(rate, rate * dropout, 1 - dropout, horizon=HORIZON, discount=DISCOUNT))
    given = (sd**2 + mean**2) * squares + mean**2 * pairs - (mean * first) ** 2
    expected = given.mean() + np.var(mean * first)
    assert_variance(worth, expected)
    assert_variance(made.discounted, (squares + pairs - first**2).mean() + np.var(first))


def test_simulated_counts_follow_their_law(simulated) -> None:
    """Not only two moments: the whole distribution of the next purchases, by quadrature over rate and dropout."""
    made = simulated["now and then"]
    r, alpha, a, b = (float(value) for value in to_natural(PUBLISHED))
    nodes, weights = np.polynomial.legendre.leggauss(300)
    share, weights = (nodes + 1) / 2, weights / 2
    rate, dropout = stats.gamma(r + made.x, scale=1 / (alpha + made.T)).ppf(share), stats.beta(a, b + made.x + 1).ppf(share)
    allowed = np.array([weights @ (1 - dropout) ** n for n in range(7)])  # at least n + 1 purchases are allowed
    reached = np.array([weights @ stats.poisson(rate * HORIZON).sf(n) for n in range(7)])  # at least n + 1 would be made
    alive = MODEL.p_alive(PUBLISHED, made.x, made.t_x, made.T)
    for n in range(7):
        share_above = alive * allowed[n] * reached[n]
        error = math.sqrt(share_above * (1 - share_above) / len(made.orders))
        assert abs((made.orders > n).mean() - share_above) < 4 * error


def test_purchases_are_in_order_and_within_the_horizon(simulated) -> None:
    for made in simulated.values():
        futures = made.futures
        assert futures.time.min() > 0 and futures.time.max() <= HORIZON * (1 + 1e-12)
        at = futures.customer.astype(int) * DRAWS + futures.draw
        assert (np.diff(at) >= 0).all()
        assert (np.diff(futures.time)[np.diff(at) == 0] > 0).all()


def mixed_base():
    rng = np.random.default_rng(4)
    x = rng.poisson(rng.gamma(0.7, 5, 60))
    T = rng.uniform(1, 90, 60)
    t_x = np.where(x == 0, 0.0, T * rng.uniform(0.05, 1, 60))
    coordinates = rng.normal(PUBLISHED[None, :, None], 0.3, (50, 4, 3))
    return coordinates, batch_of([f"customer {k}" for k in range(60)], x, t_x, T, rng.integers(0, 3, 60))


def events_of(futures, customer):
    mine = futures.customer == customer
    return np.stack([futures.draw[mine], futures.time[mine]])


def test_neither_batches_order_nor_other_customers_change_a_future() -> None:
    coordinates, everyone = mixed_base()
    together = simulate(coordinates, everyone)
    order = np.random.default_rng(1).permutation(len(everyone))
    shuffled = simulate(coordinates, part_of(everyone, order))
    halves = [simulate(coordinates, part_of(everyone, rows)) for rows in (slice(0, 23), slice(23, 60))]
    assert len(together.time) > 1000
    for k in range(len(everyone)):
        mine = events_of(together, k)
        assert np.array_equal(mine, events_of(shuffled, int(np.flatnonzero(order == k)[0])))
        assert np.array_equal(mine, events_of(halves[k >= 23], k - 23 * (k >= 23)))
    assert np.array_equal(together.expected_first_year[order], shuffled.expected_first_year)


def test_more_draws_do_not_change_the_first_ones() -> None:
    coordinates, everyone = mixed_base()
    many, few = simulate(coordinates, everyone), simulate(coordinates[:10], everyone)
    first = many.draw < 10
    assert np.array_equal(many.time[first], few.time)


def test_another_seed_or_another_name_is_another_future() -> None:
    coordinates, everyone = mixed_base()
    one, same, other = (simulate(coordinates, everyone, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.time, same.time)
    assert len(np.intersect1d(one.time, other.time)) == 0
    renamed = simulate(coordinates, replace(everyone, key=customer_keys([f"kunde {k}" for k in range(60)])))
    assert len(np.intersect1d(one.time, renamed.time)) == 0


def test_another_unit_of_time_stretches_the_same_futures() -> None:
    coordinates, weeks = mixed_base()
    days = replace(weeks, recency=7 * weeks.recency, T=7 * weeks.T)
    by_week = simulate(coordinates, weeks)
    by_day = MODEL.simulate(
        coordinates - np.array([math.log(7), 0, 0, 0])[:, None], days, horizon=7 * 156.0, year=7 * YEAR, seed=3, clock=STEADY_PACE
    )
    assert np.array_equal(by_week.customer, by_day.customer) and np.array_equal(by_week.draw, by_day.draw)
    np.testing.assert_allclose(by_day.time, 7 * by_week.time, rtol=1e-9)
    np.testing.assert_allclose(by_day.expected_first_year, by_week.expected_first_year, rtol=1e-9)


def test_a_future_far_out_in_the_coordinates_is_still_a_number() -> None:
    rows = batch_of(["a", "b", "c"], [0, 1, 300], [0.0, 5.0, 100.0], [0.0, 30.0, 150.0])
    for log_shape in (-20.0, 20.0):
        for logit_dropout in (-20.0, 20.0):
            for log_concentration in (-20.0, 20.0):
                futures = simulate(np.array([-2.0, log_shape, logit_dropout, log_concentration]), rows, draws=20)
                assert np.isfinite(futures.p_alive).all() and np.isfinite(futures.expected_first_year).all()
                assert np.isfinite(futures.time).all()


@dataclass(frozen=True)
class HalfSpeed:
    """A clock on which operational time passes half as quickly."""

    def history(self, T, by_month, draws):
        return np.repeat(T[:, None] / 2, draws, axis=1)

    def ahead(self, starts, horizon, draws, group):
        return np.repeat((horizon - starts[:, None]) / 2, draws, axis=1)

    def calendar(self, elapsed, draw, starts, group):
        return starts + 2 * elapsed


def test_the_whole_model_lives_in_the_time_of_its_clock() -> None:
    coordinates, weeks = mixed_base()
    slow = MODEL.simulate(coordinates, weeks, horizon=156.0, year=YEAR, seed=3, clock=HalfSpeed())
    half = replace(weeks, recency=weeks.recency / 2, T=weeks.T / 2)
    steady = MODEL.simulate(coordinates, half, horizon=78.0, year=YEAR / 2, seed=3, clock=STEADY_PACE)
    np.testing.assert_allclose(slow.time, 2 * steady.time, rtol=1e-9)
    assert np.array_equal(slow.p_alive, steady.p_alive)


def test_customers_of_a_group_live_by_its_pace() -> None:
    """The second group's future runs twice as quickly: what it does in a time is what it would otherwise have done in two."""
    coordinates, everyone = mixed_base()
    draws = len(coordinates)
    pace = Pace(None, np.array([0.0, 30.0]), np.ones((draws, 1)), np.repeat([[1.0, 2.0]], draws, axis=0))
    group = np.arange(len(everyone)) % 2
    found = MODEL.simulate(coordinates, replace(everyone, group=group), horizon=156.0, year=YEAR, seed=3, clock=pace)
    steady, longer = (simulate(coordinates, everyone, horizon=horizon) for horizon in (156.0, 312.0))
    own, other = group[found.customer] == 0, group[found.customer] == 1
    assert np.array_equal(found.time[own], steady.time[group[steady.customer] == 0])
    np.testing.assert_allclose(2 * found.time[other], longer.time[group[longer.customer] == 1], rtol=1e-12)
    assert np.array_equal(found.p_alive, steady.p_alive)


@pytest.mark.parametrize(
    ("model", "title", "options", "clock"),
    [
        (mbg_nbd(), "MBG/NBD", {"season": False, "level": False}, STEADY),
        (mbg_nbd(season=True), "MBG/NBD with season", {"season": True, "level": False}, SEASONAL),
        (mbg_nbd(level=True), "MBG/NBD with season and level", {"season": True, "level": True}, LEVEL),
    ],
    ids=["steady", "season", "level"],
)
def test_its_title_says_what_it_runs_by(model, title, options, clock) -> None:
    assert (model.title, model.options, model.clock) == (title, options, clock)
    assert mbg_nbd(**model.options) == model


def test_a_level_comes_with_a_season_and_only_with_it() -> None:
    assert mbg_nbd(level=True) == mbg_nbd(season=True, level=True)
    assert mbg_nbd(season=True).with_level == mbg_nbd(level=True)
    assert mbg_nbd().with_level is None and mbg_nbd(level=True).with_level is None


def test_the_order_of_customers_changes_no_digit_of_the_priors(make_customers) -> None:
    rng = np.random.default_rng(3)
    T = rng.uniform(1, 150, 5000)
    one = MODEL.priors(make_customers(np.ones(5000), T / 3, T))
    for _ in range(20):
        order = rng.permutation(5000)
        assert MODEL.priors(make_customers(np.ones(5000), T[order] / 3, T[order])) == one


# probability of counts ------------------------------------------------------------------------------------------------------------------


def exact_count_probability(coordinates, x, t_x, T, horizon, count) -> float:
    """The story given rate and dropout, averaged over both by quadrature in 30 digits: no gamma or beta identity is used."""
    with mpmath.workdps(30):
        r, alpha, a, b = to_natural(coordinates)
        T, t_x, horizon = (mpmath.mpf(value) for value in (T, t_x, horizon))
        shape, age, stays = r + x, alpha + T, b + x + 1

        def over_rate(chance):
            # in the logarithm, where a shape below one has no singularity
            at = lambda z: mpmath.exp(shape * z - mpmath.exp(z)) / mpmath.gamma(shape) * chance(mpmath.exp(z) / age * horizon)  # noqa: E731
            return mpmath.quad(at, [-60 / min(shape, 1), -10, -2, 0, 1, 2, 3, 4, 5, 6])

        def over_dropout(chance):
            # in the logit, for the same reason
            def at(z):
                p, q = 1 / (1 + mpmath.exp(-z)), 1 / (1 + mpmath.exp(z))
                return p**a * q**stays / mpmath.beta(a, stays) * chance(p, q)

            return mpmath.quad(at, [-70 / min(a, 1), -20, -5, -2, 0, 2, 5, 70])

        so_many = over_rate(lambda mean: mean**count * mpmath.exp(-mean) / mpmath.factorial(count))
        living = over_dropout(lambda p, q: q**count) * so_many
        if count:
            fewer = sum(over_rate(lambda mean, n=n: mean**n * mpmath.exp(-mean) / mpmath.factorial(n)) for n in range(count))
            living += over_dropout(lambda p, q: p * q ** (count - 1)) * (1 - fewer)
        dead = mpmath.beta(a + 1, b + x) / mpmath.beta(a, b + x + 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)
        alive = 1 / (1 + dead)
        return float(alive * living + (1 - alive if count == 0 else 0))


@pytest.mark.parametrize("count", [0, 1, 4])
@pytest.mark.parametrize(
    ("move", "known"),
    [
        ((0, 0, 0, 0), (2, 30.43, 38.86)),
        ((0, 0, 0, 0), (0, 0.0, 0.0)),
        ((1, 1.5, 1, 1), (29, 37.71, 38.0)),
        ((-1, -0.5, -2, 3), (7, 29.43, 38.86)),
    ],
)
def test_count_probabilities_are_those_of_thirty_digits(move, known, count) -> None:
    at = PUBLISHED + np.array(move, dtype=float)
    found = MODEL.count_probability(at, *known, horizon=26.0, count=count)
    assert found == pytest.approx(exact_count_probability(at, *known, 26.0, count), rel=1e-9)


@pytest.mark.parametrize("horizon", [4.0, 52.0])
@pytest.mark.parametrize("kind", KINDS)
def test_count_probabilities_add_up_to_one_and_have_the_expected_mean(kind, horizon) -> None:
    known, n = KINDS[kind], np.arange(5000)
    found = MODEL.count_probability(PUBLISHED, *known, horizon=horizon, count=n)
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1, abs=1e-10)
    assert found @ n == pytest.approx(MODEL.expected_discounted_orders(PUBLISHED, *known, horizon=horizon, discount=0.0), rel=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_counts_have_their_probabilities(kind, simulated) -> None:
    made = simulated[kind]
    n = np.arange(int(made.orders.max()) + 1)
    expected = MODEL.count_probability(PUBLISHED, made.x, made.t_x, made.T, horizon=HORIZON, count=n)
    common = expected > 1e-3
    found = np.array([(made.orders == k).mean() for k in n])
    assert (np.abs(found - expected)[common] < 4.5 * np.sqrt(expected[common] / len(made.orders))).all()
    assert (made.orders > n[common].max()).mean() < 0.25


def test_a_customer_who_cannot_leave_buys_as_the_negative_binomial_says() -> None:
    at = PUBLISHED + np.array([0, 0, -40, 0])
    r, alpha, _, _ = (float(value) for value in to_natural(at))
    n = np.arange(30)
    found = MODEL.count_probability(at, 3, 20.0, 30.0, horizon=26.0, count=n)
    np.testing.assert_allclose(found, stats.nbinom(r + 3, (alpha + 30) / (alpha + 56)).pmf(n), rtol=1e-9)


def test_count_probabilities_of_many_customers_and_draws_are_those_of_each() -> None:
    coordinates, everyone = mixed_base()
    at = coordinates[:6][:, :, everyone.purchase_cell].transpose(1, 2, 0)
    n = np.random.default_rng(1).poisson(2, len(everyone))
    known = (everyone.frequency, everyone.recency, everyone.T)
    together = MODEL.count_probability(at, *(column[:, None] for column in known), horizon=13.0, count=n[:, None])
    assert together.shape == (60, 6)
    for i in range(0, 60, 7):
        one = MODEL.count_probability(at[:, i, 3], *(float(column[i]) for column in known), horizon=13.0, count=n[i])
        assert together[i, 3] == pytest.approx(float(one), rel=1e-12)


def test_counts_have_the_same_probabilities_in_another_unit_of_time() -> None:
    n = np.arange(10)
    weeks = MODEL.count_probability(PUBLISHED, 2, 30.43, 38.86, horizon=26.0, count=n)
    by_day = PUBLISHED - np.array([math.log(7), 0, 0, 0])
    np.testing.assert_allclose(MODEL.count_probability(by_day, 2, 213.01, 272.02, horizon=182.0, count=n), weeks, rtol=1e-9)


@pytest.mark.parametrize("log_rate", [-10.0, 3.0])
def test_count_probabilities_far_out_are_still_probabilities(log_rate) -> None:
    n = np.array([0, 1, 2, 10, 500, 100_000])
    for log_shape in (-20.0, 0.0, 20.0):
        for logit_dropout in (-20.0, 0.0, 20.0):
            for log_concentration in (-20.0, 0.0, 20.0):
                at = np.array([log_rate, log_shape, logit_dropout, log_concentration])
                for known in [*KINDS.values(), (0, 0.0, 150.0), (300, 100.0, 150.0), (2000, 150.0, 150.0)]:
                    found = MODEL.count_probability(at, *known, horizon=520.0, count=n)
                    assert (found >= 0).all() and (found <= 1 + 1e-6).all()


def test_true_coordinates_have_the_highest_log_score(simulated) -> None:
    for kind in ("now and then", "often", "today"):
        made = simulated[kind]
        known = (made.x, made.t_x, made.T)
        right = np.log(MODEL.count_probability(PUBLISHED, *known, horizon=HORIZON, count=made.orders))
        for k, by in ((0, 0.4), (0, -0.4), (1, 1.0), (1, -1.0), (2, 1.0), (2, -1.0)):
            wrong = np.log(MODEL.count_probability(PUBLISHED + by * np.eye(4)[k], *known, horizon=HORIZON, count=made.orders))
            apart = right - wrong
            assert apart.mean() > 3 * apart.std() / math.sqrt(len(apart)), (kind, k, by)
