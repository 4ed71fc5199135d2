"""Whether a reader can do what an AccessSpec asks for."""

from tagdock_simulators.llrp.accessspec import (
    AccessSpec,
    AccessSpecState,
    C1G2BlockErase,
    C1G2BlockPermalock,
    C1G2BlockWrite,
    C1G2GetBlockPermalockStatus,
    C1G2Recommission,
    ClientRequestOpSpec,
    OpSpec,
)
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.profile import GEN2, Profile
from tagdock_simulators.llrp.tagmemory import Bank

MAX_TARGETS = 2


def check_access_spec(spec: AccessSpec, profile: Profile) -> None:
    """Raise LlrpError, naming parameter and field, when the reader cannot do what an AccessSpec asks for."""
    _require(spec.access_spec_id > 0, 0, "an AccessSpec's id must not be 0", spec)
    _require(spec.antenna_id <= profile.antennas, 1, f"antennas are 1 to {profile.antennas}, or 0 for all", spec)
    _require(spec.protocol_id == GEN2, 2, f"the air protocol is {GEN2}, Class 1 Gen 2", spec)
    _require(spec.state is AccessSpecState.DISABLED, 3, "an AccessSpec is added in the state Disabled", spec)
    command, targets = spec.command, spec.command.tag_spec.targets
    if len(targets) > MAX_TARGETS:
        raise _overflow(f"a tag is told by {MAX_TARGETS} patterns at most", command.tag_spec)
    for target in targets:
        _require(target.mask.bits == target.data.bits, 4, "mask and data have the same number of bits", target)
    if len(command.op_specs) > profile.max_opspecs_per_accessspec:
        limit = f"an AccessSpec has {profile.max_opspecs_per_accessspec} OpSpecs at most"
        raise _overflow(limit, command)
    ids = [op.op_spec_id for op in command.op_specs]
    for place, op in enumerate(command.op_specs):
        _require(op.op_spec_id not in ids[:place], 0, f"there are two OpSpecs {op.op_spec_id}", op)
        _check_op(op, profile)


def _check_op(op: OpSpec, profile: Profile) -> None:
    """Refuse by name what the reader's capabilities do not promise."""
    cannot = {
        ClientRequestOpSpec: True,
        C1G2Recommission: True,
        C1G2BlockErase: not profile.block_erase,
        C1G2BlockWrite: not profile.block_write,
        C1G2BlockPermalock: not profile.block_permalock,
        C1G2GetBlockPermalockStatus: not profile.block_permalock,
    }
    if cannot.get(type(op), False):
        reason = f"{type(op).__name__} is not supported (see the reader's capabilities)"
        raise LlrpError(StatusCode.P_UNSUPPORTED_PARAMETER, reason, where=op)
    if isinstance(op, C1G2BlockPermalock | C1G2GetBlockPermalockStatus):
        _require(op.memory_bank == Bank.USER, 2, "only blocks of the user memory can be permalocked", op)


def _require(holds: bool, field: int, reason: str, where: object) -> None:
    if not holds:
        raise LlrpError(StatusCode.A_OUT_OF_RANGE, reason, field=field, where=where)


def _overflow(reason: str, where: object) -> LlrpError:
    return LlrpError(StatusCode.P_OVERFLOW_PARAMETER, reason, where=where)
