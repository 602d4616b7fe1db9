"""The fan chart's history, and how numbers are written."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from report.blocks_of import figures_of
from report.made_up_contracts_evidence import contract_evidence
from valuation.made_up_books import made_up_renewals

from clvbayes.report import prose_en as words
from clvbayes.report.blocks import Quantity
from clvbayes.report.numbers import decimal, money, money_format, plain, share, show, show_range
from clvbayes.report.outlook import outlook
from clvbayes.report.value_sections import outlook_section
from clvbayes.valuation.economics import Economics, Period


def test_history_holds_complete_periods_only_and_all_of_their_money(evidence_of):
    evidence = evidence_of("normal")
    seen, history = outlook(evidence), evidence.customers.history
    everyone, settled = seen.history
    quarters = history["month"].dt.to_period("Q")
    complete = quarters[(history["month"] < "2026-10-01") & (history["month"] >= "2023-01-01")]
    assert len(everyone.positions) == complete.nunique() == 15
    assert everyone.amounts == pytest.approx(history.groupby(quarters)["revenue"].sum().loc[complete.unique()].to_list())
    last = history[(quarters == pd.Period("2026Q3")) & (history["cohort"] <= "2025-07-01")]
    assert settled.amounts[-1] == pytest.approx(last["revenue"].sum())
    assert settled.positions[0] == everyone.positions[4], "nobody is a customer of twelve months before the data are that old"
    assert seen.left_out == ("2026 Q4 (part)", "2029 Q4 (part)")
    assert everyone.positions[-1] + 2 == seen.positions[0], "the partial quarter of the valuation date is left free"
    assert everyone.positions[-1] < seen.timeline.today < seen.positions[0]


def test_labels_follow_the_fiscal_year_of_the_forecast(evidence_of):
    evidence = evidence_of("normal")
    economics = Economics(0.35, 0.09, 0.25, fiscal_year_start=7)
    periods = (Period("2026/27 Q1", 0.0, 0.25, date(2026, 7, 1), date(2026, 9, 30), True),)
    months = pd.date_range("2025-01-01", "2026-06-01", freq="MS")
    history = pd.DataFrame({"cohort": months[0], "month": months, "orders": 1, "revenue": 100.0})
    valuation = replace(evidence.valuation, economics=economics, periods=periods, total=evidence.valuation.total.isel(period=[0]))
    customers = replace(evidence.customers, until=date(2026, 6, 30), history=history)
    seen = outlook(replace(evidence, valuation=valuation, customers=customers))
    assert [label for _, label in seen.timeline.ticks] == ["2024/25 Q3", "2025/26 Q1", "2025/26 Q3", "2026/27 Q1"]
    assert seen.history[0].amounts == (300.0,) * 6
    assert seen.timeline.today == pytest.approx(seen.positions[0] - 0.5)


@pytest.mark.parametrize(("name", "periods"), [("normal", "4 complete quarters"), ("monthly", "12 complete months")])
def test_periods_are_told_as_what_they_are(name, periods, evidence_of):
    [figure] = figures_of(outlook_section(evidence_of(name)))
    assert f"The last {periods} brought" in figure.finding


def test_without_dates_only_the_forecast_is_drawn(evidence_of):
    seen = outlook(evidence_of("undated"))
    assert seen.history == () and seen.positions == tuple(range(1, 13)) and seen.draws.shape == (300, 12)


def test_contracts_alone_have_a_history_of_what_they_paid():
    evidence = contract_evidence(orders=False)
    seen, payments = outlook(evidence), evidence.renewals.payments
    by_quarter = payments.groupby(payments["month"].dt.to_period("Q"))["revenue"].agg(["sum", "size"])
    [everyone] = seen.history
    assert everyone.amounts == pytest.approx(by_quarter.loc[by_quarter["size"] == 3, "sum"].tolist()) and len(everyone.amounts) > 4
    assert everyone.positions[-1] + 1 == seen.positions[0], "the books close with the year"
    [figure] = figures_of(outlook_section(evidence))
    assert figure.caption.startswith(words.FAN_CAPTION_WITH_CONTRACTS)


def test_orders_and_contracts_are_added_where_both_are_known(evidence_of):
    evidence, months = evidence_of("normal"), pd.date_range("2024-11-01", "2026-11-01", freq="MS", name="month")
    renewals = made_up_renewals()
    ended = renewals.statistics.assign(status="churned")  # so that nobody else is valued
    paid = pd.DataFrame({"month": months, "revenue": 1e6 + np.arange(len(months))})
    both = replace(evidence, contracts=(None, None, replace(renewals, statistics=ended, payments=paid, until=evidence.until)))
    everyone, contracts = outlook(both).history
    orders = outlook(evidence).history[0]
    assert len(contracts.amounts) == 7 and contracts.amounts[0] == 3e6 + 2 + 3 + 4, "from the first whole quarter, 2025 Q1"
    assert everyone.amounts == pytest.approx(np.array(orders.amounts[-7:]) + contracts.amounts)
    [figure] = figures_of(outlook_section(both))
    assert "of it from contracts" in figure.finding
    nothing = replace(both, contracts=(None, None, replace(both.renewals, payments=paid[:0])))
    [figure] = figures_of(outlook_section(nothing))
    assert outlook(nothing).history == () and figure.caption.startswith(words.FAN_CAPTION_CONTRACTS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (32_630_000, "EUR 32.6 m"),
        (1_188, "EUR 1,188"),
        (12_345, "EUR 12.3 k"),
        (0, "EUR 0"),
        (-189_000, "EUR −189 k"),
        (3.5e9, "EUR 3.50 bn"),
    ],
)
def test_money_reads_well(value, text):
    assert show(money(value, "EUR")).replace("\u00a0", " ") == text


def test_shares_and_settings():
    assert show(share(0.18)) == "18\u00a0%" and show(share(0.021)) == "2.1\u00a0%" and show(share(0.0002)) == "<0.1\u00a0%"
    assert show(share(0.0)) == "0\u00a0%"
    assert plain(8.25) == "8.25" and plain(100 * 0.29) == "29" and decimal(-0.001, 1) == "0.0"
    ends = Quantity(29.7e6, unit="EUR", scale=1_000_000, digits=1), Quantity(35.9e6, unit="EUR", scale=1_000_000, digits=1)
    assert show_range(*ends) == "EUR\u00a029.7–35.9\u00a0m"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nothing_that_is_no_number_is_written(value):
    with pytest.raises(ValueError, match="cannot show"):
        decimal(value, 1)
    with pytest.raises(ValueError, match="finite"):
        money(value, "EUR")


def test_a_column_keeps_its_small_amounts_legible():
    scale, digits = money_format([32_600_000, 310_000, 290_000])
    assert scale == 1_000_000 and digits == 2
    assert money_format([]) == (1, 0)
