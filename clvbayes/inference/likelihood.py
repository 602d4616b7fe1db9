"""The likelihood of rows, cell by cell: quick enough to be asked a thousand times of millions of rows."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from os import cpu_count
from typing import Any, Literal

import numpy as np

from clvbayes.inference.compiled import Compiled, compile_graph
from clvbayes.models.assembly import with_frequencies
from clvbayes.models.clock import Clock
from clvbayes.models.protocol import Model, Table

__all__ = ["Likelihood"]

Wanted = Literal["value", "slope", "rows"]

PIECE = 16_384  # rows: what a piece computes on the way stays in a core's cache
STEP = 1e-4  # of the central differences; their error is of its square


class Likelihood:
    """Log-likelihood of rows, dims of its arguments ``(coordinate, cell)``, evaluated by all cores in pieces that do not depend on them.

    Parameters
    ----------
    model : Model
    rows : dict
        As `Model.rows` returns them.
    cells : int
        Number of cells.
    clock : Clock

    Attributes
    ----------
    rows : dict
    passes : int
        How often all rows have been evaluated so far.
    """

    def __init__(self, model: Model, rows: Table, cells: int, clock: Clock) -> None:
        self.rows, self.cells, self.passes = rows, cells, 0
        self._model, self.clock = model, clock
        self._pieces = [_piece(rows, start) for start in range(0, len(rows["weight"]), PIECE)]

    def value(self, coordinates: np.ndarray) -> float:
        """Log-likelihood of all rows."""
        return float(sum(float(value) for _, (value,) in self._evaluate(coordinates, "value")))

    def of_rows(self, coordinates: np.ndarray) -> np.ndarray:
        """Log-likelihood of one customer of each row."""
        return np.concatenate([by_row for _, (by_row,) in self._evaluate(coordinates, "rows")])

    def gradient(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-likelihood by cell, and its gradient, dims ``(coordinate, cell)``."""
        value, slope = np.zeros(self.cells), np.zeros((len(coordinates), self.cells))
        for of_cells, (by_cell, by_coordinate) in self._evaluate(coordinates, "slope"):
            value[of_cells] += by_cell
            slope[:, of_cells] += by_coordinate
        return value, slope

    def information(self, coordinates: np.ndarray) -> np.ndarray:
        """Observed information of each cell, minus the Hessian, dims ``(cell, coordinate, other)``.

        Cells do not interact, so that central differences of one gradient, a coordinate at a time, give every cell's block (PyTensor's own
        second derivative of the log-gamma function falls to object mode).
        """
        columns = []
        for k in range(len(coordinates)):
            step = np.zeros_like(coordinates)
            step[k] = STEP
            columns.append((self.gradient(coordinates - step)[1] - self.gradient(coordinates + step)[1]) / (2 * STEP))
        information = np.stack(columns).transpose(2, 0, 1)
        return np.asarray(0.5 * (information + information.swapaxes(1, 2)))

    def _evaluate(self, coordinates: np.ndarray, wanted: Wanted) -> list[tuple[slice, Any]]:
        self.passes += 1
        compiled = _compiled(self._model, self.clock, tuple(self.rows), wanted)

        def of_piece(piece: tuple[slice, tuple[np.ndarray, ...]]) -> tuple[slice, Any]:
            of_cells, arrays = piece
            return of_cells, compiled.call(np.ascontiguousarray(coordinates[:, of_cells]), *arrays)

        if len(self._pieces) == 1:
            return [of_piece(self._pieces[0])]
        with ThreadPoolExecutor(cpu_count()) as pool:
            return list(pool.map(of_piece, self._pieces))


def _piece(rows: Table, start: int) -> tuple[slice, tuple[np.ndarray, ...]]:
    """Some rows, their cells counted from the first one among them, and which cells these are."""
    part = {name: column[start : start + PIECE] for name, column in rows.items()}
    first, last = int(part["cell"][0]), int(part["cell"][-1])
    part["cell"] = part["cell"] - first
    tables = with_frequencies(part)
    return slice(first, last + 1), (*tables["row"].values(), *tables["frequency"].values())


def _type_of(column: str) -> Any:
    import pytensor.tensor as pt

    if column in ("cell", "frequency"):
        return pt.lvector
    return pt.dmatrix if column.endswith("_by_month") else pt.dvector


@cache
def _compiled(model: Model, clock: Clock, columns: tuple[str, ...], wanted: Wanted) -> Compiled:
    """Code for the value, or for the value by cell and its gradient, or for that of each row, of one piece."""
    import pytensor
    import pytensor.tensor as pt

    coordinates = pt.dmatrix("coordinates")
    names = {"row": (*columns, "frequency"), "frequency": ("cell", "x")}
    tables = {table: {name: _type_of(name)(f"{table}_{name}") for name in of_table} for table, of_table in names.items()}
    of_row = model.log_likelihood(coordinates, tables, clock)
    by_row = tables["row"]["weight"] * of_row
    inputs = [coordinates, *tables["row"].values(), *tables["frequency"].values()]
    if wanted == "rows":
        return compile_graph(inputs, [of_row])
    if wanted == "value":
        return compile_graph(inputs, [by_row.sum()])
    by_cell = pt.inc_subtensor(pt.zeros(coordinates.shape[1])[tables["row"]["cell"]], by_row)
    return compile_graph(inputs, [by_cell, pytensor.grad(by_row.sum(), wrt=coordinates)])
