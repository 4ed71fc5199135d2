"""The reader's own logic, without a network: what it answers, reports and refuses."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import HEADER_BYTES, decode_message, encode_message
from tagdock_simulators.llrp.config import (
    AntennaConfiguration,
    C1G2InventoryCommand,
    C1G2RFControl,
    EventNotificationState,
    EventsAndReports,
    GPIPortCurrentState,
    GPOWriteData,
    KeepaliveSpec,
    KeepaliveTrigger,
    Notification,
    ReaderEventNotificationSpec,
    RFTransmitter,
)
from tagdock_simulators.llrp.custom import Custom
from tagdock_simulators.llrp.device import Device
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.events import ConnectionAttempt, ROSpecEventType
from tagdock_simulators.llrp.impinj import ImpinjEnableExtensions, ImpinjTagReportContentSelector
from tagdock_simulators.llrp.pending import MAX_TAGS_PER_MESSAGE
from tagdock_simulators.llrp.profiles import FX9600
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AISpecStopTrigger,
    AIStopTrigger,
    GPITriggerValue,
    InventoryParameterSpec,
    PeriodicTriggerValue,
    ReportTrigger,
    ROBoundarySpec,
    ROReportSpec,
    ROSpecStartTrigger,
    ROSpecState,
    ROSpecStopTrigger,
    StartTrigger,
    StopTrigger,
    TagObservation,
    TagObservationTrigger,
)
from tagdock_simulators.llrp.states import Connection
from tagdock_simulators.llrp.status import FieldError, LLRPStatus

PLAIN_SPEC = (InventoryParameterSpec(1, 1),)
NEVER = ROSpecStopTrigger(StopTrigger.NULL, 0)


def listen(clerk: Any, *events: Notification) -> None:
    states = tuple(EventNotificationState(event, True) for event in events)
    clerk.ask(m.SetReaderConfig(False, ReaderEventNotificationSpec(states)))


def tags(said: list[Any]) -> list[int]:
    """How many tags each report has."""
    return [len(message.tags) for message in said if isinstance(message, m.ROAccessReport)]


def rospec_events(said: list[Any]) -> list[ROSpecEventType]:
    return [e.data.rospec.event_type for e in said if isinstance(e, m.ReaderEventNotification) and e.data.rospec]


class TestReports:
    @pytest.mark.parametrize(("n", "reports"), [(1, [1] * 7), (3, [3, 3]), (8, [])])
    def test_come_after_every_n_tags(self, n: int, reports: list[int], clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(report=replace(rospec().report, n=n)))
        assert tags(clerk.feed(*[read()] * 7)) == reports

    def test_come_only_at_the_end_when_n_is_0(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(report=replace(rospec().report, n=0)))
        assert tags(clerk.feed(*[read()] * 7)) == []
        assert tags(clerk.ask(m.StopROSpec(1))) == [7]

    def test_come_only_when_asked_for_without_a_trigger(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(report=replace(rospec().report, trigger=ReportTrigger.NONE)))
        assert tags(clerk.feed(*[read()] * 7)) == []
        assert tags(clerk.ask(m.GetReport())) == [7]

    def test_large_ones_go_out_in_parts(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(report=replace(rospec().report, n=0)))
        clerk.feed(*[read()] * (MAX_TAGS_PER_MESSAGE + 1))
        assert tags(clerk.ask(m.GetReport())) == [MAX_TAGS_PER_MESSAGE, 1]

    def test_have_only_the_antennas_of_the_aispec(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(specs=(AISpec((1, 3), AISpecStopTrigger(AIStopTrigger.NULL, 0), PLAIN_SPEC),)))
        said = clerk.feed(*(read(antenna=antenna) for antenna in (1, 2, 3, 4)))
        assert [message.tags[0].antenna_id.antenna_id for message in said] == [1, 3]

    def test_stop_with_the_rospec(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec())
        clerk.ask(m.DisableROSpec(1))
        assert clerk.feed(read()) == []

    def test_follow_the_readers_own_setting_where_the_rospec_has_none(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(report=None))
        (tag,) = clerk.feed(read())[0].tags
        assert tag.antenna_id is not None
        assert tag.channel_index is None

    def test_of_a_client_that_left_are_counted_as_lost(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec())
        clerk.device.lose()
        assert clerk.feed(read(), read()) == []
        assert (clerk.device.outbound.tags_reported, clerk.device.outbound.tags_lost) == (0, 2)


class TestLife:
    def test_starts_at_once_when_enabled_and_tells(self, clerk: Any, rospec: Any) -> None:
        listen(clerk, Notification.ROSPEC)
        assert rospec_events(clerk.run(rospec())) == [ROSpecEventType.START]
        assert rospec_events(clerk.ask(m.DisableROSpec(1))) == [ROSpecEventType.END]

    def test_waits_for_start_without_a_trigger(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(boundary=ROBoundarySpec(ROSpecStartTrigger(StartTrigger.NULL), NEVER)))
        assert clerk.feed(read()) == []
        clerk.ask(m.StartROSpec(1))
        assert tags(clerk.feed(read())) == [1]
        clerk.ask(m.StopROSpec(1))
        assert clerk.feed(read()) == []

    def test_starts_periodically_and_stops_by_duration(self, clerk: Any, rospec: Any, read: Any) -> None:
        listen(clerk, Notification.ROSPEC)
        start = ROSpecStartTrigger(StartTrigger.PERIODIC, PeriodicTriggerValue(100, 1000))
        clerk.run(rospec(boundary=ROBoundarySpec(start, ROSpecStopTrigger(StopTrigger.DURATION, 300))))
        assert rospec_events(clerk.wait(99)) == []
        assert rospec_events(clerk.wait(1)) == [ROSpecEventType.START]
        assert rospec_events(clerk.wait(300)) == [ROSpecEventType.END]
        assert rospec_events(clerk.wait(1000)) == [ROSpecEventType.START, ROSpecEventType.END]

    def test_starts_and_stops_by_inputs(self, clerk: Any, rospec: Any, read: Any, input_change: Any) -> None:
        clerk.ask(
            m.SetReaderConfig(False, gpi_states=(GPIPortCurrentState(1, True, 2), GPIPortCurrentState(2, True, 2)))
        )
        boundary = ROBoundarySpec(
            ROSpecStartTrigger(StartTrigger.GPI, None, GPITriggerValue(1, True, 0)),
            ROSpecStopTrigger(StopTrigger.GPI_WITH_TIMEOUT, 0, GPITriggerValue(2, False, 5000)),
        )
        clerk.run(rospec(boundary=boundary))
        assert tags(clerk.feed(read(), input_change(1, False), read(), input_change(1, True), read())) == [1]
        assert tags(clerk.feed(input_change(2, False), read())) == []
        clerk.feed(input_change(1, True))
        clerk.wait(5001)
        assert clerk.feed(read()) == []

    def test_an_aispec_that_waits_for_tags_starts_over(self, clerk: Any, rospec: Any, read: Any) -> None:
        listen(clerk, Notification.ROSPEC, Notification.AISPEC)
        waits = AISpecStopTrigger(
            AIStopTrigger.TAG_OBSERVATION, 0, None, TagObservationTrigger(TagObservation.N_TAGS, 2, 0, 0, 500)
        )
        clerk.run(rospec(specs=(AISpec((0,), waits, PLAIN_SPEC),), report=replace(rospec().report, n=0)))
        said = clerk.feed(read(), read(), read())
        assert tags(said) == [2]
        assert rospec_events(said) == [ROSpecEventType.END, ROSpecEventType.START]
        assert tags(clerk.wait(500)) == [1]

    def test_an_aispec_ends_when_no_new_tags_come(self, clerk: Any, rospec: Any, read: Any) -> None:
        quiet = TagObservationTrigger(TagObservation.NO_NEW_TAGS, 0, 0, 200, 0)
        waits = AISpecStopTrigger(AIStopTrigger.TAG_OBSERVATION, 0, None, quiet)
        clerk.run(rospec(specs=(AISpec((0,), waits, PLAIN_SPEC),), report=replace(rospec().report, n=0)))
        clerk.feed(read())
        clerk.wait(150)
        clerk.feed(read(epc="30" * 12))
        assert tags(clerk.wait(199)) == []
        clerk.feed(read())
        assert tags(clerk.wait(1)) == [3]

    def test_aispecs_take_turns(self, clerk: Any, rospec: Any, read: Any) -> None:
        turn = AISpecStopTrigger(AIStopTrigger.DURATION, 100)
        specs = tuple(AISpec((antenna,), turn, PLAIN_SPEC) for antenna in (1, 2))
        clerk.run(rospec(specs=specs))
        seen = []
        for _ in range(4):
            said = clerk.feed(read(antenna=1), read(antenna=2))
            seen += [(tag.antenna_id.antenna_id, tag.spec_index.index) for message in said for tag in message.tags]
            clerk.wait(100)
        assert seen == [(1, 1), (2, 2), (1, 1), (2, 2)]

    def test_a_long_sleep_makes_no_storm(self, clerk: Any, rospec: Any) -> None:
        listen(clerk, Notification.AISPEC)
        clerk.run(rospec(specs=(AISpec((0,), AISpecStopTrigger(AIStopTrigger.DURATION, 1), PLAIN_SPEC),)))
        clerk.now_us += 3_600_000_000
        assert len(clerk.said(clerk.device.tick(clerk.now_us))) <= 2
        assert clerk.device.due_us > clerk.now_us

    def test_get_rospecs_shows_the_present_state(self, clerk: Any, rospec: Any) -> None:
        clerk.ask(m.AddROSpec(rospec()))
        (answer,) = clerk.ask(m.GetROSpecs())
        assert answer.rospecs == (rospec(),)
        clerk.ask(m.EnableROSpec(1))
        (answer,) = clerk.ask(m.GetROSpecs())
        assert answer.rospecs == (rospec(state=ROSpecState.ACTIVE),)

    def test_outlives_the_connection(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec())
        clerk.device.lose()
        clerk.device.accept(clerk.now_us)
        assert tags(clerk.feed(read())) == [1]


def wait_for(trigger: GPITriggerValue | None) -> dict[str, Any]:
    return {"boundary": ROBoundarySpec(ROSpecStartTrigger(StartTrigger.GPI, None, trigger), NEVER)}


def on_antennas(*antennas: int) -> dict[str, Any]:
    return {"specs": (AISpec(antennas, AISpecStopTrigger(AIStopTrigger.NULL, 0), PLAIN_SPEC),)}


def with_antenna(configuration: AntennaConfiguration) -> dict[str, Any]:
    inventory = (InventoryParameterSpec(1, 1, (configuration,)),)
    return {"specs": (AISpec((1,), AISpecStopTrigger(AIStopTrigger.NULL, 0), inventory),)}


def sending(channel: int, power: int) -> dict[str, Any]:
    return with_antenna(AntennaConfiguration(1, None, RFTransmitter(0, channel, power)))


def modulating(mode: int) -> dict[str, Any]:
    command = C1G2InventoryCommand(False, (), C1G2RFControl(mode, 0))
    return with_antenna(AntennaConfiguration(1, None, None, (command,)))


def stopping(kind: AIStopTrigger, seen: TagObservationTrigger | None = None) -> dict[str, Any]:
    return {"specs": (AISpec((1,), AISpecStopTrigger(kind, 0, None, seen), PLAIN_SPEC),)}


NO_TAGS = TagObservationTrigger(TagObservation.N_TAGS, 0, 0, 0, 0)
NO_PERIOD = {"boundary": ROBoundarySpec(ROSpecStartTrigger(StartTrigger.PERIODIC), NEVER)}
CANNOT_BE_DONE: dict[str, tuple[dict[str, Any], str]] = {
    "id": ({"rospec_id": 0}, "must not be 0"),
    "priority": ({"priority": 2}, "up to 1"),
    "state": ({"state": ROSpecState.INACTIVE}, "state Disabled"),
    "antenna": (on_antennas(5), "1 to 4"),
    "antenna 0 and 1": (on_antennas(0, 1), "0 alone"),
    "no antenna": (on_antennas(), "1 to 4"),
    "channel": (sending(5, 1), "channels are 1 to 4"),
    "power": (sending(1, 82), "powers are 1 to 81"),
    "mode": (modulating(9), "modes are 0, 1, 2, 3"),
    "duration 0": (stopping(AIStopTrigger.DURATION), "1 ms at least"),
    "no observation": (stopping(AIStopTrigger.TAG_OBSERVATION), "needs its TagObservationTrigger"),
    "0 tags": (stopping(AIStopTrigger.TAG_OBSERVATION, NO_TAGS), "1 tag at least"),
    "no input": (stopping(AIStopTrigger.GPI_WITH_TIMEOUT), "needs its GPITriggerValue"),
    "input": (wait_for(GPITriggerValue(5, True, 0)), "inputs are 1 to 4"),
    "no start input": (wait_for(None), "needs its GPITriggerValue"),
    "no period": (NO_PERIOD, "needs its period"),
}
ROSPEC = 177
WAYS: dict[str, tuple[dict[str, Any], tuple[int, ...], int]] = {
    "priority": ({"priority": 2}, (ROSPEC,), 1),
    "start input": (wait_for(GPITriggerValue(5, True, 0)), (ROSPEC, 178, 179, 181), 0),
    "tags": (stopping(AIStopTrigger.TAG_OBSERVATION, NO_TAGS), (ROSPEC, 183, 184, 185), 1),
    "power": (sending(1, 82), (ROSPEC, 183, 186, 222, 224), 2),
    "mode": (modulating(9), (ROSPEC, 183, 186, 222, 330, 335), 0),
}


def blamed(status: LLRPStatus) -> tuple[tuple[int, ...], Any]:
    """The way to the parameter that is wrong, and what the status says of it."""
    way, wrong = [], status.parameter_error
    while wrong is not None:
        way.append(wrong.parameter_type)
        if wrong.parameter_error is None:
            break
        wrong = wrong.parameter_error
    return tuple(way), wrong


NOT_THERE: list[Any] = [
    *(request(9) for request in (m.EnableROSpec, m.DisableROSpec, m.StartROSpec, m.StopROSpec, m.DeleteROSpec)),
    *(request(0) for request in (m.StartROSpec, m.StopROSpec)),
    *(request(9) for request in (m.EnableAccessSpec, m.DisableAccessSpec, m.DeleteAccessSpec)),
]


class TestRefusals:
    @pytest.mark.parametrize(("changes", "reason"), CANNOT_BE_DONE.values(), ids=CANNOT_BE_DONE.keys())
    def test_a_rospec_that_cannot_be_done(self, changes: dict[str, Any], reason: str, clerk: Any, rospec: Any) -> None:
        (answer,) = clerk.ask(m.AddROSpec(rospec(**changes)))
        assert answer.status.status_code is StatusCode.M_PARAMETER_ERROR
        assert reason in answer.status.error_description
        way, wrong = blamed(answer.status)
        assert way[0] == ROSPEC
        assert wrong.field_error.error_code is StatusCode.A_OUT_OF_RANGE
        assert clerk.ask(m.GetROSpecs())[0].rospecs == ()

    @pytest.mark.parametrize("unknown", NOT_THERE, ids=repr)
    def test_what_is_not_there(self, unknown: object, clerk: Any) -> None:
        (answer,) = clerk.ask(unknown)
        assert type(answer) is m.RESPONSES[type(unknown)]
        assert answer.status.status_code is StatusCode.M_FIELD_ERROR
        assert answer.status.field_error == FieldError(0, StatusCode.A_INVALID)

    @pytest.mark.parametrize(("changes", "way", "field"), WAYS.values(), ids=WAYS.keys())
    def test_the_way_to_what_is_wrong(
        self, changes: dict[str, Any], way: tuple[int, ...], field: int, clerk: Any, rospec: Any
    ) -> None:
        (answer,) = clerk.ask(m.AddROSpec(rospec(**changes)))
        found, wrong = blamed(answer.status)
        assert (found, wrong.field_error.field_number) == (way, field)

    def test_a_start_of_what_is_disabled(self, clerk: Any, rospec: Any) -> None:
        clerk.ask(m.AddROSpec(rospec()))
        (answer,) = clerk.ask(m.StartROSpec(1))
        assert "is disabled: start is not possible" in answer.status.error_description

    def test_the_same_rospec_twice_and_one_too_many(self, clerk: Any, rospec: Any) -> None:
        clerk.ask(m.AddROSpec(rospec()))
        way, wrong = blamed(clerk.ask(m.AddROSpec(rospec()))[0].status)
        assert (way, wrong.field_error) == ((ROSPEC,), FieldError(0, StatusCode.A_INVALID))
        (answer,) = clerk.ask(m.AddROSpec(rospec(rospec_id=2)))
        assert answer.status.status_code is StatusCode.M_OVERFLOW_PARAMETER

    def test_a_message_that_only_readers_send(self, clerk: Any) -> None:
        (answer,) = clerk.ask(m.Keepalive())
        assert isinstance(answer, m.ErrorMessage)
        assert answer.status.status_code is StatusCode.M_UNSUPPORTED_MESSAGE

    def test_impinjs_parameters_before_they_are_enabled(self, clerk: Any, rospec: Any) -> None:
        report = replace(rospec().report, custom=(ImpinjTagReportContentSelector(),))
        (answer,) = clerk.ask(m.AddROSpec(rospec(report=report)))
        assert "IMPINJ_ENABLE_EXTENSIONS first" in answer.status.error_description
        clerk.ask(ImpinjEnableExtensions())
        assert clerk.ask(m.AddROSpec(rospec(report=report)))[0].status.status_code is StatusCode.M_SUCCESS

    def test_impinjs_parameters_on_a_reader_of_another_make(self) -> None:
        device = Device(FX9600, bytes(8))
        device.accept(0)
        (answer,) = device.receive(encode_message(ImpinjEnableExtensions(), 1), 0)
        assert decode_message(answer.data)[1].status.status_code is StatusCode.M_UNSUPPORTED_MESSAGE

    def test_a_vendors_parameter_that_is_not_known(self, clerk: Any, rospec: Any) -> None:
        report = replace(rospec().report, custom=(Custom(9999, 1, b""),))
        (answer,) = clerk.ask(m.AddROSpec(rospec(report=report)))
        way, wrong = blamed(answer.status)
        assert (way, wrong.error_code) == ((ROSPEC, 237, 1023), StatusCode.P_UNKNOWN_PARAMETER)

    def test_a_broken_request_is_answered_by_its_own_response(self, clerk: Any) -> None:
        frame = bytearray(encode_message(m.EnableROSpec(1), 77))[:-1]
        frame[2:6] = len(frame).to_bytes(4, "big")
        (answer,) = clerk.said(clerk.device.receive(bytes(frame), clerk.now_us))
        assert isinstance(answer, m.EnableROSpecResponse)
        assert answer.status.status_code is StatusCode.M_PARAMETER_ERROR

    def test_another_version(self, clerk: Any) -> None:
        frame = bytearray(encode_message(m.GetROSpecs(), 77))
        frame[0] = 2 << 2
        (answer,) = clerk.said(clerk.device.receive(bytes(frame), clerk.now_us))
        assert isinstance(answer, m.ErrorMessage)
        assert answer.status.status_code is StatusCode.M_UNSUPPORTED_VERSION

    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=st.binary(max_size=60), number=st.integers(0, 1023))
    def test_noise_never_breaks_it(self, body: bytes, number: int, clerk: Any) -> None:
        if clerk.device.outbound.connection is Connection.CLOSING:
            clerk.device.lose()
            clerk.device.accept(clerk.now_us)
        frame = (1 << 10 | number).to_bytes(2, "big") + (HEADER_BYTES + len(body)).to_bytes(4, "big") + bytes(4) + body
        for answer in clerk.said(clerk.device.receive(frame, clerk.now_us)):
            assert hasattr(answer, "status") or isinstance(answer, m.ReaderEventNotification)


class TestSettings:
    def test_keepalives_come_as_often_as_asked(self, clerk: Any) -> None:
        clerk.ask(m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 1000)))
        assert [type(said) for said in clerk.wait(3500)] == [m.Keepalive] * 3
        assert clerk.ask(m.KeepaliveAck()) == []
        clerk.ask(m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.NEVER, 0)))
        assert clerk.wait(5000) == []

    def test_what_is_set_is_shown(self, clerk: Any) -> None:
        before = clerk.ask(m.GetReaderConfig(0, m.Setting.ALL, 0, 0))[0]
        clerk.ask(
            m.SetReaderConfig(
                False,
                ReaderEventNotificationSpec((EventNotificationState(Notification.GPI, True),)),
                gpi_states=(GPIPortCurrentState(2, True, 2),),
                gpo=(GPOWriteData(3, True),),
                events_and_reports=EventsAndReports(True),
            )
        )
        after = clerk.ask(m.GetReaderConfig(0, m.Setting.ALL, 0, 0))[0]
        assert EventNotificationState(Notification.GPI, True) in after.event_notification.states
        assert [gpi.port for gpi in after.gpi_states if gpi.enabled] == [2]
        assert [gpo.port for gpo in after.gpo if gpo.data] == [3]
        assert after.events_and_reports == EventsAndReports(True)
        assert after.state_value.value == before.state_value.value + 1

    def test_only_what_is_asked_for_is_shown(self, clerk: Any) -> None:
        (answer,) = clerk.ask(m.GetReaderConfig(2, m.Setting.ANTENNA_PROPERTIES, 0, 0))
        assert [each.antenna_id for each in answer.antenna_properties] == [2]
        assert answer.keepalive is None
        (answer,) = clerk.ask(m.GetReaderCapabilities(m.Capability.LLRP))
        assert (answer.general, answer.regulatory) == (None, None)
        assert answer.llrp is not None

    def test_ports_that_are_not_there_are_refused(self, clerk: Any) -> None:
        (answer,) = clerk.ask(m.GetReaderConfig(9, m.Setting.ALL, 0, 0))
        assert answer.status.field_error.error_code is StatusCode.A_OUT_OF_RANGE
        (answer,) = clerk.ask(m.SetReaderConfig(False, gpi_states=(GPIPortCurrentState(9, True, 2),)))
        assert "no input 9" in answer.status.error_description

    def test_a_reset_forgets_everything(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.ask(m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 10)))
        clerk.run(rospec())
        clerk.ask(m.SetReaderConfig(True))
        assert clerk.ask(m.GetROSpecs())[0].rospecs == ()
        assert clerk.wait(1000) == []
        assert clerk.feed(read()) == []

    @pytest.mark.parametrize("port_on", [True, False], ids=["port on", "port off"])
    @pytest.mark.parametrize("asked", [True, False], ids=["asked for", "not asked for"])
    def test_inputs_are_told_when_port_and_event_are_on(
        self, port_on: bool, asked: bool, clerk: Any, input_change: Any
    ) -> None:
        if asked:
            listen(clerk, Notification.GPI)
        clerk.ask(m.SetReaderConfig(False, gpi_states=(GPIPortCurrentState(1, port_on, 2),)))
        said = clerk.feed(input_change(1, True))
        assert len(said) == (port_on and asked)
        states = clerk.ask(m.GetReaderConfig(0, m.Setting.GPI, 1, 0))[0].gpi_states
        assert states[0].state == port_on


def test_close_is_answered_and_ends_the_connection(clerk: Any) -> None:
    (answer,) = clerk.ask(m.CloseConnection())
    assert isinstance(answer, m.CloseConnectionResponse)
    assert clerk.device.outbound.connection is Connection.CLOSING


def test_a_second_client_is_refused_and_the_first_one_told(clerk: Any) -> None:
    refusal, notice = (clerk.said(out) for out in clerk.device.refuse(clerk.now_us))
    assert refusal[0].data.connection_attempt.status is ConnectionAttempt.FAILED_CLIENT_INITIATED_EXISTS
    assert notice[0].data.connection_attempt.status is ConnectionAttempt.ANOTHER_ATTEMPTED


def test_overflow_is_told_once_when_there_is_room_again(clerk: Any) -> None:
    clerk.device.dropped(5)
    clerk.device.dropped(2)
    assert [said.data.buffer_overflow is not None for said in clerk.said(clerk.device.room_again(clerk.now_us))] == [
        True
    ]
    assert clerk.device.room_again(clerk.now_us) == []
    assert clerk.device.outbound.tags_lost == 7


def test_a_report_of_a_foreign_trigger_uses_the_given_report_spec(clerk: Any, rospec: Any, everything: Any) -> None:
    clerk.ask(m.SetReaderConfig(False, ro_report=ROReportSpec(ReportTrigger.NONE, 0, everything)))
    assert clerk.ask(m.GetReaderConfig(0, m.Setting.RO_REPORT_SPEC, 0, 0))[0].ro_report.trigger is ReportTrigger.NONE
