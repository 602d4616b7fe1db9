"""The search for the best plan.

The program (`clvbayes.decisions.program`) wants gains that are concave in every scenario. Those of chance are not, nor are gains that lie
further from their mean than they were drawn. It is told them straight, as they are around the last plan, and asked again from where its
answer leads, which is gone towards as far as the profits themselves get better. What is plain to see is looked at too: the least spends,
today's, today's mix on the whole budget, and leaving out a measure. A plan is never worse than these, on the scenarios that it is
chosen with.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from clvbayes.decisions.problem import Problem, finer
from clvbayes.decisions.program import InfeasibleError, Pieces, Solved
from clvbayes.decisions.risk import tail_weights
from clvbayes.decisions.scenarios import Scenarios

__all__ = ["Found", "efficient", "priced"]

MOST_STEPS = 6
SHARES = (1.0, 0.5, 0.25, 0.1)  # of the way to the program's plan
WORTH_A_STEP = 1e-4  # of the objective
BREACH = 1e-4  # of the spread of profits: by less no limit on the worst cases is broken


@dataclass(frozen=True)
class Found:
    """A plan, and its profits by scenario."""

    spend: np.ndarray
    profit: np.ndarray


def efficient(problem: Problem, scenarios: Scenarios, aversions: Sequence[float]) -> dict[float, Found]:
    """At each aversion to risk, the best plan of all that were found at any.

    Raises
    ------
    InfeasibleError
        If no plan was found that keeps to the limits.
    """
    found = [Found(spend, scenarios.profit(spend)) for spend in problem.plain()]
    ends = problem.ends(scenarios)
    coarse = scenarios.pieces(ends)
    here = _start(_Search(problem, scenarios, aversions[0]), coarse, found)
    known: list[np.ndarray] = []
    for aversion in aversions:
        search = _Search(problem, scenarios, aversion, known)
        if aversion == aversions[0]:
            here = search.climbed(coarse, here)
        fine = finer(ends, here.spend)
        here = search.climbed(scenarios.pieces(fine), here)
        if aversion == 0:  # where a program takes no time, and nothing but the width of pieces is between a plan and the best one
            here = search.climbed(scenarios.pieces(finer(fine, here.spend)), here)
        found += [here, search.without_idle(here)]
    chosen = {aversion: max(found, key=_Search(problem, scenarios, aversion).score) for aversion in aversions}
    if any(_Search(problem, scenarios, aversion).score(plan)[0] < 0 for aversion, plan in chosen.items()):
        raise InfeasibleError
    return chosen


def _start(search: "_Search", pieces: Pieces, plain: Sequence[Found]) -> Found:
    """The best plan where there was no chance, and draws were as they are; else the best plain one."""
    try:
        return search.at(search.problem.solve(pieces, search.risk_aversion).spend)
    except InfeasibleError:
        if not plain:
            raise
        return max(plain, key=search.score)


def priced(
    problem: Problem, scenarios: Scenarios, found: Mapping[float, Found], risk_aversion: float, resamples: int, random: np.random.Generator
) -> tuple[Solved | None, np.ndarray]:
    """The program around the plan found at an aversion, with its prices, and its plans for scenarios drawn again from those that there are,
    dims ``(resample, measure)``; none of those that cannot keep to a limit on the worst cases."""
    plan, tried = found[risk_aversion], tuple(other.spend for other in found.values())
    ends = finer(problem.ends(scenarios), plan.spend)
    draws, solved, again = len(scenarios.draws), None, []
    with suppress(InfeasibleError):
        solved = problem.solve(scenarios.pieces(ends).about(plan.spend, scenarios.gain), risk_aversion, tried)
        tried = solved.tried
    rough = scenarios.pieces(ends[:, ::3]).about(plan.spend, scenarios.gain)
    for _ in range(resamples):
        with suppress(InfeasibleError):
            again.append(problem.solve(rough, risk_aversion, tried, draws=random.integers(draws, size=draws)).spend)
    return solved, np.array(again).reshape(-1, len(problem.measures))


@dataclass(frozen=True)
class _Search:
    """At one aversion to risk; `known` are plans whose worst cases the program is told from the start."""

    problem: Problem
    scenarios: Scenarios
    risk_aversion: float
    known: list[np.ndarray] = field(default_factory=list)

    def at(self, spend: np.ndarray) -> Found:
        return Found(spend, self.scenarios.profit(spend))

    def score(self, plan: Found) -> tuple[float, float]:
        """By how much it breaks limits on the worst cases, negative; then the objective."""
        breach = float(self.short(plan.profit).sum())
        tail = tail_weights(plan.profit, self.problem.level) @ plan.profit if self.risk_aversion else 0.0
        return -breach, float(plan.profit.mean() + self.risk_aversion * tail)

    def short(self, profit: np.ndarray) -> np.ndarray:
        """What the worst cases lack of each limit on them."""
        lack = np.array([tail.at_least - tail_weights(profit, tail.level) @ profit for tail in self.problem.tails])
        return np.where(lack > BREACH * profit.std(), lack, 0.0)

    def climbed(self, pieces: Pieces, start: Found) -> Found:
        """From one plan to better ones, as long as there are any."""
        here, stricter = start, np.zeros(len(self.problem.tails))
        for _ in range(MOST_STEPS):
            try:
                solved = self.problem.solve(
                    pieces.about(here.spend, self.scenarios.gain), self.risk_aversion, self.known, stricter=stricter
                )
            except InfeasibleError:
                break
            self.known[:] = solved.tried
            there = [self.at(here.spend + share * (solved.spend - here.spend)) for share in SHARES]
            short = self.short(there[0].profit)
            stricter = stricter + short
            before, here = here, max(here, *there, key=self.score)
            (breach, objective), (breach_before, objective_before) = self.score(here), self.score(before)
            if breach == breach_before and not short.any() and objective - objective_before <= WORTH_A_STEP * abs(objective_before):
                break
        return here

    def without_idle(self, plan: Found) -> Found:
        """With every measure at its least that brings nothing at this aversion to risk."""
        for k, least in enumerate(self.problem.least):
            if plan.spend[k] > least:
                fewer = plan.spend.copy()
                fewer[k] = least
                if self.problem.allows(fewer):
                    gain = self.scenarios.gain(k, np.array([plan.spend[k], least]))
                    left = Found(fewer, plan.profit + gain[:, 1] - gain[:, 0] + plan.spend[k] - least)
                    plan = max(plan, left, key=self.score)
        return plan
