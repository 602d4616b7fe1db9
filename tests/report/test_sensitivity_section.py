"""Sensitivity: each scenario recomputed from the draws, the largest swing first, what is missing said."""

from dataclasses import replace

import numpy as np
import pytest
from made_up_base import BASES, Base, make_evidence
from report.blocks_of import figures_of, table_of, text_of

from clvbayes.inference.weighing import Weighing
from clvbayes.report import Alternative
from clvbayes.report import prose_en as words
from clvbayes.report.evidence import Evidence, draws_of
from clvbayes.report.sensitivity_section import Scenario, scenarios, sensitivity_section, value_within
from clvbayes.valuation import Economics

SMALL = Base(customers=60, draws=200, levels={}, small=(), levers=("churn", "rate", "spend"))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return make_evidence(SMALL)


def found(evidence: Evidence) -> dict[str, Scenario]:
    return {scenario.label: scenario for scenario in scenarios(evidence)}


def with_economics(evidence: Evidence, **changed: object) -> Evidence:
    economics = replace(evidence.valuation.economics, **changed)
    return replace(evidence, valuation=replace(evidence.valuation, economics=economics))


def test_another_rate_is_the_contribution_discounted_with_it(evidence: Evidence) -> None:
    periods = evidence.valuation.periods
    middles = np.array([(period.start + period.end) / 2 for period in periods])
    for points in (-0.01, 0.01):
        again = draws_of(evidence, "contribution") @ (1.09 + points) ** -middles
        label = f"discount rate {'+' if points > 0 else chr(0x2212)}1 point"
        assert found(evidence)[label].value == pytest.approx(again)


def test_a_curve_is_moved_in_all_years_and_a_rate_never_below_nothing(evidence: Evidence) -> None:
    curve = with_economics(evidence, discount_rate={1: 0.03, 2: 0.05})
    moved = Economics(0.35, {1: 0.04, 2: 0.06}, 3.0)
    middles = np.array([(period.start + period.end) / 2 for period in evidence.valuation.periods])
    ratio = moved.discount_factor(middles) / curve.valuation.economics.discount_factor(middles)
    assert found(curve)["discount rate +1 point"].value == pytest.approx(draws_of(evidence, "value") @ ratio)
    low = found(with_economics(evidence, discount_rate=0.005))
    assert [label for label in low if label.startswith("discount")] == ["discount rate +1 point"]


def test_another_margin_leaves_costs_as_they_are(evidence: Evidence) -> None:
    value = draws_of(evidence, "value").sum(axis=1)
    assert found(evidence)["margin +10\u00a0%"].mean == pytest.approx(1.1 * value.mean()), "without costs value moves with the margin"
    total = evidence.valuation.total.copy()
    fee = 0.25 * total.sel(component="contribution")
    factor = total.sel(component="value") / total.sel(component="contribution")
    total.loc[{"component": "cost"}] = fee
    total.loc[{"component": "contribution"}] = total.sel(component="contribution") - fee
    total.loc[{"component": "value"}] = total.sel(component="contribution") * factor
    costly = replace(evidence, valuation=replace(evidence.valuation, total=total))
    scenario = found(costly)["margin +10\u00a0%"]
    less = draws_of(costly, "value").sum(axis=1).mean()
    assert less == pytest.approx(0.75 * value.mean()) and scenario.mean - less == pytest.approx(0.1 * value.mean())


def test_no_margin_above_all_of_the_revenue(evidence: Evidence) -> None:
    labels = found(with_economics(evidence, margin={"industry": {"A": 0.95, "B": 0.2}}))
    assert [label for label in labels if label.startswith("margin")] == ["margin \u221210\u00a0%"]


def test_horizons_are_sums_of_their_periods(evidence: Evidence) -> None:
    value, periods = draws_of(evidence, "value"), evidence.valuation.periods
    inside = [place for place, period in enumerate(periods) if period.end <= 1.0]
    cut = periods[len(inside)]
    part = (1.0 - cut.start) / (cut.end - cut.start)
    assert found(evidence)["horizon of 1 year"].value == pytest.approx(value[:, inside].sum(axis=1) + part * value[:, len(inside)])
    assert value_within(evidence, 50.0) == pytest.approx(value.sum(axis=1))
    assert [label for label in found(evidence) if label.startswith("horizon")] == ["horizon of 1 year", "horizon of 2 years"]


def test_levers_are_those_of_the_valuation(evidence: Evidence) -> None:
    moved = evidence.valuation.levers[""].isel(level=0)
    for lever, label in (("churn", "odds of leaving"), ("rate", "order rate"), ("spend", "amounts of orders")):
        for size, change in ((0.9, "\u221210\u00a0%"), (1.25, "+25\u00a0%")):
            assert found(evidence)[f"{label} {change}"].value == pytest.approx(moved.sel(lever=lever, size=size).to_numpy())


def test_the_table_holds_each_scenario_with_its_own_change(evidence: Evidence) -> None:
    table = table_of(sensitivity_section(evidence), words.SENSITIVITY_TABLE)
    as_it_is = table.rows[0]
    assert as_it_is[2] == pytest.approx(draws_of(evidence, "value").sum(axis=1).mean()) and as_it_is[5] == 0
    for row in table.rows[1:]:
        scenario = found(evidence)[row[0]]
        assert row[2:5] == pytest.approx((scenario.value.mean(), *np.quantile(scenario.value, [0.05, 0.95])))
        assert row[5] == pytest.approx(row[2] - as_it_is[2]) and row[6] == pytest.approx(row[2] / as_it_is[2] - 1)


def test_the_largest_swing_is_drawn_first_and_named(evidence: Evidence) -> None:
    for slope, first in ((0.1, "Horizon, one year less"), (9.0, "Odds of leaving, ± 10 %")):
        array = evidence.valuation.levers[""].copy()
        base = array.sel(lever="churn", size=1.0)
        for size in array["size"].to_numpy():
            array.loc[{"lever": "churn", "size": size}] = base * (1 - slope * (size - 1))
        moved = replace(evidence, valuation=replace(evidence.valuation, levers={"": array}))
        [figure] = figures_of(sensitivity_section(moved))
        assert first in figure.finding
        drawn = [label for label in words.FACTORS.values() if f">{label}<" in figure.svg]
        heights = {label: figure.svg.index(f">{label}<") for label in drawn}
        assert len(drawn) == 6 and max(heights, key=lambda label: heights[label]) != first


def test_what_was_not_computed_is_said_with_what_to_do(evidence: Evidence) -> None:
    alone = make_evidence(replace(SMALL, levers=("churn",)))
    text = text_of(sensitivity_section(alone))
    assert "how often they order, how much they spend was not computed" in text and words.LEVERS_MISSING["churn"] not in text
    assert words.NO_ALTERNATIVE in text and words.NO_WIDER_PRIORS in text
    assert "was not computed" not in text_of(sensitivity_section(evidence))


def test_another_model_is_told_with_its_title(evidence: Evidence) -> None:
    other = replace(evidence.valuation, total=1.2 * evidence.valuation.total)
    section = sensitivity_section(replace(evidence, alternative=Alternative("<Other>", other)))
    [row] = [row for row in table_of(section, words.SENSITIVITY_TABLE).rows if row[0] == "model <Other>"]
    assert row[-1] == pytest.approx(0.2)
    assert words.NO_ALTERNATIVE not in text_of(section)
    assert "&lt;Other&gt;" in figures_of(section)[0].svg


@pytest.mark.parametrize(("k_hat", "told"), [(0.3, True), (0.9, False)])
def test_wider_priors_weigh_the_draws_where_these_reach_so_far(evidence: Evidence, k_hat: float, told: bool) -> None:
    value = draws_of(evidence, "value").sum(axis=1)
    weights = np.linspace(1, 3, len(value))[np.argsort(np.argsort(value))]
    weighing = Weighing(np.log(weights / weights.sum()), k_hat, 0.7, 0.9)
    section = sensitivity_section(replace(evidence, wider_priors=weighing))
    rows = [row for row in table_of(section, words.SENSITIVITY_TABLE).rows if row[0] == words.SCENARIO_PRIORS]
    assert (words.WIDER_PRIORS_NOT_REACHED in text_of(section)) != told
    if told:
        [row] = rows
        assert row[2] == pytest.approx((weights * value).sum() / weights.sum()) and row[2] > value.mean()
        below = np.cumsum(weights[np.argsort(value)]) / weights.sum()
        assert row[3] == pytest.approx(np.sort(value)[np.searchsorted(below, 0.05)])
    else:
        assert not rows


@pytest.mark.parametrize(
    "base", [replace(BASES["undated"], draws=30), replace(BASES["short"], draws=30), Base(customers=1, draws=30, levels={}, small=())]
)
def test_undated_short_and_single_bases_are_told(base: Base) -> None:
    section = sensitivity_section(make_evidence(base))
    assert figures_of(section)[0].finding and table_of(section, words.SENSITIVITY_TABLE).finding


def test_no_value_depends_on_nothing(evidence: Evidence) -> None:
    none = replace(evidence.valuation, total=0 * evidence.valuation.total, levers={})
    section = sensitivity_section(replace(evidence, valuation=none))
    assert figures_of(section)[0].finding == table_of(section, words.SENSITIVITY_TABLE).finding == words.SENSITIVITY_FINDING_NONE
