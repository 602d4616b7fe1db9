"""What the data say against the spend models' assumptions: found where it is true, not found where it is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clvbayes import ArgumentError, Customers, Renewals, read_transactions, spend_checks, summarize

PER_YEAR = 365.25


def orders_of(customers: int = 600, *, drift: float = 0.0, link: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Four years of orders, whose amounts rise by `drift` a year and by `link` for each unit of the customer's log rate."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 3 * PER_YEAR, customers)
    log_rate = rng.normal(0, 0.8, customers)
    lines = []
    for k in range(customers):
        number = 1 + rng.poisson(3 * np.exp(log_rate[k]) * (4 - start[k] / PER_YEAR) / 2)
        days = start[k] + np.append(0.0, rng.uniform(0, 4 * PER_YEAR - start[k], number - 1))
        level = 4 + rng.normal(0, 0.5) + link * log_rate[k]
        amounts = np.exp(level + drift * days / PER_YEAR + rng.normal(0, 0.4, number))
        lines += [(f"C{k}", day, amount, "AB"[k % 2]) for day, amount in zip(days, amounts, strict=True)]
    frame = pd.DataFrame(lines, columns=["customer_id", "day", "amount", "half"])
    return frame.assign(date=pd.Timestamp("2021-01-01") + pd.to_timedelta(frame["day"].astype(int), "D")).drop(columns="day")


def customers_of(orders: pd.DataFrame) -> Customers:
    return summarize(read_transactions(orders, segments=["half"]))


def found(orders: pd.DataFrame, check: str, **options):
    return next(result for result in spend_checks(customers_of(orders), **options) if result.check == check)


@pytest.mark.parametrize("drift", [-0.1, 0.05])
def test_a_drift_is_found_with_its_size(drift: float) -> None:
    result = found(orders_of(drift=drift), "Spend drift")
    assert result.matters and result.low < np.expm1(drift) < result.high
    assert result.high - result.low < 0.08
    assert f"{result.estimate:+.1%} a year" in result.message


def test_customers_who_spend_more_and_came_later_are_no_drift() -> None:
    """Cohorts may differ in level: only changes within them count."""
    orders = orders_of()
    first = orders.groupby("customer_id")["date"].transform("min")
    later = orders.assign(amount=orders["amount"] * np.exp(0.5 * (first - first.min()).dt.days / PER_YEAR))
    result = found(later, "Spend drift")
    assert result.low < 0 < result.high


def test_intervals_cover_where_there_is_neither_drift_nor_link() -> None:
    results = [check for seed in range(40) for check in spend_checks(customers_of(orders_of(150, seed=seed)))]
    by_check = pd.Series([result.matters for result in results]).groupby([result.check for result in results]).sum()
    assert by_check.max() <= 6  # of 40 at 5 %: more than six once in 140 times
    assert len(by_check) == 2


def test_a_link_between_frequency_and_spend_is_found() -> None:
    linked, free = (found(orders_of(link=link), "Spend and frequency") for link in (0.25, 0.0))
    assert linked.matters and linked.estimate > 0.1 and linked.slope > 0.1
    assert not free.matters and abs(free.slope) < 0.1


def test_customers_are_compared_within_their_cell() -> None:
    """One half orders more often and spends more: within the halves nothing hangs together."""
    orders = orders_of()
    more = orders[orders["half"] == "A"]
    more = pd.concat([more, more.assign(date=more["date"] + pd.Timedelta(days=1))])
    both = pd.concat([orders[orders["half"] == "B"], more.assign(amount=1.6 * more["amount"])])
    assert found(both, "Spend and frequency").matters
    assert not found(both, "Spend and frequency", pool=("half",)).matters


def test_cents_and_the_order_of_rows_change_nothing() -> None:
    orders = orders_of(200, drift=0.05, link=0.2)
    one, cents = spend_checks(customers_of(orders)), spend_checks(customers_of(orders.assign(amount=100 * orders["amount"])))
    assert [result.check for result in one] == [result.check for result in cents]
    np.testing.assert_allclose([result.estimate for result in one], [result.estimate for result in cents], rtol=1e-4)
    shuffled = spend_checks(customers_of(orders.sample(frac=1, random_state=1)))
    np.testing.assert_allclose([result.low for result in one], [result.low for result in shuffled], rtol=1e-9)


def test_what_cannot_be_told_is_not_said() -> None:
    rfm = {"frequency": [2, 0, 5], "recency": [30.4, 0.0, 36.1], "T": [38.9, 38.9, 37.0], "monetary_value": [9.0, 0.0, 4.0]}
    assert spend_checks(Customers.from_frame(pd.DataFrame(rfm), unit="week")) == ()
    few = customers_of(orders_of(12))
    assert "Spend and frequency" not in [result.check for result in spend_checks(few)]
    young = replace(few, history=few.history[few.history["month"] < few.history["month"].min() + pd.DateOffset(months=3)])
    assert spend_checks(young) == ()


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'region'"):
        spend_checks(customers_of(orders_of(30)), pool=("region",))


def test_cohorts_of_a_single_later_month_tell_no_drift() -> None:
    months = pd.date_range("2021-01-01", periods=9, freq="MS")
    history = pd.DataFrame({"cohort": months[:-1], "month": months[1:], "orders": 5, "revenue": np.linspace(400, 900, 8)})
    base = customers_of(orders_of(60))
    assert [result.check for result in spend_checks(replace(base, history=history))] == ["Spend and frequency"]


def test_contracts_have_no_spend_to_be_checked() -> None:
    counted = Renewals.from_frame(pd.DataFrame({"survived": [0, 1], "churned": [1, 0]}))
    with pytest.raises(ArgumentError, match=r"spend_checks takes what .* returns, not Renewals"):
        spend_checks(counted)
