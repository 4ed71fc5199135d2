"""How the console writes numbers, times and states. Pure."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import later

DIRECTIONS = {"in": later("in"), "out": later("out"), "pass": later("passed by"), "uncertain": later("uncertain")}
STATES = {
    "sellable_accessible": later("in its bin"),
    "in_progress": later("came in, not yet put away"),
    "in_transit": later("has left"),
    "returned": later("came back"),
    "unknown": later("seen, but nobody registered it"),
}
SIDES = {"outside": later("outside"), "inside": later("inside"), "": later("no side")}
KINDS = {"outbound": later("Outbound"), "inbound": later("Inbound")}
PRESENCE = {
    "sellable_accessible": later("present"),
    "in_progress": later("present"),
    "returned": later("present"),
    "in_transit": later("gone"),
    "unknown": later("not certain"),
}
ORDER_STATES = {"open": later("open"), "complete": later("complete"), "cancelled": later("cancelled")}
SESSION_STATES = {"open": later("open"), "closed": later("closed"), "reopened": later("something came late")}
TERMS = {
    "travel": later("picking"),
    "affinity": later("what is picked together"),
    "routes": later("tours"),
    "ergonomics": later("reach"),
    "moves": later("moving"),
}
FRESHNESS = {
    "fresh": later("fresh"),
    "late": later("late"),
    "silent": later("silent"),
    "offline": later("offline"),
    "never": later("never heard"),
}


def known(words: Mapping[str, str]) -> Callable[[str], str]:
    """Return what writes a value by its word in the person's language, and as it is where it has none."""
    return lambda value: _(words[value]) if value in words else value


def number(value: float | None, digits: int = 0) -> str:
    """Write a number as English and Chinese both do (Unicode CLDR); a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    """Write a share as per cent, as English and Chinese both do (Unicode CLDR)."""
    return "–" if value is None else f"{value * 100:,.{digits}f}%"


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
    "never": later("Registered, but never heard of. Start it: tagdock-edge run --config gateway.toml"),
    "offline": later(
        "It went away, or the broker lost it. Look at its power, network and log; what it sees waits there."
    ),
    "silent": later(
        "It says nothing any more. Treat what this page shows of its doors as old, and look at its network."
    ),
    "late": later("Its last word is over a minute old. Wait a moment; if it stays so, look at its network."),
}


def gateway_remedy(gateway: Mapping[str, Any]) -> str:
    """Say what to do about a gateway, or that nothing is to be done."""
    remedy = _REMEDIES.get(gateway["freshness"])
    if remedy is not None:
        return _(remedy)
    down = [reader["name"] for reader in gateway["readers"] if reader.get("state") != "up"]
    if down:
        return _("Look at %(readers)s: not connected, so its doors are blind.") % {"readers": ", ".join(down)}
    if gateway["outbox_refused_batches"]:
        return _("Some of its batches were refused; see the reasons below.")
    return _("All is well.")


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
    "direction": known(DIRECTIONS),
    "state": known(STATES),
    "freshness": known(FRESHNESS),
    "side": known(SIDES),
    "kind": known(KINDS),
    "term": known(TERMS),
    "presence": known(PRESENCE),
    "order_state": known(ORDER_STATES),
    "session_state": known(SESSION_STATES),
}
