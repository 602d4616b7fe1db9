"""What the graded forecasts say: whether the total's bands held, by how much they were too narrow, and which model told it best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import binom

from clvbayes.grading.windows import MEASURES, apart

__all__ = ["Choice", "Verdict", "choose", "judge"]

FEWEST_ORIGINS = 3
UNLIKELY = 0.05  # chance, if the bands were right, of holding so seldom: below it they are called too narrow
NOMINAL = 0.9
EQUAL_WITHIN = 2.0  # standard errors of the difference of two models' scores


@dataclass(frozen=True)
class Verdict:
    """Whether a model's bands of the total held, for one measure and horizon.

    Attributes
    ----------
    model : str
    measure : {"orders", "revenue"}
    weeks : int
        The horizon.
    origins : int
        Origins whose horizons do not overlap: only these count.
    held : int
        In how many of them the 90 % band held what happened.
    chance : float
        Of holding so seldom or less, if the bands were right.
    bias : float
        Mean of forecast / actual - 1 over the origins.
    factor : float
        By how much the bands would have had to be wider, around their medians, to hold in at least nine of ten; infinite where the band
        that decides has no width.
    judgement : {"too narrow", "too wide", "not refuted", "too few origins"}
    """

    model: str
    measure: str
    weeks: int
    origins: int
    held: int
    chance: float
    bias: float
    factor: float
    judgement: Literal["too narrow", "too wide", "not refuted", "too few origins"]

    @property
    def message(self) -> str:
        """The verdict in words, with its evidence."""
        off = f" On average the forecast was off by {self.bias:+.0%}." if np.isfinite(self.bias) else ""
        forecasts = f"{self.origins} forecast{'s' * (self.origins != 1)} of {self.weeks} weeks that do not overlap"
        evidence = f"The 90 % band of the total's {self.measure} held in {self.held} of {forecasts}"
        match self.judgement:
            case "too few origins":
                return f"{evidence}; a verdict needs {FEWEST_ORIGINS}."
            case "too narrow":
                chance = "less than one in a thousand" if self.chance < 0.001 else f"{self.chance:.1%}"
                wider = f" They would have had to be {self.factor:.1f} times as wide." if np.isfinite(self.factor) else ""
                return f"{evidence}. They were too narrow: bands that are right hold so seldom with a chance of {chance}.{wider}{off}"
            case "too wide":
                return f"{evidence}, and the middle half of them held too often: they could have been narrower."
            case _:
                return f"{evidence}; that does not speak against them.{off}"


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
        bias = float((own["mean"] / own["actual"] - 1).mean())
    factor = float(needed[int(np.ceil(NOMINAL * origins - 1e-9)) - 1])
    chance = float(binom.cdf(held, origins, NOMINAL))
    middle = int(own["held_50"].sum())
    if origins < FEWEST_ORIGINS:
        judgement: Literal["too narrow", "too wide", "not refuted", "too few origins"] = "too few origins"
    elif chance < UNLIKELY:
        judgement = "too narrow"
    elif binom.sf(middle - 1, origins, 0.5) < UNLIKELY / 2:
        judgement = "too wide"
    else:
        judgement = "not refuted"
    return Verdict(model, measure, weeks, origins, held, chance, bias, factor, judgement)


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


def choose(candidates: Sequence[str], forecasts: pd.DataFrame, differences: pd.DataFrame) -> Choice:
    """The candidate that told single customers best at the shortest horizon; of those that cannot be told apart, the total's best.

    Single customers are many and all but independent, so that their scores tell models apart; totals are few. Orders are judged by the log
    score, revenue by the CRPS. Absolute errors are not looked at: they prefer forecasts of the median, and so wrong models.

    Parameters
    ----------
    candidates : sequence of str
        Labels of the models given; baselines are no candidates.
    forecasts, differences : pandas.DataFrame
        As of `Backtest`.

    Returns
    -------
    Choice
    """
    weeks = int(differences["weeks"].min())
    left, told = list(candidates), []
    for measure in MEASURES:
        own = differences[(differences["measure"] == measure) & (differences["weeks"] == weeks) & differences["model"].isin(left)]
        best = str(own["model"].iloc[int(own["loss"].argmin())])
        to_best = own[own["other"] == best]
        near = set(to_best.loc[to_best["difference"] <= EQUAL_WITHIN * to_best["se"], "model"])
        equal = [model for model in left if model in near]
        if len(equal) < len(left):
            worse = ", ".join(model for model in left if model not in equal)
            errors = f"more than {EQUAL_WITHIN:.0f} standard errors"
            told.append(f"it told the {measure} of single customers over {weeks} weeks better than {worse}, by {errors}")
        left = equal
    chosen = left[0]
    if len(left) > 1:
        crps = {model: value for model, value in _relative_crps(forecasts).items() if np.isfinite(value)}
        chosen = min(left, key=lambda model: (round(crps.get(model, np.inf), 6), candidates.index(model)))
        others = ", ".join(model for model in left if model != chosen)
        nearest = f"its total came nearest (CRPS {crps[chosen]:.1%} of what happened)" if chosen in crps else "it was named first"
        told.append(f"of single customers' scores it cannot be told apart from {others}, and {nearest}")
    if not told:
        told.append("it is the only model that was given")
    return Choice(chosen, "; ".join(told))


def _relative_crps(forecasts: pd.DataFrame) -> dict[str, float]:
    """Mean over origins, horizons and measures of the total's CRPS as a share of what happened."""
    total = forecasts[(forecasts["who"] == "existing") & (forecasts["column"] == "")]
    relative = total["crps"] / total["actual"].where(total["actual"] > 0)
    return {str(model): float(value) for model, value in relative.groupby(total["model"]).mean().items()}
