"""From posterior draws to what each customer will bring: simulated futures, folded into cash by level and period."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit

from clvbayes.data import DAYS_PER_UNIT, Customers, join_segments
from clvbayes.errors import ArgumentError
from clvbayes.inference import CheckResult, Fit
from clvbayes.inference.progress import track
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import assign_cells, cell_coordinates
from clvbayes.models.protocol import Batch, Futures, PurchaseModel, SpendModel
from clvbayes.models.streams import customer_keys, open_stream, uniform
from clvbayes.valuation.economics import DAYS_PER_YEAR, Economics, fiscal_periods
from clvbayes.valuation.valuation import ALL_CUSTOMERS, COMPONENTS, Valuation

__all__ = ["value"]

CELLS_AT_ONCE = 500_000  # customer-draws in memory a batch: some 100 MB
MOST_LEVELS = 2_000  # of a reporting column: 2,000 draws of twelve quarters then take 1.2 GB
MOST_WORKERS = 8
FREE_ORDERS = 2  # purpose of the random streams, beside the models' own
CHECKED_CUSTOMERS, CHECKED_DRAWS = 1_000, 40  # more draws of fewer: with 40 draws of 120 customers one standard error was 9 % of the value
RANKED_CUSTOMERS, TOP_SHARE = 5_000, 0.1  # more of them would move the threshold of a draw by less than its rank's third digit
LEVERS, LEVER_SIZES = ("churn", "rate", "spend"), (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)
CHECK_LIMIT = 4.0  # standard errors; a right simulation fails once in 16,000 runs
PAIRING, UNSEEN_PURCHASES, UNSEEN_SPEND, FREE_SHARE = range(4)  # what a seed is used for, beside the customers' streams


VALUE = COMPONENTS.index("value")


@dataclass(frozen=True)
class _Plan:
    """All that stays the same from batch to batch."""

    purchases: PurchaseModel
    spend: SpendModel
    purchase_coordinates: np.ndarray
    spend_coordinates: np.ndarray
    paid_share: np.ndarray
    economics: Economics
    period_ends: np.ndarray
    units_per_year: float
    checked_draws: int
    seed: int
    lever: str = ""
    size: float = 1.0

    def moved(self, lever: str) -> float:
        """What multiplies churn odds, rate or spend."""
        return self.size if lever == self.lever else 1.0

    @property
    def horizon(self) -> float:
        """Length of the future, in the customers' unit of time."""
        return float(self.period_ends[-1]) * self.units_per_year


@dataclass(frozen=True)
class _Part:
    """Some customers, with what the economics say of each of them."""

    batch: Batch
    margin: np.ndarray
    order_cost: np.ndarray
    service_cost: np.ndarray
    acquisition_cost: np.ndarray

    def __len__(self) -> int:
        return len(self.batch)

    def rows(self, rows: Any) -> "_Part":
        """Some of them."""
        batch = Batch(**{name: column[rows] for name, column in vars(self.batch).items()})
        return _Part(batch, self.margin[rows], self.order_cost[rows], self.service_cost[rows], self.acquisition_cost[rows])


@dataclass(frozen=True)
class _Events:
    """Simulated orders with their money, ordered by customer, draw and time."""

    futures: Futures
    period: np.ndarray
    amount: np.ndarray
    cost: np.ndarray
    contribution: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class _Folded:
    """A simulated batch: its events, ready to be added up, and its customers' summaries.

    `checked` are values before service costs, dims ``(customer, draw)``, of the draws that are checked against closed forms.
    """

    events: _Events
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
        after an order), "rate" (of orders) and "spend" (amounts). Every one takes six times as long as the valuation itself.
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
    if isinstance(levers, str) or not set(levers) <= set(LEVERS):
        raise ArgumentError(f"levers must be some of {', '.join(LEVERS)}, in a list, not {levers!r}")
    if economics.currency and customers.currency and economics.currency != customers.currency:
        raise ArgumentError(f"the economics are in {economics.currency}, the customers' amounts in {customers.currency}")
    economics = replace(economics, currency=economics.currency or customers.currency)
    periods = fiscal_periods(economics, customers.until)
    purchase_cells, spend_cells = assign_cells(customers, purchases.pool), assign_cells(customers, spend.pool)
    plan = _Plan(
        cast("PurchaseModel", purchases.model),
        cast("SpendModel", spend.model),
        _coordinates(purchases, purchase_cells, draws, seed, UNSEEN_PURCHASES),
        _coordinates(spend, spend_cells, draws, seed, UNSEEN_SPEND),
        _paid_share(customers, draws, seed),
        economics,
        np.array([period.end for period in periods]),
        DAYS_PER_YEAR / DAYS_PER_UNIT[customers.unit],
        min(draws, CHECKED_DRAWS * max(1, CHECKED_CUSTOMERS // max(1, len(customers)))),
        int(seed),
    )
    everyone = _everyone(customers, purchase_cells.of_customer, spend_cells.of_customer, economics)
    levels = [pd.factorize(customers.segments[column], sort=True) for column in columns]
    for column, (_, names) in zip(columns, levels, strict=True):
        if len(names) > MOST_LEVELS:
            raise ArgumentError(f"by names {column!r}, which has {len(names):,} levels; report by columns of at most {MOST_LEVELS:,}")
    sizes = [1, *(len(names) for _, names in levels)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    row_of = np.stack([np.zeros(len(customers), np.int64), *(codes + start for (codes, _), start in zip(levels, starts[1:], strict=False))])
    # by component; the first row is the total, then each column's levels
    cash = np.zeros((draws, starts[-1], len(periods), len(COMPONENTS)))
    tables, checked = [], _Checked()
    size = max(1, CELLS_AT_ONCE // draws)
    with track("Valuing customers", len(customers), progress) as update:
        top = _top_value(plan, everyone)
        for first, folded in _in_order(lambda part: _fold(plan, part, top), everyone, size):
            events = folded.events
            money = (events.amount, events.cost, events.contribution, events.value)
            _add(cash, row_of[:, first : first + size], events.futures.customer, events.futures.draw, events.period, *money)
            tables.append(folded.table)
            checked.add(plan, everyone.rows(slice(first, first + size)), folded.checked, first, len(customers))
            update(first + len(folded.table), "")

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
        levers=_lever_arrays(_moved(plan, everyone, row_of, cash, levers, progress), levers, starts, columns, levels),
    )


def _require_usable(purchases: Fit, spend: Fit, customers: Customers, columns: Sequence[str], by: object, draws: int, seed: int) -> None:
    if isinstance(by, str):
        raise ArgumentError(f"by must be a list of columns; write ({by!r},)")
    unknown = [column for column in columns if column not in customers.segments.columns]
    if unknown:
        known = ", ".join(map(repr, customers.segments.columns)) or "none"
        raise ArgumentError(f"by names {', '.join(map(repr, unknown))}, which is no segment of these customers; they have {known}")
    if purchases.model.models_spend or not spend.model.models_spend:
        raise ArgumentError(f"value needs a purchase fit, then a spend fit, not {purchases.model.name} and {spend.model.name}")
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


def _everyone(customers: Customers, purchase_cell: np.ndarray, spend_cell: np.ndarray, economics: Economics) -> _Part:
    statistics, segments = customers.statistics, customers.segments
    names = ("frequency", "recency", "T", "spend_count", "spend_sum", "spend_sum_log")
    batch = Batch(
        key=customer_keys(statistics["customer_id"]),
        purchase_cell=purchase_cell,
        spend_cell=spend_cell,
        **{name: statistics[name].to_numpy(dtype=float) for name in names},
    )
    known = economics.acquisition_cost is not None
    return _Part(
        batch,
        margin=economics.of_customers("margin", segments),
        order_cost=economics.of_customers("order_cost", segments),
        service_cost=economics.of_customers("service_cost", segments),
        acquisition_cost=economics.of_customers("acquisition_cost", segments) if known else np.full(len(batch), np.nan),
    )


def _top_value(plan: _Plan, everyone: _Part) -> np.ndarray:
    """Value that parts the best tenth of the customers from the others, by draw, from a first pass over some of them.

    They are chosen by the hash of their id, so that the order of rows does not matter.
    """
    chosen = everyone.rows(np.sort(np.argsort(everyone.batch.key, kind="stable")[:RANKED_CUSTOMERS]))
    size = max(1, CELLS_AT_ONCE // len(plan.purchase_coordinates))
    if not len(chosen):
        return np.zeros(len(plan.purchase_coordinates))
    values = [_values(plan, part, _events(plan, part)) for part in (chosen.rows(slice(k, k + size)) for k in range(0, len(chosen), size))]
    return np.asarray(np.quantile(np.concatenate(values), 1 - TOP_SHARE, axis=0))


def _in_order[Result](work: Callable[[_Part], Result], everyone: _Part, size: int) -> Iterator[tuple[int, Result]]:
    """Work on batches, in their order, by as many threads as there are processors and a few ahead of their use."""
    firsts = range(0, len(everyone), size)
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    with ThreadPoolExecutor(workers) as pool:
        ahead = 2 * workers
        running = [pool.submit(work, everyone.rows(slice(first, first + size))) for first in firsts[:ahead]]
        for k, first in enumerate(firsts):
            done = running.pop(0).result()
            if k + ahead < len(firsts):
                start = firsts[k + ahead]
                running.append(pool.submit(work, everyone.rows(slice(start, start + size))))
            yield first, done


def _events(plan: _Plan, part: _Part) -> _Events:
    """Simulate the orders of some customers, and their money."""
    futures = plan.purchases.simulate(
        plan.purchase_coordinates,
        part.batch,
        horizon=plan.horizon,
        year=plan.units_per_year,
        seed=plan.seed,
        clock=STEADY,
        rate=plan.moved("rate"),
        churn_odds=plan.moved("churn"),
    )
    amount = plan.moved("spend") * plan.spend.simulate(plan.spend_coordinates, part.batch, futures, seed=plan.seed)
    if np.any(plan.paid_share < 1):
        _make_free(amount, futures.customer, futures.draw, plan.paid_share, part.batch.key, plan.seed)
    years = futures.time / plan.units_per_year
    period = np.minimum(np.searchsorted(plan.period_ends, years), len(plan.period_ends) - 1)
    cost = part.order_cost[futures.customer]
    if part.service_cost.any():
        cost = cost + np.where(_opens_period(futures.customer, futures.draw, period), part.service_cost[futures.customer], 0.0)
    contribution = part.margin[futures.customer] * amount - cost
    return _Events(futures, period, amount, cost, contribution, contribution * plan.economics.discount_factor(years))


def _values(plan: _Plan, part: _Part, events: _Events) -> np.ndarray:
    """Value by customer and draw."""
    values = np.zeros((len(part), len(plan.purchase_coordinates)))
    _add_by_customer(values, events.futures.customer, events.futures.draw, events.value)
    return values


def _fold(plan: _Plan, part: _Part, top: np.ndarray) -> _Folded:
    """Simulate a batch, and sum it by customer and draw."""
    events = _events(plan, part)
    values = _values(plan, part, events)
    orders = np.zeros_like(values)
    _add_by_customer(orders, events.futures.customer, events.futures.draw, np.ones_like(events.value))
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
    return _Folded(events, table, _before_service(plan, part, events, values[:, : plan.checked_draws]))


def _before_service(plan: _Plan, part: _Part, events: _Events, values: np.ndarray) -> np.ndarray:
    """Values of the first draws without service costs, of whose expectation there is no closed form."""
    if not part.service_cost.any():
        return values
    customer, draw = events.futures.customer, events.futures.draw
    early = draw < values.shape[1]
    service = (events.cost - part.order_cost[customer]) * plan.economics.discount_factor(events.futures.time / plan.units_per_year)
    values = values.copy()
    _add_by_customer(values, customer[early], draw[early], service[early])
    return values


def _moved(plan: _Plan, everyone: _Part, row_of: np.ndarray, cash: np.ndarray, levers: Sequence[str], progress: bool) -> np.ndarray:
    """Value with each lever at each size, dims (draw, row, lever, size), rows as in `cash`."""
    value_at = np.empty((*cash.shape[:2], len(levers), len(LEVER_SIZES)))
    size = max(1, CELLS_AT_ONCE // len(cash))
    for k, lever in enumerate(levers):
        for place, factor in enumerate(LEVER_SIZES):
            if factor == 1:
                value_at[:, :, k, place] = cash[..., VALUE].sum(axis=2)
                continue
            moved, sums = replace(plan, lever=lever, size=factor), np.zeros(cash.shape[:2])
            with track(f"Moving {lever} by {factor:g}", len(everyone), progress) as update:
                for first, events in _in_order(partial(_events, moved), everyone, size):
                    _add_value(sums, row_of[:, first : first + size], events.futures.customer, events.futures.draw, events.value)
                    update(min(first + size, len(everyone)), "")
            value_at[:, :, k, place] = sums
    return value_at


def _lever_arrays(
    value_at: np.ndarray, levers: Sequence[str], starts: np.ndarray, columns: Sequence[str], levels: Sequence[Any]
) -> dict[str, xr.DataArray]:
    if not levers:
        return {}
    names = {"": [ALL_CUSTOMERS]} | {column: [str(name) for name in found] for column, (_, found) in zip(columns, levels, strict=True)}
    return {
        column: xr.DataArray(
            value_at[:, first : first + len(labels)],
            dims=("draw", "level", "lever", "size"),
            coords={"draw": np.arange(len(value_at)), "level": labels, "lever": list(levers), "size": list(LEVER_SIZES)},
            name=column,
            attrs={"kind": "predictive"},
        )
        for first, (column, labels) in zip(starts, names.items(), strict=False)
    }


@njit(nogil=True, cache=True)
def _make_free(amount: np.ndarray, customer: np.ndarray, draw: np.ndarray, paid_share: np.ndarray, key: np.ndarray, seed: int) -> None:
    """Set the amounts of free purchases to zero; `customer`, then `draw`, are in order."""
    state = np.empty(1, np.uint64)
    for k in range(len(amount)):
        if k == 0 or customer[k] != customer[k - 1] or draw[k] != draw[k - 1]:
            open_stream(state, seed, key[customer[k]], draw[k], FREE_ORDERS)
        if uniform(state) >= paid_share[draw[k]]:
            amount[k] = 0.0


@njit(nogil=True, cache=True)
def _opens_period(customer: np.ndarray, draw: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Whether an order is the first of its customer, draw and period."""
    opens = np.ones(len(customer), np.bool_)
    for k in range(1, len(customer)):
        opens[k] = customer[k] != customer[k - 1] or draw[k] != draw[k - 1] or period[k] != period[k - 1]
    return opens


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


@njit(nogil=True, cache=True)
def _add_value(sums: np.ndarray, row_of: np.ndarray, customer: np.ndarray, draw: np.ndarray, value: np.ndarray) -> None:
    for k in range(len(customer)):
        for column in range(len(row_of)):
            sums[draw[k], row_of[column, customer[k]]] += value[k]


@njit(nogil=True, cache=True)
def _add_by_customer(values: np.ndarray, customer: np.ndarray, draw: np.ndarray, discounted: np.ndarray) -> None:
    for k in range(len(customer)):
        values[customer[k], draw[k]] += discounted[k]


def _customer_frame(customers: Customers, tables: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "customer_id", customers.statistics["customer_id"])
    return join_segments(table, customers.segments)


class _Checked:
    """Sums of simulated less expected value over some customers and draws: independent, and of mean zero if the simulation is right."""

    def __init__(self) -> None:
        self.simulated = self.expected = self.squares = 0.0

    def add(self, plan: _Plan, part: _Part, values: np.ndarray, first: int, customers: int) -> None:
        """Take customers of a batch at even steps over the whole base; `values` are before service costs."""
        every = max(1, customers // CHECKED_CUSTOMERS)
        rows = np.arange(-first % every, len(part), every)
        if not len(rows):
            return
        draws, taken = values.shape[1], part.rows(rows)
        batch = taken.batch
        spend = plan.spend_coordinates[:draws, :, batch.spend_cell].transpose(1, 2, 0)
        amount = plan.spend.expected_amount(spend, batch.spend_count[:, None], batch.spend_sum[:, None], batch.spend_sum_log[:, None])
        each = taken.margin[:, None] * amount * plan.paid_share[:draws] - taken.order_cost[:, None]
        expected = _expected_discounted_orders(plan, batch, draws) * each
        self.simulated += values[rows].sum()
        self.expected += expected.sum()
        self.squares += np.square(values[rows] - expected).sum()

    def result(self) -> CheckResult:
        error = np.sqrt(self.squares)
        z = (self.simulated - self.expected) / error if error > 0 else 0.0
        difference = self.simulated / self.expected - 1 if self.expected > 0 else 0.0
        message = f"Simulated and closed-form value differ by {difference:+.1%}, {z:+.1f} standard errors (limit {CHECK_LIMIT:.0f})."
        if abs(z) < CHECK_LIMIT:
            return CheckResult("Simulation", "ok", message)
        return CheckResult("Simulation", "failed", message, "Report this as a defect of clvbayes.")


def _expected_discounted_orders(plan: _Plan, batch: Batch, draws: int) -> np.ndarray:
    """Closed form by customer and draw, a year of the discount curve after the other."""
    coordinates = plan.purchase_coordinates[:draws, :, batch.purchase_cell].transpose(1, 2, 0)
    known = (batch.frequency[:, None], batch.recency[:, None], batch.T[:, None])
    total = np.zeros((len(batch), draws))
    log_rates = np.log1p(plan.economics.rates)
    for year, log_rate in enumerate(log_rates):
        end = plan.horizon if year == len(log_rates) - 1 else min((year + 1) * plan.units_per_year, plan.horizon)
        if year * plan.units_per_year >= end:
            break
        orders = partial(plan.purchases.expected_discounted_orders, coordinates, *known, discount=float(log_rate) / plan.units_per_year)
        within = orders(horizon=end) - (orders(horizon=year * plan.units_per_year) if year else 0.0)
        total += within * plan.economics.discount_factor(float(year)) * np.exp(log_rate * year)
    return total
