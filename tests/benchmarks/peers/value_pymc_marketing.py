"""Twelve months of customer lifetime value with pymc-marketing: python value_pymc_marketing.py FRAME."""

import json
import resource
import sys
import time

import pandas as pd
from pymc_marketing import clv


def main(file: str) -> None:
    """Fit both models with few draws, then time the expected lifetime value over twelve months."""
    frame = pd.read_parquet(file)
    frame["customer_id"] = range(len(frame))
    settings = {"draws": 250, "tune": 250, "chains": 4, "progressbar": False, "random_seed": 1, "nuts_sampler": "nutpie"}
    purchases, spend = clv.ModifiedBetaGeoModel(), clv.GammaGammaModel()
    purchases.fit(frame, **settings)
    spend.fit(frame[(frame["frequency"] > 0) & (frame["monetary_value"] > 0)], **settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    value = spend.expected_customer_lifetime_value(
        transaction_model=purchases, data=frame, future_t=12, discount_rate=0.09 / 12, time_unit="W"
    )
    seconds = time.monotonic() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    draws = value.sizes["chain"] * value.sizes["draw"]
    print(json.dumps({"seconds": seconds, "draws": draws, "grown_GB": grown / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
