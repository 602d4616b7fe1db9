"""How long does a certified posterior take, from ten thousand customers to ten million?

    .venv/bin/python tests/benchmarks/fit_scale.py [--cases 1e6x8 1e6x40x12 ...] [--models mbg_nbd gamma_gamma] [--draws 1000]

A case is CUSTOMERSxSEGMENTS or CUSTOMERSxSEGMENTSxCHANNELS: simulated customers (tests/made_up_statistics.py), daily times, pooled over the
segments, or over both columns. Each fit runs in a fresh process with a warm compile cache (a smaller base with the same columns and
levels was fitted before). Printed: distinct and sampled rows; seconds from the start of the process to the statistics, of the fit by
stage, and from the statistics to the certified posterior; the process's peak memory over all; k-hat, effective share, the smallest
effective sample size, and whether the certificate passed. Simulated bases go to a temporary folder that is removed at the end.
"""

import argparse
import contextlib
import io
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = ("1e4x8", "1e5x8", "1e6x8", "1e7x8", "1e6x100", "1e6x500", "1e6x40x12")
STAGES = {"mode": "finding the mode", "compiling": "compiling", "sampling": "sampling", "weighing": "weighing"}
WARM_UP = 30_000  # customers: more rows than are sampled exactly


def simulate(case: str, folder: Path, customers: int | None = None) -> Path:
    """A case's base as a Parquet file, by a process of its own, so that nothing of it is in the fits'."""
    file = folder / f"{case}-{customers or 'all'}.parquet"
    count, *levels = (int(float(part)) for part in case.split("x"))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from made_up_statistics import segmented_frame; "
        f"segmented_frame({customers or count}, seed=3, segments={levels[0]}, channels={levels[1] if len(levels) > 1 else 0})"
        ".to_parquet(sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parents[1]), str(file)], check=True)
    return file


def measure(file: str, model: str, channels: bool, draws: int) -> None:
    """In a process of its own: fit, and print the figures as JSON."""
    started = time.monotonic()
    import pandas as pd

    import clvbayes as clv

    pool = ["segment", "channel"] if channels else ["segment"]
    customers = clv.Customers.from_frame(pd.read_parquet(file), unit="week", segments=pool)
    read = time.monotonic()
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        fitted = clv.fit(getattr(clv.models, model)(), customers, pool=pool, draws=draws, seed=1)
    fit_seconds = time.monotonic() - read
    stages = {
        stage: sum(float(seconds) for seconds in re.findall(rf": {words}.*? done in ([0-9.]+) s", said.getvalue()))
        for stage, words in STAGES.items()
    }
    compression, summary = fitted.certificate.compression, fitted.to_frame()
    figures = {
        "customers": compression.customers,
        "exact_rows": compression.exact_rows,
        "rows": compression.rows,
        "passes": compression.exact_passes,
        "read": read - started,
        **stages,
        "fit": fit_seconds,
        "peak_GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "k_hat": compression.k_hat,
        "share": compression.effective_share,
        "steps": float(fitted.posterior["sample_stats"]["n_steps"].mean()),
        "min_ess": float(summary[["ess_bulk", "ess_tail"]].astype(float).min().min()),
        "passed": fitted.certificate.passed,
    }
    print(json.dumps(figures))


def main() -> None:
    """Print a line a case and model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=CASES)
    parser.add_argument("--models", nargs="+", default=["mbg_nbd", "gamma_gamma"])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        file, model, channels, draws = given.measure
        measure(file, model, channels == "True", int(draws))
        return
    with tempfile.TemporaryDirectory() as folder:
        for case in given.cases:
            channels = case.count("x") > 1
            small, base = simulate(case, Path(folder), WARM_UP), simulate(case, Path(folder))
            for model in given.models:
                for file, draws in ((small, 100), (base, given.draws)):
                    command = [sys.executable, __file__, "--measure", str(file), model, str(channels), str(draws)]
                    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                shown = {name: round(value, 4) if isinstance(value, float) else value for name, value in json.loads(output).items()}
                print(f"{case} {model}: {shown}", flush=True)
            for file in (small, base):
                file.unlink()


if __name__ == "__main__":
    main()
