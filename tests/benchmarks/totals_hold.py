"""Do the bands of totals hold: a retailer's 16 quarterly origins, the plain MBG/NBD and the one with season, by themselves and as used.

    .venv/bin/python tests/benchmarks/totals_hold.py essec_2005_2011.csv.gz [FOLDER]

FOLDER keeps the fits and the result. Prints, by measure and horizon: in how many forecasts each band of the total held, CRPS and median
width of the 90 % band as shares; the same of segments (acquisition year, tercile of the first order); the joint discrepancy beside one
learned for each segment, or each horizon, alone; and interval scores beside those of bands a fifth wider and narrower.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import clvbayes as clv
from clvbayes.grading.discrepancy import learn_from
from clvbayes.grading.past_errors import completed
from clvbayes.grading.scores import score_draws

UNTIL, SEASON = date(2011, 12, 31), "MBG/NBD with season + Gamma-Gamma"
DRAWS, LEAST_CUSTOMERS = 4000, 50


def main() -> None:
    """Run it once, and print the tables."""
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    table = clv.read_transactions(with_segments(sys.argv[1]), segments=["won", "first_order"], currency="EUR")
    origins = [day.date() - timedelta(days=1) for day in pd.date_range("2008-01-01", "2011-10-01", freq="QS")]
    models = [clv.models.mbg_nbd(), clv.models.mbg_nbd(season=True)]
    fits = None if folder is None else folder / "fits"
    found = clv.backtest(table, origins=origins, models=models, until=UNTIL, draws=500, seed=1, folder=fits)
    if folder is not None:
        clv.save(found, folder / "backtest")
    report(found)


def with_segments(path: str) -> pd.DataFrame:
    """Orders with the year in which the customer was won, and the tercile of the first order among those of that year."""
    orders = pd.read_csv(path, dtype={"customer_id": str})
    first = orders[orders["date"] == orders.groupby("customer_id")["date"].transform("min")].groupby("customer_id")
    known = pd.DataFrame({"won": first["date"].min().str[:4], "amount": first["amount"].sum()})
    rank = known.groupby("won")["amount"].rank(pct=True)
    known["first_order"] = np.select([rank <= 1 / 3, rank <= 2 / 3], ["small", "middle"], "large")
    return orders[["customer_id", "amount", "date"]].join(known[["won", "first_order"]], on="customer_id")


def report(found: clv.Backtest) -> None:
    """Print all tables."""
    kinds = {"by itself": found.by_itself, "used": found.forecasts}
    frames = pd.concat([frame[frame["who"] == "existing"].assign(kind=kind) for kind, frame in kinds.items()])
    print("Totals\n" + summary(frames[frames["column"] == ""], ["measure", "weeks", "model", "kind"]))
    segments = frames[(frames["column"] != "") & (frames["customers"] >= LEAST_CUSTOMERS) & (frames["actual"] > 0)]
    print("\nSegments\n" + summary(segments[segments["model"] == SEASON], ["column", "measure", "weeks", "kind"]))
    alone = learned_alone(completed(found.by_itself, SEASON, None))
    print("\nJoint or alone (lognormal around the median; without the pool)\n" + summary(alone, ["what", "measure", "weeks", "kind"]))
    print("\nInterval score of the 90 % band, relative to the actual\n" + interval_scores(found))


def summary(frame: pd.DataFrame, by: list[str]) -> str:
    """Bands held, CRPS and width."""
    frame = frame.assign(crps=frame["crps"] / frame["actual"], width=(frame["q95"] - frame["q05"]) / frame["mean"])
    held = {name: (name, "sum") for name in ("held_50", "held_80", "held_90")}
    sums = frame.groupby(by).agg(forecasts=("crps", "size"), **held, crps=("crps", "mean"), width=("width", "median"))
    return sums.round(3).to_string()


def learned_alone(known: pd.DataFrame) -> pd.DataFrame:
    """Forecasts moved by what was learned from all, from one segment alone, and from one horizon alone."""
    rows = []
    for origin in sorted(set(known["origin"])):
        ended, now = completed(known.assign(model=SEASON), SEASON, origin), known[known["origin"] == origin]
        joint = learn_from(ended, draws=DRAWS, seed=1)
        for _, row in now.iterrows():
            if row["customers"] < LEAST_CUSTOMERS or not row["actual"]:
                continue
            same = ended[(ended["column"] == row["column"]) & (ended["level"] == row["level"])].assign(column="")
            if row["column"]:
                rows.append(graded(row, joint, "segment", "joint"))
                rows.append(graded(row, learn_from(same, draws=DRAWS, seed=1), "segment", "alone"))
            else:
                rows.append(graded(row, joint, "horizon", "joint"))
                rows.append(graded(row, learn_from(same[same["weeks"] == row["weeks"]], draws=DRAWS, seed=1), "horizon", "alone"))
    return pd.DataFrame(rows)


def graded(row: pd.Series, discrepancy: clv.Discrepancy, what: str, kind: str) -> dict[str, object]:
    """A forecast around its median, moved."""
    shared, random = discrepancy.shared, np.random.default_rng(2)
    of_revenue = row["measure"] == "revenue"
    moves = shared["size"].to_numpy() * (row["weeks"] / 13) ** shared["growth"].to_numpy()
    moves = moves + (shared["amount"].to_numpy() if of_revenue else 0.0)
    known = discrepancy.own.get(row["column"])
    if kind == "joint" and known is not None and row["level"] in known["level"]:
        own = known.sel(level=row["level"])
        moves = moves + own["orders"].to_numpy() + (own["amount"].to_numpy() if of_revenue else 0.0)
    sd = np.sqrt(np.log1p((row["sd"] / row["mean"]) ** 2))
    draws = row["q50"] * np.exp(moves + sd * random.standard_normal(len(moves)))
    scores = score_draws(draws[None], np.array([row["actual"]]), random)
    quantiles = np.quantile(draws, [0.05, 0.95])
    held = dict(zip(("held_50", "held_80", "held_90"), scores.held[0, :3], strict=True))
    told = {name: row[name] for name in ("measure", "weeks", "actual")}
    return {
        **told,
        "what": what,
        "kind": kind,
        "mean": draws.mean(),
        "q05": quantiles[0],
        "q95": quantiles[1],
        "crps": scores.crps[0],
        **held,
    }


def interval_scores(found: clv.Backtest) -> str:
    """Of the bands as used, a fifth wider and narrower on the log scale, and of last year's rate; with the difference's standard error."""
    total = found.forecasts[(found.forecasts["column"] == "") & (found.forecasts["who"] == "existing")]
    rows = []
    for (measure, weeks), own in total[total["model"] == SEASON].groupby(["measure", "weeks"]):
        last_year = total[(total["model"] == "Last year's rate") & (total["measure"] == measure) & (total["weeks"] == weeks)]
        own, last_year = own.set_index("origin"), last_year.set_index("origin")
        used = score(own, 1.0)
        others = {"a fifth wider": score(own, 1.2), "a fifth narrower": score(own, 0.8), "last year's rate": score(last_year, 1.0)}
        for name, other in others.items():
            difference = used - other
            error = difference.std(ddof=1) / np.sqrt(len(difference))
            told = {"used": used.mean(), "other": other.mean(), "difference": difference.mean(), "standard error": error}
            rows.append({"measure": measure, "weeks": weeks, "beside": name, **told})
    return pd.DataFrame(rows).round(3).to_string(index=False)


def score(frame: pd.DataFrame, factor: float) -> pd.Series:
    """Interval score of the 90 % band (Gneiting & Raftery 2007) with its ends `factor` times as far from the median, in logs."""
    low, high = ((frame["q50"] * (frame[name] / frame["q50"]) ** factor) for name in ("q05", "q95"))
    actual = frame["actual"]
    misses = (low - actual).clip(lower=0) + (actual - high).clip(lower=0)
    return (high - low + misses * 2 / 0.1) / actual


if __name__ == "__main__":
    main()
