"""What the value rests on, and what it leaves out."""

from collections.abc import Callable, Mapping

from clvbayes.grading.contract_discrepancy import AMOUNT_MEAN_SD, AMOUNT_SCALE
from clvbayes.grading.past_errors import MEAN_SD, RIGHT, SPREAD_SCALE
from clvbayes.models.protocol import OF_RENEWALS
from clvbayes.report.blocks import Block, Cell, Column, Heading, Prose, Section, Table
from clvbayes.report.evidence import Evidence, FitRecord, currency_of, draws_of, returned
from clvbayes.report.language import translated, words
from clvbayes.report.numbers import count, decimal, money, plain, share, show
from clvbayes.report.spread_section import missed_of
from clvbayes.valuation import Economics
from clvbayes.valuation.economics import ByLevel

__all__ = ["assumptions", "discount_shown"]


def assumptions(evidence: Evidence) -> Section:
    """Economics, models, priors, and what is not in the value."""
    finding = words.ASSUMPTIONS_FINDING.format(factor=_share_that_counts(evidence))
    columns = (Column(words.COLUMN_ASSUMPTION), Column(words.COLUMN_SETTING, "fact"))
    blocks: tuple[Block, ...] = (
        Table(words.ASSUMPTIONS_TABLE, columns, (*_economics(evidence), *_models(evidence)), finding),
        *(_priors(fit) for fit in evidence.fits),
        *_priors_of_totals(evidence),
        Heading(words.NOT_IN_VALUE),
        Prose(words.NOT_NEWCOMERS),
        Prose(_returns(evidence)),
        Prose(words.NOT_COSTS if has_costs(evidence.valuation.economics) else words.NOT_COSTS_BEYOND_MARGIN),
        *(() if evidence.customers is None else (Prose(words.SEASON_INSIDE if evidence.seasonal else words.NOT_SEASONS),)),
        *(() if evidence.contracts is None else (Prose(words.CONTRACTS_PAY), Prose(_indexation(evidence)))),
    )
    return Section(words.ASSUMPTIONS, blocks)


def _indexation(evidence: Evidence) -> str:
    """What amounts of contracts do at renewals."""
    changes = None if evidence.contracts is None else evidence.contracts[1]
    if changes is None:
        return words.CONTRACTS_STAY if missed_of(evidence, "amount of contracts") is None else words.CONTRACTS_STAY_MOVED
    given = changes.model.options["indexation"]
    rates = dict(given) if isinstance(given, Mapping) else {"": given}
    told = words.LIST.join(
        words.INDEXATION_OF.format(year=year, rate=percent(float(str(rate)))) if year else percent(float(str(rate)))
        for year, rate in rates.items()
    )
    return words.CONTRACTS_CHANGE.format(rates=told, fade=plain(float(str(changes.model.options["fade"]))))


def _priors_of_totals(evidence: Evidence) -> tuple[Prose, ...]:
    """Of months, and of systematic errors."""
    spreads = {
        name: scale for fit in (evidence.purchases, *evidence.pooled) if fit is not None for name, scale, _ in fit.model.clock.spreads
    }
    told = []
    if spreads:
        each = (words.CLOCK_SPREADS[name].format(scale=decimal(scale, 2)) for name, scale in spreads.items())
        told.append(words.PRIORS_OF_CLOCKS.format(spreads=words.LIST.join(each)))
    of_errors = {"mean": decimal(MEAN_SD, 2), "sd": decimal(SPREAD_SCALE, 2), "right": decimal(RIGHT, 1)}
    if missed_of(evidence, "orders") is not None:
        told.append(words.PRIORS_OF_ERRORS.format(**of_errors))
    if missed_of(evidence, "contracts lost") is not None:
        of_amounts = {"amount_mean": decimal(AMOUNT_MEAN_SD, 2), "amount_sd": decimal(AMOUNT_SCALE, 2)}
        told.append(words.PRIORS_OF_CONTRACT_ERRORS.format(**of_errors, **of_amounts))
    return tuple(Prose(text) for text in told)


def has_costs(economics: Economics) -> bool:
    """Whether orders or service cost anything."""
    return any(not _is_zero(cost) for cost in (economics.order_cost, economics.service_cost, economics.return_cost))


def _is_zero(cost: ByLevel) -> bool:
    return not isinstance(cost, Mapping) and cost == 0


def _share_that_counts(evidence: Evidence) -> str:
    """Value per unit of expected revenue over the whole horizon."""
    value, revenue = (float(draws_of(evidence, name).sum(axis=1).mean()) for name in ("value", "revenue"))
    return decimal(value / revenue if revenue > 0 else 0.0, 3)


def discount_shown(economics: Economics) -> str:
    """The yearly rate, or those of a curve."""
    return words.LIST.join(percent(rate) for rate in economics.rates)


def percent(value: float) -> str:
    """A share with all of its digits."""
    return words.PERCENT.format(number=plain(100 * value))


def _by_level(given: ByLevel, written: Callable[[float], str]) -> str:
    if not isinstance(given, Mapping):
        return written(given)
    [(column, by_level)] = given.items()
    numbers = words.LIST.join(words.LEVEL_SETTING.format(level=level, number=written(number)) for level, number in by_level.items())
    return words.SETTING_BY_LEVEL.format(column=column, levels=numbers)


def _economics(evidence: Evidence) -> tuple[tuple[Cell, ...], ...]:
    economics, until = evidence.valuation.economics, evidence.until

    def amount(number: float) -> str:
        return " ".join(words.AMOUNT.format(unit=currency_of(evidence), number=plain(number), scale="").split())

    return (
        (words.FACT_MARGIN, _by_level(economics.margin, percent)),
        (words.FACT_ORDER_COST, _by_level(economics.order_cost, amount)),
        (words.FACT_SERVICE_COST, _by_level(economics.service_cost, amount)),
        (words.FACT_RETURN_COST, _by_level(economics.return_cost, amount)),
        (
            words.FACT_ACQUISITION_COST,
            words.FACT_NOT_GIVEN if economics.acquisition_cost is None else _by_level(economics.acquisition_cost, amount),
        ),
        (
            words.FACT_CONVERSION,
            words.FACT_NOT_GIVEN if economics.conversion is None else _by_level(economics.conversion, percent),
        ),
        (words.FACT_SPEND_GROWTH, percent(economics.spend_growth)),
        (words.FACT_RATE, discount_shown(economics)),
        (words.FACT_HORIZON, words.FACT_HORIZON_YEARS.format(years=plain(economics.horizon))),
        (words.FACT_PERIOD, words.FACT_PERIODS[economics.period].format(month=economics.fiscal_year_start)),
        (words.FACT_CURRENCY, currency_of(evidence) or words.FACT_CURRENCY_NONE),
        (words.FACT_DATE, until or words.FACT_DATE_NONE),
        *(() if evidence.customers is None else ((words.FACT_UNIT, words.FACT_UNITS[evidence.customers.unit]),)),
    )


def _models(evidence: Evidence) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    for fit in evidence.fits:
        label = words.FACT_KINDS[fit.model.kind]
        title = translated(fit.model.title)
        counted = words.FACT_FITTED_CONTRACTS if fit.model.kind in OF_RENEWALS else words.FACT_FITTED_VALUE
        fitted = counted.format(customers=show(count(fit.customers)), rows=show(count(fit.rows)))
        rows += [
            (label, words.FACT_MODEL.format(title=title, story=words.STORIES.get(fit.model.name, words.STORY_UNKNOWN))),
            (words.FACT_POOL.format(title=title), _pool(fit)),
            (words.FACT_FITTED.format(title=title), fitted),
        ]
    return tuple(rows)


def _pool(fit: FitRecord) -> str:
    if not fit.pool:
        return words.FACT_POOL_NONE
    names = [factor if isinstance(factor, str) else words.CROSSING.join(factor) for factor in fit.pool]
    return words.FACT_POOL_COLUMNS.format(columns=words.LIST.join(names))


def _priors(fit: FitRecord) -> Table:
    priors = fit.priors
    pooled = bool(fit.pool) and len(priors.scale) == len(priors.coordinates)
    columns = [
        Column(words.COLUMN_COORDINATE),
        Column(words.COLUMN_CENTRE, "number", digits=3),
        Column(words.COLUMN_SD, "number", digits=3),
    ]
    values: list[tuple[float, ...]] = [priors.mean, priors.sd]
    if pooled:
        columns.append(Column(words.COLUMN_POOL_SCALE, "number", digits=3))
        values.append(priors.scale)
    rows = tuple((name, *(float(value) for value in line)) for name, *line in zip(priors.coordinates, *values, strict=True))
    widest = max(range(len(priors.sd)), key=lambda place: priors.sd[place])
    finding = words.PRIORS_FINDING.format(coordinates=len(rows), widest=priors.coordinates[widest], sd=decimal(priors.sd[widest], 2))
    return Table(words.PRIORS_TABLE.format(title=translated(fit.model.title)), tuple(columns), rows, finding)


def _returns(evidence: Evidence) -> str:
    if evidence.customers is None:
        return words.NOT_RETURNS_CONTRACTS
    if evidence.returns is not None:
        return words.RETURNS_INSIDE
    if evidence.customers.ledger is None:
        return words.NOT_RETURNS_UNKNOWN
    amount, part = returned(evidence)
    if amount == 0:
        return words.NOT_RETURNS_NONE
    return words.NOT_RETURNS.format(amount=show(money(amount, currency_of(evidence))), share=show(share(part)))
