"""Tables in, checked tables and sufficient statistics out."""

from clvbayes.data.customers import DAYS_PER_UNIT, Customers, TimeUnit, join_segments
from clvbayes.data.ledger import Ledger, LedgerLine
from clvbayes.data.sources import Query
from clvbayes.data.summary import summarize
from clvbayes.data.transactions import RETURN, Transactions, read_transactions

__all__ = [
    "DAYS_PER_UNIT",
    "RETURN",
    "Customers",
    "Ledger",
    "LedgerLine",
    "Query",
    "TimeUnit",
    "Transactions",
    "join_segments",
    "read_transactions",
    "summarize",
]
