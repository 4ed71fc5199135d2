"""A gateway's wire: batches of events go to the broker, again where need be, until the cloud's ack names each."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Literal, Self
from uuid import uuid4

from tagdock_contract import (
    Ack,
    Batch,
    ContractError,
    Event,
    Evidence,
    GatewayAddress,
    Movement,
    Status,
    content_uuid7,
    decode_ack,
    encode,
    write_evidence,
)

from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.settings import SITE
from tagdock_simulators.epc import Epc
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import BrokerError, Hello, Message, Patience

log = logging.getLogger(__name__)

_EVENTS_A_BATCH = 200
_CONNECTED_WITHIN_S = 15.0
_ACKED_WITHIN_S = 60.0
_AGAIN_AFTER_S = 10.0
_EVIDENCE = write_evidence(Evidence(reason="played as history: no antenna has read it"))


class Wire:
    """One gateway without readers, which hands over what it is given; use it as a context. `now` is its clock."""

    def __init__(self, address: GatewayAddress, broker: Broker, now: Callable[[], datetime]) -> None:
        self._address = address
        self._now = now
        self._link = Link(address.client_id, broker, Patience(retry_longest_s=2.0), log.warning, resends=False)
        self._epoch = uuid4()
        self._seq = 0
        self._unacked: dict[int, Message] = {}
        self._refusal = ""

    async def __aenter__(self) -> Self:
        """Connect. Raises DemoError where no broker takes it."""
        try:
            await self._link.start(self._hello, self._live, _CONNECTED_WITHIN_S)
        except BrokerError as error:
            await self._link.close()
            raise DemoError(f"{self._address.client_id}: {error}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._link.close()

    def report(self) -> None:
        """Say that it is well."""
        self._link.send(self._status())

    async def hand_over(self, events: Sequence[Event]) -> None:
        """Send events and wait until the database has them all. Raises DemoError if it refuses one or takes long."""
        for start in range(0, len(events), _EVENTS_A_BATCH):
            self._seq += 1
            part = tuple(events[start : start + _EVENTS_A_BATCH])
            batch = Batch(epoch=self._epoch, seq=self._seq, sent_at=self._now(), events=part)
            message = Message(self._address.topic("events"), encode(batch), 1)
            self._unacked[self._seq] = message
            self._link.send(message)
        try:
            async with asyncio.timeout(_ACKED_WITHIN_S):
                while self._unacked and not self._refusal:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            words = f"{len(self._unacked):,} batches were not acked within {_ACKED_WITHIN_S:.0f} s"
            raise DemoError(f"{self._address.client_id}: {words}; see logs/cloud.log in the data folder") from None
        if self._refusal:
            raise DemoError(f"{self._address.client_id}: the cloud refused a batch: {self._refusal}")

    def _hello(self) -> Hello:
        return Hello(self._address.client_id, subscriptions=((self._address.topic("ack"), 1),))

    async def _live(self) -> None:
        """Live through one connection: it begins with all that no ack has named, which goes again from time to time."""
        loop = asyncio.get_running_loop()
        self.report()
        self._link.send(*self._unacked.values())
        again_at = loop.time() + _AGAIN_AFTER_S
        while self._link.up and not self._link.closing:
            await self._link.rest(_AGAIN_AFTER_S)
            for message in self._link.line.heard():
                self._book(message)
            if loop.time() >= again_at:
                self._link.send(*self._unacked.values())
                again_at = loop.time() + _AGAIN_AFTER_S
        await self._link.drain()

    def _book(self, message: Message) -> None:
        if message.topic != self._address.topic("ack"):
            return
        try:
            ack: Ack = decode_ack(message.payload)
        except ContractError as error:
            log.warning("%s: an ack that nobody understands: %s", self._address.client_id, error)
            return
        if ack.epoch == self._epoch:
            for seq in ack.committed:
                self._unacked.pop(seq, None)
            self._refusal = next((refusal.reason for refusal in ack.refused), self._refusal)

    def _status(self) -> Message:
        status = Status(site=self._address.site, gateway=self._address.gateway, state="online", at=self._now())
        return Message(self._address.topic("status"), encode(status), 1, retained=True)


def crossed(epc: Epc, door: str, direction: Literal["in", "out"], at: datetime) -> Movement:
    """Tell that a tag crossed a door's line at an aware time."""
    return _movement(epc, direction, at, door=door)


def placed(epc: Epc, bin_name: str, at: datetime) -> Movement:
    """Tell that a tag was put into a bin at an aware time."""
    return _movement(epc, "in", at, bin_name=bin_name)


def _movement(
    epc: Epc, direction: Literal["in", "out"], at: datetime, *, door: str | None = None, bin_name: str | None = None
) -> Movement:
    return Movement(
        event_id=content_uuid7(int(at.timestamp() * 1000), SITE, door or bin_name or "", epc.hex, direction),
        observed_at=at,
        site=SITE,
        epc=epc.urn,
        epc_hex=epc.hex,
        direction=direction,
        confidence=1.0,
        door=door,
        bin=bin_name,
        evidence=_EVIDENCE,
    )
