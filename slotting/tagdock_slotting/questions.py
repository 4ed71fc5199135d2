"""Questions about many sites, answered: each in a process of its own, by the command that answers its kind."""

import logging
from uuid import UUID

from tagdock_slotting.desk import Desk, Question, first_line
from tagdock_slotting.errors import SlottingError
from tagdock_slotting.solver_process import run_apart

KINDS = {"allocation": "allocate", "rebalancing": "balance", "split": "split", "run": "runs"}
"""Kinds of questions, and the command that answers each."""
_SEARCHED = ("allocate", "runs")
"""Those that take a time limit and a seed."""
GRACE_S = 120.0
"""What a question may take beyond its time limit: starting, reading, and what takes as long as it takes."""

log = logging.getLogger("tagdock_slotting")


async def answer_question(desk: Desk, question_id: UUID) -> None:
    """Answer one question and write it, or the reason why there is no answer. Raises psycopg.OperationalError."""
    question = await desk.take(question_id)
    if question is None:
        log.info("question %s: nothing to be done", question_id)
        return
    log.info("question %s: %s", question_id, question.kind)
    try:
        written = await run_apart(_words(question), question.problem, question.time_limit_s + GRACE_S)
    except SlottingError as error:
        log.warning("question %s failed: %s", question_id, first_line(error))
        await desk.fail_question(question_id, str(error))
        return
    await desk.finish_question(question_id, written.decode())
    log.info("question %s: done", question_id)


def _words(question: Question) -> tuple[str, ...]:
    """Return the command's words. Raises SlottingError for a kind that a newer service asks for."""
    command = KINDS.get(question.kind)
    if command is None:
        raise SlottingError(f"this worker cannot answer {question.kind!r}; bring tagdock-slotting up to date")
    if command not in _SEARCHED:
        return command, "-"
    return command, "-", "--time-limit", f"{question.time_limit_s:.3f}s", "--seed", str(question.seed)
