"""Random numbers that belong to one customer and one draw, whatever else is simulated around them.

Each stream is a SplitMix64 generator (Steele, Lea & Flood 2014) whose start is a hash of (seed, customer, draw, purpose), so that neither
batches, threads nor other customers change a customer's future. The state is one word; the functions here are compiled by Numba and take
it as an array of length one. NumPy's generators cannot be restarted millions of times a second.
"""

import hashlib
import math
from collections.abc import Iterable

import numpy as np
from numba import njit

__all__ = ["customer_keys", "exponential", "log_gamma_variate", "open_stream", "uniform"]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S30, S27, S31, S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)


def customer_keys(customer_ids: Iterable[str]) -> np.ndarray:
    """A 64-bit key of each customer id, the same on every machine."""
    return np.array([int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) for name in customer_ids], dtype=np.uint64)


@njit(inline="always")
def _mix(word: np.uint64) -> np.uint64:
    word = (word ^ (word >> S30)) * MIX_1
    word = (word ^ (word >> S27)) * MIX_2
    return word ^ (word >> S31)


@njit(inline="always")
def open_stream(state: np.ndarray, seed: int, customer_key: np.uint64, draw: int, purpose: int) -> None:
    """Set `state` to the start of the stream of a customer and draw; each `purpose` has its own."""
    word = _mix(np.uint64(seed) + GOLDEN)
    word = _mix(word ^ customer_key)
    word = _mix(word + GOLDEN * np.uint64(draw + 1))
    state[0] = _mix(word + GOLDEN * np.uint64(purpose + 1))


@njit(inline="always")
def uniform(state: np.ndarray) -> float:
    """A number in (0, 1), never 0 or 1."""
    state[0] += GOLDEN
    return (np.float64(_mix(state[0]) >> S12) + 0.5) * (1.0 / 4503599627370496.0)


@njit(inline="always")
def exponential(state: np.ndarray) -> float:
    """A standard exponential variate."""
    return -math.log(uniform(state))


@njit
def normal(state: np.ndarray) -> float:
    """A standard normal variate (Marsaglia's polar method)."""
    while True:
        u, v = 2.0 * uniform(state) - 1.0, 2.0 * uniform(state) - 1.0
        s = u * u + v * v
        if 0.0 < s < 1.0:
            return u * math.sqrt(-2.0 * math.log(s) / s)


@njit
def log_gamma_variate(state: np.ndarray, shape: float) -> float:
    """The logarithm of a gamma variate of unit rate (Marsaglia & Tsang 2000), finite for the smallest shapes too."""
    boost = 0.0
    if shape < 1.0:
        boost = math.log(uniform(state)) / shape
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal(state)
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            if math.log(uniform(state)) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
                return math.log(d * v) + boost
