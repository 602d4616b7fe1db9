"""Statistics and a model in, a posterior and its certificate out."""

from clvbayes.inference.certificate import Certificate, CheckResult, Compression
from clvbayes.inference.fit import Fit, fit
from clvbayes.inference.spend_checks import SpendCheck, spend_checks

__all__ = ["Certificate", "CheckResult", "Compression", "Fit", "SpendCheck", "fit", "spend_checks"]
