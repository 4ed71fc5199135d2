"""Whether what a driver delivers is what the contract says. Pure.

A driver may be anybody's, and msgspec checks a record only when it is decoded. What is wrong here would break the
journal, the passages or the outbox, for all readers: so each record is looked at once, at the inbox's door.
"""

import re
from datetime import datetime

from tagdock_contract import InputChange, TagRead

_EPC = re.compile(r"(?:[0-9A-Fa-f]{2}){1,62}")
_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,63}")
_NUMBERS = frozenset((float, int))
_DOPPLER_HZ = 1e6
"""Far beyond what moves (at 900 MHz, 167 km/s); it refuses infinity and what is not a number."""
_NAMES_AT_MOST = 10_000
_known_names: set[str] = set()
"""Readers' names that were found right: there are few, and each record carries one."""


def record_fault(record: object, earliest: datetime, latest: datetime) -> str:
    """Name the first field of a record that is wrong, with what it should be; empty where none is.

    `earliest` and `latest` (aware) bound its time.
    """
    kind = type(record)
    if kind is TagRead:
        fault = _read_fault(record)  # type: ignore[arg-type]  # it is one
    elif kind is InputChange:
        fault = _input_fault(record)  # type: ignore[arg-type]  # it is one
    else:
        return f"{kind.__name__} is neither TagRead nor InputChange"
    return fault or _common_fault(record, earliest, latest)  # type: ignore[arg-type]  # it is one of both


def _common_fault(record: TagRead | InputChange, earliest: datetime, latest: datetime) -> str:
    reader = record.reader
    if type(reader) is not str or (reader not in _known_names and not is_name(reader)):
        return "reader must be the reader's name"
    at = record.at
    if type(at) is not datetime or at.tzinfo is None:
        return "at must be a datetime with its time zone"
    if not earliest <= at <= latest:
        return f"at ({at.isoformat()}) is far from the gateway's clock; set the reader's, or give the time of arrival"
    return ""


def _read_fault(read: TagRead) -> str:
    if type(read.antenna) is not int or not 0 <= read.antenna <= 65_535:
        return "antenna must be a number from 0 to 65535"
    if type(read.epc) is not str or _EPC.fullmatch(read.epc) is None:
        return "epc must be 1 to 62 bytes as hex"
    if type(read.rssi_dbm) not in _NUMBERS or not -200.0 <= read.rssi_dbm <= 50.0:
        return "rssi_dbm must be a number from -200 to 50"
    if type(read.count) is not int or not 1 <= read.count <= 2**32:
        return "count must be a number from 1"
    return _wave_fault(read)


def _wave_fault(read: TagRead) -> str:
    """Look at what only some readers tell."""
    phase, doppler, channel = read.phase_deg, read.doppler_hz, read.channel
    if phase is not None and (type(phase) not in _NUMBERS or not -360.0 <= phase <= 360.0):
        return "phase_deg must be a number from -360 to 360, or None"
    if doppler is not None and (type(doppler) not in _NUMBERS or not abs(doppler) < _DOPPLER_HZ):
        return "doppler_hz must be a number below a million, or None"
    if channel is not None and (type(channel) is not int or not 0 <= channel <= 65_535):
        return "channel must be a number from 0 to 65535, or None"
    return ""


def _input_fault(change: InputChange) -> str:
    if type(change.gpi) is not int or not 0 <= change.gpi <= 65_535:
        return "gpi must be a number from 0 to 65535"
    return "" if type(change.state) is bool else "state must be True or False"


def is_name(name: object) -> bool:
    """Tell whether this may be a reader's name."""
    if type(name) is not str or _PLACE.fullmatch(name) is None:
        return False
    if len(_known_names) < _NAMES_AT_MOST:
        _known_names.add(name)
    return True
