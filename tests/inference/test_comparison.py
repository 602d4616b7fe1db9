"""Leave-one-customer-out: what compressed rows say is what ArviZ says of every customer by themselves."""

import math
from dataclasses import replace
from datetime import date

import arviz_stats
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from arviz_stats.utils import ELPDDataLOO, ELPDDataLOOSubsample
from scipy.special import gammaln

from clvbayes import models
from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.errors import ArgumentError, DataError
from clvbayes.inference import comparison
from clvbayes.inference.certificate import Certificate, Compression
from clvbayes.inference.comparison import compare, leave_one_out
from clvbayes.inference.fit import Fit, digest_of

CHAINS, PER_CHAIN = 2, 300


def made_up_customers(count: int = 400, seed: int = 5) -> Customers:
    """Some buy twice in whole weeks, so that rows are shared."""
    random = np.random.default_rng(seed)
    x = random.poisson(random.gamma(0.6, 3.0, count))
    T = random.integers(20, 24, count).astype(float)
    t_x = np.where(x > 0, np.maximum(1.0, np.round(T * random.uniform(0.2, 1.0, count))), 0.0)
    frame = pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "monetary_value": random.gamma(4.0, 10.0, count)})
    return Customers.from_frame(frame, unit="week")


def made_up_fit(model, customers: Customers, *, off: float = 0.0, spread: float = 0.05, seed: int = 1) -> Fit:
    """A posterior around the prior's centre, moved by `off`: no sampling."""
    priors = model.priors(customers)
    drawn = np.random.default_rng(seed).normal(priors.mean, spread, (CHAINS, PER_CHAIN, len(priors.mean))) + off
    population = xr.Dataset({"population": (("chain", "draw", "coordinate"), drawn)}, coords={"coordinate": list(priors.coordinates)})
    posterior = xr.DataTree.from_dict({"posterior": population})
    rows = digest_of(model.rows(customers, comparison.assign_cells(customers, ())))
    until = "" if customers.until is None else customers.until.isoformat()
    posterior.attrs = {"unit": customers.unit, "until": until, "spend_level": customers.spend_level, "rows": rows}
    informing = len(model.columns(customers, comparison.assign_cells(customers, ())))
    certificate = Certificate(model.title, Compression(informing, informing, informing, 1), ())
    return Fit(model, priors, (), posterior, certificate, seed)


def log_likelihood_of_nbd(fit: Fit, customers: Customers) -> np.ndarray:
    """Customer by customer, nothing compressed, dims (chain, draw, customer)."""
    log_rate, log_shape = np.moveaxis(fit.posterior["posterior"]["population"].to_numpy(), -1, 0)[..., None]
    r, alpha = np.exp(log_shape), np.exp(log_shape - log_rate)
    x, T = (customers.statistics[name].to_numpy(dtype=float) for name in ("frequency", "T"))
    return gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T)


@pytest.fixture(scope="module")
def customers() -> Customers:
    return made_up_customers()


@pytest.fixture
def every_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "DRAWS", 10 * CHAINS * PER_CHAIN)  # more than there are


def arviz_of_all(fit: Fit, customers: Customers) -> ELPDDataLOO:
    given = {"posterior": fit.posterior["posterior"].to_dataset()}
    given["log_likelihood"] = xr.Dataset({"orders": (("chain", "draw", "customer"), log_likelihood_of_nbd(fit, customers))})
    return arviz_stats.loo(xr.DataTree.from_dict(given), pointwise=True, reff=1.0)


def test_compressed_rows_say_what_arviz_says_of_all_customers(customers, every_draw) -> None:
    fit = made_up_fit(models.nbd(), customers)
    found, expected = leave_one_out(fit, customers, seed=1), arviz_of_all(fit, customers)
    assert type(found) is type(expected)
    assert (found.elpd, found.se, found.p) == pytest.approx((expected.elpd, expected.se, expected.p), rel=1e-9)
    np.testing.assert_allclose(found.elpd_i, expected.elpd_i, rtol=1e-9)
    np.testing.assert_allclose(found.pareto_k, expected.pareto_k, atol=1e-6)
    assert (found.n_samples, found.n_data_points, found.good_k) == (expected.n_samples, expected.n_data_points, expected.good_k)


def test_customers_with_the_same_statistics_are_evaluated_once(customers, monkeypatch) -> None:
    seen = []
    evaluated = comparison._densities
    monkeypatch.setattr(comparison, "_densities", lambda *given: seen.append(len(given[4])) or evaluated(*given))
    leave_one_out(made_up_fit(models.nbd(), customers), customers, seed=1)
    assert seen == [len(customers.statistics[["frequency", "T"]].drop_duplicates())]


def test_some_customers_stand_for_all(customers, every_draw, monkeypatch) -> None:
    fit = made_up_fit(models.nbd(), customers)
    whole = leave_one_out(fit, customers, seed=1)
    monkeypatch.setattr(comparison, "MOST_ROWS", 30)
    found = leave_one_out(fit, customers, seed=1)
    assert isinstance(found, ELPDDataLOOSubsample) and found.n_data_points == len(customers)
    assert abs(found.elpd - whole.elpd) < 4.5 * found.subsampling_se < 0.1 * abs(whole.elpd)
    assert found.se == pytest.approx(whole.se, rel=0.1)
    known = np.flatnonzero(np.isfinite(found.elpd_i))
    assert known.tolist() == found.loo_subsample_observations.tolist() and len(known) == 30
    np.testing.assert_allclose(found.elpd_i[known], whole.elpd_i[known], rtol=1e-9)


def test_the_order_of_customers_changes_nothing_but_their_order(customers) -> None:
    order = np.random.default_rng(0).permutation(len(customers))
    shuffled = replace(customers, statistics=customers.statistics.iloc[order].reset_index(drop=True))
    fit = made_up_fit(models.mbg_nbd(), customers)
    one, other = (leave_one_out(fit, of, seed=1) for of in (customers, shuffled))
    np.testing.assert_array_equal(one.elpd_i.to_numpy()[order], other.elpd_i)
    assert one.elpd == pytest.approx(other.elpd, rel=1e-12)


def test_the_model_that_the_data_come_from_is_the_better_one(customers) -> None:
    """NBD at its prior's centre, which the rate of the base is, and far from it."""
    fits = {"near": made_up_fit(models.nbd(), customers), "far": made_up_fit(models.nbd(), customers, off=1.5)}
    found = compare(fits, customers, seed=1)
    assert found.index.tolist() == ["near", "far"]
    assert float(found.loc["far", "elpd_diff"]) < -5 * float(found.loc["far", "dse"])


def test_subsamples_of_two_models_are_compared_customer_by_customer(customers, monkeypatch) -> None:
    monkeypatch.setattr(comparison, "MOST_ROWS", 30)
    fits = {"near": made_up_fit(models.nbd(), customers), "MBG": made_up_fit(models.mbg_nbd(), customers)}
    one, other = (leave_one_out(fit, customers, seed=4) for fit in fits.values())
    assert one.loo_subsample_observations.tolist() == other.loo_subsample_observations.tolist()
    found = compare(fits, customers, seed=4)
    worse = found.index[1]
    best = one if found.index[0] == "near" else other
    last = other if best is one else one
    assert float(found.loc[worse, "elpd_diff"]) == pytest.approx(last.elpd - best.elpd, abs=3 * float(found.loc[worse, "subsampling_dse"]))
    assert "weight" not in found


def test_one_model_of_few_rows_is_sampled_as_the_other(customers, monkeypatch) -> None:
    """NBD knows no last purchase and has fewer rows; ArviZ would warn of different subsamples, which is an error here."""
    fits = {"NBD": made_up_fit(models.nbd(), customers), "MBG": made_up_fit(models.mbg_nbd(), customers)}
    rows = {name: len(np.unique(leave_one_out(fit, customers, seed=4).elpd_i)) for name, fit in fits.items()}
    monkeypatch.setattr(comparison, "MOST_ROWS", rows["NBD"] + 1)
    assert rows["NBD"] + 1 < rows["MBG"]
    found, whole = compare(fits, customers, seed=4), {name: float(leave_one_out(fit, customers, seed=4).elpd) for name, fit in fits.items()}
    assert found.index.tolist() == sorted(whole, key=whole.get, reverse=True)


def test_one_heavy_customer_is_no_division_by_zero() -> None:
    """Whose density underflows: weights of models, which ArviZ would make of densities, are not told."""
    frame = pd.DataFrame({"frequency": [600, 2, 0], "recency": [99.0, 9.0, 0.0], "T": [100.0, 20.0, 30.0]})
    heavy = Customers.from_frame(frame, unit="week")
    assert len(compare({name: made_up_fit(getattr(models, name)(), heavy) for name in ("nbd", "mbg_nbd")}, heavy, seed=1)) == 2


def test_a_model_with_a_season_is_not_compared_with_one_without(customers) -> None:
    fits = {"season": made_up_fit(models.mbg_nbd(season=True), customers), "steady": made_up_fit(models.mbg_nbd(), customers)}
    with pytest.raises(ArgumentError, match="models with and without a season or a level cannot be compared"):
        compare(fits, customers, seed=1)


@pytest.mark.parametrize("given", [{"a": 1, "b": 2}, {"a": "fit", "b": None}])
def test_what_is_no_fit_is_refused(given, customers) -> None:
    with pytest.raises(ArgumentError, match="a fit and its customers are needed, not"):
        compare(given, customers, seed=1)
    with pytest.raises(ArgumentError, match="a fit and its customers are needed, not Fit and NoneType"):
        leave_one_out(made_up_fit(models.nbd(), customers), None, seed=1)


def test_regular_buyers_are_a_density_of_the_same_gaps(make_dated) -> None:
    """Erlang-1 is MBG/NBD; of Erlang-2 each customer has the terms of their own gaps, though rows do not know them."""
    fits = {k: made_up_fit(models.mbg_cnbd(k=k), make_dated) for k in (1, 2)}
    mbg = made_up_fit(models.mbg_nbd(), make_dated)
    plain, one = (leave_one_out(fit, make_dated, seed=1) for fit in (mbg, fits[1]))
    np.testing.assert_allclose(one.elpd_i, plain.elpd_i, rtol=1e-9)
    with_gaps = leave_one_out(fits[2], make_dated, seed=1)
    longer = replace(make_dated, statistics=make_dated.statistics.assign(log_gaps=make_dated.statistics["log_gaps"] + 0.25))
    np.testing.assert_allclose(leave_one_out(fits[2], longer, seed=1).elpd_i - with_gaps.elpd_i, 0.25, rtol=1e-9)


@pytest.fixture(scope="module")
def make_dated(customers: Customers) -> Customers:
    random = np.random.default_rng(2)
    x, t_x = customers.statistics["frequency"].to_numpy(), customers.statistics["recency"].to_numpy()
    gaps = [np.log(random.dirichlet(np.full(count, 4.0)) * last).sum() if count else 0.0 for count, last in zip(x, t_x, strict=True)]
    return replace(customers, statistics=customers.statistics.assign(log_gaps=gaps))


def test_another_unit_of_time_leaves_differences_between_models_as_they_are(make_dated) -> None:
    days = make_dated.statistics.assign(
        recency=7 * make_dated.statistics["recency"],
        T=7 * make_dated.statistics["T"],
        log_gaps=make_dated.statistics["log_gaps"] + make_dated.statistics["frequency"] * math.log(7),
    )
    daily = replace(make_dated, statistics=days, unit="day")
    apart = []
    for customers in (make_dated, daily):
        fits = [made_up_fit(model, customers) for model in (models.mbg_nbd(), models.mbg_cnbd(k=2))]
        one, other = (leave_one_out(fit, customers, seed=1) for fit in fits)
        apart.append(other.elpd - one.elpd)
    assert apart[0] == pytest.approx(apart[1], rel=1e-6)


def orders_in(currency_per_unit: float) -> Customers:
    """Of single amounts, by day."""
    random = np.random.default_rng(7)
    who, day = random.integers(0, 80, 500), random.integers(0, 700, 500)
    amounts = np.exp(random.normal(3.0 + 0.3 * random.standard_normal(80)[who], 0.5))
    dates = pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")
    frame = pd.DataFrame({"customer_id": [f"C{k}" for k in who], "date": dates, "amount": currency_per_unit * amounts})
    return summarize(read_transactions(frame), until=date(2024, 12, 31))


def test_another_currency_leaves_differences_between_models_of_spend_as_they_are() -> None:
    """Of densities of amounts each amount costs the logarithm of the rate, whatever the model."""
    tables = []
    for rate in (1.0, 100.0):
        customers = orders_in(rate)
        made = (models.gamma_gamma(), models.lognormal(), models.lognormal(frequency_link=True))
        fits = {model.title: made_up_fit(model, customers) for model in made}
        tables.append(compare(fits, customers, seed=1))
        amounts = customers.statistics["spend_count"].sum()
    assert tables[0].index.tolist() == tables[1].index.tolist()
    np.testing.assert_allclose(tables[1]["elpd_diff"].astype(float), tables[0]["elpd_diff"].astype(float), rtol=1e-6)
    np.testing.assert_allclose(tables[0]["elpd"].astype(float) - tables[1]["elpd"].astype(float), amounts * math.log(100), rtol=1e-6)


# refusals -------------------------------------------------------------------------------------------------------------------------------


def test_gaps_that_are_not_known_cannot_be_compared(customers) -> None:
    with pytest.raises(DataError, match="times between orders, which neither an RFM frame nor"):
        leave_one_out(made_up_fit(models.mbg_cnbd(k=2), customers), customers, seed=1)


def test_purchases_are_not_compared_with_amounts(customers) -> None:
    fits = {"orders": made_up_fit(models.nbd(), customers), "money": made_up_fit(models.gamma_gamma(), customers)}
    with pytest.raises(ArgumentError, match="orders is one of the times of orders; money is one of mean amounts"):
        compare(fits, customers, seed=1)


def test_customers_seen_for_no_time_say_nothing() -> None:
    """Their density is one in all draws: one of whom nothing is left out."""
    frame = pd.DataFrame({"frequency": [0, 3, 1, 0], "recency": [0.0, 9.0, 4.0, 0.0], "T": [0.0, 20.0, 10.0, 0.0]})
    seen = Customers.from_frame(frame, unit="week")
    for model in (models.mbg_nbd(), models.pareto_nbd(), models.nbd()):
        found = leave_one_out(made_up_fit(model, seen), seen, seed=1)
        first, *others, last = found.elpd_i.to_numpy()
        # but that MBG/NBD's may leave at once, of which nothing has been seen either
        assert first == last == pytest.approx(0.0, abs=1e-12)
        assert np.isfinite(others).all() and found.pareto_k[0] < found.good_k


def test_opportunities_and_times_are_other_data(customers) -> None:
    frame = customers.statistics.assign(frequency=np.minimum(customers.statistics["frequency"], customers.statistics["recency"]))
    counted = Customers.from_frame(frame[["customer_id", "frequency", "recency", "T"]], unit="week")
    fits = {name: made_up_fit(getattr(models, name)(), counted) for name in ("bg_bb", "nbd")}
    with pytest.raises(ArgumentError, match="bg_bb is one of which opportunities were used; nbd is one of the times of orders"):
        compare(fits, counted, seed=1)
    assert np.isfinite(leave_one_out(fits["bg_bb"], counted, seed=1).elpd)


@pytest.mark.parametrize("fits", [{}, [1, 2], {"one": 1}], ids=["none", "a list", "one"])
def test_fewer_than_two_are_no_comparison(fits, customers) -> None:
    with pytest.raises(ArgumentError, match="at least two fits by name"):
        compare(fits, customers, seed=1)


def test_other_customers_are_refused(customers) -> None:
    fit = made_up_fit(models.nbd(), customers)
    with pytest.raises(ArgumentError, match="400 customers informed the fit, and these are 300"):
        leave_one_out(fit, made_up_customers(300), seed=1)
    with pytest.raises(ArgumentError, match="they have unit of time 'day' and not 'week'"):
        leave_one_out(fit, replace(customers, unit="day"), seed=1)
    with pytest.raises(ArgumentError, match="their statistics, or their segments, are others"):
        leave_one_out(fit, made_up_customers(seed=6), seed=1)


@pytest.mark.parametrize("seed", [-1, 1.5, True])
def test_a_seed_is_a_whole_number(seed, customers) -> None:
    with pytest.raises(ArgumentError, match="seed must be a whole number"):
        leave_one_out(made_up_fit(models.nbd(), customers), customers, seed=seed)
