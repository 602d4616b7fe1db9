"""Statistics and a model in, a posterior and its certificate out."""

from clvbayes.inference.certificate import Certificate, CheckResult, Compression
from clvbayes.inference.fit import Fit, fit

__all__ = ["Certificate", "CheckResult", "Compression", "Fit", "fit"]
