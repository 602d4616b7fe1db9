"""How numbers are written for a reader: thousands separators, thousands and millions, as many digits as are worth reading."""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from clvbayes.report.blocks import Quantity, Scale
from clvbayes.report.language import grouped, words

__all__ = [
    "count",
    "decimal",
    "money",
    "money_alike",
    "money_band",
    "money_format",
    "plain",
    "plain_digits",
    "probability",
    "share",
    "share_digits",
    "show",
    "show_range",
    "signed_share",
    "unit_label",
]

ALMOST = 0.999
NBSP = "\u00a0"
MINUS = "\u2212"


def decimal(value: float, digits: int) -> str:
    """`value` with separated thousands and a fixed number of decimals.

    Raises
    ------
    ValueError
        If the number is not finite: a report never prints nan or inf.
    """
    if not math.isfinite(value):
        raise ValueError(f"a report cannot show {value!r}")
    # Adding zero turns -0.0 into 0.0.
    return grouped(round(float(value), digits) + 0.0, digits).replace("-", MINUS)


def money_format(values: Iterable[float]) -> tuple[Scale, int]:
    """Scale and decimals in which a column or an axis of money reads best: some three digits for the largest, one or two for the middle."""
    sizes = np.abs(np.asarray(list(values), dtype=float))
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 1, 0
    top, middle = float(sizes.max()), float(np.median(sizes))
    scale: Scale = 1
    if top >= 1e9 and middle >= 5e7:
        scale = 1_000_000_000
    elif top >= 1e6 and (middle >= 5e4 or top >= 1e9):
        scale = 1_000_000
    elif top >= 1e4 and (middle >= 50 or top >= 1e6):
        scale = 1_000
    largest = top / scale
    digits = 0 if largest >= 100 else 1 if largest >= 10 else 2
    while digits < 2 and middle / scale * 10**digits < 10:
        digits += 1
    return scale, digits


def money(value: float, currency: str) -> Quantity:
    """An amount in the scale that suits it."""
    return money_alike((value,), currency)[0]


def money_alike(values: Iterable[float], currency: str) -> tuple[Quantity, ...]:
    """Amounts that are read together, such as a mean and the ends of its band, all in one scale."""
    values = tuple(float(value) for value in values)
    scale, digits = money_format(values)
    return tuple(Quantity(value, unit=currency, scale=scale, digits=digits) for value in values)


def money_band(draws: npt.NDArray[np.float64], currency: str) -> tuple[Quantity, Quantity, Quantity]:
    """Mean of the draws, and the ends of their central 90 %."""
    low, high = np.quantile(draws, [0.05, 0.95])
    shown_mean, shown_low, shown_high = money_alike((float(draws.mean()), low, high), currency)
    return shown_mean, shown_low, shown_high


def plain(value: float) -> str:
    """A setting with all of its digits, four decimals at most: 8.25 is not 8."""
    return decimal(value, plain_digits(value))


def plain_digits(value: float) -> int:
    """Decimals that a setting has, four at most."""
    return next(digits for digits in range(5) if digits == 4 or round(value, digits) == round(value, 6))


def count(value: float) -> Quantity:
    """A number of things; an expectation below ten keeps one decimal."""
    return Quantity(float(value), digits=0 if value >= 10 or float(value).is_integer() else 1)


def share(value: float) -> Quantity:
    """A fraction, shown in per cent."""
    return Quantity(float(value), kind="share", digits=share_digits((value,)))


def probability(chance: float) -> Quantity | str:
    """Never certainty, which no number of draws can tell: then words; a dash where there is nothing to compare."""
    if math.isnan(chance):
        return words.NOT_COMPARED
    if chance > ALMOST:
        return words.OVER.format(number=decimal(100 * ALMOST, 1))
    return words.UNDER.format(number=decimal(100 * (1 - ALMOST), 1)) if chance < 1 - ALMOST else share(chance)


def share_digits(values: Iterable[float]) -> int:
    """Decimals for shares: one if any of them is below 10 %."""
    return int(any(0 < abs(value) < 0.0995 for value in values))


def signed_share(value: float) -> str:
    """A change as a share, with its sign, such as "+12 %"."""
    return ("+" if value > 0 else "") + show(share(value)) if abs(value) >= 0.0005 else show(Quantity(0.0, kind="share"))


def unit_label(unit: str, scale: Scale) -> str:
    """Unit and scale as they stand in a header or at an axis, such as "EUR k"; empty if there are none."""
    return " ".join(words.UNIT.format(unit=unit, scale=words.SCALES[scale]).split()).replace(" ", NBSP)


def show(quantity: Quantity) -> str:
    """The quantity as it stands in a sentence, such as "EUR 32.6 m", in German "32,6 Mio. EUR"."""
    if quantity.kind == "share":
        if 0 < quantity.value < 0.0005:
            return words.UNDER_A_THOUSANDTH
        return words.PERCENT.format(number=decimal(100 * quantity.value, quantity.digits))
    return _with_unit(decimal(quantity.value / quantity.scale, quantity.digits), quantity)


def show_range(low: Quantity, high: Quantity) -> str:
    """Both ends in the unit of the upper one, such as "EUR 29.7–35.9 m"."""
    if high.kind == "share":
        ends = [decimal(100 * end.value, high.digits) for end in (low, high)]
        return words.PERCENT.format(number="–".join(ends))
    ends = [decimal(end.value / high.scale, high.digits) for end in (low, high)]
    return _with_unit("–".join(ends), high)


def _with_unit(number: str, quantity: Quantity) -> str:
    amount = words.AMOUNT.format(unit=quantity.unit, number=number, scale=words.SCALES[quantity.scale])
    return " ".join(amount.split()).replace(" ", NBSP)
