"""Purchases for the tests of spend models, which only ask whose they are."""

import numpy as np

from clvbayes.models.protocol import Futures


def futures_of(customers: int, draws: int, orders: int) -> Futures:
    """Every customer buys `orders` times in every draw."""
    size = customers * draws
    nothing = np.zeros((customers, draws))
    customer, draw = (np.repeat(part, orders).astype(np.int32) for part in (np.arange(size) // draws, np.arange(size) % draws))
    return Futures(customer, draw, np.tile(np.arange(1.0, orders + 1), size), nothing, nothing)
