"""BG/BB: the donations of Fader, Hardie & Shang (2010), sums in thirty digits, and what cannot be opportunities."""

import itertools
import math

import mpmath
import numpy as np
import pandas as pd
import pytest
from models import thirty_digits as plain
from scipy.optimize import minimize

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError, DataError
from clvbayes.models import bg_bb
from clvbayes.models.bg_bb import BgBb
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.pace import STEADY_PACE
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

MODEL = bg_bb()
CELLS = [(0, 0)] + [(x, t_x) for t_x in range(1, 7) for x in range(1, t_x + 1)]
# the expected donations of each year since the first, calibration 1996 to 2001 and holdout 2002 to 2006 (BTYD's walkthrough)
BY_YEAR = [5535.833, 4717.059, 4147.621, 3724.665, 3395.888, 3131.647, 2913.778, 2730.482, 2573.731, 2437.854, 2318.727]


def from_natural(a, b, c, d) -> np.ndarray:
    return np.array([math.log(a / b), math.log(a + b), math.log(c / d), math.log(c + d)])


PUBLISHED = from_natural(1.2035, 0.7497, 0.6567, 2.7834)


@pytest.fixture(scope="module")
def donors(datasets) -> Customers:
    """11,104 donors, six years (the wheel of lifetimes has them as 22 cells with their counts)."""
    cells = pd.read_csv(datasets / "donations.csv").rename(columns={"periods": "T"})
    frame = cells.loc[cells.index.repeat(cells["weights"]), ["frequency", "recency", "T"]].reset_index(drop=True)
    return Customers.from_frame(frame, unit="year")


@pytest.fixture(scope="module")
def fitted(donors, log_likelihood) -> tuple[np.ndarray, float]:
    """The coordinates of the highest likelihood, and its logarithm."""

    def negative(at):
        by_row, weight, slope = log_likelihood(MODEL, donors, at)
        return -by_row @ weight, -slope[:, 0]

    found = minimize(negative, np.array(MODEL.priors(donors).mean), jac=True, method="BFGS", options={"gtol": 1e-6})
    return found.x, -found.fun


def test_donations_are_22_rows(donors) -> None:
    rows = MODEL.rows(donors, assign_cells(donors, ()))
    assert len(donors) == 11_104 and rows["weight"].sum() == 11_104
    assert sorted(zip(rows["x"], rows["t_x"], strict=True)) == sorted(CELLS)


def test_the_published_fit(fitted) -> None:
    at, log_l = fitted
    assert log_l == pytest.approx(-33225.581, abs=1e-3)
    assert [float(value) for value in MODEL.natural(at, np.exp, lambda z: 1 / (1 + np.exp(-z)))] == pytest.approx(
        [1.2035, 0.7497, 0.6567, 2.7834], abs=1e-4
    )


@pytest.mark.parametrize(("x", "t_x"), CELLS)
def test_each_cell_in_thirty_digits(x, t_x, log_likelihood, make_customers) -> None:
    for at in (PUBLISHED, np.array([-3.0, 2.5, -4.0, 3.0]), np.array([4.0, -2.0, 2.0, -1.0])):
        with mpmath.workdps(30):
            natural = plain.natural_of_opportunities(at)
            log_l, alive = (float(of(natural, (x, t_x, 6))) for of in (plain.opportunities, plain.opportunities_alive))
        by_row, _, _ = log_likelihood(MODEL, make_customers([x], [t_x], [6]), at)
        assert by_row == pytest.approx([log_l], rel=1e-10)
        assert float(MODEL.p_alive(at, x, t_x, 6)) == pytest.approx(alive, rel=1e-10)


@pytest.mark.parametrize(("x", "t_x"), CELLS)
def test_each_cell_is_the_story_integrated_over_both_probabilities(x, t_x, log_likelihood, make_customers) -> None:
    for at in (PUBLISHED, np.array([-1.5, 0.5, -2.5, 1.5])):
        with mpmath.workdps(30):
            log_l, alive = (float(value) for value in plain.opportunities_by_quadrature(plain.natural_of_opportunities(at), (x, t_x, 6)))
        by_row, _, _ = log_likelihood(MODEL, make_customers([x], [t_x], [6]), at)
        assert by_row == pytest.approx([log_l], rel=1e-12)
        assert float(MODEL.p_alive(at, x, t_x, 6)) == pytest.approx(alive, rel=1e-12)


@pytest.mark.parametrize(
    "known", [(0, 0, 150), (3, 12, 150), (100, 140, 150), (150, 150, 150), (250, 499, 500), (20, 90, 500), (250, 480, 500)]
)
def test_long_histories_in_thirty_digits(known, log_likelihood, make_customers) -> None:
    far = [
        np.array(at)
        for at in (
            *((-3.0, 2.5, -4.0, 3.0), (-6.0, 5.0, -9.0, 8.0), (2.0, 5.0, -3.0, 2.0), (2.5, 6.0, -3.0, 1.0), (0.0, 1.0, -4.0, 2.0)),
            *((3.2, 9.0, -9.0, 9.0), (4.0, 9.0, -4.0, 9.0), (3.0, 8.0, -9.0, 9.0)),
        )
    ]
    for at in (PUBLISHED, *far):
        with mpmath.workdps(30):
            natural = plain.natural_of_opportunities(at)
            log_l, alive = (float(of(natural, known)) for of in (plain.opportunities, plain.opportunities_alive))
        by_row, _, _ = log_likelihood(MODEL, make_customers(*([value] for value in known)), at)
        assert by_row == pytest.approx([log_l], rel=1e-9)
        assert float(MODEL.p_alive(at, *known)) == pytest.approx(alive, rel=1e-8)


def test_the_published_cells(log_likelihood, make_customers) -> None:
    """At parameters of which four digits are told."""
    by_row, _, _ = log_likelihood(MODEL, make_customers([0, 6], [0, 6], [6, 6]), PUBLISHED)
    assert by_row == pytest.approx([-1.16752, -2.18167], abs=5e-5)


def test_all_sequences_of_six_opportunities_have_a_probability_of_one(log_likelihood, make_customers) -> None:
    sequences = list(itertools.product((0, 1), repeat=6))
    x = [sum(used) for used in sequences]
    t_x = [max((k + 1 for k, one in enumerate(used) if one), default=0) for used in sequences]
    by_row, weight, _ = log_likelihood(MODEL, make_customers(x, t_x, [6] * 64), PUBLISHED)
    assert np.exp(by_row) @ weight == pytest.approx(1, rel=1e-12)


def test_published_expectations(fitted, donors) -> None:
    at, _ = fitted
    expected = MODEL.expected_discounted_orders
    years = np.arange(12.0)
    by_year = len(donors) * np.diff(expected(at, 0, 0, 0, horizon=years, discount=0.0))
    assert by_year == pytest.approx(BY_YEAR, rel=5e-5)
    known = tuple(donors.statistics[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    five_years = expected(at[:, None], *known, horizon=5.0, discount=0.0).sum()
    assert five_years == pytest.approx(12_884.2, abs=0.1)
    assert five_years == pytest.approx(13_260, rel=0.03)  # what they gave
    ten_years = expected(at, [0, 4], [0, 5], [6, 6], horizon=10.0, discount=0.0)
    assert ten_years == pytest.approx([0.1302169, 3.627858], rel=4e-5)


def test_published_probabilities_to_be_there_in_2002(fitted) -> None:
    """They are of the seventh opportunity, at whose start some leave."""
    at, _ = fitted
    _, _, c, d = MODEL.natural(at, np.exp, lambda z: 1 / (1 + np.exp(-z)))
    found = MODEL.p_alive(at, [0, 2, 6], [0, 4, 6], 6) * (d + 6) / (c + d + 6)
    assert found.round(2).tolist() == [0.11, 0.59, 0.93]


def test_published_discounted_orders_for_ever() -> None:
    """At ten per cent a year; theirs fall at the ends of years, ours anywhere in them."""
    at, discount = from_natural(1.20, 0.75, 0.66, 2.78), math.log(1.1)
    at_the_end = math.exp(-discount) / (-math.expm1(-discount) / discount)
    found = MODEL.expected_discounted_orders(at, [1, 2, 3, 4, 5, 6], 6, 6, horizon=np.inf, discount=discount) * at_the_end
    assert found == pytest.approx([1.802, 2.621, 3.440, 4.259, 5.078, 5.898], abs=5e-4)
    assert MODEL.expected_discounted_orders(at, 3, 4, 6, horizon=np.inf, discount=discount) * at_the_end == pytest.approx(1.6214, abs=5e-5)


@pytest.mark.parametrize("horizon", [64.0, 65.0, 520.0])
def test_many_windows_are_the_sum_of_each(horizon) -> None:
    """From the 65th on they are taken from a smooth curve."""
    for at in (PUBLISHED, np.array([-3.0, 2.5, -5.0, 4.0])):
        found = float(MODEL.expected_discounted_orders(at, 3, 5, 6, horizon=horizon, discount=0.0))
        counts = MODEL.count_probability(at, 3, 5, 6, horizon=horizon, count=np.arange(horizon + 1))
        assert found == pytest.approx(counts @ np.arange(horizon + 1), rel=3e-6)


def test_part_of_a_window_brings_its_share_of_the_order() -> None:
    until = MODEL.expected_discounted_orders(PUBLISHED, 3, 5, 6, horizon=np.array([2.0, 2.25, 3.0]), discount=0.0)
    assert until[1] - until[0] == pytest.approx(0.25 * (until[2] - until[0]), rel=1e-12)


@pytest.mark.parametrize("log_dropout", [-30.0, -26.0, -20.0, -14.0])
def test_who_hardly_ever_leaves_is_expected_to_order_almost_all_year(log_dropout) -> None:
    """Of a dropout probability that is all but known: 1e-13 and the like, of which 1 less a power of almost one would keep three digits."""
    at, draws = np.array([0.0, 12.0, log_dropout, 46.0]), 20
    batch = Batch(customer_keys(["a"]), *[np.zeros(1, dtype=np.int64)] * 3, *[np.zeros(1)] * 10)
    whole, steady = (
        MODEL.simulate(np.repeat(where[None, :, None], draws, axis=0), batch, horizon=1.0, year=52.0, seed=4, clock=STEADY_PACE)
        for where in (at, at - [0.0, 0.0, 60.0, 0.0])
    )
    leave = 1 / (1 + math.exp(-log_dropout))
    shorter = 1 - whole.expected_first_year / steady.expected_first_year
    # the mean of the numbers of windows begun until any of them, of which one leave takes all that follow
    np.testing.assert_allclose(shorter, 26.5 * leave, rtol=2e-3, atol=1e-15)


def test_there_are_never_more_orders_than_opportunities() -> None:
    chance = MODEL.count_probability(PUBLISHED, 6, 6, 6, horizon=3.5, count=np.arange(7))
    assert (chance[:5] > 0).all() and not chance[5:].any()


def test_nobody_leaves_after_the_last_order_seen() -> None:
    assert float(MODEL.p_alive(PUBLISHED, 2, 6, 6)) == 1.0


@pytest.mark.parametrize(
    ("x", "t_x", "T", "said"),
    [
        (1, 2.0, 6.5, "1 customers have a time that is no whole number, such as 'C000001' .frequency 1, recency 2, T 6.5."),
        (1, 1.5, 6.0, "a time that is no whole number"),
        (4, 3.0, 6.0, "more orders than opportunities"),
        (4, 30.0, 501.0, "more than 500 opportunities, which are no rounds but any day"),
    ],
)
def test_what_are_no_opportunities_is_refused(x, t_x, T, said, make_customers) -> None:
    customers = make_customers([0, x], [0.0, t_x], [6.0, T])
    with pytest.raises(DataError, match=said):
        MODEL.rows(customers, assign_cells(customers, ()))


def test_it_has_no_season() -> None:
    with pytest.raises(ArgumentError, match="by the calendar alone"):
        BgBb(season=True)


@pytest.mark.parametrize(("x", "T"), [(6, 6), (0, 6)])
def test_priors_are_numbers_where_all_opportunities_are_used_or_none(x, T, make_customers) -> None:
    priors = MODEL.priors(make_customers([x, x], [x, x], [T, T]))
    assert np.isfinite(priors.mean).all()
    assert 0 < 1 / (1 + math.exp(-priors.mean[0])) < 1


def test_a_longer_window_is_used_more_often_and_left_more_often(make_customers) -> None:
    """Of the same customers, seen by the quarter and by the year."""
    by_quarter = MODEL.priors(make_customers([4, 2], [40, 8], [40, 40]))
    by_year = MODEL.priors(make_customers([4, 2], [10, 2], [10, 10]))
    order, leave = ([1 / (1 + math.exp(-of.mean[k])) for of in (by_quarter, by_year)] for k in (0, 2))
    assert order[1] == pytest.approx(4 * order[0], rel=0.05)
    assert -math.log1p(-leave[1]) == pytest.approx(-4 * math.log1p(-leave[0]), rel=0.05)


def test_a_bin_of_rows_is_near_their_mean(log_likelihood, make_customers) -> None:
    """Mean rows have fractions of windows: between the rows that they stand for."""
    model, at = MODEL, np.array([-1.0, 1.0, -2.0, 1.5])
    found = log_likelihood(model, make_customers([3, 3], [10, 12], [20, 20]), at)[0]
    from clvbayes.inference.likelihood import Likelihood

    row = {"cell": np.zeros(1, np.int64), "x": np.array([3.0]), "t_x": np.array([11.3]), "T": np.array([20.0]), "weight": np.ones(1)}
    between = Likelihood(model, row, 1, model.clock).of_rows(at[:, None])[0]
    assert min(found) < between < max(found)
