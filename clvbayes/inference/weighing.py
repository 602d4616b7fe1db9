"""Does a coreset's posterior hold? Its draws are weighed by the exact likelihood (Vehtari, Simpson, Gelman, Yao & Gabry 2024, PSIS)."""

import math
from dataclasses import dataclass

import arviz_stats.base
import numpy as np
from scipy.special import logsumexp

from clvbayes.inference.likelihood import Likelihood
from clvbayes.models.correction import Correction

__all__ = ["RESAMPLED_FROM", "USED_AS_IS", "Weighing", "smoothed", "weigh"]

USED_AS_IS = 0.99  # effective share from which the weights are all but equal
RESAMPLED_FROM = 0.5
ALL_EQUAL = 1e-6  # log units: rounding, in which a tail has no shape


@dataclass(frozen=True)
class Weighing:
    """What another density says of draws, such as the exact likelihood of those from a corrected coreset.

    Attributes
    ----------
    log_weights : numpy.ndarray
        Smoothed; their exponentials add up to one.
    k_hat, k_hat_limit : float
        Shape of the weights' upper tail, and below what it must lie for as many draws.
    effective_share : float
        Effective draws after weighing, as a share of the draws: 1 where all weights are equal.
    """

    log_weights: np.ndarray
    k_hat: float
    k_hat_limit: float
    effective_share: float

    @property
    def holds(self) -> bool:
        """Whether the draws can be used, as they are or resampled by their weights."""
        return self.k_hat < self.k_hat_limit and self.effective_share >= RESAMPLED_FROM


def weigh(exact: Likelihood, coreset: Likelihood, correction: Correction, coordinates: np.ndarray) -> Weighing:
    """Weigh draws of the cells' coordinates, dims ``(draw, coordinate, cell)``."""
    return smoothed(np.array([exact.value(at) - coreset.value(at) - float(correction.at(at)) for at in coordinates]))


def smoothed(log_weights: np.ndarray) -> Weighing:
    """Weigh draws by the logarithms of a ratio of densities, dims ``(draw,)``."""
    if np.ptp(log_weights) < ALL_EQUAL:
        weights, k_hat = np.full(len(log_weights), -math.log(len(log_weights))), 0.0
    else:
        try:
            # ArviZ takes log-likelihoods, whose negatives are the log weights of leaving one out
            weights, k_hat = arviz_stats.base.array_stats.psislw(-log_weights)
        except ValueError:  # a chain that is stuck fills the tail with one value
            weights, k_hat = log_weights - logsumexp(log_weights), math.inf
    relative = np.exp(weights - weights.max())
    share = float(relative.sum() ** 2 / (relative**2).sum() / len(relative))
    return Weighing(weights, float(k_hat), min(1 - 1 / math.log10(len(weights)), 0.7), share)
