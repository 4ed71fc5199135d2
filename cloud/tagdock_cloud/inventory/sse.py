"""Movements as server-sent events. Pure.

Source: WHATWG HTML Living Standard, section 9.2 (server-sent events).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from tagdock_cloud.web.paging import read_cursor, write_cursor

RETRY_MS = 2_000


def opening() -> bytes:
    """Tell the client how soon to come back."""
    return f"retry: {RETRY_MS}\n\n".encode()


def movement(row: Mapping[str, Any]) -> bytes:
    """Write one movement; its id is where a client resumes."""
    event_id = write_cursor([row["stored_at"], row["event_id"]])
    return b"id: " + event_id.encode() + b"\nevent: movement\ndata: " + to_json(dict(row)) + b"\n\n"


def beat(at: datetime) -> bytes:
    """Tell that the database answered just now: silence then means that it did not."""
    return b"event: beat\ndata: " + to_json({"at": at}) + b"\n\n"


def gap(reason: str) -> bytes:
    """Tell that movements were left out: the client should load anew."""
    return b"event: gap\ndata: " + to_json({"reason": reason}) + b"\n\n"


def resume_point(last_event_id: str | None) -> tuple[datetime, UUID] | None:
    """Read the id that a client saw last. Raises Problem (422) on a made-up one."""
    if not last_event_id:
        return None
    stored_at, event_id = read_cursor(last_event_id, datetime, UUID)
    return stored_at, event_id
