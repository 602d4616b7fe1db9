"""Does a plan keep what it promises? Worlds whose truth is drawn from what was stated.

    .venv/bin/python tests/benchmarks/plan_worlds.py [WORLDS]

In each of 200 worlds six measures with responses of their own, told in words, and channels whose newcomers share a fate; today's spending
is not the best. The truth, responses, value of a newcomer and chance, is drawn from the same statements, and unknown to the plan. Printed
are: how often the plan beat today's spending, by what probability it had told; the mean over the twenty worst worlds of plans that are
averse to risk and of those that look at the mean alone, each over its own worst; and how far stated optimism was off, in its standard
errors. Then the same where newcomers are twice as unlike each other, and where plans are made from draws that are widened though they
need not be.
"""

import sys

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import binom

import clvbayes as clv
from clvbayes.decisions import allocation
from clvbayes.decisions.measures import gain_of
from clvbayes.decisions.scenarios import Scenarios
from clvbayes.valuation import Acquisition

MEASURES, DRAWS, WORST, AVERSION = 6, 2000, 20, 2.0
TRUTHS = 200  # of which the first one is the world's: chance has the mean 0 over all of them


def made_up(world: int, draws: int, seed: int, times: float) -> clv.Valuation:
    """Channels' newcomers in one world; another seed draws from the same beliefs."""
    of_world, random = np.random.default_rng([world, 1]), np.random.default_rng([world, 2, seed])
    worth, own, shared = of_world.uniform(200, 1200, MEASURES), of_world.uniform(0.05, 0.5, MEASURES), of_world.uniform(0, 0.6, MEASURES)
    fate = random.standard_normal((draws, 1))
    mean = worth * np.exp(shared * fate + own * random.standard_normal((draws, MEASURES)) - (shared**2 + own**2) / 2)
    moments = np.stack([mean, np.broadcast_to((times * worth) ** 2, mean.shape)], axis=2)
    channels = [f"channel {k}" for k in range(MEASURES)]
    newcomers = xr.DataArray(
        moments, dims=("draw", "level", "moment"), coords={"draw": np.arange(draws), "level": channels, "moment": ["mean", "variance"]}
    )
    total = xr.DataArray(np.zeros((draws, 1, 1)), dims=("draw", "period", "component"), coords={"component": ["value"]})
    frame = pd.DataFrame()
    return clv.Valuation({}, total, frame, clv.Economics(0.4, 0.1, 3), (), (), frame, 0.0, Acquisition({"channel": newcomers}))


def measures_of(world: int) -> list[clv.Measure]:
    """Told in words."""
    random = np.random.default_rng([world, 3])
    found = []
    for k in range(MEASURES):
        spend, low = random.uniform(10e3, 40e3), random.uniform(15, 60)
        high = low * random.uniform(1.2, 3)
        response = {"today": [spend, low, high], "ceiling": high * random.uniform(1.3, 4)}
        where = {"channel": f"channel {k}"}
        today = spend * random.uniform(0.2, 2)
        found.append(clv.Measure(f"m{k}", lever="acquisition", where=where, response=response, lasts="campaign", current=today))
    return found


def main(worlds: int, times: float = 2.0, widened_by: float = 1.0) -> None:
    """Run them, and print what came of it."""
    print(f"newcomers' standard deviation {times:g} times their mean, draws widened by {widened_by:g}")
    allocation.RESAMPLES, allocation.RISK_AVERSIONS = 0, ()  # neither is looked at here
    told, won, optimism = [], [], []
    reached: dict[str, list[float]] = {"averse": [], "neutral": []}
    for world in range(worlds):
        asked, budget = measures_of(world), sum(measure.current for measure in measures_of(world))
        believed, truth = made_up(world, DRAWS, 0, times), made_up(world, TRUTHS, 1, times)
        real = Scenarios(np.arange(TRUTHS), [gain_of(measure, truth, 10_000 + world) for measure in asked])
        for name, aversion in (("averse", AVERSION), ("neutral", 0.0)):
            plan = clv.allocate(believed, asked, budget=budget, risk_aversion=aversion, widened_by=widened_by, seed=world)
            profit = {of: float(real.profit(plan.measures[of].to_numpy())[0]) for of in ("plan", "current")}
            reached[name].append(profit["plan"])
            if plan.optimism.error > 0:  # of no spending there is none
                optimism.append(plan.optimism.value / plan.optimism.error)
            told.append(float(plan.comparison.loc["current", "p_plan_better"]))
            won.append(profit["plan"] > profit["current"])
    frame = pd.DataFrame({"told": told, "won": won})
    frame["class"] = pd.cut(frame["told"], [0, 0.5, 0.7, 0.9, 1.0])
    for name, group in frame.groupby("class", observed=True):
        low, high = binom.interval(0.95, len(group), group["told"].mean())
        print(f"told {name}: {group['told'].mean():.2f} on average of {len(group)}, came true in {group['won'].mean():.2f}", end=" ")
        print(f"({low / len(group):.2f} to {high / len(group):.2f} if right, were they independent)")
    for name, profits in reached.items():
        print(f"{name}: mean {np.mean(profits):,.0f}, of its {WORST} worst worlds {np.sort(profits)[:WORST].mean():,.0f}")
    print(f"optimism in standard errors: mean {np.mean(optimism):.2f}, within 1.96 in {np.mean(np.abs(optimism) < 1.96):.1%}")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    main(count)
    main(count, times=4.0)
    main(count, widened_by=2.0)
