"""A simulated LLRP reader with its faults: behind a proxy, with wrong reads, a wrong clock, habits that change."""

from dataclasses import replace
from datetime import datetime

from tagdock_contract import Record

from tagdock_simulators.faults.kinds import KINDS, Kind, Place
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.proxy import Protocol, TcpProxy
from tagdock_simulators.faults.reads import DisturbedReads
from tagdock_simulators.faults.schedule import Fault, Schedule
from tagdock_simulators.llrp.server import LlrpReader

PLACES = (Place.WIRE, Place.LLRP, Place.LLRP_READER, Place.READER)
"""Where the faults that it can do belong."""
_ON_THE_WIRE = frozenset((Place.WIRE, Place.LLRP))
_BY_THE_READER = (Kind.FIELDS_LEFT_OUT, Kind.UPTIME_ONLY, Kind.CLOCK_JUMP)


class TroubledReader:
    """Stands for an LLRP reader; its clients come to the proxy. Belongs to one event loop."""

    def __init__(
        self, name: str, reader: LlrpReader, schedule: Schedule, began_at: datetime, log: FaultLog | None = None
    ) -> None:
        """Prepare; faults of reads go by the records' time after `began_at`, the others come by `begin` and `end`."""
        self._reader = reader
        self._proxy = TcpProxy(name, ("", 0), Protocol.LLRP, log=log, seed=schedule.seed)
        self._habits = reader.reporting
        self._going_on: list[Fault] = []
        here = (fault for fault in schedule.faults if _is_of_reads(fault.kind))
        self._reads = DisturbedReads(schedule.only(frozenset(fault.number for fault in here)), began_at)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port (0 chooses a free one). Raises OSError when the port is taken."""
        self._proxy.server = ("127.0.0.1", await self._reader.start())
        try:
            return await self._proxy.start(host, port)
        except OSError:
            await self._reader.close()
            raise

    async def close(self) -> None:
        """Say goodbye to the client and stop listening."""
        await self._reader.close()
        await self._proxy.close()

    def feed(self, *records: Record) -> None:
        """Let tags answer and inputs change, as far as the faults let them."""
        for record in records:
            self._reader.feed(*self._reads.take(record))

    def begin(self, fault: Fault) -> None:
        """Do a momentary fault, or let a lasting one begin."""
        if not _ON_THE_WIRE.isdisjoint(KINDS[fault.kind].places):
            self._proxy.begin(fault)
        elif fault.kind in _BY_THE_READER:
            self._going_on.append(fault)
            self._change()

    def end(self, fault: Fault) -> None:
        """Let a lasting fault be over."""
        self._proxy.end(fault)
        if fault in self._going_on:
            self._going_on.remove(fault)
            self._change()

    @property
    def is_reporting(self) -> bool:
        """Say whether the reader has a client and a ROSpec running; it may be wrong about the client."""
        return self._reader.is_reporting

    @property
    def tags_reported(self) -> int:
        """Return how many tag reports the reader handed out; the wire may have swallowed some."""
        return self._reader.tags_reported

    @property
    def tags_lost(self) -> int:
        """Return how many tag reports nobody took."""
        return self._reader.tags_lost

    @property
    def proxy(self) -> TcpProxy:
        """Return the proxy, for what it counted."""
        return self._proxy

    def _change(self) -> None:
        """Give the reader the habits that all faults together want."""
        kinds = {fault.kind for fault in self._going_on}
        ahead_s = sum(fault.value for fault in self._going_on if fault.kind is Kind.CLOCK_JUMP)
        self._reader.set_reporting(
            replace(
                self._habits,
                has_utc_clock=self._habits.has_utc_clock and Kind.UPTIME_ONLY not in kinds,
                leaves_out_unchanged=self._habits.leaves_out_unchanged or Kind.FIELDS_LEFT_OUT in kinds,
                clock_offset_us=self._habits.clock_offset_us + round(ahead_s * 1e6),
            )
        )


def _is_of_reads(kind: Kind) -> bool:
    """Say whether a fault is done to records: not one that the wire does, nor one that the reader's clock does."""
    places = KINDS[kind].places
    return Place.READER in places and _ON_THE_WIRE.isdisjoint(places) and kind not in _BY_THE_READER
