"""How long do a million contracts take, read, fitted and valued, and how much memory?

    .venv/bin/python tests/benchmarks/contracts_scale.py [--contracts 1000000] [--draws 100]

A made-up book of terms of 1, 12 and 24 months in three segments, signed over eight years, is written to a file.
Reading and counting, the fit of renewals (four chains of 1,000 draws) and the valuation (three years by quarter, no changes) are timed in
one process with a warm compile cache; the peak memory is that of the process.
"""

import argparse
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


def main() -> None:
    """Write a book, and print seconds and memory of each step."""
    from made_up_contracts import TERMS, UNTIL, draw_truth, make_book

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=100)
    asked = parser.parse_args()
    model = clv.models.beta_discrete_weibull()
    levels = {"segment": ("a", "b", "c"), "term_months": TERMS}
    truth = draw_truth(model.priors(None), levels, np.random.default_rng(1))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "contracts.parquet"
        book = make_book(asked.contracts, truth, np.random.default_rng(2))
        book.to_parquet(file)
        print(f"{len(book):,} terms written", flush=True)
        del book
        started = [time.monotonic()]
        renewals = clv.summarize(clv.read_contracts(file, segments=["segment"]), until=UNTIL, since=SINCE)
        started.append(time.monotonic())
        fit = clv.fit(model, renewals, pool=["term_months", "segment"], seed=1, progress=False)
        started.append(time.monotonic())
        economics = clv.Economics(0.4, 0.08, 3)
        valuation = clv.value(None, None, None, economics, contracts=(fit, None, renewals), draws=asked.draws, seed=1, progress=False)
        started.append(time.monotonic())
    for name, seconds in zip(("read and counted", "fitted", "valued"), np.diff(started), strict=True):
        print(f"{name}: {seconds:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"in all {started[-1] - started[0]:.1f} s, {int(renewals.running.sum()):,} of {len(renewals):,} contracts run, peak {peak:.2f} GB"
    )
    for check in (*fit.certificate.results, *valuation.checks):
        print(f"{check.status}: {check.message}")


if __name__ == "__main__":
    main()
