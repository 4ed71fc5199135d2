"""One Sparkplug B edge node as a host application sees it: births, sequence numbers, aliases, deaths.

Source: Eclipse Sparkplug 3.0.0, 5.3 to 5.10 (sessions, reordering), 5.12 (rebirth), 6.4.6 (aliases). QoS 0 over one
broker comes in order, so a gap is nearly always a loss; what comes late within `REORDER_US` closes it again.
"""

from dataclasses import dataclass, field

from tagdock_edge.clock import SECOND_US
from tagdock_edge.sensors.sparkplug_payload import Metric, Payload

REORDER_US = 2 * SECOND_US
"""The specification's Reorder Timeout: how long a missing message may still come."""
BIRTH_GRACE_US = 2 * SECOND_US
"""After a connection: nodes that wait for this host are born by themselves."""
_FIRST_WAIT_US, _LONGEST_WAIT_US = 10 * SECOND_US, 300 * SECOND_US
"""Between two requests for a rebirth; doubled each time. A birth of a large node is a lot of messages."""
_CALM_US = 60 * SECOND_US
"""A birth after which all went well for so long ends the doubling."""
_NUMBERS = 256
_MISSING_AT_MOST = 16
ALIASES_AT_MOST = 20_000

Name = tuple[str | None, str]
"""A metric: its device (None: the node's own) and its name."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a birth said of a metric."""

    device: str | None
    name: str
    datatype: int
    unit: str | None = None


@dataclass
class _Devices:
    """The devices of a node: which are alive, and which were alive before a rebirth and have to come again."""

    alive: set[str] = field(default_factory=set)
    awaited: set[str] = field(default_factory=set)
    until_us: int = 0


class Node:
    """The state of one edge node. All times are microseconds since 1970."""

    def __init__(self) -> None:
        """Know nothing of it."""
        self.born = False
        self.bd_seq: float | None = None
        self._names: dict[Name, Known] = {}
        self._aliases: dict[int, Known] = {}
        self._devices = _Devices()
        self._next: int | None = None
        self._missing: set[int] = set()
        self._gap_until_us = 0
        self._due_us: int | None = None
        self._wait_us = _FIRST_WAIT_US
        self._asked_us: int | None = None

    def forget(self) -> None:
        """Forget the session."""
        self._forget()
        self._due_us = None

    def expect_birth(self, now_us: int) -> None:
        """Ask it to introduce itself, unless it does so within a grace; it may have done so already."""
        if not self.born:
            self._due_us = now_us + BIRTH_GRACE_US

    def node_birth(self, payload: Payload, now_us: int) -> None:
        """Begin a session. The devices have to be born again, within the time of a reordering."""
        alive = self._devices.alive
        calm = self._asked_us is None or now_us - self._asked_us > _CALM_US
        self._forget()
        self.born = True
        self._due_us = None
        if calm:
            self._wait_us = _FIRST_WAIT_US
        self._devices = _Devices(set(), alive, now_us + REORDER_US)
        self.bd_seq = next((each.number for each in payload.metrics if each.name == "bdSeq"), None)
        self._next = ((payload.seq or 0) + 1) % _NUMBERS
        self._learn(None, payload.metrics)

    def device_birth(self, device: str, payload: Payload) -> None:
        """Learn a device's metrics."""
        self._devices.alive.add(device)
        self._devices.awaited.discard(device)
        self._learn(device, payload.metrics)

    def device_death(self, device: str) -> None:
        """Let a device go."""
        self._devices.alive.discard(device)
        self._devices.awaited.discard(device)

    def count(self, seq: int | None, now_us: int) -> None:
        """Check a message's sequence number; a gap begins to wait for what is missing."""
        if seq is None or not 0 <= seq < _NUMBERS or self._next is None:
            self.ask(now_us)
            return
        if seq == self._next:
            self._next = (seq + 1) % _NUMBERS
        elif seq in self._missing:
            self._missing.discard(seq)
        else:
            self._gap(seq, now_us)

    def known(self, device: str | None, metric: Metric) -> Known | None:
        """Say which metric this is, by its alias or its name; None where no birth introduced it."""
        found = self._names.get((device, metric.name)) if metric.name is not None else None
        if found is None and metric.alias is not None:
            found = self._aliases.get(metric.alias)
        return found if found is not None and found.device == device else None

    def ask(self, now_us: int) -> None:
        """Want a rebirth as soon as the pace allows."""
        if self._due_us is None:
            self._due_us = now_us

    def request_due(self, now_us: int) -> bool:
        """Say whether a rebirth has to be requested now; each request makes the next one wait longer."""
        if self._missing and now_us >= self._gap_until_us:
            self._missing.clear()
            self.ask(now_us)
        if self._due_us is None or now_us < self._due_us:
            return False
        if self._asked_us is not None and now_us < self._asked_us + self._wait_us:
            return False
        if self._asked_us is not None:
            self._wait_us = min(2 * self._wait_us, _LONGEST_WAIT_US)
        self._asked_us = self._due_us = now_us
        return True

    def lost_devices(self, now_us: int) -> set[str]:
        """Name, once, the devices that did not come again with their node."""
        if not self._devices.awaited or now_us < self._devices.until_us:
            return set()
        lost, self._devices.awaited = self._devices.awaited, set()
        return lost

    def _gap(self, seq: int, now_us: int) -> None:
        """Note what is missing before `seq`; what is behind, or too far ahead, is no gap but another session."""
        assert self._next is not None  # noqa: S101  # the caller looked
        skipped = (seq - self._next) % _NUMBERS
        if skipped > _MISSING_AT_MOST or len(self._missing) + skipped > _MISSING_AT_MOST:
            self._missing.clear()
            self.ask(now_us)
        else:
            if not self._missing:
                self._gap_until_us = now_us + REORDER_US
            self._missing.update((self._next + each) % _NUMBERS for each in range(skipped))
        self._next = (seq + 1) % _NUMBERS

    def _learn(self, device: str | None, metrics: tuple[Metric, ...]) -> None:
        for each in metrics:
            if each.name is None or each.datatype is None or len(self._names) >= ALIASES_AT_MOST:
                continue
            known = Known(device, each.name, each.datatype, each.unit)
            self._names[device, each.name] = known
            if each.alias is not None:
                self._aliases[each.alias] = known

    def _forget(self) -> None:
        self.born, self.bd_seq = False, None
        self._names, self._aliases = {}, {}
        self._devices = _Devices()
        self._next = None
        self._missing.clear()
