"""A document as JSON, for other programs: what the report says, with numbers as numbers and nothing about how it looks."""

import json
from collections.abc import Sequence
from typing import Any, assert_never

import pandas as pd

from clvbayes.report.blocks import (
    Block,
    Card,
    Cell,
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

__all__ = ["SCHEMA", "render_json"]

SCHEMA = "clvbayes-report/1"


def render_json(document: Document, valuation: pd.DataFrame | None = None) -> str:
    """Write a document as JSON. The same document gives the same bytes, and no member is ever missing or NaN.

    Parameters
    ----------
    document : Document
    valuation : pandas.DataFrame, optional
        What `values_by_level` gives; its rows stand under the names of its columns, which no language changes.

    Returns
    -------
    str
        An object with the members

        - `schema`: "clvbayes-report/1"; another number where a member changes its name or meaning or is taken away;
        - `title`, `subtitle`, `language`;
        - `sections`: objects with `name` (the same in every language), `title` and `blocks`;
        - `valuation`: the rows of the frame, empty without one.

        Each block has a `kind`: "heading", "prose" and "note" have a `text`; "finding" has `status` ("ok", "note" or "failed"), `message`
        and `advice`; "headline" has `cards` of `label`, `note` and `shown`, a list of one quantity or of the two ends of a range, or text;
        "figure" has `title`, `finding`, `alt` and `caption`; "table" has `title`, `finding`, `columns`, `rows` and `foot` (the total; null
        where there is none); "explorer" has `title`, `finding`, `budgets`, `risk_aversions`, `chosen`, `measures` and `table`.

        Columns have `title`, `kind`, `unit`, `scale` and `digits`; a cell is a number in plain units whatever the scale, in which people
        see it (shares are fractions), a text, an interval (`low`, `middle`, `high`, and `inner`, two ends or null) or a quantity
        (`value`, `kind`, `unit`). In a foot a cell may be "".

    Examples
    --------
    >>> print(render_json(Document("Value", "2026", (Section("What to know", (Note("Nothing."),), name="notes"),))))
    {
      "schema": "clvbayes-report/1",
      "title": "Value",
      "subtitle": "2026",
      "language": "en",
      "sections": [
        {
          "name": "notes",
          "title": "What to know",
          "blocks": [
            {
              "kind": "note",
              "text": "Nothing."
            }
          ]
        }
      ],
      "valuation": []
    }
    <BLANKLINE>
    """
    content = {
        "schema": SCHEMA,
        "title": document.title,
        "subtitle": document.subtitle,
        "language": document.language,
        "sections": [_section(section) for section in document.sections],
        "valuation": [] if valuation is None else valuation.to_dict("records"),
    }
    # A lone half of a surrogate pair has no UTF-8: it stands as a question mark.
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace").decode() + "\n"


def _section(section: Section) -> dict[str, Any]:
    return {"name": section.name, "title": section.title, "blocks": [_block(block) for block in section.blocks]}


def _block(block: Block) -> dict[str, Any]:
    kind = type(block).__name__.lower()
    match block:
        case Heading() | Prose() | Note():
            return {"kind": kind, "text": block.text}
        case Finding():
            return {"kind": kind, "status": block.status, "message": block.message, "advice": block.advice}
        case Headline():
            return {"kind": kind, "cards": [_card(card) for card in block.cards]}
        case Figure():
            return {"kind": kind, "title": block.title, "finding": block.finding, "alt": block.alt, "caption": block.caption}
        case Table():
            return {"kind": kind, **_table(block)}
        case Explorer():
            return {
                "kind": kind,
                "title": block.title,
                "finding": block.finding,
                "budgets": block.budgets,
                "risk_aversions": block.risk_aversions,
                "chosen": block.chosen,
                "measures": [column.title for column in block.spends],
                "table": _table(block.table),
            }
    assert_never(block)


def _card(card: Card) -> dict[str, Any]:
    shown = card.shown if isinstance(card.shown, str) else [_cell(quantity) for quantity in card.shown]
    return {"label": card.label, "shown": shown, "note": card.note}


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "finding": table.finding,
        "columns": [_column(column) for column in table.columns],
        "rows": [_row(row) for row in table.rows],
        "foot": _row(table.foot) if table.foot else None,
    }


def _column(column: Column) -> dict[str, Any]:
    return {"title": column.title, "kind": column.kind, "unit": column.unit, "scale": column.scale, "digits": column.digits}


def _row(row: Sequence[Cell]) -> list[Any]:
    return [_cell(cell) for cell in row]


def _cell(cell: Cell) -> Any:
    if isinstance(cell, Interval):
        return {"low": cell.low, "middle": cell.middle, "high": cell.high, "inner": cell.inner}
    if isinstance(cell, Quantity):
        return {"value": cell.value, "kind": cell.kind, "unit": cell.unit}
    return cell
