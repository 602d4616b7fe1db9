"""MBG/CNBD-k: its densities by quadrature over the story in thirty digits; with one phase it is MBG/NBD."""

import itertools
import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from models import thirty_digits as plain
from models.thirty_digits import COUNTS, DISCOUNT, HORIZON, PHASES, REGULAR
from scipy import stats
from scipy.special import betainc, betaln

from clvbayes.errors import ArgumentError
from clvbayes.models import mbg_cnbd, mbg_nbd
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.mbg_cnbd import _expected
from clvbayes.models.pace import STEADY_PACE
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

# as `python tests/models/thirty_digits.py` prints it: of (case, k) the log-density of the gaps, P(alive), and of a living customer the
# expected and discounted orders and the probabilities of some counts
THIRTY_DIGITS = {
    (0, 2): (-0.83068475335888, 0.23852755733322, 0.6697742386132, 0.64857373716612, 0.49028044732924, 0.3843253436237, 0.021800520738897),
    (0, 3): (
        -0.83011903930786,
        0.23895821116856,
        0.63628170357375,
        0.61651156399375,
        0.48360800701788,
        0.41383681171986,
        0.013234753974108,
    ),
    (0, 5): (-0.82990364096059, 0.23912212065852, 0.6048154850391, 0.58646420208229, 0.4780217987605, 0.44504479242955, 0.0053332138343802),
    (1, 2): (-10.412558781722, 0.43044293390725, 2.5748161373215, 2.4954176542701, 0.0264311392817, 0.25460126834465, 0.20993723324898),
    (1, 3): (-10.228027847036, 0.35809625385666, 2.7215807397131, 2.6399496530161, 0.0064392945146116, 0.20972831911169, 0.24874630173926),
    (1, 5): (-10.169928333313, 0.23864359505484, 2.8768425158598, 2.7934507788678, 0.00039994184266339, 0.16302493901192, 0.29614630259104),
    (2, 2): (
        -13.909622194154,
        0.0001053858283859,
        4.8332685909139,
        4.6838527236232,
        0.00028635515005826,
        0.077535645525846,
        0.12819803165997,
    ),
    (2, 3): (
        -12.724565178526,
        1.4025341491594e-06,
        4.8618408050935,
        4.7143041654308,
        9.6862046920009e-06,
        0.072833780420757,
        0.10852629267999,
    ),
    (2, 5): (
        -11.404663486311,
        2.7478937364345e-10,
        4.8910928306304,
        4.7453732176918,
        1.1522159694712e-08,
        0.071974047315699,
        0.080027606572065,
    ),
    (3, 2): (-4.974497792193, 0.56920507119532, 0.90563725738103, 0.87301172347863, 0.34072163126858, 0.47068443703282, 0.035629116969104),
    (3, 3): (-4.8656372202029, 0.57034366782116, 0.86176574905032, 0.82840761354838, 0.33327557107435, 0.50570417033267, 0.024639550039656),
    (3, 5): (-4.7654802914616, 0.57051512054747, 0.82414210071943, 0.7896446387608, 0.31400819926032, 0.56185630112223, 0.012002711167803),
    (4, 2): (-6.0314856086709, 0.80080216835087, 3.1266651818557, 3.0244288084718, 0.022352678214085, 0.23474733346698, 0.1761006041117),
    (4, 3): (-5.7708636751033, 0.80080216835087, 3.1936619512319, 3.0870473578517, 0.0079196652630086, 0.21305547867279, 0.19173461973895),
    (4, 5): (-5.4704600979914, 0.80080216835087, 3.2686603745142, 3.1578383936174, 0.0010503508725251, 0.18601714139202, 0.20777154068498),
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
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)
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


BUSY = [
    ((math.log(50.0), 0.3, -9.0, 1.1), (200, 3.99, 4.0), 520.0),  # 50 a week for ten years
    ((math.log(20.0), 0.3, -5.0, 1.1), (0, 0.0, 0.0), 365.0),  # 20 a day for a year
    ((math.log(1e6), -4.0, -5.0, 1.1), (3, 0.1, 0.2), 1e4),
]


@pytest.mark.parametrize("case", [*((PUBLISHED, known, 26.0) for known in KNOWN[:5]), *BUSY])
def test_with_one_phase_as_many_live_later_as_of_mbg_nbd(case) -> None:
    at, known, passed = case
    at = np.array(at)
    assert float(ONE.p_alive_later(at, *known, passed=passed)) == pytest.approx(
        float(MBG.p_alive_later(at, *known, passed=passed)), rel=1e-8
    )


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


@pytest.mark.parametrize("k", PHASES)
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


@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize(
    "case",
    [(PUBLISHED, (2, 30.43, 38.86), 26.0), (PUBLISHED, (0, 0.0, 0.0), 520.0), ((math.log(4.0), 0.3, -5.0, 1.1), (0, 0.0, 0.0), 90.0)],
)
def test_who_lives_later_has_stayed_at_each_of_any_number_of_purchases(case, k) -> None:
    """The sum over the number of phases that have ended."""
    at, (x, t_x, T), passed = case
    r, alpha, a, b = (float(value) for value in plain.natural_of_dropout(at, k))
    silence, shape, age, m = (T - t_x) / (alpha + T), r + k * x, alpha + T, np.arange(200_000)
    phases = np.array([stats.nbinom.pmf(j, shape, 1 - silence) for j in range(k)])
    log_stays = betaln(a, b + x + 1 + np.arange(len(m))) - betaln(a, b + x + 1)
    living = sum(
        phase * (stats.nbinom.pmf(m, shape + j, age / (age + passed)) @ np.exp(log_stays[(m + j) // k]))
        for j, phase in enumerate(phases / phases.sum())
    )
    found = mbg_cnbd(k=k).living_survival((r, alpha, a, b), *map(np.float64, (x, t_x, T, passed)))
    assert float(found) == pytest.approx(living, rel=1e-8)


@pytest.mark.parametrize("horizon", [0.5, 13.0, 52.0, 520.0])
@pytest.mark.parametrize("known", [(0, 0.0, 0.0), (2, 30.43, 38.86), (29, 37.71, 38.0), (500, 51.9, 52.0), (500, 150.0, 150.5)])
@pytest.mark.parametrize("k", [2, 5, 10])
def test_expected_orders_of_regular_customers_are_the_sum_over_purchases(k, known, horizon) -> None:
    """Of the probability that an n-th one would be made, and that the customer has stayed at all before it."""
    x, t_x, T = known
    at, n = np.array([-2.0, 0.3, -2.7, 1.1]), np.arange(1, 30_000)
    r, alpha, a, b = (float(value) for value in plain.natural_of_dropout(at, k))
    silence, shape, age = (T - t_x) / (alpha + T), r + k * x, alpha + T
    phases = np.array([stats.nbinom.pmf(j, shape, 1 - silence) for j in range(k)])
    stays = np.exp(betaln(a, b + x + n) - betaln(a, b + x + 1))
    living = sum(
        phase * (stays @ betainc(n * k - j, shape + j, horizon / (age + horizon))) for j, phase in enumerate(phases / phases.sum())
    )
    model = mbg_cnbd(k=k)
    found = float(model.expected_discounted_orders(at, *known, horizon=horizon, discount=0.0) / model.p_alive(at, *known))
    assert found == pytest.approx(living, rel=1e-9)


@pytest.mark.parametrize("k", [2, 10])
def test_of_customers_who_leave_at_once_a_first_purchase_is_expected(k) -> None:
    """Of ten phases, of which a Poisson number ends: where sums over roots of unity cancel."""
    for leave, time in itertools.product((1.0, 1 - 1e-15, 1 - 1e-10), (0.01, 5.0, 30.0)):
        assert _expected(1.0, leave, 0, time, k) == pytest.approx(stats.poisson.sf(k - 1, time), rel=1e-6)


@pytest.mark.parametrize("k", [2, 10])
@pytest.mark.parametrize("time", [1e-3, 0.5, 3.0, 100.0])
@pytest.mark.parametrize("leave", [0.0, 1e-9, 0.3, 0.99])
def test_expected_purchases_of_a_known_customer_are_the_sum_over_them(leave, time, k) -> None:
    n = np.arange(1, 400)
    for phase in range(k):
        expected = (1 - leave) ** (n - 1) @ stats.poisson.sf(n * k - phase - 1, 2.0 * time)
        assert _expected(2.0, leave, phase, time, k) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("known", [(0, 0.0, 38.0), (7, 29.43, 38.86), (300, 149.0, 150.0)])
def test_ten_phases_leave_p_alive_right(known) -> None:
    at = (-1.0, 0.3, -0.7, 1.1)
    with mpmath.workdps(60):
        alive, dead = states(at, known, 10)
        assert float(mbg_cnbd(k=10).p_alive(np.array(at), *known)) == pytest.approx(float(alive / (alive + dead)), rel=1e-9)


def states(at, known, k):
    """What is proportional to the densities of those who live and of those who left."""
    (r, alpha, a, b), (x, *times) = plain.natural_of_dropout(at, k), known
    t_x, T = (mpmath.mpf(time) for time in times)
    phases = [mpmath.rf(r + k * x, j) * ((T - t_x) / (alpha + T)) ** j / mpmath.factorial(j) for j in range(k)]
    alive = mpmath.beta(a, b + x + 1) * (alpha + T) ** -(r + k * x) * sum(phases)
    return alive, mpmath.beta(a + 1, b + x) * (alpha + t_x) ** -(r + k * x)


def summed(at, known, k):
    """Log-likelihood but for the terms of the gaps."""
    r, alpha, a, b = plain.natural_of_dropout(at, k)
    bought = mpmath.loggamma(r + k * known[0]) - mpmath.loggamma(r) + r * mpmath.log(alpha) - mpmath.log(mpmath.beta(a, b))
    return bought + mpmath.log(sum(states(at, known, k)))


def test_densities_of_the_same_gaps_are_compared_by_what_they_leave_out(cdnow, total_log_likelihood) -> None:
    """CDNOW's customers do not order regularly: two phases cost 271 units of log-likelihood (method book 1.5, at either's best fit)."""
    one, two = (total_log_likelihood(model, cdnow, PUBLISHED) + model.log_measure(cdnow).sum() for model in (mbg_nbd(), mbg_cnbd(k=2)))
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
