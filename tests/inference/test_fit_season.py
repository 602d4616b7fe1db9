"""A real fit with a season: it finds the season that made the data, and what follows from it runs by the same clock."""

from datetime import date

import numpy as np
import pytest
from valuation.made_up_fits import made_up_fit

from clvbayes import synthetic
from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.inference import Fit, fit
from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.valuation import Economics, Valuation, value

UNTIL = date(2025, 12, 31)


@pytest.fixture(scope="module")
def company() -> synthetic.Company:
    shares = {"return_share": 0, "anonymous_share": 0, "duplicate_share": 0}
    return synthetic.company(customers=900, seed=31, until=UNTIL, seasonality=0.6, **shares)


@pytest.fixture(scope="module")
def customers(company: synthetic.Company) -> Customers:
    return summarize(read_transactions(company.orders, currency="EUR"), until=UNTIL)


@pytest.fixture(scope="module")
def seasonal(customers: Customers) -> Fit:
    return fit(mbg_nbd(season=True), customers, draws=300, seed=1, method="coreset", progress=False)


@pytest.fixture(scope="module")
def valuation(customers: Customers, seasonal: Fit) -> Valuation:
    spend = made_up_fit(gamma_gamma(), customers, pool=())
    return value(seasonal, spend, customers, Economics(0.35, 0.09, 2), newcomers=False, draws=400, seed=1, progress=False)


def test_the_season_that_made_the_data_is_found(company: synthetic.Company, seasonal: Fit) -> None:
    effects = seasonal.posterior["posterior"]["season"].stack(sample=("chain", "draw")).transpose("sample", "month").to_numpy()
    truth = np.log(company.truth.season.to_numpy())
    away = (effects.mean(axis=0) - (truth - truth.mean())) / effects.std(axis=0)
    assert np.abs(away).max() < 3.5
    np.testing.assert_allclose(effects.sum(axis=1), 0, atol=1e-9)


def test_a_coreset_with_its_months_holds(seasonal: Fit) -> None:
    compression = seasonal.certificate.compression
    assert compression.rows < compression.exact_rows
    assert compression.effective_share > 0.95
    assert compression.k_hat < compression.k_hat_limit
    assert compression.modes_agree


def test_the_simulation_agrees_with_closed_forms_that_know_the_season(valuation: Valuation) -> None:
    assert [check.check for check in valuation.checks] == ["Simulation", "Sums"]
    assert valuation.passed


def test_good_quarters_are_foreseen_as_good_and_bad_ones_as_bad(company: synthetic.Company, valuation: Valuation) -> None:
    """Of eight quarters, each year's last one is the best and its second one the worst, as in the truth."""
    orders = valuation.total.sel(component="orders").mean("draw").to_numpy().reshape(2, 4)
    pace = company.truth.season.to_numpy().reshape(4, 3).mean(axis=1)
    assert orders.argmax(axis=1).tolist() == [int(pace.argmax())] * 2
    assert orders.argmin(axis=1).tolist() == [int(pace.argmin())] * 2
    assert (orders[:, 3] > 1.5 * orders[:, 1]).all()


def test_a_fit_keeps_its_season_when_it_is_saved(seasonal: Fit, tmp_path) -> None:
    from clvbayes.storage import load, save

    found = load(save(seasonal, tmp_path / "fit"))
    assert found.model == mbg_nbd(season=True)
    assert found.model.title == "MBG/NBD with season"
    np.testing.assert_array_equal(found.posterior["posterior"]["season"], seasonal.posterior["posterior"]["season"])
