"""Measures at their places: what an effect is worth by hand, how long it lasts, and what no measure can be."""

import math
from dataclasses import replace

import numpy as np
import pytest
from decisions.made_up_worth import DRAWS, certain, made_up

from clvbayes.decisions.measures import Measure, gain_of, kept_share
from clvbayes.errors import ArgumentError
from clvbayes.valuation import Acquisition

SPEND = np.array([0.0, 5_000.0, 10_000.0, 40_000.0])
FAIRS = {"today": [40_000, 90, 130], "ceiling": 400}
SHARES = {"today": [40_000, 0.03, 0.06], "ceiling": 0.2}


def fairs(**other):
    given = {"lever": "acquisition", "where": {"channel": "fair"}, "response": FAIRS, "lasts": "campaign"} | other
    return Measure("Fairs", **given)


def mailing(**other):
    given = {"lever": "retention", "where": {"industry": "retail"}, "response": SHARES, "lasts": "permanent"} | other
    return Measure("Mailing", **given)


def shares(of):
    """A certain response: a share that saturates at .2."""
    return certain(lambda spend: 0.2 * -np.expm1(-spend / of))


# what it is worth -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lever", ["acquisition", "win-back"])
def test_customers_won_bring_what_newcomers_do_with_the_chance_of_so_many(lever) -> None:
    random = np.random.default_rng(1)
    mean = 900 * np.exp(0.2 * random.standard_normal(DRAWS))
    valuation = made_up({"fair": (mean, 2000.0)})
    found = gain_of(fairs(lever=lever, response=certain(lambda spend: spend / 400)), valuation, 1).of(SPEND)
    customers = SPEND / 400
    assert not found[:, 0].any()
    assert found.mean(axis=0) == pytest.approx(customers * mean.mean(), rel=0.02, abs=1e-9)
    about = found - customers * mean[:, None]
    assert about.std(axis=0) == pytest.approx(np.sqrt(customers) * 2000, rel=0.05)
    # of twice as many customers, the chance of each falls by the root
    assert np.corrcoef(about[:, 1], about[:, 3])[0, 1] == pytest.approx(1)


def test_fewer_departures_bring_what_the_valuations_lever_says() -> None:
    valuation = made_up()
    found = gain_of(mailing(response=shares(20_000)), valuation, 1).of(SPEND)
    moved = valuation.levers["industry"].sel(level="retail", lever="churn")
    at = np.log(1 - 0.2 * -np.expm1(-SPEND / 20_000))
    for k, size in enumerate(at):
        expected = [np.interp(size, np.log(moved["size"]), values) for values in moved.to_numpy()] - moved.sel(size=1.0).to_numpy()
        assert found[:, k] == pytest.approx(expected, rel=2e-3, abs=1e-6)


@pytest.mark.parametrize(("lever", "name"), [("frequency", "rate"), ("spend", "spend")])
def test_more_orders_and_larger_ones_rise_with_their_lever(lever, name) -> None:
    valuation = made_up()
    found = gain_of(mailing(lever=lever, response=certain(lambda spend: 0.1 * -np.expm1(-spend / 1e-6))), valuation, 1).of(
        np.array([0.0, 1e5])
    )
    moved = valuation.levers["industry"].sel(level="retail", lever=name)
    assert found[:, 1] == pytest.approx((moved.sel(size=1.1) - moved.sel(size=1.0)).to_numpy(), rel=1e-6)


def test_what_is_spent_today_is_in_the_value_already() -> None:
    """Today's 20,000 keep churn at where the data have it; nothing would raise its odds by 1 / (1 - effect)."""
    valuation = made_up()
    measure = mailing(response=shares(20_000), current=20_000.0)
    today = 0.2 * -math.expm1(-1)
    found = gain_of(measure, valuation, 1).of(np.array([0.0, 20_000.0]))
    value = valuation.cash["industry"].sel(level="retail", component="value").sum("period").to_numpy()
    without = valuation.levers["industry"].sel(level="retail", lever="churn")
    lost = [value[s] - np.interp(-math.log1p(-today), np.log(without["size"]), without[s]) for s in range(DRAWS)]
    assert not found[:, 0].any()
    assert found[:, 1] == pytest.approx(lost, rel=2e-3)


def test_measures_for_all_customers_and_for_a_level_are_told_apart() -> None:
    valuation = made_up()
    everywhere, retail = (gain_of(mailing(where=where, lever="spend"), valuation, 1).of(SPEND) for where in ({}, {"industry": "retail"}))
    total, of_retail = (
        valuation.total.sel(component="value").sum("period"),
        valuation.cash["industry"].sel(level="retail", component="value"),
    )
    ratio = (total / of_retail.sum("period")).to_numpy()
    assert everywhere[:, 3] == pytest.approx(retail[:, 3] * ratio, rel=1e-9)


def test_draws_of_a_measure_are_its_own_and_stay_when_others_come() -> None:
    valuation = made_up()
    one, same, other = (gain_of(replace(fairs(), name=name), valuation, 1).of(SPEND) for name in ("Fairs", "Fairs", "More fairs"))
    assert np.array_equal(one, same)
    assert abs(np.corrcoef(one[:, 3], other[:, 3])[0, 1]) < 0.1


# how long it lasts ----------------------------------------------------------------------------------------------------------------------


def test_a_permanent_effect_keeps_all_and_a_campaign_a_quarter_of_a_year() -> None:
    valuation = made_up()  # whose value comes evenly over three years
    assert kept_share(mailing(lever="spend"), valuation) == 1.0
    assert kept_share(mailing(lever="spend", lasts="campaign"), valuation) == pytest.approx(1 / 12, rel=2e-3)  # quarters have whole days


@pytest.mark.parametrize(
    ("lasts", "years"), [("2 quarters", 0.5), ("1 year", 1.0), ("6 months", 0.5), ("26 weeks", 182 / 365.25), ("90 days", 90 / 365.25)]
)
def test_a_half_life_keeps_what_is_left_in_each_period(lasts, years) -> None:
    rate = math.log(2) / years
    assert kept_share(mailing(lever="frequency", lasts=lasts), made_up()) == pytest.approx(-math.expm1(-3 * rate) / (3 * rate), rel=1e-3)


def test_departures_prevented_early_count_for_all_that_follows() -> None:
    """At a steady hazard h over three even years, what is saved at time u brings 3 - u: a campaign has (3 T - T^2 / 2) of 9 / 2."""
    assert kept_share(mailing(lasts="campaign"), made_up()) == pytest.approx((3 * 0.25 - 0.25**2 / 2) / 4.5, rel=2e-3)
    rate = math.log(2) / 0.5
    by_hand = (3 - (1 - math.exp(-3 * rate)) / rate) / rate / 4.5
    assert kept_share(mailing(lasts="2 quarters"), made_up()) == pytest.approx(by_hand, rel=5e-3)


def test_a_longer_effect_is_worth_more() -> None:
    valuation = made_up()
    worth = [
        gain_of(mailing(lasts=lasts), valuation, 1).of(SPEND)[:, 3].mean() for lasts in ("campaign", "2 quarters", "2 years", "permanent")
    ]
    assert (np.diff(worth) > 0).all()


# what no measure can be -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lever": "churn"}, "lever must be one of acquisition, retention, frequency, spend, win-back, not 'churn'"),
        ({"where": {"channel": "fair", "industry": "retail"}}, "where must name one column and its level"),
        ({"where": "fair"}, "where must name one column"),
        ({"lasts": "2 fortnights"}, "a half-life such as \"2 quarters\", not '2 fortnights'"),
        ({"lasts": None}, "lasts must be"),
        ({"lasts": "permanent"}, 'lasts must be "campaign" for acquisition'),
        ({"current": -1.0}, "current must be an amount of at least 0"),
        ({"current": math.nan}, "current must be an amount of at least 0"),
        ({"bounds": (10.0, 5.0)}, "bounds cross: at least 10, at most 5"),
        ({"bounds": (-10.0, None)}, "bounds must be two amounts"),
        ({"bounds": 5.0}, "bounds must be two amounts"),
        ({"group": 3}, "group must be a name"),
        ({"response": {"today": [1, 3, 2], "ceiling": 5}}, "0 < low < high"),
    ],
)
def test_what_no_measure_can_be_is_refused_by_its_name(given, said) -> None:
    with pytest.raises(ArgumentError, match=said) as found:
        fairs(**given)
    assert str(found.value).startswith("measure 'Fairs': ")


def test_how_long_it_lasts_is_never_assumed() -> None:
    with pytest.raises(TypeError, match="lasts"):
        Measure("Fairs", lever="acquisition", where={}, response=FAIRS)


def test_shares_are_fractions() -> None:
    with pytest.raises(ArgumentError, match=r"the response reaches 20, but shares are at most 0.5 \(5 % is 0.05\)"):
        mailing(response={"today": [40_000, 3, 6], "ceiling": 20})


@pytest.mark.parametrize("name", ["", " ", None, 3])
def test_a_measure_has_a_name(name) -> None:
    with pytest.raises(ArgumentError, match="a measure needs a name"):
        Measure(name, lever="acquisition", where={}, response=FAIRS, lasts="campaign")


def test_places_and_levers_that_a_valuation_does_not_know_are_named() -> None:
    valuation = made_up()
    for measure, said in (
        (fairs(where={"channel": "telephone"}), "'channel' has no level 'telephone'; there are fair, search"),
        (fairs(where={"region": "north"}), "the valuation has no column 'region'; it reports by channel"),
        (mailing(where={"industry": "ships"}), "'industry' has no level 'ships'; there are retail, mills"),
    ):
        with pytest.raises(ArgumentError, match=said):
            gain_of(measure, valuation, 1)
    with pytest.raises(ArgumentError, match=r"measure 'Fairs': the valuation has no values of newcomers: value\(..., newcomers=True\)"):
        gain_of(fairs(), replace(valuation, acquisition=Acquisition()), 1)
    with pytest.raises(ArgumentError, match=r"measure 'Mailing': the valuation has no levers"):
        gain_of(mailing(), replace(valuation, levers={}), 1)
    without = {column: array.sel(lever=["rate", "spend"]) for column, array in valuation.levers.items()}
    with pytest.raises(ArgumentError, match='the valuation has no lever "churn"'):
        gain_of(mailing(), replace(valuation, levers=without), 1)


def test_an_effect_today_beyond_the_valuations_levers_is_refused() -> None:
    measure = mailing(response=certain(lambda spend: 0.45 * -np.expm1(-spend / 5_000)), current=40_000.0)
    with pytest.raises(ArgumentError, match=r"might be 1.82 times as high, and the valuation knows them up to 1.5 times: .* at most 0.33"):
        gain_of(measure, made_up(), 1)
    assert gain_of(replace(measure, current=0.0), made_up(), 1).of(SPEND).shape == (DRAWS, 4)
