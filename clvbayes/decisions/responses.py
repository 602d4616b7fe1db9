"""What money does: effect by spend, with its uncertainty, as concave curves in which each further euro does a little less.

A curve has a top A and a scale k, drawn anew in each scenario (method book 3.3):

    saturating    A (1 - exp(-b/k))        hyperbolic    A b / (k + b)        logarithmic    A log(1 + b/k)

What an effect is counted in is said by the lever of its measure (`clvbayes.decisions.measures`): customers, or a share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from scipy.special import ndtri

from clvbayes.errors import ArgumentError

__all__ = [
    *("FAMILIES", "Curves", "Drawn", "Elicited", "Family", "Parametric", "Points", "Response"),
    *("drawn", "elicited", "halves_of", "recycled", "response_of"),
]

Family = Literal["saturating", "hyperbolic", "logarithmic"]
FAMILIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "saturating": lambda ratio: -np.expm1(-ratio),
    "hyperbolic": lambda ratio: ratio / (1 + ratio),
    "logarithmic": np.log1p,
}
SURE = 0.8  # that today's effect lies between the two numbers given
FAR_SPEND = 10.0  # times today's: where a logarithmic curve, which has no top, reaches its ceiling
NEAREST_TOP = 0.95  # of the top: what spend today cannot yet have reached
Z = float(ndtri(0.5 + SURE / 2))


class Curves(Protocol):
    """Effects in some scenarios."""

    def effect(self, spend: np.ndarray) -> np.ndarray:
        """Dims ``(draw, spend)``."""
        ...


class Response(Protocol):
    """What is known of a curve before scenarios are drawn."""

    def curves(self, draws: int, random: np.random.Generator) -> Curves:
        """So many of them."""
        ...

    def split(self, random: np.random.Generator) -> "tuple[Response, Response]":
        """Two that share no draw, where it has draws of its own."""
        ...

    @property
    def largest(self) -> float:
        """No effect is larger, in any scenario."""
        ...

    @property
    def joint(self) -> bool:
        """Whether its draws are numbered: those of the same number of several such responses belong together."""
        ...


@dataclass(frozen=True)
class Parametric:
    """Curves of a family; `top` and `scale` have dims ``(draw,)``."""

    family: Family
    top: np.ndarray
    scale: np.ndarray

    def effect(self, spend: np.ndarray) -> np.ndarray:
        """Dims ``(draw, spend)``."""
        return np.asarray(self.top[:, None] * FAMILIES[self.family](np.asarray(spend, dtype=float) / self.scale[:, None]))


@dataclass(frozen=True)
class Points:
    """Curves through points, straight in between and level after the last; `effects` has dims ``(draw, spend)``."""

    spend: np.ndarray
    effects: np.ndarray

    def effect(self, spend: np.ndarray) -> np.ndarray:
        """Dims ``(draw, spend)``."""
        at = np.minimum(np.asarray(spend, dtype=float), self.spend[-1])
        after = np.clip(np.searchsorted(self.spend, at, side="right"), 1, len(self.spend) - 1)
        share = (at - self.spend[after - 1]) / (self.spend[after] - self.spend[after - 1])
        return np.asarray((1 - share) * self.effects[:, after - 1] + share * self.effects[:, after])


@dataclass(frozen=True)
class Elicited:
    """A curve in an analyst's words; see `elicited`."""

    spend: float
    low: float
    high: float
    ceiling: float
    family: Family = "saturating"

    joint: ClassVar[bool] = False

    @property
    def largest(self) -> float:
        """The ceiling."""
        return self.ceiling

    def split(self, _: np.random.Generator) -> "tuple[Elicited, Elicited]":
        """Itself, of which no two draws are the same."""
        return self, self

    def curves(self, draws: int, random: np.random.Generator) -> Parametric:
        """Today's effect lognormal around the two numbers, the top anywhere between what is above both it and the higher number, and the
        ceiling."""
        centre, spread = 0.5 * np.log(self.low * self.high), np.log(self.high / self.low) / (2 * Z)
        today = np.minimum(np.exp(centre + spread * _even_normals(draws, random)), NEAREST_TOP * self.ceiling)
        lowest = np.maximum(self.high, today / NEAREST_TOP)
        top = lowest + (self.ceiling - lowest) * _even_uniforms(draws, random)
        reached = np.minimum(today / top, NEAREST_TOP)
        if self.family == "saturating":
            return Parametric(self.family, top, -self.spend / np.log1p(-reached))
        if self.family == "hyperbolic":
            return Parametric(self.family, top, self.spend * (1 / reached - 1))
        scale = _logarithmic_scale(reached)
        return Parametric(self.family, top / np.log1p(FAR_SPEND / scale), self.spend * scale)


@dataclass(frozen=True)
class Drawn:
    """Curves given as draws; see `drawn`."""

    spend: np.ndarray
    effects: np.ndarray
    joint: ClassVar[bool] = True

    @property
    def largest(self) -> float:
        """Of all draws."""
        return float(self.effects.max())

    def split(self, random: np.random.Generator) -> "tuple[Drawn, Drawn]":
        """Two halves of the draws."""
        first, second = halves_of(len(self.effects), random)
        return Drawn(self.spend, self.effects[first]), Drawn(self.spend, self.effects[second])

    def curves(self, draws: int, random: np.random.Generator) -> Points:
        """As many of the draws, in random order; again from the first one where there are not enough."""
        return Points(self.spend, self.effects[recycled(len(self.effects), draws, random)])


def elicited(*, today: Sequence[float], ceiling: float, family: Family = "saturating") -> Elicited:
    """A response in words such as "today 40,000 brings 90 to 130 customers; never more than 400".

    Parameters
    ----------
    today : sequence of three floats
        A spend, in the currency, and the two numbers between which its effect lies with a probability of 80 %.
    ceiling : float
        What no spend exceeds. How far below it the curve levels off is not known: anywhere between what lies above today's effect and the
        higher number, and the ceiling.
        A logarithmic curve, which does not level off, reaches it with ten times the spend.
    family : {"saturating", "hyperbolic", "logarithmic"}
        The shape between (method book 3.3).

    Returns
    -------
    Elicited

    Raises
    ------
    ArgumentError
        If no such curve goes through these points.

    Examples
    --------
    >>> mailing = elicited(today=(40_000, 90, 130), ceiling=400)
    >>> effect = mailing.curves(1000, np.random.default_rng(1)).effect(np.array([40_000.0]))
    >>> np.quantile(effect, [0.1, 0.9]).round()
    array([ 90., 130.])
    """
    if not isinstance(today, Sequence) or isinstance(today, str) or len(today) != 3 or not all(map(_is_amount, today)):
        raise ArgumentError(f"today must be a spend and two numbers between which its effect lies, such as [40000, 90, 130], not {today!r}")
    spend, low, high = map(float, today)
    if not (spend > 0 and 0 < low < high):
        raise ArgumentError(f"today must be a spend above 0 and two effects, 0 < low < high, not {list(today)}")
    if not _is_amount(ceiling) or not ceiling > high:
        raise ArgumentError(f"ceiling must be a number above the {high:g} that today's spend may bring, not {ceiling!r}")
    if NEAREST_TOP * ceiling < high:
        raise ArgumentError(
            f"a ceiling of {ceiling:g} leaves no curve that brings {high:g} with today's spend: it must be at least {high / NEAREST_TOP:g}"
        )
    if not isinstance(family, str) or family not in FAMILIES:
        raise ArgumentError(f"family must be one of {', '.join(FAMILIES)}, not {family!r}")
    if family == "logarithmic" and ceiling >= FAR_SPEND * low:
        raise ArgumentError(
            f"a concave curve cannot bring {ceiling:g} with {FAR_SPEND:g} times a spend that brings {low:g}: lower the ceiling"
        )
    return Elicited(spend, low, high, float(ceiling), family)


def drawn(spend: Any, effects: Any) -> Drawn:
    """A response as draws of its effect at some spends, as a test or a marketing-mix model gives them.

    Parameters
    ----------
    spend : array_like
        Spends in the currency, the first one 0, rising.
    effects : array_like
        Dims ``(draw, spend)``: at least 100 draws, nothing at no spend, and of each further euro no more than of the one before.

    Returns
    -------
    Drawn

    Raises
    ------
    ArgumentError
        If the draws are no such curves.

    Examples
    --------
    >>> effects = np.linspace(0.5, 1.5, 100)[:, None] * np.array([0.0, 10.0, 15.0])
    >>> drawn([0, 1000, 2000], effects).largest
    22.5
    """
    kind = getattr(effects, "attrs", {}).get("kind", "predictive")
    if kind != "predictive":
        raise ArgumentError(f"effects must be draws, not {kind!r} values, which know too little of risk")
    try:
        at, values = np.asarray(spend, dtype=float), np.asarray(effects, dtype=float)
    except (TypeError, ValueError):
        raise ArgumentError(f"spend and effects must be numbers, not {spend!r:.80} and {effects!r:.80}") from None
    if at.ndim != 1 or len(at) < 2 or at[0] != 0 or not (np.diff(at) > 0).all() or not np.isfinite(at).all():
        raise ArgumentError(f"spend must be at least two rising amounts, the first one 0, not {spend!r:.80}")
    if values.ndim != 2 or values.shape[1] != len(at) or len(values) < 100 or not np.isfinite(values).all():
        raise ArgumentError(f"effects must have dims (draw, spend), at least 100 draws of {len(at)} finite effects, not {values.shape}")
    slopes = np.diff(values, axis=1) / np.diff(at)
    slack = 1e-9 * (np.abs(slopes).max() + 1e-300)
    if (values[:, 0] != 0).any() or (slopes < -slack).any() or (np.diff(slopes, axis=1) > slack).any():
        raise ArgumentError("effects must be nothing at no spend, never fall, and rise by less with each further euro, in every draw")
    return Drawn(at, values)


def response_of(given: Any) -> Response:
    """A response as it is, or one in words as a mapping of the arguments of `elicited`."""
    if isinstance(given, Mapping):
        unknown = set(given) - {"today", "ceiling", "family"}
        if unknown or not {"today", "ceiling"} <= set(given):
            raise ArgumentError(
                f"a response in words has today, ceiling and, if need be, family, not {', '.join(map(str, given)) or 'nothing'}"
            )
        return elicited(**given)
    if not hasattr(given, "curves") or not hasattr(given, "largest"):
        raise ArgumentError(
            f"a response is made by clv.responses, or in words, {{today = [40000, 90, 130], ceiling = 400}}, not {given!r:.80}"
        )
    found: Response = given
    return found


def _is_amount(given: object) -> bool:
    return isinstance(given, int | float | np.number) and not isinstance(given, bool) and bool(np.isfinite(given))


def halves_of(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """So many numbers in two random halves."""
    order = random.permutation(count)
    return order[: count // 2], order[count // 2 :]


def recycled(count: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """So many draws of the first `count` numbers, each once in random order before any is taken again."""
    return np.concatenate([random.permutation(count) for _ in range(-(-draws // count))])[:draws]


def _even_normals(draws: int, random: np.random.Generator) -> np.ndarray:
    return np.asarray(ndtri(_even_uniforms(draws, random)))


def _even_uniforms(draws: int, random: np.random.Generator) -> np.ndarray:
    """Evenly spread over the unit interval, in random order: of draws few fall into a tail, and these as many as should."""
    return np.asarray((random.permutation(draws) + random.random(draws)) / draws)


def _logarithmic_scale(reached: np.ndarray) -> np.ndarray:
    """k, in units of today's spend, such that log(1 + 1/k) / log(1 + 10/k) is the share reached; by halving an interval of log k."""
    low, high = np.full(len(reached), -30.0), np.full(len(reached), 30.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        more = np.log1p(np.exp(-middle)) / np.log1p(FAR_SPEND * np.exp(-middle)) > reached
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.asarray(np.exp(0.5 * (low + high)))
