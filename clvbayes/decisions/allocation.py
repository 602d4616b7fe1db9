"""What to spend on which measure: the best plan at the risk one can bear, told by scenarios that it was not chosen with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.decisions.clashes import clashing
from clvbayes.decisions.limits import Limit, require_amount
from clvbayes.decisions.measures import Measure
from clvbayes.decisions.problem import BUDGET, SMALL, Problem
from clvbayes.decisions.program import InfeasibleError, Solved
from clvbayes.decisions.required import require_measures, require_options, require_valuation
from clvbayes.decisions.risk import Estimate, contributions, cvar, prob_below
from clvbayes.decisions.scenarios import Scenarios, scenarios_in_halves
from clvbayes.decisions.search import Found, efficient, priced
from clvbayes.errors import ArgumentError
from clvbayes.notebook import fragment, picture
from clvbayes.valuation import Valuation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["KEEP_BELOW", "RISK_AVERSIONS", "Plan", "allocate", "told_of"]

PLANS = ("plan", "current", "proportional")
RISK_AVERSIONS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
RESAMPLES = 20
KEEP_BELOW = 0.01  # of the current plan's objective: a smaller gain is not worth a change (method book 3.4)
NEXT_EUROS = 0.005  # of the budget: over which marginal returns are measured
TIGHT, TIGHT_TAIL = 1e-3, 0.02  # of a limit, of the spread of profits: a plan so near to it is held by it
RESAMPLED = 14  # use of a seed


@dataclass(frozen=True)
class Plan:
    """What to spend, and what it is worth, evaluated on scenarios that had no part in choosing it.

    Attributes
    ----------
    measures : pandas.DataFrame
        One row a measure, indexed by `name`: `lever`, `column`, `level`, `group`, `lasts`; in the currency `current`, `proportional`
        (today's mix on the whole budget) and `plan`; `lower` and `upper`, the quartiles of the plan over resampled scenarios; `gain`, what
        it is expected to bring, `gain_error`; `marginal`, what one more unit of money would bring; `held_at` ("least", "most" or "").
    comparison : pandas.DataFrame
        Rows "plan", "current", "proportional": `spend`; of the profit, value gained less spend, `mean`, `mean_error`, `cvar`, `cvar_error`
        (mean of the worst cases), `p_loss`; `objective`; `p_plan_better`, the probability that the plan brings more.
    frontier : pandas.DataFrame
        One row a risk aversion: `risk_aversion`, `spend`, `mean`, `cvar`, and the plan's spend on each measure under its name.
    profits : xarray.DataArray
        Dims ``(draw, plan)``, of the scenarios that evaluate.
    contributions : pandas.DataFrame
        By measure, as `clvbayes.risk.contributions` of the plan's profit.
    shadow_price : float
        What one more unit of budget would add to the objective; 0 where money is left.
    binding : tuple of str
        Limits that hold the plan back.
    missed : dict of str to Estimate
        Limits on the worst cases that the plan breaks on the scenarios that evaluate it, and the mean of these cases there.
    optimism : Estimate
        By how much the objective was higher on the scenarios with which the plan was chosen.
    recommendation : {"change", "keep"}
        "keep" where the plan's objective is less than 1 % above that of what is spent today.
    budget, risk_aversion, level, widened_by : float
    limits : tuple of Limit
    currency : str or None
    seed : int
    """

    measures: pd.DataFrame
    comparison: pd.DataFrame
    frontier: pd.DataFrame
    profits: xr.DataArray
    contributions: pd.DataFrame
    shadow_price: float
    binding: tuple[str, ...]
    missed: dict[str, Estimate]
    optimism: Estimate
    recommendation: Literal["change", "keep"]
    budget: float
    risk_aversion: float
    level: float
    widened_by: float
    limits: tuple[Limit, ...]
    currency: str | None
    seed: int

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """The efficient plans by mean profit and by their worst cases, with the plan and today's spending.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; pyplot's current ones by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return picture(self, axes)

    def _repr_html_(self) -> str:
        """As the report shows it."""
        return fragment(self)

    def to_frame(self) -> pd.DataFrame:
        """`measures`."""
        return self.measures


def allocate(
    valuation: Valuation,
    measures: Sequence[Measure],
    *,
    budget: float,
    risk_aversion: float = 1.0,
    level: float = 0.95,
    limits: Sequence[Limit] = (),
    widened_by: float = 1.0,
    allow_failed_checks: bool = False,
    seed: int,
) -> Plan:
    """The plan with the highest mean profit less `risk_aversion` times the mean loss of its worst cases.

    Profit is what all measures bring more than no spend on any of them, discounted over the valuation's horizon, less what they cost. The
    plan is chosen with one half of the valuation's draws, as a linear program, and evaluated on the other half.

    Parameters
    ----------
    valuation : Valuation
        With newcomers and, for measures on existing customers, ``levers=["churn", "rate", "spend"]``.
    measures : sequence of Measure
    budget : float
        Most that may be spent, in the currency. What does not pay is not spent.
    risk_aversion : float
        At least 0, which looks at the mean alone.
    level : float
        Of the tail: 0.95 looks at the worst twentieth.
    limits : sequence of Limit
    widened_by : float
        By what factor every scenario's gain lies further from the mean than the draws have it: what a back-test measured, at least 1.
    allow_failed_checks : bool
        Whether to plan with a valuation of which a check failed.
    seed : int

    Returns
    -------
    Plan

    Raises
    ------
    ArgumentError
        If a number is out of range, the valuation does not know a measure's place or lever or failed a check, or limits clash: then the
        message names those that do.

    Examples
    --------
    >>> allocate(None, [], budget=1000, seed=1)
    Traceback (most recent call last):
    clvbayes.errors.ArgumentError: there is nothing to allocate to: measures is empty
    """
    asked = require_measures(measures)
    require_amount("budget", budget)
    require_amount("risk_aversion", risk_aversion)
    limits = require_options(asked, level, limits, widened_by, seed)
    require_valuation(valuation, asked, level, limits, allow_failed_checks=allow_failed_checks)
    problem = Problem(asked, float(budget), limits, float(level))
    choosing, judging = scenarios_in_halves(valuation, asked, widened_by, seed)
    aversions = sorted({*RISK_AVERSIONS, float(risk_aversion)})
    try:
        found = efficient(problem, choosing, aversions)
    except InfeasibleError:
        raise ArgumentError(f"no plan keeps to all limits; these clash: {'; '.join(clashing(problem, choosing))}") from None
    chosen = found[float(risk_aversion)]
    plans = {"plan": chosen.spend, "current": problem.current, "proportional": problem.proportional()}
    told = {name: judging.profit(spend) for name, spend in plans.items()}
    comparison = _compared(problem, plans, told, risk_aversion)
    solved, stable = priced(problem, choosing, found, float(risk_aversion), RESAMPLES, np.random.default_rng([seed, RESAMPLED]))
    prices = _held(problem, chosen, solved)
    return Plan(
        measures=_by_measure(problem, plans, stable, judging),
        comparison=comparison,
        frontier=_frontier(problem, {aversion: found[aversion] for aversion in RISK_AVERSIONS}, judging),
        profits=xr.DataArray(
            np.stack([told[name] for name in PLANS], axis=1),
            dims=("draw", "plan"),
            coords={"draw": judging.draws, "plan": list(PLANS)},
            attrs={"kind": "predictive"},
        ),
        contributions=contributions(judging.by_measure(chosen.spend, [measure.name for measure in asked]), level),
        shadow_price=prices.pop(BUDGET, 0.0),
        binding=tuple(prices),
        missed={limit.name: cvar(told["plan"], limit.level) for limit in limits if limit.on_tail and limit.broken_by(told["plan"])},
        optimism=_optimism(chosen.profit, told["plan"], risk_aversion, level),
        recommendation=_recommended(problem, comparison, told["current"]),
        budget=float(budget),
        risk_aversion=float(risk_aversion),
        level=float(level),
        widened_by=float(widened_by),
        limits=limits,
        currency=valuation.economics.currency,
        seed=int(seed),
    )


def told_of(problem: Problem, spend: np.ndarray, profit: np.ndarray) -> dict[str, float]:
    """A plan as a row of a table of plans."""
    by_name = {measure.name: float(amount) for measure, amount in zip(problem.measures, spend, strict=True)}
    return {"spend": float(spend.sum()), "mean": float(profit.mean()), "cvar": cvar(profit, problem.level).value, **by_name}


def _compared(problem: Problem, plans: dict[str, np.ndarray], told: dict[str, np.ndarray], risk_aversion: float) -> pd.DataFrame:
    rows = {}
    for name, profit in told.items():
        tail = cvar(profit, problem.level)
        rows[name] = {
            "spend": plans[name].sum(),
            "mean": profit.mean(),
            "mean_error": profit.std(ddof=1) / np.sqrt(len(profit)),
            "cvar": tail.value,
            "cvar_error": tail.error,
            "p_loss": prob_below(profit, 0.0).value,
            "objective": profit.mean() + risk_aversion * tail.value,
            "p_plan_better": np.nan if problem.same(plans[name], plans["plan"]) else float((told["plan"] > profit).mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("plan")


def _held(problem: Problem, chosen: Found, solved: Solved | None) -> dict[str, float]:
    """Prices of the limits that hold a plan, by name."""
    if solved is None:
        return {}
    near = {row.name: row.at_most - row.used(chosen.spend) <= TIGHT * max(abs(row.at_most), SMALL) for row in problem.rows}
    spread = chosen.profit.std()
    near |= {tail.name: bool(cvar(chosen.profit, tail.level).value - tail.at_least <= TIGHT_TAIL * spread) for tail in problem.tails}
    return {name: price for name, price in solved.prices.items() if near[name]}


def _by_measure(problem: Problem, plans: dict[str, np.ndarray], stable: np.ndarray, judging: Scenarios) -> pd.DataFrame:
    rows, slack = [], SMALL * max(problem.budget, 1e-300)
    step = NEXT_EUROS * (problem.budget or problem.current.sum() or 1.0)
    for k, measure in enumerate(problem.measures):
        spend, (column, level) = plans["plan"][k], measure.place
        gain, more = judging.gain(k, np.array([spend, spend + step])).T
        low, high = np.quantile(stable[:, k], [0.25, 0.75]) if len(stable) else (np.nan, np.nan)
        at_most = measure.bounds[1] is not None and spend >= measure.bounds[1] - slack
        rows.append(
            {
                "name": measure.name,
                "lever": measure.lever,
                "column": column,
                "level": level,
                "group": measure.group or "",
                "lasts": measure.lasts,
                "current": measure.current,
                "proportional": plans["proportional"][k],
                "plan": spend,
                "lower": low,
                "upper": high,
                "gain": gain.mean(),
                "gain_error": gain.std(ddof=1) / np.sqrt(len(gain)),
                "marginal": (more - gain).mean() / step,
                "held_at": "most" if at_most else "least" if spend <= measure.bounds[0] + slack else "",
            }
        )
    return pd.DataFrame(rows).set_index("name")


def _frontier(problem: Problem, found: dict[float, Found], judging: Scenarios) -> pd.DataFrame:
    rows = []
    for aversion, plan in found.items():
        rows.append({"risk_aversion": aversion} | told_of(problem, plan.spend, judging.profit(plan.spend)))
    return pd.DataFrame(rows)


def _optimism(choosing: np.ndarray, judging: np.ndarray, risk_aversion: float, level: float) -> Estimate:
    """Difference of the objective, with the error of both halves."""
    value = error = 0.0
    for sign, profit in ((1, choosing), (-1, judging)):
        tail = cvar(profit, level)
        value += sign * (profit.mean() + risk_aversion * tail.value)
        error += profit.var(ddof=1) / len(profit) + (risk_aversion * tail.error) ** 2
    return Estimate(float(value), float(np.sqrt(error)))


def _recommended(problem: Problem, comparison: pd.DataFrame, today: np.ndarray) -> Literal["change", "keep"]:
    """Keep what is spent today if that keeps to all limits and the plan is hardly better."""
    allowed = problem.allows(problem.current) and not any(limit.broken_by(today) for limit in problem.limits if limit.on_tail)
    objective = comparison["objective"]
    gained = objective["plan"] - objective["current"]
    return "keep" if allowed and gained <= KEEP_BELOW * abs(objective["current"]) else "change"
