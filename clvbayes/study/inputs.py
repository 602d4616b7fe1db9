"""What a valuation file names, read and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clvbayes.data import Contracts, Customers, Renewals, Transactions, read_contracts, read_transactions, summarize
from clvbayes.errors import DataError, SettingsError
from clvbayes.models.hierarchy import assign_cells
from clvbayes.settings import Settings, SettingsFile, read_settings
from clvbayes.study.model_choice import contract_models, order_models
from clvbayes.valuation.base import everyone

__all__ = ["Inputs", "check"]

SHOWN_LEVELS = 12


@dataclass(frozen=True)
class Inputs:
    """What a valuation file names, read and checked; orders or contracts may be None, not both.

    Attributes
    ----------
    file : SettingsFile
    transactions : Transactions or None
    customers : Customers or None
    contracts : Contracts or None
    renewals : Renewals or None
    """

    file: SettingsFile
    transactions: Transactions | None
    customers: Customers | None
    contracts: Contracts | None
    renewals: Renewals | None

    @property
    def of_orders(self) -> tuple[Transactions, Customers]:
        """Orders, and who made them.

        Raises
        ------
        SettingsError
            If there are none.
        """
        if self.transactions is None or self.customers is None:
            raise SettingsError(f"{self.file.path.name}: data names no orders, and without them there is nothing to do here")
        return self.transactions, self.customers

    @property
    def currency(self) -> str | None:
        """Of all amounts."""
        known = [table.currency for table in (self.customers, self.renewals) if table is not None]
        return next((code for code in known if code), None)

    @property
    def segments(self) -> pd.DataFrame:
        """Of all customers."""
        return everyone(self.customers, self.renewals).segments

    @property
    def source(self) -> str:
        """Names of the files."""
        return ", ".join(table.source for table in (self.transactions, self.contracts) if table is not None)

    @property
    def sha256(self) -> str:
        """Hashes of their contents."""
        return ", ".join(table.sha256 for table in (self.transactions, self.contracts) if table is not None)


def check(settings_path: str | Path, *, overrides: Sequence[str] = ()) -> Inputs:
    """Read and check everything that a run would read; sample and write nothing.

    Parameters
    ----------
    settings_path : path
        The valuation file.
    overrides : sequence of str
        Such as ``economics.margin=0.3``.

    Returns
    -------
    Inputs

    Raises
    ------
    ClvError
        If anything that a person gave is wrong.
    """
    file = read_settings(settings_path, overrides)
    settings = file.settings
    transactions, customers = _orders(file) if file.orders is not None else (None, None)
    contracts, renewals = _contracts(file, customers) if file.contracts is not None else (None, None)
    inputs = Inputs(file, transactions, customers, contracts, renewals)
    if customers is not None:
        cells = assign_cells(customers, settings.models.pool)
        for model in order_models(settings, customers):
            model.priors(customers)
            model.rows(customers, cells)
            model.clock.over(customers)
    if renewals is not None:
        cells = assign_cells(renewals, settings.models.contracts_pool)
        for model in contract_models(settings):
            model.rows(renewals, cells)
    settings.economics.economics(inputs.currency).require_levels(inputs.segments)
    _require_places(settings, inputs.segments)
    return inputs


def _orders(file: SettingsFile) -> tuple[Transactions, Customers]:
    data = file.settings.data
    counting = data.model_dump(include={"since", "until", "opportunity"})
    transactions = read_transactions(file.orders, **data.model_dump(exclude={"orders", "contracts", *counting}))
    return transactions, summarize(transactions, **counting)


def _contracts(file: SettingsFile, customers: Customers | None) -> tuple[Contracts, Renewals]:
    """Contracts are known until the day that the orders are."""
    data = file.settings.data
    shared = data.model_dump(include={"segments", "currency", "date_format", "decimal"})
    contracts = read_contracts(file.contracts, **shared, **file.settings.contracts.model_dump(exclude={"indexation"}))
    renewals = summarize(contracts, until=data.until if customers is None else customers.until, since=data.since)
    if not renewals.running.any():
        raise DataError(f"{contracts.source}: no contract runs on {renewals.until}; there is nothing to value, so leave data.contracts out")
    if not renewals.statistics.loc[renewals.running, "monthly_amount"].any():
        raise DataError(
            f"{contracts.source}: no contract that runs on {renewals.until} costs anything; there is nothing to value, so leave "
            "data.contracts out"
        )
    if customers is not None and customers.currency and renewals.currency and customers.currency != renewals.currency:
        raise DataError(f"the orders are in {customers.currency}, the contracts in {renewals.currency}; bring both to one currency")
    return contracts, renewals


def _require_places(settings: Settings, segments: pd.DataFrame) -> None:
    """Refuse a measure at a level that no customer is of, before anything is sampled."""
    for measure in settings.measure:
        for column, level in measure.where.items():
            levels = sorted(set(segments[column].astype(str)))
            if level not in levels:
                known = ", ".join(levels[:SHOWN_LEVELS]) + (", ..." if len(levels) > SHOWN_LEVELS else "")
                raise SettingsError(f"measure {measure.name!r}: {column!r} has no level {level!r}; there are {known}")
