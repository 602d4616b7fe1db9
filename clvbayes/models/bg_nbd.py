"""BG/NBD: the MBG/NBD but for one thing, that nobody leaves at their first purchase (Fader, Hardie & Lee 2005).

Story. While alive, a customer buys at random with a rate of their own. After every repeat purchase the customer leaves for good with a
probability of their own: whoever has not come again is alive for sure, which is why it is kept for comparison and not the default.
Likelihood (Fader, Hardie & Lee 2005, eq. 6), coordinates, conditional posterior and simulator are those of `models/beta_geometric.py` with
x chances to leave.
"""

from dataclasses import dataclass
from typing import ClassVar

from clvbayes.models.beta_geometric import BetaGeometric

__all__ = ["BgNbd", "bg_nbd"]


@dataclass(frozen=True)
class BgNbd(BetaGeometric):
    """The BG/NBD model."""

    name: ClassVar[str] = "bg_nbd"
    label: ClassVar[str] = "BG/NBD"
    first: ClassVar[int] = 0


def bg_nbd(*, season: bool = False, level: bool = False) -> BgNbd:
    """The BG/NBD purchase model: ordering at random, possible departure after every repeat order.

    Parameters
    ----------
    season, level : bool
        Its clock, as of `mbg_nbd`.

    Returns
    -------
    BgNbd

    Examples
    --------
    >>> float(bg_nbd().p_alive([0.0, 0.0, 0.0, 0.0], 0, 0.0, 52.0))
    1.0
    """
    return BgNbd(season or level, level)
