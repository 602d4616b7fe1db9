"""A whole valuation from its settings: the only place that knows the order of the steps (`steps.py`)."""

from clvbayes.study.inputs import Inputs, check
from clvbayes.study.steps import GradedStudy, Study, run, run_backtest

__all__ = ["GradedStudy", "Inputs", "Study", "check", "run", "run_backtest"]
