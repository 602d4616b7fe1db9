"""A report as a workbook: numbers are numbers, texts are texts, every table has a sheet that is easy to find, read and print."""

import json
import re
from dataclasses import replace
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from made_up_base import BASES
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from pypdf import PdfReader
from report.made_up_contracts_evidence import contract_evidence
from report.made_up_documents import EVERYTHING, HOSTILE_MEASURES, make_any
from report.test_json import EVERY_BLOCK, document

from clvbayes.report import compose, render_html, render_json, render_pdf, render_xlsx
from clvbayes.report import prose_de as german
from clvbayes.report import prose_en as words
from clvbayes.report.basis_sections import forecast
from clvbayes.report.blocks import Column, Explorer, Figure, Finding, Headline, Interval, Note, Prose, Quantity, Table
from clvbayes.report.language import LANGUAGES, speaking
from clvbayes.report.sheets import fitting, sheet_columns, sheet_names, storable
from clvbayes.report.xlsx import FAILED, FONT, HEADER_ROW

# openpyxl reads no solid data bars
pytestmark = pytest.mark.filterwarnings("ignore:.* extension is not supported:UserWarning")
LANGUAGE = {"en": words, "de": german}
HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1+1",
    "https://example.org/",
    "007",
    "1e5",
    "TRUE",
    "a\nnewline and \"quotes\" 'both'",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "\U0001f600 \u6f22\u5b57",
    "x" * 200,
    "_x0041_ stays",
    "{=1}",
)


def opened(composed) -> Workbook:
    return load_workbook(BytesIO(render_xlsx(composed)))


def sheet_of(table: Table):
    return opened(document(table)).worksheets[1]


def table_of(names, title="Names"):
    return Table(title, (Column("Name"), Column("Amount", "number")), tuple((name, place) for place, name in enumerate(names)))


@pytest.fixture(scope="module")
def books():
    made = {}

    def find(name):
        if name not in made:
            composed = compose(make_any(name))
            made[name] = composed, opened(composed)
        return made[name]

    return find


def tables_in(composed):
    blocks = [block for section in composed.sections for block in section.blocks]
    return [block.table if isinstance(block, Explorer) else block for block in blocks if isinstance(block, Table | Explorer)]


def texts_in(sheet):
    return [cell for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str)]


@pytest.mark.parametrize("name", [*BASES, EVERYTHING])
def test_every_table_has_a_sheet_that_the_contents_lead_to(name, books) -> None:
    composed, book = books(name)
    front, *sheets, texts = book.worksheets
    tables = tables_in(composed)
    assert (front.title, texts.title) == ("Contents", "Texts") and len(sheets) == len(tables)
    links = [cell.hyperlink.location for row in front.iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{sheet.title}'!A1" for sheet in (*sheets, texts)]
    assert all(cell.hyperlink.target is None for sheet in book for row in sheet.iter_rows() for cell in row if cell.hyperlink)
    for sheet, table in zip(sheets, tables, strict=True):
        assert table.title in sheet["A1"].value and table.finding in (sheet["A2"].value or "")
        assert sheet["A3"].hyperlink.location == "'Contents'!A1"
        last = HEADER_ROW + 1 + len(table.rows)
        assert sheet.max_row == last + bool(table.foot)
        assert sheet.auto_filter.ref == f"A{HEADER_ROW + 1}:{get_column_letter(len(sheet_columns(table)))}{last}"
        assert sheet.freeze_panes == f"B{HEADER_ROW + 2}" and sheet.print_title_rows == f"${HEADER_ROW + 1}:${HEADER_ROW + 1}"


@pytest.mark.parametrize("name", [*BASES, EVERYTHING])
def test_no_text_of_the_report_is_missing(name, books) -> None:
    composed, book = books(name)
    front, *_, texts = book.worksheets
    told = " ".join((*texts_in(front), *texts_in(texts)))
    for section in composed.sections:
        for block in section.blocks:
            match block:
                case Prose() | Note():
                    wanted = [block.text]
                case Finding():
                    wanted = [block.message, block.advice]
                case Figure():
                    wanted = [block.title, block.finding, block.alt, block.caption]
                case Headline():
                    wanted = [text for card in block.cards for text in (card.label, card.note)]
                case _:
                    wanted = []
            assert all(storable(text) in told for text in wanted), (section.title, wanted)


@pytest.mark.parametrize("name", [*BASES, EVERYTHING])
def test_sheets_print_on_pages_of_full_width(name, books) -> None:
    for sheet in books(name)[1]:
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and int(sheet.page_setup.fitToHeight) == 0
        assert sheet.oddFooter.right.text == "&P / &N"


@pytest.mark.parametrize("name", ["normal", "undated", EVERYTHING])
def test_the_same_bytes_twice(name) -> None:
    first, second = (render_xlsx(compose(make_any(name))) for _ in range(2))
    assert first == second
    assert set(FONT) == {"font_name", "font_size"}, "nothing of one workbook gets into the next"
    assert {part.date_time for part in ZipFile(BytesIO(first)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("name", [*BASES, EVERYTHING])
def test_nothing_is_a_formula_or_a_link_to_the_outside(name) -> None:
    with ZipFile(BytesIO(render_xlsx(compose(make_any(name))))) as parts:
        for part in parts.namelist():
            text = parts.read(part).decode()
            assert "<f>" not in text and "<f " not in text and 'TargetMode="External"' not in text, part
            assert not re.search(r"externalLink|vbaProject|oleObject", part)


def test_hostile_names_come_through_whole_and_harmless() -> None:
    sheet = sheet_of(table_of(HOSTILE))
    cells = [sheet.cell(HEADER_ROW + 2 + place, 1) for place in range(len(HOSTILE))]
    assert [cell.value for cell in cells] == list(HOSTILE)
    assert {cell.data_type for cell in cells} == {"s"}
    # So that a cell that a reader edits and leaves does not become a formula.
    assert all(cell.quotePrefix for cell in cells)


def test_hostile_measures_come_through_all_sheets(books) -> None:
    texts = [text for sheet in books(EVERYTHING)[1].worksheets[1:-1] for text in texts_in(sheet)]
    for name in HOSTILE_MEASURES:
        assert storable(name) in texts and any(text.startswith(storable(name)) and text.endswith(")") for text in texts), (
            "as row and header"
        )


def test_control_characters_are_seen_and_longest_texts_cut_visibly() -> None:
    assert storable("a\x00b\x1bc\td\ne\ud800f\uffff") == "a\u2400b\u241bc\td\ne\ufffdf\ufffd"
    names = ("bell\x07", "\U0001f600" * 20_000)
    sheet = sheet_of(table_of(names))
    bell, long = (sheet.cell(HEADER_ROW + 2 + place, 1).value for place in range(2))
    assert bell == "bell\u2407" and long.endswith("…") and len(long.encode("utf-16-le")) // 2 <= 32_767


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["By a/b", "By a:b", "by A?B"], ("By a-b", "By a-b (2)", "by A-B (3)")),
        (["x" * 40, "x" * 41], ("x" * 30 + "…", "x" * 26 + "… (2)")),
        (["'quoted'", "History", "\n", "a\x01b"], ("’quoted’", "History.", "-", "a\u2401b")),
        (
            ["What one more customer brings: By industry", "What one more customer brings: By channel"],
            ("What one more cus…, By industry", "What one more cust…, By channel"),
        ),
        (["What one more customer brings, by industry", "What one more customer brings"], ("New customers by industry", "New customers")),
        (["\U0001f600" * 16], ("\U0001f600" * 15 + "…",)),
        (["Contents"] * 2, ("Contents", "Contents (2)")),
    ],
)
def test_names_of_sheets_are_what_the_format_allows(titles, names) -> None:
    assert sheet_names(titles) == names
    assert all(len(name.encode("utf-16-le")) <= 62 for name in names)
    assert [sheet.title for sheet in opened(document(*(table_of(["a"], title) for title in titles if title.strip())))][1:-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_of_the_report_have_names_that_are_not_cut(language, evidence_of) -> None:
    """Of all tables that there are, and of none two alike."""
    known = make_any(EVERYTHING)
    orders = replace(evidence_of("normal"), budgeted=known.budgeted, backtest=known.backtest, customer_ids="plain", language=language)
    names: set[str] = set()
    for evidence in (orders, contract_evidence(orders=False, language=language, customer_ids="plain")):
        sheets = opened(compose(evidence)).sheetnames
        assert all(len(name) <= 31 and "…" not in name and "(2)" not in name for name in sheets), sheets
        names |= set(sheets)
    said = LANGUAGE[language]
    short = {title: short for title, short in said.SHEETS if "{" not in short}
    assert set(short.values()) - names <= {short[title] for title in (said.ACCOUNTS_TABLE_ONE, said.RISK_TABLE_ALL)}


def test_a_name_is_cut_where_people_gave_a_long_one_and_between_words() -> None:
    title = words.UNIT_TABLE.format(column=words.BY_COLUMN.format(column="the industry of the first order"))
    assert sheet_names([title]) == ("Unit economics by the industry…",)
    with speaking("de"):
        assert sheet_names([german.PRIORS_TABLE.format(title="MBG/NBD mit Saison und Niveau")]) == ("Prior, MBG-NBD mit Saison und…",)


@pytest.mark.parametrize(("language", "pattern", "shown"), [("en", "yyyy-mm-dd", "2026-01-31"), ("de", "dd.mm.yyyy", "31.01.2026")])
def test_days_are_days_of_the_format_and_written_as_the_language_does(language, pattern, shown) -> None:
    table = Table("Days", (Column("Name"), Column("Until", "date")), (("a", date(2026, 1, 31)), ("b", date(2025, 12, 1))))
    written = replace(document(table), language=language)
    cell = opened(written)["Days"].cell(HEADER_ROW + 2, 2)
    assert cell.is_date and cell.value.date() == date(2026, 1, 31) and cell.number_format == pattern
    assert opened(written)["Days"].column_dimensions["B"].width >= len(shown) + 3
    assert f'data-key="2026-01-31" dir="auto">{shown}<' in render_html(written)
    assert shown in " ".join(page.extract_text() for page in PdfReader(BytesIO(render_pdf(written))).pages)
    [told] = [block for section in json.loads(render_json(written))["sections"] for block in section["blocks"] if block["kind"] == "table"]
    assert told["rows"][0] == ["a", "2026-01-31"]
    with pytest.raises(ValueError, match="no date cell"):
        replace(table, rows=(("a", "2026-01-31"),))


def test_edges_of_the_forecast_are_days_where_days_are_known(evidence_of) -> None:
    for name, kind in (("normal", "date"), ("undated", "text")):
        [table] = [block for block in forecast(evidence_of(name)).blocks if isinstance(block, Table)]
        assert [column.kind for column in table.columns[1:3]] == [kind, kind]


def test_fitting_cuts_with_an_ellipsis() -> None:
    assert (fitting("short", 5), fitting("longer one", 7), fitting("longer one", 8)) == ("short", "longer…", "longer…")


@pytest.fixture(scope="module")
def every_block():
    return opened(document(*EVERY_BLOCK))


def test_cells_are_numbers_in_plain_units_with_their_formats(every_block) -> None:
    sheet = every_block["Kinds"]
    header, first, second, foot = (list(row) for row in sheet.iter_rows(min_row=HEADER_ROW + 1))
    titles = [
        "Name",
        "Value (EUR)",
        "Share",
        "Band: 5 % (EUR)",
        "Band: 25 % (EUR)",
        "Band: mean (EUR)",
        "Band: 75 % (EUR)",
        "Band: 95 % (EUR)",
    ]
    assert [cell.value for cell in header] == [*titles, "Fact", "Unit", "Status"]
    assert [cell.value for cell in first] == ["a", 1234.5, 0.25, 1, 1.5, 2, 2.5, 3, 7, "weeks", "holds"]
    assert [cell.value for cell in second] == ["b", -2, 0.75, 1, None, 9, None, 3, "none", None, "failed"]
    assert [cell.value for cell in foot] == ["all", 1232.5, 1, *[None] * 7, "holds"]
    assert [cell.number_format for cell in first[1:3]] == ["#,##0", "0.0\\ %"], "what is seen is what formulas take, not thousands"
    assert header[0].font.b and foot[1].font.b and not first[1].font.b
    assert second[-1].font.color.rgb == "FF" + FAILED["font_color"][1:] != first[-1].font.color.rgb
    [bars] = sheet.conditional_formatting
    assert str(bars.sqref) == f"C{HEADER_ROW + 2}:C{HEADER_ROW + 3}" and bars.rules[0].type == "dataBar"


def test_findings_failed_are_red_and_cards_are_numbers(every_block) -> None:
    cells = [cell for row in every_block["Texts"].iter_rows() for cell in row if cell.value is not None]
    red = [cell.value for cell in cells if cell.font.color.rgb == "FF" + FAILED["font_color"][1:]]
    assert red == ["It failed."] and "What to do: Try again." in [cell.value for cell in cells]
    [value] = [cell for cell in cells if cell.value == 1500]
    assert value.number_format == "#,##0" and "EUR" in [cell.value for cell in cells]


def test_plans_to_explore_are_a_table_with_the_finding(every_block) -> None:
    sheet = every_block["Plans, All plans"]
    assert (sheet["A1"].value, sheet["A2"].value) == ("Plans: All plans", "More brings more.")
    assert [cell.value for cell in sheet[HEADER_ROW + 2]][:3] == [100, 1, 90]


def test_an_interval_that_further_columns_say_in_figures_is_not_said_twice() -> None:
    bands = (Interval(1.0, 2.0, 3.0), Interval(2.0, 3.0, 4.0))
    columns = (Column("Name"), Column("Band", "interval"), Column("Mean", "number"), Column("Most", "number"), Column("Zero", "number"))
    table = Table(
        "T",
        columns,
        tuple((name, band, band.middle, band.high + place, 0) for place, (name, band) in enumerate(zip("ab", bands, strict=True))),
    )
    assert [column.title for column in sheet_columns(table)] == ["Name", "Band: 5 %", "Band: mean", "Band: 95 %", "Most", "Zero"]
    zeros = Table("T", columns, (("a", Interval(0.0, 0.0, 0.0), 0, 0, 0),))
    assert [column.title for column in sheet_columns(zeros)] == [
        "Name",
        *(f"Band: {part}" for part in ("5 %", "mean", "95 %")),
        "Mean",
        "Most",
        "Zero",
    ]


def test_columns_alike_that_nobody_drew_are_both_there() -> None:
    table = Table("T", (Column("Name"), Column("Today", "number"), Column("Plan", "number")), (("a", 5, 5), ("b", 7, 7)))
    assert [column.title for column in sheet_columns(table)] == ["Name", "Today", "Plan"]


def test_facts_that_are_mostly_numbers_stand_to_the_right() -> None:
    rows = (("a", Quantity(0.5, "share")), ("b", Quantity(0.25, "share", digits=1)), ("c", "–"))
    sheet = sheet_of(Table("T", (Column("Name"), Column("Loss", "fact")), rows))
    cells = [sheet.cell(HEADER_ROW + 1 + place, 2) for place in range(4)]
    assert {cell.alignment.horizontal for cell in cells} == {"right"} and cells[2].number_format == "0.0\\ %"


def test_columns_are_as_wide_as_their_numbers_and_texts_up_to_a_limit(books) -> None:
    for sheet in books(EVERYTHING)[1].worksheets[1:-1]:
        for place, column in enumerate(zip(*sheet.iter_rows(min_row=HEADER_ROW + 2, values_only=True), strict=True), 1):
            width = sheet.column_dimensions[get_column_letter(place)].width
            longest = max((len(f"{cell:,.0f}") for cell in column if isinstance(cell, int | float)), default=0)
            assert longest < width < 45


def test_long_texts_have_rows_of_the_height_that_they_take() -> None:
    sheet = sheet_of(table_of(("short", "words " * 40)))
    short, long = (sheet.row_dimensions[HEADER_ROW + 2 + place].height for place in range(2))
    assert long > 5 * short and all(cell.alignment.wrap_text for cell in sheet["A"][HEADER_ROW:] if cell.value)


def test_words_are_those_of_the_language() -> None:
    book = opened(compose(replace(make_any("normal"), language="de")))
    assert [book.worksheets[0].title, book.worksheets[-1].title] == ["Inhalt", "Texte"]
    assert german.STATUS["ok"] in texts_in(book[dict(german.SHEETS)[german.CERTIFICATE_TABLE]]) and words.STATUS["ok"] not in texts_in(
        book[dict(german.SHEETS)[german.CERTIFICATE_TABLE]]
    )
    assert book.properties.title == "Kundenbewertung zum 15.11.2026"
