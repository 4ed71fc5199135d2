"""One load: the tags that are held to move together, what they say together, and what that makes of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tagdock_edge.clock import SECOND_US
from tagdock_edge.passage.course import UNKNOWN, Course, both, ways_of
from tagdock_edge.passage.ends import LONG_US
from tagdock_edge.passage.witness import Ways, Witness

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

    halting: dict[int, Ways] | None = None
    """What they say together if they crept, halted or waited; none before it was asked for."""
    taken: dict[int, float] = field(default_factory=dict)
    """By how many nats doors are less likely, as other loads pass them at the same time (see `doorways`)."""

    @property
    def waited(self) -> bool:
        """Whether it is known to have come long before it passed: it halted or stood on its way."""
        came = self.course.came
        return bool(came.precision) and self.middle_s - came.value >= LONG_US / SECOND_US

    def add(self, one: Witness) -> None:
        """Take in a witness."""
        self.join(alone(one))

    def join(self, other: "Load") -> None:
        """Take in all witnesses of another load."""
        self.witnesses += other.witnesses
        self.doors = added(self.doors, other.doors)
        self.halting = None
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


def spoken(load: Load) -> dict[int, Ways]:
    """Say what all tags of a load say together; they repeat each other, so each counts less.

    Goods on one load go through one door, one way, all steadily or all with halts: what is likelier is asked of the
    whole load. Asked of each tag, chance would choose for it what looks most like going through.
    """
    count = len(load.witnesses)
    weight = 1.0 / (1.0 + ALIKE * (count - 1))
    halting = _halting(load)
    came_in, went_out = ways_of(load.course, count, 1.0 / weight) if count > 1 else (0.0, 0.0)
    together = {}
    for door, steady in load.doors.items():
        taken = load.taken.get(door, 0.0)
        into, out, stayed = (weight * max(nats) + taken for nats in zip(steady, halting[door], strict=True))
        together[door] = into + came_in, out + went_out, stayed
    return together


def _halting(load: Load) -> dict[int, Ways]:
    """Return what all tags say together if the load crept, halted or waited; those that were there briefly as ever."""
    if load.halting is None:
        load.halting = load.doors
        if any(one.halting for one in load.witnesses):
            load.halting = {}
            for one in load.witnesses:
                load.halting = added(load.halting, one.halting or one.doors)
    return load.halting
