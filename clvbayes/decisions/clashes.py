"""Which limits clash, where no plan keeps to all of them."""

from collections.abc import Sequence

import numpy as np

from clvbayes.decisions.problem import BUDGET, Problem
from clvbayes.decisions.program import InfeasibleError, Pieces, Row, TailLimit, solve
from clvbayes.decisions.scenarios import Scenarios

__all__ = ["clashing"]

OF_BOUNDS = ("at least ", "at most ")
FAR = 1.1  # times all amounts that are named: no limit reaches so far


def clashing(problem: Problem, scenarios: Scenarios) -> list[str]:
    """Limits that cannot be met together, each of which could be if one of the others were taken back.

    Where limits on money clash by themselves, those on the worst cases are not looked at.
    """
    money, measures = [*_bounds(problem), *problem.rows], len(problem.measures)
    far = FAR * (sum(abs(row.at_most) for row in money) + problem.current.sum() + 1.0)
    ends = np.stack([np.zeros(measures), np.full(measures, far)], axis=1)
    of_nothing = Pieces(ends, np.zeros((*ends.shape, 1)), np.zeros((measures, 1)), np.zeros(1))
    if _clash(of_nothing, money):
        return _told(_needed(of_nothing, money), problem)
    plain = scenarios.pieces(np.sort(np.concatenate([ends, problem.ends(scenarios)], axis=1), axis=1))
    for pieces in (plain, plain.about(problem.proportional(), scenarios.gain)):
        if _clash(pieces, [*money, *problem.tails]):
            return _told(_needed(pieces, [*money, *problem.tails]), problem)
    return _told([*problem.tails, problem.rows[0]], problem)  # that cannot be told apart by programs


def _bounds(problem: Problem) -> list[Row]:
    found = []
    for k, measure in enumerate(problem.measures):
        own = np.zeros(len(problem.measures))
        own[k] = 1.0
        least, most = measure.bounds
        if least > 0:
            found.append(Row(f"at least {least:,.0f} for {measure.name}", -own, -least))
        if most is not None:
            found.append(Row(f"at most {most:,.0f} for {measure.name}", own, most))
    return found


def _needed(pieces: Pieces, limits: Sequence[Row | TailLimit]) -> list[Row | TailLimit]:
    """Left out one after the other, all bounds at once to begin with: there may be many."""
    kept = list(limits)
    bounds = [limit for limit in kept if limit.name.startswith(OF_BOUNDS)]
    for some in (bounds, *([limit] for limit in limits)):
        others = [limit for limit in kept if all(limit is not one for one in some)]
        if len(others) < len(kept) and _clash(pieces, others):
            kept = others
    return kept


def _clash(pieces: Pieces, limits: Sequence[Row | TailLimit]) -> bool:
    rows = [limit for limit in limits if isinstance(limit, Row)]
    tails = [limit for limit in limits if isinstance(limit, TailLimit)]
    anything = Row("", np.zeros(len(pieces.ends)), 1.0)
    try:
        solve(pieces, anything, rows, tails, risk_aversion=0.0, level=0.5)
    except InfeasibleError:
        return True
    return False


def _told(limits: Sequence[Row | TailLimit], problem: Problem) -> list[str]:
    names = [f"{limit.name} of {problem.budget:,.0f}" if limit.name == BUDGET else limit.name for limit in limits]
    return sorted(dict.fromkeys(names), key=lambda name: name.startswith(OF_BOUNDS))
