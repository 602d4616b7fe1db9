"""CDNOW as a frame of means, made-up customers, and likelihoods compiled once."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest

from clvbayes.data import Customers
from clvbayes.models.assembly import with_frequencies
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import Model

CALIBRATION_END = date(1997, 9, 30)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The data files in the wheel of lifetimes; the package itself is not imported."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "datasets"


@pytest.fixture(scope="session")
def cdnow_lines(datasets: Path) -> pd.DataFrame:
    names = ["old_id", "customer_id", "date", "quantity", "amount"]
    lines = pd.read_csv(datasets / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype={"customer_id": str, "old_id": str})
    return lines.assign(date=pd.to_datetime(lines["date"].astype(str), format="%Y%m%d"))


@pytest.fixture(scope="session")
def cdnow_rfm(cdnow_lines: pd.DataFrame) -> pd.DataFrame:
    """The same as an RFM frame, by plain pandas: days summed, the first one apart, days of amount zero in the mean."""
    lines = cdnow_lines[cdnow_lines["date"] <= pd.Timestamp(CALIBRATION_END)]
    days = lines.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    first = days.groupby("customer_id")["date"].transform("min")
    later = days[days["date"] > first].groupby("customer_id").agg(frequency=("date", "size"), last=("date", "max"), mean=("amount", "mean"))
    frame = days.groupby("customer_id").agg(first=("date", "min")).join(later)
    return pd.DataFrame(
        {
            "frequency": frame["frequency"].fillna(0).astype(int),
            "recency": ((frame["last"] - frame["first"]).dt.days / 7).fillna(0.0),
            "T": (pd.Timestamp(CALIBRATION_END) - frame["first"]).dt.days / 7,
            "monetary_value": frame["mean"].fillna(0.0),
        }
    )


MakeCustomers = Callable[..., Customers]


@pytest.fixture(scope="session")
def make_customers() -> MakeCustomers:
    """Customers from lists of statistics; amounts of each customer's later purchases may be given."""

    def make(
        x: Sequence[float],
        t_x: Sequence[float],
        T: Sequence[float],
        *,
        amounts: Sequence[Sequence[float]] | None = None,
        segments: Mapping[str, Sequence[str]] | None = None,
        spend_level: Any = "transaction",
    ) -> Customers:
        spent = [np.asarray(row, dtype=float) for row in amounts] if amounts is not None else [np.empty(0)] * len(x)
        statistics = pd.DataFrame(
            {
                "customer_id": [f"C{k:06d}" for k in range(len(x))],
                "t0": pd.Series(pd.NaT, range(len(x)), dtype="datetime64[s]"),
                "frequency": np.asarray(x, dtype=np.int64),
                "recency": np.asarray(t_x, dtype=float),
                "T": np.asarray(T, dtype=float),
                "spend_count": [len(row) for row in spent],
                "spend_sum": [row.sum() for row in spent],
                "spend_sum_log": [np.log(row).sum() for row in spent],
                "spend_sum_log_squared": [(np.log(row) ** 2).sum() for row in spent],
            }
        )
        columns = pd.DataFrame(segments or {}, index=range(len(x)), dtype=str)
        return Customers(statistics, columns, unit="week", spend_level=spend_level)

    return make


LogLikelihood = Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]


@cache
def _compiled(model: Model, names: tuple[tuple[str, str, str], ...]) -> Any:
    coordinates = pt.matrix("coordinates")
    inputs = {(table, name): pt.vector(f"{table}_{name}", dtype=dtype) for table, name, dtype in names}
    tables: dict[str, dict[str, Any]] = {}
    for (table, name), variable in inputs.items():
        tables.setdefault(table, {})[name] = variable
    by_row = model.log_likelihood(coordinates, tables, STEADY)
    slope = pytensor.grad((tables["row"]["weight"] * by_row).sum(), coordinates)
    return pytensor.function([coordinates, *inputs.values()], [by_row, slope], on_unused_input="ignore")


@pytest.fixture(scope="session")
def log_likelihood() -> LogLikelihood:
    """Log-likelihood by distinct row, the rows' weights, and the gradient of the weighted sum, dims (coordinate, cell)."""

    def evaluate(model: Model, customers: Customers, coordinates: Any, pool: Any = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tables = with_frequencies(model.rows(customers, assign_cells(customers, pool)))
        columns = {(table, name): column for table, part in tables.items() for name, column in part.items()}
        function = _compiled(model, tuple((table, name, str(column.dtype)) for (table, name), column in columns.items()))
        at = np.asarray(coordinates, dtype=float)
        by_row, slope = function(at[:, None] if at.ndim == 1 else at, *columns.values())
        return by_row, tables["row"]["weight"], slope

    return evaluate


@pytest.fixture(scope="session")
def total_log_likelihood(log_likelihood: LogLikelihood) -> Callable[..., float]:
    """Log-likelihood of all customers."""

    def evaluate(model: Model, customers: Customers, coordinates: Any, pool: Any = ()) -> float:
        by_row, weight, _ = log_likelihood(model, customers, coordinates, pool)
        return float(by_row @ weight)

    return evaluate
