"""Questions about many sites against a real PostgreSQL: the worker that solves plans answers them, too."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from tagdock_slotting.network import COMMANDS
from tagdock_slotting.questions import KINDS
from tagdock_slotting.worker import Pace, work

HASTE = Pace(heartbeat_s=0.3, stalled_after_s=1.5, poll_s=0.2, stop_within_s=1.0)
PAGE = (Path(__file__).parents[2] / "docs/many-sites.md").read_text()
EXAMPLES = dict(re.findall(r"## [\w ]+: `(\w+)`\n\n```json\n(.*?)```", PAGE, re.DOTALL))


def ask(url: str, kind: str, problem: Any, state: str = "asked") -> str:
    """Ask as the API does: question and job in one transaction."""
    question_id = str(uuid4())
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into questions (question_id, kind, problem, time_limit_s, seed, state) "
            "values (%s, %s, %s, 0.2, 1, %s)",
            [question_id, kind, json.dumps(problem), state],
        )
        connection.execute(
            "select procrastinate_defer_jobs_v1(array[row('questions', 'answer_question', 0, null, null, "
            "jsonb_build_object('question_id', %s::text), null)]::procrastinate_job_to_defer_v1[])",
            [question_id],
        )
    return question_id


def test_each_kind_has_a_command_of_its_own() -> None:
    assert sorted(KINDS.values()) == sorted(command.name or "" for command in COMMANDS)
    assert sorted(KINDS) == ["allocation", "rebalancing", "run", "split"]


def test_questions_are_answered_and_what_cannot_be_fails_with_its_reason(database: str) -> None:
    asked = {kind: ask(database, kind, json.loads(EXAMPLES[KINDS[kind]])) for kind in ("split", "run")}
    wrong = ask(database, "split", {"sku": "k", "quantity": 0, "forecasts": []})
    unknown = ask(database, "weather", {})
    called_off = ask(database, "split", json.loads(EXAMPLES["split"]), state="failed")
    asyncio.run(work(database, once=True, pace=HASTE))
    with psycopg.connect(database) as connection:
        rows = connection.execute("select question_id, state, answer, error from questions").fetchall()
        jobs = connection.execute("select distinct status::text from procrastinate_jobs").fetchall()
    found = {str(question_id): (state, answer, error) for question_id, state, answer, error in rows}
    assert {kind: found[question_id][0] for kind, question_id in asked.items()} == {"split": "done", "run": "done"}
    assert [share["site"] for share in found[asked["split"]][1]["shares"]] == ["hz", "sh"]
    assert [run["vehicle"] for run in found[asked["run"]][1]["runs"]] == ["van"]
    assert found[wrong][0] == "failed" and "$.quantity" in found[wrong][2]
    assert found[unknown][0] == "failed" and "up to date" in found[unknown][2]
    assert found[called_off] == ("failed", None, None)
    assert jobs == [("succeeded",)]
