"""What the data say against what the settings state."""

from clvbayes.data import Customers
from clvbayes.inference import CheckResult, spend_checks
from clvbayes.models.hierarchy import Pool
from clvbayes.settings import Settings
from clvbayes.study.inputs import Inputs

__all__ = ["counted_twice", "spend_findings"]


def counted_twice(inputs: Inputs) -> tuple[CheckResult, ...]:
    """The money of customers with orders and contracts, where no line of an order says that it is a contract's."""
    customers, renewals = inputs.customers, inputs.renewals
    if customers is None or renewals is None or inputs.file.settings.data.contract_id is not None:
        return ()
    both = customers.statistics["customer_id"].isin(renewals.statistics["customer_id"])
    if not both.any():
        return (CheckResult("Orders and contracts", "ok", "No customer has both orders and contracts."),)
    amount = float(customers.statistics.loc[both, ["first_amount", "spend_sum"]].sum().sum())
    money = f"{amount:,.0f} {inputs.currency or ''}".strip()
    message = f"Customers with orders and contracts: {int(both.sum()):,}; their orders of {money} may hold invoices of contracts."
    advice = "If they do, those are counted twice: name their column in data.contract_id."
    return (CheckResult("Orders and contracts", "note", message, advice),)


def spend_findings(customers: Customers, settings: Settings, pool: Pool) -> tuple[CheckResult, ...]:
    """What the data say against the stated assumptions on amounts."""
    advice = {
        "Spend drift": f"The forecast assumes {settings.economics.spend_growth:+.1%} a year: see economics.spend_growth.",
        "Spend and frequency": 'Look at the value with models.spend = "lognormal" and models.frequency_link = true.',
    }
    answered = {"Spend drift": settings.economics.spend_growth != 0, "Spend and frequency": settings.models.frequency_link}
    return tuple(
        CheckResult(found.check, "note", found.message, advice[found.check])
        if found.matters and not answered[found.check]
        else CheckResult(found.check, "ok", found.message)
        for found in spend_checks(customers, pool=pool)
    )
