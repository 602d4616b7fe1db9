"""From evidence to a document: one function a section, in a reader's order."""

from collections.abc import Callable

from clvbayes.report.activity_section import activity_section
from clvbayes.report.assumptions import assumptions, discount_shown
from clvbayes.report.backtest_sections import BACKTEST_SECTIONS
from clvbayes.report.basis_sections import certificate, forecast, ledger, reproduction
from clvbayes.report.blocks import Document, Section, named
from clvbayes.report.cohorts_section import cohorts_section
from clvbayes.report.contracts_section import contracts_section
from clvbayes.report.evidence import Evidence
from clvbayes.report.graded import GradedModel
from clvbayes.report.headline import headline
from clvbayes.report.language import day, speaking, words
from clvbayes.report.lineage_section import cover_facts, lineage
from clvbayes.report.newcomer_section import newcomers
from clvbayes.report.numbers import count, plain, show
from clvbayes.report.plan_section import PLAN_SECTIONS
from clvbayes.report.returns_section import returns_section
from clvbayes.report.risk_section import risk_section
from clvbayes.report.sensitivity_section import sensitivity_section
from clvbayes.report.spread_section import spread_section
from clvbayes.report.unit_economics_section import unit_economics
from clvbayes.report.value_sections import accounts, concentration_section, outlook_section, segments

__all__ = ["SECTIONS", "Evidence", "compose"]


def _graded(section: Callable[[GradedModel], Section | None]) -> Callable[[Evidence], Section | None]:
    return lambda evidence: None if evidence.backtest is None else section(evidence.backtest)


def _of_orders(section: Callable[[Evidence], Section | None]) -> Callable[[Evidence], Section | None]:
    return lambda evidence: None if evidence.customers is None else section(evidence)


SECTIONS: dict[str, Callable[[Evidence], Section | None]] = {
    "headline": headline,
    "outlook": outlook_section,
    "concentration": concentration_section,
    "segments": segments,
    "forecast": forecast,
    "accounts": accounts,
    "contracts": contracts_section,
    "cohorts": _of_orders(cohorts_section),
    "activity": _of_orders(activity_section),
    "newcomers": _of_orders(newcomers),
    "unit-economics": _of_orders(unit_economics),
    "returns": _of_orders(returns_section),
    "spread": spread_section,
    "risk": risk_section,
    **PLAN_SECTIONS,
    "sensitivity": sensitivity_section,
    **{name: _graded(section) for name, section in BACKTEST_SECTIONS.items()},
    "assumptions": assumptions,
    "ledger": ledger,
    "lineage": _of_orders(lineage),
    "certificate": certificate,
    "reproduction": reproduction,
}


def compose(evidence: Evidence) -> Document:
    """Put the whole report together; every section that the evidence calls for is there or this fails.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Document
        A tree of frozen dataclasses with numbers as numbers, for any renderer.
    """
    with speaking(evidence.language):
        sections = named({name: section(evidence) for name, section in SECTIONS.items()})
        return Document(_title(evidence), _subtitle(evidence), sections, evidence.language, _cover(evidence))


def _title(evidence: Evidence) -> str:
    until = evidence.until
    return evidence.title or (words.TITLE_DATED.format(date=day(until)) if until else words.TITLE_UNDATED)


def _cover(evidence: Evidence) -> tuple[str, ...]:
    return tuple(words.COVER_LINE.format(item=item, said=said) for item, said in cover_facts(evidence))


def _subtitle(evidence: Evidence) -> str:
    economics, until, last = (
        evidence.valuation.economics,
        evidence.until,
        None if evidence.customers is None else evidence.customers.last_order,
    )
    return (words.SUBTITLE_DATED if until else words.SUBTITLE_UNDATED).format(
        horizon=plain(economics.horizon),
        rate=discount_shown(economics),
        customers=show(count(len(evidence.valuation.customers))),
        draws=show(count(evidence.valuation.total.sizes["draw"])),
        date=day(last or until) if until else "",
    )
