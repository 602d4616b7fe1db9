"""The seasonal posterior by NUTS beside the study's Laplace step: a retailer's orders until one origin.

    .venv/bin/python tests/benchmarks/season_laplace.py essec_2005_2011.csv.gz

Prints, for the parameters and month effects, mean, median and standard deviation by NUTS; mode and standard deviation by the curvature,
given the spread of the effects; how many standard deviations the centres lie apart; and skewness, which a normal cannot have.
"""

import sys
from datetime import date

import numpy as np
import pandas as pd

import clvbayes as clv
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import find_mode
from clvbayes.models.clock import MONTH_BASIS
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.months import MONTHS

UNTIL = date(2009, 12, 31)


def main() -> None:
    """Fit once, and print the table."""
    orders = pd.read_csv(sys.argv[1], dtype={"customer_id": str})
    customers = clv.summarize(clv.read_transactions(orders[["customer_id", "amount", "date"]], currency="EUR"), until=UNTIL)
    model = clv.models.mbg_nbd(season=True)
    fit = clv.fit(model, customers, draws=2000, seed=1)
    posterior = fit.posterior["posterior"]

    cells, clock = assign_cells(customers, ()), model.clock.over(customers)
    rows = model.rows(customers, cells)
    likelihood = Likelihood(model, rows | clock.columns(rows, customers), 1, clock)
    spread = float(posterior["season_scale"].mean())
    pilot = find_mode(likelihood, cells, fit.priors, (), part_spreads=(spread,))

    # the Hessian of all at once, as the study's Laplace step has it
    design = np.zeros((4 + 12, 4 + MONTH_BASIS.shape[1]))
    design[:4, :4], design[4:, 4:] = np.eye(4), MONTH_BASIS
    prior = np.diag([*np.array(fit.priors.sd) ** -2.0, *np.full(MONTH_BASIS.shape[1], spread**-2.0)])
    covariance = design @ np.linalg.inv(design.T @ pilot.information[0] @ design + prior) @ design.T
    mode, sd = pilot.mode[:, 0], np.sqrt(np.diagonal(covariance))

    draws = np.concatenate([posterior[name].to_numpy().reshape(-1, size) for name, size in (("population", 4), ("season", 12))], axis=1)
    table = pd.DataFrame(
        {
            "NUTS mean": draws.mean(axis=0),
            "median": np.median(draws, axis=0),
            "sd": draws.std(axis=0),
            "Laplace mode": mode,
            "Laplace sd": sd,
            "mean off, sd": (draws.mean(axis=0) - mode) / draws.std(axis=0),
            "skewness": pd.DataFrame(draws).skew().to_numpy(),
        },
        index=[*model.coordinates, *MONTHS],
    )
    print(table.round(3).to_string())
    print("R-hat and effective draws:", [result.message for result in fit.certificate.results[:2]])


if __name__ == "__main__":
    main()
