"""Lives as they cross the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tagdock_cloud.life.policy import LifeRole
from tagdock_cloud.life.records import Condition, Grade, Way
from tagdock_cloud.web.names import Label, Text

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Presence = Literal["seen", "overdue", "missing"]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
Case = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Photo = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,400}$")]
"""Where a picture lies: a URL, or a name in whatever keeps them."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StepBody(_Written):
    """A transition that somebody takes an item through, with what they found."""

    transition: Word = Field(examples=["inspect"])
    grade: Annotated[Grade | None, Field(description="A sealed, B opened and conformant, C faulty.")] = None
    sealed: bool | None = None
    defects: Annotated[list[Code], Field(max_length=20)] = []
    package: Annotated[Label | None, Field(description="What the package is like.", examples=["crushed corner"])] = None
    photo: Annotated[Photo | None, Field(description="Where a picture lies.")] = None
    reason: Text | None = None
    case: Annotated[Case | None, Field(description="The return or work order that it belongs to.")] = None
    state: Annotated[Word | None, Field(description="Where the item has to be; 409 where it is elsewhere by now.")] = (
        None
    )

    def findings(self) -> dict[str, Any]:
        """Return what was found, as the record keeps it."""
        found = self.model_dump(include={"grade", "sealed", "defects", "package", "photo"}, exclude_none=True)
        return {name: value for name, value in found.items() if value != []}


class SettlementBody(_Written):
    """What somebody says of a contradiction: the record is right, or the passage is."""

    stands: Literal["record", "passage"]
    reason: Annotated[Text, Field(min_length=1)]


class PresenceBody(_Written):
    """Whether an item is where it should be."""

    presence: Literal["seen", "missing"]
    reason: Text = ""


class LifeRecord(BaseModel):
    """Where an item stands: what is done with it, what it is like, where it is, whether it is there."""

    epc: str
    sku: str | None
    site: str
    state: str = Field(examples=["in_repair"])
    condition: Condition
    grade: Grade | None = Field(description="Of the last inspection since it last came back.")
    disposition: str = Field(description="Of CBV 2.0, as the state's.")
    is_sellable: bool
    door: str | None
    bin: str | None
    presence: Presence
    since: datetime
    contradictions: int = Field(description="Passages that contradict it, and that nobody has settled.")
    work_orders_open: int


class LifePage(BaseModel):
    """Lives by EPC."""

    items: list[LifeRecord]


class StepRecord(BaseModel):
    """A row of the record of a life."""

    step_id: UUID
    site: str
    at: datetime
    recorded_at: datetime
    kind: Literal["begun", "taken", "arrived", "contradicted", "settled", "withdrawn", "missing", "found"]
    transition: str | None
    to_state: str
    disposition: str
    is_sellable: bool
    actor: str
    findings: dict[str, Any]
    reason: str
    case_ref: str | None
    event_id: UUID | None = Field(description="The passage that caused it.")
    door: str | None
    way: Way | None
    closes: UUID | None
    policy_id: int


class NextStep(BaseModel):
    """A transition that starts from where an item is, and whether the caller may take it now."""

    transition: str
    to: str
    by: list[LifeRole]
    needs: list[str]
    is_open: bool = Field(description="To the caller, now, with what it needs told.")
    why_not: str | None


class TaskLine(BaseModel):
    """What is to do with an item."""

    task_id: UUID
    kind: str
    role: str
    why: str
    opened_at: datetime
    due_at: datetime | None
    assignee: str | None


class WholeLife(BaseModel):
    """An item's life whole. `life` null: it has none yet, and is what doors and bins tell of it."""

    epc: str
    life: LifeRecord | None
    steps: list[StepRecord]
    next: list[NextStep]
    tasks: list[TaskLine]
