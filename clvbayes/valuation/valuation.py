"""The hinge: predictive draws of what the customers will bring. Everything after it knows no model."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from clvbayes.inference.certificate import CheckResult
from clvbayes.valuation.economics import Economics, Period

__all__ = ["COMPONENTS", "Valuation"]

COMPONENTS = ("orders", "revenue", "contribution", "value")


@dataclass(frozen=True)
class Valuation:
    """Predictive draws of the future orders and money of existing customers, without customers still to be won.

    Attributes
    ----------
    cash : mapping of str to xarray.DataArray
        For each reporting column, dims ``(draw, level, period, component)``. Components: `orders` (count), `revenue`, `contribution`
        (revenue times margin) and `value` (contribution discounted to the valuation date), in units of the currency.
        ``attrs["kind"]`` is "predictive".
    total : xarray.DataArray
        The same over all customers, dims ``(draw, period, component)``; every column's levels add up to it, draw by draw.
    customers : pandas.DataFrame
        One row a customer: `customer_id`, `p_alive`, `expected_orders` (in the next year), `value_mean`, `value_sd`, `value_5`, `value_50`,
        `value_95` (quantiles of the predictive value over the horizon), then the segments.
    economics : Economics
    periods : tuple of Period
    check : CheckResult
        Whether the simulation agrees with closed-form expectations.
    """

    cash: Mapping[str, xr.DataArray]
    total: xr.DataArray
    customers: pd.DataFrame
    economics: Economics
    periods: tuple[Period, ...]
    check: CheckResult
