"""The report in German: every word of it, the same numbers as in English, written as Germans write them."""

import ast
import json
import re
from dataclasses import fields, is_dataclass, replace
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from decisions.made_up_worth import made_up
from inference.test_certificate import PRIORS, posterior
from made_up_backtest import OTHER, OWN, Past, make_backtest
from made_up_base import BASES, evidence_of_errors
from made_up_explored import made_up_explored
from pypdf import PdfReader
from report.test_plan_section import measures
from report.test_report import Page

from clvbayes.decisions import Limit, allocate
from clvbayes.inference.certificate import CheckResult, Compression, certify
from clvbayes.models import gamma_gamma
from clvbayes.report import Alternative, Budgeted, GradedModel, backtest_document, compose, prose_de, prose_en, render_html
from clvbayes.report.blocks import Figure
from clvbayes.report.language import speaking, words
from clvbayes.report.pdf import render_pdf
from clvbayes.report.phrases_de import PHRASES
from clvbayes.report.tree_json import render_json
from clvbayes.report.xlsx import render_xlsx

FIELD = re.compile(r"\{(\w+)\}")
ENGLISH = re.compile(r"\b(the|of|and|with|are|is|not|than|from|which|by|customers|orders|draws|limit|forecasts?|no|to)\b")
NUMBER = re.compile(r"[+−]?\d[\d.,]*(\u00a0%)?")
# Of one spelling in both languages
ALIKE = {
    *("Plan", "Alternative", "Budget", "R-hat", "–", "ok", "note", "failed", "full", "half", "CLV-Beta", "Simulation"),
    *("Gamma-Gamma", "MBG/NBD", "MBG/NBD + Gamma-Gamma", "MBG/NBD + Lognormal", "EUR"),
}
COORDINATES = {"log m", "log r", "logit phi", "log kappa", "log M", "log CV_w", "log CV_b", "logit return", "logit part"}
MEASURES = {"Fairs", "Search", "Mailing", "fair (channel)", "search (channel)", "retail (industry)"}
NOT_TEXT = ("svg", "kind", "unit", "language", "name", "width")


def texts(part):
    """Every text of a tree that a reader sees."""
    if isinstance(part, str):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            if field.name not in NOT_TEXT:
                yield from texts(getattr(part, field.name))
    elif isinstance(part, tuple):
        for each in part:
            yield from texts(each)


def numbers(part):
    """Every number of a tree."""
    if isinstance(part, int | float):
        yield float(part)
    elif is_dataclass(part):
        for field in fields(part):
            yield from numbers(getattr(part, field.name))
    elif isinstance(part, tuple):
        for each in part:
            yield from numbers(each)


# the words --------------------------------------------------------------------------------------------------------------------------------


def public(prose):
    return {name: value for name, value in vars(prose).items() if name.isupper()}


def templates(value, where):
    """Texts by their place."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from templates(each, f"{where}[{key!r}]")
    elif isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from templates(each, f"{where}[{place}]")
    else:
        yield where, value


def test_german_has_the_names_of_english_and_no_field_that_it_lacks() -> None:
    english, german = public(prose_en), public(prose_de)
    assert sorted(english) == sorted(german)
    for name in set(english) - {"PHRASES"}:
        ours, theirs = dict(templates(german[name], name)), dict(templates(english[name], name))
        assert list(ours) == list(theirs)
        for where, text in ours.items():
            assert isinstance(text, str) and bool(text) == bool(theirs[where]), where
            assert set(FIELD.findall(text)) <= set(FIELD.findall(theirs[where])), where


@pytest.mark.parametrize("prose", ["prose_en", "prose_de", "phrases_de"])
def test_no_name_and_no_key_is_given_twice(prose: str) -> None:
    tree = ast.parse(Path(find_spec(f"clvbayes.report.{prose}").origin).read_text(encoding="utf-8"))
    targets = [target for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for target in getattr(node, "targets", [])]
    names = [found.id for target in targets for found in ast.walk(target) if isinstance(found, ast.Name)]
    assert len(names) == len(set(names)), {name for name in names if names.count(name) > 1}
    for book in (node for node in ast.walk(tree) if isinstance(node, ast.Dict)):
        keys = [key.value for key in book.keys]
        assert len(keys) == len(set(keys)), {key for key in keys if keys.count(key) > 1}


def test_german_is_written_as_germans_write() -> None:
    for name, value in public(prose_de).items():
        for where, text in templates(value if name != "PHRASES" else tuple(PHRASES.values()), name):
            assert not re.search(r"\d %|\d%|\} ?%(?! über| unter)", text.replace("-%-", "")), f"{where}: a per cent sign needs its space"
            assert not re.search(r"[“”]\w", text), f"{where}: German quotes open below"
            assert text.count("„") == text.count("“"), f"{where}: quotes do not match"
            assert "  " not in text or name == "BETTER_NAME", where


def test_every_phrase_uses_fields_that_the_english_has() -> None:
    for english, german in PHRASES.items():
        found = FIELD.findall(english)
        assert len(found) == len(set(found)), english
        assert set(FIELD.findall(german)) <= set(found), english


# the document -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(cdnow):
    """One with a check of every kind, as a fit writes it."""
    draws = np.random.default_rng(1).normal(scale=0.2, size=(4, 500, 2))
    draws[2, :, 1] += 1.0
    coreset = Compression(1_000_000, 8_085, 800, 60, k_hat=0.61, k_hat_limit=0.7, effective_share=0.93, remark="")
    return certify(posterior(draws, diverging=2), PRIORS, gamma_gamma(), replace(cdnow, spend_level="mean"), coreset)


@pytest.fixture(scope="module")
def plan():
    return allocate(made_up(), measures(), budget=110e3, limits=[Limit.change(at_most=20e3)], seed=1)


@pytest.fixture(scope="module")
def evidence_in(evidence_of, certificate, plan):
    """Made-up evidence whose checks and notes are in the words of the rooms that write them."""
    check = "Simulated and closed-form value differ by -0.4%, -1.2 standard errors (limit 4)."

    def find(name, language, **more):
        made = evidence_of(name)
        told = {
            kind: replace(getattr(made, kind), certificate=certificate) for kind in ("purchases", "spend", "returns") if getattr(made, kind)
        }
        ledger = made.customers.ledger
        if ledger is not None:
            notes = ("17 lines, 1,234.50 in all, equal another line in every column",)
            told["customers"] = replace(made.customers, ledger=replace(ledger, notes=notes))
        valuation = replace(made.valuation, checks=(CheckResult("Simulation", "ok", check),))
        return replace(made, language=language, valuation=valuation, budgeted=Budgeted(plan) if name == "normal" else None, **told, **more)

    return find


PASTS = {"few": Past(outside={(OWN, "revenue"): (0, 2, 3, 5)}), "five": Past(failed_fits=3, off={OTHER: 2.5, "No churn": 1.6})}


@pytest.fixture(scope="module")
def both(evidence_in):
    """The documents of a base in English and German."""
    made = {}

    def find(name):
        if name not in made:
            more = {"backtest": GradedModel(make_backtest(PASTS[name]), OWN, "EUR")} if name in PASTS else {}
            made[name] = compose(evidence_in(name, "en", **more)), compose(evidence_in(name, "de", **more))
        return made[name]

    return find


def names_of(evidence):
    """What people and machines named, which is the same in every language."""
    segments = evidence.customers.segments
    return {
        *map(str, segments.columns),
        *(str(level) for column in segments for level in segments[column].unique()),
        *evidence.customers.statistics["customer_id"],
        *evidence.versions.values(),
        *(f"[{section}] {key}" for section, entries in evidence.settings.items() for key in entries),
        *(value if isinstance(value, str) else json.dumps(value) for entries in evidence.settings.values() for value in entries.values()),
        *(period.label for period in evidence.valuation.periods),
        *(evidence.source, evidence.data_hash, str(evidence.valuation.economics.currency)),
        *PRIORS.coordinates,
    }


@pytest.mark.parametrize("name", BASES)
def test_no_english_is_left(name, both, evidence_of) -> None:
    english, german = both(name)
    named = names_of(evidence_of(name)) | ALIKE | COORDINATES | MEASURES | {"<script>alert(1)</script>", "Mills", "Retail"}
    ours = {re.sub(r"^\d  ", "", text) for text in texts(german)}
    same = {text for text in ours & {re.sub(r"^\d  ", "", text) for text in texts(english)} if text.strip() and text not in named}
    same = {text for text in same if not NUMBER.fullmatch(text)}
    assert not {text for text in same if not re.fullmatch(r"\d{4}(/\d\d)?( Q\d)?|[0-9a-f]{12}", text)}
    for text in ours - named:
        spoken = re.sub(r"clvbayes\.\w+|\[\w+\] \w+|“[^“]*“", "", text)
        for each in sorted(named, key=len, reverse=True):
            spoken = spoken.replace(each, "") if len(each) > 3 else spoken
        assert not ENGLISH.search(spoken), text


@pytest.mark.parametrize("name", BASES)
def test_german_has_the_sections_and_numbers_of_english(name, both) -> None:
    english, german = both(name)
    assert [section.name for section in german.sections] == [section.name for section in english.sections]
    for ours, theirs in zip(german.sections, english.sections, strict=True):
        assert [type(block) for block in ours.blocks] == [type(block) for block in theirs.blocks]
        assert list(numbers(ours)) == list(numbers(theirs)), ours.name


def read(shown, language):
    """The numbers in a text, as the language writes them."""
    thousands, point = (",", ".") if language == "en" else (".", ",")
    found = [number.group().rstrip("\u00a0%").replace("−", "-") for number in NUMBER.finditer(shown)]
    return [float(number.replace(thousands, "").replace(point, ".")) for number in found]


@pytest.mark.parametrize("name", ["normal", "few", "fiscal", "undated", "monthly"])
def test_numbers_read_back_from_the_page_are_those_of_the_english_page(name, both) -> None:
    pages = [Page(render_html(document)) for document in both(name)]
    compared = 0
    for (title, theirs), (_, ours) in zip(*(page.tables for page in pages), strict=True):
        if title in (prose_en.RUN_TABLE, prose_en.SETTINGS_TABLE):  # versions and settings are no numbers of a language
            continue
        for row, own in zip(theirs, ours, strict=True):
            for cell, shown in zip(row, own, strict=True):
                if NUMBER.fullmatch(cell) and re.search(r"\d", cell):
                    assert read(shown, "de") == read(cell, "en"), (cell, shown)
                    compared += 1
    assert compared > 100


def test_days_and_money_are_written_as_in_germany(both) -> None:
    english, german = both("normal")
    assert german.title == "Kundenbewertung zum 15.11.2026" and english.title == "Customer valuation at 2026-11-15"
    told = list(texts(german))
    assert not [text for text in told if re.search(r"\d{4}-\d{2}-\d{2}", text)]
    assert not [text for text in told if re.search(r"EUR\s\d", text)]
    assert any(re.search(r"\d,\d\d\u00a0Mio\.\u00a0EUR", text) for text in told)
    assert any(re.search(r"\d\u00a0%", text) for text in told)
    assert not [text for text in told if re.search(r"\d%", text)]


@pytest.mark.parametrize("name", ["normal", "few"])
def test_the_page_says_its_language(name, both) -> None:
    for document, language in zip(both(name), ("en", "de"), strict=True):
        page = Page(render_html(document))
        assert dict(page.elements)["html"]["lang"] == language


def test_pictures_say_german_words_and_numbers(both) -> None:
    english, german = (
        " ".join(block.svg for section in document.sections for block in section.blocks if isinstance(block, Figure))
        for document in both("few")
    )
    assert "Prognose, Median" in german and "Umsatz je Periode" in german and "Forecast" not in german
    labels = [set(re.findall(r">([^<>]+)</(?:text|tspan)>", pictures)) for pictures in (english, german)]
    assert {label for label in labels[1] if re.fullmatch(r"[\d.]*\d\.\d{1,2}", label)} == set()
    assert {label for label in labels[0] & labels[1] if ENGLISH.search(label)} == set()


@pytest.mark.parametrize("name", ["errors", "few errors", "no errors", "explored", "refused", "other model", "other data", "one origin"])
def test_what_is_seldom_told_is_told_in_german_too(name, evidence_in, plan) -> None:
    past = Past(off={OWN: 2.5, OTHER: 1.6, "No churn": 1.0, "Last year's rate": 0.5}, failed_fits=7)
    once = Past(models=(OWN,), origins=1, horizons=(13,))
    normal = evidence_in("normal", "de")
    told = {
        "errors": lambda: {"valuation": replace(normal.valuation, discrepancy=evidence_of_errors(40))},
        "few errors": lambda: {"valuation": replace(normal.valuation, discrepancy=evidence_of_errors(2))},
        "no errors": lambda: {"valuation": replace(normal.valuation, discrepancy=evidence_of_errors(0))},
        "explored": lambda: {"budgeted": Budgeted(plan, as_drawn=plan, explored=made_up_explored(plan))},
        "refused": lambda: {
            "budgeted": Budgeted(None, refused="no plan keeps to all limits; these clash: the budget of 110,000; change: at most 5")
        },
        "other model": lambda: {"alternative": Alternative("Pareto/NBD with season", normal.valuation)},
        "other data": lambda: {"backtest": GradedModel(make_backtest(past), OWN, "EUR", of_other_data=True)},
        "one origin": lambda: {"backtest": GradedModel(make_backtest(once), OWN, "EUR")},
    }[name]()
    for text in texts(compose(replace(normal, **told))):
        assert not ENGLISH.search(re.sub(r"clvbayes\.\w+|\[\w+\] \w+|orders\.csv|value\(\)", "", text)), text


def test_other_files_speak_german(both) -> None:
    _, german = both("normal")
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(render_pdf(german))).pages)
    assert "Kundenbewertung zum 15.11.2026" in text and "Prüfprotokoll" in text and "Certificate" not in text
    told = json.loads(render_json(german))
    assert told["language"] == "de" and told["sections"][0]["title"] == "Auf einen Blick"
    with ZipFile(BytesIO(render_xlsx(german))) as book:
        strings = re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode())
    assert "Wert des Kundenstamms" in strings
    for each in strings:
        assert not ENGLISH.search(re.sub(r"clvbayes\.\w+|\[\w+\] \w+|orders\.csv", "", each)), each


def test_a_back_test_by_itself_speaks_german() -> None:
    graded = GradedModel(make_backtest(PASTS["five"]), OWN, "EUR")
    english, german = (backtest_document(graded, language) for language in ("en", "de"))
    assert german.title == "Rückvergleich (Backtest)" and german.language == "de"
    assert list(numbers(german.sections)) == list(numbers(english.sections))
    assert {"Ohne Abwanderung", "Rate des letzten Jahres"} <= set(texts(german.sections))


def test_within_a_language_words_are_its_own() -> None:
    with speaking("de"):
        assert words.HEADLINE == "Auf einen Blick"
        with speaking("en"):
            assert words.HEADLINE == "At a glance"
        assert words.HEADLINE == "Auf einen Blick"
    assert words.HEADLINE == "At a glance"
