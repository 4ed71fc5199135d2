"""API tokens in the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from tagdock_cloud.access.roles import Right, Role
from tagdock_cloud.access.secrets import hash_token, new_token
from tagdock_cloud.errors import CloudError
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.access")


def add_token(
    connection: Connection[DictRow],
    name: str,
    role: Role,
    *,
    sites: Collection[str] | None = None,
    rights: Collection[Right] | None = None,
    expires_at: datetime | None = None,
    created_by: str | None = None,
) -> str:
    """Make a token and keep its hash; this is the only time that it is seen. Raises CloudError on a name in use.

    `sites` None: all. `rights` None: all that the role has. `expires_at` None: never.
    """
    token = new_token()
    values = token_values(token, name, role, sites=sites, rights=rights, expires_at=expires_at, created_by=created_by)
    if connection.execute(_SQL["token_add"], values).fetchone() is None:
        raise CloudError(f"a token named {name!r} is in force: revoke it first, or choose another name")
    return token


def token_values(
    token: str,
    name: str,
    role: Role,
    *,
    sites: Collection[str] | None,
    rights: Collection[Right] | None,
    expires_at: datetime | None,
    created_by: str | None,
) -> dict[str, Any]:
    """Return the values of the query `token_add`."""
    return {
        "token_hash": hash_token(token),
        "name": name,
        "role": role,
        "sites": None if sites is None else sorted(set(sites)),
        "rights": None if rights is None else sorted(set(rights)),
        "expires_at": expires_at,
        "created_by": created_by,
    }


def list_tokens(connection: Connection[DictRow]) -> list[dict[str, Any]]:
    """List all tokens, those in force first: name, role, sites, rights, created, expires, revoked."""
    return connection.execute(_SQL["tokens_list"]).fetchall()


def revoke_token(connection: Connection[DictRow], name: str) -> None:
    """Revoke a token for good. Raises CloudError where none in force has that name."""
    if connection.execute(_SQL["token_revoke"], {"name": name}).fetchone() is None:
        raise CloudError(f"no token named {name!r} is in force: `tagdock-cloud tokens list` names them")
