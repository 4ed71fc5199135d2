"""API tokens in the database."""

from typing import Any

from tagdock_cloud.access.roles import Caller, Role
from tagdock_cloud.access.secrets import hash_token, new_token
from tagdock_cloud.errors import CloudError
from tagdock_cloud.store.pool import AsyncPool, Connection, DictRow
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.access")


def add_token(connection: Connection[DictRow], name: str, role: Role) -> str:
    """Make a token and keep its hash; this is the only time that it is seen. Raises CloudError on a name in use."""
    token = new_token()
    values = {"token_hash": hash_token(token), "name": name, "role": role}
    if connection.execute(_SQL["token_add"], values).fetchone() is None:
        raise CloudError(f"a token named {name!r} is in force: revoke it first, or choose another name")
    return token


def list_tokens(connection: Connection[DictRow]) -> list[dict[str, Any]]:
    """List all tokens, those in force first: name, role, created_at, revoked_at."""
    return connection.execute(_SQL["tokens_list"]).fetchall()


def revoke_token(connection: Connection[DictRow], name: str) -> None:
    """Revoke a token for good. Raises CloudError where none in force has that name."""
    if connection.execute(_SQL["token_revoke"], {"name": name}).fetchone() is None:
        raise CloudError(f"no token named {name!r} is in force: `tagdock-cloud tokens list` names them")


async def find_caller(pool: AsyncPool, token: str) -> Caller | None:
    """Return who holds a token; None where nobody does. Raises DatabaseUnavailableError."""
    async with pool.connection() as connection:
        cursor = await connection.execute(_SQL["token_caller"], {"token_hash": hash_token(token)})
        row = await cursor.fetchone()
    return None if row is None else Caller(row["name"], row["role"])
