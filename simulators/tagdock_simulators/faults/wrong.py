"""What is wrong with a wire at the moment, for everybody who waits for it to change."""

import asyncio
import contextlib
from collections.abc import Callable

from tagdock_simulators.faults.kinds import Kind, Towards
from tagdock_simulators.faults.schedule import Fault


class Wrong:
    """The lasting faults of one proxy. Belongs to one event loop."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._changed = asyncio.Event()

    @property
    def all(self) -> tuple[Fault, ...]:
        """Return what lasts now."""
        return tuple(self._faults)

    def begin(self, fault: Fault) -> None:
        """Let a fault last from now on."""
        self._faults.append(fault)
        self._tell()

    def end(self, fault: Fault) -> None:
        """Let it last no longer; it may be over already."""
        if fault in self._faults:
            self._faults.remove(fault)
            self._tell()

    def find(self, kind: Kind, side: Towards = Towards.BOTH) -> Fault | None:
        """Find a fault of a kind that is done to a side."""
        return next((fault for fault in self._faults if fault.kind is kind and fault.is_done_to(side)), None)

    def towards(self, side: Towards) -> list[Fault]:
        """List what is done to a side."""
        return [fault for fault in self._faults if fault.is_done_to(side)]

    async def until(self, done: Callable[[], bool], within_s: float | None = None) -> bool:
        """Wait for a change that makes `done` true, with a deadline or not; returns what it is then."""
        end_s = None if within_s is None else asyncio.get_running_loop().time() + within_s
        while not done():
            left_s = None if end_s is None else end_s - asyncio.get_running_loop().time()
            if left_s is not None and left_s <= 0:
                return False
            await self.change(left_s)
        return True

    async def change(self, within_s: float | None) -> None:
        """Wait until something begins or ends, or for so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), within_s)

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
