"""The machine's clock: whether something keeps it right. Reads get its time wherever a reader has none of its own.

Source: adjtimex(2): the call returns TIME_ERROR, and STA_UNSYNC is set, while no time source disciplines the clock.
"""

import ctypes
import sys
import time
from datetime import UTC, datetime

from tagdock_edge.doctor.finding import Finding

_STA_UNSYNC = 0x0040
_TIMEX_BYTES = 256
"""More than struct timex has on any Linux (208 on 64-bit machines)."""
_TIME_ERROR = 5
_LONGS_BEFORE_STATUS = 5
"""`status` follows modes (padded to a long), offset, freq, maxerror and esterror."""
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_REMEDY = "keep it by NTP: systemd-timesyncd or chrony"


def look_at_clock() -> Finding:
    """Ask the kernel."""
    now = datetime.fromtimestamp(time.time(), UTC)
    if now < _EARLIEST:
        return Finding("clock", "bad", f"says {now:%Y-%m-%d}, which is past", _REMEDY)
    kept = _is_kept()
    if kept is None:
        return Finding("clock", "skipped", "this system does not tell whether its clock is kept by NTP")
    if kept:
        return Finding("clock", "ok", "is kept by a time source")
    return Finding("clock", "warning", "the kernel knows of no time source that keeps it", _REMEDY)


def _is_kept() -> bool | None:
    if not sys.platform.startswith("linux"):
        return None
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    place = _LONGS_BEFORE_STATUS * ctypes.sizeof(ctypes.c_long)
    status = int.from_bytes(buffer.raw[place : place + 4], sys.byteorder)
    return not status & _STA_UNSYNC and state != _TIME_ERROR
