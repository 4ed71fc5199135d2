"""An EPCIS document as it comes in: bounded, read, and taken apart into events. Pure; no context is ever fetched.

Source: EPCIS 2.0, section 10.2 (documents), 12.6 (capture); JSON-LD 1.1, section 9 (contexts).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json

from tagdock_cloud.epcis.formats import is_uri, read_time
from tagdock_cloud.epcis.shape import Fault, faults_of_context

MOST_BYTES: Final = 4 * 2**20
MOST_EVENTS: Final = 2000
MOST_DEPTH: Final = 40
MOST_NAMES: Final = 10_000
"""EPCs, classes and transactions of one event: a container's tags, and more than any of GS1's examples."""
STANDARD_CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

_DOCUMENT_FIELDS = frozenset(
    {
        "@context", "id", "type", "schemaVersion", "creationDate", "instanceIdentifier", "sender", "receiver",
        "epcisHeader", "epcisBody",
    }
)  # fmt: skip


class NoDocumentError(ValueError):
    """What came is no EPCIS document; says which field, and why."""

    def __init__(self, *faults: Fault, is_too_large: bool = False) -> None:
        super().__init__(f"{faults[0][0]}: {faults[0][1]}")
        self.faults = faults
        self.is_too_large = is_too_large


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it came, with the part of the document's context that is not the standard's."""

    path: str
    event: Any
    context: tuple[Any, ...]


def read_json(body: bytes) -> Any:
    """Parse a body: no infinities, nothing nested deeper than 40, no characters that the record cannot hold.

    Raises NoDocumentError.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise NoDocumentError(("body", f"is no JSON: {str(error)[:200]}")) from None
    if fault := _unbearable(value):
        raise NoDocumentError(("body", fault))
    return value


def read_document(body: bytes) -> list[Told]:
    """Take a document apart into its events, which are not looked into yet. Raises NoDocumentError."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise NoDocumentError(("body", "must be an EPCISDocument or an EPCISQueryDocument"))
    faults = list(_faults_of_envelope(document))
    if faults:
        raise NoDocumentError(*faults)
    path, events = _events(document)
    if not isinstance(events, list):
        raise NoDocumentError((path, "must be a list of events"))
    if len(events) > MOST_EVENTS:
        raise NoDocumentError(
            (path, f"has {len(events)} events; send at most {MOST_EVENTS} at once"), is_too_large=True
        )
    context = own_context(document["@context"])
    return [Told(f"{path}[{place}]", event, context) for place, event in enumerate(events)]


def read_event(body: bytes) -> Told:
    """Read a single event, which brings its context. Raises NoDocumentError."""
    event = read_json(body)
    if not isinstance(event, dict):
        raise NoDocumentError(("body", "must be an event"))
    if "@context" not in event:
        raise NoDocumentError(("@context", f"is missing: {STANDARD_CONTEXT} at least"))
    return Told("event", event, ())


def own_context(context: Any) -> tuple[Any, ...]:
    """Return what a context holds beside the standard's own address."""
    parts = context if isinstance(context, list) else [context]
    return tuple(part for part in parts if not (isinstance(part, str) and "epcis-context" in part))


def prefixes_of(context: Any) -> Mapping[str, str]:
    """Return the prefixes that a context explains by itself. Contexts that it only names stay unread."""
    found: dict[str, str] = {}
    for part in context if isinstance(context, list | tuple) else [context]:
        if isinstance(part, dict):
            found |= {name: meaning for name, meaning in part.items() if isinstance(meaning, str)}
    return found


def _faults_of_envelope(document: Mapping[str, Any]) -> Iterator[Fault]:
    kind = document.get("type")
    if kind not in ("EPCISDocument", "EPCISQueryDocument"):
        yield "type", "must be EPCISDocument or EPCISQueryDocument"
        return
    required = {"@context", "epcisBody"} | ({"schemaVersion", "creationDate"} if kind == "EPCISDocument" else set())
    for name in sorted(required - document.keys()):
        yield name, "is missing"
    for name in document:
        if name not in _DOCUMENT_FIELDS and not is_uri(name):
            yield name[:100], "is no field of the standard; a field of your own has a prefix"
    if "@context" in document:
        yield from faults_of_context("@context", document["@context"])
    version = document.get("schemaVersion", "2.0")
    if not isinstance(version, str) or not version.startswith("2."):
        yield "schemaVersion", "must be 2.0: nothing older is understood here"
    if read_time(document.get("creationDate", "2026-01-01T00:00:00Z")) is None:
        yield "creationDate", "must be a time as in 2026-01-05T08:00:00.000Z"
    if "id" in document and not is_uri(document["id"]):
        yield "id", "must be a URI"


def _events(document: Mapping[str, Any]) -> tuple[str, Any]:
    """Return where the events are, and what is there."""
    path = ["epcisBody"]
    if document["type"] == "EPCISQueryDocument":
        path += ["queryResults", "resultsBody"]
    value: Any = document
    for name in [*path, "eventList"]:
        value = value.get(name) if isinstance(value, dict) else None
    return ".".join([*path, "eventList"]), value


def _unbearable(value: Any) -> str | None:
    """Say what no row of the record could hold: depth, NUL characters, numbers beyond all measures."""
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if depth > MOST_DEPTH:
            return f"is nested deeper than {MOST_DEPTH}"
        if isinstance(one, dict):
            waiting += ((part, depth + 1) for part in (*one.keys(), *one.values()))
        elif isinstance(one, list):
            waiting += ((part, depth + 1) for part in one)
        elif isinstance(one, str) and "\x00" in one:
            return "holds a NUL character"
        elif isinstance(one, int) and abs(one) > 10**40:
            return "holds a number beyond 10^40"
    return None
