"""Pareto/NBD against published numbers, and its quadrature against one of thirty digits."""

import math

import mpmath
import numpy as np
import pytest
from models import thirty_digits as plain
from scipy.optimize import minimize

from clvbayes.models import pareto_nbd
from clvbayes.models.hierarchy import assign_cells

MODEL = pareto_nbd()
DISCOUNT = math.log(1.15) / 52


def from_natural(r, alpha, s, beta) -> np.ndarray:
    # the share who outlive the mean interval between purchases, alpha/r, is (beta/(beta + alpha/r))^s
    return np.array([math.log(r / alpha), math.log(r), math.log(s * math.log1p(alpha / r / beta)), math.log(s)])


PUBLISHED = from_natural(0.553, 10.578, 0.606, 11.669)
BTYD = from_natural(0.5534, 10.5802, 0.6061, 11.6562)
NEWCOMER = (0, 0.0, 0.0)

# method.md 1.11: x, t_x, T, log L, P(alive), expected purchases in 39 weeks, their discounted number for ever: mean and standard deviation
ORACLES = [
    (2, 30.43, 38.86, -9.554283245, 0.86916756, 1.4551232, 6.5017305, 9.2567914),
    (7, 29.43, 38.86, -21.59464322, 0.74950141, 3.7122514, 16.586952, 22.264009),
    (0, 0.0, 38.86, -0.5210462941, 0.2952866, 0.10708147, 0.47845767, 2.0150571),
    (29, 37.71, 38.0, -45.05606149, 0.99612604, 19.59577, 87.192094, 83.39293),
    (300, 100.0, 150.0, -8.720194715, 8.0983065e-47, None, None, None),
]
IDS = [f"x={row[0]}" for row in ORACLES]


def test_coordinates_and_natural_parameters_say_the_same() -> None:
    natural = MODEL.natural(PUBLISHED, np.exp, None)
    assert [float(value) for value in natural] == pytest.approx([0.553, 10.578, 0.606, 11.669], rel=1e-12)


@pytest.mark.parametrize(("x", "t_x", "T", "log_l", "alive", "orders", "dert", "sd"), ORACLES, ids=IDS)
def test_oracles(x, t_x, T, log_l, alive, orders, dert, sd, log_likelihood, make_customers) -> None:
    by_row, _, _ = log_likelihood(MODEL, make_customers([x], [t_x], [T]), PUBLISHED)
    assert by_row == pytest.approx([log_l], rel=1e-6)
    assert MODEL.p_alive(PUBLISHED, x, t_x, T) == pytest.approx(alive, rel=1e-6)
    if orders is not None:
        expected = MODEL.expected_discounted_orders
        assert expected(PUBLISHED, x, t_x, T, horizon=39.0, discount=0.0) == pytest.approx(orders, rel=1e-6)
        assert expected(PUBLISHED, x, t_x, T, horizon=np.inf, discount=DISCOUNT) == pytest.approx(dert, rel=1e-6)


@pytest.mark.parametrize(("x", "t_x", "T", "log_l", "alive", "orders", "dert", "sd"), ORACLES[:4], ids=IDS[:4])
def test_standard_deviations_are_the_oracles(x, t_x, T, log_l, alive, orders, dert, sd) -> None:
    size, rng = 400_000, np.random.default_rng(2)
    known = (np.full(size, value) for value in (x, t_x, T))
    moments = MODEL.discounted_moments(PUBLISHED[:, None], *known, horizon=np.inf, discount=DISCOUNT, latents=1, random=rng)
    first, squares, pairs = moments
    assert abs(first.mean() - dert) < 4.5 * first.std() / math.sqrt(size)
    second = squares + pairs
    assert abs(second.mean() - (sd**2 + dert**2)) < 4.5 * second.std() / math.sqrt(size)
    assert second.std() / math.sqrt(size) < 0.01 * second.mean()


@pytest.mark.parametrize("known", [row[:3] for row in ORACLES[:4]], ids=IDS[:4])
def test_discounted_orders_for_ever_are_by_tricomis_function(known) -> None:
    """E[1/(hazard + discount)] in closed form: (beta+T)^s d^(s-1) U(s, s, d (beta+T))."""
    x, _, T = known
    with mpmath.workdps(30):
        r, alpha, s, beta = plain.natural_of_lifetimes(PUBLISHED)
        discount, life = mpmath.mpf(DISCOUNT), beta + mpmath.mpf(T)
        lives_on = life**s * discount ** (s - 1) * mpmath.hyperu(s, s, discount * life)
        dert = float(plain.leaving_in_time_alive((r, alpha, s, beta), known) * (r + x) / (alpha + mpmath.mpf(T)) * lives_on)
    assert MODEL.expected_discounted_orders(PUBLISHED, *known, horizon=np.inf, discount=DISCOUNT) == pytest.approx(dert, rel=1e-7)


def expected_orders(known, horizon):
    return float(MODEL.expected_discounted_orders(BTYD, *known, horizon=horizon, discount=0.0))


def test_customers_are_those_of_the_walkthrough_of_btyd() -> None:
    customer_1516, expected = (26, 30.857, 31.0), {10: 0.7062289, 15: 0.1442396, 20: 0.02250658, 25: 0.00309267}
    # of its estimates four digits are printed
    assert expected_orders(NEWCOMER, 52.0) == pytest.approx(1.473434, rel=5e-4)
    assert expected_orders(customer_1516, 52.0) == pytest.approx(25.45647, rel=5e-4)
    assert MODEL.p_alive(BTYD, *customer_1516) == pytest.approx(0.997874, abs=1e-5)
    assert [expected_orders((x, 20.0, 39.0), 52.0) for x in expected] == pytest.approx(list(expected.values()), rel=2e-3)


@pytest.mark.parametrize("horizon", [1.0, 52.0, 520.0])
def test_a_newcomers_orders_are_those_of_the_closed_form(horizon) -> None:
    r, alpha, s, beta = 0.5534, 10.5802, 0.6061, 11.6562
    closed = r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + horizon)) ** (s - 1))
    assert expected_orders(NEWCOMER, horizon) == pytest.approx(closed, rel=1e-10)


def test_of_two_customers_the_one_who_bought_more_may_be_worth_less() -> None:
    """The fold of Fader, Hardie & Lee 2005, by the numbers of BTYD's manual."""
    at = from_natural(0.5629966, 12.5590370, 0.4081095, 10.5148048)
    x = np.arange(1, 11)
    found = MODEL.expected_discounted_orders(at[:, None], x, 30.0, 77.86, horizon=np.inf, discount=0.0027)
    assert found.tolist() == pytest.approx([2.199, 2.844, 2.867, 2.445, 1.841, 1.262, 0.810, 0.495, 0.292, 0.168], abs=5.1e-4)
    seven = MODEL.expected_discounted_orders(at, 7, 35.0, 77.86, horizon=np.inf, discount=0.0027)
    assert float(seven) == pytest.approx(1.8642, abs=5.1e-5)


def test_the_published_fit_is_found(cdnow, log_likelihood) -> None:
    def missing(at):
        by_row, weight, slope = log_likelihood(MODEL, cdnow, at)
        return -float(by_row @ weight), -slope[:, 0]

    found = minimize(missing, MODEL.priors(cdnow).mean, jac=True, method="BFGS", options={"gtol": 1e-3})
    assert -found.fun == pytest.approx(-9594.976, abs=0.01)
    natural = [float(value) for value in plain.natural_of_lifetimes(found.x)]
    assert natural == pytest.approx([0.55315, 10.57633, 0.60625, 11.67150], rel=1e-3)


# the quadrature -------------------------------------------------------------------------------------------------------------------------


def exact(at, known):
    with mpmath.workdps(30):
        return plain.leaving_in_time(plain.natural_of_lifetimes(at), known)


def known_by_row(customers):
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    return list(zip(rows["x"].astype(int).tolist(), rows["t_x"].tolist(), rows["T"].tolist(), strict=True))


def random_customers(rng):
    """Of any number of purchases and any silence."""
    x = rng.choice([0, 0, 1, 2, 5, 40, 300, 2000], 8)
    T = np.exp(rng.uniform(-2, 7, 8))
    return x, np.where(x == 0, 0.0, T * rng.choice([0.001, 0.3, 0.9, 1 - 1e-6, 1.0], 8)), T


@pytest.mark.parametrize(("width", "sampled", "reported"), [(2.0, 1e-6, 1e-8), (6.0, 1e-3, 1e-4)], ids=["where priors are", "far out"])
def test_log_likelihood_and_p_alive_are_the_integral(width, sampled, reported, log_likelihood, make_customers) -> None:
    """Within two prior standard deviations, and six: there the two scales, alpha and beta, are so far apart that nodes are few."""
    rng = np.random.default_rng(1)
    for _ in range(6):
        customers = make_customers(*random_customers(rng))
        priors = MODEL.priors(customers)
        at = np.array(priors.mean) + rng.uniform(-width, width, 4) * np.array(priors.sd)
        known = known_by_row(customers)
        expected = [float(exact(at, row)) for row in known]
        np.testing.assert_allclose(log_likelihood(MODEL, customers, at)[0], expected, rtol=1e-12, atol=sampled)
        np.testing.assert_allclose(log_likelihood(MODEL.exact, customers, at)[0], expected, rtol=1e-12, atol=reported)
        with mpmath.workdps(30):
            alive = [float(plain.leaving_in_time_alive(plain.natural_of_lifetimes(at), row)) for row in known]
        np.testing.assert_allclose(MODEL.p_alive(at, *np.transpose(known)), alive, rtol=10 * reported, atol=1e-200)


@pytest.mark.parametrize("move", [(0, 0, 0, 0), (1, 2, 1, 1), (-1, -2, -2, 1), (0, 1, 2, -1)])
def test_slopes_are_those_of_thirty_digits(move, log_likelihood, make_customers) -> None:
    """Though they are taken at nodes that stand still."""
    at = PUBLISHED + np.array(move, dtype=float)
    customers = make_customers([0, 1, 7, 300], [0.0, 38.0, 29.43, 100.0], [38.86, 38.0, 38.86, 150.0])
    known = known_by_row(customers)
    with mpmath.workdps(30):
        expected = [plain.central_slope(lambda moved: sum(exact(moved, row) for row in known), at, k) for k in range(4)]
    np.testing.assert_allclose(log_likelihood(MODEL, customers, at)[2][:, 0], expected, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(log_likelihood(MODEL.exact, customers, at)[2][:, 0], expected, rtol=1e-8, atol=1e-6)


@pytest.mark.parametrize("move", [(0, 0, 0, 0), (1, 1.5, 1, 1), (-1, -0.5, -2, 3)])
@pytest.mark.parametrize("known", [(2, 30.43, 38.86), (0, 0.0, 0.0), (29, 37.71, 38.0)])
def test_count_probabilities_are_those_of_thirty_digits(known, move) -> None:
    at, n = PUBLISHED + np.array(move, dtype=float), np.array([0, 1, 4, 40])
    with mpmath.workdps(30):
        natural = plain.natural_of_lifetimes(at)
        alive = plain.leaving_in_time_alive(natural, known)
        expected = [
            float(alive * plain.leaving_in_time_count(natural, known, 26.0, int(count)) + (1 - alive) * (count == 0)) for count in n
        ]
    np.testing.assert_allclose(MODEL.count_probability(at, *known, horizon=26.0, count=n), expected, rtol=1e-7)


def test_who_bought_today_is_alive_for_sure() -> None:
    assert float(MODEL.p_alive(PUBLISHED, 4, 30.0, 30.0)) == 1
