"""Our own movements, as the interface tells them."""

import itertools
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from pydantic_core import to_json
from tagdock_cloud.epcis.routes_events import too_complex
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.store import pool
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_cloud.web.problems import Problem

_serials = itertools.count(1)
Run, Move = Callable[..., None], Callable[..., dict[str, Any]]
URN = {"GS1-EPC-Format": "Always_EPC_URN"}


@pytest.fixture
def epc() -> str:
    """An EPC that no other test uses."""
    return f"urn:epc:id:sgtin:9521234.077777.{next(_serials)}"


def told(service: Any, epc: str, role: str = "viewer", site: str | None = None, **query: str) -> list[dict[str, Any]]:
    client = service.as_(role, site) if site else service.as_(role)
    answer = client.get(f"/epcis/v2/epcs/{quote(epc, safe='')}/events", params=query, headers=URN)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return events


def correct(service: Any, movement: dict[str, Any], **fields: Any) -> None:
    which = {name: movement[name] for name in ("site", "observed_at", "event_id")}
    wanted = [{**which, "kind": "decided", "by": "ann", **fields}]
    service.sql("select correct_movements(%s::jsonb)", [to_json(wanted).decode()])


@pytest.mark.parametrize(
    ("fields", "step", "disposition"),
    [
        pytest.param({"direction": "in"}, "receiving", "in_progress", id="in"),
        pytest.param({"direction": "out"}, "shipping", "in_transit", id="out"),
        pytest.param({"door": None, "bin": "A-01", "direction": "in"}, "storing", "sellable_accessible", id="put"),
        pytest.param({"door": None, "bin": "A-01", "direction": "out"}, "picking", "in_progress", id="taken"),
    ],
)
def test_a_movement_becomes_one_event(
    service: Any, run: Run, move: Move, epc: str, fields: dict[str, Any], step: str, disposition: str
) -> None:
    move(epc, **fields)
    run(tell)
    run(tell)
    (event,) = told(service, epc)
    assert (event["bizStep"], event["disposition"], event["epcList"]) == (step, disposition, [epc])


@pytest.mark.parametrize("direction", ["pass", "uncertain"])
def test_what_concluded_nothing_is_not_told(service: Any, run: Run, move: Move, epc: str, direction: str) -> None:
    move(epc, direction=direction)
    run(tell)
    assert told(service, epc) == []


def test_what_comes_back_is_received_as_returned(service: Any, run: Run, move: Move, epc: str) -> None:
    for ago_s, direction in [(300, "in"), (200, "out"), (100, "in")]:
        move(epc, ago_s, direction=direction)
    run(tell)
    steps = [(event["bizStep"], event["disposition"]) for event in told(service, epc, orderDirection="ASC")]
    assert steps == [("receiving", "in_progress"), ("shipping", "in_transit"), ("receiving", "returned")]


def test_what_did_not_happen_is_declared_and_stays(service: Any, run: Run, move: Move, epc: str) -> None:
    movement = move(epc, direction="out")
    run(tell)
    correct(service, movement, direction="none")
    run(tell)
    first, declared = told(service, epc, orderBy="recordTime", orderDirection="ASC")
    assert "errorDeclaration" not in first and declared["errorDeclaration"]["reason"] == "did_not_occur"
    assert "correctiveEventIDs" not in declared["errorDeclaration"]
    del first["recordTime"], declared["recordTime"], declared["errorDeclaration"]
    assert first == declared


def test_what_happened_otherwise_is_declared_with_what_stands_in_its_place(
    service: Any, run: Run, move: Move, epc: str
) -> None:
    movement = move(epc, direction="out")
    run(tell)
    correct(service, movement, direction="in", door="D2")
    run(tell)
    events = told(service, epc, orderBy="recordTime", orderDirection="ASC")
    declared = next(event for event in events if "errorDeclaration" in event)
    (corrective,) = (event for event in events if event["bizStep"] == "receiving")
    assert declared["errorDeclaration"]["reason"] == "incorrect_data"
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [corrective["eventID"]]
    assert corrective["readPoint"]["id"] == "urn:tagdock:door:here:D2"


def test_what_lost_against_another_door_names_the_event_that_won(service: Any, run: Run, move: Move, epc: str) -> None:
    lost = move(epc, 61, direction="out", door="D1")
    won = move(epc, 60, direction="out", door="D2", gateway="gw-2")
    run(tell)
    correct(service, lost, kind="lost", direction="none", lost_to=won["event_id"])
    run(tell)
    events = told(service, epc)
    winner = next(event for event in events if event["readPoint"]["id"].endswith("D2"))
    (declared,) = (event for event in events if "errorDeclaration" in event)
    assert declared["readPoint"]["id"].endswith("D1")
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [winner["eventID"]]


def test_what_is_decided_twice_is_told_each_time_under_another_id(service: Any, run: Run, move: Move, epc: str) -> None:
    movement = move(epc, direction="uncertain")
    for direction in ("in", "out", "in"):
        correct(service, movement, direction=direction)
        run(tell)
    events = told(service, epc, orderBy="recordTime", orderDirection="ASC")
    standing = [event for event in events if "errorDeclaration" not in event]
    declared = {event["eventID"] for event in events if "errorDeclaration" in event}
    assert [event["bizStep"] for event in standing] == ["receiving", "shipping", "receiving"]
    assert {event["eventID"] for event in standing} - declared == {standing[2]["eventID"]}
    assert len({event["eventID"] for event in standing}) == 3


def test_what_was_corrected_before_it_was_told_is_told_once_as_it_counts(
    service: Any, run: Run, move: Move, epc: str
) -> None:
    correct(service, move(epc, direction="uncertain"), direction="out")
    run(tell)
    (event,) = told(service, epc)
    assert event["bizStep"] == "shipping" and "errorDeclaration" not in event


def test_nothing_is_missed_that_commits_late(service: Any, run: Run, move: Move, helpers: Any, epc: str) -> None:
    with pool.connect(service.database) as slow:
        slow.execute(
            "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence)"
            " values ('here', now() - interval '1 minute', gen_random_uuid(), 'gw-1', %s, '30', 'D9', 'out', 1)",
            [epc],
        )
        move(epc, 50, direction="in")
        run(tell)
        assert told(service, epc) == []  # stored, but not told before what may still appear
    run(tell)
    assert {event["bizStep"] for event in told(service, epc)} == {"receiving", "shipping"}


@pytest.mark.parametrize("may_write", [False, True], ids=["reads-only", "may-write"])
def test_who_shows_nothing_of_theirs_holds_it_up_only_where_they_may_write(
    service: Any, run: Run, move: Move, epc: str, may_write: bool
) -> None:
    role = f"other_{secrets.token_hex(4)}"
    with pool.connect(service.database.replace("//tagdock:", "//postgres:")) as admin:
        admin.execute(f"create role {role} login password 'only for tests'")  # type: ignore[call-overload]
        if may_write:
            admin.execute(f"grant insert on movements to {role}")  # type: ignore[call-overload]
    with pool.connect(service.database.replace("//tagdock:", f"//{role}:")):
        move(epc, direction="in")
        run(tell)
        assert len(told(service, epc)) == (0 if may_write else 1)
    run(tell)
    assert len(told(service, epc)) == 1


def test_a_killed_worker_loses_and_doubles_nothing(service: Any, run: Run, move: Move, epc: str) -> None:
    move(epc, direction="in")
    with pool.connect(service.database) as connection:
        tell(connection)
        connection.rollback()
    assert told(service, epc) == []
    run(tell)
    assert len(told(service, epc)) == 1


def test_who_is_limited_to_sites_sees_no_others(service: Any, run: Run, move: Move, epc: str) -> None:
    move(epc, direction="in", site="there")
    run(tell)
    assert told(service, epc, site="here") == [] and len(told(service, epc, site="there")) == 1
    for path in ("events", "epcs", "readPoints", "bizLocations"):
        text = service.as_("viewer", "here").get(f"/epcis/v2/{path}", params={"perPage": "1000"}).text
        assert "there" not in text and epc.rsplit(".", 1)[1] not in ("",), path
    event_id = told(service, epc)[0]["eventID"]
    assert service.as_("viewer", "here").get(f"/epcis/v2/events/{quote(event_id, safe='')}").status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"EQ_bizStep": "shipping"}, 1),
        ({"EQ_bizStep": "shipping|receiving"}, 2),
        ({"EQ_bizStep": "https://ref.gs1.org/cbv/BizStep-shipping"}, 1),
        ({"EQ_bizStep": "packing"}, 0),
        ({"EQ_disposition": "in_transit"}, 1),
        ({"EQ_bizStep": "receiving", "EQ_disposition": "in_transit"}, 0),
        ({"EQ_readPoint": "urn:tagdock:door:here:D7"}, 2),
        ({"EQ_readPoint": "urn:tagdock:door:here:D8"}, 0),
        ({"EQ_readPoint": "urn:tagdock:site:here"}, 0),
        ({"WD_readPoint": "urn:tagdock:site:here"}, 2),
        ({"WD_readPoint": "urn:tagdock:site:there"}, 0),
        ({"EQ_bizLocation": "urn:tagdock:site:here"}, 1),
        ({"WD_bizLocation": "urn:tagdock:site:here"}, 1),
        ({"eventType": "ObjectEvent"}, 2),
        ({"eventType": "AggregationEvent"}, 0),
        ({"EQ_action": "OBSERVE"}, 2),
        ({"EQ_action": "ADD|DELETE"}, 0),
        ({"GE_eventTime": "2099-01-01T00:00:00Z"}, 0),
        ({"LT_eventTime": "2099-01-01T00:00:00Z", "GE_recordTime": "2020-01-01T00:00:00Z"}, 2),
        ({"LT_recordTime": "2020-01-01T00:00:00Z"}, 0),
        ({"EXISTS_errorDeclaration": "true"}, 0),
        ({"EXISTS_errorDeclaration": "false"}, 2),
        ({"MATCH_parentID": "urn:epc:id:sscc:9521234.0123456789"}, 0),
        ({"EQ_bizTransaction_po": "urn:x:1"}, 0),
        ({"EQ_errorReason": "did_not_occur"}, 0),
        ({"eventCountLimit": "1"}, 1),
    ],
    ids=str,
)
def test_a_query_finds_what_it_asks_for(
    service: Any, run: Run, move: Move, epc: str, query: dict[str, str], count: int
) -> None:
    move(epc, 70, direction="in", door="D7")
    move(epc, 60, direction="out", door="D7")
    run(tell)
    assert len(told(service, epc, **query)) == count


def test_pages_show_each_event_once_in_order(service: Any, run: Run, move: Move, epc: str) -> None:
    for n in range(5):
        move(epc, 100 - n, door=None, bin=f"B-{n}", direction="in")
    run(tell)
    path, shown = f"/epcis/v2/epcs/{quote(epc, safe='')}/events?perPage=2&orderDirection=ASC", []
    while path:
        answer = service.as_("viewer").get(path)
        results = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        assert 1 <= len(results) <= 2
        shown += [event["readPoint"]["id"] for event in results]
        if len(shown) == 2:
            move(epc, 200, door=None, bin="B-9", direction="in")  # before what was shown: shifts nothing
            run(tell)
        path = answer.links.get("next", {}).get("url")
    assert shown == [f"urn:tagdock:bin:here:B-{n}" for n in range(5)]


def test_a_limit_holds_over_all_pages_and_too_many_are_said_to_be(service: Any, run: Run, move: Move, epc: str) -> None:
    for n in range(5):
        move(epc, 100 - n, door=None, bin=f"B-{n}", direction="in")
    run(tell)
    base = f"/epcis/v2/epcs/{quote(epc, safe='')}/events"
    first = service.as_("viewer").get(base, params={"perPage": "2", "eventCountLimit": "3"})
    second = service.as_("viewer").get(first.links["next"]["url"])
    assert len(second.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 1
    assert "next" not in second.links
    refused = service.as_("viewer").get(base, params={"maxEventCount": "4"})
    assert refused.status_code == 413 and refused.json()["type"] == "epcisException:QueryTooLargeException"
    assert service.as_("viewer").get(base, params={"maxEventCount": "5"}).status_code == 200


def test_an_event_is_found_by_its_id_and_by_every_spelling_of_its_epc(
    service: Any, run: Run, move: Move, epc: str
) -> None:
    move(epc, direction="in")
    run(tell)
    (event,) = told(service, epc)
    viewer = service.as_("viewer")
    for address in (quote(event["eventID"], safe=""), event["eventID"]):
        found = viewer.get(f"/epcis/v2/events/{address}", headers=URN).json()
        assert found["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == [event]
    link = viewer.get("/epcis/v2/events", params={"MATCH_epc": epc}).json()
    (shown,) = link["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert shown["epcList"][0].startswith("https://id.gs1.org/01/")
    assert told(service, shown["epcList"][0]) == [event]


def test_every_event_that_leaves_passes_the_schema(service: Any, run: Run, move: Move, epc: str, schema: Any) -> None:
    raw = "urn:epc:raw:96.x3034257BF7194E4000001A85"
    for place, fields in enumerate(
        ({"direction": "in"}, {"direction": "out"}, {"door": None, "bin": "A 1:b", "direction": "in"})
    ):
        correct(service, move(epc, 100 - place, **fields), direction="in" if place == 1 else "out")
        move(raw, 90 - place, **fields)
        move(f"https://id.gs1.org/01/09521234123453/21/x{epc[-2:]}", 80 - place, **fields)
    run(tell)
    correct(service, move(epc, 50, direction="out"), direction="none")
    run(tell)
    for form in ("Always_EPC_URN", "Always_GS1_Digital_Link", "No_Preference", "Never_Translates"):
        answer = service.as_("viewer").get(
            "/epcis/v2/events", params={"perPage": "60", "orderBy": "recordTime"}, headers={"GS1-EPC-Format": form}
        )
        assert [error.message for error in schema.iter_errors(answer.json())] == []


def test_a_query_that_takes_too_long_is_said_to_be_too_complex(service: Any) -> None:
    with (
        pytest.raises(DatabaseUnavailableError) as slow,
        pool.translated(),
        pool.connect(service.database, statement_timeout_s=0.05) as connection,
    ):
        connection.execute("select pg_sleep(20)")
    answer = too_complex(slow.value)
    assert isinstance(answer, Problem) and answer.status == 413 and answer.type.endswith("QueryTooComplexException")
    gone = DatabaseUnavailableError("the database is not available: connection refused")
    assert too_complex(gone) is gone


def test_lists_lead_to_the_events_of_their_members(service: Any, run: Run, move: Move, epc: str) -> None:
    move(epc, direction="in", door="D5")
    move(epc, 50, door=None, bin="C-1", direction="in")
    run(tell)
    viewer = service.as_("viewer")
    top = viewer.get("/epcis/v2").json()["member"]
    assert {"events", "epcs", "bizSteps", "readPoints", "bizLocations", "dispositions", "eventTypes"} <= set(top)
    for name, member in {
        "epcs": epc, "bizSteps": "storing", "dispositions": "sellable_accessible", "eventTypes": "ObjectEvent",
        "readPoints": "urn:tagdock:door:here:D5", "bizLocations": "urn:tagdock:bin:here:C-1",
    }.items():  # fmt: skip
        members = viewer.get(f"/epcis/v2/{name}", params={"perPage": "1000"}, headers=URN).json()["member"]
        assert member in members and len(set(members)) == len(members)
        assert viewer.get(f"/epcis/v2/{name}/{quote(member, safe='')}").json()["member"] == ["events"]
        assert viewer.get(f"/epcis/v2/{name}/{quote(member, safe='')}/events").status_code == 200
        first = viewer.get(f"/epcis/v2/{name}", params={"perPage": "1"})
        assert len(first.json()["member"]) == 1 and ("next" in first.links) == (len(members) > 1)
    assert viewer.get("/epcis/v2/readPoints/urn:x:nowhere").status_code == 404
