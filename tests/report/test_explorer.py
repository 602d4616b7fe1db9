"""Plans at other budgets: the numbers of the frame as they are, and a block that refuses what a reader could not move along."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from decisions.made_up_worth import made_up
from made_up_explored import AVERSIONS, CLASHES, PARTS, made_up_explored
from report.test_plan_section import measures

from clvbayes.decisions import Plan, allocate
from clvbayes.report import Budgeted, compose, render_html
from clvbayes.report.blocks import Explorer, Quantity
from clvbayes.report.explorer_section import explorer_section
from clvbayes.report.plan_figures import MOST_BARS, spend_bars


@pytest.fixture(scope="module")
def plan() -> Plan:
    return allocate(made_up(), measures(), budget=110e3, seed=1)


@pytest.fixture(scope="module")
def explored(plan) -> pd.DataFrame:
    return made_up_explored(plan)


@pytest.fixture
def explorer_of(evidence_of, plan):
    def find(explored, **changes) -> Explorer:
        budgeted = Budgeted(replace(plan, **changes), explored=explored)
        return explorer_section(replace(evidence_of("normal"), budgeted=budgeted)).blocks[0]

    return find


def test_the_table_holds_every_plan_as_it_is(explorer_of, explored) -> None:
    table = explorer_of(explored).table
    assert len(table.rows) == len(PARTS) * len(AVERSIONS) - 1
    for place, name in enumerate(explored.columns):
        if name not in ("p_loss", "p_better"):
            assert [row[place] for row in table.rows] == explored[name].tolist()
    losses, better = ([row[place] for row in table.rows] for place in (5, 6))
    assert [loss.value for loss in losses] == explored["p_loss"].tolist()
    assert [told.value if isinstance(told, Quantity) else 1.0 for told in better] == explored["p_better"].tolist()
    assert {told for told in better if isinstance(told, str)} == {"over 99.9\xa0%"}


def test_choices_are_those_that_were_computed_and_begin_at_the_plan(explorer_of, explored, plan) -> None:
    explorer = explorer_of(explored)
    assert explorer.budgets == tuple(part * plan.budget for part in PARTS) and explorer.risk_aversions == AVERSIONS
    assert explorer.chosen == (plan.budget, plan.risk_aversion)
    assert [column.title for column in explorer.spends] == ["Fairs", "Search", "Mailing"]
    missing = explorer.budgets[CLASHES[0]], explorer.risk_aversions[CLASHES[1]]
    assert missing not in {row[:2] for row in explorer.table.rows}


def test_an_aversion_between_those_computed_begins_at_the_nearest(explorer_of, explored, plan) -> None:
    assert explorer_of(explored, risk_aversion=1.4).chosen == (plan.budget, 1.0)


def test_the_finding_compares_least_and_most_budget_at_the_plans_aversion(explorer_of, explored) -> None:
    finding = explorer_of(explored).finding
    alike = explored[explored["risk_aversion"] == 1.0]
    for budget, row in (("EUR\xa055.0\xa0k", alike.iloc[0]), ("EUR\xa0165.0\xa0k", alike.iloc[-1])):
        assert f"within {budget} brings EUR\xa0{row['mean'] / 1000:.0f}\xa0k" in finding
    single = explored[explored["budget"] == 110e3]
    assert explorer_of(single).finding.startswith("Only within EUR\xa0110\xa0k is there a plan")


def test_the_table_says_which_plan_brings_most(explorer_of, explored) -> None:
    best = explored.loc[explored["mean"].idxmax()]
    finding = explorer_of(explored).table.finding
    assert finding.startswith(f"Of {len(explored)} computed plans") and f"aversion to risk of {best['risk_aversion']:g} brings" in finding
    assert f"EUR\u00a0{best['mean'] / 1000:.0f}\u00a0k more" in finding


def test_budgets_are_told_in_full(explorer_of, explored) -> None:
    assert explorer_of(explored).table.columns[0].digits == 1  # 82.5 k


def test_where_nothing_is_spent_today_nothing_is_compared(explorer_of, explored) -> None:
    assert {row[6] for row in explorer_of(explored.assign(p_better=np.nan)).table.rows} == {"–"}


def test_shares_of_no_money_are_one_budget(explorer_of, explored) -> None:
    nothing = explored.assign(**{name: 0.0 for name in explored.columns if name not in ("risk_aversion", "p_loss", "p_better")})
    explorer = explorer_of(nothing, budget=0.0)
    assert explorer.budgets == (0.0,) and len(explorer.table.rows) == len(AVERSIONS)


@pytest.mark.parametrize("explored", [None, pd.DataFrame()])
def test_without_other_plans_there_is_no_section(explored, evidence_of, plan) -> None:
    assert explorer_section(replace(evidence_of("normal"), budgeted=Budgeted(plan, explored=explored))) is None
    assert (
        explorer_section(replace(evidence_of("normal"), budgeted=Budgeted(None, refused="these limits clash", explored=explored))) is None
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"budgets": (2.0, 1.0)}, "must ascend"),
        ({"risk_aversions": ()}, "must ascend"),
        ({"budgets": (1.0,)}, "one plan a budget and aversion"),
        ({"chosen": (1.0, 1.0)}, "no plan where a reader would begin"),
        ({"measures": 0}, "no spends on measures"),
        ({"measures": 6}, "no spends on measures"),
        ({"measures": 4}, "no spends on measures"),
        ({"finding": ""}, "a text is missing"),
    ],
)
def test_an_explorer_refuses_what_nobody_could_move_along(wrong, said, explorer_of, explored) -> None:
    with pytest.raises(ValueError, match=said):
        replace(explorer_of(explored), **wrong)


def test_an_explorer_refuses_two_plans_for_one_choice(explorer_of, explored) -> None:
    explorer = explorer_of(explored)
    twice = replace(explorer.table, rows=(*explorer.table.rows, explorer.table.rows[0]))
    with pytest.raises(ValueError, match="one plan a budget and aversion"):
        replace(explorer, table=twice)


def test_a_block_of_unknown_kind_is_an_error(evidence_of) -> None:
    document = compose(evidence_of("plain"))
    object.__setattr__(document.sections[0], "blocks", ("no block",))
    with pytest.raises(TypeError, match="cannot show a block of kind str"):
        render_html(document)


def test_spends_on_many_measures_are_drawn_as_the_largest_and_the_rest(plan) -> None:
    spends = np.arange(40.0, 0, -1)
    many = pd.DataFrame({"current": 10.0, "plan": spends, "lower": spends, "upper": spends}, index=[f"Measure {k:02d}" for k in range(40)])
    svg = spend_bars(replace(plan, measures=many), currency="EUR")
    shown = [f"Measure {k:02d}" for k in range(40) if f"Measure {k:02d}" in svg]
    assert shown == [f"Measure {k:02d}" for k in range(MOST_BARS - 1)]
    rest = spends[MOST_BARS - 1 :].sum()
    assert f"29 other measures\nPlan: EUR\xa0{rest:.0f}\nToday: EUR\xa0290" in svg
