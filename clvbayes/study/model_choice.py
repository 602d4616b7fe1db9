"""The models that the settings choose."""

from clvbayes import models
from clvbayes.data import Customers
from clvbayes.models.protocol import Model, PurchaseModel, SpendModel
from clvbayes.settings import ModelSettings, Settings

__all__ = ["contract_models", "order_models", "pool_of", "purchases_and_spend"]


def pool_of(settings: Settings) -> tuple[str | tuple[str, ...], ...]:
    return tuple(entry if isinstance(entry, str) else tuple(entry) for entry in settings.models.pool)


def purchases_and_spend(chosen: ModelSettings) -> tuple[PurchaseModel, SpendModel]:
    spend = models.lognormal(frequency_link=chosen.frequency_link) if chosen.spend == "lognormal" else models.gamma_gamma()
    return getattr(models, chosen.purchases)(**chosen.purchase_options), spend


def order_models(settings: Settings, customers: Customers) -> list[Model]:
    """Models of purchases, of spend, and of returns where there are any."""
    chosen = settings.models
    has_returns = customers.returns is not None and customers.returns["parts"].sum() > 0
    if chosen.returns == "none" or (chosen.returns == "auto" and not has_returns):
        return [*purchases_and_spend(chosen)]
    return [*purchases_and_spend(chosen), models.beta_binomial_returns()]


def contract_models(settings: Settings) -> list[Model]:
    """Models of renewals, and of changes if they are asked for."""
    renewed = getattr(models, settings.models.contracts)()
    return [renewed, models.renewal_change(indexation=settings.contracts.indexation)] if settings.models.changes else [renewed]
