"""What a simulation needs of fits, customers and economics: a plan, and all customers as one part."""

from typing import cast

import numpy as np

from clvbayes.data import DAYS_PER_UNIT, Customers
from clvbayes.inference import Fit
from clvbayes.models.hierarchy import Cells, assign_cells, cell_coordinates
from clvbayes.models.protocol import PurchaseModel, ReturnsModel, SpendModel
from clvbayes.valuation.economics import DAYS_PER_YEAR, Economics
from clvbayes.valuation.events import CellsOf, Part, Plan, everyone_of

__all__ = ["plan_valuation"]

PAIRING, UNSEEN_PURCHASES, UNSEEN_SPEND, FREE_SHARE, UNSEEN_RETURNS = range(5)  # uses of a seed beside the customers' streams


def plan_valuation(
    purchases: Fit,
    spend: Fit,
    returns: Fit | None,
    customers: Customers,
    economics: Economics,
    *,
    period_ends: np.ndarray,
    draws: int,
    seed: int,
) -> tuple[Plan, Part]:
    """Pair the draws of some fits, once, and lay out the customers.

    Parameters
    ----------
    purchases, spend : Fit
    returns : Fit or None
    customers : Customers
    economics : Economics
    period_ends : numpy.ndarray
        In years after the valuation date; the last one is the horizon.
    draws, seed : int

    Returns
    -------
    tuple of Plan and Part
    """
    purchase_cells, spend_cells = assign_cells(customers, purchases.pool), assign_cells(customers, spend.pool)
    returns_cells = assign_cells(customers, () if returns is None else returns.pool)
    plan = Plan(
        purchases=cast("PurchaseModel", purchases.model),
        purchase_coordinates=_coordinates(purchases, purchase_cells, draws, seed, UNSEEN_PURCHASES),
        spend=cast("SpendModel", spend.model),
        spend_coordinates=_coordinates(spend, spend_cells, draws, seed, UNSEEN_SPEND),
        returns=None if returns is None else cast("ReturnsModel", returns.model),
        returns_coordinates=np.zeros((draws, 0, 1))
        if returns is None
        else _coordinates(returns, returns_cells, draws, seed, UNSEEN_RETURNS),
        paid_share=_paid_share(customers, draws, seed),
        economics=economics,
        period_ends=period_ends,
        units_per_year=DAYS_PER_YEAR / DAYS_PER_UNIT[customers.unit],
        seed=int(seed),
    )
    cells = CellsOf(purchase_cells.of_customer, spend_cells.of_customer, returns_cells.of_customer)
    return plan, everyone_of(customers, cells, economics)


def _coordinates(fit: Fit, cells: Cells, draws: int, seed: int, purpose: int) -> np.ndarray:
    """Coordinates of cells, dims (draw, coordinate, cell): a seeded permutation of the posterior's draws, repeated as often as needed."""
    posterior = fit.posterior["posterior"].to_dataset()
    available = posterior.sizes["chain"] * posterior.sizes["draw"]
    random = np.random.default_rng([seed, PAIRING, purpose])
    chosen = np.concatenate([random.permutation(available) for _ in range(-(-draws // available))])[:draws]
    return cell_coordinates(posterior, cells, chosen, seed=int(random.integers(2**62)))


def _paid_share(customers: Customers, draws: int, seed: int) -> np.ndarray:
    """Share of purchases that have an amount, by draw: beta distributed as the repeat orders have it, one where none of them was free."""
    paid = int(customers.statistics["spend_count"].sum())
    if customers.returns is not None:
        paid += int(customers.returns["cancelled"].sum())
    free = int(customers.statistics["frequency"].sum()) - paid
    if free == 0:
        return np.ones(draws)
    return np.random.default_rng([seed, FREE_SHARE]).beta(paid + 0.5, free + 0.5, draws)
