"""Every purchase model on the same four bases: one forecast each, from what was known on a day, graded by what happened since.

    .venv/bin/python tests/benchmarks/models_side_by_side.py online_retail_uci_lines.parquet clvtools_apparel_trans.csv.gz

CDNOW (a tenth of its customers) and the donations of 11,104 donors come from the wheel of lifetimes. All models by themselves, by a steady
clock: neither season nor what earlier forecasts missed moves them, so that the bands of totals are those of the models alone. BG/BB knows
orders by the week (of donations, as all, by the year), and is graded by these. Of donations only the total since is published. Prints
Markdown.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from backtest_published import cdnow
from totals_short import apparel_orders, wholesaler_orders

import clvbayes as clv
from clvbayes.data import order_days
from clvbayes.grading.scores import score_draws
from clvbayes.grading.windows import Origin, happened_after
from clvbayes.models.hierarchy import all_coordinates, assign_cells
from clvbayes.models.pace import STEADY_PACE
from clvbayes.models.protocol import Batch
from clvbayes.models.streams import customer_keys

DRAWS, SCORED_DRAWS, SEED = 1000, 100, 1
DONATED_SINCE = 13_260  # 2002 to 2006 (Fader, Hardie & Shang 2010)
COLUMNS = (
    "base",
    "model",
    "foreseen",
    "90 % band",
    "happened",
    "MAE",
    "RMSE",
    "CRPS",
    "in the central 90 %",
    "log score",
    "left out",
    "dse",
    "seconds",
)


@dataclass(frozen=True)
class Base:
    """What was known on a day, as continuous models and as BG/BB know it, and what happened within a horizon."""

    name: str
    timed: clv.Customers
    counted: clv.Customers
    horizon: float
    timed_since: np.ndarray | None
    counted_since: np.ndarray | None
    total: float


def base_of(name: str, table: clv.Transactions, day: date, weeks: int) -> Base:
    """Orders by the day and by the week."""
    origin, until = Origin(day, (weeks,)), day + timedelta(weeks=weeks)
    known, since = [], []
    for opportunity in (None, "week"):
        customers = clv.summarize(table, until=day, opportunity=opportunity)
        days = order_days(table, until=until, opportunity=opportunity, origin=day)
        known.append(customers)
        since.append(happened_after(origin, customers, days).by_customer[0, 0])
    return Base(name, *known, float(weeks), *since, total=float(since[0].sum()))


def donations() -> Base:
    """Six years, by the year, and the total of the five years since."""
    spec = find_spec("lifetimes")
    assert spec is not None and spec.origin is not None
    cells = pd.read_csv(Path(spec.origin).parent / "datasets" / "donations.csv").rename(columns={"periods": "T"})
    frame = cells.loc[cells.index.repeat(cells["weights"]), ["frequency", "recency", "T"]].reset_index(drop=True)
    donors = clv.Customers.from_frame(frame, unit="year")
    return Base("donations", donors, donors, 5.0, None, None, DONATED_SINCE)


def batch_of(customers: clv.Customers) -> Batch:
    """Customers of one cell as a simulator takes them."""
    statistics = customers.statistics
    cell, known = np.zeros(len(customers), np.int64), [statistics[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]
    return Batch(customer_keys(statistics["customer_id"]), cell, cell, cell, *known, *[np.zeros(len(customers))] * 7)


def graded(model: Any, base: Base, baseline: np.ndarray | None) -> tuple[list[str], np.ndarray | None]:
    """One line of the table, and the log predictive density of each customer left out, from which those of later models differ by "left
    out" with the standard error "dse"."""
    counts = model.name == "bg_bb"
    customers, since = (base.counted, base.counted_since) if counts else (base.timed, base.timed_since)
    started = time.perf_counter()
    fit = clv.fit(model, customers, seed=SEED, progress=False)
    seconds = time.perf_counter() - started
    posterior = fit.posterior["posterior"].to_dataset()
    chosen = np.linspace(0, posterior.sizes["chain"] * posterior.sizes["draw"] - 1, DRAWS).astype(int)
    coordinates = all_coordinates(posterior, assign_cells(customers, ()), model.clock.over(customers), chosen, SEED)
    batch = batch_of(customers)
    futures = model.simulate(coordinates, batch, horizon=base.horizon, year=base.horizon, seed=SEED, clock=STEADY_PACE)
    size = len(customers) * DRAWS
    orders = np.bincount(futures.customer.astype(np.int64) * DRAWS + futures.draw, minlength=size).reshape(-1, DRAWS).astype(float)
    low, high = np.quantile(orders.sum(axis=0), [0.05, 0.95])
    mean = orders.sum(axis=0).mean()
    scores = ["–"] * 5
    total = base.total
    if since is not None:
        total = since.sum()
        found = score_draws(orders, since, np.random.default_rng(SEED))
        off = found.mean - since
        known = (column[:, None] for column in (batch.frequency, batch.recency, batch.T))
        some = coordinates[:: DRAWS // SCORED_DRAWS, :, 0].T[:, None, :]
        chance = model.count_probability(some, *known, horizon=base.horizon, count=since[:, None]).mean(axis=1)
        inside = (np.abs(found.pit - 0.5) <= 0.45).mean()
        numbers = (np.abs(off).mean(), np.sqrt((off**2).mean()), found.crps.mean(), inside, np.log(chance).mean())
        scores = [f"{number:.3f}" for number in numbers]
    held = "" if low <= total <= high else " (missed)"
    elpd, left_out, dse = None, "other data", "–"
    if np.isnan(model.log_measure(customers)).any():
        left_out = "no gaps known"
    elif not counts:
        elpd = clv.leave_one_out(fit, customers, seed=SEED).elpd_i.to_numpy()
        ahead = elpd - (elpd if baseline is None else baseline)
        left_out, dse = f"{ahead.sum():+.1f}".replace("-", "−"), f"{np.sqrt(len(ahead) * ahead.var(ddof=1)):.1f}"
    passed = "" if fit.certificate.passed else " (checks failed)"
    line = [
        base.name,
        model.title + passed,
        f"{mean:,.0f}",
        f"{low:,.0f} to {high:,.0f}{held}",
        f"{total:,.0f}",
        *scores,
        left_out,
        dse,
        f"{seconds:.0f}",
    ]
    return line, elpd


def main(argv: Sequence[str]) -> None:
    """Print the table."""
    wholesaler, apparel = map(Path, argv)
    bases = [
        base_of("CDNOW", cdnow(), date(1997, 9, 30), 39),
        base_of("apparel", apparel_orders(apparel), date(2006, 12, 31), 207),
        donations(),
        base_of("wholesaler", wholesaler_orders(wholesaler), date(2011, 6, 9), 26),
    ]
    made = clv.models
    models = [made.mbg_nbd(), made.bg_nbd(), made.pareto_nbd(), made.mbg_cnbd(k=2), made.nbd(), made.bg_bb()]
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    for base in bases:
        baseline = None
        for model in models:
            line, elpd = graded(model, base, baseline)
            baseline = elpd if baseline is None else baseline
            print("| " + " | ".join(line) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
