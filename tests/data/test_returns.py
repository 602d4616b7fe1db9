"""What came back, by hand, against a plain reference, and where orders are too young to tell."""

from datetime import date, timedelta
from decimal import Decimal
from math import log
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import clvbayes
from clvbayes.data import Customers, Ledger
from clvbayes.data.returns import RETURNS, developed_shares
from clvbayes.errors import ArgumentError, DataError

UNTIL = date(2025, 6, 30)
COLUMNS = ["customer_id", "date", "amount", "order_id", "returned_order", "back"]
# two customers that make every base one to learn from, and send nothing back
OTHERS = [
    ("y", "2025-01-01", 10.0, "y1", None, False),
    ("y", "2025-02-01", 20.0, "y2", None, False),
    ("z", "2025-01-01", 5.0, "z1", None, False),
]


def lines_of(*rows: Any) -> pd.DataFrame:
    """Order lines of customer, day, amount, order id, order returned and whether the row is flagged as a return."""
    frame = pd.DataFrame([*OTHERS, *rows], columns=COLUMNS)
    return frame.astype({"customer_id": "str", "order_id": "str", "returned_order": "str", "back": bool})


def summary(lines: pd.DataFrame, *, linked: bool = True, until: date | None = UNTIL, **options: Any) -> Customers:
    window = {name: options.pop(name) for name in ("since", "unit") if name in options}
    names: dict[str, Any] = {"order_id": "order_id", "is_return": "back"} | ({"returned_order": "returned_order"} if linked else {})
    return clvbayes.summarize(clvbayes.read_transactions(lines, **(names | options)), until=until, **window)


def returns_of(customers: Customers) -> pd.DataFrame:
    assert customers.returns is not None
    assert tuple(customers.returns.columns) == RETURNS and len(customers.returns) == len(customers)
    return customers.returns.set_index(customers.statistics["customer_id"])


def of_customer(customers: Customers, customer_id: str) -> dict[str, float]:
    return returns_of(customers).loc[customer_id].to_dict()


def back_of(customers: Customers, customer_id: str) -> float:
    """Share of money that came back, times the orders, where none is young."""
    found = of_customer(customers, customer_id)
    return found["touched"] * found["part_mean"]


def of_returns(trials: float, touched: float = 0.0, parts: int = 0, part_mean: float = 0.0, cancelled: int = 0) -> Any:
    """What is expected of a customer with at most one part and nothing open."""
    nothing = {"part_deviations": 0.0, "pending_orders": 0.0, "pending_amount": 0.0}
    return pytest.approx({"trials": trials, "touched": touched, "parts": parts, "part_mean": part_mean, "cancelled": cancelled} | nothing)


def statistics_of(customers: Customers, customer_id: str) -> dict[str, Any]:
    return customers.statistics.set_index("customer_id").loc[customer_id].to_dict()


def ledger_of(customers: Customers) -> Ledger:
    assert customers.ledger is not None
    return customers.ledger


def note_of(customers: Customers, start: str) -> str | None:
    found = [note for note in ledger_of(customers).notes if start in note]
    assert len(found) < 2
    return found[0] if found else None


def assert_adds_up(ledger: Ledger) -> None:
    lines = (ledger.kept, *ledger.left_out)
    assert ledger.read.rows == sum(line.rows for line in lines)
    assert ledger.read.amount == sum((line.amount for line in lines), Decimal(0))


# whose a credit note is -----------------------------------------------------------------------------------------------------------------

THREE = [
    ("a", "2025-01-10", 100.0, "a1", None, False),
    ("a", "2025-02-10", 40.0, "a2", None, False),
    ("a", "2025-03-10", 60.0, "a3", None, False),
]


def test_orders_count_by_their_share_of_money_and_parts_by_days() -> None:
    notes = [
        ("a", "2025-03-20", -10.0, None, "a2", True),
        ("a", "2025-03-21", -6.0, None, "a3", True),
        ("a", "2025-03-22", -9.0, None, "a3", True),
    ]
    customers = summary(lines_of(*THREE, *notes))
    found = of_customer(customers, "a")
    assert found == pytest.approx(
        {
            "trials": 3.0,
            "touched": 3 * (40 + 60) / 200,
            "parts": 2,
            "part_mean": (10 + 15) / (40 + 60),
            "part_deviations": 0.0,  # a quarter of either
            "pending_orders": 0.0,
            "pending_amount": 0.0,
            "cancelled": 0,
        }
    )
    assert back_of(customers, "a") == pytest.approx(3 * 25 / 200)
    assert of_customer(customers, "y") == of_returns(2.0)


def test_deviations_of_parts_are_those_from_their_mean() -> None:
    notes = [
        ("a", "2025-03-20", -10.0, None, "a1", True),
        ("a", "2025-03-20", -20.0, None, "a2", True),
        ("a", "2025-03-22", -60.0, None, "a3", True),
    ]
    found = of_customer(summary(lines_of(*THREE, *notes)), "a")
    assert (found["touched"], found["parts"], found["part_mean"]) == pytest.approx((3.0, 3, 90 / 200))
    assert found["part_deviations"] == pytest.approx(np.sum((np.array([0.1, 0.5, 1.0]) - 90 / 200) ** 2), abs=1e-11)


def test_a_note_goes_to_the_day_of_the_order_that_it_names_though_a_later_one_lies_between() -> None:
    note = ("a", "2025-03-20", -40.0, None, "a2", True)
    linked, unlinked = summary(lines_of(*THREE, note)), summary(lines_of(*THREE, note), linked=False)
    assert of_customer(linked, "a") == of_returns(3.0, 3 * 40 / 200, 1, 1.0, cancelled=1)
    assert statistics_of(linked, "a")["spend_sum"] == 60.0
    assert note_of(linked, "credit notes") == "credit notes, 1 in all: 1 name their order"
    assert of_customer(unlinked, "a") == of_returns(3.0, 3 * 60 / 200, 1, 40 / 60)
    assert statistics_of(unlinked, "a")["spend_sum"] == 100.0
    assert note_of(unlinked, "credit notes") == "credit notes, 1 in all: 1 count for the customer's latest order before them"


def with_late_returns(*rows: Any, quick: int = 30, late: int = 10) -> list[Any]:
    """Old orders of many customers, of which as many came back on the day as `quick`, and after ten days as `late`."""
    made: list[Any] = list(rows)
    for k in range(quick + late):
        day = "2025-02-01" if k < quick else "2025-02-11"
        made += [(f"m{k:03d}", "2025-02-01", 10.0, f"m{k}", None, False), (f"m{k:03d}", day, -2.0, None, f"m{k}", True)]
    return made


def test_an_unlinked_note_goes_to_the_latest_order_before_it() -> None:
    for day, touched in (("2025-02-09", 100), ("2025-02-11", 40), ("2025-03-09", 40), ("2025-06-30", 60)):
        customers = summary(lines_of(*THREE, ("a", day, -5.0, None, None, True)))
        assert of_customer(customers, "a") == of_returns(3.0, 3 * touched / 200, 1, 5 / touched)


def test_the_delay_of_a_note_counts_from_its_order() -> None:
    """Late notes lie ten days after the latest order, and a hundred after the one before."""
    rows = [(who, "2024-11-03", 10.0, None, None, False) for who in (f"m{k:03d}" for k in range(40))]
    customers = summary(lines_of(*rows, *with_late_returns()).assign(returned_order=None), linked=False)
    assert note_of(customers, "half of what") == (
        "half of what comes back does so within 0 days and nine tenths within 10; young orders count for less until then"
    )
    assert note_of(customers, "credit notes") == "credit notes, 40 in all: 40 count for the customer's latest order before them"


def test_a_note_of_the_day_of_an_order_is_of_that_order() -> None:
    note = ("a", "2025-02-10", -5.0, None, None, True)
    for rows in ((*THREE, note), (note, *THREE)):
        assert of_customer(summary(lines_of(*rows)), "a") == of_returns(3.0, 3 * 40 / 200, 1, 5 / 40)


def test_a_note_before_any_order_is_counted_and_informs_nothing() -> None:
    early = ("a", "2025-01-05", -30.0, None, None, True)
    with_note, without = summary(lines_of(*THREE, early)), summary(lines_of(*THREE))
    pd.testing.assert_frame_equal(returns_of(with_note), returns_of(without))
    pd.testing.assert_frame_equal(with_note.statistics, without.statistics)
    assert note_of(with_note, "credit notes") == "credit notes, 1 in all: 1 (30.00) come before any order and say nothing of returns"
    assert_adds_up(ledger_of(with_note))


def test_a_note_of_a_customer_without_an_order_informs_nothing() -> None:
    customers = summary(lines_of(*THREE, ("nobody", "2025-01-05", -30.0, None, "a1", True)))
    assert "nobody" not in customers.statistics["customer_id"].tolist()
    assert returns_of(customers)["parts"].sum() == 0 and returns_of(customers)["touched"].sum() == 0
    assert note_of(customers, "credit notes") == "credit notes, 1 in all: 1 (30.00) come before any order and say nothing of returns"


def test_a_note_that_names_an_order_of_the_future_is_of_an_order_before_it() -> None:
    customers = summary(lines_of(*THREE, ("a", "2025-02-20", -20.0, None, "a3", True)))
    assert of_customer(customers, "a") == of_returns(3.0, 0.6, 1, 0.5)
    assert note_of(customers, "credit notes") == "credit notes, 1 in all: 1 count for the customer's latest order before them"


def test_a_note_that_names_another_customers_order_is_not_linked() -> None:
    customers = summary(lines_of(*THREE, ("a", "2025-03-20", -20.0, None, "y2", True)))
    assert of_customer(customers, "y") == of_returns(2.0)
    assert of_customer(customers, "a") == of_returns(3.0, 3 * 60 / 200, 1, 20 / 60)
    assert note_of(customers, "credit notes") == "credit notes, 1 in all: 1 count for the customer's latest order before them"


def test_a_share_returned_is_at_most_everything() -> None:
    notes = [("a", "2025-03-20", -150.0, None, "a1", True), ("a", "2025-03-21", -80.5, None, None, True)]
    customers = summary(lines_of(*THREE, *notes))
    found = of_customer(customers, "a")
    assert (found["trials"], found["touched"], found["parts"], found["part_mean"], found["part_deviations"]) == (3.0, 2.4, 2, 1.0, 0.0)
    said = "purchases of 1 customers were credited beyond their amount, by 70.50 in all; of a purchase no more comes back than all of it"
    assert note_of(customers, "beyond their amount") == said
    exact = ("a", "2025-03-20", -100.0, None, "a1", True)
    assert note_of(summary(lines_of(*THREE, exact)), "beyond their amount") is None


def test_negative_amounts_without_any_flag_are_credit_notes() -> None:
    lines = lines_of(*THREE, ("a", "2025-03-20", -40.0, None, None, False))
    plain = clvbayes.summarize(clvbayes.read_transactions(lines[["customer_id", "date", "amount"]]), until=UNTIL)
    flagged = summary(lines.assign(back=lines["amount"] < 0), linked=False)
    assert of_customer(plain, "a") == of_returns(3.0, 3 * 60 / 200, 1, 40 / 60)
    pd.testing.assert_frame_equal(returns_of(plain), returns_of(flagged))


def test_the_sign_of_a_flagged_note_does_not_matter_and_zero_is_none() -> None:
    notes = [
        ("a", "2025-03-20", 40.0, None, None, True),
        ("a", "2025-03-20", 0.0, None, None, True),
        ("a", "2025-03-21", 0.0, None, None, False),
    ]
    customers = summary(lines_of(*THREE, *notes))
    assert of_customer(customers, "a") == of_returns(3.0, 3 * 60 / 200, 1, 40 / 60)
    assert note_of(customers, "credit notes") == "credit notes, 1 in all: 1 count for the customer's latest order before them"


def test_a_row_that_names_an_order_is_a_return_without_a_flag() -> None:
    customers = summary(lines_of(*THREE, ("a", "2025-03-20", 40.0, "n1", "a1", False)), is_return=None)
    assert of_customer(customers, "a") == of_returns(3.0, 3 * 100 / 200, 1, 0.4)
    assert note_of(customers, "credit notes") == "credit notes, 1 in all: 1 name their order"
    assert statistics_of(customers, "a")["frequency"] == 2


def test_order_numbers_that_a_frame_made_floats_are_found() -> None:
    """A column of numbers with gaps holds 1002.0 where the orders hold 1002."""
    lines = lines_of(*THREE, ("a", "2025-03-20", -40.0, None, None, True))
    numbers = lines.assign(order_id=range(1000, 1000 + len(lines)), returned_order=np.nan)
    numbers.loc[len(lines) - 1, "returned_order"] = 1004.0  # that of a2
    assert numbers["returned_order"].dtype == float and numbers["amount"][4] == 40.0
    customers = summary(numbers)
    assert of_customer(customers, "a")["cancelled"] == 1 and statistics_of(customers, "a")["spend_sum"] == 60.0


def test_returns_of_unknown_customers_and_days_do_not_count() -> None:
    notes = [(None, "2025-03-20", -40.0, None, "a2", True), ("a", None, -40.0, None, "a2", True)]
    customers = summary(lines_of(*THREE, *notes))
    pd.testing.assert_frame_equal(returns_of(customers), returns_of(summary(lines_of(*THREE))))
    assert note_of(customers, "credit notes") is None
    assert_adds_up(ledger_of(customers))


def test_a_credit_note_that_was_exported_twice_counts_once_where_duplicates_are_dropped() -> None:
    note = ("a", "2025-03-20", -30.0, "n1", "a1", True)
    once, twice = summary(lines_of(*THREE, note)), lines_of(*THREE, note, note)
    assert of_customer(summary(twice), "a") == of_returns(3.0, 1.5, 1, 0.6)
    pd.testing.assert_frame_equal(returns_of(summary(twice, duplicates="drop")), returns_of(once))


# the window -----------------------------------------------------------------------------------------------------------------------------


def test_returns_after_until_do_not_count() -> None:
    note = ("a", "2025-03-20", -40.0, None, "a2", True)
    on_the_day, before = (summary(lines_of(*THREE, note), until=until) for until in (date(2025, 3, 20), date(2025, 3, 19)))
    assert of_customer(on_the_day, "a") == of_returns(3.0, 0.6, 1, 1.0, cancelled=1)
    assert of_customer(before, "a") == of_returns(3.0)
    assert statistics_of(before, "a")["spend_sum"] == 100.0
    assert note_of(before, "credit notes") is None


def test_returns_before_since_do_not_count() -> None:
    note = ("a", "2025-01-20", -100.0, None, "a1", True)
    on_the_day, after = (summary(lines_of(*THREE, note), since=since) for since in (date(2025, 1, 10), date(2025, 1, 21)))
    assert of_customer(on_the_day, "a") == of_returns(3.0, 3 * 100 / 200, 1, 1.0)
    assert of_customer(after, "a") == of_returns(2.0)
    assert note_of(after, "credit notes") is None


def test_a_note_that_names_an_order_before_since_is_of_no_later_order() -> None:
    customers = summary(lines_of(*THREE, ("a", "2025-02-20", -30.0, None, "a1", True)), since=date(2025, 2, 1))
    assert of_customer(customers, "a") == of_returns(2.0)


# purchases that came back whole ---------------------------------------------------------------------------------------------------------


def test_a_repeat_purchase_that_came_back_whole_stays_an_order_and_is_no_spend() -> None:
    notes = [("a", "2025-02-15", -15.0, None, "a2", True), ("a", "2025-03-20", -25.0, None, "a2", True)]
    whole, part = summary(lines_of(*THREE, *notes), unit="day"), summary(lines_of(*THREE, notes[1]), unit="day")
    untouched = statistics_of(summary(lines_of(*THREE), unit="day"), "a")
    found = statistics_of(whole, "a")
    assert {name: found[name] for name in ("frequency", "recency", "spend_count", "spend_sum")} == {
        "frequency": 2,
        "recency": 59.0,
        "spend_count": 1,
        "spend_sum": 60.0,
    }
    assert found["spend_sum_log"] == pytest.approx(log(60), abs=1e-11)
    assert found["spend_sum_log_squared"] == pytest.approx(log(60) ** 2, abs=1e-11)
    assert of_customer(whole, "a")["cancelled"] == 1
    said = "1 repeat purchases came back whole; they stay orders and leave the spend statistics"
    assert note_of(whole, "came back whole") == said
    assert statistics_of(part, "a") == untouched and of_customer(part, "a")["cancelled"] == 0
    assert note_of(part, "came back whole") is None
    pd.testing.assert_frame_equal(whole.history, part.history)


def test_one_of_two_orders_of_a_day_is_not_the_whole_purchase() -> None:
    second = ("a", "2025-02-10", 15.0, "a2b", None, False)
    notes = [("a", "2025-03-20", -40.0, None, "a2", True), ("a", "2025-03-21", -15.0, None, "a2b", True)]
    one, both = summary(lines_of(*THREE, second, notes[0])), summary(lines_of(*THREE, second, *notes))
    assert (of_customer(one, "a")["cancelled"], statistics_of(one, "a")["spend_sum"]) == (0, 115.0)
    assert (of_customer(both, "a")["cancelled"], statistics_of(both, "a")["spend_sum"]) == (1, 60.0)


def test_an_acquisition_that_came_back_whole_stays_the_acquisition() -> None:
    customers = summary(lines_of(*THREE, ("a", "2025-01-20", -100.0, None, "a1", True)))
    untouched = summary(lines_of(*THREE))
    assert statistics_of(customers, "a") == statistics_of(untouched, "a")
    assert of_customer(customers, "a") == of_returns(3.0, 1.5, 1, 1.0)


def test_unlinked_notes_take_no_purchase_out_of_spend() -> None:
    customers = summary(lines_of(*THREE, ("a", "2025-03-20", -60.0, None, None, True)))
    assert statistics_of(customers, "a") == statistics_of(summary(lines_of(*THREE)), "a")
    assert of_customer(customers, "a") == of_returns(3.0, 0.9, 1, 1.0)


def test_where_all_repeat_purchases_came_back_whole_that_is_what_is_said() -> None:
    lines = lines_of(("y", "2025-03-01", -20.0, None, "y2", True))
    with pytest.raises(DataError) as refused:
        summary(lines)
    assert "came back" in str(refused.value)


# what is refused ------------------------------------------------------------------------------------------------------------------------


def test_returned_orders_without_order_ids_are_refused() -> None:
    with pytest.raises(ArgumentError, match="order_id must name that of the orders"):
        clvbayes.read_transactions(lines_of(*THREE), returned_order="returned_order")


def test_a_misspelt_column_of_returned_orders_is_named() -> None:
    with pytest.raises(DataError, match=r"DataFrame has no column 'retruned_order'; it has 'customer_id', .*'returned_order'"):
        summary(lines_of(*THREE), returned_order="retruned_order")


def test_one_column_cannot_hold_both_orders_and_what_they_return() -> None:
    """Every order would be a return of itself."""
    with pytest.raises(ArgumentError, match="order_id"):
        clvbayes.read_transactions(lines_of(*THREE), order_id="order_id", returned_order="order_id")


def test_rfm_frames_know_no_returns() -> None:
    rfm = pd.DataFrame({"frequency": [2, 0], "recency": [30.4, 0.0], "T": [38.9, 38.9], "monetary_value": [22.4, 0.0]})
    assert Customers.from_frame(rfm, unit="week").returns is None


# orders too young to tell ---------------------------------------------------------------------------------------------------------------


def test_developed_shares_by_hand() -> None:
    """Of the orders of at least ten days, 40 came back, 10 of them after ten days; the young ones say nothing of that."""
    lag, age, returns = np.array([0, 10, 0]), np.array([100, 100, 5]), np.array([30, 10, 60])
    assert developed_shares(lag, age, returns).tolist() == pytest.approx([0.75] * 10)


def test_developed_shares_are_the_product_over_longer_lags() -> None:
    lag, age, returns = np.array([2, 3, 5, 2, 3]), np.array([9, 9, 9, 4, 4]), np.array([20, 30, 50, 40, 40])
    by_three = 50 / 100  # of those at least 5 days old
    by_two = by_three * (20 + 40) / (20 + 30 + 40 + 40)
    found = developed_shares(lag, age, returns)
    assert found.tolist() == pytest.approx([0.0, 0.0, by_two, by_three, by_three])


@pytest.fixture(scope="module")
def truncated() -> tuple[np.ndarray, np.ndarray]:
    """Lags, geometric from zero with mean thirty, and ages of the orders, of the first 20,000 returns that can be seen."""
    rng = np.random.default_rng(12)
    age = rng.integers(0, 151, 40_000)
    lag = rng.geometric(1 / 31, len(age)) - 1
    seen = np.flatnonzero(lag <= age)[:20_000]
    assert len(seen) == 20_000
    return lag[seen], age[seen]


def test_developed_shares_find_the_lags_behind_truncated_ones(truncated) -> None:
    lag, age = truncated
    found = developed_shares(lag, age, np.ones(len(lag), dtype=np.int64))
    days = np.arange(len(found))
    truth = 1 - (1 - 1 / 31) ** (days + 1)
    naive = np.searchsorted(np.sort(lag), days, side="right") / len(lag)
    assert np.abs(naive - truth).max() > 0.05
    assert np.abs(found - truth).max() < 0.02
    assert len(found) > 100 and (np.diff(found) >= 0).all()


def test_equal_returns_may_be_counted_together(truncated) -> None:
    lag, age = truncated
    pairs, counts = np.unique(np.stack([lag, age]), axis=1, return_counts=True)
    np.testing.assert_allclose(developed_shares(*pairs, counts), developed_shares(lag, age, np.ones_like(lag)), rtol=1e-12)


def test_fewer_than_twenty_returns_develop_nothing() -> None:
    lag, age, returns = np.array([0, 10]), np.array([100, 100]), np.array([9, 10])
    assert len(developed_shares(lag, age, returns)) == 0
    assert len(developed_shares(lag[:0], age[:0], returns[:0])) == 0
    assert developed_shares(lag, age, np.array([10, 10])).tolist() == [0.5] * 10


def known(come: float, touched: int, old: int, young: int = 1) -> float:
    """What an order without a return weighs, of whose returns a share has come: its slope in the chance of a return, -F / (1 - pF), over
    that of an old order, -1 / (1 - p)."""
    p = touched / (old + young * come)
    return come * (1 - p) / (1 - p * come)


def test_with_few_returns_young_orders_count_wholly() -> None:
    young = ("a", "2025-06-29", 100.0, "a1", None, False)
    few, enough = (summary(lines_of(*with_late_returns(young, quick=quick, late=5))) for quick in (14, 15))
    assert of_customer(few, "a") == of_returns(1.0)
    # 15 of 20 have come by the first day; three more customers stand around them
    assert of_customer(enough, "a")["trials"] == pytest.approx(known(0.75, 20, 23))
    assert note_of(few, "young orders") is None


def test_young_orders_count_for_what_has_come_by_their_age() -> None:
    """Three quarters have come before the tenth day, all on it."""
    young = [("a", "2025-06-25", 100.0, "a1", None, False), ("a", "2025-05-01", 300.0, "a2", None, False)]
    edges = [
        ("b", "2025-06-20", 80.0, "b1", None, False),
        ("c", "2025-06-21", 80.0, "c1", None, False),
        ("d", "2025-06-30", 8.0, "d1", None, False),
    ]
    customers = summary(lines_of(*with_late_returns(*young, *edges)))
    found = of_customer(customers, "a")
    weight = known(0.75, 40, 45, young=3)
    assert (found["trials"], found["touched"], found["parts"]) == pytest.approx((2 * (300 + 100 * weight) / 400, 0.0, 0))
    assert (found["pending_orders"], found["pending_amount"]) == pytest.approx((2 * 100 * (1 - weight) / 400, 100 * (1 - weight)))
    for who, trials, amount in (("b", 1.0, 80.0), ("c", weight, 80.0), ("d", weight, 8.0)):
        found = of_customer(customers, who)
        expected = (trials, 1 - trials, (1 - trials) * amount)
        assert (found["trials"], found["pending_orders"], found["pending_amount"]) == pytest.approx(expected)


def test_of_a_young_order_that_came_back_whole_nothing_is_open() -> None:
    young = [("a", "2025-06-25", 100.0, "a1", None, False), ("a", "2025-06-26", -100.0, None, "a1", True)]
    found = of_customer(summary(lines_of(*with_late_returns(*young, quick=59, late=20))), "a")
    assert found["pending_amount"] == pytest.approx(0.0)


def young_base(probability: float, customers: int = 20_000) -> pd.DataFrame:
    """One order a customer, of the last 90 days; whole orders come back after geometric lags, those that lie before the end are known."""
    rng = np.random.default_rng(21)
    age, lag = rng.integers(0, 91, customers), rng.geometric(1 / 15, customers)
    known = (rng.uniform(size=customers) < probability) & (lag <= age)
    last = pd.Timestamp(UNTIL)
    names = [f"C{k}" for k in range(customers)]
    orders = pd.DataFrame({"customer_id": names, "date": last - pd.to_timedelta(age, unit="D"), "amount": 50.0, "order_id": names})
    notes = orders[known].assign(date=last - pd.to_timedelta((age - lag)[known], unit="D"), amount=-50.0, order_id=None)
    notes["returned_order"] = orders["customer_id"][known]
    repeats = pd.DataFrame(OTHERS, columns=COLUMNS).assign(date=lambda given: pd.to_datetime(given["date"]))
    return pd.concat([orders, notes, repeats.drop(columns="back").astype({"returned_order": "str"})], ignore_index=True)


def test_young_orders_do_not_hide_what_share_comes_back() -> None:
    """Of 20,000 orders three tenths come back, five sixths of them so far: the share has a standard error of .004."""
    found = returns_of(summary(young_base(0.3), is_return=None))
    assert found["touched"].sum() / found["trials"].sum() == pytest.approx(0.3, abs=0.02)


# consistency ----------------------------------------------------------------------------------------------------------------------------


def many_lines(seed: int, customers: int = 60) -> pd.DataFrame:
    """Orders of a year, and credit notes of whole and half ones, half of which name their order."""
    rng = np.random.default_rng(seed)
    count = customers * 6
    day = rng.integers(0, 360, count)
    orders = pd.DataFrame(
        {
            "customer_id": rng.choice([f"C{k:03d}" for k in range(customers)], count),
            "date": pd.Timestamp(2024, 7, 1) + pd.to_timedelta(day, unit="D"),
            "amount": rng.choice([0.0, 10.0, 19.99, 250.5], count, p=[0.05, 0.3, 0.35, 0.3]),
            "order_id": [f"o{k}" for k in range(count)],
        }
    )
    back = rng.uniform(size=count) < 0.4
    lag = pd.to_timedelta(rng.geometric(0.05, back.sum()), unit="D")
    notes = orders[back].assign(date=orders["date"][back] + lag, amount=-(orders["amount"][back] * rng.choice([0.5, 1.0], back.sum())))
    notes = notes.assign(order_id=None, returned_order=orders["order_id"][back].where(rng.uniform(size=back.sum()) < 0.5))
    early = pd.DataFrame({"customer_id": ["C001"], "date": [pd.Timestamp(2024, 1, 1)], "amount": [-7.0]})
    together = pd.concat([orders, notes, early], ignore_index=True)
    assert together["date"].max() < pd.Timestamp.today()
    return together.assign(back=together["amount"] < 0)


def test_the_order_of_rows_changes_nothing() -> None:
    lines = many_lines(1)
    first = summary(lines)
    assert returns_of(first)["cancelled"].sum() > 10 and returns_of(first)["pending_orders"].sum() > 1
    assert {note_of(first, part) is None for part in ("credit notes", "young orders", "came back whole")} == {False}
    for seed in range(3):
        again = summary(lines.sample(frac=1.0, random_state=seed))
        pd.testing.assert_frame_equal(again.returns, first.returns, check_exact=True)
        pd.testing.assert_frame_equal(again.statistics, first.statistics, check_exact=True)
        assert again.ledger == first.ledger


def test_a_unit_of_time_changes_no_returns() -> None:
    lines = many_lines(2)
    days = summary(lines, unit="day")
    for unit in ("week", "year"):
        pd.testing.assert_frame_equal(summary(lines, unit=unit).returns, days.returns, check_exact=True)


def test_later_returns_change_nothing_before_them() -> None:
    lines, until = many_lines(3), date(2025, 3, 31)
    early = lines[lines["date"] <= pd.Timestamp(until)]
    pd.testing.assert_frame_equal(returns_of(summary(lines, until=until)), returns_of(summary(early, until=until)), check_exact=True)


def test_trials_and_what_is_open_are_all_days_with_an_amount() -> None:
    for seed in (4, 5):
        lines = many_lines(seed)
        customers = summary(lines)
        ordered = lines[(lines["amount"] > 0) & (lines["date"] <= pd.Timestamp(UNTIL))]
        by_customer = ordered.groupby("customer_id").agg(days=("date", "nunique"), amount=("amount", "sum"))
        found = returns_of(customers).join(by_customer).fillna({"days": 0, "amount": 0.0})
        np.testing.assert_allclose(found["trials"] + found["pending_orders"], found["days"], rtol=0, atol=2e-9)
        assert (found["pending_amount"] >= 0).all() and (found["pending_amount"] <= found["amount"] + 1e-9).all()
        assert (found["pending_orders"].gt(1e-8) == found["pending_amount"].gt(1e-6)).all()
        # what is open of a customer's orders is open of their money
        np.testing.assert_allclose(found["pending_amount"] * found["days"], found["pending_orders"] * found["amount"], atol=1e-5)
        assert found["pending_orders"].sum() > 1


def test_the_ledger_still_adds_up() -> None:
    lines = many_lines(6)
    for duplicates in ("keep", "drop"):
        customers = summary(pd.concat([lines, lines.iloc[::7]]), duplicates=duplicates, since=date(2024, 8, 1), until=date(2025, 5, 31))
        ledger = ledger_of(customers)
        assert_adds_up(ledger)
        assert ledger.read.rows == len(lines) + len(lines.iloc[::7])
        assert ledger.read.amount == pytest.approx(Decimal(str(round(lines["amount"].sum() + lines["amount"].iloc[::7].sum(), 6))))
        assert float(ledger.kept.amount) == pytest.approx(customers.history["revenue"].sum(), abs=1e-6)
        assert customers.history["orders"].sum() == (customers.statistics["frequency"] + 1).sum()


def plain_returns(lines: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Returns of each customer in the plainest Python, nothing being young."""
    found = {}
    for who, own in lines[lines["amount"] > 0].groupby("customer_id"):
        money, back = own.groupby("date")["amount"].sum(), {}
        day_of = own.groupby("order_id")["date"].min()
        for note in lines[(lines["customer_id"] == who) & (lines["amount"] < 0)].itertuples():
            earlier = money.index[money.index <= note.date]
            day = day_of.get(note.returned_order, earlier.max() if len(earlier) else None)
            if day is not None:
                back[day] = back.get(day, 0.0) - note.amount
        shares, touched = [min(1.0, amount / money[day]) for day, amount in back.items()], sum(money[day] for day in back)
        found[str(who)] = {
            "trials": len(money),
            "touched": len(money) * touched / money.sum(),
            "parts": len(back),
            "part_mean": (part := sum(min(amount, money[day]) for day, amount in back.items()) / touched if back else 0.0),
            "part_deviations": sum((share - part) ** 2 for share in shares),
        }
    return found


def test_returns_by_customer_agree_with_a_plain_reference() -> None:
    lines = many_lines(7)
    found = returns_of(summary(lines, until=date(2025, 12, 31)))
    expected = plain_returns(lines)
    assert len(expected) > 50 and sum(customer["parts"] > 1 for customer in expected.values()) > 20
    for who, customer in expected.items():
        assert found.loc[who, list(customer)].to_dict() == pytest.approx(customer, abs=1e-8)
    assert (found["pending_orders"] == 0).all() and (found["pending_amount"] == 0).all()


LINE = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 25),
    st.sampled_from([0, 1, 10, 33, 9_999]),
    st.sampled_from(["order", "order", "note", "note", "flagged"]),
    st.integers(0, 40),
)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(rows=st.lists(LINE, min_size=1, max_size=40), crowd=st.booleans(), length=st.integers(0, 30))
def test_never_more_comes_back_than_was_tried_and_never_more_is_tried_than_ordered(rows: Any, crowd: bool, length: int) -> None:
    origin, until = date(2025, 5, 1), date(2025, 5, 1) + timedelta(days=length)
    made = []
    for k, (who, day, cents, kind, named) in enumerate(rows):
        amount, back = (cents / 100 if kind != "note" else -cents / 100), kind == "flagged"
        linked = f"o{named}" if kind == "flagged" and named % 2 else None
        made.append((who, str(origin + timedelta(days=day)), amount, f"o{k}", linked, back))
    lines = lines_of(*(with_late_returns(*made, quick=15, late=5) if crowd else made))
    customers = summary(lines, until=until)
    found, ordered = returns_of(customers), lines[(lines["amount"] > 0) & ~lines["back"]]
    inside = ordered[ordered["date"] <= str(until)]
    days = inside.groupby("customer_id")["date"].nunique().reindex(found.index).fillna(0)
    assert np.isfinite(found.to_numpy(dtype=float)).all()
    assert (found["touched"] >= 0).all() and (found["touched"] <= found["trials"]).all() and (found["trials"] <= days).all()
    assert (found["part_mean"] >= 0).all() and (found["part_mean"] <= 1).all() and (found["parts"] <= days).all()
    assert ((found["parts"] > 0) == (found["touched"] > 0)).all() and ((found["parts"] > 0) == (found["part_mean"] > 0)).all()
    # numbers between nought and one deviate most where half of them are either
    assert (found["part_deviations"] >= 0).all() and (found["part_deviations"] <= found["parts"] / 4 + 1e-9).all()
    assert (found["part_deviations"][found["parts"] < 2] < 1e-9).all()
    assert (found["pending_orders"] >= 0).all() and (found["pending_amount"] >= 0).all()
    np.testing.assert_allclose(found["trials"] + found["pending_orders"], days, rtol=0, atol=2e-9)
    assert (found["cancelled"].to_numpy() <= customers.statistics["frequency"].to_numpy()).all()
    spends = customers.statistics["spend_count"].to_numpy() + found["cancelled"].to_numpy()
    first = inside.groupby("customer_id")["date"].min()
    free = lines[(lines["amount"] == 0) & ~lines["back"] & (lines["date"] <= str(until))].groupby("customer_id")["date"].min()
    begun = pd.concat([first, free], axis=1).min(axis=1).reindex(found.index)
    later = inside[inside["date"] > inside["customer_id"].map(begun)]
    assert spends.tolist() == later.groupby("customer_id")["date"].nunique().reindex(found.index).fillna(0).tolist()
    assert_adds_up(ledger_of(customers))


def test_unflagged_credits_beside_flagged_returns_of_the_other_sign_count_as_credits() -> None:
    """Where flagged returns are positive, a negative amount without a flag is a credit note all the same."""
    notes = [("a", "2025-03-20", 60.0, None, "a1", True), ("a", "2025-03-21", -30.0, None, None, False)]
    both = of_customer(summary(lines_of(*THREE, *notes)), "a")
    one = of_customer(summary(lines_of(*THREE, notes[0])), "a")
    assert both["touched"] * both["part_mean"] > one["touched"] * one["part_mean"] > 0


def test_a_segment_without_a_name_is_refused() -> None:
    with pytest.raises(clvbayes.ArgumentError, match="without a name"):
        clvbayes.read_transactions(lines_of(*THREE), segments=[""])
