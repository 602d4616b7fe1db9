"""From evidence to a document: one function a section, in a reader's order."""

from collections.abc import Callable

from clvbayes.report import prose_en as words
from clvbayes.report.assumptions import assumptions, discount_shown
from clvbayes.report.backtest_sections import BACKTEST_SECTIONS
from clvbayes.report.basis_sections import certificate, forecast, ledger, reproduction
from clvbayes.report.blocks import Document, Section
from clvbayes.report.evidence import Evidence
from clvbayes.report.graded import GradedModel
from clvbayes.report.headline import headline
from clvbayes.report.newcomer_section import newcomers
from clvbayes.report.numbers import count, plain, show
from clvbayes.report.plan_section import PLAN_SECTIONS
from clvbayes.report.returns_section import returns_section
from clvbayes.report.spread_section import spread_section
from clvbayes.report.value_sections import accounts, concentration_section, outlook_section, segments

__all__ = ["SECTIONS", "Evidence", "compose"]


def _graded(section: Callable[[GradedModel], Section | None]) -> Callable[[Evidence], Section | None]:
    return lambda evidence: None if evidence.backtest is None else section(evidence.backtest)


SECTIONS: tuple[Callable[[Evidence], Section | None], ...] = (
    headline,
    outlook_section,
    concentration_section,
    segments,
    accounts,
    newcomers,
    returns_section,
    *PLAN_SECTIONS,
    forecast,
    spread_section,
    *map(_graded, BACKTEST_SECTIONS),
    certificate,
    assumptions,
    ledger,
    reproduction,
)


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
    economics, until = evidence.valuation.economics, evidence.customers.until
    date = until.isoformat() if until else ""
    subtitle = (words.SUBTITLE_DATED if until else words.SUBTITLE_UNDATED).format(
        horizon=plain(economics.horizon),
        rate=discount_shown(economics),
        customers=show(count(len(evidence.customers))),
        draws=show(count(evidence.valuation.total.sizes["draw"])),
        date=(evidence.customers.last_order or until or ""),
    )
    title = evidence.title or (words.TITLE_DATED.format(date=date) if until else words.TITLE_UNDATED)
    sections = (section(evidence) for section in SECTIONS)
    return Document(title, subtitle, tuple(section for section in sections if section is not None))
