"""`serve`: everything on one box, each program a process of its own, started again when it dies."""

import logging
import signal
import time
from collections.abc import Callable

from tagdock_cloud.access.acl import CLOUD_USER
from tagdock_cloud.config import BrokerAddress, ServeConfig, is_loopback
from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.front import check_exposed, front_settings
from tagdock_cloud.serve.child import Child
from tagdock_cloud.serve.data import DataDirectory
from tagdock_cloud.serve.ports import choose_port
from tagdock_cloud.serve.programs import Name, Program, own_program
from tagdock_cloud.store.migrate import migrate

logger = logging.getLogger(__name__)

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 8.0
_LOOK_EVERY_S = 0.1
_STOP_SIGNAL: dict[Name, signal.Signals] = {"database": signal.SIGINT}
"""PostgreSQL's "fast shutdown". The others get SIGTERM: one still at its imports answers SIGINT with a traceback."""
_STOP_ORDER: tuple[tuple[Name, ...], ...] = (("api", "ingest", "work"), ("broker",), ("database",))


class Supervisor:
    """All programs of one data directory. Call `run` on the main thread: children end with the thread that made it."""

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self._data = DataDirectory(config.data)
        self._children: list[Child] = []
        self._is_stopping = False

    def stop(self) -> None:
        """Ask `run` to end. Safe in a signal handler: it only raises a flag, as the main thread may hold any lock."""
        self._is_stopping = True

    def run(self, when_ready: Callable[[dict[str, str]], None]) -> None:
        """Start everything, call `when_ready` with the addresses, look after it until `stop`.

        Raises CloudError when something cannot start: a taken port, a folder in use, an unreachable database or broker.
        """
        check_exposed(self._config.host, self._config.front)
        _check_broker_exposed(self._config)
        self._data.acquire()
        try:
            addresses = self._start()
            self._data.write("addresses.json", addresses)
            when_ready(addresses)
            while True:
                self._look_after()
                time.sleep(_LOOK_EVERY_S)
        except _StoppedError:
            pass
        finally:
            self._stop_all()
            self._data.forget("addresses.json")
            self._data.forget("processes.json")

    def _start(self) -> dict[str, str]:
        config, remembered = self._config, self._data.read("ports.json") or {}
        ports = {"http": choose_port(config.host, config.http_port, "--http-port", remembered.get("http"))}
        if config.broker is None:
            ports["broker"] = choose_port(config.host, config.broker_port, "--broker-port", remembered.get("broker"))
            if config.front.tls_cert is not None:
                ports["inside"] = choose_port("127.0.0.1", 0, "--broker-port", remembered.get("inside"))
        if config.database is None:
            ports["database"] = choose_port("127.0.0.1", 0, "--database", remembered.get("database"))
        self._data.write("ports.json", ports)
        database = config.database or self._start_database(ports["database"])
        migrate(database)
        broker = config.broker or self._start_broker(ports["broker"], ports.get("inside"), database)
        shown = broker.shown if "inside" not in ports else self._url("mqtts", ports["broker"])
        console = self._url("http" if config.front.tls_cert is None else "https", ports["http"]) + "/"
        self._start_programs(self._ingest(database, broker), self._api(database, ports["http"]), self._work(database))
        return {"console": console, "broker": shown, "database": database}

    def _start_database(self, port: int) -> str:
        database = EmbeddedDatabase(self._data.folder / "database", port, self._data.secret("database"))
        database.prepare()
        self._start_programs(Program("database", database.command, talk=self._data.folder / "database.log"))
        database.wait(READY_TIMEOUT_S, while_waiting=self._look_after)
        return database.url

    def _start_broker(self, port: int, inside_port: int | None, database: str) -> BrokerAddress:
        """Start the broker and return where ingest reaches it."""
        password = self._data.secret("broker")
        settings = {"TAGDOCK_DATABASE": database, "TAGDOCK_BROKER_PASSWORD": password, "TAGDOCK_BROKER_PORT": str(port)}
        if inside_port is not None:
            settings |= {"TAGDOCK_INSIDE_PORT": str(inside_port), **front_settings(self._config.front)}
        self._start_programs(own_program("broker", {**settings, **self._shared_settings()}))
        if inside_port is not None:
            return BrokerAddress("127.0.0.1", inside_port, user=CLOUD_USER, password=password)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._config.host, self._config.host)  # noqa: S104
        return BrokerAddress(host, port, user=CLOUD_USER, password=password)

    def _ingest(self, database: str, broker: BrokerAddress) -> Program:
        settings = {"TAGDOCK_DATABASE": database, "TAGDOCK_BROKER": broker.url}
        if broker.ca_file is not None:
            settings["TAGDOCK_BROKER_CA"] = str(broker.ca_file.absolute())
        return own_program("ingest", {**settings, **self._shared_settings()})

    def _api(self, database: str, port: int) -> Program:
        private = str(int(self._config.private_webhooks))
        settings = {"TAGDOCK_DATABASE": database, "TAGDOCK_HTTP_PORT": str(port), "TAGDOCK_PRIVATE_WEBHOOKS": private}
        if self._config.database is None:
            settings["TAGDOCK_WATCH_DISK"] = str(self._data.folder)
        return own_program("api", {**settings, **self._shared_settings(), **front_settings(self._config.front)})

    def _work(self, database: str) -> Program:
        private = self._config.is_open or self._config.private_webhooks
        settings = {"TAGDOCK_DATABASE": database, "TAGDOCK_PRIVATE_WEBHOOKS": str(int(private))}
        return own_program("work", settings)

    def _shared_settings(self) -> dict[str, str]:
        return {"TAGDOCK_HOST": self._config.host, "TAGDOCK_OPEN": "1" if self._config.is_open else "0"}

    def _start_programs(self, *programs: Program) -> None:
        """Start programs at once and wait until each is ready, unless it cannot say so."""
        children = [Child(program, self._data.lock) for program in programs]
        for child in children:
            self._children.append(child)
            child.start()
        self._write_processes()
        for child in children:
            if child.program.talk is None:
                child.wait_ready(READY_TIMEOUT_S)
        if self._is_stopping:
            raise _StoppedError

    def _look_after(self) -> None:
        """Start again what died. Raises _StoppedError once somebody asked to stop."""
        if self._is_stopping:
            raise _StoppedError
        now_s = time.monotonic()
        changed = [child for child in self._children if child.look_after(now_s)]
        if changed:
            self._write_processes()

    def _write_processes(self) -> None:
        self._data.write("processes.json", {child.program.name: child.pid for child in self._children})

    def _url(self, scheme: str, port: int) -> str:
        host = self._config.host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def _stop_all(self) -> None:
        """Stop what stands on others first, the database last; whoever does not listen is killed."""
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for names in _STOP_ORDER:
            children = [child for child in self._children if child.program.name in names]
            for child in children:
                child.signal(_STOP_SIGNAL.get(child.program.name, signal.SIGTERM))
            for child in children:
                if not child.wait(deadline - time.monotonic()):
                    logger.warning("the %s program does not stop: killed", child.program.name)
                    child.signal(signal.SIGKILL)
                    child.wait(1.0)


def _check_broker_exposed(config: ServeConfig) -> None:
    """Refuse to let gateways send their secrets over a network in plain. Raises ConfigurationError."""
    if config.broker is None and config.front.tls_cert is None and not is_loopback(config.host):
        raise ConfigurationError(
            f"the broker that `serve` brings would listen on {config.host} in plain: give --tls-cert and --tls-key, "
            "or --broker with one of your own"
        )


class _StoppedError(Exception):
    """Somebody asked to stop while things were still starting."""


def serve(config: ServeConfig, when_ready: Callable[[dict[str, str]], None]) -> None:
    """Run everything until SIGINT or SIGTERM. Raises CloudError as `Supervisor.run` does."""
    supervisor = Supervisor(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.run(when_ready)
