"""Pictures of a plan: money by measure, and what safety costs."""

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from clvbayes.decisions import Plan
from clvbayes.report.figures import BANDS, BLUE, GREY, INK, SIZE, STYLE, money_axis, svg_text, tell
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_alike, money_format, plain, show, unit_label

__all__ = ["MOST_BARS", "draw_frontier", "frontier_chart", "spend_bars"]

MOST_BARS = 12
LONGEST_NAME = 28
LIGHT = BANDS[1][1]


def spend_bars(plan: Plan, *, currency: str) -> str:
    """Today's spend and the plan's, those that the plan spends most on first, and the rest together.

    Returns
    -------
    str
        SVG text.
    """
    shown = _largest_and_rest(plan.measures)[::-1]
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-plan"}]):
        figure = Figure(figsize=(SIZE[0], max(SIZE[1], 0.36 * len(shown) + 1.1)), layout="constrained")
        axes = figure.add_subplot()
        place = np.arange(len(shown))
        axes.barh(place - 0.19, shown["current"], height=0.34, color=LIGHT, linewidth=0)
        axes.barh(place + 0.19, shown["plan"], height=0.34, color=BLUE, linewidth=0)
        axes.hlines(place + 0.19, shown["lower"], shown["upper"], color=INK, linewidth=1.6)
        for k, (name, spent) in enumerate(shown.iterrows()):
            told = zip((words.COLUMN_PLAN, words.COLUMN_TODAY), money_alike(spent[["plan", "current"]], currency), strict=True)
            lines = [words.TIP_LINE.format(label=label, value=show(amount)) for label, amount in told]
            tell(axes.axhspan(k - 0.45, k + 0.45, facecolor="none", linewidth=0), "\n".join((str(name), *lines)))
        axes.set_yticks(place, [_short(str(name)) for name in shown.index])
        axes.tick_params(axis="y", length=0)
        scale, _ = money_format(shown[["current", "plan"]].to_numpy().ravel().tolist())
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        digits = 0 if float(shown[["current", "plan"]].to_numpy().max(initial=0.0)) / scale >= 10 else 1
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value / scale, digits)))
        axes.set_xlabel(unit_label(currency, scale) or words.COLUMN_SPEND)
        colors = [
            Line2D([], [], color=color, linewidth=6, label=label)
            for color, label in ((BLUE, words.COLUMN_PLAN), (LIGHT, words.COLUMN_TODAY))
        ]
        figure.legend(handles=colors, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return svg_text(figure)


def _largest_and_rest(measures: pd.DataFrame) -> pd.DataFrame:
    spends = measures.sort_values("plan", ascending=False, kind="stable")[["current", "plan", "lower", "upper"]]
    if len(spends) <= MOST_BARS:
        return spends
    rest = spends.iloc[MOST_BARS - 1 :]
    # Quartiles of a sum are no sums of quartiles.
    together = {"current": rest["current"].sum(), "plan": rest["plan"].sum(), "lower": np.nan, "upper": np.nan}
    return pd.concat([spends.head(MOST_BARS - 1), pd.DataFrame(together, index=[words.PLAN_REST.format(measures=len(rest))])])


def frontier_chart(plan: Plan, *, currency: str) -> str:
    """Efficient plans by mean profit and the mean of their worst cases, with the alternatives.

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-frontier"}]):
        figure = Figure(figsize=SIZE, layout="constrained")
        draw_frontier(figure.add_subplot(), plan, currency=currency)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return svg_text(figure)


def draw_frontier(axes: Axes, plan: Plan, *, currency: str) -> None:
    """The same on given axes."""
    frontier, alternatives = plan.frontier, {name: plan.comparison[name].to_dict() for name in ("mean", "cvar")}
    axes.plot(frontier["cvar"], frontier["mean"], color=BLUE, linewidth=1.5, marker="o", markersize=4, label=words.FRONTIER_LINE)
    tail = words.PERCENT.format(number=plain(100 * (1 - plan.level)))
    for aversion, mean, worst in frontier[["risk_aversion", "mean", "cvar"]].to_numpy().tolist():
        shown_mean, shown_worst = (show(amount) for amount in money_alike((mean, worst), currency))
        told = words.FRONTIER_TIP.format(aversion=plain(aversion), mean=shown_mean, worst=shown_worst, tail=tail)
        # Larger than the point that is drawn, so that it is easy to hit.
        tell(axes.plot(worst, mean, marker="o", markersize=11, color="none", linestyle="")[0], told)
    for end, offset in ((frontier.iloc[0], (5, 4)), (frontier.iloc[-1], (5, -10))):
        axes.annotate(
            plain(end["risk_aversion"]), (end["cvar"], end["mean"]), xytext=offset, textcoords="offset points", fontsize=8, color=GREY
        )
    marks = {"plan": ("D", BLUE, words.FRONTIER_PLAN), "current": ("s", INK, words.COMPARISON_NAMES["current"])}
    marks["proportional"] = ("^", GREY, words.COMPARISON_NAMES["proportional"])
    for name, (marker, color, label) in marks.items():
        axes.plot(
            alternatives["cvar"][name], alternatives["mean"][name], marker=marker, color=color, markersize=7, linestyle="", label=label
        )
    values = [*frontier["cvar"], *frontier["mean"], *alternatives["cvar"].values(), *alternatives["mean"].values()]
    scale, _ = money_format(values)
    unit = unit_label(currency, scale)
    money_axis(axes, words.AXIS_PROFIT, unit, scale)
    label = words.AXIS_WORST.format(tail=tail)
    axes.set_xlabel(words.AXIS_WITH_UNIT.format(label=label, unit=unit) if unit else label)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ticks = np.diff(axes.get_xticks())
    digits = 0 if ticks.size == 0 or ticks[0] / scale >= 1 else 1 if ticks[0] / scale >= 0.1 else 2
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value / scale, digits)))
    axes.margins(0.12)


def _short(name: str) -> str:
    clean = " ".join(name.split())
    return clean if len(clean) <= LONGEST_NAME else clean[: LONGEST_NAME - 1] + "…"
