"""What makes the spread of values: chance, parameters, and what moves all customers at once."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd

from clvbayes.inference import Fit
from clvbayes.models.clock import LEVEL
from clvbayes.models.pace import Pace
from clvbayes.models.protocol import PurchaseModel
from clvbayes.valuation.events import Plan
from clvbayes.valuation.levels import Levels

__all__ = ["spread_of", "systematic"]


def systematic(plan: Plan, purchases: Sequence[Fit]) -> np.ndarray:
    """What moves all customers at once, in logs, dims ``(draw, feature)``: how far a discrepancy has moved the future clock after a year
    and at the horizon, and of fits with a level how far it has come, less the mean of these. Of a clock that nothing moves there is none.
    """
    levels = [cast("PurchaseModel", fit.model).clock is LEVEL for fit in purchases]
    if not isinstance(plan.clock, Pace) or (plan.unmoved is None and not any(levels)):
        return np.zeros((plan.draws, 0))
    ends = np.array([min(plan.units_per_year, plan.horizon), plan.horizon])
    passed = np.log(plan.clock.passed(ends).T)
    unmoved = np.log(plan.unmoved.passed(ends).T) if isinstance(plan.unmoved, Pace) else passed
    features = passed - unmoved
    for turn in np.flatnonzero(levels):
        of_fit = slice(turn, None, len(purchases))
        features[of_fit] = passed[of_fit] - passed[of_fit].mean(axis=0)
    return np.asarray(features)


def spread_of(
    values: np.ndarray,
    chances: np.ndarray,
    means: np.ndarray,
    levels: Levels,
    common_moves: np.ndarray,
    plan: Plan | None,
    group: np.ndarray,
) -> pd.DataFrame:
    """Standard deviation of each row's value, and of it what chance, what the parameters and what moves all customers at once make.

    `values` has dims (draw, row); `chances` are the variances that chance makes of each customer's value, `means` their means. Futures of
    different customers are independent given all else, so that the variances that chance makes add up. What the common moves make is what
    of the draws they explain, by least squares; they move orders alone, whose customers come first, and have a `group` each.
    """
    variance, weight = values.var(axis=0), means.clip(1e-300)
    chance = np.zeros(levels.rows)
    for row_of in levels.row_of:
        chance += np.bincount(row_of, chances, minlength=levels.rows)
    chance = np.minimum(chance, variance)
    common = np.zeros(levels.rows)
    if plan is not None and common_moves.shape[1]:
        of_groups = [np.log(effect) for effect in _of_groups(plan)]
        for row, anyone in enumerate(levels.members()):
            members = anyone[anyone < len(group)]
            if not len(members):
                continue
            share = np.bincount(group[members], weight[members])
            own = [effect[:, : len(share)] @ (share / share.sum()) for effect in of_groups]
            common[row] = _explained(values[:, row], np.column_stack([common_moves, *own]))
    common = np.minimum(common, variance - chance)
    named = [(column, name) for column, names in levels.names.items() for name in names]
    return pd.DataFrame(
        {
            "column": [column for column, _ in named],
            "level": [name for _, name in named],
            "sd": np.sqrt(variance),
            "process_sd": np.sqrt(chance),
            "parameter_sd": np.sqrt(variance - chance - common),
            "systematic_sd": np.sqrt(common),
        }
    )


def _of_groups(plan: Plan) -> list[np.ndarray]:
    """What multiplies paces and amounts of each group of customers, dims ``(draw, group)``."""
    assert isinstance(plan.clock, Pace)
    return [plan.clock.of_group, *([] if plan.amount_factor is None else [plan.amount_factor])]


def _explained(values: np.ndarray, features: np.ndarray) -> float:
    """Variance of values that features explain by least squares, less what as many features of pure noise would."""
    products = [features[:, i] * features[:, j] for i in range(features.shape[1]) for j in range(i + 1)]
    features = np.column_stack([np.ones(len(values)), features, *products])
    left = values - features @ np.linalg.lstsq(features, values, rcond=None)[0]
    freedom = len(values) - features.shape[1]
    return max(float(values.var() - left @ left / freedom), 0.0)
