"""Beta-discrete-Weibull: whether contracts are renewed (Fader, Hardie, Liu, Davin & Steenburgh 2018; method book 1.7).

Story. Time is counted in renewal decisions. A contract survives its first t decisions with probability (1-theta)^(t^c): theta is its own
probability not to be renewed at the first one, beta distributed over contracts with a and b, and c says how it goes on: above 1 a contract
is the riskier the older it is, below 1 the safer, and with c = 1 its risk never changes (the shifted beta-geometric, Fader & Hardie 2007).
That old contracts are mostly safer is the work of theta: who was at risk has left.

    S(t) = B(a, b+t^c) / B(a, b)

Likelihood of a contract first observed after e decisions (left truncation), which survived t of them:

    renewed so far:          log S(t) - log S(e)
    not renewed at the next: log S(t) - log S(e) + log(1 - S(t+1)/S(t))

Ratios of survivals are second differences of log-gammas, log S(t)/S(e) = D(b+e^c; a, t^c-e^c) with D(z; k, l) = D(z; l, k) =
log Gamma(z+l)/Gamma(z) - log Gamma(z+k+l)/Gamma(z+k): rising by the smaller of k and l, which keeps digits where the other is large.

Coordinates of a cell: logit_churn = logit(a/(a+b)), which is the first decision's for every c; log_concentration = log(a+b); log_c. With
fewer than four decisions observed, heterogeneity and c cannot be told apart, so that c is all but shared by the cells.

Conditional posterior of a survivor of t decisions: theta ~ Beta(a, b+t^c). Its remaining life is exact:
R = ceil((t^c + E / -log(1-theta))^(1/c)) - t decisions with a standard exponential E, of which the last is the one that is not survived.
Of those who leave at the next decision, a share g would have given notice by now. Who has given none stays with probability
S(t+1) / (S(t) - g (S(t) - S(t+1))): lives that would have been announced are drawn anew.

Apart from decisions, contracts end within a term (insolvency, termination for cause) with one small hazard a month: epsilon ~ Gamma, whose
posterior is exact: Gamma(1/2 + terminations, 250 + months under contract).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from numba import njit
from scipy.special import expit

from clvbayes.data import Renewals
from clvbayes.errors import ArgumentError
from clvbayes.models.assembly import assemble
from clvbayes.models.clock import STEADY, Clock
from clvbayes.models.compression import Columns, Table
from clvbayes.models.hierarchy import Cells, LevelEstimates, Pool
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import ContractBatch, Kind, Lifetimes
from clvbayes.models.special import log_rising
from clvbayes.models.streams import exponential, log_gamma_variate, open_stream, uniform

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["BetaDiscreteWeibull", "Gamma", "beta_discrete_weibull"]

STREAMS = "03a89270"  # of streams.py, which is inlined here: Numba compiles anew only what lies in a changed file

RENEWALS = 4  # purpose of the random streams
TERMINATIONS, MONTHS = 0.5, 250.0  # prior of terminations within a term: half a one in 250 months, 2.4 % a year
LARGEST_LOG_AGE = 80.0  # of t^c; its eighth power is a double
LEAST_HAZARD = 1e-300
FOR_EVER = 100_000  # decisions
NEGLIGIBLE = 1e-13  # discount factor after which a sum of payments ends


class Gamma(NamedTuple):
    """A gamma distribution."""

    shape: float
    rate: float


@dataclass(frozen=True)
class BetaDiscreteWeibull:
    """The beta-discrete-Weibull model of renewals; see the module's docstring for story and formulae.

    Attributes
    ----------
    c : float or None
        Power of a contract's age, or None where it is learned.
    """

    c: float | None = None
    name: str = "beta_discrete_weibull"
    kind: Kind = "contracts"
    clock: Clock = STEADY

    @property
    def title(self) -> str:
        """Name in reports."""
        return "Shifted beta-geometric" if self.c == 1 else "Beta-discrete-Weibull"

    @property
    def options(self) -> dict[str, Any]:
        """c."""
        return {"c": self.c}

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the coordinates; without log_c where c is given."""
        return ("logit_churn", "log_concentration", "log_c") if self.c is None else ("logit_churn", "log_concentration")

    @property
    def exact(self) -> "BetaDiscreteWeibull":
        """Itself."""
        return self

    def priors(self, renewals: Renewals) -> Priors:
        """The same for all contracts (method book 1.9): a first churn of .31 (.14 to .55 with probability .7), and a c near 1.1."""
        means, sds, scales = (-0.8, math.log(4.0), 0.1), (1.0, 1.0, 0.35), (0.5, 0.25, 0.05)
        count = len(self.coordinates)
        return Priors(self.coordinates, mean=means[:count], sd=sds[:count], scale=scales[:count])

    def columns(self, renewals: Renewals, cells: Cells) -> Columns:
        """cell, decisions survived, decisions before observation began, and whether the next one was not survived."""
        statistics = renewals.statistics
        columns = {"cell": cells.of_customer, "x": statistics["survived"].to_numpy(dtype=float)}
        columns |= {name: statistics[name].to_numpy(dtype=float) for name in ("entry", "churned")}
        return Columns(columns).of(_faced(renewals))

    def rows(self, renewals: Renewals, cells: Cells) -> Table:
        """Distinct rows of `columns`."""
        return self.columns(renewals, cells).distinct()

    def log_measure(self, renewals: Renewals) -> np.ndarray:
        """Nothing is left out."""
        return np.zeros(int(_faced(renewals).sum()))

    def bin_axes(self, rows: Table) -> Table:
        """Ages in logarithms, and who left."""
        return {"x": np.log1p(rows["x"]), "entry": np.log1p(rows["entry"]), "churned": rows["churned"]}

    def natural(self, coordinates: Any, exp: Any, logistic: Any) -> tuple[Any, Any, Any]:
        """a, b and c; 1 - share is computed as such, since 1 minus a small difference would lose it."""
        logit_churn, concentration = coordinates[0], exp(coordinates[1])
        c = exp(coordinates[2]) if self.c is None else self.c + 0.0 * logit_churn
        return logistic(logit_churn) * concentration, logistic(-logit_churn) * concentration, c

    def log_likelihood(self, coordinates: Any, tables: dict[str, dict[str, Any]], clock: Clock) -> Any:
        """Log-likelihood of one contract of each row, dims ``(row,)``."""
        rows = tables["row"]
        a, b, c = (of_cell[rows["cell"]] for of_cell in self.natural(coordinates, pt.exp, pt.sigmoid))
        entered, survived, next_one = (_age(t, c, pt) for t in (rows["entry"], rows["x"], rows["x"] + 1))
        not_renewed = pt.log(-pt.expm1(pt.minimum(_log_ratio(a, b, survived, next_one, pt), -LEAST_HAZARD)))
        return _log_ratio(a, b, entered, survived, pt) + rows["churned"] * not_renewed

    def build(
        self,
        renewals: Renewals,
        *,
        pool: Pool = (),
        priors: Priors | None = None,
        estimates: Sequence[LevelEstimates] | None = None,
    ) -> "pm.Model":
        """The PyMC model; see `assemble`."""
        return assemble(self, renewals, pool, priors, estimates)

    def terminations(self, facts: Mapping[str, Any]) -> Gamma:
        """Exact posterior of the hazard a month to end within a term, from the attributes of a fit's posterior."""
        return Gamma(TERMINATIONS + facts["terminated"], MONTHS + facts["exposure"])

    def simulate(
        self, coordinates: np.ndarray, batch: ContractBatch, *, hazard: np.ndarray, seed: int, churn_odds: float | np.ndarray = 1.0
    ) -> Lifetimes:
        """Remaining life of each running contract from its conditional posterior.

        Parameters
        ----------
        coordinates : numpy.ndarray
            Dims ``(draw, coordinate, cell)``.
        batch : ContractBatch
        hazard : numpy.ndarray
            To end within a term, a month, by draw: drawn from `terminations`.
        seed : int
        churn_odds : float or numpy.ndarray
            Multiplies each contract's odds of theta from now on, whatever is concluded from the past, in all draws or by draw; who had to
            give notice before now is past the next decision all the same.

        Returns
        -------
        Lifetimes
        """
        natural = np.stack(np.broadcast_arrays(*self.natural(coordinates.swapaxes(0, 1), np.exp, expit)))
        known = np.stack([batch.survived, batch.notice, batch.announced]).astype(float)
        log_odds = np.broadcast_to(np.log(np.asarray(churn_odds, dtype=float)), hazard.shape)
        return Lifetimes(*_live(natural, batch.renewal_cell, known, batch.key, hazard.astype(float), seed, log_odds))

    def survival(self, coordinates: np.ndarray, survived: Any, ahead: Any) -> np.ndarray:
        """Probability that a survivor of so many decisions survives those `ahead` too; coordinates have dims ``(coordinate, ...)``."""
        a, b, c = self.natural(coordinates, np.exp, expit)
        survived = np.asarray(survived, dtype=float)
        return np.asarray(np.exp(_log_ratio(a, b, _age(survived, c, np), _age(survived + np.asarray(ahead), c, np), np)))

    def retention(self, coordinates: np.ndarray, decision: Any) -> np.ndarray:
        """Probability that a contract which comes to its n-th decision survives it."""
        return self.survival(coordinates, np.asarray(decision) - 1, 1)

    def expected_renewals(self, coordinates: np.ndarray, survived: Any, decisions: int) -> np.ndarray:
        """How many of the next `decisions` a survivor is expected to survive."""
        return np.asarray(sum(self.survival(coordinates, survived, ahead) for ahead in range(1, decisions + 1)))

    def expected_lifetime(self, coordinates: np.ndarray, survived: Any, discount_rate: float) -> np.ndarray:
        """Discounted expected renewals just before the next decision, the first of them undiscounted (Fader & Hardie 2010: DERL).

        `discount_rate` is that of one term, and above zero: undiscounted, a life may have no end (a c of 1 or less).
        """
        terms = math.ceil(-math.log(NEGLIGIBLE) / math.log1p(discount_rate))
        factors = (1 + discount_rate) ** -np.arange(terms)
        return np.asarray(sum(factor * self.survival(coordinates, survived, 1 + ahead) for ahead, factor in enumerate(factors)))


def beta_discrete_weibull(*, c: float | None = None) -> BetaDiscreteWeibull:
    """The beta-discrete-Weibull model of renewals: each contract has a probability of its own not to be renewed, which changes with age.

    Parameters
    ----------
    c : float, optional
        Power of a contract's age: 1.0 is the shifted beta-geometric model. Learned unless given.

    Returns
    -------
    BetaDiscreteWeibull

    Raises
    ------
    ArgumentError
        If `c` is no number from 0.1 to 10.

    Examples
    --------
    >>> beta_discrete_weibull().coordinates
    ('logit_churn', 'log_concentration', 'log_c')
    >>> beta_discrete_weibull(c=1.0).title
    'Shifted beta-geometric'
    """
    if c is not None and (isinstance(c, bool) or not isinstance(c, int | float | np.number) or not 0.1 <= c <= 10):
        raise ArgumentError(f"c must be a number from 0.1 to 10, or None where it is to be learned, not {c!r}")
    return BetaDiscreteWeibull(None if c is None else float(c))


def _faced(renewals: Renewals) -> np.ndarray:
    """Which contracts were observed at a decision."""
    statistics = renewals.statistics
    return (statistics["survived"] + statistics["churned"] > statistics["entry"]).to_numpy()


def _age(t: Any, c: Any, maths: Any) -> Any:
    """t^c, zero at zero with all its derivatives."""
    where = pt.switch if maths is pt else np.where
    later = t > 0
    return where(later, maths.exp(maths.minimum(c * maths.log(where(later, t, 1.0)), LARGEST_LOG_AGE)), 0.0)


def _log_ratio(a: Any, b: Any, age: Any, later: Any, maths: Any) -> Any:
    """log S(later) / S(age), of ages t^c."""
    where = pt.switch if maths is pt else np.where
    start, rise = b + age, later - age
    first = a < rise
    smaller, larger = where(first, a, rise), where(first, rise, a)
    return log_rising(start, smaller, maths=maths) - log_rising(start + larger, smaller, maths=maths)


@njit(nogil=True, cache=True)
def _last_decision(logit: float, effort: float, survived: float, age: float, c: float) -> int:
    """The decision, from the next one on, that a contract with this logit of theta does not survive."""
    force = math.log1p(math.exp(logit)) if logit < 30.0 else logit
    power = age + effort / max(force, 1e-300)
    last = math.exp(min(math.log(max(power, 1e-300)) / c, 25.0))
    return int(min(max(math.ceil(last - survived), 1), FOR_EVER))


@njit(nogil=True, cache=True)
def _live(
    natural: np.ndarray, cell: np.ndarray, known: np.ndarray, key: np.ndarray, hazard: np.ndarray, seed: int, log_odds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    decision, months = np.empty((len(cell), len(hazard)), np.int32), np.empty((len(cell), len(hazard)))
    state = np.empty(1, np.uint64)
    for i in range(len(cell)):
        survived = known[0, i]
        for s in range(len(hazard)):
            if known[1, i] > 0.0:
                decision[i, s], months[i, s] = 1, np.inf
                continue
            open_stream(state, seed, key[i], s, RENEWALS)
            a, b, c = natural[0, s, cell[i]], natural[1, s, cell[i]], natural[2, s, cell[i]]
            age = survived**c if survived > 0.0 else 0.0
            while True:
                too_late = known[2, i] > 0.0 and uniform(state) < known[2, i]  # who would leave would have said so
                logit = log_gamma_variate(state, a) - log_gamma_variate(state, b + age)
                effort = exponential(state)
                if not too_late or _last_decision(logit, effort, survived, age, c) > 1:
                    break
            decision[i, s] = max(_last_decision(logit + log_odds[s], effort, survived, age, c), 2 if too_late else 1)
            months[i, s] = exponential(state) / max(hazard[s], 1e-300)
    return decision, months
