"""How long does a valuation take, and how much memory, from ten thousand customers to a million?

    .venv/bin/python tests/benchmarks/value_scale.py [--customers 10000 100000 1000000] [--draws 500] [--pymc-marketing PYTHON]

The base is made up: 1.5 orders a year and customer while alive, some 55 % alive, known for up to three years; so is the posterior (nobody
waits for a sampler here). MBG/NBD and Gamma-Gamma over eight segments, three years ahead by quarter. Each valuation runs in a fresh process
with a warm compile cache. Printed: seconds, nanoseconds of a core for each customer and draw, the same over those of one bare gamma variate
measured in the same process, peak memory of the process, the base's share alive and orders; and for two sizes or more how time grows.

With an interpreter that has pymc-marketing (see fit_peers.py): its `expected_customer_lifetime_value` over twelve months for 10,000
customers beside ours over twelve months, in one run, as ratios of time and memory for each customer and draw. Theirs is an expectation for
each posterior draw, without orders, periods or bands of what happens; ours simulates every order.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

YEAR = 365.25 / 7
# log rate in weeks, log shape, logit dropout, log concentration: 1.5 orders a year
PURCHASES = np.array([np.log(1.5 / YEAR), 0.0, -1.1, 1.1])
SPEND = np.array([4.4, -0.6, -0.9])


def base(customers: int, seed: int = 1) -> pd.DataFrame:
    """Customers from the model itself, as an RFM frame in weeks."""
    from made_up_statistics import simulate

    rng = np.random.default_rng(seed)
    r, rate, concentration = np.exp(PURCHASES[1]), np.exp(PURCHASES[0]), np.exp(PURCHASES[3])
    dropout = 1 / (1 + np.exp(-PURCHASES[2]))
    natural = {"r": r, "alpha": r / rate, "a": dropout * concentration, "b": (1 - dropout) * concentration, "p": 3.3, "q": 8.0, "v": 175.0}
    T = rng.integers(1, 3 * 365, customers)
    frame = simulate({name: np.full(customers, value) for name, value in natural.items()}, T, rng)
    return frame.assign(segment=rng.integers(8, size=customers).astype(str))


def bare_gamma_ns() -> float:
    """Nanoseconds of one gamma variate of shape 2.5, as the simulators draw it."""
    from numba import njit

    from clvbayes.models.streams import gamma_variate

    @njit
    def many(count: int) -> float:
        state, total = np.zeros(1, np.uint64), 0.0
        for _ in range(count):
            total += gamma_variate(state, 2.5)
        return total

    many(10)
    started = time.perf_counter()
    many(20_000_000)
    return (time.perf_counter() - started) / 20_000_000 * 1e9


def measure(file: str, draws: int, years: float) -> None:
    """In a process of its own: value a base, and print the figures as JSON."""
    import os

    from valuation.made_up_fits import made_up_fit

    import clvbayes as clv

    customers = clv.Customers.from_frame(pd.read_parquet(file), unit="week", segments=["segment"])
    fits = (
        made_up_fit(clv.models.mbg_nbd(), customers, pool=("segment",), centre=PURCHASES),
        made_up_fit(clv.models.gamma_gamma(), customers, pool=("segment",), centre=SPEND),
    )
    economics = clv.Economics(0.35, 0.09, years)
    few = clv.Customers(customers.statistics.head(200), customers.segments.head(200), customers.unit)
    clv.value(*fits, few, economics, draws=100, seed=1, progress=False)  # loads the compiled code
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    valuation = clv.value(*fits, customers, economics, draws=draws, seed=1, progress=False)
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gamma = bare_gamma_ns()
    cores = min(os.cpu_count() or 1, 8)
    each = seconds * cores / (len(customers) * draws) * 1e9
    figures = {
        "customers": len(customers),
        "draws": draws,
        "seconds": seconds,
        "ns_core": each,
        "gammas": each / gamma,
        "gamma_ns": gamma,
        "peak_GB": peak / 1e6,
        "grown_GB": (peak - before) / 1e6,
        "alive": float(valuation.customers["p_alive"].mean()),
        "orders_a_customer": float(valuation.total.sel(component="orders").sum("period").mean()) / len(customers),
        "check": valuation.checks[0].status,
    }
    print(json.dumps(figures))


def run(python: str, *arguments: str) -> dict[str, float]:
    """The last line that a script prints, as JSON."""
    done = subprocess.run([python, *arguments], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Value bases of the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--pymc-marketing", metavar="PYTHON", help="interpreter of its environment; left out, it does not run")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        return measure(asked.measure[0], int(asked.measure[1]), float(asked.measure[2]))
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for customers in asked.customers:
            file = Path(folder) / f"{customers}.parquet"
            base(customers).to_parquet(file, index=False)
            rows.append(run(sys.executable, __file__, "--measure", str(file), str(asked.draws), "3"))
            print(
                json.dumps({name: round(number, 4) if isinstance(number, float) else number for name, number in rows[-1].items()}),
                flush=True,
            )
        if len(rows) > 1:
            growth = np.log(rows[-1]["seconds"] / rows[0]["seconds"]) / np.log(rows[-1]["customers"] / rows[0]["customers"])
            print(f"seconds grow as customers to the power of {growth:.2f}")
        if asked.pymc_marketing:
            file = Path(folder) / "peers.parquet"
            base(10_000).to_parquet(file, index=False)
            ours = run(sys.executable, __file__, "--measure", str(file), "1000", "1")
            theirs = run(asked.pymc_marketing, str(HERE / "peers" / "value_pymc_marketing.py"), str(file))
            per = {name: figures["seconds"] / (10_000 * figures["draws"]) * 1e9 for name, figures in (("ours", ours), ("theirs", theirs))}
            print("12 months, 10,000 customers:")
            for name, figures in (("clvbayes, predictive", ours), ("pymc-marketing, expectation", theirs)):
                print(f"{name}, {figures['draws']:.0f} draws: {figures['seconds']:.2f} s, {figures['grown_GB']:.2f} GB more")
            memory = theirs["grown_GB"] / theirs["draws"] / max(ours["grown_GB"] / ours["draws"], 1e-9)
            print(f"ratios for each customer and draw: time {per['theirs'] / per['ours']:.1f}, memory {memory:.1f}")
    return None


if __name__ == "__main__":
    main()
