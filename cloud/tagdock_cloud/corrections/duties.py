"""What is due: settling between gateways, then asking persons about what is left."""

from tagdock_cloud.corrections.settling import settle_news, tell_uncertain
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.work.duty import Duty


def _settle_and_tell(connection: Connection[DictRow]) -> None:
    settle_news(connection)
    tell_uncertain(connection)


DUTIES: tuple[Duty, ...] = (Duty("corrections.settle", 1.0, _settle_and_tell),)
