"""Orders of amount zero count as orders, and in the forecast the same share of orders is free."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from valuation.made_up_fits import made_up_customers, made_up_fits

from clvbayes.valuation import Economics, value


def test_free_orders_count_and_are_not_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    customers = made_up_customers()
    statistics = customers.statistics
    free = (0.4 * statistics["frequency"]).astype(int)
    customers = replace(customers, statistics=statistics.assign(spend_count=statistics["frequency"] - free))
    economics = Economics(margin=0.5, discount_rate=0.0, horizon=2)
    right = value(*made_up_fits(customers), customers, economics, draws=300, seed=1, progress=False)
    assert right.checks[0].status == "ok"

    monkeypatch.setattr(import_module("clvbayes.valuation.plans"), "_paid_share", lambda customers, draws, seed: np.ones(draws))
    all_paid = value(*made_up_fits(customers), customers, economics, draws=300, seed=1, progress=False)
    np.testing.assert_array_equal(right.total.sel(component="orders"), all_paid.total.sel(component="orders"))
    paid_share = 1 - free.sum() / statistics["frequency"].sum()
    revenue = [float(valuation.total.sel(component="revenue").sum()) for valuation in (right, all_paid)]
    assert revenue[0] / revenue[1] == pytest.approx(paid_share, abs=0.02)
