"""What tags remember: the four memory banks of a Gen2 tag, their locks, and what a command does to them.

Every simulated tag is a Monza 4QT: 128 bits for the EPC, 96 bits of serialised TID, 512 bits of user memory in four
blocks that can be permalocked, both passwords 0 (Impinj IPJ-W1512 data sheet; from memory but for the TID).
Source: EPC Gen2 2.1, sections 6.3.2.1 (memory) and 6.3.2.12.3 (access commands).
"""

from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from functools import lru_cache
from hashlib import blake2b

TID_HEAD = bytes.fromhex("E28011052000")
"""Class E2h (EPCglobal), mask designer 801h (Impinj, with XTID), model 105h; XTID header 2000h: a serial of 48 bits.

Source: EPC Tag Data Standard 1.13, section 16.2; ISO/IEC 15963.
"""
EPC_WORDS, USER_WORDS, BLOCK_WORDS = 8, 32, 8
BLOCKS = USER_WORDS // BLOCK_WORDS
MAX_CHANGED_TAGS = 10_000
"""So many tags that differ from a new one are remembered; then the one met longest ago is new again."""
_PC_LENGTH_SHIFT, _WORD_BITS = 11, 16


class Bank(IntEnum):
    """A memory bank."""

    RESERVED = 0
    EPC = 1
    TID = 2
    USER = 3


class Part(IntEnum):
    """A part of the memory with a lock of its own, numbered as in C1G2LockPayload."""

    KILL_PASSWORD = 0
    ACCESS_PASSWORD = 1
    EPC = 2
    TID = 3
    USER = 4


class Lock(IntEnum):
    """How a part is locked, numbered as in C1G2LockPayload: what is LOCKED needs the access password."""

    LOCKED = 0
    PERMALOCKED = 1
    PERMAUNLOCKED = 2
    UNLOCKED = 3


class Verdict(Enum):
    """How a tag answered a command."""

    DONE = auto()
    OVERRUN = auto()
    LOCKED = auto()
    WRONG_PASSWORD = auto()
    NO_KILL_PASSWORD = auto()


_FACTORY_LOCKS = {part: Lock.PERMALOCKED if part is Part.TID else Lock.UNLOCKED for part in Part}


@dataclass(slots=True)
class TagMemory:
    """One tag's memory; every address and count is in words of 16 bits."""

    banks: dict[Bank, list[int]]
    locks: dict[Part, Lock] = field(default_factory=_FACTORY_LOCKS.copy)
    locked_blocks: frozenset[int] = frozenset()
    killed: bool = False
    changed: bool = False
    """Whether it is no longer as the factory made it."""

    @property
    def epc(self) -> bytes:
        """Return what the tag answers an inventory with: as many words as its PC word says."""
        pc, *words = self.banks[Bank.EPC][1:]
        return _to_bytes(words[: pc >> _PC_LENGTH_SHIFT])

    @property
    def access_password(self) -> int:
        """Return the password that opens what is locked; 0 is none."""
        return _number(self.banks[Bank.RESERVED][2:4])

    @property
    def kill_password(self) -> int:
        """Return the password that kills; 0 means that the tag cannot be killed."""
        return _number(self.banks[Bank.RESERVED][0:2])

    def words(self, bank: Bank) -> list[int]:
        """Return what a bank holds now; the EPC bank begins with the checksum of the rest."""
        if bank is not Bank.EPC:
            return self.banks[bank]
        pc, epc = self.banks[bank][1], self.epc
        return [stored_crc(pc, epc), *self.banks[bank][1:]]

    def read(self, bank: Bank, pointer: int, count: int, password: int) -> tuple[Verdict, tuple[int, ...]]:
        """Read words; a count of 0 reads up to the end of the bank."""
        words = self.words(bank)
        stop = pointer + count if count else len(words)
        if not self._opens(password):
            return Verdict.WRONG_PASSWORD, ()
        if pointer >= len(words) or stop > len(words):
            return Verdict.OVERRUN, ()
        if bank is Bank.RESERVED and not all(self._may(_password_at(at), password) for at in range(pointer, stop)):
            return Verdict.LOCKED, ()
        return Verdict.DONE, tuple(words[pointer:stop])

    def write(self, bank: Bank, pointer: int, data: Sequence[int], password: int) -> tuple[Verdict, int]:
        """Write word by word; return how far it got."""
        for done, word in enumerate(data):
            verdict = self.write_at_once(bank, pointer + done, (word,), password)
            if verdict is not Verdict.DONE:
                return verdict, done
        return Verdict.DONE, len(data)

    def write_at_once(self, bank: Bank, pointer: int, data: Sequence[int], password: int) -> Verdict:
        """Write all words or none."""
        stop = pointer + len(data)
        if not self._opens(password):
            return Verdict.WRONG_PASSWORD
        if stop > len(self.banks[bank]):
            return Verdict.OVERRUN
        if not all(self._writable(bank, at, password) for at in range(pointer, stop)):
            return Verdict.LOCKED
        self.banks[bank][pointer:stop] = data
        self.changed = True
        return Verdict.DONE

    def lock(self, wishes: Sequence[tuple[Part, Lock]], password: int) -> Verdict:
        """Lock and unlock parts, all or none; what is permanent stays as it is."""
        if not self._secured(password):
            return Verdict.WRONG_PASSWORD
        permanent = (Lock.PERMALOCKED, Lock.PERMAUNLOCKED)
        if any(self.locks[part] in permanent and self.locks[part] is not lock for part, lock in wishes):
            return Verdict.LOCKED
        self.locks.update(wishes)
        self.changed = True
        return Verdict.DONE

    def lock_blocks(self, first: int, mask: Sequence[int], password: int) -> Verdict:
        """Make blocks of the user memory unwritable for ever; the mask's first bit is the first block."""
        chosen = {first + place for place in range(len(mask) * _WORD_BITS) if _bit(mask, place)}
        if not self._secured(password):
            return Verdict.WRONG_PASSWORD
        if any(block >= BLOCKS for block in chosen):
            return Verdict.OVERRUN
        self.locked_blocks |= chosen
        self.changed = True
        return Verdict.DONE

    def blocks_locked(self, first: int, count: int, password: int) -> tuple[Verdict, tuple[int, ...]]:
        """Return which of 16 times `count` blocks are unwritable for ever, one bit each."""
        if not self._opens(password):
            return Verdict.WRONG_PASSWORD, ()
        if first >= BLOCKS or count == 0:
            return Verdict.OVERRUN, ()
        bits = [first + place in self.locked_blocks for place in range(count * _WORD_BITS)]
        starts = range(0, len(bits), _WORD_BITS)
        return Verdict.DONE, tuple(int("".join("01"[bit] for bit in bits[at : at + _WORD_BITS]), 2) for at in starts)

    def kill(self, password: int) -> Verdict:
        """Silence the tag for ever."""
        if self.kill_password == 0:
            return Verdict.NO_KILL_PASSWORD
        if password != self.kill_password:
            return Verdict.WRONG_PASSWORD
        self.killed = self.changed = True
        return Verdict.DONE

    def has(self, bank: Bank, pointer: int, bits: int, mask: bytes, data: bytes) -> bool:
        """Say whether the memory from bit `pointer` on is `data` wherever `mask` is 1; never beyond the bank's end."""
        words = self.words(bank)
        rest = len(words) * _WORD_BITS - pointer - bits
        if rest < 0:
            return False
        held = _number(words) >> rest & (1 << bits) - 1
        spare = -bits % 8
        wanted, counts = int.from_bytes(data, "big") >> spare, int.from_bytes(mask, "big") >> spare
        return (held ^ wanted) & counts == 0

    def _opens(self, password: int) -> bool:
        """Say whether a command with this password is taken at all; 0 stands for none."""
        return password == 0 or self._secured(password)

    def _secured(self, password: int) -> bool:
        return self.access_password in (0, password)

    def _may(self, part: Part, password: int) -> bool:
        lock = self.locks[part]
        return lock is not Lock.PERMALOCKED and (lock is not Lock.LOCKED or self._secured(password))

    def _writable(self, bank: Bank, at: int, password: int) -> bool:
        if bank is Bank.USER and at // BLOCK_WORDS in self.locked_blocks:
            return False
        if bank is Bank.EPC and at == 0:
            return False  # the tag reckons its checksum itself
        return self._may(_part(bank, at), password)


class TagMemories:
    """The memories of all tags that a reader meets: a new tag is made of its EPC, a changed one is remembered."""

    def __init__(self, most: int = MAX_CHANGED_TAGS) -> None:
        self._most = most
        self._changed: dict[str, TagMemory] = {}

    def of(self, epc_hex: str) -> TagMemory:
        """Return the memory of the tag that left the factory with this EPC."""
        return self._changed.get(epc_hex) or new_memory(bytes.fromhex(epc_hex))

    def keep(self, epc_hex: str, memory: TagMemory) -> None:
        """Remember a tag, if it changed; beyond the bound, the one that was met longest ago is forgotten."""
        if not memory.changed:
            return
        self._changed.pop(epc_hex, None)
        self._changed[epc_hex] = memory
        if len(self._changed) > self._most:
            del self._changed[next(iter(self._changed))]

    def changed(self, epc_hex: str) -> TagMemory | None:
        """Return the memory of a tag that is no longer as it left the factory."""
        return self._changed.get(epc_hex)


def new_memory(epc: bytes) -> TagMemory:
    """Return the memory of a tag as it leaves the factory with an EPC."""
    words = _to_words(epc)
    spare = [0] * max(0, EPC_WORDS - len(words))
    return TagMemory(
        {
            Bank.RESERVED: [0] * 4,
            Bank.EPC: [0, protocol_control(epc), *words, *spare],
            Bank.TID: _to_words(tid_of(epc)),
            Bank.USER: [0] * USER_WORDS,
        }
    )


@lru_cache(maxsize=65_536)
def tid_of(epc: bytes) -> bytes:
    """Return a tag's TID, 12 bytes: the chip's model and a serial that the EPC decides, so that it is ever the same."""
    return TID_HEAD + blake2b(epc, digest_size=6).digest()


def protocol_control(epc: bytes) -> int:
    """Return the PC word of a tag: the EPC's length in words stands highest (EPC Gen2 2.1, section 6.3.2.1.2)."""
    return (len(epc) + 1) // 2 << _PC_LENGTH_SHIFT


def stored_crc(pc: int, epc: bytes) -> int:
    """Return the checksum that a tag keeps of its PC word and EPC (EPC Gen2 2.1, section 6.3.2.1.2.1)."""
    return crc_hqx(pc.to_bytes(2, "big") + epc, 0xFFFF) ^ 0xFFFF


def _part(bank: Bank, at: int) -> Part:
    if bank is Bank.RESERVED:
        return _password_at(at)
    return {Bank.EPC: Part.EPC, Bank.TID: Part.TID, Bank.USER: Part.USER}[bank]


def _password_at(at: int) -> Part:
    return Part.KILL_PASSWORD if at < 2 else Part.ACCESS_PASSWORD


def _number(words: Sequence[int]) -> int:
    return int.from_bytes(_to_bytes(words), "big")


def _to_bytes(words: Sequence[int]) -> bytes:
    return b"".join(word.to_bytes(2, "big") for word in words)


def _to_words(data: bytes) -> list[int]:
    padded = data + bytes(len(data) % 2)
    return [int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2)]


def _bit(words: Sequence[int], place: int) -> bool:
    return bool(words[place // _WORD_BITS] >> (_WORD_BITS - 1 - place % _WORD_BITS) & 1)
