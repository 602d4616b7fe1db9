"""Special functions for PyTensor graphs that keep their digits where differences of log-gammas lose them."""

from typing import Any

import pytensor.tensor as pt

__all__ = ["log_rising"]

ASYMPTOTIC_FROM = 100.0  # the next term of the series is below 1 / (1680 * 100**7) = 6e-18


def log_rising(a: Any, x: Any, of: Any = None) -> Any:
    """log of the rising factorial, log Gamma(a + x) - log Gamma(a), for a > 0, x >= 0.

    A difference of log-gammas loses all digits where ``a`` is far greater than ``x``. There the difference of the two Stirling series is
    taken term by term (Abramowitz & Stegun 6.1.41), in which nothing large cancels. Where `of` is given, it says which of the ``a`` belongs
    to each ``x``; what depends on ``a`` alone is then computed once for each.
    """

    def each(value: Any) -> Any:
        return value if of is None else value[of]

    small, large = pt.minimum(a, ASYMPTOTIC_FROM), pt.maximum(a, ASYMPTOTIC_FROM)
    direct = pt.gammaln(each(small) + x) - each(pt.gammaln(small))
    top = each(large) + x
    stirling = each(large - 0.5) * pt.log1p(x / each(large)) + x * pt.log(top) - x + _stirling_tail(top) - each(_stirling_tail(large))
    return pt.switch(each(a) < ASYMPTOTIC_FROM, direct, stirling)


def _stirling_tail(a: Any) -> Any:
    square = a * a
    return (1 / 12 - (1 / 360 - (1 / 1260) / square) / square) / a
