"""Economic assumptions refuse what cannot be; fiscal periods tile the horizon."""

import json
from dataclasses import asdict
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from clvbayes.errors import ArgumentError
from clvbayes.valuation import Economics, period_containing, period_label
from clvbayes.valuation.economics import fiscal_periods


def economics(**changes) -> Economics:
    return Economics(**({"margin": 0.35, "discount_rate": 0.09, "horizon": 3} | changes))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"margin": 0.0}, "margin must be a share above 0 and at most 1, not 0.0"),
        ({"margin": -0.2}, "margin"),
        ({"margin": 35}, r"not 35 \(35 % is 0.35\)"),
        ({"margin": float("nan")}, "margin"),
        ({"margin": "0.35"}, "margin must be .* not '0.35'"),
        ({"margin": None}, "margin"),
        ({"discount_rate": -0.01}, "discount_rate must be a yearly rate of at least 0"),
        ({"discount_rate": 9}, r"not 9 \(9 % is 0.09\)"),
        ({"discount_rate": float("nan")}, "discount_rate"),
        ({"discount_rate": "9 %"}, "discount_rate"),
        ({"discount_rate": {}}, "by year needs the years 1, 2"),
        ({"discount_rate": {2: 0.05}}, "by year needs the years 1, 2"),
        ({"discount_rate": {1: 0.05, 3: 0.05}}, "none left out"),
        ({"discount_rate": {"one": 0.05}}, "none left out"),
        ({"discount_rate": {1: 0.05, 2: 5}}, "discount_rate must be a yearly rate"),
        ({"margin": {"industry": {"Retail": 35}}}, "margin of 'Retail' must be a share"),
        ({"margin": {"Retail": 0.3}}, "numbers by the levels of one column"),
        ({"margin": {}}, "numbers by the levels of one column"),
        ({"margin": {"industry": {}}}, "numbers by the levels of one column"),
        ({"margin": {"industry": {"a": 0.3}, "channel": {"b": 0.3}}}, "numbers by the levels of one column"),
        ({"order_cost": -1}, "order_cost must be an amount of at least 0, not -1"),
        ({"order_cost": float("inf")}, "order_cost"),
        ({"order_cost": None}, "order_cost must be an amount of at least 0, not None"),
        ({"service_cost": None}, "service_cost"),
        ({"discount_rate": {1.0: 0.05}}, "by year needs the years 1, 2"),
        ({"discount_rate": {True: 0.05}}, "by year needs the years 1, 2"),
        ({"service_cost": float("nan")}, "service_cost"),
        ({"acquisition_cost": {"channel": {"Fair": "900"}}}, "acquisition_cost of 'Fair' must be an amount"),
        ({"horizon": 0}, "horizon must be a number of years above 0"),
        ({"horizon": 51}, "horizon"),
        ({"horizon": float("inf")}, "horizon"),
        ({"horizon": float("nan")}, "horizon"),
        ({"horizon": "3"}, "horizon"),
        ({"period": "week"}, 'period must be "quarter" or "month", not \'week\''),
        ({"period": ["quarter"]}, "period"),
        ({"fiscal_year_start": 0}, "fiscal_year_start must be a month from 1 to 12, not 0"),
        ({"fiscal_year_start": 13}, "fiscal_year_start"),
        ({"fiscal_year_start": 4.0}, "fiscal_year_start"),
        ({"fiscal_year_start": True}, "fiscal_year_start"),
    ],
)
def test_an_assumption_that_cannot_be_is_refused(wrong, message) -> None:
    with pytest.raises(ArgumentError, match=message):
        economics(**wrong)


def test_the_edges_of_the_ranges_are_allowed() -> None:
    assert economics(margin=1, discount_rate=0, horizon=50, fiscal_year_start=12).discount_factor(7) == 1.0


def test_discounting_is_effective_by_the_year() -> None:
    assert economics().discount_factor(0) == 1.0
    assert economics().discount_factor(2) == pytest.approx(1 / 1.09**2)
    assert economics().discount_factor(0.25) ** 4 == pytest.approx(1 / 1.09)


def test_a_curve_compounds_its_rates_and_its_last_one_goes_on() -> None:
    curve = economics(discount_rate={"1": 0.02, 2: 0.1})
    assert curve.rates == (0.02, 0.1)
    found = curve.discount_factor(np.array([0.0, 0.5, 1.0, 1.25, 2.0, 4.0]))
    np.testing.assert_allclose(found, [1, 1.02**-0.5, 1 / 1.02, 1 / 1.02 / 1.1**0.25, 1 / 1.02 / 1.1, 1 / 1.02 / 1.1**3], rtol=1e-14)


def test_assumptions_are_copies_in_plain_numbers() -> None:
    margins = {"a": {"x": 1}}
    made = economics(margin=margins, order_cost=np.int64(5), discount_rate={year: np.float32(0.5) for year in np.arange(1, 3)})
    margins["a"]["x"] = -5
    assert made == economics(margin={"a": {"x": 1.0}}, order_cost=5.0, discount_rate={1: 0.5, 2: 0.5})
    assert Economics(**json.loads(json.dumps(asdict(made)))) == made


def test_assumptions_by_level_are_looked_up() -> None:
    segments = pd.DataFrame({"channel": ["Fair", "=1+1", "Fair"]})
    costs = economics(order_cost={"channel": {"Fair": 2, "=1+1": 3, "Post": 4}})
    assert costs.of_customers("order_cost", segments).tolist() == [2.0, 3.0, 2.0]
    assert costs.of_customers("margin", segments).tolist() == [0.35] * 3
    with pytest.raises(ArgumentError, match="order_cost is given by 'channel', but not for '<b>', 'Mail'"):
        costs.of_customers("order_cost", pd.DataFrame({"channel": ["Mail", "<b>", "Fair"]}))
    with pytest.raises(
        ArgumentError, match="order_cost is given by 'channel', which is no segment of these customers; they have 'industry'"
    ):
        costs.of_customers("order_cost", pd.DataFrame({"industry": ["Mills"]}))


LABELS = [
    # quarter's end: nothing is cut
    ({"horizon": 0.5}, date(2025, 12, 31), ["2026 Q1", "2026 Q2"]),
    ({"horizon": 1}, date(2026, 6, 30), ["2026 Q3", "2026 Q4", "2027 Q1", "2027 Q2"]),
    # mid month: a stub before and a stub behind
    ({"horizon": 0.5}, date(2025, 11, 15), ["2025 Q4 (part)", "2026 Q1", "2026 Q2 (part)"]),
    ({"horizon": 0.25, "period": "month"}, date(2026, 1, 31), ["2026-02", "2026-03", "2026-04"]),
    ({"horizon": 0.25, "period": "month"}, date(2026, 2, 28), ["2026-03", "2026-04", "2026-05"]),
    ({"horizon": 0.25, "period": "month"}, date(2024, 2, 28), ["2024-02 (part)", "2024-03", "2024-04", "2024-05 (part)"]),
    ({"horizon": 1 / 12, "period": "month"}, date(2026, 1, 10), ["2026-01 (part)", "2026-02 (part)"]),
    # fiscal years that begin in April, in October and in February
    ({"horizon": 1, "fiscal_year_start": 4}, date(2026, 3, 31), ["2026/27 Q1", "2026/27 Q2", "2026/27 Q3", "2026/27 Q4"]),
    ({"horizon": 0.5, "fiscal_year_start": 10}, date(2026, 6, 30), ["2025/26 Q4", "2026/27 Q1"]),
    ({"horizon": 0.5, "fiscal_year_start": 2}, date(2026, 6, 30), ["2026/27 Q2 (part)", "2026/27 Q3", "2026/27 Q4 (part)"]),
    ({"horizon": 0.5, "fiscal_year_start": 2}, date(1999, 10, 31), ["1999/00 Q4", "2000/01 Q1"]),
    # a horizon of a few days, and of less than one
    ({"horizon": 0.01}, date(2026, 6, 30), ["2026 Q3 (part)"]),
    ({"horizon": 0.001}, date(2026, 6, 30), ["2026 Q3 (part)"]),
]


@pytest.mark.parametrize(("changes", "until", "labels"), LABELS)
def test_periods_are_labelled_as_the_company_counts_them(changes, until, labels) -> None:
    assert [period.label for period in fiscal_periods(economics(**changes), until)] == labels


@pytest.mark.parametrize(
    "until", [date(2025, 12, 31), date(2026, 2, 28), date(2024, 2, 29), date(2026, 1, 30), date(2026, 11, 15), date(2026, 8, 31)]
)
@pytest.mark.parametrize("horizon", [0.01, 0.5, 1, 1.3, 2, 3])
@pytest.mark.parametrize("unit", ["quarter", "month"])
@pytest.mark.parametrize("fiscal_year_start", [1, 2, 7])
def test_periods_tile_the_horizon(until, horizon, unit, fiscal_year_start) -> None:
    chosen = economics(horizon=horizon, period=unit, fiscal_year_start=fiscal_year_start)
    periods = fiscal_periods(chosen, until)
    assert periods[0].start == 0.0 and periods[0].first_day == until + timedelta(days=1)
    for one, following in pairwise(periods):
        assert following.start == one.end
        assert following.first_day == one.last_day + timedelta(days=1)
        assert following.complete or following is periods[-1]
    for period in periods:
        days = (period.last_day - period.first_day).days + 1
        assert (period.end - period.start) * 365.25 == pytest.approx(days)
        first, next_first = period_containing(period.first_day, chosen)
        assert first <= period.first_day <= period.last_day < next_first
        assert period.complete == (days == (next_first - first).days)
        assert period.label.endswith("(part)") != period.complete
        assert period.label.removesuffix(" (part)") == period_label(first, chosen)
    # by the calendar, where the horizon is whole months: to the same day of the month, or the last one there is
    assert periods[-1].end == pytest.approx(horizon, abs=2 / 365.25)
    assert len({period.label for period in periods}) == len(periods)


@pytest.mark.parametrize(
    ("until", "horizon", "last_day"),
    [
        (date(2026, 11, 15), 3, date(2029, 11, 15)),
        (date(2025, 12, 31), 3, date(2028, 12, 31)),
        (date(2026, 2, 28), 0.5, date(2026, 8, 31)),  # the end of a month is the end of a month
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2026, 1, 30), 1 / 12, date(2026, 2, 28)),
        (date(2026, 6, 30), 0.5 + 10 / 365.25, date(2027, 1, 10)),
    ],
)
def test_whole_months_are_counted_by_the_calendar(until, horizon, last_day) -> None:
    assert fiscal_periods(economics(horizon=horizon), until)[-1].last_day == last_day


def test_without_a_valuation_date_periods_are_numbered() -> None:
    periods = fiscal_periods(economics(horizon=0.6), None)
    assert [period.label for period in periods] == ["+1", "+2", "+3"]
    assert [period.end for period in periods] == pytest.approx([0.25, 0.5, 0.6])
    assert [period.complete for period in periods] == [True, True, False]
    assert all(period.first_day is None and period.last_day is None for period in periods)
    months = fiscal_periods(economics(horizon=2, period="month"), None)
    assert len(months) == 24 and months[-1].end == pytest.approx(2.0) and months[-1].complete
    assert [one.end for one in months[:-1]] == [following.start for following in months[1:]]


def test_a_period_holds_every_day_from_its_first_to_the_next() -> None:
    chosen = economics(fiscal_year_start=11)
    day = date(2023, 11, 1)
    while day < date(2025, 11, 1):
        start, following = period_containing(day, chosen)
        assert start <= day < following
        assert start.day == following.day == 1 and (start.month - 11) % 3 == 0
        assert (following.year * 12 + following.month) - (start.year * 12 + start.month) == 3
        day += timedelta(days=1)
