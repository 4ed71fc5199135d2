"""Recordings: reads and input changes as JSON Lines, plain or gzipped, one record a line."""

from typing import Annotated

from msgspec import Meta, Struct

from tagdock_contract.events import EpcHex, Instant, Place


class TagRead(Struct, frozen=True, omit_defaults=True):
    """One tag report of a reader. EPC as hex; RSSI in dBm; phase in degrees 0..360; Doppler in Hz; time aware UTC."""

    at: Instant
    reader: Place
    antenna: Annotated[int, Meta(ge=0, le=65535)]
    epc: EpcHex
    rssi_dbm: Annotated[float, Meta(ge=-200.0, le=50.0)]
    phase_deg: Annotated[float, Meta(ge=-360.0, le=360.0)] | None = None
    doppler_hz: float | None = None
    channel: Annotated[int, Meta(ge=0, le=65535)] | None = None
    count: Annotated[int, Meta(ge=1, le=2**32)] = 1


class InputChange(Struct, frozen=True):
    """A general-purpose input (a photo-eye) of a reader changed; `state` true means broken beam or high level."""

    at: Instant
    reader: Place
    gpi: Annotated[int, Meta(ge=0, le=65535)]
    state: bool


Record = TagRead | InputChange
