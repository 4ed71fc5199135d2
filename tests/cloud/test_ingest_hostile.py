"""Hostile gateways: whatever they send, ingest goes on, and everybody else's batches are committed."""

import contextlib
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagdock_cloud.ingest.admit import Accepted, Bounds, Delivery, Refused, Reported, judge
from tagdock_cloud.ingest.record import Recorder
from tagdock_contract import GatewayAddress, Movement

Make = Callable[..., Movement]
NOW = datetime.now(UTC)
BOUNDS = Bounds(ahead=timedelta(days=36_500), behind=timedelta(days=36_500))


def golden(kind: str) -> list[dict[str, Any]]:
    """The contract's golden messages that are valid."""
    text = resources.files("tagdock_contract").joinpath(f"golden/{kind}.json").read_text(encoding="utf-8")
    return [case["message"] for case in json.loads(text)["valid"]]


BATCHES = golden("batch")
SITE = BATCHES[0]["events"][0]["site"]
EVENTS = {event["event_id"]: event for batch in reversed(BATCHES) for event in batch["events"] if event["site"] == SITE}
GOLDEN: dict[str, Any] = BATCHES[0] | {"events": sorted(EVENTS.values(), key=lambda event: -len(event))[:8]}
TOPIC = GatewayAddress(SITE, "g1").topic("events")
PATHS = [
    ("v",), ("epoch",), ("seq",), ("sent_at",), ("events",),
    *(("events", index, key) for index, event in enumerate(GOLDEN["events"]) for key in event),
    *(("events", index) for index in range(len(GOLDEN["events"]))),
]  # fmt: skip
NASTY = [
    None, True, -1, 0, 2**63, -(2**64), 10**400, 1e308, -0.0, "", "\x00", "a\x00b", "\ud800", "😀" * 500, "x" * 5000,
    "NaN", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z",
    [], {}, [[]] * 50, {"": ""}, {"\x00": "\x00"}, {"a": "\ud800"}, {"__proto__": 1}, "'; drop table movements; --",
]  # fmt: skip


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def mutated(paths: list[tuple[Any, ...]], values: list[Any]) -> bytes:
    """The golden batch of the contract with some of its values replaced."""
    said = json.loads(json.dumps(GOLDEN))
    for path, value in zip(paths, values, strict=True):
        inner = said
        with contextlib.suppress(LookupError, TypeError):  # an earlier value has taken the way there away
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = value
    return json.dumps(said).encode("utf-8", "surrogatepass")


values = st.one_of(
    st.sampled_from(NASTY),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.builds(deep, st.sampled_from([5, 8, 9, 500])),
    st.dictionaries(st.text(max_size=5), st.sampled_from(NASTY), max_size=3),
)


@pytest.fixture(scope="module")
def own_recorder(postgres: Any, fresh_database: Callable[[], Any]) -> Iterator[tuple[Recorder, str]]:
    with fresh_database() as url:
        recorder = Recorder(url, client_id="hostile", is_open=True)
        yield recorder, url
        recorder.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_mutation_of_a_good_batch_is_committed_or_refused(
    own_recorder: tuple[Recorder, str], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, 3))
    paths = data.draw(st.lists(st.sampled_from(PATHS), min_size=count, max_size=count))
    payload = mutated(paths, data.draw(st.lists(values, min_size=count, max_size=count)))
    if data.draw(st.booleans()):
        payload = payload.replace(b'{"v": 1,', b'{"v":1,', 1)  # as Tagdock's own gateways write it: the quick way
    verdict = judge(Delivery(TOPIC, payload, False, 1, 1), NOW, BOUNDS)
    assert isinstance(verdict, Accepted | Refused)
    if isinstance(verdict, Accepted):
        outcome = own_recorder[0].record([verdict], [], [])
    else:
        outcome = own_recorder[0].record([], [verdict], [])
    assert len(outcome.committed) + len(outcome.refused) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(["site", "state", "at", "readers", "software", "lost", "v"]), values))
def test_every_mutation_of_a_status_is_noted_or_left(
    own_recorder: tuple[Recorder, str], changes: dict[str, Any]
) -> None:
    good = golden("status")[0]
    topic = GatewayAddress(good["site"], good["gateway"]).topic("status")
    payload = json.dumps(good | changes).encode("utf-8", "surrogatepass")
    verdict = judge(Delivery(topic, payload, False, 1, 1), NOW, BOUNDS)
    if isinstance(verdict, Reported):
        own_recorder[0].record([], [], [verdict])


def test_a_flood_of_hostile_batches_stops_nobody(
    database: str, mosquitto: Any, program: Callable[..., subprocess.Popen[bytes]], wait_ready: Callable[..., None],
    gateway: Callable[..., Any], movement: Make, wait_until: Callable[..., Any],
) -> None:  # fmt: skip
    process = program("ingest", database=database, broker=mosquitto.url, open="1", log_format="json")
    wait_ready(process)
    rng = random.Random(5)
    hostile, honest = gateway(mosquitto.port, address=GatewayAddress(SITE, "g1")), gateway(mosquitto.port)
    for number in range(200):
        payload = mutated([rng.choice(PATHS)], [rng.choice([*NASTY, deep(900)])])
        at = rng.randrange(len(payload))
        cut = [payload, payload[:at], payload[:at] + rng.randbytes(8) + payload[at:], b"[" * 50_000][number % 4]
        hostile.send_bytes(cut)
        if number % 20 == 0:
            honest.send(movement(f"urn:epc:raw:96.x{number}"))
    honest.wait_for_all()
    assert honest.refused == {} and process.poll() is None
    with psycopg.connect(database, autocommit=True) as reader:

        def parked() -> int:
            row = reader.execute("select count(*) from refused_batches").fetchone()
            return int(row[0]) if row else 0

        wait_until(lambda: parked() >= 50)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    fields = [json.loads(line) for line in said.splitlines()]
    assert all("Traceback" not in line.get("error", "") for line in fields)
    assert any(line.get("batch", "").startswith(f"{SITE}/g1/") for line in fields)


def test_when_all_is_well_it_says_nothing(
    database: str, mosquitto: Any, program: Callable[..., subprocess.Popen[bytes]], wait_ready: Callable[..., None],
    gateway: Callable[..., Any], movement: Make,
) -> None:  # fmt: skip
    process = program("ingest", database=database, broker=mosquitto.url, open="1")
    wait_ready(process)
    sender = gateway(mosquitto.port)
    sender.send(movement())
    sender.wait_for_all()
    process.terminate()
    assert process.communicate(timeout=30) == (b"", b"")


def test_a_lone_surrogate_is_refused_and_not_stored(own_recorder: tuple[Recorder, str]) -> None:
    payload = json.dumps(GOLDEN).replace('"evidence": {', '"evidence": {"a": "\\ud800", ', 1).encode()
    assert isinstance(judge(Delivery(TOPIC, payload, False, 1, 1), NOW, BOUNDS), Refused)
