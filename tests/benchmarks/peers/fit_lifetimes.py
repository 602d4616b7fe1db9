"""Purchases and spend with lifetimes, maximum likelihood: python fit_lifetimes.py FRAME FOLDER mbg|bg."""

import sys
import time

import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter
from stamps import stamp


def main(frame, folder, purchases):
    """Fit both models to the RFM frame in a Parquet file."""
    began = time.monotonic()
    rfm = pd.read_parquet(frame)
    spenders = rfm[(rfm["frequency"] > 0) & (rfm["monetary_value"] > 0)]
    stamp(folder, "data", began)
    model = {"mbg": ModifiedBetaGeoFitter, "bg": BetaGeoFitter}[purchases]()
    for stage, fitter, columns in (
        ("purchases", model, (rfm["frequency"], rfm["recency"], rfm["T"])),
        ("spend", GammaGammaFitter(), (spenders["frequency"], spenders["monetary_value"])),
    ):
        began = time.monotonic()
        fitter.fit(*columns)
        stamp(folder, stage, began, {name: [[value]] for name, value in fitter.params_.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
