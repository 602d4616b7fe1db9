"""MBG/NBD: likelihood, expectations and counts against published numbers, other arithmetic and other roads.

What every model of purchases has to do is in test_purchase_models.py.
"""

import math

import mpmath
import numpy as np
import pytest
from models import thirty_digits as plain
from scipy import stats
from scipy.optimize import minimize

from clvbayes.models import mbg_nbd
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.purchasing import future_moments

MODEL = mbg_nbd()
DISCOUNT = math.log(1.15) / 52


def from_natural(r: float, alpha: float, a: float, b: float) -> np.ndarray:
    return np.array([math.log(r / alpha), math.log(r), math.log(a / b), math.log(a + b)])


def exact_log_likelihood(coordinates, known):
    """The formula of the paper, plainly, in 60 digits."""
    with mpmath.workdps(60):
        return plain.leaving_at_purchases(plain.natural_of_dropout(coordinates), known, first=1)


def known_by_row(customers):
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    return list(zip(rows["x"].astype(int).tolist(), rows["t_x"].tolist(), rows["T"].tolist(), strict=True))


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


def test_the_published_fit_is_found(cdnow, log_likelihood) -> None:
    def missing(at):
        by_row, weight, slope = log_likelihood(MODEL, cdnow, at)
        return -float(by_row @ weight), -slope[:, 0]

    found = minimize(missing, MODEL.priors(cdnow).mean, jac=True, method="BFGS", options={"gtol": 1e-3})
    assert -found.fun == pytest.approx(-9582.136, abs=0.01)
    natural = [float(value) for value in plain.natural_of_dropout(found.x)]
    assert natural == pytest.approx([0.5248, 6.1831, 0.8914, 1.6140], rel=1e-3)


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
        exact = [float(exact_log_likelihood(coordinates, row)) for row in known_by_row(customers)]
        np.testing.assert_allclose(by_row, exact, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("log_shape", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("log_concentration", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("logit_dropout", [-12.0, 0.0, 12.0])
def test_far_out_it_is_right_and_smooth(log_shape, log_concentration, logit_dropout, log_likelihood, make_customers) -> None:
    x, t_x, T = [0, 0, 1, 40, 2000], [0.0, 0.0, 3.0, 40.0, 149.9], [0.0, 38.0, 38.0, 40.0, 150.0]
    customers = make_customers(x, t_x, T)
    at = np.array([-2.0, log_shape, logit_dropout, log_concentration])
    by_row, _, slope = log_likelihood(MODEL, customers, at)
    known = known_by_row(customers)
    np.testing.assert_allclose(by_row, [float(exact_log_likelihood(at, row)) for row in known], rtol=1e-9, atol=1e-9)
    with mpmath.workdps(60):
        exact_slope = [plain.central_slope(lambda moved: sum(exact_log_likelihood(moved, row) for row in known), at, k) for k in range(4)]
    np.testing.assert_allclose(slope[:, 0], exact_slope, rtol=1e-7, atol=1e-7)


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


# closed forms ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log_concentration", [-1.0, 1.0, 4.0])
@pytest.mark.parametrize("logit_dropout", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("log_shape", [-2.0, 0.5, 3.0])
def test_expected_orders_are_the_integral_of_the_story(log_shape, logit_dropout, log_concentration) -> None:
    """The same expectation by another road: the mean over rate and dropout of the closed form given both."""
    at = np.array([-2.0, log_shape, logit_dropout, log_concentration])
    x, t_x, T = 40, 33.0, 39.0
    with mpmath.workdps(30):
        r, alpha, a, b = plain.natural_of_dropout(at)
        shape, age = r + x, alpha + mpmath.mpf(T)

        def expected_rate(s):
            return shape / age * mpmath.hyp2f1(shape + 1, a, a + b + x + 1, -s / age)

        exact = mpmath.quad(lambda s: mpmath.exp(-DISCOUNT * s) * expected_rate(s), [0, 5, 30, 156])
    alive = MODEL.p_alive(at, x, t_x, T)
    found = MODEL.expected_discounted_orders(at, x, t_x, T, horizon=156.0, discount=DISCOUNT)
    assert found == pytest.approx(float(exact) * alive, rel=1e-8)


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


# concentrations of hundreds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log_concentration", [4.7, 5.0, 5.43, 6.0, 7.0])
@pytest.mark.parametrize("logit_dropout", [-5.0, -3.0, 1.0])
@pytest.mark.parametrize("known", [(0, 0.0, 0.0), (29, 37.71, 38.0), (300, 0.99, 1.0)], ids=lambda row: f"x={row[0]}")
def test_where_all_customers_leave_alike_the_future_is_that_of_thirty_digits(known, logit_dropout, log_concentration) -> None:
    at, horizon = np.array([-2.5, 0.3, logit_dropout, log_concentration]), 520.0
    with mpmath.workdps(30):
        r, alpha, a, b = plain.natural_of_dropout(at)
        shape, stays, growth = r + known[0], b + known[0] + 1, horizon / (alpha + mpmath.mpf(known[2]))
        alive = plain.leaving_at_purchases_alive((r, alpha, a, b), known, first=1)
        survival = float(alive * mpmath.hyp2f1(shape, a, a + stays, -growth))
        # of a known dropout probability p they are what the customer is expected to make until they leave
        orders = float(alive * plain.mean_over_dropout(a, stays, lambda p, q: (1 - (1 + p * growth) ** -shape) / p))
    assert float(MODEL.p_alive_later(at, *known, passed=horizon)) == pytest.approx(survival, rel=1e-10)
    assert float(MODEL.expected_discounted_orders(at, *known, horizon=horizon, discount=0.0)) == pytest.approx(orders, rel=1e-9)


# probability of counts ------------------------------------------------------------------------------------------------------------------


def exact_count_probability(coordinates, known, horizon, count) -> float:
    """The story given rate and dropout, averaged over both by quadrature."""
    with mpmath.workdps(20):
        natural = plain.natural_of_dropout(coordinates)
        alive = plain.leaving_at_purchases_alive(natural, known, first=1)
        living = plain.leaving_at_purchases_count(natural, known, horizon, count, k=1, first=1)
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
def test_count_probabilities_are_those_of_twenty_digits(move, known, count) -> None:
    at = PUBLISHED + np.array(move, dtype=float)
    found = MODEL.count_probability(at, *known, horizon=26.0, count=count)
    assert found == pytest.approx(exact_count_probability(at, known, 26.0, count), rel=1e-9)


def test_a_customer_who_cannot_leave_buys_as_the_negative_binomial_says() -> None:
    at = PUBLISHED + np.array([0, 0, -40, 0])
    r, alpha, _, _ = (float(value) for value in plain.natural_of_dropout(at))
    n = np.arange(30)
    found = MODEL.count_probability(at, 3, 20.0, 30.0, horizon=26.0, count=n)
    np.testing.assert_allclose(found, stats.nbinom(r + 3, (alpha + 30) / (alpha + 56)).pmf(n), rtol=1e-9)
