"""A model's rows, and its priors, hierarchy and likelihood put together as a PyMC model: the same for every model."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from clvbayes.data import Statistics
from clvbayes.errors import ArgumentError
from clvbayes.models.clock import Clock
from clvbayes.models.correction import Correction
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool, assign_cells, clock_effects, pooled_coordinates
from clvbayes.models.months import MONTHS
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Model, Table

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["assemble", "own_or_given", "pooled_model", "with_frequencies"]


def assemble(
    model: Model, statistics: Statistics, pool: Pool, priors: Priors | None, estimates: Sequence[LevelEstimates] | None
) -> "pm.Model":
    """The PyMC model of `model` on exactly compressed rows, free to be changed in a notebook.

    Parameters
    ----------
    model : Model
    statistics : Customers or Renewals
    pool : sequence of str or of tuples of str
        Segment columns over which every coordinate is partially pooled.
    priors : Priors or None
        Frozen numbers; the model's own where None.
    estimates : sequence of LevelEstimates or None
        What the data say of the levels, roughly, so that they are sampled in quick variables.

    Returns
    -------
    pymc.Model
        As `pooled_model` makes it.
    """
    cells = assign_cells(statistics, pool)
    rows, clock = model.rows(statistics, cells), model.clock.over(statistics)
    rows = rows | clock.columns(rows, statistics)
    return pooled_model(model, rows, cells, own_or_given(model, statistics, priors), clock, estimates)


def own_or_given(model: Model, statistics: Statistics, priors: Priors | None) -> Priors:
    """The model's own priors where none are given.

    Raises
    ------
    ArgumentError
        If the given ones are those of another model.
    """
    chosen = model.priors(statistics) if priors is None else priors
    if chosen.coordinates != model.coordinates:
        raise ArgumentError(
            f"{model.name} has the coordinates {', '.join(model.coordinates)}; these priors have {', '.join(chosen.coordinates)}"
        )
    return chosen


def pooled_model(
    model: Model,
    rows: Table,
    cells: Cells,
    priors: Priors,
    clock: Clock,
    estimates: Sequence[LevelEstimates] | None = None,
    correction: Correction | None = None,
    clock_estimates: LevelEstimates | None = None,
) -> "pm.Model":
    """The PyMC model of some rows: those of all customers, or those of a coreset with its correction.

    Returns
    -------
    pymc.Model
        Dims ``coordinate``, one a pooling factor, ``row`` and ``frequency``; the columns of the rows, the priors' numbers and whatever
        else may differ between two fits of the same shape as data; variables `population` and, a factor, `<column>_scale` and
        `<column>_level` (`<column>_effect` from the second factor on), with a clock what it declares; the likelihood as
        a potential.
    """
    import pymc as pm
    import pytensor.tensor as pt

    tables = with_frequencies(rows)
    coords: dict[str, object] = {"coordinate": list(model.coordinates)}
    coords |= {factor.dim: list(factor.levels) for factor in cells.factors}
    if clock.effects:
        coords |= {"month": list(MONTHS), clock.dim: list(clock.effects), "clock_part": np.arange(clock.basis.shape[1])}
    coords |= {table: np.arange(len(columns["x"])) for table, columns in tables.items()}
    with pm.Model(coords=coords) as built:
        coordinates = pooled_coordinates(priors, cells, estimates)
        if clock.effects:
            effects = clock_effects(clock, clock_estimates)
            coordinates = pt.concatenate([coordinates, pt.repeat(effects[:, None], cells.count, axis=1)])
        data = {
            table: {name: pm.Data(f"{table}_{name}", column, dims=(table, clock.dim)[: column.ndim]) for name, column in columns.items()}
            for table, columns in tables.items()
        }
        by_row = model.log_likelihood(coordinates, data, clock.shared(effects) if clock.effects else clock)
        log_likelihood = (data["row"]["weight"] * by_row).sum()
        if correction is not None:
            parts = {field.name: pm.Data(f"correction_{field.name}", getattr(correction, field.name)) for field in fields(correction)}
            log_likelihood = log_likelihood + Correction(**parts).at(coordinates)
        pm.Potential("log_likelihood", log_likelihood)
    return built


def with_frequencies(rows: Table) -> dict[str, Table]:
    """Tables "row" and "frequency" as `Model.log_likelihood` takes them, from rows sorted by cell and x."""
    cell, x = rows["cell"], rows["x"]
    starts = np.append(True, (np.diff(cell) != 0) | (np.diff(x) != 0))[: len(x)]
    return {"row": {**rows, "frequency": np.cumsum(starts) - 1}, "frequency": {"cell": cell[starts], "x": x[starts]}}
