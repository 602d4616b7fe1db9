"""The rising factorial keeps its digits where a difference of log-gammas loses them all."""

import mpmath
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from clvbayes.models.special import log_rising

SHAPES = np.exp(np.linspace(-20.0, 20.0, 81))
STEPS = np.array([0.5, 1.0, 300.0, 2000.0])


@pytest.fixture(scope="module")
def rising():
    a, x = pt.vectors("a", "x")
    value = log_rising(a, x)
    return pytensor.function([a, x], [value, *pytensor.grad(value.sum(), [a, x])])


@pytest.fixture(scope="module")
def grid():
    return tuple(part.ravel() for part in np.meshgrid(SHAPES, STEPS))


def test_value_agrees_with_thirty_digits(rising, grid) -> None:
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.loggamma(mpmath.mpf(a) + x) - mpmath.loggamma(mpmath.mpf(a))) for a, x in zip(*grid, strict=True)])
    value = rising(*grid)[0]
    np.testing.assert_allclose(value, exact, rtol=2e-14, atol=2e-13)
    # where the log-gammas themselves have lost every digit of a small difference
    lost = grid[0] > 1e8
    np.testing.assert_allclose(value[lost], exact[lost], rtol=1e-14, atol=0)


def test_gradients_are_finite_and_differences_of_digammas(rising, grid) -> None:
    _, by_a, by_x = rising(*grid)
    with mpmath.workdps(40):
        top = [mpmath.digamma(mpmath.mpf(a) + x) for a, x in zip(*grid, strict=True)]
        exact_a = np.array([float(value - mpmath.digamma(mpmath.mpf(a))) for value, a in zip(top, grid[0], strict=True)])
    np.testing.assert_allclose(by_x, np.array(top, dtype=float), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(by_a, exact_a, rtol=1e-9, atol=1e-15)


def test_no_step_adds_nothing(rising) -> None:
    value, by_a, by_x = rising(SHAPES, np.zeros(len(SHAPES)))
    np.testing.assert_allclose(value, 0, atol=1e-18)
    np.testing.assert_allclose(by_a, 0, atol=1e-15)
    assert np.isfinite(by_x).all()
