"""What past forecasts of contracts missed moves all contracts at once: totals by as much as it says, and everything still adds up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from valuation.made_up_books import made_up_contract_fit, made_up_renewals, made_up_terms

from clvbayes.errors import ArgumentError
from clvbayes.grading.contract_discrepancy import learn_from_contracts
from clvbayes.grading.discrepancy import learn_from
from clvbayes.models import beta_discrete_weibull, renewal_change
from clvbayes.valuation import ContractDiscrepancy, Economics, Valuation, value

ECONOMICS = Economics(margin=0.5, discount_rate=0.08, horizon=3)
A_YEAR = 4.0  # of quarters
DRAWS = 400
OF_TWO_YEARS = made_up_terms(600, customers=400).query("term_months == 24")
EVIDENCE = learn_from_contracts(pd.DataFrame(), draws=100, seed=1).evidence
OF_ORDERS = learn_from(pd.DataFrame(), draws=100, seed=1)


@pytest.fixture(scope="module")
def renewals():
    return made_up_renewals(made_up_terms(600, customers=400))


@pytest.fixture(scope="module")
def fits(renewals):
    return made_up_contract_fit(beta_discrete_weibull(), renewals), made_up_contract_fit(renewal_change(), renewals)


def missed(size: float = 0.0, amount: float = 0.0, growth: float = 0.0, *, sd: float = 0.0, amount_sd: float = 0.0) -> ContractDiscrepancy:
    luck = np.random.default_rng(4).standard_normal(DRAWS)
    shared = {"size": size + sd * luck, "growth": np.full(DRAWS, growth), "amount": amount - amount_sd * luck}
    return ContractDiscrepancy(xr.Dataset({name: ("draw", values) for name, values in shared.items()}), EVIDENCE)


def valued(fits, renewals, discrepancy: ContractDiscrepancy | None = None, **options) -> Valuation:
    return value(
        *(None, None, None, ECONOMICS),
        contracts=(*fits, renewals),
        contract_discrepancy=discrepancy,
        **{"draws": DRAWS, "seed": 1, "progress": False} | options,
    )


def lost_in_a_year(valuation: Valuation) -> float:
    """Contracts, all of one amount."""
    return -float(valuation.contracts.bridge.sel(item="churn").sum("term").mean())


@pytest.fixture(scope="module")
def alike(renewals):
    """Each contract costs as much, so that what is lost is a number of contracts."""
    return replace(renewals, statistics=renewals.statistics.assign(monthly_amount=1.0))


@pytest.fixture(scope="module")
def plain(fits, renewals):
    return valued(fits, renewals)


@pytest.mark.parametrize(("size", "growth"), [(0.2, 0.0), (-0.2, 0.0), (0.1, 0.5), (0.4, -0.5)])
def test_as_many_more_are_lost_in_a_year_as_it_says(size, growth, fits, alike) -> None:
    before, after = (lost_in_a_year(valued(fits, alike, found)) for found in (None, missed(size, growth=growth)))
    assert np.log(after / before) == pytest.approx(size * A_YEAR**growth, abs=0.03)


def test_what_recurs_of_the_others_is_off_by_as_much_as_it_says(fits, alike) -> None:
    """And nothing else moves: who leaves, and what there was before expansion."""
    before, after = valued(fits, alike).contracts, valued(fits, alike, missed(amount=0.05)).contracts
    with_notice = alike.statistics.loc[alike.running, "status"].eq("notice").to_numpy()
    assert 0 < with_notice.mean() < 0.2
    assert float(np.log(after.year_ahead.mean() / before.year_ahead.mean())) == pytest.approx(0.05, abs=0.003)
    np.testing.assert_allclose(after.gross_retention, before.gross_retention, rtol=1e-12)
    for item in ("today", "churn", "contraction"):
        np.testing.assert_allclose(after.bridge.sel(item=item), before.bridge.sel(item=item), rtol=1e-12)


def test_what_is_nothing_on_average_widens_bands_and_adds_nothing_to_expansion(fits, renewals, plain) -> None:
    found = valued(fits, renewals, missed(sd=0.2, amount_sd=0.03)).contracts
    assert float(found.year_ahead.std()) > 1.3 * float(plain.contracts.year_ahead.std())
    for item in ("expansion", "contraction"):
        before, after = (book.bridge.sel(item=item).sum("term").mean() for book in (plain.contracts, found))
        assert abs(float(after - before)) < 0.004 * found.recurring
    total = found.bridge.sel(item=["today", "expansion", "contraction", "churn"]).sum("item")
    np.testing.assert_allclose(total, found.bridge.sel(item="year_ahead"), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("terms", [made_up_terms(600, customers=400), OF_TWO_YEARS, OF_TWO_YEARS.head(3)], ids=["many", "two years", "one"])
def test_what_misses_nothing_moves_nothing(terms) -> None:
    known = made_up_renewals(terms)
    fits = (made_up_contract_fit(beta_discrete_weibull(), known), None)
    found, plain = valued(fits, known, missed()), valued(fits, known)
    np.testing.assert_array_equal(found.total, plain.total)
    np.testing.assert_array_equal(found.contracts.bridge, plain.contracts.bridge)


def test_where_nothing_is_decided_within_a_year_odds_are_not_thrown() -> None:
    """All began within the last year, for two: what is missed of losses within a year moves later ones by its own size, not at most."""
    by_contract = OF_TWO_YEARS.groupby("contract_id")
    began, ended = by_contract["start"].transform("min"), by_contract["end"].transform("max")
    known = made_up_renewals(OF_TWO_YEARS[(began > pd.Timestamp(2025, 1, 2)) | (ended < pd.Timestamp(2025, 12, 1))])
    fits = (made_up_contract_fit(beta_discrete_weibull(), known), None)
    plain, found = (valued(fits, known, given).total.sel(component="value").sum("period") for given in (None, missed(0.05)))
    assert 0.9 * float(plain.mean()) < float(found.mean()) < float(plain.mean())


def test_monthly_contracts_take_a_years_error_of_amounts_in_steps() -> None:
    monthly = made_up_renewals(made_up_terms(600, customers=400).query("term_months == 1"))
    fit = made_up_contract_fit(beta_discrete_weibull(), monthly)
    before, after = (
        valued((fit, None), monthly, given).total.sel(component="revenue").mean("draw") for given in (None, missed(amount=0.12))
    )
    by_quarter = np.log(after / before).to_numpy()
    assert by_quarter[:4] == pytest.approx([0.01, 0.04, 0.07, 0.1], abs=0.012)
    assert by_quarter[5:] == pytest.approx(0.12, abs=0.01)


def test_a_notice_stays_a_certain_end(fits, renewals, plain) -> None:
    noticed = renewals.statistics.loc[renewals.statistics["status"] == "notice", "contract_id"]
    assert len(noticed) > 5
    status = renewals.statistics["status"].where(~renewals.running, "notice")
    alone = replace(renewals, statistics=renewals.statistics.assign(status=status))
    before, after = (valued(fits, alone, found).total for found in (None, missed(0.5, 0.1)))
    np.testing.assert_array_equal(before, after)


def test_levels_add_up_and_the_spread_names_what_is_systematic(fits, renewals, plain) -> None:
    found = valued(fits, renewals, missed(sd=0.3, amount_sd=0.1))
    for cash in found.cash.values():
        np.testing.assert_allclose(cash.sum("level"), found.total, rtol=1e-9, atol=1e-6)
    assert found.passed
    before, after = (made.spread.query("column == ''").iloc[0] for made in (plain, found))
    assert before["systematic_sd"] == 0
    assert after["systematic_sd"] ** 2 == pytest.approx(after["sd"] ** 2 - before["sd"] ** 2, rel=0.3)
    assert (found.spread["systematic_sd"] > 0).all()


def test_the_order_of_rows_changes_nothing(fits, renewals) -> None:
    turned = made_up_renewals(made_up_terms(600, customers=400).sample(frac=1, random_state=1))
    found = [valued(fits, known, missed(0.2, 0.03)).total for known in (renewals, turned)]
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_the_same_seed_gives_the_same_bytes_and_another_pairs_other_draws(fits, renewals) -> None:
    one, same, other = (valued(fits, renewals, missed(sd=0.3), seed=seed).contracts.year_ahead for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.3


def test_a_lever_moves_on_top_of_it(fits, renewals) -> None:
    """Odds that are moved by a lever and by what was missed are moved by both."""
    by_both, without = (
        valued(fits, renewals, found, levers=["churn"]).levers["industry"].sum("level").mean("draw") for found in (missed(0.1), None)
    )
    assert (np.diff(by_both.sel(lever="churn")) < 0).all()
    assert (by_both.sel(lever="churn") < without.sel(lever="churn")).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"contract_discrepancy": OF_ORDERS}, "learned from a back-test of orders: give it as discrepancy"),
        ({"discrepancy": missed()}, "learned from a back-test of contracts: give it as contract_discrepancy"),
        ({"contract_discrepancy": 0.1}, "contract_discrepancy must be what clv.learn_discrepancy returns, not float"),
        ({"discrepancy": pd.DataFrame()}, "discrepancy must be what clv.learn_discrepancy returns, not DataFrame"),
        ({"contracts": None, "contract_discrepancy": missed()}, "contract_discrepancy is of contracts, and none are given"),
    ],
)
def test_what_was_learned_of_the_one_is_refused_for_the_other(options, said, fits, renewals) -> None:
    given = {"contracts": (*fits, renewals), "draws": 100, "seed": 1, "progress": False}
    with pytest.raises(ArgumentError, match=said):
        value(None, None, None, ECONOMICS, **(given | options))
