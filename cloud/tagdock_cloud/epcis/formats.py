"""The two formats that everything in an EPCIS document is made of: times and URIs, checked to the letter. Pure.

Source: RFC 3339, section 5.6; RFC 3986, appendix A.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

MOST_URI_CHARACTERS: Final = 2000
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,20})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
OFFSET = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)")
"""Hours and minutes from UTC (XML Schema 1.1 part 2, section 3.3.7)."""

_UNRESERVED = r"A-Za-z0-9\-._~"
_SUB = r"!$&'()*+,;="
_PCHAR = rf"(?:[{_UNRESERVED}{_SUB}:@]|%[0-9A-Fa-f]{{2}})"
_HOST = rf"(?:\[[0-9A-Fa-f:.]{{2,45}}\]|(?:[{_UNRESERVED}{_SUB}]|%[0-9A-Fa-f]{{2}})*)"
_AUTHORITY = rf"(?:(?:[{_UNRESERVED}{_SUB}:]|%[0-9A-Fa-f]{{2}})*@)?{_HOST}(?::[0-9]*)?"
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:(?://{_AUTHORITY}(?:/{_PCHAR}*)*|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?|{_PCHAR}+(?:/{_PCHAR}*)*|)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
)


def is_uri(text: object) -> bool:
    """Tell whether a text is an absolute URI of bearable length."""
    return isinstance(text, str) and len(text) <= MOST_URI_CHARACTERS and _URI.fullmatch(text) is not None


def read_time(text: object) -> datetime | None:
    """Return the instant that a text names, to the microsecond, half of one rounded up; None where it names none."""
    match = _TIME.fullmatch(text) if isinstance(text, str) and len(text) <= 60 else None
    if match is None:
        return None
    *numbers, fraction, zone = match.groups()
    try:
        at = datetime(*map(int, numbers), tzinfo=_zone(zone))  # type: ignore[arg-type, misc]
        micros = int(((fraction or ".").ljust(8, "0"))[1:8])
        return (at + timedelta(microseconds=(micros + 5) // 10)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_time(at: datetime) -> str:
    """Write an instant in UTC as RFC 3339, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _zone(text: str) -> timezone:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
