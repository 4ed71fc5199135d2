"""Who gets which task: fair, to nobody who may not do it, and the same whatever the order."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tagdock_cloud.tasks.ending import check_endable
from tagdock_cloud.tasks.records import DoneBody
from tagdock_cloud.tasks.rules import HAND, Person, Waiting, deal, excluded
from tagdock_cloud.web.problems import Problem

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
SITES, ROLES = ("s1", "s2"), ("operator", "inspector")

people_ = some.lists(
    some.builds(
        Person,
        some.sampled_from([f"user:{name}" for name in "abcdef"]),
        some.sampled_from(SITES),
        some.sampled_from(ROLES),
        some.integers(0, HAND + 2),
        some.none() | some.integers(0, 9).map(lambda n: NOW - timedelta(minutes=n)),
    ),
    unique_by=lambda one: one.person,
    max_size=6,
)
tasks_ = some.lists(
    some.builds(
        Waiting,
        some.integers(0, 99).map(str),
        some.sampled_from(SITES),
        some.sampled_from(ROLES),
        some.integers(1, 5),
        some.none() | some.integers(-5, 5).map(lambda n: NOW + timedelta(hours=n)),
        some.integers(0, 9).map(lambda n: NOW - timedelta(hours=n)),
        some.dictionaries(
            some.sampled_from([f"user:{name}" for name in "abcdef"]), some.just("gave_it_back"), max_size=2
        ),
    ),
    unique_by=lambda one: one.task_id,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(tasks_, people_, some.randoms())
def test_tasks_go_to_who_may_do_them_and_has_least_and_none_waits_beside_a_free_person(
    tasks: list[Waiting], people: list[Person], dice: random.Random
) -> None:
    dealt = deal(tasks, people, NOW)
    by_id, hands = {one.task_id: one for one in tasks}, {one.person: one for one in people}
    open_tasks = {one.person: one.open_tasks for one in people}
    assert len({one.task_id for one in dealt}) == len(dealt)

    def may(person: str, task: Waiting) -> bool:
        hand = hands[person]
        fits = (hand.site, hand.role) == (task.site, task.role) and person not in task.not_for
        return fits and open_tasks[person] < HAND

    for one in dealt:
        task = by_id[one.task_id]
        assert may(one.person, task)
        assert all(open_tasks[one.person] <= open_tasks[other] for other in hands if may(other, task))
        assert one.why["open_tasks"] == open_tasks[one.person]
        open_tasks[one.person] += 1
    left = [task for task in tasks if task.task_id not in {one.task_id for one in dealt}]
    assert not any(may(person, task) for task in left for person in hands)
    assert [by_id[one.task_id].urgency for one in dealt] == sorted(by_id[one.task_id].urgency for one in dealt)

    shuffled, crew = list(tasks), list(people)
    dice.shuffle(shuffled)
    dice.shuffle(crew)
    assert deal(shuffled, crew, NOW) == dealt


def test_equal_people_share_evenly_and_who_waited_longest_is_next() -> None:
    crew = [Person(f"user:{name}", "s1", "operator", 0, NOW - timedelta(minutes=n)) for n, name in enumerate("abc")]
    tasks = [Waiting(f"{n:02d}", "s1", "operator", 3, None, NOW) for n in range(7)]
    dealt = [one.person for one in deal(tasks, crew, NOW)]
    assert dealt[:3] == ["user:c", "user:b", "user:a"]
    assert sorted(dealt.count(one.person) for one in crew) == [2, 2, 3]


def test_a_reason_names_the_others_and_who_could_not_have_it() -> None:
    crew = [
        Person("user:mei", "s1", "inspector", 0),
        Person("user:bo", "s1", "inspector", 1),
        Person("user:li", "s1", "inspector", 2),
        Person("user:ann", "s1", "inspector", HAND),
        Person("user:far", "s2", "inspector", 0),
    ]
    task = Waiting("1", "s1", "inspector", 3, None, NOW, {"user:mei": "inspected_it"})
    (dealt,) = deal([task], crew, NOW)
    assert dealt.person == "user:bo"
    assert dealt.why == {
        "rule": "least_open_work", "role": "inspector", "open_tasks": 1, "others": {"user:li": 2},
        "left_out": {"user:mei": "inspected_it", "user:ann": "full"}, "on_duty": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [
        ("inspect", {"user:mei": "inspected_it", "user:bo": "gave_it_back"}),
        ("exception", {"user:li": "asked_to_scrap_it", "user:bo": "gave_it_back"}),
        ("repair", {"user:bo": "gave_it_back"}),
    ],
)
def test_who_inspected_does_not_inspect_again_and_who_asked_to_scrap_does_not_approve(kind: str, left_out: Any) -> None:
    row = {"kind": kind, "inspected_by": ["user:mei"], "scrap_asked_by": "user:li", "not_for": ["user:bo"]}
    assert excluded(row) == left_out


@pytest.mark.parametrize(
    ("task", "body", "status"),
    [
        ({"kind": "inspect", "opened_by": "x"}, {}, 409),
        ({"kind": "exception", "opened_by": "x"}, {"note": "all right"}, 409),
        ({"kind": "count"}, {}, 422),
        ({"kind": "put_away"}, {}, 422),
        ({"kind": "follow_up", "opened_by": "x"}, {}, 422),
        ({"kind": "put_away", "to_bin": "A"}, {"bin": "B"}, 422),
        ({"kind": "follow_up", "opened_by": "x"}, {"note": "called"}, None),
        ({"kind": "count"}, {"quantity": 0}, None),
        ({"kind": "put_away", "to_bin": "A"}, {"bin": "A"}, None),
    ],
)
def test_a_task_ends_only_with_what_it_needs(task: dict[str, Any], body: dict[str, Any], status: int | None) -> None:
    whole = {"opened_by": None, "to_bin": None, **task}
    if status is None:
        check_endable(whole, DoneBody(**body))
        return
    with pytest.raises(Problem) as told:
        check_endable(whole, DoneBody(**body))
    assert told.value.status == status
