"""MBG/CNBD-k: customers who buy more regularly than at random (Reutterer, Platzer & Schroeder 2021).

Story. That of MBG/NBD, but for one thing: k phases pass from one purchase to the next, each ending at random at the customer's own rate, so
that times between purchases are Erlang distributed with shape k. With k = 1 it is MBG/NBD; the larger k, the more regular the customers.

Likelihood of x repeat purchases, the last at t_x, observed until T (method book 1.5, in logs), with rate ~ Gamma(r, alpha) of phases:

    C = log Gamma(r+kx) - log Gamma(r) + r log alpha - log B(a, b) + (k-1) sum(log gaps) - x log Gamma(k)
    A = log B(a, b+x+1) - (r+kx) log(alpha+T) + log P(v),  P(v) = sum over j < k of Gamma(r+kx+j) / Gamma(r+kx) v^j / j!
    D = log B(a+1, b+x) - (r+kx) log(alpha+t_x),           v = (T-t_x) / (alpha+T)
    log L = C + logaddexp(A, D);  P(alive) = 1 / (1 + exp(D - A))

The terms of the gaps between purchases depend on no coordinate; they count where models are compared, since each k is a density of the same
gaps (`log_measure`).

Coordinates of a cell: log_rate = log(r/(alpha k)), of purchases; log_shape, logit_dropout and log_concentration as of MBG/NBD.

Conditional posterior of a customer: alive with P(alive); then j phases have passed since the last purchase, with the weights of P(v), and
independently rate ~ Gamma(r+kx+j, alpha+T) and dropout ~ Beta(a, b+x+1).

By the calendar alone: gaps between purchases in operational time would need each purchase's month, which rows do not keep.
"""

import cmath
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from numba import njit
from scipy.special import betainc, betaln, expit

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError
from clvbayes.models.beta_geometric import BetaGeometric, log_count
from clvbayes.models.clock import Clock
from clvbayes.models.dropout import mean_survival
from clvbayes.models.purchasing import FORGOTTEN, PURCHASES, Natural, grown
from clvbayes.models.special import log_rising
from clvbayes.models.streams import exponential, gamma_variate, open_stream, uniform

__all__ = ["MbgCnbd", "mbg_cnbd"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

MOST_PHASES = 10
FEW_PURCHASES = 2.0  # of which the sum over roots of unity would be of larger terms
LAST_DIGIT = 36.0  # exp(-36) is that of a double
LEAST_STAY = 1e-8  # probability below which sums over roots of unity lose their digits, as in dropout.py


@dataclass(frozen=True)
class MbgCnbd(BetaGeometric):
    """The MBG/CNBD-k model; see the module's docstring for story and formulae."""

    k: int = 2

    def __post_init__(self) -> None:
        if self.season or self.level:
            raise ArgumentError("MBG/CNBD-k runs by the calendar alone: gaps between orders in operational time are not known of rows")

    name: ClassVar[str] = "mbg_cnbd"
    label: ClassVar[str] = "MBG/CNBD"
    seasonal: ClassVar[bool] = False
    first: ClassVar[int] = 1

    @property
    def title(self) -> str:
        """Name in reports."""
        return f"{self.label}-{self.k}"

    @property
    def options(self) -> dict[str, Any]:
        """How many phases."""
        return {"k": self.k}

    def natural(self, coordinates: Any, exp: Any, logistic: Any) -> Natural:
        """r, alpha, a, b."""
        r, alpha, a, b = super().natural(coordinates, exp, logistic)
        return r, alpha / self.k, a, b

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``, without the terms of the gaps."""
        rows, frequencies = tables["row"], tables["frequency"]
        r, alpha, a, b = self.natural(coordinates, pt.exp, pt.sigmoid)
        cell, x = frequencies["cell"], frequencies["x"]
        counting = log_rising(r, self.k * x, cell) + log_rising(b, x + 1, cell) - log_rising(a + b, x + 1, cell)
        counting = counting - self.k * x * pt.log(alpha)[cell]
        log_leaves = pt.log(a)[cell] - pt.log(b[cell] + x)

        cell, x, T, t_x, of_row = rows["cell"], rows["x"], rows["T"], rows["t_x"], rows["frequency"]
        shape, alpha = r[cell] + self.k * x, alpha[cell]
        log_phases = pt.log(_phases(shape, (T - t_x) / (alpha + T), self.k))
        log_odds_dead = log_leaves[of_row] + shape * pt.log1p((T - t_x) / (alpha + t_x)) - log_phases
        return counting[of_row] - shape * pt.log1p(T / alpha) + log_phases + pt.softplus(log_odds_dead)

    def log_measure(self, customers: Customers) -> np.ndarray:
        """The terms of the gaps, which `Customers` knows where it was made from dates."""
        statistics = customers.statistics
        constant = statistics["frequency"].to_numpy() * math.lgamma(self.k)
        return np.asarray((self.k - 1) * statistics["log_gaps"].to_numpy() - constant) if self.k > 1 else np.zeros(len(customers))

    def p_alive(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
        """Probability that a customer has not left by T; `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics."""
        r, alpha, a, b = self.natural(coordinates, np.exp, expit)
        x, t_x, T = (np.asarray(value, dtype=float) for value in (frequency, recency, T))
        shape = r + self.k * x
        log_phases = np.log(_phases(shape, (T - t_x) / (alpha + T), self.k))
        return np.asarray(expit(-(np.log(a) - np.log(b + x) + shape * np.log1p((T - t_x) / (alpha + t_x)) - log_phases)))

    def living_rate(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """Of each number of phases that may have passed, the sum over m of the probability to be allowed an m-th purchase, times the
        density of its time: that of the (mk-j)-th phase, whose rate is gamma distributed."""
        weights = self._phase_weights(natural, x, t_x, T)
        r, alpha, a, b = natural
        given = np.broadcast_arrays(r + self.k * x, alpha + T, a, b + x + 1, passed)
        columns = np.stack([np.asarray(value, dtype=float).ravel() for value in given])
        at = np.stack([np.broadcast_to(weight, given[0].shape).ravel() for weight in weights])
        return np.asarray(_mean_rate(columns, at)).reshape(given[0].shape)

    def living_swing(self, natural: Natural, x: Any, T: Any) -> Any:
        """Until (1 + (1 - cos(2 pi / k)) s/(alpha+T))^-(r+kx), the slowest of the k - 1 swings, is beyond a double's digits."""
        r, alpha, _, _ = natural
        with np.errstate(over="ignore"):
            until = (alpha + T) * np.expm1(LAST_DIGIT / (r + self.k * x)) / (1 - math.cos(2 * math.pi / self.k)) if self.k > 1 else 0.0 * T
        return until + 0.0 * x

    def living_moments(
        self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, discount: float, random: np.random.Generator
    ) -> tuple[Any, Any, Any]:
        """Of phases passed, a rate and a dropout probability drawn for each customer.

        With rho = (1-p)^(1/k) and w the k-th roots of unity, the rate of purchases s after a state of j phases is the sum over w of
        (rate/k) (rho w)^-(k-1-j) exp(-rate (1 - rho w) s): phases in a circle, whose step over a purchase is taken with probability 1-p.
        """
        r, alpha, a, b = natural
        weights = self._phase_weights(natural, x, t_x, T)
        horizon = np.minimum(horizon, FORGOTTEN / discount) if discount > 0 else horizon
        phase = (random.random(x.shape) > np.cumsum(weights, axis=0)[:-1]).sum(axis=0)
        rate, dropout = random.standard_gamma(r + self.k * x + phase) / (alpha + T), random.beta(a, b + x + 1)
        root = np.maximum(1 - dropout, LEAST_STAY) ** (1 / self.k)
        turns = [root * cmath.exp(2j * math.pi * turn / self.k) for turn in range(self.k)]
        falls = [rate * (1 - turn) for turn in turns]
        first = second = pair = 0.0
        for turn, fall in zip(turns, falls, strict=True):
            share = rate / self.k * turn ** -(self.k - 1.0 - phase)
            first, second = first + share * _integral(fall + discount, horizon), second + share * _integral(fall + 2 * discount, horizon)
            for next_turn, next_fall in zip(turns, falls, strict=True):
                following = rate / self.k * next_turn ** -(self.k - 1.0)
                pair = pair + share * following * _both(fall + 2 * discount, next_fall + discount, horizon)
        return np.real(first), np.real(second), np.real(2 * (1 - dropout) * pair)

    def living_survival(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """Of each number of phases that may have passed, the probability to stay at all purchases until then."""
        r, alpha, a, b = natural
        phases = self._phase_weights(natural, x, t_x, T)
        return mean_survival(a, b + x + 1, r + self.k * x, np.asarray(passed) / (alpha + T), phases)

    def living_count(self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, count: np.ndarray) -> Any:
        """As of MBG/NBD, but that n purchases would be made where nk-j to nk-j+k-1 phases end within the horizon."""
        r, alpha, a, b = natural
        n, age, stays = count, alpha + T, b + x + 1
        exactly = at_least = 0.0
        for phase, weight in enumerate(self._phase_weights(natural, x, t_x, T)):
            shape, needed = r + self.k * x + phase, n * self.k - phase
            ended = [
                np.where(m >= 0, np.exp(log_count(shape, age, horizon, np.maximum(m, 0))), 0.0) for m in needed + _column(self.k, needed)
            ]
            exactly = exactly + weight * np.sum(ended, axis=0)
            at_least = at_least + weight * betainc(np.maximum(needed, 1.0), shape, horizon / (age + horizon))
        kept = betaln(a, stays + n) - betaln(a, stays)
        left = betaln(a + 1, stays + (np.maximum(n, 1.0) - 1)) - betaln(a, stays)
        return np.exp(kept) * exactly + np.where(n > 0, np.exp(left) * at_least, 0.0)

    def fill(self, *arguments: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The compiled simulator."""
        found: tuple[np.ndarray, np.ndarray, np.ndarray] = _simulate(self.k, *arguments)
        return found

    def _phase_weights(self, natural: Natural, x: Any, t_x: Any, T: Any) -> np.ndarray:
        """How likely so many phases have passed since the last purchase of a customer who lives, dims ``(phase, ...)``."""
        r, alpha, _, _ = natural
        shape, v = r + self.k * x, (T - t_x) / (alpha + T)
        terms = [np.ones(np.broadcast_shapes(np.shape(shape), np.shape(v)))]
        for j in range(1, self.k):
            terms.append(terms[-1] * (shape + j - 1) * v / j)
        return np.stack(terms) / np.sum(terms, axis=0)


def mbg_cnbd(*, k: int = 2) -> MbgCnbd:
    """The MBG/CNBD-k purchase model: as MBG/NBD, of customers who order more regularly than at random.

    Parameters
    ----------
    k : int
        Phases between orders, from 1 (at random) to 10 (like clockwork).

    Returns
    -------
    MbgCnbd

    Raises
    ------
    ArgumentError
        If `k` is no such number.

    Examples
    --------
    >>> mbg_cnbd(k=3).title
    'MBG/CNBD-3'
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= MOST_PHASES:
        raise ArgumentError(f"k must be a whole number from 1 to {MOST_PHASES}, not {k!r}")
    return MbgCnbd(k=int(k))


def _phases(shape: Any, v: Any, k: int) -> Any:
    """P(v) of the module's docstring."""
    term, total = 1.0, 1.0
    for j in range(1, k):
        term = term * (shape + j - 1) * v / j
        total = total + term
    return total + 0.0 * v


def _column(k: int, like: np.ndarray) -> np.ndarray:
    return np.arange(k, dtype=float).reshape((k,) + (1,) * np.ndim(like))


def _integral(fall: np.ndarray, horizon: Any) -> np.ndarray:
    """Of exp(-fall s) over s until the horizon."""
    small = np.abs(fall) * horizon < 1e-9
    return np.asarray(np.where(small, horizon, -np.expm1(-np.where(small, 1.0, fall) * horizon) / np.where(small, 1.0, fall)))


def _both(fall: np.ndarray, next_fall: np.ndarray, horizon: Any) -> np.ndarray:
    """Of exp(-fall s - next_fall v) over s and v that are positive and add up to the horizon at most."""
    small = np.abs(next_fall) * horizon < 1e-6
    step = np.where(small, 1.0, next_fall)
    same = np.abs(fall - step) * horizon < 1e-9
    apart = np.where(same, 1.0, fall - step)
    between = np.where(same, horizon * np.exp(-step * horizon), (np.exp(-step * horizon) - np.exp(-fall * horizon)) / apart)
    usual = (_integral(fall, horizon) - between) / step
    flat = np.abs(fall) * horizon < 1e-6
    fall = np.where(flat, 1.0, fall)
    return np.asarray(np.where(small, np.where(flat, horizon**2 / 2, (horizon - _integral(fall, horizon)) / fall), usual))


@njit(nogil=True, cache=True)
def _mean_rate(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The sum that `MbgCnbd.living_rate` says, until what is left of it is beyond its digits; `columns` are r + kx, alpha + T, a, b + x + 1
    and the time passed; dims of `weights` are ``(phase, entry)``."""
    rates, k = np.zeros(columns.shape[1]), len(weights)
    for i in range(len(rates)):
        shape, age, a, stays, passed = columns[:, i]
        y = passed / (age + passed)
        for phase in range(k):
            of, total, allowed = shape + phase, 0.0, 1.0
            # the density of the first phase's end, in a scale that neither overflows nor vanishes
            log_scale = math.log(of / age) - (of + 1.0) * math.log1p(passed / age)
            density, scale, ended, purchases = 1.0, math.exp(log_scale), 1, 0
            while True:
                if (ended + phase) % k == 0:
                    total += scale * density * allowed
                    allowed *= (stays + purchases) / (a + stays + purchases)
                    purchases += 1
                ratio = (of + ended) / ended * y
                if ratio < 1.0 and scale * density * allowed * ratio / (1.0 - ratio) <= 1e-14 * total + 1e-300:
                    break
                density *= ratio
                ended += 1
                if density > 1e200:
                    density *= 1e-200
                    log_scale += 200 * math.log(10.0)
                    scale = math.exp(log_scale)
            rates[i] += weights[phase, i] * total
    return rates


@njit(nogil=True, cache=True)
def _expected_of_few(mean: float, leave: float, phase: int, k: int) -> float:
    """Purchases from a state of so many phases, where a Poisson number of phases ends, of that mean."""
    chance, ended, bought, next_one, total = math.exp(-mean), 0, 0.0, 1.0, 0.0
    while ended < mean or ended + phase < k or chance * (bought + 1.0) > 1e-17 * total:
        ended += 1
        chance *= mean / ended
        if (ended + phase) % k == 0:
            bought += next_one
            next_one *= 1.0 - leave
        total += chance * bought
    return total


@njit(nogil=True, cache=True)
def _expected(rate: float, leave: float, phase: int, span: float, k: int) -> float:
    """Purchases within a span from a state of so many phases, as `MbgCnbd.living_moments` has their rate; of few phases as a sum over how
    many of them end, which keeps all digits."""
    if k > 1 and rate * span < FEW_PURCHASES * k:
        return _expected_of_few(rate * span, leave, phase, k)
    log_root, total = math.log(max(1.0 - leave, LEAST_STAY)) / k if leave > 0.5 else math.log1p(-leave) / k, 0.0
    root = math.exp(log_root)
    for turn in range(k):
        if turn == 0:
            fall = -rate * math.expm1(log_root)
            passed = complex(span if fall * span < 1e-12 else -math.expm1(-fall * span) / fall)
            at = complex(root)
        else:
            at = root * cmath.exp(2j * math.pi * turn / k)
            fall_of_turn = rate * (1.0 - at)
            passed = (1.0 - cmath.exp(-fall_of_turn * span)) / fall_of_turn if rate * span > 1e-12 else complex(span)
        total += (at ** -float(k - 1 - phase) * passed).real
    return max(rate / k * total, 0.0)


@njit(nogil=True, cache=True)
def _simulate(
    k: int,
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
    """Fill `alive` and `expected`, and return customer, draw and time of each purchase."""
    customers, draws = len(cell), natural.shape[1]
    of_customer, of_draw, room, events = of[0], of[1], len(elapsed), 0
    state, weights = np.empty(1, np.uint64), np.ones(k)
    for i in range(customers):
        own, at, orders = key[i], cell[i], x[i]
        for s in range(draws):
            age, since_last, end, year = T[i, s], t_x[i, s], ahead[i, s], first_year[i, s]
            r, alpha, a, b = natural[0, s, at], natural[1, s, at], natural[2, s, at], natural[3, s, at]
            shape, v = r + k * orders, (age - since_last) / (alpha + age)
            for j in range(1, k):
                weights[j] = weights[j - 1] * (shape + j - 1) * v / j
            silent = shape * math.log((alpha + age) / (alpha + since_last)) - math.log(weights.sum())
            here = 1.0 / (1.0 + a / (b + orders) * math.exp(min(silent, 700.0)))
            alive[i, s] = here
            open_stream(state, seed, own, s, PURCHASES)
            if uniform(state) >= here:
                expected[i, s] = 0.0
                continue
            phase, reached = 0, uniform(state) * weights.sum() - weights[0]
            while reached > 0.0 and phase < k - 1:
                phase += 1
                reached -= weights[phase]
            rate = rate_factor * gamma_variate(state, shape + phase) / (alpha + age)
            leaving = odds_factor * gamma_variate(state, a)
            leave = leaving / (leaving + gamma_variate(state, b + orders + 1.0)) if leaving > 0.0 else 0.0
            expected[i, s] = _expected(rate, leave, phase, year, k) if rate > 0.0 else 0.0
            time = 0.0
            while True:
                for _ in range(k - phase):
                    time += exponential(state) / rate if rate > 0.0 else math.inf
                phase = 0
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
