"""Pictures of customers by when they were won, and by how long they have been silent."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps, style
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from clvbayes.report.evidence import Floats
from clvbayes.report.figures import GREY, INK, SIZE, STYLE, money_axis, svg_text
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_format, unit_label

__all__ = ["MOST_COHORTS", "activity_map", "cohort_bars"]

MOST_COHORTS = 8  # more shades of one colour cannot be told apart
WIDE = 2 * SIZE[0] + 0.4
SHADES = colormaps["Blues"]


def cohort_bars(revenue: Floats, cohorts: Sequence[str], ticks: Sequence[tuple[float, str]], first: int, *, currency: str) -> str:
    """Revenue by fiscal quarter, stacked by cohort, the oldest at the bottom.

    Parameters
    ----------
    revenue : ndarray of shape (cohorts, quarters)
        The oldest cohort first.
    cohorts : sequence of str
    ticks : sequence of (float, str)
        Labels of some quarters, by their number.
    first : int
        Number of the first quarter.
    currency : str

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-cohorts"}]):
        figure = Figure(figsize=(WIDE, 3.3), layout="constrained")
        axes = figure.add_subplot()
        places = first + np.arange(revenue.shape[1])
        # the oldest darkest: it is what the younger ones stand on
        colors = [SHADES(shade) for shade in np.linspace(0.95, 0.2, len(cohorts))] if len(cohorts) > 1 else [SHADES(0.75)]
        bottom = np.zeros(revenue.shape[1])
        for amounts, color in zip(revenue, colors, strict=True):
            axes.bar(places, amounts, bottom=bottom, width=0.82, color=color, edgecolor="white", linewidth=0.4)
            bottom = bottom + amounts
        axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
        axes.set_xlim(first - 0.7, first + max(revenue.shape[1], 4) - 0.3)
        top = float(bottom.max())
        axes.set_ylim(0, 1.05 * top if top > 0 else 1.0)
        scale, _ = money_format(bottom)
        money_axis(axes, words.AXIS_QUARTER_REVENUE, unit_label(currency, scale), scale)
        axes.set_xlabel(words.AXIS_FISCAL_QUARTER)
        handles = [Patch(color=color, label=label) for color, label in zip(colors, cohorts, strict=True)][::-1]
        figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8, title=words.COHORTS_LEGEND, title_fontsize=8)
        return svg_text(figure)


IN_FIELDS = 10.8  # on paper, where the picture is narrower than it was drawn, seven points


def activity_map(active: Floats, texts: Sequence[Sequence[str]], rows: Sequence[str], columns: Sequence[str]) -> str:
    """Mean probability to be active, by repeat orders (rows, most at the top) and silence (columns); a class not told is empty.

    Parameters
    ----------
    active : ndarray of shape (rows, columns)
        Shares; not a number where a class is not told.
    texts : sequence of sequence of str
        What stands in each field.
    rows, columns : sequence of str

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-activity"}]):
        figure = Figure(figsize=(WIDE, 0.45 * len(rows) + 1.1), layout="constrained")
        axes = figure.add_subplot()
        for row, column in np.ndindex(active.shape):
            known = bool(np.isfinite(active[row, column]))
            look: dict[str, Any] = {"facecolor": SHADES(0.08 + 0.84 * float(active[row, column])) if known else "#f4f5f7"}
            axes.bar(column, 0.94, bottom=row - 0.47, width=0.97, linewidth=0, **look)
            dark = known and active[row, column] > 0.55
            axes.text(
                column,
                row,
                texts[row][column],
                ha="center",
                va="center",
                fontsize=IN_FIELDS,
                color="white" if dark else INK if known else GREY,
            )
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_ylim(-0.5, len(rows) - 0.5)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel(words.CLASS_TITLES["silence"])
        axes.set_ylabel(words.AXIS_REPEATS)
        return svg_text(figure)


def field_text(active: float, orders: float) -> str:
    """What stands in a field of the map of activity."""
    return words.ACTIVITY_FIELD.format(active=words.PERCENT.format(number=decimal(100 * active, 0)), orders=decimal(orders, 1))
