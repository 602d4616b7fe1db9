"""A document as one PDF: a title page, contents, bookmarks, figures as vectors, and no table cut off. Typst sets the pages."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from markupsafe import Markup

from clvbayes.report.blocks import Block, Card, Document, Explorer, Figure, Finding, Heading, Headline, Note, Prose, Section, Table
from clvbayes.report.language import speaking, words
from clvbayes.report.numbers import NBSP, count, show
from clvbayes.report.shown import ShownCell, ShownTable, shown_card, shown_table

__all__ = ["LONGEST", "render_pdf"]

LONGEST = 40  # rows of a table that a reader still reads on paper
TEMPLATES = Path(__file__).parent / "templates"


def render_pdf(document: Document) -> bytes:
    """Write a document as PDF. The same document gives the same bytes, on any machine.

    Texts reach the template as data, never as markup: nothing in a name is run.

    Parameters
    ----------
    document : Document

    Returns
    -------
    bytes
        Pages of A4, tagged for screen readers.

    Raises
    ------
    TypeError
        If the document holds a block that has no form on paper.
    """
    with speaking(document.language):
        told = json.dumps(_in_lines(_document(document)), ensure_ascii=False)
    return _set(told)


def _set(told: str) -> bytes:
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"  # with DejaVu, in which the figures were measured
    pages: bytes = typst.compile(
        TEMPLATES / "report.typ",
        root=TEMPLATES,
        sys_inputs={"document": told},
        font_paths=[fonts],
        ignore_system_fonts=True,
        format="pdf",
    )
    return pages


def _in_lines(told: Any) -> Any:
    """The end of a line within a text is a space, as in a browser; a number and its per cent sign stay together."""
    if isinstance(told, str):
        return re.sub(r"(?<=\d) %", f"{NBSP}%", re.sub(r"[\t\n\r]+", " ", told))
    if isinstance(told, dict):
        return {name: _in_lines(value) for name, value in told.items()}
    return [_in_lines(value) for value in told] if isinstance(told, list) else told


def _document(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "language": document.language,
        "contents": words.CONTENTS,
        "foot": words.FOOT,
        "opening": _section(document.sections[0]),
        "bands": [[_section(section) for section in band] for band in _side_by_side(document.sections[1:])],
    }


def _side_by_side(sections: tuple[Section, ...]) -> list[tuple[Section, ...]]:
    """Sections in the order of the document, two neighbours of half width together."""
    bands: list[tuple[Section, ...]] = []
    for section in sections:
        if bands and len(bands[-1]) == 1 and bands[-1][0].width == section.width == "half":
            bands[-1] = (*bands[-1], section)
        else:
            bands.append((section,))
    return bands


def _section(section: Section) -> dict[str, Any]:
    return {"title": section.title, "blocks": [_block(block, section) for block in section.blocks]}


def _block(block: Block, section: Section) -> dict[str, Any]:
    return {"kind": type(block).__name__.lower(), **_content(block, section)}


def _content(block: Block, section: Section) -> dict[str, Any]:
    match block:
        case Heading() | Prose() | Note():
            return {"text": block.text}
        case Finding():
            return {
                "status": block.status,
                "message": block.message,
                "advice": words.ADVICE.format(advice=block.advice) if block.advice else "",
            }
        case Headline():
            return {"cards": [_card(card) for card in block.cards]}
        case Table():
            return {"title": _title(block.title, section), "finding": block.finding, **_table(shown_table(block))}
        case Figure():
            title = _title(block.title, section)
            return {"title": title, "finding": block.finding, "svg": block.svg, "alt": block.alt, "caption": block.caption}
        case Explorer():
            return {"title": _title(block.title, section), "finding": block.finding, "note": words.PDF_EXPLORER}
    raise TypeError(f"a block of kind {type(block).__name__} has no form on paper")


def _title(title: str, section: Section) -> str:
    """Empty where the section's title says it already."""
    return "" if title == section.title else title


def _card(card: Card) -> dict[str, str]:
    return {"label": card.label, "shown": shown_card(card), "note": card.note}


def _table(shown: ShownTable) -> dict[str, Any]:
    more = len(shown.rows) - LONGEST
    return {
        "columns": [{"title": column.title, "unit": column.unit, "look": column.css} for column in shown.columns],
        "rows": [[_cell(cell) for cell in row] for row in shown.rows[:LONGEST]],
        "foot": [_cell(cell) for cell in shown.foot],
        "has_units": shown.has_units,
        "narrow": shown.narrow,
        "more": words.PDF_MORE.format(shown=LONGEST, more=show(count(more))) if more > 0 else "",
    }


def _cell(cell: ShownCell) -> dict[str, str]:
    drawn = isinstance(cell.content, Markup)
    return {"content": _picture(str(cell.content)) if drawn else cell.content, "look": cell.css, "alt": cell.alt}


def _picture(drawing: str) -> str:
    """A drawing of a cell as a picture that stands by itself, with the colours that a page gives it."""
    return drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(">", f"><style>{_colours()}</style>", 1)


@cache
def _colours() -> str:
    return (TEMPLATES / "glyphs.css").read_text(encoding="utf-8")
