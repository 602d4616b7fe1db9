"""The pilot on real statistics, without sampling."""

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import Customers
from clvbayes.inference.pilot import Pilot, choose_parametrizations, find_pilot
from clvbayes.models import Priors, mbg_nbd
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import Cells, Factor, assign_cells

ONE = Priors(("log_rate",), mean=(0.0,), sd=(1.0,), scale=(0.5,))


@pytest.fixture(scope="module")
def pilot(cdnow: Customers) -> Pilot:
    segments = pd.DataFrame({"half": np.where(np.arange(len(cdnow)) < 2000, "large", "small")})
    halves = Customers(cdnow.statistics, segments, cdnow.unit, cdnow.until)
    return find_pilot(mbg_nbd(), halves, assign_cells(halves, ("half",)), mbg_nbd().priors(cdnow).widened(10.0), STEADY)


def test_the_mode_of_weak_priors_is_near_the_published_maximum(pilot: Pilot) -> None:
    r, alpha, a, b = 0.525, 6.183, 0.891, 1.614  # of all customers; the larger part holds 85 % of them
    published = np.array([np.log(r / alpha), np.log(r), np.log(a / b), np.log(a + b)])
    error = 1 / np.sqrt(np.diagonal(np.linalg.inv(np.linalg.inv(pilot.information[0]))))
    assert np.all(np.abs(pilot.mode[:, 0] - published) < 0.25), error


def test_information_is_positive_and_grows_with_customers(pilot: Pilot) -> None:
    eigenvalues = np.linalg.eigvalsh(pilot.information)
    assert np.all(eigenvalues > 0)
    assert np.all(np.diagonal(pilot.information[0]) > np.diagonal(pilot.information[1]))


def levels(count: int) -> Cells:
    return Cells((Factor(("segment",), tuple(map(str, range(count))), np.arange(count)),), np.arange(count), count)


def made_up(estimates: np.ndarray, errors: np.ndarray) -> Pilot:
    """A pilot of one coordinate whose cells say `estimates` with standard `errors`."""
    information, precision = errors**-2.0, 1 / (1.0**2 + 0.5**2)
    mode = information * estimates / (information + precision)
    return Pilot(mode[None, :], information[:, None, None])


def test_well_known_levels_that_differ_are_centred() -> None:
    [chosen] = choose_parametrizations(made_up(np.array([-0.6, -0.2, 0.1, 0.5, 0.9]), np.full(5, 0.02)), levels(5), ONE)
    assert chosen.centred.all() and not chosen.anchor.any()


def test_levels_that_may_all_be_equal_are_anchored_by_their_precision() -> None:
    errors = np.array([0.02, 0.2, 0.2, 0.4])
    [chosen] = choose_parametrizations(made_up(np.array([0.0, 0.1, -0.1, 0.2]), errors), levels(4), ONE)
    assert not chosen.centred.any()
    assert chosen.anchor.sum() == pytest.approx(1)
    np.testing.assert_allclose(chosen.anchor[0], errors**-2.0 / (errors**-2.0).sum(), rtol=1e-6)


def test_a_level_of_few_customers_is_not_centred_beside_large_ones() -> None:
    errors = np.array([0.02, 0.02, 0.02, 0.02, 0.02, 0.9])
    [chosen] = choose_parametrizations(made_up(np.array([-0.6, -0.2, 0.1, 0.5, 0.9, 0.3]), errors), levels(6), ONE)
    assert chosen.centred.tolist() == [[True] * 5 + [False]]
