"""What to spend on which measure: the best plan at the risk one can bear, told by scenarios that it was not chosen with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import require_seed
from clvbayes.decisions.measures import Gain, Measure, gain_of
from clvbayes.decisions.program import PIECES, InfeasibleError, Pieces, Row, Solved, TailLimit, cut, solve
from clvbayes.decisions.risk import Estimate, contributions, cvar, prob_below
from clvbayes.errors import ArgumentError
from clvbayes.valuation import Valuation

__all__ = ["KEEP_BELOW", "RISK_AVERSIONS", "Limit", "Plan", "allocate", "explore"]

PLANS = ("plan", "current", "proportional")
EXPLORED = ("budget", "risk_aversion", "spend", "mean", "cvar", "p_loss", "p_better")
RISK_AVERSIONS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
RESAMPLES = 20
KEEP_BELOW = 0.01  # of the current plan's objective: a smaller gain is not worth a change (method book 3.4)
FINE_ENDS = 15  # of the pieces around a first plan
FIRST_PIECE = 1 / 300  # of what may be spent on a measure: pieces grow geometrically from there
NEXT_EUROS = 0.005  # of the budget: over which marginal returns are measured
SMALL = 1e-6  # of the budget
HALVES, RESAMPLED = 13, 14  # uses of a seed


@dataclass(frozen=True)
class Limit:
    """What a plan has to keep to, besides its budget and the measures' bounds; made by one of its functions.

    Examples
    --------
    >>> Limit.group("search", at_most=50_000).name
    'group search: at most 50,000'
    """

    kind: Literal["group", "change", "cvar", "loss"]
    name: str
    group_name: str = ""
    at_least: float | None = None
    at_most: float | None = None
    level: float = 0.95

    @staticmethod
    def group(group: str, *, at_least: float | None = None, at_most: float | None = None) -> "Limit":
        """Least or most that all measures of a group may cost, in the currency."""
        if at_least is None and at_most is None:
            raise ArgumentError(f"a limit on the group {group!r} needs at_least or at_most")
        for name, amount in (("at_least", at_least), ("at_most", at_most)):
            if amount is not None:
                _require_amount(name, amount)
        if at_least is not None and at_most is not None and at_least > at_most:
            raise ArgumentError(f"the limits on the group {group!r} cross: at least {at_least:,.0f}, at most {at_most:,.0f}")
        told = [f"{word} {amount:,.0f}" for word, amount in (("at least", at_least), ("at most", at_most)) if amount is not None]
        return Limit("group", f"group {group}: {', '.join(told)}", group, at_least, at_most)

    @staticmethod
    def change(at_most: float) -> "Limit":
        """Most money that may be moved: the sum over measures of how far the plan lies from what is spent today."""
        _require_amount("at_most", at_most)
        return Limit("change", f"change: at most {at_most:,.0f}", at_most=at_most)

    @staticmethod
    def cvar(at_least: float, *, level: float = 0.95) -> "Limit":
        """Least mean profit of the worst ``1 - level`` of all cases, in the currency; may be negative."""
        if isinstance(at_least, bool) or not isinstance(at_least, int | float) or not np.isfinite(at_least):
            raise ArgumentError(f"at_least must be an amount, not {at_least!r}")
        _require_fraction("level", level)
        return Limit("cvar", f"worst {1 - level:.0%} of cases: a mean of at least {at_least:,.0f}", at_least=at_least, level=level)

    @staticmethod
    def loss(at_most: float) -> "Limit":
        """Highest probability that the plan does not earn back what it costs. Held by the mean of so many worst cases being no loss, which
        is stricter."""
        _require_fraction("at_most", at_most)
        return Limit("loss", f"probability of loss: at most {at_most:.0%}", at_least=0.0, at_most=at_most, level=1 - at_most)


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
    optimism: Estimate
    recommendation: Literal["change", "keep"]
    budget: float
    risk_aversion: float
    level: float
    widened_by: float
    limits: tuple[Limit, ...]
    currency: str | None
    seed: int

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
    measures, limits = _checked(measures, budget, risk_aversion, level, limits, widened_by, seed)
    budget = float(budget)
    scenarios, choosing, judging = _scenarios(valuation, measures, widened_by, allow_failed_checks, seed)
    problem = _Problem(measures, budget, limits, level)
    coarse = scenarios.pieces(problem.ends()).some(choosing)
    roughly = problem.solve(coarse, risk_aversion)
    fine = scenarios.pieces(_finer(coarse.ends, roughly.spend)).some(choosing)
    chosen = problem.solve(fine, risk_aversion)
    plans = {"plan": chosen.spend, "current": problem.current, "proportional": problem.proportional()}
    told = {name: scenarios.profit(spend)[judging] for name, spend in plans.items()}
    comparison = _compared(plans, told, risk_aversion, level)
    stable = problem.resampled(fine, risk_aversion, chosen, np.random.default_rng([seed, RESAMPLED]))
    in_choosing = scenarios.profit(chosen.spend)[choosing]
    return Plan(
        measures=_by_measure(measures, plans, stable, scenarios, judging, problem),
        comparison=comparison,
        frontier=_frontier(problem, coarse, scenarios, judging, level, measures),
        profits=xr.DataArray(
            np.stack([told[name] for name in PLANS], axis=1),
            dims=("draw", "plan"),
            coords={"draw": judging, "plan": list(PLANS)},
            attrs={"kind": "predictive"},
        ),
        contributions=contributions(scenarios.by_measure(chosen.spend, judging, [measure.name for measure in measures]), level),
        shadow_price=chosen.budget_price,
        binding=chosen.binding,
        optimism=_optimism(in_choosing, told["plan"], risk_aversion, level),
        recommendation=_recommended(comparison, problem),
        budget=budget,
        risk_aversion=float(risk_aversion),
        level=float(level),
        widened_by=float(widened_by),
        limits=limits,
        currency=valuation.economics.currency,
        seed=int(seed),
    )


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
        chosen `mean` and `cvar` of the profit, `p_loss` and `p_better`, the probability of more profit than today's spending; then the
        plan's spend on each measure under its name. Where limits clash there is no row.

    Raises
    ------
    ArgumentError
        As of `allocate`, but for limits that clash, or if a measure has the name of another column.

    Examples
    --------
    >>> explore(None, [], budgets=[1000], seed=1)
    Traceback (most recent call last):
    clvbayes.errors.ArgumentError: there is nothing to allocate to: measures is empty
    """
    if isinstance(budgets, str) or not isinstance(budgets, Sequence) or not len(budgets):
        raise ArgumentError(f"budgets must be a list of amounts, not {budgets!r:.80}")
    for budget in budgets:
        _require_amount("a budget", budget)
    measures, limits = _checked(measures, budgets[0], 0.0, level, limits, widened_by, seed)
    scenarios, choosing, judging = _scenarios(valuation, measures, widened_by, allow_failed_checks, seed)
    today = scenarios.profit(np.array([measure.current for measure in measures], dtype=float))[judging]
    rows: list[dict[str, float]] = []
    for budget in sorted(set(map(float, budgets))):
        problem = _Problem(measures, budget, limits, level)
        pieces = scenarios.pieces(problem.ends()).some(choosing)
        tried: tuple[np.ndarray, ...] = ()
        for aversion in RISK_AVERSIONS:
            try:
                solved = problem.solve(pieces, aversion, tried)
            except ArgumentError:  # limits that clash
                continue
            spend, tried = solved.spend, solved.tried
            profit = scenarios.profit(spend)[judging]
            told = {"mean": profit.mean(), "cvar": cvar(profit, level).value, "p_loss": (profit < 0).mean()}
            by_name = {measure.name: amount for measure, amount in zip(measures, spend, strict=True)}
            better = float((profit > today).mean())
            rows.append({"budget": budget, "risk_aversion": aversion, "spend": spend.sum(), **told, "p_better": better, **by_name})
    return pd.DataFrame(rows, columns=[*EXPLORED, *(measure.name for measure in measures)])


def _scenarios(
    valuation: Valuation, measures: tuple[Measure, ...], widened_by: float, allow_failed_checks: bool, seed: int
) -> tuple["_Scenarios", np.ndarray, np.ndarray]:
    """All of them, the half to choose with, and the half to judge by."""
    if not valuation.passed and not allow_failed_checks:
        failed = "; ".join(check.message for check in valuation.checks if check.status == "failed")
        raise ArgumentError(
            f"no plan is made from a valuation of which a check failed ({failed}); allow_failed_checks=True makes it all the same"
        )
    draws = valuation.total.sizes["draw"]
    order = np.random.default_rng([seed, HALVES]).permutation(draws)
    gains = [gain_of(measure, valuation, seed) for measure in measures]
    return _Scenarios(gains, widened_by), np.sort(order[: draws // 2]), np.sort(order[draws // 2 :])


@dataclass(frozen=True)
class _Scenarios:
    """Gains of all measures, further from their mean by a factor."""

    gains: list[Gain]
    widened_by: float

    def gain(self, k: int, spend: np.ndarray) -> np.ndarray:
        """Of one measure, dims ``(draw, spend)``."""
        found = self.gains[k].of(spend)
        mean = found.mean(axis=0)
        return np.asarray(mean + self.widened_by * (found - mean))

    def pieces(self, ends: np.ndarray) -> Pieces:
        return cut([self.gain(k, ends[k]) for k in range(len(self.gains))], ends)

    def profit(self, spend: np.ndarray) -> np.ndarray:
        """Dims ``(draw,)``."""
        return np.asarray(sum(self.gain(k, spend[k : k + 1])[:, 0] for k in range(len(self.gains))) - spend.sum())

    def by_measure(self, spend: np.ndarray, draws: np.ndarray, names: list[str]) -> xr.DataArray:
        """Profits, dims ``(draw, measure)``."""
        values = np.stack([self.gain(k, spend[k : k + 1])[draws, 0] - spend[k] for k in range(len(self.gains))], axis=1)
        return xr.DataArray(values, dims=("draw", "measure"), coords={"measure": names}, attrs={"kind": "predictive"})


@dataclass(frozen=True)
class _Problem:
    """Measures with their bounds, the budget and the limits."""

    measures: tuple[Measure, ...]
    budget: float
    limits: tuple[Limit, ...]
    level: float

    @property
    def current(self) -> np.ndarray:
        return np.array([measure.current for measure in self.measures], dtype=float)

    @property
    def least(self) -> np.ndarray:
        return np.array([measure.bounds[0] for measure in self.measures])

    @property
    def most(self) -> np.ndarray:
        return np.asarray([max(m.bounds[0], self.budget if m.bounds[1] is None else min(m.bounds[1], self.budget)) for m in self.measures])

    def ends(self) -> np.ndarray:
        """Ends of the pieces: geometric, and today's spend is one of them."""
        shares = np.concatenate([[0.0], np.geomspace(FIRST_PIECE, 1.0, PIECES)])
        ends: np.ndarray = self.least[:, None] + (self.most - self.least)[:, None] * shares
        for k, today in enumerate(self.current):
            if self.least[k] < today < self.most[k]:
                ends[k, 1 + np.abs(ends[k, 1:-1] - today).argmin()] = today
        return ends

    def proportional(self) -> np.ndarray:
        """Today's mix on the whole budget; equal parts where nothing is spent today."""
        today = self.current if self.current.sum() > 0 else np.ones(len(self.measures))
        return np.asarray(np.clip(self.budget * today / today.sum(), self.least, self.most))

    def solve(self, pieces: Pieces, risk_aversion: float, tried: Sequence[np.ndarray] = ()) -> Solved:
        rows, tails = self._rows()
        budget = Row("the budget", np.ones(len(self.measures)), self.budget)
        try:
            return solve(pieces, budget, rows, tails, risk_aversion=risk_aversion, level=self.level, tried=tried)
        except InfeasibleError:
            raise ArgumentError(
                f"no plan keeps to all limits; these clash: {'; '.join(self._clash(pieces, budget, rows, tails))}"
            ) from None

    def _rows(self) -> tuple[list[Row], list[TailLimit]]:
        rows: list[Row] = []
        tails: list[TailLimit] = []
        for limit in self.limits:
            if limit.kind == "group":
                members = np.array([float(measure.group == limit.group_name) for measure in self.measures])
                if limit.at_most is not None:
                    rows.append(Row(limit.name, members, limit.at_most))
                if limit.at_least is not None:
                    rows.append(Row(limit.name, -members, -limit.at_least))
            elif limit.kind == "change":
                assert limit.at_most is not None
                rows.append(Row(limit.name, np.ones(len(self.measures)), limit.at_most, self.current))
            else:
                assert limit.at_least is not None
                tails.append(TailLimit(limit.name, limit.level, limit.at_least))
        return rows, tails

    def _clash(self, pieces: Pieces, budget: Row, rows: list[Row], tails: list[TailLimit]) -> list[str]:
        """Limits that cannot be met together, each of which could be if one of the others were taken back: what is not needed for the clash
        is left out, one after the other."""
        everything = Row(budget.name, budget.weights, float(self.most.sum() + 1))
        kept: list[Any] = [budget, *rows, *tails]
        for limit in list(kept):
            others = [other for other in kept if other is not limit]
            try:
                solve(
                    pieces,
                    budget if budget in others else everything,
                    [other for other in others if isinstance(other, Row) and other is not budget],
                    [other for other in others if isinstance(other, TailLimit)],
                    risk_aversion=0.0,
                    level=self.level,
                )
            except InfeasibleError:
                kept = others
        least = [f"at least {m.bounds[0]:,.0f} for {m.name}" for m in self.measures if m.bounds[0] > 0]
        told = [f"{limit.name} of {self.budget:,.0f}" if limit is budget else limit.name for limit in kept]
        return [*dict.fromkeys(told), *(least if len(kept) < 2 else [])]

    def resampled(self, pieces: Pieces, risk_aversion: float, chosen: Solved, random: np.random.Generator) -> np.ndarray:
        """Plans chosen with scenarios drawn again from those that there are, dims ``(resample, measure)``."""
        draws, found = len(pieces.start), []
        for _ in range(RESAMPLES):
            try:
                found.append(self.solve(pieces.some(random.integers(draws, size=draws)), risk_aversion, chosen.tried).spend)
            except ArgumentError:  # a limit on the tail that these scenarios cannot meet
                continue
        return np.array(found).reshape(-1, len(self.measures))


def _finer(ends: np.ndarray, spend: np.ndarray) -> np.ndarray:
    """As many pieces, most of them between the second end below a plan's spend and the second one above it."""
    finer = np.empty_like(ends)
    for k, of_measure in enumerate(ends):
        place = int(np.searchsorted(of_measure, spend[k]))
        low, high = of_measure[max(place - 2, 0)], of_measure[min(place + 2, len(of_measure) - 1)]
        elsewhere = of_measure[(of_measure < low) | (of_measure > high) | (of_measure == of_measure[0]) | (of_measure == of_measure[-1])]
        few = elsewhere[np.linspace(0, len(elsewhere) - 1, len(of_measure) - FINE_ENDS).round().astype(int)]
        finer[k] = np.sort(np.concatenate([few, np.linspace(low, high, FINE_ENDS)]))
    return finer


def _compared(plans: dict[str, np.ndarray], told: dict[str, np.ndarray], risk_aversion: float, level: float) -> pd.DataFrame:
    rows = {}
    for name, profit in told.items():
        tail = cvar(profit, level)
        rows[name] = {
            "spend": plans[name].sum(),
            "mean": profit.mean(),
            "mean_error": profit.std(ddof=1) / np.sqrt(len(profit)),
            "cvar": tail.value,
            "cvar_error": tail.error,
            "p_loss": prob_below(profit, 0.0).value,
            "objective": profit.mean() + risk_aversion * tail.value,
            "p_plan_better": np.nan if name == "plan" else float((told["plan"] > profit).mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("plan")


def _by_measure(
    measures: tuple[Measure, ...],
    plans: dict[str, np.ndarray],
    stable: np.ndarray,
    scenarios: _Scenarios,
    judging: np.ndarray,
    problem: _Problem,
) -> pd.DataFrame:
    rows, slack, step = [], SMALL * max(problem.budget, 1e-300), NEXT_EUROS * problem.budget
    for k, measure in enumerate(measures):
        spend, (column, level) = plans["plan"][k], measure.place
        gain, more = scenarios.gain(k, np.array([spend, spend + step]))[judging].T
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
                **{name: plan[k] for name, plan in plans.items()},
                "lower": low,
                "upper": high,
                "gain": gain.mean(),
                "gain_error": gain.std(ddof=1) / np.sqrt(len(gain)),
                "marginal": (more - gain).mean() / step if step else np.nan,
                "held_at": "most" if at_most else "least" if spend <= measure.bounds[0] + slack else "",
            }
        )
    return pd.DataFrame(rows).set_index("name")


def _frontier(
    problem: _Problem, pieces: Pieces, scenarios: _Scenarios, judging: np.ndarray, level: float, measures: tuple[Measure, ...]
) -> pd.DataFrame:
    rows: list[dict[str, float]] = []
    tried: tuple[np.ndarray, ...] = ()
    for aversion in RISK_AVERSIONS:
        solved = problem.solve(pieces, aversion, tried)
        spend, tried = solved.spend, solved.tried
        profit = scenarios.profit(spend)[judging]
        by_name = {measure.name: amount for measure, amount in zip(measures, spend, strict=True)}
        rows.append({"risk_aversion": aversion, "spend": spend.sum(), "mean": profit.mean(), "cvar": cvar(profit, level).value, **by_name})
    return pd.DataFrame(rows)


def _optimism(choosing: np.ndarray, judging: np.ndarray, risk_aversion: float, level: float) -> Estimate:
    """Difference of the objective, with the error of both halves."""
    value = error = 0.0
    for sign, profit in ((1, choosing), (-1, judging)):
        tail = cvar(profit, level)
        value += sign * (profit.mean() + risk_aversion * tail.value)
        error += profit.var(ddof=1) / len(profit) + (risk_aversion * tail.error) ** 2
    return Estimate(float(value), float(np.sqrt(error)))


def _recommended(comparison: pd.DataFrame, problem: _Problem) -> Literal["change", "keep"]:
    """Keep what is spent today if that is allowed and the plan is hardly better."""
    slack, today = SMALL * problem.budget, problem.current
    allowed = today.sum() <= problem.budget + slack and (today >= problem.least - slack).all() and (today <= problem.most + slack).all()
    objective = comparison["objective"]
    gained = objective["plan"] - objective["current"]
    return "keep" if allowed and today.sum() > 0 and gained < KEEP_BELOW * abs(objective["current"]) else "change"


def _checked(
    measures: object, budget: object, risk_aversion: object, level: object, limits: object, widened_by: object, seed: object
) -> tuple[tuple[Measure, ...], tuple[Limit, ...]]:
    require_seed(seed)
    if isinstance(measures, Measure) or not isinstance(measures, Sequence) or not all(isinstance(one, Measure) for one in measures):
        raise ArgumentError(f"measures must be a list of clv.Measure, not {measures!r:.80}")
    if not measures:
        raise ArgumentError("there is nothing to allocate to: measures is empty")
    names = [measure.name for measure in measures]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"measures are named twice: {', '.join(twice)}")
    taken = sorted(set(names) & set(EXPLORED))
    if taken:
        raise ArgumentError(f"measures cannot be named {', '.join(map(repr, taken))}, as columns of the tables of plans are")
    _require_amount("budget", budget)
    _require_amount("risk_aversion", risk_aversion)
    _require_fraction("level", level)
    if isinstance(widened_by, bool) or not isinstance(widened_by, int | float) or not 1 <= widened_by < np.inf:
        raise ArgumentError(f"widened_by must be a factor of at least 1, not {widened_by!r}")
    if isinstance(limits, Limit) or not isinstance(limits, Sequence) or not all(isinstance(one, Limit) for one in limits):
        raise ArgumentError(f"limits must be a list of clv.Limit, not {limits!r:.80}")
    groups = {measure.group for measure in measures}
    unknown = [limit.group_name for limit in limits if limit.kind == "group" and limit.group_name not in groups]
    if unknown:
        known = ", ".join(sorted(filter(None, groups))) or "none"
        raise ArgumentError(f"limits name the group {unknown[0]!r}, which no measure is of; there are {known}")
    return tuple(measures), tuple(limits)


def _require_amount(name: str, amount: object) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int | float | np.number) or not 0 <= amount < np.inf:
        raise ArgumentError(f"{name} must be a number of at least 0, not {amount!r}")


def _require_fraction(name: str, fraction: object) -> None:
    if isinstance(fraction, bool) or not isinstance(fraction, int | float | np.number) or not 0 < fraction < 1:
        raise ArgumentError(f"{name} must be a fraction between 0 and 1, such as 0.95, not {fraction!r}")
