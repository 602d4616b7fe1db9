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

from clvbayes.report.evidence import Floats
from clvbayes.report.figures import BANDS, BLUE, GREY, INK, SLATE, STYLE, money_axis, svg_text
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_format, unit_label
from clvbayes.valuation import ContractBook

__all__ = ["MOST_PANELS", "Step", "Survivors", "bridge_bars", "bridge_steps", "draw_bridge", "survival_panels"]

MOST_PANELS = 3
WIDTH = 10.8


@dataclass(frozen=True)
class Survivors:
    """One panel: what was seen after each decision, from zero on, and what the model says, dims ``(draw, decision)``."""

    title: str
    seen: Floats
    draws: Floats


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
