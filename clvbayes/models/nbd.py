"""NBD: nobody ever leaves (Ehrenberg 1959). A yardstick: what it grades worse than a model of churn is what churn is worth.

Story. A customer buys at random with a rate of their own, gamma distributed over customers with shape r and rate alpha, for ever.

    log L = log Gamma(r+x) - log Gamma(r) + r log alpha - (r+x) log(alpha+T)

It is MBG/NBD with a dropout probability of zero. When the last purchase was says nothing.

Coordinates of a cell: log_rate = log(r/alpha), log_shape = log r. Conditional posterior: rate ~ Gamma(r+x, alpha+T).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt

from clvbayes.data import Customers
from clvbayes.models.beta_geometric import log_count, simulate_leaving_at_purchases
from clvbayes.models.clock import Clock
from clvbayes.models.compression import Columns, Table
from clvbayes.models.hierarchy import Cells
from clvbayes.models.priors import Priors
from clvbayes.models.purchasing import ContinuousPurchases, Natural, future_moments, log_repeat_rate
from clvbayes.models.special import log_rising

__all__ = ["Nbd", "nbd"]


@dataclass(frozen=True)
class Nbd(ContinuousPurchases):
    """The NBD model; see the module's docstring for story and formulae."""

    name: ClassVar[str] = "nbd"
    label: ClassVar[str] = "NBD"
    coordinates: ClassVar[tuple[str, ...]] = ("log_rate", "log_shape")

    def priors(self, customers: Customers) -> Priors:
        """Priors around the base's repeats per unit of time, as of every purchase model.

        Raises
        ------
        DataError
            If nobody has been observed for any time.
        """
        return Priors(self.coordinates, mean=(log_repeat_rate(customers), 0.0), sd=(1.0, 0.75), scale=(0.5, 0.25))

    def columns(self, customers: Customers, cells: Cells) -> Columns:
        """cell, x and T; t_x is zero for all, since it says nothing."""
        columns = super().columns(customers, cells)
        return Columns(columns.keys | {"t_x": np.zeros(len(customers))})

    def bin_axes(self, rows: Table) -> Table:
        """Purchases and age."""
        axes = super().bin_axes(rows)
        return {name: axes[name] for name in ("x", "T")}

    def natural(self, coordinates: Any, exp: Any, logistic: Any) -> Natural:
        """r, alpha, and a dropout of mass zero, as `simulate_leaving_at_purchases` takes it."""
        log_rate, log_shape = coordinates[0], coordinates[1]
        return exp(log_shape), exp(log_shape - log_rate), 0.0 * log_shape, 0.0 * log_shape + 1.0

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``."""
        rows, frequencies = tables["row"], tables["frequency"]
        r, alpha, _, _ = self.natural(coordinates, pt.exp, pt.sigmoid)
        cell, x = frequencies["cell"], frequencies["x"]
        counting = log_rising(r, x, cell) - x * pt.log(alpha)[cell]
        cell, x, of_row = rows["cell"], rows["x"], rows["frequency"]
        T = clock.operational(rows, "T", coordinates)
        return counting[of_row] - (r[cell] + x) * pt.log1p(T / alpha[cell]) + clock.log_intensity(rows, coordinates)

    def p_alive(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
        """One."""
        return np.ones(np.broadcast_shapes(np.shape(coordinates[0]), *map(np.shape, (frequency, recency, T))))

    def living_age(self, natural: Natural, T: Any) -> Any:
        """alpha + T."""
        return natural[1] + T

    def living_rate(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """(r+x)/(alpha+T), always."""
        r, alpha, _, _ = natural
        return (r + x) / (alpha + T) + 0.0 * passed

    def living_survival(self, natural: Natural, x: Any, t_x: Any, T: Any, passed: Any) -> Any:
        """One."""
        return np.ones(np.broadcast_shapes(*map(np.shape, (natural[0], x, T, passed))))

    def living_moments(
        self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, discount: float, random: np.random.Generator
    ) -> tuple[Any, Any, Any]:
        """Of a rate drawn for each customer."""
        r, alpha, _, _ = natural
        rate = random.standard_gamma(r + x) / (alpha + T)
        return future_moments(rate, np.zeros_like(rate), 1.0, horizon=horizon, discount=discount)

    def living_count(self, natural: Natural, x: Any, t_x: Any, T: Any, *, horizon: Any, count: np.ndarray) -> Any:
        """Negative binomial."""
        r, alpha, _, _ = natural
        return np.exp(log_count(r + x, alpha + T, horizon, count))

    def fill(self, *arguments: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The compiled simulator."""
        found: tuple[np.ndarray, np.ndarray, np.ndarray] = simulate_leaving_at_purchases(0.0, *arguments)
        return found


def nbd(*, season: bool = False, level: bool = False) -> Nbd:
    """The NBD purchase model: ordering at random, and nobody ever leaves.

    Parameters
    ----------
    season, level : bool
        Its clock, as of `mbg_nbd`.

    Returns
    -------
    Nbd

    Examples
    --------
    >>> nbd().coordinates
    ('log_rate', 'log_shape')
    """
    return Nbd(season or level, level)
