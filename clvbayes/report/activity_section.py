"""Who is still active: customers with orders by quarter, then mean probabilities and orders ahead, by how often customers ordered again and
how long they have been silent."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clvbayes.data import DAYS_PER_UNIT
from clvbayes.grading.tables import FREQUENCY_CLASSES, SILENCE_CLASSES
from clvbayes.report.blocks import Block, Column, Figure, Prose, Section, Table
from clvbayes.report.cohort_figures import activity_map, field_text
from clvbayes.report.evidence import Evidence, currency_of
from clvbayes.report.figures import Timeline, fan_chart
from clvbayes.report.fiscal import label_of_period
from clvbayes.report.language import words
from clvbayes.report.levels import SMALLEST_LEVEL
from clvbayes.report.numbers import count, money_format, share, share_digits, show, show_range, signed_share
from clvbayes.report.ordering import YEAR, Ahead, customers_ahead, customers_seen, quarterly
from clvbayes.report.outlook import named_places, of_settled, ticks, today_at, two_lines
from clvbayes.valuation import Economics

__all__ = ["activity_section"]


@dataclass(frozen=True)
class _Field:
    """Customers with alike histories; `place` is (frequency class, silence class), and None for those of all fields that are folded."""

    place: tuple[int, int] | None
    customers: int
    active: float
    orders: float
    value: float


def activity_section(evidence: Evidence) -> Section:
    """Customers with orders by quarter, a map of the base by repeat orders and silence, and the numbers under it."""
    fields = _fields(evidence)
    finding = _finding(fields)
    blocks: tuple[Block, ...] = (_table(fields, _value_finding(fields) or finding, currency_of(evidence)),)
    if any(field.place for field in fields):
        blocks = (_map(fields, finding), *blocks)
    return Section(words.ACTIVITY, (_by_quarter(evidence), *blocks))


def _by_quarter(evidence: Evidence) -> Block:
    """How many customers ordered in each quarter, and how many of today's will."""
    economics, quarters = quarterly(evidence)
    ahead = customers_ahead(evidence, economics)
    if ahead is None or not quarters:
        return Prose(words.ORDERING_UNTOLD)
    customers, history = evidence.orders, evidence.orders.history
    seen = customers_seen(history, quarters, economics)
    settled = customers_seen(history[of_settled(history, economics)], quarters, economics)
    lines = two_lines(customers, np.array(quarters), seen, settled, economics)
    _, draws = ahead.of(ahead.cohorts)
    labels = {place: label_of_period(place, economics) for place in (*quarters, *ahead.quarters)}
    assert evidence.until is not None
    marks = ticks(labels, "quarter", wide=True)
    timeline = Timeline(marks, words.AXIS_FISCAL_QUARTER, today_at(evidence.until, economics), named_places(labels))
    picture = fan_chart(lines, ahead.quarters, draws, timeline, label=words.AXIS_CUSTOMERS_ORDERING, wide=True)
    finding = _quarter_finding(seen, quarters, ahead, economics)
    alt = words.CUSTOMERS_ORDERING_ALT.format(finding=finding)
    return Figure(words.CUSTOMERS_ORDERING_FIGURE, alt, picture, finding, words.CUSTOMERS_ORDERING_CAPTION)


def _quarter_finding(seen: list[int], quarters: range, ahead: Ahead, economics: Economics) -> str:
    """The last quarter beside that of the year before, where there is one, and beside one of the same season ahead."""
    customers, draws = ahead.of(ahead.cohorts)
    place = ahead.beside(quarters[-1])
    middle, low, high = (count(round(number)) for number in (draws[:, place].mean(), *np.quantile(draws[:, place], [0.05, 0.95])))
    told = {
        "quarter": label_of_period(quarters[-1], economics),
        "seen": show(count(seen[-1])),
        "customers": show(count(customers)),
        "ahead": label_of_period(ahead.quarters[place], economics),
        "expected": show(middle),
        "band": show_range(low, high),
    }
    if len(seen) <= YEAR or not seen[-1 - YEAR]:
        return words.CUSTOMERS_ORDERING_FINDING_ALONE.format(**told)
    change = signed_share(seen[-1] / seen[-1 - YEAR] - 1)
    return words.CUSTOMERS_ORDERING_FINDING.format(**told, change=change)


def _fields(evidence: Evidence) -> list[_Field]:
    """From few repeat orders to many, and within them from short silence to long; small ones as one, with the next smallest if need be."""
    statistics = evidence.orders.statistics.set_index("customer_id")
    frame = evidence.valuation.customers.set_index("customer_id")
    silence = (statistics["T"] - statistics["recency"]) * DAYS_PER_UNIT[evidence.orders.unit] / DAYS_PER_UNIT["week"]
    by = pd.DataFrame(
        {
            "frequency": _class_of(statistics["frequency"], FREQUENCY_CLASSES),
            # a week of rounding must not move anyone
            "silence": _class_of(silence + 1e-9, SILENCE_CLASSES),
            "customers": 1,
            **{name: frame[name].astype(float).reindex(statistics.index) for name in ("p_alive", "expected_orders", "value_mean")},
        }
    )
    sums = by.groupby(["frequency", "silence"], as_index=False).sum().sort_values(["customers", "frequency", "silence"])
    inside = int((sums["customers"] < SMALLEST_LEVEL).sum())
    while 0 < sums["customers"].iloc[:inside].sum() < SMALLEST_LEVEL and inside < len(sums):
        inside += 1
    shown = sums.iloc[inside:].sort_values(["frequency", "silence"]).to_dict("records")
    found = [_field((int(row["frequency"]), int(row["silence"])), row) for row in shown]
    return [*found, _field(None, sums.iloc[:inside].sum().to_dict())] if inside else found


def _field(place: tuple[int, int] | None, sums: dict) -> _Field:  # type: ignore[type-arg]
    customers = int(sums["customers"])
    return _Field(place, customers, sums["p_alive"] / customers, sums["expected_orders"] / customers, float(sums["value_mean"]))


def _class_of(values: pd.Series, classes: tuple[tuple[int, str], ...]) -> np.ndarray:
    return np.searchsorted([lowest for lowest, _ in classes], values.to_numpy(dtype=float), side="right") - 1


def _names(place: tuple[int, int]) -> tuple[str, str]:
    return words.FREQUENCY_LABELS[FREQUENCY_CLASSES[place[0]][1]], words.SILENCE_LABELS[SILENCE_CLASSES[place[1]][1]]


def _map(fields: list[_Field], finding: str) -> Figure:
    known = [field for field in fields if field.place]
    places = np.array([field.place for field in known])
    rows, columns = np.unique(places[:, 0]), np.unique(places[:, 1])
    active = np.full((len(rows), len(columns)), np.nan)
    texts = [["" for _ in columns] for _ in rows]
    for field, (frequency, silence) in zip(known, places, strict=True):
        row, column = int(np.searchsorted(rows, frequency)), int(np.searchsorted(columns, silence))
        active[row, column] = field.active
        texts[row][column] = field_text(field.active, field.orders)
    row_names = [words.FREQUENCY_LABELS[FREQUENCY_CLASSES[row][1]] for row in rows]
    column_names = [words.SILENCE_LABELS[SILENCE_CLASSES[column][1]] for column in columns]
    picture = activity_map(active, texts, row_names, column_names)
    return Figure(words.ACTIVITY_FIGURE, words.ACTIVITY_ALT.format(finding=finding), picture, finding, words.ACTIVITY_CAPTION)


def _table(fields: list[_Field], finding: str, currency: str) -> Table:
    customers, value = sum(field.customers for field in fields), sum(field.value for field in fields)
    parts = [field.value / value if value > 0 else 0.0 for field in fields]
    scale, digits = money_format([field.value for field in fields])
    columns = (
        Column(words.COLUMN_REPEATS),
        Column(words.COLUMN_SILENCE),
        Column(words.COLUMN_CUSTOMERS, "number"),
        Column(words.COLUMN_MEAN_ACTIVE, "share", digits=share_digits([field.active for field in fields])),
        Column(words.COLUMN_MEAN_ORDERS, "number", digits=1),
        Column(words.COLUMN_TOTAL_BAR, "bar"),
        Column(words.COLUMN_EXPECTED_VALUE, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_SHARE_OF_VALUE, "share", digits=share_digits(parts)),
    )
    rows = tuple(
        (
            *(_names(field.place) if field.place else (words.ACTIVITY_OTHERS, "")),
            field.customers,
            field.active,
            field.orders,
            part,
            field.value,
            part,
        )
        for field, part in zip(fields, parts, strict=True)
    )
    active, orders = (sum(getattr(field, name) * field.customers for field in fields) / customers for name in ("active", "orders"))
    foot = (words.ALL_CUSTOMERS, "", customers, active, orders, "", value, sum(parts))
    return Table(words.ACTIVITY_TABLE, columns, rows, finding, foot, sortable=len(rows) > 1)


def _value_finding(fields: list[_Field]) -> str:
    """The class that holds most of the value; empty where there is none, or one class only."""
    value, known = sum(field.value for field in fields), [field for field in fields if field.place]
    if value <= 0 or len(known) < 2:
        return ""
    most = max(known, key=lambda field: field.value)
    assert most.place
    frequency, silence = _names(most.place)
    repeats, held = words.CLASS_IN_WORDS.format(klass=frequency), show(share(most.value / value))
    customers = show(share(most.customers / sum(field.customers for field in fields)))
    return words.ACTIVITY_VALUE_FINDING.format(share=held, repeats=repeats, silence=silence, customers=customers)


def _finding(fields: list[_Field]) -> str:
    """How silence tells, among customers of the number of repeat orders at which it tells most."""
    known = [(field.place, field) for field in fields if field.place]
    by_row = {row: [field for place, field in known if place[0] == row] for row in dict.fromkeys(place[0] for place, _ in known)}
    spans = [found for found in by_row.values() if len(found) > 1]
    if not spans:
        customers = sum(field.customers for field in fields)
        active = sum(field.active * field.customers for field in fields) / customers
        template = words.ACTIVITY_FINDING_ONE if len(fields) == 1 else words.ACTIVITY_FINDING_FEW
        return template.format(customers=show(count(customers)), active=show(share(active)))
    first, *_, last = max(spans, key=lambda found: found[0].active - found[-1].active)
    template = words.ACTIVITY_FINDING if first.active > last.active else words.ACTIVITY_FINDING_RISES
    assert first.place and last.place
    (repeats, recent), (_, silent) = _names(first.place), _names(last.place)
    told = {"repeats": words.CLASS_IN_WORDS.format(klass=repeats), "recent": recent, "silent": silent}
    return template.format(**told, first=show(share(first.active)), last=show(share(last.active)))
