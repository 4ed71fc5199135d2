"""Measure what readers that speak MQTT cost: an event written beside plain encoders, delivered beside paho alone.

Run: .venv/bin/python benchmarks/simulators_mqtt.py
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import TagRead
from tagdock_simulators.fixtures.mosquitto import Mosquitto, mosquitto_program
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.impinj import FIELDS, Impinj
from tagdock_simulators.mqtt_readers.mapped import Mapped
from tagdock_simulators.mqtt_readers.reader import MqttReader
from tagdock_simulators.mqtt_readers.zebra import METADATA, Zebra

EVENTS, ROUNDS, WINDOW = 10_000, 3, 100
NOW_NS = time.time_ns()
READS = [
    TagRead(datetime.now(UTC), "dock-1", 1 + i % 2, f"{i % 500:024X}", -52.5, 123.4, -1.5, 1 + i % 4)
    for i in range(EVENTS)
]


def formats() -> dict[str, Format]:
    """Each kind as it comes, with all it can tell, and in batches of 0.1 s; the window is the same for all."""
    plain: dict[str, Any] = {
        "impinj": Impinj("r", "events"),
        "impinj, every field": Impinj("r", "events", fields=FIELDS),
        "zebra": Zebra("r", "data", "events"),
        "zebra, every field": Zebra("r", "data", "events", metadata=METADATA),
        "zebra, batched": Zebra("r", "data", "events", delivery=replace(Zebra("r", "", "").delivery, batch_s=0.1)),
        "mapped, batched": Mapped("r"),
    }
    wide = {"window": WINDOW, "per_s": 0, "backlog_per_s": 0, "heartbeat_s": 0.0, "buffer_reads": EVENTS}
    return {name: replace(each, delivery=replace(each.delivery, **wide)) for name, each in plain.items()}


def seconds(action: Callable[[], object]) -> float:
    """Median CPU time of an action: the machine may be shared."""
    action()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return statistics.median(times)


def write_all(speaks: Format) -> list[bytes]:
    return [speaks.event(read, number, NOW_NS) for number, read in enumerate(READS, 1)]


def writing() -> None:
    print(
        f"{EVENTS:,} events written, median CPU time of {ROUNDS} rounds, us an event; encoders get a dict that is ready"
    )
    print(f"{'kind':22} {'event':>8} {'json.dumps':>11} {'msgspec':>8}  event/json.dumps")
    for name, speaks in formats().items():
        dicts = [json.loads(payload) for payload in write_all(speaks)]
        own_s = seconds(lambda speaks=speaks: write_all(speaks))
        json_s = seconds(lambda dicts=dicts: [json.dumps(each, separators=(",", ":")).encode() for each in dicts])
        msgspec_s = seconds(lambda dicts=dicts: [msgspec.json.encode(each) for each in dicts])
        us = " ".join(f"{took / EVENTS * 1e6:{width}.1f}" for took, width in ((own_s, 8), (json_s, 11), (msgspec_s, 8)))
        print(f"{name:22} {us}  {own_s / json_s:16.2f}")


async def delivered(speaks: Format, port: int) -> tuple[float, float, int]:
    """Elapsed and CPU seconds until all events are acknowledged (QoS 0: written), and the number of messages."""
    reader = MqttReader(speaks, Broker("127.0.0.1", port))
    await reader.start()
    while not reader.connected:
        await asyncio.sleep(0.01)
    before, began, cpu = reader.messages_delivered, time.perf_counter(), time.process_time()
    for start in range(0, EVENTS, 100):
        reader.feed(*READS[start : start + 100])
        await asyncio.sleep(0)
    while reader.tags_reported < EVENTS:
        await asyncio.sleep(0.001)
    took = time.perf_counter() - began, time.process_time() - cpu
    assert reader.tags_lost == 0, "a figure with losses would be too good"
    messages = reader.messages_delivered - before
    await reader.close()
    return *took, messages


def bare(payloads: list[bytes], qos: int, port: int) -> tuple[float, float]:
    """The same payloads by paho alone: its own thread, its own window of the same size."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.max_inflight_messages_set(WINDOW)
    client.connect("127.0.0.1", port)
    client.loop_start()
    while not client.is_connected():
        time.sleep(0.01)
    began, cpu = time.perf_counter(), time.process_time()
    sent = [client.publish("bare", payload, qos) for payload in payloads]
    for each in sent:
        each.wait_for_publish(60)
    took = time.perf_counter() - began, time.process_time() - cpu
    client.disconnect()
    client.loop_stop()
    return took


def delivering(port: int) -> None:
    print(f"\n{EVENTS:,} events delivered to mosquitto, medians of {ROUNDS} rounds; paho alone has the same payloads")
    head = "QoS  messages  events/s  us CPU    paho/s  us CPU  events/paho"
    print(f"{'kind':22} {head}")
    for name, speaks in formats().items():
        for qos in (0, 1):
            each = replace(speaks, delivery=replace(speaks.delivery, qos=qos))  # type: ignore[type-var]
            payloads = [each.bundle([event], NOW_NS) for event in write_all(each)]
            own, alone = [], []
            for _ in range(ROUNDS):
                own.append(asyncio.run(delivered(each, port)))
                alone.append(bare(payloads, qos, port))
            own_s, own_cpu_s = (statistics.median(round_[i] for round_ in own) for i in (0, 1))
            paho_s, paho_cpu_s = (statistics.median(round_[i] for round_ in alone) for i in (0, 1))
            own_text = f"{own[0][2]:9,} {EVENTS / own_s:9,.0f} {own_cpu_s / EVENTS * 1e6:7.1f}"
            paho_text = f"{EVENTS / paho_s:9,.0f} {paho_cpu_s / EVENTS * 1e6:7.1f}"
            print(f"{name:22} {qos:3} {own_text} {paho_text}  {paho_s / own_s:11.2f}")


def main() -> None:
    writing()
    program = mosquitto_program()
    if program is None:
        print("no mosquitto here; apt-get install mosquitto shows delivery as well")
        return
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(program, Path(folder), "log_type none\n")
        try:
            delivering(broker.port)
        finally:
            broker.kill()


if __name__ == "__main__":
    main()
