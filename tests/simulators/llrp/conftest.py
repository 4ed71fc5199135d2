"""Examples of every message, a client that reads and writes raw frames, and sllurp as a client."""

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from tagdock_contract import InputChange, TagRead
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import decode_message, encode_message
from tagdock_simulators.llrp.config import (
    AntennaConfiguration,
    C1G2Filter,
    C1G2InventoryCommand,
    C1G2RFControl,
    C1G2SingulationControl,
    C1G2TagInventoryMask,
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
)
from tagdock_simulators.llrp.fields import BitString
from tagdock_simulators.llrp.impinj import (
    ImpinjEnableExtensions,
    ImpinjEnableExtensionsResponse,
    ImpinjEnablePeakRSSI,
    ImpinjEnableRFDopplerFrequency,
    ImpinjEnableRFPhaseAngle,
    ImpinjInventorySearchMode,
    ImpinjPeakRSSI,
    ImpinjRFDopplerFrequency,
    ImpinjRFPhaseAngle,
    ImpinjTagReportContentSelector,
    Mode,
)
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.report import (
    EPC96,
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
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AISpecStopTrigger,
    AIStopTrigger,
    C1G2EPCMemorySelector,
    GPITriggerValue,
    InventoryParameterSpec,
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
from tagdock_simulators.llrp.status import SUCCESS, status_of
from tagdock_simulators.llrp.stream import Framer
from tagdock_simulators.llrp.times import UTCTimestamp

AT_US = 1_767_600_000_000_000
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


def _tag(**more: Any) -> TagReportData:
    return TagReportData(EPC96(bytes.fromhex("3034257BF7194E4000001A85")), **more)


def _examples() -> dict[str, object]:
    profile = Profile()
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
        "get_reader_capabilities_response": m.GetReaderCapabilitiesResponse(
            SUCCESS, profile.general(), profile.llrp(), profile.regulatory(), profile.air_protocol()
        ),
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
        "delete_rospec": m.DeleteROSpec(0),
        "enable_rospec": m.EnableROSpec(123),
        "keepalive_ack": m.KeepaliveAck(),
        "enable_events_and_reports": m.EnableEventsAndReports(),
        "impinj_enable_extensions": ImpinjEnableExtensions(),
        "close_connection": m.CloseConnection(),
    }


EXAMPLES: Mapping[str, object] = _examples()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `example_name` once for each example."""
    if "example_name" in metafunc.fixturenames:
        metafunc.parametrize("example_name", sorted(EXAMPLES))


@pytest.fixture
def example(example_name: str) -> object:
    return EXAMPLES[example_name]


@pytest.fixture
def examples() -> Mapping[str, object]:
    return EXAMPLES


@pytest.fixture
def rospec() -> Callable[..., ROSpec]:
    return make_rospec


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

    def __init__(self) -> None:
        self.device = Device(Profile(), bytes(8))
        self.now_us = AT_US
        self.said(self.device.accept(self.now_us))

    def said(self, out: Any) -> list[Any]:
        return [decode_message(frame.data)[1] for frame in out]

    def ask(self, request: object) -> list[Any]:
        return self.said(self.device.receive(encode_message(request, 77), self.now_us))

    def feed(self, *records: Any) -> list[Any]:
        return [said for record in records for said in self.said(self.device.feed(record, self.now_us))]

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
def serving() -> Callable[[], Any]:
    @asynccontextmanager
    async def start() -> AsyncIterator[tuple[LlrpReader, int]]:
        reader = LlrpReader()
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
        client.hard_disconnect()
        client.join(5)
        assert not client.is_alive()
