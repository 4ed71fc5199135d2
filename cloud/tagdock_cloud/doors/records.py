"""Sites and doors as they cross the wire."""

from datetime import datetime

from pydantic import BaseModel, Field
from tagdock_contract import Direction


class SiteRecord(BaseModel):
    """A site: where a layout was imported, or a gateway reports from."""

    site: str
    name: str
    layout_version: int = Field(description="0: no layout was imported yet.")
    layout_updated_at: datetime | None


class SitePage(BaseModel):
    """All sites."""

    items: list[SiteRecord]


class LastMovement(BaseModel):
    """What passed a door last."""

    observed_at: datetime
    epc: str
    sku: str | None
    direction: Direction
    confidence: float


class DoorRecord(BaseModel):
    """A door with its counts of the present UTC day."""

    site: str
    door: str
    x_m: float | None
    y_m: float | None
    in_today: int
    out_today: int
    uncertain_today: int
    last_movement: LastMovement | None = Field(description="Within the last 24 hours.")


class DoorPage(BaseModel):
    """All doors of a site."""

    items: list[DoorRecord]
