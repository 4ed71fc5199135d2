"""When a session may begin and end. Pure."""

from datetime import datetime, timedelta
from uuid import UUID

from tagdock_cloud.web.problems import Problem, refused

LEAD = timedelta(seconds=60)
"""A session that goods opened begins this long before them: what passed just before may be reported just after."""
FURTHEST_AHEAD = timedelta(minutes=5)
"""A session may begin or end this far in the future: clocks differ."""


def check_door(door: str, open_id: UUID | None) -> None:
    """Raise Problem (409) where another session is open at the door."""
    if open_id is not None:
        raise Problem(409, f"session {open_id} is open at door {door}; close it first")


def begin_at(asked_at: datetime | None, last_until_at: datetime | None, now: datetime) -> datetime:
    """Return when a session begins: when it was asked to, or now; sessions at one door do not overlap.

    Raises Problem (422) where the last one lasted longer, or the time lies ahead.
    """
    at = asked_at or max(now, last_until_at or now)
    if at > now + FURTHEST_AHEAD:
        raise refused("opened_at", "lies ahead; open a session when the truck stands there")
    if last_until_at is not None and at < last_until_at:
        raise refused("opened_at", f"the last session at this door lasted until {last_until_at.isoformat()}")
    return at


def begin_by_rule(seen_at: datetime, last_until_at: datetime | None) -> datetime | None:
    """Return when a session begins that goods open; None where they are of a session that is over."""
    if last_until_at is None:
        return seen_at - LEAD
    return max(seen_at - LEAD, last_until_at) if seen_at >= last_until_at else None


def end_at(asked_at: datetime | None, opened_at: datetime, now: datetime) -> datetime:
    """Return when a session ends. Raises Problem (422) where that is before it began or lies ahead."""
    at = asked_at or max(now, opened_at + timedelta(microseconds=1))
    if at <= opened_at:
        raise refused("until_at", f"lies before the session began ({opened_at.isoformat()})")
    if at > now + FURTHEST_AHEAD:
        raise refused("until_at", "lies ahead")
    return at
