"""Work orders as they cross the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tagdock_cloud.tasks.records import Case, Priority
from tagdock_cloud.web.names import EpcText, Instant, Place, Sku, Text

State = Literal["open", "waiting_parts", "testing", "repaired", "irreparable"]
Liability = Literal["customer", "carrier", "product", "warehouse"]
Way = Literal["removed", "installed"]
Fate = Literal["scrap", "supplier", "keep"]
Defect = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
Pieces = Annotated[int, Field(ge=1, le=1000)]
MOST_PARTS = 200
"""Lines of parts of one work order; more is another product than the one that came in."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderBody(_Written):
    """Something is to be repaired. The item has to be where its life lets a repair begin."""

    epc: EpcText
    fault: Annotated[Text, Field(min_length=1)]
    defect: Defect | None = None
    priority: Priority = 3
    case: Case | None = Field(None, description="The return that it belongs to.")
    warranty_until: date | None = None
    liability: Liability | None = None
    due_at: Instant | None = Field(None, description="Left out: a week.")


class PartBody(_Written):
    """A part that went out or in: an item, units of a carton by its EPC, or units of a SKU out of a bin."""

    way: Way
    epc: EpcText | None = None
    sku: Sku | None = None
    bin: Place | None = Field(default=None, description="Where units of a SKU are taken from.")
    quantity: Pieces = 1
    fate: Fate | None = Field(default=None, description="Of what was removed.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.epc is None and self.sku is None:
            raise ValueError("name the part: epc or sku")
        if self.way == "installed" and self.epc is None and self.bin is None:
            raise ValueError("say which bin the units are from, or which item")
        if self.fate is not None and self.way == "installed":
            raise ValueError("only what is removed has a fate")
        return self


class ProgressBody(_Written):
    """Where the work stands. `parts_expected_at`: of what it waits for; the task is due a day later."""

    state: Literal["open", "waiting_parts", "testing"]
    parts_expected_at: Instant | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.parts_expected_at is not None and self.state != "waiting_parts":
            raise ValueError("only what waits for parts expects any")
        return self


class TestBody(_Written):
    """What the test showed."""

    __test__ = False
    passed: bool
    note: Text = ""


class CloseBody(_Written):
    """How it ended. Repaired: after a test that was passed."""

    outcome: Literal["repaired", "irreparable"]
    note: Text = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.outcome == "irreparable" and not self.note:
            raise ValueError("say in note why it cannot be repaired")
        return self


class PartRecord(BaseModel):
    """A part that went out or in."""

    part_id: UUID
    way: Way
    epc: str | None
    sku: str | None
    bin: str | None
    quantity: int
    fate: Fate | None
    at: datetime
    by: str


class OrderLine(BaseModel):
    """A work order as a list shows it."""

    work_order_id: UUID
    task_id: UUID
    site: str
    epc: str
    sku: str | None
    case: str | None
    state: State
    fault: str
    defect: str | None
    priority: int
    technician: str | None = Field(description="Who has its task; null: nobody yet.")
    due_at: datetime | None
    warranty_until: date | None
    is_warranty: bool = Field(description="It came within its warranty, and it is not the customer's fault.")
    liability: Liability | None
    opened_at: datetime
    opened_by: str
    parts_expected_at: datetime | None
    test_passed: bool | None
    test_note: str
    tested_at: datetime | None
    tested_by: str | None
    outcome: str
    closed_at: datetime | None
    closed_by: str | None


class OrderRecord(OrderLine):
    """A work order whole, with the reference for whoever waits for it."""

    reference: str
    parts: list[PartRecord]


class OrderPage(BaseModel):
    """Work orders, the oldest first."""

    items: list[OrderLine]


class Progress(BaseModel):
    """What the holder of a reference is told, and nothing else."""

    state: State
    since: datetime
    parts_expected_at: datetime | None
