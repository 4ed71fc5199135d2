"""How the page Tasks says what is to be done, and why somebody has it. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import later
from tagdock_cloud.console.words import known

KINDS = {
    "put_away": later("Put away"),
    "pick": later("Pick"),
    "pack": later("Pack"),
    "relocate": later("Relocate"),
    "count": later("Count"),
    "inspect": later("Inspect"),
    "repair": later("Repair"),
    "follow_up": later("Follow up"),
    "exception": later("See to it"),
}
DONE = {
    "put_away": later("It lies there"),
    "pick": later("Picked"),
    "pack": later("Packed"),
    "relocate": later("It lies there"),
    "count": later("Counted"),
}
TRANSITIONS = {
    "pick": later("Picked"),
    "put_back": later("Put back"),
    "hold": later("Hold it"),
    "release": later("Release it"),
    "return": later("It came back"),
    "unpack": later("Unpacked"),
    "inspect": later("Inspected"),
    "inspect_again": later("Inspected"),
    "accept": later("Accept without a second inspection"),
    "restock": later("Restock"),
    "repack": later("Repack"),
    "restock_repacked": later("Repacked: restock"),
    "repair": later("Send to repair"),
    "finish_repair": later("Repaired"),
    "give_up_repair": later("Cannot be repaired"),
    "send_back": later("Send back"),
    "ship": later("Shipped"),
    "propose_scrap": later("Propose to scrap it"),
    "refuse_scrap": later("Do not scrap it"),
    "inspect_anew": later("Inspect anew"),
    "approve_scrap": later("Scrap it"),
}
"""Transitions of the table that Tagdock ships; a site's own are shown by their names."""


def transition(name: str) -> str:
    """Write what taking a transition says."""
    return _(TRANSITIONS[name]) if name in TRANSITIONS else name.replace("_", " ").capitalize()


def done(kind: str) -> str:
    """Write what ending a task of a kind says."""
    return _(DONE[kind]) if kind in DONE else _("Done")


def reason(why: Mapping[str, Any]) -> str:
    """Say why somebody has a task."""
    match why.get("rule"):
        case "least_open_work":
            values = {"open": why["open_tasks"], "people": why["on_duty"]}
            return _("Yours because you had the least open work: %(open)s, of %(people)s on duty.") % values
        case "given":
            return _("Given to you: %(reason)s") % {"reason": why["reason"]}
        case _:
            return _("You took it.")


FILTERS: dict[str, Callable[..., Any]] = {
    "task_kind": known(KINDS),
    "task_done": done,
    "task_reason": reason,
    "transition": transition,
}
