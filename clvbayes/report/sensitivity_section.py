"""What the value would be under other assumptions, one at a time: discount rate, margin, horizon, how customers behave, another model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from clvbayes.report.blocks import Block, Column, Figure, Interval, Note, Prose, Section, Table
from clvbayes.report.evidence import Evidence, Floats, currency_of, draws_of
from clvbayes.report.language import translated, words
from clvbayes.report.numbers import money_alike, money_format, plain, share, show, signed_share
from clvbayes.report.risk_figures import Swing, tornado
from clvbayes.valuation import Economics

__all__ = ["Scenario", "scenarios", "sensitivity_section"]

POINT, STEP = 0.01, 0.1
LEVER_STEPS = (0.75, 0.9, 1.1, 1.25)
FACTOR_OF = {"churn": "churn", "rate": "frequency", "spend": "spend"}
YEARS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30, 40)


@dataclass(frozen=True)
class Scenario:
    """The value with one assumption moved.

    Attributes
    ----------
    factor : str
        The assumption; empty for one that is not drawn.
    moved : {"low", "high", "changed"}
    label : str
    value : ndarray of shape (draws,)
    weights : ndarray of shape (draws,) or None
        Of the draws, adding up to one; all alike where it is None.
    """

    factor: str
    moved: Literal["low", "high", "changed"]
    label: str
    value: Floats
    weights: Floats | None = None

    @property
    def mean(self) -> float:
        """Expected value."""
        return float(np.average(self.value, weights=self.weights))

    @property
    def band(self) -> Interval:
        """Mean, 50 % and 90 % band."""
        ends = [0.05, 0.25, 0.75, 0.95]
        quantiles = (
            np.quantile(self.value, ends)
            if self.weights is None
            else np.quantile(self.value, ends, weights=self.weights, method="inverted_cdf")
        )
        low, inner_low, inner_high, high = (float(end) for end in quantiles)
        return Interval(low, self.mean, high, (inner_low, inner_high))


def sensitivity_section(evidence: Evidence) -> Section:
    """A tornado chart, the table behind it, and what could not be varied."""
    value, found = draws_of(evidence, "value").sum(axis=1), scenarios(evidence)
    drawn = any(scenario.factor for scenario in found)
    blocks: list[Block] = [_figure(evidence, value, found)] if drawn else []
    blocks += [_table(evidence, value, found), *map(Prose, _said(evidence))]
    return Section(words.SENSITIVITY, (*blocks, Note(words.SENSITIVITY_NOTE)))


def scenarios(evidence: Evidence) -> tuple[Scenario, ...]:
    """All that the evidence can be asked without another simulation."""
    economic = (*_rates(evidence), *_margins(evidence), *_horizons(evidence))
    return (*economic, *_levers(evidence), *_wider(evidence), *_alternative(evidence))


def _rates(evidence: Evidence) -> list[Scenario]:
    """The discount rate a point lower and higher, where it stays a rate."""
    economics, value = evidence.valuation.economics, draws_of(evidence, "value")
    middles = np.array([(period.start + period.end) / 2 for period in evidence.valuation.periods])
    found = []
    for points in (-POINT, POINT):
        rates = [rate + points for rate in economics.rates]
        if min(rates) < -1e-12 or max(rates) >= 1:
            continue
        moved = replace(economics, discount_rate={year + 1: max(rate, 0.0) for year, rate in enumerate(rates)})
        ratio = moved.discount_factor(middles) / economics.discount_factor(middles)
        label = words.SCENARIO_RATE.format(points=("+" if points > 0 else "") + plain(100 * points))
        found.append(Scenario("rate", "high" if points > 0 else "low", label, value @ ratio))
    return found


def _margins(evidence: Evidence) -> list[Scenario]:
    """What is kept brings a tenth less and more, where no margin goes beyond all of it; costs stay."""
    economics = evidence.valuation.economics
    value, contribution, cost = (draws_of(evidence, name) for name in ("value", "contribution", "cost"))
    middles = np.array([(period.start + period.end) / 2 for period in evidence.valuation.periods])
    earned = contribution.mean(axis=0)
    factor = np.where(earned > 0, value.mean(axis=0) / np.where(earned > 0, earned, 1.0), economics.discount_factor(middles))
    kept = (contribution + cost) @ factor
    return [
        Scenario(
            "margin",
            "high" if step > 0 else "low",
            words.SCENARIO_MARGIN.format(change=signed_share(step)),
            value.sum(axis=1) + step * kept,
        )
        for step in (-STEP, STEP)
        if _largest_margin(economics) * (1 + step) <= 1 + 1e-12
    ]


def _largest_margin(economics: Economics) -> float:
    if not isinstance(economics.margin, Mapping):
        return economics.margin
    [by_level] = economics.margin.values()
    return max(by_level.values())


def _horizons(evidence: Evidence) -> list[Scenario]:
    """Whole years within the horizon; drawn is the one a year shorter."""
    horizon = evidence.valuation.economics.horizon
    years = {float(year) for year in YEARS if year < horizon - 1e-9} | ({horizon - 1} if horizon > 1 + 1e-9 else set())
    return [
        Scenario("horizon" if year == horizon - 1 else "", "low", _horizon_label(year), value_within(evidence, year))
        for year in sorted(years)
    ]


def _horizon_label(years: float) -> str:
    return words.SCENARIO_HORIZON_ONE if years == 1 else words.SCENARIO_HORIZON.format(years=plain(years))


def value_within(evidence: Evidence, years: float) -> Floats:
    """Draws of the value of the years next to come; of a period in which they end, its part of the time."""
    inside = [np.clip((years - period.start) / (period.end - period.start), 0.0, 1.0) for period in evidence.valuation.periods]
    value: Floats = draws_of(evidence, "value") @ np.array(inside)
    return value


def _levers(evidence: Evidence) -> list[Scenario]:
    """How customers behave, in those ways that were simulated; drawn is a tenth less and more."""
    if "" not in evidence.valuation.levers:
        return []
    moved = evidence.valuation.levers[""].isel(level=0)
    found = []
    for lever in map(str, moved["lever"].to_numpy()):
        for size in LEVER_STEPS:
            label = words.SCENARIO_LEVERS[lever].format(change=signed_share(size - 1))
            value = moved.sel(lever=lever, size=size).to_numpy().astype(float)
            drawn = FACTOR_OF[lever] if abs(size - 1) < STEP + 0.01 else ""
            found.append(Scenario(drawn, "high" if size > 1 else "low", label, value))
    return found


def _wider(evidence: Evidence) -> list[Scenario]:
    """Priors twice as wide, where the draws reach so far."""
    weighing = evidence.wider_priors
    if weighing is None or weighing.k_hat >= weighing.k_hat_limit:
        return []
    value, weights = draws_of(evidence, "value").sum(axis=1), np.exp(weighing.log_weights)
    return [Scenario("priors", "changed", words.SCENARIO_PRIORS, value, weights / weights.sum())]


def _alternative(evidence: Evidence) -> list[Scenario]:
    other = evidence.alternative
    if other is None:
        return []
    value = other.valuation.total.sel(component="value").sum("period").to_numpy().astype(float)
    return [Scenario("alternative", "changed", words.SCENARIO_ALTERNATIVE.format(title=translated(other.title)), value)]


def _figure(evidence: Evidence, value: Floats, found: tuple[Scenario, ...]) -> Figure:
    """Factors by their swing, the largest first."""
    currency, mean = currency_of(evidence), float(value.mean())
    means: dict[str, dict[str, float]] = {}
    for scenario in found:
        if scenario.factor:
            means.setdefault(scenario.factor, {})[scenario.moved] = scenario.mean
    title = "" if evidence.alternative is None else translated(evidence.alternative.title)
    swings = [Swing(words.FACTORS[factor].format(title=title), **ends) for factor, ends in means.items()]
    swings.sort(key=lambda swing: -_span(swing, mean))
    low, high = (float(end) for end in np.quantile(value, [0.05, 0.95]))
    finding = words.SENSITIVITY_FINDING_NONE
    if mean > 0:
        ends = (*swings[0].ends, mean)
        least, most = (show(amount) for amount in money_alike((min(ends), max(ends)), currency))
        span = show(share(_span(swings[0], mean) / mean))
        finding = words.SENSITIVITY_FINDING.format(factor=swings[0].label, low=least, high=most, span=span)
    picture = tornado(swings, mean, (low, high), currency=currency)
    return Figure(words.SENSITIVITY_FIGURE, words.SENSITIVITY_ALT.format(finding=finding), picture, finding, words.SENSITIVITY_CAPTION)


def _span(swing: Swing, mean: float) -> float:
    ends = (*swing.ends, mean)
    return max(ends) - min(ends)


def _table(evidence: Evidence, value: Floats, found: tuple[Scenario, ...]) -> Table:
    currency, mean = currency_of(evidence), float(value.mean())
    told = (Scenario("", "changed", words.SCENARIO_AS_IT_IS, value), *found)
    bands = [scenario.band for scenario in told]
    changes = [band.middle / mean - 1 if mean > 0 else 0.0 for band in bands]
    scale, digits = money_format([band.middle for band in bands])

    def amount(name: str) -> Column:
        return Column(name, "number", unit=currency, scale=scale, digits=digits)

    columns = (
        Column(words.COLUMN_SCENARIO),
        Column(words.COLUMN_BAND_VALUE, "interval", unit=currency, scale=scale, digits=digits),
        amount(words.COLUMN_SCENARIO_VALUE),
        amount(words.COLUMN_LOW),
        amount(words.COLUMN_HIGH),
        amount(words.COLUMN_CHANGE),
        Column(words.COLUMN_CHANGE_SHARE, "share", digits=1),
    )
    rows = tuple(
        (scenario.label, band, band.middle, band.low, band.high, band.middle - mean, change)
        for scenario, band, change in zip(told, bands, changes, strict=True)
    )
    finding = words.SENSITIVITY_FINDING_NONE
    if mean > 0 and found:
        middles = [band.middle for band in bands]
        worst, best = int(np.argmin(middles)), int(np.argmax(middles))
        low, high = (show(amount) for amount in money_alike((middles[worst], middles[best]), currency))
        finding = words.SENSITIVITY_TABLE_FINDING.format(low=low, worst=told[worst].label, high=high, best=told[best].label)
    return Table(words.SENSITIVITY_TABLE, columns, rows, finding, sortable=True)


def _said(evidence: Evidence) -> list[str]:
    """How the value lies over the years, and what is missing."""
    valuation, said = evidence.valuation, []
    whole, horizon = float(draws_of(evidence, "value").sum(axis=1).mean()), valuation.economics.horizon
    if whole > 0 and horizon > 1:
        told = {"horizon": plain(horizon), "first": show(share(float(value_within(evidence, 1.0).mean()) / whole))}
        known = bool(np.isfinite(valuation.beyond_horizon))
        template = words.HORIZON_SAYS_BEYOND if known else words.HORIZON_SAYS
        said.append(template.format(**told, beyond=show(share(valuation.beyond_horizon)) if known else ""))
    simulated = set(map(str, valuation.levers[""]["lever"].to_numpy())) if "" in valuation.levers else set()
    if missing := [words.LEVERS_MISSING[lever] for lever in FACTOR_OF if lever not in simulated]:
        said.append(words.NO_LEVERS.format(levers=words.LIST.join(missing)))
    if evidence.wider_priors is None:
        said.append(words.NO_WIDER_PRIORS)
    elif not _wider(evidence):
        said.append(words.WIDER_PRIORS_NOT_REACHED)
    return said if evidence.alternative is not None else [*said, words.NO_ALTERNATIVE]
