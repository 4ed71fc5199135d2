"""Who overhears the wire: which events were acknowledged, by the acks that really went out."""

import json
from collections.abc import Callable
from typing import Any

from tagdock_contract import ContractError, decode_ack, subscription

from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import Hello, Patience

_FIRST_WITHIN_S = 20.0


class Witness:
    """Listens at the broker itself. What it misses while that is dead, it does not count."""

    def __init__(self, port: int, say: Callable[[str], None]) -> None:
        self._link = Link("witness", Broker("127.0.0.1", port), Patience(retry_longest_s=0.5), say, resends=False)
        self._batches: dict[tuple[str, int], list[str]] = {}
        self.acked: set[str] = set()
        """Ids of movements in batches that were sent and acknowledged as committed."""
        self.refused: list[str] = []
        """Reasons of refused batches: nothing here should be."""

    async def start(self) -> None:
        """Begin to listen. Raises BrokerError where there is no broker."""
        hello = Hello("witness", subscriptions=((subscription("events"), 1), (subscription("ack"), 1)))
        await self._link.start(lambda: hello, self._listen, _FIRST_WITHIN_S)

    async def close(self) -> None:
        """Stop listening."""
        await self._link.close()

    async def _listen(self) -> None:
        while self._link.up and not self._link.closing:
            await self._link.rest(0.5)
            for message in self._link.line.heard():
                self._note(message.topic, message.payload)

    def _note(self, topic: str, payload: bytes) -> None:
        if topic.endswith("/events"):
            batch: Any = json.loads(payload)
            moved = [event["event_id"] for event in batch["events"] if event["type"] == "movement"]
            self._batches[batch["epoch"], batch["seq"]] = moved
            return
        try:
            ack = decode_ack(payload)
        except ContractError:
            return
        for seq in ack.committed:
            self.acked.update(self._batches.get((str(ack.epoch), seq), ()))
        self.refused += [refusal.reason for refusal in ack.refused]
