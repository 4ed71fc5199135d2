"""A day of deliveries as frozen records, and the runs that serve it. Key by key the JSON."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from tagdock_slotting.problem import Id, NotNegative, Positive, Record
from tagdock_slotting.sites.records import Latitude, Longitude, Moment


class Place(Record, frozen=True):
    """A point on the earth, or on a plane in metres where all points are given so."""

    lat_deg: Latitude | None = None
    lon_deg: Longitude | None = None
    x_m: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None
    y_m: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None


class Stop(Record, frozen=True):
    """Somebody who gets something: what it takes on the vehicle, when they are there, how long it lasts."""

    id: Id
    place: Place
    mass_kg: NotNegative = 0.0
    volume_m3: NotNegative = 0.0
    ready_at: Moment | None = None
    due_at: Moment | None = None
    service_min: NotNegative = 0.0


class Vehicle(Record, frozen=True):
    """Vehicles of one kind: how many, what each carries, when each is out; None is not limited."""

    id: Id
    count: Annotated[int, Meta(ge=1, le=10_000)] = 1
    mass_kg: NotNegative | None = None
    volume_m3: NotNegative | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class Roads(Record, frozen=True):
    """How straight lines become ways: `detour` times as long, at `speed_km_h`. Given matrices win.

    `km` and `minutes` have a row and a column for the depot and then for each stop, in the order of the day.
    """

    detour: Annotated[float, Meta(ge=1, le=10)] = 1.3
    speed_km_h: Positive = 40.0
    km: tuple[tuple[NotNegative, ...], ...] | None = None
    minutes: tuple[tuple[NotNegative, ...], ...] | None = None


class Day(Record, frozen=True, kw_only=True):
    """One day's deliveries from one depot."""

    v: Literal[1] = 1
    depot: Place
    starts_at: Moment
    stops: Annotated[tuple[Stop, ...], Meta(max_length=2000)]
    vehicles: Annotated[tuple[Vehicle, ...], Meta(min_length=1, max_length=200)]
    roads: Roads = Roads()


class Visit(Record, frozen=True):
    """A stop on a run: when the vehicle is there, when service begins and ends."""

    stop: Id
    arrives_at: datetime
    begins_at: datetime
    leaves_at: datetime


class Run(Record, frozen=True):
    """One vehicle's way from the depot through its stops and back."""

    vehicle: Id
    leaves_at: datetime
    returns_at: datetime
    km: float
    visits: tuple[Visit, ...]


class Runs(Record, frozen=True, kw_only=True):
    """The day's runs. `left_out` are stops that no run can serve; `nearest_km` is what going to the nearest costs."""

    v: Literal[1] = 1
    runs: tuple[Run, ...]
    left_out: tuple[Id, ...]
    km: float
    nearest_km: float
    nearest_left_out: int
    seconds: float = 0.0
