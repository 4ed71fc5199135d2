"""The log of what was told, as the duty that tells finds and writes it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.epcis.naming import Naming
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.epcis")
_KINDS = {"in": "inbound", "out": "outbound"}


def namings(connection: Connection[DictRow], site: str, places: Iterable[str]) -> Naming:
    """Return how a site and these places of it are called now."""
    own = connection.execute(_SQL["site_named"], {"site": site}).fetchone()
    rows = connection.execute(_SQL["places_named"], {"site": site, "places": sorted(places)}).fetchall()
    return Naming(site, own or {}, {row["place"]: row for row in rows})


def papers(connection: Connection[DictRow], movements: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """Return the order or notice (kind, order_id, partner) under which movements passed a door, by their number."""
    passages = [
        {name: row[name] for name in ("site", "door", "observed_at", "epc", "sku")}
        | {"n": n, "kind": _KINDS[row["direction"]]}
        for n, row in enumerate(movements)
        if row["door"] is not None and row["direction"] in _KINDS
    ]
    if not passages:
        return {}
    found = connection.execute(_SQL["matched"], {"passages": to_json(passages).decode()}).fetchall()
    return {row["n"]: row for row in found}


def write(connection: Connection[DictRow], rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to the log, and what they say beside them."""
    written = list(rows)
    if not written:
        return
    numbers = _say(connection, [row["said"] for row in written if row.get("said")])
    out = [
        {
            **row,
            "said": None,
            "digest": row["digest"].hex(),
            "said_id": row.get("said_id") or numbers.get(_key(row.get("said"))),
        }
        for row in written
    ]
    connection.execute(_SQL["tell"], {"rows": to_json(out).decode()})


def _say(connection: Connection[DictRow], said: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the numbers of what is said, by key."""
    by_key = {_key(one): one for one in said}
    if not by_key:
        return {}
    listed = [{"digest": key, "said": by_key[key]} for key in sorted(by_key)]
    connection.execute(_SQL["say"], {"said": to_json(listed).decode()})
    found = connection.execute(_SQL["said_by"], {"digests": [bytes.fromhex(key) for key in by_key]}).fetchall()
    return {row["digest"]: row["said_id"] for row in found}


def _key(said: Mapping[str, Any] | None) -> str:
    return hashlib.sha256(to_json(said)).hexdigest()
