"""MBG/NBD: when customers buy, and whether they will again (Batislam, Denizel & Filiztekin 2007).

Story. While alive, a customer buys at random with a rate of their own. After every purchase, the first included, the customer leaves for
good with a probability of their own. Likelihood (Batislam et al. 2007, eq. 3), coordinates, conditional posterior and simulator are those
of `models/beta_geometric.py` with x + 1 chances to leave.
"""

from dataclasses import dataclass
from typing import ClassVar

from clvbayes.models.beta_geometric import BetaGeometric

__all__ = ["MbgNbd", "mbg_nbd"]


@dataclass(frozen=True)
class MbgNbd(BetaGeometric):
    """The MBG/NBD model."""

    name: ClassVar[str] = "mbg_nbd"
    label: ClassVar[str] = "MBG/NBD"
    first: ClassVar[int] = 1


def mbg_nbd(*, season: bool = False, level: bool = False) -> MbgNbd:
    """The MBG/NBD purchase model: ordering at random, possible departure after every order, the first included.

    Parameters
    ----------
    season : bool
        Whether every month of the year has a pace of its own, learned with the rest: rates are those of an average month.
    level : bool
        Whether the whole base's pace moves from month to month besides, and will go on to do so from where it has come to. It includes the
        season.

    Returns
    -------
    MbgNbd

    Examples
    --------
    >>> mbg_nbd().coordinates
    ('log_rate', 'log_shape', 'logit_dropout', 'log_concentration')
    """
    return MbgNbd(season or level, level)
