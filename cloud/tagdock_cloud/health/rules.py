"""How fresh a gateway's word is. Pure: the clock comes in as an argument."""

from datetime import datetime, timedelta
from typing import Any, Literal

LATE_AFTER = timedelta(seconds=60)
SILENT_AFTER = timedelta(minutes=5)
"""A gateway reports its state at least every half minute; two missed words are late, ten are silence."""

Freshness = Literal["fresh", "late", "silent", "offline", "never"]


def freshness(state: str, last_seen_at: datetime | None, now: datetime) -> Freshness:
    """Judge a gateway by what it said last and when it said it."""
    if last_seen_at is None:
        return "never"
    if state == "offline":
        return "offline"
    age = now - last_seen_at
    if age > SILENT_AFTER:
        return "silent"
    return "late" if age > LATE_AFTER else "fresh"


def readers_of(gateway: dict[str, Any]) -> list[dict[str, Any]]:
    """List a gateway's readers; what a gateway said too long ago is not passed off as how things are."""
    is_heard = gateway["freshness"] in ("fresh", "late")
    return [
        {
            "site": gateway["site"],
            "gateway": gateway["gateway"],
            "reader": reader["name"],
            "state": reader["state"] if is_heard else "unknown",
            "said_state": reader["state"],
            "gateway_freshness": gateway["freshness"],
            "last_read_at": reader.get("last_read_at"),
            "reads": reader.get("reads", 0),
            "detail": reader.get("detail", ""),
            "clock_offset_s": reader.get("clock_offset_s"),
        }
        for reader in gateway["readers"]
    ]
