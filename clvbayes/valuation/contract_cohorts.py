"""Contracts by the fiscal year in which they were signed: how many are left so many months after, as seen and as the model has it.

Ages are whole months from the signing of a contract, or from its beginning anew if it was won back. Whoever ends, at a decision or within a
term, is lost at that age; a contract is at risk from the age on at which it was first observed (left truncation) to the one at which it was
last. The product of the shares that were left at each age is Kaplan and Meier's estimate, with late entry (Kaplan & Meier 1958).

What was seen is held against losses drawn anew for the same contracts at risk: at each decision that was observed as the model has it for
who came to it, and within a term by its hazard. From the age on that all running contracts have reached, it goes on with their simulated
ends: those of the valuation, with all that moves them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import TERM, Renewals
from clvbayes.valuation.plans import COHORTS

if TYPE_CHECKING:
    from clvbayes.valuation.contract_events import ContractPart, ContractPlan

__all__ = ["AS_WHOLE", "CohortSums", "Retention", "cohorts_seen", "drawn_anew", "no_cohorts", "retention_of"]

MONTH = 365.25 / 12  # days
MONTHS_AHEAD = 36
AS_WHOLE = 0.1  # months: by so much a whole number of calendar months may be longer in days than as many mean ones
MOST_MONTHS = 480  # of a contract's age, of which this is told
LEAST_AT_RISK = 5  # contracts, below which what was seen is noise
ITEMS = ("drawn_anew", "ahead")


@dataclass(frozen=True)
class CohortSums:
    """Contracts that will end, by draw, cohort and age, while they are added up.

    Attributes
    ----------
    ended : numpy.ndarray of int32
        Dims ``(draw, cohort, month)``.
    place, age, reached : numpy.ndarray
        Of each running contract: the place of its cohort, its age in months, and the last whole month that it has left behind.
    """

    ended: np.ndarray
    place: np.ndarray
    age: np.ndarray
    reached: np.ndarray


@dataclass(frozen=True)
class Retention:
    """Share of the contracts of some cohorts that are left, by their age.

    Attributes
    ----------
    months : numpy.ndarray of int
        Ages, from the first on at which half of what is known of these contracts was observed: there the share is one.
    at_risk : numpy.ndarray of int
        Contracts observed at each age; beside the first, where none can be lost, those of the next.
    seen : numpy.ndarray
        Kaplan and Meier's estimate, missing where fewer than five contracts were at risk, or had been at an earlier age.
    drawn_anew : numpy.ndarray
        What the model would have had for the same contracts at risk, dims ``(draw, month)``; missing where `seen` is.
    ahead : numpy.ndarray
        What was seen, and from the age on that all running contracts have reached, what is foretold of them; dims ``(draw, month)``.
        Missing before that, and where nothing runs.
    """

    months: np.ndarray
    at_risk: np.ndarray
    seen: np.ndarray
    drawn_anew: np.ndarray
    ahead: np.ndarray


def ages_of(renewals: Renewals, fiscal_year_start: int) -> pd.DataFrame:
    """One row a stretch: `cohort`, the calendar year in which its fiscal year begins; `entered` and `left`, the ages between which it was
    observed; `offset`, the age at which its clock of decisions stands at zero; whether it `ended`; and its `age` today, not rounded."""
    assert renewals.until is not None
    known, until = renewals.statistics, pd.Timestamp(renewals.until)
    term, survived = known[TERM], known["survived"]
    began, leaves = (_months(known["signed"], day) for day in (known["start"], known["last_day"] + pd.Timedelta(days=1)))
    offset = np.rint(began).astype(np.int64) - np.floor((began + 0.5) / term).astype(np.int64) * term
    entered, decided = known["entry"] * term + offset, survived * term + offset
    runs, churned, terminated = renewals.running, known["status"] == "churned", known["status"] == "terminated"
    age = _months(known["signed"], pd.Series(until, known.index))
    whole = _whole_months(known["signed"], until + pd.Timedelta(days=1))
    # a decision is taken if it is known to be, though it may have been on a day that was no whole number of months
    today = np.clip(whole, decided, decided + term - 1)
    early = np.clip(np.ceil(leaves - AS_WHOLE).astype(np.int64), np.maximum(decided, entered + 1), decided + term)
    switched = np.minimum(decided, np.rint(leaves).astype(np.int64))
    left = np.select([runs, churned, terminated], [today, decided + term, early], switched)
    return pd.DataFrame(
        {
            "cohort": known["signed"].dt.year - (known["signed"].dt.month < fiscal_year_start),
            "entered": entered,
            "left": left,
            "offset": offset,
            "ended": churned | terminated,
            "age": age,
        }
    ).reset_index(drop=True)


def no_cohorts(plan: "ContractPlan", part: "ContractPart", renewals: Renewals) -> CohortSums:
    """Nothing added up yet, of all running contracts."""
    ages = ages_of(renewals, plan.economics.fiscal_year_start)
    cohorts = np.unique(ages["cohort"])
    running = ages.iloc[part.row]
    last = min(int(ages["left"].max()) + _months_ahead(plan), MOST_MONTHS)
    return CohortSums(
        ended=np.zeros((plan.draws, len(cohorts), last + 1), np.int32),
        place=np.searchsorted(cohorts, running["cohort"]),
        age=running["age"].to_numpy(),
        reached=running["left"].to_numpy(),
    )


def cohorts_seen(plan: "ContractPlan", renewals: Renewals) -> pd.DataFrame:
    """One row a cohort and age: contracts `at_risk`, those that `ended`, and running ones that have `reached` just this age."""
    ages = ages_of(renewals, plan.economics.fiscal_year_start)
    last = min(int(ages["left"].max()) + _months_ahead(plan), MOST_MONTHS)
    rows = []
    for cohort, own in ages.groupby("cohort"):
        entered, left, ended, reached = (
            np.bincount(np.minimum(months, last), minlength=last + 1)
            for months in (own["entered"], own["left"], own["left"][own["ended"]], own["left"][renewals.running[own.index]])
        )
        at_risk = np.cumsum(entered - left) - (entered - left)  # those who entered at an earlier age and had not left before this one
        frame = {"cohort": cohort, "month": np.arange(last + 1), "at_risk": at_risk, "ended": ended, "reached": reached}
        rows.append(pd.DataFrame(frame))
    return pd.concat(rows, ignore_index=True)


def drawn_anew(plan: "ContractPlan", renewals: Renewals, cell_of: np.ndarray, seen: pd.DataFrame) -> np.ndarray:
    """Losses drawn for the contracts that were at risk, dims ``(draw, cohort, month)``; `cell_of` tells the cell of each stretch."""
    faced = _faced(ages_of(renewals, plan.economics.fiscal_year_start), renewals, cell_of)
    pairs, pair = np.unique(faced[["cell", "decision"]].to_numpy(), axis=0, return_inverse=True)
    coordinates = plan.renewal_coordinates[:, :, pairs[:, 0]].transpose(1, 0, 2)
    hazard = 1 - plan.renewals.survival(coordinates, pairs[:, 1] - 1, 1)
    within = -np.expm1(-plan.hazard)
    found = []
    for cohort in seen["cohort"].unique().tolist():
        rng = np.random.default_rng([plan.seed, COHORTS, cohort])
        at_risk = seen.loc[seen["cohort"] == cohort, "at_risk"].to_numpy()
        lost = rng.binomial(at_risk, within[:, None], (plan.draws, len(at_risk)))
        rows = np.flatnonzero((faced["cohort"] == cohort) & (faced["month"] < len(at_risk)))
        if len(rows):
            at_decisions = rng.binomial(faced["size"].to_numpy()[rows], np.clip(hazard[:, pair[rows]], 0.0, 1.0))
            months, begins = np.unique(faced["month"].to_numpy()[rows], return_index=True)
            lost[:, months] += np.add.reduceat(at_decisions, begins, axis=1)
        found.append(np.minimum(lost, at_risk))
    return np.stack(found, axis=1).astype(np.int32)


def cohort_arrays(plan: "ContractPlan", sums: CohortSums, anew: np.ndarray, renewals: Renewals) -> xr.DataArray:
    """Both kinds of losses, with their names, and how many contracts were signed, of those known."""
    cohort = ages_of(renewals, plan.economics.fiscal_year_start)["cohort"]
    contracts = cohort[(renewals.statistics["status"] != "switched").to_numpy()].value_counts().reindex(np.unique(cohort), fill_value=0)
    dims = ("draw", "cohort", "month", "item")
    coords = {
        "draw": np.arange(plan.draws),
        "cohort": contracts.index.to_numpy(),
        "month": np.arange(sums.ended.shape[2]),
        "item": list(ITEMS),
        "contracts": ("cohort", contracts.to_numpy()),
    }
    attrs = {"kind": "predictive", "months_ahead": _months_ahead(plan), "fiscal_year_start": plan.economics.fiscal_year_start}
    return xr.DataArray(np.stack([anew, sums.ended], axis=3), dims=dims, coords=coords, name="cohorts", attrs=attrs)


def retention_of(ended: xr.DataArray, observed: pd.DataFrame, cohorts: Sequence[int]) -> Retention:
    """The contracts of some cohorts together.

    Parameters
    ----------
    ended : xarray.DataArray
        `ContractBook.cohorts`.
    observed : pandas.DataFrame
        `ContractBook.cohorts_observed`.
    cohorts : sequence of int

    Returns
    -------
    Retention
        Empty where fewer than five contracts of these cohorts were ever observed at one age.
    """
    known = observed[observed["cohort"].isin(cohorts)].groupby("month")[["at_risk", "ended", "reached"]].sum()
    at_risk, lost, reached = (known[name].to_numpy() for name in ("at_risk", "ended", "reached"))
    anew, ahead = (np.asarray(ended.sel(cohort=list(cohorts), item=item).sum("cohort")) for item in ITEMS)
    enough = at_risk >= max(LEAST_AT_RISK, at_risk.max() / 2)
    first = int(np.argmax(enough)) - 1 if enough.any() else len(at_risk)
    too_few = np.flatnonzero(at_risk[first + 1 :] < LEAST_AT_RISK)
    last = first + (int(too_few[0]) if len(too_few) else len(at_risk) - first - 1)

    months = np.arange(first, len(at_risk))
    seen, again = (np.where(months <= last, _survival(lost, at_risk, first), np.nan) for lost in (lost, anew))
    before = np.cumsum(reached) - reached
    simulated = before - (np.cumsum(ahead, axis=1) - ahead)  # running contracts that have come to an age in a draw
    foretold = _survival(lost + ahead, at_risk + simulated, first)
    youngest = int(np.argmax(reached > 0)) if reached.any() else len(at_risk)
    until = youngest + int(ended.attrs["months_ahead"])
    inside = (months >= max(youngest, first)) & (months <= until) & bool(reached.any())
    observed_at = at_risk[first:].copy()
    observed_at[:1] = at_risk[first + 1 : first + 2]
    return Retention(months, observed_at, seen, again, np.where(inside, foretold, np.nan))


def _survival(lost: np.ndarray, at_risk: np.ndarray, first: int) -> np.ndarray:
    """Product of the shares left at each age after `first`, along the last axis."""
    left = 1 - lost[..., first:] / np.maximum(at_risk[..., first:], 1)
    left[..., :1] = 1.0
    return np.asarray(np.cumprod(left, axis=-1))


def _faced(ages: pd.DataFrame, renewals: Renewals, cell_of: np.ndarray) -> pd.DataFrame:
    """Decisions that were observed, alike ones counted, in the order of `cohort`, `month`, `cell` and `decision`, with their `size`."""
    known = renewals.statistics
    alike = pd.DataFrame(
        {
            "cohort": ages["cohort"],
            "cell": cell_of,
            "term": known[TERM],
            "offset": ages["offset"],
            "entry": known["entry"],
            "last": known["survived"] + known["churned"],
            "left": ages["left"],
        }
    )
    alike = alike.groupby(list(alike), as_index=False).size()
    count = (alike["last"] - alike["entry"]).to_numpy()
    row = np.repeat(np.arange(len(alike)), count)
    decision = alike["entry"].to_numpy()[row] + 1 + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    faced = alike.iloc[row].reset_index(drop=True)
    month = np.minimum(decision * faced["term"] + faced["offset"], faced["left"])  # of a term that was replaced before it had run out
    faced = faced.assign(month=month, decision=decision)
    counted: pd.DataFrame = faced.groupby(["cohort", "month", "cell", "decision"], as_index=False)[["size"]].sum()
    return counted


def _months(since: pd.Series, until: pd.Series) -> pd.Series:
    months: pd.Series = (until - since).dt.days / MONTH
    return months


def _whole_months(since: pd.Series, day: pd.Timestamp) -> pd.Series:
    """By the calendar, at the beginning of a day."""
    months: pd.Series = 12 * (day.year - since.dt.year) + day.month - since.dt.month - (day.day < since.dt.day)
    return months


def _months_ahead(plan: "ContractPlan") -> int:
    return min(int(12 * plan.seen), MONTHS_AHEAD)
