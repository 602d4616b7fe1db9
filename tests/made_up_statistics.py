"""Statistics of made-up customers that follow the models' story, daily times, without orders: for tests and benchmarks."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clvbayes.data import Customers

__all__ = ["made_up_customers", "segmented_frame", "simulate"]

# log rate a week, log shape, logit dropout, log concentration; log of the mean amount, and of its coefficients of variation
CENTRE = (np.log(0.08), np.log(0.5), -1.2, np.log(3.0), 4.0, np.log(0.5), np.log(0.6))
SPREAD = (0.4, 0.3, 0.4, 0.3, 0.3, 0.1, 0.1)
CROSSED_SPREAD = (0.2, 0.1, 0.2, 0.1, 0.1, 0.05, 0.05)
LONGEST = 156  # weeks
PIECE = 1_000_000  # customers at a time


def simulate(truth: dict[str, np.ndarray], days: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """RFM frame of customers with these MBG/NBD and Gamma-Gamma parameters, in weeks, observed for so many days."""
    customers = len(days)
    rate = rng.gamma(truth["r"], size=customers) / truth["alpha"]
    last = rng.geometric(rng.beta(truth["a"], truth["b"], size=customers)) - 1
    wishes = rng.poisson(rate * days / 7)
    person = np.repeat(np.arange(customers), wishes)
    time = rng.random(len(person)) * days[person]
    time = time[np.lexsort((time, person))]
    turn = np.arange(len(person)) - np.repeat(np.cumsum(wishes) - wishes, wishes)
    happens = turn < last[person]
    person, time, turn = person[happens], time[happens], turn[happens]
    # To the nearest day and, where the customer has bought on it, the next free one: rounded up and merged, log r comes out .08 high.
    apart = 10_000 * person  # keeps the running maximum from reaching into the next person
    day = np.maximum.accumulate(np.maximum(np.rint(time), 1).astype(int) - turn + apart) - apart + turn
    seen = day <= days[person]
    bought = pd.Series(day[seen]).groupby(person[seen])
    frequency = bought.size().reindex(range(customers), fill_value=0).to_numpy()
    recency = bought.max().reindex(range(customers), fill_value=0).to_numpy() / 7
    total = rng.gamma(np.maximum(truth["p"] * frequency, 1e-9)) / rng.gamma(truth["q"], size=customers) * truth["v"]
    mean = np.maximum(np.round(total, 2), 0.01) / np.maximum(frequency, 1)
    frame = pd.DataFrame({"frequency": frequency, "recency": recency, "T": days / 7, "monetary_value": np.where(frequency > 0, mean, 0.0)})
    return frame.rename_axis("customer_id").reset_index()


def segmented_frame(customers: int, seed: int, *, segments: int = 8, channels: int = 0) -> pd.DataFrame:
    """An RFM frame in weeks of customers observed for 1 to 156 weeks, with a column `segment` and, where there are any, `channel`.

    Segments and channels differ in size and in all parameters.
    """
    rng = np.random.default_rng(seed)
    by_segment = rng.standard_normal((segments, len(CENTRE))) * SPREAD
    by_channel = rng.standard_normal((channels, len(CENTRE))) * CROSSED_SPREAD
    segment_shares, channel_shares = rng.dirichlet(np.full(segments, 1.5)), rng.dirichlet(np.full(max(channels, 1), 3.0))
    pieces = []
    for start in range(0, customers, PIECE):
        count = min(PIECE, customers - start)
        segment = rng.choice(segments, count, p=segment_shares)
        coordinates = CENTRE + by_segment[segment]
        columns = {"segment": [f"s{number:03d}" for number in segment]}
        if channels:
            channel = rng.choice(channels, count, p=channel_shares)
            coordinates = coordinates + by_channel[channel]
            columns["channel"] = [f"c{number:02d}" for number in channel]
        days = rng.integers(7, LONGEST * 7 + 1, size=count)
        piece = simulate(natural(coordinates), days, rng).assign(**columns)
        pieces.append(piece.assign(customer_id=piece["customer_id"] + start))
    return pd.concat(pieces, ignore_index=True)


def natural(coordinates: np.ndarray) -> dict[str, np.ndarray]:
    """MBG/NBD and Gamma-Gamma parameters of customers from their coordinates, dims (customer, coordinate)."""
    log_rate, log_shape, logit_dropout, log_concentration, log_mean, log_within, log_between = coordinates.T
    dropout, concentration = 1 / (1 + np.exp(-logit_dropout)), np.exp(log_concentration)
    p, q = np.exp(-2 * log_within), 2 + np.exp(-2 * log_between)
    purchases = {
        "r": np.exp(log_shape),
        "alpha": np.exp(log_shape - log_rate),
        "a": dropout * concentration,
        "b": (1 - dropout) * concentration,
    }
    return purchases | {"p": p, "q": q, "v": np.exp(log_mean) * (q - 1) / p}


def made_up_customers(segments: Mapping[str, int], *, seed: int) -> Customers:
    """Customers in segments of the given sizes, each with parameters of its own."""
    rng = np.random.default_rng(seed)
    frames = []
    for name, count in segments.items():
        coordinates = np.broadcast_to(CENTRE + rng.standard_normal(len(CENTRE)) * SPREAD, (count, len(CENTRE)))
        frames.append(simulate(natural(coordinates), rng.integers(7, LONGEST * 7 + 1, size=count), rng).assign(segment=name))
    frame = pd.concat(frames, ignore_index=True)
    return Customers.from_frame(frame.assign(customer_id=np.arange(len(frame))), unit="week", segments=["segment"])
