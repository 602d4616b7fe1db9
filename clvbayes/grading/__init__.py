"""Forecasts against what happened."""

from clvbayes.grading.rolling_origins import Backtest, backtest
from clvbayes.grading.verdicts import Choice, Verdict

__all__ = ["Backtest", "Choice", "Verdict", "backtest"]
