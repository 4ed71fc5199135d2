"""What an administrator may give, and how long something holds. Pure.

Nobody gives what they do not have: an admin of one site makes no admin of all sites, and a token narrowed to some
rights makes none with more.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from tagdock_cloud.access.roles import Caller, Right
from tagdock_cloud.web.problems import Problem, refused

_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


def check_within(caller: Caller, sites: Collection[str] | None) -> None:
    """Raise Problem (403) where somebody's sites are not all the caller's. None: all sites."""
    if caller.sites is not None and (sites is None or not caller.sites.issuperset(sites)):
        raise Problem(403, f"{caller.shown} is limited to some sites and reaches nobody beyond them: name sites")


def check_may_give(caller: Caller, sites: Collection[str] | None, rights: Collection[Right] | None) -> None:
    """Raise Problem (403) where the caller would give more than it has. None: all sites, all rights of the role."""
    check_within(caller, sites)
    if caller.rights is not None and (rights is None or not caller.rights.issuperset(rights)):
        raise Problem(403, f"{caller.shown} is narrowed to {', '.join(sorted(caller.rights))} and gives no more")


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raise Problem (422) for an end that is past already."""
    if expires_at is not None and expires_at <= now:
        raise refused("expires_at", "must lie in the future")


def parse_span(text: str) -> timedelta | None:
    """Read a span of time: `12h`, `90d`, `52w`. None where it is none."""
    match = _SPAN.fullmatch(text)
    return timedelta(hours=int(match[1]) * _HOURS[match[2]]) if match else None
