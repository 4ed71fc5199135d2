"""Several ingest programs: they share the work, and what one leaves behind another takes up; memory stays bounded."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tagdock_cloud.ingest.shares import Share
from tagdock_contract import GatewayAddress, Movement

Make = Callable[..., Movement]
Sql = Callable[..., list[dict[str, Any]]]
Start = Callable[..., subprocess.Popen[bytes]]
SITES = [f"site-{number}" for number in range(6)]


@pytest.fixture
def start(database: str, mosquitto: Any, program: Start, wait_ready: Callable[..., None]) -> Start:
    """A function that starts ingest on mosquitto, not in lab mode."""

    def start(**settings: str) -> subprocess.Popen[bytes]:
        process = program("ingest", database=database, broker=mosquitto.url, **settings)
        wait_ready(process)
        return process

    return start


def test_shares_split_the_sites_take_up_new_ones_and_what_a_killed_one_left(
    start: Start, gateway: Callable[..., Any], mosquitto: Any, movement: Make, sql: Sql
) -> None:
    for site in SITES[:5]:
        sql("insert into gateways (site, gateway) values (%s, 'g1')", [site])
    shares = [start(share=f"{number}/2") for number in (1, 2)]
    senders = {site: gateway(mosquitto.port, address=GatewayAddress(site, "g1")) for site in SITES}

    def send(count: int, sites: list[str]) -> None:
        for number in range(count):
            for site in sites:
                senders[site].send(movement(f"urn:epc:raw:96.x{number}", site=site))

    def wait(sites: list[str]) -> None:
        for site in sites:
            senders[site].wait_for_all()

    send(5, SITES[:5])
    wait(SITES[:5])
    first = [site for site in SITES if Share(1, 2).holds(site)]
    counts = {row["client_id"]: row["events_stored"] for row in sql("select client_id, events_stored from ingests")}
    held = len([site for site in first if site in SITES[:5]])
    assert counts == {"tagdock-cloud-ingest-1-of-2": 5 * held, "tagdock-cloud-ingest-2-of-2": 5 * (5 - held)}

    shares[0].kill()
    shares[0].wait()
    sql("insert into gateways (site, gateway) values (%s, 'g1')", [SITES[5]])  # registered while they run
    send(20, SITES[:5])
    start(share="1/2")  # taken up elsewhere
    wait(SITES[:5])

    stop = threading.Event()

    def until_heard() -> None:  # nobody listens to the new site's topic at first: its gateway sends again
        while not stop.wait(0.3):
            senders[SITES[5]].send_again()

    send(1, [SITES[5]])
    again = threading.Thread(target=until_heard)
    again.start()
    try:
        wait([SITES[5]])
    finally:
        stop.set()
        again.join()
    assert sql("select count(*) as n, count(distinct event_id) as ids from movements") == [{"n": 126, "ids": 126}]
    assert all(not sender.refused for sender in senders.values())


def test_a_shared_subscription_is_dealt_out_and_what_a_dead_member_held_is_sent_again(
    start: Start, gateway: Callable[..., Any], mosquitto: Any, movement: Make, sql: Sql, wait_until: Callable[..., Any]
) -> None:
    members = [start(open="1", mqtt="5", shared_group="cloud", client_id=f"member-{number}") for number in (1, 2)]
    sender = gateway(mosquitto.port)
    for number in range(40):
        sender.send(movement(f"urn:epc:raw:96.x{number}"))
    sender.wait_for_all()
    counts = {row["client_id"]: row["events_stored"] for row in sql("select client_id, events_stored from ingests")}
    assert sum(counts.values()) == 40 and min(counts.values()) > 0, counts
    members[0].kill()
    members[0].wait()
    for number in range(40, 80):
        sender.send(movement(f"urn:epc:raw:96.x{number}"))

    def all_acked() -> bool:
        if sender.unacked:
            sender.send_again()
            time.sleep(0.5)
        return not sender.unacked

    wait_until(all_acked, 60)
    assert sql("select count(*) as n, count(distinct event_id) as ids from movements") == [{"n": 80, "ids": 80}]
    assert members[1].poll() is None


@pytest.mark.parametrize("protocol", ["3", "5"])
def test_what_was_committed_is_settled_with_the_broker(
    start: Start, gateway: Callable[..., Any], mosquitto: Any, movement: Make, sql: Sql, protocol: str
) -> None:
    process = start(open="1", mqtt=protocol)
    sender = gateway(mosquitto.port)
    for number in range(300):
        sender.send(movement(f"urn:epc:raw:96.x{number}"))
    sender.wait_for_all()
    process.terminate()
    assert process.wait(20) == 0
    start(open="1", mqtt=protocol)  # the same session: what was not settled would come again
    sender.send(movement("urn:epc:raw:96.x999"))
    sender.wait_for_all()
    assert sql("select events_stored, events_doubled from ingests") == [{"events_stored": 301, "events_doubled": 0}]


def test_what_was_published_without_a_promise_is_stored_and_breaks_no_connection(
    start: Start, gateway: Callable[..., Any], mosquitto: Any, movement: Make
) -> None:
    process = start(open="1")
    sender = gateway(mosquitto.port)
    sender.send(movement("urn:epc:raw:96.x1"), qos=0)  # it has no packet id: to acknowledge it would break the protocol
    sender.wait_for_all()
    sender.send(movement("urn:epc:raw:96.x2"))
    sender.wait_for_all()
    process.terminate()
    assert process.communicate(timeout=30) == (b"", b"")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        pytest.param({"share": "5/4"}, b"--share must look like 2/4", id="no-share"),
        pytest.param({"shared_group": "a"}, b"needs --mqtt 5", id="group-on-3"),
        pytest.param({"shared_group": "a", "mqtt": "5"}, b"needs a --client-id of its own", id="group-without-id"),
        pytest.param({"shared_group": "a", "mqtt": "5", "share": "1/2"}, b"give one of them", id="both"),
    ],
)
def test_sharing_that_cannot_work_is_bad_usage(
    database: str, mosquitto: Any, program: Start, settings: dict[str, str], says: bytes
) -> None:
    process = program("ingest", database=database, broker=mosquitto.url, **settings)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2 and says in err and err.count(b"\n") == 1


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def test_while_the_database_stands_still_memory_does_not_grow(
    own_postgres: Any, program: Start, wait_ready: Callable[..., None], mosquitto: Any, gateway: Callable[..., Any],
    movement: Make,
) -> None:  # fmt: skip
    process = program("ingest", database=own_postgres.url, broker=mosquitto.url, open="1", group_kib="64")
    wait_ready(process)
    sender = gateway(mosquitto.port)
    sender.send(movement("urn:epc:raw:96.x0"))
    sender.wait_for_all()
    before_mb = resident_mb(process)
    stopped = family(own_postgres.process.pid)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(30):
            sender.send(movement(f"urn:epc:raw:96.x{number + 1}", evidence={"words": "x" * 1_000_000}))
        sender.publish(b"", "status")  # the broker has it all by now
        time.sleep(1.5)
        grown_mb = resident_mb(process) - before_mb
        assert sender.committed == {0}
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert grown_mb < 15, "it takes from the broker what it cannot store"
    sender.wait_for_all(60)
    with psycopg.connect(own_postgres.url) as reader:
        assert reader.execute("select count(*), count(distinct event_id) from movements").fetchone() == (31, 31)
    assert process.poll() is None
