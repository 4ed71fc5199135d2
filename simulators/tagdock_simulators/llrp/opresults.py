"""How operations on a tag ended, as its report tells it (LLRP 1.0.1 and 1.1, section 15.2.1.5)."""

from enum import IntEnum
from typing import Annotated

from tagdock_simulators.llrp.fields import U16, Bits, U16s
from tagdock_simulators.llrp.schema import parameter


class ReadResult(IntEnum):
    """How a read ended; 4 to 6 are LLRP 1.1's."""

    SUCCESS = 0
    NONSPECIFIC_TAG_ERROR = 1
    NO_RESPONSE_FROM_TAG = 2
    NONSPECIFIC_READER_ERROR = 3
    TAG_MEMORY_OVERRUN_ERROR = 4
    TAG_MEMORY_LOCKED_ERROR = 5
    INCORRECT_PASSWORD_ERROR = 6


class WriteResult(IntEnum):
    """How a write, block write or block erase ended; 7 is LLRP 1.1's."""

    SUCCESS = 0
    TAG_MEMORY_OVERRUN_ERROR = 1
    TAG_MEMORY_LOCKED_ERROR = 2
    INSUFFICIENT_POWER = 3
    NONSPECIFIC_TAG_ERROR = 4
    NO_RESPONSE_FROM_TAG = 5
    NONSPECIFIC_READER_ERROR = 6
    INCORRECT_PASSWORD_ERROR = 7


class KillResult(IntEnum):
    """How a kill ended; 6 is LLRP 1.1's."""

    SUCCESS = 0
    ZERO_KILL_PASSWORD_ERROR = 1
    INSUFFICIENT_POWER = 2
    NONSPECIFIC_TAG_ERROR = 3
    NO_RESPONSE_FROM_TAG = 4
    NONSPECIFIC_READER_ERROR = 5
    INCORRECT_PASSWORD_ERROR = 6


class LockResult(IntEnum):
    """How a lock or block permalock ended; 5 to 7 are LLRP 1.1's."""

    SUCCESS = 0
    INSUFFICIENT_POWER = 1
    NONSPECIFIC_TAG_ERROR = 2
    NO_RESPONSE_FROM_TAG = 3
    NONSPECIFIC_READER_ERROR = 4
    INCORRECT_PASSWORD_ERROR = 5
    TAG_MEMORY_OVERRUN_ERROR = 6
    TAG_MEMORY_LOCKED_ERROR = 7


class PermalockStatusResult(IntEnum):
    """How the question for permalocked blocks ended."""

    SUCCESS = 0
    NONSPECIFIC_TAG_ERROR = 1
    NO_RESPONSE_FROM_TAG = 2
    NONSPECIFIC_READER_ERROR = 3
    INCORRECT_PASSWORD_ERROR = 4
    TAG_MEMORY_OVERRUN_ERROR = 5


KNOWN_TO_1_0: dict[type[IntEnum], int] = {ReadResult: 3, WriteResult: 6, KillResult: 5, LockResult: 4}
"""The highest outcome that LLRP 1.0.1 has."""


@parameter(349)
class C1G2ReadOpSpecResult:
    """What was read."""

    result: Annotated[ReadResult, Bits(8, known_to_1_0=KNOWN_TO_1_0[ReadResult])]
    op_spec_id: U16
    data: U16s = ()


@parameter(350)
class C1G2WriteOpSpecResult:
    """How many words were written."""

    result: Annotated[WriteResult, Bits(8, known_to_1_0=KNOWN_TO_1_0[WriteResult])]
    op_spec_id: U16
    words_written: U16


@parameter(351)
class C1G2KillOpSpecResult:
    """Whether the tag is silent now."""

    result: Annotated[KillResult, Bits(8, known_to_1_0=KNOWN_TO_1_0[KillResult])]
    op_spec_id: U16


@parameter(352)
class C1G2LockOpSpecResult:
    """Whether the locks are set."""

    result: Annotated[LockResult, Bits(8, known_to_1_0=KNOWN_TO_1_0[LockResult])]
    op_spec_id: U16


@parameter(353)
class C1G2BlockEraseOpSpecResult:
    """Whether the words are 0."""

    result: Annotated[WriteResult, Bits(8, known_to_1_0=KNOWN_TO_1_0[WriteResult])]
    op_spec_id: U16


@parameter(354)
class C1G2BlockWriteOpSpecResult:
    """How many words were written."""

    result: Annotated[WriteResult, Bits(8, known_to_1_0=KNOWN_TO_1_0[WriteResult])]
    op_spec_id: U16
    words_written: U16


@parameter(361, since=2)
class C1G2BlockPermalockOpSpecResult:
    """Whether the blocks are locked."""

    result: Annotated[LockResult, Bits(8)]
    op_spec_id: U16


@parameter(362, since=2)
class C1G2GetBlockPermalockStatusOpSpecResult:
    """Which blocks are locked, first one highest."""

    result: Annotated[PermalockStatusResult, Bits(8)]
    op_spec_id: U16
    status: U16s = ()


OpSpecResult = (
    C1G2ReadOpSpecResult
    | C1G2WriteOpSpecResult
    | C1G2KillOpSpecResult
    | C1G2LockOpSpecResult
    | C1G2BlockEraseOpSpecResult
    | C1G2BlockWriteOpSpecResult
    | C1G2BlockPermalockOpSpecResult
    | C1G2GetBlockPermalockStatusOpSpecResult
)
