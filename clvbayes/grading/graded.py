"""What a back-test is: graded forecasts, in frames, with verdicts on them; and what all back-tests check and name alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clvbayes.data import Contracts, Customers, Renewals, Transactions, require_seed
from clvbayes.errors import ArgumentError
from clvbayes.grading.verdicts import Choice, Verdict
from clvbayes.inference.kept import code_digest
from clvbayes.models.hierarchy import Pool, assign_cells
from clvbayes.models.protocol import Model
from clvbayes.notebook import fragment, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CODE", "LAST_YEAR", "Backtest", "described", "in_front", "made_with", "reported_columns", "require_numbers"]

LAST_YEAR = "Last year's rate"
CODE = ("data", "models", "inference", "valuation", "grading")  # rooms that a back-test depends on


@dataclass(frozen=True)
class Backtest:
    """Graded forecasts.

    Attributes
    ----------
    forecasts : pandas.DataFrame
        One row a model, origin, horizon (`weeks`), `measure` ("orders", or gross "revenue" before returns; of contracts "contracts" that
        still run at the horizon's end, and their "recurring revenue" of a year), and level of a reporting
        column (`column` is empty for the total): `actual`, `mean`, `sd` and quantiles of the draws (`q05`: 5 %), `crps`, `pit`, and for
        the bands of 50, 80, 90 and 95 % whether they held (`held_90`) and their interval score (`interval_90`). `who` is "existing" for
        customers known at the origin, "new" for those first seen after it: their repeat orders, and their revenue with first orders,
        given who came and when. Of contracts those that ran at the origin are forecast; they stand in the place of customers.
    by_itself : pandas.DataFrame
        Rows as of `forecasts`, of existing customers: what each model foresaw without what it had learned from its earlier errors.
    customers : pandas.DataFrame
        Means over single customers known at an origin, also of the amounts of their next orders (`measure` "next amount"): `actual` and
        `mean`, `crps`, `log_score` of the number of orders, `mae`, `rmse`, `interval_90`, shares of the randomised PIT within the
        central levels (`pit_90`; .9 if the model is right), shares that printed bands held (`held_90`; of counts at least .9), and the
        distance of the PIT's distribution from uniform (`ks`).
    pit : pandas.DataFrame
        How many customers' PIT lie in each tenth (`bin` 1 to 10).
    weekly : pandas.DataFrame
        By model, origin, measure and week: `actual`, `mean` and quantiles of the total of the customers known at the origin.
    classes : pandas.DataFrame
        Expected (`mean`) against actual sums by class of customers: `by` "frequency" (repeat orders so far) or "silence" (weeks since the
        last order). Of contracts empty, as `weekly` and `ranking` are.
    ranking : pandas.DataFrame
        Revenue that each tenth of the customers brought, ranked by what was foreseen (`actual`), and if they had been ranked by what they
        brought (`best`).
    differences : pandas.DataFrame
        Between two models, over all origins: mean `loss` of a customer's forecast (minus the log score of orders, CRPS of revenue), its
        `difference` from the other model's, and that difference's standard error, by customers and by origins.
    certificates : pandas.DataFrame
        One row a fit: `origin`, `model`, `customers`, whether it `passed`, and what failed.
    verdicts : tuple of Verdict
        Of each model, measure and horizon: whether the total's bands held.
    choice : Choice
        Which of the models given told it best, and why.
    notes : tuple of str
        What could not be graded, and why.
    settings : dict
        What it was made with: models by label, pool, by, since, until, the origins that were graded, horizons, spend_growth, seed, draws,
        the source's name, hash and currency, the names of the kept fits, and what the code was.
    """

    forecasts: pd.DataFrame
    by_itself: pd.DataFrame
    customers: pd.DataFrame
    pit: pd.DataFrame
    weekly: pd.DataFrame
    classes: pd.DataFrame
    ranking: pd.DataFrame
    differences: pd.DataFrame
    certificates: pd.DataFrame
    verdicts: tuple[Verdict, ...]
    choice: Choice
    notes: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def models(self) -> tuple[str, ...]:
        """Labels of the models given, without the baselines."""
        return tuple(self.settings["models"])

    def verdict(self, model: str, measure: str, weeks: int) -> Verdict:
        """One of the verdicts.

        Raises
        ------
        ArgumentError
            If there is none of these.
        """
        for found in self.verdicts:
            if (found.model, found.measure, found.weeks) == (model, measure, weeks):
                return found
        raise ArgumentError(f"there is no verdict on {model}, {measure}, {weeks} weeks")

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Forecasts of revenue, or of recurring revenue, over the shortest horizon as bands, with what happened.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; pyplot's current ones by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return picture(self, axes)

    def _repr_html_(self) -> str:
        """As the report shows it."""
        return fragment(self)

    def to_frame(self) -> pd.DataFrame:
        """`forecasts`: one row a graded forecast."""
        return self.forecasts


def require_numbers(draws: int, predictive_draws: int, seed: int) -> None:
    """Refuse numbers of draws that tell no band, and what is no seed."""
    for name, number in (("draws", draws), ("predictive_draws", predictive_draws)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 100:
            raise ArgumentError(f"{name} must be a whole number of at least 100, not {number!r}")
    require_seed(seed)


def reported_columns(known: Customers | Renewals, pool: Pool, by: Sequence[str] | None) -> tuple[str, ...]:
    """Segment columns whose levels are graded; refuses a pool, or columns, that there are not."""
    assign_cells(known, pool)
    if isinstance(by, str):
        raise ArgumentError(f"by must be a list of columns; write ({by!r},)")
    columns = tuple(known.segments.columns) if by is None else tuple(by)
    unknown = [column for column in columns if column not in known.segments.columns]
    if unknown or len(set(columns)) < len(columns):
        there = ", ".join(map(repr, known.segments.columns)) or "none"
        raise ArgumentError(f"by must name segments of these {known.counted}, each once: {there}; not {list(columns)}")
    return columns


def made_with(
    table: Transactions | Contracts,
    *,
    pool: Pool,
    since: date | None,
    until: date,
    origins: Sequence[date],
    asked: int | date | Sequence[date],
    horizons: Sequence[int],
    seed: int,
    **further: Any,
) -> dict[str, Any]:
    """`Backtest.settings`, in numbers and text: `origins` were graded, `asked` were asked for."""
    return {
        **further,
        "pool": [entry if isinstance(entry, str) else list(entry) for entry in pool],
        "since": since and since.isoformat(),
        "until": until.isoformat(),
        "origins": [day.isoformat() for day in origins],
        "source": table.source,
        "sha256": table.sha256,
        "currency": table.currency,
        "horizons": sorted(map(int, horizons)),
        "code": code_digest(*CODE),
        "asked": int(asked) if isinstance(asked, int | np.integer) else sorted(map(str, [asked] if isinstance(asked, date) else asked)),
        "seed": int(seed),
    }


def described(models: Sequence[Model | None]) -> dict[str, Any]:
    """Models that belong together, by their kinds."""
    return {model.kind: {"name": model.name, "options": model.options} for model in models if model is not None}


def in_front(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The frame with these columns first."""
    return frame[[*names, *(name for name in frame.columns if name not in names)]]
