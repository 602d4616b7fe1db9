"""What a plan may be: measures with their bounds, a budget and limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from clvbayes.decisions.limits import Limit
from clvbayes.decisions.measures import Measure
from clvbayes.decisions.program import PIECES, ROUNDING, Pieces, Row, Solved, TailLimit, solve
from clvbayes.decisions.scenarios import Scenarios

__all__ = ["BUDGET", "SMALL", "Problem"]

BUDGET = "the budget"
FINE_ENDS = 15  # of the pieces around a first plan
FIRST_PIECE = 1 / 300  # of what may pay on a measure: pieces grow geometrically from there
HARDLY, PROBES = 0.1, 24  # of a euro: where a measure's further euros bring less, in steps that double the spend, one piece is enough
BEYOND = 1.02  # times the budget: so that the budget, and not a piece's end, holds a plan
ROUGHLY, PRECISION = 3e-3, 1e-4  # of the spread of profits, to which a plan is found; roughly where scenarios are drawn again
SMALL = 1e-6  # of the budget


@dataclass(frozen=True)
class Problem:
    """Measures with their bounds, the budget and the limits."""

    measures: tuple[Measure, ...]
    budget: float
    limits: tuple[Limit, ...]
    level: float

    @cached_property
    def current(self) -> np.ndarray:
        """Today's spends."""
        return np.array([measure.current for measure in self.measures], dtype=float)

    @cached_property
    def least(self) -> np.ndarray:
        """Lower bounds."""
        return np.array([measure.bounds[0] for measure in self.measures])

    @cached_property
    def most(self) -> np.ndarray:
        """Upper bounds, infinite where there is none."""
        return np.array([np.inf if measure.bounds[1] is None else measure.bounds[1] for measure in self.measures])

    @cached_property
    def rows(self) -> list[Row]:
        """The budget, then the limits on money."""
        every = np.ones(len(self.measures))
        found = [Row(BUDGET, every, self.budget)]
        for limit in self.limits:
            members = np.array([float(measure.group == limit.group_name) for measure in self.measures])
            if limit.kind == "change" and limit.at_most is not None:
                found.append(Row(limit.name, every, limit.at_most, self.current))
            if limit.kind == "group" and limit.at_most is not None:
                found.append(Row(limit.name, members, limit.at_most))
            if limit.kind == "group" and limit.at_least is not None:
                found.append(Row(limit.name, -members, -limit.at_least))
        return found

    @cached_property
    def tails(self) -> list[TailLimit]:
        """The limits on the worst cases."""
        return [TailLimit(limit.name, limit.level, limit.at_least or 0.0) for limit in self.limits if limit.on_tail]

    def proportional(self) -> np.ndarray:
        """Today's mix on the whole budget, within the bounds; equal parts where nothing is spent today."""
        today = self.current if self.current.sum() > 0 else np.ones(len(self.measures))

        def scaled(factor: float) -> np.ndarray:
            return np.clip(factor * today, self.least, np.maximum(self.most, self.least))

        low, high = 0.0, self.budget / today[today > 0].min()  # with which the first measure alone would take it all
        if scaled(high).sum() <= self.budget:
            return scaled(high)
        for _ in range(100):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if scaled(middle).sum() <= self.budget else (low, middle)
        return scaled(low)

    def allows(self, spend: np.ndarray) -> bool:
        """Whether money may be spent so, whatever it brings."""
        slack = SMALL * self.budget
        within = (spend >= self.least - slack).all() and (spend <= self.most + slack).all()
        return bool(within and all(row.used(spend) <= row.at_most + slack for row in self.rows))

    def same(self, one: np.ndarray, other: np.ndarray) -> bool:
        """Whether two plans are alike."""
        return bool(np.abs(one - other).max() <= SMALL * max(self.budget, 1e-300))

    def plain(self) -> Iterator[np.ndarray]:
        """Plans that need no search, where they are allowed: the least spends, today's, and today's mix on the whole budget."""
        return (spend for spend in (self.least, self.current, self.proportional()) if self.allows(spend))

    def ends(self, scenarios: Scenarios) -> np.ndarray:
        """Ends of pieces: geometric as far as money may pay, and today's spend is one of them."""
        found = np.empty((len(self.measures), PIECES + 1))
        for k, (least, most) in enumerate(zip(self.least, self.most, strict=True)):
            top = max(least, min(most, BEYOND * self.budget))
            pays = least + (top - least) * self._paying_share(k, top, scenarios)
            found[k, 0], found[k, -1] = least, top
            found[k, 1:-1] = least + (pays - least) * np.geomspace(FIRST_PIECE, 1.0, PIECES)[: PIECES - 1]
            if pays < top:
                found[k, 1:-1] = least + (pays - least) * np.geomspace(FIRST_PIECE, 1.0, PIECES - 1)
            if least < self.current[k] < top:
                found[k, 1 + np.abs(found[k, 1:-1] - self.current[k]).argmin()] = self.current[k]
        return np.sort(found, axis=1)

    def _paying_share(self, k: int, top: float, scenarios: Scenarios) -> float:
        """Share of what may be spent on a measure beyond which a euro hardly brings anything."""
        shares = np.concatenate([[0.0], 0.5 ** np.arange(PROBES, -1, -1)])
        spends = self.least[k] + (top - self.least[k]) * shares
        gain = scenarios.gains[k].without_chance(spends).mean(axis=0)
        pays = np.flatnonzero(np.diff(gain) > HARDLY * np.diff(spends))
        return float(shares[pays[-1] + 1]) if len(pays) else float(shares[1])

    def solve(
        self,
        pieces: Pieces,
        risk_aversion: float,
        tried: Sequence[np.ndarray] = (),
        *,
        stricter: np.ndarray | None = None,
        draws: np.ndarray | None = None,
    ) -> Solved:
        """The program's plan for some scenarios; `stricter` is by how much its limits on the worst cases are higher than they are told.

        Raises
        ------
        InfeasibleError
            If there is none.
        """
        more = np.zeros(len(self.tails)) if stricter is None else stricter
        tails = [TailLimit(tail.name, tail.level, tail.at_least + by) for tail, by in zip(self.tails, more, strict=True)]
        of_tail = {"risk_aversion": risk_aversion, "level": self.level, "precision": PRECISION if draws is None else ROUGHLY}
        return solve(pieces, self.rows[0], self.rows[1:], tails, **of_tail, tried=tried, draws=draws)


def finer(ends: np.ndarray, spend: np.ndarray) -> np.ndarray:
    """As many pieces, most of them between the second end below a plan's spend and the second one above it."""
    found = np.empty_like(ends)
    for k, of_measure in enumerate(ends):
        place = int(np.searchsorted(of_measure, spend[k] - ROUNDING * (of_measure[-1] - of_measure[0])))
        low, high = of_measure[max(place - 2, 0)], of_measure[min(place + 2, len(of_measure) - 1)]
        elsewhere = of_measure[(of_measure < low) | (of_measure > high) | (of_measure == of_measure[0]) | (of_measure == of_measure[-1])]
        few = elsewhere[np.linspace(0, len(elsewhere) - 1, len(of_measure) - FINE_ENDS).round().astype(int)]
        found[k] = np.sort(np.concatenate([few, np.linspace(low, high, FINE_ENDS)]))
    return found
