"""The back-test of contracts: from past days, from terms that had begun and notices given by then."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clvbayes.data import Contracts, Renewals, contract_terms, summarize
from clvbayes.errors import ArgumentError, DataError
from clvbayes.grading.contract_discrepancy import learn_from_contracts
from clvbayes.grading.contract_forecasts import CONTRACT_MEASURES, contracts_after, forecast_contracts, plan_running, put_in_last_year
from clvbayes.grading.graded import LAST_YEAR, Backtest, described, in_front, made_with, reported_columns
from clvbayes.grading.past_errors import completed
from clvbayes.grading.tables import TABLES, certified, contract_tables_of, difference_table, level_table
from clvbayes.grading.verdicts import choose, judge
from clvbayes.grading.windows import Origin, not_gradable, plan_origins
from clvbayes.inference import Fit
from clvbayes.models.hierarchy import Pool
from clvbayes.models.protocol import ChangeModel, ContractModel, Model
from clvbayes.valuation.levels import levels_of

__all__ = ["ContractCandidate", "backtest_contracts"]

ContractCandidate = ContractModel | tuple[ContractModel, ChangeModel]
TOTALS, BASELINE_DRAWS = 23, 24  # uses of a seed beside the contracts' streams
GRADED = ("forecasts", "customers", "pit")  # frames that contracts have; of weeks, classes and ranks they have none

Fitter = Callable[[Model, Renewals], tuple[Fit, str | None]]


def backtest_contracts(
    table: Contracts,
    *,
    origins: int | date | Sequence[date],
    horizons: Sequence[int],
    models: Sequence[Any],
    pool: Pool,
    by: Sequence[str] | None,
    since: date | None,
    until: date | None,
    draws: int,
    predictive_draws: int,
    seed: int,
    widened: bool,
    customers: int | None,
    fitter: Fitter,
    progress: bool,
) -> Backtest:
    """See `clvbayes.backtest`; `fitter` fits a model, or finds a fit that was kept under a key."""
    candidates = _candidates(models)
    if customers is not None:
        table = table.of_some_customers(customers)
    everyone = summarize(table, since=since, until=until)
    assert everyone.until is not None
    columns = reported_columns(everyone, pool, by)
    levels_of(everyone.segments, columns)  # which refuses columns of too many levels
    terms = contract_terms(table, until=everyone.until)
    first = max(terms["start"].min().date(), since or date.min)
    planned = plan_origins(origins, horizons, first, everyone.until, of="contracts")
    notes = not_gradable(origins, horizons, planned, everyone.until, of="contracts")
    found: list[_Graded] = []
    for k, origin in enumerate(planned):
        started = time.monotonic()
        try:
            known = summarize(table.known_on(origin.day), since=since, until=origin.day)
            past = pd.concat([one.frames["by_itself"] for one in found]) if found else pd.DataFrame()
            found.append(
                _grade(origin, known, terms, candidates, columns, fitter, past if widened else None, draws=predictive_draws, seed=seed)
            )
        except DataError as problem:
            notes.append(f"From {origin.day} nothing could be forecast: {problem}")
            continue
        if progress:
            took, running = time.monotonic() - started, int(known.running.sum())
            print(f"Origin {k + 1} of {len(planned)}, {origin.day}, {running:,} contracts: graded in {took:.0f} s", file=sys.stderr)
    if not found:
        raise DataError("no forecast could be graded: " + " ".join(notes))
    settings = made_with(
        table,
        pool=pool,
        since=since,
        until=everyone.until,
        origins=[one.day for one in found],
        asked=origins,
        horizons=horizons,
        seed=seed,
        models={label: described(pair) for label, pair in candidates.items()},
        by=list(columns),
        fits=[key for one in found for key in one.keys],
        opportunity=None,
        spend_growth=0.0,
        widened=widened,
        customers=customers,
        draws=int(draws),
        predictive_draws=int(predictive_draws),
    )
    return _finished(found, tuple(candidates), notes, settings)


@dataclass(frozen=True)
class _Graded:
    """One origin: frames by name, certificates, losses by measure and horizon (a row a contract, a column a model), and keys of fits."""

    day: date
    frames: dict[str, pd.DataFrame]
    certificates: list[dict[str, object]]
    losses: dict[tuple[str, int], pd.DataFrame]
    keys: tuple[str, ...]


def _candidates(models: Sequence[Any]) -> dict[str, tuple[ContractModel, ChangeModel | None]]:
    if isinstance(models, str) or not isinstance(models, Sequence) or not models:
        raise ArgumentError("models must be a list of models of renewals, or of pairs of one and a model of changes")
    found: dict[str, tuple[ContractModel, ChangeModel | None]] = {}
    for given in models:
        pair = given if isinstance(given, tuple) else (given,)
        if [getattr(model, "kind", None) for model in pair] not in (["contracts"], ["contracts", "changes"]):
            raise ArgumentError(f"a model of contracts is one of renewals, or a pair of one and a model of changes, not {given!r:.80}")
        label = " + ".join(model.title for model in pair)
        if label in found:
            raise ArgumentError(f"models names {label} twice")
        found[label] = (pair[0], pair[1] if len(pair) > 1 else None)
    return found


def _grade(
    origin: Origin,
    known: Renewals,
    terms: pd.DataFrame,
    candidates: dict[str, tuple[ContractModel, ChangeModel | None]],
    columns: tuple[str, ...],
    fitter: Fitter,
    past: pd.DataFrame | None,
    *,
    draws: int,
    seed: int,
) -> _Graded:
    """Fit and grade all models, and the baseline, from what was known at one origin; moved by what forecasts in the `past` missed."""
    if not known.running.any():
        raise DataError(f"no contract runs on {origin.day}")
    fits, certificates, keys = {}, [], []
    for model in dict.fromkeys(model for pair in candidates.values() for model in pair if model is not None):
        fits[model], key = fitter(model, known)
        certificates.append(certified(fits[model], origin.day, len(known)))
        keys += [] if key is None else [key]
    plans = {
        label: plan_running(fits[renewed], None if changed is None else fits[changed], known, origin, draws=draws, seed=seed)
        for label, (renewed, changed) in candidates.items()
    }
    plan, part = next(iter(plans.values()))
    plans[LAST_YEAR] = put_in_last_year(plan, part, known, np.random.default_rng([seed, BASELINE_DRAWS]))
    of_contract = known.segments[known.running].set_axis(known.statistics.loc[known.running, "contract_id"])
    levels, happened = levels_of(of_contract.loc[part.contract_id], columns), contracts_after(origin, part, terms)
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in (*GRADED, "by_itself")}
    losses: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    for label, (plan, part) in plans.items():
        forecast = forecast_contracts(plan, part, origin, levels, happened)
        if label in candidates:
            alone = level_table(forecast.by_level, origin, levels, happened, np.random.default_rng([seed, TOTALS]), CONTRACT_MEASURES)
            made["by_itself"].append(alone.assign(model=label, origin=origin.day))
        if label in candidates and past is not None:
            missed = learn_from_contracts(completed(past, label, origin.day), draws=draws, seed=seed)
            forecast = forecast_contracts(plan, part, origin, levels, happened, missed)
        tables = contract_tables_of(forecast, origin, levels, happened, CONTRACT_MEASURES, np.random.default_rng([seed, TOTALS]))
        for name, frame in tables.items():
            made[name].append(frame.assign(model=label, origin=origin.day))
        for h, weeks in enumerate(origin.weeks):
            losses.setdefault((CONTRACT_MEASURES[0], weeks), {})[label] = -forecast.log_score[h]
            losses.setdefault((CONTRACT_MEASURES[1], weeks), {})[label] = forecast.customers[CONTRACT_MEASURES[1], weeks].crps
    frames = {name: pd.concat(parts) for name, parts in made.items()}
    ids = pd.Index(part.contract_id)
    return _Graded(origin.day, frames, certificates, {key: pd.DataFrame(loss, index=ids) for key, loss in losses.items()}, tuple(keys))


def _finished(found: Sequence[_Graded], labels: tuple[str, ...], notes: Sequence[str], settings: dict[str, Any]) -> Backtest:
    frames = {
        name: in_front(pd.concat([one.frames[name] for one in found], ignore_index=True), "origin", "model")
        for name in (*GRADED, "by_itself")
    }
    nothing = frames["forecasts"][["origin", "model"]].head(0)
    forecasts = frames["forecasts"]
    losses: dict[tuple[str, int], dict[date, pd.DataFrame]] = {}
    for one in found:
        for key, loss in one.losses.items():
            losses.setdefault(key, {})[one.day] = loss
    differences = difference_table(losses, (*labels, LAST_YEAR))
    return Backtest(
        **{name: frames.get(name, nothing) for name in TABLES},
        by_itself=frames["by_itself"],
        differences=differences,
        certificates=pd.DataFrame([row for one in found for row in one.certificates]),
        verdicts=judge(forecasts),
        choice=choose(labels, forecasts, differences, CONTRACT_MEASURES),
        notes=tuple(notes),
        settings=settings,
    )
