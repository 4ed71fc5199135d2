"""What a stream tells of door sessions."""

from typing import Final

from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.topic import Topic

_SQL = load_queries("tagdock_cloud.sessions")
SESSIONS: Final = Topic(
    event="session",
    path="sessions",
    about="""Stream what becomes of door sessions: events `session`, `beat`, `gap`.

    A `session` has `change` (`opened`, `changed`, `closed`) and the session as it is now, as a list shows it; several
    changes between two looks are told as one. `Last-Event-ID` resumes as with movements.
    """,
    at="changed_at",
    key="change_id",
    lately=_SQL["changed"],
    of_site=_SQL["changed_at"],
    poll_s=0.5,  # each look counts the lines of what changed; a truck is watched by people
)
