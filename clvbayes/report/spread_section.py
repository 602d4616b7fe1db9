"""Why the bands are as wide as they are: chance, parameters, and what moves all customers at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clvbayes.report.blocks import Block, Cell, Column, Note, Prose, Section, Table
from clvbayes.report.evidence import Evidence, currency_of
from clvbayes.report.language import words
from clvbayes.report.levels import reported_levels
from clvbayes.report.numbers import count, decimal, money_format, share, share_digits, show

__all__ = ["learned", "learned_of_contracts", "missed_of", "spread_section"]

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
    of_orders, of_contracts = learned(evidence), learned_of_contracts(evidence)
    if not (of_orders or of_contracts):
        return words.SPREAD_NOT_SYSTEMATIC
    if not of_orders and evidence.customers is not None:
        of_orders = words.SPREAD_NOT_OF_ORDERS
    if not of_contracts and evidence.contracts is not None:
        of_contracts = words.SPREAD_NOT_OF_CONTRACTS
    return words.SPREAD_SYSTEMATIC + of_orders + (words.SPREAD_POOLED if evidence.pooled else "") + of_contracts + words.SPREAD_SHRINKS


def missed_of(evidence: Evidence, what: str) -> dict[Any, Any] | None:
    """A row of the valuation's discrepancy; None where nothing was learned of it."""
    return next((row for row in evidence.valuation.discrepancy.to_dict("records") if row["what"] == what), None)


def learned(evidence: Evidence) -> str:
    """What past forecasts of orders missed, and how wide the next ones may therefore be."""
    orders = missed_of(evidence, "orders")
    return "" if orders is None else _template(orders, words.LEARNED).format(**_learned(orders, words.LEARNED_DIRECTION))


def learned_of_contracts(evidence: Evidence) -> str:
    """The same of contracts."""
    lost, amounts = missed_of(evidence, "contracts lost"), missed_of(evidence, "amount of contracts")
    if lost is None or amounts is None:
        return ""
    of_amounts = {f"amount_{name}": told for name, told in _learned(amounts, words.LEARNED_AMOUNTS_DIRECTION).items()}
    return _template(lost, words.LEARNED_CONTRACTS).format(**_learned(lost, words.LEARNED_CONTRACTS_DIRECTION), **of_amounts)


def _template(row: Mapping[Any, Any], templates: tuple[str, str, str]) -> str:
    """Of nothing, of so little that the prior says how far off the next forecasts may be, and of enough."""
    nothing, little, enough = templates
    return nothing if not int(row["errors"]) else little if int(row["independent"]) < FEW_ORIGINS else enough


def _learned(row: Mapping[Any, Any], directions: tuple[str, str, str]) -> dict[str, str]:
    as_foreseen, above, below = directions
    mean = float(np.expm1(row["mean"]))
    direction = as_foreseen if abs(mean) < 0.005 else above if mean > 0 else below
    return {
        "errors": show(count(int(row["errors"]))),
        "origins": show(count(int(row["origins"]))),
        "direction": direction.format(mean=decimal(abs(mean) * 100, 0)),
        "sd": decimal(float(row["sd"]) * 100, 0),
        "prior": decimal(float(row["prior_sd"]) * 100, 0),
    }
