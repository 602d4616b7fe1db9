"""How far the next forecast of contracts may be off: learned from how far the past ones were, as of orders.

Lost contracts: log of how many were lost over how many were foreseen to be in the mean, each with half a contract more, and the model of
`clvbayes.grading.past_errors`, with its priors. Where few are foreseen, logs of right forecasts lie too low in the mean, and weighed by
what happened too high; with variances over the root of that ratio they do neither (the second derivative of sqrt(x) log(x) at 1 is zero),
so that the fewest losses teach something. Amounts: what recurs of a contract that is left, on average, in logs, over the part of a year
that has passed, since it can change at renewals alone,

    a = mu + b e + error,    mu ~ N(0, .02^2), b ~ N(0, .3^2), sigma ~ half-normal(.03),

where e is what losses were off: where small contracts are lost, the others are larger, which a simulation whose odds are moved has by
itself, so that it takes mu and the error alone. Or there is neither, with the same probability as there: prices of a whole base move by
some percent in a year, hardly by ten. Of levels nothing is learned.
"""

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.grading.contract_forecasts import CONTRACT_MEASURES
from clvbayes.grading.past_errors import GROWTHS, KEYS, MEAN_SD, SLOPE_SD, Errors, evidence_row, shared_draws
from clvbayes.valuation.contract_discrepancy import ContractDiscrepancy
from clvbayes.valuation.discrepancy import HELD_FROM

__all__ = ["AMOUNT_MEAN_SD", "AMOUNT_SCALE", "learn_from_contracts"]

AMOUNT_MEAN_SD, AMOUNT_SCALE = 0.02, 0.03  # a year


def learn_from_contracts(ended: pd.DataFrame, *, draws: int, seed: int) -> ContractDiscrepancy:
    """What forecasts that have ended missed, rows as in `Backtest.forecasts`; from none of them, what the prior says."""
    random = np.random.default_rng([seed, 42])
    lost, amounts = _log_errors(ended)
    of_lost, of_amounts = Errors(lost), Errors(amounts)
    size, sigma, growth, mean = shared_draws(of_lost, np.ones((len(lost), 1)), GROWTHS, [MEAN_SD], random, draws)
    design = np.column_stack([np.ones(len(amounts)), amounts["of_lost"].to_numpy(dtype=float)])
    amount, amount_sigma, _, amount_mean = shared_draws(
        of_amounts, design, np.zeros(1), [AMOUNT_MEAN_SD, SLOPE_SD], random, draws, AMOUNT_SCALE
    )
    rows = [
        evidence_row("contracts lost", lost, mean[:, 0], sigma, growth),
        evidence_row("amount of contracts", amounts, amount_mean[:, 0], amount_sigma, np.zeros(draws), AMOUNT_SCALE),
    ]
    shared = {"size": size, "growth": growth, "amount": amount}
    return ContractDiscrepancy(xr.Dataset({name: ("draw", values) for name, values in shared.items()}), pd.DataFrame(rows))


def _log_errors(ended: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of contracts lost, and of what recurs of one that is left, over the part of a year, by origin and horizon."""
    names = [*KEYS, "error", "variance", "of_lost"]
    if ended.empty:
        return pd.DataFrame(columns=names), pd.DataFrame(columns=names)
    total = ended[ended["column"] == ""]
    left, recurring = (total[total["measure"] == measure].set_index(KEYS) for measure in CONTRACT_MEASURES)
    recurring = recurring.loc[left.index]
    foreseen = left["customers"] - left["mean"]
    ratio = (left["customers"] - left["actual"] + 0.5) / (foreseen + 0.5)
    lost = pd.DataFrame({"error": np.log(ratio), "variance": (left["sd"] / (foreseen + 0.5)) ** 2 / np.sqrt(ratio)})
    passed = np.minimum(left.index.get_level_values("weeks").to_numpy(dtype=float), HELD_FROM) / HELD_FROM
    told = np.all([frame[name] > 0 for frame in (left, recurring) for name in ("actual", "mean", "q50")], axis=0)
    of_amounts = recurring["actual"] / left["actual"] / (recurring["q50"] / left["q50"])
    variances = [np.log1p((frame["sd"] / frame["mean"]) ** 2) for frame in (recurring, left)]
    # of a ratio: what it is if amounts hang together with who is left in no way, and at least what it is if they do so altogether
    variance = np.maximum(variances[0] - variances[1], (np.sqrt(variances[0]) - np.sqrt(variances[1])) ** 2).clip(lower=1e-6)
    amounts = pd.DataFrame({"error": np.log(of_amounts) / passed, "variance": variance / passed**2, "of_lost": lost["error"]})[told]
    return lost[(foreseen > 0) & (left["sd"] > 0)].reset_index(), amounts.reset_index()
