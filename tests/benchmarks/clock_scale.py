"""What the seasonal clock costs: a million customers, five years; and a back-test of twelve origins with 25,000.

    .venv/bin/python tests/benchmarks/clock_scale.py [fit CUSTOMERS | backtest CUSTOMERS]

Customers of eight segments are simulated by NumPy alone, their clock with a season. `fit` prints seconds from the statistics to the
certified posterior of a warm process, peak memory, rows, k-hat and share, and the largest error of a month's effect; `backtest` seconds
and memory, with fits made anew. Both by default, each in a process of its own.
"""

import resource
import subprocess
import sys
import time
from datetime import date

import numpy as np
import pandas as pd

import clvbayes as clv

SEGMENTS, START, UNTIL = 8, date(2020, 1, 1), date(2024, 12, 31)
SEASON = 0.4 * np.sin(2 * np.pi * np.arange(12) / 12)
WARM_UP = 30_000


def main() -> None:
    """Run what is asked for."""
    if len(sys.argv) < 2:
        for arguments in (("fit", "1e6"), ("backtest", "25000")):
            subprocess.run([sys.executable, __file__, *arguments], check=True)
        return
    what, customers = sys.argv[1], int(float(sys.argv[2]))
    started = time.monotonic()
    if what == "fit":
        model = clv.models.mbg_nbd(season=True)
        clv.fit(model, customers_of(orders(WARM_UP, seed=2)), pool=["segment"], draws=100, seed=1)
        base = customers_of(orders(customers, seed=3))
        started = time.monotonic()
        fitted = clv.fit(model, base, pool=["segment"], seed=1)
        compression = fitted.certificate.compression
        found = fitted.posterior["posterior"]["season"].mean(("chain", "draw")).to_numpy()
        told: dict[str, object] = {
            "exact rows": compression.exact_rows,
            "rows": compression.rows,
            "k-hat": compression.k_hat,
            "share": compression.effective_share,
            "steps": float(fitted.posterior["sample_stats"]["n_steps"].mean()),
            "month off": float(np.abs(found - (SEASON - SEASON.mean())).max()),
            "passed": fitted.certificate.passed,
        }
    else:
        table = clv.read_transactions(orders(customers, seed=3), segments=["segment"], currency="EUR")
        past = clv.backtest(table, origins=12, models=[clv.models.mbg_nbd(season=True)], pool=["segment"], seed=1)
        total = past.forecasts[(past.forecasts["column"] == "") & (past.forecasts["model"] == past.models[0])]
        told = {"graded": len(past.settings["origins"]), "held": f"{int(total['held_90'].sum())} of {len(total)}"}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print({"customers": customers, "seconds": round(time.monotonic() - started, 1), "peak GB": round(memory, 2)} | told)


def orders(customers: int, seed: int) -> pd.DataFrame:
    """One row an order: MBG/NBD customers of each segment, won evenly over the years, by a seasonal clock."""
    random = np.random.default_rng([11, seed])
    months = 12 * (UNTIL.year - START.year + 1)
    ends = np.array([(date(START.year + k // 12, k % 12 + 1, 1) - START).days for k in range(months + 1)], dtype=float)
    passed = np.concatenate([[0.0], np.cumsum(np.exp(SEASON[np.arange(months) % 12]) * np.diff(ends))])
    segment = random.integers(0, SEGMENTS, customers)
    rate = random.gamma(0.8 + 0.1 * segment) / (90.0 + 10.0 * segment)
    leaves = random.beta(0.6, 2.0 + 0.2 * segment)
    mean = 50 * random.gamma(4.0, size=customers) / 4
    who, at = np.arange(customers), np.interp(random.uniform(0, ends[-1] - 1, customers), ends, passed)
    made = []
    while len(who):
        day = np.minimum(np.interp(at, passed, ends), ends[-1] - 1).astype(int)
        made.append((who, day, np.round(mean[who] * random.gamma(4.0, size=len(who)) / 4 + 0.01, 2)))
        stays = random.random(len(who)) >= leaves[who]
        who, at = who[stays], at[stays] + random.exponential(size=int(stays.sum())) / rate[who[stays]]
        inside = at < passed[-1]
        who, at = who[inside], at[inside]
    ids, days, amounts = (np.concatenate(parts) for parts in zip(*made, strict=True))
    dates = np.datetime64(START) + days.astype("timedelta64[D]")
    names = np.char.add("segment ", segment.astype(str))
    return pd.DataFrame({"customer_id": ids.astype(str), "date": dates, "amount": amounts, "segment": names[ids]})


def customers_of(made: pd.DataFrame) -> clv.Customers:
    """Statistics of the orders."""
    return clv.summarize(clv.read_transactions(made, segments=["segment"], currency="EUR"), until=UNTIL)


if __name__ == "__main__":
    main()
