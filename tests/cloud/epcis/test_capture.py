"""Events of others: captured in jobs or one at a time, found again as they came."""

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tagdock_cloud.epcis.document import MOST_BYTES, MOST_EVENTS, STANDARD_CONTEXT
from tagdock_cloud.epcis.errands import run_jobs
from tagdock_cloud.epcis.routes_capture import AT_ONCE, MOST_WAITING
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.store import pool

_serials = itertools.count(1)
JSON = {"Content-Type": "application/json"}
HERE = {"readPoint": {"id": "urn:tagdock:door:here:D1"}}
KEPT = {"GS1-EPC-Format": "Never_Translates"}


def event(**changes: Any) -> dict[str, Any]:
    """Build a sound event about an EPC that no other test uses."""
    return {
        "type": "ObjectEvent", "eventTime": "2026-01-05T08:00:00Z", "eventTimeZoneOffset": "+01:00",
        "epcList": [f"urn:epc:id:sgtin:9521234.066666.{next(_serials)}"], "action": "OBSERVE", "bizStep": "packing",
        **changes,
    }  # fmt: skip


def document(*events: Any, **changes: Any) -> dict[str, Any]:
    return {
        "@context": [STANDARD_CONTEXT, {"x": "https://x.example/epcis/"}], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2026-01-05T08:00:01Z", "epcisBody": {"eventList": list(events)},
        **changes,
    }  # fmt: skip


EMPTY = json.dumps(document()).encode()


def capture(service: Any, *events: Any, behaviour: str | None = None, site: str | None = None) -> Any:
    client = service.as_("integrator", site) if site else service.as_("integrator")
    headers = {"GS1-Capture-Error-Behaviour": behaviour} if behaviour else {}
    return client.post("/epcis/v2/capture", json=document(*events), headers=headers)


def job(service: Any, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    shown: dict[str, Any] = service.as_("viewer").get(answer.headers["Location"]).json()
    return shown


def found(service: Any, role: str = "viewer", **query: str) -> list[dict[str, Any]]:
    answer = service.as_(role).get("/epcis/v2/events", params=query, headers=KEPT)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return events


def test_events_are_captured_and_found_as_they_came(service: Any) -> None:
    sent = event(**{"x:note": {"x:deep": [1, 2.5, "three"]}, "recordTime": "2020-01-01T00:00:00Z"})
    done = job(service, capture(service, sent))
    assert done["success"] and not done["running"] and done["errors"] == [] and done["finishedAt"]
    (shown,) = found(service, MATCH_epc=sent["epcList"][0])
    assert shown["eventID"].startswith("ni:///sha-256;") and shown["@context"] == [{"x": "https://x.example/epcis/"}]
    assert shown["recordTime"] > "2026-01-05"
    assert all(shown[name] == sent[name] for name in sent if name != "recordTime")


def test_one_event_is_taken_at_once_and_only_once(service: Any) -> None:
    sent = {**event(eventID="urn:uuid:c2a6b7a0-0000-4000-8000-000000000001"), "@context": STANDARD_CONTEXT}
    client = service.as_("integrator")
    answer = client.post("/epcis/v2/events", json=sent)
    assert answer.status_code == 201 and answer.json()["eventID"] == sent["eventID"]
    assert client.get(answer.headers["Location"]).status_code == 200
    again = client.post("/epcis/v2/events", json=sent)
    assert again.status_code == 409 and again.json()["type"] == "epcisException:ResourceAlreadyExistsException"
    assert len(found(service, EQ_eventID=sent["eventID"])) == 1


def test_an_event_without_an_id_is_known_again_by_what_it_says(service: Any) -> None:
    sent = event()
    assert job(service, capture(service, sent))["success"]
    link = {**sent, "eventTime": "2026-01-05T09:00:00.000+01:00"}
    (error,) = job(service, capture(service, link))["errors"]
    assert error["status"] == 409 and len(found(service, MATCH_epc=sent["epcList"][0])) == 1


def test_a_request_that_is_sent_again_is_done_once(service: Any) -> None:
    client, key = service.as_("integrator"), {"Idempotency-Key": "epcis-1"}
    first, second = (client.post("/epcis/v2/capture", json=document(event()), headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 422)  # another body
    body = document(event())
    first, second = (client.post("/epcis/v2/capture", json=body, headers={"Idempotency-Key": "e-2"}) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"] and job(service, second)["success"]


def test_rollback_leaves_nothing_of_a_job(service: Any) -> None:
    known, new = event(), event()
    capture(service, known)
    done = job(service, capture(service, new, known))
    assert not done["success"] and done["captureErrorBehaviour"] == "rollback" and len(done["errors"]) == 1
    assert found(service, MATCH_epc=new["epcList"][0]) == []


def test_proceed_takes_what_it_can(service: Any) -> None:
    known, new, unsound = event(), event(), event(bizStep="wrapping")
    capture(service, known)
    done = job(service, capture(service, known, new, unsound, new, behaviour="proceed"))
    assert not done["success"] and sorted(error["status"] for error in done["errors"]) == [400, 409, 409]
    assert "eventList[2].bizStep" in done["errors"][0]["detail"]
    assert len(found(service, MATCH_epc=new["epcList"][0])) == 1


def test_an_unsound_event_refuses_the_whole_and_is_named(service: Any) -> None:
    new = event()
    refused = capture(service, new, event(action="observe"))
    assert refused.status_code == 400 and refused.json()["type"] == "epcisException:ValidationException"
    assert refused.json()["errors"][0]["field"] == "epcisBody.eventList[1].action"
    assert found(service, MATCH_epc=new["epcList"][0]) == []


def test_a_large_job_waits_for_a_worker_and_survives_its_death(service: Any, run: Callable[..., None]) -> None:
    events = [event() for _ in range(AT_ONCE + 1)]
    answer = capture(service, *events)
    assert job(service, answer)["running"]
    with pool.connect(service.database) as connection:
        run_jobs(connection)
        connection.rollback()  # killed
    assert job(service, answer)["running"] and found(service, MATCH_epc=events[0]["epcList"][0]) == []
    run(run_jobs)
    done = job(service, answer)
    assert not done["running"] and done["success"]
    assert len(found(service, MATCH_epc=events[-1]["epcList"][0])) == 1


def test_a_large_job_rolls_back_as_well(service: Any, run: Callable[..., None]) -> None:
    known = event()
    capture(service, known)
    events = [event() for _ in range(AT_ONCE + 1)]
    answer = capture(service, *events, known)
    run(run_jobs)
    assert not job(service, answer)["success"] and found(service, MATCH_epc=events[0]["epcList"][0]) == []


def test_only_so_many_jobs_wait(service: Any) -> None:
    for _ in range(MOST_WAITING):
        service.sql("insert into epcis_jobs (behaviour, events, asked_by, waiting) values ('proceed', 0, 'x', '[]')")
    refused = capture(service, *[event() for _ in range(AT_ONCE + 1)])
    service.sql("delete from epcis_jobs where waiting = '[]'")
    assert refused.status_code == 503 and refused.headers["Retry-After"]


def test_the_same_event_from_two_sides_at_once_is_kept_once(service: Any) -> None:
    sent = event(eventID="urn:uuid:c2a6b7a0-0000-4000-8000-000000000002")
    answers: list[Any] = []
    client = service.as_("integrator")
    body = {**sent, "@context": STANDARD_CONTEXT}
    threads = [
        threading.Thread(target=lambda: answers.append(client.post("/epcis/v2/events", json=body))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(found(service, EQ_eventID=sent["eventID"])) == 1


def test_an_error_may_be_declared_once_at_a_time_and_beside_its_event(service: Any) -> None:
    sent = event(eventID="urn:uuid:c2a6b7a0-0000-4000-8000-000000000003")
    declared = {**sent, "errorDeclaration": {"declarationTime": "2026-01-06T00:00:00Z", "reason": "did_not_occur"}}
    assert job(service, capture(service, sent, declared))["success"]
    assert not job(service, capture(service, declared))["success"]
    assert len(found(service, EQ_eventID=sent["eventID"])) == 2
    assert len(found(service, EQ_eventID=sent["eventID"], EXISTS_errorDeclaration="true")) == 1
    assert len(found(service, EQ_eventID=sent["eventID"], EQ_errorReason="incorrect_data")) == 0


def test_what_we_told_ourselves_is_known(service: Any, run: Callable[..., None], move: Callable[..., Any]) -> None:
    move("urn:epc:id:sgtin:9521234.055555.1", direction="in")
    run(tell)
    (own,) = found(service, MATCH_epc="urn:epc:id:sgtin:9521234.055555.1")
    answer = service.as_("integrator").post("/epcis/v2/events", json={**own, "@context": STANDARD_CONTEXT})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"MATCH_parentID": "urn:epc:id:sscc:9521234.0123456789"}, 1),
        ({"MATCH_parentID": "https://id.gs1.org/00/095212341234567891"}, 1),
        ({"MATCH_epc": "https://elsewhere.example/01/09521234123453/21/777"}, 1),
        ({"MATCH_anyEPC": "urn:epc:id:sscc:9521234.0123456789"}, 1),
        ({"MATCH_epc": "urn:epc:id:sscc:9521234.0123456789"}, 0),
        ({"MATCH_epcClass": "https://id.gs1.org/01/09521234123453/10/L1"}, 1),
        ({"MATCH_anyEPCClass": "urn:epc:class:lgtin:9521234.012345.L1"}, 1),
        ({"MATCH_parentID": "urn:epc:id:sscc:9521234.0123456789", "MATCH_epc": "urn:x:no"}, 0),
        ({"EQ_bizTransaction_po": "https://erp.example/po/77"}, 1),
        ({"EQ_bizTransaction_desadv": "https://erp.example/po/77"}, 0),
        ({"EQ_source_owning_party": "urn:epc:id:pgln:9521234.00000"}, 1),
        ({"EQ_destination_owning_party": "urn:epc:id:pgln:9521234.00000"}, 0),
        ({"EQ_readPoint": "https://id.gs1.org/414/9521234000013/254/7"}, 1),
        ({"EQ_readPoint": "urn:epc:id:sgln:9521234.00001.7"}, 1),
        ({"EQ_type": "Temperature"}, 1),
        ({"EQ_type": "Speed"}, 0),
        ({"eventType": "AggregationEvent", "EQ_action": "ADD", "EQ_bizStep": "packing"}, 1),
        ({"GE_eventTime": "2031-01-01T00:00:00Z", "LT_eventTime": "2032-01-01T00:00:00Z"}, 1),
        ({"GE_eventTime": "2031-06-01T00:00:00Z", "LT_eventTime": "2032-01-01T00:00:00Z"}, 0),
    ],
    ids=str,
)
def test_a_query_finds_what_was_captured(service: Any, query: dict[str, str], count: int) -> None:
    sent = {
        "type": "AggregationEvent", "eventTime": "2031-05-01T00:00:00Z", "eventTimeZoneOffset": "+00:00",
        "action": "ADD", "eventID": "urn:x:the-one", "bizStep": "packing",
        "parentID": "urn:epc:id:sscc:9521234.0123456789",
        "childEPCs": ["urn:epc:id:sgtin:9521234.012345.777"],
        "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.012345.L1", "quantity": 3}],
        "bizTransactionList": [{"type": "po", "bizTransaction": "https://erp.example/po/77"}],
        "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:9521234.00000"}],
        "readPoint": {"id": "urn:epc:id:sgln:9521234.00001.7"},
        "sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 4, "uom": "CEL"}]}],
    }  # fmt: skip
    capture(service, sent)
    assert len([shown for shown in found(service, **query) if shown["eventID"] == "urn:x:the-one"]) == count


def test_captured_events_stand_in_the_history_of_items(service: Any, move: Callable[..., Any]) -> None:
    sent = event(readPoint={"id": "urn:tagdock:door:there:D1"})
    (epc,) = sent["epcList"]
    capture(service, sent)
    moved = move(epc, direction="in")
    path = f"/api/v1/items/{quote(epc, safe='')}/history?limit=1"
    first = service.as_("viewer").get(path)
    (newest,), (oldest,) = first.json()["items"], service.as_("viewer").get(first.links["next"]["url"]).json()["items"]
    assert newest["event_id"] == str(moved["event_id"]) and "epcis" not in newest
    assert oldest["epcis"]["biz_step"] == "packing" and oldest["epcis"]["role"] == "epc"
    assert oldest["epcis"]["event_id"] == found(service, MATCH_epc=epc, EQ_bizStep="packing")[0]["eventID"]
    rows = service.as_("viewer", "here").get(f"/api/v1/items/{quote(epc, safe='')}/history").json()["items"]
    assert [row["site"] for row in rows] == ["here"]


def test_an_item_that_only_others_saw_has_a_history(service: Any) -> None:
    sent = event()
    capture(service, sent)
    path = f"/api/v1/items/{quote(sent['epcList'][0], safe='')}/history"
    assert len(service.as_("viewer").get(path).json()["items"]) == 1
    assert service.as_("viewer", "here").get(path).status_code == 404


def test_who_is_limited_to_sites_captures_and_sees_those_only(service: Any) -> None:
    assert capture(service, event(**HERE), site="here").status_code == 202
    assert capture(service, event(**HERE), site="there").status_code == 403
    refused = capture(service, event(**HERE), event(), site="here")
    assert refused.status_code == 403 and "eventList[1]" in refused.json()["detail"]
    some = capture(service, event(**HERE), event(), site="here", behaviour="proceed")
    done = service.as_("integrator", "here").get(some.headers["Location"]).json()
    assert not done["success"] and len(done["errors"]) == 1
    assert service.as_("viewer", "there").get(some.headers["Location"]).status_code == 404
    elsewhere = event()
    capture(service, elsewhere)
    link = quote(elsewhere["epcList"][0], safe="")
    assert service.as_("viewer", "here").get(f"/epcis/v2/epcs/{link}").status_code == 404
    assert service.as_("viewer").get(f"/epcis/v2/epcs/{link}").status_code == 200


def test_jobs_are_listed_page_by_page(service: Any) -> None:
    for _ in range(3):
        capture(service, event())
    path, seen = "/epcis/v2/capture?perPage=2", []
    while path:
        answer = service.as_("viewer").get(path)
        seen += [one["captureID"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url")
    assert len(seen) == len(set(seen)) >= 3


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"<epcis/>", {"Content-Type": "application/xml"}, 415, id="xml"),
        pytest.param(EMPTY, {}, 415, id="no-type"),
        pytest.param(b"{", JSON, 400, id="broken"),
        pytest.param(b"[" * 200_000, JSON, 400, id="deep"),
        pytest.param(json.dumps(document(event(**{"x:a": "\x00"}))).encode(), JSON, 400, id="nul"),
        pytest.param(json.dumps(document(event(**{"x:a": "\ud800"}))).encode(), JSON, 400, id="lone-surrogate"),
        pytest.param(b" " * (MOST_BYTES + 1), JSON, 413, id="too-large"),
        pytest.param(json.dumps(document(*[0] * (MOST_EVENTS + 1))).encode(), JSON, 413, id="too-many"),
        pytest.param(EMPTY, {**JSON, "GS1-Capture-Error-Behaviour": "maybe"}, 400, id="behaviour"),
        pytest.param(EMPTY, {**JSON, "GS1-EPCIS-Version": "1.2"}, 406, id="older-version"),
        pytest.param(EMPTY, {**JSON, "GS1-CBV-Min": "2.1"}, 406, id="newer-version"),
        pytest.param(EMPTY, {**JSON, "Accept": "application/xml"}, 406, id="xml-out"),
        pytest.param(EMPTY, {"Content-Type": "application/ld+json"}, 202, id="json-ld"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_the_standards_words(
    service: Any, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = service.as_("integrator").post("/epcis/v2/capture", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"].startswith("epcisException:")
    if status == 413:
        assert answer.headers["GS1-EPCIS-Capture-Limit"] == str(MOST_EVENTS)
        assert answer.headers["GS1-EPCIS-Capture-File-Size-Limit"] == str(MOST_BYTES)


@pytest.mark.parametrize("path", ["", "/capture", "/events", "/epcs", "/queries", "/bizSteps/shipping"])
def test_what_is_spoken_is_told_to_who_asks(service: Any, path: str) -> None:
    answer = service.as_("viewer").options(f"/epcis/v2{path}")
    assert answer.status_code == 204 and answer.headers["GS1-EPCIS-Version"] == "2.0.0"
    assert answer.headers["GS1-CBV-Max"] == "2.0.0" and "GET" in answer.headers["Allow"]
    assert ("GS1-EPCIS-Capture-Limit" in answer.headers) == (path in ("/capture", "/events"))


def test_every_captured_event_leaves_sound(service: Any, schema: Any) -> None:
    declared = {"declarationTime": "2026-01-06T00:00:00Z", "reason": "did_not_occur"}
    others = [
        event(type="AssociationEvent", parentID="urn:x:p", childEPCs=["urn:x:c"], action="ADD", epcList=None),
        event(action="ADD", ilmd={"x:bestBefore": "2027-01-01"}, errorDeclaration=declared),
        event(persistentDisposition={"set": ["recalled"]}, certificationInfo=["urn:x:c"]),
    ]
    capture(service, *[{name: one[name] for name in one if one[name] is not None} for one in others])
    query = {"perPage": "60", "EQ_action": "ADD|OBSERVE|DELETE", "LT_eventTime": "2026-01-06T00:00:00Z"}
    answer = service.as_("viewer").get("/epcis/v2/events", params=query)
    assert [error.message for error in schema.iter_errors(answer.json())] == []


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ({"EQ_colour": "red"}, 400, "QueryParameterException"),
        ({"HASATTR_bizLocation": "urn:x:a"}, 501, "ImplementationException"),
        ({"colour": "red"}, 400, "QueryParameterException"),
        ({"EQ_bizStep": "wrapping"}, 400, "QueryParameterException"),
        ({"EQ_action": "LOOK"}, 400, "QueryParameterException"),
        ({"GE_eventTime": "yesterday"}, 400, "QueryParameterException"),
        ({"MATCH_epc": "urn:epc:idpat:sgtin:9521234.*.17"}, 400, "QueryParameterException"),
        ({"EQ_eventID": "not a uri"}, 400, "QueryParameterException"),
        ({"orderBy": "colour"}, 501, "ImplementationException"),
        ({"orderDirection": "UP"}, 400, "QueryParameterException"),
        ({"eventCountLimit": "1", "maxEventCount": "1"}, 400, "QueryParameterException"),
        ({"eventCountLimit": "-1"}, 400, "QueryParameterException"),
        ({"perPage": "0"}, 400, "QueryParameterException"),
        ({"perPage": "100000"}, 400, "QueryParameterException"),
        ({"nextPageToken": "made-up"}, 400, "QueryParameterException"),
        ({"nextPageToken": "WyJhIiwiYiIsImMiXQ"}, 400, "QueryParameterException"),
        ({"EQ_bizStep": "\x00"}, 400, "QueryParameterException"),
    ],
    ids=str,
)
def test_a_query_that_cannot_be_answered_says_why(service: Any, query: dict[str, str], status: int, kind: str) -> None:
    answer = service.as_("viewer").get("/epcis/v2/events", params=query)
    assert (answer.status_code, answer.json()["type"]) == (status, f"epcisException:{kind}")
