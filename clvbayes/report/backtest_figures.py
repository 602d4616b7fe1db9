"""Pictures of a back-test: what was forecast, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from clvbayes.report.figures import BANDS, BLUE, GREY, INK, SIZE, SLATE, STYLE, money_axis, svg_text, tell_between
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_alike, money_format, show, show_range, unit_label

__all__ = ["Graded", "Pair", "class_bars", "draw_graded", "graded_bands", "tracking_chart"]

RED = "#b3261e"
OUTER, INNER = BANDS[1][1], BANDS[2][1]


@dataclass(frozen=True)
class Graded:
    """One forecast of a total: a label, the ends of its 90 % and 50 % bands, its median, and what happened."""

    label: str
    outer: tuple[float, float]
    inner: tuple[float, float]
    median: float
    actual: float

    @property
    def held(self) -> bool:
        """Whether what happened lies in the 90 % band."""
        return self.outer[0] <= self.actual <= self.outer[1]


@dataclass(frozen=True)
class Pair:
    """What was forecast and what happened, of one class of customers."""

    label: str
    forecast: float
    actual: float


def graded_bands(forecasts: Sequence[Graded], *, currency: str) -> str:
    """One bar a forecast, from the oldest to the latest, with a dot where what happened lies; red where it lies outside.

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-graded"}]):
        figure = Figure(figsize=SIZE, layout="constrained")
        handles = draw_graded(figure.add_subplot(), forecasts, label=words.AXIS_GRADED, currency=currency)
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=8, handlelength=1.4)
        return svg_text(figure)


def draw_graded(axes: Axes, forecasts: Sequence[Graded], *, label: str, currency: str) -> list[Line2D | Patch]:
    """The same on given axes, whose money is labelled; returns what a legend names."""
    for place, graded in enumerate(forecasts):
        for (low, high), color in ((graded.outer, OUTER), (graded.inner, INNER)):
            axes.bar(place, high - low, bottom=low, width=0.5, color=color, linewidth=0)
        axes.plot([place - 0.25, place + 0.25], [graded.median] * 2, color=BLUE, linewidth=1.5)
        axes.plot(place, graded.actual, marker="o", markersize=5.5, color=INK if graded.held else RED)
    top = max(max(graded.outer[1], graded.actual) for graded in forecasts)
    axes.set_ylim(0, 1.1 * top if top > 0 else 1.0)
    axes.set_xlim(-0.7, max(len(forecasts), 3) - 0.3)
    for place, graded in enumerate(forecasts):
        tell_between(axes, place - 0.5, place + 0.5, _told_of_forecast(graded, currency))
    turned = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if len(forecasts) > 5 else {}
    axes.set_xticks(range(len(forecasts)), [graded.label for graded in forecasts], **turned)  # type: ignore[arg-type]
    axes.set_xlabel(words.AXIS_ORIGIN)
    _set_money(axes, [value for graded in forecasts for value in (*graded.outer, graded.actual)], label, currency)
    dots = [
        Line2D([], [], color=color, marker="o", markersize=5.5, linestyle="", label=name)
        for color, name in ((INK, words.GRADED_INSIDE), (RED, words.GRADED_OUTSIDE))
    ]
    bands = [Patch(color=color, label=words.BAND.format(percent=percent)) for color, percent in ((INNER, 50), (OUTER, 90))]
    return [*dots, *bands]


def tracking_chart(actual: Sequence[float], quantiles: dict[float, Sequence[float]], *, currency: str) -> str:
    """Weeks after an origin: what happened, before the forecast's bands.

    Parameters
    ----------
    actual : sequence of float
        Revenue by week.
    quantiles : dict
        Of the forecast, by probability; .5 and both ends of each band.
    currency : str

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-tracking"}]):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        weeks = np.arange(1, len(actual) + 1)
        for level, color in BANDS:
            low, high = (quantiles[round((1 + sign * level) / 2, 3)] for sign in (-1, 1))
            axes.fill_between(weeks, low, high, color=color, linewidth=0)
        (median,) = axes.plot(weeks, quantiles[0.5], color=BLUE, linewidth=1.4, label=words.FAN_MEDIAN)
        (happened,) = axes.plot(weeks, actual, color=INK, linewidth=1.4, label=words.TRACKING_ACTUAL)
        highest = [*actual, *quantiles[0.975]]
        axes.set_ylim(0, 1.08 * max(highest) if max(highest) > 0 else 1.0)
        axes.set_xlim(0.5, len(weeks) + 0.5)
        for week, foreseen, came in zip(weeks.tolist(), quantiles[0.5], actual, strict=True):
            told = zip((words.FAN_MEDIAN, words.TRACKING_ACTUAL), money_alike((foreseen, came), currency), strict=True)
            lines = [words.TIP_LINE.format(label=label, value=show(amount)) for label, amount in told]
            tell_between(axes, week - 0.5, week + 0.5, "\n".join((words.TIP_WEEK.format(week=week), *lines)))
        axes.set_xlabel(words.AXIS_WEEKS)
        _set_money(axes, highest, words.AXIS_WEEKLY, currency)
        bands = [Patch(color=color, label=words.BAND.format(percent=round(100 * level))) for level, color in reversed(BANDS)]
        figure.legend(
            handles=[happened, bands[0], median, bands[1], bands[2]],
            loc="outside lower center",
            ncols=3,
            frameon=False,
            fontsize=8,
            handlelength=1.4,
        )
        return svg_text(figure)


def class_bars(panels: Sequence[tuple[str, Sequence[Pair]]]) -> str:
    """Orders per customer, forecast beside happened, by class; one panel a way to part the customers.

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-classes"}]):
        figure = Figure(figsize=(2 * SIZE[0] + 0.4, 2.9), layout="constrained")
        for axes, (title, pairs) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            places = np.arange(len(pairs))
            axes.bar(places - 0.2, [pair.forecast for pair in pairs], width=0.38, color=BLUE, label=words.CLASS_FORECAST)
            axes.bar(places + 0.2, [pair.actual for pair in pairs], width=0.38, color=SLATE, label=words.CLASS_ACTUAL)
            for place, pair in enumerate(pairs):
                told = ((words.CLASS_FORECAST, pair.forecast), (words.CLASS_ACTUAL, pair.actual))
                lines = [words.TIP_LINE.format(label=label, value=decimal(orders, 2)) for label, orders in told]
                tell_between(axes, place - 0.5, place + 0.5, "\n".join((" ".join(pair.label.split()), *lines)))
            axes.set_xticks(places, [pair.label for pair in pairs], fontsize=8)
            axes.set_xlabel(title)
            money_axis(axes, words.AXIS_EACH, "", 1)
            highest = max(max(pair.forecast, pair.actual) for pair in pairs)
            ticks = axes.yaxis.get_major_locator().tick_values(0, highest)
            axes.set_ylim(0, next((tick for tick in ticks if tick >= highest > 0), 1.0))
            axes.tick_params(axis="y", colors=GREY)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return svg_text(figure)


def _told_of_forecast(graded: Graded, currency: str) -> str:
    median, actual, *ends = money_alike((graded.median, graded.actual, *graded.inner, *graded.outer), currency)
    told = (
        (words.GRADED_INSIDE if graded.held else words.GRADED_OUTSIDE, show(actual)),
        (words.FAN_MEDIAN, show(median)),
        (words.BAND.format(percent=50), show_range(*ends[:2])),
        (words.BAND.format(percent=90), show_range(*ends[2:])),
    )
    return "\n".join((graded.label, *(words.TIP_LINE.format(label=label, value=value) for label, value in told)))


def _set_money(axes, amounts: Sequence[float], label: str, currency: str) -> None:  # type: ignore[no-untyped-def]
    scale, _ = money_format(amounts)
    money_axis(axes, label, unit_label(currency, scale), scale)
