"""What contracts paid in the past, by month, as a valuation foretells it: on the first or the last of the days that an invoice covers."""

from datetime import date

import duckdb
import pandas as pd

from clvbayes.data.contracts import TERM
from clvbayes.data.renewals import PAYMENTS
from clvbayes.data.sources import ask

__all__ = ["payments_by_month"]

# One row an invoice. Of a term that was replaced before it had run out, and of one that ended within it and pays in arrears, invoices are
# for the days until then; what was paid in advance of one that ended is not given back.
INVOICES_SQL = f"""
with covered as (
    select *, last_day + 1 as ended, unnest(range(0, {TERM}, billing_months)) as first_month
    from terms
),
dated as (
    select *,
        least(billing_months, {TERM} - first_month) as months,
        cast(start + to_months(cast(first_month as integer)) as date) as first,
        cast(start + to_months(cast(least(first_month + billing_months, {TERM}) as integer)) as date) as after
    from covered
),
paid as (
    select *,
        {{paid_on}} as paid_on,
        case when ended < after and not ran_out and (follows or not {{in_advance}}) then (ended - first) / (after - first)
            else 1 end as share
    from dated
    where first < ended
)
select date_trunc('month', paid_on) as month, sum(cast(monthly_amount * months * share as decimal(38, 6))) as revenue
from paid
where paid_on <= {{until}}
group by 1
order by 1"""


def payments_by_month(terms: duckdb.DuckDBPyRelation, *, until: date, since: date | None, in_advance: bool) -> pd.DataFrame:
    """Payments of every month from the first that is known whole to that of `until`; none where no month is.

    Terms that had ended before the first one here may be missing, and could have lasted as long as the longest one here: until then, some
    of what was paid may be too.
    """
    [(first, longest)] = ask(terms, "terms", f"select min(start), max({TERM}) from terms").fetchall()
    whole_from = pd.Timestamp(first) + pd.DateOffset(months=longest)
    begin = max(whole_from, pd.Timestamp(since or first)) + pd.offsets.MonthBegin(0)
    told = {
        "until": f"date '{until}'",
        "in_advance": str(in_advance).lower(),
        "paid_on": "first" if in_advance else "least(after, ended) - 1",
    }
    found = ask(terms, "terms", INVOICES_SQL.format(**told)).df()
    months = pd.date_range(begin, pd.Timestamp(until), freq="MS", name="month")
    by_month = pd.Series(found["revenue"].to_numpy(dtype=float), index=pd.DatetimeIndex(found["month"])).reindex(months, fill_value=0.0)
    return by_month.rename("revenue").reset_index()[list(PAYMENTS)]
