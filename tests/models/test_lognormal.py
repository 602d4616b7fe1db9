"""Lognormal spend: the likelihood against the normal density of the logs, grouped rows, and the simulator against closed forms."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from models.made_up_futures import futures_of
from scipy import optimize, stats

from clvbayes.data import Customers
from clvbayes.errors import DataError
from clvbayes.models import lognormal
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.lognormal import LARGEST_SD, LINKED_FROM
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

PLAIN, LINKED = lognormal(), lognormal(frequency_link=True)
BOTH = pytest.mark.parametrize("model", [PLAIN, LINKED], ids=["plain", "linked"])


def coordinates_of(median: float, within: float, between: float, link: float | None = None) -> np.ndarray:
    parts = [median, *(math.log(sd / (LARGEST_SD - sd)) for sd in (within, between))]
    return np.array(parts if link is None else [*parts, link])


def by_definition(amounts, median: float, within: float, between: float, link: float = 0.0) -> float:
    """The logs of one customer's amounts are jointly normal; the density is that of the amounts."""
    logs = np.log(amounts)
    x = len(logs)
    mean = np.full(x, median + link * math.log((x + 1) / LINKED_FROM))
    covariance = within**2 * np.eye(x) + between**2
    return float(stats.multivariate_normal(mean, covariance).logpdf(logs) - logs.sum())


@pytest.fixture(scope="module")
def spenders(make_customers):
    def make(amounts, **options) -> Customers:
        sizes = [len(row) for row in amounts]
        return make_customers(sizes, np.full(len(sizes), 5.0), np.full(len(sizes), 9.0), amounts=amounts, **options)

    return make


def random_amounts(rng, customers: int):
    return [np.exp(rng.normal(rng.normal(4.0, 0.7), 0.5, size)) for size in rng.choice([1, 2, 3, 7, 40], customers)]


@BOTH
def test_grouped_rows_equal_the_ungrouped_likelihood(model, spenders, log_likelihood) -> None:
    """All customers of one number of purchases are one row, whose likelihood is the mean of theirs."""
    rng = np.random.default_rng(1)
    amounts = random_amounts(rng, 300)
    customers = spenders(amounts)
    for median, within, between in ((4.0, 0.5, 0.7), (2.0, 0.05, 1.5), (6.0, 2.0, 0.02)):
        at = (median, within, between, 0.4) if model.frequency_link else (median, within, between)
        by_row, weight, slope = log_likelihood(model, customers, coordinates_of(*at))
        assert len(by_row) == 5 and weight.sum() == 300
        assert by_row @ weight == pytest.approx(sum(by_definition(row, *at) for row in amounts), rel=1e-9)
        assert np.isfinite(slope).all()


@BOTH
def test_the_density_of_an_amount_integrates_to_one(model, spenders, log_likelihood) -> None:
    """Over amounts in currency: it is their density, and not that of their logarithms."""
    at = coordinates_of(3.0, 0.6, 0.7, 0.4) if model.frequency_link else coordinates_of(3.0, 0.6, 0.7)
    amounts, width = np.exp(np.linspace(-3.0, 9.0, 25)), 12.0 / 24
    densities = [math.exp(log_likelihood(model, spenders([[amount]]), at)[0][0]) for amount in amounts]
    assert width * (amounts @ densities) == pytest.approx(1.0, rel=1e-8)


def test_cdnow_has_the_maximum_of_the_method_book(cdnow, log_likelihood) -> None:
    """Log-likelihood -10 697.3 of the single amounts, and 35.12 expected of a customer of whom nothing is known (method.md 1.8)."""

    def negative(at):
        by_row, weight, slope = log_likelihood(PLAIN, cdnow, at)
        return -float(by_row @ weight), -slope[:, 0]

    found = optimize.minimize(negative, coordinates_of(3.3, 0.6, 0.6), jac=True)
    assert -found.fun == pytest.approx(-10_697.3, abs=0.05)
    assert float(PLAIN.amount_moments(found.x, 0, 0.0, 0.0)[0]) == pytest.approx(35.12, abs=0.02)


@BOTH
@pytest.mark.parametrize("far", [-20.0, 20.0])
def test_far_out_it_is_finite_and_has_finite_slopes(model, far, spenders, log_likelihood) -> None:
    customers = spenders([np.array([80.0]), np.array([3.0, 700.0])])
    for k in range(len(model.coordinates)):
        at = np.array([4.0, -1.0, -1.0, 0.0])[: len(model.coordinates)]
        at[k] = far
        by_row, _, slope = log_likelihood(model, customers, at)
        assert np.isfinite(by_row).all() and np.isfinite(slope).all()


@BOTH
def test_the_order_of_rows_and_a_split_cell_change_nothing(model, cdnow, log_likelihood) -> None:
    at = coordinates_of(3.3, 0.6, 0.5, 0.1)[: len(model.coordinates)]
    order = np.random.default_rng(0).permutation(len(cdnow))
    by_row, weight, slope = log_likelihood(model, cdnow, at)
    shuffled = log_likelihood(model, replace(cdnow, statistics=cdnow.statistics.iloc[order].reset_index(drop=True)), at)
    assert np.array_equal(shuffled[0], by_row)
    halves = replace(cdnow, segments=pd.DataFrame({"half": np.where(np.arange(len(cdnow)) % 2, "odd", "even")}))
    split = log_likelihood(model, halves, np.stack([at, at], axis=1), ("half",))
    assert split[0] @ split[1] == pytest.approx(by_row @ weight, rel=1e-10)
    np.testing.assert_allclose(split[2].sum(axis=1), slope[:, 0], rtol=1e-8)


def test_another_currency_changes_only_the_density_of_the_amounts(spenders, total_log_likelihood) -> None:
    amounts = random_amounts(np.random.default_rng(3), 50)
    at, shift = coordinates_of(4.0, 0.5, 0.7), np.array([math.log(100), 0, 0])
    dollars = total_log_likelihood(PLAIN, spenders(amounts), at)
    cents = total_log_likelihood(PLAIN, spenders([100 * row for row in amounts]), at + shift)
    assert cents == pytest.approx(dollars - sum(map(len, amounts)) * math.log(100), rel=1e-10)


def test_equal_amounts_have_no_negative_squares(spenders) -> None:
    customers = spenders([np.full(9, 19.99), np.full(9, 0.01)])
    rows = PLAIN.rows(customers, assign_cells(customers, ()))
    assert rows["within"].tolist() == pytest.approx([0.0], abs=1e-12) and rows["within"][0] >= 0


def test_without_single_amounts_it_is_refused(spenders, make_customers) -> None:
    means = spenders([np.array([20.0, 30.0])], spend_level="mean")
    for refused in (PLAIN.priors, lambda customers: PLAIN.rows(customers, assign_cells(customers, ()))):
        with pytest.raises(DataError, match="means only: use gamma_gamma"):
            refused(means)
    with pytest.raises(DataError, match="nothing to learn spend from"):
        PLAIN.priors(make_customers([0], [0.0], [3.0]))


@BOTH
def test_priors_follow_the_currency_and_nothing_else(model, spenders) -> None:
    amounts = random_amounts(np.random.default_rng(3), 50)
    dollars, cents = model.priors(spenders(amounts)), model.priors(spenders([100 * row for row in amounts]))
    assert cents.mean[0] == pytest.approx(dollars.mean[0] + math.log(100))
    assert (cents.mean[1:], cents.sd, cents.scale) == (dollars.mean[1:], dollars.sd, dollars.scale)
    assert len(dollars.mean) == len(model.coordinates)


# simulation -----------------------------------------------------------------------------------------------------------------------------

COPIES, DRAWS, ORDERS = 300, 300, 3


def batch_of(ids, count, logs, cell=None) -> Batch:
    zeros = np.zeros(len(ids))
    cell = np.zeros(len(ids), dtype=np.int64) if cell is None else np.asarray(cell)
    count, logs = np.asarray(count, dtype=float), np.asarray(logs, dtype=float)
    return Batch(customer_keys(ids), cell, cell, cell, zeros, zeros, zeros, count, zeros, logs, zeros, zeros, zeros, zeros)


@BOTH
@pytest.mark.parametrize(("count", "logs"), [(0, 0.0), (3, 13.5), (500, 1_900.0)], ids=["no spend yet", "three", "five hundred"])
def test_simulated_amounts_have_the_closed_moments(model, count, logs) -> None:
    """Of the logs: mean, variance and the covariance of two purchases, by Bayes' rule for normals; of the amounts: the mean."""
    median, within, between, link = 4.0, 0.5, 0.7, 0.3
    at = coordinates_of(median, within, between, link)[: len(model.coordinates)]
    batch = batch_of([f"K{k}" for k in range(COPIES)], np.full(COPIES, count), np.full(COPIES, logs))
    made = model.simulate(np.repeat(at[None, :, None], DRAWS, axis=0), batch, futures_of(COPIES, DRAWS, ORDERS), seed=4)
    made = made.reshape(COPIES * DRAWS, ORDERS)

    centre = median + (link * math.log((count + 1) / LINKED_FROM) if model.frequency_link else 0.0)
    joint = between**2 + within**2 / max(count, 1e-300)  # variance of the mean log around the cell's
    shrink = between**2 / joint
    mean = centre + (shrink * (logs / count - centre) if count else 0.0)
    variance = between**2 * (1 - shrink)
    log = np.log(made)
    for values, moment in (
        (log, mean),
        ((log - mean) ** 2, variance + within**2),
        ((log[:, [0]] - mean) * (log[:, [1]] - mean), variance),
        (made, math.exp(mean + 0.5 * (variance + within**2))),
    ):
        means = values.mean(axis=1)
        assert abs(means.mean() - moment) < 4 * means.std() / math.sqrt(len(means))
    assert float(model.amount_moments(at, count, 0.0, logs)[0]) == pytest.approx(math.exp(mean + 0.5 * (variance + within**2)), rel=1e-12)


def test_amounts_belong_to_customer_and_draw() -> None:
    rng = np.random.default_rng(3)
    coordinates = rng.normal(coordinates_of(3.0, 0.6, 0.5)[None, :, None], 0.2, (20, 3, 2))
    ids, cell, count = [f"C{k}" for k in range(30)], rng.integers(0, 2, 30), rng.integers(0, 5, 30)
    batch = batch_of(ids, count, 3.0 * count, cell)
    whole = PLAIN.simulate(coordinates, batch, futures_of(30, 20, 2), seed=4).reshape(30, 20, 2)
    order = rng.permutation(30)
    shuffled = Batch(**{name: column[order] for name, column in vars(batch).items()})
    assert np.array_equal(PLAIN.simulate(coordinates, shuffled, futures_of(30, 20, 2), seed=4).reshape(30, 20, 2), whole[order])
    # another seed, other amounts; no two alike
    assert len(np.intersect1d(PLAIN.simulate(coordinates, batch, futures_of(30, 20, 2), seed=5), whole)) == 0
    assert len(np.unique(whole)) == whole.size
