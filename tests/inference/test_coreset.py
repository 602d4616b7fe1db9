"""Coresets without sampling: bins, the correction, and what the weights say."""

import numpy as np
import pytest
from made_up_statistics import made_up_customers

from clvbayes.data import Customers
from clvbayes.inference.coreset import SMALL_X, bin_rows
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import Pilot, find_mode
from clvbayes.inference.strategy import correction_at
from clvbayes.inference.weighing import weigh
from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.models.clock import STEADY
from clvbayes.models.compression import Columns
from clvbayes.models.correction import Correction
from clvbayes.models.hierarchy import Cells, assign_cells
from clvbayes.models.protocol import Model, Table

MODELS = (mbg_nbd(), gamma_gamma())
SPREADS = (np.array([0.4, 0.2, 0.4, 0.2]),)


@pytest.fixture(scope="module")
def customers() -> Customers:
    """Four segments of 3,000, 1,500, 500 and 5 customers."""
    return made_up_customers({"large": 3000, "middling": 1500, "small": 500, "tiny": 5}, seed=1)


@pytest.fixture(scope="module")
def cells(customers: Customers) -> Cells:
    return assign_cells(customers, ("segment",))


def likelihood_of(model: Model, rows: Table, cells: Cells) -> Likelihood:
    return Likelihood(model, rows, cells.count, STEADY)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("budget", [40, 400])
def test_bins_lose_nobody_and_keep_every_mean(model: Model, budget: int, customers: Customers, cells: Cells) -> None:
    rows = model.rows(customers, cells)
    small = bin_rows(model, rows, cells.count, budget)
    assert len(small["weight"]) <= budget < len(rows["weight"])
    assert np.all(np.diff(small["cell"]) >= 0)
    for cell in range(cells.count):
        one, other = (table["cell"] == cell for table in (rows, small))
        for column in rows:
            if column not in ("cell", "weight"):
                exact = (rows[column] * rows["weight"])[one].sum()
                assert (small[column] * small["weight"])[other].sum() == pytest.approx(exact, rel=1e-10)
        assert small["weight"][other].sum() == rows["weight"][one].sum()


def test_a_cell_of_few_rows_keeps_them(customers: Customers, cells: Cells) -> None:
    rows = mbg_nbd().rows(customers, cells)
    small = bin_rows(mbg_nbd(), rows, cells.count, 400)
    tiny = cells.factors[0].levels.index("tiny")
    for column in rows:
        np.testing.assert_allclose(small[column][small["cell"] == tiny], rows[column][rows["cell"] == tiny], rtol=1e-12)


def test_small_counts_are_not_mixed(customers: Customers, cells: Cells) -> None:
    small = bin_rows(mbg_nbd(), mbg_nbd().rows(customers, cells), cells.count, 400)
    few = small["x"][small["x"] < SMALL_X + 1]
    np.testing.assert_allclose(few, np.round(few), atol=1e-12)
    assert set(np.round(few)) == set(range(SMALL_X + 1))


def test_with_budget_enough_every_row_stays(customers: Customers, cells: Cells) -> None:
    rows = mbg_nbd().rows(customers, cells)
    small = bin_rows(mbg_nbd(), rows, cells.count, 4 * len(rows["weight"]))
    for column in rows:
        np.testing.assert_allclose(small[column], rows[column], rtol=1e-12)


def test_another_unit_of_time_or_currency_makes_the_same_bins(customers: Customers, cells: Cells) -> None:
    """Scales are a matter of logarithms and of the rows themselves."""
    rows = mbg_nbd().rows(customers, cells)
    days = {name: column * 7 if name in ("t_x", "T") else column for name, column in rows.items()}
    weeks, in_days = (bin_rows(mbg_nbd(), table, cells.count, 300) for table in (rows, days))
    np.testing.assert_allclose(in_days["T"], 7 * weeks["T"], rtol=1e-9)
    np.testing.assert_array_equal(in_days["weight"], weeks["weight"])
    rows = gamma_gamma().rows(customers, cells)
    cents = {name: column * 100 if name == "sum" else column for name, column in rows.items()}
    in_cents = bin_rows(gamma_gamma(), cents, cells.count, 300)["sum"]
    np.testing.assert_allclose(in_cents, 100 * bin_rows(gamma_gamma(), rows, cells.count, 300)["sum"], rtol=1e-9)


# the correction -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exact(customers: Customers, cells: Cells) -> Likelihood:
    return likelihood_of(mbg_nbd(), mbg_nbd().rows(customers, cells), cells)


@pytest.fixture(scope="module")
def pilot(exact: Likelihood, customers: Customers, cells: Cells) -> Pilot:
    return find_mode(exact, cells, mbg_nbd().priors(customers), SPREADS)


@pytest.fixture(scope="module")
def sd(pilot: Pilot, customers: Customers, cells: Cells) -> np.ndarray:
    return pilot.sd(mbg_nbd().priors(customers), cells)


@pytest.fixture(scope="module")
def coreset(exact: Likelihood, cells: Cells) -> Likelihood:
    return likelihood_of(mbg_nbd(), bin_rows(mbg_nbd(), exact.rows, cells.count, 160), cells)


@pytest.fixture(scope="module")
def correction(coreset: Likelihood, pilot: Pilot, sd: np.ndarray) -> Correction:
    return correction_at(pilot, sd, coreset)


def posterior_draws(pilot: Pilot, sd: np.ndarray, count: int, times: float = 1.0) -> np.ndarray:
    return pilot.mode + times * sd * np.random.default_rng(2).standard_normal((count, *pilot.mode.shape))


def test_at_the_mode_the_corrected_coreset_is_exact(
    exact: Likelihood, coreset: Likelihood, correction: Correction, pilot: Pilot, sd: np.ndarray
) -> None:
    """Value, slope and curvature: along any line through the mode the difference is of third order."""
    assert coreset.value(pilot.mode) + correction.at(pilot.mode) == pytest.approx(exact.value(pilot.mode), abs=1e-6)
    direction = sd * np.random.default_rng(3).standard_normal(sd.shape)

    def difference(step: float) -> float:
        at = pilot.mode + step * direction
        return exact.value(at) - coreset.value(at) - float(correction.at(at))

    assert abs(difference(0.1)) < 2e-3
    # twice the step, eight times the difference: of a second-order error it would be four times
    assert abs(difference(0.5) / difference(0.25)) > 5.5


def test_the_correction_is_worth_it(exact: Likelihood, coreset: Likelihood, correction: Correction, pilot: Pilot, sd: np.ndarray) -> None:
    draws = posterior_draws(pilot, sd, 500)
    corrected = weigh(exact, coreset, correction, draws)
    plain = weigh(exact, coreset, Correction.none(*pilot.mode.shape), draws)
    assert corrected.holds and corrected.effective_share > 0.95
    assert not plain.holds and plain.effective_share < 0.2


def test_far_from_the_mode_nothing_rises_above_it(coreset: Likelihood, correction: Correction, pilot: Pilot, cells: Cells) -> None:
    """Cell by cell, within 20 units of the mode: the clip keeps indefinite corrections from making the target improper."""

    def target(at: np.ndarray) -> np.ndarray:
        prior = -0.5 * (((at - pilot.population[:, None]) / SPREADS[0][:, None]) ** 2).sum(axis=0)
        return np.asarray(coreset.gradient(at)[0] + correction.by_cell(at) + prior)

    top = target(pilot.mode)
    rng = np.random.default_rng(4)
    for _ in range(300):
        direction = rng.standard_normal(pilot.mode.shape)
        at = pilot.mode + rng.uniform(0.5, 20) * direction / np.linalg.norm(direction, axis=0)
        assert np.all(target(at) < top)


def test_the_correction_is_followed_as_far_as_its_reach() -> None:
    one = np.ones((1, 1))
    linear = Correction(mode=0 * one, reach=5 * one, value=np.zeros(1), gradient=one, hessian=np.zeros((1, 1, 1)))
    assert float(linear.at(0.5 * one)) == pytest.approx(0.5, rel=1e-8)
    assert float(linear.at(1e3 * one)) == pytest.approx(5, rel=1e-6)
    assert float(linear.at(-1e3 * one)) == pytest.approx(-5, rel=1e-6)


def test_equal_weights_need_no_tail(exact: Likelihood, pilot: Pilot, sd: np.ndarray) -> None:
    weighing = weigh(exact, exact, Correction.none(*pilot.mode.shape), posterior_draws(pilot, sd, 100))
    assert (weighing.k_hat, weighing.effective_share) == (0.0, pytest.approx(1.0))
    assert weighing.k_hat_limit == pytest.approx(0.5) and weighing.holds


# the likelihood in pieces ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_pieces_and_threads_change_nothing(model: Model, customers: Customers, cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = model.rows(customers, cells)
    at = np.array(model.priors(customers).mean)[:, None] + np.random.default_rng(5).normal(0, 0.3, (len(model.coordinates), cells.count))
    whole = likelihood_of(model, rows, cells)
    monkeypatch.setattr("clvbayes.inference.likelihood.PIECE", 97)
    pieces = likelihood_of(model, rows, cells)
    assert pieces.value(at) == pytest.approx(whole.value(at), rel=1e-12)
    for one, other in zip(pieces.gradient(at), whole.gradient(at), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    monkeypatch.setattr("clvbayes.inference.likelihood.cpu_count", lambda: 1)
    assert likelihood_of(model, rows, cells).value(at) == pieces.value(at)
    assert whole.passes == 2


def test_the_information_is_the_curvature(exact: Likelihood, pilot: Pilot) -> None:
    step = 1e-3 * np.eye(4)[0][:, None] * np.ones(pilot.mode.shape)
    around = [exact.gradient(pilot.mode + factor * step)[0] for factor in (-1, 0, 1)]
    second = (around[0] - 2 * around[1] + around[2]) / 1e-6
    np.testing.assert_allclose(-second, exact.information(pilot.mode)[:, 0, 0], rtol=1e-3)


def test_rows_of_one_unit_weigh_as_their_number() -> None:
    """Twice the same customer is one row of weight two, with the same likelihood."""
    columns = {
        "cell": np.array([0, 0, 0]),
        "x": np.array([1.0, 1.0, 0.0]),
        "t_x": np.array([3.0, 3.0, 0.0]),
        "T": np.array([9.0, 9.0, 5.0]),
    }
    single: Table = {**{name: column.copy() for name, column in columns.items()}, "weight": np.ones(3)}
    order = np.lexsort((single["x"], single["cell"]))
    single = {name: column[order] for name, column in single.items()}
    at = np.array([[-1.0], [0.2], [-0.5], [1.0]])
    counted, one_by_one = (Likelihood(mbg_nbd(), rows, 1, STEADY) for rows in (Columns(columns).distinct(), single))
    assert len(counted.rows["weight"]) == 2
    assert counted.value(at) == pytest.approx(one_by_one.value(at), rel=1e-12)


def test_draws_that_crowd_at_the_largest_weight_do_not_hold(exact: Likelihood, coreset: Likelihood, pilot: Pilot, sd: np.ndarray) -> None:
    """A stuck chain: the tail of the weights has one value only, which is a failed check and no error."""
    draws, plain = posterior_draws(pilot, sd, 100), Correction.none(*pilot.mode.shape)
    order = np.argsort([exact.value(at) - coreset.value(at) for at in draws])
    weighing = weigh(exact, coreset, plain, np.concatenate([draws, np.repeat(draws[order[-1:]], 60, axis=0)]))
    assert weighing.k_hat == np.inf and not weighing.holds
