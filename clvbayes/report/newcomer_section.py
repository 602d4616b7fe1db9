"""What one more customer would bring, and what winning one may cost."""

from typing import Any, NamedTuple

import pandas as pd

from clvbayes.report.blocks import Block, Cell, Column, Finding, Interval, Note, Section, Table
from clvbayes.report.evidence import Evidence, currency_of
from clvbayes.report.language import words
from clvbayes.report.levels import reported_levels
from clvbayes.report.numbers import money, money_alike, money_format, share, show

__all__ = ["Graded", "newcomers", "newcomers_finding", "newcomers_graded"]

NOTABLE_ERROR = 0.1


class Graded(NamedTuple):
    """What past forecasts of newcomers' revenue were off by, as a share of what came, and in how many of them its 90 % band held."""

    off: float
    held: int
    forecasts: int


def newcomers(evidence: Evidence) -> Section | None:
    """One table for all customers and one a reporting column; levels of few customers stand in none."""
    if not evidence.valuation.newcomers:
        return None
    frame = evidence.valuation.acquisition.to_frame()
    parts = [(words.NEWCOMERS_TABLE_ALL, words.WINNING_TABLE_ALL, frame[frame["column"] == ""])]
    for column in evidence.by:
        names = [level.name for level in reported_levels(evidence, column) if not level.folded]
        by = words.BY_COLUMN.format(column=column)
        of_column = frame[frame["column"] == column].set_index("level").reindex(names).reset_index()
        parts.append((words.NEWCOMERS_TABLE.format(column=by), words.WINNING_TABLE.format(column=by), of_column))
    currency, has_cost = currency_of(evidence), "acquisition_cost" in frame
    tables: list[Block] = []
    for brings, may_cost, rows in parts:
        if len(rows):
            tables += [_worth(rows, currency, brings, has_cost), _winning(rows, currency, may_cost)]
    per_contact = evidence.valuation.economics.conversion is not None
    ceiling = words.NEWCOMERS_CEILING_CONTACT if per_contact else words.NEWCOMERS_CEILING_CUSTOMER
    return Section(words.NEWCOMERS, (*newcomers_finding(evidence), *tables, Note(f"{words.NEWCOMERS_NOTE} {ceiling}")))


def newcomers_graded(evidence: Evidence) -> Graded | None:
    """How past forecasts of newcomers did; None where none was graded, or they were not much off."""
    past = None if evidence.backtest is None else evidence.backtest.total("new")
    if past is None or past.empty or not past["actual"].sum():
        return None
    off = float(past["mean"].sum() / past["actual"].sum()) - 1
    return Graded(off, int(past["held_90"].sum()), len(past)) if abs(off) >= NOTABLE_ERROR else None


def newcomers_finding(evidence: Evidence) -> tuple[Finding, ...]:
    """What a reader of any number of newcomers must know first."""
    graded = newcomers_graded(evidence)
    if graded is None:
        return ()
    template = words.NEWCOMERS_GRADED_HIGH if graded.off > 0 else words.NEWCOMERS_GRADED_LOW
    told = template.format(off=show(share(abs(graded.off))), held=graded.held, forecasts=graded.forecasts)
    return (Finding("note", told),)


def _worth(frame: pd.DataFrame, currency: str, title: str, has_cost: bool) -> Table:
    scale, digits = money_format(frame[["first_order", "just_acquired", "not_yet_acquired"]].to_numpy().ravel().tolist())

    def amount(name: str) -> Column:
        return Column(name, "number", unit=currency, scale=scale, digits=digits)

    columns = (
        Column(words.COLUMN_LEVEL),
        Column(words.COLUMN_WON, "number"),
        amount(words.COLUMN_FIRST_ORDER),
        amount(words.COLUMN_JUST_ACQUIRED),
        amount(words.COLUMN_NOT_YET),
        Column(words.COLUMN_NOT_YET_BAND, "interval", unit=currency, scale=scale, digits=digits),
        amount(words.COLUMN_LOW),
        amount(words.COLUMN_HIGH),
    )
    rows = []
    for row in frame.to_dict("records"):
        mean, low, high = (float(row[f"not_yet_acquired{end}"]) for end in ("", "_5", "_95"))
        first, later = float(row["first_order"]), float(row["just_acquired"])
        rows.append((_name(row), int(row["won_last_year"]), first, later, mean, Interval(low, mean, high), low, high))
    return Table(title, columns, tuple(rows), _finding(frame, currency, has_cost), sortable=len(rows) > 1)


def _winning(frame: pd.DataFrame, currency: str, title: str) -> Table:
    """What winning a customer may cost."""
    scale, digits = money_format(frame["ceiling"].tolist())
    names = ("ceiling", "cautious_ceiling")
    titles = (words.COLUMN_CEILING, words.COLUMN_CAUTIOUS)
    columns = (Column(words.COLUMN_LEVEL), *(Column(name, "number", unit=currency, scale=scale, digits=digits) for name in titles))
    rows: tuple[tuple[Cell, ...], ...] = tuple((_name(row), *(float(row[name]) for name in names)) for row in frame.to_dict("records"))
    least, most = money_alike((float(frame["cautious_ceiling"].min()), float(frame["cautious_ceiling"].max())), currency)
    finding = (
        words.WINNING_FINDING_ONE.format(amount=show(most))
        if len(rows) == 1
        else words.WINNING_FINDING.format(least=show(least), most=show(most))
    )
    return Table(title, columns, rows, finding, sortable=len(rows) > 1)


def _name(row: dict[Any, Any]) -> str:
    return words.ALL_CUSTOMERS if row["column"] == "" else str(row["level"])


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
