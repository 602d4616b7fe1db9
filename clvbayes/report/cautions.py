"""What a reader must know before using the numbers, in small print below them; each caution is computed, and said only where it holds."""

from clvbayes.data import DAYS_PER_UNIT
from clvbayes.report.blocks import Note
from clvbayes.report.evidence import Evidence, currency_of, returned
from clvbayes.report.language import day, words
from clvbayes.report.numbers import count, decimal, money, plain, share, show
from clvbayes.report.outlook import outlook
from clvbayes.report.spread_section import learned, learned_of_contracts, missed_of
from clvbayes.valuation.usable import LEAST_DAYS

__all__ = ["cautions"]

FIRST_DAYS = 30
CROWDED = 2.5  # times as many first orders in the first days as in later ones; a young base that grows has fewer
NOTABLE_FREE = 0.01
LONG_SILENCE = 14  # days
UNUSUAL = 10  # times the mean distance of orders
PERIODS_PER_YEAR = {"quarter": 4, "month": 12}


def cautions(evidence: Evidence) -> tuple[Note, ...]:
    """The cautions that hold, in the order of their weight."""
    if evidence.customers is None:
        return (Note(_contracts(evidence)),)
    said = (
        _bands(evidence),
        _contracts(evidence),
        _silence(evidence),
        _returns(evidence),
        _horizon(evidence),
        _ungraded(evidence),
        _growth(evidence),
        _free_orders(evidence),
        _truncation(evidence),
    )
    return tuple(Note(text) for text in said if text)


def _contracts(evidence: Evidence) -> str:
    if evidence.contracts is None:
        return ""
    learned_of_them, graded = learned_of_contracts(evidence), evidence.contracts_backtest is not None
    if learned_of_them:
        return words.CAUTION_BANDS_CONTRACTS_WIDENED.format(learned=learned_of_them) + (words.CAUTION_CONTRACTS_GRADED if graded else "")
    return words.CAUTION_BANDS_CONTRACTS + (words.CAUTION_CONTRACTS_GRADED if graded else words.CAUTION_CONTRACTS_NOT_GRADED)


def _bands(evidence: Evidence) -> str:
    season = words.CAUTION_BANDS_SEASON if evidence.seasonal else ""
    if missed_of(evidence, "orders") is None:
        told = words.CAUTION_BANDS.format(season=season)
    else:
        told = words.CAUTION_BANDS_WIDENED.format(season=season, learned=learned(evidence)) + _short(evidence)
    return told + ("" if evidence.backtest else words.CAUTION_NO_BACKTEST)


def _short(evidence: Evidence) -> str:
    """Why a season of a short history is not used by itself."""
    days = float(evidence.orders.statistics["T"].max()) * DAYS_PER_UNIT[evidence.orders.unit]
    months = int(days / DAYS_PER_UNIT["month"])
    return words.CAUTION_SHORT.format(months=months) if evidence.seasonal and days < LEAST_DAYS else ""


def _silence(evidence: Evidence) -> str:
    """Days without any order before the valuation date, where they are many beside the usual distance of orders."""
    customers = evidence.orders
    if customers.last_order is None or customers.until is None:
        return ""
    days = (customers.until - customers.last_order).days
    observed = float(customers.statistics["T"].max()) * DAYS_PER_UNIT[customers.unit] - days
    orders = len(customers) + float(customers.statistics["frequency"].sum())
    if days < LONG_SILENCE or days < UNUSUAL * observed / orders:
        return ""
    return words.CAUTION_SILENCE.format(last=day(customers.last_order), days=show(count(days)), until=day(customers.until))


def _returns(evidence: Evidence) -> str:
    if evidence.returns is not None:
        return ""
    amount, part = returned(evidence)
    return words.CAUTION_RETURNS.format(amount=show(money(amount, currency_of(evidence))), share=show(share(part))) if amount > 0 else ""


def _horizon(evidence: Evidence) -> str:
    """The oldest customer's age tells how long the data are."""
    oldest = float(evidence.orders.statistics["T"].max())
    history = oldest * DAYS_PER_UNIT[evidence.orders.unit] / DAYS_PER_UNIT["year"]
    horizon = evidence.valuation.economics.horizon
    return words.CAUTION_HORIZON.format(horizon=plain(horizon), history=decimal(history, 1)) if horizon > history + 0.05 else ""


def _ungraded(evidence: Evidence) -> str:
    """How much of the horizon no past forecast reached."""
    horizon = evidence.valuation.economics.horizon
    if evidence.backtest is None:
        return ""
    weeks = int(evidence.backtest.total()["weeks"].max())
    return words.CAUTION_UNGRADED.format(weeks=weeks, horizon=plain(horizon)) if 52 * horizon > weeks else ""


def _growth(evidence: Evidence) -> str:
    """Whether existing customers are to bring more than all customers have brought."""
    seen, currency = outlook(evidence), currency_of(evidence)
    periods = min(
        PERIODS_PER_YEAR[evidence.valuation.economics.period], len(seen.periods), *(len(line.amounts) for line in seen.history[:1])
    )
    if not seen.history or not periods:
        return ""
    past, ahead = sum(seen.history[0].amounts[-periods:]), float(seen.draws[:, :periods].sum(axis=1).mean())
    if ahead <= past:
        return ""
    template = words.CAUTION_GROWTH[evidence.valuation.economics.period]
    return template.format(ahead=show(money(ahead, currency)), past=show(money(past, currency)), periods=periods)


def _free_orders(evidence: Evidence) -> str:
    statistics, returns = evidence.orders.statistics, evidence.orders.returns
    paid = float(statistics["spend_count"].sum()) + (0.0 if returns is None else float(returns["cancelled"].sum()))
    free = 1 - paid / max(float(statistics["frequency"].sum()), 1.0)
    return words.CAUTION_FREE.format(share=show(share(free))) if free > NOTABLE_FREE else ""


def _truncation(evidence: Evidence) -> str:
    """Suspiciously many first orders in the first days of the data: customers who are older than the data."""
    first_orders = evidence.orders.statistics["t0"]
    if first_orders.isna().any():
        return ""
    age = (first_orders - first_orders.min()).dt.days
    later_days = float(age.max()) + 1 - FIRST_DAYS
    early = int((age < FIRST_DAYS).sum())
    if later_days < FIRST_DAYS or early <= CROWDED * (len(age) - early) / later_days * FIRST_DAYS:
        return ""
    return words.CAUTION_TRUNCATED.format(early=show(count(early)), customers=show(count(len(age))), days=FIRST_DAYS)
