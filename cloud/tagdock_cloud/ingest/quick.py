"""Decode a batch as the contract does, at a third of the price: names are checked by the bulk. Pure.

What the contract's decoder costs is one regular expression a name, an object an identifier, and evidence taken apart.
Here a batch is decoded without them: evidence and identifiers stay the text that they are, and what batches hold is
looked at together. That only ever says "clean" or "not sure"; where it is not sure, the contract's decoder decides, and
finds the words for what is wrong. So there is one judge of what a batch may be, and a test holds this one to it.
"""

from collections.abc import Iterable
from datetime import UTC
from typing import Annotated

import msgspec
from tagdock_contract import MAX_PAYLOAD_BYTES, Batch, BinReading, Event, Movement, ReaderEvent, decode_batch
from tagdock_contract.events import MAX_EVIDENCE_DEPTH

_HEAD = b'{"v":1,'
"""As every Tagdock gateway begins a batch."""
_SAFE_YEARS = range(2000, 2101)
_EPC_LENGTHS = range(1, 401)
_HEX_LENGTHS = range(2, 125, 2)
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_UUID_LENGTH, _UUID_DASHES = 36, (8, 13, 18, 23)
"""An identifier as RFC 9562, section 4, writes it; two that differ are then two."""
_UUID_DIGITS = b"0123456789abcdef"
_LONGEST_NUMBER = 18
"""Digits in a row that are a number of 64 bits, whatever they are."""
_AS_ONE = bytes.maketrans(b"0123456789E{[]}", b"0000000000e(())")
"""All digits, exponents and brackets look alike then."""
_NO_MEANING = bytes(set(range(256)) - set(b'{[]}"0123456789eE+-.,:'))
"""What stands beside structure and numbers: letters of names and texts, and spaces."""
_EXPONENTS = (b"0e0", b"0e+", b"0e-")
_NO_MARKS = bytes(set(range(256)) - set(b'()"'))
MOST_PLACES = 20_000
"""Doors and bins that are remembered as well named; a warehouse has fewer, and a fresh start costs little."""


class _Movement(Movement, frozen=True, tag_field="type", tag="movement", omit_defaults=True, gc=False):
    """A movement whose names and evidence nobody has looked at yet."""

    event_id: str  # type: ignore[assignment]
    site: str
    epc: str
    epc_hex: str
    door: str | None = None
    bin: str | None = None
    evidence: msgspec.Raw = msgspec.Raw(b"{}")  # type: ignore[assignment]


class _Batch(Batch, frozen=True, kw_only=True):
    """A batch of such."""

    events: Annotated[tuple[_Movement | BinReading | ReaderEvent, ...], msgspec.Meta(min_length=1, max_length=1000)]


_decoder = msgspec.json.Decoder(_Batch)
_places: set[str] = set()
_sites: set[str] = set()


def decode_quickly(payload: bytes) -> Batch:
    """Decode a batch. Raises ContractError as `decode_batch` does."""
    batch = decode_together([payload])[0]
    if batch is None:
        batch = decode_batch(payload)
        _remember(batch)
    return batch


def decode_together(payloads: Iterable[bytes]) -> list[Batch | None]:
    """Decode batches and check what can be checked by the bulk; None where that does not settle it."""
    found = [_decode(payload) for payload in payloads]
    batches = [batch for batch in found if batch is not None]
    events = [event for batch in batches for event in batch.events]
    movements = [event for event in events if type(event) is _Movement]
    clean = _are_times_settled(batches, events) and _are_identified(movements) and _are_unique(batches)
    clean = clean and _are_placed(movements) and _are_named(movements) and _are_explained(movements)
    return [*found] if clean else [None] * len(found)


def _decode(payload: bytes) -> _Batch | None:
    if not payload.startswith(_HEAD) or len(payload) > MAX_PAYLOAD_BYTES or b"\\" in payload:
        return None
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _are_times_settled(batches: Iterable[_Batch], events: Iterable[Event]) -> bool:
    times = [event.observed_at for event in events]
    times.extend(batch.sent_at for batch in batches)
    if not times:
        return True
    return all(at.tzinfo is UTC for at in times) and min(times).year in _SAFE_YEARS and max(times).year in _SAFE_YEARS


def _are_identified(movements: list[_Movement]) -> bool:
    """Tell whether each identifier is a UUID in its usual form."""
    if not movements:
        return True
    said = [one.event_id for one in movements]
    text = "".join(said)
    return (
        set(map(len, said)) == {_UUID_LENGTH}
        and text.isascii()
        and all(text[place::_UUID_LENGTH].count("-") == len(said) for place in _UUID_DASHES)
        and text.encode().translate(None, _UUID_DIGITS) == b"-" * len(_UUID_DASHES) * len(said)
    )


def _are_unique(batches: Iterable[_Batch]) -> bool:
    """Tell whether no batch holds an event twice; one that holds one event cannot."""
    return all(
        len(batch.events) == 1 or len({_id_of(event) for event in batch.events}) == len(batch.events)
        for batch in batches
    )


def _id_of(event: Event) -> str:
    return event.event_id if type(event) is _Movement else str(event.event_id)


def _are_placed(movements: Iterable[Movement]) -> bool:
    """Tell whether each is at one known place, and at a bin in or out."""
    for one in movements:
        if one.bin is None:
            if one.door not in _places:
                return False
        elif one.door is not None or one.bin not in _places or one.direction not in ("in", "out"):
            return False
    return True


def _are_named(movements: list[_Movement]) -> bool:
    if not movements:
        return True
    epcs, codes = [one.epc for one in movements], [one.epc_hex for one in movements]
    text = "".join(epcs)
    return (
        text.isascii()
        and text.isprintable()
        and " " not in text
        and all(size in _EPC_LENGTHS for size in set(map(len, epcs)))
        and all(size in _HEX_LENGTHS for size in set(map(len, codes)))
        and not "".join(codes).encode().translate(None, _HEX_DIGITS)
        and {one.site for one in movements} <= _sites
    )


def _are_explained(movements: Iterable[_Movement]) -> bool:
    """Tell whether each evidence is a JSON object within the contract's bounds: depth, size of numbers, no U+0000.

    The decoder has made sure that it is JSON, without escapes. A string then has two quotation marks; once all letters
    are gone, pairs of marks go, too, unless a bracket in a string keeps a mark from its next. Brackets
    that are then left mean something, and each pass takes the innermost ones away.
    """
    said = [one.evidence for one in movements]
    text = b"\0".join(said)
    if not (text.isascii() or _is_utf8(text)):
        return False
    if said and not (text.startswith(b"{") and text.count(b"\0{") == len(said) - 1):  # JSON itself holds no U+0000
        return False
    bare = text.translate(_AS_ONE, _NO_MEANING)
    if b"0" * (_LONGEST_NUMBER + 1) in bare or (b"0e" in bare and any(one in bare for one in _EXPONENTS)):
        return False
    marks = bare.translate(None, _NO_MARKS).replace(b'""', b"")
    for _ in range(MAX_EVIDENCE_DEPTH):
        marks = marks.replace(b"()", b"")
    return not marks


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _remember(batch: Batch) -> None:
    """Remember the places of a batch that the contract found clean."""
    for known in (_places, _sites):
        if len(known) > MOST_PLACES:
            known.clear()
    for event in batch.events:
        if isinstance(event, Movement):
            _places.update(name for name in (event.door, event.bin) if name is not None)
            _sites.add(event.site)
