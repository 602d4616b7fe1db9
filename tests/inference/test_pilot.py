"""The pilot on real statistics and on made-up information, without sampling."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clvbayes import synthetic
from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import Pilot, clock_estimates, find_mode, learn_spreads, level_estimates, starting_values
from clvbayes.models import Priors, mbg_nbd
from clvbayes.models.assembly import pooled_model
from clvbayes.models.clock import STEADY, Clock
from clvbayes.models.hierarchy import Cells, Factor, assign_cells
from clvbayes.models.protocol import Table

ONE = Priors(("log_rate",), mean=(0.0,), sd=(1.0,), scale=(0.5,))


def likelihood_of(customers: Customers, cells: Cells) -> Likelihood:
    return Likelihood(mbg_nbd(), mbg_nbd().rows(customers, cells), cells.count, STEADY)


@pytest.fixture(scope="module")
def thirds(cdnow: Customers) -> Customers:
    """CDNOW in a large, a middling and a small segment, crossed with another column."""
    place = np.arange(len(cdnow))
    segments = pd.DataFrame(
        {
            "size": np.select([place < 1800, place < 2300], ["large", "middling"], "small"),
            "parity": np.where(place % 2, "odd", "even"),
        }
    )
    return Customers(cdnow.statistics, segments, cdnow.unit, cdnow.until)


def test_the_mode_of_weak_priors_is_near_the_published_maximum(cdnow: Customers) -> None:
    cells = assign_cells(cdnow, ())
    pilot = find_mode(likelihood_of(cdnow, cells), cells, mbg_nbd().priors(cdnow).widened(100.0), ())
    r, alpha, a, b = 0.525, 6.183, 0.891, 1.614
    published = np.array([np.log(r / alpha), np.log(r), np.log(a / b), np.log(a + b)])
    assert pilot.converged
    np.testing.assert_allclose(pilot.mode[:, 0], published, atol=2e-3)
    assert pilot.value[0] == pytest.approx(-9582.14, abs=0.01)


def test_at_the_mode_the_posterior_has_no_slope(thirds: Customers) -> None:
    cells, priors = assign_cells(thirds, ("size", "parity")), mbg_nbd().priors(thirds)
    spreads = (np.array([0.3, 0.2, 0.3, 0.2]), np.array([0.1, 0.1, 0.2, 0.1]))
    pilot = find_mode(likelihood_of(thirds, cells), cells, priors, spreads)
    of_population = pilot.gradient.sum(axis=1) - (pilot.population - priors.mean) / np.square(priors.sd)
    np.testing.assert_allclose(of_population, 0, atol=0.01)
    for factor, deviation, spread in zip(cells.factors, pilot.deviations, spreads, strict=True):
        of_level = np.zeros_like(deviation)
        np.add.at(of_level.T, factor.level_of_cell, pilot.gradient.T)
        np.testing.assert_allclose(of_level, deviation / spread[:, None] ** 2, atol=0.01)


def test_from_elsewhere_the_steps_come_to_the_same_mode(thirds: Customers) -> None:
    cells, priors = assign_cells(thirds, ("size",)), mbg_nbd().priors(thirds)
    likelihood = likelihood_of(thirds, cells)
    spreads = (np.array([0.3, 0.2, 0.3, 0.2]),)
    pilot = find_mode(likelihood, cells, priors, spreads)
    moved = Pilot(**{**vars(pilot), "population": pilot.population + np.array([1.5, -2.0, 1.0, 2.0])})
    again = find_mode(likelihood, cells, priors, spreads, start=moved)
    assert np.abs((again.mode - pilot.mode) / pilot.sd(priors, cells)).max() < 0.01


def test_information_is_positive_and_grows_with_customers(thirds: Customers) -> None:
    cells = assign_cells(thirds, ("size",))
    pilot = learn_spreads(likelihood_of(thirds, cells), cells, mbg_nbd().priors(thirds))
    assert np.all(np.linalg.eigvalsh(pilot.information) > 0)
    large, middling, small = (np.diagonal(block) for block in pilot.information)
    assert np.all(large > middling) and np.all(middling > small)
    assert np.all(np.diff(pilot.level_sd(cells)[0], axis=1) > 0)


def test_equal_segments_get_a_small_spread_and_different_ones_a_large_one(thirds: Customers) -> None:
    cells, priors = assign_cells(thirds, ("size",)), mbg_nbd().priors(thirds)
    equal = learn_spreads(likelihood_of(thirds, cells), cells, priors)
    frequency = thirds.statistics["frequency"] * np.select([thirds.segments["size"] == "large"], [4], 1)
    apart = Customers(thirds.statistics.assign(frequency=frequency), thirds.segments, thirds.unit, thirds.until)
    different = learn_spreads(likelihood_of(apart, cells), cells, priors)
    assert different.spreads[0][0] > 2 * equal.spreads[0][0]


def levels(count: int) -> Cells:
    return Cells((Factor(("segment",), tuple(map(str, range(count))), np.arange(count)),), np.arange(count), count)


def made_up(estimates: np.ndarray, errors: np.ndarray) -> Pilot:
    """A pilot of one coordinate whose cells say `estimates` with standard `errors`."""
    spread = np.array([0.5])
    information, precision = errors**-2.0, spread[0] ** -2
    mode = information * estimates / (information + precision)
    return Pilot(
        population=np.zeros(1),
        deviations=(mode[None, :],),
        spreads=(spread,),
        mode=mode[None, :],
        gradient=(precision * mode)[None, :],
        value=np.zeros(len(mode)),
        information=information[:, None, None],
        converged=True,
        clock=STEADY,
        parts=np.zeros(0),
        part_spreads=(),
    )


def test_estimates_are_what_the_data_say_without_the_hierarchy() -> None:
    estimates, errors = np.array([-0.6, -0.2, 0.1, 0.5, 0.9]), np.array([0.02, 0.1, 0.5, 3.0, 0.3])
    [found] = level_estimates(made_up(estimates, errors), levels(5))
    np.testing.assert_allclose(found.root[:, 0, 0], 1 / errors, rtol=1e-9)
    np.testing.assert_allclose(found.seen[:, 0], estimates / errors, rtol=1e-9)


def test_a_level_of_which_the_data_say_nothing_has_next_to_no_information() -> None:
    [found] = level_estimates(made_up(np.array([-0.6, 0.3]), np.array([0.02, np.inf])), levels(2))
    assert abs(found.root[1, 0, 0]) < 1e-4 and abs(found.seen[1, 0]) < 1e-4


def test_levels_of_a_further_factor_share_their_information(thirds: Customers) -> None:
    cells, priors = assign_cells(thirds, ("parity", "size")), mbg_nbd().priors(thirds)
    pilot = learn_spreads(likelihood_of(thirds, cells), cells, priors)
    parity, size = level_estimates(pilot, cells)
    assert np.all(size.root == size.root[0])
    large, middling, small = pilot.level_information(cells)[1]
    np.testing.assert_allclose(size.root[0] @ size.root[0].T, (large + middling + small) / 3, rtol=1e-9)
    information = np.einsum("lij,lkj->lik", parity.root, parity.root)
    # of the base's rate more is known than of its dropout's concentration
    assert np.all(information[:, 0, 0] > information[:, 3, 3])


def test_chains_start_around_the_mode(thirds: Customers) -> None:
    """Whatever the variables, their starting values say a state of the hierarchy near the mode, within its curvature."""
    cells, priors = assign_cells(thirds, ("size", "parity")), mbg_nbd().priors(thirds)
    pilot = learn_spreads(likelihood_of(thirds, cells), cells, priors)
    built = pooled_model(mbg_nbd(), mbg_nbd().rows(thirds, cells), cells, priors, STEADY, level_estimates(pilot, cells))
    state = built.compile_fn(
        [built["size_level"], built["parity_effect"]], inputs=built.free_RVs, point_fn=False, on_unused_input="ignore", mode="FAST_COMPILE"
    )
    drawn = []
    for seed in range(300):
        values = starting_values(pilot, cells, seed)
        assert np.abs(values["parity_free"].sum(axis=1)).max() < 1e-9
        drawn.append(state(*(values[variable.name] for variable in built.free_RVs)))
    level, effect = (np.array(part) for part in zip(*drawn, strict=True))
    of_cells = level[:, :, cells.factors[0].level_of_cell] + effect[:, :, cells.factors[1].level_of_cell]
    sd = pilot.sd(priors, cells)
    assert np.abs((of_cells.mean(axis=0) - pilot.mode) / sd).max() < 0.5
    assert np.all(of_cells.std(axis=0) < 2 * sd)


def test_uncertainty_of_a_cell_holds_that_of_the_population() -> None:
    """Normal levels with equal errors: what the pilot says is the marginal standard deviation of the joint posterior, given the spread."""
    for count in (1, 2, 8):
        pilot, spread, error, sd = made_up(np.zeros(count), np.full(count, 0.1)), 0.5, 0.1, 1.0
        precision = np.zeros((count + 1, count + 1))
        precision[0, 0] = sd**-2 + count * spread**-2
        precision[1:, 1:] = np.eye(count) * (error**-2 + spread**-2)
        precision[0, 1:] = precision[1:, 0] = -(spread**-2)
        expected = np.sqrt(np.diagonal(np.linalg.inv(precision))[1:])
        np.testing.assert_allclose(pilot.sd(ONE, levels(count))[0], expected, rtol=1e-9)


def test_without_pooling_what_the_data_say_peaks_at_their_mode(cdnow: Customers) -> None:
    """Prior and quadratic together have their mode where the posterior has it, and its curvature."""
    cells, priors = assign_cells(cdnow, ()), mbg_nbd().priors(cdnow)
    pilot = learn_spreads(likelihood_of(cdnow, cells), cells, priors)
    [known] = level_estimates(pilot, cells)
    covariance = np.linalg.inv(known.root[0] @ known.root[0].T + np.diag(np.array(priors.sd) ** -2.0))
    np.testing.assert_allclose(np.sqrt(np.diagonal(covariance)), pilot.sd(priors, cells)[:, 0], rtol=1e-9)
    mode = covariance @ (known.root[0] @ known.seen[0] + np.array(priors.mean) * np.array(priors.sd) ** -2.0)
    np.testing.assert_allclose(mode, pilot.population, atol=1e-3)


# a clock whose level moves ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def company() -> Customers:
    """Twenty months, of which a level makes two years."""
    made = synthetic.company(customers=300, seed=5, years=20 / 12, until=date(2025, 12, 31), seasonality=0.5)
    return summarize(read_transactions(made.orders, is_return="is_return", segments=["channel"]), until=date(2025, 12, 31))


MOVING = mbg_nbd(level=True)


def moving_rows(customers: Customers, cells: Cells) -> tuple[Table, Clock]:
    rows, clock = MOVING.rows(customers, cells), MOVING.clock.over(customers)
    return rows | clock.columns(rows, customers), clock


@pytest.fixture(scope="module")
def moving(company: Customers) -> tuple[Pilot, Cells]:
    cells = assign_cells(company, ("channel",))
    rows, clock = moving_rows(company, cells)
    return learn_spreads(Likelihood(MOVING, rows, cells.count, clock), cells, MOVING.priors(company)), cells


def test_at_the_mode_a_clocks_parts_have_no_slope(moving: tuple[Pilot, Cells]) -> None:
    pilot, _ = moving
    assert pilot.converged and len(pilot.part_spreads) == 3
    np.testing.assert_allclose(
        pilot.mode[4:], np.repeat((pilot.clock.basis @ pilot.parts)[:, None], pilot.mode.shape[1], axis=1), atol=1e-12
    )
    of_parts = pilot.clock.basis.T @ pilot.gradient[4:].sum(axis=1)
    np.testing.assert_allclose(of_parts, pilot.parts / np.repeat(pilot.part_spreads, [11, 24, 24]) ** 2, atol=0.01)


def test_a_season_is_told_from_walk_and_noise(moving: tuple[Pilot, Cells]) -> None:
    """The data have a season and no more."""
    season, walk, noise = moving[0].part_spreads
    assert season > 0.2
    assert walk < 0.07 and noise < 0.2


def test_few_estimates_say_all_that_is_known_of_a_clocks_parts(moving: tuple[Pilot, Cells]) -> None:
    pilot, _ = moving
    found = clock_estimates(pilot)
    assert found is not None and found.root.shape == (1, 59, 24) and found.seen.shape == (1, 24)
    np.testing.assert_allclose(found.root[0] @ found.root[0].T, pilot.part_information(), atol=1e-6)
    # with the prior, they peak where the posterior does
    precision = np.diag(np.repeat(pilot.part_spreads, [11, 24, 24]) ** -2.0)
    mode = np.linalg.solve(found.root[0] @ found.root[0].T + precision, found.root[0] @ found.seen[0])
    np.testing.assert_allclose(mode, pilot.parts, atol=1e-3)


def test_a_steady_clock_has_no_parts(cdnow: Customers) -> None:
    cells = assign_cells(cdnow, ())
    pilot = learn_spreads(likelihood_of(cdnow, cells), cells, mbg_nbd().priors(cdnow))
    assert clock_estimates(pilot) is None and pilot.part_spreads == ()
    assert set(starting_values(pilot, cells, 1)) == {"population_free"}


def test_a_month_without_data_is_less_certain_than_its_noise(moving: tuple[Pilot, Cells], company: Customers) -> None:
    """Nothing is known of their noise, nor of the mean that is taken off."""
    pilot, cells = moving
    sd = pilot.sd(MOVING.priors(company), cells)
    assert sd.shape == pilot.mode.shape
    assert np.all(sd[4:8] > pilot.part_spreads[2]) and np.all(sd[4:8] == sd[4, 0])
    assert np.all(sd[-12:] > 0) and np.all(sd[-12:] < pilot.part_spreads[2])


def test_chains_of_a_level_start_around_the_mode(moving: tuple[Pilot, Cells], company: Customers) -> None:
    pilot, cells = moving
    rows, clock = moving_rows(company, cells)
    priors, estimates = MOVING.priors(company), level_estimates(pilot, cells)
    built = pooled_model(MOVING, rows, cells, priors, clock, estimates, clock_estimates=clock_estimates(pilot))
    state = built.compile_fn([built["pace"]], inputs=built.free_RVs, point_fn=False, on_unused_input="ignore", mode="FAST_COMPILE")
    drawn = []
    for seed in range(100):
        values = starting_values(pilot, cells, seed)
        assert set(values) == {variable.name for variable in built.free_RVs}
        drawn.append(state(*(values[variable.name] for variable in built.free_RVs))[0])
    sd = pilot.sd(priors, cells)[4:, 0]
    assert np.abs((np.mean(drawn, axis=0) - pilot.mode[4:, 0]) / sd).max() < 0.5
    assert np.all(np.std(drawn, axis=0) < 2 * sd) and np.all(np.std(drawn, axis=0) > sd / 2)
