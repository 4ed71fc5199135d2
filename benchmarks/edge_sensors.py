"""Measure how many bin sensors' messages a second become readings, by format, beside bare decoders of the same bytes.

A message is understood, calibrated, judged and made into events, as in the gateway but for the broker and the outbox.
Beside it: `json.loads`, protobuf's own parser, `float`, with nothing around them.

    .venv/bin/python benchmarks/edge_sensors.py
"""

import json
import statistics
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import google.protobuf
from tagdock_contract import BinReading, GatewayAddress
from tagdock_edge.config import BrokerConfig
from tagdock_edge.config.sensor_model import SensorConfig
from tagdock_edge.config.sensors import read_sensors
from tagdock_edge.sensors.report import bin_reading
from tagdock_edge.sensors.station import Station
from tagdock_edge.sensors.told import Message
from tagdock_edge.tables import Table
from tagdock_simulators.sensors.formats.choice import FORMATS, Format, Formats, nodes_for
from tagdock_simulators.sensors.formats.configured import sensors_toml
from tagdock_simulators.sensors.formats.sparkplug_payload import Payload
from tagdock_simulators.sensors.kit import Span
from tagdock_simulators.sensors.life import bin_life, bin_names
from tagdock_simulators.sensors.rack import rack_readings, usual_kits
from tagdock_simulators.sensors.tape import published

ROUNDS = 5
BINS = 20
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
HOURS: dict[Format, int] = {"homeassistant": 2, "tasmota": 24, "sparkplug": 2, "plain": 2}
"""Tasmota speaks once in five minutes."""
NAMES = bin_names(BINS)
KITS = usual_kits(NAMES)
GATEWAY = GatewayAddress("lab", "gw-1")
TICK_US = 200_000
"""The gateway looks at what is due so often."""

Tape = list[tuple[int, Message]]


def tape(form: Format) -> Tape:
    """Play a rack without a broker; times are microseconds since 1970."""
    span = Span(BEGIN, BEGIN + timedelta(hours=HOURS[form]))
    readings = rack_readings(KITS, lambda name: bin_life(name, 1, BEGIN), 1, span)
    nodes = nodes_for(form, {name: kit.quantities for name, kit in KITS.items()}, Formats())
    told = published(nodes, readings, span.begin, span.until)
    return [(round(at.timestamp() * 1e6), Message(each.topic, each.payload)) for at, each in told]


def sensors(form: Format) -> list[SensorConfig]:
    """Configure a gateway for it, as `tagdock-sim sensors --gateway-config` does."""
    nodes = nodes_for(form, {name: kit.quantities for name, kit in KITS.items()}, Formats())
    problems: list[str] = []
    root = Table(tomllib.loads(sensors_toml(form, nodes, KITS, Formats())), "", problems)
    placed = read_sensors(root.tables("sensor"), Path(), {}, BrokerConfig("127.0.0.1", 1883))
    assert not problems, problems
    return [sensor for _, sensor in placed]


def played(configs: list[SensorConfig], messages: Tape) -> tuple[Station, list[BinReading]]:
    """Let a station understand a tape; what is due is looked at once a batch of 100, as under load."""
    station = Station(configs, "lab.gw-1")
    station.connecting(messages[0][0])
    station.connected(messages[0][0])
    events = []
    for number, (at_us, message) in enumerate(messages):
        readings = station.take(message, at_us).readings
        if number % 100 == 0:
            readings += station.advance(at_us).readings
        events += [bin_reading(each, GATEWAY) for each in readings]
    return station, events


def bare(form: Format, messages: Tape) -> tuple[Callable[[], object], str]:
    """Return what decodes the same bytes with nothing around it."""
    payloads = [message.payload for _, message in messages]
    if form == "sparkplug":
        parse = [each for each, (_, message) in zip(payloads, messages, strict=True) if "/STATE/" not in message.topic]
        return (lambda: [Payload.FromString(each) for each in parse]), "protobuf's parser"
    if form == "homeassistant":
        numbers = [each for each in payloads if each[-1:].isdigit()]
        scale = max(len(payloads) // max(len(numbers), 1), 1)
        return (lambda: [float(each) for each in numbers * scale]), "float"
    objects = [each for each in payloads if each[:1] == b"{"]
    return (lambda: [json.loads(each) for each in objects]), "json.loads"


def seconds(action: Callable[[], object]) -> float:
    """Median CPU time of an action: the machine may be shared."""
    action()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return statistics.median(times)


def main() -> None:
    """Print a line a format, then what waiting costs."""
    print(f"median CPU time of {ROUNDS} rounds, one core, protobuf {google.protobuf.__version__}, {BINS} bins")
    for form in FORMATS:
        messages, configs = tape(form), sensors(form)
        _, events = played(configs, messages)
        took_s = seconds(lambda configs=configs, messages=messages: played(configs, messages))  # type: ignore[misc]
        decode, peer = bare(form, messages)
        bare_s = seconds(decode)
        count = len(messages)
        print(
            f"{form:14} {count / took_s:9,.0f} messages/s = {took_s / count * 1e6:5.1f} us each, "
            f"{took_s / bare_s:5.1f} times {peer} ({bare_s / count * 1e6:.2f} us); "
            f"{count:,} messages became {len(events):,} readings"
        )
    until = len(messages) - 100  # before the sensors leave: who is gone is not looked at
    station, _ = played(configs, messages[:until])
    ticks = [messages[until][0] + number * TICK_US for number in range(1000)]
    idle_s = seconds(lambda: [station.advance(at) for at in ticks]) / len(ticks)
    print(f"waiting: {len(configs):,} sensors are looked at in {idle_s * 1e3:.2f} ms, {idle_s / 0.2:.2%} of a core")


if __name__ == "__main__":
    main()
