"""Filters choose tags as the standard's tables say: masks, actions, several in a row."""

from binascii import crc_hqx

import pytest
from tagdock_simulators.llrp.config import (
    C1G2Filter,
    C1G2TagInventoryMask,
    C1G2TagInventoryStateAwareFilterAction,
    C1G2TagInventoryStateUnawareFilterAction,
)
from tagdock_simulators.llrp.fields import BitString
from tagdock_simulators.llrp.filters import Stand, matches, stand_aware, stand_unaware
from tagdock_simulators.llrp.tagmemory import Bank, TagMemory, new_memory

EPC = bytes.fromhex("3034257BF7194E4000001A85")
SELECT_UNSELECT, SELECT, UNSELECT_OTHERS, UNSELECT, UNSELECT_SELECT, SELECT_OTHERS = range(6)
SGTIN, SSCC, SERIAL = b"\x30", b"\x31", b"\x1a\x85"
EPC_AT, SERIAL_AT = 32, 32 + 80


@pytest.fixture
def tag() -> TagMemory:
    return new_memory(EPC)


def a_filter(
    mask: bytes = SGTIN,
    action: int | None = None,
    *,
    at: int = EPC_AT,
    bank: int = 1,
    bits: int | None = None,
    aware: tuple[int, int] | None = None,
) -> C1G2Filter:
    return C1G2Filter(
        0,
        C1G2TagInventoryMask(bank, at, BitString(len(mask) * 8 if bits is None else bits, mask)),
        C1G2TagInventoryStateAwareFilterAction(*aware) if aware else None,
        C1G2TagInventoryStateUnawareFilterAction(action) if action is not None else None,
    )


@pytest.mark.parametrize(
    ("bank", "at", "mask", "bits", "found"),
    [
        pytest.param(Bank.EPC, 32, b"\x30\x34", 16, True, id="EPC begins at bit 32"),
        pytest.param(Bank.EPC, 32, b"\x30\x35", 16, False, id="another EPC"),
        pytest.param(Bank.EPC, 32, b"\x30\x30", 13, True, id="13 bits of an EPC"),
        pytest.param(Bank.EPC, 32, b"\x30\x30", 14, False, id="one bit more"),
        pytest.param(Bank.EPC, 33, b"\x60", 7, True, id="at an odd bit"),
        pytest.param(Bank.EPC, 16, b"\x30\x00", 16, True, id="PC word: six words of EPC"),
        pytest.param(Bank.EPC, 16, b"\x20\x00", 5, False, id="PC word: four words"),
        pytest.param(Bank.EPC, 0, (crc_hqx(b"\x30\x00" + EPC, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big"), 16, True, id="CRC"),
        pytest.param(Bank.EPC, 112, SERIAL, 16, True, id="the EPC's end"),
        pytest.param(Bank.EPC, 152, b"\x00\x00", 16, False, id="beyond the EPC bank"),
        pytest.param(Bank.EPC, 32, b"", 0, True, id="an empty mask is every tag's"),
        pytest.param(Bank.EPC, 5000, b"", 0, False, id="an empty mask behind the bank is no tag's"),
        pytest.param(Bank.TID, 0, bytes.fromhex("E2801105"), 32, True, id="TID of the chip"),
        pytest.param(Bank.TID, 0, bytes.fromhex("E2806894"), 32, False, id="TID of another chip"),
        pytest.param(Bank.TID, 96, b"\x00", 1, False, id="beyond the TID"),
        pytest.param(Bank.USER, 64, b"\xca\xfe", 16, True, id="user memory that was written"),
        pytest.param(Bank.USER, 0, b"\x00\x00", 16, True, id="user memory that is empty"),
    ],
)
def test_a_mask_is_compared_bit_by_bit(
    bank: Bank, at: int, mask: bytes, bits: int, found: bool, tag: TagMemory
) -> None:
    tag.write(Bank.USER, 4, (0xCAFE,), 0)
    assert matches(tag, a_filter(mask, at=at, bank=bank, bits=bits)) is found


@pytest.mark.parametrize(
    ("action", "if_it_matches", "if_not"),
    [
        pytest.param(SELECT_UNSELECT, True, False, id="0 select, unselect others"),
        pytest.param(SELECT, True, False, id="1 select"),
        pytest.param(UNSELECT_OTHERS, True, False, id="2 unselect others"),
        pytest.param(UNSELECT, False, True, id="3 unselect"),
        pytest.param(UNSELECT_SELECT, False, True, id="4 unselect, select others"),
        pytest.param(SELECT_OTHERS, False, True, id="5 select others"),
        pytest.param(None, True, False, id="none given"),
    ],
)
def test_one_unaware_action(action: int | None, if_it_matches: bool, if_not: bool, tag: TagMemory) -> None:
    assert stand_unaware([a_filter(SGTIN, action)], tag).selected is if_it_matches
    assert stand_unaware([a_filter(SSCC, action)], tag).selected is if_not


@pytest.mark.parametrize(
    ("second", "both", "first_only", "second_only", "neither"),
    [
        pytest.param(UNSELECT_OTHERS, True, False, False, False, id="0, 2: one and the other"),
        pytest.param(SELECT, True, True, True, False, id="0, 1: one or the other"),
        pytest.param(UNSELECT, False, True, False, False, id="0, 3: one but not the other"),
        pytest.param(SELECT_UNSELECT, True, False, True, False, id="0, 0: the last one says all"),
        pytest.param(SELECT_OTHERS, True, True, False, True, id="0, 5: one, or not the other"),
        pytest.param(UNSELECT_SELECT, False, True, False, True, id="0, 4: all but the other"),
        pytest.param(None, True, True, True, False, id="0, none given: one or the other"),
    ],
)
def test_filters_work_in_their_order(
    second: int | None, both: bool, first_only: bool, second_only: bool, neither: bool, tag: TagMemory
) -> None:
    for one, other, wanted in (
        (SGTIN, SERIAL, both),
        (SGTIN, b"\x00\x01", first_only),
        (SSCC, SERIAL, second_only),
        (SSCC, b"\x00\x01", neither),
    ):
        filters = [a_filter(one, SELECT_UNSELECT), a_filter(other, second, at=SERIAL_AT)]
        assert stand_unaware(filters, tag).selected is wanted, (one, other)


def test_without_filters_every_tag_is_selected(tag: TagMemory) -> None:
    assert stand_unaware([], tag) == Stand(True, True, False)


@pytest.mark.parametrize(
    ("action", "if_it_matches", "if_not"),
    [
        pytest.param(0, (True, True), (False, False), id="0 A, others B"),
        pytest.param(1, (True, True), (True, False), id="1 A"),
        pytest.param(2, (True, False), (False, False), id="2 others B"),
        pytest.param(3, (False, True), (True, False), id="3 turn"),
        pytest.param(4, (False, False), (True, True), id="4 B, others A"),
        pytest.param(5, (False, False), (True, False), id="5 B"),
        pytest.param(6, (True, False), (True, True), id="6 others A"),
        pytest.param(7, (True, False), (False, True), id="7 turn others"),
    ],
)
def test_an_aware_action_on_an_inventoried_flag(
    action: int, if_it_matches: tuple[bool, bool], if_not: tuple[bool, bool], tag: TagMemory
) -> None:
    """(A from A, A from B) of a tag; session 2's flag is target 3."""
    for mask, wanted in ((SGTIN, if_it_matches), (SSCC, if_not)):
        assert stand_aware([a_filter(mask, aware=(3, action))], tag, session=2) == Stand(False, *wanted)
        assert stand_aware([a_filter(mask, aware=(3, action))], tag, session=1) == Stand(False, True, False)


@pytest.mark.parametrize(
    ("actions", "selected"),
    [
        pytest.param([(SGTIN, 0)], True, id="0 on"),
        pytest.param([(SSCC, 0)], False, id="0 off for others"),
        pytest.param([(SGTIN, 0), (SGTIN, 3)], False, id="3 turns it"),
        pytest.param([(SGTIN, 1), (SSCC, 2)], False, id="2 off for others"),
        pytest.param([(SSCC, 4)], True, id="4 on for others"),
        pytest.param([(SGTIN, 1), (SGTIN, 5)], False, id="5 off"),
        pytest.param([(SSCC, 6)], True, id="6 on for others only"),
        pytest.param([(SSCC, 7)], True, id="7 turns others"),
        pytest.param([], False, id="off without power"),
    ],
)
def test_aware_actions_on_the_selected_flag(actions: list[tuple[bytes, int]], selected: bool, tag: TagMemory) -> None:
    assert stand_aware([a_filter(mask, aware=(0, action)) for mask, action in actions], tag, 0).selected is selected
