"""Events a second from publish over commit to ack, beside a bare binary COPY of the same rows in the same run.

    .venv/bin/python benchmarks/cloud_ingest.py [--events 40000] [--rounds 3] [--items 20000]
    .venv/bin/python benchmarks/cloud_ingest.py --sustained 5000000      how the rate holds while the record grows
    .venv/bin/python benchmarks/cloud_ingest.py --latency 60             read -> visible in the API at 1,000 events/s

Broker (mosquitto where it is installed, else the embedded one), embedded PostgreSQL and ingest run as programs of their
own, the gateways in this one; every event moves a registered item. The COPY writes into the table `movements` itself,
keys, indexes, triggers and all, in transactions of the same size, with nothing around it: the limit the database sets.
Where node and npm are there, Node-RED does what a user would draw: MQTT in -> one insert a message -> PostgreSQL.
Beside each rate stands what an event took of a core, by program: that holds on a busy machine, too, and says what two
cores of one's own would do.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from cloud_gateways import Gateway, drive
from cloud_rig import PASSWORD, Programs, running_broker, running_cloud, running_database
from psycopg.types.json import Jsonb
from tagdock_contract import Ack, Batch, GatewayAddress, Movement, content_uuid7, encode

GROUP = 5_000
UNACKED_EVENTS = 40_000
GATEWAYS = 8
SIZES = (1, 10, 100)
_numbers = count()


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=int, default=20_000)
    options = parser.parse_args()
    programs = Programs()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        database = stack.enter_context(running_database(folder, programs))
        register(database, options.items)
        broker, port = stack.enter_context(running_broker(folder, database, programs))
        settings = {"DATABASE": database, "BROKER": broker, "OPEN": "1"}
        programs.add("ingest", stack.enter_context(running_cloud("ingest", settings)).pid)
        measure(Rig(database, port, options.items, programs), options.events, options.rounds)


class Rig:
    """What is measured."""

    def __init__(self, database: str, port: int, items: int, programs: Programs) -> None:
        self.database, self.port, self.items, self.programs = database, port, items, programs


def measure(rig: Rig, events: int, rounds: int) -> None:
    """Measure each batch size and the COPY in turn, round by round, so that noise hits all alike."""
    rates: dict[str, list[float]] = {f"{size} a batch": [] for size in SIZES} | {"bare COPY": []}
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in rates}
    for number in range(rounds):
        for size in SIZES:
            name, amount = f"{size} a batch", events if size > 1 else events // 2
            batches = make_batches(amount, size, rig.items)
            payloads = [encode(batch) for batch in batches]
            before = rig.programs.cpu_s()
            rates[name].append(publish(rig.port, batches, payloads))
            after = rig.programs.cpu_s()
            taken[name].append({who: (after[who] - before[who]) / amount * 1e6 for who in after})
            say(f"round {number + 1}: {name} {rates[name][-1]:,.0f} events/s")
        rows = [event for batch in make_batches(events, 100, rig.items) for event in batch.events]
        rates["bare COPY"].append(copy(rig.database, rows))
    limit = statistics.median(rates["bare COPY"])
    print(f"{events:,} events a round, {rounds} rounds, {rig.items:,} items, {os.cpu_count()} cores")
    print(f"{'':<14}{'events/s (median)':>20}{'of COPY':>10}   us of a core an event")
    for name, found in rates.items():
        rate = statistics.median(found)
        print(f"{name:<14}{rate:>20,.0f}{rate / limit:>10.0%}   {shares(taken[name])}")


def shares(taken: list[dict[str, float]]) -> str:
    """Write what an event took of a core, by program and in all."""
    if not taken:
        return ""
    medians = {who: statistics.median(one[who] for one in taken) for who in taken[0]}
    return ", ".join(f"{who} {spent:.1f}" for who, spent in medians.items()) + f"; {sum(medians.values()):.1f} in all"


def make_batches(events: int, size: int, items: int) -> list[Batch]:
    """Make batches of movements of registered items, in and out by turns."""
    epoch, start = uuid4(), datetime.now(UTC) - timedelta(seconds=events / 1000)
    made = [movement(next(_numbers), start + timedelta(milliseconds=n), epoch, items) for n in range(events)]
    return [
        Batch(epoch=epoch, seq=seq, sent_at=datetime.now(UTC), events=tuple(made[at : at + size]))
        for seq, at in enumerate(range(0, events, size))
    ]


def movement(number: int, at: datetime, epoch: UUID, items: int) -> Movement:
    """Make one movement; `evidence` is as large as a two-row door's is."""
    antennas = [{"reader": "dock-1", "antenna": n, "reads": 12, "peak_rssi_dbm": -51.5} for n in (1, 2)]
    return Movement(
        event_id=content_uuid7(int(at.timestamp() * 1000), str(epoch), str(number)),
        observed_at=at,
        site="s1",
        epc=epc(number % items),
        epc_hex="3034257BF7194E4000001A85",
        direction="out" if number // items % 2 == 0 else "in",
        confidence=0.99,
        door=f"D{number % 4}",
        evidence={"reads": 24, "antennas": antennas},
    )


def epc(number: int) -> str:
    """Name one item."""
    return f"urn:epc:id:sgtin:9521234.{number % 500:06d}.{number}"


def publish(port: int, batches: list[Batch], payloads: list[bytes]) -> float:
    """Publish batches as gateways do, a bounded number unacked, and return events a second until the last ack."""
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
         Jsonb(e.evidence))
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


def register(database: str, items: int) -> None:
    """Register the items, as `PUT /items` does."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into items (epc, sku, registered_at, registered_site, registered_bin, site, bin, state, since) "
            "select format('urn:epc:id:sgtin:9521234.%%s.%%s', lpad((n %% 500)::text, 6, '0'), n), "
            "format('SKU-%%s', n %% 500), at, 's1', 'A-1', 's1', 'A-1', 'sellable_accessible', at "
            "from generate_series(0, %s) as n, (select now() - interval '1 day') as yesterday (at)",
            [items - 1],
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze items")


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
