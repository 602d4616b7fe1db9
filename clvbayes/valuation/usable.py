"""Whether fits, customers and contracts can be valued together; one clear refusal if not."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from clvbayes.data import DAYS_PER_UNIT, TERM, Customers, Renewals, require_seed
from clvbayes.errors import ArgumentError
from clvbayes.inference import Fit
from clvbayes.models.clock import LEVEL, SEASONAL
from clvbayes.models.hierarchy import assign_cells
from clvbayes.models.protocol import Model, PurchaseModel, SpendModel
from clvbayes.valuation.contract_discrepancy import ContractDiscrepancy
from clvbayes.valuation.discrepancy import Discrepancy
from clvbayes.valuation.economics import Economics

__all__ = [
    "LEAST_DAYS",
    "columns_of",
    "require_contracts",
    "require_discrepancies",
    "require_draws",
    "require_kinds",
    "require_orders",
    "require_widened",
]

# With under two years the likelihood does not know season from level: on one grocer's first year three models differed by .7 log units and
# forecast 3,791 to 4,190 orders of 3,389 (aggregate study 4).
LEAST_DAYS = 730


def columns_of(by: Sequence[str] | None, customers: Customers | None, renewals: Renewals | None) -> tuple[str, ...]:
    """Columns to report by: those asked for, or all that there are.

    Raises
    ------
    ArgumentError
        If one is no segment, or named twice.
    """
    if isinstance(by, str):
        raise ArgumentError(f"by must be a list of columns; write ({by!r},)")
    if customers is not None:
        known = list(map(str, customers.segments.columns))
    else:
        known = [] if renewals is None else [str(column) for column in renewals.segments.columns if column != TERM]
    columns = tuple(known) if by is None else tuple(by)
    if len(set(columns)) < len(columns):
        raise ArgumentError(f"by names a column twice: {list(columns)}")
    if unknown := [column for column in columns if column not in known]:
        told = ", ".join(map(repr, known)) or "none"
        raise ArgumentError(f"by names {', '.join(map(repr, unknown))}, which is no segment of these customers; they have {told}")
    return columns


def require_draws(draws: object, seed: object) -> None:
    """Refuse what is no number of draws, or no seed."""
    if not isinstance(draws, int | np.integer) or draws < 100:
        raise ArgumentError(f"draws must be a whole number of at least 100, not {draws!r}: a 90 % band needs them")
    require_seed(seed)


def require_contracts(contracts: object, customers: Customers | None) -> tuple[Fit, Fit | None, Renewals]:
    """The fits of renewals and of changes, and the contracts; refused if they do not go together, or with these customers."""
    match contracts:
        case (Fit() as renewed, (Fit() | None) as changed, Renewals() as renewals):
            pass
        case _:
            given = ", ".join(type(one).__name__ for one in contracts) if isinstance(contracts, tuple | list) else type(contracts).__name__
            raise ArgumentError(
                "contracts must be three: the fit of a model of renewals, that of a model of changes or None, and what "
                f"clv.summarize(clv.read_contracts(...)) returns, in this order, not {given}"
            )
    if renewed.model.kind != "contracts" or (changed is not None and changed.model.kind != "changes"):
        given = " and ".join(fit.model.name for fit in (renewed, changed) if fit is not None)
        raise ArgumentError(f"contracts need the fit of a model of renewals, then of one of changes or None, not of {given}")
    if renewals.until is None or renewals.statistics.loc[renewals.running, ["next_decision", "monthly_amount"]].isna().any(axis=None):
        raise ArgumentError("contracts without days and amounts, as of Renewals.from_frame, can be fitted, not valued")
    if not renewals.running.any():
        raise ArgumentError(f"no contract runs on {renewals.until}: there is nothing to value; leave contracts out")
    if not renewals.statistics.loc[renewals.running, "monthly_amount"].any():
        raise ArgumentError(f"no contract that runs on {renewals.until} costs anything: there is nothing to value; leave contracts out")
    if customers is not None and customers.until != renewals.until:
        raise ArgumentError(
            f"the customers are known until {customers.until}, the contracts until {renewals.until}: give summarize the same until for both"
        )
    if customers is not None and customers.currency and renewals.currency and customers.currency != renewals.currency:
        raise ArgumentError(f"the orders are in {customers.currency}, the contracts in {renewals.currency}")
    for fit in filter(None, (renewed, changed)):
        assign_cells(renewals, fit.pool)
    return renewed, changed, renewals


def require_kinds(purchases: Sequence[Fit] | Fit, spend: Fit, customers: Customers, economics: Economics) -> tuple[Fit, ...]:
    """The purchase fits; refused if any argument is of another kind, as where they were given in another order."""
    fits = (purchases,) if not isinstance(purchases, tuple | list) else tuple(purchases)
    right = all(isinstance(fit, Fit) for fit in (*fits, spend)) and isinstance(customers, Customers) and isinstance(economics, Economics)
    if not right:
        given = ", ".join(type(one).__name__ for one in (*fits, spend, customers, economics))
        of_contracts = any(isinstance(one, Renewals) for one in (*fits, spend, customers))
        raise ArgumentError(
            "value takes a purchase fit (or a list of them), a spend fit, what clv.summarize(clv.read_transactions(...)) returns, and "
            f"clv.Economics, in this order, not {given}"
            + ("; contracts go with their fits in contracts=(renewals fit, changes fit or None, renewals)" if of_contracts else "")
        )
    return fits


def require_orders(purchases: Sequence[Fit], spend: Fit, returns: Fit | None, customers: Customers) -> None:
    """Refuse fits that are not of orders, or not of these customers."""
    if not purchases:
        raise ArgumentError("value needs a purchase fit")
    for fit in purchases:
        if fit.model.kind != "purchases" or spend.model.kind != "spend":
            raise ArgumentError(f"value needs a purchase fit, then a spend fit, not {fit.model.name} and {spend.model.name}")
        if (_but_its_clock(fit.model), fit.pool) != (_but_its_clock(purchases[0].model), purchases[0].pool):
            raise ArgumentError("purchase fits that are pooled must be of one model but for its clock, over the same pooling columns")
        if fit.posterior.attrs["unit"] != customers.unit:
            raise ArgumentError(f"the purchase fit counts time in {fit.posterior.attrs['unit']}s, these customers in {customers.unit}s")
    if returns is not None and returns.model.kind != "returns":
        raise ArgumentError(f"returns must be the fit of a returns model, not of {returns.model.name}")
    if returns is not None and customers.returns is None:
        raise ArgumentError("a returns model cannot value customers of whom returns are not known, as in an RFM frame")
    if not len(customers):
        raise ArgumentError("there are no customers to be valued")
    if customers.spend_level == "mean" and cast("SpendModel", spend.model).needs_single_amounts:
        raise ArgumentError(f"{spend.model.name} needs single amounts, and of these customers only means are known: use gamma_gamma")
    for fit in (*purchases, spend):
        fit.model.columns(customers, assign_cells(customers, fit.pool))  # which refuses customers that the model cannot know


def _but_its_clock(model: Model) -> tuple[str, dict[str, Any]]:
    return model.name, {name: chosen for name, chosen in model.options.items() if name not in ("season", "level")}


def require_discrepancies(of_orders: object, of_contracts: object, contracts: object) -> None:
    """Refuse what was learned of orders for contracts, and the reverse."""
    if isinstance(of_orders, ContractDiscrepancy):
        raise ArgumentError("this discrepancy was learned from a back-test of contracts: give it as contract_discrepancy")
    if isinstance(of_contracts, Discrepancy):
        raise ArgumentError("this contract_discrepancy was learned from a back-test of orders: give it as discrepancy")
    for name, given, kind in (
        ("discrepancy", of_orders, Discrepancy),
        ("contract_discrepancy", of_contracts, ContractDiscrepancy),
    ):
        if given is not None and not isinstance(given, kind):
            raise ArgumentError(f"{name} must be what clv.learn_discrepancy returns, not {type(given).__name__}")
    if of_contracts is not None and contracts is None:
        raise ArgumentError("contract_discrepancy is of contracts, and none are given")


def require_widened(purchases: Sequence[Fit], customers: Customers, discrepancy: Discrepancy | None) -> None:
    clocks = [cast("PurchaseModel", fit.model).clock for fit in purchases]
    seen = float(customers.statistics["T"].max()) * DAYS_PER_UNIT[customers.unit]
    if discrepancy is None and SEASONAL in clocks and LEVEL not in clocks and seen < LEAST_DAYS:
        raise ArgumentError(
            f"a season cannot be told from a change of level in fewer than 24 months, and there are {int(seen / 30.4)}: give a "
            "discrepancy, pool the fit with one of the same model with a level, or leave the season out"
        )
