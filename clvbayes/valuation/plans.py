"""What a simulation needs of fits, customers and economics: a plan, and all customers as one part."""

from typing import cast

import numpy as np

from clvbayes.data import DAYS_PER_UNIT, Customers
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.models.clock import STEADY, Ticking, pace_of
from clvbayes.models.hierarchy import Cells, assign_cells, cell_coordinates
from clvbayes.models.protocol import PurchaseModel, ReturnsModel, SpendModel
from clvbayes.valuation.economics import DAYS_PER_YEAR, LONGEST_YEARS, Economics
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
        clock=_clock(purchases, customers, draws, seed),
    )
    cells = CellsOf(purchase_cells.of_customer, spend_cells.of_customer, returns_cells.of_customer)
    return plan, everyone_of(customers, cells, economics, by_month=plan.clock is not STEADY)


def _coordinates(fit: Fit, cells: Cells, draws: int, seed: int, purpose: int) -> np.ndarray:
    """Coordinates of cells, dims (draw, coordinate, cell): a seeded permutation of the posterior's draws, repeated as often as needed."""
    chosen, random = _chosen(fit, draws, seed, purpose)
    return cell_coordinates(fit.posterior["posterior"].to_dataset(), cells, chosen, seed=int(random.integers(2**62)))


def _chosen(fit: Fit, draws: int, seed: int, purpose: int) -> tuple[np.ndarray, np.random.Generator]:
    posterior = fit.posterior["posterior"]
    available = posterior.sizes["chain"] * posterior.sizes["draw"]
    random = np.random.default_rng([seed, PAIRING, purpose])
    return np.concatenate([random.permutation(available) for _ in range(-(-draws // available))])[:draws], random


def _clock(fit: Fit, customers: Customers, draws: int, seed: int) -> Ticking:
    """The clock of a purchase fit, in the same draws as its coordinates."""
    posterior = fit.posterior["posterior"].to_dataset()
    if "season" not in posterior:
        return STEADY
    if customers.until is None:
        raise ArgumentError("a fit with a seasonal clock cannot value customers without a valuation date, as in an RFM frame: give until")
    chosen, _ = _chosen(fit, draws, seed, UNSEEN_PURCHASES)
    season = posterior["season"].stack(sample=("chain", "draw")).isel(sample=chosen).transpose("sample", "month").to_numpy()
    return pace_of(season, customers.until, customers.unit, LONGEST_YEARS * DAYS_PER_YEAR / DAYS_PER_UNIT[customers.unit])


def _paid_share(customers: Customers, draws: int, seed: int) -> np.ndarray:
    """Share of purchases that have an amount, by draw: beta distributed as the repeat orders have it, one where none of them was free."""
    paid = int(customers.statistics["spend_count"].sum())
    if customers.returns is not None:
        paid += int(customers.returns["cancelled"].sum())
    free = int(customers.statistics["frequency"].sum()) - paid
    if free == 0:
        return np.ones(draws)
    return np.random.default_rng([seed, FREE_SHARE]).beta(paid + 0.5, free + 0.5, draws)
