"""Golden messages: what each kind of reader publishes, beside the seed and settings that it came from.

`TAGDOCK_WRITE_GOLDEN=1` writes them anew; look at the difference before committing it.
"""

import json
import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tagdock_contract import InputChange, TagRead
from tagdock_simulators.chance import Chance
from tagdock_simulators.mqtt_readers.impinj import FIELDS
from tagdock_simulators.mqtt_readers.instants import ns_of
from tagdock_simulators.mqtt_readers.kinds import KINDS, Wishes
from tagdock_simulators.mqtt_readers.messages import (
    AntennaChanged,
    Beat,
    Command,
    Connected,
    Happening,
    InventoryChanged,
    Leaving,
    Message,
    Purged,
)
from tagdock_simulators.mqtt_readers.zebra import METADATA

FOLDER = Path(__file__).parent.parent / "golden_mqtt"
SEEDS: dict[str, dict[str, Any]] = json.loads((FOLDER / "seeds.json").read_text())
"""Each golden file's kind, seed and wishes."""
EVERY = {"impinj": FIELDS, "zebra": METADATA}
HAPPENINGS: tuple[Happening, ...] = (
    Connected(running=True),
    AntennaChanged(2, connected=True),
    InventoryChanged(running=False),
    Purged(1_767_600_000_123_456_000, 1_767_600_001_000_000_000, 17, 983),
    Beat(number=3, up_s=3725.0, tags=6, messages=5, waiting=1, by_antenna={1: 4, 2: 2}, inputs={1: True}),
    Command(b'{"command": "stop", "command_id": "golden-1", "payload": {}}'),
    Command(b'{"command": "get_mode", "command_id": "golden-2"}'),
    Command(b'{"command": "set_os", "command_id": "golden-3"}'),
    Leaving(),
)


def reads(seed: int, mq: SimpleNamespace) -> list[TagRead]:
    """Six reads of three tags, one without phase and channel."""
    chance = Chance(seed, "golden", "mqtt")
    made = []
    for number in range(6):
        tag = f"3034257BF7194E40{chance.below(3) + seed:08X}"
        at = mq.AT + timedelta(microseconds=round(chance.between(0.0, 2e6)))
        rssi_dbm = round(chance.between(-80.0, -40.0) * 2) / 2
        phase_deg = round(chance.between(0.0, 4096.0)) * 360 / 4096
        more = {} if number == 5 else {"phase_deg": phase_deg, "channel": 1 + chance.below(4)}
        made.append(TagRead(at, "dock-1", 1 + chance.below(2), tag, rssi_dbm, count=1 + chance.below(3), **more))
    return sorted(made, key=lambda read: read.at)


def published(kind: str, seed: int, wishes: dict[str, Any], mq: SimpleNamespace) -> list[Message]:
    """All that a reader can say, at times that only the seed decides."""
    fields = wishes.pop("fields", None)
    reader = KINDS[kind]("dock-1", Wishes(fields=EVERY[kind] if fields == "all" else fields, **wishes))
    seen = reads(seed, mq)
    now_ns = ns_of(seen[-1].at) + 1_234_567 + seed
    events = [reader.event(read, number, now_ns) for number, read in enumerate(seen, 1)]
    bundles = [events] if reader.delivery.batch_s else [[event] for event in events]
    qos = reader.delivery.qos
    messages = [Message(reader.topic(seen[0]), reader.bundle(bundle, now_ns), qos) for bundle in bundles]
    change = InputChange(seen[0].at, "dock-1", 1, True)
    messages.append(Message(reader.topic(change), reader.event(change, 2, now_ns), qos))
    for happening in HAPPENINGS:
        messages += reader.tell(happening, now_ns).messages
    will = reader.session.will
    return messages if will is None else [*messages, will]


def line(message: Message) -> str:
    told = {"topic": message.topic, "qos": message.qos, "retained": message.retained}
    return json.dumps({**told, "payload": message.payload.decode()}) + "\n"


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_gives_the_same_bytes_on_every_machine(name: str, mq: SimpleNamespace) -> None:
    settings = dict(SEEDS[name])
    text = "".join(line(m) for m in published(settings.pop("kind"), settings.pop("seed"), settings, mq))
    file = FOLDER / f"{name}.jsonl"
    if os.environ.get("TAGDOCK_WRITE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.jsonl")} == set(SEEDS)
