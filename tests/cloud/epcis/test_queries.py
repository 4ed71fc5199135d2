"""Named queries and subscriptions, up to the queue of webhooks."""

import base64
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from tagdock_cloud.epcis.deliver import EVENTS, deliver
from tagdock_cloud.epcis.tell import tell
from tagdock_cloud.store import pool

_numbers = itertools.count(1)
Run, Move = Callable[..., None], Callable[..., dict[str, Any]]
TOKEN = "a secret of sixteen or more"


@pytest.fixture
def query(service: Any) -> str:
    """The name of a query that asks for what was shipped."""
    name = f"shipped-{next(_numbers)}"
    body = {"name": name, "query": {"eventType": ["ObjectEvent"], "EQ_bizStep": ["shipping"]}}
    answer = service.as_("integrator").post("/epcis/v2/queries", json=body)
    assert answer.status_code == 201 and answer.headers["Location"] == f"/epcis/v2/queries/{name}"
    return name


@pytest.fixture
def epc() -> str:
    """An EPC that no other test uses."""
    return f"urn:epc:id:sgtin:9521234.044444.{next(_numbers)}"


def subscribe(service: Any, query: str, site: str | None = None, **changes: Any) -> Any:
    client = service.as_("manager", site) if site else service.as_("manager")
    body = {"dest": "https://93.184.216.34/epcis", "signatureToken": TOKEN, "stream": True, **changes}
    return client.post(
        f"/epcis/v2/queries/{query}/subscriptions", json={name: value for name, value in body.items() if value != ""}
    )


def queued(service: Any, answer: Any) -> list[dict[str, Any]]:
    """Return the documents that were queued for a subscription, oldest first."""
    rows = service.sql(
        "select d.body from deliveries d join epcis_subscriptions s using (webhook_id)"
        " where s.subscription_id = %s order by d.queued_at",
        [answer.json()["subscriptionID"]],
    )
    return [row["body"] for row in rows]


def events_of(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        event for document in documents for event in document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    ]


def test_a_named_query_is_kept_answered_and_forgotten(service: Any, run: Run, move: Move, query: str, epc: str) -> None:
    for ago_s, direction in [(60, "in"), (50, "out")]:
        move(epc, ago_s, direction=direction)
    run(tell)
    viewer, path = service.as_("viewer"), f"/epcis/v2/queries/{query}"
    assert viewer.get(path).json()["query"]["EQ_bizStep"] == ["shipping"]
    assert query in [one["name"] for one in viewer.get("/epcis/v2/queries", params={"perPage": "1000"}).json()]
    answer = viewer.get(f"{path}/events", params={"MATCH_epc": epc}).json()["epcisBody"]["queryResults"]
    assert answer["queryName"] == query
    assert [event["bizStep"] for event in answer["resultsBody"]["eventList"]] == ["shipping"]
    again = service.as_("integrator").post("/epcis/v2/queries", json={"name": query, "query": {}})
    assert again.status_code == 409
    assert service.as_("manager").delete(path).status_code == 204
    assert viewer.get(path).status_code == 404 and viewer.get(path).json()["type"].endswith("NoSuchNameException")


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "a b", "query": {}}, {"name": "x"}, {"name": "x", "query": {"EQ_bizStep": "wrapping"}}, []],
    ids=str,
)
def test_what_is_no_query_is_refused(service: Any, body: Any) -> None:
    assert service.as_("integrator").post("/epcis/v2/queries", json=body).status_code == 400


def test_a_stream_tells_each_new_event_once(service: Any, run: Run, move: Move, query: str, epc: str) -> None:
    move(epc, 90, direction="out", door="D1")
    run(tell)
    answer = subscribe(service, query)
    assert answer.status_code == 201 and TOKEN not in answer.text and answer.json()["stream"] is True
    run(deliver)
    move(epc, 80, direction="in", door="D2")
    late = move(epc, 85, direction="out", door="D3")
    run(tell)
    for _ in range(3):
        run(deliver)
    (document,) = queued(service, answer)
    (event,) = events_of([document])
    assert event["readPoint"]["id"] == "urn:tagdock:door:here:D3"
    assert document["epcisBody"]["queryResults"]["subscriptionID"] == answer.json()["subscriptionID"]
    (hook,) = service.sql(
        "select secret, is_enveloped from webhooks join epcis_subscriptions using (webhook_id)"
        " where subscription_id = %s",
        [answer.json()["subscriptionID"]],
    )
    assert base64.b64decode(hook["secret"].removeprefix("whsec_")).decode() == TOKEN and not hook["is_enveloped"]
    assert late["epc"] == epc


def test_a_killed_worker_queues_nothing_twice(service: Any, run: Run, move: Move, query: str, epc: str) -> None:
    answer = subscribe(service, query)
    move(epc, direction="out")
    run(tell)
    with pool.connect(service.database) as connection:
        deliver(connection)
        connection.rollback()
    assert queued(service, answer) == []
    run(deliver)
    assert len(events_of(queued(service, answer))) == 1


def test_a_schedule_tells_at_its_time_what_is_new_since(
    service: Any, run: Run, move: Move, query: str, epc: str
) -> None:
    quiet = subscribe(service, query, stream="", schedule={"hour": "3"})
    chatty = subscribe(service, query, stream="", schedule={"hour": "3"}, reportIfEmpty=True)
    move(epc, direction="out")
    run(tell)
    run(deliver)
    assert queued(service, quiet) == queued(service, chatty) == []
    for times in (1, 2):
        service.sql("update epcis_subscriptions set next_at = now() where schedule is not null")
        run(deliver)
        run(deliver)
        assert len(events_of(queued(service, quiet))) == 1
        assert len(queued(service, chatty)) == times


def test_a_subscription_may_begin_earlier_and_is_told_in_bearable_pieces(
    service: Any, run: Run, ship: Callable[[list[str]], None], query: str, schema: Any
) -> None:
    ship([f"urn:epc:id:sgtin:9521234.033333.{next(_numbers)}" for _ in range(EVENTS + 5)])
    run(tell)
    answer = subscribe(service, query, initialRecordTime="2026-01-01T00:00:00Z")
    run(deliver)
    documents = queued(service, answer)
    assert len(documents) >= 2 and all(len(events_of([document])) <= EVENTS for document in documents)
    ids = [event["eventID"] for event in events_of(documents) if "/09521234333333/" in event["epcList"][0]]
    assert len(ids) == len(set(ids)) == EVENTS + 5
    assert all(documents[0].keys() == document.keys() for document in documents)
    short = min(documents, key=lambda document: len(events_of([document])))
    assert [error.message for error in schema.iter_errors(short)] == []


def test_who_is_limited_to_sites_is_told_of_those_only(
    service: Any, run: Run, move: Move, query: str, epc: str
) -> None:
    answer = subscribe(service, query, site="there")
    move(epc, 60, direction="out", site="here")
    move(epc, 50, direction="out", site="there")
    run(tell)
    run(deliver)
    (event,) = events_of(queued(service, answer))
    assert event["readPoint"]["id"].startswith("urn:tagdock:door:there:")
    path = answer.headers["Location"]
    assert service.as_("manager", "here").get(path).status_code == 404
    assert service.as_("manager", "there").get(path).status_code == 200
    assert service.as_("manager", "here").delete(f"/epcis/v2/queries/{query}").status_code == 403


def test_what_is_unsubscribed_is_told_no_more(service: Any, run: Run, move: Move, query: str, epc: str) -> None:
    kept, ended = subscribe(service, query), subscribe(service, query)
    path = ended.headers["Location"]
    assert len(service.as_("viewer").get(f"/epcis/v2/queries/{query}/subscriptions").json()) == 2
    assert service.as_("manager").delete(path).status_code == 204
    assert service.as_("manager").get(path).status_code == 404
    move(epc, direction="out")
    run(tell)
    run(deliver)
    assert len(queued(service, kept)) == 1
    assert service.as_("manager").delete(f"/epcis/v2/queries/{query}").status_code == 204
    assert service.sql("select from webhooks w where owner = 'epcis' and name like %s", [f"%{query}"]) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"dest": ""}, id="no-dest"),
        pytest.param({"dest": "http://93.184.216.34/"}, id="plain-http"),
        pytest.param({"dest": "https://127.0.0.1/"}, id="loopback"),
        pytest.param({"dest": "https://169.254.169.254/latest"}, id="metadata"),
        pytest.param({"dest": "mailto://relay.example?to=a@b.example"}, id="mail"),
        pytest.param({"signatureToken": ""}, id="no-token"),
        pytest.param({"signatureToken": "short"}, id="short-token"),
        pytest.param({"stream": ""}, id="neither"),
        pytest.param({"schedule": {"hour": "1"}}, id="both"),
        pytest.param({"stream": "", "schedule": {"hour": "25"}}, id="no-hour"),
        pytest.param({"stream": "", "schedule": {"month": "2", "dayOfMonth": "30"}}, id="never"),
        pytest.param({"initialRecordTime": "then"}, id="no-time"),
        pytest.param({"colour": "red"}, id="unknown-field"),
    ],
)
def test_what_cannot_be_subscribed_is_refused(service: Any, query: str, changes: dict[str, Any]) -> None:
    answer = subscribe(service, query, **changes)
    assert answer.status_code == 400 and answer.json()["type"] == "epcisException:SubscriptionControlsException"
    assert TOKEN not in answer.text
