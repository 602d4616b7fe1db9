"""What Pareto/NBD without hypergeometric functions costs and how it samples: a gradient beside pymc-marketing's, NUTS on two published
bases, and the posterior of a million customers.

    .venv/bin/python tests/benchmarks/pareto_scale.py gradient PYMC/bin/python
    .venv/bin/python tests/benchmarks/pareto_scale.py nuts clvtools_apparel_trans.csv.gz
    .venv/bin/python tests/benchmarks/pareto_scale.py fit 1e6

`gradient` (PYMC as in `fit_peers.py`): the log-likelihood of all customers of CDNOW in their first 39 weeks and its slopes, each package in
a process of its own on one thread: of customers one by one, as pymc-marketing has them, and of their distinct rows, as we do. Seconds are,
on either side, the mean over twenty points of a posterior of the quickest of three goes: pymc-marketing's hypergeometric series is the
longer the more alpha and beta differ. `nuts` prints of CDNOW's sample (39 weeks) and of the apparel retailer (104 weeks), by the default
settings and the seeds 1 to 3: divergences, the largest R-hat, the smallest effective sample sizes and the mean number of steps of a draw.
`fit` prints seconds from the statistics of simulated customers in eight segments to the certified posterior of a warm process, peak memory,
rows, k-hat and share.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

GOES, POINTS = 3, 20  # goes as in peers/gradient_pymc_marketing.py
# log r, log alpha, log s and log beta of the published fit of CDNOW's sample, and about their posterior standard deviations
CENTRE, SPREAD = np.log([0.553, 10.578, 0.606, 11.669]), np.array([0.09, 0.08, 0.3, 0.5])
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def main() -> None:
    """One of the three, or our side of the first."""
    what, *given = sys.argv[1:]
    {"gradient": beside_peer, "nuts": lambda path: nuts(Path(path)), "fit": lambda count: fit(int(float(count))), "ours": ours}[what](
        *given
    )


def beside_peer(python: str) -> None:
    """Run both, one at a time."""
    from fit_peers import read_cdnow

    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.parquet"
        file = Path(find_spec("lifetimes").origin).parent / "datasets" / "CDNOW_master.txt"  # type: ignore[union-attr, arg-type]
        read_cdnow(file, 23_570).to_parquet(frame)
        peer_script = Path(__file__).parent / "peers" / "gradient_pymc_marketing.py"
        environment = os.environ | ONE_THREAD
        points = Path(folder) / "points.npy"
        np.save(points, np.random.default_rng(1).normal(CENTRE, SPREAD, (POINTS, 4)))
        commands = {
            "ours": [sys.executable, __file__, "ours", str(frame), str(points)],
            "peer": [python, str(peer_script), str(frame), str(points)],
        }
        found = {}
        for name, command in commands.items():
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
            found[name] = json.loads(done.stdout.strip().splitlines()[-1])
    peer = found["peer"]["seconds"] / found["peer"]["rows"]
    for name, rows in (("customers one by one", "single"), ("distinct rows", "distinct")):
        each = found["ours"][rows] / found["ours"]["customers"]
        print(f"{name}: {1e6 * each:.3f} us a customer, pymc-marketing {1e6 * peer:.3f}: {peer / each:.1f} times")
    print(found)


def ours(frame: str, points: str) -> None:
    """Seconds of one gradient, of single customers and of distinct rows, as the peer's script measures its own."""
    import clvbayes as clv
    from clvbayes.inference.likelihood import Likelihood
    from clvbayes.models.clock import STEADY
    from clvbayes.models.hierarchy import assign_cells

    customers = clv.Customers.from_frame(pd.read_parquet(frame), unit="week")
    model, cells = clv.models.pareto_nbd(), assign_cells(customers, ())
    columns = model.columns(customers, cells)
    order = np.lexsort((columns.keys["x"], columns.keys["cell"]))
    single = columns.of(order).keys | {"weight": np.ones(len(columns))}
    found: dict[str, float] = {"customers": len(customers)}
    for name, rows in (("single", single), ("distinct", columns.distinct())):
        pieces = [Likelihood(model, _part(rows, start), 1, STEADY) for start in range(0, len(rows["weight"]), 16_384)]
        found[name] = float(np.mean([_quickest(pieces, at) for at in _coordinates_of(np.load(points))]))
    print(json.dumps(found))


def _coordinates_of(points: np.ndarray) -> np.ndarray:
    """Of rows of log r, log alpha, log s and log beta, dims ``(point, coordinate, cell)``."""
    r, alpha, s, beta = np.exp(points).T
    return np.stack([np.log(r / alpha), np.log(r), np.log(s * np.log1p(alpha / r / beta)), np.log(s)], axis=1)[:, :, None]


def _quickest(pieces: list[Any], at: np.ndarray) -> float:
    goes = []
    for _ in range(GOES):
        started = time.perf_counter()
        for piece in pieces:
            piece.gradient(at)
        goes.append(time.perf_counter() - started)
    return min(goes)


def _part(rows: dict[str, np.ndarray], start: int) -> dict[str, np.ndarray]:
    return {name: column[start : start + 16_384] for name, column in rows.items()}


def nuts(apparel: Path) -> None:
    """How the default settings sample two published bases."""
    import arviz_stats
    from backtest_published import cdnow
    from totals_short import apparel_orders

    import clvbayes as clv

    bases = {
        "CDNOW": clv.summarize(cdnow(), until=date(1997, 9, 30)),
        "apparel": clv.summarize(apparel_orders(apparel), until=date(2006, 12, 31)),
    }
    for name, customers in bases.items():
        for seed in (1, 2, 3):
            fitted = clv.fit(clv.models.pareto_nbd(), customers, seed=seed, progress=False)
            draws, told = fitted.posterior["posterior"].to_dataset()["population"], fitted.posterior["sample_stats"]
            print(
                f"{name}, seed {seed}: {int(told['diverging'].sum())} divergences, R-hat {float(arviz_stats.rhat(draws).max()):.4f}, "
                f"ESS {float(arviz_stats.ess(draws, method='bulk').min()):.0f} (bulk) and "
                f"{float(arviz_stats.ess(draws, method='tail').min()):.0f} (tail), {float(told['n_steps'].mean()):.1f} steps a draw",
                flush=True,
            )


def fit(count: int) -> None:
    """A warm fit of so many simulated customers."""
    import clvbayes as clv

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from made_up_statistics import segmented_frame

    model = clv.models.pareto_nbd()

    def customers_of(size: int, seed: int) -> clv.Customers:
        return clv.Customers.from_frame(segmented_frame(size, seed), unit="week", segments=["segment"])

    clv.fit(model, customers_of(30_000, 2), pool=["segment"], draws=100, seed=1)
    base = customers_of(count, 3)
    started = time.monotonic()
    fitted = clv.fit(model, base, pool=["segment"], seed=1)
    compression = fitted.certificate.compression
    told = {
        "customers": count,
        "seconds": round(time.monotonic() - started, 1),
        "peak GB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "exact rows": compression.exact_rows,
        "rows": compression.rows,
        "k-hat": compression.k_hat,
        "share": compression.effective_share,
        "steps": float(fitted.posterior["sample_stats"]["n_steps"].mean()),
        "passed": fitted.certificate.passed,
    }
    print(told)


if __name__ == "__main__":
    main()
