"""Why bands are as wide as they are: the parts of every total's spread, and what is said of each."""

from dataclasses import replace

import pytest
from made_up_base import Base, make_evidence

from clvbayes.report import prose_en as words
from clvbayes.report.blocks import Prose, Section, Table
from clvbayes.report.cautions import cautions
from clvbayes.report.evidence import Evidence
from clvbayes.report.spread_section import spread_section

SMALL = {"industry": ("Retail", "Mills", "Hotels", "Tiny", "Least")}


@pytest.fixture(scope="module")
def base() -> Base:
    return Base(customers=60, draws=100, levels=SMALL, small=(3, 4), errors=20)


@pytest.fixture(scope="module")
def evidence(base: Base) -> Evidence:
    return make_evidence(base)


def table_of(section: Section) -> Table:
    [table] = [block for block in section.blocks if isinstance(block, Table)]
    return table


def said(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Prose))


def test_every_total_has_its_parts_and_they_add_up_to_one(evidence: Evidence) -> None:
    table = table_of(spread_section(evidence))
    assert [row[1] for row in table.rows] == ["All customers", *(row[1] for row in table.rows[1:])]
    assert {row[1] for row in table.rows} == {"All customers", "Retail", "Mills", "Hotels"}, "small levels would give away their customers"
    for _, _, sd, *parts in table.rows:
        assert sd == 13.0 and sum(map(float, parts)) == pytest.approx(1)
        assert [float(part) for part in parts] == pytest.approx([9 / 169, 16 / 169, 144 / 169])


def test_each_row_has_the_spread_of_its_own_level(evidence: Evidence) -> None:
    spread = evidence.valuation.spread.copy()
    spread.loc[spread["level"] == "Mills", ["sd", "systematic_sd"]] = [5.0, 0.0]
    moved = replace(evidence, valuation=replace(evidence.valuation, spread=spread))
    found = {row[1]: row for row in table_of(spread_section(moved)).rows}
    assert found["Mills"][2] == 5.0 and found["Mills"][-1] == 0
    assert found["Retail"][2] == 13.0


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        (20, "learned from 20 forecasts from 10 past days whose end has come: on average orders came 6 % below the median forecast"),
        (4, "Only 4 forecasts of orders, from 2 past days, could be compared with what happened"),
        (0, "No past forecast of orders has been compared with what happened"),
    ],
)
def test_it_says_what_was_learned_of_systematic_errors(errors: int, expected: str, base: Base) -> None:
    made = make_evidence(replace(base, errors=errors))
    assert expected in said(spread_section(made))
    assert expected in cautions(made)[0].text, "and so does the first page"


def test_without_a_discrepancy_both_say_that_bands_are_too_narrow(base: Base) -> None:
    made = make_evidence(replace(base, errors=None))
    assert words.SPREAD_NOT_SYSTEMATIC in said(spread_section(made))
    assert "the least uncertainty there is" in cautions(made)[0].text


def test_a_pool_is_told(evidence: Evidence) -> None:
    assert words.SPREAD_POOLED not in said(spread_section(evidence))
    assert words.SPREAD_POOLED in said(spread_section(replace(evidence, pooled=(evidence.purchases,))))


def test_no_variance_at_all_has_no_parts(evidence: Evidence) -> None:
    none = evidence.valuation.spread.assign(sd=0.0, process_sd=0.0, parameter_sd=0.0, systematic_sd=0.0)
    still = replace(evidence, valuation=replace(evidence.valuation, spread=none))
    assert all(float(part) == 0 for row in table_of(spread_section(still)).rows for part in row[2:])
