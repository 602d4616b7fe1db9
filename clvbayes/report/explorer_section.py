"""The plans at other budgets and aversions to risk, for a reader to move along."""

import numpy as np
import pandas as pd

from clvbayes.report.blocks import Cell, Column, Explorer, Note, Quantity, Scale, Section, Table
from clvbayes.report.evidence import Evidence, currency_of
from clvbayes.report.language import words
from clvbayes.report.numbers import money_alike, money_format, plain, plain_digits, probability, show

__all__ = ["explorer_section"]

WORTH = ("budget", "risk_aversion", "spend", "mean", "cvar", "p_loss", "p_better")  # columns before those of the measures


def explorer_section(evidence: Evidence) -> Section | None:
    """Every plan that was computed; none where no others were."""
    budgeted = evidence.budgeted
    if budgeted is None or budgeted.plan is None or budgeted.explored is None or budgeted.explored.empty:
        return None
    # Of no money, every share is the same budget.
    explored = budgeted.explored.drop_duplicates(["budget", "risk_aversion"])
    currency, tail = currency_of(evidence), words.PERCENT.format(number=plain(100 * (1 - budgeted.plan.level)))
    chosen = _nearest(explored, budgeted.plan.budget, budgeted.plan.risk_aversion)
    explorer = Explorer(
        title=words.EXPLORER,
        finding=_what_budgets_bring(explored[explored["risk_aversion"] == chosen[1]], currency),
        table=_all_plans(explored, currency, tail),
        budgets=_ascending(explored["budget"]),
        risk_aversions=_ascending(explored["risk_aversion"]),
        chosen=chosen,
        measures=len(explored.columns) - len(WORTH),
    )
    return Section(words.EXPLORER, (explorer, Note(words.EXPLORER_NOTE.format(tail=tail))))


def _ascending(values: pd.Series) -> tuple[float, ...]:
    return tuple(float(value) for value in np.unique(values))


def _nearest(explored: pd.DataFrame, budget: float, risk_aversion: float) -> tuple[float, float]:
    """Of the plans whose budget is nearest, the one whose aversion to risk is."""
    pairs = explored[["budget", "risk_aversion"]].astype(float).itertuples(index=False, name=None)
    return min(pairs, key=lambda pair: (abs(pair[0] - budget), abs(pair[1] - risk_aversion)))


def _what_budgets_bring(alike: pd.DataFrame, currency: str) -> str:
    """Least and most budget beside each other, at one aversion to risk."""
    by_budget = alike.sort_values("budget")
    least, most = by_budget.iloc[0], by_budget.iloc[-1]
    low, high = (show(amount) for amount in money_alike((least["mean"], most["mean"]), currency))
    scale, digits = _budget_format(by_budget["budget"])
    small, large = (show(Quantity(float(row["budget"]), unit=currency, scale=scale, digits=digits)) for row in (least, most))
    if len(by_budget) == 1:
        return words.EXPLORER_FINDING_ONE.format(budget=small, mean=low)
    return words.EXPLORER_FINDING.format(aversion=plain(least["risk_aversion"]), least=small, low=low, most=large, high=high)


def _budget_format(budgets: pd.Series) -> tuple[Scale, int]:
    """Budgets are settings, which are told in full."""
    scale, _ = money_format(budgets.tolist())
    return scale, max(plain_digits(budget / scale) for budget in budgets)


def _all_plans(explored: pd.DataFrame, currency: str, tail: str) -> Table:
    measures = list(map(str, explored.columns[len(WORTH) :]))
    values = explored.to_numpy(dtype=float)
    scale, digits = money_format(np.delete(values, [1, 5, 6], axis=1).ravel().tolist())

    def amount(title: str) -> Column:
        return Column(title, "number", unit=currency, scale=scale, digits=digits)

    budget_scale, budget_digits = _budget_format(explored["budget"])
    columns = (
        Column(words.COLUMN_BUDGET, "number", unit=currency, scale=budget_scale, digits=budget_digits),
        Column(words.COLUMN_RISK_AVERSION, "number", digits=max(map(plain_digits, values[:, 1]))),
        amount(words.COLUMN_SPEND),
        amount(words.COLUMN_PROFIT),
        amount(words.COLUMN_WORST.format(tail=tail)),
        Column(words.COLUMN_LOSS, "fact"),
        Column(words.COLUMN_BETTER_THAN_TODAY, "fact"),
        *map(amount, measures),
    )
    rows: list[tuple[Cell, ...]] = []
    for budget, aversion, spend, mean, cvar, loss, better, *spends in values.tolist():
        rows.append(
            (
                budget,
                aversion,
                spend,
                mean,
                cvar,
                probability(loss),
                probability(better),
                *spends,
            )
        )
    return Table(words.EXPLORER_TABLE, columns, tuple(rows), sortable=len(rows) > 1)
