"""What may be done with a work order, and which cartons its parts come from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.web.problems import Problem, refused

Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """Units that are taken from one carton, and how many it holds then."""

    epc: str
    quantity: int
    left: int


def check_theirs(order: Order, caller: Caller) -> None:
    """Check that somebody works on this. Raises Problem: 403 for others, 409 for what is closed."""
    if order["closed_at"] is not None:
        raise Problem(409, f"this work order is closed: {order['state']}")
    if order["technician"] != caller.id and not caller.may("manage"):
        raise Problem(403, "only the technician who has this work order, or a manager, writes it: take its task first")


def check_visible(order: Order, caller: Caller) -> None:
    """Raise Problem (403) for a technician who asks for somebody else's work."""
    if caller.role == "technician" and caller.id not in (order["technician"], order["closed_by"]):
        raise Problem(403, "a technician sees the work that is theirs")


def check_closable(order: Order, outcome: str) -> None:
    """Raise Problem (409) for what is said to be repaired without a test that was passed after the last part."""
    if outcome != "repaired":
        return
    if order["test_passed"] is None:
        raise Problem(409, "test it first: nothing is repaired without a test since its last part")
    if not order["test_passed"]:
        raise Problem(409, "the test was not passed: repair it further, or close it as irreparable")


def taken_from(cartons: Sequence[Mapping[str, Any]], quantity: int) -> list[Taken]:
    """Choose the cartons that units come from, in their order. Raises Problem (409) where they hold too few."""
    there = sum(carton["quantity"] for carton in cartons)
    if there < quantity:
        raise Problem(409, f"{there} units are there that may be used, {quantity} are wanted")
    chosen, wanted = [], quantity
    for carton in cartons:
        units = min(wanted, carton["quantity"])
        if units:
            chosen.append(Taken(carton["epc"], units, carton["quantity"] - units))
            wanted -= units
    return chosen


def check_other(order: Order, epc: str) -> None:
    """Raise Problem (422) for an item that is to become a part of itself."""
    if epc == order["epc"]:
        raise refused("epc", "is the item that is repaired, not a part of it")
