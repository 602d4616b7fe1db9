"""The made-up company tells the story of the models, and its order table is fit to be read like a real one."""

import doctest
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvbayes.synthetic
from clvbayes.errors import ArgumentError
from clvbayes.synthetic import Company, company

UNTIL = pd.Timestamp(2025, 12, 31)
SEGMENTS = ["industry", "channel", "country"]


@cache
def usual() -> Company:
    return company(customers=1500, seed=1)


@cache
def plain() -> Company:
    """Nothing but the story: what is to be recovered from it is exact."""
    return company(customers=20_000, seed=2, seasonality=0.0, return_share=0.0, anonymous_share=0.0, duplicate_share=0.0)


def order_lines(made: Company) -> pd.DataFrame:
    lines = made.orders.drop_duplicates()
    return lines.loc[lines["customer_id"].notna() & ~lines["is_return"]]


def whole_orders(made: Company) -> pd.DataFrame:
    return order_lines(made).groupby(["customer_id", "date", "order_id"])["amount"].sum().reset_index()


def coordinates(made: Company) -> pd.DataFrame:
    """The documented rule: industry plus channel, one row a customer."""
    truth, who = made.truth, made.truth.customers
    purchases = truth.purchases.loc[who["industry"]].to_numpy() + truth.purchases_by_channel.loc[who["channel"]].to_numpy()
    spend = truth.spend.loc[who["industry"]].to_numpy() + truth.spend_by_channel.loc[who["channel"]].to_numpy()
    return pd.DataFrame(np.hstack([purchases, spend]), columns=[*truth.purchases.columns, *truth.spend.columns])


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    written = [company(customers=300, seed=seed).write(tmp_path / name).read_bytes() for seed, name in ((5, "a"), (5, "b"), (6, "c"))]
    assert written[0] == written[1]
    assert written[0] != written[2]


def test_the_file_reads_back_as_the_table_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = usual().write(tmp_path / "new" / "folder")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["contracts.csv", "orders.csv"]
    again = pd.read_csv(path, parse_dates=["date"], date_format="%Y-%m-%d", dtype={"returned_order": "str"})
    pd.testing.assert_frame_equal(again, usual().orders, check_dtype=False)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ArgumentError, match="taken"):
        usual().write(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_whoever_reads_the_older_file_reads_on(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("older")
    with (tmp_path / "orders.csv").open() as reader:
        assert usual().write(tmp_path).stat().st_size > 1000
        assert reader.read() == "older"


def test_a_failed_write_leaves_the_older_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orders.csv").write_text("older")

    def full_disk(frame: pd.DataFrame, target: Path, **_: Any) -> None:
        target.write_text("half")
        raise OSError("no space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError, match="no space"):
        usual().write(tmp_path)
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"orders.csv": "older"}


def test_lines_are_sorted_within_the_years_and_in_whole_days_and_cents() -> None:
    orders = usual().orders
    assert orders.sort_values(["date", "order_id"], kind="stable").index.equals(orders.index)
    assert orders["date"].min() >= pd.Timestamp(2022, 1, 1)
    assert UNTIL - pd.Timedelta(days=7) < orders["date"].max() <= UNTIL
    assert (orders["date"] == orders["date"].dt.normalize()).all()
    assert (orders["amount"] == orders["amount"].round(2)).all()
    assert ((orders["amount"] < 0) == orders["is_return"]).all()
    assert (orders["amount"] != 0).all()


def test_until_moves_the_end() -> None:
    made = company(customers=100, seed=1, years=1.5, until=date(2024, 2, 29))
    assert made.orders["date"].between("2022-08-31", "2024-02-29").all()
    assert made.orders["date"].max() > pd.Timestamp(2024, 2, 1)


def test_an_order_has_one_to_four_different_products_one_day_and_one_customer() -> None:
    by_order = order_lines(usual()).groupby("order_id")
    counts = by_order.size()
    assert set(counts) == {1, 2, 3, 4}
    assert (by_order["product"].nunique() == counts).all()
    assert (by_order[["date", "customer_id"]].nunique() == 1).all(axis=None)
    assert not whole_orders(usual()).duplicated(["customer_id", "date"]).any()


def test_lines_add_up_to_the_order_to_the_cent() -> None:
    rng = np.random.default_rng(8)
    orders = pd.DataFrame({"person": 0, "day": 0, "amount": rng.gamma(0.3, 1000.0, size=20_000)})
    lines = clvbayes.synthetic._lines(orders, rng)
    assert (lines["cents"] >= 1).all()
    owed = np.maximum(np.rint(100 * orders["amount"]), 4)  # a cent for each line that there may be
    assert (lines.groupby("number")["cents"].sum().to_numpy() == owed).all()


def test_amounts_follow_the_stated_gamma_law() -> None:
    made = plain()
    orders = whole_orders(made).merge(made.truth.customers[["customer_id", "expected_spend"]], on="customer_id")
    who = pd.Series(np.arange(len(made.truth.customers)), index=made.truth.customers["customer_id"]).loc[orders["customer_id"]]
    cv = np.exp(coordinates(made)["log_cv_within"].to_numpy())[who.to_numpy()]
    relative = orders["amount"].to_numpy() / orders["expected_spend"].to_numpy()
    assert abs(np.mean(relative - 1)) < 4 * np.sqrt(np.mean(cv**2) / len(cv))
    assert stats.kstest(stats.gamma.cdf(relative, cv**-2, scale=cv**2), "uniform").pvalue > 1e-3
    for stated in np.unique(cv):
        mine = relative[cv == stated] - 1
        error = np.std(mine**2) / np.sqrt(len(mine))
        assert abs(np.mean(mine**2) - stated**2) < 4 * error


def test_repeat_orders_are_those_that_mbg_nbd_expects_of_each_customer() -> None:
    made = plain()
    truth = made.truth.customers
    repeats = whole_orders(made).groupby("customer_id")["date"].nunique().loc[truth["customer_id"]].to_numpy() - 1
    weeks = (UNTIL - truth["acquired"]).dt.days.to_numpy() / 7
    rate, dropout = truth["rate"].to_numpy(), truth["dropout"].to_numpy()
    expected = (1 - dropout) * -np.expm1(-rate * dropout * weeks) / dropout
    surplus = repeats - expected
    assert repeats.mean() > 5
    # Over all, and where it would show: by length of history, by rate, by dropout.
    for mark in (np.ones(len(truth)), weeks, rate, dropout):
        weight = mark / mark.mean()
        assert abs(np.mean(weight * surplus)) < 4 * np.std(weight * surplus) / np.sqrt(len(surplus))


def test_waiting_times_are_exponential() -> None:
    """Gaps cannot be compared, as long ones are cut off; but the days of a living customer are uniform, however many there are."""
    made = plain()
    living = made.truth.customers[made.truth.customers["died"].isna()]
    orders = whole_orders(made).merge(living[["customer_id", "acquired"]], on="customer_id")
    repeat = orders[orders["date"] > orders["acquired"]]
    span = (UNTIL - repeat["acquired"]).dt.days
    place = (repeat["date"] - repeat["acquired"]).dt.days / span
    assert stats.kstest(place[span > 365].to_numpy(), "uniform").pvalue > 1e-3


def test_latents_follow_the_coordinates() -> None:
    made = plain()
    latent, cell = made.truth.customers, np.exp(coordinates(made))
    share = cell["logit_dropout"] / (1 + cell["logit_dropout"])
    a, b = share * cell["log_concentration"], (1 - share) * cell["log_concentration"]
    q = 2 + cell["log_cv_between"] ** -2
    laws = {
        "rate": stats.gamma.cdf(latent["rate"], cell["log_shape"], scale=cell["log_rate"] / cell["log_shape"]),
        "dropout": stats.beta.cdf(latent["dropout"], a, b),
        "expected_spend": stats.invgamma.cdf(latent["expected_spend"], q, scale=cell["log_mean"] * (q - 1)),
    }
    for name, uniform in laws.items():
        assert stats.kstest(uniform, "uniform").pvalue > 1e-3, name


def test_truth_knows_first_and_last_days() -> None:
    truth = usual().truth.customers
    days = whole_orders(usual()).groupby("customer_id")["date"].agg(["min", "max"]).loc[truth["customer_id"]].reset_index(drop=True)
    assert days["min"].eq(truth["acquired"]).all()
    gone = truth["died"].notna()
    assert 0.2 < gone.mean() < 0.8
    assert days["max"][gone].eq(truth["died"][gone]).all()


def test_channels_add_up_to_zero_and_season_averages_one() -> None:
    truth = usual().truth
    for effects in (truth.purchases_by_channel, truth.spend_by_channel):
        np.testing.assert_allclose(effects.sum(), 0, atol=1e-12)
        assert (effects != 0).any(axis=None)
    four_years = pd.date_range("2022-01-01", "2025-12-31")
    assert truth.season.loc[four_years.month].mean() == pytest.approx(1, abs=1e-12)


def test_orders_follow_the_season() -> None:
    made = company(customers=5000, seed=3, seasonality=0.6)
    orders = whole_orders(made)
    last_year = orders[(orders["date"] > "2024-12-31") & ~orders.groupby("customer_id")["date"].transform("min").eq(orders["date"])]
    months = last_year.groupby(last_year["date"].dt.month).size()
    assert np.corrcoef(months, made.truth.season)[0, 1] > 0.95
    assert months[11] / months[5] > 2
    assert (plain().truth.season == 1).all()


def test_newcomers_arrive_to_the_end_and_grow_mildly() -> None:
    by_year = plain().truth.customers["acquired"].dt.year.value_counts().sort_index()
    assert by_year.index.tolist() == [2022, 2023, 2024, 2025]
    assert 1.1 < by_year[2025] / by_year[2022] < 1.5


def test_a_few_customers_hold_most_of_the_revenue_of_an_account_business() -> None:
    made = usual()
    revenue = made.orders.groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    assert revenue.head(150).sum() / revenue.sum() > 0.55
    orders = whole_orders(made)
    assert 800 < orders["amount"].mean() < 2500
    last_year = orders[orders["date"].dt.year == 2025].groupby("customer_id").size()
    assert 4 <= last_year.median() <= 8


def test_segments_belong_to_the_customer() -> None:
    orders, truth = usual().orders, usual().truth.customers
    assert orders[SEGMENTS].notna().all(axis=None)
    assert orders[SEGMENTS].nunique().tolist() == [5, 4, 3]
    found = orders.dropna(subset="customer_id")[["customer_id", *SEGMENTS]].drop_duplicates().sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, truth[["customer_id", *SEGMENTS]])


def test_returns_belong_to_earlier_orders_and_take_back_no_more_than_was_paid() -> None:
    made = usual()
    returns = made.orders[made.orders["is_return"]]
    assert made.orders["returned_order"].notna().equals(made.orders["is_return"])
    orders = whole_orders(made).set_index("order_id")
    assert len(returns) / len(orders) == pytest.approx(0.04, abs=0.006)
    assert returns["returned_order"].is_unique
    sold = orders.loc[returns["returned_order"]].reset_index()
    back = returns.reset_index(drop=True)
    assert back["customer_id"].eq(sold["customer_id"]).all()
    assert (back["date"] - sold["date"]).dt.days.between(5, 40).all()
    assert back["date"].max() > UNTIL - pd.Timedelta(days=14)
    left = (sold["amount"] + back["amount"]).round(2)
    assert (left >= 0).all()
    assert (left == 0).any()
    assert (left > 0).any()


def test_cash_sales_carry_their_share_of_the_money() -> None:
    for share in (0.03, 0.2):
        orders = company(customers=500, seed=4, anonymous_share=share, duplicate_share=0.0).orders
        sold = orders[~orders["is_return"]]
        cash = sold[sold["customer_id"].isna()]
        assert cash["amount"].sum() / sold["amount"].sum() == pytest.approx(share, abs=2e-5)
        assert cash["order_id"].is_unique
        assert not cash["order_id"].isin(sold["order_id"][sold["customer_id"].notna()]).any()


def test_a_handful_of_lines_stands_twice() -> None:
    made = company(customers=1500, seed=1, duplicate_share=0.01)
    double = made.orders.duplicated()
    assert double.sum() / len(order_lines(made)) == pytest.approx(0.01, abs=0.002)
    assert usual().orders.duplicated().sum() > 5


@pytest.mark.parametrize("option", ["return_share", "anonymous_share", "duplicate_share"])
def test_an_option_switches_off_exactly_and_leaves_the_rest_alone(option: str) -> None:
    full = usual().orders
    extra = {"return_share": full["is_return"], "anonymous_share": full["customer_id"].isna(), "duplicate_share": full.duplicated()}[option]
    without: dict[str, Any] = {option: 0}
    made = company(customers=1500, seed=1, **without)
    assert extra.any()
    pd.testing.assert_frame_equal(made.orders, full[~extra].reset_index(drop=True))
    pd.testing.assert_frame_equal(made.truth.customers, usual().truth.customers)


@pytest.mark.parametrize(
    ("argument", "given"),
    [
        ("customers", 0),
        ("customers", 10.0),
        ("customers", True),
        ("seed", -1),
        ("seed", None),
        ("years", 0),
        ("years", "4"),
        ("until", datetime(2025, 12, 31, 12)),
        ("until", "2025-12-31"),
        ("until", date(1800, 1, 1)),
        ("seasonality", 1.0),
        ("seasonality", float("nan")),
        ("return_share", -0.1),
        ("anonymous_share", 4),
        ("duplicate_share", True),
    ],
)
def test_bad_arguments_are_refused_by_name_and_value(argument: str, given: object) -> None:
    arguments: dict[str, Any] = {"customers": 10, "seed": 1, argument: given}
    with pytest.raises(ArgumentError) as refusal:
        company(**arguments)
    assert str(refusal.value).startswith(f"{argument} must be ")
    assert repr(given) in str(refusal.value)


def test_the_smallest_company_works() -> None:
    made = company(customers=1, seed=0, years=0.1)
    assert made.orders["customer_id"].dropna().unique().tolist() == ["C000001"]


def test_the_examples_are_true() -> None:
    assert doctest.testmod(clvbayes.synthetic) == (0, 4)


def test_months_spend_brings_the_customers_that_are_expected() -> None:
    made = company(customers=4000, seed=9)
    table = made.acquisition.merge(made.truth.responses, left_on="channel", right_index=True)
    expected = -table["top"] * np.expm1(-table["spend"] / table["scale"])
    assert expected.sum() == pytest.approx(4000, rel=1e-5) and table["won"].sum() == 4000
    by_channel = table.assign(expected=expected).groupby("channel")[["won", "expected"]].sum()
    assert (np.abs(by_channel["won"] - by_channel["expected"]) < 4.5 * np.sqrt(by_channel["expected"])).all()
    first_days = made.truth.customers.groupby([made.truth.customers["acquired"].dt.to_period("M"), "channel"]).size()
    assert table.set_index([table["month"].dt.to_period("M"), "channel"])["won"].loc[first_days.index].tolist() == first_days.tolist()
    assert (table["spend"] > 0).all() and (expected < table["top"]).all()


def test_contracts_are_terms_without_overlaps_of_known_customers() -> None:
    made = usual()
    terms, who = made.contracts, made.truth.customers.set_index("customer_id")
    assert set(terms["term_months"]) == {1, 12, 24} and set(terms["customer_id"]) <= set(who.index)
    assert (terms["start"] > terms["customer_id"].map(who["acquired"])).all()
    assert terms["start"].is_monotonic_increasing and (terms["start"] <= UNTIL).all()
    following = terms.sort_values(["contract_id", "start"])
    after = following.groupby("contract_id")["start"].shift(-1)
    assert (after.dropna() == (following["end"] + pd.Timedelta(days=1))[after.notna()]).all()
    told = terms["cancelled_on"].dropna()
    assert len(told) > 50 and (told <= UNTIL).all() and (told <= terms.loc[told.index, "end"]).all()
    assert after[told.index].isna().all(), "who gave notice did not renew"
    for segment in SEGMENTS:
        assert (terms[segment] == terms["customer_id"].map(who[segment])).all()


def test_contracts_end_as_their_story_says() -> None:
    """Of contracts that came to their first renewal as many were not renewed as their own thetas say."""
    made = plain()
    story, terms = made.truth.contracts.contracts.set_index("contract_id"), made.contracts
    number = terms.groupby("contract_id").cumcount() + 1
    following = pd.Series(
        [start + pd.DateOffset(months=months) for start, months in zip(terms["start"], terms["term_months"], strict=True)]
    )
    within = terms["end"] < following - pd.Timedelta(days=1)
    decided = terms[(number == 1) & ~within & (terms["end"] < UNTIL)]
    renewed = decided["contract_id"].isin(terms.loc[number == 2, "contract_id"])
    theta = decided["contract_id"].map(story["theta"])
    assert abs(((~renewed) - theta).sum()) < 4.5 * np.sqrt((theta * (1 - theta)).sum())
    months = (terms["end"].clip(upper=UNTIL) - terms["start"]).dt.days.sum() / 30.4
    assert abs(within.sum() - 0.002 * months) < 4.5 * np.sqrt(0.002 * months) + 0.1 * 0.002 * months
    place = (
        made.truth.contracts.renewals.loc[story["industry"]].to_numpy()
        + made.truth.contracts.renewals_by_term.loc[story["term_months"]].to_numpy()
    )
    share = 1 / (1 + np.exp(-place[:, 0]))
    spread = share * (1 - share) / (1 + np.exp(place[:, 1]))
    assert abs((story["theta"] - share).sum()) < 4.5 * np.sqrt(spread.sum())
    assert 0.01 < story["won_back"].mean() < 0.05


def test_contracts_leave_the_orders_alone_and_are_the_same_again() -> None:
    one, two, other = (company(customers=300, seed=seed).contracts for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)
    fewer = company(customers=300, seed=5, anonymous_share=0, return_share=0)
    pd.testing.assert_frame_equal(fewer.contracts, one)


def test_prices_of_contracts_rise_with_the_index_and_else_change_as_told() -> None:
    made = plain()
    terms = made.contracts.sort_values(["contract_id", "start"])
    before = terms.groupby("contract_id")["monthly_amount"].shift(1)
    yearly = terms["term_months"] == 12
    ratio = (terms["monthly_amount"] / before)[yearly & before.notna()] / (1 + made.truth.contracts.indexation)
    moved = np.abs(np.log(ratio)) > 0.005
    told = made.truth.contracts.changes["logit_change"] + made.truth.contracts.changes_by_term.loc[12, "logit_change"]
    expected = terms.loc[ratio.index, "industry"].map(1 / (1 + np.exp(-told)))
    # a change by less than .005, one in a hundred thousand, looks like none
    assert abs((moved - expected).sum()) < 4.5 * np.sqrt((expected * (1 - expected)).sum())
