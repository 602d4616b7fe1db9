"""The plan for the budget of the settings, or why there is none."""

from collections.abc import Sequence
from typing import Any

from clvbayes.decisions import Plan, allocate, explore
from clvbayes.decisions.measures import LEVER_OF
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.report import Budgeted, GradedModel
from clvbayes.settings import Settings
from clvbayes.study.inputs import Inputs
from clvbayes.valuation import LEVERS, Valuation

__all__ = ["NOT_CERTIFIED", "NO_FACTOR", "levers_of", "plan_budget", "widening"]

EXPLORED = (0.5, 0.75, 1.0, 1.25, 1.5)  # of the budget
MOVED_CUSTOMERS = 100_000  # above it the thirteen passes of all levers would take minutes
NOT_CERTIFIED = "a check of sampling or simulation failed; run.allow_failed_checks = true plans all the same"
NO_FACTOR = "a back-test found the bands of totals too narrow, and one without any width does not tell by how much"


def plan_budget(settings: Settings, valuation: Valuation, fits: Sequence[Fit], graded: GradedModel | None) -> Budgeted | None:
    """The plan for the budget, from draws as wide as the back-test found that they should be; none where a check failed."""
    asked = settings.budget
    if asked is None:
        return None
    certified = valuation.passed and all(fit.certificate.passed for fit in fits)
    if not certified and not settings.run.allow_failed_checks:
        return Budgeted(None, refused=NOT_CERTIFIED)

    measures = [measure.measure for measure in settings.measure]
    common: dict[str, Any] = {
        "level": asked.level,
        "limits": asked.limits,
        "allow_failed_checks": settings.run.allow_failed_checks,
        "seed": settings.run.seed,
    }

    def planned(widened_by: float) -> Plan:
        return allocate(valuation, measures, budget=asked.amount, risk_aversion=asked.risk_aversion, widened_by=widened_by, **common)

    factor = widening(graded)
    if factor is None:
        return Budgeted(None, refused=NO_FACTOR)
    try:
        as_drawn = planned(1.0)
        explored = explore(valuation, measures, budgets=[share * asked.amount for share in EXPLORED], widened_by=factor, **common)
        return Budgeted(as_drawn, explored=explored) if factor == 1.0 else Budgeted(planned(factor), as_drawn, explored=explored)
    except ArgumentError as problem:  # such as limits that clash: the valuation stands, and the report says why there is no plan
        return Budgeted(None, refused=str(problem))


def levers_of(settings: Settings, inputs: Inputs) -> tuple[str, ...]:
    """What to move: all that the report can tell of; of a large base only what measures move."""
    if len(inputs.segments) <= MOVED_CUSTOMERS:
        return LEVERS
    return tuple(dict.fromkeys(LEVER_OF[one.lever] for one in settings.measure if one.lever in LEVER_OF))


def widening(graded: GradedModel | None) -> float | None:
    """How much wider than drawn a plan's gains are taken to be; None where the bands were too narrow and nothing says by how much."""
    if graded is None or graded.worst is None:
        return 1.0
    told = [verdict.factor for verdict in graded.verdicts if verdict.judgement == "too narrow" and verdict.factor is not None]
    factor = max(told, default=None) if graded.worst.factor is None else graded.worst.factor
    return None if factor is None else max(1.0, factor)
