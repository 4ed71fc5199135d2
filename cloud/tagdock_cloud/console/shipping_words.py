"""How the page Shipping says where transfers, shipments and proposals stand. Pure."""

from collections.abc import Callable
from typing import Any

from tagdock_cloud.console.language import later
from tagdock_cloud.console.words import known

TRANSFERS = {
    "planned": later("planned"),
    "shipped": later("on its way"),
    "received": later("arrived"),
    "short": later("arrived, not all of it"),
    "cancelled": later("called off"),
}
SHIPMENTS = {
    "announced": later("announced"),
    "collected": later("collected"),
    "in_transit": later("on its way"),
    "delayed": later("delayed"),
    "out_for_delivery": later("out for delivery"),
    "delivered": later("delivered"),
    "refused": later("refused at the door"),
    "undeliverable": later("could not be delivered"),
    "damaged": later("damaged"),
    "lost": later("lost"),
    "returned": later("came back"),
}
QUESTIONS = {
    "asked": later("waiting for the solver"),
    "solving": later("being worked out"),
    "done": later("to be decided"),
    "failed": later("failed"),
    "approved": later("approved"),
}
STOPS = {
    "proposed": later("proposed"),
    "planned": later("to be delivered"),
    "delivered": later("delivered"),
    "failed": later("not delivered"),
}
FILTERS: dict[str, Callable[..., Any]] = {
    "transfer_state": known(TRANSFERS),
    "shipment_state": known(SHIPMENTS),
    "question_state": known(QUESTIONS),
    "stop_state": known(STOPS),
}
