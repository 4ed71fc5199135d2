"""What a reader is able to do: the limits that real products have, and how they declare them."""

from dataclasses import dataclass
from enum import IntEnum

from tagdock_simulators.llrp.capabilities import (
    C1G2LLRPCapabilities,
    FixedFrequencyTable,
    FrequencyHopTable,
    FrequencyInformation,
    GeneralDeviceCapabilities,
    GPIOCapabilities,
    LLRPCapabilities,
    PerAntennaAirProtocol,
    ReceiveSensitivityTableEntry,
    RegulatoryCapabilities,
    TransmitPowerLevelTableEntry,
    UHFBandCapabilities,
    UHFC1G2RFModeTable,
    UHFC1G2RFModeTableEntry,
)
from tagdock_simulators.llrp.codec import LLRP_1_0_1
from tagdock_simulators.llrp.custom import Custom
from tagdock_simulators.llrp.reporting import PLAIN, Reporting
from tagdock_simulators.llrp.rospec import AIStopTrigger, StartTrigger, StopTrigger, TagObservation
from tagdock_simulators.radio import CHANNELS_MHZ

GEN2 = 1
"""The one air protocol: EPCglobal Class 1 Generation 2."""
HOP_TABLE_ID = 1
"""A hopping reader has one hopping sequence, of this number."""


class Standard(IntEnum):
    """The regulation that a reader obeys (LLRP 1.0.1, section 9.2.4)."""

    US_FCC_PART_15 = 1
    ETSI_EN_302_208 = 2


@dataclass(frozen=True, slots=True)
class Band:
    """Where a reader may send: `country` is ISO 3166's number; it stays on a channel, or hops over all of them."""

    country: int
    standard: Standard
    channels_khz: tuple[int, ...]
    hops: bool = False

    def frequencies(self) -> FrequencyInformation:
        """Declare the channels."""
        if self.hops:
            return FrequencyInformation(True, (FrequencyHopTable(HOP_TABLE_ID, self.channels_khz),))
        return FrequencyInformation(False, fixed_table=FixedFrequencyTable(self.channels_khz))


GERMANY = Band(276, Standard.ETSI_EN_302_208, tuple(round(mhz * 1000) for mhz in CHANNELS_MHZ))
"""The channels that the simulated radio uses, so that a read's channel is one of the table."""


@dataclass(frozen=True, slots=True)
class Triggers:
    """Which of the standard's triggers a reader takes; by default all of LLRP 1.0.1 but the count of attempts."""

    starts: frozenset[StartTrigger] = frozenset(StartTrigger)
    stops: frozenset[StopTrigger] = frozenset(StopTrigger)
    ai_stops: frozenset[AIStopTrigger] = frozenset(AIStopTrigger)
    observations: frozenset[TagObservation] = frozenset((TagObservation.N_TAGS, TagObservation.NO_NEW_TAGS))


@dataclass(frozen=True, slots=True)
class Profile:
    """A product as its clients see it; powers in 1/100 dBm, sensitivities in dB under the best."""

    name: str
    summary: str
    manufacturer: int
    """IANA enterprise number."""
    model: int
    firmware: str
    antennas: int
    inputs: int
    outputs: int
    powers_cdbm: range
    sensitivities_db: tuple[int, ...]
    rf_modes: tuple[UHFC1G2RFModeTableEntry, ...]
    max_rospecs: int
    max_priority: int
    max_accessspecs: int
    max_opspecs_per_accessspec: int
    max_select_filters: int
    band: Band = GERMANY
    sensitivity_dbm: float = -80.0
    """The best sensitivity, that the table counts from. Impinj's is -80 dBm (Impinj, Setting Receive Sensitivity and
    Transmit Power on Revolution Reader using LLRP); the others' is assumed to be the same."""
    triggers: Triggers = Triggers()
    max_specs_per_rospec: int = 32
    max_version: int = LLRP_1_0_1
    warns_of_full_buffer: bool = True
    singulates_by_state: bool = False
    block_erase: bool = False
    block_write: bool = True
    block_permalock: bool = False
    """Whether LLRP 1.1's C1G2BlockPermalock is done."""
    keepalive_misses: int | None = None
    """After so many KEEPALIVEs without an answer the reader hangs up; None waits for ever, as Impinj's readers do.

    Source: Impinj, Using KeepAlives and LinkMonitorMode. LLRP 1.0.1 (section 13.1.4) leaves it to the reader.
    """
    impinj_extensions: bool = False
    vendor_capabilities: tuple[Custom, ...] = ()
    reporting: Reporting = PLAIN

    @property
    def powers(self) -> int:
        """Return how many powers can be chosen."""
        return len(self.powers_cdbm)

    def general(self, *, has_utc_clock: bool = True) -> GeneralDeviceCapabilities:
        """Declare what the device is."""
        return GeneralDeviceCapabilities(
            max_antennas=self.antennas,
            can_set_antenna_properties=False,
            has_utc_clock=has_utc_clock,
            manufacturer=self.manufacturer,
            model=self.model,
            firmware_version=self.firmware,
            receive_sensitivities=tuple(
                ReceiveSensitivityTableEntry(index, db) for index, db in enumerate(self.sensitivities_db, start=1)
            ),
            sensitivity_ranges=(),
            gpio=GPIOCapabilities(self.inputs, self.outputs),
            air_protocols=tuple(PerAntennaAirProtocol(port, (GEN2,)) for port in range(1, self.antennas + 1)),
        )

    def llrp(self) -> LLRPCapabilities:
        """Declare which parts of LLRP there are."""
        return LLRPCapabilities(
            can_do_rf_survey=False,
            can_report_buffer_fill_warning=self.warns_of_full_buffer,
            supports_client_request_opspec=False,
            can_do_tag_inventory_state_aware_singulation=self.singulates_by_state,
            supports_event_and_report_holding=True,
            max_priority_level=self.max_priority,
            client_request_opspec_timeout_ms=0,
            max_rospecs=self.max_rospecs,
            max_specs_per_rospec=self.max_specs_per_rospec,
            max_inventory_parameter_specs_per_aispec=1,
            max_accessspecs=self.max_accessspecs,
            max_opspecs_per_accessspec=self.max_opspecs_per_accessspec,
        )

    def regulatory(self) -> RegulatoryCapabilities:
        """Declare powers, frequencies and modulations."""
        powers = (TransmitPowerLevelTableEntry(index, cdbm) for index, cdbm in enumerate(self.powers_cdbm, start=1))
        return RegulatoryCapabilities(
            self.band.country,
            int(self.band.standard),
            UHFBandCapabilities(tuple(powers), self.band.frequencies(), (UHFC1G2RFModeTable(self.rf_modes),)),
        )

    def air_protocol(self) -> C1G2LLRPCapabilities:
        """Declare which Gen2 commands there are."""
        return C1G2LLRPCapabilities(
            can_support_block_erase=self.block_erase,
            can_support_block_write=self.block_write,
            can_support_block_permalock=self.block_permalock,
            can_support_recommissioning=False,
            can_support_umi_method_2=False,
            can_support_xpc=False,
            max_select_filters_per_query=self.max_select_filters,
        )
