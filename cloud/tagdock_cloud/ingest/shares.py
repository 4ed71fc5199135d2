"""Which topics an ingest program listens to: all, those of its share of the sites, or a broker's shared ones. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from tagdock_contract import subscription

from tagdock_cloud.errors import ConfigurationError

_SHARE = re.compile(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})")
_GROUP = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Share:
    """One of `count` equal shares of the sites, numbered from 1."""

    number: int
    count: int

    def holds(self, site: str) -> bool:
        """Tell whether a site belongs to this share; it hangs on the site's name alone, so all programs agree."""
        place = int.from_bytes(sha256(site.encode()).digest()[:8], "big")
        return place % self.count == self.number - 1

    def client_id(self, base: str) -> str:
        """Name the share's session at the broker: whoever takes the share up anywhere goes on with that session."""
        return f"{base}-{self.number}-of-{self.count}"


def parse_share(text: str) -> Share:
    """Read `2/4`. Raises ConfigurationError."""
    match = _SHARE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise ConfigurationError(
            "--share must look like 2/4: this program takes the second of four shares of the sites"
        )
    return Share(int(match[1]), int(match[2]))


def check_group(name: str) -> str:
    """Return the name of a group of shared subscriptions. Raises ConfigurationError."""
    if not _GROUP.fullmatch(name):
        raise ConfigurationError("--shared-group must be 1 to 64 letters, digits, - or _")
    return name


def all_topics() -> tuple[str, ...]:
    """Listen to every site."""
    return subscription("events"), subscription("status")


def topics_of(share: Share, sites: Iterable[str]) -> tuple[str, ...]:
    """Listen to the sites of a share, one filter for each channel of each."""
    own = sorted(site for site in set(sites) if share.holds(site))
    return tuple(subscription(channel, site) for site in own for channel in ("events", "status"))


def shared_topics(group: str) -> tuple[str, ...]:
    """Listen to what the broker deals out among the group's members (MQTT 5, section 4.8.2).

    Each member hears every status: a broker does not send what it retained to shared subscriptions (section 3.3.1.3).
    """
    return f"$share/{group}/{subscription('events')}", subscription("status")
