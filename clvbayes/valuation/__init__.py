"""Posterior draws in, predictive draws of money out."""

from clvbayes.valuation.economics import Economics, Period, period_containing, period_label
from clvbayes.valuation.textbook import textbook
from clvbayes.valuation.valuation import COMPONENTS, Valuation
from clvbayes.valuation.value import value

__all__ = ["COMPONENTS", "Economics", "Period", "Valuation", "period_containing", "period_label", "textbook", "value"]
