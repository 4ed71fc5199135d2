"""A layout as it crosses the wire: doors, bins, aisles and matrices exactly as in a slotting problem."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagdock_cloud.web.names import Amount, Distance, Label, Metres, Place, Sku, Text, first_double

MOST_BINS = 20_000
MOST_DOORS = 500
MOST_CELLS = 1_000_000
"""Numbers in one distance matrix."""


class Door(BaseModel):
    """A door's place: coordinates, or the end of an aisle."""

    model_config = ConfigDict(extra="forbid")

    id: Place
    x_m: Metres | None = None
    y_m: Metres | None = None
    aisle: Annotated[int, Field(ge=0, le=10_000)] | None = None
    end: Literal["front", "back"] | None = None
    gap_m: Distance | None = None


class Bin(BaseModel):
    """A storage location, what fits in it, and the SKUs stored there now."""

    model_config = ConfigDict(extra="forbid")

    id: Place
    x_m: Metres | None = None
    y_m: Metres | None = None
    z_m: Metres | None = None
    aisle: Annotated[int, Field(ge=0, le=10_000)] | None = None
    cell: Annotated[int, Field(ge=0, le=100_000)] | None = None
    zone: Label | None = None
    volume_m3: Amount | None = None
    mass_kg: Amount | None = None
    items_at_most: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    skus: Annotated[list[Sku], Field(max_length=1000)] = []


class CrossAisle(BaseModel):
    """A middle cross-aisle after a cell."""

    model_config = ConfigDict(extra="forbid")

    after_cell: Annotated[int, Field(ge=0, le=100_000)]
    width_m: Distance


class Aisles(BaseModel):
    """Parallel aisles, numbered from 0; cells are counted from the front."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=10_000)]
    pitch_m: Distance
    cells: Annotated[int, Field(ge=1, le=100_000)]
    cell_m: Distance
    front_gap_m: Distance = 0.0
    back_gap_m: Distance = 0.0
    cross_aisles: Annotated[list[CrossAisle], Field(max_length=100)] = []


class BinDoorMatrix(BaseModel):
    """Metres from each bin (row) to each door (column)."""

    model_config = ConfigDict(extra="forbid")

    bins: Annotated[list[Place], Field(max_length=MOST_BINS)]
    doors: Annotated[list[Place], Field(max_length=MOST_DOORS)]
    rows: list[list[Distance]]


class BinBinMatrix(BaseModel):
    """Metres from each bin (row) to each bin (column)."""

    model_config = ConfigDict(extra="forbid")

    bins: Annotated[list[Place], Field(max_length=1000)]
    rows: list[list[Distance]]


class Layout(BaseModel):
    """The whole floor of a site."""

    model_config = ConfigDict(extra="forbid")

    v: Literal[1] = 1
    name: Text = ""
    aisles: Aisles | None = None
    doors: Annotated[list[Door], Field(max_length=MOST_DOORS)]
    bins: Annotated[list[Bin], Field(max_length=MOST_BINS)]
    bin_door_m: BinDoorMatrix | None = None
    bin_bin_m: BinBinMatrix | None = None


ZoneKind = Literal["storage", "picking", "staging", "returns", "quarantine"]
Celsius = Annotated[float, Field(ge=-273.15, le=1000, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class SiteBody(BaseModel):
    """What people call a site."""

    model_config = ConfigDict(extra="forbid")

    name: Text


class SiteRecord(BaseModel):
    """A site: laid down by hand, by a layout, or by its first gateway."""

    site: str
    name: str
    layout_version: int = Field(description="Counts changes of the floor; 0: there is no layout yet.")
    layout_updated_at: datetime | None


class ZoneBody(BaseModel):
    """What a zone is for, and what the goods in it bear. Limits that are left out are not watched."""

    model_config = ConfigDict(extra="forbid")

    kind: ZoneKind = "storage"
    description: Text = ""
    temperature_c_min: Celsius | None = None
    temperature_c_max: Celsius | None = None
    humidity_pct_min: Percent | None = None
    humidity_pct_max: Percent | None = None

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        for name in ("temperature_c", "humidity_pct"):
            least, most = getattr(self, f"{name}_min"), getattr(self, f"{name}_max")
            if least is not None and most is not None and least > most:
                raise ValueError(f"{name}_min must not lie above {name}_max")
        return self


class ZoneRecord(ZoneBody):
    """A zone; `bins` counts the bins that lie in it."""

    model_config = ConfigDict(extra="ignore")

    site: str
    zone: str
    bins: int


class ZonePage(BaseModel):
    """All zones of a site."""

    items: list[ZoneRecord]


class BinChange(BaseModel):
    """What may be changed of one bin; what is left out stays. Where it lies is the layout's to say."""

    model_config = ConfigDict(extra="forbid")

    zone: Label | None = None
    volume_m3: Amount | None = None
    mass_kg: Amount | None = None
    items_at_most: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    skus: Annotated[list[Sku], Field(max_length=1000)] = []

    @model_validator(mode="after")
    def _check_doubles(self) -> Self:
        if (sku := first_double(self.skus)) is not None:
            raise ValueError(f"skus: {sku!r} stands twice")
        return self


class BinRecord(BaseModel):
    """A bin of the present layout."""

    site: str
    bin: str
    zone: str | None
    x_m: float | None
    y_m: float | None
    z_m: float | None
    aisle: int | None
    cell: int | None
    volume_m3: float | None
    mass_kg: float | None
    items_at_most: int | None
    skus: list[str] = Field(description="SKUs that are kept here by the layout and by the moves that were confirmed.")


class BinPage(BaseModel):
    """A page of bins."""

    items: list[BinRecord]
