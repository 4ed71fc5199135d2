"""Capture jobs and their errors, as a request or a worker meets them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

BUDGET_S: Final = 3.0
"""After this time the next job waits for the next run."""
MOST_ERRORS: Final = 100

_SQL = load_queries("tagdock_cloud.epcis")


def problem_of(path: str, reason: str) -> dict[str, Any]:
    """Return the error of an event that is unsound."""
    return {
        "type": "epcisException:ValidationException", "title": "Bad Request", "status": 400,
        "detail": f"{path}: {reason}"[:1000],
    }  # fmt: skip


def known_errors(rows: Sequence[Mapping[str, Any]], known: Sequence[int]) -> list[dict[str, Any]]:
    """Return the errors of events that are known already."""
    ids = {row["place"]: row["event_id"] for row in rows}
    return [
        {
            "type": "epcisException:ResourceAlreadyExistsException", "title": "Conflict", "status": 409,
            "detail": f"event {place}: {ids[place]} is known already"[:1000],
        }
        for place in known[:MOST_ERRORS]
    ]  # fmt: skip


def run_jobs(connection: Connection[DictRow]) -> None:
    """Store what waits, the oldest job first, all in the worker's transaction: a killed worker has done nothing."""
    until = time.monotonic() + BUDGET_S
    while (job := connection.execute(_SQL["next_job"]).fetchone()) is not None:
        values = {"events": to_json(job["waiting"]).decode(), "all_or_none": job["behaviour"] == "rollback"}
        row = connection.execute(_SQL["capture"], values).fetchone()
        errors = job["errors"] + known_errors(job["waiting"], (row or {})["known"])
        ended = {"job_id": job["job_id"], "success": not errors, "errors": to_json(errors).decode()}
        connection.execute(_SQL["end_job"], ended)
        if time.monotonic() > until:
            return
