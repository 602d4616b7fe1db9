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
TABLES = ("row_", "frequency_")  # the names of a model's data begin so
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
        return f"{name}_" if name in RESERVED or name.startswith(TABLES) or not name else name


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
    anchor : numpy.ndarray
        Dims ``(coordinate, level)``: weights, adding up to one or all zero, of the levels whose mean is sampled in place of the population
        mean.
        Where one level holds nearly all data, the population mean is only as sure as the spread is small, but that level is always known
        well.
    """

    centred: np.ndarray
    anchor: np.ndarray

    @classmethod
    def plain(cls, coordinates: int, levels: int) -> "Parametrization":
        """No level centred, no anchor: what suits few data."""
        return cls(np.zeros((coordinates, levels), dtype=bool), np.zeros((coordinates, levels)))


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
        for name in (factor.dim, *(f"{factor.dim}_{part}" for part in ("scale", "level", "effect", "free", "prior"))):
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
    import pytensor.tensor as pt

    mean, sd = np.array(priors.mean), np.array(priors.sd)
    if not cells.factors:
        return pm.Normal("population", mean, sd, dims="coordinate")[:, None]
    if parametrizations is None:
        parametrizations = [Parametrization.plain(len(mean), len(factor.levels)) for factor in cells.factors]
    coordinates = pt.zeros((len(mean), cells.count))
    for k, (factor, chosen) in enumerate(zip(cells.factors, parametrizations, strict=True)):
        dims = ("coordinate", factor.dim)
        scale = pm.HalfNormal(f"{factor.dim}_scale", np.array(priors.scale), dims="coordinate")
        if k == 0:
            # where levels are centred, their prior needs the population mean, which needs the anchor, which needs them: hence a potential
            free = pm.Flat(f"{factor.dim}_free", dims=dims) if chosen.centred.any() else pm.Normal(f"{factor.dim}_free", 0, 1, dims=dims)
            deviation = scale * (chosen.anchor * free).sum(axis=1)
            anchored = pm.Normal("population_free", mean + deviation, sd, dims="coordinate")
            population = pm.Deterministic("population", anchored - deviation, dims="coordinate")[:, None]
            level = pm.Deterministic(f"{factor.dim}_level", pt.switch(chosen.centred, free, population + scale[:, None] * free), dims=dims)
            if chosen.centred.any():
                location, width = pt.switch(chosen.centred, population, 0.0), pt.switch(chosen.centred, scale[:, None], 1.0)
                pm.Potential(f"{factor.dim}_prior", pm.logp(pm.Normal.dist(location, width), free))
        else:
            together = chosen.centred.all(axis=1, keepdims=True)  # a zero-sum normal has one scale for all its levels
            free = pm.ZeroSumNormal(f"{factor.dim}_free", sigma=pt.switch(together, scale[:, None], 1.0), dims=dims)
            level = pm.Deterministic(f"{factor.dim}_effect", pt.switch(together, free, scale[:, None] * free), dims=dims)
        coordinates = coordinates + level[:, factor.level_of_cell]
    return coordinates


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
