"""Impinj's additions that clients ask for (Octane LLRP, firmware 5.14)."""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.fields import S16, U16, U32, Bits, U16s
from tagdock_simulators.llrp.schema import CustomParameter, custom_message, custom_parameter
from tagdock_simulators.llrp.status import LLRPStatus

VENDOR = 25882
"""Impinj's IANA enterprise number."""


class Mode(IntEnum):
    """Whether something is switched on."""

    OFF = 0
    ON = 1


@custom_message(VENDOR, 21)
class ImpinjEnableExtensions:
    """Asks for everything below; without it the reader takes none of it."""

    reserved: U32 = 0


@custom_message(VENDOR, 22)
class ImpinjEnableExtensionsResponse:
    """Answers it."""

    status: LLRPStatus


@custom_parameter(VENDOR, 21)
class ImpinjRequestedData(CustomParameter):
    """Which of Impinj's settings GET_READER_CONFIG asks for; 2000 is all."""

    requested_data: U32


@custom_parameter(VENDOR, 23)
class ImpinjInventorySearchMode(CustomParameter):
    """0 reader's choice, 1 single target, 2 dual target, 3 single target with suppression."""

    mode: U16


@custom_parameter(VENDOR, 26)
class ImpinjFixedFrequencyList(CustomParameter):
    """0 off, 1 chosen by the reader, 2 these channels."""

    mode: Annotated[int, Bits(16, reserved=16)]
    channels: U16s


@custom_parameter(VENDOR, 27)
class ImpinjReducedPowerFrequencyList(CustomParameter):
    """Channels on which the reader sends with less power."""

    mode: Annotated[Mode, Bits(16, reserved=16)]
    channels: U16s


@custom_parameter(VENDOR, 28)
class ImpinjLowDutyCycle(CustomParameter):
    """Lets the reader rest while the field is empty; times in ms."""

    mode: Annotated[Mode, Bits(16)]
    empty_field_timeout_ms: U16
    field_ping_interval_ms: U16


@custom_parameter(VENDOR, 51)
class ImpinjEnableSerializedTID(CustomParameter):
    """Whether the tag's own number is read too."""

    mode: Annotated[Mode, Bits(16)]


@custom_parameter(VENDOR, 52)
class ImpinjEnableRFPhaseAngle(CustomParameter):
    """Whether the echo's phase is reported."""

    mode: Annotated[Mode, Bits(16)]


@custom_parameter(VENDOR, 53)
class ImpinjEnablePeakRSSI(CustomParameter):
    """Whether the echo's power is reported finer."""

    mode: Annotated[Mode, Bits(16)]


@custom_parameter(VENDOR, 67)
class ImpinjEnableRFDopplerFrequency(CustomParameter):
    """Whether the echo's Doppler shift is reported."""

    mode: Annotated[Mode, Bits(16)]


@custom_parameter(VENDOR, 50)
class ImpinjTagReportContentSelector(CustomParameter):
    """Which of Impinj's fields a tag report has."""

    tid: ImpinjEnableSerializedTID | None = None
    phase: ImpinjEnableRFPhaseAngle | None = None
    peak_rssi: ImpinjEnablePeakRSSI | None = None
    doppler: ImpinjEnableRFDopplerFrequency | None = None


@custom_parameter(VENDOR, 56)
class ImpinjRFPhaseAngle(CustomParameter):
    """The echo's phase; 4096 is a full turn."""

    angle: U16


@custom_parameter(VENDOR, 57)
class ImpinjPeakRSSI(CustomParameter):
    """The echo's power in 1/100 dBm."""

    rssi_cdbm: S16


@custom_parameter(VENDOR, 68)
class ImpinjRFDopplerFrequency(CustomParameter):
    """The echo's shift in 1/16 Hz."""

    shift: S16
