"""Door sessions as they cross the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tagdock_cloud.orders.records import Kind, OrderId
from tagdock_cloud.web.names import Instant, Place, Site

SessionState = Literal["open", "closed", "reopened"]
Verdict = Literal["expected", "unexpected", "wrong_door"]


class SessionRequest(BaseModel):
    """Which truck stands where."""

    model_config = ConfigDict(extra="forbid")

    site: Site
    door: Place
    kind: Kind = Field(description="outbound: for an order. inbound: for an advance notice.")
    order: OrderId
    opened_at: Instant | None = Field(None, description="What passes from then on counts; left out: now.")
    idle_after_s: Annotated[int, Field(ge=60, le=86_400, description="Closes by itself after so long a silence.")] = 900


class SessionEnd(BaseModel):
    """When a session ended."""

    model_config = ConfigDict(extra="forbid")

    until_at: Instant | None = Field(None, description="What passed before that counts; left out: now.")


class SessionLine(BaseModel):
    """A line of the order: expected, seen here, seen by earlier sessions of the order. Units; an EPC counts as one."""

    line: int
    epc: str | None
    sku: str | None
    expected: int
    seen: int
    seen_earlier: int
    missing: int


class SessionGood(BaseModel):
    """An item that passed, and what to make of it."""

    epc: str
    sku: str | None
    quantity: int
    verdict: Verdict = Field(
        description="wrong_door: expected at another door, or expected here and passed another. "
        "unexpected: nobody asked for it, or for fewer."
    )
    door: str = Field(description="Where it passed.")
    observed_at: datetime
    event_id: UUID
    expected_door: str | None = Field(description="Where it should have passed, as far as anybody asked for it.")
    expected_by: str | None = Field(description="The order or notice that asks for it.")


class SessionSummary(BaseModel):
    """A session in one line."""

    site: str
    session_id: UUID
    kind: Kind
    order_id: str
    partner: str
    door: str
    state: SessionState = Field(description="reopened: closed, and something late was seen since.")
    opened_at: datetime
    opened_by: str = Field(description="Who opened it; `rule`: goods that were expected passed.")
    until_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None = Field(description="Who closed it; `idle`: nothing passed any more.")
    due_at: datetime | None
    lines_missing: int
    units_expected: int
    units_missing: int
    items_seen: int
    items_unexpected: int
    items_wrong_door: int


class SessionListed(SessionSummary):
    """A session in a list."""

    lines: int


class SessionRecord(SessionSummary):
    """A session whole."""

    line_count: int
    lines: list[SessionLine]
    goods: list[SessionGood] = Field(description="What was not expected first; at most 5,000.")


class SessionPage(BaseModel):
    """A page of sessions, newest first."""

    items: list[SessionListed]
