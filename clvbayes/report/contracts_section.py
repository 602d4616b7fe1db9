"""What is under contract: revenue that recurs, how it will change in a year, who renews, and what is at stake next quarter."""

import hashlib

import numpy as np

from clvbayes.data import TERM
from clvbayes.report.blocks import Block, Card, Column, Figure, Headline, Interval, Note, Prose, Section, Table
from clvbayes.report.cohort_years import Cohort, cohorts_of, drawn_cohorts
from clvbayes.report.contract_figures import (
    MOST_PANELS,
    CohortRetention,
    Survivors,
    bridge_bars,
    bridge_steps,
    retention_panels,
    survival_panels,
)
from clvbayes.report.contract_grades import contract_grades
from clvbayes.report.evidence import Evidence, Floats, currency_of
from clvbayes.report.language import words
from clvbayes.report.levels import SMALLEST_LEVEL
from clvbayes.report.numbers import count, decimal, money, money_alike, money_band, money_format, share, share_digits, show, show_range
from clvbayes.report.spread_section import missed_of
from clvbayes.valuation import LEAST_AT_RISK, ContractBook, Retention, retention_of

__all__ = ["contracts_section"]

MOST_DUE = 20
YEAR = 12  # months


def contracts_section(evidence: Evidence) -> Section | None:
    """Cards, the bridge, the terms, renewals seen and foretold, and what is due next; None without contracts."""
    book = evidence.valuation.contracts
    if book is None:
        return None
    currency = currency_of(evidence)
    blocks: list[Block] = [_cards(book, currency), _bridge(book, evidence), _terms(book, currency), _survival(book), _retention(book)]
    blocks += _due(book, evidence)
    if evidence.contracts_backtest is not None:
        blocks += contract_grades(evidence.contracts_backtest)
    return Section(words.CONTRACTS, (*blocks, Note(words.CONTRACTS_NOTE)))


def _cards(book: ContractBook, currency: str) -> Headline:
    mean, low, high = money_band(np.asarray(book.year_ahead), currency)
    contracts = int(book.bridge["contracts"].sum())
    cards = [
        Card(
            words.CARD_RECURRING,
            (money(book.recurring, currency),),
            words.CARD_RECURRING_NOTE.format(contracts=show(count(contracts)), customers=show(count(book.customers))),
        ),
        Card(words.CARD_RECURRING_AHEAD, (mean,), words.CARD_BAND_OF.format(band=show_range(low, high))),
    ]
    shares = {
        words.CARD_NET: book.net_retention,
        words.CARD_GROSS: book.gross_retention,
        words.CARD_LOGO: book.logo_churn,
    }
    for label, draws in shares.items():
        ends = (share(float(end)) for end in np.quantile(draws, [0.05, 0.95]))
        cards.append(Card(label, (share(float(draws.mean())),), words.CARD_BAND_OF.format(band=show_range(*ends))))
    life_low, life_high = (decimal(float(end), 1) for end in np.quantile(book.life, [0.05, 0.95]))
    told = words.CARD_LIFE_SHOWN.format(years=decimal(float(book.life.mean()), 1))
    cards.append(Card(words.CARD_LIFE, told, words.CARD_LIFE_NOTE.format(low=life_low, high=life_high)))
    return Headline(tuple(cards))


def _bridge(book: ContractBook, evidence: Evidence) -> Figure:
    steps, currency = bridge_steps(book), currency_of(evidence)
    today, up, down, lost, ahead = (show(amount) for amount in money_alike([abs(step.mean) for step in steps], currency))
    grows = steps[1].mean >= 0
    finding = (words.BRIDGE_FINDING if grows else words.BRIDGE_FINDING_LESS).format(today=today, up=up, down=down, lost=lost, ahead=ahead)
    return Figure(
        title=words.BRIDGE_FIGURE,
        alt=words.BRIDGE_ALT.format(finding=finding),
        svg=bridge_bars(steps, currency=currency),
        finding=finding,
        caption=words.BRIDGE_CAPTION if missed_of(evidence, "amount of contracts") is None else words.BRIDGE_CAPTION_MOVED,
    )


def _terms(book: ContractBook, currency: str) -> Table:
    today, ahead = (np.asarray(book.bridge.sel(item=item).transpose("term", "draw")) for item in ("today", "year_ahead"))
    life = np.asarray(book.remaining_life.transpose("term", "draw")).mean(axis=1)
    months, contracts = (book.bridge[name].to_numpy() for name in ("term", "contracts"))
    whole = (today.sum(axis=0), ahead.sum(axis=0))
    rows = [
        _term_row(
            _name_of(months[some]),
            int(contracts[some].sum()),
            today[some].sum(axis=0),
            ahead[some].sum(axis=0),
            float(np.average(life[some], weights=contracts[some])),
        )
        for some in _shown_terms(contracts)
    ]
    foot = _term_row(words.ALL_CONTRACTS, int(contracts.sum()), *whole, float(np.average(life, weights=contracts)))
    scale, digits = money_format([float(row[2]) for row in rows])
    columns = (
        Column(words.COLUMN_TERM),
        Column(words.COLUMN_CONTRACTS, "number"),
        Column(words.COLUMN_RECURRING, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_RECURRING_BAND, "interval", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_MEAN, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_LOW, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_HIGH, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_RETAINED, "share", digits=share_digits([float(row[7]) for row in rows])),
        Column(words.COLUMN_LIFE, "number", digits=1),
    )
    largest = max(rows, key=lambda row: float(row[2]))
    finding = words.TERMS_FINDING.format(
        term=largest[0],
        share=show(share(float(largest[2]) / book.recurring if book.recurring else 0.0)),
        kept=show(share(float(largest[7]))),
    )
    return Table(words.TERMS_TABLE, columns, tuple(rows), finding, foot)


def _shown_terms(contracts: np.ndarray) -> list[np.ndarray]:
    """Each term by itself, those of fewer than five contracts together with the next larger ones until they are five, if they can be."""
    by_size = np.argsort(contracts, kind="stable")
    folded = int((contracts < SMALLEST_LEVEL).sum())
    while 0 < contracts[by_size[:folded]].sum() < SMALLEST_LEVEL and folded < len(contracts):
        folded += 1
    alone = [np.array([place]) for place in sorted(by_size[folded:])]
    return [*alone, np.sort(by_size[:folded])] if folded else alone


def _term_row(
    name: str, contracts: int, today: Floats, ahead: Floats, life: float
) -> tuple[str, int, float, Interval, float, float, float, float, float]:
    now, band = float(today.mean()), _band(ahead)
    return name, contracts, now, band, band.middle, band.low, band.high, band.middle / now if now else 0.0, life


def _band(draws: Floats) -> Interval:
    low, inner_low, inner_high, high = (float(end) for end in np.quantile(draws, [0.05, 0.25, 0.75, 0.95]))
    return Interval(low, float(draws.mean()), high, (inner_low, inner_high))


def _name_of(terms: np.ndarray) -> str:
    return _term_name(int(terms[0])) if len(terms) == 1 else words.OTHER_TERMS


def _term_name(months: int) -> str:
    return words.TERM_MONTH if months == 1 else words.TERM_MONTHS.format(months=months)


def _survival(book: ContractBook) -> Block:
    """Of the terms with most contracts, in the order of their length."""
    contracts = dict(zip(book.bridge["term"].to_numpy().tolist(), book.bridge["contracts"].to_numpy().tolist(), strict=True))
    chosen = sorted(sorted(contracts, key=lambda term: (-contracts[term], term))[:MOST_PANELS])
    panels, off = [], []
    for term in chosen:
        table = book.observed[book.observed[TERM] == str(term)]
        seen = _seen(table["decision"].to_numpy(), table["faced"].to_numpy(), table["survival"].to_numpy())
        draws = np.asarray(book.survival.sel(term=term).transpose("draw", "decision"))[:, : len(seen) + 4]
        panels.append(Survivors(_term_name(int(term)), seen[: draws.shape[1]], draws))
        low, high = np.quantile(draws[:, : len(seen)], [0.05, 0.95], axis=0)
        inside = ((low <= seen[: len(low)]) & (seen[: len(low)] <= high))[1:]
        off += inside.tolist()
    if not off:
        return Prose(words.SURVIVAL_NONE)
    finding = words.SURVIVAL_FINDING.format(inside=sum(off), points=len(off))
    return Figure(
        title=words.SURVIVAL_FIGURE,
        alt=words.SURVIVAL_ALT.format(finding=finding),
        svg=survival_panels(panels),
        finding=finding,
        caption=words.SURVIVAL_CAPTION.format(least=LEAST_AT_RISK),
    )


def _seen(decision: Floats, faced: Floats, survival: Floats) -> Floats:
    """Survival from zero decisions on, as far as enough contracts faced each of them, without a gap."""
    whole = (decision == np.arange(1, len(decision) + 1)) & (faced >= LEAST_AT_RISK)
    last = len(whole) if whole.all() else int(np.argmin(whole))
    return np.concatenate([[1.0], survival[:last]])


def _retention(book: ContractBook) -> Block:
    """Contracts left by the fiscal year in which they were signed; of years of which enough was observed."""
    start = int(book.cohorts.attrs["fiscal_year_start"])
    cohorts = drawn_cohorts(cohorts_of(book.cohorts["contracts"].to_series(), start), start)
    told = [(cohort, retention_of(book.cohorts, book.cohorts_observed, cohort.years)) for cohort in cohorts]
    known = [(cohort, retention) for cohort, retention in told if len(retention.months)]
    if not known:
        return Prose(words.RETENTION_NONE)
    panels = [
        CohortRetention(words.RETENTION_PANEL.format(cohort=cohort.label, contracts=show(count(_signed(book, cohort)))), retention)
        for cohort, retention in known
    ]
    caption = words.RETENTION_CAPTION.format(least=LEAST_AT_RISK)
    if untold := sum(_signed(book, cohort) for cohort, retention in told if not len(retention.months)):
        caption += " " + words.RETENTION_UNTOLD.format(contracts=show(count(untold)), least=LEAST_AT_RISK)
    finding = _retention_finding(book, known)
    return Figure(
        title=words.RETENTION_FIGURE,
        alt=words.RETENTION_ALT.format(finding=finding),
        svg=retention_panels(panels),
        finding=finding,
        caption=caption,
    )


def _signed(book: ContractBook, cohort: Cohort) -> int:
    return int(book.cohorts["contracts"].sel(cohort=list(cohort.years)).sum())


def _retention_finding(book: ContractBook, known: list[tuple[Cohort, Retention]]) -> str:
    """How many cohorts lie within the model's band where they were seen last, and of the largest one that is a year old what will be left.

    Cohorts of which the model would have lost nobody either are not counted: they could not lie outside.
    """
    lasts = [(retention, int(np.flatnonzero(~np.isnan(retention.seen))[-1])) for _, retention in known]
    bands = [(retention.seen[last], *np.quantile(retention.drawn_anew[:, last], [0.05, 0.95])) for retention, last in lasts]
    inside = [low <= seen <= high for seen, low, high in bands if low < 1]
    found = [words.RETENTION_FINDING.format(inside=sum(inside), cohorts=len(inside))] if inside else [words.RETENTION_FINDING_YOUNG]
    ahead = [(cohort, retention) for cohort, retention in known if len(_told_ahead(retention)) > 1]
    grown = [(cohort, retention) for cohort, retention in ahead if retention.months[_told_ahead(retention)[0]] >= YEAR]
    if grown:
        cohort, retention = max(grown, key=lambda pair: _signed(book, pair[0]))
        today, *_, last = _told_ahead(retention)
        later, first = min(today + YEAR, last), int(retention.months[0])
        low, high = np.quantile(retention.ahead[:, later], [0.05, 0.95])
        template = words.RETENTION_FINDING_AHEAD_FROM if first else words.RETENTION_FINDING_AHEAD
        told = template.format(
            cohort=cohort.label,
            first=first,
            now=show(share(float(retention.ahead[:, today].mean()))),
            months=int(retention.months[today]),
            left=show(share(float(retention.ahead[:, later].mean()))),
            band=show_range(share(float(low)), share(float(high))),
            later=int(retention.months[later]),
        )
        found.append(told)
    return " ".join(found)


def _told_ahead(retention: Retention) -> np.ndarray:
    return np.flatnonzero(~np.isnan(retention.ahead[0]))


def _due(book: ContractBook, evidence: Evidence) -> list[Block]:
    currency, due = currency_of(evidence), book.due
    if due.empty:
        return [Prose(words.DUE_NONE)]
    recurring = float(due["recurring"].sum())
    renewed, later = (money_band(np.asarray(book.due_draws.sel(item=item).sum("term")), currency) for item in ("renewed", "later"))
    finding = words.DUE_FINDING.format(
        contracts=show(count(len(due))),
        recurring=show(money(recurring, currency)),
        renewed=show(renewed[0]),
        renewed_band=show_range(*renewed[1:]),
        later=show(later[0]),
        later_band=show_range(*later[1:]),
    )
    quiet = evidence.customer_ids == "none"
    terms, contracts = np.unique(due[TERM].to_numpy(), return_counts=True)
    groups = _shown_terms(contracts) if quiet else [np.array([place]) for place in range(len(terms))]
    if quiet and (len(due) < SMALLEST_LEVEL or len(groups[0]) == len(terms) > 1):
        return [Prose(finding)]
    rows = tuple(_due_row(_name_of(terms[some]), book, terms[some]) for some in groups)
    foot = _due_row(words.ALL_DUE, book, terms)
    scale, digits = money_format([row[2] for row in rows])
    columns = (
        Column(words.COLUMN_TERM),
        Column(words.COLUMN_CONTRACTS, "number"),
        Column(words.COLUMN_RECURRING, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_REVENUE_RENEWED, "share", digits=0),
        Column(words.COLUMN_LOW, "share", digits=0),
        Column(words.COLUMN_HIGH, "share", digits=0),
        Column(words.COLUMN_AT_STAKE, "interval", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_MEAN, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_LOW, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_HIGH, "number", unit=currency, scale=scale, digits=digits),
    )
    blocks: list[Block] = [Table(words.DUE_TABLE, columns, rows, finding, foot)]
    if not quiet:
        blocks.append(_due_accounts(book, evidence))
    return blocks


def _due_row(
    name: str, book: ContractBook, terms: np.ndarray
) -> tuple[str, int, float, float, float, float, Interval, float, float, float]:
    """Renewals due of some terms; where they bring no money, the share renewed is that of contracts."""
    due = book.due[book.due[TERM].isin(terms)]
    renewed, later, contracts = np.asarray(book.due_draws.sel(term=terms).sum("term").transpose("item", "draw"))
    recurring = float(due["recurring"].sum())
    kept = renewed / recurring if recurring else contracts / len(due)
    shares, band = _band(kept), _band(later)
    return name, len(due), recurring, shares.middle, shares.low, shares.high, band, band.middle, band.low, band.high


def _due_accounts(book: ContractBook, evidence: Evidence) -> Table:
    """Contracts with most at stake, each with its probability to be renewed."""
    currency = currency_of(evidence)
    due = book.due.sort_values("contract_id").sort_values("at_stake", ascending=False, kind="stable").head(MOST_DUE)
    scale, digits = money_format(due["at_stake"].tolist())
    columns = (
        Column(words.COLUMN_ACCOUNT),
        Column(words.COLUMN_CONTRACT),
        Column(words.COLUMN_DUE_DAY, "date"),
        Column(words.COLUMN_RENEWED, "share", digits=0),
        Column(words.COLUMN_RECURRING, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_AT_STAKE_IF, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_LOW, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_HIGH, "number", unit=currency, scale=scale, digits=digits),
    )
    plain_ids = evidence.customer_ids == "plain"
    shown = {
        name: [str(one) if plain_ids else hashlib.sha256(str(one).encode()).hexdigest()[:12] for one in due[name]]
        for name in ("customer_id", "contract_id")
    }
    days = [moment.date() for moment in due["day"]]
    numbers = (due[name].astype(float).tolist() for name in ("p_renewed", "recurring", "at_stake", "at_stake_5", "at_stake_95"))
    rows = tuple(zip(shown["customer_id"], shown["contract_id"], days, *numbers, strict=True))
    return Table(words.DUE_ACCOUNTS.format(contracts=len(rows)), columns, rows, sortable=True)
