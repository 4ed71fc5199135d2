"""Fixtures for pytest: faults, readers and a broker for tests of programs that know no asyncio.

    pytest_plugins = ["tagdock_simulators.fixtures"]

in a test module, or `from tagdock_simulators.fixtures import mqtt_broker` in a conftest. No other
module imports pytest.

PYTEST_DONT_REWRITE: it asserts nothing, and both ways to get at it may stand in one run.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tagdock_contract import Record

from tagdock_simulators.faults.kinds import Kind, Towards
from tagdock_simulators.faults.proxy import Counts, Protocol, TcpProxy
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.loop_thread import LoopThread
from tagdock_simulators.mosquitto import Mosquitto, mosquitto_program

_FOR_EVER_S = float("inf")


class ProxyInTest:
    """A proxy before a server; each fault lasts until `heal`."""

    def __init__(self, loop: LoopThread, server: tuple[str, int], protocol: str, name: str) -> None:
        self._loop = loop
        self._proxy = loop.call(lambda: TcpProxy(name, server, Protocol(protocol)))
        self.port: int = loop.run(self._proxy.start())

    @property
    def counts(self) -> Counts:
        """Return what happened so far."""
        return self._proxy.counts

    @property
    def open_connections(self) -> int:
        """Return how many connections reach the server."""
        return self._proxy.open_connections

    def do(self, kind: str, amount: float | None = None, towards: str | None = None) -> None:
        """Do any fault of the table, or let it begin."""
        side = Towards(towards) if towards else None
        fault = Fault(Kind(kind), self._proxy.name, 0.0, _FOR_EVER_S, amount, side)
        self._loop.call(lambda: self._proxy.begin(fault))

    def cut(self) -> None:
        """Reset all connections."""
        self.do("cut")

    def cut_inside(self, after_bytes: int = 5, towards: str = "client") -> None:
        """Reset the connection in the middle of its next message."""
        self.do("cut_inside", after_bytes, towards)

    def black_hole(self) -> None:
        """Pass nothing on and end nothing."""
        self.do("black_hole")

    def delay(self, seconds: float) -> None:
        """Pass everything on later."""
        self.do("delay", seconds)

    def heal(self) -> None:
        """Let everything be over."""
        self._loop.call(self._proxy.heal)

    def close(self) -> None:
        """End the proxy. Raises what went wrong inside."""
        self._loop.run(self._proxy.close())


class ReaderInTest:
    """A simulated LLRP reader on a free port."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._reader = loop.call(LlrpReader)
        self.port: int = loop.run(self._reader.start())

    def feed(self, *records: Record) -> None:
        """Let tags answer and inputs change, now."""
        self._loop.call(lambda: self._reader.feed(*records))

    @property
    def is_reporting(self) -> bool:
        """Say whether a client has an inventory running."""
        return self._reader.is_reporting

    @property
    def tags_reported(self) -> int:
        """Return how many tag reports went out."""
        return self._reader.tags_reported

    @property
    def tags_lost(self) -> int:
        """Return how many tag reports nobody took."""
        return self._reader.tags_lost

    def close(self) -> None:
        """End it."""
        self._loop.run(self._reader.close())


@pytest.fixture
def simulators_loop() -> Iterator[LoopThread]:
    """Run an event loop beside the test."""
    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture
def tcp_proxy(simulators_loop: LoopThread) -> Iterator[Callable[..., ProxyInTest]]:
    """Make proxies: `tcp_proxy(port)`, `tcp_proxy(("10.0.0.5", 5084), protocol="llrp")`."""
    made: list[ProxyInTest] = []

    def make(to: int | tuple[str, int], protocol: str = "tcp", name: str = "server") -> ProxyInTest:
        address = ("127.0.0.1", to) if isinstance(to, int) else to
        made.append(ProxyInTest(simulators_loop, address, protocol, name))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def llrp_reader(simulators_loop: LoopThread) -> Iterator[ReaderInTest]:
    """Start a simulated LLRP reader."""
    reader = ReaderInTest(simulators_loop)
    yield reader
    reader.close()


@pytest.fixture
def mqtt_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Start a mosquitto that keeps what it has over `kill` and `start`; skips where there is none."""
    program = mosquitto_program()
    if program is None:
        pytest.skip("no mosquitto here; apt-get install mosquitto runs this test")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(program, folder)
    yield broker
    broker.kill()
