"""Risk: tails, contributions and betas as the draws have them; what adds up; what is said of it."""

from dataclasses import replace

import numpy as np
import pytest
from made_up_base import BASES, Base, make_evidence
from report.blocks_of import figures_of, table_of

from clvbayes.report import prose_en as words
from clvbayes.report.evidence import Evidence, draws_of
from clvbayes.report.risk_figures import MOST_BARS
from clvbayes.report.risk_section import risk_section

BY = words.BY_COLUMN.format(column="industry")


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return make_evidence(replace(BASES["normal"], draws=400))


def level_values(evidence: Evidence, name: str, column: str = "industry") -> np.ndarray:
    return evidence.valuation.cash[column].sel(level=name, component="value").sum("period").to_numpy()


def test_the_tail_of_the_total_is_that_of_its_draws(evidence: Evidence) -> None:
    [row] = table_of(risk_section(evidence), words.RISK_TABLE_ALL).rows
    value = np.sort(draws_of(evidence, "value").sum(axis=1))
    _, mean, at_risk, tail, error, fall, chance, chance_error = row
    assert mean == pytest.approx(value.mean()) and at_risk == pytest.approx(np.quantile(value, 0.05))
    assert tail == pytest.approx(value[:20].mean()), "the worst 20 of 400 draws"
    assert fall == pytest.approx(1 - tail / mean)
    assert chance == pytest.approx((value < 0.9 * mean).mean())
    assert chance_error == pytest.approx(np.sqrt(chance * (1 - chance) / 400))
    assert 0 < error < mean - tail


def test_contributions_and_betas_add_up_and_are_those_of_the_draws(evidence: Evidence) -> None:
    section = risk_section(evidence)
    table = table_of(section, words.PARTS_TABLE.format(column=BY))
    [whole] = table_of(section, words.RISK_TABLE_ALL).rows
    names = [column.title for column in table.columns]
    at = {name: names.index(title) for name, title in (("contribution", words.COLUMN_CONTRIBUTION), ("beta", words.COLUMN_BETA))}
    at |= {name: names.index(title) for name, title in (("alone", words.COLUMN_ALONE), ("diversifies", words.COLUMN_DIVERSIFIES))}
    assert sum(row[at["contribution"]] for row in table.rows) == pytest.approx(whole[3]) == pytest.approx(table.foot[at["contribution"]])
    assert sum(row[at["beta"]] for row in table.rows) == pytest.approx(1)
    for place in (2, 5):
        assert sum(row[place] for row in table.rows) == pytest.approx(1)
    assert table.foot[0] == words.PARTS_SUM, "of a column of tails this is a sum, not the tail of all customers"
    assert table.foot[at["alone"]] == pytest.approx(sum(row[at["alone"]] for row in table.rows)) and table.foot[at["alone"]] < whole[3]
    total = draws_of(evidence, "value").sum(axis=1)
    worst = np.argsort(total)[:20]
    for row in table.rows:
        if row[0] != "Fewer than five customers (2 levels)":
            value = level_values(evidence, row[0])
            assert row[at["contribution"]] == pytest.approx(value[worst].mean())
            assert row[at["beta"]] == pytest.approx(np.cov(value, total, bias=True)[0, 1] / total.var())
            assert row[at["alone"]] == pytest.approx(np.sort(value)[:20].mean())
            assert row[at["diversifies"]] == pytest.approx(row[at["contribution"]] - row[at["alone"]])
            assert row[at["diversifies"]] >= -1e-9, "no level adds more than its own fall"


def test_no_small_level_is_named_anywhere(evidence: Evidence) -> None:
    counts = evidence.customers.segments["industry"].value_counts()
    small = set(counts[counts < 5].index)
    assert small
    assert not any(name in repr(risk_section(evidence)) for name in small)


def test_findings_name_the_level_that_is_risky() -> None:
    evidence = make_evidence(Base(customers=60, draws=200, levels={"industry": ("Steady", "Wild")}, small=()))
    rng = np.random.default_rng(2)
    for risky in ("Steady", "Wild"):
        cash = evidence.valuation.cash["industry"].copy()
        loud = rng.lognormal(0, 1.0, (200, 1))
        for name in ("Steady", "Wild"):
            cash.loc[{"level": name, "component": "value"}] = 100 * (loud if name == risky else 1.0) * np.ones((200, cash.sizes["period"]))
        moved = replace(evidence.valuation, cash={"industry": cash}, total=cash.sum("level"))
        section = risk_section(replace(evidence, valuation=moved))
        assert table_of(section, words.RISK_TABLE.format(column=BY)).finding.startswith(f"For its size {risky} may fall deepest")
        assert f"{risky} carries the most risk for its size: 100\u00a0% of the risk" in figures_of(section)[0].finding
        assert f"{risky} carries the largest part" in table_of(section, words.PARTS_TABLE.format(column=BY)).finding


def test_many_levels_stand_whole_in_the_table_and_largest_in_the_figure() -> None:
    names = tuple(f"Level {place:02d}" for place in range(40))
    evidence = make_evidence(Base(customers=800, draws=60, levels={"industry": names}, small=()))
    section = risk_section(evidence)
    table = table_of(section, words.PARTS_TABLE.format(column=BY))
    [figure] = figures_of(section)
    drawn = [row[0] for row in table.rows if f">{row[0]}<" in figure.svg]
    assert len(table.rows) == 40 and drawn == [row[0] for row in table.rows[:MOST_BARS]]
    shown, rest = table.rows[:MOST_BARS], table.rows[MOST_BARS:]
    told = f"the other {len(rest)} hold {100 * (1 - sum(row[2] for row in shown)):.0f}\u00a0% of the value"
    assert told in figure.caption


@pytest.mark.parametrize(
    "base",
    [
        Base(customers=1, draws=30, levels={"industry": ("A",)}, small=()),
        Base(customers=20, draws=30, levels={}, small=()),
        replace(BASES["undated"], draws=30),
    ],
)
def test_small_and_undated_bases_have_a_tail(base: Base) -> None:
    assert table_of(risk_section(make_evidence(base)), words.RISK_TABLE_ALL).finding


def test_no_value_is_no_risk() -> None:
    evidence = make_evidence(Base(customers=30, draws=30, levels={"industry": ("A", "B")}, small=()))
    none = replace(evidence.valuation, cash={"industry": 0 * evidence.valuation.cash["industry"]}, total=0 * evidence.valuation.total)
    section = risk_section(replace(evidence, valuation=none))
    assert table_of(section, words.RISK_TABLE_ALL).finding == words.RISK_FINDING_NONE
    assert table_of(section, words.PARTS_TABLE.format(column=BY)).finding == words.PARTS_FINDING_NONE
