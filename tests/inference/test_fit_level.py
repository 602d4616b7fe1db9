"""A real fit with a level that moves: it converges, finds the season that made the data, and is the same when it has been saved."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from clvbayes import synthetic
from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.inference import Fit, fit
from clvbayes.inference.certificate import DIVERGENCE_LIMIT
from clvbayes.models import mbg_nbd
from clvbayes.models.clock import LEVEL
from clvbayes.storage import load, save

UNTIL = date(2025, 12, 31)


@pytest.fixture(scope="module")
def company() -> synthetic.Company:
    """Two years of a company with a season and a level that stays."""
    shares = {"return_share": 0, "anonymous_share": 0, "duplicate_share": 0}
    return synthetic.company(customers=900, seed=31, years=2.0, until=UNTIL, seasonality=0.6, **shares)


@pytest.fixture(scope="module")
def customers(company: synthetic.Company) -> Customers:
    return summarize(read_transactions(company.orders, currency="EUR"), until=UNTIL)


@pytest.fixture(scope="module")
def moving(customers: Customers) -> Fit:
    return fit(mbg_nbd(level=True), customers, draws=300, seed=1, progress=False)


def stacked(moving: Fit, name: str) -> np.ndarray:
    """Draws of a variable, dims (draw, ...)."""
    values = moving.posterior["posterior"][name].to_numpy()
    return np.asarray(values.reshape(-1, *values.shape[2:]))


def test_chains_agree_and_hardly_a_draw_diverges(moving: Fit) -> None:
    summary = moving.to_frame()
    assert summary["r_hat"].astype(float).max() < 1.05
    assert summary[["ess_bulk", "ess_tail"]].astype(float).min().min() > 100
    assert moving.posterior["sample_stats"]["diverging"].mean() <= DIVERGENCE_LIMIT


def test_all_parts_have_a_spread_of_their_own(moving: Fit) -> None:
    season, walk, noise = (stacked(moving, name) for name in ("season_scale", "walk_scale", "noise_scale"))
    assert min(scale.min() for scale in (season, walk, noise)) > 0
    # the data have a season and no more: half-normal priors of .07 and .2 have means of .056 and .16
    assert season.mean() > 0.3
    assert walk.mean() < 0.04 and noise.mean() < 0.08


def test_the_season_that_made_the_data_is_found(company: synthetic.Company, moving: Fit) -> None:
    effects, truth = stacked(moving, "season"), np.log(company.truth.season.to_numpy())
    away = (effects.mean(axis=0) - (truth - truth.mean())) / effects.std(axis=0)
    assert np.abs(away).max() < 3.5
    np.testing.assert_allclose(effects.sum(axis=1), 0, atol=1e-9)


def test_every_month_has_a_pace_around_that_of_the_mean_order(customers: Customers, moving: Fit) -> None:
    pace, clock = stacked(moving, "pace"), LEVEL.over(customers)
    assert moving.posterior["posterior"]["bin"].to_numpy().tolist() == list(clock.effects)
    np.testing.assert_allclose(pace @ clock.share, 0, atol=1e-9)


def test_what_season_and_level_leave_of_the_pace_is_noise(moving: Fit) -> None:
    left = stacked(moving, "pace") - np.tile(stacked(moving, "season"), 2) - stacked(moving, "level")
    ratio = np.sqrt((left**2).mean() / (stacked(moving, "noise_scale") ** 2).mean())
    assert 0.8 < ratio < 1.2


def test_a_fit_keeps_its_level_when_it_is_saved(moving: Fit, tmp_path: Path) -> None:
    found = load(save(moving, tmp_path / "fit"))
    assert isinstance(found, Fit)
    assert found.model == mbg_nbd(level=True)
    assert found.model.title == "MBG/NBD with season and level"
    assert found.posterior.attrs["until"] == moving.posterior.attrs["until"] == "2025-12-31"
    for name in ("season", "level", "pace", "season_scale", "walk_scale", "noise_scale"):
        np.testing.assert_array_equal(found.posterior["posterior"][name], moving.posterior["posterior"][name])
