"""Forecasts of the contracts that run at an origin: which still run at a horizon's end, what then recurs, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clvbayes.data import TERM, Renewals
from clvbayes.errors import DataError
from clvbayes.grading.forecasts import Forecast, joined
from clvbayes.grading.scores import Scores, score_draws
from clvbayes.grading.windows import Happened, Origin
from clvbayes.inference import Fit
from clvbayes.models import beta_discrete_weibull
from clvbayes.valuation.contract_discrepancy import ContractDiscrepancy, moved_contracts
from clvbayes.valuation.contract_events import ContractPart, ContractPlan, plan_contracts, simulate_contracts
from clvbayes.valuation.economics import DAYS_PER_YEAR, Economics
from clvbayes.valuation.events import in_order
from clvbayes.valuation.levels import Levels

__all__ = ["CONTRACT_MEASURES", "contracts_after", "forecast_contracts", "plan_running", "put_in_last_year"]

CONTRACT_MEASURES = ("contracts", "recurring revenue")
ARRAYS = 8  # of a contract and draw that a batch holds at once, beside its amounts after each renewal
TIES = 13  # use of a seed beside the contracts' streams
LAST_YEAR_OF_DAYS = 365
ALIKE = np.log(1e8)  # log of a + b, at which contracts differ by nothing: their renewals are those of a coin


def plan_running(
    renewal_fit: Fit, change_fit: Fit | None, renewals: Renewals, origin: Origin, *, draws: int, seed: int
) -> tuple[ContractPlan, ContractPart]:
    """A plan up to the longest horizon of an origin, and the contracts that run there.

    Raises
    ------
    DataError
        If none does.
    """
    if not renewals.running.any():
        raise DataError(f"no contract runs on {origin.day}")
    customers = pd.unique(renewals.statistics["customer_id"])
    end = _years(origin.weeks[-1])
    return plan_contracts(
        renewal_fit,
        change_fit,
        renewals,
        Economics(1.0, 0.0, end),
        period_ends=np.array([end]),
        index_of=pd.Series(np.arange(len(customers)), index=customers),
        margin=np.ones(len(customers)),
        draws=draws,
        seed=seed,
    )


def put_in_last_year(
    plan: ContractPlan, part: ContractPart, renewals: Renewals, random: np.random.Generator
) -> tuple[ContractPlan, ContractPart]:
    """In the place of the model: of each term length as many renew as did in the last year, whatever their age, and amounts stay.

    The share has Jeffreys' prior; a term length of which no renewal was decided in that year has the share of all of them.
    """
    terms, cell = np.unique(part.months, return_inverse=True)
    renewed, left = _decided(renewals)
    none = (renewed.reindex(terms, fill_value=0) + left.reindex(terms, fill_value=0)) == 0
    counts = [own.reindex(terms, fill_value=0).where(~none, own.sum()).to_numpy() for own in (left, renewed)]
    share = np.clip(random.beta(0.5 + counts[0], 0.5 + counts[1], (plan.draws, len(terms))), 1e-12, 1 - 1e-12)
    coordinates = np.stack([np.log(share) - np.log1p(-share), np.full_like(share, ALIKE)], axis=1)
    nothing = np.zeros((plan.draws, 0, 1))
    steady = replace(plan, renewals=beta_discrete_weibull(c=1.0), renewal_coordinates=coordinates, changes=None, change_coordinates=nothing)
    return steady, replace(part, batch=replace(part.batch, renewal_cell=cell))


def _decided(renewals: Renewals) -> tuple["pd.Series[int]", "pd.Series[int]"]:
    """Renewals and losses at the end of a term, of the last year, by the length of the term in months."""
    assert renewals.until is not None
    since = pd.Timestamp(renewals.until) - pd.Timedelta(days=LAST_YEAR_OF_DAYS)
    renewed = renewals.changes.loc[renewals.changes["day"] > since, "months"]
    known = renewals.statistics
    left = known.loc[(known["status"] == "churned") & (known["last_day"] >= since), TERM]
    return renewed.astype(int).value_counts(), left.astype(int).value_counts()


def contracts_after(origin: Origin, part: ContractPart, terms: pd.DataFrame) -> Happened:
    """What became of the contracts that ran at an origin; `terms` are all terms, as `clvbayes.data.contract_terms` gives them.

    A contract runs as long as its terms follow each other without a gap; one that begins again later has been lost.
    """
    ids, day = pd.Index(part.contract_id), pd.Timestamp(origin.day)
    own = terms[terms["contract_id"].isin(ids)]

    def latest(on: pd.Timestamp, name: str) -> "pd.Series[Any]":
        return own[own["start"] <= on].groupby("contract_id")[name].last().reindex(ids)

    ran_until = latest(day, "ran_until")
    by_contract = np.zeros((len(CONTRACT_MEASURES), len(origin.weeks), len(ids)))
    for h, weeks in enumerate(origin.weeks):
        end = day + pd.Timedelta(weeks=weeks)
        runs = (ran_until >= end).to_numpy()
        by_contract[0, h] = runs
        by_contract[1, h] = np.where(runs, 12 * latest(end, "monthly_amount").to_numpy(), 0.0)
    return Happened(by_contract, np.zeros((len(CONTRACT_MEASURES), 0)), np.zeros(0))


@dataclass(frozen=True)
class _Folded:
    """Of a batch: draws, dims ``(measure, horizon, contract, draw)``, their scores, and the log score of who still runs."""

    draws: np.ndarray
    scores: dict[tuple[str, int], Scores]
    log_score: np.ndarray


def forecast_contracts(
    plan: ContractPlan, part: ContractPart, origin: Origin, levels: Levels, happened: Happened, missed: ContractDiscrepancy | None = None
) -> Forecast:
    """Simulate the contracts that run at an origin, in batches, moved by what was missed, and score what was foreseen."""
    moved = plan if missed is None else moved_contracts(plan, part, missed)
    plans = [replace(moved, ahead=_years(weeks)) for weeks in origin.weeks]
    by_level = np.zeros((len(CONTRACT_MEASURES), len(origin.weeks), levels.rows, plan.draws))
    found: list[_Folded] = []
    memory = np.full(len(part), float(ARRAYS + plan.most_renewals(part)))
    for rows, batch in in_order(lambda rows, some: _fold(plans, some, rows, origin, happened), plan.draws, part, memory):
        for row_of in levels.row_of[:, rows]:
            for m, h in np.ndindex(by_level.shape[:2]):
                np.add.at(by_level[m, h], row_of, batch.draws[m, h])
        found.append(replace(batch, draws=np.zeros(0)))
    scores = {key: joined([batch.scores[key] for batch in found]) for key in found[0].scores}
    weekly = np.zeros((len(CONTRACT_MEASURES), 0, plan.draws))
    return Forecast(by_level, weekly, scores, np.concatenate([batch.log_score for batch in found], axis=1))


def _fold(plans: Sequence[ContractPlan], part: ContractPart, rows: slice, origin: Origin, happened: Happened) -> _Folded:
    """`plans` are those of the horizons."""
    alone, number = replace(part, customer=np.arange(len(part))), plans[0].draws
    draws = np.empty((len(CONTRACT_MEASURES), len(plans), len(part), number))
    for h, plan in enumerate(plans):
        amounts = simulate_contracts(plan, alone, len(part)).year_ahead
        draws[0, h], draws[1, h] = amounts > 0, 12 * part.monthly[:, None] * amounts
    random = np.random.default_rng([plans[0].seed, TIES, rows.start])
    scores = {
        (measure, weeks): score_draws(draws[m, h], happened.by_customer[m, h, rows], random)
        for m, measure in enumerate(CONTRACT_MEASURES)
        for h, weeks in enumerate(origin.weeks)
    }
    runs = (draws[0].sum(axis=2) + 0.5) / (number + 1)  # a share of draws is never quite 0 or 1
    stayed = happened.by_customer[0, :, rows] > 0
    return _Folded(draws, scores, np.log(np.where(stayed, runs, 1 - runs)))


def _years(weeks: int) -> float:
    return 7 * weeks / DAYS_PER_YEAR
