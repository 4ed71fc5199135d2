"""Every service's own command runs as docker-compose.yml says, on this machine: same words, same files, same order.

Only places differ: container paths become folders of the test, service names 127.0.0.1 with free ports. Instead of the
images, Debian's mosquitto and PostgreSQL (without TimescaleDB) serve; Grafana is left out, its database role is tried.
"""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import paho.mqtt.client as mqtt
import psycopg
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROGRAMS = {
    "cloud": "tagdock-cloud",
    "slotting": "tagdock-slotting",
    "edge": "tagdock-edge",
    "simulators": "tagdock-sim",
}
GRACE_S = 10
"""How long compose waits after SIGTERM before it kills."""


def debian_programs() -> Path:
    """Return the folder of PostgreSQL's programs, or skip."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    missing = [] if folders else ["postgresql-15"]
    missing += [] if shutil.which("mosquitto", path=search_path()) else ["mosquitto"]
    missing += [] if shutil.which("openssl") else ["openssl"]
    if missing:
        pytest.skip(f"needs Debian's {', '.join(missing)}: apt-get install {' '.join(missing)}")
    return folders[-1]


def search_path() -> str:
    return f"{BIN}:{os.environ['PATH']}:/usr/sbin"


def free_ports(count: int) -> int:
    """Return the first of so many free ports in a row."""
    for first in range(20_000 + os.getpid() % 10_000, 40_000, 97):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for number, each in enumerate(sockets):
                each.bind(("127.0.0.1", first + number))
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
        return first
    raise AssertionError("no free ports")


def wait_for(what: str, seconds: float, true: Callable[[], Any]) -> Any:
    """Ask again and again until there is an answer; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = true()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Machine:
    """Stands in for the container engine: gives each service its files, variables and command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        ports = free_ports(7)
        self.database_port, self.broker_port, self.http_port, self.reader_port = ports, ports + 1, ports + 2, ports + 3
        subprocess.run([ROOT / "deploy/make-secrets", "-d", folder / "secrets"], capture_output=True, check=True)

    def local(self, service: str, text: str) -> str:
        """Say what the service is told in terms of this machine."""
        for place, here in sorted(self._places(service).items(), key=lambda pair: -len(pair[0])):
            text = re.sub(rf"(?<![\w./-]){re.escape(place)}(?![\w.-])", here, text)
        addresses = {"database:5432": self.database_port, "mosquitto:8883": self.broker_port}
        for address, port in addresses.items():
            text = text.replace(address, f"127.0.0.1:{port}")
        text = text.replace("listener 8883", f"listener {self.broker_port} 127.0.0.1")
        text = text.replace('"readers"', '"127.0.0.1"').replace("0.0.0.0", "127.0.0.1")
        text = re.sub(r"\b8000\b", str(self.http_port), text)
        return re.sub(r"\b508[4-7]\b", lambda port: str(int(port[0]) - 5084 + self.reader_port), text)

    def _places(self, service: str) -> dict[str, str]:
        """Return where each container path of a service lies here; mounted texts are rewritten copies."""
        places = {}
        for name in SERVICES[service].get("secrets", []):
            places[f"/run/secrets/{name}"] = str(self.folder / COMPOSE["secrets"][name]["file"])
        for source, target in (mount.split(":")[:2] for mount in SERVICES[service].get("volumes", [])):
            volume = self.folder / ("volumes" if "/" not in source else service) / Path(source).name
            if "/" not in source:
                volume.mkdir(parents=True, exist_ok=True)
            places[target] = str(volume)
        return places

    def mount(self, service: str) -> None:
        """Write this machine's version of each file that is mounted into the service."""
        for source in (mount.split(":")[0] for mount in SERVICES[service].get("volumes", [])):
            if "/" in source and (ROOT / source).is_file():
                copy = self.folder / service / Path(source).name
                copy.parent.mkdir(exist_ok=True)
                copy.write_text(self.local(service, (ROOT / source).read_text()))
                copy.chmod(0o700)

    def variables(self, service: str) -> dict[str, str]:
        """Return the service's environment and nothing of ours but the search path."""
        given: dict[str, str] = dict(SERVICES[service].get("environment", {}))
        for file in SERVICES[service].get("env_file", []):
            given |= dict(line.split("=", 1) for line in (self.folder / file).read_text().splitlines())
        local = {name: self.local(service, value) for name, value in given.items()}
        return local | {"PATH": search_path(), "HOME": "/nonexistent", "PYTHONUNBUFFERED": "1"}

    def words(self, service: str) -> list[str]:
        """Return the service's command line."""
        settings = SERVICES[service]
        words = list(settings.get("entrypoint", [])) + list(settings.get("command", []))
        if "build" in settings and "entrypoint" not in settings:
            words.insert(0, PROGRAMS[Path(settings["build"]["dockerfile"]).parent.name])
        if words[0] == "register-gateway":
            words[0] = str(self.folder / service / words[0])
        return [self.local(service, word.replace("$$", "$")) for word in words]

    def run(self, service: str) -> None:
        """Run a service that ends by itself; it has to succeed."""
        self.mount(service)
        done = subprocess.run(
            self.words(service), env=self.variables(service), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"

    def start(self, service: str) -> None:
        """Start a service that stays."""
        self.mount(service)
        with self.log(service).open("wb") as log:
            self.processes[service] = subprocess.Popen(
                self.words(service), env=self.variables(service), stdout=log, stderr=log
            )

    @contextmanager
    def paused(self, service: str) -> Iterator[None]:
        """Hold a service still, so that somebody else may use its name at the broker: a name has one session there."""
        self.processes[service].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.processes[service].send_signal(signal.SIGCONT)

    def log(self, service: str) -> Path:
        return self.folder / f"{service}.log"

    def stop(self) -> None:
        """Stop everything as compose does, in turn; each has to end well within its grace."""
        bad = []
        for service, process in reversed(self.processes.items()):
            died = process.poll()
            process.send_signal(signal.SIGTERM)
            try:
                status = process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
            fine = (0, -signal.SIGTERM) if service == "api" else (0,)  # uvicorn cleans up, then raises the signal again
            if died is not None or status not in fine:
                bad.append(f"{service}: exit status {status}\n{self.log(service).read_text()[-2000:]}")
        assert not bad, "\n".join(bad)

    def query(self, user: str, sql: str) -> list[Any]:
        """Ask the database as the cloud, as Grafana, as slotting or as its superuser."""
        role = {"tagdock": "database"}.get(user, user.removeprefix("tagdock_"))
        password = (self.folder / f"secrets/{role}-password").read_text().strip()
        address = f"postgresql://{user}:{password}@127.0.0.1:{self.database_port}/tagdock"
        with psycopg.connect(address, connect_timeout=5) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Start PostgreSQL as the image would: superuser, database, then the mounted script."""
    programs = debian_programs()
    machine = Machine(tmp_path_factory.mktemp("compose"))
    data = Path(tempfile.mkdtemp(prefix="tagdock-"))
    who: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    password = data / "password"
    shutil.copy(machine.folder / "secrets/postgres-password", password)
    if who:
        shutil.chown(data, "postgres", "postgres")
        shutil.chown(password, "postgres", "postgres")
    settings = SERVICES["database"]["environment"]
    words = [
        programs / "initdb",
        "--auth-local=trust",
        *settings["POSTGRES_INITDB_ARGS"].split(),
        "--no-sync",
    ]
    subprocess.run(
        [*words, f"--username={settings['POSTGRES_USER']}", f"--pwfile={password}", str(data / "data")],
        cwd=data, capture_output=True, check=True, timeout=60, **who,
    )  # fmt: skip
    options = [f"-p{machine.database_port}", f"-k{data}", "-clisten_addresses=127.0.0.1", "-cfsync=off"]
    log = machine.log("database").open("wb")
    server = subprocess.Popen(
        [programs / "postgres", "-D", data / "data", *options], cwd=data, stdout=log, stderr=log, **who
    )
    try:
        wait_for("PostgreSQL", 60, lambda: accepts(machine.database_port))
        environment = machine.variables("database") | {"PGHOST": str(data), "PGPORT": str(machine.database_port)}
        user, database = settings["POSTGRES_USER"], settings["POSTGRES_DB"]
        is_up = [str(programs / "pg_isready"), "-q", "-h", str(data)]
        wait_for("PostgreSQL", 60, lambda: subprocess.run(is_up, env=environment, check=False).returncode == 0)
        subprocess.run(["createdb", "-U", user, database], env=environment, check=True, timeout=30)
        yield machine
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        log.close()
        shutil.rmtree(data)


@pytest.fixture(scope="module")
def machine(postgres: Machine) -> Iterator[Machine]:
    """Start all services in the order of their `depends_on`, the demo's readers too."""
    for service in ("roles", "migrate", "grants", "access"):
        postgres.run(service)
    try:
        postgres.mount("mosquitto")
        if os.getuid() == 0:  # it would become another user, who may not enter the test's folders
            with (postgres.folder / "mosquitto/mosquitto.conf").open("a") as file:
                file.write("\nuser root\n")
        start_mosquitto(postgres)
        wait_for("mosquitto", 30, lambda: accepts(postgres.broker_port))
        for service in ("api", "ingest", "work", "slotting", "readers", "edge"):
            postgres.start(service)
        yield postgres
    finally:
        postgres.stop()


def start_mosquitto(machine: Machine) -> None:
    with machine.log("mosquitto").open("wb") as log:
        machine.processes["mosquitto"] = subprocess.Popen(
            machine.words("mosquitto"), env=machine.variables("mosquitto"), stdout=log, stderr=log
        )


# ---- the broker -----------------------------------------------------------------------------------------------------


class Client:
    """An MQTT 5 client: there the broker says no aloud."""

    def __init__(self, machine: Machine, user: str, password: str) -> None:
        self.replies: list[int] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, f"test-{user}", protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set(user, password)
        self.client.tls_set(str(machine.folder / "secrets/ca.crt"))
        self.client.on_connect = lambda *arguments: self.replies.append(arguments[3].value)
        self.client.on_publish = lambda *arguments: self.replies.append(arguments[3].value)
        self.client.on_subscribe = lambda *arguments: self.replies.append(arguments[3][0].value)
        self.client.connect("127.0.0.1", machine.broker_port)
        self.client.loop_start()

    def reply(self, action: Callable[..., Any], *arguments: Any) -> int:
        action(*arguments)
        return self.next_reply()

    def next_reply(self) -> int:
        wait_for("an answer of the broker", 30, lambda: self.replies)
        return self.replies.pop(0)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


GRANTED, NOT_AUTHORIZED = {0, 1, 16}, 135  # 16: taken, but nobody subscribes


@pytest.fixture
def gateway(machine: Machine) -> Iterator[Client]:
    secret = (machine.folder / "volumes/gateway-secret/site-1.gw-1").read_text().strip()
    with machine.paused("edge"):
        client = Client(machine, "site-1.gw-1", secret)
        assert client.next_reply() == 0
        yield client
        client.close()


def test_a_gateway_may_speak_and_listen_on_its_own_topics(gateway: Client) -> None:
    assert gateway.reply(gateway.client.publish, "tagdock/v1/site-1/gw-1/events", b"no batch", 1) in GRANTED
    assert gateway.reply(gateway.client.subscribe, "tagdock/v1/site-1/gw-1/ack", 1) in GRANTED


@pytest.mark.parametrize(
    "topic",
    [
        "tagdock/v1/site-1/gw-2/events",
        "tagdock/v1/site-2/gw-1/events",
        "tagdock/v1/site-1/gw-1/ack",
        "anything",
        "$SYS/x",
    ],
)
def test_a_gateway_may_not_speak_on_other_topics(gateway: Client, topic: str) -> None:
    assert gateway.reply(gateway.client.publish, topic, b"x", 1) == NOT_AUTHORIZED


def test_a_gateway_does_not_hear_what_others_say(machine: Machine, gateway: Client) -> None:
    heard: list[bytes] = []
    gateway.client.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
    for topic in ("tagdock/v1/+/+/ack", "tagdock/v1/site-1/gw-1/ack"):
        gateway.reply(gateway.client.subscribe, topic, 1)
    password = (machine.folder / "secrets/broker-password").read_text().strip()
    with machine.paused("ingest"):
        cloud = Client(machine, "tagdock-cloud", password)
        assert cloud.next_reply() == 0
        assert cloud.reply(cloud.client.publish, "tagdock/v1/site-1/gw-2/ack", b"for gw-2", 1) in GRANTED
        assert cloud.reply(cloud.client.publish, "tagdock/v1/site-1/gw-1/ack", b"for gw-1", 1) in GRANTED
        wait_for("the gateway's own ack", 30, lambda: b"for gw-1" in heard)
        cloud.close()
    assert b"for gw-2" not in heard


@pytest.mark.parametrize("user", ["site-1.gw-1", "tagdock-cloud", "nobody", ""])
def test_a_wrong_password_is_refused(machine: Machine, user: str) -> None:
    client = Client(machine, user, "wrong")
    assert client.next_reply() in (134, NOT_AUTHORIZED)
    client.close()


def test_a_broker_with_another_authoritys_certificate_is_not_trusted(machine: Machine, tmp_path: Path) -> None:
    subprocess.run([ROOT / "deploy/make-secrets", "-d", tmp_path / "other"], capture_output=True, check=True)
    for authority, is_trusted in ((machine.folder / "secrets/ca.crt", True), (tmp_path / "other/ca.crt", False)):
        context = ssl.create_default_context(cafile=authority)
        with socket.create_connection(("127.0.0.1", machine.broker_port), timeout=30) as plain:
            if is_trusted:
                context.wrap_socket(plain, server_hostname="mosquitto").close()
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    context.wrap_socket(plain, server_hostname="mosquitto")


# ---- the services ---------------------------------------------------------------------------------------------------


def test_the_api_is_healthy_by_composes_own_check_and_lets_nobody_in(machine: Machine) -> None:
    check = [machine.local("api", word) for word in SERVICES["api"]["healthcheck"]["test"][1:]]

    def is_healthy() -> bool:
        environment = {"PATH": search_path()}
        return subprocess.run(check, env=environment, capture_output=True, timeout=30, check=False).returncode == 0

    wait_for("the API", 60, is_healthy)
    address = f"http://127.0.0.1:{machine.http_port}/api/v1/sites"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address, timeout=30)
    assert caught.value.code == 401
    caught.value.close()
    words = ["tagdock-cloud", "tokens", "add", "somebody", "--role", "viewer"]  # docker compose run --rm api tokens ...
    token = subprocess.run(words, env=machine.variables("api"), capture_output=True, text=True, timeout=30, check=True)
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token.stdout.strip()}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200


def socket_check(machine: Machine, service: str, port: int) -> bool:
    """Run a service's own health check, with a port of this machine."""
    kind, program, what, _ = SERVICES[service]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "has-socket")
    checked = subprocess.run([ROOT / "deploy" / program, what, str(port)], timeout=10, check=False)
    return checked.returncode == 0


@pytest.mark.parametrize("service", ["ingest", "work", "slotting", "edge", "readers"])
def test_programs_without_a_port_to_ask_are_healthy_by_their_sockets(machine: Machine, service: str) -> None:
    ports = {"8883": machine.broker_port, "5432": machine.database_port, "5084": machine.reader_port}
    port = ports[SERVICES[service]["healthcheck"]["test"][3]]
    wait_for(f"{service} healthy", 60, lambda: socket_check(machine, service, port))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not socket_check(machine, service, unused.getsockname()[1])


def test_what_the_simulated_readers_see_comes_to_stand_in_the_database(machine: Machine) -> None:
    online = "SELECT 1 FROM gateways_v1 WHERE site = 'site-1' AND gateway = 'gw-1' AND state = 'online'"
    wait_for("the gateway's status", 60, lambda: machine.query("tagdock_grafana", online))
    wait_for_a_movement(machine)


def wait_for_a_movement(machine: Machine) -> None:
    wait_for("a movement", 60, lambda: machine.query("tagdock_grafana", "SELECT 1 FROM movements_v1 LIMIT 1"))


def test_the_slotting_worker_waits_at_the_database(machine: Machine) -> None:
    # Its LISTEN is the newest query of its connection for half a minute only; its heartbeat is there as long as it is.
    beats = "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - interval '60 seconds'"
    wait_for("the worker", 120, lambda: machine.query("tagdock_slotting", beats))


def test_grafana_reads_every_view_and_nothing_else(machine: Machine) -> None:
    views = machine.query("tagdock", "SELECT viewname FROM pg_views WHERE viewname LIKE '%\\_v1'")
    tables = machine.query("tagdock", "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert len(views) > 10
    for (view,) in views:
        machine.query("tagdock_grafana", f"SELECT * FROM {view} LIMIT 1")
    for (table,) in tables:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            machine.query("tagdock_grafana", f'SELECT * FROM "{table}" LIMIT 1')
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        machine.query("tagdock_grafana", "CREATE TABLE mine (x int)")


def test_the_clouds_role_is_no_superuser(machine: Machine) -> None:
    (rights,) = machine.query(
        "tagdock", "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'tagdock'"
    )
    assert not any(rights)


def test_what_runs_at_every_start_changes_nothing_the_second_time(machine: Machine) -> None:
    secret = machine.folder / "volumes/gateway-secret/site-1.gw-1"
    before = secret.read_text()
    for service in ("roles", "migrate", "grants", "access"):
        machine.run(service)
    assert secret.read_text() == before
    assert stat.S_IMODE(secret.stat().st_mode) == 0o640
    assert stat.S_IMODE((machine.folder / "volumes/broker-access/passwords").stat().st_mode) == 0o600


def test_a_lost_gateway_secret_is_replaced(machine: Machine) -> None:
    secret = machine.folder / "volumes/gateway-secret/site-1.gw-1"
    old = secret.read_text()
    other = machine.folder / "volumes/gateway-secret/site-2.gw-9"
    environment = machine.variables("access") | {"GATEWAY": "site-2/gw-9"}
    for _ in range(2):
        other.unlink(missing_ok=True)
        subprocess.run(machine.words("access"), env=environment, capture_output=True, timeout=60, check=True)
        assert len(other.read_text().strip()) >= 40
    assert secret.read_text() == old
    assert "user site-2.gw-9\n" in (machine.folder / "volumes/broker-access/acl").read_text()


def test_no_log_holds_a_secret(machine: Machine) -> None:
    secrets = [file.read_text().strip() for file in (machine.folder / "secrets").glob("*-password")]
    secrets += [file.read_text().strip() for file in (machine.folder / "volumes/gateway-secret").iterdir()]
    for log in machine.folder.glob("*.log"):
        text = log.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), log.name


def test_slotting_reads_the_views_and_writes_through_its_three_functions_only(machine: Machine) -> None:
    views = machine.query(
        "tagdock", "SELECT viewname FROM pg_views WHERE schemaname = 'public' AND viewname LIKE '%\\_v1'"
    )
    for (view,) in views:
        machine.query("tagdock_slotting", f"SELECT * FROM {view} LIMIT 1")
    tables = machine.query("tagdock", "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        if not table.startswith("procrastinate_"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                machine.query("tagdock_slotting", f'SELECT * FROM "{table}" LIMIT 1')
    nobody = "'00000000-0000-0000-0000-000000000000'"
    machine.query("tagdock_slotting", f"SELECT plan_start_v1({nobody}, '{{}}'), plan_finish_v1({nobody}, '{{}}')")
    machine.query("tagdock_slotting", f"SELECT plan_fail_v1({nobody}, '')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        machine.query("tagdock_grafana", f"SELECT plan_fail_v1({nobody}, '')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        machine.query("tagdock_slotting", "CREATE TABLE mine (x int)")


def test_every_panel_can_be_asked_with_grafanas_role(machine: Machine) -> None:
    wait_for_a_movement(machine)  # the variables offer what the record holds
    machine.query("tagdock", "insert into skus (sku) values ('S-1') on conflict do nothing returning sku")
    password = (machine.folder / "secrets/grafana-password").read_text().strip()
    address = f"postgresql://tagdock_grafana:{password}@127.0.0.1:{machine.database_port}/tagdock"
    words = [str(BIN / "tagdock-dashboards"), "check", "--json", "--generated", str(ROOT / "dashboards/generated")]
    told = subprocess.run(
        words, env={"TAGDOCK_DATABASE": address}, capture_output=True, text=True, timeout=60, check=False
    )
    answers = json.loads(told.stdout)["findings"]
    assert len(answers) > 10
    wrong = {(one["panel"], problem) for one in answers for problem in one["problems"] if "no data" not in problem}
    assert wrong == set()


def test_a_role_that_an_older_database_lacks_is_made_at_the_start(machine: Machine) -> None:
    def superuser(statement: LiteralString) -> None:
        password = (machine.folder / "secrets/postgres-password").read_text().strip()
        where = {"host": "127.0.0.1", "port": machine.database_port, "user": "postgres", "password": password}
        with psycopg.connect(dbname="tagdock", autocommit=True, **where) as connection:
            connection.execute(statement)

    superuser("alter role tagdock_slotting rename to somebody_else")
    try:
        machine.run("roles")
        machine.run("grants")
        assert machine.query("tagdock_slotting", "select count(*) from doors_v1")
    finally:
        superuser("drop owned by tagdock_slotting")
        superuser("drop role tagdock_slotting")
        superuser("alter role somebody_else rename to tagdock_slotting")
        machine.run("roles")  # with a new name the password is gone
