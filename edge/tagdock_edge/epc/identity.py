"""What is known of a tag once its EPC is decoded, and what a row of the table of schemes has to say.

Source: GS1 EPC Tag Data Standard 2.3 (TDS), sections 6 (pure identity), 12 (tag URI) and 14.6 (Digital Link).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

CANONICAL_HOST = "id.gs1.org"


class Identity(NamedTuple):
    """One decoded EPC.

    `key` is the dotted key of the URNs in their own escapes (classic schemes), or the path of the Digital Link (`+`
    schemes, which have no URN). `filter_value` is None where the scheme has none. `hostname` is the one that a `++`
    scheme carries; `attributes` are data about the thing that the EPC itself carries (DSGTIN's date) as `ai=value`.
    """

    scheme: "Scheme"
    filter_value: int | None
    key: str
    hostname: str = CANONICAL_HOST
    attributes: str = ""

    @property
    def pure_identity(self) -> str | None:
        """The EPC pure-identity URI, which says nothing about the tag; None for the `+` schemes."""
        scheme = self.scheme
        return scheme.pure_prefix + self.key if scheme.pure_prefix else None

    @property
    def tag_uri(self) -> str | None:
        """The EPC tag URI: identity, binary scheme and filter value; None for the `+` schemes."""
        if not self.scheme.pure_prefix:
            return None
        first = "" if self.filter_value is None else f"{self.filter_value}."
        return f"urn:epc:tag:{self.scheme.name}:{first}{self.key}"

    @property
    def digital_link(self) -> str | None:
        """The GS1 Digital Link URI with all that the EPC says; None where the identity is none of GS1's."""
        if not self.scheme.pure_prefix:
            return f"https://{self.hostname}{self.key}" + (f"?{self.attributes}" if self.attributes else "")
        return f"https://{CANONICAL_HOST}{self.scheme.link(self.key)}" if self.scheme.link else None

    @property
    def uri(self) -> str:
        """The one URI that names the thing in events: pure identity, or the Digital Link without data attributes.

        EPCIS names a thing without its attributes (TDS 2.3, annex E.3, DSGTIN+). A host name has no case (RFC 3986,
        6.2.2.1) and is written small, so that equal names are equal strings.
        """
        prefix = self.scheme.pure_prefix
        return prefix + self.key if prefix else f"https://{self.hostname.lower()}{self.key}"


@dataclass(frozen=True, slots=True)
class Scheme:
    """One binary scheme, a row of TDS 2.3 table 14-1.

    `bits` is the length, 0 where it varies. `read` decodes the whole memory as (row, value, bits) and raises EpcError
    naming what the standard forbids. `link` turns a key into the path of the Digital Link.
    """

    name: str
    header: int
    bits: int
    read: Callable[["Scheme", int, int], Identity]
    urn: str = ""
    link: Callable[[str], str] | None = None
    pure_prefix: str = ""

    def __post_init__(self) -> None:
        if self.urn:
            object.__setattr__(self, "pure_prefix", f"urn:epc:id:{self.urn}:")
