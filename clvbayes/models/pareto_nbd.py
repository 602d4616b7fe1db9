"""Pareto/NBD: customers may leave at any time, not only at purchases (Schmittlein, Morrison & Colombo 1987).

Story. While alive, a customer buys at random with a rate of their own, gamma distributed over customers with shape r and rate alpha. A
customer leaves for good after a lifetime that is exponential with a rate of their own, gamma distributed with shape s and rate beta.

Likelihood of x repeat purchases, the last at t_x, observed until T (method book 1.3, in logs; all times operational):

    C = log Gamma(r+x) - log Gamma(r) + r log alpha + s log beta
    A = -(r+x) log(alpha+T) - s log(beta+T)                                            still alive
    D = log s + log of the integral of (alpha+u)^-(r+x) (beta+u)^-(s+1) over u from t_x to T      left at u
    log L = C + logaddexp(A, D);  P(alive) = 1 / (1 + exp(D - A))

The integral is taken by quadrature, where others evaluate the hypergeometric function: Gauss-Legendre nodes y on (0, 1), stretched to

    u + m = (m + t_x) (1 - y (1 - e^(-rho Z)))^(-1/rho),  m = min(alpha, beta),  Z = log((m+T)/(m+t_x))

where 4 rho is about how fast the integrand falls in log(m+u) at its start. Within two standard deviations of the prior 12 nodes are right
to 7e-8 of the log and 16 to 2e-10, for up to 2,000 purchases; where alpha is thousands of times beta, to 1e-5 and 4e-7. Slopes are taken at
fixed nodes, as shares of the span: the integral does not depend on where they lie.

Coordinates of a cell: log_rate = log(r/alpha), log_shape = log r, log_departures = log(-log S), where S is the share of customers who
outlive one mean interval between purchases, alpha/r, and log_lifetime_shape = log s: beta = alpha/r / (S^(-1/s) - 1). Raw s and beta lie
on a ridge. The method book takes S at three quarters of the median T; a mean interval is known without the data, so that nothing but the
coordinates says what they mean, and its prior is that of a dropout probability.

Conditional posterior of a customer: alive with P(alive), and then independently rate ~ Gamma(r+x, alpha+T) and hazard ~ Gamma(s, beta+T).

With a season or a level lifetimes run by the same clock as purchases: over a year both agree with lifetimes by the calendar, and the whole
process has one time.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pytensor.tensor as pt
from numba import njit
from scipy.special import expit

from clvbayes.data import Customers
from clvbayes.models.beta_geometric import log_count
from clvbayes.models.clock import Clock
from clvbayes.models.priors import Priors
from clvbayes.models.purchasing import PURCHASES, ContinuousPurchases, Natural, future_moments, grown, log_repeat_rate
from clvbayes.models.special import log_rising
from clvbayes.models.streams import exponential, gamma_variate, open_stream, uniform

__all__ = ["ParetoNbd", "pareto_nbd"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

SAMPLED_NODES, REPORTED_NODES = 12, 16
SLOWEST_FALL = 1e-3  # of the integrand, where the nodes are hardly stretched
LONGEST = 150.0  # of log(S^(-1/s)), so that beta and its powers in slopes stay numbers
COUNT_NODES, PEAK_WIDTHS = 48, 10.0  # nodes of a panel: below a peak of the number of purchases, around it, above it


@dataclass(frozen=True)
class ParetoNbd(ContinuousPurchases):
    """The Pareto/NBD model; see the module's docstring for story and formulae."""

    name: ClassVar[str] = "pareto_nbd"
    label: ClassVar[str] = "Pareto/NBD"
    coordinates: ClassVar[tuple[str, ...]] = ("log_rate", "log_shape", "log_departures", "log_lifetime_shape")
    departures: ClassVar[str | None] = "log_departures"
    nodes: int = SAMPLED_NODES

    @property
    def exact(self) -> Self:
        """The same with more nodes."""
        return replace(self, nodes=REPORTED_NODES)

    def priors(self, customers: Customers) -> Priors:
        """Priors around the base's repeats per unit of time; the other numbers are scale free (method book 1.9).

        Raises
        ------
        DataError
            If nobody has been observed for any time.
        """
        return Priors(
            self.coordinates,
            mean=(log_repeat_rate(customers), 0.0, -1.0, -0.3),
            sd=(1.0, 0.75, 1.0, 0.7),
            scale=(0.5, 0.25, 0.5, 0.25),
        )

    def natural(self, coordinates: Any, exp: Any, logistic: Any) -> Natural:
        """r, alpha, s, beta."""
        log_rate, log_shape, log_departures, log_lifetime_shape = (coordinates[k] for k in range(4))
        of = np if exp is np.exp else pt
        s = exp(log_lifetime_shape)
        fall = of.minimum(exp(log_departures - log_lifetime_shape), LONGEST)
        return exp(log_shape), exp(log_shape - log_rate), s, exp(-log_rate) / of.expm1(fall)

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``."""
        rows, frequencies = tables["row"], tables["frequency"]
        r, alpha, s, beta = self.natural(coordinates, pt.exp, pt.sigmoid)
        cell, x = frequencies["cell"], frequencies["x"]
        counting = log_rising(r, x, cell) - x * pt.log(alpha)[cell]

        cell, x, of_row = rows["cell"], rows["x"], rows["frequency"]
        T, t_x = clock.operational(rows, "T", coordinates), clock.operational(rows, "t_x", coordinates)
        silent = rows["T"] > rows["t_x"]
        silence = pt.switch(silent, T - t_x, 1.0)
        r, alpha, s, beta = r[cell], alpha[cell], s[cell], beta[cell]
        log_integral = self._log_integral(r + x, alpha + t_x, s, beta + t_x, silence)
        log_odds_dead = pt.log(s) + log_integral + (r + x) * pt.log1p(silence / (alpha + t_x)) + s * pt.log1p(silence / (beta + t_x))
        bought = counting[of_row] - (r + x) * pt.log1p(T / alpha) - s * pt.log1p(T / beta) + clock.log_intensity(rows, coordinates)
        return bought + pt.switch(silent, pt.softplus(log_odds_dead), 0.0)

    def _log_integral(self, shape: Any, alpha: Any, s: Any, beta: Any, silence: Any) -> Any:
        """Log of the integral of (1 + u/alpha)^-shape (1 + u/beta)^-(s+1) / beta over u from zero to the silence, by row; alpha and beta
        include t_x."""
        from pytensor.gradient import disconnected_grad

        y, weights = np.polynomial.legendre.leggauss(self.nodes)
        y, weights = 0.5 * (y + 1), 0.5 * weights
        start = pt.minimum(alpha, beta)
        rho = 0.25 * pt.maximum(shape * start / alpha + (s + 1) * start / beta - 1, SLOWEST_FALL)
        span = -pt.expm1(-rho * pt.log1p(silence / start))
        z = -pt.log1p(-y * span[:, None]) / rho[:, None]
        share = disconnected_grad(start[:, None] * pt.expm1(z) / silence[:, None])
        weight = disconnected_grad(weights * (start * span / (rho * silence))[:, None] * pt.exp((1 + rho[:, None]) * z))
        u = silence[:, None] * share
        falls = shape[:, None] * pt.log1p(u / alpha[:, None]) + (s + 1)[:, None] * pt.log1p(u / beta[:, None])
        return pt.log(silence / beta) + pt.log((weight * pt.exp(-falls)).sum(axis=1))

    def p_alive(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
        """Probability that a customer has not left by T; `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics."""
        given = np.broadcast_arrays(*self.natural(coordinates, np.exp, expit), frequency, recency, T)
        columns = np.stack([np.asarray(value, dtype=float).ravel() for value in given])
        return np.asarray(_alive(columns, *_nodes(REPORTED_NODES)).reshape(given[0].shape))

    def living_age(self, natural: Natural, T: Any) -> Any:
        """beta + T."""
        return natural[3] + T

    def living_rate(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """(r+x)/(alpha+T) ((beta+T)/(beta+T+passed))^s."""
        r, alpha, s, beta = natural
        return (r + x) / (alpha + T) * np.exp(-s * np.log1p(passed / (beta + T)))

    def living_survival(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """((beta+T) / (beta+T+passed))^s."""
        _, _, s, beta = natural
        return np.exp(-s * np.log1p(passed / (beta + T))) + 0.0 * x

    def living_moments(
        self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, discount: float, random: np.random.Generator
    ) -> tuple[Any, Any, Any]:
        """Of a rate and a hazard drawn for each customer."""
        r, alpha, s, beta = natural
        rate, hazard = random.standard_gamma(r + x) / (alpha + T), random.standard_gamma(s) / (beta + T)
        return future_moments(rate, hazard, 1.0, horizon=horizon, discount=discount)

    def living_count(self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, count: np.ndarray) -> Any:
        """Outlive the horizon and buy n times in it, or leave at u and buy n times until then: negative binomial probabilities times the
        lifetime's Lomax density, on Gauss-Legendre nodes in log(1 + u/m)."""
        r, alpha, s, beta = natural
        given = np.broadcast_arrays(r + x, alpha + T, s, beta + T, horizon, count)
        columns = np.stack([np.asarray(value, dtype=float).ravel() for value in given])
        shape, age, s, life, horizon, count = columns
        stays = np.exp(log_count(shape, age, horizon, count) - s * np.log1p(horizon / life))
        return (stays + _left_before(columns, *_nodes(COUNT_NODES))).reshape(given[0].shape)

    def fill(self, *arguments: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The compiled simulator."""
        found: tuple[np.ndarray, np.ndarray, np.ndarray] = _simulate(*_nodes(SAMPLED_NODES), *arguments)
        return found


def pareto_nbd(*, season: bool = False, level: bool = False) -> ParetoNbd:
    """The Pareto/NBD purchase model: ordering at random, possible departure at any time.

    Parameters
    ----------
    season, level : bool
        Its clock, as of `mbg_nbd`.

    Returns
    -------
    ParetoNbd

    Examples
    --------
    >>> pareto_nbd().coordinates
    ('log_rate', 'log_shape', 'log_departures', 'log_lifetime_shape')
    """
    return ParetoNbd(season or level, level)


def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return 0.5 * (nodes + 1), 0.5 * weights


@njit(nogil=True, cache=True)
def _odds_dead(shape: float, alpha: float, s: float, beta: float, silence: float, nodes: np.ndarray, weights: np.ndarray) -> float:
    """Odds to have left during the silence; alpha and beta include t_x. As `ParetoNbd._log_integral` has it."""
    if silence <= 0.0:
        return 0.0
    start = min(alpha, beta)
    rho = 0.25 * max(shape * start / alpha + (s + 1.0) * start / beta - 1.0, SLOWEST_FALL)
    span = -math.expm1(-rho * math.log1p(silence / start))
    total = 0.0
    for k in range(len(nodes)):
        z = -math.log1p(-nodes[k] * span) / rho
        u = start * math.expm1(z)
        total += weights[k] * math.exp((1.0 + rho) * z - shape * math.log1p(u / alpha) - (s + 1.0) * math.log1p(u / beta))
    alive = shape * math.log1p(silence / alpha) + s * math.log1p(silence / beta)
    return s / beta * start * span / rho * total * math.exp(min(alive, 600.0))


@njit(nogil=True, cache=True)
def _alive(columns: np.ndarray, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probability to be alive; `columns` are r, alpha, s, beta, x, t_x and T."""
    alive = np.empty(columns.shape[1])
    for i in range(len(alive)):
        r, alpha, s, beta, x, t_x, T = columns[:, i]
        alive[i] = 1.0 / (1.0 + _odds_dead(r + x, alpha + t_x, s, beta + t_x, T - t_x, nodes, weights))
    return alive


@njit(nogil=True, cache=True)
def _left_before(columns: np.ndarray, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probability to leave within a horizon, after so many purchases; `columns` are r + x, alpha + T, s, beta + T, horizon and count."""
    found, edges = np.zeros(columns.shape[1]), np.zeros(4)
    for i in range(len(found)):
        shape, age, s, life, horizon, count = columns[:, i]
        least = min(age, life)
        reach = math.log1p(horizon / least)
        edges[3] = reach
        if count > 0.0:  # in log u, n purchases have their peak at n times their mean interval, and so much is its width
            width = PEAK_WIDTHS * math.sqrt(1.0 / count + 1.0 / shape)
            peak = age * count / shape
            edges[1] = min(math.log1p(peak / least * math.exp(-width)), reach)
            edges[2] = min(math.log1p(peak / least * math.exp(width)), reach)
        else:
            edges[1] = edges[2] = reach
        many = math.lgamma(shape + count) - math.lgamma(shape) - math.lgamma(count + 1.0)
        for panel in range(3):
            span = edges[panel + 1] - edges[panel]
            if span <= 0.0:
                continue
            total = 0.0
            for k in range(len(nodes)):
                z = edges[panel] + span * nodes[k]
                u = least * math.expm1(z)
                log_chance = many - shape * math.log1p(u / age) - (s + 1.0) * math.log1p(u / life) + z
                if count > 0.0:
                    log_chance += count * math.log(u / (age + u))
                total += weights[k] * math.exp(log_chance)
            found[i] += span * total
        found[i] *= s / life * least
    return found


@njit(nogil=True, cache=True)
def _simulate(
    nodes: np.ndarray,
    weights: np.ndarray,
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
    """Fill `alive` and `expected`, and return customer, draw and time of each purchase; the odds of leaving are the hazard's here."""
    customers, draws = len(cell), natural.shape[1]
    of_customer, of_draw, room, events = of[0], of[1], len(elapsed), 0
    state = np.empty(1, np.uint64)
    for i in range(customers):
        own, at, orders = key[i], cell[i], x[i]
        for s in range(draws):
            age, since_last, end, year = T[i, s], t_x[i, s], ahead[i, s], first_year[i, s]
            r, alpha, shape, beta = natural[0, s, at], natural[1, s, at], natural[2, s, at], natural[3, s, at]
            odds = _odds_dead(r + orders, alpha + since_last, shape, beta + since_last, age - since_last, nodes, weights)
            here = 1.0 / (1.0 + odds)
            alive[i, s] = here
            open_stream(state, seed, own, s, PURCHASES)
            if uniform(state) >= here:
                expected[i, s] = 0.0
                continue
            rate = rate_factor * gamma_variate(state, r + orders) / (alpha + age)
            hazard = odds_factor * gamma_variate(state, shape) / (beta + age)
            expected[i, s] = -rate * math.expm1(-hazard * year) / hazard if hazard > 0.0 else rate * year
            lifetime = exponential(state) / hazard if hazard > 0.0 else math.inf
            stop, time = min(end, lifetime), 0.0
            while True:
                time += exponential(state) / rate if rate > 0.0 else math.inf
                if time > stop:
                    break
                if events == room:
                    room *= 2
                    of_customer, of_draw, elapsed = grown(of_customer, room), grown(of_draw, room), grown(elapsed, room)
                of_customer[events], of_draw[events], elapsed[events] = i, s, time
                events += 1
    return of_customer[:events], of_draw[:events], elapsed[:events]
