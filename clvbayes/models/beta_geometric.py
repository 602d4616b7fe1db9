"""Customers who may leave at their purchases: what BG/NBD, MBG/NBD and NBD share.

While alive, a customer buys at random with a rate of their own, gamma distributed over customers with shape r and rate alpha. After a
purchase the customer leaves for good with a probability of their own, beta distributed with a and b. A customer of x repeat purchases has
had c chances to leave: x where nobody leaves at the first purchase (BG/NBD), x + 1 where some do (MBG/NBD).

Likelihood (method book 1.2, in logs; all times operational):

    C = log Gamma(r+x) - log Gamma(r) + r log alpha - log B(a, b)
    A = log B(a, b+c) - (r+x) log(alpha+T)           still alive
    D = log B(a+1, b+c-1) - (r+x) log(alpha+t_x)     left after the last purchase; not where c = 0
    log L = C + logaddexp(A, D);  P(alive) = 1 / (1 + exp(D - A))

Given that the customer lives, independently: rate ~ Gamma(r+x, alpha+T) and dropout ~ Beta(a, b+c).

Coordinates of a cell: log_rate = log(r/alpha), log_shape = log r, logit_dropout = logit(a/(a+b)), log_concentration = log(a+b).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from numba import njit
from scipy.special import betainc, betaln, expit, gammaln, hyp2f1, xlog1py, xlogy

from clvbayes.data import Customers
from clvbayes.models.clock import Clock
from clvbayes.models.dropout import mean_survival
from clvbayes.models.priors import Priors
from clvbayes.models.purchasing import PURCHASES, ContinuousPurchases, Natural, future_moments, grown, log_repeat_rate
from clvbayes.models.special import log_rising
from clvbayes.models.streams import exponential, gamma_variate, open_stream, uniform

__all__ = ["BetaGeometric", "log_count", "natural_of", "simulate_leaving_at_purchases"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

NARROW_FROM = 100.0  # of a+b


@dataclass(frozen=True)
class BetaGeometric(ContinuousPurchases):
    """BG/NBD and MBG/NBD; see the module's docstring."""

    coordinates: ClassVar[tuple[str, ...]] = ("log_rate", "log_shape", "logit_dropout", "log_concentration")
    departures: ClassVar[str | None] = "logit_dropout"
    first: ClassVar[int]
    """Chances to leave at the first purchase: none or one."""

    def priors(self, customers: Customers) -> Priors:
        """Priors around the base's repeats per unit of time; the other numbers are scale free (method book 1.9).

        Raises
        ------
        DataError
            If nobody has been observed for any time.
        """
        return Priors(
            self.coordinates,
            mean=(log_repeat_rate(customers), 0.0, -0.8, math.log(3.0)),
            sd=(1.0, 0.75, 1.0, 0.75),
            scale=(0.5, 0.25, 0.5, 0.25),
        )

    def natural(self, coordinates: Any, exp: Any, logistic: Any) -> Natural:
        """r, alpha, a, b."""
        return natural_of(coordinates, exp, logistic)

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``."""
        rows, frequencies = tables["row"], tables["frequency"]
        r, alpha, a, b = self.natural(coordinates, pt.exp, pt.sigmoid)
        cell, x = frequencies["cell"], frequencies["x"]
        chances = x + self.first
        counting = log_rising(r, x, cell) + log_rising(b, chances, cell) - log_rising(a + b, chances, cell) - x * pt.log(alpha)[cell]
        log_leaves = pt.log(a)[cell] - pt.log(b[cell] + pt.maximum(chances - 1, 0.0))

        cell, x, of_row = rows["cell"], rows["x"], rows["frequency"]
        T, t_x = clock.operational(rows, "T", coordinates), clock.operational(rows, "t_x", coordinates)
        r, alpha = r[cell], alpha[cell]
        log_odds_dead = log_leaves[of_row] + (r + x) * pt.log1p((T - t_x) / (alpha + t_x))
        bought = counting[of_row] - (r + x) * pt.log1p(T / alpha) + clock.log_intensity(rows, coordinates)
        may_have_left = pt.softplus(log_odds_dead)
        return bought + (may_have_left if self.first else pt.switch(x > 0, may_have_left, 0.0))

    def p_alive(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
        """Probability that a customer has not left by T; `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics."""
        r, alpha, a, b = self.natural(coordinates, np.exp, expit)
        x, t_x = np.asarray(frequency, dtype=float), np.asarray(recency, dtype=float)
        chances = x + self.first
        log_odds_dead = np.log(a) - np.log(b + np.maximum(chances - 1, 0)) + (r + x) * np.log1p((np.asarray(T) - t_x) / (alpha + t_x))
        return np.asarray(np.where(chances > 0, expit(-log_odds_dead), 1.0))

    def living_age(self, natural: Natural, T: Any) -> Any:
        """alpha + T."""
        return natural[1] + T

    def living_rate(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """(r+x)/(alpha+T) 2F1(r+x+1, a; a+b+c; -s/(alpha+T)) (method book 1.2)."""
        r, alpha, a, b = natural
        shape, age = r + x, alpha + T
        return shape / age * _mean_fall(a, b + x + self.first, shape + 1, np.log1p(passed / age), a + b > NARROW_FROM)

    def living_survival(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """2F1(r+x, a; a+b+c; -s/(alpha+T))."""
        given = np.broadcast_arrays(*(np.asarray(value, dtype=float)[..., None] for value in (*natural, x, T, passed)))
        r, alpha, a, b, x, T, passed = given
        return _mean_fall(a, b + x + self.first, r + x, np.log1p(passed / (alpha + T)), a + b > NARROW_FROM)[..., 0]

    def living_moments(
        self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, discount: float, random: np.random.Generator
    ) -> tuple[Any, Any, Any]:
        """Of a rate and a dropout probability drawn for each customer."""
        r, alpha, a, b = natural
        rate, dropout = random.standard_gamma(r + x) / (alpha + T), random.beta(a, b + x + self.first)
        return future_moments(rate, rate * dropout, 1 - dropout, horizon=horizon, discount=discount)

    def living_count(self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, count: np.ndarray) -> Any:
        """A living customer of known rate and dropout buys n times and stays with probability (1-p)^n Poisson(n; rate h), or leaves at the
        n-th with p (1-p)^(n-1) times the probability that a Poisson count is n or more. Rate and dropout are independent given that the
        customer lives: the former give negative binomial terms, the latter ratios of beta functions."""
        r, alpha, a, b = natural
        n, shape, age, stays = count, r + x, alpha + T, b + x + self.first
        at_least = betainc(np.maximum(n, 1.0), shape, horizon / (age + horizon))
        kept = betaln(a, stays + n) - betaln(a, stays)
        left = betaln(a + 1, stays + (np.maximum(n, 1.0) - 1)) - betaln(a, stays)
        return np.exp(log_count(shape, age, horizon, n) + kept) + np.where(n > 0, np.exp(left) * at_least, 0.0)

    def fill(self, *arguments: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The compiled simulator."""
        found: tuple[np.ndarray, np.ndarray, np.ndarray] = simulate_leaving_at_purchases(float(self.first), *arguments)
        return found


def _mean_fall(a: Any, stays: Any, power: Any, z: Any, narrow: Any) -> np.ndarray:
    """E[(1 + p (e^z - 1))^-power] of p ~ Beta(a, stays), the last dim being that of z: a hypergeometric function, after Pfaff's
    transformation, which keeps its digits for hundreds of purchases. SciPy's loses itself where a + b is in the hundreds; there the
    expectation is taken by quadrature (models/dropout.py)."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.exp(-a * z) * hyp2f1(a, a + stays - power, a + stays, -np.expm1(-z))
    of_rows = np.broadcast_to(narrow, mean.shape).all(axis=-1)
    if of_rows.any():
        a, stays, power, growth = (np.broadcast_to(value, mean.shape)[of_rows] for value in (a, stays, power, np.expm1(z)))
        mean[of_rows] = mean_survival(a, stays, power, growth, np.ones((1, 1)))
    return np.asarray(mean)


def log_count(shape: Any, age: Any, horizon: Any, count: Any) -> Any:
    """Log of the negative binomial probability of so many purchases within a horizon, of a rate ~ Gamma(shape, age)."""
    many = gammaln(shape + count) - gammaln(shape) - gammaln(count + 1) + xlogy(count, horizon / (age + horizon))
    return many + xlog1py(-shape, horizon / age)


def natural_of(coordinates: Any, exp: Any, logistic: Any) -> tuple[Any, Any, Any, Any]:
    """r, alpha, a, b; 1 - dropout is computed as such, since 1 minus a small difference would lose it."""
    log_rate, log_shape, logit_dropout, log_concentration = (coordinates[k] for k in range(4))
    concentration = exp(log_concentration)
    return exp(log_shape), exp(log_shape - log_rate), logistic(logit_dropout) * concentration, logistic(-logit_dropout) * concentration


@njit(nogil=True, cache=True)
def simulate_leaving_at_purchases(
    first: float,
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
    """Fill `alive` and `expected`, and return customer, draw and time of each purchase.

    `first` is one where customers may leave at their first purchase too, else zero; nobody leaves where a is zero. What is filled is
    NumPy's, which keeps large arrays in large pages of memory.
    """
    customers, draws = len(cell), natural.shape[1]
    of_customer, of_draw, room, events = of[0], of[1], len(elapsed), 0
    state = np.empty(1, np.uint64)
    for i in range(customers):
        # kept in local names: the compiler cannot know that no array written to is one of these
        own, at, orders, chances = key[i], cell[i], x[i], x[i] + first
        for s in range(draws):
            age, since_last, end, year = T[i, s], t_x[i, s], ahead[i, s], first_year[i, s]
            r, alpha, a, b = natural[0, s, at], natural[1, s, at], natural[2, s, at], natural[3, s, at]
            here = 1.0
            if chances > 0.0:
                silent = (r + orders) * math.log((alpha + age) / (alpha + since_last))
                here = 1.0 / (1.0 + a / (b + (chances - 1.0)) * math.exp(min(silent, 700.0)))
            alive[i, s] = here
            open_stream(state, seed, own, s, PURCHASES)
            if uniform(state) >= here:
                expected[i, s] = 0.0
                continue
            rate = rate_factor * gamma_variate(state, r + orders) / (alpha + age)
            # the first is zero where it is below the smallest double: who leaves so seldom stays
            leaving = odds_factor * gamma_variate(state, a) if a > 0.0 else 0.0
            leave = leaving / (leaving + gamma_variate(state, b + chances)) if leaving > 0.0 else 0.0
            expected[i, s] = -math.expm1(-rate * leave * year) / leave if leave > 0.0 else rate * year
            time = 0.0
            while True:
                time += exponential(state) / rate if rate > 0.0 else math.inf
                if time > end:
                    break
                if events == room:
                    room *= 2
                    of_customer, of_draw, elapsed = grown(of_customer, room), grown(of_draw, room), grown(elapsed, room)
                of_customer[events], of_draw[events], elapsed[events] = i, s, time
                events += 1
                if uniform(state) < leave:
                    break
    return of_customer[:events], of_draw[:events], elapsed[:events]
