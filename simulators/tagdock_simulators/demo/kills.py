"""Kill parts of the house while it works, as `--kill` asks."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from tagdock_simulators.demo.house import House
from tagdock_simulators.demo.processes import Supervisor

_EVERY_S = 15.0  # without an end in sight


def kill_times_s(kills: Sequence[str], play_s: float | None) -> list[float]:
    """Spread the kills evenly over the time that is played: seconds between one and the next."""
    wait_s = _EVERY_S if play_s is None else play_s / (len(kills) + 1)
    return [wait_s] * len(kills)


class Killer:
    """Kills each of the named parts once; `killed` says what and when."""

    def __init__(self, house: House, children: Supervisor, say: Callable[[str], None]) -> None:
        self.killed: list[tuple[str, datetime]] = []
        self._house = house
        self._children = children
        self._say = say

    async def kill(self, kills: Sequence[str], play_s: float | None) -> None:
        """Kill one part after the other (SIGKILL: nothing can prepare for it)."""
        for name, wait_s in zip(kills, kill_times_s(kills, play_s), strict=True):
            await asyncio.sleep(wait_s)
            if name == "gateway":
                self._children.kill(name)
            else:
                os.kill(self._house.pid(name), signal.SIGKILL)
            self.killed.append((name, datetime.now(UTC)))
            self._say(f"killed the {name} (SIGKILL)")
