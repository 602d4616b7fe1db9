"""What a report is made from, and the numbers that several sections read off it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvbayes.data import NOT_POSITIVE, RETURN, Customers, Renewals
from clvbayes.decisions import Plan
from clvbayes.errors import ArgumentError
from clvbayes.inference.certificate import Certificate, CheckResult
from clvbayes.inference.weighing import Weighing
from clvbayes.models.clock import Clock
from clvbayes.report.graded import GradedModel
from clvbayes.report.language import LANGUAGES, Language
from clvbayes.valuation.base import everyone
from clvbayes.valuation.valuation import Valuation

__all__ = [
    "Alternative",
    "Budgeted",
    "Evidence",
    "Floats",
    "concentration",
    "currency_of",
    "draws_of",
    "failed_checks",
    "results_by_source",
    "returned",
]

Floats = npt.NDArray[np.float64]


class FittedModel(Protocol):
    """The part of a model that a report names."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def options(self) -> Mapping[str, object]: ...
    @property
    def clock(self) -> Clock: ...


class FrozenPriors(Protocol):
    """The priors as numbers, one entry a coordinate; `scale` is empty without pooling."""

    @property
    def coordinates(self) -> tuple[str, ...]: ...
    @property
    def mean(self) -> tuple[float, ...]: ...
    @property
    def sd(self) -> tuple[float, ...]: ...
    @property
    def scale(self) -> tuple[float, ...]: ...


class FitRecord(Protocol):
    """The part of a `clvbayes.inference.fit.Fit` that a report reads."""

    @property
    def model(self) -> FittedModel: ...
    @property
    def priors(self) -> FrozenPriors: ...
    @property
    def pool(self) -> tuple[str | tuple[str, ...], ...]: ...
    @property
    def certificate(self) -> Certificate: ...
    @property
    def customers(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class Budgeted:
    """What became of a budget.

    Attributes
    ----------
    plan : Plan or None
        None where none was made.
    as_drawn : Plan or None
        The same from draws as they are, where `plan` is from draws that a back-test widened.
    refused : str
        Why no plan was made; empty where one was.
    explored : pandas.DataFrame or None
        Plans for other budgets and aversions to risk, as `clvbayes.decisions.explore` gives them; None where no plan was made.
    """

    plan: Plan | None
    as_drawn: Plan | None = None
    refused: str = ""
    explored: pd.DataFrame | None = None


@dataclass(frozen=True)
class Alternative:
    """The same customers valued with another model, all else alike.

    Attributes
    ----------
    title : str
        Of the model.
    valuation : Valuation
    """

    title: str
    valuation: Valuation


@dataclass(frozen=True)
class Evidence:
    """All that a valuation report is made from.

    Attributes
    ----------
    title : str or None
        Title of the report; a plain one is made where it is None.
    customers : Customers or None
        Who ordered; None, as the fits, where there are contracts alone.
    purchases, spend : Fit or None
    valuation : Valuation
    by : tuple of str
        Reporting columns, in the order of the report.
    customer_ids : {"none", "hashed", "plain"}
        Whether and how the report names single accounts.
    source : str
        Name of the file read, without its folder.
    data_hash : str
    versions : mapping of str to str
    seed : int
    settings : mapping of str to mapping
        The valuation file, as it was read.
    returns : Fit or None
    spend_findings : tuple of CheckResult
        What the data say against the assumptions on amounts.
    backtest : GradedModel or None
        How the same models would have done in the past.
    pooled : tuple of Fit
        Purchase fits that share the draws with `purchases`.
    budgeted : Budgeted or None
        None where there is no budget.
    alternative : Alternative or None
        What another model would say.
    wider_priors : Weighing or None
        Weights of the valuation's draws had the priors been twice as wide.
    contracts : tuple or None
        The fits of renewals and of changes (or None), and the `Renewals`.
    contracts_backtest : GradedModel or None
        How the models of contracts would have done in the past.
    language : {"en", "de"}
    purpose, prepared_by : str or None
        What the report is for, and who made it.
    report_date : date or None
        Day of the report itself; never today's by itself, so that the same data give the same report.
    settings_file : str
        Name of the valuation file, without its folder; empty where there was none.

    Raises
    ------
    ArgumentError
        If a reporting column is not in the valuation, `customer_ids` is unknown, or the draws are expected values,
        whose bands would be too narrow.
    """

    title: str | None
    customers: Customers | None
    purchases: FitRecord | None
    spend: FitRecord | None
    valuation: Valuation
    by: tuple[str, ...]
    customer_ids: Literal["none", "hashed", "plain"]
    source: str
    data_hash: str
    versions: Mapping[str, str]
    seed: int
    settings: Mapping[str, Mapping[str, object]]
    returns: FitRecord | None = None
    spend_findings: tuple[CheckResult, ...] = ()
    backtest: GradedModel | None = None
    pooled: tuple[FitRecord, ...] = ()
    budgeted: Budgeted | None = None
    alternative: Alternative | None = None
    wider_priors: Weighing | None = None
    contracts: tuple[FitRecord, FitRecord | None, Renewals] | None = None
    contracts_backtest: GradedModel | None = None
    language: Language = "en"
    purpose: str | None = None
    prepared_by: str | None = None
    report_date: date | None = None
    settings_file: str = ""

    @property
    def currency(self) -> str:
        """Code of the currency; empty if nobody named it."""
        of_amounts = (None if self.customers is None else self.customers.currency) or (
            None if self.renewals is None else self.renewals.currency
        )
        return self.valuation.economics.currency or of_amounts or ""

    @property
    def orders(self) -> Customers:
        """Who ordered; sections of orders alone are not made without."""
        assert self.customers is not None
        return self.customers

    @property
    def renewals(self) -> Renewals | None:
        """What is known of contracts."""
        return None if self.contracts is None else self.contracts[2]

    @property
    def until(self) -> date | None:
        """The valuation date."""
        if self.customers is not None:
            return self.customers.until
        return None if self.renewals is None else self.renewals.until

    @property
    def segments(self) -> pd.DataFrame:
        """Of all who are valued."""
        return everyone(self.customers, self.renewals).segments

    @property
    def seasonal(self) -> bool:
        """Whether purchases are modelled with a season."""
        return self.purchases is not None and bool(self.purchases.model.options.get("season"))

    @property
    def fits(self) -> tuple[FitRecord, ...]:
        """Those that there are."""
        of_contracts = () if self.contracts is None else self.contracts[:2]
        return tuple(fit for fit in (self.purchases, *self.pooled, self.spend, self.returns, *of_contracts) if fit is not None)

    def __post_init__(self) -> None:
        segments = self.segments
        missing = [column for column in self.by if column not in self.valuation.cash or column not in segments]
        if missing:
            known = ", ".join(map(repr, self.valuation.cash)) or "none"
            raise ArgumentError(f"by names {missing}, which the valuation does not report; it reports: {known}")
        if self.customer_ids not in ("none", "hashed", "plain"):
            raise ArgumentError(f'customer_ids must be "none", "hashed" or "plain", not {self.customer_ids!r}')
        if self.language not in LANGUAGES:
            raise ArgumentError(f"language must be one of {', '.join(map(repr, LANGUAGES))}, not {self.language!r}")
        if self.valuation.total.attrs.get("kind", "predictive") != "predictive":
            raise ArgumentError(
                f"a report needs predictive draws, not {self.valuation.total.attrs['kind']!r} values: its bands would be too narrow"
            )
        if not len(segments) or len(segments) != len(self.valuation.customers):
            found = f"{len(segments)} customers in the data and {len(self.valuation.customers)} in the valuation"
            raise ArgumentError(f"{found} cannot be reported together: give the customers that were valued")


def currency_of(evidence: Evidence) -> str:
    """Code of the currency; empty if nobody named it."""
    return evidence.currency


def draws_of(evidence: Evidence, component: str) -> Floats:
    """Draws of one component over all customers, ``(draw, period)``."""
    selected = evidence.valuation.total.sel(component=component).transpose("draw", "period")
    return np.asarray(selected, dtype=float)


@dataclass(frozen=True)
class Concentration:
    """How unevenly the predicted mean value lies with the customers.

    Attributes
    ----------
    cumulative : ndarray of shape (customers,)
        Share of the value held by the first k customers, largest value first.
    groups : tuple of float
        Share held by each tenth of the customers, best first; by each customer where there are fewer than ten.
    sizes : tuple of int
        Customers in each group.
    half : int
        Number of largest customers that hold half of the value; 0 if there is no value.
    """

    cumulative: Floats
    groups: tuple[float, ...]
    sizes: tuple[int, ...]
    half: int


def concentration(evidence: Evidence) -> Concentration:
    """Shares of the total of the customers' mean values."""
    values = np.sort(np.asarray(evidence.valuation.customers["value_mean"], dtype=float))[::-1]
    total = values.sum()
    shares = values / total if total > 0 else np.zeros_like(values)
    cumulative = np.cumsum(shares)
    groups = np.array_split(shares, min(10, len(shares)))
    half = int(np.searchsorted(cumulative, 0.5 - 1e-12)) + 1 if total > 0 else 0
    return Concentration(cumulative, tuple(float(group.sum()) for group in groups), tuple(len(group) for group in groups), half)


def results_by_source(evidence: Evidence) -> tuple[tuple[str, CheckResult], ...]:
    """Every check of both fits and of the valuation, each with the title of what was checked (empty for the valuation)."""
    of_fits = tuple((fit.model.title, result) for fit in evidence.fits for result in fit.certificate.results)
    return (*of_fits, *(("", check) for check in (*evidence.valuation.checks, *evidence.spend_findings)))


def failed_checks(evidence: Evidence) -> tuple[tuple[str, CheckResult], ...]:
    """The checks that failed."""
    return tuple((source, result) for source, result in results_by_source(evidence) if result.status == "failed")


def returned(evidence: Evidence) -> tuple[float, float]:
    """Money that went back, without its sign, and its share of the money kept; zeros where not known.

    Rows marked as returns or credit notes, and unmarked rows of negative amount.
    """
    ledger = None if evidence.customers is None else evidence.customers.ledger
    if ledger is None or ledger.kept.amount <= 0:
        return 0.0, 0.0
    marked = sum(abs(float(line.amount)) for line in ledger.left_out if line.reason == RETURN)
    amount = marked + sum(max(-float(line.amount), 0.0) for line in ledger.left_out if line.reason == NOT_POSITIVE)
    return amount, amount / float(ledger.kept.amount)
