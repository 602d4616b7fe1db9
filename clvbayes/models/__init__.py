"""Models of purchases, spend, returns and contracts. Each is one file: its story, priors, likelihood, conditional posterior and futures."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from clvbayes.models.beta_binomial_returns import beta_binomial_returns
from clvbayes.models.beta_discrete_weibull import beta_discrete_weibull
from clvbayes.models.bg_bb import bg_bb
from clvbayes.models.bg_nbd import bg_nbd
from clvbayes.models.gamma_gamma import gamma_gamma
from clvbayes.models.lognormal import lognormal
from clvbayes.models.mbg_cnbd import mbg_cnbd
from clvbayes.models.mbg_nbd import mbg_nbd
from clvbayes.models.nbd import nbd
from clvbayes.models.pareto_nbd import pareto_nbd
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import PurchaseModel
from clvbayes.models.renewal_change import renewal_change

__all__ = [
    "Priors",
    "beta_binomial_returns",
    "beta_discrete_weibull",
    "bg_bb",
    "bg_nbd",
    "gamma_gamma",
    "lognormal",
    "mbg_cnbd",
    "mbg_nbd",
    "nbd",
    "pareto_nbd",
    "renewal_change",
]

# in the order in which they are named to people
PURCHASES: tuple[Callable[..., PurchaseModel], ...] = (mbg_nbd, bg_nbd, pareto_nbd, mbg_cnbd, nbd, bg_bb)

if TYPE_CHECKING:  # what follows the other protocols, as mypy finds it
    from clvbayes.models.protocol import ChangeModel, ContractModel, ReturnsModel, SpendModel

    _spend: tuple[SpendModel, ...] = (gamma_gamma(), lognormal())
    _returns: tuple[ReturnsModel, ...] = (beta_binomial_returns(),)
    _contracts: tuple[ContractModel, ...] = (beta_discrete_weibull(),)
    _changes: tuple[ChangeModel, ...] = (renewal_change(),)
