"""An ordeal's traffic: recordings that gateways play, and the movements that they must come to."""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tagdock_simulators.demo.house import environment
from tagdock_simulators.demo.processes import Program, find_program, run_once
from tagdock_simulators.gateway_config import gateway_file, toml_text
from tagdock_simulators.scenarios import SCENARIOS

_MAKE_WITHIN_S = 1800.0
_LOADS_A_MINUTE, _LOADS_MORE = 45.0, 4
"""How many loads of `rush-hour` come in a minute (200 in 294 s, with one seed 1,264 in 1,794 s), and some more: never
less than asked."""
SCENARIO = "rush-hour"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one gateway plays: its configuration, and the ids of the events it must hand over."""

    site: str
    gateway: str
    toml: str
    event_ids: frozenset[str]
    minutes: float
    """From the first movement to the last, in the time of the recording."""


async def make_traffic(folder: Path, site: str, broker: str, *, seed: int, minutes: float, speed: float) -> Traffic:
    """Record `minutes` of a busy dock and work out the movements, undisturbed. Raises DemoError."""
    folder.mkdir(parents=True, exist_ok=True)
    recording = folder / f"{site}.jsonl.gz"
    loads = str(math.ceil(minutes * _LOADS_A_MINUTE) + _LOADS_MORE)
    record = (find_program("tagdock-sim"), "record", "--scenario", SCENARIO, "--loads", loads, "--seed", str(seed))
    await run_once(Program("record", (*record, "-o", str(recording)), environment()), _MAKE_WITHIN_S)
    doors = SCENARIOS[SCENARIO].geometry()
    reader = (
        f'[[reader]]\nname = "recorded"\ndriver = "recording"\nfile = {toml_text(str(recording))}\nspeed = {speed}\n'
    )
    toml = gateway_file(site, "gw-1", broker, doors, [reader])
    config = folder / f"{site}-replay.toml"
    config.write_text(toml, encoding="utf-8")
    command = (find_program("tagdock-edge"), "replay", str(recording), "--config", str(config))
    told = await run_once(Program("replay", command, environment()), _MAKE_WITHIN_S)
    moved = [json.loads(line) for line in told.splitlines()]
    times = [datetime.fromisoformat(each["observed_at"]) for each in moved]
    span_s = (max(times) - min(times)).total_seconds() if times else 0.0
    return Traffic(site, "gw-1", toml, frozenset(each["event_id"] for each in moved), span_s / 60)
