"""Sites, doors and bins as URIs, and back. Pure.

A site's places have no GLNs here, so their URIs are URNs of our own; they do not depend on where the service runs.
Source: CBV 2.0, section 8.3 (locations).
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from tagdock_cloud.web.names import PLACE_PATTERN, SITE_PATTERN

_URN: Final = re.compile(r"urn:tagdock:(site|door|bin):([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9._~%-]{1,192}))?")


class Place(NamedTuple):
    """A site, or one place in it as the log names it (`door/D1`, `bin/A-01-1`)."""

    site: str
    place: str | None


def uri_of_site(site: str) -> str:
    """Return a site's URI."""
    return f"urn:tagdock:site:{site}"


def uri_of_place(site: str, place: str) -> str:
    """Return the URI of a door or bin."""
    kind, _, name = place.partition("/")
    return f"urn:tagdock:{kind}:{site}:{quote(name, safe='')}"


def place_of(uri: str | None) -> Place | None:
    """Return what one of our URIs names; None for anybody else's."""
    match = _URN.fullmatch(uri or "")
    if match is None or not re.fullmatch(SITE_PATTERN, match[2]):
        return None
    kind, site, name = match.groups()
    if kind == "site":
        return Place(site, None) if name is None else None
    text = unquote(name or "")
    return Place(site, f"{kind}/{text}") if re.fullmatch(PLACE_PATTERN, text) else None
