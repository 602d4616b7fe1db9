"""What past money did: response curves of all channels at once, learned from what was spent on them and whom it won.

In period t, channel c won a negative binomial number of customers around

    base_c + A_c f(spend_ct / k_c),    log A_c ~ N(mu_A, tau_A),   log k_c ~ N(mu_k, tau_k)

with the curve f of a family (`clvbayes.decisions.responses`), A and k in units of the channel's mean win and mean spend: channels with
little history lean on the others (Blattberg & Deighton 1996 for the curve; method book 3.3). Money is not spent at random: where it
followed what was expected anyway, its effect looks larger, or smaller, than it is. That cannot be learned from such data; every curve's
height is therefore moved by a bias with a stated spread.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import arviz_stats
import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import require_seed
from clvbayes.decisions.responses import FAMILIES, Family, Parametric, halves_of, recycled
from clvbayes.errors import ArgumentError, DataError
from clvbayes.inference.certificate import DIVERGENCE_LIMIT, ESS_LIMIT, RHAT_LIMIT, CheckResult

__all__ = ["Learned", "learn_responses"]

FEWEST_PERIODS = 6
LEAST_WON = 0.5  # customers a period: what means are taken to be at least
BIAS = 0.2
# Of eight made-up histories of four channels two had too many divergences at .9 (500 draws a chain), none at .97.
TARGET_ACCEPT = 0.97
MONTHS = {"month": 1.0, "quarter": 3.0, "year": 12.0}


@dataclass(frozen=True)
class Learned:
    """Draws of a learned curve; see `learn_responses`.

    Attributes
    ----------
    family : str
    top, scale : numpy.ndarray
        Dims ``(draw,)``: the most customers a period, and the scale of spend, in the currency.
    months : float
        Length of a period of the table.
    checks : tuple of CheckResult
        Of the fit of all channels; no plan is made with a curve of which one failed.
    """

    family: Family
    top: np.ndarray
    scale: np.ndarray
    months: float
    checks: tuple[CheckResult, ...] = ()
    joint: ClassVar[bool] = True

    @property
    def largest(self) -> float:
        """The highest top of all draws; of a logarithmic curve, which has none, no bound."""
        return float("inf") if self.family == "logarithmic" else float(self.top.max())

    def split(self, random: np.random.Generator) -> "tuple[Learned, Learned]":
        """Two halves of the draws."""
        first, second = (replace(self, top=self.top[half], scale=self.scale[half]) for half in halves_of(len(self.top), random))
        return first, second

    def over(self, months: float) -> "Learned":
        """Of so many months, whose spend is spread evenly over them."""
        times = months / self.months
        return replace(self, top=times * self.top, scale=times * self.scale, months=months)

    def curves(self, draws: int, random: np.random.Generator) -> Parametric:
        """As many of the draws, in random order; again from the first one where there are not enough."""
        order = recycled(len(self.top), draws, random)
        return Parametric(self.family, self.top[order], self.scale[order])


def learn_responses(
    table: Any,
    *,
    period: Literal["month", "quarter", "year"],
    channel: str = "channel",
    spend: str = "spend",
    won: str = "won",
    family: Family = "saturating",
    bias: float = BIAS,
    draws: int = 1000,
    seed: int,
    progress: bool = False,
) -> dict[str, Learned]:
    """Responses of all channels, from a table of what was spent on each in each period, and how many customers it won.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a channel and period, at least six periods a channel.
    period : {"month", "quarter", "year"}
        What a period of the table is. A measure's spend is that of one campaign, a fiscal period, and is taken to be spread evenly over it.
    channel, spend, won : str
        Names of its columns: text, an amount in the currency of at least 0, a number of customers.
    family : {"saturating", "hyperbolic", "logarithmic"}
    bias : float
        Standard deviation of the logarithm of a factor on every curve's height, for money that was not spent at random; 0 where it was.
    draws : int
        Posterior draws of each of four chains.
    seed : int
    progress : bool

    Returns
    -------
    dict of str to Learned
        By channel: customers won per period beyond those who come without any spend.

    Raises
    ------
    DataError
        If a row of the table cannot be, or a channel has too few periods or never spent anything.
    ArgumentError
        If a column is missing, or an option is out of range.

    Examples
    --------
    >>> learn_responses(pd.DataFrame({"channel": ["fair"], "spend": [100.0]}), period="month", seed=1)
    Traceback (most recent call last):
    clvbayes.errors.ArgumentError: the table has no column 'won'; it has 'channel', 'spend'
    """
    require_seed(seed)
    if not isinstance(period, str) or period not in MONTHS:
        raise ArgumentError(f"period must be one of {', '.join(MONTHS)}, which a row of the table is of, not {period!r}")
    if not isinstance(family, str) or family not in FAMILIES:
        raise ArgumentError(f"family must be one of {', '.join(FAMILIES)}, not {family!r}")
    if isinstance(bias, bool) or not isinstance(bias, int | float) or not 0 <= bias < 2:
        raise ArgumentError(f"bias must be a number from 0 to below 2, not {bias!r}")
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 100:
        raise ArgumentError(f"draws must be a whole number of at least 100, not {draws!r}")
    names, of, spent, customers = _checked(table, channel, spend, won)
    mean_spend = np.bincount(of, spent) / np.bincount(of)
    mean_won = np.maximum(np.bincount(of, customers) / np.bincount(of), LEAST_WON)
    posterior, checks = _sampled(of, spent / mean_spend[of], customers, mean_won, family, int(draws), int(seed), progress)
    random = np.random.default_rng([seed, len(names)])
    found = {}
    for k, name in enumerate(names):
        moved = np.exp(bias * random.standard_normal(len(posterior["height"])))
        top, scale = mean_won[k] * posterior["height"][:, k] * moved, mean_spend[k] * posterior["scale"][:, k]
        found[str(name)] = Learned(family, top, scale, MONTHS[period], checks)
    return found


def _checked(table: Any, channel: str, spend: str, won: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Channels by name, and of each row, in an order of its own, its channel, spend and customers."""
    if not isinstance(table, pd.DataFrame):
        raise ArgumentError(f"the table must be a pandas.DataFrame, not {type(table).__name__}")
    for name in (channel, spend, won):
        if name not in table.columns:
            raise ArgumentError(f"the table has no column {name!r}; it has {', '.join(map(repr, table.columns))}")
    if table[channel].isna().any():
        raise DataError(f"row {int(np.flatnonzero(table[channel].isna())[0]) + 1} of the table has no channel")
    columns = [pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float) for name in (spend, won)]
    for name, values in zip((spend, won), columns, strict=True):
        wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
        if len(wrong):
            given = table[name].tolist()[wrong[0]]
            raise DataError(f"row {wrong[0] + 1} of the table: {name} must be a number of at least 0, not {given!r}")
    spent, customers = columns
    part = np.flatnonzero(customers != np.floor(customers))
    if len(part):
        raise DataError(f"row {part[0] + 1} of the table: {won} counts customers, not {float(customers[part[0]])!r}")
    names, of = np.unique(table[channel].astype(str).to_numpy(dtype=str), return_inverse=True)
    for k, name in enumerate(names):
        if (of == k).sum() < FEWEST_PERIODS:
            raise DataError(f"channel {str(name)!r} has {(of == k).sum()} periods; a curve needs at least {FEWEST_PERIODS}")
        if not spent[of == k].any():
            raise DataError(f"nothing was ever spent on channel {str(name)!r}: leave it out")
    order = np.lexsort((customers, spent, of))  # so that the table's does not matter
    return names, of[order], spent[order], customers[order]


def _sampled(
    of: np.ndarray, spent: np.ndarray, customers: np.ndarray, mean_won: np.ndarray, family: Family, draws: int, seed: int, progress: bool
) -> tuple[dict[str, np.ndarray], tuple[CheckResult, ...]]:
    """Draws of heights and scales, in units of the channels' means, dims ``(draw, channel)``, and what was checked of them."""
    import nutpie
    import pymc as pm
    import pytensor.tensor as pt

    curve = {"saturating": lambda ratio: -pt.expm1(-ratio), "hyperbolic": lambda ratio: ratio / (1 + ratio), "logarithmic": pt.log1p}[
        family
    ]
    size = len(mean_won)
    with pm.Model() as model:
        # at its mean spend a channel wins some half of what it could, give or take a factor of two
        heights, scales = pm.Normal("heights", 0.5, 0.5), pm.Normal("scales", 0.0, 0.7)
        of_heights, of_scales = pm.HalfNormal("of_heights", 0.4), pm.HalfNormal("of_scales", 0.5)
        height = pm.Deterministic("height", pt.exp(heights + of_heights * pm.Normal("each_height", shape=size)))
        scale = pm.Deterministic("scale", pt.exp(scales + of_scales * pm.Normal("each_scale", shape=size)))
        base = pt.exp(pm.Normal("base", -2.0, 1.0, shape=size))
        shape = pt.exp(pm.Normal("log_shape", 3.0, 1.0))
        mean = mean_won[of] * (base[of] + height[of] * curve(spent / scale[of]))
        pm.NegativeBinomial("won", mu=mean, alpha=shape, observed=customers.astype(np.int64))
    compiled = nutpie.compile_pymc_model(model)
    trace = nutpie.sample(compiled, draws=draws, tune=600, chains=4, seed=seed, target_accept=TARGET_ACCEPT, progress_bar=progress)
    found = trace.posterior
    curves = {name: found[name].to_numpy() for name in ("height", "scale")}
    diverging = float(trace.sample_stats["diverging"].mean())
    return {name: values.reshape(-1, size) for name, values in curves.items()}, checked(curves, diverging)


def checked(curves: dict[str, np.ndarray], diverging: float) -> tuple[CheckResult, ...]:
    """R-hat and effective draws of all curves, dims ``(chain, draw, channel)``, and the share of draws that diverged."""
    dataset = xr.Dataset({name: (("chain", "draw", "channel"), values) for name, values in curves.items()})
    with np.errstate(invalid="ignore", divide="ignore"):  # what never moves has no R-hat, which is the worst one
        rhat = max(float(values.fillna(np.inf).max()) for values in arviz_stats.rhat(dataset).data_vars.values())
        sizes = (arviz_stats.ess(dataset, method=method) for method in ("bulk", "tail"))
        effective = min(float(values.fillna(0.0).min()) for size in sizes for values in size.data_vars.values())
    return (
        _held("R-hat", rhat < RHAT_LIMIT, f"R-hat of learned responses is at most {rhat:.3f} (limit {RHAT_LIMIT})."),
        _held(
            "Effective sample size",
            effective > ESS_LIMIT,
            f"Learned responses have {effective:.0f} effective draws (limit {ESS_LIMIT:.0f}).",
        ),
        _held(
            "Divergences",
            diverging <= DIVERGENCE_LIMIT,
            f"{diverging:.2%} of the draws of learned responses diverged (limit {DIVERGENCE_LIMIT:.1%}).",
        ),
    )


def _held(check: str, holds: bool, message: str) -> CheckResult:
    return CheckResult(check, "ok", message) if holds else CheckResult(check, "failed", message, "Use more draws, or fewer channels.")
