"""Simulation-based calibration and parameter recovery of every registered model.

    .venv/bin/python tests/benchmarks/calibration.py [--models mbg_nbd ...] [--fits 200] [--seed 1] [--write docs/calibration]

Each of the made-up bases, 200 customers in three segments, draws its parameters from frozen priors and its data from the model's own story;
`clv.fit` then fits it with the same priors. If both are right, the rank of the truth among the posterior's draws is uniform (Talts et al.
2018). Ranked are all parameters, the log-likelihood, and what the base is worth by closed forms: such quantities, which depend on the data,
find what parameters by themselves do not (Modrak et al. 2023). The distribution of ranks must lie within simultaneous bands (Saeilynoja et
al. 2022) that hold all of a model's statistics at once in 99 of 100 runs. The same fits tell how well parameters are recovered. It takes a
second or two a fit.

A purchase or spend model joins by being registered in `clvbayes.models`: a simulation of customers of whom nothing is known yet is its
story. What a returns model learns from is simulated here, what the models of contracts learn from in `calibration_contracts.py`. With a
season purchases are made in operational time and dated by the clock. A level that moves, whose fits take half a minute each, is not
calibrated.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import calibration_contracts as contracts
import matplotlib as mpl
import numpy as np
import pandas as pd
from arviz_stats.ecdf_utils import ecdf_pit
from scipy.stats import binomtest

import clvbayes as clv
from clvbayes.data import Customers, Renewals
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models import Priors
from clvbayes.models.clock import LEVEL, SEASON, SEASONAL
from clvbayes.models.hierarchy import Cells, all_coordinates, assign_cells
from clvbayes.models.pace import STEADY_PACE
from clvbayes.models.protocol import OF_RENEWALS, Batch, Futures
from clvbayes.models.purchasing import ContinuousPurchases
from clvbayes.models.streams import customer_keys

CUSTOMERS, SEGMENTS, LONGEST, YEAR = 200, (120, 60, 20), 156.0, 365.25 / 7
SEGMENT = np.repeat(["large", "middle", "small"], SEGMENTS)
UNTIL = date(2024, 12, 31)
RANKED = 99  # draws a fit
SIMULTANEOUS, BANDS_FROM = 0.99, 20_000
PURCHASES = np.array([np.log(0.06), 0.0, -0.8, np.log(3.0)])  # of MBG/NBD, for the models that are not of purchases


@dataclass(frozen=True)
class Registered:
    """A model with options, and the priors that truth and fit share."""

    label: str
    model: Any
    priors: Priors


def registered() -> list[Registered]:
    """Every model that `clvbayes.models` has, also with each option that it leaves off turned on, and frozen priors of a typical base."""
    found = []
    for name in (name for name in clv.models.__all__ if name != "Priors"):
        make = getattr(clv.models, name)
        plain = make()
        if plain.kind in OF_RENEWALS:
            found.append(Registered(name, plain, plain.priors(contracts.nobody_yet(SEGMENT))))
            continue
        choices = [plain, *(make(**{option: True}) for option, chosen in plain.options.items() if chosen is False)]
        for model in (model for model in choices if model.clock != LEVEL):
            options = "_".join(option for option, chosen in model.options.items() if chosen is True)
            found.append(Registered(f"{name}_{options}".strip("_"), model, model.priors(_typical())))
    return found


def _typical() -> Customers:
    """A base with 6 % orders a week, of 80 each, a tenth of which came back in part: it only centres the priors."""
    base = _nobody_yet()
    statistics = base.statistics.assign(frequency=3, recency=40.0, T=50.0, spend_count=3, spend_sum=240.0, spend_sum_log=3 * np.log(80.0))
    parts = pd.DataFrame({"trials": 4.0, "touched": 0.4, "parts": 0.4, "part_mean": 0.5}, index=statistics.index)
    return replace(base, statistics=statistics, returns=parts.assign(part_deviations=0.0, cancelled=0))


def _nobody_yet() -> Customers:
    """Customers of three segments with ages from one month to three years, nothing of whom is known."""
    ages = 4 + (LONGEST - 4) * (np.arange(CUSTOMERS) * 0.618034 % 1)
    zero = np.zeros(CUSTOMERS)
    names = ("first_amount", "spend_sum", "spend_sum_log", "spend_sum_log_squared")
    statistics = pd.DataFrame(
        {
            "customer_id": [f"C{k:03d}" for k in range(CUSTOMERS)],
            "t0": pd.Series(pd.NaT, range(CUSTOMERS), dtype="datetime64[s]"),
            "frequency": zero.astype(int),
            "recency": zero,
            "T": ages,
            "spend_count": zero.astype(int),
            **dict.fromkeys(names, zero),
        }
    )
    return Customers(statistics, pd.DataFrame({"segment": SEGMENT}), unit="week", until=UNTIL)


def truth(priors: Priors, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Population, scales and levels as the hierarchy has them; the last with dims (coordinate, level)."""
    population, scale = rng.normal(priors.mean, priors.sd), np.abs(rng.normal(0, priors.scale))
    return {
        "population": population,
        "scale": scale,
        "level": population[:, None] + scale[:, None] * rng.normal(size=(len(scale), len(SEGMENTS))),
        **true_season(rng),
    }


def true_season(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Effects of months that add up to zero, and their standard deviation, for a model with a season."""
    scale = np.abs(rng.normal(0, SEASON.scale))
    return {"season_scale": scale, "season": SEASONAL.basis @ (scale * rng.normal(size=SEASON.parts))}


def batch_of(customers: Customers, cells: np.ndarray, **known: np.ndarray) -> Batch:
    """Customers as simulators take them; what is not `known` is zero, and every cell is of all models."""
    zero = np.zeros(len(customers))
    fields = {name: zero for name in Batch.__dataclass_fields__ if name not in ("key", "purchase_cell", "spend_cell", "returns_cell")}
    keys = customer_keys(customers.statistics["customer_id"])
    return Batch(key=keys, purchase_cell=cells, spend_cell=cells, returns_cell=cells, **(fields | known))


def with_purchases(
    model: Any, coordinates: np.ndarray, customers: Customers, cells: np.ndarray, seed: int, season: np.ndarray | None = None
) -> Customers:
    """The same customers with repeat purchases; `coordinates` has dims (coordinate, cell). With a season they are dated."""
    longest = LONGEST if season is None else LONGEST * float(np.exp(season.max()))
    made = model.simulate(coordinates[None], batch_of(customers, cells), horizon=longest, year=YEAR, seed=seed, clock=STEADY_PACE)
    if not isinstance(model, ContinuousPurchases):  # of opportunities: by the number of the window
        customers = replace(customers, statistics=customers.statistics.assign(T=np.floor(customers.statistics["T"])))
        made = replace(made, time=np.ceil(made.time))
    age = customers.statistics["T"].to_numpy()
    time = made.time if season is None else calendar_times(made.time, age[made.customer], season)
    past = time <= age[made.customer]
    of, time = made.customer[past], time[past]
    frequency, recency = np.bincount(of, minlength=len(customers)), np.zeros(len(customers))
    np.maximum.at(recency, of, time)
    statistics = customers.statistics.assign(frequency=frequency, recency=recency, spend_count=frequency)
    return replace(customers, statistics=statistics) if season is None else dated(replace(customers, statistics=statistics), of, time)


def calendar_times(operational: np.ndarray, age: np.ndarray, season: np.ndarray) -> np.ndarray:
    """When so much operational time has passed since the first order, so many weeks before the last day."""
    days = np.arange(-int(7 * LONGEST) - 400, 400)
    months = (pd.Timestamp(UNTIL) + pd.to_timedelta(days + 1, unit="D")).month
    edges = np.append(days, days[-1] + 1) / 7
    passed = np.concatenate([[0.0], np.cumsum(np.exp(season[months - 1]) / 7)])
    begun = np.interp(-age, edges, passed)
    return np.interp(begun + operational, passed, edges, right=np.inf) + age


def dated(customers: Customers, of: np.ndarray, time: np.ndarray) -> Customers:
    """With first days, and orders by month, as a season is learned from."""
    age = customers.statistics["T"].to_numpy()

    def month(weeks_before: np.ndarray) -> pd.Series:
        days = pd.Timestamp(UNTIL) + pd.Timedelta(days=1) - pd.to_timedelta(7 * weeks_before, unit="D")
        return pd.Series(days.to_period("M").to_timestamp())

    months = pd.concat([month(age), month(age[of] - time)], ignore_index=True)
    history = months.value_counts().rename_axis("month").rename("orders").reset_index().assign(revenue=0.0)
    history["cohort"] = history["month"]
    return replace(customers, statistics=customers.statistics.assign(t0=month(age)), history=history)


def with_amounts(model: Any, coordinates: np.ndarray, customers: Customers, cells: np.ndarray, seed: int) -> Customers:
    """The same customers with the amounts of their purchases."""
    x = customers.statistics["frequency"].to_numpy()
    own = coordinates[:, cells]
    if model.options.get("frequency_link"):  # the simulator links to the purchases of which amounts are known: none, here
        own[0] += own[3] * np.log(x + 1)
    of = np.repeat(np.arange(len(x)), x).astype(np.int32)
    nothing = np.zeros((len(x), 1))
    futures = Futures(of, np.zeros_like(of), np.zeros(len(of)), nothing, nothing)
    amounts = model.simulate(own[None], batch_of(customers, np.arange(len(x))), futures, seed=seed)
    sums = {"spend_sum": amounts, "spend_sum_log": np.log(amounts), "spend_sum_log_squared": np.log(amounts) ** 2}
    sums = {name: np.bincount(of, values, minlength=len(x)) for name, values in sums.items()}
    return replace(customers, statistics=customers.statistics.assign(**sums))


def with_returns(coordinates: np.ndarray, customers: Customers, cells: np.ndarray, rng: np.random.Generator) -> Customers:
    """The same customers with orders that came back, as the story of `beta_binomial_returns` has it."""
    share, part = (1 / (1 + np.exp(-coordinates[k, cells])) for k in (0, 2))
    within, between = (0.02 + 0.48 / (1 + np.exp(-coordinates[k, cells])) for k in (3, 4))
    concentration = np.exp(coordinates[1, cells])
    trials = customers.statistics["frequency"].to_numpy() + 1
    touched = rng.binomial(trials, rng.beta(share * concentration, (1 - share) * concentration))
    mean = rng.normal(part, np.sqrt(between**2 + within**2 / np.maximum(touched, 1)))
    deviations = within**2 * 2 * rng.standard_gamma(np.maximum(touched - 1, 0) / 2)
    columns = {"trials": trials, "touched": touched, "parts": touched, "part_mean": np.where(touched > 0, mean, 0.0)}
    returns = pd.DataFrame({name: column.astype(float) for name, column in columns.items()})
    return replace(customers, returns=returns.assign(part_deviations=deviations, pending_orders=0.0, pending_amount=0.0, cancelled=0))


def made_up(model: Any, true: dict[str, Any], customers: Any, cells: np.ndarray, seed: int) -> Customers | Renewals:
    """Data of the kind that the model learns from."""
    coordinates = true["level"]
    if model.kind == "contracts":
        return contracts.with_lives(model, coordinates, true["hazard"], customers, cells, seed)
    if model.kind == "changes":
        return contracts.with_changes(model, coordinates, customers, cells, seed)
    if model.kind == "purchases":
        return with_purchases(model, coordinates, customers, cells, seed, true["season"] if model.clock.effects else None)
    bought = with_purchases(clv.models.mbg_nbd(), np.repeat(PURCHASES[:, None], len(SEGMENTS), axis=1), customers, cells, seed)
    if model.kind == "spend":
        return with_amounts(model, coordinates, bought, cells, seed)
    return with_returns(coordinates, bought, cells, np.random.default_rng([seed, 2]))


def worth(model: Any, customers: Customers, cells: Cells) -> Callable[[np.ndarray], dict[str, float]]:
    """Closed forms of the base, as functions of coordinates with dims (coordinate, cell), the clock's effects last."""
    clock, rows, own_count = model.clock.over(customers), model.rows(customers, cells), len(model.coordinates)
    likelihood = Likelihood(model, rows | clock.columns(rows, customers), cells.count, clock)
    statistics, returns, of = customers.statistics, customers.returns, cells.of_customer
    rfm = [statistics[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]
    spans = [clock.spans(customers, rfm[2], rfm[2] - end) for end in rfm[1:]]

    def quantities(coordinates: np.ndarray) -> dict[str, float]:
        found, own = {"log-likelihood": likelihood.value(coordinates)}, coordinates[:own_count, of]
        if model.kind == "purchases":
            past = rfm if not clock.effects else [rfm[0], *(span @ np.exp(coordinates[own_count:, 0]) for span in spans)]
            discounted = model.expected_discounted_orders(own, *past, horizon=3 * YEAR, discount=np.log(1.09) / YEAR)
            return found | {"value: orders in three years": discounted.sum(), "mean P(alive)": model.p_alive(own, *past).mean()}
        if model.kind == "spend":
            spent = [statistics[name].to_numpy(dtype=float) for name in ("spend_count", "spend_sum", "spend_sum_log")]
            return found | {"value: sum of expected amounts": model.amount_moments(own, *spent)[0].sum()}
        back = [returns[name].to_numpy(dtype=float) for name in ("trials", "touched", "parts", "part_mean")]
        return found | {"value: mean share that comes back": model.share_moments(own, *back)[0].mean()}

    return quantities


def one(case: Registered, seed: int) -> pd.DataFrame | None:
    """Rank, mean, spread and truth of every statistic of one made-up base; None where it holds nothing to learn from."""
    model, rng = case.model, np.random.default_rng([seed, 1])
    base = contracts.nobody_yet(SEGMENT) if model.kind in OF_RENEWALS else _nobody_yet()
    cells = assign_cells(base, ("segment",))
    true: dict[str, Any] = truth(case.priors, rng)
    if model.kind == "contracts":
        true["hazard"] = contracts.true_hazard(model, rng)
    customers = made_up(model, true, base, cells.of_customer, seed)
    try:
        fitted = clv.fit(model, customers, pool=("segment",), priors=case.priors, draws=500, seed=seed, progress=False)
    except clv.DataError:
        return None
    posterior = fitted.posterior["posterior"].to_dataset()
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    chosen = np.linspace(0, total - 1, RANKED).astype(int)
    stacked = posterior.stack(sample=("chain", "draw")).isel(sample=chosen)
    values = {}
    for k, coordinate in enumerate(model.coordinates):
        drawn = stacked.sel(coordinate=coordinate)
        values[f"{coordinate}, population"] = (true["population"][k], drawn["population"].to_numpy())
        values[f"{coordinate}, spread over segments"] = (true["scale"][k], drawn["segment_scale"].to_numpy())
        for j, name in enumerate(("large", "middle", "small")):
            values[f"{coordinate}, {name} segment"] = (true["level"][k, j], drawn["segment_level"].sel(segment=name).to_numpy())
    actually = true["level"]
    if model.clock.effects:
        values["season_scale"] = (float(true["season_scale"]), stacked["season_scale"].to_numpy())
        for month, effect in zip(model.clock.effects, true["season"], strict=True):
            values[f"season, {month}"] = (effect, stacked["season"].sel(month=month).to_numpy())
        actually = np.concatenate([actually, np.repeat(true["season"][:, None], cells.count, axis=1)])
    if model.kind == "contracts":
        values["hazard to end within a term"] = (true["hazard"], contracts.hazard_draws(model, fitted.posterior.attrs, RANKED, seed))
    of_base = contracts.worth(model, customers, cells) if model.kind in OF_RENEWALS else worth(model, customers, cells)
    actual = of_base(actually)
    drawn = pd.DataFrame([of_base(at) for at in all_coordinates(posterior, cells, model.clock.over(customers), chosen, seed=0)])
    values |= {name: (actual[name], drawn[name].to_numpy()) for name in actual if np.ptp(drawn[name]) > 0}  # NBD's P(alive) is always one
    ranks = [(draws < value).sum() + rng.random() * (1 + (draws == value).sum()) for value, draws in values.values()]
    return pd.DataFrame(
        {
            "statistic": list(values),
            "pit": np.array(ranks) / (RANKED + 1),
            "truth": [value for value, _ in values.values()],
            "mean": [draws.mean() for _, draws in values.values()],
            "sd": [draws.std() for _, draws in values.values()],
            "seed": seed,
            "certified": fitted.certificate.passed,
        }
    )


def judged(found: pd.DataFrame) -> pd.DataFrame:
    """Of each statistic, whether its ranks lie within the simultaneous bands, and how well it is recovered."""
    statistics = list(dict.fromkeys(found["statistic"]))
    prob = 1 - (1 - SIMULTANEOUS) / len(statistics)
    rows = []
    for name in statistics:
        own = found[found["statistic"] == name]
        pit = own["pit"].to_numpy()
        _, ecdf, low, high = ecdf_pit(pit, prob, BANDS_FROM, rng=np.random.default_rng(1))
        within = {level: int((np.abs(pit - 0.5) <= level / 2).sum()) for level in (0.5, 0.9)}
        rows.append(
            {
                "statistic": name,
                "fits": len(own),
                "ranks": "within" if np.all((ecdf >= low) & (ecdf <= high)) else "OUTSIDE",
                "in 50 %": within[0.5] / len(own),
                "in 90 %": within[0.9] / len(own),
                "p of 90 %": binomtest(within[0.9], len(own), 0.9).pvalue,
                "correlation of mean with truth": np.corrcoef(own["mean"], own["truth"])[0, 1],
                "mean of (mean - truth) / sd": ((own["mean"] - own["truth"]) / own["sd"]).mean(),
                "sd as share of the prior's": own["sd"].mean() / own["truth"].std(),
            }
        )
    return pd.DataFrame(rows)


def picture(case: Registered, found: pd.DataFrame, path: Path) -> None:
    """How far the distribution of ranks is from uniform, beside its bands, one panel a statistic."""
    mpl.use("agg")
    from matplotlib import pyplot as plt

    statistics = list(dict.fromkeys(found["statistic"]))
    prob, columns = 1 - (1 - SIMULTANEOUS) / len(statistics), 4
    lines = -(-len(statistics) // columns)
    figure, panels = plt.subplots(lines, columns, figsize=(11, 1.75 * lines + 0.7), sharex=True, sharey=True, layout="constrained")
    for panel, name in zip(panels.flat, statistics, strict=False):
        at, ecdf, low, high = ecdf_pit(
            found.loc[found["statistic"] == name, "pit"].to_numpy(), prob, BANDS_FROM, rng=np.random.default_rng(1)
        )
        panel.fill_between(at, low - at, high - at, color="#dfe7f3", linewidth=0)
        panel.plot(at, ecdf - at, color="#1f5fae", linewidth=1.2)
        panel.axhline(0, color="#5b6675", linewidth=0.6)
        panel.set_title(name, fontsize=8)
        panel.tick_params(labelsize=7)
    for panel in list(panels.flat)[len(statistics) :]:
        panel.set_visible(False)
    fits = found["seed"].nunique()
    figure.suptitle(
        f"{case.model.title}: ranks of the truth in {fits} fits, distance of their distribution from uniform, within 99 % bands",
        fontsize=10,
    )
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> None:
    """Calibrate models, print tables, and keep tables and pictures if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cases = {case.label: case for case in registered()}
    parser.add_argument("--models", nargs="+", choices=list(cases), default=list(cases))
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    for label in asked.models:
        started, frames, seed = time.monotonic(), [], asked.seed * 1_000_000
        while len(frames) < asked.fits:
            found = one(cases[label], seed)
            frames += [] if found is None else [found]
            seed += 1
        found = pd.concat(frames, ignore_index=True)
        table = judged(found)
        certified = found.groupby("seed")["certified"].first().mean()
        without = seed - asked.seed * 1_000_000 - asked.fits
        print(
            f"\n{cases[label].model.title}: {asked.fits} fits in {time.monotonic() - started:.0f} s, {certified:.0%} with all checks passed"
        )
        print(f"{without} bases held nothing to learn from and were drawn anew; ranks outside: {(table['ranks'] == 'OUTSIDE').sum()}")
        print(table.round(3).to_string(index=False), flush=True)
        if asked.write:
            asked.write.mkdir(parents=True, exist_ok=True)
            table.round(3).to_csv(asked.write / f"{label}.csv", index=False, lineterminator="\n")
            picture(cases[label], found, asked.write / f"{label}.png")


if __name__ == "__main__":
    main()
