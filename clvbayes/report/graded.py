"""A back-test as a report shows it: that of one model beside the others."""

from dataclasses import dataclass

import pandas as pd

from clvbayes.grading import CONTRACT_MEASURES, Backtest, Verdict

__all__ = ["GradedModel"]

RECURRING = CONTRACT_MEASURES[1]


@dataclass(frozen=True)
class GradedModel:
    """A back-test as a report shows it.

    Attributes
    ----------
    backtest : Backtest
    own : str
        Label of the model that the report is made with.
    currency : str
    of_other_data : bool
        Whether the report's orders are not those of the back-test.
    """

    backtest: Backtest
    own: str
    currency: str
    of_other_data: bool = False

    @property
    def weeks(self) -> int:
        """The shortest horizon: the one with the most forecasts."""
        return int(self.backtest.forecasts["weeks"].min())

    @property
    def of_contracts(self) -> bool:
        """Whether contracts were graded, and not orders."""
        return bool((self.backtest.forecasts["measure"] == RECURRING).any())

    @property
    def money(self) -> str:
        """The measure that is money."""
        return RECURRING if self.of_contracts else "revenue"

    def total(self, who: str = "existing", measure: str | None = None) -> pd.DataFrame:
        """The model's own forecasts of a total, of money unless a measure is named, from the oldest."""
        frame = self.backtest.forecasts
        own = frame[
            (frame["model"] == self.own) & (frame["who"] == who) & (frame["column"] == "") & (frame["measure"] == (measure or self.money))
        ]
        return own.sort_values(["weeks", "origin"])

    @property
    def worst(self) -> Verdict | None:
        """The verdict against the model's bands with the largest factor, if there is one: of those on money, else of the others."""
        against = [verdict for verdict in self.verdicts if verdict.judgement == "too narrow"]
        return max(against, key=lambda verdict: (verdict.measure == self.money, verdict.factor or 0.0), default=None)

    @property
    def failed_share(self) -> float:
        """Share of the fits of this model that did not pass all of their checks."""
        fits = self.backtest.certificates
        titles = self.own.split(" + ")
        return float((~fits.loc[fits["model"].isin((*titles, f"{titles[0]} and level")), "passed"]).mean())

    @property
    def verdicts(self) -> list[Verdict]:
        """Those on the model's own bands."""
        return [verdict for verdict in self.backtest.verdicts if verdict.model == self.own]
