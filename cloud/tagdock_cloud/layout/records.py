"""A layout as it crosses the wire: doors, bins, aisles and matrices exactly as in a slotting problem."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tagdock_cloud.web.names import Amount, Distance, Label, Metres, Place, Sku, Text

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
