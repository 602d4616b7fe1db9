"""What a reader sees, on made-up bases: figures that agree with the draws, no word from outside, nothing missing, nothing run."""

import json
import re
from dataclasses import asdict, replace
from datetime import date
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from babel.numbers import format_decimal
from made_up_base import BASES, HOSTILE, HOSTILE_COLUMN, make_evidence

from clvbayes.errors import ArgumentError
from clvbayes.inference.certificate import CheckResult
from clvbayes.report import compose, render_html, render_json, render_pdf, render_xlsx
from clvbayes.report import prose_en as words
from clvbayes.report.activity_section import activity_section
from clvbayes.report.basis_sections import certificate, ledger
from clvbayes.report.blocks import Card, Column, Document, Figure, Finding, Heading, Headline, Note, Prose, Quantity, Section, Table
from clvbayes.report.cohort_figures import IN_FIELDS
from clvbayes.report.compose import SECTIONS
from clvbayes.report.evidence import results_by_source
from clvbayes.report.headline import headline
from clvbayes.report.html import render_fragment
from clvbayes.report.language import grouped, speaking
from clvbayes.report.outlook import outlook

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """A page taken apart: elements with their attributes, texts by the element they stand in, tables as rows of texts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.open, self.tables = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append((dict(attrs)["aria-label"], []))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][1][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))
        if "td" in self.open or "th" in self.open:
            self.tables[-1][1][-1][-1] += data

    def table(self, title):
        return next(rows for name, rows in self.tables if name == title)


@pytest.fixture(scope="session")
def pages(evidence_of):
    made = {}

    def find(name):
        if name not in made:
            text = render_html(compose(evidence_of(name)))
            made[name] = text, Page(text)
        return made[name]

    return find


def tables_of(document):
    return {block.title: block for section in document.sections for block in section.blocks if isinstance(block, Table)}


def number(text):
    return float(text.replace(",", "").replace("\u2212", "-"))


@pytest.mark.parametrize("name", BASES)
def test_page_is_whole_and_selfcontained(name, pages, evidence_of):
    text, page = pages(name)
    assert not page.open
    assert re.findall(r"https?://[^\"' >]*", text).count("http://www.w3.org/2000/svg") == len(re.findall(r"https?:", text))
    for tag, attributes in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed")
        assert "src" not in attributes and not any(key.startswith("on") for key in attributes)
        assert attributes.get("href", "#").startswith("#")
        if tag == "svg":
            assert attributes["role"] == "img" and attributes["aria-label"].strip()
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
    assert [tag for tag, _ in page.elements].count("h2") == sum(section(evidence_of(name)) is not None for section in SECTIONS.values())
    shown = " ".join(data for tag, data in page.texts if tag not in ("script", "style"))
    assert not re.search(r"\b(nan|inf|None)\b", shown)
    assert "{" not in shown, "a template was not filled"


@pytest.mark.parametrize("name", ["normal", "undated", "five"])
def test_same_bytes_twice_whatever_the_reader_set_in_matplotlib(name, pages, evidence_of):
    before = dict(mpl.rcParams)
    try:
        mpl.rcParams.update({"axes.facecolor": "black", "font.size": 20, "svg.fonttype": "path"})
        changed = dict(mpl.rcParams)
        assert render_html(compose(evidence_of(name))) == pages(name)[0]
        assert dict(mpl.rcParams) == changed
    finally:
        mpl.rcParams.update(before)


def test_headline_numbers_are_those_of_the_draws(evidence_of):
    evidence = evidence_of("normal")
    cards = next(block for block in compose(evidence).sections[0].blocks if isinstance(block, Headline)).cards
    equity, band, each, active, top, unvalued = (card.shown for card in cards)
    draws = evidence.valuation.total.sel(component="value").sum("period").values
    assert equity[0].value == pytest.approx(draws.mean())
    assert [end.value for end in band] == pytest.approx(np.quantile(draws, [0.05, 0.95]))
    assert each[0].value == pytest.approx(draws.mean() / 400)
    assert active[0].value == pytest.approx(evidence.valuation.customers["p_alive"].sum())
    values = np.sort(evidence.valuation.customers["value_mean"])[::-1]
    assert top[0].value == pytest.approx(values[:40].sum() / values.sum())
    assert unvalued[0].value == pytest.approx(evidence.customers.ledger.share_not_valued)


def test_headline_is_printed_with_its_unit(pages):
    _, page = pages("normal")
    shown = [data for _, data in page.texts]
    assert any(re.fullmatch(r"EUR\u00a0\d\.\d\d\u00a0m", data) for data in shown)
    assert any(re.fullmatch(r"EUR\u00a0\d\.\d\d–\d\.\d\d\u00a0m", data) for data in shown)


def test_half_of_the_value_with_two_whales(evidence_of):
    document = compose(evidence_of("few"))
    figure = next(block for block in document.sections[2].blocks if isinstance(block, Figure))
    assert figure.finding == "Half of the value lies with 2 of 60 customers."
    assert figure.finding in figure.alt


def test_deciles_of_five_customers_are_one_bar_each(evidence_of):
    figure = compose(evidence_of("five")).sections[2].blocks[0]
    assert words.AXIS_SINGLE in figure.svg and words.DECILE_CAPTION_SINGLE.split(",")[0] in figure.caption


@pytest.mark.parametrize("name", ["normal", "few", "five"])
def test_no_level_of_fewer_than_five_is_shown(name, evidence_of):
    evidence = evidence_of(name)
    table = tables_of(compose(evidence))["By industry"]
    assert min(row[1] for row in table.rows) >= 5
    assert sum(row[1] for row in table.rows) == table.foot[1] == len(evidence.customers)
    counts = evidence.customers.segments["industry"].value_counts()
    small = set(counts[counts < 5].index)
    assert small and not small & {row[0] for row in table.rows}
    total = evidence.valuation.total.sel(component="value").sum("period").values.mean()
    assert sum(row[7] for row in table.rows) == pytest.approx(total)


def test_fold_of_few_takes_the_next_smallest_level(evidence_of):
    rows = tables_of(compose(evidence_of("few")))["By industry"].rows
    assert rows[-1][0] == words.FOLDED_WITH_NEXT.format(levels=2) and rows[-1][1] >= 5
    assert tables_of(compose(evidence_of("normal")))["By industry"].rows[-1][0] == "Fewer than five customers (2 levels)"


def test_levels_stand_by_falling_value_with_their_own_bands(evidence_of):
    evidence = evidence_of("normal")
    rows = tables_of(compose(evidence))["By channel"].rows
    totals = [row[7] for row in rows]
    assert totals == sorted(totals, reverse=True)
    name, customers, band = rows[0][:3]
    each = evidence.valuation.cash["channel"].sel(level=name, component="value").sum("period").values / customers
    assert [band.low, *band.inner, band.high] == pytest.approx(np.quantile(each, [0.05, 0.25, 0.75, 0.95]))


def test_hostile_names_are_shown_and_harmless(pages):
    text, page = pages("hostile")
    scripts = [data for tag, data in page.texts if tag == "script"]
    assert len(scripts) == 1 and "alert" not in scripts[0]
    assert "<script>alert" not in text and "<img" not in text and "<b>$x" not in text
    names = {row[0] for row in page.table(f"By {HOSTILE_COLUMN}")}
    assert set(HOSTILE) <= names
    assert HOSTILE_COLUMN in " ".join(data for _, data in page.texts)


def test_hostile_ids_are_shown_and_harmless(evidence_of):
    evidence = evidence_of("few")
    customers = evidence.valuation.customers.assign(customer_id=[f'<svg onload="x({place})">' for place in range(60)])
    page = Page(render_html(compose(replace(evidence, valuation=replace(evidence.valuation, customers=customers)))))
    assert not any("onload" in attributes for _, attributes in page.elements)
    assert page.table("The 10 accounts of highest predicted value")[1][0] == '<svg onload="x(0)">'


@pytest.mark.parametrize(("ids", "seen"), [("none", False), ("hashed", False), ("plain", True)])
def test_ids_are_shown_only_where_asked(ids, seen, evidence_of):
    text = render_html(compose(replace(evidence_of("few"), customer_ids=ids)))
    assert ("K00000" in text) is seen
    assert (words.ACCOUNTS_NONE.split(":")[0] in text) is (ids == "none")


def test_failed_check_comes_first_in_red_with_its_advice(evidence_of, pages):
    first = compose(evidence_of("failed")).sections[0].blocks
    assert isinstance(first[0], Finding) and first[0].status == "failed" and "1 of 13 checks failed" in first[0].message
    assert "14 of 4,000 draws diverged" in first[1].message and first[1].advice.startswith("Raise")
    text, _ = pages("failed")
    assert text.index('class="check failed"') < text.index('class="cards"')
    assert 'class="check failed"' not in pages("normal")[0]


def test_failed_valuation_check_fails_the_report(evidence_of):
    evidence = evidence_of("normal")
    worse = replace(
        evidence.valuation, checks=(CheckResult("simulation against closed form", "failed", "off by 9 standard errors", "Report it."),)
    )
    first = compose(replace(evidence, valuation=worse)).sections[0].blocks
    assert [block.status for block in first if isinstance(block, Finding)] == ["failed", "failed"]


def test_ledger_adds_up_in_the_page(pages):
    _, page = pages("normal")
    _, read, *left, kept = page.table(words.LEDGER_TABLE)
    assert number(read[1]) == sum(number(row[1]) for row in (*left, kept))
    assert number(read[2]) == pytest.approx(sum(number(row[2]) for row in (*left, kept)), abs=0.001)
    assert len(left) == 3


def test_returns_are_stated_as_a_share_of_kept_money(pages):
    assert any("4.0\u00a0% of the money kept" in data for _, data in pages("plain")[1].texts)
    assert any(words.RETURNS_INSIDE in data for _, data in pages("normal")[1].texts)


def test_forecast_adds_up(evidence_of):
    table = tables_of(compose(evidence_of("normal")))[words.FORECAST_TABLE]
    for place in (3, 4, 5, 6):
        assert sum(row[place] for row in table.rows) == pytest.approx(table.foot[place])


def test_sections_stand_in_a_readers_order(evidence_of):
    names = [section.name for section in compose(evidence_of("normal")).sections]
    order = ["headline", "segments", "forecast", "cohorts", "unit-economics", "risk", "sensitivity", "assumptions", "ledger", "lineage"]
    assert [name for name in names if name in order] == order and names[-2:] == ["certificate", "reproduction"]


def test_missing_block_raises(evidence_of):
    document = compose(evidence_of("plain"))
    section = document.sections[0]
    with pytest.raises(ValueError, match="block 2 of 2 is missing"):
        replace(section, blocks=(section.blocks[0], None))
    with pytest.raises(ValueError, match="missing"):
        replace(document, sections=(*document.sections, None))
    with pytest.raises(ValueError, match="at least one block"):
        replace(section, blocks=())
    figure = document.sections[1].blocks[0]
    with pytest.raises(ValueError, match="a text is missing"):
        replace(figure, alt="")


@pytest.mark.parametrize("wrong", [None, float("nan"), float("inf"), "12", True])
def test_table_refuses_what_is_no_number(wrong, evidence_of):
    table = tables_of(compose(evidence_of("normal")))["By channel"]
    row = table.rows[0]
    with pytest.raises(ValueError, match="Customers"):
        replace(table, rows=((row[0], wrong, *row[2:]),))


def test_numbers_stay_numbers_in_the_tree(evidence_of):
    document = compose(evidence_of("normal"))
    assert isinstance(document, Document)
    back = json.loads(json.dumps(asdict(document), allow_nan=False, default=date.isoformat))
    assert back["title"] == "Customer valuation at 2026-11-15"
    assert all(isinstance(row[3], float) for row in tables_of(document)["By channel"].rows)


def test_evidence_refuses_what_cannot_be_reported(evidence_of):
    evidence = evidence_of("normal")
    with pytest.raises(ArgumentError, match="colour"):
        replace(evidence, by=("colour",))
    expected = evidence.valuation.total.assign_attrs(kind="expected")
    with pytest.raises(ArgumentError, match="predictive"):
        replace(evidence, valuation=replace(evidence.valuation, total=expected))
    with pytest.raises(ArgumentError, match="customer_ids"):
        replace(evidence, customer_ids="all")


def notes_of(evidence):
    return [block.text for block in headline(evidence).blocks if isinstance(block, Note)]


def test_first_page_says_what_the_bands_leave_out_and_what_came_back(evidence_of):
    bands, returns, *_ = notes_of(evidence_of("plain"))
    assert "They do not hold what meets all customers at once" in bands
    assert returns.startswith("Values are before returns") and "4.0\u00a0%" in returns
    assert not any("before returns" in note for note in notes_of(evidence_of("normal")))


@pytest.mark.parametrize(("crowded", "said"), [(0, False), (20, False), (120, True)])
def test_a_crowd_of_first_orders_at_the_beginning_is_pointed_out(crowded, said):
    evidence = make_evidence(replace(BASES["normal"], crowded=crowded))
    assert any("older customers whose earlier orders are not in the file" in note for note in notes_of(evidence)) == said


def test_a_horizon_beyond_the_data_is_pointed_out():
    long, short = (make_evidence(replace(BASES["normal"], weeks=weeks)) for weeks in (160.0, 52.0))
    assert not any("has never been observed" in note for note in notes_of(long))
    assert any("horizon of 3 years is longer than the 1.0 years of data" in note for note in notes_of(short))


def test_a_forecast_above_what_all_customers_brought_is_pointed_out(evidence_of):
    evidence = evidence_of("normal")
    history = evidence.customers.history
    for factor, said in ((100.0, False), (0.01, True)):
        customers = replace(evidence.customers, history=history.assign(revenue=factor * history["revenue"]))
        assert any("more than the" in note for note in notes_of(replace(evidence, customers=customers))) == said


def test_free_orders_are_pointed_out(evidence_of):
    evidence = evidence_of("normal")
    assert not any("amount of zero" in note for note in notes_of(evidence))
    customers = replace(evidence.customers, statistics=evidence.customers.statistics.assign(spend_count=1))
    assert any("50\u00a0% of the repeat orders" in note for note in notes_of(replace(evidence, customers=customers)))


def test_a_month_that_the_data_begin_in_is_no_complete_period(evidence_of):
    evidence = evidence_of("monthly")
    first = evidence.customers.history["month"].min()
    statistics = evidence.customers.statistics
    early, late = (
        outlook(replace(evidence, customers=replace(evidence.customers, statistics=statistics.assign(t0=first + pd.Timedelta(days=day)))))
        for day in (0, 20)
    )
    assert len(late.history[0].amounts) == len(early.history[0].amounts) - 1


def test_a_long_silence_before_the_valuation_date_is_pointed_out(evidence_of):
    evidence = evidence_of("normal")
    statistics = evidence.customers.statistics
    for silence, said in ((0.0, False), (20.0, True)):
        # T and recency in weeks: the last order of all lies `silence` weeks before the end
        customers = replace(evidence.customers, statistics=statistics.assign(recency=statistics["T"] - silence))
        notes = notes_of(replace(evidence, customers=customers))
        assert any("140 days before the valuation date" in note for note in notes) == said


def test_new_customers_are_those_of_the_valuation_and_few_show_in_none(evidence_of):
    evidence = evidence_of("normal")
    tables = tables_of(compose(evidence))
    frame = evidence.valuation.acquisition.to_frame()
    [everyone] = tables[words.NEWCOMERS_TABLE_ALL].rows
    assert everyone[2:5] == pytest.approx(frame.loc[0, ["first_order", "just_acquired", "not_yet_acquired"]].tolist())
    assert everyone[2] + everyone[3] == pytest.approx(everyone[4])
    [winning] = tables[words.WINNING_TABLE_ALL].rows
    [economics] = tables[words.UNIT_TABLE_ALL].rows
    assert economics[-2] == pytest.approx(0.2) and economics[3] == pytest.approx(everyone[4] - 120)
    assert winning[1] == pytest.approx(everyone[4]) and winning[2] < winning[1]
    by_industry = tables[words.NEWCOMERS_TABLE.format(column=words.BY_COLUMN.format(column="industry"))]
    counts = evidence.customers.segments["industry"].value_counts()
    assert {row[0] for row in by_industry.rows} == set(counts[counts >= 5].index) < set(counts.index)


def test_without_acquisition_costs_nothing_is_said_of_payback(evidence_of):
    document = compose(evidence_of("undated"))
    titles = [column.title for table in tables_of(document).values() for column in table.columns]
    assert words.COLUMN_CEILING in titles and words.COLUMN_P_NEVER not in titles


def test_returns_stand_by_the_share_sent_back_and_hold_all_customers(evidence_of):
    evidence = evidence_of("normal")
    table = tables_of(compose(evidence))[words.RETURNS_TABLE]
    back, value = evidence.valuation.customers["share_returned"], evidence.valuation.customers["value_mean"]
    assert sum(row[1] for row in table.rows) == len(back) and min(row[1] for row in table.rows) >= 5
    assert [row[1] for row in table.rows] == [
        int(back[(back >= low) & (back < high)].count()) for low, high in ((0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.1))
    ]
    assert sum(row[4] for row in table.rows) == pytest.approx(value.sum())


def test_classes_of_few_returners_are_folded():
    few = make_evidence(replace(BASES["five"], customers=6))
    rows = tables_of(compose(few))[words.RETURNS_TABLE].rows
    assert len(rows) == 1 and rows[0][1] == 6


def test_the_spread_of_the_total_is_split_and_what_lies_beyond_the_horizon_is_said(pages):
    shown = " ".join(data for _, data in pages("normal")[1].texts)
    assert "85\u00a0% is systematic" in shown  # 12 of a standard deviation of 13
    assert "20\u00a0% lies beyond the horizon of 3 years" in shown


@pytest.mark.parametrize("language", ["en", "de"])
def test_numbers_are_written_as_babel_writes_them(language):
    rng = np.random.default_rng(3)
    with speaking(language):
        for digits in range(5):
            for value in rng.standard_normal(200) * 10.0 ** rng.integers(-3, 9, 200):
                rounded = round(float(value), digits) + 0.0
                pattern = "#,##0" + ("." + "0" * digits if digits else "")
                assert grouped(rounded, digits) == format_decimal(rounded, format=pattern, locale=language)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "17 lines, EUR\u00a01,234.50 in all, equal another line in every column."),
        ("de", "17 Zeilen, zusammen 1.234,50\u00a0EUR, gleichen einer anderen Zeile in jeder Spalte."),
    ],
)
def test_remarks_of_the_ledger_are_sentences_with_their_currency(language, said, evidence_of) -> None:
    made = evidence_of("normal")
    notes = ("17 lines, 1,234.50 in all, equal another line in every column", "credit notes, 395 in all: 395 name their order")
    evidence = replace(made, customers=replace(made.customers, ledger=replace(made.customers.ledger, notes=notes)))
    with speaking(language):
        first, second = [block.text for block in ledger(evidence).blocks if isinstance(block, Note)]
    assert first == said
    assert second[0].isupper() and second.endswith(".") and "EUR" not in second


def test_notes_are_no_checks_that_hold(evidence_of) -> None:
    evidence = evidence_of("normal")
    results = [result.status for _, result in results_by_source(evidence)]
    notes, checks = results.count("note"), len(results)
    assert notes and "failed" not in results
    [table] = certificate(evidence).blocks
    assert table.finding == f"{checks - notes} of {checks} checks hold, none failed; notes: {notes}."
    assert f"{checks - notes} of {checks} checks of sampling and simulation hold" in headline(evidence).blocks[0].message


def test_columns_of_bars_have_a_header_and_boxes_show_that_they_scroll(evidence_of) -> None:
    text = render_html(compose(evidence_of("normal")))
    assert re.search(rf'<span class="seen" dir="auto">{words.COLUMN_TOTAL_BAR}<', text)
    scroll = re.search(r"\.scroll \{.*?\}", text, re.DOTALL)[0]
    assert "overflow-x: auto" in scroll and scroll.count("no-repeat local") == 2


def test_fields_of_the_map_of_activity_are_legible_on_paper(evidence_of) -> None:
    [figure] = [block for block in activity_section(evidence_of("normal")).blocks if isinstance(block, Figure)][:1]
    width = float(re.search(r'\bwidth="([\d.]+)pt"', figure.svg)[1])
    assert IN_FIELDS * min(1.0, 180 / 25.4 * 72 / width) >= 7


BROKEN = "broken \ud83d name"


@pytest.mark.parametrize("render", [render_html, render_fragment, render_pdf, render_xlsx, render_json])
def test_half_of_a_surrogate_pair_in_a_name_is_no_error_in_any_file(render) -> None:
    table = Table(BROKEN, (Column(BROKEN), Column("Value", "number", unit=BROKEN)), ((BROKEN, 1.0),), BROKEN, (BROKEN, 1.0))
    card = Headline((Card(BROKEN, BROKEN, BROKEN), Card("Value", (Quantity(1.0, unit=BROKEN),), BROKEN)))
    blocks = (card, Heading(BROKEN), Prose(BROKEN), Note(BROKEN), Finding("failed", BROKEN, BROKEN), table)
    document = Document(BROKEN, BROKEN, (Section(BROKEN, blocks, name="first"), Section(BROKEN, blocks, name="second")), cover=(BROKEN,))
    written = render(document)
    if isinstance(written, str):
        assert "name" in written.encode("utf-8").decode() and "\ud83d" not in written
    else:
        assert len(written) > 1_000
