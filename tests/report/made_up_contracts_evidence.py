"""Evidence of contracts, alone and beside orders, from made-up fits."""

from dataclasses import replace
from functools import cache

import pandas as pd
from valuation.made_up_books import SEGMENTS, UNTIL, made_up_contract_fit, made_up_renewals, made_up_terms
from valuation.made_up_fits import made_up_customers, made_up_fits

from clvbayes.models import beta_discrete_weibull, renewal_change
from clvbayes.report import Evidence
from clvbayes.valuation import Economics, value

__all__ = ["contract_evidence", "with_missed_contracts"]


@cache
def contract_evidence(*, orders: bool, language: str = "en", customer_ids: str = "none", changes: bool = True) -> Evidence:
    if language != "en" or customer_ids != "none":
        return replace(contract_evidence(orders=orders, changes=changes), language=language, customer_ids=customer_ids)
    renewals = made_up_renewals(made_up_terms(150, customers=110))
    renewed = made_up_contract_fit(beta_discrete_weibull(), renewals)
    changed = made_up_contract_fit(renewal_change(indexation={2026: 0.02}), renewals) if changes else None
    customers = made_up_customers(60, until=UNTIL, segments=SEGMENTS, currency="EUR") if orders else None
    fits = (None, None) if customers is None else made_up_fits(customers)
    contracts = (renewed, changed, renewals)
    economics = Economics(0.4, 0.08, 3, service_cost=2.0)
    valuation = value(*fits, customers, economics, contracts=contracts, draws=300, seed=1, progress=False, levers=["churn", "spend"])
    return Evidence(
        title=None,
        customers=customers,
        purchases=fits[0],
        spend=fits[1],
        valuation=valuation,
        by=tuple(SEGMENTS),
        customer_ids="none",
        source="orders.csv, contracts.csv" if orders else "contracts.csv",
        data_hash="sha256:5f1c0a",
        versions={"clvbayes": "0.1.0"},
        seed=1,
        settings={"data": {"contracts": "contracts.csv"}},
        contracts=contracts,
    )


def with_missed_contracts(evidence: Evidence, errors: int) -> Evidence:
    """As if a discrepancy had been learned from so many forecasts of contracts, half as many origins."""
    known = {"origins": errors // 2, "errors": errors, "independent": errors // 2, "growth": 0.0, "between_sd": 0.0}
    rows = [
        {"what": "contracts lost", **known, "mean": 0.12, "sd": 0.09, "prior_sd": 0.1},
        {"what": "amount of contracts", **known, "mean": 0.01, "sd": 0.02, "prior_sd": 0.03},
    ]
    missed = pd.concat([evidence.valuation.discrepancy, pd.DataFrame(rows)], ignore_index=True)
    return replace(evidence, valuation=replace(evidence.valuation, discrepancy=missed))
