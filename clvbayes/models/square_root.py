"""Covariances of normal coordinates, by their square roots, given linear observations of them: a PyTensor operation with its gradient.

As a graph of PyTensor's own operations it would run at a tenth of the speed and take a minute to compile. Import it where a graph is made,
not at the top of a module: PyTensor takes a second to import.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key
from pytensor.tensor import as_tensor_variable, scalar, tensor

__all__ = ["posterior_root"]


def posterior_root(sd: Any, observed: Any) -> tuple[Any, Any]:
    """Roots of the covariances of independent normals given observations of variance one.

    By Potter's updates, one an observation (Kaminski, Bryson & Schmidt 1971, IEEE Transactions on Automatic Control 16, section III): no
    factorization that could fail, and exact where an observation says nothing.

    Parameters
    ----------
    sd : TensorVariable
        Prior standard deviations, dims ``(coordinate,)``, the same for all levels.
    observed : TensorVariable
        What each observation is a sum of, dims ``(level, coordinate, observation)``.

    Returns
    -------
    root : TensorVariable
        Dims ``(level, coordinate, other)``: ``root @ root.T`` is the inverse of ``diag(sd**-2) + observed @ observed.T``.
    log_volume : TensorVariable
        Sum over levels of the log-determinants of the roots, less those of ``diag(sd)``.
    """
    return PosteriorRoot()(sd, observed)  # type: ignore[return-value]


@njit(cache=True)
def _roots(sd: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    levels, coordinates, observations = observed.shape
    roots = np.empty((levels, coordinates, coordinates))
    log_volume = 0.0
    for level in range(levels):
        roots[level] = np.diag(sd)
        for k in range(observations):
            seen, variance = _seen(roots[level], observed[level, :, k])
            gain = 1 / (variance + np.sqrt(variance))
            for i in range(coordinates):
                step = gain * _dot(roots[level, i], seen)
                for j in range(coordinates):
                    roots[level, i, j] -= step * seen[j]
            log_volume -= 0.5 * np.log(variance)
    return roots, np.array(log_volume)


@njit(cache=True)
def _dot(one: np.ndarray, other: np.ndarray) -> float:
    total = 0.0
    for k in range(len(one)):
        total += one[k] * other[k]
    return total


@njit(cache=True)
def _seen(root: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, float]:
    seen = np.zeros(len(observed))
    for i in range(len(observed)):
        if observed[i] != 0.0:
            for j in range(len(observed)):
                seen[j] += root[i, j] * observed[i]
    return seen, 1 + _dot(seen, seen)


@njit(cache=True)
def _slopes(sd: np.ndarray, observed: np.ndarray, root_slope: np.ndarray, volume_slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of a scalar by `sd` and `observed`, from its slopes by the results: the updates in reverse."""
    levels, coordinates, observations = observed.shape
    sd_slope, observed_slope = np.zeros(coordinates), np.empty_like(observed)
    before = np.empty((observations + 1, coordinates, coordinates))
    for level in range(levels):
        before[0] = np.diag(sd)
        for k in range(observations):
            seen, variance = _seen(before[k], observed[level, :, k])
            gain = 1 / (variance + np.sqrt(variance))
            for i in range(coordinates):
                step = gain * _dot(before[k, i], seen)
                for j in range(coordinates):
                    before[k + 1, i, j] = before[k, i, j] - step * seen[j]
        slope = root_slope[level].copy()
        for k in range(observations - 1, -1, -1):
            seen, variance = _seen(before[k], observed[level, :, k])
            deviation = np.sqrt(variance)
            gain = 1 / (variance + deviation)
            # after = before - gain * outer(moved, seen), where moved = before @ seen
            seen_slope, gain_slope = np.zeros(coordinates), 0.0
            for i in range(coordinates):
                moved, towards = _dot(before[k, i], seen), _dot(slope[i], seen)
                gain_slope -= moved * towards
                for j in range(coordinates):
                    seen_slope[j] -= gain * (moved * slope[i, j] + towards * before[k, i, j])
            for i in range(coordinates):
                towards = _dot(slope[i], seen)
                for j in range(coordinates):
                    slope[i, j] -= gain * towards * seen[j]
            # gain = 1 / (variance + sqrt(variance)), variance = 1 + seen @ seen, log_volume -= log(variance) / 2
            variance_slope = -gain_slope * gain**2 * (1 + 0.5 / deviation) - 0.5 * volume_slope / variance
            for j in range(coordinates):
                seen_slope[j] += 2 * variance_slope * seen[j]
            # seen = before.T @ observed
            for i in range(coordinates):
                observed_slope[level, i, k] = _dot(before[k, i], seen_slope)
                for j in range(coordinates):
                    slope[i, j] += observed[level, i, k] * seen_slope[j]
        sd_slope += np.diag(slope)
    return sd_slope, observed_slope


class PosteriorRoot(Op):
    """`posterior_root` in a graph."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """A node of the graph."""
        sd, observed = map(as_tensor_variable, inputs)
        root = tensor("root", dtype="float64", shape=(observed.type.shape[0], None, None))
        return Apply(self, [sd, observed], [root, scalar("log_volume", dtype="float64")])

    def perform(self, node: Apply, inputs: Sequence[np.ndarray], outputs: Sequence[list[Any]]) -> None:
        """Fill in the results."""
        for result, value in zip(outputs, _roots(*inputs), strict=True):
            result[0] = value

    def pullback(self, inputs: Sequence[Any], outputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
        """Slopes by the inputs."""
        slopes = [
            output.zeros_like() if isinstance(slope.type, DisconnectedType) else slope
            for output, slope in zip(outputs, cotangents, strict=True)
        ]
        return PosteriorRootSlopes()(*inputs, *slopes)  # type: ignore[return-value]


class PosteriorRootSlopes(Op):
    """Slopes of a scalar by the inputs of `PosteriorRoot`, from those by its outputs."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """A node of the graph."""
        sd, observed, _, _ = inputs
        return Apply(self, list(inputs), [sd.type(), observed.type()])

    def perform(self, node: Apply, inputs: Sequence[np.ndarray], outputs: Sequence[list[Any]]) -> None:
        """Fill in the results."""
        for result, value in zip(outputs, _slopes(*inputs), strict=True):
            result[0] = value


@register_funcify_default_op_cache_key(PosteriorRoot)
def _compiled_roots(op: Op, node: Apply, **_: Any) -> Any:
    return _roots


@register_funcify_default_op_cache_key(PosteriorRootSlopes)
def _compiled_slopes(op: Op, node: Apply, **_: Any) -> Any:
    return _slopes
