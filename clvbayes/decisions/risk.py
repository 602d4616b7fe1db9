"""How bad it may get: the lower tail of predictive draws of value, each figure with its Monte Carlo error.

All of them are about value, not loss: the higher, the better, and the tail is the lower one. Value at risk is a quantile; CVaR, the mean of
what lies below it, is coherent (Artzner, Delbaen, Eber & Heath 1999), so that parts that do not fall together diversify.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats.mstats import mjci

from clvbayes.errors import ArgumentError

__all__ = ["Estimate", "certainty_equivalent", "contributions", "cvar", "prob_below", "tail_weights", "value_at_risk"]


class Estimate(NamedTuple):
    """A figure taken from draws, and the standard error that their number leaves."""

    value: float
    error: float


def value_at_risk(value: Any, level: float = 0.95) -> Estimate:
    """What is undercut with a probability of one less `level` only: a lower quantile of value.

    Parameters
    ----------
    value : xarray.DataArray or array_like
        Predictive draws, dims ``(draw,)``, in any unit.
    level : float
        A fraction between 0 and 1, such as 0.95.

    Returns
    -------
    Estimate
        In the same unit, with its standard error (Maritz & Jarrett 1978).

    Raises
    ------
    ArgumentError
        If `level` is no such fraction, or `value` are no predictive draws.

    Examples
    --------
    >>> value_at_risk(range(101), 0.95).value
    5.0
    """
    draws, share = _draws(value), _tail(level)
    return Estimate(float(np.quantile(draws, share)), float(mjci(draws, [share])[0]))


def cvar(value: Any, level: float = 0.95) -> Estimate:
    """Mean value in the worst ``1 - level`` of all cases: conditional value at risk, or expected shortfall (Rockafellar & Uryasev 2000).

    Parameters
    ----------
    value : xarray.DataArray or array_like
        Predictive draws, dims ``(draw,)``.
    level : float
        A fraction between 0 and 1.

    Returns
    -------
    Estimate

    Raises
    ------
    ArgumentError
        If `level` is no such fraction, or `value` are no predictive draws.

    Examples
    --------
    >>> cvar([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], 0.8).value
    0.5
    """
    draws, share = _draws(value), _tail(level)
    weights = tail_weights(draws, level)
    mean = float(weights @ draws)
    threshold = float(np.quantile(draws, share))
    # of the mean excess beyond a threshold that is estimated too (Chen 2008)
    variance = float(weights @ (draws - mean) ** 2) + (1 - share) * (threshold - mean) ** 2
    return Estimate(mean, float(np.sqrt(variance / (share * len(draws)))))


def prob_below(value: Any, threshold: float) -> Estimate:
    """Probability that value is lower than a threshold, such as what it costs.

    Parameters
    ----------
    value : xarray.DataArray or array_like
        Predictive draws, dims ``(draw,)``.
    threshold : float
        In the same unit.

    Returns
    -------
    Estimate

    Raises
    ------
    ArgumentError
        If `threshold` is no finite number, or `value` are no predictive draws.

    Examples
    --------
    >>> prob_below([-1.0, 2.0, 3.0, 4.0], 0.0).value
    0.25
    """
    draws = _draws(value)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.number) or not np.isfinite(threshold):
        raise ArgumentError(f"threshold must be a finite number, not {threshold!r}")
    share = float((draws < threshold).mean())
    return Estimate(share, float(np.sqrt(share * (1 - share) / len(draws))))


def certainty_equivalent(value: Any, *, risk_tolerance: float) -> Estimate:
    """The certain amount that one would take for an uncertain one, with a constant tolerance for risk: ``-R log E[exp(-V/R)]``.

    Parameters
    ----------
    value : xarray.DataArray or array_like
        Predictive draws, dims ``(draw,)``.
    risk_tolerance : float
        R, above 0, in the unit of value: about the largest sum of which one would bet to win it or to lose half of it (Howard 1988).

    Returns
    -------
    Estimate

    Raises
    ------
    ArgumentError
        If the tolerance is not positive, or `value` are no predictive draws.

    Examples
    --------
    >>> round(certainty_equivalent([0.0, 100.0], risk_tolerance=100.0).value, 1)
    38.0
    """
    draws = _draws(value)
    if isinstance(risk_tolerance, bool) or not isinstance(risk_tolerance, int | float | np.number) or not 0 < risk_tolerance < np.inf:
        raise ArgumentError(f"risk_tolerance must be a positive amount, not {risk_tolerance!r}")
    least = draws.min()
    pain = np.exp(-(draws - least) / risk_tolerance)
    error = risk_tolerance * pain.std(ddof=1) / pain.mean() / np.sqrt(len(draws))
    return Estimate(float(least - risk_tolerance * np.log(pain.mean())), float(error))


def contributions(parts: xr.DataArray, level: float = 0.95) -> pd.DataFrame:
    """What each part brings in the worst cases of their sum (Euler's allocation): these add up to the CVaR of the whole.

    Parameters
    ----------
    parts : xarray.DataArray
        Predictive draws of value that belong together, dims ``(draw, X)`` with any one other dim, such as levels or measures.
    level : float
        A fraction between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        One row a part, indexed by the other dim: `mean`; `contribution` to the CVaR of the sum and its `error`; `cvar`, that of the part by
        itself; `diversified`, how much less of a fall below its mean it adds than it would have alone.

    Raises
    ------
    ArgumentError
        If `level` is no such fraction, or `parts` are no predictive draws with one other dim.

    Examples
    --------
    >>> values = xr.DataArray([[1.0, 4.0], [2.0, 3.0], [3.0, 2.0], [4.0, 1.0]], dims=("draw", "level"), coords={"level": ["a", "b"]})
    >>> contributions(values, 0.75)["contribution"].sum() == cvar(values.sum("level"), 0.75).value
    np.True_
    """
    if not isinstance(parts, xr.DataArray) or "draw" not in parts.dims or parts.ndim != 2:
        raise ArgumentError("contributions needs an xarray.DataArray with the dim draw and one other")
    _require_predictive(parts)
    [other] = [str(dim) for dim in parts.dims if dim != "draw"]
    values = parts.transpose("draw", other).to_numpy()
    whole = _draws(values.sum(axis=1))
    weights = tail_weights(whole, level)
    mean, contribution = values.mean(axis=0), weights @ values
    error = np.sqrt(weights @ (values - contribution) ** 2 / (_tail(level) * len(values)))
    alone = np.array([cvar(values[:, k], level).value for k in range(values.shape[1])])
    columns = {"mean": mean, "contribution": contribution, "error": error, "cvar": alone, "diversified": contribution - alone}
    return pd.DataFrame(columns, index=pd.Index(parts[other].to_numpy(), name=other))


def tail_weights(draws: np.ndarray, level: float) -> np.ndarray:
    """Weight of each draw in the CVaR: the lowest ones, the last of them in part, so that they are a share of ``1 - level`` of all."""
    size = _tail(level) * len(draws)
    order = np.argsort(draws, kind="stable")
    weights = np.zeros(len(draws))
    weights[order] = np.clip(size - np.arange(len(draws)), 0.0, 1.0)
    return weights / weights.sum()


def _tail(level: float) -> float:
    if isinstance(level, bool) or not isinstance(level, int | float | np.number) or not 0 < level < 1:
        raise ArgumentError(f"level must be a fraction between 0 and 1, such as 0.95, not {level!r}")
    return round(1 - float(level), 12)  # 1 - 0.95 is a little more than 0.05 in floats, and would cut into one draw more


def _draws(value: Any) -> np.ndarray:
    if isinstance(value, xr.DataArray):
        _require_predictive(value)
        if value.dims != ("draw",):
            raise ArgumentError(
                f"value must have the one dim draw, not {', '.join(map(str, value.dims)) or 'none'}: select or sum the others"
            )
    draws = np.asarray(value, dtype=float)
    if draws.ndim != 1 or len(draws) < 2 or not np.isfinite(draws).all():
        raise ArgumentError("value must be at least two finite draws, in one dimension")
    return draws


def _require_predictive(value: xr.DataArray) -> None:
    if value.attrs.get("kind", "predictive") != "predictive":
        raise ArgumentError(f"risk is read from predictive draws; these are {value.attrs['kind']} values, which leave out what chance adds")
