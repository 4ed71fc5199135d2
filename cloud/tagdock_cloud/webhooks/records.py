"""Webhooks and deliveries as they cross the wire. What is secret comes in and is never shown again."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tagdock_cloud.web.names import Label, Site

MOST_WEBHOOKS = 200
MOST_SITES = 1000

Topic = Literal[
    "alert", "session.differences", "passage.uncertain", "move", "task", "replenishment", "count", "return",
    "repair", "request", "report", "test",
]  # fmt: skip
"""What one can listen to: alerts, what a door session missed or did not expect, passages that need a person, moves of a
plan that were done, called off or flagged, tasks of people that are due soon, overdue, done or called off, what becomes
of returns (refunds and exchanges, too), work orders and service requests, and reports that name the webhook. `test` is
what the test route sends, whatever a webhook listens to."""
Severity = Literal["info", "warning", "critical"]
State = Literal["waiting", "done", "dead"]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Topics = Annotated[list[Topic], Field(min_length=1, max_length=10)]
Sites = Annotated[list[Site], Field(min_length=1, max_length=MOST_SITES)]


class WebhookBody(BaseModel):
    """Where news is to be sent, and what news."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Label = Field(examples=["ERP"])
    url: Url = Field(
        description="https://host/path; or a mail: mailtos://user:password@host?from=a@b.example&to=c@d.example; "
        "or an MQTT message: mqtts://user:password@host/topic.",
        examples=["https://erp.example/tagdock"],
    )
    topics: Topics
    sites: Sites | None = Field(None, description="Only what is of these sites; null: of all.")
    severity: Severity = Field("info", description="Of alerts, only those that are at least so severe.")
    is_active: bool = True


class WebhookChange(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Label | None = None
    url: Url | None = None
    topics: Topics | None = None
    sites: Sites | None = None
    severity: Severity | None = None
    is_active: bool | None = None


class WebhookRecord(BaseModel):
    """A webhook, its URL without user, path and settings, as these may be secret."""

    webhook_id: UUID
    name: str
    url: str
    topics: list[str]
    sites: list[str] | None
    severity: Severity
    is_active: bool
    failures: int = Field(description="Attempts in a row that failed.")
    waiting: int = Field(description="Messages that wait for it.")
    dead: int = Field(description="Messages that were given up.")
    created_at: datetime
    created_by: str
    updated_at: datetime


class WebhookSecret(WebhookRecord):
    """A new webhook, with the secret that is shown only now; null where none is needed, or the answer is repeated."""

    secret: str | None


class WebhookPage(BaseModel):
    """A page of webhooks by name."""

    items: list[WebhookRecord]


class DeliveryRecord(BaseModel):
    """One message for one webhook."""

    delivery_id: UUID
    topic: str
    site: str | None
    body: Any
    queued_at: datetime
    state: State
    attempts: int
    next_at: datetime | None = Field(description="When it is sent again; null when it is not.")
    ended_at: datetime | None
    status: int | None = Field(description="Of the last answer.")
    error: str | None = Field(description="What went wrong last.")


class DeliveryPage(BaseModel):
    """A page of deliveries, newest first."""

    items: list[DeliveryRecord]
