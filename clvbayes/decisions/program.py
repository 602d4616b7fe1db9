"""The plan as a linear program (Rockafellar & Uryasev 2000; Kuenzi-Bay & Mayer 2006 for the cuts).

Each measure's spend is cut into pieces, on each of which its gain is straight in every scenario. With y the money in the pieces, sigma_s
their slopes in scenario s and P_s(y) = c_s + (sigma_s - 1) y the profit,

    max  mean_s P_s - lambda CVaR(-P),    CVaR(-P) = min_eta  eta + mean_s max(-P_s - eta, 0) / (1 - level)

is linear. CVaR is the largest of all means over tails of a share 1 - level of the scenarios; instead of a row a scenario, the program has a
row for each tail that has been the worst one of a plan so far. It is solved again until no tail is worse than it knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import linprog
from scipy.sparse import csr_array

from clvbayes.decisions.risk import tail_weights

__all__ = ["InfeasibleError", "Pieces", "Row", "Solved", "TailLimit", "cut", "solve"]

PIECES = 24
MOST_ROUNDS = 300
PRECISION = 1e-6  # of the spread of profits: how much worse a tail may be than the program knows


@dataclass(frozen=True)
class Row:
    """A limit on money: the sum of `weights` times the measures' spends is at most `at_most`.

    A limit on how much is moved, `absolute`, is on the sum of the spends' distances from `centre` instead.
    """

    name: str
    weights: np.ndarray
    at_most: float
    centre: np.ndarray | None = None


@dataclass(frozen=True)
class TailLimit:
    """The mean profit of the worst ``1 - level`` is at least `at_least`."""

    name: str
    level: float
    at_least: float


@dataclass(frozen=True)
class Pieces:
    """Concave gains, piece by piece.

    `ends` has dims ``(measure, end)``, the first one the least that may be spent; `slopes` ``(draw, measure, piece)``; `start` is the gain
    at the least spends, dims ``(draw,)``.
    """

    ends: np.ndarray
    slopes: np.ndarray
    start: np.ndarray

    @property
    def widths(self) -> np.ndarray:
        """Dims ``(measure, piece)``."""
        return np.diff(self.ends, axis=1)

    def some(self, draws: np.ndarray) -> "Pieces":
        """Of some scenarios."""
        return Pieces(self.ends, self.slopes[draws], self.start[draws])


@dataclass(frozen=True)
class Solved:
    """Spends by measure, the objective, what one more euro of budget would add to it, and the names of the limits that hold it back.

    `tried` are the plans, as money in pieces, whose worst tails the program knows: one of nearly the same scenarios soon ends with them.
    """

    spend: np.ndarray
    objective: float
    budget_price: float
    binding: tuple[str, ...]
    tried: tuple[np.ndarray, ...]


class InfeasibleError(Exception):
    """No plan meets all limits."""


def cut(gains: Sequence[np.ndarray], ends: np.ndarray) -> Pieces:
    """Pieces from gains at their ends, by measure with dims ``(draw, end)``; where a slope rises, neighbours share their mean slope, so
    that all are concave."""
    widths = np.diff(ends, axis=1)
    slopes = np.stack([np.diff(gain, axis=1) / np.maximum(widths[k], 1e-300) for k, gain in enumerate(gains)], axis=1)
    _fall(slopes, np.maximum(widths, 1e-300))
    return Pieces(ends, slopes, np.sum([gain[:, 0] for gain in gains], axis=0))


@njit(nogil=True, cache=True)
def _fall(slopes: np.ndarray, widths: np.ndarray) -> None:
    """Pool adjacent violators: the nearest slopes that never rise, weighted by the pieces' widths."""
    draws, measures, pieces = slopes.shape
    value, weight, size = np.empty(pieces), np.empty(pieces), np.empty(pieces, np.int64)
    for s in range(draws):
        for j in range(measures):
            blocks = 0
            for k in range(pieces):
                value[blocks], weight[blocks], size[blocks] = slopes[s, j, k], widths[j, k], 1
                blocks += 1
                while blocks > 1 and value[blocks - 1] > value[blocks - 2]:
                    both = weight[blocks - 2] + weight[blocks - 1]
                    value[blocks - 2] = (weight[blocks - 2] * value[blocks - 2] + weight[blocks - 1] * value[blocks - 1]) / both
                    weight[blocks - 2] = both
                    size[blocks - 2] += size[blocks - 1]
                    blocks -= 1
            k = 0
            for block in range(blocks):
                for _ in range(size[block]):
                    slopes[s, j, k] = value[block]
                    k += 1


def solve(
    pieces: Pieces,
    budget: Row,
    rows: Sequence[Row] = (),
    tails: Sequence[TailLimit] = (),
    *,
    risk_aversion: float,
    level: float,
    tried: Sequence[np.ndarray] = (),
) -> Solved:
    """The best plan; `tried` are plans to begin with.

    Raises
    ------
    InfeasibleError
        If there is none within the limits.
    """
    return _Program(pieces, [budget, *rows], list(tails), risk_aversion, level).solve(tried)


class _Program:
    """Variables: money in pieces, by measure; distances from centres; the tail's mean loss, and one for each limit on a tail."""

    def __init__(self, pieces: Pieces, rows: list[Row], tails: list[TailLimit], risk_aversion: float, level: float) -> None:
        self.pieces, self.rows, self.tails = pieces, rows, tails
        self.risk_aversion, self.level = risk_aversion, level
        self.draws, self.measures, self.count = pieces.slopes.shape
        self.least = pieces.ends[:, 0]
        self.money = self.measures * self.count
        self.moved = [k for k, row in enumerate(rows) if row.centre is not None]
        self.size = self.money + self.measures * len(self.moved) + 1 + len(tails)
        self.flat = pieces.slopes.reshape(self.draws, self.money) - 1
        self.constant = pieces.start - self.least.sum()

    def solve(self, tried: Sequence[np.ndarray]) -> Solved:
        mean = self.flat.mean(axis=0)
        cost = np.zeros(self.size)
        cost[: self.money] = -mean
        cost[self._loss] = self.risk_aversion
        fixed, fixed_limits = self._money_rows()
        watched = [(self._loss, self.level)] * (self.risk_aversion > 0) + [
            (self._loss + 1 + k, tail.level) for k, tail in enumerate(self.tails)
        ]
        cuts: list[np.ndarray] = []
        cut_limits: list[float] = []
        plans = [np.zeros(self.money), *tried] if watched else []  # that of the least spends, so that no loss is without bound
        for plan in plans:
            for variable, level in watched:
                self._add_cut(cuts, cut_limits, variable, tail_weights(self.constant + self.flat @ plan, level))
        bounds = self._bounds()
        for _ in range(MOST_ROUNDS):
            matrix = csr_array(np.vstack([fixed, *cuts]))
            found: Any = linprog(cost, A_ub=matrix, b_ub=np.array([*fixed_limits, *cut_limits]), bounds=bounds, method="highs")  # type: ignore[call-overload]
            if found.status == 2:
                raise InfeasibleError
            if found.status != 0:
                raise RuntimeError(f"HiGHS stopped: {found.message}")
            profit = self.constant + self.flat @ found.x[: self.money]
            spread = max(float(profit.std()), 1e-9 * max(1.0, float(np.abs(profit).max())))
            worse = False
            for variable, level in watched:
                weights = tail_weights(profit, level)
                if -weights @ profit > found.x[variable] + PRECISION * spread:
                    self._add_cut(cuts, cut_limits, variable, weights)
                    worse = True
            if not worse:
                break
            plans.append(found.x[: self.money])
        else:
            raise RuntimeError(f"no plan was found in {MOST_ROUNDS} rounds")
        spend = self.least + found.x[: self.money].reshape(self.measures, self.count).sum(axis=1)
        marginals = -found.ineqlin.marginals
        names = [row.name for row in self._row_names()]
        binding = tuple(dict.fromkeys(name for name, price in zip(names, marginals, strict=False) if price > 1e-9))
        held = tuple(tail.name for k, tail in enumerate(self.tails) if found.x[self._loss + 1 + k] > -tail.at_least - PRECISION * spread)
        return Solved(spend, -float(found.fun) + float(self.constant.mean()), float(marginals[0]), (*binding, *held), tuple(plans[1:]))

    @property
    def _loss(self) -> int:
        return int(self.money + self.measures * len(self.moved))

    def _add_cut(self, cuts: list[np.ndarray], limits: list[float], variable: int, weights: np.ndarray) -> None:
        row = np.zeros(self.size)
        row[: self.money] = -(weights @ self.flat)
        row[variable] = -1.0
        cuts.append(row)
        limits.append(float(weights @ self.constant))

    def _row_names(self) -> list[Row]:
        """The limit that each row of the program is of."""
        plain = [row for row in self.rows if row.centre is None]
        return plain + [row for row in self.rows if row.centre is not None for _ in range(2 * self.measures + 1)]

    def _money_rows(self) -> tuple[np.ndarray, list[float]]:
        made: list[np.ndarray] = []
        limits: list[float] = []
        for row in (row for row in self.rows if row.centre is None):
            line = np.zeros(self.size)
            line[: self.money] = np.repeat(row.weights, self.count)
            made.append(line)
            limits.append(row.at_most - float(row.weights @ self.least))
        for place, index in enumerate(self.moved):
            row = self.rows[index]
            assert row.centre is not None
            first = self.money + place * self.measures
            for j in range(self.measures):
                for sign in (1.0, -1.0):
                    line = np.zeros(self.size)
                    line[j * self.count : (j + 1) * self.count] = sign
                    line[first + j] = -1.0
                    made.append(line)
                    limits.append(sign * float(row.centre[j] - self.least[j]))
            line = np.zeros(self.size)
            line[first : first + self.measures] = row.weights
            made.append(line)
            limits.append(row.at_most)
        return np.array(made).reshape(-1, self.size), limits

    def _bounds(self) -> np.ndarray:
        low, high = np.zeros(self.size), np.full(self.size, np.inf)
        high[: self.money] = self.pieces.widths.ravel()
        low[self._loss] = -np.inf
        if self.risk_aversion == 0:
            low[self._loss] = high[self._loss] = 0.0
        for k, tail in enumerate(self.tails):
            low[self._loss + 1 + k], high[self._loss + 1 + k] = -np.inf, -tail.at_least
        return np.stack([low, high], axis=1)
