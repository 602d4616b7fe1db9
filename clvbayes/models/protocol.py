"""What a model is: frozen options and a few functions; no state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from clvbayes.models.clock import Clock
from clvbayes.models.compression import Columns, Table
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.pace import Ticking
from clvbayes.models.priors import Priors

if TYPE_CHECKING:
    import pymc as pm

__all__ = [
    "OF_RENEWALS",
    "Batch",
    "ChangeModel",
    "Columns",
    "ContractBatch",
    "ContractModel",
    "Futures",
    "Kind",
    "Lifetimes",
    "Model",
    "PurchaseModel",
    "ReturnsModel",
    "SpendModel",
    "Table",
]

NOT_GIVEN = np.zeros(0)
Kind = Literal["purchases", "spend", "returns", "contracts", "changes"]
OF_RENEWALS = ("contracts", "changes")  # kinds of models of contracts; all others are of customers


@dataclass(frozen=True)
class Batch:
    """Some customers, as a simulator needs them: arrays of one length, by customer.

    Attributes
    ----------
    key : numpy.ndarray of uint64
        Hash of the customer id; names the customer's random streams.
    purchase_cell, spend_cell, returns_cell : numpy.ndarray of int
        Index of the cell in the draws of the purchase, the spend and the returns model.
    frequency, recency, T, spend_count, spend_sum, spend_sum_log : numpy.ndarray
        As in `Customers.statistics`.
    return_trials, return_touched, return_parts, return_part : numpy.ndarray
        As `trials`, `touched`, `parts` and `part_mean` of `Customers.returns`.
    T_by_month, t_x_by_month : numpy.ndarray
        Time until the valuation date and until the last order in each month that the clock knows, dims ``(customer, month)``; no months
        unless given, as a steady clock needs none.
    starts : numpy.ndarray
        When each customer's future begins: zero unless given, or how long after the valuation date a newcomer is won.
    group : numpy.ndarray of int
        Which of the clock's paces ahead each customer has; zero unless given.
    """

    key: np.ndarray
    purchase_cell: np.ndarray
    spend_cell: np.ndarray
    returns_cell: np.ndarray
    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    spend_count: np.ndarray
    spend_sum: np.ndarray
    spend_sum_log: np.ndarray
    return_trials: np.ndarray
    return_touched: np.ndarray
    return_parts: np.ndarray
    return_part: np.ndarray
    T_by_month: np.ndarray = field(default_factory=lambda: NOT_GIVEN)
    t_x_by_month: np.ndarray = field(default_factory=lambda: NOT_GIVEN)
    starts: np.ndarray = field(default_factory=lambda: NOT_GIVEN)
    group: np.ndarray = field(default_factory=lambda: NOT_GIVEN)

    def __post_init__(self) -> None:
        for name, otherwise in (("T_by_month", (len(self), 0)), ("t_x_by_month", (len(self), 0)), ("starts", len(self))):
            if getattr(self, name) is NOT_GIVEN:
                object.__setattr__(self, name, np.zeros(otherwise))
        if self.group is NOT_GIVEN:
            object.__setattr__(self, "group", np.zeros(len(self), np.int64))

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Futures:
    """Simulated purchases of a batch, ordered by customer, then draw, then time.

    Attributes
    ----------
    customer, draw : numpy.ndarray of int32
        Index into the batch, and of the draw; one entry a purchase.
    time : numpy.ndarray of float
        Calendar time after the valuation date, in the customers' unit.
    p_alive : numpy.ndarray
        Probability to be alive at the valuation date given each draw's parameters, dims ``(customer, draw)``.
    expected_first_year : numpy.ndarray
        Closed-form expectation of the purchases in the first year given each draw's simulated latent state, dims ``(customer, draw)``.
    """

    customer: np.ndarray
    draw: np.ndarray
    time: np.ndarray
    p_alive: np.ndarray
    expected_first_year: np.ndarray


@dataclass(frozen=True)
class ContractBatch:
    """Some running contracts, as simulators need them: arrays of one length, by contract.

    Attributes
    ----------
    key : numpy.ndarray of uint64
        Hash of the contract id; names the contract's random streams.
    renewal_cell, change_cell : numpy.ndarray of int
        Index of the cell in the draws of the model of renewals and of that of changes.
    survived : numpy.ndarray of int
        Renewal decisions survived, as in `Renewals.statistics`.
    notice : numpy.ndarray of bool
        Whether it is known to end at the next decision.
    next_decision, term : numpy.ndarray of float
        Years from the valuation date to the next decision, and between decisions.
    announced : numpy.ndarray of float
        Of those who leave at the next decision, the share that would have given notice by now, as in `Renewals.statistics`.
    """

    key: np.ndarray
    renewal_cell: np.ndarray
    change_cell: np.ndarray
    survived: np.ndarray
    notice: np.ndarray
    next_decision: np.ndarray
    term: np.ndarray
    announced: np.ndarray

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Lifetimes:
    """How the contracts of a batch end, dims ``(contract, draw)``: by whatever comes first.

    Attributes
    ----------
    decision : numpy.ndarray of int32
        Which of the decisions to come is not survived: 1 if the next one.
    months : numpy.ndarray of float
        Months after the valuation date until it ends within a term; infinite for contracts whose end is known.
    """

    decision: np.ndarray
    months: np.ndarray


class Model(Protocol):
    """What every model has. Models compare by value and can be hashed, so that the code of one is compiled once.

    Statistics are `Customers`, or `Renewals` for models of contracts and of changes.
    """

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """Name in settings, such as "mbg_nbd"."""
        ...

    @property
    def title(self) -> str:
        """Name in reports, such as "MBG/NBD"."""
        ...

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of the function of `clvbayes.models` that makes the same model."""
        ...

    @property
    def kind(self) -> Kind:
        """What it models."""
        ...

    @property
    def clock(self) -> Clock:
        """What its likelihood runs by."""
        ...

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the unconstrained coordinates of a cell."""
        ...

    @property
    def exact(self) -> "Model":
        """The same as reported likelihoods take it; where the sampler's has more error than doubles have, another one."""
        ...

    def priors(self, statistics: Any, /) -> Priors:
        """Default priors, centred on scale-free summaries of the statistics."""
        ...

    def columns(self, statistics: Any, cells: Cells, /) -> Columns:
        """What the likelihood needs of each customer or contract that informs the model, `cell` and `x` first."""
        ...

    def rows(self, statistics: Any, cells: Cells, /) -> Table:
        """`columns` as `Columns.distinct` has them: sorted, with a column `weight`, and nobody is lost in them."""
        ...

    def log_measure(self, statistics: Any, /) -> np.ndarray:
        """What the likelihood leaves out of the log-density of each that informs the model, since it depends on no coordinate.

        Missing where it is not known: densities are compared only where they are whole.
        """
        ...

    def bin_axes(self, rows: Table) -> Table:
        """What rows are binned by where there are too many: columns on whose scales near rows have near likelihoods.

        A bin of a cell becomes one row, the weighted mean of all columns but `cell` and `weight`.
        """
        ...

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one customer of each row, dims ``(row,)``; `coordinates` has dims ``(coordinate, cell)``.

        `tables` has ``"row"``, the columns of `rows` with the index `frequency` into the other table, and ``"frequency"``, the distinct
        ``cell`` and ``x`` of them: gamma functions are evaluated there, once.
        """
        ...

    def build(
        self,
        statistics: Any,
        /,
        *,
        pool: Pool = (),
        priors: Priors | None = None,
        estimates: Sequence[LevelEstimates] | None = None,
    ) -> "pm.Model":
        """The PyMC model, with named dims and data, free to be changed."""
        ...


class PurchaseModel(Model, Protocol):
    """A model of when customers buy, and whether they will again."""

    @property
    def measure(self) -> str:
        """What its likelihood is a density of: models are compared on the same data only."""
        ...

    @property
    def departures(self) -> str | None:
        """The coordinate that says how many leave; None where nobody does."""
        ...

    @property
    def seasonal(self) -> bool:
        """Whether it may have a season and a level."""
        ...

    @property
    def opportunities(self) -> bool:
        """Whether it counts opportunities to order, of which each unit of time is one."""
        ...

    @property
    def with_level(self) -> "PurchaseModel | None":
        """The same model by a clock whose level moves; None of a model by a steady clock, or by such a one already."""
        ...

    def order_rate(self, coordinates: Any) -> np.ndarray:
        """Mean orders in a unit of time of customers who do not leave: what the first coordinate says."""
        ...

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
        """Purchases within `horizon` from each customer's conditional posterior; `coordinates` has dims ``(draw, coordinate, cell)``.

        `rate` and `churn_odds` multiply what each customer does from the valuation date on, whatever is concluded from the past.
        """
        ...

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
        """Closed-form expectation of discounted purchases given coordinates, dims ``(coordinate, customer)``.

        Times are operational; `calendar` says when so much of it has passed, dims ``(customer, node)``, which discounting needs.
        """
        ...

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
        """Expected sums of discount factors, of their squares, and of their products over ordered pairs of purchases; averaged over
        `latents` states of each customer drawn from its conditional posterior."""
        ...

    def p_alive(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any) -> np.ndarray:
        """Probability that a customer has not left by T; `coordinates` has dims ``(coordinate, ...)``, broadcast against the statistics."""
        ...

    def p_alive_later(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any, *, passed: Any) -> np.ndarray:
        """The same when so much time has passed after T."""
        ...

    def count_probability(self, coordinates: np.ndarray, frequency: Any, recency: Any, T: Any, *, horizon: Any, count: Any) -> np.ndarray:
        """Closed-form probability of exactly `count` purchases within `horizon`; `coordinates` has dims ``(coordinate, ...)``."""
        ...


class SpendModel(Model, Protocol):
    """A model of what a purchase is worth."""

    @property
    def needs_single_amounts(self) -> bool:
        """Whether customers of whom only the mean amount is known cannot be valued."""
        ...

    def simulate(self, coordinates: np.ndarray, batch: Batch, futures: Futures, *, seed: int) -> np.ndarray:
        """Amount of each purchase of `futures`; `coordinates` has dims ``(draw, coordinate, cell)``."""
        ...

    def amount_moments(
        self, coordinates: np.ndarray, spend_count: Any, spend_sum: Any, spend_sum_log: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Closed-form expectations of a customer's next amount, of its square, and of the product of two amounts."""
        ...

    def finite_moments(self, coordinates: np.ndarray, spend_count: Any) -> np.ndarray:
        """The order below which a customer's next amount has finite moments; `coordinates` has dims ``(coordinate, ...)``."""
        ...


class ReturnsModel(Model, Protocol):
    """A model of what comes back."""

    def simulate(self, coordinates: np.ndarray, batch: Batch, futures: Futures, *, seed: int) -> np.ndarray:
        """Share of each purchase of `futures` that comes back; `coordinates` has dims ``(draw, coordinate, cell)``."""
        ...

    def simulate_pending(self, coordinates: np.ndarray, batch: Batch, *, seed: int) -> np.ndarray:
        """Share of what is still open of past orders that comes back, dims ``(customer, draw)``."""
        ...

    def share_moments(self, coordinates: np.ndarray, trials: Any, touched: Any, parts: Any, part: Any) -> tuple[np.ndarray, np.ndarray]:
        """Closed-form expectations of a customer's share that comes back, and of its square."""
        ...


class ContractModel(Model, Protocol):
    """A model of whether contracts are renewed."""

    def terminations(self, facts: Mapping[str, Any]) -> tuple[float, float]:
        """Shape and rate of the exact gamma posterior of the hazard a month to end within a term; `facts` are a posterior's attributes."""
        ...

    def simulate(
        self, coordinates: np.ndarray, batch: ContractBatch, *, hazard: np.ndarray, seed: int, churn_odds: float | np.ndarray = 1.0
    ) -> Lifetimes:
        """Remaining lives from each contract's conditional posterior; `coordinates` has dims ``(draw, coordinate, cell)``, `hazard`
        ``(draw,)``."""
        ...

    def survival(self, coordinates: np.ndarray, survived: Any, ahead: Any) -> np.ndarray:
        """Closed-form probability to survive the decisions `ahead`; `coordinates` has dims ``(coordinate, ...)``."""
        ...


class ChangeModel(Model, Protocol):
    """A model of how amounts change at renewals."""

    def simulate(
        self,
        coordinates: np.ndarray,
        batch: ContractBatch,
        *,
        renewals: int,
        valued_on: date,
        seed: int,
        last: np.ndarray | None = None,
    ) -> np.ndarray:
        """Amounts after each of the next renewals over that at the valuation date, dims ``(contract, draw, renewal)``; after the `last`
        one of each contract and draw, where they are given, they stay as they are."""
        ...

    def expected_factors(self, coordinates: np.ndarray, batch: ContractBatch, *, renewals: int, valued_on: date) -> np.ndarray:
        """Closed-form expectation of what `simulate` gives."""
        ...

    def expected_factor(self, coordinates: np.ndarray, years_ahead: Any) -> np.ndarray:
        """Closed-form expectation of an amount after a renewal over that before it, indexation apart."""
        ...
