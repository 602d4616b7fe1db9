"""What came back of each customer's orders, and how much of the young ones may still come."""

from datetime import date
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd

from clvbayes.data.sources import ask, literal
from clvbayes.data.transactions import NOT_POSITIVE, RETURN

__all__ = ["CANCELLED_SQL", "RETURNS", "Found", "developed_shares", "find_returns", "locate_credits"]

RETURNS = ("trials", "touched", "parts", "part_mean", "part_deviations", "pending_orders", "pending_amount", "cancelled")
FEWEST_TO_DEVELOP = 20  # returns at risk; with fewer a share has a standard error of more than a tenth

SIGN_SQL = f"select coalesce(sum(amount), 0) <= 0 from fated where left_out = {literal(RETURN)}"

# One table after the other, each kept: together they would not fit into little memory.
TABLES = {
    # Orders before the window have credit notes too, which so do not fall to those in it.
    "bought_orders": """
select customer_id, order_id, min(day) as day
from fated
where (left_out is null or left_out like 'before %') and order_id is not null and {linked}
group by customer_id, order_id""",
    # A credit note that is taken back has the opposite sign of the others.
    "credits": f"""
select
    fated.customer_id, fated.day, bought_orders.day as linked_day,
    case when fated.left_out = {literal(RETURN)} then {{sign}} * fated.amount else -fated.amount end as amount
from fated
left join bought_orders
    on bought_orders.customer_id = fated.customer_id
    and bought_orders.order_id = fated.returned_order
    and bought_orders.day <= fated.day
where (fated.left_out = {literal(RETURN)} and fated.amount <> 0) or (fated.left_out = {literal(NOT_POSITIVE)} and fated.amount < 0)""",
    "bought_days": """
select customer_id, day, sum(amount) as amount, left_out is null as in_window
from fated
where left_out is null or left_out like 'before %' and amount > 0
group by customer_id, day, left_out is null""",
    # A credit note belongs to the order that it names; one that names none, to the customer's latest order before it.
    "placed_credits": """
with timeline as (
    select customer_id, day, 0 as is_credit, day as order_day, cast(0 as decimal(18, 6)) as amount, cast(null as date) as linked_day
    from bought_days
    where customer_id in (select customer_id from credits)
    union all
    select customer_id, day, 1 as is_credit, cast(null as date) as order_day, amount, linked_day
    from credits
),
placed as (
    select
        *,
        max(order_day) over (
            partition by customer_id order by day, is_credit rows between unbounded preceding and current row
        ) as latest_order
    from timeline
)
select customer_id, day, amount, coalesce(linked_day, latest_order) as order_day, linked_day is not null as linked
from placed
where is_credit = 1""",
    "credited_days": """
with credited as (
    select customer_id, order_day as day, sum(amount) as credit, bool_and(linked) as linked
    from placed_credits
    where order_day is not null
    group by customer_id, order_day
    having sum(amount) > 0
)
select
    bought_days.customer_id, bought_days.day, bought_days.amount, credited.credit, credited.linked,
    case
        when credited.credit is null then 0
        when credited.credit < bought_days.amount then credited.credit
        else bought_days.amount
    end as back
from bought_days
left join credited on credited.customer_id = bought_days.customer_id and credited.day = bought_days.day
where in_window""",
}

LAGS_SQL = """
select day - order_day as lag, date '{until}' - order_day as age, linked, count(*) as returns, sum(amount) as amount
from placed_credits
group by 1, 2, 3"""

AGES_SQL = """
select date '{until}' - day as age, count(*) as orders, count(credit) as touched
from credited_days
group by 1"""

# purchases that came back whole, by credit notes that name them
CANCELLED_SQL = "select customer_id, day from credited_days where linked and credit >= amount"

OF_CUSTOMERS_SQL = """
with weighed as (
    select
        *,
        case when credit is null then cast({known} as decimal(9, 8)) else 1 end as known,
        case when credit is null then 0 else amount end as touched,
        coalesce(cast(back / amount as decimal(13, 12)), 0) as part
    from credited_days
)
select
    customer_id,
    count(*) as orders,
    sum(amount) as ordered,
    sum(amount * known) as known,
    sum(touched) as touched,
    count(credit) as parts,
    coalesce(sum(back), 0) as back,
    sum(part) as part,
    sum(part * part) as part_squared,
    coalesce(sum(credit - back), 0) as beyond
from weighed
group by customer_id"""


class Found(NamedTuple):
    """Returns by customer (columns of RETURNS but `cancelled`, and `customer_id`), and what was decided, with counts."""

    by_customer: pd.DataFrame
    notes: list[str]


def locate_credits(fated: duckdb.DuckDBPyRelation, *, linked: bool) -> None:
    """Keep, beside the lines, what came back of which purchase: the tables of TABLES.

    `fated` are lines with their fate, none after the window kept; `linked` says whether credit notes name the orders that they belong to.
    """
    [(negative,)] = ask(fated, "fated", SIGN_SQL).fetchall()
    for name, sql in TABLES.items():
        query = sql.format(sign="-1" if negative else "1", linked="true" if linked else "false") if "{" in sql else sql
        fated.query("fated", f"create or replace temp table {name} as {query}")


def find_returns(fated: duckdb.DuckDBPyRelation, until: date) -> Found:
    """Returns of each customer with an amount ordered; after `locate_credits`.

    An order without a return that is so young that of those to come a share F has come says less than an old one: its chance to look as it
    does is 1 - p F. With the base's p it weighs F (1 - p) / (1 - p F) old ones in the score of p, and the chance that something of it still
    comes back is p times the rest.
    """
    lags = ask(fated, "fated", LAGS_SQL.format(until=until)).df()
    located = lags.dropna(subset=["lag"])
    shares = developed_shares(*(located[name].to_numpy(dtype=np.int64) for name in ("lag", "age", "returns")))
    known = "1"
    if len(shares):
        ages = ask(fated, "fated", AGES_SQL.format(until=until)).df()
        come = np.append(shares, 1.0)[np.minimum(ages["age"].to_numpy(dtype=np.int64), len(shares))]
        base = min(float(ages["touched"].sum()) / max(float(ages["orders"] @ come), 1e-9), 1.0)
        listed = ", ".join(f"{share:.8f}" for share in shares * (1 - base) / np.maximum(1 - base * shares, 1e-9))
        known = f"coalesce(list_extract([{listed}], date '{until}' - day + 1), 1)"
    found = ask(fated, "fated", OF_CUSTOMERS_SQL.format(known=known)).df()
    numbers = {name: found[name].to_numpy(dtype=float) for name in found.columns if name != "customer_id"}
    orders, ordered, parts = (numbers[name] for name in ("orders", "ordered", "parts"))
    trials = np.round(orders * numbers["known"] / ordered, 9)
    part = numbers["back"] / np.where(parts > 0, numbers["touched"], 1.0)
    table = pd.DataFrame(
        {
            "customer_id": found["customer_id"],
            "trials": trials,
            "touched": np.minimum(np.round(orders * numbers["touched"] / ordered, 9), trials),
            "parts": parts.astype(np.int64),
            "part_mean": np.round(part, 12),
            "part_deviations": np.maximum(numbers["part_squared"] - 2 * part * numbers["part"] + parts * part**2, 0.0),
            "pending_orders": np.maximum(orders - trials, 0.0),
            "pending_amount": np.maximum(ordered - numbers["known"], 0.0),
        }
    )
    return Found(table, _notes(lags, located, shares, float(numbers["beyond"].sum()), int((numbers["beyond"] > 0).sum())))


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
            f"purchases of {too_much:,} customers were credited beyond their amount, by {beyond:,.2f} in all; of a purchase no more comes "
            "back than all of it"
        )
    if len(shares):
        half, most = (int(np.searchsorted(shares, share)) for share in (0.5, 0.9))
        notes.append(
            f"half of what comes back does so within {half:,} days and nine tenths within {most:,}; young orders count for less until then"
        )
    return notes
