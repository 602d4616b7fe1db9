"""Two forecasts that any model must beat: customers who never leave, and the rate of the last year.

Both are the same story, orders at random at a rate of each customer's own, gamma distributed over customers, and nobody leaves (NBD;
Ehrenberg 1959): once for all that has been seen of a customer, once for the last year of it. Shape and scale are those of the posterior's
mode, with its curvature around them: no sampling is needed for a yardstick.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, xlog1py

from clvbayes.errors import DataError
from clvbayes.models import nbd
from clvbayes.models.pace import STEADY_PACE, Ticking
from clvbayes.models.protocol import Batch, Futures

__all__ = ["Steady", "steady_draws"]

PRIOR_SD = np.array([1.0, 0.75])  # of log rate and log shape, as in the purchase models
STEP = 1e-4


@dataclass(frozen=True)
class Steady:
    """Customers who order at random and never leave; coordinates log_rate and log_shape."""

    title: str

    def simulate(
        self,
        coordinates: np.ndarray,
        batch: Batch,
        *,
        horizon: float,
        year: float,
        seed: int,
        clock: Ticking,
        rate: float = 1.0,
        churn_odds: float = 1.0,
    ) -> Futures:
        """Purchases within `horizon`, whatever the clock says; see `clvbayes.models.protocol.PurchaseModel`."""
        alike = replace(batch, purchase_cell=np.zeros(len(batch), np.int64))
        return nbd().simulate(coordinates, alike, horizon=horizon, year=year, seed=seed, clock=STEADY_PACE)

    def count_probability(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any, *, horizon: Any, count: Any) -> np.ndarray:
        """Negative binomial probability of so many purchases within `horizon`; `coordinates` has dims ``(coordinate, ...)``."""
        return nbd().count_probability(coordinates, frequency, recency, T, horizon=horizon, count=count)


def steady_draws(frequency: np.ndarray, T: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    """Draws of log rate and log shape, dims ``(draw, coordinate, 1)``: normal around the posterior's mode, with its curvature.

    Parameters
    ----------
    frequency, T : numpy.ndarray
        Repeat purchases, and the time in which they were seen, by customer.
    draws : int
    random : numpy.random.Generator

    Returns
    -------
    numpy.ndarray
    """
    rows, weight = np.unique(np.stack([frequency, T]), axis=1, return_counts=True)
    x, seen = rows
    centre = np.array([np.log((frequency.sum() + 0.5) / max(T.sum(), 1e-9)), 0.0])

    def negative(at: np.ndarray) -> float:
        shape = np.exp(at[1])
        alpha = shape / np.exp(at[0])
        log = gammaln(shape + x) - gammaln(shape) - xlog1py(shape, seen / alpha) - x * np.log(alpha + seen)
        return float(0.5 * (((at - centre) / PRIOR_SD) ** 2).sum() - weight @ log)

    # SciPy's own first simplex is .00025 wide where a coordinate starts at zero, and stopped 31 log units short of a mode
    simplex = centre + np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]])
    found = minimize(negative, centre, method="Nelder-Mead", options={"initial_simplex": simplex, "xatol": 1e-6, "fatol": 1e-6})
    if not found.success:
        raise DataError(f"the mode of a baseline was not found: {found.message}")
    mode = found.x
    steps = STEP * np.eye(2)
    curvature = np.empty((2, 2))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            mixed = negative(mode + a + b) - negative(mode + a - b) - negative(mode - a + b) + negative(mode - a - b)
            curvature[i, j] = mixed / (4 * STEP**2)
    return np.asarray(random.multivariate_normal(mode, np.linalg.inv(curvature), draws)[:, :, None])
