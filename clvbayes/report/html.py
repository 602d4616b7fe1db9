"""A document as one HTML file: nothing from outside, legible without scripts, fit to print."""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import NoReturn

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clvbayes.report.blocks import Block, Column, Document, Explorer, Figure, Quantity
from clvbayes.report.language import speaking, words
from clvbayes.report.numbers import plain, show, unit_label
from clvbayes.report.shown import shown_card, shown_table

__all__ = ["render_fragment", "render_html"]

SCRIPTS = ("tables.js", "tooltip.js", "explorer.js")
SHORT, LONG_WORD, LONG_TEXT = 22, 24, 40  # characters: of texts never broken, of words never broken, of texts that need no more room


@dataclass(frozen=True)
class Choice:
    """One place of a slider; `key` is that of the cells in its column."""

    label: str
    key: str


@dataclass(frozen=True)
class Choices:
    """What a reader may choose in an explorer, where each slider begins, and the labels of what is shown."""

    budgets: tuple[Choice, ...]
    risk_aversions: tuple[Choice, ...]
    budget: int
    risk_aversion: int
    worth: tuple[str, ...]
    spent: str
    spends: tuple[str, ...]


def render_html(document: Document) -> str:
    """Write a document as HTML. The same document gives the same bytes.

    Parameters
    ----------
    document : Document

    Returns
    -------
    str
        A whole page, with styles, pictures and small scripts inside it: for tables, values under the pointer, and the plan explorer.
    """
    environment = _environment()
    script = "\n".join(environment.get_template(name).render().strip() for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = environment.get_template("report.css").render()
    with speaking(document.language):
        return environment.get_template("report.html.jinja").render(
            document=document, words=words, script=Markup(script), style=Markup(style), script_hash=digest
        )


def render_fragment(document: Document) -> str:
    """Sections as a part of another page, such as a notebook: without title, contents, and scripts; styles hold within it alone."""
    environment = _environment()
    style = environment.get_template("fragment.css").render()
    with speaking(document.language):
        return environment.get_template("fragment.html.jinja").render(document=document, words=words, style=Markup(style))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("clvbayes.report", "templates"),
        # Always, not by file name: "select_autoescape" overlooks names that end in .html.jinja.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(kind=_kind, card=shown_card, table=shown_table, picture=_picture, choices=_choices, room=_room)
    environment.globals["unknown"] = _unknown
    return environment


def _kind(block: Block) -> str:
    return type(block).__name__


def _unknown(kind: str) -> NoReturn:
    raise TypeError(f"an HTML page cannot show a block of kind {kind}")


def _room(content: str | Markup) -> str:
    """What the style sheet must know of a cell's text."""
    if isinstance(content, Markup):
        return ""
    if any(len(word) > LONG_WORD for word in content.split()):
        return " long"
    return " short" if len(content) <= SHORT else " sentence" if len(content) > LONG_TEXT else ""


def _picture(figure: Figure) -> Markup:
    """The trusted SVG of a figure, named for those who cannot see it, with its natural width for the style sheet."""
    width = re.match(r'<svg [^>]*?\bwidth="([\d.]+(?:pt|px)?)"', figure.svg)
    natural = Markup('style="--natural: {width}" ').format(width=width[1]) if width else ""
    opening = Markup('<svg role="img" aria-label="{alt}" {natural}').format(alt=figure.alt, natural=natural)
    return opening + Markup(figure.svg.removeprefix("<svg "))


def _choices(explorer: Explorer) -> Choices:
    budget, *_ = explorer.table.columns
    worth = explorer.table.columns[2 : -explorer.measures]
    return Choices(
        budgets=tuple(Choice(_amount(value, budget), f"{value:.10g}") for value in explorer.budgets),
        risk_aversions=tuple(Choice(plain(value), f"{value:.10g}") for value in explorer.risk_aversions),
        budget=explorer.budgets.index(explorer.chosen[0]),
        risk_aversion=explorer.risk_aversions.index(explorer.chosen[1]),
        worth=tuple(map(_with_unit, worth)),
        spent=_with_unit(replace(explorer.spends[0], title=words.EXPLORER_SPENDS)),
        spends=tuple(column.title for column in explorer.spends),
    )


def _amount(value: float, column: Column) -> str:
    return show(Quantity(value, unit=column.unit, scale=column.scale, digits=column.digits))


def _with_unit(column: Column) -> str:
    unit = unit_label(column.unit, column.scale)
    return words.AXIS_WITH_UNIT.format(label=column.title, unit=unit) if unit else column.title
