"""What a person may do with an item now, as pages offer it and as their forms tell it."""

from typing import Any

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.life.records import Grade
from tagdock_cloud.life.shapes import StepBody
from tagdock_cloud.life.taking import Held, life_of, ways_on


def open_ways(held: Held, caller: Caller) -> list[dict[str, Any]]:
    """Return the steps that somebody may take with an item now, those that grade it first."""
    _, standing = life_of(held)
    ways = ways_on(held.tables[held.tables.in_force(held.site, held.now)], standing.life, caller, held.now)
    return sorted((way for way in ways if way["is_open"]), key=lambda way: "grade" not in way["needs"])


def step_body(
    transition: str, grade: Grade | None, defect: str | None, reason: str | None, package: str | None = None
) -> StepBody:
    """Build a step from what a form tells. What is graded A is sealed, all else was opened."""
    sealed = None if grade is None else grade == "A"
    defects = [defect] if defect else []
    return StepBody(
        transition=transition, grade=grade, sealed=sealed, defects=defects, package=package or None,
        reason=reason or None,
    )  # fmt: skip
