"""One operation on a tag's memory, and how its outcome is told in each version of the protocol."""

from enum import IntEnum
from typing import TypeVar

from tagdock_simulators.llrp.accessspec import (
    C1G2BlockErase,
    C1G2BlockPermalock,
    C1G2BlockWrite,
    C1G2GetBlockPermalockStatus,
    C1G2Kill,
    C1G2Lock,
    C1G2Read,
    C1G2TargetTag,
    C1G2Write,
    OpSpec,
)
from tagdock_simulators.llrp.codec import LLRP_1_0_1
from tagdock_simulators.llrp.opresults import (
    KNOWN_TO_1_0,
    C1G2BlockEraseOpSpecResult,
    C1G2BlockPermalockOpSpecResult,
    C1G2BlockWriteOpSpecResult,
    C1G2GetBlockPermalockStatusOpSpecResult,
    C1G2KillOpSpecResult,
    C1G2LockOpSpecResult,
    C1G2ReadOpSpecResult,
    C1G2WriteOpSpecResult,
    KillResult,
    LockResult,
    OpSpecResult,
    PermalockStatusResult,
    ReadResult,
    WriteResult,
)
from tagdock_simulators.llrp.tagmemory import Bank, Lock, Part, TagMemory, Verdict

_R = TypeVar("_R", bound=IntEnum)
_NAMES = {
    Verdict.DONE: "SUCCESS",
    Verdict.OVERRUN: "TAG_MEMORY_OVERRUN_ERROR",
    Verdict.LOCKED: "TAG_MEMORY_LOCKED_ERROR",
    Verdict.WRONG_PASSWORD: "INCORRECT_PASSWORD_ERROR",
    Verdict.NO_KILL_PASSWORD: "ZERO_KILL_PASSWORD_ERROR",
}


def is_target(memory: TagMemory, target: C1G2TargetTag) -> bool:
    """Say whether a tag is what a pattern is for; a pattern without bits is for every tag."""
    if target.mask.bits == 0:
        return True
    holds = memory.has(Bank(target.memory_bank), target.pointer, target.mask.bits, target.mask.data, target.data.data)
    return holds is target.match


def perform(op: OpSpec, memory: TagMemory, version: int) -> OpSpecResult:
    """Do an operation on a tag; return what its report says of it. Raises TypeError for one that no reader does."""
    number = op.op_spec_id
    match op:
        case C1G2Read(_, password, bank, pointer, count):
            verdict, words = memory.read(Bank(bank), pointer, count, password)
            return C1G2ReadOpSpecResult(_told(ReadResult, verdict, version), number, words)
        case C1G2Write(_, password, bank, pointer, data):
            verdict, written = memory.write(Bank(bank), pointer, data, password)
            return C1G2WriteOpSpecResult(_told(WriteResult, verdict, version), number, written)
        case C1G2BlockWrite(_, password, bank, pointer, data):
            verdict = memory.write_at_once(Bank(bank), pointer, data, password)
            written = len(data) if verdict is Verdict.DONE else 0
            return C1G2BlockWriteOpSpecResult(_told(WriteResult, verdict, version), number, written)
        case C1G2BlockErase(_, password, bank, pointer, count):
            verdict = memory.write_at_once(Bank(bank), pointer, (0,) * count, password)
            return C1G2BlockEraseOpSpecResult(_told(WriteResult, verdict, version), number)
    return _protect(op, memory, version)


def _protect(op: OpSpec, memory: TagMemory, version: int) -> OpSpecResult:
    number = op.op_spec_id
    match op:
        case C1G2Lock(_, password, payloads):
            wishes = [(Part(each.data_field), Lock(each.privilege)) for each in payloads]
            return C1G2LockOpSpecResult(_told(LockResult, memory.lock(wishes, password), version), number)
        case C1G2Kill(_, password):
            return C1G2KillOpSpecResult(_told(KillResult, memory.kill(password), version), number)
        case C1G2BlockPermalock(_, password, _, pointer, mask):
            verdict = memory.lock_blocks(pointer, mask, password)
            return C1G2BlockPermalockOpSpecResult(_told(LockResult, verdict, version), number)
        case C1G2GetBlockPermalockStatus(_, password, _, pointer, count):
            verdict, status = memory.blocks_locked(pointer, count, password)
            told = _told(PermalockStatusResult, verdict, version)
            return C1G2GetBlockPermalockStatusOpSpecResult(told, number, status)
    raise TypeError(f"{type(op).__name__} is not done")


def _told(kind: type[_R], verdict: Verdict, version: int) -> _R:
    """Name an outcome as the version has it: LLRP 1.0.1 calls what it has no name for the tag's nonspecific error."""
    result = kind[_NAMES[verdict]]
    known = version != LLRP_1_0_1 or result <= KNOWN_TO_1_0.get(kind, result)
    return result if known else kind["NONSPECIFIC_TAG_ERROR"]
