"""What is due around the queue of deliveries: give up, forget."""

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.webhooks.pace import GIVEN_UP_AFTER_S
from tagdock_cloud.work.duty import Duty

_SQL = load_queries("tagdock_cloud.webhooks")


def _tidy(connection: Connection[DictRow]) -> None:
    connection.execute(_SQL["give_up"], {"given_up_after_s": GIVEN_UP_AFTER_S})
    connection.execute(_SQL["forget_old"])
    connection.execute(_SQL["forget_many"])


DUTIES: tuple[Duty, ...] = (Duty("webhooks.tidy", 60.0, _tidy),)
