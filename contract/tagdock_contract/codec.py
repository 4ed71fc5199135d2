"""Bytes to frozen messages and back; everything that comes in is checked whole.

The fast path is one pass of msgspec plus a look at each event's time. Only when that fails does a slow second look
find the field to name, so a clean batch pays nothing for good error messages.
"""

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tagdock_contract.errors import ContractError
from tagdock_contract.events import Event, Evidence, Movement
from tagdock_contract.messages import VERSION, Ack, Batch, Status
from tagdock_contract.recording import InputChange, Record, TagRead

MAX_PAYLOAD_BYTES = 2 * 1024 * 1024
"""The largest message that is looked at: 1,000 events with 2 KiB of evidence each."""

YEARS = range(2000, 2101)
"""Years that a time may lie in. A clock outside them is broken; the cloud's own, narrower bounds come later."""

_T = TypeVar("_T")
_MALFORMED = re.compile(r"(?:JSON is malformed: )?(.*)", re.DOTALL)
_AT_PATH = re.compile(r"(.*) - at `(?:key in )?(\$[^`]*)`", re.DOTALL)


class _Envelope(msgspec.Struct):
    """As much of a bad batch as is needed to refuse it by name."""

    epoch: UUID
    seq: int


def _encode_float(value: object) -> object:
    raise TypeError(f"{type(value).__name__} does not cross the wire")


_encoder = msgspec.json.Encoder(enc_hook=_encode_float)
_batches = msgspec.json.Decoder(Batch)
_acks = msgspec.json.Decoder(Ack)
_statuses = msgspec.json.Decoder(Status)
_reads = msgspec.json.Decoder(TagRead)
_inputs = msgspec.json.Decoder(InputChange)
_envelopes = msgspec.json.Decoder(_Envelope)


def encode(message: Batch | Ack | Status | Event | Record) -> bytes:
    """Encode a message as UTF-8 JSON. The sender vouches for its values: nothing is checked here."""
    return _encoder.encode(message)


def decode_batch(payload: bytes) -> Batch:
    """Decode a batch of events.

    Raises:
        ContractError: naming the first field that is wrong; with `epoch` and `seq` where they could be read.
    """
    try:
        batch = _decode(_batches, payload)
        _check_events(batch)
    except ContractError as error:
        epoch, seq = _envelope(payload)
        raise ContractError(error.field, error.reason, epoch=epoch, seq=seq) from error
    return batch


def decode_ack(payload: bytes) -> Ack:
    """Decode an ack. Raises ContractError naming the field that is wrong."""
    return _decode(_acks, payload)


def decode_status(payload: bytes) -> Status:
    """Decode a gateway's status. Raises ContractError naming the field that is wrong."""
    status = _decode(_statuses, payload)
    _check_year(status.at, "$.at")
    return status


def decode_record(line: bytes | str) -> Record:
    """Decode one line of a recording: an input change where it has `gpi`, else a read.

    Raises ContractError naming the field that is wrong.
    """
    payload = line.encode() if isinstance(line, str) else line
    record: Record = _decode(_inputs, payload) if b'"gpi"' in payload else _decode(_reads, payload)
    _check_year(record.at, "$.at")
    return record


def read_evidence(movement: Movement) -> Evidence | None:
    """Read a movement's evidence in Tagdock's own shape; None where another gateway used its own words."""
    try:
        return msgspec.convert(movement.evidence, Evidence)
    except msgspec.ValidationError:
        return None


def write_evidence(evidence: Evidence) -> dict[str, Any]:
    """Turn evidence into the JSON object that a movement carries."""
    built: dict[str, Any] = msgspec.to_builtins(evidence)
    return built


def _decode(decoder: "msgspec.json.Decoder[_T]", payload: bytes) -> _T:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ContractError("$", f"has {len(payload):,} bytes; at most {MAX_PAYLOAD_BYTES:,} are taken")
    try:
        message = decoder.decode(payload)
    except RecursionError:
        raise ContractError("$", "is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise _explain(payload, str(error)) from None
    if b"\\u0000" in payload:  # PostgreSQL's text and jsonb can't hold it, so no later stage could
        raise _explain(payload, "holds the character U+0000")
    return message


def _check_events(batch: Batch) -> None:
    _check_year(batch.sent_at, "$.sent_at")
    seen: set[UUID] = set()
    for index, event in enumerate(batch.events):
        if event.observed_at.year not in YEARS:
            _check_year(event.observed_at, f"$.events[{index}].observed_at")
        if event.event_id in seen:
            raise ContractError(f"$.events[{index}].event_id", "stands twice in one batch")
        seen.add(event.event_id)
        if isinstance(event, Movement):
            if (event.door is None) == (event.bin is None):
                raise ContractError(f"$.events[{index}]", "a movement names either a door or a bin")
            if event.bin is not None and event.direction not in ("in", "out"):
                raise ContractError(f"$.events[{index}].direction", "at a bin it is in or out")


def _check_year(at: datetime, field: str) -> None:
    if at.year not in YEARS:
        raise ContractError(field, f"the year must lie in {YEARS.start} to {YEARS.stop - 1}, not {at.year}")


def _explain(payload: bytes, message: str) -> ContractError:
    """Turn the decoder's words into a field and a reason; find what JSON forbids but senders write all the same."""
    at_path = _AT_PATH.fullmatch(message)
    if at_path is not None:
        field = at_path[2]
        if field == "$.v":
            return ContractError(field, f"this version is not spoken here; version {VERSION} is")
        return ContractError(field, at_path[1])
    try:
        for field, value in _leaves(json.loads(payload), "$"):
            if isinstance(value, float) and not math.isfinite(value):
                return ContractError(field, "must be a finite number")
            if isinstance(value, str) and ("\x00" in value or not _encodable(value)):
                return ContractError(field, "holds U+0000 or half a surrogate pair")
    except (ValueError, RecursionError):
        pass  # it is no JSON by any reading: the decoder's own words stand
    malformed = _MALFORMED.fullmatch(message)
    return ContractError("$", malformed[1] if malformed else message)


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path, key
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _envelope(payload: bytes) -> tuple[str | None, int | None]:
    try:
        envelope = _envelopes.decode(payload[:MAX_PAYLOAD_BYTES])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None, None
    return str(envelope.epoch), envelope.seq if 0 <= envelope.seq < 2**63 else None


def utc_text(at: datetime) -> str:
    """Write a time as recordings and messages do: UTC, microseconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
