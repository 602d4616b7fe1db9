"""clvbayes: Bayesian customer lifetime value, from a table of orders to a valuation report with bands that hold.

Everything public is here; the rest of the package may change. Names are imported when they are first used, so that importing the package
is quick and changes nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clvbayes import models, synthetic
    from clvbayes.data import Contracts, Customers, Ledger, Query, Renewals, Transactions, read_contracts, read_transactions, summarize
    from clvbayes.decisions import Limit, Measure, Plan, allocate, learn_responses, responses, risk
    from clvbayes.errors import ArgumentError, ClvError, DataError, SettingsError
    from clvbayes.grading import Backtest, backtest, learn_discrepancy
    from clvbayes.inference import Certificate, Fit, SpendCheck, compare, fit, leave_one_out, spend_checks
    from clvbayes.storage import load, save
    from clvbayes.study import Study, run
    from clvbayes.valuation import (
        Acquisition,
        ContractDiscrepancy,
        Discrepancy,
        Economics,
        Valuation,
        peers_value,
        prior_check,
        priors_in_words,
        textbook,
        value,
    )

_HOMES = {
    "clvbayes.data": (
        *("Contracts", "Customers", "Ledger", "Query", "Renewals", "Transactions"),
        *("read_contracts", "read_transactions", "summarize"),
    ),
    "clvbayes.decisions": ("Limit", "Measure", "Plan", "allocate", "learn_responses", "responses", "risk"),
    "clvbayes.errors": ("ArgumentError", "ClvError", "DataError", "SettingsError"),
    "clvbayes.grading": ("Backtest", "backtest", "learn_discrepancy"),
    "clvbayes.inference": ("Certificate", "Fit", "SpendCheck", "compare", "fit", "leave_one_out", "spend_checks"),
    "clvbayes.storage": ("load", "save"),
    "clvbayes.study": ("Study", "run"),
    "clvbayes.valuation": (
        "Acquisition",
        "ContractDiscrepancy",
        "Discrepancy",
        "Economics",
        "Valuation",
        "peers_value",
        "prior_check",
        "priors_in_words",
        "textbook",
        "value",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Acquisition",
    "ArgumentError",
    "Backtest",
    "Certificate",
    "ClvError",
    "ContractDiscrepancy",
    "Contracts",
    "Customers",
    "DataError",
    "Discrepancy",
    "Economics",
    "Fit",
    "Ledger",
    "Limit",
    "Measure",
    "Plan",
    "Query",
    "Renewals",
    "SettingsError",
    "SpendCheck",
    "Study",
    "Transactions",
    "Valuation",
    "allocate",
    "backtest",
    "compare",
    "fit",
    "learn_discrepancy",
    "learn_responses",
    "leave_one_out",
    "load",
    "models",
    "peers_value",
    "prior_check",
    "priors_in_words",
    "read_contracts",
    "read_transactions",
    "responses",
    "risk",
    "run",
    "save",
    "spend_checks",
    "summarize",
    "synthetic",
    "textbook",
    "value",
]


def __getattr__(name: str) -> Any:
    if name in ("models", "synthetic"):
        return import_module(f"clvbayes.{name}")
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'clvbayes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
