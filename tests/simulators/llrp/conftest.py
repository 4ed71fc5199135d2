"""Examples of every message, a client that reads and writes raw frames, and sllurp as a client."""

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from tagdock_contract import InputChange, TagRead
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.accessspec import (
    AccessCommand,
    AccessReportSpec,
    AccessReportTrigger,
    AccessSpec,
    AccessSpecState,
    AccessSpecStopTrigger,
    AccessStopTrigger,
    C1G2BlockErase,
    C1G2BlockPermalock,
    C1G2BlockWrite,
    C1G2GetBlockPermalockStatus,
    C1G2Kill,
    C1G2Lock,
    C1G2LockPayload,
    C1G2Read,
    C1G2Recommission,
    C1G2TagSpec,
    C1G2TargetTag,
    C1G2Write,
    LockField,
    LockPrivilege,
)
from tagdock_simulators.llrp.capabilities import MaximumReceiveSensitivity
from tagdock_simulators.llrp.codec import decode_message, encode_message
from tagdock_simulators.llrp.config import (
    AntennaConfiguration,
    C1G2Filter,
    C1G2InventoryCommand,
    C1G2RFControl,
    C1G2SingulationControl,
    C1G2TagInventoryMask,
    C1G2TagInventoryStateAwareFilterAction,
    C1G2TagInventoryStateAwareSingulationAction,
    C1G2TagInventoryStateUnawareFilterAction,
    EventNotificationState,
    EventsAndReports,
    GPIPortCurrentState,
    KeepaliveSpec,
    KeepaliveTrigger,
    Notification,
    ReaderEventNotificationSpec,
    RFReceiver,
    RFTransmitter,
)
from tagdock_simulators.llrp.device import Device
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import (
    AISpecEvent,
    AntennaEvent,
    C1G2SingulationDetails,
    ConnectionAttempt,
    ConnectionAttemptEvent,
    ConnectionCloseEvent,
    GPIEvent,
    HoppingEvent,
    ReaderEventNotificationData,
    ReaderExceptionEvent,
    ReportBufferLevelWarningEvent,
    ReportBufferOverflowErrorEvent,
    ROSpecEvent,
    ROSpecEventType,
    SpecLoopEvent,
)
from tagdock_simulators.llrp.fields import BitString
from tagdock_simulators.llrp.impinj import (
    ImpinjEnableExtensions,
    ImpinjEnableExtensionsResponse,
    ImpinjEnableGPSCoordinates,
    ImpinjEnableOptimizedRead,
    ImpinjEnablePeakRSSI,
    ImpinjEnableRFDopplerFrequency,
    ImpinjEnableRFPhaseAngle,
    ImpinjEnableSerializedTID,
    ImpinjFixedFrequencyList,
    ImpinjInventorySearchMode,
    ImpinjLinkMonitorConfiguration,
    ImpinjLowDutyCycle,
    ImpinjPeakRSSI,
    ImpinjReducedPowerFrequencyList,
    ImpinjRequestedData,
    ImpinjRFDopplerFrequency,
    ImpinjRFPhaseAngle,
    ImpinjSaveSettings,
    ImpinjSaveSettingsResponse,
    ImpinjSerializedTID,
    ImpinjTagReportContentSelector,
    Mode,
    Requested,
)
from tagdock_simulators.llrp.opresults import (
    C1G2BlockEraseOpSpecResult,
    C1G2BlockPermalockOpSpecResult,
    C1G2BlockWriteOpSpecResult,
    C1G2GetBlockPermalockStatusOpSpecResult,
    C1G2KillOpSpecResult,
    C1G2LockOpSpecResult,
    C1G2ReadOpSpecResult,
    C1G2WriteOpSpecResult,
    KillResult,
    LockResult,
    PermalockStatusResult,
    ReadResult,
    WriteResult,
)
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import DEFAULT, PROFILES
from tagdock_simulators.llrp.profiles.generic import GENERIC
from tagdock_simulators.llrp.report import (
    EPC96,
    AccessSpecID,
    AntennaID,
    ChannelIndex,
    EPCData,
    FirstSeenTimestampUTC,
    LastSeenTimestampUTC,
    PeakRSSI,
    ROSpecID,
    TagReportData,
    TagSeenCount,
)
from tagdock_simulators.llrp.reporting import PLAIN, Reporting
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AISpecStopTrigger,
    AIStopTrigger,
    C1G2EPCMemorySelector,
    GPITriggerValue,
    InventoryParameterSpec,
    LoopSpec,
    PeriodicTriggerValue,
    ReportTrigger,
    ROBoundarySpec,
    ROReportSpec,
    ROSpec,
    ROSpecStartTrigger,
    ROSpecState,
    ROSpecStopTrigger,
    StartTrigger,
    StopTrigger,
    TagObservation,
    TagObservationTrigger,
    TagReportContentSelector,
)
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.llrp.settings import Settings
from tagdock_simulators.llrp.status import SUCCESS, LLRPStatus, status_of
from tagdock_simulators.llrp.stream import Framer
from tagdock_simulators.llrp.times import UTCTimestamp
from tagdock_simulators.llrp.vendor import VendorSettings, vendor_capabilities

AT_US = 1_767_600_000_000_000
OF_1_1 = "v11_"
"""So begins the name of an example that only LLRP 1.1 has."""
EVERYTHING = TagReportContentSelector(True, True, True, True, True, True, True, True, True, True)


def make_rospec(**changes: Any) -> ROSpec:
    """A ROSpec as the gateway sends it: starts at once, never stops by itself, reports each tag with all fields."""
    plain = ROSpec(
        1,
        0,
        ROSpecState.DISABLED,
        ROBoundarySpec(ROSpecStartTrigger(StartTrigger.IMMEDIATE), ROSpecStopTrigger(StopTrigger.NULL, 0)),
        (AISpec((0,), AISpecStopTrigger(AIStopTrigger.NULL, 0), (InventoryParameterSpec(1, 1),)),),
        ROReportSpec(ReportTrigger.N_TAGS_OR_END_OF_AISPEC, 1, EVERYTHING),
    )
    return dataclasses.replace(plain, **changes)


def _event(**event: Any) -> m.ReaderEventNotification:
    return m.ReaderEventNotification(ReaderEventNotificationData(UTCTimestamp(AT_US), **event))


def _rich_rospec() -> ROSpec:
    gpi = GPITriggerValue(2, True, 1500)
    command = C1G2InventoryCommand(
        False,
        (C1G2Filter(0, C1G2TagInventoryMask(1, 32, BitString(16, b"\x30\x30"))),),
        C1G2RFControl(2, 0),
        C1G2SingulationControl(2, 32, 10),
        (ImpinjInventorySearchMode(2),),
    )
    impinj = ImpinjTagReportContentSelector(
        phase=ImpinjEnableRFPhaseAngle(Mode.ON),
        peak_rssi=ImpinjEnablePeakRSSI(Mode.ON),
        doppler=ImpinjEnableRFDopplerFrequency(Mode.OFF),
    )
    seen = TagObservationTrigger(TagObservation.N_TAGS, 10, 0, 0, 500)
    return ROSpec(
        123,
        3,
        ROSpecState.INACTIVE,
        ROBoundarySpec(
            ROSpecStartTrigger(StartTrigger.PERIODIC, PeriodicTriggerValue(100, 5000, UTCTimestamp(AT_US))),
            ROSpecStopTrigger(StopTrigger.GPI_WITH_TIMEOUT, 0, gpi),
        ),
        (
            AISpec(
                (1, 2),
                AISpecStopTrigger(AIStopTrigger.TAG_OBSERVATION, 0, None, seen),
                (
                    InventoryParameterSpec(
                        7, 1, (AntennaConfiguration(1, RFReceiver(1), RFTransmitter(0, 1, 81), (command,)),)
                    ),
                ),
            ),
            AISpec((3,), AISpecStopTrigger(AIStopTrigger.DURATION, 250), (InventoryParameterSpec(8, 1),)),
        ),
        ROReportSpec(
            ReportTrigger.N_TAGS_OR_END_OF_ROSPEC,
            20,
            dataclasses.replace(EVERYTHING, epc_memory=(C1G2EPCMemorySelector(True, True),)),
            (impinj,),
        ),
    )


def _choosing_rospec() -> ROSpec:
    """Two antennas: one with filters that select, one with the client's own states."""
    sgtin, chip = (
        C1G2TagInventoryMask(1, 32, BitString(8, b"\x30")),
        C1G2TagInventoryMask(2, 0, BitString(16, b"\xe2\x80")),
    )
    select, reject = C1G2TagInventoryStateUnawareFilterAction(0), C1G2TagInventoryStateUnawareFilterAction(3)
    to_b = C1G2TagInventoryStateAwareFilterAction(3, 4)
    plain = C1G2InventoryCommand(False, (C1G2Filter(1, sgtin, None, select), C1G2Filter(1, chip, None, reject)))
    action = C1G2TagInventoryStateAwareSingulationAction(True, True)
    aware = C1G2InventoryCommand(True, (C1G2Filter(0, sgtin, to_b),), None, C1G2SingulationControl(2, 32, 0, action))
    antennas = (AntennaConfiguration(1, None, None, (plain,)), AntennaConfiguration(2, None, None, (aware,)))
    stop = AISpecStopTrigger(AIStopTrigger.NULL, 0)
    return make_rospec(specs=(AISpec((1, 2), stop, (InventoryParameterSpec(1, 1, antennas),)),))


def _tag(**more: Any) -> TagReportData:
    return TagReportData(EPC96(bytes.fromhex("3034257BF7194E4000001A85")), **more)


def _examples() -> dict[str, object]:
    profile = DEFAULT
    everything = m.GetReaderConfig(0, m.Setting.ALL, 0, 0)
    error = LlrpError(StatusCode.A_OUT_OF_RANGE, "powers are 1 to 81 of the table", (177, 183, 224), 2)
    full_tag = _tag(
        rospec_id=ROSpecID(1),
        antenna_id=AntennaID(2),
        peak_rssi=PeakRSSI(-52),
        channel_index=ChannelIndex(3),
        first_seen_utc=FirstSeenTimestampUTC(AT_US),
        last_seen_utc=LastSeenTimestampUTC(AT_US + 5),
        seen_count=TagSeenCount(1),
        custom=(ImpinjRFPhaseAngle(1404), ImpinjPeakRSSI(-5250), ImpinjRFDopplerFrequency(-24)),
    )
    long_tag = TagReportData(EPCData(BitString(128, bytes(range(16)))), antenna_id=AntennaID(1))
    events = {
        "connected": {"connection_attempt": ConnectionAttemptEvent(ConnectionAttempt.SUCCESS)},
        "refused": {"connection_attempt": ConnectionAttemptEvent(ConnectionAttempt.FAILED_CLIENT_INITIATED_EXISTS)},
        "another": {"connection_attempt": ConnectionAttemptEvent(ConnectionAttempt.ANOTHER_ATTEMPTED)},
        "closing": {"connection_close": ConnectionCloseEvent()},
        "gpi": {"gpi": GPIEvent(2, True)},
        "rospec_start": {"rospec": ROSpecEvent(ROSpecEventType.START, 1, 0)},
        "rospec_end": {"rospec": ROSpecEvent(ROSpecEventType.END, 1, 0)},
        "aispec_end": {"aispec": AISpecEvent(0, 1, 1)},
        "buffer_warning": {"buffer_warning": ReportBufferLevelWarningEvent(80)},
        "buffer_overflow": {"buffer_overflow": ReportBufferOverflowErrorEvent()},
        "antenna": {"antenna": AntennaEvent(0, 3)},
        "hopping": {"hopping": HoppingEvent(1, 4)},
        "exception": {"reader_exception": ReaderExceptionEvent("too hot: 80 °C")},
    }
    plain_answers = {
        name: response(SUCCESS)
        for name, response in (
            ("set_reader_config_response", m.SetReaderConfigResponse),
            ("close_connection_response", m.CloseConnectionResponse),
            ("add_rospec_response", m.AddROSpecResponse),
            ("delete_rospec_response", m.DeleteROSpecResponse),
            ("start_rospec_response", m.StartROSpecResponse),
            ("stop_rospec_response", m.StopROSpecResponse),
            ("enable_rospec_response", m.EnableROSpecResponse),
            ("disable_rospec_response", m.DisableROSpecResponse),
            ("delete_accessspec_response", m.DeleteAccessSpecResponse),
            ("enable_accessspec_response", m.EnableAccessSpecResponse),
            ("disable_accessspec_response", m.DisableAccessSpecResponse),
            ("get_accessspecs_response", m.GetAccessSpecsResponse),
            ("impinj_enable_extensions_response", ImpinjEnableExtensionsResponse),
        )
    }
    return {
        **{
            f"{OF_1_1 if each.max_version > 1 else ''}capabilities_{each.name}": m.GetReaderCapabilitiesResponse(
                SUCCESS,
                each.general(),
                each.llrp(),
                each.regulatory(),
                each.air_protocol(),
                each.vendor_capabilities,
            )
            for each in PROFILES.values()
        },
        "get_reader_config_response": Settings().shown(everything, profile, bytes(range(8)), frozenset({2})),
        "get_rospecs_response": m.GetROSpecsResponse(SUCCESS, (_rich_rospec(),)),
        "add_accessspec_response": m.AddAccessSpecResponse(status_of(error)),
        "error_message": m.ErrorMessage(status_of(error)),
        "keepalive": m.Keepalive(),
        "ro_access_report_plain": m.ROAccessReport((_tag(),)),
        "ro_access_report_full": m.ROAccessReport((full_tag, long_tag)),
        **plain_answers,
        **{f"event_{name}": _event(**event) for name, event in events.items()},
        # What a client sends.
        "get_reader_capabilities": m.GetReaderCapabilities(m.Capability.ALL),
        "get_reader_config": everything,
        "set_reader_config": m.SetReaderConfig(
            False,
            ReaderEventNotificationSpec((EventNotificationState(Notification.GPI, True),)),
            keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 5000),
            gpi_states=(GPIPortCurrentState(1, True, 2),),
            events_and_reports=EventsAndReports(True),
        ),
        "add_rospec": m.AddROSpec(_rich_rospec()),
        "add_rospec_filters": m.AddROSpec(_choosing_rospec()),
        "delete_rospec": m.DeleteROSpec(0),
        "enable_rospec": m.EnableROSpec(123),
        "keepalive_ack": m.KeepaliveAck(),
        "enable_events_and_reports": m.EnableEventsAndReports(),
        "impinj_enable_extensions": ImpinjEnableExtensions(),
        "close_connection": m.CloseConnection(),
    }


def make_access_spec(*ops: Any, **changes: Any) -> AccessSpec:
    """An AccessSpec for every tag, that never ends and reports with the ROReport."""
    everyone = C1G2TagSpec((C1G2TargetTag(1, True, 0, BitString(0, b""), BitString(0, b"")),))
    plain = AccessSpec(
        1,
        0,
        1,
        AccessSpecState.DISABLED,
        0,
        AccessSpecStopTrigger(AccessStopTrigger.NULL, 0),
        AccessCommand(everyone, ops or (C1G2Read(1, 0, 2, 0, 6),)),
        AccessReportSpec(AccessReportTrigger.WITH_ROREPORT),
    )
    return dataclasses.replace(plain, **changes)


def _rich_access_spec() -> AccessSpec:
    pattern = C1G2TargetTag(1, True, 32, BitString(16, b"\xff\xf0"), BitString(16, b"\x30\x30"))
    other = C1G2TargetTag(3, False, 0, BitString(0, b""), BitString(0, b""))
    ops = (
        C1G2Read(1, 0, 2, 0, 6),
        C1G2Write(2, 0xCAFE, 3, 4, (1, 2)),
        C1G2BlockWrite(3, 0, 3, 6, (3,)),
        C1G2BlockErase(4, 0, 3, 0, 2),
        C1G2Lock(5, 0xCAFE, (C1G2LockPayload(LockPrivilege.READ_WRITE, LockField.USER),)),
        C1G2Kill(6, 0xDEADBEEF),
    )
    return make_access_spec(
        access_spec_id=77,
        antenna_id=2,
        rospec_id=123,
        stop=AccessSpecStopTrigger(AccessStopTrigger.OPERATION_COUNT, 5),
        command=AccessCommand(C1G2TagSpec((pattern, other)), ops),
        report=AccessReportSpec(AccessReportTrigger.END_OF_ACCESSSPEC),
    )


def _access_examples() -> dict[str, object]:
    results = (
        C1G2ReadOpSpecResult(ReadResult.SUCCESS, 1, (0xE280, 0x1105)),
        C1G2WriteOpSpecResult(WriteResult.TAG_MEMORY_LOCKED_ERROR, 2, 1),
        C1G2BlockWriteOpSpecResult(WriteResult.SUCCESS, 3, 1),
        C1G2BlockEraseOpSpecResult(WriteResult.TAG_MEMORY_OVERRUN_ERROR, 4),
        C1G2LockOpSpecResult(LockResult.SUCCESS, 5),
        C1G2KillOpSpecResult(KillResult.ZERO_KILL_PASSWORD_ERROR, 6),
    )
    accessed = _tag(rospec_id=ROSpecID(123), access_spec_id=AccessSpecID(77), op_results=results)
    ended = AISpecEvent(0, 1, 1, C1G2SingulationDetails(7, 10))
    return {
        "add_accessspec": m.AddAccessSpec(_rich_access_spec()),
        "enable_accessspec": m.EnableAccessSpec(77),
        "disable_accessspec": m.DisableAccessSpec(77),
        "delete_accessspec": m.DeleteAccessSpec(0),
        "get_accessspecs": m.GetAccessSpecs(),
        "get_accessspecs_response_full": m.GetAccessSpecsResponse(SUCCESS, (_rich_access_spec(), make_access_spec())),
        "ro_access_report_results": m.ROAccessReport((accessed,)),
        "event_aispec_details": _event(aispec=ended),
        "event_rospec_preempted": _event(rospec=ROSpecEvent(ROSpecEventType.PREEMPTION, 1, 2)),
    }


def _impinj_examples() -> dict[str, object]:
    """Impinj's parameters, each in the message that carries it."""
    everything, on = Requested.ALL_CONFIGURATION, Mode.ON
    selector = ImpinjTagReportContentSelector(
        ImpinjEnableSerializedTID(on),
        ImpinjEnableRFPhaseAngle(on),
        ImpinjEnablePeakRSSI(on),
        ImpinjEnableGPSCoordinates(Mode.OFF),
        ImpinjEnableOptimizedRead(on, (C1G2Read(1, 0, 3, 0, 2),)),
        ImpinjEnableRFDopplerFrequency(on),
    )
    report = ROReportSpec(ReportTrigger.N_TAGS_OR_END_OF_ROSPEC, 1, EVERYTHING, (selector,))
    monitor = ImpinjLinkMonitorConfiguration(on, 3)
    low_power = (
        ImpinjInventorySearchMode(1),
        ImpinjFixedFrequencyList(2, (1, 3)),
        ImpinjReducedPowerFrequencyList(on, (4,)),
        ImpinjLowDutyCycle(on, 500, 200),
    )
    command = C1G2InventoryCommand(False, custom=low_power)
    settings = VendorSettings().changed_by((monitor,), DEFAULT).shown((ImpinjRequestedData(everything),), DEFAULT)
    capabilities = (ImpinjRequestedData(Requested.ALL_CAPABILITIES),)
    tid = ImpinjSerializedTID((0xE280, 0x1105, 0x2000, 0x1234, 0x5678, 0x9ABC))
    return {
        "impinj_save_settings": ImpinjSaveSettings(True),
        "impinj_save_settings_response": ImpinjSaveSettingsResponse(SUCCESS),
        "impinj_get_capabilities": m.GetReaderCapabilities(m.Capability.ALL, capabilities),
        "impinj_capabilities": m.GetReaderCapabilitiesResponse(
            SUCCESS, custom=vendor_capabilities(capabilities, DEFAULT, bytes(range(8)))
        ),
        "impinj_get_config": m.GetReaderConfig(0, m.Setting.IDENTIFICATION, 0, 0, (ImpinjRequestedData(everything),)),
        "impinj_config": m.GetReaderConfigResponse(SUCCESS, custom=settings),
        "impinj_set_config": m.SetReaderConfig(
            False,
            antenna_configurations=(AntennaConfiguration(0, inventory_commands=(command,)),),
            ro_report=report,
            custom=(monitor,),
        ),
        "impinj_report": m.ROAccessReport((_tag(custom=(tid, ImpinjRFPhaseAngle(7))),)),
    }


def _examples_of_1_1() -> dict[str, object]:
    everyone = make_access_spec().command.tag_spec
    ops = (
        C1G2Recommission(1, 0xDEADBEEF, bit_lsb=True),
        C1G2BlockPermalock(2, 0xCAFE, 3, 0, (0x4000,)),
        C1G2GetBlockPermalockStatus(3, 0, 3, 0, 1),
    )
    results = (
        C1G2ReadOpSpecResult(ReadResult.INCORRECT_PASSWORD_ERROR, 1),
        C1G2BlockPermalockOpSpecResult(LockResult.SUCCESS, 2),
        C1G2GetBlockPermalockStatusOpSpecResult(PermalockStatusResult.SUCCESS, 3, (0x4000,)),
    )
    loop = (*_rich_rospec().specs, LoopSpec(3))
    report = ROReportSpec(ReportTrigger.N_SECONDS_OR_END_OF_ROSPEC, 5, EVERYTHING)
    general = dataclasses.replace(GENERIC.general(), maximum_sensitivity=MaximumReceiveSensitivity(-82))
    blocks = dataclasses.replace(GENERIC.air_protocol(), can_support_block_permalock=True)
    return {
        "get_supported_version": m.GetSupportedVersion(),
        "get_supported_version_response": m.GetSupportedVersionResponse(1, 2, SUCCESS),
        "set_protocol_version": m.SetProtocolVersion(2),
        "set_protocol_version_response": m.SetProtocolVersionResponse(SUCCESS),
        "add_accessspec": m.AddAccessSpec(make_access_spec(command=AccessCommand(everyone, ops))),
        "add_rospec": m.AddROSpec(dataclasses.replace(_rich_rospec(), specs=loop, report=report)),
        "ro_access_report": m.ROAccessReport((_tag(op_results=results),)),
        "event_spec_loop": _event(spec_loop=SpecLoopEvent(1, 2)),
        "capabilities": m.GetReaderCapabilitiesResponse(SUCCESS, general, air_protocol=blocks),
        "error_message": m.ErrorMessage(LLRPStatus(StatusCode.M_UNEXPECTED_MESSAGE, "the version is settled once")),
    }


EXAMPLES: Mapping[str, object] = {
    **_examples(),
    **_access_examples(),
    **_impinj_examples(),
    **{f"{OF_1_1}{name}": message for name, message in _examples_of_1_1().items()},
}
FRAMES = {
    name: encode_message(message, 5, version=2 if name.startswith(OF_1_1) else 1) for name, message in EXAMPLES.items()
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `example_name` once for each example."""
    if "example_name" in metafunc.fixturenames:
        metafunc.parametrize("example_name", sorted(EXAMPLES))


@pytest.fixture
def example(example_name: str) -> object:
    return EXAMPLES[example_name]


@pytest.fixture
def frame(example_name: str) -> bytes:
    return FRAMES[example_name]


@pytest.fixture
def frames() -> Mapping[str, bytes]:
    """Every example as its bytes, in the version that has it."""
    return FRAMES


@pytest.fixture
def examples() -> Mapping[str, object]:
    return EXAMPLES


@pytest.fixture
def rospec() -> Callable[..., ROSpec]:
    return make_rospec


@pytest.fixture
def access_spec() -> Callable[..., AccessSpec]:
    return make_access_spec


@pytest.fixture
def everything() -> TagReportContentSelector:
    return EVERYTHING


def as_json(value: Any) -> Any:
    """Turn a message into what its golden JSON file says."""
    if isinstance(value, BitString):
        return {"bits": value.bits, "data": value.data.hex()}
    if dataclasses.is_dataclass(value):
        fields = {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {type(value).__name__: {name: inner for name, inner in fields.items() if inner not in (None, [])}}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    return [as_json(each) for each in value] if isinstance(value, tuple) else value


@pytest.fixture
def to_json() -> Callable[[Any], Any]:
    return as_json


@pytest.fixture(scope="session")
def golden() -> Path:
    return Path(__file__).parent.parent / "golden"


@pytest.fixture(scope="session")
def real_messages() -> Path:
    """The folder with messages of a real reader."""
    folder = Path(os.environ.get("TAGDOCK_TEST_DATA", "")) / "llrp_impinj"
    if not os.environ.get("TAGDOCK_TEST_DATA") or not folder.is_dir():
        pytest.skip("set TAGDOCK_TEST_DATA to the folder that holds llrp_impinj/")
    return folder


def make_read(**changes: Any) -> TagRead:
    plain = {
        "at": datetime(2026, 1, 5, 8, 0, 0, 123456, tzinfo=UTC),
        "reader": "dock-1",
        "antenna": 1,
        "epc": "3034257BF7194E4000001A85",
        "rssi_dbm": -52.5,
        "phase_deg": 123.4,
        "doppler_hz": -1.5,
        "channel": 3,
    }
    return TagRead(**(plain | changes))


@pytest.fixture
def read() -> Callable[..., TagRead]:
    return make_read


@pytest.fixture
def input_change() -> Callable[[int, bool], InputChange]:
    return lambda gpi, state: InputChange(datetime(2026, 1, 5, 8, tzinfo=UTC), "dock-1", gpi, state)


class Clerk:
    """A device with a client connected; asks it and decodes what it says. Time is in `now_us`."""

    def __init__(self, profile: Profile = DEFAULT, reporting: Reporting = PLAIN) -> None:
        self.switched_on_us = AT_US - 3_600_000_000
        self.device = Device(profile, bytes(8), self.switched_on_us, reporting)
        self.now_us = AT_US
        self.version = 1
        self.said(self.device.accept(self.now_us))

    def said(self, out: Any) -> list[Any]:
        """Decode what the reader says; all of it must be in the version that was settled."""
        return [decode_message(frame.data, self.version)[1] for frame in out]

    def ask(self, request: object) -> list[Any]:
        out = self.device.receive(encode_message(request, 77, self.version), self.now_us)
        said = self.said(out)
        if isinstance(request, m.SetProtocolVersion) and said[0].status == SUCCESS:
            self.version = request.version
        return said

    def feed(self, *records: Any) -> list[Any]:
        return [said for record in records for said in self.said(self.device.feed((record,), self.now_us))]

    def wait(self, ms: int) -> list[Any]:
        """Let time pass, ticking whenever the device wants to."""
        until, said = self.now_us + ms * 1000, []
        while (due := self.device.due_us) is not None and due <= until:
            self.now_us = max(self.now_us, due)
            said += self.said(self.device.tick(self.now_us))
        self.now_us = until
        return said

    def run(self, rospec: ROSpec) -> list[Any]:
        """Add and enable a ROSpec; both must be taken."""
        for request in (m.AddROSpec(rospec), m.EnableROSpec(rospec.rospec_id)):
            said = self.ask(request)
            assert said[-1].status == SUCCESS, said
        return said[:-1]


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
def clerk_of() -> type[Clerk]:
    """A clerk of any profile and reporting."""
    return Clerk


class RawClient:
    """A client on a socket that sends and gets whole messages."""

    def __init__(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.stream = stream
        self.writer = writer
        self._framer = Framer()
        self._waiting: list[bytes] = []

    async def get(self) -> Any:
        """Return the next message; raises EOFError when the reader hung up."""
        while not self._waiting:
            data = await asyncio.wait_for(self.stream.read(65536), 5)
            if not data:
                raise EOFError
            self._waiting += self._framer.feed(data)
        return decode_message(self._waiting.pop(0))[1]

    async def ask(self, request: object) -> Any:
        self.writer.write(encode_message(request, 77))
        return await self.get()

    async def inventory(self, rospec: ROSpec) -> None:
        """Add and enable a ROSpec."""
        assert (await self.ask(m.AddROSpec(rospec))).status == SUCCESS
        assert (await self.ask(m.EnableROSpec(rospec.rospec_id))).status == SUCCESS


@pytest.fixture
def raw_client() -> Callable[[int], Any]:
    @asynccontextmanager
    async def connect(port: int) -> AsyncIterator[RawClient]:
        stream, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield RawClient(stream, writer)
        finally:
            writer.close()
            with_errors = asyncio.gather(writer.wait_closed(), return_exceptions=True)
            await with_errors

    return connect


@pytest.fixture
def serving() -> Callable[..., Any]:
    @asynccontextmanager
    async def start(profile: Profile = DEFAULT, **how: Any) -> AsyncIterator[tuple[LlrpReader, int]]:
        reader = LlrpReader(profile, **how)
        port = await reader.start()
        try:
            yield reader, port
        finally:
            await reader.close()

    return start


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for something to become true."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        await asyncio.sleep(0.005)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return until


@pytest.fixture
def sllurp() -> Iterator[Callable[..., Any]]:
    """Start sllurp clients; they are hung up at the end."""
    from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig

    clients = []

    def start(port: int, *, rospec: dict[str, Any] | None = None, **config: Any) -> Any:
        client = LLRPReaderClient("127.0.0.1", port, LLRPReaderConfig({"antennas": [1, 2], **config}))
        client.llrp.rospec = rospec
        client.tags, client.events = [], []
        client.add_tag_report_callback(lambda _, tags: client.tags.extend(tags))
        client.add_event_callback(lambda _, event: client.events.append(event))
        clients.append(client)
        client.connect()
        return client

    yield start
    for client in clients:
        client.disconnect_requested.set()
        with suppress(AttributeError):  # sllurp's own thread may do it at the same moment, then None is closed
            client.hard_disconnect()
        client.join(30)
        assert not client.is_alive()
