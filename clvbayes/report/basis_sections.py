"""What the numbers rest on: the forecast by period, the checks, the account of the data, and how to make the report again."""

import json
import re
from collections.abc import Sequence
from datetime import date

import numpy as np

from clvbayes.data import Ledger
from clvbayes.inference.certificate import CheckResult
from clvbayes.report.blocks import Block, Cell, Column, ColumnKind, Heading, Interval, Note, Prose, Quantity, Section, Table
from clvbayes.report.evidence import Evidence, Floats, currency_of, draws_of, results_by_source
from clvbayes.report.language import translated, words
from clvbayes.report.numbers import count, decimal, money, money_format, plain, share, show

__all__ = ["certificate", "checks_section", "forecast", "ledger", "reproduction"]

AMOUNT = re.compile(r"\d[\d,]*\.\d\d(?=\)| in all)")
COMPONENTS = ("orders", "revenue", "returned", "cost", "contribution", "value")
WHERE_ANY = ("returned", "cost")  # components that are shown where there are any


def forecast(evidence: Evidence) -> Section:
    """Orders and money by fiscal period."""
    currency, periods = currency_of(evidence), evidence.valuation.periods
    draws = {name: draws_of(evidence, name) for name in COMPONENTS}
    draws = {name: found for name, found in draws.items() if name not in WHERE_ANY or found.any()}
    means = {name: found.mean(axis=0) for name, found in draws.items()}
    bands = [_band(draws["value"][:, place]) for place in range(len(periods))]
    whole = _band(draws["value"].sum(axis=1))
    scale, digits = money_format([*means["revenue"], *means["value"]])
    edges: ColumnKind = "text" if periods[0].first_day is None else "date"
    columns = (
        Column(words.COLUMN_PERIOD),
        Column(words.COLUMN_FROM, edges),
        Column(words.COLUMN_TO, edges),
        Column(words.COLUMN_ORDERS, "number", digits=count(float(means["orders"].max())).digits),
        *(Column(words.COMPONENT_COLUMNS[name], "number", unit=currency, scale=scale, digits=digits) for name in draws if name != "orders"),
        Column(words.COLUMN_BAND_VALUE, "interval", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_LOW, "number", unit=currency, scale=scale, digits=digits),
        Column(words.COLUMN_HIGH, "number", unit=currency, scale=scale, digits=digits),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            translated(period.label),
            _edge(period.first_day, period.start),
            _edge(period.last_day, period.end),
            *(float(means[name][place]) for name in draws),
            band,
            band.low,
            band.high,
        )
        for place, (period, band) in enumerate(zip(periods, bands, strict=True))
    )
    foot: tuple[Cell, ...] = (
        words.WHOLE_HORIZON,
        _edge(periods[0].first_day, periods[0].start),
        _edge(periods[-1].last_day, periods[-1].end),
        *(float(means[name].sum()) for name in draws),
        "",
        whole.low,
        whole.high,
    )
    table = Table(words.FORECAST_TABLE, columns, rows, _forecast_finding(evidence, means["value"]), foot)
    return Section(words.FORECAST, (table, *_beyond(evidence), Note(words.FORECAST_NOTE)))


def _beyond(evidence: Evidence) -> tuple[Prose, ...]:
    """What lies beyond the horizon."""
    valuation = evidence.valuation
    if not np.isfinite(valuation.beyond_horizon):
        return ()
    beyond, horizon = show(share(valuation.beyond_horizon)), plain(valuation.economics.horizon)
    return (Prose(words.BEYOND_HORIZON.format(share=beyond, horizon=horizon)),)


def _edge(edge: date | None, years: float) -> str | date:
    return words.YEARS_AHEAD.format(years=decimal(years, 2)) if edge is None else edge


def _band(draws: Floats) -> Interval:
    low, inner_low, inner_high, high = (float(end) for end in np.quantile(draws, [0.05, 0.25, 0.75, 0.95]))
    return Interval(low, float(draws.mean()), high, (inner_low, inner_high))


def _forecast_finding(evidence: Evidence, means: Floats) -> str:
    periods = evidence.valuation.periods
    if means.sum() <= 0:
        return words.FORECAST_FINDING_NONE.format(periods=len(periods))
    place = int(np.searchsorted(np.cumsum(means) / means.sum(), 0.5 - 1e-12))
    return words.FORECAST_FINDING.format(period=translated(periods[place].label), place=place + 1, periods=len(periods))


def certificate(evidence: Evidence) -> Section:
    """Every check of both fits and of the valuation."""
    return checks_section(results_by_source(evidence))


def checks_section(results: Sequence[tuple[str, CheckResult]]) -> Section:
    """Checks, each with the title of what was checked (empty for the valuation)."""
    failed, notes = (sum(result.status == status for _, result in results) for status in ("failed", "note"))
    template = words.CERTIFICATE_FINDING_FAILED if failed else words.CERTIFICATE_FINDING_OK
    told = {"failed": failed, "checks": len(results), "holding": len(results) - failed - notes, "notes": notes}
    columns = (
        Column(words.COLUMN_OF),
        Column(words.COLUMN_CHECK),
        Column(words.COLUMN_STATUS, "status"),
        Column(words.COLUMN_FOUND),
        Column(words.COLUMN_ADVICE),
    )
    rows = tuple(
        (
            translated(source) or words.VALUATION,
            translated(result.check),
            result.status,
            translated(result.message),
            translated(result.advice),
        )
        for source, result in results
    )
    return Section(
        words.CERTIFICATE,
        (Table(words.CERTIFICATE_TABLE, columns, rows, template.format(**told)),),
    )


def ledger(evidence: Evidence) -> Section:
    """What became of every row of each source, in rows and in money."""
    accounts = [(words.LEDGER_TABLE, table.ledger) for table in (evidence.customers,) if table is not None and table.ledger is not None]
    if evidence.renewals is not None and evidence.renewals.ledger is not None:
        accounts.append((words.LEDGER_TABLE_CONTRACTS, evidence.renewals.ledger))
    if not accounts:
        return Section(words.LEDGER, (Prose(words.LEDGER_NONE_CONTRACTS if evidence.customers is None else words.LEDGER_NONE),))
    return Section(words.LEDGER, tuple(block for title, account in accounts for block in _ledger(title, account, currency_of(evidence))))


def _ledger(title: str, account: Ledger, currency: str) -> tuple[Block, ...]:
    columns = (
        Column(words.COLUMN_REASON),
        Column(words.COLUMN_ROWS, "number"),
        # Unscaled and to the cent: a reader must be able to add it up.
        Column(words.COLUMN_AMOUNT, "number", unit=currency, digits=2),
    )
    rows = (
        (words.LEDGER_READ, account.read.rows, float(account.read.amount)),
        *((words.LEDGER_LEFT.format(reason=translated(line.reason)), line.rows, float(line.amount)) for line in account.left_out),
    )
    left = account.read.rows - account.kept.rows
    finding = (words.LEDGER_FINDING if left else words.LEDGER_FINDING_WHOLE).format(
        rows=show(count(account.kept.rows)),
        read=show(count(account.read.rows)),
        kept=show(money(float(account.kept.amount), currency)),
        left=show(count(left)),
        amount=show(money(float(account.read.amount - account.kept.amount), currency)),
    )
    unvalued = words.LEDGER_FINDING_UNVALUED.format(share=show(share(account.share_not_valued)))
    foot = (words.LEDGER_KEPT, account.kept.rows, float(account.kept.amount))
    notes = tuple(Note(_remark(note, currency)) for note in account.notes)
    return (Table(title, columns, rows, f"{finding} {unvalued}", foot), *notes)


def _remark(note: str, currency: str) -> str:
    """A note of the ledger as a sentence, its amounts in their currency."""
    said = translated(note)
    for amount in AMOUNT.findall(note):
        value = float(amount.replace(",", ""))
        said = said.replace(decimal(value, 2), show(Quantity(value, unit=currency, digits=2)), 1)
    return f"{said[0].upper()}{said[1:]}{'' if said.endswith('.') else '.'}"


def reproduction(evidence: Evidence) -> Section:
    """Versions, seeds, hash and settings; then the limits of it all."""
    command = [(words.ITEM_COMMAND, words.COMMAND.format(file=evidence.settings_file))] if evidence.settings_file else []
    facts: list[tuple[Cell, ...]] = [
        *command,
        (words.ITEM_SOURCE, evidence.source),
        (words.ITEM_HASH, evidence.data_hash),
        (words.ITEM_SEED, str(evidence.seed)),
        *((words.ITEM_SEED_OF.format(title=translated(fit.model.title)), str(fit.seed)) for fit in evidence.fits),
        (words.ITEM_DRAWS, Quantity(float(evidence.valuation.total.sizes["draw"]))),
        *((words.ITEM_VERSION.format(package=package), version) for package, version in evidence.versions.items()),
    ]
    run = Table(words.RUN_TABLE, (Column(words.COLUMN_ITEM), Column(words.COLUMN_SETTING, "fact")), tuple(facts), words.RUN_FINDING)
    settings = tuple(
        (words.KEY.format(section=section, key=key), _setting(value))
        for section, entries in evidence.settings.items()
        for key, value in entries.items()
    )
    file: Block = Prose(words.SETTINGS_NONE)
    if settings:
        file = Table(words.SETTINGS_TABLE, (Column(words.COLUMN_KEY), Column(words.COLUMN_SETTING)), settings)
    return Section(words.REPRODUCTION, (run, file, Heading(words.LIMITS), Prose(words.LIMITS_TEXT)))


def _setting(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
