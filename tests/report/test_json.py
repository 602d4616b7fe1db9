"""A report for other programs: what is in it, that it is the same every time, and that nothing in a name harms it."""

import json
from dataclasses import fields

import pytest
from report.made_up_documents import EVERYTHING, HOSTILE_MEASURES, make_any

from clvbayes.report import compose, render_json, values_by_level
from clvbayes.report import prose_en as words
from clvbayes.report.blocks import (
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
from clvbayes.report.compose import SECTIONS
from clvbayes.report.tree_json import SCHEMA

PLANS = Table("All plans", tuple(Column(title, "number") for title in ("Budget", "Aversion", "Fairs")), ((100.0, 1.0, 90.0),))
EVERY_BLOCK = (
    Heading("A heading"),
    Prose("A paragraph."),
    Note("A remark."),
    Finding("failed", "It failed.", "Try again."),
    Headline((Card("Value", (Quantity(1500.0, unit="EUR", scale=1000, digits=1),), "mean"), Card("Known", "no", "nothing"))),
    Table(
        "Kinds",
        (
            Column("Name"),
            Column("Value", "number", "EUR", 1000, 1),
            Column("Share", "share", digits=1),
            Column("Band", "interval", "EUR"),
            Column("Fact", "fact"),
            Column("Bar", "bar"),
            Column("Status", "status"),
        ),
        (
            ("a", 1234.5, 0.25, Interval(1.0, 2.0, 3.0, (1.5, 2.5)), Quantity(7.0, unit="weeks"), 0.25, "ok"),
            ("b", -2, 0.75, Interval(1.0, 9.0, 3.0), "none", 0.75, "failed"),
        ),
        finding="b is more.",
        foot=("all", 1232.5, 1.0, "", "", "", "ok"),
    ),
    Figure("A figure", "What it shows", "<svg ></svg>", "It rises.", "How to read it."),
    Explorer("Plans", "More brings more.", PLANS, (100.0, 200.0), (0.0, 1.0), (100.0, 1.0), 1),
)


def document(*blocks):
    return Document("Title", "Subtitle", (Section("First", (Prose("Opening."),), name="first"), Section("Second", blocks, name="second")))


def blocks_told(*blocks):
    return json.loads(render_json(document(*blocks)))["sections"][1]["blocks"]


def test_every_kind_of_block_is_told_whole() -> None:
    heading, prose, note, finding, headline, table, figure, explorer = blocks_told(*EVERY_BLOCK)
    assert (heading, prose, note) == (
        {"kind": "heading", "text": "A heading"},
        {"kind": "prose", "text": "A paragraph."},
        {"kind": "note", "text": "A remark."},
    )
    assert finding == {"kind": "finding", "status": "failed", "message": "It failed.", "advice": "Try again."}
    assert headline["cards"][0] == {"label": "Value", "shown": [{"value": 1500.0, "kind": "number", "unit": "EUR"}], "note": "mean"}
    assert headline["cards"][1]["shown"] == "no"
    assert figure == {"kind": "figure", "title": "A figure", "finding": "It rises.", "alt": "What it shows", "caption": "How to read it."}
    assert table["columns"][1] == {"title": "Value", "kind": "number", "unit": "EUR", "scale": 1000, "digits": 1}
    band = {"low": 1.0, "middle": 2.0, "high": 3.0, "inner": [1.5, 2.5]}
    assert table["rows"][0] == ["a", 1234.5, 0.25, band, {"value": 7.0, "kind": "number", "unit": "weeks"}, 0.25, "ok"]
    assert table["rows"][1][3]["inner"] is None and table["foot"][3] == "" and table["finding"] == "b is more."
    assert explorer["measures"] == ["Fairs"] and explorer["table"]["foot"] is None and explorer["chosen"] == [100.0, 1.0]


@pytest.mark.parametrize("block", EVERY_BLOCK[:4], ids=lambda block: type(block).__name__)
def test_no_field_of_a_block_is_left_out(block) -> None:
    [told] = blocks_told(block)
    assert set(told) == {"kind", *(field.name for field in fields(block))}


@pytest.mark.parametrize("name", ["normal", "undated", EVERYTHING])
def test_the_same_bytes_twice_in_a_schema_of_its_own(name) -> None:
    first, second = (render_json(compose(evidence), values_by_level(evidence)) for evidence in (make_any(name), make_any(name)))
    assert first == second and first.encode("utf-8").endswith(b"}\n")
    content = json.loads(first, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    assert list(content) == ["schema", "title", "subtitle", "language", "sections", "valuation"]
    assert content["schema"] == SCHEMA == "clvbayes-report/1"
    names = [section["name"] for section in content["sections"]]
    assert names == [name for name in SECTIONS if name in names] and "svg" not in first


def test_names_come_through_whole_and_harmless() -> None:
    content = json.loads(render_json(compose(make_any(EVERYTHING))))
    plan = next(block for section in content["sections"] for block in section["blocks"] if block.get("title") == words.PLAN_TABLE)
    assert [row[0] for row in plan["rows"]] == list(HOSTILE_MEASURES)


def test_half_of_a_surrogate_pair_stands_as_a_question_mark() -> None:
    [told] = blocks_told(Prose("broken \ud83d name"))
    assert told["text"] == "broken ? name"
