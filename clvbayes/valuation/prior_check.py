"""What a prior says in an analyst's words, before the data speak; and a prior from such words."""

from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import root
from scipy.special import ndtri
from scipy.stats import qmc

from clvbayes.data import DAYS_PER_UNIT, Customers, require_seed
from clvbayes.errors import ArgumentError
from clvbayes.models.assembly import own_or_given
from clvbayes.models.hierarchy import Pool, assign_cells
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import PurchaseModel, SpendModel
from clvbayes.valuation.economics import LONGEST_YEARS, Economics

__all__ = ["prior_check", "priors_in_words"]

VALUED_YEARS = 3.0
QUANTILES = {"q05": 0.05, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q95": 0.95}
WORD_DRAWS = 4096  # a power of two, as Sobol sequences have it
EXAMPLES = {"purchases": "mbg_nbd", "spend": "gamma_gamma"}


def prior_check(
    model: PurchaseModel,
    customers: Customers,
    *,
    pool: Pool = (),
    priors: Priors | None = None,
    spend: SpendModel | None = None,
    spend_priors: Priors | None = None,
    economics: Economics | None = None,
    draws: int = 1000,
    seed: int,
) -> pd.DataFrame:
    """What the priors imply for a new customer, in an analyst's words: if a figure is absurd, so is the prior.

    Parameters
    ----------
    model : PurchaseModel
    customers : Customers
        Their unit of time, and the scale-free summaries that default priors are centred on; nothing else of them is used.
    pool : sequence of str or of tuples of str
        Segment columns, as in `clvbayes.fit`: with them there is a row for a segment too, all of which are alike in advance.
    priors, spend_priors : Priors, optional
        By default the models' own.
    spend : SpendModel, optional
        With it and `economics` there is a value.
    economics : Economics, optional
        Its margin must be one number.
    draws : int
        Number of draws from the prior, at least 100.
    seed : int

    Returns
    -------
    pandas.DataFrame
        One row a statement, indexed by `of` (``"base"`` or ``"segment"``) and `what`: `orders_a_year`, a year's orders of a customer who
        does not leave; `never_reorder`, the share of customers who order once and not again within fifty years; `still_active`, the share
        of customers who have not left after a year; `orders_3_years` after the first one; `value_3_years`, their discounted contribution,
        in currency. Columns are the quantiles `q05`, `q10`, `q50`, `q90` and `q95` over the prior.

    Raises
    ------
    ArgumentError
        If a number is out of range, or a value is asked for with margins by level.

    Examples
    --------
    >>> from clvbayes.models import mbg_nbd
    >>> frame = pd.DataFrame({"frequency": [2, 0, 5, 1], "recency": [30.4, 0.0, 36.1, 4.0], "T": [38.9, 38.9, 37.0, 39.0]})
    >>> found = prior_check(mbg_nbd(), Customers.from_frame(frame, unit="week"), seed=1)
    >>> found.loc[("base", "never_reorder")].round(1).tolist()
    [0.1, 0.1, 0.3, 0.6, 0.7]
    """
    require_seed(seed)
    _require_kinds(model, customers, spend)
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 100:
        raise ArgumentError(f"draws must be a whole number of at least 100, not {draws!r}")
    if (spend is None) != (economics is None):
        raise ArgumentError("a value needs both spend and economics")
    chosen, factors = own_or_given(model, customers, priors), len(assign_cells(customers, pool).factors)
    random, year = np.random.default_rng([seed, 53]), 365.25 / DAYS_PER_UNIT[customers.unit]
    rows, margin = [], 0.0 if economics is None else _one_margin(economics)
    for of in ("base", "segment") if factors else ("base",):
        levels = factors if of == "segment" else 0
        coordinates = _drawn(chosen, levels, draws, random)
        said = {name: _STATEMENTS[name](model, coordinates, year) for name in _STATEMENTS}
        nothing = np.zeros(draws)
        said["orders_3_years"] = model.expected_discounted_orders(
            coordinates, nothing, nothing, nothing, horizon=VALUED_YEARS * year, discount=0.0
        )
        if spend is not None and economics is not None:
            amounts = _drawn(own_or_given(spend, customers, spend_priors), levels, draws, random)
            earned, made = (_discounted(model, coordinates, economics, year, growth) for growth in (economics.spend_growth, 0.0))
            mean = spend.amount_moments(amounts, nothing, nothing, nothing)[0]
            said["value_3_years"] = earned * mean * margin - made * float(economics.order_cost)  # type: ignore[arg-type]
        rows += [
            {"of": of, "what": name} | {column: float(np.quantile(values, at)) for column, at in QUANTILES.items()}
            for name, values in said.items()
        ]
    return pd.DataFrame(rows).set_index(["of", "what"])


def priors_in_words(
    model: PurchaseModel,
    customers: Customers,
    *,
    orders_a_year: tuple[float, float] | None = None,
    never_reorder: tuple[float, float] | None = None,
    still_active: tuple[float, float] | None = None,
) -> Priors:
    """Priors from statements of the kind "I am 80 % sure that it lies between a and b" about the whole base, as `prior_check` tells them.

    Parameters
    ----------
    model : PurchaseModel
    customers : Customers
        Their unit of time; what no statement settles is as in the model's own priors.
    orders_a_year : tuple of float, optional
        A year's orders of a customer who does not leave.
    never_reorder, still_active : tuple of float, optional
        Share of customers who order once and never again; who have not left after a year. One of the two: both are said by one coordinate.

    Returns
    -------
    Priors
        Whose 10 % and 90 % quantiles of each statement are the given ones.

    Raises
    ------
    ArgumentError
        If a statement cannot be one, or the model cannot fulfil it.

    Examples
    --------
    >>> from clvbayes.models import mbg_nbd
    >>> frame = pd.DataFrame({"frequency": [2, 0, 5, 1], "recency": [30.4, 0.0, 36.1, 4.0], "T": [38.9, 38.9, 37.0, 39.0]})
    >>> customers = Customers.from_frame(frame, unit="week")
    >>> stated = priors_in_words(mbg_nbd(), customers, orders_a_year=(1, 6))
    >>> found = prior_check(mbg_nbd(), customers, priors=stated, draws=10_000, seed=1)
    >>> found.loc[("base", "orders_a_year"), ["q10", "q90"]].round().tolist()
    [1.0, 6.0]
    """
    _require_kinds(model, customers, None)
    given = {"orders_a_year": orders_a_year, "never_reorder": never_reorder, "still_active": still_active}
    year = 365.25 / DAYS_PER_UNIT[customers.unit]
    stated = {name: _checked(name, bounds, model, year) for name, bounds in given.items() if bounds is not None}
    if {"never_reorder", "still_active"} <= set(stated):
        raise ArgumentError("never_reorder and still_active are said by one coordinate: state one of them")
    priors = model.priors(customers)
    for name, bounds in stated.items():
        settles = model.coordinates[0] if name == "orders_a_year" else model.departures
        if settles is None:
            raise ArgumentError(f"{model.title} has no coordinate that {name} would settle: in it nobody ever leaves")
        priors = _settled(model, priors, model.coordinates.index(settles), name, bounds, year)
    return priors


def _one_margin(economics: Economics) -> float:
    for name in ("margin", "order_cost"):
        if not isinstance(getattr(economics, name), int | float):
            raise ArgumentError(f"a value of the prior needs one {name}, not one by level")
    for name in ("service_cost", "return_cost"):
        if getattr(economics, name) != 0:
            raise ArgumentError(f"a value of the prior knows no {name}, which would need simulations: leave it out")
    return float(economics.margin)  # type: ignore[arg-type]


def _discounted(model: PurchaseModel, coordinates: np.ndarray, economics: Economics, year: float, growth: float) -> np.ndarray:
    """A newcomer's expected orders, each at its year's rate, amounts growing."""
    nothing, total = np.zeros(coordinates.shape[1]), np.zeros(coordinates.shape[1])
    for begins in range(int(VALUED_YEARS)):
        log_rate = float(np.log1p(economics.rates[min(begins, len(economics.rates) - 1)]))
        discount = log_rate - float(np.log1p(growth))
        until = [
            model.expected_discounted_orders(coordinates, nothing, nothing, nothing, horizon=end * year, discount=discount / year)
            for end in (begins, begins + 1)
        ]
        total += (until[1] - until[0]) * float(economics.discount_factor(float(begins))) * np.exp(log_rate * begins)
    return total


def _require_kinds(model: object, customers: object, spend: object) -> None:
    for given, kind in ((model, "purchases"), (spend, "spend")):
        if getattr(given, "kind", kind if given is None and kind == "spend" else None) != kind:
            raise ArgumentError(f"a model of {kind} is needed, such as clv.models.{EXAMPLES[kind]}(), not {given!r:.60}")
    if not isinstance(customers, Customers):
        raise ArgumentError(f"customers must be made by clv.summarize or clv.Customers.from_frame, not {type(customers).__name__}")


def _checked(name: str, bounds: Any, model: PurchaseModel, year: float) -> tuple[float, float]:
    counts = name == "orders_a_year"
    most = np.inf if counts and not model.opportunities else year if counts else 1.0
    match bounds:
        case (low, high) if all(isinstance(end, Real) and not isinstance(end, bool) for end in (low, high)) and 0 < low < high < most:
            return float(low), float(high)
    limit = "" if most == np.inf else f" < {most:.4g}"
    why = f": in {model.title} a customer orders once at most at each of {year:.4g} opportunities a year" if counts and limit else ""
    raise ArgumentError(f"{name} must be two numbers, 0 < low < high{limit}, not {bounds!r}{why}")


def _settled(model: PurchaseModel, priors: Priors, at: int, name: str, bounds: tuple[float, float], year: float) -> Priors:
    """The prior with mean and standard deviation of one coordinate such that the statement's quantiles are the bounds."""
    standard = ndtri(qmc.Sobol(len(priors.coordinates), rng=0).random(WORD_DRAWS)).T
    scale = np.log if name == "orders_a_year" else _logit
    wanted = scale(np.array(bounds))

    def prior(unknown: np.ndarray) -> Priors:
        mean, sd = list(priors.mean), list(priors.sd)
        mean[at], sd[at] = float(unknown[0]), float(np.exp(np.clip(unknown[1], -8.0, 3.0)))
        return replace(priors, mean=tuple(mean), sd=tuple(sd))

    def missed(unknown: np.ndarray) -> np.ndarray:
        tried = prior(unknown)
        coordinates = np.array(tried.mean)[:, None] + np.array(tried.sd)[:, None] * standard
        reached[:] = np.quantile(_STATEMENTS[name](model, coordinates, year), [0.1, 0.9])
        return np.asarray(scale(np.clip(reached, 1e-9, None if name == "orders_a_year" else 1 - 1e-9)) - wanted)

    reached = np.zeros(2)
    found = root(missed, np.array([priors.mean[at], np.log(priors.sd[at])]), method="hybr", options={"eps": 1e-3, "xtol": 1e-6})
    if np.abs(missed(found.x)).max() > 0.05:
        raise ArgumentError(
            f"{model.title} cannot have {name} between {bounds[0]:g} and {bounds[1]:g} with a probability of 80 %: the nearest found is"
            f" {reached[0]:.2g} to {reached[1]:.2g}, since its other coordinates are uncertain too. State a wider interval"
        )
    return prior(found.x)


def _drawn(priors: Priors, factors: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Coordinates of the base, or of a cell of so many pooling factors, dims (coordinate, draw)."""
    shape = (len(priors.coordinates), draws)
    mean, sd, scale = (np.array(numbers)[:, None] for numbers in (priors.mean, priors.sd, priors.scale))
    drawn = mean + sd * random.standard_normal(shape)
    for _ in range(factors):
        drawn = drawn + scale * np.abs(random.standard_normal(shape)) * random.standard_normal(shape)
    return np.asarray(drawn)


def _logit(share: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(share) - np.log1p(-share))


def _orders_a_year(model: PurchaseModel, coordinates: np.ndarray, year: float) -> np.ndarray:
    return model.order_rate(coordinates) * year


def _never_reorder(model: PurchaseModel, coordinates: np.ndarray, year: float) -> np.ndarray:
    nothing = np.zeros(coordinates.shape[1])
    return model.count_probability(coordinates, nothing, nothing, nothing, horizon=LONGEST_YEARS * year, count=nothing)


def _still_active(model: PurchaseModel, coordinates: np.ndarray, year: float) -> np.ndarray:
    nothing = np.zeros(coordinates.shape[1])
    return model.p_alive_later(coordinates, nothing, nothing, nothing, passed=year)


_STATEMENTS: dict[str, Callable[[PurchaseModel, np.ndarray, float], np.ndarray]] = {
    "orders_a_year": _orders_a_year,
    "never_reorder": _never_reorder,
    "still_active": _still_active,
}
