"""Means over a dropout probability p ~ Beta(a, stays) of what falls with p by orders of magnitude.

In logit(p) the density has exponential tails, however small a and stays are, and the trapezoidal rule in t, where
logit(p) = peak + width sinh(t), converges exponentially (Takahasi & Mori 1974). Peak and width are those of the density times the fall; the
nodes end where what is left of their product is beyond the digits of a double.
"""

import cmath
import math

import numpy as np
from numba import njit

__all__ = ["mean_survival"]

STEP = 0.08  # of t: right to 1e-10 at a + stays from .02 to 5,000 and powers to 2,000
SINH, COSH = (of(STEP * np.arange(750)) for of in (np.sinh, np.cosh))
BEYOND = 1e-16  # of the sum, what lies beyond the last node
HALVINGS = 28  # of the interval in which the peak lies: to 1e-5
# Of the probability to stay: below it sums over roots of unity lose their digits, and what is asked of it is as of none to stay, to 1e-8.
LEAST_STAY = 1e-8


def mean_survival(a: np.ndarray, stays: np.ndarray, shape: np.ndarray, growth: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Probability that a customer who leaves at purchases has not left, of a rate ~ Gamma(shape + j, age) of phases, of which j have
    passed and k make a purchase.

    Given p, of which rho is the k-th root of 1 - p, it is the sum over the k-th roots of unity w, with u = rho w, of

        p / (k (1-p)) u / (1-u) u^j (1 + (1-u) growth)^-(shape + j)

    since of m phases as many as floor((j+m)/k) end in a purchase. With k = 1 it is (1 + p growth)^-shape.

    Parameters
    ----------
    a, stays : numpy.ndarray
        Of the beta distribution.
    shape : numpy.ndarray
        Of the rate, if no phase has passed.
    growth : numpy.ndarray
        Time that passes, by `age`.
    phases : numpy.ndarray
        Probability that j phases have passed, dims ``(j, ...)``.

    Returns
    -------
    numpy.ndarray
        Dims of all, broadcast.
    """
    given = np.broadcast_arrays(a, stays, shape, growth, *phases)
    columns = np.stack([np.asarray(value, dtype=float).ravel() for value in given])
    return np.asarray(_mean_survival(columns[:4], columns[4:])).reshape(given[0].shape)


@njit(nogil=True, cache=True)
def _mean_survival(columns: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """Columns are a, stays, shape and growth."""
    means, k = np.zeros(columns.shape[1]), len(phases)
    for i in range(len(means)):
        a, stays, shape, growth = columns[:, i]
        log_norm = math.lgamma(a + stays) - math.lgamma(a) - math.lgamma(stays)
        peak = _peak(a, stays, shape, growth, k)
        width, top, total = _width(a, stays, shape, growth, k, peak), 0.0, 0.0
        for sign, tail, first in ((-1.0, a, 0), (1.0, stays, 1)):
            for step in range(first, len(SINH)):
                at = peak + sign * width * SINH[step]
                log_stay = -_softplus(at)
                log_density = a * (at + log_stay) + stays * log_stay
                log_falls = log_density - shape * math.log1p(-growth * math.expm1(log_stay / k))
                top = log_falls if step == 0 else top
                relative = math.exp(log_falls - top)
                total += relative * COSH[step]
                means[i] += COSH[step] * math.exp(log_norm + log_density) * _survival(log_stay, shape, growth, phases[:, i])
                if relative * max(1.0 / tail, width) < BEYOND * total * width:
                    break
        means[i] *= STEP * width
    return means


@njit(nogil=True, cache=True)
def _survival(log_stay: float, shape: float, growth: float, phases: np.ndarray) -> float:
    """Given the dropout probability."""
    k, total = len(phases), 0.0
    if k == 1:
        return math.exp(-shape * math.log1p(-growth * math.expm1(log_stay)))
    log_stay = max(log_stay, math.log(LEAST_STAY))
    dropout, leaves_root = -math.expm1(log_stay), -math.expm1(log_stay / k)
    for turn in range(k):
        root = cmath.exp(complex(log_stay / k, 2.0 * math.pi * turn / k))
        rest = 1.0 - root if turn else complex(leaves_root)
        share = dropout / (k * rest) if leaves_root > 0.0 else complex(1.0 if turn == 0 else 0.0)
        base = 1.0 + rest * growth
        passed, power = complex(phases[0]), complex(1.0)
        for j in range(1, k):
            power *= root / base
            passed += phases[j] * power
        total += (share * passed * cmath.exp(cmath.log(root) - log_stay - shape * cmath.log(base))).real
    return total


@njit(nogil=True, cache=True)
def _peak(a: float, stays: float, power: float, growth: float, k: int) -> float:
    """The logit at which the density, times what it falls to, is highest."""
    low, high = -1e3, 1e3
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if _slope(a, stays, power, growth, k, middle) > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit(nogil=True, cache=True)
def _width(a: float, stays: float, power: float, growth: float, k: int, peak: float) -> float:
    """Standard deviation of the normal density of the same curvature, one at most: tails are longer than they are wide."""
    near = 1e-3
    slopes = _slope(a, stays, power, growth, k, peak - near) - _slope(a, stays, power, growth, k, peak + near)
    return 1.0 / math.sqrt(max(slopes / (2.0 * near), 1.0))


@njit(nogil=True, cache=True)
def _slope(a: float, stays: float, power: float, growth: float, k: int, at: float) -> float:
    """Of the logarithm of the density of logit(p), times (1 + growth (1 - (1-p)^(1/k)))^-power."""
    log_stay = -_softplus(at)
    p = math.exp(at + log_stay)
    falls = growth * math.exp(log_stay / k) * p / k / (1.0 - growth * math.expm1(log_stay / k))
    return a * math.exp(log_stay) - stays * p - power * falls


@njit(nogil=True, cache=True)
def _softplus(z: float) -> float:
    """log(1 + e^z)."""
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
