"""What a stream tells of the tasks of approved plans."""

from typing import Final

from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.topic import Topic

_SQL = load_queries("tagdock_cloud.plans", "stream.sql")
TASKS: Final = Topic(
    event="task",
    path="tasks",
    about="""Stream what becomes of tasks: events `task`, `beat`, `gap`.

    A `task` is a move of an approved plan as it is now, with its `site` and `plan_id`: made, ready, flagged, done or
    called off; several changes between two looks are told as one. `Last-Event-ID` resumes as with movements.
    """,
    at="changed_at",
    key="change_id",
    lately=_SQL["changed"],
    of_site=_SQL["changed_at"],
    poll_s=0.5,
)
