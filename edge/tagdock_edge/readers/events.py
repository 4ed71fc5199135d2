"""Vendors' events in a message: one, or an array of them where the reader sends batches. Pure."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from tagdock_edge.mapping import MESSAGE_BYTES_AT_MOST, ROWS_AT_MOST, MisfitError
from tagdock_edge.readers.heard import Heard

Event = TypeVar("Event")
Moment = Annotated[datetime, Meta(tz=True)]
"""A time that names its offset from UTC: RFC 3339, or ISO 8601's basic offset (+0000); nanoseconds are rounded."""


def decode_events(payload: bytes, kind: type[Event], heard: Heard) -> Sequence[Event]:
    """Decode a message of events of one kind; what does not fit is counted in `heard` and left out."""
    if len(payload) > MESSAGE_BYTES_AT_MOST:
        heard.refuse(MisfitError("message", f"has {len(payload):,} bytes; {MESSAGE_BYTES_AT_MOST:,} are taken"))
        return ()
    is_array = payload[:64].lstrip()[:1] == b"["
    try:
        if not is_array:
            return (_decoder(kind).decode(payload),)  # type: ignore[arg-type]  # a type is hashable
        return _bounded(_decoder(list[kind]).decode(payload), heard)  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        if is_array:
            return _one_by_one(payload, kind, heard)
        heard.refuse(_misfit(error))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        heard.refuse(_misfit(error))
    return ()


def _one_by_one(payload: bytes, kind: type[Event], heard: Heard) -> Sequence[Event]:
    """Decode what is right in an array in which something is wrong."""
    events = []
    try:
        for raw in _bounded(_decoder(list[msgspec.Raw]).decode(payload), heard):
            try:
                events.append(_decoder(kind).decode(raw))  # type: ignore[arg-type]
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                heard.refuse(_misfit(error))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        heard.refuse(_misfit(error))
    return events


def _bounded(events: list[Any], heard: Heard) -> list[Any]:
    if len(events) > ROWS_AT_MOST:
        surplus = len(events) - ROWS_AT_MOST
        heard.refuse(MisfitError("message", f"has {len(events):,} events; {ROWS_AT_MOST:,} are taken"), surplus)
    return events[:ROWS_AT_MOST]


def _misfit(error: Exception) -> MisfitError:
    """Name the field that msgspec complains of, `$.data.antenna`; there are as many as our types have fields."""
    what, _, where = str(error).partition(" - at ")
    if not isinstance(error, msgspec.ValidationError):
        return MisfitError("message", f"is no JSON ({what})")
    return MisfitError(where.strip("`") or "message", what)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
