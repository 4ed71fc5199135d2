"""UUIDv7 event ids (RFC 9562, section 5.7)."""

import hashlib
from uuid import UUID

import msgspec


def uuid7(at_ms: int, randomness: bytes) -> UUID:
    """Build a UUIDv7 from a Unix time in milliseconds (48 bits) and at least 10 bytes of randomness.

    Raises ValueError when either is out of range.
    """
    if not 0 <= at_ms < 2**48:
        raise ValueError(f"at_ms must lie in 0..2^48, not {at_ms}")
    if len(randomness) < 10:
        raise ValueError(f"randomness must have 10 bytes or more, not {len(randomness)}")
    low = int.from_bytes(randomness[:10], "big")
    rand_a, rand_b = low >> 68, low & (2**62 - 1)
    return UUID(int=at_ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def content_uuid7(at_ms: int, *content: str) -> UUID:
    """Build a UUIDv7 whose random bits are a digest of what the event says.

    The same verdict then has the same id however often it is worked out (a replay, a restart), which is what makes
    a second delivery change nothing. 74 bits of BLAKE2b: two different events of one millisecond don't collide.
    """
    digest = hashlib.blake2b(
        msgspec.json.encode(content), digest_size=10
    )  # JSON keeps ("a", "bc") and ("ab", "c") apart
    return uuid7(at_ms, digest.digest())


def uuid7_ms(event_id: UUID) -> int:
    """Return the Unix time in milliseconds that a UUIDv7 carries."""
    return event_id.int >> 80
