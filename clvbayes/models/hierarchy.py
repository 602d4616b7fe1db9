"""Partial pooling: how a model's coordinates vary over the levels of the pooling columns.

For ``pool=("industry", "channel")`` each coordinate of a cell is the level of its industry, normal around the population mean, plus the
effect of its channel, one of effects that sum to zero. A crossing is asked for explicitly: ``("industry", ("industry", "channel"))``.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import Statistics
from clvbayes.errors import ArgumentError
from clvbayes.models.clock import Clock
from clvbayes.models.priors import Priors

__all__ = [
    "Cells",
    "Factor",
    "LevelEstimates",
    "Pool",
    "all_coordinates",
    "assign_cells",
    "cell_coordinates",
    "clock_effects",
    "pooled_coordinates",
]

Pool = Sequence[str | Sequence[str]]
RESERVED = {
    "month",
    "season",
    "bin",
    "pace",
    "level",
    "clock_part",
    "chain",
    "draw",
    "sample",
    "coordinate",
    "row",
    "frequency",
    "cell",
    "population",
    "population_free",
    "log_likelihood",
}
DATA = (
    "row",
    "frequency",
    "population",
    "prior",
    "correction",
    "season",
    "month",
    "clock",
    "walk",
    "noise",
)  # the names of a model's data begin so
PARTS = ("scale", "level", "effect", "free", "potential", "cell", "root", "seen")  # of a factor: its variables and data
CROSSING = " × "


@dataclass(frozen=True)
class Factor:
    """One pooling column, or a crossing of several.

    Attributes
    ----------
    columns : tuple of str
        The segment columns that are crossed; usually one.
    levels : tuple of str
        Labels of the levels that occur, sorted.
    level_of_cell : numpy.ndarray
        Index into `levels`, by cell.
    """

    columns: tuple[str, ...]
    levels: tuple[str, ...]
    level_of_cell: np.ndarray

    @property
    def dim(self) -> str:
        """Name of the dimension in the posterior: that of the column, as far as netCDF and xarray allow it."""
        name = CROSSING.join(self.columns).replace("/", "∕").strip()
        return f"{name}_" if name in RESERVED or name.split("_")[0] in DATA or not name else name


@dataclass(frozen=True)
class Cells:
    """The combinations of pooling levels that occur.

    Attributes
    ----------
    factors : tuple of Factor
        In the order of `pool`; empty without pooling.
    of_customer : numpy.ndarray
        Index of each customer's cell, in the customers' row order.
    count : int
        Number of cells.
    """

    factors: tuple[Factor, ...]
    of_customer: np.ndarray
    count: int


@dataclass(frozen=True)
class LevelEstimates:
    """What the data by themselves say of a factor's levels, roughly: it decides in which variables they are sampled, never the posterior.

    A quadratic log-likelihood is that of as many normal observations as there are coordinates: ``seen = root.T @ level``, each with
    variance one. Given these, the population mean and the spreads over levels, a level is normal. What is left of it after that is
    sampled: standard normal, nearly, and all but independent of the spreads and of each other, whether the data say much of a level
    ("centred") or nothing ("non-centred"; Papaspiliopoulos, Roberts & Skoeld 2007), and for every spread between.

    Attributes
    ----------
    root : numpy.ndarray
        Of the data's information on each level, which is ``root @ root.T``; dims ``(level, coordinate, observation)``. Levels of a
        further factor, whose effects add up to zero, share one.
    seen : numpy.ndarray
        Dims ``(level, observation)``.
    """

    root: np.ndarray
    seen: np.ndarray


def assign_cells(statistics: Statistics, pool: Pool) -> Cells:
    """Cells of the pooling columns.

    Raises
    ------
    ArgumentError
        If `pool` is a string, names a column that is no segment or one twice, or two whose names the posterior cannot hold side by side.
    """
    if isinstance(pool, str):
        raise ArgumentError(f"pool must be a list of columns; write ({pool!r},)")
    factors = [(entry,) if isinstance(entry, str) else tuple(entry) for entry in pool]
    unknown = sorted({column for columns in factors for column in columns} - set(statistics.segments.columns))
    if unknown:
        known = ", ".join(map(repr, statistics.segments.columns)) or "none"
        names = ", ".join(map(repr, unknown))
        raise ArgumentError(f"pool names {names}, which is no segment of these {statistics.counted}; they have {known}")
    if len(set(factors)) < len(factors) or any(len(set(columns)) < len(columns) for columns in factors):
        raise ArgumentError(f"pool names a column twice: {list(pool)}")
    if () in factors:
        raise ArgumentError(f"pool holds a crossing of no columns: {list(pool)}")
    if not factors:
        return Cells((), np.zeros(len(statistics), dtype=np.int64), 1)
    coded = [_coded(statistics.segments, columns) for columns in factors]
    of_customer, first = _combinations([codes for codes, _ in coded])
    made = tuple(Factor(columns, levels, codes[first]) for columns, (codes, levels) in zip(factors, coded, strict=True))
    _require_distinct_names(made)
    return Cells(made, of_customer, len(first))


def _coded(segments: pd.DataFrame, columns: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The level of each customer, and the levels' labels, sorted."""
    by_column = [pd.factorize(segments[column].astype(str), sort=True) for column in columns]
    if len(columns) == 1:
        [(codes, levels)] = by_column
        return codes, tuple(map(str, levels))
    codes, first = _combinations([of_column for of_column, _ in by_column])
    # a level's own sign is doubled, so that no two crossings share a label
    parts = [[str(levels[k]).replace("×", "××") for k in of_column[first]] for of_column, levels in by_column]
    return codes, tuple(map(CROSSING.join, zip(*parts, strict=True)))


def _combinations(codes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The number of each row's combination of codes, in sorted order, and the first row of each combination."""
    frame = pd.DataFrame(dict(enumerate(codes)))
    numbers = frame.groupby(list(frame.columns), sort=True).ngroup().to_numpy(dtype=np.int64)
    return numbers, np.unique(numbers, return_index=True)[1]


def _require_distinct_names(factors: tuple[Factor, ...]) -> None:
    """Refuse columns whose dimensions or variables would have one name, such as "a/b" and "a∕b", or "a" and "a_level"."""
    taken: dict[str, Factor] = {}
    for factor in factors:
        for name in (factor.dim, *(f"{factor.dim}_{part}" for part in PARTS)):
            other = taken.setdefault(name, factor)
            if other is not factor:
                both = f"{CROSSING.join(other.columns)!r} and {CROSSING.join(factor.columns)!r}"
                raise ArgumentError(f"pool names {both}, which would both be {name!r} in the posterior: rename one of the columns")


def pooled_coordinates(priors: Priors, cells: Cells, estimates: Sequence[LevelEstimates] | None = None) -> Any:
    """Declare the hierarchy in the current PyMC model.

    Parameters
    ----------
    priors : Priors
    cells : Cells
    estimates : sequence of LevelEstimates, optional
        One a factor, or one of the population where nothing is pooled; the posterior is the same with and without, and the sampler much
        quicker with.

    Returns
    -------
    TensorVariable
        Unconstrained coordinates, dims ``(coordinate, cell)``.
    """
    import pymc as pm

    mean, sd = pm.Data("prior_mean", np.array(priors.mean), dims="coordinate"), pm.Data("prior_sd", np.array(priors.sd), dims="coordinate")
    if not cells.factors:
        return _population(_data("population", estimates[0]) if estimates else None, mean, sd)[:, None]
    prior_scale = pm.Data("prior_scale", np.array(priors.scale), dims="coordinate")
    coordinates: Any = 0.0
    for k, factor in enumerate(cells.factors):
        scale = pm.HalfNormal(f"{factor.dim}_scale", prior_scale, dims="coordinate")
        known = None if estimates is None else estimates[k]
        level = _levels(factor, known, mean, sd, scale) if k == 0 else _effects_adding_to_zero(factor, known, scale)
        coordinates = coordinates + level[:, pm.Data(f"{factor.dim}_cell", factor.level_of_cell)]
    return coordinates


def clock_effects(clock: Clock, known: LevelEstimates | None) -> Any:
    """Declare the effects of a clock in the current PyMC model, dims (effect,): normal parts, with one standard deviation each kind.

    What is `known` is of the parts, as of one level.
    """
    import pymc as pm
    import pytensor.tensor as pt

    spread = pt.concatenate([pm.HalfNormal(name, scale) * pt.ones(parts) for name, scale, parts in clock.spreads])
    basis = pm.Data("clock_basis", clock.basis)
    free = pm.Normal("clock_free", 0, 1, dims="clock_part")
    if known is None:
        parts = spread * free
    else:
        deviation, log_density = _given_data(spread, *_data("clock", known), free[None, :])
        pm.Potential("clock_potential", log_density)
        parts = deviation[0]
    clock.declare(parts)
    return pm.Deterministic(clock.variable, (basis * parts).sum(axis=1), dims=clock.dim)


def _population(known: tuple[Any, Any] | None, mean: Any, sd: Any) -> Any:
    """The population mean, dims (coordinate,); `known` are root and observations of it, as in `LevelEstimates`."""
    import pymc as pm

    if known is None:
        return pm.Normal("population", mean, sd, dims="coordinate")
    root, seen = known
    free = pm.Normal("population_free", 0, 1, dims="coordinate")
    of_all = root.transpose(1, 0, 2).reshape((root.shape[1], -1))
    deviation, log_density = _given_data(sd, of_all[None], (seen - _seen_of(root, mean)).reshape((1, -1)), free[None, :])
    pm.Potential("population_potential", log_density)
    return pm.Deterministic("population", mean + deviation[0], dims="coordinate")


def _levels(factor: Factor, known: LevelEstimates | None, mean: Any, sd: Any, scale: Any) -> Any:
    """Levels of the first factor, normal around the population mean, dims (coordinate, level)."""
    import pymc as pm

    dims = ("coordinate", factor.dim)
    if known is None:
        population = _population(None, mean, sd)
        free = pm.Normal(f"{factor.dim}_free", 0, 1, dims=dims)
        return pm.Deterministic(f"{factor.dim}_level", population[:, None] + scale[:, None] * free, dims=dims)
    root, seen = _data(factor.dim, known)
    population = _population(_seen_of_population(root, seen, scale), mean, sd)
    free = pm.Normal(f"{factor.dim}_free", 0, 1, dims=dims)
    deviation, log_density = _given_data(scale, root, seen - _seen_of(root, population), free.T)
    pm.Potential(f"{factor.dim}_potential", log_density)
    return pm.Deterministic(f"{factor.dim}_level", population[:, None] + deviation.T, dims=dims)


def _effects_adding_to_zero(factor: Factor, known: LevelEstimates | None, scale: Any) -> Any:
    """Effects of a further factor, which add up to zero over its levels, dims (coordinate, level)."""
    import pymc as pm

    dims = ("coordinate", factor.dim)
    free = pm.ZeroSumNormal(f"{factor.dim}_free", dims=dims)
    if known is None:
        return pm.Deterministic(f"{factor.dim}_effect", scale[:, None] * free, dims=dims)
    root, seen = _data(factor.dim, known)
    # one root for all, and what is seen adds up to zero: so do the effects, in a plane with one dimension fewer than there are levels
    effect, log_density = _given_data(scale, root[0][None], seen - seen.mean(axis=0), free.T, copies=free.shape[1] - 1)
    pm.Potential(f"{factor.dim}_potential", log_density)
    return pm.Deterministic(f"{factor.dim}_effect", effect.T, dims=dims)


def _data(name: str, known: LevelEstimates) -> tuple[Any, Any]:
    """Root and observations as data of the current model."""
    import pymc as pm

    return pm.Data(f"{name}_root", known.root), pm.Data(f"{name}_seen", known.seen)


def _seen_of_population(root: Any, seen: Any, scale: Any) -> tuple[Any, Any]:
    """Observations of levels as observations of the population mean alone: they vary by one and by the levels' spread, weighted to one."""
    import pytensor.tensor as pt

    from clvbayes.models.square_root import posterior_root

    weight_root, _ = posterior_root(pt.ones_like(scale), (root * scale[:, None]).transpose(0, 2, 1))
    return (root[:, :, :, None] * weight_root[:, None, :, :]).sum(axis=2), _seen_of(weight_root, seen)


def _given_data(spread: Any, root: Any, seen: Any, free: Any, copies: int = 1) -> tuple[Any, Any]:
    """Deviations of levels from their centre, dims (level, coordinate), normal given what is `seen` of them, where `free` is standard.

    The second result is the log-density of the deviations, independent normals with `spread`, and of the step from `free` to them, less
    that of `free`.
    """
    from clvbayes.models.square_root import posterior_root

    of_posterior, log_volume = posterior_root(spread, root)
    deviation = _transformed(of_posterior, _seen_of(of_posterior, _transformed(root, seen)) + free)
    return deviation, 0.5 * (free**2).sum() - 0.5 * ((deviation / spread) ** 2).sum() + copies * log_volume


def _transformed(root: Any, values: Any) -> Any:
    """Each level's ``root @ values``."""
    return (root * values[:, None, :]).sum(axis=2)


def _seen_of(root: Any, values: Any) -> Any:
    """Each level's ``root.T @ values``; `values` with a dim of levels or without."""
    return (root * values[..., None]).sum(axis=1)


def cell_coordinates(posterior: xr.Dataset, cells: Cells, draws: np.ndarray, seed: int) -> np.ndarray:
    """Posterior draws of each cell's coordinates.

    A level that the fit has not seen is drawn from the hierarchy, draw by draw: normal around the population mean (first factor) or
    around zero (further factors), with the drawn scale.

    Parameters
    ----------
    posterior : xarray.Dataset
        Dims ``(chain, draw, ...)``.
    cells : Cells
        Cells of the customers to be valued.
    draws : numpy.ndarray of int
        Which of the stacked draws to take, in which order.
    seed : int
        Seed of unseen levels.

    Returns
    -------
    numpy.ndarray
        Dims ``(draw, coordinate, cell)``.
    """
    stacked = posterior.stack(sample=("chain", "draw")).isel(sample=draws)
    population = stacked["population"].transpose("sample", "coordinate").to_numpy()
    coordinates = np.repeat(population[:, :, None], cells.count, axis=2)
    for k, factor in enumerate(cells.factors):
        effect = _effects(stacked, factor, population if k == 0 else None, seed)
        coordinates = coordinates + effect[:, :, factor.level_of_cell]
    return coordinates


def all_coordinates(posterior: xr.Dataset, cells: Cells, clock: Clock, draws: np.ndarray, seed: int) -> np.ndarray:
    """`cell_coordinates`, and after them the effects of the clock, the same in every cell: what a likelihood takes."""
    coordinates = cell_coordinates(posterior, cells, draws, seed)
    if not clock.effects:
        return coordinates
    effects = posterior[clock.variable].stack(sample=("chain", "draw")).isel(sample=draws).transpose("sample", clock.dim).to_numpy()
    return np.concatenate([coordinates, np.repeat(effects[:, :, None], coordinates.shape[2], axis=2)], axis=1)


def _effects(stacked: xr.Dataset, factor: Factor, population: np.ndarray | None, seed: int) -> np.ndarray:
    """Deviations from the population mean by level, dims (draw, coordinate, level)."""
    fitted = stacked[f"{factor.dim}_{'effect' if population is None else 'level'}"].transpose("sample", "coordinate", factor.dim)
    position = {str(level): k for k, level in enumerate(fitted[factor.dim].to_numpy())}
    scale = stacked[f"{factor.dim}_scale"].transpose("sample", "coordinate").to_numpy()
    known = fitted.to_numpy() if population is None else fitted.to_numpy() - population[:, :, None]
    columns = []
    for level in factor.levels:
        if level in position:
            columns.append(known[:, :, position[level]])
        else:
            key = int.from_bytes(hashlib.blake2b(f"{factor.dim}: {level}".encode(), digest_size=8).digest())
            columns.append(scale * np.random.default_rng([seed, key]).standard_normal(scale.shape))
    return np.stack(columns, axis=2)
