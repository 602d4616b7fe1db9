"""What the report says of a budget: the plan as it is, beside its alternatives; why there is none; nothing hostile gets through."""

from dataclasses import replace

import numpy as np
import pytest
from decisions.made_up_worth import made_up

from clvbayes.decisions import Measure, Plan, allocate
from clvbayes.decisions.risk import Estimate
from clvbayes.report import Budgeted, compose, render_html
from clvbayes.report import prose_en as words
from clvbayes.report.blocks import Figure, Finding, Prose, Table
from clvbayes.report.plan_section import PLAN_SECTIONS, plan_findings, plan_section

HOSTILE = '<script>alert(1)</script>\n=cmd|" ' + "x" * 200


def measures(name="Fairs", **today):
    return [
        Measure(
            name,
            lever="acquisition",
            where={"channel": "fair"},
            response={"today": [40_000, 90, 130], "ceiling": 400},
            lasts="campaign",
            current=today.get("fairs", 40_000.0),
        ),
        Measure(
            "Search",
            lever="acquisition",
            where={"channel": "search"},
            response={"today": [40_000, 150, 230], "ceiling": 600},
            lasts="campaign",
            current=today.get("search", 40_000.0),
        ),
        Measure(
            "Mailing",
            lever="retention",
            where={"industry": "retail"},
            response={"today": [20_000, 0.03, 0.06], "ceiling": 0.2},
            lasts="2 quarters",
            current=today.get("mailing", 20_000.0),
            bounds=(5_000.0, 5_000.0),
        ),
    ]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return allocate(made_up(), measures(), budget=110e3, seed=1)


@pytest.fixture(scope="module")
def evidence(evidence_of, plan):
    return replace(evidence_of("normal"), budgeted=Budgeted(plan))


def sections(evidence):
    return [found for section in PLAN_SECTIONS.values() if (found := section(evidence)) is not None]


def blocks(evidence, kind):
    return [block for section in sections(evidence) for block in section.blocks if isinstance(block, kind)]


def test_without_a_budget_nothing_is_said(evidence_of) -> None:
    assert sections(evidence_of("normal")) == [] and plan_findings(evidence_of("normal")) == ()


def test_the_table_holds_the_plan_as_it_is(evidence, plan) -> None:
    table, compared, aversions = blocks(evidence, Table)
    assert [row[:4] for row in table.rows] == [
        ("Fairs", "acquisition", "fair (channel)", "campaign"),
        ("Search", "acquisition", "search (channel)", "campaign"),
        ("Mailing", "retention", "retail (industry)", "2 quarters"),
    ]
    for column, name in ((4, "current"), (5, "plan"), (6, "lower"), (7, "upper"), (8, "gain"), (9, "marginal")):
        assert [row[column] for row in table.rows] == pytest.approx(plan.measures[name].tolist())
    assert [row[10] for row in table.rows] == ["", "", "its most"]
    assert [row[1:4] for row in compared.rows] == [tuple(row) for row in plan.comparison[["spend", "mean", "cvar"]].to_numpy().tolist()]
    assert [row[0] for row in compared.rows] == ["Plan", "Today's spending", "Today's mix, whole budget"]
    assert len(aversions.rows) == len(plan.frontier)
    assert [row[1] for row in aversions.rows] == pytest.approx(plan.frontier["spend"].tolist())


def test_the_finding_tells_plan_and_today(evidence, plan) -> None:
    [finding] = plan_findings(evidence)
    assert finding.status == "ok"
    assert f"EUR\xa0{plan.comparison.loc['plan', 'mean'] / 1000:.1f}\xa0k" in finding.message
    assert f"EUR\xa0{plan.comparison.loc['current', 'mean'] / 1000:.1f}\xa0k" in finding.message
    better = plan.comparison.loc["current", "p_plan_better"]
    assert f"than today's spending is {100 * better:.0f}\xa0%" in finding.message


def test_what_is_told_of_moves_is_the_largest_of_each(evidence, plan) -> None:
    table = blocks(evidence, Table)[0]
    moved = plan.measures["plan"] - plan.measures["current"]
    assert table.finding.startswith(f"Most is added to {moved.idxmax()}") and f"taken from {moved.idxmin()}" in table.finding


def test_nothing_spent_today_is_not_compared_with(evidence) -> None:
    new = allocate(made_up(), measures(fairs=0.0, search=0.0, mailing=0.0), budget=110e3, seed=1)
    [finding] = plan_findings(replace(evidence, budgeted=Budgeted(new)))
    assert "the probability that it does not earn back its cost is" in finding.message and "today" not in finding.message


def test_a_plan_hardly_better_is_told_to_keep_what_is(evidence, plan) -> None:
    [finding] = plan_findings(replace(evidence, budgeted=Budgeted(replace(plan, recommendation="keep"))))
    assert finding.message.startswith("Keep what is spent today: no plan within EUR\xa0110")


def test_certainty_is_never_told(evidence, plan) -> None:
    comparison = plan.comparison.assign(p_plan_better=[np.nan, 1.0, 1.0], p_loss=0.0)
    sure = replace(evidence, budgeted=Budgeted(replace(plan, comparison=comparison)))
    assert "is over 99.9\xa0%." in plan_findings(sure)[0].message
    assert [row[4:] for row in blocks(sure, Table)[1].rows] == [("under 0.1\xa0%", "–"), *[("under 0.1\xa0%", "over 99.9\xa0%")] * 2]


def test_wider_draws_are_told_on_the_first_page_with_both_plans(evidence, plan) -> None:
    wider = allocate(made_up(), measures(), budget=110e3, widened_by=2.4, seed=1)
    found = replace(evidence, budgeted=Budgeted(wider, as_drawn=plan))
    told = [block for block in compose(found).sections[0].blocks if isinstance(block, Finding)]
    assert any("the plan rests on draws that lie 2.4 times as far from their mean" in finding.message for finding in told)
    table = blocks(found, Table)[0]
    assert [row[6] for row in table.rows] == pytest.approx(plan.measures["plan"].tolist())
    assert [row[5] for row in table.rows] == pytest.approx(wider.measures["plan"].tolist())


def test_no_plan_is_told_with_its_reason_in_section_and_first_page(evidence) -> None:
    refused = replace(evidence, budgeted=Budgeted(None, refused="these limits clash: a; b"))
    assert [section.title for section in sections(refused)] == ["What to spend where"]
    told = [block for block in compose(refused).sections[0].blocks if isinstance(block, Finding)]
    assert any(finding.message == "No budget is planned: these limits clash: a; b." for finding in told)


def test_pictures_are_drawn_and_what_holds_the_plan_back_is_told(evidence, plan) -> None:
    figures = blocks(evidence, Figure)
    assert [figure.title for figure in figures] == ["Today and the plan", "What safety costs"]
    assert "Mailing" in figures[0].svg and "Efficient plans" in figures[1].svg
    [prose] = blocks(evidence, Prose)
    assert ("of the budget are left" in prose.text) == (plan.comparison.loc["plan", "spend"] < 0.995 * plan.budget)


def test_hostile_names_come_through_harmless(evidence) -> None:
    named = allocate(made_up(), measures(HOSTILE), budget=110e3, seed=1)
    document = compose(replace(evidence, budgeted=Budgeted(named)))
    page = render_html(document)
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_no_money_is_a_plan_of_nothing(evidence) -> None:
    nothing = allocate(made_up(), [replace(measure, bounds=(0.0, None)) for measure in measures()], budget=0.0, seed=1)
    found = replace(evidence, budgeted=Budgeted(nothing))
    assert blocks(found, Figure)[0].finding == "The plan spends nothing."
    assert plan_section(found) is not None and render_html(compose(found))


def limits_told(evidence, plan, **changed):
    document = PLAN_SECTIONS["plan-aversions"](replace(evidence, budgeted=Budgeted(replace(plan, **changed))))
    [prose] = [block for block in document.blocks if isinstance(block, Prose)]
    return prose.text


def test_money_is_left_for_a_reason(evidence, plan) -> None:
    rich, nothing_full = 10 * plan.budget, plan.measures.assign(held_at="", marginal=0.9)
    full = nothing_full.assign(held_at=["most", "", ""], marginal=[1.4, 0.9, 0.9])
    told = limits_told(evidence, plan, budget=rich, measures=nothing_full, binding=(), risk_aversion=0.0)
    assert "no measure would earn back more" in told
    averse = limits_told(evidence, plan, budget=rich, measures=nothing_full, binding=(), risk_aversion=1.0)
    assert "no measure would earn back more" not in averse and words.PLAN_LEFT_RISK in averse
    held = limits_told(evidence, plan, budget=rich, measures=full, binding=(), risk_aversion=0.0)
    assert "no measure would earn back more" not in held and words.PLAN_FULL.format(measures="Fairs") in held
    bound = limits_told(evidence, plan, budget=rich, measures=nothing_full, binding=("change: at most 5",), risk_aversion=0.0)
    assert "no measure would earn back more" not in bound and "change: at most 5" in bound


def test_a_limit_missed_and_a_plan_that_is_todays_are_told(evidence, plan) -> None:
    missed = replace(plan, missed={"worst 5% of cases: a mean of at least 0": Estimate(-1_234.0, 100.0)})
    found = plan_findings(replace(evidence, budgeted=Budgeted(missed)))
    assert found[-1].status == "note" and "worst 5% of cases: a mean of at least 0" in found[-1].message
    same = replace(plan, comparison=plan.comparison.assign(p_plan_better=np.nan))
    section = plan_section(replace(evidence, budgeted=Budgeted(same)))
    [table] = [block for block in section.blocks if isinstance(block, Table) and block.title == words.COMPARISON_TABLE]
    assert [row[-1] for row in table.rows] == ["–", "–", "–"]
