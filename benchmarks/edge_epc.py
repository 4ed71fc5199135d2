"""SGTIN-96 decoded a second, uncached: our table-driven decoder, a plain integer decoder, and epcpy where installed.

.venv/bin/python benchmarks/edge_epc.py
"""

import statistics
import time
from collections.abc import Callable

from tagdock_edge.epc import decode, epc_uri

COUNT, ROUNDS = 50_000, 5
CODES = [f"3034257BF7194E{serial:010X}" for serial in range(COUNT)]


def plain(code: str) -> str:
    """The least that anybody could do: one known partition, no checks."""
    value = int(code, 16)
    return f"urn:epc:id:sgtin:{value >> 58 & 0xFFFFFF:07}.{value >> 38 & 0xFFFFF:06}.{value & 0x3FFFFFFFFF}"


def ours(code: str) -> str:
    return decode(code).pure_identity


def rate(function: Callable[[str], object]) -> float:
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for code in CODES:
            function(code)
        rates.append(COUNT / (time.perf_counter() - began))
    return statistics.median(rates)


def main() -> None:
    assert ours(CODES[7]) == plain(CODES[7])
    baseline = rate(plain)
    rows = [
        ("plain integer, no checks", baseline),
        ("tagdock decode", rate(decode)),
        ("tagdock pure identity", rate(ours)),
    ]
    epc_uri.cache_clear()
    rows.append(("tagdock cached (epc_uri)", rate(epc_uri)))
    try:
        from epcpy import get_epc_tag_uri  # type: ignore[import-not-found]
    except ImportError:
        print("epcpy is not installed: left out")
    else:
        rows.append(("epcpy", rate(get_epc_tag_uri)))
    for name, value in rows:
        print(f"{name:26} {value:12,.0f}/s {value / baseline:6.2f} of plain")


if __name__ == "__main__":
    main()
