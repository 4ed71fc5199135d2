"""What a stream tells of people's tasks."""

from typing import Final

from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.topic import Topic

_SQL = load_queries("tagdock_cloud.tasks")
FLOOR: Final = Topic(
    event="floor_task",
    path="floor",
    about="""Stream what becomes of people's tasks: events `floor_task`, `beat`, `gap`.

    A `floor_task` is a task as it is now: opened, dealt, begun, reminded of, overdue, done or called off; several
    changes between two looks are told as one. Moves of plans are among them. `Last-Event-ID` resumes as with movements.
    """,
    at="changed_at",
    key="change_id",
    lately=_SQL["changed"],
    of_site=_SQL["changed_at"],
    poll_s=0.5,
)
