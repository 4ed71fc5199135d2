"""The host name that a `++` scheme carries, packed with shorthands for what hosts often begin and end with.

Source: GS1 EPC Tag Data Standard 2.3, section 14.5.16 and tables 14-11 to 14-15. Two rows of table 14-14 (`.org.cn`,
`.net.cn`) and the title of table 14-15 are printed with other prefixes than the rows around them; the latter hold.
"""

import re
from typing import Final

from tagdock_edge.epc.bits import Bits
from tagdock_edge.epc.characters import GS1_82, code_40
from tagdock_edge.errors import EpcError

MAX_CHARACTERS: Final = 63
"""TDS 2.3, 14.5.16.1."""

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9]))*(?::[0-9]{1,5})?")
"""A name or address, perhaps with a port. The packing can hold `/` and `?`, by which a tag could name another path."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SHORTHANDS: Final = {
    **{ord(char): char for char in GS1_82},
    **{0x1E: "qr.", 0x1F: "www.", 0x20: "id."},
    **{0x5B: ".com", 0x5C: ".org", 0x5D: ".net", 0x5E: ".int", 0x60: ".edu"},
    **{0x7B: ".gov", 0x7C: ".mil", 0x7D: ".biz", 0x7E: ".eco", 0x7F: ".med"},
}
"""Table 14-11: the 82 characters as themselves, shorthands on the 7-bit values that are none of them."""

_COUNTRIES_TO_LI: Final = _words(
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs bt bw by bz "
    "ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et eu fi fj fk "
    "fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is "
    "it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li"
)
_COUNTRIES_FROM_LK: Final = _words(
    "lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl "
    "no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl "
    "sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug us uy uz va vc ve vg vi "
    "vn vu wf ws ye yt za zm zw"
)
_COMPOUNDS: Final = _words(
    "com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il co.jp co.za co.kr "
    "com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm com.cn org.cn net.cn gov.cn"
)

_LONG_SHORTHANDS: Final = (_COUNTRIES_TO_LI, _COUNTRIES_FROM_LK, _COMPOUNDS, ("tech",))
"""Tables 14-12 to 14-15: endings by the second of two 7-bit values; the first (0 to 3) chooses the table."""


def hostname(bits: Bits) -> str:
    """Decode a host name. Raises EpcError where it is none, or longer than 63 characters."""
    packed_in_seven = bits.take(1)
    count = bits.take(6)
    name = _seven_bit(bits, count) if packed_in_seven else code_40(bits, count)
    if len(name) > MAX_CHARACTERS or not _HOST.fullmatch(name):
        raise EpcError(f"{name!r} is no host name of 1 to {MAX_CHARACTERS} characters")
    return name


def _seven_bit(bits: Bits, count: int) -> str:
    """`count` 7-bit values; an ending out of the long tables takes two."""
    parts = []
    while count > 0:
        code = bits.take(7)
        count -= 1
        if code < len(_LONG_SHORTHANDS) and count > 0:
            count -= 1
            parts.append(_long(code, bits.take(7)))
        elif code in _SHORTHANDS:
            parts.append(_SHORTHANDS[code])
        else:
            raise EpcError(f"7-bit value {code} stands for nothing in a host name")
    return "".join(parts)


def _long(table: int, place: int) -> str:
    endings = _LONG_SHORTHANDS[table]
    if place >= len(endings):
        raise EpcError(f"14-bit value {table}, {place} stands for nothing in a host name")
    return f".{endings[place]}"
