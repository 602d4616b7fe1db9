"""Who is still active: classes that add up, none of fewer than five, and what silence tells."""

from dataclasses import replace

import numpy as np
import pytest
from made_up_base import Base, make_evidence
from report.blocks_of import figures_of, table_of, text_of

from clvbayes.report import prose_en as words
from clvbayes.report.activity_section import activity_section
from clvbayes.report.blocks import Figure
from clvbayes.report.evidence import Evidence
from clvbayes.report.numbers import signed_share
from clvbayes.report.ordering import BY_PLACE


def map_of(evidence: Evidence) -> Figure:
    [figure] = [figure for figure in figures_of(activity_section(evidence)) if figure.title == words.ACTIVITY_FIGURE]
    return figure


def with_histories(evidence: Evidence, frequency: list[int], silence: list[float], active: list[float]) -> Evidence:
    statistics = evidence.customers.statistics.assign(frequency=frequency, T=100.0, recency=100.0 - np.array(silence))
    customers = evidence.valuation.customers.assign(p_alive=active, expected_orders=np.array(active) * 4)
    return replace(
        evidence,
        customers=replace(evidence.customers, statistics=statistics),
        valuation=replace(evidence.valuation, customers=customers),
    )


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return make_evidence(Base(customers=40, draws=40, levels={}, small=()))


@pytest.fixture(scope="module")
def classes(evidence: Evidence) -> Evidence:
    """Ten lately active, twenty of them long silent, six and four of other classes."""
    return with_histories(
        evidence, [1] * 30 + [7] * 6 + [12] * 4, [2.0] * 10 + [60.0] * 20 + [14.0] * 6 + [1.0] * 4, [0.9] * 10 + [0.2] * 30
    )


def test_classes_hold_all_customers_and_none_is_small(classes: Evidence) -> None:
    table = table_of(activity_section(classes), words.ACTIVITY_TABLE)
    rows = {row[:2]: row[2:] for row in table.rows}
    assert {name: row[0] for name, row in rows.items()} == {
        ("1", "under 4 weeks"): 10,
        ("1", "52 weeks or more"): 20,
        (words.ACTIVITY_OTHERS, ""): 10,
    }, "four customers are too few, so that the six next to them join them"
    assert rows["1", "under 4 weeks"][1:3] == pytest.approx((0.9, 3.6)) and rows["1", "52 weeks or more"][1] == pytest.approx(0.2)
    assert sum(row[2] for row in table.rows) == table.foot[2] == 40
    assert sum(row[-2] for row in table.rows) == pytest.approx(table.foot[-2])
    assert table.foot[-2] == pytest.approx(classes.valuation.customers["value_mean"].sum())
    assert table.foot[3] == pytest.approx(classes.valuation.customers["p_alive"].mean())


def test_the_finding_tells_what_silence_tells(classes: Evidence, evidence: Evidence) -> None:
    figure = map_of(classes)
    assert "falls from 90\u00a0% (under 4 weeks since the last order) to 20\u00a0% (52 weeks or more)" in figure.finding
    turned = with_histories(evidence, [1] * 40, [2.0] * 20 + [60.0] * 20, [0.1] * 20 + [0.8] * 20)
    assert "10\u00a0% under 4 weeks after the last order, and 80\u00a0%" in map_of(turned).finding


def test_customers_with_orders_are_told_beside_those_of_the_same_quarter_ahead(evidence: Evidence) -> None:
    figure = next(figure for figure in figures_of(activity_section(evidence)) if figure.title == words.CUSTOMERS_ORDERING_FIGURE)
    history, ordering = evidence.customers.history, evidence.valuation.ordering

    def seen(*months: str) -> int:
        return sum(history.loc[history["month"] == month, name].sum() for month, name in zip(months, BY_PLACE, strict=True))

    now, before = seen("2026-07-01", "2026-08-01", "2026-09-01"), seen("2025-07-01", "2025-08-01", "2025-09-01")
    draws = ordering.sel(quarter="2029-07-01").sum("cohort").to_numpy()
    low, high = (round(end) for end in np.quantile(draws, [0.05, 0.95]))
    assert figure.finding == words.CUSTOMERS_ORDERING_FINDING.format(
        quarter="2026 Q3",
        seen=now,
        change=signed_share(now / before - 1),
        customers=40,
        expected=round(draws.mean()),
        ahead="2029 Q3",
        band=f"{low}–{high}",
    )


def test_a_valuation_by_month_tells_customers_by_quarter_too(evidence: Evidence) -> None:
    economics = replace(evidence.valuation.economics, period="month")
    monthly = replace(evidence, valuation=replace(evidence.valuation, economics=economics))
    assert activity_section(monthly).blocks[0] == activity_section(evidence).blocks[0]


def test_without_days_customers_by_quarter_are_not_told() -> None:
    section = activity_section(make_evidence(Base(customers=40, draws=20, levels={}, small=(), until=None, ledger=False)))
    assert words.ORDERING_UNTOLD in text_of(section)


def test_the_value_finding_names_the_class_with_most_value(classes: Evidence) -> None:
    frame = classes.valuation.customers
    for best, name in ((slice(0, 10), "under 4 weeks"), (slice(10, 30), "52 weeks or more")):
        value = np.ones(40)
        value[best] = 100.0
        moved = replace(classes, valuation=replace(classes.valuation, customers=frame.assign(value_mean=value)))
        assert name in table_of(activity_section(moved), words.ACTIVITY_TABLE).finding


def test_units_of_time_do_not_move_anyone(classes: Evidence) -> None:
    statistics = classes.customers.statistics
    in_days = statistics.assign(T=7 * statistics["T"], recency=7 * statistics["recency"])
    days = replace(classes, customers=replace(classes.customers, statistics=in_days, unit="day"))
    assert activity_section(days) == activity_section(classes)


def test_a_class_begins_where_its_name_says(evidence: Evidence) -> None:
    edges = with_histories(evidence, [1] * 40, [3.9] * 10 + [4.0] * 10 + [12.9] * 10 + [13.0] * 10, [0.5] * 40)
    rows = table_of(activity_section(edges), words.ACTIVITY_TABLE).rows
    assert [(row[1], row[2]) for row in rows] == [("under 4 weeks", 10), ("4–12 weeks", 20), ("13–25 weeks", 10)]


def test_a_single_customer_stands_in_no_map() -> None:
    section = activity_section(make_evidence(Base(customers=1, draws=20, levels={}, small=())))
    assert all(figure.title != words.ACTIVITY_FIGURE for figure in figures_of(section))
    assert [row[0] for row in table_of(section, words.ACTIVITY_TABLE).rows] == [words.ACTIVITY_OTHERS]
