"""Impinj's additions that clients ask for (Octane LLRP, firmware 5.14).

Source: numbers and fields as in Impinj's LTK definitions, as pyllrp 3.1.1 and Wireshark carry them.
"""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.accessspec import C1G2Read
from tagdock_simulators.llrp.fields import S16, U16, U32, U64, Bits, Text, U16s, U32s
from tagdock_simulators.llrp.schema import CustomParameter, custom_message, custom_parameter
from tagdock_simulators.llrp.status import LLRPStatus

VENDOR = 25882
"""Impinj's IANA enterprise number."""


class Mode(IntEnum):
    """Whether something is switched on."""

    OFF = 0
    ON = 1


class Requested(IntEnum):
    """What ImpinjRequestedData may name: of the capabilities, then of the configuration."""

    ALL_CAPABILITIES = 1000
    DETAILED_VERSION = 1001
    FREQUENCY_CAPABILITIES = 1002
    ALL_CONFIGURATION = 2000
    SUB_REGULATORY_REGION = 2001
    GPI_DEBOUNCE = 2003
    READER_TEMPERATURE = 2004
    LINK_MONITOR = 2005
    REPORT_BUFFER = 2006
    ACCESS_SPEC = 2007
    ADVANCED_GPO = 2009
    ANTENNA = 2012


@custom_message(VENDOR, 21)
class ImpinjEnableExtensions:
    """Asks for everything below; without it the reader takes none of it."""

    reserved: U32 = 0


@custom_message(VENDOR, 22)
class ImpinjEnableExtensionsResponse:
    """Answers it."""

    status: LLRPStatus


@custom_message(VENDOR, 23)
class ImpinjSaveSettings:
    """Asks that the settings outlive a restart of the reader."""

    save: Annotated[bool, Bits(1, reserved=7)]


@custom_message(VENDOR, 24)
class ImpinjSaveSettingsResponse:
    """Answers it."""

    status: LLRPStatus


@custom_parameter(VENDOR, 21)
class ImpinjRequestedData(CustomParameter):
    """Which of Impinj's capabilities or settings are asked for."""

    requested_data: Annotated[Requested, Bits(32)]


@custom_parameter(VENDOR, 22)
class ImpinjSubRegulatoryRegion(CustomParameter):
    """The law of which region the reader keeps to; 7 is ETSI EN 302 208 v1.2.1, 0 FCC part 15.247."""

    region: U16


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


@custom_parameter(VENDOR, 29)
class ImpinjDetailedVersion(CustomParameter):
    """What the reader is made of."""

    model_name: Text
    serial_number: Text
    software_version: Text
    firmware_version: Text
    fpga_version: Text
    pcba_version: Text


@custom_parameter(VENDOR, 30)
class ImpinjFrequencyCapabilities(CustomParameter):
    """Every frequency that the reader can use, in kHz."""

    frequencies_khz: U32s


@custom_parameter(VENDOR, 36)
class ImpinjGPIDebounceConfiguration(CustomParameter):
    """How long an input must keep its level to count, in ms."""

    port: U16
    debounce_ms: U32


@custom_parameter(VENDOR, 37)
class ImpinjReaderTemperature(CustomParameter):
    """How warm the reader is, in degrees Celsius."""

    temperature_c: S16


@custom_parameter(VENDOR, 38)
class ImpinjLinkMonitorConfiguration(CustomParameter):
    """After how many keepalives without an answer the reader hangs up."""

    mode: Annotated[Mode, Bits(16)]
    link_down_threshold: U16


@custom_parameter(VENDOR, 39)
class ImpinjReportBufferConfiguration(CustomParameter):
    """Whether reports wait for more (0) or go out at once (1)."""

    mode: U16


@custom_parameter(VENDOR, 41)
class ImpinjBlockWriteWordCount(CustomParameter):
    """How many words one block write has, 1 or 2."""

    word_count: U16


@custom_parameter(VENDOR, 63)
class ImpinjOpSpecRetryCount(CustomParameter):
    """How often the reader tries an operation again."""

    retries: U16


@custom_parameter(VENDOR, 66)
class ImpinjAccessSpecOrdering(CustomParameter):
    """Which AccessSpec comes first: the oldest (0), or that of the lowest id (1)."""

    mode: U16


@custom_parameter(VENDOR, 40)
class ImpinjAccessSpecConfiguration(CustomParameter):
    """How AccessSpecs are done."""

    block_write: ImpinjBlockWriteWordCount | None = None
    retry: ImpinjOpSpecRetryCount | None = None
    ordering: ImpinjAccessSpecOrdering | None = None


@custom_parameter(VENDOR, 64)
class ImpinjAdvancedGPOConfiguration(CustomParameter):
    """What an output shows: 0 what is written to it, 1 a pulse, 2 to 6 a state of the reader."""

    port: U16
    mode: U16
    pulse_ms: U32


@custom_parameter(VENDOR, 1526)
class ImpinjAntennaEventHysteresis(CustomParameter):
    """How long an antenna must be on or off before it is told, in ms."""

    connected_ms: U64
    disconnected_ms: U64


@custom_parameter(VENDOR, 1524)
class ImpinjAntennaConfiguration(CustomParameter):
    """How the antennas' events are told."""

    hysteresis: ImpinjAntennaEventHysteresis | None = None


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


@custom_parameter(VENDOR, 54)
class ImpinjEnableGPSCoordinates(CustomParameter):
    """Whether the reader's place is reported; it has no receiver and reports none."""

    mode: Annotated[Mode, Bits(16)]


@custom_parameter(VENDOR, 65)
class ImpinjEnableOptimizedRead(CustomParameter):
    """Whether these words of every tag are read with its EPC."""

    mode: Annotated[Mode, Bits(16)]
    reads: tuple[C1G2Read, ...] = ()


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
    gps: ImpinjEnableGPSCoordinates | None = None
    optimized_read: ImpinjEnableOptimizedRead | None = None
    doppler: ImpinjEnableRFDopplerFrequency | None = None


@custom_parameter(VENDOR, 55)
class ImpinjSerializedTID(CustomParameter):
    """The tag's own number: its TID memory."""

    tid: U16s


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
