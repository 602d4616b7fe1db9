"""How long a full back-test takes: six origins, three models, the two baselines, all 23,570 customers of CDNOW.

    .venv/bin/python tests/benchmarks/backtest_scale.py

The orders lie in the wheel of lifetimes. Prints the verdicts too. Nothing else may run beside it.
"""

import resource
import time
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

import clvbayes as clv

UNTIL = date(1998, 6, 30)
ORIGINS = [UNTIL - timedelta(weeks=weeks) for weeks in (52, 45, 39, 32, 26, 13)]


def main() -> None:
    """Run it once, and print time, memory and verdicts."""
    spec = find_spec("lifetimes")
    assert spec is not None and spec.origin is not None
    file = Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"
    names = ["customer_id", "date", "quantity", "amount"]
    orders = pd.read_csv(file, sep=r"\s+", header=0, names=names, dtype={"customer_id": str, "date": str})
    table = clv.read_transactions(orders, date_format="%Y%m%d", currency="USD")
    models = clv.models
    pairs = [
        (models.mbg_nbd(), models.gamma_gamma()),
        (models.mbg_nbd(), models.lognormal()),
        (models.mbg_nbd(), models.lognormal(frequency_link=True)),
    ]
    started = time.monotonic()
    found = clv.backtest(table, origins=ORIGINS, models=pairs, seed=1)
    seconds = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n{len(ORIGINS)} origins x {len(pairs)} models and 2 baselines: {seconds:.0f} s, {memory:.2f} GB at most")
    print(found.forecasts[found.forecasts["column"] == ""].groupby("weeks")["origin"].nunique().rename("origins graded").to_string())
    for verdict in found.verdicts:
        print(f"{verdict.model}: {verdict.message}")
    print(f"{found.choice.model}: {found.choice.reason}")
    passed = int(found.certificates["passed"].sum())
    print(f"{passed} of {len(found.certificates)} fits passed all checks")
    singles = found.customers[(found.customers["measure"] == "orders")]
    print(singles.groupby(["model", "weeks"])[["pit_50", "pit_90", "held_90", "crps", "log_score", "ks"]].mean().round(3).to_string())


if __name__ == "__main__":
    main()
