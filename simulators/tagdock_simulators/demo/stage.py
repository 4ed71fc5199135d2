"""The doors' readers: simulated LLRP readers on this box, one a door."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tagdock_simulators.demo.ports import LOOPBACK, give_way
from tagdock_simulators.doors import DoorGeometry
from tagdock_simulators.llrp.server import LlrpReader

_FIRST_PORT = 5084  # LLRP's own (IANA); the others follow


class Stage:
    """Readers to be fed with what their doors would see; use it as a context. `ports` says where each listens."""

    def __init__(self, doors: Sequence[DoorGeometry]) -> None:
        self.readers = {door.reader: LlrpReader() for door in doors}
        self.ports: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        for offset, (name, reader) in enumerate(self.readers.items()):
            self.ports[name] = await reader.start(LOOPBACK, give_way(_FIRST_PORT + offset))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self.readers.values():
            await reader.close()

    @property
    def is_watched(self) -> bool:
        """Tell whether the gateway takes inventory at every reader now."""
        return all(reader.is_reporting for reader in self.readers.values())
