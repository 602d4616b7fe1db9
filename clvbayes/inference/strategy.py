"""Which rows the sampler sees: all of them, or a coreset of few that proves itself.

A coreset is corrected, to second order around the exact posterior's mode, by what its bins lose (`models/correction.py`); draws from it are
weighed by the exact likelihood. Where the weights say that it does not hold, there are more bins, and at last all rows. Binning without
the correction is wrong by many posterior standard deviations.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr

from clvbayes.inference.certificate import Compression
from clvbayes.inference.coreset import bin_rows
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import Pilot, clock_estimates, find_mode, learn_spreads, level_estimates, starting_values
from clvbayes.inference.progress import working
from clvbayes.inference.sampler import Density, compile_density, draw_posterior
from clvbayes.inference.weighing import USED_AS_IS, weigh
from clvbayes.models.assembly import pooled_model
from clvbayes.models.clock import Clock
from clvbayes.models.correction import Correction
from clvbayes.models.hierarchy import Cells, all_coordinates
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Model, Table

__all__ = ["Method", "Sampled", "Task", "correction_at", "first_budget", "sample_posterior"]

Method = Literal["auto", "exact", "coreset"]

# A coreset saves time where it has half the rows or fewer and these are more than a few: with eight segments, 8,085 exact rows were sampled
# in 17 s, 800 of a coreset for 52,937 in 4.5 s.
EXACT_UP_TO, WORTH_HALVING = 2_500, 2
# Rows of a coreset: a million customers in eight segments need 50 a segment for an effective share of .998 and 100 for .9997, in a hundred
# segments 100 for .99; 20,000 in all take some 3 ms a step.
ROWS_A_CELL, FEWEST_A_CELL, FEWEST, MOST = 100, 20, 500, 20_000
MORE_BINS = 4  # four times the rows cut the standard deviation of the log weights to about a third
ATTEMPTS = 2
WEIGHED = 500  # draws, or all where there are fewer: the limit of k-hat depends on their number
# How far a correction is followed: ten standard deviations, and one unit of a log or logit where these are less. A million customers know a
# segment to .02; the coreset's own mode lies further off than ten times that, and the target rose 430 log units above its mode where the
# correction ended there (with .6 of a unit, one or two: never above it).
REACH_SDS, REACH = 10.0, 1.0
MODES_AGREE = 0.05  # posterior standard deviations
USUAL_STEPS = 12  # a draw, tuning included

_COMPILED: dict[Any, Density] = {}


@dataclass(frozen=True)
class Task:
    """All that a posterior depends on, but for which rows the sampler sees."""

    model: Model
    rows: Table
    cells: Cells
    priors: Priors
    clock: Clock
    draws: int
    chains: int
    seed: int
    progress: bool


@dataclass(frozen=True)
class Sampled:
    """A posterior, the sampler's settings, and the rows that it was sampled on."""

    posterior: xr.DataTree
    settings: dict[str, Any]
    compression: Compression


def sample_posterior(task: Task, method: Method) -> Sampled:
    """Sample, on exact rows or on a coreset, whichever `method` says; "auto" takes a coreset of many rows if it holds."""
    exact = Likelihood(task.model, task.rows, task.cells.count, task.clock)
    rows = len(task.rows["weight"])
    budget = first_budget(task.cells.count)
    if method == "exact" or (method == "auto" and rows <= max(EXACT_UP_TO, WORTH_HALVING * budget)):
        with working(f"{task.model.title}: finding the mode of {rows:,} rows", task.progress):
            pilot = learn_spreads(exact, task.cells, task.priors)
        return _sample_exact(task, exact, pilot, "")

    with working(f"{task.model.title}: finding the mode of {rows:,} rows", task.progress):
        coreset = _binned(task, budget)
        pilot, modes_agree = _exact_pilot(task, exact, coreset)
    remark = "" if modes_agree else "Newton's steps from two starts came to different modes."
    if not modes_agree and method == "auto":
        return _sample_exact(task, exact, pilot, remark, foretold_steps=USUAL_STEPS * task.draws * task.chains)
    for attempt in range(ATTEMPTS):
        if attempt:
            if method == "auto" and rows <= WORTH_HALVING * budget * MORE_BINS**attempt:
                break
            coreset = _binned(task, budget * MORE_BINS**attempt)
        sampled, holds = _sample_corrected(task, exact, coreset, pilot, modes_agree, remark)
        if holds:
            return sampled
        found = sampled.compression
        remark += (
            f" A coreset of {sampled.compression.rows:,} rows did not hold: effective share {found.effective_share:.2f}, k-hat"
            f" {found.k_hat:.2f}."
        )
    if method == "coreset":
        return sampled
    steps = int(sampled.posterior["sample_stats"]["n_steps"].sum() * (1 + sampled.settings["tune"] / task.draws))
    return _sample_exact(task, exact, pilot, remark.strip(), foretold_steps=steps)


def first_budget(cells: int) -> int:
    """Rows of the coreset that is tried first."""
    return max(min(ROWS_A_CELL * cells, MOST), FEWEST_A_CELL * cells, FEWEST)


def _binned(task: Task, budget: int) -> Likelihood:
    return Likelihood(task.model, bin_rows(task.model, task.rows, task.cells.count, budget), task.cells.count, task.clock)


def _exact_pilot(task: Task, exact: Likelihood, coreset: Likelihood) -> tuple[Pilot, bool]:
    """The exact mode from the coreset's, and whether Newton's steps from the prior's centre come to the same."""
    learned = learn_spreads(coreset, task.cells, task.priors)
    pilot = find_mode(exact, task.cells, task.priors, learned.spreads, start=learned, part_spreads=learned.part_spreads)
    other = find_mode(exact, task.cells, task.priors, learned.spreads, part_spreads=learned.part_spreads)
    apart = np.abs((pilot.mode - other.mode) / pilot.sd(task.priors, task.cells)).max()
    return pilot, bool(pilot.converged and other.converged and apart < MODES_AGREE)


def correction_at(pilot: Pilot, sd: np.ndarray, coreset: Likelihood) -> Correction:
    """What a coreset misses at an exact pilot's mode; `sd`, dims ``(coordinate, cell)``, is the posterior's there."""
    value, gradient = coreset.gradient(pilot.mode)
    missed = coreset.information(pilot.mode) - pilot.information
    reach = np.hypot(REACH_SDS * sd, REACH)
    return Correction(pilot.mode, reach, pilot.value - value, pilot.gradient - gradient, missed.transpose(1, 2, 0))


def _sample_corrected(
    task: Task, exact: Likelihood, coreset: Likelihood, pilot: Pilot, modes_agree: bool, remark: str
) -> tuple[Sampled, bool]:
    """A coreset's posterior, resampled by its weights where these are uneven, and whether it holds."""
    correction = correction_at(pilot, pilot.sd(task.priors, task.cells), coreset)
    posterior, settings = _sample(task, coreset.rows, pilot, correction)
    total = task.draws * task.chains
    with working(f"{task.model.title}: weighing by the exact likelihood", task.progress):
        few = np.arange(0, total, max(total // WEIGHED, 1))
        weighing = weigh(exact, coreset, correction, _coordinates(task, posterior, few))
    resampled = False
    if weighing.holds and weighing.effective_share < USED_AS_IS:
        with working(f"{task.model.title}: weighing all {total:,} draws, since they are uneven", task.progress):
            weighing = weigh(exact, coreset, correction, _coordinates(task, posterior, np.arange(total)))
        if resampled := weighing.holds:
            posterior = _resampled(posterior, weighing.log_weights, task.seed)
    compression = Compression(
        customers=int(task.rows["weight"].sum()),
        exact_rows=len(task.rows["weight"]),
        rows=len(coreset.rows["weight"]),
        exact_passes=exact.passes,
        k_hat=weighing.k_hat,
        k_hat_limit=weighing.k_hat_limit,
        effective_share=weighing.effective_share,
        resampled=resampled,
        modes_agree=modes_agree,
        remark=remark.strip(),
    )
    return Sampled(posterior, settings, compression), weighing.holds


def _sample_exact(task: Task, exact: Likelihood, pilot: Pilot, remark: str, foretold_steps: int = 0) -> Sampled:
    if foretold_steps and task.progress:
        started = time.monotonic()
        exact.gradient(pilot.mode)
        seconds = foretold_steps * (time.monotonic() - started)
        long = f"{seconds:,.0f} seconds" if seconds < 120 else f"{seconds / 60:,.0f} minutes"
        print(f"{task.model.title}: {remark} Sampling all {len(task.rows['weight']):,} rows will take some {long}", file=sys.stderr)
    posterior, settings = _sample(task, task.rows, pilot, None)
    rows = len(task.rows["weight"])
    return Sampled(posterior, settings, Compression(int(task.rows["weight"].sum()), rows, rows, exact.passes, remark=remark))


def _sample(task: Task, rows: Table, pilot: Pilot, correction: Correction | None) -> tuple[xr.DataTree, dict[str, Any]]:
    with working(f"{task.model.title}: compiling", task.progress):
        estimates = level_estimates(pilot, task.cells)
        built = pooled_model(task.model, rows, task.cells, task.priors, task.clock, estimates, correction, clock_estimates(pilot))
        structure = _structure(task, rows, correction)
        density = _COMPILED.get(structure) or compile_density(built)
        _COMPILED[structure] = density

    def start(seed: int) -> dict[str, np.ndarray]:
        return starting_values(pilot, task.cells, seed)

    return draw_posterior(
        built,
        density,
        start,
        title=task.model.title,
        draws=task.draws,
        chains=task.chains,
        seed=task.seed,
        progress=task.progress,
    )


def _structure(task: Task, rows: Table, correction: Correction | None) -> tuple[Any, ...]:
    """What the code of a model depends on: all but its data."""
    factors = tuple((factor.dim, len(factor.levels)) for factor in task.cells.factors)
    return task.model, task.clock, factors, tuple(rows), correction is not None


def _coordinates(task: Task, posterior: xr.DataTree, draws: np.ndarray) -> np.ndarray:
    return all_coordinates(posterior["posterior"].to_dataset(), task.cells, task.clock, draws, task.seed)


def _resampled(posterior: xr.DataTree, log_weights: np.ndarray, seed: int) -> xr.DataTree:
    """Draws of each chain drawn again by their weights, in their order; what the sampler said of its own draws stays as it was."""
    chains, draws = (posterior["posterior"].sizes[dim] for dim in ("chain", "draw"))
    rng = np.random.default_rng(seed)
    weights = np.exp(log_weights - log_weights.max()).reshape(chains, draws)
    picked = np.sort([rng.choice(draws, draws, p=of_chain / of_chain.sum()) for of_chain in weights], axis=1)
    index = xr.DataArray(picked, dims=("chain", "draw"))

    group = posterior["posterior"].to_dataset()
    chain = xr.DataArray(np.arange(chains), dims="chain")
    drawn = group.isel(chain=chain, draw=index).assign_coords(chain=group["chain"], draw=group["draw"])
    return xr.DataTree.from_dict({"posterior": drawn, "sample_stats": posterior["sample_stats"].to_dataset()})
