"""What the customers are worth: over time, by segment, by account."""

import hashlib

import numpy as np

from clvbayes.report.blocks import Block, Column, Figure, Interval, Note, Prose, Section, Table
from clvbayes.report.evidence import Evidence, concentration, currency_of
from clvbayes.report.figures import decile_bars, fan_chart
from clvbayes.report.language import words
from clvbayes.report.levels import Level, reported_levels
from clvbayes.report.numbers import count, money, money_alike, money_band, money_format, share, share_digits, show, show_range
from clvbayes.report.outlook import Outlook, outlook

__all__ = ["accounts", "concentration_section", "outlook_section", "segments"]

LARGEST_ACCOUNTS = 10
# Periods that make a year: what the past is compared over.
PER_YEAR = {"quarter": 4, "month": 12}


def outlook_section(evidence: Evidence) -> Section:
    """Past revenue and its forecast, as a fan chart."""
    seen = outlook(evidence)
    if not seen.history and not seen.positions:
        return Section(words.OUTLOOK, (Prose(words.FAN_NOTHING),), width="half")
    finding = _outlook_finding(seen, currency_of(evidence), evidence)
    left_out = words.FAN_CAPTION_PARTS.format(parts=words.LIST.join(seen.left_out)) if seen.left_out else words.FAN_CAPTION_WHOLE
    if evidence.renewals is not None:
        caption = words.FAN_CAPTION_WITH_CONTRACTS if seen.history else words.FAN_CAPTION_CONTRACTS
    else:
        caption = words.FAN_CAPTION if seen.history else words.FAN_CAPTION_ALONE
    figure = Figure(
        title=words.OUTLOOK,
        alt=(words.FAN_ALT if seen.history else words.FAN_ALT_ALONE).format(finding=finding),
        svg=fan_chart(seen.history, seen.positions, seen.draws, seen.timeline, label=words.AXIS_REVENUE, currency=currency_of(evidence)),
        finding=finding,
        caption=f"{caption} {left_out}",
    )
    return Section(words.OUTLOOK, (figure,), width="half")


def _outlook_finding(seen: Outlook, currency: str, evidence: Evidence) -> str:
    period = evidence.valuation.economics.period
    if not seen.positions:
        return words.FAN_FINDING_NONE
    if seen.history:
        periods = min(PER_YEAR[period], len(seen.positions), len(seen.history[0].amounts))
        mean, low, high = money_band(seen.draws[:, :periods].sum(axis=1), currency)
        everyone, *settled = (show(money(sum(line.amounts[-periods:]), currency)) for line in seen.history)
        by_period = words.FAN_FINDING_HISTORY_ONE if periods == 1 else words.FAN_FINDING_HISTORY
        if settled and len(seen.history[1].amounts) >= periods > 1:
            by_period = words.FAN_FINDING_SETTLED if evidence.renewals is None else words.FAN_FINDING_CONTRACTS
        band = show_range(low, high)
        return by_period[period].format(past=everyone, settled=words.LIST.join(settled), periods=periods, ahead=show(mean), band=band)
    means = seen.draws.mean(axis=0)
    first, last = seen.periods[0].label, seen.periods[-1].label
    if len(means) == 1:
        mean, low, high = money_band(seen.draws[:, 0], currency)
        return words.FAN_FINDING_ONE.format(ahead=show(mean), first=first, band=show_range(low, high))
    start, end = (show(amount) for amount in money_alike((means[0], means[-1]), currency))
    change = float(means[-1] / means[0] - 1) if means[0] > 0 else 0.0
    if abs(change) < 0.005:
        return words.FAN_FINDING_LEVEL.format(first=first, last=last, start=start)
    template = words.FAN_FINDING_RISES if change > 0 else words.FAN_FINDING_FALLS
    return template.format(change=show(share(abs(change))), first=first, last=last, start=start, end=end)


def concentration_section(evidence: Evidence) -> Section:
    """How few customers hold how much of the value."""
    held = concentration(evidence)
    customers = len(evidence.valuation.customers)
    template = {0: words.HALF_FINDING_NONE, 1: words.HALF_FINDING_ONE}.get(held.half, words.HALF_FINDING)
    finding = template.format(half=show(count(held.half)), customers=show(count(customers)))
    smallest, largest = min(held.sizes), max(held.sizes)
    caption = words.DECILE_CAPTION_SINGLE if largest == 1 else words.DECILE_CAPTION_EVEN if smallest == largest else words.DECILE_CAPTION
    figure = Figure(
        title=words.CONCENTRATION,
        alt=words.DECILE_ALT.format(shares=words.LIST.join(show(share(part)) for part in held.groups), finding=finding),
        svg=decile_bars(held.groups, each_is_one=largest == 1),
        finding=finding,
        caption=caption.format(groups=len(held.groups), smallest=show(count(smallest)), largest=show(count(largest))),
    )
    return Section(words.CONCENTRATION, (figure,), width="half")


def _largest(evidence: Evidence) -> Table:
    held = concentration(evidence)
    customers, total = len(evidence.valuation.customers), float(evidence.valuation.customers["value_mean"].sum())
    steps = sorted({1, *(max(1, int(np.ceil(customers * part))) for part in (0.01, 0.1, 0.2, 0.5))})
    shares = [float(held.cumulative[step - 1]) for step in steps]
    scale, digits = money_format([part * total for part in shares])
    columns = (
        Column(words.LARGEST_COLUMN, "number"),
        Column(words.LARGEST_OF_ALL, "share", digits=share_digits([steps[0] / customers])),
        Column(words.LARGEST_VALUE, "number", unit=currency_of(evidence), scale=scale, digits=digits),
        Column(words.COLUMN_TOTAL_BAR, "bar"),
        Column(words.LARGEST_SHARE, "share", digits=share_digits(shares)),
    )
    rows = tuple((step, step / customers, part * total, part, part) for step, part in zip(steps, shares, strict=True))
    finding = words.LARGEST_FINDING.format(one=show(share(shares[0])), half=show(share(shares[-1])))
    return Table(words.LARGEST_TABLE, columns, rows, finding)


def segments(evidence: Evidence) -> Section:
    """One table a reporting column."""
    if not evidence.by:
        return Section(words.SEGMENTS, (Prose(words.SEGMENTS_NONE),))
    tables = tuple(_segment_table(evidence, column) for column in evidence.by)
    return Section(words.SEGMENTS, (*tables, Note(words.SEGMENT_NOTE)))


def _segment_table(evidence: Evidence, column: str) -> Table:
    levels = reported_levels(evidence, column)
    everyone = Level(words.ALL_CUSTOMERS, sum(level.customers for level in levels), np.sum([level.value for level in levels], axis=0))
    currency, total = currency_of(evidence), float(everyone.value.mean())
    bands = [_band_each(level) for level in (*levels, everyone)]
    each_scale, each_digits = money_format([band.middle for band in bands])
    scale, digits = money_format([float(level.value.mean()) for level in levels])
    shares = [_part(float(level.value.mean()), total) for level in levels]
    columns = (
        Column(column),
        Column(words.COLUMN_CUSTOMERS, "number"),
        Column(words.COLUMN_BAND_EACH, "interval", unit=currency, scale=each_scale, digits=each_digits),
        Column(words.COLUMN_MEAN, "number", unit=currency, scale=each_scale, digits=each_digits),
        Column(words.COLUMN_LOW, "number", unit=currency, scale=each_scale, digits=each_digits),
        Column(words.COLUMN_HIGH, "number", unit=currency, scale=each_scale, digits=each_digits),
        Column(words.COLUMN_TOTAL_BAR, "bar"),
        Column(words.COLUMN_TOTAL, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_SHARE, "share", digits=share_digits(shares)),
    )
    rows = tuple(
        (level.name, level.customers, band, band.middle, band.low, band.high, part, float(level.value.mean()), part)
        for level, band, part in zip(levels, bands, shares, strict=False)
    )
    last = bands[-1]
    foot = (everyone.name, everyone.customers, last, last.middle, last.low, last.high, "", total, _part(total, total))
    title = words.SEGMENT_TABLE.format(column=column)
    return Table(title, columns, rows, _segment_finding(levels, shares, everyone.customers, currency), foot, sortable=True)


def _part(value: float, total: float) -> float:
    return value / total if total > 0 else 0.0


def _band_each(level: Level) -> Interval:
    low, inner_low, inner_high, high = (float(end) for end in np.quantile(level.value / level.customers, [0.05, 0.25, 0.75, 0.95]))
    return Interval(low, float(level.value.mean() / level.customers), high, (inner_low, inner_high))


def _segment_finding(levels: tuple[Level, ...], shares: list[float], customers: int, currency: str) -> str:
    named = [level for level in levels if not level.folded]
    if len(levels) == 1 or not named:
        return words.SEGMENT_FINDING_SINGLE.format(customers=show(count(customers)))
    best = max(named, key=lambda level: float(level.value.mean()) / level.customers)
    band = _band_each(best)
    each, low, high = money_alike((band.middle, band.low, band.high), currency)
    worth = words.SEGMENT_FINDING_BEST.format(level=best.name, each=show(each), band=show_range(low, high))
    largest = sorted(zip(shares, levels, strict=True), key=lambda pair: -pair[0])
    top = int(np.searchsorted(np.cumsum([part for part, _ in largest]), 0.5 - 1e-12)) + 1
    if sum(shares) <= 0:
        return worth
    if top > 1:
        return f"{words.SEGMENT_FINDING_HALF.format(top=top, levels=sum(level.folded or 1 for level in levels))} {worth}"
    part, level = largest[0]
    alone = words.SEGMENT_FINDING_HALF_ONE.format(
        level=level.name, share=show(share(part)), customers=show(count(level.customers)), all=show(count(customers))
    )
    return f"{alone} {worth}"


def accounts(evidence: Evidence) -> Section:
    """What the largest customers hold; each by itself, if the setting allows to name them."""
    named: dict[str, tuple[Block, ...]] = {
        "none": (Note(words.ACCOUNTS_NONE),),
        "hashed": (_accounts_table(evidence), Note(words.ACCOUNTS_HASHED)),
        "plain": (_accounts_table(evidence),),
    }
    return Section(words.ACCOUNTS, (_largest(evidence), *named[evidence.customer_ids]))


def _accounts_table(evidence: Evidence) -> Table:
    frame = evidence.valuation.customers
    total = float(frame["value_mean"].sum())
    # Equal values stand in the order of their ids, so that the rows of the source may come in any order.
    frame = frame.sort_values("customer_id").sort_values("value_mean", ascending=False, kind="stable").head(LARGEST_ACCOUNTS)
    means, lows, highs = (frame[name].astype(float).tolist() for name in ("value_mean", "value_5", "value_95"))
    ids = [_shown_id(str(customer_id), evidence) for customer_id in frame["customer_id"]]
    active, orders = frame["p_alive"].astype(float).tolist(), frame["expected_orders"].astype(float).tolist()
    shares = [_part(mean, total) for mean in means]
    scale, digits = money_format(means)
    columns = (
        Column(words.COLUMN_ACCOUNT),
        Column(words.COLUMN_ACTIVE, "share"),
        Column(words.COLUMN_ORDERS_YEAR, "number", digits=1),
        Column(words.COLUMN_BAND_VALUE, "interval", unit=currency_of(evidence), scale=scale, digits=digits),
        Column(words.COLUMN_MEAN, "number", unit=currency_of(evidence), scale=scale, digits=digits),
        Column(words.COLUMN_LOW, "number", unit=currency_of(evidence), scale=scale, digits=digits),
        Column(words.COLUMN_HIGH, "number", unit=currency_of(evidence), scale=scale, digits=digits),
        Column(words.COLUMN_TOTAL_BAR, "bar"),
        Column(words.COLUMN_SHARE, "share", digits=share_digits(shares)),
    )
    bands = [Interval(low, mean, high) for low, mean, high in zip(lows, means, highs, strict=True)]
    rows = tuple(zip(ids, active, orders, bands, means, lows, highs, shares, shares, strict=True))
    held = show(share(sum(shares)))
    if len(rows) == 1:
        return Table(words.ACCOUNTS_TABLE_ONE, columns, rows, words.ACCOUNTS_FINDING_ONE.format(share=held))
    finding = words.ACCOUNTS_FINDING.format(accounts=len(rows), share=held, inactive=sum(chance < 0.5 for chance in active))
    return Table(words.ACCOUNTS_TABLE.format(accounts=len(rows)), columns, rows, finding, sortable=True)


def _shown_id(customer_id: str, evidence: Evidence) -> str:
    return customer_id if evidence.customer_ids == "plain" else hashlib.sha256(customer_id.encode()).hexdigest()[:12]
