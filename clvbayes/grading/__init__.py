"""Forecasts against what happened."""

from clvbayes.grading.discrepancy import learn_discrepancy
from clvbayes.grading.graded import Backtest
from clvbayes.grading.rolling_origins import BASELINES, backtest
from clvbayes.grading.verdicts import Choice, Verdict

__all__ = ["BASELINES", "Backtest", "Choice", "Verdict", "backtest", "learn_discrepancy"]
