"""The hinge: predictive draws of what the customers will bring. Everything after it knows no model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.inference.certificate import CheckResult
from clvbayes.valuation.economics import Economics, Period

__all__ = ["ALL_CUSTOMERS", "COMPONENTS", "Valuation"]

COMPONENTS = ("orders", "revenue", "cost", "contribution", "value")
ALL_CUSTOMERS = "all customers"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Valuation:
    """Predictive draws of the future orders and money of existing customers, without customers still to be won.

    Attributes
    ----------
    cash : mapping of str to xarray.DataArray
        For each reporting column, dims ``(draw, level, period, component)``, with the number of customers of each level as a coordinate.
        Components: `orders` (count), and in units of the currency `revenue`, `cost` (of orders and of service), `contribution` (revenue
        times margin less cost) and `value` (contribution discounted to the valuation date).
        ``attrs["kind"]`` is "predictive".
    total : xarray.DataArray
        The same over all customers, dims ``(draw, period, component)``; every column's levels add up to it, draw by draw.
    customers : pandas.DataFrame
        One row a customer: `customer_id`, `p_alive`, `p_no_order` (within the horizon), `expected_orders` (in the next year), `value_mean`,
        `value_sd`, `value_5`, `value_50`, `value_95` (quantiles of the predictive value over the horizon), `p_top_tenth` (probability to be
        among the tenth of the customers with the highest values), with acquisition costs `p_below_acquisition_cost` (probability that the
        value does not reach them), then the segments.
    economics : Economics
    periods : tuple of Period
    check : CheckResult
        Whether the simulation agrees with closed-form expectations.
    levers : mapping of str to xarray.DataArray
        For each reporting column, and under "" for all customers, the value over the horizon with one lever moved from the valuation date
        on, dims ``(draw, level, lever, size)``; `size` multiplies odds of leaving, rate or spend, and 1 is the valuation itself. The random
        numbers are the same at all sizes. Empty unless asked for.
    """

    cash: Mapping[str, xr.DataArray]
    total: xr.DataArray
    customers: pd.DataFrame
    economics: Economics
    periods: tuple[Period, ...]
    check: CheckResult
    levers: Mapping[str, xr.DataArray] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """One row a reporting column and level, and one for all customers.

        Columns `column`, `level`, `customers`, and of the value over the horizon: `value_mean`, `value_sd`, and the quantiles `value_5`,
        `value_25`, `value_50`, `value_75`, `value_95`.
        """
        rows = [_row("", ALL_CUSTOMERS, len(self.customers), self.total)]
        for column, cash in self.cash.items():
            rows += [_row(column, str(level["level"].item()), int(level["customers"]), level) for level in cash.transpose("level", ...)]
        return pd.DataFrame(rows)


def _row(column: str, level: str, customers: int, cash: xr.DataArray) -> dict[str, object]:
    draws = cash.sel(component="value").sum("period").to_numpy()
    quantiles = np.quantile(draws, QUANTILES)
    return {
        "column": column,
        "level": level,
        "customers": customers,
        "value_mean": draws.mean(),
        "value_sd": draws.std(),
        **{f"value_{100 * q:.0f}": quantile for q, quantile in zip(QUANTILES, quantiles, strict=True)},
    }
