"""Tables as the database keeps them."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tagdock_cloud.life.policy import Policy, read_policy
from tagdock_cloud.life.tables import Published, Tables
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.life")


@lru_cache(maxsize=64)
def _read(source: str) -> Policy:
    return read_policy(source.encode())


def tables_of(rows: Iterable[Mapping[str, Any]]) -> Tables | None:
    """Read published tables; None where the house has none yet."""
    published = [Published(row["policy_id"], row["site"], _read(row["source"])) for row in rows]
    return Tables(published) if any(one.site is None for one in published) else None


def first_table() -> dict[str, Any]:
    """Return the table that Tagdock ships, for a house that has published none."""
    return publishing(files("tagdock_cloud.life").joinpath("policy.toml").read_text(encoding="utf-8"), None, "tagdock")


def publishing(source: str, site: str | None, by: str) -> dict[str, Any]:
    """Return a table as the database keeps it. Raises ConfigurationError."""
    policy = _read(source)
    return {
        "site": site, "version": policy.version, "author": policy.author, "effective_at": policy.effective_at,
        "source": source, "by": by,
    }  # fmt: skip


def load_tables(connection: Connection[DictRow]) -> Tables:
    """Return all published tables; the first time, publish the one that Tagdock ships."""
    tables = tables_of(connection.execute(_SQL["policies"]).fetchall())
    if tables is None:
        connection.execute(_SQL["publish"], first_table())
        tables = tables_of(connection.execute(_SQL["policies"]).fetchall())
    assert tables is not None  # noqa: S101  # it was just published
    return tables
