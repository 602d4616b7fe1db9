"""What models of purchases have in common.

Given x repeat purchases, the last at t_x, observed until T, a customer lives with a known probability; and given that they live, what is
latent of them (rate, dropout, ...) has known independent laws. A model's own file holds these laws, its likelihood and its simulator;
here is what follows from them in the same way for every model. The whole process runs by the clock: operational time (models/clock.py).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numba import njit
from scipy.special import expit

from clvbayes.data import Customers
from clvbayes.errors import ArgumentError, DataError
from clvbayes.models.assembly import assemble
from clvbayes.models.clock import LEVEL, SEASONAL, STEADY, Clock
from clvbayes.models.compression import Columns, Table
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.pace import Ticking
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Batch, Futures, Kind

if TYPE_CHECKING:
    import pymc as pm

__all__ = [
    "FORGOTTEN",
    "PURCHASES",
    "ContinuousPurchases",
    "PurchasesWhileAlive",
    "discounted_integral",
    "future_moments",
    "grown",
    "log_repeat_rate",
    "repeat_rate",
    "require_future",
]

PURCHASES = 0  # purpose of the random streams
QUADRATURE_NODES = 64  # E[Y] and DERT of the oracles in the tests to 1e-9; orders of up to ten phases to 1e-11
FORGOTTEN = 45.0  # exp(-45) is below a double's last digit

Natural = Sequence[Any]


@dataclass(frozen=True)
class PurchasesWhileAlive(ABC):
    """A purchase model but for its own laws: what a subclass has to say are the abstract methods.

    Parameters
    ----------
    season, level : bool
        Which clock it runs by.
    """

    season: bool = False
    level: bool = False
    name: ClassVar[str]
    label: ClassVar[str]
    coordinates: ClassVar[tuple[str, ...]]
    kind: ClassVar[Kind] = "purchases"
    measure: ClassVar[str] = "the times of orders"  # what its likelihood is a density of
    departures: ClassVar[str | None] = None  # the coordinate of how many leave
    seasonal: ClassVar[bool] = True  # whether it may have a season and a level
    opportunities: ClassVar[bool] = False  # whether it counts opportunities, of which each unit of time is one

    # what a model says of itself ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def priors(self, customers: Customers) -> Priors:
        """Frozen numbers around what the customers did on average."""

    @abstractmethod
    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, in PyTensor."""

    @abstractmethod
    def natural(self, coordinates: Any, exp: Any, logistic: Any) -> Natural:
        """Shapes and rates of the mixing distributions, by the given functions of NumPy or PyTensor."""

    def order_rate(self, coordinates: Any) -> np.ndarray:
        """Mean orders in a unit of time of customers who do not leave: what the first coordinate says, its logarithm."""
        return np.asarray(np.exp(coordinates[0]))

    @abstractmethod
    def p_alive(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
        """Probability that a customer has not left by T; `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics."""

    @abstractmethod
    def living_moments(
        self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, discount: float, random: np.random.Generator
    ) -> tuple[Any, Any, Any]:
        """`future_moments` of one latent state, drawn for each customer who lives at T."""

    @abstractmethod
    def living_survival(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """Probability that a customer who lives at T has not left when so much time has `passed`."""

    @abstractmethod
    def living_count(self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, count: np.ndarray) -> Any:
        """Probability of exactly `count` purchases within `horizon` of a customer who lives at T."""

    @abstractmethod
    def expected_discounted_orders(
        self,
        coordinates: np.ndarray,
        frequency: Any,
        recency: Any,
        T: Any,
        *,
        horizon: Any,
        discount: float,
        calendar: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Expected discounted purchases after T: a check of the simulation, never a risk input.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(coordinate, ...)``, broadcast against the statistics.
        frequency, recency, T : array_like
            Statistics, in one unit of time.
        horizon : array_like
            Length of the future; may be infinite where `discount` is positive. What is expected between two times is the difference of two.
        discount : float
            Continuous rate per unit of time; 0 counts purchases without discounting.
        calendar : callable, optional
            Where the other times are operational: when so much of it has passed, in calendar time; the last dim are quadrature nodes.

        Returns
        -------
        numpy.ndarray

        Raises
        ------
        ArgumentError
            If `horizon` is negative, or infinite where nothing is discounted.
        """

    @abstractmethod
    def fill(self, *arguments: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The compiled simulator: see `simulate` for its arguments."""

    # what follows for every model --------------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Name in reports."""
        return self.label + (" with season" if self.season else "") + (" and level" if self.level else "")

    @property
    def options(self) -> dict[str, Any]:
        """What it runs by."""
        return {"season": self.season, "level": self.level}

    @property
    def clock(self) -> Clock:
        """What its likelihood runs by."""
        return LEVEL if self.level else SEASONAL if self.season else STEADY

    @property
    def exact(self) -> Self:
        """Itself."""
        return self

    @property
    def with_level(self) -> Self | None:
        """The same with a level."""
        return replace(self, level=True) if self.season and not self.level else None

    def columns(self, customers: Customers, cells: Cells) -> Columns:
        """cell, x, t_x and T."""
        statistics = customers.statistics
        columns = {name: statistics[of].to_numpy(dtype=float) for name, of in (("x", "frequency"), ("t_x", "recency"), ("T", "T"))}
        return Columns({"cell": cells.of_customer, **columns})

    def rows(self, customers: Customers, cells: Cells) -> Table:
        """Distinct rows of `columns`."""
        return self.columns(customers, cells).distinct()

    def bin_axes(self, rows: Table) -> Table:
        """Purchases, age and silence, in the logarithms in which the likelihood bends: it knows them as r+x, alpha+T and T-t_x.

        Silence counts double, since it decides who has left: with 40 rows for each of 50 segments the standard deviation of the log
        weights was .11, against .23 with equal ones.
        """
        x, T, silence = rows["x"], rows["T"], rows["T"] - rows["t_x"]
        between = (rows["weight"] * T).sum() / (rows["weight"] * (x + 1)).sum()
        return {"x": np.log1p(x), "T": np.log1p(T / between), "silence": 2 * np.where(x > 0, np.log1p(silence / between), 0.0)}

    def log_measure(self, customers: Customers) -> np.ndarray:
        """What the likelihood leaves out of each customer's density, since it depends on no coordinate: nothing."""
        return np.zeros(len(customers))

    def build(
        self,
        customers: Customers,
        *,
        pool: Pool = (),
        priors: Priors | None = None,
        estimates: Sequence[LevelEstimates] | None = None,
    ) -> "pm.Model":
        """The PyMC model; see `assemble`."""
        return assemble(self, customers, pool, priors, estimates)

    def simulate(
        self,
        coordinates: np.ndarray,
        batch: Batch,
        *,
        horizon: float,
        year: float,
        seed: int,
        clock: Ticking,
        rate: float = 1.0,
        churn_odds: float = 1.0,
    ) -> Futures:
        """Purchases after the valuation date, drawn from each customer's conditional posterior.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(draw, coordinate, cell)``.
        batch : Batch
        horizon, year : float
            Length of the future, and of a year, in the customers' unit.
        seed : int
        clock : Ticking
        rate, churn_odds : float
            What multiplies each customer's rate and odds of leaving, from the valuation date on. The random numbers are the same for all
            of them.

        Returns
        -------
        Futures
        """
        draws = len(coordinates)
        T = clock.history(batch.T.astype(float), batch.T_by_month, draws)
        t_x = clock.history(batch.recency.astype(float), batch.t_x_by_month, draws)
        ahead, first_year = (clock.ahead(batch.starts, end, draws, batch.group) for end in (horizon, year))
        natural = np.stack(self.natural(coordinates.swapaxes(0, 1), np.exp, expit))
        alive, expected = np.empty(T.shape), np.empty(T.shape)
        room = 2 * alive.size + 1024
        customer, draw, elapsed = self.fill(
            natural,
            batch.purchase_cell,
            batch.frequency.astype(float),
            t_x,
            T,
            ahead,
            first_year,
            batch.key,
            seed,
            rate,
            churn_odds,
            alive,
            expected,
            np.empty((2, room), np.int32),
            np.empty(room),
        )
        return Futures(customer, draw, clock.calendar(elapsed, draw, batch.starts[customer], batch.group[customer]), alive, expected)

    def p_alive_later(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any, *, passed: Any) -> np.ndarray:
        """Probability that a customer has not left when so much time has passed after T.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(coordinate, ...)``, broadcast against the statistics.
        frequency, recency, T, passed : array_like
            In one unit of time.

        Returns
        -------
        numpy.ndarray
        """
        known = (np.asarray(value, dtype=float) for value in (frequency, recency, T, passed))
        living = self.living_survival(self.natural(coordinates, np.exp, expit), *known)
        return np.asarray(self.p_alive(coordinates, frequency, recency, T) * living)

    def discounted_moments(
        self,
        coordinates: np.ndarray,
        frequency: Any,
        recency: Any,
        T: Any,
        *,
        horizon: Any,
        discount: float,
        latents: int,
        random: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Moments of discounted purchases after T, as `future_moments` of a living customer's latent state, averaged over some.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(coordinate, ...)``, broadcast against the statistics.
        frequency, recency, T : array_like
            Statistics, in one unit of time.
        horizon, discount : float
            Length of the future, and continuous rate per unit of time.
        latents : int
            States drawn for each customer and coordinates.
        random : numpy.random.Generator

        Returns
        -------
        tuple of numpy.ndarray
            Expected sums of discount factors, of their squares, and of their products over ordered pairs of purchases.

        Raises
        ------
        ArgumentError
            If `horizon` is negative, or infinite where nothing is discounted.
        """
        require_future(horizon, discount)
        given = np.broadcast_arrays(
            *self.natural(coordinates, np.exp, expit), *(np.asarray(k, dtype=float) for k in (frequency, recency, T))
        )
        *natural, x, t_x, age = given
        alive, sums = self.p_alive(coordinates, frequency, recency, T), [np.zeros(x.shape) for _ in range(3)]
        for _ in range(latents):
            found = self.living_moments(natural, x, t_x, age, horizon=horizon, discount=discount, random=random)
            for total, moment in zip(sums, found, strict=True):
                total += moment
        first, squares, pairs = (np.asarray(alive * total / latents) for total in sums)
        return first, squares, pairs

    def count_probability(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any, *, horizon: Any, count: Any) -> np.ndarray:
        """Probability of exactly `count` purchases within `horizon` after T.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(coordinate, ...)``, broadcast against the statistics.
        frequency, recency, T : array_like
            Statistics, in one unit of time.
        horizon : float
        count : array_like of int

        Returns
        -------
        numpy.ndarray

        Raises
        ------
        ArgumentError
            If `horizon` is negative or infinite, or `count` is no whole number from zero on.
        """
        require_future(horizon, 0.0, count)
        n, alive = np.asarray(count, dtype=float), self.p_alive(coordinates, frequency, recency, T)
        known = (np.asarray(value, dtype=float) for value in (frequency, recency, T))
        living = self.living_count(self.natural(coordinates, np.exp, expit), *known, horizon=horizon, count=n)
        return np.asarray(alive * living + np.where(n == 0, 1 - alive, 0.0))


@dataclass(frozen=True)
class ContinuousPurchases(PurchasesWhileAlive):
    """A model of customers who may buy at any time."""

    @abstractmethod
    def living_age(self, natural: Natural, T: Any) -> Any:
        """The time on whose scale a living customer's mean rate changes."""

    @abstractmethod
    def living_rate(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """Mean rate of purchases, `passed` after T, of a customer who lives at T."""

    def living_swing(self, natural: Natural, x: Any, T: Any) -> Any:
        """For how long after T that rate goes up and down: not at all, where purchases come at random."""
        return 0.0 * T

    def expected_discounted_orders(
        self,
        coordinates: np.ndarray,
        frequency: Any,
        recency: Any,
        T: Any,
        *,
        horizon: Any,
        discount: float,
        calendar: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Expected discounted purchases after T: P(alive) times the integral over s of exp(-discount s) times a living customer's mean
        rate at s."""
        require_future(horizon, discount)
        natural = self.natural(coordinates, np.exp, expit)
        x, t_x, T = (np.asarray(value, dtype=float) for value in (frequency, recency, T))
        end = np.minimum(horizon, FORGOTTEN / discount) if discount > 0 else horizon
        given = [np.asarray(value)[..., None] for value in np.broadcast_arrays(*natural, x, t_x, T)]
        *natural, by_x, by_t_x, by_T = given
        age, swing = self.living_age(natural, by_T), np.minimum(self.living_swing(natural, by_x, by_T)[..., 0], end)

        def rate(passed: np.ndarray) -> Any:
            return self.living_rate(natural, by_x, by_t_x, by_T, passed)

        integral = discounted_integral(rate, end, age, discount, calendar, begin=swing)
        if swing.any():
            integral = integral + discounted_integral(rate, swing, age, discount, calendar)
        return np.asarray(self.p_alive(coordinates, x, t_x, T) * integral)


def require_future(horizon: Any, discount: float, count: Any = 0) -> None:
    """Refuse what no future can be.

    Raises
    ------
    ArgumentError
        If a horizon is negative, or infinite where nothing is discounted, or a count is no whole number from zero on.
    """
    if not (np.min(horizon, initial=0.0) >= 0 and (discount > 0 or np.max(horizon, initial=0.0) < np.inf)):
        bounds = "at least zero" if discount > 0 else "at least zero and finite, since nothing is discounted"
        raise ArgumentError(f"horizon must be {bounds}, not {horizon}")
    if not (np.min(count, initial=0) >= 0 and np.array_equal(count, np.floor(count))):
        raise ArgumentError(f"count must be whole numbers from zero on, not {count}")


def discounted_integral(
    rate: Callable[[np.ndarray], Any],
    end: Any,
    age: Any,
    discount: float,
    calendar: Callable[[np.ndarray], np.ndarray] | None,
    begin: Any = 0.0,
) -> np.ndarray:
    """Integral of a rate over the time from `begin` to `end`, discounted, on Gauss-Legendre nodes in log(1 + s/age), the last dim of
    `age`."""
    first = np.log1p(np.asarray(begin)[..., None] / age)
    reach = np.log1p(np.asarray(end)[..., None] / age) - first
    nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE_NODES)
    z = first + 0.5 * reach * (nodes + 1)
    passed = age * np.expm1(z)
    factor = np.exp(-discount * (passed if calendar is None else calendar(passed)))
    return np.asarray(np.sum(weights * rate(passed) * factor * age * np.exp(z), axis=-1) * 0.5 * reach[..., 0])


def repeat_rate(customers: Customers) -> float:
    """The base's repeats per unit of time.

    Raises
    ------
    DataError
        If nobody has been observed for any time.
    """
    statistics = customers.statistics
    observed = math.fsum(statistics["T"])  # a sum that no order of rows changes
    if observed == 0:
        raise DataError("every customer's first order falls on the last day observed: there is nothing to learn purchases from")
    return float((statistics["frequency"].sum() + 0.5) / observed)


def log_repeat_rate(customers: Customers) -> float:
    """Its logarithm: the centre of every continuous model's prior of the rate (method book 1.9)."""
    return math.log(repeat_rate(customers))


def future_moments(rate: Any, hazard: Any, again: Any, *, horizon: Any, discount: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments of D = sum of exp(-discount t) over the purchases of a living customer with known rate, who leaves at a known `hazard`.

    The probability to stay at a purchase is `again`: one where customers leave between purchases; one less the dropout probability where
    they leave at them, the hazard being rate times dropout probability (method book 1.2 and 1.3). The first and second moment of a sum V of
    independent amounts of mean m and variance v, each discounted from its purchase, are E[V] = m E[D] and E[V^2] = (v + m^2) E2 + m^2 Pair.

    Returns
    -------
    tuple of numpy.ndarray
        E[D]; E2, the expected sum of squared discount factors; Pair, the expected sum of products over ordered pairs of purchases.
    """
    rate, hazard = np.asarray(rate), np.asarray(hazard)

    def integral(power: float) -> np.ndarray:
        falling = hazard + power * discount
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return np.asarray(np.where(falling == 0, horizon, -np.expm1(-falling * horizon) / falling))

    passed = -np.expm1(-discount * horizon) / discount if discount else horizon
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        within = (integral(2.0) - np.exp(-(hazard + discount) * horizon) * passed) / (hazard + discount)
    within = np.where(np.abs(hazard + discount) * horizon < 1e-6, horizon**2 / 2, within)  # where nearly all digits cancel
    return rate * integral(1.0), rate * integral(2.0), np.asarray(2 * rate**2 * again * within)


@njit(nogil=True, cache=True)
def grown(array: np.ndarray, size: int) -> np.ndarray:
    """The array with room for more."""
    larger = np.empty(size, array.dtype)
    larger[: len(array)] = array
    return larger
