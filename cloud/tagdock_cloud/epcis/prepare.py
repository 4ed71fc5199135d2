"""Captured events made ready to be stored: checked, identified, mapped to a site. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tagdock_cloud.epcis.document import MOST_NAMES, Told, prefixes_of
from tagdock_cloud.epcis.formats import MOST_URI_CHARACTERS, read_time
from tagdock_cloud.epcis.hashing import event_hash, hash_id
from tagdock_cloud.epcis.identity import event_key, names_of
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.naming import NO_NAMES, Names
from tagdock_cloud.epcis.shape import Fault, faults_of_event
from tagdock_cloud.epcis.words import bare

MOST_FAULTS = 20
"""Faults that are named; more do not help who mends them."""


@dataclass(slots=True)
class Prepared:
    """Events that may be stored, and the faults of the others."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    foreign: str | None = None


def named_places(told: Iterable[Told]) -> list[str]:
    """Return the URIs of places that events name, so that somebody can look up whose they are; faults are left out."""
    events = [one.event for one in told if isinstance(one.event, dict)]
    places = [event[name] for event in events for name in ("readPoint", "bizLocation") if name in event]
    uris = {place["id"] for place in places if isinstance(place, dict) and isinstance(place.get("id"), str)}
    return [uri for uri in uris if len(uri) <= MOST_URI_CHARACTERS]


def prepare(told: Iterable[Told], by: str, sites: frozenset[str] | None, whose: Names = NO_NAMES) -> Prepared:
    """Check events and make rows of them. `foreign` names the first that is of no site of the caller's.

    `whose`: what is known of the names in `named_places`.
    """
    prepared = Prepared()
    for place, one in enumerate(told):
        faults = list(_some(faults_of_event(one.path, one.event)))
        if not faults and len(list(_some(names_of(one.event), MOST_NAMES + 1))) > MOST_NAMES:
            faults = [(one.path, f"names more than {MOST_NAMES} EPCs, classes and transactions")]
        if faults:
            prepared.faults += faults
            continue
        row = _row(place, one, by, whose)
        if sites is not None and row["site"] not in sites:
            prepared.foreign = prepared.foreign or one.path
            prepared.faults.append((one.path, "its readPoint and bizLocation name none of your sites"))
            continue
        prepared.rows.append(row)
    return prepared


def _some(items: Iterable[Any], most: int = MOST_FAULTS) -> Iterable[Any]:
    for number, item in enumerate(items):
        if number == most:
            return
        yield item


def _row(place: int, told: Told, by: str, whose: Names) -> dict[str, Any]:
    body: dict[str, Any] = {name: value for name, value in told.event.items() if name != "recordTime"}
    if context := _context(told):
        body["@context"] = context
    event_id = body.get("eventID") or hash_id(event_hash(body, prefixes_of(context)))
    body["eventID"] = event_id
    declaration = body.get("errorDeclaration")
    read_point, location = (body.get(name, {}).get("id") for name in ("readPoint", "bizLocation"))
    ours = whose.place(read_point) or whose.place(location)
    return {
        "place": place,
        "key": event_key(event_id).hex(),
        "declared_at": read_time(declaration["declarationTime"]) if declaration else None,
        "event_id": event_id,
        "event_type": body["type"],
        "event_time": read_time(body["eventTime"]),
        "action": body.get("action"),
        "biz_step": _word(body, "bizStep"),
        "disposition": _word(body, "disposition"),
        "read_point": canonical(read_point) if read_point else None,
        "biz_location": canonical(location) if location else None,
        "site": ours.site if ours else None,
        "body": body,
        "names": [{"name": name, "role": role} for name, role in names_of(body)],
        "captured_by": by,
    }


def _word(body: Mapping[str, Any], name: str) -> str | None:
    return bare(name, body[name]) if name in body else None


def _context(told: Told) -> list[Any]:
    """Return the prefixes and contexts that an event came with, its document's and its own, the standard's left out."""
    own = told.event.get("@context", [])
    parts = [*told.context, *(own if isinstance(own, list) else [own])]
    kept = [part for part in parts if not (isinstance(part, str) and "epcis-context" in part)]
    return [part for place, part in enumerate(kept) if part not in kept[:place]]
