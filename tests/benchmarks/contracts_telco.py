"""A telephone company's customers, each seen in its last month alone: monthly hazards by type of contract against the observed shares.

    .venv/bin/python tests/benchmarks/contracts_telco.py FILE [--seed 1]

FILE is the Telco customer churn table that IBM publishes (`customerID`, `tenure` in months, `Contract`, `Churn`). Who is of age t either
left in that month or did not: current-status data, of which each customer was observed at one decision (`Renewals.from_frame`). Months are
the clock of all three types of contract, which are pooled. Printed for each type and class of age: customers, the observed share that left,
what the model expects of it with its 90 % band, and whether a band that also has the chance of each customer's leaving holds the number.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

import clvbayes as clv
from clvbayes.data import Renewals
from clvbayes.models.hierarchy import assign_cells, cell_coordinates

AGES = (0, 6, 12, 24, 48, 72)


def main() -> None:
    """Fit, and print one line a type and class of age."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    table = pd.read_csv(asked.file)
    table = table[table["tenure"] >= 1].reset_index(drop=True)
    left = (table["Churn"] == "Yes").astype(int)
    known = pd.DataFrame({"entry": table["tenure"] - 1, "survived": table["tenure"] - left, "churned": left, "contract": table["Contract"]})
    renewals = Renewals.from_frame(known, segments=["contract"])
    fit = clv.fit(clv.models.beta_discrete_weibull(), renewals, pool=["contract"], seed=asked.seed)
    print(fit.certificate.to_frame().to_string(index=False))
    cells = assign_cells(renewals, fit.pool)
    draws = cell_coordinates(fit.posterior["posterior"].to_dataset(), cells, np.arange(2000), seed=1)
    rng, rows = np.random.default_rng(asked.seed), []
    for name in sorted(set(known["contract"])):
        for first, last in [*pairwise(AGES), (0, AGES[-1])]:
            chosen = np.flatnonzero((known["contract"] == name) & (known["entry"] >= first) & (known["entry"] < last))
            if not len(chosen):
                continue
            ages, count = np.unique(known["entry"].to_numpy()[chosen], return_counts=True)
            coordinates = draws[:, :, cells.of_customer[chosen[0]]].T[..., None]
            hazard = 1 - fit.model.survival(coordinates, ages, 1)
            expected, seen = (hazard * count).sum(axis=1) / len(chosen), int(left.iloc[chosen].sum())
            predicted = rng.binomial(count, hazard).sum(axis=1)
            low, high = np.quantile(predicted, [0.05, 0.95])
            band = np.quantile(expected, [0.05, 0.95])
            rows.append(
                (name, f"{first + 1}-{last}", len(chosen), seen / len(chosen), expected.mean(), band[0], band[1], low <= seen <= high)
            )
    columns = ["contract", "months", "customers", "left", "expected", "5 %", "95 %", "held"]
    print(pd.DataFrame(rows, columns=columns).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
