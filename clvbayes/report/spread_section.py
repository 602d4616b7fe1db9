"""Why the bands are as wide as they are: chance, parameters, and what moves all customers at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clvbayes.report.blocks import Block, Cell, Column, Note, Prose, Section, Table
from clvbayes.report.evidence import Evidence, currency_of
from clvbayes.report.language import words
from clvbayes.report.levels import reported_levels
from clvbayes.report.numbers import count, decimal, money_format, share, share_digits, show

__all__ = ["learned", "spread_section"]

PARTS = ("process_sd", "parameter_sd", "systematic_sd")
FEW_ORIGINS = 8  # that do not overlap: after some eight errors the prior of their spread hardly matters (aggregate study 3)


def spread_section(evidence: Evidence) -> Section:
    """The spread of every total, in its three parts, and what would shrink each."""
    rows = [("", words.ALL_CUSTOMERS)]
    for column in evidence.by:
        rows += [(column, level.name) for level in reported_levels(evidence, column) if not level.folded]
    total, *of_levels = evidence.valuation.spread.to_dict("records")
    by_name = {(str(row["column"]), str(row["level"])): row for row in of_levels}
    found = [by_name[row] if row[0] else total for row in rows]
    scale, digits = money_format([float(row["sd"]) for row in found])
    parts = [_parts(row) for row in found]
    columns = (
        Column(words.COLUMN_SPREAD_OF),
        Column(words.COLUMN_LEVEL_OF),
        Column(words.COLUMN_SD, "number", unit=currency_of(evidence), scale=scale, digits=digits),
        *(Column(name, "share", digits=share_digits([part for each in parts for part in each])) for name in words.SPREAD_PARTS),
    )
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (column, name, float(row["sd"]), *each) for (column, name), row, each in zip(rows, found, parts, strict=True)
    )
    process, parameters, systematic = (show(share(part)) for part in parts[0])
    finding = words.SPREAD_FINDING.format(process=process, parameters=parameters, systematic=systematic)
    table = Table(words.SPREAD_TABLE, columns, cells, finding)
    blocks: tuple[Block, ...] = (table, *(Prose(text) for text in (words.SPREAD_CHANCE, words.SPREAD_PARAMETERS, _systematic(evidence))))
    return Section(words.SPREAD_TITLE, (*blocks, Note(words.SPREAD_NOTE)))


def _parts(row: Mapping[Any, Any]) -> tuple[float, ...]:
    """Of the variance, in the order of PARTS."""
    variance = float(row["sd"]) ** 2
    return tuple(float(row[name]) ** 2 / variance if variance > 0 else 0.0 for name in PARTS)


def _systematic(evidence: Evidence) -> str:
    if evidence.valuation.discrepancy.empty:
        return words.SPREAD_NOT_SYSTEMATIC
    told = words.SPREAD_SYSTEMATIC + learned(evidence)
    if evidence.pooled:
        told += words.SPREAD_POOLED
    return told + words.SPREAD_SHRINKS


def _mostly_prior(evidence: Evidence) -> bool:
    """Whether so few forecasts have ended that the prior says how far off the next ones may be."""
    return int(_of_orders(evidence)["independent"]) < FEW_ORIGINS


def _of_orders(evidence: Evidence) -> dict[Any, Any]:
    return next(row for row in evidence.valuation.discrepancy.to_dict("records") if row["what"] == "orders")


def learned(evidence: Evidence) -> str:
    """What past forecasts of orders missed, and how wide the next ones may therefore be."""
    orders = _of_orders(evidence)
    errors, origins = int(orders["errors"]), int(orders["origins"])
    template = words.LEARNED_NOTHING if not errors else words.LEARNED_LITTLE if _mostly_prior(evidence) else words.LEARNED
    mean = float(np.expm1(orders["mean"]))
    direction = words.LEARNED_AS_FORESEEN if abs(mean) < 0.005 else words.LEARNED_ABOVE if mean > 0 else words.LEARNED_BELOW
    return template.format(
        errors=show(count(errors)),
        origins=show(count(origins)),
        direction=direction.format(mean=decimal(abs(mean) * 100, 0)),
        sd=decimal(float(orders["sd"]) * 100, 0),
        prior=decimal(float(orders["prior_sd"]) * 100, 0),
    )
