"""Where the numbers come from: the source, its days, and the way from the ledger's revenue to what the models learn from."""

from clvbayes.report.blocks import Block, Cell, Column, Prose, Section, Table
from clvbayes.report.evidence import Evidence, currency_of
from clvbayes.report.language import day, words
from clvbayes.report.numbers import count, money, share, show

__all__ = ["cover_facts", "lineage"]

CENT = 0.005


def lineage(evidence: Evidence) -> Section:
    """Facts of the source, then the reconciliation; words where the orders are not known."""
    columns = (Column(words.COLUMN_ITEM), Column(words.COLUMN_SAID, "fact"))
    facts = Table(words.LINEAGE_TABLE, columns, _facts(evidence), _reach(evidence))
    known = evidence.orders.ledger is not None and not evidence.orders.history.empty
    way: Block = _reconciliation(evidence) if known else Prose(words.RECONCILIATION_UNKNOWN)
    return Section(words.LINEAGE, (facts, way))


def cover_facts(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """What was said of the report itself: its purpose, its makers, its day."""
    dated = None if evidence.report_date is None else day(evidence.report_date)
    said = ((words.ITEM_PURPOSE, evidence.purpose), (words.ITEM_PREPARED_BY, evidence.prepared_by), (words.ITEM_REPORT_DATE, dated))
    return tuple((item, text) for item, text in said if text is not None)


def _facts(evidence: Evidence) -> tuple[tuple[Cell, ...], ...]:
    customers, account = evidence.orders, evidence.orders.ledger
    first = customers.statistics["t0"].min()
    repeats = float(customers.statistics["frequency"].sum())
    facts: list[tuple[Cell, ...]] = [*cover_facts(evidence), (words.ITEM_SOURCE, evidence.source), (words.ITEM_HASH, evidence.data_hash)]
    if account is not None:
        facts += [(words.ITEM_ROWS_READ, count(account.read.rows)), (words.ITEM_ROWS_KEPT, count(account.kept.rows))]
    if customers.last_order is not None:
        facts += [(words.ITEM_FIRST_ORDER, first.date()), (words.ITEM_LAST_ORDER, customers.last_order)]
    if customers.until is not None:
        facts.append((words.FACT_DATE, customers.until))
    return (
        *facts,
        (words.ITEM_CUSTOMERS, count(len(customers))),
        (words.ITEM_ORDERS, count(len(customers) + repeats)),
        (words.ITEM_REPEATS, count(repeats)),
    )


def _reach(evidence: Evidence) -> str:
    """How much the models learn from, and over which days."""
    customers = evidence.orders
    told = {
        "customers": show(count(len(customers))),
        "repeats": show(count(float(customers.statistics["frequency"].sum()))),
    }
    if customers.last_order is None:
        return words.LINEAGE_FINDING.format(**told)
    first = day(customers.statistics["t0"].min().date())
    return words.LINEAGE_FINDING_DATED.format(**told, first=first, last=day(customers.last_order))


def _reconciliation(evidence: Evidence) -> Table:
    """From what the ledger kept to the orders that the models learn amounts from."""
    customers, currency = evidence.orders, currency_of(evidence)
    assert customers.ledger is not None
    kept, by_month = float(customers.ledger.kept.amount), float(customers.history["revenue"].astype(float).sum())
    first, repeats = (float(customers.statistics[name].sum()) for name in ("first_amount", "spend_sum"))
    # sums of many decimals: less than half a cent is nothing
    parts = (first, repeats, by_month - first - repeats, kept - by_month)
    amounts = [0.0 if abs(amount) < CENT else amount for amount in parts]
    names = (words.RECONCILED_FIRST, words.RECONCILED_REPEATS, words.RECONCILED_BACK, words.RECONCILED_NOT)
    columns = (
        Column(words.COLUMN_REVENUE_OF),
        # to the cent: a reader must be able to add it up
        Column(words.COLUMN_AMOUNT, "number", unit=currency, digits=2),
        Column(words.COLUMN_SHARE, "share", digits=1),
    )
    rows = tuple((name, amount, amount / kept if kept > 0 else 0.0) for name, amount in zip(names, amounts, strict=True))
    unexplained = show(share(abs(amounts[-1]) / kept if kept > 0 else 0.0))
    finding = words.RECONCILIATION_FINDING.format(
        repeats=show(money(repeats, currency)), kept=show(money(kept, currency)), not_explained=unexplained
    )
    return Table(words.RECONCILIATION_TABLE, columns, rows, finding, (words.LEDGER_KEPT, kept, 1.0 if kept > 0 else 0.0))
