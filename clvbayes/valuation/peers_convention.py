"""Lifetime value as lifetimes and pymc-marketing count it: to compare with their numbers, never to decide on."""

from numbers import Real
from typing import cast

import numpy as np
import pandas as pd

from clvbayes.data import Customers, require_seed
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.models.hierarchy import assign_cells, cell_coordinates
from clvbayes.models.protocol import PurchaseModel, SpendModel

__all__ = ["peers_value"]

# what lifetimes' _customer_lifetime_value and pymc-marketing's customer_lifetime_value take for a month
UNITS_PER_MONTH = {"day": 30.0, "week": 4.345, "month": 1.0}
DRAWS = 200  # of an expectation; a hundredth of a posterior standard deviation is not seen in it


def peers_value(
    purchases: Fit, spend: Fit, customers: Customers, *, months: int = 12, monthly_discount_rate: float = 0.01, seed: int
) -> pd.DataFrame:
    """Expected revenue of the next months, discounted from the end of each, as lifetimes and pymc-marketing compute a lifetime value.

    Months have 30 days or 4.345 weeks; expected orders are multiplied by an expected amount; margin, costs and returns do not occur. It is
    an expectation, with no chance of anything in it, and no input to risk: `value` differs from it on purpose.

    Parameters
    ----------
    purchases, spend : Fit
    customers : Customers
        In days, weeks or months.
    months : int
        At least 1.
    monthly_discount_rate : float
        At least 0 and below 1.
    seed : int
        Chooses 200 draws of the posteriors to average over.

    Returns
    -------
    pandas.DataFrame
        `customer_id`, `expected_orders` (not discounted), `expected_amount`, `expected_value` in units of the currency.

    Raises
    ------
    ArgumentError
        If the fits are no purchase and spend fit, or do not fit the customers, the unit is none of the three, or a number is out of range.

    Examples
    --------
    >>> from clvbayes import Customers, fit, models
    >>> rfm = {"frequency": [2, 0, 5], "recency": [30.4, 0.0, 36.1], "T": [38.9, 38.9, 37.0], "monetary_value": [9.0, 0.0, 4.0]}
    >>> customers = Customers.from_frame(pd.DataFrame(rfm), unit="week")
    >>> sampler = {"draws": 100, "chains": 2, "seed": 1, "progress": False}
    >>> fits = fit(models.mbg_nbd(), customers, **sampler), fit(models.gamma_gamma(), customers, **sampler)
    >>> bool((peers_value(*fits, customers, seed=1)["expected_value"] > 0).all())
    True
    """
    if purchases.model.kind != "purchases" or spend.model.kind != "spend":
        raise ArgumentError(f"peers_value needs a purchase fit, then a spend fit, not {purchases.model.name} and {spend.model.name}")
    if purchases.posterior.attrs["unit"] != customers.unit:
        raise ArgumentError(f"the purchase fit counts time in {purchases.posterior.attrs['unit']}s, these customers in {customers.unit}s")
    if customers.spend_level == "mean" and cast("SpendModel", spend.model).needs_single_amounts:
        raise ArgumentError(f"{spend.model.name} needs single amounts, and of these customers only means are known: use gamma_gamma")
    require_seed(seed)
    if customers.unit not in UNITS_PER_MONTH:
        raise ArgumentError(f"peers count in {', '.join(UNITS_PER_MONTH)}s, these customers in {customers.unit}s")
    if not (isinstance(months, int | np.integer) and not isinstance(months, bool) and months >= 1):
        raise ArgumentError(f"months must be a whole number of at least 1, not {months!r}")
    is_rate = isinstance(monthly_discount_rate, Real) and not isinstance(monthly_discount_rate, bool)
    if not (is_rate and 0 <= monthly_discount_rate < 1):
        raise ArgumentError(f"monthly_discount_rate must be at least 0 and below 1, not {monthly_discount_rate!r} (1 % is 0.01)")
    statistics, step = customers.statistics, UNITS_PER_MONTH[customers.unit]
    orders = np.zeros((months, len(customers)))
    known = tuple(statistics[name].to_numpy(dtype=float)[:, None] for name in ("frequency", "recency", "T"))
    amounts = tuple(statistics[name].to_numpy(dtype=float)[:, None] for name in ("spend_count", "spend_sum", "spend_sum_log"))
    at = _coordinates(purchases, customers, seed)
    for month in range(months):
        until = cast("PurchaseModel", purchases.model).expected_discounted_orders(at, *known, horizon=(month + 1) * step, discount=0.0)
        orders[month] = until.mean(axis=1)
    each = np.diff(orders, axis=0, prepend=0.0)
    amount = cast("SpendModel", spend.model).amount_moments(_coordinates(spend, customers, seed), *amounts)[0].mean(axis=1)
    factor = (1 + monthly_discount_rate) ** -np.arange(1.0, months + 1)
    return pd.DataFrame(
        {
            "customer_id": statistics["customer_id"],
            "expected_orders": orders[-1],
            "expected_amount": amount,
            "expected_value": amount * (factor @ each),
        }
    )


def _coordinates(fit: Fit, customers: Customers, seed: int) -> np.ndarray:
    """Dims ``(coordinate, customer, draw)``."""
    posterior, cells = fit.posterior["posterior"].to_dataset(), assign_cells(customers, fit.pool)
    available = posterior.sizes["chain"] * posterior.sizes["draw"]
    chosen = np.random.default_rng(seed).permutation(available)[:DRAWS]
    return cell_coordinates(posterior, cells, chosen, seed=seed)[:, :, cells.of_customer].transpose(1, 2, 0)
