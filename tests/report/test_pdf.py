"""A report on paper: whole, the same bytes every time, nothing cut off, nothing in a name run."""

import io
import json
import re
from dataclasses import dataclass, replace

import pytest
import typst
from made_up_base import BASES, Base, make_evidence
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from clvbayes.report import compose, pdf
from clvbayes.report import prose_en as words
from clvbayes.report.blocks import (
    Block,
    Card,
    Column,
    Document,
    Explorer,
    Figure,
    Finding,
    Heading,
    Headline,
    Interval,
    Note,
    Prose,
    Quantity,
    Section,
    Table,
)
from clvbayes.report.pdf import LONGEST, render_pdf
from clvbayes.report.shown import shown_card, shown_table

HOSTILE = (
    '#include "report.typ"',
    "= cmd| $x$ *b* _i_ @ref `raw` // no comment",
    "<script>alert(1)</script>",
    "#sys.inputs #panic() \\ \\u{41}",
    "x" * 200,
    "W" * 200,
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d\u0628\u0627",
    "\U0001f600",
    "\"quoted\" 'and' -- ...",
    "two\nlines\tand a tab",
)
# Of these DejaVu has no glyph: boxes stand for them.
WITHOUT_GLYPH = ("\U0001f680", "\u6f22\u5b57", "\x07")
A4 = (595.28, 841.89)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200" viewBox="0 0 300 200"><path d="M0 0H300V200Z" fill="#1f5fae"/></svg>'
)


def squeezed(text):
    return re.sub(r"\s", "", text.replace("\ufb01", "fi").replace("\ufb02", "fl"))


def read(data):
    return PdfReader(io.BytesIO(data))


def text_of(reader):
    return "\n".join(page.extract_text() for page in reader.pages)


def titles_of(outline):
    return [title for entry in outline for title in (titles_of(entry) if isinstance(entry, list) else [entry.title])]


def sections_of(reader):
    return [entry.title for entry in reader.outline if not isinstance(entry, list)]


def alts_of(reader):
    found, left = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while left:
        node = left.pop()
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, ArrayObject):
            left.extend(node)
        elif isinstance(node, DictionaryObject):
            found.extend([squeezed(str(node["/Alt"]))] if "/Alt" in node else [])
            left.extend([node["/K"]] if "/K" in node else [])
    return found


def starts_of(page):
    """Where pieces of text begin, in points from the left and from the bottom."""
    starts = []

    def found(text, outer, inner, font, size):
        (a, b, c, d, e, f), (x, y) = outer, inner[4:]
        starts.append((text.strip(), a * x + c * y + e, b * x + d * y + f))

    page.extract_text(visitor_text=found)
    return [start for start in starts if start[0]]


def document(*blocks: Block, width="full"):
    return Document("Title", "Subtitle", (Section("First", (Prose("Opening."),)), Section("Second", blocks, width)))


def listed(names, title="Names"):
    return Table(title, (Column("Name"), Column("Amount", "number")), tuple((name, place) for place, name in enumerate(names)))


@pytest.fixture(scope="module")
def papers(evidence_of):
    made = {}

    def find(name):
        if name not in made:
            composed = compose(evidence_of(name))
            made[name] = composed, read(render_pdf(composed))
        return made[name]

    return find


@pytest.mark.parametrize("name", BASES)
def test_every_block_stands_on_paper(name, papers):
    composed, reader = papers(name)
    text = squeezed(text_of(reader))
    assert squeezed(composed.title) in text and squeezed(composed.subtitle) in text
    assert "{" not in text, "a template was not filled"
    for section in composed.sections:
        assert squeezed(section.title) in text
        for block in section.blocks:
            for said in said_by(block):
                assert squeezed(said) in text, said


def said_by(block):
    match block:
        case Heading() | Prose() | Note():
            return [block.text]
        case Finding():
            return [block.message, block.advice]
        case Headline():
            return [said for card in block.cards for said in (card.label, shown_card(card), card.note)]
        case Figure():
            return [block.finding, block.caption]
        case Explorer():
            return [block.finding]
        case Table():
            shown = shown_table(block)
            cells = [cell for row in (*shown.rows[:LONGEST], shown.foot) for cell in row]
            return [block.title, block.finding, *(cell.content for cell in cells if not cell.alt)]


@pytest.mark.parametrize("name", ["normal", "hostile", "plain"])
def test_bookmarks_lead_to_every_section_and_table(name, papers):
    composed, reader = papers(name)
    assert sections_of(reader) == [composed.sections[0].title, words.CONTENTS, *(section.title for section in composed.sections[1:])]
    inner = {
        block.title
        for section in composed.sections
        for block in section.blocks
        if isinstance(block, Table) and block.title != section.title
    }
    assert inner and inner <= set(titles_of(reader.outline))


def test_contents_and_running_header_tell_the_page_of_a_section(papers):
    composed, reader = papers("normal")
    first = squeezed(reader.pages[0].extract_text() + reader.pages[1].extract_text())
    pages = [reader.get_destination_page_number(entry) for entry in reader.outline if not isinstance(entry, list)]
    for title, page in zip(sections_of(reader), pages, strict=True):
        if title != words.CONTENTS:
            assert re.search(re.escape(squeezed(title)) + rf"\.+{page + 1}", first), title
    for place, page in enumerate(reader.pages):
        text = page.extract_text()
        assert f"{place + 1} / {len(reader.pages)}" in text
        assert place == 0 or composed.title in text


def test_the_same_document_gives_the_same_bytes_without_a_time(evidence_of):
    composed = compose(evidence_of("few"))
    once = render_pdf(composed)
    assert once == render_pdf(compose(evidence_of("few")))
    metadata = read(once).metadata
    assert metadata.title == composed.title and "/CreationDate" not in metadata and "/ModDate" not in metadata
    assert read(once).trailer["/Root"]["/Lang"] == "en"


def test_pages_are_a4_and_nothing_begins_outside_of_their_margins(papers):
    for name in ("normal", "hostile", "few"):
        for page in papers(name)[1].pages:
            assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(A4, abs=0.1)
            assert all(40 < left < A4[0] - 40 and 20 < up < A4[1] - 20 for _, left, up in starts_of(page))


def test_hostile_names_come_through_whole_and_nothing_in_them_is_run():
    blocks = (
        listed(HOSTILE),
        *(Note(name) for name in HOSTILE),
        *(Finding("failed", name, name) for name in HOSTILE),
        *(listed(["a"], f"Table {name}") for name in HOSTILE),
        Table("Heads", (Column("Name"), *(Column(name, "number") for name in HOSTILE)), (("a", *range(len(HOSTILE))),)),
        Headline(tuple(Card(name, name, name) for name in HOSTILE)),
    )
    tree = replace(document(*blocks), title=HOSTILE[0], subtitle=" ".join(HOSTILE))
    reader = read(render_pdf(tree))
    text = squeezed(text_of(reader))
    for name in HOSTILE:
        assert text.count(squeezed(name)) >= 6, name
    assert reader.metadata.title == HOSTILE[0]
    for page in reader.pages:
        width = float(page.mediabox.width)
        assert all(left < width - 40 for _, left, _ in starts_of(page))


def test_a_long_word_is_broken_where_its_column_ends():
    [page] = [page for page in read(render_pdf(document(listed(["W" * 200])))).pages if "WWW" in page.extract_text()]
    pieces = [len(line) for line in re.findall("WW+", page.extract_text())]
    # A W of 7.5 points is 7.4 points wide.
    assert sum(pieces) == 200 and max(pieces) * 7.4 < A4[0] - 85


def test_names_that_no_font_or_picture_can_hold_are_no_error_in_a_whole_report():
    names = (*HOSTILE, *WITHOUT_GLYPH)
    text = squeezed(text_of(read(render_pdf(compose(make_evidence(Base(levels={"in\x07dustry": names}, small=())))))))
    assert all(text.count(squeezed(name)) >= 2 for name in HOSTILE)


def test_a_name_without_glyphs_is_a_box_and_no_error():
    reader = read(render_pdf(document(listed([f"so{name}called" for name in WITHOUT_GLYPH]))))
    assert text_of(reader).count("so") == len(WITHOUT_GLYPH)


@pytest.mark.parametrize(("rows", "more"), [(LONGEST, ""), (LONGEST + 1, "1"), (2 * LONGEST + 1000, "1,040")])
def test_long_tables_say_how_many_more_rows_there_are(rows, more):
    text = text_of(read(render_pdf(document(listed([f"name {place}." for place in range(rows)])))))
    assert len(re.findall(r"name \d+\.", text)) == LONGEST
    told = words.PDF_MORE.format(shown=LONGEST, more=more or "0")
    assert (told in text) == bool(more) and ("XLSX" in text) == bool(more)


def test_a_table_over_pages_says_its_columns_on_each_and_its_foot_once():
    names = [f"{place} " + "long name " * 30 for place in range(LONGEST)]
    table = replace(listed(names), foot=("All together", 780))
    pages = [page.extract_text() for page in read(render_pdf(document(table))).pages[1:]]
    assert len(pages) > 1 and all("Amount" in page for page in pages)
    assert [page.count("All together") for page in pages] == [0] * (len(pages) - 1) + [1]


def test_wide_tables_get_smaller_and_then_turned_pages():
    def wide(columns):
        heads = (Column("Name"), *(Column(f"Column{place:02d}", "number") for place in range(columns)))
        return read(render_pdf(document(Table("Wide", heads, (("a", *(1000.0 * place for place in range(columns))),)))))

    for columns, turned in ((4, False), (11, False), (20, True), (40, True)):
        reader = wide(columns)
        page = reader.pages[1]
        assert (page.mediabox.width > page.mediabox.height) == turned
        text = squeezed(page.extract_text())
        assert all(f"Column{place:02d}" in text for place in range(columns))
        assert all(left < float(page.mediabox.width) - 40 for _, left, _ in starts_of(page))
        assert "Second" in page.extract_text(), "a section's title stands above its table"


def test_a_table_higher_than_a_turned_page_goes_on_over_pages():
    heads = (Column("Name"), *(Column(f"Column{place:02d}", "number") for place in range(20)))
    rows = tuple((f"row{place:02d} " + "long name " * 20, *range(20)) for place in range(15))
    reader = read(render_pdf(document(Table("Wide and high", heads, rows))))
    pages = [page for page in reader.pages[1:] if page.mediabox.width > page.mediabox.height]
    assert len(pages) > 1 and all("Column19" in squeezed(page.extract_text()) for page in pages)
    found = [text for page in pages for text, _, up in starts_of(page) if up > 40]
    assert all(any(f"row{place:02d}" in text for text in found) for place in range(15))


def test_sections_of_half_width_stand_side_by_side_if_their_tables_can_be_read():
    narrow = listed(["a", "b"])
    heads = (Column("Name"), *(Column(f"Column{place:02d}", "number") for place in range(8)))
    wide = Table("Wide", heads, (("a", *range(8)),))
    for second, beside in ((narrow, True), (wide, False)):
        sections = tuple(Section(title, (table,), "half") for title, table in (("Left", narrow), ("Right", second)))
        tree = Document("Title", "Subtitle", (Section("First", (Prose("Opening."),)), *sections))
        places = {text: (left, up) for text, left, up in starts_of(read(render_pdf(tree)).pages[1]) if up < 780}
        assert (places["Left"][1] == pytest.approx(places["Right"][1])) == beside
        assert (places["Right"][0] > A4[0] / 2) == beside


def test_pictures_are_vectors_and_told_to_those_who_cannot_see_them(papers):
    composed, reader = papers("normal")
    told = alts_of(reader)
    for section in composed.sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                assert squeezed(block.alt) in told
            elif isinstance(block, Table):
                assert all(squeezed(cell.alt) in told for row in shown_table(block).rows[:LONGEST] for cell in row if cell.alt)
    for page in reader.pages:
        forms = page["/Resources"].get("/XObject", {})
        assert all(form.get_object()["/Subtype"] == "/Form" for form in forms.values())


def test_readers_of_screens_are_served_by_the_rules_of_pdf_ua(evidence_of, monkeypatch):
    compile_pdf = typst.compile
    monkeypatch.setattr(typst, "compile", lambda *arguments, **settings: compile_pdf(*arguments, **settings, pdf_standards="ua-1"))
    assert len(read(render_pdf(compose(evidence_of("normal")))).pages) > 5


def test_drawings_in_cells_and_status_in_red():
    columns = (
        Column("Of"),
        Column("Band", "interval", unit="EUR"),
        Column("Share", "bar"),
        Column("Status", "status"),
        Column("Fact", "fact"),
    )
    table = Table("Drawn", columns, (("a", Interval(1, 2, 3, (1.5, 2.5)), 0.25, "failed", Quantity(2.5, unit="EUR", digits=1)),))
    reader = read(render_pdf(document(table)))
    assert {squeezed(cell.alt) for cell in shown_table(table).rows[0] if cell.alt} <= set(alts_of(reader))
    content = reader.pages[1].get_contents().get_data().decode("latin-1")
    # The red of what needs a decision, in parts of one: b3261e.
    assert re.search(r"0?\.70\d* 0?\.14\d* 0?\.11\d* (rg|scn)", content)
    assert "EUR\u00a02.5" in reader.pages[1].extract_text()


def test_a_figure_is_no_wider_or_higher_than_its_page():
    for size in ((300, 200), (3000, 100), (100, 5000)):
        svg = SVG.replace('width="300" height="200"', 'width="{}" height="{}"'.format(*size))
        reader = read(render_pdf(document(Figure("Picture", "alt", svg, "It says this.", "Read it so."))))
        assert len(reader.pages) == 2 and "Read it so." in reader.pages[1].extract_text()


def test_plans_to_move_along_are_told_to_be_in_the_other_file():
    columns = (Column("Budget", "number"), Column("Aversion", "number"), Column("Fairs", "number"))
    explorer = Explorer(
        "Explorer", "What it says.", Table("All plans", columns, ((987654, 1.0, 55555),)), (987654,), (1.0,), (987654, 1.0), 1
    )
    text = text_of(read(render_pdf(document(explorer))))
    assert "What it says." in text and words.PDF_EXPLORER in squeezed_lines(text) and "555" not in text


def squeezed_lines(text):
    return " ".join(text.split())


def test_a_block_that_has_no_form_on_paper_is_an_error():
    @dataclass(frozen=True)
    class Film:
        title: str = "Moving"

    with pytest.raises(TypeError, match="a block of kind Film has no form on paper"):
        pdf._block(Film(), Section("Title", (Prose("Text."),)))
    told = {**json.loads(json.dumps(pdf._document(document(Prose("Text."))))), "opening": {"title": "First", "blocks": [{"kind": "film"}]}}
    with pytest.raises(typst.TypstError, match="no such block: film"):
        pdf._set(json.dumps(told))
