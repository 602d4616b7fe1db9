"""How fast a clock runs in each draw of a fit, in the past and ahead: operational time from calendar time, and back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numba import njit

__all__ = ["STEADY_PACE", "Pace", "SteadyPace", "Ticking", "in_turns"]


class Ticking(Protocol):
    """A clock in each draw of a fit, as simulators need it."""

    def history(self, T: np.ndarray, by_month: np.ndarray, draws: int) -> np.ndarray:
        """Operational time of spans of the past, dims ``(customer, draw)``, from their length and its parts by month."""
        ...

    def ahead(self, starts: np.ndarray, horizon: float, draws: int, group: np.ndarray) -> np.ndarray:
        """Operational time between each customer's start after the valuation date and the horizon, dims ``(customer, draw)``.

        Customers of another `group` may have another pace ahead.
        """
        ...

    def calendar(self, elapsed: np.ndarray, draw: np.ndarray, starts: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Calendar time after the valuation date at which so much operational time has passed since a start; one entry an event."""
        ...

    def some(self, draws: Any) -> "Ticking":
        """The clock of some draws."""
        ...


@dataclass(frozen=True)
class SteadyPace:
    """Operational time is calendar time, in every draw."""

    def history(self, T: np.ndarray, by_month: np.ndarray, draws: int) -> np.ndarray:
        """`T`."""
        return np.asarray(np.repeat(T[:, None], draws, axis=1))

    def ahead(self, starts: np.ndarray, horizon: float, draws: int, group: np.ndarray) -> np.ndarray:
        """What is left of the horizon."""
        return np.asarray(np.repeat(horizon - starts[:, None], draws, axis=1))

    def calendar(self, elapsed: np.ndarray, draw: np.ndarray, starts: np.ndarray, group: np.ndarray) -> np.ndarray:
        """`starts + elapsed`."""
        return np.asarray(starts + elapsed)

    def some(self, draws: Any) -> "SteadyPace":
        """Itself."""
        return self


@dataclass(frozen=True)
class Pace:
    """A clock in the draws of a fit: how fast it runs in each month of the past, and ahead.

    Attributes
    ----------
    past : numpy.ndarray or None
        Pace in each month that spans of the past are parted into, dims ``(draw, month)``; one in all of them where None.
    edges : numpy.ndarray
        Ends of the months ahead, after the valuation date, in the customers' unit; the first is zero.
    ahead_by_month : numpy.ndarray
        Pace in each of them, dims ``(draw, month ahead)``; the last one goes on.
    of_group : numpy.ndarray
        What multiplies the pace ahead of customers of a group, dims ``(draw, group)``.
    """

    past: np.ndarray | None
    edges: np.ndarray
    ahead_by_month: np.ndarray
    of_group: np.ndarray

    def history(self, T: np.ndarray, by_month: np.ndarray, draws: int) -> np.ndarray:
        """Time in each month, dims ``(customer, month)``, times its pace."""
        return np.asarray(np.repeat(T[:, None], draws, axis=1) if self.past is None else by_month @ self.past.T)

    def ahead(self, starts: np.ndarray, horizon: float, draws: int, group: np.ndarray) -> np.ndarray:
        """Operational time from each customer's start until the horizon."""
        return np.asarray((self.passed(np.array([horizon])) - self.passed(starts)) * self.of_group.T[group])

    def some(self, draws: Any) -> "Pace":
        """Some of its draws."""
        return Pace(None if self.past is None else self.past[draws], self.edges, self.ahead_by_month[draws], self.of_group[draws])

    def calendar(self, elapsed: np.ndarray, draw: np.ndarray, starts: np.ndarray, group: np.ndarray) -> np.ndarray:
        """When so much operational time has passed since a start; one entry an event."""
        return np.asarray(_calendar(elapsed, draw, starts, group, self.edges, self.ahead_by_month, self._cumulative, self.of_group))

    def passed(self, times: np.ndarray) -> np.ndarray:
        """Operational time from the valuation date of customers without a pace of their group, dims ``(time, draw)``."""
        at = np.clip(np.searchsorted(self.edges, times, side="right") - 1, 0, len(self.edges) - 2)
        return np.asarray((self._cumulative[:, at] + (times - self.edges[at]) * self.ahead_by_month[:, at]).T)

    def moved(self, by_month: np.ndarray, by_group: np.ndarray) -> "Pace":
        """The same past, the pace ahead times `by_month`, dims ``(draw, month ahead)``, and with these paces of groups."""
        return replace(self, ahead_by_month=np.ascontiguousarray(self.ahead_by_month * by_month), of_group=by_group)

    @cached_property
    def _cumulative(self) -> np.ndarray:
        """Operational time until each edge, dims (draw, edge)."""
        passed = np.cumsum(self.ahead_by_month * np.diff(self.edges), axis=1)
        return np.concatenate([np.zeros((len(passed), 1)), passed], axis=1)


def in_turns(paces: Sequence[Pace]) -> Pace:
    """One pace whose draws are those of some in turn; all know the same months."""
    first = paces[0]

    def turns(name: str) -> np.ndarray:
        return np.stack([getattr(pace, name) for pace in paces], axis=1).reshape(-1, getattr(first, name).shape[1])

    return Pace(None if first.past is None else turns("past"), first.edges, turns("ahead_by_month"), turns("of_group"))


@njit(nogil=True, cache=True)
def _calendar(
    elapsed: np.ndarray,
    draw: np.ndarray,
    starts: np.ndarray,
    group: np.ndarray,
    edges: np.ndarray,
    pace: np.ndarray,
    cumulative: np.ndarray,
    of_group: np.ndarray,
) -> np.ndarray:
    time = np.empty(len(elapsed))
    last = len(edges) - 2
    for k in range(len(elapsed)):
        s = draw[k]
        due = elapsed[k] / of_group[s, group[k]]
        if starts[k] > 0.0:
            at = min(np.searchsorted(edges, starts[k], side="right") - 1, last)
            due += cumulative[s, at] + (starts[k] - edges[at]) * pace[s, at]
        at = min(np.searchsorted(cumulative[s], due, side="right") - 1, last)
        time[k] = edges[at] + (due - cumulative[s, at]) / pace[s, at]
    return time


STEADY_PACE = SteadyPace()
