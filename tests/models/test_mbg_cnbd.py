"""MBG/CNBD-k: its densities by quadrature over the story in thirty digits; with one phase it is MBG/NBD."""

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from models import thirty_digits as plain
from models.thirty_digits import COUNTS, DISCOUNT, HORIZON, PHASES, REGULAR

from clvbayes.errors import ArgumentError
from clvbayes.models import mbg_cnbd, mbg_nbd
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.pace import STEADY_PACE
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

# as `python tests/models/thirty_digits.py` prints it: of (case, k) the log-density of the gaps, P(alive), and of a living customer the
# expected and discounted orders and the probabilities of some counts
THIRTY_DIGITS = {
@@NUMBERS@@
}
CASES = [(case, k) for case in range(len(REGULAR)) for k in PHASES]


def from_natural(r, alpha, a, b) -> np.ndarray:
    return np.array([math.log(r / alpha), math.log(r), math.log(a / b), math.log(a + b)])


def bought(make_customers, gaps, T):
    """One customer with these times between purchases."""
    customers = make_customers([len(gaps)], [sum(gaps)], [T])
    return replace(customers, statistics=customers.statistics.assign(log_gaps=sum(math.log(gap) for gap in gaps)))


@pytest.mark.parametrize(("case", "k"), CASES)
def test_the_density_of_the_gaps_is_the_story_integrated(case, k, log_likelihood, make_customers) -> None:
    at, gaps, T = REGULAR[case]
    model, customers = mbg_cnbd(k=k), bought(make_customers, gaps, T)
    density = log_likelihood(model, customers, at)[0] + model.log_measure(customers)
    assert density == pytest.approx([THIRTY_DIGITS[case, k][0]], rel=1e-10)


@pytest.mark.parametrize(("case", "k"), CASES)
def test_p_alive_and_the_future_are_the_story_integrated(case, k) -> None:
    at, gaps, T = REGULAR[case]
    model, known = mbg_cnbd(k=k), (len(gaps), sum(gaps), T)
    _, alive, *rest = THIRTY_DIGITS[case, k]
    orders, counts = alive * np.array(rest[:2]), alive * np.array(rest[2:]) + (1 - alive) * (np.array(COUNTS) == 0)
    at = np.array(at)
    assert float(model.p_alive(at, *known)) == pytest.approx(alive, rel=1e-9)
    found = [float(model.expected_discounted_orders(at, *known, horizon=HORIZON, discount=discount)) for discount in (0.0, DISCOUNT)]
    np.testing.assert_allclose(found, orders, rtol=1e-8)
    np.testing.assert_allclose(model.count_probability(at, *known, horizon=HORIZON, count=np.array(COUNTS)), counts, rtol=1e-8)


def test_the_committed_numbers_are_what_the_script_says() -> None:
    """Of the quickest of them, in part: the rest take minutes."""
    at, gaps, T = REGULAR[1]
    with mpmath.workdps(30):
        natural = plain.natural_of_dropout(at, 2)
        found = [float(part(natural, 2, gaps, T)) for part in (plain.regular, plain.regular_alive)]
    assert found == pytest.approx(THIRTY_DIGITS[1, 2][:2], rel=1e-12)


# one phase ------------------------------------------------------------------------------------------------------------------------------

ONE, MBG = mbg_cnbd(k=1), mbg_nbd()
PUBLISHED = from_natural(0.525, 6.183, 0.891, 1.614)
KNOWN = [(2, 30.43, 38.86), (7, 29.43, 38.86), (0, 0.0, 38.86), (29, 37.71, 38.0), (0, 0.0, 0.0), (300, 100.0, 150.0)]
MOVES = [(0, 0, 0, 0), (1, 1.5, 1, 1), (-1, -0.5, -2, 3)]


@pytest.mark.parametrize("move", MOVES)
def test_with_one_phase_its_likelihood_is_that_of_mbg_nbd(move, log_likelihood, make_customers) -> None:
    customers, at = make_customers(*zip(*KNOWN, strict=True)), PUBLISHED + np.array(move, dtype=float)
    for one, other in zip(log_likelihood(ONE, customers, at), log_likelihood(MBG, customers, at), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
    assert (ONE.log_measure(customers) == 0).all()


@pytest.mark.parametrize("known", KNOWN, ids=[f"x={row[0]}, T={row[2]}" for row in KNOWN])
@pytest.mark.parametrize("move", MOVES)
def test_with_one_phase_its_future_is_that_of_mbg_nbd(move, known) -> None:
    at, n = PUBLISHED + np.array(move, dtype=float), np.arange(30)
    np.testing.assert_allclose(ONE.p_alive(at, *known), MBG.p_alive(at, *known), rtol=1e-10)
    counts = [model.count_probability(at, *known, horizon=26.0, count=n) for model in (ONE, MBG)]
    np.testing.assert_allclose(*counts, rtol=1e-10)
    for horizon, discount in ((26.0, 0.0), (104.0, 0.0027)):
        orders = [model.expected_discounted_orders(at, *known, horizon=horizon, discount=discount) for model in (ONE, MBG)]
        np.testing.assert_allclose(*orders, rtol=1e-10)


@pytest.mark.parametrize("known", KNOWN[:5], ids=[f"x={row[0]}, T={row[2]}" for row in KNOWN[:5]])
def test_with_one_phase_its_moments_are_those_of_mbg_nbd(known) -> None:
    size = 200_000
    columns = [np.full(size, value) for value in known]
    one, other = (
        model.discounted_moments(
            PUBLISHED[:, None], *columns, horizon=104.0, discount=0.0027, latents=1, random=np.random.default_rng(seed)
        )
        for seed, model in enumerate((ONE, MBG))
    )
    for mine, theirs in zip(one, other, strict=True):
        error = math.sqrt((mine.var() + theirs.var()) / size)
        assert abs(mine.mean() - theirs.mean()) < 4.5 * error


# many phases ----------------------------------------------------------------------------------------------------------------------------


def futures_of_a_newcomer(model, at, draws):
    batch = Batch(customer_keys(["new"]), *[np.zeros(1, dtype=np.int64)] * 3, *[np.zeros(1)] * 10)
    return model.simulate(np.repeat(at[None, :, None], draws, axis=0), batch, horizon=26.0, year=52.0, seed=2, clock=STEADY_PACE)


def test_times_between_a_customers_orders_are_as_regular_as_it_has_phases() -> None:
    """Of customers of one rate who never leave the k phases' times between orders vary by 1/sqrt(k) of their mean."""
    for k in (1, 2, 5, 10):
        futures = futures_of_a_newcomer(mbg_cnbd(k=k), np.array([0.0, 20.0, -30.0, 0.0]), 4000)
        gaps = np.diff(futures.time)[np.diff(futures.draw) == 0]
        assert len(gaps) > 80_000
        # what the horizon cuts off are the longest
        assert gaps.std() / gaps.mean() == pytest.approx(1 / math.sqrt(k), rel=0.03)


@pytest.mark.parametrize("k", [2, 3, 5, 10])
def test_likelihood_and_slope_are_those_of_sixty_digits(k, log_likelihood, make_customers) -> None:
    """By the sum over phases (method book 1.5): the quadrature above does not reach as many purchases."""
    model = mbg_cnbd(k=k)
    customers = make_customers([0, 0, 1, 40, 2000], [0.0, 0.0, 3.0, 40.0, 149.9], [0.0, 38.0, 38.0, 40.0, 150.0])
    rows = model.rows(customers, assign_cells(customers, ()))
    known = list(zip(rows["x"].astype(int).tolist(), rows["t_x"].tolist(), rows["T"].tolist(), strict=True))
    for at in ((-2.0, 0.3, -0.7, 1.1), (-1.0, -3.0, 2.0, -1.0), (-3.0, 4.0, -4.0, 4.0)):
        by_row, _, slope = log_likelihood(model, customers, np.array(at))
        with mpmath.workdps(60):
            np.testing.assert_allclose(by_row, [float(summed(at, row, k)) for row in known], rtol=1e-10, atol=1e-10)
            expected = [plain.central_slope(lambda moved: sum(summed(moved, row, k) for row in known), at, j) for j in range(4)]
        np.testing.assert_allclose(slope[:, 0], expected, rtol=1e-7, atol=1e-7)


def summed(at, known, k):
    """Log-likelihood but for the terms of the gaps."""
    (r, alpha, a, b), (x, *times) = plain.natural_of_dropout(at, k), known
    t_x, T = (mpmath.mpf(time) for time in times)
    phases = [mpmath.rf(r + k * x, j) * ((T - t_x) / (alpha + T)) ** j / mpmath.factorial(j) for j in range(k)]
    alive = mpmath.beta(a, b + x + 1) * (alpha + T) ** -(r + k * x) * sum(phases)
    dead = mpmath.beta(a + 1, b + x) * (alpha + t_x) ** -(r + k * x)
    bought = mpmath.loggamma(r + k * x) - mpmath.loggamma(r) + r * mpmath.log(alpha) - mpmath.log(mpmath.beta(a, b))
    return bought + mpmath.log(alive + dead)


def test_densities_of_the_same_gaps_are_compared_by_what_they_leave_out(cdnow, total_log_likelihood) -> None:
    """CDNOW's customers do not order regularly: two phases cost 271 units of log-likelihood (method book 1.5, at either's best fit)."""
    one, two = (
        total_log_likelihood(model, cdnow, PUBLISHED) + model.log_measure(cdnow).sum() for model in (mbg_nbd(), mbg_cnbd(k=2))
    )
    assert one - two > 200
    statistics = cdnow.statistics
    assert mbg_cnbd(k=3).log_measure(cdnow) == pytest.approx(2 * statistics["log_gaps"] - math.log(2) * statistics["frequency"])


def test_gaps_that_are_not_known_are_missing_and_not_zero(make_customers) -> None:
    customers = make_customers([0, 2], [0.0, 20.0], [30.0, 30.0])
    unknown = replace(customers, statistics=customers.statistics.assign(log_gaps=[0.0, np.nan]))
    assert np.isnan(mbg_cnbd(k=2).log_measure(unknown)).tolist() == [False, True]
    assert mbg_cnbd(k=1).log_measure(unknown).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("k", [0, -1, 11, 2.0, "2", True, None])
def test_a_k_that_is_no_number_of_phases_is_refused(k) -> None:
    with pytest.raises(ArgumentError, match="whole number from 1 to 10"):
        mbg_cnbd(k=k)


@pytest.mark.parametrize("k", [1, 10, np.int64(4)])
def test_any_number_of_phases_from_one_to_ten_is_taken(k) -> None:
    assert mbg_cnbd(k=k).options == {"k": int(k)} and mbg_cnbd(k=k).title == f"MBG/CNBD-{k}"
