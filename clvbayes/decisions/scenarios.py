"""What plans bring, scenario by scenario: draws of a valuation, of responses and of chance that belong together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from clvbayes.decisions.measures import Gain, Measure, gains_in_halves
from clvbayes.decisions.program import Pieces, cut
from clvbayes.valuation import Valuation

__all__ = ["Scenarios", "scenarios_in_halves"]

HALVES = 13  # use of a seed


@dataclass(frozen=True)
class Scenarios:
    """Gains of all measures in some draws of a valuation, further from their mean by a factor."""

    draws: np.ndarray
    gains: Sequence[Gain]
    widened_by: float = 1.0

    def gain(self, k: int, spend: np.ndarray) -> np.ndarray:
        """Of one measure, dims ``(draw, spend)``."""
        found = self.gains[k].of(spend)
        if self.widened_by == 1:
            return found
        mean = found.mean(axis=0)
        return np.asarray(mean + self.widened_by * (found - mean))

    def profit(self, spend: np.ndarray) -> np.ndarray:
        """Dims ``(draw,)``."""
        return np.asarray(sum(self.gain(k, spend[k : k + 1])[:, 0] for k in range(len(self.gains))) - spend.sum())

    def by_measure(self, spend: np.ndarray, names: list[str]) -> xr.DataArray:
        """Profits, dims ``(draw, measure)``."""
        values = np.stack([self.gain(k, spend[k : k + 1])[:, 0] - spend[k] for k in range(len(self.gains))], axis=1)
        return xr.DataArray(values, dims=("draw", "measure"), coords={"measure": names}, attrs={"kind": "predictive"})

    def pieces(self, ends: np.ndarray) -> Pieces:
        """Of gains without chance and as drawn, which are concave: `Pieces.about` adds the rest around a plan."""
        return cut([gain.without_chance(ends[k]) for k, gain in enumerate(self.gains)], ends)


def scenarios_in_halves(valuation: Valuation, measures: Sequence[Measure], widened_by: float, seed: int) -> tuple[Scenarios, Scenarios]:
    """Those to choose with, and those to judge by, which share no draw of the valuation nor of a response."""
    draws = valuation.total.sizes["draw"]
    order = np.random.default_rng([seed, HALVES]).permutation(draws)
    halves = np.sort(order[: draws // 2]), np.sort(order[draws // 2 :])
    gains = [gains_in_halves(measure, valuation, halves, seed) for measure in measures]
    choosing, judging = (Scenarios(half, [of_measure[k] for of_measure in gains], widened_by) for k, half in enumerate(halves))
    return choosing, judging
