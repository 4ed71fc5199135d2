"""Events a second from publish over commit to ack, beside a bare binary COPY of the same rows in the same run.

    .venv/bin/python benchmarks/cloud_ingest.py [--events 40000] [--rounds 3] [--items 20000] [--without-node-red]
    .venv/bin/python benchmarks/cloud_ingest.py --sustained 5000000      how the rate holds while the record grows
    .venv/bin/python benchmarks/cloud_ingest.py --latency 60             read -> visible in the API at 1,000 events/s

Broker (mosquitto where it is installed, else the embedded one), embedded PostgreSQL and ingest run as programs of their
own, the gateways in this one; every event moves a registered item. The COPY writes into the table `movements` itself,
keys, indexes, triggers and all, in transactions of the same size, with nothing around it: the limit the database sets.
Where node and npm are there, Node-RED does what a user would draw (`cloud_nodered.py` says what).
Beside each rate stands what an event took of a core, by program: that holds on a busy machine, too, and says what two
cores of one's own would do.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from cloud_gateways import Gateway, drive
from cloud_nodered import is_possible, publish_to_nodered, running_nodered
from cloud_rig import PASSWORD, Programs, running_broker, running_cloud, running_database
from cloud_traffic import copy, payloads, register
from tagdock_cloud.serve.ports import choose_port
from tagdock_contract import Ack, GatewayAddress

GROUP = 5_000
UNACKED_EVENTS = 40_000
GATEWAYS = 8
SIZES = (1, 10, 100)
MARK_S = 5.0


@dataclass
class Rig:
    """What is measured."""

    folder: Path
    database: str
    broker: str
    port: int
    items: int
    programs: Programs


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--without-node-red", action="store_true")
    parser.add_argument("--sustained", type=int, metavar="EVENTS")
    parser.add_argument("--latency", type=float, metavar="SECONDS")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder, programs = Path(stack.enter_context(tempfile.TemporaryDirectory())), Programs()
        folder.chmod(0o755)
        database = stack.enter_context(running_database(folder, programs))
        register(database, options.items)
        broker, port = stack.enter_context(running_broker(folder, database, programs))
        rig = Rig(folder, database, broker, port, options.items, programs)
        with running_cloud("ingest", {"DATABASE": database, "BROKER": broker, "OPEN": "1"}) as ingest:
            programs.add("ingest", ingest.pid)
            if options.sustained:
                sustain(rig, options.sustained)
            elif options.latency:
                delay(rig, options.latency)
            else:
                print(f"{options.events:,} events a round, {options.items:,} items, {os.cpu_count()} cores")
                ways = {f"{size} a batch": ours(rig, options.events if size > 1 else options.events // 2, size)
                        for size in SIZES}  # fmt: skip
                measure(rig, ways, options)
                print(f"ingest holds {programs.memory_mb('ingest'):.0f} MB")
        if not (options.sustained or options.latency or options.without_node_red) and is_possible():
            say("installing Node-RED")
            with running_nodered(folder / "node-red", database, port, programs):
                measure(rig, {f"Node-RED, {size}": theirs(rig, options.events // 4, size) for size in SIZES}, options)


Found = tuple[float, dict[str, float]]
"""Events a second, and microseconds of a core an event by program."""


def measure(rig: Rig, ways: dict[str, Callable[[], Found]], options: argparse.Namespace) -> None:
    """Measure each way and the COPY in turn, round by round, so that noise hits all alike, and print the medians."""
    ways["bare COPY"] = lambda: timed(
        rig, lambda: (copy(rig.database, options.events, rig.items, GROUP), options.events)
    )
    found: dict[str, list[Found]] = {name: [] for name in ways}
    for number in range(options.rounds):
        for name, way in ways.items():
            found[name].append(way())
            say(f"round {number + 1}: {name} {found[name][-1][0]:,.0f} events/s")
    limit = statistics.median(rate for rate, _ in found["bare COPY"])
    print(f"{'':<14}{'events/s (median)':>20}{'of COPY':>10}   us of a core an event")
    for name, rounds in found.items():
        rate = statistics.median(rate for rate, _ in rounds)
        print(f"{name:<14}{rate:>20,.0f}{rate / limit:>10.0%}   {shares([taken for _, taken in rounds])}")


def timed(rig: Rig, run: Callable[[], tuple[float, int]]) -> Found:
    """Run something that returns its rate and how many events it was, and tell what that took of the cores."""
    before = rig.programs.cpu_s()
    rate, events = run()
    time.sleep(0.3)  # a database process that has just ended is counted once its parent has noticed
    after = rig.programs.cpu_s()
    return rate, {who: (after[who] - before[who]) / events * 1e6 for who in after if who in before}


def ours(rig: Rig, events: int, size: int) -> Callable[[], Found]:
    """Measure Tagdock."""

    def run() -> Found:
        batches = list(payloads(uuid4(), events, size, rig.items))

        def send() -> tuple[float, int]:
            started_s = time.perf_counter()
            publish(rig.port, batches, size, lambda _: None)
            return events / (time.perf_counter() - started_s), events

        return timed(rig, send)

    return run


def theirs(rig: Rig, events: int, size: int) -> Callable[[], Found]:
    """Measure Node-RED, a quarter of the events: it takes long."""

    def run() -> Found:
        batches = list(payloads(uuid4(), events, size, rig.items))
        rate, taken = timed(rig, lambda: publish_to_nodered(rig.database, rig.port, batches, events))
        return rate, taken

    return run


def shares(taken: list[dict[str, float]]) -> str:
    """Write what an event took of a core, by program and in all."""
    medians = {who: statistics.median(one[who] for one in taken) for who in taken[0]}
    return ", ".join(f"{who} {spent:.1f}" for who, spent in medians.items()) + f"; {sum(medians.values()):.1f} in all"


def publish(port: int, batches: Iterable[bytes | None], size: int, heard: Callable[[int], None]) -> None:
    """Publish batches as gateways do, a bounded number unacked, until the last ack; `heard` hears how many are."""
    window, source = max(UNACKED_EVENTS // size, GATEWAYS), iter(batches)
    sent = acked = 0
    is_all = False

    def feed() -> tuple[int, bytes] | None:
        nonlocal sent, is_all
        if is_all or sent - acked >= window:
            return None
        payload = next(source, b"")
        if not payload:  # None: none is due yet
            is_all = payload is not None
            return None
        sent += 1
        return sent % GATEWAYS, payload

    def on_ack(ack: Ack) -> bool:
        nonlocal acked
        if ack.refused:
            raise RuntimeError(ack.refused[0].reason)
        acked += len(ack.committed)
        heard(acked)
        return is_all and acked >= sent

    with ExitStack() as stack:
        drive(connected(port, stack), feed, on_ack)


def connected(port: int, stack: ExitStack) -> list[Gateway]:
    """Connect all gateways."""
    gateways = [Gateway(port, GatewayAddress("s1", f"g{number}"), PASSWORD) for number in range(GATEWAYS)]
    for one in gateways:
        stack.callback(one.socket.close)
    return gateways


Mark = tuple[float, int, float]
"""When, how many events had been acked, and the megabytes that ingest held."""


def sustain(rig: Rig, events: int) -> None:
    """Publish so many events at 100 a batch and print how the rate held, minute by minute, and ingest's memory."""
    started_s, marks = time.perf_counter(), [(0.0, 0, rig.programs.memory_mb("ingest"))]

    def heard(acked: int) -> None:
        at_s = time.perf_counter() - started_s
        if at_s - marks[-1][0] >= MARK_S:
            marks.append((at_s, acked * 100, rig.programs.memory_mb("ingest")))
            say(f"{marks[-1][1]:,} events, {rate_of(*marks[-2:]):,.0f}/s, ingest {marks[-1][2]:.0f} MB")

    publish(rig.port, payloads(uuid4(), events, 100, rig.items), 100, heard)
    elapsed_s = time.perf_counter() - started_s
    marks.append((elapsed_s, events, rig.programs.memory_mb("ingest")))
    print(f"{events:,} events, 100 a batch, in {elapsed_s:,.0f} s: {events / elapsed_s:,.0f} events/s")
    minutes = list(minutes_of(marks))
    if minutes:
        print(f"first minute {minutes[0]:,.0f}/s, least minute {min(minutes):,.0f}/s "
              f"({min(minutes) / minutes[0]:.0%}), last minute {minutes[-1]:,.0f}/s")  # fmt: skip
    else:
        print(f"it was over in {elapsed_s:.0f} s: give more events to see minutes")
    print(f"ingest's memory: {marks[0][2]:.0f} MB at first, {max(mark[2] for mark in marks):.0f} MB at most")


def minutes_of(marks: Sequence[Mark]) -> Iterator[float]:
    """Yield the rate of every minute that begins at a mark, the first one first; they overlap."""
    for begin in marks:
        if (end := next((mark for mark in marks if mark[0] >= begin[0] + 60), None)) is not None:
            yield rate_of(begin, end)


def rate_of(before: Mark, after: Mark) -> float:
    """Return events a second between two marks."""
    return (after[1] - before[1]) / (after[0] - before[0])


def delay(rig: Rig, seconds: float) -> None:
    """Publish 1,000 events/s, ten a batch as gateways fill them, and time each until the API's stream tells of it."""
    port, late_ms = choose_port("127.0.0.1", 0, ""), []
    with running_cloud("api", {"DATABASE": rig.database, "OPEN": "1", "HTTP_PORT": str(port)}):
        threading.Thread(target=listen, args=(port, late_ms), daemon=True).start()
        time.sleep(2.0)
        publish(rig.port, paced(rig, seconds), 10, lambda _: None)
        deadline_s = time.monotonic() + 10
        while len(late_ms) < 1000 * seconds and time.monotonic() < deadline_s:
            time.sleep(0.1)
    late_ms.sort()
    print(f"{len(late_ms):,} events at 1,000/s, read -> told by the API: median {late_ms[len(late_ms) // 2]:.0f} ms, "
          f"p99 {late_ms[len(late_ms) * 99 // 100]:.0f} ms, worst {late_ms[-1]:.0f} ms")  # fmt: skip


def paced(rig: Rig, seconds: float) -> Iterator[bytes | None]:
    """Yield a batch of ten each hundredth of a second, None in between; its events were all read when it was."""
    next_s, source = time.perf_counter(), payloads(uuid4(), int(1000 * seconds), 10, rig.items)
    while True:
        if time.perf_counter() < next_s:
            yield None
        elif (payload := next(source, None)) is None:
            return
        else:
            next_s += 0.01
            yield payload


def listen(port: int, late_ms: list[float]) -> None:
    """Follow the API's stream of movements and note how long after its reading each is heard of."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/api/v1/stream/movements")
    response = connection.getresponse()
    for line in response:
        if line.startswith(b"data: ") and b'"observed_at"' in line:
            read_at = datetime.fromisoformat(json.loads(line[6:])["observed_at"])
            late_ms.append((datetime.now(UTC) - read_at).total_seconds() * 1000)


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
