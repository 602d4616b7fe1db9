"""What first orders are worth: a Bayesian bootstrap of those of each level, shrunk to the base's (Rubin 1981).

First orders differ from later ones, so that the spend model does not know them. In each draw the first orders of a level have Dirichlet
weights. With them go the base's first orders, with as much weight together as the levels are alike: the number of orders at which a level's
own mean and the base's say as much (Buehlmann & Straub 1970).
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["FirstOrders", "bootstrap"]

MOST_BINS = 100  # of a level's first orders, by size; of no more the bootstrap is exact
LEAST_SHRINKAGE, MOST_SHRINKAGE = 2.0, 1_000.0  # orders


@dataclass(frozen=True)
class FirstOrders:
    """First orders of some levels.

    Attributes
    ----------
    mean : numpy.ndarray
        Dims ``(draw, row)``.
    own : list of numpy.ndarray
        Amounts of each row's first orders; those of the first row are all there are.
    own_share : numpy.ndarray
        Probability, by row, that a first order is like one of the row's own, and not like one of all.
    """

    mean: np.ndarray
    own: list[np.ndarray]
    own_share: np.ndarray

    def simulate(self, row: int, shape: tuple[int, int], random: np.random.Generator) -> np.ndarray:
        """Amounts of first orders of a row."""
        amounts = random.choice(self.own[0], shape)
        if len(self.own[row]):
            amounts = np.where(random.random(shape) < self.own_share[row], random.choice(self.own[row], shape), amounts)
        return np.asarray(amounts)


def bootstrap(own: list[np.ndarray], columns: list[slice], draws: int, seed: list[int]) -> FirstOrders:
    """First orders of each row; `columns` are the rows that part the same customers, the first of them all customers together.

    Parameters
    ----------
    own : list of numpy.ndarray
        Amounts of each row's first orders, at least one in the first row.
    columns : list of slice
    draws : int
    seed : list of int
        The same seed gives the same draws.

    Returns
    -------
    FirstOrders

    Examples
    --------
    >>> found = bootstrap([np.array([10.0, 10.0])], [slice(0, 1)], draws=100, seed=[1])
    >>> found.mean.shape, round(float(found.mean.std()), 9)
    ((100, 1), 0.0)
    """
    random = np.random.default_rng(seed)
    base, mean, own_share = _bootstrapped_mean(own[0], draws, random), np.empty((draws, len(own))), np.ones(len(own))
    mean[:, 0] = base
    for rows in columns[1:]:
        shrinkage = _shrinkage([own[row] for row in range(rows.start, rows.stop)])
        for row in range(rows.start, rows.stop):
            count = len(own[row])
            weight = random.beta(count, shrinkage, draws) if count else np.zeros(draws)
            mean[:, row] = (weight * _bootstrapped_mean(own[row], draws, random) if count else 0.0) + (1 - weight) * base
            own_share[row] = count / (count + shrinkage)
    return FirstOrders(mean, own, own_share)


def _bootstrapped_mean(amounts: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    bins = np.array_split(np.sort(amounts), min(len(amounts), MOST_BINS))
    weights = random.standard_gamma([float(len(found)) for found in bins], (draws, len(bins)))
    return np.asarray(weights @ np.array([found.mean() for found in bins]) / weights.sum(axis=1))


def _shrinkage(groups: list[np.ndarray]) -> float:
    """Variance of single orders within levels over that of the levels' means: moments, as for random effects of unequal groups."""
    filled = [found for found in groups if len(found)]
    counts, means = np.array([len(found) for found in filled]), np.array([found.mean() for found in filled])
    orders, freedom = counts.sum(), counts.sum() - len(filled)
    if len(filled) < 2 or freedom < 1:
        return LEAST_SHRINKAGE
    within = sum(float(((found - found.mean()) ** 2).sum()) for found in filled) / freedom
    spread = float((counts * (means - (counts * means).sum() / orders) ** 2).sum()) - (len(filled) - 1) * within
    between = spread / (orders - (counts**2).sum() / orders)
    return float(np.clip(within / between, LEAST_SHRINKAGE, MOST_SHRINKAGE)) if between > 0 else MOST_SHRINKAGE
