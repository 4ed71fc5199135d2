"""TLS with a real broker: certificates of all kinds of wrong, each told with its remedy and without a secret."""

import gc
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tagdock_contract import GatewayAddress
from tagdock_edge.config import BrokerConfig, TlsConfig
from tagdock_edge.errors import BrokerError
from tagdock_edge.uplink import check_broker

ADDRESS = GatewayAddress("s1", "gw-1")
PASSWORD, KEY_PASSWORD = "right-and-secret", "the-key-s-own-secret"
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"  # paho drops a socket that it can't secure
)


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@dataclass(frozen=True)
class Papers:
    """An authority of our own, and certificates that it (or another) signed; files by name."""

    folder: Path

    def file(self, name: str) -> Path:
        return self.folder / name

    def authority(self, name: str) -> None:
        names = ("-subj", f"/CN={name}", "-keyout", self.file(f"{name}.key"), "-out", self.file(f"{name}.pem"))
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", *names)

    def sign(self, name: str, authority: str = "ca", host: str = "localhost", days: int = 2) -> None:
        request, extension = self.file(f"{name}.csr"), self.file(f"{name}.ext")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.file(f"{name}.key"))
        openssl("req", *key, "-subj", f"/CN={name}", "-out", request)
        extension.write_text(f"subjectAltName=DNS:{host}\n")
        by = ("-CA", self.file(f"{authority}.pem"), "-CAkey", self.file(f"{authority}.key"), "-CAcreateserial")
        more = ("-days", str(days), "-extfile", extension, "-out", self.file(f"{name}.pem"))
        openssl("x509", "-req", "-in", request, *by, *more)


@pytest.fixture(autouse=True)
def sockets_let_go() -> Iterator[None]:
    """Have the sockets that paho could not secure collected here, where that is expected."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here; apt-get install openssl runs this test")
    one = Papers(tmp_path_factory.mktemp("papers"))
    one.authority("ca")
    one.authority("stranger")
    one.sign("broker")
    one.sign("expired-broker", days=-1)
    one.sign("other-broker", host="elsewhere.example")
    one.sign("gateway")
    one.sign("expired-gateway", days=-1)
    one.sign("strange-gateway", authority="stranger")
    locked = ("-aes128", "-passout", f"pass:{KEY_PASSWORD}", "-out", one.file("locked.key"))
    openssl("ec", "-in", one.file("gateway.key"), *locked)
    return one


@pytest.fixture
def serve(papers: Papers, mosquitto: Any, tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Start a broker with a certificate; `clients` wants one of theirs, `locked` a password. Returns its port."""
    running: list[Any] = []

    def start(cert: str = "broker", *, clients: bool = False, locked: bool = False, more: str = "") -> int:
        folder = tmp_path / f"broker-{len(running)}"
        folder.mkdir()
        extra = f"certfile {papers.file(cert)}.pem\nkeyfile {papers.file(cert)}.key\n{more}"
        if clients:
            extra += f"cafile {papers.file('ca.pem')}\nrequire_certificate true\n"
        running.append(mosquitto(folder, password=("s1.gw-1", PASSWORD) if locked else None, extra=extra))
        port: int = running[-1].port
        return port

    yield start
    for one in running:
        one.close()


def connect(port: int, tls: TlsConfig, password: str | None = None) -> None:
    check_broker(ADDRESS, BrokerConfig("localhost", port, tls, password), 5.0)


def test_certificate_password_and_both_open_the_door(papers: Papers, serve: Callable[..., int]) -> None:
    ca = papers.file("ca.pem")
    ours = TlsConfig(ca, papers.file("gateway.pem"), papers.file("gateway.key"))
    connect(serve(clients=True), ours)
    connect(serve(locked=True), TlsConfig(ca), PASSWORD)
    connect(serve(clients=True, locked=True), ours, PASSWORD)


BROKERS = {
    "unknown authority": ("broker", "stranger.pem", "signed by nobody we trust: give the certificate of its authority"),
    "no authority given": ("broker", None, "signed by nobody we trust: give the certificate of its authority"),
    "expired": ("expired-broker", "ca.pem", "has expired: renew it, or set this machine's clock"),
    "for another name": ("other-broker", "ca.pem", "is for another name: give the broker's address as it stands"),
}


@pytest.mark.parametrize(("cert", "ca", "told"), BROKERS.values(), ids=BROKERS)
def test_a_broker_that_is_not_whom_we_trust_is_refused(
    papers: Papers, serve: Callable[..., int], cert: str, ca: str | None, told: str
) -> None:
    port = serve(cert)
    with pytest.raises(BrokerError, match=told):
        connect(port, TlsConfig(None if ca is None else papers.file(ca)))


@pytest.mark.parametrize("cert", [None, "expired-gateway", "strange-gateway"])
@pytest.mark.parametrize("newest", ["tlsv1.2", "tlsv1.3"])
def test_a_certificate_of_ours_that_the_broker_wants_otherwise_is_told(
    papers: Papers, serve: Callable[..., int], cert: str | None, newest: str
) -> None:
    port = serve(clients=True, more=f"tls_version {newest}\n")
    files = (None, None) if cert is None else (papers.file(f"{cert}.pem"), papers.file(f"{cert}.key"))
    with pytest.raises(BrokerError, match="give cert_file and key_file in"):
        connect(port, TlsConfig(papers.file("ca.pem"), *files))


def test_a_wrong_password_is_told_without_showing_it(papers: Papers, serve: Callable[..., int]) -> None:
    port = serve(locked=True)
    with pytest.raises(BrokerError, match="check the user's name and password") as caught:
        connect(port, TlsConfig(papers.file("ca.pem")), "wrong-but-secret")
    assert "secret" not in str(caught.value)


FILES = {
    "no certificate": ("broker.key", None, None, "ca_file: .*broker.key can't be used .*give certificates in PEM"),
    "key of another": ("ca.pem", "gateway.pem", "broker.key", "key values mismatch.*give a certificate and its key"),
    "no key": ("ca.pem", "gateway.pem", "gateway.pem", "can't be used"),
    "locked key": ("ca.pem", "gateway.pem", "locked.key", "the key without a password"),
}


@pytest.mark.parametrize(("ca", "cert", "key", "told"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_certificate_or_key_is_told(
    papers: Papers, ca: str, cert: str | None, key: str | None, told: str
) -> None:
    tls = TlsConfig(papers.file(ca), papers.file(cert) if cert else None, papers.file(key) if key else None)
    with pytest.raises(BrokerError, match=told) as caught:
        connect(1, tls)
    assert KEY_PASSWORD not in str(caught.value)


def test_a_port_that_speaks_no_tls_is_told(papers: Papers, broker: Any) -> None:
    with pytest.raises(BrokerError, match=r"can't be reached|does not speak TLS"):
        connect(broker.port, TlsConfig(papers.file("ca.pem")))


def test_nothing_older_than_tls_1_2_is_spoken(papers: Papers, tmp_path: Path) -> None:
    old = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]
    files = ["-cert", str(papers.file("broker.pem")), "-key", str(papers.file("broker.key"))]
    with subprocess.Popen([*old, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "")
        port = next(int(line.rsplit(":", 1)[1]) for line in lines if line.startswith("ACCEPT "))
        try:
            with pytest.raises(BrokerError, match=r"older than 1\.2|ended the handshake"):
                connect(port, TlsConfig(papers.file("ca.pem")))
        finally:
            server.kill()
