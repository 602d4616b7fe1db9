"""Graded forecasts as tidy frames: one function a frame."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import kstest

from clvbayes.data import DAYS_PER_UNIT, Customers
from clvbayes.grading.forecasts import NEXT_AMOUNT, Forecast
from clvbayes.grading.scores import LEVELS, QUANTILES, Scores, score_draws
from clvbayes.grading.windows import FEWEST_ORIGINS, MEASURES, Happened, Newcomers, Origin, apart
from clvbayes.inference import Fit
from clvbayes.valuation.levels import Levels

__all__ = ["TABLES", "certified", "contract_tables_of", "difference_table", "level_table", "tables_of"]

TABLES = ("forecasts", "customers", "pit", "weekly", "classes", "ranking")
FREQUENCY_CLASSES = ((0, "0"), (1, "1"), (2, "2"), (3, "3-4"), (5, "5-9"), (10, "10 or more"))
SILENCE_CLASSES = ((0, "under 4 weeks"), (4, "4-12 weeks"), (13, "13-25 weeks"), (26, "26-51 weeks"), (52, "52 weeks or more"))
PIT_BINS, TENTHS = 10, 10


def tables_of(
    found: Forecast,
    won: np.ndarray,
    origin: Origin,
    customers: Customers,
    levels: Levels,
    happened: Happened,
    newcomers: Newcomers,
    random: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """All frames of one model at one origin, by the names in `TABLES`; `won` are the newcomers' draws, dims (measure, horizon, draw)."""
    totals = [level_table(found.by_level, origin, levels, happened, random), _newcomer_table(won, origin, newcomers, random)]
    return {
        "forecasts": pd.concat([table for table in totals if len(table)]),
        "customers": _customer_table(found, origin, happened),
        "pit": _pit_table(found),
        "weekly": _weekly_table(found, happened),
        "classes": _class_table(found, origin, happened, customers),
        "ranking": _ranking_table(found, origin, happened),
    }


def contract_tables_of(
    found: Forecast, origin: Origin, levels: Levels, happened: Happened, measures: Sequence[str], random: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """The same of contracts, of which there are no weeks, classes or tenths."""
    return {
        "forecasts": level_table(found.by_level, origin, levels, happened, random, measures),
        "customers": _customer_table(found, origin, happened, measures),
        "pit": _pit_table(found),
    }


def certified(fit: Fit, origin: date, size: int) -> dict[str, object]:
    """A row of `Backtest.certificates`, of a fit of so many customers or contracts."""
    failed = [result.message for result in fit.certificate.results if result.status == "failed"]
    return {"origin": origin, "model": fit.model.title, "customers": size, "passed": not failed, "failed": " ".join(failed)}


def _score_columns(found: Scores) -> dict[str, np.ndarray]:
    columns = {"mean": found.mean, "sd": found.sd}
    columns |= {_quantile_name(q): found.quantiles[:, k] for k, q in enumerate(QUANTILES)}
    columns |= {"crps": found.crps, "pit": found.pit}
    for k, level in enumerate(LEVELS):
        columns |= {f"held_{level * 100:.0f}": found.held[:, k], f"interval_{level * 100:.0f}": found.interval[:, k]}
    return columns


def _quantile_name(q: float) -> str:
    return f"q{q * 100:04.1f}".removesuffix(".0").replace(".", "_")


def level_table(
    by_level: np.ndarray,
    origin: Origin,
    levels: Levels,
    happened: Happened,
    random: np.random.Generator,
    measures: Sequence[str] = MEASURES,
) -> pd.DataFrame:
    """Forecasts of the total and of levels, graded: rows of `Backtest.forecasts`, from draws with dims (measure, horizon, level, draw)."""
    named = [(column, name) for column, names in levels.names.items() for name in names]
    parts = []
    for m, measure in enumerate(measures):
        for h, weeks in enumerate(origin.weeks):
            actual = np.zeros(levels.rows)
            for row_of in levels.row_of:
                actual += np.bincount(row_of, happened.by_customer[m, h], minlength=levels.rows)
            found = score_draws(by_level[m, h], actual, random)
            head = {"who": "existing", "measure": measure, "weeks": weeks, "column": [c for c, _ in named], "level": [n for _, n in named]}
            parts.append(pd.DataFrame({**head, "customers": levels.counts, "actual": actual, **_score_columns(found)}))
    return pd.concat(parts)


def _newcomer_table(won: np.ndarray, origin: Origin, newcomers: Newcomers, random: np.random.Generator) -> pd.DataFrame:
    parts = [pd.DataFrame()]
    for m, measure in enumerate(MEASURES):
        for h, weeks in enumerate(origin.weeks):
            count = int((newcomers.arrived <= 7 * weeks).sum())
            if count:
                actual = newcomers.by_horizon[m, h][None]
                found = score_draws(won[m, h][None], actual, random)
                head = {"who": "new", "measure": measure, "weeks": weeks, "column": "", "level": "", "customers": count}
                parts.append(pd.DataFrame({**head, "actual": actual, **_score_columns(found)}))
    return pd.concat(parts)


def _customer_table(found: Forecast, origin: Origin, happened: Happened, measures: Sequence[str] = MEASURES) -> pd.DataFrame:
    rows = []
    for (measure, weeks), scores in found.customers.items():
        if not len(scores.mean):
            continue
        if measure == NEXT_AMOUNT:
            actual = happened.next_amount[np.isfinite(happened.next_amount)]
        else:
            actual = happened.by_customer[measures.index(measure), origin.weeks.index(weeks)]
        off = scores.mean - actual
        row: dict[str, object] = {
            "measure": measure,
            "weeks": weeks,
            "customers": len(actual),
            "actual": actual.mean(),
            "mean": scores.mean.mean(),
            "crps": scores.crps.mean(),
            "log_score": found.log_score[origin.weeks.index(weeks)].mean() if measure == measures[0] else np.nan,
            "mae": np.abs(off).mean(),
            "rmse": np.sqrt((off**2).mean()),
            "ks": kstest(scores.pit, "uniform").statistic,
        }
        for k, level in enumerate(LEVELS):
            name = f"{level * 100:.0f}"
            row[f"pit_{name}"] = (np.abs(scores.pit - 0.5) <= level / 2).mean()
            row[f"held_{name}"], row[f"interval_{name}"] = scores.held[:, k].mean(), scores.interval[:, k].mean()
        rows.append(row)
    return pd.DataFrame(rows)


def _pit_table(found: Forecast) -> pd.DataFrame:
    bins = np.linspace(0, 1, PIT_BINS + 1)
    parts = [
        pd.DataFrame({"measure": measure, "weeks": weeks, "bin": range(1, PIT_BINS + 1), "customers": np.histogram(scores.pit, bins)[0]})
        for (measure, weeks), scores in found.customers.items()
    ]
    return pd.concat(parts)


def _weekly_table(found: Forecast, happened: Happened) -> pd.DataFrame:
    parts = []
    for m, measure in enumerate(MEASURES):
        draws = found.by_week[m]
        quantiles = {_quantile_name(q): ends for q, ends in zip(QUANTILES, np.quantile(draws, QUANTILES, axis=1), strict=True)}
        head = {"measure": measure, "week": range(1, len(draws) + 1), "actual": happened.by_week[m], "mean": draws.mean(axis=1)}
        parts.append(pd.DataFrame({**head, **quantiles}))
    return pd.concat(parts)


def _class_table(found: Forecast, origin: Origin, happened: Happened, customers: Customers) -> pd.DataFrame:
    statistics = customers.statistics
    silence = (statistics["T"] - statistics["recency"]).to_numpy(dtype=float)
    groupings = {
        "frequency": (statistics["frequency"].to_numpy(dtype=float), FREQUENCY_CLASSES),
        "silence": (np.round(DAYS_PER_UNIT[customers.unit] * silence) / 7, SILENCE_CLASSES),  # whole days
    }
    parts = []
    for by, (values, classes) in groupings.items():
        place = np.searchsorted([start for start, _ in classes], values, side="right") - 1
        for m, measure in enumerate(MEASURES):
            for h, weeks in enumerate(origin.weeks):
                sums = {
                    "customers": np.bincount(place, minlength=len(classes)),
                    "actual": np.bincount(place, happened.by_customer[m, h], minlength=len(classes)),
                    "mean": np.bincount(place, found.customers[measure, weeks].mean, minlength=len(classes)),
                }
                names = [name for _, name in classes]
                parts.append(pd.DataFrame({"by": by, "class": names, "measure": measure, "weeks": weeks, **sums}))
    return pd.concat(parts)


def _ranking_table(found: Forecast, origin: Origin, happened: Happened) -> pd.DataFrame:
    parts = []
    for h, weeks in enumerate(origin.weeks):
        actual, foreseen = happened.by_customer[1, h], found.customers["revenue", weeks].mean
        ranked, best = actual[np.argsort(-foreseen, kind="stable")], np.sort(actual)[::-1]
        tenths = [np.array_split(values, TENTHS) for values in (ranked, best)]
        parts.append(
            pd.DataFrame(
                {
                    "weeks": weeks,
                    "tenth": range(1, TENTHS + 1),
                    "customers": [len(own) for own in tenths[0]],
                    "actual": [own.sum() for own in tenths[0]],
                    "best": [own.sum() for own in tenths[1]],
                }
            )
        )
    return pd.concat(parts)


def difference_table(losses: Mapping[tuple[str, int], Mapping[date, pd.DataFrame]], labels: Sequence[str]) -> pd.DataFrame:
    """Differences of mean losses over all origins, with standard errors.

    Parameters
    ----------
    losses : mapping
        By measure and horizon, then by origin: one row a customer id, one column a model.
    labels : sequence of str
        Models.

    Returns
    -------
    pandas.DataFrame
        As `Backtest.differences`.

    Notes
    -----
    A customer's forecasts from several origins are one cluster, and so are all forecasts from one origin, which what meets all customers
    at once has in common: variances of two-way clusters (Cameron, Gelbach & Miller 2011), that of origins larger by as much as their
    horizons overlap. Between fewer than three origins nothing can be seen.
    """
    rows = []
    for (measure, weeks), by_origin in losses.items():
        frames, separate = list(by_origin.values()), len(apart(list(by_origin), weeks))
        everything = pd.concat(frames)
        means, forecasts = everything.mean(), len(everything)
        for model in labels:
            for other in labels:
                difference = float(means[model] - means[other])
                off = [frame[model] - frame[other] - difference for frame in frames]
                rows.append(
                    {
                        "measure": measure,
                        "weeks": weeks,
                        "model": model,
                        "other": other,
                        "loss": means[model],
                        "difference": difference,
                        "se": _two_way_error(off, separate),
                        "forecasts": forecasts,
                        "customers": everything.index.nunique(),
                        "origins": separate,
                    }
                )
    return pd.DataFrame(rows)


def _two_way_error(off: Sequence["pd.Series[float]"], separate: int) -> float:
    """Standard error of a mean from deviations of it, one series an origin, by customer."""
    everything = pd.concat(off)
    of_customer, forecasts = everything.groupby(level=0, sort=False).sum(), len(everything)
    if len(of_customer) < 2:
        return float("nan")
    by_customer = _variance(of_customer.to_numpy()) / forecasts**2
    if separate < FEWEST_ORIGINS:
        return float(np.sqrt(by_customer))
    by_origin = _variance(np.array([float(own.sum()) for own in off])) / forecasts**2 * len(off) / separate
    by_both = float((everything**2).sum()) / forecasts**2
    return float(np.sqrt(max(by_customer + by_origin - by_both, by_customer, by_origin)))


def _variance(sums: np.ndarray) -> float:
    """Of the sum of clusters whose mean is zero."""
    return float((sums**2).sum() * len(sums) / (len(sums) - 1))
