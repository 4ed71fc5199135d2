"""MQTT topics: built and parsed here and nowhere else.

tagdock/v1/<site>/<gateway>/{events,ack,status}
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from tagdock_contract.errors import ContractError

Channel = Literal["events", "ack", "status"]
_PREFIX = "tagdock/v1"
_TOPIC = re.compile(rf"{_PREFIX}/([A-Za-z0-9_-]{{1,64}})/([A-Za-z0-9_-]{{1,64}})/({'|'.join(get_args(Channel))})")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """A gateway's place in the world: its site and its own name, `[A-Za-z0-9_-]{1,64}` each.

    Raises ContractError on any other name.
    """

    site: str
    gateway: str

    def __post_init__(self) -> None:
        for field in ("site", "gateway"):
            if not _NAME.fullmatch(getattr(self, field)):
                raise ContractError(field, "must be 1 to 64 letters, digits, - or _")

    def topic(self, channel: Channel) -> str:
        """Build this gateway's topic for one channel."""
        return f"{_PREFIX}/{self.site}/{self.gateway}/{channel}"

    @property
    def client_id(self) -> str:
        """The gateway's MQTT client id and user name: `<site>.<gateway>` (a dot occurs in neither)."""
        return f"{self.site}.{self.gateway}"


def parse_topic(topic: str) -> tuple[GatewayAddress, Channel]:
    """Split a topic into address and channel. Raises ContractError on a topic that is not ours."""
    match = _TOPIC.fullmatch(topic)
    if match is None:
        raise ContractError("topic", f"must be {_PREFIX}/<site>/<gateway>/<channel>")
    channel: Channel = match[3]  # type: ignore[assignment]  # the pattern admits nothing else
    return GatewayAddress(match[1], match[2]), channel


def subscription(channel: Channel, site: str = "+") -> str:
    """Build the filter that takes one channel of every gateway, of one site or of all (`+`).

    Raises ContractError on any other name of a site.
    """
    if site != "+":
        GatewayAddress(site, "any")
    return f"{_PREFIX}/{site}/+/{channel}"
