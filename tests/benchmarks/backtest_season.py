"""What a season does for forecasts: a retailer's 16 quarterly origins, MBG/NBD with and without.

    .venv/bin/python tests/benchmarks/backtest_season.py essec_2005_2011.csv.gz

Prints in how many forecasts each band of the total held, CRPS and median width of the 90 % band as shares, by measure and horizon.
"""

import sys
from datetime import date, timedelta

import pandas as pd

import clvbayes as clv


def main() -> None:
    """Run it once, and print the table."""
    orders = pd.read_csv(sys.argv[1], dtype={"customer_id": str})
    table = clv.read_transactions(orders[["customer_id", "amount", "date"]], currency="EUR")
    origins = [day.date() - timedelta(days=1) for day in pd.date_range("2008-01-01", "2011-10-01", freq="QS")]
    models = [clv.models.mbg_nbd(), clv.models.mbg_nbd(season=True)]
    found = clv.backtest(table, origins=origins, models=models, until=date(2011, 12, 31), draws=250, seed=1)
    total = found.forecasts[(found.forecasts["column"] == "") & (found.forecasts["who"] == "existing")]
    total = total.assign(crps=total["crps"] / total["actual"], width=(total["q95"] - total["q05"]) / total["mean"])
    held = {name: (name, "sum") for name in ("held_50", "held_80", "held_90")}
    shown = total.groupby(["measure", "weeks", "model"]).agg(
        forecasts=("crps", "size"), **held, crps=("crps", "mean"), width=("width", "median")
    )
    print(shown.round(3).to_string())


if __name__ == "__main__":
    main()
