"""What an item went through, and what somebody wants to do with it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Condition = Literal["new", "opened", "faulty", "repaired", "refurbished", "scrap"]
Grade = Literal["A", "B", "C"]
"""A: sealed. B: opened, conformant. C: faulty."""
Way = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one person found."""

    by: str
    grade: Grade
    sealed: bool


@dataclass(frozen=True, slots=True)
class Life:
    """Where an item stands in its life. `inspections` are those since it last came back or was repaired.

    `is_owed` says that it came back, or was worked on, and is not sellable before it was inspected. `scrap_asked_by` is
    who proposed to scrap it.
    """

    state: str
    condition: Condition = "new"
    inspections: tuple[Inspection, ...] = ()
    is_owed: bool = False
    work_orders_open: int = 0
    scrap_asked_by: str | None = None

    @property
    def grade(self) -> Grade | None:
        """The grade that the last inspection gave."""
        return self.inspections[-1].grade if self.inspections else None


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants an item to take a transition. `passage` tells that a door saw it instead."""

    transition: str
    by: str
    roles: frozenset[str]
    at: datetime
    grade: Grade | None = None
    sealed: bool | None = None
    reason: str | None = None
    passage: Way | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a life, as the record keeps it: who, when, under which version of the table, and what it means."""

    wish: Wish
    before: Life
    after: Life
    policy_version: int
    business_step: str
    disposition: str
    task: str | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a passage says against the item's state: for an alert and a task, never for a silent correction."""

    state: str
    way: Way
    text: str


Kind = Literal["begun", "taken", "arrived", "contradicted", "settled", "withdrawn", "missing", "found"]


@dataclass(frozen=True, slots=True)
class Sent:
    """The transfer between sites in whose session a door saw an item leave."""

    transfer: str
    start_site: str
    goal_site: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What doors told of an item, as it counts now. `way` None: it is no passage any more, or none in or out.

    `left_at`: when it had left before it came in; None where it did not leave. `sent`: the transfer by which it left.
    `bin`: where it was seen instead, by no door; it is in, and how it came nobody saw.
    """

    event_id: UUID
    epc: str
    site: str
    at: datetime
    door: str | None
    way: Way | None
    left_at: datetime | None = None
    sent: Sent | None = None
    bin: str | None = None

    @property
    def seen_by(self) -> str:
        """What saw it, as an actor."""
        return f"door:{self.door}" if self.bin is None else f"bin:{self.bin}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the record of an item's life. `closes`: the row that a settlement or a withdrawal ends."""

    step_id: UUID
    site: str
    at: datetime
    kind: Kind
    policy_id: int
    to_state: str
    actor: str
    wish: Wish | None = None
    findings: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    case_ref: str | None = None
    event_id: UUID | None = None
    door: str | None = None
    way: Way | None = None
    closes: UUID | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an item stands by its record. `since`: when it came into its state. `steps`: rows of the record.

    `kept`: what it was when it left the house; as that it arrives where it left by a transfer.
    """

    life: Life
    site: str
    policy_id: int
    since: datetime
    grade: Grade | None = None
    contradictions: int = 0
    missing_since: datetime | None = None
    steps: int = 0
    kept: Life | None = None
