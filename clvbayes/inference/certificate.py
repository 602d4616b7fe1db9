"""The certificate that travels with every fit: what was checked, what was found, what to do about it."""

from dataclasses import dataclass
from typing import Literal

import arviz_stats
import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import Customers, Renewals, Statistics
from clvbayes.inference.weighing import RESAMPLED_FROM
from clvbayes.models.priors import Priors
from clvbayes.models.protocol import Model

__all__ = ["DIVERGENCE_LIMIT", "Certificate", "CheckResult", "Compression", "certify"]

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
class Compression:
    """On how many rows a posterior was sampled, and how it was proved that they were enough.

    Attributes
    ----------
    customers : int
        Customers, or contracts, that inform the fit.
    exact_rows : int
        Distinct rows of their statistics: all that the likelihood knows of them.
    rows : int
        Rows that the sampler saw: the exact ones, or those of a coreset.
    exact_passes : int
        How often the likelihood of all exact rows was evaluated outside the sampler.
    k_hat, k_hat_limit : float or None
        Shape of the upper tail of the weights exact / coreset, and below what it must lie; None without a coreset.
    effective_share : float or None
        Share of the coreset's draws that are effective once weighed.
    resampled : bool
        Whether draws were resampled by their weights.
    modes_agree : bool
        Whether Newton's steps came to the same mode from the coreset's and from the prior's centre.
    remark : str
        What was tried before and did not hold; empty where nothing was.
    """

    customers: int
    exact_rows: int
    rows: int
    exact_passes: int
    k_hat: float | None = None
    k_hat_limit: float | None = None
    effective_share: float | None = None
    resampled: bool = False
    modes_agree: bool = True
    remark: str = ""


@dataclass(frozen=True)
class Certificate:
    """All checks of one fit.

    Attributes
    ----------
    model : str
        Name of the model.
    compression : Compression
    results : tuple of CheckResult
    """

    model: str
    compression: Compression
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(result.status != "failed" for result in self.results)

    def to_frame(self) -> pd.DataFrame:
        """One row a check: ``model``, ``check``, ``status``, ``message``, ``advice``."""
        return pd.DataFrame([{"model": self.model, **vars(result)} for result in self.results])


# Vehtari, Gelman, Simpson, Carpenter & Buerkner (2021), "Rank-normalization, folding, and localization: an improved R-hat".
RHAT_LIMIT = 1.01
ESS_LIMIT = 400.0
# A few divergences in thousands of draws do not move a mean; more than this share says that the sampler avoids a region.
DIVERGENCE_LIMIT = 0.001
CONTRACTION_LIMIT = 0.3
CONFLICT_LIMIT = 2.0
DECISIONS_LIMIT, FEWEST_AT_RISK = 4, 20  # with fewer renewals the forms of heterogeneity and of age cannot be told apart


def certify(posterior: xr.DataTree, priors: Priors, model: Model, statistics: Statistics, compression: Compression) -> Certificate:
    """Check a posterior: convergence, effective sample size, divergences, and what the data added to the priors.

    Parameters
    ----------
    posterior : xarray.DataTree
        Groups `posterior` and `sample_stats`.
    priors : Priors
    model : Model
    statistics : Customers or Renewals
    compression : Compression

    Returns
    -------
    Certificate
    """
    draws = posterior["posterior"].to_dataset()
    # the zero-sum effect of a single level is zero by definition: nothing was sampled
    draws = draws.drop_vars([name for name in draws if str(name).endswith("_effect") and 1 in draws[name].shape[2:]])
    with np.errstate(invalid="ignore", divide="ignore"):  # a parameter that never moves has no R-hat, which is the worst one
        worst_rhat, at_rhat = _extreme(arviz_stats.rhat(draws), largest=True)
        worst_bulk, at_bulk = _extreme(arviz_stats.ess(draws, method="bulk"), largest=False)
        worst_tail, at_tail = _extreme(arviz_stats.ess(draws, method="tail"), largest=False)
    diverging = posterior["sample_stats"]["diverging"]
    results = [
        _limited(
            "R-hat",
            worst_rhat < RHAT_LIMIT,
            f"Chains agree: the largest R-hat is {worst_rhat:.3f} at {at_rhat} (limit {RHAT_LIMIT}).",
            f"Chains disagree: R-hat is {worst_rhat:.4f} at {at_rhat} (limit {RHAT_LIMIT}).",
            "Use more draws; if that does not help, pool over fewer columns.",
        ),
        _limited(
            "Effective sample size",
            min(worst_bulk, worst_tail) > ESS_LIMIT,
            f"At least {worst_bulk:,.0f} effective draws for means ({at_bulk}), {worst_tail:,.0f} for bands ({at_tail}); limit"
            f" {ESS_LIMIT:.0f}.",
            f"Only {worst_bulk:,.0f} effective draws for means ({at_bulk}), {worst_tail:,.0f} for bands ({at_tail}); limit"
            f" {ESS_LIMIT:.0f}.",
            "Use more draws.",
        ),
        _divergences(int(diverging.sum()), diverging.size),
        _rows(compression, statistics.counted),
        _contraction(draws, priors),
        _conflict(draws, priors),
    ]
    if isinstance(statistics, Customers) and model.kind == "spend" and statistics.spend_level == "mean":
        results.append(
            CheckResult(
                "Spend data",
                "note",
                "Spend is known as each customer's mean only, so the spread of single orders is inferred from means.",
                "Give the orders themselves where you can.",
            )
        )
    if isinstance(statistics, Renewals) and model.kind == "contracts":
        results.append(_decisions(statistics))
    return Certificate(model.name, compression, tuple(results))


def _extreme(statistic: xr.Dataset, *, largest: bool) -> tuple[float, str]:
    """The worst value over all parameters, a missing one being the worst, and where it stands."""
    worst, where = -np.inf, ""
    for name, values in statistic.data_vars.items():
        badness = values.fillna(np.inf) if largest else (-values).fillna(np.inf)
        if float(badness.max()) > worst:
            worst = float(badness.max())
            place = badness.argmax(...) if badness.dims else {}
            labels = [str(values[dim].to_numpy()[int(position)]) for dim, position in place.items()]
            where = f"{name}[{', '.join(labels)}]" if labels else str(name)
    return (worst if largest else -worst), where


def _limited(check: str, holds: bool, good: str, bad: str, advice: str) -> CheckResult:
    return CheckResult(check, "ok", good) if holds else CheckResult(check, "failed", bad, advice)


def _rows(compression: Compression, counted: str) -> CheckResult:
    customers = f"{compression.customers:,} {counted} in {compression.exact_rows:,} distinct rows"
    remark = f" {compression.remark}" if compression.remark else ""
    if compression.k_hat is None or compression.k_hat_limit is None or compression.effective_share is None:
        return CheckResult("Rows", "ok", f"{customers}, all of them in every step.{remark}")
    resampled = ", resampled by their weights" if compression.resampled else ""
    weighed = (
        f"{customers}, sampled as {compression.rows:,}; weighed by the exact likelihood ({compression.exact_passes:,} passes over all rows)"
        f" the draws are worth {compression.effective_share:.2%} of their number (limit {RESAMPLED_FROM:.0%}){resampled}, with k-hat"
        f" {compression.k_hat:.2f} (limit {compression.k_hat_limit:.2f}).{remark}"
    )
    holds = compression.modes_agree and compression.k_hat < compression.k_hat_limit and compression.effective_share >= RESAMPLED_FROM
    return _limited("Rows", holds, weighed, weighed, 'Fit with method="exact".')


def _decisions(renewals: Renewals) -> CheckResult:
    """How many renewals in a row have been observed: how churn changes with a contract's age is seen in the form of that curve only."""
    table = renewals.life_table()
    seen = int(table.loc[table["faced"] >= FEWEST_AT_RISK, "decision"].nunique())
    if seen >= DECISIONS_LIMIT:
        return CheckResult("Renewals observed", "ok", f"At least {FEWEST_AT_RISK} contracts faced each of {seen} renewals in their lives.")
    return CheckResult(
        "Renewals observed",
        "note",
        f"At least {FEWEST_AT_RISK} contracts faced each of {seen} renewals in their lives (limit {DECISIONS_LIMIT}): whether contracts"
        " grow safer with age comes from the prior, and so do forecasts of later renewals.",
        "Look at the value with the priors widened, and give older contracts where you can.",
    )


def _divergences(count: int, draws: int) -> CheckResult:
    if count == 0:
        return CheckResult("Divergences", "ok", f"None in {draws:,} draws.")
    message = f"{count} in {draws:,} draws (limit {DIVERGENCE_LIMIT:.1%})."
    if count <= DIVERGENCE_LIMIT * draws:
        return CheckResult("Divergences", "note", message, "Too few to matter.")
    return CheckResult("Divergences", "failed", message, "Pool over fewer columns, or give narrower priors for the scales.")


def _conflict(draws: xr.Dataset, priors: Priors) -> CheckResult:
    """How many prior standard deviations the posterior mean of each population coordinate lies from the prior's centre."""
    away = (draws["population"].mean(("chain", "draw")).to_numpy() - np.array(priors.mean)) / np.array(priors.sd)
    against = [f"{name} ({sds:+.1f})" for name, sds in zip(priors.coordinates, away, strict=True) if abs(sds) > CONFLICT_LIMIT]
    if not against:
        return CheckResult("Prior and data", "ok", f"They agree: no coordinate lies {CONFLICT_LIMIT:.0f} prior standard deviations off.")
    return CheckResult(
        "Prior and data",
        "note",
        f"They disagree, in prior standard deviations, on {', '.join(against)}: the prior pulls the result towards it.",
        "Look at the value with the priors widened.",
    )


def _contraction(draws: xr.Dataset, priors: Priors) -> CheckResult:
    """1 - posterior variance / prior variance of each population coordinate."""
    variance = draws["population"].var(("chain", "draw")).to_numpy()
    contraction = 1 - variance / np.square(priors.sd)
    shares = ", ".join(f"{name} {share:.2f}" for name, share in zip(priors.coordinates, contraction, strict=True))
    prior_driven = [name for name, share in zip(priors.coordinates, contraction, strict=True) if share < CONTRACTION_LIMIT]
    message = f"The data narrowed each coordinate's variance by these shares: {shares}."
    if not prior_driven:
        return CheckResult("Prior to posterior", "ok", message)
    return CheckResult(
        "Prior to posterior",
        "note",
        f"{message} Prior-driven (below {CONTRACTION_LIMIT}): {', '.join(prior_driven)}.",
        "Check these priors, and look at the value with them widened.",
    )
