"""Frozen prior numbers: what a fit believed before it saw a customer."""

import math
from dataclasses import dataclass, replace

from clvbayes.errors import ArgumentError

__all__ = ["Priors"]


@dataclass(frozen=True)
class Priors:
    """Normal priors of a model's coordinates over the whole base, and half-normal priors of their spread over levels.

    Attributes
    ----------
    coordinates : tuple of str
        Names of the model's unconstrained coordinates.
    mean, sd : tuple of float
        Mean and standard deviation of each coordinate's normal prior.
    scale : tuple of float
        Standard deviation of the half-normal prior of each coordinate's spread over the levels of a pooling factor.

    Examples
    --------
    >>> Priors(("log_rate",), mean=(-2.0,), sd=(1.0,), scale=(0.5,)).widened(4.0).sd
    (4.0,)
    """

    coordinates: tuple[str, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.coordinates) == len(self.mean) == len(self.sd) == len(self.scale):
            raise ArgumentError(f"priors need one mean, sd and scale for each of {', '.join(self.coordinates)}")
        if not all(math.isfinite(number) for number in (*self.mean, *self.sd, *self.scale)):
            raise ArgumentError(f"the numbers of a prior must be finite, not {self.mean}, {self.sd} and {self.scale}")
        if min(*self.sd, *self.scale) <= 0:
            raise ArgumentError(f"the sd and scale of a prior must be positive, not {self.sd} and {self.scale}")

    def widened(self, factor: float) -> "Priors":
        """The same priors with every standard deviation multiplied by `factor`."""
        return replace(self, sd=tuple(factor * sd for sd in self.sd), scale=tuple(factor * scale for scale in self.scale))
