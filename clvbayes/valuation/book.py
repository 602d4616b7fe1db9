"""What recurs: contracts today and in a year, how long they last, and which come to a decision next."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit

from clvbayes.data import TERM, Renewals
from clvbayes.notebook import fragment, picture
from clvbayes.valuation.contract_cohorts import (
    AS_WHOLE,
    MOST_MONTHS,
    CohortSums,
    cohort_arrays,
    cohorts_seen,
    drawn_anew,
    no_cohorts,
    retention_of,
)
from clvbayes.valuation.contract_events import Contracted, ContractPart, ContractPlan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BRIDGE", "BookSums", "ContractBook", "add_to_book", "book_of", "empty_book"]

BRIDGE = ("today", "expansion", "contraction", "churn", "year_ahead")
DUE = ("renewed", "later", "contracts")
DUE_MONTHS = 3
FURTHER, MOST_DECISIONS = 3, 36  # decisions beyond the last one seen, and in all, of which survival is told


@dataclass(frozen=True, repr=False)
class ContractBook:
    """Predictive draws of recurring revenue, contracts and customers.

    Recurring revenue is a contract's monthly amount times twelve. Of contracts that run today; what is signed later is in none of this.

    Attributes
    ----------
    bridge : xarray.DataArray
        Recurring revenue of a year, in units of the currency, dims ``(draw, term, item)``: `today`, `expansion` and `contraction` of
        contracts that run in a year too, `churn` of those that do not, and `year_ahead`, which is what the others add up to. What a
        discrepancy moves amounts by counts as expansion, which may therefore be negative in a draw. Terms are
        lengths in months, with the number of contracts as a coordinate; ``attrs["currency"]`` is the currency's code, if it is known.
    logo_churn : xarray.DataArray
        Share of the customers under contract today who have none of these contracts in a year, dims ``(draw,)``.
    remaining_life : xarray.DataArray
        Mean years that contracts go on, counted to the horizon at most, dims ``(draw, term)``.
    customers : int
        Customers under contract today.
    due : pandas.DataFrame
        One row a contract whose next decision falls within three months after the valuation date and is open, by day: `contract_id`,
        `customer_id`, `day`, `term_months`, `recurring` (of a year), `p_renewed`, `at_stake` (expected contribution after the decision,
        discounted, if it is survived), `at_stake_5` and `at_stake_95`, the ends of its 90 % band, and `expected` (what is expected whether
        it is survived or not).
    due_draws : xarray.DataArray
        Of these, dims ``(draw, term, item)``: recurring revenue `renewed`, `later`, contribution after the decisions, discounted, and the
        number of `contracts` renewed.
    survival : xarray.DataArray
        Share of contracts that survive their first decisions, as the model has it of all contracts seen, dims ``(draw, term, decision)``.
    observed : pandas.DataFrame
        What was seen of it, as `Renewals.life_table` has it by term.
    cohorts : xarray.DataArray
        Contracts that end, by the fiscal year in which they were signed (named by the calendar year in which it begins) and by their age in
        months, dims ``(draw, cohort, month, item)``: `drawn_anew` as the model would have had it of those who were at risk, and `ahead`,
        running contracts that will end. The number of `contracts` of each cohort is a coordinate; ``attrs["months_ahead"]`` says for how
        many months ends are told.
    cohorts_observed : pandas.DataFrame
        One row a `cohort` and `month` of age: contracts `at_risk`, those that `ended`, and running ones that have `reached` just this age.
    """

    bridge: xr.DataArray
    logo_churn: xr.DataArray
    remaining_life: xr.DataArray
    customers: int
    due: pd.DataFrame
    due_draws: xr.DataArray
    survival: xr.DataArray
    observed: pd.DataFrame
    cohorts: xr.DataArray
    cohorts_observed: pd.DataFrame

    @property
    def recurring(self) -> float:
        """Recurring revenue of a year, today."""
        return float(self.bridge.sel(item="today").sum("term").isel(draw=0))

    @property
    def year_ahead(self) -> xr.DataArray:
        """Recurring revenue of a year, in a year."""
        return self.bridge.sel(item="year_ahead", drop=True).sum("term")

    @property
    def net_retention(self) -> xr.DataArray:
        """Recurring revenue in a year over that of today (NRR)."""
        return self.year_ahead / self.recurring

    @property
    def gross_retention(self) -> xr.DataArray:
        """The same before expansion (GRR)."""
        return (self.year_ahead - self.bridge.sel(item="expansion", drop=True).sum("term")) / self.recurring

    @property
    def life(self) -> xr.DataArray:
        """Mean years that contracts go on, counted to the horizon at most."""
        return self.remaining_life.weighted(self.remaining_life["contracts"]).mean("term")

    @property
    def retention(self) -> pd.DataFrame:
        """Share of each cohort's contracts that are left, by quarters of their age, as far as five were observed or some still run.

        Returns
        -------
        pandas.DataFrame
            `cohort` (fiscal year of signing), `from_month`, the age at which the share is one, and `months` of age; `at_risk`, the
            contracts observed at it, and `seen`, Kaplan and Meier's estimate with late entry; the quantiles `model_5`, `model_50` and
            `model_95` of what the model would have expected of the same contracts; and `ahead_5`, `ahead_50` and `ahead_95` of what is
            foretold from the age on that all running ones have reached.
        """
        found = []
        for cohort in self.cohorts["cohort"].to_numpy().tolist():
            known = retention_of(self.cohorts, self.cohorts_observed, [cohort])
            told = {
                "cohort": cohort,
                "from_month": known.months.min(initial=MOST_MONTHS),
                "months": known.months,
                "at_risk": known.at_risk,
                "seen": known.seen,
            }
            for name, draws in (("model", known.drawn_anew), ("ahead", known.ahead)):
                told |= dict(zip((f"{name}_5", f"{name}_50", f"{name}_95"), np.quantile(draws, [0.05, 0.5, 0.95], axis=0), strict=True))
            frame = pd.DataFrame(told)
            of_quarter = (frame["months"] % 3 == 0) | (frame["months"] == frame["from_month"])
            found.append(frame[of_quarter & (frame["seen"].notna() | frame["ahead_50"].notna())])
        return pd.concat(found, ignore_index=True)

    @property
    def currency(self) -> str:
        """Code of the currency; empty if nobody named it."""
        return str(self.bridge.attrs.get("currency", ""))

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Recurring revenue today, what is added and lost within a year, and what is left, each with its 90 % band.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; pyplot's current ones by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return picture(self, axes)

    def __repr__(self) -> str:
        """The figures of `to_frame`: the draws themselves are long."""
        contracts = int(self.bridge["contracts"].sum())
        return f"ContractBook of {contracts:,} contracts of {self.customers:,} customers\n{self.to_frame().round(3).to_string(index=False)}"

    def _repr_html_(self) -> str:
        """As the report shows it."""
        return fragment(self)

    def to_frame(self) -> pd.DataFrame:
        """One row a figure: `figure`, `mean`, and the quantiles `5`, `50` and `95` of its draws."""
        found = {
            "recurring revenue today": xr.full_like(self.logo_churn, self.recurring),
            "recurring revenue in a year": self.year_ahead,
            "net retention": self.net_retention,
            "gross retention": self.gross_retention,
            "customers lost in a year": self.logo_churn,
            "remaining years": self.life,
        }
        rows = [[name, float(draws.mean()), *np.quantile(draws, [0.05, 0.5, 0.95])] for name, draws in found.items()]
        return pd.DataFrame(rows, columns=["figure", "mean", "5", "50", "95"])


@dataclass(frozen=True)
class BookSums:
    """A book while it is added up, contract by contract in their order, so that batches of any size give the same bytes.

    Dims of `items` and `due` are ``(draw, term, item)``, of `life` ``(draw, term)``, of `stay` ``(draw,)``, of `renewed` and `later`
    ``(contract,)``, and of `at_stake`, whose ends are those of 90 % bands, ``(end, contract)``. `term` and `is_due` say of each contract
    where it belongs.
    """

    items: np.ndarray
    life: np.ndarray
    stay: np.ndarray
    due: np.ndarray
    renewed: np.ndarray
    later: np.ndarray
    at_stake: np.ndarray
    term: np.ndarray
    is_due: np.ndarray
    cohorts: CohortSums


def empty_book(plan: ContractPlan, part: ContractPart, renewals: Renewals) -> BookSums:
    """Nothing added up yet, of all contracts."""
    terms, term = np.unique(part.months, return_inverse=True)
    until = pd.Timestamp(plan.valued_on) + pd.DateOffset(months=DUE_MONTHS)
    draws, count = plan.draws, len(part)
    return BookSums(
        items=np.zeros((draws, len(terms), len(BRIDGE))),
        life=np.zeros((draws, len(terms))),
        stay=np.zeros(draws),
        due=np.zeros((draws, len(terms), len(DUE))),
        renewed=np.zeros(count),
        later=np.zeros(count),
        at_stake=np.zeros((2, count)),
        term=term,
        is_due=~part.batch.notice & (part.next_day <= np.datetime64(until, "D")),
        cohorts=no_cohorts(plan, part, renewals),
    )


def add_to_book(sums: BookSums, plan: ContractPlan, part: ContractPart, rows: slice, found: Contracted) -> None:
    """Add the contracts of a batch, `rows` of all of them."""
    recurring = 12 * part.monthly
    money, cohorts = part.margin[:, None] * found.after_decision, sums.cohorts
    _add_contracts(
        *(sums.items, sums.life, sums.stay, sums.due, sums.renewed[rows], sums.later[rows], sums.term[rows], sums.is_due[rows]),
        *(part.customer, recurring, part.batch.next_decision, found.ends, found.year_ahead, money, plan.horizon),
        *(found.moved_ahead, cohorts.ended, cohorts.place[rows], cohorts.age[rows], cohorts.reached[rows], plan.seen, AS_WHOLE),
    )
    due = np.flatnonzero(sums.is_due[rows])
    renewed = found.ends[due] > part.batch.next_decision[due, None]
    sums.at_stake[:, rows.start + due] = _band_of_some(money[due], renewed)


def _band_of_some(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Ends of the 90 % band of each row's values that count, zero where none does; dims ``(end, row)``."""
    if not values.size:
        return np.zeros((2, len(values)))
    some, last = counted.any(axis=1), np.maximum(counted.sum(axis=1) - 1, 0)
    ordered = np.where(some[:, None], np.sort(np.where(counted, values, np.inf), axis=1), 0.0)
    places = np.multiply.outer([0.05, 0.95], last)
    below, above = (np.take_along_axis(ordered, at.astype(np.int64).T, axis=1).T for at in (np.floor(places), np.ceil(places)))
    return np.asarray(below + (places % 1) * (above - below))


def survival_by_term(plan: ContractPlan, renewals: Renewals, cell_of: np.ndarray) -> xr.DataArray:
    """The model's survival of the contracts of each term, by draw; `cell_of` tells the cell of each row of `renewals`."""
    months = renewals.statistics[TERM].to_numpy()
    terms, faced = np.unique(months[renewals.running]), renewals.life_table()["decision"].max()
    decisions = np.arange(min(int(faced) + FURTHER, MOST_DECISIONS) + 1)
    curves = np.empty((plan.draws, len(terms), len(decisions)))
    for k, term in enumerate(terms):
        cells, count = np.unique(cell_of[months == term], return_counts=True)
        coordinates = plan.renewal_coordinates[:, :, cells].transpose(1, 0, 2)[..., None]
        curves[:, k] = np.average(plan.renewals.survival(coordinates, 0, decisions), axis=1, weights=count)
    coords = {"draw": np.arange(plan.draws), "term": terms, "decision": decisions}
    return xr.DataArray(curves, dims=("draw", "term", "decision"), coords=coords, name="survival", attrs={"kind": "expected"})


def book_of(sums: BookSums, part: ContractPart, plan: ContractPlan, renewals: Renewals, cell_of: np.ndarray) -> ContractBook:
    """The book of all contracts."""
    terms, draws = np.unique(part.months), len(sums.stay)
    counts, customers = np.bincount(sums.term), len(np.unique(part.customer))
    labels = {"draw": np.arange(draws), "term": terms, "contracts": ("term", counts)}
    dims, attrs = ("draw", "term", "item"), {"kind": "predictive"}
    of_money = attrs | {"currency": renewals.currency or ""}
    due, seen = np.flatnonzero(sums.is_due), cohorts_seen(sums.cohorts, renewals)
    table = pd.DataFrame(
        {"contract_id": part.contract_id[due], "customer_id": part.customer_id[due]},
    ).assign(
        day=part.next_day[due].astype("datetime64[ms]"),
        term_months=part.months[due],
        recurring=12 * part.monthly[due],
        p_renewed=sums.renewed[due] / draws,
        at_stake=sums.later[due] / np.maximum(sums.renewed[due], 1),
        at_stake_5=sums.at_stake[0, due],
        at_stake_95=sums.at_stake[1, due],
        expected=sums.later[due] / draws,
    )
    return ContractBook(
        bridge=xr.DataArray(sums.items, dims=dims, coords=labels | {"item": list(BRIDGE)}, name="bridge", attrs=of_money),
        logo_churn=xr.DataArray(1 - sums.stay / customers, dims="draw", coords={"draw": labels["draw"]}, name="logo_churn", attrs=attrs),
        remaining_life=xr.DataArray(sums.life / counts, dims=dims[:2], coords=labels, name="remaining_life", attrs=attrs),
        customers=customers,
        due=table.sort_values(["day", "contract_id"], ignore_index=True),
        due_draws=xr.DataArray(
            sums.due, dims=dims, coords={"draw": labels["draw"], "term": terms, "item": list(DUE)}, name="due_draws", attrs=of_money
        ),
        survival=survival_by_term(plan, renewals, cell_of),
        observed=renewals.life_table([TERM]),
        cohorts=cohort_arrays(plan, sums.cohorts, drawn_anew(plan, sums.cohorts, renewals, cell_of, seen), renewals),
        cohorts_observed=seen,
    )


@njit(nogil=True, cache=True)
def _add_contracts(
    items: np.ndarray,
    life: np.ndarray,
    stay: np.ndarray,
    due: np.ndarray,
    renewed: np.ndarray,
    later: np.ndarray,
    term: np.ndarray,
    is_due: np.ndarray,
    customer: np.ndarray,
    recurring: np.ndarray,
    next_decision: np.ndarray,
    ends: np.ndarray,
    year_ahead: np.ndarray,
    after_decision: np.ndarray,
    horizon: float,
    moved_ahead: np.ndarray,
    ended: np.ndarray,
    cohort: np.ndarray,
    age: np.ndarray,
    reached: np.ndarray,
    seen: float,
    as_whole: float,
) -> None:
    """Contracts of one customer lie side by side. What moves the amounts of all at once is expansion, be it positive or negative: as
    contraction where it is negative, it would add to both, draw by draw, though on average it is nothing."""
    contracts, draws = ends.shape
    for i in range(contracts):
        first = i
        while first > 0 and customer[first - 1] == customer[i]:
            first -= 1
        for s in range(draws):
            now, then = recurring[i], recurring[i] * year_ahead[i, s]
            bridge = items[s, term[i]]
            bridge[0] += now
            if year_ahead[i, s] > 0.0:
                own = then / moved_ahead[i, s]
                bridge[1] += max(own - now, 0.0) + then - own
                bridge[2] += min(own - now, 0.0)
                counted = False
                for other in range(first, i):
                    if year_ahead[other, s] > 0.0:
                        counted = True
                        break
                if not counted:
                    stay[s] += 1.0
            else:
                bridge[3] -= now
            bridge[4] += then
            life[s, term[i]] += min(ends[i, s], horizon)
            if ends[i, s] <= seen:
                month = max(int(np.ceil(age[i] + 12.0 * ends[i, s] - as_whole)), reached[i] + 1)
                if month < ended.shape[2]:
                    ended[s, cohort[i], month] += 1
            if ends[i, s] > next_decision[i]:
                renewed[i] += 1.0
                later[i] += after_decision[i, s]
            if is_due[i]:
                if ends[i, s] > next_decision[i]:
                    due[s, term[i], 0] += now
                    due[s, term[i], 2] += 1.0
                due[s, term[i], 1] += after_decision[i, s]
