"""Events a second from publish over commit to ack, beside a bare binary COPY of the same rows in the same run.

    .venv/bin/python benchmarks/cloud_ingest.py [--events 40000] [--rounds 3]

Broker (mosquitto where it is installed, else the embedded one), embedded PostgreSQL and ingest run as programs of their
own; every event moves a registered item. The COPY writes into the table `movements` itself, keys, indexes and all, in
transactions of the same size, with nothing around it: the limit that the database sets.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from cloud_gateways import Gateway, drive
from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.serve.ports import choose_port, is_free
from tagdock_cloud.store.migrate import migrate
from tagdock_contract import Ack, Batch, GatewayAddress, Movement, content_uuid7, encode

ITEMS = 20_000
GROUP = 5_000
UNACKED_EVENTS = 40_000
GATEWAYS = 8
PASSWORD = "benchmark"


def main() -> None:
    """Run the rounds and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        database = stack.enter_context(running_database(folder))
        register(database)
        broker, port = stack.enter_context(running_broker(folder, database))
        stack.enter_context(running_ingest(database, broker))
        measure(database, port, options.events, options.rounds, "mosquitto" if "@" not in broker else "embedded broker")


def measure(database: str, port: int, events: int, rounds: int, broker: str) -> None:
    """Measure each batch size and the COPY in turn, round by round, so that noise hits all alike."""
    sizes = (1, 10, 100)
    found: dict[str, list[float]] = {f"{size} a batch": [] for size in sizes} | {"bare COPY": []}
    for number in range(rounds):
        for size in sizes:
            batches = make_batches(events if size > 1 else events // 2, size)
            found[f"{size} a batch"].append(publish(port, batches))
            say(f"round {number + 1}: {size} a batch {found[f'{size} a batch'][-1]:,.0f} events/s")
        found["bare COPY"].append(
            copy(database, [event for batch in make_batches(events, 100) for event in batch.events])
        )
    limit = statistics.median(found["bare COPY"])
    print(f"{broker}, {events:,} events a round, {rounds} rounds, {os.cpu_count()} cores")
    print(f"{'':<14}{'events/s (median)':>20}{'of COPY':>10}")
    for name, rates in found.items():
        rate = statistics.median(rates)
        print(f"{name:<14}{rate:>20,.0f}{rate / limit:>10.0%}")


def make_batches(events: int, size: int) -> list[Batch]:
    """Make batches of movements of registered items, in and out by turns."""
    epoch, start = uuid4(), datetime.now(UTC) - timedelta(seconds=events / 1000)
    made = [movement(number, start, epoch) for number in range(events)]
    return [
        Batch(epoch=epoch, seq=seq, sent_at=datetime.now(UTC), events=tuple(made[at : at + size]))
        for seq, at in enumerate(range(0, events, size))
    ]


def movement(number: int, start: datetime, epoch: UUID) -> Movement:
    """Make one movement; `evidence` is as large as a two-row door's is."""
    at = start + timedelta(milliseconds=number)
    antennas = [{"reader": "dock-1", "antenna": n, "reads": 12, "peak_rssi_dbm": -51.5} for n in (1, 2)]
    return Movement(
        event_id=content_uuid7(int(at.timestamp() * 1000), str(epoch), str(number)),
        observed_at=at,
        site="s1",
        epc=epc(number % ITEMS),
        epc_hex="3034257BF7194E4000001A85",
        direction="out" if number // ITEMS % 2 == 0 else "in",
        confidence=0.99,
        door=f"D{number % 4}",
        evidence={"reads": 24, "antennas": antennas},
    )


def epc(number: int) -> str:
    """Name one item."""
    return f"urn:epc:id:sgtin:9521234.{number % 500:06d}.{number}"


def publish(port: int, batches: list[Batch]) -> float:
    """Publish batches as gateways do, a bounded number unacked, and return events a second until the last ack."""
    payloads = [encode(batch) for batch in batches]
    size, epoch = len(batches[0].events), batches[0].epoch
    window = max(UNACKED_EVENTS // size, GATEWAYS)
    sent = acked = 0

    def feed() -> tuple[int, bytes] | None:
        nonlocal sent
        if sent == len(payloads) or sent - acked >= window:
            return None
        sent += 1
        return sent % GATEWAYS, payloads[sent - 1]

    def on_ack(ack: Ack) -> bool:
        nonlocal acked
        acked += len(ack.committed) if ack.epoch == epoch else 0
        return acked >= len(payloads)

    with ExitStack() as stack:
        gateways = [Gateway(port, GatewayAddress("s1", f"g{number}"), PASSWORD) for number in range(GATEWAYS)]
        for one in gateways:
            stack.callback(one.socket.close)
        started_s = time.perf_counter()
        drive(gateways, feed, on_ack)
        return size * len(batches) / (time.perf_counter() - started_s)


def copy(database: str, events: list[Movement]) -> float:
    """Copy the rows into `movements` and return events a second; then leave it as it was."""
    columns = "site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence, evidence"
    types = ["text", "timestamptz", "uuid", "text", "text", "text", "text", "text", "float4", "jsonb"]
    rows = [
        (e.site, e.observed_at, e.event_id, "copy", e.epc, e.epc_hex, e.door, e.direction, e.confidence,
         psycopg.types.json.Jsonb(e.evidence))
        for e in events
    ]  # fmt: skip
    with psycopg.connect(database) as connection:
        started_s = time.perf_counter()
        for at in range(0, len(rows), GROUP):
            with connection.cursor().copy(f"copy movements ({columns}) from stdin (format binary)") as target:
                target.set_types(types)
                for row in rows[at : at + GROUP]:
                    target.write_row(row)
            connection.commit()
        rate = len(rows) / (time.perf_counter() - started_s)
        connection.execute("delete from movements where gateway = 'copy'")
    return rate


def register(database: str) -> None:
    """Register the items, as `PUT /items` does."""
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into items (epc, sku, registered_at, registered_site, registered_bin, site, bin, state, since) "
            "select %s, %s, at, 's1', 'A-1', 's1', 'A-1', 'sellable_accessible', at "
            "from (select now() - interval '1 day') as yesterday (at)",
            [(epc(number), f"SKU-{number % 500}") for number in range(ITEMS)],
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("analyze items")


@contextmanager
def running_database(folder: Path) -> Iterator[str]:
    """Run the embedded PostgreSQL as `serve` would."""
    database = EmbeddedDatabase(folder / "database", choose_port("127.0.0.1", 0, ""), PASSWORD)
    database.prepare()
    with running(database.command, stop=signal.SIGINT):
        database.wait(30, while_waiting=lambda: None)
        migrate(database.url)
        yield database.url


@contextmanager
def running_broker(folder: Path, database: str) -> Iterator[tuple[str, int]]:
    """Run mosquitto where it is installed, else the embedded broker; yield its URL and port."""
    port = choose_port("127.0.0.1", 0, "")
    mosquitto = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if mosquitto is not None:
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 100000\n"
        )
        with running([mosquitto, "-c", str(config)]):
            while is_free("127.0.0.1", port):
                time.sleep(0.05)
            yield f"mqtt://127.0.0.1:{port}", port
        return
    settings = {"TAGDOCK_BROKER_PASSWORD": PASSWORD, "TAGDOCK_BROKER_PORT": str(port), "TAGDOCK_OPEN": "1"}
    with running(
        [sys.executable, "-m", "tagdock_cloud", "broker"], {"TAGDOCK_DATABASE": database, **settings}
    ) as process:
        process.stdout.readline()
        yield f"mqtt://tagdock-cloud:{PASSWORD}@127.0.0.1:{port}", port


@contextmanager
def running_ingest(database: str, broker: str) -> Iterator[None]:
    """Run ingest in lab mode."""
    settings = {"TAGDOCK_DATABASE": database, "TAGDOCK_BROKER": broker, "TAGDOCK_OPEN": "1"}
    with running([sys.executable, "-m", "tagdock_cloud", "ingest"], settings) as process:
        process.stdout.readline()
        yield


@contextmanager
def running(
    command: list[str], settings: dict[str, str] | None = None, stop: int = signal.SIGTERM
) -> Iterator[subprocess.Popen]:
    """Run a program and stop it at the end."""
    process = subprocess.Popen(
        command, env={**os.environ, **(settings or {})}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/"
    )
    try:
        yield process
    finally:
        process.send_signal(stop)
        process.wait(15)


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
