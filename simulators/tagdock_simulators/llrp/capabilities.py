"""What a reader can do (LLRP 1.0.1, chapters 9 and 15)."""

from typing import Annotated

from tagdock_simulators.llrp.fields import S16, U8, U16, U32, Bits, Flag, NewFlag, Text, U8s, U32s
from tagdock_simulators.llrp.schema import CustomParameter, Some, parameter


@parameter(139)
class ReceiveSensitivityTableEntry:
    """A choice of sensitivity, in dB under the best."""

    index: U16
    receive_sensitivity_db: U16


@parameter(149)
class PerAntennaReceiveSensitivityRange:
    """Which sensitivities an antenna can be set to."""

    antenna_id: U16
    index_min: U16
    index_max: U16


@parameter(141)
class GPIOCapabilities:
    """How many general-purpose inputs and outputs there are."""

    inputs: U16
    outputs: U16


@parameter(140)
class PerAntennaAirProtocol:
    """Which air protocols an antenna speaks; 1 is EPCglobal Class 1 Gen 2."""

    antenna_id: U16
    protocol_ids: U8s


@parameter(363, since=2)
class MaximumReceiveSensitivity:
    """The best sensitivity, in dBm, that the table's entries are counted from."""

    sensitivity_dbm: S16


@parameter(137)
class GeneralDeviceCapabilities:
    """What the device is and has; `manufacturer` is an IANA enterprise number."""

    max_antennas: U16
    can_set_antenna_properties: Flag
    has_utc_clock: Annotated[bool, Bits(1, reserved=14)]
    manufacturer: U32
    model: U32
    firmware_version: Text
    receive_sensitivities: Some[ReceiveSensitivityTableEntry]
    sensitivity_ranges: tuple[PerAntennaReceiveSensitivityRange, ...]
    gpio: GPIOCapabilities
    air_protocols: Some[PerAntennaAirProtocol]
    maximum_sensitivity: MaximumReceiveSensitivity | None = None


@parameter(142)
class LLRPCapabilities:
    """Which parts of LLRP the reader supports, and how many specs it takes."""

    can_do_rf_survey: Flag
    can_report_buffer_fill_warning: Flag
    supports_client_request_opspec: Flag
    can_do_tag_inventory_state_aware_singulation: Flag
    supports_event_and_report_holding: Flag
    max_priority_level: U8
    client_request_opspec_timeout_ms: U16
    max_rospecs: U32
    max_specs_per_rospec: U32
    max_inventory_parameter_specs_per_aispec: U32
    max_accessspecs: U32
    max_opspecs_per_accessspec: U32


@parameter(145)
class TransmitPowerLevelTableEntry:
    """A choice of transmit power, in 1/100 dBm."""

    index: U16
    transmit_power_cdbm: S16


@parameter(147)
class FrequencyHopTable:
    """A hopping sequence, in kHz."""

    hop_table_id: Annotated[int, Bits(8, reserved=8)]
    frequencies_khz: U32s


@parameter(148)
class FixedFrequencyTable:
    """Frequencies that a reader stays on, in kHz; channel indexes count from 1."""

    frequencies_khz: U32s


@parameter(146)
class FrequencyInformation:
    """How the reader uses its band."""

    hopping: Flag
    hop_tables: tuple[FrequencyHopTable, ...] = ()
    fixed_table: FixedFrequencyTable | None = None


@parameter(329)
class UHFC1G2RFModeTableEntry:
    """A modulation that can be chosen; rates in bit/s, Tari in ns."""

    mode_identifier: U32
    dr_64_3: Flag
    epc_hag_conformance: Flag
    m_value: U8
    forward_modulation: U8
    spectral_mask: U8
    bdr_bit_per_s: U32
    pie_x1000: U32
    min_tari_ns: U32
    max_tari_ns: U32
    step_tari_ns: U32


@parameter(328)
class UHFC1G2RFModeTable:
    """The modulations that can be chosen."""

    entries: Some[UHFC1G2RFModeTableEntry]


@parameter(144)
class UHFBandCapabilities:
    """Powers, frequencies and modulations of the UHF band."""

    transmit_powers: Some[TransmitPowerLevelTableEntry]
    frequency_information: FrequencyInformation
    rf_modes: Some[UHFC1G2RFModeTable]


@parameter(143)
class RegulatoryCapabilities:
    """What the law of a country lets the reader do; standard 2 is ETSI EN 302 208."""

    country_code: U16
    communications_standard: U16
    uhf_band: UHFBandCapabilities | None = None
    custom: tuple[CustomParameter, ...] = ()


@parameter(327)
class C1G2LLRPCapabilities:
    """Which Gen2 commands the reader supports."""

    can_support_block_erase: Flag
    can_support_block_write: Flag
    can_support_block_permalock: NewFlag
    can_support_recommissioning: NewFlag
    can_support_umi_method_2: NewFlag
    can_support_xpc: NewFlag
    max_select_filters_per_query: U16
