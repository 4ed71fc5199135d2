"""Passages to review, decisions and their history as they cross the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from tagdock_contract import Direction

from tagdock_cloud.web.names import Instant, Place, Site, Text

ReviewState = Literal["uncertain", "decided"]
Decided = Literal["in", "out", "pass", "none"]


class DecisionBody(BaseModel):
    """What a person says of a passage. `site` and `observed_at` as the passage lists them: they are its key."""

    model_config = ConfigDict(extra="forbid")

    site: Site
    observed_at: Instant
    direction: Decided = Field(description="pass: it went by. none: it was not there.")
    door: Place | None = Field(None, description="The door it really was at; left out: as reported.")
    comment: Text = ""

    @model_validator(mode="after")
    def _check_door(self) -> Self:
        if self.door is not None and self.direction == "none":
            raise ValueError("door says nothing where the direction is none; leave it out")
        return self


class CorrectionRecord(BaseModel):
    """One correction: by a person (`decided`) or by settling between gateways (`lost`, `withdrawn`)."""

    correction_id: UUID
    kind: Literal["decided", "lost", "withdrawn"]
    direction: Decided | None
    door: str | None
    corrected_at: datetime
    corrected_by: str
    reason: str
    lost_to: UUID | None = Field(description="The movement that stands in its place.")


class PassageRecord(BaseModel):
    """A passage as it was reported, and the correction in effect."""

    site: str
    observed_at: datetime
    event_id: UUID
    epc: str
    sku: str | None
    door: str
    direction: Direction
    confidence: float = Field(ge=0, le=1)
    gateway: str
    evidence: dict[str, Any] = Field(description="Why: reads, antennas, photo-eyes, doors that lost.")
    correction: CorrectionRecord | None


class PassageHistory(PassageRecord):
    """A passage with every correction ever made to it, newest first."""

    history: list[CorrectionRecord]


class SettlementBody(BaseModel):
    """How a site settles between gateways."""

    model_config = ConfigDict(extra="forbid")

    window_s: Annotated[
        float,
        Field(ge=0, le=60, allow_inf_nan=False, description="Reports this close are of one passage; 0: never."),
    ]


class SettlementRecord(SettlementBody):
    """The same, with its site."""

    site: str


class PassagePage(BaseModel):
    """A page of passages, newest first."""

    items: list[PassageRecord]
