"""Lineage: the way from real order lines to what the models learn from closes to the cent."""

import html
import json
from dataclasses import replace
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pandas as pd
import pytest
from made_up_base import BASES, Base, make_evidence
from pypdf import PdfReader
from report.blocks_of import table_of, text_of

from clvbayes.data import read_transactions, summarize
from clvbayes.report import compose, render_html, render_json, render_pdf, render_xlsx
from clvbayes.report import prose_en as words
from clvbayes.report.basis_sections import reproduction
from clvbayes.report.blocks import Document
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
    assert (facts[words.ITEM_FIRST_ORDER], facts[words.ITEM_LAST_ORDER]) == (date(2025, 1, 1), date(2025, 3, 1))
    assert (facts[words.ITEM_ROWS_READ].value, facts[words.ITEM_ROWS_KEPT].value) == (7, 5), "a free order and one of nobody are not kept"
    assert (facts[words.ITEM_CUSTOMERS].value, facts[words.ITEM_ORDERS].value, facts[words.ITEM_REPEATS].value) == (3, 6, 3)


def test_what_is_said_of_the_report_itself_stands_under_its_title_in_every_file_and_in_the_lineage(evidence_of) -> None:
    bare = evidence_of("plain")
    said = replace(bare, purpose="Budget <b>2027</b>", prepared_by="Controlling", report_date=date(2026, 1, 7), settings_file="q4.toml")
    facts = {row[0]: row[1] for row in table_of(lineage(said), words.LINEAGE_TABLE).rows}
    assert [facts[item] for item in (words.ITEM_PURPOSE, words.ITEM_PREPARED_BY, words.ITEM_REPORT_DATE)] == [
        *("Budget <b>2027</b>", "Controlling", "2026-01-07")
    ]
    run = table_of(reproduction(said), words.RUN_TABLE)
    assert run.rows[0] == (words.ITEM_COMMAND, "clvbayes run q4.toml")
    document = Document("Title", "Subtitle", (lineage(bare),), cover=compose(said).cover)
    lines = ["Purpose: Budget <b>2027</b>", "Prepared by: Controlling", "Date of the report: 2026-01-07"]
    assert json.loads(render_json(document))["cover"] == lines
    page = render_html(document)
    assert all(f'<p class="subtitle">{html.escape(line)}</p>' in page for line in lines)
    title_page = PdfReader(BytesIO(render_pdf(document))).pages[0].extract_text()
    assert all(line in title_page for line in lines)
    with ZipFile(BytesIO(render_xlsx(document))) as book:
        strings = html.unescape(book.read("xl/sharedStrings.xml").decode())
    assert all(line in strings for line in lines)


def test_without_word_of_the_report_nothing_stands_there(evidence_of) -> None:
    assert compose(evidence_of("plain")).cover == ()
    assert words.ITEM_COMMAND not in [row[0] for row in table_of(reproduction(evidence_of("plain")), words.RUN_TABLE).rows]


def test_without_orders_it_says_what_is_missing() -> None:
    section = lineage(make_evidence(replace(BASES["undated"], draws=20)))
    assert text_of(section) == words.RECONCILIATION_UNKNOWN
    assert words.ITEM_FIRST_ORDER not in {row[0] for row in table_of(section, words.LINEAGE_TABLE).rows}
