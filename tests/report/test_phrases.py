"""Whatever the rooms below say of a fit, a valuation, the data, a back-test or a budget, the report can say in German."""

import importlib
import re
from dataclasses import replace
from datetime import date
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from decisions.made_up_worth import made_up
from inference.test_certificate import EXACT, PRIORS, posterior
from inference.test_spend_checks import customers_of, orders_of
from made_up_backtest import Past, make_backtest
from made_up_base import BASES
from report.made_up_documents import EVERYTHING, make_any
from report.test_plan_section import measures

from clvbayes import models, read_contracts, read_transactions, summarize
from clvbayes.data import Customers, Renewals
from clvbayes.decisions import Limit, Measure, allocate
from clvbayes.errors import ArgumentError, DataError
from clvbayes.grading import BASELINES, Verdict
from clvbayes.grading.tables import FREQUENCY_CLASSES, SILENCE_CLASSES
from clvbayes.grading.windows import Origin, not_gradable
from clvbayes.inference.certificate import Compression, _decisions, _rows, certify
from clvbayes.models import gamma_gamma
from clvbayes.report import prose_de, prose_en
from clvbayes.report.language import speaking, translated
from clvbayes.study.budget import NOT_CERTIFIED
from clvbayes.study.findings import spend_findings
from clvbayes.valuation.checks import agreement, check_sums

ENGLISH = re.compile(r"\b(the|of|and|with|are|is|not|than|from|which|by|customers|orders|draws|limit|forecasts?|no|to|at|least)\b")


def german(text: str) -> str:
    """The text in German, which it must have."""
    with speaking("de"):
        said = translated(text)
    assert said != text, f"no phrase says {text!r}"
    assert not ENGLISH.search(said), said
    return said


def results(draws: np.ndarray, customers: Customers, diverging: int = 0, compression=EXACT):
    return certify(posterior(draws, diverging), PRIORS, gamma_gamma(), customers, compression).results


@pytest.fixture(scope="module")
def certified(cdnow):
    """Results with every branch of a certificate."""
    good = np.random.default_rng(1).normal(scale=0.2, size=(4, 500, 2))
    apart = good.copy()
    apart[2, :, 1] += 1.0
    means = replace(cdnow, spend_level="mean")
    coreset = replace(EXACT, rows=800, k_hat=0.61, k_hat_limit=0.7, effective_share=0.93)
    remark = (
        "Newton's steps from two starts came to different modes. A coreset of 1,500 rows did not hold: effective share 0.31, k-hat 0.92."
    )
    remarks = f"{remark} A coreset of 6,000 rows did not hold: effective share 0.45, k-hat 0.81."
    return (
        *results(good, means),
        *results(apart, cdnow, diverging=2),
        *results(good + 3.0, cdnow, diverging=9, compression=coreset),
        *results(5 * good, cdnow, compression=replace(EXACT, remark=remarks)),
        *results(good, cdnow, compression=replace(coreset, modes_agree=False, resampled=True, remark=remarks)),
    )


def test_every_result_of_a_certificate(certified) -> None:
    assert {(result.check, result.status) for result in certified} >= {
        *(("R-hat", status) for status in ("ok", "failed")),
        *(("Effective sample size", status) for status in ("ok", "failed")),
        *(("Divergences", status) for status in ("ok", "note", "failed")),
        *(("Rows", status) for status in ("ok", "failed")),
        *(("Prior to posterior", status) for status in ("ok", "note")),
        *(("Prior and data", status) for status in ("ok", "note")),
        ("Spend data", "note"),
    }
    for result in certified:
        assert result.check == "R-hat" or german(result.check)
        german(result.message)
        assert not result.advice or german(result.advice)


@pytest.mark.parametrize(("counted", "named"), [("customers", "Kunden"), ("contracts", "Verträge")])
@pytest.mark.parametrize("resampled", [True, False])
def test_rows_of_a_coreset_are_told_alike_of_customers_and_contracts(counted: str, named: str, resampled: bool) -> None:
    message = _rows(Compression(9000, 4000, 700, 44, 0.31, 0.7, 0.9312, resampled), counted).message
    assert german(message) == (
        f"9.000 {named} in 4.000 verschiedenen Zeilen, geschätzt aus 700 Zeilen; mit der exakten Likelihood gewichtet (44 Durchgänge über "
        "alle Zeilen) sind die Ziehungen 93,12\u00a0% ihrer Zahl wert (Grenze 50\u00a0%)"
        + (" und nach ihren Gewichten neu gezogen" * resampled)
        + ", mit k-hat 0,31 (Grenze 0,70)."
    )


def test_numbers_of_a_certificate_are_written_in_german(certified) -> None:
    messages = [german(result.message) for result in certified]
    assert not [message for message in messages if re.search(r"\d\.\d{1,2}\b(?!\d)|\d%", message)]
    assert any("1.079 verschiedenen Zeilen" in message and "0,31" in message and "0,81" in message for message in messages)


def test_checks_of_a_valuation() -> None:
    total = xr.DataArray(np.ones((3, 1, 1)), dims=("draw", "period", "component"), coords={"component": ["value"]})
    for value in (1.0, 2.0):
        sums = check_sums(pd.DataFrame({"value_mean": [value]}), total, {})
        assert german(sums.check) and german(sums.message)
        assert (sums.advice != "") == (value == 2.0) and (not sums.advice or german(sums.advice))
    for what, simulated in product(("value", "squared value", "value of contracts"), (1.0, 50.0)):
        found = agreement(
            "Contracts" if what == "value of contracts" else "Spread", what, np.full(99, simulated) + np.arange(99) % 2, np.ones(99), 4.0
        )
        assert german(found.check) and german(found.message)
    assert german("Simulated and closed-form value differ by -1.4%, -0.6 standard errors (limit 4).") == (
        "Wert: Simulation und geschlossene Formel unterscheiden sich um −1,4\u00a0%, das sind −0,6 Standardfehler (Grenze 4)."
    )


def test_what_the_data_say_of_amounts() -> None:
    settings = SimpleNamespace(economics=SimpleNamespace(spend_growth=0.0), models=SimpleNamespace(frequency_link=False))
    told = spend_findings(customers_of(orders_of(drift=-0.1, link=0.5)), settings, ())
    assert [result.status for result in told] == ["note", "note"]
    for result in told:
        german(result.check), german(result.message), german(result.advice)


def lines() -> pd.DataFrame:
    """Orders with everything that may be wrong with a line."""
    rows = [
        (f"C{k % 7}", date(2021 + k % 3, 1 + k % 12, 1 + k % 28), 10.0 + k, f"O{k}", None, "no", "A" if k % 4 else None) for k in range(60)
    ]
    rows += [
        (None, date(2023, 5, 5), 70.0, "P1", None, "no", "A"),
        ("C1", None, 70.0, "P2", None, "no", "A"),
        ("C1", date(2023, 6, 6), -5.0, "P3", None, "no", "A"),
        ("C2", date(2023, 6, 6), 0.0, "P4", None, "no", "B"),
        ("C1", date(2023, 11, 9), -300.0, None, "O1", "yes", "A"),
        ("C3", date(2020, 9, 9), -5.0, None, None, "yes", "A"),
        ("C4", date(2023, 12, 20), -8.0, None, None, "yes", "A"),
        ("C4", date(2020, 2, 2), 12.0, "P5", None, "no", "A"),
        ("C4", date(2024, 2, 2), 12.0, "P6", None, "no", "A"),
        *[("C5", date(2023, 3, 3), 44.0, "P7", None, "no", "B")] * 2,
    ]
    rows += [(f"C{k % 7}", date(2021 + k % 3, 1 + k % 12, 1 + k % 28), -10.0 - k, None, f"O{k}", "yes", "A") for k in range(8, 40)]
    columns = ["customer_id", "date", "amount", "order_id", "returned_order", "is_return", "kind"]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize("duplicates", ["keep", "drop"])
def test_every_reason_and_note_of_a_ledger(duplicates: str) -> None:
    options = {"order_id": "order_id", "returned_order": "returned_order", "is_return": "is_return", "segments": ["kind"]}
    table = read_transactions(lines(), duplicates=duplicates, **options)
    said = []
    for opportunity in (None, "week", "month", "quarter", "year"):
        ledger = summarize(table, since=date(2020, 8, 1), until=date(2023, 12, 31), opportunity=opportunity).ledger
        assert ledger is not None
        said += [german(line.reason) for line in ledger.left_out] + [german(note) for note in ledger.notes]
    assert {"ohne Kundennummer", "ohne Datum", "Retoure oder Gutschrift", "Betrag null oder negativ"} <= set(said)
    assert {"vor dem 01.08.2020", "nach dem 31.12.2023"} <= set(said)
    starts = ["Gutschriften, insgesamt", "Käufe von", "Die Hälfte der Retouren"]
    assert all(any(note.startswith(start) for note in said) for start in starts)
    assert any("ganz zurück" in note for note in said) and any("kind" in note for note in said)
    assert ("genaues Duplikat einer anderen Zeile" in said) == (duplicates == "drop")


def test_notes_of_a_frame_of_statistics() -> None:
    frame = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [1, 40], "recency": [3.0, 4.0], "T": 9.0, "monetary_value": [0.0, 5.0]})
    ledger = Customers.from_frame(frame, unit="week").ledger
    assert ledger is not None and len([german(note) for note in ledger.notes]) == 2


def test_every_verdict() -> None:
    judgements = ("too narrow", "too wide", "not refuted", "too few origins")
    offs = ((None, None), (-0.2, 0.3), (0.1, 0.3), (-0.3, -0.1), (0.2, 0.2), (-0.2, -0.2))
    for judgement, measure, (low, high), origins, held, chance, factor in product(
        judgements, ("orders", "revenue"), offs, (1, 8), (1, 8), (0.0004, 0.031), (None, 2.31)
    ):
        verdict = Verdict("M", measure, 13, origins, min(held, origins), chance, low, high, factor, judgement)
        if (origins == 1) == (judgement == "too few origins") or (judgement == "too few origins" and origins < 3):
            said = german(verdict.message)
            assert prose_de.MEASURES[measure] in said and ("2.31" not in said)


PASTS = (
    Past(),
    Past(models=("MBG/NBD + Gamma-Gamma",)),
    Past(off={"No churn": 2.5}),
    Past(models=("MBG/NBD with season + Lognormal, linked to frequency", "MBG/NBD with season and level + Gamma-Gamma"), off={}),
    Past(silent=tuple(range(8)), off={"No churn": 2.5}),
)


@pytest.mark.parametrize("past", PASTS, ids=range(len(PASTS)))
def test_every_reason_for_a_choice(past: Past) -> None:
    said = german(make_backtest(past).choice.reason)
    assert not re.search(r"season|level|linked", said)


def test_notes_of_a_back_test() -> None:
    planned = (Origin(date(2025, 6, 30), (13,)),)
    notes = not_gradable(4, [13, 52], planned, date(2025, 12, 31))
    assert len(notes) == 2 and "31.12.2025" in german(notes[1]) and german(notes[0])
    for unit in ("day", "week", "month", "quarter", "year"):
        german(f"5, 7 weeks are not graded: they are no whole number of {unit}s, in which orders are counted.")


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_why_nothing_could_be_forecast(rows: int) -> None:
    orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "date": ["2023-01-01", "2023-05-05", "2023-02-02"], "amount": [1.0, 0.0, 2.0]})
    with pytest.raises(DataError) as problem:
        summarize(read_transactions(orders.iloc[:rows]), until=date(2023, 12, 31))
    assert "31.12.2023" in german(f"From 2023-12-31 nothing could be forecast: {problem.value}")


def test_limits_and_measures() -> None:
    limits = [
        Limit.group("Online 2.5", at_least=10_000),
        Limit.group("Online 2.5", at_most=20_000),
        Limit.group("Online 2.5", at_least=10_000, at_most=20_000),
        Limit.change(at_most=5_000),
        Limit.cvar(-2_500, level=0.95),
        Limit.loss(0.05),
    ]
    said = [german(limit.name) for limit in limits] + [german("the budget")]
    assert said[2] == "Gruppe Online 2.5: mindestens 10.000, höchstens 20.000"
    assert said[4] == "schlechteste 5\u00a0% der Fälle: im Mittel mindestens −2.500"
    for lever in ("acquisition", "retention", "frequency", "spend", "win-back"):
        german(lever)
    for lasts in (
        "campaign",
        "permanent",
        *(f"{n} {unit}{'s' * (n != 1)}" for n in (1, 2.5) for unit in ("day", "week", "month", "quarter", "year")),
    ):
        german(lasts)


def test_why_no_plan_is_made() -> None:
    german(NOT_CERTIFIED)
    group = [replace(measure, group="online") for measure in measures()]
    refused = [
        (group, 110e3, [Limit.group("online", at_least=200e3)]),
        (group, 110e3, [Limit.cvar(1e9), Limit.change(at_most=5e3)]),
        ([replace(measure, bounds=(60e3, None)) for measure in measures()], 110e3, []),
        ([Measure("A", lever="spend", where={"shop": "x"}, response={"today": [1, 0.01, 0.02], "ceiling": 0.1}, lasts="campaign")], 10, []),
        (
            [Measure("A", lever="spend", where={"industry": "x"}, response={"today": [1, 0.01, 0.02], "ceiling": 0.1}, lasts="campaign")],
            10,
            [],
        ),
    ]
    for chosen, budget, limits in refused:
        with pytest.raises(ArgumentError) as problem:
            allocate(made_up(), chosen, budget=budget, limits=limits, seed=1)
        german(str(problem.value))


def test_names_of_models_baselines_periods_and_classes() -> None:
    for title in (models.mbg_nbd(season=True).title, models.mbg_nbd(season=True, level=True).title, models.mbg_nbd(level=True).title):
        assert german(title).startswith("MBG/NBD ")
    for title in (models.lognormal(frequency_link=True).title, models.beta_binomial_returns().title, *BASELINES, "2026 Q4 (part)"):
        german(title)
    for _, name in SILENCE_CLASSES:
        assert german(name) and name in prose_de.SILENCE_LABELS
    assert set(prose_en.CLASS_LABELS) <= {name for _, name in (*SILENCE_CLASSES, *FREQUENCY_CLASSES)}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("2 in 4,000 draws (limit 0.1%).", "2 in 4,000 draws (limit 0.1\u00a0%)."),
        ("has changed by +1.1% a year (-2.7% to +5.2%).", "has changed by +1.1\u00a0% a year (\u22122.7\u00a0% to +5.2\u00a0%)."),
        ("The 90 % band of 2026-01-05, 4-12 weeks, MBG/CNBD-2", "The 90\u00a0% band of 2026-01-05, 4-12 weeks, MBG/CNBD-2"),
    ],
)
def test_english_of_the_rooms_below_is_set_with_the_signs_of_a_report(said, shown) -> None:
    assert translated(said) == shown


@pytest.mark.parametrize("name", [*BASES, EVERYTHING])
def test_made_up_ledgers_say_what_real_ones_say(name) -> None:
    """Else a report of them would show in German what no report shows."""
    account = make_any(name).customers.ledger
    for note in () if account is None else account.notes:
        german(note)


def test_what_no_phrase_says_stays_as_it_is_and_names_are_not_translated() -> None:
    with speaking("de"):
        assert translated("Whatever this is.") == "Whatever this is."
        assert translated("") == ""
        assert translated("at least 5,000 for the budget 1.5") == "mindestens 5.000 für the budget 1.5"
        assert "orders[value, 1.5]" in translated("Chains agree: the largest R-hat is 1.002 at orders[value, 1.5] (limit 1.01).")
    assert translated("the budget") == "the budget"


def test_a_phrase_is_not_swallowed_by_a_vaguer_one() -> None:
    """Two sentences of one kind in a row, and a list of sentences, are each found."""
    one = "A coreset of 1,500 rows did not hold: effective share 0.31, k-hat 0.92."
    with speaking("de"):
        assert translated(f"{one} {one}") == f"{translated(one)} {translated(one)}"
        assert translated("the budget; change: at most 5,000") == "das Budget; Umschichtung: höchstens 5.000"
    assert importlib.import_module("clvbayes.report.phrases_de").PHRASES is prose_de.PHRASES


def test_what_is_said_of_contracts() -> None:
    """Every reason and note of their ledger, and every sentence of their certificate."""
    rows = [
        ("A", "a", "2022-01-01", "2022-12-31", 12, 100.0, None, "x"),
        ("A", "a", "2023-01-01", "2023-12-31", 12, 0.0, "2023-06-01", "y"),
        ("A", "a", "2024-01-01", "2024-12-31", 12, 110.0, None, None),
        ("B", "b", "2022-01-01", "2022-12-31", 12, 100.0, "2023-02-01", None),
        ("B", "b", "2024-01-01", "2024-12-31", 12, 100.0, None, None),
        ("C", "c", "2023-01-01", "2023-06-30", 12, 100.0, None, "x"),
        ("C", "c", "2023-07-01", "2025-12-20", 30, 100.0, None, "x"),
        ("D", "d", "2020-01-01", "2020-12-31", 12, 100.0, None, "x"),
        ("E", "e", "2026-06-01", "2027-05-31", 12, 100.0, None, "x"),
        (None, "e", "2024-06-01", "2025-05-31", 12, 100.0, None, "x"),
        ("F", None, "2024-06-01", "2025-05-31", 12, 100.0, None, "x"),
        *[("G", "g", "2024-01-01", "2024-12-31", 12, 100.0, None, "x")] * 2,
    ]
    columns = ["contract_id", "customer_id", "start", "end", "term_months", "monthly_amount", "cancelled_on", "kind"]
    table = read_contracts(pd.DataFrame(rows, columns=columns), cancelled_on="cancelled_on", segments=["kind"])
    renewals = summarize(table, since=date(2022, 1, 1), until=date(2025, 12, 31))
    ledger = renewals.ledger
    assert ledger is not None and len(ledger.left_out) == 5 and len(ledger.notes) >= 8
    for said in (*(line.reason for line in ledger.left_out), *ledger.notes):
        assert not re.search(r"\b(the|contracts?|terms?|notices?|customers?|count)\b", german(said)), said
    for frame in (pd.DataFrame({"survived": [5, 0], "churned": [0, 1], "contracts": [30, 9]}), renewals.statistics):
        told = _decisions(Renewals.from_frame(frame[["survived", "churned"]] if frame is renewals.statistics else frame))
        assert all(german(text) for text in (told.check, told.message, *([told.advice] if told.advice else [])))
