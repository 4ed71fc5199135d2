"""What the gateway's tests need of the outside world: an LLRP reader made of bytes, and a real broker."""

import shutil
import socket
import struct
import subprocess
import threading
import time
import types
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

# --- LLRP, just enough of it, packed by hand (EPCglobal LLRP 1.0.1; numbers are message and parameter types) ---------


def tlv(kind: int, body: bytes) -> bytes:
    return struct.pack("!HH", kind, 4 + len(body)) + body


def message(kind: int, number: int, body: bytes = b"") -> bytes:
    return struct.pack("!HII", 1 << 10 | kind, 10 + len(body), number) + body


def status(code: int = 0, text: bytes = b"") -> bytes:
    return tlv(287, struct.pack("!HH", code, len(text)) + text)


def utc(at_us: int) -> bytes:
    return tlv(128, struct.pack("!Q", at_us))


def event(at_us: int, body: bytes) -> bytes:
    return message(63, 0, tlv(246, utc(at_us) + body))


def connection_attempt(at_us: int, outcome: int = 0) -> bytes:
    return event(at_us, tlv(256, struct.pack("!H", outcome)))


def gpi_event(at_us: int, port: int, state: bool) -> bytes:
    return event(at_us, tlv(248, struct.pack("!HB", port, state << 7)))


def antenna_event(at_us: int, antenna: int, connected: bool) -> bytes:
    return event(at_us, tlv(255, struct.pack("!BH", connected, antenna)))


def tag(
    epc: str | None = None,
    antenna: int | None = None,
    rssi_dbm: int | None = None,
    at_us: int | None = None,
    uptime_us: int | None = None,
) -> bytes:
    """One TagReportData; what is None is left out."""
    body = b"" if epc is None else b"\x8d" + bytes.fromhex(epc)
    body += b"" if antenna is None else b"\x81" + struct.pack("!H", antenna)
    body += b"" if rssi_dbm is None else b"\x86" + struct.pack("!b", rssi_dbm)
    body += b"" if at_us is None else b"\x84" + struct.pack("!Q", at_us)
    body += b"" if uptime_us is None else b"\x85" + struct.pack("!Q", uptime_us)
    return tlv(240, body)


def report(*tags: bytes) -> bytes:
    return message(61, 0, b"".join(tags))


def exception_event(at_us: int, text: bytes) -> bytes:
    return event(at_us, tlv(252, struct.pack("!H", len(text)) + text))


def buffer_event(at_us: int, percent: int) -> bytes:
    return event(at_us, tlv(250, struct.pack("!B", percent)))


def capabilities(vendor: int = 0) -> bytes:
    mode = struct.pack("!IBBBBIIIII", 1000, 0, 0, 0, 0, 640000, 1500, 6250, 6250, 0)
    band = tlv(145, struct.pack("!Hh", 1, 1000)) + tlv(145, struct.pack("!Hh", 2, 3000)) + tlv(328, tlv(329, mode))
    general = struct.pack("!HHIIH", 4, 0x4000, vendor, 0, 3) + b"1.0" + tlv(141, struct.pack("!HH", 4, 4))
    return tlv(137, general) + tlv(143, struct.pack("!HH", 276, 1) + tlv(144, band)) + tlv(327, b"\x00\x00\x02")


def standing(antennas: dict[int, bool], inputs: dict[int, bool]) -> bytes:
    """How a reader's antennas and inputs stand: of its configuration what matters here."""
    rows = [tlv(221, struct.pack("!BHh", connected << 7, antenna, 0)) for antenna, connected in antennas.items()]
    rows += [tlv(225, struct.pack("!HBB", port, 0x80, state)) for port, state in inputs.items()]
    return b"".join(rows)


KEEPALIVE = message(62, 1)
CUSTOM = 1023
ANSWERS = {1: 11, 2: 12, 3: 13, 41: 51, 21: 31, 20: 30, 24: 34, CUSTOM: CUSTOM}
"""A request's type to its answer's."""
IMPINJ = 25882
_EXTENSIONS_ON = struct.pack("!IB", IMPINJ, 22)


class Peer:
    """One LLRP reader on a free port. `refuse` maps a request's type to an LLRPStatus code; `mute` says nothing."""

    def __init__(self) -> None:
        self.refuse: dict[int, int] = {}
        self.mute = False
        self.answers = True
        self.capabilities, self.standing = capabilities(), b""
        self.attempt = 0
        self.clock_us: Callable[[], int] = lambda: time.time_ns() // 1000
        self.received: list[tuple[int, bytes]] = []
        self.connections = 0
        self.ready = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._current: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        assert self._current is not None
        self._current.sendall(data)

    def cut(self) -> None:
        """Reset the connection, without a goodbye."""
        assert self._current is not None
        self._current.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._current.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._current is not None:
            self._current.close()
        self._thread.join(30)

    def kinds(self) -> list[int]:
        return [kind for kind, _ in self.received]

    def _serve(self) -> None:
        while True:
            try:
                self._current, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                self._talk(self._current)
            except OSError:
                pass
            finally:
                self.ready.clear()
                self._current.close()

    def _talk(self, peer: socket.socket) -> None:
        if not self.mute:
            peer.sendall(connection_attempt(self.clock_us(), self.attempt))
        stream = peer.makefile("rb")
        while len(header := stream.read(10)) == 10:
            kind, length, number = struct.unpack("!HII", header)
            self.received.append((kind & 0x3FF, stream.read(length - 10)))
            self._answer(peer, kind & 0x3FF, number)

    def _answer(self, peer: socket.socket, kind: int, number: int) -> None:
        if self.mute or not self.answers or kind not in ANSWERS:
            return
        code = self.refuse.get(kind, 0)
        head = _EXTENSIONS_ON if kind == CUSTOM else b""
        body = {1: self.capabilities, 2: self.standing}.get(kind, b"")
        peer.sendall(message(ANSWERS[kind], number, head + status(code, b"no" if code else b"") + body))
        if kind == 24 and not code:
            self.ready.set()


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.close()


# --- a real broker ---------------------------------------------------------------------------------------------------


class Mosquitto:
    """A mosquitto of our own, which can be killed and started again on the same port."""

    ca_file: Path | None = None

    def __init__(self, program: str, folder: Path, *, password: tuple[str, str] | None = None, extra: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._folder = folder
        self._log = (folder / "mosquitto.log").open("ab")
        access = "allow_anonymous true"
        if password is not None:
            file = folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-b", "-c", str(file), *password], check=True, capture_output=True)
            file.chmod(0o644)
            access = f"allow_anonymous false\npassword_file {file}"
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n{access}\n{extra}max_queued_messages 100000\nuser root\n"
        )
        self._command = [program, "-c", str(folder / "mosquitto.conf")]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("mosquitto did not start: " + (self._folder / "mosquitto.log").read_text())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
        self._log.close()


def _mosquitto() -> str:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no mosquitto here; apt-get install mosquitto runs this test")
    return program


@pytest.fixture
def mosquitto() -> Callable[..., Mosquitto]:
    """Start brokers: in a folder, with a password and more settings."""
    return partial(Mosquitto, _mosquitto())


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "broker"
    folder.mkdir()
    one = Mosquitto(_mosquitto(), folder)
    yield one
    one.close()


@pytest.fixture(scope="session")
def llrp() -> types.SimpleNamespace:
    """The messages above, for test modules (which can't import this file by name)."""
    names = (
        *("message", "tlv", "tag", "report", "gpi_event", "antenna_event", "exception_event", "buffer_event"),
        *("capabilities", "standing", "KEEPALIVE", "IMPINJ", "CUSTOM"),
    )
    return types.SimpleNamespace(**{name: globals()[name] for name in names})


@pytest.fixture
def locked_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that takes user `s1.gw-1` with the password `right` and nobody else."""
    folder = tmp_path / "broker"
    folder.mkdir()
    one = Mosquitto(_mosquitto(), folder, password=("s1.gw-1", "right"))
    yield one
    one.close()


@pytest.fixture
def tls_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that speaks TLS only, as `localhost`, with a certificate that signs itself."""
    program, folder = _mosquitto(), tmp_path / "broker"
    folder.mkdir()
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here; apt-get install openssl runs this test")
    cert, key = folder / "cert.pem", folder / "key.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*request, *names], check=True, capture_output=True)
    one = Mosquitto(program, folder, extra=f"certfile {cert}\nkeyfile {key}\n")
    one.ca_file = cert
    yield one
    one.close()


@pytest.fixture
def guarded_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that asks a list of rights; `allow` adds one and starts it anew."""
    folder = tmp_path / "broker"
    folder.mkdir()
    rights = folder / "rights"
    rights.write_text("")
    rights.chmod(0o644)
    one = Mosquitto(_mosquitto(), folder, extra=f"acl_file {rights}\n")

    def allow(right: str) -> None:
        rights.write_text(f"{rights.read_text()}topic {right}\n")
        one.kill()
        one.start()

    one.allow = allow  # type: ignore[attr-defined]  # only here
    yield one
    one.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB of our own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("may not mount a small disk here; run the tests as root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
