"""Real fits: few, shared, and each looked at from several sides."""

import json

import arviz_stats
import numpy as np
import pandas as pd
import pytest

from clvbayes import synthetic
from clvbayes.data import Customers
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit, fit
from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.models.hierarchy import assign_cells, cell_coordinates


@pytest.fixture(scope="module")
def cdnow_purchases(cdnow: Customers) -> Fit:
    model = mbg_nbd()
    return fit(model, cdnow, priors=model.priors(cdnow).widened(4.0), draws=500, seed=1, progress=False)


def test_widened_priors_give_the_published_maximum(cdnow_purchases: Fit) -> None:
    r, alpha, a, b = 0.525, 6.183, 0.891, 1.614  # Batislam et al. (2007); log-likelihood -9582.14
    published = np.array([np.log(r / alpha), np.log(r), np.log(a / b), np.log(a + b)])
    draws = cdnow_purchases.posterior["posterior"]["population"]
    mean, sd = draws.mean(("chain", "draw")).to_numpy(), draws.std(("chain", "draw")).to_numpy()
    assert np.all(np.abs(mean - published) < 0.5 * sd)


def test_widened_priors_give_the_published_maximum_of_spend(cdnow: Customers) -> None:
    """The published maximum is of the mean-level likelihood; so is the RFM frame's."""
    repeat = cdnow.statistics[cdnow.statistics["frequency"] > 0]
    rfm = repeat[["customer_id", "frequency", "recency", "T"]].assign(monetary_value=repeat["spend_sum"] / repeat["frequency"])
    customers = Customers.from_frame(rfm, unit="week")
    model = gamma_gamma()
    spend = fit(model, customers, priors=model.priors(customers).widened(4.0), draws=500, seed=1, progress=False)
    p, q, gamma = 6.2496, 3.7442, 15.4435  # Fader & Hardie (2013); log-likelihood -4055.918
    published = np.array([np.log(p * gamma / (q - 1)), -0.5 * np.log(p), -0.5 * np.log(q - 2)])
    draws = spend.posterior["posterior"]["population"]
    mean, sd = draws.mean(("chain", "draw")).to_numpy(), draws.std(("chain", "draw")).to_numpy()
    assert np.all(np.abs(mean - published) < 0.5 * sd)
    assert "mean only" in " ".join(result.message for result in spend.certificate.results)


def test_the_posterior_carries_what_it_came_from(cdnow_purchases: Fit, cdnow: Customers) -> None:
    attributes = cdnow_purchases.posterior.attrs
    assert attributes["seed"] == 1
    assert json.loads(attributes["settings"])["draws"] == 500
    assert json.loads(attributes["priors"])["coordinates"] == list(cdnow_purchases.priors.coordinates)
    assert {"clvbayes", "pymc", "nutpie", "python"} <= set(json.loads(attributes["versions"]))
    assert cdnow_purchases.customers == len(cdnow) == 2357
    assert cdnow_purchases.rows < 1100


def test_arviz_takes_the_posterior(cdnow_purchases: Fit) -> None:
    summary = arviz_stats.summary(cdnow_purchases.posterior, round_to="none")
    assert len(summary) == 4
    assert summary["r_hat"].astype(float).max() < 1.02


def test_the_same_seed_gives_the_same_posterior_and_another_does_not(cdnow_purchases: Fit, cdnow: Customers) -> None:
    again, other = (
        fit(mbg_nbd(), cdnow, priors=cdnow_purchases.priors, draws=500 if seed == 1 else 100, seed=seed, progress=False) for seed in (1, 2)
    )
    draws = cdnow_purchases.posterior["posterior"]["population"].to_numpy()
    np.testing.assert_array_equal(draws, again.posterior["posterior"]["population"].to_numpy())
    assert not np.array_equal(draws[:, :100], other.posterior["posterior"]["population"].to_numpy())


def test_certificates_of_the_company_pass(company_purchases: Fit, company_spend: Fit) -> None:
    for fitted in (company_purchases, company_spend):
        assert fitted.certificate.passed, fitted.certificate.to_frame()


@pytest.mark.parametrize("kind", ["purchases", "spend"])
def test_parameters_of_the_company_are_recovered(
    kind: str, company: synthetic.Company, company_customers: Customers, company_purchases: Fit, company_spend: Fit
) -> None:
    """Posterior z-scores of every cell and coordinate look like standard normals: none far out, few beyond two."""
    fitted = {"purchases": company_purchases, "spend": company_spend}[kind]
    truth: pd.DataFrame = getattr(company.truth, kind)
    by_channel: pd.DataFrame = getattr(company.truth, f"{kind}_by_channel")
    cells = assign_cells(company_customers, fitted.pool)
    draws = cell_coordinates(fitted.posterior["posterior"].to_dataset(), cells, np.arange(4000), seed=0)
    industry, channel = cells.factors
    true = np.stack(
        [
            truth.loc[industry.levels[i], list(fitted.priors.coordinates)]
            + by_channel.loc[channel.levels[c], list(fitted.priors.coordinates)]
            for i, c in zip(industry.level_of_cell, channel.level_of_cell, strict=True)
        ],
        axis=1,
    ).astype(float)
    z = (draws.mean(axis=0) - true) / draws.std(axis=0)
    assert np.abs(z).max() < 4
    assert np.mean(np.abs(z) > 2) < 0.15


def test_small_levels_shrink_to_the_population(company_customers: Customers, company_purchases: Fit) -> None:
    """An industry of a handful of customers gets a wider band than a large one, and an unseen one a wider band still."""
    posterior = company_purchases.posterior["posterior"].to_dataset()
    unseen = Customers(
        statistics=company_customers.statistics.head(2),
        segments=pd.DataFrame({"industry": ["shipping", "retail"], "channel": ["fair", "fair"]}),
        unit=company_customers.unit,
        until=company_customers.until,
    )
    draws = cell_coordinates(posterior, assign_cells(unseen, company_purchases.pool), np.arange(4000), seed=0)
    sd = draws.std(axis=0)
    levels = assign_cells(unseen, company_purchases.pool).factors[0]
    new = int(levels.level_of_cell[list(levels.levels).index("shipping")] == 1)
    known = 1 - new
    assert np.all(sd[:, new] > sd[:, known])


def test_arguments_are_checked_before_anything_runs(cdnow: Customers) -> None:
    with pytest.raises(ArgumentError, match="at least 100 draws"):
        fit(mbg_nbd(), cdnow, draws=10, seed=1)
    with pytest.raises(ArgumentError, match="seed"):
        fit(mbg_nbd(), cdnow, seed=-1)
    with pytest.raises(ArgumentError, match="'industry', which is no segment"):
        fit(mbg_nbd(), cdnow, pool=("industry",), seed=1)
    with pytest.raises(ArgumentError, match="has the coordinates"):
        fit(mbg_nbd(), cdnow, priors=gamma_gamma().priors(cdnow), seed=1)
