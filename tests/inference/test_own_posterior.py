"""Draws of one's own, taken back into a fit: certified anew, and refused where they are draws of something else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from clvbayes.data import Customers, Renewals
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit, fit
from clvbayes.models import mbg_nbd


@pytest.fixture(scope="module")
def customers() -> Customers:
    rfm = {"frequency": [2, 0, 5, 1], "recency": [30.4, 0.0, 36.1, 4.0], "T": [38.9, 38.9, 37.0, 39.0], "land": ["a", "b", "a", "b"]}
    return Customers.from_frame(pd.DataFrame(rfm), unit="week", segments=["land"])


@pytest.fixture(scope="module")
def usual(customers: Customers) -> Fit:
    return fit(mbg_nbd(), customers, pool=["land"], draws=200, chains=2, seed=1, progress=False)


def with_draws(posterior: xr.DataTree, draws: xr.Dataset) -> xr.DataTree:
    return xr.DataTree.from_dict({"posterior": draws, "sample_stats": posterior["sample_stats"].to_dataset()})


def test_its_own_draws_come_back_as_they_were(usual: Fit, customers: Customers) -> None:
    again = usual.with_posterior(usual.posterior, customers)
    pd.testing.assert_frame_equal(again.to_frame(), usual.to_frame())
    assert [found.message for found in again.certificate.results] == [found.message for found in usual.certificate.results]


def test_what_the_changed_model_has_besides_is_kept_and_certified(usual: Fit, customers: Customers) -> None:
    draws = usual.posterior["posterior"].to_dataset()
    stuck = xr.DataArray(np.repeat([[0.0], [1.0]], draws.sizes["draw"], axis=1), dims=("chain", "draw"))
    jitter = 0.01 * np.random.default_rng(1).standard_normal(stuck.shape)
    found = usual.with_posterior(with_draws(usual.posterior, draws.assign(own=stuck + jitter, land_free=draws["land_level"])), customers)
    assert "own" in found.posterior["posterior"] and "land_free" not in found.posterior["posterior"]
    [rhat] = [check for check in found.certificate.results if check.check == "R-hat"]
    assert rhat.status == "failed" and "at own" in rhat.message


def test_its_certificate_is_that_of_these_draws(usual: Fit, customers: Customers) -> None:
    statistics = usual.posterior["sample_stats"].to_dataset()
    diverged = xr.DataTree.from_dict(
        {"posterior": usual.posterior["posterior"].to_dataset(), "sample_stats": xr.full_like(statistics, 1).astype(bool)}
    )
    assert not usual.with_posterior(diverged, customers).certificate.passed


def test_draws_of_something_else_are_refused(usual: Fit, customers: Customers) -> None:
    draws = usual.posterior["posterior"].to_dataset()
    with pytest.raises(ArgumentError, match="a DataTree with the groups posterior and sample_stats"):
        usual.with_posterior(usual.posterior["posterior"].to_dataset(), customers)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="the posterior lacks population"):
        usual.with_posterior(with_draws(usual.posterior, draws.drop_vars("population")), customers)
    with pytest.raises(ArgumentError, match="has other labels of land than the fit: b, a"):
        usual.with_posterior(with_draws(usual.posterior, draws.assign_coords(land=["b", "a"])), customers)
    with pytest.raises(ArgumentError, match="at least 100 draws and 2 chains, not 50 and 2"):
        usual.with_posterior(usual.posterior.isel(draw=slice(50)), customers)


def test_other_customers_are_refused(usual: Fit, customers: Customers) -> None:
    half = replace(customers, statistics=customers.statistics.iloc[:2], segments=customers.segments.iloc[:2])
    with pytest.raises(ArgumentError, match="not the customers"):
        usual.with_posterior(usual.posterior, half)
    contracts = Renewals.from_frame(pd.DataFrame({"survived": [0, 1], "churned": [1, 0]}))
    with pytest.raises(ArgumentError, match=r"mbg_nbd is a model of customers: .* returns, not Renewals"):
        usual.with_posterior(usual.posterior, contracts)
