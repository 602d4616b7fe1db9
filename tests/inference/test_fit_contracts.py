"""Real fits of contracts: few, shared, and each looked at from several sides."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_contracts import COHORTS, UNTIL, cohort, make_book, of_cells, published

from clvbayes import synthetic
from clvbayes.data import Customers, Renewals, read_contracts, summarize
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit, fit
from clvbayes.inference.kept import fit_key
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import Pilot, learn_spreads
from clvbayes.models import beta_discrete_weibull, mbg_nbd, renewal_change
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import Cells, assign_cells, cell_coordinates
from clvbayes.storage import load, save

Truth = dict[str, pd.DataFrame]


def pilot_of(renewals: Renewals, pool: tuple[str, ...] = ("segment", "term_months")) -> tuple[Pilot, Cells]:
    model, cells = beta_discrete_weibull(), assign_cells(renewals, pool)
    of_rows = Likelihood(model, model.rows(renewals, cells), cells.count, STEADY)
    return learn_spreads(of_rows, cells, model.priors(renewals)), cells


def test_certificates_of_contracts_pass(book: Renewals, book_renewals: Fit, company_renewals: Renewals, company_changes: Fit) -> None:
    for fitted in (book_renewals, company_changes):
        assert fitted.certificate.passed, fitted.certificate.to_frame()
        rows = next(result.message for result in fitted.certificate.results if result.check == "Rows")
        assert "contracts in" in rows and "customers" not in rows
    statistics = book.statistics
    assert book_renewals.customers == (statistics["survived"] + statistics["churned"] > statistics["entry"]).sum()
    assert company_changes.customers == company_renewals.changes["stretch"].nunique()
    assert book_renewals.rows < 300 and company_changes.rows <= 15


def test_parameters_of_the_book_are_recovered(book: Renewals, book_renewals: Fit, book_truth: Truth) -> None:
    cells = assign_cells(book, book_renewals.pool)
    draws = cell_coordinates(book_renewals.posterior["posterior"].to_dataset(), cells, np.arange(4000), seed=1)
    z = (of_cells(book_truth, cells) - draws.mean(axis=0)) / draws.std(axis=0)
    assert np.abs(z).max() < 3.5 and (np.abs(z) > 2).mean() < 0.2, z


def test_retention_of_the_book_is_recovered_where_it_was_seen(book: Renewals, book_renewals: Fit, book_truth: Truth) -> None:
    """Bands of 95 % of each cell's first three renewals hold what the truth says."""
    cells = assign_cells(book, book_renewals.pool)
    draws = cell_coordinates(book_renewals.posterior["posterior"].to_dataset(), cells, np.arange(4000), seed=1)
    model, inside = beta_discrete_weibull(), []
    for decision in (1, 2, 3):
        low, high = np.quantile(model.retention(draws.swapaxes(0, 1), decision), [0.025, 0.975], axis=0)
        truth = model.retention(of_cells(book_truth, cells), decision)
        inside += list((low <= truth) & (truth <= high))
    assert np.mean(inside) > 0.8


def test_to_ignore_late_entry_is_to_see_too_little_churn(book: Renewals, book_truth: Truth) -> None:
    """Survivors of years that nobody saw, taken for newcomers: the first churn comes out five standard deviations low."""
    truth = of_cells(book_truth, assign_cells(book, ("segment", "term_months")))[0]
    ignored = Renewals(book.statistics.assign(entry=0), book.segments, book.until)
    for renewals, low, high in ((book, -1.5, 1.5), (ignored, -9.0, -2.0)):
        pilot, cells = pilot_of(renewals)
        z = (pilot.mode[0] - truth) / pilot.sd(beta_discrete_weibull().priors(renewals), cells)[0]
        assert low < z.mean() < high
    assert np.abs(pilot.mode[0] - truth).max() > 0.3


def test_to_count_notices_before_their_day_is_to_see_too_much_churn() -> None:
    """Yearly contracts, a fifth of which is not renewed, say so on any day of their last term. Before its end they are known, and those who
    will stay are not: counted at once, churn comes out a tenth too high."""
    rng = np.random.default_rng(5)
    place = pd.DataFrame([[np.log(0.2 / 0.8), 3.0, 0.0]], columns=["logit_churn", "log_concentration", "log_c"])
    truth = {"segment": place.set_axis(["a"]), "term_months": 0.0 * place.set_axis([12])}
    terms = make_book(20_000, truth, rng, years=4.0)
    last = terms.groupby("contract_id")["end"].transform("max") == terms["end"]
    # who will leave at the end of a running term is drawn here: the book ends with it
    leaves = last & ((terms["end"] < pd.Timestamp(UNTIL)) | (rng.random(len(terms)) < 0.2))
    told = terms["end"] - pd.to_timedelta(np.floor(rng.random(len(terms)) * 365), unit="D")
    table = read_contracts(terms.assign(told=told.where(leaves & (told <= pd.Timestamp(UNTIL)))), cancelled_on="told")
    known = summarize(table, until=UNTIL)
    notice = known.statistics["status"] == "notice"
    assert 0.05 < notice.sum() / known.running.sum() < 0.15
    at_once = Renewals(known.statistics.assign(churned=known.statistics["churned"] + notice), known.segments, known.until)
    shares = {}
    for name, renewals in (("right", known), ("at once", at_once)):
        pilot, _ = pilot_of(renewals, pool=())
        shares[name] = 1 / (1 + np.exp(-pilot.mode[0, 0]))
    assert shares["right"] == pytest.approx(0.2, abs=0.008)
    assert shares["at once"] > 0.212


@pytest.fixture(scope="module")
def high_end() -> Fit:
    return fit(beta_discrete_weibull(), Renewals.from_frame(published("High-end", 4)), seed=1, progress=False)


def test_four_renewals_of_the_high_end_hold_the_twelfth_year_in_their_band(high_end: Fit) -> None:
    draws = high_end.posterior["posterior"]["population"].stack(sample=("chain", "draw")).transpose("coordinate", "sample").to_numpy()
    low, high = np.quantile(high_end.model.survival(draws, 0, 12), [0.05, 0.95])
    assert low < COHORTS["High-end"][12] / 1000 < high
    assert high - low < 0.15


def test_the_certificate_says_when_renewals_are_too_few_for_the_shape(high_end: Fit, book_renewals: Fit) -> None:
    def observed(of: Fit) -> tuple[str, str]:
        return next((result.status, result.message) for result in of.certificate.results if result.check == "Renewals observed")

    assert observed(high_end) == ("ok", "At least 20 contracts faced each of 4 renewals in their lives.")
    assert observed(book_renewals)[0] == "ok"
    three = fit(beta_discrete_weibull(), Renewals.from_frame(cohort(COHORTS["High-end"][:4])), draws=100, chains=2, seed=1, progress=False)
    status, message = observed(three)
    assert status == "note" and message.startswith("At least 20 contracts faced each of 3 renewals in their lives (limit 4): whether")


def test_the_posterior_knows_what_it_came_from(book: Renewals, book_renewals: Fit) -> None:
    attributes = book_renewals.posterior.attrs
    assert json.loads(attributes["priors"])["mean"] == [-0.8, np.log(4), 0.1]
    assert (attributes["until"], attributes["unit"], attributes["terminated"]) == (UNTIL.isoformat(), "renewal", 0.0)
    assert attributes["exposure"] == pytest.approx(book.statistics["exposure"].sum())
    shape, rate = book_renewals.model.terminations(attributes)
    assert (shape, rate) == (0.5, 250 + attributes["exposure"])


def test_changes_of_the_company_are_recovered(company: synthetic.Company, company_renewals: Renewals, company_changes: Fit) -> None:
    truth = {"term_months": company.truth.contracts.changes_by_term, "industry": company.truth.contracts.changes}
    cells = assign_cells(company_renewals, company_changes.pool)
    draws = cell_coordinates(company_changes.posterior["posterior"].to_dataset(), cells, np.arange(4000), seed=1)
    z = (of_cells(truth, cells) - draws.mean(axis=0)) / draws.std(axis=0)
    assert np.abs(z).max() < 3.5 and (np.abs(z) > 2).mean() < 0.2, z


def test_fits_of_contracts_come_back_as_they_were(book_renewals: Fit, company_changes: Fit, tmp_path: Path) -> None:
    for k, fitted in enumerate((book_renewals, company_changes)):
        again = load(save(fitted, tmp_path / str(k)))
        assert isinstance(again, Fit)
        assert (again.model, again.priors, again.pool, again.certificate) == (
            fitted.model,
            fitted.priors,
            fitted.pool,
            fitted.certificate,
        )
        assert again.posterior.attrs == fitted.posterior.attrs
        for name, draws in fitted.posterior["posterior"].data_vars.items():
            np.testing.assert_array_equal(again.posterior["posterior"][name], draws)
    by_year = renewal_change(indexation={2024: 0.05, 2025: 0.02}, fade=3)
    assert renewal_change(**json.loads(json.dumps(by_year.options))) == by_year


def test_a_fits_key_knows_its_contracts(book: Renewals) -> None:
    settings = {"pool": ("segment",), "seed": 1}
    key = fit_key(beta_discrete_weibull(), book, settings)
    assert key == fit_key(beta_discrete_weibull(), book, settings)
    others = [
        fit_key(beta_discrete_weibull(c=1.0), book, settings),
        fit_key(renewal_change(), book, settings),
        fit_key(renewal_change(fade=3), book, settings),
        fit_key(beta_discrete_weibull(), Renewals(book.statistics.assign(entry=0), book.segments, book.until), settings),
    ]
    assert len({key, *others}) == 5


def test_the_wrong_statistics_and_columns_are_refused(book: Renewals, cdnow: Customers) -> None:
    for model, statistics, said in (
        (
            beta_discrete_weibull(),
            cdnow,
            "beta_discrete_weibull is a model of contracts: give it what clv.summarize(clv.read_contracts(...))",
        ),
        (renewal_change(), cdnow, "renewal_change is a model of contracts"),
        (mbg_nbd(), book, "mbg_nbd is a model of customers: give it what clv.summarize(clv.read_transactions(...)) returns, not Renewals"),
    ):
        with pytest.raises(ArgumentError) as refusal:
            fit(model, statistics, seed=1, progress=False)
        assert said in str(refusal.value)
    said = "pool names 'industry', which is no segment of these contracts; they have 'segment', 'term_months'"
    with pytest.raises(ArgumentError, match=said):
        fit(beta_discrete_weibull(), book, pool=("industry",), seed=1, progress=False)


def test_who_left_last_month_tells_churn_by_age() -> None:
    """A snapshot, as of a provider's customers: of each age t all that is known is who left at the t-th renewal."""
    rng, model, place = np.random.default_rng(8), beta_discrete_weibull(), np.array([-1.5, 0.7, 0.1])
    age = rng.integers(1, 40, 60_000)
    left = rng.random(len(age)) > model.retention(place, age)
    snapshot = Renewals.from_frame(pd.DataFrame({"entry": age - 1, "survived": age - left, "churned": left.astype(int)}))
    assert (snapshot.life_table()["faced"].sum(), len(snapshot)) == (60_000, 60_000)
    pilot, cells = pilot_of(snapshot, pool=())
    assert (np.abs(pilot.mode[:, 0] - place) < 3.5 * pilot.sd(model.priors(snapshot), cells)[:, 0]).all()
    since_birth = Renewals(snapshot.statistics.assign(entry=0), snapshot.segments)
    assert pilot_of(since_birth, pool=())[0].mode[0, 0] < place[0] - 0.5


def test_since_and_until_are_those_of_the_book(book: Renewals) -> None:
    assert (book.since, book.until) == (date(2022, 6, 30), UNTIL)
    assert (book.statistics["entry"] > 0).mean() > 0.15
