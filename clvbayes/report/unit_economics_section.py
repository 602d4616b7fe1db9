"""What a newcomer brings beside what it costs: ratio, payback, loss, and which channel is better than which."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtr

from clvbayes.report.blocks import Cell, Column, Interval, Note, Prose, Quantity, Section, Table
from clvbayes.report.evidence import Evidence, Floats, currency_of
from clvbayes.report.language import words
from clvbayes.report.levels import reported_levels
from clvbayes.report.newcomer_section import newcomers_finding
from clvbayes.report.numbers import decimal, money_format, probability, share, show
from clvbayes.valuation import NEVER

__all__ = ["better_than", "unit_economics"]

MOST_COMPARED = 8  # levels: a larger square is not read
CLEAR = 0.8


def unit_economics(evidence: Evidence) -> Section | None:
    """One table for all customers, one a reporting column with its square of comparisons; none without newcomers."""
    acquisition, currency = evidence.valuation.acquisition, currency_of(evidence)
    if not acquisition.newcomers:
        return None
    frame = acquisition.to_frame()
    if "acquisition_cost" not in frame:
        return Section(words.UNIT_ECONOMICS, (Prose(words.UNIT_NO_COST),))
    # rows of the frame stand in the order of columns and levels
    frame["half"] = np.concatenate([_half_paid(acquisition.payback[column]) for column in acquisition.newcomers])
    period, blocks, free = evidence.valuation.economics.period, [], []
    for column in ("", *evidence.by):
        rows = frame[frame["column"] == column].set_index("level", drop=False)
        if column:
            rows = rows.loc[[level.name for level in reported_levels(evidence, column) if not level.folded]]
        costly = rows[rows["acquisition_cost"] > 0]
        free += [] if column == "" else rows.loc[rows["acquisition_cost"] == 0, "level"].tolist()
        by = words.BY_COLUMN.format(column=column) if column else ""
        if len(costly):
            title = words.UNIT_TABLE.format(column=by) if by else words.UNIT_TABLE_ALL
            blocks.append(_table(title, costly, currency, period))
        if column and len(rows) > 1:
            blocks.append(_comparison(by, acquisition.newcomers[column].sel(level=rows.index.tolist())))
    notes = [words.UNIT_NOTE, words.BETTER_NOTE] + ([words.UNIT_FREE.format(levels=words.LIST.join(map(str, free)))] if free else [])
    return Section(words.UNIT_ECONOMICS, (*newcomers_finding(evidence), *blocks, *map(Note, notes)))


def _half_paid(payback: xr.DataArray) -> np.ndarray:
    """By level: period after acquisition by whose end half of the newcomers have earned back their cost; 0 where fewer ever do."""
    shares = payback.mean("draw").drop_sel(period=NEVER).transpose("level", "period").to_numpy()
    half = shares.cumsum(axis=1) >= 0.5 - 1e-12
    return np.where(half.any(axis=1), half.argmax(axis=1) + 1, 0)


def _table(title: str, frame: pd.DataFrame, currency: str, period: str) -> Table:
    scale, digits = money_format(frame[["not_yet_acquired", "acquisition_cost", "net"]].to_numpy().ravel().tolist())
    amounts = (words.COLUMN_NOT_YET, words.COLUMN_COST, words.COLUMN_NET)
    columns = (
        Column(words.COLUMN_LEVEL),
        *(Column(name, "number", unit=currency, scale=scale, digits=digits) for name in amounts),
        Column(words.COLUMN_RATIO_BAND, "interval", digits=2),
        Column(words.COLUMN_RATIO, "number", digits=2),
        Column(words.COLUMN_LOW, "number", digits=2),
        Column(words.COLUMN_HIGH, "number", digits=2),
        Column(words.COLUMN_HALF_PAID[period], "fact"),
        Column(words.COLUMN_P_NEVER, "share"),
        Column(words.COLUMN_P_LOSS, "fact"),
    )
    rows = tuple(map(_row, frame.to_dict("records")))
    return Table(title, columns, rows, _finding(frame), sortable=len(rows) > 1)


def _row(row: dict[Any, Any]) -> tuple[Cell, ...]:
    low, mean, high = _ratios(row)
    half: Cell = Quantity(float(row["half"])) if row["half"] else words.NOT_HALF
    name = str(row["level"]) if row["column"] else words.ALL_CUSTOMERS
    amounts = (float(row[key]) for key in ("not_yet_acquired", "acquisition_cost", "net"))
    return (name, *amounts, Interval(low, mean, high), mean, low, high, half, float(row["p_never"]), probability(float(row["p_loss"])))


def _ratios(row: dict[Any, Any]) -> tuple[float, float, float]:
    """Ends of the band and mean of value per unit of cost; costs are known, so that they only scale."""
    low, mean, high = (float(row[f"not_yet_acquired{end}"] / row["acquisition_cost"]) for end in ("_5", "", "_95"))
    return low, mean, high


def _finding(frame: pd.DataFrame) -> str:
    if len(frame) == 1:
        [row] = frame.to_dict("records")
        low, mean, high = (decimal(ratio, 2) for ratio in _ratios(row))
        return words.UNIT_FINDING_ONE.format(ratio=mean, band=f"{low}–{high}", never=show(share(float(row["p_never"]))))
    ratios = frame["not_yet_acquired"] / frame["acquisition_cost"]
    losing = int((ratios < 1).sum())
    template = words.UNIT_FINDING_SOME_LOSE if losing else words.UNIT_FINDING_ALL_EARN
    return template.format(
        levels=len(frame),
        losing=losing,
        first=ratios.idxmax(),
        best=decimal(float(ratios.max()), 2),
        last=ratios.idxmin(),
        worst=decimal(float(ratios.min()), 2),
    )


def better_than(newcomers: xr.DataArray) -> Floats:
    """Probability that a batch of newcomers of the row's level brings more on average, net of cost, than one of the column's.

    Given the parameters of a draw both averages are nearly normal and independent, with the noise of as many newcomers as were won in the
    last year; over the draws the probability is averaged.

    Parameters
    ----------
    newcomers : xarray.DataArray
        Dims ``(draw, level, moment)``, as `Acquisition.newcomers` has them, with costs.

    Returns
    -------
    ndarray of shape (levels, levels)
        Half where a level is compared with itself.
    """
    net = (newcomers.sel(moment="mean") - newcomers["acquisition_cost"]).transpose("draw", "level").to_numpy()
    noise = (newcomers.sel(moment="variance") / np.maximum(newcomers["won_last_year"], 1)).transpose("draw", "level").to_numpy()
    better = np.full((net.shape[1], net.shape[1]), 0.5)
    for row, column in zip(*np.triu_indices(net.shape[1], 1), strict=True):
        gap, sd = net[:, row] - net[:, column], np.sqrt(noise[:, row] + noise[:, column])
        certain = np.where(gap == 0, 0.5, gap > 0)
        better[row, column] = np.where(sd > 0, ndtr(gap / np.where(sd > 0, sd, 1.0)), certain).mean()
        better[column, row] = 1 - better[row, column]
    return better


def _comparison(by: str, newcomers: xr.DataArray) -> Table:
    """The square of probabilities, best level first, of those that won most customers."""
    levels = newcomers.sizes["level"]
    most = np.argsort(-newcomers["won_last_year"].to_numpy(), kind="stable")[:MOST_COMPARED]
    compared = newcomers.isel(level=most)
    net = (compared.sel(moment="mean").mean("draw") - compared["acquisition_cost"]).to_numpy()
    compared = compared.isel(level=np.argsort(-net, kind="stable"))
    names, better = [str(name) for name in compared["level"].to_numpy()], better_than(compared)
    columns = (
        Column(words.COLUMN_BETTER),
        *(Column(words.BETTER_THAN.format(place=place + 1), "fact") for place in range(len(names))),
    )
    rows = tuple(
        (
            words.BETTER_NAME.format(place=row + 1, level=name),
            *(words.NOT_COMPARED if row == column else probability(float(better[row, column])) for column in range(len(names))),
        )
        for row, name in enumerate(names)
    )
    rival = 1 + int(better[0, 1:].argmin())
    template = words.BETTER_CLEAR if better[0, rival] >= CLEAR else words.BETTER_UNCLEAR
    chance = probability(float(better[0, rival]))
    finding = template.format(best=names[0], rival=names[rival], chance=chance if isinstance(chance, str) else show(chance))
    if levels > len(names):
        finding += words.BETTER_MOST.format(shown=len(names), levels=levels)
    return Table(words.BETTER_TABLE.format(column=by), columns, rows, finding)
