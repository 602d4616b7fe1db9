"""Customers who order in a quarter: each counted once, by cohort, whatever the periods of the valuation and the size of batches."""

import importlib
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from valuation.made_up_fits import made_up_customers, made_up_fits

from clvbayes import Economics, value
from clvbayes.data import Customers
from clvbayes.inference import Fit
from clvbayes.valuation import Valuation

EVENTS = importlib.import_module("clvbayes.valuation.events")
YEAR_END, WITHIN = date(2026, 12, 31), date(2026, 11, 15)


def dated(until: date) -> Customers:
    customers = made_up_customers(until=until)
    days = pd.to_timedelta((7 * customers.statistics["T"]).round(), unit="D")
    return replace(customers, statistics=customers.statistics.assign(t0=(pd.Timestamp(until) - days).astype("datetime64[s]")))


@pytest.fixture(scope="module")
def fits() -> tuple[Fit, Fit]:
    return made_up_fits(dated(YEAR_END))


def valued(fits: tuple[Fit, Fit], until: date = YEAR_END, horizon: float = 2, **economics: object) -> Valuation:
    return value(*fits, dated(until), Economics(0.35, 0.09, horizon, **economics), draws=200, seed=1, newcomers=False, progress=False)


def test_of_one_quarter_they_are_those_who_order_at_all(fits: tuple[Fit, Fit]) -> None:
    made = valued(fits, horizon=0.25)
    assert made.ordering is not None
    years = dated(YEAR_END).statistics["t0"].dt.year.to_numpy()
    chance = (1 - made.customers["p_no_order"]).groupby(years).sum()
    assert made.ordering["cohort"].to_numpy().tolist() == chance.index.tolist()
    np.testing.assert_allclose(made.ordering.isel(quarter=0).mean("draw"), chance, rtol=1e-12)
    assert made.ordering["customers"].to_numpy().tolist() == [int((years == year).sum()) for year in chance.index]


def test_nobody_counts_twice_in_a_quarter(fits: tuple[Fit, Fit]) -> None:
    made = valued(fits)
    assert made.ordering is not None
    orders = made.total.sel(component="orders").transpose("draw", "period").to_numpy()
    customers = made.ordering.sum("cohort").transpose("draw", "quarter").to_numpy()
    assert made.ordering.sizes["quarter"] == 8 and (customers <= orders).all() and (customers < orders).any()
    assert (made.ordering <= made.ordering["customers"]).all()
    assert ((customers == 0) == (orders == 0)).all()


def test_months_and_batches_change_nothing(fits: tuple[Fit, Fit], monkeypatch: pytest.MonkeyPatch) -> None:
    quarterly, monthly = valued(fits).ordering, valued(fits, period="month").ordering
    monkeypatch.setattr(EVENTS, "CELLS_AT_ONCE", 200 * 7)
    xr.testing.assert_identical(monthly, quarterly)
    xr.testing.assert_identical(valued(fits).ordering, quarterly)


def test_parts_of_quarters_are_left_out_and_cohorts_are_of_fiscal_years(fits: tuple[Fit, Fit]) -> None:
    made = valued(fits, WITHIN, 1, fiscal_year_start=4)
    assert made.ordering is not None
    begins = [pd.Timestamp(day).date() for day in made.ordering["quarter"].to_numpy()]
    assert begins == [date(2027, 1, 1), date(2027, 4, 1), date(2027, 7, 1)], "the first quarter began before the valuation date"
    t0 = dated(WITHIN).statistics["t0"].dt
    by_year = pd.Series(t0.year - (t0.month < 4)).value_counts().sort_index()
    assert dict(zip(made.ordering["cohort"].to_numpy(), made.ordering["customers"].to_numpy(), strict=True)) == by_year.to_dict()


def test_without_days_or_a_whole_quarter_there_are_none(fits: tuple[Fit, Fit]) -> None:
    assert valued(fits, horizon=0.2).ordering is None
    undated = value(*fits, made_up_customers(), Economics(0.35, 0.09, 1), draws=100, seed=1, newcomers=False, progress=False)
    assert undated.ordering is None
