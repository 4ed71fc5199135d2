"""The fast way from a read to the bytes of its tag report: fields are chosen once per ROSpec, packed at once per tag.

The result is what the general codec makes of the same `TagReportData`; a test compares them.
"""

import struct
from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from tagdock_contract import TagRead

from tagdock_simulators.llrp.impinj import VENDOR, ImpinjTagReportContentSelector, Mode
from tagdock_simulators.llrp.reporting import Clock
from tagdock_simulators.llrp.rospec import ROReportSpec
from tagdock_simulators.llrp.tagmemory import protocol_control, stored_crc

_TV = 0x80
_TAG_REPORT_DATA, _EPC_DATA, _EPC_96, _CUSTOM = 240, 241, 13, 1023
_RO_ACCESS_REPORT, _VERSION_1 = 61, 1
_HEADER = struct.Struct(">HII")
_EPC_96_BYTES = 12
_CUSTOM_HEAD_BYTES = 12
_TV_UPTIME = {_TV | 2: _TV | 3, _TV | 4: _TV | 5}
"""First and last seen, in UTC and since the reader was switched on, are parameters of their own."""
_TID_WORDS = 6
PHASE_STEPS, DOPPLER_STEPS_PER_HZ = 4096, 16


class _Column(NamedTuple):
    """A field of the report: its struct code, its TV parameter, and where among the values it is found."""

    code: str
    number: int
    source: int


class _VendorColumn(NamedTuple):
    """A field that is a parameter of Impinj's: its struct code, subtype, and where among the values it is found."""

    code: str
    subtype: int
    sources: tuple[int, ...]


# Places in the tuples of values; constants of the ROSpec stand first.
_ROSPEC_ID, _SPEC_INDEX, _INVENTORY_ID, _ACCESS_ID, _ANTENNA, _RSSI, _CHANNEL, _FIRST, _LAST, _COUNT = range(10)
_PC, _CRC = 10, 11
_STANDARD_VALUES = 12
_PHASE, _CDBM, _SHIFT, _TID_COUNT, _TID = range(5)
_VENDOR_VALUES = 5


class ReportContent(NamedTuple):
    """What the ROSpec in force asks for."""

    spec: ROReportSpec
    rospec_id: int
    spec_index: int
    inventory_id: int


class Access(NamedTuple):
    """What an AccessSpec did with the tag: its id, its encoded results; and the tag's own number where it was read."""

    spec_id: int = 0
    results: bytes = b""
    tid: bytes = bytes(2 * _TID_WORDS)


NO_ACCESS = Access()


class LastSent:
    """The last value of each parameter that a client got: one that is the same again may be left out.

    The standard says "the last parameter of the same type"; of which ROSpec it does not say. So a value counts as known
    only while no other ROSpec has reported in between.
    """

    def __init__(self) -> None:
        self._values: dict[int, bytes] = {}
        self._rospec_id = 0

    def forget(self) -> None:
        """Take the client for one that knows nothing: it is new, or something was lost on the way to it."""
        self._values.clear()

    def differs(self, rospec_id: int, parameter: bytes) -> bool:
        """Say whether a TV parameter is news to the client, and take it as sent."""
        if rospec_id != self._rospec_id:
            self._values.clear()
            self._rospec_id = rospec_id
        before, self._values[parameter[0]] = self._values.get(parameter[0]), parameter
        return before != parameter


class _Part(NamedTuple):
    """A parameter: what stands in its header, the struct code of header and value, and where the value is found."""

    header: tuple[int, ...]
    code: str
    sources: tuple[int, ...]


class _Packer:
    """Packs a run of parameters at once: their headers, which never change, and the values between them.

    The values come as a tuple; the headers stand behind them in the tuple that is picked from.
    """

    def __init__(self, values: int, parts: Iterable[_Part]) -> None:
        codes = ">"
        order: list[int] = []
        self.headers: tuple[int, ...] = ()
        for part in parts:
            codes += part.code
            order += [values + len(self.headers) + place for place in range(len(part.header))] + [*part.sources]
            self.headers += part.header
        self._struct = struct.Struct(codes)
        self.size = self._struct.size
        self._pick = itemgetter(*order) if order else None

    def pack(self, values: tuple[Any, ...]) -> bytes:
        """Pack values with the headers behind them."""
        return b"" if self._pick is None else self._struct.pack(*self._pick(values))


class TagReportWriter:
    """Turns reads into TagReportData parameters with just the fields that a ROSpec enabled."""

    def __init__(self, content: ReportContent, clock: Clock) -> None:
        self.content = content
        self._clock = clock
        self._columns = _standard_columns(content.spec)
        parts = (_Part((_TV | column.number,), "B" + column.code, (column.source,)) for column in self._columns)
        self._standard = _Packer(_STANDARD_VALUES, parts)
        self._headers = self._standard.headers
        self._uptime_headers = tuple(_TV_UPTIME.get(header, header) for header in self._headers)
        impinj = [_impinj_part(column) for column in _impinj_columns(content.spec)]
        self._vendor = _Packer(_VENDOR_VALUES, impinj) if impinj else None
        self._constants = (content.rospec_id, content.spec_index, content.inventory_id)
        self._wants_memory = any(column.source in (_PC, _CRC) for column in self._columns)
        whole = 4 + 1 + _EPC_96_BYTES + self._standard.size + (self._vendor.size if self._vendor else 0)
        self._usual_head = struct.pack(">HHB", _TAG_REPORT_DATA, whole, _TV | _EPC_96)
        """How a report begins that has an EPC of 96 bits and all of its fields, and no results."""

    def tag_report(
        self,
        read: TagRead,
        access: Access = NO_ACCESS,
        last_at: datetime | None = None,
        sent: LastSent | None = None,
    ) -> bytes:
        """Encode one read as a TagReportData parameter; results of an access stand before the vendor's fields.

        `last_at` is when the tag was seen last, where that was later; `sent` has what may be left out.
        """
        epc = bytes.fromhex(read.epc)
        standard = self._standard.pack(self._standard_values(read, epc, access, last_at))
        vendor = b"" if self._vendor is None else self._vendor.pack(self._vendor_values(read, access))
        if len(epc) == _EPC_96_BYTES and sent is None and not access.results:
            return self._usual_head + epc + standard + vendor
        if sent is not None:
            standard = self._changed(standard, sent)
        body = _epc_parameter(epc) + standard + access.results + vendor
        return struct.pack(">HH", _TAG_REPORT_DATA, 4 + len(body)) + body

    def _changed(self, standard: bytes, sent: LastSent) -> bytes:
        """Return just those parameters that differ from the last one of their type."""
        start, changed = 0, []
        for column in self._columns:
            end = start + 1 + struct.calcsize(">" + column.code)
            if sent.differs(self.content.rospec_id, standard[start:end]):
                changed.append(standard[start:end])
            start = end
        return b"".join(changed)

    def _standard_values(self, read: TagRead, epc: bytes, access: Access, last_at: datetime | None) -> tuple[Any, ...]:
        clock = self._clock
        first_us = _microseconds(read.at) + clock.shift_us
        first_us = first_us if first_us > 0 else 0
        pc = protocol_control(epc) if self._wants_memory else 0
        return (
            *self._constants,
            access.spec_id,
            read.antenna,
            _whole_dbm(read.rssi_dbm),
            read.channel or 0,
            first_us,
            first_us if last_at is None else max(0, _microseconds(last_at) + clock.shift_us),
            read.count if read.count <= 0xFFFF else 0xFFFF,
            pc,
            stored_crc(pc, epc) if self._wants_memory else 0,
            *(self._headers if clock.reporting.has_utc_clock else self._uptime_headers),
        )

    def _vendor_values(self, read: TagRead, access: Access) -> tuple[Any, ...]:
        assert self._vendor is not None  # noqa: S101  # there is nothing to pack without it
        return (
            round((read.phase_deg or 0.0) % 360.0 / 360.0 * PHASE_STEPS) % PHASE_STEPS,
            round(read.rssi_dbm * 100),
            max(-0x8000, min(0x7FFF, round((read.doppler_hz or 0.0) * DOPPLER_STEPS_PER_HZ))),
            _TID_WORDS,
            access.tid,
            *self._vendor.headers,
        )


def _impinj_part(column: _VendorColumn) -> _Part:
    length = _CUSTOM_HEAD_BYTES + struct.calcsize(">" + column.code)
    return _Part((_CUSTOM, length, VENDOR, column.subtype), "HHII" + column.code, column.sources)


def _epc_parameter(epc: bytes) -> bytes:
    if len(epc) == _EPC_96_BYTES:
        return bytes((_TV | _EPC_96,)) + epc
    return struct.pack(">HHH", _EPC_DATA, 6 + len(epc), len(epc) * 8) + epc


def _whole_dbm(rssi_dbm: float) -> int:
    whole = round(rssi_dbm)
    return whole if -128 <= whole <= 127 else max(-128, min(127, whole))


def _microseconds(at: datetime) -> int:
    """A float has room for the microseconds of the next two centuries."""
    return round(at.timestamp() * 1e6)


def report_message(tag_reports: list[bytes], message_id: int, version: int = _VERSION_1) -> bytes:
    """Put encoded tag reports into one RO_ACCESS_REPORT."""
    body = b"".join(tag_reports)
    return _HEADER.pack(version << 10 | _RO_ACCESS_REPORT, _HEADER.size + len(body), message_id) + body


def _standard_columns(spec: ROReportSpec) -> list[_Column]:
    content = spec.content
    chosen = (
        (content.enable_rospec_id, _Column("I", 9, _ROSPEC_ID)),
        (content.enable_spec_index, _Column("H", 14, _SPEC_INDEX)),
        (content.enable_inventory_parameter_spec_id, _Column("H", 10, _INVENTORY_ID)),
        (content.enable_antenna_id, _Column("H", 1, _ANTENNA)),
        (content.enable_peak_rssi, _Column("b", 6, _RSSI)),
        (content.enable_channel_index, _Column("H", 7, _CHANNEL)),
        (content.enable_first_seen, _Column("Q", 2, _FIRST)),
        (content.enable_last_seen, _Column("Q", 4, _LAST)),
        (content.enable_tag_seen_count, _Column("H", 8, _COUNT)),
        (any(memory.enable_pc_bits for memory in content.epc_memory), _Column("H", 12, _PC)),
        (any(memory.enable_crc for memory in content.epc_memory), _Column("H", 11, _CRC)),
        (content.enable_access_spec_id, _Column("I", 16, _ACCESS_ID)),
    )
    return [column for wanted, column in chosen if wanted]


def _impinj_columns(spec: ROReportSpec) -> list[_VendorColumn]:
    columns = []
    for custom in spec.custom:
        if isinstance(custom, ImpinjTagReportContentSelector):
            chosen = (
                (custom.tid, _VendorColumn(f"H{2 * _TID_WORDS}s", 55, (_TID_COUNT, _TID))),
                (custom.phase, _VendorColumn("H", 56, (_PHASE,))),
                (custom.peak_rssi, _VendorColumn("h", 57, (_CDBM,))),
                (custom.doppler, _VendorColumn("h", 68, (_SHIFT,))),
            )
            columns += [column for switch, column in chosen if switch and switch.mode is Mode.ON]
    return columns
