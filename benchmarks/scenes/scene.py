"""One scene: what the gateway is given, and what truly happened."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np
from tagdock_contract import Record
from tagdock_simulators.epc import urn_of

from scenes.doors import Door, build_doors, draw_build, gateway_toml
from scenes.eyes import inputs
from scenes.hall import draw_hall, draw_readers
from scenes.loads import WHY, Load
from scenes.plans import PLANS
from scenes.reading import START, reads
from scenes.traffic import Traffic

SCENES = tuple(PLANS)
_ROUND_STEPS = 32
"""A reader comes round to an antenna again within 0.8 s."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What one tag truly did; no direction: nothing is to be reported, and `why`."""

    epc_hex: str
    door: str
    direction: str | None
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """Records in the order in which they came to the gateway, its configuration, and the truth."""

    name: str
    family: str
    doors: tuple[Door, ...]
    records: tuple[Record, ...]
    truth: tuple[Truth, ...]

    @property
    def toml(self) -> str:
        """Return the gateway's configuration."""
        return gateway_toml(self.doors)


def scene(name: str, seed: int) -> Scene:
    """Play a scene; the same name and seed give the same records. Raises KeyError when there is none of that name."""
    plan = PLANS[name]
    rng = np.random.default_rng([seed, crc32(name.encode())])
    hall, readers = draw_hall(rng, plan.calm), draw_readers(rng)
    build = draw_build(rng, plan.kinds, plan.eyes)
    count, share = (
        int(rng.integers(plan.doors[0], plan.doors[1] + 1)),
        int(rng.integers(plan.share[0], plan.share[1] + 1)),
    )
    # Who wires many antennas to a reader does not let it dwell on one of them.
    ports = share * build.per_row * 2
    readers = replace(readers, turn_steps=max(2, min(readers.turn_steps, _ROUND_STEPS // ports)))
    doors = build_doors(rng, build, count, rng.uniform(*plan.pitch_m), share)
    loads = Traffic(rng, plan, doors, hall).loads()
    tagged = [load for load in loads if load.epcs]
    timed: list[tuple[float, Record]] = [*reads(rng, doors, tagged, hall, readers), *inputs(rng, doors, loads)]
    timed.sort(key=lambda one: one[0])
    truth = tuple(each for load in tagged for each in _truth(load, doors))
    return Scene(name, plan.family, doors, tuple(record for _, record in timed), truth)


def truth_line(truth: Truth) -> dict[str, object]:
    """Return the truth of one tag as a line of a truth file, as `tagdock-sim record` writes it."""
    at = truth.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    told: dict[str, object] = {"epc": urn_of(truth.epc_hex), "epc_hex": truth.epc_hex, "door": truth.door}
    if truth.direction is None:
        return {**told, "nothing": True, "why": truth.why, "at": at}
    return {**told, "direction": truth.direction, "at": at}


def _truth(load: Load, doors: tuple[Door, ...]) -> Iterator[Truth]:
    direction = None if load.does in WHY else load.does
    for epc, seconds in zip(load.epcs, load.crossed_s().tolist(), strict=True):
        at = START + timedelta(microseconds=round(seconds * 1e6))
        yield Truth(epc, doors[load.door].name, direction, at, WHY.get(load.does, ""))
