"""All that nodes would publish, without a broker, as fast as it can be worked out: same seed, same lines."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby

from tagdock_contract import utc_text

from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.node import Node
from tagdock_simulators.sensors.readings import Reading


def published(
    nodes: Mapping[str, Node], readings: Iterable[Reading], begin: datetime, until: datetime
) -> Iterator[tuple[datetime, Message]]:
    """Give the publications of nodes that connect at `begin`, tell the readings and leave at `until`.

    Readings of one node and one moment are told together. Readings of bins without a node are nobody's.
    """
    every = list(dict.fromkeys(nodes.values()))
    for node in every:
        node.connecting(begin)
        yield from ((begin, publication) for publication in node.born(begin))
    known = (reading for reading in readings if reading.bin in nodes)
    for (at, _), group in groupby(known, key=lambda reading: (reading.at, id(nodes[reading.bin]))):
        together = list(group)
        yield from ((at, publication) for publication in nodes[together[0].bin].tell(together))
    for node in every:
        yield from ((until, publication) for publication in node.leaving(until))


def tape_line(at: datetime, publication: Message) -> bytes:
    """Write a publication as a line; a payload that is no readable text stands in `payload_base64`."""
    told: dict[str, object] = {"at": utc_text(at), "topic": publication.topic}
    text = publication.payload.decode(errors="replace")
    if text.isprintable() and text.encode() == publication.payload:
        told["payload"] = text
    else:
        told["payload_base64"] = base64.b64encode(publication.payload).decode()
    told |= {"qos": publication.qos, "retained": publication.retained}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"
