"""The three kinds of event that a gateway reports, as frozen records.

Times are aware and lie in the years 2000 to 2100; identifiers are short and printable; numbers are finite.
`tagdock_contract.codec` checks all of it on the way in.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

Name = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)", description="A site or gateway: it is part of topics.")
]
Place = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,63}$(?!\n)", description="A door, bin, reader: a name on a plan."),
]
Epc = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7e]{1,400}$(?!\n)",
        description="Pure-identity URI, GS1 Digital Link for the + schemes, or urn:epc:raw:... (GS1 TDS 2.3).",
    ),
]
EpcHex = Annotated[
    str,
    Meta(
        pattern=r"^(?:[0-9A-Fa-f]{2}){1,62}$(?!\n)",
        description="The EPC memory bank as hex, whole bytes (Gen2: 62 at most).",
    ),
]
Instant = Annotated[
    datetime,
    Meta(
        tz=True,
        description="RFC 3339 with any offset; Tagdock itself writes UTC with Z; years 2000 to 2100.",
        extra_json_schema={"pattern": "^(20[0-9]{2}|2100)-"},
    ),
]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Text = Annotated[str, Meta(max_length=1000)]

MAX_EVIDENCE_DEPTH = 8
"""How deep evidence nests; Tagdock's own goes three deep. The bound keeps later encoders from running out of stack."""

_Scalar = None | bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float | str


def _nested_json(levels: int) -> Any:
    """Spell out JSON of bounded depth, so that the decoder itself bounds it at no cost."""
    inner = _Scalar if levels == 1 else _nested_json(levels - 1)
    return _Scalar | list[inner] | dict[str, inner]  # type: ignore[valid-type]  # built at run time


if TYPE_CHECKING:
    EvidenceValue = Any
else:
    EvidenceValue = _nested_json(MAX_EVIDENCE_DEPTH - 1)

Direction = Literal["in", "out", "pass", "uncertain"]
Side = Literal["outside", "inside"]


class AntennaEvidence(Struct, frozen=True, omit_defaults=True):
    """What one antenna saw of the tag. RSSI in dBm; times aware UTC."""

    reader: Place
    antenna: Annotated[int, Meta(ge=0, le=65535)]
    reads: Count
    first_at: Instant
    peak_at: Instant
    peak_rssi_dbm: float
    last_at: Instant
    side: Side | None = None


class PhotoEyeEvidence(Struct, frozen=True, omit_defaults=True):
    """One photo-eye that was broken while the tag was in the field."""

    side: Side
    broken_at: Instant
    cleared_at: Instant | None = None


class LostDoor(Struct, frozen=True, omit_defaults=True):
    """A door that saw the tag too but did not win; `score` is comparable with the winner's only."""

    door: Place
    reads: Count
    score: float


class Evidence(Struct, frozen=True, omit_defaults=True):
    """Why a movement was reported: the shape that Tagdock's own gateway fills in.

    On the wire `evidence` is any JSON object, so that other gateways can explain themselves in their own words;
    read it with `tagdock_contract.codec.read_evidence`.
    """

    reads: Count = 0
    antennas: tuple[AntennaEvidence, ...] = ()
    photo_eyes: tuple[PhotoEyeEvidence, ...] = ()
    doors_lost: tuple[LostDoor, ...] = ()
    reason: Text = ""


class Movement(Struct, frozen=True, tag_field="type", tag="movement", omit_defaults=True):
    """An item passed a door, or was placed in (taken out of) a bin; exactly one of `door` and `bin` is given.

    At a door `pass` means that it went by and `uncertain` that a person has to decide; at a bin only in and out occur.
    """

    event_id: UUID
    observed_at: Instant
    site: Name
    epc: Epc
    epc_hex: EpcHex
    direction: Direction
    confidence: Unit
    door: Place | None = None
    bin: Place | None = None
    evidence: dict[str, EvidenceValue] = {}


class BinReading(Struct, frozen=True, tag_field="type", tag="bin_reading", omit_defaults=True):
    """One sensor value of a bin.

    `quantity` names its unit: mass_kg, distance_mm, count, occupied, temperature_c, humidity_pct, battery_pct, ...
    """

    event_id: UUID
    observed_at: Instant
    site: Name
    bin: Place
    quantity: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$(?!\n)")]
    value: float
    quality: Literal["good", "settling", "stale", "out_of_range"] = "good"


class ReaderEvent(Struct, frozen=True, tag_field="type", tag="reader_event", omit_defaults=True):
    """Something happened to a reader or to one of its antennas."""

    event_id: UUID
    observed_at: Instant
    site: Name
    reader: Place
    state: Literal["up", "down", "slow", "hot", "antenna_up", "antenna_down", "buffer_overflow"]
    antenna: Annotated[int, Meta(ge=0, le=65535)] | None = None
    detail: Text = ""


Event = Movement | BinReading | ReaderEvent
