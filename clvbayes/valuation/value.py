"""From posterior draws to what each customer will bring: simulated futures, folded into cash by level and period."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit

from clvbayes.data import DAYS_PER_UNIT, Customers, join_segments, require_seed
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.inference.progress import track
from clvbayes.models.clock import LEVEL, SEASONAL
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.pace import Pace
from clvbayes.models.protocol import Model, PurchaseModel, SpendModel
from clvbayes.valuation.checks import check_simulation, check_sums, returned_share
from clvbayes.valuation.discrepancy import Discrepancy
from clvbayes.valuation.economics import Economics, fiscal_periods
from clvbayes.valuation.events import Events, Part, Plan, in_order, simulate_events, values_of
from clvbayes.valuation.levels import Levels, levels_of
from clvbayes.valuation.levers import LEVERS, lever_arrays, moved_values
from clvbayes.valuation.newcomers import value_newcomers
from clvbayes.valuation.plans import plan_valuation
from clvbayes.valuation.valuation import COMPONENTS, Acquisition, Valuation

__all__ = ["LEAST_DAYS", "value"]

RANKED_CUSTOMERS, TOP_SHARE = 5_000, 0.1  # of 5,000 the share above a threshold has a standard error of .4 points

VALUE = COMPONENTS.index("value")
# With under two years the likelihood does not know season from level: on one grocer's first year three models differed by .7 log units and
# forecast 3,791 to 4,190 orders of 3,389 (aggregate study 4).
LEAST_DAYS = 730


@dataclass(frozen=True)
class _Folded:
    """A simulated batch: its events, ready to be added up, and its customers' summaries."""

    events: tuple[Events, ...]
    table: pd.DataFrame


def value(
    purchases: Fit | Sequence[Fit],
    spend: Fit,
    customers: Customers,
    economics: Economics,
    *,
    returns: Fit | None = None,
    by: Sequence[str] | None = None,
    newcomers: bool = True,
    levers: Sequence[str] = (),
    discrepancy: Discrepancy | None = None,
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
    purchases, spend : Fit
        Fits of a purchase and of a spend model. Their draws are paired once, by a permutation from `seed`. Several purchase fits are
        pooled: each has an equal share of the draws.
    customers : Customers
        Whom to value; levels that the fits have not seen are drawn from the hierarchy.
    economics : Economics
    returns : Fit, optional
        Fit of a returns model; without it, nothing that is ordered comes back.
    by : sequence of str, optional
        Segment columns to report by, each by itself; all of them by default.
    newcomers : bool
        Whether to value customers yet to be won, by level.
    levers : sequence of str
        What to move from the valuation date on, each by itself and with the same random numbers: "churn" (each customer's odds of leaving
        after an order, or before an opportunity; of a model of lifetimes their rate), "rate" (of orders) and "spend" (amounts). Churn and
        rate take six more passes over all customers each, spend one.
    discrepancy : Discrepancy, optional
        What past forecasts missed of totals, as `clvbayes.learn_discrepancy` gives it: moves all customers at once, draw by draw. Without
        it, bands know nothing of what a model does not know, and are too narrow for totals. Fits with a level know their own.
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
    columns = tuple(customers.segments.columns) if by is None else tuple(by)
    purchases = (purchases,) if isinstance(purchases, Fit) else tuple(purchases)
    _require_usable(purchases, spend, returns, customers, columns, by, draws, seed)
    _require_widened(purchases, customers, discrepancy)
    if isinstance(levers, str) or not set(levers) <= set(LEVERS) or len(set(levers)) < len(levers):
        raise ArgumentError(f"levers must be some of {', '.join(LEVERS)}, in a list, each once, not {levers!r}")
    if economics.currency and customers.currency and economics.currency != customers.currency:
        raise ArgumentError(f"the economics are in {economics.currency}, the customers' amounts in {customers.currency}")
    economics = replace(economics, currency=economics.currency or customers.currency)
    periods = fiscal_periods(economics, customers.until)
    levels = levels_of(customers.segments, columns)
    plan, everyone = plan_valuation(
        purchases,
        spend,
        returns,
        customers,
        economics,
        period_ends=np.array([period.end for period in periods]),
        draws=draws,
        seed=seed,
        discrepancy=discrepancy,
    )
    cash = np.zeros((draws, levels.rows, len(periods), len(COMPONENTS)))
    refunds = np.zeros_like(cash[:, :, :1])  # apart, so that the order of additions is the same in batches of any size
    tables = []
    with track("Valuing customers", len(customers), progress) as update:
        top = _top_value(plan, everyone)
        for rows, folded in in_order(lambda _, part: _fold(plan, part, top), plan, everyone):
            for place, events in zip((cash, refunds), folded.events, strict=False):
                money = (events.amount, events.returned, events.cost, events.contribution, events.value)
                _add(place, levels.row_of[:, rows], events.customer, events.draw, events.period, events.orders, *money)
            tables.append(folded.table)
            update(rows.stop, "")
    cash[:, :, :1] += refunds
    table = _customer_frame(customers, tables)
    closed = check_simulation(plan, everyone)
    total, by_column = _arrays(
        cash, levels, {"period": [period.label for period in periods], "component": list(COMPONENTS)}, economics, seed
    )
    return Valuation(
        cash=by_column,
        total=total,
        customers=table,
        economics=economics,
        periods=periods,
        checks=(*closed.checks, check_sums(table, total, by_column)),
        spread=_spread(
            cash[..., VALUE].sum(axis=2),
            table,
            levels,
            closed.process_share,
            _systematic(plan, purchases),
            plan,
            everyone.batch.group,
        ),
        beyond_horizon=closed.beyond_horizon,
        acquisition=value_newcomers(plan, customers, everyone, levels) if newcomers else Acquisition(),
        levers=lever_arrays(moved_values(plan, everyone, levels, cash[..., VALUE].sum(axis=2), levers, progress), levers, levels),
        discrepancy=pd.DataFrame() if discrepancy is None else discrepancy.evidence,
        uncertified=tuple(fit.model.title for fit in (*purchases, spend, returns) if fit is not None and not fit.certificate.passed),
    )


def _require_usable(
    purchases: Sequence[Fit],
    spend: Fit,
    returns: Fit | None,
    customers: Customers,
    columns: Sequence[str],
    by: object,
    draws: int,
    seed: int,
) -> None:
    if isinstance(by, str):
        raise ArgumentError(f"by must be a list of columns; write ({by!r},)")
    if len(set(columns)) < len(columns):
        raise ArgumentError(f"by names a column twice: {list(columns)}")
    unknown = [column for column in columns if column not in customers.segments.columns]
    if unknown:
        known = ", ".join(map(repr, customers.segments.columns)) or "none"
        raise ArgumentError(f"by names {', '.join(map(repr, unknown))}, which is no segment of these customers; they have {known}")
    if not purchases:
        raise ArgumentError("value needs a purchase fit")
    for fit in purchases:
        if fit.model.kind != "purchases" or spend.model.kind != "spend":
            raise ArgumentError(f"value needs a purchase fit, then a spend fit, not {fit.model.name} and {spend.model.name}")
        if (_but_its_clock(fit.model), fit.pool) != (_but_its_clock(purchases[0].model), purchases[0].pool):
            raise ArgumentError("purchase fits that are pooled must be of one model but for its clock, over the same pooling columns")
        if fit.posterior.attrs["unit"] != customers.unit:
            raise ArgumentError(f"the purchase fit counts time in {fit.posterior.attrs['unit']}s, these customers in {customers.unit}s")
    if returns is not None and returns.model.kind != "returns":
        raise ArgumentError(f"returns must be the fit of a returns model, not of {returns.model.name}")
    if returns is not None and customers.returns is None:
        raise ArgumentError("a returns model cannot value customers of whom returns are not known, as in an RFM frame")
    if not len(customers):
        raise ArgumentError("there are no customers to be valued")
    if customers.spend_level == "mean" and cast("SpendModel", spend.model).needs_single_amounts:
        raise ArgumentError(f"{spend.model.name} needs single amounts, and of these customers only means are known: use gamma_gamma")
    if not isinstance(draws, int | np.integer) or draws < 100:
        raise ArgumentError(f"draws must be a whole number of at least 100, not {draws!r}: a 90 % band needs them")
    require_seed(seed)
    for fit in (*purchases, spend):
        fit.model.columns(customers, assign_cells(customers, fit.pool))  # which refuses customers that the model cannot know


def _but_its_clock(model: Model) -> tuple[str, dict[str, Any]]:
    return model.name, {name: chosen for name, chosen in model.options.items() if name not in ("season", "level")}


def _require_widened(purchases: Sequence[Fit], customers: Customers, discrepancy: Discrepancy | None) -> None:
    clocks = [cast("PurchaseModel", fit.model).clock for fit in purchases]
    seen = float(customers.statistics["T"].max()) * DAYS_PER_UNIT[customers.unit]
    if discrepancy is None and SEASONAL in clocks and LEVEL not in clocks and seen < LEAST_DAYS:
        raise ArgumentError(
            f"a season cannot be told from a change of level in fewer than 24 months, and there are {int(seen / 30.4)}: give a "
            "discrepancy, pool the fit with one of the same model with a level, or leave the season out"
        )


def _top_value(plan: Plan, everyone: Part) -> np.ndarray:
    """Value that parts the best tenth of the customers from the others, by draw, from a first pass over some of them.

    They are chosen by the hash of their id, so that the order of rows does not matter.
    """
    chosen = everyone.rows(np.sort(np.argsort(everyone.batch.key, kind="stable")[:RANKED_CUSTOMERS]))
    values = [found for _, found in in_order(lambda _, part: values_of(plan, part, simulate_events(plan, part).events), plan, chosen)]
    return np.asarray(np.quantile(np.concatenate(values), 1 - TOP_SHARE, axis=0))


def _fold(plan: Plan, part: Part, top: np.ndarray) -> _Folded:
    """Simulate a batch, and sum it by customer and draw."""
    simulated = simulate_events(plan, part)
    values = values_of(plan, part, simulated.events)
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    table = pd.DataFrame(
        {
            "p_alive": simulated.p_alive,
            "p_no_order": 1 - _draws_with_orders(len(part), simulated.events[0].customer, simulated.events[0].draw) / plan.draws,
            "expected_orders": simulated.expected_first_year,
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
    if plan.returns is not None:
        table["share_returned"] = returned_share(plan, part)[0].mean(axis=1)
    return _Folded(simulated.events, table)


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


def _systematic(plan: Plan, purchases: Sequence[Fit]) -> np.ndarray:
    """What moves all customers at once, in logs, dims ``(draw, feature)``: how far a discrepancy has moved the future clock after a year
    and at the horizon, and of fits with a level how far it has come, less the mean of these. Of a clock that nothing moves there is none.
    """
    levels = [cast("PurchaseModel", fit.model).clock is LEVEL for fit in purchases]
    if not isinstance(plan.clock, Pace) or (plan.unmoved is None and not any(levels)):
        return np.zeros((plan.draws, 0))
    ends = np.array([min(plan.units_per_year, plan.horizon), plan.horizon])
    passed = np.log(plan.clock.passed(ends).T)
    unmoved = np.log(plan.unmoved.passed(ends).T) if isinstance(plan.unmoved, Pace) else passed
    features = passed - unmoved
    for turn in np.flatnonzero(levels):
        of_fit = slice(turn, None, len(purchases))
        features[of_fit] = passed[of_fit] - passed[of_fit].mean(axis=0)
    return np.asarray(features)


def _spread(
    values: np.ndarray, table: pd.DataFrame, levels: Levels, process_share: float, systematic: np.ndarray, plan: Plan, group: np.ndarray
) -> pd.DataFrame:
    """Standard deviation of each row's value, and of it what chance, what the parameters and what moves all customers at once make.

    `values` has dims (draw, row). Futures of different customers are independent given all else, so that the variances that chance makes
    add up. What the common moves make is what of the draws they explain, by least squares.
    """
    variance, sd_of_customer, weight = values.var(axis=0), table["value_sd"].to_numpy(), table["value_mean"].to_numpy().clip(1e-300)
    chance = np.zeros(levels.rows)
    for row_of in levels.row_of:
        chance += np.bincount(row_of, process_share * sd_of_customer**2, minlength=levels.rows)
    chance = np.minimum(chance, variance)
    common = np.zeros(levels.rows)
    if systematic.shape[1]:
        of_groups = [np.log(effect) for effect in _of_groups(plan)]
        for row, members in enumerate(levels.members()):
            share = np.bincount(group[members], weight[members])
            own = [effect[:, : len(share)] @ (share / share.sum()) for effect in of_groups]
            common[row] = _explained(values[:, row], np.column_stack([systematic, *own]))
    common = np.minimum(common, variance - chance)
    named = [(column, name) for column, names in levels.names.items() for name in names]
    return pd.DataFrame(
        {
            "column": [column for column, _ in named],
            "level": [name for _, name in named],
            "sd": np.sqrt(variance),
            "process_sd": np.sqrt(chance),
            "parameter_sd": np.sqrt(variance - chance - common),
            "systematic_sd": np.sqrt(common),
        }
    )


def _of_groups(plan: Plan) -> list[np.ndarray]:
    """What multiplies paces and amounts of each group of customers, dims ``(draw, group)``."""
    assert isinstance(plan.clock, Pace)
    return [plan.clock.of_group, *([] if plan.amount_factor is None else [plan.amount_factor])]


def _explained(values: np.ndarray, features: np.ndarray) -> float:
    """Variance of values that features explain by least squares, less what as many features of pure noise would."""
    products = [features[:, i] * features[:, j] for i in range(features.shape[1]) for j in range(i + 1)]
    features = np.column_stack([np.ones(len(values)), features, *products])
    left = values - features @ np.linalg.lstsq(features, values, rcond=None)[0]
    freedom = len(values) - features.shape[1]
    return max(float(values.var() - left @ left / freedom), 0.0)


def _customer_frame(customers: Customers, tables: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "customer_id", customers.statistics["customer_id"])
    return join_segments(table, customers.segments)


@njit(nogil=True, cache=True)
def _draws_with_orders(customers: int, customer: np.ndarray, draw: np.ndarray) -> np.ndarray:
    counts = np.zeros(customers)
    for k in range(len(customer)):
        if k == 0 or customer[k] != customer[k - 1] or draw[k] != draw[k - 1]:
            counts[customer[k]] += 1.0
    return counts


@njit(nogil=True, cache=True)
def _add(
    cash: np.ndarray,
    row_of: np.ndarray,
    customer: np.ndarray,
    draw: np.ndarray,
    period: np.ndarray,
    orders: float,
    amount: np.ndarray,
    returned: np.ndarray,
    cost: np.ndarray,
    contribution: np.ndarray,
    value: np.ndarray,
) -> None:
    """Add events to `cash`, dims (draw, row, period, component), in the order of COMPONENTS."""
    for k in range(len(customer)):
        for column in range(len(row_of)):
            cell = cash[draw[k], row_of[column, customer[k]], period[k]]
            cell[0] += orders
            cell[1] += amount[k]
            cell[2] += returned[k]
            cell[3] += cost[k]
            cell[4] += contribution[k]
            cell[5] += value[k]
