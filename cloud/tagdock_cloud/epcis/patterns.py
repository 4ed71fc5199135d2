"""EPC patterns (`urn:epc:idpat:sgtin:9521234.*.*`) as patterns of texts: of the URNs that gateways report, and of the
canonical links that captured events are found by. Pure.

Source: TDS 2.3, section 8 (EPC patterns: from one * on, all that follow are *).
"""

import re
from typing import Final, NamedTuple

from tagdock_cloud.epcis.links import canonical

_PATTERN: Final = re.compile(r"urn:epc:idpat:([a-z]{3,6}):([0-9]{6,12}|\*)((?:\.[A-Za-z0-9%*-]{1,60}){1,4})")
_HEADS: Final = {
    "sgtin": "01/_", "upui": "01/_", "itip": "8006/_", "sscc": "00/_", "grai": "8003/0", "sgln": "414/",
    "giai": "8004/", "gsrn": "8018/", "gsrnp": "8017/", "gdti": "253/", "cpi": "8010/", "sgcn": "255/",
}  # fmt: skip
"""What stands before the company prefix in a link; `_` is one digit that the URN has elsewhere."""
_TAILS: Final = {"sgtin": "/21/%", "upui": "/235/%", "itip": "/21/%", "cpi": "/8011/%"}
"""What a serial number follows in a link; elsewhere it follows the key at once."""


class Likeness(NamedTuple):
    """Two patterns for LIKE: of URNs, of canonical links."""

    urn: str
    link: str


def likeness(text: str) -> Likeness | None:
    """Return what is like a pattern; None where it is none that is understood here."""
    match = _PATTERN.fullmatch(text)
    if match is None or match[1] not in _HEADS:
        return None
    scheme, prefix, rest = match.groups()
    fixed = [part for part in (prefix, *rest[1:].split(".")) if part != "*"]
    stars = rest.count("*") + (prefix == "*")
    parts = rest.count(".") + 1
    if not stars or [prefix, *rest[1:].split(".")][: len(fixed)] != fixed:
        return None
    urn = f"urn:epc:id:{scheme}:" + "".join(f"{like_escaped(part)}." for part in fixed) + "%"
    if stars == 1 and parts > 2:
        key = canonical(text)
        return None if key == text else Likeness(urn, like_escaped(key) + _TAILS.get(scheme, "%"))
    if len(fixed) > 1:
        return None
    tail = _TAILS.get(scheme, "")
    return Likeness(urn, f"https://id.gs1.org/{_HEADS[scheme]}{prefix if fixed else ''}%{tail}")


def like_escaped(text: str) -> str:
    """Return a text as LIKE takes it to mean itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
