"""A night without a broker, then the drain: how long it takes with mosquitto and a cloud that acks at once.

.venv/bin/python benchmarks/edge_outbox_drain.py [--events 4700000] [--synchronous full]

13 hours at 100 movements/s are 4.7 million events (3 GB); they go while 100 new ones come each second. Beside it stands
the physical limit: the same batches published without an outbox, as fast as paho and mosquitto take them.
"""

import argparse
import json
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Ack, Batch, Event, GatewayAddress, Movement, Status, content_uuid7, decode_batch, encode
from tagdock_edge.config import BrokerConfig, OutboxConfig
from tagdock_edge.outbox import Outbox
from tagdock_edge.uplink import Uplink

ADDRESS = GatewayAddress("s1", "gw-1")
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)
ANTENNA = {"reader": "dock-1", "antenna": 1, "reads": 20, "first_at": "2026-01-05T08:00:00Z"}
EVIDENCE = {
    "reads": 40,
    "antennas": [ANTENNA, ANTENNA],
    "reason": "inside over outside changed by +13.6 dB: it came in",
}
NEW_A_SECOND = 100
AT_A_TIME = 1000
LIMIT_BATCHES = 2000


def movements(begin: int, end: int) -> list[Event]:
    """A hundred a second."""
    urn, code = "urn:epc:id:sgtin:0614141.812345.6789", "3034257BF7194E4000001A85"
    return [
        Movement(
            content_uuid7(AT_MS + number * 10, str(number)),
            AT + timedelta(milliseconds=number * 10),
            "s1",
            urn,
            code,
            "in",
            0.98,
            door="D1",
            evidence=EVIDENCE,
        )
        for number in range(begin, end)
    ]


def cloud(port: int) -> None:
    """Be the cloud, in a process of its own: ack at once, say how many events came (each once) when asked to end."""
    seen: dict[int, int] = {}

    def take(client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        batch = decode_batch(bytes(message.payload))
        seen[batch.seq] = len(batch.events)
        client.publish(ADDRESS.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud", clean_session=False)
    client.max_inflight_messages_set(1000)
    client.on_message = take
    client.connect("127.0.0.1", port)
    client.subscribe(ADDRESS.topic("events"), 1)
    client.loop_start()
    print("ready", flush=True)
    sys.stdin.readline()
    client.loop_stop()
    print(sum(seen.values()), flush=True)


def mosquitto(folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    conf = folder / "mosquitto.conf"
    limits = "max_queued_messages 100000\nmax_inflight_messages 1000\n"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n{limits}")
    process = subprocess.Popen([program, "-c", str(conf)], stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    return process, port


def filled(outbox: Outbox, count: int) -> float:
    began = time.perf_counter()
    for begin in range(0, count, AT_A_TIME):
        outbox.add(movements(begin, min(begin + AT_A_TIME, count)))
        outbox.forget_given()
    return time.perf_counter() - began


def drained(outbox: Outbox, file: Path, port: int, count: int) -> tuple[float, int]:
    """Drain while new events come; returns the seconds it took and how many events went in all."""

    def status(online: bool) -> Status:
        return Status(site="s1", gateway="gw-1", state="online" if online else "offline", at=datetime.now(UTC))

    uplink = Uplink(ADDRESS, BrokerConfig("127.0.0.1", port), outbox, status)
    thread = threading.Thread(target=uplink.run)
    began, number, told_s = time.perf_counter(), count, 0.0
    thread.start()
    while outbox.fill().events > NEW_A_SECOND:
        time.sleep(0.1)
        outbox.add(movements(number, number + NEW_A_SECOND // 10))
        uplink.notify()
        number += NEW_A_SECOND // 10
        if time.perf_counter() - told_s > 10:
            told_s = time.perf_counter()
            print(f"  {told_s - began:6.0f} s: {outbox.fill().events:,} wait", flush=True)
    took = time.perf_counter() - began
    while outbox.fill().events:
        time.sleep(0.05)
    began, before, now = time.perf_counter(), 0, file.stat().st_size
    while now != before:  # the disk is given back when there is nothing else to do
        time.sleep(2.0)
        before, now = now, file.stat().st_size
    print(f"gave the disk back in {time.perf_counter() - began - 2.0:.0f} s")
    uplink.stop()
    thread.join(30)
    return took, number


def bare(port: int) -> float:
    """Events a second without an outbox: batches made before, published at QoS 1 until the broker has taken all."""
    events = tuple(movements(0, 100))
    batch = Batch(epoch=content_uuid7(AT_MS, "bare"), seq=1, sent_at=AT, events=events)
    payload = encode(batch)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bare")
    client.max_inflight_messages_set(40)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began = time.perf_counter()
    sent = [client.publish(ADDRESS.topic("status") + "/bare", payload, qos=1) for _ in range(LIMIT_BATCHES)]
    sent[-1].wait_for_publish(120)
    took = time.perf_counter() - began
    client.disconnect()
    client.loop_stop()
    return LIMIT_BATCHES * 100 / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4_700_000)
    parser.add_argument("--synchronous", choices=("normal", "full"), default="full")
    parser.add_argument("--cloud", type=int, metavar="PORT", help="be the cloud of another run")
    options = parser.parse_args()
    if options.cloud:
        cloud(options.cloud)
        return
    with tempfile.TemporaryDirectory() as name:
        report(Path(name), options.events, options.synchronous)


def report(folder: Path, count: int, synchronous: Any) -> None:
    file = folder / "outbox.sqlite"
    outbox = Outbox(OutboxConfig(file, synchronous))
    took = filled(outbox, count)
    body = len(encode(movements(0, 1)[0]))
    full_bytes = file.stat().st_size
    print(f"stored {count:,} events of {body} bytes in {took:.0f} s, {count / took:,.0f}/s, {full_bytes / 1e6:,.0f} MB")
    broker, port = mosquitto(folder)
    command = [sys.executable, __file__, "--cloud", str(port)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdout.readline()
    try:
        print(f"bare publishing takes {bare(port):,.0f} events/s")
        took, number = drained(outbox, file, port, count)
        other.stdin.write("\n")
        other.stdin.flush()
        arrived = int(other.stdout.readline())
    finally:
        other.kill()
        broker.kill()
    outbox.close()
    result = {
        "events": number,
        "arrived": arrived,
        "lost": number - arrived,
        "events_per_s": round(number / took),
        "seconds": round(took, 1),
        "file_mb_before": round(full_bytes / 1e6, 1),
        "file_mb_after": round(file.stat().st_size / 1e6, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
