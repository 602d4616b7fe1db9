"""From order lines to one row a customer: one ANSI SQL text, then dates become numbers."""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, overload

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from clvbayes.data.checks import DAYS_PER_UNIT, NO_SEGMENT, TimeUnit, require_day, require_past, require_unit
from clvbayes.data.contract_summary import summarize_contracts
from clvbayes.data.contracts import Contracts
from clvbayes.data.customers import STATISTICS, Customers
from clvbayes.data.ledger import Ledger, LedgerLine
from clvbayes.data.renewals import Renewals
from clvbayes.data.returns import CANCELLED_SQL, RETURNS, find_returns, locate_credits
from clvbayes.data.sources import ask
from clvbayes.data.transactions import NO_CUSTOMER, NOT_POSITIVE, OF_CONTRACT, Transactions
from clvbayes.errors import ArgumentError, DataError

__all__ = ["CUSTOMER_SQL", "HISTORY_SQL", "ORDER_DAYS_SQL", "order_days", "summarize"]

# A free order is an order; it says something of when a customer buys and nothing of what they spend. A negative amount is no order.
FREE_ORDER = f"(left_out = '{NOT_POSITIVE}' and amount = 0)"

DAYS_OF_WINDOW: dict[TimeUnit, int] = {"day": 1, "week": 7}
MONTHS_OF_WINDOW: dict[TimeUnit, int] = {"month": 1, "quarter": 3, "year": 12}

# Runs verbatim on DuckDB, Postgres and Spark; {segments} are generated column names, never a person's. All orders of a day are one
# purchase, and sums are over decimals, so that no row's place changes a digit. `day_number` counts days: each engine subtracts dates in its
# own way.
ORDER_DAYS = """
with order_days as (
    select customer_id, day, min(day_number) as day_number, sum(amount) as amount, min(cancelled) as cancelled{segments_of_day}
    from kept_lines
    group by customer_id, day
),
first_days as (
    select customer_id, min(day) as first_day
    from order_days
    group by customer_id
),
dated as (
    select order_days.*, first_days.first_day
    from order_days
    join first_days on first_days.customer_id = order_days.customer_id
)"""

CUSTOMER_SQL = (
    ORDER_DAYS
    + """,
logged as (
    select
        dated.*,
        case when day > first_day then 1 else 0 end as repeats,
        case when day > first_day and amount > 0 and cancelled = 0 then 1 else 0 end as spends,
        case when day > first_day and amount > 0 and cancelled = 1 then 1 else 0 end as comes_back,
        cast(ln(case when amount > 0 then amount else 1 end) as decimal(18, 12)) as log_amount,
        day_number - lag(day_number, 1, day_number - 1) over (partition by customer_id order by day) as gap
    from dated
)
select
    customer_id,
    min(first_day) as first_day,
    max(day) as last_day,
    sum(repeats) as frequency,
    sum(spends) as spend_count,
    sum(comes_back) as cancelled,
    sum(case when repeats = 0 then amount else 0 end) as first_amount,
    sum(cast(ln(gap) as decimal(18, 12))) as log_gaps,
    sum(case when spends = 1 then amount else 0 end) as spend_sum,
    sum(case when spends = 1 then log_amount else 0 end) as spend_sum_log,
    sum(case when spends = 1 then log_amount * log_amount else 0 end) as spend_sum_log_squared{segments_of_customer}
from logged
group by customer_id
order by customer_id"""
)

HISTORY_SQL = (
    ORDER_DAYS.format(segments_of_day="")
    + """,
customer_months as (
    select
        customer_id,
        min(first_day) as first_day,
        extract(year from day) as year,
        extract(month from day) as month,
        count(*) as orders,
        sum(amount) as revenue
    from dated
    group by customer_id, extract(year from day), extract(month from day)
),
spaced as (
    select
        customer_months.*,
        12 * year + month - lag(12 * year + month, 1, 0) over (partition by customer_id order by year, month) as months_since
    from customer_months
)
select
    extract(year from first_day) as cohort_year,
    extract(month from first_day) as cohort_month,
    year,
    month,
    sum(orders) as orders,
    sum(revenue) as revenue,
    count(*) as customers,
    sum(case when months_since > 1 then 1 else 0 end) as customers_of_two,
    sum(case when months_since > 2 then 1 else 0 end) as customers_of_three
from spaced
group by extract(year from first_day), extract(month from first_day), year, month
order by cohort_year, cohort_month, year, month"""
)

ORDER_DAYS_SQL = (
    ORDER_DAYS.format(segments_of_day="")
    + """
select customer_id, day, amount
from dated
order by customer_id, day"""
)


class Group(NamedTuple):
    """Lines of one fate that are told apart in the ledger's notes."""

    left_out: str | None
    is_duplicate: bool
    sign: int
    rows: int
    amount: Decimal


@overload
def summarize(table: Contracts, *, until: date | None = None, since: date | None = None) -> Renewals: ...


@overload
def summarize(
    table: Transactions,
    *,
    until: date | None = None,
    since: date | None = None,
    unit: TimeUnit = "week",
    opportunity: TimeUnit | None = None,
) -> Customers: ...


def summarize(
    table: Transactions | Contracts,
    *,
    until: date | None = None,
    since: date | None = None,
    unit: TimeUnit = "week",
    opportunity: TimeUnit | None = None,
) -> Customers | Renewals:
    """Sufficient statistics of each customer or contract, and the ledger of every row.

    All orders of one customer on one day are one purchase, with the sum of their positive amounts; an order of amount zero is a
    purchase too, but leaves the spend statistics. The first one is acquisition and kept apart; later ones are repeats. A
    customer's segments are those of the first day.

    Of contracts, a renewal is decided on the day after a term's last one: survived if the next term begins within a month (half a month
    after shorter terms than three months), otherwise not. It counts once that day has come, also where notice was given long before:
    counted earlier, those who leave would be known before those who stay. A term that ends before its time, with none after it, was
    terminated. Terms that begin after a gap are those of a customer won back; of another length, a stretch of their own.

    Parameters
    ----------
    table : Transactions or Contracts
    until : datetime.date, optional
        Last day of observation, not in the future; by default the last day with an order, or on which a term began, notice was given, or
        a term ended before its time. That a term has run out is no sign that the table was made after it: give the day if you know it.
    since : datetime.date, optional
        First day of observation; earlier rows are counted and left out. Contracts that had ended before are left out; of the others the
        renewals before it count as survived, and as not observed.
    unit : {"day", "week", "month", "quarter", "year"}
        Unit of time of the result; no valuation depends on it.
    opportunity : {"day", "week", "month", "quarter", "year"}, optional
        How often customers can order at most, as at a yearly fair or in a round of donations (the model `bg_bb`). All orders of a customer
        in one window of this length, counted back from `until` by the calendar, are one purchase then; it is the unit of time, and recency
        and T are whole numbers of windows. Segments are those of the first window.

    Returns
    -------
    Customers or Renewals
        Of transactions or of contracts.

    Raises
    ------
    ArgumentError
        If `table` is neither, `unit` or `opportunity` is unknown, `until` or `since` is no date, or `until` lies in the future or before
        `since`.
    DataError
        If fewer than two customers, or no repeat order with an amount, are left, or no contract has come to the end of a term: there is
        nothing to learn from.

    Examples
    --------
    >>> from clvbayes.data.transactions import read_transactions
    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "a", "b"], "date": ["2025-01-01", "2025-01-15", "2025-01-08"], "amount": [10.0, 12.5, 3.0]}
    ... )
    >>> summarize(read_transactions(orders), until=date(2025, 1, 29)).statistics[["customer_id", "frequency", "recency", "T"]]
      customer_id  frequency  recency    T
    0           a          1      2.0  4.0
    1           b          0      0.0  3.0
    """
    if isinstance(table, Contracts):
        if unit != "week" or opportunity is not None:
            raise ArgumentError("contracts are counted in renewals: leave out unit and opportunity")
        return summarize_contracts(table, until=until, since=since)
    if not isinstance(table, Transactions):
        raise ArgumentError(
            f"summarize takes what read_transactions or read_contracts returned, not {type(table).__name__} "
            "(an RFM frame, which is summarized already, goes to clv.Customers.from_frame)"
        )
    require_unit(unit)
    if opportunity is not None:
        require_unit(opportunity, "opportunity")
    require_day("until", until)
    require_day("since", since)
    if until is None:
        [(until,)] = ask(table.lines, "lines", f"select max(day) from lines where left_out is null or {FREE_ORDER}").fetchall()
        if until is None:
            raise DataError(f"{table.source}: no row is an order of a known customer")
    require_past(until)
    if since is not None and since > until:
        raise ArgumentError(f"since ({since}) lies after until ({until})")

    fated = ask(table.lines, "lines", f"select * exclude (left_out), {_fate(until, since)} as left_out from lines")
    locate_credits(fated, linked=table.names_returned_orders)
    kept = _kept(fated, table, until, opportunity)
    found = ask(kept, "kept_lines", _customer_sql(len(table.segments))).df()
    if len(found) < 2 or found["frequency"].sum() == 0:
        orders = int(found["frequency"].sum()) if len(found) else 0
        raise DataError(
            f"{table.source}: {len(found)} customer{'s' * (len(found) != 1)} with {orders} repeat orders until {until} "
            "are too few; at least two customers and one repeat order are needed"
        )
    if found["spend_count"].sum() == 0:
        raise DataError(
            f"{table.source}: all repeat orders until {until} are of amount zero or came back whole; at least one with an amount is needed "
            "to value the others"
        )
    statistics = _statistics(found, until, unit) if opportunity is None else _counted_windows(found, until, opportunity)
    segments, segment_notes = _segments(found, table.segments)
    returns, return_notes = _returns(fated, found, until)
    return Customers(
        statistics=statistics,
        segments=segments,
        unit=opportunity or unit,
        until=until,
        history=_history(kept),
        ledger=_ledger(fated, int(found["frequency"].sum()) + len(found), opportunity or "day", [*segment_notes, *return_notes]),
        currency=table.currency,
        returns=returns,
    )


def order_days(
    table: Transactions, *, until: date, since: date | None = None, opportunity: TimeUnit | None = None, origin: date | None = None
) -> pd.DataFrame:
    """Every day on which a customer ordered within a window, as `summarize` counts them, with the sum of that day's positive amounts.

    Where there are opportunities, that of the first order at each, with the sum of all of them.

    Parameters
    ----------
    table : Transactions
    until : datetime.date
        Last day of the window.
    since : datetime.date, optional
        Its first day.
    opportunity : {"day", "week", "month", "quarter", "year"}, optional
        As of `summarize`.
    origin : datetime.date, optional
        From where opportunities are counted, back and ahead; `until` if not given.

    Returns
    -------
    pandas.DataFrame
        `customer_id`, `day` and `amount`, ordered by customer and day.
    """
    fated = ask(table.lines, "lines", f"select * exclude (left_out), {_fate(until, since)} as left_out from lines")
    found: pd.DataFrame = ask(_counted(fated, "0", origin or until, opportunity), "kept_lines", ORDER_DAYS_SQL).df()
    return found.assign(day=found["day"].astype("datetime64[s]"), amount=found["amount"].astype(float))


def _kept(fated: duckdb.DuckDBPyRelation, table: Transactions, until: date, opportunity: TimeUnit | None) -> duckdb.DuckDBPyRelation:
    """Orders and free orders, with `cancelled`: whether all of a customer's purchase of that day came back, as its credit notes say."""
    # a left join with a table that happened to be empty gave missing marks in DuckDB 2
    cancelled = f"cast((customer_id, day) in ({CANCELLED_SQL}) as integer)" if table.names_returned_orders else "0"
    return _counted(fated, cancelled, until, opportunity)


def _counted(fated: duckdb.DuckDBPyRelation, cancelled: str, origin: date, opportunity: TimeUnit | None) -> duckdb.DuckDBPyRelation:
    """Orders and free orders, as the texts take them; those of a customer at one opportunity on the day of the first of them."""
    day = "day"
    if opportunity is not None:
        day = f"min(day) over (partition by customer_id, {_window('day', origin, opportunity)})"
    columns = f"* exclude (day), {day} as day, {cancelled} as cancelled"
    counted = ask(fated, "fated", f"select {columns} from fated where left_out is null or {FREE_ORDER}")
    return ask(counted, "counted", "select *, day - date '1970-01-01' as day_number from counted")


def _window(day: str, origin: date, opportunity: TimeUnit) -> str:
    """How many windows before the one that ends with the origin a day's window lies; negative for later ones."""
    if opportunity in DAYS_OF_WINDOW:
        return f"cast(floor((date '{origin}' - {day}) / {DAYS_OF_WINDOW[opportunity]}.0) as bigint)"
    end = origin + timedelta(days=1)
    whole = f"({12 * end.year + end.month} - 12 * extract(year from {day}) - extract(month from {day}))"
    months = f"({whole} - case when extract(day from {day}) >= {end.day} then 1 else 0 end)"
    return f"cast(floor({months} / {MONTHS_OF_WINDOW[opportunity]}.0) as bigint)"


def _counted_windows(found: pd.DataFrame, until: date, opportunity: TimeUnit) -> pd.DataFrame:
    """As `_statistics`, by numbers of windows."""
    statistics = _statistics(found, until, opportunity)
    given = pa.table({name: pa.array(found[name].to_numpy().astype("datetime64[D]")) for name in ("first_day", "last_day")})
    windows = ", ".join(f"{_window(name, until, opportunity)} as {name}" for name in given.column_names)
    with duckdb.connect() as connection:
        ago = ask(connection.from_arrow(given), "given", f"select {windows} from given").df().astype(float)
    gaps_unknown = statistics["log_gaps"].where(statistics["frequency"] == 0)
    return statistics.assign(recency=ago["first_day"] - ago["last_day"], T=ago["first_day"], log_gaps=gaps_unknown)


def _returns(fated: duckdb.DuckDBPyRelation, found: pd.DataFrame, until: date) -> tuple[pd.DataFrame, list[str]]:
    """Returns in the order of the customers; those who ordered nothing but free goods can send nothing back."""
    by_customer, notes = find_returns(fated, until)
    aligned = by_customer.set_index("customer_id").reindex(found["customer_id"]).fillna(0.0).reset_index(drop=True)
    cancelled = found["cancelled"].astype(np.int64)
    if cancelled.sum():
        notes = [*notes, f"{int(cancelled.sum()):,} repeat purchases came back whole; they stay orders and leave the spend statistics"]
    return aligned.assign(cancelled=cancelled)[list(RETURNS)], notes


def _fate(until: date, since: date | None) -> str:
    """Why a row is left out: the window first, so that what is said of the other reasons is said of the window."""
    before = f"when day < date '{since}' then 'before {since}'" if since else ""
    return f"case when left_out = '{OF_CONTRACT}' then left_out when day > date '{until}' then 'after {until}' {before} else left_out end"


def _customer_sql(segments: int) -> str:
    # of several values on the acquisition day the first in the alphabet is taken, so that the order of rows does not matter
    of_day = "".join(f", min(segment_{k}) as segment_{k}, max(segment_{k}) as last_segment_{k}" for k in range(segments))
    of_customer = "".join(
        f",\n    min(case when repeats = 0 then segment_{k} end) as segment_{k}"
        f",\n    case when min(segment_{k}) <> max(last_segment_{k}) then 1 else 0 end as changed_{k}"
        for k in range(segments)
    )
    return CUSTOMER_SQL.format(segments_of_day=of_day, segments_of_customer=of_customer)


def _statistics(found: pd.DataFrame, until: date, unit: TimeUnit) -> pd.DataFrame:
    first_day, last_day = found["first_day"].astype("datetime64[s]"), found["last_day"].astype("datetime64[s]")
    days = DAYS_PER_UNIT[unit]
    sums = ["first_amount", "spend_sum", "spend_sum_log", "spend_sum_log_squared"]
    return pd.DataFrame(
        {
            "customer_id": found["customer_id"],
            "t0": first_day,
            "frequency": found["frequency"].astype(np.int64),
            "recency": (last_day - first_day).dt.days / days,
            "T": (pd.Timestamp(until) - first_day).dt.days / days,
            "log_gaps": found["log_gaps"].astype(float) - found["frequency"] * np.log(days),
            "spend_count": found["spend_count"].astype(np.int64),
            **{name: found[name].astype(float) for name in sums},
        }
    )[list(STATISTICS)]


def _segments(found: pd.DataFrame, names: tuple[str, ...]) -> tuple[pd.DataFrame, list[str]]:
    segments, notes = pd.DataFrame(index=found.index), []
    for k, name in enumerate(names):
        missing, changed = int(found[f"segment_{k}"].isna().sum()), int(found[f"changed_{k}"].sum())
        segments[name] = found[f"segment_{k}"].fillna(NO_SEGMENT).astype(str)
        if missing:
            notes.append(f"{missing:,} customers have no value of {name!r} on their first day and stand under {NO_SEGMENT!r}")
        if changed:
            notes.append(f"{changed:,} customers have more than one value of {name!r}; that of the first day counts")
    return segments, notes


def _history(kept: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    months = ask(kept, "kept_lines", HISTORY_SQL).df()
    return pd.DataFrame(
        {
            "cohort": pd.to_datetime({"year": months["cohort_year"], "month": months["cohort_month"], "day": 1}),
            "month": pd.to_datetime({"year": months["year"], "month": months["month"], "day": 1}),
            "orders": months["orders"].astype(np.int64),
            "revenue": months["revenue"].astype(float),
            **{name: months[name].astype(np.int64) for name in ("customers", "customers_of_two", "customers_of_three")},
        }
    )


def _ledger(fated: duckdb.DuckDBPyRelation, purchases: int, counted_by: TimeUnit, segment_notes: list[str]) -> Ledger:
    sql = "select left_out, is_duplicate, sign(amount), count(*), sum(amount) from fated group by 1, 2, 3"
    groups = [Group(*found) for found in ask(fated, "fated", sql).fetchall()]
    read, kept = _line("read", groups), _line("kept", [group for group in groups if group.left_out is None])
    reasons = {group.left_out for group in groups if group.left_out is not None}
    left_out = [_line(reason, [group for group in groups if group.left_out == reason]) for reason in reasons]
    twice = _line("duplicates", [group for group in groups if group.is_duplicate])
    free = _line("free", [group for group in groups if group.left_out == NOT_POSITIVE and group.sign == 0])
    sales = _line(NO_CUSTOMER, [group for group in groups if group.left_out == NO_CUSTOMER and group.sign > 0])
    and_free = f" and {free.rows:,} of amount zero" if free.rows else ""
    notes = [f"{kept.rows:,} kept lines{and_free} are {purchases:,} purchases: all orders of a customer {_within(counted_by)} count as one"]
    if free.rows:
        notes.append(f"{free.rows:,} lines of amount zero count as orders, but not as spend")
    if twice.rows:
        notes.append(f"{twice.rows:,} lines, {twice.amount:,.2f} in all, equal another line in every column")
    by_size = sorted(left_out, key=lambda line: (-line.rows, line.reason))
    return Ledger(read, kept, tuple(by_size), sales, (*notes, *segment_notes))


def _within(counted_by: TimeUnit) -> str:
    return "on one day" if counted_by == "day" else f"in one {counted_by}"


def _line(reason: str, groups: list[Group]) -> LedgerLine:
    return LedgerLine(reason, sum(group.rows for group in groups), sum((group.amount for group in groups), Decimal("0.000000")))
