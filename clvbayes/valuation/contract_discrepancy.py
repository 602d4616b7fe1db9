"""What a model of contracts misses of totals, as draws, and how a simulation of contracts is moved by it.

A year in which more contracts are lost than all years before would have it, or prices rise by more, meets all contracts at once, and no
number of contracts evens it out. How far past forecasts of contracts were off says how far the next ones may be
(`clvbayes.grading.learn_discrepancy`). One draw moves the odds of all contracts not to be renewed, and the amounts of all that are, from
the valuation date on, so that contracts, customers, levels, periods and totals add up.

The learned error is one of totals. Contracts that are certain to end, by notice, are lost whatever the odds, and many come to no decision
within a year: odds and amounts are moved by as much as the total in a year needs. A year's error of amounts comes with the renewals of a
year: whole with that of a yearly contract, in twelve steps with those of a monthly one.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.valuation.contract_events import YEAR, ContractPart, ContractPlan, simulate_contracts
from clvbayes.valuation.discrepancy import FIRST_WEEKS, HELD_FROM, permuted

__all__ = ["ContractDiscrepancy", "moved_contracts"]

CHOSEN = 34  # use of a seed beside the contracts' streams
LOG_ODDS = np.linspace(-2.0, 2.0, 9)  # at which losses are looked at, and how far odds are moved at most
LOOKED_AT, LOOKED_AT_DRAWS = 2_000, 20  # contracts and draws of these
LEAST_RESPONSE = 0.25  # where hardly anything is decided within a year, what is does not carry all of an error


@dataclass(frozen=True)
class ContractDiscrepancy:
    """Draws of what a model of contracts misses, on the log scale.

    Attributes
    ----------
    shared : xarray.Dataset
        Dims ``(draw,)``. The number of contracts lost within h weeks was found to be off by ``size * (h / 13) ** growth``, what recurs of a
        contract that is left, on average, by ``amount * h / 52``, besides what follows from who is lost; both are used as of a year.
    evidence : pandas.DataFrame
        What it was learned from and what was found, as of `clvbayes.Discrepancy`, of `what` "contracts lost" and "amount of contracts".
    """

    shared: xr.Dataset
    evidence: pd.DataFrame


def moved_contracts(plan: ContractPlan, part: ContractPart, discrepancy: ContractDiscrepancy) -> ContractPlan:
    """The plan, moved so that in a year the totals are off by what the discrepancy says."""
    chosen = permuted(discrepancy.shared.sizes["draw"], plan.draws, np.random.default_rng([plan.seed, CHOSEN]))
    size, growth, amount = (discrepancy.shared[name].to_numpy()[chosen] for name in ("size", "growth", "amount"))
    lost, renewed = _responses(replace(plan, period_ends=np.array([YEAR]), ahead=YEAR), part)
    log_odds = np.interp(size * (HELD_FROM / FIRST_WEEKS) ** growth, lost, LOG_ODDS)
    return replace(plan, churn_odds=np.exp(log_odds), renewed_amounts=np.exp(amount / renewed))


def _responses(plan: ContractPlan, part: ContractPart) -> tuple[np.ndarray, float]:
    """By how much the log of the number lost moves at each of `LOG_ODDS`, and the log of what recurs of the others with the log that moves
    amounts: by simulations of some contracts, with the same random numbers."""
    few = plan.with_draws(np.unique(np.linspace(0, plan.draws - 1, LOOKED_AT_DRAWS).astype(int)))
    some = part.rows(np.argsort(part.batch.key, kind="stable")[:LOOKED_AT])
    some = replace(some, customer=np.arange(len(some)))
    found = [
        simulate_contracts(
            replace(few, churn_odds=np.full(few.draws, np.exp(odds)), renewed_amounts=np.full(few.draws, np.e)), some, len(some)
        )
        for odds in LOG_ODDS
    ]
    lost = np.log([float((one.ends <= plan.ahead).sum()) + 0.5 for one in found])
    as_they_are = found[len(found) // 2]
    recurring = some.monthly[:, None] * (as_they_are.ends > plan.ahead)
    total = float(recurring.sum())
    renewed = float((recurring * np.log(as_they_are.moved_ahead)).sum()) / total if total else 1.0
    least = LEAST_RESPONSE * np.abs(LOG_ODDS)
    return np.sign(LOG_ODDS) * np.maximum(np.abs(lost - lost[len(lost) // 2]), least), max(renewed, LEAST_RESPONSE)
