"""What a reader tells unasked (LLRP 1.0.1, chapter 13)."""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.fields import U8, U16, U32, Bits, Flag, Text
from tagdock_simulators.llrp.schema import CustomParameter, parameter
from tagdock_simulators.llrp.times import Uptime, UTCTimestamp


class ConnectionAttempt(IntEnum):
    """What became of a client's connection."""

    SUCCESS = 0
    FAILED_READER_INITIATED_EXISTS = 1
    FAILED_CLIENT_INITIATED_EXISTS = 2
    FAILED_OTHER = 3
    ANOTHER_ATTEMPTED = 4


class ROSpecEventType(IntEnum):
    """What happened to a ROSpec."""

    START = 0
    END = 1
    PREEMPTION = 2


@parameter(247)
class HoppingEvent:
    """The reader hopped to a channel."""

    hop_table_id: U16
    next_channel_index: U16


@parameter(248)
class GPIEvent:
    """An input changed."""

    port: U16
    event: Flag


@parameter(249)
class ROSpecEvent:
    """A ROSpec started or ended."""

    event_type: Annotated[ROSpecEventType, Bits(8)]
    rospec_id: U32
    preempting_rospec_id: U32


@parameter(250)
class ReportBufferLevelWarningEvent:
    """The report buffer is that full, in percent."""

    percent_full: U8


@parameter(251)
class ReportBufferOverflowErrorEvent:
    """Reports were lost because the buffer was full."""


@parameter(18)
class C1G2SingulationDetails:
    """How many slots of the inventory rounds had more than one answer, and how many had none."""

    collision_slots: U16
    empty_slots: U16


@parameter(254)
class AISpecEvent:
    """An AISpec ended (event 0)."""

    event_type: U8
    rospec_id: U32
    spec_index: U16
    singulation: C1G2SingulationDetails | None = None


@parameter(252)
class ReaderExceptionEvent:
    """Something went wrong in the reader."""

    text: Text
    custom: tuple[CustomParameter, ...] = ()


@parameter(255)
class AntennaEvent:
    """An antenna was connected (1) or fell off (0)."""

    event_type: U8
    antenna_id: U16


@parameter(256)
class ConnectionAttemptEvent:
    """Whether this connection is the reader's client now."""

    status: Annotated[ConnectionAttempt, Bits(16)]


@parameter(257)
class ConnectionCloseEvent:
    """The reader is about to close the connection."""


@parameter(356, since=2)
class SpecLoopEvent:
    """A LoopSpec began its specs again, for the so-manieth time."""

    rospec_id: U32
    loop_count: U32


@parameter(246)
class ReaderEventNotificationData:
    """One or more events of one moment."""

    timestamp: UTCTimestamp | Uptime
    hopping: HoppingEvent | None = None
    gpi: GPIEvent | None = None
    rospec: ROSpecEvent | None = None
    buffer_warning: ReportBufferLevelWarningEvent | None = None
    buffer_overflow: ReportBufferOverflowErrorEvent | None = None
    reader_exception: ReaderExceptionEvent | None = None
    aispec: AISpecEvent | None = None
    antenna: AntennaEvent | None = None
    connection_attempt: ConnectionAttemptEvent | None = None
    connection_close: ConnectionCloseEvent | None = None
    spec_loop: SpecLoopEvent | None = None
    custom: tuple[CustomParameter, ...] = ()
