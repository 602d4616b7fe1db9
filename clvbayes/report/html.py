"""A document as one HTML file: nothing from outside, legible without scripts, fit to print."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clvbayes.report.blocks import Block, Document, Figure
from clvbayes.report.language import speaking, words
from clvbayes.report.shown import shown_card, shown_table

__all__ = ["render_html"]


def render_html(document: Document) -> str:
    """Write a document as HTML. The same document gives the same bytes.

    Parameters
    ----------
    document : Document

    Returns
    -------
    str
        A whole page, with styles, pictures and a small script for sorting inside it.
    """
    environment = Environment(
        loader=PackageLoader("clvbayes.report", "templates"),
        # Always, not by file name: "select_autoescape" overlooks names that end in .html.jinja.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(kind=_kind, card=shown_card, table=shown_table, picture=_picture)
    script = environment.get_template("sort.js").render().strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = environment.get_template("report.css").render()
    with speaking(document.language):
        return environment.get_template("report.html.jinja").render(
            document=document, words=words, script=Markup(script), style=Markup(style), script_hash=digest
        )


def _kind(block: Block) -> str:
    return type(block).__name__


def _picture(figure: Figure) -> Markup:
    """The trusted SVG of a figure, named for those who cannot see it."""
    opening = Markup('<svg role="img" aria-label="{alt}" ').format(alt=figure.alt)
    return opening + Markup(figure.svg.removeprefix("<svg "))
