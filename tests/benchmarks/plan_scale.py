"""How long a plan takes, beside a general convex solver on the same problem.

    .venv/bin/python tests/benchmarks/plan_scale.py [MEASURES DRAWS ...]

By default 20 measures of 2,000 draws and 200 of 4,000. "solve" is one linear program, around the plan; "allocate" all of it: gains, the
search at eight aversions to risk, twenty resamples and the evaluation. The general solver is SciPy's SLSQP on the smooth problem with
the gradient of mean and tail, on the same half of the draws; its objective is told beside the program's, both by exact gains.
"""

import sys
import time

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import LinearConstraint, minimize

import clvbayes as clv
from clvbayes.decisions.problem import Problem
from clvbayes.decisions.risk import tail_weights
from clvbayes.decisions.scenarios import scenarios_in_halves
from clvbayes.decisions.search import efficient
from clvbayes.valuation import Acquisition

EACH, LEVEL, SEED = 20e3, 0.95, 1


def made_up(measures: int, draws: int) -> tuple[clv.Valuation, list[clv.Measure]]:
    """Channels whose newcomers share a common fate, more or less of it."""
    random = np.random.default_rng(0)
    common = random.standard_normal(draws)
    mean = [
        random.uniform(200, 1500) * np.exp(0.3 * common * random.uniform(0, 1) + 0.2 * random.standard_normal(draws))
        for _ in range(measures)
    ]
    channels = [f"channel {k}" for k in range(measures)]
    moments = np.stack([np.stack(mean, axis=1), np.full((draws, measures), 1500.0**2)], axis=2)
    newcomers = xr.DataArray(
        moments, dims=("draw", "level", "moment"), coords={"draw": np.arange(draws), "level": channels, "moment": ["mean", "variance"]}
    )
    total = xr.DataArray(np.zeros((draws, 1, 1)), dims=("draw", "period", "component"), coords={"component": ["value"]})
    frame = pd.DataFrame()
    valuation = clv.Valuation({}, total, frame, clv.Economics(0.4, 0.1, 3), (), (), frame, 0.0, Acquisition({"channel": newcomers}))
    asked = [
        clv.Measure(
            channel,
            lever="acquisition",
            where={"channel": channel},
            response={"today": [EACH, 30 * size, 45 * size], "ceiling": 150 * size},
            lasts="campaign",
            current=EACH,
        )
        for channel, size in zip(channels, random.uniform(0.5, 2, measures), strict=True)
    ]
    return valuation, asked


def measure(measures: int, draws: int) -> None:
    """Print one block."""
    valuation, asked = made_up(measures, draws)
    budget = EACH * measures
    started = time.perf_counter()
    plan = clv.allocate(valuation, asked, budget=budget, seed=SEED)
    whole = time.perf_counter() - started
    half, _ = scenarios_in_halves(valuation, asked, 1.0, SEED)
    gains, problem = half.gains, Problem(tuple(asked), budget, (), LEVEL)
    found = efficient(problem, half, [1.0])[1.0]
    pieces = half.pieces(problem.ends(half)).about(found.spend, half.gain)
    started = time.perf_counter()
    solved = problem.solve(pieces, 1.0)
    alone = time.perf_counter() - started

    def objective(spend: np.ndarray) -> tuple[float, np.ndarray]:
        found, step = half.profit(spend), 1.0
        weights = 1 / len(half.draws) + tail_weights(found, LEVEL)
        slope = [
            weights @ (gain.of(np.array([spend[k] + step]))[:, 0] - gain.of(spend[k : k + 1])[:, 0]) - 2 for k, gain in enumerate(gains)
        ]
        return -float(weights @ found), -np.array(slope)

    started = time.perf_counter()
    smooth = minimize(
        objective,
        np.full(measures, 0.9 * EACH),
        jac=True,
        bounds=[(0, budget)] * measures,
        constraints=LinearConstraint(np.ones((1, measures)), ub=budget),
        method="SLSQP",
        options={"maxiter": 200, "ftol": 1e-9},
    )
    general = time.perf_counter() - started
    told = f"allocate {whole:.2f} s; solve {alone:.2f} s; SLSQP {general:.2f} s, {general / alone:.1f} times as long"
    print(f"{measures} measures, {draws:,} draws: {told}")
    fine = -objective(plan.measures["plan"].to_numpy())[0]
    told = f"one program {-objective(solved.spend)[0]:,.0f}, the plan {fine:,.0f}, SLSQP {-smooth.fun:,.0f} ({smooth.message})"
    print(f"  objective on the same draws: {told}")


if __name__ == "__main__":
    given = list(map(int, sys.argv[1:])) or [20, 2000, 200, 4000]
    for place in range(0, len(given), 2):
        measure(given[place], given[place + 1])
