"""What a delivery says: JSON for programs, a subject and a few lines for people. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one webhook, as claimed: `claimed_until` tells this claim from a later one."""

    delivery_id: UUID
    webhook_id: UUID
    topic: str
    site: str | None
    body: Any
    queued_at: datetime
    attempts: int
    claimed_until: datetime
    url: str
    secret: str | None
    is_enveloped: bool

    def __repr__(self) -> str:
        return f"Delivery({self.delivery_id}, {self.topic!r})"  # neither URL nor secret


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went. `error` is for people and holds no secret; `is_gone`: never send there again."""

    is_done: bool
    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None
    is_gone: bool = False


def payload(delivery: Delivery) -> bytes:
    """Write the body of a delivery; the same bytes at every attempt.

    Source: Standard Webhooks 1.0.0, "Payload structure": type, timestamp and data.
    """
    if not delivery.is_enveloped:
        return to_json(delivery.body)
    return to_json(
        {"type": delivery.topic, "timestamp": delivery.queued_at, "site": delivery.site, "data": delivery.body}
    )


def words(delivery: Delivery) -> tuple[str, str]:
    """Write a delivery for people: a subject and the text, which a report brings ready."""
    body: Mapping[str, Any] = delivery.body if isinstance(delivery.body, Mapping) else {"value": delivery.body}
    said = str(body.get("message") or delivery.topic)
    subject = f"[{body.get('severity', 'tagdock')}] {said}" if delivery.topic == "alert" else f"[tagdock] {said}"
    if delivery.topic == "alert" and body.get("change") not in (None, "raised"):
        subject = f"{subject} ({body['change']})"
    if delivery.topic == "report":
        return _one_line(subject), f"{body.get('text', '')}\n\ndelivery: {delivery.delivery_id}"
    lines = [f"{name}: {value}" for name, value in body.items() if value is not None and name != "message"]
    place = [f"site: {delivery.site}"] if delivery.site and "site" not in body else []
    text = "\n".join([said, "", *place, *lines, "", f"delivery: {delivery.delivery_id}"])
    return _one_line(subject), text


def files(delivery: Delivery) -> list[dict[str, str]]:
    """Return what a mail brings with it: of a report `{name, media_type, content}`, the content in Base64."""
    return list(delivery.body.get("files", ())) if delivery.topic == "report" else []


def _one_line(text: str) -> str:
    """A subject is one line: what came in over the wire must not write further headers."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]
