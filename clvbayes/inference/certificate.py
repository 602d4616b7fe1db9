"""The certificate that travels with every fit: what was checked, what was found, what to do about it."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

__all__ = ["Certificate", "CheckResult"]

Status = Literal["ok", "note", "failed"]


@dataclass(frozen=True)
class CheckResult:
    """One check of a fit.

    Attributes
    ----------
    check : str
        What was looked at.
    status : {"ok", "note", "failed"}
        Only "failed" makes the certificate fail; a "note" is something a reader should know.
    message : str
        What was found, with the figure and its limit.
    advice : str
        What to do; empty where nothing needs doing.
    """

    check: str
    status: Status
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Certificate:
    """All checks of one fit.

    Attributes
    ----------
    model : str
        Name of the model.
    results : tuple of CheckResult
    """

    model: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(result.status != "failed" for result in self.results)

    def to_frame(self) -> pd.DataFrame:
        """One row a check: ``model``, ``check``, ``status``, ``message``, ``advice``."""
        return pd.DataFrame([{"model": self.model, **vars(result)} for result in self.results])
