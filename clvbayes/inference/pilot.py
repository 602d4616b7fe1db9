"""A first look at the posterior: its mode given plausible spreads over levels, and how much the data say there.

The mode is where a coreset is corrected, where the chains start, and what decides in which variables they move. Coordinates of the cells
are a linear function of the population mean and the levels' deviations from it, so that Newton's steps take few numbers: gradient and
information of every cell by itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from clvbayes.inference.likelihood import Likelihood
from clvbayes.models.clock import Clock
from clvbayes.models.hierarchy import Cells, LevelEstimates
from clvbayes.models.priors import Priors

__all__ = ["Pilot", "clock_estimates", "find_mode", "learn_spreads", "level_estimates", "starting_values"]

# Newton's steps: some ten are needed from the prior's centre; the others stand for bases on which they need help.
MOST_STEPS = 100
LONGEST_STEP = 1.0  # in any coordinate
CONVERGED = 1e-3  # posterior standard deviations
MOST_HALVINGS = 30
SPREAD_ROUNDS = 5  # of EM: what is learned serves the sampler's variables only, and needs no second digit
LEAST_INFORMATION = 1e-9  # in any direction, so that the data's own estimate is a number
SMALLEST_SPREAD = 0.05  # of the prior's scale: what learning spreads may fall to


@dataclass(frozen=True)
class Pilot:
    """The posterior's mode given `spreads`, and what the data say there.

    Attributes
    ----------
    population : numpy.ndarray
        Dims ``(coordinate,)``.
    deviations : tuple of numpy.ndarray
        One a factor: its levels' deviations from the population mean, dims ``(coordinate, level)``.
    spreads : tuple of numpy.ndarray
        One a factor: the standard deviations over its levels that were assumed, dims ``(coordinate,)``.
    mode : numpy.ndarray
        The cells' coordinates, dims ``(coordinate, cell)``.
    gradient : numpy.ndarray
        Of the log-likelihood there, dims ``(coordinate, cell)``.
    value : numpy.ndarray
        Log-likelihood of each cell there.
    information : numpy.ndarray
        Observed information of the data there, without the priors, dims ``(cell, coordinate, other)``.
    converged : bool
    parts : numpy.ndarray
        What the clock's effects are made of, by its basis; empty for a steady one. In `mode`, `gradient` and `information` the effects are
        further coordinates, the same in every cell.
    part_spreads : tuple of float
        Their standard deviations that were assumed, one each of `Clock.spreads`.
    """

    population: np.ndarray
    deviations: tuple[np.ndarray, ...]
    spreads: tuple[np.ndarray, ...]
    mode: np.ndarray
    gradient: np.ndarray
    value: np.ndarray
    information: np.ndarray
    converged: bool
    clock: Clock
    parts: np.ndarray
    part_spreads: tuple[float, ...]

    @property
    def of_model(self) -> np.ndarray:
        """The information on the model's own coordinates, the clock's given."""
        own = len(self.population)
        return self.information[:, :own, :own]

    def level_information(self, cells: Cells) -> list[np.ndarray]:
        """One a factor: what the data say of each of its levels, all others given, dims ``(level, coordinate, other)``."""
        return [_positive(_by_level(self.of_model, factor.level_of_cell)) for factor in cells.factors]

    def part_information(self) -> np.ndarray:
        """What the data say of the clock's parts, all else given, dims ``(part, other)``."""
        own, basis = len(self.population), self.clock.basis
        return np.asarray(basis.T @ _positive(self.information[:, own:, own:].sum(axis=0)[None])[0] @ basis)

    def part_covariance(self) -> np.ndarray:
        """Posterior covariance of the clock's parts, all else given, dims ``(part, other)``."""
        return np.asarray(np.linalg.inv(self.part_information() + np.diag(_each_part(self.clock, self.part_spreads) ** -2.0)))

    def level_covariance(self, cells: Cells) -> list[np.ndarray]:
        """One a factor: posterior covariance of each of its levels, all others given, dims ``(level, coordinate, other)``."""
        return [
            np.linalg.inv(information + np.diag(spread**-2))
            for information, spread in zip(self.level_information(cells), self.spreads, strict=True)
        ]

    def level_sd(self, cells: Cells) -> list[np.ndarray]:
        """One a factor: the roots of their diagonals, dims ``(coordinate, level)``."""
        return [np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)).T for covariance in self.level_covariance(cells)]

    def sd(self, priors: Priors, cells: Cells) -> np.ndarray:
        """Posterior standard deviations of the cells' coordinates given the spreads, about, dims ``(coordinate, cell)``."""
        prior_precision = np.diag(np.array(priors.sd) ** -2.0)
        if not cells.factors:
            covariance = np.linalg.inv(_positive(self.of_model)[0] + prior_precision)
            return self._with_effects(np.sqrt(np.diagonal(covariance))[:, None])
        variance = np.zeros((len(self.population), cells.count))
        for k, (factor, information, covariance, spread) in enumerate(
            zip(cells.factors, self.level_information(cells), self.level_covariance(cells), self.spreads, strict=True)
        ):
            of_levels = np.diagonal(covariance, axis1=1, axis2=2).T
            if k == 0:  # what the population mean, uncertain itself, has in a level
                follows = covariance * spread**-2.0
                of_population = np.linalg.inv((information @ follows).sum(axis=0) + prior_precision)
                of_levels = of_levels + np.einsum("lij,jk,lik->il", follows, of_population, follows)
            variance += of_levels[:, factor.level_of_cell]
        return self._with_effects(np.sqrt(variance))

    def _with_effects(self, sd: np.ndarray) -> np.ndarray:
        if not len(self.parts):
            return sd
        of_effects = np.sqrt(np.einsum("ij,jk,ik->i", self.clock.basis, self.part_covariance(), self.clock.basis))
        return np.concatenate([sd, np.repeat(of_effects[:, None], sd.shape[1], axis=1)])


def find_mode(
    likelihood: Likelihood,
    cells: Cells,
    priors: Priors,
    spreads: tuple[np.ndarray, ...],
    start: Pilot | None = None,
    part_spreads: tuple[float, ...] | None = None,
) -> Pilot:
    """Damped Newton steps to the posterior's mode given the spreads, from the prior's centre or from where another pilot came to."""
    coordinates, clock = len(priors.mean), likelihood.clock
    part_spreads = tuple(spread.scale for spread in clock.spreads) if part_spreads is None else part_spreads
    design = _design(cells, coordinates, clock)
    centre = np.concatenate([priors.mean, np.zeros(design.shape[1] - coordinates)])
    sds = [np.array(priors.sd), *(np.repeat(spread, len(factor.levels)) for spread, factor in zip(spreads, cells.factors, strict=True))]
    precision = np.concatenate([*sds, _each_part(clock, part_spreads)]) ** -2.0
    at = centre if start is None else np.concatenate([start.population, *map(np.ravel, start.deviations), start.parts])

    def cells_of(at: np.ndarray) -> np.ndarray:
        return np.asarray((design @ at).reshape(-1, cells.count))

    def target(at: np.ndarray, value: np.ndarray) -> float:
        return float(value.sum() - 0.5 * (precision * (at - centre) ** 2).sum())

    value, slope = likelihood.gradient(cells_of(at))
    converged = False
    for _ in range(MOST_STEPS):
        information = likelihood.information(cells_of(at))
        # every curvature made positive, so that a step always leads uphill
        curvature = design.T @ _block_diagonal(_positive(information)) @ design + sparse.diags(precision)
        solve = splu(curvature.tocsc()).solve
        uphill = design.T @ slope.ravel() - precision * (at - centre)
        step = solve(uphill)
        converged = bool(step @ uphill < CONVERGED**2 * len(at))
        step *= min(1.0, LONGEST_STEP / max(np.abs(design @ step).max(), 1e-300))
        at, value, slope = _climb(likelihood, cells_of, target, at, step, value, slope)
        if converged:
            break
    population, *deviations, parts = np.split(at, np.cumsum([coordinates, *(coordinates * len(factor.levels) for factor in cells.factors)]))
    return Pilot(
        population=population,
        deviations=tuple(part.reshape(coordinates, -1) for part in deviations),
        spreads=spreads,
        mode=cells_of(at),
        gradient=slope,
        value=value,
        information=likelihood.information(cells_of(at)),
        converged=converged,
        clock=clock,
        parts=parts,
        part_spreads=part_spreads,
    )


def _climb(
    likelihood: Likelihood,
    cells_of: Callable[[np.ndarray], np.ndarray],
    target: Callable[[np.ndarray, np.ndarray], float],
    at: np.ndarray,
    step: np.ndarray,
    value: np.ndarray,
    slope: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The step, halved until it leads upwards; no step where none does."""
    before = target(at, value)
    for _ in range(MOST_HALVINGS):
        tried_value, tried_slope = likelihood.gradient(cells_of(at + step))
        if target(at + step, tried_value) >= before - 1e-12 * abs(before):
            return at + step, tried_value, tried_slope
        step = step / 2
    return at, value, slope


def learn_spreads(likelihood: Likelihood, cells: Cells, priors: Priors) -> Pilot:
    """A pilot with spreads over levels that fit the data: their modes given the levels' modes and uncertainties, a few rounds of EM."""
    spreads: tuple[np.ndarray, ...] = tuple(np.array(priors.scale) for _ in cells.factors)
    pilot = find_mode(likelihood, cells, priors, spreads)
    for _ in range(SPREAD_ROUNDS if cells.factors or likelihood.clock.spreads else 0):
        spreads = tuple(
            _spread(deviation, sd, np.array(priors.scale)) for deviation, sd in zip(pilot.deviations, pilot.level_sd(cells), strict=True)
        )
        pilot = find_mode(likelihood, cells, priors, spreads, start=pilot, part_spreads=_part_spreads(pilot))
    return pilot


def _part_spreads(pilot: Pilot) -> tuple[float, ...]:
    if not len(pilot.parts):
        return ()
    sd, starts = np.sqrt(np.diagonal(pilot.part_covariance())), np.cumsum([0, *(spread.parts for spread in pilot.clock.spreads)])
    return tuple(
        float(_spread(pilot.parts[None, first : first + parts], sd[None, first : first + parts], np.array([scale]))[0])
        for first, (_, scale, parts) in zip(starts[:-1], pilot.clock.spreads, strict=True)
    )


def _each_part(clock: Clock, part_spreads: tuple[float, ...]) -> np.ndarray:
    """Standard deviation of each part."""
    return np.repeat(part_spreads, [spread.parts for spread in clock.spreads]) if clock.spreads else np.zeros(0)


def _spread(deviation: np.ndarray, sd: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Where the posterior of a spread peaks: normal deviations of uncertain levels, a half-normal prior."""
    levels, squares = deviation.shape[1], (deviation**2 + sd**2).sum(axis=1)
    square = 0.5 * scale**2 * (np.sqrt(levels**2 + 4 * squares / scale**2) - levels)
    return np.asarray(np.maximum(np.sqrt(square), SMALLEST_SPREAD * scale))


def level_estimates(pilot: Pilot, cells: Cells) -> list[LevelEstimates]:
    """One a factor: what the data say of its levels, all else at the pilot's mode; where nothing is pooled, one of the population."""
    own = len(pilot.population)
    if not cells.factors:
        return [_estimates(_positive(pilot.of_model), pilot.gradient[:own].T, pilot.mode[:own].T)]
    found = []
    for k, (factor, information) in enumerate(zip(cells.factors, pilot.level_information(cells), strict=True)):
        if k == 0:
            # effects add up to zero in the model: what they have in common here is the levels'
            at = pilot.deviations[0].T + sum((deviation.mean(axis=1) for deviation in pilot.deviations[1:]), pilot.population)
        else:  # effects add up to zero whatever the sampler does only if the data say equally much of each
            at = (pilot.deviations[k] - pilot.deviations[k].mean(axis=1, keepdims=True)).T
            information = np.broadcast_to(information.mean(axis=0), information.shape)
        found.append(_estimates(information, _by_level(pilot.gradient[:own].T, factor.level_of_cell), at))
    return found


def clock_estimates(pilot: Pilot) -> LevelEstimates | None:
    """The same of a clock's parts, as of one level; None of a steady clock."""
    if not len(pilot.parts):
        return None
    slope = pilot.clock.basis.T @ pilot.gradient[len(pilot.population) :].sum(axis=1)
    found = _estimates(pilot.part_information()[None], slope[None], pilot.parts[None])
    told = min(len(pilot.parts), len(pilot.clock.effects))  # the data say nothing of more combinations than there are effects
    return LevelEstimates(np.ascontiguousarray(found.root[:, :, -told:]), found.seen[:, -told:])


def _estimates(information: np.ndarray, slope: np.ndarray, at: np.ndarray) -> LevelEstimates:
    """Of levels whose log-likelihood has this slope and information at a place, both with dims (level, coordinate)."""
    eigenvalues, vectors = np.linalg.eigh(information)
    size = np.sqrt(np.maximum(eigenvalues, LEAST_INFORMATION))
    root = vectors * size[:, None, :]
    return LevelEstimates(root, np.einsum("lij,li->lj", root, at) + np.einsum("lij,li->lj", vectors, slope) / size)


def starting_values(pilot: Pilot, cells: Cells, seed: int) -> dict[str, np.ndarray]:
    """A chain's start, by variable of `pooled_coordinates`: what is standard normal where the posterior is as the pilot says."""
    rng = np.random.default_rng(seed)
    coordinates = len(pilot.population)
    values = {"population_free": rng.standard_normal(coordinates)}
    for k, (factor, spread) in enumerate(zip(cells.factors, pilot.spreads, strict=True)):
        levels = len(factor.levels)
        values[f"{factor.dim}_scale"] = spread * np.exp(rng.standard_normal(coordinates) / math.sqrt(2 * levels))
        free = rng.standard_normal((coordinates, levels))
        values[f"{factor.dim}_free"] = free if k == 0 else free - free.mean(axis=1, keepdims=True)
    for (name, _, parts), part_spread in zip(pilot.clock.spreads, pilot.part_spreads, strict=True):
        values[name] = np.array(part_spread * np.exp(rng.standard_normal() / math.sqrt(2 * parts)))
    if len(pilot.parts):
        values["clock_free"] = rng.standard_normal(len(pilot.parts))
    return values


def _design(cells: Cells, coordinates: int, clock: Clock) -> sparse.csr_array:
    """The cells' coordinates as a linear function of the population mean, the deviations, each raveled coordinate first, and the clock's
    parts."""
    blocks = [np.zeros(cells.count, dtype=np.int64), *(factor.level_of_cell for factor in cells.factors)]
    of_cells = [sparse.csr_array((np.ones(cells.count), (np.arange(cells.count), level))) for level in blocks]
    of_model = sparse.hstack([sparse.kron(sparse.eye_array(coordinates), block) for block in of_cells])
    if not clock.effects:
        return sparse.csr_array(of_model)
    return sparse.csr_array(sparse.block_diag([of_model, np.repeat(clock.basis, cells.count, axis=0)]))


def _block_diagonal(information: np.ndarray) -> sparse.csr_array:
    """Blocks of the cells, dims (cell, coordinate, other), as one matrix of the raveled (coordinate, cell)."""
    cells, coordinates, _ = information.shape
    place = np.arange(coordinates)[:, None] * cells + np.arange(cells)
    rows = np.broadcast_to(place[:, None, :], (coordinates, coordinates, cells))
    columns = np.broadcast_to(place[None, :, :], (coordinates, coordinates, cells))
    return sparse.csr_array((information.transpose(1, 2, 0).ravel(), (rows.ravel(), columns.ravel())))


def _positive(information: np.ndarray) -> np.ndarray:
    """Symmetric blocks with the sizes of their eigenvalues in place of these."""
    eigenvalues, vectors = np.linalg.eigh(information)
    return np.asarray(np.einsum("cij,cj,ckj->cik", vectors, np.abs(eigenvalues), vectors))


def _by_level(of_cells: np.ndarray, level_of_cell: np.ndarray) -> np.ndarray:
    """Sums over the cells of each level."""
    summed = np.zeros((level_of_cell.max() + 1, *of_cells.shape[1:]))
    np.add.at(summed, level_of_cell, of_cells)
    return summed
