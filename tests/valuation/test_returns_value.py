"""Values with what comes back: closed forms, costs of handling, and refunds of orders that lie behind."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from valuation.made_up_fits import RETURNS, made_up_customers, made_up_fit, made_up_fits, shifted

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError
from clvbayes.models import beta_binomial_returns, gamma_gamma, lognormal
from clvbayes.valuation import COMPONENTS, Economics, Valuation, value

ECONOMICS = Economics(margin=0.35, discount_rate=0.09, horizon=2, order_cost=2.0, return_cost=6.0)
NOTHING_BACK = {"touched": 0.0, "parts": 0.0, "part_mean": 0.0, "part_deviations": 0.0}
NOTHING_OPEN = {"pending_orders": 0.0, "pending_amount": 0.0}
KNOWN = ["trials", *NOTHING_BACK]


def with_returns(customers: Customers, **columns) -> Customers:
    """As many trials as a customer has ordered, and nothing came back of them but for what is given."""
    known = {"trials": customers.statistics["frequency"] + 1.0, **NOTHING_BACK, **NOTHING_OPEN, "cancelled": 0} | columns
    return replace(customers, returns=pd.DataFrame(known, index=customers.statistics.index))


@pytest.fixture(scope="module")
def customers():
    """Of all kinds: of some nothing comes back, of some nearly all, and of a third something of old orders is still open."""
    rng, made = np.random.default_rng(8), made_up_customers(currency="EUR")
    trials = made.statistics["frequency"] + rng.uniform(0.2, 1, len(made))
    touched = np.round(trials * rng.beta(0.3, 1, len(made)) - 0.2)
    of_parts = {"parts": touched, "part_mean": np.where(touched > 0, rng.uniform(0.1, 1, len(made)), 0.0)}
    pending = np.where(rng.random(len(made)) < 0.3, 0.4, 0.0)
    return with_returns(made, trials=trials, touched=touched, **of_parts, pending_orders=pending, pending_amount=250 * pending)


@pytest.fixture(scope="module")
def nothing_open(customers):
    return replace(customers, returns=customers.returns.assign(pending_orders=0.0, pending_amount=0.0))


@pytest.fixture(scope="module")
def fits(customers):
    return made_up_fits(customers)


@pytest.fixture(scope="module")
def returns(customers):
    return made_up_fit(beta_binomial_returns(), customers)


def valued(fits, customers, economics=ECONOMICS, *, draws=200, seed=1, newcomers=False, **options) -> Valuation:
    return value(*fits, customers, economics, draws=draws, seed=seed, newcomers=newcomers, progress=False, **options)


@pytest.fixture(scope="module")
def valuation(fits, returns, customers):
    return valued(fits, customers, returns=returns)


@pytest.fixture(scope="module")
def closed(fits, returns, nothing_open):
    """The same, of whom nothing is still open."""
    return valued(fits, nothing_open, returns=returns)


@pytest.fixture(scope="module")
def kept(fits, customers):
    """Nothing that is ordered comes back."""
    return valued(fits, customers)


def component(valuation: Valuation, name: str) -> np.ndarray:
    return valuation.total.sel(component=name).to_numpy()


def expected_share(coordinates: np.ndarray, known: pd.DataFrame) -> np.ndarray:
    """Of a customer's orders: that something comes back, beta-binomial; times the part that does, between the mean of all customers' parts
    and the customer's own, by what each says of it (Buehlmann & Straub 1970)."""
    share, concentration, part, within, between = (np.asarray(row) for row in coordinates)
    share, part, concentration = 1 / (1 + np.exp(-share)), 1 / (1 + np.exp(-part)), np.exp(concentration)
    within, between = (0.02 + 0.48 / (1 + np.exp(-logit)) for logit in (within, between))
    trials, touched, parts, own = (known[name].to_numpy() for name in ("trials", "touched", "parts", "part_mean"))
    credibility = parts / (parts + (within / between) ** 2)
    return (share * concentration + touched) / (concentration + trials) * (credibility * own + (1 - credibility) * part)


# what is ordered, and what of it is kept ------------------------------------------------------------------------------------------------


def test_what_is_ordered_is_the_same_with_returns_and_without(valuation, kept) -> None:
    for name in ("orders", "revenue"):
        np.testing.assert_array_equal(component(valuation, name), component(kept, name))
    assert not component(kept, "returned").any() and component(valuation, "returned").any()
    for column in ("p_alive", "p_no_order", "expected_orders"):
        assert valuation.customers[column].equals(kept.customers[column])


def test_no_more_comes_back_than_was_ordered_but_for_refunds(valuation, closed) -> None:
    revenue, returned = component(closed, "revenue"), component(closed, "returned")
    assert (returned >= 0).all() and (returned <= revenue).all()
    assert (returned.sum(axis=1) > 0).all() and returned.sum() < 0.9 * revenue.sum()
    # refunds of orders before the valuation date come in the first period, as all else does without them
    beyond = component(valuation, "returned") - returned
    assert (beyond[:, 0] >= 0).all() and beyond[:, 0].mean() > 100
    np.testing.assert_array_equal(beyond[:, 1:], 0.0)


def test_contribution_is_the_margin_on_what_is_kept_less_cost(valuation, closed) -> None:
    for made in (valuation, closed):
        kept = component(made, "revenue") - component(made, "returned")
        np.testing.assert_allclose(component(made, "contribution"), 0.35 * kept - component(made, "cost"), rtol=1e-9, atol=1e-6)
    assert (component(closed, "cost") > 2 * component(closed, "orders")).any()


def test_returns_lower_the_value_of_nearly_every_draw(closed, kept) -> None:
    """Nothing is sold twice: what comes back is lost, and costs."""
    lost = component(kept, "value").sum(axis=1) - component(closed, "value").sum(axis=1)
    assert (lost > 0).all()


def test_the_share_that_comes_back_is_the_closed_form() -> None:
    """Three kinds of customers, one point of the posterior: what comes back of what each orders."""
    kinds = {"never": (12.0, 0.0, 0.0, 0.0), "parts": (12.0, 9.0, 9.0, 0.2), "often": (12.0, 9.0, 9.0, 0.95)}
    base = made_up_customers(300, segments={"kind": list(kinds)})
    known = pd.DataFrame([kinds[kind] for kind in base.segments["kind"]], columns=KNOWN[:4])
    base = with_returns(base, **known.to_dict("list"))
    fits, back = made_up_fits(base, pool=(), sd=1e-9), made_up_fit(beta_binomial_returns(), base, pool=(), sd=1e-9)
    made = valued(fits, base, returns=back, draws=600).cash["kind"].sum("period")
    shares = []
    for kind, numbers in kinds.items():
        expected = float(expected_share(RETURNS, pd.DataFrame([numbers], columns=known.columns))[0])
        revenue, returned = (made.sel(level=kind, component=name).to_numpy() for name in ("revenue", "returned"))
        off = returned - expected * revenue
        assert abs(off.mean()) < 4 * off.std() / math.sqrt(len(off))
        assert off.std() / math.sqrt(len(off)) < 0.03 * revenue.mean()
        shares.append(returned.mean() / revenue.mean())
    assert shares[0] < 0.05 and 0.1 < shares[1] < 0.3 and shares[2] > 0.5


def test_customers_have_the_expected_share_of_their_next_order(valuation, returns, customers) -> None:
    levels = returns.posterior["posterior"]["industry_level"].stack(sample=("chain", "draw"))
    draws = valued(made_up_fits(customers), customers, returns=returns, draws=500)
    expected = np.array(
        [
            expected_share(levels.sel(industry=industry).transpose("coordinate", "sample").to_numpy(), row).mean()
            for industry, (_, row) in zip(
                customers.segments["industry"], customers.returns.assign(k=range(len(customers))).groupby("k"), strict=True
            )
        ]
    )
    np.testing.assert_allclose(draws.customers["share_returned"], expected, rtol=1e-9)
    assert valuation.customers["share_returned"].between(0, 1).all() and expected.max() > 0.5 and expected.min() < 0.05
    assert list(valuation.customers.columns)[-3:] == ["share_returned", "industry", "channel"]
    assert "share_returned" not in valued(made_up_fits(customers), customers, draws=100).customers


def test_each_order_that_comes_back_costs(fits, customers) -> None:
    """All orders are of 80 here, so that what comes back says how many do."""
    spend = made_up_fit(gamma_gamma(), customers, centre=[math.log(80), -14.0, -14.0], sd=1e-9, pool=())
    base = replace(customers, returns=customers.returns.assign(pending_orders=0.0, pending_amount=0.0))
    base = replace(base, statistics=base.statistics.assign(spend_sum=80.0 * base.statistics["spend_count"]))
    back = made_up_fit(beta_binomial_returns(), base)
    made = valued((fits[0], spend), base, returns=back)
    revenue, orders = component(made, "revenue"), component(made, "orders")
    np.testing.assert_allclose(revenue, 80 * orders, rtol=1e-4)
    handled = component(made, "returned") / 80
    np.testing.assert_allclose(component(made, "cost"), 2 * orders + 6 * handled, rtol=1e-4)
    assert handled.sum() > 0.05 * orders.sum()
    free = valued((fits[0], spend), base, replace(ECONOMICS, return_cost=0.0), returns=back)
    np.testing.assert_allclose(component(free, "cost"), 2 * orders, rtol=1e-12)
    np.testing.assert_array_equal(component(free, "returned"), component(made, "returned"))


def test_the_cost_of_handling_may_be_that_of_the_level(fits, returns, nothing_open, closed) -> None:
    by_level = {"channel": {"Fair": 0.0, "Search": 30.0}}
    made = valued(fits, nothing_open, replace(ECONOMICS, return_cost=by_level), returns=returns).cash["channel"]
    none = valued(fits, nothing_open, replace(ECONOMICS, return_cost=0.0), returns=returns).cash["channel"]
    for level, times in (("Fair", 0), ("Search", 5)):
        cost, without, of_six = (cash.sel(level=level, component="cost").to_numpy() for cash in (made, none, closed.cash["channel"]))
        np.testing.assert_allclose(cost - without, times * (of_six - without), rtol=1e-9, atol=1e-6)


def test_free_orders_that_come_back_cost_nothing_more() -> None:
    """Four in ten orders were free: nobody is paid back for these, and they are not counted as handled."""
    base = made_up_customers()
    free = (0.4 * base.statistics["frequency"]).astype(int)
    base = with_returns(replace(base, statistics=base.statistics.assign(spend_count=base.statistics["frequency"] - free)), touched=1.0)
    base = replace(base, returns=base.returns.assign(parts=1.0, part_mean=0.5))
    spend = made_up_fit(gamma_gamma(), base, centre=[math.log(80), -14.0, -14.0], sd=1e-9, pool=())
    statistics = base.statistics.assign(spend_sum=80.0 * base.statistics["spend_count"])
    made = valued(
        (made_up_fits(base)[0], spend),
        replace(base, statistics=statistics),
        returns=made_up_fit(beta_binomial_returns(), base, centre=[0.0, 0.5, 0.0, 0.0, 0.0]),
    )
    np.testing.assert_allclose(component(made, "cost") - 2 * component(made, "orders"), 6 * component(made, "returned") / 80, atol=0.01)
    assert component(made, "revenue").sum() == pytest.approx(0.6 * 80 * component(made, "orders").sum(), rel=0.05)
    assert all(check.status == "ok" for check in made.checks)


# refunds of past orders -----------------------------------------------------------------------------------------------------------------


def test_refunds_count_no_orders_and_bring_no_revenue(valuation, closed) -> None:
    for name in ("orders", "revenue"):
        np.testing.assert_array_equal(component(valuation, name), component(closed, name))
    for column in ("p_no_order", "expected_orders", "share_returned"):
        assert valuation.customers[column].equals(closed.customers[column])


def test_refunds_cost_the_margin_and_the_handling_of_what_is_expected_back(nothing_open) -> None:
    """At a point of the posterior, for each customer: refunded with the probability of the closed form, all or nothing."""
    draws, amount = 600, np.where(np.arange(len(nothing_open)) % 3, 100.0, 0.0)
    base = with_returns(nothing_open, **nothing_open.returns[KNOWN].to_dict("list"))
    still = replace(base, returns=base.returns.assign(pending_orders=amount / 200, pending_amount=amount))
    fits, back = made_up_fits(base, pool=(), sd=1e-9), made_up_fit(beta_binomial_returns(), base, pool=(), sd=1e-9)
    made, none = (valued(fits, some, returns=back, draws=draws) for some in (still, base))
    lost = (none.customers["value_mean"] - made.customers["value_mean"]).to_numpy()
    open_ones = amount > 0
    np.testing.assert_array_equal(lost[~open_ones], 0.0)
    share = expected_share(RETURNS[:, None], base.returns)
    each = 0.35 * 100 + 6 * 0.5  # margin on what is refunded, and handling of half an order
    z = (lost / each - share) / np.sqrt(share * (1 - share) / draws)
    assert np.abs(z[open_ones]).max() < 5 and 0.7 < z[open_ones].std() < 1.3
    # and of all of them together, with nothing to discount
    names = ("returned", "cost", "contribution", "value")
    refunds = {name: (component(made, name) - component(none, name)) for name in names}
    assert all(not part[:, 1:].any() for part in refunds.values())
    refunded = refunds["returned"][:, 0]
    expected = (share * amount).sum()
    assert abs(refunded.mean() - expected) < 4 * refunded.std() / math.sqrt(draws)
    np.testing.assert_allclose(refunds["cost"][:, 0], 6 * refunded / 200, atol=1e-6)
    np.testing.assert_allclose(refunds["contribution"][:, 0], -(0.35 + 6 / 200) * refunded, atol=1e-6)
    np.testing.assert_allclose(refunds["value"][:, 0], refunds["contribution"][:, 0], atol=1e-6)


def test_who_sends_back_what_is_open_sends_back_more_later() -> None:
    """One share of each customer's own in each draw, here unknown and wide: refunds and later returns go together."""
    base = made_up_customers(400, segments={"one": ["all"]})
    same = {"frequency": 20, "recency": 45.0, "T": 46.0, "spend_count": 20, "spend_sum": 1600.0}
    base = replace(base, statistics=base.statistics.assign(**same))
    fits, known = made_up_fits(base, pool=(), sd=1e-9), with_returns(base, touched=1.0, parts=1.0, part_mean=1.0)
    back = made_up_fit(beta_binomial_returns(), known, pool=(), sd=1e-9, centre=[0.0, -3.0, 20.0, 0.0, 0.0])
    base = with_returns(base, trials=0.0, pending_orders=1.0, pending_amount=1e7)
    one = base.statistics.iloc[:1]
    later, first = [], []
    for k in range(12):
        # a customer alone, so that the total says whose refund it is
        alone = replace(base, statistics=one.assign(customer_id=f"K{k}"), segments=base.segments.iloc[:1], returns=base.returns.iloc[:1])
        total = valued(fits, alone, returns=back, draws=200).total.sum("period")
        returned, revenue = (total.sel(component=name).to_numpy() for name in ("returned", "revenue"))
        refunded = returned > 5e6
        first.append(refunded[revenue > 0])
        later.append(((returned - 1e7 * refunded) / np.where(revenue > 0, revenue, 1.0))[revenue > 0])
    first, later = np.concatenate(first), np.concatenate(later)
    # share ~ Beta(.025, .025): next to always or next to never
    assert later[first].mean() > 0.9 and later[~first].mean() < 0.1
    assert first.mean() == pytest.approx(0.5, abs=0.06)


def test_refunds_stay_as_they_are_when_customers_are_moved(fits, returns, customers, nothing_open) -> None:
    made, none = (valued(fits, some, returns=returns, draws=100, levers=["spend"], by=()).levers[""] for some in (customers, nothing_open))
    refunds = (made - none).sel(lever="spend")[:, 0]
    assert (refunds.sel(size=1.0) < 0).all()
    np.testing.assert_allclose(refunds.sel(size=1.5), refunds.sel(size=1.0), rtol=1e-6)


# who is worth less than nothing ---------------------------------------------------------------------------------------------------------


def test_a_chronic_returner_is_worth_less_than_nothing(fits) -> None:
    """Twins but for what came back: all of 19 and half of one in 20 orders, or nothing."""
    base = made_up_customers()
    same = {"frequency": 19, "recency": 60.0, "T": 62.0, "spend_count": 19, "spend_sum": 19 * 80.0}
    statistics = base.statistics.copy()
    for name, number in same.items():
        statistics.loc[:1, name] = number
    base = replace(base, statistics=statistics, segments=base.segments.assign(industry="Retail", channel="Fair"))
    base = with_returns(base)
    base.returns.loc[:1, "trials"] = 20.0
    base.returns.loc[0, ["touched", "parts", "part_mean"]] = [20.0, 20.0, 0.975]
    back = made_up_fit(beta_binomial_returns(), base)
    made = valued(made_up_fits(base), base, replace(ECONOMICS, order_cost=4.0, return_cost=5.0), returns=back).customers
    assert made["value_mean"][0] < 0 < made["value_mean"][1]
    # of an order of about 80: a margin of 28 on what is kept, 4 for each and 5 for what comes back
    assert made["share_returned"][0] > 0.85 and made["share_returned"][1] < 0.05
    assert made["p_no_order"][0] < 0.5 and made["value_95"][0] <= made["value_95"][1]


# sums, invariances, checks, refusals ----------------------------------------------------------------------------------------------------


def test_levels_add_up_to_the_total_in_every_component(valuation) -> None:
    assert tuple(valuation.total["component"].to_numpy()) == COMPONENTS
    for cash in valuation.cash.values():
        np.testing.assert_allclose(cash.sum("level"), valuation.total, rtol=1e-9, atol=1e-6)
        assert (cash.sel(component="returned").sum(("draw", "period")) > 0).all()
    worth = component(valuation, "value").sum(axis=1)
    assert valuation.customers["value_mean"].sum() == pytest.approx(worth.mean(), rel=1e-9)


def test_the_order_of_rows_changes_nobodys_value(valuation, fits, returns, customers) -> None:
    order = np.random.default_rng(0).permutation(len(customers))
    frames = {name: getattr(customers, name).iloc[order].reset_index(drop=True) for name in ("statistics", "segments", "returns")}
    made = valued(fits, replace(customers, **frames), returns=returns)
    np.testing.assert_allclose(made.total, valuation.total, rtol=1e-9, atol=1e-6)
    back = made.customers.sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(back, valuation.customers, check_exact=True)


def test_batches_change_nobodys_value(valuation, fits, returns, customers, monkeypatch) -> None:
    """Also where some batches have refunds and others none; sums of another order differ in their last digits."""
    monkeypatch.setattr("clvbayes.valuation.events.CELLS_AT_ONCE", 900)
    made = valued(fits, customers, returns=returns)
    np.testing.assert_allclose(made.total, valuation.total, rtol=1e-9, atol=1e-9)
    pd.testing.assert_frame_equal(made.customers, valuation.customers, check_exact=True)


def test_the_same_seed_gives_the_same_returns_and_another_does_not(valuation, fits, returns, customers) -> None:
    xr.testing.assert_identical(valued(fits, customers, returns=returns).total, valuation.total)
    other = component(valued(fits, customers, returns=returns, seed=2), "returned").sum(axis=1)
    assert not np.isin(other, component(valuation, "returned").sum(axis=1)).any()


def test_a_currency_multiplies_what_comes_back(valuation, fits, returns, customers) -> None:
    cents = replace(
        customers,
        statistics=customers.statistics.assign(spend_sum=100 * customers.statistics["spend_sum"]),
        returns=customers.returns.assign(pending_amount=100 * customers.returns["pending_amount"]),
    )
    economics = replace(ECONOMICS, order_cost=200.0, return_cost=600.0)
    made = valued((fits[0], shifted(fits[1], "log_mean", math.log(100))), cents, economics, returns=returns)
    factor = xr.DataArray([1.0, *[100.0] * 5], coords={"component": list(COMPONENTS)})
    np.testing.assert_allclose(made.total, (valuation.total * factor).transpose(*made.total.dims), rtol=1e-8, atol=1e-4)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_right_simulation_of_returns_passes_its_checks(seed, fits, returns, customers) -> None:
    made = valued(fits, customers, replace(ECONOMICS, service_cost=3.0), returns=returns, seed=seed, draws=100)
    assert [check.check for check in made.checks] == ["Simulation", "Spread", "Sums"]
    assert [check.status for check in made.checks] == ["ok", "ok", "ok"]


def test_the_check_knows_what_comes_back(fits, returns, customers, monkeypatch) -> None:
    """Against closed forms of half of it, the same simulation fails."""
    model = type(returns.model)
    right = model.share_moments

    def halved(self, *known):
        mean, square = right(self, *known)
        return mean / 2, square / 4

    monkeypatch.setattr(model, "share_moments", halved)
    failed = valued(fits, customers, returns=returns, draws=100).checks[0]
    assert failed.check == "Simulation" and failed.status == "failed"


def test_fits_of_the_wrong_kind_and_customers_without_known_returns_are_refused(fits, returns, customers) -> None:
    unknown = replace(customers, returns=None)
    logs = made_up_fit(lognormal(), customers, centre=[4.0, -1.15, -1.15])
    for back, some, message in [
        (fits[0], customers, "returns must be the fit of a returns model, not of mbg_nbd"),
        (logs, customers, "returns must be the fit of a returns model, not of lognormal"),
        (returns, unknown, "a returns model cannot value customers of whom returns are not known"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            valued(fits, some, returns=back)
    with pytest.raises(ArgumentError, match="value needs a purchase fit, then a spend fit, not mbg_nbd and beta_binomial_returns"):
        valued((fits[0], returns), customers)
