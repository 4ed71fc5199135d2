"""Browsers that are logged in: a random cookie, its hash in the database, an end that the server decides.

A session ends when nobody used it for `IDLE_S`, `LIFETIME_S` after the login in any case, and at once when its user or
token is disabled, revoked, gets a new password, or logs out everywhere.
"""

import secrets
from typing import Any

from tagdock_cloud.access.secrets import hash_token
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction

IDLE_S = 12 * 3600
"""A shift and its overtime; a screen on the wall that shows the Live page uses its session all the time."""
LIFETIME_S = 7 * 24 * 3600

_SQL = load_queries("tagdock_cloud.access")


async def start_session(transaction: Transaction, *, user: str | None = None, token_hash: bytes | None = None) -> str:
    """Start a session of a user or of a token and return its cookie; ended ones are forgotten on the way."""
    cookie = secrets.token_urlsafe(32)
    values: dict[str, Any] = {"digest": hash_token(cookie), "user": user, "token_hash": token_hash}
    await transaction.run(_SQL["sessions_forget"], {"idle_s": IDLE_S})
    await transaction.run(_SQL["session_start"], {**values, "lifetime_s": LIFETIME_S})
    return cookie


async def end_session(transaction: Transaction, cookie: str) -> None:
    """End one session."""
    await transaction.run(_SQL["session_end"], {"digest": hash_token(cookie)})


async def end_sessions_beside(transaction: Transaction, cookie: str) -> int:
    """End all sessions of whoever has this one, this one too; return how many."""
    return await transaction.run(_SQL["sessions_end_alike"], {"digest": hash_token(cookie)})


async def end_sessions_of(transaction: Transaction, user: str) -> int:
    """End all sessions of a user; return how many."""
    return await transaction.run(_SQL["sessions_end_of"], {"user": user})
