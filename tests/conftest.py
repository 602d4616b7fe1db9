"""Data and real fits that several tests share. Everything else is tested on made-up posteriors."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_contracts import TERMS, draw_truth, make_book

from clvbayes import synthetic
from clvbayes.data import Customers, Renewals, read_contracts, read_transactions, summarize
from clvbayes.inference import Fit, fit
from clvbayes.models import beta_discrete_weibull, gamma_gamma, mbg_nbd, renewal_change

UNTIL = date(2025, 12, 31)


@pytest.fixture(scope="session")
def cdnow() -> Customers:
    """The 1/10 sample of CDNOW, 39 weeks, unit weeks; from the wheel of lifetimes, whose code is not run."""
    spec = find_spec("lifetimes")
    assert spec is not None and spec.origin is not None
    file = Path(spec.origin).parent / "datasets" / "CDNOW_sample.txt"
    names = ["old_id", "customer_id", "date", "quantity", "amount"]
    orders = pd.read_csv(file, sep=r"\s+", header=None, names=names, dtype={"customer_id": str, "date": str})
    return summarize(read_transactions(orders, date_format="%Y%m%d", currency="USD"), until=date(1997, 9, 30))


@pytest.fixture(scope="session")
def company() -> synthetic.Company:
    """A company that is exactly the models' story: no season, no returns, no cash sales, no double rows."""
    return synthetic.company(customers=2500, seed=20, until=UNTIL, seasonality=0, return_share=0, anonymous_share=0, duplicate_share=0)


@pytest.fixture(scope="session")
def company_customers(company: synthetic.Company) -> Customers:
    table = read_transactions(company.orders, order_id="order_id", segments=["industry", "channel"], currency="EUR")
    return summarize(table, until=UNTIL)


@pytest.fixture(scope="session")
def company_purchases(company_customers: Customers) -> Fit:
    return fit(mbg_nbd(), company_customers, pool=("industry", "channel"), seed=1, progress=False)


@pytest.fixture(scope="session")
def company_spend(company_customers: Customers) -> Fit:
    return fit(gamma_gamma(), company_customers, pool=("industry", "channel"), seed=2, progress=False)


@pytest.fixture(scope="session")
def book_truth() -> dict[str, pd.DataFrame]:
    """Coordinates drawn from the frozen priors, in three segments and three terms."""
    levels = {"segment": ("a", "b", "c"), "term_months": TERMS}
    return draw_truth(beta_discrete_weibull().priors(None), levels, np.random.default_rng(1))


@pytest.fixture(scope="session")
def book(book_truth: dict[str, pd.DataFrame]) -> Renewals:
    """3,000 contracts signed over eight years, of which those that ended before the last three and a half are not seen."""
    terms = make_book(3000, book_truth, np.random.default_rng(2))
    return summarize(read_contracts(terms, segments=["segment"], currency="EUR"), until=UNTIL, since=date(2022, 6, 30))


@pytest.fixture(scope="session")
def book_renewals(book: Renewals) -> Fit:
    return fit(beta_discrete_weibull(), book, pool=("segment", "term_months"), seed=3, progress=False)


@pytest.fixture(scope="session")
def company_renewals(company: synthetic.Company) -> Renewals:
    """Contracts of the company, beside its orders."""
    columns = {"cancelled_on": "cancelled_on", "billing_months": "billing_months"}
    return summarize(read_contracts(company.contracts, **columns, segments=["industry", "channel"], currency="EUR"), until=UNTIL)


@pytest.fixture(scope="session")
def company_changes(company: synthetic.Company, company_renewals: Renewals) -> Fit:
    """Pooled over terms first: the sampler lays out the levels of the first factor one by one, and terms are the most uneven (86 months'
    renewals for one of two years'). The other way round it took 2.5 times as many draws for the same effective ones."""
    model = renewal_change(indexation=company.truth.contracts.indexation)
    return fit(model, company_renewals, pool=("term_months", "industry"), seed=4, progress=False)
