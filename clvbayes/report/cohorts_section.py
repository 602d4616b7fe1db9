"""Revenue by when customers were won, what each cohort still holds, and the quarters as they went."""

from dataclasses import replace

import numpy as np
import pandas as pd

from clvbayes.report.blocks import Block, Column, Figure, Note, Prose, Section, Table
from clvbayes.report.cohort_figures import CohortPanel, cohort_bars, cohort_panels
from clvbayes.report.cohort_years import Cohort, cohorts_of, drawn_cohorts
from clvbayes.report.evidence import Evidence, Floats, currency_of
from clvbayes.report.fiscal import index_of_month, label_of_period, month_number
from clvbayes.report.language import words
from clvbayes.report.numbers import count, money, money_format, share, share_digits, show, show_range, signed_share
from clvbayes.report.ordering import YEAR, Ahead, customers_ahead, customers_seen, quarterly
from clvbayes.report.outlook import ticks, today_at
from clvbayes.valuation import Economics, fiscal_year_label

__all__ = ["cohorts_section"]

QUARTERS_SHOWN = 8


def cohorts_section(evidence: Evidence) -> Section:
    """The chart of cohorts with its table, and the last quarters; words where the orders' dates are not known."""
    if evidence.orders.history.empty or evidence.orders.statistics["t0"].isna().any():
        return Section(words.COHORTS, (Prose(words.COHORTS_UNDATED),))
    economics, quarters = quarterly(evidence)
    found = _cohorts(evidence, economics)
    drawn = drawn_cohorts(found, economics.fiscal_year_start)
    blocks: list[Block] = [_chart(evidence, drawn, quarters, economics) if quarters else Prose(words.COHORTS_NO_QUARTER)]
    blocks.append(_table(evidence, found, quarters, economics))
    ahead = customers_ahead(evidence, economics)
    blocks.append(Prose(words.ORDERING_UNTOLD) if ahead is None else _panels(evidence, drawn, quarters, ahead, economics))
    if quarters:
        blocks.append(_quarters(evidence, quarters, economics))
    return Section(words.COHORTS, (*blocks, Note(words.COHORTS_NOTE)))


def _cohorts(evidence: Evidence, economics: Economics) -> tuple[Cohort, ...]:
    history, statistics = evidence.orders.history, evidence.orders.statistics
    won = _fiscal_years(statistics["t0"], economics).value_counts()
    years = sorted({*won.index, *_fiscal_years(history["cohort"], economics)})
    return cohorts_of(won.reindex(years, fill_value=0), economics.fiscal_year_start)


def _fiscal_years(days: pd.Series, economics: Economics) -> pd.Series:
    """The calendar year in which the fiscal year of each day begins."""
    return index_of_month(month_number(days), replace(economics, period="quarter")) // YEAR


def _revenue(evidence: Evidence, cohorts: tuple[Cohort, ...], quarters: range, economics: Economics) -> Floats:
    """Revenue by cohort and quarter."""
    history = evidence.orders.history
    place = {year: number for number, cohort in enumerate(cohorts) for year in cohort.years}
    by = pd.DataFrame(
        {
            "cohort": _fiscal_years(history["cohort"], economics).map(place),
            "quarter": index_of_month(month_number(history["month"]), economics),
            "revenue": history["revenue"].astype(float),
        }
    )
    table = by.pivot_table(index="cohort", columns="quarter", values="revenue", aggfunc="sum", fill_value=0.0)
    return table.reindex(index=range(len(cohorts)), columns=list(quarters), fill_value=0.0).to_numpy(dtype=float)


def _chart(evidence: Evidence, cohorts: tuple[Cohort, ...], quarters: range, economics: Economics) -> Figure:
    revenue, labels = _revenue(evidence, cohorts, quarters, economics), [cohort.label for cohort in cohorts]
    marks = ticks({index: label_of_period(index, economics) for index in quarters}, "quarter", wide=True)
    picture = cohort_bars(revenue, labels, marks, quarters[0], currency=currency_of(evidence))
    finding = _chart_finding(evidence, cohorts, quarters, economics)
    return Figure(words.COHORTS_FIGURE, words.COHORTS_ALT.format(finding=finding), picture, finding, words.COHORTS_CAPTION)


def _panels(evidence: Evidence, cohorts: tuple[Cohort, ...], quarters: range, ahead: Ahead, economics: Economics) -> Figure:
    """Each cohort's share with orders, from the quarter in which all of it had been won."""
    panels = []
    for cohort in cohorts:
        past = tuple(quarter for quarter in quarters if quarter >= YEAR * (cohort.years[-1] + 1))
        customers, draws = ahead.of(cohort.years)
        seen = tuple(count / customers for count in customers_seen(_history_of(evidence, cohort, economics), past, economics))
        title = words.COHORT_PANEL.format(cohort=cohort.label, customers=show(count(customers)))
        panels.append(CohortPanel(title, past, seen, draws / customers))
    places = sorted({place for panel in panels for place in panel.quarters} | set(ahead.quarters))
    begins = (place for place in range(places[0], places[-1] + 1) if place % YEAR == 0)
    years = {place: fiscal_year_label(place // YEAR, economics.fiscal_year_start) for place in begins}
    assert evidence.until is not None
    names = {place: label_of_period(place, economics) for place in places}
    picture = cohort_panels(panels, ahead.quarters, today_at(evidence.until, economics), names, years)
    finding = _panels_finding(evidence, cohorts, quarters, ahead, economics)
    return Figure(words.ORDERING_FIGURE, words.ORDERING_ALT.format(finding=finding), picture, finding, words.ORDERING_CAPTION)


def _history_of(evidence: Evidence, cohort: Cohort, economics: Economics) -> pd.DataFrame:
    history = evidence.orders.history
    return history[_fiscal_years(history["cohort"], economics).isin(cohort.years)]


def _panels_finding(evidence: Evidence, cohorts: tuple[Cohort, ...], quarters: range, ahead: Ahead, economics: Economics) -> str:
    """Of all cohorts that had been won before the last quarter, how many ordered in it and how many will; of all, where there is none."""
    whole = [cohort for cohort in cohorts if quarters and YEAR * (cohort.years[-1] + 1) <= quarters[-1]]
    customers, draws = ahead.of([year for cohort in whole or cohorts for year in cohort.years])
    place = ahead.beside(quarters[-1]) if whole else len(ahead.quarters) - 1
    low, high = (share(float(end)) for end in np.quantile(draws[:, place] / customers, [0.05, 0.95]))
    told = {
        "customers": show(count(customers)),
        "ahead": label_of_period(ahead.quarters[place], economics),
        "share": show(share(float(draws[:, place].mean()) / customers)),
        "band": show_range(low, high),
    }
    if not whole:
        return words.ORDERING_FINDING_AHEAD.format(**told)
    seen = sum(customers_seen(_history_of(evidence, cohort, economics), quarters[-1:], economics)[0] for cohort in whole)
    return words.ORDERING_FINDING.format(
        **told,
        year=fiscal_year_label(whole[-1].years[-1], economics.fiscal_year_start),
        quarter=label_of_period(quarters[-1], economics),
        seen=show(share(seen / customers)),
    )


def _chart_finding(evidence: Evidence, cohorts: tuple[Cohort, ...], quarters: range, economics: Economics) -> str:
    """How much of the last year's revenue came from customers won before it."""
    year = quarters[-YEAR:]
    by_year = _revenue(evidence, cohorts, year, economics)
    total, currency = float(by_year.sum()), currency_of(evidence)
    if total <= 0:
        return words.COHORTS_FINDING_NONE
    history = evidence.orders.history
    won_before = index_of_month(month_number(history["cohort"]), economics) < year[0]
    inside = index_of_month(month_number(history["month"]), economics).isin(list(year))
    before = float(history.loc[won_before & inside, "revenue"].astype(float).sum())
    largest = int(by_year.sum(axis=1).argmax())
    template = words.COHORTS_FINDING if len(cohorts) > 1 else words.COHORTS_FINDING_ONE
    return template.format(
        revenue=show(money(total, currency)),
        first=label_of_period(year[0], economics),
        last=label_of_period(year[-1], economics),
        before=show(share(before / total)),
        cohort=cohorts[largest].label,
        largest=show(share(float(by_year[largest].sum()) / total)),
    )


def _table(evidence: Evidence, cohorts: tuple[Cohort, ...], quarters: range, economics: Economics) -> Table:
    """What each cohort brought lately, and what it is expected to bring."""
    year, currency = quarters[-YEAR:], currency_of(evidence)
    brought = _revenue(evidence, cohorts, year, economics).sum(axis=1) if year else np.zeros(len(cohorts))
    # by id: the order of both tables is nobody's promise
    won = pd.Series(_fiscal_years(evidence.orders.statistics["t0"], economics).to_numpy(), evidence.orders.statistics["customer_id"])
    frame = evidence.valuation.customers.set_index("customer_id")
    place = {member: number for number, cohort in enumerate(cohorts) for member in cohort.years}
    numbers = won.reindex(frame.index).map(place)
    sums = frame[["p_alive", "value_mean"]].astype(float).groupby(numbers).sum().reindex(range(len(cohorts)), fill_value=0.0)
    customers = pd.Series(1, frame.index).groupby(numbers).sum().reindex(range(len(cohorts)), fill_value=0).tolist()
    values, active = sums["value_mean"].tolist(), sums["p_alive"].tolist()
    parts = [[_part(amount, sum(amounts)) for amount in amounts] for amounts in (brought.tolist(), values)]
    scale, digits = money_format([*brought, *values])
    each_scale, each_digits = money_format([_part(value, members) for value, members in zip(values, customers, strict=True)])
    columns = (
        Column(words.COLUMN_COHORT),
        Column(words.COLUMN_COHORT_WON, "number"),
        Column(words.COLUMN_STILL_ACTIVE, "number", digits=count(max(active)).digits),
        Column(words.COLUMN_LAST_YEAR.format(quarters=max(len(year), 1)), "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_SHARE_LAST_YEAR, "share", digits=share_digits(parts[0])),
        Column(words.COLUMN_EXPECTED_VALUE, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_SHARE_OF_VALUE, "share", digits=share_digits(parts[1])),
        Column(words.COLUMN_MEAN_EACH, "number", unit=currency, scale=each_scale, digits=each_digits),
    )
    rows = tuple(
        (cohort.label, members, still, float(amount), past, value, ahead, _part(value, members))
        for cohort, members, still, amount, past, value, ahead in zip(
            cohorts, customers, active, brought, parts[0], values, parts[1], strict=True
        )
    )
    whole = (sum(customers), sum(active), float(brought.sum()), sum(parts[0]), sum(values), sum(parts[1]))
    foot = (words.ALL_CUSTOMERS, *whole, _part(sum(values), sum(customers)))
    return Table(words.COHORTS_TABLE, columns, rows, _table_finding(cohorts, customers, parts[1], values, currency), foot)


def _table_finding(cohorts: tuple[Cohort, ...], customers: list[int], parts: list[float], values: list[float], currency: str) -> str:
    if sum(values) <= 0:
        return words.COHORTS_TABLE_FINDING_NONE
    if len(cohorts) == 1:
        return words.COHORTS_TABLE_FINDING_ONE.format(cohort=cohorts[0].label, value=show(money(sum(values), currency)))
    most = int(np.argmax(parts))
    return words.COHORTS_TABLE_FINDING.format(
        cohort=cohorts[most].label, share=show(share(parts[most])), customers=show(share(_part(customers[most], sum(customers))))
    )


def _quarters(evidence: Evidence, quarters: range, economics: Economics) -> Table:
    """The last complete quarters: customers won, orders, revenue."""
    shown, history, currency = quarters[-QUARTERS_SHOWN:], evidence.orders.history, currency_of(evidence)
    index = index_of_month(month_number(history["month"]), economics)
    by_quarter = history[["orders", "revenue"]].astype(float).groupby(index).sum()
    is_new = index == index_of_month(month_number(history["cohort"]), economics)
    new = history.loc[is_new, "revenue"].astype(float).groupby(index[is_new]).sum()
    acquired = index_of_month(month_number(evidence.orders.statistics["t0"]), economics)
    won = [int((acquired == quarter).sum()) for quarter in shown]
    active = customers_seen(history, shown, economics)
    orders, revenue = (by_quarter[name].reindex(list(shown), fill_value=0.0).tolist() for name in ("orders", "revenue"))
    of_new = [_part(float(new.get(quarter, 0.0)), amount) for quarter, amount in zip(shown, revenue, strict=True)]
    each = [_part(amount, number) for amount, number in zip(revenue, orders, strict=True)]
    scale, digits = money_format(revenue)
    each_scale, each_digits = money_format(each)
    columns = (
        Column(words.COLUMN_QUARTER),
        Column(words.COLUMN_QUARTER_WON, "number"),
        Column(words.COLUMN_ORDERING, "number"),
        Column(words.COLUMN_ORDERS, "number"),
        Column(words.COLUMN_ORDERS_EACH, "number", digits=2),
        Column(words.COLUMN_AVERAGE_ORDER, "number", unit=currency, scale=each_scale, digits=each_digits),
        Column(words.COLUMN_REVENUE, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_FROM_NEW, "share", digits=share_digits(of_new)),
    )
    rows = tuple(
        (label_of_period(quarter, economics), won[k], active[k], orders[k], _part(orders[k], active[k]), each[k], revenue[k], of_new[k])
        for k, quarter in enumerate(shown)
    )
    return Table(words.QUARTERS_TABLE, columns, rows, _quarters_finding(rows_of=(won, orders, revenue), currency=currency))


def _quarters_finding(rows_of: tuple[list[int], list[float], list[float]], currency: str) -> str:
    """The last year beside the one before, or the last quarter where there are not two years."""
    won, orders, revenue = rows_of
    year = YEAR if len(revenue) >= 2 * YEAR else 1
    sums = [(float(sum(amounts[-year:])), float(sum(amounts[-2 * year : -year]))) for amounts in (revenue, orders, won)]
    told = {"revenue": show(money(sums[0][0], currency)), "orders": show(count(sums[1][0])), "won": show(count(sums[2][0]))}
    if len(revenue) < 2 * year or not all(before > 0 for _, before in sums):
        template = words.QUARTERS_FINDING_YEAR_ALONE if year == YEAR else words.QUARTERS_FINDING_ALONE
        return template.format(**told)
    changes = dict(zip(("more_revenue", "more_orders", "more_won"), (signed_share(now / before - 1) for now, before in sums), strict=True))
    template = words.QUARTERS_FINDING_YEAR if year == YEAR else words.QUARTERS_FINDING
    return template.format(**told, **changes)


def _part(value: float, total: float) -> float:
    return value / total if total > 0 else 0.0
