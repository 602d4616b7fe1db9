"""Posterior draws in, predictive draws of money out."""

from clvbayes.valuation.book import ContractBook
from clvbayes.valuation.contract_cohorts import LEAST_AT_RISK, Retention, retention_of
from clvbayes.valuation.contract_discrepancy import ContractDiscrepancy
from clvbayes.valuation.discrepancy import Discrepancy
from clvbayes.valuation.economics import Economics, Period, fiscal_year_label, period_containing, period_label
from clvbayes.valuation.levers import LEVERS
from clvbayes.valuation.peers_convention import peers_value
from clvbayes.valuation.prior_check import prior_check, priors_in_words
from clvbayes.valuation.textbook import textbook
from clvbayes.valuation.valuation import COMPONENTS, MOMENTS, NEVER, Acquisition, Valuation
from clvbayes.valuation.value import value
from clvbayes.valuation.wider_priors import wider_priors

__all__ = [
    "COMPONENTS",
    "LEAST_AT_RISK",
    "LEVERS",
    "MOMENTS",
    "NEVER",
    "Acquisition",
    "ContractBook",
    "ContractDiscrepancy",
    "Discrepancy",
    "Economics",
    "Period",
    "Retention",
    "Valuation",
    "fiscal_year_label",
    "peers_value",
    "period_containing",
    "period_label",
    "prior_check",
    "priors_in_words",
    "retention_of",
    "textbook",
    "value",
    "wider_priors",
]
