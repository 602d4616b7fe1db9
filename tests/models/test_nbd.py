"""NBD: sixty digits, and MBG/NBD of customers who cannot leave."""

import math

import mpmath
import numpy as np
import pytest
from models import thirty_digits as plain
from scipy import stats

from clvbayes.models import mbg_nbd, nbd
from clvbayes.models.hierarchy import assign_cells

MODEL = nbd()
AT = np.array([math.log(0.525 / 6.183), math.log(0.525)])
NEVER = np.array([*AT, -40.0, math.log(2.505)])
CUSTOMERS = [(2, 30.43, 38.86), (7, 29.43, 38.86), (0, 0.0, 38.86), (29, 37.71, 38.0)]


def exact(at, known):
    x, _, T = known
    with mpmath.workdps(60):
        log_rate, log_shape = (mpmath.mpf(value) for value in at)
        return plain.negative_binomial(mpmath.exp(log_shape), mpmath.exp(log_shape - log_rate), x, T)


@pytest.mark.parametrize("log_rate", [-10.0, -2.0, 3.0])
@pytest.mark.parametrize("log_shape", [-20.0, -1.0, 1.5, 20.0])
def test_value_and_slope_are_those_of_sixty_digits(log_rate, log_shape, log_likelihood, make_customers) -> None:
    customers = make_customers([0, 0, 1, 1, 40, 2000], [0.0, 0.0, 3.0, 38.0, 40.0, 1.0], [0.0, 38.0, 38.0, 38.0, 40.0, 150.0])
    at = np.array([log_rate, log_shape])
    by_row, weight, slope = log_likelihood(MODEL, customers, at)
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    known = list(zip(rows["x"].astype(int).tolist(), rows["t_x"].tolist(), rows["T"].tolist(), strict=True))
    np.testing.assert_allclose(by_row, [float(exact(at, row)) for row in known], rtol=1e-10, atol=1e-10)
    with mpmath.workdps(60):
        exact_slope = [
            plain.central_slope(lambda moved: sum(int(n) * exact(moved, row) for n, row in zip(weight, known, strict=True)), at, k)
            for k in range(2)
        ]
    np.testing.assert_allclose(slope[:, 0], exact_slope, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("at", [AT, np.array([-4.0, -1.5]), np.array([0.5, 2.5])], ids=["published", "seldom", "often"])
def test_the_likelihood_is_the_story_integrated_over_the_rate(at, log_likelihood, make_customers) -> None:
    customers = make_customers(*zip(*CUSTOMERS, strict=True))
    rows, (by_row, _, _) = MODEL.rows(customers, assign_cells(customers, ())), log_likelihood(MODEL, customers, at)
    with mpmath.workdps(30):
        r, alpha = mpmath.exp(at[1]), mpmath.exp(mpmath.mpf(at[1]) - mpmath.mpf(at[0]))
        expected = [float(plain.at_random(r, alpha, int(x), T)) for x, T in zip(rows["x"], rows["T"], strict=True)]
    np.testing.assert_allclose(by_row, expected, rtol=1e-12)


def test_when_the_last_purchase_was_says_nothing(log_likelihood, make_customers) -> None:
    by_row, weight, _ = log_likelihood(MODEL, make_customers([3, 3, 3], [1.0, 20.0, 30.0], [30.0, 30.0, 30.0]), AT)
    assert len(by_row) == 1 and weight.tolist() == [3]


@pytest.mark.parametrize("known", CUSTOMERS, ids=[f"x={row[0]}" for row in CUSTOMERS])
def test_it_is_mbg_nbd_whose_customers_cannot_leave(known, log_likelihood, make_customers) -> None:
    customers, other = make_customers(*([value] for value in known)), mbg_nbd()
    assert log_likelihood(MODEL, customers, AT)[0] == pytest.approx(log_likelihood(other, customers, NEVER)[0], rel=1e-10)
    assert float(MODEL.p_alive(AT, *known)) == pytest.approx(float(other.p_alive(NEVER, *known)), rel=1e-10)
    n = np.arange(40)
    counts = [model.count_probability(at, *known, horizon=26.0, count=n) for model, at in ((MODEL, AT), (other, NEVER))]
    np.testing.assert_allclose(*counts, rtol=1e-10)
    for horizon, discount in ((26.0, 0.0), (np.inf, 0.0027)):
        orders = [
            model.expected_discounted_orders(at, *known, horizon=horizon, discount=discount) for model, at in ((MODEL, AT), (other, NEVER))
        ]
        assert orders[0] == pytest.approx(orders[1], rel=1e-10)


def test_counts_are_negative_binomial_and_orders_come_at_one_rate_for_ever() -> None:
    r, alpha, n = 0.525, 6.183, np.arange(60)
    found = MODEL.count_probability(AT, 3, 20.0, 30.0, horizon=26.0, count=n)
    np.testing.assert_allclose(found, stats.nbinom(r + 3, (alpha + 30) / (alpha + 56)).pmf(n), rtol=1e-10)
    rate = (r + 3) / (alpha + 30)
    assert MODEL.expected_discounted_orders(AT, 3, 20.0, 30.0, horizon=26.0, discount=0.0) == pytest.approx(26 * rate, rel=1e-12)
    assert MODEL.expected_discounted_orders(AT, 3, 20.0, 30.0, horizon=np.inf, discount=0.0027) == pytest.approx(rate / 0.0027, rel=1e-9)


def test_everyone_lives_for_ever() -> None:
    assert (MODEL.p_alive(AT[:, None], 0, 0.0, np.array([1.0, 1e9])) == 1).all()
