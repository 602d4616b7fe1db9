"""Would the forecast have told the truth: the back-test as a reader needs it, one function a section."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from clvbayes.report import prose_en as words
from clvbayes.report.backtest_figures import Graded, Pair, class_bars, graded_bands, tracking_chart
from clvbayes.report.blocks import Block, Cell, Column, Document, Figure, Finding, Note, Prose, Quantity, Section, Table
from clvbayes.report.graded import GradedModel
from clvbayes.report.levels import SMALLEST_LEVEL
from clvbayes.report.numbers import count, decimal, money_alike, money_format, share, show

__all__ = ["BACKTEST_SECTIONS", "backtest_document", "backtest_verdict"]


def backtest_verdict(graded: GradedModel) -> Finding:
    """What a first page must say of the back-test."""
    worst, firmest = graded.worst, graded.firmest
    if worst is not None:
        template = words.BACKTEST_AGAINST if np.isfinite(worst.factor) else words.BACKTEST_AGAINST_WIDTHLESS
        told = template.format(
            measure=words.MEASURES[worst.measure],
            held=worst.held,
            origins=worst.origins,
            weeks=worst.weeks,
            factor=decimal(worst.factor, 1) if np.isfinite(worst.factor) else "",
        )
        return Finding("failed", told, words.BACKTEST_AGAINST_ADVICE.format(section=words.BACKTEST))
    if firmest.judgement == "too few origins":
        return Finding("note", words.BACKTEST_TOO_FEW.format(origins=firmest.origins))
    measure = words.MEASURES[firmest.measure]
    return Finding("ok", words.BACKTEST_HELD.format(measure=measure, held=firmest.held, origins=firmest.origins, weeks=firmest.weeks))


def verdicts(graded: GradedModel) -> Section:
    """How it was made, which model told it best, and the verdicts on the one that is used."""
    found = graded.backtest
    origins = sorted(set(found.forecasts["origin"]))
    made = words.BACKTEST_MADE if len(origins) > 1 else words.BACKTEST_MADE_ONE
    last = found.settings["until"]
    blocks: list[Block] = [Prose(made.format(origins=len(origins), first=origins[0], last=origins[-1], until=last))]
    template = words.BACKTEST_CHOICE if found.choice.model == graded.own else words.BACKTEST_CHOICE_OTHER
    chosen = template.format(own=graded.own, model=found.choice.model, reason=found.choice.reason)
    blocks.append(Finding("ok" if found.choice.model == graded.own else "note", chosen))
    blocks.append(_verdict_table(graded))
    blocks += [Note(note) for note in found.notes]
    failed = int((~found.certificates["passed"]).sum())
    if failed:
        blocks.append(Note(words.BACKTEST_FAILED_FITS.format(failed=failed, fits=len(found.certificates))))
    return Section(words.BACKTEST, tuple(blocks))


def _verdict_table(graded: GradedModel) -> Table:
    status = {"too narrow": "failed", "not refuted": "ok"}
    columns = (
        Column(words.COLUMN_MEASURE),
        Column(words.COLUMN_HORIZON),
        Column(words.COLUMN_HELD),
        Column(words.COLUMN_STATUS, "status"),
        Column(words.COLUMN_VERDICT),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            words.MEASURES[verdict.measure],
            words.HORIZON.format(weeks=verdict.weeks),
            words.HELD_OF.format(held=verdict.held, forecasts=verdict.origins),
            status.get(verdict.judgement, "note"),
            verdict.message,
        )
        for verdict in graded.verdicts
    )
    return Table(words.VERDICT_TABLE.format(model=graded.own), columns, rows)


def forecast_and_fact(graded: GradedModel) -> Section:
    """Bands of revenue over the shortest horizon, one a forecast, with what happened."""
    own = graded.total()
    own = own[own["weeks"] == graded.weeks]
    bands = [
        Graded(str(row["origin"]), (row["q05"], row["q95"]), (row["q25"], row["q75"]), row["q50"], row["actual"])
        for row in own.to_dict("records")
    ]
    bias = float((own["mean"] / own["actual"].where(own["actual"] > 0) - 1).mean())
    off = words.GRADED_OFF.format(bias=_signed(bias)) if np.isfinite(bias) else ""
    held = sum(band.held for band in bands)
    finding = words.GRADED_FINDING.format(weeks=graded.weeks, held=held, forecasts=len(bands), off=off)
    figure = Figure(
        words.GRADED_TITLE,
        words.GRADED_ALT.format(finding=finding),
        graded_bands(bands, currency=graded.currency),
        finding,
        words.GRADED_CAPTION.format(weeks=graded.weeks),
    )
    return Section(words.GRADED_TITLE, (figure,), width="half")


def week_by_week(graded: GradedModel) -> Section:
    """The latest forecast of the longest horizon, in weeks."""
    own = graded.total()
    longest = own[own["weeks"] == own["weeks"].max()].iloc[-1]
    weekly = graded.backtest.weekly
    weekly = weekly[(weekly["model"] == graded.own) & (weekly["origin"] == longest["origin"]) & (weekly["measure"] == "revenue")]
    weeks = int(longest["weeks"])
    weekly = weekly.sort_values("week").iloc[:weeks]
    names = {0.025: "q02_5", 0.1: "q10", 0.25: "q25", 0.5: "q50", 0.75: "q75", 0.9: "q90", 0.975: "q97_5"}
    quantiles = {probability: weekly[name].to_list() for probability, name in names.items()}
    inside = int(((weekly["actual"] >= weekly["q02_5"]) & (weekly["actual"] <= weekly["q97_5"])).sum())
    actual, mean = (show(amount) for amount in money_alike((longest["actual"], longest["mean"]), graded.currency))
    finding = words.TRACKING_FINDING.format(inside=inside, weeks=weeks, actual=actual, mean=mean)
    title = words.TRACKING_TITLE.format(origin=longest["origin"])
    figure = Figure(
        title,
        words.TRACKING_ALT.format(finding=finding),
        tracking_chart(weekly["actual"].to_list(), quantiles, currency=graded.currency),
        finding,
        words.TRACKING_CAPTION.format(weeks=weeks, customers=show(count(longest["customers"]))),
    )
    return Section(title, (figure,), width="half")


def by_class(graded: GradedModel) -> Section:
    """Orders per customer, forecast and happened, by what was known; then how well values were ranked."""
    frame = graded.backtest.classes
    own = frame[(frame["model"] == graded.own) & (frame["measure"] == "orders") & (frame["weeks"] == graded.weeks)]
    sums = own.groupby(["by", "class"], sort=False)[["customers", "actual", "mean"]].sum().reset_index()
    sums = sums[sums["customers"] >= SMALLEST_LEVEL]
    each = sums.assign(actual=sums["actual"] / sums["customers"], mean=sums["mean"] / sums["customers"])
    panels = [
        (
            words.CLASS_TITLES[by],
            [
                Pair(words.CLASS_LABELS.get(row["class"], row["class"]), row["mean"], row["actual"])
                for row in each[each["by"] == by].to_dict("records")
            ],
        )
        for by in words.CLASS_TITLES
    ]
    worst = each.iloc[int(((sums["mean"] - sums["actual"]).abs()).argmax())]
    template = words.CLASSES_FINDING if worst["by"] == "frequency" else words.CLASSES_FINDING_SILENCE
    name = words.CLASS_IN_WORDS.format(klass=worst["class"]) if worst["by"] == "frequency" else worst["class"]
    finding = template.format(klass=name, forecast=decimal(worst["mean"], 2), actual=decimal(worst["actual"], 2), weeks=graded.weeks)
    figure = Figure(
        words.CLASSES_TITLE,
        words.CLASSES_ALT.format(finding=finding),
        class_bars(panels),
        finding,
        words.CLASSES_CAPTION.format(weeks=graded.weeks),
    )
    return Section(words.CLASSES_TITLE, (figure, *_ranking(graded)))


def _ranking(graded: GradedModel) -> tuple[Prose, ...]:
    frame = graded.backtest.ranking
    own = frame[(frame["model"] == graded.own) & (frame["weeks"] == graded.weeks)]
    total, top = own["actual"].sum(), own[own["tenth"] == 1]
    if total <= 0:
        return ()
    actual, best = (show(share(float(top[name].sum() / total))) for name in ("actual", "best"))
    return (Prose(words.RANKING_SENTENCE.format(actual=actual, best=best, weeks=graded.weeks)),)


def models_compared(graded: GradedModel) -> Section:
    """Totals and single customers, by model; then levels, and customers not yet won, of the own one."""
    blocks = [_totals(graded), Note(words.TOTALS_NOTE), _singles(graded), Note(words.SINGLES_NOTE), *_levels(graded), *_new(graded)]
    return Section(words.MODELS_COMPARED, tuple(blocks))


def _totals(graded: GradedModel) -> Table:
    frame = graded.backtest.forecasts
    total = frame[(frame["who"] == "existing") & (frame["column"] == "")]
    actual = total["actual"].where(total["actual"] > 0)
    relative = total.assign(off=total["mean"] / actual - 1, relative=total["crps"] / actual)
    rows: list[tuple[Cell, ...]] = []
    nearest = ("", np.inf)
    for verdict in sorted(graded.backtest.verdicts, key=lambda verdict: (verdict.measure, verdict.weeks)):
        is_of = (relative["model"] == verdict.model) & (relative["measure"] == verdict.measure) & (relative["weeks"] == verdict.weeks)
        own = relative[is_of]
        crps = float(own["relative"].mean())
        if verdict.measure == "revenue" and verdict.weeks == graded.weeks and crps < nearest[1]:
            nearest = (verdict.model, crps)
        held = words.HELD_OF.format(held=int(own["held_90"].sum()), forecasts=len(own))
        apart = words.HELD_OF.format(held=verdict.held, forecasts=verdict.origins)
        named = (words.MEASURES[verdict.measure], str(verdict.weeks), verdict.model)
        numbers = (
            _share(own["off"].mean(), 0),
            _share(crps, 1),
            Quantity(verdict.factor, digits=1) if np.isfinite(verdict.factor) else words.NONE,
        )
        rows.append((*named, held, apart, *numbers))
    columns = (
        Column(words.COLUMN_MEASURE),
        Column(words.COLUMN_WEEKS),
        Column(words.COLUMN_MODEL),
        Column(words.COLUMN_HELD),
        Column(words.COLUMN_HELD_APART),
        Column(words.COLUMN_OFF, "fact"),
        Column(words.COLUMN_CRPS, "fact"),
        Column(words.COLUMN_FACTOR, "fact"),
    )
    finding = words.TOTALS_FINDING.format(weeks=graded.weeks, model=nearest[0], crps=show(share(nearest[1]))) if nearest[0] else ""
    return Table(words.TOTALS_TABLE, columns, tuple(rows), finding)


def _share(value: float, digits: int) -> Quantity | str:
    """Of nothing that happened no share can be taken."""
    return Quantity(float(value), kind="share", digits=digits) if np.isfinite(value) else words.NONE


def _singles(graded: GradedModel) -> Table:
    found = graded.backtest
    differences = found.differences[found.differences["weeks"] == graded.weeks]
    pit = found.customers[(found.customers["weeks"] == graded.weeks) & (found.customers["measure"] == "orders")]
    inside = pit.groupby("model").apply(lambda own: float(np.average(own["pit_90"], weights=own["customers"])))
    best, rows = {}, []
    for measure in ("orders", "revenue"):
        own = differences[differences["measure"] == measure]
        best[measure] = str(own["model"].iloc[int(own["loss"].argmin())])
    for model in dict.fromkeys(differences["model"]):
        of_model = differences[differences["model"] == model]
        orders, revenue = (
            of_model[(of_model["measure"] == measure) & (of_model["other"] == best[measure])].iloc[0] for measure in ("orders", "revenue")
        )
        rows.append(
            (
                str(model),
                -float(orders["loss"]),
                -float(orders["difference"]),
                float(orders["se"]),
                inside[model],
                float(revenue["loss"]),
                float(revenue["difference"]),
                float(revenue["se"]),
            )
        )
    scale, digits = money_format([row[5] for row in rows])
    columns = (
        Column(words.COLUMN_MODEL),
        Column(words.COLUMN_LOG_SCORE, "number", digits=4),
        Column(words.COLUMN_LOG_DIFFERENCE, "number", digits=4),
        Column(words.COLUMN_STANDARD_ERROR, "number", digits=4),
        Column(words.COLUMN_PIT, "share", digits=1),
        *(
            Column(title, "number", unit=graded.currency, scale=scale, digits=digits + more)
            for title, more in (
                (words.COLUMN_CRPS_EACH, 0),
                (words.COLUMN_CRPS_DIFFERENCE, 1),
                (words.COLUMN_STANDARD_ERROR, 1),
            )
        ),
    )
    finding = words.SINGLES_FINDING.format(model=best["orders"], share=show(share(inside[best["orders"]])))
    return Table(words.SINGLES_TABLE.format(weeks=graded.weeks), columns, tuple(rows), finding)


def _levels(graded: GradedModel) -> list[Block]:
    """Of levels with as many customers as may be shown, at every origin."""
    frame = graded.backtest.forecasts
    own = frame[(frame["model"] == graded.own) & (frame["measure"] == "revenue") & (frame["weeks"] == graded.weeks)]
    own = own[own["column"] != ""]
    tables: list[Block] = []
    for column, of_column in own.groupby("column", sort=False):
        smallest = of_column.groupby("level")["customers"].min()
        shown = of_column[of_column["level"].isin(smallest[smallest >= SMALLEST_LEVEL].index)]
        rows: list[tuple[Cell, ...]] = []
        for level, of_level in shown.groupby("level", sort=True):
            off = _off(of_level)
            held = words.HELD_OF.format(held=int(of_level["held_90"].sum()), forecasts=len(of_level))
            rows.append((str(level), int(of_level["customers"].iloc[-1]), held, off))
        if rows:
            columns = (
                Column(words.COLUMN_LEVEL),
                Column(words.COLUMN_CUSTOMERS, "number"),
                Column(words.COLUMN_HELD),
                Column(words.COLUMN_OFF, "fact"),
            )
            finding = words.LEVELS_FINDING.format(held=int(shown["held_90"].sum()), forecasts=len(shown))
            title = words.LEVELS_TABLE.format(weeks=graded.weeks, column=column)
            tables.append(Table(title, columns, tuple(rows), finding, sortable=len(rows) > 1))
    return tables


def _off(own: pd.DataFrame) -> Quantity | str:
    """How far forecasts together are off what happened."""
    return _share(float(own["mean"].sum() / own["actual"].sum() - 1) if own["actual"].sum() > 0 else np.nan, 1)


def _new(graded: GradedModel) -> list[Block]:
    revenue = graded.total("new")
    if not len(revenue):
        return []
    rows: list[tuple[Cell, ...]] = []
    for measure in ("orders", "revenue"):
        for weeks, own in graded.total("new", measure).groupby("weeks"):
            off = _off(own)
            held = words.HELD_OF.format(held=int(own["held_90"].sum()), forecasts=len(own))
            rows.append((words.HORIZON.format(weeks=weeks), words.MEASURES[measure], int(own["customers"].mean()), held, off))
    columns = (
        Column(words.COLUMN_HORIZON),
        Column(words.COLUMN_MEASURE),
        Column(words.COLUMN_CUSTOMERS, "number"),
        Column(words.COLUMN_HELD),
        Column(words.COLUMN_OFF, "fact"),
    )
    finding = words.NEW_FINDING.format(held=int(revenue["held_90"].sum()), forecasts=len(revenue))
    return [Table(words.NEW_TABLE, columns, tuple(rows), finding)]


def _signed(value: float) -> str:
    return words.PERCENT.format(number=("+" if value >= 0 else "") + decimal(100 * value, 0))


BACKTEST_SECTIONS: tuple[Callable[[GradedModel], Section], ...] = (verdicts, forecast_and_fact, week_by_week, by_class, models_compared)


def backtest_document(graded: GradedModel) -> Document:
    """A back-test by itself, as a document."""
    origins = sorted(set(graded.backtest.forecasts["origin"]))
    subtitle = words.BACKTEST_SUBTITLE.format(
        origins=len(origins), first=origins[0], last=origins[-1], until=graded.backtest.settings["until"], source=graded.source
    )
    return Document(words.BACKTEST_TITLE, subtitle, tuple(section(graded) for section in BACKTEST_SECTIONS))
