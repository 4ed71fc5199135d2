"""EPCs decoded a second of one core, uncached, hex to pure identity: ours, a plain integer decoder and epcpy.

.venv/bin/python benchmarks/edge_epc.py
"""

import statistics
import time
import warnings
from collections.abc import Callable, Sequence

from tagdock_edge.epc import decode, epc_uri

COUNT, ROUNDS = 20_000, 7
SGTINS = [f"3034257BF7194E{serial:010X}" for serial in range(COUNT)]

# Memories of other schemes, and which bits of them to count up (the last of the serial number).
OTHERS = {
    "sscc-96": ("3174257BF4499602D2000000", 24),
    "giai-96": ("3414257BF40000000000002A", 0),
    "grai-96": ("3376451FD40C0E400000162E", 0),
    "usdod-96": ("2F320434147455900000162E", 0),
    "gid-96": ("3500E86F8000A9E000000586", 0),
    "sgtin-198": ("3666C4409047E159B2C2BF100000000000000000000000000000", None),
    "adi-var": ("3B0E0CF5E76C9047759AD00373DC7602E7200000", None),
    "sgtin+": ("F73795211411234538566CB0AFC40000", None),
    "sgtin++": ("FD3795211411234538566CB0AFC525065F1876F0D996D800", None),
}


def plain(code: str) -> str:
    """The least that anybody could do: one known partition, no checks."""
    value = int(code, 16)
    return f"urn:epc:id:sgtin:{value >> 58 & 0xFFFFFF:07}.{value >> 38 & 0xFFFFF:06}.{value & 0x3FFFFFFFFF}"


def ours(code: str) -> str:
    return decode(code).uri


def codes(memory: str, shift: int | None) -> list[str]:
    if shift is None:
        return [memory] * COUNT
    value, digits = int(memory, 16), len(memory)
    return [f"{value + (serial << shift):0{digits}X}" for serial in range(COUNT)]


def peer() -> Callable[[str], str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its source has escapes that Python deprecates
            from epcpy import hex_to_tag_encodable
    except ImportError:
        return None
    return lambda code: str(hex_to_tag_encodable(code).epc_uri)


def rate(function: Callable[[str], object], memories: Sequence[str]) -> float:
    """Decode them all; return how many a second of CPU time: other programs on the machine take none of it."""
    began = time.process_time()
    for code in memories:
        function(code)
    return len(memories) / (time.process_time() - began)


def main() -> None:
    theirs = peer()
    assert ours(SGTINS[7]) == plain(SGTINS[7])
    functions: dict[str, Callable[[str], object]] = {"plain integer, no checks": plain, "tagdock": ours}
    if theirs is None:
        print("epcpy is not installed: left out")
    else:
        assert theirs(SGTINS[7]) == plain(SGTINS[7])
        functions["epcpy"] = theirs
    rates: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):  # in turn, so that a busy machine is unfair to none
        for name, function in functions.items():
            memories = SGTINS[: COUNT // 10] if function is theirs else SGTINS
            rates[name].append(rate(function, memories))
    baseline = statistics.median(rates["plain integer, no checks"])
    print("SGTIN-96")
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"  {name:26} {median:12,.0f}/s {median / baseline:6.2f} of plain")
    epc_uri.cache_clear()
    rate(epc_uri, SGTINS)
    print(f"  {'tagdock, cached (epc_uri)':26} {rate(epc_uri, SGTINS):12,.0f}/s")
    print("others: tagdock, epcpy")
    for name, (memory, shift) in OTHERS.items():
        memories = codes(memory, shift)
        mine = statistics.median(rate(ours, memories) for _ in range(3))
        known = theirs is not None and "+" not in name and name != "adi-var"
        other = f"{rate(theirs, memories[: COUNT // 10]):12,.0f}/s" if known and theirs else f"{'unknown to it':>14}"
        print(f"  {name:12} {mine:12,.0f}/s {other}")


if __name__ == "__main__":
    main()
