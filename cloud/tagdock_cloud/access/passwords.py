"""Passwords of people: argon2id, a bounded number of hashes at a time.

Source: RFC 9106, section 4, the second recommended option (64 MiB, 3 passes, 4 lanes).
"""

import asyncio
import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY
from starlette.concurrency import run_in_threadpool

LEAST_CHARACTERS = 12
"""Of a password: NIST SP 800-63B-4, section 3.1.1.2 wants 15 where it stands alone, 8 beside a second factor."""
MOST_CHARACTERS = 200
HASHES_AT_A_TIME = 2
"""64 MiB and a core each: more at once would only make all of them slower."""

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@functools.cache
def _nobody() -> str:
    """Return what an unknown name is checked against, so that it takes as long as a known one."""
    return _hasher.hash("a password that nobody has")


def hash_password(password: str) -> str:
    """Hash a password as the table `users` keeps it."""
    return _hasher.hash(password)


def is_old_fashioned(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether a password fits its hash; nothing fits None, and finding that out takes as long."""
    try:
        return _hasher.verify(password_hash or _nobody(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


class Checker:
    """Checks passwords beside the event loop, a few at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(HASHES_AT_A_TIME)

    async def is_password(self, password: str, password_hash: str | None) -> bool:
        """Tell whether a password fits its hash."""
        async with self._turns:
            return await run_in_threadpool(is_password, password, password_hash)

    async def hash_password(self, password: str) -> str:
        """Hash a password."""
        async with self._turns:
            return await run_in_threadpool(hash_password, password)
