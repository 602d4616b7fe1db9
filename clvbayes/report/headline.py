"""The first page: whether the numbers may be used, then the numbers."""

from clvbayes.report.backtest_sections import backtest_verdict
from clvbayes.report.blocks import Block, Card, Finding, Headline, Section
from clvbayes.report.cautions import cautions
from clvbayes.report.evidence import Evidence, concentration, currency_of, draws_of, failed_checks, results_by_source
from clvbayes.report.language import translated, words
from clvbayes.report.numbers import count, money, money_band, share, show, show_range
from clvbayes.report.plan_section import plan_findings

__all__ = ["headline", "value_cards"]


def headline(evidence: Evidence) -> Section:
    """Failed checks in red, first; then the cards; then what a reader must know before using them."""
    tested = () if evidence.backtest is None else (backtest_verdict(evidence.backtest),)
    blocks: tuple[Block, ...] = (
        *_verdict(evidence),
        *tested,
        *plan_findings(evidence),
        Headline((*value_cards(evidence), _unvalued(evidence))),
        *cautions(evidence),
    )
    return Section(words.HEADLINE, blocks)


def value_cards(evidence: Evidence) -> tuple[Card, ...]:
    """What the customers are worth, and how that lies with them."""
    return _equity(evidence), _band(evidence), _each(evidence), _active(evidence), _top(evidence)


def _verdict(evidence: Evidence) -> tuple[Finding, ...]:
    results, failed = results_by_source(evidence), failed_checks(evidence)
    notes = sum(result.status == "note" for _, result in results)
    if not failed:
        template = words.PASSED_WITH_NOTES if notes else words.PASSED
        return (Finding("ok", template.format(checks=len(results), holding=len(results) - notes, notes=notes)),)
    each = tuple(
        Finding(
            "failed",
            words.FAILED_ONE.format(
                source=translated(source) or words.VALUATION, check=translated(result.check), message=translated(result.message)
            ),
            translated(result.advice),
        )
        for source, result in failed
    )
    return (Finding("failed", words.FAILED.format(failed=len(failed), checks=len(results))), *each)


def _equity(evidence: Evidence) -> Card:
    mean, low, high = money_band(draws_of(evidence, "value").sum(axis=1), currency_of(evidence))
    return Card(words.CARD_EQUITY, (mean,), words.CARD_EQUITY_NOTE.format(band=show_range(low, high)))


def _band(evidence: Evidence) -> Card:
    _, low, high = money_band(draws_of(evidence, "value").sum(axis=1), currency_of(evidence))
    return Card(words.CARD_BAND, (low, high), words.CARD_BAND_NOTE)


def _each(evidence: Evidence) -> Card:
    mean, low, high = money_band(draws_of(evidence, "value").sum(axis=1) / len(evidence.valuation.customers), currency_of(evidence))
    return Card(words.CARD_EACH, (mean,), words.CARD_EACH_NOTE.format(band=show_range(low, high)))


def _active(evidence: Evidence) -> Card:
    active = float(evidence.valuation.customers["p_alive"].sum())
    return Card(
        words.CARD_ACTIVE, (count(active),), words.CARD_ACTIVE_NOTE.format(customers=show(count(len(evidence.valuation.customers))))
    )


def _top(evidence: Evidence) -> Card:
    held = concentration(evidence)
    template = {0: words.CARD_TOP_NOTE_NONE, 1: words.CARD_TOP_NOTE_ONE}.get(held.half, words.CARD_TOP_NOTE)
    top, customers, half = (show(count(number)) for number in (held.sizes[0], len(evidence.valuation.customers), held.half))
    return Card(words.CARD_TOP, (share(held.groups[0]),), template.format(top=top, customers=customers, half=half))


def _unvalued(evidence: Evidence) -> Card:
    table = evidence.renewals if evidence.customers is None else evidence.customers
    ledger = None if table is None else table.ledger
    if ledger is None:
        return Card(words.CARD_UNVALUED, words.CARD_UNVALUED_UNKNOWN, words.CARD_UNVALUED_UNKNOWN_NOTE)
    amount = show(money(float(ledger.without_customer.amount), currency_of(evidence)))
    return Card(words.CARD_UNVALUED, (share(ledger.share_not_valued),), words.CARD_UNVALUED_NOTE.format(amount=amount))
