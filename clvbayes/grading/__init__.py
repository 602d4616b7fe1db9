"""Forecasts against what happened."""

from clvbayes.grading.contract_forecasts import CONTRACT_MEASURES
from clvbayes.grading.discrepancy import learn_discrepancy
from clvbayes.grading.graded import LAST_YEAR, Backtest
from clvbayes.grading.rolling_origins import BASELINES, backtest
from clvbayes.grading.verdicts import Choice, Verdict

__all__ = ["BASELINES", "CONTRACT_MEASURES", "LAST_YEAR", "Backtest", "Choice", "Verdict", "backtest", "learn_discrepancy"]
