"""All who are valued, by customer: their orders and their contracts, simulated side by side and added up draw by draw."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clvbayes.data import NO_SEGMENT, TERM, Customers, Renewals
from clvbayes.valuation.contract_events import Contracted, ContractPart, ContractPlan, simulate_contracts
from clvbayes.valuation.events import Part, Plan, Simulated, simulate_events, values_of

__all__ = ["Base", "Future", "Who", "everyone", "simulate", "with_lever"]

MEMORY = 12  # numbers that a customer and draw with orders alone takes, for the size of batches


@dataclass(frozen=True)
class Who:
    """Customers to be valued, those with orders first, then those with contracts alone; `segments` has a row each."""

    customer_ids: np.ndarray
    segments: pd.DataFrame
    with_orders: int

    def __len__(self) -> int:
        return len(self.customer_ids)


@dataclass(frozen=True)
class Base:
    """Some customers of whom all is known that a simulation needs.

    Attributes
    ----------
    size : int
        Customers.
    plan, orders : Plan and Part, or None
        Of the first customers, their orders.
    contract_plan, contracts : ContractPlan and ContractPart, or None
    service_cost : numpy.ndarray
        Of a period under contract, by customer.
    """

    size: int
    plan: Plan | None
    orders: Part | None
    contract_plan: ContractPlan | None
    contracts: ContractPart | None
    service_cost: np.ndarray

    def __len__(self) -> int:
        return self.size

    @property
    def draws(self) -> int:
        """Predictive draws."""
        some = self.plan or self.contract_plan
        assert some is not None
        return some.draws

    @property
    def memory(self) -> np.ndarray:
        """How many times the memory of one who orders seldom each takes: orders, and payments and renewals of contracts."""
        memory = np.ones(self.size)
        if self.plan is not None and self.orders is not None:
            memory[: len(self.orders)] = self.plan.memory(self.orders)
        if self.contract_plan is not None and self.contracts is not None:
            of_each = (2 * len(self.contract_plan.period_ends) + self.contract_plan.most_renewals(self.contracts)) / MEMORY
            memory += of_each * np.bincount(self.contracts.customer, minlength=self.size)
        return memory

    def contract_rows(self, rows: slice) -> slice:
        """Which contracts are those of some customers."""
        if self.contracts is None:
            return slice(0, 0)
        first, last = np.searchsorted(self.contracts.customer, [rows.start, rows.stop])
        return slice(int(first), int(last))

    def rows(self, rows: slice | np.ndarray) -> "Base":
        """Some of them, in their order."""
        chosen = np.arange(self.size)[rows]
        orders, contracts = self.orders, self.contracts
        if orders is not None:
            orders = orders.rows(chosen[chosen < len(orders)])
        if contracts is not None:
            first, last = (np.searchsorted(contracts.customer, chosen, side=side) for side in ("left", "right"))
            count = last - first
            of = np.repeat(np.arange(len(chosen)), count)
            places = np.repeat(first, count) + np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
            contracts = replace(contracts.rows(places), customer=of)
        return replace(self, size=len(chosen), orders=orders, contracts=contracts, service_cost=self.service_cost[chosen])


@dataclass(frozen=True)
class Future:
    """Simulated customers: their orders, their contracts, and the value of both by customer and draw.

    `service`, dims ``(customer, draw, period)``, is what a period under contract costs, due when it begins.
    """

    orders: Simulated | None
    contracts: Contracted | None
    service: np.ndarray | None
    order_values: np.ndarray | None
    contract_values: np.ndarray | None

    @property
    def values(self) -> np.ndarray:
        """Value of orders and contracts, dims ``(customer, draw)``."""
        if self.contract_values is None:
            assert self.order_values is not None
            return self.order_values
        values = self.contract_values.copy()
        if self.order_values is not None:
            values[: len(self.order_values)] += self.order_values
        return values


def everyone(customers: Customers | None, renewals: Renewals | None) -> Who:
    """Customers with orders in their order, then those with a running contract alone, by id."""
    ids = np.zeros(0, dtype=object) if customers is None else customers.statistics["customer_id"].to_numpy(dtype=object)
    segments = pd.DataFrame() if customers is None else customers.segments
    if renewals is None:
        return Who(ids, segments, len(ids))
    known = renewals.segments.drop(columns=TERM).assign(customer_id=renewals.statistics["customer_id"].astype(object))
    by_customer = known[renewals.running].drop_duplicates("customer_id").set_index("customer_id").sort_index()
    further = by_customer.loc[~by_customer.index.isin(ids)]
    if customers is not None:
        further = further.reindex(columns=segments.columns).fillna(NO_SEGMENT)
        further = pd.concat([segments, further]) if len(further) else segments
    return Who(np.concatenate([ids, by_customer.index[~by_customer.index.isin(ids)]]), further.reset_index(drop=True).astype(str), len(ids))


def with_lever(base: Base, lever: str, size: float) -> Base:
    """The same with a lever moved."""
    plan = None if base.plan is None else replace(base.plan, lever=lever, size=size)
    contract_plan = None if base.contract_plan is None else replace(base.contract_plan, lever=lever, size=size)
    return replace(base, plan=plan, contract_plan=contract_plan)


def simulate(part: Base) -> Future:
    """Simulate some customers.

    Who is under contract in a period has its cost of service by that, and none by orders.
    """
    contracted, service, contract_values, covered = None, None, None, None
    if part.contract_plan is not None and part.contracts is not None:
        plan, contracts = part.contract_plan, part.contracts
        contracted = simulate_contracts(plan, contracts, len(part))
        margin = np.zeros(len(part))
        margin[contracts.customer] = contracts.margin
        contract_values = margin[:, None] * contracted.discounted.sum(axis=2)
        if part.service_cost.any():
            begins = np.concatenate([[0.0], plan.period_ends[:-1]])
            covered = contracted.under_contract
            service = part.service_cost[:, None, None] * (begins < covered[:, :, None])
            contract_values -= service @ plan.economics.discount_factor(begins)
    simulated, order_values = None, None
    if part.plan is not None and part.orders is not None:
        simulated = simulate_events(part.plan, part.orders, None if covered is None else covered[: len(part.orders)])
        order_values = values_of(part.plan, part.orders, simulated.events)
    return Future(simulated, contracted, service, order_values, contract_values)
