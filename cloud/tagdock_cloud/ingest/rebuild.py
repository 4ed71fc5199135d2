"""Work out the projections anew from the record and its corrections: items, flows, sessions. Ingest waits meanwhile."""

from collections.abc import Callable

from tagdock_cloud.inventory.epc import gtin14
from tagdock_cloud.store.pool import Connection, DictRow, connect, translated
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.ingest", "rebuild.sql")
CHUNK_ITEMS = 10_000
_COUNTED_ANEW = (
    *("lock_stock", "forget_differences", "forget_stock", "stock"),
    *("forget_flows", "flows", "hours", "forget_goods", "goods", "ahead", "forget_weeks", "due_outlooks"),
)
_STATEMENT_TIMEOUT_S = 3600.0


def rebuild(database: str, progress: Callable[[int], None]) -> int:
    """Rebuild in one transaction and return how many items there are; `progress` hears how many are done.

    Raises DatabaseUnavailableError, StoreError; then everything is as it was.
    """
    connection = connect(database, name="tagdock-cloud rebuild", statement_timeout_s=_STATEMENT_TIMEOUT_S)
    with translated(), connection:
        connection.execute(_SQL["lock"])
        connection.execute(_SQL["lock_sessions"])
        _list_missing(connection)
        connection.execute(_SQL["forget"])
        items = _project_all(connection, progress)
        for query in _COUNTED_ANEW:
            connection.execute(_SQL[query])
    return items


def _list_missing(connection: Connection[DictRow]) -> None:
    missing = connection.execute(_SQL["missing"]).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(_SQL["appear"], [{"epc": row["epc"], "gtin": gtin14(row["epc"])} for row in missing])


def _project_all(connection: Connection[DictRow], progress: Callable[[int], None]) -> int:
    done, after = 0, ""
    while True:
        rows = connection.execute(_SQL["next"], {"after": after, "limit": CHUNK_ITEMS}).fetchall()
        if not rows:
            return done
        epcs = [row["epc"] for row in rows]
        connection.execute(_SQL["project"], {"epcs": epcs})
        done, after = done + len(epcs), epcs[-1]
        progress(done)
