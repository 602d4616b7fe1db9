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

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError
from clvbayes.models.priors import Priors

__all__ = ["Cells", "Factor", "LevelEstimates", "Pool", "assign_cells", "cell_coordinates", "pooled_coordinates"]

Pool = Sequence[str | Sequence[str]]
RESERVED = {"chain", "draw", "sample", "coordinate", "row", "frequency", "cell", "population", "population_free", "log_likelihood"}
DATA = ("row", "frequency", "population", "prior", "correction")  # the names of a model's data begin so
PARTS = ("scale", "level", "effect", "free", "potential", "cell", "estimate", "error", "root")  # of a factor: its variables and data
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

    Given the spread s over levels, a level with estimate y and error e is about normal with mean w y, w = s^2 / (s^2 + e^2), away from the
    population mean, and variance w e^2. The sampler's variables are what is left of a level after that: standard normal, nearly, and all
    but independent of the spread and of each other, whether the data say much of a level (then it is y + e z: "centred") or nothing
    (s z: "non-centred"; Papaspiliopoulos, Roberts & Skoeld 2007), and for every spread between.

    Attributes
    ----------
    estimate, error : numpy.ndarray
        Dims ``(coordinate, level)``: the first factor's levels, a further one's deviations, which add up to zero and have one error
        for all levels.
    root : numpy.ndarray
        Dims ``(level, coordinate, other)``: lower roots of the correlations between a level's coordinates; one for all in a further factor.
    """

    estimate: np.ndarray
    error: np.ndarray
    root: np.ndarray


def assign_cells(customers: Customers, pool: Pool) -> Cells:
    """Cells of the pooling columns.

    Raises
    ------
    ArgumentError
        If `pool` is a string, names a column that is no segment or one twice, or two whose names the posterior cannot hold side by side.
    """
    if isinstance(pool, str):
        raise ArgumentError(f"pool must be a list of columns; write ({pool!r},)")
    factors = [(entry,) if isinstance(entry, str) else tuple(entry) for entry in pool]
    unknown = sorted({column for columns in factors for column in columns} - set(customers.segments.columns))
    if unknown:
        known = ", ".join(map(repr, customers.segments.columns)) or "none"
        raise ArgumentError(f"pool names {', '.join(map(repr, unknown))}, which is no segment of these customers; they have {known}")
    if len(set(factors)) < len(factors) or any(len(set(columns)) < len(columns) for columns in factors):
        raise ArgumentError(f"pool names a column twice: {list(pool)}")
    if () in factors:
        raise ArgumentError(f"pool holds a crossing of no columns: {list(pool)}")
    if not factors:
        return Cells((), np.zeros(len(customers), dtype=np.int64), 1)
    coded = [_coded(customers.segments, columns) for columns in factors]
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
        One a factor, or one of the population where nothing is pooled; the density is the same with and without but for a constant, and
        the sampler much quicker with.

    Returns
    -------
    TensorVariable
        Unconstrained coordinates, dims ``(coordinate, cell)``.
    """
    import pymc as pm

    mean, sd = pm.Data("prior_mean", np.array(priors.mean), dims="coordinate"), pm.Data("prior_sd", np.array(priors.sd), dims="coordinate")
    if not cells.factors:
        return _population_alone(estimates[0] if estimates else None, mean, sd)[:, None]
    prior_scale = pm.Data("prior_scale", np.array(priors.scale), dims="coordinate")
    coordinates: Any = 0.0
    for k, factor in enumerate(cells.factors):
        scale = pm.HalfNormal(f"{factor.dim}_scale", prior_scale, dims="coordinate")
        known = None if estimates is None else estimates[k]
        level = _levels(factor, known, mean, sd, scale) if k == 0 else _effects_adding_to_zero(factor, known, scale)
        coordinates = coordinates + level[:, pm.Data(f"{factor.dim}_cell", factor.level_of_cell)]
    return coordinates


def _population_alone(known: LevelEstimates | None, mean: Any, sd: Any) -> Any:
    """The population mean, dims (coordinate,), where nothing is pooled; `known` is then of the posterior itself, with one level."""
    import pymc as pm

    if known is None:
        return pm.Normal("population", mean, sd, dims="coordinate")
    free = pm.Normal("population_free", 0, 1, dims="coordinate")
    estimate, error = (pm.Data(f"population_{name}", getattr(known, name)[:, 0], dims="coordinate") for name in ("estimate", "error"))
    root = pm.Data("population_root", known.root)
    population = estimate + error * _correlated(root, free[:, None])[:, 0]
    # the volume of error and root is the same everywhere
    prior = pm.logp(pm.Normal.dist(mean, sd), population).sum() - pm.logp(pm.Normal.dist(0, 1), free).sum()
    pm.Potential("population_potential", prior)
    return pm.Deterministic("population", population, dims="coordinate")


def _levels(factor: Factor, known: LevelEstimates | None, mean: Any, sd: Any, scale: Any) -> Any:
    """Levels of the first factor, normal around the population mean, dims (coordinate, level)."""
    import pymc as pm
    import pytensor.tensor as pt

    dims = ("coordinate", factor.dim)
    population_free, free = pm.Normal("population_free", 0, 1, dims="coordinate"), pm.Normal(f"{factor.dim}_free", 0, 1, dims=dims)
    if known is None:
        population = pm.Deterministic("population", mean + sd * population_free, dims="coordinate")
        return pm.Deterministic(f"{factor.dim}_level", population[:, None] + scale[:, None] * free, dims=dims)
    estimate, error, root = _data(factor, known)
    # the population mean given the spread, the levels integrated out, and then the levels given both
    weight = 1 / (scale[:, None] ** 2 + error**2)
    precision = sd**-2 + weight.sum(axis=1)
    centre = (mean * sd**-2 + (weight * estimate).sum(axis=1)) / precision
    population = pm.Deterministic("population", centre + precision**-0.5 * population_free, dims="coordinate")
    shrunk, width = scale[:, None] ** 2 * weight, scale[:, None] * error * weight**0.5
    level = population[:, None] + shrunk * (estimate - population[:, None]) + width * _correlated(root, free)
    prior = pm.logp(pm.Normal.dist(mean, sd), population).sum() + pm.logp(pm.Normal.dist(population[:, None], scale[:, None]), level).sum()
    log_volume = pt.log(width).sum() - 0.5 * pt.log(precision).sum() + _log_volume(root).sum()
    standard = pm.Normal.dist(0, 1)
    pm.Potential(f"{factor.dim}_potential", prior + log_volume - pm.logp(standard, population_free).sum() - pm.logp(standard, free).sum())
    return pm.Deterministic(f"{factor.dim}_level", level, dims=dims)


def _effects_adding_to_zero(factor: Factor, known: LevelEstimates | None, scale: Any) -> Any:
    """Effects of a further factor, which add up to zero over its levels, dims (coordinate, level)."""
    import pymc as pm
    import pytensor.tensor as pt

    dims = ("coordinate", factor.dim)
    free = pm.ZeroSumNormal(f"{factor.dim}_free", dims=dims)
    if known is None:
        return pm.Deterministic(f"{factor.dim}_effect", scale[:, None] * free, dims=dims)
    estimate, error, root = _data(factor, known)
    weight = 1 / (scale**2 + error[:, 0] ** 2)
    shrunk, width = (scale**2 * weight)[:, None], (scale * error[:, 0] * weight**0.5)[:, None]
    effect = shrunk * estimate + width * _correlated(root, free)
    # densities in the plane in which effects add up to zero, which has one dimension fewer than there are levels
    degrees = free.shape[1] - 1
    prior = -0.5 * ((effect / scale[:, None]) ** 2).sum() + 0.5 * (free**2).sum()
    log_volume = degrees * (pt.log(width).sum() - pt.log(scale).sum() + _log_volume(root)[0])
    pm.Potential(f"{factor.dim}_potential", prior + log_volume)
    return pm.Deterministic(f"{factor.dim}_effect", effect, dims=dims)


def _data(factor: Factor, known: LevelEstimates) -> tuple[Any, Any, Any]:
    import pymc as pm

    dims = ("coordinate", factor.dim)
    estimate, error = pm.Data(f"{factor.dim}_estimate", known.estimate, dims=dims), pm.Data(f"{factor.dim}_error", known.error, dims=dims)
    return estimate, error, pm.Data(f"{factor.dim}_root", known.root)


def _correlated(root: Any, free: Any) -> Any:
    return (root * free.T[:, None, :]).sum(axis=2).T


def _log_volume(root: Any) -> Any:
    """Logarithm of each root's determinant."""
    import pytensor.tensor as pt

    return pt.log(pt.diagonal(root, axis1=1, axis2=2)).sum(axis=1)


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
