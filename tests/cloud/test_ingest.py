"""The ingest program as gateways meet it: acknowledged only when committed, nothing lost, nothing doubled."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tagdock_contract import Ack, GatewayAddress, Movement, Status, encode

Make = Callable[..., Movement]
Sql = Callable[..., list[dict[str, Any]]]
Program = Callable[..., subprocess.Popen[bytes]]
Connect = Callable[..., Any]


@pytest.fixture
def ingest(database: str, any_broker: Any, program: Program, start: Callable[..., Any]) -> subprocess.Popen[bytes]:
    """Ingest in lab mode on each broker in turn."""
    process: subprocess.Popen[bytes] = start(database, any_broker)
    return process


@pytest.fixture
def start(program: Program, wait_ready: Callable[..., None]) -> Callable[..., subprocess.Popen[bytes]]:
    def start(database: str, broker: Any, **settings: str) -> subprocess.Popen[bytes]:
        process = program("ingest", database=database, broker=broker.url, **{"open": "1", **settings})
        wait_ready(process)
        return process

    return start


def stored(sql: Sql) -> list[str]:
    return [str(row["event_id"]) for row in sql("select event_id from movements")]


def test_an_ack_never_comes_before_its_rows_are_visible(
    ingest: Any, any_broker: Any, gateway: Connect, movement: Make, database: str
) -> None:
    seen_at_ack: list[tuple[int, int]] = []
    with psycopg.connect(database, autocommit=True) as reader:

        def look(ack: Ack) -> None:
            row = reader.execute(
                "select count(*) from settled_movements where evidence @> '{\"reads\": 12}'"
            ).fetchone()
            assert row is not None
            seen_at_ack.append((sum(len(one.committed) for one in sender.acks), row[0]))

        sender = gateway(any_broker.port)
        sender.when_acked = look
        for number in range(60):
            sender.send(movement(f"urn:epc:id:sgtin:9521234.012345.{number}"))
            if number % 20 == 19:
                time.sleep(0.1)
        sender.wait_for_all()
    assert all(visible >= acked for acked, visible in seen_at_ack)
    assert seen_at_ack[-1] == (60, 60)


def test_a_batch_sent_again_is_acked_again_and_stored_once(
    ingest: Any, any_broker: Any, gateway: Connect, movement: Make, sql: Sql, wait_until: Callable[..., Any]
) -> None:
    sender = gateway(any_broker.port)
    first = movement()
    sender.send(first, seq=50)
    sender.wait_for_all()
    sender.send(first, seq=51)
    sender.send(first, seq=50)
    wait_until(lambda: sum(50 in ack.committed for ack in sender.acks) == 2 and 51 in sender.committed)
    assert stored(sql) == [str(first.event_id)]


def test_hostile_payloads_never_stop_it_and_are_refused_by_name(
    ingest: Any, any_broker: Any, gateway: Connect, movement: Make, sql: Sql
) -> None:
    sender = gateway(any_broker.port)
    epoch = str(sender.epoch)
    hostile = [
        b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"x" * (2 * 1024 * 1024 + 100),
        json.dumps({"v": 1, "epoch": epoch, "seq": 900, "sent_at": "now", "events": []}).encode(),
        json.dumps({"v": 2, "epoch": epoch, "seq": 901, "sent_at": "2026-01-01T00:00:00Z", "events": []}).encode(),
    ]  # fmt: skip
    for payload in hostile:
        sender.publish(payload)
        sender.publish(payload, "status")
    ahead = sender.send(movement(observed_at=datetime.now(UTC) + timedelta(days=2)), seq=902)
    elsewhere = sender.send(movement(site="s2"), seq=903)
    good = sender.send(movement(), seq=904)
    sender.wait_for_all()
    assert good in sender.committed and len(stored(sql)) == 1
    assert {900, 901, ahead, elsewhere} <= set(sender.refused)
    assert "ahead of the cloud's clock" in sender.refused[ahead]
    assert "topic's site" in sender.refused[elsewhere]
    assert ingest.poll() is None
    kept = {row["seq"] for row in sql("select seq from refused_batches where seq is not null")}
    assert kept == {900, 901, ahead, elsewhere}


def test_killed_ingest_loses_and_doubles_nothing(
    ingest: Any, any_broker: Any, gateway: Connect, movement: Make, sql: Sql, database: str, start: Any
) -> None:
    sender = gateway(any_broker.port)
    events = [movement(f"urn:epc:id:sgtin:9521234.012345.{number}") for number in range(300)]
    for number, event in enumerate(events):
        sender.send(event)
        if number == 100:
            ingest.kill()
            ingest.wait()
    start(database, any_broker)
    sender.send_again()
    sender.wait_for_all()
    assert sorted(stored(sql)) == sorted(str(event.event_id) for event in events)


def test_what_was_sent_while_ingest_was_away_waits_for_it_at_the_broker(
    ingest: Any, any_broker: Any, gateway: Connect, movement: Make, sql: Sql, database: str, start: Any
) -> None:
    sender = gateway(any_broker.port)
    sender.send(movement())
    sender.wait_for_all()
    ingest.send_signal(signal.SIGTERM)
    assert ingest.wait(30) == 0
    sender.send(movement("urn:epc:raw:96.x31"))
    start(database, any_broker)
    sender.wait_for_all()
    assert len(stored(sql)) == 2


def test_a_status_makes_a_gateway_visible_and_its_will_shows_that_it_is_gone(
    ingest: Any, any_broker: Any, gateway: Connect, movement: Make, sql: Sql, wait_until: Callable[..., Any]
) -> None:
    def says(state: Any) -> bytes:
        return encode(Status(site="s1", gateway="g1", state=state, at=datetime.now(UTC), outbox_events=4))

    sender = gateway(any_broker.port, will=says("offline"))
    sender.publish(says("online"), "status", retain=True)
    shown = "select gateway, state, outbox_events from gateways_v1"
    wait_until(lambda: sql(shown) == [{"gateway": "g1", "state": "online", "outbox_events": 4}])
    sender.vanish()
    wait_until(lambda: sql(shown) == [{"gateway": "g1", "state": "offline", "outbox_events": 4}])


def test_without_lab_mode_strangers_are_refused_and_registered_gateways_are_not(
    database: str, mosquitto: Any, start: Any, gateway: Connect, movement: Make, sql: Sql
) -> None:
    start(database, mosquitto, open="0")
    sql("insert into gateways (site, gateway) values ('s1', 'known')")
    stranger, known = gateway(mosquitto.port), gateway(mosquitto.port, address=GatewayAddress("s1", "known"))
    refused, committed = stranger.send(movement()), known.send(movement())
    stranger.wait_for_all()
    known.wait_for_all()
    assert "tagdock-cloud gateways add s1/g1" in stranger.refused[refused]
    assert committed in known.committed


def test_a_killed_database_loses_and_doubles_nothing(
    own_postgres: Any, mosquitto: Any, start: Any, gateway: Connect, movement: Make
) -> None:
    process = start(own_postgres.url, mosquitto)
    sender = gateway(mosquitto.port)
    events = [movement(f"urn:epc:id:sgtin:9521234.012345.{number}") for number in range(200)]
    for number, event in enumerate(events):
        sender.send(event)
        if number == 60:
            own_postgres.kill()
        if number == 150:
            own_postgres.start()
    sender.wait_for_all(40)
    assert process.poll() is None
    with psycopg.connect(own_postgres.url) as reader:
        found = [str(row[0]) for row in reader.execute("select event_id from movements")]
    assert sorted(found) == sorted(str(event.event_id) for event in events)
    assert sender.committed == set(range(200))


def test_while_the_database_is_away_it_stops_taking_instead_of_filling_up(
    own_postgres: Any, mosquitto: Any, start: Any, gateway: Connect, movement: Make
) -> None:
    process = start(own_postgres.url, mosquitto, group_kib="4")
    sender = gateway(mosquitto.port)
    own_postgres.kill()
    for number in range(300):
        sender.send(movement(f"urn:epc:id:sgtin:9521234.012345.{number}"))
    time.sleep(1.0)
    assert sender.committed == set()
    own_postgres.start()
    sender.wait_for_all(40)
    assert sender.committed == set(range(300))
    assert process.poll() is None


def test_a_restarted_broker_is_found_again(
    database: str, program: Program, start: Any, embedded_broker: Any, gateway: Connect, movement: Make, sql: Sql,
    wait_until: Callable[..., Any], restart_broker: Callable[[], None],
) -> None:  # fmt: skip
    process = start(database, embedded_broker)
    sender = gateway(embedded_broker.port)
    sender.send(movement())
    sender.wait_for_all()
    restart_broker()
    sender.send(movement("urn:epc:raw:96.x31"))

    def arrived() -> bool:
        sender.send_again()
        time.sleep(0.3)
        return not sender.unacked

    wait_until(arrived, 40)
    assert len(stored(sql)) == 2 and process.poll() is None


@pytest.mark.parametrize(
    ("settings", "status", "says"),
    [
        pytest.param({"broker": "mqtt://127.0.0.1:1"}, 1, b"the broker at mqtt://127.0.0.1:1", id="no-broker"),
        pytest.param({"broker": "http://127.0.0.1:1"}, 2, b"--broker must look like", id="no-mqtt-url"),
        pytest.param({"database": "postgresql://u:geheim@127.0.0.1:1/x"}, 1, b"127.0.0.1:1/x right", id="no-database"),
        pytest.param({"database": "nonsense"}, 2, b"--database is no PostgreSQL URL", id="no-database-url"),
        pytest.param({"broker": ""}, 2, b"give --database URL and --broker URL", id="nothing-given"),
    ],
)
def test_what_it_cannot_start_with_is_one_clear_line(
    database: str, program: Program, settings: dict[str, str], status: int, says: bytes
) -> None:
    process = program("ingest", **{"database": database, "broker": "mqtt://u:geheim@127.0.0.1:1", **settings})
    out, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert out == b"" and says in err and err.count(b"\n") == 1
    assert b"geheim" not in err and b"Traceback" not in err


def test_a_broker_that_knows_another_password_is_named_and_the_password_is_not(
    database: str, embedded_broker: Any, program: Program
) -> None:
    wrong = f"mqtt://tagdock-cloud:geheim@127.0.0.1:{embedded_broker.port}"
    process = program("ingest", database=database, broker=wrong)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"check user and password" in err and b"geheim" not in err


def test_it_ends_with_the_process_that_supervises_it(
    database: str, mosquitto: Any, program: Program, tmp_path: Path
) -> None:
    script = (
        "import os, subprocess, sys; "
        "child = subprocess.Popen([sys.executable, '-m', 'tagdock_cloud', 'ingest'], stdout=subprocess.PIPE, "
        "env={**os.environ, 'TAGDOCK_PARENT': str(os.getpid())}); "
        "child.stdout.readline(); print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    settings = {"TAGDOCK_DATABASE": database, "TAGDOCK_BROKER": mosquitto.url, "TAGDOCK_OPEN": "1"}
    parent = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **settings}, stdout=subprocess.PIPE, check=False
    )
    child = int(parent.stdout)
    deadline = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "the child lives on"
        time.sleep(0.1)
