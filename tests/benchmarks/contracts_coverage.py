"""Do bands of year-ahead recurring revenue hold as often as they say, over simulated books whose truth comes from the prior?

    .venv/bin/python tests/benchmarks/contracts_coverage.py [--books 40] [--contracts 300] [--draws 1000] [--ignored 40] [--seed 1]

Each book has three segments and terms of 1, 12 and 24 months, is signed over eight years and seen for the last three and a half: what
ended before is not in it (left truncation). Its parameters are drawn from the frozen prior; it is fitted by NUTS (two chains of 300
draws), and the truth goes on for a year. Printed: how many of the books had their recurring revenue after a year within the bands of 50,
80 and 95 %, with the distance in binomial standard errors, whether what happened lay too high or too low, how many 90 % bands of
parameters hold the true ones (give or take the standard error over books), and the forecasts again where the fit
ignores the truncation (of as many of the first books as `--ignored` says), whose bands must hold less often.
"""

import argparse
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import clvbayes as clv  # noqa: E402
from clvbayes.data import Renewals  # noqa: E402
from clvbayes.errors import DataError  # noqa: E402
from clvbayes.models.hierarchy import assign_cells, cell_coordinates  # noqa: E402

AHEAD, SINCE, LEVELS = date(2025, 12, 31), date(2021, 6, 30), (0.5, 0.8, 0.95)
VALUED = date(2024, 12, 31)
POOL = ["term_months", "segment"]


def main() -> None:
    """Grade books, and print coverage with its standard error."""
    from made_up_contracts import TERMS, draw_truth, make_book

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=40)
    parser.add_argument("--contracts", type=int, default=300)
    parser.add_argument("--draws", type=int, default=1000, help="predictive draws of each book")
    parser.add_argument("--ignored", type=int, help="books that are also fitted without truncation; all of them by default")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    model, started = clv.models.beta_discrete_weibull(), time.monotonic()
    levels = {"segment": ("a", "b", "c"), "term_months": TERMS}
    places: dict[str, list[float]] = {"as it is": [], "truncation ignored": []}
    recovered: list[float] = []
    for k in range(asked.books):
        rng = np.random.default_rng([asked.seed, k])
        truth = draw_truth(model.priors(None), levels, rng)
        # the book of a year later, of which the terms that had begun a year before are what is known
        book = make_book(asked.contracts, truth, rng, years=9.0)
        book["monthly_amount"] = np.exp(rng.normal(4, 0.7, book["contract_id"].nunique()))[pd.factorize(book["contract_id"])[0]]
        known = book[book["start"] <= pd.Timestamp(VALUED)]
        runs = known.loc[known["end"] >= pd.Timestamp(VALUED), "contract_id"]
        later = book[(book["start"] <= pd.Timestamp(AHEAD)) & (book["end"] >= pd.Timestamp(AHEAD)) & book["contract_id"].isin(runs)]
        happened = 12 * float(later["monthly_amount"].sum())
        try:
            renewals = clv.summarize(clv.read_contracts(known, segments=["segment"]), until=VALUED, since=SINCE)
        except DataError:
            continue
        learned = {"as it is": renewals}
        if asked.ignored is None or k < asked.ignored:
            learned["truncation ignored"] = replace(renewals, statistics=renewals.statistics.assign(entry=0))
        for name, seen in learned.items():
            fit = clv.fit(model, seen, pool=POOL, draws=300, chains=2, seed=k, progress=False)
            places[name].append(_place(fit, renewals, happened, asked.draws, k))
            if name == "as it is":
                recovered.append(_recovered(fit, renewals, truth))
        if (k + 1) % 10 == 0:
            print(f"\n{k + 1} books, {time.monotonic() - started:.0f} s", flush=True)
            _tell(places, recovered)
    if asked.books % 10:
        _tell(places, recovered)


def _tell(places: dict[str, list[float]], recovered: list[float]) -> None:
    """Of the books so far: how many bands held, where what happened lay, and how many bands of parameters held the true ones."""
    error = np.std(recovered, ddof=1) / np.sqrt(len(recovered))
    print(f"parameters of segments and terms: bands of 90% held {np.mean(recovered):.1%} (give or take {error:.1%})")
    for name, found in places.items():
        if not found:
            continue
        for level in LEVELS:
            share, error = np.mean(np.abs(np.array(found) - 0.5) <= level / 2), np.sqrt(level * (1 - level) / len(found))
            print(f"{name}: bands of {level:.0%} held {share:.1%} of {len(found)} books ({(share - level) / error:+.1f} standard errors)")
        off = (np.mean(found) - 0.5) / np.sqrt(1 / 12 / len(found))
        print(
            f"{name}: what happened lay at {np.mean(found):.2f} of the draws on average ({off:+.1f} standard errors from .50)", flush=True
        )


def _recovered(fit: clv.Fit, renewals: Renewals, truth: dict[str, pd.DataFrame]) -> float:
    """Of three coordinates of each segment and term, the share whose 90 % bands hold the true ones."""
    from made_up_contracts import of_cells

    cells = assign_cells(renewals, fit.pool)
    draws = cell_coordinates(fit.posterior["posterior"].to_dataset(), cells, np.arange(600), seed=0)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    true = of_cells({name: truth[name] for name in fit.pool}, cells)
    return float(np.mean((low <= true) & (true <= high)))


def _place(fit: clv.Fit, valued: Renewals, happened: float, predictive: int, seed: int) -> float:
    """Share of the draws that lie below what happened."""
    # terms end by renewal decisions alone in these books
    fit.posterior.attrs |= {"terminated": 0.0, "exposure": 1e12}
    economics = clv.Economics(1.0, 0.0, 1.0)
    book = clv.value(None, None, None, economics, contracts=(fit, None, valued), draws=predictive, seed=seed, progress=False).contracts
    assert book is not None
    draws = np.asarray(book.year_ahead)
    return float((np.sum(draws < happened) + 0.5) / (len(draws) + 1))


if __name__ == "__main__":
    main()
