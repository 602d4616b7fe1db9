"""What happened after an origin, counted by hand, and which origins and horizons can be graded at all."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from clvbayes.data import order_days, read_transactions, summarize
from clvbayes.errors import ArgumentError, ClvError, DataError
from clvbayes.grading.windows import Origin, apart, happened_after, newcomers_after, plan_origins

FIRST, UNTIL = date(2024, 1, 1), date(2025, 12, 31)


# origins --------------------------------------------------------------------------------------------------------------------------------


def test_a_number_of_origins_goes_back_from_the_end_by_the_shortest_horizon() -> None:
    found = plan_origins(3, [8, 4], FIRST, UNTIL)
    assert found == (
        Origin(UNTIL - timedelta(weeks=12), (4, 8)),
        Origin(UNTIL - timedelta(weeks=8), (4, 8)),
        Origin(UNTIL - timedelta(weeks=4), (4,)),
    )


def test_given_days_are_put_in_the_order_of_time() -> None:
    days = [date(2025, 6, 30), date(2024, 6, 30)]
    assert [origin.day for origin in plan_origins(days, [13], FIRST, UNTIL)] == days[::-1]


def test_a_horizon_that_ends_on_the_last_day_is_graded_and_one_a_day_later_is_not() -> None:
    day = UNTIL - timedelta(weeks=13)
    assert plan_origins([day], [4, 13], FIRST, UNTIL)[0].weeks == (4, 13)
    assert plan_origins([day + timedelta(days=1)], [4, 13], FIRST, UNTIL)[0].weeks == (4,)


def test_an_origin_needs_the_shortest_horizon_behind_it() -> None:
    just, too_early = FIRST + timedelta(weeks=4), FIRST + timedelta(weeks=4, days=-1)
    assert [origin.day for origin in plan_origins([too_early, just], [4], FIRST, UNTIL)] == [just]


def test_more_origins_than_fit_are_as_many_as_fit() -> None:
    found = plan_origins(100, [13], FIRST, UNTIL)
    assert len(found) == 7  # of 8 quarters the first is history only
    assert found[0].day - timedelta(weeks=13) >= FIRST > found[0].day - timedelta(weeks=26)


@pytest.mark.parametrize(
    "asked", [[UNTIL], [UNTIL + timedelta(days=400)], [FIRST], 5], ids=["the last day", "the future", "the first day", "a short history"]
)
def test_origins_of_which_none_can_be_graded_are_refused(asked) -> None:
    first = FIRST if asked != 5 else UNTIL - timedelta(weeks=7)
    with pytest.raises(DataError, match=r"no forecast of 4 weeks can be graded: the orders reach from .* to 2025-12-31"):
        plan_origins(asked, [4], first, UNTIL)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (0, "origins must be at least 1, not 0"),
        (-2, "origins must be at least 1, not -2"),
        (True, "origins must be a number of them or days .* not True"),
        (2.0, "origins must be a number of them or days"),
        ([], "origins must be a number of them or days"),
        (None, "origins must be a number of them or days"),
        ("2025-06-30", "origins must be a number of them or days .* not '2025-06-30'"),
        (["2025-06-30"], "origins must be a number of them or days"),
        (datetime(2025, 6, 30), "origins must be a number of them or days"),
        ([datetime(2025, 6, 30)], "origins must be a number of them or days"),
        ([pd.Timestamp(2025, 6, 30)], "origins must be a number of them or days"),
        ([date(2025, 6, 30), date(2024, 6, 30), date(2025, 6, 30)], "origins names a day twice: 2025-06-30"),
    ],
)
def test_origins_that_are_none_are_refused(asked, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        plan_origins(asked, [4], FIRST, UNTIL)


@pytest.mark.parametrize(
    ("horizons", "said"),
    [
        ([], "horizons must be whole numbers of weeks"),
        ([0], "horizons must be whole numbers of weeks"),
        ([4, -1], "horizons must be whole numbers of weeks"),
        ([True], "horizons must be whole numbers of weeks"),
        ([4.0], "horizons must be whole numbers of weeks"),
        (["13"], "horizons must be whole numbers of weeks"),
        ("13", "horizons must be whole numbers of weeks"),
        ([521], "horizons must be whole numbers of weeks from 1 to 520"),
        ([4, 13, 4], "horizons names one twice"),
        pytest.param(13, "horizons must be", id="a number"),
        pytest.param(None, "horizons must be", id="nothing"),
        pytest.param([4, "8"], "horizons must be whole numbers of weeks", id="a number and a word"),
        pytest.param([None, 4], "horizons must be whole numbers of weeks", id="a number and nothing"),
    ],
)
def test_horizons_that_are_none_are_refused(horizons, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        plan_origins(3, horizons, FIRST, UNTIL)


@pytest.mark.parametrize(
    ("asked", "horizons"),
    [(500, [520]), (10**6, [4]), ([date(9999, 12, 31)], [4]), ([date(1, 1, 1)], [4])],
    ids=["decades", "a million", "the end of time", "its beginning"],
)
def test_origins_beyond_the_calendar_cannot_be_graded(asked, horizons) -> None:
    """A mistyped year or number is a person's mistake, and said as one."""
    try:
        found = plan_origins(asked, horizons, FIRST, UNTIL)
    except ClvError:
        return
    assert found and all(FIRST < origin.day < UNTIL for origin in found)


def test_origins_and_horizons_may_be_numbers_of_numpy() -> None:
    found = plan_origins(np.int64(2), list(np.array([4, 8])), FIRST, UNTIL)
    assert found == plan_origins(2, [4, 8], FIRST, UNTIL)
    assert all(type(weeks) is int for origin in found for weeks in origin.weeks)


def test_origins_apart_are_counted_from_the_last_one_back() -> None:
    days = [date(2025, 1, 1) + timedelta(weeks=4 * k) for k in range(8)]
    assert apart(days, 4) == days
    assert apart(days, 8) == days[1::2]
    assert apart(days, 5) == days[1::2]
    assert apart(days, 12) == [days[1], days[4], days[7]]
    assert apart(days, 520) == [days[7]]
    assert apart([], 4) == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(offsets=st.sets(st.integers(0, 60), min_size=1, max_size=9), weeks=st.integers(1, 4))
def test_no_choice_of_origins_that_do_not_overlap_is_larger(offsets, weeks) -> None:
    days = [date(2025, 1, 1) + timedelta(days=offset) for offset in sorted(offsets)]
    found = apart(days[::-1], weeks)
    assert set(found) <= set(days) and days[-1] in found
    assert all(later - earlier >= timedelta(weeks=weeks) for earlier, later in pairwise(found))
    largest = 0
    for chosen in range(1 << len(days)):
        some = [day for k, day in enumerate(days) if chosen >> k & 1]
        if all(later - earlier >= timedelta(weeks=weeks) for earlier, later in pairwise(some)):
            largest = max(largest, len(some))
    assert len(found) == largest


# what happened --------------------------------------------------------------------------------------------------------------------------

DAY = date(2025, 6, 1)
ORIGIN = Origin(DAY, (1, 2))
LAST = date(2025, 6, 30)


def lines(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Customer, days after the origin, amount."""
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return frame.assign(date=[DAY + timedelta(days=int(after)) for after in frame["date"]], industry=frame["customer_id"].str.upper())


ORDERS = lines(
    ("a", -60, 10.0),
    ("a", -30, 12.0),
    ("a", 0, 100.0),  # on the day of the origin: past
    ("a", 1, 7.0),
    ("a", 1, 0.5),  # the same day: one order of 7.50
    ("a", 7, 20.0),  # the last day of the first week
    ("a", 8, 30.0),  # the second week
    ("b", -20, 5.0),
    ("b", 3, 0.0),  # free: an order, no amount
    ("b", 14, 40.0),  # the last day of the second week
    ("b", 15, 1000.0),  # too late
    ("c", -10, 8.0),
    ("c", -9, 8.0),  # never again
    ("d", -5, 6.0),
    ("d", 9, -4.0),  # a credit note is no order
    ("e", -5, 6.0),
    ("e", 2, 0.0),
    ("e", 20, 9.0),  # too late
    ("n", 4, 50.0),  # won in the first week
    ("n", 4, 5.0),
    ("n", 6, 0.0),
    ("n", 13, 11.0),
    ("m", 14, 60.0),  # won on the last day
    ("o", 7, 70.0),
    ("o", 8, 1.0),
    ("p", 15, 80.0),  # won too late
    ("q", -3, 3.0),
)


def happened(orders: pd.DataFrame = ORDERS, origin: Origin = ORIGIN):
    table = read_transactions(orders, segments=["industry"])
    customers = summarize(table, until=origin.day)
    return customers, happened_after(origin, customers, order_days(table, until=LAST))


def newcomers(orders: pd.DataFrame = ORDERS, origin: Origin = ORIGIN):
    table = read_transactions(orders, segments=["industry"])
    return newcomers_after(origin, summarize(table, until=LAST), order_days(table, until=LAST))


def test_orders_and_revenue_of_each_customer_by_hand() -> None:
    customers, found = happened()
    assert customers.statistics["customer_id"].tolist() == ["a", "b", "c", "d", "e", "q"]
    (one_week, two_weeks), (revenue_of_one, revenue_of_two) = found.by_customer
    assert one_week.tolist() == [2, 1, 0, 0, 1, 0]
    assert two_weeks.tolist() == [3, 2, 0, 0, 1, 0]
    assert revenue_of_one.tolist() == [27.5, 0, 0, 0, 0, 0]
    assert revenue_of_two.tolist() == [57.5, 40.0, 0, 0, 0, 0]


def test_weeks_by_hand_are_of_the_customers_known() -> None:
    _, found = happened()
    assert found.by_week.tolist() == [[4, 2], [27.5, 70.0]]


def test_the_next_amount_is_that_of_the_first_order_that_is_not_free() -> None:
    _, found = happened()
    assert found.next_amount[:2].tolist() == [7.5, 40.0]
    assert np.isnan(found.next_amount[2:]).all()  # none, a credit note, free ones, too late


def test_weeks_and_customers_add_up_to_the_same() -> None:
    _, found = happened()
    for k, weeks in enumerate(ORIGIN.weeks):
        np.testing.assert_allclose(found.by_week[:, :weeks].sum(axis=1), found.by_customer[:, k].sum(axis=1))


def test_a_shorter_horizon_does_not_depend_on_a_longer_one() -> None:
    _, both = happened()
    _, short = happened(origin=Origin(DAY, (1,)))
    assert np.array_equal(both.by_customer[:, 0], short.by_customer[:, 0])
    assert short.next_amount[0] == 7.5 and np.isnan(short.next_amount[1])  # it comes in the second week


def test_nothing_after_an_origin_is_nothing() -> None:
    _, found = happened(ORDERS[ORDERS["date"] <= DAY])
    assert not found.by_customer.any() and not found.by_week.any() and np.isnan(found.next_amount).all()
    assert found.by_customer.shape == (2, 2, 6) and found.by_week.shape == (2, 2)


def test_newcomers_by_hand() -> None:
    found = newcomers()
    assert found.customers.statistics["customer_id"].tolist() == ["m", "n", "o"]
    assert found.arrived.tolist() == [14, 4, 7]
    (repeats_of_one, repeats_of_two), (revenue_of_one, revenue_of_two) = found.by_horizon
    assert (repeats_of_one, repeats_of_two) == (1, 3)  # n's free one; n's and o's in the second week
    assert (revenue_of_one, revenue_of_two) == (55 + 70, 55 + 70 + 11 + 1 + 60)


def test_of_newcomers_nothing_is_known_but_their_segments() -> None:
    found = newcomers().customers
    assert found.segments["industry"].tolist() == ["M", "N", "O"]
    assert found.returns is None
    known = found.statistics.drop(columns=["customer_id", "t0"])
    assert (known == 0).all().all() and set(known) == {*known.columns, "frequency", "recency", "T", "first_amount", "spend_sum"}


def test_where_nobody_came_there_are_no_newcomers() -> None:
    found = newcomers(ORDERS[~ORDERS["customer_id"].isin(["m", "n", "o"])])
    assert len(found.customers) == 0 and len(found.arrived) == 0 and not found.by_horizon.any()


def test_existing_customers_and_newcomers_are_all_orders_of_the_window() -> None:
    everything = order_days(read_transactions(ORDERS), until=LAST)
    after = (everything["day"] - pd.Timestamp(DAY)).dt.days
    window = everything[(after > 0) & (after <= 14)]
    _, known = happened()
    won = newcomers()
    assert known.by_customer[0, 1].sum() + won.by_horizon[0, 1] + len(won.arrived) == len(window)
    assert known.by_customer[1, 1].sum() + won.by_horizon[1, 1] == pytest.approx(window["amount"].sum())


def test_no_rows_place_changes_what_happened() -> None:
    _, first = happened()
    for seed in range(3):
        _, again = happened(ORDERS.sample(frac=1.0, random_state=seed))
        assert np.array_equal(first.by_customer, again.by_customer) and np.array_equal(first.by_week, again.by_week)
        np.testing.assert_array_equal(first.next_amount, again.next_amount)


ROW = st.tuples(st.sampled_from("abcdef"), st.integers(-40, 29), st.sampled_from([0, 1, 25, 199]))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(rows=st.lists(ROW, min_size=4, max_size=40), weeks=st.sets(st.integers(1, 4), min_size=1, max_size=3))
def test_windows_agree_with_a_plain_reference(rows, weeks) -> None:
    base = [("a", -50, 9.0), ("a", -49, 9.0), ("b", -50, 9.0)]  # enough to learn something from
    by_day: dict[str, dict[int, float]] = {}
    for who, after, amount in [*base, *rows]:
        by_day.setdefault(who, {}).setdefault(after, 0.0)
        by_day[who][after] += amount
    horizons = tuple(sorted(weeks))
    origin = Origin(DAY, horizons)
    orders = lines(*base, *[(who, after, float(amount)) for who, after, amount in rows])
    table = read_transactions(orders)
    customers, days = summarize(table, until=DAY), order_days(table, until=LAST)
    found, won = happened_after(origin, customers, days), newcomers_after(origin, summarize(table, until=LAST), days)
    known = sorted(who for who, days in by_day.items() if min(days) <= 0)
    new = sorted(who for who, days in by_day.items() if 0 < min(days) <= 7 * horizons[-1])
    assert customers.statistics["customer_id"].tolist() == known and won.customers.statistics["customer_id"].tolist() == new
    for h, weeks_ahead in enumerate(horizons):
        for i, who in enumerate(known):
            within = {day: amount for day, amount in by_day[who].items() if 0 < day <= 7 * weeks_ahead}
            assert (found.by_customer[0, h, i], found.by_customer[1, h, i]) == (len(within), sum(within.values()))
        of_new = [{day: amount for day, amount in by_day[who].items() if day <= 7 * weeks_ahead} for who in new]
        assert won.by_horizon[0, h] == sum(max(len(days) - 1, 0) for days in of_new)
        assert won.by_horizon[1, h] == sum(sum(days.values()) for days in of_new)
    for i, who in enumerate(known):
        paid = [amount for day, amount in sorted(by_day[who].items()) if 0 < day <= 7 * horizons[-1] and amount]
        np.testing.assert_equal(found.next_amount[i], paid[0] if paid else np.nan)
    for week in range(horizons[-1]):
        own = [amount for who in known for day, amount in by_day[who].items() if 7 * week < day <= 7 * week + 7]
        assert found.by_week[:, week].tolist() == [len(own), sum(own)]
