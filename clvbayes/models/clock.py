"""What the whole base's purchases run by: operational time. No other code may assume that one week is like another.

A clock turns a span of calendar time into the operational time that passes in it. Death in the (M)BG/NBD happens only at purchases, so
that whole model lives in operational time: Lambda(t), the integral of a calendar effect. With a seasonal clock an hour of January lasts
exp(effect of January) hours. A customer was acquired T before the valuation date, which is the same for all, so that statistics hold all
that a clock needs to know: rows of the same T and t_x stay one row. The effects are further coordinates, the same in every cell, after
those of the model.

A clock with a level has an effect for every month of the history: that of its month of the year, a random walk, and noise of its own
(aggregate study 5, layer 2). The months ahead go on from where the walk has come to: what has moved the whole base will move it again.

Likelihood, beside that of the model in operational time: each purchase has the density of its month, so that the log-likelihood has a
term n_m s_m for the n_m repeat purchases in months m. Which customers made them does not matter: a row has its x times the base's shares
of months.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import xarray as xr
from scipy.linalg import helmert

from clvbayes.data import Customers
from clvbayes.errors import DataError
from clvbayes.models.months import MONTHS, month_shares, months_seen, time_by_month

if TYPE_CHECKING:
    from clvbayes.models.protocol import Table

__all__ = ["LEVEL", "MONTH_BASIS", "SEASON", "SEASONAL", "STEADY", "Clock", "LevelClock", "SeasonalClock", "Spread", "SteadyClock"]

MONTH_BASIS = helmert(len(MONTHS)).T  # orthonormal columns: effects that add up to zero
# Months of history. What a draw takes grows with the third power, and longer histories do without: on seven years of a retailer forecasts
# from 39, 42 and 45 months were nearer without the level, whose noise is that of the first years.
LONGEST_LEVEL = 36


class Spread(NamedTuple):
    """So many independent parts of a clock's effects with one standard deviation, which has a half-normal prior of this scale."""

    name: str
    scale: float
    parts: int


SEASON = Spread("season_scale", 0.5, MONTH_BASIS.shape[1])
WALK_SCALE, NOISE_SCALE = 0.07, 0.2  # a month; halved or doubled, bands on four real sets held about as often (aggregate study 3)


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

    @property
    def variable(self) -> str:
        """Name of the effects in the posterior."""
        ...

    @property
    def dim(self) -> str:
        """Name of their dimension."""
        ...

    @property
    def spreads(self) -> tuple[Spread, ...]:
        """The parts that its effects are made of."""
        ...

    @property
    def basis(self) -> np.ndarray:
        """Its effects are this times the parts, dims ``(effect, part)``."""
        ...

    def over(self, customers: Any, /) -> "Clock":
        """The clock over these customers' history; a steady one needs none.

        Raises
        ------
        DataError
            If the history is too long for it, or needs dates and has none.
        """
        ...

    def columns(self, rows: "Table", customers: Any, /) -> "Table":
        """Further columns of rows that the clock needs."""
        ...

    def spans(self, customers: Customers, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """How much of spans of the past each effect has, dims ``(span, effect)``; `start` and `stop` are counted back."""
        ...

    def operational(self, rows: Any, name: str, coordinates: Any) -> Any:
        """Operational time from acquisition until `T` or `t_x`, by row."""
        ...

    def log_intensity(self, rows: Any, coordinates: Any) -> Any:
        """Log of the pace of the clock at each of a row's repeat purchases, summed, by row."""
        ...

    def shared(self, effects: Any) -> "Clock":
        """The same clock where its effects are known to be the same in all cells, dims ``(effect,)``: quicker."""
        ...

    def declare(self, parts: Any) -> None:
        """Declare what else the parts make in the current PyMC model."""
        ...

    def foreseen(self, posterior: xr.Dataset, months: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Log pace of months ahead, dims ``(draw, month ahead)``; `months` are their months of the year, from zero."""
        ...


@dataclass(frozen=True)
class SteadyClock:
    """The identity: operational time is calendar time."""

    name: str = "steady"
    effects: tuple[str, ...] = ()
    variable: str = ""
    dim: str = ""
    spreads: tuple[Spread, ...] = ()

    @property
    def basis(self) -> np.ndarray:
        """Of nothing."""
        return np.zeros((0, 0))

    def over(self, customers: Any) -> "SteadyClock":
        """Itself."""
        return self

    def columns(self, rows: "Table", customers: Any) -> "Table":
        """None."""
        return {}

    def spans(self, customers: Customers, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """None."""
        return np.zeros((len(start), 0))

    def operational(self, rows: Any, name: str, coordinates: Any) -> Any:
        """As it is."""
        return rows[name]

    def log_intensity(self, rows: Any, coordinates: Any) -> Any:
        """Zero."""
        return 0.0

    def shared(self, effects: Any) -> "SteadyClock":
        """Itself."""
        return self

    def declare(self, parts: Any) -> None:
        """Nothing."""

    def foreseen(self, posterior: xr.Dataset, months: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Zero."""
        return np.zeros((posterior.sizes["sample"], len(months)))


class _ByMonth:
    """What clocks have in common whose effects are those of months: the last coordinates."""

    effects: tuple[str, ...]
    same_in_all_cells: Any

    def columns(self, rows: "Table", customers: Customers) -> "Table":
        """`T_by_month` and `t_x_by_month`, the time that passed in each month, and `x_by_month`, dims ``(row, month)``."""
        T, t_x = rows["T"], rows["t_x"]
        return {
            "T_by_month": self.spans(customers, T, np.zeros_like(T)),
            "t_x_by_month": self.spans(customers, T, T - t_x),
            "x_by_month": rows["x"][:, None] * month_shares(customers, self._history),
        }

    def spans(self, customers: Customers, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Time in each month."""
        assert customers.until is not None
        return time_by_month(customers.until, customers.unit, start, stop, self._history)

    def operational(self, rows: Any, name: str, coordinates: Any) -> Any:
        """Time in each month, times its pace."""
        import pytensor.tensor as pt

        if self.same_in_all_cells is not None:
            return (rows[f"{name}_by_month"] * pt.exp(self.same_in_all_cells)).sum(axis=1)
        pace = pt.exp(coordinates[-len(self.effects) :]).T
        return (rows[f"{name}_by_month"] * pace[rows["cell"]]).sum(axis=1)

    def log_intensity(self, rows: Any, coordinates: Any) -> Any:
        """Purchases in each month, times its effect."""

        if self.same_in_all_cells is not None:
            return (rows["x_by_month"] * self.same_in_all_cells).sum(axis=1)
        return (rows["x_by_month"] * coordinates[-len(self.effects) :].T[rows["cell"]]).sum(axis=1)

    def shared(self, effects: Any) -> Any:
        """The clock with these effects, whatever the coordinates of single cells say."""
        return replace(self, same_in_all_cells=effects)  # type: ignore[type-var]

    @property
    def _history(self) -> int | None:
        """Months of history, or None where the effects are those of months of the year."""
        return None


@dataclass(frozen=True)
class SeasonalClock(_ByMonth):
    """Every month of the year has its own pace, the same in every year."""

    name: str = "seasonal"
    effects: tuple[str, ...] = MONTHS
    variable: str = "season"
    dim: str = "month"
    same_in_all_cells: Any = field(default=None, compare=False, repr=False)
    spreads: tuple[Spread, ...] = (SEASON,)

    @property
    def basis(self) -> np.ndarray:
        """Effects add up to zero over the year."""
        return MONTH_BASIS

    def over(self, customers: Customers) -> "SeasonalClock":
        """Itself, where dates are known."""
        _require_dates(customers, "a season")
        return self

    def declare(self, parts: Any) -> None:
        """Nothing."""

    def foreseen(self, posterior: xr.Dataset, months: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """As in every year."""
        return np.asarray(posterior["season"].transpose("sample", "month").to_numpy()[:, months])


@dataclass(frozen=True)
class LevelClock(_ByMonth):
    """Every month of the history has its own pace: that of its month of the year, a random walk's, and noise.

    Attributes
    ----------
    months : int
        Whole years of months, the last one with the valuation date: so many shapes of code are compiled.
    seen, last : int
        How many of them have data, and the month of the year of the last one, from zero. They are data, no part of the clock's code.
    share : numpy.ndarray
        Of the repeat orders, by month: effects are relative to the mean over these, so that the rate is that of a mean order. A walk and a
        rate that both were free to move as one are told apart by nothing, and the sampler would find no end.
    """

    months: int = 0
    seen: int = field(default=0, compare=False)
    last: int = field(default=0, compare=False)
    share: np.ndarray = field(default_factory=lambda: np.zeros(0), compare=False)
    name: str = "level"
    variable: str = "pace"
    dim: str = "bin"
    same_in_all_cells: Any = field(default=None, compare=False, repr=False)

    @property
    def effects(self) -> tuple[str, ...]:  # type: ignore[override]
        """Months, counted back from the valuation date."""
        return tuple(f"{k}" for k in range(1 - self.months, 1))

    @property
    def spreads(self) -> tuple[Spread, ...]:
        """Season, walk and noise."""
        return (SEASON, Spread("walk_scale", WALK_SCALE, self.months), Spread("noise_scale", NOISE_SCALE, self.months))

    @property
    def basis(self) -> np.ndarray:
        """Season, walk and noise, less their mean over the orders."""
        free = self._free
        return np.asarray(free - self.share @ free)

    @property
    def _used(self) -> np.ndarray:
        """Which of the months have data."""
        return np.asarray(np.arange(self.months) >= self.months - self.seen)

    @property
    def _free(self) -> np.ndarray:
        """Months without data have noise alone: the walk begins with the data."""
        used = self._used[:, None]
        season = MONTH_BASIS[(self.last - np.arange(self.months)[::-1]) % len(MONTHS)] * used
        walk = np.tril(np.ones((self.months, self.months))) * used * used.T
        return np.concatenate([season, walk, np.eye(self.months)], axis=1)

    def over(self, customers: Customers) -> "LevelClock":
        """The clock with its months."""
        until = _require_dates(customers, "a level")
        seen = months_seen(customers)
        if seen > LONGEST_LEVEL:
            raise DataError(
                f"a level that moves from month to month can be learned from {LONGEST_LEVEL} months, not from {seen}: give since"
            )
        months = -(-seen // 12) * 12
        return LevelClock(months, seen, until.month - 1, month_shares(customers, months))

    def declare(self, parts: Any) -> None:
        """`season`, and `level`, the walk less the mean of all."""
        import pymc as pm
        import pytensor.tensor as pt

        season, mean, used = SEASON.parts, pm.Data("clock_mean", self.share @ self._free), pm.Data("clock_used", self._used.astype(float))
        pm.Deterministic("season", pt.dot(MONTH_BASIS, parts[:season]), dims="month")
        pm.Deterministic("level", pt.cumsum(used * parts[season : season + self.months]) - pt.dot(mean, parts), dims="bin")

    def foreseen(self, posterior: xr.Dataset, months: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """The walk goes on from its last level, with new noise; what is left of the last month seen has that month's own pace."""
        begun = int(months[0] == self.last)
        season = posterior["season"].transpose("sample", "month").to_numpy()[:, months[begun:]]
        level = posterior["level"].transpose("sample", "bin").to_numpy()[:, -1:]
        walk, noise = (posterior[name].to_numpy()[:, None] * random.standard_normal(season.shape) for name in ("walk_scale", "noise_scale"))
        ahead = season + level + np.cumsum(walk, axis=1) + noise
        last = posterior["pace"].transpose("sample", "bin").to_numpy()[:, -1:] if begun else np.zeros((len(level), 0))
        return np.concatenate([last, ahead], axis=1)

    @property
    def _history(self) -> int | None:
        return self.months


def _require_dates(customers: Customers, what: str) -> date:
    if customers.until is None or customers.history.empty:
        raise DataError(f"{what} needs the dates of orders, which an RFM frame does not have: leave it out")
    return customers.until


STEADY, SEASONAL, LEVEL = SteadyClock(), SeasonalClock(), LevelClock()
