"""What contracts paid: by hand, as far as the table must hold it whole, and as a valuation would have foretold it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from clvbayes.data import Renewals, read_contracts, summarize

UNTIL = date(2025, 12, 31)
COLUMNS = ["contract_id", "customer_id", "start", "end", "term_months", "monthly_amount", "billing_months"]
OLD = (
    "old",
    "o",
    "2020-01-01",
    "2021-12-31",
    24,
    0.0,
    24,
)  # free: it only says that payments are known from 2022 on, and that one can leave


def known(*terms: tuple[Any, ...], until: date = UNTIL, since: date | None = None, in_advance: bool = True) -> Renewals:
    table = pd.DataFrame([OLD, *terms], columns=COLUMNS)
    return summarize(read_contracts(table, billing_months="billing_months", in_advance=in_advance), until=until, since=since)


def paid(renewals: Renewals) -> dict[str, float]:
    """By month, where anything was."""
    by_month = renewals.payments.set_index("month")["revenue"]
    return {f"{month:%Y-%m}": amount for month, amount in by_month[by_month > 0].items()}


@pytest.mark.parametrize(
    ("billing", "in_advance", "due"),
    [
        (12, True, {"2024-09": 1200, "2025-09": 1200}),
        (
            3,
            True,
            {f"{year}-{month}": 300 for year, month in [(2024, "09"), (2024, 12), (2025, "03"), (2025, "06"), (2025, "09"), (2025, 12)]},
        ),
        (12, False, {"2025-09": 1200}),
        (3, False, {"2024-12": 300, "2025-03": 300, "2025-06": 300, "2025-09": 300, "2025-12": 300}),
        (5, True, {"2024-09": 500, "2025-02": 500, "2025-07": 200, "2025-09": 500}),
        (5, False, {"2025-02": 500, "2025-07": 500, "2025-09": 200}),
        (60, True, {"2024-09": 1200, "2025-09": 1200}),
    ],
)
def test_invoices_were_due_by_calendar(billing: int, in_advance: bool, due: dict[str, float]) -> None:
    """Years from 15 September, in advance on the 15th of the invoice's first month, in arrears on the 14th of the month after it."""
    terms = [("A", "a", f"{year}-09-15", f"{year + 1}-09-14", 12, 100.0, billing) for year in (2024, 2025)]
    assert paid(known(*terms, in_advance=in_advance)) == due


def test_of_a_term_that_ended_early_only_invoices_in_arrears_are_for_the_days_until_then() -> None:
    ended = ("A", "a", "2025-01-01", "2025-04-15", 12, 100.0, 3)
    assert paid(known(ended)) == {"2025-01": 300, "2025-04": 300}
    assert paid(known(ended, in_advance=False)) == pytest.approx({"2025-03": 300, "2025-04": 300 * 15 / 91})


@pytest.mark.parametrize("in_advance", [True, False])
def test_a_term_that_was_replaced_is_paid_until_then(in_advance: bool) -> None:
    terms = [("A", "a", "2025-01-01", "2025-02-14", 12, 100.0, 1), ("A", "a", "2025-02-15", "2026-02-14", 12, 140.0, 1)]
    found = paid(known(*terms, in_advance=in_advance))
    of_first = {"2025-01": 100.0, "2025-02": 50.0}
    of_second = {f"2025-{month:02d}": 140.0 for month in (range(2, 13) if in_advance else range(3, 13))}
    assert found == pytest.approx({month: of_first.get(month, 0) + of_second.get(month, 0) for month in {**of_first, **of_second}})


def test_months_are_told_from_where_the_table_must_hold_them() -> None:
    running = ("A", "a", "2021-01-01", "2026-12-31", 72, 1.0, 1)
    assert known(("A", "a", "2024-09-15", "2025-09-14", 12, 1.0, 1)).payments["month"].min() == pd.Timestamp(2022, 1, 1)
    assert known(running, since=date(2020, 6, 1)).payments.empty, "who had left before 2020 might have had six years too"
    ended = ("B", "b", "2024-01-01", "2024-12-31", 12, 1.0, 1)
    later = known(("A", "a", "2024-01-15", "2026-01-14", 24, 1.0, 1), ended, since=date(2024, 6, 15)).payments
    assert later["month"].tolist() == pd.date_range("2024-07-01", "2025-12-01", freq="MS").tolist()


def test_without_payments_a_month_is_zero_and_rows_may_stand_in_any_order() -> None:
    terms = [("A", "a", "2024-01-01", "2024-12-31", 12, 33.33, 12), ("B", "b", "2025-03-01", "2025-03-31", 1, 0.1, 1)]
    one, other = known(*terms), known(*terms[::-1])
    assert len(one.payments) == 48 and paid(one) == {"2024-01": 12 * 33.33, "2025-03": 0.1}
    pd.testing.assert_frame_equal(one.payments, other.payments, check_exact=True)
    assert replace(one, payments=other.payments).frames[0] is one.frames[0], "no fit depends on payments"
