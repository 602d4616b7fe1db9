"""Priors are frozen numbers that say when they are wrong."""

import pytest

from clvbayes.errors import ArgumentError
from clvbayes.models import Priors

PRIORS = Priors(("log_rate", "log_shape"), mean=(-2.0, 0.5), sd=(1.0, 0.75), scale=(0.5, 0.25))


def test_widening_multiplies_every_spread_and_moves_no_mean() -> None:
    wide = PRIORS.widened(4.0)
    assert (wide.mean, wide.sd, wide.scale) == ((-2.0, 0.5), (4.0, 3.0), (2.0, 1.0))
    assert PRIORS.sd == (1.0, 0.75)


@pytest.mark.parametrize("wrong", [{"mean": (0.0,)}, {"sd": (1.0, 1.0, 1.0)}, {"scale": ()}])
def test_a_coordinate_without_its_numbers_is_refused(wrong) -> None:
    numbers = {"mean": (0.0, 0.0), "sd": (1.0, 1.0), "scale": (1.0, 1.0)} | wrong
    with pytest.raises(ArgumentError, match="one mean, sd and scale for each of log_rate, log_shape"):
        Priors(("log_rate", "log_shape"), **numbers)


@pytest.mark.parametrize("wrong", [{"sd": (1.0, 0.0)}, {"scale": (-0.1, 1.0)}, {"sd": (1.0, float("nan"))}, {"mean": (float("inf"), 0.0)}])
def test_a_spread_that_is_none_is_refused(wrong) -> None:
    numbers = {"mean": (0.0, 0.0), "sd": (1.0, 1.0), "scale": (1.0, 1.0)} | wrong
    with pytest.raises(ArgumentError, match="of a prior must be"):
        Priors(("log_rate", "log_shape"), **numbers)


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_widening_by_nothing_is_refused(factor) -> None:
    with pytest.raises(ArgumentError, match="positive"):
        PRIORS.widened(factor)
