"""Tables and cards as a reader sees them on a page: every number written, every band and bar drawn, for all renderers that set pages."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from clvbayes.report.blocks import Card, Cell, Column, Interval, Quantity, Table
from clvbayes.report.glyphs import axis_label, band, band_axis, band_label, bar
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, show, show_range, unit_label

__all__ = ["ShownCell", "ShownColumn", "ShownTable", "shown_card", "shown_table"]


@dataclass(frozen=True)
class ShownCell:
    """A cell as it stands in the page, as text or as the SVG of a drawing.

    Attributes
    ----------
    content : str or Markup
    key : str
        What its column is sorted by.
    css : str
        Kind of the column, and status where it is one of statuses.
    alt : str
        What a drawing shows, in words; empty for text.
    """

    content: str | Markup
    key: str
    css: str
    alt: str = ""


@dataclass(frozen=True)
class ShownColumn:
    """A header as it stands in the page."""

    title: str
    unit: str
    css: str


@dataclass(frozen=True)
class ShownTable:
    """A table as it stands in the page."""

    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[ShownCell, ...], ...]
    foot: tuple[ShownCell, ...]
    has_units: bool
    narrow: bool


def shown_card(card: Card) -> str:
    """The number, range or words of a card."""
    if isinstance(card.shown, str):
        return card.shown
    return show(card.shown[0]) if len(card.shown) == 1 else show_range(*card.shown)


def shown_table(table: Table) -> ShownTable:
    """Every header and cell of a table."""
    places = range(len(table.columns))
    header = tuple(_header(table.columns[place], [row[place] for row in table.rows]) for place in places)
    draw = [_drawer(column, [row[place] for row in table.rows]) for place, column in enumerate(table.columns)]
    return ShownTable(
        columns=header,
        rows=tuple(tuple(draw[place](row[place]) for place in places) for row in table.rows),
        foot=tuple(draw[place](table.foot[place]) for place in places) if table.foot else (),
        has_units=any(column.unit for column in header),
        # Cells that stand far apart are hard to read across.
        narrow=len(table.columns) == 2 or all(column.kind in ("number", "share", "bar") for column in table.columns[1:]),
    )


def _header(column: Column, cells: list[Cell]) -> ShownColumn:
    unit = unit_label(column.unit, column.scale)
    if column.kind == "interval":
        unit = axis_label(column, band_axis(cell for cell in cells if isinstance(cell, Interval)))
    return ShownColumn(column.title, unit if column.kind != "bar" else "", column.kind)


def _drawer(column: Column, cells: list[Cell]) -> Callable[[Cell], ShownCell]:
    """How each cell of a column is drawn, given all of the column: bands and bars share an axis."""
    axis = band_axis(cell for cell in cells if isinstance(cell, Interval))
    largest = max((float(cell) for cell in cells if isinstance(cell, int | float)), default=0.0)

    def draw(cell: Cell) -> ShownCell:
        if isinstance(cell, Interval):
            label = band_label(cell, column)
            return ShownCell(band(cell, axis, label), f"{cell.middle:.10g}", column.kind, label)
        if isinstance(cell, Quantity):
            return ShownCell(show(cell), f"{cell.value:.10g}", column.kind)
        if isinstance(cell, str):
            status = column.kind == "status"
            return ShownCell(words.STATUS[cell] if status else cell, cell, f"{column.kind} {cell}" if status else column.kind)
        share = column.kind in ("share", "bar")
        text = show(Quantity(float(cell), kind="share", digits=column.digits)) if share else decimal(cell / column.scale, column.digits)
        if column.kind == "bar":
            label = words.BAR.format(value=text)
            return ShownCell(bar(cell, largest, label), f"{cell:.10g}", column.kind, label)
        return ShownCell(text, f"{cell:.10g}", column.kind)

    return draw
