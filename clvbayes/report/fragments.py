"""Single results as the report shows them, for notebooks: a few of its sections, or one of its pictures on axes of one's own."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from clvbayes.data import Customers, Renewals
from clvbayes.decisions import Plan
from clvbayes.errors import ArgumentError
from clvbayes.grading import Backtest
from clvbayes.inference import Fit
from clvbayes.report.backtest_figures import draw_graded
from clvbayes.report.backtest_sections import graded_bars, models_compared, verdicts
from clvbayes.report.basis_sections import checks_section, forecast, ledger
from clvbayes.report.blocks import Document, Headline, Section
from clvbayes.report.contract_figures import bridge_steps, draw_bridge
from clvbayes.report.contract_grades import contract_grades_section
from clvbayes.report.contracts_section import contracts_section
from clvbayes.report.evidence import Budgeted, Evidence
from clvbayes.report.figures import draw_fan
from clvbayes.report.graded import GradedModel
from clvbayes.report.headline import value_cards
from clvbayes.report.html import render_fragment
from clvbayes.report.language import words
from clvbayes.report.outlook import outlook
from clvbayes.report.plan_figures import draw_frontier
from clvbayes.report.plan_section import PLAN_SECTIONS
from clvbayes.report.value_sections import segments
from clvbayes.valuation import ContractBook, Valuation

__all__ = ["fragment", "picture"]

OF_A_STUDY = ("headline", "outlook", "segments", "plan")


@dataclass(frozen=True)
class _Base:
    """What a valuation knows of the customers."""

    segments: pd.DataFrame
    until: date | None = None

    def __len__(self) -> int:
        return len(self.segments)


@dataclass(frozen=True)
class _Booked:
    """What a book of contracts knows of a valuation."""

    contracts: ContractBook
    discrepancy: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class _Known:
    """What a single result knows of the evidence: enough for the sections that are shown of it."""

    currency: str
    valuation: "Valuation | _Booked | None" = None
    customers: _Base | Customers | None = None
    by: tuple[str, ...] = ()
    budgeted: Budgeted | None = None
    backtest: None = None
    contracts_backtest: None = None
    contracts: None = None
    renewals: Renewals | None = None
    until: None = None
    customer_ids: str = "none"

    @property
    def segments(self) -> pd.DataFrame:
        """Of all who are valued, where a valuation is known."""
        return self.valuation.customers if isinstance(self.valuation, Valuation) else pd.DataFrame()


def fragment(result: object) -> str:
    """A result as HTML, to stand within another page.

    Parameters
    ----------
    result : Customers, Renewals, Fit, Valuation, ContractBook, Backtest, Plan or Study

    Returns
    -------
    str

    Raises
    ------
    ArgumentError
        If it is none of these.
    """
    return render_fragment(Document(type(result).__name__, type(result).__name__, _sections(result), _language(result)))


def picture(result: object, axes: Axes | None = None) -> Axes:
    """A result drawn on given axes, or on new ones.

    Parameters
    ----------
    result : Valuation, ContractBook, Backtest or Plan
        Of a valuation the revenue of its complete periods, of a book of contracts the way of recurring revenue to that in a year, of a
        back-test forecasts and what happened, of a plan the efficient frontier.
    axes : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        If the result has no picture, or `axes` are none.
    """
    if axes is not None and not isinstance(axes, Axes):
        raise ArgumentError(f"axes must be matplotlib's Axes, such as pyplot.gca() returns, not {type(axes).__name__}")
    axes = plt.gca() if axes is None else axes
    match result:
        case Valuation():
            seen, known = outlook(cast("Evidence", _of_valuation(result))), result.economics.currency or ""
            lines, bands = draw_fan(axes, seen.history, seen.positions, seen.draws, seen.timeline, label=words.AXIS_REVENUE, currency=known)
            axes.legend(handles=[*lines, *bands], frameon=False)
        case ContractBook():
            draw_bridge(axes, bridge_steps(result), currency=result.currency)
        case Backtest():
            graded = _graded(result)
            label = words.AXIS_GRADED_CONTRACTS if graded.of_contracts else words.AXIS_GRADED
            axes.legend(handles=draw_graded(axes, graded_bars(graded), label=label, currency=graded.currency), frameon=False)
        case Plan():
            draw_frontier(axes, result, currency=result.currency or "")
            axes.legend(frameon=False)
        case _:
            raise ArgumentError(f"there is no picture of a {type(result).__name__}")
    return axes


def _sections(result: Any) -> tuple[Section, ...]:
    match result:
        case Customers():
            return (ledger(cast("Evidence", _Known(result.currency or "", customers=result))),)
        case Renewals():
            return (ledger(cast("Evidence", _Known(result.currency or "", renewals=result))),)
        case ContractBook():
            return _recurring(_Known(result.currency, _Booked(result)))
        case Fit():
            return (checks_section([(result.model.title, found) for found in result.certificate.results]),)
        case Valuation():
            known = cast("Evidence", _of_valuation(result))
            shown = Section(words.HEADLINE, (Headline(value_cards(known)),)), segments(known), forecast(known)
            return *shown, *_recurring(known)
        case Backtest():
            graded = _graded(result)
            return (contract_grades_section(graded),) if graded.of_contracts else (verdicts(graded), models_compared(graded))
        case Plan():
            known = cast("Evidence", _Known(result.currency or "", budgeted=Budgeted(result)))
            return tuple(section for make in PLAN_SECTIONS.values() if (section := make(known)) is not None)
    document = getattr(result, "document", None)  # of a Study, which stands below the report
    if not isinstance(document, Document):
        raise ArgumentError(f"a report shows no {type(result).__name__}")
    return tuple(section for section in document.sections if section.name in OF_A_STUDY)


def _recurring(known: "_Known | Evidence") -> tuple[Section, ...]:
    """What is under contract, if anything is."""
    section = contracts_section(cast("Evidence", known))
    return () if section is None else (section,)


def _language(result: object) -> Any:
    document = getattr(result, "document", None)
    return document.language if isinstance(document, Document) else "en"


def _of_valuation(valuation: Valuation) -> _Known:
    return _Known(valuation.economics.currency or "", valuation, _Base(valuation.customers), tuple(valuation.cash))


def _graded(backtest: Backtest) -> GradedModel:
    return GradedModel(backtest, backtest.models[0], str(backtest.settings["currency"] or ""))
