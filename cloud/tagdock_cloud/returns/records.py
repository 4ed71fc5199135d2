"""Returns as they cross the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tagdock_cloud.life.records import Grade
from tagdock_cloud.life.shapes import Case, Photo
from tagdock_cloud.returns.rules import UNANNOUNCED, Liable, Outcome, Payer, ReturnKind, ReturnState
from tagdock_cloud.web.names import EpcText, Instant, Label, Place, Site, Sku, Text

MOST_LINES = 200
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Need = Literal["order", "customer", "bought_at", "photo", "carrier", "tracking", "note"]
ClaimState = Literal["open", "paid", "refused"]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineBody(_Written):
    """What is to come back: an item by its EPC, or goods by their SKU."""

    epc: EpcText | None = None
    sku: Sku | None = None
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.epc is None and self.sku is None:
            raise ValueError("give an epc or a sku")
        return self


class ReturnBody(_Written):
    """An application. `reason` is one of the terms'; what the terms need and is not told declines it."""

    case: Annotated[Case | None, Field(description="Its reference; made up where none is given.")] = None
    site: Site
    kind: ReturnKind
    reason: Reason = Field(examples=["defective"])
    note: Text = ""
    items: Annotated[list[LineBody], Field(min_length=1, max_length=MOST_LINES)]
    order: Case | None = None
    customer: Annotated[Case | None, Field(description="An opaque reference; no name, no address.")] = None
    bought_at: Instant | None = None
    carrier: Label | None = None
    tracking: Label | None = None
    photo: Photo | None = None
    liability: Annotated[Liable | None, Field(description="Left out: as the reason says.")] = None
    freight_payer: Annotated[Payer | None, Field(description="Left out: as the liability says.")] = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.reason == UNANNOUNCED:
            raise ValueError("reason: unannounced is what nobody applied for")
        epcs = [line.epc for line in self.items if line.epc is not None]
        if len(set(epcs)) < len(epcs):
            raise ValueError("items: an epc stands there twice")
        return self


class ReasonBody(_Written):
    """Why, in words for people."""

    reason: Annotated[Text, Field(min_length=1)]


class OutcomeBody(ReasonBody):
    """What becomes of an item."""

    outcome: Outcome


class OrderBody(_Written):
    """The order by which something goes to the customer."""

    order: Case


class FactsBody(_Written):
    """Who is liable, who pays the freight, and how the claim on the carrier stands; what is left out stays."""

    liability: Liable | None = None
    freight_payer: Payer | None = None
    claim_state: ClaimState | None = None
    claim_ref: Label | None = None


class NoteBody(_Written):
    """A note for the archive."""

    note: Text = ""


class ReasonTerms(_Written):
    """Whose fault a reason is."""

    liability: Liable
    own_fault: bool = False


class TermsBody(_Written):
    """Terms, whole."""

    site: Annotated[Site | None, Field(description="Null: the house's, for sites that have none of their own.")] = None
    deadline_days: Annotated[int, Field(ge=0, le=3650)]
    grace_days: Annotated[int, Field(ge=0, le=3650)]
    warranty_days: Annotated[int, Field(ge=0, le=36500)]
    needs: Annotated[list[Need], Field(max_length=7)]
    refuses_own_fault: bool
    reasons: Annotated[dict[Reason, ReasonTerms], Field(min_length=1, max_length=200)]
    holding_zone: Place | None = None


class TermsRecord(TermsBody):
    """Terms as they are kept."""

    updated_at: datetime
    updated_by: str


class TermsPage(BaseModel):
    """The house's terms and those of sites."""

    house: TermsRecord
    sites: list[TermsRecord]


class ReturnRecord(BaseModel):
    """A case."""

    case_ref: str
    site: str
    kind: ReturnKind
    state: ReturnState
    reason: str
    note: str
    order: str | None
    customer: str | None
    bought_at: datetime | None
    carrier: str | None
    tracking: str | None
    photo: str | None
    liability: Liable | None
    freight_payer: Payer | None
    claim_state: ClaimState | None
    claim_ref: str | None
    findings: list[dict[str, str]] = Field(description="What stands against it: rule and text.")
    overruled: list[str]
    reshipped_order: str | None
    refunded_at: datetime | None
    exchanged_at: datetime | None
    applied_at: datetime
    applied_by: str
    received_at: datetime | None
    decided_at: datetime | None
    closed_at: datetime | None


class ReturnPage(BaseModel):
    """Cases, newest first."""

    items: list[ReturnRecord]


class LineRecord(BaseModel):
    """What came back, or is to."""

    line: int
    epc: str | None
    sku: str | None
    quantity: int
    received_at: datetime | None
    state: str | None = Field(description="Of its life.")
    grade: Grade | None
    outcome: Outcome | None
    outcome_at: datetime | None
    outcome_by: str | None
    done_at: datetime | None


class InspectionRecord(BaseModel):
    """What one person found."""

    epc: str
    step_id: UUID
    at: datetime
    actor: str
    findings: dict[str, Any]


class NewsRecord(BaseModel):
    """What became of the case."""

    at: datetime
    event: str
    actor: str
    detail: dict[str, Any]


class WholeReturn(ReturnRecord):
    """A case whole."""

    lines: list[LineRecord]
    inspections: list[InspectionRecord]
    news: list[NewsRecord]


class ReasonCount(BaseModel):
    """How often a reason was given: the most frequent first, with the share of all up to it."""

    reason: str
    cases: int
    share: float
    cumulative_share: float


class Pareto(BaseModel):
    """Reasons by how often they were given, and how many cases there are."""

    cases: int
    items: list[ReasonCount]
