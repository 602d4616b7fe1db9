"""Do orders that outgrow memory become customers' statistics, how fast, and in how much memory?

    .venv/bin/python tests/benchmarks/summarize_scale.py [--lines 1e7 1e8]

Simulates order lines in a Parquet file (twenty a customer, two and a half an order, one in a thousand twice), and measures in a process
of its own each time:

- `clvbayes`: `read_transactions` and `summarize`, with every check, the search for duplicates, the ledger and the history;
- at 1e7 lines and fewer also `pandas`: the same statistics by plain grouping, nothing checked;
- and `lifetimes`: its own `summary_data_from_transaction_data`, of which frequency, recency, T and the mean spend are compared.

The statistics must agree, or the command fails. Memory is the peak of the process; seconds of processors, imports among them, tell a busy
machine from a slow way.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clvbayes.data import read_transactions, summarize

LINES_A_CUSTOMER = 20
LINES_AN_ORDER = 2.5
TWICE = 1e-3
FIRST_DAY, UNTIL = np.datetime64("2022-01-01", "D"), date(2024, 12, 31)
PIECE = 1_000_000
IN_MEMORY = 1e7  # lines up to which the ways that hold them in memory are measured too
LARGEST_DIFFERENCE = 1e-9  # relative, of sums of floats; counts and days must be equal


def simulate(path: Path, lines: int) -> None:
    """Order lines in the order of time, as a shop's database exports them."""
    rng = np.random.default_rng(1)
    customers, pieces = lines // LINES_A_CUSTOMER, -(-lines // PIECE)
    days = (np.datetime64(UNTIL) - FIRST_DAY).astype(int) + 1
    schema = pa.schema([("customer_id", pa.string()), ("date", pa.timestamp("ms")), ("product", pa.int32()), ("amount", pa.float64())])
    with pq.ParquetWriter(path, schema) as writer:
        for k in range(pieces):
            size = min(PIECE, lines - k * PIECE)
            orders = int(size / LINES_AN_ORDER)
            order = np.sort(rng.integers(0, orders, size))
            columns = [
                (customers * rng.random(orders) ** 1.5).astype(np.int64)[order],  # some buy far more often than others
                (FIRST_DAY + ((k + rng.random(orders)) * days / pieces).astype(int))[order],
                rng.integers(1, 5001, size).astype(np.int32),
                np.round(rng.lognormal(3.0, 1.0, size), 2),
            ]
            twice = np.flatnonzero(rng.random(size - 1) < TWICE)
            for column in columns:
                column[twice + 1] = column[twice]
            names = pc.binary_join_element_wise("C", pc.utf8_lpad(pa.array(columns[0]).cast(pa.string()), 8, "0"), "")
            writer.write_table(pa.table([names, *(pa.array(column) for column in columns[1:])], names=schema.names).cast(schema))


def of_clvbayes(path: str) -> tuple[pd.DataFrame, float]:
    """Statistics in days, and when reading was done."""
    table = read_transactions(path, product="product")
    read = time.perf_counter()
    return summarize(table, until=UNTIL, unit="day").statistics, read


def of_pandas(path: str) -> tuple[pd.DataFrame, float]:
    """The same by plain grouping."""
    lines = pd.read_parquet(path, columns=["customer_id", "date", "amount"])
    read = time.perf_counter()
    days = lines.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    days["repeat"] = days["date"] > days.groupby("customer_id")["date"].transform("min")
    spent = days["amount"].where(days["repeat"])
    days["first_amount"] = days["amount"].where(~days["repeat"])
    days["spend"], days["log"], days["log_squared"] = spent, np.log(spent), np.log(spent) ** 2
    by_customer = days.groupby("customer_id")
    statistics = by_customer.agg(
        t0=("date", "min"),
        frequency=("repeat", "sum"),
        recency=("date", "max"),
        first_amount=("first_amount", "sum"),
        spend_count=("spend", "count"),
        spend_sum=("spend", "sum"),
        spend_sum_log=("log", "sum"),
        spend_sum_log_squared=("log_squared", "sum"),
    )
    statistics["recency"] = (statistics["recency"] - statistics["t0"]).dt.days.astype(float)
    statistics["T"] = (pd.Timestamp(UNTIL) - statistics["t0"]).dt.days.astype(float)
    return statistics.reset_index(), read


def of_lifetimes(path: str) -> tuple[pd.DataFrame, float]:
    """What lifetimes makes of the same lines."""
    from lifetimes.utils import summary_data_from_transaction_data

    lines = pd.read_parquet(path, columns=["customer_id", "date", "amount"])
    read = time.perf_counter()
    summary = summary_data_from_transaction_data(lines, "customer_id", "date", "amount", observation_period_end=UNTIL)
    return summary.reset_index(), read


WAYS: dict[str, Callable[[str], tuple[pd.DataFrame, float]]] = {"clvbayes": of_clvbayes, "pandas": of_pandas, "lifetimes": of_lifetimes}


def peak_memory() -> float:
    """Of this process in gigabytes; not by `getrusage`, which counts what the process that started this one held."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e9


def measure(way: str, path: str, out: str) -> None:
    """Write a way's statistics, and print what they took."""
    start = time.perf_counter()
    statistics, read = WAYS[way](path)
    end = time.perf_counter()
    taken = {"customers": len(statistics), "read": read - start, "summarize": end - read, "cpu": time.process_time(), "peak": peak_memory()}
    statistics.to_parquet(out)
    print(json.dumps(taken))


def require_equal(way: str, expected: pd.DataFrame, found: pd.DataFrame) -> None:
    """Compare the statistics that a way gives."""
    expected = expected.assign(monetary_value=(expected["spend_sum"] / expected["spend_count"]).fillna(0.0))
    found = found.sort_values("customer_id")
    for name in found.columns:
        if name in ("customer_id", "t0"):
            equal = (expected[name].to_numpy() == found[name].to_numpy()).all()
        else:
            equal = np.allclose(expected[name], found[name], rtol=LARGEST_DIFFERENCE, atol=0)
        if not equal:
            raise SystemExit(f"{name} of {way} is not that of clvbayes")


def compare(lines: int) -> None:
    """Measure all ways on the same file, and print a row each."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lines.parquet"
        simulate(path, lines)
        ways = list(WAYS) if lines <= IN_MEMORY else ["clvbayes"]
        taken = {}
        for way in ways:
            arguments = [sys.executable, __file__, "--measure", way, str(path), f"{folder}/{way}.parquet"]
            taken[way] = json.loads(subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout)
        statistics = {way: pd.read_parquet(f"{folder}/{way}.parquet") for way in ways}
        print(f"\n{lines:,} lines, {taken['clvbayes']['customers']:,} customers, a file of {path.stat().st_size / 1e9:.2f} GB")
    for way, figures in taken.items():
        total = figures["read"] + figures["summarize"]
        seconds = f"read {figures['read']:.1f} s, summarize {figures['summarize']:.1f} s, total {total:.1f} s"
        print(f"{way:>10}: {seconds} ({figures['cpu']:.1f} s of processors), peak memory {figures['peak']:.2f} GB")
        if way != "clvbayes":
            require_equal(way, statistics["clvbayes"], statistics[way])
            ours = taken["clvbayes"]
            faster, smaller = total / (ours["read"] + ours["summarize"]), figures["peak"] / ours["peak"]
            print(f"{'':>10}  {faster:.2f} times the time of clvbayes, {smaller:.2f} times its memory; the statistics agree")


def main() -> None:
    """Measure every size that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=float, nargs="+", default=[1e7, 1e8], help="sizes to measure (default: 1e7 1e8)")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure)
        return
    for lines in arguments.lines:
        compare(int(lines))


if __name__ == "__main__":
    main()
