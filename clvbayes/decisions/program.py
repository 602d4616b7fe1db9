"""The plan as a linear program (Rockafellar & Uryasev 2000; Kuenzi-Bay & Mayer 2006 for the cuts).

Each measure's spend is cut into pieces, on each of which its gain is straight in every scenario. With y the money in the pieces, sigma_s
their slopes in scenario s and P_s(y) = c_s + (sigma_s - 1) y the profit,

    max  mean_s P_s - lambda CVaR(-P),    CVaR(-P) = min_eta  eta + mean_s max(-P_s - eta, 0) / (1 - level)

is linear. CVaR is the largest of all means over tails of a share 1 - level of the scenarios; instead of a row a scenario, the program has a
row for each tail that has been the worst one of a plan so far. It is solved again until no tail is worse than it knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import linprog
from scipy.sparse import csr_array

from clvbayes.decisions.risk import tail_weights

__all__ = ["ROUNDING", "InfeasibleError", "Pieces", "Row", "Solved", "TailLimit", "cut", "solve"]

PIECES = 24
MOST_ROUNDS, MOST_TRIED = 300, 15
LEAST_PRICE = 1e-6
ROUNDING = 1e-9  # of what may be spent: so near to an end a spend is there
SOLVERS_OWN = 3e-7  # in units of money in which the program is solved: within 1e-7 HiGHS takes a row as kept
PRECISION = 1e-6


@dataclass(frozen=True)
class Row:
    """A limit on money: the sum of `weights` times the measures' spends is at most `at_most`.

    A limit on how much is moved, `absolute`, is on the sum of the spends' distances from `centre` instead.
    """

    name: str
    weights: np.ndarray
    at_most: float
    centre: np.ndarray | None = None

    def used(self, spend: np.ndarray) -> float:
        """How much of it spends by measure take."""
        return float(self.weights @ (spend if self.centre is None else np.abs(spend - self.centre)))


@dataclass(frozen=True)
class TailLimit:
    """The mean profit of the worst ``1 - level`` is at least `at_least`."""

    name: str
    level: float
    at_least: float


@dataclass(frozen=True)
class Pieces:
    """Concave gains, straight between ends.

    `ends` has dims ``(measure, end)``, the first one the least that may be spent; `gains` ``(measure, end, draw)``. To these come
    `steeper`, dims ``(measure, draw)``, for each euro above the least, and `more`, dims ``(draw,)``.
    """

    ends: np.ndarray
    gains: np.ndarray
    steeper: np.ndarray
    more: np.ndarray

    @property
    def widths(self) -> np.ndarray:
        """Dims ``(measure, piece)``."""
        return np.asarray(np.diff(self.ends, axis=1))

    def at(self, spend: np.ndarray) -> np.ndarray:
        """What all measures bring, dims ``(draw,)``."""
        every, after = np.arange(len(spend)), np.ones(len(spend), dtype=int)
        for k, ends in enumerate(self.ends):
            after[k] = min(max(int(np.searchsorted(ends, spend[k], "right")), 1), len(ends) - 1)
        before = self.ends[every, after - 1]
        share = np.clip((spend - before) / np.maximum(self.ends[every, after] - before, 1e-300), 0, 1)
        between = (1 - share) @ self.gains[every, after - 1] + share @ self.gains[every, after]
        return np.asarray(self.more + between + (spend - self.ends[:, 0]) @ self.steeper)

    def slopes(self, weights: np.ndarray) -> np.ndarray:
        """Of the mean with weights, dims ``(measure, piece)``."""
        some = np.flatnonzero(weights)
        mean = self.gains @ weights if 2 * len(some) > len(weights) else self.gains[:, :, some] @ weights[some]
        slopes = np.divide(np.diff(mean, axis=1), self.widths, out=np.zeros(self.widths.shape), where=self.widths > 0)
        return np.asarray(slopes + (self.steeper @ weights)[:, None])

    def about(self, spend: np.ndarray, gain: Callable[[int, np.ndarray], np.ndarray]) -> "Pieces":
        """The same, moved so that around a plan they are what the measures' true gains, dims ``(draw, spend)``, are there.

        All slopes of a measure move by how much steeper its true gain is between the ends next to the plan's spend: they still fall.
        """
        steeper, true = np.zeros_like(self.steeper), np.zeros_like(self.more)
        for k, ends in enumerate(self.ends):
            none = ROUNDING * (ends[-1] - ends[0])
            low = max(int(np.searchsorted(ends, spend[k] - none, "left")) - 1, 0)
            high = min(int(np.searchsorted(ends, spend[k] + none, "right")), len(ends) - 1)
            at_low, at_spend, at_high = gain(k, np.array([ends[low], spend[k], ends[high]])).T
            true += at_spend
            if ends[high] > ends[low]:
                steeper[k] = (at_high - at_low - self.gains[k, high] + self.gains[k, low]) / (ends[high] - ends[low])
        moved = Pieces(self.ends, self.gains, steeper, np.zeros_like(self.more))
        return replace(moved, more=true - moved.at(spend))


@dataclass(frozen=True)
class Solved:
    """Spends by measure, the objective, and by limit what one more euro of it would add to the objective, where that is anything.

    `tried` are the spends of plans whose worst tails the program knows: one of nearly the same scenarios soon ends with them.
    """

    spend: np.ndarray
    objective: float
    prices: dict[str, float]
    tried: tuple[np.ndarray, ...]


class InfeasibleError(Exception):
    """No plan meets all limits."""


def cut(gains: Sequence[np.ndarray], ends: np.ndarray) -> Pieces:
    """Pieces from gains at their ends, by measure with dims ``(draw, end)``; where a slope rises, neighbours share their mean slope, so
    that all are concave."""
    draws = len(gains[0])
    found = np.empty((*ends.shape, draws))
    for k, gain in enumerate(gains):
        widths = np.maximum(np.diff(ends[k]), 1e-300)
        slopes = np.diff(gain, axis=1) / widths
        _fall(slopes, widths)
        found[k, 0] = gain[:, 0]
        found[k, 1:] = (gain[:, :1] + np.cumsum(slopes * widths, axis=1)).T
    return Pieces(ends, found, np.zeros((len(ends), draws)), np.zeros(draws))


@njit(nogil=True, cache=True)
def _fall(slopes: np.ndarray, widths: np.ndarray) -> None:
    """Pool adjacent violators: the nearest slopes that never rise, weighted by the pieces' widths."""
    draws, pieces = slopes.shape
    value, weight, size = np.empty(pieces), np.empty(pieces), np.empty(pieces, np.int64)
    for s in range(draws):
        blocks = 0
        for k in range(pieces):
            value[blocks], weight[blocks], size[blocks] = slopes[s, k], widths[k], 1
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
                slopes[s, k] = value[block]
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
    precision: float = PRECISION,
    draws: np.ndarray | None = None,
) -> Solved:
    """The best plan; `tried` are plans to begin with, `precision` how much worse a tail may be than the program knows, in standard
    deviations of profits, `draws` the scenarios, some of them perhaps more than once; by default all.

    Raises
    ------
    InfeasibleError
        If there is none within the limits.
    """
    return _Program(pieces, [budget, *rows], list(tails), risk_aversion, level, draws).solve(tried, precision)


class _Program:
    """Variables: money in pieces, by measure; distances from centres; the tail's mean loss, and one for each limit on a tail."""

    def __init__(self, pieces: Pieces, rows: list[Row], tails: list[TailLimit], risk_aversion: float, level: float, draws: Any) -> None:
        self.pieces, self.rows, self.tails = pieces, rows, tails
        self.risk_aversion, self.level = risk_aversion, level
        self.measures, self.count = pieces.widths.shape
        self.draws = np.arange(len(pieces.more)) if draws is None else draws
        self.least = pieces.ends[:, 0]
        self.money = self.measures * self.count
        self.moved = [k for k, row in enumerate(rows) if row.centre is not None]
        self.size = self.money + self.measures * len(self.moved) + 1 + len(tails)
        self.start = self._profit(self.least)
        self.unit = float(pieces.ends[:, max(self.count - 1, 1)].max()) or 1.0  # in which the solver gets amounts that are near one

    def solve(self, tried: Sequence[np.ndarray], precision: float) -> Solved:
        cost = np.zeros(self.size)
        cost[: self.money] = -self._slopes(np.full(len(self.draws), 1 / len(self.draws)))
        cost[self._loss] = self.risk_aversion
        fixed, fixed_limits = self._money_rows()
        watched = [(self._loss, self.level)] * (self.risk_aversion > 0) + [
            (self._loss + 1 + k, tail.level) for k, tail in enumerate(self.tails)
        ]
        cuts: list[np.ndarray] = []
        cut_limits: list[float] = []
        plans = [self.least, *tried] if watched else []  # that of the least spends, so that no loss is without bound
        for plan in plans:
            profit = self._profit(plan)
            for variable, level in watched:
                self._add_cut(cuts, cut_limits, variable, tail_weights(profit, level))
        bounds = self._bounds()
        for _ in range(MOST_ROUNDS):
            matrix = csr_array(np.vstack([fixed, *cuts]))
            at_most = np.array([*fixed_limits, *cut_limits]) / self.unit
            found: Any = linprog(cost, A_ub=matrix, b_ub=at_most, bounds=bounds / self.unit, method="highs")  # type: ignore[call-overload]
            if found.status == 2:
                raise InfeasibleError
            if found.status != 0:
                raise RuntimeError(f"HiGHS stopped: {found.message}")
            spend = self.least + self.unit * found.x[: self.money].reshape(self.measures, self.count).sum(axis=1)
            spend = np.clip(spend, self.least, self.pieces.ends[:, -1])
            profit = self._profit(spend)
            slack = max(precision * float(profit.std()), SOLVERS_OWN * self.unit)
            known = len(cuts)
            for variable, level in watched:
                weights = tail_weights(profit, level)
                if -weights @ profit > self.unit * found.x[variable] + slack:
                    self._add_cut(cuts, cut_limits, variable, weights)
            if len(cuts) == known:
                break
            plans.append(spend)
        else:
            raise RuntimeError(f"no plan was found in {MOST_ROUNDS} rounds")
        prices: dict[str, float] = {}
        for name, price in zip(self._row_names(), -found.ineqlin.marginals, strict=False):  # the rows after them are cuts
            prices[name] = prices.get(name, 0.0) + price
        for k, tail in enumerate(self.tails):
            prices[tail.name] = prices.get(tail.name, 0.0) - found.upper.marginals[self._loss + 1 + k]
        prices = {name: float(price) for name, price in prices.items() if price > LEAST_PRICE}
        return Solved(spend, -self.unit * float(found.fun) + float(self.start.mean()), prices, tuple(plans[1:][-MOST_TRIED:]))

    @property
    def _loss(self) -> int:
        return int(self.money + self.measures * len(self.moved))

    def _slopes(self, weights: np.ndarray) -> np.ndarray:
        """Of the profit's mean with weights, by piece."""
        return self.pieces.slopes(np.bincount(self.draws, weights, len(self.pieces.more))).ravel() - 1

    def _profit(self, spend: np.ndarray) -> np.ndarray:
        return np.asarray(self.pieces.at(spend)[self.draws] - spend.sum())

    def _add_cut(self, cuts: list[np.ndarray], limits: list[float], variable: int, weights: np.ndarray) -> None:
        row = np.zeros(self.size)
        row[: self.money] = -self._slopes(weights)
        row[variable] = -1.0
        cuts.append(row)
        limits.append(float(weights @ self.start))

    def _row_names(self) -> list[str]:
        """The limit that each row of the program is of."""
        plain = [row.name for row in self.rows if row.centre is None]
        return plain + [row.name for row in self.rows if row.centre is not None for _ in range(2 * self.measures + 1)]

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
