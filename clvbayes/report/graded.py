"""A back-test as a report shows it: that of one model beside the others."""

from dataclasses import dataclass

import pandas as pd

from clvbayes.grading import Backtest, Verdict

__all__ = ["GradedModel"]


@dataclass(frozen=True)
class GradedModel:
    """A back-test as a report shows it.

    Attributes
    ----------
    backtest : Backtest
    own : str
        Label of the model that the report is made with.
    currency : str
    source : str
        What was read.
    """

    backtest: Backtest
    own: str
    currency: str
    source: str

    @property
    def weeks(self) -> int:
        """The shortest horizon: the one with the most forecasts."""
        return int(self.backtest.forecasts["weeks"].min())

    def total(self, who: str = "existing", measure: str = "revenue") -> pd.DataFrame:
        """The model's own forecasts of a total, from the oldest."""
        frame = self.backtest.forecasts
        own = frame[(frame["model"] == self.own) & (frame["who"] == who) & (frame["column"] == "") & (frame["measure"] == measure)]
        return own.sort_values(["weeks", "origin"])

    @property
    def worst(self) -> Verdict | None:
        """The verdict against the model's bands with the largest factor, if there is one: of those on revenue, else of those on orders."""
        against = [verdict for verdict in self.verdicts if verdict.judgement == "too narrow"]
        return max(against, key=lambda verdict: (verdict.measure == "revenue", verdict.factor), default=None)

    @property
    def firmest(self) -> Verdict:
        """The verdict that rests on the most forecasts; of those, that on revenue."""
        return max(self.verdicts, key=lambda verdict: (verdict.origins, verdict.measure == "revenue"))

    @property
    def verdicts(self) -> list[Verdict]:
        """Those on the model's own bands."""
        return [verdict for verdict in self.backtest.verdicts if verdict.model == self.own]
