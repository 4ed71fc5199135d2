"""What is wrong, each in one sentence with its remedy: gateways, readers, antennas, photo-eyes, sensors. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import later, ngettext
from tagdock_cloud.console.words import number

CLOCK_OFF_S = 2.0
"""A clock so far off puts goods into the wrong door session."""
LEAST_PASSAGES = 20
"""So much has to pass before the silence of an antenna or photo-eye says something."""
MOST_NAMED = 5

_LOSSES = {
    "reads_unheard": later("reads it could not keep up with"),
    "refused": later("records of drivers that made no sense"),
    "reads_late": later("reads that came after their passage was told"),
    "tags_given_up": later("tags at shelves, for want of memory"),
    "readings_unheard": later("bin readings it could not keep up with"),
    "reads_unjournaled": later("reads that its disk did not take"),
    "bin_reading": later("bin readings, for want of room in its outbox"),
    "pass": later("goods that only went by, for want of room in its outbox"),
    "reader_event": later("events of readers, for want of room in its outbox"),
    "events_no_room": later("events, for want of any room"),
}
"""What a gateway counts as lost, in words for people; one it does not name here is called as it calls it."""

Row = Mapping[str, Any]
Level = Literal["bad", "warn"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `bad`: something is not seen or not stored; `warn`: it will be, or it is late."""

    level: Level
    subject: str
    what: str
    remedy: str
    since: datetime | None = None


def gateway_faults(gateways: Sequence[Row]) -> Iterator[Fault]:
    """Tell what is wrong with gateways and their readers; of one that is not heard, only that."""
    heard = [row for row in gateways if row["freshness"] not in ("silent", "offline")]
    known = [row for row in gateways if row["freshness"] != "never"]
    if len(known) > 1 and not [row for row in heard if row["freshness"] != "never"]:
        yield Fault(
            "bad",
            _("All gateways"),
            _("No gateway is heard any more, all %(count)s of them.") % {"count": len(known)},
            _("That is rarely the gateways: see that the broker and ingest run, and look at the network between."),
            max(row["last_seen_at"] for row in known),
        )
        return
    for row in gateways:
        if row["freshness"] in ("fresh", "late"):
            yield from _heard_gateway_faults(row)
        if row["freshness"] != "fresh":
            yield _unheard(row)


def _unheard(row: Row) -> Fault:
    words = {
        "never": (
            _("It is registered, and was never heard of."),
            _("Start it: tagdock-edge run --config gateway.toml"),
        ),
        "offline": (
            _("It is cut off: its doors and sensors are not seen here."),
            _("Look at its power and its network. What it sees meanwhile waits in its outbox and comes by itself."),
        ),
        "silent": (
            _("It says nothing any more: its doors and sensors are not seen here."),
            _("See whether it still runs (tagdock-edge doctor), then look at its network."),
        ),
        "late": (_("Its last word is over a minute old."), _("Wait a moment; if it stays so, look at its network.")),
    }
    what, remedy = words[row["freshness"]]
    return Fault(
        "warn" if row["freshness"] in ("late", "never") else "bad", row["gateway"], what, remedy, row["last_seen_at"]
    )


def _heard_gateway_faults(row: Row) -> Iterator[Fault]:
    for reader in row["readers"]:
        if reader.get("state") != "up":
            detail = f" ({reader['detail']})" if reader.get("detail") else ""
            yield Fault(
                "bad",
                f"{row['gateway']} · {reader['name']}",
                _("The reader is not connected, so its doors are blind.") + detail,
                _("Look at its power, its cable and its address in the gateway's configuration."),
            )
    off = {
        one["name"]: one["clock_offset_s"]
        for one in row["readers"]
        if abs(one.get("clock_offset_s") or 0) > CLOCK_OFF_S
    }
    if off:
        yield _clock(f"{row['gateway']} · {_named(sorted(off))}", max(off.values(), key=abs))
    if row["clock_offset_s"] is not None and abs(row["clock_offset_s"]) > CLOCK_OFF_S:
        yield _clock(row["gateway"], row["clock_offset_s"])
    if sum(row["lost"].values()):
        lost = ", ".join(f"{number(count)} {_loss(kind)}" for kind, count in sorted(row["lost"].items()) if count)
        yield Fault(
            "warn",
            row["gateway"],
            _("It had to let something go since its start: %(lost)s.") % {"lost": lost},
            _("See that its disk has room and that it keeps up; tagdock-edge doctor says more."),
        )


def _loss(kind: str) -> str:
    return _(_LOSSES[kind]) if kind in _LOSSES else kind


def _clock(subject: str, offset_s: float) -> Fault:
    words = {"seconds": number(abs(offset_s), 1)}
    what = _("The clock is %(seconds)s s ahead.") if offset_s > 0 else _("The clock is %(seconds)s s behind.")
    return Fault("warn", subject, what % words, _("Let it follow a time server (NTP)."))


def antenna_faults(antennas: Sequence[Row], fallen: Sequence[Row]) -> Iterator[Fault]:
    """Tell of antennas that fell off, and of those that read nothing of what their door's others read."""
    for row in fallen:
        yield Fault(
            "bad",
            f"{row['reader']} · {row['antenna']}",
            _("The reader says that this antenna fell off.") + (f" ({row['detail']})" if row["detail"] else ""),
            _("Look at its cable and its plug."),
            row["observed_at"],
        )
    gone = {(row["reader"], row["antenna"]) for row in fallen}
    for row in antennas:
        if is_mute(row) and (row["reader"], row["antenna"]) not in gone:
            yield Fault(
                "bad",
                f"{row['reader']} · {row['antenna']}",
                _("This antenna read nothing of the last %(count)s passages at %(door)s.")
                % {"count": number(row["now_passages"]), "door": row["door"]},
                _("Look at its cable, its plug and what stands before it."),
                row["last_at"],
            )


def is_mute(antenna: Row) -> bool:
    """Tell whether an antenna is silent while goods pass its door."""
    return bool(antenna["now_passages"] >= LEAST_PASSAGES and antenna["now_reads"] == 0)


def photo_eye_faults(eyes: Sequence[Row]) -> Iterator[Fault]:
    """Tell of photo-eyes that saw nothing of what passed."""
    for row in eyes:
        if row["now_passages"] >= LEAST_PASSAGES and row["now_broken"] == 0:
            yield Fault(
                "warn",
                f"{row['door']} · {row['side']}",
                _("The photo-eye saw nothing of the last %(count)s passages, so their way is less sure.")
                % {"count": number(row["now_passages"])},
                _("Clean it, align it, and look at the wire of its input."),
                row["last_at"],
            )


def sensor_faults(sensors: Sequence[Row]) -> Iterator[Fault]:
    """Tell of sensors that are silent, weak or doubtful, all of one kind in one sentence."""
    silent = sorted({row["bin"] for row in sensors if row["is_old"]})
    weak = sorted({row["bin"] for row in sensors if not row["is_old"] and row["quantity"] == "battery_pct"})
    doubtful = sorted({row["bin"] for row in sensors if not row["is_old"]} - set(weak))
    if silent:
        yield Fault(
            "warn",
            _named(silent),
            ngettext(
                "%(count)s bin's sensors have said nothing for an hour.",
                "The sensors of %(count)s bins have said nothing for an hour.",
                len(silent),
            )
            % {"count": number(len(silent))},
            _("Look at battery, range and the gateway that listens to them; treat their values as old."),
            min(row["observed_at"] for row in sensors if row["is_old"]),
        )
    if weak:
        yield Fault("warn", _named(weak), _("The battery is low."), _("Change it before the sensor falls silent."))
    if doubtful:
        yield Fault(
            "warn",
            _named(doubtful),
            _("The sensor itself doubts its value."),
            _("Look whether it hangs free and is clean."),
        )


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
