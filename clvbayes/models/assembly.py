"""A model's priors, hierarchy and likelihood put together as a PyMC model: the same for every model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError
from clvbayes.models.clock import Clock
from clvbayes.models.hierarchy import Parametrization, Pool, assign_cells, pooled_coordinates
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Model, Table

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["assemble", "distinct_rows"]


def assemble(
    model: Model, customers: Customers, pool: Pool, priors: Priors | None, clock: Clock, parametrizations: Sequence[Parametrization] | None
) -> "pm.Model":
    """The PyMC model of `model`, free to be changed in a notebook.

    Parameters
    ----------
    model : Model
    customers : Customers
    pool : sequence of str or of tuples of str
        Segment columns over which every coordinate is partially pooled.
    priors : Priors or None
        Frozen numbers; the model's own where None.
    clock : Clock
    parametrizations : sequence of Parametrization or None
        In which variables the levels are sampled; plainly where None.

    Returns
    -------
    pymc.Model
        Dims ``coordinate``, one a pooling factor, and one a table of `model.rows`; the tables' columns as data; variables `population`
        and, a factor, `<column>_scale` and `<column>_level` (`<column>_effect` from the second factor on); the likelihood as a potential.
    """
    import pymc as pm

    cells = assign_cells(customers, pool)
    chosen = model.priors(customers) if priors is None else priors
    if chosen.coordinates != model.coordinates:
        raise ArgumentError(
            f"{model.name} has the coordinates {', '.join(model.coordinates)}; these priors have {', '.join(chosen.coordinates)}"
        )
    tables = model.rows(customers, cells)
    coords: dict[str, object] = {"coordinate": list(model.coordinates)}
    coords |= {factor.dim: list(factor.levels) for factor in cells.factors}
    coords |= {table: np.arange(len(next(iter(columns.values())))) for table, columns in tables.items()}
    with pm.Model(coords=coords) as built:
        coordinates = pooled_coordinates(chosen, cells, parametrizations)
        data = {
            table: {name: pm.Data(f"{table}_{name}", column, dims=table) for name, column in columns.items()}
            for table, columns in tables.items()
        }
        by_row = model.log_likelihood(coordinates, data, clock)
        pm.Potential("log_likelihood", (data["row"]["weight"] * by_row).sum())
    return built


def distinct_rows(columns: Table) -> tuple[Table, np.ndarray, np.ndarray]:
    """Distinct rows of equally long columns in sorted order, the number of each, and the distinct row of every row."""
    keys = np.stack([np.asarray(column, dtype=float) for column in columns.values()], axis=1)
    distinct, inverse, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    table = {name: distinct[:, k].astype(column.dtype) for k, (name, column) in enumerate(columns.items())}
    return table, counts.astype(float), inverse.reshape(-1)
