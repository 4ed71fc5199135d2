"""docker-compose.scale.yml says nothing that is not so, and its brokers keep what they promise, on loopback."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.scale.yml").read_text())
SMALL = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BROKERS = ("nats-1", "nats-2", "nats-3")
OURS = [name for name, service in SERVICES.items() if "build" in service and "entrypoint" not in service]
DEADLINE_S = 60


def mounts(service: str) -> list[tuple[str, str]]:
    return [tuple(mount.split(":")[:2]) for mount in SERVICES[service].get("volumes", [])]


# ---- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_pinned_restarted_bounded_and_powerless(service: str) -> None:
    settings = SERVICES[service]
    assert re.match(r"[^:]+:\d+\.\d+\.\d+", settings["image"])
    assert settings["restart"] in ("unless-stopped", "on-failure:5")
    assert settings["cap_drop"] == ["ALL"]
    assert settings["logging"]["options"].keys() == {"max-size", "max-file"}
    assert "build" in settings or re.fullmatch(r"[1-9]\d*:\d+", settings["user"])
    assert settings["restart"] != "unless-stopped" or settings["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_refers_to_is_there(service: str) -> None:
    settings = SERVICES[service]
    assert set(settings.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert set(settings["networks"]) <= COMPOSE["networks"].keys()
    for source, _ in mounts(service):
        assert (ROOT / source).exists() if "/" in source else source in COMPOSE["volumes"], source
    for other, how in settings.get("depends_on", {}).items():
        wanted = "healthcheck" in SERVICES[other] and SERVICES[other]["restart"] == "unless-stopped"
        assert wanted == (how["condition"] == "service_healthy"), other


def test_everything_declared_is_used() -> None:
    assert {name for each in SERVICES.values() for name in each.get("secrets", [])} == COMPOSE["secrets"].keys()
    volumes = {source for service in SERVICES for source, _ in mounts(service) if "/" not in source}
    assert volumes == COMPOSE["volumes"].keys()
    assert {name for each in SERVICES.values() for name in each["networks"]} == COMPOSE["networks"].keys()


def test_it_shares_images_and_secrets_with_the_small_one() -> None:
    assert COMPOSE["secrets"].items() <= SMALL["secrets"].items()
    for name in OURS:
        small = SMALL["services"].get(name.rstrip("-12"))
        assert small is not None and small["image"] == SERVICES[name]["image"]


def test_the_shares_of_ingest_are_all_there_and_go_to_programs_of_their_own() -> None:
    shares = [service["command"][-1] for name, service in SERVICES.items() if name.startswith("ingest-")]
    assert sorted(shares) == [f"{n}/{len(shares)}" for n in range(1, len(shares) + 1)]


@pytest.mark.parametrize("service", OURS)
def test_every_command_and_option_exists(service: str) -> None:
    program = "tagdock-slotting" if service == "slotting" else "tagdock-cloud"
    command, *options = SERVICES[service]["command"]
    told = subprocess.run([program, command, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
    for option in options:
        assert not option.startswith("--") or re.search(rf"{option}\b", told), option


def test_the_brokers_answer_to_the_name_that_ingest_and_certificate_know(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("deploy/make-secrets needs openssl: apt-get install openssl")
    subprocess.run([ROOT / "deploy/make-secrets", "-d", tmp_path / "s"], capture_output=True, timeout=60, check=True)
    url = (tmp_path / "s/broker.env").read_text()
    host = re.search(r"@([\w-]+):8883", url)
    assert host is not None
    assert all(SERVICES[name]["networks"]["field"]["aliases"] == [host[1]] for name in BROKERS)
    show = ["openssl", "x509", "-in", tmp_path / "s/broker.crt", "-noout", "-text"]
    told = subprocess.run(show, capture_output=True, text=True, timeout=30, check=True).stdout
    assert {f"DNS:{name}" for name in (*BROKERS, host[1])} <= set(re.findall(r"DNS:[\w-]+", told))
    assert "TLS Web Client Authentication" in told  # the brokers check each other


def test_the_cluster_is_joined_with_the_secrets_that_the_service_has() -> None:
    script = (ROOT / "deploy/citus/join").read_text()
    assert set(re.findall(r"\$secrets/(\w+)", script)) == set(SERVICES["join"]["secrets"])
    assert SERVICES["join"]["entrypoint"][1:] == ["database", "worker-1", "worker-2"]


# ---- the brokers ----------------------------------------------------------------------------------------------------


class Cluster:
    """The three brokers as deploy/nats.conf makes them, on ports of this machine, with one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with ExitStack() as stack:
            probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(12)]
            free = iter([probe.getsockname()[1] for probe in probes])
        self.ports = {name: [next(free) for _ in range(4)] for name in BROKERS}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def config(self, name: str) -> Path:
        text = (ROOT / "deploy/nats.conf").read_text()
        own = dict(zip(("4222", "8222", "6222", "8883"), self.ports[name], strict=True))
        for other in BROKERS:
            text = text.replace(f"tls://{other}:6222", f"nats://127.0.0.1:{self.ports[other][2]}")
        for port, here in own.items():
            text = re.sub(rf'"[\d.]+:{port}"', f'"127.0.0.1:{here}"', text)
        text = re.sub(r"\n  tls \{[^}]*\}", "", text)
        text = text.replace('"/data"', f'"{self.folder / name}"').replace('"access/authorization.conf"', '"users.conf"')
        (self.folder / "users.conf").write_text("")
        file = self.folder / f"{name}.conf"
        file.write_text(text)
        return file

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [shutil.which("nats-server") or "", "--config", self.config(name)],
                env={**os.environ, "NATS_NAME": name}, stdout=log, stderr=log,
            )  # fmt: skip

    def is_healthy(self, name: str) -> bool:
        """Ask as the service's health check does."""
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name][1]}/healthz", timeout=5):
            return True
        return False

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGKILL)
            process.wait()

    def port(self, name: str) -> int:
        return self.ports[name][3]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    if shutil.which("nats-server") is None:
        pytest.skip("nats-server is not installed: apt-get install nats-server")
    brokers = Cluster(tmp_path)
    try:
        for name in BROKERS:
            brokers.start(name)
        wait_for(lambda: all(brokers.is_healthy(name) for name in BROKERS))
        yield brokers
    finally:
        brokers.stop()


def wait_for(true: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while not (answer := true()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return answer


class Client:
    """A client as gateways and ingest are: MQTT 3.1.1, a session that stays, connecting to whichever node lives."""

    def __init__(self, cluster: Cluster, client_id: str, subscribe: str | None = None) -> None:
        self.cluster, self.client_id, self.subscribe = cluster, client_id, subscribe
        self.heard: list[bytes] = []
        self.ready = threading.Event()

    def connect(self, *names: str) -> None:
        """Connect to the first of the nodes that takes it, as a name with several addresses does."""
        self.ready.clear()
        wait_for(lambda: any(self._connect(name) for name in names))

    def publish(self, payload: bytes) -> None:
        topic = "tagdock/v1/site-1/gw-1/events"
        self.client.publish(topic, payload, 1).wait_for_publish(DEADLINE_S)

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _connect(self, name: str) -> bool:
        version, protocol = CallbackAPIVersion.VERSION2, mqtt.MQTTv311
        self.client = mqtt.Client(version, self.client_id, clean_session=False, protocol=protocol)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = lambda _c, _u, message: self.heard.append(message.payload)
        try:
            self.client.connect("127.0.0.1", self.cluster.port(name))
        except OSError:
            return False
        self.client.loop_start()
        if not self.ready.wait(30):
            self.leave()
        return self.ready.is_set()

    def _on_connect(self, client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            return
        if self.subscribe is None:
            self.ready.set()
        else:
            client.subscribe(self.subscribe, 1)

    def _on_subscribe(self, _client: Any, _user: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        if not any(reason.is_failure for reason in reasons):  # else the next try
            self.ready.set()


def test_what_waits_for_ingest_survives_the_loss_of_a_broker(cluster: Cluster) -> None:
    ingest = Client(cluster, "tagdock-cloud-ingest", "tagdock/v1/+/+/events")
    ingest.connect("nats-1")
    ingest.leave()  # the session stays
    gateway = Client(cluster, "site-1.gw-1")
    gateway.connect("nats-2")
    sent = {f"batch {n}".encode() for n in range(50)}
    for payload in sent:
        gateway.publish(payload)
    gateway.leave()
    cluster.kill("nats-1")
    ingest.connect("nats-3", "nats-2")
    wait_for(lambda: sent <= set(ingest.heard))
    ingest.leave()
