"""What a Zebra reader tells of itself: the `data` of its heartbeat.

Source: Zebra IoT Connector documentation, asynchronous management events (heartbeat: radio_control, reader_gateway,
system, userapps), with the counters of the data path in `dataPathStatistics` and `systemtime` in lower case as
current firmware sends them. Loads, memory and temperatures are those of a reader at rest; the counters are real.
"""

from typing import Any

from tagdock_simulators.mqtt_readers.messages import Beat


def heartbeat(beat: Beat, antennas: int, now: str) -> dict[str, Any]:
    """Build the body from what the reader counted; `now` is its clock as it writes it."""
    return {
        "radio_control": _radio(beat, antennas),
        "reader_gateway": _gateway(beat),
        "system": _system(beat, now),
        "userapps": [],
    }


def _radio(beat: Beat, antennas: int) -> dict[str, Any]:
    ports = range(1, antennas + 1)
    return {
        "antennas": {str(port): "connected" if beat.by_antenna.get(port) else "disconnected" for port in ports},
        "cpu": 0.1,
        "numDataMessagesTxed": beat.messages,
        "numErrors": 0,
        "numRadioPacketsRxed": beat.tags,
        "numTagReads": beat.tags,
        "numTagReadsPerAntenna": {str(port): beat.by_antenna.get(port, 0) for port in ports},
        "numWarnings": 0,
        "radioActivity": "active" if beat.running else "inactive",
        "radioConnection": "connected",
        "ram": 2.2,
        "status": "running",
        "uptime": _clock(beat.up_s),
    }


def _gateway(beat: Beat) -> dict[str, Any]:
    path = {
        "numDataMessagesDropped": beat.lost,
        "numDataMessagesRetained": beat.waiting,
        "numDataMessagesRxed": beat.tags,
        "numDataMessagesTxed": beat.messages,
    }
    return {
        "cpu": 0.4,
        "dataPathStatistics": [path],
        "numDataMessagesRxedFromExt": beat.tags,
        "numErrors": 0,
        "numManagementEventsTxed": beat.number,
        "numWarnings": 0,
        "ram": 2.9,
        "uptime": _clock(beat.up_s),
    }


def _system(beat: Beat, now: str) -> dict[str, Any]:
    total_bytes, used_bytes = 252_334_080, 144_048_128
    return {
        "GPI": {str(pin): "HIGH" if beat.inputs.get(pin, False) else "LOW" for pin in range(1, 5)},
        "GPO": {str(pin): "LOW" for pin in range(1, 5)},
        "cpu": {"system": 7, "user": 2},
        "flash": None,
        "ntp": {"offset": -1, "reach": 377},
        "powerNegotiation": "DISABLED",
        "powerSource": "DC",
        "ram": {"free": total_bytes - used_bytes, "total": total_bytes, "used": used_bytes},
        "systemtime": now,
        "temperature": {"ambient": 23, "pa": 21},
        "uptime": _clock(beat.up_s),
    }


def _clock(seconds: float) -> str:
    """Write a time as hours:minutes:seconds."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
