"""A first look at the posterior: the mode of every cell by itself, and how much the data say there."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clvbayes.data import Customers
from clvbayes.models.clock import Clock
from clvbayes.models.hierarchy import Cells
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Model

__all__ = ["Pilot", "find_pilot", "informed_levels"]

STEP = 1e-4  # of the central differences; the error is of its square
MOST_STEPS = 60
LONGEST_STEP = 1.0  # in any coordinate
CONVERGED = 1e-5

Gradient = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Pilot:
    """Mode of each cell under an independent normal prior.

    Attributes
    ----------
    mode : numpy.ndarray
        Dims ``(coordinate, cell)``.
    information : numpy.ndarray
        Observed information of the data at the mode, without the prior, dims ``(cell, coordinate, coordinate)``.
    """

    mode: np.ndarray
    information: np.ndarray


def find_pilot(model: Model, customers: Customers, cells: Cells, priors: Priors, clock: Clock) -> Pilot:
    """Damped Newton steps from the prior's centre, all cells at once.

    Cells do not interact in the likelihood, so that central differences of one gradient, a coordinate at a time, give every cell's Hessian
    block (PyTensor's own second derivative of the log-gamma function falls to object mode).
    """
    gradient = _compiled_gradient(model, customers, cells, clock)
    precision = 1 / (np.square(priors.sd) + max(len(cells.factors), 1) * np.square(priors.scale))
    centre = np.repeat(np.array(priors.mean)[:, None], cells.count, axis=1)

    def target(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = gradient(at)
        off = at - centre
        return value - 0.5 * (precision[:, None] * off**2).sum(axis=0), slope - precision[:, None] * off

    mode, damping = centre.copy(), np.full(cells.count, 1e-3)
    value, slope = target(mode)
    for _ in range(MOST_STEPS):
        curvature = _information(gradient, mode) + np.diag(precision)
        eigenvalues, vectors = np.linalg.eigh(curvature)
        # Newton's direction with every curvature made positive, so that it always leads uphill
        stiff = np.maximum(np.abs(eigenvalues), 1e-6) * (1 + damping[:, None])
        step = np.einsum("cij,cj->ic", vectors, np.einsum("cij,ic->cj", vectors, slope) / stiff)
        step *= np.minimum(1.0, LONGEST_STEP / np.maximum(np.abs(step).max(axis=0), 1e-300))
        tried_value, tried_slope = target(mode + step)
        better = tried_value >= value - 1e-9 * np.abs(value)
        mode = np.where(better, mode + step, mode)
        value, slope = np.where(better, tried_value, value), np.where(better, tried_slope, slope)
        damping = np.where(better, damping / 10, np.maximum(damping, 0.1) * 10)
        if np.abs(step).max() < CONVERGED:
            break
    return Pilot(mode, _information(gradient, mode))


def informed_levels(pilot: Pilot, cells: Cells, priors: Priors) -> list[np.ndarray]:
    """For each factor, dims ``(coordinate, level)``: whether the data hold more than half of a level's information on a coordinate.

    The hierarchy is taken to give each coordinate the precision of a spread of the prior's scale.
    """
    informed = []
    for factor in cells.factors:
        information = np.zeros((len(factor.levels), *pilot.information.shape[1:]))
        np.add.at(information, factor.level_of_cell, pilot.information)
        eigenvalues, vectors = np.linalg.eigh(information)
        information = np.einsum("lij,lj,lkj->lik", vectors, np.maximum(eigenvalues, 0.0), vectors)
        variance = np.linalg.inv(information + np.diag(1 / np.square(priors.scale)))
        informed.append((np.diagonal(variance, axis1=1, axis2=2) < 0.5 * np.square(priors.scale)).T)
    return informed


def _information(gradient: Gradient, at: np.ndarray) -> np.ndarray:
    columns = []
    for k in range(len(at)):
        step = np.zeros_like(at)
        step[k] = STEP
        columns.append((gradient(at - step)[1] - gradient(at + step)[1]) / (2 * STEP))
    information = np.stack(columns).transpose(2, 0, 1)
    return 0.5 * (information + information.swapaxes(1, 2))


def _compiled_gradient(model: Model, customers: Customers, cells: Cells, clock: Clock) -> Gradient:
    """A function of coordinates, dims (coordinate, cell), that returns log-likelihood by cell and its gradient."""
    import pytensor
    import pytensor.tensor as pt

    tables = model.rows(customers, cells)
    data = {table: {name: pytensor.shared(column, name=name) for name, column in columns.items()} for table, columns in tables.items()}
    coordinates = pt.matrix("coordinates")
    by_row = data["row"]["weight"] * model.log_likelihood(coordinates, data, clock)
    by_cell = pt.inc_subtensor(pt.zeros(cells.count)[data["row"]["cell"]], by_row)
    function: Gradient = pytensor.function([coordinates], [by_cell, pytensor.grad(by_row.sum(), coordinates)])
    return function
