"""What money can be spent on, and what it would be worth: from a response and a valuation to draws of value by spend.

A measure pulls one lever at one place. Its response is counted in

    acquisition, win-back     customers won within the campaign
    retention                 share by which the odds of leaving fall (.05: five per cent)
    frequency, spend          share by which the rate of orders, or their amounts, rise

All that a spend brings is compared with no spend at all. What a valuation says of existing customers already has in it what is spent today
(`current`): without it odds of leaving would be 1 / (1 - effect of today's spend) times as high, rate and amounts 1 / (1 + effect) times. A
valuation's levers say what the customers would be worth then, draw by draw, with the same random numbers; they are moved for the whole
horizon, of which an effect that lasts less keeps the part that `kept_share` says.

Customers won bring what newcomers of their level do, with the chance of so many (variance / n); those won back are taken to be worth what
newcomers are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr

from clvbayes.decisions.learning import Learned
from clvbayes.decisions.responses import Curves, Response, response_of
from clvbayes.errors import ArgumentError
from clvbayes.models.streams import customer_keys
from clvbayes.valuation import Valuation
from clvbayes.valuation.economics import MONTHS_PER_PERIOD
from clvbayes.valuation.valuation import ALL_CUSTOMERS

__all__ = ["LEVER_OF", "Gain", "Lever", "Measure", "gain_of", "gains_in_halves", "kept_share"]

Lever = Literal["acquisition", "retention", "frequency", "spend", "win-back"]
LEVER_OF: dict[str, str] = {"retention": "churn", "frequency": "rate", "spend": "spend"}
YEARS = {"day": 1 / 365.25, "week": 7 / 365.25, "month": 1 / 12, "quarter": 1 / 4, "year": 1.0}
MOST_EFFECT = 0.5  # to which the levers of a valuation are moved
RESPONSES, CHANCE = 11, 12  # uses of a seed


@dataclass(frozen=True)
class Measure:
    """Something that money can be spent on.

    Parameters
    ----------
    name : str
    lever : {"acquisition", "retention", "frequency", "spend", "win-back"}
        What it moves.
    where : mapping of str to str
        A reporting column of the valuation and one of its levels, such as ``{"channel": "fair"}``; ``{}`` for all customers.
    response : Response or mapping
        What money does: of `clvbayes.responses`, or in words, such as ``{"today": [40_000, 0.03, 0.06], "ceiling": 0.2}``. Acquisition and
        win-back are counted in customers; retention in the share by which the odds of leaving fall, frequency and spend in the share by
        which orders and amounts rise, all three at most 0.5.
    lasts : str
        How long the effect lasts: "campaign" (one fiscal period), a half-life such as "2 quarters", or "permanent". Of customers won always
        "campaign": what they bring is counted over the horizon.
    current : float
        What is spent on it today, in the currency, in one campaign: what the valuation's data were made with.
    bounds : tuple of float and (float or None)
        Least and most that may be spent; None for as much as the budget. Both alike for a fixed commitment.
    group : str, optional
        Name that limits can refer to.

    Raises
    ------
    ArgumentError
        If one of them cannot be.

    Examples
    --------
    >>> fairs = Measure("Fairs", lever="acquisition", where={"channel": "fair"}, response={"today": [40_000, 90, 130], "ceiling": 400},
    ...                 lasts="campaign", current=40_000)
    >>> fairs.unit
    'customers'
    """

    name: str
    lever: Lever
    where: Mapping[str, str]
    response: Response | Mapping[str, Any]
    lasts: str
    current: float = 0.0
    bounds: tuple[float, float | None] = (0.0, None)
    group: str | None = None
    half_life: float | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ArgumentError(f"a measure needs a name, not {self.name!r}")
        with _of_measure(self.name):
            if self.lever not in get_args(Lever):
                raise ArgumentError(f"lever must be one of {', '.join(get_args(Lever))}, not {self.lever!r}")
            if not isinstance(self.where, Mapping) or len(self.where) > 1:
                raise ArgumentError(
                    f'where must name one column and its level, such as {{"channel": "fair"}}, or be empty, not {self.where!r}'
                )
            object.__setattr__(self, "where", {str(column): str(level) for column, level in self.where.items()})
            object.__setattr__(self, "response", response_of(self.response))
            object.__setattr__(self, "half_life", _half_life(self.lasts))
            if self.unit == "customers" and self.lasts != "campaign":
                raise ArgumentError(f'lasts must be "campaign" for {self.lever}: what customers bring is counted over the horizon anyway')
            if self.unit == "share" and self.curve.largest > MOST_EFFECT:
                raise ArgumentError(f"the response reaches {self.curve.largest:g}, but shares are at most {MOST_EFFECT} (5 % is 0.05)")
            if not _is_amount(self.current):
                raise ArgumentError(f"current must be an amount of at least 0, not {self.current!r}")
            object.__setattr__(self, "bounds", _checked_bounds(self.bounds))
            if self.group is not None and (not isinstance(self.group, str) or not self.group):
                raise ArgumentError(f"group must be a name, not {self.group!r}")

    @property
    def unit(self) -> str:
        """What the response is counted in: "customers" or "share"."""
        return "share" if self.lever in LEVER_OF else "customers"

    @property
    def curve(self) -> Response:
        """The response, made of words where it was given so."""
        found: Response = self.response  # type: ignore[assignment]
        return found

    @property
    def place(self) -> tuple[str, str]:
        """Column and level, as a valuation names them."""
        return next(iter(self.where.items()), ("", ALL_CUSTOMERS))


class _of_measure:  # noqa: N801, as a context manager is called
    """Say of which measure a complaint is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> None:
        if isinstance(problem, ArgumentError):
            raise ArgumentError(f"measure {self.name!r}: {problem}") from None


def _half_life(lasts: object) -> float | None:
    """In years; none of a campaign, whose effect ends with it, nor of what lasts for ever."""
    if lasts in ("campaign", "permanent"):
        return None
    found = re.fullmatch(rf"(\d+(?:\.\d+)?) ({'|'.join(YEARS)})s?", lasts.strip()) if isinstance(lasts, str) else None
    if found is None or not float(found[1]) > 0:
        raise ArgumentError(f'lasts must be "campaign", "permanent" or a half-life such as "2 quarters", not {lasts!r}')
    return float(found[1]) * YEARS[found[2]]


def _checked_bounds(bounds: Any) -> tuple[float, float | None]:
    match bounds:
        case (low, high) if _is_amount(low) and (high is None or _is_amount(high)):
            if high is not None and high < low:
                raise ArgumentError(f"bounds cross: at least {low:g}, at most {high:g}")
            return float(low), None if high is None else float(high)
    raise ArgumentError(f"bounds must be two amounts of at least 0, or None for the second, such as (0, 50_000), not {bounds!r}")


def _is_amount(given: Any) -> bool:
    return isinstance(given, int | float | np.number) and not isinstance(given, bool) and 0 <= float(given) < np.inf


@dataclass(frozen=True)
class Gain:
    """What a spend on one measure brings more than no spend, before its cost, in each draw of a valuation."""

    measure: Measure
    curves: Curves
    worth: "_Newcomers | _Moved"

    def of(self, spend: np.ndarray) -> np.ndarray:
        """Discounted contribution in the currency, dims ``(draw, spend)``."""
        return self.worth.of(self.curves.effect(np.asarray(spend, dtype=float)))

    def without_chance(self, spend: np.ndarray) -> np.ndarray:
        """The same, of customers won their mean."""
        return self.worth.mean_of(self.curves.effect(np.asarray(spend, dtype=float)))


@dataclass(frozen=True)
class _Newcomers:
    """Value of customers won: mean and variance of one, and a standard normal for the chance of so many, by draw."""

    mean: np.ndarray
    variance: np.ndarray
    chance: np.ndarray

    def of(self, customers: np.ndarray) -> np.ndarray:
        return np.asarray(self.mean_of(customers) + np.sqrt(customers * self.variance[:, None]) * self.chance[:, None])

    def mean_of(self, customers: np.ndarray) -> np.ndarray:
        return np.asarray(customers * self.mean[:, None])


@dataclass(frozen=True)
class _Moved:
    """Value of existing customers with a lever moved: `values` dims ``(draw, size)``; `sign` is that of the move by an effect."""

    sizes: np.ndarray
    values: np.ndarray
    sign: float
    today: np.ndarray
    kept: float

    def of(self, effect: np.ndarray) -> np.ndarray:
        without = 1 / (1 + self.sign * self.today)
        return np.asarray(self.kept * (self._at((1 + self.sign * effect) * without) - self._at(np.broadcast_to(without, effect.shape))))

    def mean_of(self, effect: np.ndarray) -> np.ndarray:
        return self.of(effect)

    def _at(self, size: np.ndarray) -> np.ndarray:
        """Straight in the logarithm of the size between those that were simulated."""
        grid, at = np.log(self.sizes), np.log(size)
        after = np.clip(np.searchsorted(grid, at, side="right"), 1, len(grid) - 1)
        share = (at - grid[after - 1]) / (grid[after] - grid[after - 1])
        rows = np.arange(len(self.values))[:, None]
        return np.asarray((1 - share) * self.values[rows, after - 1] + share * self.values[rows, after])


def gain_of(measure: Measure, valuation: Valuation, seed: int) -> Gain:
    """What a measure would bring, in the valuation's draws: they, those of its response and of chance belong together.

    Raises
    ------
    ArgumentError
        If the valuation knows neither its place nor its lever.
    """
    draws = np.arange(valuation.total.sizes["draw"])
    return _gain(measure, measure.curve, valuation, draws, seed, 0)


def gains_in_halves(measure: Measure, valuation: Valuation, halves: tuple[np.ndarray, np.ndarray], seed: int) -> tuple[Gain, Gain]:
    """The same in two halves of the valuation's draws, of which neither knows a draw of the response that the other does."""
    first, second = measure.curve.split(np.random.default_rng([seed, RESPONSES]))
    return _gain(measure, first, valuation, halves[0], seed, 0), _gain(measure, second, valuation, halves[1], seed, 1)


def _gain(measure: Measure, response: Response, valuation: Valuation, draws: np.ndarray, seed: int, half: int) -> Gain:
    key = int(customer_keys([measure.name])[0])
    if isinstance(response, Learned):
        response = response.over(MONTHS_PER_PERIOD[valuation.economics.period])
    of_response = [seed, RESPONSES, half] if response.joint else [seed, RESPONSES, half, key]
    curves = response.curves(len(draws), np.random.default_rng(of_response))
    with _of_measure(measure.name):
        if measure.unit == "customers":
            moments = _at_place(valuation.newcomers, measure, "values of newcomers: value(..., newcomers=True)").isel(draw=draws)
            chance = np.random.default_rng([seed, CHANCE, half, key]).standard_normal(len(draws))
            mean, variance = (moments.sel(moment=name).to_numpy() for name in ("mean", "variance"))
            return Gain(measure, curves, _Newcomers(mean, variance, chance - chance.mean()))  # whose mean is 0 by what it is
        lever = LEVER_OF[measure.lever]
        moved = _at_place(valuation.levers, measure, f'levers: value(..., levers=["churn", "rate", "spend"]), of which it needs "{lever}"')
        if lever not in moved["lever"].to_numpy():
            raise ArgumentError(f'the valuation has no lever "{lever}": value(..., levers=["churn", "rate", "spend"])')
        values = moved.isel(draw=draws).sel(lever=lever).transpose("draw", "size")
        today = curves.effect(np.array([measure.current]))
        sign = -1.0 if lever == "churn" else 1.0
        sizes = values["size"].to_numpy()
        farthest = float((1 / (1 + sign * today)).max())
        if farthest > sizes[-1] * (1 + 1e-9):
            raise ArgumentError(
                f"without today's spend the odds of leaving might be {farthest:.2f} times as high, and the valuation knows them up to "
                f"{sizes[-1]:g} times: today's effect is at most {1 - 1 / sizes[-1]:.2f}"
            )
        return Gain(measure, curves, _Moved(sizes, values.to_numpy(), sign, today, kept_share(measure, valuation)))


def _at_place(arrays: Mapping[str, xr.DataArray], measure: Measure, needed: str) -> xr.DataArray:
    column, level = measure.place
    if not arrays:
        raise ArgumentError(f"the valuation has no {needed}")
    if column not in arrays:
        raise ArgumentError(f"the valuation has no column {column!r}; it reports by {', '.join(filter(None, arrays)) or 'nothing'}")
    levels = [str(name) for name in arrays[column]["level"].to_numpy()]
    if level not in levels:
        raise ArgumentError(f"{column!r} has no level {level!r}; there are {', '.join(levels)}")
    return arrays[column].isel(level=levels.index(level))


def kept_share(measure: Measure, valuation: Valuation) -> float:
    """What an effect that does not last for the whole horizon keeps of what it would bring if it did, to first order.

    More orders, or larger ones, bring more while the effect lasts: each period counts by its value. Fewer departures bring what those who
    stay bring from then on: each period counts by the value of all later ones and half of its own.
    """
    if measure.lasts == "permanent":
        return 1.0
    column, level = measure.place
    cash = valuation.total if not column else valuation.cash[column].sel(level=level)
    by_period = cash.sel(component="value").mean("draw").to_numpy()
    length = np.array([period.end - period.start for period in valuation.periods])
    weight = np.array([_lasting(measure, valuation, period.start, period.end) for period in valuation.periods]) / length
    if measure.lever == "retention":
        by_period = length * (np.cumsum(by_period[::-1])[::-1] - 0.5 * by_period)
    return float(np.clip(weight @ by_period / by_period.sum(), 0.0, 1.0)) if by_period.sum() > 0 else 0.0


def _lasting(measure: Measure, valuation: Valuation, start: float, end: float) -> float:
    """Integral over a period of the effect that is left."""
    if measure.half_life is None:
        campaign = MONTHS_PER_PERIOD[valuation.economics.period] / 12
        return max(min(end, campaign) - start, 0.0)
    rate = np.log(2) / measure.half_life
    return float((np.exp(-rate * start) - np.exp(-rate * end)) / rate)
