"""Lineage: the way from real order lines to what the models learn from closes to the cent."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from made_up_base import BASES, Base, make_evidence
from report.blocks_of import table_of, text_of

from clvbayes.data import read_transactions, summarize
from clvbayes.report import prose_en as words
from clvbayes.report.evidence import Evidence
from clvbayes.report.lineage_section import lineage

ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "b", "b", None, "c"],
        "date": ["2025-01-01", "2025-02-01", "2025-03-01", "2025-01-15", "2025-02-20", "2025-02-21", "2025-01-03"],
        "amount": [10.10, 12.55, 8.0, 3.33, 7.07, 99.0, 0.0],
    }
)


@pytest.fixture(scope="module")
def of_orders() -> Evidence:
    evidence = make_evidence(Base(customers=3, draws=20, levels={}, small=()))
    return replace(evidence, customers=summarize(read_transactions(ORDERS), until=date(2025, 4, 1)))


def test_first_and_repeat_orders_add_up_to_the_ledger(of_orders: Evidence) -> None:
    table = table_of(lineage(of_orders), words.RECONCILIATION_TABLE)
    amounts = {row[0]: row[1] for row in table.rows}
    assert amounts[words.RECONCILED_FIRST] == pytest.approx(13.43)
    assert amounts[words.RECONCILED_REPEATS] == pytest.approx(27.62)
    assert amounts[words.RECONCILED_BACK] == amounts[words.RECONCILED_NOT] == 0
    assert sum(amounts.values()) == pytest.approx(table.foot[1]) == pytest.approx(41.05)
    assert sum(row[2] for row in table.rows) == pytest.approx(1)


def test_what_is_not_explained_is_told(of_orders: Evidence) -> None:
    history = of_orders.customers.history
    lost = replace(
        of_orders, customers=replace(of_orders.customers, history=history.assign(revenue=history["revenue"].astype(float) * 0.9))
    )
    table = table_of(lineage(lost), words.RECONCILIATION_TABLE)
    assert table.rows[-1][1] == pytest.approx(4.105) and "10\u00a0% is not explained" in table.finding


def test_the_source_is_named_with_its_days_and_counts(of_orders: Evidence) -> None:
    facts = {row[0]: row[1] for row in table_of(lineage(of_orders), words.LINEAGE_TABLE).rows}
    assert facts[words.ITEM_SOURCE] == of_orders.source and facts[words.ITEM_HASH] == of_orders.data_hash
    assert (facts[words.ITEM_FIRST_ORDER], facts[words.ITEM_LAST_ORDER]) == ("2025-01-01", "2025-03-01")
    assert (facts[words.ITEM_ROWS_READ].value, facts[words.ITEM_ROWS_KEPT].value) == (7, 5), "a free order and one of nobody are not kept"
    assert (facts[words.ITEM_CUSTOMERS].value, facts[words.ITEM_ORDERS].value, facts[words.ITEM_REPEATS].value) == (3, 6, 3)


def test_without_orders_it_says_what_is_missing() -> None:
    section = lineage(make_evidence(replace(BASES["undated"], draws=20)))
    assert text_of(section) == words.RECONCILIATION_UNKNOWN
    assert words.ITEM_FIRST_ORDER not in {row[0] for row in table_of(section, words.LINEAGE_TABLE).rows}
