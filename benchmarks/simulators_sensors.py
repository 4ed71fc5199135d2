"""Measure how many bin readings a second are made, and told in each format, beside json.dumps and bare protobuf.

Run: .venv/bin/python benchmarks/simulators_sensors.py
"""

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import google.protobuf
from tagdock_simulators.sensors.formats.choice import FORMATS, Formats, nodes_for
from tagdock_simulators.sensors.formats.sparkplug_payload import read_payload
from tagdock_simulators.sensors.kit import Span
from tagdock_simulators.sensors.life import bin_life, bin_names
from tagdock_simulators.sensors.rack import rack_readings, usual_kits
from tagdock_simulators.sensors.readings import Reading
from tagdock_simulators.sensors.tape import published, tape_line

ROUNDS = 5
BINS = 20
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
SPAN = Span(BEGIN, BEGIN + timedelta(hours=2))
NAMES = bin_names(BINS)
KITS = usual_kits(NAMES)


def seconds(action: Callable[[], object]) -> float:
    """Median CPU time of an action: the machine may be shared."""
    action()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return statistics.median(times)


def made() -> list[Reading]:
    return list(rack_readings(KITS, lambda name: bin_life(name, 1, BEGIN), 1, SPAN))


def told(form: str, readings: list[Reading]) -> list[bytes]:
    nodes = nodes_for(form, {name: kit.quantities for name, kit in KITS.items()}, Formats())  # type: ignore[arg-type]
    return [publication.payload for _, publication in published(nodes, readings, SPAN.begin, SPAN.until)]


def main() -> None:
    print(
        f"median CPU time of {ROUNDS} rounds on one core, protobuf {google.protobuf.__version__}, {BINS} bins, 2 hours"
    )
    readings = made()
    count = len(readings)
    made_s = seconds(made)
    print(f"{'made':14} {count / made_s:10,.0f} readings/s = {made_s / count * 1e6:.1f} us each")
    for form in FORMATS:
        payloads = told(form, readings)
        took_s = seconds(lambda form=form: told(form, readings))  # type: ignore[misc]
        bare_s, peer = bare(form, payloads)
        us, bare_us = (each_s / len(payloads) * 1e6 for each_s in (took_s, bare_s))
        print(
            f"{form:14} {count / took_s:10,.0f} readings/s in {len(payloads):,} messages: {us:.1f} us a message, "
            f"{took_s / bare_s:.1f} times {peer} ({bare_us:.1f} us)"
        )
    nodes = nodes_for("plain", {name: kit.quantities for name, kit in KITS.items()}, Formats())
    whole_s = seconds(
        lambda: [
            tape_line(at, each)
            for at, each in published(
                nodes, rack_readings(KITS, lambda name: bin_life(name, 1, BEGIN), 1, SPAN), SPAN.begin, SPAN.until
            )
        ]
    )
    print(f"{'onto a tape':14} {count / whole_s:10,.0f} readings/s, plain JSON, made and told and written as lines")


def bare(form: str, payloads: list[bytes]) -> tuple[float, str]:
    """Serialise the same contents with nothing around it."""
    if form == "sparkplug":
        messages = [read_payload(payload) for payload in payloads]
        return seconds(lambda: [message.SerializeToString() for message in messages]), "protobuf's SerializeToString"
    if form == "homeassistant":
        values = [float(payload) for payload in payloads if payload[-1:].isdigit()]
        per_value_s = seconds(lambda: [f"{value:.3f}".encode() for value in values]) / len(values)
        return per_value_s * len(payloads), "writing a number"
    contents = [json.loads(payload) for payload in payloads if payload[:1] == b"{"]
    per_message_s = seconds(lambda: [json.dumps(each).encode() for each in contents]) / len(contents)
    return per_message_s * len(payloads), "json.dumps"


if __name__ == "__main__":
    main()
