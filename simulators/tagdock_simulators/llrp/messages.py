"""The messages of LLRP 1.0.1 and 1.1 (chapter 16), named as the standard names them."""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.accessspec import AccessReportSpec, AccessSpec
from tagdock_simulators.llrp.capabilities import (
    C1G2LLRPCapabilities,
    GeneralDeviceCapabilities,
    LLRPCapabilities,
    RegulatoryCapabilities,
)
from tagdock_simulators.llrp.config import (
    AntennaConfiguration,
    AntennaProperties,
    EventsAndReports,
    GPIPortCurrentState,
    GPOWriteData,
    Identification,
    KeepaliveSpec,
    LLRPConfigurationStateValue,
    ReaderEventNotificationSpec,
)
from tagdock_simulators.llrp.events import ReaderEventNotificationData
from tagdock_simulators.llrp.fields import U8, U16, U32, Bits, Flag
from tagdock_simulators.llrp.impinj import (
    ImpinjEnableExtensions,
    ImpinjEnableExtensionsResponse,
    ImpinjSaveSettings,
    ImpinjSaveSettingsResponse,
)
from tagdock_simulators.llrp.report import TagReportData
from tagdock_simulators.llrp.rospec import ROReportSpec, ROSpec
from tagdock_simulators.llrp.schema import CustomParameter, message
from tagdock_simulators.llrp.status import LLRPStatus


class Capability(IntEnum):
    """What GET_READER_CAPABILITIES asks for."""

    ALL = 0
    GENERAL = 1
    LLRP = 2
    REGULATORY = 3
    AIR_PROTOCOL = 4


class Setting(IntEnum):
    """What GET_READER_CONFIG asks for."""

    ALL = 0
    IDENTIFICATION = 1
    ANTENNA_PROPERTIES = 2
    ANTENNA_CONFIGURATION = 3
    RO_REPORT_SPEC = 4
    EVENT_NOTIFICATION = 5
    ACCESS_REPORT_SPEC = 6
    STATE_VALUE = 7
    KEEPALIVE = 8
    GPI = 9
    GPO = 10
    EVENTS_AND_REPORTS = 11


@message(1)
class GetReaderCapabilities:
    """GET_READER_CAPABILITIES."""

    requested: Annotated[Capability, Bits(8)]
    custom: tuple[CustomParameter, ...] = ()


@message(11)
class GetReaderCapabilitiesResponse:
    """GET_READER_CAPABILITIES_RESPONSE."""

    status: LLRPStatus
    general: GeneralDeviceCapabilities | None = None
    llrp: LLRPCapabilities | None = None
    regulatory: RegulatoryCapabilities | None = None
    air_protocol: C1G2LLRPCapabilities | None = None
    custom: tuple[CustomParameter, ...] = ()


@message(2)
class GetReaderConfig:
    """GET_READER_CONFIG; antenna and port 0 mean all."""

    antenna_id: U16
    requested: Annotated[Setting, Bits(8)]
    gpi_port: U16
    gpo_port: U16
    custom: tuple[CustomParameter, ...] = ()


@message(12)
class GetReaderConfigResponse:
    """GET_READER_CONFIG_RESPONSE."""

    status: LLRPStatus
    identification: Identification | None = None
    antenna_properties: tuple[AntennaProperties, ...] = ()
    antenna_configurations: tuple[AntennaConfiguration, ...] = ()
    event_notification: ReaderEventNotificationSpec | None = None
    ro_report: ROReportSpec | None = None
    access_report: AccessReportSpec | None = None
    state_value: LLRPConfigurationStateValue | None = None
    keepalive: KeepaliveSpec | None = None
    gpi_states: tuple[GPIPortCurrentState, ...] = ()
    gpo: tuple[GPOWriteData, ...] = ()
    events_and_reports: EventsAndReports | None = None
    custom: tuple[CustomParameter, ...] = ()


@message(3)
class SetReaderConfig:
    """SET_READER_CONFIG; only what is given is changed, after a reset where it is asked for."""

    reset_to_factory_defaults: Flag
    event_notification: ReaderEventNotificationSpec | None = None
    antenna_properties: tuple[AntennaProperties, ...] = ()
    antenna_configurations: tuple[AntennaConfiguration, ...] = ()
    ro_report: ROReportSpec | None = None
    access_report: AccessReportSpec | None = None
    keepalive: KeepaliveSpec | None = None
    gpo: tuple[GPOWriteData, ...] = ()
    gpi_states: tuple[GPIPortCurrentState, ...] = ()
    events_and_reports: EventsAndReports | None = None
    custom: tuple[CustomParameter, ...] = ()


@message(13)
class SetReaderConfigResponse:
    """SET_READER_CONFIG_RESPONSE."""

    status: LLRPStatus


@message(14)
class CloseConnection:
    """CLOSE_CONNECTION."""


@message(4)
class CloseConnectionResponse:
    """CLOSE_CONNECTION_RESPONSE."""

    status: LLRPStatus


@message(20)
class AddROSpec:
    """ADD_ROSPEC."""

    rospec: ROSpec


@message(30)
class AddROSpecResponse:
    """ADD_ROSPEC_RESPONSE."""

    status: LLRPStatus


@message(21)
class DeleteROSpec:
    """DELETE_ROSPEC; 0 means all."""

    rospec_id: U32


@message(31)
class DeleteROSpecResponse:
    """DELETE_ROSPEC_RESPONSE."""

    status: LLRPStatus


@message(22)
class StartROSpec:
    """START_ROSPEC."""

    rospec_id: U32


@message(32)
class StartROSpecResponse:
    """START_ROSPEC_RESPONSE."""

    status: LLRPStatus


@message(23)
class StopROSpec:
    """STOP_ROSPEC."""

    rospec_id: U32


@message(33)
class StopROSpecResponse:
    """STOP_ROSPEC_RESPONSE."""

    status: LLRPStatus


@message(24)
class EnableROSpec:
    """ENABLE_ROSPEC; 0 means all."""

    rospec_id: U32


@message(34)
class EnableROSpecResponse:
    """ENABLE_ROSPEC_RESPONSE."""

    status: LLRPStatus


@message(25)
class DisableROSpec:
    """DISABLE_ROSPEC; 0 means all."""

    rospec_id: U32


@message(35)
class DisableROSpecResponse:
    """DISABLE_ROSPEC_RESPONSE."""

    status: LLRPStatus


@message(26)
class GetROSpecs:
    """GET_ROSPECS."""


@message(36)
class GetROSpecsResponse:
    """GET_ROSPECS_RESPONSE."""

    status: LLRPStatus
    rospecs: tuple[ROSpec, ...] = ()


@message(40)
class AddAccessSpec:
    """ADD_ACCESSSPEC."""

    access_spec: AccessSpec


@message(50)
class AddAccessSpecResponse:
    """ADD_ACCESSSPEC_RESPONSE."""

    status: LLRPStatus


@message(41)
class DeleteAccessSpec:
    """DELETE_ACCESSSPEC; 0 means all."""

    access_spec_id: U32


@message(51)
class DeleteAccessSpecResponse:
    """DELETE_ACCESSSPEC_RESPONSE."""

    status: LLRPStatus


@message(42)
class EnableAccessSpec:
    """ENABLE_ACCESSSPEC; 0 means all."""

    access_spec_id: U32


@message(52)
class EnableAccessSpecResponse:
    """ENABLE_ACCESSSPEC_RESPONSE."""

    status: LLRPStatus


@message(43)
class DisableAccessSpec:
    """DISABLE_ACCESSSPEC; 0 means all."""

    access_spec_id: U32


@message(53)
class DisableAccessSpecResponse:
    """DISABLE_ACCESSSPEC_RESPONSE."""

    status: LLRPStatus


@message(44)
class GetAccessSpecs:
    """GET_ACCESSSPECS."""


@message(54)
class GetAccessSpecsResponse:
    """GET_ACCESSSPECS_RESPONSE."""

    status: LLRPStatus
    access_specs: tuple[AccessSpec, ...] = ()


@message(46, since=2)
class GetSupportedVersion:
    """GET_SUPPORTED_VERSION."""


@message(56, since=2)
class GetSupportedVersionResponse:
    """GET_SUPPORTED_VERSION_RESPONSE; the version in use, and the highest that the reader speaks."""

    current: U8
    supported: U8
    status: LLRPStatus


@message(47, since=2)
class SetProtocolVersion:
    """SET_PROTOCOL_VERSION."""

    version: U8


@message(57, since=2)
class SetProtocolVersionResponse:
    """SET_PROTOCOL_VERSION_RESPONSE."""

    status: LLRPStatus


@message(60)
class GetReport:
    """GET_REPORT."""


@message(61)
class ROAccessReport:
    """RO_ACCESS_REPORT."""

    tags: tuple[TagReportData, ...] = ()
    custom: tuple[CustomParameter, ...] = ()


@message(62)
class Keepalive:
    """KEEPALIVE."""


@message(72)
class KeepaliveAck:
    """KEEPALIVE_ACK."""


@message(63)
class ReaderEventNotification:
    """READER_EVENT_NOTIFICATION."""

    data: ReaderEventNotificationData


@message(64)
class EnableEventsAndReports:
    """ENABLE_EVENTS_AND_REPORTS."""


@message(100)
class ErrorMessage:
    """ERROR_MESSAGE."""

    status: LLRPStatus


RESPONSES: dict[type, type] = {
    GetReaderCapabilities: GetReaderCapabilitiesResponse,
    GetReaderConfig: GetReaderConfigResponse,
    SetReaderConfig: SetReaderConfigResponse,
    CloseConnection: CloseConnectionResponse,
    AddROSpec: AddROSpecResponse,
    DeleteROSpec: DeleteROSpecResponse,
    StartROSpec: StartROSpecResponse,
    StopROSpec: StopROSpecResponse,
    EnableROSpec: EnableROSpecResponse,
    DisableROSpec: DisableROSpecResponse,
    GetROSpecs: GetROSpecsResponse,
    AddAccessSpec: AddAccessSpecResponse,
    DeleteAccessSpec: DeleteAccessSpecResponse,
    EnableAccessSpec: EnableAccessSpecResponse,
    DisableAccessSpec: DisableAccessSpecResponse,
    GetAccessSpecs: GetAccessSpecsResponse,
    SetProtocolVersion: SetProtocolVersionResponse,
    ImpinjEnableExtensions: ImpinjEnableExtensionsResponse,
    ImpinjSaveSettings: ImpinjSaveSettingsResponse,
}
"""Which message answers which; each answer starts with its status, and the rest may be left out."""
