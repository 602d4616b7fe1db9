"""Cohorts and quarters: sums from the history itself, small years together, words where dates are not known."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_up_base import BASES, Base, make_evidence
from report.blocks_of import figures_of, table_of, text_of

from clvbayes.report import prose_en as words
from clvbayes.report.cohort_figures import MOST_COHORTS
from clvbayes.report.cohorts_section import cohorts_section
from clvbayes.report.evidence import Evidence
from clvbayes.report.numbers import share, show, show_range
from clvbayes.report.ordering import BY_PLACE


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return make_evidence(Base(customers=300, draws=60, history_months=36))


def with_first_orders(evidence: Evidence, days: list[str]) -> Evidence:
    """The same customers, won on these days, with a history of one order each in that month, half of whom order again in every quarter."""
    first = pd.Series(pd.to_datetime(days))
    months = first.dt.to_period("M").dt.to_timestamp()
    history = pd.DataFrame({"cohort": months, "month": months, "orders": 1, "revenue": 100.0, **dict.fromkeys(BY_PLACE, 1)})
    statistics = evidence.customers.statistics.assign(t0=first)
    years, customers = np.unique(first.dt.year, return_counts=True)
    counts = np.broadcast_to(customers[:, None] // 2, (60, len(years), evidence.valuation.ordering.sizes["quarter"]))
    coords = {"cohort": years, "quarter": evidence.valuation.ordering["quarter"], "customers": ("cohort", customers)}
    ordering = xr.DataArray(counts, dims=("draw", "cohort", "quarter"), coords=coords)
    return replace(
        evidence,
        customers=replace(evidence.customers, statistics=statistics, history=history),
        valuation=replace(evidence.valuation, ordering=ordering),
    )


def test_cohorts_add_up_to_all_customers_and_to_the_history(evidence: Evidence) -> None:
    table = table_of(cohorts_section(evidence), words.COHORTS_TABLE)
    years = evidence.customers.statistics["t0"].dt.year
    assert {row[0]: row[1] for row in table.rows} == {str(year): int(count) for year, count in years.value_counts().items()}
    assert [row[0] for row in table.rows] == sorted(row[0] for row in table.rows), "the oldest first"
    for place in (1, 2, 3, 4, 5, 6):
        assert sum(row[place] for row in table.rows) == pytest.approx(table.foot[place])
    history = evidence.customers.history
    year = history[(history["month"] >= "2025-10-01") & (history["month"] < "2026-10-01")]
    assert table.foot[3] == pytest.approx(year["revenue"].sum())
    by_cohort = year.groupby(year["cohort"].dt.year)["revenue"].sum()
    assert [row[3] for row in table.rows] == pytest.approx([by_cohort[int(row[0])] for row in table.rows])


def test_value_ahead_is_that_of_the_cohorts_customers_whatever_their_order(evidence: Evidence) -> None:
    shuffled = evidence.valuation.customers.sample(frac=1.0, random_state=3)
    moved = replace(evidence, valuation=replace(evidence.valuation, customers=shuffled))
    found = {row[0]: (row[2], row[5]) for row in table_of(cohorts_section(moved), words.COHORTS_TABLE).rows}
    years = evidence.customers.statistics["t0"].dt.year
    for year in years.unique():
        members = evidence.valuation.customers[(years == year).to_numpy()]
        assert found[str(year)] == pytest.approx((members["p_alive"].sum(), members["value_mean"].sum()))


def test_a_year_of_fewer_than_five_stands_with_the_next_and_the_last_with_the_one_before(evidence: Evidence) -> None:
    days = ["2020-03-01"] * 3 + ["2021-03-01"] * 100 + ["2022-03-01"] * 194 + ["2026-02-01"] * 3
    section = cohorts_section(with_first_orders(evidence, days))
    table = table_of(section, words.COHORTS_TABLE)
    assert [(row[0], row[1]) for row in table.rows] == [("2020 to 2021", 103), ("2022 to 2026", 197)]
    for figure in figures_of(section):
        assert "2020 to 2021" in figure.svg and (figure.title == words.ORDERING_FIGURE or ">2020<" not in figure.svg)


def test_cohorts_beyond_the_shades_are_drawn_as_one_and_stand_in_the_table(evidence: Evidence) -> None:
    days = [f"{2008 + place % 15}-05-01" for place in range(300)]
    section = cohorts_section(with_first_orders(evidence, days))
    figure, panels = figures_of(section)
    assert len(table_of(section, words.COHORTS_TABLE).rows) == 15
    oldest = words.COHORT_OLDER.format(last=2022 - MOST_COHORTS + 1)
    assert oldest in figure.svg
    assert all(f">{year}<" not in figure.svg for year in range(2008, 2015))
    assert f"{oldest} (160 customers)" in panels.svg and "2022 (20 customers)" in panels.svg


def test_quarters_are_those_of_the_history(evidence: Evidence) -> None:
    table = table_of(cohorts_section(evidence), words.QUARTERS_TABLE)
    assert [row[0] for row in table.rows] == [f"{year} Q{quarter}" for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)][3:11]
    history, first = evidence.customers.history, evidence.customers.statistics["t0"]
    inside = history[(history["month"] >= "2026-07-01") & (history["month"] < "2026-10-01")]
    _, won, active, orders, each, average, revenue, from_new = table.rows[-1]
    assert won == ((first >= "2026-07-01") & (first < "2026-10-01")).sum()
    by_place = zip(("2026-07-01", "2026-08-01", "2026-09-01"), BY_PLACE, strict=True)
    assert active == sum(inside.loc[inside["month"] == month, name].sum() for month, name in by_place)
    assert (orders, revenue) == pytest.approx((inside["orders"].sum(), inside["revenue"].sum()))
    assert each == pytest.approx(orders / active) and average == pytest.approx(revenue / orders)
    assert from_new == pytest.approx(inside.loc[inside["cohort"] >= "2026-07-01", "revenue"].sum() / revenue)


def test_the_finding_follows_the_revenue(evidence: Evidence) -> None:
    def change(factor: float) -> str:
        history = evidence.customers.history
        late = history["month"] >= "2025-10-01"
        moved = history.assign(revenue=np.where(late, factor * history["revenue"], history["revenue"]))
        return table_of(
            cohorts_section(replace(evidence, customers=replace(evidence.customers, history=moved))), words.QUARTERS_TABLE
        ).finding

    assert "(+" in change(10.0) and "(\u2212" in change(0.1)


def test_the_share_of_cohorts_with_orders_is_of_those_won_before_and_told_with_its_band(evidence: Evidence) -> None:
    figure = next(figure for figure in figures_of(cohorts_section(evidence)) if figure.title == words.ORDERING_FIGURE)
    ordering, history = evidence.valuation.ordering, evidence.customers.history
    before = ordering["cohort"] < 2026
    customers = int(ordering["customers"][before].sum())
    draws = ordering.sel(quarter="2029-07-01").where(before, 0).sum("cohort").to_numpy() / customers
    low, high = np.quantile(draws, [0.05, 0.95])
    of_them = history[history["cohort"] < "2026-01-01"]
    months = zip(("2026-07-01", "2026-08-01", "2026-09-01"), BY_PLACE, strict=True)
    seen = sum(of_them.loc[of_them["month"] == month, name].sum() for month, name in months) / customers
    assert figure.finding == words.ORDERING_FINDING.format(
        customers=customers,
        year=2025,
        quarter="2026 Q3",
        seen=show(share(seen)),
        share=show(share(draws.mean())),
        ahead="2029 Q3",
        band=show_range(share(low), share(high)),
    )


def test_cohorts_of_this_year_alone_have_no_past(evidence: Evidence) -> None:
    section = cohorts_section(with_first_orders(evidence, ["2026-02-01"] * 300))
    figure = next(figure for figure in figures_of(section) if figure.title == words.ORDERING_FIGURE)
    assert figure.finding == "Of the 300 customers, 50\u00a0% are expected to order in 2029 Q3 (90 % band 50–50\u00a0%)."


def test_a_horizon_without_a_whole_quarter_is_said(evidence: Evidence) -> None:
    section = cohorts_section(replace(evidence, valuation=replace(evidence.valuation, ordering=None)))
    assert words.ORDERING_UNTOLD in text_of(section) and len(figures_of(section)) == 1


def test_fiscal_years_name_the_cohorts() -> None:
    evidence = make_evidence(Base(customers=60, draws=60, fiscal_year_start=4, until=date(2026, 9, 30), history_months=24))
    names = [row[0] for row in table_of(cohorts_section(evidence), words.COHORTS_TABLE).rows]
    assert "2025/26" in names and all("Q" not in name for name in names)


def test_without_dates_it_says_what_is_missing() -> None:
    section = cohorts_section(make_evidence(replace(BASES["undated"], draws=20)))
    assert text_of(section) == words.COHORTS_UNDATED and len(section.blocks) == 1


@pytest.mark.parametrize("base", [Base(customers=1, levels={}, small=(), draws=20), Base(customers=40, draws=20, history_months=2)])
def test_a_single_customer_and_a_short_history_are_told(base: Base) -> None:
    section = cohorts_section(make_evidence(base))
    assert table_of(section, words.COHORTS_TABLE).foot[1] == base.customers
    assert bool(figures_of(section)) or words.COHORTS_NO_QUARTER in text_of(section)


def test_no_revenue_and_no_value_are_said(evidence: Evidence) -> None:
    customers = replace(evidence.customers, history=evidence.customers.history.assign(revenue=0.0))
    valued = replace(evidence.valuation, customers=evidence.valuation.customers.assign(value_mean=0.0))
    section = cohorts_section(replace(evidence, customers=customers, valuation=valued))
    assert figures_of(section)[0].finding == words.COHORTS_FINDING_NONE
    assert table_of(section, words.COHORTS_TABLE).finding == words.COHORTS_TABLE_FINDING_NONE
