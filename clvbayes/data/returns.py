"""What came back of each customer's orders, and how much of the young ones may still come."""

from datetime import date
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd

from clvbayes.data.sources import ask, literal
from clvbayes.data.transactions import NOT_POSITIVE, RETURN

__all__ = ["RETURNS", "Found", "cancelled_days", "developed_shares", "find_returns"]

RETURNS = ("trials", "touched", "parts", "part_mean", "part_deviations", "pending_orders", "pending_amount", "cancelled")
FEWEST_TO_DEVELOP = 20  # returns at risk; with fewer a share has a standard error of more than a tenth

# A credit note belongs to the order that it names; one that names none, to the customer's latest order before it.
CREDITS = f"""
orders as (
    select customer_id, order_id, min(day) as day
    from fated
    where left_out is null and order_id is not null
    group by customer_id, order_id
),
credits as (
    select fated.customer_id, fated.day, abs(fated.amount) as amount, orders.day as linked_day
    from fated
    left join orders on orders.customer_id = fated.customer_id and orders.order_id = fated.returned_order and orders.day <= fated.day
    where (fated.left_out = {literal(RETURN)} and fated.amount <> 0) or (fated.left_out = {literal(NOT_POSITIVE)} and fated.amount < 0)
),
purchases as (
    select customer_id, day, sum(amount) as amount
    from fated
    where left_out is null
    group by customer_id, day
),
timeline as (
    select customer_id, day, 0 as is_credit, day as order_day, cast(0 as decimal(18, 6)) as amount, cast(null as date) as linked_day
    from purchases
    where customer_id in (select customer_id from credits)
    union all
    select customer_id, day, 1 as is_credit, cast(null as date) as order_day, amount, linked_day
    from credits
),
placed as (
    select
        timeline.*,
        max(order_day) over (
            partition by customer_id order by day, is_credit rows between unbounded preceding and current row
        ) as latest_order
    from timeline
),
returned as (
    select customer_id, day, amount, coalesce(linked_day, latest_order) as order_day, linked_day is not null as linked
    from placed
    where is_credit = 1
)"""

LAGS_SQL = f"""
with {CREDITS}
select day - order_day as lag, date '{{until}}' - order_day as age, linked, count(*) as returns, sum(amount) as amount
from returned
group by 1, 2, 3"""

CANCELLED_SQL = f"""
with {CREDITS}
select purchases.customer_id, purchases.day
from purchases
join (select customer_id, order_day, sum(amount) as amount from returned where linked group by customer_id, order_day) as back
    on back.customer_id = purchases.customer_id and back.order_day = purchases.day
where back.amount >= purchases.amount"""

OF_CUSTOMERS_SQL = f"""
with {CREDITS},
credited as (
    select customer_id, order_day as day, sum(amount) as amount from returned where order_day is not null group by customer_id, order_day
),
parts as (
    select
        purchases.customer_id, purchases.day, credited.amount,
        cast(case when credited.amount < purchases.amount then credited.amount / purchases.amount else 1 end as decimal(13, 12)) as part
    from purchases
    join credited on credited.customer_id = purchases.customer_id and credited.day = purchases.day
)
select
    purchases.customer_id,
    count(*) as orders,
    sum(purchases.amount) as ordered,
    sum(purchases.amount * cast({{developed}} as decimal(9, 8))) as developed,
    coalesce(sum(back.amount), 0) as returned,
    sum(case when back.amount is null then 0 else purchases.amount end) as touched,
    count(back.amount) as parts,
    coalesce(sum(back.part), 0) as part,
    coalesce(sum(back.part * back.part), 0) as part_squared
from purchases
left join parts as back on back.customer_id = purchases.customer_id and back.day = purchases.day
group by purchases.customer_id"""


class Found(NamedTuple):
    """Returns by customer (columns of RETURNS but `cancelled`, and `customer_id`), and what was decided, with counts."""

    by_customer: pd.DataFrame
    notes: list[str]


def cancelled_days(fated: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Customers and days of purchases that came back whole, by credit notes that name them."""
    return ask(fated, "fated", CANCELLED_SQL)


def find_returns(fated: duckdb.DuckDBPyRelation, until: date) -> Found:
    """Returns of each customer with an amount ordered; `fated` are lines with their fate, none after `until` kept."""
    lags = ask(fated, "fated", LAGS_SQL.format(until=until)).df()
    known = lags.dropna(subset=["lag"])
    shares = developed_shares(*(known[name].to_numpy(dtype=np.int64) for name in ("lag", "age", "returns")))
    listed = ", ".join(f"{share:.8f}" for share in shares)
    developed = f"coalesce(list_extract([{listed}], date '{until}' - purchases.day + 1), 1)" if len(shares) else "1"
    found = ask(fated, "fated", OF_CUSTOMERS_SQL.format(developed=developed)).df()
    numbers = {name: found[name].to_numpy(dtype=float) for name in found.columns if name != "customer_id"}
    orders, ordered, ripe, back, touched, parts = (
        numbers[name] for name in ("orders", "ordered", "developed", "returned", "touched", "parts")
    )
    trials = np.round(orders * ripe / ordered, 9)
    table = pd.DataFrame(
        {
            "customer_id": found["customer_id"],
            "trials": trials,
            "touched": np.minimum(np.round(orders * touched / ordered, 9), trials),
            "parts": parts.astype(np.int64),
            "part_mean": np.round(np.minimum(back / np.where(touched > 0, touched, 1.0), 1.0), 12),
            "part_deviations": np.maximum(numbers["part_squared"] - numbers["part"] ** 2 / np.maximum(parts, 1), 0.0),
            "pending_orders": np.maximum(orders - trials, 0.0),
            "pending_amount": np.maximum(ordered - ripe, 0.0),
        }
    )
    return Found(table, _notes(lags, known, shares, float(np.maximum(back - ordered, 0).sum()), int((back > ordered).sum())))


def developed_shares(lag: np.ndarray, age: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """Share of an order's returns that have come by each age in days, 0, 1, ...; complete after the last one.

    A return with a longer lag than its order's age cannot be seen yet: lags are truncated from above. The product over longer lags u of
    1 - (returns with lag u) / (returns with lag up to u of orders at least u old) is the distribution's maximum-likelihood estimate
    (Lynden-Bell 1971; in insurance, the chain ladder).

    Parameters
    ----------
    lag, age, returns : numpy.ndarray of int
        Days from order to return, days from order to the last day observed, and the number of such returns.

    Returns
    -------
    numpy.ndarray
        Empty where there are too few returns to tell.

    Examples
    --------
    >>> developed_shares(np.array([0, 10]), np.array([100, 100]), np.array([30, 10]))[[0, 9]].tolist()
    [0.75, 0.75]
    """
    at = np.unique(lag)
    came = np.array([returns[lag == u].sum() for u in at])
    could = np.array([returns[(lag <= u) & (age >= u)].sum() for u in at])
    at, came, could = (column[could >= FEWEST_TO_DEVELOP] for column in (at, came, could))
    if not len(at) or at[-1] == 0:
        return np.empty(0)
    still = np.append(np.cumprod((1 - came / could)[::-1])[::-1], 1.0)  # share that came before each of `at`
    return still[np.searchsorted(at, np.arange(at[-1]), side="right")]


def _notes(lags: pd.DataFrame, known: pd.DataFrame, shares: np.ndarray, beyond: float, too_much: int) -> list[str]:
    if not len(lags):
        return []
    early, named = lags[lags["lag"].isna()], int(known.loc[known["linked"], "returns"].sum())
    unnamed, before = int(known["returns"].sum()) - named, int(early["returns"].sum())
    fates = [
        f"{named:,} name their order" if named else "",
        f"{unnamed:,} count for the customer's latest order before them" if unnamed else "",
        f"{before:,} ({float(early['amount'].sum()):,.2f}) come before any order and say nothing of returns" if before else "",
    ]
    notes = [f"credit notes, {int(lags['returns'].sum()):,} in all: {', '.join(filter(None, fates))}"]
    if too_much:
        notes.append(
            f"{too_much:,} customers sent back more than they ordered, by {beyond:,.2f} in all; a share returned is at most everything"
        )
    if len(shares):
        half, most = (int(np.searchsorted(shares, share)) for share in (0.5, 0.9))
        notes.append(
            f"half of what comes back does so within {half:,} days and nine tenths within {most:,}; young orders count for less until then"
        )
    return notes
