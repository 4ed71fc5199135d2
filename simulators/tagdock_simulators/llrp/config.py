"""How a reader is set (LLRP 1.0.1, chapters 12 and 15)."""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.fields import S16, U2, U8, U16, U32, BitField, Bits, Flag, NewFlag, U8s
from tagdock_simulators.llrp.schema import CustomParameter, Some, parameter


class KeepaliveTrigger(IntEnum):
    """When a reader sends KEEPALIVE."""

    NEVER = 0
    PERIODIC = 1


class Notification(IntEnum):
    """Events that a client can subscribe to."""

    HOPPING = 0
    GPI = 1
    ROSPEC = 2
    REPORT_BUFFER_FILL_WARNING = 3
    READER_EXCEPTION = 4
    RFSURVEY = 5
    AISPEC = 6
    AISPEC_WITH_DETAILS = 7
    ANTENNA = 8
    SPEC_LOOP = 9
    """Since LLRP 1.1."""


@parameter(217)
class LLRPConfigurationStateValue:
    """A number that changes with every change of configuration."""

    value: U32


@parameter(218)
class Identification:
    """Who the reader is; `id_type` 0 is a MAC address (EUI-64), 1 an EPC."""

    id_type: U8
    reader_id: U8s


@parameter(219)
class GPOWriteData:
    """Sets an output."""

    port: U16
    data: Flag


@parameter(220)
class KeepaliveSpec:
    """How often the reader shows that it lives."""

    trigger: Annotated[KeepaliveTrigger, Bits(8)]
    period_ms: U32


@parameter(221)
class AntennaProperties:
    """An antenna's state; gain in 1/100 dBi."""

    connected: Flag
    antenna_id: U16
    gain_cdbi: S16


@parameter(223)
class RFReceiver:
    """Chooses a sensitivity of the table."""

    sensitivity_index: U16


@parameter(224)
class RFTransmitter:
    """Chooses frequencies and a power of the tables."""

    hop_table_id: U16
    channel_index: U16
    transmit_power_index: U16


@parameter(332)
class C1G2TagInventoryMask:
    """Which bits of a tag's memory are compared."""

    memory_bank: U2
    pointer: U16
    mask: BitField


@parameter(333)
class C1G2TagInventoryStateAwareFilterAction:
    """What a match does to a tag's flags."""

    target: U8
    action: U8


@parameter(334)
class C1G2TagInventoryStateUnawareFilterAction:
    """Whether a match takes part."""

    action: U8


@parameter(331)
class C1G2Filter:
    """Chooses tags by memory content; truncation 0 leaves it to the reader."""

    truncation: U2
    mask: C1G2TagInventoryMask
    aware_action: C1G2TagInventoryStateAwareFilterAction | None = None
    unaware_action: C1G2TagInventoryStateUnawareFilterAction | None = None


@parameter(335)
class C1G2RFControl:
    """Chooses a modulation of the table; Tari in ns, 0 for the mode's own."""

    mode_index: U16
    tari_ns: U16


@parameter(337)
class C1G2TagInventoryStateAwareSingulationAction:
    """Which tags are asked: inventoried flag A (0) or B (1), selected flag set (0) or not (1)."""

    inventoried_b: Flag
    selected_off: Flag
    all_selected: NewFlag = False


@parameter(336)
class C1G2SingulationControl:
    """How tags are singulated; transit time in ms."""

    session: U2
    tag_population: U16
    tag_transit_time_ms: U32
    action: C1G2TagInventoryStateAwareSingulationAction | None = None


@parameter(330)
class C1G2InventoryCommand:
    """How an antenna inventories Gen2 tags."""

    state_aware: Flag
    filters: tuple[C1G2Filter, ...] = ()
    rf_control: C1G2RFControl | None = None
    singulation: C1G2SingulationControl | None = None
    custom: tuple[CustomParameter, ...] = ()


@parameter(222)
class AntennaConfiguration:
    """How one antenna works; antenna 0 means all."""

    antenna_id: U16
    receiver: RFReceiver | None = None
    transmitter: RFTransmitter | None = None
    inventory_commands: tuple[C1G2InventoryCommand, ...] = ()
    custom: tuple[CustomParameter, ...] = ()


@parameter(225)
class GPIPortCurrentState:
    """An input: whether it is on, and its level (0 low, 1 high, 2 unknown)."""

    port: U16
    enabled: Flag
    state: U8


@parameter(226)
class EventsAndReports:
    """Whether a reader holds events and reports until a client that came back asks for them."""

    hold_upon_reconnect: Flag


@parameter(245)
class EventNotificationState:
    """Whether one kind of event is reported."""

    event_type: Annotated[Notification, Bits(16, known_to_1_0=8)]
    enabled: Flag


@parameter(244)
class ReaderEventNotificationSpec:
    """Which events are reported."""

    states: Some[EventNotificationState]
