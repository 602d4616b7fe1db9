"""How low the value may be, which levels add to that, and how much of it evens out between them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.decisions.risk import Estimate, contributions, cvar, prob_below, value_at_risk
from clvbayes.report.blocks import Block, Cell, Column, Figure, Note, Prose, Section, Table
from clvbayes.report.evidence import Evidence, Floats, currency_of, draws_of
from clvbayes.report.language import words
from clvbayes.report.levels import Level, reported_levels
from clvbayes.report.numbers import money, money_alike, money_format, share, share_digits, show
from clvbayes.report.risk_figures import MOST_BARS, Pair, share_bars

__all__ = ["risk_section"]

LEVEL = 0.95
FALL = 0.1  # of the mean
EVEN = 0.01


@dataclass(frozen=True)
class _Risk:
    """The lower tail of one total."""

    name: str
    folded: bool
    mean: float
    at_risk: float
    tail: Estimate
    p_fall: Estimate

    @property
    def fall(self) -> float:
        """How far the mean of the worst cases lies below the mean, as a share of it."""
        return (self.mean - self.tail.value) / self.mean if self.mean > 0 else 0.0


def risk_section(evidence: Evidence) -> Section:
    """The tail of the total and of every level, then what the levels add to the tail of the total."""
    currency, whole = currency_of(evidence), draws_of(evidence, "value").sum(axis=1)
    everyone = _risk(words.ALL_CUSTOMERS, whole, folded=False)
    at_risk = value_at_risk(whole, LEVEL)
    error = words.RISK_ERROR.format(error=show(money(at_risk.error, currency)))
    blocks: list[Block] = [_tails(words.RISK_TABLE_ALL, [everyone], everyone, currency), Prose(error)]
    for column in evidence.by:
        levels = reported_levels(evidence, column)
        if len(levels) == 1:
            continue
        parts = _parts(levels, whole)
        by = words.BY_COLUMN.format(column=column)
        tails = [_risk(level.name, level.value, folded=level.folded > 0) for level in levels]
        blocks += [
            _figure(column, levels, parts, everyone),
            _contributions(words.PARTS_TABLE.format(column=by), levels, parts, everyone, currency),
            _tails(words.RISK_TABLE.format(column=by), tails, everyone, currency),
        ]
    return Section(words.RISK, (*blocks, Note(words.RISK_NOTE)))


def _risk(name: str, value: Floats, *, folded: bool) -> _Risk:
    mean = float(value.mean())
    return _Risk(
        name, folded, mean, float(np.quantile(value, round(1 - LEVEL, 12))), cvar(value, LEVEL), prob_below(value, mean - FALL * abs(mean))
    )


def _parts(levels: tuple[Level, ...], whole: Floats) -> pd.DataFrame:
    """Of each level, in their order: what `contributions` says, shares of value and of the fall, and betas."""
    values = np.stack([level.value for level in levels], axis=1)
    parts = contributions(xr.DataArray(values, dims=("draw", "level")), LEVEL)
    mean, fall = float(parts["mean"].sum()), float((parts["mean"] - parts["contribution"]).sum())
    variance = float(whole.var())
    parts["share"] = parts["mean"] / mean if mean > 0 else 0.0
    parts["share_of_fall"] = (parts["mean"] - parts["contribution"]) / fall if fall > 0 else 0.0
    parts["beta"] = (values - values.mean(axis=0)).T @ (whole - whole.mean()) / len(whole) / variance if variance > 0 else 0.0
    parts["moves"] = (parts["beta"] / parts["share"].where(parts["share"] > 0)).fillna(0.0)
    return parts


def _tails(title: str, risks: list[_Risk], everyone: _Risk, currency: str) -> Table:
    scale, digits = money_format([risk.mean for risk in risks])

    def amount(name: str) -> Column:
        return Column(name, "number", unit=currency, scale=scale, digits=digits)

    columns = (
        Column(words.COLUMN_SPREAD_OF if len(risks) == 1 else words.COLUMN_LEVEL),
        amount(words.COLUMN_RISK_MEAN),
        amount(words.COLUMN_VALUE_AT_RISK),
        amount(words.COLUMN_CVAR),
        Column(words.COLUMN_ERROR, "number", unit=currency, scale=scale, digits=digits + 1),
        Column(words.COLUMN_BELOW_MEAN, "share", digits=share_digits([risk.fall for risk in risks])),
        Column(words.COLUMN_P_FALL, "share", digits=share_digits([risk.p_fall.value for risk in risks])),
        Column(words.COLUMN_P_ERROR, "share", digits=1),
    )
    rows = tuple(map(_cells, risks))
    if len(risks) == 1:
        return Table(title, columns, rows, _finding_of_all(everyone, currency))
    return Table(title, columns, rows, _finding(risks), _cells(everyone), sortable=True)


def _cells(risk: _Risk) -> tuple[Cell, ...]:
    return (risk.name, risk.mean, risk.at_risk, *risk.tail, risk.fall, *risk.p_fall)


def _finding_of_all(everyone: _Risk, currency: str) -> str:
    if everyone.mean <= 0:
        return words.RISK_FINDING_NONE
    tail, mean = (show(amount) for amount in money_alike((everyone.tail.value, everyone.mean), currency))
    return words.RISK_FINDING_ALL.format(cvar=tail, mean=mean, fall=show(share(everyone.fall)), chance=show(share(everyone.p_fall.value)))


def _finding(risks: list[_Risk]) -> str:
    valued = [risk for risk in risks if risk.mean > 0 and not risk.folded]
    if not valued:
        return words.RISK_FINDING_NONE
    deepest, steadiest = max(valued, key=lambda risk: risk.fall), min(valued, key=lambda risk: risk.fall)
    fall = show(share(deepest.fall))
    if len(valued) == 1:
        return words.RISK_FINDING_ONE.format(level=deepest.name, fall=fall)
    if deepest.fall - steadiest.fall < EVEN:
        return words.RISK_FINDING_ALIKE.format(fall=fall)
    return words.RISK_FINDING.format(deepest=deepest.name, fall=fall, steadiest=steadiest.name, least=show(share(steadiest.fall)))


def _contributions(title: str, levels: tuple[Level, ...], parts: pd.DataFrame, everyone: _Risk, currency: str) -> Table:
    scale, digits = money_format([*parts["mean"], *parts["contribution"]])

    def amount(name: str, more: int = 0) -> Column:
        return Column(name, "number", unit=currency, scale=scale, digits=digits + more)

    columns = (
        Column(words.COLUMN_LEVEL),
        amount(words.COLUMN_RISK_MEAN),
        Column(words.COLUMN_SHARE_OF_VALUE, "share", digits=1),
        amount(words.COLUMN_CONTRIBUTION),
        amount(words.COLUMN_ERROR, 1),
        Column(words.COLUMN_SHARE_FALL, "share", digits=1),
        amount(words.COLUMN_ALONE),
        amount(words.COLUMN_DIVERSIFIES),
        Column(words.COLUMN_BETA, "number", digits=3),
        Column(words.COLUMN_MOVES, "number", digits=2),
    )
    names = ["mean", "share", "contribution", "error", "share_of_fall", "cvar", "diversified", "beta"]
    numbers = parts[[*names, "moves"]].to_numpy(dtype=float).tolist()
    rows: tuple[tuple[Cell, ...], ...] = tuple((level.name, *found) for level, found in zip(levels, numbers, strict=True))
    sums = parts[names].sum()
    sums["error"] = everyone.tail.error
    foot: tuple[Cell, ...] = (words.PARTS_SUM, *map(float, sums), float(sums["beta"]))
    return Table(title, columns, rows, _contributions_finding(levels, parts, currency), foot, sortable=True)


def _contributions_finding(levels: tuple[Level, ...], parts: pd.DataFrame, currency: str) -> str:
    if not parts["share_of_fall"].any():
        return words.PARTS_FINDING_NONE
    most = int(parts["share_of_fall"].to_numpy().argmax())
    alone, diversified = float((parts["mean"] - parts["cvar"]).sum()), float(parts["diversified"].sum())
    return words.PARTS_FINDING.format(
        level=levels[most].name,
        fall=show(share(float(parts["share_of_fall"].iloc[most]))),
        share=show(share(float(parts["share"].iloc[most]))),
        alone=show(money(alone, currency)),
        diversified=show(share(diversified / alone)),
    )


def _figure(column: str, levels: tuple[Level, ...], parts: pd.DataFrame, everyone: _Risk) -> Figure:
    """Shares of value and of the fall, of the largest levels; of the rest in words."""
    pairs = [
        Pair(level.name, float(held), float(carried))
        for level, held, carried in zip(levels, parts["share"], parts["share_of_fall"], strict=True)
    ]
    caption = words.RISK_FIGURE_CAPTION
    if len(pairs) > MOST_BARS:
        shown = sorted(range(len(pairs)), key=lambda place: (levels[place].folded > 0, place))[:MOST_BARS]
        rest = [pair for place, pair in enumerate(pairs) if place not in shown]
        sums = (sum(pair.value for pair in rest), sum(pair.fall for pair in rest))
        value, fall = (show(share(part)) for part in sums)
        # in words: drawn to scale, so many together would leave no room for the others
        caption += words.RISK_FIGURE_CAPTION_REST.format(shown=MOST_BARS, levels=len(rest), value=value, fall=fall)
        pairs = [pairs[place] for place in shown]
    most = max(pairs, key=lambda pair: pair.fall - pair.value)
    finding = words.RISK_FIGURE_FINDING_EVEN
    if everyone.mean <= 0 or not parts["share_of_fall"].any():
        finding = words.PARTS_FINDING_NONE
    elif most.fall - most.value > EVEN:
        finding = words.RISK_FIGURE_FINDING.format(level=most.label, fall=show(share(most.fall)), share=show(share(most.value)))
    title = words.RISK_FIGURE.format(column=words.BY_COLUMN.format(column=column))
    return Figure(title, words.RISK_FIGURE_ALT.format(finding=finding), share_bars(pairs), finding, caption)
