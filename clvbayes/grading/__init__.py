"""Forecasts against what happened."""

from clvbayes.grading.rolling_origins import BASELINES, Backtest, backtest
from clvbayes.grading.verdicts import Choice, Verdict

__all__ = ["BASELINES", "Backtest", "Choice", "Verdict", "backtest"]
