"""What a hand scanner types: GS1 element strings and plain numbers, brought to what the record can be asked by. Pure.

Source: GS1 General Specifications, sections 3.2 (application identifiers), 7.8.5 (predefined lengths) and 7.9 (check
digits); ISO/IEC 15424 (symbology identifiers, the three characters before the data).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from tagdock_cloud.inventory.epc import check_digit, epc_candidates, gtin14

FNC1 = "\x1d"
"""How scanners send the sign that ends an element of no fixed length."""
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9]")
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)([^(]*)")
_FIXED = {"00": 18, "01": 14, "02": 14, "20": 2, **{str(ai): 6 for ai in range(11, 20)}, "8006": 18}
_FIXED |= {str(ai): 13 for ai in range(410, 418)}
_FIXED |= {f"{ai}{places}": 6 for ai in range(310, 370) for places in range(6)}
_OPEN = {"10", "21", "22", "30", "37", "240", "241", "250", "251", "400", "401", "402", "403"}
_OPEN |= {str(ai) for ai in range(90, 100)}
_LONGEST_AI = 4


@dataclass(frozen=True, slots=True)
class Scan:
    """What was scanned, as far as it says so: an item as a Digital Link, goods as GTIN-14, an order's number."""

    link: str | None = None
    gtin: str | None = None
    order: str | None = None
    is_misread: bool = False


def read_scan(text: str) -> Scan:
    """Read a barcode's text; an empty scan where it is none. `is_misread`: a check digit does not fit."""
    text = _SYMBOLOGY.sub("", text.strip(), count=1) if text.strip().startswith("]") else text.strip()
    elements = _elements(text)
    if not elements:
        return _number(text)
    gtin, sscc, piece, serial = (elements.get(ai) for ai in ("01", "00", "8006", "21"))
    number = gtin or sscc or (piece or "")[:14]
    if number and check_digit(number[:-1]) != number[-1]:
        return Scan(is_misread=True)
    order = elements.get("400")
    goods = gtin or (piece or "")[:14] or elements.get("02")
    if sscc:
        return Scan(f"https://id.gs1.org/00/{sscc}", None, order)
    if serial and (gtin or piece):
        path = f"01/{gtin}" if gtin else f"8006/{piece}"
        return Scan(f"https://id.gs1.org/{path}/21/{quote(serial, safe='')}", goods, order)
    return Scan(None, goods, order)


def unknown_epc(text: str) -> dict[str, str] | None:
    """Name an EPC that nobody recorded: a form of it, its scheme, GTIN-14 and serial as far as it has them."""
    forms = epc_candidates(text)
    if not forms:
        return None
    urn = next((form for form in forms if form.startswith("urn:epc:id:")), forms[0])
    scheme = urn.split(":")[3] if urn.startswith("urn:epc:id:") else "raw" if urn.startswith("urn:epc:raw:") else ""
    link = urn.rsplit("/21/", 1)
    serial = (
        link[1] if len(link) == 2 else urn.rsplit(".", 1)[-1] if scheme in {"sgtin", "itip", "grai", "giai"} else ""
    )
    named = {"epc": urn, "scheme": scheme.upper(), "gtin": gtin14(urn) or "", "serial": serial}
    return {name: value for name, value in named.items() if value}


def _number(text: str) -> Scan:
    """Take 8, 12, 13 or 14 digits for a GTIN and 18 for an SSCC, where the check digit fits."""
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}|[0-9]{18}", text) or check_digit(text[:-1]) != text[-1]:
        return Scan()
    if len(text) == 18:
        return Scan(f"https://id.gs1.org/00/{text}")
    return Scan(None, text.zfill(14))


def _elements(text: str) -> dict[str, str]:
    """Return the elements of a string by application identifier; empty where it is no element string."""
    bracketed = _BRACKETED.findall(text)
    if bracketed and "".join(f"({ai}){value}" for ai, value in bracketed) == text.replace(FNC1, ""):
        return {ai: value.strip() for ai, value in bracketed}
    found: dict[str, str] = {}
    rest = text.lstrip(FNC1)
    while rest:
        ai = next((rest[:size] for size in (2, 3, _LONGEST_AI) if rest[:size] in _FIXED or rest[:size] in _OPEN), None)
        if ai is None:
            return {}
        value, rest = _value(ai, rest[len(ai) :])
        if not value or (ai in _FIXED and (len(value) != _FIXED[ai] or not value.isdigit())):
            return {}
        found[ai] = value
    return found if found.keys() - {"20", "10", "30", "37"} and len(text) >= 16 else {}


def _value(ai: str, rest: str) -> tuple[str, str]:
    if ai in _FIXED:
        return rest[: _FIXED[ai]], rest[_FIXED[ai] :].lstrip(FNC1)
    value, _, after = rest.partition(FNC1)
    return value, after
