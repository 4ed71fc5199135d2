"""What a reader is able to do: the limits that real products have, and how they declare them."""

from dataclasses import dataclass

from tagdock_simulators.llrp.capabilities import (
    C1G2LLRPCapabilities,
    FixedFrequencyTable,
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
from tagdock_simulators.llrp.impinj import VENDOR as IMPINJ
from tagdock_simulators.radio import CHANNELS_MHZ

GEN2 = 1
"""The one air protocol: EPCglobal Class 1 Generation 2."""
_ETSI_EN_302_208, _GERMANY = 2, 276

_M2, _M4, _M8, _FM0 = 1, 2, 3, 0
_RF_MODES = (
    UHFC1G2RFModeTableEntry(0, True, False, _FM0, 2, 2, 640_000, 1500, 6250, 6250, 0),
    UHFC1G2RFModeTableEntry(1, True, False, _M2, 2, 2, 640_000, 1500, 6250, 6250, 0),
    UHFC1G2RFModeTableEntry(2, True, False, _M4, 0, 3, 274_000, 2000, 20_000, 20_000, 0),
    UHFC1G2RFModeTableEntry(3, True, False, _M8, 0, 3, 170_000, 2000, 20_000, 20_000, 0),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A product's limits; powers in 1/100 dBm from the least in equal steps."""

    manufacturer: int = IMPINJ
    model: int = 2_001_002
    firmware: str = "5.14.0.240"
    antennas: int = 4
    inputs: int = 4
    outputs: int = 4
    max_rospecs: int = 1
    max_priority: int = 7
    least_power_cdbm: int = 1000
    power_step_cdbm: int = 25
    powers: int = 81
    impinj_extensions: bool = True

    @property
    def rf_modes(self) -> tuple[UHFC1G2RFModeTableEntry, ...]:
        """Return the modulations that can be chosen."""
        return _RF_MODES

    def general(self) -> GeneralDeviceCapabilities:
        """Declare what the device is."""
        return GeneralDeviceCapabilities(
            max_antennas=self.antennas,
            can_set_antenna_properties=False,
            has_utc_clock=True,
            manufacturer=self.manufacturer,
            model=self.model,
            firmware_version=self.firmware,
            receive_sensitivities=(ReceiveSensitivityTableEntry(1, 0),),
            sensitivity_ranges=(),
            gpio=GPIOCapabilities(self.inputs, self.outputs),
            air_protocols=tuple(PerAntennaAirProtocol(port, (GEN2,)) for port in range(1, self.antennas + 1)),
        )

    def llrp(self) -> LLRPCapabilities:
        """Declare which parts of LLRP there are."""
        return LLRPCapabilities(
            can_do_rf_survey=False,
            can_report_buffer_fill_warning=False,
            supports_client_request_opspec=False,
            can_do_tag_inventory_state_aware_singulation=False,
            supports_event_and_report_holding=True,
            max_priority_level=self.max_priority,
            client_request_opspec_timeout_ms=0,
            max_rospecs=self.max_rospecs,
            max_specs_per_rospec=32,
            max_inventory_parameter_specs_per_aispec=1,
            max_accessspecs=0,
            max_opspecs_per_accessspec=0,
        )

    def regulatory(self) -> RegulatoryCapabilities:
        """Declare powers, frequencies and modulations."""
        levels = range(self.powers)
        band = UHFBandCapabilities(
            tuple(
                TransmitPowerLevelTableEntry(i + 1, self.least_power_cdbm + i * self.power_step_cdbm) for i in levels
            ),
            FrequencyInformation(
                hopping=False,
                fixed_table=FixedFrequencyTable(tuple(round(mhz * 1000) for mhz in CHANNELS_MHZ)),
            ),
            (UHFC1G2RFModeTable(self.rf_modes),),
        )
        return RegulatoryCapabilities(_GERMANY, _ETSI_EN_302_208, band)

    def air_protocol(self) -> C1G2LLRPCapabilities:
        """Declare which Gen2 commands there are."""
        return C1G2LLRPCapabilities(False, False, max_select_filters_per_query=2)
