"""A step of a life as an EPCIS 2.0 event. Pure.

What doors saw is told by the log of movements (see epcis/telling.py), once; here is told what people did.
Source: EPCIS 2.0, section 7.4.2 (ObjectEvent); CBV 2.0, sections 7.1 (steps), 7.2 (dispositions), 8.5 (transactions).
"""

from collections.abc import Mapping
from typing import Any, Final

from tagdock_cloud.epcis.formats import write_time
from tagdock_cloud.epcis.naming import Naming
from tagdock_cloud.life.policy import Policy
from tagdock_cloud.life.records import Entry, Grade
from tagdock_cloud.life.rules import GONE

PREFIX: Final = {"tagdock": "urn:tagdock:epcis:"}
_FOUND: Final[Mapping[Grade, tuple[str, str]]] = {
    "A": ("conformant", "non_conformant"),
    "B": ("conformant", "non_conformant"),
    "C": ("non_conformant", "conformant"),
}
"""What stays true of an item after an inspection, and what does so no longer (persistent dispositions)."""


def event_of(policy: Policy, epc: str, entry: Entry, naming: Naming) -> dict[str, Any]:
    """Write the event of a step that a person took."""
    assert entry.wish is not None  # noqa: S101  # only what was taken is told
    transition = policy.transition[entry.wish.transition]
    disposition = policy.state[transition.to].disposition
    event = {
        "@context": [PREFIX],
        **_observed(epc, entry, naming, transition.step, disposition),
        "tagdock:transition": entry.wish.transition,
    }
    if entry.wish.grade is not None:
        is_now, no_more = _FOUND[entry.wish.grade]
        event["persistentDisposition"] = {"set": [is_now], "unset": [no_more]}
    if entry.case_ref is not None:
        event["bizTransactionList"] = [{"type": "rma", "bizTransaction": case_uri(naming, entry.case_ref)}]
    return event


def taken_in_event(policy: Policy, epc: str, entry: Entry, naming: Naming) -> dict[str, Any]:
    """Write the event of what a person says has come in though no door saw it: by its transfer, or back."""
    if entry.kind != "arrived":
        return _observed(epc, entry, naming, "receiving", policy.state[entry.to_state].disposition)
    notice = {"type": "desadv", "bizTransaction": naming.transaction("inbound", entry.findings["transfer"])}
    return {**_observed(epc, entry, naming, "receiving", "in_progress"), "bizTransactionList": [notice]}


def _observed(epc: str, entry: Entry, naming: Naming, step: str, disposition: str) -> dict[str, Any]:
    place = {"id": naming.uri(None)}
    event: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": write_time(entry.at),
        "eventTimeZoneOffset": "+00:00",
        "epcList": [epc],
        "action": "DELETE" if disposition in GONE else "OBSERVE",
        "bizStep": step,
        "disposition": disposition,
        "readPoint": place,
    }
    return event if disposition == "in_transit" else {**event, "bizLocation": place}


def case_uri(naming: Naming, case_ref: str) -> str:
    """Return the URI of a case."""
    return naming.transaction("case", case_ref)
