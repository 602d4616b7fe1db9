"""The section of contracts: its numbers are the valuation's, in both languages and in all formats, and it names nobody unless asked."""

import re
from dataclasses import replace

import numpy as np
import pytest
from report.made_up_contracts_evidence import contract_evidence, with_missed_contracts

from clvbayes.report import compose, render_html, render_json, render_pdf, render_xlsx, values_by_level
from clvbayes.report.assumptions import assumptions
from clvbayes.report.blocks import Figure, Headline, Note, Prose, Section, Table
from clvbayes.report.cautions import cautions
from clvbayes.report.contracts_section import contracts_section
from clvbayes.report.language import speaking
from clvbayes.report.phrases_de import PHRASES
from clvbayes.report.spread_section import spread_section


def section(**options) -> Section:
    found = contracts_section(contract_evidence(orders=False, **options))
    assert found is not None
    return found


def tables(found: Section) -> dict[str, Table]:
    return {block.title: block for block in found.blocks if isinstance(block, Table)}


def test_the_cards_are_those_of_the_book() -> None:
    book = contract_evidence(orders=False).valuation.contracts
    [cards] = [block.cards for block in section().blocks if isinstance(block, Headline)]
    shown = {card.label: card.shown[0].value if not isinstance(card.shown, str) else card.shown for card in cards}
    assert shown["Recurring revenue (ARR)"] == pytest.approx(book.recurring)
    assert shown["Recurring revenue in a year"] == pytest.approx(float(book.year_ahead.mean()))
    assert shown["Net retention (NRR)"] == pytest.approx(float(book.net_retention.mean()))
    assert shown["Gross retention (GRR)"] == pytest.approx(float(book.gross_retention.mean()))
    assert shown["Customers lost in a year"] == pytest.approx(float(book.logo_churn.mean()))
    assert shown["Remaining life of a contract"] == f"{float(book.life.mean()):.1f} years"


def test_terms_add_up_to_all_contracts() -> None:
    table = tables(section())["Contracts by their term"]
    assert [row[0] for row in table.rows] == ["1 month", "12 months", "24 months"] and table.foot[0] == "All contracts"
    for column in (1, 2, 4):
        assert sum(row[column] for row in table.rows) == pytest.approx(table.foot[column])
    book = contract_evidence(orders=False).valuation.contracts
    assert table.foot[4] == pytest.approx(float(book.year_ahead.mean())) and table.foot[7] == pytest.approx(
        float(book.net_retention.mean())
    )


def test_pictures_say_what_they_show() -> None:
    figures = {block.title: block for block in section().blocks if isinstance(block, Figure)}
    assert list(figures) == [
        "Recurring revenue, from today to a year ahead",
        "Contracts that survive their renewals",
        "Contracts left, by the year in which they were signed",
    ]
    for figure in figures.values():
        assert figure.svg.startswith("<svg") and figure.finding in figure.alt
    assert re.match(r"\d+ of \d+ observed shares lie within", figures["Contracts that survive their renewals"].finding)


def test_nobody_is_named_unless_asked() -> None:
    due = contract_evidence(orders=False).valuation.contracts.due
    names = set(due["contract_id"]) | set(due["customer_id"])
    quiet, hashed, plain = (render_html(compose(contract_evidence(orders=False, customer_ids=ids))) for ids in ("none", "hashed", "plain"))
    assert not any(name in page for name in names for page in (quiet, hashed))
    largest = due.sort_values("at_stake", ascending=False)["contract_id"].iloc[0]
    assert largest in plain
    assert "renewals due with most at stake" in plain and "renewals due with most at stake" in hashed and "most at stake" not in quiet


def test_few_contracts_of_a_term_stand_together() -> None:
    from clvbayes.report.contracts_section import _shown_terms

    assert [some.tolist() for some in _shown_terms(np.array([40, 2, 3, 9]))] == [[0], [3], [1, 2]]
    assert [some.tolist() for some in _shown_terms(np.array([40, 2, 9]))] == [[0], [1, 2]]
    assert [some.tolist() for some in _shown_terms(np.array([40, 20]))] == [[0], [1]]


def with_due(evidence, months):
    book = evidence.valuation.contracts
    few = book.due.head(len(months)).assign(term_months=months)
    draws = book.due_draws.copy(data=np.zeros_like(book.due_draws))
    for term, of_term in few.groupby("term_months"):
        draws.loc[{"term": term, "item": "later"}] = of_term["expected"].sum()
    return replace(evidence, valuation=replace(evidence.valuation, contracts=replace(book, due=few, due_draws=draws)))


@pytest.mark.parametrize("months", [[12, 12, 12, 1], [12, 12, 12, 1, 1, 1, 1]])
def test_too_few_renewals_due_have_no_table_where_nobody_is_named(months) -> None:
    def titles(ids: str) -> list[str]:
        found = contracts_section(with_due(contract_evidence(orders=False, customer_ids=ids), months))
        return [title for title in tables(found) if title == "Renewals due in the next three months"]

    assert titles("none") == [] and titles("hashed") == ["Renewals due in the next three months"]


@pytest.mark.parametrize("ids", ["none", "plain"])
def test_renewals_due_add_up_though_some_terms_have_few(ids) -> None:
    evidence = contract_evidence(orders=False, customer_ids=ids)
    book = evidence.valuation.contracts
    months = np.full(len(book.due), 12)
    months[:3], months[3:9] = 24, 1  # three contracts of two years, which stand with the next fewest where nobody is named
    found = contracts_section(with_due(evidence, months))
    table = tables(found)["Renewals due in the next three months"]
    shown = {"none": ["12 months", "Other terms"], "plain": ["1 month", "12 months", "24 months"]}[ids]
    assert [row[0] for row in table.rows] == shown and table.foot[:2] == ("All renewals due", len(book.due))
    for column in (1, 2, 7):
        assert sum(row[column] for row in table.rows) == pytest.approx(table.foot[column])


def test_renewals_due_have_the_bands_of_their_draws() -> None:
    evidence = contract_evidence(orders=False, customer_ids="plain")
    book = evidence.valuation.contracts
    found = tables(contracts_section(evidence))
    rows = {row[0]: row for row in found["Renewals due in the next three months"].rows}
    for term, name in ((1, "1 month"), (12, "12 months"), (24, "24 months")):
        draws, due = book.due_draws.sel(term=term), book.due[book.due["term_months"] == term]
        of_it = draws.sel(item="renewed") / due["recurring"].sum()
        later = draws.sel(item="later")
        expected = [len(due), due["recurring"].sum(), of_it.mean(), *of_it.quantile([0.05, 0.95])]
        assert rows[name][1:6] == pytest.approx([float(number) for number in expected])
        assert rows[name][7:] == pytest.approx([float(number) for number in (later.mean(), *later.quantile([0.05, 0.95]))])
    whole = found["Renewals due in the next three months"].foot
    assert (
        f"90 % band EUR\N{NO-BREAK SPACE}{whole[8] / 1000:.0f}–{whole[9] / 1000:.0f}\N{NO-BREAK SPACE}k"
        in found["Renewals due in the next three months"].finding
    )
    [accounts] = [table for title, table in found.items() if "most at stake" in title]
    by_contract = book.due.set_index("contract_id")
    for row in accounts.rows:
        assert row[5:] == pytest.approx(by_contract.loc[row[1], ["at_stake", "at_stake_5", "at_stake_95"]].tolist())


def test_free_contracts_that_are_due_are_told_by_their_number() -> None:
    evidence = contract_evidence(orders=False)
    book = evidence.valuation.contracts
    no_money = book.due_draws.where(book.due_draws["item"] == "contracts", 0.0)
    free = replace(book, due=book.due.assign(recurring=0.0), due_draws=no_money)
    table = tables(contracts_section(replace(evidence, valuation=replace(evidence.valuation, contracts=free))))
    foot = table["Renewals due in the next three months"].foot
    assert foot[2] == 0 and foot[3] == pytest.approx(book.due["p_renewed"].mean()) and foot[4] < foot[3] < foot[5]


def test_contracts_left_are_shown_by_the_year_of_signing() -> None:
    book = contract_evidence(orders=False).valuation.contracts
    figure = [block for block in section().blocks if isinstance(block, Figure)][-1]
    for cohort, contracts in zip((2022, 2023, 2024, 2025), book.cohorts["contracts"].to_numpy(), strict=True):
        assert f">{cohort} ({contracts} contracts)<" in figure.svg
    frame = book.retention
    last = frame[frame["seen"].notna()].groupby("cohort").tail(1)
    assert re.match(r"Of \d years of signing, \d lie within", figure.finding) and len(last) == 4
    largest = int(book.cohorts["cohort"][int(np.argmax(book.cohorts["contracts"].to_numpy()))])
    assert f"Of the contracts signed in {largest}," in figure.finding


def test_years_of_few_contracts_stand_together_and_none_are_told() -> None:
    evidence = contract_evidence(orders=False)
    book = evidence.valuation.contracts
    few = book.cohorts.assign_coords(contracts=("cohort", [3, 40, 33, 4]))
    changed = replace(evidence, valuation=replace(evidence.valuation, contracts=replace(book, cohorts=few)))
    figure = [block for block in contracts_section(changed).blocks if isinstance(block, Figure)][-1]
    assert ">2022 to 2023 (43 contracts)<" in figure.svg and ">2024 to 2025 (37 contracts)<" in figure.svg
    none = book.cohorts_observed.assign(at_risk=4)
    changed = replace(evidence, valuation=replace(evidence.valuation, contracts=replace(book, cohorts_observed=none)))
    told = [block.text for block in contracts_section(changed).blocks if isinstance(block, Prose)]
    assert any(text.startswith("Too few contracts of one year") for text in told)


def test_there_is_no_section_without_contracts(evidence_of) -> None:
    assert contracts_section(evidence_of("normal")) is None


@pytest.mark.parametrize("orders", [False, True])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_format_has_the_section(orders, language) -> None:
    evidence = contract_evidence(orders=orders, language=language)
    document = compose(evidence)
    names = [part.name for part in document.sections]
    assert "contracts" in names and ("cohorts" in names or not orders) and ("lineage" in names) == orders
    assert render_html(document).count('id="contracts"') == 1
    assert render_pdf(document).startswith(b"%PDF") and render_xlsx(document).startswith(b"PK")
    assert '"contracts"' in render_json(document, values_by_level(evidence))


def test_the_german_section_has_the_same_numbers_and_no_english() -> None:
    english = section()
    with speaking("de"):
        german = contracts_section(contract_evidence(orders=False, language="de"))
    assert german is not None and len(german.blocks) == len(english.blocks) and german.title == "Verträge"
    for ours, theirs in zip(german.blocks, english.blocks, strict=True):
        if isinstance(ours, Table) and isinstance(theirs, Table):
            numbers = ([cell for row in (*table.rows, table.foot) for cell in row if not isinstance(cell, str)] for table in (ours, theirs))
            assert next(numbers) == next(numbers)
            named = " ".join(str(row[0]) for row in (*ours.rows, ours.foot) if row)
            assert not re.search(r"\b(the|of|contracts|renewed|renewals|months?|expected)\b", f"{ours.title} {ours.finding} {named}")


def test_the_ledger_of_contracts_is_told_in_german() -> None:
    document = compose(contract_evidence(orders=False, language="de"))
    [ledger] = [part for part in document.sections if part.name == "ledger"]
    notes = " ".join(block.text for block in ledger.blocks if isinstance(block, Note))
    assert "Verträge von" in notes and not re.search(r"\b(contracts|renewals|count as)\b", notes)
    assert PHRASES["invoice of a contract"] == "Rechnung eines Vertrags"


def test_amounts_that_stay_are_said_to_stay() -> None:
    document = compose(contract_evidence(orders=False, changes=False))
    page = render_html(document)
    assert "Amounts of contracts stay as they are today." in page
    assert "Amounts of contracts change at renewals alone" in render_html(compose(contract_evidence(orders=True)))


# what moves all contracts at once -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orders", [False, True])
@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (20, "Of contracts it was learned from 20 forecasts from 10 past days whose end has come: on average 13 % more were lost"),
        (4, "Only 4 forecasts of lost contracts, from 2 past days, could be compared with what happened so far."),
        (0, "No past forecast of lost contracts could be compared with what happened, so that this is assumed"),
    ],
)
def test_what_was_learned_of_all_contracts_is_told(errors, said, orders) -> None:
    evidence = with_missed_contracts(contract_evidence(orders=orders), errors)
    for told in (cautions(evidence), spread_section(evidence).blocks):
        assert said in " ".join(block.text for block in told if isinstance(block, Note | Prose))
    of_priors = " ".join(block.text for block in assumptions(evidence).blocks if isinstance(block, Prose))
    assert "0.02 and half-normal with scale 0.03" in of_priors


@pytest.mark.parametrize("orders", [False, True])
def test_where_nothing_was_learned_of_them_that_is_told(orders) -> None:
    evidence = contract_evidence(orders=orders)
    assert "nothing that would move all contracts at once. Renewals were not graded" in " ".join(note.text for note in cautions(evidence))
    assert "nothing was learned of them" in " ".join(block.text for block in spread_section(evidence).blocks if isinstance(block, Prose))
    moved = with_missed_contracts(evidence, 20)
    told = " ".join(block.text for block in spread_section(moved).blocks if isinstance(block, Prose))
    assert ("Of orders nothing was learned of it" in told) == orders
    captions = [block.caption for made in (evidence, moved) for block in contracts_section(made).blocks if isinstance(block, Figure)][::3]
    assert ["together may be off" in caption for caption in captions] == [False, True]


def test_an_expansion_that_is_none_is_not_told_as_one() -> None:
    """Amounts that lag behind by more than larger contracts add."""
    evidence = with_missed_contracts(contract_evidence(orders=False), 20)
    book = evidence.valuation.contracts
    bridge = book.bridge.copy()
    bridge.loc[{"item": "expansion"}] = -1000.0
    less = replace(evidence, valuation=replace(evidence.valuation, contracts=replace(book, bridge=bridge)))
    [finding, *_] = [block.finding for block in contracts_section(less).blocks if isinstance(block, Figure)]
    assert "larger ones add less than amounts are expected to lag behind" in finding


@pytest.mark.parametrize("errors", [20, 4, 0])
def test_it_is_told_in_german(errors) -> None:
    evidence = with_missed_contracts(contract_evidence(orders=True, language="de"), errors)
    with speaking("de"):
        blocks = (*cautions(evidence), *spread_section(evidence).blocks, *assumptions(evidence).blocks)
    told = " ".join(block.text for block in blocks if isinstance(block, Note | Prose))
    assert told.count("verbleibendem Vertrag") == 3
    assert not re.search(r"\b(contracts|forecasts?|lost|the|of)\b", told)
