"""How long do a million contracts take, read, fitted and valued, and how much memory?

    .venv/bin/python tests/benchmarks/contracts_scale.py [--contracts 1000000] [--draws 100] [--years 8] [--changes]

A made-up book of terms of 1, 12 and 24 months in three segments, signed over so many years, is written to a file by a process of its own.
Reading and counting, the fit of renewals (four chains of 1,000 draws) and the valuation (three years by quarter) are timed in one process
with a warm compile cache; the peak memory is that of the process. The fewer years, the more of the contracts still run. With `--changes`
amounts differ, three renewals of ten change them, and what changes is fitted and valued too.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import clvbayes as clv  # noqa: E402

SINCE = date(2018, 1, 1)
POOL = ["term_months", "segment"]


def write_book(file: Path, contracts: int, years: float, changes: bool) -> None:
    """A book of contracts, as a file."""
    from made_up_contracts import TERMS, draw_truth, make_book

    levels = {"segment": ("a", "b", "c"), "term_months": TERMS}
    truth = draw_truth(clv.models.beta_discrete_weibull().priors(None), levels, np.random.default_rng(1))
    book = make_book(contracts, truth, np.random.default_rng(2), years=years)
    if changes:
        rng = np.random.default_rng(3)
        first = ~book["contract_id"].duplicated().to_numpy()
        steps = np.where(rng.random(len(book)) < 0.3, rng.normal(0.04, 0.15, len(book)), 0.0)
        logs = np.cumsum(np.where(first, 0.0, steps))
        start = np.maximum.accumulate(np.where(first, np.arange(len(book)), 0))
        level = np.repeat(rng.normal(4.6, 0.8, first.sum()), np.diff([*np.flatnonzero(first), len(book)]))
        book["monthly_amount"] = np.round(np.exp(level + logs - logs[start]), 2)
    book.to_parquet(file)
    print(f"{len(book):,} terms written", flush=True)


def main() -> None:
    """Write a book, and print seconds and memory of each step."""
    from made_up_contracts import UNTIL

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--years", type=float, default=8.0)
    parser.add_argument("--changes", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "contracts.parquet"
        writing = multiprocessing.get_context("spawn").Process(target=write_book, args=(file, asked.contracts, asked.years, asked.changes))
        writing.start()
        writing.join()
        started = [time.monotonic()]
        renewals = clv.summarize(clv.read_contracts(file, segments=["segment"]), until=UNTIL, since=SINCE)
        started.append(time.monotonic())
        fits = [clv.fit(clv.models.beta_discrete_weibull(), renewals, pool=POOL, seed=1, progress=False)]
        if asked.changes:
            fits.append(clv.fit(clv.models.renewal_change(), renewals, pool=POOL, seed=1, progress=False))
        started.append(time.monotonic())
        economics, known = clv.Economics(0.4, 0.08, 3), (fits[0], fits[-1] if asked.changes else None, renewals)
        valuation = clv.value(None, None, None, economics, contracts=known, draws=asked.draws, seed=1, progress=False)
        started.append(time.monotonic())
    for name, seconds in zip(("read and counted", "fitted", "valued"), np.diff(started), strict=True):
        print(f"{name}: {seconds:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"in all {started[-1] - started[0]:.1f} s, {int(renewals.running.sum()):,} of {len(renewals):,} contracts run, peak {peak:.2f} GB"
    )
    for check in (*(result for fit in fits for result in fit.certificate.results), *valuation.checks):
        print(f"{check.status}: {check.message}")


if __name__ == "__main__":
    main()
