"""Every number of every table is the same in the page, in the workbook and in JSON, and levels add up to their total in all of them."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from made_up_base import BASES
from openpyxl import load_workbook
from report.made_up_documents import EVERYTHING, make_any

from clvbayes.report import Evidence, compose, render_html, render_json, render_xlsx, values_by_level
from clvbayes.report.sheets import storable
from clvbayes.report.xlsx import HEADER_ROW

# openpyxl reads no solid data bars
pytestmark = pytest.mark.filterwarnings("ignore:.* extension is not supported:UserWarning")
DOCUMENTS = (*BASES, EVERYTHING)
PARTS = {
    *("Customers", "Customers won", "Expected active", "Orders", "Revenue", "Revenue, last 4 quarters", "Contribution", "Value"),
    *("Total value", "Expected value", "Mean value", "In the worst 5 % of the whole", "CVaR by itself", "Diversifies", "CLV beta"),
    *("Amount", "Share", "Share of value", "Share of revenue", "Share of the fall"),
}
NO_PARTS = {
    *("Mean", "5 %", "95 %", "Mean per customer", "Probability active", "Orders, next year, each", "Moves per 1 % of the whole"),
    *("Value at risk, 95 %", "CVaR, 95 %", "CVaR below the mean", "Monte Carlo error", "Chance of 10 % below the mean"),
    "its Monte Carlo error",
}
LEDGER = "What became of every row"


class Keys(HTMLParser):
    """Of each table of a page its title, and the key of each cell by row; the foot is the last row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[tuple[str, list[list[str]]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self.tables.append((str(given["aria-label"]), []))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th") and "data-key" in given:
            self.tables[-1][1][-1].append(str(given["data-key"]))


@dataclass(frozen=True)
class Told:
    """A report in three formats, read back: tables of the page, sheets, and tables of the JSON, in the same order."""

    evidence: Evidence
    page: list[tuple[str, list[list[str]]]]
    sheets: list[list[tuple[Any, ...]]]
    tables: list[dict[str, Any]]
    valuation: list[dict[str, Any]]


@pytest.fixture(scope="module")
def told() -> Callable[[str], Told]:
    made: dict[str, Told] = {}

    def find(name: str) -> Told:
        if name not in made:
            evidence = make_any(name)
            document = compose(evidence)
            book = load_workbook(BytesIO(render_xlsx(document)))
            content = json.loads(render_json(document, values_by_level(evidence)))
            blocks = [block for section in content["sections"] for block in section["blocks"]]
            tables = [
                block["table"] if block["kind"] == "explorer" else block for block in blocks if block["kind"] in ("table", "explorer")
            ]
            sheets = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets[1:-1]]
            made[name] = Told(evidence, Keys(render_html(document)).tables, sheets, tables, content["valuation"])
        return made[name]

    return find


def rows_of(table: dict[str, Any]) -> list[list[Any]]:
    return table["rows"] + ([table["foot"]] if table["foot"] else [])


def key_of(cell: Any) -> str:
    """As the page has it: of an interval its middle, of a quantity its value."""
    if isinstance(cell, dict):
        cell = cell["middle"] if "middle" in cell else cell["value"]
    return cell if isinstance(cell, str) else f"{cell:.10g}"


def numbers_of(cells: list[Any]) -> list[list[float | None]]:
    """The columns of numbers that a column is made of: five of an interval."""
    if any(isinstance(cell, dict) and "low" in cell for cell in cells):
        bands = [cell if isinstance(cell, dict) else {} for cell in cells]
        inner = [band.get("inner") or (None, None) for band in bands]
        return [*([band.get(part) for band in bands] for part in ("low", "middle", "high")), *map(list, zip(*inner, strict=True))]
    values = [cell["value"] if isinstance(cell, dict) else cell for cell in cells]
    return [[None if isinstance(value, str) else value for value in values]]


def holds(column: list[Any], numbers: list[float | None]) -> bool:
    """Whether a column of a sheet has these numbers where there are any, which may be rounded to the sixteen digits of the format."""
    pairs = [(cell, number) for cell, number in zip(column, numbers, strict=True) if number is not None]
    return all(isinstance(cell, int | float) and math.isclose(cell, number, rel_tol=1e-14) for cell, number in pairs)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_page_and_json_hold_the_same_cells(name: str, told: Callable[[str], Told]) -> None:
    report = told(name)
    assert [title for title, _ in report.page] == [table["title"] for table in report.tables] and report.tables
    for (title, rows), table in zip(report.page, report.tables, strict=True):
        assert [row for row in rows if row] == [[key_of(cell) for cell in row] for row in rows_of(table)], title


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sheets_and_json_hold_the_same_numbers_and_texts(name: str, told: Callable[[str], Told]) -> None:
    report = told(name)
    for sheet, table in zip(report.sheets, report.tables, strict=True):
        rows = rows_of(table)
        columns = [list(column) for column in zip(*sheet[HEADER_ROW + 1 :], strict=True)]
        assert {len(column) for column in columns} == {len(rows)}, table["title"]
        wanted = []
        for place, column in enumerate(table["columns"]):
            cells = [row[place] for row in rows]
            if column["kind"] == "text":
                texts = [None if cell == "" else storable(cell) for cell in cells]
                assert texts in columns, (table["title"], column["title"])
                continue
            for numbers in numbers_of(cells):
                assert any(holds(found, numbers) for found in columns), (table["title"], column["title"])
                wanted.append(numbers)
        for found in columns:
            numbers = [cell if isinstance(cell, int | float) else None for cell in found]
            body = numbers[: len(table["rows"])]
            assert not any(body) or any(holds(found[: len(body)], one[: len(body)]) for one in wanted), "a number from nowhere"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_levels_add_up_to_the_total_in_every_table(name: str, told: Callable[[str], Told]) -> None:
    checked = 0
    for table in told(name).tables:
        if table["foot"] is None or table["title"] == LEDGER:
            continue
        for place, column in enumerate(table["columns"]):
            total = table["foot"][place]
            if column["kind"] not in ("number", "share") or column["title"] in NO_PARTS:
                continue
            assert column["title"] in PARTS, f"{column['title']!r} of {table['title']!r} is new: does it add up?"
            assert sum(row[place] for row in table["rows"]) == pytest.approx(total, rel=1e-12, abs=1e-9), (table["title"], column["title"])
            checked += 1
    assert checked >= 4


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - {"undated"}))
def test_the_ledger_adds_up(name: str, told: Callable[[str], Told]) -> None:
    ledger = next(table for table in told(name).tables if table["title"] == LEDGER)
    read, *left = ledger["rows"]
    for place in (1, 2):
        assert read[place] == pytest.approx(sum(row[place] for row in left) + ledger["foot"][place])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_json_tells_the_draws_by_level_and_none_of_fewer_than_five(name: str, told: Callable[[str], Told]) -> None:
    report = told(name)
    everyone, *levels = report.valuation
    draws = report.evidence.valuation.total.sel(component="value").sum("period").to_numpy()
    assert everyone["value_mean"] == pytest.approx(draws.mean(), rel=1e-12) and everyone["value_sd"] == pytest.approx(
        draws.std(), rel=1e-12
    )
    assert everyone["customers"] == len(report.evidence.customers)
    for column in report.evidence.by:
        rows = [row for row in levels if row["column"] == column]
        assert sum(row["value_mean"] for row in rows) == pytest.approx(draws.mean())
        assert sum(row["customers"] for row in rows) == everyone["customers"] and min(row["customers"] for row in rows) >= 5
        for row in rows:
            if not row["folded"]:
                cash = report.evidence.valuation.cash[column].sel(level=row["level"], component="value").sum("period").to_numpy()
                assert row["value_5"] == pytest.approx(np.quantile(cash, 0.05))


def test_german_numbers_are_the_english_ones() -> None:
    """Languages differ in words alone."""
    evidence = make_any("normal")
    english, german = (json.loads(render_json(compose(replace(evidence, language=language)))) for language in ("en", "de"))
    assert [section["name"] for section in german["sections"]] == [section["name"] for section in english["sections"]]
    for ours, theirs in zip(german["sections"], english["sections"], strict=True):
        assert [block["kind"] for block in ours["blocks"]] == [block["kind"] for block in theirs["blocks"]]
        for block, other in zip(ours["blocks"], theirs["blocks"], strict=True):
            if block["kind"] == "table":
                assert [[cell for cell in row if not isinstance(cell, str)] for row in rows_of(block)] == [
                    [cell for cell in row if not isinstance(cell, str)] for row in rows_of(other)
                ]
