"""What a broker must let each user do: a gateway only its own topics, the cloud what ingest needs. Pure.

Written as mosquitto's password and ACL files (mosquitto.conf(5), password_file and acl_file); the embedded broker asks
`may` instead. Both come from the one table below.
"""

from collections.abc import Mapping
from typing import Literal

from tagdock_contract import Channel, ContractError, GatewayAddress, parse_topic, subscription

CLOUD_USER = "tagdock-cloud"
"""The user name of ingest. It has a dot nowhere, so no gateway's can equal it."""

Action = Literal["publish", "subscribe"]

_GATEWAY: dict[Action, tuple[Channel, ...]] = {"publish": ("events", "status"), "subscribe": ("ack",)}
_CLOUD: dict[Action, tuple[Channel, ...]] = {"publish": ("ack",), "subscribe": ("events", "status")}
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
    """Tell what anybody may do in lab mode: speak as any gateway, listen to everything, but not acknowledge."""
    if action == "subscribe":
        return topic.startswith("tagdock/v1/")
    try:
        return parse_topic(topic)[1] in _GATEWAY["publish"]
    except ContractError:
        return False


def password_file(secrets: Mapping[GatewayAddress, str], cloud_secret_hash: str) -> str:
    """Write mosquitto's password file: one `user:hash` a line."""
    lines = [f"{CLOUD_USER}:{cloud_secret_hash}"]
    lines += [f"{address.client_id}:{secret_hash}" for address, secret_hash in secrets.items()]
    return "".join(f"{line}\n" for line in lines)


def acl_file(gateways: list[GatewayAddress]) -> str:
    """Write mosquitto's ACL file. What no line allows is refused."""
    blocks = [
        _block(CLOUD_USER, [(a, subscription(channel)) for a, channels in _CLOUD.items() for channel in channels])
    ]
    for address in gateways:
        topics = [(action, address.topic(channel)) for action, channels in _GATEWAY.items() for channel in channels]
        blocks.append(_block(address.client_id, topics))
    return "\n".join(blocks)


def _block(user: str, topics: list[tuple[Action, str]]) -> str:
    return f"user {user}\n" + "".join(f"topic {_WORDS[action]} {topic}\n" for action, topic in topics)


def _cloud_may(action: Action, topic: str) -> bool:
    if action == "subscribe":
        return topic in {subscription(channel) for channel in _CLOUD["subscribe"]}
    try:
        return parse_topic(topic)[1] in _CLOUD["publish"]
    except ContractError:
        return False
