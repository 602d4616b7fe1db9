"""What a plan has to keep to, besides its budget and the measures' bounds."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from clvbayes.decisions.risk import cvar
from clvbayes.errors import ArgumentError

__all__ = ["Limit", "require_amount", "require_fraction"]

Kind = Literal["group", "change", "cvar", "loss"]


@dataclass(frozen=True)
class Limit:
    """What a plan has to keep to, besides its budget and the measures' bounds; made by one of its functions.

    Examples
    --------
    >>> Limit.group("search", at_most=50_000).name
    'group search: at most 50,000'
    """

    kind: Kind
    name: str
    group_name: str = ""
    at_least: float | None = None
    at_most: float | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        needed = {"group": self.at_least is not None or self.at_most is not None, "change": self.at_most is not None}
        needed |= {"cvar": self.at_least is not None, "loss": self.at_most is not None}
        if self.kind not in get_args(Kind) or not needed[self.kind]:
            raise ArgumentError("a limit is made by Limit.group, Limit.change, Limit.cvar or Limit.loss")

    @staticmethod
    def group(group: str, *, at_least: float | None = None, at_most: float | None = None) -> "Limit":
        """Least or most that all measures of a group may cost, in the currency."""
        if at_least is None and at_most is None:
            raise ArgumentError(f"a limit on the group {group!r} needs at_least or at_most")
        for name, amount in (("at_least", at_least), ("at_most", at_most)):
            if amount is not None:
                require_amount(name, amount)
        if at_least is not None and at_most is not None and at_least > at_most:
            raise ArgumentError(f"the limits on the group {group!r} cross: at least {at_least:,.0f}, at most {at_most:,.0f}")
        told = [f"{word} {amount:,.0f}" for word, amount in (("at least", at_least), ("at most", at_most)) if amount is not None]
        return Limit("group", f"group {group}: {', '.join(told)}", group, at_least, at_most)

    @staticmethod
    def change(at_most: float) -> "Limit":
        """Most money that may be moved: the sum over measures of how far the plan lies from what is spent today."""
        require_amount("at_most", at_most)
        return Limit("change", f"change: at most {at_most:,.0f}", at_most=at_most)

    @staticmethod
    def cvar(at_least: float, *, level: float = 0.95) -> "Limit":
        """Least mean profit of the worst ``1 - level`` of all cases, in the currency; may be negative."""
        if isinstance(at_least, bool) or not isinstance(at_least, int | float) or not np.isfinite(at_least):
            raise ArgumentError(f"at_least must be an amount, not {at_least!r}")
        require_fraction("level", level)
        return Limit("cvar", f"worst {_percent(1 - level)} of cases: a mean of at least {at_least:,.0f}", at_least=at_least, level=level)

    @staticmethod
    def loss(at_most: float) -> "Limit":
        """Highest probability that the plan does not earn back what it costs. Held by the mean of so many worst cases being no loss, which
        is stricter."""
        require_fraction("at_most", at_most)
        return Limit("loss", f"probability of loss: at most {_percent(at_most)}", at_least=0.0, at_most=at_most, level=1 - at_most)

    @property
    def on_tail(self) -> bool:
        """Whether it is on the worst cases, and not on money."""
        return self.kind in ("cvar", "loss")

    def broken_by(self, profit: np.ndarray) -> bool:
        """Whether profits, by scenario, do not keep to it; of a limit on the tail only."""
        if self.kind == "loss":
            return bool((profit < 0).mean() > (self.at_most or 0.0))
        return cvar(profit, self.level).value < (self.at_least or 0.0)


def require_amount(name: str, amount: object) -> None:
    """Refuse what is no finite number of at least 0."""
    if isinstance(amount, bool) or not isinstance(amount, int | float | np.number) or not 0 <= amount < np.inf:
        raise ArgumentError(f"{name} must be a number of at least 0, not {amount!r}")


def require_fraction(name: str, fraction: object) -> None:
    """Refuse what is no number between 0 and 1."""
    if isinstance(fraction, bool) or not isinstance(fraction, int | float | np.number) or not 0 < fraction < 1:
        raise ArgumentError(f"{name} must be a fraction between 0 and 1, such as 0.95, not {fraction!r}")


def _percent(share: float) -> str:
    return f"{100 * share:g}%"
