"""Calendar time to the operational time in which customers buy. No other code may assume that one week is like another.

A clock turns a span of calendar time into the operational time that passes in it, and back. Death in the (M)BG/NBD happens only at
purchases, so that whole model lives in operational time (method: Lambda(t), the integral of a calendar effect). Today's clock is the
identity. Arguments may be NumPy arrays or PyTensor variables. `T` says when a customer was acquired: that long before the valuation date,
which is the same for all, so that a customer's statistics hold all that a clock needs to know.
"""

from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["STEADY", "Clock", "SteadyClock"]


class Clock(Protocol):
    """Maps spans of calendar time to operational time, both in the customers' unit. Clocks compare by value and can be hashed."""

    def elapsed(self, T: Any, start: Any, stop: Any) -> Any:
        """Operational time between ages `start` and `stop` of customers acquired `T` before the valuation date."""
        ...

    def ahead(self, elapsed: Any) -> Any:
        """Calendar time after the valuation date in which `elapsed` operational time passes: the inverse of `elapsed` from there."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class SteadyClock:
    """The identity: operational time is calendar time."""

    def elapsed(self, T: Any, start: Any, stop: Any) -> Any:
        """`stop - start`."""
        return stop - start

    def ahead(self, elapsed: Any) -> Any:
        """`elapsed`."""
        return elapsed


STEADY = SteadyClock()
