"""Each argument of `read_contracts` does what it says; each bad input is refused with file, column and row."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import Contracts, read_contracts
from clvbayes.errors import ArgumentError, ClvError, DataError

TOMORROW = (date.today() + timedelta(days=1)).isoformat()


def terms(**columns: list[Any]) -> pd.DataFrame:
    """Contract K1 of customer a, renewed once, and K2 of b."""
    given = {
        "contract_id": ["K1", "K1", "K2"],
        "customer_id": ["a", "a", "b"],
        "start": ["2023-01-01", "2024-01-01", "2024-03-15"],
        "end": ["2023-12-31", "2024-12-31", "2024-04-14"],
        "term_months": [12, 12, 1],
        "monthly_amount": [100.0, 110.0, 20.0],
    }
    return pd.DataFrame(given | columns)


def fates(table: Contracts) -> list[str | None]:
    return [fate for (fate,) in table.lines.query("lines", "select left_out from lines order by row").fetchall()]


def test_every_argument_finds_its_column(tmp_path: Path) -> None:
    text = (
        "Vertrag;Kunde;von;bis;Laufzeit;Preis;gekündigt;Rechnung;seit;Branche;Währung\n"
        "7;K;01.01.2024;31.12.2025;24;1.234,50;15.06.2025;3;01.01.2020;Handel;CHF\n"
    )
    (tmp_path / "verträge.csv").write_text(text, encoding="utf-8")
    table = read_contracts(
        tmp_path / "verträge.csv",
        contract_id="Vertrag",
        customer_id="Kunde",
        start="von",
        end="bis",
        term_months="Laufzeit",
        monthly_amount="Preis",
        cancelled_on="gekündigt",
        billing_months="Rechnung",
        in_advance=False,
        began="seit",
        segments=["Branche"],
        currency="Währung",
        date_format="%d.%m.%Y",
        decimal=",",
    )
    frame = table.to_frame().astype(object)
    [row] = frame.where(frame.notna(), None).to_dict("records")
    assert row == {
        "row": 2,
        "contract_id": "7",
        "customer_id": "K",
        "start": pd.Timestamp(2024, 1, 1),
        "last_day": pd.Timestamp(2025, 12, 31),
        "term_months": 24,
        "monthly_amount": 1234.5,
        "amount": 29628.0,
        "billing_months": 3,
        "cancelled_on": pd.Timestamp(2025, 6, 15),
        "began": pd.Timestamp(2020, 1, 1),
        "Branche": "Handel",
        "left_out": None,
    }
    assert (table.segments, table.currency, table.in_advance, table.source) == (("Branche",), "CHF", False, "verträge.csv")


def test_an_end_that_is_the_next_start_is_the_day_before() -> None:
    given = terms(end=["2024-01-01", "2025-01-01", "2024-04-15"])
    assert read_contracts(given).to_frame()["last_day"].equals(read_contracts(terms()).to_frame()["last_day"])


def test_invoices_are_monthly_unless_said_otherwise() -> None:
    assert read_contracts(terms()).to_frame()["billing_months"].tolist() == [1, 1, 1]
    assert read_contracts(terms(), billing_months=12).to_frame()["billing_months"].tolist() == [12, 12, 12]


def test_rows_without_ids_and_double_rows_are_left_out_by_name() -> None:
    given = pd.concat([terms(), terms().iloc[[2, 2]].assign(contract_id=[None, "K3"], customer_id=["b", None]), terms().iloc[[0]]])
    assert fates(read_contracts(given)) == [None, None, None, "no contract id", "no customer id", "exact duplicate of another line"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"end": ["2023-12-31", "2023-12-31", "2024-04-14"]}, "row 2, column 'end': '2023-12-31' lies before the start of the term"),
        (
            {"end": ["2023-12-31", "2026-12-31", "2024-04-14"]},
            "row 2, column 'end': '2026-12-31' lies later than the term allows",
        ),
        ({"end": ["2023-12-31", None, "2024-04-14"]}, "row 2, column 'end': the end of the term is missing"),
        ({"start": [None, "2024-01-01", "2024-03-15"]}, "row 1, column 'start': the start of the term is missing"),
        ({"start": ["03/04/2023", "2024-01-01", "2024-03-15"]}, "row 1, column 'start': '03/04/2023' may be read day first or month first"),
        ({"start": ["1900-01-01", "2024-01-01", "2024-03-15"]}, "row 1, column 'start': '1900-01-01' lies before 1970"),
        ({"end": ["2023-12-31", "9999-12-31", "2024-04-14"]}, "row 2, column 'end': '9999-12-31' lies after 2200"),
        ({"term_months": [12, 0, 1]}, "row 2, column 'term_months': '0' is no whole number of months from 1 to 600"),
        ({"term_months": [12, 12.5, 1]}, "row 2, column 'term_months': '12.5' is no whole number of months"),
        ({"term_months": [12, -1, 1]}, "row 2, column 'term_months': '-1' is no whole number of months"),
        ({"term_months": [12, np.nan, 1]}, "row 2, column 'term_months': a number is missing"),
        (
            {"term_months": ["12", "12 Monate", "1"]},
            "row 2, column 'term_months': '12 Monate' is not a number; if the comma is its decimal mark, set decimal=\",\"; take units and",
        ),
        ({"monthly_amount": [100.0, -5.0, 20.0]}, "row 2, column 'monthly_amount': '-5.0' is negative"),
        ({"monthly_amount": [100.0, np.nan, 20.0]}, "row 2, column 'monthly_amount': a number is missing"),
        ({"monthly_amount": [100.0, np.inf, 20.0]}, "row 2, column 'monthly_amount': 'inf' is not a finite number"),
        (
            {"monthly_amount": [100.0, 2e10, 20.0]},
            "row 2, column 'monthly_amount': '20000000000.0' times the months of its term",
        ),
        ({"customer_id": ["a", "b", "b"]}, "row 2: contract 'K1' is of customer 'b' here and of 'a' elsewhere"),
        (
            {"start": ["2023-01-01", "2023-06-01", "2024-03-15"], "end": ["2023-12-31", "2024-05-31", "2024-04-14"]},
            "row 2: this term of contract 'K1' begins on 2023-06-01, while that of row 1 runs until 2023-12-31",
        ),
        ({"contract_id": ["K1", "K\x00", "K2"]}, "row 2, column 'contract_id': 'K\\x00' holds a control character"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_a_bad_cell_is_refused_with_its_place(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as refusal:
        read_contracts(terms(**columns))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("columns", "arguments", "said"),
    [
        ({"notice": [None, TOMORROW, None]}, {"cancelled_on": "notice"}, "lies in the future"),
        ({"since": [None, "2024-01-02", None]}, {"began": "since"}, "'2024-01-02' lies after the start of the term"),
        ({"every": [1, 0, 1]}, {"billing_months": "every"}, "'0' is no whole number of months"),
        ({"money": ["EUR", "USD", "EUR"]}, {"currency": "money"}, "more than one currency: 'EUR' (first in row 1), 'USD'"),
        ({}, {"currency": "euro"}, "currency must be a code"),
        ({}, {"start": "begin"}, "has no column 'begin'"),
        ({}, {"monthly_amount": "montly_amount"}, "'term_months', 'monthly_amount'; did you mean 'monthly_amount'?"),
        ({"Branche": ["a", "a", "b"]}, {"segments": ["branche"]}, "'Branche'; did you mean 'Branche'?"),
        ({}, {"segments": "industry"}, "segments must be a list"),
        ({"term_months": [12, 12, 1]}, {"segments": ["term_months"]}, "is named as term_months and as something else"),
        ({"months": [12, 12, 1]}, {"segments": ["term_months"], "term_months": "months"}, "which contracts can be pooled over anyway"),
        ({}, {"in_advance": 1}, "in_advance must be True or False"),
        ({}, {"billing_months": 0}, "billing_months must be the name of a column or a whole number"),
        ({}, {"billing_months": True}, "billing_months must be the name of a column or a whole number"),
        ({}, {"decimal": ";"}, "decimal must be"),
        ({}, {"start": "end"}, "column 'end' is named as start and as something else"),
        ({}, {"customer_id": 3}, "customer_id must be text"),
        ({}, {"sheet": 1}, "sheet must be text"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_an_argument_that_cannot_be_used_is_refused(columns: dict[str, Any], arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ClvError) as refusal:
        read_contracts(terms(**columns), **arguments)
    assert said in str(refusal.value)
    assert isinstance(refusal.value, ArgumentError | DataError)


def test_months_end_on_their_own_days() -> None:
    """A monthly contract of the 31st, and terms that are aligned to months' ends afterwards, are what they seem."""
    given = pd.DataFrame(
        {
            "contract_id": "K",
            "customer_id": "a",
            "start": ["2024-01-31", "2024-02-29", "2024-03-31"],
            "end": ["2024-02-28", "2024-03-30", "2024-04-29"],
            "term_months": 1,
            "monthly_amount": 5,
        }
    )
    assert fates(read_contracts(given)) == [None] * 3
    aligned = given.iloc[:1].assign(start="2024-01-15", end="2025-01-31", term_months=12)
    assert read_contracts(aligned).to_frame()["last_day"].tolist() == [pd.Timestamp(2025, 1, 31)]


def test_hostile_names_and_labels_are_text() -> None:
    evil = 'x"; drop table lines; --'
    given = terms().rename(columns={"contract_id": evil}).assign(**{"a'b": ["<script>", "'; select 1", None]})
    table = read_contracts(given, contract_id=evil, segments=["a'b"])
    assert table.to_frame()["a'b"].fillna("").tolist() == ["<script>", "'; select 1", ""]
