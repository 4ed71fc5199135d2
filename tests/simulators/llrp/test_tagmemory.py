"""A tag remembers as a Gen2 tag does: banks, passwords, locks, the end."""

from binascii import crc_hqx
from collections.abc import Callable

import pytest
from tagdock_simulators.llrp.tagmemory import Bank, Lock, Part, TagMemories, TagMemory, Verdict, new_memory, tid_of

EPC = bytes.fromhex("3034257BF7194E4000001A85")
PASSWORD, WRONG = 0xCAFE0001, 0xCAFE0002


@pytest.fixture
def tag() -> TagMemory:
    return new_memory(EPC)


@pytest.fixture
def closed() -> TagMemory:
    """A tag with an access password, its user memory locked and its EPC locked for ever."""
    memory = new_memory(EPC)
    assert memory.write(Bank.RESERVED, 2, (0xCAFE, 0x0001), 0) == (Verdict.DONE, 2)
    assert memory.lock([(Part.USER, Lock.LOCKED), (Part.EPC, Lock.PERMALOCKED)], PASSWORD) is Verdict.DONE
    return memory


def test_a_tids_class_designer_and_model_are_a_real_chips_and_its_serial_is_the_tags_own() -> None:
    """Two tags of Impinj's Monza 4QT, as people read them, begin alike: E2801105 2000."""
    assert tid_of(EPC)[:6].hex() == "e28011052000"
    serials = {tid_of(number.to_bytes(12, "big")) for number in range(2000)}
    assert len(serials) == 2000
    assert tid_of(EPC) == tid_of(bytes(EPC))


def test_the_epc_bank_begins_with_its_checksum_and_length(tag: TagMemory) -> None:
    verdict, words = tag.read(Bank.EPC, 0, 8, 0)
    assert verdict is Verdict.DONE
    data = b"".join(word.to_bytes(2, "big") for word in words)
    assert words[1] >> 11 == 6
    assert data[4:] == EPC
    assert crc_hqx(data[2:] + data[:2], 0xFFFF) == 0x1D0F  # the residue of EPC Gen2 2.1, section 6.3.1.5


def test_a_new_length_and_epc_are_answered_with(tag: TagMemory) -> None:
    assert tag.write(Bank.EPC, 1, (2 << 11, 0xAAAA, 0xBBBB), 0) == (Verdict.DONE, 3)
    assert tag.epc.hex() == "aaaabbbb"


@pytest.mark.parametrize(
    ("bank", "pointer", "count", "verdict", "length"),
    [
        pytest.param(Bank.TID, 0, 6, Verdict.DONE, 6, id="all of a bank"),
        pytest.param(Bank.TID, 2, 0, Verdict.DONE, 4, id="0 is up to the end"),
        pytest.param(Bank.TID, 5, 2, Verdict.OVERRUN, 0, id="beyond the end"),
        pytest.param(Bank.USER, 32, 0, Verdict.OVERRUN, 0, id="behind the end"),
        pytest.param(Bank.RESERVED, 0, 4, Verdict.DONE, 4, id="passwords of an open tag"),
    ],
)
def test_reads_stay_in_their_bank(
    bank: Bank, pointer: int, count: int, verdict: Verdict, length: int, tag: TagMemory
) -> None:
    told, words = tag.read(bank, pointer, count, 0)
    assert (told, len(words)) == (verdict, length)


def test_words_are_written_up_to_the_first_that_cannot_be(tag: TagMemory) -> None:
    assert tag.write(Bank.USER, 30, (1, 2, 3), 0) == (Verdict.OVERRUN, 2)
    assert tag.read(Bank.USER, 30, 2, 0) == (Verdict.DONE, (1, 2))


def test_words_at_once_are_written_all_or_none(tag: TagMemory) -> None:
    assert tag.write_at_once(Bank.USER, 30, (1, 2, 3), 0) is Verdict.OVERRUN
    assert tag.read(Bank.USER, 30, 2, 0) == (Verdict.DONE, (0, 0))


WRITES: dict[str, tuple[Bank, int, int, Verdict]] = {
    "locked, with the password": (Bank.USER, 0, PASSWORD, Verdict.DONE),
    "locked, without": (Bank.USER, 0, 0, Verdict.LOCKED),
    "locked, with a wrong one": (Bank.USER, 0, WRONG, Verdict.WRONG_PASSWORD),
    "locked for ever, with the password": (Bank.EPC, 2, PASSWORD, Verdict.LOCKED),
    "the tag's own number": (Bank.TID, 3, PASSWORD, Verdict.LOCKED),
    "open, without": (Bank.RESERVED, 0, 0, Verdict.DONE),
}


@pytest.mark.parametrize(("bank", "pointer", "password", "verdict"), WRITES.values(), ids=WRITES.keys())
def test_locks_are_respected(bank: Bank, pointer: int, password: int, verdict: Verdict, closed: TagMemory) -> None:
    assert closed.write(bank, pointer, (0x1234,), password)[0] is verdict


def test_the_checksum_is_the_tags_own(tag: TagMemory) -> None:
    assert tag.write(Bank.EPC, 0, (1,), 0) == (Verdict.LOCKED, 0)


def test_locked_passwords_cannot_be_read_without_the_password(closed: TagMemory) -> None:
    assert closed.lock([(Part.ACCESS_PASSWORD, Lock.LOCKED)], PASSWORD) is Verdict.DONE
    assert closed.read(Bank.RESERVED, 2, 2, 0) == (Verdict.LOCKED, ())
    assert closed.read(Bank.RESERVED, 0, 2, 0) == (Verdict.DONE, (0, 0))
    assert closed.read(Bank.RESERVED, 2, 2, PASSWORD) == (Verdict.DONE, (0xCAFE, 0x0001))


LOCKS: dict[str, tuple[Part, Lock, int, Verdict]] = {
    "unlock with the password": (Part.USER, Lock.UNLOCKED, PASSWORD, Verdict.DONE),
    "unlock without": (Part.USER, Lock.UNLOCKED, 0, Verdict.WRONG_PASSWORD),
    "unlock for ever": (Part.USER, Lock.PERMAUNLOCKED, PASSWORD, Verdict.DONE),
    "unlock what is locked for ever": (Part.EPC, Lock.UNLOCKED, PASSWORD, Verdict.LOCKED),
    "lock for ever again": (Part.EPC, Lock.PERMALOCKED, PASSWORD, Verdict.DONE),
}


@pytest.mark.parametrize(("part", "lock", "password", "verdict"), LOCKS.values(), ids=LOCKS.keys())
def test_only_who_knows_the_password_locks(
    part: Part, lock: Lock, password: int, verdict: Verdict, closed: TagMemory
) -> None:
    before = closed.locks.copy()
    assert closed.lock([(part, lock)], password) is verdict
    assert closed.locks == (before | {part: lock} if verdict is Verdict.DONE else before)


def test_blocks_are_locked_for_ever_one_by_one(tag: TagMemory) -> None:
    assert tag.lock_blocks(0, (0b0100 << 12,), 0) is Verdict.DONE
    assert tag.blocks_locked(0, 1, 0) == (Verdict.DONE, (0b0100 << 12,))
    assert tag.write_at_once(Bank.USER, 7, (1,), 0) is Verdict.DONE
    assert tag.write_at_once(Bank.USER, 8, (1,), 0) is Verdict.LOCKED
    assert tag.lock_blocks(0, (1,), 0) is Verdict.OVERRUN


def test_a_tag_dies_by_its_kill_password_only(tag: TagMemory) -> None:
    assert tag.kill(0) is Verdict.NO_KILL_PASSWORD
    tag.write(Bank.RESERVED, 0, (0xDEAD, 0xBEEF), 0)
    assert tag.kill(1) is Verdict.WRONG_PASSWORD
    assert not tag.killed
    assert tag.kill(0xDEADBEEF) is Verdict.DONE
    assert tag.killed


PATTERNS: dict[str, tuple[Bank, int, int, str, str, bool]] = {
    "its whole EPC": (Bank.EPC, 32, 96, "ff" * 12, EPC.hex(), True),
    "a filter of 6 bits that counts from the third byte on": (Bank.EPC, 40, 3, "e0", "20", True),
    "another filter": (Bank.EPC, 40, 3, "e0", "40", False),
    "bits that do not count": (Bank.EPC, 32, 8, "f0", "3f", True),
    "bits that count": (Bank.EPC, 32, 8, "ff", "3f", False),
    "the chip's model": (Bank.TID, 0, 32, "ffffffff", "e2801105", True),
    "user memory": (Bank.USER, 0, 16, "ffff", "0000", True),
    "beyond the bank": (Bank.TID, 90, 16, "0000", "0000", False),
}


@pytest.mark.parametrize(("bank", "pointer", "bits", "mask", "data", "found"), PATTERNS.values(), ids=PATTERNS.keys())
def test_a_tag_is_found_by_its_memory(
    bank: Bank, pointer: int, bits: int, mask: str, data: str, found: bool, tag: TagMemory
) -> None:
    assert tag.has(bank, pointer, bits, bytes.fromhex(mask), bytes.fromhex(data)) is found


def test_so_many_changed_tags_are_remembered_and_no_more() -> None:
    memories = TagMemories(most=3)
    epcs = [f"{number:024X}" for number in range(5)]
    for epc in epcs:
        memory = memories.of(epc)
        memory.write(Bank.USER, 0, (7,), 0)
        memories.keep(epc, memory)
    assert [memories.changed(epc) is not None for epc in epcs] == [False, False, True, True, True]
    assert memories.of(epcs[0]).read(Bank.USER, 0, 1, 0) == (Verdict.DONE, (0,))


def test_a_tag_that_was_only_looked_at_takes_no_place() -> None:
    memories = TagMemories(most=1)
    dead, looked_at = memories.of("AA" * 12), memories.of(EPC.hex())
    dead.write(Bank.RESERVED, 0, (0, 1), 0)
    dead.kill(1)
    memories.keep("AA" * 12, dead)
    looked_at.read(Bank.TID, 0, 6, 0)
    memories.keep(EPC.hex(), looked_at)
    assert memories.changed(EPC.hex()) is None
    assert memories.of("AA" * 12).killed


CHANGES: dict[str, Callable[[TagMemory], object]] = {
    "write": lambda tag: tag.write(Bank.USER, 0, (7,), 0),
    "lock": lambda tag: tag.lock([(Part.USER, Lock.LOCKED)], 0),
    "permalock": lambda tag: tag.lock_blocks(0, (0x8000,), 0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_tag_is_remembered(change: Callable[[TagMemory], object], tag: TagMemory) -> None:
    memories = TagMemories()
    change(tag)
    memories.keep(EPC.hex(), tag)
    assert memories.of(EPC.hex()) is tag
