"""What the likelihood needs of the apparel retailer's 600 customers, as distinct rows with their numbers of customers.

    .venv/bin/python tests/models/apparel.py clvtools_apparel_trans.csv.gz

writes apparel.csv beside this file: repeat purchases x, days from the first purchase to the last one, t_x, and to 2006-12-31, T. The orders
are simulated ones, which come with CLVTools; its published fits are of these 104 weeks.
"""

import sys
from pathlib import Path

import pandas as pd

ROWS = Path(__file__).with_suffix(".csv")
UNTIL = pd.Timestamp("2006-12-31")


def compressed(orders: pd.DataFrame) -> pd.DataFrame:
    """Orders with columns Id and Date as rows with columns x, t_x, T (in days) and customers."""
    days = orders.assign(Date=pd.to_datetime(orders["Date"])).drop_duplicates(["Id", "Date"])
    of = days[days["Date"] <= UNTIL].groupby("Id")["Date"].agg(["size", "min", "max"])
    statistics = pd.DataFrame({"x": of["size"] - 1, "t_x": (of["max"] - of["min"]).dt.days, "T": (UNTIL - of["min"]).dt.days})
    return statistics.value_counts().sort_index().rename("customers").reset_index()


if __name__ == "__main__":
    compressed(pd.read_csv(sys.argv[1])).to_csv(ROWS, index=False)
