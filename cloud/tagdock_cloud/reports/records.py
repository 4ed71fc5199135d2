"""Reports and their results as they cross the wire."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagdock_cloud.reports.kpis import KpiName, Unit
from tagdock_cloud.reports.periods import Period
from tagdock_cloud.shipping.records import Clock, Zone
from tagdock_cloud.web.names import Label, Site, first_double

MOST_REPORTS = 200
MOST_WAITING = 20
"""Results of one report that wait to be worked out."""

Language = Literal["en", "zh"]
Format = Literal["csv", "pdf"]
State = Literal["waiting", "done", "failed"]
Level = Literal["all", "site", "word", "person"]


class ReportBody(BaseModel):
    """What is to be told, of where, how often, in which language, and to whom."""

    model_config = ConfigDict(extra="forbid")

    name: Label = Field(examples=["Sites, month by month"])
    kpis: Annotated[list[KpiName], Field(min_length=1, max_length=6)]
    sites: Annotated[list[Site], Field(min_length=1, max_length=200)] | None = Field(None, description="Null: all.")
    by_person: bool = Field(False, description="Also by person: shown to managers, and to each person their own.")
    period: Period
    time_zone: Zone = Field("UTC", description="Of the period's borders and of runs_at.", examples=["Europe/Berlin"])
    runs_at: Clock = Field(time(6), description="On the day after the period.")
    language: Language = "en"
    formats: Annotated[list[Format], Field(max_length=2)] = Field(["csv", "pdf"], description="What a mail brings.")
    send_to: Annotated[list[UUID], Field(max_length=20)] = Field(
        [], description="Webhooks that listen to the topic `report`: a mail brings the files, others the figures."
    )
    is_active: bool = True

    @model_validator(mode="after")
    def _check(self) -> Self:
        for field in ("kpis", "sites", "formats", "send_to"):
            double = first_double(getattr(self, field) or ())
            if double is not None:
                raise ValueError(f"{field}: {double} stands twice; name it once")
        return self


class ReportRecord(BaseModel):
    """A report."""

    report_id: UUID
    name: str
    kpis: list[KpiName]
    sites: list[str] | None
    by_person: bool
    period: Period
    time_zone: str
    runs_at: str = Field(description="HH:MM:SS, in time_zone.")
    language: Language
    formats: list[Format]
    send_to: list[UUID]
    is_active: bool
    next_at: datetime = Field(description="When it is worked out next; of one that is not active: would be.")
    created_at: datetime
    created_by: str
    updated_at: datetime


class ReportPage(BaseModel):
    """Reports by name."""

    items: list[ReportRecord]


class AskBody(BaseModel):
    """Which period is to be worked out now."""

    model_config = ConfigDict(extra="forbid")

    day: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))] | None = Field(
        None, description="A day of the period; null: the last one that is over."
    )
    is_sent: bool = Field(False, description="Whether it goes to those whom the report names.")


class Row(BaseModel):
    """One figure: of all, a site, a reason or state, or a person. What is null, nothing was there to tell it from."""

    kpi: KpiName
    unit: Unit
    level: Level
    site: str | None
    person: str | None
    word: str | None = Field(description="A reason of returns, a state of items, or what became of orders.")
    value: float | None = Field(description="A share in 0..1, or the median in seconds.")
    part: int | None
    whole: int = Field(description="How many it is told from.")
    nine_of_ten: float | None = Field(description="Of a time: what nine of ten keep, in seconds.")
    former_value: float | None
    former_part: int | None
    former_whole: int


class Figures(BaseModel):
    """The figures of a result."""

    rows: list[Row]
    left_out: int = Field(description="Rows of persons beyond the bound.")


class ResultHead(BaseModel):
    """A period that was asked for, and what became of it."""

    result_id: UUID
    report_id: UUID
    sites: list[str] | None
    since: datetime
    until: datetime = Field(description="The first instant after the period.")
    former_since: datetime = Field(description="Where the period before begins, which it is compared with.")
    is_scheduled: bool
    is_sent: bool
    asked: Any = Field(description="The report as it was then.")
    asked_at: datetime
    asked_by: str
    state: State
    attempts: int
    ended_at: datetime | None
    error: str | None


class ResultRecord(ResultHead):
    """A result with its figures."""

    figures: Figures | None


class ResultPage(BaseModel):
    """Results, the newest first."""

    items: list[ResultHead]
