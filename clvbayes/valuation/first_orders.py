"""What first orders are worth: a Bayesian bootstrap of those of each level, shrunk to the base's (Rubin 1981).

First orders differ from later ones, so that the spend model does not know them. In each draw the first orders of a level have Dirichlet
weights, and their mean is drawn to the base's by as much as levels are alike: the base's says as much of a level as that number of orders
at which what single orders vary by within levels, and what the levels vary by, weigh the same (Buehlmann & Straub 1970). What a level
differs from the base by is drawn with it, so that levels of few orders have wide bands.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["FirstOrders", "bootstrap"]

SINGLE, BINS = 300, 100  # the largest orders by themselves, the rest in bins by size: what a mean varies by lies in the largest
LEAST_SHRINKAGE, MOST_SHRINKAGE = 2.0, 1_000.0  # orders


@dataclass(frozen=True)
class FirstOrders:
    """First orders of some levels.

    Attributes
    ----------
    mean : numpy.ndarray
        Dims ``(draw, row)``.
    own : list of numpy.ndarray
        Amounts of each row's first orders, sorted; those of the first row are all there are.
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
        Amounts of each row's first orders, none negative, at least one in the first row.
    columns : list of slice
    draws : int
    seed : list of int
        The same seed gives the same draws, in whatever order the amounts stand.

    Returns
    -------
    FirstOrders

    Examples
    --------
    >>> found = bootstrap([np.array([10.0, 10.0])], [slice(0, 1)], draws=100, seed=[1])
    >>> found.mean.shape, round(float(found.mean.std()), 9)
    ((100, 1), 0.0)
    """
    random, own = np.random.default_rng(seed), [np.sort(amounts) for amounts in own]
    base, mean, own_share = _bootstrapped_mean(own[0], draws, random), np.empty((draws, len(own))), np.ones(len(own))
    mean[:, 0] = base
    for rows in columns[1:]:
        shrinkage, between = _shrinkage([own[row] for row in range(rows.start, rows.stop)])
        for row in range(rows.start, rows.stop):
            own_share[row] = weight = len(own[row]) / (len(own[row]) + shrinkage)
            another = _another_level(base, between, random)
            mean[:, row] = weight * _bootstrapped_mean(own[row], draws, random) + (1 - weight) * another if weight else another
    return FirstOrders(mean, own, own_share)


def _bootstrapped_mean(amounts: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    """Of sorted amounts, by draw."""
    small, large = np.split(amounts, [max(len(amounts) - SINGLE, 0)])
    bins = [*np.array_split(small, min(len(small), BINS))] if len(small) else []
    bins += [*large[:, None]]
    weights = random.standard_gamma([float(len(found)) for found in bins], (draws, len(bins)))
    return np.asarray(weights @ np.array([found.mean() for found in bins]) / weights.sum(axis=1))


def _another_level(base: np.ndarray, between: float, random: np.random.Generator) -> np.ndarray:
    """Means of a level of which nothing is known, by draw: gamma distributed around the base's, never negative."""
    if between == 0 or not (base > 0).all():
        return base
    shape = base**2 / between
    return np.asarray(random.standard_gamma(shape) * base / shape)


def _shrinkage(groups: list[np.ndarray]) -> tuple[float, float]:
    """Variance of single orders within levels over that of the levels' means, and the latter: moments, as for random effects of unequal
    groups."""
    filled = [found for found in groups if len(found)]
    counts, means = np.array([len(found) for found in filled]), np.array([found.mean() for found in filled])
    orders, freedom = counts.sum(), counts.sum() - len(filled)
    if len(filled) < 2 or freedom < 1:
        return LEAST_SHRINKAGE, 0.0
    within = sum(float(((found - found.mean()) ** 2).sum()) for found in filled) / freedom
    spread = float((counts * (means - (counts * means).sum() / orders) ** 2).sum()) - (len(filled) - 1) * within
    between = max(spread / (orders - (counts**2).sum() / orders), within / MOST_SHRINKAGE)
    return (max(within / between, LEAST_SHRINKAGE) if between > 0 else MOST_SHRINKAGE), float(between)
