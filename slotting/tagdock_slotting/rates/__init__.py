"""From daily order lines of each SKU to the rate that it will be picked at: pure, and the only part that forecasts."""

from tagdock_slotting.rates.estimate import Rates, estimate
from tagdock_slotting.rates.history import History
from tagdock_slotting.rates.recent import order_weights

__all__ = ["History", "Rates", "estimate", "order_weights"]
