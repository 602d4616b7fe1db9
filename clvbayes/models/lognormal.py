"""Lognormal spend: what a purchase is worth, in logarithms (method book 1.8).

Story. The logarithms of a customer's purchases vary around a level of the customer's own with standard deviation sigma; the levels vary
over customers around the cell's with standard deviation tau. If asked, those who buy more often have another level: it moves by
`frequency_link` for each unit of log((x+1)/3), where x are the
customer's repeat purchases with an amount so far.

Likelihood of x repeat purchases with mean log y, mean square of the logs' deviations from y times x W, and V = sigma^2 + x tau^2:

    log L = -x log(2 pi)/2 - (x-1) log sigma - log(V)/2 - W/(2 sigma^2) - x (y-m)^2/(2 V) - x y

The data enter by y, y^2 and W alone, and linearly: customers of one cell and one x are one row, exactly.

Coordinates of a cell: log_median = m of a customer with two repeat purchases, logit_sd_within and logit_sd_between, the log odds of sigma
and tau as shares of 2.5, and, if asked, frequency_link. With sigma and tau below a bound all moments of future spend exist; with a common
prior on variances the mean may not (Fabrizi & Trivisano 2012).

Conditional posterior of a customer: the level is normal with precision 1/tau^2 + x/sigma^2 around (m/tau^2 + x y/sigma^2) / precision; the
next purchases are lognormal around it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor.tensor as pt
from numba import njit

from clvbayes.data import Customers
from clvbayes.errors import DataError
from clvbayes.models.assembly import assemble
from clvbayes.models.clock import STEADY, Clock
from clvbayes.models.compression import Columns, Table
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Batch, Futures, Kind
from clvbayes.models.streams import normal, open_stream

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["Lognormal", "lognormal"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

AMOUNTS = 1  # purpose of the random streams
LARGEST_SD = 2.5  # of logs: the middle nine tenths of such purchases span a factor of 3,700
LINKED_FROM = 3.0  # x + 1 of the customer whose level is the cell's


@dataclass(frozen=True)
class Lognormal:
    """The lognormal spend model; see the module's docstring for story and formulae."""

    frequency_link: bool = False
    name: str = "lognormal"
    kind: Kind = "spend"
    clock: Clock = STEADY
    needs_single_amounts: bool = True

    @property
    def title(self) -> str:
        """Name in reports."""
        return "Lognormal, linked to frequency" if self.frequency_link else "Lognormal"

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of a cell's coordinates."""
        names = ("log_median", "logit_sd_within", "logit_sd_between")
        return (*names, "frequency_link") if self.frequency_link else names

    @property
    def options(self) -> dict[str, Any]:
        """Whether the level is linked to frequency."""
        return {"frequency_link": self.frequency_link}

    @property
    def exact(self) -> "Lognormal":
        """Itself."""
        return self

    def priors(self, customers: Customers) -> Priors:
        """Priors around the mean log of a repeat purchase; the other numbers are scale free (method book 1.9).

        Raises
        ------
        DataError
            If no repeat purchase has an amount, or only the means of customers are known.
        """
        count = customers.statistics["spend_count"].sum()
        if count == 0:
            raise DataError("no repeat purchase has an amount: there is nothing to learn spend from")
        _require_single_amounts(customers)
        centre = math.fsum(customers.statistics["spend_sum_log"]) / count
        mean, sd, scale = (centre, -1.15, -1.15), (0.7, 0.6, 0.6), (0.5, 0.25, 0.25)
        if self.frequency_link:
            mean, sd, scale = (*mean, 0.0), (*sd, 0.3), (*scale, 0.1)  # type: ignore[assignment]
        return Priors(self.coordinates, mean=mean, sd=sd, scale=scale)

    def columns(self, customers: Customers, cells: Cells) -> Columns:
        """cell and x of repeat buyers, and y, y^2 and W, which enter linearly.

        Raises
        ------
        DataError
            If only the means of customers are known.
        """
        _require_single_amounts(customers)
        statistics = customers.statistics
        spenders = (statistics["spend_count"] > 0).to_numpy()
        x, logs, squares = (
            statistics[name].to_numpy(dtype=float)[spenders] for name in ("spend_count", "spend_sum_log", "spend_sum_log_squared")
        )
        level = logs / x
        own = {"level": level, "level_squared": level**2, "within": np.maximum(squares - x * level**2, 0.0)}
        return Columns({"cell": cells.of_customer[spenders], "x": x}, own)

    def rows(self, customers: Customers, cells: Cells) -> Table:
        """Distinct rows of `columns`."""
        return self.columns(customers, cells).distinct()

    def log_measure(self, customers: Customers) -> np.ndarray:
        """Nothing is left out."""
        return np.zeros(int((customers.statistics["spend_count"] > 0).sum()))

    def bin_axes(self, rows: Table) -> Table:
        """Number of purchases, in logarithms; there are never more rows than cells times numbers of purchases."""
        return {"x": np.log(rows["x"])}

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``."""
        rows = tables["row"]
        cell, x, level = rows["cell"], rows["x"], rows["level"]
        median, within, between = coordinates[0][cell], _sd(coordinates[1], pt.exp)[cell], _sd(coordinates[2], pt.exp)[cell]
        if self.frequency_link:
            median = median + coordinates[3][cell] * pt.log((x + 1) / LINKED_FROM)
        variance = within**2 + x * between**2
        off = rows["level_squared"] - 2 * median * level + median**2
        scale = 0.5 * x * math.log(2 * math.pi) + (x - 1) * pt.log(within) + 0.5 * pt.log(variance)
        return -scale - 0.5 * rows["within"] / within**2 - 0.5 * x * off / variance - x * level

    def build(
        self,
        customers: Customers,
        *,
        pool: Pool = (),
        priors: Priors | None = None,
        estimates: Sequence[LevelEstimates] | None = None,
    ) -> "pm.Model":
        """The PyMC model; see `assemble`."""
        return assemble(self, customers, pool, priors, estimates)

    def simulate(self, coordinates: np.ndarray, batch: Batch, futures: Futures, *, seed: int) -> np.ndarray:
        """Amount of each simulated purchase, from each customer's conditional posterior.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(draw, coordinate, cell)``.
        batch : Batch
        futures : Futures
        seed : int

        Returns
        -------
        numpy.ndarray
            In the currency of the data, one entry a purchase of `futures`.
        """
        within, between = _sd(coordinates[:, 1], np.exp), _sd(coordinates[:, 2], np.exp)
        link = coordinates[:, 3] if self.frequency_link else np.zeros_like(within)
        parts = np.stack([coordinates[:, 0], within, between, link])
        count, logs = batch.spend_count.astype(float), batch.spend_sum_log.astype(float)
        return np.asarray(
            _amounts(parts, batch.spend_cell, count, logs, batch.key, seed, futures.customer, futures.draw, np.empty(len(futures.draw)))
        )

    def amount_moments(
        self, coordinates: np.ndarray, spend_count: Any, spend_sum: Any, spend_sum_log: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Expectations of a customer's next amount, exp(level + (variance of the level + sigma^2) / 2), of its square, and of the product
        of two amounts: they check the simulation.

        `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics.
        """
        within, between = _sd(coordinates[1], np.exp), _sd(coordinates[2], np.exp)
        x = np.asarray(spend_count, dtype=float)
        median = coordinates[0] + (coordinates[3] * np.log((x + 1) / LINKED_FROM) if self.frequency_link else 0.0)
        variance = 1 / (between**-2 + x * within**-2)
        level = variance * (median * between**-2 + np.asarray(spend_sum_log) * within**-2)
        mean = np.exp(level + 0.5 * (variance + within**2))
        return np.asarray(mean), np.asarray(mean**2 * np.exp(variance + within**2)), np.asarray(mean**2 * np.exp(variance))

    def finite_moments(self, coordinates: np.ndarray, spend_count: Any) -> np.ndarray:
        """All."""
        return np.full(np.broadcast_shapes(coordinates[0].shape, np.shape(spend_count)), np.inf)


def lognormal(*, frequency_link: bool = False) -> Lognormal:
    """The lognormal spend model: a heavier tail than Gamma-Gamma's, and a level that may depend on how often a customer buys.

    Parameters
    ----------
    frequency_link : bool
        Whether the level of spend moves with the number of repeat purchases that have an amount.

    Returns
    -------
    Lognormal

    Examples
    --------
    >>> lognormal(frequency_link=True).coordinates
    ('log_median', 'logit_sd_within', 'logit_sd_between', 'frequency_link')
    """
    return Lognormal(frequency_link)


def _require_single_amounts(customers: Customers) -> None:
    if customers.spend_level != "transaction":
        raise DataError("lognormal spend is learned from single amounts, and these customers have means only: use gamma_gamma")


def _sd(coordinate: Any, exp: Any) -> Any:
    return LARGEST_SD / (1 + exp(-coordinate))


@njit(nogil=True, cache=True)
def _amounts(
    parts: np.ndarray,
    cell: np.ndarray,
    count: np.ndarray,
    logs: np.ndarray,
    key: np.ndarray,
    seed: int,
    customer: np.ndarray,
    draw: np.ndarray,
    amounts: np.ndarray,
) -> np.ndarray:
    state = np.empty(1, np.uint64)
    within, level, previous_customer, previous_draw = 0.0, 0.0, -1, -1
    for k in range(len(customer)):
        i, s = customer[k], draw[k]
        if i != previous_customer or s != previous_draw:
            open_stream(state, seed, key[i], s, AMOUNTS)
            median, within, between, link = parts[0, s, cell[i]], parts[1, s, cell[i]], parts[2, s, cell[i]], parts[3, s, cell[i]]
            median += link * math.log((count[i] + 1.0) / LINKED_FROM)
            variance = 1.0 / (between**-2 + count[i] * within**-2)
            level = variance * (median * between**-2 + logs[i] * within**-2) + math.sqrt(variance) * normal(state)
            previous_customer, previous_draw = i, s
        amounts[k] = math.exp(level + within * normal(state))
    return amounts
