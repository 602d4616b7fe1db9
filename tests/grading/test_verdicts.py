"""Verdicts and the choice between models, from hand-made frames."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clvbayes.grading.scores import LEVELS
from clvbayes.grading.tables import difference_table
from clvbayes.grading.verdicts import Verdict, choose, judge

START = date(2020, 1, 6)
Z = {0.5: 0.6745, 0.8: 1.2816, 0.9: 1.6449, 0.95: 1.96}


def from_days(frames: list[pd.DataFrame], weeks: int = 13) -> dict[date, pd.DataFrame]:
    return {START + timedelta(weeks=weeks * k): frame for k, frame in enumerate(frames)}


def graded(off, *, actual=None, sd=10.0, median=100.0, weeks=13, every=13, model="M", measure="orders", crps=1.0) -> pd.DataFrame:
    """Forecasts with the same normal bands, from origins so many weeks apart; `off` is by how many sd what happened missed the median."""
    off = np.asarray(off, dtype=float)
    happened = median + sd * off if actual is None else np.asarray(actual, dtype=float)
    frame = pd.DataFrame(
        {
            "origin": [START + timedelta(weeks=every * k) for k in range(len(off))],
            "model": model,
            "who": "existing",
            "measure": measure,
            "weeks": weeks,
            "column": "",
            "level": "all customers",
            "customers": 50,
            "actual": happened,
            "mean": median,
            "sd": sd,
            "q50": median,
            "crps": crps,
        }
    )
    for level in LEVELS:
        low, high = median - Z[level] * sd, median + Z[level] * sd
        frame[f"held_{level * 100:.0f}"] = (low <= happened) & (happened <= high)
    return frame.assign(q05=median - Z[0.9] * sd, q95=median + Z[0.9] * sd, pit=stats.norm.cdf((happened - median) / max(sd, 1e-9)))


def verdict_on(frame: pd.DataFrame) -> Verdict:
    [found] = judge(frame)
    return found


def missed(held: int, origins: int) -> list[float]:
    """So many within the 90 % band, but not its middle half, and the others far outside."""
    return [1.0] * held + [5.0] * (origins - held)


@pytest.mark.parametrize(
    ("held", "origins", "judgement"),
    [
        (0, 1, "too few origins"),
        (0, 2, "too few origins"),
        (2, 2, "too few origins"),
        (3, 3, "not refuted"),
        (2, 3, "not refuted"),  # with a chance of .271
        (1, 3, "too narrow"),  # .028
        (6, 8, "not refuted"),  # .187
        (5, 8, "too narrow"),  # .038
        (16, 20, "not refuted"),  # .133
        (15, 20, "too narrow"),  # .043
    ],
)
def test_bands_are_judged_by_how_seldom_they_held(held, origins, judgement) -> None:
    found = verdict_on(graded(missed(held, origins)))
    assert (found.held, found.origins, found.judgement) == (held, origins, judgement)
    by_hand = sum(math.comb(origins, k) * 0.9**k * 0.1 ** (origins - k) for k in range(held + 1))
    assert found.chance == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("middle", "origins", "judgement"),
    [(5, 5, "not refuted"), (6, 6, "too wide"), (9, 10, "too wide"), (8, 10, "not refuted"), (10, 20, "not refuted"), (15, 20, "too wide")],
)
def test_bands_whose_middle_half_holds_too_often_are_too_wide(middle, origins, judgement) -> None:
    """A middle half that is right holds 6 of 6 with a chance of .016, 5 of 5 with .031, 9 of 10 with .011, 15 of 20 with .021."""
    assert verdict_on(graded([0.1] * middle + [1.2] * (origins - middle))).judgement == judgement


def test_right_bands_are_seldom_refuted_and_wrong_ones_often() -> None:
    random = np.random.default_rng(1)
    judged = {
        sd: [verdict_on(graded(random.normal(size=20), sd=sd, actual=100 + 10 * random.normal(size=20))).judgement for _ in range(150)]
        for sd in (10.0, 4.0, 30.0)
    }
    share = {sd: {name: found.count(name) / 150 for name in ("too narrow", "too wide")} for sd, found in judged.items()}
    assert share[10.0]["too narrow"] < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150) and share[10.0]["too wide"] < 0.08
    assert share[4.0]["too narrow"] > 0.95 and share[30.0]["too wide"] > 0.95


def held_if_widened(frame: pd.DataFrame, factor: float) -> int:
    low = frame["q50"] - factor * (frame["q50"] - frame["q05"])
    high = frame["q50"] + factor * (frame["q95"] - frame["q50"])
    return int(((low <= frame["actual"]) & (frame["actual"] <= high)).sum())


@pytest.mark.parametrize("origins", [3, 5, 8, 10, 14, 19, 20, 29, 40])
@pytest.mark.parametrize("seed", [1, 2])
def test_bands_widened_by_the_factor_hold_in_nine_of_ten(origins, seed) -> None:
    frame = graded(3 * np.random.default_rng(seed).standard_t(3, origins))
    frame = frame.assign(q05=frame["q50"] - 12.0, q95=frame["q50"] + 25.0)  # not symmetric
    factor = verdict_on(frame).factor
    assert held_if_widened(frame, factor * (1 + 1e-9)) >= 0.9 * origins
    assert held_if_widened(frame, factor * (1 - 1e-6)) < held_if_widened(frame, factor * (1 + 1e-9))  # it is one of them that decides
    if origins < 9:
        assert held_if_widened(frame, factor * (1 + 1e-9)) == origins


@pytest.mark.parametrize("origins", [9, 10, 12, 18])
def test_the_factor_is_what_its_description_says(origins) -> None:
    """ "To hold in nine of ten; of fewer than nine origins, in all": of ten origins the second largest miss decides, not the largest."""
    off = np.linspace(1, 5, origins)
    frame = graded(off)
    least = math.ceil(0.9 * origins - 1e-9)
    assert verdict_on(frame).factor == pytest.approx(off[least - 1] / Z[0.9])


def test_the_factor_of_bands_that_held_is_at_most_one() -> None:
    assert verdict_on(graded([0.5, -1.2, 1.6, 0.1])).factor == pytest.approx(1.6 / Z[0.9])
    assert verdict_on(graded([0.0] * 4)).factor == 0.0


def test_only_origins_that_do_not_overlap_count_the_last_one_first() -> None:
    off = [5.0, 0.0, 5.0, 0.0, 5.0, 0.0]  # every second misses; a horizon is as long as two steps
    found = verdict_on(graded(off, weeks=26))
    assert (found.origins, found.held) == (3, 3)
    assert (verdict_on(graded(off, weeks=13)).origins, verdict_on(graded(off, weeks=13)).held) == (6, 3)
    shuffled = graded(off, weeks=26).sample(frac=1.0, random_state=3)
    assert verdict_on(shuffled) == found


def test_lowest_and_highest_are_the_ends_of_the_mean_errors_as_shares_of_what_happened() -> None:
    """Of the origins that count alone, and of the forecasts' means, which need not be their medians."""
    frame = graded([0.0] * 3, actual=[80.0, 100.0, 125.0])
    found = verdict_on(frame)
    assert (found.lowest, found.highest) == (pytest.approx(-0.2), pytest.approx(0.25))
    assert type(found.lowest) is float and type(found.highest) is float  # as JSON writes them
    moved = verdict_on(frame.assign(mean=150.0))
    assert (moved.lowest, moved.highest) == (pytest.approx(0.2), pytest.approx(0.875))
    overlapping = verdict_on(graded([0.0] * 6, actual=[500.0, 80.0, 1.0, 100.0, 900.0, 125.0], weeks=26))
    assert (overlapping.lowest, overlapping.highest) == (found.lowest, found.highest)


def test_each_model_measure_and_horizon_has_its_own_verdict() -> None:
    frames = [
        graded([0.0] * 4, model=model, measure=measure, weeks=weeks)
        for model in ("A", "B")
        for measure in ("orders", "revenue")
        for weeks in (4, 13)
    ]
    levels = graded([9.0] * 4, model="A").assign(column="industry", level="Mills")
    newcomers = graded([9.0] * 4, model="A").assign(who="new")
    found = judge(pd.concat([*frames, levels, newcomers], ignore_index=True))
    assert [(one.model, one.measure, one.weeks) for one in found] == [
        (model, measure, weeks) for model in ("A", "B") for measure in ("orders", "revenue") for weeks in (4, 13)
    ]
    assert all((one.origins, one.held) == (4, 4) for one in found)  # neither levels nor newcomers are the total


def test_the_message_holds_the_evidence() -> None:
    few = verdict_on(graded([0.5, 0.5], weeks=13, measure="revenue")).message
    assert few == "The 90 % band of the total's revenue held in 2 of 2 forecasts of 13 weeks that do not overlap; a verdict needs 3."
    narrow = verdict_on(graded(missed(5, 8))).message
    for evidence in ("held in 5 of 8 forecasts of 13 weeks that do not overlap", "too narrow", "3.8%", "3.0 times as wide"):
        assert evidence in narrow
    assert narrow.endswith(" Forecasts lay from 33% below to 9% below what happened.")  # 100 of 150, and of 110
    assert "less than one in a thousand" in verdict_on(graded(missed(2, 8))).message
    wide = verdict_on(graded([0.1] * 8)).message
    assert "held in 8 of 8 forecasts" in wide and "could have been narrower" in wide


def test_one_forecast_overlaps_with_none() -> None:
    few = verdict_on(graded([0.5], weeks=26, measure="revenue")).message
    assert few == "The 90 % band of the total's revenue held in 1 of 1 forecast of 26 weeks; a verdict needs 3."


def test_bands_that_are_not_refuted_are_not_praised_for_it() -> None:
    evidence = "The 90 % band of the total's orders held in"
    fine = verdict_on(graded([1.2] * 4, actual=[80.0, 110.0, 110.0, 116.0], sd=13.0))
    assert fine.message == (
        f"{evidence} 4 of 4 forecasts of 13 weeks that do not overlap, as often as it should; so few forecasts do not prove it."
        " Forecasts lay from 14% below to 25% above what happened."
    )
    seldom = verdict_on(graded(missed(2, 3)))
    assert seldom.judgement == "not refuted"
    assert seldom.message == (
        f"{evidence} 2 of 3 forecasts of 13 weeks that do not overlap, less often than in nine of ten; so few forecasts do not tell whether"
        " by chance. Forecasts lay from 33% below to 9% below what happened."
    )


@pytest.mark.parametrize(
    ("held", "origins", "enough"),
    [
        (3, 3, True),
        (2, 3, False),
        (8, 9, False),
        (9, 9, True),
        (9, 10, True),
        (8, 10, False),
        (18, 20, True),
        (17, 20, False),
        (63, 70, True),
    ],
)
def test_nine_of_ten_are_as_often_as_a_band_should_hold(held, origins, enough) -> None:
    found = verdict_on(graded(missed(held, origins)))
    assert found.as_often_as_it_should is enough
    assert ("as often as it should" in found.message) is enough and ("less often than in nine of ten" in found.message) is not enough


def test_nothing_that_happened_does_not_break_a_verdict() -> None:
    """A shop that was closed: the forecast is off without bound, as a share; that is left unsaid of the weeks in which it was."""
    found = verdict_on(graded([0.0] * 4, actual=[0.0, 0.0, 95.0, 0.0]))
    assert (found.held, found.judgement) == (1, "too narrow")
    assert found.factor == pytest.approx(100 / 16.449, rel=1e-3)
    assert found.lowest == found.highest == pytest.approx(100 / 95 - 1)
    assert found.message.endswith(" Forecasts lay 5% above what happened.")
    never = verdict_on(graded([0.0] * 4, actual=[0.0] * 4))
    assert (never.lowest, never.highest) == (None, None)
    for message in (found.message, never.message):
        assert "inf" not in message and "nan" not in message and "None" not in message
    assert "Forecasts lay" not in never.message and never.message.endswith(" times as wide.")


def test_nothing_foreseen_and_nothing_happened_is_right() -> None:
    found = verdict_on(graded([0.0] * 4, median=0.0, sd=0.0))
    assert (found.held, found.factor, found.judgement) == (4, 0.0, "not refuted")
    assert (found.lowest, found.highest) == (None, None)
    assert found.message.endswith("as often as it should; so few forecasts do not prove it.")


def test_bands_without_width_that_missed_have_no_factor_to_tell() -> None:
    """Nothing was foreseen with certainty, and something happened: no widening would have held it."""
    found = verdict_on(graded([0.0] * 4, median=0.0, sd=0.0, actual=[3.0, 1.0, 2.0, 4.0]))
    assert found.judgement == "too narrow" and found.factor is None
    assert (found.lowest, found.highest) == (-1.0, -1.0)
    assert "inf" not in found.message and "None" not in found.message and "times as wide" not in found.message


# the choice -----------------------------------------------------------------------------------------------------------------------------

LABELS = ("A", "B", "C", "No churn")


def differences(orders: dict[str, float], revenue: dict[str, float], *, se: float = 0.01, weeks=(13, 26), origins: int = 3) -> pd.DataFrame:
    rows = []
    for measure, losses in (("orders", orders), ("revenue", revenue)):
        for horizon in weeks:
            for model in losses:
                for other in losses:
                    apart = losses[model] - losses[other]
                    own_se = 0.0 if model == other else se
                    rows.append((measure, horizon, model, other, losses[model], apart, own_se, 100, 50, origins))
    names = ["measure", "weeks", "model", "other", "loss", "difference", "se", "forecasts", "customers", "origins"]
    return pd.DataFrame(rows, columns=names)


def totals(crps: dict[str, float]) -> pd.DataFrame:
    return pd.concat([graded([0.0] * 3, model=model, crps=value) for model, value in crps.items()], ignore_index=True)


EQUAL = dict.fromkeys(LABELS, 1.0)


def test_the_model_that_told_orders_better_is_chosen_whatever_its_total() -> None:
    told = differences({"A": 1.0, "B": 1.021, "No churn": 1.5}, {"A": 9.0, "B": 8.0, "No churn": 9.0})
    found = choose(("B", "A"), totals({"A": 5.0, "B": 1.0, "No churn": 0.1}), told)
    assert found.model == "A"
    assert found.reason == "A told the orders of single customers over 13 weeks better than B, by more than 2 standard errors"


def test_of_models_within_two_standard_errors_the_total_decides() -> None:
    told = differences({"A": 1.0, "B": 1.019, "No churn": 1.5}, {"A": 9.0, "B": 9.019, "No churn": 9.0})
    found = choose(("A", "B"), totals({"A": 5.0, "B": 1.0, "No churn": 0.1}), told)
    assert found.model == "B"
    assert "cannot be told apart from A" in found.reason and "1.0%" in found.reason and "better than" not in found.reason


def test_revenue_decides_between_models_that_tell_orders_alike() -> None:
    told = differences({"A": 1.0, "B": 1.0, "No churn": 0.5}, {"A": 9.0, "B": 8.5, "No churn": 8.0})
    found = choose(("A", "B"), totals({"A": 1.0, "B": 5.0, "No churn": 0.1}), told)
    assert found.model == "B"
    assert found.reason == "B told the revenue of single customers over 13 weeks better than A, by more than 2 standard errors"


def test_a_model_left_behind_in_orders_cannot_come_back_by_revenue() -> None:
    told = differences({"A": 1.0, "B": 1.01, "C": 2.0, "No churn": 3.0}, {"A": 9.0, "B": 9.005, "C": 1.0, "No churn": 9.0})
    found = choose(("A", "B", "C"), totals({"A": 3.0, "B": 2.0, "C": 0.1, "No churn": 9.0}), told)
    assert found.model == "B"
    assert found.reason == (
        "A told the orders of single customers over 13 weeks better than C, by more than 2 standard errors; "
        "by single customers' scores it cannot be told apart from A, and its total came nearest (CRPS 2.0% of what happened)"
    )


def test_the_reason_names_who_was_better_and_who_was_left_out_at_each_step() -> None:
    """Who was best in orders need not be who is chosen."""
    told = differences({"A": 1.0, "B": 1.01, "C": 2.0, "D": 3.0}, {"A": 9.0, "B": 8.0, "C": 1.0, "D": 1.0})
    found = choose(("D", "A", "B", "C"), totals(dict.fromkeys("ABCD", 1.0)), told)
    assert found.model == "B"
    assert found.reason == (
        "A told the orders of single customers over 13 weeks better than D, C, by more than 2 standard errors; "
        "B told the revenue of single customers over 13 weeks better than A, by more than 2 standard errors"
    )


@pytest.mark.parametrize(("origins", "chosen"), [(1, "B"), (2, "B"), (3, "A"), (12, "A")])
def test_fewer_than_three_origins_tell_nothing_apart(origins, chosen) -> None:
    """However far apart the models are, in orders and in revenue: what met all customers at once cannot be told from what they are."""
    told = differences({"A": 1.0, "B": 99.0, "No churn": 99.0}, {"A": 1.0, "B": 99.0, "No churn": 99.0}, origins=origins)
    found = choose(("A", "B"), totals({"A": 5.0, "B": 1.0, "No churn": 0.1}), told)
    assert found.model == chosen
    assert ("cannot be told apart from A" in found.reason) is (origins < 3) and ("better than" in found.reason) is (origins >= 3)


def test_origins_of_longer_horizons_are_not_counted_for_the_shortest() -> None:
    losses = {"A": 1.0, "B": 99.0, "No churn": 99.0}
    told = pd.concat([differences(losses, losses, weeks=(13,), origins=2), differences(losses, losses, weeks=(26,), origins=9)])
    assert choose(("A", "B"), totals({"A": 5.0, "B": 1.0, "No churn": 0.1}), told).model == "B"


def test_a_baseline_is_never_chosen() -> None:
    told = differences({"A": 2.0, "B": 3.0, "No churn": 0.1}, {"A": 2.0, "B": 3.0, "No churn": 0.1})
    assert choose(("A", "B"), totals({"A": 5.0, "B": 6.0, "No churn": 0.1}), told).model == "A"
    assert choose(("B",), totals({"B": 6.0, "No churn": 0.1}), told).model == "B"


def test_the_only_model_is_chosen_for_that() -> None:
    told = differences({"A": 2.0, "No churn": 0.1}, {"A": 2.0, "No churn": 0.1})
    assert choose(("A",), totals({"A": 5.0, "No churn": 1.0}), told).reason == "it was graded alone, beside the baselines"


def test_models_that_are_the_same_in_all_are_chosen_in_their_order() -> None:
    told = differences(EQUAL, EQUAL, se=0.0)
    for candidates in (("A", "B"), ("B", "A")):
        assert choose(candidates, totals(dict.fromkeys(LABELS, 2.0)), told).model == candidates[0]


def test_only_the_shortest_horizon_tells_single_customers_apart() -> None:
    told = differences({"A": 1.0, "B": 2.0, "No churn": 3.0}, EQUAL, weeks=(13,))
    longer = differences({"A": 2.0, "B": 1.0, "No churn": 3.0}, EQUAL, weeks=(26,))
    assert choose(("A", "B"), totals(dict.fromkeys(LABELS, 2.0)), pd.concat([longer, told], ignore_index=True)).model == "A"


def test_totals_of_which_nothing_happened_do_not_break_the_choice() -> None:
    frame = totals({"A": 1.0, "B": 2.0}).assign(actual=0.0)
    found = choose(("A", "B"), frame, differences(EQUAL, EQUAL))
    assert found.model in ("A", "B") and "nan" not in found.reason


# differences and their errors -----------------------------------------------------------------------------------------------------------


def losses(columns: dict[str, list[float]], ids: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index(ids))


def test_differences_by_hand() -> None:
    """Three customers at two origins: sums of differences by customer are 3, 1 and -1 of 6 forecasts, 2 of each."""
    first = losses({"A": [3.0, 1.0, 2.0], "B": [1.0, 1.0, 2.0]}, ["x", "y", "z"])
    second = losses({"A": [2.0, 3.0, 1.0], "B": [1.0, 2.0, 2.0]}, ["x", "y", "z"])
    found = difference_table({("orders", 13): from_days([first, second])}, ["A", "B"]).set_index(["model", "other"])
    row = found.loc[("A", "B")]
    assert (row["loss"], row["difference"], row["forecasts"], row["customers"]) == (12 / 6, 3 / 6, 6, 3)
    assert row["origins"] == 2
    assert row["se"] == pytest.approx(2.0 * math.sqrt(3) / 6)
    assert found.loc[("B", "A"), "difference"] == -row["difference"] and found.loc[("B", "A"), "se"] == pytest.approx(row["se"])
    assert (found.loc[("A", "A"), "difference"], found.loc[("A", "A"), "se"]) == (0.0, 0.0)


def test_twice_the_same_forecasts_say_no_more_than_once() -> None:
    random = np.random.default_rng(1)
    frame = losses({"A": random.normal(size=80), "B": random.normal(size=80)}, [f"c{k}" for k in range(80)])
    once = difference_table({("orders", 13): from_days([frame])}, ["A", "B"])
    twice = difference_table({("orders", 13): from_days([frame, frame])}, ["A", "B"])
    np.testing.assert_allclose(twice[["loss", "difference", "se"]], once[["loss", "difference", "se"]], rtol=1e-9)
    assert once["origins"].tolist() == [1] * 4 and twice["origins"].tolist() == [2] * 4
    assert twice["forecasts"].tolist() == [160] * 4 and twice["customers"].tolist() == [80] * 4


def test_between_origins_by_hand() -> None:
    """Of two customers at three origins differences are 1 and 1, 2 and 2, 6 and 6: between customers nothing, between origins much."""
    frames = [losses({"A": [d, d], "B": [0.0, 0.0]}, ["x", "y"]) for d in (1.0, 2.0, 6.0)]
    found = difference_table({("orders", 13): from_days(frames)}, ["A", "B"]).set_index(["model", "other"])
    row = found.loc[("A", "B")]
    assert (row["difference"], row["origins"], row["forecasts"], row["customers"]) == (3.0, 3, 6, 2)
    assert row["se"] == pytest.approx(math.sqrt((2**2 + 1**2 + 3**2) / 2) / math.sqrt(3))
    assert found.loc[("B", "A"), "se"] == pytest.approx(row["se"]) and found.loc[("A", "A"), "se"] == 0.0
    two = difference_table({("orders", 13): from_days(frames[:2])}, ["A", "B"]).set_index(["model", "other"]).loc[("A", "B")]
    assert (two["difference"], two["se"], two["origins"]) == (1.5, 0.0, 2)


def test_between_customers_by_hand_where_that_is_the_larger() -> None:
    """Differences of two customers are 5 and 1 at each of three origins: by customer sums are 15 and 3, 6 off 3 times the mean of 3."""
    frames = [losses({"A": [5.0, 1.0], "B": [0.0, 0.0]}, ["x", "y"])] * 3
    row = difference_table({("orders", 13): from_days(frames)}, ["A", "B"]).set_index(["model", "other"]).loc[("A", "B")]
    assert row["difference"] == 3.0 and row["se"] == pytest.approx(math.sqrt((6**2 + 6**2) * 2 / 1) / 6)


def test_each_horizon_counts_its_own_origins() -> None:
    frames = [losses({"A": [d, 0.0], "B": [0.0, 0.0]}, ["x", "y"]) for d in (1.0, 2.0, 6.0, 7.0)]
    found = difference_table({("orders", 13): from_days(frames), ("orders", 26): from_days(frames[:2], 26)}, ["A", "B"])
    assert found.groupby("weeks")["origins"].unique().map(list).to_dict() == {13: [4], 26: [2]}


def clustered(random: np.random.Generator, difference: float) -> list[pd.DataFrame]:
    """Customers who come one after the other, each with errors of its own at all origins."""
    came, own = np.arange(120) % 6, random.normal(0, 0.5, 120)
    frames = []
    for origin in range(6):
        known = np.flatnonzero(came <= origin)
        loss = own[known] + random.normal(0, 0.3, len(known)) + difference
        frames.append(losses({"A": loss, "B": np.zeros(len(known))}, [f"c{k}" for k in known]))
    return frames


@pytest.mark.parametrize("difference", [0.0, 0.4, 1.5])
def test_standard_errors_are_what_differences_vary_by(difference) -> None:
    """Of the same customers' forecasts from several origins, whatever the difference itself is."""
    random = np.random.default_rng(7)
    found = [
        difference_table({("orders", 13): from_days(clustered(random, difference))}, ["A", "B"])
        .set_index(["model", "other"])
        .loc[("A", "B")]
        for _ in range(250)
    ]
    spread = np.std([row["difference"] for row in found], ddof=1)
    assert np.mean([row["difference"] for row in found]) == pytest.approx(difference, abs=4 * spread / math.sqrt(250))
    assert np.mean([row["se"] for row in found]) == pytest.approx(spread, rel=0.15)


def test_a_difference_that_never_varies_is_sure() -> None:
    """Though customers were forecast from one origin to six."""
    frames = clustered(np.random.default_rng(7), 0.0)
    frames = [frame.assign(A=frame["B"] + 0.25) for frame in frames]
    row = difference_table({("orders", 13): from_days(frames)}, ["A", "B"]).set_index(["model", "other"]).loc[("A", "B")]
    assert row["difference"] == pytest.approx(0.25) and row["se"] == pytest.approx(0, abs=1e-9)


def test_standard_errors_cover_as_often_as_they_say() -> None:
    random = np.random.default_rng(9)
    away = []
    for _ in range(250):
        table = difference_table({("orders", 13): from_days(clustered(random, 0.0))}, ["A", "B"]).set_index(["model", "other"])
        away.append(table.loc[("A", "B"), "difference"] / table.loc[("A", "B"), "se"])
    assert stats.kstest(away, "norm").pvalue > 0.01


def shocked(random: np.random.Generator, sizes: list[int], shock: float) -> list[pd.DataFrame]:
    """As `clustered`, and something that meets all customers of an origin at once."""
    own, frames = random.normal(0, 0.5, max(sizes)), []
    for size in sizes:
        loss = own[:size] + random.normal(0, 0.3, size) + random.normal(0, shock)
        frames.append(losses({"A": loss, "B": np.zeros(size)}, [f"c{k}" for k in range(size)]))
    return frames


def tables_of_shocked(sizes: list[int], shock: float, count: int = 250) -> pd.DataFrame:
    random = np.random.default_rng(1)
    tables = [difference_table({("orders", 13): from_days(shocked(random, sizes, shock))}, ["A", "B"]) for _ in range(count)]
    return pd.concat(tables).query("model == 'A' and other == 'B'")


def test_standard_errors_hold_what_meets_all_customers_of_an_origin() -> None:
    """By customers alone it would not be seen: there the error is that of a world without shocks, a third of what differences vary by."""
    found = tables_of_shocked([120] * 6, 0.3)
    spread = found["difference"].std()
    assert math.sqrt((found["se"] ** 2).mean()) == pytest.approx(spread, rel=0.15)
    assert (found["difference"].abs() > 2 * found["se"]).mean() < 0.102 + 3 * math.sqrt(0.102 * 0.898 / 250)  # t with 5 degrees of freedom
    few = tables_of_shocked([120] * 2, 0.3)
    assert math.sqrt((few["se"] ** 2).mean()) < 0.3 * few["difference"].std()  # of two origins it is: so that choose tells nothing apart


def test_standard_errors_hold_shocks_of_a_base_that_grew_too() -> None:
    """Of twelve origins the last ones have most customers, and so most of the weight in the difference; each customer's own part adds."""
    found = tables_of_shocked([20 * k for k in range(1, 13)], 0.15)
    assert math.sqrt((found["se"] ** 2).mean()) == pytest.approx(found["difference"].std(), rel=0.15)


def test_models_that_differ_by_shocks_alone_are_seldom_told_apart() -> None:
    random = np.random.default_rng(3)
    told = 0
    for _ in range(150):
        frames = shocked(random, [120] * 8, 0.3)
        table = difference_table({("orders", 13): from_days(frames), ("revenue", 13): from_days(frames)}, ["A", "B"])
        told += "better than" in choose(("A", "B"), totals({"A": 1.0, "B": 1.0}), table).reason
    assert told / 150 < 0.086 + 3 * math.sqrt(0.086 * 0.914 / 150)  # t with 7 degrees of freedom
