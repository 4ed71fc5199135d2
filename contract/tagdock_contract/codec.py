"""Bytes to frozen messages and back; everything that comes in is checked whole.

The fast path is one pass of msgspec plus a look at each event. Only when that fails does a slow second look
(`tagdock_contract.diagnosis`) find the field to name, so a clean batch pays nothing for good error messages.

What is unknown is ignored, and of a key that stands twice the last counts, as in every JSON reader that Tagdock
uses (RFC 8259, section 4, leaves it open). Times come in with any offset and are UTC from here on.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec

from tagdock_contract.diagnosis import explain, find_unsayable, read_envelope
from tagdock_contract.errors import ContractError
from tagdock_contract.events import BinReading, Event, Evidence, Movement, ReaderEvent
from tagdock_contract.messages import VERSION, Ack, Batch, Status
from tagdock_contract.recording import InputChange, Record, TagRead

MAX_PAYLOAD_BYTES = 2 * 1024 * 1024
"""The largest message that is looked at: 1,000 events with 2 KiB of evidence each."""

YEARS = range(2000, 2101)
"""Years that a time may lie in. A clock outside them is broken; the cloud's own, narrower bounds come later."""

_T = TypeVar("_T")
_HAS_GPI_KEY = re.compile(rb'"gpi"\s*:')


class _Version(msgspec.Struct):
    """The one field that has to be understood before any other."""

    v: Literal[1]


class _InputKind(msgspec.Struct):
    """Tells an input change from a read: only the former has `gpi`."""

    gpi: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_encoder = msgspec.json.Encoder()
_batches = msgspec.json.Decoder(Batch)
_acks = msgspec.json.Decoder(Ack)
_statuses = msgspec.json.Decoder(Status)
_events: "msgspec.json.Decoder[Event]" = msgspec.json.Decoder(Event)
_reads = msgspec.json.Decoder(TagRead)
_inputs = msgspec.json.Decoder(InputChange)
_versions = msgspec.json.Decoder(_Version)
_input_kinds = msgspec.json.Decoder(_InputKind)


def encode(message: Batch | Ack | Status | Event | Record) -> bytes:
    """Encode a message as UTF-8 JSON, times as UTC with `Z`.

    The bytes are decoded again before they are handed out: what the other side would refuse never leaves, and the
    fault shows where it was made.

    Raises:
        ContractError: naming the first field that is wrong.
    """
    payload = _encode_raw(message)
    if b"null" in payload:  # msgspec writes a NaN as null
        unsayable = find_unsayable(message)
        if unsayable is not None:
            raise unsayable
    return _encoder.encode(_DECODERS[type(message)](payload))


def decode_batch(payload: bytes) -> Batch:
    """Decode a batch of events.

    Raises:
        ContractError: naming the first field that is wrong; with `epoch` and `seq` where they could be read.
    """
    try:
        batch = _decode(_batches, payload, versioned=True)
        return _check_batch(batch)
    except ContractError as error:
        epoch, seq = read_envelope(payload if len(payload) <= MAX_PAYLOAD_BYTES else payload[:1024])
        raise ContractError(error.field, error.reason, epoch=epoch, seq=seq) from None


def decode_ack(payload: bytes) -> Ack:
    """Decode an ack. Raises ContractError naming the field that is wrong."""
    return _decode(_acks, payload, versioned=True)


def decode_status(payload: bytes) -> Status:
    """Decode a gateway's status. Raises ContractError naming the field that is wrong."""
    return _settle_times(_decode(_statuses, payload, versioned=True))


def decode_event(payload: bytes) -> Event:
    """Decode one event as it stands in a batch. Raises ContractError naming the field that is wrong."""
    event = _decode(_events, payload)
    _check_event(event, "$")
    return event if _is_settled(event.observed_at) else _settle_times(event)


def decode_record(line: bytes | str) -> Record:
    """Decode one line of a recording: an input change where it has `gpi`, else a read.

    Raises ContractError naming the field that is wrong.
    """
    payload = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
    record: Record = _decode(_inputs, payload) if _is_input_change(payload) else _decode(_reads, payload)
    return record if _is_settled(record.at) else _settle_times(record)


def read_evidence(movement: Movement) -> Evidence | None:
    """Read a movement's evidence in Tagdock's own shape; None where another gateway used its own words."""
    try:
        return _settle_times(msgspec.convert(movement.evidence, Evidence))
    except (msgspec.ValidationError, ContractError):
        return None


def write_evidence(evidence: Evidence) -> dict[str, Any]:
    """Turn evidence into the JSON object that a movement carries."""
    built: dict[str, Any] = msgspec.to_builtins(evidence)
    return built


def utc_text(at: datetime) -> str:
    """Write an aware time as UTC with microseconds and `Z`. Raises ValueError on a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"a time needs an offset: {at.isoformat()}")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _encode_raw(message: object) -> bytes:
    try:
        return _encoder.encode(message)
    except RecursionError:  # perhaps a circle: don't walk it
        raise ContractError("$", "is nested too deeply") from None
    except (TypeError, ValueError, OverflowError) as error:  # UnicodeEncodeError is a ValueError
        raise find_unsayable(message) or ContractError("$", str(error)) from error


def _decode(decoder: "msgspec.json.Decoder[_T]", payload: bytes, *, versioned: bool = False) -> _T:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ContractError("$", f"has {len(payload):,} bytes; at most {MAX_PAYLOAD_BYTES:,} are taken")
    try:
        if versioned and not payload.startswith(b'{"v":1,'):  # as every Tagdock gateway writes it
            _check_version(payload)
        message = decoder.decode(payload)
    except RecursionError:
        raise ContractError("$", "is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise explain(payload, str(error)) from None
    if b"\\u0000" in payload:  # maybe U+0000, which PostgreSQL's text and jsonb can't hold, so no later stage could
        unsayable = find_unsayable(msgspec.to_builtins(message))
        if unsayable is not None:
            raise unsayable
    return message


def _check_version(payload: bytes) -> None:
    try:
        _versions.decode(payload)
    except msgspec.ValidationError as error:
        if str(error).startswith("Expected `object`"):
            return  # the real decoder says so too
        raise ContractError("$.v", f"only version {VERSION} is spoken here") from None


def _is_input_change(payload: bytes) -> bool:
    """Look for the key `gpi`; the regular expression spares reads, which are nearly everything, a second pass."""
    if not _HAS_GPI_KEY.search(payload):
        return False
    try:
        return _input_kinds.decode(payload).gpi is not msgspec.UNSET
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return True


def _check_batch(batch: Batch) -> Batch:
    settled = _is_settled(batch.sent_at)
    seen: set[UUID] = set()
    for index, event in enumerate(batch.events):
        settled = settled and _is_settled(event.observed_at)
        if event.event_id in seen:
            raise ContractError(f"$.events[{index}].event_id", "stands twice in one batch")
        seen.add(event.event_id)
        if isinstance(event, Movement):
            _check_event(event, f"$.events[{index}]")
    return batch if settled else _settle_times(batch)


def _check_event(event: Event, path: str) -> None:
    if not isinstance(event, Movement):
        return
    if (event.door is None) == (event.bin is None):
        raise ContractError(path, "a movement names either a door or a bin")
    if event.bin is not None and event.direction not in ("in", "out"):
        raise ContractError(f"{path}.direction", "at a bin it is in or out")


def _is_settled(at: datetime) -> bool:
    return at.tzinfo is UTC and at.year in YEARS


def _settle_times(value: _T, path: str = "$") -> _T:
    """Return the same message with every time in UTC. Raises ContractError naming a time outside of `YEARS`."""
    settled: Any = value
    if isinstance(value, datetime):
        settled = _to_utc(value, path)
    elif isinstance(value, tuple):
        settled = tuple(_settle_times(inner, f"{path}[{index}]") for index, inner in enumerate(value))
    elif isinstance(value, msgspec.Struct):
        fields = {name: _settle_times(getattr(value, name), f"{path}.{name}") for name in value.__struct_fields__}
        settled = msgspec.structs.replace(value, **fields)
    return settled  # type: ignore[no-any-return]  # each branch keeps the type


def _to_utc(at: datetime, path: str) -> datetime:
    try:
        utc = at.astimezone(UTC)
    except OverflowError:  # year 1 or 9999 with an offset
        utc = at
    if utc.year not in YEARS:
        raise ContractError(path, f"the year must lie in {YEARS.start} to {YEARS.stop - 1}, not {utc.year}")
    return utc


_DECODERS: dict[type, Callable[[bytes], Batch | Ack | Status | Event | Record]] = {
    Batch: decode_batch,
    Ack: decode_ack,
    Status: decode_status,
    **dict.fromkeys((Movement, BinReading, ReaderEvent), decode_event),
    **dict.fromkeys((TagRead, InputChange), decode_record),
}
