"""The table of EPC schemes: where the fields lie in the bits, and how each identity is written.

Source: GS1 EPC Tag Data Standard 2.3, section 14 (binary encodings) and section 6 (URIs). A new scheme is a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tagdock_edge.errors import EpcError

DIGITAL_LINK = "https://id.gs1.org"


class Identity(NamedTuple):
    """One decoded EPC. The fields keep their leading zeros; `serial` is empty where the scheme has none."""

    scheme: "Scheme"
    filter_value: int
    company_prefix: str
    reference: str
    serial: str

    @property
    def pure_identity(self) -> str:
        """The EPC pure-identity URI, which says nothing about the tag."""
        return f"urn:epc:id:{self.scheme.urn}:{self._key}"

    @property
    def tag_uri(self) -> str:
        """The EPC tag URI: identity, binary scheme and filter value."""
        return f"urn:epc:tag:{self.scheme.name}:{self.filter_value}.{self._key}"

    @property
    def digital_link(self) -> str:
        """The canonical GS1 Digital Link URI."""
        return DIGITAL_LINK + self.scheme.digital_link(self)

    @property
    def _key(self) -> str:
        key = f"{self.company_prefix}.{self.reference}"
        return f"{key}.{self.serial}" if self.serial else key


class Partition(NamedTuple):
    """How one partition value splits the bits between company prefix and reference."""

    company_shift: int
    company_limit: int
    company_digits: int
    reference_shift: int
    reference_mask: int
    reference_limit: int
    reference_digits: int


@dataclass(frozen=True, slots=True)
class Scheme:
    """One binary scheme: header (8 bits), filter (3), partition (3), company prefix, reference, tail (`tail_bits`).

    `tail_is_serial` tells a serial number from unallocated bits, which have to be zero.
    """

    name: str
    urn: str
    header: int
    bits: int
    partitions: tuple[Partition, ...]
    tail_bits: int
    tail_is_serial: bool
    digital_link: Callable[[Identity], str]

    def decode(self, value: int) -> Identity:
        """Decode the tag's bits as one integer. Raises EpcError naming the field that the standard forbids."""
        number = value >> (self.bits - 14) & 7
        if number >= len(self.partitions):
            raise EpcError(f"{self.name}: partition {number} is not defined; 0 to {len(self.partitions) - 1} are")
        partition = self.partitions[number]
        company = value >> partition.company_shift & ((1 << (self.bits - 14 - partition.company_shift)) - 1)
        if company >= partition.company_limit:
            raise EpcError(f"{self.name}: company prefix {company} has more than {partition.company_digits} digits")
        reference = value >> partition.reference_shift & partition.reference_mask
        if reference >= partition.reference_limit:
            raise EpcError(f"{self.name}: reference {reference} has more than {partition.reference_digits} digits")
        tail = value & ((1 << self.tail_bits) - 1)
        if tail and not self.tail_is_serial:
            raise EpcError(f"{self.name}: the last {self.tail_bits} bits are unallocated and must be zero")
        return Identity(
            self,
            value >> (self.bits - 11) & 7,
            str(company).zfill(partition.company_digits),
            str(reference).zfill(partition.reference_digits),
            str(tail) if self.tail_is_serial else "",
        )


def check_digit(digits: str) -> str:
    """Compute the GS1 check digit of a key's other digits. Source: GS1 General Specifications, section 7.9."""
    total = sum((3 if place % 2 == 0 else 1) * int(digit) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _gs1_key(identity: Identity) -> str:
    """Indicator or extension digit, company prefix, the rest of the reference, check digit."""
    digits = identity.reference[0] + identity.company_prefix + identity.reference[1:]
    return digits + check_digit(digits)


def _partitions(bits: int, tail_bits: int, widths: tuple[tuple[int, int], ...]) -> tuple[Partition, ...]:
    """Lay out partitions 0..6; a width is (company bits, reference digits), company digits run from 12 to 6."""
    rows = []
    for number, (company_bits, reference_digits) in enumerate(widths):
        company_digits = 12 - number
        company_shift = bits - 14 - company_bits
        reference_bits = company_shift - tail_bits
        rows.append(
            Partition(
                company_shift,
                10**company_digits,
                company_digits,
                tail_bits,
                (1 << reference_bits) - 1,
                10**reference_digits,
                reference_digits,
            )
        )
    return tuple(rows)


_COMPANY_BITS = (40, 37, 34, 30, 27, 24, 20)

SGTIN_96 = Scheme(
    name="sgtin-96",
    urn="sgtin",
    header=0x30,
    bits=96,
    partitions=_partitions(96, 38, tuple(zip(_COMPANY_BITS, range(1, 8), strict=True))),
    tail_bits=38,
    tail_is_serial=True,
    digital_link=lambda identity: f"/01/{_gs1_key(identity)}/21/{identity.serial}",
)

SSCC_96 = Scheme(
    name="sscc-96",
    urn="sscc",
    header=0x31,
    bits=96,
    partitions=_partitions(96, 24, tuple(zip(_COMPANY_BITS, range(5, 12), strict=True))),
    tail_bits=24,
    tail_is_serial=False,
    digital_link=lambda identity: f"/00/{_gs1_key(identity)}",
)

SCHEMES = {scheme.header: scheme for scheme in (SGTIN_96, SSCC_96)}
"""Schemes by their header byte."""
