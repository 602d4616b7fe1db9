"""What a simulation needs of fits, customers and economics: a plan, and all customers as one part."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from clvbayes.data import DAYS_PER_UNIT, Customers
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.models.clock import STEADY, Clock, LevelClock
from clvbayes.models.hierarchy import Cells, assign_cells, cell_coordinates
from clvbayes.models.months import MONTHS, month_ends
from clvbayes.models.pace import Pace, in_turns
from clvbayes.models.protocol import PurchaseModel, ReturnsModel, SpendModel
from clvbayes.valuation.discrepancy import Discrepancy, moved
from clvbayes.valuation.economics import DAYS_PER_YEAR, LONGEST_YEARS, Economics
from clvbayes.valuation.events import CellsOf, Part, Plan, everyone_of

__all__ = [
    "COHORTS",
    "HAZARDS",
    "UNSEEN_CHANGES",
    "UNSEEN_PURCHASES",
    "UNSEEN_RENEWALS",
    "UNSEEN_SPEND",
    "chosen_coordinates",
    "chosen_draws",
    "plan_valuation",
]

PAIRING, UNSEEN_PURCHASES, UNSEEN_SPEND, FREE_SHARE, UNSEEN_RETURNS = range(5)  # uses of a seed beside the customers' streams
UNSEEN_RENEWALS, UNSEEN_CHANGES, HAZARDS, COHORTS = range(9, 13)
FORESEEN = 8


def plan_valuation(
    purchases: Sequence[Fit],
    spend: Fit,
    returns: Fit | None,
    customers: Customers,
    economics: Economics,
    *,
    period_ends: np.ndarray,
    draws: int,
    seed: int,
    discrepancy: Discrepancy | None = None,
) -> tuple[Plan, Part]:
    """Pair the draws of some fits, once, and lay out the customers.

    Parameters
    ----------
    purchases : sequence of Fit
        Of several, draws are taken in turn: an equal pool of what they foresee.
    spend : Fit
    returns : Fit or None
    customers : Customers
    economics : Economics
    period_ends : numpy.ndarray
        In years after the valuation date; the last one is the horizon.
    draws, seed : int
    discrepancy : Discrepancy, optional
        What moves the future of all customers at once, draw by draw.

    Returns
    -------
    tuple of Plan and Part
    """
    purchase_cells, spend_cells = assign_cells(customers, purchases[0].pool), assign_cells(customers, spend.pool)
    returns_cells = assign_cells(customers, () if returns is None else returns.pool)
    each = -(-draws // len(purchases))
    # months of the history tell those of the year, but not the other way round, also where there are as many
    layout = max((_clock_of(fit, customers) for fit in purchases), key=lambda clock: (isinstance(clock, LevelClock), len(clock.effects)))
    plan = Plan(
        purchases=cast("PurchaseModel", purchases[0].model),
        purchase_coordinates=_in_turns([chosen_coordinates(fit, purchase_cells, each, seed, UNSEEN_PURCHASES) for fit in purchases])[
            :draws
        ],
        spend=cast("SpendModel", spend.model),
        spend_coordinates=chosen_coordinates(spend, spend_cells, draws, seed, UNSEEN_SPEND),
        returns=None if returns is None else cast("ReturnsModel", returns.model),
        returns_coordinates=np.zeros((draws, 0, 1))
        if returns is None
        else chosen_coordinates(returns, returns_cells, draws, seed, UNSEEN_RETURNS),
        paid_share=_paid_share(customers, draws, seed),
        economics=economics,
        period_ends=period_ends,
        units_per_year=DAYS_PER_YEAR / DAYS_PER_UNIT[customers.unit],
        seed=int(seed),
    )
    if layout is not STEADY or discrepancy is not None:
        paces = [_pace(fit, layout, customers, each, seed, turn) for turn, fit in enumerate(purchases)]
        plan = replace(plan, clock=in_turns(paces).some(slice(draws)))
    cells = CellsOf(purchase_cells.of_customer, spend_cells.of_customer, returns_cells.of_customer)
    part = everyone_of(customers, cells, economics, layout)
    if discrepancy is None:
        return plan, part
    by_itself = np.resize([not isinstance(_clock_of(fit, customers), LevelClock) for fit in purchases], draws)
    return moved(plan, part, customers, discrepancy, by_itself)


def _in_turns(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """First the first of each, then the second of each."""
    return np.stack(arrays, axis=1).reshape(-1, *arrays[0].shape[1:])


def chosen_coordinates(fit: Fit, cells: Cells, draws: int, seed: int, purpose: int) -> np.ndarray:
    """Coordinates of cells, dims (draw, coordinate, cell): a seeded permutation of the posterior's draws, repeated as often as needed."""
    chosen, random = chosen_draws(fit, draws, seed, purpose)
    return cell_coordinates(fit.posterior["posterior"].to_dataset(), cells, chosen, seed=int(random.integers(2**62)))


def chosen_draws(fit: Fit, draws: int, seed: int, purpose: int) -> tuple[np.ndarray, np.random.Generator]:
    """Which of the posterior's draws a valuation takes, in its order, and random numbers for what goes with them."""
    posterior = fit.posterior["posterior"]
    available = posterior.sizes["chain"] * posterior.sizes["draw"]
    random = np.random.default_rng([seed, PAIRING, purpose])
    return np.concatenate([random.permutation(available) for _ in range(-(-draws // available))])[:draws], random


def _clock_of(fit: Fit, customers: Customers) -> Clock:
    """The clock of a purchase fit, over the months that it has seen.

    Raises
    ------
    ArgumentError
        If it cannot go on from these customers' valuation date.
    """
    clock = cast("PurchaseModel", fit.model).clock
    if clock is not STEADY and customers.until is None:
        raise ArgumentError("a fit with a season cannot value customers without a valuation date, as in an RFM frame: give until")
    if not isinstance(clock, LevelClock):
        return clock
    assert customers.until is not None
    if (known := fit.posterior.attrs["until"]) != customers.until.isoformat():
        raise ArgumentError(
            f"a fit with a level goes on from its own last day, {known}, and these customers are known until {customers.until}"
        )
    return LevelClock(fit.posterior["posterior"].sizes["bin"], last=customers.until.month - 1)


def _pace(fit: Fit, layout: Clock, customers: Customers, draws: int, seed: int, turn: int) -> Pace:
    """The clock of a purchase fit, in the same draws as its coordinates, its past parted into the months of a layout."""
    clock, days = _clock_of(fit, customers), DAYS_PER_UNIT[customers.unit]
    if customers.until is None:
        raise ArgumentError("a discrepancy cannot move customers without a valuation date, as in an RFM frame: give until")
    ends, months = month_ends(customers.until, LONGEST_YEARS * DAYS_PER_YEAR)
    chosen, _ = chosen_draws(fit, draws, seed, UNSEEN_PURCHASES)
    posterior = fit.posterior["posterior"].to_dataset().stack(sample=("chain", "draw")).isel(sample=chosen)
    past: np.ndarray | None = None
    if layout.effects:
        past = np.ones((draws, len(layout.effects)))
        if clock.effects:
            effects = posterior[clock.variable].transpose("sample", clock.dim).to_numpy()
            if clock != layout:
                if isinstance(clock, LevelClock):
                    raise ArgumentError("fits with a level can be pooled only if they have seen the same months")
                effects = effects[:, (customers.until.month - 1 - np.arange(len(layout.effects))[::-1]) % len(MONTHS)]
            past = np.exp(effects)
    ahead = clock.foreseen(posterior, months, np.random.default_rng([seed, FORESEEN, turn]))
    return Pace(past, ends / days, np.exp(ahead), np.ones((draws, 1)))


def _paid_share(customers: Customers, draws: int, seed: int) -> np.ndarray:
    """Share of purchases that have an amount, by draw: beta distributed as the repeat orders have it, one where none of them was free."""
    paid = int(customers.statistics["spend_count"].sum())
    if customers.returns is not None:
        paid += int(customers.returns["cancelled"].sum())
    free = int(customers.statistics["frequency"].sum()) - paid
    if free == 0:
        return np.ones(draws)
    return np.random.default_rng([seed, FREE_SHARE]).beta(paid + 0.5, free + 0.5, draws)
