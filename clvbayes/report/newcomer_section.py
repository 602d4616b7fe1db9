"""What one more customer would bring, and what winning one may cost."""

from typing import Any

import pandas as pd

from clvbayes.report import prose_en as words
from clvbayes.report.blocks import Block, Cell, Column, Interval, Note, Section, Table
from clvbayes.report.evidence import Evidence, currency_of
from clvbayes.report.levels import reported_levels
from clvbayes.report.numbers import money, money_alike, money_format, share, show

__all__ = ["newcomers"]


def newcomers(evidence: Evidence) -> Section | None:
    """One table for all customers and one a reporting column; levels of few customers stand in none."""
    if not evidence.valuation.newcomers:
        return None
    frame = evidence.valuation.acquisition.to_frame()
    tables: list[Block] = [_table(evidence, frame[frame["column"] == ""], words.NEWCOMERS_TABLE_ALL)]
    for column in evidence.by:
        names = [level.name for level in reported_levels(evidence, column) if not level.folded]
        of_column = frame[frame["column"] == column].set_index("level").reindex(names).reset_index()
        if len(of_column):
            tables.append(_table(evidence, of_column, words.NEWCOMERS_TABLE.format(column=words.SEGMENT_TABLE.format(column=column))))
    per_contact = evidence.valuation.economics.conversion is not None
    ceiling = words.NEWCOMERS_CEILING_CONTACT if per_contact else words.NEWCOMERS_CEILING_CUSTOMER
    return Section(words.NEWCOMERS, (*tables, Note(f"{words.NEWCOMERS_NOTE} {ceiling}")))


def _table(evidence: Evidence, frame: pd.DataFrame, title: str) -> Table:
    currency, has_cost = currency_of(evidence), "acquisition_cost" in frame
    amounts = ["first_order", "just_acquired", "not_yet_acquired"]
    scale, digits = money_format(frame[amounts].to_numpy().ravel().tolist())
    ceiling_scale, ceiling_digits = money_format(frame["ceiling"].tolist())

    def amount(title: str) -> Column:
        return Column(title, "number", unit=currency, scale=scale, digits=digits)

    def ceiling(title: str) -> Column:
        return Column(title, "number", unit=currency, scale=ceiling_scale, digits=ceiling_digits)

    columns = [
        Column(words.COLUMN_LEVEL),
        Column(words.COLUMN_WON, "number"),
        amount(words.COLUMN_FIRST_ORDER),
        amount(words.COLUMN_JUST_ACQUIRED),
        amount(words.COLUMN_NOT_YET),
        Column(words.COLUMN_NOT_YET_BAND, "interval", unit=currency, scale=scale, digits=digits),
        amount(words.COLUMN_LOW),
        amount(words.COLUMN_HIGH),
        ceiling(words.COLUMN_CEILING),
        ceiling(words.COLUMN_CAUTIOUS),
    ]
    if has_cost:
        columns += [
            amount(words.COLUMN_COST),
            amount(words.COLUMN_NET),
            Column(words.COLUMN_P_LOSS, "share"),
            Column(words.COLUMN_P_NEVER, "share"),
        ]
    rows = tuple(_row(row, has_cost) for row in frame.to_dict("records"))
    return Table(title, tuple(columns), rows, _finding(frame, currency, has_cost), sortable=len(rows) > 1)


def _row(row: dict[Any, Any], has_cost: bool) -> tuple[Cell, ...]:
    number = {name: float(value) for name, value in row.items() if isinstance(value, float | int)}
    low, high, mean = number["not_yet_acquired_5"], number["not_yet_acquired_95"], number["not_yet_acquired"]
    level = words.ALL_CUSTOMERS if row["column"] == "" else str(row["level"])
    cells: tuple[Cell, ...] = (level, int(number["won_last_year"]), number["first_order"], number["just_acquired"], mean)
    cells = (*cells, Interval(low, mean, high), low, high, number["ceiling"], number["cautious_ceiling"])
    return (*cells, *(number[name] for name in ("acquisition_cost", "net", "p_loss", "p_never"))) if has_cost else cells


def _finding(frame: pd.DataFrame, currency: str, has_cost: bool) -> str:
    if len(frame) > 1:
        best = frame.iloc[int((frame["net"] if has_cost else frame["not_yet_acquired"]).argmax())]
        template = words.NEWCOMERS_BEST_NET if has_cost else words.NEWCOMERS_BEST
        return template.format(level=best["level"], amount=show(money(float(best["net" if has_cost else "not_yet_acquired"]), currency)))
    row = frame.iloc[0]
    if row["column"] != "":
        return words.NEWCOMERS_ONE_LEVEL.format(level=row["level"], amount=show(money(float(row["not_yet_acquired"]), currency)))
    if has_cost:
        mean, cost, net = money_alike((row["not_yet_acquired"], row["acquisition_cost"], row["net"]), currency)
        never = show(share(float(row["p_never"])))
        return words.NEWCOMERS_FINDING_COST.format(mean=show(mean), cost=show(cost), net=show(net), never=never)
    names = ("not_yet_acquired", "not_yet_acquired_5", "not_yet_acquired_95", "first_order")
    told = [show(amount) for amount in money_alike((row[name] for name in names), currency)]
    return words.NEWCOMERS_FINDING.format(mean=told[0], low=told[1], high=told[2], first=told[3])
