"""Pictures of risk: who carries it, and what the value depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from clvbayes.report.figures import BANDS, BLUE, GREY, INK, SIZE, SLATE, STYLE, digits_between, svg_text
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, money_format, signed_share, unit_label

__all__ = ["MOST_BARS", "Pair", "Swing", "share_bars", "short", "tornado"]

MOST_BARS = 12
LONGEST_NAME = 44
WIDE = 2 * SIZE[0] + 0.4


@dataclass(frozen=True)
class Pair:
    """Of one level: its shares of the value and of the fall."""

    label: str
    value: float
    fall: float


@dataclass(frozen=True)
class Swing:
    """The value with one assumption lower, higher, or changed in another way; not a number where that is not told."""

    label: str
    low: float = np.nan
    high: float = np.nan
    changed: float = np.nan

    @property
    def ends(self) -> tuple[float, ...]:
        """Those that are told."""
        return tuple(end for end in (self.low, self.high, self.changed) if np.isfinite(end))


def share_bars(pairs: Sequence[Pair]) -> str:
    """Share of the value beside share of the fall, by level, the first at the top.

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-risk"}]):
        figure = Figure(figsize=(WIDE, 0.36 * len(pairs) + 1.2), layout="constrained")
        axes = figure.add_subplot()
        place = np.arange(len(pairs))[::-1]
        for offset, color, amounts in ((0.19, SLATE, [pair.value for pair in pairs]), (-0.19, BLUE, [pair.fall for pair in pairs])):
            percents = 100 * np.array(amounts)
            axes.barh(place + offset, percents, height=0.34, color=color, linewidth=0)
            for height, percent in zip(place + offset, percents, strict=True):
                text = decimal(percent, 0 if abs(percent) >= 9.95 else 1)
                axes.annotate(text, (max(percent, 0), height), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7.5)
        axes.set_yticks(place, [short(pair.label) for pair in pairs])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.6, len(pairs) - 0.4)
        low, high = (end(100 * share for pair in pairs for share in (pair.value, pair.fall)) for end in (min, max))
        axes.set_xlim(min(1.05 * low, 0.0), max(1.06 * high, 1.0))
        axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], min_n_ticks=2, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value, 0)))
        axes.set_xlabel(words.AXIS_SHARES)
        handles = [Patch(color=SLATE, label=words.RISK_VALUE_SHARE), Patch(color=BLUE, label=words.RISK_FALL_SHARE)]
        figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return svg_text(figure)


def tornado(swings: Sequence[Swing], mean: float, band: tuple[float, float], *, currency: str) -> str:
    """What the value would be under each assumption moved down and up, the largest swing at the top, before the value's own band.

    Parameters
    ----------
    swings : sequence of Swing
    mean : float
        Value as it is.
    band : (float, float)
        Its own band.
    currency : str

    Returns
    -------
    str
        SVG text.
    """
    with style.context(["default", {**STYLE, "svg.hashsalt": "clvbayes-tornado"}]):
        figure = Figure(figsize=(WIDE, 0.4 * len(swings) + 1.3), layout="constrained")
        axes = figure.add_subplot()
        place = np.arange(len(swings))[::-1]
        axes.axvspan(*band, color=BANDS[0][1], linewidth=0)
        axes.axvline(mean, color=INK, linewidth=1.0)
        ends = [*band, mean]
        for height, swing in zip(place, swings, strict=True):
            for end, color in ((swing.low, SLATE), (swing.high, BLUE), (swing.changed, GREY)):
                if np.isfinite(end):
                    axes.barh(height, end - mean, left=mean, height=0.56, color=color, linewidth=0)
                    ends.append(end)
        scale, _ = money_format(ends)
        reach = 1.14 * max(max(ends) - mean, mean - min(ends), 1e-9)
        for height, swing in zip(place, swings, strict=True):
            for end in swing.ends:
                text, side = signed_share(end / mean - 1) if mean > 0 else decimal(end / scale, 2), 1 if end >= mean else -1
                place_of_text: dict[str, Any] = {"xytext": (4 * side, 0), "ha": "left" if side > 0 else "right", "va": "center"}
                axes.annotate(text, (end, height), textcoords="offset points", fontsize=8, **place_of_text)
        axes.set_xlim(mean - reach, mean + reach)
        axes.set_ylim(-0.6, len(swings) - 0.4)
        axes.set_yticks(place, [swing.label for swing in swings])
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
        digits = digits_between(tick / scale for tick in axes.get_xticks())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value / scale, digits)))
        unit = unit_label(currency, scale)
        axes.set_xlabel(words.AXIS_WITH_UNIT.format(label=words.AXIS_VALUE, unit=unit) if unit else words.AXIS_VALUE)
        handles = [
            Patch(color=SLATE, label=words.SWING_LOWER),
            Patch(color=BLUE, label=words.SWING_HIGHER),
            *([Patch(color=GREY, label=words.SWING_CHANGED)] if any(np.isfinite(swing.changed) for swing in swings) else []),
            Line2D([], [], color=INK, linewidth=1.0, label=words.SWING_AS_IT_IS),
            Patch(color=BANDS[0][1], label=words.SWING_BAND),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
        return svg_text(figure)


def short(name: str) -> str:
    """A name that fits beside an axis."""
    clean = " ".join(name.split())
    return clean if len(clean) <= LONGEST_NAME else clean[: LONGEST_NAME - 1] + "…"
