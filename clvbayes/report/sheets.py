"""What a table is on a spreadsheet: columns of plain cells, a name for the sheet, and texts that its file format can hold."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from clvbayes.report.blocks import Cell, Column, Interval, Quantity, Table
from clvbayes.report.language import FIELD, Language, spoken, words

__all__ = ["SheetCell", "SheetColumn", "fitting", "sheet_columns", "sheet_names", "storable", "unscaled"]

LONGEST_TEXT, LONGEST_NAME, LONGEST_TAIL = 32_767, 31, 18  # the first two are of the format, in UTF-16 units
SheetCell = str | Quantity | date
INTERVAL_PARTS: dict[str, Callable[[Interval], float | None]] = {
    "low": lambda band: band.low,
    "inner_low": lambda band: None if band.inner is None else band.inner[0],
    "middle": lambda band: band.middle,
    "inner_high": lambda band: None if band.inner is None else band.inner[1],
    "high": lambda band: band.high,
}


@dataclass(frozen=True)
class SheetColumn:
    """A column of a sheet.

    Attributes
    ----------
    title : str
    kind : {"text", "status", "number", "date"}
    cells : tuple of str, Quantity or date
        Numbers are shown in plain units, so that what a reader sees is what formulas take.
    foot : str, Quantity or date
        Of the last row; "" where there is none.
    unit : str
        Of all numbers; empty for shares and counts.
    drawn : bool
        Whether the column is of a picture in the table, which no column of figures of its own repeats.
    bars : bool
        Whether bars are to be drawn behind the numbers.
    """

    title: str
    kind: str
    cells: tuple[SheetCell, ...]
    foot: SheetCell = ""
    unit: str = ""
    drawn: bool = False
    bars: bool = False

    @property
    def numeric(self) -> bool:
        """Whether most of what stands there is numbers."""
        filled = [cell for cell in (*self.cells, self.foot) if cell]
        return 2 * sum(isinstance(cell, Quantity) for cell in filled) > len(filled)


def sheet_columns(table: Table) -> tuple[SheetColumn, ...]:
    """The columns of a table: an interval as its ends and its mean, a fact as its number and its unit, each in a column of its own.

    What a picture shows and a further column of the table says in figures is one column here.
    """
    kept: list[SheetColumn] = []
    for place, column in enumerate(table.columns):
        cells, foot = [row[place] for row in table.rows], table.foot[place] if table.foot else ""
        for one in _columns(column, cells, foot):
            twin = next((k for k, earlier in enumerate(kept) if _repeats(earlier, one)), None)
            if twin is None:
                kept.append(one)
            else:
                kept[twin] = _joined(kept[twin], one)
    return tuple(kept)


def _columns(column: Column, cells: list[Cell], foot: Cell) -> list[SheetColumn]:
    plain = [_plain(column, cell) for cell in (*cells, foot)]
    match column.kind:
        case "interval":
            parts = {name: [_part(column, cell, part) for cell in (*cells, foot)] for name, part in INTERVAL_PARTS.items()}
            titles = words.SHEET_BAND
            return [
                SheetColumn(titles[name].format(title=column.title), "number", tuple(part[:-1]), part[-1], column.unit, drawn=True)
                for name, part in parts.items()
                if any(part)
            ]
        case "fact":
            units = [cell.unit if isinstance(cell, Quantity) else "" for cell in (*cells, foot)]
            found = [SheetColumn(column.title, "text", tuple(plain[:-1]), plain[-1])]
            return [*found, SheetColumn(words.SHEET_UNIT, "text", tuple(units[:-1]), units[-1])] if any(units) else found
        case "text" | "status" | "date":
            return [SheetColumn(column.title, column.kind, tuple(plain[:-1]), plain[-1])]
        case _:
            bars = column.kind == "bar"
            return [SheetColumn(column.title, "number", tuple(plain[:-1]), plain[-1], column.unit, bars, bars)]


def _plain(column: Column, cell: Cell) -> SheetCell:
    if isinstance(cell, Quantity):
        return unscaled(cell)
    if isinstance(cell, str | date):
        return cell
    if isinstance(cell, Interval):
        return ""
    share = column.kind in ("share", "bar")
    return unscaled(Quantity(cell, "share" if share else "number", column.unit, column.scale, column.digits))


def _part(column: Column, cell: Cell, part: Callable[[Interval], float | None]) -> SheetCell:
    value = part(cell) if isinstance(cell, Interval) else None
    return "" if value is None else unscaled(Quantity(value, "number", column.unit, column.scale, column.digits))


def unscaled(quantity: Quantity) -> Quantity:
    """The quantity as it is shown in plain units."""
    return quantity if quantity.scale == 1 else replace(quantity, scale=1, digits=0)


def _repeats(one: SheetColumn, other: SheetColumn) -> bool:
    """Whether one column is drawn, the other says the same in figures, and no foot contradicts. Mere zeros say nothing."""
    if one.drawn == other.drawn or (one.kind, one.unit) != (other.kind, other.unit):
        return False
    pairs = [*zip(one.cells, other.cells, strict=True), *([(one.foot, other.foot)] if one.foot and other.foot else [])]
    return all(_equal(*pair) for pair in pairs) and any(cell.value for cell in one.cells if isinstance(cell, Quantity))


def _equal(one: SheetCell, other: SheetCell) -> bool:
    """Whether two cells hold the same number; sums in another order differ in the last digits."""
    return isinstance(one, Quantity) and isinstance(other, Quantity) and math.isclose(one.value, other.value, rel_tol=1e-12)


def _joined(earlier: SheetColumn, later: SheetColumn) -> SheetColumn:
    plain, drawn = (earlier, later) if later.drawn else (later, earlier)
    title = plain.title if drawn.bars else earlier.title
    return replace(plain, title=title, foot=plain.foot or drawn.foot, bars=drawn.bars)


def sheet_names(titles: Iterable[str]) -> tuple[str, ...]:
    """A name for the sheet of each title: 31 characters at most, without those that names must not have, no two alike.

    Of titles that the report's words have a short name for, that; where it holds what people named, only this is cut.
    """
    names: list[str] = []
    for title in titles:
        name, further = _sheet_name(title, LONGEST_NAME), 1
        while name.casefold() in {taken.casefold() for taken in names}:
            further += 1
            mark = f" ({further})"
            name = _sheet_name(title, LONGEST_NAME - len(mark)) + mark
        names.append(name)
    return tuple(names)


def _sheet_name(title: str, longest: int) -> str:
    for pattern, short in _short_names(spoken()):
        if found := pattern.fullmatch(title):
            fields = {name: _nameable(said) for name, said in found.groupdict().items() if f"{{{name}}}" in short}
            beyond = _units(short.format(**fields)) - longest
            if fields and beyond > 0:
                last = list(fields)[-1]
                fields[last] = _fitting_words(fields[last], max(_units(fields[last]) - beyond, 1))
            return fitting(short.format(**fields), longest)
    return _cut_title(title, longest)


@cache
def _short_names(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of the titles that have a short name; `language` is that of the words."""
    return tuple((re.compile(_pattern(title), re.DOTALL), short) for title, short in words.SHEETS)


def _pattern(title: str) -> str:
    parts = FIELD.split(title)  # texts and names of fields by turns
    return "".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))


def _cut_title(title: str, longest: int) -> str:
    """The title, or its beginning and what it says after a colon: titles that begin alike differ there."""
    begins, _, ends = title.rpartition(": ")
    head, tail = _nameable(begins), _nameable(ends)
    if not head:
        return fitting(_nameable(title), longest) or "-"
    tail = fitting(tail, LONGEST_TAIL) if _units(f"{head}, {tail}") > longest else tail
    return f"{fitting(head, longest - _units(tail) - 2)}, {tail}"


def _nameable(text: str) -> str:
    """Without what names must not hold, nor begin or end with; "History" is a name of Excel's own."""
    seen = "".join("-" if letter in "[]:*?/\\" else "’" if letter == "'" else letter for letter in " ".join(text.split()))
    return f"{seen}." if seen.casefold() == "history" else storable(seen)


def storable(text: str) -> str:
    """The text as a cell can hold it: signs for control characters, which XML forbids, and cut visibly where it is too long."""
    return fitting("".join(map(_sign, text)), LONGEST_TEXT)


def _sign(letter: str) -> str:
    code = ord(letter)
    if code < 0x20 and letter not in "\t\n":
        return chr(0x2400 + code)
    return "\ufffd" if 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF) else letter


def fitting(text: str, longest: int) -> str:
    """The text, or as much of it as fits with an ellipsis, in UTF-16 units."""
    if _units(text) <= longest:
        return text
    cut = text[: longest - 1]
    while _units(cut) > longest - 1:
        cut = cut[:-1]
    return f"{cut.rstrip()}…"


def _fitting_words(text: str, longest: int) -> str:
    """The same without a part of a word, where more than half of it is left."""
    cut = fitting(text, longest)
    whole = cut.removesuffix("…").rpartition(" ")[0]
    inside = cut != text and text[_letters(cut) :][:1] not in ("", " ")
    return f"{whole}…" if inside and 2 * _units(whole) > longest else cut


def _letters(cut: str) -> int:
    return len(cut.removesuffix("…"))


def _units(text: str) -> int:
    return len(text) + sum(ord(letter) > 0xFFFF for letter in text)
