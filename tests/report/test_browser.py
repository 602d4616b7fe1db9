"""The page as a browser shows it: nothing from outside, nothing cut off, and scripts that show what the tree says."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from decisions.made_up_worth import made_up
from made_up_backtest import OWN, Past, make_backtest
from made_up_base import BASES, Base, make_evidence
from made_up_explored import AVERSIONS, CLASHES, PARTS, made_up_explored
from playwright.sync_api import Browser, Locator, sync_playwright
from report.test_plan_section import HOSTILE, measures

from clvbayes.decisions import allocate
from clvbayes.report import Budgeted, GradedModel, compose, render_html
from clvbayes.report import prose_en as words
from clvbayes.report.blocks import Column, Document, Explorer, Figure, Section, Table
from clvbayes.report.shown import shown_table

INSTALL = "apt-get update && apt-get install -y --no-install-recommends chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDTHS = (1440, 1024, 390)
DOCUMENTS = ("full", "large", "hostile")
SEGMENTS, CHANNELS = 500, 40


@dataclass(frozen=True)
class Written:
    """A document, and the file that it is written to."""

    document: Document
    address: str

    def blocks(self, kind: type) -> list:
        return [block for section in self.document.sections for block in section.blocks if isinstance(block, kind)]

    def table(self, title: str) -> Table:
        return next(table for table in self.blocks(Table) if table.title == title)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail(f"the page is tested in Chromium, and there is none; to install it: {INSTALL}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Callable[[str], Written]:
    folder: Path = tmp_path_factory.mktemp("pages")
    many = tuple(f"Segment {number:03d}" for number in range(SEGMENTS)), tuple(f"Channel {number:02d}" for number in range(CHANNELS))
    bases = {
        "full": BASES["normal"],
        "large": Base(customers=8000, levels=dict(zip(("segment", "channel"), many, strict=True))),
        "hostile": BASES["hostile"],
    }
    backtest = GradedModel(make_backtest(Past(outside={(OWN, "revenue"): (0, 2, 3, 5)})), OWN, "EUR")
    made: dict[str, Written] = {}

    def find(name: str) -> Written:
        if name not in made:
            plan = allocate(made_up(), measures(HOSTILE if name == "hostile" else "Fairs"), budget=110e3, seed=1)
            budgeted = Budgeted(plan, explored=made_up_explored(plan))
            document = compose(replace(make_evidence(bases[name]), backtest=backtest, budgeted=budgeted))
            path = folder / f"{name}.html"
            path.write_text(render_html(document), encoding="utf-8")
            made[name] = Written(document, path.as_uri())
        return made[name]

    return find


@pytest.fixture
def opened(browser, written):
    """Opens a document; in the end nothing may have been asked of others, and nothing complained of."""
    seen = []

    def find(name: str, width: int = 1440, **context) -> SimpleNamespace:
        page = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce", **context).new_page()
        heard = SimpleNamespace(page=page, address=written(name).address, requests=[], complaints=[])
        page.on("request", lambda request: heard.requests.append(request.url))
        page.on("console", lambda message: heard.complaints.append(message.text))
        page.on("pageerror", lambda error: heard.complaints.append(str(error)))
        page.goto(heard.address)
        seen.append(heard)
        return page

    yield find
    for heard in seen:
        assert {address.partition("#")[0] for address in heard.requests} == {heard.address}
        assert heard.complaints == []
        heard.page.context.close()


def table_in(page, title: str) -> Locator:
    return page.get_by_role("table", name=title, exact=True)


def first_cells(table: Locator) -> list[str]:
    """Of the rows that are seen."""
    return table.locator("tbody tr:visible > :first-child").all_inner_texts()


def point_at(mark: Locator) -> str:
    """What the tooltip says of a mark."""
    mark.scroll_into_view_if_needed()
    mark.page.wait_for_timeout(100)  # scrolling hides the tooltip
    mark.hover()
    return mark.page.locator(".tooltip").inner_text()


def choose(page, place: tuple[int, int]) -> None:
    for slider, steps in zip(page.locator(".explorer input").all(), place, strict=True):
        slider.press("Home")
        for _ in range(steps):
            slider.press("ArrowRight")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_is_asked_of_others_and_nothing_complained_of(name, opened) -> None:
    page = opened(name)
    page.mouse.wheel(0, 4000)
    page.locator("thead button").first.click()
    page.wait_for_timeout(200)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_lies_beyond_the_page(name, width, opened) -> None:
    page = opened(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    beyond = page.evaluate(
        "[...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > innerWidth + 1"
        " && !element.closest('.scroll, .unseen')).map((element) => element.outerHTML.slice(0, 100))"
    )
    assert beyond == []


@pytest.mark.parametrize("width", WIDTHS)
def test_short_texts_and_numbers_stand_on_one_line(width, opened) -> None:
    page = opened("full", width)
    lines = page.locator("td.text.short:visible, td.number:visible").evaluate_all(
        """cells => cells.map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
        })"""
    )
    assert len(lines) > 100 and max(lines) == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_section_has_its_heading_and_every_figure_its_name(name, opened, written) -> None:
    page, document = opened(name), written(name).document
    headings = page.locator("main > section > h2")
    assert headings.all_text_contents() == [section.title for section in document.sections]
    # The page's title stands over the first.
    assert all(heading.bounding_box()["height"] > 10 for heading in headings.all()[1:])
    figures = written(name).blocks(Figure)
    assert len(figures) == page.locator("figure").count() > 5
    for figure in figures:
        assert page.get_by_role("img", name=figure.alt, exact=True).count() >= 1


def test_contents_lead_to_every_section(opened, written) -> None:
    page = opened("full")
    links = page.get_by_role("navigation").get_by_role("link")
    assert links.all_text_contents() == [section.title for section in written("full").document.sections]
    links.nth(6).click()
    assert abs(page.locator("main > section").nth(6).bounding_box()["y"]) < 60


def test_tables_are_sorted_by_their_headers_with_the_keyboard_too(opened, written) -> None:
    page, tree = opened("full"), written("full").table("By industry")
    table = table_in(page, "By industry")
    by_customers = [str(row[0]) for row in sorted(tree.rows, key=lambda row: row[1])]
    counts = sorted(row[1] for row in tree.rows)
    button = table.get_by_role("button", name=words.COLUMN_CUSTOMERS)
    button.click()
    assert table.locator("tbody tr > :nth-child(2)").all_inner_texts() == [str(count) for count in counts[::-1]]
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    button.press("Enter")
    assert [name for name in first_cells(table) if name in by_customers] == first_cells(table)
    assert table.locator("tbody tr > :nth-child(2)").all_inner_texts() == [str(count) for count in counts]
    table.get_by_role("button", name="industry").click()
    assert first_cells(table) == sorted((str(row[0]) for row in tree.rows), key=str.lower)
    assert table.locator("tfoot th").inner_text() == words.ALL_CUSTOMERS


def test_tables_are_filtered_by_words(opened, written) -> None:
    page = opened("large")
    table = table_in(page, "By segment")
    field = page.get_by_role("searchbox", name=f"{words.FILTER}: By segment", exact=True)
    field.fill("SEGMENT 49")
    asked = [str(row[0]) for row in written("large").table("By segment").rows if "49" in str(row[0])]
    assert first_cells(table) == asked and 10 < len(asked) < 20
    assert page.locator(".tools output").first.inner_text() == words.FILTERED.format(shown=len(asked), rows=_rows(written))
    field.fill("nowhere")
    assert first_cells(table) == [] and table.locator("tfoot").is_visible()
    field.fill("")
    assert len(first_cells(table)) == 20 and page.locator(".tools output").first.inner_text() == ""


def _rows(written) -> int:
    return len(written("large").table("By segment").rows)


def test_long_tables_are_folded_on_the_screen_and_whole_on_paper(opened, written) -> None:
    page, rows = opened("large"), _rows(written)
    table, names = table_in(page, "By segment"), [str(row[0]) for row in written("large").table("By segment").rows]
    assert rows > 400 and first_cells(table) == names[:20]
    page.emulate_media(media="print")
    assert len(first_cells(table)) == rows
    page.emulate_media(media="screen")
    page.get_by_role("button", name=words.SHOW_ALL.format(rows=rows)).first.click()
    assert first_cells(table) == names
    page.get_by_role("button", name=words.SHOW_FIRST.format(rows=20)).first.click()
    table.get_by_role("button", name="segment").click()
    assert first_cells(table) == sorted(names)[:20]


def test_without_scripts_everything_is_there(opened, written) -> None:
    page = opened("large", java_script_enabled=False)
    assert len(first_cells(table_in(page, "By segment"))) == _rows(written)
    assert not page.locator(".explorer").is_visible()
    [explorer] = written("large").blocks(Explorer)
    assert len(first_cells(table_in(page, explorer.table.title))) == len(explorer.table.rows)
    assert page.locator("input:visible, button:visible").count() == 0


@pytest.mark.parametrize("name", ["full", "hostile"])
def test_the_explorer_begins_at_the_plan_and_shows_the_plans_of_the_tree(name, opened, written) -> None:
    page, [explorer] = opened(name), written(name).blocks(Explorer)
    rows = {row[:2]: (row, shown) for row, shown in zip(explorer.table.rows, shown_table(explorer.table).rows, strict=True)}
    largest = max(spend for row in explorer.table.rows for spend in row[-explorer.measures :])
    box = page.get_by_role("group", name=explorer.title, exact=True)
    worth, spends = box.locator("dd"), box.locator(".spent")

    def assert_shown(row, shown) -> None:
        told = [cell.content for cell in shown[2:]]
        assert [*worth.all_inner_texts(), *spends.all_inner_texts()] == told
        widths = [fill.evaluate("(fill) => parseFloat(fill.style.width)") for fill in box.locator(".fill").all()]
        assert widths == pytest.approx([100 * spend / largest for spend in row[-explorer.measures :]], abs=1e-3)

    assert explorer.chosen == (110e3, 1.0)
    assert_shown(*rows[explorer.chosen])
    currency = "<b>$x$</b>" if name == "hostile" else "EUR"
    assert box.locator(".slider .shown").all_inner_texts() == [f"{currency}\xa0110.0\xa0k", "1"]
    for place in product(range(len(PARTS)), range(len(AVERSIONS))):
        if place[1] in (0, 3, 7):
            choose(page, place)
            plan = rows.get((explorer.budgets[place[0]], explorer.risk_aversions[place[1]]))
            assert page.get_by_text(words.EXPLORER_CLASH).is_visible() == (place == CLASHES) == (plan is None)
            if plan is not None:
                assert_shown(*plan)
    assert box.locator(".name").all_inner_texts() == [" ".join(column.title.split()) for column in explorer.spends]


def test_the_explorer_is_the_same_after_its_table_was_sorted_and_filtered(opened, written) -> None:
    page, [explorer] = opened("full"), written("full").blocks(Explorer)
    before = page.locator(".explorer .plan").inner_text()
    table_in(page, explorer.table.title).get_by_role("button").first.click()
    page.get_by_role("searchbox", name=f"{words.FILTER}: {explorer.table.title}").fill("nowhere")
    choose(page, (0, 0))
    choose(page, (2, 4))
    assert page.locator(".explorer .plan").inner_text() == before


def test_values_stand_under_the_pointer(opened, written) -> None:
    page = opened("full")
    tooltip = page.locator(".tooltip")
    assert not tooltip.is_visible()
    band = table_in(page, "By industry").locator("svg.band").first
    assert point_at(band) == band.get_attribute("aria-label") and "90 % band from" in tooltip.inner_text()
    page.keyboard.press("Escape")
    assert not tooltip.is_visible()
    bar = table_in(page, "By industry").locator("svg.bar").first
    assert point_at(bar) == bar.get_attribute("aria-label")
    period, *lines = point_at(page.locator("#outlook svg .tip").last).split("\n")
    assert period == "2029 Q3" and [line.split(":")[0] for line in lines] == [
        words.FAN_MEDIAN,
        *(words.BAND.format(percent=percent) for percent in (50, 80, 95)),
    ]


@pytest.mark.parametrize("figure", ["plan-spends", "plan-frontier", "forecast-and-fact", "week-by-week", "by-class"])
def test_marks_of_figures_tell_their_values(figure, opened) -> None:
    page = opened("full")
    marks = page.locator(f"#{figure} svg .tip")
    assert marks.count() > 2
    assert any(character.isdigit() for character in point_at(marks.first)) and page.locator(".tooltip").is_visible()


def test_a_tooltip_never_lies_beyond_the_page(opened) -> None:
    page = opened("full", 390)
    for mark in page.locator("#outlook svg .tip").all()[::6]:
        assert point_at(mark)
        box = page.locator(".tooltip").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_what_scrolls_sideways_can_be_reached_with_the_keyboard(opened) -> None:
    page = opened("full", 390)
    scrolls = "(box) => box.scrollWidth > box.clientWidth"
    boxes = page.locator(".scroll").all()
    assert sum(box.evaluate(scrolls) for box in boxes) > 5
    assert all((box.get_attribute("tabindex") == "0") == box.evaluate(scrolls) for box in boxes)


def test_every_text_stands_out_from_the_page(opened) -> None:
    page = opened("full")
    colors = page.evaluate(
        """[...new Set([...document.querySelectorAll("body *:not(svg, svg *, script, .tooltip)")]
            .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
            .map((element) => getComputedStyle(element).color))]"""
    )
    assert len(colors) > 3
    for color in colors:
        parts = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5, color  # WCAG 2.2, 1.4.3, on white


def test_hostile_names_are_shown_whole_and_do_nothing(opened, written) -> None:
    page = opened("hostile")
    shown = page.locator("body").inner_text()
    assert "<script>alert(1)</script>" in shown and '"><img src=x onerror=alert(2)>' in shown and "x" * 200 in shown
    assert page.locator("script").count() == 1 and page.locator("img").count() == 0


def test_names_written_from_right_to_left_keep_to_their_cells(browser, tmp_path) -> None:
    table = Table("Names", (Column("Name"), Column("Other")), (("\u0634\u0631\u0643\u0629 (1)", "a"), ("\u202eabc", "b")))
    path = tmp_path / "names.html"
    path.write_text(render_html(Document("Title", "Subtitle", (Section("Names", (table,)),))), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    directions = page.locator("tbody tr > *").evaluate_all("cells => cells.map((cell) => getComputedStyle(cell).direction)")
    assert directions == ["rtl", "ltr", "ltr", "ltr"]
    assert page.locator("tbody tr > *").first.evaluate("(cell) => getComputedStyle(cell).textAlign") == "left"
    page.close()
