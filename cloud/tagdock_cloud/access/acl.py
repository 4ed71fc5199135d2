"""What a broker must let each user do: a gateway only its own topics, the cloud what ingest needs. Pure.

Written as mosquitto's password and ACL files (mosquitto.conf(5), password_file and acl_file) and as the `authorization`
block of a NATS configuration; the embedded broker asks `may` instead. All come from the one table below.
"""

import json
from collections.abc import Mapping
from typing import Literal

from tagdock_contract import Channel, ContractError, GatewayAddress, parse_topic, subscription

CLOUD_USER = "tagdock-cloud"
"""The user name of ingest. It has a dot nowhere, so no gateway's can equal it."""
MOST_INGESTS = 64
LAB_SENSORS = "bins/"
"""Below it anybody may speak as a bin sensor in lab mode."""

Action = Literal["publish", "subscribe"]
BrokerKind = Literal["mosquitto", "nats"]

_GATEWAY: dict[Action, tuple[Channel, ...]] = {"publish": ("events", "status"), "subscribe": ("ack",)}
_CLOUD: dict[Action, tuple[Channel, ...]] = {"publish": ("ack",), "subscribe": ("events", "status")}
_NATS_OWN: dict[Action, tuple[str, ...]] = {"publish": (), "subscribe": ("$MQTT.sub.>",)}
"""What NATS's MQTT sessions need beside: the subjects on which it delivers QoS 1 to a client."""
_WORDS: dict[Action, str] = {"publish": "write", "subscribe": "read"}


def may(user: str, action: Action, topic: str) -> bool:
    """Tell whether a user may publish to a topic or subscribe to a filter."""
    if user == CLOUD_USER:
        return _cloud_may(action, topic)
    try:
        address, channel = parse_topic(topic)
    except ContractError:
        return False
    return address.client_id == user and channel in _GATEWAY[action]


def may_in_lab(action: Action, topic: str) -> bool:
    """Tell what anybody may do in lab mode: speak as any gateway or bin sensor, listen to all, but not acknowledge."""
    if topic.startswith(LAB_SENSORS):
        return True
    if action == "subscribe":
        return topic.startswith("tagdock/v1/")
    try:
        return parse_topic(topic)[1] in _GATEWAY["publish"]
    except ContractError:
        return False


def cloud_users(ingests: int) -> list[str]:
    """Return a user name for each ingest program: where the user is the client id, two of one name take turns."""
    return [CLOUD_USER, *(f"{CLOUD_USER}-{number}" for number in range(2, ingests + 1))]


def password_file(secrets: Mapping[GatewayAddress, str], cloud_secret_hash: str, ingests: int = 1) -> str:
    """Write mosquitto's password file: one `user:hash` a line."""
    lines = [f"{user}:{cloud_secret_hash}" for user in cloud_users(ingests)]
    lines += [f"{address.client_id}:{secret_hash}" for address, secret_hash in secrets.items()]
    return "".join(f"{line}\n" for line in lines)


def acl_file(gateways: list[GatewayAddress], ingests: int = 1) -> str:
    """Write mosquitto's ACL file. What no line allows is refused."""
    of_cloud = [(a, subscription(channel)) for a, channels in _CLOUD.items() for channel in channels]
    blocks = [_block(user, of_cloud) for user in cloud_users(ingests)]
    for address in gateways:
        topics = [(action, address.topic(channel)) for action, channels in _GATEWAY.items() for channel in channels]
        blocks.append(_block(address.client_id, topics))
    return "\n".join(blocks)


def nats_file(secrets: Mapping[GatewayAddress, str], cloud_secret_hash: str) -> str:
    """Write the file that a NATS configuration includes: `authorization` with every user, held to MQTT and its topics.

    `secrets`: bcrypt hashes, as NATS reads them. The configuration format is a superset of JSON.
    """
    users = [
        _nats_user(CLOUD_USER, cloud_secret_hash, {a: [subscription(channel) for channel in _CLOUD[a]] for a in _CLOUD})
    ]
    for address, secret_hash in secrets.items():
        topics = {action: [address.topic(channel) for channel in channels] for action, channels in _GATEWAY.items()}
        users.append(_nats_user(address.client_id, secret_hash, topics))
    lines = ",\n".join(f"    {json.dumps(user)}" for user in users)
    return f"authorization: {{\n  users: [\n{lines}\n  ]\n}}\n"


def _nats_user(user: str, secret_hash: str, topics: Mapping[Action, list[str]]) -> dict[str, object]:
    """Build one user. A level of a topic is a token of a subject; no name of ours holds a dot."""
    subjects = {a: [topic.replace("/", ".").replace("+", "*") for topic in topics[a]] for a in topics}
    allowed = {action: {"allow": [*subjects[action], *_NATS_OWN[action]]} for action in subjects}
    known = {"user": user, "password": secret_hash, "allowed_connection_types": ["MQTT"]}
    return {**known, "permissions": allowed}


def _block(user: str, topics: list[tuple[Action, str]]) -> str:
    return f"user {user}\n" + "".join(f"topic {_WORDS[action]} {topic}\n" for action, topic in topics)


def _cloud_may(action: Action, topic: str) -> bool:
    if action == "subscribe":
        return any(_is_subscription(topic, channel) for channel in _CLOUD["subscribe"])
    try:
        return parse_topic(topic)[1] in _CLOUD["publish"]
    except ContractError:
        return False


def _is_subscription(topic: str, channel: Channel) -> bool:
    """Tell whether a filter takes a channel of all sites, or of one: what several ingest programs share."""
    parts = topic.split("/")
    try:
        return len(parts) == 5 and topic == subscription(channel, parts[2])
    except ContractError:
        return False
