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

__all__ = ["Cells", "Factor", "Parametrization", "Pool", "assign_cells", "cell_coordinates", "pooled_coordinates"]

Pool = Sequence[str | Sequence[str]]
RESERVED = {"chain", "draw", "sample", "coordinate", "row", "frequency", "cell", "population", "population_free", "log_likelihood"}
DATA = ("row", "frequency", "prior", "correction")  # the names of a model's data begin so
PARTS = ("scale", "level", "effect", "free", "potential", "cell", "centred", "root", "anchor")  # of a factor: its variables and data
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
class Parametrization:
    """In which variables a factor's levels are sampled. The posterior is the same in all; only some are quick.

    Attributes
    ----------
    centred : numpy.ndarray of bool
        Dims ``(coordinate, level)``: levels about which the data say much more than the hierarchy, sampled as such (Papaspiliopoulos,
        Roberts & Skoeld 2007). The others are sampled as deviations in units of the spread.
    root : numpy.ndarray
        Dims ``(level, coordinate, other)``: lower triangles, by which the sampler's variables are multiplied to give a level's centred
        coordinates. With roots of the levels' posterior covariances the sampler sees a round cloud where coordinates are correlated. All
        levels of a further factor have one root.
    anchor : numpy.ndarray
        Dims ``(coordinate, level)``: weights, adding up to one or all zero, of the levels whose mean is sampled in place of the population
        mean.
        Where one level holds nearly all data, the population mean is only as sure as the spread is small, but that level is always known
        well.
    """

    centred: np.ndarray
    root: np.ndarray
    anchor: np.ndarray

    @classmethod
    def plain(cls, coordinates: int, levels: int) -> "Parametrization":
        """No level centred, no anchor: what suits few data."""
        root = np.broadcast_to(np.eye(coordinates), (levels, coordinates, coordinates))
        return cls(np.zeros((coordinates, levels), dtype=bool), root, np.zeros((coordinates, levels)))


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
    labels = [_labels(customers.segments, columns) for columns in factors]
    codes = [pd.factorize(label, sort=True) for label in labels]
    combinations, of_customer = np.unique(np.stack([code for code, _ in codes], axis=1), axis=0, return_inverse=True)
    made = tuple(
        Factor(columns, tuple(map(str, levels)), combinations[:, k])
        for k, (columns, (_, levels)) in enumerate(zip(factors, codes, strict=True))
    )
    _require_distinct_names(made)
    return Cells(made, of_customer.reshape(-1).astype(np.int64), len(combinations))


def _labels(segments: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    if len(columns) == 1:
        return segments[columns[0]].astype(str).to_numpy(dtype=object)
    # a level's own sign is doubled, so that no two crossings share a label
    parts = [segments[column].astype(str).str.replace("×", "××", regex=False) for column in columns]
    return np.array([CROSSING.join(row) for row in zip(*parts, strict=True)], dtype=object)


def _require_distinct_names(factors: tuple[Factor, ...]) -> None:
    """Refuse columns whose dimensions or variables would have one name, such as "a/b" and "a∕b", or "a" and "a_level"."""
    taken: dict[str, Factor] = {}
    for factor in factors:
        for name in (factor.dim, *(f"{factor.dim}_{part}" for part in PARTS)):
            other = taken.setdefault(name, factor)
            if other is not factor:
                both = f"{CROSSING.join(other.columns)!r} and {CROSSING.join(factor.columns)!r}"
                raise ArgumentError(f"pool names {both}, which would both be {name!r} in the posterior: rename one of the columns")


def pooled_coordinates(priors: Priors, cells: Cells, parametrizations: Sequence[Parametrization] | None = None) -> Any:
    """Declare the hierarchy in the current PyMC model.

    Parameters
    ----------
    priors : Priors
    cells : Cells
    parametrizations : sequence of Parametrization, optional
        One a factor; plain by default.

    Returns
    -------
    TensorVariable
        Unconstrained coordinates, dims ``(coordinate, cell)``.
    """
    import pymc as pm

    mean, sd = pm.Data("prior_mean", np.array(priors.mean), dims="coordinate"), pm.Data("prior_sd", np.array(priors.sd), dims="coordinate")
    if not cells.factors:
        return pm.Normal("population", mean, sd, dims="coordinate")[:, None]
    prior_scale = pm.Data("prior_scale", np.array(priors.scale), dims="coordinate")
    if parametrizations is None:
        parametrizations = [Parametrization.plain(len(priors.mean), len(factor.levels)) for factor in cells.factors]
    coordinates: Any = 0.0
    for k, (factor, chosen) in enumerate(zip(cells.factors, parametrizations, strict=True)):
        scale = pm.HalfNormal(f"{factor.dim}_scale", prior_scale, dims="coordinate")
        level = _levels(factor, chosen, mean, sd, scale) if k == 0 else _effects_adding_to_zero(factor, chosen, scale)
        coordinates = coordinates + level[:, pm.Data(f"{factor.dim}_cell", factor.level_of_cell)]
    return coordinates


def _levels(factor: Factor, chosen: Parametrization, mean: Any, sd: Any, scale: Any) -> Any:
    """Levels of the first factor, normal around the population mean, dims (coordinate, level)."""
    import pymc as pm
    import pytensor.tensor as pt

    dims, name = ("coordinate", factor.dim), f"{factor.dim}_free"
    some_centred = bool(chosen.centred.any())
    # where levels are centred, their prior needs the population mean, which needs the anchor, which needs them: hence a potential
    free = pm.Flat(name, dims=dims) if some_centred else pm.Normal(name, 0, 1, dims=dims)
    deviation = scale * (pm.Data(f"{factor.dim}_anchor", chosen.anchor, dims=dims) * free).sum(axis=1)
    anchored = pm.Normal("population_free", mean + deviation, sd, dims="coordinate")
    population = pm.Deterministic("population", anchored - deviation, dims="coordinate")[:, None]
    level = population + scale[:, None] * free
    if some_centred:
        centred = pm.Data(f"{factor.dim}_centred", chosen.centred, dims=dims)
        rounded, log_volume = _rounded(factor, chosen, free)
        level = pt.switch(centred, rounded, level)
        location, width = pt.switch(centred, population, 0.0), pt.switch(centred, scale[:, None], 1.0)
        prior = pm.logp(pm.Normal.dist(location, width), pt.switch(centred, level, free)).sum()
        pm.Potential(f"{factor.dim}_potential", prior + log_volume)
    return pm.Deterministic(f"{factor.dim}_level", level, dims=dims)


def _effects_adding_to_zero(factor: Factor, chosen: Parametrization, scale: Any) -> Any:
    """Effects of a further factor, which add up to zero over its levels, dims (coordinate, level)."""
    import pymc as pm
    import pytensor.tensor as pt

    dims = ("coordinate", factor.dim)
    free = pm.ZeroSumNormal(f"{factor.dim}_free", dims=dims)
    effect = scale[:, None] * free
    if chosen.centred.any():
        # all levels of a coordinate together, and with one root, so that effects add up to zero whatever the sampler does
        together = np.broadcast_to(chosen.centred.all(axis=1, keepdims=True), chosen.centred.shape)
        centred = pm.Data(f"{factor.dim}_centred", together, dims=dims)
        rounded, log_volume = _rounded(factor, chosen, free)
        degrees = free.shape[1] - 1
        of_effects = -0.5 * (rounded / scale[:, None]) ** 2 + 0.5 * free**2
        prior = pt.switch(centred, of_effects, 0.0).sum() - pt.switch(centred[:, 0], degrees * pt.log(scale), 0.0).sum()
        pm.Potential(f"{factor.dim}_potential", prior + log_volume * degrees / free.shape[1])
        effect = pt.switch(centred, rounded, effect)
    return pm.Deterministic(f"{factor.dim}_effect", effect, dims=dims)


def _rounded(factor: Factor, chosen: Parametrization, free: Any) -> tuple[Any, Any]:
    """Centred coordinates from the sampler's variables, and the logarithm of the volume that this takes up."""
    import pymc as pm
    import pytensor.tensor as pt

    root = pm.Data(f"{factor.dim}_root", chosen.root)
    return (root * free.T[:, None, :]).sum(axis=2).T, pt.log(pt.diagonal(root, axis1=1, axis2=2)).sum()


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
