"""Plans against closed forms, a brute tail and a smooth optimiser; what risk moves; limits that hold, clash, and are named."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from decisions.made_up_worth import DRAWS, certain, made_up
from scipy.optimize import LinearConstraint, brentq, linprog, minimize

from clvbayes.decisions import Limit, Measure, allocate, allocation, explore
from clvbayes.decisions.allocation import RISK_AVERSIONS
from clvbayes.decisions.problem import Problem
from clvbayes.decisions.program import Pieces, Row, cut, solve
from clvbayes.decisions.responses import drawn
from clvbayes.decisions.risk import cvar, tail_weights
from clvbayes.decisions.scenarios import scenarios_in_halves
from clvbayes.decisions.search import efficient
from clvbayes.errors import ArgumentError

TOPS, SCALES, WORTH = (
    {"fair": 400.0, "search": 900.0, "partner": 300.0},
    {"fair": 60e3, "search": 50e3, "partner": 80e3},
    {"fair": 900.0, "search": 300.0, "partner": 500.0},
)


def saturating(top, scale):
    return certain(lambda spend: -top * np.expm1(-spend / scale))


def winning(channel, response, **other):
    return Measure(channel, lever="acquisition", where={"channel": channel}, response=response, lasts="campaign", **other)


@pytest.fixture(scope="module")
def sure():
    """Three channels of which all is known."""
    return made_up({channel: (worth, 0.0) for channel, worth in WORTH.items()}), [winning(c, saturating(TOPS[c], SCALES[c])) for c in WORTH]


def by_hand(budget):
    """b = k log(A / (k nu)) where marginal returns are equal (method book 3.4)."""

    def spend(price):
        return np.array([max(SCALES[c] * math.log(TOPS[c] * WORTH[c] / (SCALES[c] * price)), 0.0) for c in WORTH])

    return spend(brentq(lambda price: spend(price).sum() - budget, 1e-3, 10))


@pytest.mark.parametrize("budget", [30e3, 100e3, 200e3])
def test_without_risk_the_plan_is_the_closed_form(sure, budget) -> None:
    valuation, measures = sure
    found = allocate(valuation, measures, budget=budget, risk_aversion=0.0, seed=1)
    assert found.measures["plan"].to_numpy() == pytest.approx(by_hand(budget), abs=0.02 * budget)
    assert found.measures["plan"].sum() == pytest.approx(budget)
    spent = found.measures["plan"] > 0.05 * budget
    assert np.ptp(found.measures["marginal"][spent]) < 0.08
    # the price of the budget is what the last euro brings more than itself
    assert found.shadow_price == pytest.approx(found.measures["marginal"][spent].mean() - 1, abs=0.05)


def test_money_that_does_not_pay_is_not_spent(sure) -> None:
    valuation, measures = sure
    idle = replace(measures[0], name="idle", response=saturating(10.0, 60e3))  # 9,000 in all for some 60,000
    found = allocate(valuation, [*measures, idle], budget=2e6, risk_aversion=0.0, seed=1)
    assert found.measures.loc["idle", "plan"] == pytest.approx(0, abs=1.0)
    # each of the others until its last euro brings one
    expected = [SCALES[c] * math.log(TOPS[c] * WORTH[c] / SCALES[c]) for c in WORTH]
    assert found.measures["plan"].to_numpy()[:3] == pytest.approx(expected, rel=0.03)
    assert found.shadow_price == 0 and found.binding == ()


# a program of tails ---------------------------------------------------------------------------------------------------------------------


def made_up_pieces(draws=60, measures=4, seed=0) -> Pieces:
    random = np.random.default_rng(seed)
    ends = np.linspace(0, 10, 6) * np.ones((measures, 1))
    slopes = np.sort(random.gamma(4, 0.6, (draws, measures, 5)), axis=2)[:, :, ::-1]
    gains = np.concatenate([np.zeros((draws, measures, 1)), np.cumsum(2 * slopes, axis=2)], axis=2)
    return cut(list(gains.transpose(1, 0, 2)), ends)


def in_one_program(pieces, budget, risk_aversion, level):
    """Rockafellar & Uryasev's program as they have it, a row a scenario."""
    measures, count = pieces.widths.shape
    draws = len(pieces.more)
    flat = (np.diff(pieces.gains, axis=1) / pieces.widths[:, :, None]).reshape(-1, draws).T - 1
    money = measures * count
    cost = np.concatenate([-flat.mean(axis=0), [risk_aversion], np.full(draws, risk_aversion / (draws * (1 - level)))])
    rows = np.hstack([-flat, -np.ones((draws, 1)), -np.eye(draws)])
    rows = np.vstack([rows, np.concatenate([np.ones(money), np.zeros(1 + draws)])])
    bounds = [(0, width) for width in pieces.widths.ravel()] + [(None, None)] + [(0, None)] * draws
    found = linprog(cost, A_ub=rows, b_ub=[*np.zeros(draws), budget], bounds=bounds)
    return -found.fun


@pytest.mark.parametrize(("risk_aversion", "level"), list(itertools.product([0.3, 1.0, 5.0], [0.5, 0.8, 0.95])))
def test_cuts_end_where_a_row_a_scenario_does(risk_aversion, level) -> None:
    for seed in range(3):
        pieces = made_up_pieces(seed=seed)
        found = solve(pieces, Row("budget", np.ones(4), 12.0), risk_aversion=risk_aversion, level=level)
        assert found.objective == pytest.approx(in_one_program(pieces, 12.0, risk_aversion, level), rel=1e-5)
        assert found.spend.sum() <= 12 + 1e-9


def test_the_program_agrees_with_a_smooth_optimiser() -> None:
    random = np.random.default_rng(4)
    top, scale = random.gamma(20, 1.5, (800, 5)), random.gamma(20, 0.5, (800, 5))

    def gain(k, spend):
        return -top[:, k, None] * np.expm1(-spend / scale[:, k, None])

    def objective(spend):
        profit = sum(gain(k, spend[k : k + 1])[:, 0] for k in range(5)) - spend.sum()
        return -(profit.mean() + tail_weights(profit, 0.9) @ profit)

    ends = np.linspace(0, 30, 121) * np.ones((5, 1))
    found = solve(cut([gain(k, ends[k]) for k in range(5)], ends), Row("budget", np.ones(5), 40.0), risk_aversion=1.0, level=0.9)
    smooth = minimize(
        objective, np.full(5, 8.0), bounds=[(0, 30)] * 5, constraints=LinearConstraint(np.ones((1, 5)), ub=40.0), method="SLSQP"
    )
    assert -objective(found.spend) == pytest.approx(-smooth.fun, rel=2e-3)
    assert -objective(found.spend) >= -smooth.fun - 0.002 * abs(smooth.fun)


def test_slopes_that_rise_share_their_mean() -> None:
    ends = np.array([[0.0, 1.0, 3.0, 4.0]])
    made = cut([np.array([[0.0, 1.0, 7.0, 8.0]])], ends)  # slopes 1, 3, 1
    assert made.slopes(np.ones(1))[0].tolist() == pytest.approx([7 / 3, 7 / 3, 1])


def test_a_piece_without_width_changes_nothing() -> None:
    """As a plan near its upper end has them."""
    pieces = made_up_pieces()
    ends = np.concatenate([pieces.ends, pieces.ends[:, -1:]], axis=1)
    same = cut([np.concatenate([gain, gain[-1:]]).T for gain in pieces.gains], ends)
    one, other = (solve(each, Row("budget", np.ones(4), 12.0), risk_aversion=1.0, level=0.8) for each in (pieces, same))
    assert other.objective == pytest.approx(one.objective) and np.isfinite(same.slopes(np.full(60, 1 / 60))).all()
    assert same.slopes(np.full(60, 1 / 60))[:, -1].tolist() == [0.0] * 4


# risk -----------------------------------------------------------------------------------------------------------------------------------


def risky(sd_of_fair, *, correlated=False):
    """Two channels alike in the mean; a third moves with the first one, or by itself."""
    random = np.random.default_rng(3)
    common, own = random.standard_normal((2, DRAWS))
    first = 600 * (1 + sd_of_fair * common)
    return made_up(
        {"fair": (first, 0.0), "search": (600.0, 0.0), "partner": (600 * (1 + sd_of_fair * (common if correlated else own)), 0.0)}
    )


def test_risk_moves_money_from_the_volatile_to_the_steady_measure() -> None:
    measures = [winning(channel, saturating(300.0, 50e3)) for channel in ("fair", "search")]
    plans = [allocate(risky(0.4), measures, budget=100e3, risk_aversion=aversion, seed=1).measures["plan"] for aversion in (0.0, 0.5, 1.5)]
    shares = [plan["fair"] / plan.sum() for plan in plans]
    assert shares[0] == pytest.approx(0.5, abs=0.03)
    assert shares[0] > shares[1] + 0.05 and shares[1] > shares[2]


def test_channels_that_fall_together_are_not_counted_as_diversified() -> None:
    measures = [winning(channel, saturating(300.0, 50e3)) for channel in ("fair", "partner")]
    together, apart = (allocate(risky(0.4, correlated=correlated), measures, budget=100e3, seed=1) for correlated in (True, False))
    assert apart.measures["plan"].sum() > together.measures["plan"].sum()
    assert apart.comparison.loc["plan", "cvar"] > together.comparison.loc["plan", "cvar"] + 5_000
    assert (apart.contributions["diversified"] > 1000).all()
    assert together.contributions["diversified"].abs().max() < 1000


def three_measures():
    return [
        winning("fair", {"today": [40_000, 90, 130], "ceiling": 400}, current=40_000.0, group="sales"),
        winning("search", {"today": [40_000, 150, 230], "ceiling": 600}, current=40_000.0, group="sales"),
        Measure(
            "mailing",
            lever="retention",
            where={"industry": "retail"},
            response={"today": [20_000, 0.03, 0.06], "ceiling": 0.2},
            lasts="2 quarters",
            current=20_000.0,
            group="service",
        ),
    ]


def uncertain(**options):
    valuation = options.pop("valuation", None) or made_up()
    return allocate(valuation, three_measures(), **{"budget": 150e3, "seed": 1} | options)


@pytest.fixture(scope="module")
def plan():
    return uncertain()


def test_the_frontier_trades_the_mean_for_the_tail(plan) -> None:
    frontier = plan.frontier
    assert frontier["risk_aversion"].tolist() == list(RISK_AVERSIONS)
    # evaluated on other draws than it was chosen with: within the error of the differences
    slack = 2 * plan.comparison.loc["plan", "cvar_error"]
    assert (np.diff(frontier["mean"]) < slack).all() and frontier["mean"].iloc[-1] < frontier["mean"].iloc[0]
    assert (np.diff(frontier["cvar"]) > -slack).all() and frontier["cvar"].iloc[-1] > frontier["cvar"].iloc[0]
    # and concave: the mean lost for each unit of safety rises with what has been bought of it
    lost, won = -np.diff(frontier["mean"]), np.diff(frontier["cvar"])
    clear = won > 0.1 * won.max()
    assert (np.diff(lost[clear] / won[clear]) > -0.1).all()
    at_plan = frontier[frontier["risk_aversion"] == plan.risk_aversion].iloc[0]
    assert at_plan[plan.measures.index].to_numpy(dtype=float) == pytest.approx(plan.measures["plan"].to_numpy())  # it lies on its line
    assert frontier["spend"].to_numpy() == pytest.approx(frontier[["fair", "search", "mailing"]].sum(axis=1).to_numpy())


def test_what_is_told_is_what_the_draws_say(plan) -> None:
    profits, told = plan.profits, plan.comparison
    assert profits.sizes["draw"] == DRAWS // 2
    for name in ("plan", "current", "proportional"):
        draws = profits.sel(plan=name)
        assert told.loc[name, "mean"] == pytest.approx(float(draws.mean()))
        assert told.loc[name, "cvar"] == pytest.approx(cvar(draws, 0.95).value)
        assert told.loc[name, "p_loss"] == pytest.approx(float((draws < 0).mean()))
        assert told.loc[name, "spend"] == pytest.approx(plan.measures[name].sum())
        assert told.loc[name, "objective"] == pytest.approx(told.loc[name, "mean"] + told.loc[name, "cvar"])
    assert told.loc["current", "p_plan_better"] == pytest.approx(float((profits.sel(plan="plan") > profits.sel(plan="current")).mean()))
    assert told.loc["plan", "objective"] > told["objective"].drop("plan").max()
    assert plan.contributions["contribution"].sum() == pytest.approx(told.loc["plan", "cvar"])
    assert (plan.measures["gain"] - plan.measures["plan"]).sum() == pytest.approx(told.loc["plan", "mean"])
    assert plan.measures["proportional"].tolist() == [60e3, 60e3, 30e3]
    assert (plan.measures["lower"] <= plan.measures["upper"]).all()


def test_a_plan_looks_better_where_it_was_chosen(monkeypatch) -> None:
    """Few draws, of measures alike: the plan goes to those that luck favours, and the other half knows nothing of it."""
    monkeypatch.setattr(allocation, "RESAMPLES", 0)
    monkeypatch.setattr(allocation, "RISK_AVERSIONS", ())
    optimism = []
    for seed in range(60):
        worth = {f"c{k}": (300 * np.exp(0.8 * np.random.default_rng([seed, k]).standard_normal(100)), 0.0) for k in range(12)}
        measures = [winning(channel, saturating(300.0, 50e3)) for channel in worth]
        few = made_up(worth, draws=100)
        optimism.append(allocate(few, measures, budget=100e3, risk_aversion=0.5, level=0.8, seed=seed).optimism.value)
    assert np.mean(optimism) > 3 * np.std(optimism) / math.sqrt(len(optimism))


def test_the_same_seed_gives_the_same_plan_and_the_order_of_measures_does_not_matter(plan) -> None:
    again = uncertain()
    assert again.measures.equals(plan.measures) and again.comparison.equals(plan.comparison)
    valuation = made_up()
    measures = [winning("fair", saturating(300.0, 50e3)), winning("search", saturating(400.0, 40e3))]
    one, other = (allocate(valuation, order, budget=60e3, seed=1).measures["plan"] for order in (measures, measures[::-1]))
    assert other[one.index].to_numpy() == pytest.approx(one.to_numpy(), abs=200)


def test_another_currency_changes_no_share() -> None:
    def planned(rate):
        valuation = made_up({"fair": (900.0 * rate, 2000.0 * rate), "search": (300.0 * rate, 800.0 * rate)})
        responses = {
            "fair": {"today": [40_000 * rate, 90, 130], "ceiling": 400},
            "search": {"today": [40_000 * rate, 150, 230], "ceiling": 600},
        }
        return allocate(valuation, [winning(c, response) for c, response in responses.items()], budget=100e3 * rate, seed=1)

    euros, cents = planned(1), planned(100)
    assert cents.measures["plan"].to_numpy() == pytest.approx(100 * euros.measures["plan"].to_numpy(), rel=1e-3)
    assert cents.comparison["p_loss"].to_numpy() == pytest.approx(euros.comparison["p_loss"].to_numpy(), abs=1e-3)


# gains that are not concave in every scenario -------------------------------------------------------------------------------------------


def noisy(times, mean=(900.0, 300.0)):
    """Newcomers whose standard deviation is so many times their mean."""
    random = np.random.default_rng(5)
    draws = [value * np.exp(0.2 * random.standard_normal(DRAWS)) for value in mean]
    return made_up({name: (own, value * times) for name, own, value in zip(("fair", "search"), draws, mean, strict=True)})


def chosen(valuation, measures, *, budget=150e3, widened_by=1.0, risk_aversion=1.0, limits=(), level=0.95):
    """The plan where it was chosen, and what is asked of any there."""
    scenarios, _ = scenarios_in_halves(valuation, measures, widened_by, 1)
    problem = Problem(tuple(measures), budget, tuple(limits), level)

    def objective(spend):
        profit = scenarios.profit(np.asarray(spend, dtype=float))
        return profit.mean() + risk_aversion * cvar(profit, level).value

    found = efficient(problem, scenarios, sorted({*RISK_AVERSIONS, risk_aversion}))[risk_aversion]
    return found, objective, problem


@pytest.mark.parametrize("risk_aversion", [0.0, 1.0])
def test_what_cannot_pay_gets_nothing_however_volatile_it_is(risk_aversion) -> None:
    valuation = made_up({f"c{k}": (300.0, 3_000.0) for k in range(4)})
    measures = [winning(f"c{k}", {"today": [40_000, 20, 40], "ceiling": 120}) for k in range(4)]
    found = allocate(valuation, measures, budget=100e3, risk_aversion=risk_aversion, seed=1)
    assert found.measures["plan"].sum() == 0 and found.comparison.loc["plan", "mean"] == 0
    assert found.recommendation == "keep"


@pytest.mark.parametrize(("times", "widened_by"), [(2, 1.0), (3, 1.0), (2, 2.4), (2, 4.0), (6, 2.4)])
def test_a_plan_is_never_worse_than_what_is_plain_to_see(times, widened_by) -> None:
    """Spending nothing, what is spent today, its mix on the whole budget, and the plan without one of its measures."""
    for risk_aversion in (0.0, 0.5, 1.0, 2.0):
        found, objective, problem = chosen(noisy(times), three_measures(), widened_by=widened_by, risk_aversion=risk_aversion)
        reached = objective(found.spend)
        plain = [np.zeros(3), problem.current, problem.proportional(), *(found.spend * (1 - row) for row in np.eye(3))]
        assert reached >= max(map(objective, plain)) - 1e-6


@pytest.mark.parametrize(("times", "widened_by", "risk_aversion"), [(2, 1.0, 1.0), (3, 1.0, 2.0), (2, 2.4, 0.5), (2, 2.4, 1.0)])
def test_no_step_from_a_plan_leads_to_a_better_one(times, widened_by, risk_aversion) -> None:
    """By profits themselves, and not by those of the program: within one per cent."""
    found, objective, _ = chosen(noisy(times), three_measures(), widened_by=widened_by, risk_aversion=risk_aversion)
    reached = objective(found.spend)
    for step in (20e3, 5e3, 1e3):
        for change in itertools.product((-step, 0.0, step), repeat=3):
            other = np.maximum(found.spend + change, 0)
            if other.sum() <= 150e3:
                assert objective(other) <= reached + 0.01 * abs(reached) + 50


def test_the_program_around_a_plan_tells_its_objective() -> None:
    measures = tuple(three_measures())
    found, objective, problem = chosen(noisy(3), measures)
    scenarios, _ = scenarios_in_halves(noisy(3), measures, 1.0, 1)
    pieces = scenarios.pieces(problem.ends(scenarios)).about(found.spend, scenarios.gain)
    assert pieces.at(found.spend) == pytest.approx(scenarios.profit(found.spend) + found.spend.sum())
    assert problem.solve(pieces, 1.0).objective == pytest.approx(objective(found.spend), rel=0.01)


@pytest.mark.parametrize("widened_by", [1.0, 1.5])
def test_a_limit_on_the_tail_holds_by_profits_themselves(widened_by) -> None:
    limit = Limit.cvar(-8_000)
    found, _, _ = chosen(noisy(3), three_measures(), widened_by=widened_by, risk_aversion=0.0, limits=[limit])
    assert cvar(found.profit, 0.95).value >= -8_000 - 1e-3 * found.profit.std()
    told = allocate(noisy(3), three_measures(), budget=150e3, widened_by=widened_by, risk_aversion=0.0, limits=[limit], seed=1)
    tail = told.comparison.loc["plan", "cvar"]
    assert (limit.name in told.missed) == (tail < -8_000)
    assert all(value.value == pytest.approx(tail) for value in told.missed.values())


def test_chance_has_no_mean() -> None:
    """More customers of a mean that is known bring in proportion, in each half."""
    valuation = made_up({"fair": (900.0, 9_000.0)})
    for half in scenarios_in_halves(valuation, [winning("fair", certain(lambda spend: spend / 400))], 2.4, 1):
        assert half.gain(0, np.array([4e3, 40e3])).mean(axis=0) == pytest.approx([9e3, 90e3])


# limits ---------------------------------------------------------------------------------------------------------------------------------


def test_bounds_and_limits_hold_and_are_named() -> None:
    free = uncertain().measures["plan"]
    limit = Limit.group("sales", at_most=0.8 * (free["fair"] + free["search"]))
    held = uncertain(limits=[limit])
    assert held.measures["plan"][["fair", "search"]].sum() == pytest.approx(limit.at_most)
    assert limit.name in held.binding
    least = uncertain(limits=[Limit.group("service", at_least=25_000)])
    assert least.measures.loc["mailing", "plan"] == pytest.approx(25_000)
    moved = uncertain(limits=[Limit.change(10_000)])
    assert (moved.measures["plan"] - moved.measures["current"]).abs().sum() <= 10_000 + 1e-6
    assert moved.binding == ("change: at most 10,000",)


def test_a_limit_on_the_tail_holds_where_it_was_chosen() -> None:
    tail = 18_000.0  # of 19,100 that are possible there
    bold = uncertain(risk_aversion=0.0)
    careful = uncertain(risk_aversion=0.0, limits=[Limit.cvar(tail)])
    assert careful.comparison.loc["plan", "cvar"] > tail - 2 * careful.comparison.loc["plan", "cvar_error"]
    assert careful.comparison.loc["plan", "cvar"] > bold.comparison.loc["plan", "cvar"]
    assert any("worst 5%" in name for name in careful.binding)
    assert uncertain(risk_aversion=0.0, limits=[Limit.loss(0.05)]).comparison.loc["plan", "p_loss"] <= 0.05


def test_commitments_are_kept_and_shown() -> None:
    valuation = made_up()
    fixed = winning("fair", saturating(300.0, 50e3), bounds=(30e3, 30e3))
    found = allocate(valuation, [fixed, winning("search", saturating(400.0, 40e3), bounds=(0.0, 10e3))], budget=60e3, seed=1)
    assert found.measures["plan"].tolist() == pytest.approx([30e3, 10e3])
    assert found.measures["held_at"].tolist() == ["most", "most"]


@pytest.mark.parametrize(
    ("options", "clash", "not_in"),
    [
        ({"limits": [Limit.group("sales", at_least=200_000)]}, ["group sales: at least 200,000", "the budget of 150,000"], "service"),
        (
            {"limits": [Limit.group("sales", at_least=100_000), Limit.change(5_000), Limit.group("service", at_most=1e5)]},
            ["group sales: at least 100,000", "change: at most 5,000"],
            "service",
        ),
        ({"limits": [Limit.cvar(1e9)]}, ["worst 5% of cases: a mean of at least 1,000,000,000"], "budget"),
    ],
)
def test_limits_that_clash_are_named_and_no_others(options, clash, not_in) -> None:
    with pytest.raises(ArgumentError, match="no plan keeps to all limits; these clash: ") as found:
        uncertain(**options)
    assert all(name in str(found.value) for name in clash) and not_in not in str(found.value)


def test_commitments_above_the_budget_are_named() -> None:
    measures = [
        winning("fair", saturating(300.0, 50e3), bounds=(30e3, None)),
        winning("search", saturating(300.0, 50e3), bounds=(40e3, None)),
    ]
    with pytest.raises(ArgumentError, match="the budget of 60,000; at least 30,000 for fair; at least 40,000 for search"):
        allocate(made_up(), measures, budget=60e3, seed=1)


@pytest.mark.parametrize(
    ("measures", "limits", "budget", "clash", "not_in"),
    [
        ([("fair", "h", (0, None))], [("h", 200e3, None)], 150e3, ["group h: at least 200,000", "the budget of 150,000"], "for fair"),
        (
            [("fair", "h", (0, 30e3)), ("search", "h", (0, 20e3))],
            [("h", 60e3, None)],
            100e3,
            ["group h: at least 60,000", "at most 30,000 for fair", "at most 20,000 for search"],
            "budget",
        ),
        (
            [("fair", "g", (30e3, None)), ("search", "h", (0, None))],
            [("h", 80e3, None)],
            100e3,
            ["at least 30,000 for fair", "group h: at least 80,000", "the budget of 100,000"],
            "search",
        ),
        (
            [("fair", "g", (30e3, None)), ("search", "h", (10e3, None))],
            [("g", None, 20e3)],
            100e3,
            ["group g: at most 20,000", "at least 30,000 for fair"],
            "search",
        ),
    ],
)
def test_bounds_that_clash_with_limits_are_named(measures, limits, budget, clash, not_in) -> None:
    asked = [winning(name, saturating(300.0, 50e3), group=group, bounds=bounds) for name, group, bounds in measures]
    groups = [Limit.group(name, at_least=low, at_most=high) for name, low, high in limits]
    with pytest.raises(ArgumentError, match="these clash: ") as found:
        allocate(made_up(), asked, budget=budget, limits=groups, seed=1)
    assert all(name in str(found.value) for name in clash) and not_in not in str(found.value)


@pytest.mark.parametrize("limit", [Limit.cvar(-1e9), Limit.loss(0.9)])
def test_a_limit_that_is_far_away_does_not_bind(limit) -> None:
    found = uncertain(limits=[limit])
    assert found.binding == () and found.missed == {}


def test_the_budget_of_a_single_measure_has_a_price() -> None:
    found = allocate(made_up(), [winning("fair", saturating(300.0, 50e3))], budget=20e3, risk_aversion=0.0, seed=1)
    assert found.measures["plan"].tolist() == pytest.approx([20e3])
    assert found.shadow_price == pytest.approx(300 * 900 / 50e3 * math.exp(-0.4) - 1, rel=0.05)


def test_a_large_budget_hides_no_small_measure() -> None:
    small = winning("fair", saturating(4.0, 1e3))  # pays to 1,281
    found = allocate(made_up({"fair": (900.0, 0.0)}), [small], budget=1e8, risk_aversion=0.0, seed=1)
    assert found.measures["plan"].tolist() == pytest.approx([1e3 * math.log(3.6)], rel=0.03)


def test_proportional_keeps_to_budget_and_bounds() -> None:
    measures = [
        winning("fair", saturating(300.0, 50e3), current=10e3, bounds=(50e3, None)),
        winning("search", saturating(400.0, 40e3), current=90e3),
    ]
    found = allocate(made_up(), measures, budget=100e3, seed=1)
    assert found.measures["proportional"].tolist() == pytest.approx([50e3, 50e3])


# responses drawn together ---------------------------------------------------------------------------------------------------------------


def mixed(correlated):
    """Two responses of a mix model whose draws belong together."""
    random, spends = np.random.default_rng(2), np.array([0.0, 20e3, 60e3])
    heights = np.exp(0.4 * random.standard_normal((2, 1000)))
    heights = heights[[0, 0]] if correlated else heights
    return [winning(name, drawn(spends, height[:, None] * [0, 60, 90])) for name, height in zip(("fair", "search"), heights, strict=True)]


def test_draws_of_two_responses_that_belong_together_stay_so() -> None:
    valuation = made_up({"fair": (900.0, 0.0), "search": (900.0, 0.0)})
    for half in scenarios_in_halves(valuation, mixed(True), 1.0, 1):
        one, other = (half.gain(k, np.array([20e3]))[:, 0] for k in range(2))
        assert np.corrcoef(one, other)[0, 1] == pytest.approx(1)
    for half in scenarios_in_halves(valuation, mixed(False), 1.0, 1):
        one, other = (half.gain(k, np.array([20e3]))[:, 0] for k in range(2))
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.15


def test_no_draw_of_a_response_is_in_both_halves() -> None:
    height = np.arange(1.0, 101.0)  # fewer than the valuation has
    measure = winning("fair", drawn([0.0, 20e3], height[:, None] * [0.0, 1.0]))
    halves = scenarios_in_halves(made_up({"fair": (1.0, 0.0)}), [measure], 1.0, 1)
    first, second = (set(half.gain(0, np.array([20e3]))[:, 0].round(6)) for half in halves)
    assert len(first) == len(second) == 50 and not first & second


# when not to ----------------------------------------------------------------------------------------------------------------------------


def test_a_plan_that_is_hardly_better_is_not_worth_a_change() -> None:
    valuation = made_up({"fair": (600.0, 0.0), "search": (600.0, 0.0)})
    alike = [winning(channel, saturating(300.0, 50e3), current=current) for channel, current in (("fair", 51e3), ("search", 49e3))]
    assert allocate(valuation, alike, budget=100e3, seed=1).recommendation == "keep"
    uneven = [replace(measure, current=current) for measure, current in zip(alike, (95e3, 5e3), strict=True)]
    assert allocate(valuation, uneven, budget=100e3, seed=1).recommendation == "change"
    # today's spend is no choice where the budget has been cut
    assert allocate(valuation, alike, budget=50e3, seed=1).recommendation == "change"


def test_what_is_spent_today_is_not_kept_where_a_limit_forbids_it() -> None:
    valuation = made_up({"fair": (600.0, 0.0), "search": (600.0, 0.0)})
    currents = zip(("fair", "search"), (51e3, 49e3), strict=True)
    alike = [winning(channel, saturating(300.0, 50e3), current=current, group=channel) for channel, current in currents]

    def recommended(*limits, **options):
        return allocate(valuation, alike, budget=100e3, limits=limits, seed=1, **options).recommendation

    assert recommended() == "keep"
    assert recommended(Limit.group("search", at_least=50e3)) == "change"
    volatile = [replace(measure, current=50e3) for measure in three_measures()[:2]]
    today = allocate(noisy(3), volatile, budget=100e3, seed=1).comparison.loc["current", "cvar"]
    held = allocate(noisy(3), volatile, budget=100e3, limits=[Limit.cvar(today + 2_000)], seed=1)
    assert held.recommendation == "change"


def test_a_plan_that_is_todays_is_not_compared_with_it() -> None:
    fixed = [winning("fair", saturating(300.0, 50e3), current=30e3, bounds=(30e3, 30e3))]
    found = allocate(made_up(), fixed, budget=30e3, seed=1)
    assert found.comparison["p_plan_better"].isna().all() and found.recommendation == "keep"
    assert explore(made_up(), fixed, budgets=[30e3], seed=1)["p_better"].isna().all()


def test_a_failed_check_stops_the_plan_unless_it_is_let_through() -> None:
    with pytest.raises(ArgumentError, match=r"a check failed of \(Simulation and closed form differ.\); allow_failed_checks=True"):
        uncertain(valuation=made_up(failed=True))
    assert uncertain(valuation=made_up(failed=True), allow_failed_checks=True).measures["plan"].sum() > 0


def test_wider_draws_keep_the_mean_and_stretch_the_tail(plan) -> None:
    wider = uncertain(widened_by=2.0, risk_aversion=0.0)
    narrow = uncertain(risk_aversion=0.0)
    same = narrow.measures["plan"].to_numpy()
    assert wider.measures["plan"].to_numpy() == pytest.approx(same, abs=0.03 * 150e3)
    falls = [found.comparison.loc["plan", "mean"] - found.comparison.loc["plan", "cvar"] for found in (narrow, wider)]
    assert falls[1] == pytest.approx(2 * falls[0], rel=0.1)
    assert uncertain(widened_by=2.0).measures["plan"].sum() < plan.measures["plan"].sum()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": -1.0}, "budget must be a number of at least 0, not -1.0"),
        ({"budget": math.nan}, "budget must be a number of at least 0"),
        ({"risk_aversion": -0.1}, "risk_aversion must be a number of at least 0"),
        ({"level": 95}, "level must be a fraction"),
        ({"level": 0.9999}, r"a level of 0.9999 looks at 0.1 of the 1,000 draws .* needs 10: value\(..., draws=200000\)"),
        ({"valuation": "x"}, "valuation must be what clv.value gives, not str"),
        ({"valuation": replace(made_up(), total=made_up().total.assign_attrs(kind="expected"))}, "a plan needs predictive draws"),
        ({"widened_by": 0.5}, "widened_by must be a factor of at least 1"),
        ({"limits": ["at most 5"]}, "limits must be a list of clv.Limit"),
        ({"limits": [Limit.group("slaes", at_most=5)]}, "limits name the group 'slaes', which no measure is of; there are sales, service"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_numbers_out_of_range_are_refused(options, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        uncertain(**options)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Limit.group("sales"), "needs at_least or at_most"),
        (lambda: Limit.group("sales", at_least=5, at_most=4), "cross: at least 5, at most 4"),
        (lambda: Limit.group("sales", at_most=-4), "at_most must be a number of at least 0"),
        (lambda: Limit.change(-1), "at_most must be a number of at least 0"),
        (lambda: Limit.cvar(math.inf), "at_least must be an amount"),
        (lambda: Limit.cvar(0.0, level=95), "level must be a fraction"),
        (lambda: Limit.loss(5), "at_most must be a fraction"),
        (lambda: Limit("change", "x"), "a limit is made by Limit.group"),
    ],
)
def test_limits_that_cannot_be_are_refused(made, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        made()


@pytest.mark.parametrize("measures", [[], "fair", [1]])
def test_measures_are_a_list_of_measures(measures) -> None:
    with pytest.raises(ArgumentError, match=r"nothing to allocate to|measures must be a list"):
        allocate(made_up(), measures, budget=1.0, seed=1)


def test_two_measures_of_one_name_are_refused() -> None:
    with pytest.raises(ArgumentError, match="measures are named twice: fair"):
        allocate(made_up(), [winning("fair", saturating(3.0, 5e3))] * 2, budget=1.0, seed=1)


def test_no_budget_is_no_spend(plan) -> None:
    nothing = uncertain(budget=0.0)
    assert nothing.measures["plan"].sum() == 0 and nothing.comparison.loc["plan", "mean"] == 0
    assert (nothing.measures["marginal"] > 0).all()


def test_small_shares_are_told_as_they_are() -> None:
    assert Limit.loss(0.005).name == "probability of loss: at most 0.5%"
    assert Limit.cvar(0.0, level=0.975).name == "worst 2.5% of cases: a mean of at least 0"


# many budgets ---------------------------------------------------------------------------------------------------------------------------

BUDGETS = [150e3, 75e3, 225e3]


@pytest.fixture(scope="module")
def explored():
    return explore(made_up(), three_measures(), budgets=BUDGETS, seed=1)


def test_all_budgets_and_aversions_are_explored_like_the_frontier(explored, plan) -> None:
    names = ["fair", "search", "mailing"]
    assert explored.columns.tolist() == ["budget", "risk_aversion", "spend", "mean", "cvar", "p_loss", "p_better", *names]
    found = list(zip(explored["budget"], explored["risk_aversion"], strict=True))
    assert found == list(itertools.product(sorted(BUDGETS), RISK_AVERSIONS))
    assert (explored["spend"] <= explored["budget"] + 1e-6).all()
    assert explored["spend"].to_numpy() == pytest.approx(explored[names].sum(axis=1).to_numpy())
    of_plan = explored[explored["budget"] == 150e3].reset_index(drop=True)
    assert of_plan[plan.frontier.columns].equals(plan.frontier)
    # more money never brings less than within the error
    by_budget = explored.pivot(index="risk_aversion", columns="budget", values="mean").loc[0.0]
    assert (np.diff(by_budget) > -2 * plan.comparison.loc["plan", "mean_error"]).all()


def test_p_better_is_against_todays_spending(explored, plan) -> None:
    today = plan.profits.sel(plan="current").to_numpy()
    alike = explored[(explored["budget"] == 150e3) & (explored["risk_aversion"] == 1.0)].iloc[0]
    assert alike["p_better"] == pytest.approx(plan.comparison.loc["current", "p_plan_better"], abs=0.05)
    assert alike["mean"] - today.mean() == pytest.approx(plan.comparison.loc["plan", "mean"] - today.mean(), rel=0.05)


def test_where_limits_clash_there_is_no_row() -> None:
    found = explore(made_up(), three_measures(), budgets=[50e3, 150e3], limits=[Limit.group("sales", at_least=100e3)], seed=1)
    assert set(found["budget"]) == {150e3}
    none = explore(made_up(), three_measures(), budgets=[50e3], limits=[Limit.group("sales", at_least=100e3)], seed=1)
    assert none.empty and "fair" in none


@pytest.mark.parametrize("budgets", [[], 5.0, "500", [-1.0], [None]])
def test_budgets_are_a_list_of_amounts(budgets) -> None:
    with pytest.raises(ArgumentError, match=r"budgets must be a list|a budget must be a number"):
        explore(made_up(), three_measures(), budgets=budgets, seed=1)


def test_a_measure_cannot_have_the_name_of_a_column() -> None:
    with pytest.raises(ArgumentError, match="measures cannot be named 'spend'"):
        uncertain_named = [replace(three_measures()[0], name="spend")]
        allocate(made_up(), uncertain_named, budget=1e5, seed=1)
