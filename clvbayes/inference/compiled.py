"""PyTensor graphs as machine code that runs beside other threads, compiled once a machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Compiled", "compile_graph"]


@dataclass(frozen=True)
class Compiled:
    """Machine code of a graph.

    Attributes
    ----------
    call : callable
        Takes the arrays of the inputs, then those of the data, and returns the outputs; it holds no lock while it runs.
    data : tuple of str
        Names of the graph's data (shared variables), in the order in which `call` takes them.
    """

    call: Callable[..., Any]
    data: tuple[str, ...]


def compile_graph(inputs: Sequence[Any], outputs: Sequence[Any]) -> Compiled:
    """Compile a graph with Numba, for arrays in C order. PyTensor's cache on disk keeps the code, so that another process only loads it.

    nutpie's own way of taking a PyMC model compiles a wrapper of it that no cache keeps: eight seconds and more in each process, against
    one and a half.
    """
    import numba
    import pymc as pm
    from pytensor import config

    # With fast maths code that was just compiled and the same code loaded from the cache round differently, and so draw differently from
    # the same seed: of functions that both hold, a process takes the ones that it has in memory. Without, they are alike, and as fast.
    with config.change_flags(numba__fastmath=False):
        function: Any = pm.compile(list(inputs), list(outputs), mode="NUMBA", on_unused_input="ignore")
        data = function.get_shared()
        # the same function once more, but let go of Python's lock
        call = numba.njit(nogil=True, cache=True)(function.vm.jit_fn.py_func)
        arrays = [numba.types.Array(numba.from_dtype(np.dtype(array.dtype)), array.ndim, "C") for array in (*inputs, *data)]
        call.compile((numba.types.BaseTuple.from_types(arrays),))  # type: ignore[no-untyped-call]
    return Compiled(call, tuple(variable.name for variable in data))
