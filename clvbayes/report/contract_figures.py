"""Pictures of contracts: how many survive their renewals, and the way of recurring revenue from today to a year ahead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from clvbayes.report.cohort_figures import panels_in_row
from clvbayes.report.evidence import Floats
from clvbayes.report.figures import BANDS, BLUE, GREY, INK, SLATE, STYLE, money_axis, svg_text, tell_between
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_format, share, show, show_range, unit_label
from clvbayes.valuation import ContractBook, Retention

__all__ = [
    "MOST_PANELS",
    "CohortRetention",
    "Step",
    "Survivors",
    "bridge_bars",
    "bridge_steps",
    "draw_bridge",
    "retention_panels",
    "survival_panels",
]

MOST_PANELS = 3
FAINT = "#e7e4dc"  # beside blue, of what is not ahead
WIDTH = 10.8


@dataclass(frozen=True)
class Survivors:
    """One panel: what was seen after each decision, from zero on, and what the model says, dims ``(draw, decision)``."""

    title: str
    seen: Floats
    draws: Floats


@dataclass(frozen=True)
class CohortRetention:
    """One panel: what is known of the contracts signed in one year, or in some."""

    title: str
    retention: Retention


@dataclass(frozen=True)
class Step:
    """One bar of a bridge, of `low` to `high` in 90 % of the draws; it stands on what the bars before it leave, unless it is `whole`."""

    label: str
    mean: float
    low: float
    high: float
    whole: bool


def survival_panels(panels: Sequence[Survivors]) -> str:
    """Share of contracts that survive so many renewal decisions, one panel a term: bands of the model, and points of what was seen.

    Parameters
    ----------
    panels : sequence of Survivors

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-survival"}]):
        figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
        for k, panel in enumerate(panels):
            axes = figure.add_subplot(1, len(panels), k + 1)
            decisions = np.arange(panel.draws.shape[1])
            for level, color in BANDS:
                low, high = np.quantile(panel.draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
                axes.fill_between(decisions, low, high, color=color, linewidth=0)
            axes.plot(decisions, np.median(panel.draws, axis=0), color=BLUE, linewidth=1.4)
            axes.plot(np.arange(len(panel.seen)), panel.seen, color=INK, linewidth=0, marker="o", markersize=3.2)
            axes.set_ylim(0, 1.03)
            axes.set_xlim(0, max(len(decisions) - 1, 1))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.PERCENT.format(number=decimal(100 * value, 0))))
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.set_title(panel.title, fontsize=8.5, loc="left")
            axes.set_xlabel(words.AXIS_DECISIONS)
            if k == 0:
                axes.set_ylabel(words.AXIS_SURVIVING)
        handles = [
            Line2D([], [], color=INK, linewidth=0, marker="o", markersize=3.2, label=words.SURVIVAL_SEEN),
            Line2D([], [], color=BLUE, linewidth=1.4, label=words.SURVIVAL_MEDIAN),
            *(Patch(color=color, label=words.PERCENT.format(number=decimal(100 * level, 0))) for level, color in BANDS),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
        return svg_text(figure)


def retention_panels(panels: Sequence[CohortRetention]) -> str:
    """Share of the contracts of each cohort that are left, by years since their signing: seen, beside the model's band, then a fan.

    Parameters
    ----------
    panels : sequence of CohortRetention

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-retention"}]):
        columns = panels_in_row(len(panels))
        rows = -(-len(panels) // columns)
        figure = Figure(figsize=(WIDTH, 0.8 + 1.95 * rows), layout="constrained")
        for k, panel in enumerate(panels):
            axes = figure.add_subplot(rows, columns, k + 1)
            _draw_retention(axes, panel.retention)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.PERCENT.format(number=decimal(100 * value, 0))))
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.set_title(panel.title, fontsize=8.5, loc="left")
            if k + columns >= len(panels):
                axes.set_xlabel(words.AXIS_YEARS_SIGNED)
        figure.supylabel(words.AXIS_SURVIVING, fontsize=8.5)
        handles = [
            Line2D([], [], color=INK, linewidth=1.6, label=words.SURVIVAL_SEEN),
            Patch(color=FAINT, label=words.RETENTION_MODEL),
            Line2D([], [], color=BLUE, linewidth=1.4, label=words.RETENTION_AHEAD),
            *(Patch(color=color, label=words.BAND.format(percent=round(100 * level))) for level, color in reversed(BANDS)),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
        return svg_text(figure)


def _draw_retention(axes: Axes, known: Retention) -> None:
    years = known.months / 12
    seen, ahead = ~np.isnan(known.seen), ~np.isnan(known.ahead[0])
    low, high = np.quantile(known.drawn_anew[:, seen], [0.05, 0.95], axis=0)
    axes.fill_between(years[seen], low, high, step="post", color=FAINT, linewidth=0)
    for level, color in BANDS:
        low, high = np.quantile(known.ahead[:, ahead], [(1 - level) / 2, (1 + level) / 2], axis=0)
        axes.fill_between(years[ahead], low, high, step="post", color=color, linewidth=0)
    axes.step(years[ahead], np.median(known.ahead[:, ahead], axis=0), where="post", color=BLUE, linewidth=1.4)
    axes.step(years[seen], known.seen[seen], where="post", color=INK, linewidth=1.6)
    axes.set_ylim(0, 1.03)
    axes.set_xlim(years[0], years[seen | ahead][-1])
    for place in np.flatnonzero((seen | ahead) & (known.months % 3 == 0)):
        tell_between(axes, years[place] - 0.125, years[place] + 0.125, _told_of_age(known, int(place)))


def _told_of_age(known: Retention, place: int) -> str:
    lines = [words.RETENTION_AGE.format(years=decimal(known.months[place] / 12, 2))]
    if not np.isnan(known.seen[place]):
        lines.append(words.TIP_LINE.format(label=words.SURVIVAL_SEEN, value=show(share(float(known.seen[place])))))
    for label, draws in ((words.RETENTION_MODEL, known.drawn_anew[:, place]), (words.RETENTION_AHEAD, known.ahead[:, place])):
        if not np.isnan(draws[0]):
            low, median, high = (share(float(end)) for end in np.quantile(draws, [0.05, 0.5, 0.95]))
            if label == words.RETENTION_AHEAD:
                lines.append(words.TIP_LINE.format(label=label, value=show(median)))
                label = words.BAND.format(percent=90)
            lines.append(words.TIP_LINE.format(label=label, value=show_range(low, high)))
    return "\n".join(lines)


def bridge_bars(steps: Sequence[Step], *, currency: str) -> str:
    """Recurring revenue today, what is added and lost within a year, and what is left, each with its 90 % band.

    Parameters
    ----------
    steps : sequence of Step
    currency : str

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-bridge"}]):
        figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
        draw_bridge(figure.add_subplot(), steps, currency=currency)
        return svg_text(figure)


def draw_bridge(axes: Axes, steps: Sequence[Step], *, currency: str) -> None:
    """The bars of a bridge on given axes."""
    reached, tops = 0.0, [0.0]
    for place, step in enumerate(steps):
        base = 0.0 if step.whole else reached
        color = BLUE if step.whole else SLATE
        axes.bar(place, step.mean, bottom=base, width=0.6, color=color, linewidth=0)
        if step.high > step.low:
            axes.vlines(place, base + step.low, base + step.high, color=INK, linewidth=1.1)
            axes.hlines([base + step.low, base + step.high], place - 0.07, place + 0.07, color=INK, linewidth=1.1)
        if place:
            axes.hlines(reached, place - 0.7, place - 0.3, color=GREY, linewidth=0.8, linestyle=":")
        reached = base + step.mean
        tops += [base + step.high, reached, base]
    axes.set_xticks(range(len(steps)), [step.label for step in steps])
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1.06 * max(tops) if max(tops) > 0 else 1.0)
    scale, _ = money_format(tops)
    money_axis(axes, words.AXIS_RECURRING, unit_label(currency, scale), scale)


def bridge_steps(book: ContractBook) -> list[Step]:
    """The way of recurring revenue from today to a year ahead."""
    items, steps = book.bridge.sum("term"), []
    for item, label in words.BRIDGE_STEPS.items():
        draws = np.asarray(items.sel(item=item))
        low, high = (float(end) for end in np.quantile(draws, [0.05, 0.95]))
        steps.append(Step(label, float(draws.mean()), low, high, item in ("today", "year_ahead")))
    return steps
