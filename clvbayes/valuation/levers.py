"""What the base would be worth if customers left less often, ordered more often or spent more, from the same random numbers."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numba import njit

from clvbayes.inference.progress import track
from clvbayes.valuation.base import Base, Future, simulate, with_lever
from clvbayes.valuation.events import in_order
from clvbayes.valuation.levels import Levels

__all__ = ["LEVERS", "lever_arrays", "moved_values"]

LEVERS, LEVER_SIZES = ("churn", "rate", "spend"), (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)


def moved_values(everyone: Base, levels: Levels, base: np.ndarray, levers: Sequence[str], progress: bool) -> np.ndarray:
    """Value with each lever at each size, dims (draw, row, lever, size); `base`, of the valuation itself, has dims (draw, row).

    Value is linear in what multiplies all amounts: of `spend` one size is simulated.
    """
    value_at = np.empty((*base.shape, len(levers), len(LEVER_SIZES)))
    for k, lever in enumerate(levers):
        if lever == "spend":
            slope = (_moved_by(LEVER_SIZES[-1], everyone, levels, lever, progress, base.shape) - base) / (LEVER_SIZES[-1] - 1)
            value_at[:, :, k] = base[:, :, None] + slope[:, :, None] * (np.array(LEVER_SIZES) - 1)
            continue
        for place, factor in enumerate(LEVER_SIZES):
            if factor == 1:
                value_at[:, :, k, place] = base
                continue
            value_at[:, :, k, place] = _moved_by(factor, everyone, levels, lever, progress, base.shape)
    return value_at


def _moved_by(factor: float, everyone: Base, levels: Levels, lever: str, progress: bool, shape: tuple[int, ...]) -> np.ndarray:
    """Value with a lever at a size, dims (draw, row)."""
    moved, sums, of_contracts = with_lever(everyone, lever, factor), np.zeros(shape), np.zeros(shape)
    with track(f"Moving {lever} by {factor:g}", len(everyone), progress) as update:
        for rows, future in in_order(_simulated, moved.draws, moved, moved.memory):
            row_of = levels.row_of[:, rows]
            for events in () if future.orders is None else future.orders.events:
                _add_value(sums, row_of, events.customer, events.draw, events.value)
            if future.contract_values is not None:
                _add_values(of_contracts, row_of, future.contract_values)
            update(rows.stop, "")
    return sums + of_contracts


def _simulated(_: slice, part: Base) -> Future:
    return simulate(part)


def lever_arrays(value_at: np.ndarray, levers: Sequence[str], levels: Levels) -> dict[str, xr.DataArray]:
    if not levers:
        return {}
    coords = {"draw": np.arange(len(value_at)), "lever": list(levers), "size": list(LEVER_SIZES)}
    return {
        column: xr.DataArray(
            value_at[:, rows],
            dims=("draw", "level", "lever", "size"),
            coords={**coords, "level": levels.names[column]},
            name=column,
            attrs={"kind": "predictive"},
        )
        for column, rows in levels.of_columns().items()
    }


@njit(nogil=True, cache=True)
def _add_value(sums: np.ndarray, row_of: np.ndarray, customer: np.ndarray, draw: np.ndarray, value: np.ndarray) -> None:
    for k in range(len(customer)):
        for column in range(len(row_of)):
            sums[draw[k], row_of[column, customer[k]]] += value[k]


@njit(nogil=True, cache=True)
def _add_values(sums: np.ndarray, row_of: np.ndarray, values: np.ndarray) -> None:
    for i in range(values.shape[0]):
        for s in range(values.shape[1]):
            for column in range(len(row_of)):
                sums[s, row_of[column, i]] += values[i, s]
