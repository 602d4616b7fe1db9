"""Do the bands of a valuation hold where the models are true?

    .venv/bin/python tests/benchmarks/value_coverage.py [--companies 200] [--customers 240]

Each made-up company draws the parameters of its four segments from the frozen priors, then customers, orders and amounts from the models'
own story, in NumPy, without a line of the simulators that are graded. Past orders are fitted with the same priors, three years ahead are
forecast, and graded against what the same customers then do: counts of single customers by the randomised probability integral transform
(share within the central 50, 80, 90 and 95 %), revenue of segments and of the total by plain coverage, the total also by the rank of what
happened. Standard errors count companies, since what happens within one hangs together. It takes some ten seconds a company.
"""

import argparse
import time
from functools import partial

import numpy as np
import pandas as pd

import clvbayes as clv
from clvbayes.data import Customers
from clvbayes.models import Priors
from clvbayes.valuation.events import simulate_events

LEVELS = (0.5, 0.8, 0.9, 0.95)
SEGMENTS = 4
HORIZON = 3.0
YEAR = 365.25 / 7
LONGEST = 156.0  # weeks of history
PURCHASE_PRIORS = Priors(
    clv.models.mbg_nbd().coordinates, (np.log(0.04), 0.0, -0.8, np.log(3.0)), (1.0, 0.75, 1.0, 0.75), (0.5, 0.25, 0.5, 0.25)
)
SPEND_PRIORS = Priors(clv.models.gamma_gamma().coordinates, (np.log(80.0), np.log(0.6), np.log(0.6)), (0.7, 0.4, 0.4), (0.5, 0.25, 0.25))


def company(customers: int, rng: np.random.Generator) -> tuple[Customers, np.ndarray, np.ndarray]:
    """Statistics of a made-up company, and what its customers do within the horizon: number of orders and revenue."""
    segment = rng.integers(SEGMENTS, size=customers)
    purchases, spend = (_truth(priors, rng)[:, segment] for priors in (PURCHASE_PRIORS, SPEND_PRIORS))
    r, concentration = np.exp(purchases[1]), np.exp(purchases[3])
    dropout = 1 / (1 + np.exp(-purchases[2]))
    rate = rng.gamma(r, np.exp(purchases[0]) / r)
    leave = rng.beta(dropout * concentration, (1 - dropout) * concentration)
    p, q = np.exp(-2 * spend[1]), 2 + np.exp(-2 * spend[2])
    nu = rng.gamma(q, 1.0) / (np.exp(spend[0]) * (q - 1) / p)
    T = rng.uniform(4, LONGEST, customers)
    rows, orders, revenue = [], np.zeros(customers), np.zeros(customers)
    for i in range(customers):
        times = _life(rate[i], leave[i], T[i] + HORIZON * YEAR, rng)
        amounts = rng.gamma(p[i], 1 / nu[i], len(times))
        past = times <= T[i]
        logs = np.log(amounts[past])
        rows.append((past.sum(), times[past][-1] if past.any() else 0.0, amounts[past].sum(), logs.sum(), (logs**2).sum()))
        orders[i], revenue[i] = (~past).sum(), amounts[~past].sum()
    count, recency, total, logs, squares = np.array(rows).T
    statistics = pd.DataFrame(
        {
            "customer_id": [f"C{k:05d}" for k in range(customers)],
            "t0": pd.Series(pd.NaT, range(customers), dtype="datetime64[s]"),
            "frequency": count.astype(np.int64),
            "recency": recency,
            "T": T,
            "first_amount": rng.gamma(p, 1 / nu),
            "spend_count": count.astype(np.int64),
            "spend_sum": total,
            "spend_sum_log": logs,
            "spend_sum_log_squared": squares,
        }
    )
    return Customers(statistics, pd.DataFrame({"segment": [f"S{k}" for k in segment]}), unit="week"), orders, revenue


def _truth(priors: Priors, rng: np.random.Generator) -> np.ndarray:
    """Coordinates of the segments, dims (coordinate, segment): population, scales and levels as the hierarchy has them."""
    mean, sd, scale = (np.array(part)[:, None] for part in (priors.mean, priors.sd, priors.scale))
    population = rng.normal(mean, sd)
    return population + np.abs(rng.normal(0, scale)) * rng.normal(size=(len(mean), SEGMENTS))


def _life(rate: float, leave: float, end: float, rng: np.random.Generator) -> np.ndarray:
    """Times of repeat purchases until `end`; the customer may leave after every purchase, the first included."""
    times, now = [], 0.0
    while rng.random() >= leave:
        now += rng.exponential(1 / rate) if rate > 0 else np.inf
        if now > end:
            break
        times.append(now)
    return np.array(times)


def grade(customers: Customers, orders: np.ndarray, revenue: np.ndarray, seed: int) -> dict[str, np.ndarray | float]:
    """Fit, forecast and compare one company."""
    sampler = {"pool": ("segment",), "draws": 500, "chains": 4, "seed": seed, "progress": False}
    purchases = clv.fit(clv.models.mbg_nbd(), customers, priors=PURCHASE_PRIORS, **sampler)
    spend = clv.fit(clv.models.gamma_gamma(), customers, priors=SPEND_PRIORS, **sampler)
    counts: list[np.ndarray] = []
    valuation = _value_keeping_counts(counts, purchases, spend, customers, seed)
    drawn = np.concatenate(counts)
    rng = np.random.default_rng(seed)
    below, equal = (drawn < orders[:, None]).mean(axis=1), (drawn == orders[:, None]).mean(axis=1)
    pit = below + rng.random(len(orders)) * equal
    cash = valuation.cash["segment"].sel(component="revenue").sum("period").transpose("level", "draw")
    actual = pd.Series(revenue).groupby(customers.segments["segment"].to_numpy()).sum().loc[cash["level"].to_numpy()].to_numpy()
    total = valuation.total.sel(component="revenue").sum("period").to_numpy()
    within = {f"orders of a customer, {level:.0%}": float((np.abs(pit - 0.5) <= level / 2).mean()) for level in LEVELS}
    for level in LEVELS:
        low, high = np.quantile(cash.to_numpy(), [0.5 - level / 2, 0.5 + level / 2], axis=1)
        within[f"revenue of a segment, {level:.0%}"] = float(((low <= actual) & (actual <= high)).mean())
        low, high = np.quantile(total, [0.5 - level / 2, 0.5 + level / 2])
        within[f"revenue of the total, {level:.0%}"] = float(low <= revenue.sum() <= high)
    checks = (*purchases.certificate.results, *spend.certificate.results, *valuation.checks)
    return {
        **within,
        "rank of the total": float((total < revenue.sum()).mean()),
        "mean over actual": float(total.mean() / max(revenue.sum(), 1e-9)),
        "failed checks": float(sum(result.status == "failed" for result in checks)),
    }


def _value_keeping_counts(counts: list[np.ndarray], purchases: clv.Fit, spend: clv.Fit, customers: Customers, seed: int) -> clv.Valuation:
    """A valuation, and on the way the number of orders of each customer and draw, which no valuation keeps."""
    from importlib import import_module
    from unittest.mock import patch

    module = import_module("clvbayes.valuation.value")
    fold = module._fold

    def keeping(plan, part, top):  # type: ignore[no-untyped-def]
        events = simulate_events(plan, part).events[0]
        number = np.zeros((len(part), plan.draws))
        np.add.at(number, (events.customer, events.draw), 1)
        counts.append(number)
        return fold(plan, part, top)

    with patch.object(module, "_fold", keeping), patch("clvbayes.valuation.events.CELLS_AT_ONCE", 10**9):
        economics = clv.Economics(1.0, 0.0, HORIZON)
        return clv.value(purchases, spend, customers, economics, newcomers=False, draws=2000, seed=seed, progress=False)


def main() -> None:
    """Grade companies, and print coverage with its standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--customers", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started, graded = time.monotonic(), []
    for k in range(asked.companies):
        made = company(asked.customers, np.random.default_rng([asked.seed, k]))
        if made[0].statistics["spend_count"].sum() == 0:
            print(f"company {k}: nobody ever ordered again; nothing to fit", flush=True)
            continue
        graded.append(grade(*made, seed=k))
        if (k + 1) % 20 == 0:
            print(f"{k + 1} companies in {time.monotonic() - started:.0f} s", flush=True)
    frame = pd.DataFrame(graded)
    error = frame.std() / np.sqrt(len(frame))
    show = partial("{:34s}{:>9.3f}  +- {:.3f}".format)
    for name in frame.columns:
        print(show(name, frame[name].mean(), error[name]))
    ranks = np.sort(frame["rank of the total"])
    print(f"ranks of the total: largest distance from uniform {np.abs(ranks - (np.arange(len(ranks)) + 0.5) / len(ranks)).max():.3f}")


if __name__ == "__main__":
    main()
