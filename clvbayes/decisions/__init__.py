"""Money in, decisions out: what to spend where, at the risk one can bear. Nothing here knows a model."""

from clvbayes.decisions import responses, risk
from clvbayes.decisions.allocation import Plan, allocate
from clvbayes.decisions.exploring import explore
from clvbayes.decisions.learning import learn_responses
from clvbayes.decisions.limits import Limit
from clvbayes.decisions.measures import Measure

__all__ = ["Limit", "Measure", "Plan", "allocate", "explore", "learn_responses", "responses", "risk"]
