"""From posterior draws to what each customer will bring: simulated futures, folded into cash by level and period."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data import Customers, Renewals, join_segments
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.inference.progress import track
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.streams import customer_keys
from clvbayes.valuation.base import Base, everyone, simulate
from clvbayes.valuation.book import book_of, empty_book
from clvbayes.valuation.checks import beyond_horizon, check_simulation, check_sums
from clvbayes.valuation.contract_checks import check_contracts
from clvbayes.valuation.contract_discrepancy import ContractDiscrepancy, moved_contracts
from clvbayes.valuation.contract_events import plan_contracts
from clvbayes.valuation.discrepancy import Discrepancy
from clvbayes.valuation.economics import Economics, fiscal_periods
from clvbayes.valuation.events import Part, Plan, in_order
from clvbayes.valuation.folding import Folded, Sums, add_up, fold
from clvbayes.valuation.levels import Levels, levels_of
from clvbayes.valuation.levers import LEVERS, lever_arrays, moved_values
from clvbayes.valuation.newcomers import value_newcomers
from clvbayes.valuation.ordering import no_ordering, ordering_of
from clvbayes.valuation.plans import plan_valuation
from clvbayes.valuation.spread import ContractMoves, OrderMoves, spread_of
from clvbayes.valuation.usable import (
    columns_of,
    require_contracts,
    require_discrepancies,
    require_draws,
    require_kinds,
    require_orders,
    require_widened,
)
from clvbayes.valuation.valuation import COMPONENTS, Acquisition, Valuation

__all__ = ["value"]

RANKED_CUSTOMERS, TOP_SHARE = 5_000, 0.1  # of 5,000 the share above a threshold has a standard error of .4 points

VALUE = COMPONENTS.index("value")


def value(
    purchases: Fit | Sequence[Fit] | None,
    spend: Fit | None,
    customers: Customers | None,
    economics: Economics,
    *,
    returns: Fit | None = None,
    contracts: tuple[Fit, Fit | None, Renewals] | None = None,
    by: Sequence[str] | None = None,
    newcomers: bool = True,
    levers: Sequence[str] = (),
    discrepancy: Discrepancy | None = None,
    contract_discrepancy: ContractDiscrepancy | None = None,
    draws: int = 2000,
    seed: int,
    progress: bool = True,
) -> Valuation:
    """Predictive draws of what existing customers will bring, and of what one more customer would.

    For each draw of the posterior and each customer: alive or not, how often they order and how soon they leave, a level of spend and a
    share that comes back are drawn from the customer's conditional posterior, then every purchase until the horizon, its amount, and
    whether it is returned. Customers are folded in batches; no array of draws by customers is ever kept whole.

    Parameters
    ----------
    purchases, spend : Fit or None
        Fits of a purchase and of a spend model; None, as `customers`, where there are contracts alone. Their draws are paired once, by a
        permutation from `seed`. Several purchase fits are pooled: each has an equal share of the draws.
    customers : Customers or None
        Whom to value; levels that the fits have not seen are drawn from the hierarchy.
    economics : Economics
    returns : Fit, optional
        Fit of a returns model; without it, nothing that is ordered comes back.
    contracts : tuple, optional
        The fit of a model of renewals, that of a model of changes at renewal or None (amounts then stay as they are, but for
        `contract_discrepancy`), and the `Renewals` whose running contracts are valued. A customer with orders too has one value, the sum of
        both draw by draw; segments are those of its first order. Amounts of contracts change at renewals alone: `spend_growth` is of
        orders.
    by : sequence of str, optional
        Segment columns to report by, each by itself; all of them by default.
    newcomers : bool
        Whether to value customers yet to be won, by level; what they bring by orders alone.
    levers : sequence of str
        What to move from the valuation date on, each by itself and with the same random numbers: "churn" (each customer's odds of leaving
        after an order, before an opportunity, or at a renewal; of a model of lifetimes their rate), "rate" (of orders) and "spend" (all
        amounts). Churn and rate take six more passes over all customers each, spend one.
    discrepancy : Discrepancy, optional
        What past forecasts missed of totals, as `clvbayes.learn_discrepancy` gives it: moves all orders at once, draw by draw. Without
        it, bands know nothing of what a model does not know, and are too narrow for totals. Fits with a level know their own.
    contract_discrepancy : ContractDiscrepancy, optional
        The same of contracts, from a back-test of these: moves all renewals at once, and the amounts of what is renewed. What orders and
        contracts miss is drawn independently of each other.
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
        of time, a returns model where returns are not known), the currencies differ, a number is out of range, or a season was learned
        from fewer than 24 months and nothing widens what it foresees.

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
    require_draws(draws, seed)
    if isinstance(levers, str) or not set(levers) <= set(LEVERS) or len(set(levers)) < len(levers):
        raise ArgumentError(f"levers must be some of {', '.join(LEVERS)}, in a list, each once, not {levers!r}")
    require_discrepancies(discrepancy, contract_discrepancy, contracts)
    of_orders = _required(purchases, spend, customers, returns, discrepancy, economics, contracts is None)
    known = None if contracts is None else require_contracts(contracts, customers)
    renewals = None if known is None else known[2]
    columns = columns_of(by, customers, renewals)
    economics = _with_currency(economics, customers, renewals)
    until = customers.until if customers is not None else renewals.until if renewals is not None else None
    periods = fiscal_periods(economics, until)
    ends = np.array([period.end for period in periods])
    who = everyone(customers, renewals)
    levels = levels_of(who.segments, columns)
    plan, orders, contract_plan, contract_part = None, None, None, None
    if of_orders is not None:
        plan, orders = plan_valuation(
            of_orders.purchases,
            of_orders.spend,
            returns,
            of_orders.customers,
            economics,
            period_ends=ends,
            draws=draws,
            seed=seed,
            discrepancy=discrepancy,
        )
    if known is not None:
        contract_plan, contract_part = plan_contracts(
            *known,
            economics,
            period_ends=ends,
            index_of=pd.Series(np.arange(len(who)), index=who.customer_ids),
            margin=economics.of_customers("margin", who.segments),
            draws=draws,
            seed=seed,
        )
    closed = [None if plan is None or orders is None else check_simulation(plan, orders)]
    closed += [None if contract_plan is None or contract_part is None else check_contracts(contract_plan, contract_part)]
    if contract_plan is not None and contract_part is not None and contract_discrepancy is not None:
        contract_plan = moved_contracts(contract_plan, contract_part, contract_discrepancy)
    base = Base(len(who), plan, orders, contract_plan, contract_part, economics.of_customers("service_cost", who.segments))
    of_orders_chance, of_contracts_chance = (0.0 if found is None else found.process_share for found in closed)

    shape = (draws, levels.rows, len(periods), len(COMPONENTS))
    book = (
        None if contract_plan is None or contract_part is None or renewals is None else empty_book(contract_plan, contract_part, renewals)
    )
    ordering = no_ordering(customers, economics, periods, draws)
    sums = Sums(np.zeros(shape), np.zeros((*shape[:2], 1, shape[3])), None if book is None else np.zeros(shape), book, ordering)
    cost = None if economics.acquisition_cost is None else economics.of_customers("acquisition_cost", who.segments)
    tables, chances = [], []
    with track("Valuing customers", len(who), progress) as update:
        top = _top_value(base, customer_keys(who.customer_ids))

        def folded_part(rows: slice, part: Base) -> Folded:
            return fold(part, top, None if cost is None else cost[rows], (of_orders_chance, of_contracts_chance))

        for rows, folded in in_order(folded_part, base.draws, base, base.memory):
            add_up(sums, base, folded, levels.row_of[:, rows], rows)
            tables.append(folded.table)
            chances.append(folded.chance)
            update(rows.stop, "")
    cash = sums.cash
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "customer_id", who.customer_ids)
    table = join_segments(table, who.segments)
    total, by_column = _arrays(
        cash, levels, {"period": [period.label for period in periods], "component": list(COMPONENTS)}, economics, seed
    )
    values = cash[..., VALUE].sum(axis=2)
    found = [forms for forms in closed if forms is not None]
    fits = (*(() if of_orders is None else (*of_orders.purchases, of_orders.spend)), returns, *(() if known is None else known[:2]))
    return Valuation(
        cash=by_column,
        total=total,
        customers=table,
        economics=economics,
        periods=periods,
        checks=(*(check for forms in found for check in forms.checks), check_sums(table, total, by_column)),
        spread=spread_of(
            values,
            np.concatenate(chances),
            table["value_mean"].to_numpy(),
            levels,
            None if plan is None or orders is None or of_orders is None else OrderMoves.of(plan, orders, of_orders.purchases),
            None if contract_plan is None or contract_part is None else ContractMoves.of(contract_plan, contract_part),
        ),
        beyond_horizon=beyond_horizon(found),
        acquisition=_acquisition(plan, of_orders, orders, columns) if newcomers else Acquisition(),
        levers=lever_arrays(moved_values(base, levels, values, levers, progress), levers, levels),
        discrepancy=pd.concat(
            [missed.evidence for missed in (discrepancy, contract_discrepancy) if missed] or [pd.DataFrame()], ignore_index=True
        ),
        uncertified=tuple(fit.model.title for fit in fits if fit is not None and not fit.certificate.passed),
        contracts=None
        if book is None or contract_part is None or contract_plan is None or renewals is None or known is None
        else book_of(book, contract_part, contract_plan, renewals, assign_cells(renewals, known[0].pool).of_customer),
        ordering=None if ordering is None else ordering_of(ordering),
    )


@dataclass(frozen=True)
class _Orders:
    """Fits of orders, and the customers who made them."""

    purchases: tuple[Fit, ...]
    spend: Fit
    customers: Customers


def _required(
    purchases: Fit | Sequence[Fit] | None,
    spend: Fit | None,
    customers: Customers | None,
    returns: Fit | None,
    discrepancy: Discrepancy | None,
    economics: Economics,
    alone: bool,
) -> _Orders | None:
    """Fits and customers of orders, or None where there are contracts alone."""
    given = {"purchases": purchases, "spend": spend, "customers": customers}
    if purchases is None or spend is None or customers is None:
        missing = [name for name, one in given.items() if one is None]
        if alone or len(missing) < len(given):
            raise ArgumentError(
                f"{' and '.join(missing)} must not be None: purchases, spend and customers go together, and only contracts can do without"
            )
        if returns is not None or discrepancy is not None:
            raise ArgumentError(
                "returns and a discrepancy are of orders: leave them out where there are contracts alone, whose own is contract_discrepancy"
            )
        return None
    fits = require_kinds(purchases, spend, customers, economics)
    require_orders(fits, spend, returns, customers)
    require_widened(fits, customers, discrepancy)
    return _Orders(fits, spend, customers)


def _with_currency(economics: Economics, customers: Customers | None, renewals: Renewals | None) -> Economics:
    """The economics in the currency of the amounts."""
    of_amounts = (None if customers is None else customers.currency) or (None if renewals is None else renewals.currency)
    if economics.currency and of_amounts and economics.currency != of_amounts:
        raise ArgumentError(f"the economics are in {economics.currency}, the customers' amounts in {of_amounts}")
    return replace(economics, currency=economics.currency or of_amounts)


def _acquisition(plan: Plan | None, of_orders: _Orders | None, orders: Part | None, columns: tuple[str, ...]) -> Acquisition:
    """Newcomers order; what contracts they might sign is in no table."""
    if plan is None or of_orders is None or orders is None:
        return Acquisition()
    return value_newcomers(plan, of_orders.customers, orders, levels_of(of_orders.customers.segments, columns))


def _top_value(base: Base, keys: np.ndarray) -> np.ndarray:
    """Value that parts the best tenth of the customers from the others, by draw, from a first pass over some of them.

    They are chosen by the hash of their id, so that the order of rows does not matter.
    """
    chosen = base.rows(np.sort(np.argsort(keys, kind="stable")[:RANKED_CUSTOMERS]))
    values = [found for _, found in in_order(lambda _, part: simulate(part).values, base.draws, chosen, chosen.memory)]
    return np.asarray(np.quantile(np.concatenate(values), 1 - TOP_SHARE, axis=0))


def _arrays(
    cash: np.ndarray, levels: Levels, coords: dict[str, Any], economics: Economics, seed: int
) -> tuple[xr.DataArray, dict[str, xr.DataArray]]:
    """The total, and one array a column, from sums with dims (draw, row, period, component)."""
    attrs = {"kind": "predictive", "currency": economics.currency or "", "seed": int(seed)}
    coords = {"draw": np.arange(len(cash)), **coords}
    dims, counts = ("draw", "level", "period", "component"), levels.counts
    found = {
        column: xr.DataArray(
            cash[:, rows],
            dims=dims,
            coords={**coords, "level": levels.names[column], "customers": ("level", counts[rows])},
            name=column,
            attrs=attrs,
        )
        for column, rows in levels.of_columns().items()
    }
    total = found.pop("")
    return total.isel(level=0, drop=True).drop_vars("customers", errors="ignore").rename("total"), found
