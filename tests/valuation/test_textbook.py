"""Textbook formulas against the sums that they stand for."""

import pytest

from clvbayes.errors import ArgumentError
from clvbayes.valuation.textbook import textbook


@pytest.mark.parametrize(("m", "r", "d"), [(100.0, 0.8, 0.1), (7.0, 0.0, 0.05), (-3.0, 0.99, 0.01)])
def test_each_formula_is_the_sum_along_its_timeline(m, r, d) -> None:
    periods = range(5000)
    survive = [r**t for t in periods]
    expected = [
        sum(m * alive / (1 + d) ** t for t, alive in zip(periods, survive, strict=True)),
        sum(m * alive / (1 + d) ** t for t, alive in zip(periods[1:], survive[1:], strict=True)),
        sum(m * alive / (1 + d) ** (t + 1) for t, alive in zip(periods, survive, strict=True)),
    ]
    assert textbook(m, r, d)["value"].tolist() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((float("nan"), 0.8, 0.1), "contribution must be an amount"),
        ((100, 1.0, 0.1), "retention must be a probability of at least 0 and below 1, not 1.0"),
        ((100, 80, 0.1), "retention"),
        ((100, 0.8, 0.0), "discount_rate must be a rate per period above 0"),
        ((100, 0.8, 9), r"discount_rate .* \(9 % is 0.09\)"),
    ],
)
def test_numbers_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ArgumentError, match=message):
        textbook(*wrong)
