"""The number that lifetimes and pymc-marketing call lifetime value, computed as they do."""

import math
from dataclasses import replace

import numpy as np
import pytest
from valuation.made_up_fits import made_up_customers, made_up_fits

from clvbayes import ArgumentError, peers_value


@pytest.fixture(scope="module")
def base():
    return replace(made_up_customers(), spend_level="mean")


def test_it_is_the_sum_over_months_of_orders_times_amount_discounted_from_the_end_of_each(base) -> None:
    fits = made_up_fits(base, pool=(), sd=1e-9)
    at, spend = ([*fit.posterior["posterior"]["population"].to_numpy()[0, 0]] for fit in fits)
    found = peers_value(*fits, base, months=3, monthly_discount_rate=0.02, seed=1)
    for row in (0, 6, 40):
        own = base.statistics.iloc[row]
        known = (own["frequency"], own["recency"], own["T"])
        model = fits[0].model
        until = [
            float(model.expected_discounted_orders(np.array(at), *known, horizon=k * 4.345, discount=0.0)) if k else 0.0 for k in range(4)
        ]
        p, excess = math.exp(-2 * spend[1]), math.exp(-2 * spend[2])
        gamma = math.exp(spend[0]) * (1 + excess) / p
        amount = p * (gamma + own["spend_sum"]) / (p * own["spend_count"] + 1 + excess)
        value = sum((until[k] - until[k - 1]) * amount / 1.02**k for k in (1, 2, 3))
        assert found.loc[row, "expected_value"] == pytest.approx(value, rel=1e-6)
        assert found.loc[row, "expected_orders"] == pytest.approx(until[3], rel=1e-6)


def test_a_month_has_thirty_days_or_4_345_weeks(base) -> None:
    statistics = base.statistics
    days = replace(base, unit="day", statistics=statistics.assign(T=7 * statistics["T"], recency=7 * statistics["recency"]))
    fits = made_up_fits(base, pool=(), sd=1e-9)
    by_week = peers_value(*fits, base, months=1, monthly_discount_rate=0.0, seed=1)["expected_orders"]
    moved = made_up_fits(days, pool=(), sd=1e-9, centre=None)
    posterior = moved[0].posterior.copy(deep=True)
    posterior["posterior"]["population"][..., 0] -= math.log(7)
    by_day = peers_value(replace(moved[0], posterior=posterior), moved[1], days, months=1, monthly_discount_rate=0.0, seed=1)
    ratio = (by_day["expected_orders"] / by_week).to_numpy()[statistics["frequency"] > 5]
    assert ratio == pytest.approx(np.full(len(ratio), 30 / (7 * 4.345)), rel=2e-3)  # nearly: some leave within the month


@pytest.mark.parametrize(
    ("options", "said"),
    [({"months": 0}, "months"), ({"months": True}, "months"), ({"monthly_discount_rate": 9}, "monthly_discount_rate")],
)
def test_numbers_out_of_range_are_refused(base, options, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        peers_value(*made_up_fits(base), base, seed=1, **options)


def test_other_units_and_fits_are_refused(base) -> None:
    purchases, spend = made_up_fits(base)
    with pytest.raises(ArgumentError, match="purchase fit"):
        peers_value(spend, purchases, base, seed=1)
    with pytest.raises(ArgumentError, match="quarters"):
        peers_value(purchases, spend, replace(base, unit="quarter"), seed=1)


@pytest.mark.parametrize("options", [{"seed": -1}, {"seed": True}, {"seed": 1, "monthly_discount_rate": "0.01"}])
def test_what_is_no_number_is_refused(base, options) -> None:
    with pytest.raises(ArgumentError):
        peers_value(*made_up_fits(base), base, **options)


def test_a_fit_in_another_unit_is_refused(base) -> None:
    with pytest.raises(ArgumentError, match="counts time in weeks, these customers in days"):
        peers_value(*made_up_fits(base), replace(base, unit="day"), seed=1)
