"""What every model of purchases must do: it runs over every one that `clvbayes.models` has, so that a new one is tested by being there.

Only its story has to be told again, in plain NumPy (`STORIES`), for P(alive), counts and likelihood are held against customers who live it.
"""

import inspect
import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from models import thirty_digits as plain
from scipy import stats

from clvbayes import models
from clvbayes.errors import ArgumentError, DataError
from clvbayes.models.clock import LEVEL, SEASONAL, STEADY
from clvbayes.models.pace import STEADY_PACE, Pace
from clvbayes.models.protocol import Batch
from clvbayes.models.purchasing import ContinuousPurchases
from clvbayes.models.streams import customer_keys
from clvbayes.report import prose_en

YEAR, HORIZON = 52.0, 104.0
DISCOUNT = math.log(1.15) / 52
VARIANTS = {"mbg_cnbd": [{"k": 2}, {"k": 3}, {"k": 10}]}


def registered():
    makers = {name: make for name, make in vars(models).items() if name in models.__all__ and inspect.isfunction(make)}
    return [make(**options) for name, make in sorted(makers.items()) if make().kind == "purchases" for options in VARIANTS.get(name, [{}])]


MODELS = registered()
BY_ANY_UNIT = pytest.mark.parametrize(
    "model",
    [model for model in MODELS if isinstance(model, ContinuousPurchases)],
    ids=lambda model: model.title,
    indirect=True,
    scope="module",
)


def as_counted(model, x, t_x, T):
    """The same customers as a model knows them: one of opportunities counts, others take time as it is."""
    if isinstance(model, ContinuousPurchases):
        return x, t_x, T
    t_x, T = np.ceil(t_x), np.ceil(T)
    return np.minimum(x, t_x).astype(int), t_x, T


@pytest.fixture(scope="module", params=MODELS, ids=lambda model: model.title)
def model(request):
    return request.param


@pytest.fixture(scope="module")
def make_customers(model, make_customers):
    return lambda x, t_x, T, **more: make_customers(*as_counted(model, x, t_x, T), **more)


@pytest.fixture(scope="module")
def cdnow(model, cdnow):
    names = ["frequency", "recency", "T"]
    counted = as_counted(model, *(cdnow.statistics[name] for name in names))
    return replace(cdnow, statistics=cdnow.statistics.assign(**dict(zip(names, counted, strict=True))))


@pytest.fixture(scope="module")
def typical(model, make_customers):
    """What the model's own priors expect of a base of an order in twelve weeks."""
    return np.array(model.priors(make_customers([3, 3], [20.0, 30.0], [38.86, 38.86])).mean)


def apart(model, k, by=1.0):
    """A move of one coordinate."""
    return by * np.eye(len(model.coordinates))[k]


def by_log_seven(model):
    """From weeks to days."""
    assert model.coordinates[0] == "log_rate"
    return apart(model, 0, math.log(7))


# what it says of itself -----------------------------------------------------------------------------------------------------------------


def test_its_options_make_it_again(model) -> None:
    again = getattr(models, model.name)(**model.options)
    assert again == model and hash(again) == hash(model)
    assert model.exact.exact == model.exact


def test_it_is_registered(model) -> None:
    assert [make().name for make in models.PURCHASES].count(model.name) == 1
    assert len(models.PURCHASES) == len({each.name for each in MODELS})


def test_it_says_what_people_may_ask_of_it(model, typical) -> None:
    assert model.seasonal == ("season" in model.options)
    assert model.opportunities != isinstance(model, ContinuousPurchases)
    assert (model.departures is None) == (float(model.p_alive_later(typical, 0, 0.0, 0.0, passed=1e4)) == 1)
    loyal, horizon = typical, 2e4
    if model.departures is not None:
        move = apart(model, model.coordinates.index(model.departures))
        later = [float(model.p_alive_later(typical + by * move, 0, 0.0, 0.0, passed=52.0)) for by in (-1, 0, 1)]
        assert later[0] > later[1] > later[2]
        loyal = typical - 40 * move
    orders = float(model.expected_discounted_orders(loyal, 0, 0.0, 0.0, horizon=horizon, discount=0.0))
    # regular customers owe part of an order, the first one being none
    assert orders == pytest.approx(horizon * float(model.order_rate(typical)), rel=1e-3)


def test_its_story_can_be_told_in_a_report(model) -> None:
    assert prose_en.STORIES[model.name].endswith(".")


def by_every_clock():
    return [getattr(models, model.name)(**options) for model in MODELS for options in clocks_of(model)]


def clocks_of(model):
    return [{}, {"season": True}, {"level": True}] if "season" in model.options else [model.options]


def test_no_two_have_one_title() -> None:
    titles = [model.title for model in by_every_clock()]
    assert len(set(titles)) == len(titles) and all(titles)


def test_it_runs_by_the_clock_that_it_is_given(model) -> None:
    make, given = getattr(models, model.name), clocks_of(model)
    if len(given) == 1:
        assert model.clock is STEADY and model.with_level is None
        return
    steady, season, level = (make(**options) for options in given)
    assert [each.clock for each in (steady, season, level)] == [STEADY, SEASONAL, LEVEL]
    assert [each.title for each in (season, level)] == [f"{steady.title} with season", f"{steady.title} with season and level"]
    assert make(**season.options) == season and make(**level.options) == level == make(season=True, level=True)
    assert season.with_level == level and steady.with_level is None and level.with_level is None


# priors ---------------------------------------------------------------------------------------------------------------------------------


def in_days(customers):
    statistics = customers.statistics
    timed = {name: 7 * statistics[name] for name in ("recency", "T")}
    log_gaps = statistics["log_gaps"] + statistics["frequency"] * math.log(7)
    return replace(customers, statistics=statistics.assign(**timed, log_gaps=log_gaps), unit="day")


@BY_ANY_UNIT
def test_priors_follow_the_unit_and_nothing_else(model, cdnow) -> None:
    weekly, daily = model.priors(cdnow), model.priors(in_days(cdnow))
    assert weekly.coordinates == model.coordinates
    assert daily.mean == pytest.approx(weekly.mean - by_log_seven(model))
    assert (daily.mean[1:], daily.sd, daily.scale) == (weekly.mean[1:], weekly.sd, weekly.scale)
    # repeats a week of observation
    statistics = cdnow.statistics
    assert math.exp(weekly.mean[0]) == pytest.approx((statistics["frequency"].sum() + 0.5) / statistics["T"].sum())


def test_the_order_of_customers_changes_no_digit_of_the_priors(model, make_customers) -> None:
    rng = np.random.default_rng(3)
    T = rng.uniform(1, 150, 5000)
    one = model.priors(make_customers(np.ones(5000), T / 3, T))
    for _ in range(5):
        order = rng.permutation(5000)
        assert model.priors(make_customers(np.ones(5000), T[order] / 3, T[order])) == one


def test_nobody_observed_for_any_time_is_nothing_to_learn_from(model, make_customers) -> None:
    with pytest.raises(DataError, match="nothing to learn"):
        model.priors(make_customers([0, 0], [0.0, 0.0], [0.0, 0.0]))


# likelihood -----------------------------------------------------------------------------------------------------------------------------


@BY_ANY_UNIT
def test_another_unit_of_time_changes_only_the_density_of_the_purchase_times(model, typical, cdnow, total_log_likelihood) -> None:
    # a density per week is a seventh, a purchase, in days
    def density(customers, coordinates):
        return total_log_likelihood(model, customers, coordinates) + model.log_measure(customers).sum()

    by_day, by_week = density(in_days(cdnow), typical - by_log_seven(model)), density(cdnow, typical)
    assert by_day == pytest.approx(by_week - cdnow.statistics["frequency"].sum() * math.log(7), rel=1e-10)


def test_the_order_of_rows_changes_nothing(model, typical, cdnow, log_likelihood) -> None:
    order = np.random.default_rng(0).permutation(len(cdnow))
    shuffled = replace(cdnow, statistics=cdnow.statistics.iloc[order].reset_index(drop=True))
    for one, other in zip(log_likelihood(model, cdnow, typical), log_likelihood(model, shuffled, typical), strict=True):
        assert np.array_equal(one, other)


def test_a_cell_split_in_two_of_the_same_coordinates_changes_nothing(model, typical, cdnow, log_likelihood) -> None:
    halves = pd.DataFrame({"half": np.where(np.arange(len(cdnow)) % 2, "odd", "even")})
    by_row, weight, slope = log_likelihood(model, cdnow, typical)
    both = np.stack([typical, typical], axis=1)
    split_rows, split_weight, split_slope = log_likelihood(model, replace(cdnow, segments=halves), both, ("half",))
    assert len(split_weight) > len(weight)
    assert split_rows @ split_weight == pytest.approx(by_row @ weight, rel=1e-12)
    np.testing.assert_allclose(split_slope.sum(axis=1), slope[:, 0], rtol=1e-9, atol=1e-9)


def test_each_cell_answers_to_its_own_coordinates(model, typical, make_customers, log_likelihood) -> None:
    two, five, elsewhere = (2, 10.0, 30.0), (5, 20.0, 30.0), typical + 0.3
    segments = {"s": ["b", "a"]}
    together, _, _ = log_likelihood(
        model, make_customers(*zip(two, five, strict=True), segments=segments), np.stack([typical, elsewhere], axis=1), ("s",)
    )
    # cells are in the order of the levels: a, b
    alone = [log_likelihood(model, make_customers(*([k] for k in row)), at)[0][0] for row, at in ((five, typical), (two, elsewhere))]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
    assert not np.isclose(alone[1], log_likelihood(model, make_customers(*([k] for k in two)), typical)[0][0])


def test_compressed_rows_say_what_all_customers_say(model, typical, cdnow, log_likelihood, make_customers) -> None:
    def of(statistics):
        return log_likelihood(model, make_customers(*(statistics[name] for name in ("frequency", "recency", "T"))), typical)

    some = pd.concat([cdnow.statistics.iloc[:40]] * 3)
    by_row, weight, _ = of(some)
    assert len(weight) <= 40 and weight.sum() == 120
    each = sum(float(of(cdnow.statistics.iloc[[k]])[0][0]) for k in range(40))
    assert by_row @ weight == pytest.approx(3 * each, rel=1e-12)


def test_a_slope_is_a_central_difference(model, typical, make_customers, log_likelihood, total_log_likelihood) -> None:
    customers = make_customers([0, 0, 1, 3, 25, 200], [0.0, 0.0, 1.0, 20.0, 29.5, 60.0], [0.0, 30.0, 25.0, 30.0, 30.0, 60.0])
    step = 1e-5
    for at in (typical, typical + 1, typical - 1):
        slope = log_likelihood(model, customers, at)[2][:, 0]
        for k in range(len(typical)):
            up, down = (total_log_likelihood(model, customers, at + apart(model, k, sign * step)) for sign in (1, -1))
            assert slope[k] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-5)


FAR = (-20.0, 0.0, 20.0)
FAR_ROWS = [(0, 0.0, 0.0), (0, 0.0, 150.0), (1, 5.0, 30.0), (1, 30.0, 30.0), (300, 100.0, 150.0), (2000, 150.0, 150.0)]


def far_out(model):
    """Corners of the coordinates' space, but at rates that occur: a unit of time is an order's interval, or a ten thousandth of it."""
    for rest in itertools.product(FAR, repeat=len(model.coordinates) - 1):
        for log_rate in (-10.0, 1.0):
            yield np.array([log_rate, *rest])


def test_far_out_value_and_slope_are_numbers(model, make_customers, log_likelihood) -> None:
    customers = make_customers(*zip(*FAR_ROWS, strict=True))
    for at in far_out(model):
        by_row, _, slope = log_likelihood(model, customers, at)
        assert np.isfinite(by_row).all() and np.isfinite(slope).all(), at


def test_far_out_probabilities_are_probabilities(model) -> None:
    n = np.array([0, 1, 2, 10, 500, 100_000])
    for at in far_out(model):
        for known in zip(*as_counted(model, *map(np.array, zip(*FAR_ROWS, strict=True))), strict=True):
            alive = float(model.p_alive(at, *known))
            counts = model.count_probability(at, *known, horizon=520.0, count=n)
            assert 0 <= alive <= 1, (at, known)
            assert (counts >= 0).all() and (counts <= 1 + 1e-6).all(), (at, known)


def test_far_out_a_future_is_a_number(model) -> None:
    rows = batch_of(["a", "b", "c"], *as_counted(model, [0, 1, 300], [0.0, 5.0, 100.0], [0.0, 30.0, 150.0]))
    for at in far_out(model):
        futures = simulate(model, at, rows, draws=10)
        assert all(np.isfinite(values).all() for values in (futures.p_alive, futures.expected_first_year, futures.time)), at


# expectations ---------------------------------------------------------------------------------------------------------------------------

KNOWN = (2, 30.43, 38.86)


def test_expected_orders_begin_at_the_present_rate(model, typical) -> None:
    soon, known = 1e-4, as_counted(model, *KNOWN)
    at_once = model.expected_discounted_orders(typical, *known, horizon=soon, discount=0.0)
    assert at_once == pytest.approx(float(model.count_probability(typical, *known, horizon=soon, count=1)), rel=1e-3)


def test_expected_orders_of_a_year_never_rise(model, typical) -> None:
    known = as_counted(model, *KNOWN)
    until = np.array([model.expected_discounted_orders(typical, *known, horizon=52.0 * year, discount=0.0) for year in range(6)])
    yearly = np.diff(until)
    assert until[0] == 0 and (yearly > 0).all()
    assert (np.diff(yearly) <= 1e-12 * yearly[0]).all()


@pytest.mark.parametrize("known", [KNOWN, (0, 0.0, 0.0), (29, 37.71, 38.0)])
def test_discounted_orders_are_those_of_all_intervals_discounted(known, model, typical) -> None:
    known = as_counted(model, *known)

    def until(horizon, discount=0.0):
        return model.expected_discounted_orders(typical, *known, horizon=horizon, discount=discount)

    # week by week, since opportunities make a line with corners of it
    nodes, weights = np.polynomial.legendre.leggauss(6)
    times = np.arange(HORIZON)[:, None] + 0.5 * (nodes + 1)
    lost = DISCOUNT * np.exp(-DISCOUNT * times) * until(times)
    by_parts = math.exp(-DISCOUNT * HORIZON) * until(HORIZON) + 0.5 * (lost @ weights).sum()
    assert until(HORIZON, DISCOUNT) == pytest.approx(by_parts, rel=1e-7)


def test_expected_orders_of_many_customers_and_draws_are_those_of_each(model, typical) -> None:
    coordinates, everyone = mixed_base(model, typical)
    at, known = by_customer(coordinates, everyone), (everyone.frequency, everyone.recency, everyone.T)
    together = model.expected_discounted_orders(at, *(column[:, None] for column in known), horizon=26.0, discount=DISCOUNT)
    assert together.shape == (60, 6)
    for i in range(0, 60, 7):
        one = model.expected_discounted_orders(at[:, i, 3], *(float(column[i]) for column in known), horizon=26.0, discount=DISCOUNT)
        assert together[i, 3] == pytest.approx(float(one), rel=1e-10)


@pytest.mark.parametrize(
    ("horizon", "discount", "said"),
    [
        (np.inf, 0.0, "finite, since nothing is discounted, not inf"),
        (np.inf, -0.001, "finite, since nothing is discounted"),
        (-5.0, 0.0, "at least zero and finite, .* not -5"),
        (-5.0, DISCOUNT, "at least zero, not -5"),
        (np.nan, DISCOUNT, "at least zero, not nan"),
        (np.array([1.0, -1.0]), 0.0, "at least zero"),
    ],
)
def test_a_future_that_cannot_be_is_refused(horizon, discount, said, model, typical) -> None:
    known, asked = as_counted(model, *KNOWN), {"horizon": horizon, "discount": discount}
    with pytest.raises(ArgumentError, match=said):
        model.expected_discounted_orders(typical, *known, **asked)
    with pytest.raises(ArgumentError, match=said):
        model.discounted_moments(typical, *known, **asked, latents=1, random=np.random.default_rng(1))
    if discount == 0:
        with pytest.raises(ArgumentError, match=said):
            model.count_probability(typical, *known, horizon=horizon, count=1)


@pytest.mark.parametrize("count", [1.5, -1, np.nan, np.array([0, 2, -3])])
def test_a_count_is_a_whole_number(count, model, typical) -> None:
    with pytest.raises(ArgumentError, match="count must be whole numbers from zero on"):
        model.count_probability(typical, *as_counted(model, *KNOWN), horizon=26.0, count=count)


# probability of counts ------------------------------------------------------------------------------------------------------------------

KINDS = {
    "once": (0, 0.0, 38.86),
    "now and then": (2, 30.43, 38.86),
    "often": (29, 37.71, 38.0),
    "today": (0, 0.0, 0.0),
    "heavy": (500, 150.0, 150.5),
}


@pytest.mark.parametrize("horizon", [4.0, 52.0])
@pytest.mark.parametrize("kind", KINDS)
def test_count_probabilities_add_up_to_one_and_have_the_expected_mean(kind, horizon, model, typical) -> None:
    known, n = as_counted(model, *KINDS[kind]), np.arange(1500)
    found = model.count_probability(typical, *known, horizon=horizon, count=n)
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1, abs=1e-8)
    assert found @ n == pytest.approx(float(model.expected_discounted_orders(typical, *known, horizon=horizon, discount=0.0)), rel=1e-7)


def test_count_probabilities_of_many_customers_and_draws_are_those_of_each(model, typical) -> None:
    coordinates, everyone = mixed_base(model, typical)
    at, known = by_customer(coordinates, everyone), (everyone.frequency, everyone.recency, everyone.T)
    n = np.random.default_rng(1).poisson(2, len(everyone))
    together = model.count_probability(at, *(column[:, None] for column in known), horizon=13.0, count=n[:, None])
    assert together.shape == (60, 6)
    for i in range(0, 60, 7):
        one = model.count_probability(at[:, i, 3], *(float(column[i]) for column in known), horizon=13.0, count=n[i])
        assert together[i, 3] == pytest.approx(float(one), rel=1e-10)


@BY_ANY_UNIT
def test_counts_have_the_same_probabilities_in_another_unit_of_time(model, typical) -> None:
    n = np.arange(10)
    by_week = model.count_probability(typical, *KNOWN, horizon=26.0, count=n)
    x, t_x, T = KNOWN
    by_day = model.count_probability(typical - by_log_seven(model), x, 7 * t_x, 7 * T, horizon=7 * 26.0, count=n)
    np.testing.assert_allclose(by_day, by_week, rtol=1e-9)


# simulation -----------------------------------------------------------------------------------------------------------------------------


def batch_of(ids, x, t_x, T, cell=None) -> Batch:
    x, t_x, T = (np.asarray(column, dtype=float) for column in (x, t_x, T))
    cell = np.zeros(len(x), dtype=np.int64) if cell is None else np.asarray(cell)
    return Batch(customer_keys(ids), cell, cell, cell, x, t_x, T, *[np.zeros(len(x))] * 7)


def part_of(batch: Batch, rows) -> Batch:
    return Batch(**{name: column[rows] for name, column in vars(batch).items()})


def simulate(model, coordinates, batch, *, horizon=156.0, year=YEAR, seed=3, draws=None, clock=STEADY_PACE, **levers):
    at = np.asarray(coordinates)
    at = np.repeat(at[None, :, None], draws, axis=0) if at.ndim == 1 else at
    return model.simulate(at, batch, horizon=horizon, year=year, seed=seed, clock=clock, **levers)


@dataclass(frozen=True)
class Simulated:
    """Many futures of one kind of customer, with sums by (customer, draw)."""

    known: tuple
    futures: object
    orders: np.ndarray
    discounted: np.ndarray
    first_year: np.ndarray


DRAWS = 400


def copies(kind):
    return 15 if kind == "heavy" else 125


@pytest.fixture(scope="module")
def simulated(model, typical):
    def run(known, size):
        batch = batch_of([f"K{k}" for k in range(size)], *(np.full(size, value) for value in known))
        futures = simulate(model, typical, batch, horizon=HORIZON, draws=DRAWS)
        weights = (None, np.exp(-DISCOUNT * futures.time), (futures.time <= YEAR).astype(float))
        return Simulated(known, futures, *(sums(futures, size, DRAWS, weight) for weight in weights))

    return {kind: run(as_counted(model, *known), copies(kind)) for kind, known in KINDS.items()}


def sums(futures, size, draws, weights=None):
    """By (customer, draw), flat."""
    return np.bincount(futures.customer.astype(np.int64) * draws + futures.draw, weights=weights, minlength=size * draws)


def assert_mean(values, expected, precision=0.05):
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - expected) < 4.5 * error + 1e-9 * abs(expected)
    assert error < precision * abs(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_orders_have_the_expected_mean(kind, model, typical, simulated) -> None:
    made = simulated[kind]

    def expected(horizon, discount):
        return float(model.expected_discounted_orders(typical, *made.known, horizon=horizon, discount=discount))

    assert_mean(made.orders, expected(HORIZON, 0.0))
    assert_mean(made.discounted, expected(HORIZON, DISCOUNT))
    assert_mean(made.first_year, expected(YEAR, 0.0))
    assert_mean(made.futures.expected_first_year.ravel(), expected(YEAR, 0.0))
    # given the latent state it is an expectation, and so varies less than the count
    assert made.futures.expected_first_year.var() < made.first_year.var()
    np.testing.assert_allclose(made.futures.p_alive, model.p_alive(typical, *made.known), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_discounted_amounts_have_the_expected_moments(kind, model, typical, simulated) -> None:
    """E[V] = m E[D] and E[V^2] = (v + m^2) E2 + m^2 Pair, of independent amounts of mean m and variance v."""
    made, rng, latents, (mean, sd) = simulated[kind], np.random.default_rng(8), 100_000, (35.0, 30.0)
    amounts = rng.gamma((mean / sd) ** 2, sd**2 / mean, len(made.futures.time))
    worth = sums(made.futures, copies(kind), DRAWS, amounts * np.exp(-DISCOUNT * made.futures.time))
    known = (np.full(latents, value) for value in made.known)
    moments = model.discounted_moments(typical[:, None], *known, horizon=HORIZON, discount=DISCOUNT, latents=1, random=rng)
    first, squares, pairs = moments
    exact = float(model.expected_discounted_orders(typical, *made.known, horizon=HORIZON, discount=DISCOUNT))
    assert_mean(first, exact)
    assert_same_mean(made.discounted**2, squares + pairs)
    assert_same_mean(worth**2, (sd**2 + mean**2) * squares + mean**2 * pairs)


def assert_same_mean(one, other):
    error = math.hypot(one.std() / math.sqrt(len(one)), other.std() / math.sqrt(len(other)))
    assert abs(one.mean() - other.mean()) < 4.5 * error
    assert error < 0.1 * other.mean()


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_counts_have_their_probabilities(kind, model, typical, simulated) -> None:
    made = simulated[kind]
    chance = model.count_probability(typical, *made.known, horizon=HORIZON, count=np.arange(int(made.orders.max()) + 1))
    # neighbours together, so that each part has a twenty-fifth at least
    part = (25 * np.minimum(np.cumsum(chance), 1 - 1e-9)).astype(int)
    found, expected = (np.bincount(part, weights=values) for values in (np.bincount(made.orders), chance * len(made.orders)))
    assert (np.abs(found - expected) <= 4.5 * np.sqrt(expected) + 1e-6).all()
    assert expected.sum() > 0.99 * len(made.orders)


def test_true_coordinates_have_the_highest_log_score(model, typical, simulated) -> None:
    kinds = [simulated[kind] for kind in ("now and then", "often", "today")]

    def score(at):
        return np.concatenate([np.log(counts(made, at)[made.orders]) for made in kinds])

    def counts(made, at):
        return model.count_probability(at, *made.known, horizon=HORIZON, count=np.arange(int(made.orders.max()) + 1))

    right = score(typical)
    for k, by in itertools.product(range(len(typical)), (-1.0, 1.0)):
        ahead = right - score(typical + apart(model, k, by))
        assert ahead.mean() > 3 * ahead.std() / math.sqrt(len(ahead)), (model.coordinates[k], by)


def test_purchases_are_in_order_and_within_the_horizon(simulated) -> None:
    for made in simulated.values():
        futures = made.futures
        assert futures.time.min() > 0 and futures.time.max() <= HORIZON * (1 + 1e-12)
        at = futures.customer.astype(np.int64) * DRAWS + futures.draw
        assert (np.diff(at) >= 0).all()
        assert (np.diff(futures.time)[np.diff(at) == 0] > 0).all()


def mixed_base(model, typical):
    """Customers of three cells, and fifty draws of the cells' coordinates."""
    rng = np.random.default_rng(4)
    x = rng.poisson(rng.gamma(0.7, 5, 60))
    T = rng.uniform(1, 90, 60)
    t_x = np.where(x == 0, 0.0, T * rng.uniform(0.05, 1, 60))
    x, t_x, T = as_counted(model, x, t_x, T)
    coordinates = rng.normal(typical[None, :, None], 0.3, (50, len(typical), 3))
    return coordinates, batch_of([f"customer {k}" for k in range(60)], x, t_x, T, rng.integers(0, 3, 60))


def by_customer(coordinates, everyone):
    """Six draws, dims (coordinate, customer, draw)."""
    return coordinates[:6][:, :, everyone.purchase_cell].transpose(1, 2, 0)


def events_of(futures, customer):
    mine = futures.customer == customer
    return np.stack([futures.draw[mine], futures.time[mine]])


def test_neither_batches_order_nor_other_customers_change_a_future(model, typical) -> None:
    coordinates, everyone = mixed_base(model, typical)
    together = simulate(model, coordinates, everyone)
    order = np.random.default_rng(1).permutation(len(everyone))
    shuffled = simulate(model, coordinates, part_of(everyone, order))
    halves = [simulate(model, coordinates, part_of(everyone, rows)) for rows in (slice(0, 23), slice(23, 60))]
    assert len(together.time) > 1000
    for k in range(len(everyone)):
        mine = events_of(together, k)
        assert np.array_equal(mine, events_of(shuffled, int(np.flatnonzero(order == k)[0])))
        assert np.array_equal(mine, events_of(halves[k >= 23], k - 23 * (k >= 23)))
    assert np.array_equal(together.expected_first_year[order], shuffled.expected_first_year)


def test_more_draws_do_not_change_the_first_ones(model, typical) -> None:
    coordinates, everyone = mixed_base(model, typical)
    many, few = simulate(model, coordinates, everyone), simulate(model, coordinates[:10], everyone)
    assert np.array_equal(many.time[many.draw < 10], few.time)
    assert np.array_equal(many.expected_first_year[:, :10], few.expected_first_year)


def test_another_seed_or_another_name_is_another_future(model, typical) -> None:
    coordinates, everyone = mixed_base(model, typical)
    one, same, other = (simulate(model, coordinates, everyone, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.time, same.time)
    assert len(np.intersect1d(one.time, other.time)) == 0
    renamed = simulate(model, coordinates, replace(everyone, key=customer_keys([f"kunde {k}" for k in range(60)])))
    assert len(np.intersect1d(one.time, renamed.time)) == 0


@BY_ANY_UNIT
def test_another_unit_of_time_stretches_the_same_futures(model, typical) -> None:
    coordinates, weeks = mixed_base(model, typical)
    days = replace(weeks, recency=7 * weeks.recency, T=7 * weeks.T)
    by_week = simulate(model, coordinates, weeks)
    by_day = simulate(model, coordinates - by_log_seven(model)[:, None], days, horizon=7 * 156.0, year=7 * YEAR)
    assert np.array_equal(by_week.customer, by_day.customer) and np.array_equal(by_week.draw, by_day.draw)
    np.testing.assert_allclose(by_day.time, 7 * by_week.time, rtol=1e-9)
    np.testing.assert_allclose(by_day.expected_first_year, by_week.expected_first_year, rtol=1e-9)


@dataclass(frozen=True)
class HalfSpeed:
    """A clock on which operational time passes half as quickly."""

    def history(self, T, by_month, draws):
        return np.repeat(T[:, None] / 2, draws, axis=1)

    def ahead(self, starts, horizon, draws, group):
        return np.repeat((horizon - starts[:, None]) / 2, draws, axis=1)

    def calendar(self, elapsed, draw, starts, group):
        return starts + 2 * elapsed


def test_the_whole_model_lives_in_the_time_of_its_clock(model, typical) -> None:
    coordinates, weeks = mixed_base(model, typical)
    slow = simulate(model, coordinates, weeks, clock=HalfSpeed())
    half = replace(weeks, recency=weeks.recency / 2, T=weeks.T / 2)
    steady = simulate(model, coordinates, half, horizon=78.0, year=YEAR / 2)
    np.testing.assert_allclose(slow.time, 2 * steady.time, rtol=1e-9)
    assert np.array_equal(slow.p_alive, steady.p_alive) and np.array_equal(slow.expected_first_year, steady.expected_first_year)


def test_customers_of_a_group_live_by_its_pace(model, typical) -> None:
    """The second group's future runs twice as quickly: what it does in a time is what it would otherwise have done in two."""
    coordinates, everyone = mixed_base(model, typical)
    draws = len(coordinates)
    pace = Pace(None, np.array([0.0, 30.0]), np.ones((draws, 1)), np.repeat([[1.0, 2.0]], draws, axis=0))
    group = np.arange(len(everyone)) % 2
    found = simulate(model, coordinates, replace(everyone, group=group), clock=pace)
    steady, longer = (simulate(model, coordinates, everyone, horizon=horizon) for horizon in (156.0, 312.0))
    own, other = group[found.customer] == 0, group[found.customer] == 1
    assert np.array_equal(found.time[own], steady.time[group[steady.customer] == 0])
    np.testing.assert_allclose(2 * found.time[other], longer.time[group[longer.customer] == 1], rtol=1e-12)
    assert np.array_equal(found.p_alive, steady.p_alive)


# levers ---------------------------------------------------------------------------------------------------------------------------------


def pulled(model, typical, **levers):
    """Futures, and the number of orders in each of them: the random numbers are the same whatever lever is pulled."""
    coordinates, everyone = mixed_base(model, typical)
    futures = simulate(model, coordinates, everyone, **levers)
    return futures, sums(futures, len(everyone), len(coordinates))


def test_a_higher_rate_brings_no_future_fewer_orders(model, typical) -> None:
    (slow, few), (now, some), (quick, many) = (pulled(model, typical, rate=rate) for rate in (0.5, 1.0, 2.0))
    assert (few <= some).all() and (some <= many).all() and few.sum() < some.sum() < many.sum()
    assert np.array_equal(slow.p_alive, quick.p_alive)
    for less, more in ((slow, now), (now, quick)):
        assert (less.expected_first_year <= more.expected_first_year * (1 + 1e-12)).all()
        assert less.expected_first_year.sum() < more.expected_first_year.sum()


def test_higher_odds_of_leaving_bring_no_future_more_orders(model, typical) -> None:
    (loyal, many), (now, some), (restless, few) = (pulled(model, typical, churn_odds=odds) for odds in (0.5, 1.0, 2.0))
    assert (few <= some).all() and (some <= many).all()
    assert np.array_equal(loyal.p_alive, restless.p_alive)
    for less, more in ((restless, now), (now, loyal)):
        assert (less.expected_first_year <= more.expected_first_year * (1 + 1e-9) + 1e-12).all()
    if now.p_alive.min() < 1:  # where anybody leaves at all
        assert few.sum() < some.sum() < many.sum()
        assert restless.expected_first_year.sum() < now.expected_first_year.sum() < loyal.expected_first_year.sum()


def test_a_lever_at_one_is_no_lever(model, typical) -> None:
    (without, _), (at_one, _) = pulled(model, typical), pulled(model, typical, rate=1.0, churn_odds=1.0)
    assert np.array_equal(without.time, at_one.time)


def test_where_nobody_leaves_any_more_a_third_year_brings_what_a_second_one_does(model, typical) -> None:
    futures, _ = pulled(model, typical, churn_odds=1e-12)
    years = np.histogram(futures.time, bins=[0, 52, 104, 156])[0]
    lives = (futures.expected_first_year > 0).sum()
    assert lives > 500
    # the variance of a difference of two counts of one rate is at most their sum
    assert abs(years[2] - years[1]) < 4.5 * math.sqrt(years[1] + years[2])


# the story, lived -----------------------------------------------------------------------------------------------------------------------


def live(rng, rate, leaves_at, gap, horizon, lifetime=np.inf):
    """Purchases of customers who all come at zero: their number, the last of them, and who lives at the end.

    `gap(rate)` draws a time to the next purchase, `leaves_at(n)` who leaves at the n-th repeat purchase, the first purchase being n = 0.
    """
    count, last = np.zeros(len(rate), dtype=int), np.zeros(len(rate))
    here, buying = ~leaves_at(0), np.ones(len(rate), dtype=bool)
    now = np.zeros(len(rate))
    while (buying := buying & here).any():
        now = now + gap(rate)
        buying &= now <= np.minimum(horizon, lifetime)
        count, last = count + buying, np.where(buying, now, last)
        here &= ~(buying & leaves_at(1))
    return count, last, here & (lifetime > horizon)


def live_leaving_at_purchases(rng, at, horizon, first, k=1):
    r, alpha, a, b = (float(value) for value in plain.natural_of_dropout(at, k))
    size = len(horizon)
    rate, dropout = rng.gamma(r, 1 / alpha, size), rng.beta(a, b, size)

    def leaves_at(n):
        return (rng.random(size) < dropout) & (n > 0 or first)

    return live(rng, rate, leaves_at, lambda rate: rng.gamma(k, 1 / rate), horizon)


def live_for_ever(rng, at, horizon):
    log_rate, log_shape = at
    rate = rng.gamma(math.exp(log_shape), math.exp(log_rate - log_shape), len(horizon))
    return live(rng, rate, lambda n: np.zeros(len(horizon), dtype=bool), lambda rate: rng.exponential(1 / rate), horizon)


def live_a_lifetime(rng, at, horizon):
    r, alpha, s, beta = (float(value) for value in plain.natural_of_lifetimes(at))
    size = len(horizon)
    rate, lifetime = rng.gamma(r, 1 / alpha, size), rng.exponential(1 / rng.gamma(s, 1 / beta, size))
    return live(rng, rate, lambda n: np.zeros(size, dtype=bool), lambda rate: rng.exponential(1 / rate), horizon, lifetime)


def live_at_opportunities(rng, at, horizon):
    a, b, c, d = (float(value) for value in plain.natural_of_opportunities(at))
    size = len(horizon)
    order, leave, here = rng.beta(a, b, size), rng.beta(c, d, size), np.ones(size, dtype=bool)
    count, last = np.zeros(size, dtype=int), np.zeros(size)
    for opportunity in range(1, int(horizon.max()) + 1):
        goes_on = opportunity <= horizon
        here &= ~goes_on | (rng.random(size) >= leave)
        used = goes_on & here & (rng.random(size) < order)
        count, last = count + used, np.where(used, opportunity, last)
    return count, last, here


STORIES = {
    "bg_bb": live_at_opportunities,
    "bg_nbd": lambda rng, at, horizon: live_leaving_at_purchases(rng, at, horizon, first=False),
    "mbg_nbd": lambda rng, at, horizon: live_leaving_at_purchases(rng, at, horizon, first=True),
    "mbg_cnbd": lambda rng, at, horizon, k: live_leaving_at_purchases(rng, at, horizon, first=True, k=k),
    "nbd": live_for_ever,
    "pareto_nbd": live_a_lifetime,
}


@dataclass(frozen=True)
class Lived:
    """Customers who lived a model's story."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    alive: np.ndarray


@pytest.fixture(scope="module")
def lived(model, typical):
    T = np.repeat([20.0, 35.0, 52.0, 80.0], 10_000)
    options = {name: value for name, value in model.options.items() if name not in ("season", "level")}
    x, t_x, alive = STORIES[model.name](np.random.default_rng(12), typical, T, **options)
    return Lived(x, t_x, T, alive)


def test_as_many_live_as_p_alive_says(model, typical, lived) -> None:
    expected = model.p_alive(typical, lived.x, lived.t_x, lived.T)
    groups = pd.DataFrame({"x": np.minimum(lived.x, 4), "expected": expected, "alive": lived.alive, "silence": lived.T - lived.t_x})
    groups["quarter"] = groups.groupby("x")["silence"].transform(lambda silence: pd.qcut(silence.rank(method="first"), 4, labels=False))
    found = groups.assign(variance=expected * (1 - expected)).groupby(["x", "quarter"])[["expected", "alive", "variance"]].sum()
    assert len(found) == 20
    assert (np.abs(found["alive"] - found["expected"]) <= 4.5 * np.sqrt(found["variance"]) + 1e-6).all()


# the same stories given what is latent: logarithms of how probable a history is of those who live, and of those who have left


def states_leaving_at_purchases(rng, at, size, first, k=1):
    r, alpha, a, b = (float(value) for value in plain.natural_of_dropout(at, k))
    rate, leave = rng.gamma(r, 1 / alpha, size), rng.beta(a, b, size)

    def states(x, t_x, T):
        silent = np.log(sum((rate * (T - t_x)) ** j / math.factorial(j) for j in range(k)))
        bought, stayed = k * x * np.log(rate), np.log1p(-leave)
        alive = bought - rate * T + silent + (x + first) * stayed
        dead = bought - rate * t_x + np.log(leave) + (x + first - 1) * stayed
        return alive, dead if x + first > 0 else np.full(size, -np.inf)

    return states


def states_for_ever(rng, at, size):
    return lambda x, t_x, T: (np.zeros(size), np.full(size, -np.inf))


def states_of_a_lifetime(rng, at, size):
    r, alpha, s, beta = (float(value) for value in plain.natural_of_lifetimes(at))
    rate, hazard = rng.gamma(r, 1 / alpha, size), rng.gamma(s, 1 / beta, size)

    def states(x, t_x, T):
        both = rate + hazard
        with np.errstate(divide="ignore"):
            dead = np.log(hazard / both) - both * t_x + np.log(-np.expm1(-both * (T - t_x)))
        return x * np.log(rate) - both * T, x * np.log(rate) + dead

    return states


def states_at_opportunities(rng, at, size):
    a, b, c, d = (float(value) for value in plain.natural_of_opportunities(at))
    order, leave = rng.beta(a, b, size), rng.beta(c, d, size)

    def states(x, t_x, T):
        used, passes = x * (np.log(order) - np.log1p(-order)), np.log1p(-order) + np.log1p(-leave)
        with np.errstate(divide="ignore"):
            dead = np.log(leave) + t_x * passes + np.log(np.expm1((T - t_x) * passes) / np.expm1(passes))
        return used + T * passes, used + dead

    return states


STATES = {
    "bg_bb": states_at_opportunities,
    "bg_nbd": lambda rng, at, size: states_leaving_at_purchases(rng, at, size, first=0),
    "mbg_nbd": lambda rng, at, size: states_leaving_at_purchases(rng, at, size, first=1),
    "mbg_cnbd": lambda rng, at, size, k: states_leaving_at_purchases(rng, at, size, first=1, k=k),
    "nbd": states_for_ever,
    "pareto_nbd": states_of_a_lifetime,
}
TWENTY = [
    *((0, 0.0, 5.0), (0, 0.0, 38.86), (0, 0.0, 80.0), (1, 2.0, 20.0), (1, 20.0, 40.0), (1, 39.0, 40.0), (1, 5.0, 80.0)),
    *((2, 10.0, 20.0), (2, 30.43, 38.86), (2, 6.0, 60.0), (3, 50.0, 52.0), (3, 20.0, 52.0), (4, 12.0, 30.0), (4, 70.0, 80.0)),
    *((5, 25.0, 52.0), (6, 33.0, 35.0), (7, 29.43, 38.86), (8, 40.0, 80.0), (10, 75.0, 80.0), (12, 38.0, 38.0)),
]


def test_of_twenty_customers_those_live_whose_latent_states_do(model, typical) -> None:
    """Rates and dropouts drawn from the base, each weighed by how probable it makes the customer's history."""
    options = {name: value for name, value in model.options.items() if name not in ("season", "level")}
    states = STATES[model.name](np.random.default_rng(5), typical, 200_000, **options)
    for known in TWENTY:
        known = as_counted(model, *known)
        alive, dead = states(*known)
        top = max(alive.max(), dead.max())
        alive, dead = np.exp(alive - top), np.exp(dead - top)
        share = alive.sum() / (alive + dead).sum()
        error = math.sqrt((((1 - share) * alive - share * dead) ** 2).sum()) / (alive + dead).sum()
        assert abs(float(model.p_alive(typical, *known)) - share) <= 4.5 * error + 1e-9, known
        assert error < 0.02, known


def test_as_many_newcomers_live_later_as_is_foreseen(model, typical, lived) -> None:
    for horizon in np.unique(lived.T):
        of = lived.alive[horizon == lived.T]
        expected = float(model.p_alive_later(typical, 0, 0.0, 0.0, passed=horizon))
        assert abs(of.mean() - expected) <= 4.5 * math.sqrt(expected * (1 - expected) / len(of)) + 1e-9


def test_fewer_and_fewer_live(model, typical) -> None:
    known, passed = as_counted(model, *KNOWN), np.array([0.0, 1.0, 13.0, 52.0, 520.0])
    found = np.array([model.p_alive_later(typical, *known, passed=each) for each in passed])
    assert found[0] == pytest.approx(float(model.p_alive(typical, *known)), rel=1e-9)
    assert (np.diff(found) <= 1e-12).all() and (found >= 0).all()
    assert found[-1] < 0.5 * found[0] or model.name == "nbd"
    coordinates, everyone = mixed_base(model, typical)
    at, columns = by_customer(coordinates, everyone), (everyone.frequency, everyone.recency, everyone.T)
    together = model.p_alive_later(at, *(column[:, None] for column in columns), passed=26.0)
    assert together.shape == (60, 6)
    for i in range(0, 60, 7):
        one = model.p_alive_later(at[:, i, 3], *(float(column[i]) for column in columns), passed=26.0)
        assert together[i, 3] == pytest.approx(float(one), rel=1e-9)


def test_as_many_buy_so_often_as_the_probability_of_a_newcomers_count_says(model, typical, lived) -> None:
    n = np.arange(lived.x.max() + 1)
    for horizon in np.unique(lived.T):
        found = np.bincount(lived.x[horizon == lived.T], minlength=len(n))
        chance = model.count_probability(typical, 0, 0.0, 0.0, horizon=horizon, count=n)
        expected, enough = found.sum() * chance, found.sum() * chance > 20
        assert (np.abs(found - expected)[enough] < 4.5 * np.sqrt(expected * (1 - chance))[enough]).all()
        assert chance[enough].sum() > 0.9


def test_the_likelihood_is_highest_where_the_truth_is(model, typical, lived, make_customers, log_likelihood) -> None:
    """The slope at the truth is as large as chance makes it, by the curvature."""
    customers, step = make_customers(lived.x, lived.t_x, lived.T), 1e-3

    def slope(at):
        return log_likelihood(model, customers, at)[2][:, 0]

    moves = [apart(model, k, step) for k in range(len(typical))]
    curvature = np.stack([slope(typical - move) - slope(typical + move) for move in moves]) / (2 * step)
    assert (np.linalg.eigvalsh((curvature + curvature.T) / 2) > 0).all()
    at_truth = slope(typical)
    assert at_truth @ np.linalg.solve(curvature, at_truth) < stats.chi2(len(typical)).ppf(0.9999)
