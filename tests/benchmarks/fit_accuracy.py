"""Is a coreset's posterior the exact one?

    .venv/bin/python tests/benchmarks/fit_accuracy.py [--customers 1e5] [--draws 3000]

1. Simulated customers in eight pooled segments (tests/made_up_statistics.py), MBG/NBD and Gamma-Gamma. Every draw from the coreset is
   weighed by the exact likelihood, which gives the exact posterior by the same draws: printed are the largest shift of a posterior mean in
   posterior standard deviations, the largest change of a standard deviation, the smallest effective sample size, and the effective share.
2. How far above its mode the corrected target of any cell rises within 20 units of it, in random directions: never above zero.
3. A base built to break it: accounts of a thousand orders, a segment of five customers, customers seen for one day and for ten years. Once
   with the usual rows, once with next to none: what the check says, and whether the posterior it lets through is the exact one, sampled.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import clvbayes as clv
from clvbayes.inference import strategy
from clvbayes.inference.coreset import bin_rows
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import find_mode, learn_spreads
from clvbayes.models.clock import STEADY
from clvbayes.models.correction import Correction
from clvbayes.models.hierarchy import assign_cells, cell_coordinates

sys.path.insert(0, str(Path(__file__).parents[1]))
from made_up_statistics import segmented_frame

DIRECTIONS, FAR = 2000, 20.0


def reweighted(model, customers: clv.Customers, draws: int) -> None:
    """Compare the coreset's posterior with the same draws weighed by the exact likelihood."""
    pool = ("segment",)
    fitted = clv.fit(model, customers, pool=pool, draws=draws, seed=1, method="coreset")
    cells, priors = assign_cells(customers, pool), fitted.priors
    found = fitted.certificate.compression
    assert not found.resampled and found.rows <= strategy.first_budget(cells.count), "the draws are those of the first coreset"
    rows = model.rows(customers, cells)
    exact = Likelihood(model, rows, cells.count, STEADY)
    binned = Likelihood(model, bin_rows(model, rows, cells.count, strategy.first_budget(cells.count)), cells.count, STEADY)
    learned = learn_spreads(binned, cells, priors)
    pilot = find_mode(exact, cells, priors, learned.spreads, start=learned)
    correction = strategy.correction_at(pilot, pilot.sd(priors, cells), binned)
    posterior = fitted.posterior["posterior"].to_dataset()
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    coordinates = cell_coordinates(posterior, cells, np.arange(total), 0)
    log_weights = np.array([exact.value(at) - binned.value(at) - float(correction.at(at)) for at in coordinates])
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    shifts, changes = [], []
    for values in posterior.data_vars.values():
        flat = values.to_numpy().reshape(total, -1)
        mean, sd = flat.mean(axis=0), flat.std(axis=0)
        exact_mean = weights @ flat
        exact_sd = np.sqrt(weights @ (flat - exact_mean) ** 2)
        shifts.append(np.abs(exact_mean - mean) / exact_sd)
        changes.append(np.abs(exact_sd / sd - 1))
    smallest = fitted.to_frame()[["ess_bulk", "ess_tail"]].astype(float).min().min()
    print(
        f"{model.title}: {len(rows['weight']):,} exact rows, {fitted.certificate.compression.rows:,} sampled; largest shift of a mean"
        f" {np.concatenate(shifts).max():.4f} sd, largest change of an sd {np.concatenate(changes).max():.2%},"
        f" effective share {1 / (weights**2).sum() / total:.5f}, smallest ESS {smallest:,.0f} of {total:,} draws"
    )
    print(f"    highest corrected target within {FAR:.0f} units of the mode: {highest(binned, correction, pilot):.1f} above it")


def highest(binned: Likelihood, correction: Correction, pilot) -> float:
    """How far the corrected target of any cell, its prior included, rises above its mode."""
    spread = pilot.spreads[0][:, None]
    rng = np.random.default_rng(1)

    def target(at: np.ndarray) -> np.ndarray:
        return binned.gradient(at)[0] + correction.by_cell(at) - 0.5 * (((at - pilot.population[:, None]) / spread) ** 2).sum(axis=0)

    top, worst = target(pilot.mode), -np.inf
    for _ in range(DIRECTIONS):
        direction = rng.standard_normal(pilot.mode.shape)
        distance = rng.uniform(0, FAR, pilot.mode.shape[1])
        worst = max(worst, float((target(pilot.mode + distance * direction / np.linalg.norm(direction, axis=0)) - top).max()))
    return worst


def breaking(customers: int) -> clv.Customers:
    """The base built to break a coreset."""
    rng = np.random.default_rng(2)
    T = np.where(rng.random(customers) < 0.2, 1 / 7, np.floor(rng.uniform(1 / 7, 520, customers) * 7 + 1) / 7)
    rate = np.where(rng.random(customers) < 0.02, 1000 / 520, rng.gamma(0.5, 0.1, customers))
    x = np.minimum(rng.poisson(rate * T), np.floor(T * 7)).astype(int)
    t_x = np.where(x > 0, np.ceil(T * 7 * rng.beta(np.maximum(x, 1), 1)) / 7, 0.0)
    segment = np.where(np.arange(customers) < 5, "five", rng.choice(["a", "b", "c"], customers))
    frame = pd.DataFrame({"frequency": x, "recency": np.minimum(t_x, T), "T": T, "segment": segment})
    return clv.Customers.from_frame(frame, unit="week", segments=["segment"])


def broken(customers: clv.Customers) -> None:
    """What the check says of the base built to break it, with the usual rows and with next to none."""
    exact = clv.fit(clv.models.mbg_nbd(), customers, pool=("segment",), seed=2, method="exact").to_frame().astype(float)
    usual = {name: getattr(strategy, name) for name in ("ROWS_A_CELL", "FEWEST_A_CELL", "FEWEST", "ATTEMPTS")}
    for name, rows in (("usual rows", usual), ("next to no rows", {"ROWS_A_CELL": 2, "FEWEST_A_CELL": 2, "FEWEST": 8, "ATTEMPTS": 1})):
        for setting, value in rows.items():
            setattr(strategy, setting, value)
        fitted = clv.fit(clv.models.mbg_nbd(), customers, pool=("segment",), seed=1, method="coreset")
        found = fitted.certificate.compression
        summary = fitted.to_frame().astype(float)
        off = np.abs((summary["mean"] - exact["mean"]) / exact["sd"]).max()
        error = np.sqrt(1 / summary["ess_bulk"] + 1 / exact["ess_bulk"]).max()
        print(
            f"built to break it, {name}: {found.exact_rows:,} exact rows, {found.rows:,} sampled,"
            f" effective share {found.effective_share:.4f}, k-hat {found.k_hat:.2f} (limit {found.k_hat_limit:.2f}), certificate"
            f" {'passed' if fitted.certificate.passed else 'FAILED'};"
            f" largest shift against exact sampling {off:.3f} sd (Monte Carlo error {error:.3f})"
        )
    for setting, value in usual.items():
        setattr(strategy, setting, value)


def main() -> None:
    """Print the three parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=float, default=1e5)
    parser.add_argument("--draws", type=int, default=3000)
    given = parser.parse_args()
    frame = segmented_frame(int(given.customers), seed=3, segments=8)
    customers = clv.Customers.from_frame(frame, unit="week", segments=["segment"])
    for model in (clv.models.mbg_nbd(), clv.models.gamma_gamma()):
        reweighted(model, customers, given.draws)
    broken(breaking(int(given.customers) // 5))


if __name__ == "__main__":
    main()
