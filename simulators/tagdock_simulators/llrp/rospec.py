"""What a reader shall do and report: reader operations with their triggers (LLRP 1.0.1, chapters 10 and 13)."""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.config import AntennaConfiguration
from tagdock_simulators.llrp.fields import U8, U16, U32, Bits, Flag, NewFlag, U16s
from tagdock_simulators.llrp.schema import CustomParameter, Some, parameter
from tagdock_simulators.llrp.times import UTCTimestamp


class ROSpecState(IntEnum):
    """Where a ROSpec is in its life."""

    DISABLED = 0
    INACTIVE = 1
    ACTIVE = 2


class StartTrigger(IntEnum):
    """What starts a ROSpec besides START_ROSPEC."""

    NULL = 0
    IMMEDIATE = 1
    PERIODIC = 2
    GPI = 3


class StopTrigger(IntEnum):
    """What stops a ROSpec besides STOP_ROSPEC."""

    NULL = 0
    DURATION = 1
    GPI_WITH_TIMEOUT = 2


class AIStopTrigger(IntEnum):
    """What ends one round of antenna inventory."""

    NULL = 0
    DURATION = 1
    GPI_WITH_TIMEOUT = 2
    TAG_OBSERVATION = 3


class TagObservation(IntEnum):
    """Which observation ends an AISpec; the last two are LLRP 1.1's."""

    N_TAGS = 0
    NO_NEW_TAGS = 1
    N_ATTEMPTS = 2
    N_UNIQUE_TAGS = 3
    NO_NEW_UNIQUE_TAGS = 4


class ReportTrigger(IntEnum):
    """When tags are reported: after N tags (LLRP 1.1: seconds, milliseconds), or at the AISpec's or ROSpec's end."""

    NONE = 0
    N_TAGS_OR_END_OF_AISPEC = 1
    N_TAGS_OR_END_OF_ROSPEC = 2
    N_SECONDS_OR_END_OF_AISPEC = 3
    N_SECONDS_OR_END_OF_ROSPEC = 4
    N_MILLISECONDS_OR_END_OF_AISPEC = 5
    N_MILLISECONDS_OR_END_OF_ROSPEC = 6


@parameter(180)
class PeriodicTriggerValue:
    """Starts again and again, in ms."""

    offset_ms: U32
    period_ms: U32
    utc: UTCTimestamp | None = None


@parameter(181)
class GPITriggerValue:
    """Waits for an input's event; a timeout of 0 ms is none."""

    port: U16
    event: Flag
    timeout_ms: U32


@parameter(179)
class ROSpecStartTrigger:
    """What starts the ROSpec."""

    kind: Annotated[StartTrigger, Bits(8)]
    periodic: PeriodicTriggerValue | None = None
    gpi: GPITriggerValue | None = None


@parameter(182)
class ROSpecStopTrigger:
    """What stops the ROSpec."""

    kind: Annotated[StopTrigger, Bits(8)]
    duration_ms: U32
    gpi: GPITriggerValue | None = None


@parameter(178)
class ROBoundarySpec:
    """When a ROSpec starts and stops."""

    start: ROSpecStartTrigger
    stop: ROSpecStopTrigger


@parameter(185)
class TagObservationTrigger:
    """Ends an AISpec by what was seen; times in ms, a timeout of 0 is none."""

    kind: Annotated[TagObservation, Bits(8, reserved=8, known_to_1_0=2)]
    tags: U16
    attempts: U16
    quiet_ms: U16
    timeout_ms: U32


@parameter(184)
class AISpecStopTrigger:
    """What ends the AISpec."""

    kind: Annotated[AIStopTrigger, Bits(8)]
    duration_ms: U32
    gpi: GPITriggerValue | None = None
    tag_observation: TagObservationTrigger | None = None


@parameter(186)
class InventoryParameterSpec:
    """How to inventory, antenna by antenna."""

    spec_id: U16
    protocol_id: U8
    antennas: tuple[AntennaConfiguration, ...] = ()
    custom: tuple[CustomParameter, ...] = ()


@parameter(183)
class AISpec:
    """An antenna inventory; antenna 0 means all."""

    antenna_ids: U16s
    stop: AISpecStopTrigger
    inventory: Some[InventoryParameterSpec]
    custom: tuple[CustomParameter, ...] = ()


class SurveyStopTrigger(IntEnum):
    """What ends a survey of the band."""

    NULL = 0
    DURATION = 1
    N_ITERATIONS = 2


@parameter(188)
class RFSurveySpecStopTrigger:
    """What ends the survey."""

    kind: Annotated[SurveyStopTrigger, Bits(8)]
    duration_ms: U32
    iterations: U32


@parameter(187)
class RFSurveySpec:
    """A survey of a band, in kHz."""

    antenna_id: U16
    start_khz: U32
    end_khz: U32
    stop: RFSurveySpecStopTrigger
    custom: tuple[CustomParameter, ...] = ()


@parameter(355, since=2)
class LoopSpec:
    """Does the specs before it over again, so many times; 0 is without end.

    Source: LLRP 1.1; the number agrees with Wireshark's dissector, what 0 means is from memory.
    """

    loop_count: U32


@parameter(348)
class C1G2EPCMemorySelector:
    """Whether a tag's CRC and PC words are reported."""

    enable_crc: Flag
    enable_pc_bits: Flag
    enable_xpc_bits: NewFlag = False


@parameter(238)
class TagReportContentSelector:
    """Which fields a tag report has besides the EPC."""

    enable_rospec_id: Flag
    enable_spec_index: Flag
    enable_inventory_parameter_spec_id: Flag
    enable_antenna_id: Flag
    enable_channel_index: Flag
    enable_peak_rssi: Flag
    enable_first_seen: Flag
    enable_last_seen: Flag
    enable_tag_seen_count: Flag
    enable_access_spec_id: Annotated[bool, Bits(1, reserved=6)]
    epc_memory: tuple[C1G2EPCMemorySelector, ...] = ()


@parameter(237)
class ROReportSpec:
    """When tags are reported (`n` tags; 0 for no such limit) and what of them."""

    trigger: Annotated[ReportTrigger, Bits(8, known_to_1_0=2)]
    n: U16
    content: TagReportContentSelector
    custom: tuple[CustomParameter, ...] = ()


@parameter(177)
class ROSpec:
    """One task of a reader."""

    rospec_id: U32
    priority: U8
    state: Annotated[ROSpecState, Bits(8)]
    boundary: ROBoundarySpec
    specs: Some[AISpec | RFSurveySpec | LoopSpec]
    report: ROReportSpec | None = None
