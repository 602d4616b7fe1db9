"""What past forecasts missed, learned from made-up errors: each figure that goes in comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from made_up_backtest import OTHER, OWN, Past, make_backtest

from clvbayes.errors import ArgumentError
from clvbayes.grading.discrepancy import FEWEST_COMPLETED, learn_discrepancy, learn_from, pooled_models
from clvbayes.grading.past_errors import GROWTH_MEAN, MEAN_SD, RIGHT, SPREAD_SCALE, completed
from clvbayes.models import mbg_nbd
from clvbayes.valuation.discrepancy import Discrepancy

FIRST = date(2015, 1, 3)
FORESEEN, AMOUNT = 1000.0, 80.0
NOTHING = pd.DataFrame()


def forecasts(
    errors: np.ndarray,
    *,
    weeks: Sequence[int] = (13,),
    of_amount: np.ndarray | float = 0.0,
    column: str = "",
    level: str = "all customers",
    foreseen: float = FORESEEN,
    sd: float = 0.02,
) -> pd.DataFrame:
    """Forecasts that were off by so much, dims ``(origin, horizon)``, on the log scale; `sd` is what the model itself knew, relatively."""
    rows = []
    for (j, h), error in np.ndenumerate(np.asarray(errors, dtype=float).reshape(-1, len(weeks))):
        amount = np.broadcast_to(of_amount, (len(errors), len(weeks)))[j, h]
        head = {"origin": FIRST + j * timedelta(weeks=13), "weeks": weeks[h], "column": column, "level": level}
        for measure, unit, off in (("orders", 1.0, error), ("revenue", AMOUNT, error + amount)):
            middle = unit * foreseen
            actual = (middle + unit / 2) * np.exp(off) - unit / 2
            rows.append({**head, "measure": measure, "actual": actual, "mean": middle, "q50": middle, "sd": sd * middle})
    return pd.DataFrame(rows).assign(model=OWN, who="existing")


def of_levels(errors: Mapping[str, np.ndarray], *, column: str = "industry", **options) -> pd.DataFrame:
    """The total, which was foreseen exactly, and levels that were off."""
    count = len(next(iter(errors.values())))
    parts = [forecasts(found, column=column, level=level, **options) for level, found in errors.items()]
    return pd.concat([forecasts(np.zeros(count)), *parts], ignore_index=True)


def learned(ended: pd.DataFrame, *, draws: int = 4000, seed: int = 1) -> Discrepancy:
    return learn_from(ended, draws=draws, seed=seed)


def drawn(found: Discrepancy, name: str) -> np.ndarray:
    return found.shared[name].to_numpy()


def evidence(found: Discrepancy, what: str) -> pd.Series:
    return found.evidence.set_index("what").loc[what]


def normal(mean: float, sd: float, *shape: int, seed: int = 3) -> np.ndarray:
    """Of exactly this mean and standard deviation."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return mean + sd * (noise - noise.mean()) / noise.std()


# the prior ------------------------------------------------------------------------------------------------------------------------------


def test_nothing_seen_is_the_prior() -> None:
    """Nothing at all, or a mean and a half-normal spread around it, drawn here by themselves."""
    found, random = learned(NOTHING, draws=40_000), np.random.default_rng(2)
    expected = MEAN_SD * random.standard_normal(400_000)
    expected += SPREAD_SCALE * np.abs(random.standard_normal(400_000)) * random.standard_normal(400_000)
    expected *= random.random(400_000) > RIGHT
    at = [0.05, 0.2, 0.5, 0.8, 0.95]
    np.testing.assert_allclose(np.quantile(drawn(found, "size"), at), np.quantile(expected, at), atol=0.006)
    assert found.own == {} and found.weeks == (13.0, 13.0)
    assert evidence(found, "orders")[["origins", "errors"]].tolist() == [0, 0]
    assert evidence(found, "orders")["sd"] == pytest.approx(SPREAD_SCALE * np.sqrt(1 - RIGHT), rel=0.05)  # the root mean square
    assert drawn(found, "growth").mean() == pytest.approx(GROWTH_MEAN, abs=0.02) and 0.2 < drawn(found, "growth").std() < 0.4


def test_forecasts_of_nothing_teach_nothing() -> None:
    """None of them of orders enough."""
    found, prior = learned(forecasts(np.full(9, 0.5), foreseen=9.0)), learned(NOTHING)
    np.testing.assert_array_equal(drawn(found, "size"), drawn(prior, "size"))


# the total ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "sd"), [(-0.2, 0.15), (0.1, 0.3), (0.0, 0.05)])
def test_mean_and_spread_of_errors_are_found(mean, sd) -> None:
    found = learned(forecasts(normal(mean, sd, 80)))
    size, error = drawn(found, "size"), np.hypot(sd, 0.02) / np.sqrt(80)
    assert size.mean() == pytest.approx(mean, abs=0.15 * abs(mean) + 2 * error)
    assert size.std() == pytest.approx(sd, rel=0.2)
    assert evidence(found, "orders")[["origins", "errors"]].tolist() == [80, 80]
    assert evidence(found, "orders")["mean"] == pytest.approx(size.mean(), abs=0.03)


def test_an_error_that_all_origins_share_is_a_mean_and_no_spread() -> None:
    found = learned(forecasts(np.full(10, 0.3)))
    assert evidence(found, "orders")["mean"] == pytest.approx(0.3, abs=0.06)
    assert drawn(found, "size").std() < 0.1


def test_a_few_errors_move_the_prior_less_than_many() -> None:
    means = [abs(evidence(learned(forecasts(np.full(count, -0.3))), "orders")["mean"]) for count in (1, 3, 12)]
    assert 0 < means[0] < means[1] < means[2] < 0.31
    assert means[0] < 0.2


def test_errors_that_the_model_knew_of_are_none() -> None:
    """As wide as its own bands: nothing needs to widen them."""
    errors = normal(0.0, 0.3, 60)
    knew, did_not = (drawn(learned(forecasts(errors, sd=sd)), "size").std() for sd in (0.3, 0.02))
    assert knew < 0.5 * did_not


@pytest.mark.parametrize("growth", [-0.6, 0.6])
def test_growth_of_either_sign_is_found(growth) -> None:
    weeks = (13, 26, 52)
    errors = normal(0.1, 0.25, 80)[:, None] * (np.array(weeks) / 13) ** growth
    found = learned(forecasts(errors, weeks=weeks))
    assert drawn(found, "growth").mean() == pytest.approx(growth, abs=0.2)
    assert found.weeks == (13.0, 52.0)


def test_longer_horizons_weigh_less(monkeypatch) -> None:
    """Those of 52 weeks overlap: four of them say what one of 13 weeks does."""
    monkeypatch.setattr("clvbayes.grading.discrepancy.GROWTHS", np.zeros(1))
    near, far = learned(forecasts(np.full(3, 0.25))), learned(forecasts(np.full(12, 0.25), weeks=(52,)))
    assert_same(near, far)


def test_where_nobody_ordered_the_error_is_large_and_finite() -> None:
    none = forecasts(np.zeros(6)).assign(actual=0.0)
    found = learned(none)
    assert all(np.isfinite(drawn(found, name)).all() for name in ("size", "growth", "amount"))
    assert np.quantile(drawn(found, "size"), 0.05) < -0.5
    assert evidence(found, "amount")["errors"] == 0  # of no orders no mean amount is known


# amounts --------------------------------------------------------------------------------------------------------------------------------


def test_the_mean_amount_drifts_as_it_did() -> None:
    found = learned(forecasts(normal(0.0, 0.1, 60), of_amount=normal(-0.15, 0.1, 60, 1, seed=4)))
    assert drawn(found, "amount").mean() == pytest.approx(-0.15, abs=0.04)
    assert drawn(found, "amount").std() == pytest.approx(0.1, abs=0.03)
    assert drawn(found, "size").mean() == pytest.approx(0.0, abs=0.04)


@pytest.mark.parametrize("slope", [-0.6, 0.0, 0.6])
def test_amounts_go_with_orders_as_they_did(slope) -> None:
    errors = normal(0.0, 0.2, 80)
    found = learned(forecasts(errors, of_amount=slope * errors[:, None] + normal(0.0, 0.03, 80, 1, seed=5)))
    assert drawn(found, "slope").mean() == pytest.approx(slope, abs=0.12)


# levels ---------------------------------------------------------------------------------------------------------------------------------

OFF = {"Health": 0.3, "Mills": 0.0, "Retail": -0.3}


def own_mean(found: Discrepancy, name: str = "orders") -> dict[str, float]:
    own = found.own["industry"]
    return dict(zip(own["level"].to_numpy().tolist(), own[name].mean("draw").to_numpy().tolist(), strict=True))


def test_what_a_level_is_always_off_is_found() -> None:
    found = learned(of_levels({level: normal(off, 0.05, 30, seed=k) for k, (level, off) in enumerate(OFF.items())}))
    for level, off in own_mean(found).items():
        assert off == pytest.approx(OFF[level], abs=0.04)
    assert set(own_mean(found)) == set(OFF)
    assert evidence(found, "orders by industry")["between_sd"] == pytest.approx(0.22, abs=0.08)
    assert abs(evidence(found, "orders")["mean"]) < 0.05  # of the total nothing


def test_one_error_of_a_level_is_hardly_believed() -> None:
    once, often = (own_mean(learned(of_levels({level: np.full(count, off) for level, off in OFF.items()}))) for count in (1, 12))
    assert 0 < once["Health"] < 0.2 < often["Health"] < 0.31
    assert -0.31 < often["Retail"] < -0.2 < once["Retail"] < 0


def test_an_unseen_level_is_as_unlike_as_the_seen_ones_are() -> None:
    alike, unlike = (
        learned(of_levels({f"L{k}": normal(spread * place, 0.03, 20, seed=k) for k, place in enumerate(np.linspace(-1.5, 1.5, 8))}))
        .own["industry"]["orders_sd"]
        .mean()
        for spread in (0.0, 0.3)
    )
    assert alike < 0.08 and unlike == pytest.approx(0.28, abs=0.08)


def test_amounts_of_levels_are_found_apart_from_their_orders() -> None:
    found = learned(of_levels({level: normal(0.0, 0.03, 30, seed=k) for k, level in enumerate(OFF)}, of_amount=0.2))
    assert all(off == pytest.approx(0.2, abs=0.05) for off in own_mean(found, "amount").values())
    assert all(abs(off) < 0.05 for off in own_mean(found).values())


def test_levels_of_few_orders_are_left_out() -> None:
    both = pd.concat(
        [of_levels({"Retail": np.zeros(5)}), forecasts(np.full(5, 1.5), column="industry", level="Tiny", foreseen=9.9)], ignore_index=True
    )
    found, without = learned(both), learned(of_levels({"Retail": np.zeros(5)}))
    assert found.own["industry"]["level"].to_numpy().tolist() == ["Retail"]
    np.testing.assert_array_equal(found.own["industry"]["orders"], without.own["industry"]["orders"])
    kept = both.assign(mean=both["mean"].where(both["level"] != "Tiny", both["mean"] * 10 / 9.9))
    assert learned(kept).own["industry"]["level"].to_numpy().tolist() == ["Retail", "Tiny"]


# the same again -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_columns() -> pd.DataFrame:
    errors = {level: normal(off, 0.1, 8, seed=k) for k, (level, off) in enumerate(OFF.items())}
    of_channel = [forecasts(found, column="channel", level=level) for level, found in errors.items()]
    return pd.concat([of_levels(errors), *of_channel], ignore_index=True)


def assert_same(one: Discrepancy, other: Discrepancy) -> None:
    for name in ("size", "growth", "amount"):
        np.testing.assert_allclose(drawn(one, name), drawn(other, name), rtol=1e-9, atol=1e-12)
    assert set(one.own) == set(other.own)
    for column, own in one.own.items():
        for name in ("orders", "amount", "orders_sd", "amount_sd"):
            np.testing.assert_allclose(own[name], other.own[column][name], rtol=1e-9, atol=1e-12)


def test_the_same_seed_gives_the_same_draws_and_another_one_others(two_columns) -> None:
    assert_same(learned(two_columns), learned(two_columns))
    own = [found.own["industry"]["orders"].to_numpy() for found in (learned(two_columns), learned(two_columns, seed=2))]
    assert np.isclose(*own).mean() < 0.01


@pytest.mark.parametrize("own", [0.03, 0.06, 0.1])
def test_errors_that_the_model_knows_of_widen_nothing_much(own) -> None:
    """Twelve origins of a model that is right: a band of its own error and what was learned is hardly wider than one of its own error."""
    wider = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        found = learned(forecasts(random.normal(0.0, own, 36), weeks=(13, 26, 52), sd=own))
        error = own * random.standard_normal(4000)
        wider.append(np.ptp(np.quantile(error + drawn(found, "size"), [0.05, 0.95])) / np.ptp(np.quantile(error, [0.05, 0.95])))
    assert np.mean(wider) < 1.1


def test_one_forecast_that_missed_by_far_is_enough_to_be_no_longer_right() -> None:
    found = learned(forecasts(np.array([0.5]), sd=0.03))
    assert (drawn(found, "size") == 0).mean() < 0.01


def test_the_order_of_rows_does_not_matter(two_columns) -> None:
    assert_same(
        learned(two_columns), learned(two_columns.sample(frac=1.0, random_state=5).sort_values("column", ascending=False, kind="stable"))
    )
    one = two_columns[two_columns["column"] != "channel"]
    assert_same(learned(one), learned(one.sample(frac=1.0, random_state=5)))


def test_the_order_of_columns_does_not_matter(two_columns) -> None:
    assert_same(learned(two_columns), learned(two_columns.iloc[::-1]))


def test_evidence_is_whole(two_columns) -> None:
    """Of rows of totals as of those of levels: it is saved as JSON, which has no NaN."""
    for ended in (NOTHING, two_columns):
        assert learned(ended).evidence.notna().all(axis=None)
    kinds = ["orders", "amount", "orders by channel", "amount by channel", "orders by industry", "amount by industry"]
    assert sorted(learned(two_columns).evidence["what"]) == sorted(kinds)


# which forecasts ------------------------------------------------------------------------------------------------------------------------


def test_only_forecasts_that_had_ended_are_used() -> None:
    frame = forecasts(np.zeros((6, 2)), weeks=(13, 26))
    frame = pd.concat([frame, frame.assign(model=OTHER), frame.assign(who="new")], ignore_index=True)
    for day in (FIRST, FIRST + timedelta(weeks=26), FIRST + timedelta(weeks=26, days=-1), FIRST + timedelta(weeks=60)):
        found = completed(frame, OWN, day)
        ends = [origin + timedelta(weeks=int(weeks)) for origin, weeks in zip(found["origin"], found["weeks"], strict=True)]
        assert all(end <= day for end in ends) and set(found["model"]) <= {OWN} and set(found["who"]) <= {"existing"}
        expected = sum(13 * j + weeks <= (day - FIRST).days / 7 for j in range(6) for weeks in (13, 26))
        assert len(found) == 2 * expected
    assert len(completed(frame, OWN, None)) == 2 * 12 and completed(NOTHING, OWN, FIRST).empty


def test_a_level_is_pooled_until_enough_origins_have_ended(company_customers) -> None:
    seasonal, old = mbg_nbd(season=True), company_customers
    assert pooled_models(seasonal, NOTHING, old) == [seasonal], "four years are too many for a level"
    young = old.statistics["t0"] >= "2023-02-01"
    statistics, segments = (frame[young].reset_index(drop=True) for frame in (old.statistics, old.segments))
    company_customers = replace(old, statistics=statistics, segments=segments)
    for count in range(FEWEST_COMPLETED + 1):
        ended = forecasts(np.zeros(count)) if count else NOTHING
        expected = [seasonal] if count >= FEWEST_COMPLETED else [seasonal, mbg_nbd(level=True)]
        assert pooled_models(seasonal, ended, company_customers) == expected
    assert pooled_models(mbg_nbd(), NOTHING, company_customers) == [mbg_nbd()]


@pytest.fixture(scope="module")
def made_up():
    return make_backtest(Past())


def test_a_backtest_teaches_what_its_models_missed_by_themselves(made_up) -> None:
    found, other = learn_discrepancy(made_up, seed=1), learn_discrepancy(made_up, model=OTHER, seed=1)
    assert found.shared.sizes["draw"] == 2000
    expected = learn_from(completed(made_up.by_itself, OWN, None), draws=2000, seed=1)
    assert_same(found, expected)
    assert not np.isclose(drawn(found, "size"), drawn(other, "size")).all()
    assert {"industry"} == set(found.own)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "No churn"}, "has no model 'No churn'"),
        ({"draws": 99}, "at least 100"),
        ({"draws": True}, "at least 100"),
        ({"draws": 200.0}, "at least 100"),
        ({"seed": -1}, "seed must be"),
        ({"seed": True}, "seed must be"),
    ],
)
def test_what_cannot_be_learned_is_refused(options, message, made_up) -> None:
    with pytest.raises(ArgumentError, match=message):
        learn_discrepancy(made_up, **{"seed": 1, **options})
