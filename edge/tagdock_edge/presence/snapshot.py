"""The tags at shelves as bytes and back. Antennas go by reader and number, so that another layout can take them."""

from array import array
from collections.abc import Collection, Mapping

import msgspec

from tagdock_edge.errors import SnapshotError
from tagdock_edge.presence.rule import WINDOW_READS
from tagdock_edge.presence.stay import Antenna, Stay, Window


class _Window(msgspec.Struct, array_like=True):
    reader: str
    antenna: int
    recent_dbm: list[float]
    reads: int
    first_us: int
    last_us: int
    peak_us: int
    peak_dbm: float


class _Stay(msgspec.Struct, array_like=True):
    epc: str
    bin: str
    reader: str
    antenna: int
    since_us: int
    last_us: int
    silent_us: int
    windows: list[_Window]


class _Shelves(msgspec.Struct, array_like=True):
    now_us: int
    stays: list[_Stay]


def write(now_us: int, stays: Mapping[str, Stay]) -> bytes:
    """Write down the tags."""
    written = [
        _Stay(
            epc,
            stay.bin,
            *stay.antenna,
            stay.since_us,
            stay.last_us,
            stay.silent_us,
            [_written(*each) for each in stay.windows.items()],
        )
        for epc, stay in stays.items()
    ]
    return msgspec.msgpack.encode(_Shelves(now_us, written))


def read(data: bytes, antennas: Collection[Antenna]) -> tuple[int, dict[str, Stay]]:
    """Read the time and the tags back; windows of antennas that are not there any more are left out.

    Raises SnapshotError where this is no snapshot.
    """
    try:
        shelves = msgspec.msgpack.decode(data, type=_Shelves)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"the shelves' part is damaged ({error}); tags in bins arrive anew") from error
    return shelves.now_us, {each.epc: _stay(each, antennas) for each in shelves.stays}


def _written(antenna: Antenna, window: Window) -> _Window:
    return _Window(
        *antenna,
        window.recent_dbm.tolist(),
        window.reads,
        window.first_us,
        window.last_us,
        window.peak_us,
        window.peak_dbm,
    )


def _stay(written: _Stay, antennas: Collection[Antenna]) -> Stay:
    stay = Stay(written.bin, (written.reader, written.antenna), written.last_us)
    stay.since_us, stay.silent_us = written.since_us, written.silent_us
    for each in written.windows:
        antenna = (each.reader, each.antenna)
        if antenna in antennas and each.recent_dbm:
            stay.windows[antenna] = _window(each)
    return stay


def _window(written: _Window) -> Window:
    window = Window(written.first_us)
    window.recent_dbm = array("d", written.recent_dbm[-WINDOW_READS:])
    window.reads, window.last_us = written.reads, written.last_us
    window.peak_us, window.peak_dbm = written.peak_us, written.peak_dbm
    return window
