"""Where an ordeal takes place: mosquitto, gateways, the cloud with its database on a small disk, proxies between."""

import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.house import Addresses, House, environment
from tagdock_simulators.demo.ports import LOOPBACK
from tagdock_simulators.demo.processes import Program, Supervisor, find_program
from tagdock_simulators.demo.settings import DemoSettings
from tagdock_simulators.faults.proxy import TcpProxy
from tagdock_simulators.mqtt.mosquitto import mosquitto_program
from tagdock_simulators.ordeal.blows import CLOUD_WIRE, GATEWAY_WIRE
from tagdock_simulators.ordeal.traffic import Traffic

_READY_WITHIN_S = 30.0
_BROKER_SETTINGS = "allow_anonymous true\nmax_queued_messages 100000\npersistence false\n"
"""Without persistence a killed broker forgets all that it took: the hardest one to live with."""


class Scene:
    """All that runs. Its programs are started again when they die."""

    def __init__(self, disk: Path, logs: Path, children: Supervisor, broker_port: int) -> None:
        self._disk, self._logs, self._children, self.broker_port = disk, logs, children, broker_port
        server = (LOOPBACK, broker_port)
        self.wires = {name: TcpProxy(name, server) for name in (GATEWAY_WIRE, CLOUD_WIRE)}
        self._house: House | None = None
        self._gateways: list[str] = []
        self.ports: dict[str, int] = {}

    async def open_wires(self) -> None:
        """Put the proxies before the broker."""
        for name, proxy in self.wires.items():
            self.ports[name] = await proxy.start()

    async def start_broker(self) -> None:
        """Start mosquitto. Raises DemoError where there is none."""
        program = mosquitto_program()
        if program is None:
            raise DemoError("no mosquitto here; apt-get install mosquitto, or the like, brings it")
        config = self._logs / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""  # else it becomes a user who may not read its own files
        config.write_text(f"listener {self.broker_port} {LOOPBACK}\n{user}{_BROKER_SETTINGS}", encoding="utf-8")
        await self._children.start(
            Program("broker", (program, "-c", str(config)), environment()), lambda _: True, _READY_WITHIN_S
        )

    async def start_cloud(self) -> Addresses:
        """Start the cloud on the small disk, behind its wire."""
        broker = f"mqtt://{LOOPBACK}:{self.ports[CLOUD_WIRE]}"
        settings = DemoSettings(data=self._disk, scenario="", seed=0, broker=broker, http_port=0)
        self._house = House(settings, self._children, self._disk)
        return await self._house.start_cloud()

    async def token(self, addresses: Addresses) -> str:
        """Make a token that may see everything."""
        assert self._house is not None, "start_cloud comes first"  # noqa: S101
        return await self._house.add_token(addresses.database, datetime.now(UTC))

    async def start_gateways(self, traffic: Sequence[Traffic]) -> None:
        """Start a gateway for each site, behind their wire, its outbox on the small disk."""
        for each in traffic:
            folder = self._disk / "gateways" / each.site
            folder.mkdir(parents=True, exist_ok=True)
            config = folder / "gateway.toml"
            config.write_text(each.toml, encoding="utf-8")
            name = f"gateway-{each.site}"
            command = (find_program("tagdock-edge"), "run", "--config", str(config), "--data", str(folder))
            await self._children.start(Program(name, command, environment()), lambda _: True, _READY_WITHIN_S)
            self._gateways.append(name)

    def kill(self, victim: str) -> list[int]:
        """Kill a program (SIGKILL: nothing can prepare for it); returns the process ids, none where nothing ran."""
        if victim == "gateway":
            return [pid for name in self._gateways if (pid := self._children.kill(name)) is not None]
        if victim == "broker":
            pid = self._children.kill("broker")
            return [] if pid is None else [pid]
        assert self._house is not None, "start_cloud comes first"  # noqa: S101
        try:
            pid = self._house.pid(victim)
            os.kill(pid, signal.SIGKILL)
        except (DemoError, ProcessLookupError):
            return []
        return [pid]
