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

__all__ = ["Cells", "Factor", "Informed", "Pool", "assign_cells", "cell_coordinates", "pooled_coordinates"]

Pool = Sequence[str | Sequence[str]]
Informed = Sequence[np.ndarray]
RESERVED = {"chain", "draw", "coordinate", "row", "frequency", "cell", "population"}
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
        return f"{name}_" if name in RESERVED or not name else name


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


def assign_cells(customers: Customers, pool: Pool) -> Cells:
    """Cells of the pooling columns.

    Raises
    ------
    ArgumentError
        If `pool` is a string, or names a column that is no segment, or one twice.
    """
    if isinstance(pool, str):
        raise ArgumentError(f"pool must be a list of columns; write ({pool!r},)")
    factors = [(entry,) if isinstance(entry, str) else tuple(entry) for entry in pool]
    unknown = sorted({column for columns in factors for column in columns} - set(customers.segments.columns))
    if unknown:
        known = ", ".join(map(repr, customers.segments.columns)) or "none"
        raise ArgumentError(f"pool names {', '.join(map(repr, unknown))}, which is no segment of these customers; they have {known}")
    if len(set(factors)) < len(factors):
        raise ArgumentError(f"pool names a column twice: {list(pool)}")
    if not factors:
        return Cells((), np.zeros(len(customers), dtype=np.int64), 1)
    labels = [_labels(customers.segments, columns) for columns in factors]
    codes = [pd.factorize(label, sort=True) for label in labels]
    combinations, of_customer = np.unique(np.stack([code for code, _ in codes], axis=1), axis=0, return_inverse=True)
    return Cells(
        tuple(
            Factor(columns, tuple(map(str, levels)), combinations[:, k])
            for k, (columns, (_, levels)) in enumerate(zip(factors, codes, strict=True))
        ),
        of_customer.reshape(-1).astype(np.int64),
        len(combinations),
    )


def _labels(segments: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    label = segments[columns[0]].astype(str)
    for column in columns[1:]:
        label = label + CROSSING + segments[column].astype(str)
    return label.to_numpy(dtype=object)


def pooled_coordinates(priors: Priors, cells: Cells, informed: Informed | None = None) -> Any:
    """Declare the hierarchy in the current PyMC model.

    Parameters
    ----------
    priors : Priors
    cells : Cells
    informed : sequence of numpy.ndarray of bool, optional
        For each factor, dims ``(coordinate, level)``: whether the data say more about that level than the hierarchy does. Then it is
        centred, otherwise non-centred; the posterior is the same, sampling is quick only in the right one (Papaspiliopoulos et al. 2007).
        By default no level is centred.

    Returns
    -------
    TensorVariable
        Unconstrained coordinates, dims ``(coordinate, cell)``.
    """
    import pymc as pm
    import pytensor.tensor as pt

    population = pm.Normal("population", priors.mean, priors.sd, dims="coordinate")
    if not cells.factors:
        return population[:, None]
    if informed is None:
        informed = [np.zeros((len(priors.coordinates), len(factor.levels)), dtype=bool) for factor in cells.factors]
    coordinates = pt.zeros((len(priors.coordinates), cells.count))
    for k, (factor, centred) in enumerate(zip(cells.factors, informed, strict=True)):
        dims = ("coordinate", factor.dim)
        scale = pm.HalfNormal(f"{factor.dim}_scale", np.array(priors.scale), dims="coordinate")[:, None]
        if k == 0:
            mean = population[:, None]
            free = pm.Normal(f"{factor.dim}_free", pt.switch(centred, mean, 0.0), pt.switch(centred, scale, 1.0), dims=dims)
            level = pm.Deterministic(f"{factor.dim}_level", pt.switch(centred, free, mean + scale * free), dims=dims)
        else:
            all_informed = centred.all(axis=1, keepdims=True)  # a zero-sum normal has one scale for all its levels
            free = pm.ZeroSumNormal(f"{factor.dim}_free", sigma=pt.switch(all_informed, scale, 1.0), dims=dims)
            level = pm.Deterministic(f"{factor.dim}_effect", pt.switch(all_informed, free, scale * free), dims=dims)
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
            key = int.from_bytes(hashlib.blake2b(level.encode(), digest_size=8).digest())
            columns.append(scale * np.random.default_rng([seed, key]).standard_normal(scale.shape))
    return np.stack(columns, axis=2)
