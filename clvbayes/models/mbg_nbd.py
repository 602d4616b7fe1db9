"""MBG/NBD: when customers buy, and whether they will again (Batislam, Denizel & Filiztekin 2007).

Story. While alive, a customer buys at random with a rate of their own, gamma distributed over customers with shape r and rate alpha. After
every purchase, the first included, the customer leaves for good with a probability of their own, beta distributed with a and b.

Likelihood of x repeat purchases, the last at t_x, observed until T (Batislam et al. 2007, eq. 3, in logs; all times operational):

    C = log Gamma(r+x) - log Gamma(r) + r log alpha - log B(a, b)
    A = log B(a, b+x+1) - (r+x) log(alpha+T)         still alive
    D = log B(a+1, b+x) - (r+x) log(alpha+t_x)       left after the last purchase
    log L = C + logaddexp(A, D);  P(alive) = 1 / (1 + exp(D - A))

With a season T and t_x are operational times (models/clock.py): each month of the year has its own pace, and the likelihood has the pace of
each purchase's month as a further factor.

Coordinates of a cell: log_rate = log(r/alpha), log_shape = log r, logit_dropout = logit(a/(a+b)), log_concentration = log(a+b).

Conditional posterior of a customer: alive with P(alive), and then independently rate ~ Gamma(r+x, alpha+T) and dropout ~ Beta(a, b+x+1).
The future is simulated purchase by purchase from it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor.tensor as pt
from numba import njit
from scipy.special import betainc, betaincinv, betaln, expit, gammaln, hyp2f1, xlog1py, xlogy

from clvbayes.data import Customers
from clvbayes.errors import DataError
from clvbayes.models.assembly import assemble, distinct_rows
from clvbayes.models.clock import LEVEL, SEASONAL, STEADY, Clock
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.pace import Ticking
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Batch, Futures, Kind, Table
from clvbayes.models.special import log_rising
from clvbayes.models.streams import exponential, gamma_variate, open_stream, uniform

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["MbgNbd", "future_moments", "mbg_nbd", "p_alive"]

STREAMS = "47287f42"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

PURCHASES = 0  # purpose of the random streams
NARROW_FROM = 100.0  # of a+b
QUADRATURE_NODES = 64  # E[Y] and DERT of the oracles in the tests to 1e-9


@dataclass(frozen=True)
class MbgNbd:
    """The MBG/NBD model; see the module's docstring for story and formulae."""

    season: bool = False
    level: bool = False
    name: str = "mbg_nbd"
    kind: Kind = "purchases"
    coordinates: tuple[str, ...] = ("log_rate", "log_shape", "logit_dropout", "log_concentration")

    @property
    def title(self) -> str:
        """Name in reports."""
        return "MBG/NBD" + (" with season" if self.season else "") + (" and level" if self.level else "")

    @property
    def options(self) -> dict[str, Any]:
        """What it runs by."""
        return {"season": self.season, "level": self.level}

    @property
    def clock(self) -> Clock:
        """What its likelihood runs by."""
        return LEVEL if self.level else SEASONAL if self.season else STEADY

    @property
    def with_level(self) -> "MbgNbd | None":
        """The same with a level."""
        return replace(self, level=True) if self.season and not self.level else None

    def priors(self, customers: Customers) -> Priors:
        """Priors around the base's repeats per unit of time; the other numbers are scale free (method book 1.9).

        Raises
        ------
        DataError
            If nobody has been observed for any time.
        """
        statistics = customers.statistics
        observed = math.fsum(statistics["T"])  # a sum that no order of rows changes
        if observed == 0:
            raise DataError("every customer's first order falls on the last day observed: there is nothing to learn purchases from")
        rate = (statistics["frequency"].sum() + 0.5) / observed
        return Priors(
            self.coordinates,
            mean=(math.log(rate), 0.0, -0.8, math.log(3.0)),
            sd=(1.0, 0.75, 1.0, 0.75),
            scale=(0.5, 0.25, 0.5, 0.25),
        )

    def rows(self, customers: Customers, cells: Cells) -> Table:
        """Distinct (cell, x, t_x, T) with their number."""
        statistics = customers.statistics
        columns = {
            "cell": cells.of_customer,
            "x": statistics["frequency"].to_numpy(dtype=float),
            "t_x": statistics["recency"].to_numpy(dtype=float),
            "T": statistics["T"].to_numpy(dtype=float),
        }
        return distinct_rows(columns)

    def bin_axes(self, rows: Table) -> Table:
        """Purchases, age and silence, in the logarithms in which the likelihood bends: it knows them as r+x, alpha+T and T-t_x.

        Silence counts double, since it decides who has left: with 40 rows for each of 50 segments the standard deviation of the log
        weights was .11, against .23 with equal ones.
        """
        x, T, silence = rows["x"], rows["T"], rows["T"] - rows["t_x"]
        between = (rows["weight"] * T).sum() / (rows["weight"] * (x + 1)).sum()
        return {"x": np.log1p(x), "T": np.log1p(T / between), "silence": 2 * np.where(x > 0, np.log1p(silence / between), 0.0)}

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``."""
        rows, frequencies = tables["row"], tables["frequency"]
        r, alpha, a, b = _natural(coordinates, pt.exp, pt.sigmoid)
        cell, x = frequencies["cell"], frequencies["x"]
        counting = log_rising(r, x, cell) + log_rising(b, x + 1, cell) - log_rising(a + b, x + 1, cell) - x * pt.log(alpha)[cell]
        log_leaves = pt.log(a)[cell] - pt.log(b[cell] + x)

        cell, x, of_row = rows["cell"], rows["x"], rows["frequency"]
        T, t_x = clock.operational(rows, "T", coordinates), clock.operational(rows, "t_x", coordinates)
        r, alpha = r[cell], alpha[cell]
        log_odds_dead = log_leaves[of_row] + (r + x) * pt.log1p((T - t_x) / (alpha + t_x))
        bought = counting[of_row] - (r + x) * pt.log1p(T / alpha) + clock.log_intensity(rows, coordinates)
        return bought + pt.softplus(log_odds_dead)

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

    def simulate(
        self,
        coordinates: np.ndarray,
        batch: Batch,
        *,
        horizon: float,
        year: float,
        seed: int,
        clock: Ticking,
        rate: float = 1.0,
        churn_odds: float = 1.0,
    ) -> Futures:
        """Purchases after the valuation date, drawn from each customer's conditional posterior.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(draw, coordinate, cell)``.
        batch : Batch
        horizon, year : float
            Length of the future, and of a year, in the customers' unit.
        seed : int
        clock : Ticking
        rate, churn_odds : float
            What multiplies each customer's rate and odds of dropping out after an order, from the valuation date on. The random numbers
            are the same for all of them.

        Returns
        -------
        Futures
        """
        x = batch.frequency.astype(float)
        draws = len(coordinates)
        T = clock.history(batch.T.astype(float), batch.T_by_month, draws)
        t_x = clock.history(batch.recency.astype(float), batch.t_x_by_month, draws)
        ahead, first_year = (clock.ahead(batch.starts, end, draws, batch.group) for end in (horizon, year))
        natural = np.stack(_natural(coordinates.swapaxes(0, 1), np.exp, expit))
        shape = (len(batch), len(coordinates))
        alive, expected = np.empty(shape), np.empty(shape)
        room = 2 * alive.size + 1024
        customer, draw, elapsed = _simulate(
            natural,
            batch.purchase_cell,
            x,
            t_x,
            T,
            ahead,
            first_year,
            batch.key,
            seed,
            rate,
            churn_odds,
            alive,
            expected,
            np.empty((2, room), np.int32),
            np.empty(room),
        )
        return Futures(customer, draw, clock.calendar(elapsed, draw, batch.starts[customer], batch.group[customer]), alive, expected)

    def expected_discounted_orders(
        self,
        coordinates: np.ndarray,
        frequency: Any,
        recency: Any,
        T: Any,
        *,
        horizon: Any,
        discount: float,
        calendar: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Expected discounted purchases after T: a check of the simulation, never a risk input.

        P(alive) times the integral over s of exp(-discount s) E[rate exp(-rate dropout s)]; the expectation over rate and dropout is
        (r+x)/(alpha+T) 2F1(r+x+1, a; a+b+x+1; -s/(alpha+T)) (method book 1.2), here after Pfaff's transformation, which keeps its digits
        for hundreds of purchases, and on Gauss-Legendre nodes in log(1 + s/(alpha+T)).

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(coordinate, ...)``, broadcast against the statistics.
        frequency, recency, T : array_like
            Statistics, in one unit of time.
        horizon : array_like
            Length of the future; may be infinite where `discount` is positive.
        discount : float
            Continuous rate per unit of time; 0 counts purchases without discounting.
        calendar : callable, optional
            Where the other times are operational: when so much of it has passed, in calendar time; the last dim are quadrature nodes.

        Returns
        -------
        numpy.ndarray
        """
        r, alpha, a, b = _natural(coordinates, np.exp, expit)
        x, age = np.asarray(frequency, dtype=float), alpha + np.asarray(T, dtype=float)
        end = np.minimum(horizon, 45.0 / discount) if discount > 0 else horizon  # exp(-45) is below a double's last digit
        reach = np.log1p(end / age)
        nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE_NODES)
        z = 0.5 * reach[..., None] * (nodes + 1)
        r, a, b, x, age = (np.asarray(value)[..., None] for value in np.broadcast_arrays(r, a, b, x, age))
        rate = _mean_rate(r, a, b, x, z) / age
        passed = age * np.expm1(z)
        factor = np.exp(-discount * (passed if calendar is None else calendar(passed)))
        integral = np.sum(weights * rate * factor * age * np.exp(z), axis=-1) * 0.5 * reach
        return np.asarray(p_alive(coordinates, frequency, recency, T) * integral)

    def discounted_moments(
        self,
        coordinates: np.ndarray,
        frequency: Any,
        recency: Any,
        T: Any,
        *,
        horizon: Any,
        discount: float,
        latents: int,
        random: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Moments of discounted purchases after T, as `future_moments` of a living customer's rate and dropout, averaged over some.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(coordinate, ...)``, broadcast against the statistics.
        frequency, recency, T : array_like
            Statistics, in one unit of time.
        horizon, discount : float
            Length of the future, and continuous rate per unit of time.
        latents : int
            States drawn for each customer and coordinates.
        random : numpy.random.Generator

        Returns
        -------
        tuple of numpy.ndarray
            Expected sums of discount factors, of their squares, and of their products over ordered pairs of purchases.
        """
        r, alpha, a, b = _natural(coordinates, np.exp, expit)
        x, age = np.asarray(frequency, dtype=float), alpha + np.asarray(T, dtype=float)
        shape = np.broadcast_shapes(np.shape(r), x.shape, age.shape)
        alive, sums = p_alive(coordinates, frequency, recency, T), [np.zeros(shape) for _ in range(3)]
        for _ in range(latents):
            rate = random.standard_gamma(np.broadcast_to(r + x, shape)) / age
            dropout = random.beta(np.broadcast_to(a, shape), np.broadcast_to(b + x + 1, shape))
            for total, moment in zip(sums, future_moments(rate, dropout, horizon=horizon, discount=discount), strict=True):
                total += moment
        first, squares, pairs = (np.asarray(alive * total / latents) for total in sums)
        return first, squares, pairs

    def count_probability(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any, *, horizon: Any, count: Any) -> np.ndarray:
        """Probability of exactly `count` purchases within `horizon` after T.

        A living customer of known rate and dropout buys n times and stays with probability (1-p)^n Poisson(n; rate h), or leaves at the
        n-th with p (1-p)^(n-1) times the probability that a Poisson count is n or more. Rate and dropout are independent given that the
        customer lives, gamma with shape r+x and beta with a and b' = b+x+1: the former give negative binomial terms, the latter ratios of
        beta functions.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(coordinate, ...)``, broadcast against the statistics.
        frequency, recency, T : array_like
            Statistics, in one unit of time.
        horizon : float
        count : array_like of int

        Returns
        -------
        numpy.ndarray
        """
        r, alpha, a, b = _natural(coordinates, np.exp, expit)
        n, x = np.asarray(count, dtype=float), np.asarray(frequency, dtype=float)
        alive, shape, age, stays = p_alive(coordinates, frequency, recency, T), r + x, alpha + np.asarray(T, dtype=float), b + x + 1
        nothing = xlog1py(-shape, horizon / age)
        so_many = gammaln(shape + n) - gammaln(shape) - gammaln(n + 1) + xlogy(n, horizon / (age + horizon)) + nothing
        at_least = betainc(np.maximum(n, 1.0), shape, horizon / (age + horizon))
        kept = betaln(a, stays + n) - betaln(a, stays)
        left = betaln(a + 1, stays + np.maximum(n, 1.0) - 1) - betaln(a, stays)
        living = np.exp(so_many + kept) + np.where(n > 0, np.exp(left) * at_least, 0.0)
        return np.asarray(alive * living + np.where(n == 0, 1 - alive, 0.0))


def mbg_nbd(*, season: bool = False, level: bool = False) -> MbgNbd:
    """The MBG/NBD purchase model: ordering at random, possible departure after every order, the first included.

    Parameters
    ----------
    season : bool
        Whether every month of the year has a pace of its own, learned with the rest: rates are those of an average month.
    level : bool
        Whether the whole base's pace moves from month to month besides, and will go on to do so from where it has come to. It includes the
        season.

    Returns
    -------
    MbgNbd

    Examples
    --------
    >>> mbg_nbd().coordinates
    ('log_rate', 'log_shape', 'logit_dropout', 'log_concentration')
    """
    return MbgNbd(season or level, level)


def p_alive(coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
    """Probability that a customer has not left by T; `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics."""
    r, alpha, a, b = _natural(coordinates, np.exp, expit)
    x, t_x = np.asarray(frequency, dtype=float), np.asarray(recency, dtype=float)
    return np.asarray(expit(-(np.log(a) - np.log(b + x) + (r + x) * np.log1p((np.asarray(T) - t_x) / (alpha + t_x)))))


def future_moments(rate: Any, dropout: Any, *, horizon: Any, discount: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments of D = sum of exp(-discount t) over the purchases of a living customer with known rate and dropout probability.

    With M = rate * dropout (method book 1.2), the first and second moment of a sum V of independent amounts of mean m and variance v, each
    discounted from its purchase, are E[V] = m E[D] and E[V^2] = (v + m^2) E2 + m^2 Pair.

    Returns
    -------
    tuple of numpy.ndarray
        E[D]; E2, the expected sum of squared discount factors; Pair, the expected sum of products over ordered pairs of purchases.
    """
    M = np.asarray(rate) * np.asarray(dropout)

    def integral(power: float) -> np.ndarray:
        falling = M + power * discount
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return np.asarray(np.where(falling == 0, horizon, -np.expm1(-falling * horizon) / falling))

    passed = -np.expm1(-discount * horizon) / discount if discount else horizon
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        within = (integral(2.0) - np.exp(-(M + discount) * horizon) * passed) / (M + discount)
    within = np.where(np.abs(M + discount) * horizon < 1e-6, horizon**2 / 2, within)  # where nearly all digits cancel
    pair = 2 * np.asarray(rate) ** 2 * (1 - np.asarray(dropout)) * within
    return rate * integral(1.0), rate * integral(2.0), np.asarray(pair)


def _mean_rate(r: np.ndarray, a: np.ndarray, b: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(r+x) 2F1(r+x+1, a; a+b+x+1; 1 - exp(z)), in units of the age: the mean rate at z, dims ``(..., node)``.

    SciPy's hypergeometric function loses itself where a+b is in the hundreds; there the expectation over dropout is taken at quantiles
    of its narrow distribution.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = (r + x) * np.exp(-a * z) * hyp2f1(a, a + b - r, a + b + x + 1, -np.expm1(-z))
    narrow = np.broadcast_to(a + b > NARROW_FROM, mean.shape).all(axis=-1)
    if narrow.any():
        nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE_NODES)
        r, a, b, x, z = (np.broadcast_to(value, (*mean.shape[:-1], value.shape[-1]))[narrow][..., None] for value in (r, a, b, x, z))
        dropout = betaincinv(a, b + x + 1, 0.5 * (nodes + 1))
        mean[narrow] = np.sum(0.5 * weights * (r + x) * (1 + dropout * np.expm1(z)) ** -(r + x + 1), axis=-1)
    return np.asarray(mean)


def _natural(coordinates: Any, exp: Any, logistic: Any) -> tuple[Any, Any, Any, Any]:
    """r, alpha, a, b; 1 - dropout is computed as such, since 1 minus a small difference would lose it."""
    log_rate, log_shape, logit_dropout, log_concentration = (coordinates[k] for k in range(4))
    concentration = exp(log_concentration)
    return exp(log_shape), exp(log_shape - log_rate), logistic(logit_dropout) * concentration, logistic(-logit_dropout) * concentration


@njit(nogil=True, cache=True)
def _simulate(
    natural: np.ndarray,
    cell: np.ndarray,
    x: np.ndarray,
    t_x: np.ndarray,
    T: np.ndarray,
    ahead: np.ndarray,
    first_year: np.ndarray,
    key: np.ndarray,
    seed: int,
    rate_factor: float,
    odds_factor: float,
    alive: np.ndarray,
    expected: np.ndarray,
    of: np.ndarray,
    elapsed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill `alive` and `expected`, and return customer, draw and time of each purchase; what is filled is NumPy's, which keeps large
    arrays in large pages of memory."""
    customers, draws = len(cell), natural.shape[1]
    of_customer, of_draw, room, events = of[0], of[1], len(elapsed), 0
    state = np.empty(1, np.uint64)
    for i in range(customers):
        # kept in local names: the compiler cannot know that no array written to is one of these
        own, at, orders = key[i], cell[i], x[i]
        for s in range(draws):
            age, since_last, end, year = T[i, s], t_x[i, s], ahead[i, s], first_year[i, s]
            r, alpha, a, b = natural[0, s, at], natural[1, s, at], natural[2, s, at], natural[3, s, at]
            silent = (r + orders) * math.log((alpha + age) / (alpha + since_last))
            here = 1.0 / (1.0 + a / (b + orders) * math.exp(min(silent, 700.0)))
            alive[i, s] = here
            open_stream(state, seed, own, s, PURCHASES)
            if uniform(state) >= here:
                expected[i, s] = 0.0
                continue
            rate = rate_factor * gamma_variate(state, r + orders) / (alpha + age)
            # the first is zero where it is below the smallest double: who leaves so seldom stays
            leaving = odds_factor * gamma_variate(state, a)
            leave = leaving / (leaving + gamma_variate(state, b + orders + 1.0))
            expected[i, s] = -math.expm1(-rate * leave * year) / leave if leave > 0.0 else rate * year
            time = 0.0
            while True:
                time += exponential(state) / rate if rate > 0.0 else math.inf
                if time > end:
                    break
                if events == room:
                    room *= 2
                    of_customer, of_draw, elapsed = _grown(of_customer, room), _grown(of_draw, room), _grown(elapsed, room)
                of_customer[events], of_draw[events], elapsed[events] = i, s, time
                events += 1
                if uniform(state) < leave:
                    break
    return of_customer[:events], of_draw[:events], elapsed[:events]


@njit(nogil=True, cache=True)
def _grown(array: np.ndarray, size: int) -> np.ndarray:
    larger = np.empty(size, array.dtype)
    larger[: len(array)] = array
    return larger
