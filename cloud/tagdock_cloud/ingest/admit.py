"""What to do with a message: take it, refuse it by name, or leave it. Pure: the time comes in as an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from msgspec import Struct
from tagdock_contract import (
    Batch,
    ContractError,
    GatewayAddress,
    Status,
    decode_status,
    parse_topic,
)

from tagdock_cloud.ingest.quick import decode_quickly, decode_together

MAX_REASON = 1000
"""Characters of a refusal's reason, as the contract bounds it."""
_EVENTS = "/events"
_parse_topic = lru_cache(maxsize=10_000)(parse_topic)
"""A gateway's messages then share one address, which is told apart by what it is and not by what it says."""


class Delivery(Struct, frozen=True, gc=False):
    """A message as the broker handed it over. Packet ids only count within the connection that brought them."""

    topic: str
    payload: bytes
    is_retained: bool
    packet_id: int
    connection: int


class Accepted(Struct, frozen=True, gc=False):
    """A batch that keeps the contract."""

    address: GatewayAddress
    batch: Batch
    payload: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A batch that is not taken. Without `epoch` and `seq` it cannot be named to the gateway, only kept."""

    address: GatewayAddress
    epoch: UUID | None
    seq: int | None
    reason: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Reported:
    """A gateway's status. A retained one was said some time ago."""

    address: GatewayAddress
    status: Status
    is_retained: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing that could be answered or kept."""

    reason: str


Verdict = Accepted | Refused | Reported | Ignored


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far `observed_at` may lie from the cloud's clock, so that a wrong clock cannot make partitions at will."""

    ahead: timedelta
    behind: timedelta


def judge(delivery: Delivery, now: datetime, bounds: Bounds, batch: Batch | None = None) -> Verdict:
    """Decide on one message, whatever it holds; `batch` is what its payload says, where somebody decoded it before."""
    try:
        address, channel = _parse_topic(delivery.topic)
    except ContractError as error:
        return Ignored(str(error))
    if channel == "events":
        return _judge_batch(address, delivery.payload, now, bounds, batch)
    if channel == "status":
        return _judge_status(address, delivery)
    return Ignored(f"{channel} is not for the cloud")


def judge_all(deliveries: Sequence[Delivery], now: datetime, bounds: Bounds) -> list[Verdict]:
    """Decide on messages as `judge` does on each; the names in their batches are looked at together."""
    batches = iter(decode_together([one.payload for one in deliveries if one.topic.endswith(_EVENTS)]))
    return [
        judge(one, now, bounds, next(batches) if one.topic.endswith(_EVENTS) else None) for one in deliveries
    ]  # fmt: skip


def refuse(accepted: Accepted, reason: str) -> Refused:
    """Turn an accepted batch down after all."""
    return Refused(accepted.address, accepted.batch.epoch, accepted.batch.seq, reason[:MAX_REASON], accepted.payload)


def name_of(batch: Accepted | Refused) -> str:
    """Name a batch in a log: site/gateway/epoch/seq, as far as it could be read."""
    if isinstance(batch, Accepted):
        return f"{batch.address.site}/{batch.address.gateway}/{batch.batch.epoch}/{batch.batch.seq}"
    return (
        f"{batch.address.site}/{batch.address.gateway}/{batch.epoch or '?'}/{'?' if batch.seq is None else batch.seq}"
    )


def _judge_batch(
    address: GatewayAddress, payload: bytes, now: datetime, bounds: Bounds, batch: Batch | None
) -> Accepted | Refused:
    try:
        batch = batch or decode_quickly(payload)
    except ContractError as error:
        epoch = None if error.epoch is None else UUID(error.epoch)
        return Refused(address, epoch, error.seq, str(error)[:MAX_REASON], payload)
    accepted = Accepted(address, batch, payload)
    fault = _find_fault(address, batch, now, bounds)
    return accepted if fault is None else refuse(accepted, fault)


def _find_fault(address: GatewayAddress, batch: Batch, now: datetime, bounds: Bounds) -> str | None:
    earliest, latest = now - bounds.behind, now + bounds.ahead
    for index, event in enumerate(batch.events):
        if event.site != address.site:
            return f"$.events[{index}].site: is {event.site}, but the topic's site is {address.site}"
        if event.observed_at > latest:
            return f"$.events[{index}].observed_at: more than {bounds.ahead} ahead of the cloud's clock: set the clock"
        if event.observed_at < earliest:
            return f"$.events[{index}].observed_at: more than {bounds.behind} behind the cloud's clock: set the clock"
    return None


def _judge_status(address: GatewayAddress, delivery: Delivery) -> Reported | Ignored:
    try:
        status = decode_status(delivery.payload)
    except ContractError as error:
        return Ignored(f"status of {address.site}/{address.gateway}: {error}")
    if (status.site, status.gateway) != (address.site, address.gateway):
        return Ignored(f"status of {address.site}/{address.gateway} speaks for {status.site}/{status.gateway}")
    return Reported(address, status, delivery.is_retained)
