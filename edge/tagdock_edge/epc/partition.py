"""Company prefix and reference share a field; three bits, the partition, say where it is cut.

Source: GS1 EPC Tag Data Standard 2.3, sections 14.4.3 to 14.4.5 and the partition tables of section 14.6.
"""

from collections.abc import Callable
from typing import NamedTuple

from tagdock_edge.epc.characters import seven_bit_string
from tagdock_edge.epc.identity import CANONICAL_HOST, Identity, Scheme
from tagdock_edge.errors import EpcError

COMPANY_BITS = (40, 37, 34, 30, 27, 24, 20)
"""Bits of the company prefix by partition: the same in every partition table; its digits run from 12 to 6."""


class Tail(NamedTuple):
    """What follows company prefix and reference: `bits` of them, spelled by `spell`; plain numbers need no spelling.

    Where `written` is false they are not part of the key: bits without use.
    """

    bits: int
    spell: Callable[[int], str] | None = None
    written: bool = True


class Cut(NamedTuple):
    """Where one partition cuts, what fits, and how the key is written."""

    reference_bits: int
    company_limit: int
    reference_limit: int
    key: str


_NOTHING = "%.0s"
"""Formats a field as no characters."""

Read = Callable[[Scheme, int, int], Identity]


def numbered(bits: int, tail: Tail, reference_digits: int | None) -> Read:
    """Make the reader of a scheme: filter, partition, company prefix, numeric reference, tail.

    `reference_digits` counts them in partition 0, one more in each that follows; None leaves out leading zeros.
    """
    cuts = tuple(_cut(bits, number, tail, reference_digits) for number in range(len(COMPANY_BITS)))
    tail_mask, spell = (1 << tail.bits) - 1, tail.spell
    both_shift, both_mask = tail.bits, (1 << (bits - 14 - tail.bits)) - 1
    filter_shift, partition_shift = bits - 11, bits - 14
    new = tuple.__new__  # what NamedTuple's own constructor calls, in half the time: most tags come this way

    def read(scheme: Scheme, value: int, _: int) -> Identity:
        number = value >> partition_shift & 7
        if number == 7:
            raise EpcError("partition 7 is not defined; 0 to 6 are")
        reference_bits, company_limit, limit, key = cuts[number]
        both = value >> both_shift & both_mask
        company = both >> reference_bits
        if company >= company_limit:
            raise EpcError(f"company prefix {company} has more than {12 - number} digits")
        reference = both - (company << reference_bits)
        if reference >= limit:
            raise EpcError(f"reference {reference} has more than {len(str(limit)) - 1} digits")
        rest = value & tail_mask
        spelled = key % (company, reference, rest if spell is None else spell(rest))
        return new(Identity, (scheme, value >> filter_shift & 7, spelled, CANONICAL_HOST, ""))

    return read


def lettered(bits: int, most: int) -> Read:
    """Make the reader of a scheme whose reference is a 7-bit string, of `most` characters in partition 0."""

    def read(scheme: Scheme, value: int, _: int) -> Identity:
        number, company, rest_bits = take_company(value, bits)
        reference = seven_bit_string(value & ((1 << rest_bits) - 1), rest_bits, most + number)
        return Identity(scheme, value >> (bits - 11) & 7, f"{company}.{reference}")

    return read


def take_company(value: int, bits: int) -> tuple[int, str, int]:
    """Return partition, company prefix, and how many bits are left of `bits`. Raises EpcError."""
    number = value >> (bits - 14) & 7
    if number == 7:
        raise EpcError("partition 7 is not defined; 0 to 6 are")
    rest_bits = bits - 14 - COMPANY_BITS[number]
    company = value >> rest_bits & ((1 << COMPANY_BITS[number]) - 1)
    digits = 12 - number
    if company >= 10**digits:
        raise EpcError(f"company prefix {company} has more than {digits} digits")
    return number, f"{company:0{digits}}", rest_bits


def _cut(bits: int, number: int, tail: Tail, reference_digits: int | None) -> Cut:
    company_digits = 12 - number
    reference_bits = bits - 14 - COMPANY_BITS[number] - tail.bits
    if reference_digits is None:
        reference, limit = "%d", 1 << reference_bits
    else:
        digits = reference_digits + number
        reference, limit = f"%0{digits}d" if digits else _NOTHING, 10**digits
    key = f"%0{company_digits}d.{reference}" + (".%s" if tail.written else _NOTHING)
    return Cut(reference_bits, 10**company_digits, limit, key)
