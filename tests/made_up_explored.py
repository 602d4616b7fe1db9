"""Made-up plans at other budgets and aversions to risk: plain numbers, and one choice whose limits clash."""

import numpy as np
import pandas as pd

from clvbayes.decisions import Plan

__all__ = ["CLASHES", "made_up_explored"]

PARTS = (0.5, 0.75, 1.0, 1.25, 1.5)
AVERSIONS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
CLASHES = (0, 7)  # places of the budget and of the aversion


def made_up_explored(plan: Plan) -> pd.DataFrame:
    """As `clvbayes.decisions.explore` gives it, with the measures of a plan."""
    measures, rows = list(plan.measures.index), []
    weights = np.arange(len(measures), 0, -1.0)
    for place, part in enumerate(PARTS):
        for step, aversion in enumerate(AVERSIONS):
            if (place, step) == CLASHES:
                continue
            budget = part * plan.budget
            mixed = np.roll(weights, step % len(weights)) * np.exp(-0.05 * step)
            spends = budget * mixed / weights.sum()
            spend = spends.sum()
            mean = 3.1 * spend**0.9 * 1.2 - 0.02 * aversion * spend
            worth = {
                "budget": budget,
                "risk_aversion": aversion,
                "spend": spend,
                "mean": mean,
                "cvar": mean * (0.2 + 0.03 * aversion),
                "p_loss": 0.08 / (1 + aversion),
                "p_better": min(0.5 + 0.1 * place + 0.03 * aversion, 1.0),
            }
            rows.append({**worth, **dict(zip(measures, spends, strict=True))})
    return pd.DataFrame(rows)
