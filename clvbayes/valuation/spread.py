"""What makes the spread of values: chance, parameters, and what moves all customers at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from clvbayes.inference import Fit
from clvbayes.models.clock import LEVEL
from clvbayes.models.pace import Pace
from clvbayes.models.protocol import PurchaseModel
from clvbayes.valuation.contract_events import ContractPart, ContractPlan
from clvbayes.valuation.events import Part, Plan
from clvbayes.valuation.levels import Levels

__all__ = ["ContractMoves", "OrderMoves", "spread_of"]


@dataclass(frozen=True)
class OrderMoves:
    """What moves the orders of many customers at once, in logs: `common` of all, dims ``(draw, feature)``; `of_groups`, dims ``(draw,
    group)`` each; and each customer's group, of the first customers of all."""

    common: np.ndarray
    of_groups: tuple[np.ndarray, ...]
    group: np.ndarray

    @classmethod
    def of(cls, plan: Plan, part: Part, purchases: Sequence[Fit]) -> "OrderMoves":
        """How far a discrepancy has moved the future clock after a year and at the horizon, and of fits with a level how far it has come,
        less the mean of these; and what multiplies paces and amounts of each group. Of a clock that nothing moves there is none."""
        levels = [cast("PurchaseModel", fit.model).clock is LEVEL for fit in purchases]
        if not isinstance(plan.clock, Pace) or (plan.unmoved is None and not any(levels)):
            return cls(np.zeros((plan.draws, 0)), (), part.batch.group)
        ends = np.array([min(plan.units_per_year, plan.horizon), plan.horizon])
        passed = np.log(plan.clock.passed(ends).T)
        unmoved = np.log(plan.unmoved.passed(ends).T) if isinstance(plan.unmoved, Pace) else passed
        common = passed - unmoved
        for turn in np.flatnonzero(levels):
            of_fit = slice(turn, None, len(purchases))
            common[of_fit] = passed[of_fit] - passed[of_fit].mean(axis=0)
        of_groups = (plan.clock.of_group, *(() if plan.amount_factor is None else (plan.amount_factor,)))
        return cls(common, tuple(np.log(effect) for effect in of_groups), part.batch.group)

    def features(self, members: np.ndarray, weight: np.ndarray) -> list[np.ndarray]:
        """What moves these customers, dims ``(draw, feature)``, groups weighed by what their customers are worth."""
        own = members[members < len(self.group)]
        if not len(own) or not self.common.shape[1]:
            return []
        share = np.bincount(self.group[own], weight[own])
        return [self.common, *((effect[:, : len(share)] @ (share / share.sum()))[:, None] for effect in self.of_groups)]


@dataclass(frozen=True)
class ContractMoves:
    """The same of contracts: `common`, and who has one."""

    common: np.ndarray
    customers: np.ndarray

    @classmethod
    def of(cls, plan: ContractPlan, part: ContractPart) -> "ContractMoves":
        """What a discrepancy multiplies odds of churn and renewed amounts by."""
        moved = [np.log(effect) for effect in (plan.churn_odds, plan.renewed_amounts) if effect is not None and np.ptp(effect) > 0]
        return cls(np.array(moved).reshape(len(moved), plan.draws).T, np.unique(part.customer))

    def features(self, members: np.ndarray) -> list[np.ndarray]:
        """What moves these customers, dims ``(draw, feature)``."""
        return [self.common] if self.common.shape[1] and np.isin(self.customers, members).any() else []


def spread_of(
    values: np.ndarray,
    chances: np.ndarray,
    means: np.ndarray,
    levels: Levels,
    orders: OrderMoves | None,
    contracts: ContractMoves | None,
) -> pd.DataFrame:
    """Standard deviation of each row's value, and of it what chance, what the parameters and what moves all customers at once make.

    `values` has dims (draw, row); `chances` are the variances that chance makes of each customer's value, `means` their means. Futures of
    different customers are independent given all else, so that the variances that chance makes add up. What the common moves make is what
    of the draws they explain, by least squares.
    """
    variance, weight = values.var(axis=0), means.clip(1e-300)
    chance = np.zeros(levels.rows)
    for row_of in levels.row_of:
        chance += np.bincount(row_of, chances, minlength=levels.rows)
    chance = np.minimum(chance, variance)
    common = np.zeros(levels.rows)
    for row, members in enumerate(levels.members()):
        features = [] if orders is None else orders.features(members, weight)
        features += [] if contracts is None else contracts.features(members)
        if features:
            common[row] = _explained(values[:, row], np.column_stack(features))
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


def _explained(values: np.ndarray, features: np.ndarray) -> float:
    """Variance of values that features explain by least squares, less what as many features of pure noise would."""
    products = [features[:, i] * features[:, j] for i in range(features.shape[1]) for j in range(i + 1)]
    features = np.column_stack([np.ones(len(values)), features, *products])
    left = values - features @ np.linalg.lstsq(features, values, rcond=None)[0]
    freedom = len(values) - features.shape[1]
    return max(float(values.var() - left @ left / freedom), 0.0)
