"""When faults are active, and how a schedule is read from a file."""

import math
from datetime import UTC, datetime

import pytest
from tagdock_simulators.faults.errors import ScheduleError
from tagdock_simulators.faults.kinds import KINDS, Kind, Place, Towards, kinds_table
from tagdock_simulators.faults.reading import MAX_FAULTS, read_schedule, schedule_for
from tagdock_simulators.faults.schedule import Fault, Schedule
from tagdock_simulators.faults.truth import fault_told


def times(schedule: Schedule, on: str, until_s: float) -> list[tuple[float, list[Kind]]]:
    """Walk a schedule as whoever acts on it does."""
    now_s: float | None = 0.0
    seen = []
    while now_s is not None and now_s <= until_s:
        seen.append((round(now_s, 6), [fault.kind for fault in schedule.active(on, now_s)]))
        now_s = schedule.next_change_s(now_s)
    return seen


def test_a_fault_lasts_from_its_time_for_its_span() -> None:
    schedule = Schedule((Fault(Kind.BLACK_HOLE, "a", 2.0, 3.0),))
    active = {time_s: bool(schedule.active("a", time_s)) for time_s in (0.0, 1.999, 2.0, 4.999, 5.0)}
    assert active == {0.0: False, 1.999: False, 2.0: True, 4.999: True, 5.0: False}
    assert times(schedule, "a", 100) == [(0, []), (2, [Kind.BLACK_HOLE]), (5, [])]


def test_a_momentary_fault_is_met_exactly_once() -> None:
    schedule = Schedule((Fault(Kind.CUT, "a", 0.3),))
    assert times(schedule, "a", 100) == [(0, []), (0.3, [Kind.CUT])]


@pytest.mark.parametrize("every_s", [0.1, 1 / 3, 7.7])
def test_a_fault_that_comes_again_is_met_each_time_whatever_the_rounding(every_s: float) -> None:
    schedule = Schedule((Fault(Kind.CUT, "a", 0.7, every_s=every_s),))
    cuts = [time_s for time_s, kinds in times(schedule, "a", 0.7 + every_s * 200.5) if kinds]
    assert cuts == [round(0.7 + turn * every_s, 6) for turn in range(201)]


def test_each_turn_tells_when_it_began() -> None:
    schedule = Schedule((Fault(Kind.MUTE, "a", 1.0, 2.0, every_s=10.0),))
    (fault,) = schedule.active("a", 22.5)
    assert (fault.at_s, fault.until_s) == (21.0, 23.0)


def test_a_fault_for_ever_has_no_end() -> None:
    schedule = Schedule((Fault(Kind.MUTE, "a", 1.0, math.inf),))
    assert times(schedule, "a", 1e9) == [(0, []), (1, [Kind.MUTE])]
    assert schedule.active("a", 1e8)


def test_faults_concern_their_name_or_everybody() -> None:
    schedule = Schedule((Fault(Kind.CUT, "a", 1.0), Fault(Kind.CLOSE, "*", 1.0)))
    assert [fault.kind for fault in schedule.active("a", 1.0)] == [Kind.CUT, Kind.CLOSE]
    assert [fault.kind for fault in schedule.active("b", 1.0)] == [Kind.CLOSE]


def test_chance_is_the_same_for_the_same_seed_and_other_for_another() -> None:
    fault = Fault(Kind.CUT, "a", 0.0, every_s=1.0, chance=0.3, number=1)
    drawn = [[bool(kinds) for _, kinds in times(Schedule((fault,), seed), "a", 999)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 250 <= sum(drawn[0]) <= 350


def test_turns_are_told_once_each_in_order() -> None:
    schedule = Schedule((Fault(Kind.MUTE, "a", 5.0, 10.0, number=1), Fault(Kind.CUT, "b", 1.0, every_s=3.0, number=2)))
    told = [(turn.at_s, turn.kind) for turn in schedule.turns(8.0)]
    assert told == [(1.0, Kind.CUT), (4.0, Kind.CUT), (5.0, Kind.MUTE), (7.0, Kind.CUT)]


def test_the_truth_of_a_fault_says_what_when_and_how_much() -> None:
    began_at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert fault_told(Fault(Kind.DELAY, "broker", 2.0, 3.0, 0.5, Towards.SERVER), began_at) == {
        "fault": "delay",
        "on": "broker",
        "at": "2026-01-05T08:00:02.000000Z",
        "until": "2026-01-05T08:00:05.000000Z",
        "amount": 0.5,
        "towards": "server",
    }
    assert fault_told(Fault(Kind.MUTE, "a", 0.0, math.inf), began_at)["until"] is None


GOOD = """
seed = 9
[[fault]]
kind = "cut_inside"
on = "dock-1"
at_s = 20
amount = 12
towards = "server"
every_s = 60.0
chance = 0.5
[[fault]]
kind = "burst"
on = "*"
at_s = 1.5
for_s = inf
"""


def test_a_schedule_is_read_with_its_defaults() -> None:
    cut = Fault(Kind.CUT_INSIDE, "dock-1", 20.0, 0.0, 12.0, Towards.SERVER, 60.0, 0.5, 1)
    burst = Fault(Kind.BURST, "*", 1.5, math.inf, 10.0, number=2)
    assert read_schedule(GOOD) == Schedule((cut, burst), 9)
    assert read_schedule(GOOD, seed=3).seed == 3
    assert read_schedule("") == Schedule()


def table(**keys: object) -> str:
    whole: dict[str, object] = {"kind": "'delay'", "on": "'a'", "at_s": 1, "for_s": 2, "amount": 0.1, **keys}
    return "[[fault]]\n" + "\n".join(f"{key} = {value}" for key, value in whole.items() if value is not None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[fault", "is no TOML"),
        ("seed = " + "[" * 100_000, "is no TOML"),
        ("seed = " + "1" * 5_000, "is no TOML"),
        ("x" + ".a" * 100_000 + " = 1", "a line has more than 4,096 characters"),  # else: minutes in the reader of TOML
        ("faults = 3", "faults is not known; seed and [[fault]] are"),
        ("seed = -1", "seed is -1; write a whole number"),
        ("seed = true", "seed is True"),
        ("fault = 3", "fault is no list of tables; write [[fault]]"),
        ("fault = [3]", "fault is no list of tables"),
        ("[fault]\nkind='cut'", "fault is no list of tables"),
        (table(kind=None), "fault 1: kind is needed, one of: cut, close, "),
        (table(kind="'cutt'"), "fault 1: kind = 'cutt' is not known; these are: cut, close, "),
        (table(kind="[1]"), "fault 1: kind = [1] is not known"),
        (table(after_s=1), "fault 1: after_s is not known; kind, on, at_s, "),
        (table(on=None), "fault 1: on is needed"),
        (table(on="''"), "fault 1: on is needed"),
        (table(on=3), "fault 1: on is needed"),
        (table(at_s=None), "fault 1: at_s is needed: seconds after the start"),
        (table(at_s=-1), "fault 1: at_s is -1; write a number from 0 to 1e+08"),
        (table(at_s="inf"), "fault 1: at_s is inf"),
        (table(at_s="nan"), "fault 1: at_s is nan"),
        (table(at_s="true"), "fault 1: at_s is True"),
        (table(for_s=None), "fault 1: for_s is needed: how long delay lasts"),
        (table(for_s=0), "fault 1: for_s is needed"),
        (table(kind="'cut'", amount=None), "fault 1: for_s makes no sense: cut happens in a moment"),
        (table(amount=None), "fault 1: amount is needed: how much later in s"),
        (table(amount=3601), "fault 1: amount is 3601; write a number from 0 to 3600"),
        (table(amount="'1'"), "fault 1: amount is '1'; write a number"),
        (table(kind="'black_hole'"), "fault 1: amount means nothing for black_hole; leave it out"),
        (table(kind="'burst'", amount=2.5), "fault 1: amount is no whole number; it says how often"),
        (table(towards="'up'"), "fault 1: towards is 'up'; client, server, both are possible"),
        (table(kind="'burst'", amount=3, towards="'client'"), "fault 1: towards means nothing for burst"),
        (table(kind="'half_open'", amount=None, towards="'both'"), "only client or server can be left in the dark"),
        (table(every_s=1), "fault 1: every_s is 1; write a number from 2 to"),
        (table(for_s="inf", every_s=3), "fault 1: every_s makes no sense with for_s = inf"),
        (table(chance=1.1), "fault 1: chance is 1.1; write a number from 0 to 1"),
        ("[[fault]]\n" * (MAX_FAULTS + 1), "has 1,001 faults; 1,000 at most"),
        ("#" * 1_100_000, "has more than 1,048,576 bytes"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_remedy(text: str, problem: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(text)
    assert any(problem in told for told in caught.value.problems), caught.value.problems


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(table(at_s=-1, chance=2) + "\n" + table(kind="'nope'"))
    assert [told.split(" ", 3)[:3] for told in caught.value.problems] == [
        ["fault", "1:", "at_s"],
        ["fault", "1:", "chance"],
        ["fault", "2:", "kind"],
    ]


def test_faults_of_others_are_left_out_with_a_word() -> None:
    schedule = read_schedule(table() + "\n" + table(on="'broker'") + "\n" + table(kind="'mute'", on="'*'", amount=None))
    here, left_out = schedule_for(schedule, {"a"}, [Place.WIRE])
    assert [fault.number for fault in here.faults] == [1]
    assert left_out == [
        "fault 2, on 'broker': nobody here has that name; a are here: left out",
        "fault 3, mute is done elsewhere (llrp, reader): left out",
    ]


def test_every_kind_has_a_meaning_and_a_row() -> None:
    assert set(KINDS) == set(Kind)
    rows = kinds_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_can_be_written(kind: Kind) -> None:
    meaning = KINDS[kind]
    least = None if meaning.amount is None else math.ceil(meaning.amount.least)
    text = table(kind=f"'{kind}'", for_s=2 if meaning.lasts else None, amount=least)
    (fault,) = read_schedule(text).faults
    assert fault.kind is kind
