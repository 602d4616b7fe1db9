"""Made-up contracts in the story of the models of renewals and of changes, and what they are worth, for `calibration.py`.

Every contract is first seen when it has survived so many decisions (left truncation): in its place contracts are signed until one of them
does. From then on it is seen for so many months, at whose end most still run; terms are of a year. Renewals change the amount at once and
without fading, since fading is of the future.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clvbayes.data import Renewals
from clvbayes.inference.likelihood import Likelihood
from clvbayes.models.hierarchy import Cells
from clvbayes.models.protocol import ContractBatch
from clvbayes.models.streams import customer_keys

TERM, MOST_MONTHS = 12, 72  # of a term, and of observation
BEFORE = (0, 0, 0, 1, 2, 3, 4)  # decisions survived before observation begins
SIGNED, TURNS = 2_000, 3  # contracts in each place at once, and how often: the first that survives until observation begins is seen
AHEAD, YEARS = 3, np.array([0.0, 1.0, 2.0])  # decisions, and years ahead, of which the closed forms are taken
VALUED = date(2024, 12, 31)


def nobody_yet(segment: np.ndarray) -> Renewals:
    """Contracts of whom nothing is known yet but when observation begins, in these segments."""
    entry = np.resize(BEFORE, len(segment))
    return Renewals.from_frame(pd.DataFrame({"survived": entry, "churned": 0, "entry": entry, "segment": segment}), segments=["segment"])


def batch_of(renewals: Renewals, cells: np.ndarray, survived: Any) -> ContractBatch:
    """Contracts as simulators take them, of which only this is known."""
    of_each = {"survived": survived, "notice": False, "next_decision": 0.0, "term": 0.0, "announced": 0.0}
    known = {name: np.broadcast_to(value, len(renewals)) for name, value in of_each.items()}
    return ContractBatch(key=customer_keys(renewals.statistics["contract_id"]), renewal_cell=cells, change_cell=cells, **known)


def true_hazard(model: Any, rng: np.random.Generator) -> float:
    """The hazard a month to end within a term, from its prior."""
    prior = model.terminations({"terminated": 0.0, "exposure": 0.0})
    return float(rng.gamma(prior.shape, 1 / prior.rate))


def with_lives(model: Any, coordinates: np.ndarray, hazard: float, renewals: Renewals, cells: np.ndarray, seed: int) -> Renewals:
    """The same contracts with the decisions that they survived while they were seen; `coordinates` has dims (coordinate, cell)."""
    entry = renewals.statistics["entry"].to_numpy()
    from_signing = batch_of(renewals, cells, 0)
    never = np.full(SIGNED, 1e-9)
    # where hardly any survives so long, a survivor's life is drawn at once
    last = entry + model.simulate(coordinates[None], batch_of(renewals, cells, entry), hazard=never[:1], seed=seed).decision[:, 0]
    unseen = np.ones(len(renewals), bool)
    for turn in range(TURNS):
        signed = np.repeat(coordinates[None], SIGNED, axis=0)
        decision = model.simulate(signed, from_signing, hazard=never, seed=1_000 * seed + turn).decision
        survives = decision > entry[:, None]
        found = unseen & survives.any(axis=1)
        last[found] = decision[found, survives.argmax(axis=1)[found]]
        unseen &= ~found
    rng = np.random.default_rng([seed, 3])
    window = np.floor(MOST_MONTHS * (np.arange(len(renewals)) * 0.618034 % 1))
    churns, terminates = TERM * (last - entry), rng.exponential(1 / hazard, len(renewals))
    ends = np.minimum(churns, terminates)
    known = np.minimum(ends, window)
    churned, terminated = (churns <= window) & (churns < terminates), (terminates <= window) & (terminates <= churns)
    survived = entry + np.floor(known / TERM).astype(np.int64) - churned
    seen = {"survived": survived, "churned": churned.astype(int), "terminated": terminated.astype(int), "exposure": known}
    return replace(renewals, statistics=renewals.statistics.assign(**seen))


def with_changes(model: Any, coordinates: np.ndarray, renewals: Renewals, cells: np.ndarray, seed: int) -> Renewals:
    """The same contracts with up to six renewals each, and the amounts before and after."""
    most = MOST_MONTHS // TERM
    count = np.arange(len(renewals)) % (most + 1)
    factors = model.simulate(coordinates[None], batch_of(renewals, cells, 0), renewals=most, valued_on=VALUED, seed=seed)[:, 0]
    amounts = 100 * np.concatenate([np.ones((len(renewals), 1)), factors], axis=1)
    stretch = np.repeat(np.arange(len(renewals)), count)
    place = np.arange(len(stretch)) - np.repeat(np.cumsum(count) - count, count)
    columns = {"stretch": stretch, "day": pd.Timestamp(VALUED), "months": TERM}
    return replace(renewals, changes=pd.DataFrame({**columns, "before": amounts[stretch, place], "after": amounts[stretch, place + 1]}))


def worth(model: Any, renewals: Renewals, cells: Cells) -> Callable[[np.ndarray], dict[str, float]]:
    """Closed forms of the book, as functions of coordinates with dims (coordinate, cell)."""
    likelihood, of = Likelihood(model, model.rows(renewals, cells), cells.count, model.clock), cells.of_customer
    statistics = renewals.statistics
    runs = (statistics["churned"] + statistics["terminated"] == 0).to_numpy()
    survived = statistics["survived"].to_numpy()[runs]

    def quantities(coordinates: np.ndarray) -> dict[str, float]:
        found = {"log-likelihood": likelihood.value(coordinates)}
        if model.kind == "changes":
            growth = model.expected_factor(coordinates[:, of, None], YEARS).prod(axis=1)
            return found | {"value: mean amount after three renewals": growth.mean()}
        renewed = model.expected_renewals(coordinates[:, of[runs]], survived, AHEAD)
        return found | {"value: renewals of the next three decisions": renewed.sum()}

    return quantities


def hazard_draws(model: Any, facts: dict[str, Any], count: int, seed: int) -> np.ndarray:
    """Draws of the hazard's posterior, from the attributes of a fit."""
    posterior = model.terminations(facts)
    return np.random.default_rng([seed, 4]).gamma(posterior.shape, 1 / posterior.rate, count)
