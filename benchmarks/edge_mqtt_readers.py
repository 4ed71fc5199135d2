"""Measure what a read costs that comes through a broker, beside json.loads alone, and what reads give that come late.

Run: .venv/bin/python benchmarks/edge_mqtt_readers.py
"""

import json
import statistics
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from tagdock_contract import GatewayAddress, TagRead
from tagdock_edge.clock import to_us
from tagdock_edge.config import BrokerConfig
from tagdock_edge.config_file import load
from tagdock_edge.driver import Station
from tagdock_edge.pipeline import Pipeline, replay
from tagdock_edge.readers import impinj, mapped, zebra
from tagdock_edge.tables import Table
from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.gateway_reader import reader_toml
from tagdock_simulators.mqtt_readers.impinj import FIELDS
from tagdock_simulators.mqtt_readers.kinds import KINDS, Wishes
from tagdock_simulators.mqtt_readers.zebra import METADATA
from tagdock_simulators.reading import field_reads
from tagdock_simulators.scenarios import SCENARIOS, crossings, shaped

READS, TAGS, BATCH, ROUNDS = 20_000, 500, 100, 7
LATE_SEED = 1001
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOW_US = int(BEGIN.timestamp() * 1e6) + 10_000_000
STATION = Station("dock-1", Path(), (1, 2), (), GatewayAddress("s1", "gw-1"), BrokerConfig("127.0.0.1", 1883), {})
DRIVERS: dict[str, tuple[Any, Any]] = {
    "impinj": (impinj.read_settings, impinj.Impinj),
    "zebra": (zebra.read_settings, zebra.Zebra),
    "mapped": (mapped.read_settings, mapped.Mapped),
}


@dataclass(frozen=True)
class Case:
    """Messages of one reader, and what the gateway understands them with."""

    name: str
    topic: str
    payloads: list[bytes]
    hear: Callable[[str, bytes, int], Any]


def reads() -> list[TagRead]:
    return [
        TagRead(
            BEGIN + timedelta(microseconds=250 * i),
            "dock-1",
            1 + i % 2,
            f"{i % TAGS:024X}",
            -52.5,
            123.4,
            None,
            1 + i % 4,
        )
        for i in range(READS)
    ]


def cases() -> Iterable[Case]:
    """Each format alone and in batches, with what doors need: EPC, antenna, RSSI, time, phase, channel."""
    told = reads()
    for kind, fields in (("impinj", FIELDS), ("zebra", METADATA), ("mapped", None)):
        for batch in (1, BATCH):
            wishes = Wishes(fields=fields, batch_s=0.1 if batch > 1 or kind == "mapped" else 0.0)
            speaks = KINDS[kind]("dock-1", wishes)
            yield Case(
                f"{kind}, {batch} a message",
                speaks.topic(told[0]),
                written(speaks, told, batch),
                listener(kind, speaks),
            )


def written(speaks: Format, told: list[TagRead], batch: int) -> list[bytes]:
    at_ns = NOW_US * 1000
    events = [speaks.event(read, number, at_ns) for number, read in enumerate(told, 1)]
    return [speaks.bundle(events[start : start + batch], at_ns) for start in range(0, READS, batch)]


def listener(kind: str, speaks: Format) -> Callable[[str, bytes, int], Any]:
    read_settings, understand = DRIVERS[kind]
    values = tomllib.loads(reader_toml(speaks))["reader"][0]
    problems: list[str] = []
    settings = read_settings(Table(values, "reader", problems), STATION)
    assert not problems, problems
    return understand("dock-1", settings).hear  # type: ignore[no-any-return]


def cpu_s(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def late() -> None:
    """Tell a recording a minute late, read by read and together, and count what comes of it."""
    scenario = shaped(SCENARIOS["clean-two-row"], {"doors": "3", "loads": "12", "tags": "5..15"})
    doors, loads = scenario.geometry(), crossings(scenario, LATE_SEED, BEGIN)
    records = [each for block in field_reads(doors, loads, LATE_SEED, scenario.radio) for each in block.records()]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gateway.toml"
        ports = {door.reader: 5084 for door in doors}
        file.write_text(gateway_toml("s1", "gw-1", "mqtt://127.0.0.1:1883", doors, ports))
        config = load(file, {})
    in_time = {(each.epc_hex, each.door, each.direction) for each in replay(records, config)}
    now_us = to_us(records[-1].at) + 60_000_000
    print(f"\n{len(records):,} reads of {len(in_time)} movements told a minute late: right, and what was told")
    for name, size in (("read by read", 1), ("by 100", 100), ("together", len(records))):
        pipeline, told = Pipeline(config), []
        for start in range(0, len(records), size):
            pipeline.add(records[start : start + size])
            told += [(each.epc_hex, each.door, each.direction) for each in pipeline.advance(now_us)]
        ways = Counter(direction for _, _, direction in told)
        print(f"{name:14} {len(in_time & set(told)):4}  {dict(ways)}")


def main() -> None:
    print(f"{READS:,} reads of {TAGS} tags, median CPU time of {ROUNDS} rounds, us a read")
    print(f"{'format':24} {'driver':>7} {'json.loads':>11} {'msgspec':>8}  driver/json.loads")
    for case in cases():
        heard = [case.hear(case.topic, payload, NOW_US) for payload in case.payloads]
        assert sum(len(each.records) for each in heard) == READS
        took: list[tuple[float, float, float]] = []
        for _ in range(ROUNDS):  # in turns, so that a busy machine is busy for all
            took.append(
                (
                    cpu_s(lambda case=case: [case.hear(case.topic, payload, NOW_US) for payload in case.payloads]),
                    cpu_s(lambda case=case: [json.loads(payload) for payload in case.payloads]),
                    cpu_s(lambda case=case: [msgspec.json.decode(payload) for payload in case.payloads]),
                )
            )
        driver, floor, fast = (statistics.median(each) / READS * 1e6 for each in zip(*took, strict=True))
        ratio = statistics.median(own / plain for own, plain, _ in took)
        print(f"{case.name:24} {driver:7.2f} {floor:11.2f} {fast:8.2f}  {ratio:17.2f}")
    late()


if __name__ == "__main__":
    main()
