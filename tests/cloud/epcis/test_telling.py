import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.epcis.places import Place, place_of, uri_of_place, uri_of_site
from tagdock_cloud.epcis.shape import faults_of_event
from tagdock_cloud.epcis.telling import WORDS, Step, digest_of, place_name, step_of, told_event

_AT = datetime(2026, 1, 5, 8, 0, 0, 123456, UTC)


def row(step: Step = "receiving", **changes: Any) -> dict[str, Any]:
    """Build a row of the log."""
    place = "bin/A-01-1" if step in ("storing", "picking") else "door/D1"
    built: dict[str, Any] = {
        "site": "hangzhou-1", "observed_at": _AT, "movement_id": uuid4(), "step": step, "place": place,
        "epc": "urn:epc:id:sgtin:9521234.012345.17", "revision": 1, "recorded_at": _AT + timedelta(seconds=2),
        "declared_at": None, "reason": None, "corrective": None, "said": None, **changes,
    }  # fmt: skip
    return {**built, "digest": digest_of(built)}


@pytest.mark.parametrize(
    ("door", "direction", "left_before", "step"),
    [
        ("D1", "in", False, "receiving"),
        ("D1", "in", True, "returned"),
        ("D1", "out", False, "shipping"),
        ("D1", "out", True, "shipping"),
        (None, "in", True, "storing"),
        (None, "out", False, "picking"),
        ("D1", "pass", False, None),
        ("D1", "uncertain", True, None),
    ],
)
def test_a_movement_is_told_by_the_step_that_it_concludes(
    door: str | None, direction: str, left_before: bool, step: Step | None
) -> None:
    assert step_of(door, direction, left_before=left_before) == step


def test_no_passage_is_told_by_two_steps_that_exclude_each_other() -> None:
    told = {words[0] for words in WORDS.values()}
    assert told == {"receiving", "shipping", "storing", "picking"}
    assert WORDS["returned"] == ("receiving", "returned")


@pytest.mark.parametrize("step", WORDS)
def test_every_event_of_ours_is_sound_and_says_where(step: Step) -> None:
    event = told_event(row(step))
    assert list(faults_of_event("e", event)) == []
    assert re.fullmatch(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0", event["eventID"])
    assert event["eventTime"] == "2026-01-05T08:00:00.123456Z"
    assert ("bizLocation" in event) == (step != "shipping")


def test_an_error_is_declared_on_the_same_event() -> None:
    first = row()
    corrective = row("shipping")["digest"]
    declared = {**first, "declared_at": _AT, "reason": "incorrect_data", "corrective": corrective}
    event = told_event(declared)
    assert event["eventID"] == told_event(first)["eventID"]
    assert event["errorDeclaration"]["correctiveEventIDs"] == [f"ni:///sha-256;{corrective.hex()}?ver=CBV2.0"]
    assert list(faults_of_event("e", event)) == []


def test_what_is_told_again_has_an_id_of_its_own() -> None:
    again = told_event(row(revision=2))
    assert again["eventID"] != told_event(row())["eventID"]
    assert again["tagdock:revision"] == 2 and list(faults_of_event("e", again)) == []


@pytest.mark.parametrize("name", ["D1", "A 1", "a:b/c.d-e", "x" * 64])
@pytest.mark.parametrize("kind", ["door", "bin"])
def test_a_place_is_found_again_by_its_uri(kind: str, name: str) -> None:
    place = place_name(name, None) if kind == "door" else place_name(None, name)
    assert place_of(uri_of_place("s-1", place)) == Place("s-1", place)
    assert place_of(uri_of_site("s-1")) == Place("s-1", None)


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "urn:epc:id:sgln:9521234.00001.0",
        "urn:tagdock:door:s-1",
        "urn:tagdock:door:s-1:%00",
        "urn:tagdock:site:s:x",
    ],
)
def test_a_place_of_others_is_none_of_ours(uri: str | None) -> None:
    assert place_of(uri) is None
