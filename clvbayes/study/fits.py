"""The fits of a run, kept in its folder, and what past forecasts taught."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from clvbayes.data import Renewals
from clvbayes.grading.contract_discrepancy import learn_from_contracts
from clvbayes.grading.discrepancy import learn_from, pooled_models
from clvbayes.grading.past_errors import completed
from clvbayes.inference import Fit
from clvbayes.inference.kept import fit_or_kept
from clvbayes.models.protocol import PurchaseModel
from clvbayes.report import Alternative, GradedModel
from clvbayes.settings import Settings
from clvbayes.study.grades import graded_orders
from clvbayes.study.inputs import Inputs
from clvbayes.study.model_choice import contract_models, order_models, purchases_and_spend
from clvbayes.valuation import ContractDiscrepancy, Discrepancy, value

__all__ = ["FITS", "OfOrders", "alternative_of", "fit_contracts", "fit_orders", "missed_of_contracts"]

FITS = "fits"


@dataclass(frozen=True)
class OfOrders:
    """What a run has learned of orders; `keys` are those of the kept fits."""

    purchases: tuple[Fit, ...]
    spend: Fit
    returns: Fit | None
    graded: GradedModel | None
    discrepancy: Discrepancy
    keys: tuple[str, ...]


def fit_orders(folder: Path, inputs: Inputs, sampler: dict[str, Any], progress: bool) -> OfOrders:
    settings, (transactions, customers) = inputs.file.settings, inputs.of_orders
    chosen = order_models(settings, customers)
    graded = graded_orders(folder, settings, chosen, transactions, customers, progress)
    ended = pd.DataFrame() if graded is None else completed(graded.backtest.by_itself, graded.own, customers.until)
    columns = list(map(str, customers.segments)) if settings.report.by is None else settings.report.by
    discrepancy = learn_from(ended, columns=columns, draws=settings.run.predictive_draws, seed=settings.run.seed)
    pooled = pooled_models(cast("PurchaseModel", chosen[0]), ended, customers)
    fits, keys = zip(*(fit_or_kept(folder / FITS, model, customers, sampler, progress) for model in (*pooled, *chosen[1:])), strict=True)
    purchases, (spend, returns) = fits[: len(pooled)], (*fits[len(pooled) :], None)[:2]
    assert spend is not None
    return OfOrders(purchases, spend, returns, graded, discrepancy, keys)


def fit_contracts(
    folder: Path, inputs: Inputs, sampler: dict[str, Any], progress: bool
) -> tuple[tuple[Fit, Fit | None, Renewals] | None, tuple[str, ...]]:
    """Fits of renewals and of changes, where there are contracts, and their keys."""
    renewals, settings = inputs.renewals, inputs.file.settings
    if renewals is None:
        return None, ()
    sampler = sampler | {"pool": settings.models.contracts_pool}
    fits, keys = zip(*(fit_or_kept(folder / FITS, model, renewals, sampler, progress) for model in contract_models(settings)), strict=True)
    return (fits[0], fits[1] if len(fits) > 1 else None, renewals), keys


def missed_of_contracts(graded: GradedModel | None, settings: Settings, renewals: Renewals) -> ContractDiscrepancy:
    """What past forecasts of contracts missed; without any, what the prior says."""
    ended = pd.DataFrame() if graded is None else completed(graded.backtest.by_itself, graded.own, renewals.until)
    return learn_from_contracts(ended, draws=settings.run.predictive_draws, seed=settings.run.seed)


def alternative_of(
    folder: Path,
    inputs: Inputs,
    of_orders: OfOrders | None,
    contracts: tuple[Fit, Fit | None, Renewals] | None,
    contract_discrepancy: ContractDiscrepancy | None,
    sampler: dict[str, Any],
    progress: bool,
) -> tuple[Alternative | None, tuple[str, ...]]:
    """The value by another model of purchases, all else alike, and under which key its fit is kept."""
    settings = inputs.file.settings
    if settings.alternative is None or of_orders is None:
        return None, ()
    model, _ = purchases_and_spend(settings.alternative)
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
        contract_discrepancy=contract_discrepancy,
        draws=settings.run.predictive_draws,
        seed=settings.run.seed,
        progress=progress,
    )
    return Alternative(model.title, valuation), (key,)
