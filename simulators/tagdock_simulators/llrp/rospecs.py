"""The ROSpecs that a reader holds: one is active at a time, and the one of higher priority goes first."""

from collections.abc import Callable, Sequence

from tagdock_contract import InputChange, TagRead

from tagdock_simulators.llrp.accessspecs import AccessSpecs
from tagdock_simulators.llrp.air import Air
from tagdock_simulators.llrp.config import AntennaConfiguration
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.inventory import Inventory, Outcome
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.reporting import Clock
from tagdock_simulators.llrp.rocheck import check_rospec
from tagdock_simulators.llrp.rospec import ROReportSpec, ROSpec, ROSpecState
from tagdock_simulators.llrp.states import Life


class ROSpecs:
    """Every ROSpec and its life. A smaller number is a higher priority (LLRP 1.0.1, section 10.2.1).

    A ROSpec that starts preempts an active one of lower priority, which becomes inactive; it starts over when its start
    trigger does, one with an immediate start as soon as nothing of its priority or a higher one is active.
    """

    def __init__(
        self, profile: Profile, access: AccessSpecs, air: Air, clock: Clock, emit: Callable[[Outcome], None]
    ) -> None:
        self.emit = emit
        self.clock = clock
        self._profile = profile
        self.access = access
        self.air = air
        self._inventories: dict[int, Inventory] = {}
        self._active: Inventory | None = None

    @property
    def active(self) -> Inventory | None:
        """Return the ROSpec that inventories now."""
        if self._active is not None and self._active.state is not ROSpecState.ACTIVE:
            self._active = None
        return self._active

    @property
    def due_us(self) -> int | None:
        """Return when `tick` is needed next."""
        dues = (inventory.due_us for inventory in self._inventories.values())
        return min((due for due in dues if due is not None), default=None)

    def all(self) -> tuple[ROSpec, ...]:
        """Return every ROSpec with its present state."""
        return tuple(inventory.rospec for inventory in self._inventories.values())

    def add(self, rospec: ROSpec, fallback: ROReportSpec) -> None:
        """Take one in. Raises LlrpError when the reader cannot do it or has no room."""
        check_rospec(rospec, self._profile)
        if rospec.rospec_id in self._inventories:
            reason = f"ROSpec {rospec.rospec_id} is there already; delete it first"
            raise LlrpError(StatusCode.A_INVALID, reason, field=0, where=rospec)
        if len(self._inventories) >= self._profile.max_rospecs:
            limit = f"the reader takes {self._profile.max_rospecs} ROSpec at a time; delete one first"
            raise LlrpError(StatusCode.M_OVERFLOW_PARAMETER, limit)
        self._inventories[rospec.rospec_id] = Inventory(rospec, fallback, self)

    def delete(self, rospec_id: int, now_us: int) -> None:
        """End and forget one ROSpec, or all (0). Raises LlrpError when it is not there."""
        for inventory in self._chosen(rospec_id):
            inventory.apply(Life.DISABLE, now_us)
            del self._inventories[inventory.rospec.rospec_id]
        self.resume(now_us)

    def clear(self) -> None:
        """Forget all without a word."""
        self._inventories.clear()
        self._active = None

    def apply(self, life: Life, rospec_id: int, now_us: int) -> None:
        """Take a step in the life of one ROSpec, or of all (0), as the client wants. Raises LlrpError."""
        if life in (Life.START, Life.STOP) and rospec_id == 0:
            raise LlrpError(StatusCode.A_INVALID, "name one ROSpec; 0 is not allowed here", field=0)
        for inventory in self._chosen(rospec_id):
            inventory.apply(life, now_us)
            if life is Life.START and inventory.state is not ROSpecState.ACTIVE:
                reason = "a ROSpec of no lower priority is active; stop it first"
                raise LlrpError(StatusCode.A_INVALID, reason, field=0)
        self.resume(now_us)

    def admit(self, inventory: Inventory, now_us: int) -> bool:
        """Say whether a ROSpec may start now; preempt one of lower priority."""
        before = self.active
        if before is not None and before is not inventory:
            if before.rospec.priority <= inventory.rospec.priority:
                return False
            before.apply(Life.PREEMPT, now_us, by=inventory.rospec.rospec_id)
        self._active = inventory
        return True

    def read(self, read: TagRead, now_us: int) -> None:
        """Let a tag answer."""
        active = self.active
        told = self.access.answer(read) if active is not None else None
        if active is not None and told is not None:
            active.read(read, told, now_us)
            self.resume(now_us)

    def input_changed(self, change: InputChange, now_us: int) -> None:
        """Let an input start or stop ROSpecs."""
        for inventory in self._inventories.values():
            inventory.input_changed(change, now_us)
        self.resume(now_us)

    def tick(self, now_us: int) -> None:
        """Do what has become due."""
        for inventory in self._inventories.values():
            inventory.tick(now_us)
        self.resume(now_us)

    def set_antennas(self, own: Sequence[AntennaConfiguration]) -> None:
        """Take over how the reader's own antennas are set, for ROSpecs that run too."""
        self.air.own = own
        for inventory in self._inventories.values():
            inventory.retune()

    def flush(self) -> None:
        """Report every tag that is held."""
        for inventory in self._inventories.values():
            inventory.flush()

    def resume(self, now_us: int) -> None:
        """Start the first of those that wait, by priority, when nothing is active any more."""
        if self.active is None:
            waiting = [inventory for inventory in self._inventories.values() if inventory.waiting]
            if waiting:
                min(waiting, key=lambda inventory: inventory.rospec.priority).apply(Life.START, now_us)

    def _chosen(self, rospec_id: int) -> list[Inventory]:
        if rospec_id == 0:
            return list(self._inventories.values())
        if rospec_id not in self._inventories:
            raise LlrpError(StatusCode.A_INVALID, f"there is no ROSpec {rospec_id}", field=0)
        return [self._inventories[rospec_id]]
