"""Beta-binomial returns: likelihood and slope against 30 digits, the simulator against moments and the law, a fit of known parameters."""

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
from clvbayes.models.beta_binomial_returns import LARGEST_SD, LEAST_SD
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

MODEL = beta_binomial_returns()
# orders with a return and all, whole and not, and the parts of those with one; means and squares of the parts have few digits
CASES_OF_ROWS = [
    (0, 0.001, ()),
    (0, 1, ()),
    (0, 37.25, ()),
    (0.25, 1, (0.3,)),
    (0.4, 0.4, (1.0,)),
    (1, 1, (0.02,)),
    (1.3, 7.9, (0.5, 0.9)),
    (2, 3, (1.0, 1.0)),
    (5, 5, (1.0, 1.0, 1.0, 1.0, 1.0)),
    (17, 400, (0.1, 0.2, 0.9, 1.0, 0.05, 0.75)),
    (250.5, 400, (0.25, 0.75, 1.0, 0.4)),
    (2000, 2000, (0.6, 0.7, 0.8)),
]
CENTRE = np.array([-1.2, 1.1, 0.3, -0.8, -0.4])
FAR = [tuple(np.where(np.arange(5) == k, far, CENTRE)) for k in range(5) for far in (-20.0, 20.0)]
FAR += [(x, y, z, u, v) for x, y, z, u, v in 20.0 * np.array([[1, 1, 1, 1, 1], [1, -1, 1, -1, 1], [-1, 1, -1, -1, -1], [-1, -1, 1, 1, -1]])]


def name_of(at) -> str:
    return " ".join(f"{value:g}" for value in at)


def from_natural(a: float, b: float, mean: float, within: float, between: float) -> np.ndarray:
    """Standard deviations lie between .02 and .5."""
    odds = [(sd - LEAST_SD) / (LARGEST_SD - sd) for sd in (within, between)]
    return np.log([a / b, a + b, mean / (1 - mean), *odds])


def to_natural(coordinates):
    logit_return, log_concentration, *others = map(mpmath.mpf, coordinates)
    concentration = mpmath.exp(log_concentration)
    mean, within, between = (1 / (1 + mpmath.exp(-value)) for value in others)
    least, range_of = mpmath.mpf(2) / 100, mpmath.mpf(48) / 100
    a, b = concentration / (1 + mpmath.exp(-logit_return)), concentration / (1 + mpmath.exp(logit_return))
    return a, b, mean, least + range_of * within, least + range_of * between


def exact(coordinates, touched: float, trials: float, parts) -> mpmath.mpf:
    """The difference of two log-betas, and the density of jointly normal parts by their covariance matrix."""
    a, b, mean, within, between = to_natural(coordinates)
    t, n = mpmath.mpf(float(touched)), mpmath.mpf(float(trials))
    logs = mpmath.loggamma
    density = logs(a + t) + logs(b + n - t) - logs(a + b + n) - logs(a) - logs(b) + logs(a + b)
    if not len(parts):
        return density
    j = len(parts)
    covariance = within**2 * mpmath.eye(j) + between**2 * mpmath.ones(j)
    off = mpmath.matrix([mpmath.mpf(str(part)) - mean for part in parts])
    squares = (off.T * mpmath.lu_solve(covariance, off))[0]
    return density - (squares + mpmath.log(mpmath.det(covariance)) + j * mpmath.log(2 * mpmath.pi)) / 2


def exact_log_likelihood(coordinates, touched: float, trials: float, parts) -> float:
    with mpmath.workdps(60):  # more than 30 after what cancels
        return float(exact(coordinates, touched, trials, parts))


def exact_slope(coordinates, touched: float, trials: float, parts) -> list[float]:
    """Central differences in 60 digits."""
    with mpmath.workdps(60):
        at, step = [mpmath.mpf(float(value)) for value in coordinates], mpmath.mpf(10) ** -12
        found = []
        for k in range(len(at)):
            above, below = (exact([*at[:k], at[k] + shift, *at[k + 1 :]], touched, trials, parts) for shift in (step, -step))
            found.append(float((above - below) / (2 * step)))
        return found


@pytest.fixture(scope="module")
def senders(make_customers):
    """Customers of whom only the returns matter."""

    def make(touched, trials, parts, **options) -> Customers:
        size, nothing = len(touched), np.zeros(len(touched))
        means = [np.mean(row) if len(row) else 0.0 for row in parts]
        table = {
            "trials": np.asarray(trials, float),
            "touched": np.asarray(touched, float),
            "parts": np.array([len(row) for row in parts]),
            "part_mean": np.array(means),
            "part_deviations": np.array([np.sum((np.asarray(row) - mean) ** 2) for row, mean in zip(parts, means, strict=True)]),
        }
        open_ones = {"pending_orders": nothing, "pending_amount": nothing, "cancelled": nothing.astype(np.int64)}
        customers = make_customers(np.ones(size), np.ones(size), np.full(size, 9.0), **options)
        return replace(customers, returns=pd.DataFrame(table | open_ones))

    return make


# it runs --------------------------------------------------------------------------------------------------------------------------------

# a, b, and of the parts the mean, and the standard deviation within and between customers
TRUTH = {"counter": (0.6, 4.4, 0.55, 0.10, 0.06), "phone": (0.8, 2.2, 0.40, 0.06, 0.12), "web": (1.6, 2.4, 0.65, 0.15, 0.10)}


@pytest.fixture(scope="module")
def channels(senders) -> Customers:
    rng = np.random.default_rng(11)
    channel = np.repeat(list(TRUTH), 700)
    a, b, mean, within, between = np.array([TRUTH[name] for name in channel]).T
    trials = 1 + rng.poisson(6.0, len(channel))
    touched = rng.binomial(trials, rng.beta(a, b))
    own = rng.normal(mean, between)
    parts = [rng.normal(own[i], within[i], touched[i]) for i in range(len(channel))]
    return senders(touched, trials, parts, segments={"channel": list(channel)})


@pytest.fixture(scope="module")
def fitted(channels) -> Fit:
    return fit(MODEL, channels, pool=("channel",), draws=200, chains=2, seed=7, progress=False)


def test_build_gives_a_pymc_model_with_a_finite_density(channels) -> None:
    built = MODEL.build(channels, pool=("channel",))
    assert isinstance(built, pm.Model)
    assert list(built.coords["coordinate"]) == list(MODEL.coordinates)
    assert list(built.coords["channel"]) == sorted(TRUTH)
    assert np.isfinite(built.compile_logp()(built.initial_point()))


def test_a_fit_recovers_the_parameters_of_each_segment(fitted) -> None:
    levels = fitted.posterior["posterior"]["channel_level"]
    assert fitted.customers == 2100
    assert not np.isnan(levels).any()
    for name, natural in TRUTH.items():
        draws = levels.sel(channel=name).transpose("coordinate", "chain", "draw").to_numpy().reshape(5, -1)
        mean, sd = draws.mean(axis=1), draws.std(axis=1)
        assert (np.abs(mean - from_natural(*natural)) < 4 * sd).all(), (name, mean, sd)
        assert (sd < (0.15, 0.35, 0.1, 0.15, 0.3)).all()  # else recovery would say nothing


# it refuses bad input -------------------------------------------------------------------------------------------------------------------


def test_customers_of_unknown_returns_are_refused(make_customers) -> None:
    customers = make_customers([1, 2], [1.0, 2.0], [3.0, 4.0])
    for refused in (MODEL.priors, lambda given: MODEL.rows(given, assign_cells(given, ())), MODEL.build):
        with pytest.raises(DataError, match=r"returns are not known .* RFM frame"):
            refused(customers)


def test_a_base_of_which_nothing_came_back_is_refused(senders) -> None:
    customers = senders([0, 0, 0], [3, 1, 0.5], [(), (), ()])
    for refused in (MODEL.priors, MODEL.build, lambda given: fit(MODEL, given, seed=1, progress=False)):
        with pytest.raises(DataError, match="nothing that was ordered has come back"):
            refused(customers)


# it is correct --------------------------------------------------------------------------------------------------------------------------


def assert_rows_are_exact(customers, log_likelihood, at) -> None:
    by_row, weight, slope = log_likelihood(MODEL, customers, at)
    rows = MODEL.rows(customers, assign_cells(customers, ()))
    cases = {(touched, trials): (touched, trials, parts) for touched, trials, parts in CASES_OF_ROWS}
    found = [cases.pop(pair) for pair in zip(rows["x"], rows["trials"], strict=True)]
    assert not cases and weight.tolist() == [1.0] * len(CASES_OF_ROWS)
    np.testing.assert_allclose(by_row, [exact_log_likelihood(at, *case) for case in found], rtol=1e-10, atol=1e-9)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(slope[:, 0], np.sum([exact_slope(at, *case) for case in found], axis=0), rtol=1e-8, atol=1e-8)


def test_log_likelihood_and_slope_are_the_formula_at_random_points(senders, log_likelihood) -> None:
    rng = np.random.default_rng(2)
    customers = senders(*zip(*CASES_OF_ROWS, strict=True))
    for _ in range(4):
        assert_rows_are_exact(customers, log_likelihood, rng.normal(CENTRE, [2.0, 2.0, 1.0, 1.0, 1.0]))


@pytest.mark.parametrize("at", FAR, ids=name_of)
def test_far_out_likelihood_and_slope_are_finite_and_right(at, senders, log_likelihood) -> None:
    assert_rows_are_exact(senders(*zip(*CASES_OF_ROWS, strict=True)), log_likelihood, at)


def test_log_likelihood_is_the_story_integrated_over_what_is_the_customers_own(senders, log_likelihood) -> None:
    a, b, mean, within, between = 1.6, 4.2, 0.45, 0.2, 0.15
    for t, n, parts in ((0, 4, ()), (3, 7, (0.2, 0.7, 0.6)), (1.5, 2.75, (0.9,))):
        counted, _ = integrate.quad(lambda rho, t=t, n=n: rho**t * (1 - rho) ** (n - t) * stats.beta(a, b).pdf(rho), 0, 1)

        def density(own, parts=parts):
            return np.prod(stats.norm(own, within).pdf(parts)) * stats.norm(mean, between).pdf(own)

        of_parts, _ = integrate.quad(density, mean - 1.5, mean + 1.5)
        by_row, _, _ = log_likelihood(MODEL, senders([t], [n], [parts]), from_natural(a, b, mean, within, between))
        assert by_row == pytest.approx([math.log(counted) + math.log(of_parts)], rel=1e-7)


def test_customers_of_equal_counts_are_one_row_and_those_without_orders_none(senders, log_likelihood) -> None:
    """Their parts differ: means, squares and deviations enter linearly."""
    given = [
        (2, 3, (0.1, 0.9)),
        (0, 0, ()),
        (1.5, 3, (0.4,)),
        (2, 3, (0.6, 1.0)),
        (2, 3, (0.25, 0.25)),
        (2, 4, (0.5, 0.75)),
        (2, 3, (1.0,)),
    ]
    at = from_natural(1.0, 3.0, 0.6, 0.2, 0.15)
    by_row, weight, _ = log_likelihood(MODEL, senders(*zip(*given, strict=True)), at)
    assert sorted(weight) == [1, 1, 1, 3]
    assert by_row @ weight == pytest.approx(sum(exact_log_likelihood(at, *case) for case in given if case[1]), rel=1e-10)


def batch_of(ids, touched, trials, parts, part, cell=None) -> Batch:
    zeros = np.zeros(len(ids))
    cell = np.zeros(len(ids), dtype=np.int64) if cell is None else np.asarray(cell)
    known = {"return_trials": trials, "return_touched": touched, "return_parts": parts, "return_part": part}
    columns = {name: np.broadcast_to(np.asarray(column, dtype=float), len(ids)).copy() for name, column in known.items()}
    return Batch(customer_keys(ids), cell, cell, cell, zeros, zeros, zeros, zeros, zeros, zeros, **columns)


COPIES, DRAWS, ORDERS = 300, 300, 3
WIDE, NARROW = (0.8, 2.5, 0.4, 0.25, 0.2), (40.0, 10.0, 0.7, 0.1, 0.05)
CASES = pytest.mark.parametrize(
    ("natural", "known"),
    [
        (WIDE, (0, 0, 0, 0.0)),
        (WIDE, (2.5, 4.2, 3, 0.9)),
        (WIDE, (30, 400, 25, 0.15)),
        (WIDE, (3, 3, 3, 1.0)),
        ((0.004, 0.006, 0.5, 0.3, 0.2), (0, 0, 0, 0.0)),
        (NARROW, (0, 2, 0, 0.0)),
        ((0.8, 0.9, 0.03, 0.3, 0.4), (0, 0, 0, 0.0)),  # wider than a beta distribution can be
    ],
    ids=["no order yet", "parts", "four hundred", "all came back", "all or nothing", "most comes back", "whole parts or none"],
)


def laws_of(natural, known):
    """Posterior of the probability, and mean and variance of the mean part by Bayes' rule for normals, at most those of a beta."""
    (a, b, mean, within, between), (touched, trials, parts, part) = natural, known
    shrink = between**2 / (between**2 + within**2 / parts) if parts else 0.0
    centre, variance = mean + shrink * (part - mean), between**2 * (1 - shrink)
    return stats.beta(a + touched, b + trials - touched), centre, min(variance, 0.999 * centre * (1 - centre))


def moments_of(natural, known) -> tuple[float, float]:
    probability, centre, variance = laws_of(natural, known)
    return probability.mean() * centre, (probability.var() + probability.mean() ** 2) * (variance + centre**2)


def made_of(natural, known) -> tuple[np.ndarray, np.ndarray]:
    """Simulated orders, dims (customer and draw, order), and what is open of past ones."""
    touched, trials, parts, part = known
    batch = batch_of([f"K{i}" for i in range(COPIES)], touched, trials, parts, part)
    coordinates = np.repeat(from_natural(*natural)[None, :, None], DRAWS, axis=0)
    orders = MODEL.simulate(coordinates, batch, futures_of(COPIES, DRAWS, ORDERS), seed=4)
    pending = MODEL.simulate_pending(coordinates, batch, seed=4)
    assert pending.shape == (COPIES, DRAWS)
    return orders.reshape(COPIES * DRAWS, ORDERS), pending.ravel()


def closed_moments(at, known) -> tuple[np.ndarray, np.ndarray]:
    touched, trials, parts, part = known
    return MODEL.share_moments(np.asarray(at), trials, touched, parts, part)


def assert_mean_is(values: np.ndarray, moment: float) -> None:
    assert abs(values.mean() - moment) < 4 * values.std() / math.sqrt(len(values))


@CASES
def test_simulated_shares_have_the_closed_moments(natural, known) -> None:
    """Given a customer's share rho orders come back independently with that probability: E y = E rho, E y y' = E rho^2."""
    orders, pending = made_of(natural, known)
    assert np.isin(orders, (0.0, 1.0)).all() and np.isin(pending, (0.0, 1.0)).all()
    mean, square = (float(moment) for moment in closed_moments(from_natural(*natural), known))
    assert (mean, square) == pytest.approx(moments_of(natural, known), rel=1e-11)
    assert_mean_is(orders.mean(axis=1), mean)
    assert_mean_is((orders[:, 0] * orders[:, 1] + orders[:, 0] * orders[:, 2] + orders[:, 1] * orders[:, 2]) / 3, square)
    assert_mean_is(pending, mean)


@CASES
def test_what_is_open_comes_back_with_the_probability_of_future_orders(natural, known) -> None:
    orders, pending = made_of(natural, known)
    square = float(closed_moments(from_natural(*natural), known)[1])
    for order in range(ORDERS):
        assert_mean_is(pending * orders[:, order], square)


@CASES
def test_the_number_of_orders_that_come_back_follows_its_law(natural, known) -> None:
    """Of three future orders and what is open; the share is a product of two independent beta variates."""
    orders, pending = made_of(natural, known)
    seen = np.bincount((orders.sum(axis=1) + pending).astype(int), minlength=ORDERS + 2)
    probability, centre, variance = laws_of(natural, known)
    concentration = centre * (1 - centre) / variance - 1
    part = stats.beta(centre * concentration, (1 - centre) * concentration)
    number = ORDERS + 1
    power = [float(probability.moment(r) * part.moment(r)) if r else 1.0 for r in range(number + 1)]
    law = [
        math.comb(number, k) * sum((-1) ** i * math.comb(number - k, i) * power[k + i] for i in range(number - k + 1))
        for k in range(number + 1)
    ]
    assert sum(law) == pytest.approx(1, abs=1e-9)
    assert stats.chisquare(seen, np.array(law) * len(pending) / sum(law)).pvalue > 0.001


def test_share_moments_take_each_customers_own_coordinates() -> None:
    naturals, knowns = (WIDE, NARROW, (0.5, 3.0, 0.8, 0.4, 0.1)), ((0.0, 2.0, 0.0, 0.0), (1.5, 1.5, 2.0, 0.3), (4.0, 4.5, 7.0, 0.95))
    at = np.stack([from_natural(*natural) for natural in naturals], axis=1)
    found = closed_moments(at, np.array(knowns).T)
    np.testing.assert_allclose(found, np.array([moments_of(*pair) for pair in zip(naturals, knowns, strict=True)]).T, rtol=1e-11)


@pytest.mark.parametrize("at", FAR, ids=name_of)
@pytest.mark.parametrize("known", [(0, 0, 0, 0.0), (0, 3, 0, 0.0), (3, 3, 3, 1.0), (0.4, 0.4, 1, 0.5), (2, 2, 2, 0.001)], ids=name_of)
def test_far_out_the_simulators_keep_to_the_closed_mean(at, known) -> None:
    touched, trials, parts, part = known
    batch = batch_of([f"K{i}" for i in range(60)], touched, trials, parts, part)
    coordinates = np.repeat(np.array(at)[None, :, None], 100, axis=0)
    with mpmath.workdps(30):
        a, b, mean, within, between = to_natural(at)
        precision = 1 / between**2 + parts / within**2
        expected = float((a + touched) / (a + b + trials) * (mean / between**2 + parts * part / within**2) / precision)
    assert float(closed_moments(at, known)[0]) == pytest.approx(expected, rel=1e-11)
    orders = MODEL.simulate(coordinates, batch, futures_of(60, 100, 1), seed=4)
    pending = MODEL.simulate_pending(coordinates, batch, seed=4)
    error = math.sqrt(expected * (1 - expected) / 6000)
    for shares in (orders, pending):
        assert abs(shares.mean() - expected) <= 4.5 * error + 1e-6


# it is consistent -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thirty():
    """Coordinates by draw of two cells, and a batch of thirty customers in them."""
    rng = np.random.default_rng(3)
    coordinates = rng.normal(from_natural(0.8, 1.5, 0.7, 0.2, 0.15)[None, :, None], 0.2, (200, 5, 2))
    trials = rng.integers(0, 5, 30) + rng.choice([0.0, 0.35], 30)
    touched, parts = trials * rng.uniform(0, 1, 30), rng.integers(0, 4, 30)
    return coordinates, batch_of([f"C{k}" for k in range(30)], touched, trials, parts, rng.uniform(0, 1, 30), rng.integers(0, 2, 30))


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
    assert np.mean(others != orders) > 0.1 and np.mean(others_pending != pending) > 0.1


def test_every_draw_has_its_own_parameters(thirty) -> None:
    """In one draw everything comes back, in the next nothing."""
    _, batch = thirty
    coordinates = np.tile(np.array([[9.0, 9.0, 6.0, 6.0, -6.0], [-9.0, 9.0, 6.0, 6.0, -6.0]])[:, :, None], (1, 1, 2))
    orders, pending = shares_of(coordinates, batch)
    assert orders[:, 0].mean() > 0.9 > 0.1 > orders[:, 1].mean()
    assert pending[:, 0].mean() > 0.9 > 0.1 > pending[:, 1].mean()


def test_the_order_of_rows_changes_nothing(channels, log_likelihood) -> None:
    order = np.random.default_rng(0).permutation(len(channels))
    parts = {name: getattr(channels, name).iloc[order].reset_index(drop=True) for name in ("statistics", "segments", "returns")}
    at = np.stack([from_natural(*natural) for natural in TRUTH.values()], axis=1)
    for one, other in zip(
        log_likelihood(MODEL, channels, at, ("channel",)), log_likelihood(MODEL, replace(channels, **parts), at, ("channel",)), strict=True
    ):
        assert np.array_equal(one, other)
    assert MODEL.priors(replace(channels, **parts)) == MODEL.priors(channels)


def test_a_segment_split_in_two_changes_no_likelihood(channels, log_likelihood) -> None:
    at = from_natural(*WIDE)
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
    assert euros.returns["touched"].sum() > 0 and euros.returns["pending_orders"].sum() > 0
    for name in ("trials", "touched", "parts", "part_mean", "part_deviations", "pending_orders"):
        np.testing.assert_allclose(cents.returns[name], euros.returns[name], rtol=0, atol=2e-9)
    np.testing.assert_allclose(cents.returns["pending_amount"], 100 * euros.returns["pending_amount"], rtol=1e-9, atol=1e-9)
    assert MODEL.priors(cents).mean == pytest.approx(MODEL.priors(euros).mean, abs=1e-8)
