"""Looking up whose the names of places are that a request or a stored query brings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.naming import NO_NAMES, Names, by_prefix
from tagdock_cloud.epcis.places import Place, place_of
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database, Transaction

_SQL = load_queries("tagdock_cloud.epcis")


async def names_of_places(db: Database | Transaction, uris: Sequence[str]) -> Names:
    """Return what is known of these names."""
    if not uris:
        return NO_NAMES
    prefixes = _prefixes(await db.all(_SQL["prefixes"]))
    return _names(await db.all(_SQL["named"], _asked(uris, prefixes)), prefixes)


def names_known(connection: Connection[DictRow], uris: Sequence[str]) -> Names:
    """Return the same to a duty."""
    if not uris:
        return NO_NAMES
    prefixes = _prefixes(connection.execute(_SQL["prefixes"]).fetchall())
    return _names(connection.execute(_SQL["named"], _asked(uris, prefixes)).fetchall(), prefixes)


def _prefixes(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(row["prefix"], row["site"]) for row in rows]


def _asked(uris: Sequence[str], prefixes: Sequence[tuple[str, str]]) -> dict[str, Any]:
    ours = [place for uri in uris if (place := place_of(uri) or by_prefix(uri, prefixes))]
    return {
        "uris": [*dict.fromkeys(map(canonical, uris))],
        "sites": [place.site for place in ours],
        "places": [place.place or "" for place in ours],
    }


def _names(rows: Iterable[Mapping[str, Any]], prefixes: Sequence[tuple[str, str]]) -> Names:
    return Names({row["uri"]: Place(row["site"], row["place"] or None) for row in rows}, prefixes)
