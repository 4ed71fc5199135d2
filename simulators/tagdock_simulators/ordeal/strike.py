"""Blows dealt to what runs, each when its time has come."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tagdock_simulators.faults.kinds import KINDS, Kind
from tagdock_simulators.faults.proxy import TcpProxy
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.ordeal.blows import Blow
from tagdock_simulators.ordeal.disk import SmallDisk
from tagdock_simulators.ordeal.verdict import Struck

_TRICKLE_BYTES_S = 2_000.0
_BACK_WITHIN_S = 30.0
"""Whom the last blow cut off comes back within that time; else a wire fault has nothing to be done to."""


class Struckable(Protocol):
    """What blows are dealt to."""

    @property
    def wires(self) -> Mapping[str, TcpProxy]:
        """The proxies, by name."""

    def kill(self, victim: str) -> list[int]:
        """Kill what goes by that name; returns the process ids, none where nothing ran."""


async def strike(blows: Sequence[Blow], scene: Struckable, disk: SmallDisk, say: Callable[[str], None]) -> list[Struck]:
    """Deal the blows in their time; returns what each did."""
    began_s = asyncio.get_running_loop().time()
    struck = []
    for blow in blows:
        await asyncio.sleep(max(0.0, began_s + blow.at_s - asyncio.get_running_loop().time()))
        did = await _deal(blow, scene, disk)
        at_s = asyncio.get_running_loop().time() - began_s
        struck.append(Struck(round(at_s, 1), blow.what, blow.on, did or "nothing", bool(did)))
        say(f"{blow.what} {blow.on}: {did or 'did nothing'}")
    return struck


async def _deal(blow: Blow, scene: Struckable, disk: SmallDisk) -> str:
    """Deal one blow and return what it did; nothing where it did nothing."""
    if blow.what == "kill":
        killed = scene.kill(blow.on)
        return f"ended {', '.join(map(str, killed))}" if killed else ""
    if blow.what == "fill":
        return await _fill(disk, blow.for_s)
    return await _spoil(scene.wires[blow.on], blow)


async def _fill(disk: SmallDisk, for_s: float) -> str:
    written = await asyncio.to_thread(disk.fill)
    try:
        await asyncio.sleep(for_s)
    finally:
        await asyncio.to_thread(disk.free)
    return f"full for {for_s:.1f} s after {written / 1e6:.0f} MB" if written else ""


async def _spoil(wire: TcpProxy, blow: Blow) -> str:
    kind = Kind(blow.what)
    await _until(lambda: wire.open_connections > 0)
    before, done = wire.open_connections, wire.counts.faults[kind]
    fault = Fault(kind, blow.on, 0.0, blow.for_s, _TRICKLE_BYTES_S if kind is Kind.TRICKLE else None)
    wire.begin(fault)
    if kind in (Kind.REFUSE, Kind.RESET_NEW):  # they only meet who connects anew
        wire.begin(Fault(Kind.CUT, blow.on))
    if KINDS[kind].lasts:
        await asyncio.sleep(blow.for_s)
        await _until(lambda: wire.counts.faults[kind] > done)  # who was cut off may still be waiting to come back
        wire.end(fault)
    times = wire.counts.faults[kind] - done
    lasted = f" for {blow.for_s:.1f} s" if blow.for_s else ""
    return f"{before} connections{lasted}, done {times} times" if before and times else ""


async def _until(true: Callable[[], bool]) -> None:
    end_s = asyncio.get_running_loop().time() + _BACK_WITHIN_S
    while not true() and asyncio.get_running_loop().time() < end_s:
        await asyncio.sleep(0.05)
