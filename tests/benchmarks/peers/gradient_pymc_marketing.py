"""Seconds a gradient of the Pareto/NBD of pymc-marketing takes: python gradient_pymc_marketing.py FRAME SECONDS."""

import json
import sys
import time

import numpy as np
import pandas as pd
from pymc_marketing.clv import ParetoNBDModel


def main(frame, seconds):
    """Print the number of rows, seconds of the quickest of many evaluations, and the value at one point."""
    rfm = pd.read_parquet(frame)
    model = ParetoNBDModel()
    model.build_model(rfm)
    density = model.model.logp_dlogp_function(ravel_inputs=True)
    density.set_extra_values({})
    point = np.zeros(sum(np.size(value) for value in model.model.initial_point().values()))
    density(point)
    taken, began = [], time.monotonic()
    while time.monotonic() - began < float(seconds) or len(taken) < 3:
        started = time.perf_counter()
        value, _ = density(point)
        taken.append(time.perf_counter() - started)
    print(json.dumps({"rows": len(rfm), "seconds": min(taken), "value": float(value), "evaluations": len(taken)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
