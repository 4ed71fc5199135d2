"""What a stream tells of movements."""

from typing import Final

from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.topic import Topic

_SQL = load_queries("tagdock_cloud.inventory")
MOVEMENTS: Final = Topic(
    event="movement",
    path="movements",
    about="""Stream movements as they are committed (without their evidence): events `movement`, `beat`, `gap`.

    A `beat` comes every second while the database answers. `Last-Event-ID` resumes after that movement, up to a day
    later; around a resume one may come twice, its `event_id` tells.
    """,
    at="stored_at",
    key="event_id",
    lately=_SQL["committed"],
    of_site=_SQL["committed_at"],
    poll_s=0.2,
)
