"""A whole valuation from its settings: the only place that knows the order of the steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from clvbayes import models
from clvbayes.data import Customers, Transactions, read_transactions, summarize
from clvbayes.files import file_hashes, require_replaceable, staged, write_json
from clvbayes.inference import CheckResult, Fit, spend_checks
from clvbayes.inference.kept import drop_other_fits, fit_or_kept
from clvbayes.models.hierarchy import Pool, assign_cells
from clvbayes.models.protocol import Model
from clvbayes.report import Evidence, compose, render_html
from clvbayes.report.blocks import Document
from clvbayes.settings import Settings, SettingsFile, read_settings
from clvbayes.storage import save
from clvbayes.valuation import Valuation, value

__all__ = ["Study", "check", "run"]

FITS = "fits"
VERSIONED = ("clvbayes", "pymc", "nutpie", "arviz-stats", "numpy", "numba", "pandas", "duckdb")


@dataclass(frozen=True)
class Study:
    """A finished valuation.

    Attributes
    ----------
    settings : SettingsFile
    customers : Customers
    purchases, spend : Fit
    returns : Fit or None
        None where nothing came back, or returns are not asked for.
    valuation : Valuation
    document : Document
        The report, before it is rendered.
    folder : pathlib.Path
        Where `report.html`, `customers.parquet`, `manifest.json` and `valuation/` are.
    """

    settings: SettingsFile
    customers: Customers
    purchases: Fit
    spend: Fit
    returns: Fit | None
    valuation: Valuation
    document: Document
    folder: Path

    @property
    def passed(self) -> bool:
        """Whether all fits passed their certificates and the valuation its checks."""
        fits = [fit for fit in (self.purchases, self.spend, self.returns) if fit is not None]
        return all(fit.certificate.passed for fit in fits) and self.valuation.passed

    @property
    def report(self) -> Path:
        """The report's file."""
        return self.folder / "report.html"


def check(settings_path: str | Path, *, overrides: Sequence[str] = ()) -> tuple[SettingsFile, Transactions, Customers]:
    """Read and check everything that a run would read; sample and write nothing.

    Parameters
    ----------
    settings_path : path
        The valuation file.
    overrides : sequence of str
        Such as ``economics.margin=0.3``.

    Returns
    -------
    tuple of SettingsFile, Transactions and Customers

    Raises
    ------
    ClvError
        If anything that a person gave is wrong.
    """
    file = read_settings(settings_path, overrides)
    data = file.settings.data
    window = {"since", "until"}
    transactions = read_transactions(file.orders, **data.model_dump(exclude={"orders", *window}))
    customers = summarize(transactions, since=data.since, until=data.until)
    assign_cells(customers, file.settings.models.pool)
    for model in _models(file.settings, customers):
        model.priors(customers)
    file.settings.economics.economics(customers.currency).require_levels(customers.segments)
    return file, transactions, customers


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
    file, transactions, customers = check(settings_path, overrides=overrides)
    settings = file.settings
    folder = Path(out) if out is not None else file.path.parent / "out" / file.path.stem
    require_replaceable(folder, files=("report.html", "customers.parquet", "manifest.json"), folders=("valuation",))
    require_replaceable(folder / FITS, files=(), folders=())
    chosen = _models(settings, customers)
    sampler: dict[str, Any] = {
        "pool": tuple(entry if isinstance(entry, str) else tuple(entry) for entry in settings.models.pool),
        "draws": settings.run.draws,
        "seed": settings.run.seed,
    }
    fits, keys = zip(*(fit_or_kept(folder / FITS, model, customers, sampler, progress) for model in chosen), strict=True)
    purchases, spend, returns = (*fits, None)[:3]
    assert purchases is not None and spend is not None
    valuation = value(
        purchases,
        spend,
        customers,
        settings.economics.economics(customers.currency),
        returns=returns,
        by=settings.report.by,
        draws=settings.run.predictive_draws,
        seed=settings.run.seed,
        progress=progress,
    )
    versions = {"python": python_version()} | {name: version(name) for name in VERSIONED}
    evidence = Evidence(
        title=settings.report.title,
        customers=customers,
        purchases=purchases,
        spend=spend,
        returns=returns,
        spend_findings=_spend_findings(customers, settings, sampler["pool"]),
        valuation=valuation,
        by=tuple(valuation.cash),
        customer_ids=settings.report.customer_ids,
        source=transactions.source,
        data_hash=transactions.sha256,
        versions=versions,
        seed=settings.run.seed,
        settings=_shown(file),
    )
    study = Study(file, customers, purchases, spend, returns, valuation, compose(evidence), folder)
    _write(study, evidence)
    drop_other_fits(folder / FITS, keys)
    return study


def _models(settings: Settings, customers: Customers) -> list[Model]:
    """Models of purchases, of spend, and of returns where there are any."""
    chosen = settings.models
    spend = models.lognormal(frequency_link=chosen.frequency_link) if chosen.spend == "lognormal" else models.gamma_gamma()
    has_returns = customers.returns is not None and customers.returns["parts"].sum() > 0
    if chosen.returns == "none" or (chosen.returns == "auto" and not has_returns):
        return [models.mbg_nbd(), spend]
    return [models.mbg_nbd(), spend, models.beta_binomial_returns()]


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
    shown["data"]["orders"] = Path(shown["data"]["orders"]).name
    return shown


def _write(study: Study, evidence: Evidence) -> None:
    with staged(study.folder) as stage:
        (stage / "report.html").write_text(render_html(study.document), encoding="utf-8")
        study.valuation.customers.to_parquet(stage / "customers.parquet", compression="zstd", index=False)
        save(study.valuation, stage / "valuation")
        ledger = study.customers.ledger
        write_json(
            stage / "manifest.json",
            {
                "source": evidence.source,
                "sha256": evidence.data_hash,
                "settings": evidence.settings,
                "versions": evidence.versions,
                "passed": study.passed,
                "ledger": ledger.to_frame().to_dict("records") if ledger else [],
                "files": file_hashes(stage),
            },
        )
