"""What a movement is in the words of CBV, and what is declared when it is corrected. Pure.

A passage is told once, by the step that concludes it: `receiving` (never also `arriving` or `accepting`), `shipping`
(never also `loading` or `departing`). Who only went by (`pass`) has concluded nothing, and nobody knows yet what an
`uncertain` one was: neither is told. What a bin weighs is no event of an item.
Source: CBV 2.0, sections 7.1.3 (steps that exclude each other), 7.2, 8.9; EPCIS 2.0, section 7.4.1.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from tagdock_cloud.epcis.formats import write_time
from tagdock_cloud.epcis.hashing import event_hash, hash_id
from tagdock_cloud.epcis.naming import Naming, party_of
from tagdock_cloud.epcis.places import uri_of_place, uri_of_site

Step = Literal["receiving", "returned", "shipping", "storing", "picking"]
Reason = Literal["did_not_occur", "incorrect_data"]

WORDS: Final[Mapping[Step, tuple[str, str]]] = MappingProxyType(
    {
        "receiving": ("receiving", "in_progress"),
        "returned": ("receiving", "returned"),
        "shipping": ("shipping", "in_transit"),
        "storing": ("storing", "sellable_accessible"),
        "picking": ("picking", "in_progress"),
    }
)
"""The business step and disposition of each step."""
PREFIX: Final = {"tagdock": "urn:tagdock:epcis:"}
"""Of the one field of our own: which telling of a movement an event is, from the second on."""
_NOWHERE: Final = ""


def step_of(door: str | None, direction: str, *, left_before: bool) -> Step | None:
    """Return what a settled movement is told as; None for what is not told."""
    match (door is not None, direction):
        case (True, "in"):
            return "returned" if left_before else "receiving"
        case (True, "out"):
            return "shipping"
        case (False, "in"):
            return "storing"
        case (False, "out"):
            return "picking"
    return None


def place_name(door: str | None, bin_: str | None) -> str:
    """Return the place as the log names it."""
    return f"door/{door}" if door is not None else f"bin/{bin_}"


def said_of(row: Mapping[str, Any], naming: Naming, paper: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an event says beside its row: other names of its places, and what a paper tells.

    `paper`: the order or notice (kind, order_id, partner) of the door session that the item passed in, where that asks
    for it. What comes back by a notice comes by a return's authorisation (`rma`).
    """
    said: dict[str, Any] = {}
    if (uri := naming.uri(row["place"])) != uri_of_place(row["site"], row["place"]):
        said["readPoint"] = {"id": uri}
    if (place := _location(row["place"], row["step"])) != _NOWHERE:
        uri = naming.uri(place)
        if uri != location_of(row["site"], row["place"], row["step"]):
            said["bizLocation"] = {"id": uri}
    return said if paper is None else {**said, **_papers(row["step"], naming, paper)}


def _papers(step: Step, naming: Naming, paper: Mapping[str, Any]) -> dict[str, Any]:
    kind = "po" if paper["kind"] == "outbound" else "rma" if step == "returned" else "desadv"
    transaction = naming.transaction(paper["kind"], paper["order_id"])
    said: dict[str, Any] = {"bizTransactionList": [{"type": kind, "bizTransaction": transaction}]}
    ours = [("possessing_party", naming.party()), ("location", naming.uri(None) if naming.own.get("gln") else None)]
    theirs = [("possessing_party", party_of(paper["partner"]))]
    source, destination = (ours, theirs) if paper["kind"] == "outbound" else (theirs, ours)
    for name, parties in (("source", source), ("destination", destination)):
        if known := [{"type": type_, name: uri} for type_, uri in parties if uri is not None]:
            said[f"{name}List"] = known
    return said


def own_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write the event of a row of the log (site, observed_at, epc, place, step, revision, said), without its id."""
    biz_step, disposition = WORDS[row["step"]]
    event: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": write_time(row["observed_at"]),
        "eventTimeZoneOffset": "+00:00",
        "epcList": [row["epc"]],
        "action": "OBSERVE",
        "bizStep": biz_step,
        "disposition": disposition,
        "readPoint": {"id": uri_of_place(row["site"], row["place"])},
    }
    if location := location_of(row["site"], row["place"], row["step"]):
        event["bizLocation"] = {"id": location}
    event |= row["said"] or {}
    if row["revision"] > 1:
        event["tagdock:revision"] = row["revision"]
    return event


def location_of(site: str, place: str, step: Step) -> str | None:
    """Return where an item is after a step: in the bin, somewhere in the site, or, on its way, nowhere."""
    where = _location(place, step)
    if where == _NOWHERE:
        return None
    return uri_of_site(site) if where is None else uri_of_place(site, where)


def _location(place: str, step: Step) -> str | None:
    """Return the place, None for the site as a whole, or nowhere."""
    if step == "shipping":
        return _NOWHERE
    return place if step == "storing" else None


def digest_of(row: Mapping[str, Any]) -> bytes:
    """Return the CBV hash of a row of the log."""
    return event_hash(own_event(row), PREFIX)


@dataclass(frozen=True, slots=True)
class Declaration:
    """That an event was an error, and which event stands in its place."""

    declared_at: datetime
    reason: Reason
    corrective: bytes | None

    def written(self) -> dict[str, Any]:
        """Return it as EPCIS writes it."""
        text: dict[str, Any] = {"declarationTime": write_time(self.declared_at), "reason": self.reason}
        if self.corrective is not None:
            text["correctiveEventIDs"] = [hash_id(self.corrective)]
        return text


def told_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write the event of a row of the log as it leaves: with id, time of record, and what was declared of it."""
    event = {**own_event(row), "eventID": hash_id(row["digest"]), "recordTime": write_time(row["recorded_at"])}
    if row["declared_at"] is not None:
        event["errorDeclaration"] = Declaration(row["declared_at"], row["reason"], row["corrective"]).written()
    if row["revision"] > 1:
        event["@context"] = [PREFIX]
    return event
