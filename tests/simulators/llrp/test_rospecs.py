"""Several ROSpecs: who goes first, who gives way, who comes back."""

from dataclasses import replace
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.config import (
    EventNotificationState,
    GPIPortCurrentState,
    Notification,
    ReaderEventNotificationSpec,
)
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.events import ROSpecEventType
from tagdock_simulators.llrp.profiles.generic import GENERIC
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AISpecStopTrigger,
    AIStopTrigger,
    GPITriggerValue,
    InventoryParameterSpec,
    LoopSpec,
    PeriodicTriggerValue,
    ReportTrigger,
    RFSurveySpec,
    RFSurveySpecStopTrigger,
    ROBoundarySpec,
    ROSpecStartTrigger,
    ROSpecState,
    ROSpecStopTrigger,
    StartTrigger,
    StopTrigger,
    SurveyStopTrigger,
    TagObservation,
    TagObservationTrigger,
)
from tagdock_simulators.llrp.status import SUCCESS

NEVER = ROSpecStopTrigger(StopTrigger.NULL, 0)
ON_DEMAND = ROBoundarySpec(ROSpecStartTrigger(StartTrigger.NULL), NEVER)
AFTER_100_MS = ROBoundarySpec(
    ROSpecStartTrigger(StartTrigger.PERIODIC, PeriodicTriggerValue(100, 0)), ROSpecStopTrigger(StopTrigger.DURATION, 50)
)
BY_INPUT = ROBoundarySpec(
    ROSpecStartTrigger(StartTrigger.GPI, None, GPITriggerValue(1, True, 0)),
    ROSpecStopTrigger(StopTrigger.GPI_WITH_TIMEOUT, 0, GPITriggerValue(1, False, 0)),
)
START, END, PREEMPTED = ROSpecEventType
PLAIN = (InventoryParameterSpec(1, 1),)


@pytest.fixture
def clerk(clerk_of: Any) -> Any:
    clerk = clerk_of(GENERIC)
    listen(clerk, Notification.ROSPEC)
    return clerk


def listen(clerk: Any, *events: Notification) -> None:
    states = tuple(EventNotificationState(event, True) for event in events)
    assert clerk.ask(m.SetReaderConfig(False, ReaderEventNotificationSpec(states)))[0].status == SUCCESS


def told(said: list[Any]) -> list[tuple[ROSpecEventType, int, int]]:
    events = [e.data.rospec for e in said if isinstance(e, m.ReaderEventNotification) and e.data.rospec]
    return [(event.event_type, event.rospec_id, event.preempting_rospec_id) for event in events]


def seen_by(said: list[Any]) -> list[int]:
    return [tag.rospec_id.rospec_id for each in said if isinstance(each, m.ROAccessReport) for tag in each.tags]


def states(clerk: Any) -> dict[int, ROSpecState]:
    return {rospec.rospec_id: rospec.state for rospec in clerk.ask(m.GetROSpecs())[0].rospecs}


class TestPriorities:
    def test_a_smaller_number_preempts_and_the_other_comes_back(self, clerk: Any, rospec: Any, read: Any) -> None:
        low, high = rospec(rospec_id=1, priority=3), rospec(rospec_id=2, priority=1, boundary=ON_DEMAND)
        clerk.run(low)
        clerk.run(high)
        assert seen_by(clerk.feed(read())) == [1]
        assert told(clerk.ask(m.StartROSpec(2))) == [(PREEMPTED, 1, 2), (START, 2, 0)]
        assert seen_by(clerk.feed(read())) == [2]
        assert states(clerk) == {1: ROSpecState.INACTIVE, 2: ROSpecState.ACTIVE}
        assert told(clerk.ask(m.StopROSpec(2))) == [(END, 2, 0), (START, 1, 0)]
        assert seen_by(clerk.feed(read())) == [1]

    def test_what_was_seen_is_reported_before_the_preemption_is_told(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec(priority=3, report=replace(rospec().report, n=0)))
        clerk.run(rospec(rospec_id=2, priority=1, boundary=ON_DEMAND))
        clerk.feed(read())
        report, preempted, *_ = clerk.ask(m.StartROSpec(2))
        assert len(report.tags) == 1
        assert told([preempted]) == [(PREEMPTED, 1, 2)]

    @pytest.mark.parametrize("priority", [3, 4], ids=["equal", "lower"])
    def test_who_does_not_stand_higher_waits_for_its_turn(
        self, priority: int, clerk: Any, rospec: Any, read: Any
    ) -> None:
        clerk.run(rospec(priority=3))
        clerk.run(rospec(rospec_id=2, priority=priority))
        assert seen_by(clerk.feed(read())) == [1]
        assert told(clerk.ask(m.DisableROSpec(1))) == [(END, 1, 0), (START, 2, 0)]
        assert seen_by(clerk.feed(read())) == [2]

    def test_the_highest_of_those_that_wait_is_next(self, clerk: Any, rospec: Any) -> None:
        for number, priority in ((1, 0), (2, 5), (3, 2), (4, 4)):
            clerk.run(rospec(rospec_id=number, priority=priority))
        started = [told(clerk.ask(m.DeleteROSpec(number)))[-1][1] for number in (1, 3, 4)]
        assert started == [3, 4, 2]

    def test_a_client_that_starts_what_has_to_wait_is_told_so(self, clerk: Any, rospec: Any) -> None:
        clerk.run(rospec(priority=1))
        clerk.run(rospec(rospec_id=2, priority=1, boundary=ON_DEMAND))
        (answer,) = clerk.ask(m.StartROSpec(2))
        assert answer.status.status_code is StatusCode.M_FIELD_ERROR
        assert states(clerk)[2] is ROSpecState.INACTIVE

    def test_a_timed_rospec_preempts_and_what_it_missed_is_not_made_up_for(self, clerk: Any, rospec: Any) -> None:
        clerk.run(rospec(priority=5))
        clerk.run(rospec(rospec_id=2, priority=1, boundary=AFTER_100_MS))
        assert told(clerk.wait(150)) == [(PREEMPTED, 1, 2), (START, 2, 0), (END, 2, 0), (START, 1, 0)]
        clerk.run(rospec(rospec_id=3, priority=6, boundary=AFTER_100_MS))
        assert told(clerk.wait(1000)) == []

    def test_an_input_starts_and_stops_the_higher_one(self, clerk: Any, rospec: Any, input_change: Any) -> None:
        clerk.ask(m.SetReaderConfig(False, gpi_states=(GPIPortCurrentState(1, True, 2),)))
        clerk.run(rospec(priority=5))
        clerk.run(rospec(rospec_id=2, priority=1, boundary=BY_INPUT))
        assert told(clerk.feed(input_change(1, True))) == [(PREEMPTED, 1, 2), (START, 2, 0)]
        assert told(clerk.feed(input_change(1, False))) == [(END, 2, 0), (START, 1, 0)]

    def test_a_stopped_one_stays_stopped(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec())
        clerk.ask(m.StopROSpec(1))
        assert clerk.feed(read()) == []
        assert clerk.wait(1000) == []


def test_a_survey_is_refused_by_name(clerk: Any, rospec: Any) -> None:
    survey = RFSurveySpec(1, 865_000, 868_000, RFSurveySpecStopTrigger(SurveyStopTrigger.DURATION, 100, 0))
    (answer,) = clerk.ask(m.AddROSpec(rospec(specs=(*rospec().specs, survey))))
    error = answer.status.parameter_error
    while error.parameter_error is not None:
        error = error.parameter_error
    assert (error.parameter_type, error.error_code) == (187, StatusCode.P_UNSUPPORTED_PARAMETER)


@pytest.mark.parametrize(
    ("specs", "code"),
    [((LoopSpec(2),), StatusCode.P_MISSING_PARAMETER), (None, StatusCode.P_UNEXPECTED_PARAMETER)],
    ids=["nothing to loop over", "not the last"],
)
def test_a_loop_in_the_wrong_place_is_refused(specs: Any, code: StatusCode, clerk: Any, rospec: Any) -> None:
    clerk = type(clerk)(GENERIC)
    clerk.ask(m.SetProtocolVersion(2))
    (answer,) = clerk.ask(m.AddROSpec(rospec(specs=specs or (LoopSpec(2), *rospec().specs))))
    error = answer.status.parameter_error
    assert code in (error.error_code, error.parameter_error and error.parameter_error.error_code)


class TestLoops:
    @pytest.fixture
    def clerk(self, clerk_of: Any) -> Any:
        clerk = clerk_of(GENERIC)
        clerk.ask(m.SetProtocolVersion(2))
        listen(clerk, Notification.ROSPEC, Notification.SPEC_LOOP)
        return clerk

    def looping(self, rospec: Any, count: int) -> Any:
        turn = AISpecStopTrigger(AIStopTrigger.DURATION, 100)
        specs = tuple(AISpec((antenna,), turn, PLAIN) for antenna in (1, 2))
        return rospec(specs=(*specs, LoopSpec(count)), boundary=ON_DEMAND)

    def loops(self, said: list[Any]) -> list[int]:
        return [
            e.data.spec_loop.loop_count for e in said if isinstance(e, m.ReaderEventNotification) and e.data.spec_loop
        ]

    def test_a_loop_is_done_so_many_times_and_tells(self, clerk: Any, rospec: Any) -> None:
        clerk.run(self.looping(rospec, 3))
        clerk.ask(m.StartROSpec(1))
        said = clerk.wait(1000)
        assert self.loops(said) == [1, 2, 3]
        assert told(said) == [(END, 1, 0)]

    def test_0_is_without_end(self, clerk: Any, rospec: Any) -> None:
        clerk.run(self.looping(rospec, 0))
        clerk.ask(m.StartROSpec(1))
        assert self.loops(clerk.wait(1000)) == [1, 2, 3, 4, 5]
        assert states(clerk) == {1: ROSpecState.ACTIVE}


@pytest.mark.parametrize(
    ("trigger", "n", "due_ms"),
    [(ReportTrigger.N_SECONDS_OR_END_OF_ROSPEC, 2, 2000), (ReportTrigger.N_MILLISECONDS_OR_END_OF_AISPEC, 300, 300)],
    ids=["seconds", "milliseconds"],
)
def test_reports_come_by_the_clock_in_1_1(
    trigger: ReportTrigger, n: int, due_ms: int, clerk_of: Any, rospec: Any, read: Any
) -> None:
    clerk = clerk_of(GENERIC)
    clerk.ask(m.SetProtocolVersion(2))
    clerk.run(rospec(report=replace(rospec().report, trigger=trigger, n=n)))
    clerk.feed(read(), read())
    assert clerk.wait(due_ms - 1) == []
    assert len(seen_by(clerk.wait(1))) == 2
    clerk.feed(read())
    assert len(seen_by(clerk.wait(due_ms))) == 1


OBSERVATIONS: dict[str, tuple[TagObservation, list[str], int]] = {
    "unique tags": (TagObservation.N_UNIQUE_TAGS, ["30", "30", "30", "31", "32"], 4),
    "tags": (TagObservation.N_TAGS, ["30", "30", "31"], 2),
    "attempts": (TagObservation.N_ATTEMPTS, ["30", "31", "30", "31", "30"], 5),
}


@pytest.mark.parametrize(("kind", "epcs", "over_after"), OBSERVATIONS.values(), ids=OBSERVATIONS.keys())
def test_an_aispec_is_over_when_enough_was_seen(
    kind: TagObservation, epcs: list[str], over_after: int, clerk_of: Any, rospec: Any, read: Any
) -> None:
    """An attempt is an inventory round; a tag that answers again has begun a new one."""
    clerk = clerk_of(GENERIC)
    clerk.ask(m.SetProtocolVersion(2))
    listen(clerk, Notification.AISPEC)
    waits = AISpecStopTrigger(AIStopTrigger.TAG_OBSERVATION, 0, None, TagObservationTrigger(kind, 2, 2, 0, 0))
    clerk.run(rospec(specs=(AISpec((0,), waits, PLAIN),)))
    ends = [
        any(isinstance(e, m.ReaderEventNotification) and e.data.aispec for e in clerk.feed(read(epc=epc * 12)))
        for epc in epcs
    ]
    assert ends.index(True) + 1 == over_after
