"""A whole valuation from its settings: the only place that knows the order of the steps."""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any, cast

import pandas as pd

from clvbayes import models
from clvbayes.data import TERM, Contracts, Customers, Renewals, Transactions, read_contracts, read_transactions, summarize
from clvbayes.decisions import Plan, allocate, explore
from clvbayes.decisions.measures import LEVER_OF
from clvbayes.errors import ArgumentError, DataError, SettingsError
from clvbayes.files import damage_is_an_error, file_hashes, require_replaceable, staged, write_json
from clvbayes.grading import Backtest, backtest
from clvbayes.grading.discrepancy import completed, learn_from, pooled_models
from clvbayes.grading.rolling_origins import CODE
from clvbayes.inference import CheckResult, Fit, spend_checks
from clvbayes.inference.kept import code_digest, drop_other_fits, fit_or_kept
from clvbayes.models.hierarchy import Pool, assign_cells
from clvbayes.models.protocol import Model, PurchaseModel, SpendModel
from clvbayes.notebook import fragment
from clvbayes.report import (
    Alternative,
    Budgeted,
    Evidence,
    GradedModel,
    backtest_document,
    compose,
    render_html,
    render_json,
    render_pdf,
    render_xlsx,
    values_by_level,
)
from clvbayes.report.blocks import Document
from clvbayes.settings import ModelSettings, Settings, SettingsFile, read_settings
from clvbayes.storage import load, save
from clvbayes.valuation import LEVERS, Discrepancy, Valuation, value, wider_priors
from clvbayes.valuation.base import everyone

__all__ = ["GradedStudy", "Study", "check", "run", "run_backtest"]

SAME_MODELS = ("pool", "since", "spend_growth", "currency")  # in which an earlier back-test must agree to be told of a run
# and to be the run's own
SAME_GRADES = ("sha256", "read", "by", "until", "asked", "horizons", "seed", "draws", "predictive_draws", "customers", "widened", "code")
FITS, BACKTEST, BACKTEST_FITS = "fits", "backtest", "backtest-fits"
CONTRACTS_BACKTEST, CONTRACTS_BACKTEST_FITS = "contracts-backtest", "contracts-backtest-fits"
PLAN = "plan.parquet"
FORMATS = ("html", "pdf", "xlsx", "json")
EXPLORED = (0.5, 0.75, 1.0, 1.25, 1.5)  # of the budget
SHOWN_LEVELS = 12
MOVED_CUSTOMERS = 100_000  # above it the thirteen passes of all levers would take minutes
NOT_CERTIFIED = "a check of sampling or simulation failed; run.allow_failed_checks = true plans all the same"
NO_FACTOR = "a back-test found the bands of totals too narrow, and one without any width does not tell by how much"
VERSIONED = ("clvbayes", "pymc", "nutpie", "arviz-stats", "numpy", "numba", "pandas", "duckdb")


@dataclass(frozen=True)
class Inputs:
    """What a valuation file names, read and checked; orders or contracts may be None, not both.

    Attributes
    ----------
    file : SettingsFile
    transactions : Transactions or None
    customers : Customers or None
    contracts : Contracts or None
    renewals : Renewals or None
    """

    file: SettingsFile
    transactions: Transactions | None
    customers: Customers | None
    contracts: Contracts | None
    renewals: Renewals | None

    @property
    def of_orders(self) -> tuple[Transactions, Customers]:
        """Orders, and who made them.

        Raises
        ------
        SettingsError
            If there are none.
        """
        if self.transactions is None or self.customers is None:
            raise SettingsError(f"{self.file.path.name}: data names no orders, and without them there is nothing to do here")
        return self.transactions, self.customers

    @property
    def currency(self) -> str | None:
        """Of all amounts."""
        known = [table.currency for table in (self.customers, self.renewals) if table is not None]
        return next((code for code in known if code), None)

    @property
    def segments(self) -> pd.DataFrame:
        """Of all customers."""
        return everyone(self.customers, self.renewals).segments

    @property
    def source(self) -> str:
        """Names of the files."""
        return ", ".join(table.source for table in (self.transactions, self.contracts) if table is not None)

    @property
    def sha256(self) -> str:
        """Hashes of their contents."""
        return ", ".join(table.sha256 for table in (self.transactions, self.contracts) if table is not None)


@dataclass(frozen=True)
class Study:
    """A finished valuation.

    Attributes
    ----------
    settings : SettingsFile
    customers : Customers or None
    purchases, spend : Fit or None
        None, as the customers, where there are contracts alone.
    returns : Fit or None
        None where nothing came back, or returns are not asked for.
    valuation : Valuation
    document : Document
        The report, before it is rendered.
    folder : pathlib.Path
        Where the report is (`report.html`, `.pdf`, `.xlsx` and `.json`), `customers.parquet`, `manifest.json`, `valuation/` and, with a
        budget, `plan.parquet`.
    pooled : tuple of Fit
        Further fits that share the draws with `purchases`.
    plan : Plan or None
        What to spend on which measure; None without a budget, or where a check failed.
    contracts : tuple or None
        The fit of renewals, that of changes or None, and the `Renewals`; None without contracts.
    """

    settings: SettingsFile
    customers: Customers | None
    purchases: Fit | None
    spend: Fit | None
    returns: Fit | None
    valuation: Valuation
    document: Document
    folder: Path
    pooled: tuple[Fit, ...] = ()
    plan: Plan | None = None
    contracts: tuple[Fit, Fit | None, Renewals] | None = None

    def _repr_html_(self) -> str:
        """As the report shows it."""
        return fragment(self)

    @property
    def passed(self) -> bool:
        """Whether all fits passed their certificates and the valuation its checks."""
        of_contracts = () if self.contracts is None else self.contracts[:2]
        fits = [fit for fit in (self.purchases, *self.pooled, self.spend, self.returns, *of_contracts) if fit is not None]
        return all(fit.certificate.passed for fit in fits) and self.valuation.passed

    @property
    def report(self) -> Path:
        """The report's file as a page."""
        return self.reports["html"]

    @property
    def reports(self) -> dict[str, Path]:
        """The report's files: "html", "pdf", "xlsx" (every table a sheet) and "json" (for other programs)."""
        return {name: self.folder / f"report.{name}" for name in FORMATS}


@dataclass(frozen=True)
class GradedStudy:
    """A finished back-test.

    Attributes
    ----------
    settings : SettingsFile
    backtest : Backtest
    folder : pathlib.Path
        Where `backtest.html` and `backtest/` are.
    """

    settings: SettingsFile
    backtest: Backtest
    folder: Path

    @property
    def report(self) -> Path:
        """The report's file."""
        return self.folder / "backtest.html"


def check(settings_path: str | Path, *, overrides: Sequence[str] = ()) -> Inputs:
    """Read and check everything that a run would read; sample and write nothing.

    Parameters
    ----------
    settings_path : path
        The valuation file.
    overrides : sequence of str
        Such as ``economics.margin=0.3``.

    Returns
    -------
    Inputs

    Raises
    ------
    ClvError
        If anything that a person gave is wrong.
    """
    file = read_settings(settings_path, overrides)
    settings = file.settings
    transactions, customers = _orders(file) if file.orders is not None else (None, None)
    contracts, renewals = _contracts(file, customers) if file.contracts is not None else (None, None)
    inputs = Inputs(file, transactions, customers, contracts, renewals)
    if customers is not None:
        cells = assign_cells(customers, settings.models.pool)
        for model in _models(settings, customers):
            model.priors(customers)
            model.rows(customers, cells)
            model.clock.over(customers)
    if renewals is not None:
        cells = assign_cells(renewals, settings.models.contracts_pool)
        for model in _contract_models(settings):
            model.rows(renewals, cells)
    settings.economics.economics(inputs.currency).require_levels(inputs.segments)
    _require_places(settings, inputs.segments)
    return inputs


def _orders(file: SettingsFile) -> tuple[Transactions, Customers]:
    data = file.settings.data
    counting = data.model_dump(include={"since", "until", "opportunity"})
    transactions = read_transactions(file.orders, **data.model_dump(exclude={"orders", "contracts", *counting}))
    return transactions, summarize(transactions, **counting)


def _contracts(file: SettingsFile, customers: Customers | None) -> tuple[Contracts, Renewals]:
    """Contracts are known until the day that the orders are."""
    data = file.settings.data
    shared = data.model_dump(include={"segments", "currency", "date_format", "decimal"})
    contracts = read_contracts(file.contracts, **shared, **file.settings.contracts.model_dump(exclude={"indexation"}))
    renewals = summarize(contracts, until=data.until if customers is None else customers.until, since=data.since)
    if not renewals.running.any():
        raise DataError(f"{contracts.source}: no contract runs on {renewals.until}; there is nothing to value, so leave data.contracts out")
    if customers is not None and customers.currency and renewals.currency and customers.currency != renewals.currency:
        raise DataError(f"the orders are in {customers.currency}, the contracts in {renewals.currency}; bring both to one currency")
    return contracts, renewals


def run(settings_path: str | Path, *, out: str | Path | None = None, overrides: Sequence[str] = (), progress: bool = True) -> Study:
    """Value a customer base as a valuation file says, and write the report.

    Each finished fit is kept in the folder's `fits` until a run with other data, models or sampler settings has finished: a run that was
    interrupted goes on where it stopped, and another margin needs no sampling.

    Parameters
    ----------
    settings_path : path
        The valuation file.
    out : path, optional
        Folder of the results; by default ``out/<name of the valuation file>`` beside the file.
    overrides : sequence of str
        Such as ``economics.margin=0.3``.
    progress : bool
        Whether to show progress.

    Returns
    -------
    Study
        Also where a check failed; then the report says so on its first page.

    Raises
    ------
    ClvError
        If anything that a person gave is wrong; no report is written then.

    Examples
    --------
    >>> run("missing.toml")
    Traceback (most recent call last):
    clvbayes.errors.SettingsError: missing.toml does not exist
    """
    inputs = check(settings_path, overrides=overrides)
    file, customers, settings = inputs.file, inputs.customers, inputs.file.settings
    folder = _folder(file, out)
    written = (*(f"report.{name}" for name in FORMATS), "customers.parquet", PLAN, "manifest.json", "backtest.html")
    require_replaceable(folder, files=written, folders=("valuation", BACKTEST, CONTRACTS_BACKTEST))
    for kept in (FITS, BACKTEST_FITS, CONTRACTS_BACKTEST_FITS):
        require_replaceable(folder / kept, files=(), folders=())
    sampler: dict[str, Any] = {"draws": settings.run.draws, "seed": settings.run.seed}
    of_orders = None if customers is None else _fit_orders(folder, inputs, sampler | {"pool": _pool(settings)}, progress)
    contracts_graded = _graded_contracts(folder, inputs, progress)
    contracts, contract_keys = _fit_contracts(folder, inputs, sampler, progress)
    purchases, spend, returns, graded, discrepancy = (
        ((), None, None, None, None)
        if of_orders is None
        else (of_orders.purchases, of_orders.spend, of_orders.returns, of_orders.graded, of_orders.discrepancy)
    )
    valuation = value(
        purchases or None,
        spend,
        customers,
        settings.economics.economics(inputs.currency),
        returns=returns,
        contracts=contracts,
        by=settings.report.by,
        levers=_levers(settings, inputs),
        discrepancy=discrepancy,
        draws=settings.run.predictive_draws,
        seed=settings.run.seed,
        progress=progress,
    )
    alternative, alternative_key = _alternative(folder, inputs, of_orders, contracts, sampler | {"pool": _pool(settings)}, progress)
    fitted = [fit for fit in (*purchases, spend, returns, *(contracts or ())[:2]) if fit is not None]
    budgeted = _budgeted(settings, valuation, fitted, graded)
    versions = {"python": python_version()} | {name: version(name) for name in VERSIONED}
    evidence = Evidence(
        title=settings.report.title,
        customers=customers,
        purchases=purchases[0] if purchases else None,
        pooled=purchases[1:],
        spend=spend,
        returns=returns,
        spend_findings=(
            *(() if customers is None else _spend_findings(customers, settings, _pool(settings))),
            *_counted_twice(inputs),
        ),
        valuation=valuation,
        by=tuple(valuation.cash),
        customer_ids=settings.report.customer_ids,
        source=inputs.source,
        data_hash=inputs.sha256,
        versions=versions,
        seed=settings.run.seed,
        settings=_shown(file),
        backtest=graded,
        budgeted=budgeted,
        alternative=alternative,
        wider_priors=None if spend is None else wider_priors(purchases, spend, draws=settings.run.predictive_draws, seed=settings.run.seed),
        contracts=contracts,
        contracts_backtest=contracts_graded,
        language=settings.report.language,
        purpose=settings.report.purpose,
        prepared_by=settings.report.prepared_by,
        report_date=settings.report.date,
        settings_file=file.path.name,
    )
    plan = None if budgeted is None else budgeted.plan
    study = Study(
        file,
        customers,
        purchases[0] if purchases else None,
        spend,
        returns,
        valuation,
        compose(evidence),
        folder,
        purchases[1:],
        plan,
        contracts,
    )
    _write(study, evidence)
    drop_other_fits(folder / FITS, (*(() if of_orders is None else of_orders.keys), *contract_keys, *alternative_key))
    return study


@dataclass(frozen=True)
class _OfOrders:
    """What a run has learned of orders; `keys` are those of the kept fits."""

    purchases: tuple[Fit, ...]
    spend: Fit
    returns: Fit | None
    graded: GradedModel | None
    discrepancy: Discrepancy
    keys: tuple[str, ...]


def _fit_orders(folder: Path, inputs: Inputs, sampler: dict[str, Any], progress: bool) -> _OfOrders:
    settings, (transactions, customers) = inputs.file.settings, inputs.of_orders
    chosen = _models(settings, customers)
    graded = _graded(folder, settings, chosen, transactions, customers, progress)
    ended = pd.DataFrame() if graded is None else completed(graded.backtest.by_itself, graded.own, customers.until)
    columns = list(map(str, customers.segments)) if settings.report.by is None else settings.report.by
    discrepancy = learn_from(ended, columns=columns, draws=settings.run.predictive_draws, seed=settings.run.seed)
    pooled = pooled_models(cast("PurchaseModel", chosen[0]), ended, customers)
    fits, keys = zip(*(fit_or_kept(folder / FITS, model, customers, sampler, progress) for model in (*pooled, *chosen[1:])), strict=True)
    purchases, (spend, returns) = fits[: len(pooled)], (*fits[len(pooled) :], None)[:2]
    assert spend is not None
    return _OfOrders(purchases, spend, returns, graded, discrepancy, keys)


def _fit_contracts(
    folder: Path, inputs: Inputs, sampler: dict[str, Any], progress: bool
) -> tuple[tuple[Fit, Fit | None, Renewals] | None, tuple[str, ...]]:
    """Fits of renewals and of changes, where there are contracts, and their keys."""
    renewals, settings = inputs.renewals, inputs.file.settings
    if renewals is None:
        return None, ()
    sampler = sampler | {"pool": settings.models.contracts_pool}
    fits, keys = zip(*(fit_or_kept(folder / FITS, model, renewals, sampler, progress) for model in _contract_models(settings)), strict=True)
    return (fits[0], fits[1] if len(fits) > 1 else None, renewals), keys


def _contract_models(settings: Settings) -> list[Model]:
    """Models of renewals, and of changes if they are asked for."""
    renewed = getattr(models, settings.models.contracts)()
    return [renewed, models.renewal_change(indexation=settings.contracts.indexation)] if settings.models.changes else [renewed]


def _counted_twice(inputs: Inputs) -> tuple[CheckResult, ...]:
    """The money of customers with orders and contracts, where no line of an order says that it is a contract's."""
    customers, renewals = inputs.customers, inputs.renewals
    if customers is None or renewals is None or inputs.file.settings.data.contract_id is not None:
        return ()
    both = customers.statistics["customer_id"].isin(renewals.statistics["customer_id"])
    if not both.any():
        return (CheckResult("Orders and contracts", "ok", "No customer has both orders and contracts."),)
    amount = float(customers.statistics.loc[both, ["first_amount", "spend_sum"]].sum().sum())
    message = f"{int(both.sum()):,} customers have orders and contracts; their orders of {amount:,.0f} may hold invoices of contracts."
    advice = "If they do, those are counted twice: name their column in data.contract_id."
    return (CheckResult("Orders and contracts", "note", message, advice),)


def run_backtest(
    settings_path: str | Path, *, out: str | Path | None = None, overrides: Sequence[str] = (), progress: bool = True
) -> GradedStudy:
    """Grade what the models of a valuation file would have forecast in the past, and write what was found.

    The next run with the same models takes it into its report. Finished fits are kept beside it, so that a back-test that was interrupted
    goes on where it stopped.

    Parameters
    ----------
    settings_path, out, overrides, progress
        As of `run`.

    Returns
    -------
    GradedStudy

    Raises
    ------
    ClvError
        If anything that a person gave is wrong, or no forecast can be graded; nothing is written then.

    Examples
    --------
    >>> run_backtest("missing.toml")
    Traceback (most recent call last):
    clvbayes.errors.SettingsError: missing.toml does not exist
    """
    inputs = check(settings_path, overrides=overrides)
    file, settings = inputs.file, inputs.file.settings
    transactions, customers = inputs.of_orders
    folder = _folder(file, out)
    require_replaceable(folder, files=("backtest.html",), folders=(BACKTEST,))
    require_replaceable(folder / BACKTEST_FITS, files=(), folders=())
    found = _backtest(folder, settings, settings.candidates, transactions, customers, progress)
    drop_other_fits(folder / BACKTEST_FITS, found.settings["fits"])
    _write_backtest(folder, GradedModel(found, found.models[0], customers.currency or ""), settings)
    return GradedStudy(file, found, folder)


def _folder(file: SettingsFile, out: str | Path | None) -> Path:
    return Path(out) if out is not None else file.path.parent / "out" / file.path.stem


def _pool(settings: Settings) -> tuple[str | tuple[str, ...], ...]:
    return tuple(entry if isinstance(entry, str) else tuple(entry) for entry in settings.models.pool)


def _backtest(
    folder: Path, settings: Settings, candidates: Sequence[ModelSettings], transactions: Transactions, customers: Customers, progress: bool
) -> Backtest:
    asked = settings.backtest
    found = backtest(
        transactions,
        origins=asked.origins,
        horizons=asked.horizons,
        models=[_purchases_and_spend(candidate) for candidate in candidates],
        pool=_pool(settings),
        by=settings.report.by,
        since=settings.data.since,
        until=customers.until,
        opportunity=settings.data.opportunity,
        spend_growth=settings.economics.spend_growth,
        draws=asked.draws,
        predictive_draws=asked.predictive_draws,
        seed=settings.run.seed,
        folder=folder / BACKTEST_FITS,
        customers=asked.customers,
        progress=progress,
    )
    return replace(found, settings=found.settings | {"read": _how_read(settings)})


def _write_backtest(folder: Path, graded: GradedModel, settings: Settings) -> None:
    with staged(folder) as stage:
        document = backtest_document(graded, settings.report.language)
        (stage / "backtest.html").write_text(render_html(document), encoding="utf-8")
        save(graded.backtest, stage / BACKTEST)


def _how_read(settings: Settings) -> dict[str, Any]:
    """How the orders were read: the same file read in another way is other data."""
    return settings.data.model_dump(mode="json", exclude={"orders", "contracts", "since", "until"})


def _graded_contracts(folder: Path, inputs: Inputs, progress: bool) -> GradedModel | None:
    """How the run's models of contracts would have done: the back-test in the results' folder if it is that, or a new one.

    None where there are no contracts, or nothing could be graded.
    """
    contracts, renewals, settings = inputs.contracts, inputs.renewals, inputs.file.settings
    if contracts is None or renewals is None:
        return None
    asked, chosen = settings.backtest, tuple(_contract_models(settings))
    options: dict[str, Any] = {
        "origins": asked.origins,
        "horizons": asked.horizons,
        "pool": settings.models.contracts_pool,
        "by": None if settings.report.by is None else [*settings.report.by, TERM],
        "since": settings.data.since,
        "until": renewals.until,
        "draws": asked.draws,
        "predictive_draws": asked.predictive_draws,
        "customers": asked.customers,
        "seed": settings.run.seed,
    }
    told = {
        "read": settings.contracts.model_dump(mode="json") | _how_read(settings),
        "options": json.loads(json.dumps(options, default=str)),
        "sha256": contracts.sha256,
        "code": code_digest(*CODE),
    }
    own, found = " + ".join(model.title for model in chosen), _kept_backtest(folder / CONTRACTS_BACKTEST)
    if found is not None and (own not in found.models or any(found.settings.get(name) != known for name, known in told.items())):
        found = None
    if found is None and asked.with_run:
        models_given = [chosen if len(chosen) > 1 else chosen[0]]
        kept = folder / CONTRACTS_BACKTEST_FITS
        try:
            found = backtest(contracts, models=cast("Any", models_given), folder=kept, progress=progress, **options)
        except DataError as problem:
            if progress:
                print(f"No past forecast of contracts is graded: {problem}", file=sys.stderr)
            return None
        found = replace(found, settings=found.settings | told)
        drop_other_fits(kept, found.settings["fits"])
        save(found, folder / CONTRACTS_BACKTEST)
    return None if found is None else GradedModel(found, own, contracts.currency or "")


def _graded(
    folder: Path, settings: Settings, chosen: list[Model], transactions: Transactions, customers: Customers, progress: bool
) -> GradedModel | None:
    """How the run's own models would have done: the back-test in the results' folder if it is that, or a new one.

    Without one, an earlier one of the same models; None where nothing could be graded.
    """
    found, own = _kept_backtest(folder / BACKTEST), f"{chosen[0].title} + {chosen[1].title}"
    if found is not None and (own not in found.models or _differs(found, settings, transactions, customers, SAME_MODELS)):
        found = None
    if settings.backtest.with_run and (found is None or _differs(found, settings, transactions, customers, SAME_GRADES)):
        try:
            found = _backtest(folder, settings, (settings.models,), transactions, customers, progress)
        except DataError as problem:  # such as a history too short to forecast from any day of it; the report says that nothing was graded
            if progress:
                print(f"No past forecast is graded: {problem}", file=sys.stderr)
            return None
        drop_other_fits(folder / BACKTEST_FITS, found.settings["fits"])
        _write_backtest(folder, GradedModel(found, own, transactions.currency or ""), settings)
    if found is None:
        return None
    return GradedModel(found, own, transactions.currency or "", _differs(found, settings, transactions, customers, ("sha256", "read")))


def _kept_backtest(folder: Path) -> Backtest | None:
    """The back-test that lies in a folder; a damaged one counts as none."""
    with suppress(DataError), damage_is_an_error(folder):
        found = load(folder)
        return found if isinstance(found, Backtest) else None
    return None


def _differs(found: Backtest, settings: Settings, transactions: Transactions, customers: Customers, names: Sequence[str]) -> bool:
    """Whether a back-test was made in another way than these settings would have it made."""
    data, asked, origins = settings.data, settings.backtest, settings.backtest.origins
    wanted = {
        "pool": [entry if isinstance(entry, str) else list(entry) for entry in _pool(settings)],
        "since": data.since and data.since.isoformat(),
        "spend_growth": settings.economics.spend_growth,
        "currency": transactions.currency,
        "sha256": transactions.sha256,
        "read": _how_read(settings),
        "until": None if customers.until is None else customers.until.isoformat(),
        "by": list(transactions.segments if settings.report.by is None else settings.report.by),
        "asked": origins if isinstance(origins, int) else sorted(map(str, origins)),
        "horizons": sorted(asked.horizons),
        "seed": settings.run.seed,
        "draws": asked.draws,
        "predictive_draws": asked.predictive_draws,
        "customers": asked.customers,
        "widened": True,
        "code": code_digest(*CODE),
    }
    return any(found.settings.get(name) != wanted[name] for name in names)


def _purchases_and_spend(chosen: ModelSettings) -> tuple[PurchaseModel, SpendModel]:
    spend = models.lognormal(frequency_link=chosen.frequency_link) if chosen.spend == "lognormal" else models.gamma_gamma()
    return getattr(models, chosen.purchases)(**chosen.purchase_options), spend


def _models(settings: Settings, customers: Customers) -> list[Model]:
    """Models of purchases, of spend, and of returns where there are any."""
    chosen = settings.models
    has_returns = customers.returns is not None and customers.returns["parts"].sum() > 0
    if chosen.returns == "none" or (chosen.returns == "auto" and not has_returns):
        return [*_purchases_and_spend(chosen)]
    return [*_purchases_and_spend(chosen), models.beta_binomial_returns()]


def _require_places(settings: Settings, segments: pd.DataFrame) -> None:
    """Refuse a measure at a level that no customer is of, before anything is sampled."""
    for measure in settings.measure:
        for column, level in measure.where.items():
            levels = sorted(set(segments[column].astype(str)))
            if level not in levels:
                known = ", ".join(levels[:SHOWN_LEVELS]) + (", ..." if len(levels) > SHOWN_LEVELS else "")
                raise SettingsError(f"measure {measure.name!r}: {column!r} has no level {level!r}; there are {known}")


def _budgeted(settings: Settings, valuation: Valuation, fits: Sequence[Fit], graded: GradedModel | None) -> Budgeted | None:
    """The plan for the budget, from draws as wide as the back-test found that they should be; none where a check failed."""
    asked = settings.budget
    if asked is None:
        return None
    certified = valuation.passed and all(fit.certificate.passed for fit in fits)
    if not certified and not settings.run.allow_failed_checks:
        return Budgeted(None, refused=NOT_CERTIFIED)

    measures = [measure.measure for measure in settings.measure]
    common: dict[str, Any] = {
        "level": asked.level,
        "limits": asked.limits,
        "allow_failed_checks": settings.run.allow_failed_checks,
        "seed": settings.run.seed,
    }

    def planned(widened_by: float) -> Plan:
        return allocate(valuation, measures, budget=asked.amount, risk_aversion=asked.risk_aversion, widened_by=widened_by, **common)

    factor = _widening(graded)
    if factor is None:
        return Budgeted(None, refused=NO_FACTOR)
    try:
        as_drawn = planned(1.0)
        explored = explore(valuation, measures, budgets=[share * asked.amount for share in EXPLORED], widened_by=factor, **common)
        return Budgeted(as_drawn, explored=explored) if factor == 1.0 else Budgeted(planned(factor), as_drawn, explored=explored)
    except ArgumentError as problem:  # such as limits that clash: the valuation stands, and the report says why there is no plan
        return Budgeted(None, refused=str(problem))


def _levers(settings: Settings, inputs: Inputs) -> tuple[str, ...]:
    """What to move: all that the report can tell of; of a large base only what measures move."""
    if len(inputs.segments) <= MOVED_CUSTOMERS:
        return LEVERS
    return tuple(dict.fromkeys(LEVER_OF[one.lever] for one in settings.measure if one.lever in LEVER_OF))


def _alternative(
    folder: Path,
    inputs: Inputs,
    of_orders: _OfOrders | None,
    contracts: tuple[Fit, Fit | None, Renewals] | None,
    sampler: dict[str, Any],
    progress: bool,
) -> tuple[Alternative | None, tuple[str, ...]]:
    """The value by another model of purchases, all else alike, and under which key its fit is kept."""
    settings = inputs.file.settings
    if settings.alternative is None or of_orders is None:
        return None, ()
    model, _ = _purchases_and_spend(settings.alternative)
    _, customers = inputs.of_orders
    fitted, key = fit_or_kept(folder / FITS, model, customers, sampler, progress)
    valuation = value(
        fitted,
        of_orders.spend,
        customers,
        settings.economics.economics(inputs.currency),
        returns=of_orders.returns,
        contracts=contracts,
        by=(),
        newcomers=False,
        discrepancy=of_orders.discrepancy,
        draws=settings.run.predictive_draws,
        seed=settings.run.seed,
        progress=progress,
    )
    return Alternative(model.title, valuation), (key,)


def _widening(graded: GradedModel | None) -> float | None:
    """How much wider than drawn a plan's gains are taken to be; None where the bands were too narrow and nothing says by how much."""
    if graded is None or graded.worst is None:
        return 1.0
    told = [verdict.factor for verdict in graded.verdicts if verdict.judgement == "too narrow" and verdict.factor is not None]
    factor = max(told, default=None) if graded.worst.factor is None else graded.worst.factor
    return None if factor is None else max(1.0, factor)


def _spend_findings(customers: Customers, settings: Settings, pool: Pool) -> tuple[CheckResult, ...]:
    """What the data say against the stated assumptions on amounts."""
    advice = {
        "Spend drift": f"The forecast assumes {settings.economics.spend_growth:+.1%} a year: see economics.spend_growth.",
        "Spend and frequency": 'Look at the value with models.spend = "lognormal" and models.frequency_link = true.',
    }
    answered = {"Spend drift": settings.economics.spend_growth != 0, "Spend and frequency": settings.models.frequency_link}
    return tuple(
        CheckResult(found.check, "note", found.message, advice[found.check])
        if found.matters and not answered[found.check]
        else CheckResult(found.check, "ok", found.message)
        for found in spend_checks(customers, pool=pool)
    )


def _shown(file: SettingsFile) -> dict[str, Any]:
    """The settings in effect, with the orders' file named without its folder."""
    shown = file.settings.model_dump(mode="json", exclude_none=True)
    for name in ("orders", "contracts"):
        if name in shown["data"]:
            shown["data"][name] = Path(shown["data"][name]).name
    if "contracts" not in shown["data"]:
        del shown["contracts"]
    measures = shown.pop("measure")
    return shown | {f"measure {measure.pop('name')}": measure for measure in measures}


def _write(study: Study, evidence: Evidence) -> None:
    with staged(study.folder) as stage:
        (stage / "report.html").write_text(render_html(study.document), encoding="utf-8")
        (stage / "report.pdf").write_bytes(render_pdf(study.document))
        (stage / "report.xlsx").write_bytes(render_xlsx(study.document))
        (stage / "report.json").write_text(render_json(study.document, values_by_level(evidence)), encoding="utf-8")
        study.valuation.customers.to_parquet(stage / "customers.parquet", compression="zstd", index=False)
        if study.plan is not None:
            study.plan.measures.reset_index().to_parquet(stage / PLAN, compression="zstd", index=False)
        save(study.valuation, stage / "valuation")
        ledgers = {"ledger": study.customers, "ledger_of_contracts": study.contracts[2] if study.contracts else None}
        write_json(
            stage / "manifest.json",
            {
                "source": evidence.source,
                "sha256": evidence.data_hash,
                "settings": evidence.settings,
                "versions": evidence.versions,
                "passed": study.passed,
                **{
                    name: table.ledger.to_frame().to_dict("records") if table is not None and table.ledger else []
                    for name, table in ledgers.items()
                },
                "files": file_hashes(stage),
            },
        )
    if study.plan is None:
        (study.folder / PLAN).unlink(missing_ok=True)  # of an earlier run with a budget
