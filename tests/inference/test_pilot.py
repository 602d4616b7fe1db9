"""The pilot on real statistics and on made-up information, without sampling."""

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import Customers
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import Pilot, choose_parametrizations, find_mode, learn_spreads, starting_values
from clvbayes.models import Priors, mbg_nbd
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import Cells, Factor, assign_cells

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
    )


def test_well_known_levels_that_differ_are_centred() -> None:
    errors = np.array([0.02, 0.02, 0.02, 0.02, 0.04])
    [chosen] = choose_parametrizations(made_up(np.array([-0.6, -0.2, 0.1, 0.5, 0.9]), errors), levels(5), ONE)
    assert chosen.centred.all() and not chosen.anchor.any()
    np.testing.assert_allclose(chosen.root[:, 0, 0], (errors**-2.0 + 0.5**-2) ** -0.5)


def test_levels_that_may_all_be_equal_are_anchored_by_their_precision() -> None:
    errors = np.array([0.02, 0.2, 0.2, 0.4])
    [chosen] = choose_parametrizations(made_up(np.array([0.0, 0.1, -0.1, 0.2]), errors), levels(4), ONE)
    assert not chosen.centred.any()
    assert chosen.anchor.sum() == pytest.approx(1)
    np.testing.assert_allclose(chosen.anchor[0], errors**-2.0 / (errors**-2.0).sum(), rtol=1e-6)
    assert np.all(chosen.root == 1)


def test_a_level_of_few_customers_is_not_centred_beside_large_ones() -> None:
    errors = np.array([0.02, 0.02, 0.02, 0.02, 0.02, 0.9])
    [chosen] = choose_parametrizations(made_up(np.array([-0.6, -0.2, 0.1, 0.5, 0.9, 0.3]), errors), levels(6), ONE)
    assert chosen.centred.tolist() == [[True] * 5 + [False]]


def test_chains_start_around_the_mode(thirds: Customers) -> None:
    """Whatever the variables, their starting values say a state of the hierarchy near the mode, within its curvature."""
    cells, priors = assign_cells(thirds, ("size", "parity")), mbg_nbd().priors(thirds)
    pilot = learn_spreads(likelihood_of(thirds, cells), cells, priors)
    chosen = choose_parametrizations(pilot, cells, priors)
    moved = []
    for seed in range(200):
        values = starting_values(pilot, cells, priors, chosen, seed)
        scale, free = values["size_scale"][:, None], values["size_free"]
        population = (values["population_free"] - (chosen[0].anchor * free).sum(axis=1) * values["size_scale"])[:, None]
        rounded = np.einsum("lij,jl->il", chosen[0].root, free)
        level = np.where(chosen[0].centred, rounded, population + scale * free)
        assert np.abs(values["parity_free"].sum(axis=1)).max() < 1e-9
        moved.append(level)
    mode = pilot.population[:, None] + pilot.deviations[0] + pilot.deviations[1].mean(axis=1, keepdims=True)
    off = (np.mean(moved, axis=0) - mode) / (np.std(moved, axis=0) / np.sqrt(200))
    assert np.abs(off).max() < 4
    assert np.all(np.std(moved, axis=0) < 2 * np.hypot(pilot.level_sd(cells)[0], pilot.level_sd(cells)[1].max(axis=1, keepdims=True)))
