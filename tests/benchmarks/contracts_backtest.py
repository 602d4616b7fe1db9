"""Would forecasts of contracts have held? The back-test on a simulated book, as it is and where its truth shifts.

    .venv/bin/python tests/benchmarks/contracts_backtest.py [--contracts 1500] [--origins 12] [--seed 1] [--books shifted]

The book has three segments and terms of 1, 12 and 24 months, is signed over ten years and seen for the last six (left truncation); its
parameters are drawn from the frozen prior, its amounts are lognormal. In the second book every third renewal of the last two years that
would have come does not. Printed, of the model (moved by what its earlier forecasts missed, and by itself) and of last year's rate: in how
many forecasts the 90 % band held, in how many of those that do not overlap, how far all forecasts together were off, their CRPS and the
interval score of their 90 % bands as a share of what happened, and the verdict; and how often the bands of single terms and segments held.
"""

import argparse
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import clvbayes as clv  # noqa: E402
from clvbayes.grading.verdicts import judge  # noqa: E402

BOOKS, ALONE = ("as-it-is", "shifted"), "by itself"
SINCE, SHIFTS = date(2019, 12, 31), pd.Timestamp(2024, 1, 1)


def main() -> None:
    """Grade both books."""
    from made_up_contracts import TERMS, UNTIL, draw_truth, make_book

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=int, default=1500)
    parser.add_argument("--origins", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--books", nargs="+", choices=BOOKS, default=BOOKS)
    asked = parser.parse_args()
    rng, model = np.random.default_rng(asked.seed), clv.models.beta_discrete_weibull()
    truth = draw_truth(model.priors(None), {"segment": ("a", "b", "c"), "term_months": TERMS}, rng)
    book = make_book(asked.contracts, truth, rng, years=10.0)
    book["monthly_amount"] = np.round(rng.lognormal(4, 0.7, asked.contracts), 2)[book["contract_id"].str[1:].astype(int)]
    fails = (book["start"] >= SHIFTS) & (book.groupby("contract_id").cumcount() > 0) & (rng.random(len(book)) < 1 / 3)
    books = {BOOKS[0]: book, BOOKS[1]: book[fails.groupby(book["contract_id"]).cumsum() == 0]}
    for name in asked.books:
        terms = books[name]
        started = time.monotonic()
        table = clv.read_contracts(terms, segments=["segment"], currency="EUR")
        options = {"pool": ["term_months", "segment"], "since": SINCE, "until": UNTIL, "origins": asked.origins}
        found = clv.backtest(table, models=[model], **options, seed=asked.seed, progress=False)
        running = found.forecasts.query("column == ''")["customers"]
        print(f"\n{name}: {running.min()} to {running.max()} contracts run at an origin; {time.monotonic() - started:.0f} s")
        print(told(found).to_string(index=False))
        single = found.forecasts[(found.forecasts["column"] != "") & (found.forecasts["model"] == found.models[0])]
        print(
            single.groupby("measure")[["held_50", "held_80", "held_90", "held_95"]].mean().round(3).assign(of=len(single) // 2), flush=True
        )


def told(found: clv.Backtest) -> pd.DataFrame:
    """One row a verdict."""
    rows = []
    every = pd.concat([found.forecasts, found.by_itself.assign(model=ALONE)])
    for verdict in judge(every):
        total = every.query("column == '' and model == @verdict.model and measure == @verdict.measure and weeks == @verdict.weeks")
        row = {"model": verdict.model, "of": verdict.measure, "weeks": verdict.weeks, "held": f"{total['held_90'].sum()} of {len(total)}"}
        row |= {"apart": f"{verdict.held} of {verdict.origins}", "off": f"{total['mean'].sum() / total['actual'].sum() - 1:+.1%}"}
        row |= {name: f"{total[name].sum() / total['actual'].sum():.2%}" for name in ("crps", "interval_90")}
        rows.append(row | {"judgement": verdict.judgement})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
