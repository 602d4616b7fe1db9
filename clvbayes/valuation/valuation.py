"""The hinge: predictive draws of what the customers will bring. Everything after it knows no model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtri

from clvbayes.inference.certificate import CheckResult
from clvbayes.notebook import fragment, picture
from clvbayes.valuation.book import ContractBook
from clvbayes.valuation.economics import Economics, Period

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ALL_CUSTOMERS", "COMPONENTS", "MOMENTS", "NEVER", "Acquisition", "Valuation"]

COMPONENTS = ("orders", "revenue", "returned", "cost", "contribution", "value")
MOMENTS = ("mean", "variance", "first_order", "residual")
ALL_CUSTOMERS = "all customers"
NEVER = "never"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
CAUTIOUS = 0.2  # quantile


@dataclass(frozen=True)
class Acquisition:
    """What one customer yet to be won would bring, by level; never to be added to what existing customers are worth.

    Attributes
    ----------
    newcomers : mapping of str to xarray.DataArray
        For each reporting column, and under "" for all customers, dims ``(draw, level, moment)``, in units of the currency at acquisition.
        Moments: `first_order`, the contribution of the first order; `residual`, that of all later ones within the horizon, discounted: the
        value of a customer just acquired; `mean`, their sum: the value of one not yet acquired, from which its acquisition cost is still to
        be paid; `variance`, of one newcomer's value around this mean, so that a batch of n has a noise of sqrt(variance / n). Coordinates
        by level: `won_last_year` (customers) and, where they are given, `acquisition_cost` and `conversion`.
    payback : mapping of str to xarray.DataArray
        Share of newcomers who earn back their acquisition cost in each period after acquisition ("1", "2", ...; the first includes the
        first order), or "never" within the horizon; dims ``(draw, level, period)``. Empty without acquisition costs.
    """

    newcomers: Mapping[str, xr.DataArray] = field(default_factory=dict)
    payback: Mapping[str, xr.DataArray] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """One row a reporting column and level, and one for all customers; amounts in units of the currency.

        `first_order`, `just_acquired` and `not_yet_acquired` are means; `not_yet_acquired_5` and `_95` the band of what a newcomer brings
        on average over as many as were won in the last year (over one where none were); `newcomer_sd` is that of a single one. With
        acquisition costs: `acquisition_cost`, `net` (mean less cost), `p_never` (a newcomer never earns back its cost) and `p_loss` (as
        many newcomers as last year do not earn back theirs). With a conversion: `ceiling` and `cautious_ceiling`, what a contact may cost
        at most, in the mean and at the 20 % quantile; without one, what a customer may.
        """
        frames = [self._by_level(column, values) for column, values in self.newcomers.items()]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def _by_level(self, column: str, values: xr.DataArray) -> pd.DataFrame:
        by_draw = values.transpose("moment", "level", "draw").sel(moment=list(MOMENTS)).to_numpy()
        mean, variance, first_order, residual = np.ascontiguousarray(by_draw)
        won = values["won_last_year"].to_numpy().astype(int)
        batch = np.sort(mean + np.sqrt(variance / np.maximum(won, 1)[:, None]) * _scattered_normals(mean.shape[1]), axis=1)
        low, high, cautious = np.quantile(batch, [0.05, 0.95, CAUTIOUS], axis=1)
        conversion = values["conversion"].to_numpy().astype(float) if "conversion" in values.coords else 1.0
        frame = {
            "column": column,
            "level": values["level"].to_numpy().astype(str),
            "won_last_year": won,
            "first_order": first_order.mean(axis=1),
            "just_acquired": residual.mean(axis=1),
            "not_yet_acquired": mean.mean(axis=1),
            "not_yet_acquired_5": low,
            "not_yet_acquired_95": high,
            "newcomer_sd": np.sqrt(variance.mean(axis=1) + mean.var(axis=1)),
            "ceiling": np.maximum(conversion * mean.mean(axis=1), 0.0),
            "cautious_ceiling": np.maximum(conversion * cautious, 0.0),
        }
        if "acquisition_cost" in values.coords:
            cost = values["acquisition_cost"].to_numpy().astype(float)
            frame |= {
                "acquisition_cost": cost,
                "net": mean.mean(axis=1) - cost,
                "p_loss": (batch < cost[:, None]).mean(axis=1),
                "p_never": self.payback[column].sel(period=NEVER).transpose("level", "draw").to_numpy().mean(axis=1),
            }
        return pd.DataFrame(frame)


@dataclass(frozen=True)
class Valuation:
    """Predictive draws of what existing customers will order and pay by contract, and apart from them of customers still to be won.

    Attributes
    ----------
    cash : mapping of str to xarray.DataArray
        For each reporting column, dims ``(draw, level, period, component)``, with the number of customers of each level as a coordinate.
        Components: `orders` (count), and in units of the currency `revenue` (ordered, or paid by contract), `returned` (what comes back
        of it, in the period of the order; what comes back of orders before the valuation date, in the first period), `cost` (of orders,
        service and returns), `contribution` (margin on what is kept, less cost) and `value` (contribution discounted to the valuation
        date).
        ``attrs["kind"]`` is "predictive".
    total : xarray.DataArray
        The same over all customers, dims ``(draw, period, component)``; every column's levels add up to it, draw by draw.
    customers : pandas.DataFrame
        One row a customer: `customer_id`, `p_alive`, `p_no_order` (within the horizon), `expected_orders` (in the next year), `value_mean`,
        `value_sd`, `value_5`, `value_50`, `value_95` (quantiles of the predictive value over the horizon), `p_top_tenth` (probability to be
        among the tenth of the customers with the highest values), with acquisition costs `p_below_acquisition_cost` (probability that the
        value does not reach them), with a returns model `share_returned` (expected share of the next order that comes back), then the
        segments. With contracts `contracts` (running ones) and `recurring` (their revenue of a year); of customers with contracts alone
        `p_alive` is 1, and nothing is said of orders.
    economics : Economics
    periods : tuple of Period
    checks : tuple of CheckResult
        Whether the simulation agrees with closed forms, in the mean and, where the discount rate is one number and amounts do not grow, in
        the spread; and whether all sums agree.
    spread : pandas.DataFrame
        One row a reporting column and level, and one for all customers: `sd` of the value over the horizon, and of it `process_sd`, what
        chance would leave if all else were known, `parameter_sd`, and `systematic_sd`, what moves all customers at once; their squares add
        up.
    beyond_horizon : float
        Share of the expected value until fifty years ahead, before costs of service, that lies beyond the horizon, estimated from a
        thousand customers; missing where orders lose money.
    acquisition : Acquisition
        Newcomers' values; empty if not asked for.
    levers : mapping of str to xarray.DataArray
        For each reporting column, and under "" for all customers, the value over the horizon with one lever moved from the valuation date
        on, dims ``(draw, level, lever, size)``; `size` multiplies odds of leaving, rate or spend, and 1 is the valuation itself. The random
        numbers are the same at all sizes. Empty unless asked for.
    discrepancy : pandas.DataFrame
        What moved the draws besides the fits, as `Discrepancy.evidence` and `ContractDiscrepancy.evidence`; empty if nothing did.
    uncertified : tuple of str
        Titles of the models whose fits failed their certificates.
    contracts : ContractBook or None
        What recurs by contracts; None without any.
    ordering : xarray.DataArray or None
        How many of these customers order in each whole fiscal quarter ahead, dims ``(draw, cohort, quarter)``. A cohort is named by the
        calendar year in which the fiscal year of its first orders begins, with its number of `customers` as a coordinate; a quarter by its
        first day. None where no day of an order is known, or the horizon holds no whole quarter.
    """

    cash: Mapping[str, xr.DataArray]
    total: xr.DataArray
    customers: pd.DataFrame
    economics: Economics
    periods: tuple[Period, ...]
    checks: tuple[CheckResult, ...]
    spread: pd.DataFrame
    beyond_horizon: float
    acquisition: Acquisition = field(default_factory=Acquisition)
    levers: Mapping[str, xr.DataArray] = field(default_factory=dict)
    discrepancy: pd.DataFrame = field(default_factory=pd.DataFrame)
    uncertified: tuple[str, ...] = ()
    contracts: ContractBook | None = None
    ordering: xr.DataArray | None = None

    @property
    def passed(self) -> bool:
        """Whether no check of the valuation failed; `uncertified` tells of the fits."""
        return all(check.status != "failed" for check in self.checks)

    @property
    def newcomers(self) -> Mapping[str, xr.DataArray]:
        """Mean and variance of one newcomer's value; see `Acquisition`."""
        return self.acquisition.newcomers

    def __repr__(self) -> str:
        whole = _row("", ALL_CUSTOMERS, len(self.customers), self.total)
        failed = "" if self.passed and not self.uncertified else "; a check failed: see .checks and .uncertified"
        band = f"90 % band {whole['value_5']:,.0f} to {whole['value_95']:,.0f}"
        return f"Valuation of {len(self.customers):,} customers: {whole['value_mean']:,.0f} in the mean, {band}{failed}"

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Revenue of the complete periods ahead, as a fan of bands.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; pyplot's current ones by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return picture(self, axes)

    def _repr_html_(self) -> str:
        """As the report shows it."""
        return fragment(self)

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


def _scattered_normals(count: int) -> np.ndarray:
    """Normal quantiles in an order that goes with nothing else: multiples of the golden ratio, which fill the unit interval evenly."""
    golden = (5**0.5 - 1) / 2
    return np.asarray(ndtri((0.5 + golden * np.arange(count)) % 1.0 * (1 - 1e-9) + 5e-10))
