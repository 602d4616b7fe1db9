"""Whether a simulation agrees with closed-form expectations; every valuation checks itself."""

from functools import partial

import numpy as np

from clvbayes.inference import CheckResult
from clvbayes.models.protocol import Batch
from clvbayes.valuation.events import Part, Plan

__all__ = ["CHECKED_CUSTOMERS", "CHECKED_DRAWS", "SimulationCheck"]

CHECKED_CUSTOMERS, CHECKED_DRAWS = 1_000, 40  # more draws of fewer: with 40 draws of 120 customers one standard error was 9 % of the value
CHECK_LIMIT = 4.0  # standard errors; a right simulation fails once in 16,000 runs


class SimulationCheck:
    """Sums of simulated less expected value over some customers and draws: independent, and of mean zero if the simulation is right."""

    def __init__(self) -> None:
        self.simulated = self.expected = self.squares = 0.0

    def add(self, plan: Plan, part: Part, values: np.ndarray, first: int, customers: int) -> None:
        """Take customers of a batch at even steps over the whole base; `values` are before service costs."""
        every = max(1, customers // CHECKED_CUSTOMERS)
        rows = np.arange(-first % every, len(part), every)
        if not len(rows):
            return
        draws, taken = values.shape[1], part.rows(rows)
        batch = taken.batch
        spend = plan.spend_coordinates[:draws, :, batch.spend_cell].transpose(1, 2, 0)
        amount = plan.spend.expected_amount(spend, batch.spend_count[:, None], batch.spend_sum[:, None], batch.spend_sum_log[:, None])
        each = taken.margin[:, None] * amount * plan.paid_share[:draws] - taken.order_cost[:, None]
        expected = _expected_discounted_orders(plan, batch, draws) * each
        self.simulated += values[rows].sum()
        self.expected += expected.sum()
        self.squares += np.square(values[rows] - expected).sum()

    def result(self) -> CheckResult:
        error = np.sqrt(self.squares)
        z = (self.simulated - self.expected) / error if error > 0 else 0.0
        difference = (self.simulated - self.expected) / abs(self.expected) if self.expected else 0.0
        message = f"Simulated and closed-form value differ by {difference:+.1%}, {z:+.1f} standard errors (limit {CHECK_LIMIT:.0f})."
        if abs(z) < CHECK_LIMIT:
            return CheckResult("Simulation", "ok", message)
        return CheckResult("Simulation", "failed", message, "Report this as a defect of clvbayes.")


def _expected_discounted_orders(plan: Plan, batch: Batch, draws: int) -> np.ndarray:
    """Closed form by customer and draw, a year of the discount curve after the other."""
    coordinates = plan.purchase_coordinates[:draws, :, batch.purchase_cell].transpose(1, 2, 0)
    known = (batch.frequency[:, None], batch.recency[:, None], batch.T[:, None])
    total = np.zeros((len(batch), draws))
    log_rates = np.log1p(plan.economics.rates)
    for year, log_rate in enumerate(log_rates):
        end = plan.horizon if year == len(log_rates) - 1 else min((year + 1) * plan.units_per_year, plan.horizon)
        if year * plan.units_per_year >= end:
            break
        orders = partial(plan.purchases.expected_discounted_orders, coordinates, *known, discount=float(log_rate) / plan.units_per_year)
        within = orders(horizon=end) - (orders(horizon=year * plan.units_per_year) if year else 0.0)
        total += within * plan.economics.discount_factor(float(year)) * np.exp(log_rate * year)
    return total
