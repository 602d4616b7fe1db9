"""The steps of a whole valuation and of a back-test, in their order, and what they write."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from clvbayes.data import Customers, Renewals
from clvbayes.decisions import Plan
from clvbayes.files import file_hashes, require_replaceable, staged, write_json
from clvbayes.grading import Backtest
from clvbayes.inference import Fit
from clvbayes.inference.kept import drop_other_fits
from clvbayes.notebook import fragment
from clvbayes.report import Evidence, GradedModel, compose, render_html, render_json, render_pdf, render_xlsx, values_by_level
from clvbayes.report.blocks import Document
from clvbayes.settings import SettingsFile
from clvbayes.storage import save
from clvbayes.study.budget import levers_of, plan_budget
from clvbayes.study.findings import counted_twice, spend_findings
from clvbayes.study.fits import FITS, alternative_of, fit_contracts, fit_orders, missed_of_contracts
from clvbayes.study.grades import (
    BACKTEST,
    BACKTEST_FITS,
    CONTRACTS_BACKTEST,
    CONTRACTS_BACKTEST_FITS,
    grade_orders,
    graded_contracts,
    write_backtest,
)
from clvbayes.study.inputs import check
from clvbayes.study.model_choice import pool_of
from clvbayes.valuation import Valuation, value, wider_priors

__all__ = ["FORMATS", "GradedStudy", "Study", "run", "run_backtest"]

PLAN = "plan.parquet"
FORMATS = ("html", "pdf", "xlsx", "json")
VERSIONED = ("clvbayes", "pymc", "nutpie", "arviz-stats", "numpy", "numba", "pandas", "duckdb")


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
    of_orders = None if customers is None else fit_orders(folder, inputs, sampler | {"pool": pool_of(settings)}, progress)
    contracts_graded = graded_contracts(folder, inputs, progress)
    contracts, contract_keys = fit_contracts(folder, inputs, sampler, progress)
    missed = None if contracts is None else missed_of_contracts(contracts_graded, settings, contracts[2])
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
        levers=levers_of(settings, inputs),
        discrepancy=discrepancy,
        contract_discrepancy=missed,
        draws=settings.run.predictive_draws,
        seed=settings.run.seed,
        progress=progress,
    )
    alternative, alternative_key = alternative_of(
        folder, inputs, of_orders, contracts, missed, sampler | {"pool": pool_of(settings)}, progress
    )
    fitted = [fit for fit in (*purchases, spend, returns, *(contracts or ())[:2]) if fit is not None]
    budgeted = plan_budget(settings, valuation, fitted, graded)
    versions = {"python": python_version()} | {name: version(name) for name in VERSIONED}
    evidence = Evidence(
        title=settings.report.title,
        customers=customers,
        purchases=purchases[0] if purchases else None,
        pooled=purchases[1:],
        spend=spend,
        returns=returns,
        spend_findings=(
            *(() if customers is None else spend_findings(customers, settings, pool_of(settings))),
            *counted_twice(inputs),
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
    found = grade_orders(folder, settings, settings.candidates, transactions, customers, progress)
    drop_other_fits(folder / BACKTEST_FITS, found.settings["fits"])
    write_backtest(folder, GradedModel(found, found.models[0], customers.currency or ""), settings)
    return GradedStudy(file, found, folder)


def _folder(file: SettingsFile, out: str | Path | None) -> Path:
    return Path(out) if out is not None else file.path.parent / "out" / file.path.stem


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
