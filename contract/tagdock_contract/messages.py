"""What is said between gateway and cloud: a batch of events, the ack of what is committed, the gateway's status."""

from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import Meta, Struct

from tagdock_contract.events import Count, Event, Instant, Name, Place, Text

VERSION: Final = 1
"""The version that this code speaks; `Literal[1]` below says the same to the decoder."""

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1, description="Counts the batches of one epoch upwards.")]


class Batch(Struct, frozen=True, kw_only=True):
    """Events of one outbox in their order. `epoch` names the outbox: a new outbox file starts a new epoch."""

    v: Literal[1] = VERSION
    epoch: UUID
    seq: Seq
    sent_at: Instant
    events: Annotated[tuple[Event, ...], Meta(min_length=1, max_length=1000)]


class Refusal(Struct, frozen=True):
    """A batch that the cloud will not take, and why; the gateway parks it."""

    seq: Seq
    reason: Text


class Ack(Struct, frozen=True, kw_only=True):
    """The batches of one epoch that the database has committed, and those that were refused."""

    v: Literal[1] = VERSION
    epoch: UUID
    committed: Annotated[tuple[Seq, ...], Meta(max_length=10_000)] = ()
    refused: Annotated[tuple[Refusal, ...], Meta(max_length=10_000)] = ()


Loss = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$(?!\n)", description="What was let go: reads_late, pass, ...")
]


class ReaderStatus(Struct, frozen=True, omit_defaults=True):
    """One reader as its gateway sees it."""

    name: Place
    state: Literal["up", "connecting", "down"]
    last_read_at: Instant | None = None
    reads: Count = 0
    detail: Text = ""
    clock_offset_s: float | None = None
    """By how much the reader's clock is ahead of the gateway's; left out where it has none or has not told."""


class Status(Struct, frozen=True, kw_only=True):
    """A gateway's health, retained by the broker; the will is the same message with `state` offline."""

    v: Literal[1] = VERSION
    site: Name
    gateway: Name
    state: Literal["online", "offline"]
    at: Instant
    outbox_events: Count = 0
    outbox_refused_batches: Count = 0
    oldest_unacked_at: Instant | None = None
    readers: Annotated[tuple[ReaderStatus, ...], Meta(max_length=1000)] = ()
    software: Text = ""
    lost: Annotated[dict[Loss, Count], Meta(max_length=100)] = {}
    """What had to be let go, counted by what it was; nothing goes without a word."""
