"""Whether forecasts of contracts held in the past: what a back-test of them found, in one sentence and a small table."""

import pandas as pd

from clvbayes.grading import LAST_YEAR
from clvbayes.report.backtest_sections import backtest_verdict, off_of_all, share_of_all, verdict_status
from clvbayes.report.blocks import Block, Cell, Column, Note, Prose, Section, Table
from clvbayes.report.graded import GradedModel
from clvbayes.report.language import day, translated, words
from clvbayes.report.numbers import share, show

__all__ = ["contract_grades", "contract_grades_section"]


def contract_grades(graded: GradedModel) -> tuple[Block, ...]:
    """How it was made, the verdict, the table, and what could not be graded."""
    found = graded.backtest
    origins = sorted(set(found.forecasts["origin"]))
    made = words.CONTRACTS_GRADED_MADE if len(origins) > 1 else words.CONTRACTS_GRADED_MADE_ONE
    told = made.format(origins=len(origins), first=day(origins[0]), last=day(origins[-1]), until=day(found.settings["until"]))
    told += words.BACKTEST_WIDENED if found.settings["widened"] else ""
    notes = [Note(translated(note)) for note in found.notes]
    return Prose(told), backtest_verdict(graded, section=words.CONTRACTS_GRADED), _table(graded), *notes


def contract_grades_section(graded: GradedModel) -> Section:
    """The same by itself."""
    return Section(words.CONTRACTS_GRADED, contract_grades(graded))


def _table(graded: GradedModel) -> Table:
    forecasts = graded.backtest.forecasts
    total = forecasts[forecasts["column"] == ""]
    rows: list[tuple[Cell, ...]] = []
    nearer = 0
    for verdict in graded.verdicts:
        alike = total[(total["measure"] == verdict.measure) & (total["weeks"] == verdict.weeks)]
        own, baseline = (alike[alike["model"] == model] for model in (graded.own, LAST_YEAR))
        nearer += _crps(own) <= _crps(baseline)
        rows.append(
            (
                words.MEASURES[verdict.measure],
                str(verdict.weeks),
                words.HELD_OF.format(held=int(own["held_90"].sum()), forecasts=len(own)),
                words.HELD_OF.format(held=verdict.held, forecasts=verdict.origins),
                verdict_status(verdict),
                off_of_all(own),
                share_of_all(_crps(own), 1),
                share_of_all(_crps(baseline), 1),
            )
        )
    columns = (
        Column(words.COLUMN_MEASURED),
        Column(words.COLUMN_WEEKS),
        Column(words.COLUMN_HELD),
        Column(words.COLUMN_HELD_APART),
        Column(words.COLUMN_STATUS, "status"),
        Column(words.COLUMN_OFF, "fact"),
        Column(words.COLUMN_CRPS, "fact"),
        Column(words.COLUMN_CRPS_LAST_YEAR, "fact"),
    )
    by_level = forecasts[(forecasts["column"] != "") & (forecasts["model"] == graded.own)]
    finding = words.CONTRACTS_GRADED_FINDING.format(nearer=nearer, rows=len(rows))
    if len(by_level):
        finding += words.CONTRACTS_GRADED_LEVELS.format(held=show(share(float(by_level["held_90"].mean()))), forecasts=len(by_level))
    return Table(words.CONTRACTS_GRADED, columns, tuple(rows), finding)


def _crps(own: pd.DataFrame) -> float:
    """Of all forecasts together, as a share of what happened."""
    actual = float(own["actual"].sum())
    return float(own["crps"].sum()) / actual if actual > 0 else float("nan")
