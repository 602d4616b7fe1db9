"""What the graded forecasts say: whether the total's bands held, by how much they were too narrow, and which model told it best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import binom

from clvbayes.grading.windows import FEWEST_ORIGINS, MEASURES, apart

__all__ = ["Choice", "Verdict", "choose", "judge"]

UNLIKELY = 0.05  # chance, if the bands were right, of holding so seldom: below it they are called too narrow
NOMINAL = 0.9
EQUAL_WITHIN = 2.0  # standard errors of the difference of two models' scores


@dataclass(frozen=True)
class Verdict:
    """Whether a model's bands of the total held, for one measure and horizon.

    Attributes
    ----------
    model : str
    measure : {"orders", "revenue", "contracts", "recurring revenue"}
    weeks : int
        The horizon.
    origins : int
        Origins whose horizons do not overlap: only these count.
    held : int
        In how many of them the 90 % band held what happened.
    chance : float
        Of holding so seldom or less, if the bands were right.
    lowest, highest : float or None
        Least and largest of mean / actual - 1 over the origins; None where nothing happened.
    factor : float or None
        By how much the bands would have had to be wider, around their medians, to hold in at least nine of ten; None where the band that
        decides has no width.
    judgement : {"too narrow", "too wide", "not refuted", "too few origins"}
    """

    model: str
    measure: str
    weeks: int
    origins: int
    held: int
    chance: float
    lowest: float | None
    highest: float | None
    factor: float | None
    judgement: Literal["too narrow", "too wide", "not refuted", "too few origins"]

    @property
    def message(self) -> str:
        """The verdict in words, with its evidence."""
        alone = self.origins == 1
        forecasts = f"{self.origins} forecast{'s' * (not alone)} of {self.weeks} weeks" + " that do not overlap" * (not alone)
        evidence = f"The 90 % band of the total's {self.measure} held in {self.held} of {forecasts}"
        match self.judgement:
            case "too few origins":
                return f"{evidence}; a verdict needs {FEWEST_ORIGINS}."
            case "too narrow":
                chance = "less than one in a thousand" if self.chance < 0.001 else f"{self.chance:.1%}"
                wider = f" They would have had to be {self.factor:.1f} times as wide." if self.factor is not None else ""
                return f"{evidence}. They were too narrow: bands that are right hold so seldom with a chance of {chance}.{wider}{self._off}"
            case "too wide":
                return f"{evidence}, and the middle half of them held too often: they could have been narrower."
            case _ if self.as_often_as_it_should:
                return f"{evidence}, as often as it should; so few forecasts do not prove it.{self._off}"
            case _:
                return f"{evidence}, less often than in nine of ten; so few forecasts do not tell whether by chance.{self._off}"

    @property
    def as_often_as_it_should(self) -> bool:
        """Whether the band held in nine of ten or more."""
        return self.held >= NOMINAL * self.origins

    @property
    def _off(self) -> str:
        if self.lowest is None or self.highest is None:
            return ""
        ends = [f"{abs(end):.0%} {'above' if end >= 0 else 'below'}" for end in (self.lowest, self.highest)]
        where = f"from {ends[0]} to {ends[1]}" if ends[0] != ends[1] else ends[0]
        return f" Forecasts lay {where} what happened."


def judge(forecasts: pd.DataFrame) -> tuple[Verdict, ...]:
    """One verdict a model, measure and horizon.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        As `Backtest.forecasts`.

    Returns
    -------
    tuple of Verdict
    """
    total = forecasts[(forecasts["who"] == "existing") & (forecasts["column"] == "")]
    found = []
    for key, own in total.groupby(["model", "measure", "weeks"], sort=False):
        model, measure, weeks = str(key[0]), str(key[1]), int(str(key[2]))
        found.append(_verdict(model, measure, weeks, own[own["origin"].isin(apart(list(own["origin"]), weeks))]))
    return tuple(found)


def _verdict(model: str, measure: str, weeks: int, own: pd.DataFrame) -> Verdict:
    origins, held = len(own), int(own["held_90"].sum())
    off = (own["actual"] - own["q50"]).to_numpy()
    half = np.where(off > 0, own["q95"] - own["q50"], own["q50"] - own["q05"])
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.sort(np.where(off == 0, 0.0, np.abs(off) / half))
    relative = (own["mean"] / own["actual"].where(own["actual"] > 0) - 1).dropna()
    lowest, highest = (float(relative.min()), float(relative.max())) if len(relative) else (None, None)
    deciding = float(needed[int(np.ceil(NOMINAL * origins - 1e-9)) - 1])
    factor = deciding if np.isfinite(deciding) else None
    chance = float(binom.cdf(held, origins, NOMINAL))
    middle = int((np.abs(own["pit"] - 0.5) <= 0.25).sum())  # of counts the closed band holds more often than it says, of few far more
    if origins < FEWEST_ORIGINS:
        judgement: Literal["too narrow", "too wide", "not refuted", "too few origins"] = "too few origins"
    elif chance < UNLIKELY:
        judgement = "too narrow"
    elif binom.sf(middle - 1, origins, 0.5) < UNLIKELY / 2:
        judgement = "too wide"
    else:
        judgement = "not refuted"
    return Verdict(model, measure, weeks, origins, held, chance, lowest, highest, factor, judgement)


@dataclass(frozen=True)
class Choice:
    """Which model told it best, and why.

    Attributes
    ----------
    model : str
    reason : str
        With the evidence.
    """

    model: str
    reason: str


def choose(candidates: Sequence[str], forecasts: pd.DataFrame, differences: pd.DataFrame, measures: Sequence[str] = MEASURES) -> Choice:
    """The candidate that told single customers best at the shortest horizon; of those that cannot be told apart, the total's best.

    Single customers are many, so that their scores tell models apart better than totals, which are few. What meets all customers of one
    origin at once makes them less than independent: errors of differences count origins too, and from fewer than three nothing is told
    apart. Orders are judged by the log score, revenue by the CRPS. Absolute errors are not looked at: they prefer forecasts of the median,
    and so wrong models.

    Parameters
    ----------
    candidates : sequence of str
        Labels of the models given; baselines are no candidates.
    forecasts, differences : pandas.DataFrame
        As of `Backtest`.
    measures : sequence of str
        What is counted, and then the money.

    Returns
    -------
    Choice
    """
    weeks = int(differences["weeks"].min())
    left, told = list(candidates), []
    for measure in measures:
        own = differences[(differences["measure"] == measure) & (differences["weeks"] == weeks) & differences["model"].isin(left)]
        best = str(own["model"].iloc[int(own["loss"].argmin())])
        to_best = own[own["other"] == best]
        apart = (to_best["difference"] > EQUAL_WITHIN * to_best["se"]) & (to_best["origins"] >= FEWEST_ORIGINS)
        worse = [model for model in left if model in set(to_best.loc[apart, "model"])]
        if worse:
            errors = f"more than {EQUAL_WITHIN:.0f} standard errors"
            told.append(f"{best} told the {measure} of single customers over {weeks} weeks better than {', '.join(worse)}, by {errors}")
        left = [model for model in left if model not in worse]
    chosen = left[0]
    if len(left) > 1:
        crps = {model: value for model, value in _relative_crps(forecasts).items() if np.isfinite(value)}
        chosen = min(left, key=lambda model: (round(crps.get(model, np.inf), 6), candidates.index(model)))
        others = ", ".join(model for model in left if model != chosen)
        nearest = f"its total came nearest (CRPS {crps[chosen]:.1%} of what happened)" if chosen in crps else "it was named first"
        told.append(f"by single customers' scores it cannot be told apart from {others}, and {nearest}")
    if not told:
        told.append("it was graded alone, beside the baselines")
    return Choice(chosen, "; ".join(told))


def _relative_crps(forecasts: pd.DataFrame) -> dict[str, float]:
    """Mean over origins, horizons and measures of the total's CRPS as a share of what happened."""
    total = forecasts[(forecasts["who"] == "existing") & (forecasts["column"] == "")]
    relative = total["crps"] / total["actual"].where(total["actual"] > 0)
    return {str(model): float(value) for model, value in relative.groupby(total["model"]).mean().items()}
