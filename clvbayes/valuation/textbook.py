"""The three textbook formulas of lifetime value, side by side: they answer three different questions (Fader & Hardie 2012, note 024)."""

from numbers import Real

import pandas as pd

from clvbayes.errors import ArgumentError

__all__ = ["textbook"]


def textbook(contribution: float, retention: float, discount_rate: float) -> pd.DataFrame:
    """Value of one customer under a contract with a constant contribution and chance of renewal, without a horizon.

    For comparison with spreadsheets. Real customers differ, so that those who stay are ever more loyal: `value` does not use these.

    Parameters
    ----------
    contribution : float
        Each period's, in units of the currency.
    retention : float
        Probability to renew at the end of each period, at least 0 and below 1.
    discount_rate : float
        Effective rate per period, above 0 and below 1.

    Returns
    -------
    pandas.DataFrame
        One row a question: `question`, `timeline`, `formula`, and `value` in units of the currency.

    Raises
    ------
    ArgumentError
        If a number lies outside its range.

    Examples
    --------
    >>> textbook(100.0, 0.8, 0.1)["value"].round(2).tolist()
    [366.67, 266.67, 333.33]
    """
    if not _is_number(contribution):
        raise ArgumentError(f"contribution must be an amount, not {contribution!r}")
    if not (_is_number(retention) and 0 <= retention < 1):
        raise ArgumentError(f"retention must be a probability of at least 0 and below 1, not {retention!r}")
    if not (_is_number(discount_rate) and 0 < discount_rate < 1):
        raise ArgumentError(f"discount_rate must be a rate per period above 0 and below 1, not {discount_rate!r} (9 % is 0.09)")
    m, r, d = float(contribution), float(retention), float(discount_rate)
    rows = [
        ("not yet acquired", "the first payment falls due now, each later one after a renewal", "m (1 + d) / (1 + d - r)", m * (1 + d)),
        ("just acquired, first payment past", "the next payment falls due in a period, after a renewal", "m r / (1 + d - r)", m * r),
        (
            "first payment in a period",
            "the first payment falls due in a period for sure, each later one after a renewal",
            "m / (1 + d - r)",
            m,
        ),
    ]
    return pd.DataFrame(
        [(question, timeline, formula, over / (1 + d - r)) for question, timeline, formula, over in rows],
        columns=["question", "timeline", "formula", "value"],
    )


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value == value and abs(value) != float("inf")
