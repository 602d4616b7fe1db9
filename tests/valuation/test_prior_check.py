"""What a prior says in words, and a prior from words: one undoes the other."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from clvbayes import models
from clvbayes.data import Customers
from clvbayes.errors import ArgumentError
from clvbayes.valuation import Economics, prior_check, priors_in_words

MODEL = models.mbg_nbd()
ENDS = ["q10", "q90"]


def customers_in(unit, factor: float = 1.0) -> Customers:
    frame = pd.DataFrame(
        {
            "frequency": [2, 0, 5, 1],
            "recency": factor * np.array([30.4, 0.0, 36.1, 4.0]),
            "T": factor * np.array([38.9, 38.9, 37.0, 39.0]),
            "monetary_value": [20.0, 0.0, 35.0, 8.0],
            "industry": ["a", "a", "b", "b"],
        }
    )
    return Customers.from_frame(frame, unit=unit, segments=["industry"])


WEEKS = customers_in("week")


def test_orders_a_year_are_the_rate_of_the_prior() -> None:
    priors = MODEL.priors(WEEKS)
    found = prior_check(MODEL, WEEKS, draws=4000, seed=1).loc[("base", "orders_a_year")]
    exact = np.exp(priors.mean[0] + priors.sd[0] * np.array([-1.2816, 0, 1.2816])) * 365.25 / 7
    np.testing.assert_allclose(found[["q10", "q50", "q90"]].to_numpy(dtype=float), exact, rtol=0.08)


def test_who_never_reorders_left_after_the_first_order() -> None:
    """In MBG/NBD for ever; and of customers with nearly one rate fifty years are for ever."""
    own = MODEL.priors(WEEKS)
    priors = replace(own, mean=(own.mean[0], 4.0, *own.mean[2:]), sd=(0.1, 0.1, *own.sd[2:]))
    found = prior_check(MODEL, WEEKS, priors=priors, draws=4000, seed=1).loc[("base", "never_reorder")]
    exact = expit(priors.mean[2] + priors.sd[2] * np.array([-1.2816, 0, 1.2816]))
    np.testing.assert_allclose(found[["q10", "q50", "q90"]].to_numpy(dtype=float), exact, rtol=0.1)


def test_who_is_still_active_is_the_survival_of_pareto_nbd() -> None:
    """(beta / (beta + year))^s, in closed form."""
    model = models.pareto_nbd()
    found = prior_check(model, WEEKS, draws=2000, seed=1).loc[("base", "still_active")]
    priors = model.priors(WEEKS)
    drawn = np.random.default_rng(9).normal(priors.mean, priors.sd, (20_000, 4)).T
    _, _, s, beta = model.natural(drawn, np.exp, expit)
    exact = np.quantile((beta / (beta + 365.25 / 7)) ** s, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(found[["q10", "q50", "q90"]].to_numpy(dtype=float), exact, atol=0.04)


def test_nobody_leaves_where_nobody_can() -> None:
    assert (prior_check(models.nbd(), WEEKS, draws=100, seed=1).loc[("base", "still_active")] == 1).all()


def test_the_unit_of_time_changes_nothing() -> None:
    days = customers_in("day", 7.0)
    pd.testing.assert_frame_equal(prior_check(MODEL, WEEKS, seed=1), prior_check(MODEL, days, seed=1), rtol=1e-6)


def test_a_segment_knows_less_than_the_base() -> None:
    found = prior_check(MODEL, WEEKS, pool=["industry"], draws=4000, seed=1)
    width = np.log(found["q95"] / found["q05"]).unstack("of")
    assert (width["segment"] > width["base"])[["orders_a_year", "never_reorder"]].all()
    assert "segment" not in prior_check(MODEL, WEEKS, draws=100, seed=1).index.get_level_values("of")


def test_each_year_has_its_rate_growth_and_costs() -> None:
    asked = {"spend": models.gamma_gamma(), "draws": 200, "seed": 1}

    def median(**economics):
        found = prior_check(MODEL, WEEKS, economics=Economics(0.3, economics.pop("rate", 0.0), 3, **economics), **asked)
        return found.loc[("base", "value_3_years"), "q50"]

    plain = median()
    assert median(rate={1: 0.0, 2: 0.0, 3: 0.0, 4: 0.9}) == pytest.approx(plain)  # no year that counts is discounted
    assert median(rate=0.2) < median(rate={1: 0.0, 2: 0.2}) < plain < median(spend_growth=0.2)
    assert median(order_cost=10.0) < plain
    for name in ("service_cost", "return_cost"):
        with pytest.raises(ArgumentError, match=f"a value of the prior knows no {name}"):
            median(**{name: 5.0})
    with pytest.raises(ArgumentError, match="needs one order_cost, not one by level"):
        median(order_cost={"industry": {"a": 1.0}})


def test_other_kinds_of_models_and_customers_are_refused() -> None:
    for model in ("mbg_nbd", models.mbg_nbd, models.gamma_gamma()):
        with pytest.raises(ArgumentError, match=r"a model of purchases is needed, such as clv.models.mbg_nbd\(\)"):
            prior_check(model, WEEKS, seed=1)
    with pytest.raises(ArgumentError, match="a model of spend is needed"):
        prior_check(MODEL, WEEKS, spend=MODEL, economics=Economics(0.3, 0.0, 3), seed=1)
    with pytest.raises(ArgumentError, match="customers must be made by"):
        priors_in_words(MODEL, None, orders_a_year=(1, 6))


def test_statements_are_numbers_of_any_kind_but_no_truths() -> None:
    assert priors_in_words(MODEL, WEEKS, orders_a_year=(np.int64(1), 6.0)) == priors_in_words(MODEL, WEEKS, orders_a_year=(1, 6))
    with pytest.raises(ArgumentError, match="orders_a_year must be two numbers"):
        priors_in_words(MODEL, WEEKS, orders_a_year=(True, 6))


def test_a_value_is_orders_times_amount_times_margin() -> None:
    """With amounts all but known, and no discount."""
    sure = models.gamma_gamma().priors(WEEKS).widened(1e-9)
    economics = Economics(margin=0.5, discount_rate=0.0, horizon=3)
    found = prior_check(MODEL, WEEKS, spend=models.gamma_gamma(), spend_priors=sure, economics=economics, seed=1).loc["base"]
    amount = np.exp(sure.mean[0])
    np.testing.assert_allclose(found.loc["value_3_years"], 0.5 * amount * found.loc["orders_3_years"], rtol=1e-6)


@pytest.mark.parametrize("statement", [{"orders_a_year": (1, 6)}, {"orders_a_year": (20, 30), "never_reorder": (0.3, 0.6)}])
def test_a_statement_comes_out_as_it_was_made(statement) -> None:
    stated = priors_in_words(MODEL, WEEKS, **statement)
    found = prior_check(MODEL, WEEKS, priors=stated, draws=4000, seed=2).loc["base"]
    for name, bounds in statement.items():
        np.testing.assert_allclose(found.loc[name, ENDS].to_numpy(dtype=float), bounds, rtol=0.08)


@pytest.mark.parametrize("statement", [{"still_active": (0.3, 0.7)}, {"never_reorder": (0.3, 0.6)}])
@pytest.mark.parametrize("name", ["mbg_nbd", "pareto_nbd"])
def test_quantiles_are_those_stated_though_other_coordinates_are_uncertain(name, statement) -> None:
    model = getattr(models, name)()
    stated = priors_in_words(model, WEEKS, orders_a_year=(1, 6), **statement)
    found = prior_check(model, WEEKS, priors=stated, draws=100_000, seed=5).loc["base"]
    np.testing.assert_allclose(found.loc["orders_a_year", ENDS].to_numpy(dtype=float), (1, 6), rtol=0.02)
    for said, bounds in statement.items():
        np.testing.assert_allclose(found.loc[said, ENDS].to_numpy(dtype=float), bounds, atol=0.005)


@pytest.mark.parametrize(("unit", "orders", "most"), [("year", (1, 6), "1"), ("year", (0.2, 1.0), "1"), ("week", (10, 60), "52.18")])
def test_of_opportunities_there_are_no_more_orders_than_there_are_of_them(unit, orders, most) -> None:
    frame = pd.DataFrame({"frequency": [2, 0], "recency": [3.0, 0.0], "T": [6.0, 6.0]})
    counted = Customers.from_frame(frame, unit=unit)
    with pytest.raises(
        ArgumentError, match=f"0 < low < high < {most}, not .* in BG/BB a customer orders once at most at each of {most} opp"
    ):
        priors_in_words(models.bg_bb(), counted, orders_a_year=orders)
    half = (0.2 * float(most), 0.5 * float(most))
    found = prior_check(models.bg_bb(), counted, priors=priors_in_words(models.bg_bb(), counted, orders_a_year=half), draws=20_000, seed=5)
    np.testing.assert_allclose(found.loc[("base", "orders_a_year"), ENDS].to_numpy(dtype=float), half, rtol=0.03)


def test_a_year_later_too() -> None:
    stated = priors_in_words(MODEL, WEEKS, orders_a_year=(10, 14), still_active=(0.3, 0.6))
    found = prior_check(MODEL, WEEKS, priors=stated, draws=4000, seed=2).loc[("base", "still_active"), ENDS]
    np.testing.assert_allclose(found.to_numpy(dtype=float), (0.3, 0.6), atol=0.03)


def test_what_is_not_stated_stays_as_it_is() -> None:
    own, stated = MODEL.priors(WEEKS), priors_in_words(MODEL, WEEKS, orders_a_year=(1, 6))
    assert (stated.mean[1:], stated.sd[1:], stated.scale) == (own.mean[1:], own.sd[1:], own.scale)
    assert priors_in_words(MODEL, WEEKS) == own


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"orders_a_year": (6, 1)}, "orders_a_year must be two numbers, 0 < low < high, not"),
        ({"orders_a_year": (0, 1)}, "orders_a_year must be two numbers"),
        ({"orders_a_year": 3}, "orders_a_year must be two numbers"),
        ({"orders_a_year": (1, float("nan"))}, "orders_a_year must be two numbers"),
        ({"never_reorder": (0.2, 1.5)}, "never_reorder must be two numbers, 0 < low < high < 1, not"),
        ({"never_reorder": (0.2, 0.3), "still_active": (0.2, 0.3)}, "state one of them"),
    ],
)
def test_a_statement_that_cannot_be_one_is_refused(statement, message) -> None:
    with pytest.raises(ArgumentError, match=message):
        priors_in_words(MODEL, WEEKS, **statement)


def test_a_model_says_what_it_cannot_fulfil() -> None:
    with pytest.raises(ArgumentError, match="nobody ever leaves"):
        priors_in_words(models.nbd(), WEEKS, still_active=(0.2, 0.4))
    with pytest.raises(ArgumentError, match=r"BG/NBD cannot have never_reorder between 0.3 and 0.6 .* the nearest found is"):
        priors_in_words(models.bg_nbd(), WEEKS, never_reorder=(0.3, 0.6))


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArgumentError, match="draws must be a whole number of at least 100"):
        prior_check(MODEL, WEEKS, draws=10, seed=1)
    with pytest.raises(ArgumentError, match="needs both spend and economics"):
        prior_check(MODEL, WEEKS, spend=models.gamma_gamma(), seed=1)
    margins = Economics(margin={"industry": {"a": 0.2, "b": 0.3}}, discount_rate=0.1, horizon=3)
    with pytest.raises(ArgumentError, match="one margin"):
        prior_check(MODEL, WEEKS, spend=models.gamma_gamma(), economics=margins, seed=1)
