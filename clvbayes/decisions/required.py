"""What allocating needs: measures, limits, numbers and a valuation that can be planned with."""

from collections.abc import Sequence

from clvbayes.data import require_seed
from clvbayes.decisions.limits import Limit, require_fraction
from clvbayes.decisions.measures import Measure
from clvbayes.errors import ArgumentError
from clvbayes.valuation import Valuation

__all__ = ["COLUMNS", "require_measures", "require_options", "require_valuation"]

COLUMNS = ("budget", "risk_aversion", "spend", "mean", "cvar", "p_loss", "p_better")  # of tables of plans, beside the measures' names
FEWEST_IN_TAIL = 10  # draws of a half: the mean of fewer is off by more than a third of their spread


def require_measures(measures: object) -> tuple[Measure, ...]:
    """Refuse what is no list of measures with names of their own."""
    if isinstance(measures, Measure) or not isinstance(measures, Sequence) or not all(isinstance(one, Measure) for one in measures):
        raise ArgumentError(f"measures must be a list of clv.Measure, not {measures!r:.80}")
    if not measures:
        raise ArgumentError("there is nothing to allocate to: measures is empty")
    names = [measure.name for measure in measures]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"measures are named twice: {', '.join(twice)}")
    taken = sorted(set(names) & set(COLUMNS))
    if taken:
        raise ArgumentError(f"measures cannot be named {', '.join(map(repr, taken))}, as columns of the tables of plans are")
    return tuple(measures)


def require_options(measures: Sequence[Measure], level: object, limits: object, widened_by: object, seed: object) -> tuple[Limit, ...]:
    """Refuse numbers out of range, and limits on groups that there are not."""
    require_seed(seed)
    require_fraction("level", level)
    if isinstance(widened_by, bool) or not isinstance(widened_by, int | float) or not 1 <= widened_by < float("inf"):
        raise ArgumentError(f"widened_by must be a factor of at least 1, not {widened_by!r}")
    if isinstance(limits, Limit) or not isinstance(limits, Sequence) or not all(isinstance(one, Limit) for one in limits):
        raise ArgumentError(f"limits must be a list of clv.Limit, not {limits!r:.80}")
    groups = {measure.group for measure in measures}
    unknown = [limit.group_name for limit in limits if limit.kind == "group" and limit.group_name not in groups]
    if unknown:
        known = ", ".join(sorted(filter(None, groups))) or "none"
        raise ArgumentError(f"limits name the group {unknown[0]!r}, which no measure is of; there are {known}")
    return tuple(limits)


def require_valuation(
    valuation: object, measures: Sequence[Measure], level: float, limits: Sequence[Limit], *, allow_failed_checks: bool
) -> None:
    """Refuse what is no valuation with predictive draws, enough of them for the tails, or if a check of it or of a response failed."""
    if not isinstance(valuation, Valuation):
        raise ArgumentError(f"valuation must be what clv.value gives, not {type(valuation).__name__}")
    if valuation.total.attrs.get("kind", "predictive") != "predictive":
        raise ArgumentError(f"a plan needs predictive draws, not {valuation.total.attrs['kind']!r} values, which know too little of risk")
    half = valuation.total.sizes["draw"] // 2
    for asked in (level, *(limit.level for limit in limits if limit.on_tail)):
        if (1 - asked) * half < FEWEST_IN_TAIL - 1e-9:
            raise ArgumentError(
                f"a level of {asked:g} looks at {(1 - asked) * half:g} of the {half:,} draws that a plan is chosen with; it needs "
                f"{FEWEST_IN_TAIL}: value(..., draws={2 * FEWEST_IN_TAIL / (1 - asked):.0f}), or a lower level"
            )
    learned = [check for measure in measures for check in getattr(measure.response, "checks", ())]
    failed = dict.fromkeys(check.message for check in (*valuation.checks, *learned) if check.status == "failed")
    if failed and not allow_failed_checks:
        raise ArgumentError(
            f"no plan is made from what a check failed of ({'; '.join(failed)}); allow_failed_checks=True makes it all the same"
        )
