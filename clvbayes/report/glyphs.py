"""Small pictures inside table cells, as inline SVG: bands and bars on one axis a column."""

from collections.abc import Iterable

from markupsafe import Markup

from clvbayes.report.blocks import Column, Interval
from clvbayes.report.language import words
from clvbayes.report.numbers import decimal, unit_label

__all__ = ["axis_label", "band", "band_axis", "band_label", "bar"]

Axis = tuple[float, float]
WIDTH, HEIGHT, EDGE = 190.0, 14.0, 3.0
BAR_WIDTH = 80.0


def band_axis(bands: Iterable[Interval]) -> Axis:
    """The axis that holds every band, from zero unless a band begins below."""
    ends = [end for interval in bands for end in (interval.low, interval.middle, interval.high)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return low, high if high > low else low + 1.0


def axis_label(column: Column, axis: Axis) -> str:
    """Unit and ends of a drawn column's axis."""
    low, high = (decimal(end / column.scale, column.digits) for end in axis)
    unit = unit_label(column.unit, column.scale)
    return (words.AXIS_SPAN if unit else words.AXIS_SPAN_PLAIN).format(unit=unit, low=low, high=high)


def band_label(interval: Interval, column: Column) -> str:
    """What the picture of a band shows, in words."""
    shown = {name: decimal(getattr(interval, name) / column.scale, column.digits) for name in ("low", "middle", "high")}
    if interval.inner is None:
        return words.GLYPH.format(**shown)
    inner_low, inner_high = (decimal(end / column.scale, column.digits) for end in interval.inner)
    return words.GLYPH_INNER.format(**shown, inner_low=inner_low, inner_high=inner_high)


def band(interval: Interval, axis: Axis, label: str) -> Markup:
    """A thin line for the axis, a light band of 90 %, a dark one of 50 % where it is known, a tick for the mean."""
    parts = [
        Markup('<path d="M0 7H{width:g}" class="axis"/>').format(width=WIDTH),
        _bar(interval.low, interval.high, axis, 5.0, 4.0, "outer"),
    ]
    if interval.inner is not None:
        parts.append(_bar(*interval.inner, axis, 3.0, 8.0, "inner"))
    parts.append(Markup('<path d="M{x:.1f} 1V13" class="mean"/>').format(x=_place(interval.middle, axis)))
    frame = Markup(
        '<svg class="band" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        'aria-label="{label}">{parts}</svg>'
    )
    return frame.format(width=WIDTH, height=HEIGHT, label=label, parts=Markup("").join(parts))


def bar(value: float, largest: float, label: str) -> Markup:
    """A bar on an axis from zero to the column's largest value."""
    width = BAR_WIDTH * max(value, 0.0) / largest if largest > 0 else 0.0
    frame = Markup(
        '<svg class="bar" viewBox="0 0 {full:g} 10" width="{full:g}" height="10" role="img" aria-label="{label}">'
        '<rect width="{width:.1f}" height="10" rx="1.5"/></svg>'
    )
    return frame.format(full=BAR_WIDTH, label=label, width=width)


def _place(value: float, axis: Axis) -> float:
    return EDGE + (WIDTH - 2 * EDGE) * (value - axis[0]) / (axis[1] - axis[0])


def _bar(low: float, high: float, axis: Axis, top: float, height: float, name: str) -> Markup:
    left, right = _place(low, axis), _place(high, axis)
    # A band narrower than a stroke would vanish.
    width = max(right - left, 2.0)
    frame = Markup('<rect x="{left:.1f}" y="{top:g}" width="{width:.1f}" height="{height:g}" rx="1.5" class="{name}"/>')
    return frame.format(left=(left + right - width) / 2, top=top, width=width, height=height, name=name)
