"""Health as it crosses the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

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
    software: str
    lost: dict[str, int] = Field(description="What it had to let go since its start, counted by what it was.")
    clock_offset_s: float | None = Field(
        description="By how much its clock is ahead of the database's, less the way; null where it cannot be told."
    )


class GatewayPage(BaseModel):
    """All gateways."""

    items: list[GatewayRecord]


class ReaderRecord(BaseModel):
    """A reader as its gateway described it last."""

    site: str
    gateway: str
    reader: str
    state: Literal["up", "connecting", "down", "unknown"] = Field(
        description="unknown: its gateway has not been heard of for too long to say."
    )
    said_state: str = Field(description="What the gateway said last.")
    gateway_freshness: Freshness
    last_read_at: datetime | None
    reads: int
    detail: str
    clock_offset_s: float | None = Field(description="By how much its clock is ahead of its gateway's.")


class ReaderPage(BaseModel):
    """All readers."""

    items: list[ReaderRecord]


class RefusedBatch(BaseModel):
    """A batch that was refused: kept as it came, with the reason."""

    refusal_id: int
    refused_at: datetime
    site: str
    gateway: str
    epoch: UUID | None
    seq: int | None
    reason: str
    payload_bytes: int


class RefusedPage(BaseModel):
    """A page of refused batches, newest first."""

    items: list[RefusedBatch]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """The database answers, and its schema is the one this program knows."""

    status: Literal["ready"]
    schema_version: str
