"""EPC URNs and GS1 Digital Links as one canonical link, so that the same thing compares equal however it is written.

A link does not tell how long its company prefix is, so the way back to a URN is not known from the text alone. Pure.
Source: CBV 2.0, section 8.9.2 (constrained canonical form); TDS 2.3, sections 6.3, 7; GS1 Digital Link 1.2, 4.11.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from tagdock_cloud.inventory.epc import check_digit

_HOST: Final = "https://id.gs1.org"
_ESCAPED: Final = {ord(char): f"%{ord(char):02X}" for char in "!()*+,:"}
"""What a URN may hold bare and a Digital Link may not (GS1 Digital Link 1.2, table 7-1)."""
_NAMES: Final = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018",
    "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004",
    "cpv": "22", "lot": "10", "ser": "21",
}  # fmt: skip
"""Short names of keys in older links (GS1 Digital Link 1.1)."""
_KEYS: Final = frozenset(
    ["00", "01", "253", "255", "401", "402", "414", "417", "8003", "8004", "8006", "8010", "8017", "8018"]
)
_QUALIFIERS: Final = {"01": ("21", "235", "10"), "8006": ("21", "10"), "414": ("254",), "8010": ("8011",)}
"""What may follow a key, the finest first: only the finest that is there is kept."""


def canonical(uri: str) -> str:
    """Return the canonical link of an EPC, EPC class or EPC pattern; any other text as it is."""
    if uri.startswith("urn:epc:"):
        return _of_urn(uri) or uri
    if uri.startswith(("https://", "http://")):
        return _of_link(uri) or uri
    return uri


@lru_cache(maxsize=20_000)
def _of_urn(urn: str) -> str | None:
    match = _URN.fullmatch(urn)
    if match is None:
        return None
    is_pattern = match["kind"] == "idpat"
    build = (_PATTERNS if is_pattern else _IDS if match["kind"] == "id" else _CLASSES).get(match["scheme"])
    parts = match["rest"].split(".")
    if is_pattern:
        if parts[-1] != "*":
            return None
        parts = parts[:-1]
    try:
        path = build(*_joined(match["scheme"], parts, is_pattern=is_pattern)) if build else None
    except (TypeError, ValueError):
        return None
    return None if path is None else _HOST + path


def _joined(scheme: str, parts: list[str], *, is_pattern: bool) -> list[str]:
    """Put together what was split in a last part that may itself hold dots."""
    count = _PARTS[scheme] - is_pattern
    return [*parts[: count - 1], ".".join(parts[count - 1 :])] if len(parts) > count else parts


def _numbered(prefix: str, reference: str, size: int) -> str:
    """Return a key's digits with their check digit. Raises ValueError for other digits than `size`."""
    digits = prefix + reference
    if len(digits) != size or not digits.isascii() or not digits.isdigit() or not 6 <= len(prefix) <= 12:
        raise ValueError(digits)
    return digits + check_digit(digits)


def _gtin(prefix: str, item: str) -> str:
    if not item:
        raise ValueError("no indicator digit")
    digits = _numbered(prefix, item, 13)[:13]
    moved = digits[len(prefix)] + prefix + item[1:]
    return moved + check_digit(moved)


def _text(text: str) -> str:
    if not text:
        raise ValueError("empty")
    return text.translate(_ESCAPED)


def _sscc(prefix: str, serial: str) -> str:
    _numbered(prefix, serial, 17)
    digits = serial[0] + prefix + serial[1:]
    return f"/00/{digits}{check_digit(digits)}"


def _sgln(prefix: str, location: str, extension: str) -> str:
    gln = f"/414/{_numbered(prefix, location, 12)}"
    return gln if extension == "0" else f"{gln}/254/{_text(extension)}"


def _grai(prefix: str, asset: str, serial: str = "") -> str:
    digits = "0" + _numbered(prefix, asset, 12)[:12]
    return f"/8003/{digits}{check_digit(digits)}{serial.translate(_ESCAPED)}"


def _itip(prefix: str, item: str, piece: str, total: str, serial: str = "") -> str:
    path = f"/8006/{_gtin(prefix, item)}{int(piece):02}{int(total):02}"
    return f"{path}/21/{_text(serial)}" if serial else path


_IDS: Final[dict[str, Callable[..., str]]] = {
    "sgtin": lambda p, i, s: f"/01/{_gtin(p, i)}/21/{_text(s)}",
    "sscc": _sscc,
    "sgln": _sgln,
    "grai": _grai,
    "giai": lambda p, a: f"/8004/{_text(p + a)}",
    "gsrn": lambda p, r: f"/8018/{_numbered(p, r, 17)}",
    "gsrnp": lambda p, r: f"/8017/{_numbered(p, r, 17)}",
    "gdti": lambda p, d, s: f"/253/{_numbered(p, d, 12)}{_text(s)}",
    "cpi": lambda p, c, s: f"/8010/{_text(p + c)}/8011/{_text(s)}",
    "sgcn": lambda p, c, s: f"/255/{_numbered(p, c, 12)}{_text(s)}",
    "ginc": lambda p, c: f"/401/{_text(p + c)}",
    "gsin": lambda p, r: f"/402/{_numbered(p, r, 16)}",
    "itip": _itip,
    "upui": lambda p, i, s: f"/01/{_gtin(p, i)}/235/{_text(s)}",
    "pgln": lambda p, r: f"/417/{_numbered(p, r, 12)}",
}
_CLASSES: Final[dict[str, Callable[..., str]]] = {"lgtin": lambda p, i, s: f"/01/{_gtin(p, i)}/10/{_text(s)}"}
_PATTERNS: Final[dict[str, Callable[..., str]]] = {
    "sgtin": lambda p, i: f"/01/{_gtin(p, i)}",
    "upui": lambda p, i: f"/01/{_gtin(p, i)}",
    "grai": _grai,
    "gdti": lambda p, d: f"/253/{_numbered(p, d, 12)}",
    "sgcn": lambda p, c: f"/255/{_numbered(p, c, 12)}",
    "cpi": lambda p, c: f"/8010/{_text(p + c)}",
    "itip": _itip,
}
_PARTS: Final = {
    "sgtin": 3, "sscc": 2, "sgln": 3, "grai": 3, "giai": 2, "gsrn": 2, "gsrnp": 2, "gdti": 3, "cpi": 3, "sgcn": 3,
    "ginc": 2, "gsin": 2, "itip": 5, "upui": 3, "pgln": 2, "lgtin": 3,
}  # fmt: skip
"""Parts of each scheme's URN between its dots; the last may hold dots of its own."""
_URN = re.compile(rf"urn:epc:(?P<kind>id|class|idpat):(?P<scheme>{'|'.join(_PARTS)}):(?P<rest>[\x21-\x7e]{{1,300}})")


@lru_cache(maxsize=20_000)
def _of_link(link: str) -> str | None:
    """Strip a link to its key and the finest qualifier; None where it holds no key of GS1."""
    path = re.split(r"[?#]", link, maxsplit=1)[0].split("/", 3)
    parts = [_NAMES.get(part, part) for part in path[3].split("/")] if len(path) == 4 else []
    for place, part in enumerate(parts[:-1]):
        if part in _KEYS and _is_key(part, parts[place + 1]):
            rest = dict(zip(parts[place + 2 :: 2], parts[place + 3 :: 2], strict=False))
            key = parts[place + 1].rjust(14, "0") if part == "01" else parts[place + 1]
            finest = next((f"/{name}/{rest[name]}" for name in _QUALIFIERS.get(part, ()) if rest.get(name)), "")
            return f"{_HOST}/{part}/{key.translate(_ESCAPED)}{finest.translate(_ESCAPED)}"
    return None


def _is_key(name: str, text: str) -> bool:
    """Tell whether a text may be the key of that name, by its digits (GS1 General Specifications, section 3)."""
    sizes = {"00": (18,), "01": (8, 12, 13, 14), "402": (17,), "414": (13,), "417": (13,), "8017": (18,), "8018": (18,)}
    if name in sizes:
        return len(text) in sizes[name] and text.isascii() and text.isdigit()
    least = {"253": 13, "255": 13, "8003": 14, "8006": 18}.get(name, 4)
    start = unquote(text)[:least]
    return (
        len(start) == least and start.isascii() and (start.isdigit() if name not in ("401", "8004", "8010") else True)
    )
