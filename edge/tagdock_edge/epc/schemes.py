"""The table of EPC schemes by their header. A new scheme is a row in `classic` or `plus`.

Source: GS1 EPC Tag Data Standard 2.3, table 14-1.
"""

from typing import Final

from tagdock_edge.epc.classic import CLASSIC
from tagdock_edge.epc.identity import Scheme
from tagdock_edge.epc.plus import PLUS

SCHEMES: Final[dict[int, Scheme]] = {scheme.header: scheme for scheme in (*CLASSIC, *PLUS)}
"""Schemes by their header byte."""

UNUSED: Final = {0x00: "the tag is not programmed", 0xE2: "these are the first bits of a TID, not of an EPC"}
"""Headers that will never be a scheme's, and what they mean."""
