"""What is due: transfers of which something has left and not come."""

from datetime import timedelta
from typing import Final

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.kinds import DUE
from tagdock_cloud.work.duty import Duty

AFTER_SESSION: Final = timedelta(days=1)
"""After the receiving session: what did not come may be on a second lorry."""
ON_THE_ROAD: Final = timedelta(days=7)
"""From when it left, where its papers do not say later: longer than lorries take within a continent."""

_SQL = load_queries("tagdock_cloud.shipping", "transfers.sql")


def ask_overdue(connection: Connection[DictRow]) -> None:
    """Ask managers what became of transfers that are overdue, and end what is answered by their coming."""
    values = {"due": DUE["exception"], "after_session": AFTER_SESSION, "on_the_road": ON_THE_ROAD}
    connection.execute(_SQL["end_overdue"])
    connection.execute(_SQL["ask_overdue"], values)


DUTIES: tuple[Duty, ...] = (Duty("shipping.overdue", 600.0, ask_overdue),)
