"""How the models of a run would have done in the past: back-tests, and when one that was kept is still the run's own."""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from clvbayes.data import TERM, Customers, Transactions
from clvbayes.errors import DataError
from clvbayes.files import damage_is_an_error, staged
from clvbayes.grading import Backtest, backtest
from clvbayes.grading.rolling_origins import CODE
from clvbayes.inference.kept import code_digest, drop_other_fits
from clvbayes.models.protocol import Model
from clvbayes.report import GradedModel, backtest_document, render_html
from clvbayes.settings import ModelSettings, Settings
from clvbayes.storage import load, save
from clvbayes.study.inputs import Inputs
from clvbayes.study.model_choice import contract_models, pool_of, purchases_and_spend

__all__ = [
    "BACKTEST",
    "BACKTEST_FITS",
    "CONTRACTS_BACKTEST",
    "CONTRACTS_BACKTEST_FITS",
    "grade_orders",
    "graded_contracts",
    "graded_orders",
    "write_backtest",
]

SAME_MODELS = ("pool", "since", "spend_growth", "currency")  # in which an earlier back-test must agree to be told of a run
# and to be the run's own
SAME_GRADES = ("sha256", "read", "by", "until", "asked", "horizons", "seed", "draws", "predictive_draws", "customers", "widened", "code")
BACKTEST, BACKTEST_FITS = "backtest", "backtest-fits"
CONTRACTS_BACKTEST, CONTRACTS_BACKTEST_FITS = "contracts-backtest", "contracts-backtest-fits"


def graded_orders(
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
            found = grade_orders(folder, settings, (settings.models,), transactions, customers, progress)
        except DataError as problem:  # such as a history too short to forecast from any day of it; the report says that nothing was graded
            if progress:
                print(f"No past forecast is graded: {problem}", file=sys.stderr)
            return None
        drop_other_fits(folder / BACKTEST_FITS, found.settings["fits"])
        write_backtest(folder, GradedModel(found, own, transactions.currency or ""), settings)
    if found is None:
        return None
    return GradedModel(found, own, transactions.currency or "", _differs(found, settings, transactions, customers, ("sha256", "read")))


def graded_contracts(folder: Path, inputs: Inputs, progress: bool) -> GradedModel | None:
    """How the run's models of contracts would have done: the back-test in the results' folder if it is that, or a new one.

    None where there are no contracts, or nothing could be graded.
    """
    contracts, renewals, settings = inputs.contracts, inputs.renewals, inputs.file.settings
    if contracts is None or renewals is None:
        return None
    asked, chosen = settings.backtest, tuple(contract_models(settings))
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


def grade_orders(
    folder: Path, settings: Settings, candidates: Sequence[ModelSettings], transactions: Transactions, customers: Customers, progress: bool
) -> Backtest:
    asked = settings.backtest
    found = backtest(
        transactions,
        origins=asked.origins,
        horizons=asked.horizons,
        models=[purchases_and_spend(candidate) for candidate in candidates],
        pool=pool_of(settings),
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


def write_backtest(folder: Path, graded: GradedModel, settings: Settings) -> None:
    with staged(folder) as stage:
        document = backtest_document(graded, settings.report.language)
        (stage / "backtest.html").write_text(render_html(document), encoding="utf-8")
        save(graded.backtest, stage / BACKTEST)


def _how_read(settings: Settings) -> dict[str, Any]:
    """How the orders were read: the same file read in another way is other data."""
    return settings.data.model_dump(mode="json", exclude={"orders", "contracts", "since", "until"})


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
        "pool": [entry if isinstance(entry, str) else list(entry) for entry in pool_of(settings)],
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
