"""Statistics and a model in, a posterior and its certificate out."""

from clvbayes.inference.certificate import Certificate, CheckResult, Compression
from clvbayes.inference.comparison import compare, leave_one_out
from clvbayes.inference.fit import Fit, fit
from clvbayes.inference.spend_checks import SpendCheck, spend_checks

__all__ = ["Certificate", "CheckResult", "Compression", "Fit", "SpendCheck", "compare", "fit", "leave_one_out", "spend_checks"]
