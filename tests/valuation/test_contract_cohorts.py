"""Contracts left by the year in which they were signed: against tables counted by hand, closed forms, and the simulated ends."""

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from valuation.made_up_books import SEGMENTS, UNTIL, made_up_contract_fit

from clvbayes.data import Renewals, read_contracts, summarize
from clvbayes.errors import ArgumentError
from clvbayes.models import beta_discrete_weibull
from clvbayes.valuation import ContractBook, Economics, retention_of, value
from clvbayes.valuation.contract_cohorts import ages_of

ECONOMICS = Economics(0.4, 0.08, 3, currency="EUR")
COLUMNS = ["contract_id", "customer_id", "start", "end", "term_months", "monthly_amount", "cancelled_on", "industry", "channel"]


def table(*terms: tuple[str, str, str, int, str | None]) -> pd.DataFrame:
    """Terms of contracts: id, start, end, months, day of notice."""
    rows = [
        (
            name,
            f"of {name}",
            pd.Timestamp(start),
            pd.Timestamp(end),
            months,
            100.0,
            pd.Timestamp(told) if told else pd.NaT,
            "Retail",
            "Fair",
        )
        for name, start, end, months, told in terms
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def known(*terms: tuple[str, str, str, int, str | None], since: date | None = None) -> Renewals:
    read = read_contracts(table(*terms), cancelled_on="cancelled_on", segments=list(SEGMENTS), currency="EUR")
    return summarize(read, until=UNTIL, since=since)


def yearly(name: str, start: str, years: int) -> list[tuple[str, str, str, int, str | None]]:
    begins = [pd.Timestamp(start) + pd.DateOffset(years=k) for k in range(years + 1)]
    return [(name, str(day.date()), str((after - pd.Timedelta(days=1)).date()), 12, None) for day, after in itertools.pairwise(begins)]


def book_of_fit(
    renewals: Renewals,
    *,
    centre=(-1.4, 1.2, 0.1),
    sd=0.1,
    economics: Economics = ECONOMICS,
    draws: int = 400,
    exposure: float | None = None,
) -> ContractBook:
    fit = made_up_contract_fit(beta_discrete_weibull(), renewals, pool=(), centre=centre, sd=sd)
    if exposure is not None:
        fit.posterior.attrs["exposure"] = exposure
    valuation = value(None, None, None, economics, contracts=(fit, None, renewals), draws=draws, seed=3, progress=False)
    assert valuation.contracts is not None
    return valuation.contracts


# ages -----------------------------------------------------------------------------------------------------------------------------------


def test_ages_are_months_from_signing_whatever_became_of_a_contract() -> None:
    renewals = known(
        *yearly("churned", "2022-03-15", 2),
        *yearly("runs", "2023-07-01", 3),
        ("notice", "2025-06-01", "2026-05-31", 12, "2025-12-01"),
        ("terminated", "2024-01-10", "2024-08-20", 12, None),
        ("monthly", "2025-09-20", "2025-10-19", 1, None),
        ("monthly", "2025-10-20", "2025-11-19", 1, None),
        ("monthly", "2025-11-20", "2025-12-19", 1, None),
        ("monthly", "2025-12-20", "2026-01-19", 1, None),
        *yearly("switches", "2022-01-01", 1),
        ("switches", "2023-01-01", "2024-12-31", 24, None),
        ("switches", "2025-01-01", "2026-12-31", 24, None),
        *yearly("back", "2021-02-01", 1),
        *yearly("back", "2024-02-01", 2),
    )
    ages = ages_of(renewals, 1).assign(name=renewals.statistics["contract_id"]).set_index("name")
    told = {
        name: [tuple(row) for row in ages.loc[[name], ["cohort", "entered", "left", "ended"]].to_numpy().tolist()] for name in ages.index
    }
    assert told["churned"] == [(2022, 0, 24, True)]
    assert told["runs"] == [(2023, 0, 30, False)]  # at the end of the thirtieth month's last day
    assert told["notice"] == [(2025, 0, 7, False)]
    assert told["terminated"] == [(2024, 0, 8, True)]
    assert told["monthly"] == [(2025, 0, 3, False)]
    assert told["switches"] == [(2022, 0, 12, False), (2022, 12, 48, False)]
    assert told["back"] == [(2021, 0, 12, True), (2024, 0, 23, False)]


def test_a_fiscal_year_is_named_by_the_year_in_which_it_begins() -> None:
    renewals = known(*yearly("a", "2024-06-30", 2), *yearly("b", "2024-07-01", 2))
    assert ages_of(renewals, 7)["cohort"].tolist() == [2023, 2024]
    assert ages_of(renewals, 1)["cohort"].tolist() == [2024, 2024]


def test_what_ended_before_observation_began_is_not_at_risk() -> None:
    """Twenty contracts of January 2020, seen since June 2022: ten ended before, of the others one is not renewed in 2024."""
    ended_before = [term for k in range(10) for term in yearly(f"E{k}", "2020-01-01", 1)]
    renewals = known(
        *ended_before, *(term for k in range(10) for term in yearly(f"V{k}", "2020-01-01", 6 if k else 4)), since=date(2022, 6, 1)
    )
    ages = ages_of(renewals, 1)
    assert ages["entered"].tolist() == [28] * 10 and sorted(ages["left"]) == [48] + [71] * 9
    retention = retention_of(*arrays(book_of_fit(renewals)), [2020])
    assert retention.months[0] == 28 and retention.seen[0] == 1.0
    by_age = dict(zip(retention.months.tolist(), retention.seen.tolist(), strict=True))
    assert by_age[47] == 1.0 and by_age[48] == pytest.approx(0.9) and by_age[71] == pytest.approx(0.9)
    frame = book_of_fit(renewals).retention
    assert (frame["from_month"] == 28).all() and frame["months"].iloc[0] == 28


def test_who_ended_on_the_day_on_which_observation_began_was_at_risk() -> None:
    renewals = known(*yearly("a", "2020-06-01", 2), *yearly("b", "2020-06-01", 3), since=date(2022, 6, 1))
    ages = ages_of(renewals, 1)
    assert ages[["entered", "left", "ended"]].to_numpy().tolist() == [[23, 24, True], [23, 36, True]]


def test_terms_that_are_replaced_early_do_not_make_a_contract_older() -> None:
    """Two years agreed, replaced by a new two years after one, five times: sixty months."""
    begins = [f"{year}-01-01" for year in range(2020, 2025)]
    terms = [("a", start, f"{int(start[:4]) + 1}-12-31", 24, None) for start in begins]
    replaced = [
        (name, start, end if start == begins[-1] else f"{start[:4]}-12-31", months, told) for name, start, end, months, told in terms
    ]
    renewals = known(*replaced, *yearly("b", "2024-01-01", 1))
    ages = ages_of(renewals, 1)
    assert ages["left"].tolist()[0] == 72 - 1  # the next decision is tomorrow
    seen = retention_of(
        *arrays(book_of_fit(known(*((f"{name}{k}", *rest) for k in range(8) for name, *rest in replaced), *yearly("b", "2024-01-01", 1)))),
        [2020],
    )
    assert np.flatnonzero(~np.isnan(seen.ahead[0]))[0] == 71


def test_terms_of_four_weeks_count_by_the_calendar() -> None:
    begins = pd.date_range("2023-01-02", periods=40, freq="28D")
    terms = [("a", str(day.date()), str((day + pd.Timedelta(days=27)).date()), 1, None) for day in begins if day <= pd.Timestamp(UNTIL)]
    ages = ages_of(known(*terms), 1)
    # the last decision was on day 1,092, within the 36th month
    assert ages["left"].tolist() == [36] and ages["age"].iloc[0] == pytest.approx(1094 / 365.25 * 12, abs=1e-9)


def test_the_oldest_ages_are_left_out_and_nothing_becomes_negative() -> None:
    """Contracts signed in 1982, of which one is of an age of forty years within what is told, and the others beyond."""
    terms = [term for k in range(60) for term in yearly(f"V{k:02d}", "2019-03-01" if k < 10 else "2023-03-01", 7 if k < 10 else 3)]
    frame = table(*terms).assign(began=pd.Timestamp("1982-03-01"))
    read = read_contracts(frame, cancelled_on="cancelled_on", began="began", segments=list(SEGMENTS), currency="EUR")
    renewals = summarize(read, until=UNTIL, since=date(2019, 1, 1))
    book = book_of_fit(renewals)
    retention = retention_of(*arrays(book), [1982])
    for shares in (retention.seen, retention.drawn_anew, retention.ahead):
        told = shares[~np.isnan(shares)]
        assert ((told >= 0) & (told <= 1)).all()
    assert (book.cohorts_observed["at_risk"] >= 0).all()


def test_nothing_is_foretold_of_years_between_which_nobody_was_seen() -> None:
    """Of 2014 only old contracts are known, of 2015 only young ones that ended: together they have no share from one age to the other."""
    old = table(*(term for k in range(12) for term in yearly(f"O{k:02d}", "2021-01-01", 6))).assign(began=pd.Timestamp("2014-01-01"))
    gone = table(*(term for k in range(12) for term in yearly(f"G{k:02d}", "2015-01-01", 2))).assign(began=pd.NaT)
    read = read_contracts(pd.concat([old, gone]), cancelled_on="cancelled_on", began="began", segments=list(SEGMENTS), currency="EUR")
    book = book_of_fit(summarize(read, until=UNTIL))
    assert np.isnan(retention_of(*arrays(book), [2014, 2015]).ahead).all()
    assert not np.isnan(retention_of(*arrays(book), [2014]).ahead).all()


@pytest.mark.parametrize("cohorts", [[], [1999], [2022, 1999]])
def test_unknown_cohorts_are_refused(cohorts, renewals) -> None:
    with pytest.raises(ArgumentError, match="cohorts must be some of 2022, 2024"):
        retention_of(*arrays(book_of_fit(renewals)), cohorts)


def arrays(book: ContractBook) -> tuple:
    return book.cohorts, book.cohorts_observed


# what was seen --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def renewals() -> Renewals:
    """Forty contracts of 2022 and 2024, of a year each, of which every fifth is not renewed at its first decision."""
    terms = []
    for k in range(80):
        year = 2022 if k < 40 else 2024
        terms += yearly(f"V{k:02d}", f"{year}-{1 + k % 12:02d}-01", 1 if k % 5 == 0 else 2026 - year)
    return known(*terms)


def test_the_share_left_is_that_of_kaplan_and_meier(renewals) -> None:
    book = book_of_fit(renewals)
    for cohort in (2022, 2024):
        retention = retention_of(*arrays(book), [cohort])
        after = retention.seen[(retention.months >= 12) & ~np.isnan(retention.seen)]
        assert retention.seen[0] == 1 and retention.at_risk[0] == 40 and np.allclose(after, 0.8)
        assert np.all(retention.seen[retention.months < 12] == 1)
    together = retention_of(*arrays(book), [2022, 2024])
    assert together.at_risk[0] == 80 and together.seen[12] == pytest.approx(0.8)
    assert book.cohorts["contracts"].to_series().to_dict() == {2022: 40, 2024: 40}


def test_a_year_of_too_few_contracts_has_no_share() -> None:
    few = known(*(term for k in range(4) for term in yearly(f"V{k}", "2023-01-01", 3)))
    assert len(retention_of(*arrays(book_of_fit(few)), [2023]).months) == 0
    assert book_of_fit(few).retention.empty


# what the model would have had ----------------------------------------------------------------------------------------------------------


def test_losses_drawn_anew_are_those_of_the_model(renewals) -> None:
    """All of a cohort come to one decision at twelve months: the mean share left is the model's retention, its spread binomial."""
    model, centre = beta_discrete_weibull(), np.array([-1.4, 1.2, 0.1])
    book = book_of_fit(renewals, sd=1e-9, draws=500, exposure=1e12)  # nobody ends within a term
    expected = float(model.retention(centre[:, None], 1)[0])
    left = retention_of(*arrays(book), [2024]).drawn_anew[:, 12]
    assert left.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 40 / 500))
    assert left.std() == pytest.approx(np.sqrt(expected * (1 - expected) / 40), rel=0.15)


def test_a_cohort_that_left_unlike_the_model_lies_outside(renewals) -> None:
    found = {}
    for name, centre in (("alike", (-1.4, 3.0, 0.0)), ("too safe", (-5.0, 3.0, 0.0))):
        retention = retention_of(*arrays(book_of_fit(renewals, centre=centre, sd=0.01)), [2022])
        low, high = np.quantile(retention.drawn_anew[:, 12], [0.05, 0.95])
        found[name] = low <= retention.seen[12] <= high
    assert found == {"alike": True, "too safe": False}


# what is ahead --------------------------------------------------------------------------------------------------------------------------


def test_what_is_ahead_are_the_simulated_ends() -> None:
    """Contracts signed on one day, of one customer each: who is lost within a year is whom the cohort loses in twelve months."""
    one_day = known(*(term for k in range(60) for term in yearly(f"V{k:02d}", "2023-04-01", 3)))
    book = book_of_fit(one_day, exposure=1e12)  # nobody ends within a term, a day after the year
    ahead = book.cohorts.sel(item="ahead", cohort=2023)
    assert int(ages_of(one_day, 1)["left"].iloc[0]) == 33
    lost = ahead.sel(month=slice(34, 45)).sum("month").to_numpy()
    np.testing.assert_allclose(lost, 60 * book.logo_churn.to_numpy())
    retention = retention_of(*arrays(book), [2023])
    left = retention.ahead[:, list(retention.months).index(45)]
    np.testing.assert_allclose(left, retention.seen[33] * (1 - book.logo_churn.to_numpy()))
    assert np.isnan(retention.ahead[0, :33]).all() and not np.isnan(retention.ahead[0, 33 : 33 + 37]).any()
    assert np.isnan(retention.ahead[0, 33 + 37 :]).all()


def test_a_known_end_is_certain() -> None:
    notices = [("a", "2025-06-01", "2026-05-31", 12, "2025-12-01"), ("b", "2025-06-01", "2026-05-31", 12, "2025-12-01")]
    terms = [(f"{name}{k}", *rest) for name, *rest in notices for k in range(4)]
    book = book_of_fit(known(*terms, *yearly("c", "2023-01-01", 2)))
    retention = retention_of(*arrays(book), [2025])
    by_age = {month: retention.ahead[:, k] for k, month in enumerate(retention.months.tolist())}
    assert (by_age[12] == 0).all() and (by_age[11] > 0.5).all()


def test_the_table_of_retention_goes_by_quarters(renewals) -> None:
    frame = book_of_fit(renewals).retention
    assert frame["cohort"].unique().tolist() == [2022, 2024] and (frame["months"] % 3 == 0).all()
    for name in ("model", "ahead"):
        ends = frame[[f"{name}_5", f"{name}_50", f"{name}_95"]].dropna()
        assert len(ends) > 4 and (ends.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert frame["ahead_50"].notna().any() and frame.loc[frame["months"] == 12, "seen"].tolist() == pytest.approx([0.8, 0.8])


# invariances ----------------------------------------------------------------------------------------------------------------------------


def test_order_of_rows_and_names_change_nothing() -> None:
    terms = [term for k in range(40) for term in yearly(f"V{k:02d}", f"202{k % 4 + 1}-0{1 + k % 9}-05", 6 - k % 4 if k % 3 else 1)]
    base = book_of_fit(known(*terms), sd=0.05)
    shuffled = [terms[k] for k in np.random.default_rng(0).permutation(len(terms))]
    np.testing.assert_array_equal(book_of_fit(known(*shuffled), sd=0.05).cohorts, base.cohorts)
    other = [(f"other {name}", *rest) for name, *rest in terms]
    renamed = book_of_fit(known(*other), sd=0.05)
    pd.testing.assert_frame_equal(renamed.cohorts_observed, base.cohorts_observed)
    np.testing.assert_array_equal(renamed.cohorts.sel(item="drawn_anew"), base.cohorts.sel(item="drawn_anew"))


def test_amounts_change_no_contract(renewals) -> None:
    dearer = replace(renewals, statistics=renewals.statistics.assign(monthly_amount=renewals.statistics["monthly_amount"] * 7))
    np.testing.assert_array_equal(book_of_fit(dearer).cohorts, book_of_fit(renewals).cohorts)
