"""Health as it crosses the wire."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from tagdock_cloud.health.rules import Freshness


class GatewayRecord(BaseModel):
    """A gateway as it described itself last."""

    site: str
    gateway: str
    state: str
    freshness: Freshness = Field(description="late after one minute without a word, silent after five.")
    last_seen_at: datetime | None
    last_event_stored_at: datetime | None
    outbox_events: int = Field(description="Events that wait at the gateway for the cloud's ack.")
    outbox_refused_batches: int
    oldest_unacked_at: datetime | None
    readers: list[dict[str, Any]]


class GatewayPage(BaseModel):
    """All gateways."""

    items: list[GatewayRecord]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """The database answers, and its schema is the one this program knows."""

    status: Literal["ready"]
    schema_version: str
