"""Plans for many budgets and aversions to risk, to be looked through."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clvbayes.decisions.allocation import RISK_AVERSIONS, told_of
from clvbayes.decisions.limits import Limit, require_amount
from clvbayes.decisions.measures import Measure
from clvbayes.decisions.problem import Problem
from clvbayes.decisions.program import InfeasibleError
from clvbayes.decisions.required import COLUMNS, require_measures, require_options, require_valuation
from clvbayes.decisions.scenarios import scenarios_in_halves
from clvbayes.decisions.search import efficient
from clvbayes.errors import ArgumentError
from clvbayes.valuation import Valuation

__all__ = ["explore"]


def explore(
    valuation: Valuation,
    measures: Sequence[Measure],
    *,
    budgets: Sequence[float],
    level: float = 0.95,
    limits: Sequence[Limit] = (),
    widened_by: float = 1.0,
    allow_failed_checks: bool = False,
    seed: int,
) -> pd.DataFrame:
    """The best plans for several budgets, each at all aversions to risk of a plan's frontier.

    Parameters
    ----------
    valuation, measures, level, limits, widened_by, allow_failed_checks, seed
        As of `allocate`.
    budgets : sequence of float
        In the currency.

    Returns
    -------
    pandas.DataFrame
        One row a budget and risk aversion, budgets ascending: `budget`, `risk_aversion`, `spend`, and by scenarios with which no plan was
        chosen `mean` and `cvar` of the profit, `p_loss` and `p_better`, the probability of more profit than today's spending (NaN where the
        plan is just that); then the plan's spend on each measure under its name. Where limits clash there is no row.

    Raises
    ------
    ArgumentError
        As of `allocate`, but for limits that clash.

    Examples
    --------
    >>> explore(None, [], budgets=[1000], seed=1)
    Traceback (most recent call last):
    clvbayes.errors.ArgumentError: there is nothing to allocate to: measures is empty
    """
    if isinstance(budgets, str) or not isinstance(budgets, Sequence) or not len(budgets):
        raise ArgumentError(f"budgets must be a list of amounts, not {budgets!r:.80}")
    for budget in budgets:
        require_amount("a budget", budget)
    asked = require_measures(measures)
    limits = require_options(asked, level, limits, widened_by, seed)
    require_valuation(valuation, asked, level, limits, allow_failed_checks=allow_failed_checks)
    choosing, judging = scenarios_in_halves(valuation, asked, widened_by, seed)
    rows: list[dict[str, float]] = []
    for budget in sorted(set(map(float, budgets))):
        problem = Problem(asked, budget, limits, float(level))
        today = judging.profit(problem.current)
        try:
            plans = efficient(problem, choosing, RISK_AVERSIONS)
        except InfeasibleError:
            continue
        for aversion, plan in plans.items():
            profit = judging.profit(plan.spend)
            better = np.nan if problem.same(plan.spend, problem.current) else float((profit > today).mean())
            told = told_of(problem, plan.spend, profit) | {"p_loss": float((profit < 0).mean()), "p_better": better}
            rows.append({"budget": budget, "risk_aversion": aversion, **told})
    return pd.DataFrame(rows, columns=[*COLUMNS, *(measure.name for measure in asked)])
