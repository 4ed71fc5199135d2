"""Tasks as they cross the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tagdock_cloud.tasks.kinds import TaskKind, TaskRole
from tagdock_cloud.web.names import EpcText, Instant, Place, Site, Sku, Text

TaskState = Literal["open", "done", "cancelled"]
How = Literal["scan", "said", "read", "step"]
Person = Annotated[str, StringConstraints(pattern=r"^(user|token):[^\x00-\x1f\x7f]{1,100}$")]
Case = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
OrderId = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]
Priority = Annotated[int, Field(ge=1, le=5, description="1: before all others.")]
Units = Annotated[int, Field(ge=0, le=1_000_000)]
Reason = Annotated[Text, Field(min_length=1)]
Scanned = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1c\x1e\x1f\x7f]{1,400}$")]
"""A barcode or EPC as a scanner types it; GS (0x1d) stands between elements."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TaskBody(_Written):
    """Something that somebody has to do."""

    site: Site
    kind: TaskKind
    epc: EpcText | None = None
    sku: Sku | None = None
    quantity: Units | None = None
    bin: Place | None = Field(None, description="Where it is taken up, or counted.")
    to_bin: Place | None = Field(None, description="Where it goes.")
    order: OrderId | None = None
    case: Case | None = None
    why: Text = ""
    priority: Priority = 3
    due_at: Instant | None = Field(None, description="Left out: what is usual for the kind.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "count" and self.bin is None:
            raise ValueError("a count needs the bin")
        if self.kind == "relocate" and self.to_bin is None:
            raise ValueError("a relocation needs to_bin")
        if self.kind == "repair":
            raise ValueError("a repair begins with a work order: POST /api/v1/repairs")
        if self.kind in ("put_away", "inspect") and self.epc is None:
            raise ValueError(f"{self.kind} needs the epc of the item")
        if self.kind in ("pick", "pack", "relocate") and self.epc is None and self.sku is None:
            raise ValueError(f"{self.kind} needs an epc or a sku")
        return self


class GiveBody(_Written):
    """Who is to do it. `assignee` null: whoever is next."""

    assignee: Person | None
    reason: Reason


class ReasonBody(_Written):
    """Why."""

    reason: Reason


class DoneBody(_Written):
    """It is done. With `scanned` it is told from a word: an item, its goods, or the bin, as the task has them."""

    scanned: Scanned | None = None
    bin: Place | None = Field(default=None, description="Of what was put away or relocated: where it lies now.")
    quantity: Units | None = Field(default=None, description="Of a count: units found; of a pick: units taken.")
    note: Text = ""


class DutyBody(_Written):
    """Where somebody works now."""

    site: Site


class TaskRecord(BaseModel):
    """A task, with who has it and why."""

    task_id: UUID
    site: str
    kind: TaskKind
    role: TaskRole
    priority: int
    state: TaskState
    epc: str | None
    sku: str | None
    quantity: int | None
    bin: str | None
    to_bin: str | None
    order: str | None
    case: str | None
    plan_id: UUID | None = Field(description="Of a move of a plan.")
    step: int | None
    why: str
    opened_by: UUID | None = Field(
        description="The step of the item's life that opened it, and whose next one ends it."
    )
    opened_at: datetime
    due_at: datetime | None
    assignee: str | None
    assigned_at: datetime | None
    assigned_by: str | None = Field(description="`tagdock`, who took it up, or who gave it.")
    assigned_why: Any = Field(
        description="Open work of all who could have had it, and who could not, by name to managers alone; or a reason."
    )
    started_at: datetime | None
    reminded_at: datetime | None
    escalated_at: datetime | None
    done_at: datetime | None
    done_by: str | None
    done_how: How | None = Field(description="By scan, by word, by a read, or by a step of the item's life.")
    result: Any
    changed_at: datetime


class TaskPage(BaseModel):
    """Tasks, the oldest first."""

    items: list[TaskRecord]


class DutyRecord(BaseModel):
    """Somebody on duty, with the work that they have."""

    person: str
    name: str
    role: str
    site: str
    since: datetime
    dealt_at: datetime | None
    open_tasks: int


class DutyPage(BaseModel):
    """People on duty, by name."""

    items: list[DutyRecord]


class MyDuty(BaseModel):
    """Whether the caller is on duty."""

    duty: DutyRecord | None
