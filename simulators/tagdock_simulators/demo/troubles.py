"""What goes wrong in a house that is well: a batch that nobody understands, and people who turn round in a door."""

import json
import logging
from datetime import datetime, timedelta
from uuid import uuid4

from tagdock_contract import GatewayAddress, TagRead

from tagdock_simulators.demo.settings import RACK_GATEWAY, SITE
from tagdock_simulators.doors import DoorGeometry
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import Hello, Message, Patience

log = logging.getLogger(__name__)

_UNKNOWN_VERSION = 99
_WITHIN_S = 10.0
_ROUNDS, _ROUND_S = 9, 0.2
_NEAREST_DBM, _WEAKER_DB = -52.0, 3.0
"""At the turning point, and so much less each read before and after it. Assumed."""


def turned_round(door: DoorGeometry, epc_hex: str, at: datetime) -> list[TagRead]:
    """Give the reads of a carton that somebody carries into a door, and out again the way they came, from a time on.

    Both rows of antennas hear it alike, so that no gateway can tell for certain what it did.
    """
    return [
        TagRead(
            at + timedelta(seconds=place * _ROUND_S),
            door.reader,
            antenna.port,
            epc_hex,
            _NEAREST_DBM - _WEAKER_DB * abs(place - _ROUNDS // 2),
        )
        for place in range(_ROUNDS)
        for antenna in door.antennas
    ]


async def send_what_nobody_understands(broker: Broker, now: datetime) -> None:
    """Send a batch as of a gateway whose software is newer than the cloud's; it is refused and kept.

    Raises ConnectionError where no broker takes it.
    """
    batch = {"v": _UNKNOWN_VERSION, "epoch": str(uuid4()), "seq": 1, "sent_at": now.isoformat(), "events": []}
    link = Link("demo-newer-software", broker, Patience(), log.warning, resends=False)
    message = Message(GatewayAddress(SITE, RACK_GATEWAY).topic("events"), json.dumps(batch).encode(), 1)

    async def live() -> None:
        link.send(message)
        while link.up and not link.closing:
            await link.rest()
        await link.drain()

    try:
        await link.start(lambda: Hello("demo-newer-software"), live, _WITHIN_S)
    finally:
        await link.close()
