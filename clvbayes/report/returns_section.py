"""What comes back, and what that leaves of the customers who send back most."""

import numpy as np

from clvbayes.report.blocks import Cell, Column, Note, Section, Table
from clvbayes.report.evidence import Evidence, currency_of, draws_of
from clvbayes.report.language import words
from clvbayes.report.levels import SMALLEST_LEVEL
from clvbayes.report.numbers import count, money_format, share, share_digits, show

__all__ = ["returns_section"]

CLASS_EDGES = (0.05, 0.2, 0.5)  # of the share sent back; the classes' names stand in the prose


def returns_section(evidence: Evidence) -> Section | None:
    """Customers by the share that they are expected to send back."""
    if evidence.returns is None:
        return None
    frame = evidence.valuation.customers
    back, value = frame["share_returned"].to_numpy(dtype=float), frame["value_mean"].to_numpy(dtype=float)
    classes = _fold(np.digitize(back, CLASS_EDGES))
    named = [
        (", ".join(words.RETURNS_CLASSES[place] for place in places), np.isin(np.digitize(back, CLASS_EDGES), places)) for places in classes
    ]
    scale, digits = money_format([float(value[found].mean()) for _, found in named])
    total_scale, total_digits = money_format([float(value[found].sum()) for _, found in named])
    currency = currency_of(evidence)
    shares = [float(back[found].mean()) for _, found in named]
    columns = (
        Column(words.COLUMN_SENDS_BACK),
        Column(words.COLUMN_CUSTOMERS, "number"),
        Column(words.COLUMN_SHARE_BACK, "share", digits=share_digits(shares)),
        Column(words.COLUMN_MEAN_VALUE, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_TOTAL, "number", unit=currency, scale=total_scale, digits=total_digits),
        Column(words.COLUMN_NEGATIVE, "number"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, int(found.sum()), part, float(value[found].mean()), float(value[found].sum()), int((value[found] < 0).sum()))
        for part, (name, found) in zip(shares, named, strict=True)
    )
    return Section(words.RETURNS, (Table(words.RETURNS_TABLE, columns, rows, _finding(evidence)), Note(words.RETURNS_NOTE)))


def _fold(of_customer: np.ndarray) -> list[list[int]]:
    """Classes that have customers, neighbouring ones together until each has as many as may be shown."""
    counts, held = np.bincount(of_customer, minlength=len(CLASS_EDGES) + 1), 0
    classes: list[list[int]] = [[]]
    filled = [place for place, customers in enumerate(counts) if customers]
    for place in filled:
        classes[-1].append(place)
        held += int(counts[place])
        if held >= SMALLEST_LEVEL and place != filled[-1]:
            classes.append([])
            held = 0
    if held < SMALLEST_LEVEL and len(classes) > 1:
        last = classes.pop()
        classes[-1] += last
    return classes


def _finding(evidence: Evidence) -> str:
    revenue, returned = (float(draws_of(evidence, name).sum(axis=1).mean()) for name in ("revenue", "returned"))
    negative = int((evidence.valuation.customers["value_mean"] < 0).sum())
    return words.RETURNS_FINDING.format(
        share=show(share(returned / revenue if revenue > 0 else 0.0)),
        negative=show(count(negative)),
        customers=show(count(len(evidence.valuation.customers))),
    )
