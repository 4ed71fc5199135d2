"""Times as integers: microseconds since 1970 (UTC), and back to the aware datetimes of the contract."""

from datetime import UTC, datetime

SECOND_US = 1_000_000


def to_us(at: datetime) -> int:
    """Turn an aware datetime into microseconds; exact for the years 2000 to 2100."""
    return round(at.timestamp() * 1e6)


def from_us(at_us: int) -> datetime:
    """Turn microseconds into an aware UTC datetime; exact for the years 2000 to 2100."""
    return datetime.fromtimestamp(at_us / 1e6, UTC)


def seconds_us(seconds: float) -> int:
    """Turn a span in seconds into microseconds."""
    return round(seconds * SECOND_US)
