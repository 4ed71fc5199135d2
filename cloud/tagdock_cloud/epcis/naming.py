"""How a site's places, its company and its papers are called in events, and whose a name is. Pure.

With a GLN a place is an SGLN; with the site's prefix an address of its own; with neither, our URN. A name is a place's
for ever: who asks by an old one finds the place, whatever its events were told with.
Source: CBV 2.0, sections 8.3 (locations), 8.5 (transactions), 8.7 (parties); TDS 2.3, section 6.3 (SGLN, PGLN).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, unquote

from tagdock_cloud.epcis.formats import is_uri
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.places import Place, place_of, uri_of_place, uri_of_site
from tagdock_cloud.inventory.epc import check_digit
from tagdock_cloud.web.names import PLACE_PATTERN

_GLN: Final = re.compile(r"[0-9]{13}")
_LINK: Final = re.compile(r"https://id\.gs1\.org/(414|417)/([0-9]{13})(?:/254/(.+))?")
_TAIL: Final = re.compile(r"loc/(site|(door|bin)/([A-Za-z0-9._~%-]{1,192}))")
"""What follows a site's prefix: `loc` is what CBV wants in the address of a location (section 8.3.3)."""


def is_gln(text: str) -> bool:
    """Tell whether a text is a GLN: 13 digits, the last of which checks the others."""
    return _GLN.fullmatch(text) is not None and check_digit(text[:12]) == text[12]


def sgln(gln: str, extension: str | None, company_prefix_digits: int | None) -> str:
    """Return a location's URN; its Digital Link where nobody knows how long its company prefix is."""
    if company_prefix_digits is None:
        link = f"https://id.gs1.org/414/{gln}"
        return link if extension is None else f"{link}/254/{extension}"
    prefix, reference = gln[:company_prefix_digits], gln[company_prefix_digits:12]
    return f"urn:epc:id:sgln:{prefix}.{reference}.{extension or '0'}"


def pgln(gln: str, company_prefix_digits: int | None) -> str:
    """Return a party's URN, or its Digital Link."""
    if company_prefix_digits is None:
        return f"https://id.gs1.org/417/{gln}"
    return f"urn:epc:id:pgln:{gln[:company_prefix_digits]}.{gln[company_prefix_digits:12]}"


def party_of(partner: str) -> str | None:
    """Return the URI of an order's partner; None where it is only called by a name."""
    text = partner.strip()
    if is_gln(text):
        return pgln(text, None)
    return text if text.startswith(("urn:", "https://", "http://")) and is_uri(text) else None


def spellings(uri: str) -> list[str]:
    """Return every way to write a location or party: as it is, as a Digital Link, as a URN of each length of prefix."""
    link = canonical(uri)
    match = _LINK.fullmatch(link)
    if match is None:
        return list(dict.fromkeys([uri, link]))
    key, gln, extension = match.groups()
    urns = (sgln(gln, extension, size) if key == "414" else pgln(gln, size) for size in range(6, 13))
    return list(dict.fromkeys([uri, link, *urns]))


@dataclass(frozen=True, slots=True)
class Naming:
    """How one site is told: its own row (see table `epcis_sites`), and the rows of its places by place."""

    site: str
    own: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def uri(self, place: str | None) -> str:
        """Return the URI of a place of the site, None: of the site itself."""
        row = self.own if place is None else self.places.get(place, {})
        if row.get("gln"):
            return sgln(row["gln"], row["extension"], row["company_prefix_digits"])
        if self.own.get("uri_prefix"):
            return f"{self.own['uri_prefix']}loc/{_tail(place)}"
        return uri_of_site(self.site) if place is None else uri_of_place(self.site, place)

    def transaction(self, kind: str, order_id: str) -> str:
        """Return the URI of an order or notice."""
        paper = quote(order_id, safe="")
        if self.own.get("uri_prefix"):
            return f"{self.own['uri_prefix']}bt/{kind}/{paper}"
        if self.own.get("party_gln"):
            return f"urn:epcglobal:cbv:bt:{self.own['party_gln']}:{paper}"
        return f"urn:tagdock:bt:{self.site}:{kind}:{paper}"

    def party(self) -> str | None:
        """Return the URI of the company that runs the site; None where nobody said it."""
        gln = self.own.get("party_gln")
        return pgln(gln, self.own["company_prefix_digits"]) if gln else None


@dataclass(frozen=True, slots=True)
class Names:
    """Whose names a request brought: every name of the places that it names, and the prefixes of all sites."""

    known: Mapping[str, Place] = field(default_factory=dict)
    prefixes: Sequence[tuple[str, str]] = ()

    def place(self, uri: str | None) -> Place | None:
        """Return the place of ours that a URI names; None for anybody else's."""
        return None if uri is None else place_of(uri) or self.known.get(canonical(uri)) or by_prefix(uri, self.prefixes)

    def uris(self, place: Place) -> list[str]:
        """Return every name that a place has or had, canonical."""
        ours = uri_of_site(place.site) if place.place is None else uri_of_place(place.site, place.place)
        given = [uri for uri, of in self.known.items() if of == place]
        return [
            ours,
            *given,
            *(f"{prefix}loc/{_tail(place.place)}" for prefix, site in self.prefixes if site == place.site),
        ]


def by_prefix(uri: str, prefixes: Iterable[tuple[str, str]]) -> Place | None:
    """Return the place whose address begins with a site's prefix."""
    for prefix, site in prefixes:
        if uri.startswith(prefix) and (match := _TAIL.fullmatch(uri[len(prefix) :])):
            if match[1] == "site":
                return Place(site, None)
            name = unquote(match[3])
            return Place(site, f"{match[2]}/{name}") if re.fullmatch(PLACE_PATTERN, name) else None
    return None


NO_NAMES: Final = Names()


def _tail(place: str | None) -> str:
    if place is None:
        return "site"
    kind, _, name = place.partition("/")
    return f"{kind}/{quote(name, safe='')}"
