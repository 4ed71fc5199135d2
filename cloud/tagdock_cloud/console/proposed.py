"""What was asked of the solver last, with its answer where there is one."""

from typing import Any

from tagdock_cloud.console.frame import Frame
from tagdock_cloud.shipping.questions import Questions
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.shipping", "questions.sql")
_FIRST = {"before_at": None, "before_id": None, "rows": 1}


async def newest_question(frame: Frame, kind: str, questions: Questions) -> dict[str, Any] | None:
    """Return the question of a kind that was asked last about the caller's sites; None where there is none."""
    rows = await frame.db.all(_SQL["page"], {"kind": kind, "listed": frame.caller.listed, **_FIRST})
    return await questions.find(frame.db, frame.caller, rows[0]["question_id"]) if rows else None
