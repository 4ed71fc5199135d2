"""One sensor as it goes on: from what it says to readings. Calibration, settling, dead-band, heartbeat, range, silence.

The states, by what is known of the value: nothing yet; moving (it left its band, or is new: `settling`); resting
(`good`); impossible (`out_of_range`: beyond the physical limits, or the sensor says that it could not measure, then
with the last value, since a reading has to have one); silent (`stale`, once, with the last value). Spans of a value are
measured by the sensor's times, silence and heartbeats by the gateway's clock.
"""

from tagdock_edge.clock import SECOND_US, seconds_us
from tagdock_edge.config.sensor_model import Calibration, SensorConfig
from tagdock_edge.sensors.outlet import Derived, Outlet
from tagdock_edge.sensors.told import Measurement, Quality, Reading

_FILL_DEAD_BAND_PCT = 1.0
_COUNT_DEAD_BAND = 0.5
_SET_BACK_AFTER = 3
"""Values in a row that are older than the newest: one may be overtaken on its way, three are another time."""
_RIGHT_US = 60 * SECOND_US
"""A clock that was set back is right again when it is no further from the gateway's."""


class Channel:
    """The state of one `[[sensor]]`. All times are microseconds since 1970."""

    def __init__(self, config: SensorConfig) -> None:
        """Know nothing yet."""
        self.config = config
        self._watch, self._calibration = config.watch, config.calibration
        self._outlets = [Outlet(config.bin, each) for each in _quantities(config)]
        self._settle_us = seconds_us(config.watch.settle_s)
        self._value: float | None = None
        self._at_us = self._behind = 0
        self._distrusted = False
        self._heard_us: int | None = None
        self._reported_us = 0
        self._anchor = 0.0
        self._anchor_us: int | None = None
        self._resting = False
        self.quality: Quality | None = None
        """What was said last of the present; None: nothing yet."""
        self.heard = 0
        """Measurements since the start."""

    def take(self, told: Measurement, now_us: int) -> list[Reading]:
        """Take a measurement; returns what is to be reported."""
        self.heard += 1
        if told.late and told.at_us <= self._at_us:
            return self._past(told)
        at_us = self._instant(told.at_us, now_us)
        if at_us is None:
            return []
        if told.quality != "stale":
            self._heard_us = now_us
        value = None if told.value is None else self._calibrated(told.value)
        if value is None and self._value is None:
            return []  # it could not measure, and there is no value to say that of
        self._at_us = at_us
        if value is not None:
            self._value = value
        return self._report(at_us, now_us, self._judged(value, told.quality, at_us))

    def gone(self, now_us: int) -> list[Reading]:
        """Take the source's word that the sensor is dead or away."""
        return [] if self._value is None or self.quality == "stale" else self._silent(now_us, now_us)

    def advance(self, now_us: int) -> list[Reading]:
        """Do what is due: a value that rests because nobody says otherwise, a heartbeat, a silence."""
        if self._value is None or self._heard_us is None or self.quality in (None, "stale"):
            return []
        silent_us = now_us - self._heard_us
        if self._watch.stale_s and silent_us > seconds_us(self._watch.stale_s):
            return self._silent(now_us, now_us)
        rests_us = seconds_us(self._watch.settled_by_silence_s)
        if self.quality == "settling" and rests_us and silent_us >= rests_us:
            self._resting = True
            return self._report(self._at_us, now_us, "good")
        if now_us - self._reported_us >= seconds_us(self._watch.heartbeat_s):
            return self._beat(now_us)
        return []

    def _instant(self, told_us: int, now_us: int) -> int | None:
        """Say when a value was measured; None: a newer one overtook it.

        A clock that was set back is not believed until it is right again: the time of arrival counts.
        """
        if self._distrusted and abs(now_us - told_us) > _RIGHT_US:
            return now_us
        self._distrusted = False
        if told_us >= self._at_us:
            self._behind = 0
            return told_us
        self._behind += 1
        if self._behind < _SET_BACK_AFTER:
            return None
        self._behind = 0
        self._distrusted = abs(now_us - told_us) > _RIGHT_US
        self._move()
        return now_us if self._distrusted else told_us

    def _calibrated(self, value: float) -> float | None:
        """Apply scale and tare; what that makes too big for a number is none."""
        calibrated = value * self._calibration.scale - self._calibration.tare
        return calibrated if abs(calibrated) < _BEYOND else None

    def _judged(self, value: float | None, told: Quality, at_us: int) -> Quality:
        """Say how far a value can be trusted."""
        possible = value is not None and self._watch.low <= value <= self._watch.high
        if value is None or told != "good" or not possible:
            self._move()
            return "stale" if told == "stale" else "out_of_range"
        self._follow(value, at_us)
        return "good" if self._resting else "settling"

    def _follow(self, value: float, at_us: int) -> None:
        """Say whether the value rests: it stood within the band for the time it takes."""
        watch = self._watch
        if self._settle_us == 0:
            self._resting = True
        elif self._anchor_us is None or abs(value - self._anchor) > watch.settle_band:
            self._resting, self._anchor, self._anchor_us = False, value, at_us
        elif self._resting:
            self._anchor = value  # slow drift is no movement
        elif at_us - self._anchor_us >= self._settle_us:
            self._resting, self._anchor = True, value

    def _silent(self, at_us: int, now_us: int) -> list[Reading]:
        self._move()
        return self._report(at_us, now_us, "stale")

    def _move(self) -> None:
        """Whatever comes next has to settle anew."""
        self._resting, self._anchor_us = False, None

    def _beat(self, now_us: int) -> list[Reading]:
        """Repeat the value: with the time of its last measurement, where that was not told.

        Without one it still holds only of who reports changes only, and whose source tells when it is gone.
        """
        assert self.quality is not None  # noqa: S101  # the caller looked
        if self._heard_us is not None and self._heard_us > self._reported_us:
            return self._report(self._at_us, now_us, self.quality, anyway=True)
        return [] if self._watch.stale_s else self._report(now_us, now_us, self.quality, anyway=True)

    def _report(self, at_us: int, now_us: int, quality: Quality, *, anyway: bool = False) -> list[Reading]:
        assert self._value is not None  # noqa: S101  # nothing is reported before there is one
        self.quality = quality
        anyway = anyway or now_us - self._reported_us >= seconds_us(self._watch.heartbeat_s)
        readings = [
            reading for outlet in self._outlets for reading in outlet.report(at_us, self._value, quality, anyway=anyway)
        ]
        if readings and readings[0].quantity == self.config.quantity:
            self._reported_us = now_us
        return readings

    def _past(self, told: Measurement) -> list[Reading]:
        """Report what waited through an outage: it is true of its own time, and changes nothing now."""
        value = None if told.value is None else self._calibrated(told.value)
        if value is None or not self._watch.low <= value <= self._watch.high:
            return []
        quality: Quality = "good" if told.quality == "good" else told.quality
        return [outlet.past(told.at_us, value, quality) for outlet in self._outlets]


_BEYOND = 1e15
"""No bin has more of anything; a float holds integers up to here exactly."""


def _quantities(config: SensorConfig) -> list[Derived]:
    """List what one sensor is told as: itself, and what its calibration lets follow from it."""
    of: Calibration = config.calibration
    told = [Derived(config.quantity, lambda value: value, config.watch.dead_band)]
    if config.quantity == "mass_kg" and of.unit_mass_kg:
        unit_kg = of.unit_mass_kg
        told.append(Derived("count", lambda kg: float(max(0, round(kg / unit_kg))), _COUNT_DEAD_BAND))
    if config.quantity == "distance_mm" and of.empty_mm is not None and of.full_mm is not None:
        empty_mm, depth_mm = of.empty_mm, of.empty_mm - of.full_mm
        told.append(Derived("fill_pct", lambda mm: _share_pct(empty_mm - mm, depth_mm), _FILL_DEAD_BAND_PCT))
    return told


def _share_pct(part: float, whole: float) -> float:
    return round(min(100.0, max(0.0, 100.0 * part / whole)), 2)
