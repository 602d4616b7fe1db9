"""How good a forecast was: proper scores of predictive draws, and whether their bands held."""

from dataclasses import dataclass

import numpy as np
from numba import njit

__all__ = ["LEVELS", "QUANTILES", "Scores", "score_draws"]

LEVELS = (0.5, 0.8, 0.9, 0.95)
QUANTILES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
ENDS = np.array([[QUANTILES.index(round((1 - level) / 2, 3)), QUANTILES.index(round((1 + level) / 2, 3))] for level in LEVELS])


@dataclass(frozen=True)
class Scores:
    """What became of some forecasts, one entry or row each.

    Attributes
    ----------
    mean : numpy.ndarray
        Of the draws.
    sd : numpy.ndarray
        Of the draws.
    quantiles : numpy.ndarray
        Dims ``(forecast, quantile)``, in the order of `QUANTILES`.
    crps : numpy.ndarray
        Continuous ranked probability score: E|X - y| - E|X - X'|/2, without the bias of finitely many draws (Gneiting & Raftery 2007;
        Ferro 2014). In the unit of the draws; the lower the better.
    pit : numpy.ndarray
        Share of the draws below what happened, and of those equal to it a random part: uniform if the forecast is right, of counts too
        (Czado, Gneiting & Held 2009).
    held : numpy.ndarray of bool
        Dims ``(forecast, level)``: whether the central band, its ends included, held what happened.
    interval : numpy.ndarray
        Dims ``(forecast, level)``: width of the band, and 2 / (1 - level) times how far outside of it what happened lies (Winkler 1972).
    """

    mean: np.ndarray
    sd: np.ndarray
    quantiles: np.ndarray
    crps: np.ndarray
    pit: np.ndarray
    held: np.ndarray
    interval: np.ndarray


def score_draws(draws: np.ndarray, actual: np.ndarray, random: np.random.Generator) -> Scores:
    """Score forecasts by what happened.

    Parameters
    ----------
    draws : numpy.ndarray
        Predictive draws, dims ``(forecast, draw)``, at least two of each.
    actual : numpy.ndarray
        What happened, one entry a forecast.
    random : numpy.random.Generator
        Parts ties.

    Returns
    -------
    Scores

    Examples
    --------
    >>> found = score_draws(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([2.5]), np.random.default_rng(1))
    >>> float(found.pit[0]), float(round(found.crps[0], 4)), found.held[0].tolist()
    (0.5, 0.1667, [True, True, True, True])
    """
    numbers = np.asarray(draws, dtype=float)
    quantiles, crps, below, equal = _ranked(numbers, np.asarray(actual, dtype=float), np.array(QUANTILES))
    low, high = quantiles[:, ENDS[:, 0]], quantiles[:, ENDS[:, 1]]
    happened = np.asarray(actual, dtype=float)[:, None]
    outside = np.maximum(low - happened, 0.0) + np.maximum(happened - high, 0.0)
    return Scores(
        mean=numbers.mean(axis=1),
        sd=numbers.std(axis=1, ddof=1),
        quantiles=quantiles,
        crps=crps,
        pit=(below + random.random(len(below)) * equal) / numbers.shape[1],
        held=outside == 0,
        interval=high - low + 2 / (1 - np.array(LEVELS)) * outside,
    )


@njit(nogil=True, cache=True)
def _ranked(draws: np.ndarray, actual: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Quantiles, CRPS, and how many draws lie below what happened and at it."""
    forecasts, size = draws.shape
    quantiles = np.empty((forecasts, len(probabilities)))
    crps, below, equal = np.empty(forecasts), np.zeros(forecasts), np.zeros(forecasts)
    for i in range(forecasts):
        row = np.sort(draws[i])
        distance, spread = 0.0, 0.0
        for k in range(size):
            distance += abs(row[k] - actual[i])
            spread += (2 * k + 1 - size) * row[k]
            below[i] += row[k] < actual[i]
            equal[i] += row[k] == actual[i]
        crps[i] = distance / size - spread / (size * (size - 1))
        for q in range(len(probabilities)):
            place = probabilities[q] * (size - 1)
            k = min(int(place), size - 2)
            quantiles[i, q] = row[k] + (place - k) * (row[k + 1] - row[k])
    return quantiles, crps, below, equal
