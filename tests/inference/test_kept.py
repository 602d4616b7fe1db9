"""What a fit that is kept is known by."""

from datetime import date

import pandas as pd
import pytest

from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.inference.kept import fit_key
from clvbayes.models import mbg_nbd
from clvbayes.models.mbg_nbd import MbgNbd


def base(day: str) -> Customers:
    """Two customers with the same statistics, whatever the day of the first one's second order."""
    rows = {"customer_id": ["a"] * 3 + ["b"] * 2, "date": ["2024-01-05", day, "2024-12-02", "2024-01-06", "2024-12-09"], "amount": 1.0}
    return summarize(read_transactions(pd.DataFrame(rows)), until=date(2025, 3, 17))


@pytest.mark.parametrize(
    ("model", "knows"),
    [
        (mbg_nbd(), False),
        (mbg_nbd(season=True), True),
        (mbg_nbd(level=True), True),
    ],
    ids=["steady", "season", "level"],
)
def test_a_clock_by_months_knows_when_orders_were(model: MbgNbd, knows: bool) -> None:
    spring, summer = base("2024-04-19"), base("2024-08-19")  # 105 and 227 days between orders, or 227 and 105
    assert spring.statistics.equals(summer.statistics)
    assert (fit_key(model, spring, {}) != fit_key(model, summer, {})) is knows
