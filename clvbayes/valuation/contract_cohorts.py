"""Contracts by the fiscal year in which they were signed: how many are left so many months after, as seen and as the model has it.

Ages are whole months from the signing of a contract, or from its beginning anew if it was won back: it is then one more contract of the
year in which it was. Whoever ends, at a decision or within a term, is lost in that month; a contract is at risk from the age on at which it
was first observed (left truncation) to the one at which it was last. The product of the shares that were left at each age is Kaplan and
Meier's estimate, with late entry (Kaplan & Meier 1958).

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

from clvbayes.data import Renewals
from clvbayes.errors import ArgumentError
from clvbayes.valuation.economics import fiscal_year
from clvbayes.valuation.plans import COHORTS

if TYPE_CHECKING:
    from clvbayes.valuation.contract_events import ContractPart, ContractPlan

__all__ = ["AS_WHOLE", "MOST_MONTHS", "CohortSums", "Retention", "cohorts_seen", "drawn_anew", "no_cohorts", "retention_of"]

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
    ages : pandas.DataFrame
        `ages_of` all contracts.
    ended : numpy.ndarray of int32
        Dims ``(draw, cohort, month)``.
    place, age, reached : numpy.ndarray
        Of each running contract: the place of its cohort, its age in months, and the last whole month that it has left behind.
    """

    ages: pd.DataFrame
    ended: np.ndarray
    place: np.ndarray
    age: np.ndarray
    reached: np.ndarray


@dataclass(frozen=True)
class Retention:
    """Share of the contracts of some cohorts that are left, by their age, of those that were at the first age told.

    Attributes
    ----------
    months : numpy.ndarray of int
        Ages, dims ``(month,)``: from the last one on before half as many were at risk as ever at one age. There the share is one.
    at_risk : numpy.ndarray of int
        Contracts observed at each age, dims ``(month,)``; beside the first, where none can be lost, those of the next.
    seen : numpy.ndarray
        Kaplan and Meier's estimate, dims ``(month,)``; missing where fewer than five contracts were at risk, or had been at an earlier age.
    drawn_anew : numpy.ndarray
        What the model would have expected of the same contracts at risk, dims ``(draw, month)``; missing where `seen` is.
    ahead : numpy.ndarray
        What is foretold, dims ``(draw, month)``: it goes on from what was seen at the age that all running contracts have reached, the
        older ones' losses included. Missing before that, where nothing runs, and where nobody was observed up to that age.
    """

    months: np.ndarray
    at_risk: np.ndarray
    seen: np.ndarray
    drawn_anew: np.ndarray
    ahead: np.ndarray


def ages_of(renewals: Renewals, fiscal_year_start: int) -> pd.DataFrame:
    """One row a stretch: `cohort`, the calendar year in which its fiscal year begins; `entered` and `left`, the ages between which it was
    observed; whether it `ended`; and its `age` today, not rounded."""
    assert renewals.until is not None
    known, until = renewals.statistics, pd.Timestamp(renewals.until)
    signed, runs, ended = known["signed"], renewals.running, known["status"].isin(["churned", "terminated"]).to_numpy()
    entered = month_of(signed, known["start"])
    if renewals.since is not None:  # who ended on that day is still known
        began_before = (known["start"] < pd.Timestamp(renewals.since)).to_numpy()
        at_since = _whole_months(signed, pd.Timestamp(renewals.since) - pd.Timedelta(days=1))
        entered = np.where(began_before, np.maximum(entered, at_since), entered)
    decided = np.maximum(entered, _last_decisions(renewals))
    # what is decided tomorrow is not decided, though the month is over
    today = np.minimum(_whole_months(signed, until + pd.Timedelta(days=1)), month_of(signed, known["next_decision"].fillna(until)) - 1)
    left = np.where(runs, today, month_of(signed, known["last_day"] + pd.Timedelta(days=1)))
    return pd.DataFrame(
        {
            "cohort": fiscal_year(signed, fiscal_year_start).to_numpy(),
            "entered": entered,
            "left": np.maximum(left, np.where(ended, entered + 1, decided)),
            "ended": ended,
            "age": ((until - signed).dt.days / MONTH).to_numpy(),
        }
    )


def month_of(signed: pd.Series, day: pd.Series) -> np.ndarray:
    """The month of a contract's age in which a day falls: the first one from the day after signing on, and the last day still counts."""
    return np.maximum(np.ceil((day - signed).dt.days.to_numpy() / MONTH - AS_WHOLE).astype(np.int64), 0)


def no_cohorts(plan: "ContractPlan", part: "ContractPart", renewals: Renewals) -> CohortSums:
    """Nothing added up yet, of all running contracts."""
    ages = ages_of(renewals, plan.economics.fiscal_year_start)
    cohorts = np.unique(ages["cohort"])
    running = ages.iloc[part.row]
    last = min(int(ages["left"].max()) + _months_ahead(plan), MOST_MONTHS)
    return CohortSums(
        ages=ages,
        ended=np.zeros((plan.draws, len(cohorts), last + 1), np.int32),
        place=np.searchsorted(cohorts, running["cohort"]),
        age=running["age"].to_numpy(),
        reached=running["left"].to_numpy(),
    )


def cohorts_seen(sums: CohortSums, renewals: Renewals) -> pd.DataFrame:
    """One row a cohort and age: contracts `at_risk`, those that `ended`, and running ones that have `reached` just this age."""
    last, rows = sums.ended.shape[2] - 1, []
    for cohort, own in sums.ages.groupby("cohort"):
        entered, left, ended, reached = (
            np.bincount(np.minimum(months, last + 1), minlength=last + 2)[:-1]
            for months in (own["entered"], own["left"], own["left"][own["ended"]], own["left"][renewals.running[own.index]])
        )
        at_risk = np.cumsum(entered - left) - (entered - left)  # those who entered at an earlier age and had not left before this one
        frame = {"cohort": cohort, "month": np.arange(last + 1), "at_risk": at_risk, "ended": ended, "reached": reached}
        rows.append(pd.DataFrame(frame))
    return pd.concat(rows, ignore_index=True)


def drawn_anew(plan: "ContractPlan", sums: CohortSums, renewals: Renewals, cell_of: np.ndarray, seen: pd.DataFrame) -> np.ndarray:
    """Losses drawn for the contracts that were at risk, dims ``(draw, cohort, month)``; `cell_of` tells the cell of each stretch."""
    faced = _faced(sums.ages, renewals, cell_of)
    within = -np.expm1(-plan.hazard)
    found = []
    for cohort in seen["cohort"].unique().tolist():
        rng = np.random.default_rng([plan.seed, COHORTS, cohort])
        at_risk = seen.loc[seen["cohort"] == cohort, "at_risk"].to_numpy()
        own = faced[(faced["cohort"] == cohort) & (faced["month"] < len(at_risk))]
        observed = int(np.max(np.flatnonzero(at_risk), initial=0)) + 1  # so that the past's draws do not depend on how far one looks ahead
        lost = np.zeros((plan.draws, len(at_risk)), dtype=np.int64)
        lost[:, :observed] = rng.binomial(at_risk[:observed], within[:, None], (plan.draws, observed))
        if len(own):
            coordinates = plan.renewal_coordinates[:, :, own["cell"].to_numpy()].transpose(1, 0, 2)
            hazard = 1 - plan.renewals.survival(coordinates, own["decision"].to_numpy() - 1, 1)
            at_decisions = rng.binomial(own["size"].to_numpy(), np.clip(hazard, 0.0, 1.0))
            months, begins = np.unique(own["month"].to_numpy(), return_index=True)
            lost[:, months] += np.add.reduceat(at_decisions, begins, axis=1)
        found.append(np.minimum(lost, at_risk).astype(np.int32))
    return np.stack(found, axis=1)


def cohort_arrays(plan: "ContractPlan", sums: CohortSums, anew: np.ndarray, renewals: Renewals) -> xr.DataArray:
    """Both kinds of losses, with their names, and how many contracts were signed, of those known."""
    cohort = sums.ages["cohort"]
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

    Raises
    ------
    ArgumentError
        If there is no such cohort, or none is named.
    """
    known_cohorts = ended["cohort"].to_numpy().tolist()
    if not cohorts or (unknown := sorted(set(cohorts) - set(known_cohorts))):
        raise ArgumentError(f"cohorts must be some of {', '.join(map(str, known_cohorts))}, not {unknown if cohorts else 'none'}")
    cohorts = sorted(set(cohorts))
    known = observed[observed["cohort"].isin(cohorts)].groupby("month")[["at_risk", "ended", "reached"]].sum()
    at_risk, lost, reached = (known[name].to_numpy() for name in ("at_risk", "ended", "reached"))
    anew, ahead = (np.asarray(ended.sel(cohort=cohorts, item=item).sum("cohort")) for item in ITEMS)
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
    inside = (months >= max(youngest, first)) & (months <= until) & (youngest <= last)  # else nobody was seen between
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
    known, renewed = renewals.statistics, renewals.changes
    churned = np.flatnonzero(known["churned"] == 1)
    stretch = np.concatenate([renewed["stretch"].to_numpy(dtype=np.int64), churned])
    number = renewed.groupby("stretch").cumcount().to_numpy() + 1 + known["entry"].to_numpy()[stretch[: len(renewed)]]
    month = np.concatenate([_months_renewed(renewals), ages["left"].to_numpy()[churned]])
    faced = pd.DataFrame(
        {
            "cohort": ages["cohort"].to_numpy()[stretch],
            "month": np.clip(month, ages["entered"].to_numpy()[stretch] + 1, ages["left"].to_numpy()[stretch]),
            "cell": cell_of[stretch],
            "decision": np.concatenate([number, known["survived"].to_numpy()[churned] + 1]),
            "size": 1,
        }
    )
    counted: pd.DataFrame = faced.groupby(["cohort", "month", "cell", "decision"], as_index=False)[["size"]].sum()
    return counted


def _months_renewed(renewals: Renewals) -> np.ndarray:
    """The month of age of each observed renewal."""
    signed = renewals.statistics["signed"].iloc[renewals.changes["stretch"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    return month_of(signed, renewals.changes["day"].reset_index(drop=True))


def _last_decisions(renewals: Renewals) -> np.ndarray:
    """The month of age of each stretch's last observed renewal, zero where there is none."""
    found = np.zeros(len(renewals), dtype=np.int64)
    np.maximum.at(found, renewals.changes["stretch"].to_numpy(dtype=np.int64), _months_renewed(renewals))
    return found


def _whole_months(since: pd.Series, day: pd.Timestamp) -> np.ndarray:
    """By the calendar, at the beginning of a day."""
    months = 12 * (day.year - since.dt.year) + day.month - since.dt.month - (day.day < since.dt.day)
    return np.asarray(months, dtype=np.int64)


def _months_ahead(plan: "ContractPlan") -> int:
    return min(int(12 * plan.seen), MONTHS_AHEAD)
