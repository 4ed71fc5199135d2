"""Which tags take part in an inventory: C1G2Filters, one after the other, like the Select commands that they become.

A Select sets a flag of the tags that match its mask and one of those that do not. With state-aware actions the client
names the flags; with state-unaware ones it says "select", "unselect" or nothing, and the reader uses SL for it.
Source: LLRP 1.0.1, sections 15.2.1.2.1.1.2 and .3 (actions), 15.2.1.2.1 (order); EPC Gen2 V1.2, section 6.3.2.11.1.1.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tagdock_simulators.llrp.config import C1G2Filter
from tagdock_simulators.llrp.tagmemory import Bank, TagMemory

_Effect = tuple[bool, bool]
"""What becomes of a flag that is False (not SL, B), and of one that is True (SL, A)."""
_CLEAR, _KEEP, _FLIP, _SET = (False, False), (False, True), (True, False), (True, True)
UNAWARE_ACTIONS: tuple[tuple[_Effect, _Effect], ...] = (
    (_SET, _CLEAR),
    (_SET, _KEEP),
    (_KEEP, _CLEAR),
    (_CLEAR, _KEEP),
    (_CLEAR, _SET),
    (_KEEP, _SET),
)
"""By number: what is done to tags that match, and to all others."""
AWARE_ACTIONS: tuple[tuple[_Effect, _Effect], ...] = (
    (_SET, _CLEAR),
    (_SET, _KEEP),
    (_KEEP, _CLEAR),
    (_FLIP, _KEEP),
    (_CLEAR, _SET),
    (_CLEAR, _KEEP),
    (_KEEP, _SET),
    (_KEEP, _FLIP),
)
SELECTED_FLAG, LAST_TARGET = 0, 4
"""Targets of a state-aware action: SL, then the inventoried flags of S0 to S3."""
_SELECT_ONLY, _SELECT_TOO = 0, 1
"""What a filter without an action does: the first one chooses, each further one adds. The standard does not say; a
client that sends several masks without actions wants the tags of any of them (sllurp, issue 121)."""


class Stand(NamedTuple):
    """How a tag stands after all Selects: its SL flag, and whether its inventoried flag is A, by what it was before."""

    selected: bool
    a_from_a: bool = True
    a_from_b: bool = False


def matches(memory: TagMemory, chosen: C1G2Filter) -> bool:
    """Say whether a tag's memory has the mask at its place; beyond the end of a bank there is no match."""
    mask = chosen.mask
    ones = b"\xff" * len(mask.mask.data)
    return memory.has(Bank(mask.memory_bank), mask.pointer, mask.mask.bits, ones, mask.mask.data)


def stand_unaware(filters: Sequence[C1G2Filter], memory: TagMemory) -> Stand:
    """Apply state-unaware actions.

    Filters that say nothing of a tag leave it as the reader began: selected, where the first one does not select any.
    """
    actions = [_unaware(chosen, place) for place, chosen in enumerate(filters)]
    selected = not actions or _SET not in actions[0]
    for chosen, action in zip(filters, actions, strict=True):
        selected = action[not matches(memory, chosen)][selected]
    return Stand(selected)


def stand_aware(filters: Sequence[C1G2Filter], memory: TagMemory, session: int) -> Stand:
    """Apply state-aware actions; of the inventoried flags, only that of the inventory's session is followed.

    SL is off at the beginning, as it is of a tag that has just got power.
    """
    selected, a_from_a, a_from_b = Stand(selected=False)
    for chosen in filters:
        target, number = SELECTED_FLAG, 0
        if chosen.aware_action is not None:
            target, number = chosen.aware_action.target, chosen.aware_action.action
        effect = AWARE_ACTIONS[number][not matches(memory, chosen)]
        if target == SELECTED_FLAG:
            selected = effect[selected]
        elif target == session + 1:
            a_from_a, a_from_b = effect[a_from_a], effect[a_from_b]
    return Stand(selected, a_from_a, a_from_b)


def _unaware(chosen: C1G2Filter, place: int) -> tuple[_Effect, _Effect]:
    if chosen.unaware_action is None:
        return UNAWARE_ACTIONS[_SELECT_TOO if place else _SELECT_ONLY]
    return UNAWARE_ACTIONS[chosen.unaware_action.action]
