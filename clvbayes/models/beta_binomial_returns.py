"""Beta-binomial returns: what share of what a customer orders comes back (method book 1.8).

Story. Each order comes back with a probability of the customer's own, beta distributed over customers with a and b. An order of which a
part came back counts as that part of a returned order, so that a customer's share is one of money; sums of money of very uneven orders
are weighed by the customer's number of orders.

Likelihood of n orders (fewer where they are so young that more may come back), k of them returned, both need not be whole:

    log L = log B(a+k, b+n-k) - log B(a, b)

Orders of which parts came back vary less than whole ones do, so that the bands of such customers are rather too wide.

Coordinates of a cell: logit_share = logit(a/(a+b)), log_concentration = log(a+b).

Conditional posterior of a customer: share ~ Beta(a+k, b+n-k).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor.tensor as pt
from numba import njit
from scipy.special import expit, logit

from clvbayes.data import Customers
from clvbayes.errors import DataError
from clvbayes.models.assembly import assemble, distinct_rows
from clvbayes.models.clock import STEADY, Clock
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Batch, Futures, Kind, Table
from clvbayes.models.special import log_rising
from clvbayes.models.streams import log_gamma_variate, open_stream, uniform

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["BetaBinomialReturns", "beta_binomial_returns"]

STREAMS = "47287f42"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

RETURNS = 3  # purpose of the random streams


@dataclass(frozen=True)
class BetaBinomialReturns:
    """The beta-binomial model of returns; see the module's docstring for story and formulae."""

    name: str = "beta_binomial_returns"
    title: str = "Beta-binomial returns"
    kind: Kind = "returns"
    coordinates: tuple[str, ...] = ("logit_share", "log_concentration")

    @property
    def options(self) -> dict[str, Any]:
        """None."""
        return {}

    def priors(self, customers: Customers) -> Priors:
        """Priors around the base's share of orders that came back.

        Raises
        ------
        DataError
            If returns are not known, or nothing has come back.
        """
        returns = _known_returns(customers)
        trials, returned = math.fsum(returns["trials"]), math.fsum(returns["returned"])
        if returned == 0:
            raise DataError("nothing that was ordered has come back: there is nothing to learn returns from")
        share = (returned + 0.5) / (trials + 1)
        return Priors(self.coordinates, mean=(float(logit(share)), math.log(3.0)), sd=(1.0, 1.0), scale=(0.5, 0.25))

    def rows(self, customers: Customers, cells: Cells) -> Table:
        """Distinct (cell, k, n) with their number.

        Raises
        ------
        DataError
            If returns are not known.
        """
        returns = _known_returns(customers)
        columns = {
            "cell": cells.of_customer,
            "x": returns["returned"].to_numpy(dtype=float),
            "trials": returns["trials"].to_numpy(dtype=float),
        }
        ordered = columns["trials"] > 0
        return distinct_rows({name: column[ordered] for name, column in columns.items()})

    def bin_axes(self, rows: Table) -> Table:
        """Returned and kept orders, in logarithms: the likelihood knows them as a+k and b+n-k."""
        return {"x": np.log1p(4 * rows["x"]), "kept": np.log1p(rows["trials"] - rows["x"])}

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``."""
        rows, frequencies = tables["row"], tables["frequency"]
        a, b = _natural(coordinates, pt.exp, pt.sigmoid)
        returned = log_rising(a, frequencies["x"], frequencies["cell"])
        cell, trials = rows["cell"], rows["trials"]
        return returned[rows["frequency"]] + log_rising(b, trials - rows["x"], cell) - log_rising(a + b, trials, cell)

    def build(
        self,
        customers: Customers,
        *,
        pool: Pool = (),
        priors: Priors | None = None,
        clock: Clock = STEADY,
        estimates: Sequence[LevelEstimates] | None = None,
    ) -> "pm.Model":
        """The PyMC model; see `assemble`."""
        return assemble(self, customers, pool, priors, clock, estimates)

    def simulate(self, coordinates: np.ndarray, batch: Batch, futures: Futures, *, seed: int) -> np.ndarray:
        """Share of each simulated purchase that comes back, none or all, from each customer's conditional posterior.

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
            One entry a purchase of `futures`.
        """
        return np.asarray(_come_back(*self._beta(coordinates, batch), batch.key, seed, futures.customer, futures.draw))

    def simulate_pending(self, coordinates: np.ndarray, batch: Batch, *, seed: int) -> np.ndarray:
        """Share of what is still open of past orders that comes back, none or all, dims ``(customer, draw)``.

        A customer's probability in a draw is the same as in `simulate`.
        """
        return np.asarray(_pending_come_back(*self._beta(coordinates, batch), batch.key, seed))

    def share_moments(self, coordinates: np.ndarray, return_trials: Any, return_count: Any) -> tuple[np.ndarray, np.ndarray]:
        """Expectations of a customer's share that comes back, (a+k) / (a+b+n), and of its square: they check the simulation.

        `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics.
        """
        a, b = _natural(coordinates, np.exp, expit)
        successes, trials = a + np.asarray(return_count), a + b + np.asarray(return_trials)
        mean = successes / trials
        return np.asarray(mean), np.asarray(mean * (successes + 1) / (trials + 1))

    def _beta(self, coordinates: np.ndarray, batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        natural = np.stack(_natural(coordinates.swapaxes(0, 1), np.exp, expit))
        return natural, batch.returns_cell, batch.return_trials, batch.return_count


def beta_binomial_returns() -> BetaBinomialReturns:
    """The beta-binomial model of returns: each customer has a share of their own that comes back.

    Returns
    -------
    BetaBinomialReturns

    Examples
    --------
    >>> beta_binomial_returns().coordinates
    ('logit_share', 'log_concentration')
    """
    return BetaBinomialReturns()


def _known_returns(customers: Customers) -> Any:
    if customers.returns is None:
        raise DataError("returns are not known of these customers: they are counted in orders and credit notes, not in an RFM frame")
    return customers.returns


def _natural(coordinates: Any, exp: Any, logistic: Any) -> tuple[Any, Any]:
    """a and b; 1 - share is computed as such, since 1 minus a small difference would lose it."""
    logit_share, log_concentration = coordinates[0], coordinates[1]
    return logistic(logit_share) * exp(log_concentration), logistic(-logit_share) * exp(log_concentration)


@njit(inline="always")
def _share(state: np.ndarray, a: float, b: float) -> float:
    """A beta variate, made of logarithms since both gamma variates may be smaller than any double."""
    difference = log_gamma_variate(state, b) - log_gamma_variate(state, a)
    return 1.0 / (1.0 + math.exp(min(difference, 700.0)))


@njit(nogil=True, cache=True)
def _come_back(
    natural: np.ndarray,
    cell: np.ndarray,
    trials: np.ndarray,
    returned: np.ndarray,
    key: np.ndarray,
    seed: int,
    customer: np.ndarray,
    draw: np.ndarray,
) -> np.ndarray:
    come_back = np.empty(len(customer))
    state = np.empty(1, np.uint64)
    share = 0.0
    for k in range(len(customer)):
        i, s = customer[k], draw[k]
        if k == 0 or i != customer[k - 1] or s != draw[k - 1]:
            open_stream(state, seed, key[i], s, RETURNS)
            a, b = natural[0, s, cell[i]], natural[1, s, cell[i]]
            share = _share(state, a + returned[i], b + trials[i] - returned[i])
            uniform(state)  # that of what is still open
        come_back[k] = 1.0 if uniform(state) < share else 0.0
    return come_back


@njit(nogil=True, cache=True)
def _pending_come_back(
    natural: np.ndarray, cell: np.ndarray, trials: np.ndarray, returned: np.ndarray, key: np.ndarray, seed: int
) -> np.ndarray:
    come_back = np.empty((len(cell), natural.shape[1]))
    state = np.empty(1, np.uint64)
    for i in range(len(cell)):
        for s in range(natural.shape[1]):
            open_stream(state, seed, key[i], s, RETURNS)
            a, b = natural[0, s, cell[i]], natural[1, s, cell[i]]
            share = _share(state, a + returned[i], b + trials[i] - returned[i])
            come_back[i, s] = 1.0 if uniform(state) < share else 0.0
    return come_back
