"""BG/NBD against published numbers and sixty digits."""

import math

import mpmath
import numpy as np
import pytest
from models import thirty_digits as plain
from scipy.optimize import minimize

from clvbayes.models import bg_nbd
from clvbayes.models.hierarchy import assign_cells

MODEL = bg_nbd()
DISCOUNT = math.log(1.15) / 52


def from_natural(r, alpha, a, b) -> np.ndarray:
    return np.array([math.log(r / alpha), math.log(r), math.log(a / b), math.log(a + b)])


PUBLISHED = from_natural(0.243, 4.414, 0.793, 2.426)
FITTED = from_natural(0.2425945, 4.4136019, 0.7929199, 2.4258881)
NEWCOMER = (0, 0.0, 0.0)

# method.md 1.11: x, t_x, T, log L, P(alive), expected purchases in 39 weeks, discounted expected purchases for ever
ORACLES = [
    (2, 30.43, 38.86, -9.458606307, 0.72657857, 1.2260282, 5.169554),
    (7, 29.43, 38.86, -21.86327627, 0.64175635, 3.3370533, 12.70087),
    (0, 0.0, 38.86, -0.5547132764, 1.0, 0.19509805, 1.018746),
    (29, 37.71, 38.0, -43.86951405, 0.96912952, 20.052949, 72.16128),
    (300, 100.0, 150.0, 4.192624873, 3.6327299e-49, None, None),
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


def test_two_hundred_purchases_have_the_likelihood_of_hardies_note_027(log_likelihood, make_customers) -> None:
    by_row, _, _ = log_likelihood(MODEL, make_customers([0, 200], [0.0, 38.0], [40.0, 40.0]), from_natural(0.25, 4.0, 0.8, 2.5))
    assert by_row == pytest.approx([-0.59947382, 100.7957], abs=5e-5)
    assert by_row[0] == pytest.approx(-0.59947382, abs=5e-9)


def expected_orders(horizon, known=NEWCOMER):
    return float(MODEL.expected_discounted_orders(FITTED, *known, horizon=horizon, discount=0.0))


def test_expected_orders_are_those_of_hardies_spreadsheet() -> None:
    published = {0.1429: 0.0078, 1.0: 0.0532, 3.0: 0.1506, 31.8571: 1.0405, 32.0: 1.0437, 78.0: 1.8576}
    assert [expected_orders(t) for t in published] == pytest.approx(list(published.values()), abs=5.1e-5, rel=3e-4)
    assert expected_orders(39.0, (2, 30.43, 38.86)) == pytest.approx(1.226, abs=5e-4)


def test_counts_of_a_newcomer_are_those_of_hardies_spreadsheet() -> None:
    assert float(MODEL.count_probability(PUBLISHED, *NEWCOMER, horizon=2.0, count=10)) == pytest.approx(1.07869e-07, rel=5e-6)
    assert float(MODEL.count_probability(PUBLISHED, *NEWCOMER, horizon=39.0, count=0)) == pytest.approx(0.5737864, abs=5e-8)


def test_customers_are_those_of_the_walkthrough_of_btyd() -> None:
    customer_1516, expected = (26, 30.857, 31.0), {10: 0.3474606, 15: 0.04283391, 20: 0.004158973, 25: 0.0003583685}
    assert expected_orders(52.0) == pytest.approx(1.444004, rel=1e-5)
    assert expected_orders(52.0, customer_1516) == pytest.approx(25.75659, rel=1e-4)
    assert MODEL.p_alive(FITTED, *customer_1516) == pytest.approx(0.9688523, rel=1e-5)
    assert [expected_orders(52.0, (x, 20.0, 39.0)) for x in expected] == pytest.approx(list(expected.values()), rel=1e-4)


def test_the_published_fit_is_found(cdnow, log_likelihood) -> None:
    def missing(at):
        by_row, weight, slope = log_likelihood(MODEL, cdnow, at)
        return -float(by_row @ weight), -slope[:, 0]

    found = minimize(missing, MODEL.priors(cdnow).mean, jac=True, method="BFGS", options={"gtol": 1e-3})
    assert -found.fun == pytest.approx(-9582.429, abs=0.01)
    natural = [float(value) for value in plain.natural_of_dropout(found.x)]
    assert natural == pytest.approx([0.2425945, 4.4136019, 0.7929199, 2.4258881], rel=1e-3)


def exact(at, known):
    with mpmath.workdps(60):
        return plain.leaving_at_purchases(plain.natural_of_dropout(at), known, first=0)


def known_by_row(customers):
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    return list(zip(rows["x"].astype(int).tolist(), rows["t_x"].tolist(), rows["T"].tolist(), strict=True))


def test_log_likelihood_and_p_alive_are_the_formula_at_random_points(log_likelihood, make_customers) -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        x = rng.choice([0, 0, 1, 2, 5, 40, 300, 2000], 12)
        T = np.exp(rng.uniform(-2, 7, 12))
        t_x = np.where(x == 0, 0.0, T * rng.choice([0.001, 0.3, 0.9, 1 - 1e-6, 1.0], 12))
        at = rng.normal([-2, 0, -0.5, 1], [2, 2, 3, 2])
        customers = make_customers(x, t_x, T)
        by_row, _, _ = log_likelihood(MODEL, customers, at)
        known = known_by_row(customers)
        np.testing.assert_allclose(by_row, [float(exact(at, row)) for row in known], rtol=1e-11, atol=1e-11)
        with mpmath.workdps(60):
            alive = [float(plain.leaving_at_purchases_alive(plain.natural_of_dropout(at), row, first=0)) for row in known]
        np.testing.assert_allclose(MODEL.p_alive(at, *np.transpose(known)), alive, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("log_shape", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("log_concentration", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("logit_dropout", [-12.0, 0.0, 12.0])
def test_far_out_it_is_right_and_smooth(log_shape, log_concentration, logit_dropout, log_likelihood, make_customers) -> None:
    customers = make_customers([0, 0, 1, 40, 2000], [0.0, 0.0, 3.0, 40.0, 149.9], [0.0, 38.0, 38.0, 40.0, 150.0])
    at = np.array([-2.0, log_shape, logit_dropout, log_concentration])
    by_row, _, slope = log_likelihood(MODEL, customers, at)
    known = known_by_row(customers)
    np.testing.assert_allclose(by_row, [float(exact(at, row)) for row in known], rtol=1e-9, atol=1e-9)
    with mpmath.workdps(60):
        exact_slope = [plain.central_slope(lambda moved: sum(exact(moved, row) for row in known), at, k) for k in range(4)]
    np.testing.assert_allclose(slope[:, 0], exact_slope, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("known", [(0, 0.0, 38.86), (7, 29.43, 38.86)])
def test_future_counts_and_orders_are_those_of_twenty_digits(known) -> None:
    at = PUBLISHED + np.array([0.5, 0.7, 0.3, 0.5])
    with mpmath.workdps(20):
        natural = plain.natural_of_dropout(at)
        alive = plain.leaving_at_purchases_alive(natural, known, first=0)
        orders = alive * plain.leaving_at_purchases_orders(natural, known, 2.0, DISCOUNT, k=1, first=0)
        living = [plain.leaving_at_purchases_count(natural, known, 2.0, n, k=1, first=0) for n in (0, 1, 3)]
        counts = [float(alive * chance + (1 - alive) * (n == 0)) for n, chance in zip((0, 1, 3), living, strict=True)]
    assert MODEL.expected_discounted_orders(at, *known, horizon=2.0, discount=DISCOUNT) == pytest.approx(float(orders), rel=1e-9)
    np.testing.assert_allclose(MODEL.count_probability(at, *known, horizon=2.0, count=np.array([0, 1, 3])), counts, rtol=1e-9)


def test_who_has_not_come_again_is_alive_for_sure() -> None:
    assert (MODEL.p_alive(PUBLISHED[:, None], 0, 0.0, np.array([0.0, 1.0, 1e6])) == 1).all()
