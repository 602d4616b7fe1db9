"""Would the models have told the truth? Forecasts from past days, made from what was known then, graded by what happened since."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from clvbayes.data import DAYS_PER_UNIT, Contracts, Customers, Renewals, TimeUnit, Transactions, order_days, summarize
from clvbayes.errors import ArgumentError, DataError
from clvbayes.grading.baselines import Steady, steady_draws
from clvbayes.grading.contract_origins import ContractCandidate, backtest_contracts
from clvbayes.grading.discrepancy import learn_from, pooled_models
from clvbayes.grading.forecasts import forecast_existing, forecast_newcomers, forecast_totals, plan_weeks
from clvbayes.grading.graded import CODE, LAST_YEAR, Backtest, described, in_front, made_with, reported_columns, require_numbers
from clvbayes.grading.past_errors import completed
from clvbayes.grading.tables import TABLES, certified, difference_table, level_table, tables_of
from clvbayes.grading.verdicts import choose, judge
from clvbayes.grading.windows import (
    MEASURES,
    Happened,
    Newcomers,
    Origin,
    happened_after,
    newcomers_after,
    not_gradable,
    plan_origins,
    whole_windows,
)
from clvbayes.inference import Fit, fit
from clvbayes.inference.kept import fit_or_kept
from clvbayes.models import gamma_gamma
from clvbayes.models.hierarchy import Pool
from clvbayes.models.pace import STEADY_PACE
from clvbayes.models.protocol import Model, PurchaseModel, SpendModel
from clvbayes.valuation.economics import Economics
from clvbayes.valuation.events import Part, Plan
from clvbayes.valuation.levels import Levels, levels_of

__all__ = ["BASELINES", "CODE", "Backtest", "backtest"]

NO_CHURN = "No churn"
BASELINES = (NO_CHURN, LAST_YEAR)
YEAR_OF_WEEKS = 52.0
TOTALS, BASELINE_DRAWS = 21, 22  # uses of a seed beside the customers' streams

Candidate = PurchaseModel | tuple[PurchaseModel, SpendModel]


@dataclass(frozen=True)
class _Entrant:
    """A model or a baseline as it enters at one origin: its fits, those pooled after the first, and what replaces them in a plan."""

    label: str
    purchases: tuple[Fit, ...]
    spend: Fit
    steady: "_SteadyOnes | None" = None

    def plan_existing(self, plan: Plan, part: Part) -> tuple[Plan, Part]:
        """The plan and the customers known at the origin, as this entrant has them."""
        return (plan, part) if self.steady is None else self.steady.put_in(plan, part, self.steady.frequency, self.steady.T)

    def plan_newcomers(self, plan: Plan, part: Part) -> tuple[Plan, Part]:
        """The same of customers of whom nothing is known yet."""
        nothing = np.zeros(len(part))
        return (plan, part) if self.steady is None else self.steady.put_in(plan, part, nothing, nothing)


@dataclass(frozen=True)
class _SteadyOnes:
    """Customers who never leave: draws of their rates' distribution, and what was seen of each of them."""

    model: Steady
    coordinates: np.ndarray
    frequency: np.ndarray
    T: np.ndarray

    def put_in(self, plan: Plan, part: Part, frequency: np.ndarray, T: np.ndarray) -> tuple[Plan, Part]:
        """Put them in the place of a purchase model."""
        model = cast("PurchaseModel", self.model)  # of the protocol it has what a forecast needs
        batch = replace(part.batch, purchase_cell=np.zeros(len(part), np.int64), frequency=frequency, T=T)
        steady = replace(plan, purchases=model, purchase_coordinates=self.coordinates, clock=STEADY_PACE, amount_factor=None)
        return steady, replace(part, batch=batch)


def backtest(
    table: Transactions | Contracts,
    *,
    origins: int | date | Sequence[date] = 12,
    horizons: Sequence[int] = (13, 26, 52),
    models: Sequence[Candidate | ContractCandidate],
    pool: Pool = (),
    by: Sequence[str] | None = None,
    since: date | None = None,
    until: date | None = None,
    opportunity: TimeUnit | None = None,
    spend_growth: float = 0.0,
    draws: int = 500,
    predictive_draws: int = 1000,
    seed: int,
    folder: str | Path | None = None,
    widened: bool = True,
    customers: int | None = None,
    progress: bool = True,
) -> Backtest:
    """Forecast from past days, each from what was known at its end, and grade the forecasts by what happened since.

    Two baselines are graded beside the models: customers who never leave ("No churn"), and who go on as in the last year ("Last year's
    rate"); both take the amounts of the first model. At each origin everything is made anew: statistics, priors, fits.

    Of contracts those that run at an origin are forecast, from the terms that had begun and the notices that had been given by then: how
    many still run at a horizon's end, and what recurs there a year. The baseline beside them ("Last year's rate"): of each term length as
    many renew as did in the last year, at the same amounts.

    Parameters
    ----------
    table : Transactions or Contracts
    origins : int or sequence of datetime.date
        Days at whose end forecasts are made. A number means so many, each the shortest horizon before the next, the last one as late as
        that horizon allows. None lies within the shortest horizon after the first order.
    horizons : sequence of int
        Lengths of the forecasts, in weeks. A horizon of an origin is graded where the data reach to its end.
    models : sequence of PurchaseModel, or of pairs of a PurchaseModel and a SpendModel
        Such as ``[clv.models.mbg_nbd(), (clv.models.mbg_nbd(), clv.models.lognormal())]``; a purchase model alone is paired with
        Gamma-Gamma. Of contracts ``clv.models.beta_discrete_weibull()``, whose amounts then stay as they are, or a pair of it and
        ``clv.models.renewal_change()``.
    pool : sequence of str or of tuples of str
        As of `clvbayes.fit`.
    by : sequence of str, optional
        Segment columns whose levels are graded by themselves; all of them by default.
    since, until : datetime.date, optional
        First and last day of observation, as of `clvbayes.summarize`; what happens after `until` is not known to be complete.
    opportunity : {"day", "week", "month", "quarter", "year"}, optional
        As of `clvbayes.summarize`: orders of a customer at one opportunity are one, in what is forecast and in what happened. Horizons that
        are no whole number of such windows are left out, with a note. Of orders alone, as the next one.
    spend_growth : float
        As of `clvbayes.Economics`.
    draws, predictive_draws : int
        Posterior draws of each of four chains, and predictive draws; at least 100 each.
    seed : int
        The same seed gives the same result.
    folder : path, optional
        Where finished fits are kept, so that a run that was interrupted goes on where it stopped.
    widened : bool
        Whether each forecast is moved by what the model's earlier ones missed, those that had ended by its origin, as a valuation's draws
        are; while fewer than four origins' had, forecasts of orders with a season are pooled with those of the same model with a level.
    customers : int, optional
        Of more customers than these, chosen by the hash of their id, nothing is forecast: what meets all of them at once is seen in some.
    progress : bool
        Whether to show progress.

    Returns
    -------
    Backtest

    Raises
    ------
    ArgumentError
        If there are no models, one is of the wrong kind or given twice, an origin, horizon or number is out of range, or an argument of
        orders is given with contracts.
    DataError
        If no forecast can be graded.

    Examples
    --------
    >>> from clvbayes import models, read_transactions, synthetic
    >>> orders = read_transactions(synthetic.company(customers=80, seed=1).orders, is_return="is_return", currency="EUR")
    >>> options = {"draws": 100, "predictive_draws": 100, "seed": 1, "progress": False}  # too few for a verdict
    >>> found = backtest(orders, origins=1, horizons=[13], models=[models.mbg_nbd()], **options)
    >>> found.verdict("MBG/NBD + Gamma-Gamma", "orders", 13).judgement
    'too few origins'
    """
    require_numbers(draws, predictive_draws, seed)
    sampler = {"pool": pool, "draws": int(draws), "seed": int(seed)}
    kept_in = None if folder is None else Path(folder)
    if isinstance(table, Contracts):
        if opportunity is not None or spend_growth != 0:
            raise ArgumentError("opportunity and spend_growth are of orders: leave them out where contracts are graded")
        return backtest_contracts(
            table,
            origins=origins,
            horizons=horizons,
            models=models,
            pool=pool,
            by=by,
            since=since,
            until=until,
            draws=draws,
            predictive_draws=int(predictive_draws),
            seed=int(seed),
            widened=widened,
            customers=customers,
            fitter=lambda model, known: _fit_or_kept(kept_in, model, known, sampler, progress),
            progress=progress,
        )
    candidates = _candidates(models)
    Economics(1.0, 0.0, 1.0, spend_growth=spend_growth)  # which refuses growth out of range
    if customers is not None:
        table = table.of_some_customers(customers)
    everyone = summarize(table, since=since, until=until, opportunity=opportunity)
    assert everyone.until is not None
    columns = reported_columns(everyone, pool, by)
    first = (everyone.statistics["t0"].min()).date()
    levels_of(everyone.segments, columns)  # which refuses columns of too many levels
    gradable, in_part = whole_windows(horizons, opportunity)
    if not gradable:
        raise DataError(
            f"no horizon of {', '.join(map(str, in_part))} weeks is a whole number of {opportunity}s: give one of some {opportunity}s"
        )
    planned = plan_origins(origins, gradable, first, everyone.until)
    grader = _Grader(
        candidates=candidates,
        sampler=sampler,
        columns=columns,
        spend_growth=spend_growth,
        draws=int(predictive_draws),
        seed=int(seed),
        folder=kept_in,
        widened=widened,
        progress=progress,
    )
    notes = not_gradable(origins, gradable, planned, everyone.until)
    if in_part:
        notes.append(
            f"{', '.join(map(str, in_part))} weeks are not graded: they are no whole number of {opportunity}s, in which orders are counted."
        )
    for k, origin in enumerate(planned):
        started = time.monotonic()
        try:
            known = summarize(table, since=since, until=origin.day, opportunity=opportunity)
            days = order_days(table, since=since, until=everyone.until, opportunity=opportunity, origin=origin.day)
            grader.grade(origin, known, everyone, days)
        except DataError as problem:
            notes.append(f"From {origin.day} nothing could be forecast: {problem}")
            continue
        if progress:
            took = time.monotonic() - started
            print(f"Origin {k + 1} of {len(planned)}, {origin.day}, {len(known):,} customers: graded in {took:.0f} s", file=sys.stderr)
    settings = made_with(
        table,
        pool=pool,
        since=since,
        until=everyone.until,
        origins=grader.graded,
        asked=origins,
        horizons=horizons,
        seed=seed,
        models={label: described(pair) for label, pair in candidates.items()},
        by=list(columns),
        fits=grader.keys,
        opportunity=opportunity,
        spend_growth=spend_growth,
        widened=widened,
        customers=customers,
        draws=int(draws),
        predictive_draws=int(predictive_draws),
    )
    return grader.finished(notes, settings)


def _candidates(models: Sequence[Any]) -> dict[str, tuple[PurchaseModel, SpendModel]]:
    if isinstance(models, str) or not isinstance(models, Sequence) or not models:
        raise ArgumentError("models must be a list of purchase models, or of pairs of a purchase and a spend model")
    found: dict[str, tuple[PurchaseModel, SpendModel]] = {}
    for given in models:
        pair = given if isinstance(given, tuple) else (given, gamma_gamma())
        if len(pair) != 2 or [getattr(model, "kind", None) for model in pair] != ["purchases", "spend"]:
            raise ArgumentError(f"a model is a purchase model, or a pair of a purchase and a spend model, not {given!r:.80}")
        label = f"{pair[0].title} + {pair[1].title}"
        if label in found:
            raise ArgumentError(f"models names {label} twice")
        found[label] = pair
    return found


class _Grader:
    """Grades one origin after the other, and keeps the results."""

    def __init__(
        self,
        *,
        candidates: dict[str, tuple[PurchaseModel, SpendModel]],
        sampler: dict[str, Any],
        columns: tuple[str, ...],
        spend_growth: float,
        draws: int,
        seed: int,
        folder: Path | None,
        widened: bool,
        progress: bool,
    ) -> None:
        self.candidates, self.sampler, self.columns, self.spend_growth = candidates, sampler, columns, spend_growth
        self.draws, self.seed, self.folder, self.widened, self.progress = draws, seed, folder, widened, progress
        self.labels = (*candidates, *BASELINES)
        self.keys: list[str] = []
        self.graded: list[date] = []
        self.frames: dict[str, list[pd.DataFrame]] = {name: [] for name in (*TABLES, "by_itself")}
        self.certificates: list[dict[str, object]] = []
        self.losses: dict[tuple[str, int], dict[date, pd.DataFrame]] = {}

    def grade(self, origin: Origin, customers: Customers, everyone: Customers, days: pd.DataFrame) -> None:
        """Fit and grade all models from one origin; it is kept whole or not at all."""
        levels = levels_of(customers.segments, self.columns)
        happened, newcomers = happened_after(origin, customers, days), newcomers_after(origin, everyone, days)
        entrants, certificates = self._entrants(origin, customers, days)
        made: dict[str, list[pd.DataFrame]] = {name: [] for name in self.frames}
        by_itself = made["by_itself"]
        losses: dict[tuple[str, int], dict[str, np.ndarray]] = {}
        for entrant in entrants:
            options: dict[str, Any] = {"spend_growth": self.spend_growth, "draws": self.draws, "seed": self.seed}
            if self.widened and entrant.steady is None:
                by_itself.append(self._by_itself(entrant, customers, origin, levels, happened, options))
                ended = self._ended(entrant.label, origin.day)
                options["discrepancy"] = learn_from(ended, columns=self.columns, draws=self.draws, seed=self.seed)
            plan, part = entrant.plan_existing(*plan_weeks(entrant.purchases, entrant.spend, customers, origin, **options))
            found = forecast_existing(plan, part, origin, levels, happened)
            won = self._forecast_newcomers(entrant, newcomers, origin, customers, plan.paid_share, options)
            random = np.random.default_rng([self.seed, TOTALS])
            tables = tables_of(found, won, origin, customers, levels, happened, newcomers, random)
            for name, frame in tables.items():
                made[name].append(frame.assign(model=entrant.label, origin=origin.day))
            if not self.widened and entrant.steady is None:
                known = tables["forecasts"]
                by_itself.append(known[known["who"] == "existing"].assign(model=entrant.label, origin=origin.day))
            for h, weeks in enumerate(origin.weeks):
                losses.setdefault(("orders", weeks), {})[entrant.label] = -found.log_score[h]
                losses.setdefault(("revenue", weeks), {})[entrant.label] = found.customers["revenue", weeks].crps
        self.graded.append(origin.day)
        self.certificates += certificates
        for name, frames in made.items():
            self.frames[name] += frames
        ids = pd.Index(customers.statistics["customer_id"])
        for key, by_model in losses.items():
            self.losses.setdefault(key, {})[origin.day] = pd.DataFrame(by_model, index=ids)

    def _by_itself(
        self, entrant: _Entrant, customers: Customers, origin: Origin, levels: Levels, happened: Happened, options: dict[str, Any]
    ) -> pd.DataFrame:
        """What the model foresees without what it has learned from its errors."""
        plan, part = plan_weeks(entrant.purchases[:1], entrant.spend, customers, origin, **options)
        random = np.random.default_rng([self.seed, TOTALS])
        found = level_table(forecast_totals(plan, part, origin, levels), origin, levels, happened, random)
        return found.assign(model=entrant.label, origin=origin.day)

    def _ended(self, label: str, day: date) -> pd.DataFrame:
        """Forecasts by a model alone that had ended on a day."""
        known = self.frames["by_itself"]
        return completed(pd.concat(known) if known else pd.DataFrame(), label, day)

    def _forecast_newcomers(
        self, entrant: _Entrant, newcomers: Newcomers, origin: Origin, customers: Customers, paid_share: np.ndarray, options: dict[str, Any]
    ) -> np.ndarray:
        """As `forecast_newcomers`; of those of whom no repeat order has been seen, as many are free as of the others."""
        if not len(newcomers.customers):
            return np.zeros((len(MEASURES), len(origin.weeks), self.draws))
        made = plan_weeks(entrant.purchases, entrant.spend, newcomers.customers, origin, per_week=7, **options)
        plan, part = entrant.plan_newcomers(*made)
        part = replace(part, batch=replace(part.batch, starts=newcomers.arrived / DAYS_PER_UNIT[customers.unit]))
        first_amounts = customers.statistics["first_amount"].to_numpy(dtype=float)
        return forecast_newcomers(replace(plan, paid_share=paid_share), part, first_amounts, newcomers, origin)

    def _entrants(self, origin: Origin, customers: Customers, days: pd.DataFrame) -> tuple[list[_Entrant], list[dict[str, object]]]:
        fits: dict[Model, Fit] = {}
        certificates = []
        pooled = {
            label: pooled_models(purchases, self._ended(label, origin.day), customers) if self.widened else [purchases]
            for label, (purchases, _) in self.candidates.items()
        }
        spends = [spend for _, spend in self.candidates.values()]
        for model in dict.fromkeys([*(model for models in pooled.values() for model in models), *spends]):
            fits[model] = self._fit(model, customers)
            certificates.append(certified(fits[model], origin.day, len(customers)))
        entrants = [
            _Entrant(label, tuple(fits[model] for model in pooled[label]), fits[spend]) for label, (_, spend) in self.candidates.items()
        ]
        first_purchases, first_spend = next(iter(self.candidates.values()))
        for label, (frequency, T) in zip(BASELINES, _seen(origin, customers, days), strict=True):
            random = np.random.default_rng([self.seed, BASELINE_DRAWS])
            coordinates = steady_draws(frequency, T, self.draws, random)
            steady = _SteadyOnes(Steady(label), coordinates, frequency, T)
            entrants.append(_Entrant(label, (fits[first_purchases],), fits[first_spend], steady))
        return entrants, certificates

    def _fit(self, model: Model, customers: Customers) -> Fit:
        fitted, key = _fit_or_kept(self.folder, model, customers, self.sampler, self.progress)
        self.keys += [] if key is None else [key]
        return fitted

    def finished(self, notes: list[str], settings: dict[str, Any]) -> Backtest:
        """All that was graded.

        Raises
        ------
        DataError
            If nothing was.
        """
        if not self.frames["forecasts"]:
            raise DataError("no forecast could be graded: " + " ".join(notes))
        frames = {name: in_front(pd.concat(parts, ignore_index=True), "origin", "model") for name, parts in self.frames.items()}
        differences = difference_table(self.losses, self.labels)
        return Backtest(
            **frames,
            differences=differences,
            certificates=pd.DataFrame(self.certificates),
            verdicts=judge(frames["forecasts"]),
            choice=choose(tuple(self.candidates), frames["forecasts"], differences),
            notes=tuple(notes),
            settings=settings,
        )


def _fit_or_kept(
    folder: Path | None, model: Model, known: Customers | Renewals, sampler: dict[str, Any], progress: bool
) -> tuple[Fit, str | None]:
    """A fit, and under which key it is kept in a folder, where there is one."""
    sampler = sampler | {"pool": tuple(entry if isinstance(entry, str) else tuple(entry) for entry in sampler["pool"])}
    if folder is None:
        return fit(model, known, **sampler, progress=progress), None
    return fit_or_kept(folder, model, known, sampler, progress)


def _seen(origin: Origin, customers: Customers, days: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Repeat orders, and the time in which they were seen, of each customer: in all, and in the last year."""
    frequency, T = (customers.statistics[name].to_numpy(dtype=float) for name in ("frequency", "T"))
    ids = pd.Index(customers.statistics["customer_id"])
    day, year = pd.Timestamp(origin.day), YEAR_OF_WEEKS * 7 / DAYS_PER_UNIT[customers.unit]
    lately = days[(days["day"] <= day) & (days["day"] > day - timedelta(weeks=YEAR_OF_WEEKS))]
    of = ids.get_indexer(lately["customer_id"])
    repeats = (lately["day"].to_numpy() > customers.statistics["t0"].to_numpy()[of]) & (of >= 0)
    return [(frequency, T), (np.bincount(of[repeats], minlength=len(ids)).astype(float), np.minimum(T, year))]
