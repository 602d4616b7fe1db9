"""Whole made-up evidence by name: of a base, or of everything, a plan and a back-test among it, with hostile names."""

from dataclasses import replace

from decisions.made_up_worth import made_up
from made_up_backtest import Past, make_backtest
from made_up_base import BASES, make_evidence
from made_up_explored import made_up_explored

from clvbayes.decisions import Measure, allocate
from clvbayes.report import Budgeted, Evidence, GradedModel

__all__ = ["EVERYTHING", "HOSTILE_MEASURES", "make_any"]

EVERYTHING = "everything"
HOSTILE_MEASURES = (
    '<script>alert(1)</script>\n=cmd|"/c calc"!A1 ' + "x" * 200,
    "@SUM(1)",
    "+1 \u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd \U0001f600 'quoted' _x0041_ \x07",
)


def make_any(name: str) -> Evidence:
    """The evidence of a base, or everything."""
    return _everything() if name == EVERYTHING else make_evidence(BASES[name])


def _everything() -> Evidence:
    fairs, search, service = HOSTILE_MEASURES
    won, kept = {"today": [40e3, 90, 130], "ceiling": 400}, {"today": [20e3, 0.03, 0.06], "ceiling": 0.2}
    measures = [
        Measure(fairs, lever="acquisition", where={"channel": "fair"}, response=won, lasts="campaign", current=40e3),
        Measure(search, lever="acquisition", where={"channel": "search"}, response=won, lasts="campaign", current=40e3),
        Measure(service, lever="retention", where={"industry": "retail"}, response=kept, lasts="2 quarters", current=20e3),
    ]
    plan, past = allocate(made_up(), measures, budget=110e3, seed=1), make_backtest(Past())
    budgeted = Budgeted(plan, explored=made_up_explored(plan))
    return replace(make_evidence(BASES["hostile"]), budgeted=budgeted, backtest=GradedModel(past, past.models[0], "EUR"))
