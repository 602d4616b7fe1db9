"""Seconds a gradient of the Pareto/NBD of pymc-marketing takes: python gradient_pymc_marketing.py FRAME POINTS."""

import json
import sys
import time

import numpy as np
import pandas as pd
from pymc_marketing.clv import ParetoNBDModel

GOES = 3


def main(frame, points):
    """Print the mean over points, rows of log r, log alpha, log s and log beta, of the quickest of a few evaluations."""
    rfm = pd.read_parquet(frame)
    model = ParetoNBDModel()
    model.build_model(rfm)
    density = model.model.logp_dlogp_function(ravel_inputs=True)
    density.set_extra_values({})
    order = [name.removesuffix("_log__") for name in model.model.initial_point()]
    taken = []
    for given in np.load(points):
        point = np.array([dict(zip(("r", "alpha", "s", "beta"), given, strict=True))[name] for name in order])
        goes = []
        for _ in range(GOES):
            started = time.perf_counter()
            density(point)
            goes.append(time.perf_counter() - started)
        taken.append(min(goes))
    print(json.dumps({"rows": len(rfm), "seconds": float(np.mean(taken)), "slowest": max(taken), "parameters": order}))


if __name__ == "__main__":
    main(*sys.argv[1:])
