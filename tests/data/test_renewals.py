"""From terms to renewals: decisions, late entry, notices, switches, terminations and who was won back; every row in the ledger."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_contracts import UNTIL as BOOK_UNTIL
from made_up_contracts import draw_truth, make_book

from clvbayes.data import Renewals, read_contracts, summarize
from clvbayes.errors import ArgumentError, DataError
from clvbayes.models import beta_discrete_weibull

UNTIL = date(2024, 6, 30)
COLUMNS = ["contract_id", "customer_id", "start", "end", "term_months", "monthly_amount"]


def years(contract: str, customer: str, first: int, last: int, **columns: Any) -> list[dict[str, Any]]:
    """Terms of calendar years."""
    return [
        dict(zip(COLUMNS, (contract, customer, f"{year}-01-01", f"{year}-12-31", 12, 100.0), strict=True)) | columns
        for year in range(first, last + 1)
    ]


def term(contract: str, customer: str, start: str, end: str, months: int, amount: float = 100.0, **columns: Any) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, (contract, customer, start, end, months, amount), strict=True)) | columns]


def renewals(rows: list[dict[str, Any]], *, since: date | None = None, until: date = UNTIL, **arguments: Any) -> Renewals:
    return summarize(read_contracts(pd.DataFrame(rows), **arguments), until=until, since=since)


def decided(known: Renewals) -> list[tuple[Any, ...]]:
    columns = known.statistics[["contract_id", "term_months", "entry", "survived", "churned", "terminated", "status"]]
    return [tuple(row) for row in columns.itertuples(index=False)]


OTHER = years("Z", "z", 2020, 2024)  # so that there is something to learn from


def test_renewals_are_counted_and_the_last_decision_is_the_end() -> None:
    known = renewals([*years("A", "a", 2020, 2024), *years("B", "b", 2021, 2022)])
    assert decided(known) == [("A", 12, 0, 4, 0, 0, "open"), ("B", 12, 0, 1, 1, 0, "churned")]
    first = known.statistics.iloc[0]
    assert (first["next_decision"], first["term_start"]) == (pd.Timestamp(2025, 1, 1), pd.Timestamp(2024, 1, 1))
    assert known.statistics["next_decision"].isna().tolist() == [False, True]
    assert known.running.tolist() == [True, False]


def test_a_decision_comes_on_the_day_after_the_last_one() -> None:
    """Whether a contract that ended on the last day of observation goes on is not known yet."""
    rows = years("B", "b", 2021, 2022)
    assert decided(renewals([*rows, *OTHER], until=date(2022, 12, 31)))[0] == ("B", 12, 0, 1, 0, 0, "open")
    assert decided(renewals([*rows, *OTHER], until=date(2023, 1, 1)))[0] == ("B", 12, 0, 1, 1, 0, "churned")


def test_a_notice_is_a_known_end_and_no_decision_yet() -> None:
    rows = years("A", "a", 2022, 2024)
    rows[-1] |= {"cancelled_on": "2024-05-01"}
    known = renewals([*rows, *OTHER], cancelled_on="cancelled_on")
    assert decided(known)[0] == ("A", 12, 0, 2, 0, 0, "notice")
    assert known.statistics["next_decision"][0] == pd.Timestamp(2025, 1, 1)
    assert decided(renewals([*rows, *OTHER], cancelled_on="cancelled_on", until=date(2024, 4, 30)))[0][-1] == "open"
    later = renewals([*rows, *OTHER], cancelled_on="cancelled_on", until=date(2025, 1, 31))
    assert decided(later)[0] == ("A", 12, 0, 2, 1, 0, "churned")


def test_who_leaves_has_mostly_said_so_long_before() -> None:
    """Of four yearly contracts that left at the end of 2023, three had said so, 120, 60 and 10 days before; of one monthly, none."""
    left = [row for name in "ABCD" for row in years(name, name, 2023, 2023)]
    for row, days in zip(left, (120, 60, 10, None), strict=True):
        row["cancelled_on"] = None if days is None else str(date(2023, 12, 31) - timedelta(days=days))
    month = term("M", "m", "2024-01-01", "2024-01-31", 1)
    running = [
        *years("Y", "y", 2024, 2024),
        *term("N", "n", "2024-06-16", "2024-07-15", 1),
        *years("T", "t", 2024, 2024, cancelled_on="2024-06-01"),
    ]

    def share(until: date) -> dict[str, float]:
        known = renewals([*left, *month, *running], until=until, cancelled_on="cancelled_on").statistics
        assert (known.loc[known["status"] != "open", "announced"] == 0).all()
        return known.set_index("contract_id")["announced"].loc[["Y", "N"]].to_dict()

    assert share(date(2024, 6, 30)) == pytest.approx({"Y": 0, "N": (0 + 2 / 6) / 2}), "184 and 15 days before their ends"
    assert share(date(2024, 11, 1))["Y"] == pytest.approx((2 + 2 / 7) / 5), "sixty days before; the second monthly one has left too"
    assert renewals([*left[3:], *month, *OTHER]).statistics["announced"].tolist() == [0, 0, 0], "who writes no notices says nothing by none"


def test_a_notice_that_was_followed_by_another_term_is_withdrawn() -> None:
    rows = years("A", "a", 2022, 2024)
    rows[0] |= {"cancelled_on": "2022-05-01"}
    known = renewals([*rows, *OTHER], cancelled_on="cancelled_on")
    assert decided(known)[0][-1] == "open"
    assert "1 notices were followed by another term and count as withdrawn" in known.ledger.notes


def test_a_notice_that_stands_in_every_row_of_a_contract_is_one() -> None:
    known = renewals([*years("A", "a", 2021, 2023, cancelled_on="2023-05-01"), *OTHER], cancelled_on="cancelled_on")
    assert decided(known)[0] == ("A", 12, 0, 2, 1, 0, "churned")
    assert not any("notices" in note for note in known.ledger.notes), "that it stands in terms before it says nothing of them"


def test_small_overlaps_and_gaps_are_counted() -> None:
    early = [*years("A", "a", 2022, 2022), *term("A", "a", "2022-12-20", "2023-12-19", 12)]
    late = [*years("B", "b", 2022, 2022), *term("B", "b", "2023-01-20", "2024-01-19", 12)]
    notes = renewals([*early, *late, *OTHER]).ledger.notes
    assert "1 terms begin before the one before has ended, by a month at most; they count as its renewal" in notes
    assert "1 terms begin after a gap of a month at most; they count as a renewal without one" in notes
    assert not any("begin" in note for note in renewals(OTHER).ledger.notes)


def test_a_term_that_ended_before_its_time_was_terminated() -> None:
    rows = [*years("A", "a", 2022, 2022), *term("A", "a", "2023-01-01", "2023-07-31", 12)]
    known = renewals([*rows, *OTHER])
    assert decided(known)[0] == ("A", 12, 0, 1, 0, 1, "terminated")
    assert known.statistics["exposure"][0] == pytest.approx(19, abs=0.05)
    within = renewals([*term("A", "a", "2023-01-01", "2023-12-05", 12), *OTHER])
    assert decided(within)[0][-1] == "churned", "a month less is still the term"
    agreed = renewals([*years("A", "a", 2022, 2023), *term("A", "a", "2024-01-01", "2024-08-31", 12), *OTHER])
    assert decided(agreed)[0] == ("A", 12, 0, 2, 0, 0, "notice"), "its end is known and still to come"


def test_a_term_replaced_before_its_time_is_renewed() -> None:
    known = renewals([*term("A", "a", "2022-01-01", "2022-07-31", 12), *term("A", "a", "2022-08-01", "2023-07-31", 12, 150.0), *OTHER])
    assert decided(known)[0] == ("A", 12, 0, 1, 1, 0, "churned")
    assert "1 terms were replaced before they had run out; they count as renewed" in known.ledger.notes


def test_a_late_renewal_is_one_and_a_gap_is_not() -> None:
    late = [*years("A", "a", 2022, 2022), *term("A", "a", "2023-02-01", "2024-01-31", 12)]
    assert decided(renewals([*late, *OTHER])) == [("A", 12, 0, 1, 1, 0, "churned"), ("Z", 12, 0, 4, 0, 0, "open")]
    gap = [*years("A", "a", 2022, 2022), *term("A", "a", "2023-02-02", "2024-02-01", 12)]
    known = renewals([*gap, *OTHER])
    assert [row[2:] for row in decided(known)[:2]] == [(0, 0, 1, 0, "churned")] * 2
    assert known.statistics["won_back"].tolist() == [False, True, False]


def test_a_customer_comes_back_under_another_contract() -> None:
    known = renewals([*years("A", "a", 2021, 2021), *years("B", "a", 2023, 2024), *years("C", "a", 2023, 2024), *OTHER])
    assert known.statistics["won_back"].tolist() == [False, True, False, False], "the third one is beside the second"
    assert not renewals([*years("A", "a", 2021, 2022), *years("B", "a", 2023, 2024), *OTHER]).statistics["won_back"].any()


def test_a_gap_of_whole_terms_is_called_suspicious() -> None:
    known = renewals([*years("A", "a", 2020, 2021), *years("A", "a", 2023, 2024), *OTHER])
    assert any(note.startswith("1 contracts go on after a gap of whole terms") for note in known.ledger.notes)
    other = renewals([*years("A", "a", 2020, 2021), *term("A", "a", "2022-06-01", "2023-05-31", 12), *OTHER])
    assert not any("gap of whole terms" in note for note in other.ledger.notes)


def test_another_term_is_a_stretch_of_its_own_from_its_age_on() -> None:
    """Thirty months of a monthly contract are two years of a yearly one."""
    starts = pd.date_range("2020-01-01", periods=31, freq="MS")
    rows = [
        row for start, after in pairwise(starts) for row in term("A", "a", str(start.date()), str((after - pd.Timedelta(days=1)).date()), 1)
    ]
    rows += term("A", "a", "2022-07-01", "2023-06-30", 12) + term("A", "a", "2023-07-01", "2024-06-30", 12)
    known = renewals([*rows, *OTHER])
    assert decided(known)[:2] == [("A", 1, 0, 30, 0, 0, "switched"), ("A", 12, 2, 3, 0, 0, "open")]
    assert known.segments["term_months"].tolist() == ["1", "12", "12"]
    assert known.changes["stretch"].value_counts().to_dict() == {0: 30, 1: 1, 2: 4}


def test_what_is_not_observed_is_an_entry() -> None:
    """Of a table that is complete from 2022 on: who had left before is left out, of the others earlier renewals are known, not observed."""
    rows = [*years("A", "a", 2019, 2023), *years("B", "b", 2019, 2020), *years("C", "c", 2022, 2024)]
    known = renewals(rows, since=date(2021, 6, 1))
    assert decided(known) == [("A", 12, 2, 4, 1, 0, "churned"), ("C", 12, 0, 2, 0, 0, "open")]
    assert known.statistics["exposure"].tolist() == pytest.approx([31, 30], abs=0.05)
    assert [(line.reason, line.rows) for line in known.ledger.left_out] == [("contract ended before 2021-06-01", 2)]
    assert known.changes["day"].min() == pd.Timestamp(2022, 1, 1)


def test_a_table_that_does_not_reach_back_says_when_contracts_began() -> None:
    rows = years("A", "a", 2022, 2024, began="2015-01-10")
    assert decided(renewals(rows, began="began")) == [("A", 12, 7, 9, 0, 0, "open")]
    assert decided(renewals(rows)) == [("A", 12, 0, 2, 0, 0, "open")], "without it, contracts begin where the table does"


def test_every_row_has_one_fate_and_money_adds_up() -> None:
    rows = [
        *years("A", "a", 2019, 2024),
        *years("B", "b", 2019, 2020),
        *term("A", "a", "2025-01-01", "2025-12-31", 12, 130.0),
        *term(None, "a", "2023-01-01", "2023-12-31", 12),
        *term("C", None, "2023-01-01", "2023-12-31", 12, 50.0),
        *term("D", "d", "2023-01-01", "2023-12-31", 12),
        *term("D", "d", "2023-01-01", "2023-12-31", 12),
    ]
    ledger = renewals(rows, since=date(2022, 1, 1), currency="EUR").ledger
    assert ledger.read.rows == 13 and ledger.read.amount == Decimal(12 * (8 * 100 + 130 + 100 + 50 + 200))
    assert {line.reason: line.rows for line in ledger.left_out} == {
        "contract ended before 2022-01-01": 2,
        "begins after 2024-06-30": 1,
        "no contract id": 1,
        "no customer id": 1,
        "exact duplicate of another line": 1,
    }
    assert ledger.kept.rows == 7 and ledger.without_customer.amount == 600
    assert ledger.share_not_valued == pytest.approx(600 / (7 * 1200 + 600))
    told = "2 contracts of 2 customers faced 4 renewals, of which 1 were not renewed; 0 ended within a term"
    assert ledger.notes[0].startswith(told)


def test_segments_are_those_of_the_customers_first_contract() -> None:
    rows = [*years("B", "a", 2020, 2023, industry="retail"), *years("A", "a", 2022, 2024, industry="mining"), *years("C", "c", 2023, 2024)]
    known = renewals(rows, segments=["industry"])
    assert known.segments["industry"].tolist() == ["retail", "retail", "(none)"]
    assert "1 customers have more than one value of 'industry'; that of the first contract counts" in known.ledger.notes
    assert any("no value of 'industry'" in note for note in known.ledger.notes)


def test_changes_are_the_amounts_before_and_after() -> None:
    rows = years("A", "a", 2022, 2024)
    for row, amount in zip(rows, (100.0, 0.0, 90.0), strict=True):
        row["monthly_amount"] = amount
    known = renewals(rows)
    assert known.changes.values.tolist() == [
        [0, pd.Timestamp(2023, 1, 1), 12, 100.0, 0.0],
        [0, pd.Timestamp(2024, 1, 1), 12, 0.0, 90.0],
    ]
    assert any(note.startswith("1 terms cost nothing") for note in known.ledger.notes)


def test_without_a_day_observation_ends_with_the_last_event() -> None:
    rows = [*years("A", "a", 2020, 2022), *term("B", "b", "2022-05-01", "2072-04-30", 600), *years("Z", "z", 2020, 2021)]
    rows[-1] |= {"cancelled_on": "2023-02-03"}
    table = read_contracts(pd.DataFrame(rows), cancelled_on="cancelled_on")
    assert summarize(table).until == date(2023, 2, 3)


def test_without_a_day_ends_that_were_agreed_do_not_move_the_end_of_observation() -> None:
    """A table made in May of 2022 knows that A's term runs until the end of 2022, and not whether it is renewed."""
    rows = [*years("A", "a", 2020, 2022), *term("B", "b", "2022-05-01", "2023-04-30", 12)]
    known = summarize(read_contracts(pd.DataFrame(rows)))
    assert known.until == date(2022, 5, 1)
    assert known.statistics["status"].tolist() == ["open", "open"]
    stopped = [*rows, *term("C", "c", "2022-01-01", "2022-07-15", 12)]
    assert summarize(read_contracts(pd.DataFrame(stopped))).until == date(2022, 7, 15)


def book() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    truth = draw_truth(beta_discrete_weibull().priors(None), {"segment": ("a", "b"), "term_months": (1, 12, 24)}, rng)
    return make_book(200, truth, rng)


def test_neither_order_nor_ids_nor_currency_matter() -> None:
    given = book()
    known = summarize(read_contracts(given, segments=["segment"]), until=BOOK_UNTIL, since=date(2022, 1, 1))
    shuffled = given.sample(frac=1, random_state=1)
    again = summarize(read_contracts(shuffled, segments=["segment"]), until=BOOK_UNTIL, since=date(2022, 1, 1))
    pd.testing.assert_frame_equal(known.to_frame(), again.to_frame())
    pd.testing.assert_frame_equal(known.changes, again.changes)
    assert known.ledger == again.ledger
    richer = given.assign(monthly_amount=100 * given["monthly_amount"], contract_id="N" + given["contract_id"])
    other = summarize(read_contracts(richer, segments=["segment"]), until=BOOK_UNTIL, since=date(2022, 1, 1))
    same = known.statistics.columns.difference(["contract_id", "monthly_amount"])
    assert other.statistics[same].equals(known.statistics[same])
    assert (other.statistics["monthly_amount"] == 100 * known.statistics["monthly_amount"]).all()


def test_a_life_table_is_that_of_kaplan_and_meier_with_late_entry() -> None:
    """Counted by hand over the rows of the book: who had survived so many decisions, and was observed at the next one."""
    known = summarize(read_contracts(book(), segments=["segment"]), until=BOOK_UNTIL, since=date(2022, 1, 1))
    table = known.life_table(["term_months"]).set_index(["term_months", "decision"])
    survival = dict.fromkeys(("1", "12", "24"), 1.0)
    for (length, decision), row in table.iterrows():
        of = known.statistics[known.segments["term_months"] == length]
        faced = of[(of["entry"] < decision) & (of["survived"] + of["churned"] >= decision)]
        left = faced[(faced["churned"] == 1) & (faced["survived"] == decision - 1)]
        survival[length] *= 1 - len(left) / len(faced)
        assert (row["faced"], row["churned"]) == (len(faced), len(left))
        assert row["survival"] == pytest.approx(survival[length])
    statistics = known.statistics
    assert known.life_table()["faced"].sum() == (statistics["survived"] + statistics["churned"] - statistics["entry"]).sum()


def test_a_window_that_cannot_be_is_refused() -> None:
    table = read_contracts(pd.DataFrame(OTHER))
    for window, said in (
        ({"until": date.today() + timedelta(days=1)}, "lies in the future"),
        ({"until": UNTIL, "since": date(2024, 7, 1)}, "since (2024-07-01) lies after until"),
        ({"until": "2024-06-30"}, "until must be a datetime.date"),
        ({"unit": "month"}, "contracts are counted in renewals"),
        ({"opportunity": "month"}, "contracts are counted in renewals"),
    ):
        with pytest.raises(ArgumentError) as refusal:
            summarize(table, **window)  # type: ignore[call-overload]
        assert said in str(refusal.value)
    with pytest.raises(ArgumentError, match=r"returned, not DataFrame \(an RFM frame, .* goes to clv\.Customers\.from_frame\)"):
        summarize(pd.DataFrame(OTHER))  # type: ignore[call-overload]


def test_a_book_in_which_no_term_has_ended_is_refused() -> None:
    with pytest.raises(DataError, match="none of 1 contracts has come to the end of a term until 2024-06-30"):
        renewals(years("A", "a", 2024, 2024))
    with pytest.raises(DataError, match="no row is a term of a known contract that has begun"):
        summarize(read_contracts(pd.DataFrame(term(None, "a", "2024-01-01", "2024-12-31", 12))))


def test_a_frame_of_counts_is_the_contracts_one_by_one() -> None:
    counted = Renewals.from_frame(pd.DataFrame({"survived": [0, 2], "churned": [1, 0], "contracts": [2, 3], "term_months": [12, 24]}))
    assert counted.statistics["survived"].tolist() == [0, 0, 2, 2, 2]
    assert counted.segments["term_months"].tolist() == ["12", "12", "24", "24", "24"]
    assert counted.statistics["contract_id"].is_unique


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"survived": [0, -1]}, "row 2 of the frame: survived is no whole number from 0"),
        ({"survived": [0, np.inf]}, "row 2 of the frame: survived is no whole number"),
        ({"survived": [0.5, 1]}, "row 1 of the frame: survived is no whole number"),
        ({"survived": ["many", 1]}, "row 1 of the frame: survived is no whole number"),
        ({"churned": [0, 2]}, "row 2 of the frame: churned is neither 0 nor 1"),
        ({"entry": [0, 2]}, "row 2 of the frame: entry is more than survived"),
        ({"contracts": [1, None]}, "row 2 of the frame: contracts is no whole number"),
        ({"term_months": [0, 1]}, "row 1 of the frame: term_months is no whole number from 1"),
        ({"industry": ["a\x00", "b"]}, "row 1 of the frame: industry holds a control character"),
    ],
    ids=str,
)
def test_a_frame_of_counts_that_contradicts_itself_is_refused(columns: dict[str, Any], said: str) -> None:
    frame = pd.DataFrame({"survived": [0, 1], "churned": [1, 0], "industry": ["a", "b"]} | columns)
    with pytest.raises(DataError) as refusal:
        Renewals.from_frame(frame, segments=["industry"])
    assert str(refusal.value).startswith(said)


def test_a_frame_without_its_columns_is_refused() -> None:
    with pytest.raises(DataError, match="the frame has no column 'churned'; it has 'survived'"):
        Renewals.from_frame(pd.DataFrame({"survived": [1]}))
    with pytest.raises(DataError, match=r"the frame has no column 'churned'; it has .*; did you mean 'Churned'\?"):
        Renewals.from_frame(pd.DataFrame({"survived": [1], "Churned": [0]}))
    with pytest.raises(DataError, match=r"a table of counts is a DataFrame .*, not list"):
        Renewals.from_frame([1, 2])
    with pytest.raises(DataError, match="the frame holds no rows"):
        Renewals.from_frame(pd.DataFrame({"survived": [], "churned": []}))


def test_a_life_table_by_what_is_no_segment_is_refused() -> None:
    counted = Renewals.from_frame(pd.DataFrame({"survived": [0, 1], "churned": [1, 0]}))
    with pytest.raises(ArgumentError, match=r"segments has no column 'term_month'; it has 'term_months'; did you mean 'term_months'\?"):
        counted.life_table(["term_month"])
    with pytest.raises(ArgumentError, match=r"by must be a list of column names; write \['term_months'\]"):
        counted.life_table("term_months")
