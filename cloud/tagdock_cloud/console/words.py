"""How the console writes numbers, times and states. Pure."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

DIRECTIONS = {"in": "in", "out": "out", "pass": "passed by", "uncertain": "uncertain"}
STATES = {
    "sellable_accessible": "in its bin",
    "in_progress": "came in, not yet put away",
    "in_transit": "has left",
    "returned": "came back",
    "unknown": "seen, but nobody registered it",
}


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with thin spaces between thousands; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def percent(value: float | None, digits: int = 0) -> str:
    """Write a share as per cent."""
    return "–" if value is None else f"{value * 100:.{digits}f}\u202f%"


def plural(count: int, one: str, many: str) -> str:
    """Write a count with its noun."""
    return f"{number(count)} {one if count == 1 else many}"


def moment(at: datetime | str | None) -> str:
    """Write a time (RFC 3339 where it is text) as people read it, in UTC, to the second."""
    return "–" if at is None else f"{_utc(at):%Y-%m-%d %H:%M:%S}"


def machine(at: datetime | str | None) -> str:
    """Write a time for the attribute that scripts read."""
    return "" if at is None else _utc(at).isoformat()


def _utc(at: datetime | str) -> datetime:
    return (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)


def serial(epc: str) -> str:
    """Shorten an EPC to what tells it from its neighbours: the part after the last colon."""
    return epc.rsplit(":", 1)[-1] if epc.startswith("urn:epc:") else epc


_REMEDIES = {
    "never": "Registered, but never heard of. Start it: tagdock-edge run --config gateway.toml",
    "offline": "It went away, or the broker lost it. Look at its power, network and log; what it sees waits there.",
    "silent": "It says nothing any more. Treat what this page shows of its doors as old, and look at its network.",
    "late": "Its last word is over a minute old. Wait a moment; if it stays so, look at its network.",
}


def gateway_remedy(gateway: Mapping[str, Any]) -> str:
    """Say what to do about a gateway, or that nothing is to be done."""
    if gateway["freshness"] in _REMEDIES:
        return _REMEDIES[gateway["freshness"]]
    down = [reader["name"] for reader in gateway["readers"] if reader.get("state") != "up"]
    if down:
        return f"Look at {', '.join(down)}: not connected, so its doors are blind."
    if gateway["outbox_refused_batches"]:
        return "Some of its batches were refused; see the reasons below."
    return "All is well."


def nice(value: float) -> str:
    """Write a limit of a legend with two figures that matter."""
    if value <= 0:
        return "0"
    rounded = float(f"{value:.2g}") if value < 100 else value
    return number(rounded, max(0, 1 - math.floor(math.log10(rounded))))


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "percent": percent,
    "moment": moment,
    "machine": machine,
    "serial": serial,
    "gateway_remedy": gateway_remedy,
    "nice": nice,
    "plural": plural,
    "direction": lambda value: DIRECTIONS.get(value, value),
    "state": lambda value: STATES.get(value, value),
}
