"""Beta-binomial returns: what share of what a customer orders comes back (method book 1.8).

Story. Something of an order comes back with a probability of the customer's own, beta distributed over customers with a and b. Of such an
order a part comes back; the parts of a customer's orders vary around a mean of the customer's own with standard deviation sigma, and these
means vary over customers around m with standard deviation tau. So those who often send back a trifle and those who keep nothing are told
apart. All are weighed by money: an order counts as its share of what its customer ordered, times the number of orders.

Likelihood of n orders (fewer where they are so young that more may come back), t of them with a return, and of the parts of j orders with
mean y, squared deviations from it W and V = sigma^2 + j tau^2:

    log L = log B(a+t, b+n-t) - log B(a, b) - (j-1) log sigma - log(V)/2 - W/(2 sigma^2) - j (y-m)^2/(2 V) - j log(2 pi)/2

The second half has the form of the normal distribution, of which only means and variances are used: it weighs a customer's parts against
those of all as a linear credibility does (Buehlmann & Straub 1970). As a beta-binomial of parts of orders it took 4,338 customers of a
wholesaler, a third of whom sent back some hundredths, for alike (a+b of 106), and the heaviest returners for nearly as good as the others.

Coordinates of a cell: logit_return = logit(a/(a+b)), log_return_concentration = log(a+b), logit_part = logit(m), logit_sd_within and
logit_sd_between, the log odds of sigma and tau as shares of the half that they can be at most.

Conditional posterior of a customer: probability ~ Beta(a+t, b+n-t) and, independently, a mean part with mean
(m/tau^2 + j y/sigma^2) / (1/tau^2 + j/sigma^2) and variance 1 / (1/tau^2 + j/sigma^2), taken as beta distributed. An order with a return
comes back whole with the mean part as its probability, which is right in the mean, and rather too wide for those of whom parts come back.
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
from clvbayes.models.assembly import assemble
from clvbayes.models.clock import STEADY, Clock
from clvbayes.models.compression import Columns, Table
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Batch, Futures, Kind
from clvbayes.models.special import log_rising
from clvbayes.models.streams import log_gamma_variate, open_stream, uniform

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["BetaBinomialReturns", "beta_binomial_returns"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

RETURNS = 3  # purpose of the random streams
LEAST_SD, LARGEST_SD = 0.02, 0.5  # of parts: where all come back whole, the normal density of none would have no bound
LEAST_PART = 1e-12
MOST_OF_VARIANCE = 0.999  # of what a beta distribution of the same mean can have


@dataclass(frozen=True)
class BetaBinomialReturns:
    """The beta-binomial model of returns; see the module's docstring for story and formulae."""

    name: str = "beta_binomial_returns"
    title: str = "Beta-binomial returns"
    kind: Kind = "returns"
    clock: Clock = STEADY
    coordinates: tuple[str, ...] = ("logit_return", "log_return_concentration", "logit_part", "logit_sd_within", "logit_sd_between")

    @property
    def options(self) -> dict[str, Any]:
        """None."""
        return {}

    @property
    def exact(self) -> "BetaBinomialReturns":
        """Itself."""
        return self

    def priors(self, customers: Customers) -> Priors:
        """Priors around the base's share of orders with a return, and around the part of them that came back.

        Raises
        ------
        DataError
            If returns are not known, or nothing has come back.
        """
        returns = _known_returns(customers)
        trials, touched, parts = (math.fsum(returns[name]) for name in ("trials", "touched", "parts"))
        if parts == 0:
            raise DataError("nothing that was ordered has come back: there is nothing to learn returns from")
        share, part = (touched + 0.5) / (trials + 1), (math.fsum(returns["parts"] * returns["part_mean"]) + 0.5) / (parts + 1)
        return Priors(
            self.coordinates,
            mean=(float(logit(share)), math.log(3.0), float(logit(part)), 0.0, -0.5),
            sd=(1.0, 1.0, 1.0, 0.7, 0.7),
            scale=(0.5, 0.25, 0.5, 0.25, 0.25),
        )

    def columns(self, customers: Customers, cells: Cells) -> Columns:
        """cell, t, n and j of those who ordered, and y, y^2 and W, which enter linearly.

        Raises
        ------
        DataError
            If returns are not known.
        """
        returns = _known_returns(customers)
        columns = {
            "cell": cells.of_customer,
            "x": returns["touched"].to_numpy(dtype=float),
            "trials": returns["trials"].to_numpy(dtype=float),
            "parts": returns["parts"].to_numpy(dtype=float),
        }
        part, within = returns["part_mean"].to_numpy(dtype=float), returns["part_deviations"].to_numpy(dtype=float)
        means = {"part": part, "part_squared": part**2, "within": within}
        ordered = columns["trials"] > 0
        return Columns(columns, means).of(ordered)

    def rows(self, customers: Customers, cells: Cells) -> Table:
        """Distinct rows of `columns`."""
        return self.columns(customers, cells).distinct()

    def log_measure(self, customers: Customers) -> np.ndarray:
        """Nothing is left out."""
        return np.zeros(int((_known_returns(customers)["trials"] > 0).sum()))

    def bin_axes(self, rows: Table) -> Table:
        """Orders with a return and without, and the number of parts, in logarithms: the likelihood knows them as a+t, b+n-t and j."""
        x = rows["x"]
        return {"x": np.log1p(2 * x), "kept": np.log1p(rows["trials"] - x), "parts": np.log1p(rows["parts"])}

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``."""
        rows, frequencies = tables["row"], tables["frequency"]
        a, b, mean, within, between = _natural(coordinates, pt.exp, pt.sigmoid)
        touched = log_rising(a, frequencies["x"], frequencies["cell"])
        cell, trials, parts = rows["cell"], rows["trials"], rows["parts"]
        counting = touched[rows["frequency"]] + log_rising(b, trials - rows["x"], cell) - log_rising(a + b, trials, cell)
        mean, within, between = mean[cell], within[cell], between[cell]
        variance = within**2 + parts * between**2
        off = rows["part_squared"] - 2 * mean * rows["part"] + mean**2
        scale = (parts - 1) * pt.log(within) + 0.5 * pt.log(variance) + 0.5 * parts * math.log(2 * math.pi)
        # without parts the scale would be that of none: log(within) less log(within)
        return counting - pt.switch(parts > 0, scale + 0.5 * rows["within"] / within**2 + 0.5 * parts * off / variance, 0.0)

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
        return np.asarray(_come_back(*self._known(coordinates, batch), batch.key, seed, futures.customer, futures.draw))

    def simulate_pending(self, coordinates: np.ndarray, batch: Batch, *, seed: int) -> np.ndarray:
        """Share of what is still open of past orders that comes back, none or all, dims ``(customer, draw)``.

        A customer's probability in a draw is the same as in `simulate`.
        """
        return np.asarray(_pending_come_back(*self._known(coordinates, batch), batch.key, seed))

    def share_moments(self, coordinates: np.ndarray, trials: Any, touched: Any, parts: Any, part: Any) -> tuple[np.ndarray, np.ndarray]:
        """Expectations of a customer's share that comes back, and of its square: they check the simulation.

        `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics.
        """
        a, b, part_mean, within, between = _natural(coordinates, np.exp, expit)
        with_return, orders = a + np.asarray(touched), a + b + np.asarray(trials)
        c, d = _part_posterior(part_mean, within, between, np.asarray(parts, dtype=float), np.asarray(part, dtype=float))
        probability, part_mean = with_return / orders, c / (c + d)
        square = probability * (with_return + 1) / (orders + 1) * part_mean * (c + 1) / (c + d + 1)
        return np.asarray(probability * part_mean), np.asarray(square)

    def _known(self, coordinates: np.ndarray, batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        natural = np.stack(_natural(coordinates.swapaxes(0, 1), np.exp, expit))
        return natural, batch.returns_cell, np.stack([batch.return_trials, batch.return_touched, batch.return_parts, batch.return_part])


def beta_binomial_returns() -> BetaBinomialReturns:
    """The beta-binomial model of returns: each customer has a share of their own that comes back.

    Returns
    -------
    BetaBinomialReturns

    Examples
    --------
    >>> beta_binomial_returns().coordinates
    ('logit_return', 'log_return_concentration', 'logit_part', 'logit_sd_within', 'logit_sd_between')
    """
    return BetaBinomialReturns()


def _known_returns(customers: Customers) -> Any:
    if customers.returns is None:
        raise DataError("returns are not known of these customers: they are counted in orders and credit notes, not in an RFM frame")
    return customers.returns


def _natural(coordinates: Any, exp: Any, logistic: Any) -> tuple[Any, Any, Any, Any, Any]:
    """a, b, m, sigma and tau; 1 - share is computed as such, since 1 minus a small difference would lose it."""
    logit_return, log_return, logit_part, *logit_sds = (coordinates[k] for k in range(5))
    within, between = (LEAST_SD + (LARGEST_SD - LEAST_SD) * logistic(logit_sd) for logit_sd in logit_sds)
    return logistic(logit_return) * exp(log_return), logistic(-logit_return) * exp(log_return), logistic(logit_part), within, between


@njit(inline="always")
def _beta(state: np.ndarray, a: float, b: float) -> float:
    """A beta variate, made of logarithms since both gamma variates may be smaller than any double."""
    difference = log_gamma_variate(state, b) - log_gamma_variate(state, a)
    return 1.0 / (1.0 + math.exp(min(difference, 700.0)))


def _part_posterior(mean: Any, within: Any, between: Any, parts: Any, part: Any) -> tuple[Any, Any]:
    """The beta distribution with mean and variance of a customer's mean part."""
    variance = 1.0 / (1.0 / between**2 + parts / within**2)
    centre = np.minimum(np.maximum(variance * (mean / between**2 + parts * part / within**2), LEAST_PART), 1.0 - LEAST_PART)
    concentration = np.maximum(centre * (1.0 - centre) / variance, 1.0 / MOST_OF_VARIANCE) - 1.0
    return centre * concentration, (1.0 - centre) * concentration


_part_posterior_inlined = njit(inline="always")(_part_posterior)


@njit(inline="always")
def _share(state: np.ndarray, natural: np.ndarray, known: np.ndarray, i: int, s: int, cell: int) -> float:
    """The share of a customer's orders that comes back, from the conditional posterior."""
    trials, touched = known[0, i], known[1, i]
    probability = _beta(state, natural[0, s, cell] + touched, natural[1, s, cell] + (trials - touched))
    c, d = _part_posterior_inlined(natural[2, s, cell], natural[3, s, cell], natural[4, s, cell], known[2, i], known[3, i])
    return probability * _beta(state, c, d)


@njit(nogil=True, cache=True)
def _come_back(
    natural: np.ndarray,
    cell: np.ndarray,
    known: np.ndarray,
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
            share = _share(state, natural, known, i, s, cell[i])
            uniform(state)  # that of what is still open
        come_back[k] = 1.0 if uniform(state) < share else 0.0
    return come_back


@njit(nogil=True, cache=True)
def _pending_come_back(natural: np.ndarray, cell: np.ndarray, known: np.ndarray, key: np.ndarray, seed: int) -> np.ndarray:
    come_back = np.empty((len(cell), natural.shape[1]))
    state = np.empty(1, np.uint64)
    for i in range(len(cell)):
        for s in range(natural.shape[1]):
            open_stream(state, seed, key[i], s, RETURNS)
            share = _share(state, natural, known, i, s, cell[i])
            come_back[i, s] = 1.0 if uniform(state) < share else 0.0
    return come_back
