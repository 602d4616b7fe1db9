"""Real fits: few, shared, and each looked at from several sides."""

import json
import re
from dataclasses import replace

import arviz_stats
import numpy as np
import nutpie
import pandas as pd
import pytest
import xarray as xr
from made_up_statistics import made_up_customers

from clvbayes import synthetic
from clvbayes.data import Customers
from clvbayes.errors import ArgumentError, DataError
from clvbayes.inference import Fit, fit, strategy
from clvbayes.inference.weighing import Weighing
from clvbayes.models import Priors, gamma_gamma, mbg_nbd
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


def test_a_plain_session_shows_what_was_fitted_and_whether_it_holds(cdnow_purchases: Fit) -> None:
    sound = replace(cdnow_purchases, certificate=replace(cdnow_purchases.certificate, results=()))
    assert repr(sound) == "Fit of MBG/NBD, 2,357 customers: all checks passed"
    results = tuple(replace(result, status="failed") for result in cdnow_purchases.certificate.results[:2])
    failed = replace(sound, certificate=replace(sound.certificate, results=results))
    assert repr(failed).endswith(": failed: R-hat, Effective sample size; .certificate says what to do")


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
    with pytest.raises(ArgumentError, match="method must be one of auto, exact, coreset, not 'fast'"):
        fit(mbg_nbd(), cdnow, seed=1, method="fast")
    with pytest.raises(ArgumentError, match="has the coordinates"):
        fit(mbg_nbd(), cdnow, priors=gamma_gamma().priors(cdnow), seed=1)


# exact rows and coresets ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uneven() -> Customers:
    """Segments of 20,000, 3,000 and 3 customers."""
    return made_up_customers({"huge": 20_000, "middling": 3_000, "tiny": 3}, seed=4)


@pytest.fixture(scope="module")
def by_coreset(uneven: Customers) -> Fit:
    return fit(mbg_nbd(), uneven, pool=("segment",), seed=1, progress=False)


@pytest.fixture(scope="module")
def by_all_rows(uneven: Customers) -> Fit:
    return fit(mbg_nbd(), uneven, pool=("segment",), draws=500, seed=2, method="exact", progress=False)


def test_many_rows_are_sampled_as_few(by_coreset: Fit, by_all_rows: Fit, uneven: Customers) -> None:
    found = by_coreset.certificate.compression
    assert found.customers == len(uneven) and found.exact_rows > strategy.EXACT_UP_TO > 2 * found.rows
    assert found.effective_share is not None and found.effective_share > 0.99
    assert found.k_hat is not None and found.k_hat_limit is not None and found.k_hat < found.k_hat_limit
    assert found.exact_passes > 500
    assert by_coreset.certificate.passed, by_coreset.certificate.to_frame()
    exact = by_all_rows.certificate.compression
    assert exact.rows == exact.exact_rows == found.exact_rows and exact.k_hat is None


def test_the_coresets_posterior_is_the_exact_one(by_coreset: Fit, by_all_rows: Fit) -> None:
    """Means within the Monte Carlo error of both, and standard deviations alike, in all parameters: also those of three customers."""
    one, other = (fitted.to_frame().astype(float) for fitted in (by_coreset, by_all_rows))
    z = (one["mean"] - other["mean"]) / np.hypot(one["mcse_mean"], other["mcse_mean"])
    assert z.notna().all()
    assert np.abs(z).max() < 4.5
    assert np.sqrt(np.mean(z**2)) < 2
    np.testing.assert_allclose(one["sd"], other["sd"], rtol=0.2)


def test_levels_of_three_and_of_many_customers_sample_well_together(by_coreset: Fit) -> None:
    summary = by_coreset.to_frame().astype(float)
    assert summary["ess_bulk"].min() > 500
    assert float(by_coreset.posterior["sample_stats"]["n_steps"].mean()) < 16


def test_a_second_fit_of_the_same_shape_compiles_nothing(by_coreset: Fit, uneven: Customers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other customers, other priors and another number of rows run on the code that is there."""

    def refuse(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(strategy, "_COMPILED", dict(strategy._COMPILED))
    monkeypatch.setattr(strategy, "compile_density", refuse)
    monkeypatch.setattr("clvbayes.inference.likelihood.compile_graph", refuse)
    others = made_up_customers({"huge": 16_000, "middling": 5_000, "tiny": 30}, seed=5)
    again = fit(
        mbg_nbd(), others, pool=("segment",), priors=mbg_nbd().priors(uneven).widened(2.0), draws=100, chains=2, seed=1, progress=False
    )
    assert again.certificate.compression.exact_rows != by_coreset.certificate.compression.exact_rows
    strategy._COMPILED.clear()
    with pytest.raises(AssertionError, match="compiled again"):
        fit(mbg_nbd(), uneven, draws=100, chains=2, seed=1, progress=False)


def test_the_order_of_customers_changes_no_byte(by_coreset: Fit, uneven: Customers) -> None:
    order = np.random.default_rng(1).permutation(len(uneven))
    shuffled = Customers(
        uneven.statistics.iloc[order].reset_index(drop=True), uneven.segments.iloc[order].reset_index(drop=True), uneven.unit
    )
    again = fit(mbg_nbd(), shuffled, pool=("segment",), seed=1, progress=False)
    one, other = (fitted.posterior["posterior"]["segment_level"].to_numpy() for fitted in (by_coreset, again))
    np.testing.assert_array_equal(one, other)


def breaking() -> Customers:
    """A coreset of so few rows cannot hold this: accounts of a thousand orders, a segment of five, one day to ten years."""
    rng = np.random.default_rng(6)
    T = np.concatenate([np.full(3000, 1 / 7), rng.uniform(1, 520, 12_000)])
    x = np.concatenate([np.zeros(3000), rng.poisson(rng.choice([0.5, 3.0, 1000.0], 12_000, p=[0.5, 0.4, 0.1]))]).astype(int)
    t_x = np.where(x > 0, np.maximum(np.round(T * rng.uniform(0.2, 1, len(T)) * 7) / 7, 1 / 7), 0.0)
    segment = np.where(np.arange(len(T)) < 5, "five", np.where(np.arange(len(T)) % 2, "odd", "even"))
    frame = pd.DataFrame({"frequency": x, "recency": np.minimum(t_x, T), "T": T, "segment": segment})
    return Customers.from_frame(frame, unit="week", segments=["segment"])


def test_a_base_that_a_coreset_cannot_hold_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no bins: "coreset" fails its certificate, "auto" takes all rows and says why."""
    for name, value in {"ROWS_A_CELL": 1, "FEWEST_A_CELL": 1, "FEWEST": 6, "MORE_BINS": 1}.items():
        monkeypatch.setattr(strategy, name, value)
    customers = breaking()
    failed = fit(mbg_nbd(), customers, pool=("segment",), draws=200, chains=2, seed=1, method="coreset", progress=False)
    result = next(result for result in failed.certificate.results if result.check == "Rows")
    assert result.status == "failed" and not failed.certificate.passed
    fallen_back = fit(mbg_nbd(), customers, pool=("segment",), draws=100, chains=2, seed=1, progress=False).certificate.compression
    assert fallen_back.rows == fallen_back.exact_rows and fallen_back.remark


def test_where_no_coreset_holds_all_rows_are_sampled_after_saying_how_long(
    uneven: Customers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(strategy, "weigh", lambda *_: Weighing(np.zeros(200), k_hat=0.2, k_hat_limit=0.6, effective_share=0.1))
    found = fit(mbg_nbd(), uneven, pool=("segment",), draws=100, chains=2, seed=1, progress=True).certificate.compression
    assert found.rows == found.exact_rows and found.effective_share is None
    assert found.remark.count("did not hold: effective share 0.10, k-hat 0.20") == strategy.ATTEMPTS
    assert re.search(r"Sampling all 11,388 rows will take some [0-9,]+ (seconds|minutes)", capsys.readouterr().err)


def test_draws_are_resampled_by_their_weights() -> None:
    """Draws of each chain in proportion to their weights: the mean becomes the weighted one."""
    rng = np.random.default_rng(8)
    values = rng.normal(size=(2, 5000))
    log_weights = rng.normal(0, 0.3, (2, 5000)) + values
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"population": (("chain", "draw"), values)}, coords={"chain": [0, 1], "draw": np.arange(5000)}),
            "sample_stats": xr.Dataset({"diverging": (("chain", "draw"), values > 3)}),
        }
    )
    drawn = strategy._resampled(tree, log_weights.ravel(), seed=1)
    weights = np.exp(log_weights)
    expected = (weights * values).sum(axis=1) / weights.sum(axis=1)
    assert expected.min() > 0.8
    np.testing.assert_allclose(drawn["posterior"]["population"].mean("draw"), expected, atol=0.06)
    assert np.isin(drawn["posterior"]["population"][0], values[0]).all()
    assert drawn["posterior"]["draw"].to_numpy().tolist() == list(range(5000))
    np.testing.assert_array_equal(drawn["sample_stats"]["diverging"], values > 3)


def test_uneven_weights_are_resampled_and_the_certificate_says_so(uneven: Customers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "USED_AS_IS", 1.0)
    found = fit(mbg_nbd(), uneven, pool=("segment",), draws=100, chains=2, seed=1, progress=False)
    assert found.certificate.compression.resampled
    assert "resampled" in next(result.message for result in found.certificate.results if result.check == "Rows")


def test_spend_of_many_rows_is_sampled_as_few(uneven: Customers) -> None:
    found = fit(gamma_gamma(), uneven, pool=("segment",), draws=500, seed=1, progress=False).certificate.compression
    assert found.rows < found.exact_rows / 2 and found.effective_share is not None and found.effective_share > 0.99
    assert found.customers == (uneven.statistics["frequency"] > 0).sum()


def test_a_segment_without_spenders_and_a_factor_of_one_level_are_fitted() -> None:
    """Nobody in one segment has repeated, and all customers share the other column's only level."""
    base = made_up_customers({"many": 400, "more": 300, "nobody": 20}, seed=9)
    silent = base.segments["segment"] == "nobody"
    columns = ["frequency", "recency", "spend_count", "spend_sum"]
    statistics = base.statistics.assign(**{name: base.statistics[name].where(~silent, 0) for name in columns})
    customers = Customers(statistics, base.segments.assign(only="one"), base.unit, spend_level="mean")
    for model in (mbg_nbd(), gamma_gamma()):
        found = fit(model, customers, pool=("segment", "only"), draws=100, chains=2, seed=1, progress=False)
        posterior = found.posterior["posterior"]
        assert list(posterior["segment"].to_numpy()) == ["many", "more", "nobody"]
        assert np.all(posterior["only_effect"] == 0)
        sd = posterior["segment_level"].std(("chain", "draw"))
        assert np.all(sd.sel(segment="nobody") > sd.sel(segment="many"))


def test_nobody_to_learn_from_is_refused(uneven: Customers) -> None:
    statistics = uneven.statistics.assign(spend_count=0, spend_sum=0.0)
    customers = Customers(statistics, uneven.segments, uneven.unit, spend_level="mean")
    for method in ("auto", "exact", "coreset"):
        with pytest.raises(DataError, match="no customer informs Gamma-Gamma"):
            fit(gamma_gamma(), customers, priors=gamma_gamma().priors(uneven), seed=1, method=method)


def test_frozen_priors_are_used_whatever_the_rows(uneven: Customers) -> None:
    """A prior that knows everything leaves the data nothing to say."""
    certain = Priors(mbg_nbd().coordinates, mean=(-2.0, 0.5, -1.0, 1.0), sd=(1e-4,) * 4, scale=(1e-4,) * 4)
    draws = fit(mbg_nbd(), uneven, priors=certain, draws=100, chains=2, seed=1, progress=False).posterior["posterior"]["population"]
    np.testing.assert_allclose(draws.mean(("chain", "draw")), certain.mean, atol=0.01)


def test_what_a_person_interrupts_is_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """nutpie returns the draws it has, as if they were those that were asked for."""
    whole = nutpie.sample

    def interrupted(*given, **options) -> xr.DataTree:
        return xr.DataTree.from_dict({name: group.to_dataset().isel(draw=slice(40)) for name, group in whole(*given, **options).items()})

    monkeypatch.setattr(nutpie, "sample", interrupted)
    with pytest.raises(KeyboardInterrupt, match="the sampler was interrupted"):
        fit(mbg_nbd(), made_up_customers({"all": 300}, seed=1), draws=100, chains=2, seed=1, progress=False)
