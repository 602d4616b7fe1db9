"""Tables in, checked tables and sufficient statistics out."""

from clvbayes.data.checks import DAYS_PER_UNIT, NO_SEGMENT, TimeUnit, require_seed
from clvbayes.data.contract_summary import contract_terms
from clvbayes.data.contracts import TERM, Contracts, read_contracts, tolerance
from clvbayes.data.customers import Customers, join_segments
from clvbayes.data.ledger import Ledger, LedgerLine
from clvbayes.data.renewals import Renewals
from clvbayes.data.sources import Query
from clvbayes.data.statistics import Statistics
from clvbayes.data.summary import order_days, summarize
from clvbayes.data.transactions import NOT_POSITIVE, RETURN, Transactions, read_transactions

__all__ = [
    "DAYS_PER_UNIT",
    "NOT_POSITIVE",
    "NO_SEGMENT",
    "RETURN",
    "TERM",
    "Contracts",
    "Customers",
    "Ledger",
    "LedgerLine",
    "Query",
    "Renewals",
    "Statistics",
    "TimeUnit",
    "Transactions",
    "contract_terms",
    "join_segments",
    "order_days",
    "read_contracts",
    "read_transactions",
    "require_seed",
    "summarize",
    "tolerance",
]
