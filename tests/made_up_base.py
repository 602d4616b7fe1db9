"""A made-up base whose draws are plain arrays: nothing is sampled, and every figure can be recomputed by a test."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import xarray as xr

from clvbayes.data.customers import HISTORY, Customers
from clvbayes.data.ledger import Ledger, LedgerLine
from clvbayes.inference.certificate import Certificate, CheckResult, Compression
from clvbayes.models.clock import STEADY, Clock
from clvbayes.report import Evidence
from clvbayes.valuation.economics import Economics, fiscal_periods
from clvbayes.valuation.levers import LEVER_SIZES
from clvbayes.valuation.valuation import COMPONENTS, MOMENTS, NEVER, Acquisition, Valuation

HOSTILE = ("<script>alert(1)</script>", "=1+1", '"><img src=x onerror=alert(2)>', "a & b")
HOSTILE_COLUMN = 'x"; drop table t'
UNTIL = date(2026, 11, 15)


@dataclass(frozen=True)
class MadeUpModel:
    name: str
    title: str
    kind: str
    options: dict[str, object] = field(default_factory=dict)
    clock: Clock = STEADY


@dataclass(frozen=True)
class MadeUpPriors:
    coordinates: tuple[str, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True)
class MadeUpFit:
    model: MadeUpModel
    priors: MadeUpPriors
    certificate: Certificate
    pool: tuple[str, ...] = ("industry",)
    customers: int = 400
    rows: int = 231
    seed: int = 11


@dataclass(frozen=True)
class Base:
    """What a made-up base is like."""

    customers: int = 400
    draws: int = 300
    levels: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "industry": ("Retail", "Wholesale", "Manufacturing", "Health", "Public sector", "Logistics", "Hotels", "Ships", "Mills"),
            "channel": ("Search", "Fair", "Partner", "Telephone"),
        }
    )
    # Customers in the last levels of the first column, from the end.
    small: tuple[int, ...] = (3, 4)
    whales: int = 0
    failed: bool = False
    crowded: int = 0
    weeks: float = 160.0
    until: date | None = UNTIL
    ledger: bool = True
    period: str = "quarter"
    fiscal_year_start: int = 1
    currency: str | None = "EUR"
    horizon: float = 3.0
    history_months: int = 47
    customer_ids: str = "none"
    size: float = 1.0
    returns: bool = True
    newcomers: bool = True
    acquisition_cost: float | None = 120.0
    levers: tuple[str, ...] = ()
    # Past forecasts whose end has come, of which something was learned; None where nothing was to be.
    errors: int | None = None


def evidence_of_errors(errors: int | None) -> pd.DataFrame:
    if errors is None:
        return pd.DataFrame()
    known = {
        "origins": errors // 2,
        "errors": errors,
        "independent": errors // 2,
        "mean": -0.06,
        "sd": 0.08,
        "growth": -0.1,
        "between_sd": 0.0,
        "prior_sd": 0.1,
    }
    return pd.DataFrame([{"what": what, **known} for what in ("orders", "amount")])


def checks(title: str, *, failed: bool) -> Certificate:
    worst = CheckResult(
        "divergences", "failed", "14 of 4,000 draws diverged (limit 0)", "Raise target_accept to 0.95, or pool fewer columns."
    )
    results = (
        CheckResult("R-hat", "ok", "largest 1.003, at log m of Hotels (limit 1.01)"),
        CheckResult("effective sample size", "ok", "smallest 1,204, at log kappa (at least 400)"),
        worst if failed else CheckResult("divergences", "ok", "none in 4,000 draws"),
        CheckResult("contraction", "note", "log kappa is prior-driven (.21, limit .30)", "Say so where lifetimes are used."),
    )
    return Certificate(title, Compression(customers=1000, exact_rows=900, rows=900, exact_passes=60), results)


def segments_of(base: Base, rng: np.random.Generator) -> pd.DataFrame:
    columns = {}
    for place, (column, levels) in enumerate(base.levels.items()):
        small = base.small if place == 0 else ()
        names = [name for name, count in zip(reversed(levels), small, strict=False) for _ in range(count)]
        large = levels[: len(levels) - len(small)]
        names += [large[draw] for draw in rng.integers(0, len(large), base.customers - len(names))]
        columns[column] = rng.permutation(np.array(names, dtype=object))
    return pd.DataFrame(columns, dtype=str) if columns else pd.DataFrame(index=range(base.customers))


def history_of(base: Base, rng: np.random.Generator, monthly: float) -> pd.DataFrame:
    empty = pd.DataFrame(columns=list(HISTORY))
    if base.until is None or not base.history_months:
        return empty
    months = pd.date_range(end=pd.Timestamp(base.until).replace(day=1), periods=base.history_months, freq="MS")
    rows = []
    for born, cohort in enumerate(months):
        for age, month in enumerate(months[born:]):
            revenue = monthly * 0.13 * np.exp(-0.05 * age) * rng.gamma(20, 1 / 20) * (2.2 if age == 0 else 1)
            orders = max(1, int(revenue / 500))
            rows.append((cohort, month, orders, round(revenue, 2), *(min(orders, most) for most in (4, 3, 2))))
    return pd.DataFrame(rows, columns=list(empty.columns))


def ledger_of(history: pd.DataFrame) -> Ledger:
    kept = LedgerLine("kept", 5120, Decimal(str(round(float(history["revenue"].sum()), 2))) if len(history) else Decimal("4812345.67"))
    nobody = LedgerLine("no customer id", 88, round(kept.amount / 40, 2))
    left = (nobody, LedgerLine("return or credit note", 130, -round(kept.amount / 25, 2)), LedgerLine("no date", 2, Decimal("310.10")))
    read = LedgerLine("read", kept.rows + sum(line.rows for line in left), kept.amount + sum((line.amount for line in left), Decimal(0)))
    return Ledger(read, kept, left, nobody, ("17 lines, 1,234.50 in all, equal another line in every column",))


def first_orders_of(base: Base) -> pd.Series:
    """Won evenly over three years, but for `crowded` customers of the first day; unknown without a valuation date."""
    if base.until is None:
        return pd.Series(pd.NaT, range(base.customers), dtype="datetime64[s]")
    days = np.linspace(0, 1095, base.customers).round()
    days[: base.crowded] = 0
    return pd.Series(pd.Timestamp(base.until) - pd.to_timedelta(1100 - days, unit="D"))


def acquisition_of(base: Base, costs: bool, rng: np.random.Generator) -> Acquisition:
    """Newcomers of whom the first order is a third of the value, and a fifth never pays back."""
    newcomers, payback = {}, {}
    for column, names in {"": ["all customers"], **{name: sorted(levels) for name, levels in base.levels.items()}}.items():
        residual = rng.normal(200, 10, (base.draws, len(names)))
        moments = np.stack([1.5 * residual, 300.0**2 + 0 * residual, 0.5 * residual, residual], axis=-1)
        coords = {"level": names, "won_last_year": ("level", np.arange(len(names)) + 3)}
        coords |= {"acquisition_cost": ("level", np.full(len(names), base.acquisition_cost))} if costs else {}
        newcomers[column] = xr.DataArray(moments, dims=("draw", "level", "moment"), coords={**coords, "moment": list(MOMENTS)})
        if costs:
            shares = np.broadcast_to([0.5, 0.3, 0.2], (base.draws, len(names), 3))
            payback[column] = xr.DataArray(shares, dims=("draw", "level", "period"), coords={**coords, "period": ["1", "2", NEVER]})
    return Acquisition(newcomers, payback)


def levers_of(base: Base, value: np.ndarray) -> dict[str, xr.DataArray]:
    """Value of all customers with one lever moved: a tenth more of it makes 4 % less, 7 % more and 10 % more, each draw a little apart."""
    slopes = {"churn": -0.4, "rate": 0.7, "spend": 1.0}
    if not base.levers:
        return {}
    apart = np.linspace(0.9, 1.1, len(value))[:, None]
    moved = np.stack([value[:, None] * (1 + slopes[lever] * apart * (np.array(LEVER_SIZES) - 1)) for lever in base.levers], axis=1)
    coords = {"level": ["all customers"], "lever": list(base.levers), "size": list(LEVER_SIZES)}
    return {"": xr.DataArray(moved[:, None], dims=("draw", "level", "lever", "size"), coords=coords, attrs={"kind": "predictive"})}


def ordering_of(base: Base, economics: Economics, won: pd.Series) -> xr.DataArray | None:
    """Of each cohort four in ten order in the first quarter ahead, a twentieth fewer in every later one, give or take luck."""
    quarters = [period.first_day for period in fiscal_periods(replace(economics, period="quarter"), base.until) if period.complete]
    if base.until is None or not quarters:
        return None
    cohorts, customers = np.unique(won.dt.year - (won.dt.month < base.fiscal_year_start), return_counts=True)
    chance = 0.4 * 0.95 ** np.arange(len(quarters))
    counts = np.random.default_rng(8).binomial(customers[:, None], chance, (base.draws, len(cohorts), len(quarters)))
    coords = {"cohort": cohorts, "quarter": np.array(quarters, dtype="datetime64[s]"), "customers": ("cohort", customers)}
    return xr.DataArray(counts, dims=("draw", "cohort", "quarter"), coords=coords, name="ordering", attrs={"kind": "predictive"})


def make_evidence(base: Base) -> Evidence:
    rng = np.random.default_rng(7)
    n, economics = (
        base.customers,
        Economics(
            0.35,
            0.09,
            base.horizon,
            period=base.period,
            fiscal_year_start=base.fiscal_year_start,
            currency=base.currency,
            acquisition_cost=base.acquisition_cost,
        ),
    )
    periods, segments = fiscal_periods(economics, base.until), segments_of(base, rng)
    worth = base.size * rng.lognormal(8.0, 0.9, n)
    if base.whales:
        worth[: base.whales] = worth[base.whales :].sum() / base.whales * np.linspace(1.15, 0.9, base.whales)
    luck = rng.gamma(1.6, 1 / 1.6, (base.draws, n)) * rng.normal(1, 0.05, (base.draws, 1))
    revenue = luck * worth
    fade = np.array([(period.end - period.start) * np.exp(-0.35 * period.start) for period in periods])
    discount = np.array([economics.discount_factor((period.start + period.end) / 2) for period in periods])

    def cash(members: np.ndarray) -> np.ndarray:
        money = revenue[:, members].sum(axis=1)[:, None] * fade * rng.normal(1, 0.04, (base.draws, len(periods)))
        return np.stack([money / (400 * base.size), money, 0 * money, 0 * money, money * 0.35, money * 0.35 * discount], axis=-1)

    coords = {"period": [period.label for period in periods], "component": list(COMPONENTS)}
    arrays, total = {}, None
    for column in segments.columns:
        levels = sorted(segments[column].unique())
        if total is None:
            parts = [cash(np.flatnonzero(segments[column] == level)) for level in levels]
            total = np.sum(parts, axis=0)
        else:
            weights = np.array([worth[segments[column] == level].sum() / worth.sum() for level in levels])
            parts = [weight * total for weight in weights]
        arrays[column] = xr.DataArray(
            np.stack(parts, axis=1),
            dims=("draw", "level", "period", "component"),
            coords={**coords, "level": levels},
            attrs={"kind": "predictive"},
        )
    total = cash(np.arange(n)) if total is None else total
    value = revenue * (fade * discount).sum() * 0.35
    ids = [f"K{place:05d}" for place in range(n)]
    alive = rng.beta(3, 2, n)
    frame = pd.DataFrame(
        {"customer_id": ids, "p_alive": alive, "expected_orders": 6 * alive, "value_mean": value.mean(0), "value_sd": value.std(0)}
    )
    for name, level in (("value_5", 0.05), ("value_50", 0.5), ("value_95", 0.95)):
        frame[name] = np.quantile(value, level, axis=0)
    history = history_of(base, rng, revenue.mean(0).sum() / 12)
    if base.returns:
        frame["share_returned"] = rng.beta(0.3, 2.0, n)
    customers = Customers(
        statistics=pd.DataFrame(
            {
                "customer_id": ids,
                "t0": first_orders_of(base),
                "frequency": 2,
                "recency": base.weeks,
                "T": base.weeks,
                "first_amount": 0.25 * float(history["revenue"].sum()) / n,
                "spend_count": 2,
                "spend_sum": 0.7 * float(history["revenue"].sum()) / n,
            }
        ),
        segments=segments,
        unit="week",
        until=base.until,
        history=history,
        ledger=ledger_of(history) if base.ledger else None,
        currency=base.currency,
    )
    valuation = Valuation(
        cash=arrays,
        total=xr.DataArray(total, dims=("draw", "period", "component"), coords=coords, attrs={"kind": "predictive"}),
        customers=pd.concat([frame, segments], axis=1),
        economics=economics,
        periods=periods,
        checks=(CheckResult("simulation against closed form", "ok", "expected orders agree within 0.4 standard errors"),),
        spread=pd.DataFrame(
            [
                {"column": column, "level": level, "sd": 13.0, "process_sd": 3.0, "parameter_sd": 4.0, "systematic_sd": 12.0}
                for column, level in (
                    ("", "all customers"),
                    *((column, str(level)) for column, array in arrays.items() for level in array["level"].to_numpy()),
                )
            ]
        ),
        discrepancy=evidence_of_errors(base.errors),
        beyond_horizon=0.2,
        levers=levers_of(base, total[..., COMPONENTS.index("value")].sum(axis=1)),
        acquisition=acquisition_of(base, economics.acquisition_cost is not None, rng) if base.newcomers else Acquisition(),
        ordering=ordering_of(base, economics, customers.statistics["t0"]),
    )
    purchases = MadeUpFit(
        MadeUpModel("mbg_nbd", "MBG/NBD", "purchases"),
        MadeUpPriors(
            ("log m", "log r", "logit phi", "log kappa"), (-2.301, 0.0, -0.8, 1.099), (1.0, 0.75, 1.0, 0.75), (0.5, 0.25, 0.5, 0.25)
        ),
        checks("mbg_nbd", failed=base.failed),
    )
    spend = MadeUpFit(
        MadeUpModel("gamma_gamma", "Gamma-Gamma", "spend"),
        MadeUpPriors(("log M", "log CV_w", "log CV_b"), (5.9, -0.51, -0.51), (0.7, 0.4, 0.4), ()),
        checks("gamma_gamma", failed=False),
        pool=(),
    )
    returns = MadeUpFit(
        MadeUpModel("beta_binomial_returns", "Beta-binomial returns", "returns"),
        MadeUpPriors(("logit return", "logit part"), (-1.4, -1.8), (1.0, 1.0), ()),
        checks("beta_binomial_returns", failed=False),
        pool=(),
    )
    settings = {"data": {"orders": "orders.csv", "segments": list(base.levels)}, "economics": {"margin": 0.35, "discount_rate": 0.09}}
    versions = {"clvbayes": "0.1.0", "pymc": "6.4.0", "numpy": "2.5.5"}
    return Evidence(
        None,
        customers,
        purchases,
        spend,
        valuation,
        tuple(base.levels),
        base.customer_ids,
        "orders.csv",
        "sha256:5f1c0a",
        versions,
        1,
        settings,
        returns if base.returns else None,
    )


BASES = {
    "normal": Base(levers=("churn", "rate", "spend")),
    "few": Base(
        customers=60, whales=2, levels={"industry": ("Retail", "Wholesale", "Health", "Mills")}, small=(3,), customer_ids="plain", size=8.0
    ),
    "hostile": Base(customers=200, levels={HOSTILE_COLUMN: HOSTILE}, small=(), currency="<b>$x$</b>", customer_ids="plain"),
    "failed": Base(failed=True),
    "plain": Base(levels={}, small=(), returns=False, newcomers=False),
    "undated": Base(until=None, ledger=False, currency=None, returns=False, acquisition_cost=None),
    "five": Base(customers=5, levels={"industry": ("A", "B")}, small=(2,), customer_ids="hashed"),
    "fiscal": Base(fiscal_year_start=4, until=date(2026, 9, 30)),
    "monthly": Base(period="month", size=900.0),
    "short": Base(horizon=0.1, history_months=0),
}
