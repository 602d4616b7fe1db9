"""The back-test as a reader sees it, on made-up forecasts: whether bands held, which model told it best, and what must not be shown."""

import re
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from decisions.made_up_worth import made_up
from made_up_backtest import AMOUNT, HOSTILE, OTHER, OWN, TINY, Past, make_backtest
from made_up_base import UNTIL
from report.test_plan_section import measures as plan_measures
from report.test_report import Page
from scipy.stats import binom

from clvbayes.decisions import allocate
from clvbayes.grading import BASELINES, Verdict
from clvbayes.report import Budgeted, GradedModel, backtest_document, compose, render_html
from clvbayes.report import prose_en as words
from clvbayes.report.backtest_figures import Graded, class_bars, graded_bands
from clvbayes.report.backtest_figures import Pair as ClassPair
from clvbayes.report.backtest_sections import backtest_verdict, by_class, forecast_and_fact, models_compared, verdicts, week_by_week
from clvbayes.report.blocks import Figure, Finding, Headline, Note, Prose, Quantity, Table
from clvbayes.report.cautions import cautions
from clvbayes.report.newcomer_section import newcomers
from clvbayes.report.plan_section import plan_findings
from clvbayes.report.unit_economics_section import unit_economics

INK, RED = "#1b2733", "#b3261e"
MISSED = (0, 2, 3, 5)
ALIKE = {"No churn": 2.5, "Last year's rate": 0.5}
PASTS = {
    "held": Past(),
    "failed": Past(outside={(OWN, "revenue"): MISSED}),
    "failed orders": Past(outside={(OWN, "orders"): MISSED}),
    "failed both": Past(outside={(OWN, "orders"): (*MISSED, 6), (OWN, "revenue"): MISSED}),
    "other's failed": Past(outside={(OTHER, "revenue"): MISSED, ("No churn", "orders"): tuple(range(8))}),
    "two origins": Past(origins=2),
    "one origin": Past(origins=1, horizons=(13,)),
    "one horizon": Past(horizons=(8,)),
    "one model": Past(models=(OWN,)),
    "other is better": Past(off={OWN: 1.6, **ALIKE}),
    "alike": Past(off=ALIKE),
    "one silence": Past(silent=(3,)),
    "silence": Past(silent=tuple(range(8)), off=ALIKE),
    "no newcomers": Past(newcomers=()),
    "sure of none": Past(sure_of_none=(OWN,)),
    "twelve customers": Past(customers=12),
    "twelve customers once": Past(customers=12, origins=1, horizons=(13,)),
    "one missed": Past(horizons=(13,), outside={(OWN, "revenue"): (2,)}),
    "one order missed": Past(horizons=(13,), outside={(OWN, "orders"): (2,)}),
    "one missed of ten": Past(origins=10, horizons=(13,), outside={(OWN, "revenue"): (2,)}),
    "never over 39": Past(origins=4, horizons=(13, 39), outside={(OWN, "revenue", 39): (0, 1)}),
    "beaten": Past(off={OWN: 2.5, OTHER: 1.6, "No churn": 1.0, "Last year's rate": 0.5}),
    "other's beaten": Past(off={OTHER: 2.5, "No churn": 1.6, "Last year's rate": 0.5}),
    "overlapping": Past(days=tuple(UNTIL - timedelta(weeks=weeks) for weeks in (45, 41, 37, 33, 29, 25, 21, 13)), horizons=(13,)),
    "sum missed": Past(outside={(OWN, "revenue", 26): (6,)}),
    "some fits failed": Past(failed_fits=6),
    "many fits failed": Past(failed_fits=7),
    "many fits failed and one missed": Past(failed_fits=24, horizons=(13,), outside={(OWN, "revenue"): (2,)}),
    "few newcomers once": Past(newcomers=(12, 4, 10)),
    "five newcomers": Past(newcomers=(12, 5, 10)),
    "failed fits": Past(failed_fits=2, notes=("52 weeks cannot be graded: <b>no</b> origin lies so long before 2026-11-15.",)),
}


@pytest.fixture(scope="module")
def graded_of():
    made = {}

    def find(name, own=OWN):
        if name not in made:
            made[name] = make_backtest(PASTS[name])
        return GradedModel(made[name], own, "EUR")

    return find


@pytest.fixture(scope="module")
def report_of(evidence_of, graded_of):
    """The valuation report of sixty customers, with a back-test in it, and its page."""
    made = {}

    def find(name):
        if name not in made:
            document = compose(replace(evidence_of("few"), backtest=graded_of(name)))
            made[name] = document, render_html(document)
        return made[name]

    return find


def shown_in(text):
    return " ".join(data for tag, data in Page(text).texts if tag not in ("script", "style"))


def blocks_of(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def tables_of(section):
    return {table.title: table for table in blocks_of(section, Table)}


def blocks_of_all(document, words_of_it):
    """Figures of a document whose title or finding say so."""
    figures = [figure for section in document.sections for figure in blocks_of(section, Figure)]
    return [figure for figure in figures if words_of_it in figure.title + figure.finding]


def number_in(cell):
    return cell.value if isinstance(cell, Quantity) else cell


def total(backtest, model, measure, weeks, who="existing"):
    frame = backtest.forecasts
    is_of = (frame["model"] == model) & (frame["measure"] == measure) & (frame["weeks"] == weeks)
    return frame[is_of & (frame["who"] == who) & (frame["column"] == "")].sort_values("origin")


def apart(own, weeks):
    """Origins lie 13 weeks apart: of longer horizons those count that lie a whole number of horizons before the last."""
    before = (own["origin"].max() - own["origin"]) / timedelta(weeks=weeks)
    return own[before == before.round()]


# the page -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PASTS)
def test_the_page_by_itself_is_whole_and_shows_only_numbers_that_are_some(name, graded_of):
    text = render_html(backtest_document(graded_of(name)))
    page = Page(text)
    assert not page.open
    shown = shown_in(text)
    assert not re.search(r"\b(nan|inf|None|NaT)\b", shown)
    assert "{" not in shown, "a template was not filled"
    sections = [section.title for section in backtest_document(graded_of(name)).sections]
    assert [tag for tag, _ in page.elements].count("h2") == len(sections)
    assert len(sections) == (5 if PASTS[name].customers > 12 else 4)
    assert len(sections) == 5 or not blocks_of_all(backtest_document(graded_of(name)), "per customer")
    assert "orders.csv" in shown


@pytest.mark.parametrize("name", ["held", "failed", "one origin", "silence", "sure of none"])
def test_a_report_with_a_backtest_is_whole_and_shows_only_numbers_that_are_some(name, report_of):
    document, text = report_of(name)
    assert not Page(text).open
    shown = shown_in(text)
    assert not re.search(r"\b(nan|inf|None|NaT)\b", shown) and "{" not in shown
    titles = [section.title for section in document.sections]
    assert (
        titles.index(words.FORECAST) < titles.index(words.BACKTEST) < titles.index(words.MODELS_COMPARED) < titles.index(words.CERTIFICATE)
    )


@pytest.mark.parametrize("name", ["held", "failed"])
def test_the_same_backtest_gives_the_same_bytes_whatever_the_reader_set_in_matplotlib(name, graded_of):
    before, first = dict(mpl.rcParams), render_html(backtest_document(graded_of(name)))
    try:
        mpl.rcParams.update({"axes.facecolor": "black", "font.size": 20, "svg.fonttype": "path", "svg.hashsalt": None})
        again = replace(graded_of(name), backtest=make_backtest(PASTS[name]))
        assert render_html(backtest_document(again)) == first
    finally:
        mpl.rcParams.update(before)


def test_a_report_without_a_backtest_tells_how_to_make_one(evidence_of, report_of):
    without = compose(evidence_of("few"))
    assert "clvbayes backtest" in shown_in(render_html(without))
    assert words.BACKTEST not in [section.title for section in without.sections]
    assert "clvbayes backtest" not in shown_in(report_of("held")[1])


def test_small_levels_are_never_named_and_hostile_ones_do_no_harm(report_of, graded_of):
    levels = set(graded_of("held").backtest.forecasts["level"])
    assert {HOSTILE, TINY} <= levels
    for text in (report_of("held")[1], render_html(backtest_document(graded_of("held")))):
        assert TINY not in text
        assert "<script>alert" not in text and HOSTILE.replace("<", "&lt;").replace(">", "&gt;") in text
        assert [tag for tag, _ in Page(text).elements].count("script") == 1


def test_a_level_is_shown_once_it_has_five_customers():
    graded = GradedModel(make_backtest(Past(tiny=5)), OWN, "EUR")
    rows = tables_of(models_compared(graded))["Revenue over 13 weeks by industry"].rows
    assert (TINY, 5) in [row[:2] for row in rows]


def test_hostile_notes_and_labels_do_no_harm():
    hostile = "<img src=x onerror=alert(1)> + Gamma-Gamma"
    past = Past(models=(OWN, hostile), notes=("<b>nothing</b>",), off={hostile: 1.0, OWN: 1.6}, source="<u>orders</u>.csv")
    text = render_html(backtest_document(GradedModel(make_backtest(past), OWN, "<i>EUR</i>", of_other_data=True)))
    assert not {"img", "b", "i", "u"} & {tag for tag, _ in Page(text).elements}
    assert all(part in shown_in(text) for part in (hostile, "<b>nothing</b>", "<u>orders</u>.csv until"))


# the first page -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "measure"), [("failed", "revenue"), ("failed orders", "orders"), ("failed both", "revenue")])
def test_bands_that_did_not_hold_stand_in_red_before_the_cards_with_their_evidence(name, measure, report_of, graded_of):
    document, text = report_of(name)
    first = document.sections[0].blocks
    [said] = [block for block in first if isinstance(block, Finding) and block.status == "failed"]
    assert first.index(said) < first.index(next(block for block in first if isinstance(block, Headline)))
    own = total(graded_of(name).backtest, OWN, measure, 13)
    off = own["actual"] - own["q50"]
    factor = (off / np.where(off > 0, own["q95"] - own["q50"], own["q05"] - own["q50"])).max()  # of fewer than ten forecasts all count
    assert list(np.flatnonzero(~own["held_90"])) == list(PASTS[name].outside[OWN, measure])
    assert f"the total's {measure} held in 4 of 8 forecasts of 13 weeks" in said.message
    assert f"{factor:.1f} times as wide" in said.message and factor > 5
    assert words.BACKTEST in said.advice
    assert text.index('class="check failed"') < text.index('class="cards"')
    assert text.count('class="check failed"') == 1


@pytest.mark.parametrize("name", ["held", "other's failed"])
def test_bands_that_held_are_said_to_have_held_without_red(name, report_of, graded_of):
    document, text = report_of(name)
    assert 'class="check failed"' not in text
    [_, said] = blocks_of(document.sections[0], Finding)
    assert said.status == "ok" and "as often as it should" in said.message and "held in 4 of 4 forecasts" not in said.message
    assert re.search(r"total's revenue held in 8 of 8 forecasts of 13 weeks that do not overlap", said.message)
    assert "failed" not in [row[3] for row in blocks_of(verdicts(graded_of(name)), Table)[0].rows]


@pytest.mark.parametrize(("name", "origins"), [("two origins", 2), ("one origin", 1)])
def test_too_few_forecasts_are_a_note_and_no_verdict(name, origins, report_of, graded_of):
    document, text = report_of(name)
    [_, said] = blocks_of(document.sections[0], Finding)
    assert said.status == "note" and re.search(rf"too few forecasts to say .* three .* {origins}\.$", said.message)
    assert "Do not trust" not in text and "as often as it should" not in text
    assert {row[3] for row in blocks_of(verdicts(graded_of(name)), Table)[0].rows} == {"note"}


def test_two_missed_of_two_are_no_verdict_either():
    past = Past(origins=2, horizons=(13,), outside={(OWN, "revenue"): (0, 1)})
    graded = GradedModel(make_backtest(past), OWN, "EUR")
    assert backtest_verdict(graded).status == "note"
    assert blocks_of(verdicts(graded), Table)[0].rows[1][2:4] == ("0 of 2", "note")


def test_no_factor_is_named_where_no_widening_would_have_held(graded_of):
    """All draws were zero, and customers ordered: a band of no width cannot be widened."""
    said = backtest_verdict(graded_of("sure of none"))
    assert said.status == "failed" and "held in 0 of 8 forecasts of 13 weeks" in said.message
    assert "inf" not in said.message and "times as wide" not in said.message


@pytest.mark.parametrize(("name", "measure"), [("one missed", "revenue"), ("one order missed", "orders")])
def test_bands_that_held_less_often_than_they_should_are_a_note_and_not_green(name, measure, report_of, graded_of):
    """Seven of eight refute nothing, and are less than nine of ten."""
    document, text = report_of(name)
    [_, said] = blocks_of(document.sections[0], Finding)
    assert said.status == "note" and f"total's {measure} held in 7 of 8 forecasts of 13 weeks" in said.message
    assert "less often than it should" in said.message and "by chance" in said.message
    assert "as often as it should" not in said.message and 'class="check failed"' not in text
    statuses = {row[0]: row[3] for row in blocks_of(verdicts(graded_of(name)), Table)[0].rows}
    assert statuses == {"orders": "ok", "revenue": "ok"} | {measure: "note"}


def test_nine_of_ten_are_as_often_as_it_should(graded_of):
    said = backtest_verdict(graded_of("one missed of ten"))
    assert said.status == "ok" and "held in 9 of 10 forecasts" in said.message and "as often as it should" in said.message
    assert "prove" in said.message


def test_a_horizon_that_never_held_is_a_note_and_not_green(graded_of):
    """One forecast of 39 weeks is too few for a verdict, and yet it did not hold."""
    graded = graded_of("never over 39")
    assert [(v.held, v.origins, v.judgement) for v in graded.verdicts if (v.measure, v.weeks) == ("revenue", 39)] == [
        (0, 1, "too few origins")
    ]
    said = backtest_verdict(graded)
    assert said.status == "note" and "held in 4 of 4 forecasts of 13 weeks" in said.message
    assert "Over another horizon it never held." in said.message


def test_four_of_four_are_not_said_to_be_less_often_than_it_should(graded_of):
    """Though another horizon never held."""
    said = backtest_verdict(graded_of("never over 39")).message
    assert "held in 4 of 4" in said and "less often" not in said


@pytest.mark.parametrize(("name", "status"), [("held", "ok"), ("some fits failed", "ok"), ("many fits failed", "note")])
def test_where_many_fits_failed_their_checks_it_is_a_note_and_not_green(name, status, graded_of):
    """More than a quarter of those of the own model; of three fits an origin two are its own."""
    fits = graded_of(name).backtest.certificates
    own = fits[fits["model"].isin(OWN.split(" + "))]
    assert (float((~own["passed"]).mean()) > 0.25) == (status == "note")
    said = backtest_verdict(graded_of(name))
    assert said.status == status and "held in 8 of 8" in said.message
    assert ("did not pass all of their checks" in said.message) == (status == "note")


def test_failed_fits_of_another_model_are_no_reason_against_this_one(graded_of):
    graded = graded_of("held")
    fits = graded.backtest.certificates
    fits = fits.assign(passed=fits["model"] != "Lognormal")
    assert not fits["passed"].all()
    of_other = replace(graded.backtest, certificates=fits)
    assert backtest_verdict(replace(graded, backtest=of_other)).status == "ok"
    assert backtest_verdict(GradedModel(of_other, OTHER, "EUR")).status == "note"


def test_neither_failed_fits_nor_a_missed_one_make_the_other_green(graded_of):
    assert backtest_verdict(graded_of("many fits failed and one missed")).status == "note"


def verdict_of(weeks, origins, held, measure="revenue", judgement="not refuted"):
    return Verdict(OWN, measure, weeks, origins, held, float(binom.cdf(held, origins, 0.9)), -0.1, 0.1, 1.2, judgement)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([verdict_of(13, 20, 18), verdict_of(26, 10, 9)], "ok"),
        ([verdict_of(13, 12, 12), verdict_of(26, 6, 5)], "note"),
        ([verdict_of(13, 12, 12), verdict_of(26, 6, 6), verdict_of(13, 12, 10, "orders")], "note"),
        ([verdict_of(13, 20, 18), verdict_of(26, 9, 8)], "note"),
        ([verdict_of(13, 12, 12, judgement="too wide"), verdict_of(52, 1, 1, judgement="too few origins")], "ok"),
        ([verdict_of(13, 12, 6, "orders", "too narrow"), verdict_of(13, 12, 12)], "failed"),
    ],
)
def test_green_needs_nine_of_ten_of_every_verdict(found, status, graded_of):
    """Also where the verdict that held less often is not the least likely: 18 of 20 are as often as it should, 8 of 9 are not."""
    graded = graded_of("held")
    assert backtest_verdict(replace(graded, backtest=replace(graded.backtest, verdicts=tuple(found)))).status == status


def test_revenue_is_told_before_orders_also_where_orders_needed_wider_bands(graded_of):
    """Revenue without a factor, since its band had no width, comes first too."""
    graded = graded_of("held")
    revenue = replace(verdict_of(13, 8, 0, judgement="too narrow"), factor=None)
    found = (verdict_of(13, 8, 1, "orders", "too narrow"), revenue)
    said = backtest_verdict(replace(graded, backtest=replace(graded.backtest, verdicts=found)))
    assert said.status == "failed" and "total's revenue held in 0 of 8" in said.message and "times as wide" not in said.message


# verdicts and choice --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["held", "failed", "one horizon", "one model"])
def test_every_past_forecast_of_revenue_stands_with_its_day(name, graded_of):
    graded = graded_of(name)
    past = tables_of(verdicts(graded))[words.PAST_TABLE]
    assert (past.columns[0].kind, past.columns[0].title) == ("date", words.COLUMN_ORIGIN)
    own = graded.backtest.forecasts
    own = own[(own["who"] == "existing") & (own["column"] == "") & (own["model"] == OWN) & (own["measure"] == "revenue")]
    by_key = {(row["origin"], row["weeks"]): row for row in own.to_dict("records")}
    assert len(past.rows) == len(by_key)
    for day, weeks, customers, mean, low, high, actual, inside in past.rows:
        row = by_key[day, weeks]
        assert (customers, mean, low, high, actual) == tuple(row[key] for key in ("customers", "mean", "q05", "q95", "actual"))
        assert inside == (words.INSIDE if low <= actual <= high else words.OUTSIDE)
    assert past.finding.startswith(f"What happened lay within the 90 % band of {int(own['held_90'].sum())} of {len(own)} forecasts")


@pytest.mark.parametrize("name", ["held", "failed", "one horizon", "one model"])
def test_each_verdict_on_the_own_model_stands_with_its_counts(name, graded_of):
    graded = graded_of(name)
    table, _ = blocks_of(verdicts(graded), Table)
    frame = graded.backtest.forecasts
    expected = {}
    for measure in ("orders", "revenue"):
        for weeks in sorted(set(frame["weeks"])):
            own = total(graded.backtest, OWN, measure, weeks)
            own = own if weeks <= 13 else apart(own, weeks)
            expected[measure, f"{weeks}"] = f"{own['held_90'].sum()} of {len(own)}"
    assert {row[:2]: row[2] for row in table.rows} == expected
    for row in table.rows:
        assert f"held in {row[2]} forecasts" in row[4]
    failed = {row[:2] for row in table.rows if row[3] == "failed"}
    assert failed == ({("revenue", "13")} if name == "failed" else set())
    assert OWN in table.title


@pytest.mark.parametrize(
    ("name", "own", "chosen", "why"),
    [
        ("held", OWN, OWN, f"{OWN} told the orders of single customers over 13 weeks better than {OTHER}"),
        ("held", OTHER, OWN, f"{OWN} told the orders of single customers over 13 weeks better than {OTHER}"),
        ("other is better", OWN, OTHER, f"{OTHER} told the orders of single customers over 13 weeks better than {OWN}"),
        ("alike", OTHER, OWN, f"it cannot be told apart from {OTHER}"),
    ],
)
def test_the_choice_stands_with_its_reason_whichever_model_the_report_uses(name, own, chosen, why, graded_of):
    said = blocks_of(verdicts(graded_of(name, own)), Finding)[0]
    assert chosen in said.message and why in said.message
    if own == chosen:
        assert said.status == "ok" and "is the one to use" in said.message
    else:
        assert said.status == "note" and f"uses {own}; the back-test prefers {chosen}" in said.message


def test_a_backtest_of_one_model_does_not_say_that_it_is_the_one_to_use(graded_of):
    [said] = blocks_of(verdicts(graded_of("one model")), Finding)
    assert said.message.startswith(f"{OWN} was graded beside the baselines alone")
    shown = shown_in(render_html(backtest_document(graded_of("one model"))))
    assert "the one to use" not in shown and "prefers" not in shown
    assert "the one to use" in shown_in(render_html(backtest_document(graded_of("held"))))


@pytest.mark.parametrize(
    ("name", "own", "at_least"),
    [
        ("beaten", OWN, {("No churn", "orders"), ("No churn", "revenue")}),
        ("other's beaten", OTHER, {("No churn", "orders")}),
        ("other's beaten", OWN, set()),
        ("held", OWN, set()),
    ],
)
def test_a_model_that_a_baseline_beat_is_told_so(name, own, at_least, graded_of):
    """By its scores of single customers over the shortest horizon, by measure."""
    frame = graded_of(name).backtest.differences
    losses = frame[frame["weeks"] == 13].drop_duplicates(["measure", "model"]).set_index(["measure", "model"])["loss"]
    expected = {(other, m) for other in BASELINES for m in ("orders", "revenue") if losses[m, other] < losses[m, own]}
    assert at_least <= expected and bool(at_least) == bool(expected)
    told = [said for said in blocks_of(verdicts(graded_of(name, own)), Finding) if "any model must beat" in said.message]
    found = [
        re.match(r"“(.*)”, .* told the (\w+) of single customers over 13 weeks better than (.*):", said.message).groups() for said in told
    ]
    assert sorted(found) == sorted((other, measure, own) for other, measure in expected)
    assert {said.status for said in told} <= {"note"}


def test_a_backtest_of_other_data_says_so_with_their_name_and_day(graded_of):
    same, other = graded_of("held"), replace(graded_of("held"), of_other_data=True)
    [said] = [said for said in blocks_of(verdicts(other), Finding) if "other data" in said.message]
    assert said.status == "note" and "orders.csv until 2026-11-15" in said.message and "clvbayes backtest" in said.message
    assert "other data" not in shown_in(render_html(backtest_document(same)))
    assert asdict(backtest_verdict(other)) == asdict(backtest_verdict(same)), "the verdict stays what it was"


def test_notes_and_failed_fits_are_told(graded_of):
    notes = [note.text for note in blocks_of(verdicts(graded_of("failed fits")), Note)]
    of_fits = graded_of("failed fits").backtest.certificates
    failed = of_fits[~of_fits["passed"]].groupby("model").size()
    which = ", ".join(f"{count} of {(of_fits['model'] == model).sum()} of {model}" for model, count in failed.items())
    assert notes == [PASTS["failed fits"].notes[0], f"2 of 24 fits of the back-test did not pass all of their checks: {which}."]
    assert not blocks_of(verdicts(graded_of("held")), Note)


def test_how_it_was_made_is_told_with_its_days(graded_of):
    [several], [one] = (blocks_of(verdicts(graded_of(name)), Prose) for name in ("held", "one origin"))
    assert all(part in several.text for part in ("8 past days", "2024-11-17 to 2026-08-16", "until 2026-11-15"))
    assert "From 2026-08-16" in one.text and "past days" not in one.text
    assert "1 past days" not in shown_in(render_html(backtest_document(graded_of("one origin"))))


# figures --------------------------------------------------------------------------------------------------------------------------------


def dots_of(svg):
    """Horizontal place and colour of each dot; those of the legend are the last two. Marks on the axes have a stroke width."""
    found = re.findall(r'<use href="#\w+" x="([\d.]+)" y="[\d.]+" style="fill: (#\w{6}); stroke: \2"/>', svg)
    return [(float(x), color) for x, color in found[:-2]]


@pytest.mark.parametrize("name", ["held", "failed", "one origin", "one silence", "silence", "one horizon"])
def test_one_dot_a_forecast_is_red_exactly_where_the_band_did_not_hold(name, graded_of):
    graded = graded_of(name)
    [figure] = blocks_of(forecast_and_fact(graded), Figure)
    own = total(graded.backtest, OWN, "revenue", min(PASTS[name].horizons))
    dots = dots_of(figure.svg)
    assert [color for _, color in dots] == [INK if held else RED for held in own["held_90"]]
    assert [x for x, _ in dots] == sorted({x for x, _ in dots})
    assert all(str(origin) in figure.svg for origin in own["origin"])
    assert f"held in {own['held_90'].sum()} of {len(own)} forecasts" in figure.finding


def test_what_lies_at_the_end_of_a_band_lies_inside():
    ends = [Graded("a", (1.0, 3.0), (1.5, 2.5), 2.0, actual) for actual in (1.0, 3.0, np.nextafter(1.0, 0), np.nextafter(3.0, 4))]
    assert [color for _, color in dots_of(graded_bands(ends, currency="EUR"))] == [INK, INK, RED, RED]


@pytest.mark.parametrize("name", ["held", "failed", "silence", "one origin"])
def test_every_figure_says_its_finding_to_those_who_cannot_see_it(name, graded_of, report_of):
    figures = [figure for section in backtest_document(graded_of(name)).sections for figure in blocks_of(section, Figure)]
    assert len(figures) == 3
    labels = [attributes["aria-label"] for tag, attributes in Page(report_of(name)[1]).elements if tag == "svg"]
    for figure in figures:
        assert figure.finding and figure.alt.endswith(figure.finding) and len(figure.alt) > len(figure.finding)
        assert figure.alt in labels


@pytest.mark.parametrize("highest", [0.4, 2.31, 37.0])
def test_the_axis_of_classes_reaches_above_the_highest_bar(highest):
    svg = class_bars([("Repeat orders", [ClassPair("none", 0.1 * highest, 0.2 * highest), ClassPair("many", highest, 0.5 * highest)])])
    ticks = [float(tick) for tick in re.findall(r">([\d.]+)</(?:text|tspan)>", svg)]
    assert max(ticks) >= highest


@pytest.mark.parametrize("name", ["held", "failed", "failed both"])
def test_the_table_of_verdicts_counts_those_against(name, graded_of):
    table = blocks_of(verdicts(graded_of(name)), Table)[0]
    failed = [row[3] for row in table.rows].count("failed")
    assert table.finding.startswith(f"Of {len(table.rows)} verdicts, {failed} say that the bands were too narrow") and (failed > 0) == (
        name != "held"
    )


@pytest.mark.parametrize("name", ["held", "failed", "one silence"])
def test_how_far_forecasts_lay_from_what_happened_is_told(name, graded_of):
    """Of windows in which nothing happened no share is taken."""
    own = total(graded_of(name).backtest, OWN, "revenue", 13)
    off = (own["mean"] / own["actual"] - 1)[own["actual"] > 0]
    assert len(off) == 8 - len(PASTS[name].silent)
    ends = [f"{100 * abs(end):.0f}\u00a0% {'above' if end > 0 else 'below'}" for end in (off.min(), off.max())]
    assert name != "failed" or (off.min() < -0.3 and off.max() > 0), "their mean would hide them"
    [row] = [row for row in blocks_of(verdicts(graded_of(name)), Table)[0].rows if row[:2] == ("revenue", "13")]
    assert f"Forecasts lay from {ends[0]} to {ends[1]} what happened." in row[4]


def test_where_nothing_happened_it_is_not_told_how_far_forecasts_lay_from_it(graded_of):
    rows = blocks_of(verdicts(graded_of("silence")), Table)[0].rows
    assert rows and not any("Forecasts lay" in row[4] for row in rows)


@pytest.mark.parametrize(("name", "overlap"), [("held", False), ("one origin", False), ("overlapping", True)])
def test_overlapping_forecasts_are_said_to_overlap(name, overlap, graded_of):
    graded = graded_of(name)
    [figure] = blocks_of(forecast_and_fact(graded), Figure)
    days = sorted(set(graded.backtest.forecasts["origin"]))
    assert overlap == any(late - early < timedelta(weeks=13) for early, late in pairwise(days))
    assert ("Neighbouring forecasts overlap" in figure.caption) == overlap
    assert overlap == (not blocks_of(verdicts(graded), Table)[0].rows[0][2].endswith(f" of {len(days)}"))


@pytest.mark.parametrize(("name", "held"), [("held", True), ("sum missed", False), ("failed", None)])
def test_the_weeks_finding_says_whether_the_sum_lay_in_its_band(name, held, graded_of):
    """Weeks may lie in their bands one by one, and their sum not in its own."""
    graded = graded_of(name)
    latest = total(graded.backtest, OWN, "revenue", 26).iloc[-1]
    lies_within = bool(latest["q05"] <= latest["actual"] <= latest["q95"])
    assert held in (None, lies_within)
    [figure] = blocks_of(week_by_week(graded), Figure)
    assert ("within the 90 % band of the sum" in figure.finding.replace("\u00a0", " ")) == lies_within
    assert ("outside the 90 % band of the sum" in figure.finding.replace("\u00a0", " ")) != lies_within


def test_weeks_are_those_of_the_latest_forecast_of_the_longest_horizon(graded_of):
    graded = graded_of("held")
    section = week_by_week(graded)
    latest = total(graded.backtest, OWN, "revenue", 26)["origin"].max()
    assert str(latest) in section.title
    weekly = graded.backtest.weekly
    own = weekly[(weekly["model"] == OWN) & (weekly["origin"] == latest) & (weekly["measure"] == "revenue")]
    inside = own["actual"].between(own["q02_5"], own["q97_5"]).sum()
    [figure] = blocks_of(section, Figure)
    assert f"In {inside} of 26 weeks" in figure.finding
    assert f"EUR\u00a0{own['actual'].sum() / 1000:.1f}\u00a0k" in figure.finding
    assert "120 customers" in figure.caption


def test_the_class_furthest_off_is_named_with_its_orders(graded_of):
    graded = graded_of("held")
    frame = graded.backtest.classes
    own = frame[(frame["model"] == OWN) & (frame["measure"] == "orders") & (frame["weeks"] == 13)]
    sums = own.groupby(["by", "class"])[["customers", "actual", "mean"]].sum()
    sums = sums[sums["customers"] >= 5]
    worst = sums.loc[(sums["mean"] - sums["actual"]).abs().idxmax()]
    [figure] = blocks_of(by_class(graded), Figure)
    assert worst.name[1] in figure.finding
    for name in ("actual", "mean"):
        assert f"{worst[name] / worst['customers']:.2f}" in figure.finding


@pytest.mark.parametrize("place", [None, 0, 5])
@pytest.mark.parametrize(("each", "drawn"), [(0, None), (1, False), (4, False), (5, True)])
def test_classes_of_fewer_than_five_customers_are_not_drawn(each, drawn, place, graded_of):
    """However many forecasts there are of those few, and were they so few from one origin alone; of none nothing is told."""
    graded = graded_of("held")
    frame = graded.backtest.classes
    rare = frame["class"] == "10 or more"
    if place is not None:
        rare &= frame["origin"] == sorted(set(frame["origin"]))[place]
    drawn = place is not None if drawn is None else drawn
    classes = frame.assign(customers=frame["customers"].mask(rare, each))
    [figure] = blocks_of(by_class(replace(graded, backtest=replace(graded.backtest, classes=classes))), Figure)
    assert ("10 or" in figure.svg) == drawn


def test_the_ranking_is_stated_beside_the_best_there_could_be(graded_of):
    graded = graded_of("held")
    frame = graded.backtest.ranking
    own = frame[(frame["model"] == OWN) & (frame["weeks"] == 13)]
    top = own[own["tenth"] == 1]
    found, best = (round(100 * top[name].sum() / own["actual"].sum()) for name in ("actual", "best"))
    [said] = blocks_of(by_class(graded), Prose)
    assert found < best
    assert f"brought {found}\u00a0% of the revenue over 13 weeks" in said.text and f"found {best}\u00a0%" in said.text
    assert "a random one 10\u00a0%" in said.text
    assert not blocks_of(by_class(graded_of("silence")), Prose)


@pytest.mark.parametrize(("fewest", "shown"), [(4, False), (5, True)])
def test_a_ranking_is_not_told_of_fewer_than_five_customers_at_any_origin(fewest, shown, graded_of):
    graded = graded_of("held")
    frame = graded.backtest.ranking
    rare = (frame["tenth"] == 1) & (frame["origin"] == frame["origin"].max()) & (frame["model"] == OWN)
    few = replace(graded.backtest, ranking=frame.assign(customers=frame["customers"].mask(rare & (frame["weeks"] == 13), fewest)))
    assert bool(blocks_of(by_class(replace(graded, backtest=few)), Prose)) == shown


def test_of_customers_too_few_for_any_class_the_section_is_left_out(graded_of):
    graded = graded_of("twelve customers")
    assert graded.backtest.classes["customers"].max() < 5
    assert by_class(graded) is None


# tables ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["held", "failed", "one model", "one horizon"])
def test_the_table_of_totals_is_that_of_the_forecasts(name, graded_of):
    backtest = graded_of(name).backtest
    table = tables_of(models_compared(graded_of(name)))[words.TOTALS_TABLE]
    labels = (*PASTS[name].models, "No churn", "Last year's rate")
    assert {row[:3] for row in table.rows} == {
        (measure, str(weeks), label) for measure in ("orders", "revenue") for weeks in PASTS[name].horizons for label in labels
    }
    for measure, weeks, label, held, held_apart, *numbers in table.rows:
        off, crps, factor = map(number_in, numbers)
        own = total(backtest, label, measure, int(weeks))
        alone = own if int(weeks) <= 13 else apart(own, int(weeks))
        assert held == f"{own['held_90'].sum()} of {len(own)}" and held_apart == f"{alone['held_90'].sum()} of {len(alone)}"
        assert off == pytest.approx(own["mean"].sum() / own["actual"].sum() - 1)
        assert crps == pytest.approx((own["crps"] / own["actual"]).mean())
        held_by = [
            int(alone["actual"].between(*(alone["q50"] + wide * (alone[end] - alone["q50"]) for end in ("q05", "q95"))).sum())
            for wide in (factor * 0.999, factor * 1.001)
        ]
        assert held_by[0] < held_by[1] == len(alone)  # of fewer than ten forecasts nine in ten are all
    nearest = min((row for row in table.rows if row[:2] == ("revenue", str(min(PASTS[name].horizons)))), key=lambda row: number_in(row[6]))
    assert nearest[2] in table.finding


def test_a_band_that_no_widening_would_have_saved_is_not_one_that_needed_none(graded_of):
    graded = GradedModel(make_backtest(Past(sure_of_none=(OTHER,))), OWN, "EUR")
    rows = tables_of(models_compared(graded))[words.TOTALS_TABLE].rows
    [lost] = [row for row in rows if row[:3] == ("revenue", "13", OTHER)]
    assert lost[3] == "0 of 8"
    assert number_in(lost[-1]) == words.NONE
    [silent] = [
        row for row in tables_of(models_compared(graded_of("silence")))[words.TOTALS_TABLE].rows if row[:3] == ("orders", "13", OWN)
    ]
    assert silent[5:7] == (words.NONE, words.NONE), "of nothing that happened no share is taken"


def test_the_table_of_single_customers_is_that_of_the_differences(graded_of):
    backtest = graded_of("held").backtest
    table = tables_of(models_compared(graded_of("held")))["Single customers, over 13 weeks, by model"]
    frame = backtest.differences[backtest.differences["weeks"] == 13]
    losses = frame.drop_duplicates(["measure", "model"]).set_index(["measure", "model"])["loss"]
    best = {measure: losses[measure].idxmin() for measure in ("orders", "revenue")}
    apart_by = frame.set_index(["measure", "model", "other"])
    graded = backtest.customers[(backtest.customers["measure"] == "orders") & (backtest.customers["weeks"] == 13)]
    assert [row[0] for row in table.rows] == [OWN, OTHER, "No churn", "Last year's rate"]
    for model, score, less, error, inside, crps, more, its_error in table.rows:
        orders, revenue = (apart_by.loc[(measure, model, best[measure])] for measure in ("orders", "revenue"))
        assert (score, crps) == pytest.approx((-losses["orders", model], losses["revenue", model]))
        assert (less, more) == pytest.approx(
            (losses["orders"][best["orders"]] - losses["orders", model], revenue["loss"] - losses["revenue"].min())
        )
        assert (error, its_error) == pytest.approx((orders["se"], revenue["se"]))
        own = graded[graded["model"] == model]
        assert inside == pytest.approx((own["pit_90"] * own["customers"]).sum() / own["customers"].sum())
        assert less <= 0 <= more
    assert best["orders"] in table.finding


def test_the_table_of_levels_is_that_of_the_own_forecasts(graded_of):
    backtest = graded_of("failed").backtest
    table = tables_of(models_compared(graded_of("failed")))["Revenue over 13 weeks by industry"]
    frame = backtest.forecasts
    own = frame[(frame["model"] == OWN) & (frame["measure"] == "revenue") & (frame["weeks"] == 13) & (frame["column"] == "industry")]
    assert {row[0] for row in table.rows} == {"Retail", "Mills", HOSTILE}
    for level, customers, held, off in table.rows:
        of_level = own[own["level"] == level]
        assert customers == 39 and held == f"{of_level['held_90'].sum()} of 8"
        assert number_in(off) == pytest.approx(of_level["mean"].sum() / of_level["actual"].sum() - 1)
    shown = own[own["level"] != TINY]
    assert f"held in {shown['held_90'].sum()} of 24 forecasts" in table.finding


def test_the_table_of_newcomers_is_that_of_their_forecasts(graded_of):
    backtest = graded_of("held").backtest
    table = tables_of(models_compared(graded_of("held")))[words.NEW_TABLE]
    assert {row[:2] for row in table.rows} == {(f"{weeks} weeks", measure) for weeks in (13, 26) for measure in ("orders", "revenue")}
    for over, measure, customers, held, off in table.rows:
        own = total(backtest, OWN, measure, int(over.split()[0]), who="new")
        assert held == f"{own['held_90'].sum()} of {len(own)}"
        assert number_in(off) == pytest.approx(own["mean"].sum() / own["actual"].sum() - 1)
        assert customers == round(own["customers"].mean())


@pytest.mark.parametrize(("name", "shown"), [("few newcomers once", False), ("five newcomers", True)])
def test_newcomers_of_fewer_than_five_at_any_origin_are_not_shown(name, shown, graded_of):
    fewest = total(graded_of(name).backtest, OWN, "revenue", 13, who="new")["customers"].min()
    assert fewest == (5 if shown else 4)
    assert (words.NEW_TABLE in tables_of(models_compared(graded_of(name)))) == shown
    assert (words.NEW_TABLE in render_html(backtest_document(graded_of(name)))) == shown


def test_newcomers_of_a_horizon_of_too_few_are_not_shown_beside_those_of_another(graded_of):
    graded = graded_of("held")
    frame = graded.backtest.forecasts
    rare = (frame["who"] == "new") & (frame["weeks"] == 13) & (frame["origin"] == frame["origin"].min())
    few = replace(graded.backtest, forecasts=frame.assign(customers=frame["customers"].mask(rare, 4)))
    table = tables_of(models_compared(replace(graded, backtest=few)))[words.NEW_TABLE]
    assert {row[:2] for row in table.rows} == {("26 weeks", measure) for measure in ("orders", "revenue")}
    assert "13" not in table.finding


def test_where_nobody_came_no_table_speaks_of_newcomers(graded_of):
    assert words.NEW_TABLE not in tables_of(models_compared(graded_of("no newcomers")))
    assert words.NEW_TABLE not in render_html(backtest_document(graded_of("no newcomers")))


def test_the_page_prints_the_tables_numbers(graded_of):
    rows = Page(render_html(backtest_document(graded_of("failed")))).table(words.TOTALS_TABLE)[1:]
    [own] = [row for row in rows if row[:3] == ["revenue", "13", OWN]]
    frame = total(graded_of("failed").backtest, OWN, "revenue", 13)
    off, crps = frame["mean"].sum() / frame["actual"].sum() - 1, (frame["crps"] / frame["actual"]).mean()
    assert own[3:7] == ["4 of 8", "4 of 8", f"\u2212{-100 * off:.1f}\u00a0%", f"{100 * crps:.1f}\u00a0%"]


def test_revenue_of_the_made_up_customers_is_what_they_ordered(graded_of):
    """Guards the made-up back-test itself: both measures tell of the same orders, and all models of the same facts."""
    frame = graded_of("held").backtest.forecasts
    known = frame[frame["who"] == "existing"].pivot_table("actual", ["origin", "weeks", "column", "level"], "measure")
    pd.testing.assert_series_equal(known["revenue"], AMOUNT * known["orders"], check_names=False)
    assert (frame.groupby(["who", "measure", "weeks", "column", "level", "origin"])["actual"].nunique() == 1).all()


def test_years_that_no_forecast_reached_are_pointed_out(evidence_of, graded_of):
    evidence = replace(evidence_of("normal"), backtest=graded_of("held"))
    weeks = int(graded_of("held").total()["weeks"].max())
    told = [note.text for note in cautions(evidence) if "up to" in note.text]
    assert weeks < 3 * 52 and len(told) == 1 and f"up to {weeks} weeks ahead" in told[0] and "3 years" in told[0]
    soon = replace(evidence.valuation, economics=replace(evidence.valuation.economics, horizon=weeks / 53))
    assert not any("weeks ahead" in note.text for note in cautions(replace(evidence, valuation=soon)))
    assert not any("weeks ahead" in note.text for note in cautions(evidence_of("normal")))


@pytest.mark.parametrize(("factor", "said"), [(1.4, "too high"), (1.0, None), (0.7, "too low")])
def test_newcomers_that_were_foreseen_wrongly_are_told_of_where_they_are_valued(factor, said, evidence_of, graded_of):
    graded = graded_of("held")
    forecasts = graded.backtest.forecasts.copy()
    new = forecasts["who"] == "new"
    forecasts.loc[new, "mean"] = factor * forecasts.loc[new, "actual"]
    evidence = replace(evidence_of("normal"), backtest=replace(graded, backtest=replace(graded.backtest, forecasts=forecasts)))
    for section in (newcomers(evidence), unit_economics(evidence)):
        told = [block.message for block in section.blocks[:1] if isinstance(block, Finding)]
        assert ["newcomers' revenue" in message and said in message for message in told] == ([True] if said else []), section.title


@pytest.mark.parametrize(("factor", "said"), [(1.4, "40\u00a0% too high"), (1.0, None), (0.7, "30\u00a0% too low")])
def test_a_plan_that_rests_on_newcomers_says_how_wrongly_they_were_foreseen(factor, said, evidence_of, graded_of):
    graded = graded_of("held")
    forecasts = graded.backtest.forecasts.copy()
    forecasts.loc[forecasts["who"] == "new", "mean"] = factor * forecasts.loc[forecasts["who"] == "new", "actual"]
    backtest = replace(graded, backtest=replace(graded.backtest, forecasts=forecasts))
    plan = allocate(made_up(), plan_measures(), budget=110e3, seed=1)
    found = replace(evidence_of("normal"), backtest=backtest, budgeted=Budgeted(plan))
    told = [finding.message for finding in plan_findings(found) if "newcomers" in finding.message]
    gains = plan.measures["gain"]
    part = f"{100 * gains[['Fairs', 'Search']].sum() / gains.sum():.0f}\u00a0% of what the plan's measures bring"
    assert [message.startswith(part) and said in message for message in told] == ([True] if said else [])
    first_page = [block.message for block in blocks_of(compose(found).sections[0], Finding)]
    assert all(message in first_page for message in told)
    none_won = replace(plan, measures=plan.measures.assign(plan=[0.0, 0.0, 5e3], gain=[0.0, 0.0, 9e3]))
    assert not any("newcomers" in finding.message for finding in plan_findings(replace(found, budgeted=Budgeted(none_won))))
