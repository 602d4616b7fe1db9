r"""Bands of totals on short histories: CDNOW, the UCI wholesaler and the (simulated) apparel retailer, at the aggregate study's origins.

    .venv/bin/python tests/benchmarks/totals_short.py CDNOW_master.txt \
        online_retail_uci_lines.parquet clvtools_apparel_trans.csv.gz [FOLDER]

Prints, by set and horizon, in how many forecasts the bands of the total's orders held, CRPS and median width of the 90 % band as shares,
of the model by itself and as used.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from totals_hold import summary

import clvbayes as clv


def main() -> None:
    """Run the three sets, and print one table."""
    cdnow, wholesaler, apparel = map(Path, sys.argv[1:4])
    folder = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    sets = {
        "CDNOW": (_cdnow(cdnow), _firsts("1997-07-01", "1998-04-01", "QS"), date(1998, 6, 30)),
        "UCI": (wholesaler_orders(wholesaler), _firsts("2011-03-01", "2011-09-01", "MS"), date(2011, 12, 9)),
        "apparel": (apparel_orders(apparel), _firsts("2006-01-01", "2010-07-01", "6MS"), None),
    }
    frames = []
    for name, (table, origins, until) in sets.items():
        found = clv.backtest(
            table,
            origins=origins,
            horizons=[13, 26, 39, 52],
            models=[clv.models.mbg_nbd(season=True)],
            until=until,
            seed=1,
            folder=None if folder is None else folder / name,
        )
        kinds = {"by itself": found.by_itself, "used": found.forecasts}
        own = [frame[frame["model"] == found.models[0]].assign(set=name, kind=kind) for kind, frame in kinds.items()]
        frames += [frame[(frame["who"] == "existing") & (frame["measure"] == "orders")] for frame in own]
    print(summary(pd.concat(frames), ["set", "weeks", "kind"]))


def _firsts(start: str, end: str, step: str) -> list[date]:
    return [day.date() - timedelta(days=1) for day in pd.date_range(start, end, freq=step)]


def _cdnow(path: Path) -> clv.Transactions:
    orders = pd.read_csv(
        path, sep=r"\s+", header=0, names=["customer_id", "date", "units", "amount"], dtype={"customer_id": str, "date": str}
    )
    return clv.read_transactions(orders.assign(date=pd.to_datetime(orders["date"], format="%Y%m%d")), currency="USD")


def wholesaler_orders(path: Path) -> clv.Transactions:
    lines = pd.read_parquet(path)
    lines = lines[lines["CustomerID"].notna() & ~lines["InvoiceNo"].astype(str).str.startswith("C")]
    lines = lines[(lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
    amount = lines["Quantity"] * lines["UnitPrice"]
    orders = pd.DataFrame({"customer_id": lines["CustomerID"].astype(int).astype(str), "date": lines["InvoiceDate"], "amount": amount})
    return clv.read_transactions(orders, currency="GBP")


def apparel_orders(path: Path) -> clv.Transactions:
    orders = pd.read_csv(path)
    named = {"Id": "customer_id", "Date": "date", "Price": "amount"}
    return clv.read_transactions(orders.rename(columns=named).astype({"customer_id": str}), currency="EUR")


if __name__ == "__main__":
    main()
