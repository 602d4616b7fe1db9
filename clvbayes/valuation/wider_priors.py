"""What a valuation would be had the priors been wider: its draws weighed by the ratio of both priors, without another fit.

Weights of draws for a changed prior are those of Kallioinen, Paananen, Buerkner & Vehtari (2024), "Detecting and diagnosing prior and
likelihood sensitivity with power-scaling", smoothed by Pareto's tail, whose shape says whether they can be trusted.
"""

from collections.abc import Sequence

import numpy as np

from clvbayes.inference import Fit
from clvbayes.inference.weighing import Weighing, smoothed
from clvbayes.valuation.plans import UNSEEN_PURCHASES, UNSEEN_SPEND, chosen_draws

__all__ = ["wider_priors"]


def wider_priors(purchases: Sequence[Fit], spend: Fit, *, draws: int, seed: int, factor: float = 2.0) -> Weighing:
    """Weights of a valuation's draws, had all priors of coordinates and of their spread over levels been `factor` times as wide.

    Parameters
    ----------
    purchases : sequence of Fit
        As the valuation pools them.
    spend : Fit
    draws, seed : int
        Those of the valuation.
    factor : float

    Returns
    -------
    Weighing
        By draw of the valuation; to be trusted where `k_hat` is below its limit: where the widened priors lie within what the draws reach.
    """
    each = -(-draws // len(purchases))
    in_turns = [_log_ratio(fit, factor)[chosen_draws(fit, each, seed, UNSEEN_PURCHASES)[0]] for fit in purchases]
    # each of several fits keeps its share of the draws: their densities are not normalised, and so do not compare
    by_draw = np.stack([ratio - _log_mean(ratio) for ratio in in_turns], axis=1).ravel()[:draws]
    return smoothed(by_draw + _log_ratio(spend, factor)[chosen_draws(spend, draws, seed, UNSEEN_SPEND)[0]])


def _log_mean(log_values: np.ndarray) -> float:
    return float(np.logaddexp.reduce(log_values) - np.log(len(log_values)))


def _log_ratio(fit: Fit, factor: float) -> np.ndarray:
    """Log of the wider prior's density over the prior's, up to a constant, by draw of the posterior."""
    posterior, priors = fit.posterior["posterior"].to_dataset().stack(sample=("chain", "draw")), fit.priors
    off = (posterior["population"].transpose("sample", "coordinate").to_numpy() - priors.mean) / np.array(priors.sd)
    squares = (off**2).sum(axis=1)
    for name in map(str, posterior.data_vars):
        if name.endswith("_scale") and posterior[name].dims == ("coordinate", "sample"):
            squares += ((posterior[name].transpose("sample", "coordinate").to_numpy() / np.array(priors.scale)) ** 2).sum(axis=1)
    return np.asarray(squares * (1 - 1 / factor**2) / 2)
