"""Times as the formats write them. All begin as nanoseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NS_PER_S = 1_000_000_000


def ns_of(at: datetime) -> int:
    """Return an aware time as nanoseconds since 1970."""
    return (at - _EPOCH) // _US * 1000


def nano(at_ns: int) -> str:
    """Write RFC 3339 with up to nine decimals, trailing zeros left out, as `2021-02-02T22:18:35.908535Z`."""
    second, ns = divmod(at_ns, _NS_PER_S)
    decimals = f"{ns:09d}".rstrip("0")
    return f"{_second(second)}.{decimals}Z" if decimals else f"{_second(second)}Z"


def milli(at_ns: int) -> str:
    """Write ISO 8601 with three decimals and a basic offset, as `2022-03-22T19:00:00.123+0000`."""
    second, ns = divmod(at_ns, _NS_PER_S)
    return f"{_second(second)}.{ns // 1_000_000:03d}+0000"


@lru_cache(maxsize=16)
def _second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
