"""Books of contracts that follow the models' story, as a person would have them in a table: for tests and benchmarks."""

from datetime import date

import numpy as np
import pandas as pd

from clvbayes.models import Priors
from clvbayes.models.hierarchy import Cells

__all__ = ["COHORTS", "TERMS", "UNTIL", "cohort", "draw_truth", "make_book", "of_cells", "published"]

UNTIL = date(2025, 12, 31)
DAYS_A_MONTH = 365.25 / 12
TERMS = (1, 12, 24)
# Survivors in per mille after 0 to 12 renewals (Fader & Hardie 2007, table 1)
COHORTS = {
    "Regular": (1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173),
    "High-end": (1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394),
}
# Survivors of the cohorts of 2001 to 2005 (Fader & Hardie 2010, table 1)
PERILS = (10_000, 8_000, 6_480, 5_307, 4_391)


def cohort(survivors: tuple[int, ...]) -> pd.DataFrame:
    """A table of survivors as a frame for `Renewals.from_frame`."""
    left = -np.diff(survivors)
    renewals = len(left)
    counts = [*left, survivors[-1]]
    return pd.DataFrame({"survived": [*range(renewals), renewals], "churned": [1] * renewals + [0], "contracts": counts})


def published(name: str, renewals: int) -> pd.DataFrame:
    """The published cohort seen at its first renewals."""
    return cohort(COHORTS[name][: renewals + 1])


def draw_truth(priors: Priors, levels: dict[str, tuple[str, ...]], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Coordinates of each level of the first factor, and effects of the second one, drawn from frozen priors."""
    mean = np.array(priors.mean) + np.array(priors.sd) * rng.standard_normal(len(priors.mean))
    found = {}
    for k, (factor, names) in enumerate(levels.items()):
        scale = np.abs(np.array(priors.scale) * rng.standard_normal(len(priors.scale)))
        effect = scale * rng.standard_normal((len(names), len(mean)))
        effect = mean + effect if k == 0 else effect - effect.mean(axis=0)
        found[factor] = pd.DataFrame(effect, index=list(names), columns=list(priors.coordinates))
    return found


def of_cells(truth: dict[str, pd.DataFrame], cells: Cells) -> np.ndarray:
    """True coordinates, dims (coordinate, cell); the truth names factors in the order of the cells'."""
    found = 0.0
    for factor, frame in zip(cells.factors, truth.values(), strict=True):
        by_level = frame.rename(index=str).loc[list(factor.levels)].to_numpy()
        found = found + by_level[factor.level_of_cell]
    return np.asarray(found).T


def make_book(contracts: int, truth: dict[str, pd.DataFrame], rng: np.random.Generator, *, years: float = 8.0) -> pd.DataFrame:
    """One row a term of contracts signed over so many years, in segments and terms of the truth's levels; terms are of 365.25 / 12 days
    a month, rounded to days."""
    segments, terms = truth["segment"], truth["term_months"]
    segment = rng.choice(list(segments.index), contracts)
    term = rng.choice(list(terms.index), contracts)
    logit_churn, log_concentration, log_c = (segments.loc[segment].to_numpy() + terms.loc[term].to_numpy()).T
    months = term.astype(np.int64)
    phi, kappa = 1 / (1 + np.exp(-logit_churn)), np.exp(log_concentration)
    theta = np.clip(rng.beta(phi * kappa, (1 - phi) * kappa), 1e-12, 1 - 1e-12)
    life = np.ceil((rng.exponential(size=contracts) / -np.log1p(-theta)) ** np.exp(-log_c))
    age = rng.random(contracts) * years * 12  # months
    # what begins within half a day after the last one is rounded to it, and is in the book
    began = np.minimum(np.minimum(life, np.floor((age + 0.5 / DAYS_A_MONTH) / months) + 1), 400).astype(np.int64)
    row = np.repeat(np.arange(contracts), began)
    place = np.arange(len(row)) - np.repeat(np.cumsum(began) - began, began)
    after = np.rint((months[row, None] * (place[:, None] + [0, 1]) - age[row, None]) * DAYS_A_MONTH).astype(np.int64)
    days = np.datetime64(UNTIL) + after.astype("timedelta64[D]") + np.array([0, -1], dtype="timedelta64[D]")
    return pd.DataFrame(
        {
            "contract_id": [f"K{number:06d}" for number in row],
            "customer_id": [f"C{number:06d}" for number in row],
            "start": days[:, 0].astype("datetime64[s]"),
            "end": days[:, 1].astype("datetime64[s]"),
            "term_months": months[row],
            "monthly_amount": 100.0,
            "segment": segment[row],
        }
    )
