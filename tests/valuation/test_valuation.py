"""The valuation's table."""

from dataclasses import replace

import numpy as np
import pytest
from valuation.made_up_fits import made_up_customers, made_up_fits

from clvbayes.valuation import Economics, Valuation, value

HOSTILE = {
    "industry": ["=1+1", "<script>alert(1)</script>"],
    "value_mean": ["high", "low"],
    "draw": ["a", "b"],
    "industry_segment": ["p", "q", "r"],
}


@pytest.fixture(scope="module")
def valuation() -> Valuation:
    customers = made_up_customers(60, segments=HOSTILE)
    return value(
        *made_up_fits(customers, pool=("industry", "draw")), customers, Economics(0.35, 0.09, 1), draws=200, seed=1, progress=False
    )


def test_the_table_has_a_row_for_everybody_and_for_every_level(valuation) -> None:
    frame = valuation.to_frame()
    assert frame["column"].tolist() == ["", *["industry"] * 2, *["value_mean"] * 2, *["draw"] * 2, *["industry_segment"] * 3]
    assert frame["level"].tolist() == ["all customers", *sorted(HOSTILE["industry"]), "high", "low", "a", "b", "p", "q", "r"]
    assert frame.groupby("column")["customers"].sum().tolist() == [60] * 5


def test_customers_are_counted_by_the_column_of_that_name(valuation) -> None:
    """Also where a segment is named like another one's copy, or like a column of the customer table."""
    frame, customers = valuation.to_frame().set_index(["column", "level"]), made_up_customers(60, segments=HOSTILE)
    for column, counts in customers.segments.items():
        for level, count in counts.value_counts().items():
            assert frame.loc[(column, level), "customers"] == count


def test_the_tables_figures_are_those_of_the_draws(valuation) -> None:
    frame = valuation.to_frame()
    draws = valuation.total.sel(component="value").sum("period").to_numpy()
    assert frame.loc[0, "value_mean"] == pytest.approx(draws.mean())
    assert frame.loc[0, "value_sd"] == pytest.approx(draws.std())
    for column, level in (("value_5", 5), ("value_25", 25), ("value_50", 50), ("value_75", 75), ("value_95", 95)):
        assert frame.loc[0, column] == pytest.approx(np.percentile(draws, level))
    for _, rows in frame[frame["column"] != ""].groupby("column"):
        assert rows["value_mean"].sum() == pytest.approx(draws.mean(), rel=1e-9)


def test_a_plain_session_shows_the_value_and_its_band_in_one_line(valuation) -> None:
    whole = valuation.to_frame().loc[0]
    shown = f"{whole['value_mean']:,.0f} in the mean, 90 % band {whole['value_5']:,.0f} to {whole['value_95']:,.0f}"
    passed = replace(valuation, checks=(), uncertified=())
    assert repr(passed) == f"Valuation of 60 customers: {shown}"
    assert repr(replace(passed, uncertified=("MBG/NBD",))).endswith(f"{shown}; a check failed: see .checks and .uncertified")
