"""Do small countries of the real wholesaler lean on the others?

    .venv/bin/python tests/benchmarks/wholesaler_shrinkage.py PATH/online_retail_uci_lines.parquet

For every country with fewer than 20 customers:

- its distance from the population, over all coordinates of a model in units of their spread over countries: that of the pooled
  posterior mean beside that of the country's own unpooled maximum likelihood (priors a hundred times wider in place of none, since a few
  customers' likelihood often has its maximum at infinity). One coordinate by itself may move away while the country as a whole moves
  nearer, since coordinates are correlated;
- the width of the 90 % band of the mean purchase rate and of the mean amount: pooled beside unpooled (every country by itself, priors
  four times wider, sampled), in logarithms; and the ratio of the sizes of the joint bands of all coordinates.
"""

import sys

import numpy as np
import nutpie
import pandas as pd
import pymc as pm

from clvbayes.data import Customers, read_transactions, summarize
from clvbayes.inference import fit
from clvbayes.inference.likelihood import Likelihood
from clvbayes.inference.pilot import find_mode
from clvbayes.models import Priors, gamma_gamma, mbg_nbd
from clvbayes.models.assembly import with_frequencies
from clvbayes.models.clock import STEADY
from clvbayes.models.hierarchy import Cells, assign_cells
from clvbayes.models.protocol import Model
from clvbayes.settings import read_settings

FEWER_THAN = 20


def unpooled_draws(model: Model, customers: Customers, cells: Cells, priors: Priors) -> np.ndarray:
    """Posterior draws of every country by itself, dims (draw, coordinate, cell)."""
    tables = with_frequencies(model.rows(customers, cells))
    with pm.Model() as alone:
        shape = (len(model.coordinates), cells.count)
        coordinates = pm.Normal("coordinates", np.array(priors.mean)[:, None], np.array(priors.sd)[:, None], shape=shape)
        pm.Potential("log_likelihood", (tables["row"]["weight"] * model.log_likelihood(coordinates, tables, STEADY)).sum())
    sampled = nutpie.sample(
        nutpie.compile_pymc_model(alone), draws=2000, tune=2000, chains=4, seed=1, target_accept=0.95, progress_bar=False
    )
    return sampled["posterior"]["coordinates"].to_numpy().reshape(-1, *shape)


def width(draws: np.ndarray) -> np.ndarray:
    """Width of the central 90 % band over the first dim."""
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    return high - low


def volume(draws: np.ndarray) -> float:
    """Size of the joint band of all coordinates: the root of the covariance's determinant."""
    return float(np.sqrt(np.linalg.det(np.cov(draws.T))))


def main(path: str) -> None:
    """Print a row a country and model, and the counts."""
    data = read_settings("reports/wholesaler.toml").settings.data
    customers = summarize(read_transactions(path, **data.model_dump(exclude={"orders", "since", "until"})))
    counts = customers.segments["Country"].value_counts()
    cells = assign_cells(customers, ("Country",))
    countries = cells.factors[0].levels
    small = [k for k, country in enumerate(countries) if counts[country] < FEWER_THAN]
    for model, mean in ((mbg_nbd(), "log_rate"), (gamma_gamma(), "log_mean")):
        priors = model.priors(customers)
        fitted = fit(model, customers, pool=("Country",), draws=2000, seed=1)
        posterior = fitted.posterior["posterior"].to_dataset()
        pooled = posterior["Country_level"].transpose("chain", "draw", "coordinate", "Country").to_numpy()
        pooled = pooled.reshape(-1, *pooled.shape[2:])
        population = posterior["population"].mean(("chain", "draw")).to_numpy()[:, None]
        spread = posterior["Country_scale"].mean(("chain", "draw")).to_numpy()[:, None]
        wide, likelihood = priors.widened(100.0), Likelihood(model, model.rows(customers, cells), cells.count, STEADY)
        maximum = find_mode(likelihood, cells, wide, (np.array(wide.scale),)).mode
        alone = unpooled_draws(model, customers, cells, priors.widened(4.0))
        k = model.coordinates.index(mean)
        table = pd.DataFrame(
            {
                "country": [countries[cell] for cell in small],
                "customers": [counts[countries[cell]] for cell in small],
                "pooled_distance": np.linalg.norm((pooled.mean(axis=0) - population) / spread, axis=0)[small],
                "unpooled_distance": np.linalg.norm((maximum - population) / spread, axis=0)[small],
                f"pooled_{mean}_width": width(pooled[:, k])[small],
                f"unpooled_{mean}_width": width(alone[:, k])[small],
            }
        )
        table["band_volume_ratio"] = [volume(pooled[:, :, cell]) / volume(alone[:, :, cell]) for cell in small]
        nearer = (table["pooled_distance"] < table["unpooled_distance"]).sum()
        narrower = (table[f"pooled_{mean}_width"] < table[f"unpooled_{mean}_width"]).sum()
        print(f"\n{model.title}; certificate passed: {fitted.certificate.passed}")
        print(table.round(2).to_string(index=False))
        smaller = (table["band_volume_ratio"] < 1).sum()
        print(
            f"of {len(table)}: {nearer} nearer to the population, {narrower} with a narrower band of {mean}, "
            f"{smaller} with a smaller band of all coordinates together"
        )


if __name__ == "__main__":
    main(sys.argv[1])
