"""Checking a name and a password, with pauses after failures."""

import logging

from fastapi import Request

from tagdock_cloud.access.lockout import (
    OF_A_USER,
    OF_AN_ADDRESS,
    Pause,
    address_group,
    attempt_key,
    attempt_values,
)
from tagdock_cloud.access.passwords import Checker, is_old_fashioned
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database, Transaction
from tagdock_cloud.web.problems import Problem

_SQL = load_queries("tagdock_cloud.access")
_log = logging.getLogger(__name__)


class Logins:
    """Lets people in by name and password. Every attempt is counted in the database before it is looked at."""

    def __init__(self, database: Database, passwords: Checker) -> None:
        self._db = database
        self._passwords = passwords

    async def check(self, request: Request, name: str, password: str) -> str:
        """Return the user's name. Raises Problem: 401 where name and password do not fit, 429 while one has to wait."""
        address = address_of(request)
        await self.count(address, name)
        user = await self._db.one(_SQL["user_login"], {"name": name})
        password_hash = None if user is None else user["password_hash"]
        fits = await self._passwords.is_password(password, password_hash)  # takes as long for a name that nobody has
        if password_hash is None or not fits:
            raise Problem(401, "name and password do not fit, or the user is disabled")
        async with self._db.transaction() as transaction:
            await forgive(transaction, address, name)
            if is_old_fashioned(password_hash):
                values = {"name": name, "password_hash": await self._passwords.hash_password(password)}
                await transaction.run(_SQL["user_rehash"], values)
        return name

    async def count(self, address: str, name: str | None) -> None:
        """Count an attempt from an address, for a user or (None) with a token. Raises Problem (429) while it waits."""
        async with self._db.transaction() as transaction:
            await transaction.run(_SQL["login_forget"])
            await _count(transaction, "address", address, OF_AN_ADDRESS)
            if name is not None:
                await _count(transaction, "user", name, OF_A_USER)


async def forgive(transaction: Transaction, address: str, name: str) -> None:
    """Take the count of a good attempt back."""
    keys = {"user_key": attempt_key("user", name), "address_key": attempt_key("address", address)}
    await transaction.run(_SQL["login_good"], keys)


def address_of(request: Request) -> str:
    """Return the address that attempts are counted for; uvicorn has looked through trusted proxies already."""
    return address_group(request.client.host if request.client else "unknown")


async def _count(transaction: Transaction, kind: str, name: str, pause: Pause) -> None:
    """Count an attempt. Raises Problem (429) while it has to wait; the transaction is then undone."""
    counted = await transaction.one(_SQL["login_attempt"], attempt_values(kind, name, pause))
    if counted is None:
        row = await transaction.one(_SQL["login_wait"], {"key": attempt_key(kind, name)})
        wait_s = row["wait_s"] if row else 1
        raise Problem(429, f"too many failed logins; try again in {wait_s} s", headers={"Retry-After": str(wait_s)})
    if counted["failures"] == pause.free + 1:  # once a series; what was typed as a name may be a password
        _log.warning("%d logins failed for one %s within an hour: it waits now", pause.free, kind)
