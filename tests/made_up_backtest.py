"""A made-up back-test whose forecasts are plain arrays: nothing is sampled, and whether a band held is chosen; tables, scores, verdicts and
the choice are made by the functions that make real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
from made_up_base import UNTIL
from scipy.stats import norm, poisson

from clvbayes.data import Customers
from clvbayes.grading import BASELINES, Backtest
from clvbayes.grading.forecasts import NEXT_AMOUNT, Forecast
from clvbayes.grading.scores import score_draws
from clvbayes.grading.tables import TABLES, difference_table, tables_of
from clvbayes.grading.verdicts import choose, judge
from clvbayes.grading.windows import MEASURES, Happened, Newcomers, Origin, plan_origins
from clvbayes.valuation.levels import levels_of

OWN, OTHER = "MBG/NBD + Gamma-Gamma", "MBG/NBD + Lognormal"
HOSTILE, TINY, BAND = "<script>alert(1)</script>", "Tiny trade", 0.05
AMOUNT = 120.0


@dataclass(frozen=True)
class Past:
    """What a made-up back-test is like.

    Attributes
    ----------
    days : tuple of datetime.date
        The origins, where they are not to lie the shortest horizon apart.
    outside : mapping
        Of a model and a measure, or of these and a horizon, the places of origins, from the oldest, at which what happened lies outside the
        total's 90 % band.
    off : mapping
        By what factor a model's forecasts of single customers are off; 1 where it is not named.
    silent : tuple of int
        Places of origins after which nobody ordered.
    sure_of_none : tuple of str
        Models whose draws of every total are zero.
    tiny : int
        Customers of the smallest level.
    failed_fits : int
        So many of the fits, from the oldest, did not pass.
    source, sha256, currency, since, spend_growth, fits
        As the settings of a back-test hold them.
    """

    models: tuple[str, ...] = (OWN, OTHER)
    origins: int = 8
    horizons: tuple[int, ...] = (13, 26)
    days: tuple[date, ...] = ()
    customers: int = 120
    outside: Mapping[tuple[str, str] | tuple[str, str, int], tuple[int, ...]] = field(default_factory=dict)
    off: Mapping[str, float] = field(default_factory=lambda: {OTHER: 1.6, "No churn": 2.5, "Last year's rate": 0.5})
    silent: tuple[int, ...] = ()
    sure_of_none: tuple[str, ...] = ()
    tiny: int = 3
    newcomers: tuple[int, ...] = (12, 7, 10)
    failed_fits: int = 0
    pool: tuple[str | list[str], ...] = ()
    notes: tuple[str, ...] = ()
    until: date = UNTIL
    source: str = "orders.csv"
    sha256: str = "5ad1" * 16
    currency: str | None = "EUR"
    since: date | None = None
    spend_growth: float = 0.0
    fits: tuple[str, ...] = ()


def make_backtest(past: Past) -> Backtest:
    first = past.until - (past.origins + 1) * timedelta(weeks=min(past.horizons))
    origins = plan_origins(past.days or past.origins, past.horizons, first, past.until)
    labels = (*past.models, *BASELINES)
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    losses: dict[tuple[str, int], dict[date, pd.DataFrame]] = {}
    for place, origin in enumerate(origins):
        rng = np.random.default_rng([8, place])
        customers, rates = _customers(past)
        levels = levels_of(customers.segments, ("industry",))
        happened = _happened(past, place, origin, rates, rng)
        newcomers = _newcomers(past, place, origin, customers)
        own: dict[tuple[str, int], dict[str, np.ndarray]] = {}
        for label in labels:
            found = _forecast(past, label, place, origin, rates, levels, happened, np.random.default_rng([9, place]))
            won = newcomers.by_horizon[..., None] * np.exp(0.1 * _noise(200))
            tables = tables_of(found, won, origin, customers, levels, happened, newcomers, np.random.default_rng(place))
            for name, frame in tables.items():
                frames[name].append(frame.assign(model=label, origin=origin.day))
            for h, weeks in enumerate(origin.weeks):
                own.setdefault(("orders", weeks), {})[label] = -found.log_score[h]
                own.setdefault(("revenue", weeks), {})[label] = found.customers["revenue", weeks].crps
        for key, by_model in own.items():
            losses.setdefault(key, {})[origin.day] = pd.DataFrame(by_model, index=customers.statistics["customer_id"])
    whole = {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()}
    differences = difference_table(losses, labels)
    known = whole["forecasts"]
    return Backtest(
        **whole,
        by_itself=known[(known["who"] == "existing") & known["model"].isin(past.models)].reset_index(drop=True),
        differences=differences,
        certificates=_certificates(past, origins),
        verdicts=judge(whole["forecasts"]),
        choice=choose(past.models, whole["forecasts"], differences),
        notes=past.notes,
        settings={
            "models": {label: {"purchases": {"name": "mbg_nbd", "options": {}}} for label in past.models},
            "pool": list(past.pool),
            "by": ["industry"],
            "since": past.since and past.since.isoformat(),
            "opportunity": None,
            "until": past.until.isoformat(),
            "origins": [origin.day.isoformat() for origin in origins],
            "horizons": sorted(past.horizons),
            "fits": list(past.fits),
            "source": past.source,
            "sha256": past.sha256,
            "currency": past.currency,
            "spend_growth": past.spend_growth,
            "widened": True,
            "code": "5ad1" * 16,
            "asked": past.origins,
            "customers": None,
            "seed": 1,
            "draws": 500,
            "predictive_draws": 200,
        },
    )


def _noise(draws: int) -> np.ndarray:
    """Evenly spaced quantiles of a standard normal."""
    return norm.ppf((np.arange(draws) + 0.5) / draws)


def _customers(past: Past) -> tuple[Customers, np.ndarray]:
    """Customers of all classes, and their orders per week."""
    n, rng = past.customers, np.random.default_rng(4)
    frequency = np.resize([0, 0, 1, 2, 3, 4, 6, 12], n)
    T = np.resize([3.0, 20.0, 60.0, 120.0, 150.0], n)
    statistics = pd.DataFrame(
        {
            "customer_id": [f"C{k:03d}" for k in range(n)],
            "frequency": frequency,
            "recency": np.where(frequency > 0, T * rng.uniform(0.2, 0.95, n), 0.0),
            "T": T,
        }
    )
    names = np.resize(["Retail", "Mills", HOSTILE], n).astype(object)
    names[: past.tiny] = TINY
    return Customers(statistics, pd.DataFrame({"industry": names}, dtype=str), unit="week", until=past.until), 0.02 * (1 + frequency)


def _happened(past: Past, place: int, origin: Origin, rates: np.ndarray, rng: np.random.Generator) -> Happened:
    by_week = rng.poisson(np.tile(rates, (origin.weeks[-1], 1))).astype(float)  # (week, customer)
    if place in past.silent:
        by_week[:] = 0.0
    by_customer = np.stack([by_week[:weeks].sum(axis=0) for weeks in origin.weeks])
    weekly = by_week.sum(axis=1)
    next_amount = np.where(by_customer[-1] > 0, AMOUNT, np.nan)
    return Happened(np.stack([by_customer, AMOUNT * by_customer]), np.stack([weekly, AMOUNT * weekly]), next_amount)


def _newcomers(past: Past, place: int, origin: Origin, customers: Customers) -> Newcomers:
    """As many as are named, one place after the other, all of the first week."""
    count = past.newcomers[place % len(past.newcomers)] if past.newcomers else 0
    repeats = np.array([0.0 if place in past.silent else 3.0 + weeks for weeks in origin.weeks]) * (count > 0)
    revenue = AMOUNT * (count + repeats)
    return Newcomers(customers, np.full(count, 2), np.stack([repeats, revenue]))


def _forecast(past, label, place, origin, rates, levels, happened, rng) -> Forecast:
    size, draws = past.customers, 200
    horizons, off = origin.weeks, past.off.get(label, 1.0)
    by_level = np.zeros((len(MEASURES), len(horizons), levels.rows, draws))
    customers, log_score = {}, np.zeros((len(horizons), size))
    for h, weeks in enumerate(horizons):
        expected = off * rates * weeks
        orders = rng.poisson(np.tile(expected, (draws, 1)).T).astype(float)
        log_score[h] = poisson.logpmf(happened.by_customer[0, h], expected)
        for m, measure in enumerate(MEASURES):
            scale = 1.0 if m == 0 else AMOUNT
            customers[measure, weeks] = score_draws(scale * orders, happened.by_customer[m, h], np.random.default_rng(5))
            actual = np.bincount(levels.row_of[1], happened.by_customer[m, h], minlength=levels.rows)
            actual[0] = happened.by_customer[m, h].sum()
            missed = past.outside.get((label, measure, weeks), past.outside.get((label, measure), ()))
            lies_outside = place in missed
            median = 0.6 if lies_outside else 1.0 + 0.02 * np.sign(off - 1.0) + BAND * (place % 2)
            by_level[m, h] = _totals(actual, scale * weeks, median, label in past.sure_of_none)
    ordered = np.isfinite(happened.next_amount)
    amounts = np.tile(AMOUNT * np.exp(0.3 * _noise(draws)), (int(ordered.sum()), 1))
    customers[NEXT_AMOUNT, horizons[-1]] = score_draws(amounts, happened.next_amount[ordered], np.random.default_rng(6))
    weekly = happened.by_week.mean(axis=1)[:, None, None] * np.exp(0.4 * _noise(draws))
    return Forecast(by_level, np.broadcast_to(weekly, (*happened.by_week.shape, draws)), customers, log_score)


def _totals(actual: np.ndarray, usual: float, median: float, sure_of_none: bool) -> np.ndarray:
    """Draws by level around a multiple of what happened; their 90 % band reaches 8 % to either side, and to zero where nothing happened."""
    if sure_of_none:
        return np.zeros((len(actual), 200))
    draws = median * np.where(actual > 0, actual, usual)[:, None] * np.exp(BAND * _noise(200))
    draws[actual == 0, :20] = 0.0
    return draws


def _certificates(past: Past, origins: tuple[Origin, ...]) -> pd.DataFrame:
    titles = dict.fromkeys(title for label in past.models for title in label.split(" + "))
    rows = [{"origin": origin.day, "model": title, "customers": past.customers} for origin in origins for title in titles]
    passed = [k >= past.failed_fits for k in range(len(rows))]
    return pd.DataFrame(rows).assign(passed=passed, failed=["" if ok else "R-hat is 1.2." for ok in passed])
