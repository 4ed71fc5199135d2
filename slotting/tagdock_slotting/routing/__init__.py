"""How far a picker walks for an order: exact tours and the usual policies, for many orders at once."""

from tagdock_slotting.routing.endpoints import Endpoints, endpoints, round_trips
from tagdock_slotting.routing.router import Router

__all__ = ["Endpoints", "Router", "endpoints", "round_trips"]
