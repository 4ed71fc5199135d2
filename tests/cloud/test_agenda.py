"""What is due next, and how long a failing duty waits."""

import itertools

import pytest
from tagdock_cloud.work.agenda import Agenda
from tagdock_cloud.work.complaints import FIRST_SILENCE_S, LONGEST_SILENCE_S, Complaints
from tagdock_cloud.work.duty import LONGEST_BACK_OFF_S, Duty, back_off_s


def duty(name: str) -> Duty:
    return Duty(name, 1.0, lambda connection: None)


def test_what_has_been_due_for_the_longest_goes_first() -> None:
    agenda = Agenda()
    for name, due_s in (("late", 30.0), ("first", 10.0), ("second", 20.0)):
        agenda.put(duty(name), due_s)
    assert [(taken := agenda.take(25.0)) and taken.name for _ in range(3)] == ["first", "second", None]
    assert agenda.wait_s(25.0, 60.0) == 5.0


def test_duties_due_at_once_are_taken_in_turn() -> None:
    agenda = Agenda([duty("a"), duty("b")], 0.0)
    order = []
    for _ in range(4):
        taken = agenda.take(0.0)
        assert taken is not None
        order.append(taken.name)
        agenda.put(taken, 0.0)
    assert order == ["a", "b", "a", "b"]


def test_an_empty_agenda_waits_as_long_as_it_may() -> None:
    assert Agenda().take(0.0) is None
    assert Agenda().wait_s(0.0, 7.0) == 7.0


@pytest.mark.parametrize(
    ("every_s", "failures", "longest_s"),
    [
        pytest.param(1.0, 1, 2.0, id="first"),
        pytest.param(1.0, 4, 16.0, id="doubled-each-time"),
        pytest.param(1.0, 5000, LONGEST_BACK_OFF_S, id="bounded"),
        pytest.param(86_400.0, 3, 86_400.0, id="never-beyond-what-is-usual"),
    ],
)
def test_a_failing_duty_waits_longer_each_time_with_jitter(every_s: float, failures: int, longest_s: float) -> None:
    waits = {back_off_s(every_s, failures) for _ in range(200)}
    assert min(waits) >= 0.5 * longest_s and max(waits) <= longest_s and len(waits) > 100


def test_a_failure_is_said_once_and_then_ever_more_rarely() -> None:
    complaints = Complaints()
    said = [at_s for at_s in range(20_000) if complaints.failed("x", "no table", float(at_s)) is not None]
    gaps = [after - before for before, after in itertools.pairwise(said)]
    assert said[0] == 0 and gaps[0] == FIRST_SILENCE_S and max(gaps) <= LONGEST_SILENCE_S
    assert gaps == sorted(gaps) and len(said) < 12


def test_another_kind_of_failure_is_said_at_once_and_recovery_forgets() -> None:
    complaints = Complaints()
    assert complaints.failed("x", "no table", 0.0) == 0
    assert complaints.failed("x", "no table", 1.0) is None
    assert complaints.failed("x", "no column", 2.0) == 0
    assert complaints.failed("y", "no column", 2.0) == 0
    assert complaints.went_well("x") and not complaints.went_well("x")
    assert complaints.failed("x", "no column", 3.0) == 0


def test_what_went_unsaid_is_counted() -> None:
    complaints = Complaints()
    for at_s in range(10):
        complaints.failed("x", "no table", float(at_s))
    assert complaints.failed("x", "no table", FIRST_SILENCE_S) == 9
