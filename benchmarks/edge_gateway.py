"""The whole gateway under load: decoded read -> inbox -> journal -> movement -> outbox, as it runs.

A driver of its own (a package with an entry point, as anybody's) plays a recorded rush hour on as many walls of doors
as the rate needs, with new tags each time. What playing costs is measured on its thread and taken off. Beside it, in
the same run: sllurp's decoding of one such read, which comes before. Then an hour of simulated time at 100,000
different tags, for memory, as fast as it goes; then a gateway whose reader reads nothing. Each in its own process.

    .venv/bin/python benchmarks/edge_gateway.py [--rate 40000] [--for 20] [--minutes 60] [--idle 20]
"""

import argparse
import contextlib
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sllurp.llrp import LLRPMessage
from tagdock_contract import Ack, ReaderStatus, TagRead, decode_record
from tagdock_edge.config import GatewayConfig
from tagdock_edge.config_file import load
from tagdock_edge.driver import Driver, Station
from tagdock_edge.gateway import Gateway
from tagdock_edge.inbox import Inbox
from tagdock_edge.journal import Journal
from tagdock_edge.outbox import Outbox
from tagdock_edge.tables import Table

PROGRAMS = Path(sys.executable).parent
SCENARIO, SEED = "rush-hour", 1000
REPORT_S = 0.05
"""So much time of reads is delivered at once."""
ENTRY_POINTS = "[tagdock_edge.drivers]\nplayed = edge_gateway:PLAYED\nplayed-fast = edge_gateway:PLAYED_FAST\n"
WAITING_AT_MOST = 20_000

Row = tuple[float, str, int, int, float]
"""Seconds since the begin, reader, antenna, the tag's number, dBm."""
CODES = {"at_s": "d", "reader": "B", "antenna": "B", "tag": "H", "rssi_dbm": "f"}


@dataclass
class Play:
    """What is to be played, in columns (the memory that is measured is to be the gateway's), and what came of it."""

    columns: "dict[str, array[float]]" = field(default_factory=dict)
    readers: list[str] = field(default_factory=list)
    span_s: float = 0.0
    tags: int = 0
    walls: int = 1
    seconds: float = 0.0
    sent: int = 0
    player_s: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def reads(self) -> int:
        """Count the recorded reads."""
        return len(self.columns["at_s"])


PLAY = Play()


def reports(play: Play) -> Iterator[tuple[float, list[Row]]]:
    """Yield what each report holds: all walls' reads of a span, with tags of their own, again and again."""
    round_ = 0
    while True:
        begin_s, report, end_s = round_ * play.span_s, list[Row](), REPORT_S
        for at_s, number, antenna, tag, rssi_dbm in zip(*play.columns.values(), strict=True):
            if at_s >= end_s:
                yield begin_s + end_s, report
                report, end_s = [], end_s + REPORT_S
            for wall in range(play.walls):
                fresh = (round_ * play.walls + wall) * play.tags + int(tag)
                reader = f"{play.readers[int(number)]}-{wall}"
                report.append((begin_s + at_s, reader, int(antenna), fresh, rssi_dbm))
        yield begin_s + play.span_s, report
        round_ += 1


class Player:
    """One driver for all walls: reads carry the names of their own readers."""

    def __init__(self, name: str, fast: bool) -> None:
        self.name, self._fast = name, fast

    def status(self) -> ReaderStatus:
        """Say that it works."""
        return ReaderStatus(self.name, "up", reads=PLAY.sent)

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Deliver report after report, each when its time has come (or as fast as they are taken)."""
        began_s, begin = time.monotonic(), datetime.now(UTC)
        for due_s, report in reports(PLAY):
            if due_s > PLAY.seconds or stop.is_set():
                break
            reads = [
                TagRead(begin + timedelta(seconds=at_s), reader, antenna, f"3034257BF7194E{tag:010X}", rssi_dbm)
                for at_s, reader, antenna, tag, rssi_dbm in report
            ]
            if self._fast:
                while inbox.waiting > WAITING_AT_MOST and not stop.is_set():
                    time.sleep(0.001)
            else:
                stop.wait(max(began_s + due_s - time.monotonic(), 0.0))
            inbox.deliver(reads)
            PLAY.sent += len(reads)
        PLAY.player_s = time.thread_time()
        PLAY.over.set()
        stop.wait()


def settings(table: Table, station: Station) -> None:
    """Take nothing: what is played stands in PLAY."""


PLAYED = Driver(settings, lambda name, _: Player(name, fast=False))
PLAYED_FAST = Driver(settings, lambda name, _: Player(name, fast=True), own_time=True)


def record(folder: Path) -> None:
    """Record the scenario, and write it down in columns."""
    reads = folder / "reads.jsonl"
    command = [PROGRAMS / "tagdock-sim", "record", "--scenario", SCENARIO, "--seed", str(SEED)]
    subprocess.run([*command, "-o", reads, "--gateway-config", folder / "doors.toml"], check=True, capture_output=True)
    records = [each for each in map(decode_record, reads.read_bytes().splitlines()) if isinstance(each, TagRead)]
    tags, readers = (list(dict.fromkeys(values)) for values in ((r.epc for r in records), (r.reader for r in records)))
    tag_of, reader_of = ({value: n for n, value in enumerate(values)} for values in (tags, readers))
    columns = {
        "at_s": [(r.at - records[0].at).total_seconds() for r in records],
        "reader": [reader_of[r.reader] for r in records],
        "antenna": [r.antenna for r in records],
        "tag": [tag_of[r.epc] for r in records],
        "rssi_dbm": [r.rssi_dbm for r in records],
    }
    for name, values in columns.items():
        (folder / name).write_bytes(array(CODES[name], values).tobytes())
    (folder / "names.json").write_text(json.dumps({"readers": readers, "tags": len(tags)}))


def read_play(folder: Path) -> list[str]:
    """Fill PLAY with what was recorded; returns the doors of its configuration."""
    names = json.loads((folder / "names.json").read_text())
    PLAY.readers, PLAY.tags = names["readers"], names["tags"]
    for name, code in CODES.items():
        PLAY.columns[name] = array(code)
        PLAY.columns[name].frombytes((folder / name).read_bytes())
    PLAY.span_s = PLAY.columns["at_s"][-1] + 1.0
    return (folder / "doors.toml").read_text().split("[[door]]")[1:]


def configured(folder: Path, doors: list[str], driver: str) -> GatewayConfig:
    """One reader of ours in front of the doors of all walls."""
    text = '[gateway]\nid = "gw-1"\nsite = "bench"\nbroker = "mqtt://127.0.0.1:1"\n'
    text += f'[[reader]]\nname = "wall"\ndriver = "{driver}"\n'
    for wall in range(PLAY.walls):
        for door in doors:
            body = door.split("[passage]")[0].replace('name = "', f'name = "W{wall}-', 1)
            body = body.replace('", antenna', f'-{wall}", antenna')
            text += f"[[door]]{body}"
    if driver == "played":  # every reader has to be one
        text += "".join(f'[[reader]]\nname = "{name}"\ndriver = "silent"\n' for name in reader_names())
    file = folder / "gateway.toml"
    file.write_text(text)
    return load(file, {})


def reader_names() -> list[str]:
    return [f"{name}-{wall}" for name in PLAY.readers for wall in range(PLAY.walls)]


class Silent:
    """A reader that only has a name: its reads are played by another."""

    def __init__(self, name: str, _: None) -> None:
        self.name = name

    def status(self) -> ReaderStatus:
        """Say that it works."""
        return ReaderStatus(self.name, "up")

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Do nothing."""
        stop.wait()


SILENT = Driver(settings, Silent)


@contextlib.contextmanager
def drivers(folder: Path) -> Iterator[None]:
    """Make this file's drivers known, as an installed package would."""
    info = folder / "bench_drivers-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-drivers\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS + "silent = edge_gateway:SILENT\n")
    sys.path[:0] = [str(folder), str(Path(__file__).parent)]
    sys.modules["edge_gateway"] = sys.modules[__name__]
    yield
    sys.path[:2] = []


@contextlib.contextmanager
def running(folder: Path, config: GatewayConfig) -> Iterator[tuple[Gateway, Outbox]]:
    outbox, journal = Outbox(config.outbox), Journal(config.journal)
    gateway = Gateway(config, outbox, journal)
    thread = threading.Thread(target=gateway.run)
    thread.start()
    yield gateway, outbox
    gateway.stop()
    thread.join(60)
    outbox.close()
    journal.close()


def under_load(folder: Path, doors: list[str], rate: float, seconds: float) -> None:
    """Play at a rate in real time; what the gateway took, lost and cost."""
    PLAY.walls, PLAY.seconds, PLAY.sent = round(rate / (PLAY.reads / PLAY.span_s)), seconds, 0
    PLAY.over.clear()
    config = configured(folder, doors, "played")
    with running(folder, config) as (gateway, outbox):
        began_s, cpu_s = time.monotonic(), time.process_time()
        PLAY.over.wait(seconds * 5)
        while gateway.health().waiting_reads:
            time.sleep(0.01)
        took_s = time.monotonic() - began_s
        used_s = time.process_time() - cpu_s - PLAY.player_s
        health = gateway.health()
        events = outbox.fill().events
    lost = {what: number for what, number in health.lost.items() if number}
    cost_us = used_s / PLAY.sent * 1e6
    peer_us = sllurp_us()
    print(
        f"{len(config.doors)} doors, {PLAY.sent:,} reads in {took_s:.1f} s: "
        f"{PLAY.sent / took_s:,.0f} reads/s taken, lost {lost}"
    )
    print(
        f"gateway {cost_us:.1f} us a read: {1e6 / cost_us:,.0f} reads/s a core; "
        f"{used_s / took_s:.0%} of one core was used"
    )
    print(
        f"  {cost_us / peer_us:.2f} of what sllurp needs to decode one ({peer_us:.1f} us); "
        f"playing took {PLAY.player_s:.1f} s"
    )
    print(f"  movements {dict(health.movements)}, {events:,} events in the outbox")


def for_an_hour(folder: Path, doors: list[str], minutes: float) -> None:
    """Play one wall as fast as it goes; its memory as simulated time goes by. An ack takes each event away."""
    PLAY.walls, PLAY.seconds, PLAY.sent = 1, minutes * 60, 0
    PLAY.over.clear()
    config = configured(folder, doors, "played-fast")
    with running(folder, config) as (gateway, outbox):
        began_s, told = time.monotonic(), 0
        while not PLAY.over.is_set():
            batches = outbox.form(32)
            if batches:
                outbox.settle([Ack(epoch=outbox.epoch, committed=tuple(batch.seq for batch in batches))])
            else:
                time.sleep(0.01)
            done = PLAY.sent / PLAY.reads * PLAY.span_s / 60
            if done >= told:
                moved = sum(gateway.health().movements.values())
                print(
                    f"  minute {done:5.1f}: {resident_mb():6.1f} MB, {PLAY.sent:,} reads, {moved:,} movements",
                    flush=True,
                )
                told += max(minutes / 8, 1)
        took_s = time.monotonic() - began_s
        health = gateway.health()
    lost = {what: number for what, number in health.lost.items() if number}
    print(
        f"  {minutes:g} minutes in {took_s:.0f} s, {resident_mb():.1f} MB, "
        f"{sum(health.movements.values()):,} movements, lost {lost}"
    )


def idle(folder: Path, seconds: float) -> None:
    """Run the program before a simulated reader that reads nothing; its share of a core."""
    config = folder / "gateway.toml"
    sim = [
        PROGRAMS / "tagdock-sim",
        "reader",
        "--doors",
        "1",
        "--loads",
        "1",
        "--port",
        "15984",
        "--gateway-config",
        config,
    ]
    quiet = ["--tags", "1..1", "--set", "gap_s=1000..1001", "--scenario", "person"]
    with subprocess.Popen([*sim, *quiet], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as reader:
        time.sleep(3.0)
        command = [PROGRAMS / "tagdock-edge", "run", "--config", config]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as gateway:
            time.sleep(5.0)
            before_s, _ = spent(gateway.pid)
            time.sleep(seconds)
            after_s, memory_mb = spent(gateway.pid)
            gateway.terminate()
        reader.terminate()
    print(f"idle: {(after_s - before_s) / seconds:.2%} of a core, {memory_mb:.0f} MB")


def spent(pid: int) -> tuple[float, float]:
    """CPU seconds and resident megabytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(fields[21]) * 4096 / 1e6


def resident_mb() -> float:
    return spent(os.getpid())[1]


def sllurp_us() -> float:
    """What sllurp needs for one tag report of the same fields; microseconds, median."""
    body = b"\x8d" + bytes.fromhex("3034257BF7194E0000000001") + b"\x81" + struct.pack("!H", 1)
    body += (
        b"\x86"
        + struct.pack("!b", -60)
        + b"\x84"
        + struct.pack("!Q", 1_767_600_000_000_000)
        + b"\x88"
        + struct.pack("!H", 1)
    )
    body = struct.pack("!HH", 240, 4 + len(body)) + body
    message = struct.pack("!HII", 1 << 10 | 61, 10 + len(body), 1) + body
    spans = []
    for _ in range(5):
        began_s = time.perf_counter()
        for _ in range(5000):
            LLRPMessage(msgbytes=message)
        spans.append((time.perf_counter() - began_s) / 5000)
    return statistics.median(spans) * 1e6


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=40_000)
    parser.add_argument("--for", type=float, default=20.0, dest="seconds")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--idle", type=float, default=20.0)
    parser.add_argument("--alone", nargs=2, help="(one part, in the folder of the recording)")
    options = parser.parse_args()
    parts = {"load": options.seconds, "hour": options.minutes, "idle": options.idle}
    if options.alone:
        alone(options.alone[0], Path(options.alone[1]), options)
        return
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder))
        for part in (part for part, wanted in parts.items() if wanted):
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--alone", part, folder], check=True)


def alone(part: str, recording: Path, options: argparse.Namespace) -> None:
    """Measure one part in this process."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as info, drivers(Path(info)):
        folder, doors = Path(name), read_play(recording)
        if part == "load":
            under_load(folder, doors, options.rate, options.seconds)
        elif part == "hour":
            for_an_hour(folder, doors, options.minutes)
        else:
            idle(folder, options.idle)


if __name__ == "__main__":
    main()
