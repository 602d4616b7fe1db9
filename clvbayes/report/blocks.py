"""The tree that every report is: sections of blocks. Numbers stay numbers here; each renderer formats and draws them in its own way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Literal

from clvbayes.inference.certificate import Status
from clvbayes.report.language import Language
from clvbayes.report.required import require_blocks, require_finite, require_text

__all__ = [
    "Block",
    "Card",
    "Cell",
    "Column",
    "Document",
    "Explorer",
    "Figure",
    "Finding",
    "Heading",
    "Headline",
    "Interval",
    "Note",
    "Prose",
    "Quantity",
    "Section",
    "Table",
    "named",
]

Scale = Literal[1, 1_000, 1_000_000, 1_000_000_000]
ColumnKind = Literal["text", "number", "share", "interval", "bar", "status", "fact", "date"]


@dataclass(frozen=True)
class Quantity:
    """One number with what a reader needs to read it.

    Attributes
    ----------
    value : float
        In plain units: a share is a fraction, money is in units of its currency.
    kind : {"number", "share"}
    unit : str
        Such as a currency code; empty for counts.
    scale : {1, 1_000, 1_000_000, 1_000_000_000}
        What the number is divided by when it is shown.
    digits : int
        Decimals shown after scaling.
    """

    value: float
    kind: Literal["number", "share"] = "number"
    unit: str = ""
    scale: Scale = 1
    digits: int = 0

    def __post_init__(self) -> None:
        require_finite(f"quantity in {self.unit or 'no unit'}", self.value)


@dataclass(frozen=True)
class Interval:
    """A band around a middle: drawn as a glyph. `inner` is the 50 % band, where it is known.

    A mean may lie outside the band: most customers bring nothing, a few bring much.
    """

    low: float
    middle: float
    high: float
    inner: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        require_finite("interval", self.low, self.middle, self.high, *(self.inner or ()))
        if self.low > self.high or (self.inner is not None and not self.low <= self.inner[0] <= self.inner[1] <= self.high):
            raise ValueError(f"the ends of an interval are not in order: {self}")


Cell = str | int | float | Interval | Quantity | date
_CELLS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "status": str,
    "number": (int, float),
    "share": (int, float),
    "bar": (int, float),
    "interval": Interval,
    "fact": (str, Quantity, date),
    "date": date,
}


@dataclass(frozen=True)
class Column:
    """How the cells of one column are read.

    Attributes
    ----------
    title : str
    kind : {"text", "number", "share", "interval", "bar", "status", "fact", "date"}
        "interval" and "bar" are drawn, on one axis for the whole column; "status" is one of ok, note, failed;
        a "fact" is a text, a day, or a `Quantity` with its own unit.
    unit, scale, digits
        As in `Quantity`, for all cells of the column; unit and scale stand in the header.
    """

    title: str
    kind: ColumnKind = "text"
    unit: str = ""
    scale: Scale = 1
    digits: int = 0

    def __post_init__(self) -> None:
        require_text("column", self.title)


def _require_cells(title: str, columns: tuple[Column, ...], row: tuple[Cell, ...]) -> None:
    if len(row) != len(columns):
        raise ValueError(f"table {title!r}: a row has {len(row)} cells for {len(columns)} columns: {row!r}")
    for column, cell in zip(columns, row, strict=True):
        if not isinstance(cell, _CELLS[column.kind]):
            raise ValueError(f"table {title!r}, column {column.title!r}: {cell!r} is no {column.kind} cell")
        if isinstance(cell, int | float):
            require_finite(f"table {title!r}, column {column.title!r}", cell)


@dataclass(frozen=True)
class Table:
    """Rows under typed columns, with the finding that the reader should take from them.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuple
        One cell a column; the type of each cell is checked against its column. The first column names the row.
    finding : str
        One computed sentence; may be empty for mere lists.
    foot : tuple
        A last row, such as the total, that stays last when the table is sorted; empty for none. A drawn cell may be "" there:
        a total on the axis of its parts would squeeze them into a corner.
    sortable : bool
        Whether a reader may change the order.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    finding: str = ""
    foot: tuple[Cell, ...] = ()
    sortable: bool = False

    def __post_init__(self) -> None:
        require_text("table", self.title)
        if not self.rows:
            raise ValueError(f"table {self.title!r} has no rows; say so in words instead")
        for row in self.rows:
            _require_cells(self.title, self.columns, row)
        if self.foot:
            drawn = [column.kind in ("interval", "bar") and cell == "" for column, cell in zip(self.columns, self.foot, strict=False)]
            columns = tuple(Column(column.title) if empty else column for column, empty in zip(self.columns, drawn, strict=False))
            _require_cells(self.title, columns, self.foot)


@dataclass(frozen=True)
class Figure:
    """A picture as SVG text, with the finding that the reader should take from it.

    Attributes
    ----------
    title : str
    alt : str
        What a reader who cannot see the picture should know.
    svg : str
        Trusted text, as `clvbayes.report.figures` draws it: renderers insert it as it is.
    finding : str
        One computed sentence.
    caption : str
        How to read the picture.
    """

    title: str
    alt: str
    svg: str
    finding: str
    caption: str

    def __post_init__(self) -> None:
        require_text(f"figure {self.title!r}", self.title, self.alt, self.svg, self.finding, self.caption)
        if not self.svg.startswith("<svg "):
            raise ValueError(f"figure {self.title!r} holds no SVG picture but {self.svg[:40]!r}")


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str

    def __post_init__(self) -> None:
        require_text("heading", self.text)


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str

    def __post_init__(self) -> None:
        require_text("prose", self.text)


@dataclass(frozen=True)
class Note:
    """A remark in small print."""

    text: str

    def __post_init__(self) -> None:
        require_text("note", self.text)


@dataclass(frozen=True)
class Finding:
    """What a check found. Only "failed" is set in red.

    Attributes
    ----------
    status : {"ok", "note", "failed"}
    message : str
    advice : str
        What to do; empty where nothing needs doing.
    """

    status: Status
    message: str
    advice: str = ""

    def __post_init__(self) -> None:
        require_text("finding", self.message)


@dataclass(frozen=True)
class Card:
    """One headline number (or the two ends of a range, or words where there is no number), with a line that explains it."""

    label: str
    shown: tuple[Quantity, ...] | str
    note: str

    def __post_init__(self) -> None:
        require_text("card", self.label, self.note)
        if isinstance(self.shown, str):
            require_text(f"card {self.label!r}", self.shown)
        elif len(self.shown) not in (1, 2):
            raise ValueError(f"card {self.label!r} shows one quantity or a range of two, not {len(self.shown)}")


@dataclass(frozen=True)
class Headline:
    """The cards of a first page."""

    cards: tuple[Card, ...]

    def __post_init__(self) -> None:
        require_blocks("headline", self.cards, (Card,))


@dataclass(frozen=True)
class Explorer:
    """Plans at every budget and aversion to risk that was computed, for a reader to move along.

    Attributes
    ----------
    title : str
    finding : str
        One computed sentence.
    table : Table
        One row a plan: budget, aversion to risk, what the plan is worth, and its spend on each measure in the last `measures` columns.
    budgets, risk_aversions : tuple of float
        What a reader may choose, ascending. A choice without a row has no plan: its limits clash.
    chosen : tuple of (float, float)
        Budget and aversion to risk of the plan of the report, where a reader begins.
    measures : int
    """

    title: str
    finding: str
    table: Table
    budgets: tuple[float, ...]
    risk_aversions: tuple[float, ...]
    chosen: tuple[float, float]
    measures: int

    def __post_init__(self) -> None:
        require_text("explorer", self.title, self.finding)
        for choices in (self.budgets, self.risk_aversions):
            require_finite(f"explorer {self.title!r}", *choices)
            if not choices or list(choices) != sorted(set(choices)):
                raise ValueError(f"explorer {self.title!r}: what a reader may choose must ascend, not {choices!r}")
        places = [row[:2] for row in self.table.rows]
        if len(set(places)) < len(places) or not {*places} <= {*product(self.budgets, self.risk_aversions)}:
            raise ValueError(f"explorer {self.title!r} needs one plan a budget and aversion to risk, not {places!r}")
        if self.chosen not in places:
            raise ValueError(f"explorer {self.title!r} has no plan where a reader would begin, at {self.chosen!r}")
        if not 0 < self.measures <= len(self.table.columns) - 2 or any(column.kind != "number" for column in self.spends):
            raise ValueError(f"explorer {self.title!r}: the last {self.measures} columns are no spends on measures")

    @property
    def spends(self) -> tuple[Column, ...]:
        """The columns of the measures."""
        return self.table.columns[-self.measures :]


Block = Heading | Prose | Headline | Table | Figure | Finding | Note | Explorer
_BLOCKS = (Heading, Prose, Headline, Table, Figure, Finding, Note, Explorer)


@dataclass(frozen=True)
class Section:
    """Blocks under one title. Two sections of half width in a row stand side by side where there is room.

    `name` is the same in every language: programs find a section by it, and pages link to it.
    """

    title: str
    blocks: tuple[Block, ...]
    width: Literal["full", "half"] = "full"
    name: str = ""

    def __post_init__(self) -> None:
        require_text("section", self.title)
        require_blocks(f"section {self.title!r}", self.blocks, _BLOCKS)


def named(sections: Mapping[str, Section | None]) -> tuple[Section, ...]:
    """The sections that there are, each with its name."""
    return tuple(replace(section, name=name) for name, section in sections.items() if section is not None)


@dataclass(frozen=True)
class Document:
    """A whole report, ready for any renderer. Lines of `cover` stand under its title: what it is for, whose it is, and of which day."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    language: Language = "en"
    cover: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_text("document", self.title, self.subtitle, *self.cover)
        require_blocks(f"document {self.title!r}", self.sections, (Section,))
