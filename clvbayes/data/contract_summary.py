"""From terms of contracts to one row a stretch: terms of one length, without a gap."""

from datetime import date
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd

from clvbayes.data.checks import NO_SEGMENT, require_day, require_past
from clvbayes.data.contract_payments import payments_by_month
from clvbayes.data.contracts import TERM, TOLERANCE, Contracts
from clvbayes.data.ledger import Ledger, LedgerLine
from clvbayes.data.renewals import RENEWAL_STATISTICS, Renewals
from clvbayes.data.sources import ask
from clvbayes.data.transactions import NO_CUSTOMER
from clvbayes.errors import ArgumentError, DataError

__all__ = ["contract_terms", "summarize_contracts"]

MONTH = 365.25 / 12  # days
LATE = 31  # days: how long after its end a contract may still be renewed, and a customer come back without having left
QUARTER = 3  # months: gaps of shorter terms say nothing of rows that are missing

# One row a term that is known at `until`; `follows` says that the next one begins without a gap.
TERMS_SQL = f"""
with known as (
    select *, cast(start + to_months({TERM}) as date) as agreed, {TOLERANCE} as tolerance
    from lines
    where left_out is null and start <= {{until}}
),
beside as (
    select *,
        lag(last_day) over terms as before_ended,
        lag(tolerance) over terms as before_tolerance,
        lag({TERM}) over terms as before_term,
        lead(start) over terms as next_start,
        lead(monthly_amount) over terms as next_amount,
        max(last_day) over (partition by customer_id order by start, contract_id, row rows between unbounded preceding and 1 preceding)
            as customer_ended,
        min(start) over (partition by customer_id) as customer_start
    from known
    window terms as (partition by contract_id order by start, last_day, row)
),
linked as (
    select *,
        before_ended is not null and start - before_ended - 1 <= before_tolerance as goes_on,
        next_start is not null and next_start - last_day - 1 <= tolerance as follows,
        last_day + 1 + tolerance >= agreed as ran_out
    from beside
),
numbered as (
    select *,
        sum(case when goes_on then 0 else 1 end) over terms as episode,
        sum(case when goes_on and before_term = {TERM} then 0 else 1 end) over terms as stretch
    from linked
    window terms as (partition by contract_id order by start, last_day, row)
)
select *,
    max(last_day) over (partition by contract_id, episode) + 1 >= {{since}} as observed,
    case when episode = 1 then min(coalesce(began, start)) over (partition by contract_id, episode)
        else min(start) over (partition by contract_id, episode) end as clock_start,
    row_number() over (partition by contract_id, stretch order by start, last_day, row) as place
from numbered"""

LAST = ("term_start", "last_day", "follows", "ran_out", "cancelled_on", "monthly_amount", "billing_months")  # of a stretch: its last term's
STRETCHES_SQL = f"""
select
    contract_id,
    stretch,
    min(customer_id) as customer_id,
    min(start) as start,
    min({TERM}) as {TERM},
    min(clock_start) as clock_start,
    sum(case when follows then 1 else 0 end) as renewed,
    sum(case when last_day + 1 < {{since}} then 1 else 0 end) as unobserved,
    {", ".join(f"last({'start' if name == 'term_start' else name} order by start, last_day, row) as {name}" for name in LAST)},
    bool_or(place = 1 and not goes_on and (episode > 1 or coalesce(start - customer_ended - 1 > {LATE}, false))) as won_back,
    sum(greatest(least(last_day, {{until}}) - greatest(start, {{since}}) + 1, 0)) as days
from terms
group by contract_id, stretch
having max(last_day) + 1 >= {{since}}
order by contract_id, stretch"""

CHANGES_SQL = f"""
select contract_id, stretch, last_day + 1 as day, {TERM} as months, monthly_amount as before, next_amount as after
from terms
where follows and last_day + 1 >= {{since}}
order by contract_id, stretch, last_day, row"""

GAP = "(start - before_ended - 1)"
OF_TERMS = f"round({GAP} / ({MONTH} * before_term))"  # how many terms a gap is as long as
WHOLE_GAP = (
    f"not goes_on and before_term >= {QUARTER} and {OF_TERMS} >= 1 and abs({GAP} - {OF_TERMS} * {MONTH} * before_term) <= before_tolerance"
)
# What is said of rows that were kept: how many terms meet a condition.
REMARKS = {
    "follows and not ran_out": "{:,} terms were replaced before they had run out; they count as renewed",
    WHOLE_GAP: "{:,} contracts go on after a gap of whole terms and count as lost and won back; if rows are missing, put them in",
    "goes_on and start <= before_ended": "{:,} terms begin before the one before has ended, by a month at most; they count as its renewal",
    "goes_on and start > before_ended + 1": "{:,} terms begin after a gap of a month at most; they count as a renewal without one",
    "follows and cancelled_on <= least(last_day, {until})": "{:,} notices were followed by another term and count as withdrawn",
    "not follows and cancelled_on > last_day and cancelled_on <= {until}": "{:,} notices came after the end of their term and say nothing",
    f"not follows and ran_out and last_day < {{until}} and last_day >= {{until}} - {LATE}": (
        f"{{:,}} contracts ended in the last {LATE} days without another term and count as not renewed, whatever may still come"
    ),
    "monthly_amount = 0": "{:,} terms cost nothing; a price after them, or none, is no change of a price",
}


def summarize_contracts(table: Contracts, *, until: date | None = None, since: date | None = None) -> Renewals:
    """Renewals of each contract, and the ledger of every row; see `summarize`."""
    require_day("until", until)
    require_day("since", since)
    until = until or _last_event(table)
    require_past(until)
    if since is not None and since > until:
        raise ArgumentError(f"since ({since}) lies after until ({until})")

    window = {"until": f"date '{until}'", "since": f"date '{since or date.min}'"}
    terms = ask(table.lines, "lines", TERMS_SQL.format(**window))
    found = ask(terms, "terms", STRETCHES_SQL.format(**window)).df()
    statistics = _statistics(found, until)
    if not (statistics["survived"] + statistics["churned"] > statistics["entry"]).any():
        raise DataError(
            f"{table.source}: none of {len(found):,} contracts has come to the end of a term until {until}; no renewal can be learned from"
        )
    segments, notes = _segments(terms, found, table.segments)
    remarks = ", ".join(f"count(*) filter ({condition.format(**window)})" for condition in REMARKS)
    [counts] = ask(terms, "terms", f"select {remarks} from terms where observed").fetchall()
    notes += [remark.format(count) for remark, count in zip(REMARKS.values(), counts, strict=True) if count]
    return Renewals(
        statistics=statistics,
        segments=segments.assign(**{TERM: found[TERM].astype(str)}),
        until=until,
        since=since,
        changes=_changes(ask(terms, "terms", CHANGES_SQL.format(**window)).df(), found),
        in_advance=table.in_advance,
        payments=payments_by_month(terms, until=until, since=since, in_advance=table.in_advance),
        ledger=_ledger(table, terms, until, since, [_told(statistics), *notes]),
        currency=table.currency,
    )


def contract_terms(table: Contracts, *, until: date) -> pd.DataFrame:
    """Every term that had begun by the end of a day, and until when its contract ran without a gap.

    Parameters
    ----------
    table : Contracts
    until : datetime.date
        Last day of observation.

    Returns
    -------
    pandas.DataFrame
        One row a term, by contract and time: `contract_id`, `start`, `monthly_amount`, and `ran_until`, the last day of the last term that
        follows without a gap, as far as it is known.
    """
    window = {"until": f"date '{until}'", "since": f"date '{date.min}'"}
    terms = ask(table.lines, "lines", TERMS_SQL.format(**window))
    columns = "contract_id, start, monthly_amount, max(last_day) over (partition by contract_id, episode) as ran_until"
    found: pd.DataFrame = ask(terms, "terms", f"select {columns} from terms order by contract_id, start, last_day, row").df()
    return found.astype({"start": "datetime64[s]", "ran_until": "datetime64[s]", "monthly_amount": float})


def _last_event(table: Contracts) -> date:
    """Last day, of those that have been, on which a term began, notice was given, or a term ended before its time.

    The end of a term that was agreed is no event: it is known in advance, and may lie after the day on which the table was made. All
    contracts whose terms ended between the two would count as not renewed.
    """
    today = f"date '{date.today()}'"
    early = f"cancelled_on is null and cast(start + to_months({TERM}) as date) - 1 - last_day > {TOLERANCE}"
    days = ("start", "cancelled_on", f"case when {early} then last_day end")
    events = " union all ".join(f"select {day} as day from lines where left_out is null" for day in days)
    [(last,)] = ask(table.lines, "lines", f"select max(day) from ({events}) where day <= {today}").fetchall()
    if last is None:
        raise DataError(f"{table.source}: no row is a term of a known contract that has begun")
    return date(last.year, last.month, last.day)


def _statistics(found: pd.DataFrame, until: date) -> pd.DataFrame:
    day = {name: found[name].astype("datetime64[s]") for name in ("start", "clock_start", "term_start", "last_day", "cancelled_on")}
    age = (day["start"] - day["clock_start"]).dt.days / MONTH
    before = np.floor((age + 0.5) / found[TERM]).astype(np.int64)  # half a month, since months are not of one length
    ends, ran_out = ~found["follows"], found["ran_out"]
    runs = ends & (day["last_day"] >= pd.Timestamp(until))
    known_end = runs & ((day["cancelled_on"] <= pd.Timestamp(until)) | ~ran_out)
    churned, terminated = ends & ~runs & ran_out, ends & ~runs & ~ran_out
    left_before = (day["last_day"] - day["cancelled_on"]).dt.days.astype(float).fillna(-1.0)
    remaining = (day["last_day"] - pd.Timestamp(until)).dt.days.astype(float)
    status = np.select([known_end, runs, churned, terminated], ["notice", "open", "churned", "terminated"], "switched")
    return pd.DataFrame(
        {
            "contract_id": found["contract_id"],
            "customer_id": found["customer_id"],
            "signed": day["clock_start"],
            "start": day["start"],
            TERM: found[TERM].astype(np.int64),
            "entry": before + found["unobserved"].astype(np.int64),
            "survived": before + found["renewed"].astype(np.int64),
            "churned": churned.astype(np.int64),
            "terminated": terminated.astype(np.int64),
            "exposure": found["days"].astype(float) / MONTH,
            "status": status,
            "won_back": found["won_back"].astype(bool),
            "term_start": day["term_start"],
            "last_day": day["last_day"],
            "next_decision": (day["last_day"] + pd.Timedelta(days=1)).astype("datetime64[s]").where(runs),
            "monthly_amount": found["monthly_amount"].astype(float),
            "billing_months": found["billing_months"].astype(np.int64),
            "announced": _announced(found[TERM], left_before.where(churned), remaining.where(status == "open")),
        }
    )[list(RENEWAL_STATISTICS)]


def _announced(term: "pd.Series[int]", left_before: "pd.Series[float]", days_left: "pd.Series[float]") -> np.ndarray:
    """Of contracts that left at the end of a term, the share that gave notice as many days before it as `days_left`; zero where that is
    missing, as `left_before` is of those who did not leave.

    It is that of contracts of the same term, with one added that is like all of them: of few that left nothing is certain.
    """
    months, remaining = term.to_numpy(), days_left.to_numpy(dtype=float)

    def as_early(of: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, int]:
        known = np.sort(left_before[of].dropna().to_numpy())
        return len(known) - np.searchsorted(known, remaining[rows]), len(known)

    share = np.zeros(len(term))
    for length in np.unique(months[~np.isnan(remaining)]):
        own = months == length
        rows = own & ~np.isnan(remaining)
        (of_all, everyone), (alike, count) = as_early(np.ones_like(own), rows), as_early(own, rows)
        share[rows] = (alike + of_all / (everyone + 1)) / (count + 1)
    return share


def _segments(terms: duckdb.DuckDBPyRelation, found: pd.DataFrame, names: tuple[str, ...]) -> tuple[pd.DataFrame, list[str]]:
    """Those of each customer's first contract; of several on one day the first in the alphabet, so that no order of rows matters."""
    columns = "".join(
        f", min(segment_{k}) filter (start = customer_start) as segment_{k}, count(distinct segment_{k}) > 1 as changed_{k}"
        for k in range(len(names))
    )
    by_customer = ask(terms, "terms", f"select customer_id{columns} from terms group by customer_id").df().set_index("customer_id")
    of_stretch = by_customer.index.get_indexer(pd.Index(found["customer_id"]))
    observed, place = np.unique(of_stretch, return_inverse=True)
    by_customer = by_customer.iloc[observed]
    segments, notes = pd.DataFrame(index=found.index), []
    for k, name in enumerate(names):
        labels = by_customer[f"segment_{k}"]
        missing, changed = int(labels.isna().sum()), int(by_customer[f"changed_{k}"].sum())
        segments[name] = labels.fillna(NO_SEGMENT).astype(str).to_numpy()[place]
        if missing:
            notes.append(f"{missing:,} customers have no value of {name!r} in their first contract and stand under {NO_SEGMENT!r}")
        if changed:
            notes.append(f"{changed:,} customers have more than one value of {name!r}; that of the first contract counts")
    return segments, notes


def _changes(renewed: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    place = pd.Series(np.arange(len(found)), index=pd.MultiIndex.from_frame(found[["contract_id", "stretch"]]))
    return pd.DataFrame(
        {
            "stretch": place.loc[pd.MultiIndex.from_frame(renewed[["contract_id", "stretch"]])].to_numpy(),
            "day": renewed["day"].astype("datetime64[s]"),
            "months": renewed["months"].astype(np.int64),
            "before": renewed["before"].astype(float),
            "after": renewed["after"].astype(float),
        }
    )


def _told(statistics: pd.DataFrame) -> str:
    survived = int((statistics["survived"] - statistics["entry"]).sum())
    counts = {status: int((statistics["status"] == status).sum()) for status in ("churned", "terminated", "switched", "open", "notice")}
    return (
        f"{statistics['contract_id'].nunique():,} contracts of {statistics['customer_id'].nunique():,} customers faced"
        f" {survived + counts['churned']:,} renewals, of which {counts['churned']:,} were not renewed; {counts['terminated']:,} ended"
        f" within a term, {counts['switched']:,} went on with another term, {int(statistics['won_back'].sum()):,} were won back;"
        f" {counts['open'] + counts['notice']:,} run, {counts['notice']:,} of them to a known end"
    )


def _ledger(table: Contracts, terms: duckdb.DuckDBPyRelation, until: date, since: date | None, notes: list[str]) -> Ledger:
    fate = f"case when start > date '{until}' then 'begins after {until}' else left_out end"
    sums = "count(*), cast(coalesce(sum(amount), 0) as decimal(38, 6))"
    by_fate = ask(table.lines, "lines", f"select {fate}, {sums} from lines group by 1").fetchall()
    ended = LedgerLine(f"contract ended before {since}", *ask(terms, "terms", f"select {sums} from terms where not observed").fetchall()[0])
    lines = {reason: LedgerLine(str(reason), rows, amount) for reason, rows, amount in by_fate}
    known = lines.pop(None)
    kept = LedgerLine("kept", known.rows - ended.rows, known.amount - ended.amount)
    left_out = [*lines.values(), *([ended] if ended.rows else [])]
    read = LedgerLine("read", sum((line.rows for line in left_out), kept.rows), sum((line.amount for line in left_out), kept.amount))
    unknown = lines.get(NO_CUSTOMER, LedgerLine(NO_CUSTOMER, 0, Decimal(0)))
    return Ledger(read, kept, tuple(sorted(left_out, key=lambda line: (-line.rows, line.reason))), unknown, tuple(notes))
