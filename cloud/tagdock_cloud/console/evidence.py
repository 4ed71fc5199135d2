"""A passage as a drawing: when and how strongly antennas read the tag, and when photo-eyes were broken. Pure.

A gateway tells of each antenna the first, the strongest and the last read; a tent is drawn over the three. Which row of
antennas peaks first says which way the tag went; rows that peak together say nothing, and a person has to look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from tagdock_contract import AntennaEvidence, Evidence, PhotoEyeEvidence

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import ngettext
from tagdock_cloud.console.words import SIDES, number

WIDTH, HEIGHT, LEFT, RIGHT, TOP = 360.0, 150.0, 34.0, 350.0, 12.0
FLOOR = 104.0
"""Where the tents stand; the lanes of the photo-eyes lie below."""
LANES = {"outside": 120.0, "inside": 132.0}
LANE_HEIGHT = 7.0
LEAST_SPAN_S, LEAST_SPAN_DB, FOOT_DB = 0.4, 15.0, 10.0
"""Less is not drawn wider: a hundredth of a second or a decibel means nothing. A foot lies under the weakest peak."""
STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
MOST_TICKS = 6
MOST_ANTENNAS = 16


@dataclass(frozen=True, slots=True)
class Tent:
    """One antenna: its outline, its peak, and what is said of it. `side`: outside, inside or empty."""

    side: str
    antenna: str
    outline: str
    peak_x: float
    peak_y: float
    said: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One photo-eye, for as long as it was broken."""

    side: str
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn of a passage. `seconds` and `levels` are positions of the axes with their labels."""

    tents: tuple[Tent, ...]
    bars: tuple[Bar, ...]
    seconds: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, str], ...]
    said: str
    reason: str
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Times and strengths as places on the drawing."""

    begin: datetime
    span_s: float
    weakest_dbm: float
    strongest_dbm: float

    def x(self, at: datetime) -> float:
        return LEFT + (RIGHT - LEFT) * (at - self.begin).total_seconds() / self.span_s

    def y(self, rssi_dbm: float) -> float:
        return FLOOR - (FLOOR - TOP) * (rssi_dbm - self.weakest_dbm) / (self.strongest_dbm - self.weakest_dbm)


def picture(told: Mapping[str, Any]) -> Picture | None:
    """Draw a movement's evidence; None where the gateway gave none in Tagdock's shape: there is nothing to draw."""
    try:
        evidence = msgspec.convert(dict(told), Evidence)
    except msgspec.ValidationError:
        return None
    antennas = sorted(evidence.antennas, key=lambda one: (one.side != "outside", one.reader, one.antenna))[
        :MOST_ANTENNAS
    ]
    if not antennas:
        return None
    scale = _scale(antennas, evidence.photo_eyes)
    tents = tuple(_tent(one, scale) for one in antennas)
    return Picture(
        tents,
        tuple(_bar(one, scale) for one in evidence.photo_eyes),
        tuple(_ticks(scale)),
        tuple((scale.y(level), number(level)) for level in _levels(scale)),
        "; ".join([*(tent.said for tent in tents), *(_eye_words(one, scale) for one in evidence.photo_eyes)]),
        evidence.reason,
        tuple(_lost_words(lost.door, lost.reads) for lost in evidence.doors_lost),
    )


def _scale(antennas: list[AntennaEvidence], eyes: tuple[PhotoEyeEvidence, ...]) -> _Scale:
    begin = min([one.first_at for one in antennas] + [eye.broken_at for eye in eyes])
    end = max([one.last_at for one in antennas] + [eye.cleared_at or eye.broken_at for eye in eyes])
    peaks = [one.peak_rssi_dbm for one in antennas]
    strongest = max(peaks) + 3.0
    weakest = min(min(peaks) - FOOT_DB, strongest - LEAST_SPAN_DB)
    return _Scale(begin, max((end - begin).total_seconds(), LEAST_SPAN_S), weakest, strongest)


def _tent(one: AntennaEvidence, scale: _Scale) -> Tent:
    x, y = scale.x(one.peak_at), scale.y(one.peak_rssi_dbm)
    left, right = min(scale.x(one.first_at), x - 1.5), max(scale.x(one.last_at), x + 1.5)
    outline = f"{left:.1f},{FLOOR:.1f} {x:.1f},{y:.1f} {right:.1f},{FLOOR:.1f}"
    antenna = f"{one.reader}/{one.antenna}"
    reads = ngettext("%(count)s read", "%(count)s reads", one.reads) % {"count": number(one.reads)}
    side = SIDES[one.side or ""]
    said = _("%(antenna)s %(side)s: %(reads)s, strongest %(rssi)s dBm after %(after)s s") % {
        "antenna": antenna,
        "side": _(side),
        "reads": reads,
        "rssi": number(one.peak_rssi_dbm),
        "after": number((one.peak_at - scale.begin).total_seconds(), 2),
    }
    return Tent(one.side or "", antenna, outline, round(x, 1), round(y, 1), said)


def _bar(eye: PhotoEyeEvidence, scale: _Scale) -> Bar:
    x = scale.x(eye.broken_at)
    end = scale.x(eye.cleared_at) if eye.cleared_at else RIGHT
    return Bar(eye.side, round(x, 1), LANES[eye.side], round(max(end - x, 2.0), 1))


def _eye_words(eye: PhotoEyeEvidence, scale: _Scale) -> str:
    after = number((eye.broken_at - scale.begin).total_seconds(), 2)
    side = SIDES[eye.side]
    return _("photo-eye %(side)s broken after %(after)s s") % {"side": _(side), "after": after}


def _lost_words(door: str, reads: int) -> str:
    return ngettext("%(door)s saw it, too: %(count)s read", "%(door)s saw it, too: %(count)s reads", reads) % {
        "door": door,
        "count": number(reads),
    }


def _ticks(scale: _Scale) -> list[tuple[float, str]]:
    step = next((one for one in STEPS_S if scale.span_s / one <= MOST_TICKS), scale.span_s / MOST_TICKS)
    digits = 1 if step < 1 else 0
    counts = range(int(scale.span_s / step) + 1)
    return [
        (round(LEFT + (RIGHT - LEFT) * count * step / scale.span_s, 1), number(count * step, digits))
        for count in counts
    ]


def _levels(scale: _Scale) -> list[float]:
    """Return the round strengths within the drawing, every ten decibels."""
    first = int(-(-scale.weakest_dbm // 10)) * 10
    return [float(level) for level in range(first, int(scale.strongest_dbm) + 1, 10)]
