"""The AccessSpecs that a reader holds, and what they do with the tags that an inventory meets."""

from dataclasses import replace
from typing import NamedTuple

from tagdock_contract import TagRead

from tagdock_simulators.llrp.accesscheck import check_access_spec
from tagdock_simulators.llrp.accessspec import (
    AccessReportSpec,
    AccessReportTrigger,
    AccessSpec,
    AccessSpecState,
    AccessStopTrigger,
    C1G2Read,
    OpSpec,
)
from tagdock_simulators.llrp.codec import encode_parameter
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.operations import is_target, perform
from tagdock_simulators.llrp.opresults import OpSpecResult
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.states import ACCESSSPEC, AccessLife
from tagdock_simulators.llrp.tagmemory import TagMemories, TagMemory, tid_of
from tagdock_simulators.llrp.tagreports import NO_ACCESS, Access


class Extras(NamedTuple):
    """What a ROSpec wants of every tag besides its EPC: words of its memory, its own number."""

    reads: tuple[C1G2Read, ...] = ()
    tid: bool = False


NO_EXTRAS = Extras()


class AccessSpecs:
    """What clients want done with tags, in the order in which they said so."""

    def __init__(self, profile: Profile, memories: TagMemories) -> None:
        self.version = 1
        """The protocol version that results are told in."""
        self.fallback = AccessReportSpec(AccessReportTrigger.WITH_ROREPORT)
        """When results are reported where the AccessSpec does not say."""
        self.lowest_id_first = False
        """Whether the lowest id goes first instead of the oldest (ImpinjAccessSpecOrdering)."""
        self._profile = profile
        self._memories = memories
        self._specs: dict[int, AccessSpec] = {}
        self._done: dict[int, int] = {}

    def all(self) -> tuple[AccessSpec, ...]:
        """Return every AccessSpec with its present state."""
        return tuple(self._specs.values())

    def add(self, spec: AccessSpec) -> None:
        """Take one in. Raises LlrpError when the reader cannot do it or has no room."""
        check_access_spec(spec, self._profile)
        if spec.access_spec_id in self._specs:
            reason = f"AccessSpec {spec.access_spec_id} is there already; delete it first"
            raise LlrpError(StatusCode.A_INVALID, reason, field=0, where=spec)
        if len(self._specs) >= self._profile.max_accessspecs:
            limit = f"the reader takes {self._profile.max_accessspecs} AccessSpecs; delete one first"
            raise LlrpError(StatusCode.M_OVERFLOW_PARAMETER, limit)
        self._specs[spec.access_spec_id] = spec
        self._done[spec.access_spec_id] = 0

    def apply(self, life: AccessLife, access_spec_id: int) -> None:
        """Take a step in the life of one AccessSpec, or of all (0). Raises LlrpError when it is not there."""
        for chosen in self._chosen(access_spec_id):
            after = ACCESSSPEC[self._specs[chosen].state, life]
            if after is None:
                del self._specs[chosen], self._done[chosen]
            else:
                self._specs[chosen] = replace(self._specs[chosen], state=after)

    def clear(self) -> None:
        """Forget all."""
        self._specs.clear()
        self._done.clear()

    def answer(self, read: TagRead) -> TagRead | None:
        """Return what a tag answers an inventory with now: nothing when it was killed, else its present EPC."""
        memory = self._memories.changed(read.epc)
        if memory is None:
            return read
        epc = memory.epc.hex().upper()
        if memory.killed or epc == read.epc:
            return None if memory.killed else read
        strength = (read.rssi_dbm, read.phase_deg, read.doppler_hz, read.channel, read.count)
        return TagRead(read.at, read.reader, read.antenna, epc, *strength)

    def meet(self, read: TagRead, rospec_id: int, extras: Extras = NO_EXTRAS) -> tuple[Access, bool]:
        """Do what is to be done with a tag: the first AccessSpec that it matches, or else the ROSpec's own reads.

        Returns what its report says of it, and whether that must go out at once.
        """
        tid = tid_of(bytes.fromhex(read.epc)) if extras.tid else NO_ACCESS.tid
        if not extras.reads and not self._specs:
            return (Access(tid=tid) if extras.tid else NO_ACCESS), False
        memory = self._memories.of(read.epc)
        spec = next((each for each in self._in_order() if _is_for(each, read, rospec_id, memory)), None)
        if spec is None:
            return Access(0, self._results(extras.reads, memory), tid), False
        results = self._results(spec.command.op_specs, memory)
        self._memories.keep(read.epc, memory)
        self._count(spec)
        at_once = (spec.report or self.fallback).trigger is AccessReportTrigger.END_OF_ACCESSSPEC
        return Access(spec.access_spec_id, results, tid), at_once

    def _results(self, ops: tuple[OpSpec, ...], memory: TagMemory) -> bytes:
        """Do operations up to the first that fails (LLRP 1.0.1, section 11.2.1.2)."""
        results: list[OpSpecResult] = []
        for op in ops:
            results.append(perform(op, memory, self.version))
            if results[-1].result != 0:
                break
        return b"".join(encode_parameter(result, self.version) for result in results)

    def _count(self, spec: AccessSpec) -> None:
        """Delete an AccessSpec that was done often enough."""
        self._done[spec.access_spec_id] += 1
        wanted = spec.stop.operations if spec.stop.kind is AccessStopTrigger.OPERATION_COUNT else 0
        if 0 < wanted <= self._done[spec.access_spec_id]:
            self.apply(AccessLife.DELETE, spec.access_spec_id)

    def _in_order(self) -> list[AccessSpec]:
        specs = list(self._specs.values())
        return sorted(specs, key=lambda spec: spec.access_spec_id) if self.lowest_id_first else specs

    def _chosen(self, access_spec_id: int) -> list[int]:
        if access_spec_id == 0:
            return list(self._specs)
        if access_spec_id not in self._specs:
            raise LlrpError(StatusCode.A_INVALID, f"there is no AccessSpec {access_spec_id}", field=0)
        return [access_spec_id]


def _is_for(spec: AccessSpec, read: TagRead, rospec_id: int, memory: TagMemory) -> bool:
    return (
        spec.state is AccessSpecState.ACTIVE
        and spec.antenna_id in (0, read.antenna)
        and spec.rospec_id in (0, rospec_id)
        and all(is_target(memory, target) for target in spec.command.tag_spec.targets)
    )
