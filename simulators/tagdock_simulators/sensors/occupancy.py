"""Is there something: a switch under the goods with its chatter, or a passive infrared sensor that sees hands.

Contacts chatter for some milliseconds after each change (Ganssle, A Guide to Debouncing: over 18 switches 1.6 ms on
average, 6.2 ms at most, 157 ms for a bad one; from memory, not checked); the input takes a level once it has stood
still for `debounce_s`. A PIR module stays on for its hold time after the last movement and is blind for a while
afterwards (HC-SR501 datasheet: 0.3 s to 5 min, 2.5 s).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.draws import Draws
from tagdock_simulators.sensors.readings import Quantity, Sample


@dataclass(frozen=True, slots=True)
class Switch:
    """A contact that closes under the first item."""

    period_s: float = 300.0
    """How often the level is repeated."""
    debounce_s: float = 0.02
    chatter_s: float = 0.006
    worn: float = 0.05
    """How often a change chatters for so long that the input follows it. Assumed."""
    worn_s: float = 0.16
    edges: int = 6


@dataclass(frozen=True, slots=True)
class Infrared:
    """A sensor that sees somebody reach in."""

    hold_s: float = 8.0
    blind_s: float = 2.5
    misses: float = 0.03
    """How often a gloved hand is not seen. Assumed."""


class SwitchSensor:
    """One switch under one bin's goods."""

    def __init__(self, switch: Switch, seed: int, bin_name: str) -> None:
        """Begin with an empty bin."""
        self.period_s: float | None = switch.period_s
        self._switch = switch
        self._draws = Draws(seed, "switch", bin_name)
        self._rests = self._told = False
        self._edges: list[tuple[float, bool]] = []

    def load(self, at_s: float, contents: BinTruth) -> Sequence[float]:
        """Close or open the contact; it chatters, and the input has to be looked at after every edge."""
        closed = contents.count > 0
        if closed == self._rests:
            return ()
        self._rests = closed
        self._edges = self._chatter(at_s, closed)
        return [edge_s + self._switch.debounce_s for edge_s, _ in self._edges]

    def samples(self, at_s: float, asked: bool) -> tuple[Sample, ...]:
        """Take the level if it has stood still; say it when asked, or when it is another one."""
        was = self._told
        standing = [edge for edge in self._edges if edge[0] <= at_s]
        # Times in seconds since 1970 carry a fraction of a microsecond; the input's clock is no finer.
        if standing and at_s - standing[-1][0] >= self._switch.debounce_s - 1e-6:
            self._told = standing[-1][1]
        return (Sample(Quantity.OCCUPIED, float(self._told)),) if asked or self._told != was else ()

    def _chatter(self, at_s: float, closed: bool) -> list[tuple[float, bool]]:
        """Return the contact's edges; the last one is where it stays."""
        switch = self._switch
        lasts_s = switch.worn_s if self._draws.happens(switch.worn) else switch.chatter_s * self._draws.uniform()
        bounces = 2 * int(self._draws.uniform() * (switch.edges // 2 + 1))
        times_s = sorted(at_s + lasts_s * self._draws.uniform() for _ in range(bounces))
        return [(edge_s, closed ^ (place % 2 == 1)) for place, edge_s in enumerate([at_s, *times_s])]


class InfraredSensor:
    """One infrared sensor over one bin; every change of the contents is a hand."""

    def __init__(self, infrared: Infrared, seed: int, bin_name: str) -> None:
        """Begin with nobody there."""
        self.period_s: float | None = None
        self._infrared = infrared
        self._draws = Draws(seed, "infrared", bin_name)
        self._on_until_s = self._blind_until_s = 0.0
        self._told = False

    def load(self, at_s: float, contents: BinTruth) -> Sequence[float]:
        """Move a hand in front of it; returns when the output changes."""
        del contents
        infrared = self._infrared
        hidden = at_s >= self._on_until_s and at_s < self._blind_until_s
        if hidden or self._draws.happens(infrared.misses):
            return ()
        was_on = at_s < self._on_until_s
        self._on_until_s = at_s + infrared.hold_s
        self._blind_until_s = self._on_until_s + infrared.blind_s
        return (self._on_until_s,) if was_on else (at_s, self._on_until_s)

    def samples(self, at_s: float, asked: bool) -> tuple[Sample, ...]:
        """Say the output when it changed; another hand may have held it on meanwhile."""
        del asked  # it never is: it has no period
        on = at_s < self._on_until_s
        changed, self._told = on != self._told, on
        return (Sample(Quantity.MOTION, float(on)),) if changed else ()
