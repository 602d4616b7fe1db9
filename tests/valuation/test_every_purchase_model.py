"""Every registered purchase model from orders to a valuation and a back-test, on one small company."""

import inspect
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import clvbayes as clv
from clvbayes.errors import ArgumentError, DataError

UNTIL = date(2025, 12, 31)
ECONOMICS = clv.Economics(margin=0.4, discount_rate=0.09, horizon=2)
QUICK = {"draws": 100, "chains": 2, "progress": False}
MODELS = {
    name: make
    for name, make in vars(clv.models).items()
    if name in clv.models.__all__ and inspect.isfunction(make) and make().kind == "purchases"
}


@pytest.fixture(scope="module")
def orders() -> clv.Transactions:
    made = clv.synthetic.company(customers=120, seed=5, until=UNTIL, seasonality=0, return_share=0, anonymous_share=0, duplicate_share=0)
    return clv.read_transactions(made.orders, order_id="order_id", segments=["industry"], currency="EUR")


def customers_of(orders, name) -> clv.Customers:
    return clv.summarize(orders, until=UNTIL, **({"opportunity": "month"} if name == "bg_bb" else {}))


@pytest.fixture(scope="module")
def spend(orders) -> clv.Fit:
    return clv.fit(clv.models.gamma_gamma(), clv.summarize(orders, until=UNTIL), seed=1, **QUICK)


@pytest.fixture(scope="module", params=MODELS)
def valued(request, orders, spend):
    name = request.param
    customers = customers_of(orders, name)
    purchases = clv.fit(MODELS[name](), customers, seed=1, **QUICK)
    found = clv.value(purchases, spend, customers, ECONOMICS, levers=["churn"], draws=200, seed=1, progress=False)
    return name, customers, purchases, found


def test_simulation_and_closed_forms_agree(valued) -> None:
    _, _, _, found = valued
    assert found.passed, [check.message for check in found.checks]
    assert {check.check for check in found.checks} >= {"Simulation", "Spread", "Sums"}


def test_two_years_bring_about_what_two_years_brought(valued, orders) -> None:
    """A fifth of a company's value is not a matter of the model; who is lost without churn is."""
    name, customers, _, found = valued
    brought = float(found.total.sel(component="orders").sum("period").mean())
    repeats, seen = customers.statistics["frequency"].sum(), customers.statistics["T"].max()
    a_year = float(repeats / seen * (365.25 / {"week": 7, "month": 365.25 / 12}[customers.unit]))
    assert 0.2 * 2 * a_year < brought < 4 * 2 * a_year, name


def test_fewer_departures_bring_more_but_where_nobody_leaves(valued) -> None:
    name, _, _, found = valued
    value = found.levers[""].isel(level=0).sel(lever="churn").mean("draw")
    fewer, more = float(value.sel(size=0.5)), float(value.sel(size=1.5))
    assert fewer == pytest.approx(more) if name == "nbd" else fewer > more


def test_newcomers_are_worth_more_than_their_first_order(valued) -> None:
    _, _, _, found = valued
    moments = found.newcomers[""].isel(level=0).mean("draw")
    assert float(moments.sel(moment="residual")) > 0 and float(moments.sel(moment="variance")) > 0


@pytest.mark.parametrize("name", MODELS)
def test_its_forecasts_are_graded(name, orders) -> None:
    options = {"opportunity": "month"} if name == "bg_bb" else {}
    found = clv.backtest(
        orders,
        origins=[date(2025, 6, 30)],
        horizons=[26],
        models=[MODELS[name]()],
        draws=100,
        predictive_draws=100,
        seed=1,
        progress=False,
        **options,
    )
    own = found.forecasts[
        (found.forecasts["model"] == found.models[0]) & (found.forecasts["column"] == "") & (found.forecasts["who"] == "existing")
    ]
    assert len(own) == 2 and (own["actual"] > 0).all()
    of_orders = own[own["measure"] == "orders"].iloc[0]
    assert 0.4 * of_orders["actual"] < of_orders["mean"] < 2.5 * of_orders["actual"]


# what the review of these models found ---------------------------------------------------------------------------------------------------


def test_fits_of_another_number_of_phases_are_not_pooled(orders, spend) -> None:
    customers = customers_of(orders, "mbg_cnbd")
    fits = [clv.fit(clv.models.mbg_cnbd(k=k), customers, seed=1, **QUICK) for k in (2, 3)]
    with pytest.raises(ArgumentError, match="of one model but for its clock"):
        clv.value(fits, spend, customers, ECONOMICS, draws=100, seed=1, progress=False)


def test_customers_that_are_no_counts_are_not_valued_by_a_model_of_opportunities(orders, spend) -> None:
    counted = customers_of(orders, "bg_bb")
    fitted = clv.fit(clv.models.bg_bb(), counted, seed=1, **QUICK)
    with pytest.raises(DataError, match="BG/BB counts opportunities"):
        clv.value(fitted, spend, clv.summarize(orders, until=UNTIL, unit="month"), ECONOMICS, draws=100, seed=1, progress=False)


def yearly_givers() -> clv.Transactions:
    """Who order at random about twice a year for eight years, and never leave."""
    random = np.random.default_rng(2)
    days = 8 * 365
    rows = [
        (f"c{k}", pd.Timestamp(2017, 12, 31) + timedelta(days=int(day)), 10.0)
        for k in range(150)
        for day in np.unique(random.integers(1, days + 1, random.poisson(16) + 1))
    ]
    return clv.read_transactions(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]))


def test_only_whole_opportunities_are_graded() -> None:
    """Orders of a year stand on the day of the first: in its first quarter half of them, with all of their money."""
    orders = yearly_givers()
    options = {"opportunity": "year", "models": [clv.models.bg_bb()], "draws": 100, "predictive_draws": 100, "seed": 1, "progress": False}
    found = clv.backtest(orders, origins=[date(2024, 12, 29)], horizons=[13, 26, 52], **options)
    assert set(found.forecasts["weeks"]) == {52}
    assert "13, 26 weeks are not graded: they are no whole number of years, in which orders are counted." in found.notes
    own = found.forecasts[(found.forecasts["model"] == found.models[0]) & (found.forecasts["who"] == "existing")].set_index("measure")
    assert own.loc["orders", "mean"] == pytest.approx(own.loc["orders", "actual"], rel=0.1)
    assert own.loc["revenue", "mean"] == pytest.approx(own.loc["revenue", "actual"], rel=0.15)
    with pytest.raises(DataError, match="no horizon of 13 weeks is a whole number of years"):
        clv.backtest(orders, origins=1, horizons=[13], **options)
