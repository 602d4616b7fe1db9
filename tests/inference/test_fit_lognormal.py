"""A real fit of lognormal spend, linked to frequency, on customers whose parameters are known."""

import math

import numpy as np
import pandas as pd
import pytest

from clvbayes.data import Customers
from clvbayes.inference import Fit, fit
from clvbayes.models import lognormal
from clvbayes.models.lognormal import LARGEST_SD, LINKED_FROM

MEDIANS = {"Health": 4.2, "Mills": 4.9, "Retail": 3.6}
WITHIN, BETWEEN, LINK = 0.5, 0.7, 0.25


@pytest.fixture(scope="module")
def customers() -> Customers:
    rng = np.random.default_rng(9)
    segment = rng.choice(list(MEDIANS), 2500, p=[0.2, 0.05, 0.75])
    count = rng.poisson(rng.gamma(0.7, 4.0, len(segment)))
    median = np.array([MEDIANS[name] for name in segment]) + LINK * np.log((count + 1) / LINKED_FROM)
    logs = [rng.normal(rng.normal(level, BETWEEN), WITHIN, size) for level, size in zip(median, count, strict=True)]
    statistics = pd.DataFrame(
        {
            "customer_id": [f"C{k}" for k in range(len(segment))],
            "t0": pd.Series(pd.NaT, range(len(segment)), dtype="datetime64[s]"),
            "frequency": count,
            "recency": np.where(count > 0, 50.0, 0.0),
            "T": 60.0,
            "first_amount": 50.0,
            "spend_count": count,
            "spend_sum": [np.exp(row).sum() for row in logs],
            "spend_sum_log": [row.sum() for row in logs],
            "spend_sum_log_squared": [(row**2).sum() for row in logs],
        }
    )
    return Customers(statistics, pd.DataFrame({"segment": segment}, dtype=str), unit="week")


@pytest.fixture(scope="module")
def linked(customers: Customers) -> Fit:
    return fit(lognormal(frequency_link=True), customers, pool=("segment",), seed=3, progress=False)


def test_it_finds_the_parameters_that_made_the_customers(linked: Fit) -> None:
    assert linked.certificate.passed, linked.certificate.to_frame()
    levels = linked.posterior["posterior"]["segment_level"].stack(sample=("chain", "draw"))
    mean, sd = levels.mean("sample"), levels.std("sample")
    truth = {
        "logit_sd_within": math.log(WITHIN / (LARGEST_SD - WITHIN)),
        "logit_sd_between": math.log(BETWEEN / (LARGEST_SD - BETWEEN)),
        "frequency_link": LINK,
    }
    for name, median in MEDIANS.items():
        at = {"segment": name}
        assert abs(float((mean.sel(coordinate="log_median", **at) - median) / sd.sel(coordinate="log_median", **at))) < 4
        for coordinate, value in truth.items():
            assert abs(float((mean.sel(coordinate=coordinate, **at) - value) / sd.sel(coordinate=coordinate, **at))) < 4
    assert float(levels.sel(coordinate="frequency_link", segment="Retail").quantile(0.01)) > 0


def test_thousands_of_customers_are_a_few_rows(linked: Fit, customers: Customers) -> None:
    counts = customers.statistics["spend_count"].to_numpy()
    groups = len(set(zip(customers.segments["segment"], counts, strict=True)) - {(name, 0) for name in MEDIANS})
    assert linked.rows == groups < 120
