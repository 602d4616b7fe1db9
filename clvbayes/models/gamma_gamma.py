"""Gamma-Gamma: what a purchase is worth (Colombo & Jiang 1999; Fader, Hardie & Lee 2005).

Story. A customer's purchases vary around a mean of their own, gamma distributed with shape p and a rate nu of their own; the rates are
gamma distributed over customers with shape q and rate gamma. Amounts do not depend on how often a customer buys.

Likelihood of x repeat purchases that sum to S, by transaction (method book 1.8):

    log L = log Gamma(px+q) - log Gamma(q) - x log Gamma(p) + q log gamma - (px+q) log(gamma+S) + (p-1) sum(log z)

and where only the mean S/x is known (Fader & Hardie 2013, note 025, eq. 1a):

    log L = log Gamma(px+q) - log Gamma(q) - log Gamma(px) + q log gamma - (px+q) log(gamma+S) + (px-1) log S + log x

Coordinates of a cell: log_mean = log of the mean purchase M, log_cv_within and log_cv_between, the coefficients of variation CV_w within
and between customers: p = CV_w^-2, q = 2 + CV_b^-2 (so that the variance exists), gamma = M (q-1) / p.

Conditional posterior of a customer: nu ~ Gamma(px+q, gamma+S); the next purchases are Gamma(p, nu).
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
from clvbayes.models.special import log_rising
from clvbayes.models.streams import gamma_variate, open_stream

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["GammaGamma", "gamma_gamma"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

AMOUNTS = 1  # purpose of the random streams


@dataclass(frozen=True)
class GammaGamma:
    """The Gamma-Gamma model; see the module's docstring for story and formulae."""

    name: str = "gamma_gamma"
    title: str = "Gamma-Gamma"
    kind: Kind = "spend"
    clock: Clock = STEADY
    needs_single_amounts: bool = False
    coordinates: tuple[str, ...] = ("log_mean", "log_cv_within", "log_cv_between")

    @property
    def options(self) -> dict[str, Any]:
        """None."""
        return {}

    @property
    def exact(self) -> "GammaGamma":
        """Itself."""
        return self

    def priors(self, customers: Customers) -> Priors:
        """Priors around the mean amount of a repeat purchase; the other numbers are scale free (method book 1.9).

        Raises
        ------
        DataError
            If no repeat purchase has an amount.
        """
        count, amount = customers.statistics["spend_count"].sum(), math.fsum(customers.statistics["spend_sum"])
        if count == 0:
            raise DataError("no repeat purchase has an amount: there is nothing to learn spend from")
        return Priors(
            self.coordinates,
            mean=(math.log(amount / count), math.log(0.6), math.log(0.6)),
            sd=(0.7, 0.4, 0.4),
            scale=(0.5, 0.25, 0.25),
        )

    def columns(self, customers: Customers, cells: Cells) -> Columns:
        """cell, x and S of repeat buyers, and their sums of logs, which enter linearly."""
        statistics = customers.statistics
        spenders = (statistics["spend_count"] > 0).to_numpy()
        x, total, logs = (statistics[name].to_numpy(dtype=float) for name in ("spend_count", "spend_sum", "spend_sum_log"))
        linear = {"sum_log": logs} if customers.spend_level == "transaction" else {}
        return Columns({"cell": cells.of_customer, "x": x, "sum": total}, linear).of(spenders)

    def rows(self, customers: Customers, cells: Cells) -> Table:
        """Distinct rows of `columns`."""
        return self.columns(customers, cells).distinct()

    def log_measure(self, customers: Customers) -> np.ndarray:
        """Nothing is left out."""
        return np.zeros(int((customers.statistics["spend_count"] > 0).sum()))

    def bin_axes(self, rows: Table) -> Table:
        """Number and mean of the purchases, in logarithms: the likelihood knows them as px+q and log(gamma+S)."""
        return {"x": np.log(rows["x"]), "mean": np.log(rows["sum"] / rows["x"])}

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``; of the mean where the table has no sums of logs."""
        rows, frequencies = tables["row"], tables["frequency"]
        p, q, gamma = _natural(coordinates, pt.exp)
        by_transaction = "sum_log" in rows
        cell, x = frequencies["cell"], frequencies["x"]
        shape, q_of = p[cell] * x, q[cell]
        # terms that grow with p or q meet their opposites here and in each row, so that nothing large is left to cancel far out
        smaller = pt.minimum(shape, q_of)
        counting = log_rising(pt.maximum(shape, q_of), smaller) - pt.gammaln(smaller)
        if by_transaction:
            counting = counting + pt.gammaln(shape) - x * pt.gammaln(p)[cell] - shape * pt.log(x)

        cell, x, total = rows["cell"], rows["x"], rows["sum"]
        p, q, gamma = p[cell], q[cell], gamma[cell]
        own = p * (rows["sum_log"] - x * pt.log(total / x)) - rows["sum_log"] if by_transaction else pt.log(x / total)
        return counting[rows["frequency"]] - q * pt.log1p(total / gamma) - p * x * pt.log1p(gamma / total) + own

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
        natural = np.stack(_natural(coordinates.swapaxes(0, 1), np.exp))
        count, total = batch.spend_count.astype(float), batch.spend_sum.astype(float)
        return np.asarray(
            _amounts(natural, batch.spend_cell, count, total, batch.key, seed, futures.customer, futures.draw, np.empty(len(futures.draw)))
        )

    def amount_moments(
        self, coordinates: np.ndarray, spend_count: Any, spend_sum: Any, spend_sum_log: Any = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Expectations of a customer's next amount, p (gamma+S) / (px+q-1) (Fader & Hardie 2013, eq. 5), of its square, and of the
        product of two amounts: they check the simulation.

        `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics; sums of logs say nothing more.
        """
        p, q, gamma = _natural(coordinates, np.exp)
        shape, total = p * np.asarray(spend_count) + q, gamma + np.asarray(spend_sum)
        inverse_square = total**2 / ((shape - 1) * (shape - 2))  # E[nu^-2]
        return np.asarray(p * total / (shape - 1)), np.asarray(p * (p + 1) * inverse_square), np.asarray(p**2 * inverse_square)

    def finite_moments(self, coordinates: np.ndarray, spend_count: Any) -> np.ndarray:
        """px + q, the shape of nu given x amounts: nu^-k has an expectation for smaller k alone."""
        p, q, _ = _natural(coordinates, np.exp)
        return np.asarray(p * np.asarray(spend_count) + q)


def gamma_gamma() -> GammaGamma:
    """The Gamma-Gamma spend model: amounts around a mean of each customer's own, independent of how often they buy.

    Returns
    -------
    GammaGamma

    Examples
    --------
    >>> gamma_gamma().coordinates
    ('log_mean', 'log_cv_within', 'log_cv_between')
    """
    return GammaGamma()


def _natural(coordinates: Any, exp: Any) -> tuple[Any, Any, Any]:
    """p, q and gamma."""
    log_mean, log_cv_within, log_cv_between = (coordinates[k] for k in range(3))
    p, excess = exp(-2 * log_cv_within), exp(-2 * log_cv_between)
    return p, 2 + excess, exp(log_mean) * (1 + excess) / p


@njit(nogil=True, cache=True)
def _amounts(
    natural: np.ndarray,
    cell: np.ndarray,
    count: np.ndarray,
    total: np.ndarray,
    key: np.ndarray,
    seed: int,
    customer: np.ndarray,
    draw: np.ndarray,
    amounts: np.ndarray,
) -> np.ndarray:
    state = np.empty(1, np.uint64)
    p, scale, previous_customer, previous_draw = 0.0, 0.0, -1, -1
    for k in range(len(customer)):
        i, s = customer[k], draw[k]
        if i != previous_customer or s != previous_draw:
            open_stream(state, seed, key[i], s, AMOUNTS)
            p, q, gamma = natural[0, s, cell[i]], natural[1, s, cell[i]], natural[2, s, cell[i]]
            scale = (gamma + total[i]) / gamma_variate(state, p * count[i] + q)
            previous_customer, previous_draw = i, s
        amounts[k] = scale * gamma_variate(state, p)
    return amounts
