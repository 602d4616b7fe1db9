"""What a coreset misses of the exact likelihood, to second order around a mode, cell by cell.

    exact - coreset  ~  value + gradient . f(off) + f(off)' hessian f(off) / 2,   off = coordinates - mode

The difference of two Hessians is often indefinite, so that the expansion by itself would grow without bound: on simulated bases the
density far out exceeded the mode's by up to 2,672 log units. Hence f(off) = off / (1 + (off / reach)^8)^(1/8): the identity as far as the
posterior reaches, and never beyond `reach`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Correction"]

SHARPNESS = 8


@dataclass(frozen=True)
class Correction:
    """The expansion of (exact - coreset) around a mode.

    Attributes
    ----------
    mode, reach : array
        Where it is expanded, and how far from there it is followed, dims ``(coordinate, cell)``.
    value : array
        Dims ``(cell,)``.
    gradient : array
        Dims ``(coordinate, cell)``.
    hessian : array
        Dims ``(coordinate, other, cell)``.
    """

    mode: Any
    reach: Any
    value: Any
    gradient: Any
    hessian: Any

    def at(self, coordinates: Any) -> Any:
        """Log-likelihood to be added in all, at NumPy or PyTensor coordinates, dims ``(coordinate, cell)``."""
        return self.by_cell(coordinates).sum()

    def by_cell(self, coordinates: Any) -> Any:
        """The same cell by cell, dims ``(cell,)``."""
        off = coordinates - self.mode
        clipped = off / (1 + (off / self.reach) ** SHARPNESS) ** (1 / SHARPNESS)
        linear = (self.gradient * clipped).sum(axis=0)
        quadratic = (self.hessian * clipped[:, None, :] * clipped[None, :, :]).sum(axis=(0, 1))
        return self.value + linear + 0.5 * quadratic

    @classmethod
    def none(cls, coordinates: int, cells: int) -> "Correction":
        """No correction at all: what exact rows need."""
        zeros = np.zeros((coordinates, cells))
        return cls(zeros, zeros + 1.0, np.zeros(cells), zeros, np.zeros((coordinates, coordinates, cells)))
