"""What a reader finds on a tag beside the EPC: PC and CRC as Gen2 defines them, and a TID of our own making."""

import binascii
import hashlib
from functools import lru_cache

_MODEL = bytes.fromhex("E28011602000")
"""Class E2, XTID flag with Impinj's designer number, a model, an XTID header with a serial (TDS 2.0, 16.1, 16.2)."""


def pc_of(epc_hex: str) -> str:
    """Return the protocol-control word of an EPC, upper-case hex: its length in words in the top five bits.

    Source: EPC UHF Gen2 Air Interface Protocol 2.1, section 6.3.2.1.2.2.
    """
    return f"{(len(epc_hex) // 4) << 11:04X}"


def crc_of(epc_hex: str) -> str:
    """Return the stored CRC-16 over PC and EPC, upper-case hex.

    Source: EPC UHF Gen2 Air Interface Protocol 2.1, section 6.3.2.1.2.1 (ISO/IEC 13239: preset FFFF, ones'
    complement).
    """
    return f"{binascii.crc_hqx(bytes.fromhex(pc_of(epc_hex) + epc_hex), 0xFFFF) ^ 0xFFFF:04X}"


@lru_cache(maxsize=65_536)
def tid_of(epc_hex: str) -> str:
    """Return a 96-bit TID, upper-case hex, that always belongs to this EPC: a recording says nothing of TIDs."""
    serial = hashlib.blake2b(bytes.fromhex(epc_hex), digest_size=6, person=b"tid").digest()
    return (_MODEL + serial).hex().upper()
