"""Is the sensor there, and may what the broker kept of it be believed?

A retained value has no time: it may be of last year. It counts as the present only while the device's availability,
which the broker's will keeps true, says that it is there; without an availability topic it is told as stale.
"""

from tagdock_edge.sensors.told import Gone, Measurement, Told


class Lifeline:
    """What is known of one sensor's presence. `watched`: there is a topic that tells it."""

    def __init__(self, channel: int, *, watched: bool) -> None:
        """Know nothing yet."""
        self._channel, self._watched = channel, watched
        self._there: bool | None = None
        self._kept: Measurement | None = None

    def value(self, told: Measurement, *, retained: bool) -> list[Told]:
        """Take a value: a live one as it is, a retained one by what is known of its device."""
        if not retained or self._there:
            self._kept = None
            return [told]
        if self._watched and self._there is None:
            self._kept = told
            return []
        return [told._replace(quality="stale")]

    def presence(self, there: bool, at_us: int) -> list[Told]:
        """Take what the availability topic says."""
        before, self._there = self._there, there
        kept, self._kept = self._kept, None
        if kept is not None:
            return [kept._replace(at_us=at_us) if there else kept._replace(at_us=at_us, quality="stale")]
        return [Gone(self._channel)] if not there and before is not False else []

    def forget(self) -> None:
        """The connection is new: presence has to be told again."""
        self._there, self._kept = None, None
