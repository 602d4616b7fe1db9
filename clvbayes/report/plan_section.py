"""What to spend where: the plan, what it is worth beside today's spending, and how much it depends on the aversion to risk."""

import numpy as np

from clvbayes.decisions import Plan
from clvbayes.report.blocks import Block, Cell, Column, Figure, Finding, Note, Prose, Scale, Section, Table
from clvbayes.report.evidence import Budgeted, Evidence, currency_of
from clvbayes.report.explorer_section import explorer_section
from clvbayes.report.language import translated, words
from clvbayes.report.numbers import decimal, money, money_alike, money_format, plain, probability, share, show
from clvbayes.report.plan_figures import frontier_chart, spend_bars

__all__ = ["PLAN_SECTIONS", "plan_findings", "plan_section"]

MOST_COLUMNS = 6  # measures whose spends stand in the table of aversions
LEFT = 0.005  # of the budget: less is not told as left
FLAT = 0.01  # of the mean profit


def plan_findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What a first page must say of the budget."""
    budgeted = evidence.budgeted
    if budgeted is None:
        return ()
    if budgeted.plan is None:
        return (Finding("note", words.PLAN_REFUSED.format(reason=translated(budgeted.refused))),)
    plan, currency = budgeted.plan, currency_of(evidence)
    found = [Finding("ok", _recommendation(plan, currency))]
    if budgeted.as_drawn is not None:
        found.append(Finding("note", words.PLAN_WIDENED.format(factor=decimal(plan.widened_by, 1))))
    for limit, tail in plan.missed.items():
        mean, error = (show(amount) for amount in money_alike(tail, currency))
        found.append(Finding("note", words.PLAN_MISSED.format(limit=translated(limit), mean=mean, error=error)))
    return tuple(found)


def plan_section(evidence: Evidence) -> Section | None:
    """The plan; none where there is no budget."""
    budgeted, currency = evidence.budgeted, currency_of(evidence)
    if budgeted is None:
        return None
    findings, plan = plan_findings(evidence), budgeted.plan
    if plan is None:
        return Section(words.PLAN, findings)
    blocks: tuple[Block, ...] = (*findings, _by_measure(budgeted, plan, currency), _compared(plan, currency), Note(words.PLAN_NOTE))
    return Section(words.PLAN, blocks)


def _bars(evidence: Evidence) -> Section | None:
    plan, currency = _plan_of(evidence), currency_of(evidence)
    if plan is None:
        return None
    finding = _kinds(plan, currency)
    figure = Figure(words.PLAN_FIGURE, words.PLAN_FIGURE_ALT, spend_bars(plan, currency=currency), finding, words.PLAN_FIGURE_CAPTION)
    return Section(words.PLAN_FIGURE, (figure,), "half")


def _safety(evidence: Evidence) -> Section | None:
    plan, currency = _plan_of(evidence), currency_of(evidence)
    if plan is None:
        return None
    picture = frontier_chart(plan, currency=currency)
    figure = Figure(words.FRONTIER_TITLE, words.FRONTIER_ALT, picture, _trade(plan, currency), words.FRONTIER_CAPTION)
    return Section(words.FRONTIER_TITLE, (figure,), "half")


def _aversions(evidence: Evidence) -> Section | None:
    plan, currency = _plan_of(evidence), currency_of(evidence)
    if plan is None:
        return None
    return Section(words.PLAN_DEPENDS, (_frontier(plan, currency), Prose(" ".join(_limits(plan, currency)))))


PLAN_SECTIONS = {
    "plan": plan_section,
    "plan-spends": _bars,
    "plan-frontier": _safety,
    "plan-aversions": _aversions,
    "plan-explorer": explorer_section,
}


def _plan_of(evidence: Evidence) -> Plan | None:
    return None if evidence.budgeted is None else evidence.budgeted.plan


def _recommendation(plan: Plan, currency: str) -> str:
    told = {name: plan.comparison[name].to_dict() for name in plan.comparison}
    if plan.recommendation == "keep":
        return words.PLAN_KEEP.format(budget=show(money(plan.budget, currency)))
    spend, budget = (show(money(amount, currency)) for amount in (told["spend"]["plan"], plan.budget))
    mean, current = (show(amount) for amount in money_alike((told["mean"]["plan"], told["mean"]["current"]), currency))
    if told["spend"]["current"] == 0:
        loss = _probability(told["p_loss"]["plan"])
        return words.PLAN_CHANGE_NOTHING_TODAY.format(spend=spend, budget=budget, mean=mean, loss=loss)
    better = _probability(told["p_plan_better"]["current"])
    return words.PLAN_CHANGE.format(spend=spend, budget=budget, mean=mean, current=current, better=better)


def _by_measure(budgeted: Budgeted, plan: Plan, currency: str) -> Table:
    frame = plan.measures
    as_drawn = None if budgeted.as_drawn is None else budgeted.as_drawn.measures["plan"].to_dict()
    spends, gains = (money_format(frame[names].to_numpy().ravel().tolist()) for names in (["current", "plan"], ["gain"]))

    def amount(title: str, form: tuple[Scale, int] = spends) -> Column:
        return Column(title, "number", unit=currency, scale=form[0], digits=form[1])

    columns = [Column(words.COLUMN_MEASURE), Column(words.COLUMN_LEVER), Column(words.COLUMN_PLACE), Column(words.COLUMN_LASTS)]
    columns += [amount(words.COLUMN_TODAY), amount(words.COLUMN_PLAN)]
    columns += [] if as_drawn is None else [amount(words.COLUMN_PLAN_AS_DRAWN)]
    columns += [amount(words.COLUMN_STABLE_LOW), amount(words.COLUMN_STABLE_HIGH), amount(words.COLUMN_BRINGS, gains)]
    columns += [Column(words.COLUMN_NEXT_EURO, "number", digits=2), Column(words.COLUMN_HELD_AT)]
    rows: list[tuple[Cell, ...]] = []
    for row in frame.reset_index().to_dict("records"):
        place = words.PLAN_PLACE.format(level=row["level"], column=row["column"]) if row["column"] else words.PLAN_EVERYWHERE
        cells: list[Cell] = [
            str(row["name"]),
            translated(str(row["lever"])),
            place,
            translated(str(row["lasts"])),
            float(row["current"]),
            float(row["plan"]),
        ]
        cells += [] if as_drawn is None else [float(as_drawn[row["name"]])]
        cells += [_known(float(row["lower"]), float(row["plan"])), _known(float(row["upper"]), float(row["plan"])), float(row["gain"])]
        cells += [_known(float(row["marginal"]), 0.0), words.PLAN_HELD[str(row["held_at"])]]
        rows.append(tuple(cells))
    return Table(words.PLAN_TABLE, tuple(columns), tuple(rows), _moves(plan, currency), sortable=len(rows) > 1)


def _known(value: float, otherwise: float) -> float:
    return value if np.isfinite(value) else otherwise


def _moves(plan: Plan, currency: str) -> str:
    moved = plan.measures["plan"] - plan.measures["current"]
    added, taken = money_alike((float(moved.max()), -float(moved.min())), currency)
    told = {"more": moved.idxmax(), "added": show(added), "less": moved.idxmin(), "taken": show(taken)}
    least = LEFT * max(plan.budget, 1e-300)
    adds, takes = moved.max() > least, moved.min() < -least
    template = {
        (True, True): words.PLAN_FINDING_MOVES,
        (True, False): words.PLAN_FINDING_ADDS,
        (False, True): words.PLAN_FINDING_TAKES,
        (False, False): words.PLAN_FINDING_SAME,
    }[bool(adds), bool(takes)]
    return template.format(**told)


def _kinds(plan: Plan, currency: str) -> str:
    """How much goes into customers to be won, and how much into those that there are."""
    won = plan.measures["lever"].isin(("acquisition", "win-back"))
    new, today = (float(plan.measures.loc[won, name].sum()) for name in ("plan", "current"))
    all_of_plan, all_of_today = (float(plan.measures[name].sum()) for name in ("plan", "current"))
    if not all_of_plan:
        return words.PLAN_KINDS_NOTHING
    told = {"new": show(share(new / all_of_plan)), "spend": show(money(all_of_plan, currency))}
    if not all_of_today:
        return words.PLAN_KINDS.format(**told)
    return words.PLAN_KINDS_TODAY.format(**told, today=show(share(today / all_of_today)))


def _tail(plan: Plan) -> str:
    return words.PERCENT.format(number=plain(100 * (1 - plan.level)))


def _probability(chance: float) -> str:
    told = probability(chance)
    return told if isinstance(told, str) else show(told)


def _compared(plan: Plan, currency: str) -> Table:
    told, tail = plan.comparison, _tail(plan)
    scale, digits = money_format(told[["spend", "mean", "cvar"]].to_numpy().ravel().tolist())
    columns = (
        Column(words.COLUMN_ALTERNATIVE),
        *(
            Column(name, "number", unit=currency, scale=scale, digits=digits)
            for name in (words.COLUMN_SPEND, words.COLUMN_PROFIT, words.COLUMN_WORST.format(tail=tail))
        ),
        Column(words.COLUMN_LOSS, "fact"),
        Column(words.COLUMN_PLAN_BETTER, "fact"),
    )
    rows: list[tuple[Cell, ...]] = []
    for name, row in told.iterrows():
        amounts = (float(row[column]) for column in ("spend", "mean", "cvar"))
        chances = (probability(float(row[column])) for column in ("p_loss", "p_plan_better"))
        rows.append((words.COMPARISON_NAMES[str(name)], *amounts, *chances))
    worst = [show(amount) for amount in money_alike(told["cvar"].loc[["plan", "current"]], currency)]
    finding = words.COMPARISON_FINDING.format(tail=tail, plan=worst[0], current=worst[1])
    return Table(words.COMPARISON_TABLE, columns, tuple(rows), finding)


def _trade(plan: Plan, currency: str) -> str:
    bold, careful = plan.frontier.iloc[0], plan.frontier.iloc[-1]
    lost, won = float(bold["mean"] - careful["mean"]), float(careful["cvar"] - bold["cvar"])
    if max(abs(lost), abs(won)) < FLAT * abs(float(bold["mean"])):
        return words.FRONTIER_FINDING_FLAT.format(spread=show(money(FLAT * abs(float(bold["mean"])), currency)))
    mean, worst = (show(amount) for amount in money_alike((lost, won), currency))
    tail = _tail(plan)
    return words.FRONTIER_FINDING.format(most=plain(float(careful["risk_aversion"])), mean=mean, worst=worst, tail=tail)


def _frontier(plan: Plan, currency: str) -> Table:
    measures = list(plan.measures.sort_values("plan", ascending=False, kind="stable").index[:MOST_COLUMNS])
    names = ["spend", "mean", "cvar", *measures]
    scale, digits = money_format(plan.frontier[names].to_numpy().ravel().tolist())
    titles = [words.COLUMN_SPEND, words.COLUMN_PROFIT, words.COLUMN_WORST.format(tail=_tail(plan)), *map(str, measures)]
    columns = (
        Column(words.COLUMN_RISK_AVERSION),
        *(Column(title, "number", unit=currency, scale=scale, digits=digits) for title in titles),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (plain(row["risk_aversion"]), *(float(row[name]) for name in names)) for row in plan.frontier.to_dict("records")
    )
    return Table(words.FRONTIER_TABLE, columns, rows, _trade(plan, currency))


def _limits(plan: Plan, currency: str) -> list[str]:
    """What holds the plan back, and how much of it was luck."""
    told, left = [], plan.budget - float(plan.measures["plan"].sum())
    full = plan.measures.index[(plan.measures["held_at"] == "most") & (plan.measures["marginal"] > 1)]
    if left > LEFT * plan.budget:
        held = bool(len(full) or plan.binding or plan.risk_aversion)
        told.append((words.PLAN_LEFT_HELD if held else words.PLAN_LEFT).format(left=show(money(left, currency))))
        if plan.risk_aversion and not (len(full) or plan.binding):
            told.append(words.PLAN_LEFT_RISK)
    elif plan.shadow_price > 0:
        told.append(words.PLAN_PRICE.format(price=decimal(plan.shadow_price, 2)))
    if len(full):
        told.append(words.PLAN_FULL.format(measures=", ".join(map(str, full))))
    if plan.binding:
        told.append(words.PLAN_BINDING.format(limits="; ".join(map(translated, plan.binding))))
    optimism, error = (show(amount) for amount in money_alike(plan.optimism, currency))
    template = words.PLAN_OPTIMISM if plan.optimism.value > 0 else words.PLAN_OPTIMISM_NONE
    return [*told, template.format(optimism=optimism, error=error)]
