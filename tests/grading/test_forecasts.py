"""Forecasts from made-up fits: sums that add up, closed forms, and a world that is exactly the models' story."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from valuation.made_up_fits import PURCHASES, SPEND, made_up_customers, made_up_fit, made_up_fits

from clvbayes.data import Customers
from clvbayes.grading.baselines import Steady
from clvbayes.grading.forecasts import NEXT_AMOUNT, Forecast, forecast_existing, forecast_newcomers, plan_weeks
from clvbayes.grading.rolling_origins import _Entrant, _Grader, _SteadyOnes
from clvbayes.grading.scores import LEVELS
from clvbayes.grading.tables import tables_of
from clvbayes.grading.windows import Happened, Newcomers, Origin
from clvbayes.models import gamma_gamma, mbg_nbd
from clvbayes.valuation import events
from clvbayes.valuation.levels import levels_of

DAY = date(2026, 6, 1)
ORIGIN = Origin(DAY, (4, 13))
COLUMNS = ("industry", "channel")


def happened_to(count: int, origin: Origin = ORIGIN, seed: int = 1) -> Happened:
    """Orders in some weeks, free ones among them, of most customers none."""
    random = np.random.default_rng(seed)
    longest = origin.weeks[-1]
    orders = random.poisson(random.gamma(0.3, 0.5, count)[:, None], (count, longest)).astype(float)
    revenue = orders * random.gamma(3, 25, (count, longest)).round(2) * (random.random((count, longest)) < 0.9)
    by_customer = np.stack([[values[:, :weeks].sum(axis=1) for weeks in origin.weeks] for values in (orders, revenue)])
    next_amount = np.array([next((amount for amount in row if amount), np.nan) for row in revenue])
    return Happened(by_customer, np.stack([orders.sum(axis=0), revenue.sum(axis=0)]), next_amount)


def forecast(customers: Customers, fits, *, origin=ORIGIN, happened=None, columns=COLUMNS, draws=300, seed=7, spend_growth=0.0) -> Forecast:
    plan, part = plan_weeks(fits[:1], fits[1], customers, origin, spend_growth=spend_growth, draws=draws, seed=seed)
    happened = happened_to(len(customers), origin) if happened is None else happened
    return forecast_existing(plan, part, origin, levels_of(customers.segments, columns), happened)


@pytest.fixture(scope="module")
def customers() -> Customers:
    return made_up_customers(150)


@pytest.fixture(scope="module")
def fits(customers):
    return made_up_fits(customers)


@pytest.fixture(scope="module")
def found(customers, fits) -> Forecast:
    return forecast(customers, fits)


# sums -----------------------------------------------------------------------------------------------------------------------------------


def test_levels_of_each_column_add_up_to_the_total_in_every_draw(customers, found) -> None:
    rows = levels_of(customers.segments, COLUMNS).of_columns()
    for column in COLUMNS:
        np.testing.assert_allclose(found.by_level[:, :, rows[column]].sum(axis=2), found.by_level[:, :, 0], rtol=1e-12)
    assert found.by_level.shape == (2, 2, 1 + 3 + 2, 300) and found.by_level[:, :, 0].min() > 0


def test_weeks_add_up_to_the_horizons_in_every_draw(found) -> None:
    for h, weeks in enumerate(ORIGIN.weeks):
        np.testing.assert_allclose(found.by_week[:, :weeks].sum(axis=1), found.by_level[:, h, 0], rtol=1e-12)


def test_customers_add_up_to_the_total_on_average(found) -> None:
    for m, measure in enumerate(("orders", "revenue")):
        for h, weeks in enumerate(ORIGIN.weeks):
            assert found.customers[measure, weeks].mean.sum() == pytest.approx(found.by_level[m, h, 0].mean(), rel=1e-12)


def test_all_frames_tell_of_the_same_forecast(customers, found) -> None:
    """What the report shows in one place is what it shows in another."""
    happened, nobody = happened_to(len(customers)), newcomers_of(made_up_customers(5).segments.iloc[:0], [])
    levels = levels_of(customers.segments, COLUMNS)
    frames = tables_of(found, np.zeros((2, 2, 300)), ORIGIN, customers, levels, happened, nobody, np.random.default_rng(1))
    total = frames["forecasts"].query("column == ''").set_index(["measure", "weeks"])
    assert (frames["forecasts"]["who"] == "existing").all() and len(total) == 4
    by_class = frames["classes"].groupby(["by", "measure", "weeks"])[["customers", "actual", "mean"]].sum()
    by_customer = frames["customers"].set_index(["measure", "weeks"])
    for measure, weeks in total.index:
        row = total.loc[(measure, weeks)]
        for by in ("frequency", "silence"):
            np.testing.assert_allclose(by_class.loc[(by, measure, weeks)], row[["customers", "actual", "mean"]].to_numpy(float), rtol=1e-9)
        own = by_customer.loc[(measure, weeks)]
        assert own["customers"] * own["mean"] == pytest.approx(row["mean"], rel=1e-9)
        assert own["customers"] * own["actual"] == pytest.approx(row["actual"], rel=1e-9)
        weekly = frames["weekly"].query("measure == @measure and week <= @weeks")
        assert weekly["actual"].sum() == pytest.approx(row["actual"]) and weekly["mean"].sum() == pytest.approx(row["mean"])
        tenths = frames["pit"].query("measure == @measure and weeks == @weeks")
        assert tenths["bin"].tolist() == list(range(1, 11)) and tenths["customers"].sum() == own["customers"]
    for weeks, ranking in frames["ranking"].groupby("weeks"):
        assert ranking["customers"].sum() == len(customers) and ranking["customers"].between(15, 15).all()
        assert ranking["actual"].sum() == pytest.approx(total.loc[("revenue", weeks), "actual"])
        assert ranking["best"].sum() == pytest.approx(ranking["actual"].sum()) and ranking["best"].is_monotonic_decreasing
        assert (ranking["best"].cumsum() >= ranking["actual"].cumsum() - 1e-9).all()
    paid = np.isfinite(happened.next_amount)
    assert by_customer.loc[(NEXT_AMOUNT, 13), "customers"] == paid.sum()
    assert by_customer.loc[(NEXT_AMOUNT, 13), "actual"] == pytest.approx(happened.next_amount[paid].mean())


def test_customers_stand_in_the_class_of_their_orders_and_of_their_silence(customers, fits) -> None:
    """Whole weeks of silence, which days divided by seven do not always give: 4 weeks are no longer under 4."""
    days_seen = np.arange(150) + 400
    silent_weeks = np.resize([0, 3, 4, 12, 13, 25, 26, 51, 52, 57], 150)
    frequency = np.resize([0, 1, 2, 3, 4, 5, 9, 10, 77], 150)
    statistics = customers.statistics.assign(
        frequency=frequency, spend_count=frequency, T=days_seen / 7, recency=(days_seen - 7 * silent_weeks) / 7
    )
    base = replace(customers, statistics=statistics)
    made, happened = forecast(base, fits), happened_to(150)
    nobody, levels = newcomers_of(base.segments.iloc[:0], []), levels_of(base.segments, COLUMNS)
    frames = tables_of(made, np.zeros((2, 2, 300)), ORIGIN, base, levels, happened, nobody, np.random.default_rng(1))
    classes = frames["classes"].query("measure == 'orders' and weeks == 4").set_index(["by", "class"])["customers"]
    assert classes["frequency"].to_dict() == {"0": 17, "1": 17, "2": 17, "3-4": 34, "5-9": 33, "10 or more": 32}
    assert classes["silence"].to_dict() == {
        "under 4 weeks": 30,
        "4-12 weeks": 30,
        "13-25 weeks": 30,
        "26-51 weeks": 30,
        "52 weeks or more": 30,
    }


# closed forms ---------------------------------------------------------------------------------------------------------------------------


def test_mean_orders_are_the_closed_form_averaged_over_the_draws(customers, fits) -> None:
    plan, part = plan_weeks(fits[:1], fits[1], customers, ORIGIN, spend_growth=0.0, draws=2000, seed=7)
    made = forecast_existing(plan, part, ORIGIN, levels_of(customers.segments, ()), happened_to(len(customers)))
    batch = part.batch
    for weeks in ORIGIN.weeks:
        scores = made.customers["orders", weeks]
        at = plan.purchase_coordinates[::5][:, :, batch.purchase_cell].transpose(1, 2, 0)
        known = (column[:, None] for column in (batch.frequency, batch.recency, batch.T))
        expected = mbg_nbd().expected_discounted_orders(at, *known, horizon=float(weeks), discount=0.0).mean(axis=1)
        off = (scores.mean - expected) / (np.maximum(scores.sd, np.sqrt(expected)) / math.sqrt(2000) + 1e-4)
        assert np.abs(off).max() < 4.5 and abs(off.mean()) < 0.35


def test_the_log_score_is_the_log_of_the_mean_probability_of_what_happened(customers, fits) -> None:
    draws = 120  # fewer than are taken of many
    plan, part = plan_weeks(fits[:1], fits[1], customers, ORIGIN, spend_growth=0.0, draws=draws, seed=7)
    happened = happened_to(len(customers))
    made = forecast_existing(plan, part, ORIGIN, levels_of(customers.segments, ()), happened)
    batch = part.batch
    for h, weeks in enumerate(ORIGIN.weeks):
        for i in range(0, len(batch), 11):
            at = plan.purchase_coordinates[:, :, batch.purchase_cell[i]].T
            known, n = (batch.frequency[i], batch.recency[i], batch.T[i]), happened.by_customer[0, h, i]
            expected = math.log(mbg_nbd().count_probability(at, *known, horizon=float(weeks), count=n).mean())
            assert made.log_score[h, i] == pytest.approx(expected, rel=1e-9)


def test_a_count_that_no_draw_foresaw_has_a_log_score(customers, fits) -> None:
    happened = happened_to(len(customers))
    happened.by_customer[0] = 1000.0
    made = forecast(customers, fits, happened=happened)
    assert np.isfinite(made.log_score).all() and made.log_score.max() < -5


def test_mean_next_amounts_are_the_closed_form(customers, fits) -> None:
    happened = happened_to(len(customers))
    plan, part = plan_weeks(fits[:1], fits[1], customers, ORIGIN, spend_growth=0.0, draws=2000, seed=7)
    made = forecast_existing(plan, part, ORIGIN, levels_of(customers.segments, ()), happened)
    ordered = np.flatnonzero(np.isfinite(happened.next_amount))
    batch = part.rows(ordered).batch
    at = plan.spend_coordinates[:, :, batch.spend_cell].transpose(1, 2, 0)
    known = (column[:, None] for column in (batch.spend_count, batch.spend_sum, batch.spend_sum_log))
    expected = gamma_gamma().amount_moments(at, *known)[0].mean(axis=1)
    scores = made.customers[NEXT_AMOUNT, 13]
    assert len(scores.mean) == len(ordered) > 20
    off = (scores.mean - expected) / (scores.sd / math.sqrt(2000))
    assert np.abs(off).max() < 5 and abs(off.mean()) < 0.6


def test_free_orders_bring_no_revenue_but_count(customers) -> None:
    """A third of repeat orders was free, and so is a third of those foreseen; all customers spend alike, so that nothing else changes."""
    alike = sure_fits(customers, spend=np.array([4.4, -0.6, -8.0]))
    paid = (customers.statistics["frequency"] * 2) // 3
    some_free = replace(customers, statistics=customers.statistics.assign(spend_count=paid))
    with_free, without = (forecast(base, alike, draws=1000) for base in (some_free, customers))
    np.testing.assert_array_equal(with_free.by_level[0], without.by_level[0])
    share = paid.sum() / customers.statistics["frequency"].sum()
    assert with_free.by_level[1, 1, 0].mean() / without.by_level[1, 1, 0].mean() == pytest.approx(share, rel=0.02)


def test_growing_spend_grows_revenue_and_no_orders(customers, fits) -> None:
    steady, growing = forecast(customers, fits), forecast(customers, fits, spend_growth=0.4)
    assert np.array_equal(steady.by_level[0], growing.by_level[0])
    ratio = growing.by_week[1].mean(axis=1) / steady.by_week[1].mean(axis=1)
    week = np.arange(13)
    assert (ratio > 1.4 ** (week * 7 / 365.25) - 1e-9).all() and (ratio < 1.4 ** ((week + 1) * 7 / 365.25) + 1e-9).all()


# what must not move a forecast ----------------------------------------------------------------------------------------------------------


def test_a_longer_horizon_does_not_change_the_forecast_of_a_shorter_one(customers, fits, found) -> None:
    short = forecast(customers, fits, origin=Origin(DAY, (4,)))
    assert np.array_equal(short.by_level[:, 0], found.by_level[:, 0])
    np.testing.assert_allclose(short.by_week, found.by_week[:, :4], rtol=1e-12)
    for measure in ("orders", "revenue"):
        assert np.array_equal(short.customers[measure, 4].quantiles, found.customers[measure, 4].quantiles)


def test_what_happened_changes_scores_and_no_forecast(customers, fits, found) -> None:
    other = forecast(customers, fits, happened=happened_to(len(customers), seed=2))
    assert np.array_equal(other.by_level, found.by_level) and np.array_equal(other.by_week, found.by_week)
    for key in (("orders", 4), ("revenue", 13)):
        for name in ("mean", "sd", "quantiles"):
            assert np.array_equal(getattr(other.customers[key], name), getattr(found.customers[key], name))
        assert not np.array_equal(other.customers[key].crps, found.customers[key].crps)
    assert not np.array_equal(other.log_score, found.log_score)


@pytest.mark.parametrize("at_once", [1, 7, 20, 149])
def test_batches_do_not_change_a_forecast(at_once, customers, fits, found, monkeypatch) -> None:
    """To the byte, also of money, whose sums depend on their order."""
    monkeypatch.setattr(events, "CELLS_AT_ONCE", at_once * 300)
    batched = forecast(customers, fits)
    assert batched.by_level.tobytes() == found.by_level.tobytes() and batched.by_week.tobytes() == found.by_week.tobytes()
    assert np.array_equal(batched.log_score, found.log_score)
    for key, scores in found.customers.items():
        for name in ("mean", "sd", "quantiles", "crps", "held", "interval"):
            assert np.array_equal(getattr(batched.customers[key], name), getattr(scores, name)), (key, name)


def test_the_same_seed_gives_the_same_forecast_and_another_one_another(customers, fits, found) -> None:
    again, other = forecast(customers, fits), forecast(customers, fits, seed=8)
    assert np.array_equal(again.by_level, found.by_level) and not np.array_equal(other.by_level, found.by_level)
    for key, scores in found.customers.items():
        assert np.array_equal(again.customers[key].pit, scores.pit)


def test_where_nobody_had_a_next_amount_there_is_none_to_score(customers, fits) -> None:
    happened = happened_to(len(customers))
    happened.next_amount[:] = np.nan
    made = forecast(customers, fits, happened=happened)
    assert len(made.customers[NEXT_AMOUNT, 13].crps) == 0
    nobody = newcomers_of(customers.segments.iloc[:0], [])
    levels = levels_of(customers.segments, COLUMNS)
    frames = tables_of(made, np.zeros((2, 2, 300)), ORIGIN, customers, levels, happened, nobody, np.random.default_rng(1))
    assert NEXT_AMOUNT not in set(frames["customers"]["measure"])


MANY = np.random.default_rng(4).gamma(2, 40, 200)

# newcomers ------------------------------------------------------------------------------------------------------------------------------


def newcomers_of(segments: pd.DataFrame, arrived) -> Newcomers:
    """Customers of whom nothing is known, who arrived so many days after the origin."""
    count = len(arrived)
    nothing = ["frequency", "recency", "T", "first_amount", "spend_count", "spend_sum", "spend_sum_log", "spend_sum_log_squared"]
    ids = pd.Series([f"N{k:04d}" for k in range(count)], dtype="str")
    statistics = pd.DataFrame({"customer_id": ids, "t0": pd.Series(pd.NaT, range(count), dtype="datetime64[s]")})
    statistics = statistics.assign(**dict.fromkeys(nothing, 0.0))
    customers = Customers(statistics, segments.reset_index(drop=True), unit="week", until=DAY)
    return Newcomers(customers, np.asarray(arrived, dtype=int), np.zeros((2, len(ORIGIN.weeks))))


def won(customers, fits, newcomers, *, draws=2000, origin=ORIGIN, seed=7):
    """As a back-test has it of newcomers: by the very code that makes their plan, with as many free orders as of the known ones."""
    options = {"spend_growth": 0.0, "draws": draws, "seed": seed}
    none = {"candidates": {}, "sampler": {}, "columns": (), "folder": None, "widened": False, "progress": False}
    grader = _Grader(spend_growth=0.0, draws=draws, seed=seed, **none)
    known, _ = plan_weeks(fits[:1], fits[1], customers, origin, **options)
    return grader._forecast_newcomers(_Entrant("M", fits[:1], fits[1]), newcomers, origin, customers, known.paid_share, options)


def plan_of(newcomers, fits, *, draws=300):
    return plan_weeks(fits[:1], fits[1], newcomers.customers, ORIGIN, spend_growth=0.0, draws=draws, seed=7, per_week=7)


def sure_fits(customers, **centres):
    """All draws the same, without pooling."""
    return (
        made_up_fit(mbg_nbd(), customers, pool=(), sd=1e-9, centre=centres.get("purchases", PURCHASES)),
        made_up_fit(gamma_gamma(), customers, pool=(), sd=1e-9, centre=centres.get("spend", SPEND)),
    )


def test_newcomers_order_as_the_closed_form_says_from_the_day_they_come(customers) -> None:
    """Who comes on day d has 7h - d whole days left; an order within them is counted by the day, as in the data."""
    arrived = np.repeat([1, 10, 28, 29, 60, 91], 30)
    newcomers = newcomers_of(customers.segments.iloc[np.arange(180) % 150], arrived)
    found = won(customers, sure_fits(customers), newcomers)
    for h, weeks in enumerate(ORIGIN.weeks):
        left = (7 * weeks - arrived) / 7
        came = left > 0
        expected = sum(mbg_nbd().expected_discounted_orders(PURCHASES, 0, 0.0, 0.0, horizon=ahead, discount=0.0) for ahead in left[came])
        draws = found[0, h]
        assert abs(draws.mean() - expected) < 4 * draws.std() / math.sqrt(len(draws))
        assert draws.std() / math.sqrt(len(draws)) < 0.02 * expected


def test_newcomers_bring_first_orders_like_the_known_customers_and_repeat_orders(customers) -> None:
    arrived = np.repeat([1, 20, 50], 40)
    newcomers = newcomers_of(customers.segments.iloc[np.arange(120)], arrived)
    found = won(customers, sure_fits(customers), newcomers)
    mean_first = customers.statistics["first_amount"].mean()
    for h, weeks in enumerate(ORIGIN.weeks):
        left = (7 * weeks - arrived[arrived <= 7 * weeks]) / 7
        orders = sum(mbg_nbd().expected_discounted_orders(PURCHASES, 0, 0.0, 0.0, horizon=ahead, discount=0.0) for ahead in left)
        draws = found[1, h]
        expected = len(left) * mean_first + orders * math.exp(SPEND[0])
        assert abs(draws.mean() - expected) < 4 * draws.std() / math.sqrt(len(draws))


def test_who_comes_on_the_last_day_brings_a_first_order_and_no_other(customers, fits) -> None:
    newcomers = newcomers_of(customers.segments.iloc[:3], [91, 91, 28])
    found = won(customers, fits, newcomers, draws=200)
    assert not found[0, 0].any() and (found[1, 0] > 0).all()  # one on the last day of four weeks
    alone = won(customers, fits, newcomers_of(customers.segments.iloc[:2], [91, 91]), draws=200)
    assert not alone[0].any() and not alone[1, 0].any() and (alone[1, 1] > 0).all()


def test_where_nobody_came_nothing_is_foreseen_of_newcomers(customers, fits) -> None:
    nobody = newcomers_of(customers.segments.iloc[:0], [])
    found = won(customers, fits, nobody, draws=100)
    assert found.shape == (2, 2, 100) and not found.any()
    plan, part = plan_of(newcomers_of(customers.segments.iloc[:3], [1, 2, 3]), fits)
    assert not forecast_newcomers(plan, part.rows(slice(0, 0)), np.array([10.0]), nobody, ORIGIN).any()


def test_first_orders_are_drawn_from_those_that_were_given(customers, fits) -> None:
    """All alike, so that no draw is off; repeat orders are those of the plan, whatever first orders were."""
    newcomers = newcomers_of(customers.segments.iloc[:60], np.repeat([1, 28, 90], 20))
    plan, part = plan_of(newcomers, fits)
    nothing, ten, many = (forecast_newcomers(plan, part, amounts, newcomers, ORIGIN) for amounts in (np.zeros(9), np.full(9, 10.0), MANY))
    assert np.array_equal(nothing[0], ten[0]) and np.array_equal(nothing[0], many[0])
    for h, came in enumerate((40, 60)):
        np.testing.assert_allclose(ten[1, h] - nothing[1, h], 10.0 * came, rtol=1e-9)
        first = many[1, h] - nothing[1, h]
        assert abs(first.mean() - MANY.mean() * came) < 4 * first.std() / math.sqrt(len(first))


def test_the_plan_says_by_what_model_newcomers_order(customers, fits) -> None:
    """Customers who never leave order at their rate until the end: closed form, without a fit that says so."""
    arrived = np.repeat([1, 28, 60, 91], 40)
    newcomers = newcomers_of(customers.segments.iloc[np.arange(160) % 150], arrived)
    plan, part = plan_of(newcomers, fits, draws=2000)
    part = replace(part, batch=replace(part.batch, starts=arrived / 7))
    coordinates = np.tile(np.array([math.log(0.2), 0.0])[:, None], (2000, 1, 1))
    steady = _Entrant("S", fits[:1], fits[1], _SteadyOnes(Steady("S"), coordinates, np.full(160, 50.0), np.full(160, 10.0)))
    found = forecast_newcomers(*steady.plan_newcomers(plan, part), np.array([1.0]), newcomers, ORIGIN)[0]
    for h, weeks in enumerate(ORIGIN.weeks):
        expected = 0.2 * np.maximum(7 * weeks - arrived, 0).sum() / 7  # though of as many known ones five a week were seen
        assert abs(found[h].mean() - expected) < 4 * found[h].std() / math.sqrt(2000)


def test_first_orders_that_were_all_free_bring_nothing(customers, fits) -> None:
    free = replace(customers, statistics=customers.statistics.assign(first_amount=0.0))
    found = won(free, fits, newcomers_of(customers.segments.iloc[:20], np.full(20, 91)), draws=100)
    assert not found.any()


def test_newcomers_repeat_orders_are_free_as_often_as_those_of_known_customers(customers) -> None:
    half = customers.statistics["frequency"] // 2
    some_free = replace(customers, statistics=customers.statistics.assign(spend_count=half, first_amount=0.0))
    all_paid = replace(customers, statistics=customers.statistics.assign(first_amount=0.0))
    newcomers = newcomers_of(customers.segments, np.ones(150))
    fits = sure_fits(customers)
    paid, free = won(all_paid, fits, newcomers), won(some_free, fits, newcomers)
    assert np.array_equal(paid[0], free[0])
    share = half.sum() / customers.statistics["frequency"].sum()
    assert free[1, 1].mean() / paid[1, 1].mean() == pytest.approx(share, rel=0.03)


# a world that is the story --------------------------------------------------------------------------------------------------------------

WORLD_ORIGIN = Origin(DAY, (13, 39))
STORY = np.array([math.log(0.12), math.log(0.9), -1.5, math.log(4.0)])
MONEY = np.array([4.0, math.log(0.6), math.log(0.5)])


def world(count: int = 2500, seed: int = 1):
    """Customers who live the story until an origin and after it: what is known of them then, and what happened."""
    random = np.random.default_rng(seed)
    r, alpha = math.exp(STORY[1]), math.exp(STORY[1] - STORY[0])
    dropout = 1 / (1 + math.exp(-STORY[2]))
    a, b = dropout * math.exp(STORY[3]), (1 - dropout) * math.exp(STORY[3])
    p, q = math.exp(-2 * MONEY[1]), 2 + math.exp(-2 * MONEY[2])
    gamma = math.exp(MONEY[0]) * (q - 1) / p
    longest = WORLD_ORIGIN.weeks[-1]
    T = random.uniform(0, 40, count)
    rows, after = [], []
    for age in T:
        rate, leave, nu = random.gamma(r, 1 / alpha), random.beta(a, b), random.gamma(q, 1 / gamma)
        times = []
        time = 0.0
        while random.random() >= leave:  # may leave after every purchase, the first included
            time += random.exponential(1 / rate)
            if time > age + longest:
                break
            times.append(time)
        at = np.array(times)
        amounts = random.gamma(p, 1 / nu, len(at))
        past = at <= age
        seen = amounts[past]
        rows.append((past.sum(), at[past].max(initial=0.0), age, seen.sum(), np.log(seen).sum(), np.square(np.log(seen)).sum()))
        after.append((at[~past] - age, amounts[~past]))
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T", "spend_sum", "spend_sum_log", "spend_sum_log_squared"])
    frame = frame.assign(
        customer_id=[f"C{k:05d}" for k in range(count)],
        t0=pd.Series(pd.NaT, range(count), dtype="datetime64[s]"),
        first_amount=50.0,
        spend_count=frame["frequency"],
    )
    customers = Customers(frame, pd.DataFrame(index=range(count)), unit="week", until=DAY)
    by_customer = np.array(
        [[[(weights(amounts)[times <= weeks]).sum() for times, amounts in after] for weeks in WORLD_ORIGIN.weeks] for weights in WEIGHTS]
    )
    by_week = np.zeros((2, longest))
    for times, amounts in after:
        for m, weight in enumerate(WEIGHTS):
            by_week[m] += np.bincount(times.astype(int), weight(amounts), minlength=longest)
    next_amount = np.array([amounts[0] if len(amounts) else np.nan for _, amounts in after])
    return customers, Happened(by_customer, by_week, next_amount)


WEIGHTS = (np.ones_like, np.asarray)
DISTORTED = {
    "right": ({}, {}),
    "too often": ({0: 0.8}, {}),
    "too seldom": ({0: -0.8}, {}),
    "stays too long": ({2: -2.5}, {}),
    "leaves too soon": ({2: 1.5}, {}),
    "too unlike": ({1: -1.6}, {}),
    "spends too much": ({}, {0: 0.8}),
    "amounts too even": ({}, {1: -1.0}),
    "amounts too uneven": ({}, {1: 0.8}),
}


@pytest.fixture(scope="module")
def worlds():
    customers, happened = world()
    made = {}
    for name, (story, money) in DISTORTED.items():
        purchases = STORY + np.array([story.get(k, 0.0) for k in range(4)])
        spend = MONEY + np.array([money.get(k, 0.0) for k in range(3)])
        made[name] = forecast(
            customers,
            sure_fits(customers, purchases=purchases, spend=spend),
            origin=WORLD_ORIGIN,
            happened=happened,
            columns=(),
            draws=250,
        )
    return made


def assert_lower(right: np.ndarray, wrong: np.ndarray) -> None:
    apart = wrong - right
    assert apart.mean() > 2.5 * apart.std(ddof=1) / math.sqrt(len(apart))


@pytest.mark.parametrize("name", [name for name, (story, _) in DISTORTED.items() if story])
@pytest.mark.parametrize("weeks", WORLD_ORIGIN.weeks)
def test_the_true_story_has_the_best_scores_of_orders(name, weeks, worlds) -> None:
    h = WORLD_ORIGIN.weeks.index(weeks)
    assert_lower(-worlds["right"].log_score[h], -worlds[name].log_score[h])
    assert_lower(worlds["right"].customers["orders", weeks].crps, worlds[name].customers["orders", weeks].crps)


@pytest.mark.parametrize("name", [name for name, (_, money) in DISTORTED.items() if money])
def test_the_true_story_has_the_best_scores_of_amounts(name, worlds) -> None:
    key = (NEXT_AMOUNT, WORLD_ORIGIN.weeks[-1])
    assert_lower(worlds["right"].customers[key].crps, worlds[name].customers[key].crps)
    right, wrong = (worlds[world].customers[key].interval.mean(axis=1) for world in ("right", name))
    assert_lower(right, wrong)


def test_the_true_story_is_calibrated_customer_by_customer(worlds) -> None:
    for key, scores in worlds["right"].customers.items():
        count = len(scores.pit)
        assert stats.kstest(scores.pit, "uniform").pvalue > 0.005, key
        for k, level in enumerate(LEVELS):
            error = math.sqrt(level * (1 - level) / count)
            assert abs((np.abs(scores.pit - 0.5) <= level / 2).mean() - level) < 3.5 * error, key
            assert scores.held[:, k].mean() > level - 3.5 * error - 2 / 251, key


def test_a_distorted_story_is_not_calibrated(worlds) -> None:
    for name in ("too seldom", "stays too long", "leaves too soon"):
        assert stats.kstest(worlds[name].customers["orders", 39].pit, "uniform").pvalue < 0.001, name
    for name in ("spends too much", "amounts too even", "amounts too uneven"):
        assert stats.kstest(worlds[name].customers[NEXT_AMOUNT, 39].pit, "uniform").pvalue < 0.001, name
