"""From posterior draws to what each customer will bring: simulated futures, folded into cash by level and period."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit

from clvbayes.data import DAYS_PER_UNIT, Customers, join_segments
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.inference.progress import track
from clvbayes.models.hierarchy import assign_cells, cell_coordinates
from clvbayes.models.protocol import PurchaseModel, SpendModel
from clvbayes.valuation.economics import DAYS_PER_YEAR, Economics, fiscal_periods
from clvbayes.valuation.events import (
    Events,
    Part,
    Plan,
    add_by_customer,
    everyone_of,
    in_order,
    simulate_events,
    values_before_service,
    values_of,
)
from clvbayes.valuation.levers import LEVERS, lever_arrays, moved_values
from clvbayes.valuation.simulation_check import CHECKED_CUSTOMERS, CHECKED_DRAWS, SimulationCheck
from clvbayes.valuation.valuation import COMPONENTS, Valuation

__all__ = ["value"]

MOST_LEVELS = 2_000  # of a reporting column: 2,000 draws of twelve quarters then take 1.2 GB
RANKED_CUSTOMERS, TOP_SHARE = 5_000, 0.1  # of 5,000 the share above a threshold has a standard error of .4 points
PAIRING, UNSEEN_PURCHASES, UNSEEN_SPEND, FREE_SHARE = range(4)  # what a seed is used for, beside the customers' streams


VALUE = COMPONENTS.index("value")


@dataclass(frozen=True)
class _Folded:
    """A simulated batch: its events, ready to be added up, and its customers' summaries.

    `checked` are values before service costs, dims ``(customer, draw)``, of the draws that are checked against closed forms.
    """

    events: Events
    table: pd.DataFrame
    checked: np.ndarray


def value(
    purchases: Fit,
    spend: Fit,
    customers: Customers,
    economics: Economics,
    *,
    by: Sequence[str] | None = None,
    levers: Sequence[str] = (),
    draws: int = 2000,
    seed: int,
    progress: bool = True,
) -> Valuation:
    """Predictive draws of what existing customers will bring.

    For each draw of the posterior and each customer: alive or not, a rate, a dropout probability and a level of spend are drawn from the
    customer's conditional posterior, then every purchase until the horizon and its amount. Customers are folded in batches; no array
    of draws by customers is ever kept whole.

    Parameters
    ----------
    purchases, spend : Fit
        Fits of a purchase and of a spend model. Their draws are paired once, by a permutation from `seed`.
    customers : Customers
        Whom to value; levels that the fits have not seen are drawn from the hierarchy.
    economics : Economics
    by : sequence of str, optional
        Segment columns to report by, each by itself; all of them by default.
    levers : sequence of str
        What to move from the valuation date on, each by itself and with the same random numbers: "churn" (each customer's odds of leaving
        after an order), "rate" (of orders) and "spend" (amounts). Each takes six more passes over all customers.
    draws : int
        Predictive draws, at least 100.
    seed : int
        The same seed gives the same valuation, to the byte.
    progress : bool
        Whether to show progress.

    Returns
    -------
    Valuation

    Raises
    ------
    ArgumentError
        If a lever is none of the three, a column of `by` is no segment, the fits do not fit (a spend model for purchases, another unit
        of time), the currencies differ, or a number is out of range.

    Examples
    --------
    >>> from clvbayes import fit, models, read_transactions, summarize, synthetic
    >>> orders = read_transactions(synthetic.company(customers=60, seed=1).orders, is_return="is_return", currency="EUR")
    >>> customers = summarize(orders)
    >>> sampler = {"draws": 100, "chains": 2, "seed": 1, "progress": False}  # too few for a report
    >>> purchases = fit(models.mbg_nbd(), customers, **sampler)
    >>> spend = fit(models.gamma_gamma(), customers, **sampler)
    >>> valuation = value(purchases, spend, customers, Economics(0.35, 0.09, 3), draws=100, seed=1, progress=False)
    >>> low, high = valuation.total.sel(component="value").sum("period").quantile([0.05, 0.95])
    >>> bool(0 < low < high)
    True
    """
    columns = tuple(customers.segments.columns) if by is None else tuple(by)
    _require_usable(purchases, spend, customers, columns, by, draws, seed)
    if isinstance(levers, str) or not set(levers) <= set(LEVERS) or len(set(levers)) < len(levers):
        raise ArgumentError(f"levers must be some of {', '.join(LEVERS)}, in a list, each once, not {levers!r}")
    if economics.currency and customers.currency and economics.currency != customers.currency:
        raise ArgumentError(f"the economics are in {economics.currency}, the customers' amounts in {customers.currency}")
    economics = replace(economics, currency=economics.currency or customers.currency)
    periods = fiscal_periods(economics, customers.until)
    purchase_cells, spend_cells = assign_cells(customers, purchases.pool), assign_cells(customers, spend.pool)
    plan = Plan(
        cast("PurchaseModel", purchases.model),
        cast("SpendModel", spend.model),
        _coordinates(purchases, purchase_cells, draws, seed, UNSEEN_PURCHASES),
        _coordinates(spend, spend_cells, draws, seed, UNSEEN_SPEND),
        _paid_share(customers, draws, seed),
        economics,
        np.array([period.end for period in periods]),
        DAYS_PER_YEAR / DAYS_PER_UNIT[customers.unit],
        min(draws, CHECKED_DRAWS * max(1, CHECKED_CUSTOMERS // len(customers))),
        int(seed),
    )
    everyone = everyone_of(customers, purchase_cells.of_customer, spend_cells.of_customer, economics)
    levels = [pd.factorize(customers.segments[column], sort=True) for column in columns]
    for column, (_, names) in zip(columns, levels, strict=True):
        if len(names) > MOST_LEVELS:
            raise ArgumentError(f"by names {column!r}, which has {len(names):,} levels; report by columns of at most {MOST_LEVELS:,}")
    sizes = [1, *(len(names) for _, names in levels)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    row_of = np.stack([np.zeros(len(customers), np.int64), *(codes + start for (codes, _), start in zip(levels, starts[1:], strict=False))])
    # by component; the first row is the total, then each column's levels
    cash = np.zeros((draws, starts[-1], len(periods), len(COMPONENTS)))
    tables, checked = [], SimulationCheck()
    with track("Valuing customers", len(customers), progress) as update:
        top = _top_value(plan, everyone)
        for rows, folded in in_order(lambda part: _fold(plan, part, top), plan, everyone):
            events = folded.events
            money = (events.amount, events.cost, events.contribution, events.value)
            _add(cash, row_of[:, rows], events.futures.customer, events.futures.draw, events.period, *money)
            tables.append(folded.table)
            checked.add(plan, everyone.rows(rows), folded.checked, rows.start, len(customers))
            update(rows.stop, "")

    attrs = {"kind": "predictive", "currency": economics.currency or "", "seed": int(seed)}
    coords: dict[str, Any] = {"draw": np.arange(draws), "period": [period.label for period in periods], "component": list(COMPONENTS)}
    return Valuation(
        cash={
            column: xr.DataArray(
                cash[:, starts[k + 1] : starts[k + 2]],
                dims=("draw", "level", "period", "component"),
                coords={**coords, "level": [str(name) for name in names], "customers": ("level", np.bincount(codes, minlength=len(names)))},
                name=column,
                attrs=attrs,
            )
            for k, (column, (codes, names)) in enumerate(zip(columns, levels, strict=True))
        },
        total=xr.DataArray(cash[:, 0], dims=("draw", "period", "component"), coords=coords, name="total", attrs=attrs),
        customers=_customer_frame(customers, tables),
        economics=economics,
        periods=periods,
        check=checked.result(),
        levers=lever_arrays(
            moved_values(plan, everyone, row_of, cash[..., VALUE].sum(axis=2), levers, progress), levers, starts, columns, levels
        ),
    )


def _require_usable(purchases: Fit, spend: Fit, customers: Customers, columns: Sequence[str], by: object, draws: int, seed: int) -> None:
    if isinstance(by, str):
        raise ArgumentError(f"by must be a list of columns; write ({by!r},)")
    if len(set(columns)) < len(columns):
        raise ArgumentError(f"by names a column twice: {list(columns)}")
    unknown = [column for column in columns if column not in customers.segments.columns]
    if unknown:
        known = ", ".join(map(repr, customers.segments.columns)) or "none"
        raise ArgumentError(f"by names {', '.join(map(repr, unknown))}, which is no segment of these customers; they have {known}")
    if purchases.model.models_spend or not spend.model.models_spend:
        raise ArgumentError(f"value needs a purchase fit, then a spend fit, not {purchases.model.name} and {spend.model.name}")
    if not len(customers):
        raise ArgumentError("there are no customers to be valued")
    if customers.spend_level == "mean" and cast("SpendModel", spend.model).needs_single_amounts:
        raise ArgumentError(f"{spend.model.name} needs single amounts, and of these customers only means are known: use gamma_gamma")
    if purchases.posterior.attrs["unit"] != customers.unit:
        raise ArgumentError(f"the purchase fit counts time in {purchases.posterior.attrs['unit']}s, these customers in {customers.unit}s")
    if not isinstance(draws, int | np.integer) or draws < 100:
        raise ArgumentError(f"draws must be a whole number of at least 100, not {draws!r}: a 90 % band needs them")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise ArgumentError(f"seed must be a whole number of at least 0 and below 2**63, not {seed!r}")


def _coordinates(fit: Fit, cells: Any, draws: int, seed: int, purpose: int) -> np.ndarray:
    """Coordinates of cells, dims (draw, coordinate, cell): a seeded permutation of the posterior's draws, repeated as often as needed."""
    posterior = fit.posterior["posterior"].to_dataset()
    available = posterior.sizes["chain"] * posterior.sizes["draw"]
    random = np.random.default_rng([seed, PAIRING, purpose])
    chosen = np.concatenate([random.permutation(available) for _ in range(-(-draws // available))])[:draws]
    return cell_coordinates(posterior, cells, chosen, seed=int(random.integers(2**62)))


def _paid_share(customers: Customers, draws: int, seed: int) -> np.ndarray:
    """Share of purchases that have an amount, by draw: beta distributed as the repeat orders have it, one where none of them was free."""
    paid = int(customers.statistics["spend_count"].sum())
    free = int(customers.statistics["frequency"].sum()) - paid
    if free == 0:
        return np.ones(draws)
    return np.random.default_rng([seed, FREE_SHARE]).beta(paid + 0.5, free + 0.5, draws)


def _top_value(plan: Plan, everyone: Part) -> np.ndarray:
    """Value that parts the best tenth of the customers from the others, by draw, from a first pass over some of them.

    They are chosen by the hash of their id, so that the order of rows does not matter.
    """
    chosen = everyone.rows(np.sort(np.argsort(everyone.batch.key, kind="stable")[:RANKED_CUSTOMERS]))
    values = [found for _, found in in_order(lambda part: values_of(plan, part, simulate_events(plan, part)), plan, chosen)]
    return np.asarray(np.quantile(np.concatenate(values), 1 - TOP_SHARE, axis=0))


def _fold(plan: Plan, part: Part, top: np.ndarray) -> _Folded:
    """Simulate a batch, and sum it by customer and draw."""
    events = simulate_events(plan, part)
    values = values_of(plan, part, events)
    orders = np.zeros_like(values)
    add_by_customer(orders, events.futures.customer, events.futures.draw, np.ones_like(events.value))
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    table = pd.DataFrame(
        {
            "p_alive": events.futures.p_alive.mean(axis=1),
            "p_no_order": (orders == 0).mean(axis=1),
            "expected_orders": events.futures.expected_first_year.mean(axis=1),
            "value_mean": values.mean(axis=1),
            "value_sd": values.std(axis=1),
            "value_5": low,
            "value_50": middle,
            "value_95": high,
            "p_top_tenth": (values > top).mean(axis=1),
        }
    )
    if plan.economics.acquisition_cost is not None:
        table["p_below_acquisition_cost"] = (values < part.acquisition_cost[:, None]).mean(axis=1)
    return _Folded(events, table, values_before_service(plan, part, events, values[:, : plan.checked_draws]))


@njit(nogil=True, cache=True)
def _add(
    cash: np.ndarray,
    row_of: np.ndarray,
    customer: np.ndarray,
    draw: np.ndarray,
    period: np.ndarray,
    amount: np.ndarray,
    cost: np.ndarray,
    contribution: np.ndarray,
    value: np.ndarray,
) -> None:
    """Add events to `cash`, dims (draw, row, period, component), in the order of COMPONENTS."""
    for k in range(len(customer)):
        for column in range(len(row_of)):
            cell = cash[draw[k], row_of[column, customer[k]], period[k]]
            cell[0] += 1.0
            cell[1] += amount[k]
            cell[2] += cost[k]
            cell[3] += contribution[k]
            cell[4] += value[k]


def _customer_frame(customers: Customers, tables: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "customer_id", customers.statistics["customer_id"])
    return join_segments(table, customers.segments)
