"""What a reader shall do with single tags' memory: AccessSpecs (LLRP 1.0.1, chapters 11 and 15; LLRP 1.1, the same)."""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.fields import U2, U8, U16, U32, BitField, Bits, Flag, U16s
from tagdock_simulators.llrp.schema import CustomParameter, Some, parameter


class AccessSpecState(IntEnum):
    """Where an AccessSpec is in its life; what was deleted is forgotten."""

    DISABLED = 0
    ACTIVE = 1


class AccessStopTrigger(IntEnum):
    """What deletes an AccessSpec besides DELETE_ACCESSSPEC."""

    NULL = 0
    OPERATION_COUNT = 1


class AccessReportTrigger(IntEnum):
    """When the results are reported: with the ROReport, or at the end of the AccessSpec."""

    WITH_ROREPORT = 0
    END_OF_ACCESSSPEC = 1


class LockPrivilege(IntEnum):
    """What C1G2Lock makes of a part of the memory."""

    READ_WRITE = 0
    PERMALOCK = 1
    PERMAUNLOCK = 2
    UNLOCK = 3


class LockField(IntEnum):
    """Which part of the memory C1G2Lock is about."""

    KILL_PASSWORD = 0
    ACCESS_PASSWORD = 1
    EPC = 2
    TID = 3
    USER = 4


@parameter(239)
class AccessReportSpec:
    """When access results are reported."""

    trigger: Annotated[AccessReportTrigger, Bits(8)]


@parameter(208)
class AccessSpecStopTrigger:
    """Deletes the AccessSpec after so many executions; 0 is never."""

    kind: Annotated[AccessStopTrigger, Bits(8)]
    operations: U16


@parameter(339)
class C1G2TargetTag:
    """Matches tags whose memory from bit `pointer` on has `data` where `mask` is 1; no mask matches every tag."""

    memory_bank: U2
    match: Annotated[bool, Bits(1, reserved=5)]
    pointer: U16
    mask: BitField
    data: BitField


@parameter(338)
class C1G2TagSpec:
    """One pattern, or two that both have to hold."""

    targets: Some[C1G2TargetTag]


@parameter(341)
class C1G2Read:
    """Reads words; 0 reads to the end of the bank."""

    op_spec_id: U16
    access_password: U32
    memory_bank: U2
    word_pointer: U16
    word_count: U16


@parameter(342)
class C1G2Write:
    """Writes words."""

    op_spec_id: U16
    access_password: U32
    memory_bank: U2
    word_pointer: U16
    data: U16s


@parameter(343)
class C1G2Kill:
    """Silences the tag for ever."""

    op_spec_id: U16
    kill_password: U32


@parameter(345)
class C1G2LockPayload:
    """Locks or unlocks one part of the memory."""

    privilege: Annotated[LockPrivilege, Bits(8)]
    data_field: Annotated[LockField, Bits(8)]


@parameter(344)
class C1G2Lock:
    """Locks and unlocks parts of the memory."""

    op_spec_id: U16
    access_password: U32
    payloads: Some[C1G2LockPayload]


@parameter(346)
class C1G2BlockErase:
    """Sets words to 0."""

    op_spec_id: U16
    access_password: U32
    memory_bank: U2
    word_pointer: U16
    word_count: U16


@parameter(347)
class C1G2BlockWrite:
    """Writes words at once."""

    op_spec_id: U16
    access_password: U32
    memory_bank: U2
    word_pointer: U16
    data: U16s


@parameter(357, since=2)
class C1G2Recommission:
    """Takes features off a tag for ever (the bits 3SB, 2SB, LSB of Gen2's recommissioning)."""

    op_spec_id: U16
    kill_password: U32
    reserved: Annotated[int, Bits(5)] = 0
    bit_3sb: Flag = False
    bit_2sb: Flag = False
    bit_lsb: Flag = False


@parameter(358, since=2)
class C1G2BlockPermalock:
    """Makes blocks of the user memory unwritable for ever; the mask's bits stand for blocks, first one highest."""

    op_spec_id: U16
    access_password: U32
    memory_bank: U2
    block_pointer: U16
    block_mask: U16s


@parameter(359, since=2)
class C1G2GetBlockPermalockStatus:
    """Asks which blocks are permalocked, 16 blocks a unit of range."""

    op_spec_id: U16
    access_password: U32
    memory_bank: U2
    block_pointer: U16
    block_range: U16


@parameter(210)
class ClientRequestOpSpec:
    """Has the reader ask the client what to do with each tag."""

    op_spec_id: U16


OpSpec = (
    C1G2Read
    | C1G2Write
    | C1G2Kill
    | C1G2Recommission
    | C1G2Lock
    | C1G2BlockErase
    | C1G2BlockWrite
    | C1G2BlockPermalock
    | C1G2GetBlockPermalockStatus
    | ClientRequestOpSpec
)


@parameter(209)
class AccessCommand:
    """What to do with which tags."""

    tag_spec: C1G2TagSpec
    op_specs: Some[OpSpec]
    custom: tuple[CustomParameter, ...] = ()


@parameter(207)
class AccessSpec:
    """One task on tags' memory, done while a ROSpec inventories; antenna 0 and ROSpec 0 mean any."""

    access_spec_id: U32
    antenna_id: U16
    protocol_id: U8
    state: Annotated[AccessSpecState, Bits(1, reserved=7)]
    rospec_id: U32
    stop: AccessSpecStopTrigger
    command: AccessCommand
    report: AccessReportSpec | None = None
    custom: tuple[CustomParameter, ...] = ()
