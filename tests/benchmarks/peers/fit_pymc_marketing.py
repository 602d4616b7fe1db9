"""Purchases and spend with pymc-marketing: python fit_pymc_marketing.py FRAME FOLDER mbg|bg pymc|nutpie|numpyro [DRAWS]."""

import sys
import time

import pandas as pd
from pymc_marketing.clv import BetaGeoModel, GammaGammaModel, ModifiedBetaGeoModel
from stamps import stamp


def main(frame, folder, purchases, sampler, draws="1000"):
    """Fit both models to the RFM frame in a Parquet file, with the default priors and, but for a short warm-up run, default settings."""
    began = time.monotonic()
    rfm = pd.read_parquet(frame)
    spenders = rfm[(rfm["frequency"] > 0) & (rfm["monetary_value"] > 0)]
    stamp(folder, "data", began)
    model = {"mbg": ModifiedBetaGeoModel, "bg": BetaGeoModel}[purchases]()
    for stage, fitted, data in (("purchases", model, rfm), ("spend", GammaGammaModel(), spenders)):
        began = time.monotonic()
        sampled = fitted.fit(data, random_seed=1, progressbar=False, nuts_sampler=sampler, draws=int(draws), tune=int(draws))
        posterior = {str(name): values.to_numpy() for name, values in sampled["posterior"].items()}
        diverging = int(sampled["sample_stats"]["diverging"].sum())
        stamp(folder, stage, began, posterior, diverging=diverging)


if __name__ == "__main__":  # its chains are processes of their own
    main(*sys.argv[1:])
