"""What becomes of sessions by themselves: goods open them, silence closes them, and their end is told."""

from tagdock_cloud.corrections.tail import follow
from tagdock_cloud.sessions.rules import begin_by_rule
from tagdock_cloud.store.pool import Connection, DictRow, Jsonb
from tagdock_cloud.store.queries import load_queries

MOST_TOLD = 200
"""Items that a message to a webhook names; the interface has them all."""

_SQL = load_queries("tagdock_cloud.sessions", "due.sql")
_ONE = load_queries("tagdock_cloud.sessions")["one"]


def follow_goods(connection: Connection[DictRow]) -> None:
    """Tell, open, close. What somebody else holds is left for the next time: who never waits, never waits crosswise."""
    for session in connection.execute(_SQL["ended"]).fetchall():
        _tell(connection, session)
    sites = [row["site"] for row in connection.execute(_SQL["sites"]).fetchall()]
    for after, upto in follow(connection, "sessions", sites):
        values = {"sites": sites, "after": after, "upto": upto}
        for newcomer in connection.execute(_SQL["newcomers"], values).fetchall():
            _open(connection, newcomer)
    connection.execute(_SQL["idle"])
    _look_again(connection)
    connection.execute(_SQL["settle_down"])


def _open(connection: Connection[DictRow], newcomer: DictRow) -> None:
    opened_at = begin_by_rule(newcomer["seen_at"], newcomer["last_until_at"])
    if opened_at is None:
        return
    session = connection.execute(_SQL["open"], {**newcomer, "opened_at": opened_at}).fetchone()
    if session is not None:
        connection.execute(_SQL["project"], session)


def _look_again(connection: Connection[DictRow]) -> None:
    """Work sessions out once more when every transaction has ended that began before they could be seen.

    A transaction that stores a movement looks for sessions when it stores it. One that was open when a session was
    opened, moved or closed saw it as it was before, and the session may not have seen its movement.
    """
    sessions = connection.execute(_SQL["seen_by_all"]).fetchall()
    for session in sessions:
        connection.execute(_SQL["project"], session)
    if sessions:
        keys = {"sites": [one["site"] for one in sessions], "session_ids": [one["session_id"] for one in sessions]}
        connection.execute(_SQL["unwatch"], keys)
    connection.execute(_SQL["watch"])


def _tell(connection: Connection[DictRow], session: DictRow) -> None:
    """Note whether the order is complete, and tell webhooks of a session that ended with differences."""
    connection.execute(_SQL["complete"], session)
    whole = connection.execute(_ONE, {**session, "goods": MOST_TOLD}).fetchone()
    if whole and (whole["lines_missing"] or whole["items_unexpected"] or whole["items_wrong_door"]):
        whole["lines"] = [line for line in whole["lines"] if line["missing"]][:MOST_TOLD]
        whole["goods"] = [good for good in whole["goods"] if good["verdict"] != "expected"]
        connection.execute(_SQL["tell"], {"site": session["site"], "body": Jsonb(whole)})
    connection.execute(_SQL["told"], session)
