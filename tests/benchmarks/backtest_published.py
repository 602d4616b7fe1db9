"""The reference figures of two published data sets, measured anew: one forecast each, from a customary day, by parameters and by posterior.

    .venv/bin/python tests/benchmarks/backtest_published.py [--apparel clvtools_apparel_trans.csv.gz]

CDNOW (the tenth of its customers that everybody uses, from the wheel of lifetimes): 39 weeks seen, 39 foreseen. Apparel (CLVTools,
simulated): 104 weeks seen, 207 foreseen. "mode" takes the parameters of greatest likelihood for certain, as the reference figures do;
"posterior" is what `clv.fit` gives. The reference figures have a Monte Carlo error of some .003, and of some 10 orders in the total.
"""

import argparse
from dataclasses import replace
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import kstest

import clvbayes as clv
from clvbayes.data import Customers, Transactions, order_days
from clvbayes.grading.baselines import Steady
from clvbayes.grading.forecasts import forecast_existing, plan_weeks
from clvbayes.grading.windows import Happened, Origin, happened_after
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import PurchaseModel
from clvbayes.valuation.events import Part, Plan
from clvbayes.valuation.levels import levels_of

REFERENCE = {
    ("CDNOW", "NBD"): (-9763.66, 2927, 1.042, 1.860, 0.605, 0.961, 0.114),
    ("CDNOW", "MBG/NBD"): (-9582.14, 1571, 0.762, 1.606, 0.510, 0.947, 0.046),
    ("apparel", "NBD"): (-5910.75, 2522, 3.09, 4.37, 1.950, 0.855, 0.310),
    ("apparel", "MBG/NBD"): (-5848.05, 1439, 2.037, 3.327, 1.264, 0.962, 0.033),
}
COLUMNS = ("log-lik", "total", "mae", "rmse", "crps", "held 90", "ks", "PIT in 90 %", "actual")
DRAWS = 2000
PARETO = ("r", "alpha", "s", "beta")


def cdnow() -> Transactions:
    spec = find_spec("lifetimes")
    assert spec is not None and spec.origin is not None
    names = ["old_id", "customer_id", "date", "quantity", "amount"]
    file = Path(spec.origin).parent / "datasets" / "CDNOW_sample.txt"
    orders = pd.read_csv(file, sep=r"\s+", header=None, names=names, dtype={"customer_id": str, "date": str})
    return clv.read_transactions(orders, date_format="%Y%m%d", currency="USD")


def at_mode(model: PurchaseModel, customers: Customers) -> tuple[float, np.ndarray]:
    """Greatest log-likelihood, and its coordinates."""
    likelihood = Likelihood(model, model.rows(customers, assign_cells(customers, ())), 1, STEADY)
    found = minimize(
        lambda at: -likelihood.value(at[:, None]), np.array(model.priors(customers).mean), method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 10_000, "maxfev": 10_000, "adaptive": True},
    )  # fmt: skip
    return -float(found.fun), found.x


def steady_at_mode(customers: Customers) -> tuple[float, np.ndarray]:
    """The same of customers who never leave."""
    from scipy.special import gammaln

    x, T = (customers.statistics[name].to_numpy(dtype=float) for name in ("frequency", "T"))

    def negative(at: np.ndarray) -> float:
        r, alpha = np.exp(at[1]), np.exp(at[1] - at[0])
        return -float((gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T)).sum())

    found = minimize(negative, np.array([np.log(x.sum() / T.sum()), 0.0]), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    return -float(found.fun), found.x


def graded(plan: Plan, part: Part, origin: Origin, customers: Customers, happened: Happened) -> list[float]:
    found = forecast_existing(plan, part, origin, levels_of(customers.segments, ()), happened)
    scores, actual = found.customers["orders", origin.weeks[0]], happened.by_customer[0, 0]
    off = scores.mean - actual
    return [
        found.by_level[0, 0, 0].mean(),
        np.abs(off).mean(),
        np.sqrt((off**2).mean()),
        scores.crps.mean(),
        scores.held[:, 2].mean(),
        kstest(scores.pit, "uniform").statistic,
        (np.abs(scores.pit - 0.5) <= 0.45).mean(),
        actual.sum(),
    ]


def measure(name: str, table: Transactions, day: date, weeks: int) -> None:
    """Print one line a model, and its reference."""
    origin, customers = Origin(day, (weeks,)), clv.summarize(table, until=day)
    happened = happened_after(origin, customers, order_days(table, until=day + timedelta(weeks=weeks)))
    purchases = clv.fit(clv.models.mbg_nbd(), customers, seed=1, progress=False)
    spend = clv.fit(clv.models.gamma_gamma(), customers, seed=1, progress=False)
    plan, part = plan_weeks((purchases,), spend, customers, origin, spend_growth=0.0, draws=DRAWS, seed=1)
    log_likelihood, mode = at_mode(clv.models.mbg_nbd(), customers)
    steady_log_likelihood, steady_mode = steady_at_mode(customers)

    def fixed(coordinates: np.ndarray) -> np.ndarray:
        return np.broadcast_to(coordinates[None, :, None], (DRAWS, len(coordinates), 1)).copy()

    steady = replace(plan, purchases=Steady("NBD"), purchase_coordinates=fixed(steady_mode))
    lines = [
        ("NBD, mode", [steady_log_likelihood, *graded(steady, part, origin, customers, happened)]),
        ("MBG/NBD, mode", [log_likelihood, *graded(replace(plan, purchase_coordinates=fixed(mode)), part, origin, customers, happened)]),
        ("MBG/NBD, posterior", [np.nan, *graded(plan, part, origin, customers, happened)]),
    ]
    print(f"\n{name}: {len(customers):,} customers at {day}, {weeks} weeks ahead")
    print(f"{'':22s}" + "".join(f"{column:>12s}" for column in COLUMNS))
    for label, values in lines:
        print(f"{label:22s}" + "".join(f"{value:12.3f}" for value in values))
        reference = REFERENCE.get((name, label.removesuffix(", mode")))
        if reference:
            print(f"{'  reference':22s}" + "".join(f"{value:12.3f}" for value in reference))


def main() -> None:
    """Measure what there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apparel", type=Path)
    asked = parser.parse_args()
    measure("CDNOW", cdnow(), date(1997, 9, 30), 39)
    if asked.apparel:
        orders = pd.read_csv(asked.apparel)
        columns = {"customer_id": "Id", "date": "Date", "amount": "Price"}
        apparel = clv.read_transactions(orders, **columns)
        measure("apparel", apparel, date(2006, 12, 31), 207)
        pareto = clv.models.pareto_nbd().exact
        log_likelihood, mode = at_mode(pareto, clv.summarize(apparel, until=date(2006, 12, 31)))
        natural = ", ".join(f"{name} {value:.5g}" for name, value in zip(PARETO, pareto.natural(mode, np.exp, expit), strict=True))
        print(f"\nPareto/NBD, mode: log-likelihood {log_likelihood:.4f}, {natural}")
        print("  reference: log-likelihood -5848.0978, r 1.449, alpha 48.636, s 0.56126, beta 46.884")


if __name__ == "__main__":
    main()
