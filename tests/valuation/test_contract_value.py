"""Values of contracts, by made-up fits: payments by calendar, sums, closed forms, orders beside, invariances, refusals."""

import importlib
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from valuation.made_up_books import CENTRES, SEGMENTS, UNTIL, made_up_contract_fit, made_up_renewals, made_up_terms
from valuation.made_up_fits import made_up_customers, made_up_fits

from clvbayes.data import Renewals
from clvbayes.errors import ArgumentError
from clvbayes.models import beta_discrete_weibull, renewal_change
from clvbayes.models.beta_discrete_weibull import BetaDiscreteWeibull
from clvbayes.valuation import COMPONENTS, Economics, Valuation, value
from clvbayes.valuation.book import _band_of_some
from clvbayes.valuation.contract_checks import expected_contracts
from clvbayes.valuation.contract_events import simulate_contracts

EVENTS = importlib.import_module("clvbayes.valuation.events")
MODULE = importlib.import_module("clvbayes.valuation.value")
ECONOMICS = Economics(margin=0.5, discount_rate=0.08, horizon=3)
FOR_EVER = [-30.0, 1.2, 0.1]  # nobody leaves


@pytest.fixture(scope="module")
def renewals() -> Renewals:
    return made_up_renewals()


@pytest.fixture(scope="module")
def fits(renewals):
    return made_up_contract_fit(beta_discrete_weibull(), renewals), made_up_contract_fit(renewal_change(indexation=0.02), renewals)


def valued(fits, renewals, economics=ECONOMICS, *, orders=(None, None, None), draws=300, seed=1, **options) -> Valuation:
    return value(*orders, economics, contracts=(*fits, renewals), draws=draws, seed=seed, progress=False, **options)


@pytest.fixture(scope="module")
def valuation(fits, renewals):
    return valued(fits, renewals)


def of(valuation: Valuation, component: str) -> np.ndarray:
    return valuation.total.sel(component=component).to_numpy()


def one_contract(start: str, end: str, months: int, billing: int, *, began=None, cancelled=None, amount=100.0) -> Renewals:
    """One running contract, and one that ended, from which something can be learned."""
    rows = [
        ("old", "x", "2020-01-01", "2020-12-31", 12, 50.0, 12, None, "2020-01-01"),
        ("V", "y", start, end, months, amount, billing, cancelled, began or start),
    ]
    columns = ["contract_id", "customer_id", "start", "end", "term_months", "monthly_amount", "billing_months", "cancelled_on", "began"]
    terms = pd.DataFrame(rows, columns=columns).assign(industry="Retail", channel="Fair")
    return made_up_renewals(terms, began="began")


def certain(renewals: Renewals, hazard: float = 0.0, **options) -> Valuation:
    """Nobody leaves, and no amount changes."""
    fit = made_up_contract_fit(beta_discrete_weibull(), renewals, pool=(), centre=FOR_EVER, sd=1e-9)
    fit.posterior.attrs |= {"terminated": hazard * 1e12, "exposure": 1e12}
    return valued(
        (fit, None), renewals, replace(ECONOMICS, period="month", discount_rate=0.0, horizon=options.pop("horizon", 2)), **options
    )


# payments -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("billing", "in_advance", "due"),
    [
        (12, True, {"2026-09": 1200, "2027-09": 1200}),
        (3, True, {"2026-03": 300, "2026-06": 300, "2026-09": 300, "2026-12": 300}),
        (12, False, {"2026-09": 1200, "2027-09": 1200}),
        (3, False, {"2026-03": 300, "2026-06": 300, "2026-09": 300, "2026-12": 300}),
        (5, True, {"2026-02": 500, "2026-07": 200, "2026-09": 500, "2027-02": 500, "2027-07": 200}),
        (5, False, {"2026-02": 500, "2026-07": 500, "2026-09": 200, "2027-02": 500, "2027-07": 500, "2027-09": 200}),
        (60, True, {"2026-09": 1200, "2027-09": 1200}),
    ],
)
def test_invoices_are_due_by_calendar(billing, in_advance, due) -> None:
    """A year from 15 September, in advance on the 15th of the invoice's first month, in arrears on the 14th of the month after it."""
    known = replace(one_contract("2025-09-15", "2026-09-14", 12, billing), in_advance=in_advance)
    revenue = certain(known).total.sel(component="revenue").mean("draw").to_series()
    for period, amount in due.items():
        assert revenue[period] == pytest.approx(amount), period
    assert revenue.sum() == pytest.approx(2400)


@pytest.mark.parametrize("billing", [1, 3])
def test_what_is_paid_on_the_last_day_of_a_period_is_paid_within_it(billing) -> None:
    """In arrears, from the first of a month: due on the last day of each, the last one on the horizon's last day."""
    known = replace(one_contract("2025-01-01", "2025-12-31", 12, billing), in_advance=False)
    revenue = certain(replace(known, until=date(2025, 12, 31)), horizon=10).total.sel(component="revenue").mean("draw").to_series()
    paid = [period for period in revenue.index if int(period[-2:]) % billing == 0]
    assert (revenue[paid] == 100 * billing).all() and revenue.sum() == pytest.approx(12_000)


def test_month_ends_stay_month_ends() -> None:
    """A month from the 31st is due on the last day of shorter months, never in the month after."""
    revenue = certain(one_contract("2025-12-31", "2026-01-30", 1, 1), horizon=1).total.sel(component="revenue").mean("draw").to_series()
    assert (revenue == 100).all() and len(revenue) == 12


def test_a_notice_is_a_certain_end() -> None:
    known = one_contract("2025-11-01", "2026-10-31", 12, 1, cancelled="2025-12-01")
    made = certain(known)
    revenue = made.total.sel(component="revenue").to_numpy()
    assert (revenue[:, :10] == 100).all() and not revenue[:, 10:].any()
    assert made.customers.loc[0, "value_sd"] == pytest.approx(0, abs=1e-9)
    assert (made.contracts.bridge.sel(item="year_ahead") == 0).all() and made.contracts.due.empty


@pytest.mark.parametrize(
    ("billing", "in_advance", "due"),
    [
        (1, True, {"2026-01": 100, "2026-02": 100, "2026-03": 100, "2026-04": 50}),
        (1, False, {"2026-01": 100, "2026-02": 100, "2026-03": 100, "2026-04": 50}),
        (3, True, {"2026-01": 300, "2026-04": 50}),
        (3, False, {"2026-03": 300, "2026-04": 50}),
        (12, True, {}),
        (12, False, {"2026-04": 950}),
    ],
)
def test_a_term_that_is_known_to_end_early_is_paid_until_then(billing, in_advance, due) -> None:
    """A year from July that ends with the first half of April: its invoices are for the months until then, whatever they are billed by."""
    known = replace(one_contract("2025-07-01", "2026-04-15", 12, billing), in_advance=in_advance)
    made = certain(known)
    revenue = made.total.sel(component="revenue").mean("draw").to_series()
    assert revenue[revenue > 0].to_dict() == pytest.approx(due)
    assert made.passed


@pytest.mark.parametrize("end", ["2026-04-30", "2026-05-31"])
def test_a_term_that_is_aligned_to_months_ends_is_paid_whole(end) -> None:
    """A year from the middle of May: half a month less, or more, is the same year at the same price."""
    revenue = certain(one_contract("2025-05-15", end, 12, 1), horizon=0.5).total.sel(component="revenue").mean("draw").to_series()
    assert revenue.iloc[:4].tolist() == [100] * 4


@pytest.mark.parametrize("in_advance", [True, False])
def test_terminations_end_contracts_within_terms(in_advance) -> None:
    """At a hazard of .05 a month. Invoices in advance are paid as far as a contract lasts, the last of them on the horizon's last day."""
    known = replace(one_contract("2025-12-31", "2027-12-30", 24, 6), in_advance=in_advance)
    paid = certain(known, hazard=0.05, draws=20_000).total.sel(component="revenue").sum("period").to_numpy()
    by_invoice, by_day = 600 * sum(np.exp(-0.05 * month) for month in (6, 12, 18, 24)), 100 * (1 - np.exp(-0.05 * 24)) / 0.05
    expected = by_invoice if in_advance else by_day
    assert abs(paid.mean() - expected) < 4 * paid.std() / np.sqrt(len(paid)) + (2 if in_advance else 15)


def test_amounts_change_at_renewals_alone(renewals) -> None:
    """Indexation of 10 % a year, and nothing else: a contract of two years rises by 21 % at once."""
    known = one_contract("2025-01-01", "2026-12-31", 24, 12)
    fit = made_up_contract_fit(beta_discrete_weibull(), known, pool=(), centre=FOR_EVER, sd=1e-9)
    still = made_up_contract_fit(renewal_change(indexation=0.1), known, pool=(), centre=[-30.0, *CENTRES["changes"][1:]], sd=1e-9)
    fit.posterior.attrs |= {"terminated": 0.0, "exposure": 1e12}
    made = valued((fit, still), known, replace(ECONOMICS, discount_rate=0.0))
    revenue = made.total.sel(component="revenue").mean("draw").to_series()
    assert revenue["2026 Q1"] == 1200 and revenue["2027 Q1"] == pytest.approx(1452) and revenue["2028 Q1"] == pytest.approx(1452)
    assert made.contracts.net_retention.to_numpy() == pytest.approx(np.ones(300))


# sums and closed forms ------------------------------------------------------------------------------------------------------------------


def test_components_and_levels_add_up(valuation, renewals) -> None:
    assert set(valuation.cash) == set(SEGMENTS)
    for cash in valuation.cash.values():
        np.testing.assert_allclose(cash.sum("level"), valuation.total, rtol=1e-9, atol=1e-6)
    orders, revenue, returned, cost, contribution, worth = (of(valuation, name) for name in COMPONENTS)
    assert not orders.any() and not returned.any() and not cost.any()
    np.testing.assert_allclose(contribution, 0.5 * revenue, rtol=1e-12)
    assert (worth <= contribution).all() and worth.sum() < contribution.sum()
    table, running = valuation.customers, renewals.statistics[renewals.running]
    assert table["customer_id"].tolist() == sorted(running["customer_id"].unique())
    assert table["contracts"].sum() == len(running) and table["recurring"].sum() == pytest.approx(12 * running["monthly_amount"].sum())
    assert (table["p_alive"] == 1).all() and (table["expected_orders"] == 0).all()
    assert table["value_mean"].sum() == pytest.approx(worth.sum(axis=1).mean(), rel=1e-9)


def test_the_simulation_agrees_with_closed_forms_of_every_contract(fits, renewals, monkeypatch) -> None:
    """Not only in the sum: each contract's simulated payments against survival by expected changes, and both ways to pay."""
    seen, right = [], MODULE.check_contracts
    monkeypatch.setattr(MODULE, "check_contracts", lambda plan, part: seen.append((plan, part)) or right(plan, part))
    silent = renewals.statistics.assign(announced=0.8 * (renewals.statistics["status"] == "open"))  # although most would have given notice
    for in_advance, statistics in ((True, renewals.statistics), (False, renewals.statistics), (True, silent), (False, silent)):
        made = valued(
            fits,
            replace(renewals, in_advance=in_advance, statistics=statistics),
            replace(ECONOMICS, discount_rate={1: 0.03, 2: 0.1}),
            draws=2000,
        )
        assert made.passed, made.checks
        plan, part = seen[-1]
        alone = replace(part, customer=np.arange(len(part)))
        paid = alone.margin[:, None] * simulate_contracts(plan, alone, len(part)).discounted.sum(axis=2)
        expected = expected_contracts(plan, part)
        error = np.sqrt(((paid - expected) ** 2).mean(axis=1) / 2000)
        z = (paid - expected).mean(axis=1) / np.maximum(error, 1e-9)
        assert np.abs(z).max() < 4 and (np.abs(z) > 2).mean() < 0.15
        assert (expected.mean(axis=1) > 0).mean() > 0.9


def test_a_wrong_simulation_fails_the_check(fits, renewals, monkeypatch) -> None:
    right = BetaDiscreteWeibull.survival
    monkeypatch.setattr(BetaDiscreteWeibull, "survival", lambda *given: 0.9 * right(*given))
    made = valued(fits, renewals, draws=500)
    assert not made.passed and made.checks[0].check == "Contracts" and made.checks[0].status == "failed"


def test_what_lies_beyond_the_horizon_and_what_is_chance_are_told(valuation, fits, renewals) -> None:
    short = valued(fits, renewals, replace(ECONOMICS, horizon=1))
    assert 0 < valuation.beyond_horizon < short.beyond_horizon < 1
    total = valuation.spread.iloc[0]
    assert total["sd"] ** 2 == pytest.approx(total["process_sd"] ** 2 + total["parameter_sd"] ** 2)
    assert 0.2 * total["sd"] < total["process_sd"] < total["sd"] and total["systematic_sd"] == 0


# the book -------------------------------------------------------------------------------------------------------------------------------


def test_the_bridge_leads_from_today_to_a_year_ahead(valuation, renewals) -> None:
    book, running = valuation.contracts, renewals.statistics[renewals.running]
    items = {name: book.bridge.sel(item=name) for name in ("today", "expansion", "contraction", "churn", "year_ahead")}
    assert book.recurring == pytest.approx(12 * running["monthly_amount"].sum())
    np.testing.assert_allclose(items["today"] + items["expansion"] + items["contraction"] + items["churn"], items["year_ahead"], atol=1e-6)
    assert (items["expansion"] >= 0).all() and (items["contraction"] <= 0).all() and (items["churn"] <= 0).all()
    assert (items["contraction"] < 0).any() and book.bridge["contracts"].to_numpy().tolist() == running.groupby(
        "term_months"
    ).size().tolist()
    assert (book.gross_retention <= 1).all() and (book.gross_retention <= book.net_retention).all()
    assert ((book.logo_churn >= 0) & (book.logo_churn <= 1)).all() and book.customers == running["customer_id"].nunique()
    assert (book.remaining_life > 0).all() and (book.remaining_life <= 3.01).all()
    frame = book.to_frame().set_index("figure")
    assert (frame["5"] <= frame["50"]).all() and (frame["50"] <= frame["95"]).all()


def test_a_customer_is_lost_with_its_last_contract_only() -> None:
    """Two contracts of one customer, of which one ends: no logo is lost; both end: one is."""
    terms = made_up_terms(6, customers=6)
    rows = {"start": pd.Timestamp("2025-07-01"), "end": pd.Timestamp("2026-06-30"), "term_months": 12, "billing_months": 12}
    given = {"monthly_amount": 10.0, "industry": "Retail", "channel": "Fair", "customer_id": "both"}
    for notices, lost in (((1, 0), 0.0), ((1, 1), 1.0)):
        two = [
            {"contract_id": name, "cancelled_on": pd.Timestamp("2025-12-01") if told else pd.NaT} | rows | given
            for name, told in zip("ab", notices, strict=True)
        ]
        ended = terms[terms["end"] <= pd.Timestamp(UNTIL)].groupby("contract_id").head(1)
        known = made_up_renewals(pd.concat([ended.assign(end=ended["end"]), pd.DataFrame(two)]))
        book = certain(known).contracts
        assert (book.logo_churn.to_numpy() == lost / book.customers).all()


def test_what_is_due_next_quarter_is_told_with_what_is_at_stake(valuation, renewals) -> None:
    due, running = valuation.contracts.due, renewals.statistics[renewals.statistics["status"] == "open"]
    expected = running[running["next_decision"] <= pd.Timestamp("2026-03-31")]
    assert sorted(due["contract_id"]) == sorted(expected["contract_id"]) and due["day"].is_monotonic_increasing
    assert due["p_renewed"].between(0, 1).all() and (due["expected"] <= due["at_stake"]).all()
    np.testing.assert_allclose(due["expected"], due["at_stake"] * due["p_renewed"])
    draws = valuation.contracts.due_draws.sum("term")
    assert draws.sel(item="later").mean() == pytest.approx(due["expected"].sum())
    assert draws.sel(item="renewed").mean() == pytest.approx((due["recurring"] * due["p_renewed"]).sum())
    assert (due["at_stake_5"] <= due["at_stake_95"]).all() and (due["at_stake_5"] < due["at_stake"]).all()
    by_term = valuation.contracts.due_draws.sel(item="later").mean("draw").to_series()
    pd.testing.assert_series_equal(by_term, due.groupby("term_months")["expected"].sum(), check_names=False)


def test_the_band_of_what_is_at_stake_counts_the_draws_in_which_it_is_renewed() -> None:
    values = np.random.default_rng(1).gamma(2.0, 10.0, (5, 200))
    counted = np.random.default_rng(2).random((5, 200)) < 0.4
    counted[3], counted[4] = False, np.arange(200) == 7
    low, high = _band_of_some(values, counted)
    for k in range(3):
        assert [low[k], high[k]] == pytest.approx(np.quantile(values[k][counted[k]], [0.05, 0.95]))
    assert low[3] == high[3] == 0 and low[4] == high[4] == values[4, 7]
    assert _band_of_some(np.zeros((0, 200)), np.zeros((0, 200), dtype=bool)).shape == (2, 0)


# orders beside --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def orders():
    customers = made_up_customers(60, until=UNTIL, segments=SEGMENTS, currency="EUR")
    return (*made_up_fits(customers), customers)


def test_orders_and_contracts_of_a_customer_add_up_draw_by_draw(fits, renewals, orders) -> None:
    both, contracts = valued(fits, renewals, orders=orders), valued(fits, renewals)
    alone = value(*orders, ECONOMICS, draws=300, seed=1, progress=False)
    np.testing.assert_allclose(both.total, alone.total + contracts.total, rtol=1e-9)
    table = both.customers.set_index("customer_id")
    assert table.index.is_unique and set(table.index) == set(alone.customers["customer_id"]) | set(contracts.customers["customer_id"])
    by_itself = (frame.customers.set_index("customer_id")["value_mean"] for frame in (alone, contracts))
    np.testing.assert_allclose(table["value_mean"], sum(one.reindex(table.index, fill_value=0.0) for one in by_itself), rtol=1e-9)
    overlap = table.index.intersection(contracts.customers["customer_id"]).intersection(alone.customers["customer_id"])
    assert len(overlap) > 20 and (table.loc[overlap, "contracts"] >= 1).all() and (table.loc[overlap, "expected_orders"] > 0).any()
    assert [check.check for check in both.checks] == ["Simulation", "Spread", "Contracts", "Sums"] and both.passed
    assert both.newcomers.keys() == alone.newcomers.keys() and both.spread["process_sd"].gt(0).all()


def test_a_customer_with_contracts_alone_appears_once(fits, renewals, orders) -> None:
    few = replace(orders[2], statistics=orders[2].statistics.head(10), segments=orders[2].segments.head(10))
    made = valued(fits, renewals, orders=(orders[0], orders[1], few))
    assert made.customers["customer_id"].is_unique and len(made.customers) > 30
    alone = made.customers.iloc[10:]
    assert (alone["contracts"] > 0).all() and (alone["p_no_order"] == 1).all() and alone["industry"].isin(SEGMENTS["industry"]).all()
    for column in SEGMENTS:
        np.testing.assert_allclose(made.cash[column].sum("level"), made.total, rtol=1e-9, atol=1e-6)


def test_service_is_paid_once_a_period(fits, renewals, orders) -> None:
    """By contract while there is one, by the first order of a period after it."""
    economics = replace(ECONOMICS, service_cost=7.0, margin=1e-9)
    known = one_contract("2025-11-01", "2026-10-31", 12, 1, cancelled="2025-12-01")
    fit = made_up_contract_fit(beta_discrete_weibull(), known, pool=())
    active = orders[2].statistics.iloc[[6]].assign(customer_id="y", T=150.0, recency=149.0, frequency=30, spend_count=30)
    customers = replace(orders[2], statistics=active, segments=orders[2].segments.iloc[[6]])
    both = of(valued((fit, None), known, economics, orders=(orders[0], orders[1], customers), newcomers=False), "cost")
    alone = of(value(*orders[:2], customers, economics, draws=300, seed=1, progress=False, newcomers=False), "cost")
    assert (both[:, :4] == 7).all()
    np.testing.assert_allclose(both[:, 4:], alone[:, 4:])
    assert set(np.unique(alone)) == {0.0, 7.0}


# invariances ----------------------------------------------------------------------------------------------------------------------------


def assert_same(one: Valuation, other: Valuation) -> None:
    """To the byte."""
    xr.testing.assert_identical(one.total, other.total)
    for column, cash in one.cash.items():
        xr.testing.assert_identical(cash, other.cash[column])
    pd.testing.assert_frame_equal(one.customers, other.customers, check_exact=True)
    for name in ("bridge", "logo_churn", "remaining_life", "due_draws", "cohorts"):
        xr.testing.assert_identical(getattr(one.contracts, name), getattr(other.contracts, name))
    for name in ("due", "cohorts_observed"):
        pd.testing.assert_frame_equal(getattr(one.contracts, name), getattr(other.contracts, name), check_exact=True)


@pytest.mark.parametrize("cells", [1, 7_000, 10**9])
def test_batches_change_nothing(cells, fits, renewals, orders, monkeypatch) -> None:
    economics = replace(ECONOMICS, service_cost=3.0)
    base = valued(fits, renewals, economics, orders=orders, levers=["churn"], draws=100)
    monkeypatch.setattr(EVENTS, "CELLS_AT_ONCE", cells)
    again = valued(fits, renewals, economics, orders=orders, levers=["churn"], draws=100)
    assert_same(base, again)
    xr.testing.assert_identical(base.levers[""], again.levers[""])


def test_the_order_of_rows_changes_nothing(fits, valuation) -> None:
    shuffled = made_up_renewals(made_up_terms().sample(frac=1, random_state=3))
    assert_same(valued(fits, shuffled), valuation)


def test_another_currency_is_another_scale(fits, valuation) -> None:
    cents = made_up_terms()
    made = valued(fits, made_up_renewals(cents.assign(monthly_amount=cents["monthly_amount"] * 100)))
    np.testing.assert_allclose(made.total, 100 * valuation.total, rtol=1e-9)
    np.testing.assert_allclose(made.contracts.net_retention, valuation.contracts.net_retention, rtol=1e-9)


def test_levers_move_contracts(fits, renewals) -> None:
    made = valued(fits, renewals, levers=["churn", "rate", "spend"])
    mean = made.levers[""].isel(level=0).mean("draw")
    assert (np.diff(mean.sel(lever="churn")) < 0).all() and np.ptp(mean.sel(lever="rate").to_numpy()) < 1e-6
    np.testing.assert_allclose(mean.sel(lever="spend"), mean.sel(lever="spend", size=1) * mean["size"], rtol=1e-9)
    np.testing.assert_allclose(made.levers[""].sel(lever="churn", size=1).isel(level=0), of(made, "value").sum(axis=1), rtol=1e-12)


# refusals -------------------------------------------------------------------------------------------------------------------------------


def test_what_cannot_be_valued_is_refused(fits, renewals, orders) -> None:
    counted = Renewals.from_frame(pd.DataFrame({"survived": [0, 1], "churned": [1, 0]}), until=UNTIL)
    ended = replace(renewals, statistics=renewals.statistics.assign(status="churned"))
    free = replace(renewals, statistics=renewals.statistics.assign(monthly_amount=0.0))
    for contracts, given, message in [
        (fits, (None, None, None), "contracts must be three: the fit of a model of renewals"),
        ((renewals, *fits), (None, None, None), r"in this order, not Renewals, Fit, Fit"),
        (fits[0], (None, None, None), r"in this order, not Fit"),
        ((*fits, orders[2]), (None, None, None), r"in this order, not Fit, Fit, Customers"),
        (None, (*fits, renewals), r"not Fit, Fit, Renewals, Economics; contracts go with their fits in contracts="),
        (None, (*orders[:2], renewals), r"not Fit, Fit, Renewals, Economics; contracts go with their fits in contracts="),
        ((fits[1], fits[0], renewals), (None, None, None), "not of renewal_change and beta_discrete_weibull"),
        ((orders[0], None, renewals), (None, None, None), "contracts need the fit of a model of renewals"),
        ((*fits, counted), (None, None, None), "can be fitted, not valued"),
        ((*fits, ended), (None, None, None), "no contract runs on 2025-12-31"),
        ((*fits, free), (None, None, None), "no contract that runs on 2025-12-31 costs anything"),
        ((*fits, replace(renewals, until=date(2026, 1, 31))), orders, "the contracts until 2026-01-31: give summarize the same until"),
        ((*fits, replace(renewals, currency="USD")), orders, "the orders are in EUR, the contracts in USD"),
        ((*fits, renewals), (orders[0], None, None), "spend and customers must not be None: purchases, spend and customers go together"),
        (None, (None, None, None), "purchases and spend and customers must not be None"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            value(*given, ECONOMICS, contracts=contracts, draws=100, seed=1, progress=False)
    with pytest.raises(ArgumentError, match="the economics are in USD, the customers' amounts in EUR"):
        valued(fits, renewals, replace(ECONOMICS, currency="USD"))
    with pytest.raises(ArgumentError, match="by names 'term_months', which is no segment of these customers"):
        valued(fits, renewals, by=["term_months"])
    with pytest.raises(ArgumentError, match="returns and a discrepancy are of orders"):
        valued(fits, renewals, returns=orders[0])
