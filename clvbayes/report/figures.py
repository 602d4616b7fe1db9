"""Pictures of a report as SVG text. The same numbers give the same bytes; text stays text."""

import io
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from clvbayes.report.blocks import Quantity
from clvbayes.report.evidence import Floats
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_alike, money_format, show, show_range, unit_label

__all__ = [
    "BANDS",
    "BLUE",
    "GREY",
    "INK",
    "SIZE",
    "SLATE",
    "STYLE",
    "WIDE",
    "Line",
    "Timeline",
    "decile_bars",
    "digits_between",
    "draw_fan",
    "fan_chart",
    "money_axis",
    "svg_text",
    "tell",
    "tell_between",
]

INK, GREY, BLUE, SLATE = "#1b2733", "#5b6675", "#1f5fae", "#8aa1ba"
BANDS = ((0.95, "#dfe7f3"), (0.80, "#b4c7e3"), (0.50, "#7b9dcd"))
SIZE = (5.2, 3.45)
WIDE = (2 * SIZE[0] + 0.4, 3.3)
# On top of matplotlib's defaults, so that a reader's own settings change no byte.
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    # A currency sign is no formula.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.unicode_minus": True,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
TIP = "tip "  # begins the id of a mark that tells its values
# Characters of a name with which no SVG can be read.
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Layout is measured in DejaVu, which is wider than any of these, so nothing is cut off.
FONTS = "'Inter','Helvetica Neue',Arial,'DejaVu Sans',sans-serif"


@dataclass(frozen=True)
class Line:
    """One observed series: its name, and money by position on the time axis."""

    label: str
    positions: tuple[float, ...]
    amounts: tuple[float, ...]
    quiet: bool = False


@dataclass(frozen=True)
class Timeline:
    """The time axis of a fan chart: whole numbers are the middles of periods.

    Attributes
    ----------
    ticks : tuple of (float, str)
        Positions and their labels.
    label : str
        Of the axis.
    today : float
        Position of the valuation date.
    names : tuple of (float, str)
        Positions of all periods, and their labels: what is told under the pointer begins with them.
    """

    ticks: tuple[tuple[float, str], ...]
    label: str
    today: float
    names: tuple[tuple[float, str], ...] = ()


def fan_chart(
    history: Sequence[Line],
    positions: Sequence[float],
    draws: Floats,
    timeline: Timeline,
    *,
    label: str,
    currency: str = "",
    wide: bool = False,
) -> str:
    """What was observed per period, then the forecast as a fan of 50, 80 and 95 % bands around the median.

    Parameters
    ----------
    history : sequence of Line
        May be empty.
    positions : sequence of float
        Of the forecast's periods; may be empty.
    draws : ndarray of shape (draws, periods)
    timeline : Timeline
    label : str
        Of what is counted.
    currency : str
        Of money; empty for counts.
    wide : bool
        Whether it is as wide as a page.

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-fan"}]):
        figure = Figure(figsize=WIDE if wide else SIZE, layout="constrained")
        drawn = draw_fan(figure.add_subplot(), history, positions, draws, timeline, label=label, currency=currency)
        _legend(figure, *drawn, in_one_row=wide)
        return svg_text(figure)


def draw_fan(
    axes: Axes, history: Sequence[Line], positions: Sequence[float], draws: Floats, timeline: Timeline, *, label: str, currency: str
) -> tuple[list[Line2D], list[Patch]]:
    """The same on given axes; returns lines and bands for a legend."""
    seen = [amount for line in history for amount in line.amounts]
    median, upper = _draw_fan(axes, positions, draws) if len(positions) else ([], [])
    lines = [_draw_line(axes, line) for line in history]
    axes.axvline(timeline.today, color=GREY, linewidth=0.9, linestyle=":")
    if len(positions):
        axes.annotate(
            words.FAN_LABEL,
            (timeline.today, 1.0),
            xytext=(5, -1),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            color=BLUE,
            fontsize=8,
        )
    top = max([*seen, *upper])
    # Room for the label above the fan.
    axes.set_ylim(0, 1.2 * top if top > 0 else 1.0)
    edges = [*positions, *(position for line in history for position in line.positions), timeline.today]
    room = 0.03 * (max(edges) - min(edges)) + 0.25
    axes.set_xlim(min(edges) - room, max(edges) + room)
    for position, name in timeline.names:
        tell_between(axes, position - 0.5, position + 0.5, _told_of_period(name, position, history, positions, draws, currency))
    axes.set_xticks([position for position, _ in timeline.ticks], [label for _, label in timeline.ticks])
    axes.set_xlabel(timeline.label)
    scale, _ = money_format([*seen, *upper])
    money_axis(axes, label, unit_label(currency, scale), scale)
    bands = [Patch(color=color, label=words.BAND.format(percent=round(100 * level))) for level, color in reversed(BANDS)]
    return [*lines, *median], bands if len(positions) else []


def decile_bars(shares: Sequence[float], *, each_is_one: bool) -> str:
    """Share of the value held by each group of customers, best first.

    Parameters
    ----------
    shares : sequence of float
        Fractions that add up to one.
    each_is_one : bool
        Whether each bar is a single customer rather than a tenth of them.

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-deciles"}]):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        places = np.arange(1, len(shares) + 1)
        percents = 100 * np.asarray(shares)
        axes.bar(places, percents, width=0.72, color=[BLUE if place == 1 else SLATE for place in places])
        digits = int(percents.min() < 9.95)
        for place, percent in zip(places, percents, strict=True):
            axes.annotate(decimal(percent, digits), (place, percent), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=8)
        axes.set_ylim(min(0.0, 1.12 * float(percents.min())), max(1.12 * float(percents.max()), 1.0))
        axes.set_xlim(0.4, max(len(shares), 3) + 0.6)
        axes.set_xticks(places)
        axes.set_xlabel(words.AXIS_SINGLE if each_is_one else words.AXIS_TENTHS)
        axes.set_ylabel(words.AXIS_SHARE)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value, 0)))
        return svg_text(figure)


def _told_of_period(name: str, at: float, history: Sequence[Line], positions: Sequence[float], draws: Floats, currency: str) -> str:
    """What happened in a period, or what is forecast of it."""
    told = [(line.label, line.amounts[line.positions.index(at)]) for line in history if at in line.positions]
    lines = [words.TIP_LINE.format(label=label, value=show(amount)) for label, amount in _alike(told, currency)]
    if at in positions:
        forecast = draws[:, list(positions).index(at)]
        quantiles = np.quantile(forecast, [0.5, *(end for level, _ in BANDS[::-1] for end in ((1 - level) / 2, (1 + level) / 2))])
        median, *ends = money_alike(quantiles.tolist(), currency)
        lines.append(words.TIP_LINE.format(label=words.FAN_MEDIAN, value=show(median)))
        for place, (level, _) in enumerate(BANDS[::-1]):
            band = words.BAND.format(percent=round(100 * level))
            lines.append(words.TIP_LINE.format(label=band, value=show_range(*ends[2 * place : 2 * place + 2])))
    return "\n".join((name, *lines))


def _alike(told: Sequence[tuple[str, float]], currency: str) -> list[tuple[str, Quantity]]:
    amounts = money_alike([amount for _, amount in told], currency)
    return [(label, amount) for (label, _), amount in zip(told, amounts, strict=True)]


def _draw_line(axes: Axes, line: Line) -> Line2D:
    look: dict[str, Any] = {"color": INK, "linewidth": 1.7}
    if line.quiet:
        look = {"color": GREY, "linewidth": 1.2, "linestyle": (0, (4, 2))}
    # A line through a single point would not be seen.
    return axes.plot(line.positions, line.amounts, label=line.label, marker="o" if len(line.positions) == 1 else "", **look)[0]


def _draw_fan(axes: Axes, positions: Sequence[float], draws: Floats) -> tuple[list[Line2D], list[float]]:
    places = np.asarray(positions, dtype=float)
    if len(places) == 1:
        # A band over a single point would have no width.
        places, draws = places + np.array([-0.3, 0.3]), np.repeat(draws, 2, axis=1)
    highest: list[float] = []
    for level, color in BANDS:
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        axes.fill_between(places, low, high, color=color, linewidth=0)
        highest.extend(float(end) for end in high)
    return axes.plot(places, np.median(draws, axis=0), color=BLUE, linewidth=1.7, label=words.FAN_MEDIAN), highest


def _legend(figure: Figure, lines: list[Line2D], bands: list[Patch], *, in_one_row: bool) -> None:
    handles: list[Line2D | Patch] = [*lines, *bands]
    if len(lines) == len(bands) and not in_one_row:
        # Legends fill column by column: lines above, bands below.
        handles = [handle for pair in zip(lines, bands, strict=True) for handle in pair]
    columns = len(handles) if in_one_row else 4 if len(lines) == 1 else 3
    figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=8, columnspacing=1.4, handlelength=1.8
    )


def money_axis(axes: Axes, label: str, unit: str, scale: float) -> None:
    axes.set_ylabel(words.AXIS_WITH_UNIT.format(label=label, unit=unit) if unit else label)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    ticks = [tick / scale for tick in axes.get_yticks()]
    digits = digits_between(ticks)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value / scale, digits)))


def digits_between(ticks: Iterable[float]) -> int:
    """Decimals that evenly spaced ticks need to be told apart."""
    steps = np.diff(np.asarray(list(ticks)))
    return next((digits for digits in range(4) if np.allclose(steps * 10**digits, np.round(steps * 10**digits), atol=1e-6)), 4)


def tell(mark: Artist, text: str) -> None:
    """Have a mark tell its values under the pointer, where the medium has one."""
    mark.set_gid(TIP + text)


def tell_between(axes: Axes, left: float, right: float, text: str) -> None:
    """Have the whole height of a chart between two places tell values under the pointer; called once the limits are set."""
    tell(axes.axvspan(left, right, facecolor="none", edgecolor="none", linewidth=0), text)


def svg_text(figure: Figure) -> str:
    FigureCanvasSVG(figure)
    stream = io.StringIO()
    with warnings.catch_warnings():
        # Text stays text: a reader's fonts may have what DejaVu lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = NO_XML.sub("\ufffd", stream.getvalue())
    text = text[text.index("<svg") :]
    # What is left out: matplotlib's sheet, which would style the whole page; ids that repeat from picture to picture; a second namespace.
    text = re.sub(r"<style.*?</style>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(rf"<g id=([\"']){TIP}(.*?)\1>", r'<g class="tip"><title>\2</title>', text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*">', "<g>", text)
    text = text.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:href=", "href=")
    text = text.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    return text.replace("'DejaVu Sans'", FONTS).strip() + "\n"
