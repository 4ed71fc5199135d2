"""The whole house on one box: cloud, gateway and slotting as a user would start them, and how to reach them."""

import contextlib
import json
import os
import signal
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tagdock_simulators.demo.clock import PastClock
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.ports import LOOPBACK, answers, give_way, is_free
from tagdock_simulators.demo.processes import Program, Supervisor, find_program, run_once
from tagdock_simulators.demo.settings import DemoSettings

_HTTP_PORT, _BROKER_PORT = 8000, 1883
_CLOUD_READY_WITHIN_S = 90.0  # a first start makes a database; a start after a crash recovers one
_COMMAND_WITHIN_S = 30.0
_OUTSIDE_ANSWERS_WITHIN_S = 5.0
TOKEN = "demo"  # noqa: S105  # the name that a token begins with, not a secret
CLOUD_PROCESSES = ("api", "ingest", "broker", "database")
_PASSED_ON = "TAGDOCK_GATEWAY_PASSWORD"
_MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class Addresses(NamedTuple):
    """Where the cloud can be reached, as `tagdock-cloud serve --json` says it."""

    console: str
    broker: str
    database: str


class House:
    """Starts the programs of the other parts one by one."""

    def __init__(self, settings: DemoSettings, children: Supervisor, data: Path) -> None:
        self._settings = settings
        self._children = children
        self._data = data
        self._cloud_data = data / "cloud"

    async def start_cloud(self, clock: Mapping[str, str] | None = None) -> Addresses:
        """Start the cloud, with the embedded broker and database unless others were named. Raises DemoError.

        `clock`: the settings of the clock that it goes by; None: the box's own.
        """
        await _check_broker(self._settings.broker)
        ports = self._free_ports()
        try:
            return await self._start_cloud(ports, clock)
        except DemoError:
            if self._free_ports() == ports:
                raise
        return await self._start_cloud(self._free_ports(), clock)  # somebody was faster: give way

    def past_clock(self) -> PastClock:
        """Return a clock for a past that nothing is on record of yet. Raises DemoError where there is a record."""
        if self._cloud_data.exists():
            raise DemoError(f"--past wants a new folder, and {self._data} has a record already; choose one with --data")
        return PastClock(self._data)

    def _free_ports(self) -> tuple[str, ...]:
        ports = ("--http-port", str(_http_port(self._settings.http_port)))
        return ports if self._settings.broker else (*ports, "--broker-port", str(give_way(_BROKER_PORT)))

    async def _start_cloud(self, ports: tuple[str, ...], clock: Mapping[str, str] | None) -> Addresses:
        settings = self._settings
        command = (find_program("tagdock-cloud"), "serve", "--open", "--json", "--data", str(self._cloud_data), *ports)
        urls = {"TAGDOCK_BROKER": settings.broker, "TAGDOCK_DATABASE": settings.database}
        return await self._children.start(
            Program("cloud", command, {**environment(**urls), **(clock or {})}), _addresses, _CLOUD_READY_WITHIN_S
        )

    async def stop_cloud(self) -> None:
        """Stop the cloud with its database and broker."""
        await self._children.stop_one("cloud")

    async def add_token(self, database: str, started_at: datetime, name: str = TOKEN) -> str:
        """Make an administrator's token for this run."""
        return (await self._tokens(database, "add", _token_name(name, started_at), "--role", "admin")).split()[-1]

    async def revoke_token(self, database: str, started_at: datetime, name: str = TOKEN) -> None:
        """Take the token of this run out of force."""
        await self._tokens(database, "revoke", _token_name(name, started_at))

    async def start_gateway(self, toml: str, name: str = "gateway") -> None:
        """Write a gateway's configuration and start it."""
        file = self._data / name / "gateway.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(toml, encoding="utf-8")
        command = (find_program("tagdock-edge"), "run", "--config", str(file))
        await self._children.start(Program(name, command, environment()), _at_once, _COMMAND_WITHIN_S)

    async def stop_gateway(self, name: str) -> None:
        """Stop a gateway; it says good-bye."""
        await self._children.stop_one(name)

    async def start_slotting(self, database: str) -> None:
        """Start the worker that solves plans."""
        command = (find_program("tagdock-slotting"), "work")
        program = Program("slotting", command, environment(TAGDOCK_DATABASE=database))
        await self._children.start(program, _at_once, _COMMAND_WITHIN_S)

    async def stop_slotting(self) -> None:
        """Stop that worker."""
        await self._children.stop_one("slotting")

    def pid(self, name: str) -> int:
        """Return the process id of one of the cloud's own processes. Raises DemoError when it is not running."""
        file = self._cloud_data / "processes.json"
        try:
            return int(json.loads(file.read_text(encoding="utf-8"))[name])
        except (OSError, ValueError, KeyError, TypeError):
            raise DemoError(f"{file} names no process for {name}, so it can't be killed") from None

    def kill_all(self) -> None:
        """Kill everything at once; what was committed stays, the database recovers at the next start."""
        for name in CLOUD_PROCESSES:
            with contextlib.suppress(DemoError, ProcessLookupError):
                os.kill(self.pid(name), signal.SIGKILL)
        self._children.kill_all()

    async def _tokens(self, database: str, *arguments: str) -> str:
        command = (find_program("tagdock-cloud"), "tokens", *arguments)
        return await run_once(Program("tokens", command, environment(TAGDOCK_DATABASE=database)), _COMMAND_WITHIN_S)


def _token_name(name: str, started_at: datetime) -> str:
    return f"{name}-{started_at:%Y%m%dT%H%M%S%f}"


def environment(**settings: str | None) -> dict[str, str]:
    """Return our environment without the demo's own settings, which mean something else to its children.

    Addresses are handed down here, because a command line with a password can be read by everybody on the box.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAGDOCK_") or name == _PASSED_ON}
    return {**kept, **{name: value for name, value in settings.items() if value}}


def _http_port(asked: int | None) -> int:
    """Give way when the usual port is taken; insist on one that was asked for."""
    if asked is None:
        return give_way(_HTTP_PORT)
    if asked != 0 and not is_free(asked):
        raise DemoError(f"port {asked} is taken; stop what listens there, or choose another with --http-port (0: any)")
    return asked


async def _check_broker(address: str | None) -> None:
    """Look whether a broker is there at all: the cloud would wait for it for a long time."""
    if address is None:
        return
    parts = urlsplit(address)
    host, port = parts.hostname or LOOPBACK, parts.port or _MQTT_PORTS[parts.scheme]
    if not await answers(host, port, _OUTSIDE_ANSWERS_WITHIN_S):
        raise DemoError(f"no broker answers at {host}:{port}; start it, or leave --broker out for the embedded one")


def _addresses(written: str) -> Addresses | None:
    """Read the line of addresses, once it has been written whole."""
    line, whole, _ = written.partition("\n")
    if not whole:
        return None
    told: dict[str, Any] = json.loads(line)
    return Addresses(told["console"], told["broker"], told["database"])


def _at_once(_: str) -> bool:
    """Wait for nothing: this program says nothing when it is ready; whoever needs it tries again until it is."""
    return True
