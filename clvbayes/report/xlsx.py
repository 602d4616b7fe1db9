"""A document as an XLSX workbook: contents, every table a sheet of real numbers, and the texts."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from textwrap import wrap
from typing import Any, assert_never
from unicodedata import east_asian_width

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from clvbayes.report.blocks import Block, Document, Explorer, Figure, Finding, Heading, Headline, Note, Prose, Quantity, Section, Table
from clvbayes.report.language import speaking, words
from clvbayes.report.sheets import SheetCell, SheetColumn, fitting, sheet_columns, sheet_names, storable, unscaled

__all__ = ["render_xlsx"]

# As in report.css.
INK, GREY, LIGHT, LINE, RED, BLUE, BAR = "#1B2733", "#5B6675", "#DFE3E8", "#B9C0C9", "#B3261E", "#1F5FAE", "#B7C9DE"
FONT_SIZE = 10
FONT = {"font_name": "Arial", "font_size": FONT_SIZE}  # in whose digits, 7 pixels wide, columns are measured
RULE, HAIRLINE, FOOT_RULE = {"bottom": 1, "bottom_color": LINE}, {"bottom": 1, "bottom_color": LIGHT}, {"top": 1, "top_color": LINE}
FAILED = {"font_color": RED, "bold": True}
DATA_BAR = {"type": "data_bar", "bar_color": BAR, "bar_solid": True, "data_bar_2010": True, "min_type": "num", "min_value": 0}
NARROWEST, WIDEST, BUTTON = 10, 42, 2  # of a table's columns, in characters; and of what stands in its header to filter it
PAGE_WIDTHS = (32, 34, 16, 9, 64)  # of the columns of contents and texts
LONGEST_LINK = 62  # characters in the three middle ones
READABLE = 100  # characters of a line: title and finding of a sheet spread over as many columns as that takes
HEADER_ROW = 3  # below title, finding and the way back
LINE_HEIGHT, HIGHEST = 12.75, 409.0  # points; the latter is of the format
A4 = 9
ROW_HEIGHT = 17  # pixels, of one line
CREATED = datetime(1980, 1, 1)  # as of the parts within the file: the same document gives the same bytes


def render_xlsx(document: Document) -> bytes:
    """Write a document as an XLSX workbook. The same document gives the same bytes.

    Numbers are numbers, in plain units whatever the scale in which pages show them; texts are texts, never formulas or links.
    Pictures have no sheet: what they show is told among the texts.

    Parameters
    ----------
    document : Document

    Returns
    -------
    bytes
        The whole file.
    """
    stream = BytesIO()
    with speaking(document.language), Workbook(stream, _options()) as workbook:
        workbook.set_properties({"title": storable(document.title), "subject": storable(document.subtitle), "created": CREATED})
        tables = [(section.title, table) for section in document.sections for table in _tables(section)]
        front, texts, *names = sheet_names((words.SHEET_CONTENTS, words.SHEET_TEXTS, *(table.title for _, table in tables)))
        first, *further = document.sections
        contents = _Page(_Book(workbook), workbook.add_worksheet(front))
        contents.write(document.title, bold=True, font_size=18)
        for line in (document.subtitle, *document.cover):
            contents.write(line, font_color=GREY)
        contents.section(first)
        sheets = [(section, name, table.title, table.finding) for (section, table), name in zip(tables, names, strict=True)]
        contents.list_sheets([*sheets, (texts, texts, texts, words.SHEET_TEXTS_NOTE)])
        for (_, table), name in zip(tables, names, strict=True):
            _write_table(contents.book, workbook.add_worksheet(name), table, front)
        page = _Page(contents.book, workbook.add_worksheet(texts))
        page.write(words.SHEET_TEXTS, bold=True, font_size=14)
        page.back(front)
        for section in further:
            page.section(section)
    return stream.getvalue()


def _options() -> dict[str, Any]:
    """Made anew for each workbook, since XlsxWriter writes into them."""
    texts_stay_texts = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return {"in_memory": True, **texts_stay_texts, "default_format_properties": {**FONT}, "default_row_height": ROW_HEIGHT}


def _tables(section: Section) -> Iterator[Table]:
    for block in section.blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Explorer):
            title = words.SHEET_EXPLORER.format(explorer=block.title, table=block.table.title)
            yield replace(block.table, title=title, finding=f"{block.finding} {block.table.finding}".strip())


@dataclass(frozen=True)
class _Book:
    """A workbook that is being written, with its formats by what they are."""

    workbook: Workbook
    formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def format(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.workbook.add_format({"font_color": INK, "valign": "top"} | properties)
        return self.formats[key]

    def put(self, sheet: Worksheet, row: int, place: int, cell: SheetCell, **properties: Any) -> None:
        """Write one cell. A text stays one also when a reader edits it, though it begin like a formula."""
        if isinstance(cell, Quantity):
            decimals = "." + "0" * cell.digits if cell.digits else ""
            pattern = f"0{decimals}\\ %" if cell.kind == "share" else f"#,##0{decimals}"
            written = sheet.write_number(row, place, cell.value, self.format(num_format=pattern, **properties))
        elif isinstance(cell, date):
            written = sheet.write_datetime(row, place, cell, self.format(num_format=words.SHEET_DATE, **properties))
        elif cell:
            written = sheet.write_string(row, place, storable(cell), self.format(text_wrap=True, quote_prefix=True, **properties))
        else:
            written = sheet.write_blank(row, place, None, self.format(**properties))
        if written != 0:
            raise ValueError(f"the sheet {sheet.name!r} cannot hold {cell!r} in row {row + 1}, column {place + 1}")

    def spread(self, sheet: Worksheet, row: int, first: int, last: int, text: str, **properties: Any) -> None:
        """Write a text over several columns."""
        if last > first:
            sheet.merge_range(row, first, row, last, "", self.format(text_wrap=True, quote_prefix=True, **properties))
        self.put(sheet, row, first, text, **properties)

    def link(self, sheet: Worksheet, row: int, place: int, name: str, text: str, **properties: Any) -> None:
        """Write a text that leads to another sheet."""
        style = self.format(font_color=BLUE, underline=1, text_wrap=True, quote_prefix=True, **properties)
        sheet.write_url(row, place, f"internal:'{name}'!A1", style, storable(text))


@dataclass
class _Page:
    """A sheet that is written from the top down, as one reads."""

    book: _Book
    sheet: Worksheet
    row: int = 0

    def __post_init__(self) -> None:
        for place, width in enumerate(PAGE_WIDTHS):
            self.sheet.set_column(place, place, width)
        _lay_out(self.sheet)

    def write(self, text: str, **properties: Any) -> None:
        self.book.spread(self.sheet, self.row, 0, len(PAGE_WIDTHS) - 1, text, **properties)
        _set_height(self.sheet, self.row, [(text, sum(PAGE_WIDTHS))], properties.get("font_size", FONT_SIZE))
        self.row += 1

    def back(self, name: str) -> None:
        self.book.link(self.sheet, self.row, 0, name, words.SHEET_BACK)
        self.row += 1

    def section(self, section: Section) -> None:
        """All of a section but its tables, under its title if there is anything."""
        blocks = [block for block in section.blocks if not isinstance(block, Table | Explorer)]
        if blocks:
            self.row += 1
            self.write(section.title, bold=True, font_size=13, **RULE)
        for block in blocks:
            self.block(block, section.title)

    def block(self, block: Block, above: str) -> None:
        match block:
            case Heading():
                self.write(block.text, bold=True)
            case Prose():
                self.write(block.text)
            case Note():
                self.write(block.text, font_color=GREY)
            case Finding():
                self.write(block.message, **(FAILED if block.status == "failed" else {}))
                if block.advice:
                    self.write(words.ADVICE.format(advice=block.advice), indent=1)
            case Figure():
                if block.title != above:
                    self.write(block.title, bold=True)
                if block.finding not in block.alt:
                    self.write(block.finding)
                self.write(block.alt)
                self.write(block.caption, font_color=GREY)
            case Headline():
                self.cards(block)
            case Table() | Explorer():
                raise ValueError(f"{block.title!r} belongs on a sheet of its own")
            case _:
                assert_never(block)

    def cards(self, headline: Headline) -> None:
        self.row += 1
        self.header(words.SHEET_CARD_COLUMNS, numbers=(1, 2))
        for card in headline.cards:
            shown = (card.shown,) if isinstance(card.shown, str) else tuple(map(unscaled, card.shown))
            unit = next((one.unit for one in shown if isinstance(one, Quantity)), "")
            cells = (card.label, shown[0], shown[1] if len(shown) > 1 else "", unit, card.note)
            for place, cell in enumerate(cells):
                style = {"font_color": GREY, "indent": 1} if place > 2 else {"bold": True, "align": "right", "indent": 1} if place else {}
                self.book.put(self.sheet, self.row, place, cell, **HAIRLINE, **style)
            _set_height(
                self.sheet, self.row, [(cell, width) for cell, width in zip(cells, PAGE_WIDTHS, strict=True) if isinstance(cell, str)]
            )
            self.row += 1
        self.row += 1

    def list_sheets(self, sheets: Sequence[tuple[str, str, str, str]]) -> None:
        """Where every table is and what it says: section, name of the sheet, title, finding."""
        self.row += 1
        self.header((*words.SHEET_LIST_COLUMNS[:2], "", "", *words.SHEET_LIST_COLUMNS[2:]))
        said = ""
        for section, name, title, finding in sheets:
            self.book.put(self.sheet, self.row, 0, section if section != said else "", **HAIRLINE)
            # Over several columns and cut to one line, since LibreOffice does not break a link.
            self.book.spread(self.sheet, self.row, 1, 3, "", **HAIRLINE)
            self.book.link(self.sheet, self.row, 1, name, fitting(title, LONGEST_LINK), **HAIRLINE)
            self.book.put(self.sheet, self.row, 4, finding, indent=1, **HAIRLINE)
            _set_height(self.sheet, self.row, [(section, PAGE_WIDTHS[0]), (finding, PAGE_WIDTHS[4])])
            said = section
            self.row += 1

    def header(self, titles: Sequence[str], numbers: Sequence[int] = ()) -> None:
        for place, title in enumerate((*titles, *[""] * (len(PAGE_WIDTHS) - len(titles)))):
            side = {"align": "right", "indent": 1} if place in numbers else {"indent": 1} if place > 2 else {}
            self.book.put(self.sheet, self.row, place, title, bold=True, font_color=GREY, **RULE, **side)
        self.row += 1


def _write_table(book: _Book, sheet: Worksheet, table: Table, front: str) -> None:
    columns = sheet_columns(table)
    titles = [words.SHEET_HEADER.format(title=column.title, unit=column.unit) if column.unit else column.title for column in columns]
    widths = [_width(column, title) for column, title in zip(columns, titles, strict=True)]
    widths[0] = max(widths[0], len(words.SHEET_BACK) + 2)
    last, spread = HEADER_ROW + len(table.rows), _enough(widths)
    for row, text, size in ((0, table.title, 14), (1, table.finding, FONT_SIZE)):
        book.spread(sheet, row, 0, len(spread) - 1, text, font_size=size, bold=row == 0)
        _set_height(sheet, row, [(text, sum(spread))], size)
    book.link(sheet, 2, 0, front, words.SHEET_BACK)
    for place, (column, title) in enumerate(zip(columns, titles, strict=True)):
        sheet.set_column(place, place, widths[place])
        # Numbers stand to the right, and every column but the first keeps apart from its neighbour.
        side = {"align": "right" if column.numeric else "left", "indent": int(place > 0)}
        book.put(sheet, HEADER_ROW, place, title, bold=True, font_color=GREY, **RULE, **side | {"valign": "bottom"})
        for row, cell in enumerate(column.cells, HEADER_ROW + 1):
            failed = FAILED if column.kind == "status" and cell == "failed" else {}
            book.put(sheet, row, place, _said(column, cell), **HAIRLINE, **side, **failed)
        if table.foot:
            book.put(sheet, last + 1, place, _said(column, column.foot), bold=True, **FOOT_RULE, **side)
        if column.bars:
            sheet.conditional_format(HEADER_ROW + 1, place, last, place, DATA_BAR)
    _set_height(sheet, HEADER_ROW, [(title, width - BUTTON) for title, width in zip(titles, widths, strict=True)])
    for row, cells in enumerate(zip(*((*column.cells, column.foot) for column in columns), strict=True), HEADER_ROW + 1):
        _set_height(sheet, row, [(cell, width) for cell, width in zip(cells, widths, strict=True) if isinstance(cell, str)])
    sheet.autofilter(HEADER_ROW, 0, last, len(columns) - 1)
    sheet.freeze_panes(HEADER_ROW + 1, 1)
    sheet.repeat_rows(HEADER_ROW)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 2}"})
    _lay_out(sheet)


def _said(column: SheetColumn, cell: SheetCell) -> SheetCell:
    return words.STATUS[str(cell)] if column.kind == "status" and cell else cell


def _lay_out(sheet: Worksheet) -> None:
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")


def _width(column: SheetColumn, title: str) -> float:
    """Wide enough for every number and day, for a header of three lines with the button of its filter, and for texts up to a limit."""
    cells = (*column.cells, column.foot)
    numbers = [len(f"{cell.value:,.{cell.digits}f}") + 3 for cell in cells if isinstance(cell, Quantity)]
    days = [len(words.SHEET_DATE) + 3 for cell in cells if isinstance(cell, date)]  # where they do not fit, rows of signs would stand
    texts = [len(line) + 2 for cell in cells if isinstance(cell, str) for line in cell.splitlines()]
    header = max(max(map(len, title.split())), math.ceil(len(title) / 3)) + 4
    return max(NARROWEST, min(max([header, *texts]), WIDEST), *numbers, *days)


def _enough(widths: Sequence[float]) -> list[float]:
    """As many columns as a readable line takes, beyond the table's own where those are too few."""
    wide = [*widths, *[NARROWEST] * READABLE]
    return wide[: next(count for count in range(1, len(wide)) if sum(wide[:count]) >= READABLE)]


def _set_height(sheet: Worksheet, row: int, texts: Sequence[tuple[str, float]], font_size: float = FONT_SIZE) -> None:
    """As high as the longest of some texts takes, each with the width that it has: not every program sees to that."""
    larger = font_size / FONT_SIZE
    lines = max((_lines(text, width / larger) for text, width in texts), default=1)
    sheet.set_row(row, min(larger * LINE_HEIGHT * lines + 2, HIGHEST))


def _lines(text: str, width: float) -> int:
    """How many a text takes: about, and one more where a word has to be broken."""
    lines = (text or " ").splitlines()
    broken = any(_length(word) > width for word in text.split())
    return broken + sum(max(1, len(wrap(line, int(1.15 * width))), math.ceil(_length(line) / width)) for line in lines)


def _length(line: str) -> float:
    """In the width of a digit, about."""
    return sum(2.0 if east_asian_width(letter) in "WF" else 1.5 if letter in "MW@%mw" else 0.87 for letter in line)
