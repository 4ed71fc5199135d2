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
from tagdock_cloud.inventory import feed
from tagdock_cloud.web.paging import write_cursor

EPC = "urn:epc:id:sgtin:9521234.000007."


class Ear:
    """Listens in a thread of its own; `wait` gives the events of a kind once enough of them came."""

    def __init__(self, service: Any, query: str = "", last_id: str | None = None, token: str = "viewer") -> None:
        headers = {"Authorization": f"Bearer {service.tokens[token]}"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.events: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self._changed = threading.Condition()
        self._client = httpx.Client(timeout=httpx.Timeout(10, read=10))
        self._stream = self._client.stream("GET", f"{service.url}/api/v1/stream/movements{query}", headers=headers)
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

    def wait(self, kind: str, count: int = 1, timeout_s: float = 8) -> list[dict[str, Any]]:
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
            assert self._changed.wait_for(lambda: {row["epc"] for row in heard()} == set(epcs), 8), self.events
        return heard()

    def close(self) -> None:
        self._stream.__exit__(None, None, None)
        self._client.close()
        self._thread.join(5)


@pytest.fixture
def ears(service: Any) -> Iterator[Any]:
    opened: list[Ear] = []

    def listen(query: str = "", last_id: str | None = None) -> Ear:
        opened.append(Ear(service, query, last_id))
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
    monkeypatch.setattr(feed, "MOST_LISTENERS", service.server.config.app.state.feed._followers)
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
