"""Pictures of customers by when they were won, and by how long they have been silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from clvbayes.report.evidence import Floats
from clvbayes.report.figures import BANDS, BLUE, GREY, INK, STYLE, WIDE, money_axis, svg_text, tell_between
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_format, share, show, show_range, unit_label

__all__ = ["MOST_COHORTS", "CohortPanel", "activity_map", "cohort_bars", "cohort_panels", "panels_in_row"]

MOST_COHORTS = 8  # more shades of one colour cannot be told apart
MOST_IN_ROW, YEAR_LABELS = 4, 5
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
        figure = Figure(figsize=WIDE, layout="constrained")
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


@dataclass(frozen=True)
class CohortPanel:
    """One cohort: shares of its customers who ordered in past quarters, and will in those ahead.

    Attributes
    ----------
    title : str
    quarters : tuple of int
        Numbers of the past quarters; may be empty.
    seen : tuple of float
    draws : ndarray of shape (draws, quarters ahead)
    """

    title: str
    quarters: tuple[int, ...]
    seen: tuple[float, ...]
    draws: Floats


def cohort_panels(panels: Sequence[CohortPanel], ahead: Sequence[int], today: float, names: dict[int, str], years: dict[int, str]) -> str:
    """Share of each cohort's customers who order in a quarter, one panel a cohort: seen until today, then a fan.

    Parameters
    ----------
    panels : sequence of CohortPanel
    ahead : sequence of int
        Numbers of the quarters ahead.
    today : float
        Place of the valuation date.
    names : dict of int to str
        Labels of the quarters.
    years : dict of int to str
        Labels of those with which a fiscal year begins.

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-cohort-panels"}]):
        columns = panels_in_row(len(panels))
        rows = -(-len(panels) // columns)
        figure = Figure(figsize=(WIDE[0], 0.7 + 1.95 * rows), layout="constrained")
        highest = max([*(max(panel.seen, default=0.0) for panel in panels), *(np.quantile(panel.draws, 0.975) for panel in panels)])
        first = min([*(panel.quarters[0] for panel in panels if panel.quarters), *ahead])
        step = -(-len(years) // YEAR_LABELS)
        ticks = [(place, label) for k, (place, label) in enumerate(sorted(years.items())) if k % step == 0]
        for k, panel in enumerate(panels):
            axes = figure.add_subplot(rows, columns, k + 1)
            _draw_cohort(axes, panel, ahead)
            axes.axvline(today, color=GREY, linewidth=0.9, linestyle=":")
            axes.set_ylim(0, min(1.05 * highest, 1.02) if highest > 0 else 1.0)
            axes.set_xlim(first - 0.7, max(ahead) + 0.7)
            axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
            axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.PERCENT.format(number=decimal(100 * value, 0))))
            axes.set_title(panel.title, fontsize=8.5, loc="left")
            for place in (*panel.quarters, *ahead):
                tell_between(axes, place - 0.5, place + 0.5, _told_of_quarter(panel, place, ahead, names[place]))
        figure.supylabel(words.AXIS_ORDERING, fontsize=8.5)
        handles = [
            Line2D([], [], color=INK, linewidth=1.6, label=words.ORDERING_SEEN),
            Line2D([], [], color=BLUE, linewidth=1.4, label=words.FAN_MEDIAN),
            *(Patch(color=color, label=words.BAND.format(percent=round(100 * level))) for level, color in reversed(BANDS)),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
        return svg_text(figure)


def panels_in_row(panels: int) -> int:
    """How many panels stand in a row, all rows full if they can be."""
    return next((count for count in range(MOST_IN_ROW, 2, -1) if panels % count == 0), min(panels, MOST_IN_ROW))


def _draw_cohort(axes: Axes, panel: CohortPanel, ahead: Sequence[int]) -> None:
    places, draws = np.asarray(ahead, dtype=float), panel.draws
    if len(places) == 1:
        # A band over a single point would have no width.
        places, draws = places + np.array([-0.3, 0.3]), np.repeat(draws, 2, axis=1)
    for level, color in BANDS:
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        axes.fill_between(places, low, high, color=color, linewidth=0)
    axes.plot(places, np.median(draws, axis=0), color=BLUE, linewidth=1.4)
    axes.plot(panel.quarters, panel.seen, color=INK, linewidth=1.6, marker="o" if len(panel.seen) == 1 else "", markersize=3)


def _told_of_quarter(panel: CohortPanel, place: int, ahead: Sequence[int], name: str) -> str:
    if place in panel.quarters:
        seen = panel.seen[panel.quarters.index(place)]
        return "\n".join((name, words.TIP_LINE.format(label=words.ORDERING_SEEN, value=show(share(seen)))))
    low, median, high = (share(float(end)) for end in np.quantile(panel.draws[:, list(ahead).index(place)], [0.05, 0.5, 0.95]))
    told = {words.FAN_MEDIAN: show(median), words.BAND.format(percent=90): show_range(low, high)}
    return "\n".join((name, *(words.TIP_LINE.format(label=label, value=value) for label, value in told.items())))


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
        figure = Figure(figsize=(WIDE[0], 0.45 * len(rows) + 1.1), layout="constrained")
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
