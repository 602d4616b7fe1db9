"""Pictures of a plan: money by measure, and what safety costs."""

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from clvbayes.decisions import Plan
from clvbayes.report.figures import BANDS, BLUE, GREY, INK, SIZE, STYLE, money_axis, svg_text
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_format, plain, unit_label

__all__ = ["MOST_BARS", "frontier_chart", "spend_bars"]

MOST_BARS = 12
LONGEST_NAME = 28
LIGHT = BANDS[1][1]


def spend_bars(plan: Plan, *, currency: str) -> str:
    """Today's spend and the plan's, those that the plan spends most on first.

    Returns
    -------
    str
        SVG text.
    """
    shown = plan.measures.sort_values("plan", ascending=False, kind="stable").head(MOST_BARS)[::-1]
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-plan"}]):
        figure = Figure(figsize=(SIZE[0], max(SIZE[1], 0.36 * len(shown) + 1.1)), layout="constrained")
        axes = figure.add_subplot()
        place = np.arange(len(shown))
        axes.barh(place - 0.19, shown["current"], height=0.34, color=LIGHT, linewidth=0)
        axes.barh(place + 0.19, shown["plan"], height=0.34, color=BLUE, linewidth=0)
        axes.hlines(place + 0.19, shown["lower"], shown["upper"], color=INK, linewidth=1.6)
        axes.set_yticks(place, [_short(str(name)) for name in shown.index])
        axes.tick_params(axis="y", length=0)
        scale, _ = money_format(shown[["current", "plan"]].to_numpy().ravel().tolist())
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        digits = 0 if float(shown[["current", "plan"]].to_numpy().max(initial=0.0)) / scale >= 10 else 1
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value / scale, digits)))
        axes.set_xlabel(unit_label(currency, scale) or words.COLUMN_SPEND)
        lines = [
            Line2D([], [], color=color, linewidth=6, label=label)
            for color, label in ((BLUE, words.COLUMN_PLAN), (LIGHT, words.COLUMN_TODAY))
        ]
        figure.legend(handles=lines, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return svg_text(figure)


def frontier_chart(plan: Plan, *, currency: str) -> str:
    """Efficient plans by mean profit and the mean of their worst cases, with the alternatives.

    Returns
    -------
    str
        SVG text.
    """
    frontier, told = plan.frontier, {name: plan.comparison[name].to_dict() for name in ("mean", "cvar")}
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-frontier"}]):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        axes.plot(frontier["cvar"], frontier["mean"], color=BLUE, linewidth=1.5, marker="o", markersize=4, label=words.FRONTIER_LINE)
        for end, offset in ((frontier.iloc[0], (5, 4)), (frontier.iloc[-1], (5, -10))):
            axes.annotate(
                plain(end["risk_aversion"]), (end["cvar"], end["mean"]), xytext=offset, textcoords="offset points", fontsize=8, color=GREY
            )
        marks = {"plan": ("D", BLUE, words.FRONTIER_PLAN), "current": ("s", INK, words.COMPARISON_NAMES["current"])}
        marks["proportional"] = ("^", GREY, words.COMPARISON_NAMES["proportional"])
        for name, (marker, color, label) in marks.items():
            axes.plot(told["cvar"][name], told["mean"][name], marker=marker, color=color, markersize=7, linestyle="", label=label)
        values = [*frontier["cvar"], *frontier["mean"], *told["cvar"].values(), *told["mean"].values()]
        scale, _ = money_format(values)
        unit = unit_label(currency, scale)
        money_axis(axes, words.AXIS_PROFIT, unit, scale)
        label = words.AXIS_WORST.format(tail=words.PERCENT.format(number=plain(100 * (1 - plan.level))))
        axes.set_xlabel(words.AXIS_WITH_UNIT.format(label=label, unit=unit) if unit else label)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        ticks = np.diff(axes.get_xticks())
        digits = 0 if ticks.size == 0 or ticks[0] / scale >= 1 else 1 if ticks[0] / scale >= 0.1 else 2
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value / scale, digits)))
        axes.margins(0.12)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return svg_text(figure)


def _short(name: str) -> str:
    clean = " ".join(name.split())
    return clean if len(clean) <= LONGEST_NAME else clean[: LONGEST_NAME - 1] + "…"
