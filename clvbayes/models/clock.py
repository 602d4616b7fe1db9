"""Calendar time to the operational time in which customers buy. No other code may assume that one week is like another.

A clock turns a span of calendar time into the operational time that passes in it, and back. Death in the (M)BG/NBD happens only at
purchases, so that whole model lives in operational time: Lambda(t), the integral of a calendar effect. With a seasonal clock an hour of
January lasts exp(effect of January) hours. A customer was acquired T before the valuation date, which is the same for all, so that
statistics hold all that a clock needs to know: rows of the same T and t_x stay one row. The effects are further coordinates, the same in
every cell, after those of the model; they add up to zero over the year.

Likelihood, beside that of the model in operational time: each purchase has the density of its month, so that the log-likelihood has a
term n_m s_m for the n_m repeat purchases in months m. Which customers made them does not matter: a row has its x times the base's shares
of months.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy.linalg import helmert

from clvbayes.data import Customers, month_shares, time_by_month
from clvbayes.errors import DataError

if TYPE_CHECKING:
    from clvbayes.models.protocol import Table

__all__ = ["CLOCKS", "MONTHS", "MONTH_BASIS", "MONTH_SCALE", "SEASONAL", "STEADY", "Clock", "SeasonalClock", "SteadyClock"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_SCALE = 0.5  # of the half-normal prior of the spread of month effects
MONTH_BASIS = helmert(len(MONTHS)).T  # orthonormal columns: effects that add up to zero


class Clock(Protocol):
    """Maps spans of calendar time to operational time, both in the customers' unit. Clocks compare by value and can be hashed."""

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """Name in settings."""
        ...

    @property
    def effects(self) -> tuple[str, ...]:
        """Names of its coordinates, which follow the model's."""
        ...

    def columns(self, rows: "Table", customers: Customers) -> "Table":
        """Further columns of rows that the clock needs."""
        ...

    def operational(self, rows: Any, name: str, coordinates: Any) -> Any:
        """Operational time from acquisition until `T` or `t_x`, by row."""
        ...

    def log_intensity(self, rows: Any, coordinates: Any) -> Any:
        """Log of the pace of the clock at each of a row's repeat purchases, summed, by row."""
        ...


@dataclass(frozen=True)
class SteadyClock:
    """The identity: operational time is calendar time."""

    name: str = "steady"
    effects: tuple[str, ...] = ()

    def columns(self, rows: "Table", customers: Customers) -> "Table":
        """None."""
        return {}

    def operational(self, rows: Any, name: str, coordinates: Any) -> Any:
        """As it is."""
        return rows[name]

    def log_intensity(self, rows: Any, coordinates: Any) -> Any:
        """Zero."""
        return 0.0

    def elapsed(self, T: Any, start: Any, stop: Any) -> Any:
        """`stop - start`."""
        return stop - start

    def ahead(self, elapsed: Any) -> Any:
        """`elapsed`."""
        return elapsed


@dataclass(frozen=True)
class SeasonalClock:
    """Every month of the year has its own pace, the same in every year."""

    name: str = "seasonal"
    effects: tuple[str, ...] = MONTHS

    def columns(self, rows: "Table", customers: Customers) -> "Table":
        """`T_by_month` and `t_x_by_month`, the time that passed in each month of the year, and `x_by_month`, dims ``(row, month)``.

        Raises
        ------
        DataError
            If the orders' dates are not known.
        """
        if customers.until is None or customers.history.empty:
            raise DataError("a seasonal clock needs the dates of orders, which an RFM frame does not have: use the steady clock")
        T, t_x = rows["T"], rows["t_x"]
        return {
            "T_by_month": time_by_month(customers.until, customers.unit, T, np.zeros_like(T)),
            "t_x_by_month": time_by_month(customers.until, customers.unit, T, T - t_x),
            "x_by_month": rows["x"][:, None] * month_shares(customers),
        }

    def operational(self, rows: Any, name: str, coordinates: Any) -> Any:
        """Time in each month of the year, times its pace."""
        import pytensor.tensor as pt

        pace = pt.exp(coordinates[-len(MONTHS) :]).T
        return (rows[f"{name}_by_month"] * pace[rows["cell"]]).sum(axis=1)

    def log_intensity(self, rows: Any, coordinates: Any) -> Any:
        """Purchases in each month of the year, times its effect."""
        return (rows["x_by_month"] * coordinates[-len(MONTHS) :].T[rows["cell"]]).sum(axis=1)


STEADY, SEASONAL = SteadyClock(), SeasonalClock()
CLOCKS: dict[str, Clock] = {clock.name: clock for clock in (STEADY, SEASONAL)}
