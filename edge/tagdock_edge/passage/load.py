"""One load: the tags that are held to move together, what they say together, and what that makes of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tagdock_edge.passage.course import UNKNOWN, Course, both, ways_of
from tagdock_edge.passage.witness import Ways, Witness

LINE_NATS = 6.0
"""The most that the order in which all outside and all inside rows heard a load says for or against a way: one load in
400 is heard in another order than it went (assumed)."""
ALIKE = 0.2
"""How much of a witness a further witness of the same load repeats: they share shadows, echoes and the way."""
UNHEARD: Ways = (0.0, 0.0, 0.0)
"""What a tag says of a door that did not hear it."""


@dataclass(slots=True)
class Load:
    """Witnesses that are held to be on one load, and what they say together."""

    witnesses: list[Witness] = field(default_factory=list)
    doors: dict[int, Ways] = field(default_factory=dict)
    moment: float = 0.0
    """Sum of the witnesses' moments (seconds)."""
    middle_s: float = 0.0
    """When it passed."""
    course: Course = UNKNOWN
    """When rows heard it, all witnesses together."""

    taken: dict[int, float] = field(default_factory=dict)
    """By how many nats doors are less likely, as other loads pass them at the same time (see `doorways`)."""

    def add(self, one: Witness) -> None:
        """Take in a witness."""
        self.join(alone(one))

    def join(self, other: "Load") -> None:
        """Take in all witnesses of another load."""
        self.witnesses += other.witnesses
        self.doors = added(self.doors, other.doors)
        self.course = both(self.course, other.course)
        self.moment += other.moment
        self.middle_s = self.moment / len(self.witnesses)


def alone(one: Witness) -> Load:
    """Return a load of one tag."""
    return Load([one], one.doors, one.middle_s, one.middle_s, one.course)


def added(some: Mapping[int, Ways], others: Mapping[int, Ways]) -> dict[int, Ways]:
    """Add nats door by door, way by way."""
    total = dict(some)
    for door, ways in others.items():
        before = total.get(door)
        total[door] = ways if before is None else (before[0] + ways[0], before[1] + ways[1], before[2] + ways[2])
    return total


def spoken(one: Witness, load: Load) -> dict[int, Ways]:
    """Say what one tag and its load say together: mates repeat each other, so they count less."""
    mates = len(load.witnesses) - 1
    weight = 1.0 / (1.0 + ALIKE * max(mates - 1, 0))
    together = {}
    for door, total in load.doors.items():
        own = one.doors.get(door, UNHEARD)
        came_in, went_out, stayed = (mine + weight * (all_of - mine) for mine, all_of in zip(own, total, strict=True))
        taken = load.taken.get(door, 0.0)
        together[door] = came_in + taken, went_out + taken, stayed
    if mates:
        came_in, went_out = (
            max(-LINE_NATS, min(nats, LINE_NATS)) for nats in ways_of(load.course, 1.0 + ALIKE * mates)
        )
        return {door: (a + came_in, b + went_out, stayed) for door, (a, b, stayed) in together.items()}
    return together
