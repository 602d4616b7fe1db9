"""Renewal changes: how a contract's amount changes when it is renewed (method book 1.8).

Story. Prices that are indexed rise by what was agreed; that is known, and taken out first: where terms are shorter than a year, when the
price moves, and after a year at the latest, since most are indexed once a year. What is left is mostly no change at all: with
some probability there is one, with some probability it is upwards, and how much larger the larger amount is than the smaller one,

    g = max(after, before) / min(after, before) - 1,

is lognormal, upwards and downwards each with a mean and spread of its own. (As a lognormal log-ratio, a change upwards would have no mean:
the exponential of a lognormal has none.) Changes of one contract are independent: all that is known of them is the cell's sums.

Likelihood of n renewals with u changes upwards and d downwards, whose log g have the sums s and the sums of squares q:

    log L = (u+d) log p + (n-u-d) log(1-p) + u log r + d log(1-r) + N(u; m_up, s_up) + N(d; m_down, s_down)

with N(k; m, s) = -k log s - (q - 2 m s + k m^2) / (2 s^2), less what depends on no coordinate.

Coordinates of a cell: logit_change = logit p, logit_up = logit r, log_up = m_up, logit_sd_up = logit(s_up / 2.5), log_down and
logit_sd_down alike: scales are bounded, so that every moment exists.

Growth fades: a contract's chance to change at a renewal falls in a straight line to none after `fade` years, since nothing that was seen
in a few years says that accounts grow, or shrink, for ever.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytensor.tensor as pt
from numba import njit
from scipy.special import expit

from clvbayes.data import Renewals
from clvbayes.errors import ArgumentError, DataError
from clvbayes.models.assembly import assemble
from clvbayes.models.clock import STEADY, Clock
from clvbayes.models.compression import Columns, Table
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import ContractBatch, Kind
from clvbayes.models.streams import normal, open_stream, uniform

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["RenewalChange", "renewal_change"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

CHANGES = 5  # purpose of the random streams
LARGEST_SD = 2.5
NO_CHANGE = 0.005  # of an amount, once the index is taken out: rounded prices are no decisions
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(64)
DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class RenewalChange:
    """The model of changes at renewals; see the module's docstring for story and formulae.

    Attributes
    ----------
    indexation : float or tuple of (int, float)
        By how much prices are indexed a year, or by calendar year.
    fade : float
        Years after which amounts do not change any more, but for the index.
    """

    indexation: float | tuple[tuple[int, float], ...] = 0.0
    fade: float = 5.0
    name: str = "renewal_change"
    title: str = "Changes at renewal"
    kind: Kind = "changes"
    clock: Clock = STEADY
    coordinates: tuple[str, ...] = ("logit_change", "logit_up", "log_up", "logit_sd_up", "log_down", "logit_sd_down")

    @property
    def options(self) -> dict[str, Any]:
        """indexation and fade."""
        by_year = self.indexation if isinstance(self.indexation, float) else {str(year): rate for year, rate in self.indexation}
        return {"indexation": by_year, "fade": self.fade}

    @property
    def exact(self) -> "RenewalChange":
        """Itself."""
        return self

    def priors(self, renewals: Renewals) -> Priors:
        """The same for all contracts: a change at a third of renewals, two of three upwards, of a sixth of the amount; all of them wide."""
        size, sd = math.log(0.15), -1.15  # the sd's prior is that of a lognormal spend's: .6 (.4 to .9 with probability .7)
        return Priors(
            self.coordinates,
            mean=(-0.7, 0.7, size, sd, size, sd),
            sd=(1.5, 1.0, 1.0, 0.6, 1.0, 0.6),
            scale=(0.5, 0.5, 0.3, 0.25, 0.3, 0.25),
        )

    def columns(self, renewals: Renewals, cells: Cells) -> Columns:
        """cell of each contract that was renewed, how often, and the sums over its changes, all of which enter linearly."""
        sums = self._sums(renewals)
        count = sums["renewals"]
        return Columns({"cell": cells.of_customer, "x": np.zeros(len(renewals))}, sums).of(count > 0)

    def rows(self, renewals: Renewals, cells: Cells) -> Table:
        """One a cell.

        Raises
        ------
        DataError
            If no contract has been renewed at a price.
        """
        rows = self.columns(renewals, cells).distinct()
        if not len(rows["weight"]):
            raise DataError("no contract has been renewed at a price: there is nothing to learn changes from")
        return rows

    def log_measure(self, renewals: Renewals) -> np.ndarray:
        """Of the lognormal densities: what depends on no coordinate."""
        sums = self._sums(renewals)
        of_contract = -sums["log_up"] - sums["log_down"] - 0.5 * math.log(2 * math.pi) * (sums["up"] + sums["down"])
        return np.asarray(of_contract[sums["renewals"] > 0])

    def bin_axes(self, rows: Table) -> Table:
        """None is needed, of one row a cell."""
        return {"x": rows["x"]}

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one contract of each row, dims ``(row,)``."""
        rows = tables["row"]
        cell = rows["cell"]
        change, up, *sizes = (coordinates[k][cell] for k in range(6))
        changed = rows["up"] + rows["down"]
        log_likelihood = changed * change - rows["renewals"] * pt.softplus(change) + rows["up"] * up - changed * pt.softplus(up)
        for way, (mean, logit_sd) in {"up": sizes[:2], "down": sizes[2:]}.items():
            sd = LARGEST_SD * pt.sigmoid(logit_sd)
            squares = rows[f"log_{way}_squared"] - 2 * mean * rows[f"log_{way}"] + rows[way] * mean**2
            log_likelihood = log_likelihood - rows[way] * pt.log(sd) - squares / (2 * sd**2)
        return log_likelihood

    def build(
        self,
        renewals: Renewals,
        *,
        pool: Pool = (),
        priors: Priors | None = None,
        estimates: Sequence[LevelEstimates] | None = None,
    ) -> "pm.Model":
        """The PyMC model; see `assemble`."""
        return assemble(self, renewals, pool, priors, estimates)

    def index(self, year: Any, years: Any) -> np.ndarray:
        """Factor by which indexed prices rise at a renewal in a calendar year, after so many years at the same price."""
        if isinstance(self.indexation, float):
            return np.asarray((1 + self.indexation) ** np.asarray(years, dtype=float))
        known, rates = (np.array(column) for column in zip(*self.indexation, strict=True))
        rate = rates[np.clip(np.searchsorted(known, year, side="right") - 1, 0, None)]
        return np.asarray(np.where(np.asarray(year) < known[0], 1.0, (1 + rate) ** np.asarray(years, dtype=float)))

    def simulate(
        self,
        coordinates: np.ndarray,
        batch: ContractBatch,
        *,
        renewals: int,
        valued_on: date,
        seed: int,
        last: np.ndarray | None = None,
    ) -> np.ndarray:
        """Amounts after each of the next renewals, as if all were survived, over that at the valuation date.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(draw, coordinate, cell)``.
        batch : ContractBatch
        renewals : int
            How many renewals ahead.
        valued_on : datetime.date
            The valuation date: indexation goes by calendar years.
        seed : int
        last : numpy.ndarray, optional
            How many renewals each contract and draw has, dims ``(contract, draw)``: amounts after the last one stay as they are.

        Returns
        -------
        numpy.ndarray
            Dims ``(contract, draw, renewal)``.
        """
        ahead, index = self._ahead(batch, renewals, valued_on)
        natural = np.stack(_natural(coordinates.swapaxes(0, 1), expit))
        last = np.full((len(batch), len(coordinates)), renewals) if last is None else last
        return np.asarray(_change(natural, batch.change_cell, self._fading(ahead), index, batch.key, last, seed))

    def expected_factors(self, coordinates: np.ndarray, batch: ContractBatch, *, renewals: int, valued_on: date) -> np.ndarray:
        """What `simulate` gives in the mean: closed form, with the same arguments and dims."""
        ahead, index = self._ahead(batch, renewals, valued_on)
        of_contract = coordinates.transpose(1, 2, 0)[:, batch.change_cell, :, None]
        return np.asarray(np.cumprod(index[:, None] * self.expected_factor(of_contract, ahead[:, None]), axis=-1))

    def _ahead(self, batch: ContractBatch, renewals: int, valued_on: date) -> tuple[np.ndarray, np.ndarray]:
        """Years until each of the next renewals, and what prices rise by there; dims ``(contract, renewal)``."""
        ahead = batch.next_decision[:, None] + batch.term[:, None] * np.arange(renewals)
        first = np.datetime64(valued_on) + np.rint(DAYS_OF_YEAR * batch.next_decision).astype("timedelta64[D]")
        months = (np.rint(12 * batch.term)[:, None] * np.arange(renewals)).astype("timedelta64[M]")
        year = (first.astype("datetime64[M]")[:, None] + months).astype("datetime64[Y]").astype(int) + 1970
        return ahead, self.index(year, np.broadcast_to(batch.term[:, None], ahead.shape))

    def expected_factor(self, coordinates: np.ndarray, years_ahead: Any) -> np.ndarray:
        """Expected amount after a renewal over that before it, indexation apart; `coordinates` has dims ``(coordinate, ...)``."""
        change, up, log_up, sd_up, log_down, sd_down = _natural(coordinates, expit)
        growth = np.exp(log_up + sd_up**2 / 2)
        larger = 1 + np.exp(np.asarray(log_down)[..., None] + np.asarray(sd_down)[..., None] * NODES)
        shrinkage = 1 - (WEIGHTS / larger).sum(axis=-1) / math.sqrt(2 * math.pi)
        return np.asarray(1 + self._fading(np.asarray(years_ahead)) * change * (up * growth - (1 - up) * shrinkage))

    def _fading(self, years_ahead: np.ndarray) -> np.ndarray:
        return np.asarray(np.clip(1 - years_ahead / self.fade, 0.0, 1.0))

    def _sums(self, renewals: Renewals) -> Table:
        """By contract: renewals at a price, changes each way, and sums of their logs and of the logs' squares."""
        changes = renewals.changes[(renewals.changes["before"] > 0) & (renewals.changes["after"] > 0)].sort_values(["stretch", "day"])
        before, after, months = (changes[name].to_numpy(dtype=float) for name in ("before", "after", "months"))
        stretch = changes["stretch"].to_numpy(dtype=np.int64)
        years, due = _at_the_same_price(stretch, months, before == after)
        ratio = after / (before * self.index(pd.DatetimeIndex(changes["day"]).year.to_numpy(), years))
        size = np.where(due, np.maximum(ratio, 1 / ratio) - 1, 0.0)
        log_size = np.log(np.maximum(size, NO_CHANGE))

        def sum_of(values: Any) -> np.ndarray:
            return np.bincount(stretch, weights=np.broadcast_to(values, stretch.shape), minlength=len(renewals)).astype(float)

        found = {"renewals": sum_of(1.0)}
        for way, moved in (("up", (ratio > 1) & (size > NO_CHANGE)), ("down", (ratio < 1) & (size > NO_CHANGE))):
            found |= {way: sum_of(moved), f"log_{way}": sum_of(moved * log_size), f"log_{way}_squared": sum_of(moved * log_size**2)}
        return found


def renewal_change(*, indexation: float | Mapping[Any, float] = 0.0, fade: float = 5.0) -> RenewalChange:
    """The model of changes at renewals: no change, up or down, and by how much.

    Parameters
    ----------
    indexation : float or {year: float}
        By how much indexed prices rise a year: 0.02 is 2 %. By calendar year of the renewal, the last rate goes on, and before the first
        one there was none.
    fade : float
        Years after the valuation date by which growth and shrinkage have faded out.

    Returns
    -------
    RenewalChange

    Raises
    ------
    ArgumentError
        If `indexation` is no rate, or `fade` no positive number of years.

    Examples
    --------
    >>> renewal_change(indexation={2024: 0.06, 2025: 0.02}).index([2023, 2024, 2027], 1.0).round(2)
    array([1.  , 1.06, 1.02])
    """
    given = indexation if isinstance(indexation, Mapping) else {0: indexation}
    wrong = not given or not all(_is_number(rate) and -0.5 < rate < 1 for rate in given.values())
    years = [int(year) if str(year).isdecimal() else None for year in given]
    if wrong or None in years:
        raise ArgumentError(f"indexation must be a rate a year, such as 0.02, or {{year: rate}}, not {indexation!r}")
    if not (_is_number(fade) and 0 < fade <= 100):
        raise ArgumentError(f"fade must be a positive number of years, at most 100, not {fade!r}")
    if not isinstance(indexation, Mapping):
        return RenewalChange(float(indexation), float(fade))
    by_year = sorted((int(year), float(rate)) for year, rate in given.items())
    return RenewalChange(tuple(by_year), float(fade))


def _at_the_same_price(stretch: np.ndarray, months: np.ndarray, unchanged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Years that a price had stood at each renewal, counted anew after one; and whether it moved there, or those years are full."""
    place = np.arange(len(stretch))
    anew = np.append(True, (stretch[1:] != stretch[:-1]) | ~unchanged[:-1])[: len(stretch)]
    terms_of_a_year = np.ceil(12 / months).astype(np.int64)
    terms = (place - np.maximum.accumulate(np.where(anew, place, 0))) % terms_of_a_year + 1
    return terms * months / 12, ~unchanged | (terms == terms_of_a_year)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _natural(coordinates: Any, logistic: Any) -> tuple[Any, ...]:
    """p, r, m_up, s_up, m_down, s_down."""
    change, up, log_up, sd_up, log_down, sd_down = (coordinates[k] for k in range(6))
    return logistic(change), logistic(up), log_up, LARGEST_SD * logistic(sd_up), log_down, LARGEST_SD * logistic(sd_down)


@njit(nogil=True, cache=True)
def _change(
    natural: np.ndarray, cell: np.ndarray, fading: np.ndarray, index: np.ndarray, key: np.ndarray, last: np.ndarray, seed: int
) -> np.ndarray:
    draws, renewals = natural.shape[1], fading.shape[1]
    factor = np.empty((len(cell), draws, renewals))
    state = np.empty(1, np.uint64)
    for i in range(len(cell)):
        for s in range(draws):
            open_stream(state, seed, key[i], s, CHANGES)
            level = 1.0
            for k in range(min(last[i, s], renewals)):
                # the same numbers are drawn whether there is a change or not, so that another chance of one moves nothing else
                changes = uniform(state) < natural[0, s, cell[i]] * fading[i, k]
                upwards = uniform(state) < natural[1, s, cell[i]]
                size = normal(state)
                level *= index[i, k]
                if changes and upwards:
                    level *= 1.0 + math.exp(natural[2, s, cell[i]] + natural[3, s, cell[i]] * size)
                elif changes:
                    level /= 1.0 + math.exp(natural[4, s, cell[i]] + natural[5, s, cell[i]] * size)
                factor[i, s, k] = level
            factor[i, s, max(min(last[i, s], renewals), 0) :] = level
    return factor
