"""Purchases and spend with clvbayes: python fit_clvbayes.py FRAME FOLDER [SEGMENT ...]."""

import json
import sys
import time

import pandas as pd
from stamps import stamp

import clvbayes as clv


def main(frame: str, folder: str, *pool: str) -> None:
    """Fit both models to the RFM frame in a Parquet file, pooled over the given columns."""
    began = time.monotonic()
    customers = clv.Customers.from_frame(pd.read_parquet(frame), unit="week", segments=list(pool))
    stamp(folder, "data", began)
    for stage, model in (("purchases", clv.models.mbg_nbd()), ("spend", clv.models.gamma_gamma())):
        began = time.monotonic()
        fitted = clv.fit(model, customers, pool=pool, seed=1, progress=False)
        posterior = fitted.posterior["posterior"].to_dataset()
        draws = {str(name): values.transpose("chain", "draw", ...).to_numpy() for name, values in posterior.items()}
        checks = [f"{result.check} [{result.status}]: {result.message}" for result in fitted.certificate.results]
        settings = json.loads(fitted.posterior.attrs["settings"])
        stamp(folder, stage, began, draws, passed=fitted.certificate.passed, checks=checks, rows=fitted.rows, settings=settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
