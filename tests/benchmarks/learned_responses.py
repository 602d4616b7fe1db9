"""Acquisition curves learned from the made-up company's history, whose truth is known, and from a textbook's prospects.

    .venv/bin/python tests/benchmarks/learned_responses.py smcrm_acquisitionRetention.csv.gz

Prospects (500, of whom 292 were won) are grouped by tens of like spend within an industry, which stands for a channel: spend and wins of a
group are one period's. Printed are effects at half, once and twice the mean spend, with 90 % bands, no bias added; of the company beside
the truth, of prospects beside what was won.
"""

import sys

import numpy as np
import pandas as pd

import clvbayes as clv

TIMES = np.array([0.5, 1.0, 2.0])
GROUP = 10


def told(response: object, spend: float) -> str:
    """Medians and bands."""
    effect = response.curves(2000, np.random.default_rng(1)).effect(spend * TIMES)  # type: ignore[attr-defined]
    low, middle, high = np.quantile(effect, [0.05, 0.5, 0.95], axis=0)
    return "; ".join(f"{m:.1f} ({a:.1f} to {b:.1f})" for a, m, b in zip(low, middle, high, strict=True))


def main(path: str) -> None:
    """Print both."""
    company = clv.synthetic.company(customers=1500, seed=1)
    for channel, response in clv.learn_responses(company.acquisition, period="month", bias=0.0, seed=1).items():
        mean = float(company.acquisition.loc[company.acquisition["channel"] == channel, "spend"].mean())
        top, scale = company.truth.responses.loc[channel]
        true = -top * np.expm1(-mean * TIMES / scale)
        print(f"company, {channel}: {told(response, mean)}; truth {', '.join(f'{each:.1f}' for each in true)}")
    prospects = pd.read_csv(path)
    prospects["channel"] = np.where(prospects["industry"] == 1, "B2B", "other")
    prospects = prospects.sort_values(["channel", "acq_exp"], kind="stable")
    prospects["group"] = prospects.groupby("channel").cumcount() // GROUP
    table = prospects.groupby(["channel", "group"], as_index=False).agg(spend=("acq_exp", "sum"), won=("acquisition", "sum"))
    table["won"] = table["won"].astype(int)
    for channel, response in clv.learn_responses(table, period="month", bias=0.0, seed=1).items():
        own = table[table["channel"] == channel]
        ranked = own.sort_values("spend")
        thirds = [ranked.iloc[part] for part in np.array_split(np.arange(len(ranked)), 3)]
        seen = ", ".join(f"{part['won'].mean():.1f} at {part['spend'].mean():,.0f}" for part in thirds)
        print(
            f"prospects, {channel}, mean spend of ten {own['spend'].mean():,.0f}: {told(response, float(own['spend'].mean()))}; won {seen}"
        )


if __name__ == "__main__":
    main(sys.argv[1])
