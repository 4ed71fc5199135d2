"""The stream of movements, as a client hears it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tagdock_cloud.web import feed
from tagdock_cloud.web.paging import write_cursor

EPC = "urn:epc:id:sgtin:9521234.000007."


class Ear:
    """Listens in a thread of its own; `wait` gives the events of a kind once enough of them came."""

    def __init__(
        self, service: Any, query: str = "", last_id: str | None = None, token: str = "viewer", topic: str = "movements"
    ) -> None:
        headers = {"Authorization": f"Bearer {service.tokens[token]}"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.events: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self._changed = threading.Condition()
        self._client = httpx.Client(timeout=20)
        self._stream = self._client.stream("GET", f"{service.url}/api/v1/stream/{topic}{query}", headers=headers)
        self._response = self._stream.__enter__()
        assert self._response.headers["content-type"].startswith("text/event-stream")
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        event: dict[str, Any] = {}
        try:
            for line in self._response.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                    continue
                with self._changed:
                    self.events.append(event)
                    self._changed.notify_all()
                event = {}
        except (httpx.HTTPError, httpx.StreamError, OSError):
            pass
        self.ended.set()

    def wait(self, kind: str, count: int = 1, timeout_s: float = 20) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event.get("event") == kind]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, timeout_s), self.events
        return found()

    def hear(self, *epcs: str) -> list[dict[str, Any]]:
        """Wait until all these items were heard, and return their movements; others may be heard beside them."""

        def heard() -> list[dict[str, Any]]:
            rows = [json.loads(event["data"]) | {"id": event["id"]} for event in self.events if "id" in event]
            return [row for row in rows if row["epc"] in epcs]

        with self._changed:
            assert self._changed.wait_for(lambda: {row["epc"] for row in heard()} == set(epcs), 20), self.events
        return heard()

    def close(self) -> None:
        self._stream.__exit__(None, None, None)
        self._client.close()
        self._thread.join(30)


@pytest.fixture
def ears(service: Any) -> Iterator[Any]:
    opened: list[Ear] = []

    def listen(query: str = "", last_id: str | None = None, **kinds: str) -> Ear:
        opened.append(Ear(service, query, last_id, **kinds))
        opened[-1].wait("beat")
        return opened[-1]

    yield listen
    for ear in opened:
        ear.close()


@pytest.fixture(autouse=True)
def sites(service: Any) -> None:
    service.sql("insert into sites (site) values ('hangzhou-1'), ('other') on conflict do nothing")


def test_a_committed_movement_is_heard(service: Any, ears: Any, helpers: Any) -> None:
    ear = ears()
    helpers.add_movements(service, [helpers.movement(datetime.now(UTC), f"{EPC}1")])
    (heard,) = ear.hear(f"{EPC}1")
    assert (heard["direction"], heard["door"]) == ("out", "D1")
    assert "evidence" not in heard


def test_what_was_committed_before_is_not_told_as_news(served: Any, new_database: Any, helpers: Any) -> None:
    with served(new_database()) as service:
        service.sql("insert into sites (site) values ('hangzhou-1')")
        helpers.add_movements(service, [helpers.movement(datetime.now(UTC), f"{EPC}20")])
        ear = Ear(service)
        ear.wait("beat")
        helpers.add_movements(service, [helpers.movement(datetime.now(UTC), f"{EPC}21")])
        ear.hear(f"{EPC}21")
        ear.close()
        assert f'{EPC}20"' not in str(ear.events)


def test_only_the_asked_site_is_heard(service: Any, ears: Any, helpers: Any) -> None:
    one_site, all_sites = ears("?site=other"), ears()
    at = datetime.now(UTC)
    helpers.add_movements(service, [helpers.movement(at, f"{EPC}2"), helpers.movement(at, f"{EPC}3", site="other")])
    all_sites.hear(f"{EPC}2", f"{EPC}3")
    one_site.hear(f"{EPC}3")
    assert f'{EPC}2"' not in str(one_site.events)


def test_a_client_that_comes_back_hears_what_it_missed(service: Any, ears: Any, helpers: Any) -> None:
    ear = ears()
    helpers.add_movements(service, [helpers.movement(datetime.now(UTC), f"{EPC}4")])
    last_id = ear.hear(f"{EPC}4")[-1]["id"]
    ear.close()
    missed = [helpers.movement(datetime.now(UTC), f"{EPC}{n}") for n in range(100, 150)]
    helpers.add_movements(service, missed)
    again = ears("", last_id)
    again.hear(*(row["epc"] for row in missed))
    assert f'{EPC}4"' not in str(again.events)


def test_many_rows_of_one_transaction_are_all_heard_once(service: Any, ears: Any, helpers: Any) -> None:
    """One transaction gives all its rows the same `stored_at`: more of them than one poll takes must all come."""
    ear = ears()
    epcs = [f"{EPC}{n}" for n in range(1000, 1500 + feed.ROWS)]
    helpers.add_movements(service, [helpers.movement(datetime.now(UTC), epc) for epc in epcs])
    assert sorted(row["epc"] for row in ear.hear(*epcs)) == sorted(epcs)


def test_a_transaction_that_began_before_the_last_poll_is_heard(service: Any, ears: Any, helpers: Any) -> None:
    """`stored_at` is when a transaction began: one that commits later than a younger one must not be skipped."""
    ear = ears()
    helpers.add_movements(service, [helpers.movement(datetime.now(UTC), f"{EPC}5")])
    ear.hear(f"{EPC}5")
    late = helpers.movement(datetime.now(UTC), f"{EPC}6")
    service.sql(
        "insert into movements (site, observed_at, event_id, stored_at, gateway, epc, epc_hex, door, direction,"
        " confidence) values (%(site)s, %(observed_at)s, %(event_id)s, now() - interval '1 second', 'g', %(epc)s, '30',"
        " 'D1', 'out', 1)",
        {key: late[key] for key in ("site", "observed_at", "event_id", "epc")},
    )
    ear.hear(f"{EPC}6")


def test_a_made_up_last_event_id_is_refused(service: Any) -> None:
    answer = service.as_("viewer").get("/api/v1/stream/movements", headers={"Last-Event-ID": "nonsense"})
    assert answer.status_code == 422


def test_a_listener_that_does_not_keep_up_is_let_go() -> None:
    listener = feed.Listener(None)
    chunk = b"x" * (feed.MOST_WAITING_BYTES // 8)
    for _ in range(8):
        listener.offer(chunk)
    assert not listener.is_let_go
    listener.offer(b"x")
    assert listener.is_let_go

    async def heard() -> list[bytes]:
        return [chunk async for chunk in listener.chunks()]

    assert asyncio.run(heard()) == []


def test_who_was_away_for_an_hour_hears_all_of_it_in_order(service: Any, ears: Any, helpers: Any) -> None:
    rows = 3 * feed.ROWS
    service.sql(
        "insert into movements (site, observed_at, event_id, stored_at, gateway, epc, epc_hex, door, direction,"
        " confidence) select 'hour', at, gen_random_uuid(), at, 'g', %(epc)s || 'h' || n, '30', 'D1', 'out', 1"
        " from (select n, now() - interval '1 hour' + n * interval '0.5 second' as at"
        "       from generate_series(1, %(rows)s) n) r",
        {"epc": EPC, "rows": rows},
    )
    service.sql("insert into sites (site) values ('hour')")
    at = datetime.now(UTC) - timedelta(hours=1)
    ear = ears("?site=hour", write_cursor([at, uuid4()]))
    helpers.add_movements(service, [helpers.movement(datetime.now(UTC), f"{EPC}live", site="hour")])
    ear.hear(f"{EPC}live", *(f"{EPC}h{n}" for n in range(1, rows + 1)))
    told = [json.loads(event["data"])["epc"] for event in ear.events if event.get("event") == "movement"]
    assert list(dict.fromkeys(told))[:rows] == [f"{EPC}h{n}" for n in range(1, rows + 1)]


def test_who_was_away_for_too_long_is_told_of_the_gap(service: Any, ears: Any) -> None:
    ear = ears("?site=other", write_cursor([datetime.now(UTC) - feed.FURTHEST_BACK - timedelta(hours=1), uuid4()]))
    ear.wait("gap")


def test_more_clients_than_there_are_places_are_told_to_come_back(
    service: Any, ears: Any, helpers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [ears() for _ in range(8)]
    monkeypatch.setattr(feed, "MOST_LISTENERS", service.server.config.app.state.feeds["movement"]._followers)
    refused = service.as_("viewer").get("/api/v1/stream/movements")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    helpers.add_movements(service, [helpers.movement(datetime.now(UTC), f"{EPC}crowd")])
    for ear in crowd:
        ear.hear(f"{EPC}crowd")
    crowd[0].close()
    ears()


def test_a_caller_of_one_site_hears_of_that_site_only(service: Any, helpers: Any) -> None:
    service.as_("viewer", "other")
    ear = Ear(service, token="viewer/other")
    try:
        ear.wait("beat")
        at = datetime.now(UTC)
        pair = [helpers.movement(at, f"{EPC}30"), helpers.movement(at, f"{EPC}31", site="other")]
        helpers.add_movements(service, pair)
        ear.hear(f"{EPC}31")
        assert f'{EPC}30"' not in str(ear.events)
    finally:
        ear.close()


def test_a_stopping_server_ends_its_streams(served: Any, new_database: Any) -> None:
    with served(new_database()) as service:
        ear = Ear(service)
        ear.wait("beat")
        service.server.should_exit = True
        assert ear.ended.wait(3)
        ear.close()


def open_session(service: Any, site: str, door: str) -> str:
    """Open a session for an order of one item, as a person does."""
    line = {"epc": f"{EPC}7{door[1:]}"}
    order = {"site": site, "id": f"O-{door}", "door": door, "lines": [line]}
    assert service.as_("integrator").put("/api/v1/orders", json={"items": [order]}).status_code == 200
    body = {"site": site, "door": door, "kind": "outbound", "order": f"O-{door}"}
    answer = service.as_("operator").post("/api/v1/sessions", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session_id"])


def changes(ear: Ear, session_id: str, count: int) -> list[tuple[str, int]]:
    """Wait for so many events, and return what those of one session said."""
    told = [json.loads(event["data"]) for event in ear.wait("session", count)]
    return [(each["change"], each["items_seen"]) for each in told if each["session_id"] == session_id]


def test_a_session_is_heard_when_it_opens_changes_and_closes(service: Any, ears: Any, helpers: Any) -> None:
    ear = ears(topic="sessions")
    session_id = open_session(service, "hangzhou-1", "D71")
    assert changes(ear, session_id, 1) == [("opened", 0)]
    passed = helpers.movement(datetime.now(UTC), f"{EPC}771", door="D71")
    helpers.add_movements(service, [passed])
    key = {"site": "hangzhou-1", "session_id": session_id}
    service.sql("select project_session(%(site)s, %(session_id)s, true)", key)
    assert changes(ear, session_id, 2)[1:] == [("changed", 1)]
    first_id = ear.wait("session")[0]["id"]
    ear.close()
    assert service.as_("operator").post(f"/api/v1/sessions/{session_id}/close").status_code == 200
    again = ears(last_id=first_id, topic="sessions")
    assert changes(again, session_id, 1) == [("closed", 1)]  # what became of it meanwhile, as it is now


def test_a_caller_hears_of_the_sessions_of_its_sites_only(service: Any, helpers: Any) -> None:
    service.as_("viewer", "other")
    ear = Ear(service, token="viewer/other", topic="sessions")
    try:
        ear.wait("beat")
        open_session(service, "hangzhou-1", "D72")
        there = open_session(service, "other", "D73")
        assert changes(ear, there, 1) == [("opened", 0)]
        assert len(ear.wait("session")) == 1
        refused = service.as_("viewer", "other").get("/api/v1/stream/sessions", params={"site": "hangzhou-1"})
        assert refused.status_code == 403
    finally:
        ear.close()


PLAN = """
with plan as (
    insert into plans (plan_id, site, asked_by, request, state)  -- of a site only one is followed; others were
    values (gen_random_uuid(), %(site)s, 'x', '{}', 'done') returning plan_id
)
insert into moves (plan_id, step, sku, from_bin, to_bin, why)
select plan_id, step, 'K' || step, 'A' || step, 'B' || step, '' from plan, generate_series(1, 2) step
returning plan_id::text, step
"""


def heard_tasks(ear: Ear, plan_id: str, count: int) -> list[tuple[int, str]]:
    """Wait for so many events, and return what those of one plan said."""
    told = [json.loads(event["data"]) for event in ear.wait("task", count)]
    return [(each["step"], each["state"]) for each in told if each["plan_id"] == plan_id]


def test_a_task_is_heard_when_it_is_made_and_when_it_ends(service: Any, ears: Any) -> None:
    ear = ears(topic="tasks")
    ear.wait("beat")
    plan_id = service.sql(PLAN, {"site": "hangzhou-1"})[0]["plan_id"]
    assert heard_tasks(ear, plan_id, 2) == [(1, "open"), (2, "open")]
    last_id = ear.wait("task")[-1]["id"]
    ear.close()
    assert service.as_("planner").post(f"/api/v1/plans/{plan_id}/moves/2/cancel").status_code == 200
    again = ears(last_id=last_id, topic="tasks")
    heard = heard_tasks(again, plan_id, 2)
    assert heard == [
        (1, "open"),
        (2, "cancelled"),
    ]  # what lay just before comes twice
    told = json.loads(again.wait("task")[-1]["data"])
    assert (told["site"], told["to_bin"], told["status"]) == ("hangzhou-1", "B2", "cancelled")


def test_a_task_that_was_written_long_after_its_transaction_began_is_heard(service: Any, ears: Any) -> None:
    """A large plan takes a while to be approved; a stream looks back two seconds."""
    ear = ears(topic="tasks")
    ear.wait("beat")
    plan_id = service.sql(PLAN, {"site": "hangzhou-1"})[0]["plan_id"]
    heard_tasks(ear, plan_id, 2)
    slow = "with a as materialized (select pg_sleep(2.5)) update moves set seen_bin = 'X', changed_at = now() from a"
    service.sql(f"{slow} where plan_id = %(plan_id)s and step = 1", {"plan_id": plan_id})
    assert heard_tasks(ear, plan_id, 3) == [(1, "open"), (2, "open"), (1, "open")]


def test_a_caller_hears_of_the_tasks_of_its_sites_only(service: Any) -> None:
    service.as_("viewer", "other")
    ear = Ear(service, token="viewer/other", topic="tasks")
    try:
        ear.wait("beat")
        service.sql(PLAN, {"site": "hangzhou-1"})
        there = service.sql(PLAN, {"site": "other"})[0]["plan_id"]
        assert heard_tasks(ear, there, 2) == [(1, "open"), (2, "open")]
        assert len(ear.wait("task")) == 2
    finally:
        ear.close()
