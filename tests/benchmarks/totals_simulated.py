"""Do the bands of totals hold where the truth is known: histories made by the model with a level, and by a plain process.

    .venv/bin/python tests/benchmarks/totals_simulated.py [HISTORIES] [PLAIN]

HISTORIES (40) of 1,500 customers with a season, a walk of .05 and noise of .08 a month: forecasts of 13, 26 and 52 weeks after 24 months,
by the model with a level alone and as used (pooled). PLAIN (6) histories of 48 months without any: how much wider the bands are, as used,
than those of the model by itself, at the last origins. Each customer is simulated order by order in NumPy, by nothing of the package.
"""

import sys
from datetime import date, timedelta
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from totals_hold import summary

import clvbayes as clv

CUSTOMERS, START = 1_500, date(2020, 1, 1)
WALK, NOISE = 0.05, 0.08
SEASON = 0.3 * np.sin(2 * np.pi * np.arange(12) / 12)
HORIZONS = [13, 26, 52]


def main() -> None:
    """Run both, and print two tables."""
    histories, plain = (int(given) for given in (sys.argv[1:] + ["40", "6"][len(sys.argv) - 1 :]))
    frames = []
    for seed in range(histories):
        table = orders(seed, months=36, season=SEASON, walk=WALK, noise=NOISE)
        origin = date(2021, 12, 31)
        options: dict[str, Any] = {"origins": origin, "horizons": HORIZONS, "seed": seed, "progress": False}
        with TemporaryDirectory() as fits:
            used = clv.backtest(table, models=[clv.models.mbg_nbd(season=True)], folder=fits, **options)
            alone = clv.backtest(table, models=[clv.models.mbg_nbd(level=True)], folder=fits, widened=False, **options)
        for kind, found in (("used", used), ("level alone", alone)):
            own = found.forecasts[(found.forecasts["model"] == found.models[0]) & (found.forecasts["who"] == "existing")]
            frames.append(own[own["measure"] == "orders"].assign(kind=kind, history=seed))
        print(f"history {seed + 1} of {histories}", file=sys.stderr)
    if frames:
        print(summary(pd.concat(frames), ["weeks", "kind"]))
    widths = []
    for seed in range(plain):
        table = orders(seed, months=48, season=np.zeros(12), walk=0.0, noise=0.0)
        found = clv.backtest(table, origins=12, horizons=HORIZONS, models=[clv.models.mbg_nbd(season=True)], seed=seed, progress=False)
        keys = ["origin", "weeks", "measure"]
        chosen = {
            name: _total(frame, found.models[0]).set_index(keys) for name, frame in (("used", found.forecasts), ("own", found.by_itself))
        }
        ratio = (chosen["used"]["q95"] - chosen["used"]["q05"]) / (chosen["own"]["q95"] - chosen["own"]["q05"])
        widths.append(ratio.rename("wider").reset_index())
    if widths:
        wider = pd.concat(widths)
        last = wider["origin"] >= wider.groupby("weeks")["origin"].transform("max") - timedelta(days=200)
        print(wider[last].groupby(["measure", "weeks"])["wider"].describe()[["count", "mean", "50%"]].round(3).to_string())


def _total(frame: pd.DataFrame, model: str) -> pd.DataFrame:
    return frame[(frame["model"] == model) & (frame["who"] == "existing") & (frame["column"] == "")]


def orders(seed: int, *, months: int, season: np.ndarray, walk: float, noise: float) -> clv.Transactions:
    """MBG/NBD customers won evenly over all months but the last twelve, whose clock runs month by month by season, walk and noise."""
    random = np.random.default_rng([7, seed])
    pace = np.exp(
        season[np.arange(months) % 12] + np.cumsum(walk * random.standard_normal(months)) + noise * random.standard_normal(months)
    )
    ends = np.array([(date(2020 + k // 12, k % 12 + 1, 1) - START).days for k in range(months + 1)], dtype=float)
    passed = np.concatenate([[0.0], np.cumsum(pace * np.diff(ends))])
    ids, days, amounts = [], [], []
    for customer in range(CUSTOMERS):
        first = random.uniform(0, ends[-13])
        rate, leaves, mean = random.gamma(1.0) / 60.0, random.beta(0.6, 2.4), 50 * random.gamma(4.0) / 4
        at = np.interp(first, ends, passed)
        while True:
            day = np.interp(at, passed, ends)
            ids.append(str(customer))
            days.append(START + timedelta(days=int(day)))
            amounts.append(round(mean * random.gamma(4.0) / 4 + 0.01, 2))
            if random.random() < leaves:
                break
            at += random.exponential() / rate
            if at >= passed[-1]:
                break
    return clv.read_transactions(pd.DataFrame({"customer_id": ids, "date": pd.to_datetime(days), "amount": amounts}), currency="EUR")


if __name__ == "__main__":
    main()
