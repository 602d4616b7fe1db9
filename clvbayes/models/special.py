"""Special functions, for PyTensor graphs and NumPy arrays, that keep their digits where differences of log-gammas lose them."""

from typing import Any

import pytensor.tensor as pt

__all__ = ["log_rising"]

# Coefficients B_2n / (2n (2n - 1)) of Stirling's series (Abramowitz & Stegun 6.1.41). From 8 on the first one left out adds 2e-13.
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)
SHIFT = 8


def log_rising(a: Any, x: Any, of: Any = None, maths: Any = pt) -> Any:
    """log of the rising factorial, log Gamma(a + x) - log Gamma(a), for a > 0, x >= 0.

    A difference of log-gammas loses all digits where ``a`` is far greater than ``x``. Here the difference of two Stirling series is taken
    term by term, in which nothing large cancels, at ``a + 8``; the eight factors between are divided out. Where `of` is given, it says
    which of the ``a`` belongs to each ``x``; what depends on ``a`` alone is then computed once for each. `maths` is
    the module whose logarithms are taken: NumPy for arrays.
    """

    def each(value: Any) -> Any:
        return value if of is None else value[of]

    low, top = each(a + SHIFT), each(a + SHIFT) + x
    series = each(a + SHIFT - 0.5) * maths.log1p(x / low) + x * maths.log(top) - x + _stirling_tail(top) - each(_stirling_tail(a + SHIFT))
    return series - maths.log(_eight_factors(each(a) + x) / each(_eight_factors(a)))


def _eight_factors(y: Any) -> Any:
    """y (y + 1) ... (y + 7), multiplied from the outside in."""
    ends = y * (y + 7)
    return ends * (ends + 6) * (ends + 10) * (ends + 12)


def _stirling_tail(a: Any) -> Any:
    inverse_square, tail = 1 / (a * a), 0.0
    for coefficient in reversed(STIRLING):
        tail = tail * inverse_square + coefficient
    return tail / a
