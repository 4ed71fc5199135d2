"""The settings that all readers behind an MQTT broker share: which broker, who we are there, when silence means gone.

Commonly the readers publish to a broker on the edge box itself. Without `broker` they are looked for at the gateway's
own one, where this needs rights that Tagdock's cloud does not give: `gateways acl` lets a gateway read `ack` and
nothing else, and the embedded broker refuses every other topic. On a broker of your own allow the gateway's user to
connect with the client id `<site>.<gateway>.<reader>` and to read the reader's topics, in mosquitto:

    user hangzhou-1.gw-1
    topic read impinj/#
"""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from tagdock_edge.config import BrokerConfig, read_broker
from tagdock_edge.driver import Station
from tagdock_edge.mapping.topics import parse_topic
from tagdock_edge.tables import Table

_ClientId = Annotated[str, Meta(min_length=1, max_length=256)]
_Silence = Annotated[float, Meta(ge=0, le=86_400)]


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How a reader's messages come to us."""

    broker: BrokerConfig
    client_id: str
    topics: tuple[str, ...]
    silent_after_s: float = 0.0
    """A reader that says nothing for so long is gone; 0: silence tells nothing."""
    stored: bool = True
    """The broker keeps messages for us while we are away: only where reads carry their own time."""


def read_line(
    table: Table, station: Station, topics: tuple[str, ...], *, silent_after_s: float = 0.0, stored: bool = True
) -> LineSettings:
    """Take `broker`, `tls`, `auth`, `client_id` and `silent_after_s` of a `[[reader]]`."""
    client_id = f"{station.address.client_id}.{station.name}"
    return LineSettings(
        _read_broker(table, station),
        table.take("client_id", _ClientId, "the name that we have at the broker", client_id),
        tuple(topic for topic in topics if topic),
        table.take("silent_after_s", _Silence, "seconds from 0 (silence tells nothing) to 86400", silent_after_s),
        stored,
    )


def read_fixed_topic(table: Table, key: str, station: Station, default: str) -> str:
    """Take one reader's topic; `{reader}` in it stands for its name. An empty one means that there is none."""
    text = table.take(key, str, f'a topic like "{default}"', default)
    if not text:
        return ""
    try:
        pattern = parse_topic(text, {"reader": station.name})
    except ValueError as error:
        table.complain(key, f"{error}")
        return ""
    if pattern.names:
        table.complain(key, "must name one topic; {reader} is all that can stand in it")
    return pattern.filter


def _read_broker(table: Table, station: Station) -> BrokerConfig:
    if table.has("broker"):
        return read_broker(table, station.base, station.environ)
    for key in ("tls", "auth"):
        table.refuse(key, 'goes with a broker of the reader\'s own; give broker = "mqtt://HOST:PORT" too')
    return station.broker
