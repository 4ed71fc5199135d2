"""Server-sent events. Pure.

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


def event(name: str, point: tuple[datetime, UUID], content: Mapping[str, Any]) -> bytes:
    """Write one event; its id is the point from which a client resumes."""
    head = f"id: {write_cursor(point)}\nevent: {name}\ndata: "
    return head.encode() + to_json(dict(content)) + b"\n\n"


def beat(at: datetime) -> bytes:
    """Tell that the database answered just now: silence then means that it did not."""
    return b"event: beat\ndata: " + to_json({"at": at}) + b"\n\n"


def gap(reason: str) -> bytes:
    """Tell that something was left out: the client should load anew."""
    return b"event: gap\ndata: " + to_json({"reason": reason}) + b"\n\n"


def resume_point(last_event_id: str | None) -> tuple[datetime, UUID] | None:
    """Read the id that a client saw last. Raises Problem (422) on a made-up one."""
    if not last_event_id:
        return None
    stored_at, event_id = read_cursor(last_event_id, datetime, UUID)
    return stored_at, event_id
