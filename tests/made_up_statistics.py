"""Statistics of made-up customers that follow the models' story, daily times, without orders."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clvbayes.data import Customers


def made_up_customers(segments: Mapping[str, int], *, seed: int, longest: float = 156.0) -> Customers:
    """MBG/NBD and Gamma-Gamma customers in segments of the given sizes, each with parameters of its own; weeks."""
    rng = np.random.default_rng(seed)
    frames = []
    for name, count in segments.items():
        rate, shape = np.exp(rng.normal(np.log(0.08), 0.4)), np.exp(rng.normal(np.log(0.5), 0.3))
        dropout, concentration = 1 / (1 + np.exp(-rng.normal(-1.2, 0.4))), np.exp(rng.normal(np.log(3), 0.3))
        T = np.floor(rng.uniform(1, longest, count) * 7) / 7
        intensity = rng.gamma(shape, rate / shape, count)
        leaves = rng.beta(dropout * concentration, (1 - dropout) * concentration, count)
        x, t_x, alive = np.zeros(count, dtype=int), np.zeros(count), rng.random(count) >= leaves
        time = np.zeros(count)
        while alive.any():
            time = time + rng.exponential(1, count) / np.maximum(intensity, 1e-9)
            alive &= time <= T
            x[alive] += 1
            t_x[alive] = np.minimum(np.ceil(time[alive] * 7) / 7, T[alive])
            alive &= rng.random(count) >= leaves
        mean = np.exp(rng.normal(4, 0.3)) * rng.gamma(4 * np.maximum(x, 1), 1) / (4 * np.maximum(x, 1)) * 3.5 / rng.gamma(4.5, 1, count)
        frames.append(pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "monetary_value": np.where(x > 0, mean, 0.0), "segment": name}))
    frame = pd.concat(frames, ignore_index=True)
    frame["customer_id"] = [f"C{k:06d}" for k in range(len(frame))]
    return Customers.from_frame(frame, unit="week", segments=["segment"])
