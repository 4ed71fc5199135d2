"""Service requests as they cross the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tagdock_cloud.tasks.records import Case, OrderId, Priority, Reason
from tagdock_cloud.web.names import EpcText, Instant, Site, Text

Kind = Literal["complaint", "enquiry"]
Channel = Literal["phone", "mail", "chat", "web", "shop", "marketplace", "letter"]
State = Literal["open", "closed"]
Liability = Literal["customer", "carrier", "product", "warehouse", "nobody"]
Class = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Customer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""What another system calls somebody. No names, addresses or numbers that people are reached by: there is no @ or + or
space in it."""
Score = Annotated[int, Field(ge=1, le=5)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RequestBody(_Written):
    """Somebody complains, or asks."""

    site: Site
    kind: Kind
    channel: Channel
    class_: Class = Field(alias="class", description="The house's word for what it is about.", examples=["damaged"])
    customer: Customer | None = Field(None, description="What your system calls them; nothing that names a person.")
    order: OrderId | None = None
    epc: EpcText | None = None
    case: Case | None = None
    text: Annotated[Text, Field(min_length=1)]
    priority: Priority = 3
    due_at: Instant | None = Field(None, description="Left out: a week.")


class CloseBody(_Written):
    """What came of it, and whose fault it was."""

    resolution: Reason
    liability: Liability | None = None


class ReopenBody(_Written):
    """Why it is not over. A score that was given goes."""

    reason: Reason
    due_at: Instant | None = None


class FeedbackBody(_Written):
    """How content somebody is with the answer: 1 not at all, 5 entirely."""

    score: Score
    note: Text = ""


class RequestLine(BaseModel):
    """A service request as a list shows it."""

    request_id: UUID
    task_id: UUID
    site: str
    kind: Kind
    channel: Channel
    class_: str = Field(alias="class")
    customer: str | None
    order: str | None
    epc: str | None
    case: str | None
    text: str
    state: State
    priority: int
    owner: str | None = Field(description="Who has its task; null: nobody yet.")
    due_at: datetime | None
    is_overdue: bool
    resolution: str | None
    liability: Liability | None
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str | None
    score: int | None
    score_note: str
    scored_at: datetime | None


class RequestRecord(RequestLine):
    """A service request with the reference by which whoever asked may score it."""

    reference: str


class RequestPage(BaseModel):
    """Service requests, the oldest first."""

    items: list[RequestLine]


class Scored(BaseModel):
    """The score that stands."""

    score: int
    scored_at: datetime
