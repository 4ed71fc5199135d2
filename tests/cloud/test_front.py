"""TLS where it crosses a machine: what refuses to start, and what a browser and a gateway meet."""

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_cloud.access.gateways import add_gateway
from tagdock_cloud.config import Front, Grant
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.front import check_exposed, parse_grants
from tagdock_cloud.store.pool import check_url, connect
from tagdock_contract import GatewayAddress

DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "only for tests")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize(
    ("host", "front", "is_fine"),
    [
        ("127.0.0.1", Front(), True),
        ("::1", Front(), True),
        ("localhost", Front(), True),
        ("0.0.0.0", Front(), False),
        ("192.0.2.1", Front(), False),
        ("example.org", Front(), False),
        ("0.0.0.0", Front(tls_cert=Path("c"), tls_key=Path("k")), True),
        ("0.0.0.0", Front(proxies=("10.0.0.1",)), True),
    ],
)
def test_nothing_listens_in_plain_off_loopback(host: str, front: Front, is_fine: bool) -> None:
    if is_fine:
        check_exposed(host, front)
    else:
        with pytest.raises(ConfigurationError, match="--tls-cert"):
            check_exposed(host, front)


def refused(*arguments: str, **settings: str) -> str:
    """Run a command that has to refuse, and return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "tagdock_cloud", *arguments],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["api", "--host", "0.0.0.0"], "must not travel in plain"),
        (["serve", "--host", "0.0.0.0"], "must not travel in plain"),
        (["serve", "--host", "0.0.0.0", "--behind-proxy", "10.0.0.1", "--database", "postgresql://x"], "--broker with"),
        (["api", "--tls-cert", "nowhere"], "go together"),
        (["api", "--tls-cert", "nowhere", "--tls-key", "nowhere"], "no such file"),
        (["api", "--behind-proxy", "all"], "--behind-proxy"),
        (["api", "--oidc-issuer", "https://id.example"], "--public-url, --oidc-client-id, --oidc-roles"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_command_line_refuses_what_is_open_or_half(arguments: list[str], said: str, tmp_path: Path) -> None:
    settings = {"TAGDOCK_DATABASE": "postgresql://nowhere.invalid/x"} if arguments[0] == "api" else {}
    folder = ["--data", str(tmp_path)] if arguments[0] == "serve" else []
    assert said in refused(*arguments, *folder, **settings)


def test_groups_become_roles() -> None:
    assert parse_grants("cn=boss,dc=x=admin; pickers=viewer@s1,s2") == (
        Grant("cn=boss,dc=x", "admin"),
        Grant("pickers", "viewer", frozenset({"s1", "s2"})),
    )
    for text in ("", "x", "=viewer", "x=king", "x=device", "x=viewer@"):
        with pytest.raises(ConfigurationError, match="--oidc-roles"):
            parse_grants(text)


def test_serve_speaks_tls_to_browsers_and_gateways(
    database: str, certificate: tuple[Path, Path], tmp_path: Path, wait_until: Callable[..., Any]
) -> None:
    cert, key = certificate
    with connect(database) as connection:
        secret = add_gateway(connection, GatewayAddress("s1", "g1"))
    command = [sys.executable, "-m", "tagdock_cloud", "serve", "--json", "--data", str(tmp_path / "data")]
    ports = ["--http-port", "0", "--broker-port", "0", "--database", database]
    tls = ["--tls-cert", str(cert), "--tls-key", str(key)]
    with subprocess.Popen([*command, *ports, *tls], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            addresses = _first_line(process)
            assert addresses["console"].startswith("https://") and addresses["broker"].startswith("mqtts://")
            context = ssl.create_default_context(cafile=str(cert))
            answer = httpx.get(addresses["console"] + "healthz", verify=context, timeout=DEADLINE_S)
            assert answer.status_code == 200
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            port = int(addresses["broker"].rpartition(":")[2])
            assert _mqtt(port, secret, context) == "Success"
            wait_until(lambda: _reached_in_plain(port) is False)
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, str]:
    assert process.stdout is not None
    addresses: dict[str, str] = json.loads(process.stdout.readline())
    return addresses


def _mqtt(port: int, secret: str, context: ssl.SSLContext) -> str:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="s1.g1", protocol=mqtt.MQTTv311)
    client.username_pw_set("s1.g1", secret)
    client.tls_set_context(context)
    answered, codes = threading.Event(), []
    client.on_connect = lambda *arguments: (codes.append(str(arguments[3])), answered.set())
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert answered.wait(DEADLINE_S)
    client.disconnect()
    client.loop_stop()
    return codes[0]


def _reached_in_plain(port: int) -> bool:
    """Tell whether anything answers who speaks MQTT there without TLS."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as plain:
        plain.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04s1g1")
        try:
            return plain.recv(4)[:1] == b"\x20"
        except OSError:
            return False


@pytest.mark.parametrize(
    ("url", "is_warned"),
    [
        ("postgresql://u:p@127.0.0.1/x", False),
        ("postgresql://u:p@localhost/x", False),
        ("postgresql://u:p@/x?host=/run/postgresql", False),
        ("postgresql://u:secret@db.example/x", True),
        ("postgresql://u:secret@db.example/x?sslmode=verify-full", False),
        ("postgresql://u:secret@10.0.0.2/x?sslmode=disable", False),
        ("postgresql://u:secret@localhost,db2.example/x", True),
    ],
)
def test_a_database_across_a_network_without_tls_is_warned_of(
    url: str, is_warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    check_url(f"{url}{'&' if '?' in url else '?'}application_name={is_warned}{len(url)}")  # warned once an address
    assert ("sslmode=verify-full" in caplog.text) is is_warned
    assert "secret" not in caplog.text
