"""Two forecasts that any model must beat: customers who never leave, and the rate of the last year.

Both are the same story, orders at random at a rate of each customer's own, gamma distributed over customers, and nobody leaves (NBD;
Ehrenberg 1959): once for all that has been seen of a customer, once for the last year of it. Shape and scale are those of the posterior's
mode, with its curvature around them: no sampling is needed for a yardstick.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import minimize
from scipy.special import gammaln, xlog1py

from clvbayes.errors import DataError
from clvbayes.models.pace import Ticking
from clvbayes.models.protocol import Batch, Futures
from clvbayes.models.streams import exponential, gamma_variate, open_stream

__all__ = ["Steady", "steady_draws"]

STREAMS = "47287f42"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

PURCHASES = 0  # purpose of the random streams, as of every purchase model
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
        shape = np.exp(coordinates[:, 1, 0])
        x, T = batch.frequency.astype(float), batch.T.astype(float)
        found = _simulate(shape, shape / np.exp(coordinates[:, 0, 0]), x, T, horizon - batch.starts, batch.key, seed)
        alive = np.ones((len(batch), len(coordinates)))
        return Futures(found[0], found[1], batch.starts[found[0]] + found[2], alive, np.full_like(alive, np.nan))

    def count_probability(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any, *, horizon: Any, count: Any) -> np.ndarray:
        """Negative binomial probability of so many purchases within `horizon`; `coordinates` has dims ``(coordinate, ...)``."""
        shape = np.exp(coordinates[1])
        r, age, n = shape + np.asarray(frequency), shape / np.exp(coordinates[0]) + np.asarray(T), np.asarray(count, dtype=float)
        log = gammaln(r + n) - gammaln(r) - gammaln(n + 1) + n * np.log(horizon / (age + horizon)) - xlog1py(r, horizon / age)
        return np.asarray(np.exp(log))


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


@njit(nogil=True, cache=True)
def _simulate(
    shape: np.ndarray, alpha: np.ndarray, x: np.ndarray, T: np.ndarray, ahead: np.ndarray, key: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer, draw and time of each purchase."""
    room, events = len(x) * len(shape) + 1024, 0
    of_customer, of_draw, elapsed = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room)
    state = np.empty(1, np.uint64)
    for i in range(len(x)):
        for s in range(len(shape)):
            open_stream(state, seed, key[i], s, PURCHASES)
            rate = gamma_variate(state, shape[s] + x[i]) / (alpha[s] + T[i])
            time = exponential(state) / rate if rate > 0.0 else np.inf
            while time <= ahead[i]:
                if events == room:
                    room *= 2
                    of_customer, of_draw, elapsed = _grown(of_customer, room), _grown(of_draw, room), _grown(elapsed, room)
                of_customer[events], of_draw[events], elapsed[events] = i, s, time
                events += 1
                time += exponential(state) / rate
    return of_customer[:events], of_draw[:events], elapsed[:events]


@njit(nogil=True, cache=True)
def _grown(array: np.ndarray, size: int) -> np.ndarray:
    larger = np.empty(size, array.dtype)
    larger[: len(array)] = array
    return larger
