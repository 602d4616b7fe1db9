"""Would the forecast have told the truth: the back-test as a reader needs it, one function a section."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from clvbayes.grading import BASELINES, Verdict
from clvbayes.report.backtest_figures import Graded, Pair, class_bars, graded_bands, tracking_chart
from clvbayes.report.blocks import Block, Cell, Column, Document, Figure, Finding, Note, Prose, Quantity, Section, Table, named
from clvbayes.report.graded import GradedModel
from clvbayes.report.language import Language, day, speaking, spoken, translated, words
from clvbayes.report.levels import SMALLEST_LEVEL
from clvbayes.report.numbers import count, decimal, money_alike, money_format, share, show

__all__ = [
    "BACKTEST_SECTIONS",
    "backtest_document",
    "backtest_verdict",
    "graded_bars",
    "models_compared",
    "off_of_all",
    "share_of_all",
    "verdict_status",
    "verdicts",
]

MANY_FAILED = 0.25  # of the fits of the model itself


def backtest_verdict(graded: GradedModel, *, section: str | None = None) -> Finding:
    """What a first page must say of the back-test, the worst that it found; more is told under the title `section`."""
    worst, decided = graded.worst, [verdict for verdict in graded.verdicts if verdict.judgement != "too few origins"]
    if worst is not None:
        told = _held(words.BACKTEST_AGAINST, worst)
        if worst.factor is not None:
            told += words.BACKTEST_FACTOR.format(factor=decimal(worst.factor, 1))
        return Finding("failed", told, words.BACKTEST_AGAINST_ADVICE.format(section=section or words.BACKTEST))
    if not decided:
        return Finding("note", words.BACKTEST_TOO_FEW.format(origins=max(verdict.origins for verdict in graded.verdicts)))
    seldom = [verdict for verdict in decided if not verdict.as_often_as_it_should]
    least = min(seldom or decided, key=lambda verdict: (verdict.chance, verdict.measure != graded.money))
    never = words.BACKTEST_NEVER * any(verdict.held == 0 for verdict in graded.verdicts if verdict not in decided)
    if seldom or never:
        return Finding("note", _held(words.BACKTEST_UNDECIDED if seldom else words.BACKTEST_HELD, least) + never)
    if graded.failed_share > MANY_FAILED:
        return Finding("note", _held(words.BACKTEST_HELD, least) + words.BACKTEST_FITS_FAILED)
    return Finding("ok", _held(words.BACKTEST_HELD, least))


def _held(template: str, verdict: Verdict) -> str:
    measure = words.MEASURES[verdict.measure]
    return template.format(measure=measure, held=verdict.held, origins=verdict.origins, weeks=verdict.weeks)


def verdicts(graded: GradedModel) -> Section:
    """How it was made, which model told it best, and the verdicts on the one that is used."""
    found = graded.backtest
    origins = sorted(set(found.forecasts["origin"]))
    made = words.BACKTEST_MADE if len(origins) > 1 else words.BACKTEST_MADE_ONE
    last = found.settings["until"]
    widened = words.BACKTEST_WIDENED if found.settings["widened"] else ""
    told = made.format(origins=len(origins), first=day(origins[0]), last=day(origins[-1]), until=day(last), widened=widened)
    graded_customers = int(found.certificates["customers"].max())
    if found.settings["customers"] is not None and graded_customers >= found.settings["customers"]:
        told += words.SPREAD_SAMPLE.format(customers=show(count(graded_customers)))
    blocks: list[Block] = [Prose(told)]
    if graded.of_other_data:
        blocks.append(Finding("note", words.BACKTEST_OTHER_DATA.format(source=found.settings["source"], until=day(last))))
    if len(found.models) == 1:
        blocks.append(Finding("ok", words.BACKTEST_ALONE.format(model=translated(graded.own))))
    else:
        template = words.BACKTEST_CHOICE if found.choice.model == graded.own else words.BACKTEST_CHOICE_OTHER
        named = {"own": graded.own, "model": found.choice.model, "reason": found.choice.reason}
        chosen = template.format(**{name: translated(text) for name, text in named.items()})
        blocks.append(Finding("ok" if found.choice.model == graded.own else "note", chosen))
    blocks += [Finding("note", text) for text in _beaten_by_baselines(graded)]
    blocks += [_verdict_table(graded), _past_forecasts(graded)]
    blocks += [Note(translated(note)) for note in found.notes]
    failed = int((~found.certificates["passed"]).sum())
    if failed:
        by_model = (~found.certificates["passed"]).groupby(found.certificates["model"]).agg(["sum", "size"])
        which = [
            words.FAILED_FITS_OF.format(failed=int(count), fits=int(fits), model=translated(model))
            for model, count, fits in by_model.itertuples()
            if count
        ]
        blocks.append(Note(words.BACKTEST_FAILED_FITS.format(failed=failed, fits=len(found.certificates), which=words.LIST.join(which))))
    return Section(words.BACKTEST, tuple(blocks))


def _beaten_by_baselines(graded: GradedModel) -> list[str]:
    """What any model must beat, and this one did not."""
    frame = graded.backtest.differences
    own = frame[(frame["weeks"] == graded.weeks) & (frame["model"] == graded.own) & frame["other"].isin(BASELINES)]
    return [
        words.BACKTEST_BEATEN.format(
            model=translated(graded.own),
            baseline=translated(row["other"]),
            measure=words.MEASURES[row["measure"]],
            weeks=graded.weeks,
        )
        for row in own[own["difference"] > 0].to_dict("records")
    ]


def verdict_status(verdict: Verdict) -> str:
    """How a table marks it."""
    if verdict.judgement == "too narrow":
        return "failed"
    return "ok" if verdict.judgement == "not refuted" and verdict.as_often_as_it_should else "note"


def _verdict_table(graded: GradedModel) -> Table:
    columns = (
        Column(words.COLUMN_MEASURED),
        Column(words.COLUMN_WEEKS),
        Column(words.COLUMN_HELD),
        Column(words.COLUMN_STATUS, "status"),
        Column(words.COLUMN_VERDICT),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            words.MEASURES[verdict.measure],
            str(verdict.weeks),
            words.HELD_OF.format(held=verdict.held, forecasts=verdict.origins),
            verdict_status(verdict),
            translated(verdict.message),
        )
        for verdict in graded.verdicts
    )
    judged = [verdict.judgement for verdict in graded.verdicts]
    finding = words.VERDICT_FINDING.format(verdicts=len(judged), against=judged.count("too narrow"), wide=judged.count("too wide"))
    return Table(words.VERDICT_TABLE.format(model=translated(graded.own)), columns, rows, finding)


def _past_forecasts(graded: GradedModel) -> Table:
    """Every graded forecast of the revenue of all known customers, from the oldest."""
    own = graded.total().sort_values(["weeks", "origin"])
    scale, digits = money_format(own[["mean", "actual"]].to_numpy().ravel().tolist())
    amounts = (words.COLUMN_FORECAST, words.COLUMN_LOW, words.COLUMN_HIGH, words.COLUMN_HAPPENED)
    columns = (
        Column(words.COLUMN_ORIGIN, "date"),
        Column(words.COLUMN_WEEKS, "number"),
        Column(words.COLUMN_CUSTOMERS, "number"),
        *(Column(title, "number", unit=graded.currency, scale=scale, digits=digits) for title in amounts),
        Column(words.COLUMN_INSIDE),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            pd.Timestamp(row["origin"]).date(),
            int(row["weeks"]),
            int(row["customers"]),
            *(float(row[name]) for name in ("mean", "q05", "q95", "actual")),
            words.INSIDE if row["held_90"] else words.OUTSIDE,
        )
        for row in own.to_dict("records")
    )
    finding = words.PAST_FINDING.format(held=int(own["held_90"].sum()), forecasts=len(own))
    return Table(words.PAST_TABLE, columns, rows, finding, sortable=len(rows) > 1)


def forecast_and_fact(graded: GradedModel) -> Section:
    """Bands of revenue over the shortest horizon, one a forecast, with what happened."""
    bands = graded_bars(graded)
    held = sum(band.held for band in bands)
    finding = words.GRADED_FINDING.format(weeks=graded.weeks, held=held, forecasts=len(bands))
    apart = next(verdict.origins for verdict in graded.verdicts if verdict.weeks == graded.weeks)
    caption = words.GRADED_CAPTION + words.GRADED_OVERLAP * (apart < len(bands))
    figure = Figure(
        words.GRADED_TITLE,
        words.GRADED_ALT.format(finding=finding),
        graded_bands(bands, currency=graded.currency),
        finding,
        caption.format(weeks=graded.weeks),
    )
    return Section(words.GRADED_TITLE, (figure,), width="half")


def graded_bars(graded: GradedModel) -> list[Graded]:
    """Forecasts of revenue, or of what recurs, over the shortest horizon, from the oldest."""
    own = graded.total()
    return [
        Graded(day(row["origin"]), (row["q05"], row["q95"]), (row["q25"], row["q75"]), row["q50"], row["actual"])
        for row in own[own["weeks"] == graded.weeks].to_dict("records")
    ]


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
    template = words.TRACKING_FINDING_HELD if longest["held_90"] else words.TRACKING_FINDING_MISSED
    finding = template.format(inside=inside, weeks=weeks, actual=actual, mean=mean)
    title = words.TRACKING_TITLE.format(origin=day(longest["origin"]))
    figure = Figure(
        title,
        words.TRACKING_ALT.format(finding=finding),
        tracking_chart(weekly["actual"].to_list(), quantiles, currency=graded.currency),
        finding,
        words.TRACKING_CAPTION.format(weeks=weeks, customers=show(count(longest["customers"]))),
    )
    return Section(title, (figure,), width="half")


def by_class(graded: GradedModel) -> Section | None:
    """Orders per customer, forecast and happened, by what was known; then how well values were ranked."""
    frame = graded.backtest.classes
    own = frame[(frame["model"] == graded.own) & (frame["measure"] == "orders") & (frame["weeks"] == graded.weeks)]
    # a class without customers on some day tells nobody's orders; one of a few would
    fewest = own["customers"].where(own["customers"] > 0).groupby([own["by"], own["class"]]).transform("min")
    sums = own[fewest >= SMALLEST_LEVEL].groupby(["by", "class"], sort=False)[["customers", "actual", "mean"]].sum().reset_index()
    if sums.empty:
        return None
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
        if (each["by"] == by).any()
    ]
    worst = each.iloc[int(((sums["mean"] - sums["actual"]).abs()).argmax())]
    template = words.CLASSES_FINDING if worst["by"] == "frequency" else words.CLASSES_FINDING_SILENCE
    name = translated(worst["class"])
    name = words.CLASS_IN_WORDS.format(klass=name) if worst["by"] == "frequency" else name
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
    if total <= 0 or top["customers"].min() < SMALLEST_LEVEL:
        return ()
    actual, best = (show(share(float(top[name].sum() / total))) for name in ("actual", "best"))
    random = show(share(float(top["customers"].sum() / own["customers"].sum())))
    return (Prose(words.RANKING_SENTENCE.format(actual=actual, best=best, random=random, weeks=graded.weeks)),)


def models_compared(graded: GradedModel) -> Section:
    """Totals and single customers, by model; then levels, and customers not yet won, of the own one."""
    blocks = [_totals(graded), Note(words.TOTALS_NOTE), _singles(graded), Note(words.SINGLES_NOTE), *_levels(graded), *_new(graded)]
    return Section(words.MODELS_COMPARED, tuple(blocks))


def _totals(graded: GradedModel) -> Table:
    frame = graded.backtest.forecasts
    total = frame[(frame["who"] == "existing") & (frame["column"] == "")]
    actual = total["actual"].where(total["actual"] > 0)
    relative = total.assign(relative=total["crps"] / actual)
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
        named = (words.MEASURES[verdict.measure], str(verdict.weeks), translated(verdict.model))
        numbers = (
            off_of_all(own),
            share_of_all(crps, 1),
            words.NONE if verdict.factor is None else Quantity(verdict.factor, digits=1),
        )
        rows.append((*named, held, apart, *numbers))
    columns = (
        Column(words.COLUMN_MEASURED),
        Column(words.COLUMN_WEEKS),
        Column(words.COLUMN_MODEL),
        Column(words.COLUMN_HELD),
        Column(words.COLUMN_HELD_APART),
        Column(words.COLUMN_OFF, "fact"),
        Column(words.COLUMN_CRPS, "fact"),
        Column(words.COLUMN_FACTOR, "fact"),
    )
    finding = (
        words.TOTALS_FINDING.format(weeks=graded.weeks, model=translated(nearest[0]), crps=show(share(nearest[1]))) if nearest[0] else ""
    )
    return Table(words.TOTALS_TABLE, columns, tuple(rows), finding)


def share_of_all(value: float, digits: int) -> Quantity | str:
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
                translated(str(model)),
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
    finding = words.SINGLES_FINDING.format(model=translated(best["orders"]), share=show(share(inside[best["orders"]])))
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
            off = off_of_all(of_level)
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


def off_of_all(own: pd.DataFrame) -> Quantity | str:
    """How far forecasts together are off what happened."""
    return share_of_all(float(own["mean"].sum() / own["actual"].sum() - 1) if own["actual"].sum() > 0 else np.nan, 1)


def _new(graded: GradedModel) -> list[Block]:
    fewest = graded.total("new").groupby("weeks")["customers"].min()
    shown = fewest[fewest >= SMALLEST_LEVEL].index
    revenue = graded.total("new")[graded.total("new")["weeks"].isin(shown)]
    if not len(revenue):
        return []
    rows: list[tuple[Cell, ...]] = []
    for measure in ("orders", "revenue"):
        of_measure = graded.total("new", measure)
        for weeks, own in of_measure[of_measure["weeks"].isin(shown)].groupby("weeks"):
            off = off_of_all(own)
            held = words.HELD_OF.format(held=int(own["held_90"].sum()), forecasts=len(own))
            rows.append((words.HORIZON.format(weeks=weeks), words.MEASURES[measure], round(float(own["customers"].mean())), held, off))
    columns = (
        Column(words.COLUMN_HORIZON),
        Column(words.COLUMN_MEASURED),
        Column(words.COLUMN_CUSTOMERS, "number"),
        Column(words.COLUMN_HELD),
        Column(words.COLUMN_OFF, "fact"),
    )
    finding = words.NEW_FINDING.format(held=int(revenue["held_90"].sum()), forecasts=len(revenue))
    return [Table(words.NEW_TABLE, columns, tuple(rows), finding)]


BACKTEST_SECTIONS: dict[str, Callable[[GradedModel], Section | None]] = {
    "backtest": verdicts,
    "forecast-and-fact": forecast_and_fact,
    "week-by-week": week_by_week,
    "by-class": by_class,
    "models-compared": models_compared,
}


def backtest_document(graded: GradedModel, language: Language = "en") -> Document:
    """A back-test by itself, as a document."""
    with speaking(language):
        return _document(graded)


def _document(graded: GradedModel) -> Document:
    origins = sorted(set(graded.backtest.forecasts["origin"]))
    template = words.BACKTEST_SUBTITLE if len(origins) > 1 else words.BACKTEST_SUBTITLE_ONE
    found = graded.backtest.settings
    days = {"first": day(origins[0]), "last": day(origins[-1]), "until": day(found["until"])}
    subtitle = template.format(origins=len(origins), **days, source=found["source"])
    sections = named({name: section(graded) for name, section in BACKTEST_SECTIONS.items()})
    return Document(words.BACKTEST_TITLE, subtitle, sections, spoken())
